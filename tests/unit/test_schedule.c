/* SPDX-License-Identifier: MIT */
#include "collector/canary/schedule.h"
#include "tests/unit/util.h"

#define S INT64_C(1000000)
#define DAY_S INT64_C(86400)

static struct rt_target
target(void)
{
	struct rt_target t;

	rt_target_init(&t, "t");
	t.interval_ms = 10000;
	t.jitter = 0.2;
	t.max_per_minute = 3;
	t.max_per_run = 5;
	t.max_tokens_per_day = 100;
	return t;
}

static rt_mono_t
at(int64_t s)
{
	return (rt_mono_t){s * S};
}

/* What blocks at second s of both clocks. */
static enum rt_pause
blocks(struct rt_schedule *s, const struct rt_target *t, int64_t second,
    int64_t *wait_ms)
{
	return rt_schedule_blocks(
	    s, t, at(second), (rt_wall_t){second * S}, wait_ms);
}

static void
turns_are_jittered_to_either_side(void **state)
{
	struct rt_target t = target();
	double least = 1e9, most = 0, sum = 0;
	struct rt_schedule s;
	uint64_t dice = 1;

	(void)state;
	for (unsigned i = 0; i < 10000; i++) {
		double ms;

		rt_schedule_init(&s, &t, at(0), &dice);
		assert_true(s.due.us >= 0 && s.due.us <= 2 * S);
		rt_schedule_advance(&s, &t, at(0), &dice);
		ms = (double)s.due.us / 1e3;
		least = ms < least ? ms : least;
		most = ms > most ? ms : most;
		sum += ms;
	}
	assert_true(least >= 8000 && least < 8050);
	assert_true(most <= 12000 && most > 11950);
	assert_within(sum / 10000, 10000, 50);
}

static void
holds_any_minute_to_its_budget(void **state)
{
	struct rt_target t = target();
	struct rt_schedule s;
	uint64_t dice = 1;
	int64_t ms;

	(void)state;
	rt_schedule_init(&s, &t, at(0), &dice);
	for (int64_t i = 0; i < 3; i++) {
		assert_int_equal(
		    blocks(&s, &t, 100 + i * 10, &ms), RT_PAUSE_NONE);
		rt_schedule_count(&s, at(100 + i * 10));
	}
	assert_int_equal(blocks(&s, &t, 130, &ms), RT_PAUSE_PER_MINUTE);
	assert_int_equal(ms, 30000);
	assert_int_equal(blocks(&s, &t, 159, &ms), RT_PAUSE_PER_MINUTE);
	assert_int_equal(blocks(&s, &t, 160, &ms), RT_PAUSE_NONE);
	rt_schedule_count(&s, at(160));
	assert_int_equal(blocks(&s, &t, 169, &ms), RT_PAUSE_PER_MINUTE);
	assert_int_equal(blocks(&s, &t, 170, &ms), RT_PAUSE_NONE);
	rt_schedule_count(&s, at(170));
	assert_int_equal(blocks(&s, &t, 100000, &ms), RT_PAUSE_PER_RUN);
	assert_int_equal(ms, -1);
}

static void
counts_tokens_by_day(void **state)
{
	struct rt_target t = target();
	struct rt_schedule s;
	uint64_t dice = 1;
	int64_t ms;

	(void)state;
	rt_schedule_init(&s, &t, at(0), &dice);
	rt_schedule_spend(&s, &t, 84, (rt_wall_t){DAY_S * S});
	assert_int_equal(blocks(&s, &t, DAY_S + 1, &ms), RT_PAUSE_NONE);
	/* Not said: the limit counts. */
	rt_schedule_spend(&s, &t, -1, (rt_wall_t){DAY_S * S});
	assert_int_equal(blocks(&s, &t, DAY_S + 1, &ms), RT_PAUSE_PER_DAY);
	assert_within((double)ms, (double)(DAY_S - 1) * 1e3, 1);
	assert_int_equal(blocks(&s, &t, 2 * DAY_S, &ms), RT_PAUSE_NONE);
	rt_schedule_spend(&s, &t, INT64_MAX, (rt_wall_t){2 * DAY_S * S});
	rt_schedule_spend(&s, &t, INT64_MAX, (rt_wall_t){2 * DAY_S * S});
	assert_int_equal(blocks(&s, &t, 2 * DAY_S, &ms), RT_PAUSE_PER_DAY);
}

static void
pauses_for_what_is_asked_but_a_day_at_most(void **state)
{
	static const struct {
		enum rt_pause why;
		double asked_ms;
		int64_t wait_ms;
	} rows[] = {
	    {RT_PAUSE_RATE, 30e3, 30000},
	    {RT_PAUSE_RATE, 1e12, DAY_S * 1000},
	    {RT_PAUSE_QUOTA, 5e3, 5000},
	    {RT_PAUSE_QUOTA, -1, 600000},
	};
	struct rt_target t = target();
	struct rt_schedule s;
	uint64_t dice = 1;
	int64_t ms;

	(void)state;
	for (size_t i = 0; i < RT_COUNT_OF(rows); i++) {
		rt_schedule_init(&s, &t, at(0), &dice);
		rt_schedule_pause(&s, rows[i].why, rows[i].asked_ms, at(7));
		assert_int_equal(blocks(&s, &t, 7, &ms), rows[i].why);
		assert_int_equal(ms, rows[i].wait_ms);
		assert_int_equal(
		    blocks(&s, &t, 7 + rows[i].wait_ms / 1000, &ms),
		    RT_PAUSE_NONE);
	}
	/* Not a microsecond too soon. */
	rt_schedule_init(&s, &t, at(0), &dice);
	rt_schedule_pause(&s, RT_PAUSE_RATE, 2000, (rt_mono_t){7000400});
	assert_int_equal(rt_schedule_blocks(
			     &s, &t, (rt_mono_t){9000399}, (rt_wall_t){0}, &ms),
	    RT_PAUSE_RATE);
	assert_int_equal(ms, 1);
	assert_int_equal(rt_schedule_blocks(
			     &s, &t, (rt_mono_t){9000400}, (rt_wall_t){0}, &ms),
	    RT_PAUSE_NONE);
	rt_schedule_init(&s, &t, at(0), &dice);
	rt_schedule_pause(&s, RT_PAUSE_RATE, -1, at(7));
	assert_int_equal(blocks(&s, &t, 7, &ms), RT_PAUSE_NONE);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(turns_are_jittered_to_either_side),
	    cmocka_unit_test(holds_any_minute_to_its_budget),
	    cmocka_unit_test(counts_tokens_by_day),
	    cmocka_unit_test(pauses_for_what_is_asked_but_a_day_at_most),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
