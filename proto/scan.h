/* SPDX-License-Identifier: MIT */
/*
 * scan — the smallest steps over JSON text, for both of its readers.
 *
 * What    form_json.c reads whatever JSON allows, direct.c what nearly every record is.
 *         Each step takes the place where it starts and returns the place after it, or
 *         NULL where the text is malformed.
 * Bounds  Nobody asks whether the record has ended: the decoder's copy goes on with a NUL,
 *         which no JSON may hold, then a quote, for those who look for nothing else, then
 *         NULs (rt_decoder_take).  Up to RT_READ_AHEAD bytes behind it may be read.
 */
#ifndef RT_SCAN_H
#define RT_SCAN_H

#ifdef __SSE2__
#include <emmintrin.h>
#endif

#include "proto/decode_internal.h"

#define RT_SHORT_DIGITS 15 /* a double and an int64_t hold them exactly */

static inline const char *
rt_scan_space(const char *p)
{
	p += *p == ' '; /* nearly always one blank or none */
	if (*p > ' ')
		return p;
	while (*p == ' ' || *p == '\t' || *p == '\n' || *p == '\r')
		p++;
	return p;
}

/* First quote. */
static inline const char *
rt_scan_to_quote(const char *p)
{
#ifdef __SSE2__
	for (;; p += 16) {
		__m128i v = _mm_loadu_si128((const __m128i *)(const void *)p);
		__m128i hit = _mm_cmpeq_epi8(v, _mm_set1_epi8('"'));
		unsigned mask = (unsigned)_mm_movemask_epi8(hit);

		if (mask)
			return p + __builtin_ctz(mask);
	}
#else
	while (*p != '"')
		p++;
	return p;
#endif
}

static inline bool
rt_scan_is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static inline const char *
rt_scan_exponent(const char *p)
{
	p++;
	if (*p == '+' || *p == '-')
		p++;
	if (!rt_scan_is_digit(*p))
		return NULL;
	while (rt_scan_is_digit(*p))
		p++;
	return p;
}

/* Also reads off the value where it is short: that is nearly always. */
static inline const char *
rt_scan_number(const char *p, struct rt_slot *s)
{
	const char *begin = p, *digits, *point;
	uint64_t v = 0; /* wraps where there are too many digits: not used */
	bool negative = *p == '-';

	p += negative;
	digits = p;
	if (!rt_scan_is_digit(*p))
		return NULL;
	for (; rt_scan_is_digit(*p); p++)
		v = v * 10 + (uint64_t)(*p - '0');
	if (*digits == '0' && p - digits > 1)
		return NULL;
	*s = (struct rt_slot){.p = begin,
	    .type = RT_SLOT_NUMBER,
	    .is_simple = p - digits <= RT_SHORT_DIGITS};
	if (*p == '.') {
		point = ++p;
		if (!rt_scan_is_digit(*p))
			return NULL;
		for (; rt_scan_is_digit(*p); p++)
			v = v * 10 + (uint64_t)(*p - '0');
		s->is_simple = p - digits <= RT_SHORT_DIGITS + 1;
		s->fraction = (uint8_t)(p - point);
	}
	if (*p == 'e' || *p == 'E') {
		s->is_simple = false;
		p = rt_scan_exponent(p);
		if (!p)
			return NULL;
	}
	if (s->is_simple)
		s->mantissa = negative ? -(int64_t)v : (int64_t)v;
	s->len = (uint32_t)(p - begin);
	return p;
}

/* Eight bytes as a number whose lowest byte is the first. */
static inline uint64_t
rt_scan_8(const char *p)
{
	uint64_t v;

	memcpy(&v, p, sizeof(v));
#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
	v = __builtin_bswap64(v);
#endif
	return v;
}

#define RT_SCAN_EACH(byte) (UINT64_C(0x0101010101010101) * (byte))

/* Value of eight digits 0 .. 9, the first in the lowest byte. */
static inline uint64_t
rt_scan_digits(uint64_t v)
{
	const uint64_t pairs = UINT64_C(0x000000FF000000FF);

	v = v * 10 + (v >> 8); /* bytes 0, 2, 4, 6 are of two digits */
	return ((v & pairs) * (100 + (UINT64_C(1000000) << 32)) +
		   (v >> 16 & pairs) * (1 + (UINT64_C(10000) << 32))) >>
	    32;
}

/*
 * A number in plain text, not negative, without an exponent and of up to 15 digits:
 * *digits / 10^*fraction.  Where it has no more than eight bytes, by arithmetic on all of
 * them at once: how long numbers are differs from record to record, and a loop would
 * have the processor guess it.
 */
static inline const char *
rt_scan_short(
    const char *p, bool may_have_point, uint64_t *digits, unsigned *fraction)
{
	uint64_t v = rt_scan_8(p) ^ RT_SCAN_EACH('0'), below;
	uint64_t stops =
	    (v + RT_SCAN_EACH(0x76)) & RT_SCAN_EACH(0x80); /* plain: no carry */
	unsigned whole, count;
	struct rt_slot s;
	const char *end;

	*fraction = 0;
	whole = stops ? (unsigned)__builtin_ctzll(stops) / 8 : 8;
	if (whole == 0 || (whole > 1 && *p == '0'))
		return NULL;
	count = whole;
	end = p + whole;
	if (may_have_point && whole < 8 && *end == '.') {
		stops &= stops - 1;
		count = stops ? (unsigned)__builtin_ctzll(stops) / 8 - 1 : 8;
		*fraction = count - whole;
		if (*fraction == 0)
			return NULL;
		below = (UINT64_C(1) << whole * 8) - 1;
		v = (v & below) | (v >> 8 & ~below);
		end = p + count + 1;
	}
	if (count < 8) {
		*digits = rt_scan_digits(v << (64 - count * 8));
		return end;
	}
	end = rt_scan_number(p, &s);
	if (!end || !s.is_simple || (s.fraction > 0 && !may_have_point))
		return NULL;
	*digits = (uint64_t)s.mantissa;
	*fraction = s.fraction;
	return end;
}

static inline const char *
rt_scan_literal(const char *p, struct rt_slot *s)
{
	uint32_t len = *p == 'f' ? 5 : 4;

	*s = (struct rt_slot){.p = p, .len = len};
	if (memcmp(p, "true", 4) == 0)
		s->type = RT_SLOT_TRUE;
	else if (memcmp(p, "false", 5) == 0)
		s->type = RT_SLOT_FALSE;
	else if (memcmp(p, "null", 4) == 0)
		s->type = RT_SLOT_NULL;
	else
		return NULL;
	return p + len;
}

#endif
