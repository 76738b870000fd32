/* SPDX-License-Identifier: MIT */
#include "tui/escape.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/unit/util.h"

static void
text_goes_to_the_clipboard_as_base64(void **state)
{
	/* RFC 4648, section 10. */
	static const struct {
		const char *text, *want;
	} rows[] = {
	    {"", ""},
	    {"f", "Zg=="},
	    {"fo", "Zm8="},
	    {"foo", "Zm9v"},
	    {"foob", "Zm9vYg=="},
	    {"fooba", "Zm9vYmE="},
	    {"foobar", "Zm9vYmFy"},
	    {"\xff\xfe\xfb", "//77"},
	};
	char storage[64], want[64];
	struct rt_buf b;

	(void)state;
	for (size_t i = 0; i < RT_COUNT_OF(rows); i++) {
		rt_buf_init_fixed(&b, storage, sizeof(storage));
		rt_escape_copy(&b, rows[i].text);
		snprintf(
		    want, sizeof(want), "\033]52;c;%s\033\\", rows[i].want);
		assert_string_equal(b.p, want);
	}
}

static void
too_long_a_text_goes_nowhere(void **state)
{
	char *text = calloc(1, RT_ESCAPE_COPY_MAX + 2);
	struct rt_buf b;

	(void)state;
	assert_non_null(text);
	rt_buf_init(&b, 1u << 20);
	memset(text, 'x', RT_ESCAPE_COPY_MAX);
	rt_escape_copy(&b, text);
	assert_int_equal(b.len, 7 + (RT_ESCAPE_COPY_MAX + 2) / 3 * 4 + 2);
	rt_buf_reset(&b);
	text[RT_ESCAPE_COPY_MAX] = 'x';
	rt_escape_copy(&b, text);
	assert_int_equal(b.len, 0);
	rt_buf_fini(&b);
	free(text);
}

static void
a_capability_is_written_without_its_padding(void **state)
{
	static const struct {
		const char *cap, *want;
	} rows[] = {
	    {NULL, ""},
	    {"", ""},
	    {"\033[m", "\033[m"},
	    {"\033[K$<3>", "\033[K"},
	    {"\033[H$<50/>\033[J$<2*>", "\033[H\033[J"},
	    {"$5 $<", "$5 $<"},
	};
	char storage[64];
	struct rt_buf b;

	(void)state;
	for (size_t i = 0; i < RT_COUNT_OF(rows); i++) {
		rt_buf_init_fixed(&b, storage, sizeof(storage));
		rt_buf_puts(&b, ">");
		rt_escape_capability(&b, rows[i].cap);
		assert_string_equal(b.p + 1, rows[i].want);
	}
}

static void
what_is_for_nothing_is_left_out_and_all_else_stays(void **state)
{
	static const struct {
		const char *frame, *want;
	} rows[] = {
	    {"plain", "plain"},
	    {"a\033(Bb", "ab"},
	    {"a\033[39m\033(B\033[mb", "a\033[mb"},
	    {"a\033[39m\033[mb", "a\033[mb"},
	    {"a\033]104\007b", "ab"},
	    {"\033[39mb", "\033[39mb"},
	    {"\033(0b", "\033(0b"},
	    {"\033[39m\033(Bb", "\033[39mb"},
	    /* Cut short it may be another sequence. */
	    {"a\033(", "a\033("},
	    {"a\033]104", "a\033]104"},
	};
	char storage[64];
	struct rt_buf b;

	(void)state;
	for (size_t i = 0; i < RT_COUNT_OF(rows); i++) {
		/* What stood before is not looked at. */
		rt_buf_init_fixed(&b, storage, sizeof(storage));
		rt_buf_puts(&b, "\033(B");
		rt_buf_puts(&b, rows[i].frame);
		rt_escape_thin(&b, 3);
		if (strcmp(b.p + 3, rows[i].want) != 0)
			fail_msg("%s: %s", util_show(rt_str_of(rows[i].frame)),
			    util_show(rt_str_of(b.p + 3)));
		assert_memory_equal(b.p, "\033(B", 3);
		assert_int_equal(b.len, 3 + strlen(rows[i].want));
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(text_goes_to_the_clipboard_as_base64),
	    cmocka_unit_test(too_long_a_text_goes_nowhere),
	    cmocka_unit_test(a_capability_is_written_without_its_padding),
	    cmocka_unit_test(
		what_is_for_nothing_is_left_out_and_all_else_stays),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
