/* SPDX-License-Identifier: MIT */
/*
 * text — bounded strings, hygiene, strict numbers and timestamps.
 *
 * What    Everything that came from outside passes here once, when it is read.
 * Shape   struct rt_str is a borrowed slice: not NUL-terminated, valid as long as
 *         the bytes it points into.  p == NULL means absent; an empty string of
 *         a record is absent too.
 * Hygiene Replaced by U+FFFD, one for one: C0, DEL, C1, bidirectional controls
 *         (U+061C, U+200E/F, U+202A–E, U+2066–9), zero-width and invisible
 *         characters (U+00AD, U+034F, U+115F/60, U+17B4/5, U+180B–E, U+200B–D, U+2060–4,
 *         U+206A–F, U+3164, U+FEFF, U+FFA0, U+FFF9–B, tags U+E0000–E0FFF, variation selectors
 *         U+FE00–F), line and paragraph separators U+2028/9, lone surrogates, invalid UTF-8
 *         (one U+FFFD per maximal ill-formed subpart, Unicode 15 §3.9).
 * Cost    One pass; ASCII runs are taken 16 bytes at a time where SSE2 is there.
 */
#ifndef RT_TEXT_H
#define RT_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "proto/err.h"

struct rt_str {
	const char *p; /* borrowed; NULL: absent */
	size_t len;    /* bytes */
};

#define RT_STR_NONE ((struct rt_str){NULL, 0})

static inline struct rt_str
rt_str_of(const char *z)
{
	return (struct rt_str){z, z ? strlen(z) : 0};
}

static inline bool
rt_str_is(struct rt_str s, const char *z)
{
	size_t n = strlen(z);

	return s.p && s.len == n && memcmp(s.p, z, n) == 0;
}

static inline uint64_t
rt_str_word(const char *p)
{
	uint64_t word;

	memcpy(&word, p, sizeof(word));
	return word;
}

/* The last 8 bytes; of a shorter string all, each at least once. */
static inline uint64_t
rt_str_last_word(struct rt_str s)
{
	uint32_t first, last;

	if (s.len >= 8)
		return rt_str_word(s.p + s.len - 8);
	if (s.len >= 4) {
		memcpy(&first, s.p, sizeof(first));
		memcpy(&last, s.p + s.len - 4, sizeof(last));
		return (uint64_t)first << 32 | last;
	}
	if (s.len == 0)
		return 0;
	return (uint64_t)(unsigned char)s.p[0] |
	    (uint64_t)(unsigned char)s.p[s.len / 2] << 8 |
	    (uint64_t)(unsigned char)s.p[s.len - 1] << 16;
}

/* Most are short: no call for those. */
static inline bool
rt_str_equal(struct rt_str a, struct rt_str b)
{
	size_t i;

	if (a.len != b.len)
		return false;
	if (a.len == 0)
		return true;
	if (a.len >= 8 && a.len <= 16)
		return ((rt_str_word(a.p) ^ rt_str_word(b.p)) |
			   (rt_str_last_word(a) ^ rt_str_last_word(b))) == 0;
	if (a.len > 64)
		return memcmp(a.p, b.p, a.len) == 0;
	for (i = 8; i < a.len; i += 8)
		if (rt_str_word(a.p + i - 8) != rt_str_word(b.p + i - 8))
			return false;
	return rt_str_last_word(a) == rt_str_last_word(b);
}

/* Is `needle` (lower-case ASCII) in `s`, ASCII case ignored? */
bool rt_str_contains_nocase(struct rt_str s, const char *needle);
/* Equal, ASCII case ignored? */
bool rt_str_is_nocase(struct rt_str s, const char *z);

/* May this code point reach a terminal, a journal or an export? */
bool rt_text_is_safe(uint32_t code_point);

/*
 * Take the next code point of `rest`, which must not be empty: U+FFFD for what is
 * ill-formed or not safe.
 */
uint32_t rt_text_next(struct rt_str *rest);

/* Write a code point as UTF-8 into out[4]; returns its bytes. */
size_t rt_text_put(char *out, uint32_t code_point);

/*
 * Copy `s` scrubbed into `out` (size bytes, always NUL-terminated for size > 0).
 * Cut at a whole character where it does not fit.  Returns the bytes written
 * without the NUL.
 */
size_t rt_text_scrub(char *out, size_t size, struct rt_str s);

/* Is every byte already fit for output (valid UTF-8, nothing to scrub)? */
bool rt_text_is_clean(struct rt_str s);

/* Code points in clean UTF-8. */
size_t rt_text_length(struct rt_str s);

/* The first `count` code points of clean UTF-8. */
struct rt_str rt_text_cut(struct rt_str s, size_t count);

/*
 * Strict JSON number (RFC 8259 grammar; nothing before or after), as double.
 * Correctly rounded.  RT_E_SYNTAX if it is no number, RT_E_FIELD if not finite.
 */
RT_NODISCARD enum rt_err rt_text_to_double(struct rt_str s, double *out);

/*
 * Strict JSON number whose value is an integer (`1.0`, `1e2` are; `1.5` is not).
 * RT_E_SYNTAX: no number.  RT_E_FIELD: not an integer.
 * RT_E_TOO_LARGE: an integer outside int64.
 */
RT_NODISCARD enum rt_err rt_text_to_int(struct rt_str s, int64_t *out);

/*
 * RFC 3339 date-time ("T", "t" or a space; any offset; a leap second reads as
 * :59 plus its fraction) to microseconds since 1970 UTC; digits beyond six are
 * cut.  *has_fraction (may be NULL) says whether there was a fraction.
 * RT_E_SYNTAX: no such time.  RT_E_FIELD: in UTC outside the years 0000 to 9999.
 */
RT_NODISCARD enum rt_err rt_text_to_time(
    struct rt_str s, int64_t *out_us, bool *has_fraction);

/*
 * "2026-06-13T09:00:00.242Z" into out[32]; three or six digits of fraction.
 * A time outside the years 0000 to 9999 is written as the nearest within.
 */
size_t rt_text_from_time(char out[32], int64_t us);

/*
 * Shortest decimal that reads back as `v` (v finite), at most 25 bytes + NUL.
 * Integers up to 2^53 have no point.
 */
size_t rt_text_from_double(char out[32], double v);

/* Decimal digits, at most 20, and no NUL; returns their end. */
char *rt_text_put_digits(char *to, uint64_t v);

static inline char *
rt_text_put_uint(char *to, uint64_t v)
{
	if (v >= 10)
		return rt_text_put_digits(to, v);
	*to = (char)('0' + v);
	return to + 1;
}

#endif
