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
