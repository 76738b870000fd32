/* SPDX-License-Identifier: MIT */
/* What keys tell a replay, and what its answers do to the screen. */
#include "tui/reel.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/unit/util.h"
#include "tui/colon.h"
#include "tui/term.h"
#include "tui/view.h"

#define S INT64_C(1000000)
#define NOON (INT64_C(1781352000) * S) /* 2026-06-13T12:00:00Z */
#define HOUR (3600 * S)

struct world {
	struct rt_model *m;
	struct rt_layout l;
	struct rt_grid g;
	struct rt_report_replay at;
	uint64_t pass;
	int64_t now_us; /* of the log */
};

/* The next answer of the replay; commands up to `done` were done. */
static void
answer(struct world *w, uint64_t done)
{
	struct rt_report r;

	rt_model_tick(w->m, (rt_mono_t){w->m->now.us + S},
	    (rt_wall_t){w->m->now_wall.us + S});
	rt_report_init(&r);
	r.source.window_s = 300;
	r.source.from_us = w->at.first_us;
	r.source.to_us = w->now_us;
	r.source.now_us = w->now_us;
	r.source.last_event_age_ms = 1000;
	r.source.started_id = w->pass;
	r.source.replay = w->at;
	r.source.replay.done = done;
	r.trend.step_s = 5;
	r.counts.n[RT_C_ATTEMPTS] = r.counts.n[RT_C_FIRST] = 50;
	r.counts.n[RT_C_ACCEPTED] = 50;
	rt_model_answer(w->m, &r);
	rt_report_fini(&r);
}

static void
open_world(struct world *w)
{
	memset(w, 0, sizeof(*w));
	w->m = rt_model_new("gw.jsonl", "ipc:///x", 300);
	rt_model_tick(w->m, (rt_mono_t){S}, (rt_wall_t){NOON + 99 * HOUR});
	rt_grid_init(&w->g);
	w->pass = 7;
	w->now_us = NOON + 600 * S;
	w->at = (struct rt_report_replay){.is_on = true,
	    .is_paused = true,
	    .is_measured = true,
	    .speed = 10,
	    .first_us = NOON,
	    .last_us = NOON + HOUR,
	    .record = 400,
	    .records = 1000,
	    .timeline_us = NOON,
	    .step_s = 64,
	    .cols = RT_TIMELINE_COLS};
	for (unsigned i = 0; i <= 56; i++)
		w->at.taken[i] = i > 40 && i < 45 ? 0 : 20;
	for (unsigned i = 20; i < 30; i++)
		w->at.failed[i] = i - 18;
	answer(w, 0);
}

static void
close_world(struct world *w)
{
	rt_grid_fini(&w->g);
	rt_model_free(w->m);
}

static enum rt_effect
press(struct world *w, int code)
{
	rt_layout_make(&w->l, w->m, 24, 80);
	return rt_keys_apply(w->m, &w->l, code);
}

#define ALL_LINES UINT32_MAX

/* Line `row` of the screen as text, or all of it. */
static const char *
line_of(struct world *w, unsigned rows, unsigned cols, unsigned row)
{
	static char text[65536];
	struct rt_buf b;
	const char *p;

	rt_buf_init(&b, 1 << 20);
	rt_layout_make(&w->l, w->m, rows, cols);
	rt_layout_settle(&w->l, w->m);
	rt_view_screen(w->m, &w->l, &w->g);
	rt_grid_dump(&b, &w->g);
	p = b.p;
	if (row == ALL_LINES) {
		snprintf(text, sizeof(text), "%s", b.p);
		rt_buf_fini(&b);
		return text;
	}
	for (; row > 0 && p; row--)
		p = strchr(p, '\n') ? strchr(p, '\n') + 1 : NULL;
	snprintf(text, sizeof(text), "%.*s", p ? (int)strcspn(p, "\n") : 0,
	    p ? p : "");
	rt_buf_fini(&b);
	return text;
}

static const struct rt_replay_command *
last(const struct world *w)
{
	static const struct rt_replay_command none = {
	    .verb = RT_REPLAY_VERB_COUNT};

	return w->m->reel.count ? &w->m->reel.commands[w->m->reel.count - 1]
				: &none;
}

static void
keys_become_commands(void **state)
{
	static const struct {
		int key;
		enum rt_replay_verb verb;
		int64_t value;
	} rows[] = {
	    {' ', RT_REPLAY_PAUSE, 0}, /* it was paused */
	    {'i', RT_REPLAY_STEP, 1},
	    {'I', RT_REPLAY_STEP, -1},
	    {'v', RT_REPLAY_VIOLATION, 1},
	    {'V', RT_REPLAY_VIOLATION, -1},
	    {',', RT_REPLAY_MOVE, -5 * S}, /* a column of the time lines */
	    {'.', RT_REPLAY_MOVE, 5 * S},
	    {'{', RT_REPLAY_MOVE, -50 * S},
	    {'}', RT_REPLAY_MOVE, 50 * S},
	};
	struct world w;

	(void)state;
	for (size_t i = 0; i < RT_COUNT_OF(rows); i++) {
		open_world(&w);
		assert_int_equal(press(&w, rows[i].key), RT_EFFECT_DRAW);
		if (last(&w)->verb != rows[i].verb ||
		    last(&w)->value != rows[i].value)
			fail_msg("key %c", rows[i].key);
		assert_true(w.m->ask_now);
		assert_false(w.m->is_frozen);
		close_world(&w);
	}
}

static void
words_become_commands(void **state)
{
	static const struct {
		const char *line;
		enum rt_replay_verb verb;
		int64_t value;
	} rows[] = {
	    {"speed 100", RT_REPLAY_PAUSE, 0}, /* after the speed: it runs */
	    {"pause", RT_REPLAY_PAUSE, 1},
	    {"step", RT_REPLAY_STEP, 1},
	    {"step 25", RT_REPLAY_STEP, 25},
	    {"step -3", RT_REPLAY_STEP, -3},
	    {"goto 12:01", RT_REPLAY_SEEK, NOON + 60 * S},
	    {"goto -5m", RT_REPLAY_MOVE, -300 * S},
	};
	enum rt_effect effect;
	struct rt_diag d;
	struct world w;

	(void)state;
	for (size_t i = 0; i < RT_COUNT_OF(rows); i++) {
		open_world(&w);
		if (rt_colon_run(w.m, rows[i].line, &effect, &d) != RT_OK ||
		    last(&w)->verb != rows[i].verb ||
		    last(&w)->value != rows[i].value)
			fail_msg("%s", rows[i].line);
		close_world(&w);
	}
	open_world(&w);
	assert_int_equal(rt_colon_run(w.m, "speed max", &effect, &d), RT_OK);
	assert_int_equal(w.m->reel.commands[0].verb, RT_REPLAY_SPEED);
	assert_int_equal(w.m->reel.commands[0].value, 0);
	assert_int_equal(rt_colon_run(w.m, "speed 0", &effect, &d), RT_E_FIELD);
	assert_int_equal(
	    rt_colon_run(w.m, "speed 1001", &effect, &d), RT_E_FIELD);
	assert_int_equal(rt_colon_run(w.m, "step x", &effect, &d), RT_E_FIELD);
	w.at.is_on = false;
	answer(&w, 0);
	assert_int_equal(
	    rt_colon_run(w.m, "speed 10", &effect, &d), RT_E_FIELD);
	assert_int_equal(rt_colon_run(w.m, "pause", &effect, &d), RT_E_FIELD);
	assert_int_equal(press(&w, 'i'), RT_EFFECT_NONE);
	close_world(&w);
}

static void
a_time_is_found_on_the_day_that_the_log_holds(void **state)
{
	static const struct {
		const char *when;
		int64_t want_s; /* after noon */
	} rows[] = {
	    {"12:01", 60},
	    {"12:01:30", 90},
	    {"12:59:59Z", 3599},
	    {"12:00", 0},
	    {"start", 0},
	    {"2026-06-13T12:30:00Z", 1800},
	    {"2026-06-13T14:30:00+02:00", 1800},
	};
	static const char *const refused[] = {"", "12", "12:60", "24:00",
	    "12:01:61", "12:01x", "11:59", "13:01", "2026-06-14T12:30:00Z",
	    "live", "tomorrow", "+", "-", "+1d"};
	struct rt_diag d;
	struct world w;

	(void)state;
	open_world(&w);
	for (size_t i = 0; i < RT_COUNT_OF(rows); i++) {
		w.m->reel.count = 0;
		if (rt_reel_goto(w.m, rows[i].when, &d) != RT_OK)
			fail_msg("%s: %s", rows[i].when, d.what);
		if (last(&w)->verb != RT_REPLAY_SEEK ||
		    last(&w)->value != NOON + rows[i].want_s * S)
			fail_msg("%s: %lld s", rows[i].when,
			    (long long)(last(&w)->value - NOON) / S);
	}
	w.m->reel.count = 0;
	for (size_t i = 0; i < RT_COUNT_OF(refused); i++) {
		d = (struct rt_diag){{0}, {0}};
		if (rt_reel_goto(w.m, refused[i], &d) != RT_E_FIELD ||
		    !d.what[0] || w.m->reel.count > 0)
			fail_msg("'%s' is taken", refused[i]);
	}
	assert_int_equal(rt_reel_goto(w.m, "end", &d), RT_OK);
	assert_true(last(&w)->value >= w.at.last_us);
	assert_int_equal(rt_reel_goto(w.m, "-90s", &d), RT_OK);
	assert_int_equal(last(&w)->verb, RT_REPLAY_MOVE);
	assert_true(last(&w)->value == -90 * S);
	assert_int_equal(rt_reel_goto(w.m, "+5m", &d), RT_OK);
	assert_true(last(&w)->value == 300 * S);
	close_world(&w);
}

static void
a_log_over_midnight_has_each_time_once(void **state)
{
	struct rt_diag d;
	struct world w;

	(void)state;
	open_world(&w);
	w.at.first_us = NOON + 11 * HOUR; /* 23:00 */
	w.at.last_us = NOON + 14 * HOUR;  /* 02:00 */
	w.now_us = NOON + 11 * HOUR + 60 * S;
	answer(&w, 0);
	assert_int_equal(rt_reel_goto(w.m, "23:30", &d), RT_OK);
	assert_true(last(&w)->value == NOON + 11 * HOUR + 1800 * S);
	assert_int_equal(rt_reel_goto(w.m, "01:00", &d), RT_OK);
	assert_true(last(&w)->value == NOON + 13 * HOUR);
	w.m->reel.count = 0;
	w.now_us = NOON + 13 * HOUR + 60 * S;
	answer(&w, 0);
	assert_int_equal(rt_reel_goto(w.m, "23:30", &d), RT_OK);
	assert_true(last(&w)->value == NOON + 11 * HOUR + 1800 * S);
	close_world(&w);
}

static void
commands_are_told_until_they_are_done(void **state)
{
	struct rt_query q;
	struct world w;

	(void)state;
	open_world(&w);
	q = rt_model_query(w.m);
	assert_true(q.replay.viewer == 0);
	(void)press(&w, 'i');
	(void)press(&w, 'i');
	q = rt_model_query(w.m);
	assert_true(q.replay.viewer > 0 && q.replay.viewer <= INT64_MAX);
	assert_int_equal(q.replay.count, 2);
	assert_true(rt_reel_hurries(w.m));
	answer(&w, 1);
	q = rt_model_query(w.m);
	assert_int_equal(q.replay.count, 1);
	assert_int_equal(q.replay.commands[0].seq, 2);
	answer(&w, 2);
	assert_int_equal(rt_model_query(w.m).replay.count, 0);
	assert_false(rt_reel_hurries(w.m));
	w.at.is_seeking = true;
	answer(&w, 2);
	assert_true(rt_reel_hurries(w.m));
	/* More than fit are refused in words. */
	for (unsigned i = 0; i < RT_REPLAY_COMMANDS; i++)
		(void)press(&w, 'i');
	assert_null(rt_model_notice(w.m));
	(void)press(&w, 'i');
	assert_non_null(rt_model_notice(w.m));
	assert_int_equal(w.m->reel.count, RT_REPLAY_COMMANDS);
	close_world(&w);
}

static void
space_turns_what_was_told_last(void **state)
{
	struct world w;

	(void)state;
	open_world(&w);
	(void)press(&w, ' ');
	assert_int_equal(last(&w)->value, 0);
	(void)press(&w, ' ');
	assert_int_equal(last(&w)->value, 1);
	(void)press(&w, ' ');
	(void)press(&w, 'i'); /* pauses */
	(void)press(&w, ' ');
	assert_int_equal(last(&w)->value, 0);
	close_world(&w);
}

static void
a_violation_is_said_and_enter_opens_it(void **state)
{
	struct world w;

	(void)state;
	open_world(&w);
	(void)press(&w, 'v');
	w.at.is_seeking = true;
	answer(&w, 1);
	assert_null(rt_model_notice(w.m));
	w.at.is_seeking = false;
	w.at.rule = "retry-after-auth-failure";
	w.at.operation_id = "op_9";
	w.at.evidence = "attempt 1: class auth";
	answer(&w, 1);
	assert_non_null(rt_model_notice(w.m));
	assert_non_null(strstr(rt_model_notice(w.m), "retry-after-auth"));
	assert_non_null(strstr(rt_model_notice(w.m), "Enter opens it"));
	/* It is said once. */
	w.m->notice[0] = '\0';
	answer(&w, 1);
	assert_null(rt_model_notice(w.m));
	(void)press(&w, RT_KEY_ENTER);
	assert_int_equal(w.m->drill->page, RT_PAGE_OPERATION);
	assert_string_equal(w.m->drill->id, "op_9");
	/* An open one gives way to the next. */
	(void)press(&w, 'v');
	w.at.operation_id = "op_10";
	answer(&w, 2);
	assert_int_equal(w.m->drill->page, RT_PAGE_OPERATION);
	assert_string_equal(w.m->drill->id, "op_10");
	(void)press(&w, RT_KEY_ESC);
	(void)press(&w, RT_KEY_ESC);
	assert_int_equal(w.m->drill->page, RT_PAGE_PANELS);
	/* What another viewer did is not said, and what it said to another. */
	w.at.operation_id = "op_11";
	answer(&w, 2);
	assert_null(rt_model_notice(w.m));
	(void)press(&w, 'v');
	w.at.rule = w.at.operation_id = NULL;
	w.at.said = "no violation further on";
	answer(&w, 3);
	assert_string_equal(rt_model_notice(w.m), "no violation further on");
	close_world(&w);
}

static void
another_key_takes_the_offer_back(void **state)
{
	struct world w;

	(void)state;
	open_world(&w);
	(void)press(&w, 'v');
	w.at.rule = "x";
	w.at.operation_id = "op_9";
	answer(&w, 1);
	(void)press(&w, 'j');
	(void)press(&w, RT_KEY_ENTER);
	assert_int_not_equal(w.m->drill->page, RT_PAGE_OPERATION);
	close_world(&w);
}

static void
going_back_forgets_the_events_and_is_no_restart(void **state)
{
	struct rt_event e = {.kind = RT_KIND_ATTEMPT, .attempt = 1};
	struct world w;

	(void)state;
	open_world(&w);
	rt_model_event(w.m, &e);
	w.m->tail_cursor = 1;
	assert_int_equal(w.m->trail->newest, 1);
	w.pass++;
	w.now_us -= 300 * S;
	answer(&w, 0);
	assert_int_equal(w.m->trail->newest, 0);
	assert_true(w.m->tail_cursor == UINT64_MAX);
	assert_int_equal(w.m->restarts, 0);
	assert_null(strstr(line_of(&w, 24, 80, 1), "RESTARTED"));
	close_world(&w);
}

static void
the_first_line_says_where_it_stands(void **state)
{
	struct world w;

	(void)state;
	open_world(&w);
	assert_non_null(
	    strstr(line_of(&w, 24, 80, 0), "REPLAY PAUSED 12:10:00Z"));
	w.at.is_paused = false;
	answer(&w, 0);
	assert_non_null(strstr(line_of(&w, 24, 80, 0), "REPLAY 12:10:00Z"));
	w.at.is_seeking = true;
	answer(&w, 0);
	assert_non_null(
	    strstr(line_of(&w, 40, 120, 0), "REPLAY SEEKING 12:10:00Z"));
	w.at.is_seeking = false;
	w.at.is_at_end = true;
	w.at.is_paused = true;
	answer(&w, 0);
	assert_non_null(strstr(line_of(&w, 10, 40, 0), "REPLAY END"));
	close_world(&w);
}

/* The only place to see the bar: above the keys, on every page. */
static void
the_bar_shows_the_log_and_the_place_in_it(void **state)
{
	static const struct {
		int64_t at_s;
		uint64_t record;
		unsigned speed;
		bool is_measured;
	} rows[] = {
	    {0, 0, 1, true},
	    {600, 400, 10, true},
	    {3600, 1000, 0, true},
	    {600, 400, 1000, false},
	};
	struct world w;

	(void)state;
	for (size_t i = 0; i < RT_COUNT_OF(rows); i++) {
		const char *line, *at;
		char state_text[32];
		ptrdiff_t width;

		open_world(&w);
		w.m->ascii = true;
		w.now_us = NOON + rows[i].at_s * S;
		w.at.record = rows[i].record;
		w.at.speed = rows[i].speed;
		w.at.is_measured = rows[i].is_measured;
		answer(&w, 0);
		line = line_of(&w, 24, 80, 22);
		at = strchr(line, '|');
		if (!at || strncmp(line, " 12:00:00Z ", 11) != 0 ||
		    !strstr(line, " 13:00:00Z"))
			fail_msg("row %zu: %s", i, line);
		width = strstr(line, " 13:00:00Z") - line - 11;
		assert_int_equal(width, 46);
		assert_int_equal(at - line - 11,
		    rows[i].at_s == 3600 ? width - 1
					 : rows[i].at_s * width / 3600);
		snprintf(state_text, sizeof(state_text),
		    rows[i].speed ? "%s x%u" : "%s max",
		    rows[i].record == 1000      ? "100%"
			: !rows[i].is_measured  ? "~ 40%"
			: rows[i].record == 400 ? " 40%"
						: "  0%",
		    rows[i].speed);
		if (!strstr(line, state_text))
			fail_msg("row %zu: no '%s' in %s", i, state_text, line);
		(void)press(&w, '?');
		assert_non_null(strchr(line_of(&w, 24, 80, 22), '|'));
		close_world(&w);
	}
}

static void
the_screen_looks_as_agreed(void **state)
{
	static const struct {
		unsigned rows, cols;
		bool is_ascii;
		const char *path;
	} rows[] = {
	    {24, 80, false, "tests/golden/replay-80x24.screen"},
	    {40, 120, true, "tests/golden/replay-120x40-ascii.screen"},
	};
	struct world w;

	(void)state;
	for (size_t i = 0; i < RT_COUNT_OF(rows); i++) {
		const char *text;
		char *want;
		size_t len;

		open_world(&w);
		w.m->ascii = rows[i].is_ascii;
		text = line_of(&w, rows[i].rows, rows[i].cols, ALL_LINES);
		if (getenv("RT_GOLDEN_WRITE")) {
			FILE *f = fopen(rows[i].path, "w");

			assert_non_null(f);
			fputs(text, f);
			assert_int_equal(fclose(f), 0);
		}
		want = util_read_file(rows[i].path, &len);
		if (strcmp(want, text) != 0)
			fail_msg(
			    "%s differs; now it is:\n%s", rows[i].path, text);
		free(want);
		close_world(&w);
	}
}

static void
any_size_has_room_for_it(void **state)
{
	struct world w;

	(void)state;
	open_world(&w);
	for (unsigned rows = 1; rows <= 60; rows += rows < 30 ? 1 : 10)
		for (unsigned cols = 1; cols <= 200; cols += 7)
			(void)line_of(&w, rows, cols, 0);
	w.at.first_us = w.at.last_us = 0;
	w.at.cols = 0;
	answer(&w, 0);
	for (unsigned cols = 60; cols <= 200; cols += 20)
		assert_non_null(
		    strstr(line_of(&w, 24, cols, 22), "no record of the log"));
	close_world(&w);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(keys_become_commands),
	    cmocka_unit_test(words_become_commands),
	    cmocka_unit_test(a_time_is_found_on_the_day_that_the_log_holds),
	    cmocka_unit_test(a_log_over_midnight_has_each_time_once),
	    cmocka_unit_test(commands_are_told_until_they_are_done),
	    cmocka_unit_test(space_turns_what_was_told_last),
	    cmocka_unit_test(a_violation_is_said_and_enter_opens_it),
	    cmocka_unit_test(another_key_takes_the_offer_back),
	    cmocka_unit_test(going_back_forgets_the_events_and_is_no_restart),
	    cmocka_unit_test(the_first_line_says_where_it_stands),
	    cmocka_unit_test(the_bar_shows_the_log_and_the_place_in_it),
	    cmocka_unit_test(the_screen_looks_as_agreed),
	    cmocka_unit_test(any_size_has_room_for_it),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
