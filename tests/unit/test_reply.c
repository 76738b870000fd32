/* SPDX-License-Identifier: MIT */
#include <stdio.h>

#include "tests/unit/util.h"

#include "collector/canary/reply.h"

static struct rt_reply
reply_to(const char *rule_text, struct rt_reply_query q)
{
	uint64_t dice = 1;
	struct rt_fault_rule rule;
	struct rt_reply r;

	if (!rule_text) {
		rt_reply_init(&r, &q, NULL, &dice);
		return r;
	}
	assert_int_equal(
	    rt_fault_parse(rt_str_of(rule_text), &rule, NULL), RT_OK);
	rt_reply_init(&r, &q, &rule, &dice);
	return r;
}

static const char *
header_of(const struct rt_reply *r, const char *name)
{
	for (unsigned i = 0; i < r->header_count; i++)
		if (strcmp(r->headers[i].name, name) == 0)
			return r->headers[i].value;
	return NULL;
}

static int64_t
waited_ms(const struct rt_reply *r)
{
	int64_t ms = r->delay_ms;

	for (unsigned i = 0; i < r->step_count; i++)
		ms += r->steps[i].wait_ms;
	return ms;
}

/* Every fault, on both surfaces, plain and streamed, with the longest model name. */
static void
every_script_plays_to_its_end(void **state)
{
	char rule[64], model[129];

	(void)state;
	memset(model, '"', 128); /* doubled by the escape */
	model[128] = '\0';
	for (unsigned i = 0; i < RT_FAULT_COUNT * 4; i++) {
		struct rt_reply_query q = {.model = rt_str_of(model),
		    .is_stream = i & 1,
		    .is_responses = i & 2,
		    .wants_usage = true,
		    .latency_ms = 100};
		struct rt_reply r;
		size_t sent = 0;

		snprintf(rule, sizeof(rule), "fault=%s",
		    rt_fault_name((enum rt_fault)(i / 4)));
		r = reply_to(rule, q);
		if (r.body.overflow)
			fail_msg("%s: the body does not fit", rule);
		for (unsigned s = 0; s < r.step_count; s++) {
			if (r.steps[s].end < sent || r.steps[s].wait_ms < 0)
				fail_msg("%s: step %u goes back", rule, s);
			sent = r.steps[s].end;
		}
		if (sent != r.body.len)
			fail_msg(
			    "%s: %zu of %zu bytes", rule, sent, r.body.len);
		assert_true(header_of(&r, "Content-Type") || r.resets_at_once);
		rt_reply_fini(&r);
	}
}

static void
a_sound_answer_takes_its_latency_and_a_refusal_less(void **state)
{
	struct rt_reply_query q = {.model = rt_str_of("m"), .latency_ms = 1000};
	struct rt_reply r = reply_to(NULL, q);

	(void)state;
	assert_int_equal(waited_ms(&r), 1000);
	rt_reply_fini(&r);
	q.is_stream = true;
	r = reply_to(NULL, q);
	assert_in_range(waited_ms(&r), 950, 1000);
	assert_in_range(r.delay_ms, 300, 400);
	rt_reply_fini(&r);
	r = reply_to("status=503 delay=50ms", q);
	assert_int_equal(waited_ms(&r), 250);
	rt_reply_fini(&r);
	r = reply_to("fault=stall hold=5s", q);
	assert_in_range(waited_ms(&r), 5950, 6000);
	rt_reply_fini(&r);
}

static void
waits_are_asked_for_in_every_form(void **state)
{
	struct rt_reply_query q = {
	    .model = rt_str_of("m"), .now = {INT64_C(784111777) * 1000000}};
	struct rt_reply r = reply_to("status=429 retry_after=7 "
				     "retry_after_ms=1500 should_retry=yes",
	    q);

	(void)state;
	assert_string_equal(header_of(&r, "Retry-After"), "7");
	assert_string_equal(header_of(&r, "retry-after-ms"), "1500");
	assert_string_equal(header_of(&r, "x-should-retry"), "true");
	rt_reply_fini(&r);
	r = reply_to("status=429 retry_after=date-60", q);
	assert_string_equal(
	    header_of(&r, "Retry-After"), "Sun, 06 Nov 1994 08:48:37 GMT");
	rt_reply_fini(&r);
	r = reply_to("status=429", q);
	assert_null(header_of(&r, "Retry-After"));
	rt_reply_fini(&r);
}

static void
dates_are_those_of_http_whatever_the_locale(void **state)
{
	static const struct {
		int64_t unix_s;
		const char *want;
	} rows[] = {
	    {784111777, "Sun, 06 Nov 1994 08:49:37 GMT"},
	    {0, "Thu, 01 Jan 1970 00:00:00 GMT"},
	    {1709164799, "Wed, 28 Feb 2024 23:59:59 GMT"},
	    {1709164800, "Thu, 29 Feb 2024 00:00:00 GMT"},
	    {4102444799, "Thu, 31 Dec 2099 23:59:59 GMT"},
	};
	char out[32];

	(void)state;
	for (size_t i = 0; i < RT_COUNT_OF(rows); i++) {
		rt_reply_http_date(out, rows[i].unix_s);
		assert_string_equal(out, rows[i].want);
	}
}

static void
latencies_have_the_mean_asked_for_and_a_tail(void **state)
{
	const int n = 20000;
	uint64_t dice = 3;
	double sum = 0;
	int slow = 0;

	(void)state;
	for (int i = 0; i < n; i++) {
		int64_t ms = rt_reply_latency_ms(1000, &dice);

		assert_true(ms >= 0);
		sum += (double)ms;
		slow += ms > 2000;
	}
	assert_within(sum / n, 1000, 30);
	assert_in_range(slow, n / 50, n / 15);
	assert_int_equal(rt_reply_latency_ms(0, &dice), 0);
}

static void
refusals_have_the_usual_form(void **state)
{
	struct rt_reply r;

	(void)state;
	rt_reply_init_error(&r, 418, NULL, "Say \"please\".");
	assert_int_equal(r.status, 418);
	assert_string_equal(r.body.p,
	    "{\"error\":{\"message\":\"Say \\\"please\\\".\","
	    "\"type\":\"server_error\",\"code\":\"error\"}}");
	rt_reply_fini(&r);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(every_script_plays_to_its_end),
	    cmocka_unit_test(
		a_sound_answer_takes_its_latency_and_a_refusal_less),
	    cmocka_unit_test(waits_are_asked_for_in_every_form),
	    cmocka_unit_test(dates_are_those_of_http_whatever_the_locale),
	    cmocka_unit_test(latencies_have_the_mean_asked_for_and_a_tail),
	    cmocka_unit_test(refusals_have_the_usual_form),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
