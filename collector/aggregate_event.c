/* SPDX-License-Identifier: MIT */
/*
 * aggregate_event — what an accepted event changes: its operation, its series, the totals,
 * the ledger, the audit, and what viewers see of it.
 */
#include "collector/aggregate_state.h"
#include "collector/pack.h"
#include "proto/encode.h"

/* Count in the totals and in a series. */
static void
count(struct rt_aggregate *a, struct rt_window *series, uint32_t counter,
    uint32_t n)
{
	rt_window_count(&a->totals, counter, n);
	rt_window_count(series, counter, n);
}

static void
sample(struct rt_aggregate *a, struct rt_window *series, enum rt_latency l,
    double ms)
{
	rt_window_sample(&a->totals, l, ms);
	rt_window_sample(series, l, ms);
}

/* ---- operations ---------------------------------------------------------- */

/* The operation has ended: its fate, and what is counted at its grain. */
static void
settle(struct rt_aggregate *a, struct rt_operation *o, enum rt_ending ending,
    int64_t summary_attempts, enum rt_operation_state state)
{
	uint32_t tries = rt_operation_tries(o, summary_attempts);
	enum rt_fate fate = rt_fate_of(ending, tries, o->had_fallback);
	struct rt_window *w;

	if (!o->is_synthetic) {
		w = rt_series_window(&a->series, o->series, a->clock_us);
		count(a, w, RT_C_OPS_ENDED, 1);
		count(a, w, RT_C_FATE + fate, 1);
		count(a, w, RT_C_OP_ATTEMPTS, o->records);
		count(a, w, RT_C_OP_UPSTREAM, o->upstream);
		if (tries > 0)
			count(a, w,
			    RT_C_TRIES +
				(tries < RT_TRIES_COUNT ? tries
							: RT_TRIES_COUNT) -
				1,
			    1);
		if (o->had_fallback)
			count(a, w, RT_C_OPS_FALLBACK, 1);
		rt_window_sum_us(&a->totals, RT_SUM_WASTED, o->wasted_us);
		rt_window_sum_us(&a->totals, RT_SUM_USEFUL, o->useful_us);
		rt_window_sum_us(w, RT_SUM_WASTED, o->wasted_us);
		rt_window_sum_us(w, RT_SUM_USEFUL, o->useful_us);
	}
	if (a->keeps_events &&
	    (o->audit.fired || o->had_fallback ||
		(fate != RT_FATE_FIRST_TRY &&
		    fate != RT_FATE_RESCUED_BY_RETRY)))
		rt_recent_keep(
		    &a->recent, o->hash, o->last_line, o->audit.fired);
	rt_fallback_ended(&a->fallback, a->clock_us,
	    ending == RT_ENDING_SUCCESS, &o->fallbacks);
	rt_operation_end(&a->operations, o, a->clock_us, state);
}

void
rt_aggregate_expire(struct rt_aggregate *a)
{
	struct rt_operation *o;

	while ((o = rt_operation_silent(&a->operations, a->clock_us))) {
		if (!o->is_synthetic)
			rt_audit_silence(&a->audit, a->clock_us,
			    rt_series_label(
				&a->series, o->series, RT_LABEL_SERVICE),
			    o);
		settle(a, o,
		    o->is_failure_on_silence ? RT_ENDING_FAILURE
					     : RT_ENDING_SILENCE,
		    0, RT_OPERATION_ENDED_BY_SILENCE);
	}
	while ((o = rt_operation_forgettable(&a->operations, a->clock_us)))
		rt_operation_remove(&a->operations, o);
}

static void
make_room(struct rt_aggregate *a)
{
	struct rt_operation *o;

	if (!rt_operations_full(&a->operations))
		return;
	o = rt_operation_victim(&a->operations);
	if (o->state != RT_OPERATION_OPEN)
		a->forgotten++;
	else if (!o->is_synthetic)
		count(a, rt_series_window(&a->series, o->series, a->clock_us),
		    RT_C_OPS_EVICTED, 1);
	rt_fallback_ended(&a->fallback, a->clock_us, false, &o->fallbacks);
	rt_operation_remove(&a->operations, o);
}

static struct rt_operation *
start(struct rt_aggregate *a, const struct rt_event *e, uint32_t series)
{
	struct rt_operation *o;

	make_room(a);
	o = rt_operation_put(&a->operations, e->operation_id, a->clock_us,
	    rt_timeout_of(&a->timeouts, &a->policies, e->service, e->tenant),
	    rt_event_has(e, SYNTHETIC) && e->synthetic);
	if (o->is_synthetic)
		return o;
	o->series = series;
	count(a, rt_series_window(&a->series, o->series, a->clock_us),
	    RT_C_OPS_STARTED, 1);
	return o;
}

static uint64_t
us_of(double ms)
{
	return (uint64_t)(ms * 1000 + 0.5);
}

static enum rt_operation_phase
phase_after(const struct rt_event *e)
{
	if (!rt_event_has(e, DECISION))
		return RT_PHASE_RUNNING;
	if (e->decision == RT_DECISION_RETRY_SAME)
		return RT_PHASE_BACKOFF;
	if (e->decision == RT_DECISION_FALLBACK_SECONDARY)
		return RT_PHASE_FALLBACK;
	return RT_PHASE_RUNNING;
}

/* What an attempt record adds to its open operation. */
static void
grow(struct rt_aggregate *a, struct rt_operation *o, const struct rt_event *e)
{
	enum rt_operation_phase phase = phase_after(e);
	bool is_followed = rt_event_has(e, FOLLOWUP_OUTCOME) &&
	    e->followup_outcome != RT_OUTCOME_UNKNOWN;

	if (o->records == 0 && rt_event_has(e, TS) &&
	    rt_event_has(e, ELAPSED_MS)) {
		o->has_start = true;
		o->start_us = e->ts_us - (int64_t)us_of(e->elapsed_ms);
	}
	o->records++;
	if (e->attempt > (int64_t)o->highest)
		o->highest = (uint32_t)e->attempt;
	o->upstream += rt_event_has(e, UPSTREAM_ATTEMPTS)
	    ? (uint32_t)e->upstream_attempts
	    : 1;
	o->wasted_us += o->pending_us;
	o->pending_us = 0;
	if (rt_event_has(e, ELAPSED_MS)) {
		if (e->error_class == RT_CLASS_NONE)
			o->useful_us += us_of(e->elapsed_ms);
		else
			o->wasted_us += us_of(e->elapsed_ms);
	}
	if (phase != RT_PHASE_RUNNING && rt_event_has(e, BACKOFF_MS))
		o->pending_us = us_of(e->backoff_ms);
	if (is_followed) {
		o->records++;
		o->followups++;
		o->upstream++;
		o->wasted_us += o->pending_us;
		o->pending_us = 0;
	}
	if (phase == RT_PHASE_FALLBACK) {
		o->had_fallback = true;
		rt_fallback_decided(
		    &a->fallback, a->clock_us, e, &o->fallbacks);
	}
	o->is_failure_on_silence = e->shape == RT_SHAPE_OTEL;
	rt_operation_touch(&a->operations, o, a->clock_us, phase);
}

static void
time_operation(struct rt_aggregate *a, const struct rt_operation *o,
    const struct rt_event *e)
{
	struct rt_window *w;

	if (!o->has_start || !rt_event_has(e, TS) || e->ts_us < o->start_us)
		return;
	w = rt_series_window(&a->series, o->series, a->clock_us);
	sample(a, w, RT_LATENCY_OPERATION,
	    (double)(e->ts_us - o->start_us) / 1000);
}

/* ---- attempts ------------------------------------------------------------ */

static bool
is_complete(const struct rt_event *e)
{
	if (!rt_event_has(e, HTTP_REQUEST_METHOD) ||
	    !rt_event_has(e, HTTP_ROUTE) || !rt_event_has(e, DECISION) ||
	    !rt_event_has(e, ELAPSED_MS))
		return false;
	if (!rt_event_has(e, HTTP_STATUS) && !rt_event_has(e, ERROR_TYPE))
		return false;
	return e->decision != RT_DECISION_RETRY_SAME ||
	    (rt_event_has(e, DECISION_REASON) && rt_event_has(e, BACKOFF_MS));
}

/* Attempt grain: also late records and those without an operation. */
static void
count_attempt(struct rt_aggregate *a, const struct rt_event *e,
    struct rt_window *w, bool is_late)
{
	uint32_t column = rt_event_has(e, DECISION) ? (uint32_t)e->decision
						    : RT_DECISION_COUNT;

	count(a, w, RT_C_ATTEMPTS, 1);
	count(a, w, e->attempt > 1 ? RT_C_RETRIES : RT_C_FIRST, 1);
	count(a, w, RT_C_CLASS + e->error_class, 1);
	if (is_complete(e))
		count(a, w, RT_C_COMPLETE, 1);
	if (rt_event_has(e, HTTP_STATUS))
		rt_aggregate_total(a,
		    RT_C_COUNT + (uint32_t)e->http_response_status_code -
			RT_STATUS_MIN);
	else
		count(a, w, RT_C_NO_STATUS, 1);
	if (e->error_class == RT_CLASS_NONE) {
		if (!rt_event_has(e, USAGE_SEEN))
			count(a, w, RT_C_USAGE_UNKNOWN, 1);
		else
			count(a, w, RT_C_USAGE_KNOWN, 1);
		if (rt_event_has(e, USAGE_SEEN) && !e->usage_seen)
			count(a, w, RT_C_USAGE_MISSING, 1);
	}
	if (is_late)
		return;
	rt_aggregate_total(a,
	    RT_C_CLASS_DECISION + e->error_class * RT_DECISION_COLUMNS +
		column);
	if (rt_event_has(e, ELAPSED_MS))
		sample(a, w, RT_LATENCY_ATTEMPT, e->elapsed_ms);
	if (rt_event_has(e, TTFT_MS))
		sample(a, w, RT_LATENCY_TTFT, e->ttft_ms);
}

static void
count_decision(
    struct rt_aggregate *a, const struct rt_event *e, struct rt_window *w)
{
	if (!rt_event_has(e, DECISION))
		return;
	count(a, w, RT_C_DECISION + e->decision, 1);
	if (e->decision == RT_DECISION_RETRY_SAME &&
	    rt_event_has(e, BACKOFF_MS))
		sample(a, w, RT_LATENCY_BACKOFF, e->backoff_ms);
}

static void
take_attempt(struct rt_aggregate *a, const struct rt_event *e, uint32_t series,
    struct rt_operation *o, bool is_late)
{
	struct rt_window *w = rt_series_window(&a->series, series, a->clock_us);
	enum rt_ending ending;

	rt_audit_attempt(&a->audit, a->clock_us, e, series, o, is_late);
	/* A decision log holds failures only: no denominator, no attempt rates. */
	if (e->shape != RT_SHAPE_DECISIONS)
		count_attempt(a, e, w, is_late);
	if (is_late)
		return;
	count_decision(a, e, w);
	if (!o)
		return;
	grow(a, o, e);
	ending = rt_ending_of(e);
	if (ending == RT_ENDING_NOT)
		return;
	time_operation(a, o, e);
	settle(a, o, ending, 0, RT_OPERATION_ENDED_BY_ATTEMPT);
}

/*
 * A summary ends an open operation.  The first one after an attempt record did is
 * neither late nor an ending; one after silence is late.
 */
static void
take_summary(
    struct rt_aggregate *a, const struct rt_event *e, struct rt_operation *o)
{
	o->has_summary = true;
	if (o->state == RT_OPERATION_ENDED_BY_SILENCE)
		rt_aggregate_total(a, RT_C_LATE);
	if (o->state != RT_OPERATION_OPEN)
		return;
	rt_audit_summary(&a->audit, a->clock_us, e, o, false);
	time_operation(a, o, e);
	settle(a, o, rt_ending_of(e),
	    rt_event_has(e, ATTEMPTS) ? e->attempts : 0,
	    RT_OPERATION_ENDED_BY_SUMMARY);
}

/* ---- records ------------------------------------------------------------- */

/* A synthetic operation is followed only so that all its records are known as such. */
static void
take_synthetic(
    struct rt_aggregate *a, const struct rt_event *e, struct rt_operation *o)
{
	rt_aggregate_total(a, RT_C_SYNTHETIC);
	if (e->kind == RT_KIND_ATTEMPT)
		rt_probes_add(&a->probes, a->clock_us, e);
	else if (o)
		o->has_summary = true;
	if (!o || !o->is_synthetic || o->state != RT_OPERATION_OPEN)
		return;
	if (rt_ending_of(e) != RT_ENDING_NOT)
		rt_operation_end(&a->operations, o, a->clock_us,
		    RT_OPERATION_ENDED_BY_ATTEMPT);
	else
		rt_operation_touch(
		    &a->operations, o, a->clock_us, RT_PHASE_RUNNING);
}

/* Put the event, packed, where viewers find it. */
static void
show(struct rt_aggregate *a, struct rt_operation *o)
{
	struct rt_buf *b = &a->line;

	if (a->keeps_events && !b->overflow)
		rt_recent_add(&a->recent, a->clock_us,
		    (struct rt_str){b->p, b->len}, o ? o->hash : 0,
		    o ? &o->last_line : NULL);
}

/* Give it to the journal. */
static void
keep(struct rt_aggregate *a, const struct rt_event *e)
{
	struct rt_buf *b = &a->line;

	if (!a->accepted || a->is_restoring)
		return;
	rt_buf_reset(b);
	rt_encode(b, e);
	a->accepted(a->accepted_arg,
	    b->overflow ? RT_STR_NONE : (struct rt_str){b->p, b->len});
}

/*
 * What of an event needs no operation, done while the memory of its operation is on its
 * way: it is packed; the series is returned, which a summary needs only to start one.
 */
static uint32_t
prepare(struct rt_aggregate *a, const struct rt_event *e, bool is_attempt)
{
	uint64_t hash = rt_operation_hash(&a->operations, e->operation_id);
	uint32_t series = 0;

	rt_operation_fetch_slot(&a->operations, hash);
	if (is_attempt)
		series = rt_series_of(&a->series, e);
	rt_operation_fetch_entry(&a->operations, hash);
	if (is_attempt)
		rt_series_fetch(&a->series, series);
	rt_buf_reset(&a->line);
	if (a->keeps_events)
		rt_pack(&a->line, e);
	return series;
}

void
rt_aggregate_take_event(struct rt_aggregate *a, const struct rt_event *e)
{
	bool is_summary = e->kind == RT_KIND_SUMMARY;
	bool is_synthetic = rt_event_has(e, SYNTHETIC) && e->synthetic;
	uint32_t series = prepare(a, e, !is_summary && !is_synthetic);
	struct rt_operation *o = NULL;
	bool is_late;

	if (rt_event_has(e, OPERATION_ID)) {
		o = rt_operation_find(&a->operations, e->operation_id);
		if (is_summary && o && o->has_summary) {
			keep(a, e);
			rt_aggregate_total(a, RT_C_DUPLICATES);
			if (!o->is_synthetic)
				rt_audit_summary(
				    &a->audit, a->clock_us, e, o, true);
			return;
		}
		if (!o && is_summary && !is_synthetic)
			series = rt_series_of(&a->series, e);
		if (!o)
			o = start(a, e, series);
	}
	show(a, o);
	keep(a, e);
	rt_aggregate_total(a, RT_C_ACCEPTED);
	if (e->sensitive.p)
		rt_aggregate_total(a, RT_C_SENSITIVE);
	if (is_synthetic || (o && o->is_synthetic)) {
		take_synthetic(a, e, o);
	} else if (is_summary) {
		take_summary(a, e, o);
	} else {
		is_late = o && o->state != RT_OPERATION_OPEN;
		if (is_late)
			rt_aggregate_total(a, RT_C_LATE);
		take_attempt(a, e, series, o, is_late);
	}
}
