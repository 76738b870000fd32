/* SPDX-License-Identifier: MIT */
/*
 * hash — a seeded 64-bit hash of short strings, for tables that hold peers' words.
 *
 * Multiply-and-fold over 8-byte words, the last of which overlaps the one before.  The seed is random per process, so a publisher
 * cannot aim at one bucket; it is no cryptographic hash, and tables compare keys.
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

/* Continue `h` with a string; its length counts, so "a","bc" is not "ab","c". */
static inline uint64_t
rt_hash_str(uint64_t h, struct rt_str s)
{
	size_t i;

	for (i = 8; i < s.len; i += 8)
		h = rt_hash_fold(h, rt_str_word(s.p + i - 8));
	return rt_hash_fold(h, rt_str_last_word(s) ^ ((uint64_t)s.len << 56));
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
