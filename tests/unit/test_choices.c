/* SPDX-License-Identifier: MIT */
/* What was chosen, as text and back; what of it a run takes over. */
#include "tui/choices.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "tests/unit/util.h"
#include "tui/keep.h"

static struct rt_choices
plain(void)
{
	struct rt_choices c;

	memset(&c, 0, sizeof(c));
	c.window_s = 300;
	c.utc = true;
	rt_columns_init(&c.columns);
	return c;
}

static void
encode(const struct rt_choices *c, char out[RT_CHOICES_MAX])
{
	struct rt_buf b;

	rt_buf_init_fixed(&b, out, RT_CHOICES_MAX);
	rt_choices_encode(&b, c);
	assert_false(b.overflow);
}

static void
what_was_chosen_comes_back(void **state)
{
	static char text[RT_CHOICES_MAX];
	struct rt_choices c = plain(), read = plain();
	char(*lines)[RT_PROMPT_MAX + 1] = c.history[RT_PROMPT_FILTER].lines;
	char *command = c.history[RT_PROMPT_COMMAND].lines[0];

	(void)state;
	c.window_s = 3600;
	c.theme = RT_THEME_SAFE;
	c.utc = false;
	c.ascii = true;
	c.sort = RT_SORT_P95;
	c.reverse = true;
	c.columns.wishes[RT_COLUMN_P50] = RT_WISH_SHOWN;
	c.columns.wishes[RT_COLUMN_AMP] = RT_WISH_HIDDEN;
	(void)rt_columns_move(&c.columns, RT_COLUMN_P50, -1);
	c.orders[RT_PANEL_CLASSES] = 3;
	c.orders[RT_PANEL_CANARY] = 1;
	c.reversed[RT_PANEL_CLASSES] = true;
	for (unsigned k = 0; k < RT_PROMPT_KINDS; k++)
		c.history[k].count = RT_PROMPT_HISTORY - k;
	for (unsigned i = 0; i < RT_PROMPT_HISTORY; i++)
		snprintf(lines[i], sizeof(lines[i]),
		    "route:/v1/x;%u !class:auth %%41 |  = # [a]", i);
	/* The longest, with what takes three bytes on every line of text. */
	memset(lines[3], ';', RT_FILTER_MAX);
	for (unsigned i = 0; i < RT_FILTER_MAX; i++)
		lines[4][i] = i % 50 == 0 || i % 50 == 49 ? ' ' : 'x';
	lines[4][0] = lines[4][RT_FILTER_MAX - 1] = 'y';
	memset(lines[5], 0, sizeof(lines[5]));
	snprintf(lines[5], sizeof(lines[5]),
	    "model:\xe4\xb8\xad\xe6\x96\x87 service:\xc3\xa9");
	memset(command, ';', RT_PROMPT_MAX);
	encode(&c, text);
	assert_int_equal(rt_choices_decode(&read, text, NULL), 0);
	for (unsigned i = 0; i < RT_PROMPT_HISTORY; i++)
		assert_string_equal(
		    read.history[RT_PROMPT_FILTER].lines[i], lines[i]);
	assert_memory_equal(&read, &c, sizeof(c));
}

static void
what_is_broken_or_unknown_is_left_out_and_the_first_is_named(void **state)
{
	static const struct {
		const char *text, *want;
		unsigned bad;
	} rows[] = {
	    {"", "", 0},
	    {"; a comment\n\n[screen]\n", "", 0},
	    {"[screen]\nwindow = 9m\n", "[screen] window: no such value \"9m\"",
		1},
	    {"[screen]\nwindow = all\n",
		"[screen] window: no such value \"all\"", 1},
	    {"[screen]\ntheme = neon\nclock = cet\nascii = 1\n",
		"[screen] theme: no such value \"neon\"", 3},
	    {"[screen]\nsize = 9\n", "[screen] size: unknown, with value \"9\"",
		1},
	    {"[attic]\nwindow = 5m\n",
		"[attic] window: unknown, with value \"5m\"", 1},
	    {"[routes]\nsort = p95\nsort = cost\n",
		"[routes] sort: no such value \"cost\"", 1},
	    {"[routes]\ncolumns = op/s cost\n",
		"[routes] columns: no such value \"op/s cost\"", 1},
	    {"[routes]\ncolumns = amp +amp\n",
		"[routes] columns: no such value \"amp +amp\"", 1},
	    {"[orders]\n4 = n\n5 = n up\n5 = cost\n0 = n\n99 = n\n",
		"[orders] 4: no such value \"n\"", 5},
	    {"[screen]\nnonsense\n", "line 2 is no \"name = value\"", 1},
	    {"[filters]\n1 = open\n", "[filters] 1: no such value \"open\"", 1},
	    {"[filters]\n1 = |%4|\n", "[filters] 1: no such value \"|%4|\"", 1},
	    {"[filters]\n0 = |a|\nx = |a|\n",
		"[filters] 0: no such value \"|a|\"", 2},
	    {"=\n", "[] : unknown, with value \"\"", 1},
	    {"\x01\x02\xff\n[\n", "line 1 is no \"name = value\"", 1},
	};

	(void)state;
	for (size_t i = 0; i < RT_COUNT_OF(rows); i++) {
		struct rt_choices c = plain(), want = plain();
		struct rt_diag d = {{0}, {0}};
		unsigned bad = rt_choices_decode(&c, rows[i].text, &d);

		assert_string_equal(d.what, rows[i].want);
		if (bad != rows[i].bad)
			fail_msg("%s: %u", rows[i].text, bad);
		want.sort = c.sort; /* one row sets it before it is wrong */
		assert_memory_equal(&c, &want, sizeof(c));
	}
}

static void
a_history_longer_than_there_is_room_for_keeps_to_its_bounds(void **state)
{
	static char text[RT_CHOICES_MAX];
	struct rt_choices c = plain();
	size_t n = (size_t)sprintf(text, "[filters]\n");

	(void)state;
	for (unsigned i = 1; i <= RT_PROMPT_HISTORY + 3; i++)
		n += (size_t)sprintf(text + n, "%u = |op:%u|\n", i, i);
	assert_int_equal(rt_choices_decode(&c, text, NULL), 3);
	assert_int_equal(c.history[0].count, RT_PROMPT_HISTORY);
	n = (size_t)sprintf(text, "[filters]\n1 = |a|\n");
	for (unsigned i = 0; i < 10; i++)
		n += (size_t)sprintf(text + n, "\t|%0100u|\n", 1u);
	c = plain();
	assert_int_equal(rt_choices_decode(&c, text, NULL), 9);
	assert_int_equal(c.history[0].count, 1);
	assert_int_equal(strlen(c.history[0].lines[0]), 101);
}

static void
only_what_changed_on_the_screen_is_kept(void **state)
{
	struct rt_choices kept = plain(), before = plain(), now;

	(void)state;
	/* This run began with --theme light. */
	before.theme = RT_THEME_LIGHT;
	now = before;
	assert_false(rt_choices_follow(&kept, &before, &now));
	now.sort = RT_SORT_NAME;
	assert_true(rt_choices_follow(&kept, &before, &now));
	assert_int_equal(kept.sort, RT_SORT_NAME);
	assert_int_equal(kept.theme, RT_THEME_DARK);
	before = now;
	now.theme = RT_THEME_SAFE;
	assert_true(rt_choices_follow(&kept, &before, &now));
	assert_int_equal(kept.theme, RT_THEME_SAFE);
}

/* ---- with a folder --------------------------------------------------------- */

static char root[64];

static int
open_root(void **state)
{
	(void)state;
	snprintf(root, sizeof(root), "/tmp/retrytop-choices-XXXXXX");
	return mkdtemp(root) && setenv("XDG_STATE_HOME", root, 1) == 0 ? 0 : -1;
}

static int
close_root(void **state)
{
	char command[256];

	(void)state;
	snprintf(
	    command, sizeof(command), "chmod -R u+w %s; rm -rf %s", root, root);
	return system(command);
}

static struct rt_model *
run_of(struct rt_keep *k)
{
	struct rt_model *m = rt_model_new("t", "e", 300);

	memset(k, 0, sizeof(*k));
	rt_model_tick(m, (rt_mono_t){1000000}, (rt_wall_t){1});
	rt_keep_open(k, m);
	rt_keep_follow(k, m);
	return m;
}

static void
pass_ms(struct rt_model *m, int64_t ms)
{
	rt_model_tick(m, rt_mono_add_ms(m->now, ms), (rt_wall_t){1});
}

static bool
is_written(void)
{
	char path[256];
	struct stat st;

	snprintf(path, sizeof(path), "%s/retrytop/screen.ini", root);
	return stat(path, &st) == 0;
}

static void
the_next_run_begins_as_the_last_one_was_left(void **state)
{
	struct rt_keep k;
	struct rt_model *m = run_of(&k);

	(void)state;
	assert_null(rt_model_notice(m));
	rt_keep_close(&k, m);
	assert_false(is_written()); /* nothing was chosen */
	rt_model_free(m);
	m = run_of(&k);
	m->sort = RT_SORT_ERROR;
	m->theme = RT_THEME_LIGHT;
	snprintf(m->prompt.text, sizeof(m->prompt.text), "st:5xx");
	rt_prompt_remember(&m->prompt);
	rt_keep_follow(&k, m);
	pass_ms(m, RT_KEEP_MS - 1);
	rt_keep_follow(&k, m);
	assert_false(is_written());
	pass_ms(m, 1);
	rt_keep_follow(&k, m);
	assert_true(is_written());
	m->utc = false;
	rt_keep_close(&k, m);
	rt_model_free(m);
	m = run_of(&k);
	assert_int_equal(m->sort, RT_SORT_ERROR);
	assert_int_equal(m->theme, RT_THEME_LIGHT);
	assert_false(m->utc);
	assert_int_equal(m->prompt.history[0].count, 1);
	assert_string_equal(m->prompt.history[0].lines[0], "st:5xx");
	rt_model_free(m);
}

static void
a_broken_file_is_said_once_and_stops_nothing(void **state)
{
	char path[256];
	struct rt_keep k;
	struct rt_model *m;
	FILE *f;

	(void)state;
	snprintf(path, sizeof(path), "%s/retrytop/screen.ini", root);
	f = fopen(path, "w");
	assert_non_null(f);
	fputs("[screen]\nwindow = 7m\ncolour = red\nclock = local\n", f);
	fclose(f);
	m = run_of(&k);
	assert_non_null(rt_model_notice(m));
	assert_non_null(strstr(rt_model_notice(m),
	    "left out of screen.ini: [screen] window: no such value \"7m\", 1 "
	    "more"));
	assert_false(m->utc);
	assert_int_equal(m->window_s, 300);
	rt_model_free(m);
}

static void
where_nothing_can_be_written_that_is_said_and_not_tried_again(void **state)
{
	char path[256];
	struct rt_keep k;
	struct rt_model *m;

	(void)state;
	snprintf(path, sizeof(path), "%s/retrytop/screen.ini", root);
	remove(path);
	assert_int_equal(mkdir(path, 0700), 0);
	m = run_of(&k);
	assert_non_null(strstr(rt_model_notice(m), "choices are not kept: "));
	assert_non_null(strstr(rt_model_notice(m), "is no plain file"));
	m->notice[0] = '\0';
	m->sort = RT_SORT_NAME;
	rt_keep_close(&k, m);
	assert_null(rt_model_notice(m));
	rt_model_free(m);
	remove(path);
	m = run_of(&k);
	assert_int_equal(mkdir(path, 0700), 0);
	m->sort = RT_SORT_NAME;
	rt_keep_follow(&k, m);
	pass_ms(m, RT_KEEP_MS);
	rt_keep_follow(&k, m);
	assert_non_null(strstr(rt_model_notice(m), "cannot be written"));
	assert_true(k.is_off);
	rt_model_free(m);
}

static void
a_run_that_forgets_neither_reads_nor_writes(void **state)
{
	struct rt_keep k = {.is_off = true};
	struct rt_model *m = rt_model_new("t", "e", 300);
	char path[256];

	(void)state;
	snprintf(path, sizeof(path), "%s/retrytop/screen.ini", root);
	remove(path);
	rt_keep_open(&k, m);
	rt_keep_follow(&k, m);
	m->sort = RT_SORT_NAME;
	rt_keep_close(&k, m);
	assert_false(is_written());
	rt_model_free(m);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(what_was_chosen_comes_back),
	    cmocka_unit_test(
		what_is_broken_or_unknown_is_left_out_and_the_first_is_named),
	    cmocka_unit_test(
		a_history_longer_than_there_is_room_for_keeps_to_its_bounds),
	    cmocka_unit_test(only_what_changed_on_the_screen_is_kept),
	    cmocka_unit_test(the_next_run_begins_as_the_last_one_was_left),
	    cmocka_unit_test(a_broken_file_is_said_once_and_stops_nothing),
	    cmocka_unit_test(
		where_nothing_can_be_written_that_is_said_and_not_tried_again),
	    cmocka_unit_test(a_run_that_forgets_neither_reads_nor_writes),
	};

	return cmocka_run_group_tests(tests, open_root, close_root);
}
