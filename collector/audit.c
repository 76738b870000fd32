/* SPDX-License-Identifier: MIT */
#include "collector/audit.h"

#include <ctype.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "proto/mem.h"

#define APPLIED_RATIO 0.9      /* of an announced or asked-for wait */
#define OVERRUN_RATIO 1.1      /* of a time budget */
#define COARSE_WAIT_MS 10000.0 /* whole-second stamps say nothing below */
#define LONG_NUMBER 6u         /* digits that make a path segment an id */

/* All that a predicate may look at. */
struct judged {
	const struct rt_event *e;
	const struct rt_audit_state *last; /* attempt before; NULL: first */
	const struct rt_policy *policy;
	uint32_t model, provider; /* interned */
	char evidence[160];
};

#define EVIDENCE(j, ...) \
	(snprintf((j)->evidence, sizeof((j)->evidence), __VA_ARGS__), true)

static bool
decided(const struct rt_event *e, enum rt_decision d)
{
	return rt_event_has(e, DECISION) && e->decision == d;
}

static bool
is_failure_without_decision(const struct rt_audit_state *s)
{
	return s->error_class != RT_CLASS_NONE &&
	    s->decision == RT_DECISION_COUNT && !s->is_otel;
}

/* Models are compared without case and without what stands before the last '/'. */
static struct rt_str
base_name(struct rt_str model)
{
	size_t i;

	for (i = model.len; i > 0; i--)
		if (model.p[i - 1] == '/')
			return (struct rt_str){model.p + i, model.len - i};
	return model;
}

static bool
starts_nocase(struct rt_str s, struct rt_str with)
{
	size_t i;

	if (s.len < with.len)
		return false;
	for (i = 0; i < with.len; i++)
		if (tolower((unsigned char)s.p[i]) !=
		    tolower((unsigned char)with.p[i]))
			return false;
	return true;
}

/* "-YYYY-MM-DD", "-YYYYMMDD", "-YYMMDD" or "-MMDD", to the end. */
static bool
is_date_suffix(struct rt_str s)
{
	static const char *const forms[] = {
	    "-9999-99-99", "-99999999", "-999999", "-9999"};
	size_t f, i;

	for (f = 0; f < RT_COUNT_OF(forms); f++) {
		if (s.len != strlen(forms[f]))
			continue;
		for (i = 0; i < s.len; i++)
			if (forms[f][i] == '9' ? !isdigit((unsigned char)s.p[i])
					       : s.p[i] != forms[f][i])
				break;
		if (i == s.len)
			return true;
	}
	return false;
}

static bool
is_same_model(struct rt_str asked, struct rt_str got)
{
	static const char latest[] = "-latest";
	struct rt_str rest;

	asked = base_name(asked);
	got = base_name(got);
	if (asked.len > sizeof(latest) - 1 &&
	    starts_nocase(
		(struct rt_str){asked.p + asked.len - (sizeof(latest) - 1),
		    sizeof(latest) - 1},
		rt_str_of(latest)))
		asked.len -= sizeof(latest) - 1;
	if (!starts_nocase(got, asked))
		return false;
	rest = (struct rt_str){got.p + asked.len, got.len - asked.len};
	return rest.len == 0 || is_date_suffix(rest);
}

static bool
is_hex_run(const char *p, size_t n)
{
	size_t i;

	for (i = 0; i < n; i++)
		if (!isxdigit((unsigned char)p[i]))
			return false;
	return true;
}

static bool
is_uuid_at(const char *p, size_t left)
{
	return left >= 36 && is_hex_run(p, 8) && p[8] == '-' &&
	    is_hex_run(p + 9, 4) && p[13] == '-' && is_hex_run(p + 14, 4) &&
	    p[18] == '-' && is_hex_run(p + 19, 4) && p[23] == '-' &&
	    is_hex_run(p + 24, 12);
}

static bool
is_high_cardinality(struct rt_str route)
{
	size_t i, digits = 0;
	bool only_digits = true;

	for (i = 0; i <= route.len; i++) {
		if (i == route.len || route.p[i] == '/') {
			if (only_digits && digits >= LONG_NUMBER)
				return true;
			digits = 0;
			only_digits = true;
			continue;
		}
		if (route.p[i] == '?' || is_uuid_at(route.p + i, route.len - i))
			return true;
		if (isdigit((unsigned char)route.p[i]))
			digits++;
		else
			only_digits = false;
	}
	return false;
}

/* What is known of model and provider differs from the attempt before: its name. */
static const char *
changed_target(const struct judged *j)
{
	const struct rt_audit_state *last = j->last;

	if (j->model != RT_INTERN_NONE && last->model != RT_INTERN_NONE &&
	    j->model != last->model)
		return "model_requested";
	if (j->provider != RT_INTERN_NONE && last->provider != RT_INTERN_NONE &&
	    j->provider != last->provider)
		return "provider";
	return NULL;
}

/* ---- predicates: one a rule ---------------------------------------------- */

/*
 * A terminal class was tried again: by its own decision, or by another attempt with no
 * fallback between.  OpenTelemetry cannot declare one: there a change of model is one.
 */
static bool
retried_after(struct judged *j, uint32_t classes)
{
	const struct rt_audit_state *last = j->last;

	if (classes & 1u << j->e->error_class &&
	    decided(j->e, RT_DECISION_RETRY_SAME))
		return EVIDENCE(j, "attempt %d: class %s, decision retry_same",
		    (int)j->e->attempt, rt_class_name(j->e->error_class));
	if (!last || !(classes & 1u << last->error_class) ||
	    last->decision == RT_DECISION_FALLBACK_SECONDARY ||
	    (last->is_otel && changed_target(j)))
		return false;
	return EVIDENCE(j, "attempt %u: class %s, then attempt %d",
	    last->attempt, rt_class_name((enum rt_class)last->error_class),
	    (int)j->e->attempt);
}

static bool
retry_after_auth(struct judged *j)
{
	return retried_after(j, 1u << RT_CLASS_AUTH);
}

static bool
retry_of_caller_error(struct judged *j)
{
	return retried_after(
	    j, 1u << RT_CLASS_CALLER_ERROR | 1u << RT_CLASS_SCHEMA);
}

static bool
retry_of_policy(struct judged *j)
{
	return retried_after(j, 1u << RT_CLASS_POLICY);
}

static bool
retry_of_quota(struct judged *j)
{
	return retried_after(j, 1u << RT_CLASS_QUOTA);
}

static bool
fallback_not_allowed(struct judged *j)
{
	const struct rt_event *e = j->e;

	if (!decided(e, RT_DECISION_FALLBACK_SECONDARY))
		return false;
	if (j->policy->fallback_classes & 1u << e->error_class &&
	    !(e->error_class == RT_CLASS_STREAM_INTERRUPTED &&
		rt_event_has(e, STREAM_COMMITTED) && e->stream_committed))
		return false;
	return EVIDENCE(j, "attempt %d: fallback on class %s", (int)e->attempt,
	    rt_class_name(e->error_class));
}

static bool
fallback_no_reason(struct judged *j)
{
	/* The trigger of a decision log is its reason. */
	return decided(j->e, RT_DECISION_FALLBACK_SECONDARY) &&
	    !rt_event_has(j->e, DECISION_REASON) &&
	    j->e->shape != RT_SHAPE_DECISIONS &&
	    EVIDENCE(j, "attempt %d", (int)j->e->attempt);
}

static bool
fallback_over_cap(struct judged *j)
{
	unsigned n = (j->last ? j->last->fallbacks : 0) + 1u;

	return decided(j->e, RT_DECISION_FALLBACK_SECONDARY) &&
	    n > j->policy->max_fallbacks &&
	    EVIDENCE(j, "fallback number %u", n);
}

static bool
attempts_over_cap(struct judged *j)
{
	int64_t cap = rt_event_has(j->e, MAX_ATTEMPTS)
	    ? j->e->max_attempts
	    : (int64_t)j->policy->max_attempts;

	return j->e->attempt > cap &&
	    EVIDENCE(j, "attempt %d of %d", (int)j->e->attempt, (int)cap);
}

static bool
no_backoff(struct judged *j)
{
	const struct rt_event *e = j->e;

	return decided(e, RT_DECISION_RETRY_SAME) &&
	    e->shape != RT_SHAPE_RUNBOOK &&
	    (!rt_event_has(e, BACKOFF_MS) || e->backoff_ms <= 0) &&
	    EVIDENCE(j, "attempt %d: backoff_ms %s", (int)e->attempt,
		rt_event_has(e, BACKOFF_MS) ? "0" : "absent");
}

static bool
backoff_not_applied(struct judged *j)
{
	const struct rt_audit_state *last = j->last;
	const struct rt_event *e = j->e;
	double waited_ms;

	if (!last || last->backoff_ms <= 0 || !last->has_ts ||
	    !rt_event_has(e, TS) || e->ts_is_arrival ||
	    !rt_event_has(e, ELAPSED_MS) || last->is_runbook ||
	    e->shape == RT_SHAPE_RUNBOOK)
		return false;
	if ((!last->has_fraction || !e->ts_has_fraction) &&
	    (double)last->backoff_ms < COARSE_WAIT_MS)
		return false;
	waited_ms = (double)(e->ts_us - last->ts_us) / 1000 - e->elapsed_ms;
	return waited_ms < APPLIED_RATIO * (double)last->backoff_ms &&
	    EVIDENCE(j, "attempt %d: planned %.0f ms, waited %.0f ms",
		(int)e->attempt, (double)last->backoff_ms, waited_ms);
}

static bool
retry_after_ignored(struct judged *j)
{
	const struct rt_event *e = j->e;

	return decided(e, RT_DECISION_RETRY_SAME) &&
	    rt_event_has(e, RETRY_AFTER_MS) && rt_event_has(e, BACKOFF_MS) &&
	    e->backoff_ms < APPLIED_RATIO * e->retry_after_ms &&
	    EVIDENCE(j, "attempt %d: asked for %.0f ms, planned %.0f ms",
		(int)e->attempt, e->retry_after_ms, e->backoff_ms);
}

static bool
zero_budget(struct judged *j)
{
	return decided(j->e, RT_DECISION_RETRY_SAME) &&
	    rt_event_has(j->e, RETRY_BUDGET_REMAINING) &&
	    j->e->retry_budget_remaining == 0 &&
	    EVIDENCE(j, "attempt %d", (int)j->e->attempt);
}

static bool
number_gap(struct judged *j)
{
	int64_t n = j->e->attempt;

	if (!j->last)
		return n > 1 && !rt_event_has(j->e, REQUEUE_COUNT) &&
		    EVIDENCE(j, "the first record is attempt %d", (int)n);
	return n != 1 && n != (int64_t)j->last->attempt + 1 &&
	    n != (int64_t)j->last->attempt &&
	    EVIDENCE(j, "attempt %d after %u", (int)n, j->last->attempt);
}

static bool
number_reset(struct judged *j)
{
	const struct rt_event *e = j->e;

	if (e->attempt != 1)
		return false;
	if (j->last && j->last->attempt > 1)
		return EVIDENCE(j, "attempt 1 after %u", j->last->attempt);
	return rt_event_has(e, REQUEUE_COUNT) && e->requeue_count > 0 &&
	    !rt_event_has(e, PARENT_OPERATION_ID) &&
	    EVIDENCE(j, "requeue %d with no parent operation",
		(int)e->requeue_count);
}

static bool
retry_after_commit(struct judged *j)
{
	return rt_event_has(j->e, STREAM_COMMITTED) && j->e->stream_committed &&
	    (decided(j->e, RT_DECISION_RETRY_SAME) ||
		decided(j->e, RT_DECISION_FALLBACK_SECONDARY)) &&
	    EVIDENCE(j, "attempt %d: decision %s", (int)j->e->attempt,
		rt_decision_name(j->e->decision));
}

static bool
cut_stream_as_success(struct judged *j)
{
	const struct rt_event *e = j->e;

	return rt_event_has(e, STREAMING) && e->streaming &&
	    e->error_class == RT_CLASS_NONE &&
	    rt_event_has(e, FINISH_REASON_SEEN) && !e->finish_reason_seen &&
	    EVIDENCE(j, "attempt %d", (int)e->attempt);
}

static bool
no_status_as_success(struct judged *j)
{
	return decided(j->e, RT_DECISION_NONE) &&
	    !rt_event_has(j->e, HTTP_STATUS) &&
	    !rt_event_has(j->e, ERROR_TYPE) &&
	    EVIDENCE(j, "attempt %d", (int)j->e->attempt);
}

static bool
retry_no_decision(struct judged *j)
{
	return j->last && is_failure_without_decision(j->last) &&
	    EVIDENCE(j, "attempt %u: class %s, then attempt %d",
		j->last->attempt,
		rt_class_name((enum rt_class)j->last->error_class),
		(int)j->e->attempt);
}

static bool
undeclared_fallback(struct judged *j)
{
	const struct rt_audit_state *last = j->last;
	const char *what;

	if (!last || last->is_otel || j->e->shape == RT_SHAPE_OTEL ||
	    last->decision == RT_DECISION_FALLBACK_SECONDARY)
		return false;
	what = changed_target(j);
	return what &&
	    EVIDENCE(j, "attempt %d: another %s", (int)j->e->attempt, what);
}

static bool
model_swapped(struct judged *j)
{
	const struct rt_event *e = j->e;
	bool is_declared = (j->last && j->last->declared_fallback) ||
	    decided(e, RT_DECISION_FALLBACK_SECONDARY);

	return !is_declared && rt_event_has(e, MODEL_RETURNED) &&
	    rt_event_has(e, MODEL_REQUESTED) &&
	    !is_same_model(e->model_requested, e->model_returned) &&
	    EVIDENCE(j, "asked %.*s, got %.*s",
		(int)(e->model_requested.len < 60 ? e->model_requested.len
						  : 60),
		e->model_requested.p,
		(int)(e->model_returned.len < 60 ? e->model_returned.len : 60),
		e->model_returned.p);
}

static const struct {
	enum rt_rule rule;
	bool (*fires)(struct judged *j);
} predicates[] = {
    {RT_RULE_RETRY_AFTER_AUTH, retry_after_auth},
    {RT_RULE_RETRY_OF_CALLER_ERROR, retry_of_caller_error},
    {RT_RULE_RETRY_OF_POLICY, retry_of_policy},
    {RT_RULE_RETRY_OF_QUOTA, retry_of_quota},
    {RT_RULE_FALLBACK_NOT_ALLOWED, fallback_not_allowed},
    {RT_RULE_FALLBACK_NO_REASON, fallback_no_reason},
    {RT_RULE_FALLBACK_OVER_CAP, fallback_over_cap},
    {RT_RULE_ATTEMPTS_OVER_CAP, attempts_over_cap},
    {RT_RULE_NO_BACKOFF, no_backoff},
    {RT_RULE_BACKOFF_NOT_APPLIED, backoff_not_applied},
    {RT_RULE_RETRY_AFTER_IGNORED, retry_after_ignored},
    {RT_RULE_ZERO_BUDGET, zero_budget},
    {RT_RULE_NUMBER_GAP, number_gap},
    {RT_RULE_NUMBER_RESET, number_reset},
    {RT_RULE_RETRY_AFTER_COMMIT, retry_after_commit},
    {RT_RULE_CUT_STREAM_AS_SUCCESS, cut_stream_as_success},
    {RT_RULE_NO_STATUS_AS_SUCCESS, no_status_as_success},
    {RT_RULE_RETRY_NO_DECISION, retry_no_decision},
    {RT_RULE_UNDECLARED_FALLBACK, undeclared_fallback},
    {RT_RULE_MODEL_SWAPPED, model_swapped},
};

/* ---- bookkeeping --------------------------------------------------------- */

void
rt_audit_init(struct rt_audit *a, const struct rt_policies *policies,
    struct rt_intern *labels)
{
	*a = (struct rt_audit){.policies = policies,
	    .labels = labels,
	    .shape = rt_window_plain(RT_RULE_COUNT)};
	a->counts_storage = rt_xcalloc(1, rt_window_bytes(&a->shape));
	rt_window_init(&a->counts, &a->shape, NULL, a->counts_storage);
	rt_audit_services_init(a);
}

void
rt_audit_fini(struct rt_audit *a)
{
	rt_audit_services_fini(a);
	free(a->counts_storage);
	*a = (struct rt_audit){0};
}

uint64_t
rt_audit_bytes(void)
{
	struct rt_window_shape shape = rt_window_plain(RT_RULE_COUNT);

	return sizeof(struct rt_audit) + rt_window_bytes(&shape) +
	    rt_audit_services_bytes();
}

void
rt_audit_fire(struct rt_audit *a, enum rt_rule rule, const char *fmt, ...)
{
	struct rt_audit_example *to =
	    &a->examples[rule]
		 .newest[a->examples[rule].count++ % RT_REPORT_EXAMPLES];
	va_list ap;

	rt_text_scrub(
	    to->operation_id, sizeof(to->operation_id), a->operation_id);
	rt_text_scrub(to->service, sizeof(to->service), a->service);
	va_start(ap, fmt);
	vsnprintf(to->evidence, sizeof(to->evidence), fmt, ap);
	va_end(ap);
	rt_window_advance(&a->counts, a->now_us);
	rt_window_count(&a->counts, rule, 1);
	if (a->on_violation && a->operation_id.p)
		a->on_violation(a->ctx, a->operation_id, rule, to->evidence);
}

/* At most once for an operation; without one, for each record. */
static void
fire_once(struct rt_audit *a, struct rt_operation *o, enum rt_rule rule,
    const char *evidence)
{
	if (o && o->audit.fired & 1u << rule)
		return;
	if (o)
		o->audit.fired |= 1u << rule;
	rt_audit_fire(a, rule, "%s", evidence);
}

static void
at_hand(struct rt_audit *a, int64_t now_us, struct rt_str service,
    struct rt_str operation_id)
{
	a->now_us = now_us;
	a->service = service.len > 0 ? service : rt_str_of("(none)");
	a->operation_id = operation_id;
}

static void
judge_record(struct rt_audit *a, const struct rt_event *e)
{
	if (decided(e, RT_DECISION_UNKNOWN))
		rt_audit_fire(a, RT_RULE_UNKNOWN_DECISION, "decision %.*s",
		    (int)(e->decision_code.len < 64 ? e->decision_code.len
						    : 64),
		    e->decision_code.p ? e->decision_code.p : "unknown");
	if (rt_event_has(e, HTTP_ROUTE) && is_high_cardinality(e->http_route))
		rt_audit_fire(a, RT_RULE_HIGH_CARDINALITY, "http_route %.*s",
		    (int)(e->http_route.len < 100 ? e->http_route.len : 100),
		    e->http_route.p);
	if (e->sensitive.p)
		rt_audit_fire(a, RT_RULE_SENSITIVE, "field %.*s",
		    (int)(e->sensitive.len < 64 ? e->sensitive.len : 64),
		    e->sensitive.p);
}

/* From the first attempt's start to this record's end. */
static void
judge_time(struct rt_audit *a, const struct rt_event *e, struct rt_operation *o)
{
	struct judged j = {.e = e};
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
	bool waits = decided(e, RT_DECISION_RETRY_SAME) ||
	    decided(e, RT_DECISION_FALLBACK_SECONDARY);
	bool is_fallback = decided(e, RT_DECISION_FALLBACK_SECONDARY);

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

void
rt_audit_attempt(struct rt_audit *a, int64_t now_us, const struct rt_event *e,
    struct rt_operation *o, bool is_late)
{
	struct judged j = {.e = e};
	size_t i;

	rt_audit_advance(a, now_us);
	at_hand(a, now_us, e->service, e->operation_id);
	judge_record(a, e);
	if (is_late || !o)
		return;
	j.policy = rt_policy_of(a->policies, e->service);
	j.last = o->audit.attempt > 0 ? &o->audit : NULL;
	j.model = rt_intern_put(a->labels, e->model_requested);
	j.provider = rt_intern_put(a->labels, e->provider);
	for (i = 0; i < RT_COUNT_OF(predicates); i++)
		if (predicates[i].fires(&j))
			fire_once(a, o, predicates[i].rule, j.evidence);
	judge_time(a, e, o);
	remember(&o->audit, e, j.model, j.provider);
	rt_audit_service_attempt(a, e);
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
	if (o->audit.attempt > 0 && is_failure_without_decision(&o->audit)) {
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
report_examples(struct rt_audit *a, int rule, struct rt_report_violation *to,
    struct rt_report *out)
{
	uint64_t count = a->examples[rule].count, i;
	const struct rt_audit_example *from;

	for (i = 0; i < count && i < RT_REPORT_EXAMPLES; i++) {
		from = &a->examples[rule]
			    .newest[(count - 1 - i) % RT_REPORT_EXAMPLES];
		to->examples[i].operation_id = from->operation_id[0]
		    ? rt_report_text(out, rt_str_of(from->operation_id))
		    : NULL;
		to->examples[i].service =
		    rt_report_text(out, rt_str_of(from->service));
		to->examples[i].evidence =
		    rt_report_text(out, rt_str_of(from->evidence));
		to->examples_count++;
	}
}

void
rt_audit_report(struct rt_audit *a, int64_t now_us, uint32_t window_s,
    struct rt_report *out)
{
	uint64_t n[RT_RULE_COUNT] = {0}, sums[RT_SUM_COUNT] = {0};
	struct rt_report_violation *to;
	int rule;

	rt_window_sum(&a->counts, now_us, window_s, n, sums);
	for (rule = 0; rule < RT_RULE_COUNT; rule++) {
		if (n[rule] == 0)
			continue;
		to = rt_report_add_violation(out);
		to->rule = rt_rule_name((enum rt_rule)rule);
		to->count = n[rule];
		report_examples(a, rule, to, out);
	}
	if (out->violations_count > 0)
		qsort(out->violations, out->violations_count,
		    sizeof(*out->violations), most_first);
}
