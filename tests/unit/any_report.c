/* SPDX-License-Identifier: MIT */
#include "tests/unit/any_report.h"

#include <string.h>

static uint64_t rng;

void
any_seed(uint64_t seed)
{
	rng = seed;
}

uint64_t
any(void)
{
	rng ^= rng << 13;
	rng ^= rng >> 7;
	rng ^= rng << 17;
	return rng;
}

unsigned
any_below(unsigned limit)
{
	return (unsigned)(any() % limit);
}

/* Small, large and none in turn. */
static uint64_t
any_count(void)
{
	static const unsigned shifts[] = {63, 56, 40, 11, 0};

	return any() % 4 ? any() >> shifts[any() % RT_COUNT_OF(shifts)] : 0;
}

static double
any_double(void)
{
	return (double)(any() >> 11) / (double)(1 + any() % 100000);
}

static int64_t
any_time(void)
{
	return (int64_t)(any() % 4000000000000000u) + 1;
}

static const char *
any_text(struct rt_report *r)
{
	static const char *const parts[] = {"svc", "/v1/chat", "\"", "\\", "ü",
	    "漢字", "\360\237\246\212", " ", "a=b", "{", "\357\277\275"};
	char text[64] = "";

	if (any() % 5 == 0)
		return NULL;
	for (unsigned n = any_below(6); n > 0; n--)
		strcat(text, parts[any() % RT_COUNT_OF(parts)]);
	return rt_report_text(r, rt_str_of(text));
}

static void
any_latency(struct rt_quantiles *q)
{
	for (unsigned i = 0; i < RT_LATENCY_COUNT; i++) {
		q[i].count = any_count();
		if (!q[i].count)
			continue;
		q[i] = (struct rt_quantiles){q[i].count, any_double(),
		    any_double(), any_double(), any_double(), any_double()};
	}
}

static void
any_counts(struct rt_counts *c, unsigned counters)
{
	for (unsigned i = 0; i < counters; i++)
		c->n[i] = any_count();
	for (unsigned i = 0; i < RT_SUM_COUNT; i++)
		c->sum_us[i] = any_count();
}

static void
any_rows(struct rt_report *r)
{
	for (unsigned n = any_below(40); n > 0; n--) {
		struct rt_report_series *s = rt_report_add_series(r);

		for (unsigned i = 0; i < RT_LABEL_COUNT; i++)
			s->labels[i] = any_text(r);
		s->is_other = any() % 2;
		any_counts(s->counts, RT_C_SERIES_END);
		any_latency(s->latency);
		for (unsigned i = 0; i < RT_SERIES_TREND_COLS; i++)
			s->trend[i] = (uint32_t)any_count();
	}
	for (unsigned n = any_below(40); n > 0; n--)
		*rt_report_add_fallback(r) =
		    (struct rt_report_fallback){any_text(r), any_text(r),
			any_text(r), any_count(), any_count()};
	for (unsigned n = any_below(40); n > 0; n--) {
		bool has_skew = any() % 2;

		*rt_report_add_emitter(r) = (struct rt_report_emitter){
		    any_text(r), any_text(r), any_count(), any_count(),
		    any_count(), any_count(), any_count(), has_skew,
		    has_skew ? -any_double() : 0, has_skew ? -any_double() : 0,
		    (int64_t)any(), any_count(), any_count(), any() % 2};
	}
	for (unsigned n = any_below(4); n > 0; n--)
		*rt_report_add_sender(r) =
		    (struct rt_report_sender){any_text(r), any_text(r),
			any_count(), any_count(), any_count(), any_count(),
			any_count(), any_count(), any_count(), any() % 2,
			(int64_t)any(), any_count(), any() % 2};
	for (unsigned n = any_below(4); n > 0; n--)
		*rt_report_add_canary(r) = (struct rt_report_canary){
		    any_text(r), any_text(r), any_text(r), any_text(r),
		    any_count(), any_count(), any_count(), any() % 2,
		    any() % 2 ? 503 : 0, any() % 2 ? any_double() : -1,
		    any() % 2 ? any_double() : -1, any_text(r), any_double(),
		    any() % 2 ? any_double() : -1, -1, any_double(),
		    any() % 2 ? (int64_t)(any() >> 1) : -1,
		    (int64_t)(any() >> 1), any() % 2 ? any_text(r) : NULL,
		    any() % 2 ? (int64_t)(any() >> 1) : -1,
		    any() % 2 ? (int64_t)(any() >> 1) : -1};
	for (unsigned n = any_below(4); n > 0; n--) {
		struct rt_report_violation *v = rt_report_add_violation(r);

		v->rule = any_text(r);
		v->count = any_count();
		v->examples_count = any_below(RT_REPORT_EXAMPLES + 1);
		for (unsigned i = 0; i < v->examples_count; i++)
			v->examples[i] = (struct rt_report_violation_example){
			    any_text(r), any_text(r), any_text(r)};
	}
	for (unsigned n = any_below(4); n > 0; n--)
		*rt_report_add_refused(r) =
		    (struct rt_report_refused){any_text(r), any_text(r),
			any_text(r), any_text(r), (int64_t)any()};
	for (unsigned n = any_below(4); n > 0; n--)
		*rt_report_add_alert(r) =
		    (struct rt_report_alert){.alert = any_text(r),
			.unit = any_text(r),
			.service = any_text(r),
			.route = any_text(r),
			.model = any_text(r),
			.what = any_text(r),
			.is_rest = any() % 2,
			.is_firing = any() % 2,
			.number = any_count(),
			.n = any_count(),
			.value = any_double(),
			.threshold = any_double(),
			.worst = any_double(),
			.clear = any_double(),
			.window_s = any_double(),
			.since_us = any_time(),
			.fired_us = any_time(),
			.cleared_us = any() % 2 ? any_time() : 0};
}

/* A report about the past knows nothing of the present. */
static void
any_window(struct rt_report *r)
{
	r->source.held_from_us = any() % 2 ? any_time() : 0;
	r->source.held_s = any() % 2 ? any_double() : 0;
	r->source.bucket_s = any() % 2 ? 10 : 0;
	r->source.span.from_us = any() % 2 ? any_time() : 0;
	r->source.span.until_us = any() % 2 ? any_time() : 0;
	if (any() % 2)
		return;
	r->source.at_us = any_time();
	r->source.since = any_time();
	r->lost = r->unexplained = r->disconnected_too_large = 0;
	r->lost_ports = 0;
	memset(&r->open, 0, sizeof(r->open));
	memset(&r->journal, 0, sizeof(r->journal));
	memset(r->overflow, 0, sizeof(r->overflow));
	r->trend.absent = any_below(r->trend.cols + 1);
	for (unsigned i = 0; i < RT_TREND_COUNT; i++)
		memset(r->trend.v[i], 0,
		    r->trend.absent * sizeof(r->trend.v[i][0]));
}

static void
any_replay(struct rt_report *r, struct rt_report_replay *p)
{
	p->is_on = any() % 2;
	if (!p->is_on)
		return;
	p->is_paused = any() % 2;
	p->is_at_end = any() % 2;
	p->is_seeking = any() % 2;
	p->is_measured = any() % 2;
	p->speed = any_count();
	p->first_us = any() % 3 ? any_time() : 0;
	p->last_us = any() % 3 ? any_time() : 0;
	p->record = any_count();
	p->records = any_count();
	p->done = any_count();
	p->stops = any_count();
	p->rule = any_text(r);
	p->operation_id = any_text(r);
	p->service = any_text(r);
	p->evidence = any_text(r);
	p->said = any_text(r);
	p->trouble = any_text(r);
	if (any() % 2)
		return;
	p->timeline_us = any_time();
	p->step_s = 64;
	p->cols = RT_TIMELINE_COLS;
	for (unsigned i = 0; i < p->cols; i++) {
		p->taken[i] = (uint32_t)any_count();
		p->failed[i] = (uint32_t)any_count();
	}
}

void
any_report(struct rt_report *r)
{
	rt_report_reset(r);
	r->source.is_live = any() % 2;
	r->source.name = any_text(r);
	r->source.window_s = any() % 2 ? 300 : 0;
	r->source.from_us = any() % 3 ? any_time() : 0;
	r->source.to_us = any() % 3 ? any_time() : 0;
	r->source.now_us = any() % 3 ? any_time() : 0;
	r->source.last_event_age_ms = any() % 3 ? (int64_t)(any() >> 1) : -1;
	r->source.uptime_ms = (int64_t)(any() >> 1);
	r->source.version = any_text(r);
	r->source.started_id = any();
	any_replay(r, &r->source.replay);
	any_counts(&r->counts, RT_C_COUNT);
	for (unsigned i = 0; i < RT_STATUS_COUNT; i++)
		r->status[i] = any_count();
	r->lost = any_count();
	r->unexplained = any_count();
	r->disconnected_too_large = any_count();
	r->lost_ports = any_count();
	r->open.running = any_count();
	r->journal.is_on = any() % 2;
	r->journal.written = any_count();
	r->journal.not_journalled = any_count();
	r->journal.dropped_on_read = any_count();
	r->journal.state = any_text(r);
	r->open.in_backoff = any_count();
	r->open.on_fallback = any_count();
	for (unsigned i = 0; i < RT_OVERFLOW_COUNT; i++)
		r->overflow[i] = any_count();
	any_latency(r->latency);
	r->trend.step_s = any_double();
	r->trend.cols = any_below(RT_TREND_COLS_MAX + 1);
	for (unsigned i = 0; i < RT_TREND_COUNT; i++)
		for (unsigned k = 0; k < r->trend.cols; k++)
			r->trend.v[i][k] = (uint32_t)any_count();
	r->series_total = any_count();
	any_rows(r);
	any_window(r);
	r->tail.asked = any() % 2;
	if (!r->tail.asked)
		return;
	r->tail.cursor = any();
	r->tail.missed = any();
	r->tail.count = any() % 5;
	r->tail.lines = rt_report_alloc(r, 5 * sizeof(*r->tail.lines));
	for (size_t i = 0; i < r->tail.count; i++)
		r->tail.lines[i] = rt_report_text(
		    r, rt_str_of("{\"schema\":\"llm-attempt/v1\"}"));
}
