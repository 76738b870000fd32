/* SPDX-License-Identifier: MIT */
#include "collector/operation.h"

#include <stdlib.h>
#include <string.h>

#include "collector/hash.h"
#include "proto/mem.h"

void
rt_operations_init(struct rt_operations *t, uint32_t capacity, uint64_t seed)
{
	uint32_t slots = rt_hash_slots(capacity);

	*t = (struct rt_operations){
	    .capacity = capacity, .slots_mask = slots - 1, .seed = seed};
	t->entries = rt_xcalloc(capacity, sizeof(*t->entries));
	t->slots = rt_xcalloc(slots, sizeof(*t->slots));
}

void
rt_operations_fini(struct rt_operations *t)
{
	free(t->entries);
	free(t->slots);
	*t = (struct rt_operations){0};
}

uint64_t
rt_operations_bytes(uint32_t capacity)
{
	return (uint64_t)capacity * sizeof(struct rt_operation) +
	    (uint64_t)rt_hash_slots(capacity) * sizeof(uint32_t);
}

static uint32_t
number_of(const struct rt_operations *t, const struct rt_operation *o)
{
	return (uint32_t)(o - t->entries) + 1;
}

static struct rt_operation *
at(struct rt_operations *t, uint32_t number)
{
	return number ? &t->entries[number - 1] : NULL;
}

static size_t
kept(size_t len)
{
	return len < RT_OPERATION_ID_BYTES ? len : RT_OPERATION_ID_BYTES;
}

uint64_t
rt_operation_hash(const struct rt_operations *t, struct rt_str id)
{
	return rt_hash_str(t->seed, id);
}

struct rt_operation *
rt_operation_find(struct rt_operations *t, struct rt_str id)
{
	uint64_t hash = rt_operation_hash(t, id);
	struct rt_operation *o;
	uint32_t i;

	for (i = (uint32_t)hash & t->slots_mask; t->slots[i] != 0;
	     i = (i + 1) & t->slots_mask) {
		o = at(t, t->slots[i]);
		if (o->hash == hash && o->id_len == id.len &&
		    memcmp(o->id, id.p, kept(id.len)) == 0)
			return o;
	}
	return NULL;
}

static void
list_append(struct rt_operations *t, struct rt_operation_list *l,
    struct rt_operation *o)
{
	uint32_t number = number_of(t, o);

	o->prev = l->tail;
	o->next = 0;
	if (l->tail)
		at(t, l->tail)->next = number;
	else
		l->head = number;
	l->tail = number;
	l->count++;
}

static void
list_remove(struct rt_operations *t, struct rt_operation_list *l,
    struct rt_operation *o)
{
	if (o->prev)
		at(t, o->prev)->next = o->next;
	else
		l->head = o->next;
	if (o->next)
		at(t, o->next)->prev = o->prev;
	else
		l->tail = o->prev;
	l->count--;
}

static struct rt_operation_list *
list_of(struct rt_operations *t, const struct rt_operation *o)
{
	return o->state == RT_OPERATION_OPEN ? &t->open : &t->ended;
}

bool
rt_operations_full(const struct rt_operations *t)
{
	return t->free == 0 && t->used == t->capacity;
}

struct rt_operation *
rt_operation_victim(struct rt_operations *t)
{
	return at(t, t->ended.head ? t->ended.head : t->open.head);
}

struct rt_operation *
rt_operation_put(struct rt_operations *t, struct rt_str id, int64_t now_us,
    bool is_synthetic)
{
	struct rt_operation *o;
	uint32_t i;

	if (t->free) {
		o = at(t, t->free);
		t->free = o->next;
	} else {
		o = &t->entries[t->used++];
	}
	memset(o, 0, sizeof(*o));
	o->hash = rt_operation_hash(t, id);
	o->touched_us = now_us;
	o->id_len = (uint16_t)id.len;
	memcpy(o->id, id.p, kept(id.len));
	for (i = (uint32_t)o->hash & t->slots_mask; t->slots[i] != 0;)
		i = (i + 1) & t->slots_mask;
	t->slots[i] = number_of(t, o);
	list_append(t, &t->open, o);
	o->is_synthetic = is_synthetic;
	if (!is_synthetic)
		t->phases[RT_PHASE_RUNNING]++;
	return o;
}

/* Close the hole that a removal leaves: move up what would not be found otherwise. */
static void
unlink_slot(struct rt_operations *t, uint32_t number)
{
	uint32_t hole = (uint32_t)t->entries[number - 1].hash & t->slots_mask;
	uint32_t i, home;

	while (t->slots[hole] != number)
		hole = (hole + 1) & t->slots_mask;
	for (i = (hole + 1) & t->slots_mask; t->slots[i] != 0;
	     i = (i + 1) & t->slots_mask) {
		home =
		    (uint32_t)t->entries[t->slots[i] - 1].hash & t->slots_mask;
		if (((i - home) & t->slots_mask) < ((i - hole) & t->slots_mask))
			continue;
		t->slots[hole] = t->slots[i];
		hole = i;
	}
	t->slots[hole] = 0;
}

static void
leave_phase(struct rt_operations *t, const struct rt_operation *o)
{
	if (!o->is_synthetic && o->state == RT_OPERATION_OPEN)
		t->phases[o->phase]--;
}

void
rt_operation_remove(struct rt_operations *t, struct rt_operation *o)
{
	uint32_t number = number_of(t, o);

	leave_phase(t, o);
	unlink_slot(t, number);
	list_remove(t, list_of(t, o), o);
	o->next = t->free;
	t->free = number;
}

void
rt_operation_touch(struct rt_operations *t, struct rt_operation *o,
    int64_t now_us, enum rt_operation_phase phase)
{
	o->touched_us = now_us;
	list_remove(t, &t->open, o);
	list_append(t, &t->open, o);
	leave_phase(t, o);
	o->phase = (uint8_t)phase;
	if (!o->is_synthetic)
		t->phases[phase]++;
}

void
rt_operation_end(struct rt_operations *t, struct rt_operation *o,
    int64_t now_us, enum rt_operation_state state)
{
	leave_phase(t, o);
	list_remove(t, &t->open, o);
	o->state = (uint8_t)state;
	o->touched_us = now_us;
	list_append(t, &t->ended, o);
}

struct rt_operation *
rt_operation_oldest_open(struct rt_operations *t)
{
	return at(t, t->open.head);
}

struct rt_operation *
rt_operation_oldest_ended(struct rt_operations *t)
{
	return at(t, t->ended.head);
}

struct rt_str
rt_operation_id(const struct rt_operation *o)
{
	return (struct rt_str){o->id, kept(o->id_len)};
}

uint32_t
rt_operation_tries(const struct rt_operation *o, int64_t summary_attempts)
{
	uint32_t tries = o->records - o->followups;

	if (o->highest > tries)
		tries = o->highest;
	if (summary_attempts > (int64_t)tries)
		tries = (uint32_t)summary_attempts;
	return tries + o->followups;
}
