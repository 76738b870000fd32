/* SPDX-License-Identifier: MIT */
#include "collector/window.h"

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
	if (w->heads[at].number == number)
		return at;
	memset(w->slots + (size_t)at * s->counters, 0,
	    s->counters * sizeof(uint32_t));
	for (i = 0; i < s->sketches; i++)
		rt_sketch_clear(w->pool, &w->heads[at].sketch[i]);
	memset(w->heads[at].sum_us, 0, sizeof(w->heads[at].sum_us));
	w->heads[at].number = number;
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
	for (i = 0; i < RT_SUM_COUNT; i++)
		w->heads[at].sum_us[i] += w->hot_sum_us[i];
	for (i = 0; i < s->sketches; i++)
		rt_sketch_merge(
		    w->pool, &w->heads[at].sketch[i], &w->hot_sketch[i]);
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
		rt_sketch_merge(w->pool, &w->all_sketch[i], &w->hot_sketch[i]);
		rt_sketch_clear(w->pool, &w->hot_sketch[i]);
	}
	memset(w->hot, 0, s->counters * sizeof(uint32_t));
	memset(w->hot_sum_us, 0, sizeof(w->hot_sum_us));
	w->is_hot = false;
}

static int64_t
slot_number(int64_t now_us, uint32_t slot_s)
{
	return now_us / ((int64_t)slot_s * 1000000);
}

void
rt_window_advance(struct rt_window *w, int64_t now_us)
{
	int64_t number = slot_number(now_us, w->shape->fine_s);

	if (number == w->hot_number)
		return;
	flush(w);
	w->hot_number = number;
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

/* The slots of a span: numbers in one ring. */
struct slots {
	bool coarse;
	int64_t first, last; /* inclusive */
};

static struct slots
slots_in(const struct rt_window *w, struct rt_span span)
{
	const struct rt_window_shape *s = w->shape;
	bool coarse =
	    span.is_coarse || (int64_t)span.window_s * 1000000 > RT_FINE_US;
	uint32_t slot_s = coarse ? s->coarse_s : s->fine_s;
	uint32_t most = coarse ? s->coarse_count - 1 : s->fine_count - 1;
	uint32_t n = (span.window_s + slot_s - 1) / slot_s;
	int64_t last = slot_number(span.now_us, slot_s);

	if (n > most)
		n = most;
	if (n == 0)
		n = 1;
	return (struct slots){coarse, last - n + 1, last};
}

int64_t
rt_window_start_us(const struct rt_window *w, struct rt_span span)
{
	struct slots in = slots_in(w, span);

	return in.first * 1000000 *
	    (in.coarse ? w->shape->coarse_s : w->shape->fine_s);
}

/* Index of slot `number`, or UINT32_MAX where the ring does not hold it. */
static uint32_t
held(const struct rt_window *w, bool coarse, int64_t number)
{
	const struct rt_window_shape *s = w->shape;
	uint32_t at;

	if (number < 0)
		return UINT32_MAX;
	at = coarse ? s->fine_count + (uint32_t)(number % s->coarse_count)
		    : (uint32_t)(number % s->fine_count);
	return w->heads[at].number == number ? at : UINT32_MAX;
}

void
rt_window_sum(struct rt_window *w, struct rt_span span, uint64_t *out,
    uint64_t sum_us[RT_SUM_COUNT])
{
	const struct rt_window_shape *s = w->shape;
	const uint32_t *from;
	struct slots in;
	int64_t number;
	uint32_t at, i;

	flush(w);
	if (span.is_empty)
		return;
	if (span.window_s == 0) {
		for (i = 0; i < s->counters; i++)
			out[i] += w->all[i];
		for (i = 0; i < RT_SUM_COUNT; i++)
			sum_us[i] += w->all_sum_us[i];
		return;
	}
	in = slots_in(w, span);
	for (number = in.first; number <= in.last; number++) {
		at = held(w, in.coarse, number);
		if (at == UINT32_MAX)
			continue;
		from = w->slots + (size_t)at * s->counters;
		for (i = 0; i < s->counters; i++)
			out[i] += from[i];
		for (i = 0; i < RT_SUM_COUNT; i++)
			sum_us[i] += w->heads[at].sum_us[i];
	}
}

void
rt_window_sketch(struct rt_window *w, struct rt_span span, enum rt_latency l,
    struct rt_sketch_dense *out)
{
	struct slots in;
	int64_t number;
	uint32_t at;

	flush(w);
	if (span.is_empty)
		return;
	if (span.window_s == 0) {
		rt_sketch_sum(w->pool, out, &w->all_sketch[l]);
		return;
	}
	in = slots_in(w, span);
	for (number = in.first; number <= in.last; number++) {
		at = held(w, in.coarse, number);
		if (at != UINT32_MAX)
			rt_sketch_sum(w->pool, out, &w->heads[at].sketch[l]);
	}
}

void
rt_window_trend(struct rt_window *w, struct rt_span span, uint32_t step_s,
    uint32_t cols, const uint32_t *counters, uint32_t count, uint32_t *out)
{
	const struct rt_window_shape *s = w->shape;
	bool coarse =
	    span.is_coarse || step_s * cols > s->fine_s * (s->fine_count - 1);
	uint32_t slot_s = coarse ? s->coarse_s : s->fine_s;
	int64_t last_col = slot_number(span.now_us, step_s), number;
	int64_t last = slot_number(span.now_us, slot_s);
	uint32_t col, at, i;

	flush(w);
	memset(out, 0, cols * sizeof(*out));
	/* Columns sit on multiples of the step, so that they do not crawl. */
	number = (last_col - cols + 1) * step_s / slot_s;
	for (; number <= last; number++) {
		at = held(w, coarse, number);
		if (at == UINT32_MAX)
			continue;
		col =
		    (uint32_t)(number * slot_s / step_s - last_col + cols - 1);
		for (i = 0; i < count; i++)
			out[col] +=
			    w->slots[(size_t)at * s->counters + counters[i]];
	}
}
