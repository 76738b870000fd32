/* SPDX-License-Identifier: MIT */
#include "tests/unit/util.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "collector/operation.h"

#define IDS 500

static void
finds_what_was_put_and_not_what_was_removed(void **state)
{
	struct rt_operations t;
	struct rt_operation *o;
	bool is_there[IDS] = {false};
	char id[200];
	uint32_t count = 0;
	int n, i;

	(void)state;
	srand(3);
	rt_operations_init(&t, 64, 9);
	for (n = 0; n < 20000; n++) {
		i = rand() % IDS;
		/* Some ids are longer than what is kept of them. */
		snprintf(id, sizeof(id), "%s%0*d", i % 5 ? "op-" : "",
		    i % 5 ? 1 : 150, i);
		o = rt_operation_find(&t, rt_str_of(id));
		if ((o != NULL) != is_there[i])
			fail_msg(
			    "step %d: %s %s", n, id, o ? "found" : "missing");
		if (o && rand() % 2) {
			rt_operation_remove(&t, o);
			is_there[i] = false;
			count--;
		} else if (o && o->state == RT_OPERATION_OPEN) {
			rt_operation_end(
			    &t, o, n, RT_OPERATION_ENDED_BY_ATTEMPT);
		} else if (!o && !rt_operations_full(&t)) {
			rt_operation_put(&t, rt_str_of(id), n, 0, false);
			is_there[i] = true;
			count++;
		}
		assert_int_equal(t.open.count + t.ended.count, count);
		assert_int_equal(t.phases[RT_PHASE_RUNNING], t.open.count);
	}
	assert_true(rt_operations_full(&t) || count < 64);
	rt_operations_fini(&t);
}

static void
offers_the_one_ended_or_silent_longest_when_full(void **state)
{
	struct rt_operations t;
	struct rt_operation *a, *b, *c;

	(void)state;
	rt_operations_init(&t, 16, 1);
	a = rt_operation_put(&t, rt_str_of("a"), 1, 0, false);
	b = rt_operation_put(&t, rt_str_of("b"), 2, 0, false);
	c = rt_operation_put(&t, rt_str_of("c"), 3, 0, false);
	assert_ptr_equal(rt_operation_victim(&t), a);
	rt_operation_touch(&t, a, 4, RT_PHASE_BACKOFF);
	assert_ptr_equal(rt_operation_victim(&t), b);
	assert_int_equal(t.phases[RT_PHASE_BACKOFF], 1);
	rt_operation_end(&t, c, 5, RT_OPERATION_ENDED_BY_SUMMARY);
	assert_ptr_equal(rt_operation_victim(&t), c);
	rt_operation_end(&t, a, 6, RT_OPERATION_ENDED_BY_SILENCE);
	assert_ptr_equal(rt_operation_victim(&t), c);
	assert_int_equal(t.phases[RT_PHASE_BACKOFF], 0);
	rt_operations_fini(&t);
}

/* Against a list that is searched whole: many timeouts, and other ones meanwhile. */
static void
finds_what_is_due_with_any_number_of_timeouts(void **state)
{
	enum { COUNT = 200 };
	static const unsigned counts[] = {1, 2, 3, 64, RT_TIMEOUTS_MAX};
	int64_t timeouts_us[RT_TIMEOUTS_MAX], now = 0, due[COUNT];
	struct rt_operations t;
	struct rt_operation *o;
	unsigned c, n, i, found;
	char id[16];

	(void)state;
	srand(5);
	for (c = 0; c < RT_COUNT_OF(counts); c++) {
		rt_operations_init(&t, COUNT, 9);
		for (i = 0; i < counts[c]; i++)
			timeouts_us[i] = 10 + (i * 37) % 200;
		rt_operations_set_timeouts(&t, timeouts_us, counts[c]);
		for (i = 0; i < COUNT; i++)
			due[i] = -1;
		for (n = 0; n < 4000; n++, now += rand() % 4) {
			i = (unsigned)rand() % COUNT;
			snprintf(id, sizeof(id), "%u", i);
			o = rt_operation_find(&t, rt_str_of(id));
			assert_int_equal(o != NULL, due[i] >= 0);
			if (!o)
				o = rt_operation_put(&t, rt_str_of(id), now,
				    (unsigned)rand() % counts[c], false);
			else if (o->state == RT_OPERATION_OPEN && rand() % 2)
				rt_operation_touch(
				    &t, o, now, RT_PHASE_BACKOFF);
			else if (o->state == RT_OPERATION_OPEN)
				rt_operation_end(
				    &t, o, now, RT_OPERATION_ENDED_BY_ATTEMPT);
			due[i] = o->touched_us + timeouts_us[o->timeout];
			if (n == 2000) { /* all over again, in another order */
				for (i = 1; i < counts[c]; i++)
					timeouts_us[i] =
					    10 + (i * 59 + 1) % 200;
				rt_operations_set_timeouts(
				    &t, timeouts_us, counts[c]);
				for (i = 0; i < COUNT; i++) {
					snprintf(id, sizeof(id), "%u", i);
					o = rt_operation_find(
					    &t, rt_str_of(id));
					if (o)
						due[i] = o->touched_us +
						    timeouts_us[o->timeout];
				}
			}
			while ((o = rt_operation_silent(&t, now)) ||
			    (o = rt_operation_forgettable(&t, now))) {
				i = (unsigned)atoi(o->id);
				assert_true(due[i] >= 0 && due[i] < now);
				due[i] = -1;
				rt_operation_remove(&t, o);
			}
			for (found = 0, i = 0; i < COUNT; i++) {
				assert_true(due[i] < 0 || due[i] >= now);
				found += due[i] >= 0;
			}
			assert_int_equal(t.open.count + t.ended.count, found);
		}
		rt_operations_fini(&t);
	}
}

static void
keeps_a_timeout_that_is_still_there(void **state)
{
	static const int64_t before[] = {100, 30, 50}, after[] = {200, 50};
	struct rt_operations t;
	struct rt_operation *o[3];
	unsigned i;

	(void)state;
	rt_operations_init(&t, 16, 9);
	o[0] = rt_operation_put(&t, rt_str_of("early"), 0, 0, false);
	/* Until somebody says so nothing is ever silent. */
	assert_null(rt_operation_silent(&t, INT64_MAX / 4));
	rt_operation_remove(&t, o[0]);
	rt_operations_set_timeouts(&t, before, 3);
	for (i = 0; i < 3; i++)
		o[i] = rt_operation_put(&t,
		    rt_str_of(i == 0 ? "a"
			    : i == 1 ? "b"
				     : "c"),
		    i, i, false);
	rt_operations_set_timeouts(&t, after, 2);
	assert_int_equal(o[0]->timeout, 0); /* the first is now 200 */
	assert_int_equal(o[1]->timeout, 0); /* 30 is no more */
	assert_int_equal(o[2]->timeout, 1); /* 50 is */
	assert_null(rt_operation_silent(&t, 52));
	assert_ptr_equal(rt_operation_silent(&t, 53), o[2]);
	rt_operation_remove(&t, o[2]);
	assert_null(rt_operation_silent(&t, 200));
	assert_ptr_equal(rt_operation_silent(&t, 202), o[0]);
	rt_operation_remove(&t, o[0]);
	assert_null(rt_operation_silent(&t, 201));
	assert_ptr_equal(rt_operation_silent(&t, 202), o[1]);
	rt_operations_fini(&t);
}

/* decision -1, outcome -1: absent */
static void
reads_the_ending_of_a_record_in_the_order_of_the_rules(void **state)
{
	static const struct {
		const char *why;
		int decision, outcome;
		enum rt_class error_class;
		enum rt_ending want;
	} rows[] = {
	    {"plain success", RT_DECISION_NONE, -1, RT_CLASS_NONE,
		RT_ENDING_SUCCESS},
	    {"an error that was returned", RT_DECISION_NONE, -1, RT_CLASS_AUTH,
		RT_ENDING_FAILURE},
	    {"a retry goes on", RT_DECISION_RETRY_SAME, -1, RT_CLASS_TIMEOUT,
		RT_ENDING_NOT},
	    {"a fallback goes on", RT_DECISION_FALLBACK_SECONDARY, -1,
		RT_CLASS_TIMEOUT, RT_ENDING_NOT},
	    {"an unknown code goes on", RT_DECISION_UNKNOWN, -1,
		RT_CLASS_TIMEOUT, RT_ENDING_NOT},
	    {"no decision goes on", -1, -1, RT_CLASS_TIMEOUT, RT_ENDING_NOT},
	    {"an unknown outcome says nothing", RT_DECISION_RETRY_SAME,
		RT_OUTCOME_UNKNOWN, RT_CLASS_TIMEOUT, RT_ENDING_NOT},
	    {"an outcome ends even a retry", RT_DECISION_RETRY_SAME,
		RT_OUTCOME_SUCCESS, RT_CLASS_NONE, RT_ENDING_SUCCESS},
	    {"outcome before decision", RT_DECISION_DEGRADE_CACHED,
		RT_OUTCOME_SUCCESS, RT_CLASS_TIMEOUT, RT_ENDING_SUCCESS},
	    {"degraded", RT_DECISION_DEGRADE_CACHED, -1, RT_CLASS_CANCELLED,
		RT_ENDING_DEGRADED},
	    {"cancelled by class", RT_DECISION_ABORT_ERROR, -1,
		RT_CLASS_CANCELLED, RT_ENDING_CANCELLED},
	    {"cancelled by outcome", -1, RT_OUTCOME_CANCELLED,
		RT_CLASS_CANCELLED, RT_ENDING_CANCELLED},
	    {"auth error is failure", RT_DECISION_NONE, RT_OUTCOME_AUTH_ERROR,
		RT_CLASS_NONE, RT_ENDING_FAILURE},
	    {"budget", RT_DECISION_ABORT_TIMEOUT_BUDGET, -1, RT_CLASS_TIMEOUT,
		RT_ENDING_BUDGET},
	    {"budget with an outcome", RT_DECISION_ABORT_TIMEOUT_BUDGET,
		RT_OUTCOME_TRANSIENT_FAILURE, RT_CLASS_TIMEOUT,
		RT_ENDING_BUDGET},
	    {"budget, yet success", RT_DECISION_ABORT_TIMEOUT_BUDGET,
		RT_OUTCOME_SUCCESS, RT_CLASS_TIMEOUT, RT_ENDING_SUCCESS},
	    {"aborted", RT_DECISION_ABORT_ERROR, -1, RT_CLASS_NONE,
		RT_ENDING_FAILURE},
	};
	size_t i;

	(void)state;
	for (i = 0; i < RT_COUNT_OF(rows); i++) {
		struct rt_event e = {.kind = RT_KIND_ATTEMPT,
		    .error_class = rows[i].error_class};

		if (rows[i].decision >= 0) {
			e.present |= RT_FIELD_BIT(DECISION);
			e.decision = (enum rt_decision)rows[i].decision;
		}
		if (rows[i].outcome >= 0) {
			e.present |= RT_FIELD_BIT(FINAL_OUTCOME);
			e.final_outcome = (enum rt_outcome)rows[i].outcome;
		}
		if (rt_ending_of(&e) != rows[i].want)
			fail_msg("%s: %d", rows[i].why, (int)rt_ending_of(&e));
	}
}

static void
gives_each_ending_exactly_one_fate(void **state)
{
	static const struct {
		enum rt_ending ending;
		uint32_t tries;
		bool had_fallback;
		enum rt_fate want;
	} rows[] = {
	    {RT_ENDING_SILENCE, 3, true, RT_FATE_ORPHANED},
	    {RT_ENDING_CANCELLED, 3, true, RT_FATE_CANCELLED},
	    {RT_ENDING_DEGRADED, 3, true, RT_FATE_DEGRADED},
	    {RT_ENDING_SUCCESS, 1, true, RT_FATE_RESCUED_BY_FALLBACK},
	    {RT_ENDING_SUCCESS, 2, false, RT_FATE_RESCUED_BY_RETRY},
	    {RT_ENDING_SUCCESS, 1, false, RT_FATE_FIRST_TRY},
	    {RT_ENDING_SUCCESS, 0, false, RT_FATE_FIRST_TRY},
	    {RT_ENDING_BUDGET, 1, false, RT_FATE_BUDGET_ABORTED},
	    {RT_ENDING_FAILURE, 2, true, RT_FATE_EXHAUSTED},
	    {RT_ENDING_FAILURE, 1, true, RT_FATE_FAILED_FAST},
	    {RT_ENDING_FAILURE, 0, false, RT_FATE_FAILED_FAST},
	};
	size_t i;

	(void)state;
	for (i = 0; i < RT_COUNT_OF(rows); i++)
		if (rt_fate_of(rows[i].ending, rows[i].tries,
			rows[i].had_fallback) != rows[i].want)
			fail_msg("row %zu", i);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(finds_what_was_put_and_not_what_was_removed),
	    cmocka_unit_test(offers_the_one_ended_or_silent_longest_when_full),
	    cmocka_unit_test(finds_what_is_due_with_any_number_of_timeouts),
	    cmocka_unit_test(keeps_a_timeout_that_is_still_there),
	    cmocka_unit_test(
		reads_the_ending_of_a_record_in_the_order_of_the_rules),
	    cmocka_unit_test(gives_each_ending_exactly_one_fate),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
