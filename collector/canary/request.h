/* SPDX-License-Identifier: MIT */
/*
 * request — the body a probe sends: one fixed sentence, by surface; pure.
 *
 * No vendor's contract is built in: the name of the token limit and include_usage are the
 * target's.  Responses requests say `store: false`.
 */
#ifndef RT_REQUEST_H
#define RT_REQUEST_H

#include "collector/canary/target.h"

/* Appends JSON to `b`. */
void rt_request_write(struct rt_buf *b, const struct rt_target *t);

#endif
