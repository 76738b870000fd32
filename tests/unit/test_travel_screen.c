/* SPDX-License-Identifier: MIT */
/* What is on the screen of a moment in the past. */
#include <stdio.h>
#include <string.h>

#include "tests/unit/travel.h"
#include "tui/term.h"

static void
every_part_of_the_screen_is_of_that_moment(void **state)
{
	struct travel w;
	const struct rt_trail *t;
	const struct rt_report *r;
	uint64_t attempts = 0;

	(void)state;
	travel_open(&w, 4150);
	travel_command(&w, "goto 10:05");
	travel_answer(&w);
	r = rt_model_report(w.m);
	t = rt_model_trail(w.m);
	assert_int_equal(travel_at_s(&w), 3900);
	for (size_t i = 0; i < r->series_count; i++)
		attempts += r->series[i].counts->n[RT_C_ATTEMPTS];
	assert_int_equal(attempts, r->counts.n[RT_C_ATTEMPTS]);
	assert_int_equal(attempts, 150 + 30);
	assert_int_equal(r->fallbacks[0].count, 30);
	assert_true(t->newest > 0);
	assert_true(rt_trail_get(t, t->newest)->ts_us == WALL_US + 3869 * S);
	/* The same while more comes, only that it is more. */
	travel_run(&w, 60);
	travel_answer(&w);
	assert_int_equal(travel_at_s(&w), 3900);
	assert_false(w.m->live.tail.asked);
	assert_true(rt_model_trail(w.m) == t);
	assert_int_equal(rt_model_held(w.m), w.m->live.source.since);
	travel_shows(&w, "AT 10:05:00Z");
	travel_shows(&w, " 10:04:29.0 ");
	travel_close(&w);
}

static void
an_open_operation_and_a_list_are_of_that_moment(void **state)
{
	struct travel w;
	char id[RT_QUERY_OPERATION_MAX + 1];

	(void)state;
	travel_open(&w, 4150);
	travel_press(&w, '9');
	travel_press(&w, RT_KEY_ENTER);
	travel_answer(&w);
	assert_int_equal(w.m->drill->held, RT_HELD_YES);
	snprintf(id, sizeof(id), "%s", w.m->drill->id);
	/* It came in the last half minute: five minutes ago nobody knew of it. */
	travel_command(&w, "goto -5m");
	travel_answer(&w);
	assert_string_equal(w.m->drill->id, id);
	assert_int_equal(w.m->drill->held, RT_HELD_NO);
	assert_int_equal(
	    rt_oplist_find(&w.m->drill->list, id), w.m->drill->list.count);
	assert_true(w.m->drill->list.count > 0);
	travel_press(&w, 'G');
	travel_answer(&w);
	travel_answer(&w);
	assert_int_equal(w.m->drill->held, RT_HELD_YES);
	travel_close(&w);
}

static void
the_tail_of_the_present_goes_on_where_it_was(void **state)
{
	struct travel w;
	uint64_t newest;

	(void)state;
	travel_open(&w, 4150);
	newest = w.m->trail->newest;
	travel_press(&w, ',');
	travel_answer(&w);
	assert_int_equal(w.m->trail->newest, newest);
	travel_press(&w, 'G');
	travel_answer(&w);
	assert_ptr_equal(rt_model_trail(w.m), w.m->trail);
	assert_true(w.m->trail->newest >= newest);
	travel_close(&w);
}

static void
a_frozen_screen_steps_from_its_moment_and_thaws_with_the_answer(void **state)
{
	struct travel w;

	(void)state;
	travel_open(&w, 4150);
	travel_press(&w, ' ');
	travel_run(&w, 300);
	travel_answer(&w);
	travel_press(&w, 'w');
	travel_shows(&w, "frozen: window 15m is shown once it goes on");
	travel_answer(&w);
	travel_shows(&w, "win 5m");
	travel_command(&w, "window 5m");
	travel_press(&w, ',');
	assert_true(w.m->is_frozen);
	travel_shows(&w, "FROZEN 10:09:10Z");
	travel_answer(&w);
	assert_false(w.m->is_frozen);
	assert_int_equal(travel_at_s(&w), 4140);
	/* And the past can be frozen. */
	travel_press(&w, ' ');
	travel_run(&w, 60);
	travel_answer(&w);
	travel_shows(&w, "FROZEN AT 10:09:00Z");
	travel_press(&w, 'G');
	travel_answer(&w);
	assert_false(w.m->is_frozen);
	travel_shows(&w, "LIVE");
	travel_close(&w);
}

static void
a_frozen_operation_gets_no_later_records(void **state)
{
	struct travel w;

	(void)state;
	travel_open(&w, 4120);
	travel_put(&w, "slow", 1,
	    "\"http_response_status_code\":503,\"decision\":"
	    "\"retry_same\",\"backoff_ms\":100");
	travel_answer(&w);
	w.m->tail_cursor = UINT64_MAX;
	travel_answer(&w);
	travel_press(&w, '9');
	travel_press(&w, ' ');
	w.now_us += S;
	travel_put(&w, "slow", 2, "\"http_response_status_code\":200");
	travel_press(&w, RT_KEY_ENTER);
	travel_answer(&w);
	assert_string_equal(w.m->drill->id, "slow");
	assert_int_equal(w.m->drill->fall.records, 1);
	travel_press(&w, RT_KEY_ESC);
	travel_press(&w, ' ');
	travel_press(&w, ']');
	travel_press(&w, RT_KEY_ENTER);
	travel_answer(&w);
	assert_int_equal(w.m->drill->fall.records, 2);
	travel_close(&w);
}

static void
screens_of_the_past_look_as_agreed(void **state)
{
	struct travel w;

	(void)state;
	travel_open(&w, 4150);
	w.m->ascii = true;
	travel_command(&w, "goto 10:05");
	travel_answer(&w);
	w.m->notice[0] = '\0';
	travel_looks_as(&w, 24, 80, "past-80x24");
	travel_looks_as(&w, 40, 120, "past-120x40");
	travel_looks_as(&w, 10, 40, "past-40x10");
	travel_command(&w, "window 1h");
	travel_answer(&w);
	travel_looks_as(&w, 24, 80, "past-cut-80x24");
	travel_press(&w, ':');
	travel_press(&w, 'g');
	travel_looks_as(&w, 24, 80, "command-80x24");
	travel_looks_as(&w, 40, 120, "command-120x40");
	travel_close(&w);
}

static void
what_has_no_history_is_a_dash(void **state)
{
	struct travel w;

	(void)state;
	travel_open(&w, 4150);
	travel_command(&w, "goto 10:05");
	travel_answer(&w);
	travel_shows(&w, ", - open");
	travel_shows(&w, "lost -");
	travel_press(&w, '1');
	travel_press(&w, 'z');
	travel_shows(&w, "open: - run, - wait, - fbk");
	travel_close(&w);
}

static bool
is_in_tail(const struct travel *w, const char *id)
{
	const struct rt_trail *t = rt_model_trail(w->m);

	for (uint64_t n = t->newest; n > 0; n--) {
		const struct rt_trail_row *e = rt_trail_get(t, n);

		if (e && strcmp(e->operation_id, id) == 0)
			return true;
	}
	return false;
}

static void
the_operation_beside_the_panels_is_of_that_moment(void **state)
{
	static const int keys[] = {'{', ',', 'G', ','};
	struct travel w;

	(void)state;
	travel_open(&w, 4150);
	for (size_t i = 0; i < RT_COUNT_OF(keys); i++) {
		travel_draw(&w, 60, 200);
		travel_answer(&w);
		assert_int_equal(w.m->dock.held, RT_HELD_YES);
		travel_press(&w, keys[i]);
		travel_draw(&w, 60, 200);
		travel_answer(&w);
		travel_draw(&w, 60, 200);
		if (!is_in_tail(&w, w.m->dock.id))
			fail_msg("%c: %s", keys[i], w.m->dock.id);
		travel_answer(&w);
		assert_int_equal(w.m->dock.held, RT_HELD_YES);
		if (w.m->live.source.at_us)
			assert_true(rt_trail_get(rt_model_trail(w.m),
					rt_model_trail(w.m)->newest)
					->ts_us < w.m->live.source.at_us);
	}
	travel_close(&w);
}

static void
the_worst_thing_of_then_says_when_it_was(void **state)
{
	struct travel w;

	(void)state;
	travel_open(&w, 4150);
	travel_press(&w, '!');
	assert_non_null(strstr(w.m->notice, " failed in 5m (final ok"));
	travel_press(&w, ' ');
	travel_press(&w, '!');
	assert_non_null(strstr(w.m->notice, " in 5m until 10:09:10Z ("));
	travel_command(&w, "goto 10:05");
	travel_answer(&w);
	travel_press(&w, '!');
	assert_non_null(strstr(w.m->notice,
	    "30 of 150 operations failed in 5m until 10:05:00Z ("));
	travel_close(&w);
}

static void
an_empty_moment_says_so(void **state)
{
	struct travel w;

	(void)state;
	travel_open(&w, 600);
	w.now_us += 900 * S;
	travel_answer(&w);
	travel_command(&w, "window 1m");
	travel_command(&w, "goto -5m");
	travel_answer(&w);
	travel_shows(&w, "no data in the 1m before 09:20:00Z");
	travel_close(&w);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(every_part_of_the_screen_is_of_that_moment),
	    cmocka_unit_test(an_open_operation_and_a_list_are_of_that_moment),
	    cmocka_unit_test(the_tail_of_the_present_goes_on_where_it_was),
	    cmocka_unit_test(
		a_frozen_screen_steps_from_its_moment_and_thaws_with_the_answer),
	    cmocka_unit_test(a_frozen_operation_gets_no_later_records),
	    cmocka_unit_test(screens_of_the_past_look_as_agreed),
	    cmocka_unit_test(what_has_no_history_is_a_dash),
	    cmocka_unit_test(the_operation_beside_the_panels_is_of_that_moment),
	    cmocka_unit_test(the_worst_thing_of_then_says_when_it_was),
	    cmocka_unit_test(an_empty_moment_says_so),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
