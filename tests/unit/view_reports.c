/* SPDX-License-Identifier: MIT */
#include "tests/unit/view_reports.h"

#include <stdio.h>
#include <string.h>

#define HOSTILE                           \
	"\x1b]0;x\x07\x1b[2J\xe2\x80\xae" \
	"evil\r\n\t\xe4\xb8\xad\xe6\x96\x87"

static void
set_class(struct rt_counts *c, enum rt_class k, enum rt_decision d, uint64_t n)
{
	c->n[RT_C_CLASS + (unsigned)k] += n;
	c->n[RT_C_DECISION + (unsigned)d] += n;
	c->n[RT_C_CLASS_DECISION + (unsigned)k * RT_DECISION_COLUMNS +
	    (unsigned)d] += n;
	c->n[RT_C_ATTEMPTS] += n;
}

static void
set_fate(struct rt_counts *c, enum rt_fate f, uint64_t n)
{
	c->n[RT_C_FATE + (unsigned)f] += n;
	c->n[RT_C_OPS_ENDED] += n;
	c->n[RT_C_OPS_STARTED] += n;
}

static void
fill_counts(struct rt_counts *c, unsigned by)
{
	set_class(c, RT_CLASS_NONE, RT_DECISION_NONE, 112 * by);
	set_class(c, RT_CLASS_TIMEOUT, RT_DECISION_RETRY_SAME, 4 * by);
	set_class(c, RT_CLASS_TIMEOUT, RT_DECISION_ABORT_TIMEOUT_BUDGET, by);
	set_class(c, RT_CLASS_AUTH, RT_DECISION_FALLBACK_SECONDARY, 2 * by);
	set_class(c, RT_CLASS_AUTH, RT_DECISION_ABORT_ERROR, 4 * by);
	set_class(c, RT_CLASS_QUOTA, RT_DECISION_FALLBACK_SECONDARY, 5 * by);
	set_class(c, RT_CLASS_QUOTA, RT_DECISION_DEGRADE_CACHED, 2 * by);
	set_class(c, RT_CLASS_RATE_LIMITED, RT_DECISION_RETRY_SAME, 8 * by);
	set_class(
	    c, RT_CLASS_STREAM_INTERRUPTED, RT_DECISION_RETRY_SAME, 3 * by);
	c->n[RT_C_FIRST] = 120 * by;
	c->n[RT_C_RETRIES] = 21 * by;
	c->n[RT_C_COMPLETE] = 140 * by;
	c->n[RT_C_USAGE_MISSING] = 3 * by;
	c->n[RT_C_USAGE_KNOWN] = 99 * by;
	c->n[RT_C_USAGE_UNKNOWN] = 13 * by;
	c->n[RT_C_ACCEPTED] = 201 * by;
	c->n[RT_C_OPS_FALLBACK] = 7 * by;
	c->n[RT_C_OP_ATTEMPTS] = 141 * by;
	c->n[RT_C_OP_UPSTREAM] = 150 * by;
	set_fate(c, RT_FATE_FIRST_TRY, 98 * by);
	set_fate(c, RT_FATE_RESCUED_BY_RETRY, 8 * by);
	set_fate(c, RT_FATE_RESCUED_BY_FALLBACK, 6 * by);
	set_fate(c, RT_FATE_DEGRADED, 4 * by);
	set_fate(c, RT_FATE_EXHAUSTED, 2 * by);
	set_fate(c, RT_FATE_FAILED_FAST, 2 * by);
	c->n[RT_C_TRIES] = 103 * by;
	c->n[RT_C_TRIES + 1] = 13 * by;
	c->n[RT_C_TRIES + 2] = 4 * by;
	c->sum_us[RT_SUM_WASTED] = 4000000 * (uint64_t)by;
	c->sum_us[RT_SUM_USEFUL] = 36000000 * (uint64_t)by;
}

static void
fill_latency(struct rt_quantiles *q, uint64_t count, double ms)
{
	*q = (struct rt_quantiles){count, ms, ms * 2, ms * 3, ms * 5, ms * 6};
}

void
add_route(struct rt_report *r, const char *service, const char *route,
    const char *model, unsigned by, double ms)
{
	struct rt_report_series *s = rt_report_add_series(r);

	s->labels[RT_LABEL_SERVICE] = rt_report_text(r, rt_str_of(service));
	s->labels[RT_LABEL_HTTP_ROUTE] = rt_report_text(r, rt_str_of(route));
	s->labels[RT_LABEL_MODEL_REQUESTED] =
	    rt_report_text(r, rt_str_of(model));
	fill_counts(s->counts, by);
	fill_latency(&s->latency[RT_LATENCY_OPERATION], 120 * (uint64_t)by, ms);
	for (unsigned i = 0; i < RT_SERIES_TREND_COLS; i++)
		s->trend[i] = i * by;
	r->series_total++;
}

static void
add_fallback(struct rt_report *r, const char *from, const char *to,
    const char *reason, uint64_t count, uint64_t ok)
{
	struct rt_report_fallback *f = rt_report_add_fallback(r);

	f->from = rt_report_text(r, rt_str_of(from));
	f->to = rt_report_text(r, rt_str_of(to));
	f->reason = rt_report_text(r, rt_str_of(reason));
	f->count = count;
	f->succeeded = ok;
}

static void
add_canary(struct rt_report *r, const char *name, bool ok)
{
	struct rt_report_canary *c = rt_report_add_canary(r);

	c->name = rt_report_text(r, rt_str_of(name));
	c->error_class = ok ? "none" : "auth";
	c->attempts = 18;
	c->ok = ok ? 18 : 14;
	c->streak = ok ? 18 : 4;
	c->last_ok = ok;
	c->status = ok ? 200 : 401;
	c->elapsed_ms = 412;
	c->ttft_ms = -1;
	c->age_ms = 12000;
	c->dns_ms = c->connect_ms = c->tls_ms = c->first_byte_ms = -1;
	c->requests_left = c->tokens_left = c->pause_left_ms = -1;
}

void
fill_busy(struct rt_report *r)
{
	world_fill_source(r);
	fill_counts(&r->counts, 6);
	for (unsigned l = 0; l < RT_LATENCY_COUNT; l++)
		fill_latency(&r->latency[l], 846 / (l + 1), 640 + 100.0 * l);
	r->trend.step_s = 5;
	r->trend.cols = RT_TREND_COLS_MAX;
	for (unsigned i = 0; i < RT_TREND_COLS_MAX; i++) {
		r->trend.v[RT_TREND_OPS][i] = 10 + i % 30;
		r->trend.v[RT_TREND_ATTEMPTS][i] = 14 + i % 30 + i % 7;
		r->trend.v[RT_TREND_RETRIES][i] = i % 12;
		r->trend.v[RT_TREND_FALLBACKS][i] = i % 3;
	}
	add_route(r, "checkout", "/v1/chat/completions", "m-small", 3, 900);
	add_route(r, "support-bot", "/v1/responses", "m-mini", 2, 400);
	add_route(r, "search", "/v1/responses", "m-large-2026-05-01", 1, 2100);
	add_fallback(r, "m-small", "m-backup", "http_403", 24, 22);
	add_fallback(r, "m-mini", "m-backup", "timeout", 12, 9);
	add_fallback(r, "m-large-2026-05-01", "?", "content_filter", 6, 0);
}

void
fill_troubled(struct rt_report *r)
{
	fill_busy(r);
	r->lost = 12;
	r->unexplained = 3;
	r->counts.n[RT_C_REJECT + RT_REJECT_NOT_JSON] = 2;
	r->counts.n[RT_C_DUPLICATES] = 5;
	r->counts.n[RT_C_LATE] = 4;
	r->counts.n[RT_C_SENSITIVE] = 1;
	r->overflow[RT_OVERFLOW_SERIES] = 9;
	*rt_report_add_sender(r) = (struct rt_report_sender){
	    .id = "away", .offered = 9, .taken = 2, .in_flight = 7};
	r->lost_ports = 1;
	add_canary(r, "chat-primary", true);
	add_canary(r, "chat-secondary", false);
}

void
fill_canaries(struct rt_report *r)
{
	static const char *const names[] = {"chat-primary", "chat-stream",
	    "chat-limited", "responses-done", "unknown"};
	struct rt_report_canary *c;

	fill_busy(r);
	for (unsigned i = 0; i < RT_COUNT_OF(names); i++) {
		add_canary(r, "canary", i != 2 && i != 4);
		r->canaries[i].provider = names[i];
	}
	for (unsigned i = 0; i < 4; i++) {
		c = &r->canaries[i];
		c->first_byte_ms = 310.4;
		c->requests_left = 182 - 60 * (int64_t)i;
		c->tokens_left = 19208;
	}
	c = &r->canaries[0];
	c->dns_ms = 0.4;
	c->connect_ms = 12;
	c->tls_ms = 31.5;
	r->canaries[1].ttft_ms = 352;
	c = &r->canaries[2];
	c->error_class = "rate_limited";
	c->status = 429;
	c->pause = "rate_limited";
	c->pause_left_ms = 18000;
	c = &r->canaries[3];
	c->requests_left = 0;
	c->pause = "max_per_run";
	c = &r->canaries[4];
	c->status = 0;
	c->error_class = "connection";
	c->elapsed_ms = -1;
}

void
fill_hostile(struct rt_report *r)
{
	char longest[201];

	fill_busy(r);
	memset(longest, 'x', 200);
	longest[200] = '\0';
	add_route(r, HOSTILE, HOSTILE, HOSTILE, 1, 10);
	add_route(r, longest, longest, longest, 1, 10);
	add_route(r, "\xe4\xb8\xad\xe6\x96\x87\xe6\x9c\x8d\xe5\x8a\xa1",
	    "/\xe8\xb7\xaf\xe7\x94\xb1/\xe4\xb8\xad\xe6\x96\x87/x",
	    "\xe6\xa8\xa1\xe5\x9e\x8b", 1, 10);
	add_route(r, "z\xe2\x80\x8bw\xe2\x80\x8dj\xef\xbb\xbf",
	    "/e\xcc\x81\xcc\x81/\xe2\x81\xa6x\xe2\x81\xa9",
	    "\xc2\x9b"
	    "31m",
	    1, 10);
	add_fallback(r, HOSTILE, longest, HOSTILE, 3, 1);
	add_canary(r, HOSTILE, false);
}

void
see_events(struct world *w, unsigned count)
{
	static const enum rt_class classes[] = {RT_CLASS_NONE,
	    RT_CLASS_RATE_LIMITED, RT_CLASS_TIMEOUT, RT_CLASS_AUTH};

	for (unsigned i = 0; i < count; i++) {
		char id[32];
		struct rt_event e = {.kind = RT_KIND_ATTEMPT};
		bool failed = i % 4 != 0;

		snprintf(id, sizeof(id), "op-%04u-aaaa", i / 2);
		e.present = RT_FIELD_BIT(TS) | RT_FIELD_BIT(OPERATION_ID) |
		    RT_FIELD_BIT(ATTEMPT) | RT_FIELD_BIT(ELAPSED_MS) |
		    RT_FIELD_BIT(DECISION);
		e.ts_us = NOW_US - (int64_t)(count - i) * 130000;
		e.operation_id = rt_str_of(id);
		e.attempt = 1 + i % 2;
		e.service = rt_str_of("checkout");
		e.http_route = rt_str_of("/v1/chat/completions");
		e.model_requested = rt_str_of("m-small");
		e.error_class = classes[i % 4];
		e.http_response_status_code = failed ? 429 : 200;
		e.elapsed_ms = 120.5 + i;
		e.decision = failed ? RT_DECISION_RETRY_SAME : RT_DECISION_NONE;
		if (failed) {
			e.present |=
			    RT_FIELD_BIT(BACKOFF_MS) | RT_FIELD_BIT(ERROR_TYPE);
			e.backoff_ms = 800;
			e.error_type = rt_str_of("rate_limit");
		}
		rt_model_event(w->m, &e);
	}
}
