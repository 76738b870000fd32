/* SPDX-License-Identifier: MIT */
/* A model that asks a real aggregate, as feed does, through more than an hour. */
#include "tui/travel.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "collector/aggregate.h"
#include "proto/decode.h"
#include "tests/unit/screen.h"
#include "tui/colon.h"
#include "tui/term.h"

#define S INT64_C(1000000)
#define WALL_US INT64_C(1781341200000000) /* 2026-06-13T09:00:00Z */
#define MONO_US (7260 * S)

struct travel {
	struct rt_aggregate *a;
	struct rt_decoder *decoder;
	struct rt_model *m;
	struct rt_report r;
	struct rt_grid g;
	int64_t now_us; /* since the start */
	unsigned ids;
};

static struct rt_moment
moment(int64_t us)
{
	return (struct rt_moment){{MONO_US + us}, {WALL_US + us}};
}

static void
put(struct travel *w, const char *id, unsigned attempt, const char *rest)
{
	char line[400];

	snprintf(line, sizeof(line),
	    "{\"schema\":\"llm-attempt/v1\",\"operation_id\":\"%s\","
	    "\"attempt\":%u,\"service\":\"checkout\",\"http_route\":"
	    "\"/v1/chat\",\"http_request_method\":\"POST\","
	    "\"elapsed_ms\":120,\"model_requested\":\"m-small\",%s}",
	    id, attempt, rest);
	rt_aggregate_record(w->a, rt_str_of(line), moment(w->now_us), "test");
}

/* Every second of the half minute that begins now one operation; each fifth fails. */
static void
run(struct travel *w, int64_t seconds)
{
	for (int64_t end = w->now_us + seconds * S; w->now_us < end;
	     w->now_us += S) {
		char id[24];

		if (w->now_us / S % 60 >= 30)
			continue;
		snprintf(id, sizeof(id), "op-%04u", w->ids);
		if (w->ids++ % 5 == 0) {
			put(w, id, 1,
			    "\"http_response_status_code\":503,"
			    "\"decision\":\"fallback_secondary\","
			    "\"decision_reason\":\"busy\","
			    "\"fallback_target\":\"m-spare\"");
			put(w, id, 2,
			    "\"http_response_status_code\":500,"
			    "\"decision\":\"abort_error\"");
		} else
			put(w, id, 1,
			    "\"http_response_status_code\":200,"
			    "\"decision\":\"none\"");
	}
}

static void
tick(struct travel *w)
{
	rt_model_tick(w->m, moment(w->now_us).mono, moment(w->now_us).wall);
}

static struct rt_query
ask(struct travel *w)
{
	struct rt_query q = rt_model_query(w->m);

	tick(w);
	w->m->asked_at_us = q.at_us;
	w->m->ask_now = false;
	return q;
}

static void
deliver(struct travel *w, const struct rt_query *q)
{
	rt_report_reset(&w->r);
	rt_aggregate_report(w->a, q, moment(w->now_us), &w->r);
	rt_model_answer(w->m, &w->r);
	for (size_t i = 0; i < w->m->live.tail.count; i++) {
		const char *line = w->m->live.tail.lines[i];
		struct rt_event e;

		assert_int_equal(
		    rt_decode(w->decoder, line, strlen(line), &e, NULL),
		    RT_REJECT_NOT);
		rt_model_event(w->m, &e);
	}
	if (w->m->has_moved)
		rt_travel_arrived(w->m);
}

/* One question and its answer. */
static void
answer(struct travel *w)
{
	struct rt_query q = ask(w);

	deliver(w, &q);
}

/* A collector that has run for so long. */
static void
open_world(struct travel *w, int64_t seconds)
{
	const struct rt_aggregate_opts o = {.is_live = true,
	    .capacity = {.operations = 8192, .sketch_chunks = 65536}};
	const struct rt_decode_opts d = {.attempt_base = 1};

	memset(w, 0, sizeof(*w));
	rt_report_init(&w->r);
	rt_grid_init(&w->g);
	w->decoder = rt_decoder_new(&d);
	w->a = rt_aggregate_new(&o, moment(0));
	w->m = rt_model_new("test", "tcp://127.0.0.1:7782", 300);
	run(w, seconds);
	answer(w);
}

static void
close_world(struct travel *w)
{
	rt_aggregate_free(w->a);
	rt_decoder_free(w->decoder);
	rt_model_free(w->m);
	rt_report_fini(&w->r);
	rt_grid_fini(&w->g);
}

static void
press(struct travel *w, int key)
{
	tick(w);
	(void)screen_press(w->m, 24, 80, key);
}

static void
command(struct travel *w, const char *z)
{
	press(w, ':');
	for (; *z; z++)
		press(w, (unsigned char)*z);
	press(w, RT_KEY_ENTER);
}

static void
draw(struct travel *w, unsigned rows, unsigned cols)
{
	tick(w);
	(void)screen_draw(w->m, &w->g, rows, cols);
}

static void
shows(struct travel *w, const char *needle)
{
	draw(w, 24, 80);
	assert_shows(&w->g, needle);
}

static void
looks_as(struct travel *w, unsigned rows, unsigned cols, const char *name)
{
	draw(w, rows, cols);
	assert_golden(&w->g, name);
}

/* Seconds since the start of the moment on the screen. */
static int64_t
at_s(const struct travel *w)
{
	return (rt_model_report(w->m)->source.at_us - WALL_US) / S;
}

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
	open_world(&w, 4150);
	for (size_t i = 0; i < RT_COUNT_OF(rows); i++) {
		press(&w, rows[i].key);
		answer(&w);
		if (rows[i].want_s == 0)
			assert_false(rt_report_is_past(rt_model_report(w.m)));
		else
			assert_int_equal(at_s(&w), rows[i].want_s);
	}
	close_world(&w);
}

static void
keys_pressed_before_an_answer_add_up(void **state)
{
	struct rt_query early;
	struct travel w;

	(void)state;
	open_world(&w, 4150);
	for (int i = 0; i < 5; i++)
		press(&w, ',');
	answer(&w);
	assert_int_equal(at_s(&w), 3900);
	/* The answer to an earlier question does not undo a step. */
	press(&w, ',');
	early = ask(&w);
	press(&w, ',');
	deliver(&w, &early);
	assert_int_equal(w.m->at_us, WALL_US + 3780 * S);
	answer(&w);
	assert_int_equal(at_s(&w), 3780);
	close_world(&w);
}

static void
a_short_window_steps_by_ten_seconds_until_five_minutes_ago(void **state)
{
	struct travel w;

	(void)state;
	open_world(&w, 4150);
	command(&w, "window 1m");
	answer(&w);
	for (int i = 0; i < 24; i++) {
		press(&w, ',');
		answer(&w);
		assert_int_equal(at_s(&w), 4140 - 10 * i);
	}
	assert_int_equal(at_s(&w), 3910);
	press(&w, ',');
	answer(&w);
	press(&w, ',');
	answer(&w);
	assert_int_equal(at_s(&w), 3840);
	close_world(&w);
}

static void
nothing_older_than_what_is_held_is_shown(void **state)
{
	struct travel w;

	(void)state;
	open_world(&w, 4150);
	for (int i = 0; i < 9; i++)
		press(&w, '{');
	answer(&w);
	/* Held since the minute 4140, less an hour; the first bucket ends a minute later. */
	assert_int_equal(at_s(&w), 600);
	press(&w, ',');
	shows(&w, "nothing older is held than 09:09:00Z");
	answer(&w);
	assert_int_equal(at_s(&w), 600);
	close_world(&w);
}

static void
the_first_bucket_of_a_young_collector_can_be_seen(void **state)
{
	struct travel w;

	(void)state;
	open_world(&w, 0);
	w.now_us = 14 * S;
	w.m->window_s = 60;
	answer(&w);
	press(&w, '{');
	answer(&w);
	assert_int_equal(at_s(&w), 10);
	close_world(&w);
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
	open_world(&w, 4150);
	press(&w, '.');
	shows(&w, "this is the present");
	assert_int_equal(w.m->at_us, 0);
	close_world(&w);
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
	open_world(&w, 4150);
	for (size_t i = 0; i < RT_COUNT_OF(rows); i++) {
		command(&w, rows[i].line);
		if (w.m->prompt.is_open)
			fail_msg("%s: %s", rows[i].line, w.m->prompt.trouble);
		answer(&w);
		if (rows[i].want_s > 0)
			assert_int_equal(at_s(&w), rows[i].want_s);
		else
			assert_false(rt_report_is_past(rt_model_report(w.m)));
	}
	close_world(&w);
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
	open_world(&w, 4150);
	for (size_t i = 0; i < RT_COUNT_OF(rows); i++) {
		assert_int_equal(
		    rt_travel_goto(w.m, rows[i].when, &d), RT_E_FIELD);
		if (!strstr(d.what, rows[i].what))
			fail_msg("%s: %s", rows[i].when, d.what);
		assert_int_equal(w.m->at_us, 0);
	}
	close_world(&w);
}

/* ---- what is on the screen ---------------------------------------------------- */

static void
every_part_of_the_screen_is_of_that_moment(void **state)
{
	struct travel w;
	const struct rt_trail *t;
	const struct rt_report *r;
	uint64_t attempts = 0;

	(void)state;
	open_world(&w, 4150);
	command(&w, "goto 10:05");
	answer(&w);
	r = rt_model_report(w.m);
	t = rt_model_trail(w.m);
	assert_int_equal(at_s(&w), 3900);
	for (size_t i = 0; i < r->series_count; i++)
		attempts += r->series[i].counts->n[RT_C_ATTEMPTS];
	assert_int_equal(attempts, r->counts.n[RT_C_ATTEMPTS]);
	assert_int_equal(attempts, 150 + 30);
	assert_int_equal(r->fallbacks[0].count, 30);
	assert_true(t->newest > 0);
	assert_true(rt_trail_get(t, t->newest)->ts_us == WALL_US + 3869 * S);
	/* The same while more comes, only that it is more. */
	run(&w, 60);
	answer(&w);
	assert_int_equal(at_s(&w), 3900);
	assert_false(w.m->live.tail.asked);
	assert_true(rt_model_trail(w.m) == t);
	assert_int_equal(rt_model_held(w.m), w.m->live.source.since);
	shows(&w, "AT 10:05:00Z");
	shows(&w, " 10:04:29.0 ");
	close_world(&w);
}

static void
an_open_operation_and_a_list_are_of_that_moment(void **state)
{
	struct travel w;
	char id[RT_QUERY_OPERATION_MAX + 1];

	(void)state;
	open_world(&w, 4150);
	press(&w, '9');
	press(&w, RT_KEY_ENTER);
	answer(&w);
	assert_int_equal(w.m->drill->held, RT_HELD_YES);
	snprintf(id, sizeof(id), "%s", w.m->drill->id);
	/* It came in the last half minute: five minutes ago nobody knew of it. */
	command(&w, "goto -5m");
	answer(&w);
	assert_string_equal(w.m->drill->id, id);
	assert_int_equal(w.m->drill->held, RT_HELD_NO);
	assert_int_equal(
	    rt_oplist_find(&w.m->drill->list, id), w.m->drill->list.count);
	assert_true(w.m->drill->list.count > 0);
	press(&w, 'G');
	answer(&w);
	answer(&w);
	assert_int_equal(w.m->drill->held, RT_HELD_YES);
	close_world(&w);
}

static void
the_tail_of_the_present_goes_on_where_it_was(void **state)
{
	struct travel w;
	uint64_t newest;

	(void)state;
	open_world(&w, 4150);
	newest = w.m->trail->newest;
	press(&w, ',');
	answer(&w);
	assert_int_equal(w.m->trail->newest, newest);
	press(&w, 'G');
	answer(&w);
	assert_ptr_equal(rt_model_trail(w.m), w.m->trail);
	assert_true(w.m->trail->newest >= newest);
	close_world(&w);
}

static void
a_frozen_screen_steps_from_its_moment_and_thaws_with_the_answer(void **state)
{
	struct travel w;

	(void)state;
	open_world(&w, 4150);
	press(&w, ' ');
	run(&w, 300);
	answer(&w);
	press(&w, 'w');
	shows(&w, "frozen: window 15m is shown once it goes on");
	answer(&w);
	shows(&w, "win 5m");
	command(&w, "window 5m");
	press(&w, ',');
	assert_true(w.m->is_frozen);
	shows(&w, "FROZEN 10:09:10Z");
	answer(&w);
	assert_false(w.m->is_frozen);
	assert_int_equal(at_s(&w), 4140);
	/* And the past can be frozen. */
	press(&w, ' ');
	run(&w, 60);
	answer(&w);
	shows(&w, "FROZEN AT 10:09:00Z");
	press(&w, 'G');
	answer(&w);
	assert_false(w.m->is_frozen);
	shows(&w, "LIVE");
	close_world(&w);
}

static void
a_frozen_operation_gets_no_later_records(void **state)
{
	struct travel w;

	(void)state;
	open_world(&w, 4120);
	put(&w, "slow", 1,
	    "\"http_response_status_code\":503,\"decision\":"
	    "\"retry_same\",\"backoff_ms\":100");
	answer(&w);
	w.m->tail_cursor = UINT64_MAX;
	answer(&w);
	press(&w, '9');
	press(&w, ' ');
	w.now_us += S;
	put(&w, "slow", 2, "\"http_response_status_code\":200");
	press(&w, RT_KEY_ENTER);
	answer(&w);
	assert_string_equal(w.m->drill->id, "slow");
	assert_int_equal(w.m->drill->fall.records, 1);
	press(&w, RT_KEY_ESC);
	press(&w, ' ');
	press(&w, ']');
	press(&w, RT_KEY_ENTER);
	answer(&w);
	assert_int_equal(w.m->drill->fall.records, 2);
	close_world(&w);
}

static void
screens_of_the_past_look_as_agreed(void **state)
{
	struct travel w;

	(void)state;
	open_world(&w, 4150);
	w.m->ascii = true;
	command(&w, "goto 10:05");
	answer(&w);
	w.m->notice[0] = '\0';
	looks_as(&w, 24, 80, "past-80x24");
	looks_as(&w, 40, 120, "past-120x40");
	looks_as(&w, 10, 40, "past-40x10");
	command(&w, "window 1h");
	answer(&w);
	looks_as(&w, 24, 80, "past-cut-80x24");
	press(&w, ':');
	press(&w, 'g');
	looks_as(&w, 24, 80, "command-80x24");
	looks_as(&w, 40, 120, "command-120x40");
	close_world(&w);
}

static void
what_has_no_history_is_a_dash(void **state)
{
	struct travel w;

	(void)state;
	open_world(&w, 4150);
	command(&w, "goto 10:05");
	answer(&w);
	shows(&w, ", - open");
	shows(&w, "lost -");
	press(&w, '1');
	press(&w, 'z');
	shows(&w, "open: - run, - wait, - fbk");
	close_world(&w);
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
	open_world(&w, 4150);
	for (size_t i = 0; i < RT_COUNT_OF(keys); i++) {
		draw(&w, 60, 200);
		answer(&w);
		assert_int_equal(w.m->dock.held, RT_HELD_YES);
		press(&w, keys[i]);
		draw(&w, 60, 200);
		answer(&w);
		draw(&w, 60, 200);
		if (!is_in_tail(&w, w.m->dock.id))
			fail_msg("%c: %s", keys[i], w.m->dock.id);
		answer(&w);
		assert_int_equal(w.m->dock.held, RT_HELD_YES);
		if (w.m->live.source.at_us)
			assert_true(rt_trail_get(rt_model_trail(w.m),
					rt_model_trail(w.m)->newest)
					->ts_us < w.m->live.source.at_us);
	}
	close_world(&w);
}

static void
the_worst_thing_of_then_says_when_it_was(void **state)
{
	struct travel w;

	(void)state;
	open_world(&w, 4150);
	press(&w, '!');
	assert_non_null(strstr(w.m->notice, " failed in 5m (final ok"));
	press(&w, ' ');
	press(&w, '!');
	assert_non_null(strstr(w.m->notice, " in 5m until 10:09:10Z ("));
	command(&w, "goto 10:05");
	answer(&w);
	press(&w, '!');
	assert_non_null(strstr(w.m->notice,
	    "30 of 150 operations failed in 5m until 10:05:00Z ("));
	close_world(&w);
}

static void
an_empty_moment_says_so(void **state)
{
	struct travel w;

	(void)state;
	open_world(&w, 600);
	w.now_us += 900 * S;
	answer(&w);
	command(&w, "window 1m");
	command(&w, "goto -5m");
	answer(&w);
	shows(&w, "no data in the 1m before 09:20:00Z");
	close_world(&w);
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
