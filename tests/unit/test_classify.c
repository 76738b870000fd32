/* SPDX-License-Identifier: MIT */
#include "tests/unit/util.h"

#include "proto/classify.h"
#include "proto/macro.h"

struct row {
	int status; /* 0: none */
	const char *error_type;
	enum rt_class want;
};

/* clang-format off */
static const struct row rows[] = {
	{200, NULL, RT_CLASS_NONE}, {299, NULL, RT_CLASS_NONE},
	{0, NULL, RT_CLASS_UNKNOWN}, {301, NULL, RT_CLASS_UNKNOWN},
	{199, NULL, RT_CLASS_UNKNOWN}, {200, "odd", RT_CLASS_UNKNOWN},
	{0, "Cancelled", RT_CLASS_CANCELLED}, {504, "canceled", RT_CLASS_CANCELLED},
	{0, "client_cancelled", RT_CLASS_CANCELLED}, {0, "cancelled_by", RT_CLASS_UNKNOWN},
	{408, NULL, RT_CLASS_TIMEOUT}, {504, NULL, RT_CLASS_TIMEOUT}, {524, NULL, RT_CLASS_TIMEOUT},
	{0, "ReadTimeout", RT_CLASS_TIMEOUT}, {200, "timed_out", RT_CLASS_TIMEOUT},
	{0, "deadline_exceeded", RT_CLASS_TIMEOUT}, {0, "stream_timeout", RT_CLASS_TIMEOUT},
	{200, "stream_reset", RT_CLASS_STREAM_INTERRUPTED}, {500, "STREAM_x", RT_CLASS_STREAM_INTERRUPTED},
	{0, "upstream_x", RT_CLASS_UNKNOWN},
	{0, "connect_error", RT_CLASS_CONNECTION}, {200, "ECONNRESET", RT_CLASS_CONNECTION},
	{0, "dns", RT_CLASS_CONNECTION}, {0, "tls", RT_CLASS_CONNECTION}, {0, "refused", RT_CLASS_CONNECTION},
	{0, "network", RT_CLASS_CONNECTION}, {0, "unreachable", RT_CLASS_CONNECTION},
	{503, "connect_error", RT_CLASS_SERVER_ERROR},
	{400, "content_filter", RT_CLASS_POLICY}, {200, "content_policy", RT_CLASS_POLICY},
	{0, "safety", RT_CLASS_POLICY}, {0, "moderation", RT_CLASS_POLICY},
	{402, NULL, RT_CLASS_QUOTA}, {429, "insufficient_quota", RT_CLASS_QUOTA}, {0, "billing", RT_CLASS_QUOTA},
	{200, "schema", RT_CLASS_SCHEMA}, {200, "json_parse", RT_CLASS_SCHEMA}, {200, "validation", RT_CLASS_SCHEMA},
	{400, "schema", RT_CLASS_CALLER_ERROR}, {0, "schema", RT_CLASS_UNKNOWN},
	{401, NULL, RT_CLASS_AUTH}, {403, NULL, RT_CLASS_AUTH}, {0, "auth", RT_CLASS_AUTH},
	{0, "bad_api_key", RT_CLASS_AUTH}, {500, "auth", RT_CLASS_SERVER_ERROR},
	{500, "invalid_request", RT_CLASS_CALLER_ERROR}, {0, "bad_request", RT_CLASS_CALLER_ERROR},
	{429, NULL, RT_CLASS_RATE_LIMITED}, {0, "rate_limit", RT_CLASS_RATE_LIMITED},
	{500, "rate_limit", RT_CLASS_SERVER_ERROR},
	{500, NULL, RT_CLASS_SERVER_ERROR}, {599, NULL, RT_CLASS_SERVER_ERROR},
	{400, NULL, RT_CLASS_CALLER_ERROR}, {499, NULL, RT_CLASS_CALLER_ERROR},
};
/* clang-format on */

static struct rt_event
event_of(const struct row *r)
{
	struct rt_event e = {0};

	e.http_response_status_code = r->status;
	e.error_type = rt_str_of(r->error_type);
	e.present = (r->status ? RT_FIELD_BIT(HTTP_STATUS) : 0) |
	    (r->error_type ? RT_FIELD_BIT(ERROR_TYPE) : 0);
	return e;
}

static void
the_first_rule_that_matches_wins(void **state)
{
	struct rt_event e;
	size_t i;

	(void)state;
	for (i = 0; i < RT_COUNT_OF(rows); i++) {
		e = event_of(&rows[i]);
		if (rt_classify(&e) != rows[i].want)
			fail_msg("%d %s is %s", rows[i].status,
			    rows[i].error_type ? rows[i].error_type : "-",
			    rt_class_name(rt_classify(&e)));
	}
}

static void
a_cancelled_outcome_outweighs_everything(void **state)
{
	struct rt_event e;
	size_t i;

	(void)state;
	for (i = 0; i < RT_COUNT_OF(rows); i++) {
		e = event_of(&rows[i]);
		e.final_outcome = RT_OUTCOME_CANCELLED;
		e.present |= RT_FIELD_BIT(FINAL_OUTCOME);
		assert_int_equal(rt_classify(&e), RT_CLASS_CANCELLED);
	}
}

static void
absent_fields_say_nothing(void **state)
{
	struct rt_event e = {.http_response_status_code = 503,
	    .error_type = {"timeout", 7},
	    .final_outcome = RT_OUTCOME_CANCELLED};

	(void)state;
	assert_int_equal(rt_classify(&e), RT_CLASS_UNKNOWN);
}

static void
names_read_back_as_what_they_name(void **state)
{
	unsigned i;

	(void)state;
	for (i = 0; i < RT_DECISION_COUNT; i++)
		assert_int_equal(rt_decision_from(rt_str_of(
				     rt_decision_name((enum rt_decision)i))),
		    i);
	for (i = 0; i < RT_OUTCOME_COUNT; i++)
		assert_int_equal(rt_outcome_from(rt_str_of(
				     rt_outcome_name((enum rt_outcome)i))),
		    i);
	for (i = 0; i < RT_SHAPE_COUNT; i++)
		assert_int_equal(
		    rt_shape_from(rt_str_of(rt_shape_name((enum rt_shape)i))),
		    i);
	assert_int_equal(
	    rt_decision_from(rt_str_of("None")), RT_DECISION_UNKNOWN);
	assert_int_equal(rt_outcome_from(RT_STR_NONE), RT_OUTCOME_UNKNOWN);
	assert_int_equal(rt_shape_from(rt_str_of("x")), RT_SHAPE_COUNT);
	assert_null(rt_class_name(RT_CLASS_COUNT));
	assert_null(rt_reject_name(RT_REJECT_NOT));
	assert_string_equal(rt_field_name(RT_FIELD_TS), "ts");
	assert_string_equal(
	    rt_field_name(RT_FIELD_HTTP_STATUS), "http_response_status_code");
}

static void
four_decisions_end_an_operation(void **state)
{
	(void)state;
	assert_true(rt_decision_is_terminal(RT_DECISION_NONE));
	assert_true(rt_decision_is_terminal(RT_DECISION_DEGRADE_CACHED));
	assert_true(rt_decision_is_terminal(RT_DECISION_ABORT_ERROR));
	assert_true(rt_decision_is_terminal(RT_DECISION_ABORT_TIMEOUT_BUDGET));
	assert_false(rt_decision_is_terminal(RT_DECISION_RETRY_SAME));
	assert_false(rt_decision_is_terminal(RT_DECISION_FALLBACK_SECONDARY));
	assert_false(rt_decision_is_terminal(RT_DECISION_UNKNOWN));
	assert_true(rt_class_is_retryable(RT_CLASS_TIMEOUT));
	assert_false(rt_class_is_retryable(RT_CLASS_AUTH));
}

static void
remembering_changes_no_class(void **state)
{
	static const char *const types[] = {"", "timeout", "quota", "schema",
	    "connect", "none of these", "auth", "rate_limit", "TIMEOUT",
	    "stream_x", "stream_y",
	    "a type that has more characters than the memory can keep of one",
	    "timeouts"};
	static const int statuses[] = {0, 100, 200, 299, 401, 404, 408, 429,
	    500, 504, 599, 600, 70000, -1};
	static const enum rt_outcome outcomes[] = {
	    RT_OUTCOME_UNKNOWN, RT_OUTCOME_SUCCESS, RT_OUTCOME_CANCELLED};
	static struct rt_classified before;
	struct util_random r = util_random_begin(5);
	struct rt_event e;
	const char *type;
	int i, status;

	(void)state;
	for (i = 0; i < 100000; i++) {
		memset(&e, 0, sizeof(e));
		type = types[util_random_below(&r, RT_COUNT_OF(types))];
		status = statuses[util_random_below(&r, RT_COUNT_OF(statuses))];
		if (type[0]) {
			e.error_type = rt_str_of(type);
			e.present |= RT_FIELD_BIT(ERROR_TYPE);
		}
		if (status) {
			e.http_response_status_code = status;
			e.present |= RT_FIELD_BIT(HTTP_STATUS);
		}
		e.final_outcome =
		    outcomes[util_random_below(&r, RT_COUNT_OF(outcomes))];
		if (e.final_outcome != RT_OUTCOME_UNKNOWN)
			e.present |= RT_FIELD_BIT(FINAL_OUTCOME);
		assert_int_equal(
		    rt_classify_again(&before, &e), rt_classify(&e));
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(the_first_rule_that_matches_wins),
	    cmocka_unit_test(a_cancelled_outcome_outweighs_everything),
	    cmocka_unit_test(absent_fields_say_nothing),
	    cmocka_unit_test(remembering_changes_no_class),
	    cmocka_unit_test(names_read_back_as_what_they_name),
	    cmocka_unit_test(four_decisions_end_an_operation),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
