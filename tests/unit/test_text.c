/* SPDX-License-Identifier: MIT */
#include "tests/unit/util.h"

#include "proto/macro.h"

#define R "\xEF\xBF\xBD" /* U+FFFD */
#define S(literal) ((struct rt_str){(literal), sizeof(literal) - 1})
#define ROW(why, in, want)                      \
	{                                       \
		why, {in, sizeof(in) - 1}, want \
	}

static void
scrubs_what_could_drive_a_terminal(void **state)
{
	static const struct {
		const char *why;
		struct rt_str in;
		const char *want;
	} rows[] = {
	    ROW("plain", "hello, world ~", "hello, world ~"),
	    ROW("empty", "", ""),
	    ROW("C0",
		"a\x1B[31m\nb\x00"
		"c",
		"a" R "[31m" R "b" R "c"),
	    ROW("DEL", "a\x7F", "a" R),
	    ROW("C1", "\xC2\x80\xC2\x9F\xC2\xA0", R R "\xC2\xA0"),
	    ROW("bidi", "\xE2\x80\xAEx\xE2\x81\xA6", R "x" R),
	    ROW("zero width", "\xE2\x80\x8B\xE2\x80\x8D\xEF\xBB\xBF", R R R),
	    ROW("invisible", "\xC2\xAD\xE1\x85\x9F\xE3\x85\xA4", R R R),
	    ROW("separators", "\xE2\x80\xA8\xE2\x80\xA9", R R),
	    ROW("tag, variation", "\xF3\xA0\x81\x81\xEF\xB8\x8F", R R),
	    ROW("surrogate bytes", "\xED\xA0\x80", R R R),
	    ROW("overlong", "\xC0\xAF\xE0\x80\xAF", R R R R R),
	    ROW("cut short, then text", "\xF0\x9F\x98z", R "z"),
	    ROW("cut at the end", "\xE2\x82", R),
	    ROW("beyond Unicode", "\xF4\x90\x80\x80", R R R R),
	    ROW("letters", "h\xC3\xA9\xE2\x82\xAC\xF0\x9F\x98\x80",
		"h\xC3\xA9\xE2\x82\xAC\xF0\x9F\x98\x80"),
	    ROW("after 16 good", "0123456789abcdef\x1Bxyz",
		"0123456789abcdef" R "xyz"),
	    ROW("within 16", "0123456\x7F!89abcdefgh",
		"0123456" R "!89abcdefgh"),
	};
	char out[64];
	struct rt_str s;
	size_t i, n;

	(void)state;
	for (i = 0; i < RT_COUNT_OF(rows); i++) {
		s = rows[i].in;
		s.p = util_guarded(s.p, s.len);
		n = rt_text_scrub(out, sizeof(out), s);
		if (strcmp(out, rows[i].want) != 0 || n != strlen(out))
			fail_msg("%s: %s", rows[i].why,
			    util_show((struct rt_str){out, n}));
		assert_int_equal(rt_text_is_clean(s),
		    n == s.len && memcmp(out, s.p, n) == 0);
		assert_true(rt_text_is_clean((struct rt_str){out, n}));
	}
}

static void
cuts_at_a_whole_character(void **state)
{
	char out[6];

	(void)state;
	assert_int_equal(
	    rt_text_scrub(out, sizeof(out), S("abcd\xE2\x82\xAC")), 4);
	assert_string_equal(out, "abcd");
	assert_int_equal(
	    rt_text_scrub(out, sizeof(out), S("ab\xE2\x82\xAC")), 5);
	assert_int_equal(rt_text_scrub(out, sizeof(out), S("abcdefgh")), 5);
	assert_string_equal(out, "abcde");
	assert_int_equal(rt_text_scrub(out, 1, S("abc")), 0);
	assert_string_equal(out, "");
	assert_int_equal(rt_text_scrub(out, 0, S("abc")), 0);
	assert_int_equal(rt_text_scrub(out, sizeof(out), RT_STR_NONE), 0);
	assert_true(rt_text_is_clean(RT_STR_NONE));
}

static void
every_code_point_survives_or_is_replaced(void **state)
{
	char utf8[4], out[8];
	uint32_t c;
	size_t n;

	(void)state;
	for (c = 1; c < 0x110000; c++) {
		n = rt_text_put(utf8, c);
		rt_text_scrub(out, sizeof(out), (struct rt_str){utf8, n});
		if (rt_text_is_safe(c))
			assert_true(
			    strlen(out) == n && memcmp(out, utf8, n) == 0);
		else if (c < 0xD800 || c > 0xDFFF)
			assert_string_equal(out, R);
	}
	assert_false(rt_text_is_safe(0x110000));
}

static void
counts_code_points(void **state)
{
	(void)state;
	assert_int_equal(rt_text_length(S("a\xC3\xA9\xF0\x9F\x98\x80")), 3);
	assert_int_equal(rt_text_length(RT_STR_NONE), 0);
}

static void
compares_without_case(void **state)
{
	(void)state;
	assert_true(rt_str_contains_nocase(S("Read TimeOut!"), "timeout"));
	assert_false(rt_str_contains_nocase(S("timeou"), "timeout"));
	assert_false(rt_str_contains_nocase(RT_STR_NONE, "x"));
	assert_true(rt_str_is_nocase(S("CANCELLED"), "cancelled"));
	assert_false(rt_str_is_nocase(S("cancelled "), "cancelled"));
	assert_false(rt_str_is_nocase(RT_STR_NONE, ""));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(scrubs_what_could_drive_a_terminal),
	    cmocka_unit_test(cuts_at_a_whole_character),
	    cmocka_unit_test(every_code_point_survives_or_is_replaced),
	    cmocka_unit_test(counts_code_points),
	    cmocka_unit_test(compares_without_case),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
