/* SPDX-License-Identifier: MIT */
/* Reports as JSON: there and back, and what of a document is refused. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "proto/json.h"
#include "tests/unit/any_report.h"

static uint64_t
first_seed(void)
{
	const char *z = getenv("RT_SEED");

	return z ? strtoull(z, NULL, 10) : 1;
}

static void
any_report_decodes_to_itself(void **state)
{
	struct rt_report a, b;
	struct rt_buf buf;

	(void)state;
	rt_report_init(&a);
	rt_report_init(&b);
	rt_buf_init(&buf, RT_REPORT_MAX);
	printf(
	    "200 reports from seed %llu\n", (unsigned long long)first_seed());
	for (uint64_t seed = first_seed(), n = 0; n < 200; n++, seed++) {
		struct rt_diag d = {0};

		any_seed(seed * 0x9e3779b97f4a7c15u);
		any_report(&a);
		rt_buf_reset(&buf);
		rt_report_encode(&buf, &a);
		assert_false(buf.overflow);
		assert_null(memchr(buf.p, '\n', buf.len));
		if (rt_report_decode(&b, (struct rt_str){buf.p, buf.len}, &d))
			fail_msg("seed %llu: %s %s", (unsigned long long)seed,
			    d.where, d.what);
		same_report(&a, &b);
	}
	rt_buf_fini(&buf);
	rt_report_fini(&a);
	rt_report_fini(&b);
}

static struct json_object *
document(const struct rt_report *r)
{
	struct json_object *o = NULL;
	struct rt_buf b;

	rt_buf_init(&b, RT_REPORT_MAX);
	rt_report_encode(&b, r);
	assert_int_equal(
	    rt_json_parse(b.p, b.len, RT_REPORT_MAX, 16, &o, NULL), RT_OK);
	rt_buf_fini(&b);
	return o;
}

/* A piece ends with the first thing that fills it, and its rows are no larger than that. */
static void
in_pieces_it_is_the_same_text(void **state)
{
	enum { WANT = 4096, LARGEST = 65536 };
	struct rt_buf whole, pieces;
	struct rt_report r;
	size_t before;

	(void)state;
	rt_report_init(&r);
	rt_buf_init(&whole, RT_REPORT_MAX);
	rt_buf_init(&pieces, RT_REPORT_MAX);
	for (uint64_t seed = first_seed(), n = 0; n < 50; n++, seed++) {
		struct rt_report_encoder e =
		    rt_report_encode_begin(&pieces, &r);

		any_seed(seed * 0x9e3779b97f4a7c15u);
		any_report(&r);
		rt_report_encode(&whole, &r);
		do {
			before = pieces.len;
		} while (rt_report_encode_step(&e, n % 2 ? WANT : 1) &&
		    pieces.len > before &&
		    pieces.len - before < WANT + LARGEST);
		assert_string_equal(pieces.p, whole.p);
		rt_buf_reset(&whole);
		rt_buf_reset(&pieces);
	}
	rt_buf_fini(&whole);
	rt_buf_fini(&pieces);
	rt_report_fini(&r);
}

static void
pieces_end_where_the_buffer_is_full(void **state)
{
	struct rt_report_encoder e;
	struct rt_report r;
	struct rt_buf b;
	unsigned steps = 0;

	(void)state;
	rt_report_init(&r);
	for (unsigned i = 0; i < 1000; i++)
		(void)rt_report_add_series(&r);
	rt_buf_init(&b, 100000);
	e = rt_report_encode_begin(&b, &r);
	while (rt_report_encode_step(&e, 1000))
		steps++;
	assert_true(b.overflow);
	assert_in_range(steps, 20, 100);
	rt_buf_fini(&b);
	rt_report_fini(&r);
}

static void
an_empty_report_has_every_promised_key(void **state)
{
	static const struct {
		const char *object, *keys[16];
	} rows[] = {
	    {NULL,
		{"schema", "source", "intake", "attempts", "operations",
		    "rates", "decisions", "fallbacks", "violations",
		    "latency_ms", "series", "emitters", "alerts", "canaries"}},
	    {"source", {"kind"}},
	    {"intake",
		{"accepted", "rejected", "lost", "duplicates", "late",
		    "synthetic", "sensitive_dropped"}},
	    {"attempts",
		{"total", "first", "retries", "usage_unknown", "no_status",
		    "by_class", "by_status"}},
	    {"operations",
		{"started", "ended", "unfinished", "evicted", "by_fate",
		    "attempts_per_operation"}},
	    {"rates",
		{"error", "timeout", "actual_success", "missing_usage",
		    "retry_ratio", "effective_success", "fallback",
		    "exhaustion", "amplification", "upstream_amplification",
		    "first_try", "rescued", "orphan", "waste"}},
	    {"latency_ms", {"attempt", "ttft", "operation", "backoff"}},
	};
	struct json_object *o, *v;
	struct rt_report r;

	(void)state;
	rt_report_init(&r);
	o = document(&r);
	for (size_t i = 0; i < RT_COUNT_OF(rows); i++) {
		const char *const *key = rows[i].keys;

		v = rows[i].object ? rt_json_get(o, rows[i].object) : o;
		for (; *key; key++)
			if (!rt_json_get(v, *key))
				fail_msg("no key %s", *key);
	}
	v = rt_json_get(rt_json_get(o, "operations"), "attempts_per_operation");
	assert_int_equal(rt_json_int(v, "1", -1), 0);
	assert_int_equal(rt_json_int(v, "5+", -1), 0);
	v = rt_json_get(rt_json_get(o, "rates"), "error");
	assert_int_equal(rt_json_int(v, "denominator", -1), 0);
	assert_null(rt_json_get(v, "value"));
	assert_true(json_object_object_get_ex(v, "value", NULL));
	v = rt_json_get(rt_json_get(o, "latency_ms"), "ttft");
	assert_int_equal(rt_json_int(v, "count", -1), 0);
	assert_true(json_object_object_get_ex(v, "p99", NULL));
	assert_null(rt_json_get(v, "p99"));
	v = rt_json_get(o, "source");
	assert_true(json_object_object_get_ex(v, "window_s", NULL));
	assert_true(json_object_object_get_ex(v, "from", NULL));
	assert_true(json_object_object_get_ex(v, "to", NULL));
	json_object_put(o);
	rt_report_fini(&r);
}

static void
counts_of_a_rate_are_integers(void **state)
{
	struct rt_report r;
	struct json_object *o, *rates;

	(void)state;
	rt_report_init(&r);
	r.counts.n[RT_C_ATTEMPTS] = 3;
	r.counts.n[RT_C_CLASS + RT_CLASS_NONE] = 2;
	o = document(&r);
	rates = rt_json_get(rt_json_get(o, "rates"), "error");
	assert_true(json_object_is_type(
	    rt_json_get(rates, "numerator"), json_type_int));
	assert_true(json_object_is_type(
	    rt_json_get(rates, "denominator"), json_type_int));
	assert_within(
	    json_object_get_double(rt_json_get(rates, "value")), 1.0 / 3.0, 0);
	json_object_put(o);
	rt_report_fini(&r);
}

static void
unfinished_operations_of_a_live_window_are_those_open_now(void **state)
{
	struct rt_report r;
	struct json_object *o;

	(void)state;
	rt_report_init(&r);
	r.counts.n[RT_C_OPS_STARTED] = 10;
	r.counts.n[RT_C_OPS_ENDED] = 6;
	r.counts.n[RT_C_OPS_EVICTED] = 1;
	o = document(&r);
	assert_int_equal(
	    rt_json_int(rt_json_get(o, "operations"), "unfinished", -1), 3);
	json_object_put(o);
	r.source.is_live = true;
	r.open.running = 4;
	r.open.in_backoff = 2;
	r.open.on_fallback = 1;
	o = document(&r);
	assert_int_equal(
	    rt_json_int(rt_json_get(o, "operations"), "unfinished", -1), 7);
	json_object_put(o);
	rt_report_fini(&r);
}

static void
a_bad_report_is_refused_and_leaves_nothing(void **state)
{
	static const struct {
		const char *why, *json;
		enum rt_err want;
	} rows[] = {
	    {"empty", "", RT_E_SYNTAX},
	    {"cut", "{\"schema\":", RT_E_SYNTAX},
	    {"an array", "[]", RT_E_SYNTAX},
	    {"null", "null", RT_E_SYNTAX},
	    {"no schema", "{\"lost\":1}", RT_E_VERSION},
	    {"other schema", "{\"schema\":\"retrytop-report/v2\"}",
		RT_E_VERSION},
	    {"schema of another type", "{\"schema\":1}", RT_E_VERSION},
	};
	const struct rt_report empty = {
	    .source.last_event_age_ms = -1, .source.since = -1};
	struct rt_report r;

	(void)state;
	rt_report_init(&r);
	for (size_t i = 0; i < RT_COUNT_OF(rows); i++) {
		struct rt_diag d = {0};
		enum rt_err err;

		rt_report_add_fallback(&r)->count = 9;
		r.lost = 9;
		err = rt_report_decode(&r, rt_str_of(rows[i].json), &d);
		if (err != rows[i].want)
			fail_msg("%s: %s", rows[i].why, rt_err_text(err));
		if (!d.what[0])
			fail_msg("%s: no words", rows[i].why);
		same_report(&r, &empty);
	}
	rt_report_fini(&r);
}

static void
more_rows_than_the_limit_are_refused(void **state)
{
	struct rt_buf b;
	struct rt_report r;

	(void)state;
	rt_report_init(&r);
	rt_buf_init(&b, RT_REPORT_MAX);
	rt_buf_puts(&b, "{\"schema\":\"" RT_REPORT_SCHEMA "\",\"refused\":[0");
	for (unsigned i = 1; i < 65536; i++)
		rt_buf_puts(&b, ",0");
	rt_buf_puts(&b, "]}");
	assert_int_equal(
	    rt_report_decode(&r, (struct rt_str){b.p, b.len}, NULL), RT_OK);
	assert_int_equal(r.refused_count, 65536);
	b.len -= 2;
	rt_buf_puts(&b, ",0]}");
	assert_int_equal(
	    rt_report_decode(&r, (struct rt_str){b.p, b.len}, NULL),
	    RT_E_TOO_LARGE);
	assert_int_equal(r.refused_count, 0);
	rt_buf_fini(&b);
	rt_report_fini(&r);
}

static void
values_of_another_type_are_absent(void **state)
{
	static const char json[] =
	    "{\"schema\":\"" RT_REPORT_SCHEMA "\",\"source\":7,"
	    "\"intake\":[],\"attempts\":{\"total\":\"5\",\"first\":1.5,"
	    "\"by_status\":{\"99\":1,\"600\":1,\"0503\":1,\"503\":2,\"x\":1},"
	    "\"by_class\":[1]},\"series\":[null,{\"labels\":"
	    "{\"service\":5,\"provider\":\"p\"},\"trend\":[-1,5000000000]}],"
	    "\"violations\":[{\"examples\":[1,2,3,4,5]}],"
	    "\"trend\":{\"cols\":1000,\"errors\":[1,2]},"
	    "\"tail\":{\"events\":[1,\"x\"]},\"fallbacks\":{\"from\":1},"
	    "\"open\":\"many\"}";
	struct rt_report r;

	(void)state;
	rt_report_init(&r);
	assert_int_equal(rt_report_decode(&r, rt_str_of(json), NULL), RT_OK);
	assert_int_equal(r.counts.n[RT_C_ATTEMPTS], 0);
	assert_int_equal(r.counts.n[RT_C_FIRST], 0);
	assert_int_equal(r.status[503 - RT_STATUS_MIN], 2);
	assert_int_equal(r.series_count, 2);
	assert_null(r.series[1].labels[RT_LABEL_SERVICE]);
	assert_string_equal(r.series[1].labels[RT_LABEL_PROVIDER], "p");
	assert_int_equal(r.series[1].trend[1], UINT32_MAX);
	assert_int_equal(r.violations[0].examples_count, RT_REPORT_EXAMPLES);
	assert_int_equal(r.trend.cols, RT_TREND_COLS_MAX);
	assert_int_equal(r.trend.v[RT_TREND_ERRORS][1], 2);
	assert_int_equal(r.tail.count, 1);
	assert_int_equal(r.fallbacks_count, 0);
	rt_report_fini(&r);
}

static void
text_of_a_document_is_scrubbed(void **state)
{
	static const char json[] =
	    "{\"schema\":\"" RT_REPORT_SCHEMA "\","
	    "\"fallbacks\":[{\"from\":\"a\\u001b[31m\\u202eb\"}]}";
	struct rt_report r;

	(void)state;
	rt_report_init(&r);
	assert_int_equal(rt_report_decode(&r, rt_str_of(json), NULL), RT_OK);
	assert_string_equal(
	    r.fallbacks[0].from, "a\357\277\275[31m\357\277\275b");
	rt_report_fini(&r);
}

static void
borrowed_text_survives_growth_and_storage_survives_a_reset(void **state)
{
	const char *texts[2000];
	struct rt_report r;
	char want[32];
	void *arena;

	(void)state;
	rt_report_init(&r);
	for (unsigned turn = 0; turn < 3; turn++) {
		for (unsigned i = 0; i < RT_COUNT_OF(texts); i++) {
			snprintf(want, sizeof(want), "%u of %u", i, turn);
			texts[i] = rt_report_text(&r, rt_str_of(want));
			assert_memory_equal(
			    rt_report_alloc(&r, 300), (char[300]){0}, 300);
		}
		memset(rt_report_alloc(&r, 100000), 1, 100000);
		for (unsigned i = 0; i < RT_COUNT_OF(texts); i++) {
			snprintf(want, sizeof(want), "%u of %u", i, turn);
			assert_string_equal(texts[i], want);
		}
		arena = r.arena;
		rt_report_reset(&r);
		assert_ptr_equal(r.arena, arena);
	}
	assert_null(rt_report_text(&r, RT_STR_NONE));
	assert_string_equal(rt_report_text(&r, rt_str_of("")), "");
	rt_report_fini(&r);
	rt_report_fini(&r);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(any_report_decodes_to_itself),
	    cmocka_unit_test(in_pieces_it_is_the_same_text),
	    cmocka_unit_test(pieces_end_where_the_buffer_is_full),
	    cmocka_unit_test(an_empty_report_has_every_promised_key),
	    cmocka_unit_test(counts_of_a_rate_are_integers),
	    cmocka_unit_test(
		unfinished_operations_of_a_live_window_are_those_open_now),
	    cmocka_unit_test(a_bad_report_is_refused_and_leaves_nothing),
	    cmocka_unit_test(more_rows_than_the_limit_are_refused),
	    cmocka_unit_test(values_of_another_type_are_absent),
	    cmocka_unit_test(text_of_a_document_is_scrubbed),
	    cmocka_unit_test(
		borrowed_text_survives_growth_and_storage_survives_a_reset),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
