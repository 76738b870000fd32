/* SPDX-License-Identifier: MIT */
/* From a query to a report: reads an aggregate, counts nothing. */
#include <stdlib.h>
#include <string.h>

#include "collector/aggregate_state.h"
#include "proto/mem.h"

#define TAIL_MAX_DEFAULT 256u

static void
report_totals(struct rt_aggregate *a, uint32_t window_s, struct rt_report *out)
{
	uint64_t *all =
	    rt_report_alloc(out, rt_window_totals.counters * sizeof(*all));
	struct rt_sketch_dense *dense = rt_xcalloc(1, sizeof(*dense));
	int l;

	rt_window_sum(
	    &a->totals, a->clock_us, window_s, all, out->counts.sum_us);
	memcpy(out->counts.n, all, sizeof(out->counts.n));
	memcpy(
	    out->counts.status, all + RT_C_COUNT, sizeof(out->counts.status));
	for (l = 0; l < RT_LATENCY_COUNT; l++) {
		rt_sketch_empty(dense);
		rt_window_sketch(&a->totals, a->clock_us, window_s,
		    (enum rt_latency)l, dense);
		if (dense->count > 0)
			rt_sketch_quantiles(dense, &out->latency[l]);
	}
	free(dense);
}

/* Seconds a column: 60 columns for 1m, 5m and 1h, 45 for 15m. */
static uint32_t
trend_step(uint32_t window_s, uint32_t *cols)
{
	switch (window_s) {
	case 60: *cols = 60; return 1;
	case 300: *cols = 60; return 5;
	case 900: *cols = 45; return 20;
	default: *cols = 60; return 60;
	}
}

static void
report_trends(struct rt_aggregate *a, uint32_t window_s, struct rt_report *out)
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

	step = trend_step(window_s, &cols);
	out->trend.step_s = step;
	out->trend.cols = cols;
	for (t = 0; t < RT_TREND_COUNT; t++) {
		/* 0 is RT_C_ATTEMPTS, used in no row: an empty place. */
		for (n = i = 0; i < RT_CLASS_COUNT; i++)
			if (parts[t][i] != 0)
				counters[n++] = parts[t][i];
		rt_window_trend(&a->totals, a->clock_us, step, cols, counters,
		    n, out->trend.v[t]);
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
}

static void
report_operation(
    struct rt_aggregate *a, struct rt_str id, struct rt_report *out)
{
	struct rt_operation *o = rt_operation_find(&a->operations, id);

	out->operation.id = rt_report_text(out, id);
	rt_recent_find(&a->recent,
	    o ? o->hash : rt_operation_hash(&a->operations, id),
	    o ? o->last_line : 0, out);
	if (o)
		out->operation.rules |= o->audit.fired;
}

void
rt_aggregate_report(struct rt_aggregate *a, const struct rt_query *q,
    struct rt_moment at, struct rt_report *out)
{
	rt_aggregate_tick(a, at);
	out->source.is_live = a->is_live;
	out->source.window_s = q->window_s;
	out->source.from_us = a->first_ts_us;
	out->source.to_us = a->last_ts_us;
	out->source.now_us = a->is_live ? at.wall.us : a->clock_us;
	out->source.last_event_age_ms =
	    a->last_event_us < 0 ? -1 : (a->clock_us - a->last_event_us) / 1000;
	out->source.uptime_ms = a->is_live
	    ? (a->clock_us - a->started_us) / 1000
	    : (a->last_ts_us - a->first_ts_us) / 1000;
	out->source.version = RT_VERSION_TEXT;
	out->source.started_id = a->started_id;
	report_totals(a, q->window_s, out);
	report_trends(a, q->window_s, out);
	report_overflow(a, out);
	out->lost = rt_sequence_lost(&a->sequence);
	out->open.running = a->operations.phases[RT_PHASE_RUNNING];
	out->open.in_backoff = a->operations.phases[RT_PHASE_BACKOFF];
	out->open.on_fallback = a->operations.phases[RT_PHASE_FALLBACK];
	if (!q->no_series)
		rt_series_report(&a->series, a->clock_us, q, out);
	rt_fallback_report(&a->fallback, a->clock_us, q->window_s, out);
	rt_sequence_report(&a->sequence, a->clock_us, out);
	rt_probes_report(&a->probes, a->clock_us, q->window_s, out);
	rt_refusals_report(&a->refused, a->clock_us, out);
	rt_audit_report(&a->audit, a->clock_us, q->window_s, out);
	if (q->tail)
		rt_recent_tail(&a->recent, q->tail_cursor,
		    q->tail_max ? q->tail_max : TAIL_MAX_DEFAULT, out);
	if (q->operation[0])
		report_operation(a, rt_str_of(q->operation), out);
}
