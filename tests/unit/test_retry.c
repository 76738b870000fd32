/* SPDX-License-Identifier: MIT */
#include <math.h>
#include <stdio.h>

#include "collector/canary/retry.h"
#include "tests/unit/util.h"

#define DRAWS 20000u

static struct rt_retry_policy
policy_of(enum rt_jitter jitter)
{
	struct rt_retry_policy p = rt_retry_policy_default;

	p.jitter = jitter;
	p.base_ms = 100;
	p.cap_ms = 1000;
	p.ceiling_ms = 1e9;
	return p;
}

/* lo, hi: the bounds of the n-th wait; mean: of the even spread between. */
static void
waits_stay_in_their_envelope_and_spread_evenly(void **state)
{
	static const struct {
		enum rt_jitter jitter;
		unsigned n;
		double last_ms, lo, hi, mean;
	} rows[] = {
	    {RT_JITTER_FULL, 0, 0, 0, 100, 50},
	    {RT_JITTER_FULL, 2, 0, 0, 400, 200},
	    {RT_JITTER_FULL, 9, 0, 0, 1000, 500},
	    {RT_JITTER_FULL, 4000000000u, 0, 0, 1000, 500},
	    {RT_JITTER_EQUAL, 0, 0, 50, 100, 75},
	    {RT_JITTER_EQUAL, 3, 0, 400, 800, 600},
	    {RT_JITTER_EQUAL, 9, 0, 500, 1000, 750},
	    {RT_JITTER_DECORRELATED, 0, 0, 100, 300, 200},
	    {RT_JITTER_DECORRELATED, 1, 200, 100, 600, 350},
	    /* half of [100, 1900] is cut to the cap */
	    {RT_JITTER_DECORRELATED, 1, 1900.0 / 3, 100, 1000, 775},
	    {RT_JITTER_ADDITIVE, 0, 0, 100, 200, 150},
	    {RT_JITTER_ADDITIVE, 2, 0, 400, 500, 450},
	    {RT_JITTER_ADDITIVE, 9, 0, 1000, 1100, 1050},
	};
	uint64_t dice = util_random_begin(7).state;

	(void)state;
	for (size_t i = 0; i < RT_COUNT_OF(rows); i++) {
		struct rt_retry_policy p = policy_of(rows[i].jitter);
		double sum = 0, least = HUGE_VAL, most = 0, ms;

		for (unsigned n = 0; n < DRAWS; n++) {
			ms = rt_retry_wait_ms(
			    &p, rows[i].n, rows[i].last_ms, &dice);
			sum += ms;
			least = fmin(least, ms);
			most = fmax(most, ms);
		}
		if (least < rows[i].lo || most > rows[i].hi)
			fail_msg("%s, retry %u: waits from %g to %g",
			    rt_jitter_name(rows[i].jitter), rows[i].n, least,
			    most);
		assert_within(
		    sum / DRAWS, rows[i].mean, (rows[i].hi - rows[i].lo) / 50);
		/* both ends are come near to: it is random, not a constant */
		assert_true(
		    least < rows[i].lo + (rows[i].hi - rows[i].lo) / 20);
		assert_true(most > rows[i].hi - (rows[i].hi - rows[i].lo) / 20);
	}
}

static void
never_waits_for_nothing(void **state)
{
	struct rt_retry_policy p = policy_of(RT_JITTER_FULL);
	uint64_t dice = 1;

	(void)state;
	p.base_ms = p.cap_ms = 0.001;
	for (unsigned i = 0; i < 100; i++)
		assert_true(rt_retry_wait_ms(&p, 0, 0, &dice) >= 1);
}

static const struct rt_retry_seen sound = {
    .error_class = RT_CLASS_NONE, .retry_after_ms = -1};
static const struct rt_retry_seen down = {
    .error_class = RT_CLASS_SERVER_ERROR, .retry_after_ms = -1};

/* The decision after attempt number `attempts` of a fresh operation. */
static struct rt_retry_step
after(unsigned attempts, const struct rt_retry_policy *p,
    const struct rt_retry_seen *seen)
{
	struct rt_retry_budget b;
	struct rt_retry r = {0};
	uint64_t dice = 3;

	rt_retry_budget_init(&b);
	while (attempts-- > 0)
		rt_retry_count(&r);
	return rt_retry_next(&r, p, &b, seen, &dice);
}

static void
retries_only_what_the_list_allows(void **state)
{
	struct rt_retry_policy p = policy_of(RT_JITTER_FULL);

	(void)state;
	for (unsigned c = 0; c < RT_CLASS_COUNT; c++) {
		struct rt_retry_seen seen = down;
		enum rt_decision want = rt_class_is_retryable((enum rt_class)c)
		    ? RT_DECISION_RETRY_SAME
		    : RT_DECISION_ABORT_ERROR;

		seen.error_class = (enum rt_class)c;
		if (c == RT_CLASS_NONE)
			want = RT_DECISION_NONE;
		assert_int_equal(after(1, &p, &seen).decision, want);
		/* A word of the server widens no list. */
		seen.should_retry = RT_RETRY_SAYS_YES;
		assert_int_equal(after(1, &p, &seen).decision, want);
	}
	p.retryable = 0;
	assert_int_equal(after(1, &p, &down).stop, RT_RETRY_STOP_CLASS);
}

static void
stops_by_name(void **state)
{
	struct rt_retry_policy p = policy_of(RT_JITTER_EQUAL), q = p;
	struct rt_retry_seen seen = down;

	(void)state;
	assert_int_equal(after(1, &p, &sound).stop, RT_RETRY_STOP_DONE);
	assert_int_equal(after(2, &p, &down).decision, RT_DECISION_RETRY_SAME);
	assert_int_equal(after(2, &p, &down).left, 1);
	assert_int_equal(after(3, &p, &down).stop, RT_RETRY_STOP_ATTEMPTS);
	assert_int_equal(after(3, &p, &down).decision, RT_DECISION_ABORT_ERROR);
	q.jitter = RT_JITTER_NONE;
	assert_int_equal(after(1, &q, &down).stop, RT_RETRY_STOP_ATTEMPTS);
	seen.should_retry = RT_RETRY_SAYS_NO;
	assert_int_equal(after(1, &p, &seen).stop, RT_RETRY_STOP_SERVER);
	seen = down;
	seen.error_class = RT_CLASS_STREAM_INTERRUPTED;
	seen.is_committed = true;
	assert_int_equal(after(1, &p, &seen).stop, RT_RETRY_STOP_COMMITTED);
	assert_string_equal(
	    rt_retry_stop_name(RT_RETRY_STOP_COMMITTED), "content_committed");
}

static void
no_wait_crosses_the_ceiling(void **state)
{
	struct rt_retry_policy p = policy_of(RT_JITTER_EQUAL);
	struct rt_retry_seen seen = down;

	(void)state;
	p.ceiling_ms = 2000;
	seen.elapsed_ms = 1899; /* the first wait is from 50 to 100 */
	assert_int_equal(after(1, &p, &seen).decision, RT_DECISION_RETRY_SAME);
	seen.elapsed_ms = 1950;
	assert_int_equal(
	    after(1, &p, &seen).decision, RT_DECISION_ABORT_TIMEOUT_BUDGET);
	assert_int_equal(after(1, &p, &seen).stop, RT_RETRY_STOP_CEILING);
	seen.elapsed_ms = 0;
	seen.retry_after_ms = 2000; /* asked for more than there is */
	assert_int_equal(
	    after(1, &p, &seen).decision, RT_DECISION_ABORT_TIMEOUT_BUDGET);
	seen.retry_after_ms = RT_MS_MAX;
	assert_int_equal(after(1, &p, &seen).stop, RT_RETRY_STOP_CEILING);
}

static void
waits_at_least_what_was_asked_and_not_in_step(void **state)
{
	struct rt_retry_policy p = policy_of(RT_JITTER_FULL);
	struct rt_retry_seen seen = down;
	struct rt_retry_budget b = {1e6};
	double least = HUGE_VAL, most = 0;
	uint64_t dice = 5;

	(void)state;
	seen.retry_after_ms = 500;
	for (unsigned i = 0; i < 1000; i++) {
		struct rt_retry r = {.attempts_here = 1};
		double ms = rt_retry_next(&r, &p, &b, &seen, &dice).wait_ms;

		least = fmin(least, ms);
		most = fmax(most, ms);
	}
	assert_true(least >= 500 && most <= 550 && most - least > 40);
	seen.retry_after_ms = 0; /* a past date: the jitter is left */
	assert_true(after(1, &p, &seen).wait_ms >= 1);
}

static void
falls_back_for_allowed_reasons_only(void **state)
{
	struct rt_retry_policy p = policy_of(RT_JITTER_NONE);
	struct rt_retry_seen seen = down;
	struct rt_retry_budget b;
	struct rt_retry r = {0};
	uint64_t dice = 1;

	(void)state;
	seen.has_fallback = true;
	assert_int_equal(
	    after(1, &p, &seen).decision, RT_DECISION_FALLBACK_SECONDARY);
	for (unsigned c = 1; c < RT_CLASS_COUNT; c++) {
		seen.error_class = (enum rt_class)c;
		assert_int_equal(after(1, &p, &seen).decision,
		    rt_class_is_retryable((enum rt_class)c)
			? RT_DECISION_FALLBACK_SECONDARY
			: RT_DECISION_ABORT_ERROR);
	}
	seen = down;
	assert_int_equal(after(1, &p, &seen).decision, RT_DECISION_ABORT_ERROR);
	seen.has_fallback = seen.is_committed = true;
	assert_int_equal(after(1, &p, &seen).decision, RT_DECISION_ABORT_ERROR);
	seen.is_committed = false;
	rt_retry_budget_init(&b);
	for (unsigned i = 0; i < RT_RETRY_FALLBACKS_MAX; i++) {
		rt_retry_count(&r);
		assert_int_equal(
		    rt_retry_next(&r, &p, &b, &seen, &dice).decision,
		    RT_DECISION_FALLBACK_SECONDARY);
	}
	rt_retry_count(&r);
	assert_int_equal(rt_retry_next(&r, &p, &b, &seen, &dice).decision,
	    RT_DECISION_ABORT_ERROR);
	assert_int_equal(r.attempts, 3);
}

static void
retries_are_a_tenth_of_the_requests_over_time(void **state)
{
	struct rt_retry_policy p = policy_of(RT_JITTER_FULL);
	unsigned retries = 0, operations = 10000;
	struct rt_retry_budget b;
	uint64_t dice = 9;

	(void)state;
	rt_retry_budget_init(&b);
	for (unsigned i = 0; i < operations; i++) {
		struct rt_retry r = {0};

		rt_retry_budget_earn(&b, p.budget_ratio);
		rt_retry_count(&r);
		while (rt_retry_next(&r, &p, &b, &down, &dice).decision ==
		    RT_DECISION_RETRY_SAME) {
			retries++;
			rt_retry_count(&r);
		}
	}
	assert_true(retries <= operations / 10 + 3);
	assert_true(retries >= operations / 10 - 1);
	/* Good times save no more than ten. */
	for (unsigned i = 0; i < 1000; i++)
		rt_retry_budget_earn(&b, p.budget_ratio);
	assert_within(b.saved, RT_RETRY_BUDGET_MAX, 1e-9);
}

static void
reads_retry_after(void **state)
{
	static const rt_wall_t now = {INT64_C(784111777000000)};
	static const struct {
		const char *text;
		double want_ms; /* -1: not one */
	} rows[] = {
	    {"2", 2000},
	    {"0", 0},
	    {"1.5", 1500},
	    {"99999999999", RT_MS_MAX},
	    {"Sun, 06 Nov 1994 08:49:47 GMT", 10000},
	    {"Sunday, 06-Nov-94 08:49:47 GMT", 10000},
	    {"Sun Nov  6 08:49:47 1994", 10000},
	    {"Sun, 06 Nov 1994 08:49:27 GMT", 0},
	    {"Thu, 01 Jan 1970 00:00:00 GMT", 0},
	    {"Fri, 31 Dec 9999 23:59:59 GMT", RT_MS_MAX},
	    {"-1", -1},
	    {"", -1},
	    {"soon", -1},
	    {"2 s", -1},
	    {"NaN", -1},
	    {"Sun, 06 Foo 1994 08:49:47 GMT", -1},
	    {"Sun, 06 Nov 1994 25:49:47 GMT", -1},
	    {"Sun, 06 Nov 1994 08:49:47 GMT+2", -1},
	    {"Sun, 06 Nov 1994 08:49:47", -1},
	    {"Sun, 06 Nov 1994 08:49:47 GMT                      .", -1},
	};

	(void)state;
	for (size_t i = 0; i < RT_COUNT_OF(rows); i++) {
		double ms = -7;
		enum rt_err err =
		    rt_retry_after_read(rt_str_of(rows[i].text), now, &ms);

		if ((err == RT_OK) != (rows[i].want_ms >= 0) ||
		    fabs(ms - (err == RT_OK ? rows[i].want_ms : -7)) > 1e-6)
			fail_msg("%s: %s, %g ms", rows[i].text,
			    rt_err_text(err), ms);
	}
}

static void
reads_the_finer_headers(void **state)
{
	double ms = -7;

	(void)state;
	assert_int_equal(rt_retry_after_ms_read(rt_str_of("1500"), &ms), RT_OK);
	assert_within(ms, 1500, 0);
	assert_int_equal(
	    rt_retry_after_ms_read(rt_str_of("-1"), &ms), RT_E_SYNTAX);
	assert_int_equal(rt_retry_after_ms_read(RT_STR_NONE, &ms), RT_E_SYNTAX);
	assert_within(ms, 1500, 0);
	assert_int_equal(
	    rt_retry_word_read(rt_str_of("FALSE")), RT_RETRY_SAYS_NO);
	assert_int_equal(
	    rt_retry_word_read(rt_str_of("true")), RT_RETRY_SAYS_YES);
	assert_int_equal(
	    rt_retry_word_read(rt_str_of("maybe")), RT_RETRY_UNSAID);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(waits_stay_in_their_envelope_and_spread_evenly),
	    cmocka_unit_test(never_waits_for_nothing),
	    cmocka_unit_test(retries_only_what_the_list_allows),
	    cmocka_unit_test(stops_by_name),
	    cmocka_unit_test(no_wait_crosses_the_ceiling),
	    cmocka_unit_test(waits_at_least_what_was_asked_and_not_in_step),
	    cmocka_unit_test(falls_back_for_allowed_reasons_only),
	    cmocka_unit_test(retries_are_a_tenth_of_the_requests_over_time),
	    cmocka_unit_test(reads_retry_after),
	    cmocka_unit_test(reads_the_finer_headers),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
