/* SPDX-License-Identifier: MIT */
/*
 * series_answer — rows of series for an answer, in four passes: sum each group, rank those
 * that are not silent (a heap), give the first ones their places, fill in what they need.
 * Each visit is of one row.  Windows lie far apart, so they are visited as they lie and
 * fetched from memory a visit or two ahead.
 */
#include <stdlib.h>
#include <string.h>

#include "collector/hash.h"
#include "collector/series.h"
#include "proto/mem.h"

/* Series that agree in the labels that are kept apart. */
struct group {
	uint64_t n[RT_C_SERIES_END], sum_us[RT_SUM_COUNT];
	uint32_t first; /* member; the others by `next` */
	uint32_t place; /* in the report, NONE: in none */
};

struct labels {
	uint32_t number[RT_LABEL_COUNT]; /* interned */
};

struct ranked {
	double rank;
	uint32_t group;
};

enum pass { SUM, RANK, PLACE, FILL, DONE };

struct rt_series_answer {
	struct rt_series *series; /* borrowed, as the next two */
	const struct rt_intern *labels;
	struct rt_report *out;
	struct rt_span span;
	enum rt_sort sort;
	uint32_t keep; /* labels, by their bits */
	uint32_t trend_step_s, rows_left;
	bool is_reverse, counts_only;

	enum pass pass;
	uint32_t rows;   /* there were */
	uint32_t at;     /* SUM: row; RANK, FILL: group */
	uint32_t member; /* row of that group that comes next */
	uint32_t groups_count, heap_count, slots_mask;
	struct group *groups; /* owned, as the next five */
	struct labels *names; /* [group]; apart, for the cache */
	struct ranked *heap;
	uint32_t *next;  /* [row]: of the same group; NONE: the last */
	uint32_t *slots; /* group + 1, by the hash of its labels */
	struct rt_sketch_dense *dense; /* [RT_LATENCY_COUNT] */
	struct rt_counts counts; /* of the group at hand; the rest is zero */
};

#define NONE UINT32_MAX
#define AHEAD 2u

struct rt_series_answer *
rt_series_answer_new(uint32_t rows)
{
	struct rt_series_answer *p = rt_xcalloc(1, sizeof(*p));
	uint32_t slots = rt_hash_slots(rows);

	p->pass = DONE;
	p->slots_mask = slots - 1;
	p->groups = rt_xcalloc(rows, sizeof(*p->groups));
	p->names = rt_xcalloc(rows, sizeof(*p->names));
	p->heap = rt_xcalloc(rows, sizeof(*p->heap));
	p->next = rt_xcalloc(rows, sizeof(*p->next));
	p->slots = rt_xcalloc(slots, sizeof(*p->slots));
	p->dense = rt_xcalloc(RT_LATENCY_COUNT, sizeof(*p->dense));
	return p;
}

void
rt_series_answer_free(struct rt_series_answer *p)
{
	if (!p)
		return;
	free(p->groups);
	free(p->names);
	free(p->heap);
	free(p->next);
	free(p->slots);
	free(p->dense);
	free(p);
}

uint64_t
rt_series_answer_bytes(uint32_t rows)
{
	return sizeof(struct rt_series_answer) +
	    (uint64_t)rows *
	    (sizeof(struct group) + sizeof(struct labels) +
		sizeof(struct ranked) + sizeof(uint32_t)) +
	    (uint64_t)rt_hash_slots(rows) * sizeof(uint32_t) +
	    RT_LATENCY_COUNT * sizeof(struct rt_sketch_dense);
}

/* ---- rows ---------------------------------------------------------------- */

static struct rt_window *
window_of(const struct rt_series_answer *p, uint32_t row)
{
	return &p->series->rows[row].window;
}

/* What was counted in the row since the answer began does not belong to it. */
static struct rt_span
span_of(const struct rt_series_answer *p, uint32_t row)
{
	struct rt_span span = p->span;

	span.is_settled = p->series->rows[row].hold == p->series->hold;
	return span;
}

static void
empty_sketches(struct rt_series_answer *p)
{
	for (int l = 0; l < RT_LATENCY_COUNT; l++)
		rt_sketch_empty(&p->dense[l]);
}

/* ---- sum ----------------------------------------------------------------- */

/* The group of a row, a new one where needed; (other) keeps all its labels. */
static struct group *
group_of(struct rt_series_answer *p, uint32_t row)
{
	struct labels own = {{0}};
	uint64_t hash = 0;
	uint32_t at, number;

	for (int l = 0; l < RT_LABEL_COUNT; l++)
		if (p->keep & (1u << l) || row == 0) {
			own.number[l] = p->series->rows[row].labels[l];
			hash = rt_hash_fold(hash, own.number[l]);
		}
	for (at = (uint32_t)hash & p->slots_mask; p->slots[at] != 0;
	     at = (at + 1) & p->slots_mask) {
		number = p->slots[at] - 1;
		if (memcmp(&p->names[number], &own, sizeof(own)) == 0)
			return &p->groups[number];
	}
	number = p->groups_count++;
	p->slots[at] = number + 1;
	p->names[number] = own;
	p->groups[number] = (struct group){.first = NONE, .place = NONE};
	return &p->groups[number];
}

static void
begin_rank(struct rt_series_answer *p)
{
	p->pass = RANK;
	p->at = 0;
	p->member = p->groups[0].first;
	empty_sketches(p);
}

static void
visit_sum(struct rt_series_answer *p)
{
	uint32_t row = p->at++;
	struct group *g = group_of(p, row);

	if (row + AHEAD < p->rows)
		rt_window_fetch_counters(window_of(p, row + AHEAD), p->span);
	rt_window_sum(window_of(p, row), span_of(p, row), g->n, g->sum_us);
	/* The first stays the first: it says whether this is (other). */
	if (g->first == NONE) {
		g->first = row;
		p->next[row] = NONE;
	} else {
		p->next[row] = p->next[g->first];
		p->next[g->first] = row;
	}
	if (p->at == p->rows)
		begin_rank(p);
}

/* ---- rank ---------------------------------------------------------------- */

/* How an order ranks: by a rate, or by a quantile of a latency. */
static const struct {
	bool is_rate, is_quantile;
	enum rt_rate_id rate;
	enum rt_latency latency;
	size_t quantile; /* its place in struct rt_quantiles */
} orders[RT_SORT_COUNT] = {
#define RATE(id)                                               \
	{                                                      \
		true, false, RT_RATE_##id, RT_LATENCY_COUNT, 0 \
	}
#define QUANTILE(l, q)                                      \
	{                                                   \
		false, true, RT_RATE_COUNT, RT_LATENCY_##l, \
		    offsetof(struct rt_quantiles, q)        \
	}
    [RT_SORT_AMPLIFICATION] = RATE(AMPLIFICATION),
    [RT_SORT_FIRST] = RATE(FIRST_TRY),
    [RT_SORT_FINAL] = RATE(EFFECTIVE_SUCCESS),
    [RT_SORT_ERROR] = RATE(ERROR),
    [RT_SORT_RETRY] = RATE(RETRY_RATIO),
    [RT_SORT_FALLBACK] = RATE(FALLBACK),
    [RT_SORT_RESCUED] = RATE(RESCUED),
    [RT_SORT_P50] = QUANTILE(OPERATION, p50),
    [RT_SORT_P95] = QUANTILE(OPERATION, p95),
    [RT_SORT_P99] = QUANTILE(OPERATION, p99),
    [RT_SORT_WAIT] = QUANTILE(BACKOFF, p95),
#undef RATE
#undef QUANTILE
};

static bool
is_silent(const struct group *g)
{
	return g->n[RT_C_ATTEMPTS] == 0 && g->n[RT_C_OPS_STARTED] == 0 &&
	    g->n[RT_C_OPS_ENDED] == 0;
}

/* Of the group at hand, as a report wants them. */
static const struct rt_counts *
counts_of(struct rt_series_answer *p, const struct group *g)
{
	memcpy(p->counts.n, g->n, sizeof(g->n));
	memcpy(p->counts.sum_us, g->sum_us, sizeof(g->sum_us));
	return &p->counts;
}

static double
quantile_rank(const struct rt_series_answer *p)
{
	const struct rt_sketch_dense *dense =
	    &p->dense[orders[p->sort].latency];
	struct rt_quantiles q;
	double ms;

	if (dense->count == 0)
		return -1;
	rt_sketch_quantiles(dense, &q);
	memcpy(&ms, (const char *)&q + orders[p->sort].quantile, sizeof(ms));
	return ms;
}

static double
rank_of(struct rt_series_answer *p, const struct group *g)
{
	struct rt_rate r;

	if (orders[p->sort].is_rate) {
		r = rt_rate(counts_of(p, g), orders[p->sort].rate);
		return rt_rate_known(r) ? r.numerator / r.denominator : -1;
	}
	if (orders[p->sort].is_quantile)
		return quantile_rank(p);
	switch ((int)p->sort) {
	case RT_SORT_FAILED:
		return (double)(g->n[RT_C_FATE + RT_FATE_EXHAUSTED] +
		    g->n[RT_C_FATE + RT_FATE_FAILED_FAST] +
		    g->n[RT_C_FATE + RT_FATE_BUDGET_ABORTED] +
		    g->n[RT_C_FATE + RT_FATE_ORPHANED]);
	case RT_SORT_ATTEMPTS: return (double)g->n[RT_C_ATTEMPTS];
	case RT_SORT_OPS: return (double)g->n[RT_C_OPS_ENDED];
	default: return 0; /* by name */
	}
}

/* By all labels in turn, for a stable order. */
static int
compare_names(
    const struct rt_series_answer *p, uint32_t x_group, uint32_t y_group)
{
	const uint32_t *x = p->names[x_group].number;
	const uint32_t *y = p->names[y_group].number;
	struct rt_str a, b;
	size_t len;
	int i, order;

	for (i = 0; i < RT_LABEL_COUNT; i++) {
		if (x[i] == y[i])
			continue;
		a = rt_intern_get(p->labels, x[i]);
		b = rt_intern_get(p->labels, y[i]);
		len = a.len < b.len ? a.len : b.len;
		order = len > 0 ? memcmp(a.p, b.p, len) : 0;
		if (order == 0)
			order = (a.len > b.len) - (a.len < b.len);
		if (order != 0)
			return order;
	}
	return 0;
}

static bool
goes_before(const struct rt_series_answer *p, struct ranked x, struct ranked y)
{
	int order = (x.rank < y.rank) - (x.rank > y.rank);

	if (order == 0)
		order = compare_names(p, x.group, y.group);
	return p->is_reverse ? order > 0 : order < 0;
}

static void
push(struct rt_series_answer *p, struct ranked r)
{
	uint32_t at = p->heap_count++, up;

	for (; at > 0; at = up) {
		up = (at - 1) / 2;
		if (!goes_before(p, r, p->heap[up]))
			break;
		p->heap[at] = p->heap[up];
	}
	p->heap[at] = r;
}

/* The first of the heap, which is not empty. */
static uint32_t
pop(struct rt_series_answer *p)
{
	uint32_t first = p->heap[0].group, at = 0, down;
	struct ranked r = p->heap[--p->heap_count];

	while ((down = 2 * at + 1) < p->heap_count) {
		if (down + 1 < p->heap_count &&
		    goes_before(p, p->heap[down + 1], p->heap[down]))
			down++;
		if (!goes_before(p, p->heap[down], r))
			break;
		p->heap[at] = p->heap[down];
		at = down;
	}
	p->heap[at] = r;
	return first;
}

static void
begin_place(struct rt_series_answer *p)
{
	p->out->series_total = p->heap_count;
	if (p->rows_left == 0 || p->rows_left > p->heap_count)
		p->rows_left = p->heap_count;
	p->pass = p->rows_left > 0 ? PLACE : DONE;
}

static void
visit_rank(struct rt_series_answer *p)
{
	const struct group *g = &p->groups[p->at];
	enum rt_latency l = orders[p->sort].latency;

	if (!is_silent(g) && orders[p->sort].is_quantile) {
		rt_window_sketch(window_of(p, p->member), span_of(p, p->member),
		    l, &p->dense[l]);
		p->member = p->next[p->member];
		if (p->member != NONE)
			return;
	}
	if (!is_silent(g))
		push(p, (struct ranked){rank_of(p, g), p->at});
	if (orders[p->sort].is_quantile)
		rt_sketch_empty(&p->dense[l]);
	if (++p->at < p->groups_count)
		p->member = p->groups[p->at].first;
	else
		begin_place(p);
}

/* ---- place --------------------------------------------------------------- */

/* The first group from `from` on that has a place; NONE: there is none. */
static uint32_t
placed_group(const struct rt_series_answer *p, uint32_t from)
{
	while (from < p->groups_count && p->groups[from].place == NONE)
		from++;
	return from < p->groups_count ? from : NONE;
}

static void
begin_fill(struct rt_series_answer *p)
{
	p->at = placed_group(p, 0);
	p->member = p->groups[p->at].first;
	p->pass = p->counts_only ? DONE : FILL;
	empty_sketches(p);
}

static void
visit_place(struct rt_series_answer *p)
{
	struct rt_report_series *to = rt_report_add_series(p->out);
	uint32_t number = pop(p);
	struct group *g = &p->groups[number];

	g->place = (uint32_t)(p->out->series_count - 1);
	for (int l = 0; l < RT_LABEL_COUNT; l++)
		to->labels[l] = rt_report_text(p->out,
		    rt_intern_get(p->labels, p->names[number].number[l]));
	to->is_other = g->first == 0;
	memcpy(to->counts->n, g->n, sizeof(g->n));
	memcpy(to->counts->sum_us, g->sum_us, sizeof(g->sum_us));
	if (--p->rows_left == 0)
		begin_fill(p);
}

/* ---- fill ---------------------------------------------------------------- */

/* Columns for the small sparkline: seconds a column for each window. */
static uint32_t
trend_step(uint32_t window_s, bool is_coarse)
{
	switch (window_s) {
	case 60: return is_coarse ? 60 : 10;
	case 300: return is_coarse ? 60 : 30;
	case 900: return 60;
	default: return 300;
	}
}

/* The visit after that of a group's member; both NONE: it was the last. */
static void
step_on(const struct rt_series_answer *p, uint32_t *group, uint32_t *member)
{
	if (*member == NONE)
		return;
	*member = p->next[*member];
	if (*member != NONE)
		return;
	*group = placed_group(p, *group + 1);
	if (*group != NONE)
		*member = p->groups[*group].first;
}

static void
fetch_ahead(const struct rt_series_answer *p)
{
	uint32_t group = p->at, member = p->member;

	step_on(p, &group, &member);
	if (member != NONE)
		rt_window_fetch_sketches(window_of(p, member), p->span);
	step_on(p, &group, &member);
	if (member != NONE)
		rt_window_fetch_heads(window_of(p, member), p->span);
}

static void
fill_quantiles(struct rt_series_answer *p, struct rt_report_series *to)
{
	for (int l = 0; l < RT_LATENCY_COUNT; l++)
		if (p->dense[l].count > 0)
			rt_sketch_quantiles(&p->dense[l], &to->latency[l]);
	empty_sketches(p);
}

static void
visit_fill(struct rt_series_answer *p)
{
	static const uint32_t attempts[] = {RT_C_ATTEMPTS};
	struct rt_report_series *to = &p->out->series[p->groups[p->at].place];
	struct rt_window *w = window_of(p, p->member);
	struct rt_span span = span_of(p, p->member);
	uint32_t cols[RT_SERIES_TREND_COLS], group = p->at;

	fetch_ahead(p);
	rt_window_sketches(w, span, 0, RT_LATENCY_COUNT - 1, p->dense);
	rt_window_trend(
	    w, span, p->trend_step_s, RT_SERIES_TREND_COLS, attempts, 1, cols);
	for (uint32_t i = 0; i < RT_SERIES_TREND_COLS; i++)
		to->trend[i] += cols[i];
	step_on(p, &p->at, &p->member);
	if (p->at != group)
		fill_quantiles(p, to);
	if (p->member == NONE)
		p->pass = DONE;
}

/* ---- all of it ----------------------------------------------------------- */

void
rt_series_begin(struct rt_series *s, struct rt_span span,
    const struct rt_query *q, struct rt_report *out)
{
	struct rt_series_answer *p = s->answer;

	p->series = s;
	p->labels = s->labels;
	p->out = out;
	p->span = span;
	p->sort = q->sort;
	p->keep = q->group ? q->group : (1u << RT_LABEL_COUNT) - 1;
	p->trend_step_s = trend_step(q->window_s, span.is_coarse);
	p->rows_left = q->rows;
	p->is_reverse = q->reverse;
	p->counts_only = q->counts_only;
	p->pass = SUM;
	p->rows = s->count;
	p->at = p->groups_count = p->heap_count = 0;
	memset(p->slots, 0, (p->slots_mask + 1) * sizeof(*p->slots));
	if (++s->holds == 0)
		s->holds = 1;
	s->hold = s->holds;
}

bool
rt_series_step(struct rt_series *s, uint32_t visits)
{
	static void (*const visit[])(struct rt_series_answer *) = {
	    [SUM] = visit_sum,
	    [RANK] = visit_rank,
	    [PLACE] = visit_place,
	    [FILL] = visit_fill};
	struct rt_series_answer *p = s->answer;

	for (; visits > 0 && p->pass != DONE; visits--)
		visit[p->pass](p);
	return p->pass != DONE;
}

void
rt_series_end(struct rt_series *s)
{
	s->answer->pass = DONE;
	s->hold = 0;
}
