/* SPDX-License-Identifier: MIT */
/*
 * probe — one operation against a target: attempts, waits, fallbacks, a verdict.
 *
 * What    Sends a request, judges the answer, makes an ordinary attempt event of it with
 *         `synthetic: true`, and does next what the target's retry policy says (retry.h).
 *         Without a policy an operation is one attempt.
 * Loop    Never blocks: start, then step whenever rt_http_turn came back, until it is done.
 *         wait_ms says when it wants to be stepped without any news from the wire.
 * Keys    Every target is asked with its own key only; a refused key is never tried again
 *         nor replaced by another one.
 * Budget  Every attempt is counted in the schedule of the target it is sent to, and none is
 *         sent that the schedule blocks; 429 and quota pause that schedule.
 */
#ifndef RT_PROBE_H
#define RT_PROBE_H

#include "collector/canary/http_client.h"
#include "collector/canary/judge.h"
#include "collector/canary/key.h"
#include "collector/canary/schedule.h"
#include "collector/canary/sse.h"
#include "proto/event.h"

#define RT_PROBE_ATTEMPTS_MAX 32u /* kept in waits_ms */

/* clang-format off */
#define RT_VERDICTS(X) \
	X(OK,       "ok") \
	X(DEGRADED, "degraded") /* usable, but usage or the wished-for end is not there */ \
	X(FAILED,   "failed") \
	X(PAUSED,   "paused")   /* no request was sent */
/* clang-format on */

#define X(id, name) RT_VERDICT_##id,
enum rt_verdict { RT_VERDICTS(X) RT_VERDICT_COUNT };
#undef X

struct rt_probe;

/* What all probes of a program share; arrays are by place in `all`.  Borrowed. */
struct rt_probe_env {
	struct rt_http *http;
	const struct rt_targets *all;
	const struct rt_key *keys;
	struct rt_schedule *schedules;
	struct rt_retry_budget *budgets;
	uint64_t *dice;
	/* After every attempt that was not cancelled; NULL: nobody listens. */
	void (*on_attempt)(void *context, const struct rt_probe *p);
	void *context;
};

struct rt_probe {
	const struct rt_probe_env *env;     /* borrowed, as the next two */
	const struct rt_target *first, *at; /* asked for, asked now */
	const char *body;                   /* instead of the usual one */
	const char *key;                    /* instead of the target's */
	bool has_no_key;                    /* none is sent */
	char operation_id[33];
	struct rt_retry retry;
	struct rt_retry_step step; /* after the last attempt */
	struct rt_judgement judgement;
	struct rt_http_answer answer; /* of the last attempt */
	struct rt_event event;        /* of the last attempt */
	double
	    waits_ms[RT_PROBE_ATTEMPTS_MAX]; /* planned, before attempt i + 2 */
	enum rt_verdict verdict;
	bool is_done, was_cancelled;
	/* inside */
	struct rt_http_request request;
	struct rt_http_transfer *transfer;
	struct rt_buf request_body;
	struct rt_sse sse;
	char url[512];
	rt_mono_t started, due;
	bool has_answer;
};

/*
 * Begins an operation; `p` is zeroed storage in which body, key and has_no_key may be
 * set.  fini in any case.
 */
void rt_probe_start(struct rt_probe *p, const struct rt_probe_env *env,
    const struct rt_target *t, rt_mono_t now);
void rt_probe_step(struct rt_probe *p, rt_mono_t now, rt_wall_t wall);
/* Until it wants a step of its own; -1: it waits for the wire. */
int64_t rt_probe_wait_ms(const struct rt_probe *p, rt_mono_t now);
/* Leaves what is under way; was_cancelled. */
void rt_probe_cancel(struct rt_probe *p);
void rt_probe_fini(struct rt_probe *p);

/* Start to end in one call; cancelled where wake_fd (-1: none) is readable. */
void rt_probe_run(struct rt_probe *p, const struct rt_probe_env *env,
    const struct rt_target *t, int wake_fd);

/* The object of `canary --json`, without newline. */
void rt_probe_write(struct rt_buf *b, const struct rt_probe *p);

const char *rt_verdict_name(enum rt_verdict v);

#endif
