/* SPDX-License-Identifier: MIT */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include "tui/fmt.h"

static char out[RT_FMT_SIZE];

static void
counts_are_at_most_five_columns(void **state)
{
	static const struct {
		uint64_t v;
		const char *want;
	} rows[] = {
	    {0, "0"},
	    {99999, "99999"},
	    {100000, "100k"},
	    {100499, "100k"},
	    {123456, "123k"},
	    {999499, "999k"},
	    {999500, "1.00M"},
	    {9994999, "9.99M"},
	    {9995000, "10.0M"},
	    {12345678, "12.3M"},
	    {99950000, "100M"},
	    {999499999, "999M"},
	    {999500000, "1.00G"},
	    {UINT64_MAX, "18.4E"},
	};

	(void)state;
	for (unsigned i = 0; i < RT_COUNT_OF(rows); i++)
		assert_string_equal(rt_fmt_count(out, rows[i].v), rows[i].want);
	for (uint64_t v = 1; v < UINT64_MAX / 3; v = v * 2 + v / 7)
		for (uint64_t w = v - 1; w <= v + 1; w++)
			assert_true(strlen(rt_fmt_count(out, w)) <= 5);
}

static void
rates_per_second_are_at_most_six_columns(void **state)
{
	static const struct {
		double v;
		const char *want;
	} rows[] = {
	    {0, "0.0"},
	    {1e-9, "<0.01"},
	    {0.00499, "<0.01"},
	    {0.005001, "0.01"},
	    {0.02, "0.02"},
	    {0.99, "0.99"},
	    {0.996, "1.0"},
	    {12.4, "12.4"},
	    {999.9, "999.9"},
	    {999.96, "1000"},
	    {1234, "1234"},
	    {9999, "9999"},
	    {9999.4, "9999"},
	    {9999.6, "10.0k"},
	    {12345, "12.3k"},
	    {999499, "999k"},
	    {999501, "1.00M"},
	    {1e18, "1.00E"},
	    {1e30, ">999P"},
	    {-1, "-"},
	};

	(void)state;
	for (unsigned i = 0; i < RT_COUNT_OF(rows); i++)
		assert_string_equal(rt_fmt_per_s(out, rows[i].v), rows[i].want);
	assert_string_equal(rt_fmt_per_s(out, (double)NAN), "-");
	assert_string_equal(rt_fmt_per_s(out, (double)INFINITY), ">999P");
	for (double v = 1e-6; v < 1e40; v *= 1.0007)
		assert_true(strlen(rt_fmt_per_s(out, v)) <= 6);
}

static const char *
pct(double n, double d)
{
	return rt_fmt_pct(out, (struct rt_rate){n, d});
}

static void
percentages_never_round_to_all_or_nothing(void **state)
{
	static const struct {
		double n, d;
		const char *want;
	} rows[] = {
	    {0, 0, "n/a"},
	    {5, 0, "n/a"},
	    {0, 7, "0.0%"},
	    {7, 7, "100%"},
	    {984, 1000, "98.4%"},
	    {9994, 10000, "99.9%"},
	    {9996, 10000, ">99.9%"},
	    {999999999, 1e9, ">99.9%"},
	    {1, 1e9, "<0.1%"},
	    {4, 10000, "<0.1%"},
	    {6, 10000, "0.1%"},
	    {101, 100, "101.0%"},
	    {9999, 1000, "999.9%"},
	    {99996, 10000, "1000%"},
	    {99994, 1000, "9999%"},
	    {100000, 1000, ">9999%"},
	    {1e300, 1, ">9999%"},
	    {-1, 5, "?"},
	};

	(void)state;
	for (unsigned i = 0; i < RT_COUNT_OF(rows); i++)
		assert_string_equal(pct(rows[i].n, rows[i].d), rows[i].want);
	assert_string_equal(pct((double)NAN, 5), "?");
	for (double v = 1e-6; v < 1e9; v *= 1.0007)
		assert_true(strlen(pct(v, 1)) <= 6);
}

static void
factors_are_at_most_five_columns(void **state)
{
	static const struct {
		double n, d;
		const char *want;
	} rows[] = {
	    {0, 0, "n/a"},
	    {0, 3, "0.00x"},
	    {161, 100, "1.61x"},
	    {9994, 1000, "9.99x"},
	    {9996, 1000, "10.0x"},
	    {99940, 1000, "99.9x"},
	    {99960, 1000, "100x"},
	    {9999, 1, "9999x"},
	    {9999.6, 1, ">999x"},
	    {1, 1e6, "<.01x"},
	    {-1, 5, "?"},
	};

	(void)state;
	for (unsigned i = 0; i < RT_COUNT_OF(rows); i++)
		assert_string_equal(
		    rt_fmt_times(out, (struct rt_rate){rows[i].n, rows[i].d}),
		    rows[i].want);
	for (double v = 1e-6; v < 1e9; v *= 1.0007)
		assert_true(
		    strlen(rt_fmt_times(out, (struct rt_rate){v, 1})) <= 5);
}

static void
milliseconds_are_at_most_six_columns(void **state)
{
	static const struct {
		double ms;
		const char *want;
	} rows[] = {
	    {-1, "-"},
	    {0, "0ms"},
	    {0.2, "<1ms"},
	    {0.5, "<1ms"},
	    {0.51, "1ms"},
	    {120, "120ms"},
	    {999.4, "999ms"},
	    {999.6, "1.0s"},
	    {4600, "4.6s"},
	    {59949, "59.9s"},
	    {59950, "1m00s"},
	    {123000, "2m03s"},
	    {3599499, "59m59s"},
	    {3599500, "1h00m"},
	    {359999e3, "99h59m"},
	    {360000e3, "4d04h"},
	    {2678400000, "31d00h"},
	    {8639999e3, "99d23h"},
	    {8640000e3, "100d"},
	    {9999 * 86400e3, "9999d"},
	    {10000 * 86400e3, ">9999d"},
	    {1e300, ">9999d"},
	};

	(void)state;
	for (unsigned i = 0; i < RT_COUNT_OF(rows); i++)
		assert_string_equal(rt_fmt_ms(out, rows[i].ms), rows[i].want);
	assert_string_equal(rt_fmt_ms(out, (double)NAN), "-");
	for (double v = 1e-3; v < 1e40; v *= 1.0007)
		assert_true(strlen(rt_fmt_ms(out, v)) <= 6);
}

static void
ages_are_not_reached_before_they_are(void **state)
{
	static const struct {
		int64_t ms;
		const char *want;
	} rows[] = {
	    {-1, "-"},
	    {0, "0s"},
	    {3999, "3s"},
	    {59999, "59s"},
	    {60000, "1m00s"},
	    {132000, "2m12s"},
	    {3599999, "59m59s"},
	    {3600000, "1h00m"},
	    {14580000, "4h03m"},
	    {532800000, "6d04h"},
	    {INT64_MAX, ">9999d"},
	    {INT64_MIN, "-"},
	};

	(void)state;
	for (unsigned i = 0; i < RT_COUNT_OF(rows); i++)
		assert_string_equal(rt_fmt_age(out, rows[i].ms), rows[i].want);
}

static void
steady_ages_move_every_ten_seconds(void **state)
{
	static const struct {
		int64_t ms;
		const char *want;
	} rows[] = {
	    {-1, "-"},
	    {9999, "9s"},
	    {10000, "10s"},
	    {19999, "10s"},
	    {60000, "1m00s"},
	    {132000, "2m10s"},
	    {INT64_MAX, ">9999d"},
	};

	(void)state;
	for (unsigned i = 0; i < RT_COUNT_OF(rows); i++)
		assert_string_equal(
		    rt_fmt_steady_age(out, rows[i].ms), rows[i].want);
}

static void
clock_shows_utc_or_local(void **state)
{
	const int64_t us = 1781352271999999;

	(void)state;
	assert_string_equal(rt_fmt_clock(out, us, true), "12:04:31Z");
	assert_string_equal(rt_fmt_clock(out, -1, true), "23:59:59Z");
	assert_string_equal(rt_fmt_clock(out, 0, true), "00:00:00Z");
	setenv("TZ", "CET-1", 1);
	tzset();
	assert_string_equal(rt_fmt_clock(out, us, false), "13:04:31");
	setenv("TZ", "UTC", 1);
	tzset();
	assert_string_equal(rt_fmt_clock(out, us, false), "12:04:31");
	assert_true(strlen(rt_fmt_clock(out, INT64_MAX, true)) == 9);
	assert_true(strlen(rt_fmt_clock(out, INT64_MIN, true)) == 9);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(counts_are_at_most_five_columns),
	    cmocka_unit_test(rates_per_second_are_at_most_six_columns),
	    cmocka_unit_test(percentages_never_round_to_all_or_nothing),
	    cmocka_unit_test(factors_are_at_most_five_columns),
	    cmocka_unit_test(milliseconds_are_at_most_six_columns),
	    cmocka_unit_test(ages_are_not_reached_before_they_are),
	    cmocka_unit_test(steady_ages_move_every_ten_seconds),
	    cmocka_unit_test(clock_shows_utc_or_local),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
