/* SPDX-License-Identifier: MIT */
/* The rules of alerts, and what one look finds. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/unit/alerts.h"

/* ---- rules -------------------------------------------------------------------------- */

static void
rules_are_read_and_print_as_what_reads_the_same(void **state)
{
	static const struct {
		enum rt_alert alert;
		const char *text, *printed;
	} rows[] = {
	    {RT_ALERT_ERROR, "off", "off"},
	    {RT_ALERT_ERROR, "20%", "20% for 0s n 20 clear 16%"},
	    {RT_ALERT_ERROR, "20% for 1m n 50 clear 15%",
		"20% for 60s n 50 clear 15%"},
	    {RT_ALERT_ERROR, "2.5%  clear 2.5%\tn 20 for 250ms",
		"2.5% for 250ms n 20 clear 2.5%"},
	    {RT_ALERT_ERROR, "0%", "0% for 0s n 20 clear 0%"},
	    {RT_ALERT_AMPLIFICATION, "2x", "2x for 0s n 20 clear 1.8x"},
	    {RT_ALERT_AMPLIFICATION, "0.5x", "0.5x for 0s n 20 clear 0.4x"},
	    {RT_ALERT_P95, "30s for 2m", "30000ms for 120s n 20 clear 24000ms"},
	    {RT_ALERT_VIOLATIONS, "3", "3 for 0s clear 3"},
	    {RT_ALERT_LOST, "0 for 5s", "0 for 5s clear 0"},
	    {RT_ALERT_RETRY_BUDGET, "150%", "150% for 0s n 20 clear 120%"},
	};
	size_t i;

	(void)state;
	for (i = 0; i < RT_COUNT_OF(rows); i++) {
		struct rt_alert_rule r, again;
		struct rt_buf b;

		rt_buf_init(&b, 4096);
		assert_int_equal(
		    rt_alert_rule_from(&r, rows[i].alert, rows[i].text, NULL),
		    RT_OK);
		rt_alert_rule_print(&b, rows[i].alert, &r);
		assert_string_equal(b.p, rows[i].printed);
		assert_int_equal(
		    rt_alert_rule_from(&again, rows[i].alert, b.p, NULL),
		    RT_OK);
		assert_int_equal(r.is_on, again.is_on);
		assert_int_equal(r.min_n, again.min_n);
		assert_int_equal(r.for_ms, again.for_ms);
		assert_within(r.threshold, again.threshold, 1e-12);
		assert_within(r.clear, again.clear, 1e-12);
		rt_buf_fini(&b);
	}
}

static void
what_is_no_rule_is_refused_and_nothing_changes(void **state)
{
	static const struct {
		enum rt_alert alert;
		const char *text;
	} rows[] = {
	    {RT_ALERT_ERROR, ""},
	    {RT_ALERT_ERROR, "on"},
	    {RT_ALERT_ERROR, "off for 1m"},
	    {RT_ALERT_ERROR, "20"},
	    {RT_ALERT_ERROR, "-1%"},
	    {RT_ALERT_ERROR, "nan%"},
	    {RT_ALERT_ERROR, "10001%"},
	    {RT_ALERT_ERROR, "%"},
	    {RT_ALERT_ERROR, "20% for"},
	    {RT_ALERT_ERROR, "20% for ever"},
	    {RT_ALERT_ERROR, "20% for 25h"},
	    {RT_ALERT_ERROR, "20% n 19"},
	    {RT_ALERT_ERROR, "20% n 0"},
	    {RT_ALERT_ERROR, "20% clear 21%"},
	    {RT_ALERT_ERROR, "20% clear 0.1"},
	    {RT_ALERT_ERROR, "20% until 1m"},
	    {RT_ALERT_ERROR, "2x"},
	    {RT_ALERT_AMPLIFICATION, "2"},
	    {RT_ALERT_P95, "30%"},
	    {RT_ALERT_LOST, "1%"},
	    {RT_ALERT_LOST, "0 n 20"},
	    {RT_ALERT_LOST, "-1"},
	    {RT_ALERT_ERROR, "20% for 1m n 20 clear 9% for 1m n 20 clear 9%"},
	};
	size_t i;

	(void)state;
	for (i = 0; i < RT_COUNT_OF(rows); i++) {
		struct rt_alert_rule r, before;
		struct rt_diag d = {{0}, {0}};

		memset(&r, 0x5a, sizeof(r));
		before = r;
		if (rt_alert_rule_from(&r, rows[i].alert, rows[i].text, &d) !=
		    RT_E_CONFIG)
			fail_msg("'%s' was taken", rows[i].text);
		assert_memory_equal(&r, &before, sizeof(r));
		assert_non_null(strstr(d.what, "needs off or a threshold"));
	}
}

static void
defaults_need_twenty_and_are_what_the_list_says(void **state)
{
	struct rt_alert_rules r;
	unsigned i;

	(void)state;
	rt_alert_rules_init(&r);
	for (i = 0; i < RT_ALERT_COUNT; i++) {
		assert_int_equal(r.rows[i].min_n, 20);
		assert_int_equal(r.rows[i].is_on,
		    strcmp(rt_alert_default((enum rt_alert)i), "off") != 0);
	}
	assert_false(r.rows[RT_ALERT_P95].is_on);
	assert_true(r.rows[RT_ALERT_FINAL_FAILURE].is_on);
}

/* The manual says what is watched and how, row by row. */
static void
the_manual_lists_every_alert_with_its_default(void **state)
{
	size_t len;
	char *page = util_read_file("tui/retrytop.1", &len), item[256];
	unsigned i;

	(void)state;
	for (i = 0; i < RT_ALERT_COUNT; i++) {
		snprintf(item, sizeof(item), ".It Cm %s = %s\n%.24s",
		    rt_alert_name((enum rt_alert)i),
		    rt_alert_default((enum rt_alert)i),
		    rt_alert_sentence((enum rt_alert)i));
		if (!strstr(page, item))
			fail_msg("retrytop.1 lacks: %s", item);
	}
	for (i = 0; i < RT_RULE_COUNT; i++)
		if (rt_alert_is_severe((enum rt_rule)i) &&
		    !strstr(strstr(page, ".It Cm violations"),
			rt_rule_name((enum rt_rule)i)))
			fail_msg("retrytop.1 lacks: %s",
			    rt_rule_name((enum rt_rule)i));
	free(page);
}

/* ---- one look ------------------------------------------------------------------------ */

static void
a_value_fires_above_the_threshold_and_just_misses_at_it(void **state)
{
	static const struct {
		uint64_t attempts, bad;
		bool fires;
	} rows[] = {
	    {100, 21, true},
	    {100, 20, false}, /* at the threshold */
	    {1000, 201, true},
	    {20, 5, true},
	    {20, 4, false},
	    {19, 19, false}, /* too few */
	    {1, 1, false},
	    {0, 0, false},
	    {21, 21, true},
	};
	size_t i;

	for (i = 0; i < RT_COUNT_OF(rows); i++) {
		alerts_end(state);
		alerts_begin(state);
		alerts_watch(RT_ALERT_TIMEOUT, "20%");
		alerts_one_route(rows[i].attempts, rows[i].bad);
		alerts_look();
		if (rt_report_firing(&told) != rows[i].fires)
			fail_msg("%llu of %llu",
			    (unsigned long long)rows[i].bad,
			    (unsigned long long)rows[i].attempts);
		if (rows[i].fires)
			assert_false(alerts_only()->is_rest);
	}
}

/* Each kind, at a value that just fires and at one that just does not. */
static void
every_kind_of_rate_is_judged_by_its_own_numbers(void **state)
{
	static const struct {
		enum rt_alert alert;
		const char *rule;
		unsigned numerator, denominator; /* counters */
		uint64_t below, above, of;
	} rows[] = {
	    {RT_ALERT_ERROR, "10%", RT_C_CLASS + RT_CLASS_AUTH, RT_C_ATTEMPTS,
		4, 5, 40},
	    {RT_ALERT_TIMEOUT, "10%", RT_C_CLASS + RT_CLASS_TIMEOUT,
		RT_C_ATTEMPTS, 4, 5, 40},
	    {RT_ALERT_FALLBACK, "10%", RT_C_OPS_FALLBACK, RT_C_OPS_ENDED, 4, 5,
		40},
	    {RT_ALERT_FINAL_FAILURE, "10%", RT_C_FATE + RT_FATE_EXHAUSTED,
		RT_C_OPS_ENDED, 4, 5, 40},
	    {RT_ALERT_MISSING_USAGE, "10%", RT_C_USAGE_MISSING,
		RT_C_USAGE_KNOWN, 4, 5, 40},
	    {RT_ALERT_AMPLIFICATION, "2x", RT_C_OP_ATTEMPTS, RT_C_OPS_ENDED, 80,
		81, 40},
	    {RT_ALERT_RETRY_BUDGET, "100%", RT_C_RETRIES, RT_C_FIRST, 4, 5, 40},
	};
	size_t i, k;

	for (i = 0; i < RT_COUNT_OF(rows); i++)
		for (k = 0; k < 2; k++) {
			struct rt_report_series *s;
			uint64_t v = k ? rows[i].above : rows[i].below;

			alerts_end(state);
			alerts_begin(state);
			alerts_watch(rows[i].alert, rows[i].rule);
			s = rt_report_add_series(&seen);
			s->counts->n[rows[i].denominator] = rows[i].of;
			s->counts->n[rows[i].numerator] = v;
			if (rows[i].denominator == RT_C_ATTEMPTS)
				s->counts->n[RT_C_CLASS + RT_CLASS_NONE] =
				    rows[i].of - v;
			s->counts->n[RT_C_FATE + RT_FATE_FIRST_TRY] =
			    rows[i].alert == RT_ALERT_FINAL_FAILURE
			    ? rows[i].of - v
			    : 0;
			seen.counts = *s->counts;
			alerts_look();
			if (rt_report_firing(&told) != k)
				fail_msg("%s at %llu",
				    rt_alert_name(rows[i].alert),
				    (unsigned long long)v);
			if (k)
				assert_string_equal(told.alerts[0].alert,
				    rt_alert_name(rows[i].alert));
		}
}

static void
a_quantile_fires_per_route_and_needs_its_values(void **state)
{
	struct rt_report_series *s;

	(void)state;
	alerts_watch(RT_ALERT_P95, "2s");
	s = rt_report_add_series(&seen);
	s->latency[RT_LATENCY_OPERATION] =
	    (struct rt_quantiles){.count = 19, .p95 = 9000};
	alerts_look();
	assert_int_equal(told.alerts_count, 0);
	seen.series[0].latency[RT_LATENCY_OPERATION].count = 20;
	alerts_look();
	assert_within(alerts_only()->value, 9000, 0);
	assert_string_equal(alerts_only()->unit, "ms");
}

static void
small_routes_are_judged_together(void **state)
{
	(void)state;
	alerts_watch(RT_ALERT_TIMEOUT, "20%");
	alerts_route("a", 10, 5);
	alerts_look();
	assert_int_equal(told.alerts_count, 0);
	alerts_route("b", 9, 6);
	alerts_route("big", 100, 0);
	alerts_look();
	assert_int_equal(told.alerts_count, 0);
	alerts_route("c", 1, 0);
	alerts_look();
	assert_true(alerts_only()->is_rest);
	assert_int_equal(alerts_only()->n, 20);
	assert_within(alerts_only()->value, 0.55, 1e-9);
}

static void
what_was_judged_alone_is_not_in_the_rest(void **state)
{
	(void)state;
	alerts_watch(RT_ALERT_TIMEOUT, "20%");
	alerts_route("bad", 100, 100);
	alerts_route("a", 15, 0);
	alerts_route("b", 15, 0);
	alerts_look();
	assert_string_equal(alerts_only()->service, "bad");
}

/* What the report leaves out of its rows is in its totals. */
static void
rows_that_were_not_asked_for_are_in_the_rest(void **state)
{
	(void)state;
	alerts_watch(RT_ALERT_TIMEOUT, "20%");
	alerts_route("big", 100, 0);
	seen.counts.n[RT_C_ATTEMPTS] += 50;
	seen.counts.n[RT_C_CLASS + RT_CLASS_TIMEOUT] += 50;
	alerts_look();
	assert_true(alerts_only()->is_rest);
	assert_int_equal(alerts_only()->n, 50);
}

static void
each_route_has_an_alert_of_its_own(void **state)
{
	(void)state;
	alerts_watch(RT_ALERT_TIMEOUT, "20%");
	alerts_route("a", 100, 50);
	alerts_route("b", 100, 50);
	alerts_route("c", 100, 0);
	alerts_look();
	assert_int_equal(told.alerts_count, 2);
	assert_string_equal(told.alerts[0].service, "a");
	assert_string_equal(told.alerts[1].service, "b");
}

static void
only_severe_rules_alert(void **state)
{
	struct rt_report_violation *v;

	(void)state;
	alerts_watch(RT_ALERT_VIOLATIONS, "0");
	v = rt_report_add_violation(&seen);
	v->rule = "missing-terminal-record";
	v->count = 900;
	alerts_look();
	assert_int_equal(told.alerts_count, 0);
	v = rt_report_add_violation(&seen);
	v->rule = "retry-after-auth-failure";
	v->count = 1;
	alerts_look();
	assert_string_equal(alerts_only()->what, "retry-after-auth-failure");
	assert_int_equal(alerts_only()->n, 0);
}

static void
a_canary_fires_by_its_streak_and_not_once_taken_away(void **state)
{
	struct rt_report_canary *c = rt_report_add_canary(&seen);

	(void)state;
	alerts_watch(RT_ALERT_CANARY, "1");
	c->name = "happy";
	c->streak = 1;
	alerts_look();
	assert_int_equal(told.alerts_count, 0);
	seen.canaries[0].streak = 2;
	alerts_look();
	assert_string_equal(alerts_only()->what, "happy");
	seen.canaries[0].age_ms = RT_ALERTS_CANARY_MS;
	alerts_look();
	assert_false(alerts_only()->is_firing);
	seen.canaries[0].age_ms = 0;
	seen.canaries[0].last_ok = true;
	seen.canaries[0].streak = 9;
	alerts_look();
	assert_int_equal(rt_report_firing(&told), 0);
}

static void
each_emitter_over_its_rate_fires_until_it_keeps_to_it(void **state)
{
	(void)state;
	alerts_watch(RT_ALERT_OVER_RATE, "0");
	*rt_report_add_emitter(&seen) =
	    (struct rt_report_emitter){.id = "flood",
		.over_rate = 900,
		.over_now = 40,
		.is_limited = true};
	*rt_report_add_emitter(&seen) =
	    (struct rt_report_emitter){.id = "calm", .over_rate = 7};
	alerts_look();
	assert_string_equal(alerts_only()->what, "flood");
	assert_within(alerts_only()->value, 40, 0);
	assert_true(alerts_only()->is_firing);
	*rt_report_add_emitter(&seen) =
	    (struct rt_report_emitter){.over_now = 3, .is_limited = true};
	alerts_look();
	assert_int_equal(rt_report_firing(&told), 2);
	assert_string_equal(told.alerts[1].what, RT_REPORT_NAMELESS);
	seen.emitters[0].is_limited = seen.emitters[2].is_limited = false;
	alerts_look();
	assert_int_equal(rt_report_firing(&told), 0);
	assert_int_equal(told.alerts_count, 2);
}

static void
losses_fire_and_clear_a_window_after_the_last_new_one(void **state)
{
	(void)state;
	alerts_watch(RT_ALERT_LOST, "0");
	alerts_look();
	assert_int_equal(told.alerts_count, 0);
	seen.lost = 5;
	alerts_look();
	assert_within(alerts_only()->value, 5, 0);
	alerts_pass_ms(299 * 1000);
	seen.lost = 7;
	alerts_look();
	assert_within(alerts_only()->value, 7, 0);
	alerts_pass_ms(299 * 1000);
	alerts_look();
	assert_true(alerts_only()->is_firing);
	alerts_pass_ms(1000);
	alerts_look();
	assert_false(alerts_only()->is_firing);
	/* the next one counts from there */
	alerts_pass_ms(1000);
	seen.lost = 8;
	alerts_look();
	assert_int_equal(rt_report_firing(&told), 1);
	assert_within(told.alerts[0].value, 1, 0);
	/* and a gap that was filled is none */
	seen.lost = 7;
	alerts_look();
	assert_int_equal(rt_report_firing(&told), 0);
}

static void
unexplained_records_fire_until_they_are_gone(void **state)
{
	(void)state;
	alerts_watch(RT_ALERT_UNEXPLAINED, "0");
	seen.unexplained = 3;
	alerts_look();
	alerts_pass_ms(3600 * 1000);
	alerts_look();
	assert_true(alerts_only()->is_firing);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    ALERTS_TEST(rules_are_read_and_print_as_what_reads_the_same),
	    ALERTS_TEST(what_is_no_rule_is_refused_and_nothing_changes),
	    ALERTS_TEST(defaults_need_twenty_and_are_what_the_list_says),
	    ALERTS_TEST(the_manual_lists_every_alert_with_its_default),
	    ALERTS_TEST(
		a_value_fires_above_the_threshold_and_just_misses_at_it),
	    ALERTS_TEST(every_kind_of_rate_is_judged_by_its_own_numbers),
	    ALERTS_TEST(a_quantile_fires_per_route_and_needs_its_values),
	    ALERTS_TEST(small_routes_are_judged_together),
	    ALERTS_TEST(what_was_judged_alone_is_not_in_the_rest),
	    ALERTS_TEST(rows_that_were_not_asked_for_are_in_the_rest),
	    ALERTS_TEST(each_route_has_an_alert_of_its_own),
	    ALERTS_TEST(only_severe_rules_alert),
	    ALERTS_TEST(a_canary_fires_by_its_streak_and_not_once_taken_away),
	    ALERTS_TEST(each_emitter_over_its_rate_fires_until_it_keeps_to_it),
	    ALERTS_TEST(losses_fire_and_clear_a_window_after_the_last_new_one),
	    ALERTS_TEST(unexplained_records_fire_until_they_are_gone),
	};

	return cmocka_run_group_tests_name("alerts", tests, NULL, NULL);
}
