/* SPDX-License-Identifier: MIT */
#include "collector/intern.h"

#include <stdlib.h>

#include "collector/hash.h"
#include "proto/mem.h"

#define BYTES_PER_VALUE 64u

static uint32_t
append(struct rt_intern *t, struct rt_str s, uint64_t hash)
{
	uint32_t number = t->count++;

	t->entries[number].at = t->bytes;
	t->entries[number].len = (uint32_t)s.len;
	t->entries[number].hash = hash;
	if (s.len > 0)
		memcpy(t->text + t->bytes, s.p, s.len);
	t->text[t->bytes + s.len] = '\0';
	t->bytes += (uint32_t)s.len + 1;
	return number;
}

void
rt_intern_init(struct rt_intern *t, uint32_t capacity, uint64_t seed)
{
	uint32_t slots = rt_hash_slots(capacity);

	*t = (struct rt_intern){
	    .capacity = capacity + 2,
	    .bytes_capacity = (capacity + 2) * BYTES_PER_VALUE,
	    .slots_mask = slots - 1,
	    .seed = seed,
	};
	t->slots = rt_xcalloc(slots, sizeof(*t->slots));
	t->entries = rt_xcalloc(t->capacity, sizeof(*t->entries));
	t->text = rt_xcalloc(t->bytes_capacity, 1);
	append(t, RT_STR_NONE, 0);
	append(t, rt_str_of("(other)"), 0);
}

void
rt_intern_fini(struct rt_intern *t)
{
	free(t->slots);
	free(t->entries);
	free(t->text);
	*t = (struct rt_intern){0};
}

uint32_t
rt_intern_put(struct rt_intern *t, struct rt_str s)
{
	uint64_t hash;
	uint32_t i, number;

	if (s.len == 0)
		return RT_INTERN_NONE;
	hash = rt_hash_str(t->seed, s);
	for (i = (uint32_t)hash & t->slots_mask; t->slots[i] != 0;
	     i = (i + 1) & t->slots_mask) {
		number = t->slots[i];
		if (t->entries[number].hash == hash &&
		    rt_str_equal(rt_intern_get(t, number), s))
			return number;
	}
	if (t->count == t->capacity ||
	    s.len + 1 > t->bytes_capacity - t->bytes) {
		t->overflow++;
		return RT_INTERN_OTHER;
	}
	number = append(t, s, hash);
	t->slots[i] = number;
	return number;
}

uint64_t
rt_intern_bytes(uint32_t capacity)
{
	return (uint64_t)rt_hash_slots(capacity) * sizeof(uint32_t) +
	    (uint64_t)(capacity + 2) * (BYTES_PER_VALUE + 16);
}
