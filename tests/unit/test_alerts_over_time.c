/* SPDX-License-Identifier: MIT */
/* When an alert fires, stays, clears, and fires again. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/unit/alerts.h"

static void
it_fires_only_once_it_was_above_for_so_long(void **state)
{
	(void)state;
	alerts_watch(RT_ALERT_TIMEOUT, "20% for 60s");
	alerts_one_route(100, 50);
	alerts_look();
	assert_int_equal(told.alerts_count, 0);
	alerts_pass_ms(59999);
	alerts_look();
	assert_int_equal(told.alerts_count, 0);
	alerts_pass_ms(1);
	alerts_look();
	assert_true(alerts_only()->is_firing);
	assert_int_equal(
	    alerts_only()->fired_us - alerts_only()->since_us, 60000000);
	assert_int_equal(alerts_only()->number, 1);
}

static void
a_dip_below_the_threshold_begins_the_wait_anew(void **state)
{
	(void)state;
	alerts_watch(RT_ALERT_TIMEOUT, "20% for 60s");
	alerts_one_route(100, 50);
	alerts_look();
	alerts_pass_ms(30000);
	alerts_one_route(100, 20);
	alerts_look();
	alerts_pass_ms(1000);
	alerts_one_route(100, 50);
	alerts_look();
	alerts_pass_ms(59000);
	alerts_look();
	assert_int_equal(told.alerts_count, 0);
	alerts_pass_ms(1000);
	alerts_look();
	assert_true(alerts_only()->is_firing);
}

/* Around the threshold, above the level that clears: one alert and no flapping. */
static void
between_clear_and_threshold_it_stays_as_it_is(void **state)
{
	static const uint64_t bad[] = {21, 19, 22, 17, 21, 18, 30, 17};
	size_t i;

	(void)state;
	alerts_watch(RT_ALERT_TIMEOUT, "20% clear 16%");
	alerts_one_route(100, 18);
	alerts_look();
	assert_int_equal(told.alerts_count, 0);
	for (i = 0; i < RT_COUNT_OF(bad); i++) {
		alerts_pass_ms(1000);
		alerts_one_route(100, bad[i]);
		alerts_look();
		assert_true(alerts_only()->is_firing);
		assert_int_equal(alerts_only()->number, 1);
	}
	assert_within(alerts_only()->worst, 0.30, 1e-9);
	assert_within(alerts_only()->value, 0.17, 1e-9);
	alerts_pass_ms(1000);
	alerts_one_route(100, 16);
	alerts_look();
	assert_false(alerts_only()->is_firing);
	assert_int_equal(alerts_only()->cleared_us, now.wall.us);
	alerts_pass_ms(1000);
	alerts_one_route(100, 19);
	alerts_look();
	assert_false(alerts_only()->is_firing);
}

static void
what_becomes_too_few_clears(void **state)
{
	(void)state;
	alerts_watch(RT_ALERT_TIMEOUT, "20%");
	alerts_one_route(20, 20);
	alerts_look();
	assert_true(alerts_only()->is_firing);
	alerts_one_route(19, 19);
	alerts_look();
	assert_false(alerts_only()->is_firing);
}

static void
a_route_that_is_gone_clears(void **state)
{
	(void)state;
	alerts_watch(RT_ALERT_TIMEOUT, "20%");
	alerts_one_route(100, 100);
	alerts_look();
	rt_report_reset(&seen);
	alerts_look();
	assert_false(alerts_only()->is_firing);
	assert_string_equal(alerts_only()->service, "checkout");
}

static void
firing_again_is_another_alert_and_the_old_one_is_told_a_while(void **state)
{
	(void)state;
	alerts_watch(RT_ALERT_TIMEOUT, "20%");
	alerts_one_route(100, 100);
	alerts_look();
	alerts_pass_ms(1000);
	alerts_one_route(100, 0);
	alerts_look();
	alerts_pass_ms(1000);
	alerts_one_route(100, 100);
	alerts_look();
	assert_int_equal(told.alerts_count, 2);
	assert_true(told.alerts[0].is_firing);
	assert_int_equal(told.alerts[0].number, 2);
	assert_int_equal(told.alerts[1].number, 1);
	alerts_pass_ms(RT_ALERTS_KEEP_MS + 1);
	alerts_look();
	assert_int_equal(alerts_only()->number, 2);
}

static void
other_rules_count_from_the_next_look(void **state)
{
	(void)state;
	alerts_watch(RT_ALERT_TIMEOUT, "20%");
	alerts_one_route(100, 50);
	alerts_look();
	assert_true(alerts_only()->is_firing);
	alerts_watch(RT_ALERT_TIMEOUT, "60%");
	alerts_look();
	assert_true(
	    alerts_only()->is_firing); /* above 48 %, the level that clears */
	alerts_watch(RT_ALERT_TIMEOUT, "off");
	alerts_look();
	assert_false(alerts_only()->is_firing);
	alerts_watch(RT_ALERT_TIMEOUT, "60%");
	alerts_look();
	assert_int_equal(rt_report_firing(&told), 0);
}

static void
more_alerts_than_there_is_room_for_are_counted(void **state)
{
	char names[RT_ALERTS_MAX + 3][8];
	unsigned i;

	(void)state;
	alerts_watch(RT_ALERT_TIMEOUT, "20%");
	for (i = 0; i < RT_ALERTS_MAX + 3; i++) {
		snprintf(names[i], sizeof(names[i]), "s%u", i);
		alerts_route(names[i], 100, 100);
	}
	alerts_look();
	assert_int_equal(told.alerts_count, RT_ALERTS_MAX);
	assert_int_equal(told.overflow[RT_OVERFLOW_ALERTS], 3);
	/* Cleared ones give way to new ones. */
	rt_report_reset(&seen);
	alerts_look();
	assert_int_equal(rt_report_firing(&told), 0);
	alerts_one_route(100, 100);
	alerts_pass_ms(1);
	alerts_look();
	assert_int_equal(rt_report_firing(&told), 1);
	assert_int_equal(told.alerts_count, RT_ALERTS_MAX);
}

static void
the_most_important_come_first(void **state)
{
	(void)state;
	alerts_watch(RT_ALERT_ERROR, "20%");
	alerts_watch(RT_ALERT_TIMEOUT, "20%");
	alerts_watch(RT_ALERT_UNEXPLAINED, "0");
	alerts_one_route(100, 100);
	alerts_look();
	seen.unexplained = 1;
	alerts_look();
	assert_int_equal(told.alerts_count, 3);
	assert_string_equal(told.alerts[0].alert, "unexplained");
	assert_string_equal(told.alerts[1].alert, "error");
	assert_string_equal(told.alerts[2].alert, "timeout");
}

static void
looks_are_rarer_where_there_are_many_routes(void **state)
{
	(void)state;
	assert_true(rt_alerts_is_due(alerts, now.mono));
	alerts_look();
	assert_false(rt_alerts_is_due(alerts, now.mono));
	assert_true(rt_alerts_is_due(alerts, rt_mono_add_ms(now.mono, 1000)));
	seen.series_total = 4096;
	alerts_look();
	assert_false(rt_alerts_is_due(alerts, rt_mono_add_ms(now.mono, 2999)));
	assert_true(rt_alerts_is_due(alerts, rt_mono_add_ms(now.mono, 3000)));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    ALERTS_TEST(it_fires_only_once_it_was_above_for_so_long),
	    ALERTS_TEST(a_dip_below_the_threshold_begins_the_wait_anew),
	    ALERTS_TEST(between_clear_and_threshold_it_stays_as_it_is),
	    ALERTS_TEST(what_becomes_too_few_clears),
	    ALERTS_TEST(a_route_that_is_gone_clears),
	    ALERTS_TEST(
		firing_again_is_another_alert_and_the_old_one_is_told_a_while),
	    ALERTS_TEST(other_rules_count_from_the_next_look),
	    ALERTS_TEST(more_alerts_than_there_is_room_for_are_counted),
	    ALERTS_TEST(the_most_important_come_first),
	    ALERTS_TEST(looks_are_rarer_where_there_are_many_routes),
	};

	return cmocka_run_group_tests_name("alerts", tests, NULL, NULL);
}
