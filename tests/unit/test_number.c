/* SPDX-License-Identifier: MIT */
#include "tests/unit/util.h"

#include <float.h>
#include <locale.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "proto/macro.h"

static struct rt_str
guarded(const char *z)
{
	size_t n = strlen(z);

	return (struct rt_str){util_guarded(z, n), n};
}

static void
reads_only_json_numbers(void **state)
{
	static const char *const bad[] = {"", "-", "+1", "01", "-01", ".5",
	    "1.", "1.e3", "1e", "1e+", "0x10", "NaN", "Infinity", "1 ", " 1",
	    "1,5", "1_000", "--1", "1e1.5"};
	double v = 7;
	int64_t n = 7;
	size_t i;

	(void)state;
	for (i = 0; i < RT_COUNT_OF(bad); i++)
		if (rt_text_to_double(guarded(bad[i]), &v) != RT_E_SYNTAX ||
		    rt_text_to_int(guarded(bad[i]), &n) != RT_E_SYNTAX)
			fail_msg("taken for a number: %s", bad[i]);
	assert_int_equal(rt_text_to_int(RT_STR_NONE, &n), RT_E_SYNTAX);
	assert_int_equal(rt_text_to_double(guarded("1e400"), &v), RT_E_FIELD);
	assert_true(v == 7 && n == 7);
}

static void
tells_integers_from_fractions(void **state)
{
	static const struct {
		const char *text;
		enum rt_err want;
		int64_t value;
	} rows[] = {
	    {"0", RT_OK, 0},
	    {"-0", RT_OK, 0},
	    {"1.0", RT_OK, 1},
	    {"1e2", RT_OK, 100},
	    {"100e-2", RT_OK, 1},
	    {"1.50e1", RT_OK, 15},
	    {"0e99999", RT_OK, 0},
	    {"0.000", RT_OK, 0},
	    {"1.5", RT_E_FIELD, 0},
	    {"1e-1", RT_E_FIELD, 0},
	    {"1e-99999", RT_E_FIELD, 0},
	    {"9223372036854775807", RT_OK, INT64_MAX},
	    {"-9223372036854775808", RT_OK, INT64_MIN},
	    {"9223372036854775808", RT_E_TOO_LARGE, 0},
	    {"-9223372036854775809", RT_E_TOO_LARGE, 0},
	    {"1e99999999999999999999", RT_E_TOO_LARGE, 0},
	    {"9223372036854775807.5", RT_E_FIELD, 0},
	};
	int64_t v;
	size_t i;

	(void)state;
	for (i = 0; i < RT_COUNT_OF(rows); i++) {
		v = 0;
		if (rt_text_to_int(guarded(rows[i].text), &v) != rows[i].want ||
		    v != rows[i].value)
			fail_msg("%s gave %lld", rows[i].text, (long long)v);
	}
}

/* strtod of the C library rounds correctly; hold ours against it. */
static void
rounds_as_the_c_library_does(void **state)
{
	static const char *const texts[] = {"0", "-0.0", "0.1", "1e22", "1e23",
	    "9007199254740993", "2.2250738585072011e-308", "5e-324", "2e-324",
	    "1.7976931348623157e308", "123456789012345678901234567890",
	    "0.30000000000000004", "1.00000000000000011102230246251565",
	    "1.000000000000000111022302462515654042363166809082031251",
	    "1e-400"};
	struct util_random r = util_random_begin(1);
	char text[64];
	double got;
	size_t i;

	(void)state;
	for (i = 0; i < 20000; i++) {
		if (i < RT_COUNT_OF(texts))
			snprintf(text, sizeof(text), "%s", texts[i]);
		else
			snprintf(text, sizeof(text), "%llu.%llue%d",
			    (unsigned long long)util_random(&r) >>
				util_random_below(&r, 64),
			    (unsigned long long)util_random(&r),
			    (int)util_random_below(&r, 600) - 300);
		if (rt_text_to_double(rt_str_of(text), &got) != RT_OK)
			assert_true(isinf(strtod(text, NULL)));
		else if (got != strtod(text, NULL))
			fail_msg("%s read as %.17g", text, got);
	}
}

static void
the_thousandth_digit_still_decides(void **state)
{
	/* Half way between two doubles, and a little more. */
	static char text[1200] = "9007199254740993.";
	size_t n = strlen(text);
	double v;

	(void)state;
	memset(text + n, '0', 1000);
	assert_int_equal(
	    rt_text_to_double((struct rt_str){text, n + 1000}, &v), RT_OK);
	assert_true(v == 9007199254740992.0);
	text[n + 999] = '1';
	assert_int_equal(
	    rt_text_to_double((struct rt_str){text, n + 1000}, &v), RT_OK);
	assert_true(v == 9007199254740994.0);
}

static void
writes_the_shortest_number_that_reads_back(void **state)
{
	static const struct {
		double v;
		const char *want;
	} rows[] = {{0, "0"}, {1, "1"}, {-3, "-3"}, {225.7, "225.7"},
	    {0.1, "0.1"}, {0.00001, "0.00001"}, {1e-7, "1e-7"},
	    {9007199254740992.0, "9007199254740992"}, {1e300, "1e300"},
	    {5e-324, "5e-324"}, {-1.5e-10, "-1.5e-10"},
	    {DBL_MAX, "1.7976931348623157e308"},
	    {0.1 + 0.2, "0.30000000000000004"}};
	struct util_random r = util_random_begin(2);
	char out[32];
	double v, back;
	uint64_t bits;
	size_t i;

	(void)state;
	for (i = 0; i < RT_COUNT_OF(rows); i++) {
		rt_text_from_double(out, rows[i].v);
		assert_string_equal(out, rows[i].want);
	}
	for (i = 0; i < 20000; i++) {
		bits = util_random(&r);
		memcpy(&v, &bits, sizeof(v));
		if (!isfinite(v))
			continue;
		assert_true(rt_text_from_double(out, v) <= 25);
		assert_int_equal(
		    rt_text_to_double(rt_str_of(out), &back), RT_OK);
		if (back != v)
			fail_msg("%.17g was written as %s", v, out);
	}
}

/* Ratios, and the neighbours of decimals, where one digit more or less is wrong. */
static void
writes_no_digit_more_than_it_takes(void **state)
{
	struct util_random r = util_random_begin(11);
	char out[32], want[40];
	double v;
	int i, digits;

	(void)state;
	for (i = 0; i < 30000; i++) {
		v = (double)(1 + util_random_below(&r, 100000)) /
		    (double)(1 + util_random_below(&r, 100000));
		if (i % 3 == 0)
			v = nextafter(round(v * 1000) / 1000, i % 2 ? 0 : 1e9);
		if (!(v > 1e-4) || v == floor(v))
			continue;
		for (digits = 1; digits <= 17; digits++) {
			snprintf(want, sizeof(want), "%.*e", digits - 1, v);
			if (strtod(want, NULL) == v)
				break;
		}
		rt_text_from_double(out, v);
		assert_true(strtod(out, NULL) == v);
		/* %.ne and ours differ in form, not in digits. */
		snprintf(want, sizeof(want), "%.*f",
		    digits - 1 - (int)floor(log10(v)), v);
		if (strchr(want, '.') && want[strlen(want) - 1] != '0' &&
		    strcmp(out, want) != 0)
			fail_msg(
			    "%.17g was written as %s, not %s", v, out, want);
	}
}

static void
a_locale_with_a_decimal_comma_changes_nothing(void **state)
{
	char out[32];
	double v;

	(void)state;
	if (!setlocale(LC_NUMERIC, "de_DE.UTF-8"))
		print_message("no German locale here: tried in C only\n");
	assert_int_equal(
	    rt_text_to_double(guarded("0.30000000000000004"), &v), RT_OK);
	rt_text_from_double(out, v);
	setlocale(LC_NUMERIC, "C");
	assert_string_equal(out, "0.30000000000000004");
}

static void
reads_rfc_3339(void **state)
{
	static const struct {
		const char *text;
		int64_t us;
		bool fraction;
	} rows[] = {
	    {"1970-01-01T00:00:00Z", 0, false},
	    {"2026-06-13T09:00:00.242Z", INT64_C(1781341200242000), true},
	    {"2026-06-13t11:00:00.242000999+02:00", INT64_C(1781341200242000),
		true},
	    {"2026-06-13 04:30:00-04:30", INT64_C(1781341200000000), false},
	    {"2016-12-31T23:59:60.5Z", INT64_C(1483228799500000), true},
	    {"2024-02-29T00:00:00z", INT64_C(1709164800000000), false},
	    {"1969-12-31T23:59:59.5Z", -500000, true},
	    {"0000-01-01T00:00:00Z", INT64_C(-62167219200000000), false},
	    {"9999-12-31T23:59:59Z", INT64_C(253402300799000000), false},
	};
	int64_t us;
	bool fraction;
	size_t i;

	(void)state;
	for (i = 0; i < RT_COUNT_OF(rows); i++) {
		if (rt_text_to_time(guarded(rows[i].text), &us, &fraction) !=
			RT_OK ||
		    us != rows[i].us || fraction != rows[i].fraction)
			fail_msg("%s gave %lld", rows[i].text, (long long)us);
		assert_int_equal(
		    rt_text_to_time(guarded(rows[i].text), &us, NULL), RT_OK);
	}
}

static void
refuses_what_is_no_time(void **state)
{
	static const char *const bad[] = {"", "2026", "2026-06-13",
	    "2026-06-13T09:00:00", "2026-6-13T09:00:00Z",
	    "2026-13-01T00:00:00Z", "2026-00-01T00:00:00Z",
	    "2023-02-29T00:00:00Z", "1900-02-29T00:00:00Z",
	    "2026-06-31T00:00:00Z", "2026-06-13T24:00:00Z",
	    "2026-06-13T09:60:00Z", "2026-06-13T09:00:61Z",
	    "2026-06-13T09:00:00.Z", "2026-06-13T09:00:00+24:00",
	    "2026-06-13T09:00:00+02:60", "2026-06-13T09:00:00+0200",
	    "2026-06-13T09:00:00Zx", "1781341200"};
	int64_t us = 7;
	bool fraction = true;
	size_t i;

	(void)state;
	for (i = 0; i < RT_COUNT_OF(bad); i++)
		if (rt_text_to_time(guarded(bad[i]), &us, &fraction) !=
		    RT_E_SYNTAX)
			fail_msg("taken for a time: %s", bad[i]);
	assert_int_equal(rt_text_to_time(guarded("9999-12-31T23:59:59-00:01"),
			     &us, &fraction),
	    RT_E_FIELD);
	assert_int_equal(rt_text_to_time(guarded("0000-01-01T00:00:00+00:01"),
			     &us, &fraction),
	    RT_E_FIELD);
	assert_true(us == 7 && fraction);
}

static void
every_day_of_800_years_reads_back(void **state)
{
	const int64_t day_us = INT64_C(86400000000);
	char out[32];
	int64_t us, back, i;

	(void)state;
	for (i = -146097; i < 146097; i++) {
		us = i * day_us + 43200123456;
		assert_int_equal(rt_text_from_time(out, us), 27);
		assert_int_equal(
		    rt_text_to_time(rt_str_of(out), &back, NULL), RT_OK);
		if (back != us)
			fail_msg("%s is %lld", out, (long long)us);
	}
	rt_text_from_time(out, INT64_C(1781341200242000));
	assert_string_equal(out, "2026-06-13T09:00:00.242Z");
	rt_text_from_time(out, INT64_MAX);
	assert_string_equal(out, "9999-12-31T23:59:59.999999Z");
	rt_text_from_time(out, INT64_MIN);
	assert_string_equal(out, "0000-01-01T00:00:00.000Z");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(reads_only_json_numbers),
	    cmocka_unit_test(tells_integers_from_fractions),
	    cmocka_unit_test(rounds_as_the_c_library_does),
	    cmocka_unit_test(the_thousandth_digit_still_decides),
	    cmocka_unit_test(writes_the_shortest_number_that_reads_back),
	    cmocka_unit_test(writes_no_digit_more_than_it_takes),
	    cmocka_unit_test(a_locale_with_a_decimal_comma_changes_nothing),
	    cmocka_unit_test(reads_rfc_3339),
	    cmocka_unit_test(refuses_what_is_no_time),
	    cmocka_unit_test(every_day_of_800_years_reads_back),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
