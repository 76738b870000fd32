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
	s->storage = rt_xtable(s->capacity, rt_window_bytes(&rt_window_series));
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

_Static_assert(sizeof(struct rt_series_key) ==
	2 * RT_LABEL_COUNT * sizeof(uint64_t) +
	    (RT_LABEL_COUNT + 1) * sizeof(uint16_t),
    "keys are compared with what is between their members: nothing");

static void
key_of(const struct rt_str labels[RT_LABEL_COUNT], struct rt_series_key *key)
{
	struct rt_str s;
	unsigned i;

	key->longs = 0;
	for (i = 0; i < RT_LABEL_COUNT; i++) {
		s = labels[i];
		key->words[2 * i] = s.len >= 8 ? rt_str_word(s.p) : 0;
		key->words[2 * i + 1] = rt_str_last_word(s);
		key->lens[i] = (uint16_t)s.len;
		key->longs |= (uint16_t)((s.len > 16) << i);
	}
}

static uint64_t
hash_of(const struct rt_series *s, const struct rt_series_key *key,
    const struct rt_str labels[RT_LABEL_COUNT])
{
	uint64_t h = s->seed;
	unsigned i, longs;

	for (i = 0; i < RT_LABEL_COUNT; i++)
		h = rt_hash_mix(
		    h + key->lens[i], key->words[2 * i], key->words[2 * i + 1]);
	for (longs = key->longs; longs; longs &= longs - 1)
		h = rt_hash_str(h, labels[__builtin_ctz(longs)]);
	return h;
}

static bool
is_row(const struct rt_series *s, const struct rt_series_row *row,
    const struct rt_series_key *key, const struct rt_str labels[RT_LABEL_COUNT])
{
	unsigned i, longs;

	if (memcmp(&row->key, key, sizeof(*key)) != 0)
		return false;
	for (longs = key->longs; longs; longs &= longs - 1) {
		i = (unsigned)__builtin_ctz(longs);
		if (!rt_str_equal(
			rt_intern_get(s->labels, row->labels[i]), labels[i]))
			return false;
	}
	return true;
}

/* False where a label has no room: then the series has none either. */
static bool
put_labels(struct rt_series *s, struct rt_series_row *row,
    const struct rt_str labels[RT_LABEL_COUNT])
{
	int i;

	for (i = 0; i < RT_LABEL_COUNT; i++) {
		row->labels[i] = rt_intern_put(s->labels, labels[i]);
		if (row->labels[i] == RT_INTERN_OTHER)
			return false;
	}
	return true;
}

uint32_t
rt_series_of(struct rt_series *s, const struct rt_event *e)
{
	struct rt_str labels[RT_LABEL_COUNT];
	struct rt_series_key key;
	uint32_t at, number;
	uint64_t hash;

	labels_of(e, labels);
	key_of(labels, &key);
	if (s->last != 0 && is_row(s, &s->rows[s->last], &key, labels))
		return s->last;
	hash = hash_of(s, &key, labels);
	for (at = (uint32_t)hash & s->slots_mask; s->slots[at] != 0;
	     at = (at + 1) & s->slots_mask) {
		number = s->slots[at] - 1;
		if (s->rows[number].hash == hash &&
		    is_row(s, &s->rows[number], &key, labels))
			return s->last = number;
	}
	number = s->count;
	if (number == s->capacity || !put_labels(s, &s->rows[number], labels)) {
		s->overflow++;
		return 0;
	}
	s->rows[number].key = key;
	open_row(s, hash);
	s->slots[at] = number + 1;
	return s->last = number;
}

void
rt_series_fetch(const struct rt_series *s, uint32_t number)
{
	const struct rt_window *w = &s->rows[number].window;
	const char *hot = (const char *)w->hot;
	size_t at;

	for (at = 0; at < w->shape->counters * sizeof(*w->hot); at += 64)
		__builtin_prefetch(hot + at, 1);
	for (at = 0; at < sizeof(w->hot_sketch); at += 64)
		__builtin_prefetch((const char *)w->hot_sketch + at, 1);
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
