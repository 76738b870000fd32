/* SPDX-License-Identifier: MIT */
/*
 * retry — what a careful client does after an attempt: again, elsewhere, or no more.
 *
 * Waits    n counts retries from 0; t = min(cap, base * 2^n):
 *              full          random in [0, t]
 *              equal         t/2 + random in [0, t/2]
 *              decorrelated  min(cap, random in [base, 3 * the wait before])
 *              additive      t + random in [0, base]
 *          Never below RT_RETRY_WAIT_MIN_MS: a wait of nothing is no backoff.  Where the
 *          server asked for a time, at least that, plus up to a tenth of it (and of
 *          base) so that clients told the same do not come back as one.
 * Stops    Caps on attempts (of one target) and on fallbacks, a ceiling on the whole
 *          operation that no wait may cross, allow-lists of classes, a server that says
 *          x-should-retry: false, content that has reached the user, and a retry budget.
 *          `x-should-retry: true` widens no allow-list.
 * Budget   Every first attempt earns `ratio` of a retry, at most RT_RETRY_BUDGET_MAX are
 *          saved, a fresh budget holds RT_RETRY_BUDGET_START: over time no more than `ratio`
 *          of the requests are retries, however bad the gateway.
 * Pure     Dice, clocks and header text are handed in.
 *
 * Called retry, not policy: collector/policy.h is what the audit allows to others.
 */
#ifndef RT_RETRY_H
#define RT_RETRY_H

#include "proto/clock.h"
#include "proto/event.h"

#define RT_RETRY_WAIT_MIN_MS 1.0
#define RT_RETRY_BUDGET_START 3.0
#define RT_RETRY_BUDGET_MAX 10.0
#define RT_RETRY_FALLBACKS_MAX 2u

/* clang-format off */
#define RT_JITTERS(X) \
	X(NONE,         "none") \
	X(FULL,         "full") \
	X(EQUAL,        "equal") \
	X(DECORRELATED, "decorrelated") \
	X(ADDITIVE,     "additive")

/* Why there is no further attempt at this target. */
#define RT_RETRY_STOPS(X) \
	X(NOT,         "")                   /* it goes on */ \
	X(DONE,        "done")               /* there was an answer */ \
	X(CLASS,       "class_not_allowed") \
	X(SERVER,      "server_said_no") \
	X(COMMITTED,   "content_committed") \
	X(ATTEMPTS,    "attempts_exhausted") \
	X(CEILING,     "operation_ceiling") \
	X(BUDGET,      "retry_budget_empty")
/* clang-format on */

#define X(id, name) RT_JITTER_##id,
enum rt_jitter { RT_JITTERS(X) RT_JITTER_COUNT };
#undef X
#define X(id, name) RT_RETRY_STOP_##id,
enum rt_retry_stop { RT_RETRY_STOPS(X) RT_RETRY_STOP_COUNT };
#undef X

struct rt_retry_policy {
	enum rt_jitter jitter; /* NONE: one attempt a target */
	double base_ms, cap_ms;
	unsigned max_attempts;     /* of one target */
	double ceiling_ms;         /* of the whole operation */
	uint32_t retryable;        /* allow-list: bits 1 << RT_CLASS_x */
	uint32_t fallback_reasons; /* allow-list: bits 1 << RT_CLASS_x */
	double budget_ratio;
};

extern const struct rt_retry_policy rt_retry_policy_default;

struct rt_retry_budget {
	double saved; /* retries that may be taken */
};

/* One operation under way. */
struct rt_retry {
	unsigned attempts;      /* of all targets */
	unsigned attempts_here; /* of the target at hand */
	unsigned fallbacks;
	double last_wait_ms; /* 0: none yet */
};

enum rt_retry_word { RT_RETRY_UNSAID, RT_RETRY_SAYS_NO, RT_RETRY_SAYS_YES };

/* What an attempt came to. */
struct rt_retry_seen {
	enum rt_class error_class;
	double retry_after_ms;           /* -1: not said */
	enum rt_retry_word should_retry; /* x-should-retry */
	bool is_committed;               /* content had been handed on */
	bool has_fallback;               /* the target names another one */
	bool has_no_requests; /* the prober's own budget is used up */
	double elapsed_ms;    /* since the operation began */
};

struct rt_retry_step {
	enum rt_decision decision; /* NONE, RETRY_SAME, FALLBACK_SECONDARY,
				      ABORT_ERROR, ABORT_TIMEOUT_BUDGET */
	double wait_ms;            /* RETRY_SAME only */
	enum rt_retry_stop stop;
	unsigned left; /* attempts this target still allows */
};

void rt_retry_budget_init(struct rt_retry_budget *b);
/* A first attempt begins. */
void rt_retry_budget_earn(struct rt_retry_budget *b, double ratio);

/* The next attempt is about to be sent. */
void rt_retry_count(struct rt_retry *r);

/* What comes after it; takes from the budget where that is another try. */
struct rt_retry_step rt_retry_next(struct rt_retry *r,
    const struct rt_retry_policy *p, struct rt_retry_budget *b,
    const struct rt_retry_seen *seen, uint64_t *dice);

/* The n-th wait (n from 0) by jitter alone; last_ms: the one before, or 0. */
double rt_retry_wait_ms(const struct rt_retry_policy *p, unsigned n,
    double last_ms, uint64_t *dice);

/*
 * A Retry-After value: seconds or an HTTP date in its three forms; the past is 0, and 31
 * days are the most.  RT_E_SYNTAX for anything else, such as a negative number.
 */
RT_NODISCARD enum rt_err rt_retry_after_read(
    struct rt_str value, rt_wall_t now, double *out_ms);

/* A retry-after-ms value: a number of at least 0. */
RT_NODISCARD enum rt_err rt_retry_after_ms_read(
    struct rt_str value, double *out_ms);

/* An x-should-retry value; what is not true or false says nothing. */
enum rt_retry_word rt_retry_word_read(struct rt_str value);

const char *rt_jitter_name(enum rt_jitter j);
const char *rt_retry_stop_name(enum rt_retry_stop s);

#endif
