/* SPDX-License-Identifier: MIT */
#include "collector/canary/contract.h"
#include "collector/canary/fault.h"
#include "tests/unit/util.h"

static void
rows_are_sound(void **state)
{
	(void)state;
	for (size_t i = 0; i < rt_contract_count; i++) {
		const struct rt_contract_row *r = &rt_contract_rows[i];
		struct rt_diag d = {{0}, {0}};
		struct rt_fault_set faults;
		struct rt_target t;

		for (size_t k = 0; k < i; k++)
			assert_string_not_equal(rt_contract_rows[k].id, r->id);
		rt_target_init(&t, "t");
		if (rt_contract_apply(&t, rt_contract_settings, &d) != RT_OK ||
		    (r->settings &&
			rt_contract_apply(&t, r->settings, &d) != RT_OK))
			fail_msg("%s: %s", r->id, d.what);
		rt_fault_set_init(&faults, 1);
		if (r->at == RT_CONTRACT_GATEWAY && r->induce &&
		    rt_fault_set_replace(&faults, rt_str_of(r->induce), &d) !=
			RT_OK)
			fail_msg("%s: %s", r->id, d.what);
		assert_true(
		    r->attempts >= 1 && r->wait_max_ms >= r->wait_min_ms);
		/* Where no retry is allowed, more than one attempt cannot be. */
		if (t.retry.jitter == RT_JITTER_NONE)
			assert_int_equal(r->attempts, 1 + r->fallbacks);
		/* What is safe against a real server induces nothing there. */
		if (r->is_live)
			assert_int_equal(r->at, RT_CONTRACT_GATEWAY);
	}
}

static void
no_caller_error_is_tried_again_or_elsewhere(void **state)
{
	const uint32_t final = 1u << RT_CLASS_AUTH |
	    1u << RT_CLASS_CALLER_ERROR | 1u << RT_CLASS_QUOTA |
	    1u << RT_CLASS_SCHEMA;
	unsigned seen = 0;

	(void)state;
	for (size_t i = 0; i < rt_contract_count; i++) {
		const struct rt_contract_row *r = &rt_contract_rows[i];

		if (!(final >> r->error_class & 1u))
			continue;
		seen++;
		assert_int_equal(r->attempts, 1);
		assert_int_equal(r->fallbacks, 0);
	}
	assert_true(seen >= 10);
}

/* A row whose every expectation is met, and each way to miss one. */
static void
says_what_differs_first(void **state)
{
	const struct rt_contract_row row = {.verdict = RT_VERDICT_FAILED,
	    .error_class = RT_CLASS_SERVER_ERROR,
	    .error_type = "http_error",
	    .attempts = 3,
	    .wait_min_ms = 20,
	    .wait_max_ms = 80,
	    .total_max_ms = 100};
	struct rt_probe sound = {.verdict = RT_VERDICT_FAILED,
			    .event = {.error_class = RT_CLASS_SERVER_ERROR},
			    .judgement = {.error_type = "http_error"},
			    .retry = {.attempts = 3},
			    .waits_ms = {20, 80}},
			p;
	char why[160];

	(void)state;
#define EXPECT(change, served, want)                                          \
	do {                                                                  \
		p = sound;                                                    \
		change;                                                       \
		assert_int_equal(                                             \
		    rt_contract_holds(&row, &p, served, false, why), !*want); \
		assert_string_equal(why, want);                               \
	} while (0)
	EXPECT((void)0, 3, "");
	EXPECT((void)0, -1, "");
	EXPECT(p.event.error_class = RT_CLASS_TIMEOUT, 3, "another class");
	EXPECT(p.verdict = RT_VERDICT_OK, 3, "another verdict");
	EXPECT(p.judgement.error_type = NULL, 3, "another error type");
	EXPECT(p.retry.fallbacks = 1, 3, "a fallback");
	EXPECT(p.retry.attempts = 2, 2, "another number of attempts");
	EXPECT(p.waits_ms[1] = 81, 3, "a wait outside its envelope");
	EXPECT(p.waits_ms[0] = 19, 3, "a wait outside its envelope");
	EXPECT(p.answer.phases_ms[RT_PHASE_TOTAL] = 101, 3, "it took too long");
	EXPECT((void)0, 4, "the server saw another number of requests");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(rows_are_sound),
	    cmocka_unit_test(no_caller_error_is_tried_again_or_elsewhere),
	    cmocka_unit_test(says_what_differs_first),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
