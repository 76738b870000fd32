/* SPDX-License-Identifier: MIT */
/*
 * Records that their sender refused: what `emit` sends in their place, and what a
 * collector makes of it.
 */
#include "tests/unit/util.h"

#include <stdio.h>
#include <string.h>

#include "collector/aggregate.h"
#include "collector/canonical.h"

#define NOTICE(rest) "{\"schema\":\"retrytop-refused/v1\"," rest "}"
#define WHERE ",\"where\":\"a.log:3\""

static struct rt_aggregate *
aggregate(bool is_live)
{
	struct rt_aggregate_opts o = {.is_live = is_live,
	    .capacity = {.operations = 64, .sketch_chunks = 64}};

	return rt_aggregate_new(&o, (struct rt_moment){{1000000}, {1000000}});
}

static void
ask(struct rt_aggregate *a, struct rt_report *r)
{
	const struct rt_query q = {0};

	rt_report_reset(r);
	rt_aggregate_report(a, &q, (struct rt_moment){{1000000}, {1000000}}, r);
}

static void
take(struct rt_aggregate *a, const char *line)
{
	rt_aggregate_record(a, rt_str_of(line),
	    (struct rt_moment){{1000000}, {1000000}}, "intake x");
}

static void
a_refusal_is_told_with_its_reason_and_place(void **state)
{
	static const struct {
		const char *record, *reason, *detail;
		int base;
	} rows[] = {
	    {"event=llm_call_attempt request_id=r attempt=0", "out_of_range",
		"attempt", RT_CANONICAL_BASE_NOT_SAID},
	    {"event: llm_call_attempt\nrequest_id: r\nattempt: soon",
		"bad_type", "attempt", RT_CANONICAL_BASE_NOT_SAID},
	    {"{\"schema\":\"x\"}", "unknown_schema", "",
		RT_CANONICAL_BASE_NOT_SAID},
	    {"{\"schema\":\"llm-attempt/v1\",\"attempt\":1}", "missing_field",
		"operation_id", 1},
	    {"hello", "not_json", "", RT_CANONICAL_BASE_NOT_SAID},
	    /* Nobody counts attempts from -1. */
	    {"{\"retry_decision\":\"retried\",\"operation_id\":\"a\","
	     "\"attempt_index\":-1}",
		"out_of_range", "attempt", RT_CANONICAL_BASE_NOT_SAID},
	    {"{\"retry_decision\":\"retried\",\"operation_id\":\"a\","
	     "\"attempt_index\":0}",
		"out_of_range", "attempt", 1},
	};
	struct rt_report r;
	size_t i;

	(void)state;
	rt_report_init(&r);
	for (i = 0; i < RT_COUNT_OF(rows); i++) {
		struct rt_canonical *c = rt_canonical_new(rows[i].base);
		struct rt_aggregate *a = aggregate(true);
		const struct rt_notice *refused;
		struct rt_str line = rt_canonical_line(
		    c, rt_str_of(rows[i].record), "a.log:3", &refused);

		assert_non_null(refused);
		assert_null(memchr(line.p, '\n', line.len));
		assert_string_equal(
		    rt_reject_name(refused->reason), rows[i].reason);
		rt_aggregate_record(a, line,
		    (struct rt_moment){{1000000}, {1000000}}, "intake x");
		ask(a, &r);
		assert_int_equal(r.refused_count, 1);
		assert_string_equal(r.refused[0].reason, rows[i].reason);
		assert_non_null(strstr(r.refused[0].detail, rows[i].detail));
		assert_string_equal(r.refused[0].source, "a.log:3, intake x");
		rt_aggregate_free(a);
		rt_canonical_free(c);
	}
	rt_report_fini(&r);
}

static void
what_the_collector_may_read_goes_to_it_as_it_is(void **state)
{
	static const char *const lines[] = {
	    "{\"schema\":\"llm-attempt/v1\",\"operation_id\":\"a\","
	    "\"attempt\":1}",
	    "{\"retry_decision\":\"retried\",\"operation_id\":\"a\","
	    "\"attempt_index\":0}",
	};
	struct rt_canonical *c = rt_canonical_new(RT_CANONICAL_BASE_NOT_SAID);
	const struct rt_notice *refused;
	size_t i;

	(void)state;
	for (i = 0; i < RT_COUNT_OF(lines); i++) {
		assert_true(rt_str_is(rt_canonical_line(c, rt_str_of(lines[i]),
					  "a.log:3", &refused),
		    lines[i]));
		assert_null(refused);
	}
	rt_canonical_free(c);
}

static void
what_is_no_whole_notice_is_an_unknown_schema(void **state)
{
	static const struct {
		const char *line;
		enum rt_reject reason;
	} rows[] = {
	    {NOTICE("\"reason\":\"bad_type\"" WHERE), RT_REJECT_BAD_TYPE},
	    {NOTICE("\"reason\":\"bad_type\""), RT_REJECT_UNKNOWN_SCHEMA},
	    {NOTICE("\"reason\":\"odd\"" WHERE), RT_REJECT_UNKNOWN_SCHEMA},
	    {NOTICE("\"reason\":7" WHERE), RT_REJECT_UNKNOWN_SCHEMA},
	    {NOTICE("\"a\":1" WHERE), RT_REJECT_UNKNOWN_SCHEMA},
	    {NOTICE("\"reason\":\"bad_type\",\"seq\":-1" WHERE),
		RT_REJECT_UNKNOWN_SCHEMA},
	    {NOTICE("\"reason\":\"bad_type\",\"a\":[[]]" WHERE),
		RT_REJECT_UNKNOWN_SCHEMA},
	    {"{\"schema\":\"retrytop-refused/v1\"", RT_REJECT_NOT_JSON},
	};
	struct rt_aggregate *a;
	struct rt_report r;
	size_t i;

	(void)state;
	rt_report_init(&r);
	for (i = 0; i < RT_COUNT_OF(rows); i++) {
		a = aggregate(true);
		take(a, rows[i].line);
		ask(a, &r);
		if (r.counts.n[RT_C_REJECT + rows[i].reason] != 1 ||
		    r.refused_count != 1)
			fail_msg("%s", rows[i].line);
		rt_aggregate_free(a);
	}
	/* A log has no sender. */
	a = aggregate(false);
	take(a, rows[0].line);
	ask(a, &r);
	assert_int_equal(r.counts.n[RT_C_REJECT + RT_REJECT_UNKNOWN_SCHEMA], 1);
	rt_aggregate_free(a);
	rt_report_fini(&r);
}

static void
a_notice_fills_its_number_once_and_shows_no_words(void **state)
{
	static const char line[] =
	    NOTICE("\"reason\":\"not_json\",\"detail\":\"x\\u001b[2J\","
		   "\"sample\":\"my dear diary \\u001b\",\"emitter\":\"e\","
		   "\"seq\":2" WHERE);
	struct rt_aggregate *a = aggregate(true);
	struct rt_report r;

	(void)state;
	rt_report_init(&r);
	take(a,
	    "{\"schema\":\"llm-attempt/v1\",\"operation_id\":\"a\","
	    "\"attempt\":1,\"emitter\":\"e\",\"seq\":1}");
	take(a, line);
	take(a, line);
	take(a,
	    "{\"schema\":\"llm-attempt/v1\",\"operation_id\":\"b\","
	    "\"attempt\":1,\"emitter\":\"e\",\"seq\":3}");
	ask(a, &r);
	assert_int_equal(r.lost, 0);
	assert_int_equal(r.counts.n[RT_C_DUPLICATES], 1);
	assert_int_equal(r.counts.n[RT_C_REJECT + RT_REJECT_NOT_JSON], 1);
	assert_null(strchr(r.refused[0].detail, '\033'));
	assert_null(strstr(r.refused[0].sample, "diary"));
	rt_aggregate_free(a);
	rt_report_fini(&r);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_refusal_is_told_with_its_reason_and_place),
	    cmocka_unit_test(what_the_collector_may_read_goes_to_it_as_it_is),
	    cmocka_unit_test(what_is_no_whole_notice_is_an_unknown_schema),
	    cmocka_unit_test(a_notice_fills_its_number_once_and_shows_no_words),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
