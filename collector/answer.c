/* SPDX-License-Identifier: MIT */
/* From a query to a report: reads an aggregate, counts nothing. */
#include <stdlib.h>
#include <string.h>

#include "collector/aggregate_state.h"
#include "proto/mem.h"

#define TAIL_MAX_DEFAULT 256u
#define TAIL_MAX 4096u

#define S_US INT64_C(1000000)
#define MINUTE_US (60 * S_US)
/* Wall and monotonic clock drift apart: so far before its end a bucket counts. */
#define NEARLY_US (S_US / 2)
#define SINCE_COLS_MAX 367u

/* ---- what is asked about --------------------------------------------------------- */

static int64_t
floor_to(int64_t us, int64_t step_us)
{
	return us - us % step_us;
}

/* All rings hold the sixty minutes before this one. */
static int64_t
held_since(const struct rt_aggregate *a)
{
	int64_t us = floor_to(a->clock_us, MINUTE_US) - RT_COARSE_US;

	return us > a->held_us ? us : a->held_us;
}

static int64_t
wall_of(const struct rt_aggregate *a, int64_t us, struct rt_moment at)
{
	return a->is_live ? at.wall.us - (a->clock_us - us) : us;
}

/* The end of the last bucket that is over by q->at_us. */
static int64_t
bucket_end(const struct rt_aggregate *a, const struct rt_query *q,
    struct rt_moment at, uint32_t *bucket_s)
{
	int64_t us =
	    q->at_us - wall_of(a, 0, at) + NEARLY_US; /* on our clock */
	int64_t end_us;

	us = us > a->clock_us ? a->clock_us : us < 0 ? 0 : us;
	end_us = floor_to(us, 10 * S_US);
	*bucket_s = rt_query_bucket_s(q->window_s, a->clock_us - end_us);
	return floor_to(us, *bucket_s * S_US);
}

static struct rt_span
past_span(const struct rt_aggregate *a, const struct rt_query *q,
    struct rt_moment at, struct rt_report *out)
{
	int64_t held_us = held_since(a), end_us, from_us;
	struct rt_span span = {.is_empty = true};
	uint32_t bucket_s;

	end_us = bucket_end(a, q, at, &bucket_s);
	from_us = end_us - q->window_s * S_US;
	from_us = from_us > held_us ? from_us : held_us;
	/* People mean whole seconds, whatever the clocks have drifted. */
	out->source.at_us = floor_to(wall_of(a, end_us, at) + S_US / 2, S_US);
	out->source.bucket_s = bucket_s;
	span.now_us = end_us - 1;
	span.window_s = q->window_s;
	span.is_coarse = bucket_s > 10;
	if (from_us >= end_us)
		return span;
	span.is_empty = false;
	span.window_s = (uint32_t)((end_us - from_us + S_US - 1) / S_US);
	out->source.held_s = (double)(end_us - from_us) / (double)S_US;
	return span;
}

/* Records accepted after the span. */
static int64_t
count_since(struct rt_aggregate *a, struct rt_span span)
{
	static const uint32_t accepted[] = {RT_C_ACCEPTED};
	struct rt_span now = {.now_us = a->clock_us, .is_coarse = true};
	uint32_t cols[SINCE_COLS_MAX];
	int64_t step_us = 10 * S_US, sum = 0;
	int64_t count = a->clock_us / step_us - (span.now_us + 1) / step_us + 1;

	if (count > (int64_t)SINCE_COLS_MAX)
		count = SINCE_COLS_MAX;
	rt_window_trend(
	    &a->totals, now, 10, (uint32_t)count, accepted, 1, cols);
	for (int64_t i = 0; i < count; i++)
		sum += cols[i];
	return sum;
}

static struct rt_span
span_of(struct rt_aggregate *a, const struct rt_query *q, struct rt_moment at,
    struct rt_report *out)
{
	struct rt_span span = rt_span_now(a->clock_us, q->window_s);
	double held_s = (double)(a->clock_us - held_since(a)) / (double)S_US;

	if (q->window_s == 0)
		return span;
	out->source.held_from_us = wall_of(a, held_since(a), at);
	if (q->at_us) {
		span = past_span(a, q, at, out);
		out->source.since = count_since(a, span);
	} else {
		out->source.held_s =
		    held_s < q->window_s ? held_s : q->window_s;
		out->source.bucket_s =
		    rt_query_bucket_s(q->window_s, 10 * S_US);
	}
	out->source.span.from_us = rt_window_start_us(&a->totals, span);
	out->source.span.until_us = span.now_us + 1;
	return span;
}

/* ---- its numbers --------------------------------------------------------------- */

static void
report_totals(
    struct rt_aggregate *a, struct rt_span span, struct rt_report *out)
{
	uint64_t *all =
	    rt_report_alloc(out, rt_window_totals.counters * sizeof(*all));
	struct rt_sketch_dense *dense = rt_xcalloc(1, sizeof(*dense));
	int l;

	rt_window_sum(&a->totals, span, all, out->counts.sum_us);
	memcpy(out->counts.n, all, sizeof(out->counts.n));
	memcpy(out->status, all + RT_C_COUNT, sizeof(out->status));
	for (l = 0; l < RT_LATENCY_COUNT; l++) {
		rt_sketch_empty(dense);
		rt_window_sketch(&a->totals, span, (enum rt_latency)l, dense);
		if (dense->count > 0)
			rt_sketch_quantiles(dense, &out->latency[l]);
	}
	free(dense);
}

/* Seconds a column: 60 columns for 1m, 5m and 1h, 45 for 15m; fewer further back. */
static uint32_t
trend_step(uint32_t window_s, bool is_coarse, uint32_t *cols)
{
	switch (window_s) {
	case 60: *cols = is_coarse ? 6 : 60; return is_coarse ? 10 : 1;
	case 300: *cols = is_coarse ? 30 : 60; return is_coarse ? 10 : 5;
	case 900: *cols = 45; return 20;
	default: *cols = 60; return 60;
	}
}

/* Columns that begin before anything is held. */
static unsigned
absent_cols(const struct rt_aggregate *a, struct rt_span span, uint32_t step_s,
    uint32_t cols)
{
	int64_t step_us = step_s * S_US;
	int64_t first_us = (span.now_us / step_us - cols + 1) * step_us;
	int64_t gap_us = held_since(a) - first_us;
	int64_t n = gap_us > 0 ? gap_us / step_us : 0;

	return span.is_empty || n > cols ? cols : (unsigned)n;
}

static void
report_trends(struct rt_aggregate *a, struct rt_span span,
    const struct rt_query *q, struct rt_report *out)
{
	static const uint32_t parts[RT_TREND_COUNT][RT_CLASS_COUNT] = {
	    [RT_TREND_OPS] = {RT_C_OPS_ENDED},
	    [RT_TREND_ATTEMPTS] = {RT_C_FIRST, RT_C_RETRIES},
	    [RT_TREND_RETRIES] = {RT_C_RETRIES},
	    [RT_TREND_FALLBACKS] = {RT_C_DECISION +
		RT_DECISION_FALLBACK_SECONDARY},
#define X(id, name, retryable) \
	RT_CLASS_##id == RT_CLASS_NONE ? 0 : RT_C_CLASS + RT_CLASS_##id,
	    [RT_TREND_ERRORS] = {RT_CLASSES(X)},
#undef X
	    [RT_TREND_TIMEOUTS] = {RT_C_CLASS + RT_CLASS_TIMEOUT},
	    [RT_TREND_FAILED] = {RT_C_FATE + RT_FATE_EXHAUSTED,
		RT_C_FATE + RT_FATE_FAILED_FAST,
		RT_C_FATE + RT_FATE_BUDGET_ABORTED,
		RT_C_FATE + RT_FATE_ORPHANED},
	};
	uint32_t counters[RT_CLASS_COUNT], cols, step, n, i;
	int t;

	step = trend_step(q->window_s, span.is_coarse, &cols);
	out->trend.step_s = step;
	out->trend.cols = cols;
	if (q->at_us)
		out->trend.absent = absent_cols(a, span, step, cols);
	for (t = 0; t < RT_TREND_COUNT; t++) {
		/* 0 is RT_C_ATTEMPTS, used in no row: an empty place. */
		for (n = i = 0; i < RT_CLASS_COUNT; i++)
			if (parts[t][i] != 0)
				counters[n++] = parts[t][i];
		rt_window_trend(
		    &a->totals, span, step, cols, counters, n, out->trend.v[t]);
	}
}

static void
report_overflow(const struct rt_aggregate *a, struct rt_report *out)
{
	out->overflow[RT_OVERFLOW_SERIES] = a->series.overflow;
	out->overflow[RT_OVERFLOW_LABELS] = a->labels.overflow;
	out->overflow[RT_OVERFLOW_OPERATIONS] = a->forgotten;
	out->overflow[RT_OVERFLOW_FALLBACK_ROWS] = a->fallback.rows_overflow;
	out->overflow[RT_OVERFLOW_FALLBACK_MARKS] = a->fallback.marks_overflow;
	out->overflow[RT_OVERFLOW_SKETCHES] = a->sketches.overflow;
	out->overflow[RT_OVERFLOW_EMITTERS] = a->sequence.emitters_overflow;
	out->overflow[RT_OVERFLOW_GAPS] = a->sequence.gaps_overflow;
	out->overflow[RT_OVERFLOW_CANARIES] = a->probes.overflow;
	out->overflow[RT_OVERFLOW_AUDIT] = a->audit.services_overflow;
}

/* Rules that it broke are told of all that is known of it, or not at all. */
static void
report_operation(struct rt_aggregate *a, struct rt_str id, int64_t until_us,
    struct rt_report *out)
{
	struct rt_operation *o = rt_operation_find(&a->operations, id);
	bool goes_on;

	out->operation.id = rt_report_text(out, id);
	goes_on = rt_recent_find(&a->recent,
	    o ? o->hash : rt_operation_hash(&a->operations, id),
	    o ? o->last_line : 0, until_us, out);
	if (goes_on)
		out->operation.rules = 0;
	else if (o)
		out->operation.rules |= o->audit.fired;
}

static void
report_source(struct rt_aggregate *a, const struct rt_query *q,
    struct rt_moment at, struct rt_report *out)
{
	out->source.is_live = a->is_live;
	out->source.window_s = q->window_s;
	out->source.now_us = a->is_live ? at.wall.us : a->clock_us;
	out->source.uptime_ms = a->is_live
	    ? (a->clock_us - a->started_us) / 1000
	    : (a->last_ts_us - a->first_ts_us) / 1000;
	out->source.version = RT_VERSION_TEXT;
	out->source.started_id = a->started_id;
}

/* What there is no history of. */
static void
report_present(struct rt_aggregate *a, struct rt_report *out)
{
	out->source.from_us = a->first_ts_us;
	out->source.to_us = a->last_ts_us;
	out->source.last_event_age_ms =
	    a->last_event_us < 0 ? -1 : (a->clock_us - a->last_event_us) / 1000;
	report_overflow(a, out);
	out->lost = rt_sequence_lost(&a->sequence);
	out->open.running = a->operations.phases[RT_PHASE_RUNNING];
	out->open.in_backoff = a->operations.phases[RT_PHASE_BACKOFF];
	out->open.on_fallback = a->operations.phases[RT_PHASE_FALLBACK];
	rt_sequence_report(&a->sequence, a->clock_us, out);
	rt_refusals_report(&a->refused, a->clock_us, out);
}

static void
report_tail(struct rt_aggregate *a, const struct rt_query *q, int64_t until_us,
    struct rt_report *out)
{
	uint32_t max = q->tail_max ? q->tail_max : TAIL_MAX_DEFAULT;
	struct rt_recent_ask ask = {.cursor = q->tail_cursor,
	    .max = max < TAIL_MAX ? max : TAIL_MAX,
	    .until_us = until_us,
	    .from_us = INT64_MIN};

	if (q->tail_span.until_us) {
		ask.from_us = q->tail_span.from_us;
		ask.until_us = q->tail_span.until_us;
	}
	rt_recent_tail(&a->recent, &ask, out);
}

/* The fine slot of the series' windows that is counted in. */
static int64_t
series_slot(const struct rt_aggregate *a)
{
	return a->clock_us / (rt_window_series.fine_s * S_US);
}

void
rt_aggregate_report_begin(struct rt_aggregate *a, const struct rt_query *q,
    struct rt_moment at, struct rt_report *out)
{
	const int64_t read_us = a->clock_us;
	struct rt_span span;
	int64_t until_us;

	rt_aggregate_tick(a, at);
	if (!a->is_live && at.wall.us > read_us)
		a->clock_us = at.wall.us;
	report_source(a, q, at, out);
	span = span_of(a, q, at, out);
	until_us = q->at_us ? span.now_us + 1 : INT64_MAX;
	report_totals(a, span, out);
	report_trends(a, span, q, out);
	if (!q->at_us)
		report_present(a, out);
	rt_fallback_report(&a->fallback, span, out);
	rt_probes_report(&a->probes, span, q->at_us != 0, out);
	rt_audit_report(&a->audit, span, out);
	if (q->tail)
		report_tail(a, q, until_us, out);
	if (q->operation_until_us && q->operation_until_us < until_us)
		until_us = q->operation_until_us;
	if (q->operation[0])
		report_operation(a, rt_str_of(q->operation), until_us, out);
	if (!a->is_live)
		a->clock_us = read_us;
	if (q->no_series)
		return;
	rt_series_begin(&a->series, span, q, out);
	a->answer_slot = series_slot(a);
}

bool
rt_aggregate_report_is_stale(const struct rt_aggregate *a)
{
	return series_slot(a) != a->answer_slot;
}

bool
rt_aggregate_report_step(struct rt_aggregate *a, uint32_t visits)
{
	return rt_series_step(&a->series, visits);
}

void
rt_aggregate_report_end(struct rt_aggregate *a)
{
	rt_series_end(&a->series);
}

void
rt_aggregate_report(struct rt_aggregate *a, const struct rt_query *q,
    struct rt_moment at, struct rt_report *out)
{
	rt_aggregate_report_begin(a, q, at, out);
	if (q->no_series)
		return;
	(void)rt_aggregate_report_step(a, UINT32_MAX);
	rt_aggregate_report_end(a);
}
