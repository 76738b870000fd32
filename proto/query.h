/* SPDX-License-Identifier: MIT */
/*
 * query — what a viewer asks a collector, as JSON text of at most 4 KiB.
 *
 * One question, one answer (a report).  Everything is optional; the zero value asks for
 * all since the start, every series, no tail.
 *
 * Past    `at` asks for the same window as it ended then.  The answer covers whole
 *         buckets: `at` is taken back to the end of one, and source.at says to which.
 *         rt_query_bucket_s is how long they are.  What the collector keeps no history
 *         of (open operations, emitters, what counts since the start) is absent, never
 *         of the present.  It needs a window.
 */
#ifndef RT_QUERY_H
#define RT_QUERY_H

#include <stdbool.h>
#include <stdint.h>

#include "proto/buf.h"
#include "proto/diag.h"
#include "proto/report.h"

#define RT_QUERY_MAX 4096u
#define RT_QUERY_VERSION 1
#define RT_QUERY_OPERATION_MAX 512u /* bytes: 128 code points */

/* Windows that a live collector keeps. */
#define RT_WINDOWS(X) X(60, "1m") X(300, "5m") X(900, "15m") X(3600, "1h")

/* Sort orders of the series rows, biggest first: X(ID, key). */
#define RT_SORTS(X)             \
	X(ATTEMPTS, "attempts") \
	X(AMPLIFICATION, "amp") \
	X(ERROR, "error")       \
	X(FALLBACK, "fallback") \
	X(FAILED, "failed")     \
	X(P95, "p95")           \
	X(NAME, "name")
#define X(id, name) RT_SORT_##id,
enum rt_sort { RT_SORTS(X) RT_SORT_COUNT };
#undef X
const char *rt_sort_name(enum rt_sort s);

/*
 * Seconds of a bucket of the past: what a window that ended `age_us` ago is made of.  Ten
 * while it lies within the last five minutes, then sixty.
 */
uint32_t rt_query_bucket_s(uint32_t window_s, int64_t age_us);

struct rt_query {
	uint32_t window_s; /* 0: since start; else one of RT_WINDOWS */
	int64_t at_us;     /* wall; the window ended then; 0: it ends now */
	uint32_t group;    /* bits 1 << RT_LABEL_x kept apart; 0: all */
	enum rt_sort sort;
	bool reverse;
	uint32_t rows;    /* series rows at most; 0: all */
	bool no_series;   /* leave series out (a tail needs none) */
	bool counts_only; /* series without latency and trend; never sent */
	bool tail;
	uint64_t tail_cursor; /* UINT64_MAX: from now on */
	uint32_t tail_max;    /* events at most; 0: 256 */
	/* only what arrived in it, as source.span says it */
	struct rt_report_span tail_span;
	char operation[RT_QUERY_OPERATION_MAX +
	    1]; /* id to detail; empty: none */
};

void rt_query_encode(struct rt_buf *b, const struct rt_query *q);
/* RT_E_FIELD for a window that is not kept, RT_E_VERSION, RT_E_SYNTAX. */
RT_NODISCARD enum rt_err rt_query_decode(
    struct rt_query *q, struct rt_str json, struct rt_diag *d);

/* "5m" to 300; RT_E_FIELD otherwise, with the choices in the diag. */
RT_NODISCARD enum rt_err rt_window_from(
    struct rt_str s, uint32_t *out_s, struct rt_diag *d);
const char *rt_window_name(uint32_t window_s); /* "all" for 0 */

#endif
