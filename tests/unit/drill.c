/* SPDX-License-Identifier: MIT */
#include "tests/unit/drill.h"

#include <string.h>

#include "proto/rules.h"
#include "tui/term.h"

const char *const drill_lines[DRILL_LINES] = {
    "{\"schema\":\"llm-attempt/v1\",\"ts\":\"2026-06-13T09:04:29.881Z\","
    "\"operation_id\":\"op-5d1e\",\"attempt\":1,\"max_attempts\":3,"
    "\"service\":\"checkout\",\"http_response_status_code\":429,"
    "\"elapsed_ms\":201,\"decision\":\"retry_same\",\"decision_reason\":"
    "\"rate_limited\",\"backoff_ms\":800,\"timeout_budget_ms\":10000,"
    "\"model_requested\":\"m-small\"}",
    "{\"schema\":\"llm-attempt/v1\",\"ts\":\"2026-06-13T09:04:30.857Z\","
    "\"operation_id\":\"op-5d1e\",\"attempt\":2,\"max_attempts\":3,"
    "\"service\":\"checkout\",\"http_response_status_code\":503,"
    "\"elapsed_ms\":170,\"decision\":\"fallback_secondary\","
    "\"fallback_target\":\"m-backup\",\"model_requested\":\"m-small\"}",
    "{\"schema\":\"llm-attempt/v1\",\"ts\":\"2026-06-13T09:04:31.300Z\","
    "\"operation_id\":\"op-5d1e\",\"attempt\":3,\"max_attempts\":3,"
    "\"service\":\"checkout\",\"http_response_status_code\":200,"
    "\"elapsed_ms\":437,\"decision\":\"none\",\"streaming\":true,"
    "\"usage_seen\":true,\"finish_reason_seen\":true,"
    "\"model_requested\":\"m-backup\",\"final_outcome\":\"success\"}",
};

/* clang-format off */
static const struct {
	const char *id, *service, *model, *target, *reason;
	int64_t attempt, status;
	enum rt_class error_class;
	enum rt_decision decision;
} events[] = {
	{"op-1111", "checkout", "m-small", NULL, NULL, 1, 200, RT_CLASS_NONE, RT_DECISION_NONE},
	{"op-5d1e", "checkout", "m-small", NULL, "rate_limited", 1, 429, RT_CLASS_RATE_LIMITED, RT_DECISION_RETRY_SAME},
	{"op-2222", "search", "m-large", NULL, NULL, 1, 401, RT_CLASS_AUTH, RT_DECISION_ABORT_ERROR},
	{"op-5d1e", "checkout", "m-small", "m-backup", NULL, 2, 503, RT_CLASS_SERVER_ERROR, RT_DECISION_FALLBACK_SECONDARY},
	{"op-3333", "search", "m-large", NULL, NULL, 1, 200, RT_CLASS_NONE, RT_DECISION_NONE},
	{"op-5d1e", "checkout", "m-backup", NULL, NULL, 3, 200, RT_CLASS_NONE, RT_DECISION_NONE},
	{"op-4444", "search", "m-large", NULL, NULL, 1, 0, RT_CLASS_TIMEOUT, RT_DECISION_ABORT_TIMEOUT_BUDGET},
};
/* clang-format on */

static void
see_events(struct world *w)
{
	for (size_t i = 0; i < RT_COUNT_OF(events); i++) {
		struct rt_event e = {.kind = RT_KIND_ATTEMPT};

		e.present = RT_FIELD_BIT(TS) | RT_FIELD_BIT(OPERATION_ID) |
		    RT_FIELD_BIT(ATTEMPT) | RT_FIELD_BIT(DECISION);
		if (events[i].reason)
			e.present |= RT_FIELD_BIT(DECISION_REASON);
		e.ts_us = NOW_US - 7000000 + (int64_t)i * 900000;
		e.operation_id = rt_str_of(events[i].id);
		e.service = rt_str_of(events[i].service);
		e.http_route = rt_str_of("/v1/chat");
		e.model_requested = rt_str_of(events[i].model);
		e.fallback_target = rt_str_of(events[i].target);
		e.decision_reason = rt_str_of(events[i].reason);
		e.attempt = events[i].attempt;
		e.http_response_status_code = events[i].status;
		e.error_class = events[i].error_class;
		e.decision = events[i].decision;
		rt_model_event(w->m, &e);
	}
}

static void
add_series(struct rt_report *r, const char *service, const char *model,
    uint64_t ok, uint64_t failed)
{
	struct rt_report_series *s = rt_report_add_series(r);

	s->labels[RT_LABEL_SERVICE] = service;
	s->labels[RT_LABEL_HTTP_ROUTE] = "/v1/chat";
	s->labels[RT_LABEL_MODEL_REQUESTED] = model;
	s->counts->n[RT_C_FATE + RT_FATE_FIRST_TRY] = ok;
	s->counts->n[RT_C_FATE + RT_FATE_FAILED_FAST] = failed;
	s->counts->n[RT_C_OPS_ENDED] = ok + failed;
	s->counts->n[RT_C_CLASS + RT_CLASS_AUTH] = failed;
	r->series_total++;
}

static void
fill(struct rt_report *r)
{
	struct rt_report_fallback *f = rt_report_add_fallback(r);
	struct rt_report_violation *v = rt_report_add_violation(r);

	r->source.is_live = true;
	r->source.window_s = 300;
	r->source.now_us = NOW_US;
	r->source.uptime_ms = 3600000;
	r->source.started_id = 7;
	add_series(r, "checkout", "m-small", 90, 0);
	add_series(r, "search", "m-large", 20, 10);
	r->counts.n[RT_C_ATTEMPTS] = 150;
	r->counts.n[RT_C_CLASS + RT_CLASS_NONE] = 120;
	r->counts.n[RT_C_CLASS + RT_CLASS_AUTH] = 30;
	*f = (struct rt_report_fallback){
	    "m-small", "m-backup", "http_503", 1, 1};
	v->rule = rt_rule_name(RT_RULE_FALLBACK_NO_REASON);
	v->count = 11;
	v->examples[0] = (struct rt_report_violation_example){
	    "op-5d1e", "checkout", "attempt 2: no reason"};
	v->examples[1] = (struct rt_report_violation_example){
	    "op-gone", "checkout", "attempt 1: no reason"};
	v->examples_count = 2;
}

void
drill_answer(struct world *w, const char *id, size_t count)
{
	struct rt_report *r = &w->r;

	rt_report_reset(r);
	fill(r);
	if (id) {
		r->operation.id = rt_report_text(r, rt_str_of(id));
		r->operation.lines = rt_report_alloc(r, sizeof(drill_lines));
		memcpy(r->operation.lines, drill_lines, sizeof(drill_lines));
		r->operation.count = count;
		r->operation.is_whole = true;
		r->operation.rules = 1u << RT_RULE_FALLBACK_NO_REASON;
	}
	rt_model_answer(w->m, r);
}

void
drill_open(struct world *w)
{
	world_open(w);
	drill_answer(w, NULL, 0);
	see_events(w);
}

enum rt_effect
drill_press(struct world *w, int key)
{
	return world_press(w, ROWS, COLS, key);
}

void
drill_type(struct world *w, const char *z)
{
	for (; *z; z++)
		(void)drill_press(w, (unsigned char)*z);
}

enum rt_page
page_of(const struct world *w)
{
	return w->m->drill->page;
}

const char *
listed(const struct world *w)
{
	static char text[1024];
	const struct rt_oplist *l = &w->m->drill->list;

	text[0] = '\0';
	for (size_t i = 0; i < l->count; i++) {
		strcat(text, i ? " " : "");
		strcat(text, l->rows[i].id);
	}
	return text;
}

void
open_operation(struct world *w)
{
	drill_open(w);
	(void)drill_press(w, '9');
	(void)drill_press(w, 'k');
	(void)drill_press(w, RT_KEY_ENTER);
}
