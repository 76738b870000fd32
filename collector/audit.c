/* SPDX-License-Identifier: MIT */
#include "collector/audit.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "collector/audit_rules.h"
#include "proto/mem.h"

#define OVERRUN_RATIO 1.1 /* of a time budget */

void
rt_audit_init(struct rt_audit *a, const struct rt_policies *policies,
    struct rt_intern *labels, const struct rt_series *series)
{
	unsigned i, bit;

	*a = (struct rt_audit){.policies = policies,
	    .labels = labels,
	    .series = series,
	    .shape = rt_window_plain(RT_RULE_COUNT)};
	for (i = 0; i < rt_predicates_count; i++)
		for (bit = 0; bit < RT_JUDGED_BITS; bit++)
			if (rt_predicates[i].any_of >> bit & 1)
				a->asking[bit] |= 1u << i;
	a->of_series = rt_xcalloc(series->capacity, sizeof(*a->of_series));
	a->counts_storage = rt_xcalloc(1, rt_window_bytes(&a->shape));
	rt_window_init(&a->counts, &a->shape, NULL, a->counts_storage);
	rt_audit_services_init(a);
}

void
rt_audit_fini(struct rt_audit *a)
{
	rt_audit_services_fini(a);
	free(a->of_series);
	free(a->counts_storage);
	*a = (struct rt_audit){0};
}

uint64_t
rt_audit_bytes(uint32_t series)
{
	struct rt_window_shape shape = rt_window_plain(RT_RULE_COUNT);

	return sizeof(struct rt_audit) + rt_window_bytes(&shape) +
	    (uint64_t)(series + 1) * sizeof(struct rt_audit_series) +
	    rt_audit_services_bytes();
}

/* Count it, and note it as the rule's newest example. */
static void
fire(struct rt_audit *a, enum rt_rule rule, const char *evidence)
{
	struct rt_audit_example *to =
	    &a->examples[rule]
		 .newest[a->examples[rule].count++ % RT_REPORT_EXAMPLES];

	rt_text_scrub(
	    to->operation_id, sizeof(to->operation_id), a->operation_id);
	rt_text_scrub(to->service, sizeof(to->service), a->service);
	memcpy(to->evidence, evidence, strlen(evidence) + 1);
	to->at_us = a->now_us;
	a->newest = (struct rt_audit_newest){++a->fired, rule, to};
	if (a->operation_id.p)
		a->newest_operation = a->newest;
	rt_window_advance(&a->counts, a->now_us);
	rt_window_count(&a->counts, rule, 1);
	if (a->on_violation && a->operation_id.p)
		a->on_violation(a->ctx, a->operation_id, rule, to->evidence);
}

void
rt_audit_fire(struct rt_audit *a, enum rt_rule rule, const char *fmt, ...)
{
	char evidence[RT_AUDIT_EVIDENCE];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(evidence, sizeof(evidence), fmt, ap);
	va_end(ap);
	fire(a, rule, evidence);
}

/* At most once for an operation. */
static void
fire_once(struct rt_audit *a, struct rt_operation *o, enum rt_rule rule,
    const char *evidence)
{
	if (o->audit.fired & 1u << rule)
		return;
	o->audit.fired |= 1u << rule;
	fire(a, rule, evidence);
}

static void
at_hand(struct rt_audit *a, int64_t now_us, struct rt_str service,
    struct rt_str operation_id)
{
	a->now_us = now_us;
	a->service = service.len > 0 ? service : rt_str_of("(none)");
	a->operation_id = operation_id;
}

/* For each record; its operation remembers that one broke the rule. */
static void
fire_record(struct rt_audit *a, struct rt_operation *o, enum rt_rule rule,
    const char *what, struct rt_str value, size_t most)
{
	if (o)
		o->audit.fired |= 1u << rule;
	rt_audit_fire(a, rule, "%s %.*s", what,
	    (int)(value.len < most ? value.len : most), value.p);
}

/* A route is judged when its series is new. */
static bool
is_high_cardinality(
    struct rt_audit *a, const struct rt_event *e, uint32_t series)
{
	uint8_t *route = &a->of_series[series].route;

	if (series == 0)
		return rt_is_high_cardinality(e->http_route);
	if (*route == RT_ROUTE_NOT_JUDGED)
		*route = rt_is_high_cardinality(e->http_route)
		    ? RT_ROUTE_HIGH_CARDINALITY
		    : RT_ROUTE_BOUNDED;
	return *route == RT_ROUTE_HIGH_CARDINALITY;
}

static void
judge_record(struct rt_audit *a, const struct rt_event *e, uint32_t series,
    struct rt_operation *o)
{
	if (rt_decided(e, RT_DECISION_UNKNOWN))
		fire_record(a, o, RT_RULE_UNKNOWN_DECISION, "decision",
		    e->decision_code.p ? e->decision_code
				       : rt_str_of("unknown"),
		    64);
	if (rt_event_has(e, HTTP_ROUTE) && is_high_cardinality(a, e, series))
		fire_record(a, o, RT_RULE_HIGH_CARDINALITY, "http_route",
		    e->http_route, 100);
	if (e->sensitive.p)
		fire_record(a, o, RT_RULE_SENSITIVE, "field", e->sensitive, 64);
}

/* From the first attempt's start to this record's end. */
static void
judge_time(struct rt_audit *a, const struct rt_event *e, struct rt_operation *o)
{
	struct rt_judged j = {.e = e};
	double budget_ms = rt_event_has(e, TIMEOUT_BUDGET_MS)
	    ? e->timeout_budget_ms
	    : (double)o->audit.budget_ms;
	int64_t start_us = o->start_us;
	double ran_ms;

	if (!rt_event_has(e, TS))
		return;
	if (!o->has_start) {
		if (o->records > 0 || !rt_event_has(e, ELAPSED_MS))
			return;
		start_us = e->ts_us - (int64_t)(e->elapsed_ms * 1000);
	}
	if (o->audit.attempt == 0 && !rt_event_has(e, TIMEOUT_BUDGET_MS))
		return;
	ran_ms = (double)(e->ts_us - start_us) / 1000;
	if (budget_ms >= 0 && ran_ms > OVERRUN_RATIO * budget_ms &&
	    EVIDENCE(&j, "ran %.0f ms of %.0f ms", ran_ms, budget_ms))
		fire_once(a, o, RT_RULE_BUDGET_OVERRUN, j.evidence);
}

static void
remember(struct rt_audit_state *s, const struct rt_event *e, uint32_t model,
    uint32_t provider)
{
	bool waits = rt_decided(e, RT_DECISION_RETRY_SAME) ||
	    rt_decided(e, RT_DECISION_FALLBACK_SECONDARY);
	bool is_fallback = rt_decided(e, RT_DECISION_FALLBACK_SECONDARY);

	if (s->attempt == 0)
		s->budget_ms = -1;
	s->attempt = (uint32_t)e->attempt;
	s->ts_us = e->ts_us;
	s->has_ts = rt_event_has(e, TS) && !e->ts_is_arrival;
	s->has_fraction = e->ts_has_fraction;
	s->backoff_ms =
	    waits && rt_event_has(e, BACKOFF_MS) ? (float)e->backoff_ms : -1;
	if (rt_event_has(e, TIMEOUT_BUDGET_MS))
		s->budget_ms = (float)e->timeout_budget_ms;
	s->model = model;
	s->provider = provider;
	s->error_class = (uint8_t)e->error_class;
	s->decision = rt_event_has(e, DECISION) ? (uint8_t)e->decision
						: (uint8_t)RT_DECISION_COUNT;
	s->is_otel = e->shape == RT_SHAPE_OTEL;
	s->is_runbook = e->shape == RT_SHAPE_RUNBOOK;
	if (is_fallback && s->fallbacks < UINT8_MAX)
		s->fallbacks++;
	s->declared_fallback = s->declared_fallback || is_fallback;
}

static void
judge_by_rules(struct rt_audit *a, struct rt_judged *j, struct rt_operation *o)
{
	const struct rt_predicate *p;
	unsigned has = rt_judged_has(j);
	uint32_t asked = 0;

	for (; has; has &= has - 1)
		asked |= a->asking[__builtin_ctz(has)];
	for (; asked; asked &= asked - 1) {
		p = &rt_predicates[__builtin_ctz(asked)];
		if (!(o->audit.fired & 1u << p->rule) && p->fires(j))
			fire_once(a, o, p->rule, j->evidence);
	}
}

/* Number of one of the record's labels. */
static uint32_t
label(struct rt_audit *a, uint32_t series, enum rt_label which, struct rt_str s)
{
	return series ? a->series->rows[series].labels[which]
		      : rt_intern_put(a->labels, s);
}

void
rt_audit_attempt(struct rt_audit *a, int64_t now_us, const struct rt_event *e,
    uint32_t series, struct rt_operation *o, bool is_late)
{
	struct rt_judged j;
	struct rt_policy room;

	rt_audit_advance(a, now_us);
	at_hand(a, now_us, e->service, e->operation_id);
	judge_record(a, e, series, o);
	if (is_late || !o)
		return;
	j.e = e;
	j.policy = rt_policy_for(a->policies, e->service, e->tenant, &room);
	j.last = o->audit.attempt > 0 ? &o->audit : NULL;
	j.model =
	    label(a, series, RT_LABEL_MODEL_REQUESTED, e->model_requested);
	j.provider = label(a, series, RT_LABEL_PROVIDER, e->provider);
	judge_by_rules(a, &j, o);
	judge_time(a, e, o);
	remember(&o->audit, e, j.model, j.provider);
	rt_audit_service_attempt(a, e, series);
}

void
rt_audit_summary(struct rt_audit *a, int64_t now_us, const struct rt_event *e,
    struct rt_operation *o, bool is_second)
{
	at_hand(a, now_us, e->service, e->operation_id);
	if (is_second)
		fire_once(a, o, RT_RULE_DUPLICATE_SUMMARY, "a second summary");
	else if (o->audit.attempt > 0)
		judge_time(a, e, o);
}

void
rt_audit_silence(struct rt_audit *a, int64_t now_us, struct rt_str service,
    struct rt_operation *o)
{
	char evidence[96];

	at_hand(a, now_us, service, rt_operation_id(o));
	if (o->audit.is_otel)
		return;
	if (o->audit.attempt > 0 && rt_is_undecided_failure(&o->audit)) {
		snprintf(evidence, sizeof(evidence), "attempt %u: class %s",
		    o->audit.attempt,
		    rt_class_name((enum rt_class)o->audit.error_class));
		fire_once(a, o, RT_RULE_FAILURE_NO_DECISION, evidence);
	}
	snprintf(evidence, sizeof(evidence), "silent after attempt %u",
	    o->audit.attempt);
	fire_once(a, o, RT_RULE_NO_TERMINAL, evidence);
}

static int
most_first(const void *x, const void *y)
{
	const struct rt_report_violation *a = x, *b = y;

	if (a->count != b->count)
		return a->count < b->count ? 1 : -1;
	return strcmp(a->rule, b->rule);
}

static void
report_examples(struct rt_audit *a, int64_t now_us, int rule,
    struct rt_report_violation *to, struct rt_report *out)
{
	uint64_t count = a->examples[rule].count, i;
	const struct rt_audit_example *from;
	unsigned n;

	for (i = 0; i < count && i < RT_REPORT_EXAMPLES; i++) {
		from = &a->examples[rule]
			    .newest[(count - 1 - i) % RT_REPORT_EXAMPLES];
		if (from->at_us > now_us)
			continue;
		n = to->examples_count++;
		to->examples[n].operation_id = from->operation_id[0]
		    ? rt_report_text(out, rt_str_of(from->operation_id))
		    : NULL;
		to->examples[n].service =
		    rt_report_text(out, rt_str_of(from->service));
		to->examples[n].evidence =
		    rt_report_text(out, rt_str_of(from->evidence));
	}
}

void
rt_audit_report(struct rt_audit *a, struct rt_span span, struct rt_report *out)
{
	uint64_t n[RT_RULE_COUNT] = {0}, sums[RT_SUM_COUNT] = {0};
	struct rt_report_violation *to;
	int rule;

	rt_window_sum(&a->counts, span, n, sums);
	for (rule = 0; rule < RT_RULE_COUNT; rule++) {
		if (n[rule] == 0)
			continue;
		to = rt_report_add_violation(out);
		to->rule = rt_rule_name((enum rt_rule)rule);
		to->count = n[rule];
		report_examples(a, span.now_us, rule, to, out);
	}
	if (out->violations_count > 0)
		qsort(out->violations, out->violations_count,
		    sizeof(*out->violations), most_first);
}
