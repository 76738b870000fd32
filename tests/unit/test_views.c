/* SPDX-License-Identifier: MIT */
/* Screens from hand-made reports, compared with tests/golden as text. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/unit/screen.h"
#include "tui/command.h"
#include "tui/term.h"

#define HOSTILE                           \
	"\x1b]0;x\x07\x1b[2J\xe2\x80\xae" \
	"evil\r\n\t\xe4\xb8\xad\xe6\x96\x87"

/* ---- reports by hand --------------------------------------------------- */

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

static void
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

static void
fill_source(struct rt_report *r)
{
	r->source.is_live = true;
	r->source.window_s = 300;
	r->source.now_us = NOW_US;
	r->source.uptime_ms = 3600000;
	r->source.last_event_age_ms = 400;
	r->source.started_id = 7;
}

static void
fill_busy(struct rt_report *r)
{
	fill_source(r);
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

static void
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

/* Fresh and kept connections, a pause, an end, and one of whom nothing is known. */
static void
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

static void
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

/* ---- golden screens -------------------------------------------------------- */

/* clang-format off */
static const struct {
	const char *name;
	unsigned rows, cols;
	bool ascii;
	void (*fill)(struct rt_report *r);
} screens[] = {
	{"busy-80x24", 24, 80, false, fill_busy},
	{"busy-80x24-ascii", 24, 80, true, fill_busy},
	{"busy-120x40", 40, 120, false, fill_busy},
	{"busy-120x40-ascii", 40, 120, true, fill_busy},
	{"busy-200x60", 60, 200, false, fill_busy},
	{"busy-200x60-ascii", 60, 200, true, fill_busy},
	{"busy-40x10", 10, 40, false, fill_busy},
	{"busy-40x10-ascii", 10, 40, true, fill_busy},
	{"troubled-80x24", 24, 80, true, fill_troubled},
	{"troubled-120x40", 40, 120, true, fill_troubled},
	{"troubled-40x10", 10, 40, true, fill_troubled},
};
/* clang-format on */

static void
screens_look_as_agreed(void **state)
{
	(void)state;
	for (size_t i = 0; i < RT_COUNT_OF(screens); i++) {
		struct world w;

		world_open(&w);
		w.m->ascii = screens[i].ascii;
		world_answer(&w, screens[i].fill);
		see_events(&w, 40);
		world_pass_ms(&w, 400);
		world_draw(&w, screens[i].rows, screens[i].cols);
		assert_golden(&w.g, screens[i].name);
		world_close(&w);
	}
}

static void
canaries_show_phases_budgets_and_pauses(void **state)
{
	struct world w;

	(void)state;
	world_open(&w);
	world_answer(&w, fill_canaries);
	world_draw(&w, 24, 80);
	assert_golden(&w.g, "canaries-80x24");
	world_draw(&w, 40, 120);
	assert_golden(&w.g, "canaries-120x40");
	(void)world_press(&w, 40, 120, '8');
	(void)world_press(&w, 40, 120, 'z');
	world_draw(&w, 40, 120);
	assert_golden(&w.g, "canaries-zoomed-120x40");
	world_draw(&w, 24, 80);
	assert_golden(&w.g, "canaries-zoomed-80x24");
	assert_shows(&w.g, "paused 18s: rate_limited");
	assert_shows(&w.g, "stopped: max_per_run");
	assert_shows(&w.g, "ttft 352ms");
	world_close(&w);
}

/* clang-format off */
static const struct {
	const char *name, *keys, *shows, *hides;
	unsigned rows, cols;
} small[] = {
	{"small-20x5", "", "? q Tab", NULL, 5, 20},
	{"small-20x5-routes", "4", " ROUTE ", NULL, 5, 20},
	{"small-40x10-routes", "4", "checkout", "timeout", 10, 40},
	{"small-40x10-classes", "\t", "rate_limited", NULL, 10, 40},
	{"small-40x10-tail", "9", "9 Tail", NULL, 10, 40},
};
/* clang-format on */

static void
the_smallest_screens_show_their_way_on_and_what_is_cut(void **state)
{
	(void)state;
	for (size_t i = 0; i < RT_COUNT_OF(small); i++) {
		unsigned rows = small[i].rows, cols = small[i].cols;
		struct world w;

		world_open(&w);
		world_answer(&w, fill_busy);
		see_events(&w, 40);
		for (const char *key = small[i].keys; *key; key++)
			(void)world_press(
			    &w, rows, cols, *key == '\t' ? RT_KEY_TAB : *key);
		world_draw(&w, rows, cols);
		assert_shows(&w.g, small[i].shows);
		assert_shows(&w.g, " Tab");
		if (small[i].hides)
			assert_hides(&w.g, small[i].hides);
		assert_golden(&w.g, small[i].name);
		/* Back to the names and values. */
		(void)world_press(&w, rows, cols, RT_KEY_ESC);
		world_draw(&w, rows, cols);
		assert_shows(&w.g, "error ");
		(void)world_press(&w, rows, cols, '5');
		(void)world_press(&w, rows, cols, '1');
		world_draw(&w, rows, cols);
		assert_shows(&w.g, "error ");
		world_close(&w);
	}
}

static void
before_the_first_answer_it_says_so(void **state)
{
	struct world w;

	(void)state;
	world_open(&w);
	world_pass_ms(&w, 2000);
	world_draw(&w, 24, 80);
	assert_shows(&w.g, "ASKING no answer from tcp://127.0.0.1:7782");
	assert_golden(&w.g, "asking-80x24");
	world_close(&w);
}

static void
fill_nothing(struct rt_report *r)
{
	fill_source(r);
	r->source.last_event_age_ms = -1;
}

static void
without_events_it_says_where_to_point_a_client(void **state)
{
	struct world w;

	(void)state;
	world_open(&w);
	world_answer(&w, fill_nothing);
	world_draw(&w, 24, 80);
	assert_shows(&w.g, "no events yet: point a client at");
	assert_shows(&w.g, "error n/a");
	assert_golden(&w.g, "empty-80x24");
	world_draw(&w, 40, 120);
	assert_golden(&w.g, "empty-120x40");
	world_close(&w);
}

static void
fill_quiet(struct rt_report *r)
{
	fill_source(r);
	r->source.last_event_age_ms = 400000;
}

static void
an_empty_window_says_since_when(void **state)
{
	struct world w;

	(void)state;
	world_open(&w);
	world_answer(&w, fill_quiet);
	world_draw(&w, 24, 80);
	assert_shows(&w.g, "QUIET no data since 08:57:51Z");
	world_close(&w);
}

static void
a_silent_collector_is_gone_and_its_numbers_are_old(void **state)
{
	struct world w;

	(void)state;
	world_open(&w);
	world_answer(&w, fill_busy);
	world_pass_ms(&w, RT_MODEL_GONE_MS);
	assert_int_equal(w.m->link, RT_LINK_UP);
	world_pass_ms(&w, 29000);
	assert_int_equal(w.m->link, RT_LINK_GONE);
	world_draw(&w, 24, 80);
	assert_shows(&w.g, "! STALE");
	assert_shows(&w.g, "no answer since 09:04:31Z (32s");
	assert_golden(&w.g, "stale-80x24");
	world_answer(&w, fill_busy);
	world_draw(&w, 40, 120);
	assert_shows(&w.g, "BACK since 09:05:03Z after 32s of silence");
	world_close(&w);
}

static void
fill_restarted(struct rt_report *r)
{
	fill_busy(r);
	r->source.started_id = 8;
}

static void
a_restarted_collector_is_told_for_a_while(void **state)
{
	struct world w;

	(void)state;
	world_open(&w);
	world_answer(&w, fill_busy);
	w.m->tail_next = 99;
	world_pass_ms(&w, 1000);
	world_answer(&w, fill_restarted);
	assert_true(w.m->tail_next == UINT64_MAX);
	world_draw(&w, 24, 120);
	assert_shows(&w.g, "RESTARTED at 09:04:32Z: counts began anew");
	world_pass_ms(&w, RT_MODEL_NEWS_MS);
	world_answer(&w, fill_restarted);
	world_draw(&w, 24, 120);
	assert_hides(&w.g, "RESTARTED");
	assert_shows(&w.g, "restarts 1");
	world_close(&w);
}

static void
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

/* What no cell may hold: it would move others, or drive the terminal. */
static const char *const unseemly[] = {"\x1b", "\r", "\t", "\x07",
    "\xe2\x80\xae", "\xe2\x80\x8b", "\xe2\x80\x8d", "\xef\xbb\xbf", "\xcc\x81",
    "\xe2\x81\xa6", "\xc2\x9b"};

static void
assert_seemly(struct world *w, bool is_ascii)
{
	const char *text = screen_text(&w->g);

	for (size_t i = 0; i < RT_COUNT_OF(unseemly); i++)
		assert_null(strstr(text, unseemly[i]));
	for (; is_ascii && *text; text++)
		if (*text != '\n')
			assert_in_range(*text, ' ', '~');
}

static void
hostile_names_move_no_cell(void **state)
{
	static const unsigned sizes[][2] = {
	    {10, 40}, {24, 80}, {40, 120}, {60, 200}};

	(void)state;
	for (size_t i = 0; i < 2 * RT_COUNT_OF(sizes); i++) {
		unsigned rows = sizes[i / 2][0], cols = sizes[i / 2][1];
		struct world w;
		char name[64];

		world_open(&w);
		w.m->ascii = i % 2 == 1;
		world_answer(&w, fill_hostile);
		world_draw(&w, rows, cols);
		assert_seemly(&w, w.m->ascii);
		snprintf(name, sizeof(name), "hostile-%ux%u%s", cols, rows,
		    w.m->ascii ? "-ascii" : "");
		assert_golden(&w.g, name);
		world_close(&w);
	}
}

static void
help_explains_the_panel_the_keys_and_every_rate(void **state)
{
	struct world w;

	(void)state;
	world_open(&w);
	world_answer(&w, fill_busy);
	assert_int_equal(world_press(&w, 24, 80, '?'), RT_EFFECT_DRAW);
	world_draw(&w, 24, 80);
	assert_golden(&w.g, "help-80x24");
	world_draw(&w, 200, 100);
	for (unsigned i = 0; i < RT_RATE_COUNT; i++)
		assert_shows(&w.g, rt_rate_info((enum rt_rate_id)i)->label);
	for (unsigned i = 0; i < RT_FATE_COUNT; i++)
		assert_shows(&w.g, rt_fate_name((enum rt_fate)i));
	assert_int_equal(world_press(&w, 24, 80, 'q'), RT_EFFECT_DRAW);
	assert_false(w.m->help);
	assert_int_equal(world_press(&w, 24, 80, 'q'), RT_EFFECT_QUIT);
	world_close(&w);
}

static void
help_scrolls_to_its_end_and_no_further(void **state)
{
	struct world w;

	(void)state;
	world_open(&w);
	world_answer(&w, fill_busy);
	(void)world_press(&w, 24, 80, '?');
	(void)world_press(&w, 24, 80, 'G');
	world_draw(&w, 24, 80);
	assert_shows(&w.g, "failed on the first attempt");
	assert_int_equal(w.m->help_top, rt_view_help_rows(w.m, 80) - 21);
	(void)world_press(&w, 24, 80, 'g');
	assert_int_equal(w.m->help_top, 0);
	world_close(&w);
}

/* ---- what the figures say ---------------------------------------------------- */

static void
the_four_rates_are_there_with_their_n(void **state)
{
	struct world w;

	(void)state;
	world_open(&w);
	world_answer(&w, fill_busy);
	world_draw(&w, 24, 80);
	assert_shows(&w.g,
	    " error 20.6%  timeout 3.5%  fallback 5.8%  "
	    "no usage 3.0%  n=846");
	world_close(&w);
}

static void
fates_add_up_to_the_operations_ended(void **state)
{
	struct world w;

	(void)state;
	world_open(&w);
	world_answer(&w, fill_busy);
	world_draw(&w, 24, 80);
	assert_shows(&w.g,
	    "fates 588 1st + 48 retry + 36 fbk + 24 degr + "
	    "12 exh + 12 fast = 720 ended");
	world_draw(&w, 40, 120);
	assert_shows(&w.g,
	    "588 first_try + 48 rescued_by_retry + "
	    "36 rescued_by_fallback");
	world_close(&w);
}

static void
fill_slow(struct rt_report *r)
{
	fill_busy(r);
	r->latency[RT_LATENCY_OPERATION].p95 = 900;
	r->latency[RT_LATENCY_OPERATION].p99 = 13100;
}

static void
long_times_leave_the_failures_their_place(void **state)
{
	struct world w;

	(void)state;
	world_open(&w);
	world_answer(&w, fill_slow);
	world_draw(&w, 24, 80);
	assert_shows(&w.g, "p95 900ms p99 13.1s failed 3.3%");
	world_close(&w);
}

static void
whatever_was_lost_is_visible_at_every_size(void **state)
{
	static const unsigned sizes[][2] = {{24, 80}, {40, 120}, {10, 40}};
	struct world w;

	(void)state;
	world_open(&w);
	world_answer(&w, fill_troubled);
	for (size_t i = 0; i < RT_COUNT_OF(sizes); i++) {
		world_draw(&w, sizes[i][0], sizes[i][1]);
		assert_shows(&w.g, "unexplained");
	}
	world_draw(&w, 24, 80);
	assert_shows(&w.g, "lost 12");
	assert_shows(&w.g, "chat-secondary ! FAIL");
	assert_shows(&w.g, "not_json 2");
	assert_shows(&w.g, "duplicates 5");
	assert_shows(&w.g, "late 4");
	assert_shows(&w.g, "sensitive dropped 1");
	assert_shows(&w.g, "overflow series 9");
	world_close(&w);
}

static void
the_budget_word_follows_the_retry_ratio(void **state)
{
	static const struct {
		uint64_t retries, first;
		const char *want;
	} rows[] = {
	    {19, 19, "?"},
	    {0, 20, "ok"},
	    {8, 100, "ok"},
	    {81, 1000, "~LOW"},
	    {99, 1000, "~LOW"},
	    {10, 100, "!OUT"},
	};

	(void)state;
	for (size_t i = 0; i < RT_COUNT_OF(rows); i++) {
		struct rt_counts c = {0};
		enum rt_role role;

		c.n[RT_C_RETRIES] = rows[i].retries;
		c.n[RT_C_FIRST] = rows[i].first;
		assert_string_equal(rt_facts_budget(&c, &role), rows[i].want);
	}
}

static void
route_names_keep_what_tells_them_apart(void **state)
{
	static const struct {
		const char *service, *route, *model;
		unsigned cols;
		const char *want;
	} rows[] = {
	    {"a", "/v1/x", "m", 24, "a /v1/x m"},
	    {"checkout", "/v1/chat/completions", "m-small", 40,
		"checkout /v1/chat/completions m-small"},
	    {"checkout", "/v1/chat/completions", "m-small", 34,
		"checkout chat/completions m-small"},
	    {"checkout", "/v1/chat/completions", "m-small", 24,
		"checkout cha~ons m-small"},
	    {NULL, NULL, NULL, 24, "-"},
	    {"a", NULL, "m", 24, "a m"},
	    {NULL, "/v1/x", NULL, 24, "/v1/x"},
	    {NULL, "/v1/chat/completions", "m-small", 14, "ch~ns m-small"},
	};
	char out[256];

	(void)state;
	for (size_t i = 0; i < RT_COUNT_OF(rows); i++) {
		struct rt_report_series s = {0};

		s.labels[RT_LABEL_SERVICE] = rows[i].service;
		s.labels[RT_LABEL_HTTP_ROUTE] = rows[i].route;
		s.labels[RT_LABEL_MODEL_REQUESTED] = rows[i].model;
		rt_facts_route(out, sizeof(out), &s, rows[i].cols);
		assert_string_equal(out, rows[i].want);
		assert_true(rt_text_cols(out) <= rows[i].cols);
	}
}

static void
per_second_figures_divide_by_window_or_uptime(void **state)
{
	struct world w;

	(void)state;
	world_open(&w);
	world_answer(&w, fill_busy);
	assert_within(rt_model_span_s(w.m), 300, 0.001);
	w.m->live.source.uptime_ms = 60000;
	assert_within(rt_model_span_s(w.m), 60, 0.001);
	w.m->live.source.uptime_ms = 10;
	assert_within(rt_model_span_s(w.m), 1, 0.001);
	world_close(&w);
}

/* ---- steadiness ------------------------------------------------------------------ */

static void
fill_turned(struct rt_report *r)
{
	fill_source(r);
	add_route(r, "search", "/v1/responses", "m-large-2026-05-01", 1, 2100);
	add_route(r, "fresh", "/v1/new", "m", 1, 1);
	add_route(r, "checkout", "/v1/chat/completions", "m-small", 3, 900);
	add_route(r, "support-bot", "/v1/responses", "m-mini", 2, 400);
}

static const char *
service_at(struct world *w, size_t place)
{
	const struct rt_model_rows *rows = &w->m->rows[RT_PANEL_ROUTES];

	return rt_model_report(w->m)
	    ->series[rows->order[place]]
	    .labels[RT_LABEL_SERVICE];
}

static void
the_cursor_sticks_to_its_row_when_the_order_turns(void **state)
{
	struct world w;

	(void)state;
	world_open(&w);
	world_answer(&w, fill_busy);
	(void)world_press(&w, 24, 80, 'j');
	assert_int_equal(w.m->rows[RT_PANEL_ROUTES].at, 1);
	world_pass_ms(&w, RT_MODEL_HOLD_MS);
	world_answer(&w, fill_turned);
	assert_string_equal(service_at(&w, 0), "search");
	assert_int_equal(w.m->rows[RT_PANEL_ROUTES].at, 3);
	world_close(&w);
}

static void
the_order_holds_for_five_seconds_after_a_key(void **state)
{
	struct world w;

	(void)state;
	world_open(&w);
	world_answer(&w, fill_busy);
	(void)world_press(&w, 24, 80, 'j');
	world_pass_ms(&w, RT_MODEL_HOLD_MS - 1);
	world_answer(&w, fill_turned);
	assert_string_equal(service_at(&w, 0), "checkout");
	assert_string_equal(service_at(&w, 1), "support-bot");
	assert_string_equal(service_at(&w, 2), "search");
	assert_string_equal(service_at(&w, 3), "fresh");
	world_pass_ms(&w, 1);
	world_answer(&w, fill_turned);
	assert_string_equal(service_at(&w, 0), "search");
	world_close(&w);
}

static void
another_sort_is_seen_at_once(void **state)
{
	struct world w;

	(void)state;
	world_open(&w);
	world_answer(&w, fill_busy);
	w.m->ask_now = false;
	(void)world_press(&w, 24, 80, 's');
	(void)world_press(&w, 24, 80, 's');
	assert_true(w.m->ask_now);
	assert_int_equal(rt_model_query(w.m).sort, RT_SORT_OPS);
	world_answer(&w, fill_turned);
	assert_string_equal(service_at(&w, 0), "search");
	world_close(&w);
}

static void
trends_leave_out_the_column_that_still_grows(void **state)
{
	struct rt_report r = {.source = {.is_live = true}};
	uint32_t v[4] = {0, 3, 0, 9}, begun[4] = {0, 0, 0, 9};

	(void)state;
	assert_int_equal(rt_view_finished(&r, v, 4), 3);
	assert_int_equal(rt_view_finished(&r, begun, 4), 4);
	r.source.is_live = false;
	assert_int_equal(rt_view_finished(&r, v, 4), 4);
}

static void
fill_later(struct rt_report *r)
{
	fill_busy(r);
	r->trend.v[RT_TREND_OPS][0] = 77;
}

static void
the_time_line_moves_every_five_seconds_at_most(void **state)
{
	struct world w;

	(void)state;
	world_open(&w);
	world_answer(&w, fill_busy);
	world_pass_ms(&w, RT_MODEL_TREND_MS - 1);
	world_answer(&w, fill_later);
	assert_int_not_equal(w.m->live.trend.v[RT_TREND_OPS][0], 77);
	world_pass_ms(&w, 1);
	world_answer(&w, fill_later);
	assert_int_equal(w.m->live.trend.v[RT_TREND_OPS][0], 77);
	world_close(&w);
}

static void
a_tail_too_fast_to_read_moves_every_two_seconds(void **state)
{
	struct world w;

	(void)state;
	world_open(&w);
	world_answer(&w, fill_busy);
	see_events(&w, 10);
	world_draw(&w, 24, 80);
	assert_int_equal(w.m->tail_bottom, 10);
	world_pass_ms(&w, 1000);
	see_events(&w, 100);
	world_draw(&w, 24, 80);
	assert_int_equal(w.m->tail_bottom, 10);
	world_pass_ms(&w, 1000);
	world_draw(&w, 24, 80);
	assert_int_equal(w.m->tail_bottom, 110);
	see_events(&w, 3);
	world_draw(&w, 24, 80);
	assert_int_equal(w.m->tail_bottom, 113);
	world_close(&w);
}

static void
a_frozen_screen_stays_and_counts_what_it_holds(void **state)
{
	struct world w;

	(void)state;
	world_open(&w);
	world_answer(&w, fill_busy);
	see_events(&w, 10);
	(void)world_press(&w, 24, 80, ' ');
	world_draw(&w, 24, 80);
	world_answer(&w, fill_troubled);
	see_events(&w, 5);
	world_pass_ms(&w, 3000);
	world_draw(&w, 24, 80);
	assert_shows(&w.g, "FROZEN 09:04:31Z");
	assert_shows(&w.g, "5 held");
	assert_hides(&w.g, "unexplained");
	assert_golden(&w.g, "frozen-80x24");
	(void)world_press(&w, 24, 80, ' ');
	world_draw(&w, 24, 80);
	assert_shows(&w.g, "unexplained");
	assert_shows(&w.g, "FOLLOW");
	world_close(&w);
}

static void
thawing_before_an_answer_keeps_the_old_one(void **state)
{
	struct world w;

	(void)state;
	world_open(&w);
	world_answer(&w, fill_busy);
	(void)world_press(&w, 24, 80, ' ');
	(void)world_press(&w, 24, 80, ' ');
	assert_int_equal(rt_model_report(w.m)->series_count, 3);
	world_close(&w);
}

static void
scrolling_the_tail_up_holds_it_until_F(void **state)
{
	struct world w;

	(void)state;
	world_open(&w);
	world_answer(&w, fill_busy);
	see_events(&w, 40);
	(void)world_press(&w, 24, 80, '9');
	(void)world_press(&w, 24, 80, 'k');
	world_draw(&w, 24, 80);
	see_events(&w, 7);
	world_draw(&w, 24, 80);
	assert_shows(&w.g, "HELD, F follows  7 held");
	assert_int_equal(w.m->tail_at, 39);
	(void)world_press(&w, 24, 80, 'F');
	world_draw(&w, 24, 80);
	assert_shows(&w.g, "FOLLOW");
	world_close(&w);
}

static void
every_size_and_every_panel_can_be_drawn(void **state)
{
	static const unsigned sizes[] = {
	    1, 2, 3, 4, 5, 9, 11, 12, 13, 15, 18, 22, 24, 34, 60, 110, 200};
	struct world w;

	(void)state;
	world_open(&w);
	world_answer(&w, fill_hostile);
	see_events(&w, 40);
	for (size_t i = 0; i < RT_COUNT_OF(sizes); i++)
		for (size_t k = 0; k < RT_COUNT_OF(sizes); k++)
			for (int key = '1'; key <= '9'; key++) {
				(void)world_press(&w, sizes[i], sizes[k], key);
				world_draw(&w, sizes[i], sizes[k]);
				(void)world_press(&w, sizes[i], sizes[k], 'z');
				world_draw(&w, sizes[i], sizes[k]);
				(void)world_press(&w, sizes[i], sizes[k], 'z');
				(void)world_press(&w, sizes[i], sizes[k], '?');
				(void)world_press(&w, sizes[i], sizes[k], 'G');
				world_draw(&w, sizes[i], sizes[k]);
				(void)world_press(&w, sizes[i], sizes[k], '?');
			}
	assert_int_equal(w.g.rows, 200);
	world_close(&w);
}

/* ---- keys ------------------------------------------------------------------------- */

static void
no_key_has_two_meanings(void **state)
{
	unsigned count;
	const struct rt_key_row *rows = rt_keys(&count);

	(void)state;
	for (unsigned i = 0; i < count; i++)
		for (unsigned k = 0; k < RT_KEY_CODES; k++)
			if (rows[i].codes[k] != 0)
				assert_ptr_equal(
				    rt_keys_at(rows[i].codes[k]), &rows[i]);
}

static void
keys_that_multiplexers_take_do_nothing(void **state)
{
	static const int taken[] = {'s' & 31, 'q' & 31, 'a' & 31, 'b' & 31, 28};

	(void)state;
	for (size_t i = 0; i < RT_COUNT_OF(taken); i++)
		assert_null(rt_keys_at(taken[i]));
}

static void
the_window_key_goes_round_and_plus_stops_at_the_end(void **state)
{
	struct world w;

	(void)state;
	world_open(&w);
	(void)world_press(&w, 24, 80, 'w');
	assert_int_equal(w.m->window_s, 900);
	(void)world_press(&w, 24, 80, '+');
	(void)world_press(&w, 24, 80, '+');
	assert_int_equal(w.m->window_s, 3600);
	(void)world_press(&w, 24, 80, 'w');
	assert_int_equal(w.m->window_s, 60);
	(void)world_press(&w, 24, 80, '-');
	assert_int_equal(w.m->window_s, 60);
	world_close(&w);
}

static void
the_manual_page_lists_every_key(void **state)
{
	size_t len;
	unsigned count;
	char *page = util_read_file("tui/retrytop.1", &len);
	const struct rt_key_row *rows = rt_keys(&count);

	(void)state;
	for (unsigned i = 0; i < count; i++)
		if (!strstr(page, rows[i].help))
			fail_msg("retrytop.1 lacks: %s", rows[i].help);
	free(page);
}

static void
the_manual_page_lists_every_command(void **state)
{
	static const struct {
		const char *name, *about;
	} commands[] = {
#define X(function, name, synopsis, about) {name, about},
	    RT_COMMANDS(X)
#undef X
	};
	size_t len;
	char *page = util_read_file("tui/retrytop.1", &len), item[64];

	(void)state;
	for (size_t i = 0; i < RT_COUNT_OF(commands); i++) {
		snprintf(item, sizeof(item), ".It Cm %s\n", commands[i].name);
		if (!strstr(page, item) || !strstr(page, commands[i].about))
			fail_msg("retrytop.1 lacks: %s, %s", commands[i].name,
			    commands[i].about);
	}
	free(page);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(screens_look_as_agreed),
	    cmocka_unit_test(canaries_show_phases_budgets_and_pauses),
	    cmocka_unit_test(
		the_smallest_screens_show_their_way_on_and_what_is_cut),
	    cmocka_unit_test(before_the_first_answer_it_says_so),
	    cmocka_unit_test(without_events_it_says_where_to_point_a_client),
	    cmocka_unit_test(an_empty_window_says_since_when),
	    cmocka_unit_test(
		a_silent_collector_is_gone_and_its_numbers_are_old),
	    cmocka_unit_test(a_restarted_collector_is_told_for_a_while),
	    cmocka_unit_test(hostile_names_move_no_cell),
	    cmocka_unit_test(help_explains_the_panel_the_keys_and_every_rate),
	    cmocka_unit_test(help_scrolls_to_its_end_and_no_further),
	    cmocka_unit_test(the_four_rates_are_there_with_their_n),
	    cmocka_unit_test(fates_add_up_to_the_operations_ended),
	    cmocka_unit_test(long_times_leave_the_failures_their_place),
	    cmocka_unit_test(whatever_was_lost_is_visible_at_every_size),
	    cmocka_unit_test(the_budget_word_follows_the_retry_ratio),
	    cmocka_unit_test(route_names_keep_what_tells_them_apart),
	    cmocka_unit_test(per_second_figures_divide_by_window_or_uptime),
	    cmocka_unit_test(the_cursor_sticks_to_its_row_when_the_order_turns),
	    cmocka_unit_test(the_order_holds_for_five_seconds_after_a_key),
	    cmocka_unit_test(another_sort_is_seen_at_once),
	    cmocka_unit_test(trends_leave_out_the_column_that_still_grows),
	    cmocka_unit_test(the_time_line_moves_every_five_seconds_at_most),
	    cmocka_unit_test(a_tail_too_fast_to_read_moves_every_two_seconds),
	    cmocka_unit_test(a_frozen_screen_stays_and_counts_what_it_holds),
	    cmocka_unit_test(thawing_before_an_answer_keeps_the_old_one),
	    cmocka_unit_test(scrolling_the_tail_up_holds_it_until_F),
	    cmocka_unit_test(every_size_and_every_panel_can_be_drawn),
	    cmocka_unit_test(no_key_has_two_meanings),
	    cmocka_unit_test(keys_that_multiplexers_take_do_nothing),
	    cmocka_unit_test(
		the_window_key_goes_round_and_plus_stops_at_the_end),
	    cmocka_unit_test(the_manual_page_lists_every_key),
	    cmocka_unit_test(the_manual_page_lists_every_command),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
