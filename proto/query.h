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

/*
 * Sort orders of the series rows, biggest first: X(ID, key).  Latencies are those of
 * operations, wait is p95 of announced backoff; a row without that figure comes last.
 */
#define RT_SORTS(X)             \
	X(ATTEMPTS, "attempts") \
	X(OPS, "ops")           \
	X(AMPLIFICATION, "amp") \
	X(FIRST, "1st")         \
	X(FINAL, "fin")         \
	X(ERROR, "error")       \
	X(RETRY, "retry")       \
	X(FALLBACK, "fallback") \
	X(RESCUED, "rescued")   \
	X(FAILED, "failed")     \
	X(P50, "p50")           \
	X(P95, "p95")           \
	X(P99, "p99")           \
	X(WAIT, "wait")         \
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

/*
 * What a viewer tells a replay (retrytop replay): X(ID, key, smallest value, largest).
 * PAUSE 1 holds the clock, 0 lets it run; SPEED in seconds of the log a second, 0: as
 * fast as it can be read; SEEK to a time, microseconds since 1970; MOVE by microseconds;
 * STEP by records, then hold; VIOLATION to the next (1) or the one before (-1), then hold.
 */
#define RT_REPLAY_VERBS(X)                                   \
	X(PAUSE, "pause", 0, 1)                              \
	X(SPEED, "speed", 0, RT_REPLAY_SPEED_MAX)            \
	X(SEEK, "seek", 0, RT_REPLAY_US_MAX)                 \
	X(MOVE, "move", -RT_REPLAY_US_MAX, RT_REPLAY_US_MAX) \
	X(STEP, "step", -1000000, 1000000)                   \
	X(VIOLATION, "violation", -1, 1)
#define RT_REPLAY_SPEED_MAX 1000
#define RT_REPLAY_US_MAX INT64_C(253402300799999999) /* the year 9999 */
#define RT_REPLAY_COMMANDS 8u
#define X(id, name, lo, hi) RT_REPLAY_##id,
enum rt_replay_verb { RT_REPLAY_VERBS(X) RT_REPLAY_VERB_COUNT };
#undef X

/* `seq` counts up for each viewer: what was done is not done again. */
struct rt_replay_command {
	uint64_t seq;
	enum rt_replay_verb verb;
	int64_t value;
};

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
	uint32_t tail_max; /* events at most; 0: 256; 4096 whatever it says */
	/* only what arrived in it, as source.span says it */
	struct rt_report_span tail_span;
	char operation[RT_QUERY_OPERATION_MAX +
	    1]; /* id to detail; empty: none */
	/* its records that arrived before, as source.span says it; 0: all */
	int64_t operation_until_us;
	/* Only a replay takes this; a live collector refuses it. */
	struct {
		uint64_t viewer; /* random, below 2^63; 0: nothing asked */
		unsigned count;
		struct rt_replay_command commands[RT_REPLAY_COMMANDS];
	} replay;
};

void rt_query_encode(struct rt_buf *b, const struct rt_query *q);
/* RT_E_FIELD for a value that cannot be, RT_E_VERSION, RT_E_SYNTAX. */
RT_NODISCARD enum rt_err rt_query_decode(
    struct rt_query *q, struct rt_str json, struct rt_diag *d);

/* "5m" to 300; RT_E_FIELD otherwise, with the choices in the diag. */
RT_NODISCARD enum rt_err rt_window_from(
    struct rt_str s, uint32_t *out_s, struct rt_diag *d);
const char *rt_window_name(uint32_t window_s); /* "all" for 0 */

#endif
