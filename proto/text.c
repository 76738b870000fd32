/* SPDX-License-Identifier: MIT */
#include "proto/text.h"

#ifdef __SSE2__
#include <emmintrin.h>
#endif

#include "proto/macro.h"

#define REPLACEMENT 0xFFFDu

static char
lower(char c)
{
	return c >= 'A' && c <= 'Z' ? (char)(c + ('a' - 'A')) : c;
}

bool
rt_str_contains_nocase(struct rt_str s, const char *needle)
{
	size_t n = strlen(needle), i, k;

	for (i = 0; i + n <= s.len; i++) {
		for (k = 0; k < n && lower(s.p[i + k]) == needle[k]; k++)
			;
		if (k == n)
			return true;
	}
	return false;
}

bool
rt_str_is_nocase(struct rt_str s, const char *z)
{
	size_t i, n = strlen(z);

	if (!s.p || s.len != n)
		return false;
	for (i = 0; i < n; i++)
		if (lower(s.p[i]) != lower(z[i]))
			return false;
	return true;
}

bool
rt_text_is_safe(uint32_t c)
{
	/* Sorted; both ends belong to the range. */
	static const struct {
		uint32_t first, last;
	} unsafe[] = {{0x0, 0x1F}, {0x7F, 0x9F}, {0xAD, 0xAD}, {0x34F, 0x34F},
	    {0x61C, 0x61C}, {0x115F, 0x1160}, {0x17B4, 0x17B5},
	    {0x180B, 0x180E}, {0x200B, 0x200F}, {0x2028, 0x202E},
	    {0x2060, 0x2064}, {0x2066, 0x206F}, {0x3164, 0x3164},
	    {0xD800, 0xDFFF}, {0xFE00, 0xFE0F}, {0xFEFF, 0xFEFF},
	    {0xFFA0, 0xFFA0}, {0xFFF9, 0xFFFB}, {0xE0000, 0xE0FFF},
	    {0x110000, UINT32_MAX}};
	size_t i;

	for (i = 0; i < RT_COUNT_OF(unsafe); i++)
		if (c <= unsafe[i].last)
			return c < unsafe[i].first;
	return true;
}

/* Bytes from the front of `s` that are printable ASCII. */
static size_t
ascii_run(struct rt_str s)
{
	size_t i = 0;

#ifdef __SSE2__
	for (; i + 16 <= s.len; i += 16) {
		__m128i v =
		    _mm_loadu_si128((const __m128i *)(const void *)(s.p + i));
		/* As signed bytes everything above 0x7F is negative. */
		__m128i ok =
		    _mm_andnot_si128(_mm_cmpeq_epi8(v, _mm_set1_epi8(0x7F)),
			_mm_cmpgt_epi8(v, _mm_set1_epi8(0x1F)));
		unsigned mask = (unsigned)_mm_movemask_epi8(ok);

		if (mask != 0xFFFFu)
			return i + (size_t)__builtin_ctz(~mask);
	}
#endif
	while (i < s.len && s.p[i] > 0x1F && s.p[i] != 0x7F)
		i++;
	return i;
}

/* What a lead byte of UTF-8 announces. */
struct lead {
	unsigned char first, last;  /* lead bytes */
	unsigned char second_first; /* range of the byte after it */
	unsigned char second_last;
	unsigned char more; /* bytes that follow */
};

static const struct lead leads[] = {
    {0xC2, 0xDF, 0x80, 0xBF, 1},
    {0xE0, 0xE0, 0xA0, 0xBF, 2},
    {0xE1, 0xEC, 0x80, 0xBF, 2},
    {0xED, 0xED, 0x80, 0x9F, 2}, /* no surrogates */
    {0xEE, 0xEF, 0x80, 0xBF, 2},
    {0xF0, 0xF0, 0x90, 0xBF, 3},
    {0xF1, 0xF3, 0x80, 0xBF, 3},
    {0xF4, 0xF4, 0x80, 0x8F, 3},
};

static const struct lead *
find_lead(unsigned char c)
{
	size_t i;

	for (i = 0; i < RT_COUNT_OF(leads); i++)
		if (c >= leads[i].first && c <= leads[i].last)
			return &leads[i];
	return NULL;
}

static void
skip(struct rt_str *s, size_t n)
{
	s->p += n;
	s->len -= n;
}

/* Takes one code point, or one maximal ill-formed subpart as U+D800. */
static uint32_t
take_raw(struct rt_str *s)
{
	const uint32_t bad = 0xD800;
	unsigned char c = (unsigned char)s->p[0], lo, hi;
	const struct lead *l;
	uint32_t code;
	size_t i;

	if (c < 0x80) {
		skip(s, 1);
		return c;
	}
	l = find_lead(c);
	if (!l) {
		skip(s, 1);
		return bad;
	}
	code = c & (0x3Fu >> l->more);
	lo = l->second_first;
	hi = l->second_last;
	for (i = 1; i <= l->more; i++) {
		c = i < s->len ? (unsigned char)s->p[i] : 0;
		if (c < lo || c > hi) {
			skip(s, i);
			return bad;
		}
		code = code << 6 | (c & 0x3Fu);
		lo = 0x80;
		hi = 0xBF;
	}
	skip(s, i);
	return code;
}

uint32_t
rt_text_next(struct rt_str *rest)
{
	uint32_t c = take_raw(rest);

	return rt_text_is_safe(c) ? c : REPLACEMENT;
}

size_t
rt_text_put(char *out, uint32_t c)
{
	if (c < 0x80) {
		out[0] = (char)c;
		return 1;
	}
	if (c < 0x800) {
		out[0] = (char)(0xC0 | c >> 6);
		out[1] = (char)(0x80 | (c & 0x3F));
		return 2;
	}
	if (c < 0x10000) {
		out[0] = (char)(0xE0 | c >> 12);
		out[1] = (char)(0x80 | (c >> 6 & 0x3F));
		out[2] = (char)(0x80 | (c & 0x3F));
		return 3;
	}
	out[0] = (char)(0xF0 | c >> 18);
	out[1] = (char)(0x80 | (c >> 12 & 0x3F));
	out[2] = (char)(0x80 | (c >> 6 & 0x3F));
	out[3] = (char)(0x80 | (c & 0x3F));
	return 4;
}

size_t
rt_text_scrub(char *out, size_t size, struct rt_str s)
{
	size_t n = 0, run;
	char utf8[4];

	if (size == 0)
		return 0;
	while (s.len > 0) {
		run = ascii_run(s);
		if (run > size - 1 - n)
			run = size - 1 - n;
		if (run > 0) {
			memcpy(out + n, s.p, run);
			n += run;
			skip(&s, run);
			continue;
		}
		run = rt_text_put(utf8, rt_text_next(&s));
		if (run > size - 1 - n)
			break;
		memcpy(out + n, utf8, run);
		n += run;
	}
	out[n] = '\0';
	return n;
}

bool
rt_text_is_clean(struct rt_str s)
{
	while (s.len > 0) {
		skip(&s, ascii_run(s));
		if (s.len > 0 && !rt_text_is_safe(take_raw(&s)))
			return false;
	}
	return true;
}

size_t
rt_text_length(struct rt_str s)
{
	size_t i, n = 0;

	for (i = 0; i < s.len; i++)
		n += ((unsigned char)s.p[i] & 0xC0) != 0x80;
	return n;
}

struct rt_str
rt_text_cut(struct rt_str s, size_t count)
{
	size_t i, n = 0;

	for (i = 0; i < s.len; i++) {
		n += ((unsigned char)s.p[i] & 0xC0) != 0x80;
		if (n > count)
			return (struct rt_str){s.p, i};
	}
	return s;
}
