/* SPDX-License-Identifier: MIT */
/* The ways to a moment in the past: steps, and goto. */
#include <stdio.h>
#include <string.h>

#include "tests/unit/travel.h"
#include "tui/term.h"

/* ---- steps -------------------------------------------------------------------- */

static void
keys_step_by_buckets_and_G_comes_back(void **state)
{
	static const struct {
		int key;
		int64_t want_s; /* 0: the present */
	} rows[] = {
	    {',', 4140},
	    {',', 4080},
	    {'{', 3480},
	    {'.', 3540},
	    {'}', 4140},
	    {'.', 0},
	    {',', 4140},
	    {'}', 0},
	    {'{', 3600},
	    {'G', 0},
	    {',', 4140},
	    {RT_KEY_END, 0},
	};
	struct travel w;

	(void)state;
	travel_open(&w, 4150);
	for (size_t i = 0; i < RT_COUNT_OF(rows); i++) {
		travel_press(&w, rows[i].key);
		travel_answer(&w);
		if (rows[i].want_s == 0)
			assert_false(rt_report_is_past(rt_model_report(w.m)));
		else
			assert_int_equal(travel_at_s(&w), rows[i].want_s);
	}
	travel_close(&w);
}

static void
keys_pressed_before_an_answer_add_up(void **state)
{
	struct rt_query early;
	struct travel w;

	(void)state;
	travel_open(&w, 4150);
	for (int i = 0; i < 5; i++)
		travel_press(&w, ',');
	travel_answer(&w);
	assert_int_equal(travel_at_s(&w), 3900);
	/* The answer to an earlier question does not undo a step. */
	travel_press(&w, ',');
	early = travel_ask(&w);
	travel_press(&w, ',');
	travel_deliver(&w, &early);
	assert_int_equal(w.m->at_us, WALL_US + 3780 * S);
	travel_answer(&w);
	assert_int_equal(travel_at_s(&w), 3780);
	travel_close(&w);
}

static void
a_short_window_steps_by_ten_seconds_until_five_minutes_ago(void **state)
{
	struct travel w;

	(void)state;
	travel_open(&w, 4150);
	travel_command(&w, "window 1m");
	travel_answer(&w);
	for (int i = 0; i < 24; i++) {
		travel_press(&w, ',');
		travel_answer(&w);
		assert_int_equal(travel_at_s(&w), 4140 - 10 * i);
	}
	assert_int_equal(travel_at_s(&w), 3910);
	travel_press(&w, ',');
	travel_answer(&w);
	travel_press(&w, ',');
	travel_answer(&w);
	assert_int_equal(travel_at_s(&w), 3840);
	travel_close(&w);
}

static void
nothing_older_than_what_is_held_is_shown(void **state)
{
	struct travel w;

	(void)state;
	travel_open(&w, 4150);
	for (int i = 0; i < 9; i++)
		travel_press(&w, '{');
	travel_answer(&w);
	/* Held since the minute 4140, less an hour; the first bucket ends a minute later. */
	assert_int_equal(travel_at_s(&w), 600);
	travel_press(&w, ',');
	travel_shows(&w, "nothing older is held than 09:09:00Z");
	travel_answer(&w);
	assert_int_equal(travel_at_s(&w), 600);
	travel_close(&w);
}

static void
the_first_bucket_of_a_young_collector_can_be_seen(void **state)
{
	struct travel w;

	(void)state;
	travel_open(&w, 0);
	w.now_us = 14 * S;
	w.m->window_s = 60;
	travel_answer(&w);
	travel_press(&w, '{');
	travel_answer(&w);
	assert_int_equal(travel_at_s(&w), 10);
	travel_close(&w);
}

static void
before_an_answer_and_in_the_present_steps_say_so(void **state)
{
	struct rt_model *m = rt_model_new("test", "tcp://127.0.0.1:7782", 300);
	struct rt_diag d = {{0}, {0}};
	struct travel w;

	(void)state;
	rt_travel_step(m, -1);
	assert_int_equal(m->at_us, 0);
	assert_int_equal(rt_travel_goto(m, "-1m", &d), RT_E_FIELD);
	rt_model_free(m);
	travel_open(&w, 4150);
	travel_press(&w, '.');
	travel_shows(&w, "this is the present");
	assert_int_equal(w.m->at_us, 0);
	travel_close(&w);
}

/* ---- goto --------------------------------------------------------------------- */

static void
goto_takes_a_time_an_age_or_live(void **state)
{
	static const struct {
		const char *line;
		int64_t want_s;
	} rows[] = {
	    {"goto 10:02", 3720},
	    {"goto 10:02:59", 3720},
	    {"goto 09:30:30Z", 1800},
	    {"goto -5m", 3840},
	    {"goto -90s", 4020},
	    {"goto 2026-06-13T12:00:00+02:00", 3600},
	    {"goto live", 0},
	    {"g 10:01", 3660},
	};
	struct travel w;

	(void)state;
	travel_open(&w, 4150);
	for (size_t i = 0; i < RT_COUNT_OF(rows); i++) {
		travel_command(&w, rows[i].line);
		if (w.m->prompt.is_open)
			fail_msg("%s: %s", rows[i].line, w.m->prompt.trouble);
		travel_answer(&w);
		if (rows[i].want_s > 0)
			assert_int_equal(travel_at_s(&w), rows[i].want_s);
		else
			assert_false(rt_report_is_past(rt_model_report(w.m)));
	}
	travel_close(&w);
}

static void
goto_says_what_it_cannot_reach(void **state)
{
	static const struct {
		const char *when, *what;
	} rows[] = {
	    {"", "goto takes a time as 12:01"},
	    {"12", "goto takes a time as 12:01"},
	    {"12:0", "goto takes a time as 12:01"},
	    {"24:00", "goto takes a time as 12:01"},
	    {"12:60", "goto takes a time as 12:01"},
	    {"12:00:60", "goto takes a time as 12:01"},
	    {"12:00x", "goto takes a time as 12:01"},
	    {"-5", "goto takes a time as 12:01"},
	    {"-5d", "goto takes a time as 12:01"},
	    {"-m", "goto takes a time as 12:01"},
	    {"yesterday", "goto takes a time as 12:01"},
	    {"09:00", "09:00:00Z is not held: the oldest is 09:10:00Z"},
	    {"-2h", "is not held: the oldest is 09:10:00Z"},
	    {"11:00", "11:00:00Z is not held"}, /* of the day before */
	    {"2026-06-13T11:00:00Z", "still to come: it is 10:09:10Z"},
	};
	struct rt_diag d = {{0}, {0}};
	struct travel w;

	(void)state;
	travel_open(&w, 4150);
	for (size_t i = 0; i < RT_COUNT_OF(rows); i++) {
		assert_int_equal(
		    rt_travel_goto(w.m, rows[i].when, &d), RT_E_FIELD);
		if (!strstr(d.what, rows[i].what))
			fail_msg("%s: %s", rows[i].when, d.what);
		assert_int_equal(w.m->at_us, 0);
	}
	travel_close(&w);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(keys_step_by_buckets_and_G_comes_back),
	    cmocka_unit_test(keys_pressed_before_an_answer_add_up),
	    cmocka_unit_test(
		a_short_window_steps_by_ten_seconds_until_five_minutes_ago),
	    cmocka_unit_test(nothing_older_than_what_is_held_is_shown),
	    cmocka_unit_test(the_first_bucket_of_a_young_collector_can_be_seen),
	    cmocka_unit_test(before_an_answer_and_in_the_present_steps_say_so),
	    cmocka_unit_test(goto_takes_a_time_an_age_or_live),
	    cmocka_unit_test(goto_says_what_it_cannot_reach),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
