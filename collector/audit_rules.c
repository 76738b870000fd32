/* SPDX-License-Identifier: MIT */
#include "collector/audit_rules.h"

#include <ctype.h>
#include <string.h>

#include "collector/intern.h"

#define APPLIED_RATIO 0.9      /* of an announced or asked-for wait */
#define COARSE_WAIT_MS 10000.0 /* whole-second stamps say nothing below */
#define LONG_NUMBER 6u         /* digits that make a path segment an id */

/* Classes whose retries have a rule of their own. */
#define OF_AUTH (1u << RT_CLASS_AUTH)
#define OF_CALLER (1u << RT_CLASS_CALLER_ERROR | 1u << RT_CLASS_SCHEMA)
#define OF_POLICY (1u << RT_CLASS_POLICY)
#define OF_QUOTA (1u << RT_CLASS_QUOTA)

bool
rt_is_undecided_failure(const struct rt_audit_state *s)
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

	if (rt_str_equal(asked, got))
		return true;
	asked = base_name(asked);
	got = base_name(got);
	if (asked.len == got.len && starts_nocase(got, asked))
		return true; /* some models are named -latest themselves */
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

bool
rt_is_high_cardinality(struct rt_str route)
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
changed_target(const struct rt_judged *j)
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
 * One of the classes, which the policy does not call retryable, was tried again: by its
 * own decision, or by another attempt with no fallback between.  OpenTelemetry cannot
 * declare one: there a change of model is one.
 */
static bool
retried_after(struct rt_judged *j, uint32_t classes)
{
	const struct rt_audit_state *last = j->last;

	classes &= ~j->policy->retryable_classes;
	if (!(classes &
		(1u << j->e->error_class |
		    (last ? 1u << last->error_class : 0))))
		return false;
	if (classes & 1u << j->e->error_class &&
	    rt_decided(j->e, RT_DECISION_RETRY_SAME))
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
retry_after_auth(struct rt_judged *j)
{
	return retried_after(j, OF_AUTH);
}

static bool
retry_of_caller_error(struct rt_judged *j)
{
	return retried_after(j, OF_CALLER);
}

static bool
retry_of_policy(struct rt_judged *j)
{
	return retried_after(j, OF_POLICY);
}

static bool
retry_of_quota(struct rt_judged *j)
{
	return retried_after(j, OF_QUOTA);
}

static bool
retry_not_allowed(struct rt_judged *j)
{
	return retried_after(j,
	    ~(OF_AUTH | OF_CALLER | OF_POLICY | OF_QUOTA |
		1u << RT_CLASS_NONE));
}

static bool
fallback_not_allowed(struct rt_judged *j)
{
	const struct rt_event *e = j->e;

	if (!rt_decided(e, RT_DECISION_FALLBACK_SECONDARY))
		return false;
	if (j->policy->fallback_classes & 1u << e->error_class &&
	    !(e->error_class == RT_CLASS_STREAM_INTERRUPTED &&
		rt_event_has(e, STREAM_COMMITTED) && e->stream_committed))
		return false;
	return EVIDENCE(j, "attempt %d: fallback on class %s", (int)e->attempt,
	    rt_class_name(e->error_class));
}

static bool
fallback_no_reason(struct rt_judged *j)
{
	/* The trigger of a decision log is its reason. */
	return rt_decided(j->e, RT_DECISION_FALLBACK_SECONDARY) &&
	    !rt_event_has(j->e, DECISION_REASON) &&
	    j->e->shape != RT_SHAPE_DECISIONS &&
	    EVIDENCE(j, "attempt %d", (int)j->e->attempt);
}

static bool
fallback_over_cap(struct rt_judged *j)
{
	unsigned n = (j->last ? j->last->fallbacks : 0) + 1u;

	return rt_decided(j->e, RT_DECISION_FALLBACK_SECONDARY) &&
	    n > j->policy->max_fallbacks &&
	    EVIDENCE(j, "fallback number %u", n);
}

static bool
attempts_over_cap(struct rt_judged *j)
{
	int64_t cap = rt_event_has(j->e, MAX_ATTEMPTS)
	    ? j->e->max_attempts
	    : (int64_t)j->policy->max_attempts;

	return j->e->attempt > cap &&
	    EVIDENCE(j, "attempt %d of %d", (int)j->e->attempt, (int)cap);
}

static bool
no_backoff(struct rt_judged *j)
{
	const struct rt_event *e = j->e;

	return rt_decided(e, RT_DECISION_RETRY_SAME) &&
	    e->shape != RT_SHAPE_RUNBOOK &&
	    (!rt_event_has(e, BACKOFF_MS) || e->backoff_ms <= 0) &&
	    EVIDENCE(j, "attempt %d: backoff_ms %s", (int)e->attempt,
		rt_event_has(e, BACKOFF_MS) ? "0" : "absent");
}

static bool
backoff_not_applied(struct rt_judged *j)
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
retry_after_ignored(struct rt_judged *j)
{
	const struct rt_event *e = j->e;

	return rt_decided(e, RT_DECISION_RETRY_SAME) &&
	    rt_event_has(e, RETRY_AFTER_MS) && rt_event_has(e, BACKOFF_MS) &&
	    e->backoff_ms < APPLIED_RATIO * e->retry_after_ms &&
	    EVIDENCE(j, "attempt %d: asked for %.0f ms, planned %.0f ms",
		(int)e->attempt, e->retry_after_ms, e->backoff_ms);
}

static bool
zero_budget(struct rt_judged *j)
{
	return rt_decided(j->e, RT_DECISION_RETRY_SAME) &&
	    rt_event_has(j->e, RETRY_BUDGET_REMAINING) &&
	    j->e->retry_budget_remaining == 0 &&
	    EVIDENCE(j, "attempt %d", (int)j->e->attempt);
}

static bool
number_gap(struct rt_judged *j)
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
number_reset(struct rt_judged *j)
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
retry_after_commit(struct rt_judged *j)
{
	return rt_event_has(j->e, STREAM_COMMITTED) && j->e->stream_committed &&
	    (rt_decided(j->e, RT_DECISION_RETRY_SAME) ||
		rt_decided(j->e, RT_DECISION_FALLBACK_SECONDARY)) &&
	    EVIDENCE(j, "attempt %d: decision %s", (int)j->e->attempt,
		rt_decision_name(j->e->decision));
}

static bool
cut_stream_as_success(struct rt_judged *j)
{
	const struct rt_event *e = j->e;

	return rt_event_has(e, STREAMING) && e->streaming &&
	    e->error_class == RT_CLASS_NONE &&
	    rt_event_has(e, FINISH_REASON_SEEN) && !e->finish_reason_seen &&
	    EVIDENCE(j, "attempt %d", (int)e->attempt);
}

static bool
no_status_as_success(struct rt_judged *j)
{
	return rt_decided(j->e, RT_DECISION_NONE) &&
	    !rt_event_has(j->e, HTTP_STATUS) &&
	    !rt_event_has(j->e, ERROR_TYPE) &&
	    EVIDENCE(j, "attempt %d", (int)j->e->attempt);
}

static bool
retry_no_decision(struct rt_judged *j)
{
	return j->last && rt_is_undecided_failure(j->last) &&
	    EVIDENCE(j, "attempt %u: class %s, then attempt %d",
		j->last->attempt,
		rt_class_name((enum rt_class)j->last->error_class),
		(int)j->e->attempt);
}

static bool
undeclared_fallback(struct rt_judged *j)
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
model_swapped(struct rt_judged *j)
{
	const struct rt_event *e = j->e;
	bool is_declared = (j->last && j->last->declared_fallback) ||
	    rt_decided(e, RT_DECISION_FALLBACK_SECONDARY);

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

unsigned
rt_judged_has(const struct rt_judged *j)
{
	const struct rt_event *e = j->e;
	unsigned has = 0;

	if (j->last)
		has |= RT_HAS_LAST;
	if (e->attempt > 1)
		has |= RT_IS_NUMBERED;
	if (rt_decided(e, RT_DECISION_RETRY_SAME))
		has |= RT_RETRIES;
	if (rt_decided(e, RT_DECISION_FALLBACK_SECONDARY))
		has |= RT_FALLS_BACK;
	if (rt_event_has(e, REQUEUE_COUNT) && e->requeue_count > 0)
		has |= RT_IS_REQUEUED;
	if (rt_event_has(e, FINISH_REASON_SEEN) && !e->finish_reason_seen)
		has |= RT_HAS_NO_FINISH;
	if (!rt_event_has(e, HTTP_STATUS) && !rt_event_has(e, ERROR_TYPE))
		has |= RT_HAS_NO_RESULT;
	if (rt_event_has(e, MODEL_RETURNED))
		has |= RT_HAS_ANSWERER;
	return has;
}

const struct rt_predicate rt_predicates[] = {
    {RT_RULE_RETRY_AFTER_AUTH, RT_HAS_LAST | RT_RETRIES, retry_after_auth},
    {RT_RULE_RETRY_OF_CALLER_ERROR, RT_HAS_LAST | RT_RETRIES,
	retry_of_caller_error},
    {RT_RULE_RETRY_OF_POLICY, RT_HAS_LAST | RT_RETRIES, retry_of_policy},
    {RT_RULE_RETRY_OF_QUOTA, RT_HAS_LAST | RT_RETRIES, retry_of_quota},
    {RT_RULE_RETRY_NOT_ALLOWED, RT_HAS_LAST | RT_RETRIES, retry_not_allowed},
    {RT_RULE_FALLBACK_NOT_ALLOWED, RT_FALLS_BACK, fallback_not_allowed},
    {RT_RULE_FALLBACK_NO_REASON, RT_FALLS_BACK, fallback_no_reason},
    {RT_RULE_FALLBACK_OVER_CAP, RT_FALLS_BACK, fallback_over_cap},
    {RT_RULE_ATTEMPTS_OVER_CAP, RT_IS_NUMBERED, attempts_over_cap},
    {RT_RULE_NO_BACKOFF, RT_RETRIES, no_backoff},
    {RT_RULE_BACKOFF_NOT_APPLIED, RT_HAS_LAST, backoff_not_applied},
    {RT_RULE_RETRY_AFTER_IGNORED, RT_RETRIES, retry_after_ignored},
    {RT_RULE_ZERO_BUDGET, RT_RETRIES, zero_budget},
    {RT_RULE_NUMBER_GAP, RT_HAS_LAST | RT_IS_NUMBERED, number_gap},
    {RT_RULE_NUMBER_RESET, RT_HAS_LAST | RT_IS_REQUEUED, number_reset},
    {RT_RULE_RETRY_AFTER_COMMIT, RT_RETRIES | RT_FALLS_BACK,
	retry_after_commit},
    {RT_RULE_CUT_STREAM_AS_SUCCESS, RT_HAS_NO_FINISH, cut_stream_as_success},
    {RT_RULE_NO_STATUS_AS_SUCCESS, RT_HAS_NO_RESULT, no_status_as_success},
    {RT_RULE_RETRY_NO_DECISION, RT_HAS_LAST, retry_no_decision},
    {RT_RULE_UNDECLARED_FALLBACK, RT_HAS_LAST, undeclared_fallback},
    {RT_RULE_MODEL_SWAPPED, RT_HAS_ANSWERER, model_swapped},
};

const size_t rt_predicates_count = RT_COUNT_OF(rt_predicates);
