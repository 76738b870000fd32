/* SPDX-License-Identifier: MIT */
#include "tui/fmt.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#define DAYS_MAX 9999

static const char *
word(char out[RT_FMT_SIZE], const char *z)
{
	snprintf(out, RT_FMT_SIZE, "%s", z);
	return out;
}

/* Three digits and the unit of a thousand: "1.00M", "12.3k", "123G". */
static const char *
three_digits(char out[RT_FMT_SIZE], double v)
{
	static const char units[] = "kMGTPE";
	size_t i = 0;

	for (v /= 1000; v >= 999.5 && i + 2 < sizeof units; i++)
		v /= 1000;
	snprintf(out, RT_FMT_SIZE, "%.*f%c",
	    v < 9.995       ? 2
		: v < 99.95 ? 1
			    : 0,
	    v, units[i]);
	return out;
}

const char *
rt_fmt_count(char out[RT_FMT_SIZE], uint64_t v)
{
	if (v > 99999)
		return three_digits(out, (double)v);
	snprintf(out, RT_FMT_SIZE, "%" PRIu64, v);
	return out;
}

const char *
rt_fmt_per_s(char out[RT_FMT_SIZE], double v)
{
	if (!(v >= 0))
		return word(out, "-");
	if (v > 1e18)
		return word(out, ">999P");
	if (v > 0 && v < 0.005)
		return word(out, "<0.01");
	if (v >= 9999.5)
		return three_digits(out, v);
	snprintf(out, RT_FMT_SIZE, "%.*f",
	    v > 0 && v < 0.995 ? 2
		: v < 999.95   ? 1
			       : 0,
	    v);
	return out;
}

const char *
rt_fmt_pct(char out[RT_FMT_SIZE], struct rt_rate r)
{
	double v;

	if (!rt_rate_known(r))
		return word(out, "n/a");
	v = r.numerator / r.denominator * 100;
	if (!(v >= 0))
		return word(out, "?");
	if (r.numerator == r.denominator)
		return word(out, "100%");
	/* Nearly all is not all, and nearly none is not none. */
	if (v > 0 && v < 0.05)
		return word(out, "<0.1%");
	if (v >= 99.95 && v < 100)
		return word(out, ">99.9%");
	if (v >= 9999.5)
		return word(out, ">9999%");
	snprintf(out, RT_FMT_SIZE, "%.*f%%", v < 999.95 ? 1 : 0, v);
	return out;
}

const char *
rt_fmt_times(char out[RT_FMT_SIZE], struct rt_rate r)
{
	double v;

	if (!rt_rate_known(r))
		return word(out, "n/a");
	v = r.numerator / r.denominator;
	if (!(v >= 0))
		return word(out, "?");
	if (v > 0 && v < 0.005)
		return word(out, "<.01x");
	if (v >= 9999.5)
		return word(out, ">999x");
	snprintf(out, RT_FMT_SIZE, "%.*fx",
	    v < 9.995       ? 2
		: v < 99.95 ? 1
			    : 0,
	    v);
	return out;
}

/* "2m03s", "4h03m", "6d04h", "123d" */
static const char *
two_units(char out[RT_FMT_SIZE], int64_t s)
{
	int64_t m = s / 60, h = m / 60, d = h / 24;

	if (h == 0)
		snprintf(
		    out, RT_FMT_SIZE, "%" PRId64 "m%02" PRId64 "s", m, s % 60);
	else if (h < 100)
		snprintf(
		    out, RT_FMT_SIZE, "%" PRId64 "h%02" PRId64 "m", h, m % 60);
	else if (d < 100)
		snprintf(
		    out, RT_FMT_SIZE, "%" PRId64 "d%02" PRId64 "h", d, h % 24);
	else if (d <= DAYS_MAX)
		snprintf(out, RT_FMT_SIZE, "%" PRId64 "d", d);
	else
		snprintf(out, RT_FMT_SIZE, ">%dd", DAYS_MAX);
	return out;
}

const char *
rt_fmt_ms(char out[RT_FMT_SIZE], double ms)
{
	if (!(ms >= 0))
		return word(out, "-");
	if (ms > 0 && ms <= 0.5)
		return word(out, "<1ms");
	if (ms >= (DAYS_MAX + 1) * 86400e3)
		return two_units(out, INT64_MAX);
	if (ms >= 59950)
		return two_units(out, (int64_t)(ms / 1000 + 0.5));
	if (ms < 999.5)
		snprintf(out, RT_FMT_SIZE, "%.0fms", ms);
	else
		snprintf(out, RT_FMT_SIZE, "%.1fs", ms / 1000);
	return out;
}

const char *
rt_fmt_age(char out[RT_FMT_SIZE], int64_t ms)
{
	if (ms < 0)
		return word(out, "-");
	/* Cut, not rounded: an age is not reached before it is. */
	if (ms >= 60000)
		return two_units(out, ms / 1000);
	snprintf(out, RT_FMT_SIZE, "%" PRId64 "s", ms / 1000);
	return out;
}

const char *
rt_fmt_steady_age(char out[RT_FMT_SIZE], int64_t ms)
{
	return rt_fmt_age(out, ms < 10000 ? ms : ms - ms % 10000);
}

const char *
rt_fmt_clock(char out[RT_FMT_SIZE], int64_t us, bool utc)
{
	time_t s = (time_t)(us / 1000000 - (us % 1000000 < 0));
	struct tm tm;

	if (!(utc ? gmtime_r(&s, &tm) : localtime_r(&s, &tm)))
		return word(out, "?");
	snprintf(out, RT_FMT_SIZE, "%02d:%02d:%02d%s", tm.tm_hour, tm.tm_min,
	    tm.tm_sec, utc ? "Z" : "");
	return out;
}
