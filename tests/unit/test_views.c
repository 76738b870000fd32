/* SPDX-License-Identifier: MIT */
/* Screens from hand-made reports, compared with tests/golden as text. */

#include <stdio.h>
#include <string.h>

#include "tests/unit/view_reports.h"
#include "tui/term.h"

/* clang-format off */
static const struct {
	const char *name;
	unsigned rows, cols;
	bool ascii;
	void (*fill)(struct rt_report *r);
} screens[] = {
	{"busy-80x24", 24, 80, false, fill_busy},
	{"busy-80x24-ascii", 24, 80, true, fill_busy},
	{"busy-120x40", 40, 120, false, fill_busy},
	{"busy-120x40-ascii", 40, 120, true, fill_busy},
	{"busy-200x60", 60, 200, false, fill_busy},
	{"busy-200x60-ascii", 60, 200, true, fill_busy},
	{"busy-40x10", 10, 40, false, fill_busy},
	{"busy-40x10-ascii", 10, 40, true, fill_busy},
	{"troubled-80x24", 24, 80, true, fill_troubled},
	{"troubled-120x40", 40, 120, true, fill_troubled},
	{"troubled-40x10", 10, 40, true, fill_troubled},
};
/* clang-format on */

static void
screens_look_as_agreed(void **state)
{
	(void)state;
	for (size_t i = 0; i < RT_COUNT_OF(screens); i++) {
		struct world w;

		world_open(&w);
		w.m->ascii = screens[i].ascii;
		world_answer(&w, screens[i].fill);
		see_events(&w, 40);
		world_pass_ms(&w, 400);
		world_draw(&w, screens[i].rows, screens[i].cols);
		assert_golden(&w.g, screens[i].name);
		world_close(&w);
	}
}

static void
canaries_show_phases_budgets_and_pauses(void **state)
{
	struct world w;

	(void)state;
	world_open(&w);
	world_answer(&w, fill_canaries);
	world_draw(&w, 24, 80);
	assert_golden(&w.g, "canaries-80x24");
	world_draw(&w, 40, 120);
	assert_golden(&w.g, "canaries-120x40");
	(void)world_press(&w, 40, 120, '8');
	(void)world_press(&w, 40, 120, 'z');
	world_draw(&w, 40, 120);
	assert_golden(&w.g, "canaries-zoomed-120x40");
	world_draw(&w, 24, 80);
	assert_golden(&w.g, "canaries-zoomed-80x24");
	assert_shows(&w.g, "paused 18s: rate_limited");
	assert_shows(&w.g, "stopped: max_per_run");
	assert_shows(&w.g, "ttft 352ms");
	world_close(&w);
}

/* clang-format off */
static const struct {
	const char *name, *keys, *shows, *hides;
	unsigned rows, cols;
} small[] = {
	{"small-20x5", "", "? q Tab", NULL, 5, 20},
	{"small-20x5-routes", "4", " ROUTE ", NULL, 5, 20},
	{"small-40x10-routes", "4", "checkout", "timeout", 10, 40},
	{"small-40x10-classes", "\t", "rate_limited", NULL, 10, 40},
	{"small-40x10-tail", "9", "9 Tail", NULL, 10, 40},
};
/* clang-format on */

static void
the_smallest_screens_show_their_way_on_and_what_is_cut(void **state)
{
	(void)state;
	for (size_t i = 0; i < RT_COUNT_OF(small); i++) {
		unsigned rows = small[i].rows, cols = small[i].cols;
		struct world w;

		world_open(&w);
		world_answer(&w, fill_busy);
		see_events(&w, 40);
		for (const char *key = small[i].keys; *key; key++)
			(void)world_press(
			    &w, rows, cols, *key == '\t' ? RT_KEY_TAB : *key);
		world_draw(&w, rows, cols);
		assert_shows(&w.g, small[i].shows);
		assert_shows(&w.g, " Tab");
		if (small[i].hides)
			assert_hides(&w.g, small[i].hides);
		assert_golden(&w.g, small[i].name);
		/* Back to the names and values. */
		(void)world_press(&w, rows, cols, RT_KEY_ESC);
		world_draw(&w, rows, cols);
		assert_shows(&w.g, "error ");
		(void)world_press(&w, rows, cols, '5');
		(void)world_press(&w, rows, cols, '1');
		world_draw(&w, rows, cols);
		assert_shows(&w.g, "error ");
		world_close(&w);
	}
}

static void
before_the_first_answer_it_says_so(void **state)
{
	struct world w;

	(void)state;
	world_open(&w);
	world_pass_ms(&w, 2000);
	world_draw(&w, 24, 80);
	assert_shows(&w.g, "ASKING no answer from tcp://127.0.0.1:7782");
	assert_golden(&w.g, "asking-80x24");
	world_close(&w);
}

static void
fill_nothing(struct rt_report *r)
{
	world_fill_source(r);
	r->source.last_event_age_ms = -1;
}

static void
without_events_it_says_where_to_point_a_client(void **state)
{
	struct world w;

	(void)state;
	world_open(&w);
	world_answer(&w, fill_nothing);
	world_draw(&w, 24, 80);
	assert_shows(&w.g, "no events yet: point a client at");
	assert_shows(&w.g, "error n/a");
	assert_golden(&w.g, "empty-80x24");
	world_draw(&w, 40, 120);
	assert_golden(&w.g, "empty-120x40");
	world_close(&w);
}

static void
fill_quiet(struct rt_report *r)
{
	world_fill_source(r);
	r->source.last_event_age_ms = 400000;
}

static void
an_empty_window_says_since_when(void **state)
{
	struct world w;

	(void)state;
	world_open(&w);
	world_answer(&w, fill_quiet);
	world_draw(&w, 24, 80);
	assert_shows(&w.g, "QUIET no data since 08:57:51Z");
	world_close(&w);
}

static void
a_silent_collector_is_gone_and_its_numbers_are_old(void **state)
{
	struct world w;

	(void)state;
	world_open(&w);
	world_answer(&w, fill_busy);
	world_pass_ms(&w, RT_MODEL_GONE_MS);
	assert_int_equal(w.m->link, RT_LINK_UP);
	world_pass_ms(&w, 29000);
	assert_int_equal(w.m->link, RT_LINK_GONE);
	world_draw(&w, 24, 80);
	assert_shows(&w.g, "! STALE");
	assert_shows(&w.g, "no answer since 09:04:31Z (32s");
	assert_golden(&w.g, "stale-80x24");
	world_answer(&w, fill_busy);
	world_draw(&w, 40, 120);
	assert_shows(&w.g, "BACK since 09:05:03Z after 32s of silence");
	world_close(&w);
}

static void
fill_restarted(struct rt_report *r)
{
	fill_busy(r);
	r->source.started_id = 8;
}

static void
a_restarted_collector_is_told_for_a_while(void **state)
{
	struct world w;

	(void)state;
	world_open(&w);
	world_answer(&w, fill_busy);
	w.m->tail_next = 99;
	world_pass_ms(&w, 1000);
	world_answer(&w, fill_restarted);
	assert_true(w.m->tail_next == UINT64_MAX);
	world_draw(&w, 24, 120);
	assert_shows(&w.g, "RESTARTED at 09:04:32Z: counts began anew");
	world_pass_ms(&w, RT_MODEL_NEWS_MS);
	world_answer(&w, fill_restarted);
	world_draw(&w, 24, 120);
	assert_hides(&w.g, "RESTARTED");
	assert_shows(&w.g, "restarts 1");
	world_close(&w);
}

/* What no cell may hold: it would move others, or drive the terminal. */
static const char *const unseemly[] = {"\x1b", "\r", "\t", "\x07",
    "\xe2\x80\xae", "\xe2\x80\x8b", "\xe2\x80\x8d", "\xef\xbb\xbf", "\xcc\x81",
    "\xe2\x81\xa6", "\xc2\x9b"};

static void
assert_seemly(struct world *w, bool is_ascii)
{
	const char *text = screen_text(&w->g);

	for (size_t i = 0; i < RT_COUNT_OF(unseemly); i++)
		assert_null(strstr(text, unseemly[i]));
	for (; is_ascii && *text; text++)
		if (*text != '\n')
			assert_in_range(*text, ' ', '~');
}

static void
hostile_names_move_no_cell(void **state)
{
	static const unsigned sizes[][2] = {
	    {10, 40}, {24, 80}, {40, 120}, {60, 200}};

	(void)state;
	for (size_t i = 0; i < 2 * RT_COUNT_OF(sizes); i++) {
		unsigned rows = sizes[i / 2][0], cols = sizes[i / 2][1];
		struct world w;
		char name[64];

		world_open(&w);
		w.m->ascii = i % 2 == 1;
		world_answer(&w, fill_hostile);
		world_draw(&w, rows, cols);
		assert_seemly(&w, w.m->ascii);
		snprintf(name, sizeof(name), "hostile-%ux%u%s", cols, rows,
		    w.m->ascii ? "-ascii" : "");
		assert_golden(&w.g, name);
		world_close(&w);
	}
}

static void
every_size_and_every_panel_can_be_drawn(void **state)
{
	static const unsigned sizes[] = {
	    1, 2, 3, 4, 5, 9, 11, 12, 13, 15, 18, 22, 24, 34, 60, 110, 200};
	struct world w;

	(void)state;
	world_open(&w);
	world_answer(&w, fill_hostile);
	see_events(&w, 40);
	for (size_t i = 0; i < RT_COUNT_OF(sizes); i++)
		for (size_t k = 0; k < RT_COUNT_OF(sizes); k++)
			for (int key = '1'; key <= '9'; key++) {
				(void)world_press(&w, sizes[i], sizes[k], key);
				world_draw(&w, sizes[i], sizes[k]);
				(void)world_press(&w, sizes[i], sizes[k], 'z');
				world_draw(&w, sizes[i], sizes[k]);
				(void)world_press(&w, sizes[i], sizes[k], 'z');
				(void)world_press(&w, sizes[i], sizes[k], '?');
				(void)world_press(&w, sizes[i], sizes[k], 'G');
				world_draw(&w, sizes[i], sizes[k]);
				(void)world_press(&w, sizes[i], sizes[k], '?');
			}
	assert_int_equal(w.g.rows, 200);
	world_close(&w);
}

static void
help_explains_the_panel_the_keys_and_every_rate(void **state)
{
	struct world w;

	(void)state;
	world_open(&w);
	world_answer(&w, fill_busy);
	assert_int_equal(world_press(&w, 24, 80, '?'), RT_EFFECT_DRAW);
	world_draw(&w, 24, 80);
	assert_golden(&w.g, "help-80x24");
	world_draw(&w, 200, 100);
	for (unsigned i = 0; i < RT_RATE_COUNT; i++)
		assert_shows(&w.g, rt_rate_info((enum rt_rate_id)i)->label);
	for (unsigned i = 0; i < RT_FATE_COUNT; i++)
		assert_shows(&w.g, rt_fate_name((enum rt_fate)i));
	assert_int_equal(world_press(&w, 24, 80, 'q'), RT_EFFECT_DRAW);
	assert_false(w.m->help);
	assert_int_equal(world_press(&w, 24, 80, 'q'), RT_EFFECT_QUIT);
	world_close(&w);
}

static void
help_scrolls_to_its_end_and_no_further(void **state)
{
	struct world w;

	(void)state;
	world_open(&w);
	world_answer(&w, fill_busy);
	(void)world_press(&w, 24, 80, '?');
	(void)world_press(&w, 24, 80, 'G');
	world_draw(&w, 24, 80);
	assert_shows(&w.g, "failed on the first attempt");
	assert_int_equal(w.m->help_top, rt_view_help_rows(w.m, 80) - 21);
	(void)world_press(&w, 24, 80, 'g');
	assert_int_equal(w.m->help_top, 0);
	world_close(&w);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(screens_look_as_agreed),
	    cmocka_unit_test(canaries_show_phases_budgets_and_pauses),
	    cmocka_unit_test(
		the_smallest_screens_show_their_way_on_and_what_is_cut),
	    cmocka_unit_test(before_the_first_answer_it_says_so),
	    cmocka_unit_test(without_events_it_says_where_to_point_a_client),
	    cmocka_unit_test(an_empty_window_says_since_when),
	    cmocka_unit_test(
		a_silent_collector_is_gone_and_its_numbers_are_old),
	    cmocka_unit_test(a_restarted_collector_is_told_for_a_while),
	    cmocka_unit_test(hostile_names_move_no_cell),
	    cmocka_unit_test(help_explains_the_panel_the_keys_and_every_rate),
	    cmocka_unit_test(help_scrolls_to_its_end_and_no_further),
	    cmocka_unit_test(every_size_and_every_panel_can_be_drawn),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
