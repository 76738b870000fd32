/* SPDX-License-Identifier: MIT */
#include "collector/alerts.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "collector/hash.h"
#include "proto/mem.h"

#define BUDGET_RATIO 0.10 /* retries that first attempts may cost */
#define LOOK_MS 1000
#define ROUTES_A_SECOND 64 /* more make looks rarer */

/* ---- what is remembered --------------------------------------------------------- */

/* What an alert is about; all borrowed. */
struct subject {
	const char *service, *route, *model, *what; /* NULL: absent */
	bool is_rest;
};

enum state { PENDING, FIRING, CLEARED };

struct slot {
	enum rt_alert alert;
	enum state state;
	struct subject of; /* its strings are owned */
	uint64_t hash;     /* of alert and subject */
	bool was_seen;     /* at this look */
	uint64_t number, n;
	double value, worst, threshold, clear;
	struct rt_moment since, fired, cleared;
};

struct rt_alerts {
	struct rt_alert_rules rules;
	struct slot slots[RT_ALERTS_MAX];
	size_t count;
	uint64_t numbers, overflow;
	rt_mono_t looked_at;
	uint64_t routes; /* of the last look */
	bool has_looked;
	/* of losses: what there was at the last quiet moment, and since */
	uint64_t lost_before, lost;
	rt_mono_t lost_at;
};

struct rt_alerts *
rt_alerts_new(const struct rt_alert_rules *r)
{
	struct rt_alerts *a = rt_xcalloc(1, sizeof(*a));

	a->rules = *r;
	return a;
}

static char *
keep(const char *z)
{
	size_t n = z ? strlen(z) + 1 : 0;
	char *copy = z ? rt_xcalloc(n, 1) : NULL;

	if (copy)
		memcpy(copy, z, n);
	return copy;
}

static void
drop(char const **z)
{
	union {
		const char *borrowed;
		char *owned;
	} p = {*z};

	free(p.owned);
	*z = NULL;
}

static void
subject_free(struct subject *s)
{
	drop(&s->service);
	drop(&s->route);
	drop(&s->model);
	drop(&s->what);
}

void
rt_alerts_free(struct rt_alerts *a)
{
	size_t i;

	if (!a)
		return;
	for (i = 0; i < a->count; i++)
		subject_free(&a->slots[i].of);
	free(a);
}

void
rt_alerts_set_rules(struct rt_alerts *a, const struct rt_alert_rules *r)
{
	a->rules = *r;
}

static bool
same(const char *a, const char *b)
{
	return a && b ? strcmp(a, b) == 0 : a == b;
}

/* Many routes fire at once: nearly all slots are passed over by this alone. */
static uint64_t
hash_of(enum rt_alert alert, const struct subject *of)
{
	uint64_t hash = rt_hash_fold((uint64_t)alert, of->is_rest);

	hash = rt_hash_str(hash, rt_str_of(of->what));
	hash = rt_hash_str(hash, rt_str_of(of->model));
	hash = rt_hash_str(hash, rt_str_of(of->route));
	return rt_hash_str(hash, rt_str_of(of->service));
}

static bool
is_of(const struct slot *s, enum rt_alert alert, const struct subject *of)
{
	return s->alert == alert && s->state != CLEARED &&
	    s->of.is_rest == of->is_rest && same(s->of.what, of->what) &&
	    same(s->of.model, of->model) && same(s->of.route, of->route) &&
	    same(s->of.service, of->service);
}

static struct slot *
find(struct rt_alerts *a, enum rt_alert alert, const struct subject *of)
{
	const uint64_t hash = hash_of(alert, of);
	size_t i;

	for (i = 0; i < a->count; i++)
		if (a->slots[i].hash == hash && is_of(&a->slots[i], alert, of))
			return &a->slots[i];
	return NULL;
}

static void
forget(struct rt_alerts *a, struct slot *s)
{
	subject_free(&s->of);
	*s = a->slots[--a->count];
}

/* The one cleared longest ago; NULL where all others are wanted. */
static struct slot *
oldest_cleared(struct rt_alerts *a)
{
	struct slot *oldest = NULL;
	size_t i;

	for (i = 0; i < a->count; i++) {
		struct slot *s = &a->slots[i];

		if (s->state == CLEARED &&
		    (!oldest || s->cleared.mono.us < oldest->cleared.mono.us))
			oldest = s;
	}
	return oldest;
}

static struct slot *
add(struct rt_alerts *a, enum rt_alert alert, const struct subject *of,
    struct rt_moment at)
{
	struct slot *s;

	if (a->count == RT_ALERTS_MAX) {
		s = oldest_cleared(a);
		if (!s) {
			a->overflow++;
			return NULL;
		}
		forget(a, s);
	}
	s = &a->slots[a->count++];
	*s = (struct slot){
	    .alert = alert, .hash = hash_of(alert, of), .since = at};
	s->of = (struct subject){keep(of->service), keep(of->route),
	    keep(of->model), keep(of->what), of->is_rest};
	return s;
}

/* ---- judging --------------------------------------------------------------------- */

static void
fire(struct rt_alerts *a, struct slot *s, struct rt_moment at)
{
	s->state = FIRING;
	s->fired = at;
	s->number = ++a->numbers;
}

/* n 0: the value has no denominator. */
static void
judge(struct rt_alerts *a, enum rt_alert alert, const struct subject *of,
    double value, uint64_t n, struct rt_moment at)
{
	const struct rt_alert_rule *r = &a->rules.rows[alert];
	struct slot *s = find(a, alert, of);
	bool fires = s && s->state == FIRING;

	if (!(value > (fires ? r->clear : r->threshold)))
		return; /* not seen: what there was ends */
	if (!s)
		s = add(a, alert, of, at);
	if (!s)
		return;
	s->was_seen = true;
	s->value = value;
	s->threshold = r->threshold;
	s->clear = r->clear;
	s->n = n;
	s->worst = value > s->worst ? value : s->worst;
	if (s->state == PENDING &&
	    rt_mono_ms_between(s->since.mono, at.mono) >= r->for_ms)
		fire(a, s, at);
}

static bool
is_on(const struct rt_alerts *a, enum rt_alert alert)
{
	return a->rules.rows[alert].is_on;
}

/* A ratio or a multiple, as two counts; false: of something else. */
static bool
rate_of(enum rt_alert a, const struct rt_counts *c, struct rt_rate *out)
{
	static const enum rt_rate_id ids[RT_ALERT_COUNT] = {
	    [RT_ALERT_FINAL_FAILURE] = RT_RATE_EFFECTIVE_SUCCESS,
	    [RT_ALERT_ERROR] = RT_RATE_ERROR,
	    [RT_ALERT_TIMEOUT] = RT_RATE_TIMEOUT,
	    [RT_ALERT_FALLBACK] = RT_RATE_FALLBACK,
	    [RT_ALERT_AMPLIFICATION] = RT_RATE_AMPLIFICATION,
	    [RT_ALERT_RETRY_BUDGET] = RT_RATE_RETRY_RATIO,
	    [RT_ALERT_MISSING_USAGE] = RT_RATE_MISSING_USAGE,
	};

	if (rt_alert_subject(a) != RT_ALERT_OF_ROUTE || a == RT_ALERT_P95)
		return false;
	*out = rt_rate(c, ids[a]);
	if (a == RT_ALERT_FINAL_FAILURE)
		out->numerator = out->denominator - out->numerator;
	return true;
}

static double
value_of(enum rt_alert a, struct rt_rate r)
{
	double v = r.numerator / r.denominator;

	return a == RT_ALERT_RETRY_BUDGET ? v / BUDGET_RATIO : v;
}

/* Each route that has enough alone; what they leave of the totals together. */
static void
judge_rate(struct rt_alerts *a, enum rt_alert alert, const struct rt_report *r,
    struct rt_moment at)
{
	const struct subject others = {.is_rest = true};
	uint32_t min_n = a->rules.rows[alert].min_n;
	struct rt_rate rest, one;
	size_t i;

	if (!rate_of(alert, &r->counts, &rest))
		return;
	for (i = 0; i < r->series_count; i++) {
		const struct rt_report_series *s = &r->series[i];
		const struct subject of = {
		    .service = s->labels[RT_LABEL_SERVICE],
		    .route = s->labels[RT_LABEL_HTTP_ROUTE],
		    .model = s->labels[RT_LABEL_MODEL_REQUESTED]};

		if (s->is_other || !rate_of(alert, s->counts, &one) ||
		    one.denominator < min_n)
			continue;
		rest.numerator -= one.numerator;
		rest.denominator -= one.denominator;
		judge(a, alert, &of, value_of(alert, one),
		    (uint64_t)one.denominator, at);
	}
	if (rest.denominator >= min_n)
		judge(a, alert, &others, value_of(alert, rest),
		    (uint64_t)rest.denominator, at);
}

/* Quantiles of what is left cannot be told. */
static void
judge_p95(struct rt_alerts *a, const struct rt_report *r, struct rt_moment at)
{
	size_t i;

	for (i = 0; i < r->series_count; i++) {
		const struct rt_report_series *s = &r->series[i];
		const struct rt_quantiles *q =
		    &s->latency[RT_LATENCY_OPERATION];
		const struct subject of = {
		    .service = s->labels[RT_LABEL_SERVICE],
		    .route = s->labels[RT_LABEL_HTTP_ROUTE],
		    .model = s->labels[RT_LABEL_MODEL_REQUESTED]};

		if (!s->is_other &&
		    q->count >= a->rules.rows[RT_ALERT_P95].min_n)
			judge(a, RT_ALERT_P95, &of, q->p95, q->count, at);
	}
}

static enum rt_rule
rule_of(const char *name)
{
	unsigned i = 0;

	while (i < RT_RULE_COUNT && !same(name, rt_rule_name((enum rt_rule)i)))
		i++;
	return (enum rt_rule)i;
}

static void
judge_rules(struct rt_alerts *a, const struct rt_report *r, struct rt_moment at)
{
	size_t i;

	for (i = 0; i < r->violations_count; i++) {
		const struct rt_report_violation *v = &r->violations[i];
		enum rt_rule rule = rule_of(v->rule);

		if (rule != RT_RULE_COUNT && rt_alert_is_severe(rule))
			judge(a, RT_ALERT_VIOLATIONS,
			    &(struct subject){.what = v->rule},
			    (double)v->count, 0, at);
	}
}

static void
judge_canaries(
    struct rt_alerts *a, const struct rt_report *r, struct rt_moment at)
{
	size_t i;

	for (i = 0; i < r->canaries_count; i++) {
		const struct rt_report_canary *c = &r->canaries[i];
		const struct subject of = {.route = c->route,
		    .model = c->model,
		    .what = c->provider ? c->provider
			: c->name       ? c->name
					: "?"};

		if (!c->last_ok && c->age_ms < RT_ALERTS_CANARY_MS)
			judge(
			    a, RT_ALERT_CANARY, &of, (double)c->streak, 0, at);
	}
}

/* Each emitter for itself, as long as it is over its rate. */
static void
judge_over_rate(
    struct rt_alerts *a, const struct rt_report *r, struct rt_moment at)
{
	size_t i;

	for (i = 0; i < r->emitters_count; i++) {
		const struct rt_report_emitter *e = &r->emitters[i];

		if (e->is_limited)
			judge(a, RT_ALERT_OVER_RATE,
			    &(struct subject){
				.what = e->id ? e->id : RT_REPORT_NAMELESS},
			    (double)e->over_now, 0, at);
	}
}

/*
 * Losses are counted since the start, and a number that comes late fills its gap: the
 * alert is about what was lost since it was quiet for a window.
 */
static void
judge_lost(struct rt_alerts *a, const struct rt_report *r, struct rt_moment at)
{
	const int64_t window_ms = a->rules.window_s * 1000;

	if (r->lost > a->lost)
		a->lost_at = at.mono;
	else if (rt_mono_ms_between(a->lost_at, at.mono) >= window_ms)
		a->lost_before = r->lost;
	a->lost = r->lost;
	if (a->lost_before > a->lost)
		a->lost_before = a->lost;
	if (is_on(a, RT_ALERT_LOST))
		judge(a, RT_ALERT_LOST, &(struct subject){0},
		    (double)(a->lost - a->lost_before), 0, at);
}

/* What was not seen above its level: a fire has cleared, a spark was none. */
static void
end_unseen(struct rt_alerts *a, struct rt_moment at)
{
	size_t i = 0;

	while (i < a->count) {
		struct slot *s = &a->slots[i];

		if (s->state == FIRING && !s->was_seen) {
			s->state = CLEARED;
			s->cleared = at;
		}
		if ((s->state == PENDING && !s->was_seen) ||
		    (s->state == CLEARED &&
			rt_mono_ms_between(s->cleared.mono, at.mono) >
			    RT_ALERTS_KEEP_MS))
			forget(a, s);
		else
			i++;
	}
}

void
rt_alerts_look(
    struct rt_alerts *a, const struct rt_report *r, struct rt_moment at)
{
	size_t i;

	for (i = 0; i < a->count; i++)
		a->slots[i].was_seen = false;
	judge_lost(a, r, at);
	if (is_on(a, RT_ALERT_UNEXPLAINED))
		judge(a, RT_ALERT_UNEXPLAINED, &(struct subject){0},
		    (double)r->unexplained, 0, at);
	if (is_on(a, RT_ALERT_OVER_RATE))
		judge_over_rate(a, r, at);
	if (is_on(a, RT_ALERT_CANARY))
		judge_canaries(a, r, at);
	if (is_on(a, RT_ALERT_VIOLATIONS))
		judge_rules(a, r, at);
	if (is_on(a, RT_ALERT_P95))
		judge_p95(a, r, at);
	for (i = 0; i < RT_ALERT_COUNT; i++)
		if (is_on(a, (enum rt_alert)i))
			judge_rate(a, (enum rt_alert)i, r, at);
	end_unseen(a, at);
	a->routes = r->series_total;
	a->looked_at = at.mono;
	a->has_looked = true;
}

bool
rt_alerts_is_due(const struct rt_alerts *a, rt_mono_t now)
{
	uint64_t times = 1 + a->routes / ROUTES_A_SECOND;

	return !a->has_looked ||
	    rt_mono_ms_between(a->looked_at, now) >=
	    LOOK_MS * (int64_t)(times < 3 ? times : 3);
}

struct rt_query
rt_alerts_query(const struct rt_alerts *a)
{
	return (struct rt_query){
	    .window_s = (uint32_t)a->rules.window_s,
	    .group = 1u << RT_LABEL_SERVICE | 1u << RT_LABEL_HTTP_ROUTE |
		1u << RT_LABEL_MODEL_REQUESTED,
	    .sort = RT_SORT_ATTEMPTS,
	    .rows = RT_ALERTS_ROUTES,
	    .counts_only = !is_on(a, RT_ALERT_P95),
	};
}

/* ---- telling ---------------------------------------------------------------------- */

/* Firing first, then by importance, then the older one. */
static bool
goes_before(const struct slot *x, const struct slot *y)
{
	if (x->state != y->state)
		return x->state == FIRING;
	if (x->state == CLEARED)
		return x->cleared.mono.us > y->cleared.mono.us;
	if (x->alert != y->alert)
		return x->alert < y->alert;
	return x->number < y->number;
}

static void
put_row(const struct rt_alerts *a, const struct slot *s, struct rt_report *out)
{
	static const char *const units[] = {
	    [RT_ALERT_UNIT_RATIO] = "ratio",
	    [RT_ALERT_UNIT_TIMES] = "times",
	    [RT_ALERT_UNIT_MS] = "ms",
	    [RT_ALERT_UNIT_COUNT] = "count",
	};
	struct rt_report_alert *row = rt_report_add_alert(out);

	row->alert = rt_alert_name(s->alert);
	row->unit = units[rt_alert_unit(s->alert)];
	row->service = rt_report_text(out, rt_str_of(s->of.service));
	row->route = rt_report_text(out, rt_str_of(s->of.route));
	row->model = rt_report_text(out, rt_str_of(s->of.model));
	row->what = rt_report_text(out, rt_str_of(s->of.what));
	row->is_rest = s->of.is_rest;
	row->is_firing = s->state == FIRING;
	row->number = s->number;
	row->n = s->n;
	row->value = s->value;
	row->worst = s->worst;
	row->threshold = s->threshold;
	row->clear = s->clear;
	row->window_s = (double)a->rules.window_s;
	row->since_us = s->since.wall.us;
	row->fired_us = s->fired.wall.us;
	row->cleared_us = s->state == CLEARED ? s->cleared.wall.us : 0;
}

void
rt_alerts_report(const struct rt_alerts *a, struct rt_report *out)
{
	const struct slot *order[RT_ALERTS_MAX];
	size_t count = 0, i, k;

	for (i = 0; i < a->count; i++) {
		const struct slot *s = &a->slots[i];

		if (s->state == PENDING)
			continue;
		for (k = count++; k > 0 && goes_before(s, order[k - 1]); k--)
			order[k] = order[k - 1];
		order[k] = s;
	}
	for (i = 0; i < count; i++)
		put_row(a, order[i], out);
	out->overflow[RT_OVERFLOW_ALERTS] += a->overflow;
}
