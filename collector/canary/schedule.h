/* SPDX-License-Identifier: MIT */
/*
 * schedule — when a target may be asked, and how often.
 *
 * Turns    Every interval, jittered to either side; the first after a random part of that
 *          jitter, so that canaries started together do not stay in step.
 * Budgets  Requests in any 60 s, requests of a run, tokens of a day (UTC).  Retries and
 *          fallbacks are requests like any other.
 * Pauses   For what a 429 or a used-up quota asks for, at most a day; where it asks for
 *          nothing, a 429 leaves the next turn as it is and a quota waits RT_PAUSE_QUOTA_MS.
 * Pure     Clocks and dice are handed in.
 */
#ifndef RT_SCHEDULE_H
#define RT_SCHEDULE_H

#include "collector/canary/target.h"

#define RT_PAUSE_QUOTA_MS 600e3
#define RT_PAUSE_MAX_MS 86400e3

/* clang-format off */
#define RT_PAUSES(X) \
	X(NONE,       "") \
	X(RATE,       "rate_limited") \
	X(QUOTA,      "quota") \
	X(PER_MINUTE, "max_per_minute") \
	X(PER_RUN,    "max_per_run") \
	X(PER_DAY,    "max_tokens_per_day")
/* clang-format on */

#define X(id, name) RT_PAUSE_##id,
enum rt_pause { RT_PAUSES(X) RT_PAUSE_COUNT };
#undef X

struct rt_schedule {
	rt_mono_t due;
	rt_mono_t paused_until;
	enum rt_pause asked; /* NONE, RATE or QUOTA */
	int64_t sent_run;
	/* The last requests, a ring; only max_per_minute of them count. */
	rt_mono_t sent[RT_TARGET_REQUESTS_A_MINUTE_MAX];
	int64_t day; /* of tokens_day */
	int64_t tokens_day;
};

void rt_schedule_init(struct rt_schedule *s, const struct rt_target *t,
    rt_mono_t now, uint64_t *dice);

/* Why no request may be sent now; *wait_ms until one may (-1: never again). */
enum rt_pause rt_schedule_blocks(struct rt_schedule *s,
    const struct rt_target *t, rt_mono_t now, rt_wall_t wall, int64_t *wait_ms);

/* A request goes out. */
void rt_schedule_count(struct rt_schedule *s, rt_mono_t now);

/* An answer used so many tokens; -1: not said, the limit counts. */
void rt_schedule_spend(struct rt_schedule *s, const struct rt_target *t,
    int64_t tokens, rt_wall_t wall);

/* A 429 (RATE) or a quota; asked_ms -1: for no time named. */
void rt_schedule_pause(
    struct rt_schedule *s, enum rt_pause why, double asked_ms, rt_mono_t now);

/* The next turn, an interval from now. */
void rt_schedule_advance(struct rt_schedule *s, const struct rt_target *t,
    rt_mono_t now, uint64_t *dice);

const char *rt_pause_name(enum rt_pause p);

#endif
