/* SPDX-License-Identifier: MIT */
/* The numbers and times of text.h: exact, and deaf to the locale. */
#include <float.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "proto/text.h"

#define DAY_S INT64_C(86400)
#define YEAR_0_S INT64_C(-62167219200)     /* 0000-01-01T00:00:00Z */
#define YEAR_10000_S INT64_C(253402300800) /* 10000-01-01T00:00:00Z */

/*
 * A decimal has at most 767 digits that can decide how it rounds to a double;
 * of what comes after, only whether it is zero can matter.
 */
#define DIGITS_MAX 780u
#define EXPONENT_MAX 100000 /* beyond any double; keeps sums in range */

/* digits × 10^exponent; no zero at either end; 0 has no digits. */
struct decimal {
	char digits[DIGITS_MAX + 2];
	size_t count;
	int exponent;
	bool negative;
};

struct cursor {
	const char *p, *end;
};

static bool
is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static inline bool
at_digit(const struct cursor *c)
{
	return c->p < c->end && is_digit(*c->p);
}

static inline bool
accept(struct cursor *c, char want)
{
	if (c->p == c->end || *c->p != want)
		return false;
	c->p++;
	return true;
}

static void
add_digit(struct decimal *d, char c, bool is_fraction)
{
	if (d->count == 0 && c == '0') {
		d->exponent -= is_fraction;
		return;
	}
	if (d->count < DIGITS_MAX) {
		d->digits[d->count++] = c;
		d->exponent -= is_fraction;
		return;
	}
	d->exponent += !is_fraction;
	if (c != '0' && d->count == DIGITS_MAX) {
		d->digits[d->count++] = '1'; /* "and something" */
		d->exponent--;
	}
}

/* -?digits(.digits)? */
static bool
scan_mantissa(struct cursor *c, struct decimal *d)
{
	d->negative = accept(c, '-');
	if (!at_digit(c) ||
	    (*c->p == '0' && c->end - c->p > 1 && is_digit(c->p[1])))
		return false;
	for (; at_digit(c); c->p++)
		add_digit(d, *c->p, false);
	if (!accept(c, '.'))
		return true;
	if (!at_digit(c))
		return false;
	for (; at_digit(c); c->p++)
		add_digit(d, *c->p, true);
	return true;
}

static bool
scan_exponent(struct cursor *c, struct decimal *d)
{
	int exponent = 0;
	bool negative;

	if (!accept(c, 'e') && !accept(c, 'E'))
		return true;
	negative = accept(c, '-');
	if (!negative)
		accept(c, '+');
	if (!at_digit(c))
		return false;
	for (; at_digit(c); c->p++)
		if (exponent < EXPONENT_MAX)
			exponent = exponent * 10 + (*c->p - '0');
	d->exponent += negative ? -exponent : exponent;
	return true;
}

static bool
scan(struct rt_str s, struct decimal *d)
{
	struct cursor c = {s.p, s.p ? s.p + s.len : NULL};

	d->count = 0;
	d->exponent = 0;
	if (!scan_mantissa(&c, d) || !scan_exponent(&c, d) || c.p != c.end)
		return false;
	while (d->count > 0 && d->digits[d->count - 1] == '0') {
		d->count--;
		d->exponent++;
	}
	return true;
}

enum rt_err
rt_text_to_double(struct rt_str s, double *out)
{
	static const double powers[] = {1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7,
	    1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18,
	    1e19, 1e20, 1e21, 1e22};
	char text[DIGITS_MAX + 24];
	struct decimal d;
	int64_t whole = 0;
	double v;
	size_t i;

	if (!scan(s, &d))
		return RT_E_SYNTAX;
	if (d.count <= 15 && d.exponent >= -22 && d.exponent <= 22) {
		/* Both operands are exact, so the result is rounded once. */
		for (i = 0; i < d.count; i++)
			whole = whole * 10 + (d.digits[i] - '0');
		v = d.exponent < 0 ? (double)whole / powers[-d.exponent]
				   : (double)whole * powers[d.exponent];
	} else {
		/* Without a point: strtod would look for the locale's. */
		snprintf(text, sizeof(text), "%.*se%d", (int)d.count, d.digits,
		    d.count > 0 ? d.exponent : 0);
		v = strtod(text, NULL);
	}
	if (!isfinite(v))
		return RT_E_FIELD;
	*out = d.negative ? -v : v;
	return RT_OK;
}

enum rt_err
rt_text_to_int(struct rt_str s, int64_t *out)
{
	struct decimal d;
	uint64_t v = 0, digit, limit;
	size_t i;

	if (!scan(s, &d))
		return RT_E_SYNTAX;
	if (d.count == 0) {
		*out = 0;
		return RT_OK;
	}
	if (d.exponent < 0)
		return RT_E_FIELD;
	if (d.count + (size_t)d.exponent > 19)
		return RT_E_TOO_LARGE;
	for (i = 0; i < d.count + (size_t)d.exponent; i++) {
		digit = i < d.count ? (uint64_t)(d.digits[i] - '0') : 0;
		v = v * 10 + digit; /* 19 digits fit */
	}
	limit = (uint64_t)INT64_MAX + d.negative;
	if (v > limit)
		return RT_E_TOO_LARGE;
	*out = d.negative ? (int64_t)(0 - v) : (int64_t)v;
	return RT_OK;
}

/* The number of two digits; 100 or more where they are none. */
static inline unsigned
two_digits(const char *p)
{
	unsigned tens = (unsigned char)p[0] - (unsigned)'0',
		 ones = (unsigned char)p[1] - (unsigned)'0';

	return tens > 9 || ones > 9 ? 100 : tens * 10 + ones;
}

/* Days since 1970-01-01 in the proleptic Gregorian calendar; year >= 0. */
static int64_t
days_from_date(int year, int month, int day)
{
	/* A year that begins in March ends with the leap day. */
	int y = year - (month <= 2) + 400, m = (month + 9) % 12;
	int64_t days = 365 * (int64_t)y + y / 4 - y / 100 + y / 400;

	return days + (153 * m + 2) / 5 + day - 1 - 719468 - 146097;
}

static int
days_in_month(int year, int month)
{
	static const char days[] = {
	    31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
	bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;

	return month == 2 && leap ? 29 : days[month - 1];
}

struct date_time {
	int year, month, day, hour, minute, second;
};

/* YYYY-MM-DDThh:mm:ss */
static bool
take_date_time(struct cursor *c, struct date_time *t)
{
	const char *p = c->p;
	unsigned century, year;

	if (c->end - p < 19 || p[4] != '-' || p[7] != '-' || p[13] != ':' ||
	    p[16] != ':' || (p[10] != 'T' && p[10] != 't' && p[10] != ' '))
		return false;
	century = two_digits(p);
	year = two_digits(p + 2);
	*t = (struct date_time){(int)(century * 100 + year),
	    (int)two_digits(p + 5), (int)two_digits(p + 8),
	    (int)two_digits(p + 11), (int)two_digits(p + 14),
	    (int)two_digits(p + 17)};
	c->p += 19;
	return century < 100 && year < 100 && t->month >= 1 && t->month <= 12 &&
	    t->day >= 1 && t->day <= days_in_month(t->year, t->month) &&
	    t->hour <= 23 && t->minute <= 59 && t->second <= 60;
}

/* (.digits)?, the first six as microseconds. */
static bool
take_fraction(struct cursor *c, int *us, bool *has_fraction)
{
	int count = 0;

	*us = 0;
	*has_fraction = accept(c, '.');
	if (!*has_fraction)
		return true;
	if (!at_digit(c))
		return false;
	for (; at_digit(c); c->p++, count++)
		if (count < 6)
			*us = *us * 10 + (*c->p - '0');
	for (; count < 6; count++)
		*us *= 10;
	return true;
}

/* Z or ±hh:mm, in seconds east of Greenwich. */
static bool
take_offset(struct cursor *c, int *offset_s)
{
	unsigned hour, minute;
	bool west;

	*offset_s = 0;
	if (accept(c, 'Z') || accept(c, 'z'))
		return true;
	west = accept(c, '-');
	if ((!west && !accept(c, '+')) || c->end - c->p < 5 || c->p[2] != ':')
		return false;
	hour = two_digits(c->p);
	minute = two_digits(c->p + 3);
	if (hour > 23 || minute > 59)
		return false;
	c->p += 5;
	*offset_s = (int)(hour * 60 + minute) * (west ? -60 : 60);
	return true;
}

enum rt_err
rt_text_to_time(struct rt_str s, int64_t *out_us, bool *has_fraction)
{
	struct cursor c = {s.p, s.p ? s.p + s.len : NULL};
	struct date_time t;
	int us, offset_s;
	int64_t seconds;
	bool fraction;

	if (!take_date_time(&c, &t) || !take_fraction(&c, &us, &fraction) ||
	    !take_offset(&c, &offset_s) || c.p != c.end)
		return RT_E_SYNTAX;
	if (t.second == 60)
		t.second = 59;
	seconds = days_from_date(t.year, t.month, t.day) * DAY_S +
	    t.hour * 3600 + t.minute * 60 + t.second - offset_s;
	if (seconds < YEAR_0_S || seconds >= YEAR_10000_S)
		return RT_E_FIELD;
	*out_us = seconds * 1000000 + us;
	if (has_fraction)
		*has_fraction = fraction;
	return RT_OK;
}

static void
put_digits(char *out, int count, int v)
{
	for (; count > 0; v /= 10)
		out[--count] = (char)('0' + v % 10);
}

/* The calendar date of a day since 1970, as "YYYY-MM-DD". */
static void
put_date(char *out, int64_t days)
{
	/* Count from 1 March of year 0, in eras of 400 years. */
	int64_t z = days + 719468 + 146097;
	int era = (int)(z / 146097), of_era = (int)(z % 146097);
	int y =
	    (of_era - of_era / 1460 + of_era / 36524 - of_era / 146096) / 365;
	int of_year = of_era - (365 * y + y / 4 - y / 100);
	int m = (5 * of_year + 2) / 153, month = m < 10 ? m + 3 : m - 9;

	put_digits(out, 4, y + (era - 1) * 400 + (month <= 2));
	out[4] = '-';
	put_digits(out + 5, 2, month);
	out[7] = '-';
	put_digits(out + 8, 2, of_year - (153 * m + 2) / 5 + 1);
}

size_t
rt_text_from_time(char out[32], int64_t us)
{
	int64_t seconds, days;
	int fraction, of_day, digits;

	if (us < YEAR_0_S * 1000000)
		us = YEAR_0_S * 1000000;
	if (us >= YEAR_10000_S * 1000000)
		us = YEAR_10000_S * 1000000 - 1;
	us -= YEAR_0_S * 1000000; /* not negative: division rounds down */
	seconds = us / 1000000;
	fraction = (int)(us % 1000000);
	days = seconds / DAY_S + YEAR_0_S / DAY_S;
	of_day = (int)(seconds % DAY_S);
	put_date(out, days);
	out[10] = 'T';
	put_digits(out + 11, 2, of_day / 3600);
	out[13] = ':';
	put_digits(out + 14, 2, of_day / 60 % 60);
	out[16] = ':';
	put_digits(out + 17, 2, of_day % 60);
	out[19] = '.';
	digits = fraction % 1000 == 0 ? 3 : 6;
	put_digits(out + 20, digits, digits == 3 ? fraction / 1000 : fraction);
	out[20 + digits] = 'Z';
	out[21 + digits] = '\0';
	return (size_t)(21 + digits);
}

/* Two digits a step. */
char *
rt_text_put_digits(char *to, uint64_t v)
{
	static const char pairs[] =
	    "00010203040506070809101112131415161718192021222324"
	    "25262728293031323334353637383940414243444546474849"
	    "50515253545556575859606162636465666768697071727374"
	    "75767778798081828384858687888990919293949596979899";
	char text[20];
	size_t i = sizeof(text);

	if (v < 10) {
		*to = (char)('0' + v);
		return to + 1;
	}
	if (v < 1000) { /* as most counts are */
		if (v >= 100)
			*to++ = (char)('0' + v / 100);
		memcpy(to, pairs + v % 100 * 2, 2);
		return to + 2;
	}
	for (; v >= 100; v /= 100) {
		i -= 2;
		memcpy(text + i, pairs + v % 100 * 2, 2);
	}
	if (v >= 10) {
		i -= 2;
		memcpy(text + i, pairs + v * 2, 2);
	} else {
		text[--i] = (char)('0' + v);
	}
	memcpy(to, text + i, sizeof(text) - i);
	return to + (sizeof(text) - i);
}

/* Whole decimal digits to the decimal; 0 < n < 10^18. */
static void
set_digits(struct decimal *d, uint64_t n, int exponent)
{
	d->count = (size_t)(rt_text_put_digits(d->digits, n) - d->digits);
	d->exponent = exponent;
}

#ifdef __SIZEOF_INT128__
__extension__ typedef unsigned __int128 uint128;

/* 10^n, n up to 22. */
static uint128
power_of_ten(int n)
{
	static const uint64_t powers[] = {UINT64_C(1), UINT64_C(10),
	    UINT64_C(100), UINT64_C(1000), UINT64_C(10000), UINT64_C(100000),
	    UINT64_C(1000000), UINT64_C(10000000), UINT64_C(100000000),
	    UINT64_C(1000000000), UINT64_C(10000000000),
	    UINT64_C(100000000000)};

	return n < 12 ? powers[n] : (uint128)powers[11] * powers[n - 11];
}

/*
 * The same as shortest(), by whole numbers alone, for what is usual: ratios, milliseconds.
 * v = m / 2^down, and with v in 1e-5 .. 1e15 all of it fits 128 bits: v × 10^scale is rounded
 * to 15, 16, then 17 digits and taken where it is nearer to v than half the way to the
 * next double.  False where v is beyond, or that way is not the same in both directions.
 */
static bool
shortest_of_usual(struct decimal *d, double v)
{
	static const double least[] = {1e-5, 1e-4, 1e-3, 1e-2, 1e-1, 1e0, 1e1,
	    1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13,
	    1e14, 1e15};
	uint64_t bits, m, rounded;
	uint128 scaled, error, limit;
	int down, digits, scale, above = -4; /* digits before the point */

	memcpy(&bits, &v, sizeof(bits));
	m = (bits & ((UINT64_C(1) << 52) - 1)) | UINT64_C(1) << 52;
	down = 1075 - (int)(bits >> 52);
	if (!(v >= 1e-5 && v < 1e15) || down < 1 || m == UINT64_C(1) << 52)
		return false;
	while (v >= least[above + 5])
		above++;
	for (digits = 15; digits <= 17; digits++) {
		scale = digits - above > 0 ? digits - above : 0;
		limit = power_of_ten(scale);
		scaled = m * limit;
		rounded = (uint64_t)(scaled >> down);
		error = scaled - ((uint128)rounded << down);
		if (error > (uint128)1 << (down - 1) ||
		    (error == (uint128)1 << (down - 1) && rounded % 2 == 1)) {
			rounded++;
			error = ((uint128)1 << down) - error;
		}
		if (error * 2 < limit || (error * 2 == limit && m % 2 == 0)) {
			set_digits(d, rounded, -scale);
			return true;
		}
	}
	return false;
}
#else
static bool
shortest_of_usual(struct decimal *d, double v)
{
	(void)d, (void)v;
	return false;
}
#endif

/* value = digits × 10^exponent with as few digits as read back as v > 0. */
static void
shortest(struct decimal *d, double v)
{
	char text[40], back[40];
	int precision, n, exponent;
	const char *p;

	/* Any decimal of 15 digits survives; below DBL_MIN there are fewer. */
	for (precision = v < DBL_MIN ? 0 : 14; precision <= 16; precision++) {
		snprintf(text, sizeof(text), "%.*e", precision, v);
		d->count = 0;
		/* The point is the locale's, whatever that is. */
		for (p = text; *p != 'e'; p++)
			if (is_digit(*p))
				d->digits[d->count++] = *p;
		exponent = (int)strtol(p + 1, NULL, 10);
		d->exponent = exponent - (int)(d->count - 1);
		n = snprintf(back, sizeof(back), "%.*se%d", (int)d->count,
		    d->digits, d->exponent);
		if (n > 0 && strtod(back, NULL) == v)
			break;
	}
}

/* Digits with a point after the first `whole`, zeros where there are none. */
static char *
put_plain(char *p, const struct decimal *d, int whole)
{
	int count = (int)d->count, before = whole < count ? whole : count;

	if (whole <= 0) {
		*p++ = '0';
		before = 0;
	}
	memcpy(p, d->digits, (size_t)before);
	p += before;
	for (; whole > count; whole--)
		*p++ = '0';
	if (before == count)
		return p;
	*p++ = '.';
	for (; whole < 0; whole++)
		*p++ = '0';
	memcpy(p, d->digits + before, (size_t)(count - before));
	return p + (count - before);
}

/*
 * Durations have three decimals or fewer: v = thousandths / 1000, exactly rounded.  Such a
 * decimal of up to 15 digits is the only one that short, so it is the shortest.
 */
static size_t
put_thousandths(char out[32], double v)
{
	char digits[20];
	unsigned rest, len = 0, i = sizeof(digits);
	uint64_t n, whole;

	if (!(v >= 0 && v < 1e11))
		return 0;
	n = (uint64_t)(v * 1000 + 0.5);
	if ((double)n / 1000 != v)
		return 0;
	whole = n / 1000;
	rest = (unsigned)(n % 1000);
	do
		digits[--i] = (char)('0' + whole % 10);
	while (whole /= 10);
	while (i < sizeof(digits))
		out[len++] = digits[i++];
	if (rest)
		out[len++] = '.';
	for (; rest; rest = rest % 100 * 10)
		out[len++] = (char)('0' + rest / 100);
	out[len] = '\0';
	return len;
}

size_t
rt_text_from_double(char out[32], double v)
{
	size_t len = put_thousandths(out, v);
	struct decimal d;
	char *p = out;
	int whole;

	if (len)
		return len;
	if (fabs(v) <= 9007199254740992.0 && v == (double)(int64_t)v)
		return (size_t)snprintf(out, 32, "%lld", (long long)v);
	if (v < 0)
		*p++ = '-';
	if (!shortest_of_usual(&d, fabs(v)))
		shortest(&d, fabs(v));
	while (d.count > 1 && d.digits[d.count - 1] == '0') {
		d.count--;
		d.exponent++;
	}
	whole = (int)d.count + d.exponent;
	if (whole > -5 && whole <= 17) {
		p = put_plain(p, &d, whole);
		*p = '\0';
	} else {
		p = put_plain(p, &d, 1);
		p += snprintf(p, 8, "e%d", whole - 1);
	}
	return (size_t)(p - out);
}
