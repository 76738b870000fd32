/* SPDX-License-Identifier: MIT */
/*
 * waterfall — one operation, attempt by attempt: what it did, waited for and kept to.
 *
 * What    Built from the operation's decoded records alone, oldest first, with the bits
 *         of the rules that the collector saw broken.  The dashboard draws it, `report
 *         --operation` prints it.  Pure.
 * Times   Milliseconds from the start of the first attempt (its ts - elapsed_ms).  The
 *         wait after an attempt is the next one's start - this one's end; negative where
 *         they overlapped.
 * Unknown A time that cannot be computed is NAN (rt_ms_known), a number or word that the
 *         record does not carry is absent; nothing is guessed and nothing becomes 0.
 * Checks  Each is ok, broken, not known (what it needs was not recorded), or does not
 *         apply (nothing to check).
 * Sums    Planned and observed backoff: of retries of the same target that another
 *         attempt followed, as everywhere; unknown where one of them is.
 * Bounds  RT_WATERFALL_ROWS attempts; more are counted in `more`.  Text is cut to its
 *         field at a whole character.
 */
#ifndef RT_WATERFALL_H
#define RT_WATERFALL_H

#include <math.h>

#include "proto/buf.h"
#include "proto/ending.h"
#include "proto/report.h"

#define RT_WATERFALL_ROWS 64u
#define RT_WATERFALL_TEXT 132u

enum rt_check_state {
	RT_CHECK_OK,
	RT_CHECK_BROKEN,
	RT_CHECK_UNKNOWN,
	RT_CHECK_NOTHING, /* nothing to check */
};

/* X(ID, key, sentence, the same in brief) */
/* clang-format off */
#define RT_CHECKS(X) \
	X(NUMBERS,   "numbers",   "attempt numbers follow one another",    "numbers contiguous") \
	X(FINAL,     "final",     "a record says how it ended",            "final record present") \
	X(BACKOFF,   "backoff",   "every wait >= 90 % of its plan",        "waits >= 90 % of plan") \
	X(REASON,    "reason",    "every fallback names a reason",         "fallback has a reason") \
	X(FINISH,    "finish",    "every finished stream saw its finish",  "stream finish seen") \
	X(ATTEMPTS,  "attempts",  "attempts within max_attempts",          "attempts within max") \
	X(BUDGET,    "budget",    "time within the budget, 10 % allowed",  "time within budget") \
	X(SENSITIVE, "sensitive", "no content or credential was in it",    "no sensitive field")
/* clang-format on */
#define X(id, key, sentence, brief) RT_CHECK_##id,
enum rt_check { RT_CHECKS(X) RT_CHECK_COUNT };
#undef X
const char *rt_check_key(enum rt_check c);
const char *rt_check_sentence(enum rt_check c);
const char *rt_check_brief(enum rt_check c);
/* "ok", "broken", "unknown", "nothing" */
const char *rt_check_state_name(enum rt_check_state s);

enum rt_said { RT_SAID_NOTHING, RT_SAID_NO, RT_SAID_YES };

struct rt_waterfall_row {
	int64_t attempt;         /* 0: absent */
	int64_t status;          /* 0: absent */
	double start_ms, end_ms; /* from the first start */
	double elapsed_ms, ttft_ms, retry_after_ms;
	double planned_ms, wait_ms; /* after this attempt */
	bool is_followed;           /* by another attempt */
	bool is_coarse;             /* wait known to a second only */
	enum rt_class error_class;
	enum rt_decision decision; /* COUNT: it said nothing */
	enum rt_said usage, finish, streaming;
	enum rt_shape shape;
	char model[RT_WATERFALL_TEXT], route[RT_WATERFALL_TEXT];
	char target[RT_WATERFALL_TEXT]; /* fallback_target */
	char reason[RT_WATERFALL_TEXT]; /* empty: absent */
	char code[RT_WATERFALL_TEXT];   /* decision outside the words */
};

struct rt_waterfall {
	char id[RT_WATERFALL_TEXT * 4], service[RT_WATERFALL_TEXT];
	char parent[RT_WATERFALL_TEXT]; /* a queue re-ran it; empty */
	struct rt_waterfall_row rows[RT_WATERFALL_ROWS];
	unsigned count, more; /* more: beyond the capacity */
	unsigned records, summaries;
	int64_t first_us; /* start of the axis; 0: none */
	double span_ms;   /* of the axis */
	double elapsed_ms, timeout_budget_ms;
	int64_t tries, max_attempts; /* max 0: absent */
	double planned_ms, observed_ms;
	bool is_whole, is_synthetic, has_fallback;
	enum rt_fate fate; /* COUNT: not ended yet */
	uint32_t rules;    /* bits 1 << enum rt_rule */
	enum rt_check_state checks[RT_CHECK_COUNT];
	/* while it is filled */
	enum rt_ending ending;
	int64_t highest, base_us;
	bool has_requeue;
};

#define RT_MS_UNKNOWN ((double)NAN)

static inline bool
rt_ms_known(double ms)
{
	return !isnan(ms);
}

void rt_waterfall_init(struct rt_waterfall *w);
/* Records in the order they came. */
void rt_waterfall_add(struct rt_waterfall *w, const struct rt_event *e);
void rt_waterfall_finish(struct rt_waterfall *w, bool is_whole, uint32_t rules);

/*
 * From an answer: false where the collector holds no record of the operation.  A line
 * that cannot be read makes it not whole.
 */
bool rt_waterfall_read(
    struct rt_waterfall *w, const struct rt_report_operation *from);

/* A round step (1, 2, 3, 5 x 10^n ms) so that `ticks` of them hold the span. */
double rt_waterfall_step_ms(double span_ms, unsigned ticks);

/* Columns [*from, *to) of `cols` that a time takes, at least one wide. */
void rt_waterfall_bar(double start_ms, double end_ms, double axis_ms,
    unsigned cols, unsigned *from, unsigned *to);

/* "final ok", "retry_same", "?" for what nobody said; never NULL. */
const char *rt_waterfall_decision(const struct rt_waterfall_row *r);
/* What tells attempts apart: the model, else the route, else "?". */
const char *rt_waterfall_target(const struct rt_waterfall_row *r);
/* "rescued_by_fallback", or "not ended". */
const char *rt_waterfall_fate(const struct rt_waterfall *w);

/* For people, within 100 columns (but for a long id), ASCII but for names. */
void rt_waterfall_format_text(struct rt_buf *b, const struct rt_waterfall *w);
/*
 * {"schema":"retrytop-operation/v1", …} with the records where `from` has them; `w`
 * NULL: the operation is not held.
 */
void rt_waterfall_format_json(struct rt_buf *b, const struct rt_waterfall *w,
    const struct rt_report_operation *from);

#endif
