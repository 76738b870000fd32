/* SPDX-License-Identifier: MIT */
/* What keeps its place while answers and events come in: order, trends, tail, freeze. */

#include "tests/unit/view_reports.h"

static void
fill_turned(struct rt_report *r)
{
	world_fill_source(r);
	add_route(r, "search", "/v1/responses", "m-large-2026-05-01", 1, 2100);
	add_route(r, "fresh", "/v1/new", "m", 1, 1);
	add_route(r, "checkout", "/v1/chat/completions", "m-small", 3, 900);
	add_route(r, "support-bot", "/v1/responses", "m-mini", 2, 400);
}

static const char *
service_at(struct world *w, size_t place)
{
	const struct rt_model_rows *rows = &w->m->rows[RT_PANEL_ROUTES];

	return rt_model_report(w->m)
	    ->series[rows->order[place]]
	    .labels[RT_LABEL_SERVICE];
}

static void
the_cursor_sticks_to_its_row_when_the_order_turns(void **state)
{
	struct world w;

	(void)state;
	world_open(&w);
	world_answer(&w, fill_busy);
	(void)world_press(&w, 24, 80, 'j');
	assert_int_equal(w.m->rows[RT_PANEL_ROUTES].at, 1);
	world_pass_ms(&w, RT_MODEL_HOLD_MS);
	world_answer(&w, fill_turned);
	assert_string_equal(service_at(&w, 0), "search");
	assert_int_equal(w.m->rows[RT_PANEL_ROUTES].at, 3);
	world_close(&w);
}

static void
the_order_holds_for_five_seconds_after_a_key(void **state)
{
	struct world w;

	(void)state;
	world_open(&w);
	world_answer(&w, fill_busy);
	(void)world_press(&w, 24, 80, 'j');
	world_pass_ms(&w, RT_MODEL_HOLD_MS - 1);
	world_answer(&w, fill_turned);
	assert_string_equal(service_at(&w, 0), "checkout");
	assert_string_equal(service_at(&w, 1), "support-bot");
	assert_string_equal(service_at(&w, 2), "search");
	assert_string_equal(service_at(&w, 3), "fresh");
	world_pass_ms(&w, 1);
	world_answer(&w, fill_turned);
	assert_string_equal(service_at(&w, 0), "search");
	world_close(&w);
}

static void
another_sort_is_seen_at_once(void **state)
{
	struct world w;

	(void)state;
	world_open(&w);
	world_answer(&w, fill_busy);
	w.m->ask_now = false;
	(void)world_press(&w, 24, 80, 's');
	(void)world_press(&w, 24, 80, 's');
	assert_true(w.m->ask_now);
	assert_int_equal(rt_model_query(w.m).sort, RT_SORT_OPS);
	world_answer(&w, fill_turned);
	assert_string_equal(service_at(&w, 0), "search");
	world_close(&w);
}

static void
trends_leave_out_the_column_that_still_grows(void **state)
{
	struct rt_report r = {.source = {.is_live = true}};
	uint32_t v[4] = {0, 3, 0, 9}, begun[4] = {0, 0, 0, 9};

	(void)state;
	assert_int_equal(rt_view_finished(&r, v, 4), 3);
	assert_int_equal(rt_view_finished(&r, begun, 4), 4);
	r.source.is_live = false;
	assert_int_equal(rt_view_finished(&r, v, 4), 4);
}

static void
fill_later(struct rt_report *r)
{
	fill_busy(r);
	r->trend.v[RT_TREND_OPS][0] = 77;
}

static void
the_time_line_moves_every_five_seconds_at_most(void **state)
{
	struct world w;

	(void)state;
	world_open(&w);
	world_answer(&w, fill_busy);
	world_pass_ms(&w, RT_MODEL_TREND_MS - 1);
	world_answer(&w, fill_later);
	assert_int_not_equal(w.m->live.trend.v[RT_TREND_OPS][0], 77);
	world_pass_ms(&w, 1);
	world_answer(&w, fill_later);
	assert_int_equal(w.m->live.trend.v[RT_TREND_OPS][0], 77);
	world_close(&w);
}

static void
a_tail_too_fast_to_read_moves_every_two_seconds(void **state)
{
	struct world w;

	(void)state;
	world_open(&w);
	world_answer(&w, fill_busy);
	see_events(&w, 10);
	world_draw(&w, 24, 80);
	assert_int_equal(w.m->tail_bottom, 10);
	world_pass_ms(&w, 1000);
	see_events(&w, 100);
	world_draw(&w, 24, 80);
	assert_int_equal(w.m->tail_bottom, 10);
	world_pass_ms(&w, 1000);
	world_draw(&w, 24, 80);
	assert_int_equal(w.m->tail_bottom, 110);
	see_events(&w, 3);
	world_draw(&w, 24, 80);
	assert_int_equal(w.m->tail_bottom, 113);
	world_close(&w);
}

static void
a_frozen_screen_stays_and_counts_what_it_holds(void **state)
{
	struct world w;

	(void)state;
	world_open(&w);
	world_answer(&w, fill_busy);
	see_events(&w, 10);
	(void)world_press(&w, 24, 80, ' ');
	world_draw(&w, 24, 80);
	world_answer(&w, fill_troubled);
	see_events(&w, 5);
	world_pass_ms(&w, 3000);
	world_draw(&w, 24, 80);
	assert_shows(&w.g, "FROZEN 09:04:31Z");
	assert_shows(&w.g, "5 held");
	assert_hides(&w.g, "unexplained");
	assert_golden(&w.g, "frozen-80x24");
	(void)world_press(&w, 24, 80, ' ');
	world_draw(&w, 24, 80);
	assert_shows(&w.g, "unexplained");
	assert_shows(&w.g, "FOLLOW");
	world_close(&w);
}

static void
thawing_before_an_answer_keeps_the_old_one(void **state)
{
	struct world w;

	(void)state;
	world_open(&w);
	world_answer(&w, fill_busy);
	(void)world_press(&w, 24, 80, ' ');
	(void)world_press(&w, 24, 80, ' ');
	assert_int_equal(rt_model_report(w.m)->series_count, 3);
	world_close(&w);
}

static void
scrolling_the_tail_up_holds_it_until_F(void **state)
{
	struct world w;

	(void)state;
	world_open(&w);
	world_answer(&w, fill_busy);
	see_events(&w, 40);
	(void)world_press(&w, 24, 80, '9');
	(void)world_press(&w, 24, 80, 'k');
	world_draw(&w, 24, 80);
	see_events(&w, 7);
	world_draw(&w, 24, 80);
	assert_shows(&w.g, "HELD, F follows  7 held");
	assert_int_equal(w.m->tail_at, 39);
	(void)world_press(&w, 24, 80, 'F');
	world_draw(&w, 24, 80);
	assert_shows(&w.g, "FOLLOW");
	world_close(&w);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(the_cursor_sticks_to_its_row_when_the_order_turns),
	    cmocka_unit_test(the_order_holds_for_five_seconds_after_a_key),
	    cmocka_unit_test(another_sort_is_seen_at_once),
	    cmocka_unit_test(trends_leave_out_the_column_that_still_grows),
	    cmocka_unit_test(the_time_line_moves_every_five_seconds_at_most),
	    cmocka_unit_test(a_tail_too_fast_to_read_moves_every_two_seconds),
	    cmocka_unit_test(a_frozen_screen_stays_and_counts_what_it_holds),
	    cmocka_unit_test(thawing_before_an_answer_keeps_the_old_one),
	    cmocka_unit_test(scrolling_the_tail_up_holds_it_until_F),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
