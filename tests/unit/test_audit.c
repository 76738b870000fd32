/* SPDX-License-Identifier: MIT */
/*
 * Every rule: records that make it fire and records that just do not.
 */
#include "tests/unit/util.h"

#include <stdio.h>
#include <string.h>

#include "collector/aggregate.h"
#include "collector/config.h"
#include "proto/rules.h"

/* One record: time in seconds after twelve, operation, attempt, and the rest. */
#define AT(s, op, n, rest)                                            \
	"{\"schema\":\"llm-attempt/v1\",\"ts\":\"2026-06-13T12:00:" s \
	"Z\",\"operation_id\":\"" op "\",\"attempt\":" n "," rest "}\n"
#define ONE(rest) AT("01.000", "a", "1", rest)
#define TWO(first, second) ONE(first) AT("09.000", "a", "2", second)
#define OK "\"http_response_status_code\":200"
#define FAIL(st) "\"http_response_status_code\":" st
#define RETRY ",\"decision\":\"retry_same\",\"backoff_ms\":100"
#define FALLBACK                                                          \
	",\"decision\":\"fallback_secondary\",\"decision_reason\":\"r\"," \
	"\"fallback_target\":\"m\""
#define SILENCE                                                        \
	AT("59.000", "z", "1", OK)                                     \
	"{\"schema\":\"llm-attempt/"                                   \
	"v1\",\"ts\":\"2026-06-13T12:04:00Z\",\"operation_id\":\"y\"," \
	"\"attempt\":1," OK "}\n"
#define OTEL(n, rest)                                                         \
	"{\"ts\":\"2026-06-13T12:00:01.5Z\",\"trace_id\":\"a\",\"http."       \
	"request.method\":\"POST\",\"http.request.resend_count\":" n "," rest \
	"}\n"
#define SUMMARY                                                                \
	"{\"schema\":\"llm-operation/"                                         \
	"v1\",\"ts\":\"2026-06-13T12:00:20Z\",\"operation_id\":\"a\",\"final_" \
	"outcome\":\"success\"}\n"

struct row {
	enum rt_rule rule;
	unsigned want;
	const char *why, *records;
};

/* clang-format off */
static const struct row rows[] = {
	{RT_RULE_RETRY_AFTER_AUTH, 1, "decided to retry a 401", ONE(FAIL("401") RETRY)},
	{RT_RULE_RETRY_AFTER_AUTH, 1, "another attempt after a 403 that said nothing", TWO(FAIL("403"), OK)},
	{RT_RULE_RETRY_AFTER_AUTH, 1, "once an operation", TWO(FAIL("401") RETRY, FAIL("401") RETRY)},
	{RT_RULE_RETRY_AFTER_AUTH, 0, "a fallback between", TWO(FAIL("401") FALLBACK, OK)},
	{RT_RULE_RETRY_AFTER_AUTH, 0, "a 429 may be retried", ONE(FAIL("429") RETRY)},
	{RT_RULE_RETRY_AFTER_AUTH, 0, "synthetic operations are not judged", ONE(FAIL("401") RETRY ",\"synthetic\":true")},
	{RT_RULE_RETRY_AFTER_AUTH, 1, "also without a word of decisions", OTEL("0", FAIL("0") ",\"http.response.status_code\":401") OTEL("1", "\"http.response.status_code\":200")},
	{RT_RULE_RETRY_AFTER_AUTH, 0, "another model is a fallback there", OTEL("0", "\"gen_ai.request.model\":\"x\",\"http.response.status_code\":401") OTEL("1", "\"gen_ai.request.model\":\"y\",\"http.response.status_code\":200")},
	{RT_RULE_RETRY_OF_CALLER_ERROR, 1, "a 400", ONE(FAIL("400") RETRY)},
	{RT_RULE_RETRY_OF_CALLER_ERROR, 1, "a schema error", ONE(OK ",\"error_type\":\"parse_error\"" RETRY)},
	{RT_RULE_RETRY_OF_CALLER_ERROR, 0, "a 503", ONE(FAIL("503") RETRY)},
	{RT_RULE_RETRY_OF_POLICY, 1, "a content filter", ONE(FAIL("400") ",\"error_type\":\"content_filter\"" RETRY)},
	{RT_RULE_RETRY_OF_POLICY, 0, "a content filter, aborted", ONE(FAIL("400") ",\"error_type\":\"content_filter\",\"decision\":\"abort_error\"")},
	{RT_RULE_RETRY_OF_QUOTA, 1, "402", ONE(FAIL("402") RETRY)},
	{RT_RULE_RETRY_OF_QUOTA, 0, "429 is no quota", ONE(FAIL("429") RETRY)},
	{RT_RULE_FALLBACK_NOT_ALLOWED, 1, "on a 401", ONE(FAIL("401") FALLBACK)},
	{RT_RULE_FALLBACK_NOT_ALLOWED, 0, "on a 429", ONE(FAIL("429") FALLBACK)},
	{RT_RULE_FALLBACK_NOT_ALLOWED, 0, "on a cut stream before commit", ONE(OK ",\"error_type\":\"stream_cut\"" FALLBACK)},
	{RT_RULE_FALLBACK_NOT_ALLOWED, 0, "on a cut stream that says it was not committed", ONE(OK ",\"error_type\":\"stream_cut\",\"stream_committed\":false" FALLBACK)},
	{RT_RULE_FALLBACK_NOT_ALLOWED, 1, "on a cut stream after commit", ONE(OK ",\"error_type\":\"stream_cut\",\"stream_committed\":true" FALLBACK)},
	{RT_RULE_FALLBACK_NO_REASON, 1, "no reason", ONE(FAIL("503") ",\"decision\":\"fallback_secondary\"")},
	{RT_RULE_FALLBACK_NO_REASON, 0, "a reason", ONE(FAIL("503") FALLBACK)},
	{RT_RULE_FALLBACK_NO_REASON, 0, "the trigger of a decision log",
	    "{\"schema\":\"fallback-decision-log/v1\",\"ts\":\"2026-06-13T12:00:01Z\",\"correlation_id\":\"a\",\"attempt_number\":1,\"trigger\":{\"type\":\"http_status\",\"http_status\":503},\"decision\":\"fallback_secondary\"}\n"},
	{RT_RULE_FALLBACK_OVER_CAP, 0, "two", TWO(FAIL("503") FALLBACK, FAIL("503") FALLBACK)},
	{RT_RULE_FALLBACK_OVER_CAP, 1, "three", TWO(FAIL("503") FALLBACK, FAIL("503") FALLBACK) AT("20.000", "a", "3", FAIL("503") FALLBACK)},
	{RT_RULE_ATTEMPTS_OVER_CAP, 0, "the client's cap is reached", ONE("\"max_attempts\":1," OK)},
	{RT_RULE_ATTEMPTS_OVER_CAP, 1, "the client's cap is passed", AT("01.000", "a", "3", "\"max_attempts\":2," OK)},
	{RT_RULE_ATTEMPTS_OVER_CAP, 0, "five where none is named", AT("01.000", "a", "5", OK)},
	{RT_RULE_ATTEMPTS_OVER_CAP, 1, "six where none is named", AT("01.000", "a", "6", OK)},
	{RT_RULE_NO_BACKOFF, 1, "zero", ONE(FAIL("503") ",\"decision\":\"retry_same\",\"backoff_ms\":0")},
	{RT_RULE_NO_BACKOFF, 1, "absent", ONE(FAIL("503") ",\"decision\":\"retry_same\"")},
	{RT_RULE_NO_BACKOFF, 0, "a millisecond", ONE(FAIL("503") ",\"decision\":\"retry_same\",\"backoff_ms\":1")},
	{RT_RULE_NO_BACKOFF, 0, "runbook records say what was applied",
	    "{\"timestamp\":\"2026-06-13T12:00:01Z\",\"operation_id\":\"a\",\"retry_attempt\":0,\"client_result\":\"failed\",\"retry_budget_remaining\":1,\"http_status_code\":503}\n"},
	{RT_RULE_BACKOFF_NOT_APPLIED, 1, "89 % of it", ONE(FAIL("503") RETRY) AT("01.089", "a", "2", OK ",\"elapsed_ms\":0")},
	{RT_RULE_BACKOFF_NOT_APPLIED, 0, "90 % of it", ONE(FAIL("503") RETRY) AT("01.090", "a", "2", OK ",\"elapsed_ms\":0")},
	{RT_RULE_BACKOFF_NOT_APPLIED, 0, "elapsed not known", ONE(FAIL("503") RETRY) AT("01.001", "a", "2", OK)},
	{RT_RULE_BACKOFF_NOT_APPLIED, 0, "the last had no time of its own", AT("01.000", "z", "1", OK) "{\"schema\":\"llm-attempt/v1\",\"operation_id\":\"a\",\"attempt\":1," FAIL("503") RETRY "}\n" AT("01.010", "a", "2", OK ",\"elapsed_ms\":0")},
	{RT_RULE_BACKOFF_NOT_APPLIED, 0, "the next has no time of its own", ONE(FAIL("503") RETRY) "{\"schema\":\"llm-attempt/v1\",\"operation_id\":\"a\",\"attempt\":2,\"elapsed_ms\":0," OK "}\n"},
	{RT_RULE_BACKOFF_NOT_APPLIED, 0, "a long wait whose end has no time of its own", ONE(FAIL("503") ",\"decision\":\"retry_same\",\"backoff_ms\":20000") "{\"schema\":\"llm-attempt/v1\",\"operation_id\":\"a\",\"attempt\":2,\"elapsed_ms\":0," OK "}\n"},
	{RT_RULE_BACKOFF_NOT_APPLIED, 0, "a long wait whose start has none", AT("01.000", "z", "1", OK) "{\"schema\":\"llm-attempt/v1\",\"operation_id\":\"a\",\"attempt\":1," FAIL("503") ",\"decision\":\"retry_same\",\"backoff_ms\":20000}\n" AT("05.000", "a", "2", OK ",\"elapsed_ms\":0")},
	{RT_RULE_BACKOFF_NOT_APPLIED, 0, "one stamp without a fraction", ONE(FAIL("503") RETRY) AT("01", "a", "2", OK ",\"elapsed_ms\":0")},
	{RT_RULE_BACKOFF_NOT_APPLIED, 0, "whole seconds say nothing of a short wait", AT("01", "a", "1", FAIL("503") RETRY) AT("01", "a", "2", OK ",\"elapsed_ms\":0")},
	{RT_RULE_BACKOFF_NOT_APPLIED, 1, "whole seconds do of a long one", AT("01", "a", "1", FAIL("503") ",\"decision\":\"retry_same\",\"backoff_ms\":10000") AT("02", "a", "2", OK ",\"elapsed_ms\":0")},
	{RT_RULE_RETRY_AFTER_IGNORED, 1, "89 % of what was asked", ONE(FAIL("429") ",\"decision\":\"retry_same\",\"backoff_ms\":89,\"retry_after_ms\":100")},
	{RT_RULE_RETRY_AFTER_IGNORED, 0, "90 % of what was asked", ONE(FAIL("429") ",\"decision\":\"retry_same\",\"backoff_ms\":90,\"retry_after_ms\":100")},
	{RT_RULE_ZERO_BUDGET, 1, "none left", ONE(FAIL("503") RETRY ",\"retry_budget_remaining\":0")},
	{RT_RULE_ZERO_BUDGET, 0, "one left", ONE(FAIL("503") RETRY ",\"retry_budget_remaining\":1")},
	{RT_RULE_ZERO_BUDGET, 0, "not known", ONE(FAIL("503") RETRY)},
	{RT_RULE_BUDGET_OVERRUN, 1, "111 %", ONE(FAIL("503") RETRY ",\"elapsed_ms\":1000,\"timeout_budget_ms\":1000") AT("01.111", "a", "2", OK ",\"elapsed_ms\":0")},
	{RT_RULE_BUDGET_OVERRUN, 0, "110 %", ONE(FAIL("503") RETRY ",\"elapsed_ms\":1000,\"timeout_budget_ms\":1000") AT("01.100", "a", "2", OK ",\"elapsed_ms\":0")},
	{RT_RULE_BUDGET_OVERRUN, 1, "already the first attempt", ONE(OK ",\"elapsed_ms\":1200,\"timeout_budget_ms\":1000")},
	{RT_RULE_BUDGET_OVERRUN, 0, "silence is not time run", ONE(FAIL("503") RETRY ",\"elapsed_ms\":1000,\"timeout_budget_ms\":1000") SILENCE},
	{RT_RULE_NUMBER_GAP, 1, "1 then 3", ONE(FAIL("503") RETRY) AT("09.000", "a", "3", OK)},
	{RT_RULE_NUMBER_GAP, 0, "1 then 1", ONE(FAIL("503") RETRY) AT("09.000", "a", "1", OK)},
	{RT_RULE_NUMBER_GAP, 1, "begins at 2", AT("01.000", "a", "2", OK)},
	{RT_RULE_NUMBER_GAP, 0, "begins at 2 after a requeue", AT("01.000", "a", "2", OK ",\"requeue_count\":1")},
	{RT_RULE_NUMBER_GAP, 0, "a return to 1 is a reset", TWO(FAIL("503") RETRY, FAIL("503") RETRY) AT("20.000", "a", "1", OK)},
	{RT_RULE_NUMBER_RESET, 1, "back to 1", TWO(FAIL("503") RETRY, FAIL("503") RETRY) AT("20.000", "a", "1", OK)},
	{RT_RULE_NUMBER_RESET, 1, "requeued with no parent", ONE(OK ",\"requeue_count\":1")},
	{RT_RULE_NUMBER_RESET, 0, "requeued with a parent", ONE(OK ",\"requeue_count\":1,\"parent_operation_id\":\"p\"")},
	{RT_RULE_NUMBER_RESET, 0, "not requeued", ONE(OK ",\"requeue_count\":0")},
	{RT_RULE_RETRY_AFTER_COMMIT, 1, "retried", ONE(OK ",\"error_type\":\"stream_cut\",\"stream_committed\":true" RETRY)},
	{RT_RULE_RETRY_AFTER_COMMIT, 0, "not committed", ONE(OK ",\"error_type\":\"stream_cut\",\"stream_committed\":false" RETRY)},
	{RT_RULE_RETRY_AFTER_COMMIT, 0, "committed and aborted", ONE(OK ",\"error_type\":\"stream_cut\",\"stream_committed\":true,\"decision\":\"abort_error\"")},
	{RT_RULE_CUT_STREAM_AS_SUCCESS, 1, "no finish marker", ONE(OK ",\"streaming\":true,\"finish_reason_seen\":false")},
	{RT_RULE_CUT_STREAM_AS_SUCCESS, 0, "a finish marker", ONE(OK ",\"streaming\":true,\"finish_reason_seen\":true")},
	{RT_RULE_CUT_STREAM_AS_SUCCESS, 0, "not known", ONE(OK ",\"streaming\":true")},
	{RT_RULE_CUT_STREAM_AS_SUCCESS, 0, "no stream", ONE(OK ",\"streaming\":false,\"finish_reason_seen\":false")},
	{RT_RULE_NO_STATUS_AS_SUCCESS, 1, "neither", ONE("\"decision\":\"none\"")},
	{RT_RULE_NO_STATUS_AS_SUCCESS, 0, "a status", ONE(OK ",\"decision\":\"none\"")},
	{RT_RULE_NO_STATUS_AS_SUCCESS, 0, "an error type", ONE("\"error_type\":\"odd\",\"decision\":\"none\"")},
	{RT_RULE_FAILURE_NO_DECISION, 1, "then silence", ONE(FAIL("503")) SILENCE},
	{RT_RULE_FAILURE_NO_DECISION, 0, "then another attempt", TWO(FAIL("503"), OK) SILENCE},
	{RT_RULE_FAILURE_NO_DECISION, 0, "a decision, then silence", ONE(FAIL("503") RETRY) SILENCE},
	{RT_RULE_FAILURE_NO_DECISION, 0, "OpenTelemetry decides nothing", OTEL("0", "\"http.response.status_code\":503") SILENCE},
	{RT_RULE_RETRY_NO_DECISION, 1, "another attempt", TWO(FAIL("503"), OK)},
	{RT_RULE_RETRY_NO_DECISION, 0, "decided", TWO(FAIL("503") RETRY, OK)},
	{RT_RULE_RETRY_NO_DECISION, 0, "OpenTelemetry decides nothing", OTEL("0", "\"http.response.status_code\":503") OTEL("1", "\"http.response.status_code\":200")},
	{RT_RULE_UNDECLARED_FALLBACK, 1, "another model", TWO("\"model_requested\":\"x\"," FAIL("503") RETRY, "\"model_requested\":\"y\"," OK)},
	{RT_RULE_UNDECLARED_FALLBACK, 1, "another provider", TWO("\"provider\":\"x\"," FAIL("503") RETRY, "\"provider\":\"y\"," OK)},
	{RT_RULE_UNDECLARED_FALLBACK, 0, "declared", TWO("\"model_requested\":\"x\"," FAIL("503") FALLBACK, "\"model_requested\":\"y\"," OK)},
	{RT_RULE_UNDECLARED_FALLBACK, 0, "one not known", TWO("\"model_requested\":\"x\"," FAIL("503") RETRY, OK)},
	{RT_RULE_UNDECLARED_FALLBACK, 0, "a provider known only later", TWO(FAIL("503") RETRY, "\"provider\":\"x\"," OK)},
	{RT_RULE_UNDECLARED_FALLBACK, 0, "a provider not known", TWO("\"provider\":\"x\"," FAIL("503") RETRY, OK)},
	{RT_RULE_UNDECLARED_FALLBACK, 0, "from OpenTelemetry, which cannot declare one", OTEL("0", "\"gen_ai.request.model\":\"x\",\"http.response.status_code\":503") AT("09.000", "a", "2", "\"model_requested\":\"y\"," OK)},
	{RT_RULE_UNDECLARED_FALLBACK, 0, "to OpenTelemetry", ONE("\"model_requested\":\"x\"," FAIL("503") RETRY) OTEL("1", "\"gen_ai.request.model\":\"y\",\"http.response.status_code\":200")},
	{RT_RULE_MODEL_SWAPPED, 0, "the same", ONE(OK ",\"model_requested\":\"model-large\",\"model_returned\":\"model-large\"")},
	{RT_RULE_MODEL_SWAPPED, 0, "the same, shorter than -latest", ONE(OK ",\"model_requested\":\"m\",\"model_returned\":\"m\"")},
	{RT_RULE_MODEL_SWAPPED, 1, "another", ONE(OK ",\"model_requested\":\"m-large\",\"model_returned\":\"m-small\"")},
	{RT_RULE_MODEL_SWAPPED, 0, "the same in capitals behind a prefix", ONE(OK ",\"model_requested\":\"m-large\",\"model_returned\":\"vendor/M-Large\"")},
	{RT_RULE_MODEL_SWAPPED, 0, "a dated one", ONE(OK ",\"model_requested\":\"m-large\",\"model_returned\":\"m-large-2026-01-31\"")},
	{RT_RULE_MODEL_SWAPPED, 0, "a short date for -latest", ONE(OK ",\"model_requested\":\"m-large-latest\",\"model_returned\":\"m-large-0131\"")},
	{RT_RULE_MODEL_SWAPPED, 0, "the very name, with -latest", ONE(OK ",\"model_requested\":\"m-large-latest\",\"model_returned\":\"vendor/M-large-latest\"")},
	{RT_RULE_MODEL_SWAPPED, 1, "-latest where it was not asked for", ONE(OK ",\"model_requested\":\"m-large\",\"model_returned\":\"m-large-latest\"")},
	{RT_RULE_MODEL_SWAPPED, 1, "a suffix that is no date", ONE(OK ",\"model_requested\":\"m-large\",\"model_returned\":\"m-large-013\"")},
	{RT_RULE_MODEL_SWAPPED, 0, "after a declared fallback", TWO(FAIL("503") FALLBACK, OK ",\"model_requested\":\"x\",\"model_returned\":\"y\"")},
	{RT_RULE_UNKNOWN_DECISION, 2, "each record", TWO(FAIL("503") ",\"decision\":\"pray\"", FAIL("503") ",\"decision\":\"pray\"")},
	{RT_RULE_UNKNOWN_DECISION, 0, "a known one", ONE(FAIL("503") RETRY)},
	{RT_RULE_HIGH_CARDINALITY, 1, "a query string", ONE(OK ",\"http_route\":\"/v1/x?a=1\"")},
	{RT_RULE_HIGH_CARDINALITY, 1, "a UUID", ONE(OK ",\"http_route\":\"/v1/a6716975-d956-66a9-7e5d-55718c091074/x\"")},
	{RT_RULE_HIGH_CARDINALITY, 1, "six digits", ONE(OK ",\"http_route\":\"/v1/123456\"")},
	{RT_RULE_HIGH_CARDINALITY, 0, "five digits", ONE(OK ",\"http_route\":\"/v1/12345\"")},
	{RT_RULE_HIGH_CARDINALITY, 0, "digits within a word", ONE(OK ",\"http_route\":\"/v1/x1234567\"")},
	{RT_RULE_HIGH_CARDINALITY, 0, "no UUID: dashes missing", ONE(OK ",\"http_route\":\"/v1/a6716975xd956x66a9x7e5dx55718c091074/x\"")},
	{RT_RULE_HIGH_CARDINALITY, 0, "no UUID: a dash elsewhere", ONE(OK ",\"http_route\":\"/v1/a6716975d-956-66a9-7e5d-55718c091074/x\"")},
	{RT_RULE_HIGH_CARDINALITY, 0, "no UUID: a letter beyond f", ONE(OK ",\"http_route\":\"/v1/a6716975-d956-66a9-7e5d-55718c09107x/x\"")},
	{RT_RULE_SENSITIVE, 1, "a prompt", ONE(OK ",\"prompt\":\"x\"")},
	{RT_RULE_SENSITIVE, 0, "an empty one", ONE(OK ",\"prompt\":\"\"")},
	{RT_RULE_NO_TERMINAL, 1, "silence", ONE(FAIL("503") RETRY) SILENCE},
	{RT_RULE_NO_TERMINAL, 0, "an ending", ONE(FAIL("503") ",\"decision\":\"abort_error\"") SILENCE},
	{RT_RULE_NO_TERMINAL, 0, "OpenTelemetry ends by silence", OTEL("0", "\"http.response.status_code\":503") SILENCE},
	{RT_RULE_DUPLICATE_SUMMARY, 1, "two", ONE(OK) SUMMARY SUMMARY},
	{RT_RULE_DUPLICATE_SUMMARY, 0, "one", ONE(OK) SUMMARY},
};
/* clang-format on */

/* The policy of the next aggregate and its room for labels; NULL and 0: the defaults. */
static const struct rt_policies *policies;
static uint32_t labels;

static unsigned
violations(const char *records, const char *rule, struct rt_report *r)
{
	struct rt_aggregate_opts o = {.policies = policies,
	    .capacity = {.series = 64,
		.operations = 1024,
		.sketch_chunks = 4096,
		.labels = labels}};
	struct rt_moment at = {{0}, {0}};
	struct rt_aggregate *a = rt_aggregate_new(&o, at);
	struct rt_query q = {0};
	struct rt_str rest = rt_str_of(records), line;
	unsigned found = 0;
	size_t i;

	while (rt_decode_next_line(&rest, &line))
		rt_aggregate_record(a, line, at, "test");
	rt_report_reset(r);
	rt_aggregate_report(a, &q, at, r);
	for (i = 0; i < r->violations_count; i++)
		if (strcmp(r->violations[i].rule, rule) == 0)
			found = (unsigned)r->violations[i].count;
	for (i = 0; i < RT_REJECT_COUNT; i++)
		if (r->counts.n[RT_C_REJECT + i] != 0)
			fail_msg("refused: %s", r->refused[0].detail);
	rt_aggregate_free(a);
	return found;
}

static void
fires_where_it_must_and_nowhere_else(void **state)
{
	bool fired[RT_RULE_COUNT] = {false};
	struct rt_report r;
	unsigned found;
	size_t i;

	(void)state;
	rt_report_init(&r);
	for (i = 0; i < RT_COUNT_OF(rows); i++) {
		found =
		    violations(rows[i].records, rt_rule_name(rows[i].rule), &r);
		if (found != rows[i].want)
			fail_msg("%s, %s: %u times, not %u",
			    rt_rule_name(rows[i].rule), rows[i].why, found,
			    rows[i].want);
		fired[rows[i].rule] = fired[rows[i].rule] || found > 0;
	}
	for (i = 0; i < RT_RULE_COUNT; i++)
		if (rt_rule_grain((enum rt_rule)i) != RT_GRAIN_SERVICE &&
		    i != RT_RULE_RETRY_NOT_ALLOWED && !fired[i])
			fail_msg(
			    "no row fires %s", rt_rule_name((enum rt_rule)i));
	rt_report_fini(&r);
}

/* ---- what the configuration says -------------------------------------------------- */

#define S ",\"service\":\"s\""
#define T ",\"tenant\":\"t\""
/* An operation `b` of nobody's service as well, which keeps the clock going. */
#define UNTIL(s) AT(s, "b", "1", OK)
#define LATER                                                            \
	"{\"schema\":\"llm-attempt/"                                     \
	"v1\",\"ts\":\"2026-06-13T12:02:01.5Z\",\"operation_id\":\"b\"," \
	"\"attempt\":1," OK "}\n"

/* clang-format off */
static const struct {
	const char *why, *config;
	enum rt_rule rule;
	unsigned want;
	const char *records;
} policy_rows[] = {
	{"a class called retryable", "[policy]\nretryable_classes = auth\n", RT_RULE_RETRY_AFTER_AUTH, 0, ONE(FAIL("401") RETRY)},
	{"also by the next attempt", "[policy]\nretryable_classes = auth\n", RT_RULE_RETRY_AFTER_AUTH, 0, TWO(FAIL("401"), OK)},
	{"of one service", "[policy s]\nretryable_classes = auth\n", RT_RULE_RETRY_AFTER_AUTH, 0, ONE(FAIL("401") RETRY S)},
	{"not of another", "[policy s]\nretryable_classes = auth\n", RT_RULE_RETRY_AFTER_AUTH, 1, ONE(FAIL("401") RETRY)},
	{"of none", "[policy (none)]\nretryable_classes = auth\n", RT_RULE_RETRY_AFTER_AUTH, 0, ONE(FAIL("401") RETRY)},
	{"of one tenant", "[tenant t]\nretryable_classes = auth\n", RT_RULE_RETRY_AFTER_AUTH, 0, ONE(FAIL("401") RETRY S T)},
	{"the tenant before the service", "[policy s]\nretryable_classes = auth\n[tenant t]\nretryable_classes = timeout\n", RT_RULE_RETRY_AFTER_AUTH, 1, ONE(FAIL("401") RETRY S T)},
	{"a tenant that says nothing of it", "[policy s]\nretryable_classes = auth\n[tenant t]\nmax_attempts = 3\n", RT_RULE_RETRY_AFTER_AUTH, 0, ONE(FAIL("401") RETRY S T)},
	{"caller_error is not schema", "[policy]\nretryable_classes = caller_error\n", RT_RULE_RETRY_OF_CALLER_ERROR, 1, ONE(OK ",\"error_type\":\"parse_error\"" RETRY)},
	{"caller_error", "[policy]\nretryable_classes = caller_error\n", RT_RULE_RETRY_OF_CALLER_ERROR, 0, ONE(FAIL("400") RETRY)},
	{"schema", "[policy]\nretryable_classes = schema\n", RT_RULE_RETRY_OF_CALLER_ERROR, 0, ONE(OK ",\"error_type\":\"parse_error\"" RETRY)},
	{"policy", "[policy]\nretryable_classes = policy\n", RT_RULE_RETRY_OF_POLICY, 0, ONE(FAIL("400") ",\"error_type\":\"content_filter\"" RETRY)},
	{"quota", "[policy]\nretryable_classes = quota\n", RT_RULE_RETRY_OF_QUOTA, 0, ONE(FAIL("402") RETRY)},
	{"by default a 503", "", RT_RULE_RETRY_NOT_ALLOWED, 0, TWO(FAIL("503") RETRY, FAIL("503") RETRY)},
	{"by default what nobody knows", "", RT_RULE_RETRY_NOT_ALLOWED, 0, ONE("\"error_type\":\"odd\"" RETRY)},
	{"by default what was cancelled", "", RT_RULE_RETRY_NOT_ALLOWED, 0, ONE("\"error_type\":\"cancelled\"" RETRY)},
	{"a 401 has a rule of its own", "", RT_RULE_RETRY_NOT_ALLOWED, 0, ONE(FAIL("401") RETRY)},
	{"and keeps it", "[policy]\nretryable_classes = none\n", RT_RULE_RETRY_NOT_ALLOWED, 0, ONE(FAIL("401") RETRY)},
	{"a 400 too", "[policy]\nretryable_classes = none\n", RT_RULE_RETRY_NOT_ALLOWED, 0, ONE(FAIL("400") RETRY)},
	{"a schema error too", "[policy]\nretryable_classes = none\n", RT_RULE_RETRY_NOT_ALLOWED, 0, ONE(OK ",\"error_type\":\"parse_error\"" RETRY)},
	{"a content filter too", "[policy]\nretryable_classes = none\n", RT_RULE_RETRY_NOT_ALLOWED, 0, ONE(FAIL("400") ",\"error_type\":\"content_filter\"" RETRY)},
	{"a 402 too", "[policy]\nretryable_classes = none\n", RT_RULE_RETRY_NOT_ALLOWED, 0, ONE(FAIL("402") RETRY)},
	{"a 503 that is not in the list", "[policy s]\nretryable_classes = timeout, rate_limited\n", RT_RULE_RETRY_NOT_ALLOWED, 1, TWO(FAIL("503") RETRY S, FAIL("503") RETRY S)},
	{"its timeouts are", "[policy s]\nretryable_classes = timeout, rate_limited\n", RT_RULE_RETRY_NOT_ALLOWED, 0, TWO(FAIL("504") RETRY S, FAIL("429") RETRY S)},
	{"another attempt after it", "[policy]\nretryable_classes = timeout\n", RT_RULE_RETRY_NOT_ALLOWED, 1, TWO(FAIL("503"), OK)},
	{"a fallback between", "[policy]\nretryable_classes = timeout\n", RT_RULE_RETRY_NOT_ALLOWED, 0, TWO(FAIL("503") FALLBACK, OK)},
	{"what nobody knows, not in the list", "[policy]\nretryable_classes = timeout\n", RT_RULE_RETRY_NOT_ALLOWED, 1, ONE("\"error_type\":\"odd\"" RETRY)},
	{"a success is no failure to retry", "[policy]\nretryable_classes = none\n", RT_RULE_RETRY_NOT_ALLOWED, 0, TWO(OK RETRY, OK)},
	{"a tenant's attempts", "[tenant t]\nmax_attempts = 1\n", RT_RULE_ATTEMPTS_OVER_CAP, 1, TWO(FAIL("503") RETRY T, OK T)},
	{"not another's", "[tenant t]\nmax_attempts = 1\n", RT_RULE_ATTEMPTS_OVER_CAP, 0, TWO(FAIL("503") RETRY, OK)},
	{"a tenant's fallbacks", "[tenant t]\nmax_fallbacks = 0\n", RT_RULE_FALLBACK_OVER_CAP, 1, ONE(FAIL("503") FALLBACK T)},
	{"a tenant's classes of fallbacks", "[tenant t]\nfallback_classes = timeout\n", RT_RULE_FALLBACK_NOT_ALLOWED, 1, ONE(FAIL("503") FALLBACK T)},
	{"silent for less than by default", "", RT_RULE_NO_TERMINAL, 0, ONE(FAIL("503") RETRY S) UNTIL("50")},
	{"silent for as long as the service may be", "[policy s]\noperation_timeout = 20s\n", RT_RULE_NO_TERMINAL, 0, ONE(FAIL("503") RETRY S) UNTIL("21.000")},
	{"silent for longer", "[policy s]\noperation_timeout = 20s\n", RT_RULE_NO_TERMINAL, 1, ONE(FAIL("503") RETRY S) UNTIL("21.001")},
	{"another service may be", "[policy s]\noperation_timeout = 20s\n", RT_RULE_NO_TERMINAL, 0, ONE(FAIL("503") RETRY) UNTIL("50")},
	{"a tenant may not", "[tenant t]\noperation_timeout = 20s\n", RT_RULE_NO_TERMINAL, 1, ONE(FAIL("503") RETRY S T) UNTIL("21.001")},
	{"a tenant may for longer", "[policy s]\noperation_timeout = 20s\n[tenant t]\noperation_timeout = 1h\n", RT_RULE_NO_TERMINAL, 0, ONE(FAIL("503") RETRY S T) LATER},
	{"by default no longer", "[policy x]\noperation_timeout = 1h\n", RT_RULE_NO_TERMINAL, 1, ONE(FAIL("503") RETRY) LATER},
};
/* clang-format on */

static void
follows_what_the_configuration_says(void **state)
{
	struct rt_report r;
	unsigned found;
	size_t i;

	(void)state;
	rt_report_init(&r);
	for (i = 0; i < RT_COUNT_OF(policy_rows); i++) {
		struct rt_config c;
		struct rt_diag d = {{0}, {0}};

		if (rt_config_parse(&c, "x.conf",
			rt_str_of(policy_rows[i].config), &d) != RT_OK)
			fail_msg("%s: %s", d.where, d.what);
		policies = &c.policy.policies;
		found = violations(policy_rows[i].records,
		    rt_rule_name(policy_rows[i].rule), &r);
		policies = NULL;
		if (found != policy_rows[i].want)
			fail_msg("%s, %s: %u times, not %u",
			    rt_rule_name(policy_rows[i].rule),
			    policy_rows[i].why, found, policy_rows[i].want);
	}
	rt_report_fini(&r);
}

/* Each service has its own minute, and a tenant of the same name another one. */
static void
keeps_services_apart(void **state)
{
	static const char *const services[] = {"one", "two"};
	struct rt_report r;
	struct rt_buf b;
	int i;

	(void)state;
	rt_report_init(&r);
	rt_buf_init(&b, 1u << 20);
	for (i = 0; i < 63; i++) /* one: 20 first, 3 retries; two: 40 first */
		rt_buf_printf(&b,
		    "{\"schema\":\"llm-attempt/v1\",\"ts\":\"2026-06-13T12:00:"
		    "01Z\",\"operation_id\":\"o%d\",\"attempt\":%d,"
		    "\"service\":\"%s\",\"tenant\":\"one\"," OK "}\n",
		    i, i >= 20 && i < 23 ? 2 : 1, services[i >= 23]);
	assert_int_equal(violations(b.p, "retry-budget-exceeded", &r), 1);
	/* 300 services: all but 256 find no room, and that is told. */
	rt_buf_reset(&b);
	for (i = 0; i < 300; i++)
		rt_buf_printf(&b,
		    "{\"schema\":\"llm-attempt/v1\",\"ts\":\"2026-06-13T12:00:"
		    "01Z\",\"operation_id\":\"o%d\",\"attempt\":1,"
		    "\"service\":\"s%d\",\"tenant\":\"t%d\"," OK "}\n",
		    i, i, i);
	(void)violations(b.p, "retry-budget-exceeded", &r);
	assert_int_equal(r.overflow[RT_OVERFLOW_AUDIT], 300 - 256);
	rt_buf_fini(&b);
	rt_report_fini(&r);
}

/* Only tenants with a cap take a place. */
static void
leaves_tenants_without_a_cap_alone(void **state)
{
	static struct rt_policies p;
	struct rt_report r;
	struct rt_buf b;
	int i;

	(void)state;
	rt_policies_init(&p);
	snprintf(p.tenants[0].tenant, sizeof(p.tenants[0].tenant), "t299");
	p.tenants[0].retries_per_minute = 1;
	p.tenants_count = 1;
	rt_policies_index(&p);
	rt_report_init(&r);
	rt_buf_init(&b, 1u << 20);
	for (i = 0; i < 302; i++)
		rt_buf_printf(&b,
		    "{\"schema\":\"llm-attempt/v1\",\"ts\":\"2026-06-13T12:00:"
		    "01Z\",\"operation_id\":\"o%d\",\"attempt\":2,"
		    "\"service\":\"s\",\"tenant\":\"t%d\"," OK "}\n",
		    i, i < 299 ? i : 299);
	policies = &p;
	assert_int_equal(violations(b.p, "tenant-over-cap", &r), 1);
	policies = NULL;
	assert_int_equal(r.overflow[RT_OVERFLOW_AUDIT], 0);
	rt_buf_fini(&b);
	rt_report_fini(&r);
}

/* One attempt of service s and tenant t at a second; a wait below 0: none. */
static void
attempt(struct rt_buf *b, int second, int id, int number, const char *decision,
    double wait_ms)
{
	rt_buf_printf(b,
	    "{\"schema\":\"llm-attempt/"
	    "v1\",\"ts\":\"2026-06-13T12:%02d:%02d.5Z\","
	    "\"operation_id\":\"o%d\",\"attempt\":%d,\"service\":\"s\","
	    "\"tenant\":\"t\","
	    "\"http_response_status_code\":503,\"decision\":\"%s\"",
	    second / 60, second % 60, id, number, decision);
	if (wait_ms >= 0)
		rt_buf_printf(b, ",\"backoff_ms\":%g", wait_ms);
	rt_buf_puts(b, "}\n");
}

/* n first attempts that end, and r second ones of other operations. */
static void
traffic(struct rt_buf *b, int second, int n, int r)
{
	static int id;

	while (n-- > 0)
		attempt(b, second, id++, 1, "abort_error", -1);
	while (r-- > 0)
		attempt(b, second, id++, 2, "abort_error", -1);
}

static void
exceeds_a_budget_once_for_each_crossing(void **state)
{
	static const struct {
		const char *why;
		struct {
			int second, first, retries;
		} at[5];
		unsigned want;
	} table[] = {
	    {"exactly a tenth", {{0, 30, 3}}, 0},
	    {"above a tenth", {{0, 30, 4}}, 1},
	    {"19 first attempts prove nothing", {{0, 19, 19}}, 0},
	    {"20 do", {{0, 20, 3}}, 1},
	    {"once while it lasts", {{0, 20, 3}, {1, 0, 9}, {30, 5, 5}}, 1},
	    {"59 seconds are a minute's", {{0, 20, 0}, {59, 0, 3}}, 1},
	    {"60 seconds are another's", {{0, 20, 0}, {60, 0, 3}}, 0},
	    /* The first minute's have left at 60; 60 s later it may fire again. */
	    {"not armed yet", {{0, 20, 3}, {119, 20, 3}}, 1},
	    {"armed again", {{0, 20, 3}, {120, 20, 3}}, 2},
	    {"armed again after a long time", {{0, 20, 3}, {900, 20, 3}}, 2},
	};
	struct rt_report r;
	struct rt_buf b;
	size_t i, k;
	unsigned found;

	(void)state;
	rt_report_init(&r);
	rt_buf_init(&b, 1 << 20);
	for (i = 0; i < RT_COUNT_OF(table); i++) {
		rt_buf_reset(&b);
		for (k = 0; k < RT_COUNT_OF(table[i].at); k++)
			traffic(&b, table[i].at[k].second, table[i].at[k].first,
			    table[i].at[k].retries);
		found = violations(b.p, "retry-budget-exceeded", &r);
		if (found != table[i].want)
			fail_msg("%s: %u times, not %u", table[i].why, found,
			    table[i].want);
	}
	rt_buf_fini(&b);
	rt_report_fini(&r);
}

static void
wants_waits_that_grow(void **state)
{
	static const struct {
		const char *why;
		int first, second;
		double first_ms, second_ms;
		unsigned want;
	} table[] = {
	    {"the same wait again", 20, 20, 100, 100, 1},
	    {"1.1 times", 20, 20, 100, 110, 1},
	    {"just below 1.2 times", 20, 20, 100, 119.9, 1},
	    {"exactly 1.2 times", 20, 20, 10, 12, 0},
	    {"many, from sketches", 290, 190, 100, 110, 1},
	    {"many that grow, from sketches", 290, 190, 100, 125, 0},
	    {"1.3 times", 20, 20, 100, 130, 0},
	    {"shrinking", 30, 30, 200, 100, 1},
	    {"19 first ones prove nothing", 19, 30, 100, 100, 0},
	    {"19 second ones prove nothing", 30, 19, 100, 100, 0},
	};
	struct rt_report r;
	struct rt_buf b;
	unsigned found;
	size_t i;
	int n;

	(void)state;
	rt_report_init(&r);
	rt_buf_init(&b, 1 << 20);
	for (i = 0; i < RT_COUNT_OF(table); i++) {
		rt_buf_reset(&b);
		for (n = 0; n < table[i].first; n++)
			attempt(
			    &b, n % 90, n, 1, "retry_same", table[i].first_ms);
		for (n = 0; n < table[i].second; n++)
			attempt(&b, 100 + n % 90, n, 2, "retry_same",
			    table[i].second_ms);
		found = violations(b.p, "backoff-not-growing", &r);
		if (found != table[i].want)
			fail_msg("%s: %u times, not %u", table[i].why, found,
			    table[i].want);
	}
	/* Five minutes later the first waits no longer count. */
	rt_buf_reset(&b);
	for (n = 0; n < 20; n++)
		attempt(&b, 0, n, 1, "retry_same", 100);
	for (n = 0; n < 20; n++)
		attempt(&b, 301, 100 + n, 2, "retry_same", 100);
	assert_int_equal(violations(b.p, "backoff-not-growing", &r), 0);
	rt_buf_fini(&b);
	rt_report_fini(&r);
}

static void
wants_waits_that_grow_again_after_a_minute_of_too_few(void **state)
{
	/* The first twenty leave at 300; the rule is armed again at 360. */
	static const struct {
		int second;
		unsigned want;
	} table[] = {{1, 1}, {299, 1}, {301, 1}, {359, 1}, {360, 2}, {900, 2}};
	struct rt_report r;
	struct rt_buf b;
	unsigned found;
	size_t i;
	int n, k;

	(void)state;
	rt_report_init(&r);
	rt_buf_init(&b, 1 << 20);
	for (i = 0; i < RT_COUNT_OF(table); i++) {
		rt_buf_reset(&b);
		for (n = 0; n < 80; n++) {
			k = n / 20 % 2 + 1;
			attempt(&b, n < 40 ? 0 : table[i].second, n, k,
			    "retry_same", 100);
		}
		found = violations(b.p, "backoff-not-growing", &r);
		if (found != table[i].want)
			fail_msg("again at %d: %u times, not %u",
			    table[i].second, found, table[i].want);
	}
	rt_buf_fini(&b);
	rt_report_fini(&r);
}

static void
notices_waits_that_are_all_the_same(void **state)
{
	static const struct {
		const char *why;
		int second[2], count[2];
		double wait_ms;
		unsigned want;
	} table[] = {
	    {"nine", {0, 1}, {9, 0}, 500, 0},
	    {"ten", {0, 1}, {10, 0}, 500, 1},
	    {"at most once a second", {0, 1}, {25, 0}, 500, 1},
	    {"each second", {0, 1}, {10, 10}, 500, 2},
	    {"nine and nine", {0, 1}, {9, 9}, 500, 0},
	    {"no wait at all is another rule", {0, 1}, {25, 0}, 0, 0},
	    {"no word of a wait", {0, 1}, {25, 0}, -1, 0},
	};
	struct rt_report r;
	struct rt_buf b;
	unsigned found;
	size_t i;
	int id = 0, k, n;

	(void)state;
	rt_report_init(&r);
	rt_buf_init(&b, 1 << 20);
	for (i = 0; i < RT_COUNT_OF(table); i++) {
		rt_buf_reset(&b);
		for (k = 0; k < 2; k++)
			for (n = 0; n < table[i].count[k]; n++)
				attempt(&b, table[i].second[k], id++, 1,
				    "retry_same", table[i].wait_ms);
		found = violations(b.p, "synchronised-backoff", &r);
		if (found != table[i].want)
			fail_msg("%s: %u times, not %u", table[i].why, found,
			    table[i].want);
	}
	/* Different waits are what jitter is for. */
	rt_buf_reset(&b);
	for (n = 0; n < 100; n++)
		attempt(&b, 0, n, 1, "retry_same", 100 + n % 20);
	assert_int_equal(violations(b.p, "synchronised-backoff", &r), 0);
	/* Nor do a hundred of them hide ten that are the same. */
	rt_buf_reset(&b);
	for (n = 0; n < 200; n++)
		attempt(&b, 0, n, 1, "retry_same",
		    n >= 100 && n % 10 == 0 ? 500 : 1000 + n);
	assert_int_equal(violations(b.p, "synchronised-backoff", &r), 1);
	rt_buf_fini(&b);
	rt_report_fini(&r);
}

static void
holds_a_tenant_to_its_cap(void **state)
{
	struct rt_policies p;
	struct rt_report r;
	struct rt_buf b;

	(void)state;
	rt_policies_init(&p);
	snprintf(p.tenants[0].tenant, sizeof(p.tenants[0].tenant), "t");
	p.tenants[0].retries_per_minute = 3;
	p.tenants[0].fallbacks_per_minute = 2;
	p.tenants_count = 1;
	rt_policies_index(&p);
	policies = &p;
	rt_report_init(&r);
	rt_buf_init(&b, 1 << 20);
	traffic(&b, 0, 0, 3);
	assert_int_equal(violations(b.p, "tenant-over-cap", &r), 0);
	traffic(&b, 1, 0, 2);
	assert_int_equal(violations(b.p, "tenant-over-cap", &r), 1);
	rt_buf_reset(&b);
	attempt(&b, 0, 1, 1, "fallback_secondary", -1);
	attempt(&b, 0, 2, 1, "fallback_secondary", -1);
	assert_int_equal(violations(b.p, "tenant-over-cap", &r), 0);
	attempt(&b, 0, 3, 1, "fallback_secondary", -1);
	assert_int_equal(violations(b.p, "tenant-over-cap", &r), 1);
	assert_string_equal(r.violations[0].examples[0].service, "s");
	/* Another tenant has none. */
	snprintf(p.tenants[0].tenant, sizeof(p.tenants[0].tenant), "u");
	rt_policies_index(&p);
	assert_int_equal(violations(b.p, "tenant-over-cap", &r), 0);
	policies = NULL;
	rt_buf_fini(&b);
	rt_report_fini(&r);
}

static void
does_not_take_services_without_a_label_for_one(void **state)
{
	struct rt_report r;
	struct rt_buf b;

	(void)state;
	rt_report_init(&r);
	rt_buf_init(&b, 1 << 20);
	rt_buf_puts(&b, ONE("\"environment\":\"fills it\"," OK));
	traffic(&b, 0, 20, 9);
	assert_int_equal(violations(b.p, "retry-budget-exceeded", &r), 1);
	assert_int_equal(r.overflow[RT_OVERFLOW_AUDIT], 0);
	labels = 1;
	assert_int_equal(violations(b.p, "retry-budget-exceeded", &r), 0);
	assert_true(r.overflow[RT_OVERFLOW_AUDIT] > 0);
	labels = 0;
	rt_buf_fini(&b);
	rt_report_fini(&r);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(fires_where_it_must_and_nowhere_else),
	    cmocka_unit_test(follows_what_the_configuration_says),
	    cmocka_unit_test(keeps_services_apart),
	    cmocka_unit_test(leaves_tenants_without_a_cap_alone),
	    cmocka_unit_test(exceeds_a_budget_once_for_each_crossing),
	    cmocka_unit_test(wants_waits_that_grow),
	    cmocka_unit_test(
		wants_waits_that_grow_again_after_a_minute_of_too_few),
	    cmocka_unit_test(notices_waits_that_are_all_the_same),
	    cmocka_unit_test(holds_a_tenant_to_its_cap),
	    cmocka_unit_test(does_not_take_services_without_a_label_for_one),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
