/* SPDX-License-Identifier: MIT */
#include "tests/unit/util.h"

#include <stdio.h>
#include <string.h>

#include "collector/recent.h"
#include "collector/refused.h"

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
	rt_recent_add(r, rt_str_of(line), operation, chain);
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
	/* 16 bytes and 24 of a head each: five fit in a half. */
	rt_recent_init(&r, 2 * 5 * 40);
	for (i = 0; i < 20; i++)
		add(&r, 1, &chain, i);
	rt_recent_tail(&r, 3, 10, &out);
	assert_int_equal(out.tail.missed, 12);
	assert_int_equal(out.tail.count, 5);
	assert_string_equal(out.tail.lines[0], "event number 015");
	assert_string_equal(out.tail.lines[4], "event number 019");
	assert_int_equal(out.tail.cursor, 20);

	rt_report_reset(&out);
	rt_recent_tail(&r, 20, 10, &out);
	assert_int_equal(out.tail.count, 0);
	assert_int_equal(out.tail.missed, 0);

	rt_report_reset(&out);
	rt_recent_tail(&r, UINT64_MAX, 2, &out);
	assert_int_equal(out.tail.count, 2);
	assert_string_equal(out.tail.lines[0], "event number 018");

	rt_report_reset(&out);
	rt_recent_tail(&r, 16, 2, &out);
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
	rt_recent_init(&r, 2 * 10 * 40);
	for (i = 0; i < 3; i++) {
		add(&r, 7, &a, i);
		add(&r, 8, &b, 100 + i);
	}
	/* Both are found by their chains, oldest line first. */
	rt_recent_find(&r, 8, b, &out);
	assert_int_equal(out.operation.count, 3);
	assert_true(out.operation.is_whole);
	assert_string_equal(out.operation.lines[0], "event number 100");
	/* And without one. */
	rt_report_reset(&out);
	rt_recent_find(&r, 7, 0, &out);
	assert_int_equal(out.operation.count, 3);
	assert_string_equal(out.operation.lines[2], "event number 002");

	rt_recent_keep(&r, 7, a, 5);
	for (i = 0; i < 9; i++)
		add(&r, 9, &other, 200 + i);
	/* What was kept is whole; of the other its last line is left. */
	rt_report_reset(&out);
	rt_recent_find(&r, 7, a, &out);
	assert_int_equal(out.operation.count, 3);
	assert_true(out.operation.is_whole);
	assert_int_equal(out.operation.rules, 5);
	assert_string_equal(out.operation.lines[0], "event number 000");
	rt_report_reset(&out);
	rt_recent_find(&r, 8, b, &out);
	assert_int_equal(out.operation.count, 1);
	assert_false(out.operation.is_whole);
	rt_report_reset(&out);
	rt_recent_find(&r, 1, 0, &out);
	assert_int_equal(out.operation.count, 0);
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
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
