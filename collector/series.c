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
	*s = (struct rt_series){0};
}

uint64_t
rt_series_bytes(uint32_t capacity)
{
	return (uint64_t)(capacity + 1) *
	    (sizeof(struct rt_series_row) +
		rt_window_bytes(&rt_window_series)) +
	    (uint64_t)rt_hash_slots(capacity) * sizeof(uint32_t);
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
	rt_window_advance(&s->rows[number].window, now_us);
	return &s->rows[number].window;
}

/* ---- answers ------------------------------------------------------------- */

struct group {
	uint32_t labels[RT_LABEL_COUNT];
	uint32_t first, count; /* members in the order array */
	double rank;
	const char *name;
	struct rt_counts *counts;
	struct rt_quantiles latency; /* what the order ranks by */
};

/* Row numbers sorted by the labels kept apart bring members of a group together. */
struct member {
	uint32_t labels[RT_LABEL_COUNT];
	uint32_t row;
};

static int
by_labels(const void *a, const void *b)
{
	const struct member *x = a, *y = b;

	return memcmp(x->labels, y->labels, sizeof(x->labels));
}

static void
quantiles_of(struct rt_series *s, struct rt_span span,
    const struct member *members, uint32_t count, enum rt_latency l,
    struct rt_sketch_dense *dense, struct rt_quantiles *out)
{
	uint32_t i;

	rt_sketch_empty(dense);
	for (i = 0; i < count; i++)
		rt_window_sketch(
		    &s->rows[members[i].row].window, span, l, dense);
	*out = (struct rt_quantiles){0};
	if (dense->count > 0)
		rt_sketch_quantiles(dense, out);
}

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

static double
rank_of(const struct group *g, enum rt_sort sort)
{
	const uint64_t *n = g->counts->n;
	struct rt_rate r;
	double ms;

	if (orders[sort].is_rate) {
		r = rt_rate(g->counts, orders[sort].rate);
		return rt_rate_known(r) ? r.numerator / r.denominator : -1;
	}
	if (orders[sort].is_quantile) {
		memcpy(&ms, (const char *)&g->latency + orders[sort].quantile,
		    sizeof(ms));
		return g->latency.count > 0 ? ms : -1;
	}
	switch ((int)sort) {
	case RT_SORT_FAILED:
		return (double)(n[RT_C_FATE + RT_FATE_EXHAUSTED] +
		    n[RT_C_FATE + RT_FATE_FAILED_FAST] +
		    n[RT_C_FATE + RT_FATE_BUDGET_ABORTED] +
		    n[RT_C_FATE + RT_FATE_ORPHANED]);
	case RT_SORT_ATTEMPTS: return (double)n[RT_C_ATTEMPTS];
	case RT_SORT_OPS: return (double)n[RT_C_OPS_ENDED];
	default: return 0; /* by name */
	}
}

static int
by_rank(const void *a, const void *b)
{
	const struct group *x = a, *y = b;

	if (x->rank < y->rank)
		return 1;
	if (x->rank > y->rank)
		return -1;
	return strcmp(x->name, y->name);
}

/* All labels in one line, for a stable order. */
static const char *
name_of(const struct rt_series *s, const uint32_t labels[RT_LABEL_COUNT],
    struct rt_report *out)
{
	struct rt_str part;
	size_t len = 1;
	char *name, *p;
	int i;

	for (i = 0; i < RT_LABEL_COUNT; i++)
		len += rt_intern_get(s->labels, labels[i]).len + 1;
	name = p = rt_report_alloc(out, len);
	for (i = 0; i < RT_LABEL_COUNT; i++) {
		part = rt_intern_get(s->labels, labels[i]);
		if (part.len > 0)
			memcpy(p, part.p, part.len);
		p += part.len;
		*p++ = '\x1f';
	}
	return name;
}

static bool
is_silent(const struct rt_counts *c)
{
	return c->n[RT_C_ATTEMPTS] == 0 && c->n[RT_C_OPS_STARTED] == 0 &&
	    c->n[RT_C_OPS_ENDED] == 0;
}

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

static void
write_row(struct rt_series *s, struct rt_span span, const struct rt_query *q,
    const struct group *g, const struct member *members,
    struct rt_sketch_dense *dense, struct rt_report *out)
{
	static const uint32_t attempts[] = {RT_C_ATTEMPTS};
	struct rt_report_series *to = rt_report_add_series(out);
	uint32_t cols[RT_SERIES_TREND_COLS], i, j;

	for (i = 0; i < RT_LABEL_COUNT; i++)
		to->labels[i] =
		    rt_report_text(out, rt_intern_get(s->labels, g->labels[i]));
	to->is_other = members[g->first].row == 0;
	to->counts = g->counts;
	if (q->counts_only)
		return;
	for (i = 0; i < RT_LATENCY_COUNT; i++)
		quantiles_of(s, span, members + g->first, g->count,
		    (enum rt_latency)i, dense, &to->latency[i]);
	for (i = 0; i < g->count; i++) {
		rt_window_trend(&s->rows[members[g->first + i].row].window,
		    span, trend_step(q->window_s, span.is_coarse),
		    RT_SERIES_TREND_COLS, attempts, 1, cols);
		for (j = 0; j < RT_SERIES_TREND_COLS; j++)
			to->trend[j] += cols[j];
	}
}

void
rt_series_report(struct rt_series *s, struct rt_span span,
    const struct rt_query *q, struct rt_report *out)
{
	uint32_t keep = q->group ? q->group : (1u << RT_LABEL_COUNT) - 1;
	struct member *members = rt_xcalloc(s->count, sizeof(*members));
	struct group *groups = rt_xcalloc(s->count, sizeof(*groups)), *g;
	struct rt_sketch_dense *dense = rt_xcalloc(1, sizeof(*dense));
	uint32_t i, count = 0, rows;
	int l;

	for (i = 0; i < s->count; i++) {
		members[i].row = i;
		for (l = 0; l < RT_LABEL_COUNT; l++)
			if (keep & (1u << l) || i == 0)
				members[i].labels[l] = s->rows[i].labels[l];
	}
	qsort(members, s->count, sizeof(*members), by_labels);
	for (i = 0; i < s->count; i += g->count) {
		g = &groups[count];
		*g = (struct group){.first = i};
		memcpy(g->labels, members[i].labels, sizeof(g->labels));
		g->counts = rt_report_alloc(out, sizeof(*g->counts));
		do {
			rt_window_sum(
			    &s->rows[members[i + g->count].row].window, span,
			    g->counts->n, g->counts->sum_us);
			g->count++;
		} while (i + g->count < s->count &&
		    by_labels(&members[i], &members[i + g->count]) == 0);
		if (is_silent(g->counts))
			continue;
		if (orders[q->sort].is_quantile)
			quantiles_of(s, span, members + g->first, g->count,
			    orders[q->sort].latency, dense, &g->latency);
		g->name = name_of(s, g->labels, out);
		g->rank = rank_of(g, q->sort);
		count++;
	}
	qsort(groups, count, sizeof(*groups), by_rank);
	rows = q->rows > 0 && q->rows < count ? q->rows : count;
	for (i = 0; i < rows; i++)
		write_row(s, span, q, &groups[q->reverse ? count - 1 - i : i],
		    members, dense, out);
	out->series_total = count;
	free(members);
	free(groups);
	free(dense);
}
