/* SPDX-License-Identifier: MIT */
/*
 * hash — a seeded 64-bit hash of short strings, for tables that hold peers' words.
 *
 * Each 16 bytes are multiplied, half by half, to 128 bits, whose halves are folded together;
 * both factors are masked by what came before, so that nobody can make one of them zero
 * who does not know the seed.  That is random per process: a publisher cannot aim at one
 * bucket.  It is no cryptographic hash, and tables compare keys.
 */
#ifndef RT_HASH_H
#define RT_HASH_H

#include <stdint.h>
#include <string.h>

#include "proto/text.h"

static inline uint64_t
rt_hash_fold(uint64_t a, uint64_t b)
{
	a ^= b;
	a *= UINT64_C(0x9E3779B97F4A7C15);
	a ^= a >> 32;
	a *= UINT64_C(0xD6E8FEB86659FD93);
	return a ^ (a >> 29);
}

static inline uint64_t
rt_hash_mix(uint64_t h, uint64_t a, uint64_t b)
{
#ifdef __SIZEOF_INT128__
	__extension__ typedef unsigned __int128 wide;
	wide product = (wide)(a ^ h) *
	    (b ^ (h << 32 | h >> 32) ^ UINT64_C(0x9E3779B97F4A7C15));

	return (uint64_t)product ^ (uint64_t)(product >> 64);
#else
	return rt_hash_fold(rt_hash_fold(h, a), b);
#endif
}

/* Continue `h` with a string; its length counts, so "a","bc" is not "ab","c". */
static inline uint64_t
rt_hash_str(uint64_t h, struct rt_str s)
{
	uint64_t tail;
	size_t i;

	for (i = 16; i < s.len; i += 16)
		h = rt_hash_mix(
		    h, rt_str_word(s.p + i - 16), rt_str_word(s.p + i - 8));
	/* The last two words may overlap; of a short string there is one. */
	tail = s.len >= 16 ? rt_str_word(s.p + s.len - 16)
	    : s.len >= 8   ? rt_str_word(s.p)
			   : 0;
	return rt_hash_mix(h ^ s.len, rt_str_last_word(s), tail);
}

/* Slots for an open-addressing table of that many entries: at most half full. */
static inline uint32_t
rt_hash_slots(uint32_t entries)
{
	uint32_t n = 16;

	while (n < entries * 2)
		n *= 2;
	return n;
}

#endif
