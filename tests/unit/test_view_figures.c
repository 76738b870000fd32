/* SPDX-License-Identifier: MIT */
/* What the figures on the screen say. */

#include "tests/unit/view_reports.h"

static void
the_four_rates_are_there_with_their_n(void **state)
{
	struct world w;

	(void)state;
	world_open(&w);
	world_answer(&w, fill_busy);
	world_draw(&w, 24, 80);
	assert_shows(&w.g,
	    " error 20.6%  timeout 3.5%  fallback 5.8%  "
	    "no usage 3.0%  n=846");
	world_close(&w);
}

static void
fates_add_up_to_the_operations_ended(void **state)
{
	struct world w;

	(void)state;
	world_open(&w);
	world_answer(&w, fill_busy);
	world_draw(&w, 24, 80);
	assert_shows(&w.g,
	    "fates 588 1st + 48 retry + 36 fbk + 24 degr + "
	    "12 exh + 12 fast = 720 ended");
	world_draw(&w, 40, 120);
	assert_shows(&w.g,
	    "588 first_try + 48 rescued_by_retry + "
	    "36 rescued_by_fallback");
	world_close(&w);
}

static void
fill_slow(struct rt_report *r)
{
	fill_busy(r);
	r->latency[RT_LATENCY_OPERATION].p95 = 900;
	r->latency[RT_LATENCY_OPERATION].p99 = 13100;
}

static void
long_times_leave_the_failures_their_place(void **state)
{
	struct world w;

	(void)state;
	world_open(&w);
	world_answer(&w, fill_slow);
	world_draw(&w, 24, 80);
	assert_shows(&w.g, "p95 900ms p99 13.1s failed 3.3%");
	world_close(&w);
}

static void
whatever_was_lost_is_visible_at_every_size(void **state)
{
	static const unsigned sizes[][2] = {{24, 80}, {40, 120}, {10, 40}};
	struct world w;

	(void)state;
	world_open(&w);
	world_answer(&w, fill_troubled);
	for (size_t i = 0; i < RT_COUNT_OF(sizes); i++) {
		world_draw(&w, sizes[i][0], sizes[i][1]);
		assert_shows(&w.g, "unexplained");
	}
	world_draw(&w, 24, 80);
	assert_shows(&w.g, "lost 12");
	assert_shows(&w.g, "chat-secondary ! FAIL");
	assert_shows(&w.g, "not_json 2");
	assert_shows(&w.g, "duplicates 5");
	assert_shows(&w.g, "late 4");
	assert_shows(&w.g, "sensitive dropped 1");
	assert_shows(&w.g, "overflow series 9");
	world_close(&w);
}

static void
the_budget_word_follows_the_retry_ratio(void **state)
{
	static const struct {
		uint64_t retries, first;
		const char *want;
	} rows[] = {
	    {19, 19, "?"},
	    {0, 20, "ok"},
	    {8, 100, "ok"},
	    {81, 1000, "~LOW"},
	    {99, 1000, "~LOW"},
	    {10, 100, "!OUT"},
	};

	(void)state;
	for (size_t i = 0; i < RT_COUNT_OF(rows); i++) {
		struct rt_counts c = {0};
		enum rt_role role;

		c.n[RT_C_RETRIES] = rows[i].retries;
		c.n[RT_C_FIRST] = rows[i].first;
		assert_string_equal(rt_facts_budget(&c, &role), rows[i].want);
	}
}

static void
route_names_keep_what_tells_them_apart(void **state)
{
	static const struct {
		const char *service, *route, *model;
		unsigned cols;
		const char *want;
	} rows[] = {
	    {"a", "/v1/x", "m", 24, "a /v1/x m"},
	    {"checkout", "/v1/chat/completions", "m-small", 40,
		"checkout /v1/chat/completions m-small"},
	    {"checkout", "/v1/chat/completions", "m-small", 34,
		"checkout chat/completions m-small"},
	    {"checkout", "/v1/chat/completions", "m-small", 24,
		"checkout cha~ons m-small"},
	    {NULL, NULL, NULL, 24, "-"},
	    {"a", NULL, "m", 24, "a m"},
	    {NULL, "/v1/x", NULL, 24, "/v1/x"},
	    {NULL, "/v1/chat/completions", "m-small", 14, "ch~ns m-small"},
	};
	char out[256];

	(void)state;
	for (size_t i = 0; i < RT_COUNT_OF(rows); i++) {
		struct rt_report_series s = {0};

		s.labels[RT_LABEL_SERVICE] = rows[i].service;
		s.labels[RT_LABEL_HTTP_ROUTE] = rows[i].route;
		s.labels[RT_LABEL_MODEL_REQUESTED] = rows[i].model;
		rt_facts_route(out, sizeof(out), &s, rows[i].cols);
		assert_string_equal(out, rows[i].want);
		assert_true(rt_text_cols(out) <= rows[i].cols);
	}
}

static void
per_second_figures_divide_by_window_or_uptime(void **state)
{
	struct world w;

	(void)state;
	world_open(&w);
	world_answer(&w, fill_busy);
	assert_within(rt_model_span_s(w.m), 300, 0.001);
	w.m->live.source.uptime_ms = 60000;
	assert_within(rt_model_span_s(w.m), 60, 0.001);
	w.m->live.source.uptime_ms = 10;
	assert_within(rt_model_span_s(w.m), 1, 0.001);
	world_close(&w);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(the_four_rates_are_there_with_their_n),
	    cmocka_unit_test(fates_add_up_to_the_operations_ended),
	    cmocka_unit_test(long_times_leave_the_failures_their_place),
	    cmocka_unit_test(whatever_was_lost_is_visible_at_every_size),
	    cmocka_unit_test(the_budget_word_follows_the_retry_ratio),
	    cmocka_unit_test(route_names_keep_what_tells_them_apart),
	    cmocka_unit_test(per_second_figures_divide_by_window_or_uptime),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
