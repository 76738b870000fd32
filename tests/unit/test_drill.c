/* SPDX-License-Identifier: MIT */
/* From a row to its operations, to one of them, to its records, and back. */
#include "tui/drill.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "proto/rules.h"
#include "tests/unit/screen.h"
#include "tui/clip.h"
#include "tui/term.h"
#include "tui/worst.h"

#define ROWS 24
#define COLS 80

static const char *const lines[] = {
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

static void
answer(struct world *w, const char *id, size_t count)
{
	struct rt_report *r = &w->r;

	rt_report_reset(r);
	fill(r);
	if (id) {
		r->operation.id = rt_report_text(r, rt_str_of(id));
		r->operation.lines = rt_report_alloc(r, sizeof(lines));
		memcpy(r->operation.lines, lines, sizeof(lines));
		r->operation.count = count;
		r->operation.is_whole = true;
		r->operation.rules = 1u << RT_RULE_FALLBACK_NO_REASON;
	}
	rt_model_answer(w->m, r);
}

static void
open_world(struct world *w)
{
	world_open(w);
	answer(w, NULL, 0);
	see_events(w);
}

static enum rt_effect
press(struct world *w, int key)
{
	return world_press(w, ROWS, COLS, key);
}

static enum rt_page
page_of(const struct world *w)
{
	return w->m->drill->page;
}

/* Ids of the open list, joined. */
static const char *
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

/* ---- into it --------------------------------------------------------------- */

static void
each_panel_lists_the_operations_of_its_row(void **state)
{
	static const struct {
		int panel;
		unsigned down;
		const char *want;
	} rows[] = {
	    {'1', 0, "op-4444 op-5d1e op-3333 op-2222 op-1111"},
	    {'4', 0, "op-5d1e op-1111"},
	    {'4', 1, "op-4444 op-3333 op-2222"},
	    {'5', 0, "op-2222"},
	    {'6', 0, "op-5d1e"},
	    {'7', 0, "op-5d1e op-gone"},
	};

	(void)state;
	for (size_t i = 0; i < RT_COUNT_OF(rows); i++) {
		struct world w;

		open_world(&w);
		(void)press(&w, rows[i].panel);
		for (unsigned k = 0; k < rows[i].down; k++)
			(void)press(&w, 'j');
		(void)press(&w, RT_KEY_ENTER);
		assert_int_equal(page_of(&w), RT_PAGE_LIST);
		assert_string_equal(listed(&w), rows[i].want);
		world_draw(&w, ROWS, COLS);
		world_close(&w);
	}
}

static void
canary_operations_are_in_no_list_but_their_own_and_all(void **state)
{
	const struct rt_trail_row probe = {.operation_id = "op-c",
	    .service = "probe",
	    .error_class = RT_CLASS_AUTH,
	    .is_synthetic = true};
	const struct rt_trail_row other = {.operation_id = "op-d",
	    .service = "probe",
	    .provider = "chat-2",
	    .is_synthetic = true};
	struct rt_list_of of = {.kind = RT_LIST_ALL};

	(void)state;
	assert_true(rt_list_has(&of, &probe));
	of.kind = RT_LIST_CLASS;
	of.error_class = RT_CLASS_AUTH;
	assert_false(rt_list_has(&of, &probe));
	of.kind = RT_LIST_CANARY;
	assert_false(rt_list_has(&of, &probe));
	snprintf(of.words[0], sizeof(of.words[0]), "probe");
	assert_true(rt_list_has(&of, &probe));
	assert_false(rt_list_has(&of, &other));
	snprintf(of.words[0], sizeof(of.words[0]), "chat-2");
	assert_false(rt_list_has(&of, &probe));
	assert_true(rt_list_has(&of, &other));
}

static void
a_panel_without_rows_opens_nothing_and_says_so(void **state)
{
	struct world w;

	(void)state;
	open_world(&w);
	(void)press(&w, '8');
	(void)press(&w, RT_KEY_ENTER);
	assert_int_equal(page_of(&w), RT_PAGE_PANELS);
	world_draw(&w, ROWS, COLS);
	assert_shows(&w.g, "nothing to open here");
	world_close(&w);
}

static void
open_operation(struct world *w)
{
	open_world(w);
	(void)press(w, '9');
	(void)press(w, 'k');
	(void)press(w, RT_KEY_ENTER);
}

static void
an_open_operation_is_asked_for_and_drawn_when_it_comes(void **state)
{
	struct world w;

	(void)state;
	open_operation(&w);
	assert_int_equal(page_of(&w), RT_PAGE_OPERATION);
	assert_string_equal(rt_model_query(w.m).operation, "op-5d1e");
	assert_true(w.m->ask_now);
	world_draw(&w, ROWS, COLS);
	assert_shows(&w.g, "asking the collector");
	answer(&w, "op-other", 3);
	assert_int_equal(w.m->drill->held, RT_HELD_ASKING);
	answer(&w, "op-5d1e", 3);
	world_draw(&w, ROWS, COLS);
	assert_shows(&w.g, "[2/5]");
	assert_golden(&w.g, "operation-80x24");
	world_draw(&w, 40, 120);
	assert_golden(&w.g, "operation-120x40");
	(void)press(&w, 'o');
	world_draw(&w, ROWS, COLS);
	assert_golden(&w.g, "records-80x24");
	(void)press(&w, 'o');
	assert_int_equal(page_of(&w), RT_PAGE_OPERATION);
	world_close(&w);
}

static void
what_is_not_held_is_said_and_what_was_held_stays(void **state)
{
	struct world w;

	(void)state;
	open_operation(&w);
	answer(&w, "op-5d1e", 0);
	world_draw(&w, ROWS, COLS);
	assert_shows(&w.g, "the collector holds no record of this operation");
	answer(&w, "op-5d1e", 3);
	answer(&w, "op-5d1e", 0);
	world_draw(&w, ROWS, COLS);
	assert_shows(&w.g, "rescued_by_fallback");
	assert_shows(&w.g, "not held any more");
	world_close(&w);
}

static void
lists_look_as_agreed(void **state)
{
	struct world w;

	(void)state;
	open_world(&w);
	(void)press(&w, '1');
	(void)press(&w, RT_KEY_ENTER);
	world_draw(&w, ROWS, COLS);
	assert_golden(&w.g, "list-80x24");
	world_draw(&w, 40, 120);
	assert_golden(&w.g, "list-120x40");
	(void)press(&w, '7');
	(void)press(&w, RT_KEY_ENTER);
	world_draw(&w, ROWS, COLS);
	assert_golden(&w.g, "list-rule-80x24");
	world_close(&w);
}

/* ---- along and back ----------------------------------------------------------- */

static void
n_and_N_walk_the_list_and_stop_at_its_ends(void **state)
{
	struct world w;

	(void)state;
	open_operation(&w);
	(void)press(&w, 'N');
	assert_string_equal(w.m->drill->id, "op-4444");
	(void)press(&w, 'N');
	assert_string_equal(w.m->drill->id, "op-4444");
	assert_non_null(strstr(w.m->notice, "no operation further up"));
	for (unsigned i = 0; i < 9; i++)
		(void)press(&w, 'n');
	assert_string_equal(w.m->drill->id, "op-1111");
	world_close(&w);
}

static void
e_and_v_stop_at_failures_and_violations_only(void **state)
{
	struct world w;

	(void)state;
	open_world(&w);
	(void)press(&w, '1');
	(void)press(&w, RT_KEY_ENTER);
	(void)press(&w, 'e');
	assert_int_equal(w.m->drill->list.at, 3); /* op-2222 */
	(void)press(&w, 'V');
	assert_int_equal(w.m->drill->list.at, 1); /* op-5d1e */
	(void)press(&w, 'E');
	assert_int_equal(w.m->drill->list.at, 0); /* op-4444 */
	(void)press(&w, 'E');
	assert_int_equal(w.m->drill->list.at, 0);
	(void)press(&w, '9');
	(void)press(&w, 'E');
	assert_int_equal(w.m->tail_at, 3);
	assert_false(w.m->follow);
	(void)press(&w, 'v');
	assert_int_equal(w.m->tail_at, 4);
	world_close(&w);
}

static void
escape_goes_up_one_page_at_a_time_and_never_out(void **state)
{
	struct world w;

	(void)state;
	open_world(&w);
	(void)press(&w, '4');
	(void)press(&w, RT_KEY_ENTER);
	(void)press(&w, RT_KEY_ENTER);
	(void)press(&w, RT_KEY_ENTER);
	assert_int_equal(page_of(&w), RT_PAGE_RECORDS);
	assert_int_equal(press(&w, RT_KEY_ESC), RT_EFFECT_DRAW);
	assert_int_equal(page_of(&w), RT_PAGE_OPERATION);
	assert_int_equal(press(&w, 'q'), RT_EFFECT_DRAW);
	assert_int_equal(page_of(&w), RT_PAGE_LIST);
	assert_int_equal(press(&w, RT_KEY_ESC), RT_EFFECT_DRAW);
	assert_int_equal(page_of(&w), RT_PAGE_PANELS);
	assert_int_equal(press(&w, RT_KEY_ESC), RT_EFFECT_DRAW);
	assert_int_equal(press(&w, 'q'), RT_EFFECT_QUIT);
	world_close(&w);
}

static void
history_goes_back_and_forward_and_forgets_a_branch(void **state)
{
	struct world w;

	(void)state;
	open_world(&w);
	(void)press(&w, '[');
	assert_non_null(strstr(w.m->notice, "no view before"));
	(void)press(&w, '4');
	(void)press(&w, RT_KEY_ENTER);
	(void)press(&w, RT_KEY_ENTER);
	assert_string_equal(w.m->drill->id, "op-5d1e");
	(void)press(&w, '[');
	assert_int_equal(page_of(&w), RT_PAGE_LIST);
	(void)press(&w, '[');
	assert_int_equal(page_of(&w), RT_PAGE_PANELS);
	(void)press(&w, ']');
	(void)press(&w, ']');
	assert_int_equal(page_of(&w), RT_PAGE_OPERATION);
	(void)press(&w, '[');
	(void)press(&w, '6');
	(void)press(&w, ']');
	assert_int_equal(page_of(&w), RT_PAGE_PANELS);
	assert_non_null(strstr(w.m->notice, "no view after"));
	world_close(&w);
}

static void
history_keeps_the_last_visits_only(void **state)
{
	struct world w;
	unsigned back = 0;

	(void)state;
	open_world(&w);
	for (unsigned i = 0; i < 3 * RT_VISITS; i++) {
		(void)press(&w, RT_KEY_ENTER);
		(void)press(&w, RT_KEY_ESC);
	}
	while (rt_drill_history(w.m, -1))
		back++;
	assert_int_equal(back, RT_VISITS - 1);
	world_close(&w);
}

/* ---- said and copied ------------------------------------------------------------ */

static void
the_worst_thing_is_said_in_a_sentence_and_jumped_to(void **state)
{
	struct world w;

	(void)state;
	open_world(&w);
	(void)press(&w, '7');
	(void)press(&w, '!');
	assert_string_equal(w.m->notice,
	    "! search /v1/chat m-large: 10 of 30 operations failed in 5m "
	    "(final ok 66.7%, 1st 66.7%), mostly auth");
	assert_int_equal(w.m->focus, RT_PANEL_ROUTES);
	assert_int_equal(w.m->rows[RT_PANEL_ROUTES].at, 1);
	world_draw(&w, ROWS, COLS);
	assert_shows(&w.g, "mostly auth");
	w.mono.us += 60000000;
	rt_model_tick(w.m, w.mono, (rt_wall_t){NOW_US + 60000000});
	(void)press(&w, '!');
	assert_non_null(strstr(w.m->notice, "all figures are old"));
	world_close(&w);
}

static void
rates_of_few_are_never_the_worst(void **state)
{
	struct world w;
	struct rt_worst worst;

	(void)state;
	open_world(&w);
	w.m->live.series[1].counts->n[RT_C_OPS_ENDED] = RT_FMT_FEW - 1;
	rt_worst(w.m, &worst);
	assert_int_equal(worst.panel, RT_PANEL_AUDIT);
	w.m->live.violations_count = 0;
	rt_worst(w.m, &worst);
	assert_int_equal(worst.severity, RT_GOOD);
	world_close(&w);
}

static void
y_copies_ids_and_Y_rows_as_json(void **state)
{
	struct world w;

	(void)state;
	open_world(&w);
	assert_int_equal(press(&w, 'y'), RT_EFFECT_COPY);
	assert_string_equal(w.m->clip.p, "checkout /v1/chat m-small");
	(void)press(&w, '7');
	(void)press(&w, 'Y');
	assert_string_equal(w.m->clip.p,
	    "{\"rule\":\"fallback-without-reason\",\"count\":11,\"examples\":["
	    "{\"operation_id\":\"op-5d1e\",\"service\":\"checkout\","
	    "\"evidence\":\"attempt 2: no reason\"},{\"operation_id\":"
	    "\"op-gone\",\"service\":\"checkout\",\"evidence\":\"attempt 1: "
	    "no reason\"}]}");
	(void)press(&w, '8');
	assert_int_equal(press(&w, 'Y'), RT_EFFECT_DRAW);
	(void)press(&w, '9');
	(void)press(&w, 'y');
	assert_string_equal(w.m->clip.p, "op-4444");
	(void)press(&w, RT_KEY_ENTER);
	(void)press(&w, 'y');
	assert_string_equal(w.m->clip.p, "op-4444");
	assert_int_equal(press(&w, 'Y'), RT_EFFECT_DRAW);
	answer(&w, "op-4444", 3);
	assert_int_equal(press(&w, 'Y'), RT_EFFECT_COPY);
	assert_non_null(
	    strstr(w.m->clip.p, "\"fate\":\"rescued_by_fallback\""));
	world_close(&w);
}

static void
x_exports_what_is_held_and_says_where_nothing_is(void **state)
{
	struct world w;

	(void)state;
	open_operation(&w);
	assert_int_equal(press(&w, 'x'), RT_EFFECT_DRAW);
	assert_non_null(strstr(w.m->notice, "nothing to export"));
	answer(&w, "op-5d1e", 3);
	assert_int_equal(press(&w, 'x'), RT_EFFECT_EXPORT);
	assert_int_equal(w.m->drill->lines.len,
	    strlen(lines[0]) + strlen(lines[1]) + strlen(lines[2]) + 3);
	assert_memory_equal(w.m->drill->lines.p, lines[0], strlen(lines[0]));
	world_close(&w);
}

static void
x_on_panels_saves_the_window_that_is_there(void **state)
{
	struct world w;

	(void)state;
	open_world(&w);
	assert_int_equal(press(&w, 'x'), RT_EFFECT_DRAW);
	assert_non_null(strstr(w.m->notice, "no window is on the screen"));
	w.m->live.source.span.until_us = 5;
	assert_int_equal(press(&w, 'x'), RT_EFFECT_SAVE);
	assert_string_equal(w.m->export_to, "");
	/* The list of a panel has no records of its own. */
	(void)press(&w, RT_KEY_ENTER);
	assert_int_equal(press(&w, 'x'), RT_EFFECT_SAVE);
	assert_int_equal(rt_keys_export(w.m, "there.jsonl"), RT_EFFECT_SAVE);
	assert_string_equal(w.m->export_to, "there.jsonl");
	world_close(&w);
}

/* ---- filtered --------------------------------------------------------------- */

static void
type(struct world *w, const char *z)
{
	for (; *z; z++)
		(void)press(w, (unsigned char)*z);
}

static void
a_filter_is_typed_applied_shown_and_cleared(void **state)
{
	struct world w;

	(void)state;
	open_world(&w);
	(void)press(&w, '/');
	type(&w, "qz:");
	world_draw(&w, ROWS, COLS);
	assert_shows(&w.g, " /qz:");
	(void)press(&w, RT_KEY_ENTER);
	world_draw(&w, ROWS, COLS);
	assert_shows(&w.g, "no such key: qz");
	assert_true(w.m->prompt.is_open);
	(void)press(&w, 'u' & 31);
	type(&w, "service:search");
	(void)press(&w, RT_KEY_ENTER);
	assert_false(w.m->prompt.is_open);
	assert_int_equal(w.m->rows[RT_PANEL_ROUTES].count, 1);
	world_draw(&w, ROWS, COLS);
	assert_shows(&w.g, "service:search");
	assert_golden(&w.g, "filtered-80x24");
	assert_int_equal(press(&w, RT_KEY_ESC), RT_EFFECT_DRAW);
	assert_int_equal(w.m->filter.count, 0);
	assert_int_equal(w.m->rows[RT_PANEL_ROUTES].count, 2);
	(void)press(&w, '/');
	(void)press(&w, RT_KEY_UP);
	assert_string_equal(w.m->prompt.text, "service:search");
	(void)press(&w, RT_KEY_ESC);
	assert_int_equal(w.m->filter.count, 0);
	world_close(&w);
}

static void
set_filter(struct world *w, const char *text)
{
	(void)press(w, '/');
	(void)press(w, 'u' & 31);
	type(w, text);
	(void)press(w, RT_KEY_ENTER);
}

static void
an_open_list_follows_the_filter(void **state)
{
	struct world w;

	(void)state;
	open_world(&w);
	(void)press(&w, '1');
	(void)press(&w, RT_KEY_ENTER);
	(void)press(&w, 'G');
	set_filter(&w, "st:2xx");
	assert_string_equal(listed(&w), "op-5d1e op-3333 op-1111");
	assert_int_equal(w.m->drill->list.at, 2);
	(void)press(&w, '\\');
	assert_int_equal(w.m->drill->list.count, 5);
	set_filter(&w, "st:418");
	assert_int_equal(w.m->drill->list.count, 0);
	world_draw(&w, ROWS, COLS);
	assert_shows(&w.g, "none passes the filter");
	world_close(&w);
}

static void
the_cursor_of_the_tail_stops_at_what_passes(void **state)
{
	struct world w;

	(void)state;
	open_world(&w);
	set_filter(&w, "op:5d1e");
	(void)press(&w, '9');
	(void)press(&w, 'k');
	assert_int_equal(w.m->tail_at, 6);
	(void)press(&w, 'k');
	assert_int_equal(w.m->tail_at, 4);
	(void)press(&w, 'k');
	(void)press(&w, 'k');
	assert_int_equal(w.m->tail_at, 2);
	world_draw(&w, ROWS, COLS);
	assert_shows(&w.g, ">09:04:24");
	(void)press(&w, 'j');
	assert_int_equal(w.m->tail_at, 4);
	(void)press(&w, 'G');
	assert_true(w.m->follow);
	world_close(&w);
}

static void
every_page_can_be_drawn_at_every_size(void **state)
{
	static const unsigned sizes[] = {
	    1, 2, 3, 4, 5, 10, 12, 24, 34, 60, 200};
	struct world w;

	(void)state;
	open_operation(&w);
	answer(&w, "op-5d1e", 3);
	for (unsigned page = RT_PAGE_LIST; page <= RT_PAGE_RECORDS; page++)
		for (size_t i = 0; i < RT_COUNT_OF(sizes); i++)
			for (size_t k = 0; k < RT_COUNT_OF(sizes); k++) {
				w.m->drill->page = (enum rt_page)page;
				(void)press(&w, 'G');
				world_draw(&w, sizes[i], sizes[k]);
				(void)press(&w, 'g');
				world_draw(&w, sizes[i], sizes[k]);
			}
	world_close(&w);
}

/* ---- beside the panels --------------------------------------------------------- */

static const char *
docked(struct world *w, const char *keys)
{
	for (; *keys; keys++)
		(void)world_press(w, 60, 200, *keys);
	world_draw(w, 60, 200);
	return w->m->dock.id;
}

static void
the_operation_under_the_cursor_is_docked_on_a_large_screen(void **state)
{
	static const struct {
		const char *keys, *want;
	} rows[] = {
	    {"", "op-5d1e"},  /* route checkout m-small: the newest worth it */
	    {"j", "op-4444"}, /* route search m-large */
	    {"5", "op-2222"}, /* class auth */
	    {"6", "op-5d1e"}, /* fallback m-small */
	    {"7", "op-5d1e"}, /* the rule's newest example */
	    {"1", "op-4444"}, /* nothing in particular */
	    {"9", "op-4444"}, /* the tail follows */
	    {"9kk", "op-3333"}, /* an event, worth it or not */
	};

	(void)state;
	for (size_t i = 0; i < RT_COUNT_OF(rows); i++) {
		struct world w;
		const char *id;

		open_world(&w);
		id = docked(&w, rows[i].keys);
		if (strcmp(id, rows[i].want) != 0)
			fail_msg("\"%s\": %s", rows[i].keys, id);
		assert_string_equal(
		    rt_model_query(w.m).operation, rows[i].want);
		/* No room, no question. */
		world_draw(&w, 40, 120);
		assert_string_equal(rt_model_query(w.m).operation, "");
		world_close(&w);
	}
}

static void
what_is_docked_looks_as_agreed(void **state)
{
	static const struct {
		const char *name;
		unsigned rows, cols;
		bool ascii;
	} screens[] = {
	    {"docked-200x60", 60, 200, false},
	    {"docked-200x60-ascii", 60, 200, true},
	    {"docked-180x50", 50, 180, false},
	    {"docked-300x100", 100, 300, false},
	};

	(void)state;
	for (size_t i = 0; i < RT_COUNT_OF(screens); i++) {
		struct world w;

		open_world(&w);
		w.m->ascii = screens[i].ascii;
		(void)docked(&w, "");
		answer(&w, "op-5d1e", 3);
		world_draw(&w, screens[i].rows, screens[i].cols);
		assert_shows(&w.g, "rescued_by_fallback");
		assert_shows(&w.g, "attempts 3/3");
		assert_golden(&w.g, screens[i].name);
		world_close(&w);
	}
}

static void
what_is_docked_stays_until_the_cursor_moves(void **state)
{
	struct world w;

	(void)state;
	open_world(&w);
	assert_string_equal(docked(&w, "j"), "op-4444");
	answer(&w, "op-5d1e", 3); /* another one's answer */
	assert_int_equal(w.m->dock.held, RT_HELD_ASKING);
	w.m->ask_now = false;
	(void)docked(&w, "k");
	assert_true(w.m->ask_now);
	assert_string_equal(w.m->dock.id, "op-5d1e");
	answer(&w, "op-5d1e", 3);
	/* It has ended: it is not asked for again. */
	assert_string_equal(rt_model_query(w.m).operation, "");
	/* Newer ones come: it stays, for a minute without a key. */
	w.mono = w.m->now;
	rt_trail_add(w.m->trail,
	    &(struct rt_event){.kind = RT_KIND_ATTEMPT,
		.present = RT_FIELD_BIT(OPERATION_ID) | RT_FIELD_BIT(ATTEMPT),
		.operation_id = rt_str_of("op-new"),
		.service = rt_str_of("checkout"),
		.http_route = rt_str_of("/v1/chat"),
		.model_requested = rt_str_of("m-small"),
		.attempt = 2});
	rt_model_tick(
	    w.m, rt_mono_add_ms(w.mono, RT_DOCK_MS - 1), (rt_wall_t){NOW_US});
	assert_string_equal(docked(&w, ""), "op-5d1e");
	rt_model_tick(
	    w.m, rt_mono_add_ms(w.mono, RT_DOCK_MS), (rt_wall_t){NOW_US});
	assert_string_equal(docked(&w, ""), "op-new");
	world_close(&w);
}

static void
what_the_collector_has_not_is_said_and_given_up(void **state)
{
	struct world w;

	(void)state;
	open_world(&w);
	(void)docked(&w, "9kk"); /* op-3333 */
	answer(&w, "op-3333", 0);
	world_draw(&w, 60, 200);
	assert_shows(&w.g, "the collector holds no record of it");
	assert_string_equal(rt_model_query(w.m).operation, "");
	world_close(&w);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(each_panel_lists_the_operations_of_its_row),
	    cmocka_unit_test(
		canary_operations_are_in_no_list_but_their_own_and_all),
	    cmocka_unit_test(a_panel_without_rows_opens_nothing_and_says_so),
	    cmocka_unit_test(
		an_open_operation_is_asked_for_and_drawn_when_it_comes),
	    cmocka_unit_test(what_is_not_held_is_said_and_what_was_held_stays),
	    cmocka_unit_test(lists_look_as_agreed),
	    cmocka_unit_test(n_and_N_walk_the_list_and_stop_at_its_ends),
	    cmocka_unit_test(e_and_v_stop_at_failures_and_violations_only),
	    cmocka_unit_test(escape_goes_up_one_page_at_a_time_and_never_out),
	    cmocka_unit_test(
		history_goes_back_and_forward_and_forgets_a_branch),
	    cmocka_unit_test(history_keeps_the_last_visits_only),
	    cmocka_unit_test(
		the_worst_thing_is_said_in_a_sentence_and_jumped_to),
	    cmocka_unit_test(rates_of_few_are_never_the_worst),
	    cmocka_unit_test(y_copies_ids_and_Y_rows_as_json),
	    cmocka_unit_test(x_exports_what_is_held_and_says_where_nothing_is),
	    cmocka_unit_test(x_on_panels_saves_the_window_that_is_there),
	    cmocka_unit_test(a_filter_is_typed_applied_shown_and_cleared),
	    cmocka_unit_test(an_open_list_follows_the_filter),
	    cmocka_unit_test(the_cursor_of_the_tail_stops_at_what_passes),
	    cmocka_unit_test(every_page_can_be_drawn_at_every_size),
	    cmocka_unit_test(
		the_operation_under_the_cursor_is_docked_on_a_large_screen),
	    cmocka_unit_test(what_is_docked_looks_as_agreed),
	    cmocka_unit_test(what_is_docked_stays_until_the_cursor_moves),
	    cmocka_unit_test(what_the_collector_has_not_is_said_and_given_up),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
