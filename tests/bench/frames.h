/* SPDX-License-Identifier: MIT */
/*
 * frames — traffic as a dashboard sees it, drawn to a pseudo terminal that we read
 * ourselves, one model second after the other: the same frames each time, no clock.
 *
 * What    "Busy" is 17 records a second over six routes; quiet is a collector that hears
 *         nothing, where only times move.
 * Life    One at a time: the terminal is that of standard output, which is put back on
 *         close.
 * For     bench_frame, which prints what a frame costs, and the unit test that holds the
 *         budgets.
 */
#ifndef BENCH_FRAMES_H
#define BENCH_FRAMES_H

#include <fcntl.h>
#include <pty.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "proto/clock.h"
#include "tui/layout.h"
#include "tui/term.h"
#include "tui/view.h"

#define EVENTS_PER_S 17u
#define NOW_US INT64_C(1781341471000000)

static const struct {
	const char *service, *route, *model;
	unsigned share;
} routes[] = {
    {"checkout", "/v1/chat/completions", "m-small", 8},
    {"support-bot", "/v1/responses", "m-mini", 4},
    {"search", "/v1/responses", "m-large", 2},
    {"mailer", "/v1/chat/completions", "m-small", 1},
    {"indexer", "/v1/embeddings", "m-embed", 1},
    {"ranker", "/v1/rerank", "m-rank", 1},
};

static const struct {
	enum rt_class class;
	enum rt_decision decision;
	int status;
	unsigned share; /* of 100 */
} ways[] = {
    {RT_CLASS_NONE, RT_DECISION_NONE, 200, 80},
    {RT_CLASS_RATE_LIMITED, RT_DECISION_RETRY_SAME, 429, 9},
    {RT_CLASS_TIMEOUT, RT_DECISION_RETRY_SAME, 504, 5},
    {RT_CLASS_SERVER_ERROR, RT_DECISION_FALLBACK_SECONDARY, 503, 4},
    {RT_CLASS_AUTH, RT_DECISION_ABORT_ERROR, 401, 2},
};

struct bench {
	int master, before; /* what standard output was */
	struct rt_term *term;
	struct rt_model *model;
	struct rt_report report;
	struct rt_grid grid;
	struct rt_counts counts[RT_COUNT_OF(routes)];
	unsigned second, slot;
	unsigned per_s; /* records */
	int64_t silent_ms;
	unsigned clears; /* of the whole screen */
};

static unsigned
roll(unsigned sides)
{
	static uint64_t state = 88172645463325252u;

	state ^= state << 13;
	state ^= state >> 7;
	state ^= state << 17;
	return (unsigned)(state >> 33) % sides;
}

static void
count(struct rt_counts *c, unsigned way)
{
	enum rt_fate fate = way == 0 ? RT_FATE_FIRST_TRY
	    : way < 3                ? RT_FATE_RESCUED_BY_RETRY
	    : way < 4                ? RT_FATE_RESCUED_BY_FALLBACK
				     : RT_FATE_FAILED_FAST;

	c->n[RT_C_ATTEMPTS]++;
	c->n[RT_C_ACCEPTED]++;
	c->n[RT_C_COMPLETE]++;
	c->n[way ? RT_C_RETRIES : RT_C_FIRST]++;
	c->n[RT_C_CLASS + (unsigned)ways[way].class]++;
	c->n[RT_C_DECISION + (unsigned)ways[way].decision]++;
	c->n[RT_C_CLASS_DECISION +
	    (unsigned)ways[way].class * RT_DECISION_COLUMNS +
	    (unsigned)ways[way].decision]++;
	c->n[RT_C_OPS_STARTED]++;
	c->n[RT_C_OPS_ENDED]++;
	c->n[RT_C_OP_ATTEMPTS] += way ? 2 : 1;
	c->n[RT_C_FATE + (unsigned)fate]++;
	c->n[RT_C_TRIES + (way ? 1u : 0u)]++;
	c->n[RT_C_OPS_FALLBACK] += fate == RT_FATE_RESCUED_BY_FALLBACK;
	c->n[RT_C_USAGE_KNOWN]++;
}

static unsigned
pick(unsigned sum, unsigned (*share)(unsigned))
{
	unsigned at = roll(sum), i = 0;

	while (at >= share(i))
		at -= share(i++);
	return i;
}

static unsigned
route_share(unsigned i)
{
	return routes[i].share;
}

static unsigned
way_share(unsigned i)
{
	return ways[i].share;
}

static void
happen(struct bench *b, int64_t now_us)
{
	unsigned route = pick(17, route_share), way = pick(100, way_share);
	struct rt_event e = {.kind = RT_KIND_ATTEMPT};
	char id[32];

	count(&b->counts[route], way);
	snprintf(id, sizeof id, "op-%08x", roll(UINT32_MAX));
	e.present = RT_FIELD_BIT(TS) | RT_FIELD_BIT(OPERATION_ID) |
	    RT_FIELD_BIT(ATTEMPT) | RT_FIELD_BIT(ELAPSED_MS) |
	    RT_FIELD_BIT(DECISION);
	e.ts_us = now_us;
	e.operation_id = rt_str_of(id);
	e.attempt = way ? 2 : 1;
	e.service = rt_str_of(routes[route].service);
	e.http_route = rt_str_of(routes[route].route);
	e.model_requested = rt_str_of(routes[route].model);
	e.error_class = ways[way].class;
	e.http_response_status_code = ways[way].status;
	e.elapsed_ms = 100 + roll(4000);
	e.decision = ways[way].decision;
	rt_model_event(b->model, &e);
}

static void
fill_latency(struct rt_quantiles *q, uint64_t n)
{
	/* Quantiles of a window move in steps of a sketch, not with each value. */
	double ms = 600 + (double)(n / 50 % 40) * 6;

	*q = (struct rt_quantiles){n, ms, ms * 2, ms * 3, ms * 5, ms * 6};
}

static void
fill_series(struct bench *b, unsigned i, unsigned slot)
{
	struct rt_report *r = &b->report;
	struct rt_report_series *s = rt_report_add_series(r);

	s->labels[RT_LABEL_SERVICE] =
	    rt_report_text(r, rt_str_of(routes[i].service));
	s->labels[RT_LABEL_HTTP_ROUTE] =
	    rt_report_text(r, rt_str_of(routes[i].route));
	s->labels[RT_LABEL_MODEL_REQUESTED] =
	    rt_report_text(r, rt_str_of(routes[i].model));
	memcpy(s->counts, &b->counts[i], sizeof *s->counts);
	fill_latency(
	    &s->latency[RT_LATENCY_OPERATION], b->counts[i].n[RT_C_OPS_ENDED]);
	for (unsigned k = 0; k < RT_SERIES_TREND_COLS; k++)
		s->trend[k] = (k + slot / 2) * 7 % (5 + i);
	r->series_total++;
}

static void
fill_report(struct bench *b, int64_t now_us, unsigned slot, int64_t silent_ms)
{
	struct rt_report *r = &b->report;

	rt_report_reset(r);
	r->source.is_live = true;
	r->source.window_s = 300;
	r->source.now_us = now_us;
	r->source.uptime_ms = 3600000 + b->second * 1000;
	r->source.last_event_age_ms = silent_ms;
	r->source.started_id = 7;
	for (unsigned i = 0; i < RT_COUNT_OF(routes); i++) {
		rt_counts_add(&r->counts, &b->counts[i]);
		fill_series(b, i, slot);
	}
	for (unsigned l = 0; l < RT_LATENCY_COUNT; l++)
		fill_latency(&r->latency[l], r->counts.n[RT_C_OPS_ENDED]);
	r->trend.step_s = 5;
	r->trend.cols = RT_TREND_COLS_MAX;
	for (unsigned v = 0; v < RT_TREND_COUNT; v++)
		for (unsigned i = 0; i < RT_TREND_COLS_MAX; i++)
			r->trend.v[v][i] = (i + slot) * 13 % (31 - v);
}

static void
read_terminal(struct bench *b)
{
	static char bytes[1 << 20];
	ssize_t n;

	while ((n = read(b->master, bytes, sizeof bytes)) > 0)
		b->clears += memmem(bytes, (size_t)n, "\033[2J", 4) != NULL ||
		    memmem(bytes, (size_t)n, "\033[J", 3) != NULL;
}

static void
show(struct bench *b)
{
	struct rt_layout l;

	rt_layout_make(&l, b->model, b->grid.rows, b->grid.cols);
	rt_layout_settle(&l, b->model);
	rt_view_screen(b->model, &l, &b->grid);
	(void)rt_term_show(b->term, &b->grid);
	do
		read_terminal(b);
	while (rt_term_wait(b->term, NULL, 0, 0) != RT_KEY_NONE);
	read_terminal(b);
}

static void
pass_second(struct bench *b, bool is_busy)
{
	int64_t us = b->second * INT64_C(1000000);

	for (unsigned k = 0; is_busy && k < b->per_s; k++)
		happen(b, NOW_US + us + (int64_t)k * 1000000 / b->per_s);
	b->silent_ms = is_busy ? 400 : b->silent_ms + 1000;
	if (is_busy)
		b->slot = b->second / 5;
	rt_model_tick(
	    b->model, (rt_mono_t){us + 1000000}, (rt_wall_t){NOW_US + us});
	fill_report(b, NOW_US + us, b->slot, b->silent_ms);
	rt_model_answer(b->model, &b->report);
	b->second++;
}

/* So many seconds with a frame every `pace_s`; what was written in them. */
static struct rt_term_stats
run(struct bench *b, bool is_busy, unsigned seconds, unsigned pace_s)
{
	struct rt_term_stats before, after;

	rt_term_stats(b->term, &before);
	for (unsigned i = 1; i <= seconds; i++) {
		pass_second(b, is_busy);
		if (i % pace_s == 0)
			show(b);
	}
	rt_term_stats(b->term, &after);
	after.frames -= before.frames;
	after.skipped -= before.skipped;
	after.bytes -= before.bytes;
	after.writes -= before.writes;
	return after;
}

/* Five minutes of traffic have been, and the first frame is shown. */
static bool
open_bench(struct bench *b, unsigned short rows, unsigned short cols)
{
	struct winsize size = {.ws_row = rows, .ws_col = cols};
	struct rt_term_opts o = {.ascii = false};
	int slave;

	*b = (struct bench){.before = dup(STDOUT_FILENO)};
	setenv("TERM", "xterm-256color", 1);
	setenv("LC_ALL", "C.UTF-8", 1);
	unsetenv("NO_COLOR");
	if (openpty(&b->master, &slave, NULL, NULL, &size) != 0)
		return false;
	fcntl(b->master, F_SETFL, O_NONBLOCK);
	dup2(slave, STDOUT_FILENO);
	close(slave);
	if (rt_term_open(&o, &b->term, NULL) != RT_OK)
		return false;
	b->per_s = EVENTS_PER_S;
	b->model = rt_model_new("bench", "tcp://127.0.0.1:7782", 300);
	rt_report_init(&b->report);
	rt_grid_init(&b->grid);
	rt_grid_resize(&b->grid, rows, cols, false);
	for (unsigned i = 0; i < 300 * EVENTS_PER_S; i++)
		count(&b->counts[pick(17, route_share)], pick(100, way_share));
	fill_report(b, NOW_US, 0, 400);
	rt_model_tick(b->model, (rt_mono_t){1}, (rt_wall_t){NOW_US});
	rt_model_answer(b->model, &b->report);
	show(b);
	b->clears = 0;
	return true;
}

static void
close_bench(struct bench *b)
{
	rt_term_close(b->term);
	rt_model_free(b->model);
	rt_report_fini(&b->report);
	rt_grid_fini(&b->grid);
	close(b->master);
	dup2(b->before, STDOUT_FILENO);
	close(b->before);
}

#endif
