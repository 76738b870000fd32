/* SPDX-License-Identifier: MIT */
/*
 * A record into the decoder's own copy, and a look at every byte on the way.
 *
 * Each secret has a pair of bytes that is rare elsewhere: "k-", "yJ", "Be".  A backslash
 * could hide any of them.  Bytes are looked at 16 or 32 at a time, with AVX2 where the
 * processor has it: 1.8 or 0.9 instructions a byte.  Only where a pair was seen ("task-1")
 * one looks again, for the whole of a secret.
 */
#include "proto/decode_internal.h"

#ifdef __SSE2__
#include <immintrin.h>
#endif

#define FIRST ' ' /* what is plain is between these */
#define LAST '~'

/* ---- byte by byte ---- */

/* Of p[0] and of the pair that it begins. */
static unsigned
look_1(const char *p, bool has_next)
{
	unsigned char c = (unsigned char)*p;
	bool is_odd = c < FIRST || c > LAST, is_pair;

	is_pair = c == '\\' ||
	    (has_next &&
		((c == 'k' && p[1] == '-') || (c == 'y' && p[1] == 'J') ||
		    (c == 'B' && p[1] == 'e')));
	return (is_odd ? RT_LOOK_ODD : 0) | (is_pair ? RT_LOOK_PAIR : 0);
}

static unsigned
look_by_1(char *to, const char *p, size_t len)
{
	unsigned found = 0;
	size_t i;

	for (i = 0; i < len; i++) {
		to[i] = p[i];
		found |= look_1(p + i, i + 1 < len);
	}
	return found;
}

#ifdef __SSE2__
/* ---- 16 bytes at a time: any x86-64 ---- */

static inline __m128i
both_16(__m128i a, char x, __m128i b, char y)
{
	return _mm_and_si128(_mm_cmpeq_epi8(a, _mm_set1_epi8(x)),
	    _mm_cmpeq_epi8(b, _mm_set1_epi8(y)));
}

struct look_16 {
	__m128i far; /* of each byte, from FIRST: the farthest */
	__m128i pair;
};

/* Of 16 bytes, and of the pairs that they begin with the next one. */
static inline void
step_16(struct look_16 *l, char *to, const char *p)
{
	__m128i a = _mm_loadu_si128((const __m128i *)(const void *)p),
		b = _mm_loadu_si128((const __m128i *)(const void *)(p + 1));
	__m128i slash = _mm_cmpeq_epi8(a, _mm_set1_epi8('\\'));

	_mm_storeu_si128((__m128i *)(void *)to, a);
	l->far = _mm_max_epu8(l->far, _mm_sub_epi8(a, _mm_set1_epi8(FIRST)));
	l->pair = _mm_or_si128(_mm_or_si128(l->pair, slash),
	    _mm_or_si128(both_16(a, 'k', b, '-'),
		_mm_or_si128(
		    both_16(a, 'y', b, 'J'), both_16(a, 'B', b, 'e'))));
}

static unsigned
look_by_16(char *to, const char *p, size_t len)
{
	const __m128i range = _mm_set1_epi8(LAST - FIRST);
	struct look_16 l = {range, _mm_setzero_si128()};
	size_t i;
	bool is_odd;

	if (len < 17)
		return look_by_1(to, p, len);
	for (i = 0; i + 17 <= len; i += 16)
		step_16(&l, to + i, p + i);
	/* What is left, overlapping, and the byte that begins no pair. */
	step_16(&l, to + len - 17, p + len - 17);
	is_odd = _mm_movemask_epi8(_mm_cmpeq_epi8(l.far, range)) != 0xFFFF;
	return (is_odd ? RT_LOOK_ODD : 0) |
	    (_mm_movemask_epi8(l.pair) ? RT_LOOK_PAIR : 0) |
	    look_by_1(to + len - 1, p + len - 1, 1);
}

/* ---- 32 bytes at a time ---- */

#define AVX2 __attribute__((target("avx2")))

AVX2 static inline __m256i
both_32(__m256i a, char x, __m256i b, char y)
{
	return _mm256_and_si256(_mm256_cmpeq_epi8(a, _mm256_set1_epi8(x)),
	    _mm256_cmpeq_epi8(b, _mm256_set1_epi8(y)));
}

struct look_32 {
	__m256i far, pair;
};

AVX2 static inline void
step_32(struct look_32 *l, char *to, const char *p)
{
	__m256i a = _mm256_loadu_si256((const __m256i *)(const void *)p),
		b = _mm256_loadu_si256((const __m256i *)(const void *)(p + 1));
	__m256i slash = _mm256_cmpeq_epi8(a, _mm256_set1_epi8('\\'));

	_mm256_storeu_si256((__m256i *)(void *)to, a);
	l->far = _mm256_max_epu8(
	    l->far, _mm256_sub_epi8(a, _mm256_set1_epi8(FIRST)));
	l->pair = _mm256_or_si256(_mm256_or_si256(l->pair, slash),
	    _mm256_or_si256(both_32(a, 'k', b, '-'),
		_mm256_or_si256(
		    both_32(a, 'y', b, 'J'), both_32(a, 'B', b, 'e'))));
}

AVX2 static unsigned
look_by_32(char *to, const char *p, size_t len)
{
	const __m256i range = _mm256_set1_epi8(LAST - FIRST);
	struct look_32 l = {range, _mm256_setzero_si256()};
	size_t i;
	bool is_odd;

	if (len < 33)
		return look_by_16(to, p, len);
	for (i = 0; i + 33 <= len; i += 32)
		step_32(&l, to + i, p + i);
	step_32(&l, to + len - 33, p + len - 33);
	is_odd = _mm256_movemask_epi8(_mm256_cmpeq_epi8(l.far, range)) != -1;
	return (is_odd ? RT_LOOK_ODD : 0) |
	    (_mm256_movemask_epi8(l.pair) ? RT_LOOK_PAIR : 0) |
	    look_by_1(to + len - 1, p + len - 1, 1);
}
#endif

rt_look_fn
rt_look_by(unsigned width)
{
#ifdef __SSE2__
	if (width == 32 && __builtin_cpu_supports("avx2"))
		return look_by_32;
	if (width == 16)
		return look_by_16;
#endif
	return width == 1 ? look_by_1 : NULL;
}

void
rt_decoder_take(struct rt_decoder *d, struct rt_str record)
{
	static const char behind[RT_READ_AHEAD] = {'\0', '"'};
	unsigned found = d->look(d->copy, record.p, record.len);

	memcpy(d->copy + record.len, behind, sizeof(behind));
	d->record = (struct rt_str){d->copy, record.len};
	/* What is odd may look otherwise when it is scrubbed. */
	d->maybe_secret = (found & RT_LOOK_PAIR) &&
	    ((found & RT_LOOK_ODD) || rt_text_holds_secret(d->record));
	d->has_slash =
	    (found & RT_LOOK_PAIR) && memchr(d->copy, '\\', record.len) != NULL;
	d->is_plain =
	    !(found & RT_LOOK_ODD) && !d->maybe_secret && !d->has_slash;
}
