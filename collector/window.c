/* SPDX-License-Identifier: MIT */
#include "collector/window.h"

#include <assert.h>
#include <string.h>

/*
 * A minute more than RT_FINE_US and RT_COARSE_US: trends look back further than the
 * window, and the longest coarse slot of any shape must be whole in all of them.
 */
const struct rt_window_shape rt_window_totals = {
    .counters = RT_C_COUNT + RT_STATUS_COUNT,
    .sketches = RT_LATENCY_COUNT,
    .fine_s = 1,
    .fine_count = 361,
    .coarse_s = 10,
    .coarse_count = 367,
};

const struct rt_window_shape rt_window_series = {
    .counters = RT_C_SERIES_END,
    .sketches = RT_LATENCY_COUNT,
    .fine_s = 10,
    .fine_count = 37,
    .coarse_s = 60,
    .coarse_count = 61,
};

struct rt_window_shape
rt_window_plain(uint32_t counters)
{
	struct rt_window_shape shape = rt_window_series;

	shape.counters = counters;
	shape.sketches = 0;
	return shape;
}

static uint32_t
slots_of(const struct rt_window_shape *s)
{
	return s->fine_count + s->coarse_count;
}

/* Vectors start at multiples of 8 bytes. */
static size_t
padded(size_t bytes)
{
	return (bytes + 7) & ~(size_t)7;
}

size_t
rt_window_bytes(const struct rt_window_shape *s)
{
	return s->counters * sizeof(uint64_t) +
	    slots_of(s) * sizeof(struct rt_window_slot) +
	    padded((slots_of(s) + 1) * s->counters * sizeof(uint32_t));
}

void
rt_window_init(struct rt_window *w, const struct rt_window_shape *shape,
    struct rt_sketch_pool *pool, void *storage)
{
	char *p = storage;

	assert(slots_of(shape) <= RT_WINDOW_SLOTS_MAX);
	assert(shape->coarse_s == shape->fine_s ||
	    shape->coarse_s * shape->coarse_count >=
		shape->fine_s * shape->fine_count);
	*w = (struct rt_window){.shape = shape, .pool = pool, .hot_number = -1};
	w->all = (uint64_t *)(void *)p;
	p += shape->counters * sizeof(uint64_t);
	w->heads = (struct rt_window_slot *)(void *)p;
	p += slots_of(shape) * sizeof(struct rt_window_slot);
	w->slots = (uint32_t *)(void *)p;
	w->hot = w->slots + (size_t)slots_of(shape) * shape->counters;
}

/*
 * A head that was never used has number 0 like slot 0 of the clock; since the vector is
 * zero too, taking one for the other changes nothing.
 */
static uint32_t
claim(struct rt_window *w, bool coarse, int64_t number)
{
	const struct rt_window_shape *s = w->shape;
	uint32_t at, i;

	at = coarse ? s->fine_count + (uint32_t)(number % s->coarse_count)
		    : (uint32_t)(number % s->fine_count);
	if (w->heads[at].number == (uint32_t)number)
		return at;
	memset(w->slots + (size_t)at * s->counters, 0,
	    s->counters * sizeof(uint32_t));
	for (i = 0; i < s->sketches; i++)
		rt_sketch_clear(w->pool, &w->heads[at].sketch[i]);
	memset(w->heads[at].sum_us, 0, sizeof(w->heads[at].sum_us));
	w->heads[at].number = (uint32_t)number;
	w->heads[at].lead = 0;
	return at;
}

static void
pour(struct rt_window *w, uint32_t at)
{
	const struct rt_window_shape *s = w->shape;
	uint32_t *to = w->slots + (size_t)at * s->counters;
	uint32_t i;

	for (i = 0; i < s->counters; i++)
		to[i] += w->hot[i];
	w->heads[at].lead = to[0];
	for (i = 0; i < RT_SUM_COUNT; i++)
		w->heads[at].sum_us[i] += w->hot_sum_us[i];
	for (i = 0; i < s->sketches; i++)
		rt_sketch_merge(
		    w->pool, &w->heads[at].sketch[i], &w->hot_sketch[i].sketch);
}

/* Add the hot vector to both rings and the total, and empty it. */
static void
flush(struct rt_window *w)
{
	const struct rt_window_shape *s = w->shape;
	uint32_t i;

	if (!w->is_hot)
		return;
	pour(w, claim(w, false, w->hot_number));
	pour(w, claim(w, true, w->hot_number * s->fine_s / s->coarse_s));
	for (i = 0; i < s->counters; i++)
		w->all[i] += w->hot[i];
	for (i = 0; i < RT_SUM_COUNT; i++)
		w->all_sum_us[i] += w->hot_sum_us[i];
	for (i = 0; i < s->sketches; i++) {
		rt_sketch_merge(
		    w->pool, &w->all_sketch[i], &w->hot_sketch[i].sketch);
		rt_sketch_cool(w->pool, &w->hot_sketch[i]);
	}
	memset(w->hot, 0, s->counters * sizeof(uint32_t));
	memset(w->hot_sum_us, 0, sizeof(w->hot_sum_us));
	w->is_hot = false;
}

void
rt_window_settle(struct rt_window *w)
{
	flush(w);
}

void
rt_window_turn(struct rt_window *w, int64_t now_us)
{
	int64_t fine_us = (int64_t)w->shape->fine_s * 1000000;

	flush(w);
	w->hot_number = rt_window_slot_number(now_us, w->shape->fine_s);
	w->hot_from_us = w->hot_number * fine_us;
	w->hot_until_us = w->hot_from_us + fine_us;
}

void
rt_window_sum_us(struct rt_window *w, enum rt_sum sum, uint64_t us)
{
	w->hot_sum_us[sum] += us;
	w->is_hot = true;
}

void
rt_window_sample(struct rt_window *w, enum rt_latency l, double ms)
{
	rt_sketch_add(w->pool, &w->hot_sketch[l], ms);
	w->is_hot = true;
}
