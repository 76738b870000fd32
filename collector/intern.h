/* SPDX-License-Identifier: MIT */
/*
 * intern — label values as small numbers.
 *
 * Bounded: at most `capacity` values and 64 bytes of text for each on average; what does
 * not fit becomes RT_INTERN_OTHER and is counted.  Numbers stay valid for ever.
 */
#ifndef RT_INTERN_H
#define RT_INTERN_H

#include <stdint.h>

#include "proto/text.h"

#define RT_INTERN_NONE 0u  /* an absent value */
#define RT_INTERN_OTHER 1u /* "(other)" */

struct rt_intern {
	uint32_t capacity, count;
	uint32_t bytes_capacity, bytes;
	uint32_t slots_mask;
	uint64_t seed;
	uint64_t overflow; /* look-ups that found no room */
	uint32_t *slots;   /* owned; 0: empty, else number */
	struct {
		uint32_t at, len;
		uint64_t hash;
	} * entries; /* owned */
	char *text;  /* owned; NUL after each value */
};

void rt_intern_init(struct rt_intern *t, uint32_t capacity, uint64_t seed);
void rt_intern_fini(struct rt_intern *t);

/* Number of a value, a new one where needed. */
uint32_t rt_intern_put(struct rt_intern *t, struct rt_str s);

/* Borrowed, valid until fini; absent for RT_INTERN_NONE. */
static inline struct rt_str
rt_intern_get(const struct rt_intern *t, uint32_t number)
{
	if (number == RT_INTERN_NONE || number >= t->count)
		return RT_STR_NONE;
	return (struct rt_str){
	    t->text + t->entries[number].at, t->entries[number].len};
}

uint64_t rt_intern_bytes(uint32_t capacity);

#endif
