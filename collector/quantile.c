/* SPDX-License-Identifier: MIT */
#include "collector/quantile.h"

#include <stdlib.h>
#include <string.h>

#include "proto/mem.h"

/* Exponent, as IEEE 754 biases it, of the first octave after [0]. */
#define FIRST_EXPONENT (1023 - 10)

void
rt_sketch_pool_init(struct rt_sketch_pool *p, uint32_t capacity)
{
	*p = (struct rt_sketch_pool){.capacity = capacity};
	p->chunks = rt_xtable(capacity, sizeof(*p->chunks));
}

void
rt_sketch_pool_fini(struct rt_sketch_pool *p)
{
	free(p->chunks);
	*p = (struct rt_sketch_pool){0};
}

/* Split a duration into octave and step by looking at its bits. */
static inline void
bucket_of(double ms, uint32_t *octave, uint32_t *step)
{
	uint64_t bits;
	int64_t exponent;

	memcpy(&bits, &ms, sizeof(bits));
	exponent = (int64_t)(bits >> 52) - FIRST_EXPONENT;
	if (!(ms > 0) || exponent < 0) {
		*octave = 0;
		*step = 0;
	} else if (exponent >= (int64_t)RT_SKETCH_OCTAVES - 1) {
		*octave = RT_SKETCH_OCTAVES - 1;
		*step = RT_SKETCH_STEPS - 1;
	} else {
		*octave = (uint32_t)exponent + 1;
		*step = (uint32_t)(bits >> 46) & (RT_SKETCH_STEPS - 1);
	}
}

static double
bucket_middle(uint32_t octave, uint32_t step)
{
	uint64_t bits = (uint64_t)(octave - 1 + FIRST_EXPONENT) << 52;
	double base;

	if (octave == 0)
		return 0;
	memcpy(&base, &bits, sizeof(base));
	return base * (1.0 + (step + 0.5) / RT_SKETCH_STEPS);
}

/* The sketch's chunk for an octave, a new one where needed; NULL: pool empty. */
static struct rt_sketch_chunk *
chunk_for(struct rt_sketch_pool *p, struct rt_sketch *s, uint32_t octave)
{
	struct rt_sketch_chunk *c;
	uint32_t number;

	for (number = s->head; number != 0; number = c->next) {
		c = &p->chunks[number - 1];
		if (c->octave == octave)
			return c;
	}
	if (p->free != 0) {
		number = p->free;
		p->free = p->chunks[number - 1].next;
	} else if (p->used < p->capacity) {
		number = ++p->used;
	} else {
		return NULL;
	}
	c = &p->chunks[number - 1];
	c->octave = octave;
	c->steps = 0;
	c->next = s->head;
	s->head = number;
	return c;
}

#define STEP_BIT(step) (UINT64_C(1) << (step))

_Static_assert(RT_SKETCH_STEPS == 64, "a bit for each step");

/* Steps are mostly empty: only those that are not are walked, by their bits. */
static inline uint32_t
first_bit(uint64_t bits)
{
	return (uint32_t)__builtin_ctzll(bits);
}

static inline uint32_t
count_bits(uint64_t v)
{
	v -= v >> 1 & UINT64_C(0x5555555555555555);
	v = (v & UINT64_C(0x3333333333333333)) +
	    (v >> 2 & UINT64_C(0x3333333333333333));
	v = (v + (v >> 4)) & UINT64_C(0x0F0F0F0F0F0F0F0F);
	return (uint32_t)(v * UINT64_C(0x0101010101010101) >> 56);
}

static inline void
chunk_add(struct rt_sketch_chunk *c, uint32_t step, uint32_t n)
{
	uint32_t at = count_bits(c->steps & (STEP_BIT(step) - 1));

	if (!(c->steps & STEP_BIT(step))) {
		memmove(&c->n[at + 1], &c->n[at],
		    (count_bits(c->steps) - at) * sizeof(c->n[0]));
		c->n[at] = 0;
		c->steps |= STEP_BIT(step);
	}
	c->n[at] += n;
}

void
rt_sketch_add(struct rt_sketch_pool *p, struct rt_sketch_hot *s, double ms)
{
	struct rt_sketch_chunk *c;
	uint32_t octave, step, *near;

	bucket_of(ms, &octave, &step);
	near = &s->near[octave % RT_SKETCH_NEAR];
	c = *near != 0 ? &p->chunks[*near - 1] : NULL;
	if (!c || c->octave != octave) {
		c = chunk_for(p, &s->sketch, octave);
		if (!c) {
			p->overflow++;
			return;
		}
		*near = (uint32_t)(c - p->chunks) + 1;
	}
	chunk_add(c, step, 1);
}

void
rt_sketch_cool(struct rt_sketch_pool *p, struct rt_sketch_hot *s)
{
	rt_sketch_clear(p, &s->sketch);
	memset(s->near, 0, sizeof(s->near));
}

void
rt_sketch_merge(struct rt_sketch_pool *p, struct rt_sketch *to,
    const struct rt_sketch *from)
{
	const struct rt_sketch_chunk *c;
	struct rt_sketch_chunk *t;
	const uint32_t *n;
	uint32_t number;
	uint64_t left;

	for (number = from->head; number != 0; number = c->next) {
		c = &p->chunks[number - 1];
		t = chunk_for(p, to, c->octave);
		for (n = c->n, left = c->steps; left; left &= left - 1, n++) {
			if (t)
				chunk_add(t, first_bit(left), *n);
			else
				p->overflow += *n;
		}
	}
}

void
rt_sketch_clear(struct rt_sketch_pool *p, struct rt_sketch *s)
{
	uint32_t last;

	if (s->head == 0)
		return;
	last = s->head;
	while (p->chunks[last - 1].next != 0)
		last = p->chunks[last - 1].next;
	p->chunks[last - 1].next = p->free;
	p->free = s->head;
	s->head = 0;
}

_Static_assert(RT_SKETCH_OCTAVES <= 64, "a bit for each octave");

static bool
is_used(const struct rt_sketch_dense *d, uint32_t octave)
{
	return (d->octaves >> octave & 1) != 0;
}

static void
sum_chunk(struct rt_sketch_dense *to, const struct rt_sketch_chunk *c)
{
	uint64_t *n = to->n[c->octave], *steps = &to->steps[c->octave], left;
	const uint32_t *more = c->n;
	uint32_t i;

	if (!is_used(to, c->octave))
		*steps = 0;
	to->octaves |= UINT64_C(1) << c->octave;
	for (left = c->steps; left; left &= left - 1) {
		i = first_bit(left);
		n[i] = (*steps & STEP_BIT(i) ? n[i] : 0) + *more;
		to->count += *more++;
	}
	*steps |= c->steps;
}

void
rt_sketch_sum(const struct rt_sketch_pool *p, struct rt_sketch_dense *to,
    const struct rt_sketch *from)
{
	const struct rt_sketch_chunk *c;
	uint32_t number;

	for (number = from->head; number != 0; number = c->next) {
		c = &p->chunks[number - 1];
		sum_chunk(to, c);
	}
}

/* The counts of a chunk whose head is there, and the head of the next. */
static void
fetch_rest(const struct rt_sketch_pool *p, const struct rt_sketch_chunk *c)
{
	__builtin_prefetch(&c->n[count_bits(c->steps)]);
	if (c->next)
		__builtin_prefetch(&p->chunks[c->next - 1]);
}

void
rt_sketch_sum_parts(const struct rt_sketch_pool *p, struct rt_sketch_dense *to,
    struct rt_sketch_part *parts, uint32_t count)
{
	const struct rt_sketch_chunk *c;
	uint32_t i, next;

	for (i = 0; i < count; i++)
		__builtin_prefetch(&p->chunks[parts[i].chunk - 1]);
	for (; count > 0; count = next) {
		for (i = 0; i < count; i++)
			fetch_rest(p, &p->chunks[parts[i].chunk - 1]);
		for (i = next = 0; i < count; i++) {
			c = &p->chunks[parts[i].chunk - 1];
			sum_chunk(&to[parts[i].to], c);
			if (c->next != 0)
				parts[next++] = (struct rt_sketch_part){
				    c->next, parts[i].to};
		}
	}
}

void
rt_sketch_quantiles(const struct rt_sketch_dense *d, struct rt_quantiles *out)
{
	static const double wanted[] = {0.50, 0.90, 0.95, 0.99, 1.0};
	double found[RT_COUNT_OF(wanted)] = {0};
	uint64_t seen = 0, left, octaves;
	uint32_t octave, step;
	size_t q = 0;

	for (octaves = d->octaves; octaves; octaves &= octaves - 1) {
		octave = first_bit(octaves);
		for (left = d->steps[octave]; left; left &= left - 1) {
			step = first_bit(left);
			seen += d->n[octave][step];
			while (q < RT_COUNT_OF(wanted) && seen > 0 &&
			    (double)seen >= wanted[q] * (double)d->count)
				found[q++] = bucket_middle(octave, step);
		}
	}
	*out = (struct rt_quantiles){
	    d->count, found[0], found[1], found[2], found[3], found[4]};
}
