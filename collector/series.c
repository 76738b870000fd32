/* SPDX-License-Identifier: MIT */
#include "collector/series.h"

#include <stdlib.h>
#include <string.h>

#include "collector/hash.h"
#include "proto/mem.h"

static void
open_row(struct rt_series *s, uint64_t hash)
{
	struct rt_series_row *row = &s->rows[s->count];

	row->hash = hash;
	rt_window_init(&row->window, &rt_window_series, s->pool,
	    s->storage + rt_window_bytes(&rt_window_series) * s->count);
	s->count++;
}

void
rt_series_init(struct rt_series *s, struct rt_intern *labels,
    struct rt_sketch_pool *pool, uint32_t capacity, uint64_t seed)
{
	uint32_t slots = rt_hash_slots(capacity), i;

	*s = (struct rt_series){
	    .labels = labels,
	    .pool = pool,
	    .capacity = capacity + 1,
	    .slots_mask = slots - 1,
	    .seed = seed,
	};
	s->rows = rt_xcalloc(s->capacity, sizeof(*s->rows));
	s->storage =
	    rt_xcalloc(s->capacity, rt_window_bytes(&rt_window_series));
	s->slots = rt_xcalloc(slots, sizeof(*s->slots));
	s->answer = rt_series_answer_new(s->capacity);
	open_row(s, 0);
	for (i = 0; i < RT_LABEL_COUNT; i++)
		s->rows[0].labels[i] = RT_INTERN_OTHER;
}

void
rt_series_fini(struct rt_series *s)
{
	free(s->rows);
	free(s->storage);
	free(s->slots);
	rt_series_answer_free(s->answer);
	*s = (struct rt_series){0};
}

uint64_t
rt_series_bytes(uint32_t capacity)
{
	return (uint64_t)(capacity + 1) *
	    (sizeof(struct rt_series_row) +
		rt_window_bytes(&rt_window_series)) +
	    (uint64_t)rt_hash_slots(capacity) * sizeof(uint32_t) +
	    rt_series_answer_bytes(capacity + 1);
}

static void
labels_of(const struct rt_event *e, struct rt_str out[RT_LABEL_COUNT])
{
	out[RT_LABEL_ENVIRONMENT] = e->environment;
	out[RT_LABEL_SERVICE] = e->service;
	out[RT_LABEL_SERVICE_VERSION] = e->service_version;
	out[RT_LABEL_PROVIDER] = e->provider;
	out[RT_LABEL_HTTP_ROUTE] = e->http_route;
	out[RT_LABEL_MODEL_REQUESTED] = e->model_requested;
	out[RT_LABEL_STREAMING] = !rt_event_has(e, STREAMING)
	    ? RT_STR_NONE
	    : rt_str_of(e->streaming ? "true" : "false");
}

static bool
has_labels(const struct rt_series *s, const struct rt_series_row *row,
    const struct rt_str labels[RT_LABEL_COUNT])
{
	int i;

	for (i = 0; i < RT_LABEL_COUNT; i++)
		if (!rt_str_equal(
			rt_intern_get(s->labels, row->labels[i]), labels[i]))
			return false;
	return true;
}

uint32_t
rt_series_of(struct rt_series *s, const struct rt_event *e, uint32_t guess)
{
	struct rt_str labels[RT_LABEL_COUNT];
	uint64_t hash = s->seed;
	uint32_t at, number;
	int i;

	labels_of(e, labels);
	if (guess == 0)
		guess = s->last;
	if (guess != 0 && has_labels(s, &s->rows[guess], labels))
		return guess;
	for (i = 0; i < RT_LABEL_COUNT; i++)
		hash = rt_hash_str(hash, labels[i]);
	for (at = (uint32_t)hash & s->slots_mask; s->slots[at] != 0;
	     at = (at + 1) & s->slots_mask) {
		number = s->slots[at] - 1;
		if (s->rows[number].hash == hash &&
		    has_labels(s, &s->rows[number], labels))
			return s->last = number;
	}
	if (s->count == s->capacity) {
		s->overflow++;
		return 0;
	}
	number = s->count;
	open_row(s, hash);
	for (i = 0; i < RT_LABEL_COUNT; i++)
		s->rows[number].labels[i] = rt_intern_put(s->labels, labels[i]);
	s->slots[at] = number + 1;
	return s->last = number;
}

struct rt_str
rt_series_label(const struct rt_series *s, uint32_t number, enum rt_label label)
{
	if (number == 0)
		return RT_STR_NONE;
	return rt_intern_get(s->labels, s->rows[number].labels[label]);
}

struct rt_window *
rt_series_window(struct rt_series *s, uint32_t number, int64_t now_us)
{
	struct rt_series_row *row = &s->rows[number];

	if (s->hold != 0 && row->hold != s->hold) {
		rt_window_settle(&row->window);
		row->hold = s->hold;
	}
	rt_window_advance(&row->window, now_us);
	return &row->window;
}
