/* SPDX-License-Identifier: MIT */
/*
 * counts — every number is a sum of these counters, every rate a row of this table.
 *
 * What    One vector of counters describes any slice of traffic: a window, a series,
 *         a whole replay.  Vectors add.  A rate is a numerator and a denominator, each
 *         a sum of counters minus another; it has no value where the denominator is 0.
 * Grain   attempt: counted when the attempt record arrives.  operation: counted when
 *         the operation ends, in the series of its first attempt.
 * Units   Counts, but for the two _US sums: microseconds.
 * Synthetic records are in none but those of intake (accepted, duplicates, synthetic,
 * sensitive).
 */
#ifndef RT_COUNTS_H
#define RT_COUNTS_H

#include <stdbool.h>
#include <stdint.h>

#include "proto/event.h"

/* clang-format off */

/* How an operation ended: exactly one.  First match wins, in this order. */
#define RT_FATES(X) \
	X(ORPHANED,            "orphaned",            "fell silent for longer than the operation timeout") \
	X(CANCELLED,           "cancelled",           "given up by the caller") \
	X(DEGRADED,            "degraded",            "answered from a cache or with less") \
	X(RESCUED_BY_FALLBACK, "rescued_by_fallback", "succeeded after a fallback") \
	X(RESCUED_BY_RETRY,    "rescued_by_retry",    "succeeded on a later attempt") \
	X(FIRST_TRY,           "first_try",           "succeeded on the first attempt") \
	X(BUDGET_ABORTED,      "budget_aborted",      "gave up because its time budget ran out") \
	X(EXHAUSTED,           "exhausted",           "failed after 2 or more attempts") \
	X(FAILED_FAST,         "failed_fast",         "failed on the first attempt")

#define X(id, name, help) RT_FATE_##id,
enum rt_fate { RT_FATES(X) RT_FATE_COUNT };
#undef X

#define RT_TRIES_COUNT 5u /* 1, 2, 3, 4, 5+ attempts per operation */
/* Decision column of the class matrix: the decisions and "said nothing". */
#define RT_DECISION_COLUMNS (RT_DECISION_COUNT + 1u)

/*
 * X(ID, how many).  Up to SERIES_END kept for each series too; what follows is kept for
 * the totals only.
 */
#define RT_COUNTERS(X) \
	X(ATTEMPTS,        1)  /* attempt records */ \
	X(FIRST,           1)  /* with attempt = 1 */ \
	X(RETRIES,         1)  /* with attempt > 1 */ \
	X(NO_STATUS,       1)  /* without an HTTP status */ \
	X(COMPLETE,        1)  /* with all the evidence that metrics ask for */ \
	X(USAGE_MISSING,   1)  /* class none, usage_seen false */ \
	X(USAGE_KNOWN,     1)  /* class none, usage_seen true or false */ \
	X(USAGE_UNKNOWN,   1)  /* class none, nothing said of usage */ \
	X(CLASS,           RT_CLASS_COUNT) \
	X(DECISION,        RT_DECISION_COUNT) \
	X(OPS_STARTED,     1) \
	X(OPS_ENDED,       1) \
	X(OPS_EVICTED,     1)  /* pushed out of a full table, no fate */ \
	X(OPS_FALLBACK,    1)  /* ended, with at least one fallback decision */ \
	X(OP_ATTEMPTS,     1)  /* attempts of ended operations */ \
	X(OP_UPSTREAM,     1)  /* upstream attempts of ended operations */ \
	X(FATE,            RT_FATE_COUNT) \
	X(TRIES,           RT_TRIES_COUNT) \
	X(SERIES_END,      0) \
	X(CLASS_DECISION,  RT_CLASS_COUNT * RT_DECISION_COLUMNS) \
	X(ACCEPTED,        1) \
	X(DUPLICATES,      1) \
	X(LATE,            1) \
	X(SYNTHETIC,       1) \
	X(SENSITIVE,       1) \
	X(REJECT,          RT_REJECT_COUNT)

/* clang-format on */

/* RT_C_x is the index of a counter or of the first of its group. */
enum rt_counter {
#define X(id, n) RT_C_##id, RT_C_##id##_LAST_ = RT_C_##id + (n)-1,
	RT_COUNTERS(X)
#undef X
	    RT_C_COUNT
};

/* Sums of milliseconds, kept in microseconds. */
enum rt_sum {
	RT_SUM_WASTED, /* failed attempts' elapsed + backoff that was followed up */
	RT_SUM_USEFUL, /* elapsed of attempts of class none */
	RT_SUM_COUNT,
};

#define RT_STATUS_MIN 100
#define RT_STATUS_COUNT 500u /* 100..599 */

struct rt_counts {
	uint64_t n[RT_C_COUNT];
	uint64_t sum_us[RT_SUM_COUNT];
};

void rt_counts_add(struct rt_counts *to, const struct rt_counts *from);

/* clang-format off */
/*
 * The rates: X(ID, key, label, grain, numerator, denominator).  The sentences are shown
 * by `?`, by the man page and by the text report.  counts.c holds the arithmetic beside.
 */
#define RT_RATES(X) \
	X(ERROR,            "error",            "error",     "attempt",   "attempts whose class is not none", "attempts") \
	X(TIMEOUT,          "timeout",          "timeout",   "attempt",   "attempts of class timeout", "attempts") \
	X(ACTUAL_SUCCESS,   "actual_success",   "actual ok", "attempt",   "attempts of class none", "attempts") \
	X(MISSING_USAGE,    "missing_usage",    "no usage",  "attempt",   "attempts of class none that say no usage was seen", "attempts of class none that say whether it was") \
	X(RETRY_RATIO,      "retry_ratio",      "retry",     "attempt",   "attempts with a number above 1", "attempts with number 1") \
	X(EFFECTIVE_SUCCESS,"effective_success","final ok",  "operation", "operations that ended in success", "operations ended") \
	X(FALLBACK,         "fallback",         "fallback",  "operation", "operations with at least one fallback", "operations ended") \
	X(EXHAUSTION,       "exhaustion",       "exhausted", "operation", "operations that failed after 2 or more attempts", "operations ended") \
	X(AMPLIFICATION,    "amplification",    "amp",       "operation", "attempts of ended operations", "operations ended") \
	X(UPSTREAM_AMPLIFICATION,"upstream_amplification","upstream amp","operation","attempts the gateway made for ended operations (1 where it does not say)", "operations ended") \
	X(FIRST_TRY,        "first_try",        "1st ok",    "operation", "operations that succeeded on the first attempt", "operations ended") \
	X(RESCUED,          "rescued",          "rescued",   "operation", "operations that succeeded by retry or fallback", "operations ended") \
	X(ORPHAN,           "orphan",           "orphaned",  "operation", "operations that fell silent", "operations ended") \
	X(WASTE,            "waste",            "waste",     "operation", "ms of failed attempts and of waits that another attempt followed", "the same plus ms of attempts of class none")
/* clang-format on */

#define X(id, key, label, grain, num, den) RT_RATE_##id,
enum rt_rate_id { RT_RATES(X) RT_RATE_COUNT };
#undef X

struct rt_rate {
	double numerator;   /* whole numbers but for waste: ms */
	double denominator; /* 0: no value, shown as n/a */
};

struct rt_rate_info {
	const char *key;   /* in reports */
	const char *label; /* on the screen, at most 12 columns */
	const char *grain, *numerator, *denominator; /* sentences */
};

const struct rt_rate_info *rt_rate_info(enum rt_rate_id id);
struct rt_rate rt_rate(const struct rt_counts *c, enum rt_rate_id id);

static inline bool
rt_rate_known(struct rt_rate r)
{
	return r.denominator > 0;
}

const char *rt_fate_name(enum rt_fate f);
const char *rt_fate_help(enum rt_fate f);

#endif
