/* SPDX-License-Identifier: MIT */
/*
 * window — counters over the last minute to hour, and since the start.
 *
 * What    A vector of counters and a few latency sketches, kept for sliding windows.
 * Shape   Two rings of slots: fine ones (for windows up to fine_s * fine_count seconds)
 *         and coarse ones, and one total since the start.  Events go to a single hot
 *         vector; it is added to the current slot of both rings and to the total when
 *         its fine slot is over, or when somebody asks.
 * Time    Any clock in microseconds that does not go backwards: monotonic when live, the
 *         records' own in a replay.  A window of w seconds ending now is the current slot
 *         and the w / slot - 1 before it.
 * Past    A span may end earlier, as long as the rings hold it: up to RT_FINE_US ago in
 *         fine slots of every shape, beyond that in coarse ones.  It then ends with a
 *         slot, so that windows of different shapes cover the same time.
 * Bound   Storage is fixed at init: rt_window_bytes.  Zeroed memory that is not used yet
 *         costs nothing.
 * Cost    count: one increment.  advance: a compare; at a slot's end one vector add.
 *         sum: slots in the window x counters, where a coarse slot stands for the fine
 *         ones that lie in it: at most 10 for five minutes of a series.
 */
#ifndef RT_WINDOW_H
#define RT_WINDOW_H

#include "collector/quantile.h"

struct rt_window_shape {
	uint32_t counters; /* length of the vector */
	uint32_t sketches; /* at most RT_LATENCY_COUNT */
	uint32_t fine_s, fine_count;
	/*
	 * coarse_s is a multiple of fine_s; where it is longer, the coarse ring reaches as
	 * far back as the fine one.
	 */
	uint32_t coarse_s, coarse_count;
};

/* What the fine rings below hold at least, and the coarse ones. */
#define RT_FINE_US (INT64_C(300) * 1000000)
#define RT_COARSE_US (INT64_C(3600) * 1000000)

/* Totals, and each series or row. */
extern const struct rt_window_shape rt_window_totals, rt_window_series;
/* A few counters without sketches. */
struct rt_window_shape rt_window_plain(uint32_t counters);

struct rt_window_slot {
	uint32_t number; /* time / slot length, its low 32 bits */
	uint32_t lead;   /* counter 0 once more: its trend reads heads alone */
	uint64_t sum_us[RT_SUM_COUNT];
	struct rt_sketch sketch[RT_LATENCY_COUNT];
};

struct rt_window {
	const struct rt_window_shape *shape; /* borrowed */
	struct rt_sketch_pool *pool;         /* borrowed; NULL: no sketches */
	int64_t hot_number;                  /* fine slot of the hot vector */
	int64_t hot_from_us, hot_until_us;   /* its time */
	bool is_hot;                         /* anything in it */
	uint64_t hot_sum_us[RT_SUM_COUNT];
	struct rt_sketch_hot hot_sketch[RT_LATENCY_COUNT];
	uint64_t all_sum_us[RT_SUM_COUNT];
	struct rt_sketch all_sketch[RT_LATENCY_COUNT];
	uint32_t *hot;   /* [counters] */
	uint64_t *all;   /* [counters] */
	uint32_t *slots; /* [fine_count + coarse_count][counters] */
	struct rt_window_slot *heads; /* [fine_count + coarse_count] */
};

/* What an answer is about. */
struct rt_span {
	int64_t now_us;    /* its last moment */
	uint32_t window_s; /* back from there; 0: all since the start */
	bool is_coarse;    /* coarse slots, although fine ones would reach */
	bool is_empty;     /* nothing of it is held */
	bool is_settled; /* what was counted since rt_window_settle is later */
};

static inline struct rt_span
rt_span_now(int64_t now_us, uint32_t window_s)
{
	return (struct rt_span){.now_us = now_us, .window_s = window_s};
}

/* Slots of a shape at most, of both rings together. */
#define RT_WINDOW_SLOTS_MAX 1024u

static inline int64_t
rt_window_slot_number(int64_t now_us, uint32_t slot_s)
{
	return now_us / ((int64_t)slot_s * 1000000);
}

/* Bytes of storage that init wants, a multiple of 8. */
size_t rt_window_bytes(const struct rt_window_shape *shape);
/* `storage` is zeroed, aligned to 8, the caller's, and must outlive the window. */
void rt_window_init(struct rt_window *w, const struct rt_window_shape *shape,
    struct rt_sketch_pool *pool, void *storage);

/* The same, where `now` is in another fine slot than before. */
void rt_window_turn(struct rt_window *w, int64_t now_us);

/* Move to `now`; call before counting. */
static inline void
rt_window_advance(struct rt_window *w, int64_t now_us)
{
	if (now_us < w->hot_from_us || now_us >= w->hot_until_us)
		rt_window_turn(w, now_us);
}

static inline void
rt_window_count(struct rt_window *w, uint32_t counter, uint32_t n)
{
	w->hot[counter] += n;
	w->is_hot = true;
}

void rt_window_sum_us(struct rt_window *w, enum rt_sum sum, uint64_t us);
void rt_window_sample(struct rt_window *w, enum rt_latency l, double ms);

/*
 * Part what was counted so far from what comes: until the next fine slot begins, a span
 * that is_settled is about the former alone.
 */
void rt_window_settle(struct rt_window *w);

/*
 * Add a span to out[counters] and sum_us.  A window longer than the coarse ring is cut
 * to it.
 */
void rt_window_sum(struct rt_window *w, struct rt_span span, uint64_t *out,
    uint64_t sum_us[RT_SUM_COUNT]);
/* The same for one sketch. */
void rt_window_sketch(struct rt_window *w, struct rt_span span,
    enum rt_latency l, struct rt_sketch_dense *out);
/* And for several, first to last: out[0] is for the first. */
void rt_window_sketches(struct rt_window *w, struct rt_span span,
    uint32_t first, uint32_t last, struct rt_sketch_dense *out);
/*
 * Hints that the window will be read soon, since those of many lie far apart: its counters;
 * its heads (for sketches and a trend of counter 0); and, heads being there, its sketches.
 */
void rt_window_fetch_counters(const struct rt_window *w, struct rt_span span);
void rt_window_fetch_heads(const struct rt_window *w, struct rt_span span);
void rt_window_fetch_sketches(const struct rt_window *w, struct rt_span span);

/* When the first slot of a span begins; of a span with a window only. */
int64_t rt_window_start_us(const struct rt_window *w, struct rt_span span);

/*
 * Sum of some counters for each of `cols` columns of step_s seconds, newest last; nothing
 * after the end of the span.  step_s is a multiple of fine_s or, beyond the fine ring or
 * in a coarse span, of coarse_s.
 */
void rt_window_trend(struct rt_window *w, struct rt_span span, uint32_t step_s,
    uint32_t cols, const uint32_t *counters, uint32_t count, uint32_t *out);

#endif
