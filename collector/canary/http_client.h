/* SPDX-License-Identifier: MIT */
/*
 * http_client — the door to libcurl: one POST of JSON, hardened.
 *
 * Only     http and https, and http to loopback alone unless told otherwise; no user or
 *          password in the URL.
 * Never    follows a redirect, asks a proxy of the environment, writes TLS keys to a file
 *          (SSLKEYLOGFILE is unset), raises a signal, keeps cookies, reads ~/.netrc.
 * Bounds   Answers of at most 1 MiB, headers of at most 64 KiB (libcurl's 300 KiB otherwise), and
 *          one time limit over all.
 * Blocks   Until the answer is complete, the time is up, or cancel_fd becomes readable.
 */
#ifndef RT_HTTP_CLIENT_H
#define RT_HTTP_CLIENT_H

#include "proto/buf.h"
#include "proto/clock.h"
#include "proto/diag.h"
#include "proto/err.h"
#include "proto/text.h"

#define RT_HTTP_BODY_MAX (1u << 20)
#define RT_HTTP_HEADERS_MAX 65536u

struct rt_http_request {
	const char *url;  /* complete */
	const char *body; /* JSON */
	const char *key;  /* NULL: no Authorization header */
	int64_t connect_ms, total_ms;
	int cancel_fd; /* -1: none */
	/* Bytes of a 2xx as they come; NULL: kept in the answer's body only. */
	void (*on_bytes)(void *context, const char *bytes, size_t len);
	void *context;
};

struct rt_http_answer {
	int status;             /* 0: no response */
	const char *error_type; /* static word of the event; NULL: complete */
	bool was_cancelled;
	double connect_ms;     /* -1: did not come to it */
	double headers_ms;     /* until the first byte of the answer; -1 */
	double elapsed_ms;     /* all of it */
	double retry_after_ms; /* -1: not said */
	char request_id[129];  /* scrubbed; empty: not returned */
	size_t header_bytes;
	struct rt_buf body;
};

struct rt_http; /* a connection that is kept between requests */

/* NULL where libcurl cannot start. */
struct rt_http *rt_http_new(void);
void rt_http_free(struct rt_http *h);

/* RT_E_USAGE with what would be right. */
RT_NODISCARD enum rt_err rt_http_check_url(
    const char *url, bool allows_plain, struct rt_diag *d);

/* Every failure is in the answer.  rt_http_answer_fini when done. */
void rt_http_post(struct rt_http *h, const struct rt_http_request *q,
    struct rt_http_answer *a);
void rt_http_answer_fini(struct rt_http_answer *a);

#endif
