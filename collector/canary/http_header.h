/* SPDX-License-Identifier: MIT */
/*
 * http_header — what a header of an answer says to a client that may try again.
 *
 * Read     Retry-After (seconds or a date) and Retry-After-Ms, of which the finer wins;
 *          X-Should-Retry; Content-Encoding and Content-Type; the id of the request; and
 *          the attempts that gateways of Envoy, LiteLLM and Portkey say they made.
 * Errors   None: what cannot be read is as if it were not said.
 */
#ifndef RT_HTTP_HEADER_H
#define RT_HTTP_HEADER_H

#include "collector/canary/http_client.h"

/* One line, its name in any case; `request_id`: the header that holds it, NULL: x-request-id. */
void rt_http_header_read(struct rt_http_answer *a, const char *request_id,
    struct rt_str line, rt_wall_t now);

#endif
