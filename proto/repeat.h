/* SPDX-License-Identifier: MIT */
/*
 * repeat — up to 32 bytes that are looked for at a place, in one compare.
 *
 * What    Text that was there last time and probably is again: what stands between two
 *         values, a word of a vocabulary.
 * Bounds  32 bytes from the place may be read.
 * Cost    A dozen instructions, whatever its length.
 */
#ifndef RT_REPEAT_H
#define RT_REPEAT_H

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#ifdef __SSE2__
#include <emmintrin.h>
#endif

#define RT_REPEAT_BYTES 32u

struct rt_repeat {
	char text[RT_REPEAT_BYTES]; /* behind len: anything */
	uint32_t mask;              /* a bit for each of its bytes */
	uint32_t len;               /* 1 .. 32 */
};

/* Reads 32 bytes at p; len is 1 .. 32. */
static inline void
rt_repeat_set(struct rt_repeat *repeat, const char *p, size_t len)
{
	memcpy(repeat->text, p, sizeof(repeat->text));
	repeat->mask = UINT32_MAX >> (RT_REPEAT_BYTES - len);
	repeat->len = (uint32_t)len;
}

static inline bool
rt_repeat_is_at(const struct rt_repeat *repeat, const char *p)
{
#ifdef __SSE2__
	const __m128i *at = (const __m128i *)(const void *)p,
		      *text = (const __m128i *)(const void *)repeat->text;
	uint32_t low = (uint32_t)_mm_movemask_epi8(
	    _mm_cmpeq_epi8(_mm_loadu_si128(at), _mm_loadu_si128(text)));
	uint32_t high = (uint32_t)_mm_movemask_epi8(
	    _mm_cmpeq_epi8(_mm_loadu_si128(at + 1), _mm_loadu_si128(text + 1)));

	return (~(low | high << 16) & repeat->mask) == 0;
#else
	return memcmp(p, repeat->text, repeat->len) == 0;
#endif
}

#endif
