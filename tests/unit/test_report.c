/* SPDX-License-Identifier: MIT */
#include "proto/report.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "proto/json.h"

#define GOLDEN "tests/golden/report.txt"

/* ---- a report with something random everywhere ------------------------------------ */

static uint64_t rng;

static uint64_t
any(void)
{
	rng ^= rng << 13;
	rng ^= rng >> 7;
	rng ^= rng << 17;
	return rng;
}

static unsigned
below(unsigned limit)
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
	for (unsigned n = below(6); n > 0; n--)
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
	for (unsigned n = below(40); n > 0; n--) {
		struct rt_report_series *s = rt_report_add_series(r);

		for (unsigned i = 0; i < RT_LABEL_COUNT; i++)
			s->labels[i] = any_text(r);
		s->is_other = any() % 2;
		any_counts(s->counts, RT_C_SERIES_END);
		any_latency(s->latency);
		for (unsigned i = 0; i < RT_SERIES_TREND_COLS; i++)
			s->trend[i] = (uint32_t)any_count();
	}
	for (unsigned n = below(40); n > 0; n--)
		*rt_report_add_fallback(r) =
		    (struct rt_report_fallback){any_text(r), any_text(r),
			any_text(r), any_count(), any_count()};
	for (unsigned n = below(40); n > 0; n--) {
		bool has_skew = any() % 2;

		*rt_report_add_emitter(r) = (struct rt_report_emitter){
		    any_text(r), any_text(r), any_count(), any_count(),
		    any_count(), any_count(), any_count(), has_skew,
		    has_skew ? -any_double() : 0, has_skew ? -any_double() : 0,
		    (int64_t)any(), any_count(), any_count(), any() % 2};
	}
	for (unsigned n = below(4); n > 0; n--)
		*rt_report_add_sender(r) =
		    (struct rt_report_sender){any_text(r), any_text(r),
			any_count(), any_count(), any_count(), any_count(),
			any_count(), any_count(), any_count(), any() % 2,
			(int64_t)any(), any_count(), any() % 2};
	for (unsigned n = below(4); n > 0; n--)
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
	for (unsigned n = below(4); n > 0; n--) {
		struct rt_report_violation *v = rt_report_add_violation(r);

		v->rule = any_text(r);
		v->count = any_count();
		v->examples_count = below(RT_REPORT_EXAMPLES + 1);
		for (unsigned i = 0; i < v->examples_count; i++)
			v->examples[i] = (struct rt_report_violation_example){
			    any_text(r), any_text(r), any_text(r)};
	}
	for (unsigned n = below(4); n > 0; n--)
		*rt_report_add_refused(r) =
		    (struct rt_report_refused){any_text(r), any_text(r),
			any_text(r), any_text(r), (int64_t)any()};
	for (unsigned n = below(4); n > 0; n--)
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
	r->trend.absent = below(r->trend.cols + 1);
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

static void
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
	r->trend.cols = below(RT_TREND_COLS_MAX + 1);
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

/* ---- equality, member by member ------------------------------------------------------ */

static void
same_text(const char *a, const char *b)
{
	assert_int_equal(!a, !b);
	if (a && b)
		assert_string_equal(a, b);
}

static void
same_double(double a, double b)
{
	assert_memory_equal(&a, &b, sizeof(a));
}

static void
same_latency(const struct rt_quantiles *a, const struct rt_quantiles *b)
{
	for (unsigned i = 0; i < RT_LATENCY_COUNT; i++) {
		assert_int_equal(a[i].count, b[i].count);
		same_double(a[i].p50, b[i].p50);
		same_double(a[i].p90, b[i].p90);
		same_double(a[i].p95, b[i].p95);
		same_double(a[i].p99, b[i].p99);
		same_double(a[i].max, b[i].max);
	}
}

#define SAME(member) assert_int_equal(a->member, b->member)
#define SAME_TEXT(member) same_text(a->member, b->member)
#define SAME_DOUBLE(member) same_double(a->member, b->member)

static void
same_series(const struct rt_report_series *a, const struct rt_report_series *b)
{
	for (unsigned i = 0; i < RT_LABEL_COUNT; i++)
		SAME_TEXT(labels[i]);
	SAME(is_other);
	assert_memory_equal(a->counts, b->counts, sizeof(*a->counts));
	same_latency(a->latency, b->latency);
	assert_memory_equal(a->trend, b->trend, sizeof(a->trend));
}

static void
same_fallback(
    const struct rt_report_fallback *a, const struct rt_report_fallback *b)
{
	SAME_TEXT(from);
	SAME_TEXT(to);
	SAME_TEXT(reason);
	SAME(count);
	SAME(succeeded);
}

static void
same_emitter(
    const struct rt_report_emitter *a, const struct rt_report_emitter *b)
{
	SAME_TEXT(id);
	SAME_TEXT(service);
	SAME(refused);
	SAME_DOUBLE(skew_min_ms);
	SAME(received);
	SAME(lost);
	SAME(duplicates);
	SAME(before_first);
	SAME(has_skew);
	SAME_DOUBLE(skew_ms);
	SAME(last_seen_ms);
	SAME(over_rate);
	SAME(over_now);
	SAME(is_limited);
}

static void
same_sender(const struct rt_report_sender *a, const struct rt_report_sender *b)
{
	SAME_TEXT(id);
	SAME_TEXT(service);
	SAME(refused);
	SAME(last_seen_ms);
	SAME(offered);
	SAME(before);
	SAME(taken);
	SAME(dropped);
	SAME(in_flight);
	SAME(unexplained);
	SAME(is_connected);
	SAME(held);
	SAME(is_limited);
}

static void
same_canary(const struct rt_report_canary *a, const struct rt_report_canary *b)
{
	SAME_TEXT(name);
	SAME_TEXT(route);
	SAME_TEXT(model);
	SAME_TEXT(error_class);
	SAME(attempts);
	SAME(ok);
	SAME(streak);
	SAME(last_ok);
	SAME(status);
	SAME_DOUBLE(elapsed_ms);
	SAME_DOUBLE(ttft_ms);
	SAME(age_ms);
	SAME_TEXT(provider);
	SAME_DOUBLE(dns_ms);
	SAME_DOUBLE(connect_ms);
	SAME_DOUBLE(tls_ms);
	SAME_DOUBLE(first_byte_ms);
	SAME(requests_left);
	SAME(tokens_left);
	SAME_TEXT(pause);
	SAME(pause_left_ms);
}

static void
same_violation(
    const struct rt_report_violation *a, const struct rt_report_violation *b)
{
	SAME_TEXT(rule);
	SAME(count);
	SAME(examples_count);
	for (unsigned i = 0; i < a->examples_count; i++) {
		SAME_TEXT(examples[i].operation_id);
		SAME_TEXT(examples[i].service);
		SAME_TEXT(examples[i].evidence);
	}
}

static void
same_refused(
    const struct rt_report_refused *a, const struct rt_report_refused *b)
{
	SAME_TEXT(reason);
	SAME_TEXT(detail);
	SAME_TEXT(sample);
	SAME_TEXT(source);
	SAME(age_ms);
}

static void
same_alert(const struct rt_report_alert *a, const struct rt_report_alert *b)
{
	SAME_TEXT(alert);
	SAME_TEXT(unit);
	SAME_TEXT(service);
	SAME_TEXT(route);
	SAME_TEXT(model);
	SAME_TEXT(what);
	SAME(is_rest);
	SAME(is_firing);
	SAME(number);
	SAME(n);
	SAME_DOUBLE(value);
	SAME_DOUBLE(threshold);
	SAME_DOUBLE(worst);
	SAME_DOUBLE(clear);
	SAME_DOUBLE(window_s);
	SAME(since_us);
	SAME(fired_us);
	SAME(cleared_us);
}

#define SAME_ROWS(rows, same_row)                            \
	do {                                                 \
		SAME(rows##_count);                          \
		for (size_t i = 0; i < a->rows##_count; i++) \
			same_row(&a->rows[i], &b->rows[i]);  \
	} while (0)

static void
same_replay(const struct rt_report_replay *a, const struct rt_report_replay *b)
{
	SAME(is_on);
	SAME(is_paused);
	SAME(is_at_end);
	SAME(is_seeking);
	SAME(is_measured);
	SAME(speed);
	SAME(first_us);
	SAME(last_us);
	SAME(record);
	SAME(records);
	SAME(done);
	SAME(stops);
	SAME_TEXT(rule);
	SAME_TEXT(operation_id);
	SAME_TEXT(service);
	SAME_TEXT(evidence);
	SAME_TEXT(said);
	SAME_TEXT(trouble);
	SAME(timeline_us);
	SAME_DOUBLE(step_s);
	SAME(cols);
	assert_memory_equal(a->taken, b->taken, sizeof(a->taken));
	assert_memory_equal(a->failed, b->failed, sizeof(a->failed));
}

static void
same_report(const struct rt_report *a, const struct rt_report *b)
{
	same_replay(&a->source.replay, &b->source.replay);
	SAME(source.is_live);
	SAME_TEXT(source.name);
	SAME_DOUBLE(source.window_s);
	SAME(source.from_us);
	SAME(source.to_us);
	SAME(source.now_us);
	SAME(source.last_event_age_ms);
	SAME(source.uptime_ms);
	SAME_TEXT(source.version);
	SAME(source.started_id);
	SAME(source.at_us);
	SAME(source.since);
	SAME(source.held_from_us);
	SAME(source.bucket_s);
	SAME_DOUBLE(source.held_s);
	SAME(source.span.from_us);
	SAME(source.span.until_us);
	assert_memory_equal(&a->counts, &b->counts, sizeof(a->counts));
	SAME(lost);
	SAME(unexplained);
	SAME(disconnected_too_large);
	SAME(lost_ports);
	SAME(open.running);
	SAME(open.in_backoff);
	SAME(open.on_fallback);
	SAME(journal.is_on);
	SAME(journal.written);
	SAME(journal.not_journalled);
	SAME(journal.dropped_on_read);
	SAME_TEXT(journal.state);
	assert_memory_equal(a->overflow, b->overflow, sizeof(a->overflow));
	same_latency(a->latency, b->latency);
	SAME_DOUBLE(trend.step_s);
	SAME(trend.cols);
	SAME(trend.absent);
	assert_memory_equal(a->trend.v, b->trend.v, sizeof(a->trend.v));
	SAME(series_total);
	SAME_ROWS(series, same_series);
	SAME_ROWS(fallbacks, same_fallback);
	SAME_ROWS(emitters, same_emitter);
	SAME_ROWS(senders, same_sender);
	SAME_ROWS(canaries, same_canary);
	SAME_ROWS(violations, same_violation);
	SAME_ROWS(refused, same_refused);
	SAME_ROWS(alerts, same_alert);
	SAME(tail.asked);
	SAME(tail.cursor);
	SAME(tail.missed);
	SAME(tail.count);
	for (size_t i = 0; i < a->tail.count; i++)
		SAME_TEXT(tail.lines[i]);
}

/* ---- tests ------------------------------------------------------------------------- */

static uint64_t
first_seed(void)
{
	const char *z = getenv("RT_SEED");

	return z ? strtoull(z, NULL, 10) : 1;
}

static void
any_report_decodes_to_itself(void **state)
{
	struct rt_report a, b;
	struct rt_buf buf;

	(void)state;
	rt_report_init(&a);
	rt_report_init(&b);
	rt_buf_init(&buf, RT_REPORT_MAX);
	printf(
	    "200 reports from seed %llu\n", (unsigned long long)first_seed());
	for (uint64_t seed = first_seed(), n = 0; n < 200; n++, seed++) {
		struct rt_diag d = {0};

		rng = seed * 0x9e3779b97f4a7c15u;
		any_report(&a);
		rt_buf_reset(&buf);
		rt_report_encode(&buf, &a);
		assert_false(buf.overflow);
		assert_null(memchr(buf.p, '\n', buf.len));
		if (rt_report_decode(&b, (struct rt_str){buf.p, buf.len}, &d))
			fail_msg("seed %llu: %s %s", (unsigned long long)seed,
			    d.where, d.what);
		same_report(&a, &b);
	}
	rt_buf_fini(&buf);
	rt_report_fini(&a);
	rt_report_fini(&b);
}

static struct json_object *
document(const struct rt_report *r)
{
	struct json_object *o = NULL;
	struct rt_buf b;

	rt_buf_init(&b, RT_REPORT_MAX);
	rt_report_encode(&b, r);
	assert_int_equal(
	    rt_json_parse(b.p, b.len, RT_REPORT_MAX, 16, &o, NULL), RT_OK);
	rt_buf_fini(&b);
	return o;
}

static void
an_empty_report_has_every_promised_key(void **state)
{
	static const struct {
		const char *object, *keys[16];
	} rows[] = {
	    {NULL,
		{"schema", "source", "intake", "attempts", "operations",
		    "rates", "decisions", "fallbacks", "violations",
		    "latency_ms", "series", "emitters", "alerts", "canaries"}},
	    {"source", {"kind"}},
	    {"intake",
		{"accepted", "rejected", "lost", "duplicates", "late",
		    "synthetic", "sensitive_dropped"}},
	    {"attempts",
		{"total", "first", "retries", "usage_unknown", "no_status",
		    "by_class", "by_status"}},
	    {"operations",
		{"started", "ended", "unfinished", "evicted", "by_fate",
		    "attempts_per_operation"}},
	    {"rates",
		{"error", "timeout", "actual_success", "missing_usage",
		    "retry_ratio", "effective_success", "fallback",
		    "exhaustion", "amplification", "upstream_amplification",
		    "first_try", "rescued", "orphan", "waste"}},
	    {"latency_ms", {"attempt", "ttft", "operation", "backoff"}},
	};
	struct json_object *o, *v;
	struct rt_report r;

	(void)state;
	rt_report_init(&r);
	o = document(&r);
	for (size_t i = 0; i < RT_COUNT_OF(rows); i++) {
		const char *const *key = rows[i].keys;

		v = rows[i].object ? rt_json_get(o, rows[i].object) : o;
		for (; *key; key++)
			if (!rt_json_get(v, *key))
				fail_msg("no key %s", *key);
	}
	v = rt_json_get(rt_json_get(o, "operations"), "attempts_per_operation");
	assert_int_equal(rt_json_int(v, "1", -1), 0);
	assert_int_equal(rt_json_int(v, "5+", -1), 0);
	v = rt_json_get(rt_json_get(o, "rates"), "error");
	assert_int_equal(rt_json_int(v, "denominator", -1), 0);
	assert_null(rt_json_get(v, "value"));
	assert_true(json_object_object_get_ex(v, "value", NULL));
	v = rt_json_get(rt_json_get(o, "latency_ms"), "ttft");
	assert_int_equal(rt_json_int(v, "count", -1), 0);
	assert_true(json_object_object_get_ex(v, "p99", NULL));
	assert_null(rt_json_get(v, "p99"));
	v = rt_json_get(o, "source");
	assert_true(json_object_object_get_ex(v, "window_s", NULL));
	assert_true(json_object_object_get_ex(v, "from", NULL));
	assert_true(json_object_object_get_ex(v, "to", NULL));
	json_object_put(o);
	rt_report_fini(&r);
}

static void
counts_of_a_rate_are_integers(void **state)
{
	struct rt_report r;
	struct json_object *o, *rates;

	(void)state;
	rt_report_init(&r);
	r.counts.n[RT_C_ATTEMPTS] = 3;
	r.counts.n[RT_C_CLASS + RT_CLASS_NONE] = 2;
	o = document(&r);
	rates = rt_json_get(rt_json_get(o, "rates"), "error");
	assert_true(json_object_is_type(
	    rt_json_get(rates, "numerator"), json_type_int));
	assert_true(json_object_is_type(
	    rt_json_get(rates, "denominator"), json_type_int));
	same_double(rt_json_double(rates, "value", -1), 1.0 / 3.0);
	json_object_put(o);
	rt_report_fini(&r);
}

static void
unfinished_operations_of_a_live_window_are_those_open_now(void **state)
{
	struct rt_report r;
	struct json_object *o;

	(void)state;
	rt_report_init(&r);
	r.counts.n[RT_C_OPS_STARTED] = 10;
	r.counts.n[RT_C_OPS_ENDED] = 6;
	r.counts.n[RT_C_OPS_EVICTED] = 1;
	o = document(&r);
	assert_int_equal(
	    rt_json_int(rt_json_get(o, "operations"), "unfinished", -1), 3);
	json_object_put(o);
	r.source.is_live = true;
	r.open.running = 4;
	r.open.in_backoff = 2;
	r.open.on_fallback = 1;
	o = document(&r);
	assert_int_equal(
	    rt_json_int(rt_json_get(o, "operations"), "unfinished", -1), 7);
	json_object_put(o);
	rt_report_fini(&r);
}

static void
a_bad_report_is_refused_and_leaves_nothing(void **state)
{
	static const struct {
		const char *why, *json;
		enum rt_err want;
	} rows[] = {
	    {"empty", "", RT_E_SYNTAX},
	    {"cut", "{\"schema\":", RT_E_SYNTAX},
	    {"an array", "[]", RT_E_SYNTAX},
	    {"null", "null", RT_E_SYNTAX},
	    {"no schema", "{\"lost\":1}", RT_E_VERSION},
	    {"other schema", "{\"schema\":\"retrytop-report/v2\"}",
		RT_E_VERSION},
	    {"schema of another type", "{\"schema\":1}", RT_E_VERSION},
	};
	const struct rt_report empty = {
	    .source.last_event_age_ms = -1, .source.since = -1};
	struct rt_report r;

	(void)state;
	rt_report_init(&r);
	for (size_t i = 0; i < RT_COUNT_OF(rows); i++) {
		struct rt_diag d = {0};
		enum rt_err err;

		rt_report_add_fallback(&r)->count = 9;
		r.lost = 9;
		err = rt_report_decode(&r, rt_str_of(rows[i].json), &d);
		if (err != rows[i].want)
			fail_msg("%s: %s", rows[i].why, rt_err_text(err));
		if (!d.what[0])
			fail_msg("%s: no words", rows[i].why);
		same_report(&r, &empty);
	}
	rt_report_fini(&r);
}

static void
more_rows_than_the_limit_are_refused(void **state)
{
	struct rt_buf b;
	struct rt_report r;

	(void)state;
	rt_report_init(&r);
	rt_buf_init(&b, RT_REPORT_MAX);
	rt_buf_puts(&b, "{\"schema\":\"" RT_REPORT_SCHEMA "\",\"refused\":[0");
	for (unsigned i = 1; i < 65536; i++)
		rt_buf_puts(&b, ",0");
	rt_buf_puts(&b, "]}");
	assert_int_equal(
	    rt_report_decode(&r, (struct rt_str){b.p, b.len}, NULL), RT_OK);
	assert_int_equal(r.refused_count, 65536);
	b.len -= 2;
	rt_buf_puts(&b, ",0]}");
	assert_int_equal(
	    rt_report_decode(&r, (struct rt_str){b.p, b.len}, NULL),
	    RT_E_TOO_LARGE);
	assert_int_equal(r.refused_count, 0);
	rt_buf_fini(&b);
	rt_report_fini(&r);
}

static void
values_of_another_type_are_absent(void **state)
{
	static const char json[] =
	    "{\"schema\":\"" RT_REPORT_SCHEMA "\",\"source\":7,"
	    "\"intake\":[],\"attempts\":{\"total\":\"5\",\"first\":1.5,"
	    "\"by_status\":{\"99\":1,\"600\":1,\"0503\":1,\"503\":2,\"x\":1},"
	    "\"by_class\":[1]},\"series\":[null,{\"labels\":"
	    "{\"service\":5,\"provider\":\"p\"},\"trend\":[-1,5000000000]}],"
	    "\"violations\":[{\"examples\":[1,2,3,4,5]}],"
	    "\"trend\":{\"cols\":1000,\"errors\":[1,2]},"
	    "\"tail\":{\"events\":[1,\"x\"]},\"fallbacks\":{\"from\":1},"
	    "\"open\":\"many\"}";
	struct rt_report r;

	(void)state;
	rt_report_init(&r);
	assert_int_equal(rt_report_decode(&r, rt_str_of(json), NULL), RT_OK);
	assert_int_equal(r.counts.n[RT_C_ATTEMPTS], 0);
	assert_int_equal(r.counts.n[RT_C_FIRST], 0);
	assert_int_equal(r.status[503 - RT_STATUS_MIN], 2);
	assert_int_equal(r.series_count, 2);
	assert_null(r.series[1].labels[RT_LABEL_SERVICE]);
	assert_string_equal(r.series[1].labels[RT_LABEL_PROVIDER], "p");
	assert_int_equal(r.series[1].trend[1], UINT32_MAX);
	assert_int_equal(r.violations[0].examples_count, RT_REPORT_EXAMPLES);
	assert_int_equal(r.trend.cols, RT_TREND_COLS_MAX);
	assert_int_equal(r.trend.v[RT_TREND_ERRORS][1], 2);
	assert_int_equal(r.tail.count, 1);
	assert_int_equal(r.fallbacks_count, 0);
	rt_report_fini(&r);
}

static void
text_of_a_document_is_scrubbed(void **state)
{
	static const char json[] =
	    "{\"schema\":\"" RT_REPORT_SCHEMA "\","
	    "\"fallbacks\":[{\"from\":\"a\\u001b[31m\\u202eb\"}]}";
	struct rt_report r;

	(void)state;
	rt_report_init(&r);
	assert_int_equal(rt_report_decode(&r, rt_str_of(json), NULL), RT_OK);
	assert_string_equal(
	    r.fallbacks[0].from, "a\357\277\275[31m\357\277\275b");
	rt_report_fini(&r);
}

static void
borrowed_text_survives_growth_and_storage_survives_a_reset(void **state)
{
	const char *texts[2000];
	struct rt_report r;
	char want[32];
	void *arena;

	(void)state;
	rt_report_init(&r);
	for (unsigned turn = 0; turn < 3; turn++) {
		for (unsigned i = 0; i < RT_COUNT_OF(texts); i++) {
			snprintf(want, sizeof(want), "%u of %u", i, turn);
			texts[i] = rt_report_text(&r, rt_str_of(want));
			assert_memory_equal(
			    rt_report_alloc(&r, 300), (char[300]){0}, 300);
		}
		memset(rt_report_alloc(&r, 100000), 1, 100000);
		for (unsigned i = 0; i < RT_COUNT_OF(texts); i++) {
			snprintf(want, sizeof(want), "%u of %u", i, turn);
			assert_string_equal(texts[i], want);
		}
		arena = r.arena;
		rt_report_reset(&r);
		assert_ptr_equal(r.arena, arena);
	}
	assert_null(rt_report_text(&r, RT_STR_NONE));
	assert_string_equal(rt_report_text(&r, rt_str_of("")), "");
	rt_report_fini(&r);
	rt_report_fini(&r);
}

/* ---- the text ------------------------------------------------------------------------ */

static void
sample_head(struct rt_report *r)
{
	uint64_t *n = r->counts.n;

	r->source.name = "checkout.jsonl";
	r->source.from_us = 1781341200242000;
	r->source.to_us = 1781341500000000;
	n[RT_C_ACCEPTED] = 148;
	n[RT_C_DUPLICATES] = 2;
	n[RT_C_LATE] = 3;
	n[RT_C_SYNTHETIC] = 4;
	n[RT_C_SENSITIVE] = 1;
	n[RT_C_REJECT + RT_REJECT_NOT_JSON] = 2;
	n[RT_C_REJECT + RT_REJECT_UNKNOWN_SHAPE] = 1;
	r->lost = 5;
	r->overflow[RT_OVERFLOW_SERIES] = 12;
	n[RT_C_ATTEMPTS] = 141;
	n[RT_C_FIRST] = 120;
	n[RT_C_RETRIES] = 21;
	n[RT_C_NO_STATUS] = 5;
	n[RT_C_COMPLETE] = 100;
	n[RT_C_USAGE_UNKNOWN] = 112;
	n[RT_C_CLASS + RT_CLASS_NONE] = 112;
	n[RT_C_CLASS + RT_CLASS_TIMEOUT] = 9;
	n[RT_C_CLASS + RT_CLASS_RATE_LIMITED] = 8;
	n[RT_C_CLASS + RT_CLASS_SERVER_ERROR] = 12;
	n[RT_C_DECISION + RT_DECISION_NONE] = 112;
	n[RT_C_DECISION + RT_DECISION_RETRY_SAME] = 15;
	n[RT_C_DECISION + RT_DECISION_FALLBACK_SECONDARY] = 6;
	n[RT_C_DECISION + RT_DECISION_ABORT_ERROR] = 8;
	n[RT_C_OPS_STARTED] = 120;
	n[RT_C_OPS_ENDED] = 117;
	n[RT_C_OPS_FALLBACK] = 6;
	n[RT_C_OP_ATTEMPTS] = 138;
	n[RT_C_OP_UPSTREAM] = 150;
	n[RT_C_FATE + RT_FATE_FIRST_TRY] = 97;
	n[RT_C_FATE + RT_FATE_RESCUED_BY_RETRY] = 7;
	n[RT_C_FATE + RT_FATE_RESCUED_BY_FALLBACK] = 5;
	n[RT_C_FATE + RT_FATE_EXHAUSTED] = 3;
	n[RT_C_FATE + RT_FATE_FAILED_FAST] = 3;
	n[RT_C_FATE + RT_FATE_ORPHANED] = 2;
	n[RT_C_TRIES] = 100;
	n[RT_C_TRIES + 1] = 14;
	n[RT_C_TRIES + 4] = 3;
	r->counts.sum_us[RT_SUM_WASTED] = 12345600;
	r->counts.sum_us[RT_SUM_USEFUL] = 98765400;
	r->open.running = 2;
	r->open.in_backoff = 1;
}

static void
sample_report(struct rt_report *r)
{
	static const uint64_t errors[] = {0, 3, 9, 1, 3, 2, 12};
	struct rt_report_violation *v;

	sample_head(r);
	r->latency[RT_LATENCY_ATTEMPT] =
	    (struct rt_quantiles){141, 212.5, 900, 1200.25, 4000, 10000};
	r->latency[RT_LATENCY_OPERATION] =
	    (struct rt_quantiles){117, 300, 1200, 2400, 9000, 31000};
	for (unsigned i = 0; i < RT_COUNT_OF(errors); i++) {
		struct rt_report_series *s = rt_report_add_series(r);

		s->labels[RT_LABEL_SERVICE] = i % 2 ? "checkout" : "検索";
		s->labels[RT_LABEL_HTTP_ROUTE] =
		    "/v1/chat/completions-with-a-rather-long-name";
		s->labels[RT_LABEL_MODEL_REQUESTED] = "m-small";
		s->is_other = i == 5;
		s->counts->n[RT_C_ATTEMPTS] = 20;
		s->counts->n[RT_C_CLASS + RT_CLASS_NONE] = 20 - errors[i];
	}
	r->series[2].counts->n[RT_C_OPS_ENDED] = 10;
	r->series[2].counts->n[RT_C_OP_ATTEMPTS] = 25;
	r->series[2].counts->n[RT_C_FATE + RT_FATE_FIRST_TRY] = 4;
	r->series[2].latency[RT_LATENCY_ATTEMPT] =
	    (struct rt_quantiles){20, 1, 2, 1234.56, 4, 5};
	r->series_total = 7;
	*rt_report_add_fallback(r) = (struct rt_report_fallback){
	    "gpt-large-with-a-very-long-name-indeed", "m-backup", "http_503", 4,
	    3};
	*rt_report_add_fallback(r) = (struct rt_report_fallback){
	    "模型模型模型模型模型模型模型模型", "?", "timeout", 2, 2};
	v = rt_report_add_violation(r);
	v->rule = "unknown-decision";
	v->count = 7;
}

/* Compare with the file, or rewrite it where RT_GOLDEN_WRITE is set. */
static void
same_as_golden(const char *path, const struct rt_buf *b)
{
	char *want = calloc(1, b->len + 4096);
	FILE *f;
	size_t n;

	assert_non_null(want);
	if (getenv("RT_GOLDEN_WRITE")) {
		f = fopen(path, "w");
		assert_non_null(f);
		assert_int_equal(fwrite(b->p, 1, b->len, f), b->len);
		assert_int_equal(fclose(f), 0);
	}
	f = fopen(path, "r");
	if (!f)
		fail_msg("cannot open %s", path);
	n = fread(want, 1, b->len + 4095, f);
	fclose(f);
	if (n != b->len || memcmp(want, b->p, n) != 0)
		fail_msg("%s differs from:\n%s", path, b->p);
	free(want);
}

static void
keeps_to_its_size(const char *text, unsigned lines_max)
{
	unsigned lines = 0, cols = 0;

	for (const char *p = text; *p; p++) {
		if (*p == '\n') {
			lines++;
			cols = 0;
			continue;
		}
		/* As wide as the widest terminal may draw it. */
		if ((*p & 0xc0) != 0x80)
			cols += (unsigned char)*p < 0x80 ? 1 : 2;
		if (cols > 100)
			fail_msg("line %u is too wide:\n%s", lines + 1, text);
	}
	if (lines > lines_max)
		fail_msg("%u lines:\n%s", lines, text);
}

/* Names that would be links, code, cells, tags and headings. */
static void
hostile_report(struct rt_report *r)
{
	struct rt_report_violation *v;

	sample_report(r);
	r->source.name = "logs/[x](javascript:alert\\(1\\)).jsonl";
	*rt_report_add_fallback(r) = (struct rt_report_fallback){
	    "a|b|c", "`rm -rf`", "<script>&amp;</script>", 1, 0};
	*rt_report_add_fallback(r) =
	    (struct rt_report_fallback){NULL, "", "![i](http://x/y.png)", 1, 1};
	r->series[3].labels[RT_LABEL_SERVICE] =
	    "**bold** _it_ ~~no~~ # no www.x.y";
	r->series[3].labels[RT_LABEL_MODEL_REQUESTED] = "a\\|b\n| c |";
	v = rt_report_add_violation(r);
	v->rule = "retry-of-quota";
	v->count = 3;
	v->examples_count = 2;
	v->examples[0] = (struct rt_report_violation_example){"op`1`|<b>",
	    "[svc]: http://x", "status 402 \"quota\" $x$ @all http://x"};
	v->examples[1] = (struct rt_report_violation_example){NULL, NULL, NULL};
}

static void
the_markdown_is_the_golden_one(void **state)
{
	struct rt_report r;
	struct rt_buf b;

	(void)state;
	rt_report_init(&r);
	rt_buf_init(&b, 1u << 20);
	hostile_report(&r);
	rt_report_format_markdown(&b, &r);
	same_as_golden("tests/golden/report.md", &b);
	rt_buf_fini(&b);
	rt_report_fini(&r);
}

static void
no_name_becomes_markup(void **state)
{
	struct rt_report r;
	struct rt_buf b;

	(void)state;
	rng = 11;
	rt_report_init(&r);
	rt_buf_init(&b, 1u << 24);
	for (unsigned turn = 0; turn < 200; turn++) {
		static const char signs[] =
		    "\\`*_{}[]()<>#+!|~$:@&^=\"'ab \n\t";
		char name[32] = "";
		struct rt_report_fallback *f;
		unsigned bars = 0;
		const char *p;

		rt_report_reset(&r);
		for (unsigned i = 0; i < sizeof(name) - 1; i++)
			name[i] = signs[below(sizeof(signs) - 1)];
		f = rt_report_add_fallback(&r);
		*f = (struct rt_report_fallback){name, name, name, 1, 1};
		rt_buf_reset(&b);
		rt_report_format_markdown(&b, &r);
		p = strstr(b.p, "|---|---|---|---:|---:|---:|\n");
		assert_non_null(p);
		p = strchr(p, '\n') + 1;
		for (; *p != '\n'; p++) {
			bars += *p == '|';
			if (*p == '\\' && p[1] != '\n')
				p++; /* escaped */
			else if (strchr("`*_{}[]()<>~$", *p))
				fail_msg("%c in %s", *p, p);
		}
		assert_int_equal(bars, 7);
	}
	rt_buf_fini(&b);
	rt_report_fini(&r);
}

static void
add_alerts(struct rt_report *r)
{
	r->source.is_live = true;
	*rt_report_add_alert(r) = (struct rt_report_alert){.alert = "fallback",
	    .service = "checkout",
	    .route = "/v1/chat/completions-with-a-rather-long-name",
	    .model = "|<b>",
	    .is_firing = true,
	    .n = 141,
	    .value = 0.123,
	    .threshold = 0.1,
	    .since_us = 1781341200242000,
	    .fired_us = 1781341260242000};
	*rt_report_add_alert(r) = (struct rt_report_alert){.alert = "lost",
	    .is_firing = true,
	    .value = 3,
	    .since_us = 1781341200242000};
	*rt_report_add_alert(r) =
	    (struct rt_report_alert){.alert = "amplification",
		.is_rest = true,
		.n = UINT64_MAX,
		.value = 1.1,
		.worst = 3.456,
		.threshold = 2,
		.since_us = 1781341200242000,
		.cleared_us = 1781341500000000};
	*rt_report_add_alert(r) =
	    (struct rt_report_alert){.alert = "an-alert-of-a-newer-collector",
		.value = 1e300,
		.threshold = -1,
		.is_firing = true};
}

/* Wide enough for 100 columns, and nothing of it markup. */
static void
alerts_stand_in_the_text_and_the_markdown_of_a_live_report(void **state)
{
	static const char *const lines[] = {
	    "Alerts        3 firing, 1 cleared lately\n",
	    "  ! fallback      12.3% > 10.0%      n=141     since   09:00:00Z  "
	    "checkout /v1/chat/completion..\n",
	    "  ! lost          3 > 0                        since   09:00:00Z  "
	    "collector\n",
	    "  - amplification 3.46x > 2.00x      n=18446.. cleared 09:05:00Z  "
	    "all other routes together\n",
	    "  ! an-alert-of.. "};
	struct rt_report r;
	struct rt_buf b;

	(void)state;
	rt_report_init(&r);
	rt_buf_init(&b, 1u << 20);
	add_alerts(&r);
	rt_report_format_text(&b, &r);
	for (size_t i = 0; i < RT_COUNT_OF(lines); i++)
		if (!strstr(b.p, lines[i]))
			fail_msg("no %s in\n%s", lines[i], b.p);
	keeps_to_its_size(b.p, 70);
	assert_int_equal(rt_report_firing(&r), 3);
	rt_buf_reset(&b);
	rt_report_format_markdown(&b, &r);
	assert_non_null(strstr(b.p,
	    "\n## Alerts\n\n| alert | about | value | n | since | cleared "
	    "|\n"));
	assert_non_null(strstr(b.p,
			    "&#124;&lt;b&gt; | 12.3% \\&gt; 10.0% |"
			    " 141 |") ||
	    strstr(b.p, "&#124;&lt;b&gt; | 12.3% &gt; 10.0% | 141 |"));
	rt_report_reset(&r);
	rt_buf_reset(&b);
	rt_report_format_text(&b, &r);
	assert_null(strstr(b.p, "Alerts"));
	rt_buf_fini(&b);
	rt_report_fini(&r);
}

static void
the_text_is_the_golden_one(void **state)
{
	struct rt_report r;
	struct rt_buf b;

	(void)state;
	rt_report_init(&r);
	rt_buf_init(&b, 1u << 20);
	sample_report(&r);
	rt_report_format_text(&b, &r);
	keeps_to_its_size(b.p, 60);
	same_as_golden(GOLDEN, &b);
	rt_buf_fini(&b);
	rt_report_fini(&r);
}

static void
the_text_of_nothing_says_so(void **state)
{
	struct rt_report r;
	struct rt_buf b;
	unsigned count = 0;

	(void)state;
	rt_report_init(&r);
	rt_buf_init(&b, 1u << 20);
	rt_report_format_text(&b, &r);
	keeps_to_its_size(b.p, 60);
	for (const char *p = b.p; (p = strstr(p, "n/a")); p++)
		count++;
	/* Completeness, every rate, five figures of each distribution. */
	assert_int_equal(count, 1 + RT_RATE_COUNT + 5 * RT_LATENCY_COUNT);
	assert_null(strstr(b.p, "nan"));
	assert_null(strstr(b.p, "inf"));
	rt_buf_fini(&b);
	rt_report_fini(&r);
}

static void
the_text_keeps_to_its_size_whatever_the_report(void **state)
{
	struct rt_report r;
	struct rt_buf b;

	(void)state;
	rt_report_init(&r);
	rt_buf_init(&b, 1u << 20);
	for (uint64_t seed = 1; seed <= 100; seed++) {
		rng = seed;
		any_report(&r);
		rt_buf_reset(&b);
		rt_report_format_text(&b, &r);
		keeps_to_its_size(b.p, 80); /* counts of 20 digits wrap */
	}
	rt_buf_fini(&b);
	rt_report_fini(&r);
}

static void
shares_of_the_fates_add_up_to_a_hundred(void **state)
{
	struct rt_report r;
	struct rt_buf b;
	const char *line;
	double sum = 0;

	(void)state;
	rt_report_init(&r);
	rt_buf_init(&b, 1u << 20);
	r.counts.n[RT_C_FATE + RT_FATE_FIRST_TRY] = 1;
	r.counts.n[RT_C_FATE + RT_FATE_EXHAUSTED] = 1;
	r.counts.n[RT_C_FATE + RT_FATE_ORPHANED] = 1;
	rt_report_format_text(&b, &r);
	line = strstr(b.p, "\nFates ");
	assert_non_null(line);
	for (unsigned i = 0; i < 3; i++) {
		line = strchr(line + 1, '(');
		assert_non_null(line);
		sum += strtod(line + 1, NULL);
	}
	assert_true(sum > 99.999 && sum < 100.001);
	rt_buf_fini(&b);
	rt_report_fini(&r);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(any_report_decodes_to_itself),
	    cmocka_unit_test(an_empty_report_has_every_promised_key),
	    cmocka_unit_test(counts_of_a_rate_are_integers),
	    cmocka_unit_test(
		unfinished_operations_of_a_live_window_are_those_open_now),
	    cmocka_unit_test(a_bad_report_is_refused_and_leaves_nothing),
	    cmocka_unit_test(more_rows_than_the_limit_are_refused),
	    cmocka_unit_test(values_of_another_type_are_absent),
	    cmocka_unit_test(text_of_a_document_is_scrubbed),
	    cmocka_unit_test(
		borrowed_text_survives_growth_and_storage_survives_a_reset),
	    cmocka_unit_test(
		alerts_stand_in_the_text_and_the_markdown_of_a_live_report),
	    cmocka_unit_test(the_text_is_the_golden_one),
	    cmocka_unit_test(the_markdown_is_the_golden_one),
	    cmocka_unit_test(no_name_becomes_markup),
	    cmocka_unit_test(the_text_of_nothing_says_so),
	    cmocka_unit_test(the_text_keeps_to_its_size_whatever_the_report),
	    cmocka_unit_test(shares_of_the_fates_add_up_to_a_hundred),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
