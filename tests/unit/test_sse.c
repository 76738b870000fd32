/* SPDX-License-Identifier: MIT */
#include <stdlib.h>

#include "tests/unit/util.h"

#include "collector/canary/sse.h"

/* Events joined by '|'. */
static struct rt_buf seen;

static void
on_event(void *context, struct rt_str data)
{
	assert_ptr_equal(context, &seen);
	rt_buf_add(&seen, data.p, data.len);
	rt_buf_putc(&seen, '|');
}

/* Pushed in pieces of so many bytes. */
static struct rt_sse
pushed(const char *text, size_t len, size_t piece)
{
	struct rt_sse s;

	rt_buf_reset(&seen);
	rt_sse_init(&s, on_event, &seen);
	for (size_t at = 0; at < len; at += piece)
		rt_sse_push(&s,
		    util_guarded(
			text + at, len - at < piece ? len - at : piece),
		    len - at < piece ? len - at : piece);
	return s;
}

static void
finds_events_however_the_bytes_are_cut(void **state)
{
	static const struct {
		const char *why, *text, *want;
		bool has_residue;
	} rows[] = {
	    {"one event", "data: a\n\n", "a|", false},
	    {"without the space", "data:a\n\n", "a|", false},
	    {"only one space is taken", "data:  a\n\n", " a|", false},
	    {"CRLF", "data: a\r\n\r\ndata: b\r\n\r\n", "a|b|", false},
	    {"CRLF is one end", "data: a\r\ndata: b\r\n\r\n", "a\nb|", false},
	    {"CR alone", "data: a\r\rdata: b\r\r", "a|b|", false},
	    {"mixed ends", "data: a\r\n\ndata: b\n\r\n", "a|b|", false},
	    {"several data lines", "data: a\ndata: b\n\n", "a\nb|", false},
	    {"an empty data line", "data:\n\n", "|", false},
	    {"comments", ": hello\n\n: again\n\n", "", false},
	    {"other fields", "event: x\nid: 7\ndata: a\nretry: 3\n\n", "a|",
		false},
	    {"an event without data", "event: x\n\n", "", false},
	    {"a byte order mark",
		"\xEF\xBB\xBF"
		"data: a\n\n",
		"a|", false},
	    {"a mark only at the start",
		"data: a\n\n\xEF\xBB\xBF"
		"data: b\n\n",
		"a|", false},
	    {"no blank line at the end", "data: a\n\ndata: b\n", "a|", true},
	    {"no line end at the end", "data: a\n\ndata: b", "a|", true},
	    {"a field that only begins like data", "database: a\n\n", "",
		false},
	    {"nothing", "", "", false},
	};

	(void)state;
	for (size_t i = 0; i < RT_COUNT_OF(rows); i++) {
		for (size_t piece = 1; piece < 12; piece++) {
			struct rt_sse s =
			    pushed(rows[i].text, strlen(rows[i].text), piece);

			if (strcmp(seen.p ? seen.p : "", rows[i].want) != 0 ||
			    rt_sse_has_residue(&s) != rows[i].has_residue ||
			    s.overflow)
				fail_msg("%s, %zu bytes at a time: %s",
				    rows[i].why, piece, seen.p);
			rt_sse_fini(&s);
		}
	}
}

/* "data:" + n bytes + blank line */
static void
check_long(size_t n, bool is_too_long)
{
	char *text = malloc(n + 16);
	struct rt_sse s;

	memcpy(text, "data:", 5);
	memset(text + 5, 'x', n);
	memcpy(text + 5 + n, "\n\ndata: b\n\n", 11);
	s = pushed(text, n + 16, 4096);
	assert_int_equal(s.overflow, is_too_long);
	assert_int_equal(seen.len, is_too_long ? 2 : n + 3);
	assert_string_equal(seen.p + seen.len - 2, "b|");
	rt_sse_fini(&s);
	free(text);
}

static void
drops_a_line_that_is_too_long_and_says_so(void **state)
{
	(void)state;
	check_long(RT_SSE_MAX - 5, false);
	check_long(RT_SSE_MAX - 4, true);
	check_long(RT_SSE_MAX * 3, true);
}

static void
drops_an_event_that_is_too_long_and_says_so(void **state)
{
	const size_t lines = 5, n = RT_SSE_MAX / 4;
	struct rt_buf text;
	struct rt_sse s;

	(void)state;
	rt_buf_init(&text, RT_SSE_MAX * 2);
	for (size_t i = 0; i < lines; i++) {
		rt_buf_puts(&text, "data:");
		for (size_t j = 0; j < n; j++)
			rt_buf_putc(&text, 'x');
		rt_buf_putc(&text, '\n');
	}
	rt_buf_puts(&text, "\ndata: b\n\n");
	s = pushed(text.p, text.len, 1000);
	assert_true(s.overflow);
	assert_string_equal(seen.p, "b|");
	rt_sse_fini(&s);
	rt_buf_fini(&text);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(finds_events_however_the_bytes_are_cut),
	    cmocka_unit_test(drops_a_line_that_is_too_long_and_says_so),
	    cmocka_unit_test(drops_an_event_that_is_too_long_and_says_so),
	};
	int failed;

	rt_buf_init(&seen, RT_SSE_MAX * 4);
	failed = cmocka_run_group_tests(tests, NULL, NULL);
	rt_buf_fini(&seen);
	return failed;
}
