/* SPDX-License-Identifier: MIT */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "collector/metrics.h"
#include "tests/unit/util.h"

static struct rt_report report;
static struct rt_buf text;

static int
begin(void **state)
{
	(void)state;
	rt_report_init(&report);
	rt_buf_init(&text, RT_METRICS_BYTES_MAX);
	return 0;
}

static int
end(void **state)
{
	(void)state;
	rt_report_fini(&report);
	rt_buf_fini(&text);
	return 0;
}

static struct rt_report_series *
add_series(const char *service, uint64_t attempts)
{
	struct rt_report_series *s = rt_report_add_series(&report);

	s->labels[RT_LABEL_SERVICE] =
	    rt_report_text(&report, rt_str_of(service));
	s->counts->n[RT_C_ATTEMPTS] = attempts;
	return s;
}

static const char *
encode(void)
{
	rt_buf_reset(&text);
	rt_metrics_encode(&text, &report);
	assert_false(text.overflow);
	return text.p;
}

static const char *
health(void)
{
	rt_buf_reset(&text);
	rt_metrics_health(&text, &report);
	return text.p;
}

static void
assert_has_line(const char *page, const char *line)
{
	char framed[512];

	snprintf(framed, sizeof(framed), "\n%s\n", line);
	if (!strstr(page, framed))
		fail_msg("no line %s in\n%s", line, page);
}

static size_t
count_of(const char *page, const char *part)
{
	size_t n = 0;

	for (const char *p = page; (p = strstr(p, part)) != NULL; p++)
		n++;
	return n;
}

/* Something in every part that can be absent. */
static void
fill_report(void)
{
	struct rt_report_series *s;
	struct rt_report_fallback *f;
	struct rt_report_canary *c;
	struct rt_report_violation *v;

	report.source.version = "1.2.3";
	report.source.uptime_ms = 61500;
	report.source.last_event_age_ms = 250;
	for (unsigned i = 0; i < RT_C_COUNT; i++)
		report.counts.n[i] = 1000 + i;
	report.counts.sum_us[RT_SUM_WASTED] = 1500;
	report.counts.sum_us[RT_SUM_USEFUL] = 6000;
	report.counts.n[RT_C_ATTEMPTS] = 5000;
	report.status[503 - RT_STATUS_MIN] = 7;
	report.status[200 - RT_STATUS_MIN] = 900;
	report.lost = 3;
	report.series_total = 2;
	s = add_series("search", 600);
	s->labels[RT_LABEL_STREAMING] = "true";
	s->counts->n[RT_C_FIRST] = 500;
	s->counts->n[RT_C_RETRIES] = 100;
	add_series("batch", 100);
	f = rt_report_add_fallback(&report);
	*f =
	    (struct rt_report_fallback){"m-large", "m-small", "http_503", 9, 8};
	c = rt_report_add_canary(&report);
	c->name = "canary";
	c->model = "m-large";
	c->last_ok = true;
	c->age_ms = 1500;
	v = rt_report_add_violation(&report);
	v->rule = "retry-without-backoff";
	v->count = 4;
	report.journal.is_on = true;
	report.journal.state = "ok";
	report.journal.written = 77;
	*rt_report_add_alert(&report) =
	    (struct rt_report_alert){.alert = "error",
		.service = "search",
		.model = "m-large",
		.is_firing = true};
	*rt_report_add_alert(&report) = (struct rt_report_alert){
	    .alert = "timeout", .service = "search", .cleared_us = 1};
}

static void
the_page_is_the_golden_one(void **state)
{
	(void)state;
	fill_report();
	encode();
	assert_golden_file("tests/golden/metrics.txt", text.p);
}

static void
every_rate_has_both_its_sides(void **state)
{
	const char *page = encode();

	(void)state;
	for (unsigned i = 0; i < RT_RATE_COUNT; i++) {
		const struct rt_rate_info *info =
		    rt_rate_info((enum rt_rate_id)i);
		char sentence[2][256];

		snprintf(sentence[0], sizeof(sentence[0]), " %s (%s grain)\n",
		    info->numerator, info->grain);
		snprintf(sentence[1], sizeof(sentence[1]), " %s (%s grain)\n",
		    info->denominator, info->grain);
		for (unsigned k = 0; k < 2; k++)
			if (!strstr(page, sentence[k]))
				fail_msg("rate %s: nothing helps with%s",
				    info->key, sentence[k]);
	}
}

static void
label_values_cannot_break_out_of_their_line(void **state)
{
	static const struct {
		const char *why, *value, *want;
	} rows[] = {
	    {"a quote", "a\"b", "{service=\"a\\\"b\"} 1"},
	    {"a backslash at the end", "a\\", "{service=\"a\\\\\"} 1"},
	    {"a forged sample", "x\"} 9\nretrytop_up 1\n# EOF\n",
		"{service=\"x\\\"} 9\xEF\xBF\xBDretrytop_up 1\xEF\xBF\xBD# "
		"EOF\xEF\xBF\xBD\"} 1"},
	    {"an escape sequence", "\x1b[2J",
		"{service=\"\xEF\xBF\xBD[2J\"} 1"},
	    {"bytes that are no UTF-8", "a\xff\xc3",
		"{service=\"a\xEF\xBF\xBD\xEF\xBF\xBD\"} 1"},
	    {"braces and commas", "{a=\"b\",c}",
		"{service=\"{a=\\\"b\\\",c}\"} 1"},
	    {"nothing at all", "", " 1"},
	    {"the words of the last row", "(other)", "{service=\"(other)\"} 1"},
	};

	(void)state;
	for (size_t i = 0; i < RT_COUNT_OF(rows); i++) {
		char line[256];
		const char *page;

		rt_report_reset(&report);
		add_series(rows[i].value, 1);
		page = encode();
		snprintf(line, sizeof(line),
		    "\nretrytop_series_attempts_total%s\n", rows[i].want);
		if (!strstr(page, line))
			fail_msg("%s: no%s", rows[i].why, line);
		assert_int_equal(count_of(page, "\nretrytop_up 1"), 0);
		assert_int_equal(count_of(page, "\n# EOF\n"), 1);
	}
}

static void
what_is_beyond_the_cap_is_one_row(void **state)
{
	const char *page;
	char name[16];
	size_t i;

	(void)state;
	/* What the tables had no room for counts with the rest. */
	add_series("(other)", 7)->is_other = true;
	report.counts.n[RT_C_ATTEMPTS] += 7;
	for (i = 0; i < RT_METRICS_SERIES_MAX + 50; i++) {
		snprintf(name, sizeof(name), "s%zu", i);
		add_series(name, 10);
		report.counts.n[RT_C_ATTEMPTS] += 10;
	}
	page = encode();
	assert_int_equal(count_of(page, "\nretrytop_series_attempts_total{"),
	    RT_METRICS_SERIES_MAX + 1);
	assert_has_line(
	    page, "retrytop_series_attempts_total{service=\"s199\"} 10");
	assert_has_line(
	    page, "retrytop_series_attempts_total{other=\"true\"} 507");
	assert_int_equal(count_of(page, "s200"), 0);
	assert_has_line(page, "retrytop_attempts_total 2507");
}

static void
the_rest_is_never_below_zero(void **state)
{
	(void)state;
	report.counts.n[RT_C_ATTEMPTS] = 1;
	add_series("s", 2);
	assert_has_line(
	    encode(), "retrytop_series_attempts_total{other=\"true\"} 0");
}

static void
fallbacks_beyond_the_cap_are_one_row(void **state)
{
	const char *page;

	(void)state;
	for (unsigned i = 0; i < RT_METRICS_FALLBACKS_MAX + 3; i++) {
		char *from = rt_report_alloc(&report, 8);
		struct rt_report_fallback *f = rt_report_add_fallback(&report);

		snprintf(from, 8, "m%u", i);
		*f = (struct rt_report_fallback){from, "?", "?", 5, 2};
	}
	page = encode();
	assert_int_equal(count_of(page, "\nretrytop_fallbacks_total{"),
	    RT_METRICS_FALLBACKS_MAX + 1);
	assert_has_line(page, "retrytop_fallbacks_total{other=\"true\"} 15");
	assert_has_line(
	    page, "retrytop_fallbacks_succeeded_total{other=\"true\"} 6");
}

static void
what_is_not_known_is_absent_not_zero(void **state)
{
	const char *page = encode();

	(void)state;
	assert_int_equal(count_of(page, "last_event_age"), 0);
	assert_int_equal(count_of(page, "journal"), 0);
	assert_non_null(strstr(health(), "\"last_event_age_ms\":null"));
	assert_null(strstr(health(), "journal"));
}

static void
health_is_degraded_by_what_it_should_be(void **state)
{
	static const struct {
		const char *why;
		uint64_t unexplained, lost;
		const char *journal; /* NULL: off */
		bool want;
	} rows[] = {
	    {"nothing is wrong", 0, 0, NULL, false},
	    {"loss that is measured is no fault of the collector", 0, 9, NULL,
		false},
	    {"one unexplained record", 1, 0, NULL, true},
	    {"a journal that is written", 0, 0, "ok", false},
	    {"a journal that is not", 0, 0, "cannot be written: No space",
		true},
	};

	(void)state;
	for (size_t i = 0; i < RT_COUNT_OF(rows); i++) {
		const char *want = rows[i].want ? "{\"status\":\"degraded\""
						: "{\"status\":\"ok\"";

		rt_report_reset(&report);
		report.unexplained = rows[i].unexplained;
		report.lost = rows[i].lost;
		report.journal.is_on = rows[i].journal != NULL;
		report.journal.state = rows[i].journal;
		if (rt_metrics_is_degraded(&report) != rows[i].want ||
		    strncmp(health(), want, strlen(want)) != 0)
			fail_msg("%s: %s", rows[i].why, health());
		assert_has_line(encode(),
		    rows[i].want ? "retrytop_degraded 1"
				 : "retrytop_degraded 0");
	}
}

int
main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, begin, end)
	const struct CMUnitTest tests[] = {
	    TEST(the_page_is_the_golden_one),
	    TEST(every_rate_has_both_its_sides),
	    TEST(label_values_cannot_break_out_of_their_line),
	    TEST(what_is_beyond_the_cap_is_one_row),
	    TEST(the_rest_is_never_below_zero),
	    TEST(fallbacks_beyond_the_cap_are_one_row),
	    TEST(what_is_not_known_is_absent_not_zero),
	    TEST(health_is_degraded_by_what_it_should_be),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
