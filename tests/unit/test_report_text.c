/* SPDX-License-Identifier: MIT */
/* Reports as text and as Markdown. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/unit/any_report.h"

static void
sample_head(struct rt_report *r)
{
	uint64_t *n = r->counts.n;

	r->source.name = "checkout.jsonl";
	r->source.from_us = 1781341200242000;
	r->source.to_us = 1781341500000000;
	n[RT_C_ACCEPTED] = 148;
	n[RT_C_DUPLICATES] = 2;
	n[RT_C_LATE] = 3;
	n[RT_C_SYNTHETIC] = 4;
	n[RT_C_SENSITIVE] = 1;
	n[RT_C_REJECT + RT_REJECT_NOT_JSON] = 2;
	n[RT_C_REJECT + RT_REJECT_UNKNOWN_SHAPE] = 1;
	r->lost = 5;
	r->overflow[RT_OVERFLOW_SERIES] = 12;
	n[RT_C_ATTEMPTS] = 141;
	n[RT_C_FIRST] = 120;
	n[RT_C_RETRIES] = 21;
	n[RT_C_NO_STATUS] = 5;
	n[RT_C_COMPLETE] = 100;
	n[RT_C_USAGE_UNKNOWN] = 112;
	n[RT_C_CLASS + RT_CLASS_NONE] = 112;
	n[RT_C_CLASS + RT_CLASS_TIMEOUT] = 9;
	n[RT_C_CLASS + RT_CLASS_RATE_LIMITED] = 8;
	n[RT_C_CLASS + RT_CLASS_SERVER_ERROR] = 12;
	n[RT_C_DECISION + RT_DECISION_NONE] = 112;
	n[RT_C_DECISION + RT_DECISION_RETRY_SAME] = 15;
	n[RT_C_DECISION + RT_DECISION_FALLBACK_SECONDARY] = 6;
	n[RT_C_DECISION + RT_DECISION_ABORT_ERROR] = 8;
	n[RT_C_OPS_STARTED] = 120;
	n[RT_C_OPS_ENDED] = 117;
	n[RT_C_OPS_FALLBACK] = 6;
	n[RT_C_OP_ATTEMPTS] = 138;
	n[RT_C_OP_UPSTREAM] = 150;
	n[RT_C_FATE + RT_FATE_FIRST_TRY] = 97;
	n[RT_C_FATE + RT_FATE_RESCUED_BY_RETRY] = 7;
	n[RT_C_FATE + RT_FATE_RESCUED_BY_FALLBACK] = 5;
	n[RT_C_FATE + RT_FATE_EXHAUSTED] = 3;
	n[RT_C_FATE + RT_FATE_FAILED_FAST] = 3;
	n[RT_C_FATE + RT_FATE_ORPHANED] = 2;
	n[RT_C_TRIES] = 100;
	n[RT_C_TRIES + 1] = 14;
	n[RT_C_TRIES + 4] = 3;
	r->counts.sum_us[RT_SUM_WASTED] = 12345600;
	r->counts.sum_us[RT_SUM_USEFUL] = 98765400;
	r->open.running = 2;
	r->open.in_backoff = 1;
}

static void
sample_report(struct rt_report *r)
{
	static const uint64_t errors[] = {0, 3, 9, 1, 3, 2, 12};
	struct rt_report_violation *v;

	sample_head(r);
	r->latency[RT_LATENCY_ATTEMPT] =
	    (struct rt_quantiles){141, 212.5, 900, 1200.25, 4000, 10000};
	r->latency[RT_LATENCY_OPERATION] =
	    (struct rt_quantiles){117, 300, 1200, 2400, 9000, 31000};
	for (unsigned i = 0; i < RT_COUNT_OF(errors); i++) {
		struct rt_report_series *s = rt_report_add_series(r);

		s->labels[RT_LABEL_SERVICE] = i % 2 ? "checkout" : "検索";
		s->labels[RT_LABEL_HTTP_ROUTE] =
		    "/v1/chat/completions-with-a-rather-long-name";
		s->labels[RT_LABEL_MODEL_REQUESTED] = "m-small";
		s->is_other = i == 5;
		s->counts->n[RT_C_ATTEMPTS] = 20;
		s->counts->n[RT_C_CLASS + RT_CLASS_NONE] = 20 - errors[i];
	}
	r->series[2].counts->n[RT_C_OPS_ENDED] = 10;
	r->series[2].counts->n[RT_C_OP_ATTEMPTS] = 25;
	r->series[2].counts->n[RT_C_FATE + RT_FATE_FIRST_TRY] = 4;
	r->series[2].latency[RT_LATENCY_ATTEMPT] =
	    (struct rt_quantiles){20, 1, 2, 1234.56, 4, 5};
	r->series_total = 7;
	*rt_report_add_fallback(r) = (struct rt_report_fallback){
	    "gpt-large-with-a-very-long-name-indeed", "m-backup", "http_503", 4,
	    3};
	*rt_report_add_fallback(r) = (struct rt_report_fallback){
	    "模型模型模型模型模型模型模型模型", "?", "timeout", 2, 2};
	v = rt_report_add_violation(r);
	v->rule = "unknown-decision";
	v->count = 7;
}

static void
keeps_to_its_size(const char *text, unsigned lines_max)
{
	unsigned lines = 0, cols = 0;

	for (const char *p = text; *p; p++) {
		if (*p == '\n') {
			lines++;
			cols = 0;
			continue;
		}
		/* As wide as the widest terminal may draw it. */
		if ((*p & 0xc0) != 0x80)
			cols += (unsigned char)*p < 0x80 ? 1 : 2;
		if (cols > 100)
			fail_msg("line %u is too wide:\n%s", lines + 1, text);
	}
	if (lines > lines_max)
		fail_msg("%u lines:\n%s", lines, text);
}

/* Names that would be links, code, cells, tags and headings. */
static void
hostile_report(struct rt_report *r)
{
	struct rt_report_violation *v;

	sample_report(r);
	r->source.name = "logs/[x](javascript:alert\\(1\\)).jsonl";
	*rt_report_add_fallback(r) = (struct rt_report_fallback){
	    "a|b|c", "`rm -rf`", "<script>&amp;</script>", 1, 0};
	*rt_report_add_fallback(r) =
	    (struct rt_report_fallback){NULL, "", "![i](http://x/y.png)", 1, 1};
	r->series[3].labels[RT_LABEL_SERVICE] =
	    "**bold** _it_ ~~no~~ # no www.x.y";
	r->series[3].labels[RT_LABEL_MODEL_REQUESTED] = "a\\|b\n| c |";
	v = rt_report_add_violation(r);
	v->rule = "retry-of-quota";
	v->count = 3;
	v->examples_count = 2;
	v->examples[0] = (struct rt_report_violation_example){"op`1`|<b>",
	    "[svc]: http://x", "status 402 \"quota\" $x$ @all http://x"};
	v->examples[1] = (struct rt_report_violation_example){NULL, NULL, NULL};
}

static void
the_markdown_is_the_golden_one(void **state)
{
	struct rt_report r;
	struct rt_buf b;

	(void)state;
	rt_report_init(&r);
	rt_buf_init(&b, 1u << 20);
	hostile_report(&r);
	rt_report_format_markdown(&b, &r);
	assert_golden_file("tests/golden/report.md", b.p);
	rt_buf_fini(&b);
	rt_report_fini(&r);
}

static void
no_name_becomes_markup(void **state)
{
	struct rt_report r;
	struct rt_buf b;

	(void)state;
	any_seed(11);
	rt_report_init(&r);
	rt_buf_init(&b, 1u << 24);
	for (unsigned turn = 0; turn < 200; turn++) {
		static const char signs[] =
		    "\\`*_{}[]()<>#+!|~$:@&^=\"'ab \n\t";
		char name[32] = "";
		struct rt_report_fallback *f;
		unsigned bars = 0;
		const char *p;

		rt_report_reset(&r);
		for (unsigned i = 0; i < sizeof(name) - 1; i++)
			name[i] = signs[any_below(sizeof(signs) - 1)];
		f = rt_report_add_fallback(&r);
		*f = (struct rt_report_fallback){name, name, name, 1, 1};
		rt_buf_reset(&b);
		rt_report_format_markdown(&b, &r);
		p = strstr(b.p, "|---|---|---|---:|---:|---:|\n");
		assert_non_null(p);
		p = strchr(p, '\n') + 1;
		for (; *p != '\n'; p++) {
			bars += *p == '|';
			if (*p == '\\' && p[1] != '\n')
				p++; /* escaped */
			else if (strchr("`*_{}[]()<>~$", *p))
				fail_msg("%c in %s", *p, p);
		}
		assert_int_equal(bars, 7);
	}
	rt_buf_fini(&b);
	rt_report_fini(&r);
}

static void
add_alerts(struct rt_report *r)
{
	r->source.is_live = true;
	*rt_report_add_alert(r) = (struct rt_report_alert){.alert = "fallback",
	    .service = "checkout",
	    .route = "/v1/chat/completions-with-a-rather-long-name",
	    .model = "|<b>",
	    .is_firing = true,
	    .n = 141,
	    .value = 0.123,
	    .threshold = 0.1,
	    .since_us = 1781341200242000,
	    .fired_us = 1781341260242000};
	*rt_report_add_alert(r) = (struct rt_report_alert){.alert = "lost",
	    .is_firing = true,
	    .value = 3,
	    .since_us = 1781341200242000};
	*rt_report_add_alert(r) =
	    (struct rt_report_alert){.alert = "amplification",
		.is_rest = true,
		.n = UINT64_MAX,
		.value = 1.1,
		.worst = 3.456,
		.threshold = 2,
		.since_us = 1781341200242000,
		.cleared_us = 1781341500000000};
	*rt_report_add_alert(r) =
	    (struct rt_report_alert){.alert = "an-alert-of-a-newer-collector",
		.value = 1e300,
		.threshold = -1,
		.is_firing = true};
}

/* Wide enough for 100 columns, and nothing of it markup. */
static void
alerts_stand_in_the_text_and_the_markdown_of_a_live_report(void **state)
{
	static const char *const lines[] = {
	    "Alerts        3 firing, 1 cleared lately\n",
	    "  ! fallback      12.3% > 10.0%      n=141     since   09:00:00Z  "
	    "checkout /v1/chat/completion..\n",
	    "  ! lost          3 > 0                        since   09:00:00Z  "
	    "collector\n",
	    "  - amplification 3.46x > 2.00x      n=18446.. cleared 09:05:00Z  "
	    "all other routes together\n",
	    "  ! an-alert-of.. "};
	struct rt_report r;
	struct rt_buf b;

	(void)state;
	rt_report_init(&r);
	rt_buf_init(&b, 1u << 20);
	add_alerts(&r);
	rt_report_format_text(&b, &r);
	for (size_t i = 0; i < RT_COUNT_OF(lines); i++)
		if (!strstr(b.p, lines[i]))
			fail_msg("no %s in\n%s", lines[i], b.p);
	keeps_to_its_size(b.p, 70);
	assert_int_equal(rt_report_firing(&r), 3);
	rt_buf_reset(&b);
	rt_report_format_markdown(&b, &r);
	assert_non_null(strstr(b.p,
	    "\n## Alerts\n\n| alert | about | value | n | since | cleared "
	    "|\n"));
	assert_non_null(strstr(b.p,
			    "&#124;&lt;b&gt; | 12.3% \\&gt; 10.0% |"
			    " 141 |") ||
	    strstr(b.p, "&#124;&lt;b&gt; | 12.3% &gt; 10.0% | 141 |"));
	rt_report_reset(&r);
	rt_buf_reset(&b);
	rt_report_format_text(&b, &r);
	assert_null(strstr(b.p, "Alerts"));
	rt_buf_fini(&b);
	rt_report_fini(&r);
}

static void
the_text_is_the_golden_one(void **state)
{
	struct rt_report r;
	struct rt_buf b;

	(void)state;
	rt_report_init(&r);
	rt_buf_init(&b, 1u << 20);
	sample_report(&r);
	rt_report_format_text(&b, &r);
	keeps_to_its_size(b.p, 60);
	assert_golden_file("tests/golden/report.txt", b.p);
	rt_buf_fini(&b);
	rt_report_fini(&r);
}

static void
the_text_of_nothing_says_so(void **state)
{
	struct rt_report r;
	struct rt_buf b;
	unsigned count = 0;

	(void)state;
	rt_report_init(&r);
	rt_buf_init(&b, 1u << 20);
	rt_report_format_text(&b, &r);
	keeps_to_its_size(b.p, 60);
	for (const char *p = b.p; (p = strstr(p, "n/a")); p++)
		count++;
	/* Completeness, every rate, five figures of each distribution. */
	assert_int_equal(count, 1 + RT_RATE_COUNT + 5 * RT_LATENCY_COUNT);
	assert_null(strstr(b.p, "nan"));
	assert_null(strstr(b.p, "inf"));
	rt_buf_fini(&b);
	rt_report_fini(&r);
}

static void
the_text_keeps_to_its_size_whatever_the_report(void **state)
{
	struct rt_report r;
	struct rt_buf b;

	(void)state;
	rt_report_init(&r);
	rt_buf_init(&b, 1u << 20);
	for (uint64_t seed = 1; seed <= 100; seed++) {
		any_seed(seed);
		any_report(&r);
		rt_buf_reset(&b);
		rt_report_format_text(&b, &r);
		keeps_to_its_size(b.p, 80); /* counts of 20 digits wrap */
	}
	rt_buf_fini(&b);
	rt_report_fini(&r);
}

static void
shares_of_the_fates_add_up_to_a_hundred(void **state)
{
	struct rt_report r;
	struct rt_buf b;
	const char *line;
	double sum = 0;

	(void)state;
	rt_report_init(&r);
	rt_buf_init(&b, 1u << 20);
	r.counts.n[RT_C_FATE + RT_FATE_FIRST_TRY] = 1;
	r.counts.n[RT_C_FATE + RT_FATE_EXHAUSTED] = 1;
	r.counts.n[RT_C_FATE + RT_FATE_ORPHANED] = 1;
	rt_report_format_text(&b, &r);
	line = strstr(b.p, "\nFates ");
	assert_non_null(line);
	for (unsigned i = 0; i < 3; i++) {
		line = strchr(line + 1, '(');
		assert_non_null(line);
		sum += strtod(line + 1, NULL);
	}
	assert_true(sum > 99.999 && sum < 100.001);
	rt_buf_fini(&b);
	rt_report_fini(&r);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(
		alerts_stand_in_the_text_and_the_markdown_of_a_live_report),
	    cmocka_unit_test(the_text_is_the_golden_one),
	    cmocka_unit_test(the_markdown_is_the_golden_one),
	    cmocka_unit_test(no_name_becomes_markup),
	    cmocka_unit_test(the_text_of_nothing_says_so),
	    cmocka_unit_test(the_text_keeps_to_its_size_whatever_the_report),
	    cmocka_unit_test(shares_of_the_fates_add_up_to_a_hundred),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
