/* SPDX-License-Identifier: MIT */
/* The menus of columns and orders, by their keys and as they look. */
#include "tui/menu.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/unit/screen.h"
#include "tui/order.h"
#include "tui/term.h"

struct dashboard {
	struct rt_model *m;
	struct rt_grid g;
	unsigned rows, cols;
};

static void
add_route(struct rt_report *r, const char *service)
{
	struct rt_report_series *s = rt_report_add_series(r);

	s->labels[RT_LABEL_SERVICE] = rt_report_text(r, rt_str_of(service));
	s->counts->n[RT_C_ATTEMPTS] = 100;
	r->series_total++;
}

static void
add_fallback(struct rt_report *r, const char *from, uint64_t count, uint64_t ok)
{
	struct rt_report_fallback *f = rt_report_add_fallback(r);

	f->from = rt_report_text(r, rt_str_of(from));
	f->to = "spare";
	f->reason = from;
	f->count = count;
	f->succeeded = ok;
}

static void
add_class(struct rt_report *r, enum rt_class k, enum rt_decision d, uint64_t n)
{
	r->counts.n[RT_C_CLASS + (unsigned)k] += n;
	r->counts.n[RT_C_CLASS_DECISION + (unsigned)k * RT_DECISION_COLUMNS +
	    (unsigned)d] += n;
	r->counts.n[RT_C_ATTEMPTS] += n;
}

static void
answer(struct dashboard *w)
{
	struct rt_report r;

	rt_report_init(&r);
	r.source.is_live = true;
	r.source.window_s = 300;
	r.source.now_us = NOW_US;
	r.source.uptime_ms = 3600000;
	r.source.started_id = 7;
	add_route(&r, "b");
	add_route(&r, "a");
	add_route(&r, "c");
	add_fallback(&r, "m", 24, 2);
	add_fallback(&r, "z", 12, 12);
	add_fallback(&r, "b", 6, 3);
	add_class(&r, RT_CLASS_TIMEOUT, RT_DECISION_ABORT_ERROR, 30);
	add_class(&r, RT_CLASS_AUTH, RT_DECISION_RETRY_SAME, 20);
	add_class(&r, RT_CLASS_NONE, RT_DECISION_NONE, 200);
	rt_model_answer(w->m, &r);
	rt_report_fini(&r);
}

static void
open_world(struct dashboard *w, unsigned rows, unsigned cols)
{
	*w = (struct dashboard){.rows = rows, .cols = cols};
	w->m = rt_model_new("t", "e", 300);
	rt_grid_init(&w->g);
	rt_model_tick(w->m, (rt_mono_t){1000000}, (rt_wall_t){NOW_US});
	answer(w);
}

static void
close_world(struct dashboard *w)
{
	rt_model_free(w->m);
	rt_grid_fini(&w->g);
}

static void
press(struct dashboard *w, const char *keys)
{
	for (; *keys; keys++) {
		int code = *keys == '\r' ? RT_KEY_ENTER : *keys;

		(void)screen_press(w->m, w->rows, w->cols, code);
	}
}

static const char *
screen(struct dashboard *w)
{
	(void)screen_draw(w->m, &w->g, w->rows, w->cols);
	return screen_text(&w->g);
}

static void
shows(struct dashboard *w, const char *text)
{
	(void)screen(w);
	assert_shows(&w->g, text);
}

static void
hides(struct dashboard *w, const char *text)
{
	(void)screen(w);
	assert_hides(&w->g, text);
}

static void
looks_as(struct dashboard *w, const char *name)
{
	(void)screen(w);
	assert_golden(&w->g, name);
}

/* ---- columns ------------------------------------------------------------ */

static void
columns_are_chosen_with_the_table_in_sight(void **state)
{
	struct dashboard w;

	(void)state;
	open_world(&w, 24, 80);
	hides(&w, "p50");
	press(&w, "5c"); /* from the classes: the routes come */
	assert_int_equal(w.m->table, RT_PANEL_ROUTES);
	shows(&w, "[x] op/s");
	shows(&w, "[~] p50");
	shows(&w, "op/s: operations ended per second");
	/* Nine to the right: p50. */
	press(&w, "lllllllll");
	shows(&w, "p50 (no room): median time of operations");
	press(&w, " ");
	shows(&w, "[x] p50");
	shows(&w, "fbk%   p50   p95");
	hides(&w, "bud trend");
	press(&w, "<<");
	shows(&w, "fin%   p50 fbk%");
	looks_as(&w, "columns-80x24");
	press(&w, "\r");
	hides(&w, "[x]");
	shows(&w, "fin%   p50 fbk%");
	close_world(&w);
}

static void
escape_puts_the_columns_back_and_0_those_of_the_first_day(void **state)
{
	struct dashboard w;
	char *before;

	(void)state;
	open_world(&w, 24, 80);
	before = strdup(screen(&w));
	press(&w, "c l>>\x1b");
	assert_string_equal(screen(&w), before);
	press(&w, "c l>>\r");
	assert_string_not_equal(screen(&w), before);
	press(&w, "c0c");
	assert_string_equal(screen(&w), before);
	free(before);
	close_world(&w);
}

static void
a_column_that_is_shown_goes_and_comes_back(void **state)
{
	struct dashboard w;

	(void)state;
	open_world(&w, 24, 80);
	press(&w, "c ");
	shows(&w, "[ ] op/s");
	hides(&w, "  op/s  ");
	press(&w, " ");
	shows(&w, "[x] op/s");
	close_world(&w);
}

/* ---- orders --------------------------------------------------------------- */

static void
the_order_is_chosen_with_the_table_in_sight(void **state)
{
	struct dashboard w;

	(void)state;
	open_world(&w, 24, 80);
	w.m->ask_now = false;
	press(&w, "s");
	shows(&w, "Order of Routes");
	shows(&w, "[*] attempts");
	assert_false(w.m->ask_now);
	press(&w, "ll");
	shows(&w, "amp: attempts an operation");
	shows(&w, "sort: amp v");
	assert_true(w.m->ask_now);
	press(&w, "r");
	shows(&w, "sort: amp ^");
	looks_as(&w, "orders-80x24");
	press(&w, "\x1b");
	shows(&w, "sort: attempts v");
	press(&w, "ll\r"); /* no menu: these move nothing in the order */
	assert_int_equal(w.m->sort, RT_SORT_ATTEMPTS);
	close_world(&w);
}

static void
s_twice_takes_the_next_order_and_angles_go_both_ways(void **state)
{
	struct dashboard w;

	(void)state;
	open_world(&w, 24, 80);
	press(&w, "ss");
	assert_int_equal(w.m->menu.kind, RT_MENU_NONE);
	assert_int_equal(w.m->sort, 1);
	press(&w, "<<");
	assert_int_equal(w.m->sort, RT_SORT_COUNT - 1);
	press(&w, ">>");
	assert_int_equal(w.m->sort, 1);
	press(&w, "r");
	assert_true(w.m->reverse);
	close_world(&w);
}

/* The word in the row of a panel that is `place` from its top. */
static const char *
fallback_at(struct dashboard *w, size_t place)
{
	const struct rt_model_rows *rows = &w->m->rows[RT_PANEL_FALLBACKS];

	return rt_model_report(w->m)->fallbacks[rows->order[place]].from;
}

static void
other_panels_have_orders_of_their_own(void **state)
{
	static const struct {
		const char *keys, *want;
	} rows[] = {
	    {"6", "mzb"}, {">", "zbm"}, /* ok */
	    {">", "bmz"},               /* from */
	    {"r", "zmb"}, {"s\x1b", "zmb"},
	    {"ss", "mzb"}, /* to: all alike, so as the report has them */
	    {"r", "mzb"}, {">", "bmz"}, /* reason */
	    {">", "mzb"},               /* round */
	};
	struct dashboard w;

	(void)state;
	open_world(&w, 40, 120);
	for (size_t i = 0; i < RT_COUNT_OF(rows); i++) {
		press(&w, rows[i].keys);
		for (size_t k = 0; k < 3; k++)
			if (fallback_at(&w, k)[0] != rows[i].want[k])
				fail_msg("row %zu: %zu is %s", i, k,
				    fallback_at(&w, k));
	}
	assert_int_equal(w.m->sort, RT_SORT_ATTEMPTS);
	hides(&w, "sort: n");
	press(&w, "5>");
	shows(&w, "sort: rty v");
	assert_int_equal(w.m->rows[RT_PANEL_CLASSES].order[0], 1); /* auth */
	press(&w, "<");
	assert_int_equal(w.m->rows[RT_PANEL_CLASSES].order[0], 0);
	close_world(&w);
}

static void
where_the_panel_has_no_rows_the_table_is_meant(void **state)
{
	struct dashboard w;

	(void)state;
	open_world(&w, 24, 80);
	press(&w, "69>"); /* table: fallbacks; focus: the tail */
	assert_int_equal(w.m->orders[RT_PANEL_FALLBACKS], 1);
	press(&w, "2>"); /* the table of a small screen has no rows */
	assert_int_equal(w.m->sort, 1);
	close_world(&w);
}

static void
the_cursor_stays_on_its_row_in_another_order(void **state)
{
	struct dashboard w;

	(void)state;
	open_world(&w, 40, 120);
	press(&w, "6j");
	assert_string_equal(
	    fallback_at(&w, w.m->rows[RT_PANEL_FALLBACKS].at), "z");
	press(&w, ">>");
	assert_string_equal(
	    fallback_at(&w, w.m->rows[RT_PANEL_FALLBACKS].at), "z");
	close_world(&w);
}

static void
a_menu_fits_every_size_and_keys_stay_its_own(void **state)
{
	static const char *const opens[] = {"c", "s"};

	(void)state;
	for (size_t i = 0; i < RT_COUNT_OF(opens); i++)
		for (unsigned rows = 1; rows < 50; rows += 7)
			for (unsigned cols = 1; cols < 220; cols += 13) {
				struct dashboard w;
				struct rt_layout l;

				open_world(&w, rows, cols);
				press(&w, opens[i]);
				(void)screen(&w);
				press(&w, "zjkxyPo/:?");
				assert_int_not_equal(
				    w.m->menu.kind, RT_MENU_NONE);
				assert_false(w.m->zoomed || w.m->help ||
				    w.m->prompt.is_open);
				l = screen_place(w.m, w.rows, w.cols);
				assert_int_equal(
				    rt_keys_apply(w.m, &l, 'c' & 0x1f),
				    RT_EFFECT_QUIT);
				close_world(&w);
			}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(columns_are_chosen_with_the_table_in_sight),
	    cmocka_unit_test(
		escape_puts_the_columns_back_and_0_those_of_the_first_day),
	    cmocka_unit_test(a_column_that_is_shown_goes_and_comes_back),
	    cmocka_unit_test(the_order_is_chosen_with_the_table_in_sight),
	    cmocka_unit_test(
		s_twice_takes_the_next_order_and_angles_go_both_ways),
	    cmocka_unit_test(other_panels_have_orders_of_their_own),
	    cmocka_unit_test(where_the_panel_has_no_rows_the_table_is_meant),
	    cmocka_unit_test(the_cursor_stays_on_its_row_in_another_order),
	    cmocka_unit_test(a_menu_fits_every_size_and_keys_stay_its_own),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
