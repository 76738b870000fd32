/* SPDX-License-Identifier: MIT */
/*
 * The rules that look at a service or tenant over time instead of one operation.
 */
#include <stdlib.h>
#include <string.h>

#include "collector/audit.h"
#include "proto/mem.h"

#define MINUTE 60u
#define REARM_S 60
#define WAITS_S 300u  /* window of backoff-not-growing */
#define WAITS_MIN 20u /* first and second retries each */
#define GROWTH_RATIO 1.2
#define EXACT_WAITS 256u      /* beyond, medians come from sketches */
#define GROWTH_PER_SECOND 32u /* a median costs microseconds: enough */
#define SAME_MIN 10u          /* equal waits in one second */
#define SAME_VALUES 32u       /* distinct waits followed at a time */
#define WAIT_CHUNKS 32768u

/* A condition that fires when it becomes true and re-arms after a minute of not. */
struct crossing {
	bool is_fired;
	int64_t false_since_s; /* -1: it holds */
};

enum { SECOND_FIRST, SECOND_RETRIES, SECOND_FALLBACKS, SECOND_COUNT };
/* The newest waits of a kind as they were: few are judged exactly. */
struct newest_waits {
	struct {
		int64_t second;
		double ms;
	} rows[EXACT_WAITS];
	uint32_t next;
};

enum { WAIT_FIRST_RETRY, WAIT_SECOND_RETRY, WAIT_COUNT };

struct rt_audit_service {
	uint32_t name; /* interned */
	bool is_tenant;
	int64_t second; /* of the clock */
	uint32_t ring[MINUTE][SECOND_COUNT];
	uint32_t sum[SECOND_COUNT];
	struct crossing over_budget, not_growing, over_cap;
	int64_t growth_judged_s;
	uint32_t growth_judged; /* times in that second */
	struct rt_window waits;
	struct newest_waits newest[WAIT_COUNT];
	struct {
		double backoff_ms;
		uint32_t count;
	} same[SAME_VALUES]; /* of the current second */
	uint32_t same_count, same_next;
	bool same_fired;
};

static struct rt_window_shape
waits_shape(void)
{
	return (struct rt_window_shape){.counters = WAIT_COUNT,
	    .sketches = WAIT_COUNT,
	    .fine_s = 1,
	    .fine_count = WAITS_S + 1,
	    .coarse_s = 1,
	    .coarse_count = 1};
}

void
rt_audit_services_init(struct rt_audit *a)
{
	a->waits_shape = waits_shape();
	rt_sketch_pool_init(&a->sketches, WAIT_CHUNKS);
	a->services = rt_xcalloc(RT_AUDIT_SERVICES, sizeof(*a->services));
	a->waits_storage =
	    rt_xcalloc(RT_AUDIT_SERVICES, rt_window_bytes(&a->waits_shape));
}

void
rt_audit_services_fini(struct rt_audit *a)
{
	rt_sketch_pool_fini(&a->sketches);
	free(a->services);
	free(a->waits_storage);
}

uint64_t
rt_audit_services_bytes(void)
{
	struct rt_window_shape shape = waits_shape();

	return (uint64_t)RT_AUDIT_SERVICES *
	    (sizeof(struct rt_audit_service) + rt_window_bytes(&shape)) +
	    (uint64_t)WAIT_CHUNKS * sizeof(struct rt_sketch_chunk);
}

/* NULL where there is no room for it or its name: those are not one service. */
static struct rt_audit_service *
service_for(struct rt_audit *a, struct rt_str name, bool is_tenant)
{
	uint32_t number = rt_intern_put(a->labels, name), i;
	struct rt_audit_service *s;

	for (i = 0; i < a->services_count; i++) {
		s = &a->services[i];
		if (s->name == number && s->is_tenant == is_tenant)
			return s;
	}
	if (a->services_count == RT_AUDIT_SERVICES ||
	    number == RT_INTERN_OTHER) {
		a->services_overflow++;
		return NULL;
	}
	s = &a->services[a->services_count];
	s->name = number;
	s->is_tenant = is_tenant;
	s->second = a->now_us / 1000000;
	s->growth_judged_s = -1;
	rt_window_init(&s->waits, &a->waits_shape, &a->sketches,
	    a->waits_storage +
		rt_window_bytes(&a->waits_shape) * a->services_count);
	a->services_count++;
	return s;
}

/* Note whether the condition holds; true the moment it begins to and is armed. */
static bool
crosses(struct crossing *c, bool holds, int64_t second)
{
	if (holds) {
		bool fires = !c->is_fired;

		c->is_fired = true;
		c->false_since_s = -1;
		return fires;
	}
	if (c->is_fired && c->false_since_s < 0)
		c->false_since_s = second;
	if (c->is_fired && second - c->false_since_s >= REARM_S)
		c->is_fired = false;
	return false;
}

static const struct rt_policy *
policy_of(struct rt_audit *a, const struct rt_audit_service *s)
{
	return rt_policy_of(a->policies, rt_intern_get(a->labels, s->name));
}

/* The same, looked up once for a series. */
static struct rt_audit_service *
service_of(struct rt_audit *a, uint32_t series)
{
	uint16_t *known = &a->of_series[series].service;
	struct rt_audit_service *s;

	if (*known > 0)
		return &a->services[*known - 1];
	s = service_for(a, a->service, false);
	if (s && series > 0)
		*known = (uint16_t)(s - a->services + 1);
	return s;
}

static bool
is_over_budget(struct rt_audit *a, const struct rt_audit_service *s)
{
	const struct rt_policy *p = policy_of(a, s);

	return s->sum[SECOND_FIRST] >= p->budget_min_first &&
	    s->sum[SECOND_RETRIES] >
	    p->retry_budget_ratio * s->sum[SECOND_FIRST];
}

/* The tenant's caps; 0 where it has none. */
static void
caps_of(struct rt_audit *a, const struct rt_audit_service *s, uint32_t *retries,
    uint32_t *fallbacks)
{
	unsigned row =
	    rt_tenant_row(a->policies, rt_intern_get(a->labels, s->name));

	*retries = *fallbacks = 0;
	if (row == RT_POLICY_ROWS_MAX)
		return;
	*retries = a->policies->tenants[row].retries_per_minute;
	*fallbacks = a->policies->tenants[row].fallbacks_per_minute;
}

static bool
is_over_cap(struct rt_audit *a, const struct rt_audit_service *s)
{
	uint32_t retries, fallbacks;

	caps_of(a, s, &retries, &fallbacks);
	return (retries > 0 && s->sum[SECOND_RETRIES] > retries) ||
	    (fallbacks > 0 && s->sum[SECOND_FALLBACKS] > fallbacks);
}

/*
 * Step the minute to `second`.  Conditions may lapse on the way, so that they re-arm at
 * the right time; only records make them fire.
 */
static void
step(struct rt_audit *a, struct rt_audit_service *s, int64_t second)
{
	uint32_t *slot;
	int64_t last = second;
	int i;

	if (second <= s->second)
		return;
	s->same_count = 0;
	s->same_fired = false;
	if (second - s->second > 2 * REARM_S)
		last = s->second + 2 * REARM_S;
	while (s->second < last) {
		s->second++;
		slot = s->ring[s->second % MINUTE];
		for (i = 0; i < SECOND_COUNT; i++) {
			s->sum[i] -= slot[i];
			slot[i] = 0;
		}
		if (!is_over_budget(a, s))
			crosses(&s->over_budget, false, s->second);
		if (!is_over_cap(a, s))
			crosses(&s->over_cap, false, s->second);
	}
	s->second = second;
}

void
rt_audit_advance(struct rt_audit *a, int64_t now_us)
{
	uint32_t i;

	if (now_us >= a->second_from_us && now_us < a->second_from_us + 1000000)
		return;
	a->second_from_us = now_us / 1000000 * 1000000;
	for (i = 0; i < a->services_count; i++)
		step(a, &a->services[i], now_us / 1000000);
	a->now_us = now_us;
}

static int
ascending(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return x < y ? -1 : x > y;
}

/* Nearest-rank median of the last five minutes' `count` waits of a kind. */
static double
median_of(
    struct rt_audit *a, struct rt_audit_service *s, int kind, uint64_t count)
{
	const struct newest_waits *w = &s->newest[kind];
	struct rt_sketch_dense *dense;
	struct rt_quantiles q;
	double v[EXACT_WAITS];
	uint32_t n = 0, i;

	for (i = 0; i < EXACT_WAITS && i < w->next; i++)
		if (w->rows[i].second > s->second - (int64_t)WAITS_S)
			v[n++] = w->rows[i].ms;
	if (n == count && n > 0) {
		qsort(v, n, sizeof(*v), ascending);
		return v[(n - 1) / 2];
	}
	dense = rt_xcalloc(1, sizeof(*dense));
	rt_window_sketch(&s->waits, rt_span_now(a->now_us, WAITS_S),
	    (enum rt_latency)kind, dense);
	rt_sketch_quantiles(dense, &q);
	free(dense);
	return q.p50;
}

/* The second from which fewer than WAITS_MIN waits of a kind remain, if none comes. */
static int64_t
too_few_from(const struct newest_waits *w)
{
	return w->next < WAITS_MIN
	    ? 0
	    : w->rows[(w->next - WAITS_MIN) % EXACT_WAITS].second +
		(int64_t)WAITS_S;
}

static void
judge_growth(struct rt_audit *a, struct rt_audit_service *s)
{
	uint64_t n[WAIT_COUNT] = {0}, sums[RT_SUM_COUNT] = {0};
	double median_ms[WAIT_COUNT] = {0};
	bool holds = false;
	int i;

	if (s->second < too_few_from(&s->newest[WAIT_FIRST_RETRY]) &&
	    s->second < too_few_from(&s->newest[WAIT_SECOND_RETRY])) {
		if (s->growth_judged_s != s->second)
			s->growth_judged = 0;
		s->growth_judged_s = s->second;
		if (s->growth_judged++ >= GROWTH_PER_SECOND)
			return;
		rt_window_sum(
		    &s->waits, rt_span_now(a->now_us, WAITS_S), n, sums);
		for (i = 0; i < WAIT_COUNT; i++)
			median_ms[i] = median_of(a, s, i, n[i]);
		holds = median_ms[WAIT_SECOND_RETRY] <
		    GROWTH_RATIO * median_ms[WAIT_FIRST_RETRY];
	}
	if (crosses(&s->not_growing, holds, s->second))
		rt_audit_fire(a, RT_RULE_BACKOFF_NOT_GROWING,
		    "median wait %.0f ms, then %.0f ms (n=%u, %u)",
		    median_ms[WAIT_FIRST_RETRY], median_ms[WAIT_SECOND_RETRY],
		    (unsigned)n[WAIT_FIRST_RETRY],
		    (unsigned)n[WAIT_SECOND_RETRY]);
}

/* Waits that left since the last one came may have re-armed the rule long ago. */
static void
lapse_growth(struct rt_audit_service *s)
{
	int64_t from = too_few_from(&s->newest[WAIT_FIRST_RETRY]);
	int64_t second = too_few_from(&s->newest[WAIT_SECOND_RETRY]);

	if (second < from)
		from = second;
	if (s->second < from)
		return;
	crosses(&s->not_growing, false, from);
	crosses(&s->not_growing, false, s->second);
}

static void
note_wait(
    struct rt_audit *a, struct rt_audit_service *s, const struct rt_event *e)
{
	uint32_t at;
	int which;

	if (rt_event_has(e, RETRY_AFTER_MS) || !rt_event_has(e, BACKOFF_MS) ||
	    e->attempt > 2)
		return;
	lapse_growth(s);
	which = e->attempt == 1 ? WAIT_FIRST_RETRY : WAIT_SECOND_RETRY;
	at = s->newest[which].next++ % EXACT_WAITS;
	s->newest[which].rows[at].second = s->second;
	s->newest[which].rows[at].ms = e->backoff_ms;
	rt_window_advance(&s->waits, a->now_us);
	rt_window_count(&s->waits, (uint32_t)which, 1);
	rt_window_sample(&s->waits, (enum rt_latency)which, e->backoff_ms);
	judge_growth(a, s);
}

/*
 * The row to give up for a new wait; what it counted is forgotten, so a wait that comes
 * often among many others may be counted too low, never too high.  The newest rare one
 * goes last: the search starts behind it.
 */
static uint32_t
rarest_of(struct rt_audit_service *s)
{
	uint32_t at = s->same_next, best = at % SAME_VALUES, i;

	for (i = 0; i < SAME_VALUES; i++, at++)
		if (s->same[at % SAME_VALUES].count < s->same[best].count)
			best = at % SAME_VALUES;
	s->same_next = best + 1;
	return best;
}

static void
note_same(struct rt_audit *a, struct rt_audit_service *s, double backoff_ms)
{
	uint32_t i;

	for (i = 0; i < s->same_count; i++)
		if (s->same[i].backoff_ms == backoff_ms)
			break;
	if (i == s->same_count) {
		if (i == SAME_VALUES)
			i = rarest_of(s);
		else
			s->same_count++;
		s->same[i].backoff_ms = backoff_ms;
		s->same[i].count = 0;
	}
	if (++s->same[i].count < SAME_MIN || s->same_fired)
		return;
	s->same_fired = true;
	rt_audit_fire(a, RT_RULE_SYNCHRONISED,
	    "%u retries in one second announced %.0f ms", SAME_MIN, backoff_ms);
}

static void
note_attempt(
    struct rt_audit_service *s, const struct rt_event *e, bool is_fallback)
{
	uint32_t *slot = s->ring[s->second % MINUTE];
	int which = e->attempt > 1 ? SECOND_RETRIES : SECOND_FIRST;

	if (e->shape !=
	    RT_SHAPE_DECISIONS) { /* holds failures only: no ratio */
		slot[which]++;
		s->sum[which]++;
	}
	if (is_fallback) {
		slot[SECOND_FALLBACKS]++;
		s->sum[SECOND_FALLBACKS]++;
	}
}

void
rt_audit_service_attempt(
    struct rt_audit *a, const struct rt_event *e, uint32_t series)
{
	struct rt_audit_service *s = service_of(a, series);
	bool is_retry =
	    rt_event_has(e, DECISION) && e->decision == RT_DECISION_RETRY_SAME;
	bool is_fallback = rt_event_has(e, DECISION) &&
	    e->decision == RT_DECISION_FALLBACK_SECONDARY;
	struct rt_str operation_id = a->operation_id;

	a->operation_id = RT_STR_NONE; /* what fires now is the service's */
	if (s) {
		note_attempt(s, e, is_fallback);
		if (crosses(&s->over_budget, is_over_budget(a, s), s->second))
			rt_audit_fire(a, RT_RULE_BUDGET_EXCEEDED,
			    "%u retries, %u first attempts in a minute",
			    s->sum[SECOND_RETRIES], s->sum[SECOND_FIRST]);
		if (is_retry)
			note_wait(a, s, e);
		if (is_retry && rt_event_has(e, BACKOFF_MS) &&
		    e->backoff_ms > 0)
			note_same(a, s, e->backoff_ms);
	}
	if (rt_event_has(e, TENANT) &&
	    rt_tenant_row(a->policies, e->tenant) < RT_POLICY_ROWS_MAX) {
		s = service_for(a, e->tenant, true);
		if (s) {
			note_attempt(s, e, is_fallback);
			if (crosses(&s->over_cap, is_over_cap(a, s), s->second))
				rt_audit_fire(a, RT_RULE_TENANT_OVER_CAP,
				    "tenant %.*s: %u retries, %u fallbacks in "
				    "a minute",
				    (int)(e->tenant.len < 60 ? e->tenant.len
							     : 60),
				    e->tenant.p, s->sum[SECOND_RETRIES],
				    s->sum[SECOND_FALLBACKS]);
		}
	}
	a->operation_id = operation_id;
}
