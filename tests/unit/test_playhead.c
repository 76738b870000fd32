/* SPDX-License-Identifier: MIT */
/* A clock over the time of a log, on a clock of our own. */
#include "tests/unit/util.h"

#include "collector/playhead.h"

#define S INT64_C(1000000)
#define LOG (INT64_C(1781341200) * S) /* where the log begins */

static rt_mono_t
at(int64_t us)
{
	return (rt_mono_t){77 * S + us};
}

static struct rt_playhead
begin(uint32_t speed, bool is_held)
{
	struct rt_playhead h = {.speed = speed, .is_held = is_held};

	rt_playhead_stand(&h, at(0), LOG);
	return h;
}

static void
it_reaches_speed_times_as_far(void **state)
{
	static const struct {
		uint32_t speed;
		bool is_held;
		int64_t ran_us, want_us; /* RT_PLAYHEAD_END: all */
	} rows[] = {
	    {1, false, 0, 0}, {1, false, 1, 1}, {1, false, 90 * S, 90 * S},
	    {10, false, 1, 10}, {1000, false, 3 * S, 3000 * S},
	    {1000, true, 3 * S, 0}, {0, true, 3 * S, 0},
	    {0, false, 0, RT_PLAYHEAD_END},
	    {1, false, -S, 0}, /* a clock that goes back holds it */
	};

	(void)state;
	for (size_t i = 0; i < RT_COUNT_OF(rows); i++) {
		struct rt_playhead h = begin(rows[i].speed, rows[i].is_held);
		int64_t got = rt_playhead_reach(&h, at(rows[i].ran_us));
		int64_t want = rows[i].want_us == RT_PLAYHEAD_END
		    ? RT_PLAYHEAD_END
		    : LOG + rows[i].want_us;

		if (got != want)
			fail_msg("row %zu: %lld", i, (long long)(got - LOG));
	}
}

static void
no_age_of_the_machine_overflows_it(void **state)
{
	struct rt_playhead h = begin(1000, false);

	(void)state;
	assert_true(
	    rt_playhead_reach(&h, at(INT64_MAX / 2)) == RT_PLAYHEAD_END);
}

static void
held_it_stays_and_goes_on_from_there(void **state)
{
	struct rt_playhead h = begin(10, false);

	(void)state;
	assert_true(rt_playhead_hold(&h, at(2 * S), true));
	assert_false(rt_playhead_hold(&h, at(3 * S), true));
	assert_true(rt_playhead_reach(&h, at(60 * S)) == LOG + 20 * S);
	assert_true(rt_playhead_hold(&h, at(60 * S), false));
	assert_true(rt_playhead_reach(&h, at(61 * S)) == LOG + 30 * S);
}

static void
another_speed_counts_from_now_on(void **state)
{
	struct rt_playhead h = begin(1, false);

	(void)state;
	assert_true(rt_playhead_set_speed(&h, at(5 * S), 100));
	assert_false(rt_playhead_set_speed(&h, at(5 * S), 100));
	assert_true(rt_playhead_reach(&h, at(6 * S)) == LOG + 105 * S);
	assert_true(rt_playhead_set_speed(&h, at(6 * S), 1));
	assert_true(rt_playhead_reach(&h, at(8 * S)) == LOG + 107 * S);
}

static void
what_could_not_be_read_in_time_is_not_made_up_for(void **state)
{
	struct rt_playhead h = begin(1000, false);

	(void)state;
	rt_playhead_stand(&h, at(S), LOG + 3 * S);
	assert_true(rt_playhead_reach(&h, at(S)) == LOG + 3 * S);
	assert_true(rt_playhead_reach(&h, at(2 * S)) == LOG + 1003 * S);
}

static void
it_knows_how_long_to_wait(void **state)
{
	static const struct {
		uint32_t speed;
		bool is_held;
		int64_t due_us, want_ms;
	} rows[] = {
	    {1, false, 0, 0},
	    {1, false, -S, 0},
	    {1, false, 1, 1}, /* never too early: it would be asked in vain */
	    {1, false, 1000, 1},
	    {1, false, 1001, 2},
	    {1000, false, 10 * S, 10},
	    {1, true, 10 * S, -1},
	    {0, false, 10 * S, 0},
	};

	(void)state;
	for (size_t i = 0; i < RT_COUNT_OF(rows); i++) {
		struct rt_playhead h = begin(rows[i].speed, rows[i].is_held);
		int64_t got =
		    rt_playhead_wait_ms(&h, at(0), LOG + rows[i].due_us);

		if (got != rows[i].want_ms)
			fail_msg("row %zu: %lld ms", i, (long long)got);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(it_reaches_speed_times_as_far),
	    cmocka_unit_test(no_age_of_the_machine_overflows_it),
	    cmocka_unit_test(held_it_stays_and_goes_on_from_there),
	    cmocka_unit_test(another_speed_counts_from_now_on),
	    cmocka_unit_test(what_could_not_be_read_in_time_is_not_made_up_for),
	    cmocka_unit_test(it_knows_how_long_to_wait),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
