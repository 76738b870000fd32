/* SPDX-License-Identifier: MIT */
#include "collector/canary/schedule.h"

#include <math.h>
#include <string.h>

#include "collector/canary/fault.h"

#define DAY_US INT64_C(86400000000)

static const char *const pause_names[RT_PAUSE_COUNT] = {
#define X(id, name) name,
    RT_PAUSES(X)
#undef X
};

const char *
rt_pause_name(enum rt_pause p)
{
	return (unsigned)p < RT_PAUSE_COUNT ? pause_names[p] : NULL;
}

void
rt_schedule_init(struct rt_schedule *s, const struct rt_target *t,
    rt_mono_t now, uint64_t *dice)
{
	memset(s, 0, sizeof(*s));
	s->due = rt_mono_add_ms(now,
	    (int64_t)((double)t->interval_ms * t->jitter * rt_dice_unit(dice)));
}

static void
turn_day(struct rt_schedule *s, rt_wall_t wall)
{
	int64_t day = wall.us / DAY_US;

	if (day != s->day) {
		s->day = day;
		s->tokens_day = 0;
	}
}

/* Until the oldest of the last max_per_minute requests is 60 s ago. */
static int64_t
minute_wait_ms(
    const struct rt_schedule *s, const struct rt_target *t, rt_mono_t now)
{
	int64_t at = s->sent_run - t->max_per_minute;

	if (at < 0)
		return 0;
	return rt_mono_ms_until(now,
	    rt_mono_add_ms(
		s->sent[at % RT_TARGET_REQUESTS_A_MINUTE_MAX], 60000));
}

enum rt_pause
rt_schedule_blocks(struct rt_schedule *s, const struct rt_target *t,
    rt_mono_t now, rt_wall_t wall, int64_t *wait_ms)
{
	int64_t paused_ms = rt_mono_ms_until(now, s->paused_until);

	turn_day(s, wall);
	*wait_ms = -1;
	if (s->sent_run >= t->max_per_run)
		return RT_PAUSE_PER_RUN;
	*wait_ms = paused_ms;
	if (s->asked != RT_PAUSE_NONE && paused_ms > 0)
		return s->asked;
	s->asked = RT_PAUSE_NONE;
	*wait_ms = (DAY_US - wall.us % DAY_US) / 1000 + 1;
	if (s->tokens_day >= t->max_tokens_per_day)
		return RT_PAUSE_PER_DAY;
	*wait_ms = minute_wait_ms(s, t, now);
	if (*wait_ms > 0)
		return RT_PAUSE_PER_MINUTE;
	*wait_ms = 0;
	return RT_PAUSE_NONE;
}

void
rt_schedule_count(struct rt_schedule *s, rt_mono_t now)
{
	s->sent[s->sent_run % RT_TARGET_REQUESTS_A_MINUTE_MAX] = now;
	s->sent_run++;
}

void
rt_schedule_spend(struct rt_schedule *s, const struct rt_target *t,
    int64_t tokens, rt_wall_t wall)
{
	turn_day(s, wall);
	if (tokens < 0)
		tokens = t->token_limit;
	/* What a server says it used must not overflow the sum. */
	s->tokens_day += tokens < 1000000000 ? tokens : 1000000000;
}

void
rt_schedule_pause(
    struct rt_schedule *s, enum rt_pause why, double asked_ms, rt_mono_t now)
{
	if (asked_ms < 0)
		asked_ms = why == RT_PAUSE_QUOTA ? RT_PAUSE_QUOTA_MS : 0;
	s->asked = why;
	s->paused_until =
	    rt_mono_add_ms(now, (int64_t)ceil(fmin(asked_ms, RT_PAUSE_MAX_MS)));
}

void
rt_schedule_advance(struct rt_schedule *s, const struct rt_target *t,
    rt_mono_t now, uint64_t *dice)
{
	double part = 1 + t->jitter * (2 * rt_dice_unit(dice) - 1);

	s->due = rt_mono_add_ms(now, (int64_t)((double)t->interval_ms * part));
}
