/* SPDX-License-Identifier: MIT */
#include "collector/aggregate_state.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "collector/notice.h"
#include "collector/pack.h"
#include "proto/encode.h"
#include "proto/mem.h"

#define OPERATION_TIMEOUT_MS 120000

const struct rt_capacity rt_capacity_default = {
#define X(member, dflt, lo, hi, what) .member = (dflt),
    RT_CAPACITIES(X)
#undef X
};

static struct rt_capacity
completed(struct rt_capacity c)
{
#define X(member, dflt, lo, hi, what) \
	if (c.member == 0)            \
		c.member = (dflt);
	RT_CAPACITIES(X)
#undef X
	return c;
}

uint64_t
rt_aggregate_bytes(const struct rt_capacity *capacity)
{
	struct rt_capacity c = completed(*capacity);

	return rt_intern_bytes(c.labels) + rt_series_bytes(c.series) +
	    rt_operations_bytes(c.operations) +
	    rt_fallback_bytes(c.fallback_rows, c.operations) +
	    rt_sequence_bytes(c.emitters) + rt_probes_bytes(c.canaries) +
	    rt_audit_bytes(c.series) + rt_window_bytes(&rt_window_totals) +
	    (uint64_t)c.sketch_chunks * sizeof(struct rt_sketch_chunk) +
	    c.tail_bytes + (uint64_t)c.refused * sizeof(struct rt_refused);
}

void
rt_aggregate_set_opts(struct rt_aggregate *a, const struct rt_aggregate_opts *o)
{
	int64_t timeout_ms = o->operation_timeout_ms;
	struct rt_timeouts *t = &a->timeouts;

	if (o->policies)
		a->policies = *o->policies;
	else
		rt_policies_init(&a->policies);
	rt_timeouts_init(t, &a->policies,
	    (timeout_ms ? timeout_ms : OPERATION_TIMEOUT_MS) * 1000);
	rt_operations_set_timeouts(&a->operations, t->us, t->count);
	rt_sequence_set_limit(&a->sequence, &o->limit);
	rt_decoder_free(a->decoder);
	a->decoder = rt_decoder_new(&o->decode);
}

/* What is kept of an event, as viewers see it. */
static void
write_kept(struct rt_buf *b, struct rt_str bytes)
{
	struct rt_event e;

	rt_unpack(bytes, &e);
	rt_encode(b, &e);
}

struct rt_aggregate *
rt_aggregate_new(const struct rt_aggregate_opts *o, struct rt_moment at)
{
	struct rt_aggregate *a = rt_xcalloc(1, sizeof(*a));
	struct rt_capacity c = completed(o->capacity);
	uint64_t seed = 0;

	if (getrandom(&seed, sizeof(seed), 0) != (ssize_t)sizeof(seed))
		seed = (uint64_t)at.wall.us;
	a->is_live = o->is_live;
	a->keeps_events = o->is_live || o->keeps_events;
	a->capacity = c;
	a->started_id =
	    o->is_live ? seed >> 1 : 0; /* a replay is the same again */
	a->clock_us = o->is_live ? at.mono.us : 0;
	a->started_us = a->clock_us;
	a->held_us = a->clock_us;
	a->last_event_us = -1;
	rt_operations_init(&a->operations, c.operations, seed);
	rt_sequence_init(&a->sequence, c.emitters, seed);
	rt_aggregate_set_opts(a, o);
	rt_intern_init(&a->labels, c.labels, seed);
	rt_sketch_pool_init(&a->sketches, c.sketch_chunks);
	a->totals_storage = rt_xcalloc(1, rt_window_bytes(&rt_window_totals));
	rt_window_init(
	    &a->totals, &rt_window_totals, &a->sketches, a->totals_storage);
	rt_window_advance(&a->totals, a->clock_us);
	rt_series_init(&a->series, &a->labels, &a->sketches, c.series, seed);
	rt_fallback_init(
	    &a->fallback, &a->labels, c.fallback_rows, c.operations);
	rt_recent_init(&a->recent, c.tail_bytes);
	a->recent.write = write_kept;
	rt_refusals_init(&a->refused, c.refused, o->is_live);
	rt_probes_init(&a->probes, &a->labels, c.canaries);
	rt_audit_init(&a->audit, &a->policies, &a->labels, &a->series);
	rt_buf_init(&a->line, 4 * RT_RECORD_MAX);
	return a;
}

void
rt_aggregate_free(struct rt_aggregate *a)
{
	if (!a)
		return;
	rt_decoder_free(a->decoder);
	rt_intern_fini(&a->labels);
	rt_sketch_pool_fini(&a->sketches);
	free(a->totals_storage);
	rt_series_fini(&a->series);
	rt_operations_fini(&a->operations);
	rt_fallback_fini(&a->fallback);
	rt_sequence_fini(&a->sequence);
	rt_recent_fini(&a->recent);
	rt_refusals_fini(&a->refused);
	rt_probes_fini(&a->probes);
	rt_audit_fini(&a->audit);
	rt_buf_fini(&a->line);
	free(a);
}

/* ---- what the journal is told besides records ------------------------------------ */

/* The journal keeps that it was counted. */
static void
leave_out(struct rt_aggregate *a, enum rt_reject reason, struct rt_identity id)
{
	struct rt_mark m;

	if (!a->left_out || a->is_restoring)
		return;
	rt_mark_init(&m, reason, id.emitter, id.seq);
	a->left_out(a->left_out_arg, &m);
}

/* Its number came before: it fills no place. */
static void
repeated(struct rt_aggregate *a, struct rt_identity id)
{
	rt_aggregate_total(a, RT_C_DUPLICATES);
	id.seq = 0;
	leave_out(a, RT_REJECT_NOT, id);
}

/* Move the clock; a record without ts takes the clock's value. */
static void
set_clock(struct rt_aggregate *a, struct rt_event *e, struct rt_moment at)
{
	if (a->is_live) {
		if (!rt_event_has(e, TS)) {
			e->present |= RT_FIELD_BIT(TS);
			e->ts_us = at.wall.us;
			e->ts_is_arrival = true;
			e->ts_has_fraction = true;
		}
	} else if (rt_event_has(e, TS)) {
		if (e->ts_us > a->clock_us)
			a->clock_us = e->ts_us;
		if (a->held_us == 0)
			a->held_us = a->clock_us;
	} else if (a->clock_us > 0) {
		e->present |= RT_FIELD_BIT(TS);
		e->ts_us = a->clock_us;
		e->ts_is_arrival = true;
	}
	if (rt_event_has(e, TS)) {
		if (a->first_ts_us == 0 || e->ts_us < a->first_ts_us)
			a->first_ts_us = e->ts_us;
		if (e->ts_us > a->last_ts_us)
			a->last_ts_us = e->ts_us;
	}
	a->last_event_us = a->clock_us;
	rt_window_advance(&a->totals, a->clock_us);
	rt_audit_advance(&a->audit, a->clock_us);
	rt_aggregate_expire(a);
}

static bool
is_blank(struct rt_str s)
{
	size_t i;

	for (i = 0; i < s.len; i++)
		if (s.p[i] != ' ' && s.p[i] != '\t' && s.p[i] != '\r' &&
		    s.p[i] != '\n')
			return false;
	return true;
}

static bool
is_forged(const struct rt_aggregate *a, const struct rt_identity *id)
{
	return a->may_use && id->emitter.len > 0 &&
	    !a->may_use(a->may_use_arg, id->emitter);
}

static void
refuse_forged(struct rt_aggregate *a, struct rt_str record, const char *source)
{
	struct rt_diag why = {{0}, {0}};

	rt_diag_set(&why, "emitter", "the id belongs to another key");
	rt_aggregate_total(a, RT_C_REJECT + RT_REJECT_FORGED_EMITTER);
	rt_refusals_add(&a->refused, a->clock_us, RT_REJECT_FORGED_EMITTER,
	    &why, record, source);
	/* Of nobody: whose id it is has lost nothing and sent nothing. */
	leave_out(a, RT_REJECT_FORGED_EMITTER, (struct rt_identity){.seq = 0});
}

/* A record that its sender found wrong counts as it would have. */
static void
take_notice(
    struct rt_aggregate *a, const struct rt_notice *n, const char *source)
{
	struct rt_identity id = {rt_str_of(n->emitter), n->seq};
	char from[2 * RT_NOTICE_WHERE];

	if (is_forged(a, &id)) {
		refuse_forged(a, rt_str_of(n->sample), source);
		return;
	}
	if (!rt_sequence_arrived(
		&a->sequence, a->clock_us, id.emitter, id.seq, NULL)) {
		repeated(a, id);
		return;
	}
	rt_sequence_refused(&a->sequence, n->reason);
	rt_aggregate_total(a, RT_C_REJECT + n->reason);
	leave_out(a, n->reason, id);
	snprintf(from, sizeof(from), "%s, %s", n->where, source);
	rt_refusals_add(&a->refused, a->clock_us, n->reason, &n->why,
	    rt_str_of(n->sample), from);
}

static void
note_service(struct rt_aggregate *a, struct rt_str service)
{
	rt_sequence_serves(&a->sequence, service);
	if (service.len == 0 || service.len > sizeof(a->service))
		return;
	memcpy(a->service, service.p, service.len);
	a->service_len = service.len;
}

struct rt_str
rt_aggregate_service(const struct rt_aggregate *a)
{
	return a->service_len ? (struct rt_str){a->service, a->service_len}
			      : RT_STR_NONE;
}

static const struct rt_diag over_rate = {
    "emitter", "sends more records a second than [limits] allows"};

static bool
is_over_rate(struct rt_aggregate *a, const struct rt_decoded *d)
{
	return a->is_limited && !a->is_restoring &&
	    d->reject == RT_REJECT_NOT &&
	    !rt_sequence_has_room(&a->sequence, a->clock_us);
}

/* A record that was decoded, well or not. */
static void
take_decoded(struct rt_aggregate *a, struct rt_decoded *d,
    const struct rt_diag *why, struct rt_str record, struct rt_moment at,
    const char *source)
{
	struct rt_identity id = d->identity;
	struct rt_event *e = &d->event;
	double skew_ms;

	if (is_forged(a, &id)) {
		refuse_forged(a, record, source);
		return;
	}
	skew_ms = (double)(at.wall.us - e->ts_us) / 1000;
	if (!rt_sequence_arrived(&a->sequence, a->clock_us, id.emitter, id.seq,
		a->is_live && rt_event_has(e, TS) ? &skew_ms : NULL)) {
		repeated(a, id);
		return;
	}
	if (is_over_rate(a, d)) {
		d->reject = RT_REJECT_OVER_RATE;
		why = &over_rate;
	}
	if (d->reject != RT_REJECT_NOT) {
		rt_sequence_refused(&a->sequence, d->reject);
		rt_aggregate_total(a, RT_C_REJECT + d->reject);
		leave_out(a, d->reject, id);
		rt_refusals_add(
		    &a->refused, a->clock_us, d->reject, why, record, source);
		return;
	}
	note_service(a, e->service);
	set_clock(a, e, at);
	rt_aggregate_take_event(a, e);
}

void
rt_aggregate_decoded(struct rt_aggregate *a, struct rt_decoded *d,
    const struct rt_diag *why, struct rt_str record, struct rt_moment at,
    const char *source)
{
	if (d->reject != RT_REJECT_NOT && is_blank(record))
		return;
	if (a->is_live)
		a->clock_us = at.mono.us;
	rt_window_advance(&a->totals, a->clock_us);
	take_decoded(a, d, why, record, at, source);
}

void
rt_aggregate_record(struct rt_aggregate *a, struct rt_str record,
    struct rt_moment at, const char *source)
{
	struct rt_notice notice;
	struct rt_decoded d;
	struct rt_diag why;

	if (is_blank(record))
		return;
	if (a->is_live)
		a->clock_us = at.mono.us;
	rt_window_advance(&a->totals, a->clock_us);
	if (a->is_live && rt_notice_is_hinted(record) &&
	    rt_notice_decode(record, &notice) == RT_OK) {
		take_notice(a, &notice, source);
		return;
	}
	why.where[0] = why.what[0] = '\0';
	d.reject = rt_decode(a->decoder, record.p, record.len, &d.event, &why);
	if (d.reject != RT_REJECT_NOT)
		d.event = (struct rt_event){0};
	d.identity = rt_decode_identity(a->decoder);
	take_decoded(a, &d, &why, record, at, source);
}

unsigned
rt_aggregate_message(struct rt_aggregate *a, struct rt_str message,
    struct rt_moment at, const char *source)
{
	struct rt_str line;
	unsigned n = 0;

	a->service_len = 0;
	if (message.len > RT_MESSAGE_MAX) {
		rt_aggregate_record(a, message, at, source);
		return 1;
	}
	while (rt_decode_next_line(&message, &line)) {
		rt_aggregate_record(a, line, at, source);
		n++;
	}
	return n;
}

void
rt_aggregate_restore(
    struct rt_aggregate *a, struct rt_str record, struct rt_moment at)
{
	a->is_restoring = true;
	if (a->last_event_us < 0)
		a->held_us = at.mono.us;
	rt_aggregate_record(a, record, at, "journal");
	a->is_restoring = false;
}

void
rt_aggregate_restored(struct rt_aggregate *a, struct rt_moment now)
{
	a->started_us = now.mono.us;
	if (a->last_event_us < 0)
		a->held_us = now.mono.us;
	rt_aggregate_tick(a, now);
}

void
rt_aggregate_on_accepted(struct rt_aggregate *a,
    void (*accepted)(void *arg, struct rt_str line), void *arg)
{
	a->accepted = accepted;
	a->accepted_arg = arg;
}

void
rt_aggregate_on_refused(struct rt_aggregate *a,
    void (*refused)(void *arg, const struct rt_mark *m), void *arg)
{
	a->left_out = refused;
	a->left_out_arg = arg;
}

void
rt_aggregate_mark(
    struct rt_aggregate *a, const struct rt_mark *m, struct rt_moment at)
{
	uint32_t i;

	if (a->is_live)
		a->clock_us = at.mono.us;
	rt_window_advance(&a->totals, a->clock_us);
	if (m->reason == RT_REJECT_NOT) {
		rt_window_count(&a->totals, RT_C_DUPLICATES, m->count);
		rt_sequence_repeated(
		    &a->sequence, a->clock_us, rt_mark_emitter(m), m->count);
		return;
	}
	rt_window_count(&a->totals, RT_C_REJECT + m->reason, m->count);
	for (i = 0; i < m->count; i++) {
		(void)rt_sequence_arrived(&a->sequence, a->clock_us,
		    rt_mark_emitter(m), m->seq > 0 ? m->seq + i : 0, NULL);
		rt_sequence_refused(&a->sequence, m->reason);
	}
}

void
rt_aggregate_on_emitter(struct rt_aggregate *a,
    bool (*may_use)(void *arg, struct rt_str emitter), void *arg)
{
	a->may_use = may_use;
	a->may_use_arg = arg;
}

void
rt_aggregate_set_limited(struct rt_aggregate *a, bool is_limited)
{
	a->is_limited = is_limited;
}

struct rt_namer *
rt_aggregate_over_rate(struct rt_aggregate *a)
{
	return &a->sequence.over;
}

void
rt_aggregate_tick(struct rt_aggregate *a, struct rt_moment at)
{
	if (!a->is_live)
		return;
	a->clock_us = at.mono.us;
	rt_window_advance(&a->totals, a->clock_us);
	rt_aggregate_expire(a);
}

struct rt_aggregate_violations
rt_aggregate_violations(const struct rt_aggregate *a, uint64_t since)
{
	const struct rt_audit_newest *n = &a->audit.newest;

	if (n->at == 0)
		return (struct rt_aggregate_violations){0};
	if (a->audit.newest_operation.at > since)
		n = &a->audit.newest_operation;
	return (struct rt_aggregate_violations){a->audit.fired,
	    rt_rule_name(n->rule), n->example->operation_id,
	    n->example->service, n->example->evidence};
}

uint64_t
rt_aggregate_refused(const struct rt_aggregate *a)
{
	return a->refused.count;
}

int64_t
rt_aggregate_clock_us(const struct rt_aggregate *a)
{
	return a->clock_us;
}
