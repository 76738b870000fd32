/* SPDX-License-Identifier: MIT */
/*
 * quantile — how long things took, without keeping the samples.
 *
 * What    A histogram of durations whose quantiles are within 1 % of the exact ones,
 *         at any load, and that merges by adding.
 * Shape   Octaves of 64 equal buckets: value v falls in the octave of its power of two
 *         and there in the bucket of its next six mantissa bits.  Octaves that hold
 *         nothing take no room: a sketch is a list of chunks from a shared pool.
 * Units   Milliseconds, 2^-10 (about 1 us) to 2^32; smaller ones count as 0, larger ones
 *         as the last bucket.
 * Error   A bucket is 1/64 of its octave's base wide and answers with its middle: at most
 *         1/128 = 0.79 % off.  Nearest rank: the ceil(q n)-th smallest.
 * Bound   A sample that needs a chunk when the pool is empty is not kept; it is counted in
 *         pool->overflow, and the sketch's count does not include it.
 * Cost    add: a few compares and an increment.  merge, sum, quantiles: what is in use.
 * Source  The log-linear histogram of HdrHistogram, with 64 steps an octave.
 */
#ifndef RT_QUANTILE_H
#define RT_QUANTILE_H

#include <stdint.h>

#include "proto/report.h"

#define RT_SKETCH_STEPS 64u
#define RT_SKETCH_OCTAVES 43u /* [0], then 2^-10 .. 2^31 */

struct rt_sketch_chunk {
	uint32_t next; /* chunk number + 1; 0: end */
	uint32_t octave;
	uint64_t steps; /* bit i: bucket i is in use */
	/* of those in use, ascending and without gaps: few share a line of the cache */
	uint32_t n[RT_SKETCH_STEPS];
};

struct rt_sketch_pool {
	struct rt_sketch_chunk *chunks; /* owned */
	uint32_t capacity, used;        /* used: high-water mark */
	uint32_t free;                  /* list; chunk number + 1 */
	uint64_t overflow;              /* samples not kept */
};

/* The zero value is empty. */
struct rt_sketch {
	uint32_t head; /* chunk number + 1 */
};

/* One that samples are added to: its chunks are known by their octaves. */
#define RT_SKETCH_NEAR 16u
struct rt_sketch_hot {
	struct rt_sketch sketch;
	uint32_t near[RT_SKETCH_NEAR]; /* chunk number + 1; 0: not known */
};

/* All octaves at once: where sketches are added up for an answer. */
struct rt_sketch_dense {
	uint64_t count;
	uint64_t octaves; /* bit o: steps[o] is in use; others mean nothing */
	uint64_t steps[RT_SKETCH_OCTAVES]; /* bit i: n[o][i] likewise */
	uint64_t n[RT_SKETCH_OCTAVES][RT_SKETCH_STEPS];
};

void rt_sketch_pool_init(struct rt_sketch_pool *p, uint32_t capacity);
void rt_sketch_pool_fini(struct rt_sketch_pool *p);

void rt_sketch_add(
    struct rt_sketch_pool *p, struct rt_sketch_hot *s, double ms);
/* *to += *from */
void rt_sketch_merge(struct rt_sketch_pool *p, struct rt_sketch *to,
    const struct rt_sketch *from);
/* Give the chunks back. */
void rt_sketch_clear(struct rt_sketch_pool *p, struct rt_sketch *s);
void rt_sketch_cool(struct rt_sketch_pool *p, struct rt_sketch_hot *s);

/* Zeroed storage is empty too. */
static inline void
rt_sketch_empty(struct rt_sketch_dense *d)
{
	d->count = d->octaves = 0;
}

void rt_sketch_sum(const struct rt_sketch_pool *p, struct rt_sketch_dense *to,
    const struct rt_sketch *from);

/* A hint that these will be summed soon. */
static inline void
rt_sketch_fetch(const struct rt_sketch_pool *p,
    const struct rt_sketch sketches[RT_LATENCY_COUNT])
{
	for (int l = 0; l < RT_LATENCY_COUNT; l++)
		if (sketches[l].head != 0)
			__builtin_prefetch(&p->chunks[sketches[l].head - 1]);
}

/*
 * The same for a list, which is used up: chunks lie far apart, so those that come next
 * are on their way from memory while others are added.
 */
struct rt_sketch_part {
	uint32_t chunk; /* number + 1, not 0 */
	uint32_t to;    /* index */
};
void rt_sketch_sum_parts(const struct rt_sketch_pool *p,
    struct rt_sketch_dense *to, struct rt_sketch_part *parts, uint32_t count);

void rt_sketch_quantiles(
    const struct rt_sketch_dense *d, struct rt_quantiles *out);

#endif
