/* SPDX-License-Identifier: MIT */
#include "util.h"

#include <math.h>
#include <string.h>

#include "proto/attempt.h"
#include "proto/event.h"
#include "proto/macro.h"

/* 2026-06-13T09:00:00.242Z */
static const rt_wall_t TS = {INT64_C(1781341200242000)};

static char out[RT_RECORD_MAX + 1];

static enum rt_err
encode(const struct rt_attempt *a, struct rt_str *record)
{
	size_t len = 0;
	enum rt_err err = rt_attempt_encode(a, TS, out, sizeof(out), &len);

	*record = (struct rt_str){out, len};
	return err;
}

static struct rt_attempt
smallest(void)
{
	struct rt_attempt a = RT_ATTEMPT_INIT;

	a.operation_id = "op";
	a.attempt = 1;
	return a;
}

static void
writes_only_what_is_known(void **state)
{
	struct rt_attempt a = smallest();
	struct rt_str r;

	(void)state;
	a.service = "";
	a.status = 0;
	assert_int_equal(encode(&a, &r), RT_OK);
	assert_string_equal(r.p,
	    "{\"schema\":\"llm-attempt/"
	    "v1\",\"ts\":\"2026-06-13T09:00:00.242Z\","
	    "\"operation_id\":\"op\",\"attempt\":1}");
	assert_int_equal(r.len, strlen(r.p));
}

static void
writes_every_member_under_its_wire_name(void **state)
{
	static const char *const wants[] = {"\"operation_id\":\"op\"",
	    "\"attempt\":1,", "\"service\":\"a\"", "\"service_version\":\"b\"",
	    "\"environment\":\"c\"", "\"tenant\":\"d\"", "\"provider\":\"e\"",
	    "\"http_request_method\":\"POST\"", "\"http_route\":\"/v1\"",
	    "\"error_type\":\"timeout\"", "\"decision\":\"retry_same\"",
	    "\"decision_reason\":\"f\"", "\"fallback_target\":\"g\"",
	    "\"model_requested\":\"h\"", "\"model_returned\":\"i\"",
	    "\"final_outcome\":\"success\"", "\"response_object_type\":\"j\"",
	    "\"upstream_request_id\":\"k\"", "\"parent_operation_id\":\"l\"",
	    "\"max_attempts\":4", "\"http_response_status_code\":503",
	    "\"retry_budget_remaining\":0", "\"upstream_attempts\":2",
	    "\"requeue_count\":0", "\"elapsed_ms\":412.5", "\"ttft_ms\":0",
	    "\"backoff_ms\":250", "\"retry_after_ms\":1000",
	    "\"timeout_budget_ms\":30000", "\"streaming\":true",
	    "\"stream_committed\":false", "\"finish_reason_seen\":true",
	    "\"usage_seen\":false", "\"synthetic\":true"};
	struct rt_attempt a = {.operation_id = "op",
	    .attempt = 1,
	    .service = "a",
	    .service_version = "b",
	    .environment = "c",
	    .tenant = "d",
	    .provider = "e",
	    .method = "POST",
	    .route = "/v1",
	    .error_type = "timeout",
	    .decision = "retry_same",
	    .decision_reason = "f",
	    .fallback_target = "g",
	    .model_requested = "h",
	    .model_returned = "i",
	    .final_outcome = "success",
	    .response_object_type = "j",
	    .upstream_request_id = "k",
	    .parent_operation_id = "l",
	    .max_attempts = 4,
	    .status = 503,
	    .retry_budget_remaining = 0,
	    .upstream_attempts = 2,
	    .requeue_count = 0,
	    .elapsed_ms = 412.5,
	    .ttft_ms = 0,
	    .backoff_ms = 250,
	    .retry_after_ms = 1000,
	    .timeout_budget_ms = 30000,
	    .streaming = 1,
	    .stream_committed = 0,
	    .finish_reason_seen = 1,
	    .usage_seen = 0,
	    .synthetic = 1};
	struct rt_str r;
	size_t i, commas = 0;

	(void)state;
	assert_int_equal(encode(&a, &r), RT_OK);
	for (i = 0; i < RT_COUNT_OF(wants); i++)
		if (!strstr(r.p, wants[i]))
			fail_msg("%s is not in %s", wants[i], r.p);
	for (i = 0; i < r.len; i++)
		commas += r.p[i] == ',';
	/* schema and ts are the other two. */
	assert_int_equal(commas + 1, RT_COUNT_OF(wants) + 2);
}

static void
keeps_a_word_of_the_clients_own(void **state)
{
	struct rt_attempt a = smallest();
	struct rt_str r;

	(void)state;
	a.decision = "shrug";
	a.final_outcome = "meh";
	assert_int_equal(encode(&a, &r), RT_OK);
	assert_non_null(strstr(r.p, "\"decision\":\"shrug\""));
	assert_non_null(strstr(r.p, "\"final_outcome\":\"unknown\""));
}

#define TEN "0123456789"
#define S64 TEN TEN TEN TEN TEN TEN "0123"
#define UMLAUT "\xc3\xa4"
#define U8 UMLAUT UMLAUT UMLAUT UMLAUT UMLAUT UMLAUT UMLAUT UMLAUT
#define U64 U8 U8 U8 U8 U8 U8 U8 U8

static void
refuses_what_a_collector_would_refuse(void **state)
{
	static const struct {
		const char *why;
		size_t at;
		int64_t integer;
		enum rt_err want;
	} ints[] = {
#define AT(m) offsetof(struct rt_attempt, m)
	    {"attempt 0", AT(attempt), 0, RT_E_FIELD},
	    {"attempt not known", AT(attempt), RT_UNKNOWN, RT_E_FIELD},
	    {"attempt 2^31-1", AT(attempt), RT_INT_MAX, RT_OK},
	    {"attempt 2^31", AT(attempt), RT_INT_MAX + INT64_C(1), RT_E_FIELD},
	    {"status 99", AT(status), 99, RT_E_FIELD},
	    {"status 100", AT(status), 100, RT_OK},
	    {"status 599", AT(status), 599, RT_OK},
	    {"status 600", AT(status), 600, RT_E_FIELD},
	    {"cap 0", AT(max_attempts), 0, RT_E_FIELD},
	    {"negative", AT(requeue_count), -2, RT_E_FIELD},
	};
	static const struct {
		const char *text;
		size_t at;
		enum rt_err want;
	} texts[] = {
	    {NULL, AT(operation_id), RT_E_FIELD},
	    {"", AT(operation_id), RT_E_FIELD},
	    {S64 S64, AT(operation_id), RT_OK},
	    {S64 S64 "x", AT(operation_id), RT_E_FIELD},
	    {S64, AT(service), RT_OK},
	    {S64 "x", AT(service), RT_E_FIELD},
	    {U64, AT(service), RT_OK},
	    {U64 "x", AT(service), RT_E_FIELD},
	    {S64 "x", AT(decision), RT_E_FIELD},
	    {S64 "x", AT(final_outcome), RT_E_FIELD},
	};
	static const struct {
		double ms;
		enum rt_err want;
	} numbers[] = {
	    {0, RT_OK},
	    {RT_MS_MAX, RT_OK},
	    {RT_MS_MAX + 1, RT_E_FIELD},
	    {-0.5, RT_E_FIELD},
	    {-2, RT_E_FIELD},
	    {(double)NAN, RT_E_FIELD},
	    {(double)INFINITY, RT_E_FIELD},
	};
	struct rt_str r;
	size_t i;

	(void)state;
	for (i = 0; i < RT_COUNT_OF(ints); i++) {
		struct rt_attempt a = smallest();

		memcpy((char *)&a + ints[i].at, &ints[i].integer,
		    sizeof(ints[i].integer));
		if (encode(&a, &r) != ints[i].want)
			fail_msg("%s", ints[i].why);
	}
	for (i = 0; i < RT_COUNT_OF(texts); i++) {
		struct rt_attempt a = smallest();

		memcpy((char *)&a + texts[i].at, &texts[i].text,
		    sizeof(texts[i].text));
		if (encode(&a, &r) != texts[i].want)
			fail_msg("text %zu", i);
	}
	for (i = 0; i < RT_COUNT_OF(numbers); i++) {
		struct rt_attempt a = smallest();

		a.elapsed_ms = numbers[i].ms;
		if (encode(&a, &r) != numbers[i].want)
			fail_msg("%f", numbers[i].ms);
	}
}

static void
says_so_when_it_does_not_fit(void **state)
{
	struct rt_attempt a = smallest();
	char small[32];
	size_t len = 99;

	(void)state;
	assert_int_equal(rt_attempt_encode(&a, TS, small, sizeof(small), &len),
	    RT_E_TOO_LARGE);
	assert_int_equal(len, 99);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(writes_only_what_is_known),
	    cmocka_unit_test(writes_every_member_under_its_wire_name),
	    cmocka_unit_test(keeps_a_word_of_the_clients_own),
	    cmocka_unit_test(refuses_what_a_collector_would_refuse),
	    cmocka_unit_test(says_so_when_it_does_not_fit),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
