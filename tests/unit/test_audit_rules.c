/* SPDX-License-Identifier: MIT */
/*
 * The table of predicates by itself: whatever a record holds.
 */
#include "tests/unit/util.h"

#include "collector/audit_rules.h"

static uint32_t
roll(uint32_t sides)
{
	static uint64_t state = 88172645463325252u;

	state ^= state << 13;
	state ^= state >> 7;
	state ^= state << 17;
	return (uint32_t)(state >> 33) % sides;
}

/* Whatever the fields of a record and what is remembered of the one before it. */
static void
roll_judged(
    struct rt_judged *j, struct rt_event *e, struct rt_audit_state *last)
{
	static const char *const models[] = {"", "m", "n", "m-2026-06-13"};
	static const double waits[] = {0, 1, 100, 20000};
	static struct rt_policy policy;

	*e = (struct rt_event){
	    .present = (uint64_t)roll(UINT32_MAX) << 32 | roll(UINT32_MAX),
	    .shape = (enum rt_shape)roll(RT_SHAPE_COUNT),
	    .error_class = (enum rt_class)roll(RT_CLASS_COUNT),
	    .ts_has_fraction = roll(2) == 0,
	    .ts_us = roll(100000000),
	    .attempt = 1 + roll(8),
	    .max_attempts = 1 + roll(4),
	    .elapsed_ms = roll(20000),
	    .decision = (enum rt_decision)roll(RT_DECISION_COUNT),
	    .backoff_ms = waits[roll(4)],
	    .retry_after_ms = waits[roll(4)],
	    .retry_budget_remaining = roll(2),
	    .model_requested = rt_str_of(models[roll(4)]),
	    .model_returned = rt_str_of(models[roll(4)]),
	    .streaming = roll(2) == 0,
	    .stream_committed = roll(2) == 0,
	    .finish_reason_seen = roll(2) == 0,
	    .requeue_count = roll(2),
	};
	*last = (struct rt_audit_state){
	    .attempt = 1 + roll(4),
	    .ts_us = roll(100000000),
	    .backoff_ms = (float)waits[roll(4)],
	    .model = roll(3),
	    .provider = roll(3),
	    .error_class = (uint8_t)roll(RT_CLASS_COUNT),
	    .decision = (uint8_t)roll(RT_DECISION_COUNT + 1),
	    .fallbacks = (uint8_t)roll(4),
	    .has_ts = roll(2) == 0,
	    .has_fraction = roll(2) == 0,
	    .is_otel = roll(4) == 0,
	    .declared_fallback = roll(4) == 0,
	};
	policy = rt_policy_default;
	policy.retryable_classes = roll(1u << RT_CLASS_COUNT);
	*j = (struct rt_judged){.e = e,
	    .last = roll(2) ? last : NULL,
	    .policy = &policy,
	    .model = roll(3),
	    .provider = roll(3)};
}

static void
asks_a_rule_about_every_record_that_breaks_it(void **state)
{
	unsigned broken[RT_RULE_COUNT] = {0};
	struct rt_audit_state last;
	const struct rt_predicate *p;
	struct rt_judged j;
	struct rt_event e;
	unsigned n;
	size_t i;

	(void)state;
	for (n = 0; n < 200000; n++) {
		roll_judged(&j, &e, &last);
		for (i = 0; i < rt_predicates_count; i++) {
			p = &rt_predicates[i];
			if (!p->fires(&j))
				continue;
			broken[p->rule]++;
			if (!(p->any_of & rt_judged_has(&j)))
				fail_msg("%s is not asked: %s",
				    rt_rule_name(p->rule), j.evidence);
		}
	}
	for (i = 0; i < rt_predicates_count; i++)
		if (broken[rt_predicates[i].rule] == 0)
			fail_msg("%s was never broken",
			    rt_rule_name(rt_predicates[i].rule));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(asks_a_rule_about_every_record_that_breaks_it),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
