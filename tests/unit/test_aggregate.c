/* SPDX-License-Identifier: MIT */
/*
 * Records in, counters out: what each rule of counting says, on a clock of records.
 */
#include "tests/unit/util.h"

#include <stdio.h>
#include <string.h>

#include "collector/aggregate.h"
#include "proto/rules.h"

#define A(t, op, n, rest)                                          \
	"{\"schema\":\"llm-attempt/v1\",\"ts\":\"2026-06-13T12:" t \
	"Z\",\"operation_id\":\"" op "\",\"attempt\":" n rest "}\n"
#define SUMMARY(t, op, outcome, rest)                                  \
	"{\"schema\":\"llm-operation/v1\",\"ts\":\"2026-06-13T12:" t   \
	"Z\",\"operation_id\":\"" op "\",\"final_outcome\":\"" outcome \
	"\"" rest "}\n"
#define OK ",\"http_response_status_code\":200"
#define BUSY ",\"http_response_status_code\":503"
#define RETRY ",\"decision\":\"retry_same\",\"backoff_ms\":100"
#define FALLBACK \
	",\"decision\":\"fallback_secondary\",\"fallback_target\":\"spare\""
#define ABORT ",\"decision\":\"abort_error\""
#define FULL                                                   \
	",\"http_request_method\":\"POST\",\"http_route\":\"/" \
	"x\",\"elapsed_ms\":1"
#define FATE(id) RT_C_FATE + RT_FATE_##id

struct row {
	const char *why, *records;
	struct {
		int counter;
		uint64_t want;
	} checks[8];
};

#define NO_MORE       \
	{             \
		-1, 0 \
	}

/* clang-format off */
static const struct row rows[] = {
	{"a first try that succeeds", A("00:01", "a", "1", OK),
	    {{RT_C_OPS_ENDED, 1}, {FATE(FIRST_TRY), 1}, {RT_C_TRIES, 1}, {RT_C_DECISION + RT_DECISION_NONE, 1}, NO_MORE}},
	{"rescued by retry", A("00:01", "a", "1", BUSY RETRY) A("00:02", "a", "2", OK),
	    {{FATE(RESCUED_BY_RETRY), 1}, {RT_C_TRIES + 1, 1}, {RT_C_OP_ATTEMPTS, 2}, {RT_C_RETRIES, 1}, NO_MORE}},
	{"rescued by retry whose first record was lost", A("00:02", "a", "2", OK),
	    {{FATE(RESCUED_BY_RETRY), 1}, {RT_C_TRIES + 1, 1}, {RT_C_OP_ATTEMPTS, 1}, NO_MORE}},
	{"rescued by fallback", A("00:01", "a", "1", BUSY FALLBACK) A("00:02", "a", "2", OK),
	    {{FATE(RESCUED_BY_FALLBACK), 1}, {RT_C_OPS_FALLBACK, 1}, NO_MORE}},
	{"exhausted", A("00:01", "a", "1", BUSY RETRY) A("00:02", "a", "2", BUSY ABORT),
	    {{FATE(EXHAUSTED), 1}, {FATE(FAILED_FAST), 0}, NO_MORE}},
	{"failed fast", A("00:01", "a", "1", BUSY ABORT), {{FATE(FAILED_FAST), 1}, NO_MORE}},
	{"seven attempts are 5+", A("00:01", "a", "7", BUSY ABORT), {{RT_C_TRIES + 4, 1}, NO_MORE}},
	{"a late record counts at attempt grain only",
	    A("00:01", "a", "1", OK) A("00:02", "a", "2", BUSY FALLBACK),
	    {{RT_C_LATE, 1}, {RT_C_ATTEMPTS, 2}, {RT_C_CLASS + RT_CLASS_SERVER_ERROR, 1}, {RT_C_DECISION + RT_DECISION_FALLBACK_SECONDARY, 0},
		{RT_C_OP_ATTEMPTS, 1}, {RT_C_OPS_STARTED, 1}, {RT_C_ACCEPTED, 2}, NO_MORE}},
	{"silent for exactly the timeout is not yet silence", A("00:01", "a", "1", BUSY RETRY) A("02:01", "z", "1", OK),
	    {{FATE(ORPHANED), 0}, {RT_C_OPS_ENDED, 1}, NO_MORE}},
	{"silent for longer", A("00:01", "a", "1", BUSY RETRY) A("02:01.001", "z", "1", OK),
	    {{FATE(ORPHANED), 1}, {RT_C_OPS_ENDED, 2}, NO_MORE}},
	{"a record after silence is late", A("00:01", "a", "1", BUSY RETRY) A("02:02", "a", "2", OK),
	    {{FATE(ORPHANED), 1}, {RT_C_LATE, 1}, {RT_C_OPS_STARTED, 1}, NO_MORE}},
	{"an id may start anew once forgotten", A("00:01", "a", "1", OK) A("02:02", "a", "1", OK),
	    {{RT_C_OPS_STARTED, 2}, {FATE(FIRST_TRY), 2}, {RT_C_LATE, 0}, NO_MORE}},
	{"OpenTelemetry ends in failure by silence",
	    "{\"ts\":\"2026-06-13T12:00:01Z\",\"trace_id\":\"a\",\"http.request.method\":\"POST\",\"http.response.status_code\":503}\n" A("05:00", "z", "1", OK),
	    {{FATE(FAILED_FAST), 1}, {FATE(ORPHANED), 0}, NO_MORE}},
	{"a summary ends an open operation", A("00:01", "a", "1", BUSY RETRY) SUMMARY("00:02", "a", "success", ",\"attempts\":3"),
	    {{FATE(RESCUED_BY_RETRY), 1}, {RT_C_TRIES + 2, 1}, {RT_C_OP_ATTEMPTS, 1}, NO_MORE}},
	{"a summary alone is an operation of no attempts", SUMMARY("00:02", "a", "transient_failure", ""),
	    {{FATE(FAILED_FAST), 1}, {RT_C_TRIES, 0}, {RT_C_OP_ATTEMPTS, 0}, {RT_C_ATTEMPTS, 0}, NO_MORE}},
	{"a summary that does not know is a failure", A("00:01", "a", "1", BUSY RETRY) SUMMARY("00:02", "a", "unknown", ""),
	    {{FATE(FAILED_FAST), 1}, NO_MORE}},
	{"the first summary after an ending is nothing, the second a duplicate",
	    A("00:01", "a", "1", OK) SUMMARY("00:02", "a", "success", "") SUMMARY("00:03", "a", "success", ""),
	    {{RT_C_OPS_ENDED, 1}, {RT_C_LATE, 0}, {RT_C_DUPLICATES, 1}, {RT_C_ACCEPTED, 2}, NO_MORE}},
	{"a summary after silence is late", A("00:01", "a", "1", BUSY RETRY) SUMMARY("02:30", "a", "success", ""),
	    {{FATE(ORPHANED), 1}, {RT_C_LATE, 1}, NO_MORE}},
	{"a repeated number of one emitter is a duplicate and nothing else",
	    A("00:01", "a", "1", OK ",\"emitter\":\"e\",\"seq\":1") A("00:01", "b", "1", OK ",\"emitter\":\"e\",\"seq\":1") A("00:01", "c", "1", OK ",\"emitter\":\"f\",\"seq\":1"),
	    {{RT_C_DUPLICATES, 1}, {RT_C_ACCEPTED, 2}, {RT_C_ATTEMPTS, 2}, NO_MORE}},
	{"a refused record is counted by its reason", A("00:01", "a", "0", OK) "[1]\n" "{\"a\":1}\n",
	    {{RT_C_REJECT + RT_REJECT_OUT_OF_RANGE, 1}, {RT_C_REJECT + RT_REJECT_NOT_JSON, 1}, {RT_C_REJECT + RT_REJECT_UNKNOWN_SHAPE, 1}, {RT_C_ACCEPTED, 0}, NO_MORE}},
	{"synthetic records are in nothing else", A("00:01", "a", "1", OK ",\"synthetic\":true") A("00:02", "a", "2", BUSY ABORT),
	    {{RT_C_SYNTHETIC, 2}, {RT_C_ACCEPTED, 2}, {RT_C_ATTEMPTS, 0}, {RT_C_OPS_STARTED, 0}, NO_MORE}},
	{"usage is known, missing or not said",
	    A("00:01", "a", "1", OK ",\"usage_seen\":true") A("00:01", "b", "1", OK ",\"usage_seen\":false") A("00:01", "c", "1", OK) A("00:01", "d", "1", BUSY ABORT ",\"usage_seen\":false"),
	    {{RT_C_USAGE_KNOWN, 2}, {RT_C_USAGE_MISSING, 1}, {RT_C_USAGE_UNKNOWN, 1}, NO_MORE}},
	{"a follow-up is one more try than the highest number",
	    "{\"schema\":\"fallback-decision-log/v1\",\"ts\":\"2026-06-13T12:00:01Z\",\"correlation_id\":\"a\",\"attempt_number\":3,\"trigger\":{\"type\":\"http_status\",\"http_status\":503},\"decision\":\"fallback_secondary\",\"outcome\":\"success\"}\n",
	    {{RT_C_TRIES + 3, 1}, {RT_C_OP_ATTEMPTS, 2}, {FATE(RESCUED_BY_FALLBACK), 1}, NO_MORE}},
	{"a decision log feeds decisions and operations, no attempt rates",
	    "{\"schema\":\"fallback-decision-log/v1\",\"ts\":\"2026-06-13T12:00:01Z\",\"correlation_id\":\"a\",\"attempt_number\":1,\"trigger\":{\"type\":\"timeout\"},\"decision\":\"retry_same\",\"outcome\":\"success\"}\n",
	    {{RT_C_ATTEMPTS, 0}, {RT_C_DECISION + RT_DECISION_RETRY_SAME, 1}, {FATE(RESCUED_BY_RETRY), 1}, {RT_C_OP_ATTEMPTS, 2}, {RT_C_TRIES + 1, 1}, NO_MORE}},
	{"complete evidence",
	    A("00:01", "a", "1", OK FULL) A("00:01", "b", "1", ",\"error_type\":\"timeout\"" FULL ABORT) A("00:01", "c", "1", BUSY FULL RETRY ",\"decision_reason\":\"r\""),
	    {{RT_C_COMPLETE, 3}, {RT_C_NO_STATUS, 1}, NO_MORE}},
	{"evidence that lacks a method, a route, a time, a status, a decision, a reason or a wait",
	    A("00:01", "a", "1", OK ",\"http_route\":\"/x\",\"elapsed_ms\":1")
	    A("00:01", "b", "1", OK ",\"http_request_method\":\"POST\",\"elapsed_ms\":1")
	    A("00:01", "c", "1", OK ",\"http_request_method\":\"POST\",\"http_route\":\"/x\"")
	    A("00:01", "d", "1", FULL ABORT)
	    A("00:01", "e", "1", BUSY FULL)
	    A("00:01", "f", "1", BUSY FULL RETRY)
	    A("00:01", "g", "1", BUSY FULL ",\"decision\":\"retry_same\",\"decision_reason\":\"r\""),
	    {{RT_C_COMPLETE, 0}, {RT_C_ATTEMPTS, 7}, NO_MORE}},
	{"synthetic said to be false is traffic", A("00:01", "a", "1", OK ",\"synthetic\":false"),
	    {{RT_C_SYNTHETIC, 0}, {RT_C_ATTEMPTS, 1}, {RT_C_OPS_STARTED, 1}, NO_MORE}},
	{"a synthetic id is forgotten like any other",
	    A("00:01", "a", "1", OK ",\"synthetic\":true") A("02:02", "a", "1", OK),
	    {{RT_C_SYNTHETIC, 1}, {RT_C_ATTEMPTS, 1}, {RT_C_OPS_STARTED, 1}, NO_MORE}},
	{"a synthetic record of an ordinary operation changes nothing of it",
	    A("00:01", "a", "1", BUSY RETRY) A("00:02", "a", "2", OK ",\"synthetic\":true"),
	    {{RT_C_SYNTHETIC, 1}, {RT_C_ATTEMPTS, 1}, {RT_C_OPS_ENDED, 0}, NO_MORE}},
	{"upstream attempts count 1 where not said", A("00:01", "a", "1", BUSY RETRY ",\"upstream_attempts\":3") A("00:02", "a", "2", OK),
	    {{RT_C_OP_UPSTREAM, 4}, {RT_C_OP_ATTEMPTS, 2}, NO_MORE}},
};
/* clang-format on */

static struct rt_aggregate *
aggregate_of(const char *records, const struct rt_aggregate_opts *opts)
{
	struct rt_aggregate_opts o =
	    opts ? *opts : (struct rt_aggregate_opts){0};
	struct rt_moment at = {{0}, {0}};
	struct rt_aggregate *a;
	struct rt_str rest = rt_str_of(records), line;

	if (o.capacity.operations == 0)
		o.capacity.operations = 1024;
	o.capacity.sketch_chunks = 4096;
	a = rt_aggregate_new(&o, at);
	while (rt_decode_next_line(&rest, &line))
		rt_aggregate_record(a, line, at, "test");
	return a;
}

static void
report(struct rt_aggregate *a, struct rt_report *r)
{
	struct rt_query q = {0};
	struct rt_moment at = {{0}, {0}};

	rt_report_reset(r);
	rt_aggregate_report(a, &q, at, r);
}

static uint64_t
sum_of(const uint64_t *n, size_t count)
{
	uint64_t sum = 0;

	while (count > 0)
		sum += n[--count];
	return sum;
}

static void
counts_as_each_rule_says(void **state)
{
	struct rt_aggregate *a;
	struct rt_report r;
	size_t i, j;

	(void)state;
	rt_report_init(&r);
	for (i = 0; i < RT_COUNT_OF(rows); i++) {
		a = aggregate_of(rows[i].records, NULL);
		report(a, &r);
		for (j = 0; rows[i].checks[j].counter >= 0; j++)
			if (r.counts.n[rows[i].checks[j].counter] !=
			    rows[i].checks[j].want)
				fail_msg("%s: check %zu is %u, not %u",
				    rows[i].why, j,
				    (unsigned)
					r.counts.n[rows[i].checks[j].counter],
				    (unsigned)rows[i].checks[j].want);
		/* Every ended operation has one fate, every attempt one class. */
		assert_int_equal(r.counts.n[RT_C_OPS_ENDED],
		    sum_of(r.counts.n + RT_C_FATE, RT_FATE_COUNT));
		assert_int_equal(r.counts.n[RT_C_ATTEMPTS],
		    sum_of(r.counts.n + RT_C_CLASS, RT_CLASS_COUNT));
		assert_int_equal(
		    r.counts.n[RT_C_OPS_STARTED] - r.counts.n[RT_C_OPS_ENDED],
		    r.open.running + r.open.in_backoff + r.open.on_fallback);
		rt_aggregate_free(a);
	}
	rt_report_fini(&r);
}

static void
settles_the_fallback_ledger_when_the_operation_ends(void **state)
{
	/* clang-format off */
	struct rt_aggregate *a = aggregate_of(
	    A("00:01", "a", "1", BUSY FALLBACK ",\"model_requested\":\"m\"") A("00:02", "a", "2", OK)
	    A("00:01", "d", "1", BUSY FALLBACK ",\"model_requested\":\"m\"") A("00:02", "d", "2", OK)
	    A("00:03", "b", "1", BUSY FALLBACK ",\"model_requested\":\"m\"") A("00:04", "b", "2", BUSY ABORT)
	    A("00:05", "c", "1", ",\"error_type\":\"timeout\"" FALLBACK ",\"http_route\":\"/v1/x\",\"decision_reason\":\"slow\""),
	    NULL);
	/* clang-format on */
	struct rt_report r;

	(void)state;
	rt_report_init(&r);
	report(a, &r);
	assert_int_equal(r.fallbacks_count, 2);
	assert_string_equal(r.fallbacks[0].from, "m");
	assert_string_equal(r.fallbacks[0].to, "spare");
	assert_string_equal(r.fallbacks[0].reason, "http_503");
	assert_int_equal(r.fallbacks[0].count, 3);
	assert_int_equal(r.fallbacks[0].succeeded, 2);
	assert_string_equal(r.fallbacks[1].from, "/v1/x");
	assert_string_equal(r.fallbacks[1].reason, "slow");
	assert_int_equal(r.fallbacks[1].succeeded, 0);
	rt_aggregate_free(a);
	rt_report_fini(&r);
}

static void
adds_up_waste_and_the_time_of_operations(void **state)
{
	struct rt_aggregate *a = aggregate_of(
	    A("00:01.000", "a", "1", BUSY RETRY ",\"elapsed_ms\":400")
		A("00:02.000", "a", "2", OK ",\"elapsed_ms\":500")
		    A("00:03.000", "b", "1", BUSY RETRY ",\"elapsed_ms\":50"),
	    NULL);
	struct rt_report r;
	struct rt_rate waste;

	(void)state;
	rt_report_init(&r);
	report(a, &r);
	waste = rt_rate(&r.counts, RT_RATE_WASTE);
	assert_within(waste.numerator, 500, 1e-9);    /* 400 + 100 waited */
	assert_within(waste.denominator, 1000, 1e-9); /* and 500 useful */
	assert_int_equal(r.latency[RT_LATENCY_OPERATION].count, 1);
	assert_within(r.latency[RT_LATENCY_OPERATION].max, 1400, 14);
	assert_int_equal(r.latency[RT_LATENCY_BACKOFF].count, 2);
	rt_aggregate_free(a);
	rt_report_fini(&r);
}

static void
keeps_totals_exact_when_tables_are_full(void **state)
{
	struct rt_aggregate_opts o = {
	    .capacity = {.series = 4, .operations = 16, .fallback_rows = 2}};
	struct rt_buf b;
	struct rt_aggregate *a;
	struct rt_report r;
	uint64_t in_series = 0;
	size_t i;

	(void)state;
	rt_buf_init(&b, 1 << 20);
	for (i = 0; i < 40; i++)
		rt_buf_printf(&b,
		    "{\"schema\":\"llm-attempt/"
		    "v1\",\"ts\":\"2026-06-13T12:00:00Z\",\"operation_id\":\"o%"
		    "d\","
		    "\"attempt\":1,\"service\":\"s%d\",\"model_requested\":\"m%"
		    "d\",\"http_response_status_code\":503,"
		    "\"decision\":\"fallback_secondary\",\"decision_reason\":"
		    "\"r\"}\n",
		    (int)i, (int)i, (int)i);
	a = aggregate_of(b.p, &o);
	rt_report_init(&r);
	report(a, &r);
	assert_int_equal(r.counts.n[RT_C_ATTEMPTS], 40);
	assert_int_equal(r.counts.n[RT_C_OPS_STARTED], 40);
	assert_int_equal(r.counts.n[RT_C_OPS_EVICTED], 24);
	assert_int_equal(r.series_total, 5);
	for (i = 0; i < r.series_count; i++)
		in_series += r.series[i].counts->n[RT_C_ATTEMPTS];
	assert_int_equal(in_series, 40);
	assert_true(r.overflow[RT_OVERFLOW_SERIES] > 0);
	assert_int_equal(r.fallbacks_count, 3);
	assert_int_equal(r.overflow[RT_OVERFLOW_FALLBACK_ROWS], 38);
	rt_aggregate_free(a);
	rt_report_fini(&r);
	rt_buf_fini(&b);
}

static void
counts_ended_operations_that_a_full_table_forgets(void **state)
{
	struct rt_aggregate_opts o = {
	    .capacity = {.series = 4, .operations = 16}};
	struct rt_buf b;
	struct rt_aggregate *a;
	struct rt_report r;
	int i;

	(void)state;
	rt_buf_init(&b, 1 << 20);
	for (i = 0; i < 20; i++) /* the newest first: time goes by both ends */
		rt_buf_printf(&b,
		    "{\"schema\":\"llm-attempt/v1\",\"ts\":\"2026-06-13T12:00:"
		    "%02dZ\",\"operation_id\":\"o%d\",\"attempt\":1" OK "}\n",
		    40 - i, i);
	a = aggregate_of(b.p, &o);
	rt_report_init(&r);
	report(a, &r);
	assert_int_equal(r.counts.n[RT_C_OPS_ENDED], 20);
	assert_int_equal(r.counts.n[RT_C_OPS_EVICTED], 0);
	assert_int_equal(r.overflow[RT_OVERFLOW_OPERATIONS], 4);
	assert_int_equal(r.source.uptime_ms, 19000);
	rt_aggregate_free(a);
	rt_report_fini(&r);
	rt_buf_fini(&b);
}

static void
follows_the_monotonic_clock_when_live(void **state)
{
	struct rt_aggregate_opts o = {.is_live = true,
	    .capacity = {.operations = 64, .sketch_chunks = 4096}};
	struct rt_moment at = {{1000000000}, {0}};
	struct rt_aggregate *a = rt_aggregate_new(&o, at);
	struct rt_query q = {.window_s = 60, .tail = true, .tail_cursor = 0};
	struct rt_report r;

	(void)state;
	rt_report_init(&r);
	/* The record's own clock is a year off; the window does not care. */
	rt_aggregate_record(a,
	    rt_str_of("{\"schema\":\"llm-attempt/"
		      "v1\",\"ts\":\"2025-01-01T00:00:00Z\","
		      "\"operation_id\":\"a\",\"attempt\":1,\"emitter\":\"e\","
		      "\"seq\":1,\"prompt\":\"my words\"" BUSY RETRY "}"),
	    at, "test");
	rt_aggregate_report(a, &q, at, &r);
	assert_int_equal(r.counts.n[RT_C_ATTEMPTS], 1);
	assert_int_equal(r.counts.n[RT_C_SENSITIVE], 1);
	assert_int_equal(r.open.in_backoff, 1);
	assert_int_equal(r.tail.count, 1);
	assert_non_null(
	    strstr(r.tail.lines[0], "\"prompt\":\"Bearer (dropped)\""));
	assert_null(strstr(r.tail.lines[0], "words"));
	assert_true(r.emitters[0].has_skew && r.emitters[0].skew_ms < -1e10);

	at.mono.us += 61 * 1000000LL;
	rt_report_reset(&r);
	rt_aggregate_report(a, &q, at, &r);
	assert_int_equal(r.counts.n[RT_C_ATTEMPTS], 0);
	assert_int_equal(r.open.in_backoff, 1);

	at.mono.us += 60 * 1000000LL;
	rt_aggregate_tick(a, at);
	rt_report_reset(&r);
	rt_aggregate_report(a, &q, at, &r);
	assert_int_equal(r.counts.n[RT_C_FATE + RT_FATE_ORPHANED], 1);
	assert_int_equal(r.open.in_backoff, 0);
	rt_aggregate_free(a);
	rt_report_fini(&r);
}

static void
takes_a_message_apart_and_refuses_one_too_large(void **state)
{
	struct rt_aggregate_opts o = {.is_live = true,
	    .capacity = {.operations = 64, .sketch_chunks = 4096}};
	struct rt_moment at = {{1000000000}, {0}};
	struct rt_aggregate *a = rt_aggregate_new(&o, at);
	static char big[RT_MESSAGE_MAX + 1];
	struct rt_report r;
	struct rt_query q = {0};

	(void)state;
	rt_report_init(&r);
	assert_int_equal(rt_aggregate_message(a,
			     rt_str_of(A("00:01", "a", "1", OK) "\n \n" A(
				 "00:01", "b", "1", OK)),
			     at, "test"),
	    2);
	memset(big, '\n', sizeof(big));
	assert_int_equal(rt_aggregate_message(a,
			     (struct rt_str){big, RT_MESSAGE_MAX}, at, "test"),
	    0);
	memset(big, 'x', sizeof(big));
	assert_int_equal(rt_aggregate_message(
			     a, (struct rt_str){big, sizeof(big)}, at, "test"),
	    1);
	rt_aggregate_report(a, &q, at, &r);
	assert_int_equal(r.counts.n[RT_C_ACCEPTED], 2);
	assert_int_equal(r.counts.n[RT_C_REJECT + RT_REJECT_TOO_LARGE], 1);
	assert_string_equal(r.refused[0].source, "test");
	rt_aggregate_free(a);
	rt_report_fini(&r);
}

static bool
is_not_eve(void *arg, struct rt_str emitter)
{
	++*(unsigned *)arg;
	return !rt_str_is(emitter, "eve");
}

static void
refuses_a_record_under_an_id_of_another(void **state)
{
	static const char text[] =
	    "{\"schema\":\"llm-attempt/"
	    "v1\",\"operation_id\":\"a\",\"attempt\":1,"
	    "\"emitter\":\"eve\",\"seq\":9}\n"
	    "{\"schema\":\"llm-attempt/v1\",\"attempt\":1,"
	    "\"emitter\":\"eve\",\"seq\":7}\n"
	    "{\"schema\":\"llm-attempt/"
	    "v1\",\"operation_id\":\"b\",\"attempt\":1,"
	    "\"emitter\":\"bob\",\"seq\":1}\n"
	    "{\"schema\":\"llm-attempt/"
	    "v1\",\"operation_id\":\"c\",\"attempt\":1}";
	struct rt_aggregate_opts o = {.is_live = true,
	    .capacity = {.operations = 64, .sketch_chunks = 4096}};
	struct rt_moment at = {{1000000000}, {0}};
	struct rt_aggregate *a = rt_aggregate_new(&o, at);
	struct rt_query q = {0};
	struct rt_report r;
	unsigned asked = 0;

	(void)state;
	rt_report_init(&r);
	rt_aggregate_on_emitter(a, is_not_eve, &asked);
	rt_aggregate_message(a, rt_str_of(text), at, "test");
	rt_aggregate_report(a, &q, at, &r);
	assert_int_equal(asked, 3);
	assert_int_equal(r.counts.n[RT_C_ACCEPTED], 2);
	assert_int_equal(r.counts.n[RT_C_REJECT + RT_REJECT_FORGED_EMITTER], 2);
	assert_int_equal(r.counts.n[RT_C_REJECT + RT_REJECT_MISSING_FIELD], 0);
	/* Neither a gap nor an emitter came of it. */
	assert_int_equal(r.lost, 0);
	assert_int_equal(r.emitters_count, 1);
	assert_string_equal(r.emitters[0].id, "bob");
	rt_aggregate_free(a);
	rt_report_fini(&r);
}

static void
tells_an_operation_record_by_record(void **state)
{
	struct rt_aggregate_opts o = {.is_live = true,
	    .capacity = {
		.operations = 64, .sketch_chunks = 4096, .tail_bytes = 65536}};
	struct rt_moment at = {{1000000000}, {0}};
	struct rt_aggregate *a = rt_aggregate_new(&o, at);
	struct rt_query q = {.operation = "bad"};
	struct rt_report r;
	int i;

	(void)state;
	rt_report_init(&r);
	rt_aggregate_message(a,
	    rt_str_of(A(
		"00:01", "bad", "1", ",\"http_response_status_code\":401" RETRY)
		    A("00:01", "good", "1", OK) A("00:02", "bad", "2",
			",\"http_response_status_code\":401" ABORT)),
	    at, "test");
	rt_aggregate_report(a, &q, at, &r);
	assert_int_equal(r.operation.count, 2);
	assert_non_null(strstr(r.operation.lines[1], "\"attempt\":2"));
	assert_true(r.operation.rules & 1u << RT_RULE_RETRY_AFTER_AUTH);
	/* Long after, only what was worth keeping is left. */
	for (i = 0; i < 1000; i++) {
		at.mono.us += 1000000;
		rt_aggregate_message(
		    a, rt_str_of(A("00:01", "other", "1", OK)), at, "test");
	}
	rt_report_reset(&r);
	rt_aggregate_report(a, &q, at, &r);
	assert_int_equal(r.operation.count, 2);
	assert_true(r.operation.is_whole);
	assert_true(r.operation.rules & 1u << RT_RULE_RETRY_AFTER_AUTH);
	snprintf(q.operation, sizeof(q.operation), "good");
	rt_report_reset(&r);
	rt_aggregate_report(a, &q, at, &r);
	assert_string_equal(r.operation.id, "good");
	assert_int_equal(r.operation.count, 0);
	rt_aggregate_free(a);
	rt_report_fini(&r);
}

/* What an order promises, from the row itself. */
static double
figure_of(const struct rt_report_series *s, enum rt_sort sort)
{
	static const enum rt_rate_id rates[RT_SORT_COUNT] = {
	    [RT_SORT_AMPLIFICATION] = RT_RATE_AMPLIFICATION,
	    [RT_SORT_FIRST] = RT_RATE_FIRST_TRY,
	    [RT_SORT_FINAL] = RT_RATE_EFFECTIVE_SUCCESS,
	    [RT_SORT_ERROR] = RT_RATE_ERROR,
	    [RT_SORT_RETRY] = RT_RATE_RETRY_RATIO,
	    [RT_SORT_FALLBACK] = RT_RATE_FALLBACK,
	    [RT_SORT_RESCUED] = RT_RATE_RESCUED,
	};
	const struct rt_quantiles *q = &s->latency[RT_LATENCY_OPERATION],
				  *wait = &s->latency[RT_LATENCY_BACKOFF];
	struct rt_rate r;

	switch ((int)sort) {
	case RT_SORT_ATTEMPTS: return (double)s->counts->n[RT_C_ATTEMPTS];
	case RT_SORT_OPS: return (double)s->counts->n[RT_C_OPS_ENDED];
	case RT_SORT_FAILED:
		return (double)(s->counts->n[RT_C_FATE + RT_FATE_EXHAUSTED] +
		    s->counts->n[RT_C_FATE + RT_FATE_FAILED_FAST]);
	case RT_SORT_P50: return q->count > 0 ? q->p50 : -1;
	case RT_SORT_P95: return q->count > 0 ? q->p95 : -1;
	case RT_SORT_P99: return q->count > 0 ? q->p99 : -1;
	case RT_SORT_WAIT: return wait->count > 0 ? wait->p95 : -1;
	case RT_SORT_NAME: return -(double)s->labels[RT_LABEL_SERVICE][0];
	default: break;
	}
	r = rt_rate(s->counts, rates[sort]);
	return rt_rate_known(r) ? r.numerator / r.denominator : -1;
}

static void
every_order_begins_with_its_biggest_and_reversed_ends_with_it(void **state)
{
#define OF(service, ms) ",\"service\":\"" service "\",\"elapsed_ms\":" ms
	/* clang-format off */
	struct rt_aggregate *a = aggregate_of(
	    A("00:01.0", "a1", "1", OK OF("a", "900")) A("00:01.0", "a2", "1", OK OF("a", "20"))
	    A("00:01.0", "a3", "1", BUSY RETRY OF("a", "30")) A("00:02.0", "a3", "2", OK OF("a", "10"))
	    A("00:01.0", "b1", "1", BUSY FALLBACK OF("b", "300")) A("00:02.0", "b1", "2", OK OF("b", "300"))
	    A("00:01.0", "b2", "1", BUSY ABORT OF("b", "5"))
	    A("00:01.0", "c1", "1", BUSY ",\"decision\":\"retry_same\",\"backoff_ms\":700" OF("c", "1"))
	    A("00:02.0", "c1", "2", BUSY RETRY OF("c", "1")) A("00:03.0", "c1", "3", BUSY ABORT OF("c", "1"))
	    A("00:01.0", "d1", "1", OK OF("d", "4000")), NULL);
	/* clang-format on */
#undef OF
	struct rt_moment at = {{0}, {0}};
	struct rt_report r;

	(void)state;
	rt_report_init(&r);
	for (unsigned s = 0; s < RT_SORT_COUNT; s++)
		for (unsigned back = 0; back < 2; back++) {
			struct rt_query q = {.sort = (enum rt_sort)s,
			    .group = 1u << RT_LABEL_SERVICE,
			    .reverse = back == 1};
			double first, last;

			rt_report_reset(&r);
			rt_aggregate_report(a, &q, at, &r);
			assert_int_equal(r.series_count, 4);
			first = figure_of(&r.series[0], q.sort);
			last = figure_of(&r.series[3], q.sort);
			print_message("%s: %g .. %g\n", rt_sort_name(q.sort),
			    first, last);
			assert_true(back ? first < last : first > last);
			for (unsigned i = 1; i < 4; i++) {
				double one =
					   figure_of(&r.series[i - 1], q.sort),
				       two = figure_of(&r.series[i], q.sort);

				assert_true(back ? one <= two : one >= two);
			}
		}
	rt_aggregate_free(a);
	rt_report_fini(&r);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(counts_as_each_rule_says),
	    cmocka_unit_test(
		settles_the_fallback_ledger_when_the_operation_ends),
	    cmocka_unit_test(adds_up_waste_and_the_time_of_operations),
	    cmocka_unit_test(keeps_totals_exact_when_tables_are_full),
	    cmocka_unit_test(counts_ended_operations_that_a_full_table_forgets),
	    cmocka_unit_test(follows_the_monotonic_clock_when_live),
	    cmocka_unit_test(takes_a_message_apart_and_refuses_one_too_large),
	    cmocka_unit_test(refuses_a_record_under_an_id_of_another),
	    cmocka_unit_test(tells_an_operation_record_by_record),
	    cmocka_unit_test(
		every_order_begins_with_its_biggest_and_reversed_ends_with_it),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
