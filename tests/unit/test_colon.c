/* SPDX-License-Identifier: MIT */
#include "tui/colon.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/unit/util.h"
#include "tui/term.h"
#include "tui/view.h"

struct world {
	struct rt_model *m;
	struct rt_layout l;
	struct rt_diag d;
	enum rt_effect effect;
};

static void
open_world(struct world *w)
{
	memset(w, 0, sizeof(*w));
	w->m = rt_model_new("test", "tcp://127.0.0.1:7782", 300);
	rt_model_tick(
	    w->m, (rt_mono_t){1000000}, (rt_wall_t){1781341471000000});
	w->m->ask_now = false;
	rt_layout_make(&w->l, w->m, 24, 80);
}

static void
close_world(struct world *w)
{
	rt_model_free(w->m);
}

static enum rt_err
run(struct world *w, const char *line)
{
	w->effect = RT_EFFECT_DRAW;
	w->d.what[0] = '\0';
	return rt_colon_run(w->m, line, &w->effect, &w->d);
}

static void
must(struct world *w, const char *line)
{
	if (run(w, line) != RT_OK)
		fail_msg(":%s: %s", line, w->d.what);
}

static void
type(struct world *w, const char *keys)
{
	for (; *keys; keys++)
		w->effect = rt_keys_apply(w->m, &w->l, (unsigned char)*keys);
}

static void
commands_change_what_they_name(void **state)
{
	struct world w;

	(void)state;
	open_world(&w);
	must(&w, "window 15m");
	assert_int_equal(w.m->window_s, 900);
	assert_true(w.m->ask_now);
	must(&w, "  sort   error  ");
	assert_int_equal(w.m->sort, RT_SORT_ERROR);
	assert_false(w.m->reverse);
	must(&w, "sort p95 reverse");
	assert_int_equal(w.m->sort, RT_SORT_P95);
	assert_true(w.m->reverse);
	must(&w, "filter st:5xx !class:auth");
	assert_int_equal(w.m->filter.count, 2);
	must(&w, "filter");
	assert_int_equal(w.m->filter.count, 0);
	must(&w, "help");
	assert_true(w.m->help);
	must(&w, "");
	must(&w, ":window 1h");
	assert_int_equal(w.m->window_s, 3600);
	must(&w, "theme safe");
	assert_int_equal(w.m->theme, RT_THEME_SAFE);
	w.m->live.source.span.until_us = 1;
	must(&w, "export");
	assert_int_equal(w.effect, RT_EFFECT_SAVE);
	assert_string_equal(w.m->export_to, "");
	must(&w, "save a name with blanks.jsonl ");
	assert_int_equal(w.effect, RT_EFFECT_SAVE);
	assert_string_equal(w.m->export_to, "a name with blanks.jsonl");
	must(&w, "quit");
	assert_int_equal(w.effect, RT_EFFECT_QUIT);
	close_world(&w);
}

static void
a_name_may_be_cut_short(void **state)
{
	struct world w;

	(void)state;
	open_world(&w);
	must(&w, "w 1m");
	assert_int_equal(w.m->window_s, 60);
	must(&w, "q");
	assert_int_equal(w.effect, RT_EFFECT_QUIT);
	close_world(&w);
}

static void
what_is_wrong_is_said_and_changes_nothing(void **state)
{
	static const struct {
		const char *line, *what;
	} rows[] = {
	    {"windw 5m", "no command windw; there is window"},
	    {"srot error", "no command srot; there is sort"},
	    {"qiut", "no command qiut; there is quit"},
	    {"frobnicate", "no command frobnicate; there is "},
	    {"frobnicate", "help, quit"},
	    {"window", "window takes one of: 1m 5m 15m 1h"},
	    {"window 2m", "window takes one of: 1m 5m 15m 1h"},
	    {"window all", "window takes one of: 1m 5m 15m 1h"},
	    {"sort", "sort takes one of: attempts"},
	    {"sort size", "sort takes one of: attempts"},
	    {"sort error up", "after the order only: reverse"},
	    {"filter nokey:1", "no such key: nokey"},
	    {"theme pink", "theme takes one of: dark light mono safe"},
	    {"goto", "goto takes a time"},
	    {"quit now", "quit takes nothing behind it"},
	};
	struct world w;

	(void)state;
	open_world(&w);
	for (size_t i = 0; i < RT_COUNT_OF(rows); i++) {
		assert_int_equal(run(&w, rows[i].line), RT_E_FIELD);
		if (!strstr(w.d.what, rows[i].what))
			fail_msg(":%s said: %s", rows[i].line, w.d.what);
	}
	assert_int_equal(w.m->window_s, 300);
	assert_int_equal(w.m->sort, RT_SORT_ATTEMPTS);
	assert_int_equal(w.m->filter.count, 0);
	assert_false(w.m->ask_now);
	close_world(&w);
}

static void
a_refused_line_stays_to_be_mended(void **state)
{
	struct world w;

	(void)state;
	open_world(&w);
	type(&w, ":windw 15m");
	(void)rt_keys_apply(w.m, &w.l, RT_KEY_ENTER);
	assert_true(w.m->prompt.is_open);
	assert_non_null(strstr(w.m->prompt.trouble, "there is window"));
	(void)rt_keys_apply(w.m, &w.l, 'u' & 31);
	assert_int_equal(w.m->prompt.trouble[0], '\0');
	type(&w, "window 15m");
	(void)rt_keys_apply(w.m, &w.l, RT_KEY_ENTER);
	assert_false(w.m->prompt.is_open);
	assert_int_equal(w.m->window_s, 900);
	/* The keys belong to the line: none of them acted by itself. */
	assert_false(w.m->zoomed);
	assert_false(w.m->is_frozen);
	close_world(&w);
}

static void
commands_and_filters_remember_apart(void **state)
{
	struct world w;

	(void)state;
	open_world(&w);
	type(&w, ":window 1h");
	(void)rt_keys_apply(w.m, &w.l, RT_KEY_ENTER);
	type(&w, "/st:5xx");
	(void)rt_keys_apply(w.m, &w.l, RT_KEY_ENTER);
	type(&w, ":");
	(void)rt_keys_apply(w.m, &w.l, RT_KEY_UP);
	assert_string_equal(w.m->prompt.text, "window 1h");
	(void)rt_keys_apply(w.m, &w.l, RT_KEY_ESC);
	type(&w, "/");
	(void)rt_keys_apply(w.m, &w.l, RT_KEY_UP);
	assert_string_equal(w.m->prompt.text, "st:5xx");
	close_world(&w);
}

static void
tab_completes_names_and_then_what_they_take(void **state)
{
	static const struct {
		const char *typed;
		unsigned tabs;
		const char *want;
	} rows[] = {
	    {":win", 1, "window"},
	    {":window ", 2, "window 5m"},
	    {":window ", 5, "window 1m"},
	    {":w 1", 3, "w 1h"},
	    {":sort f", 3, "sort failed"},
	    {":sort p95 rev", 1, "sort p95 reverse"},
	    {":filter !cl", 1, "filter !class:"},
	    {":filter st:5xx class:ti", 1, "filter st:5xx class:timeout"},
	    {":help x", 1, "help x"},
	    {":zz", 1, "zz"},
	};

	(void)state;
	for (size_t i = 0; i < RT_COUNT_OF(rows); i++) {
		struct world w;

		open_world(&w);
		type(&w, rows[i].typed);
		for (unsigned k = 0; k < rows[i].tabs; k++)
			(void)rt_keys_apply(w.m, &w.l, RT_KEY_TAB);
		assert_string_equal(w.m->prompt.text, rows[i].want);
		close_world(&w);
	}
}

static void
the_hint_says_how_the_command_at_hand_is_used(void **state)
{
	char hint[300];

	(void)state;
	rt_colon_hint(hint, sizeof(hint), "");
	assert_non_null(strstr(hint, "window, sort, filter"));
	rt_colon_hint(hint, sizeof(hint), "window 1");
	assert_non_null(strstr(hint, "window 1m|5m|15m|1h: The window"));
	rt_colon_hint(hint, sizeof(hint), "zzz");
	assert_non_null(strstr(hint, "window"));
}

static void
no_name_has_two_meanings_and_every_row_has_its_sentence(void **state)
{
	unsigned count;
	const struct rt_colon_row *rows = rt_colon_rows(&count);

	(void)state;
	for (unsigned i = 0; i < count; i++) {
		assert_int_equal(rows[i].help[strlen(rows[i].help) - 1], '.');
		for (unsigned k = 0; k < count; k++) {
			if (k != i)
				assert_string_not_equal(
				    rows[i].name, rows[k].name);
			if (rows[k].alias)
				assert_string_not_equal(
				    rows[i].name, rows[k].alias);
		}
	}
}

static void
the_manual_page_and_the_help_screen_list_every_command(void **state)
{
	size_t len;
	unsigned count;
	char *page = util_read_file("tui/retrytop.1", &len), item[64];
	const struct rt_colon_row *rows = rt_colon_rows(&count);
	struct rt_grid g;
	struct rt_buf b;
	struct world w;

	(void)state;
	open_world(&w);
	rt_grid_init(&g);
	rt_buf_init(&b, 1 << 20);
	rt_layout_make(&w.l, w.m, 400, 120);
	w.m->help = true;
	rt_view_screen(w.m, &w.l, &g);
	rt_grid_dump(&b, &g);
	for (unsigned i = 0; i < count; i++) {
		snprintf(item, sizeof(item), ".It Ic %s", rows[i].name);
		if (!strstr(page, item) || !strstr(page, rows[i].help))
			fail_msg("retrytop.1 lacks :%s, %s", rows[i].name,
			    rows[i].help);
		if (!strstr(b.p, rows[i].help) && strlen(rows[i].help) < 90)
			fail_msg("help lacks: %s", rows[i].help);
	}
	rt_buf_fini(&b);
	rt_grid_fini(&g);
	close_world(&w);
	free(page);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(commands_change_what_they_name),
	    cmocka_unit_test(a_name_may_be_cut_short),
	    cmocka_unit_test(what_is_wrong_is_said_and_changes_nothing),
	    cmocka_unit_test(a_refused_line_stays_to_be_mended),
	    cmocka_unit_test(commands_and_filters_remember_apart),
	    cmocka_unit_test(tab_completes_names_and_then_what_they_take),
	    cmocka_unit_test(the_hint_says_how_the_command_at_hand_is_used),
	    cmocka_unit_test(
		no_name_has_two_meanings_and_every_row_has_its_sentence),
	    cmocka_unit_test(
		the_manual_page_and_the_help_screen_list_every_command),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
