/* SPDX-License-Identifier: MIT */
/*
 * Synthetic probes: result, age, streak, what the last took, budget or pause.  Two lines
 * each where all have room for that; what a line cannot hold is left out from its end, and
 * what is not known is not there.
 */
#include <stdarg.h>
#include <stdio.h>

#include "tui/view.h"

#define FULL_COLS 60u
#define NAME_COLS 18u
#define DETAIL_COL 3u

static const char *
result(const struct rt_report_canary *c, enum rt_role *role)
{
	*role = c->last_ok ? RT_ROLE_GOOD : RT_ROLE_BAD;
	return c->last_ok ? ". pass" : "! FAIL";
}

static void
describe(char *out, size_t size, const struct rt_report_canary *c)
{
	char age[RT_FMT_SIZE];

	if (c->age_ms < 0) { /* the past has counts only */
		snprintf(out, size, "(%llu/%llu)", (unsigned long long)c->ok,
		    (unsigned long long)c->attempts);
		return;
	}
	snprintf(out, size, "%s ago (%llu/%llu) x%llu",
	    rt_fmt_age(age, c->age_ms), (unsigned long long)c->ok,
	    (unsigned long long)c->attempts, (unsigned long long)c->streak);
}

/* ---- a line that ends where its next part has no room --------------------------------- */

struct line {
	struct rt_area a;
	unsigned row, col;
	bool is_full;
};

__attribute__((format(printf, 3, 4))) static void
add(struct line *l, enum rt_role role, const char *form, ...)
{
	char text[96];
	va_list args;

	va_start(args, form);
	vsnprintf(text, sizeof(text), form, args);
	va_end(args);
	l->is_full |= l->col + 1 + rt_text_cols(text) > l->a.cols;
	if (!l->is_full)
		l->col = rt_area_put(l->a, l->row, l->col + 1, role, text);
}

static void
add_ms(struct line *l, enum rt_role role, const char *label, double ms)
{
	char text[RT_FMT_SIZE];

	if (ms >= 0)
		add(l, role, "%s%s", label, rt_view_trim(rt_fmt_ms(text, ms)));
}

static void
add_pause(struct line *l, const struct rt_report_canary *c)
{
	char text[RT_FMT_SIZE];

	if (c->pause && c->pause_left_ms >= 0)
		add(l, RT_ROLE_WARN, "paused %s: %s",
		    rt_fmt_age(text, c->pause_left_ms), c->pause);
	else if (c->pause)
		add(l, RT_ROLE_WARN, "stopped: %s", c->pause);
}

static void
add_budget(struct line *l, const struct rt_report_canary *c)
{
	char text[RT_FMT_SIZE];

	if (c->requests_left >= 0)
		add(l, RT_ROLE_DIM, "left %s req",
		    rt_view_trim(
			rt_fmt_count(text, (uint64_t)c->requests_left)));
	if (c->tokens_left >= 0)
		add(l, RT_ROLE_DIM, "%s tok",
		    rt_view_trim(rt_fmt_count(text, (uint64_t)c->tokens_left)));
}

/* Each since the probe began; a kept connection has only the last. */
static void
add_phases(struct line *l, const struct rt_report_canary *c)
{
	add_ms(l, RT_ROLE_DIM, "dns ", c->dns_ms);
	add_ms(l, RT_ROLE_DIM, "connect ", c->connect_ms);
	add_ms(l, RT_ROLE_DIM, "tls ", c->tls_ms);
	add_ms(l, RT_ROLE_DIM, "first byte ", c->first_byte_ms);
}

/* ---- a canary ------------------------------------------------------------------------ */

static unsigned
draw_result(struct rt_area a, unsigned row, const struct rt_report_canary *c)
{
	unsigned name = a.cols >= FULL_COLS ? NAME_COLS : a.cols / 3, col;
	char text[128];
	enum rt_role role;
	const char *word = result(c, &role);

	rt_facts_shorten(text, sizeof(text), rt_facts_canary(c), name);
	rt_area_field(a, row, 1, name, false, RT_ROLE_TEXT, text);
	col = rt_area_put(a, row, 2 + name, role, word);
	describe(text, sizeof(text), c);
	return rt_area_put(a, row, col + 1, RT_ROLE_TEXT, text);
}

static void
draw_row(struct rt_area a, unsigned row, const struct rt_report_canary *c,
    bool is_double)
{
	struct line l = {a, row, draw_result(a, row, c), false};
	char status[24] = "-";

	if (a.cols < FULL_COLS)
		return;
	if (l.col < NAME_COLS + 30)
		l.col = NAME_COLS + 30;
	if (c->status > 0)
		snprintf(status, sizeof(status), "%lld", (long long)c->status);
	if (!is_double)
		add_pause(&l, c);
	add(&l, c->last_ok ? RT_ROLE_TEXT : RT_ROLE_BAD, "%s %s", status,
	    c->error_class ? c->error_class : "-");
	add_ms(&l, RT_ROLE_TEXT, "", c->elapsed_ms);
	add_ms(&l, RT_ROLE_DIM, "ttft ", c->ttft_ms);
	if (is_double) {
		l = (struct line){a, row + 1, DETAIL_COL - 1, false};
		add_phases(&l, c);
		add_pause(&l, c);
	}
	add_budget(&l, c);
	if (!is_double)
		add_phases(&l, c);
}

unsigned
rt_view_canary_lines(const struct rt_model *m, unsigned rows, unsigned cols)
{
	size_t count = m->rows[RT_PANEL_CANARY].count;

	return cols >= FULL_COLS && count * 2 <= rows ? 2 : 1;
}

static void
draw(const struct rt_model *m, struct rt_area a)
{
	const struct rt_report *r = rt_model_report(m);
	const struct rt_model_rows *rows = &m->rows[RT_PANEL_CANARY];
	unsigned each = rt_view_canary_lines(m, a.rows, a.cols);

	if (rows->count == 0 && rt_report_is_past(r))
		rt_area_put(a, 0, 1, RT_ROLE_DIM, "no probe in this window");
	else if (rows->count == 0)
		rt_area_put(a, 0, 1, RT_ROLE_DIM,
		    "no canary has reported: retrytop canary --url URL --model "
		    "M");
	for (size_t i = rows->top; i < rows->count; i++) {
		unsigned row = (unsigned)(i - rows->top) * each;

		if (row >= a.rows)
			break;
		draw_row(a, row, &r->canaries[rows->order[i]], each == 2);
		if (rt_view_is_selected(m, RT_PANEL_CANARY, i)) {
			rt_area_put(a, row, 0, RT_ROLE_CURSOR, ">");
			rt_area_select(a, row);
		}
	}
}

/* ---- one line for all ---------------------------------------------------------------- */

/* Failing ones first; what does not fit is counted. */
void
rt_view_canary_line(const struct rt_model *m, struct rt_area a)
{
	const struct rt_report *r = rt_model_report(m);
	unsigned col = rt_area_put(a, 0, 0, RT_ROLE_COLUMN, " canary");
	size_t left = r->canaries_count;

	for (int want_ok = 0; want_ok < 2; want_ok++)
		for (size_t i = 0; i < r->canaries_count; i++) {
			const struct rt_report_canary *c = &r->canaries[i];
			char name[128], text[64];
			enum rt_role role;
			const char *word = result(c, &role);
			unsigned width;

			if (c->last_ok != (want_ok == 1))
				continue;
			rt_facts_shorten(
			    name, sizeof(name), rt_facts_canary(c), 20);
			describe(text, sizeof(text), c);
			width = rt_text_cols(name) + rt_text_cols(text) + 10;
			if (left < r->canaries_count && col + width > a.cols)
				continue;
			col = rt_area_put(a, 0, col + 2, RT_ROLE_TEXT, name);
			col = rt_area_put(a, 0, col + 1, role, word);
			col = rt_area_put(a, 0, col + 1, RT_ROLE_DIM, text);
			if (c->pause)
				col = rt_area_put(
				    a, 0, col + 1, RT_ROLE_WARN, "paused");
			left--;
		}
	if (left)
		rt_area_printf(
		    a, 0, col + 1, RT_ROLE_DIM, "+%zu more (8)", left);
}

static const enum rt_rate_id rates[] = {RT_RATE_COUNT};

const struct rt_view rt_view_canary = {draw, NULL, rates};
