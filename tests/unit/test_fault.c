/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "collector/canary/fault.h"
#include "proto/buf.h"

static const struct rt_fault_request plain = {
    .path = {"/v1/chat/completions", 20}, .model = {"m-large", 7}};

static struct rt_fault_rule
parsed(const char *text)
{
	struct rt_fault_rule r;
	struct rt_diag d;

	if (rt_fault_parse(rt_str_of(text), &r, &d) != RT_OK)
		fail_msg("%s: %s: %s", text, d.where, d.what);
	return r;
}

static void
reads_every_key_of_a_rule(void **state)
{
	struct rt_fault_rule r = parsed(
	    "  path=/v1/responses model=m-large header=x-a:b:c stream=no "
	    "rate=0.25 times=3 every=60s for=20s start=0s status=503 "
	    "delay=200ms\tretry_after=2 retry_after_ms=1500 should_retry=no "
	    "code=overloaded after=5 hold=1.5s fault=html ");

	(void)state;
	assert_string_equal(r.path, "/v1/responses");
	assert_string_equal(r.model, "m-large");
	assert_string_equal(r.header_name, "x-a");
	assert_string_equal(r.header_value, "b:c");
	assert_int_equal(r.stream, RT_FAULT_NO);
	assert_true(r.rate > 0.249 && r.rate < 0.251);
	assert_int_equal(r.times, 3);
	assert_int_equal(r.every_ms, 60000);
	assert_int_equal(r.for_ms, 20000);
	assert_int_equal(r.start_ms, 0);
	assert_int_equal(r.status, 503);
	assert_int_equal(r.delay_ms, 200);
	assert_int_equal(r.wait, RT_FAULT_WAIT_SECONDS);
	assert_int_equal(r.wait_s, 2);
	assert_int_equal(r.retry_after_ms, 1500);
	assert_int_equal(r.should_retry, RT_FAULT_NO);
	assert_string_equal(r.code, "overloaded");
	assert_int_equal(r.after, 5);
	assert_int_equal(r.hold_ms, 1500);
	assert_int_equal(r.fault, RT_FAULT_HTML);
}

static void
reads_every_fault_by_its_name(void **state)
{
	char text[64];

	(void)state;
	for (unsigned i = 0; i < RT_FAULT_COUNT; i++) {
		snprintf(text, sizeof(text), "fault=%s",
		    rt_fault_name((enum rt_fault)i));
		assert_int_equal(parsed(text).fault, i);
	}
	assert_null(rt_fault_name(RT_FAULT_COUNT));
}

static void
reads_future_and_past_dates(void **state)
{
	(void)state;
	assert_int_equal(parsed("status=429 retry_after=date+30").wait_s, 30);
	assert_int_equal(parsed("status=429 retry_after=date-30").wait_s, -30);
	assert_int_equal(
	    parsed("status=429 retry_after=date-30").wait, RT_FAULT_WAIT_DATE);
}

static void
refuses_with_the_key_and_what_would_be_right(void **state)
{
	static const struct {
		const char *text, *where, *what;
	} rows[] = {
	    {"statsu=503", "key statsu", "there is no such key"},
	    {"503", "key 503", "key=value"},
	    {"=503", "key ", "key=value"},
	    {"status=abc", "key status", "such as 503"},
	    {"status=199", "key status", "from 200 to 599"},
	    {"status=600", "key status", "from 200 to 599"},
	    {"status", "key status", "from 200 to 599"},
	    {"status=503 rate=1.1", "key rate", "from 0 to 1"},
	    {"status=503 rate=-0.1", "key rate", "from 0 to 1"},
	    {"status=503 rate=nan", "key rate", "from 0 to 1"},
	    {"status=503 times=0", "key times", "from 1"},
	    {"status=503 times=1.5", "key times", "from 1"},
	    {"delay=200", "key delay", "such as 200ms"},
	    {"delay=-1s", "key delay", "such as 200ms"},
	    {"delay=11m", "key delay", "such as 200ms"},
	    {"status=429 retry_after=soon", "key retry_after", "date+30"},
	    {"status=429 retry_after=date*1", "key retry_after", "date+30"},
	    {"status=429 should_retry=maybe", "key should_retry", "yes or no"},
	    {"fault=explode", "key fault", "--help lists"},
	    {"status=503 model=", "key model", "at most 128"},
	    {"status=503 header=:x", "key header", "name:value"},
	    {"status=503 status=502", "key status", "twice"},
	    {"model=m", "rule", "needs an effect"},
	    {"", "rule", "needs an effect"},
	    {"status=503 every=60s", "key every", "needs a for"},
	    {"status=503 every=20s for=60s", "key every", "needs a for"},
	    {"status=503 fault=stream_reset", "key status", "2xx or absent"},
	    {"stream=no fault=stall", "key stream", "yes or absent"},
	};

	(void)state;
	for (size_t i = 0; i < RT_COUNT_OF(rows); i++) {
		struct rt_fault_rule r = {.status = 77};
		struct rt_diag d;

		if (rt_fault_parse(rt_str_of(rows[i].text), &r, &d) !=
		    RT_E_FIELD)
			fail_msg("accepted: %s", rows[i].text);
		if (strcmp(d.where, rows[i].where) != 0 ||
		    !strstr(d.what, rows[i].what))
			fail_msg(
			    "%s said: %s: %s", rows[i].text, d.where, d.what);
		assert_int_equal(r.status, 77);
	}
}

static void
refuses_a_rule_that_is_too_long(void **state)
{
	char text[RT_FAULT_TEXT_MAX + 2];
	struct rt_fault_rule r;

	(void)state;
	memset(text, ' ', sizeof(text));
	memcpy(text, "status=503", 10);
	text[RT_FAULT_TEXT_MAX] = '\0';
	assert_int_equal(rt_fault_parse(rt_str_of(text), &r, NULL), RT_OK);
	text[RT_FAULT_TEXT_MAX] = ' ';
	text[RT_FAULT_TEXT_MAX + 1] = '\0';
	assert_int_equal(
	    rt_fault_parse(rt_str_of(text), &r, NULL), RT_E_TOO_LARGE);
}

static struct rt_fault_set
set_of(const char *lines)
{
	struct rt_fault_set s;
	struct rt_diag d;

	rt_fault_set_init(&s, 7);
	if (rt_fault_set_replace(&s, rt_str_of(lines), &d) != RT_OK)
		fail_msg("%s: %s", d.where, d.what);
	return s;
}

static int
status_for(struct rt_fault_set *s, struct rt_fault_request q, int64_t ms)
{
	const struct rt_fault_rule *r = rt_fault_choose(s, &q, ms);

	return r ? r->status : 0;
}

static void
the_first_rule_that_matches_decides(void **state)
{
	struct rt_fault_set s = set_of("# a comment\n"
				       "model=other status=500\n\n"
				       "model=m-large status=502\r\n"
				       "status=503");
	struct rt_fault_request q = plain;

	(void)state;
	assert_int_equal(s.count, 3);
	assert_int_equal(status_for(&s, q, 0), 502);
	q.model = rt_str_of("third");
	assert_int_equal(status_for(&s, q, 0), 503);
	assert_int_equal(s.rules[0].matched, 0);
	assert_int_equal(s.rules[1].induced, 1);
	assert_int_equal(s.rules[2].induced, 1);
}

static void
after_so_many_times_it_passes_on(void **state)
{
	struct rt_fault_set s = set_of("status=503 times=2\nstatus=429");

	(void)state;
	assert_int_equal(status_for(&s, plain, 0), 503);
	assert_int_equal(status_for(&s, plain, 0), 503);
	assert_int_equal(status_for(&s, plain, 0), 429);
	assert_int_equal(s.rules[0].matched, 3);
	assert_int_equal(s.rules[0].induced, 2);
}

static void
an_exempted_model_meets_no_later_rule(void **state)
{
	struct rt_fault_set s = set_of("model=m-large fault=pass\nstatus=503");
	const struct rt_fault_rule *r = rt_fault_choose(&s, &plain, 0);

	(void)state;
	assert_non_null(r);
	assert_int_equal(r->fault, RT_FAULT_PASS);
	assert_int_equal(r->status, 0);
}

static void
a_rule_has_its_hours(void **state)
{
	static const struct {
		int64_t ms;
		int want;
	} rows[] = {{0, 0}, {9999, 0}, {10000, 503}, {29999, 503}, {30000, 0},
	    {69999, 0}, {70000, 503}, {89999, 503}, {90000, 0}};
	struct rt_fault_set s =
	    set_of("status=503 start=10s every=60s for=20s");

	(void)state;
	for (size_t i = 0; i < RT_COUNT_OF(rows); i++)
		if (status_for(&s, plain, rows[i].ms) != rows[i].want)
			fail_msg("wrong at %lld ms", (long long)rows[i].ms);
	s = set_of("status=503 for=20s");
	assert_int_equal(status_for(&s, plain, 19999), 503);
	assert_int_equal(status_for(&s, plain, 20000), 0);
}

static void
what_cannot_be_induced_does_not_match(void **state)
{
	struct rt_fault_set s = set_of("fault=stall status=200");
	struct rt_fault_request q = plain;

	(void)state;
	assert_int_equal(status_for(&s, q, 0), 0);
	q.is_stream = true;
	assert_int_equal(status_for(&s, q, 0), 200);
	s = set_of("fault=failed status=200");
	assert_int_equal(status_for(&s, q, 0), 0);
	q.is_responses = true;
	assert_int_equal(status_for(&s, q, 0), 200);
	s = set_of("stream=no status=500");
	assert_int_equal(status_for(&s, q, 0), 0);
}

static const char *
team_header(void *context, const char *name)
{
	return strcmp(name, "x-team") == 0 ? context : NULL;
}

static void
headers_match_by_name_and_by_value(void **state)
{
	struct rt_fault_set s =
	    set_of("header=x-team:search status=500\nheader=x-team status=501");
	struct rt_fault_request q = plain;
	char search[] = "search", other[] = "other";

	(void)state;
	assert_int_equal(status_for(&s, q, 0), 0);
	q.header = team_header;
	q.context = search;
	assert_int_equal(status_for(&s, q, 0), 500);
	q.context = other;
	assert_int_equal(status_for(&s, q, 0), 501);
	q.context = NULL;
	assert_int_equal(status_for(&s, q, 0), 0);
}

static void
the_dice_are_fair_and_the_same_for_a_seed(void **state)
{
	struct rt_fault_set a = set_of("status=503 rate=0.1");
	struct rt_fault_set b = set_of("status=503 rate=0.1");

	(void)state;
	for (int i = 0; i < 10000; i++)
		assert_int_equal(
		    status_for(&a, plain, 0), status_for(&b, plain, 0));
	assert_in_range(a.rules[0].induced, 900, 1100);
	assert_int_equal(a.rules[0].matched, 10000);
	b = set_of("status=503 rate=0");
	for (int i = 0; i < 1000; i++)
		assert_int_equal(status_for(&b, plain, 0), 0);
	b = set_of("status=503 rate=1");
	for (int i = 0; i < 1000; i++)
		assert_int_equal(status_for(&b, plain, 0), 503);
}

static void
a_bad_line_leaves_the_old_rules_and_names_its_number(void **state)
{
	struct rt_fault_set s = set_of("status=503");
	struct rt_diag d;

	(void)state;
	assert_int_equal(rt_fault_set_replace(
			     &s, rt_str_of("status=500\n\nstatus=5000\n"), &d),
	    RT_E_FIELD);
	assert_string_equal(d.where, "line 3, key status");
	assert_int_equal(s.count, 1);
	assert_int_equal(s.rules[0].status, 503);
}

static void
has_room_for_so_many_rules_and_says_so(void **state)
{
	struct rt_fault_set s;
	struct rt_diag d;

	(void)state;
	rt_fault_set_init(&s, 1);
	for (unsigned i = 0; i < RT_FAULT_RULES_MAX; i++)
		assert_int_equal(
		    rt_fault_set_add(&s, rt_str_of("status=503"), &d), RT_OK);
	assert_int_equal(
	    rt_fault_set_add(&s, rt_str_of("status=503"), &d), RT_E_FULL);
	assert_int_equal(s.count, RT_FAULT_RULES_MAX);
	assert_non_null(strstr(d.what, "32"));
}

static void
help_names_every_key_and_every_fault(void **state)
{
	struct rt_buf b;

	(void)state;
	rt_buf_init(&b, 16384);
	rt_fault_help(&b);
	assert_false(b.overflow);
	assert_non_null(strstr(b.p, "retry_after_ms"));
	for (unsigned i = 0; i < RT_FAULT_COUNT; i++)
		assert_non_null(strstr(b.p, rt_fault_name((enum rt_fault)i)));
	rt_buf_fini(&b);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(reads_every_key_of_a_rule),
	    cmocka_unit_test(reads_every_fault_by_its_name),
	    cmocka_unit_test(reads_future_and_past_dates),
	    cmocka_unit_test(refuses_with_the_key_and_what_would_be_right),
	    cmocka_unit_test(refuses_a_rule_that_is_too_long),
	    cmocka_unit_test(the_first_rule_that_matches_decides),
	    cmocka_unit_test(after_so_many_times_it_passes_on),
	    cmocka_unit_test(an_exempted_model_meets_no_later_rule),
	    cmocka_unit_test(a_rule_has_its_hours),
	    cmocka_unit_test(what_cannot_be_induced_does_not_match),
	    cmocka_unit_test(headers_match_by_name_and_by_value),
	    cmocka_unit_test(the_dice_are_fair_and_the_same_for_a_seed),
	    cmocka_unit_test(
		a_bad_line_leaves_the_old_rules_and_names_its_number),
	    cmocka_unit_test(has_room_for_so_many_rules_and_says_so),
	    cmocka_unit_test(help_names_every_key_and_every_fault),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
