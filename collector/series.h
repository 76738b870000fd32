/* SPDX-License-Identifier: MIT */
/*
 * series — counters for each (environment, service, service_version, provider,
 * http_route, model_requested, streaming).
 *
 * Attempts count in their own series; an operation, its fate and its time in that of its
 * first attempt record.  Bound: `capacity` series; what comes beyond, or has a label for
 * which there is no room, goes to number 0, "(other)", and is counted.  Totals are kept
 * elsewhere and stay exact.
 * Cost: a compare of the labels where it is the series found last, else a hash more.
 */
#ifndef RT_SERIES_H
#define RT_SERIES_H

#include "collector/intern.h"
#include "collector/window.h"
#include "proto/event.h"
#include "proto/query.h"

/* Labels to compare at once: of each its first and its last 8 bytes, and the length. */
struct rt_series_key {
	uint64_t words[2 * RT_LABEL_COUNT];
	uint16_t lens[RT_LABEL_COUNT];
	uint16_t longs; /* bits: which are longer, and so not wholly in it */
};

struct rt_series_row {
	uint64_t hash;
	struct rt_series_key key;
	uint32_t labels[RT_LABEL_COUNT]; /* interned */
	uint32_t hold; /* the last that began before it was counted in */
	struct rt_window window;
};

struct rt_series {
	struct rt_intern *labels;    /* borrowed */
	struct rt_sketch_pool *pool; /* borrowed */
	struct rt_series_row *rows;  /* owned */
	char *storage;               /* owned: the rows' windows */
	uint32_t *slots;             /* owned; row number + 1 */
	uint32_t capacity, count, slots_mask;
	uint32_t last; /* found last */
	uint32_t hold; /* number of the answer that is being made; 0: none */
	uint32_t holds;
	struct rt_series_answer *answer; /* owned */
	uint64_t seed, overflow; /* overflow: attempts that went to (other) */
};

void rt_series_init(struct rt_series *s, struct rt_intern *labels,
    struct rt_sketch_pool *pool, uint32_t capacity, uint64_t seed);
void rt_series_fini(struct rt_series *s);
uint64_t rt_series_bytes(uint32_t capacity);

/* Number of the event's series; 0 where there is no room. */
uint32_t rt_series_of(struct rt_series *s, const struct rt_event *e);

/* Have its counters brought near: see rt_operation_fetch_slot. */
void rt_series_fetch(const struct rt_series *s, uint32_t number);

/* One of its labels; absent for (other) too. */
struct rt_str rt_series_label(
    const struct rt_series *s, uint32_t number, enum rt_label label);

/* Its counters, moved to `now`. */
struct rt_window *rt_series_window(
    struct rt_series *s, uint32_t number, int64_t now_us);

/* ---- answers (series_answer.c) ------------------------------------------------- */

/*
 * Rows of an answer: series summed by the labels that the query keeps apart, sorted and
 * cut as it says; sets series_total.
 *
 * In pieces, so that who counts need not wait: rt_series_begin holds the moment, `step`
 * visits `visits` rows at most and says whether there are more, `end` gives up or closes.
 * What is counted meanwhile is in none of its numbers: the window of a row is settled before
 * the first count in it.  That lasts while the fine slot of the beginning does: count
 * nothing after it before `end`, or begin again.  One answer at a time.
 */
void rt_series_begin(struct rt_series *s, struct rt_span span,
    const struct rt_query *q, struct rt_report *out);
bool rt_series_step(struct rt_series *s, uint32_t visits);
void rt_series_end(struct rt_series *s);

/* Where they are made. */
struct rt_series_answer *rt_series_answer_new(uint32_t rows);
void rt_series_answer_free(struct rt_series_answer *p);
uint64_t rt_series_answer_bytes(uint32_t rows);

#endif
