/* SPDX-License-Identifier: MIT */
/* Events as they come, newest last. */
#include <stdio.h>
#include <string.h>

#include "tui/view.h"

/* Columns at 80; wide screens add route, elapsed and outcome. */
#define OP_COLS 8u

static const char *
clock_of(const struct rt_model *m, const struct rt_trail_row *t, char out[40])
{
	char text[RT_FMT_SIZE];

	if (t->ts_us == 0)
		return "-";
	/* "12:04:31Z" becomes "12:04:31.5" */
	rt_fmt_clock(text, t->ts_us, m->utc);
	snprintf(out, 40, "%.8s.%d", text, (int)(t->ts_us / 100000 % 10));
	return out;
}

static enum rt_role
class_role(const struct rt_trail_row *t)
{
	if (t->is_summary || t->is_synthetic)
		return RT_ROLE_DIM;
	if (t->error_class == RT_CLASS_NONE)
		return RT_ROLE_TEXT;
	return rt_class_is_retryable(t->error_class) ? RT_ROLE_WARN
						     : RT_ROLE_BAD;
}

static const char *
class_text(const struct rt_trail_row *t)
{
	if (t->is_summary)
		return "(summary)";
	return t->error_class == RT_CLASS_NONE ? "-"
					       : rt_class_name(t->error_class);
}

static const char *
decision_text(const struct rt_trail_row *t)
{
	if (t->is_summary || t->decision == RT_DECISION_COUNT)
		return "-";
	if (t->decision == RT_DECISION_NONE)
		return "final";
	return rt_decision_name(t->decision);
}

static void
describe_end(char *out, size_t size, const struct rt_trail_row *t)
{
	const char *canary = t->is_synthetic ? "canary " : "";
	const char *end =
	    t->outcome < RT_OUTCOME_COUNT ? rt_outcome_name(t->outcome) : "";

	snprintf(out, size, "%s%s", canary, end);
}

static void
describe_wait(char *out, size_t size, const struct rt_trail_row *t)
{
	char ms[RT_FMT_SIZE];

	out[0] = '\0';
	if (t->backoff_ms >= 0)
		snprintf(out, size, "bo %s",
		    rt_view_trim(rt_fmt_ms(ms, t->backoff_ms)));
}

static unsigned
put_number(struct rt_area a, unsigned row, unsigned col, unsigned width,
    const char *prefix, int64_t v, enum rt_role role)
{
	char text[32] = "-";

	if (v > 0)
		snprintf(text, sizeof(text), "%s%lld", prefix, (long long)v);
	return rt_area_field(a, row, col, width, false, role, text);
}

/* service and route in the columns there are; one of them where there are few. */
static void
describe_route(
    char *out, size_t size, const struct rt_trail_row *t, unsigned cols)
{
	struct rt_report_series s = {.labels = {NULL}};

	s.labels[RT_LABEL_SERVICE] = t->service[0] ? t->service : NULL;
	s.labels[RT_LABEL_HTTP_ROUTE] = t->route[0] ? t->route : NULL;
	s.labels[RT_LABEL_MODEL_REQUESTED] = t->model[0] ? t->model : NULL;
	rt_facts_route(out, size, &s, cols);
}

static void
draw_wide(struct rt_area a, unsigned row, unsigned col,
    const struct rt_trail_row *t, enum rt_role role)
{
	unsigned rest = a.cols > col + 74 ? a.cols - col - 74 : 0;
	unsigned route = rest > 44 ? 44 : rest;
	char text[256], ms[RT_FMT_SIZE];

	describe_route(text, sizeof(text), t, route);
	col = rt_area_field(a, row, col, route, false, role, text);
	col = put_number(a, row, col + 1, 4, "", t->status, role);
	col =
	    rt_area_field(a, row, col, 19, false, class_role(t), class_text(t));
	col = rt_area_field(
	    a, row, col, 7, true, role, rt_fmt_ms(ms, t->elapsed_ms));
	col = rt_area_field(a, row, col + 2, 19, false, role, decision_text(t));
	describe_wait(text, sizeof(text), t);
	col = rt_area_field(a, row, col, 10, false, role, text);
	describe_end(text, sizeof(text), t);
	if (text[0] && rt_text_cols(text) + col < a.cols)
		col = rt_area_put(a, row, col, role, text) + 1;
	else if (text[0] && col < a.cols)
		col =
		    rt_area_field(a, row, col, a.cols - col, false, role, text);
	if (t->reason[0] && col + 4 < a.cols)
		rt_area_field(
		    a, row, col, a.cols - col, false, RT_ROLE_DIM, t->reason);
}

/* What tells attempts of one operation apart: the model, else route, else service. */
static const char *
best_name(const struct rt_trail_row *t)
{
	return t->model[0]  ? t->model
	    : t->route[0]   ? t->route
	    : t->service[0] ? t->service
			    : "-";
}

static void
draw_narrow(struct rt_area a, unsigned row, unsigned col,
    const struct rt_trail_row *t, enum rt_role role)
{
	char text[256];

	if (a.cols >= 72) {
		rt_facts_shorten(text, sizeof(text), best_name(t), 12);
		col = rt_area_field(a, row, col, 12, false, role, text) + 1;
	}
	col = put_number(a, row, col, 4, "", t->status, role);
	col = rt_area_field(
		  a, row, col, 13, false, class_role(t), class_text(t)) +
	    1;
	col = rt_area_field(a, row, col, 12, false, role, decision_text(t)) + 1;
	describe_wait(text, sizeof(text), t);
	if (text[0])
		col = rt_area_put(a, row, col, role, text) + 1;
	describe_end(text, sizeof(text), t);
	rt_area_put(a, row, col, role, text);
}

/* The first few characters: enough to find it again. */
static const char *
short_id(const char *z, char out[OP_COLS * 4 + 1])
{
	size_t n = 0;

	for (unsigned i = 0; z[n] && i < OP_COLS; i++)
		do
			n++;
		while (((unsigned char)z[n] & 0xc0) == 0x80);
	memcpy(out, z, n);
	out[n] = '\0';
	return n ? out : "-";
}

static void
draw_row(const struct rt_model *m, struct rt_area a, unsigned row,
    const struct rt_trail_row *t)
{
	enum rt_role role =
	    t->is_summary || t->is_synthetic ? RT_ROLE_DIM : RT_ROLE_TEXT;
	char clock[40], id[OP_COLS * 4 + 1];
	unsigned col = 1;

	col =
	    rt_area_field(a, row, col, 10, false, role, clock_of(m, t, clock));
	col = rt_area_field(a, row, col + 1, OP_COLS, false, role,
	    short_id(t->operation_id, id));
	col = put_number(a, row, col + 1, 3, "a", t->attempt, role) + 1;
	if (a.cols >= 108)
		draw_wide(a, row, col, t, role);
	else
		draw_narrow(a, row, col, t, role);
}

/* Numbers of the events to show, oldest first, up to the bottom line. */
static unsigned
gather(const struct rt_model *m, uint64_t *out, unsigned most)
{
	const struct rt_trail *t = rt_model_trail(m);
	unsigned n = 0;

	for (uint64_t number = m->tail_bottom; number > 0 && n < most;
	     number--) {
		const struct rt_trail_row *e = rt_trail_get(t, number);

		if (!e)
			break;
		if (rt_filter_event(&m->filter, e))
			out[most - ++n] = number;
	}
	return n;
}

static void
draw(const struct rt_model *m, struct rt_area a)
{
	const struct rt_trail *t = rt_model_trail(m);
	uint64_t numbers[RT_TRAIL_ROWS];
	unsigned most = a.rows < RT_TRAIL_ROWS ? a.rows : RT_TRAIL_ROWS;
	unsigned shown = gather(m, numbers, most);

	if (shown == 0) {
		rt_view_empty(m, a, 0,
		    t->newest == 0 ? "no event since this screen opened"
				   : "no event passes the filter");
		return;
	}
	for (unsigned row = 0; row < shown; row++) {
		uint64_t number = numbers[most - shown + row];

		draw_row(m, a, row, rt_trail_get(t, number));
		if (m->focus == RT_PANEL_TAIL && !m->follow &&
		    number == m->tail_at) {
			rt_area_put(a, row, 0, RT_ROLE_CURSOR, ">");
			rt_area_select(a, row);
		}
	}
}

static void
status(const struct rt_model *m, char *out, size_t size)
{
	const struct rt_report *r = rt_model_report(m);
	uint64_t held = rt_model_held(m);
	char per_s[RT_FMT_SIZE];
	double rate = (double)r->counts.n[RT_C_ACCEPTED] / rt_model_span_s(m);

	if (rt_report_is_past(r))
		snprintf(out, size, "%s  %llu since  %s/s",
		    m->is_frozen ? "FROZEN" : "PAST", (unsigned long long)held,
		    rt_view_trim(rt_fmt_per_s(per_s, rate)));
	else if (held > 0 || !m->follow || m->is_frozen)
		snprintf(out, size, "%s  %llu held  %s/s",
		    m->is_frozen ? "FROZEN" : "HELD, F follows",
		    (unsigned long long)held,
		    rt_view_trim(rt_fmt_per_s(per_s, rate)));
	else
		snprintf(out, size, "FOLLOW  %s/s",
		    rt_view_trim(rt_fmt_per_s(per_s, rate)));
}

static const enum rt_rate_id rates[] = {RT_RATE_COUNT};

const struct rt_view rt_view_tail = {draw, status, rates};
