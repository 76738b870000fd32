/* SPDX-License-Identifier: MIT */
/*
 * diag — one finished sentence about what went wrong, and where.
 *
 * Filled at the point of knowledge, printed by main or the log only.  Both
 * strings are NUL-terminated, cut to fit, and scrubbed (text.h) on the way in,
 * so input quoted in a message cannot drive a terminal.  A NULL diag is fine
 * everywhere: the caller did not want the words.
 */
#ifndef RT_DIAG_H
#define RT_DIAG_H

#include "proto/macro.h"

struct rt_diag {
	char where[96]; /* "retrytop.conf:12", "byte 17", "field attempt" */
	char what[256]; /* "attempt must be an integer of at least 1" */
};

/* Set both parts; where may be NULL. */
void rt_diag_set(struct rt_diag *d, const char *where, const char *fmt, ...)
    RT_PRINTF(3, 4);

#endif
