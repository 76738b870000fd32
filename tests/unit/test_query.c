/* SPDX-License-Identifier: MIT */
#include "proto/query.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#define COMMAND(text) "{\"replay\":{\"viewer\":1,\"commands\":[{" text "}]}}"

static bool
same(const struct rt_query *a, const struct rt_query *b)
{
	return a->window_s == b->window_s && a->group == b->group &&
	    a->sort == b->sort && a->reverse == b->reverse &&
	    a->rows == b->rows && a->no_series == b->no_series &&
	    a->tail == b->tail && a->tail_cursor == b->tail_cursor &&
	    a->tail_max == b->tail_max && a->at_us == b->at_us &&
	    a->tail_span.from_us == b->tail_span.from_us &&
	    a->tail_span.until_us == b->tail_span.until_us &&
	    a->operation_until_us == b->operation_until_us &&
	    memcmp(&a->replay, &b->replay, sizeof(a->replay)) == 0;
}

static void
what_is_encoded_is_decoded(void **state)
{
	static const struct rt_query rows[] = {
	    {0},
	    {.window_s = 60},
	    {.window_s = 3600, .group = 1u << RT_LABEL_SERVICE},
	    {.group = (1u << RT_LABEL_COUNT) - 1, .sort = RT_SORT_NAME},
	    {.sort = RT_SORT_P95, .reverse = true, .rows = UINT32_MAX},
	    {.no_series = true, .tail = true, .tail_cursor = UINT64_MAX},
	    {.tail = true, .tail_cursor = UINT64_MAX - 1, .tail_max = 7},
	    {.tail = true, .tail_cursor = 0},
	    {.window_s = 300, .at_us = INT64_C(1781341471000000)},
	    {.tail = true,
		.tail_cursor = 9,
		.tail_span = {1, INT64_C(1781341471000000)}},
	    {.operation = "op-1", .operation_until_us = 77},
	    {.replay = {.viewer = INT64_MAX}},
	    {.replay = {1, 1, {{1, RT_REPLAY_PAUSE, 1}}}},
	    {.replay = {2, 8,
		 {{1, RT_REPLAY_PAUSE, 0}, {2, RT_REPLAY_SPEED, 0},
		     {3, RT_REPLAY_SPEED, 1000},
		     {4, RT_REPLAY_SEEK, RT_REPLAY_US_MAX},
		     {5, RT_REPLAY_MOVE, -1}, {6, RT_REPLAY_STEP, -1},
		     {7, RT_REPLAY_STEP, 10},
		     {INT64_MAX, RT_REPLAY_VIOLATION, -1}}}},
	};

	(void)state;
	for (size_t i = 0; i < RT_COUNT_OF(rows); i++) {
		struct rt_query q = {.rows = 99};
		struct rt_buf b;
		struct rt_diag d = {0};

		rt_buf_init(&b, RT_QUERY_MAX);
		rt_query_encode(&b, &rows[i]);
		assert_false(b.overflow);
		if (rt_query_decode(&q, (struct rt_str){b.p, b.len}, &d))
			fail_msg("row %zu: %s %s: %s", i, d.where, d.what, b.p);
		if (!same(&q, &rows[i]))
			fail_msg("row %zu differs: %s", i, b.p);
		rt_buf_fini(&b);
	}
}

static void
the_largest_query_fits(void **state)
{
	const struct rt_query q = {
	    .window_s = 3600,
	    .at_us = INT64_MAX,
	    .tail_span = {INT64_MAX, INT64_MAX},
	    .group = (1u << RT_LABEL_COUNT) - 1,
	    .rows = UINT32_MAX,
	    .tail = true,
	    .tail_cursor = UINT64_MAX - 1,
	    .tail_max = UINT32_MAX,
	    .replay = {INT64_MAX, 8,
		{{INT64_MAX, RT_REPLAY_MOVE, -RT_REPLAY_US_MAX},
		    {INT64_MAX, RT_REPLAY_MOVE, -RT_REPLAY_US_MAX},
		    {INT64_MAX, RT_REPLAY_MOVE, -RT_REPLAY_US_MAX},
		    {INT64_MAX, RT_REPLAY_MOVE, -RT_REPLAY_US_MAX},
		    {INT64_MAX, RT_REPLAY_MOVE, -RT_REPLAY_US_MAX},
		    {INT64_MAX, RT_REPLAY_MOVE, -RT_REPLAY_US_MAX},
		    {INT64_MAX, RT_REPLAY_MOVE, -RT_REPLAY_US_MAX},
		    {INT64_MAX, RT_REPLAY_MOVE, -RT_REPLAY_US_MAX}}},
	};
	struct rt_buf b;

	(void)state;
	rt_buf_init(&b, RT_QUERY_MAX);
	rt_query_encode(&b, &q);
	assert_false(b.overflow);
	rt_buf_fini(&b);
}

static void
a_bad_query_is_refused_and_changes_nothing(void **state)
{
	static const struct {
		const char *why, *json;
		enum rt_err want;
	} rows[] = {
	    {"empty", "", RT_E_SYNTAX},
	    {"cut", "{\"rows\":", RT_E_SYNTAX},
	    {"no object", "[1]", RT_E_SYNTAX},
	    {"null", "null", RT_E_SYNTAX},
	    {"version of tomorrow", "{\"version\":2}", RT_E_VERSION},
	    {"version as text", "{\"version\":\"1\"}", RT_E_FIELD},
	    {"window not kept", "{\"window_s\":61}", RT_E_FIELD},
	    {"negative window", "{\"window_s\":-60}", RT_E_FIELD},
	    {"window as text", "{\"window_s\":\"1m\"}", RT_E_FIELD},
	    {"rows beyond 32 bit", "{\"rows\":4294967296}", RT_E_FIELD},
	    {"unknown sort", "{\"sort\":\"colour\"}", RT_E_FIELD},
	    {"unknown label", "{\"group\":[\"colour\"]}", RT_E_FIELD},
	    {"label null", "{\"group\":[null]}", RT_E_FIELD},
	    {"group no array", "{\"group\":\"service\"}", RT_E_FIELD},
	    {"reverse as number", "{\"reverse\":1}", RT_E_FIELD},
	    {"tail as flag", "{\"tail\":true}", RT_E_FIELD},
	    {"cursor negative", "{\"tail\":{\"cursor\":-1}}", RT_E_FIELD},
	    {"at without a window", "{\"at\":1781341471000000}", RT_E_FIELD},
	    {"at before 1970", "{\"window_s\":60,\"at\":-1}", RT_E_FIELD},
	    {"at as text", "{\"window_s\":60,\"at\":\"12:01\"}", RT_E_FIELD},
	    {"negative until", "{\"operation_until\":-1}", RT_E_FIELD},
	    {"span as text", "{\"tail\":{\"until\":\"1\"}}", RT_E_FIELD},
	    {"replay as flag", "{\"replay\":true}", RT_E_FIELD},
	    {"nobody steers", "{\"replay\":{\"commands\":[]}}", RT_E_FIELD},
	    {"one command for many",
		"{\"replay\":{\"viewer\":1,\"commands\":{\"seq\":1}}}",
		RT_E_FIELD},
	    {"a command without number", COMMAND("\"do\":\"step\",\"value\":1"),
		RT_E_FIELD},
	    {"an unknown command",
		COMMAND("\"seq\":1,\"do\":\"dance\",\"value\":1"), RT_E_FIELD},
	    {"a command of nothing", COMMAND("\"seq\":1,\"value\":1"),
		RT_E_FIELD},
	    {"a command without value", COMMAND("\"seq\":1,\"do\":\"step\""),
		RT_E_FIELD},
	    {"too fast", COMMAND("\"seq\":1,\"do\":\"speed\",\"value\":1001"),
		RT_E_FIELD},
	    {"backwards", COMMAND("\"seq\":1,\"do\":\"speed\",\"value\":-1"),
		RT_E_FIELD},
	    {"two violations on",
		COMMAND("\"seq\":1,\"do\":\"violation\",\"value\":2"),
		RT_E_FIELD},
	    {"nine commands",
		"{\"replay\":{\"viewer\":1,\"commands\":[{},{},{},{},{},{},"
		"{},{},{}]}}",
		RT_E_FIELD},
	    {"deep", "{\"x\":[[[[[[[1]]]]]]]}", RT_E_SYNTAX},
	};

	(void)state;
	for (size_t i = 0; i < RT_COUNT_OF(rows); i++) {
		const struct rt_query before = {.rows = 42, .reverse = true};
		struct rt_query q = before;
		struct rt_diag d = {0};
		enum rt_err err =
		    rt_query_decode(&q, rt_str_of(rows[i].json), &d);

		if (err != rows[i].want)
			fail_msg("%s: %s", rows[i].why, rt_err_text(err));
		if (!same(&q, &before) || !d.what[0])
			fail_msg("%s: changed or no words", rows[i].why);
	}
}

static void
an_unknown_key_is_ignored(void **state)
{
	struct rt_query q = {.rows = 42};
	const char *json = "{\"colour\":\"blue\",\"window_s\":300}";

	(void)state;
	assert_int_equal(rt_query_decode(&q, rt_str_of(json), NULL), RT_OK);
	assert_int_equal(q.window_s, 300);
	assert_int_equal(q.rows, 0);
}

static void
a_query_longer_than_the_limit_is_refused(void **state)
{
	char json[RT_QUERY_MAX + 2];
	struct rt_query q = {0};

	(void)state;
	memset(json, ' ', sizeof(json));
	memcpy(json, "{}", 2);
	assert_int_equal(
	    rt_query_decode(&q, (struct rt_str){json, RT_QUERY_MAX}, NULL),
	    RT_OK);
	assert_int_equal(
	    rt_query_decode(&q, (struct rt_str){json, RT_QUERY_MAX + 1}, NULL),
	    RT_E_SYNTAX);
}

static void
a_window_is_read_by_its_name(void **state)
{
	static const struct {
		const char *name;
		uint32_t window_s;
	} rows[] = {
	    {"1m", 60}, {"5m", 300}, {"15m", 900}, {"1h", 3600}, {"all", 0}};
	struct rt_diag d = {0};
	uint32_t s = 17;

	(void)state;
	for (size_t i = 0; i < RT_COUNT_OF(rows); i++) {
		assert_int_equal(
		    rt_window_from(rt_str_of(rows[i].name), &s, NULL), RT_OK);
		assert_int_equal(s, rows[i].window_s);
		assert_string_equal(rt_window_name(s), rows[i].name);
	}
	s = 17;
	assert_int_equal(rt_window_from(rt_str_of("2m"), &s, &d), RT_E_FIELD);
	assert_int_equal(s, 17);
	assert_non_null(strstr(d.what, "15m"));
	assert_null(rt_window_name(61));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(what_is_encoded_is_decoded),
	    cmocka_unit_test(the_largest_query_fits),
	    cmocka_unit_test(a_bad_query_is_refused_and_changes_nothing),
	    cmocka_unit_test(an_unknown_key_is_ignored),
	    cmocka_unit_test(a_query_longer_than_the_limit_is_refused),
	    cmocka_unit_test(a_window_is_read_by_its_name),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
