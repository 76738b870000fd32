/* SPDX-License-Identifier: MIT */
/*
 * window_span — what a window says of a span: which slots it is, and their sums.
 */
#include <string.h>

#include "collector/window.h"

#define PARTS_MAX 256u

/* The slots of a span, by its numbers in one ring. */
struct run {
	bool coarse;
	int64_t first, last; /* inclusive */
};

static struct run
run_of(const struct rt_window *w, struct rt_span span)
{
	const struct rt_window_shape *s = w->shape;
	bool coarse =
	    span.is_coarse || (int64_t)span.window_s * 1000000 > RT_FINE_US;
	uint32_t slot_s = coarse ? s->coarse_s : s->fine_s;
	uint32_t most = coarse ? s->coarse_count - 1 : s->fine_count - 1;
	uint32_t n = (span.window_s + slot_s - 1) / slot_s;
	int64_t last = rt_window_slot_number(span.now_us, slot_s);

	if (n > most)
		n = most;
	if (n == 0)
		n = 1;
	return (struct run){coarse, last - n + 1, last};
}

int64_t
rt_window_start_us(const struct rt_window *w, struct rt_span span)
{
	struct run in = run_of(w, span);

	return in.first * 1000000 *
	    (in.coarse ? w->shape->coarse_s : w->shape->fine_s);
}

/*
 * Both rings hold the same, so of fine slots those that make up a coarse one are read
 * there.  Where nothing was counted after the span, the coarse slot that it ends in holds
 * nothing else.  Returns how many runs it is, some perhaps empty.
 */
static unsigned
runs_of(const struct rt_window *w, struct rt_span span, struct run out[3])
{
	struct run in = run_of(w, span), inner = {.coarse = true};
	int64_t ratio = w->shape->coarse_s / w->shape->fine_s;

	inner.first = in.first > 0 ? (in.first + ratio - 1) / ratio : 0;
	inner.last = w->hot_number <= in.last ? in.last / ratio
					      : (in.last + 1) / ratio - 1;
	if (in.coarse || ratio == 1 || inner.first > inner.last) {
		out[0] = in;
		return 1;
	}
	out[0] = (struct run){false, in.first, inner.first * ratio - 1};
	out[1] = inner;
	out[2] = (struct run){false, (inner.last + 1) * ratio, in.last};
	return 3;
}

/* Places of one ring that follow each other, the last one by the first. */
struct ring {
	uint32_t begin, end, at;
};

static struct ring
ring_of(const struct rt_window *w, bool coarse, int64_t number)
{
	const struct rt_window_shape *s = w->shape;
	uint32_t begin = coarse ? s->fine_count : 0;
	uint32_t end = begin + (coarse ? s->coarse_count : s->fine_count);

	return (struct ring){
	    begin, end, begin + (uint32_t)(number % (end - begin))};
}

static inline void
ring_next(struct ring *r)
{
	if (++r->at == r->end)
		r->at = r->begin;
}

/* Slots that are held, by their place among the heads. */
struct slots {
	uint32_t count, at[RT_WINDOW_SLOTS_MAX];
};

static void
find_slots(const struct rt_window *w, struct rt_span span, struct slots *out)
{
	struct run runs[3];
	unsigned n = runs_of(w, span, runs), i;

	out->count = 0;
	for (i = 0; i < n; i++) {
		int64_t number = runs[i].first > 0 ? runs[i].first : 0;
		struct ring r = ring_of(w, runs[i].coarse, number);

		for (; number <= runs[i].last; number++, ring_next(&r))
			if (w->heads[r.at].number == (uint32_t)number)
				out->at[out->count++] = r.at;
	}
}

/* ---- hints --------------------------------------------------------------- */

#define LINE_BYTES 64u

static void
fetch(const void *from, size_t bytes)
{
	const char *p = from;

	for (; bytes > LINE_BYTES; bytes -= LINE_BYTES, p += LINE_BYTES)
		__builtin_prefetch(p);
	__builtin_prefetch(p);
	__builtin_prefetch(p + bytes - 1);
}

void
rt_window_fetch_counters(const struct rt_window *w, struct rt_span span)
{
	const size_t bytes = w->shape->counters * sizeof(uint32_t);
	struct run runs[3];
	unsigned n, i;

	if (span.is_empty || span.window_s == 0) {
		fetch(w->all, 2 * bytes);
		return;
	}
	n = runs_of(w, span, runs);
	for (i = 0; i < n; i++) {
		int64_t number = runs[i].first > 0 ? runs[i].first : 0;
		struct ring r = ring_of(w, runs[i].coarse, number);

		for (; number <= runs[i].last; number++, ring_next(&r)) {
			__builtin_prefetch(&w->heads[r.at]);
			fetch(w->slots + (size_t)r.at * w->shape->counters,
			    bytes);
		}
	}
}

/* The fine ones are all of a trend; the coarse ones of a short span follow. */
void
rt_window_fetch_heads(const struct rt_window *w, struct rt_span span)
{
	const struct rt_window_shape *s = w->shape;
	struct run in = run_of(w, span);
	struct ring r;

	if (span.is_empty)
		return;
	fetch(w->heads, s->fine_count * sizeof(*w->heads));
	if (span.window_s == 0)
		return;
	if (!in.coarse) {
		in.first = in.first * s->fine_s / s->coarse_s;
		in.last = in.last * s->fine_s / s->coarse_s;
	}
	in.first = in.first > 0 ? in.first : 0;
	r = ring_of(w, true, in.first);
	for (; in.first <= in.last; in.first++, ring_next(&r))
		__builtin_prefetch(&w->heads[r.at]);
}

void
rt_window_fetch_sketches(const struct rt_window *w, struct rt_span span)
{
	struct slots in;
	uint32_t i;

	if (span.is_empty || span.window_s == 0)
		return;
	find_slots(w, span, &in);
	for (i = 0; i < in.count; i++)
		rt_sketch_fetch(w->pool, w->heads[in.at[i]].sketch);
}

/* ---- sums ---------------------------------------------------------------- */

/* Written so that it becomes vector code at -O2: a fixed length inside. */
static void
add_counters(uint64_t *restrict to, const uint32_t *restrict from, size_t count)
{
	for (; count >= 8; count -= 8, to += 8, from += 8)
		for (unsigned k = 0; k < 8; k++)
			to[k] += from[k];
	for (size_t k = 0; k < count; k++)
		to[k] += from[k];
}

/* What is hot belongs to the span, unless it came after it. */
static void
settle(struct rt_window *w, struct rt_span span)
{
	if (!span.is_settled)
		rt_window_settle(w);
}

void
rt_window_sum(struct rt_window *w, struct rt_span span, uint64_t *out,
    uint64_t sum_us[RT_SUM_COUNT])
{
	const struct rt_window_shape *s = w->shape;
	struct slots in;
	uint32_t i, k;

	settle(w, span);
	if (span.is_empty)
		return;
	if (span.window_s == 0) {
		for (i = 0; i < s->counters; i++)
			out[i] += w->all[i];
		for (i = 0; i < RT_SUM_COUNT; i++)
			sum_us[i] += w->all_sum_us[i];
		return;
	}
	find_slots(w, span, &in);
	for (i = 0; i < in.count; i++) {
		add_counters(out, w->slots + (size_t)in.at[i] * s->counters,
		    s->counters);
		for (k = 0; k < RT_SUM_COUNT; k++)
			sum_us[k] += w->heads[in.at[i]].sum_us[k];
	}
}

/* Of sketches first .. last: out[0] is for the first. */
static void
sum_sketches(const struct rt_window *w, const struct slots *in, uint32_t first,
    uint32_t last, struct rt_sketch_dense *out)
{
	struct rt_sketch_part parts[PARTS_MAX];
	uint32_t i, l, count = 0;

	for (i = 0; i < in->count; i++) {
		const struct rt_sketch *from = w->heads[in->at[i]].sketch;

		for (l = first; l <= last; l++)
			if (from[l].head != 0)
				parts[count++] = (struct rt_sketch_part){
				    from[l].head, l - first};
		if (count <= PARTS_MAX - RT_LATENCY_COUNT)
			continue;
		rt_sketch_sum_parts(w->pool, out, parts, count);
		count = 0;
	}
	rt_sketch_sum_parts(w->pool, out, parts, count);
}

void
rt_window_sketches(struct rt_window *w, struct rt_span span, uint32_t first,
    uint32_t last, struct rt_sketch_dense *out)
{
	struct slots in;
	uint32_t l;

	settle(w, span);
	if (span.is_empty)
		return;
	if (span.window_s == 0) {
		for (l = first; l <= last; l++)
			rt_sketch_sum(
			    w->pool, &out[l - first], &w->all_sketch[l]);
		return;
	}
	find_slots(w, span, &in);
	sum_sketches(w, &in, first, last, out);
}

void
rt_window_sketch(struct rt_window *w, struct rt_span span, enum rt_latency l,
    struct rt_sketch_dense *out)
{
	rt_window_sketches(w, span, l, l, out);
}

void
rt_window_trend(struct rt_window *w, struct rt_span span, uint32_t step_s,
    uint32_t cols, const uint32_t *counters, uint32_t count, uint32_t *out)
{
	const struct rt_window_shape *s = w->shape;
	bool coarse =
	    span.is_coarse || step_s * cols > s->fine_s * (s->fine_count - 1);
	uint32_t slot_s = coarse ? s->coarse_s : s->fine_s;
	int64_t last_col = rt_window_slot_number(span.now_us, step_s);
	int64_t last = rt_window_slot_number(span.now_us, slot_s), number;
	uint32_t per_col = step_s / slot_s, col, left, k;
	const uint32_t *from;
	struct ring r;

	settle(w, span);
	memset(out, 0, cols * sizeof(*out));
	/* Columns sit on multiples of the step, so that they do not crawl. */
	number = (last_col - cols + 1) * per_col;
	number = number > 0 ? number : 0;
	col = (uint32_t)(number / per_col - last_col + cols - 1);
	left = per_col;
	r = ring_of(w, coarse, number);
	for (; number <= last; number++, ring_next(&r), left--) {
		if (left == 0) {
			left = per_col;
			col++;
		}
		if (w->heads[r.at].number != (uint32_t)number)
			continue;
		from = w->slots + (size_t)r.at * s->counters;
		for (k = 0; k < count; k++)
			out[col] += counters[k] == 0 ? w->heads[r.at].lead
						     : from[counters[k]];
	}
}
