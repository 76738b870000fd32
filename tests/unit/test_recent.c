/* SPDX-License-Identifier: MIT */
#include "tests/unit/util.h"

#include <stdio.h>
#include <string.h>

#include "collector/recent.h"
#include "collector/refused.h"

#define S INT64_C(1000000)

static void
outlines_a_record_without_its_words(void **state)
{
	static const struct {
		const char *why, *record, *want;
	} rows[] = {
	    {"values of text are masked, keys and numbers stay",
		"{\"attempt\": 1.5, \"prompt\": \"tell me\", \"ok\":true}",
		"{\"attempt\": 1.5, \"prompt\": \"*\", \"ok\":true}"},
	    {"prose is masked word by word", "please say hello", "* * *"},
	    {"logfmt values are masked", "a=1 b=secret", "a=1 b=*"},
	    {"an escaped quote does not end a value",
		"{\"a\":\"x\\\" y\",\"b\":2}", "{\"a\":\"*\",\"b\":2}"},
	    {"an open string is masked to the end", "{\"a\":\"x y",
		"{\"a\":\"*\""},
	    {"a key too long to be one is masked",
		"{\"0123456789012345678901234567890123456789012345678901\":1}",
		"{\"*\":1}"},
	    {"escapes in a key are made fit", "{\"a\x1b[2J\":1}",
		"{\"a\xef\xbf\xbd[2J\":1}"},
	};
	char out[512];
	size_t i;

	(void)state;
	for (i = 0; i < RT_COUNT_OF(rows); i++) {
		rt_refused_outline(out, sizeof(out), rt_str_of(rows[i].record));
		if (strcmp(out, rows[i].want) != 0)
			fail_msg("%s: %s", rows[i].why, out);
	}
}

static void
outlines_any_bytes_within_bounds(void **state)
{
	struct util_random r = util_random_begin(5);
	static const char some[] = "\"\\:={}[], a1\n\x1b\xc3";
	char record[300], out[RT_REFUSED_SAMPLE * 3 + 1];
	size_t n, i, len;

	(void)state;
	for (n = 0; n < 20000; n++) {
		len = util_random_below(&r, sizeof(record));
		for (i = 0; i < len; i++)
			record[i] = util_random_below(&r, 4)
			    ? some[util_random_below(&r, sizeof(some))]
			    : (char)util_random(&r);
		rt_refused_outline(out, sizeof(out),
		    (struct rt_str){util_guarded(record, len), len});
		assert_true(rt_text_is_clean(rt_str_of(out)));
	}
}

static void
add(struct rt_recent *r, uint64_t operation, uint64_t *chain, int number)
{
	char line[64];

	snprintf(line, sizeof(line), "event number %03d", number);
	/* Each arrives a second after the one before. */
	rt_recent_add(
	    r, (int64_t)r->next * S, rt_str_of(line), operation, chain);
}

static void
tail(struct rt_recent *r, uint64_t cursor, uint32_t max, struct rt_report *out)
{
	const struct rt_recent_ask ask = {.cursor = cursor,
	    .max = max,
	    .until_us = INT64_MAX,
	    .from_us = INT64_MIN};

	rt_recent_tail(r, &ask, out);
}

static void
tells_each_viewer_what_it_missed(void **state)
{
	struct rt_recent r;
	struct rt_report out;
	uint64_t chain = 0;
	int i;

	(void)state;
	rt_report_init(&out);
	/* 16 bytes and 32 of a head each: five fit in a half. */
	rt_recent_init(&r, 2 * 5 * 48);
	for (i = 0; i < 20; i++)
		add(&r, 1, &chain, i);
	tail(&r, 3, 10, &out);
	assert_int_equal(out.tail.missed, 12);
	assert_int_equal(out.tail.count, 5);
	assert_string_equal(out.tail.lines[0], "event number 015");
	assert_string_equal(out.tail.lines[4], "event number 019");
	assert_int_equal(out.tail.cursor, 20);

	rt_report_reset(&out);
	tail(&r, 20, 10, &out);
	assert_int_equal(out.tail.count, 0);
	assert_int_equal(out.tail.missed, 0);

	rt_report_reset(&out);
	tail(&r, UINT64_MAX, 2, &out);
	assert_int_equal(out.tail.count, 2);
	assert_string_equal(out.tail.lines[0], "event number 018");

	rt_report_reset(&out);
	tail(&r, 16, 2, &out);
	assert_string_equal(out.tail.lines[1], "event number 017");
	assert_int_equal(out.tail.cursor, 18);
	rt_recent_fini(&r);
	rt_report_fini(&out);
}

static void
keeps_an_operation_after_the_traffic_has_run_over_it(void **state)
{
	struct rt_recent r;
	struct rt_report out;
	uint64_t a = 0, b = 0, other = 0;
	int i;

	(void)state;
	rt_report_init(&out);
	rt_recent_init(&r, 2 * 10 * 48);
	for (i = 0; i < 3; i++) {
		add(&r, 7, &a, i);
		add(&r, 8, &b, 100 + i);
	}
	/* Both are found by their chains, oldest line first. */
	(void)rt_recent_find(&r, 8, b, INT64_MAX, &out);
	assert_int_equal(out.operation.count, 3);
	assert_true(out.operation.is_whole);
	assert_string_equal(out.operation.lines[0], "event number 100");
	/* And without one. */
	rt_report_reset(&out);
	(void)rt_recent_find(&r, 7, 0, INT64_MAX, &out);
	assert_int_equal(out.operation.count, 3);
	assert_string_equal(out.operation.lines[2], "event number 002");

	rt_recent_keep(&r, 7, a, 5);
	for (i = 0; i < 9; i++)
		add(&r, 9, &other, 200 + i);
	/* What was kept is whole; of the other its last line is left. */
	rt_report_reset(&out);
	(void)rt_recent_find(&r, 7, a, INT64_MAX, &out);
	assert_int_equal(out.operation.count, 3);
	assert_true(out.operation.is_whole);
	assert_int_equal(out.operation.rules, 5);
	assert_string_equal(out.operation.lines[0], "event number 000");
	rt_report_reset(&out);
	(void)rt_recent_find(&r, 8, b, INT64_MAX, &out);
	assert_int_equal(out.operation.count, 1);
	assert_false(out.operation.is_whole);
	rt_report_reset(&out);
	(void)rt_recent_find(&r, 1, 0, INT64_MAX, &out);
	assert_int_equal(out.operation.count, 0);
	rt_recent_fini(&r);
	rt_report_fini(&out);
}

static void
tells_the_newest_before_a_moment(void **state)
{
	static const struct {
		int64_t until_s;
		size_t count;
		const char *last;
	} rows[] = {
	    {0, 0, NULL},
	    {15, 0, NULL}, /* forgotten */
	    {16, 1, "event number 015"},
	    {18, 2, "event number 017"},
	    {99, 2, "event number 019"},
	};
	struct rt_recent r;
	struct rt_report out;
	uint64_t chain = 0;

	(void)state;
	rt_report_init(&out);
	rt_recent_init(&r, 2 * 5 * 48);
	for (int i = 0; i < 20; i++)
		add(&r, 1, &chain, i);
	for (size_t i = 0; i < RT_COUNT_OF(rows); i++) {
		const struct rt_recent_ask ask = {.cursor = UINT64_MAX,
		    .max = 2,
		    .until_us = rows[i].until_s * S,
		    .from_us = INT64_MIN};

		rt_report_reset(&out);
		rt_recent_tail(&r, &ask, &out);
		assert_int_equal(out.tail.count, rows[i].count);
		if (rows[i].last)
			assert_string_equal(
			    out.tail.lines[out.tail.count - 1], rows[i].last);
	}
	rt_recent_fini(&r);
	rt_report_fini(&out);
}

/* Page by page, as whoever saves a window asks. */
static unsigned
tell_span(struct rt_recent *r, int64_t from_s, int64_t until_s, uint32_t max,
    struct rt_buf *b)
{
	struct rt_recent_ask ask = {
	    .max = max, .from_us = from_s * S, .until_us = until_s * S};
	struct rt_report out;
	unsigned pages = 0;

	rt_buf_reset(b);
	rt_report_init(&out);
	do {
		rt_report_reset(&out);
		rt_recent_tail(r, &ask, &out);
		for (size_t i = 0; i < out.tail.count; i++)
			rt_buf_printf(
			    b, "%s ", strrchr(out.tail.lines[i], ' ') + 1);
		ask.cursor = out.tail.cursor;
		assert_true(++pages < 99);
	} while (out.tail.count == max);
	rt_report_fini(&out);
	return pages;
}

static void
tells_a_span_from_both_rings_in_the_order_of_arrival(void **state)
{
	static const struct {
		int64_t from_s, until_s;
		const char *want;
	} rows[] = {
	    {0, 99, "000 002 004 001 009 010 011 012 013 014 "},
	    {0, 0, ""},
	    {2, 12, "002 004 001 009 010 011 "},
	    {5, 11, "001 009 010 "},
	    {6, 9, ""},
	    {14, 15, "014 "},
	};
	struct rt_recent r;
	uint64_t a = 0, b = 0, other = 0;
	struct rt_buf text;

	(void)state;
	rt_buf_init(&text, 4096);
	/* Six lines fit into the tail; an operation of three into what is kept. */
	rt_recent_init(&r, 2 * (6 * 48));
	add(&r, 7, &a, 0);
	add(&r, 8, &b, 99);
	add(&r, 7, &a, 2);
	add(&r, 8, &b, 98);
	add(&r, 7, &a, 4);
	rt_recent_keep(&r, 7, a, 5);
	add(&r, 9, &other, 1);
	rt_recent_keep(&r, 9, other, 0);
	for (int i = 6; i < 15; i++)
		add(&r, 9, &other, i);
	for (size_t i = 0; i < RT_COUNT_OF(rows); i++)
		for (uint32_t max = 1; max < 12; max++) {
			(void)tell_span(
			    &r, rows[i].from_s, rows[i].until_s, max, &text);
			if (text.len != strlen(rows[i].want) ||
			    memcmp(text.p ? text.p : "", rows[i].want,
				text.len) != 0)
				fail_msg("%lld to %lld by %u: %.*s",
				    (long long)rows[i].from_s,
				    (long long)rows[i].until_s, max,
				    (int)text.len, text.p);
		}
	rt_buf_fini(&text);
	rt_recent_fini(&r);
}

static void
tells_an_operation_as_it_stood_at_a_moment(void **state)
{
	struct rt_recent r;
	struct rt_report out;
	uint64_t a = 0, other = 0;

	(void)state;
	rt_report_init(&out);
	rt_recent_init(&r, 2 * 10 * 48);
	for (int i = 0; i < 3; i++)
		add(&r, 7, &a, i);
	for (int round = 0; round < 2; round++) {
		rt_report_reset(&out);
		assert_true(rt_recent_find(&r, 7, a, 2 * S, &out));
		assert_int_equal(out.operation.count, 2);
		assert_string_equal(out.operation.lines[1], "event number 001");
		rt_report_reset(&out);
		assert_false(rt_recent_find(&r, 7, a, 3 * S, &out));
		assert_int_equal(out.operation.count, 3);
		rt_report_reset(&out);
		assert_true(rt_recent_find(&r, 7, a, 0, &out));
		assert_int_equal(out.operation.count, 0);
		/* The same from what was kept. */
		rt_recent_keep(&r, 7, a, 5);
		for (int i = 0; i < 12 && round == 0; i++)
			add(&r, 9, &other, 200 + i);
	}
	rt_recent_fini(&r);
	rt_report_fini(&out);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(outlines_a_record_without_its_words),
	    cmocka_unit_test(outlines_any_bytes_within_bounds),
	    cmocka_unit_test(tells_each_viewer_what_it_missed),
	    cmocka_unit_test(
		keeps_an_operation_after_the_traffic_has_run_over_it),
	    cmocka_unit_test(tells_the_newest_before_a_moment),
	    cmocka_unit_test(
		tells_a_span_from_both_rings_in_the_order_of_arrival),
	    cmocka_unit_test(tells_an_operation_as_it_stood_at_a_moment),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
