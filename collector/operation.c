/* SPDX-License-Identifier: MIT */
#include "collector/operation.h"

#include <stdlib.h>
#include <string.h>

#include "collector/hash.h"
#include "proto/mem.h"

#define NEVER_US INT64_MAX
#define CACHE_LINE 64u

/* ---- what is due next ------------------------------------------------------------ */

static void
due_init(struct rt_operation_due *d, unsigned count)
{
	unsigned i;

	for (d->leaves = 1; d->leaves < count;)
		d->leaves *= 2;
	for (i = 0; i < 2 * d->leaves; i++)
		d->us[i] = NEVER_US;
}

static void
due_set(struct rt_operation_due *d, unsigned leaf, int64_t us)
{
	unsigned i = d->leaves + leaf;

	d->us[i] = us;
	for (i /= 2; i > 0; i /= 2)
		d->us[i] = d->us[2 * i] <= d->us[2 * i + 1] ? d->us[2 * i]
							    : d->us[2 * i + 1];
}

/* The leaf that holds the root's value. */
static unsigned
due_first(const struct rt_operation_due *d)
{
	unsigned i = 1;

	while (i < d->leaves)
		i = d->us[2 * i] <= d->us[2 * i + 1] ? 2 * i : 2 * i + 1;
	return i - d->leaves;
}

/* ---- the table ------------------------------------------------------------------- */

void
rt_operations_init(struct rt_operations *t, uint32_t capacity, uint64_t seed)
{
	uint32_t slots = rt_hash_slots(capacity);

	*t = (struct rt_operations){
	    .capacity = capacity, .slots_mask = slots - 1, .seed = seed};
	t->memory =
	    rt_xtable((size_t)capacity * sizeof(*t->entries) + CACHE_LINE, 1);
	t->entries = (struct rt_operation *)(void *)((char *)t->memory +
	    (CACHE_LINE - (uintptr_t)t->memory % CACHE_LINE));
	t->slots = rt_xtable(slots, sizeof(*t->slots));
	t->timeouts_us[0] = NEVER_US / 2;
	t->timeouts_count = 1;
	due_init(&t->open.due, 1);
	due_init(&t->ended.due, 1);
}

void
rt_operations_fini(struct rt_operations *t)
{
	free(t->memory);
	free(t->slots);
	*t = (struct rt_operations){0};
}

uint64_t
rt_operations_bytes(uint32_t capacity)
{
	return (uint64_t)capacity * sizeof(struct rt_operation) + CACHE_LINE +
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

void
rt_operation_fetch_entry(const struct rt_operations *t, uint64_t hash)
{
	uint32_t number = t->slots[(uint32_t)hash & t->slots_mask];
	const char *entry = (const char *)&t->entries[number - 1];
	size_t at;

	if (number == 0) /* the next new one */
		entry = (const char *)&t->entries[t->used];
	for (at = 0; at < sizeof(struct rt_operation); at += CACHE_LINE)
		__builtin_prefetch(entry + at, 1);
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

/* The head of the list is another one. */
static void
note_head(
    struct rt_operations *t, struct rt_operation_lists *lists, unsigned timeout)
{
	const struct rt_operation *o = at(t, lists->of[timeout].head);

	due_set(&lists->due, timeout,
	    o ? o->touched_us + t->timeouts_us[timeout] : NEVER_US);
}

static void
list_append(struct rt_operations *t, struct rt_operation_lists *lists,
    struct rt_operation *o)
{
	struct rt_operation_list *l = &lists->of[o->timeout];
	uint32_t number = number_of(t, o);

	o->prev = l->tail;
	o->next = 0;
	if (l->tail)
		at(t, l->tail)->next = number;
	else
		l->head = number;
	l->tail = number;
	lists->count++;
	if (l->head == number)
		note_head(t, lists, o->timeout);
}

static void
list_remove(struct rt_operations *t, struct rt_operation_lists *lists,
    struct rt_operation *o)
{
	struct rt_operation_list *l = &lists->of[o->timeout];

	if (o->next)
		at(t, o->next)->prev = o->prev;
	else
		l->tail = o->prev;
	lists->count--;
	if (o->prev) {
		at(t, o->prev)->next = o->next;
	} else {
		l->head = o->next;
		note_head(t, lists, o->timeout);
	}
}

static struct rt_operation *
first_due(struct rt_operations *t, const struct rt_operation_lists *lists)
{
	return lists->count == 0
	    ? NULL
	    : at(t, lists->of[due_first(&lists->due)].head);
}

static struct rt_operation_lists *
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
	return first_due(t, t->ended.count > 0 ? &t->ended : &t->open);
}

struct rt_operation *
rt_operation_put(struct rt_operations *t, struct rt_str id, int64_t now_us,
    unsigned timeout, bool is_synthetic)
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
	o->timeout = (uint8_t)timeout;
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

/* Who removes one will soon remove the next. */
static void
fetch_behind(struct rt_operations *t, const struct rt_operation *o)
{
	const struct rt_operation *next = at(t, o->next);

	if (!next)
		return;
	rt_operation_fetch_slot(t, next->hash);
	__builtin_prefetch(at(t, next->next));
}

void
rt_operation_remove(struct rt_operations *t, struct rt_operation *o)
{
	uint32_t number = number_of(t, o);

	fetch_behind(t, o);
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
	list_remove(t, &t->open, o);
	o->touched_us = now_us;
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
rt_operation_silent(struct rt_operations *t, int64_t now_us)
{
	return t->open.due.us[1] < now_us ? first_due(t, &t->open) : NULL;
}

struct rt_operation *
rt_operation_forgettable(struct rt_operations *t, int64_t now_us)
{
	return t->ended.due.us[1] < now_us ? first_due(t, &t->ended) : NULL;
}

/* ---- other timeouts --------------------------------------------------------------- */

static uint8_t
same_timeout(const struct rt_operations *t, int64_t us)
{
	unsigned i;

	for (i = 0; i < t->timeouts_count; i++)
		if (t->timeouts_us[i] == us)
			return (uint8_t)i;
	return 0;
}

/* The list, of those in old[], whose head was touched first; none: `count`. */
static unsigned
first_touched(const struct rt_operations *t,
    const struct rt_operation_list *old, unsigned count)
{
	int64_t first_us = 0, us;
	unsigned i, first = count;

	for (i = 0; i < count; i++) {
		if (old[i].head == 0)
			continue;
		us = t->entries[old[i].head - 1].touched_us;
		if (first == count || us < first_us) {
			first = i;
			first_us = us;
		}
	}
	return first;
}

/* Merge the lists as they were into those that are now; each stays in time order. */
static void
relist(struct rt_operations *t, struct rt_operation_lists *lists,
    const uint8_t *becomes, unsigned old_count)
{
	struct rt_operation_list old[RT_TIMEOUTS_MAX];
	struct rt_operation *o;
	unsigned from;

	memcpy(old, lists->of, sizeof(old));
	memset(lists->of, 0, sizeof(lists->of));
	lists->count = 0;
	due_init(&lists->due, t->timeouts_count);
	while ((from = first_touched(t, old, old_count)) < old_count) {
		o = &t->entries[old[from].head - 1];
		old[from].head = o->next;
		o->timeout = becomes[from];
		list_append(t, lists, o);
	}
}

void
rt_operations_set_timeouts(
    struct rt_operations *t, const int64_t *timeouts_us, unsigned count)
{
	int64_t old_us[RT_TIMEOUTS_MAX];
	uint8_t becomes[RT_TIMEOUTS_MAX] = {0};
	unsigned old_count = t->timeouts_count, i;

	memcpy(old_us, t->timeouts_us, sizeof(old_us));
	memcpy(t->timeouts_us, timeouts_us, count * sizeof(*timeouts_us));
	t->timeouts_count = count;
	for (i = 1; i < old_count; i++)
		becomes[i] = same_timeout(t, old_us[i]);
	relist(t, &t->open, becomes, old_count);
	relist(t, &t->ended, becomes, old_count);
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
