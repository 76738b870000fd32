/* SPDX-License-Identifier: MIT */
/* What fires, since when and why; what cleared lately; what was acknowledged here. */
#include <stdio.h>

#include "tui/view.h"

#define KIND_COLS 13u
#define WIDE_COLS 100u
#define MIDDLE_COLS 72u

static const char *
state_of(const struct rt_model *m, const struct rt_report_alert *a,
    enum rt_role *role)
{
	bool is_acked = rt_acks_has(&m->acks, a);

	*role = !a->is_firing ? RT_ROLE_DIM
	    : is_acked        ? RT_ROLE_ACCENT
			      : RT_ROLE_BAD;
	return !a->is_firing ? "- cleared" : is_acked ? "- acked" : "! FIRING";
}

/* How long it fires, or how long ago it cleared. */
static int64_t
span_ms(const struct rt_report *r, const struct rt_report_alert *a)
{
	int64_t us = a->is_firing ? a->since_us : a->cleared_us;

	return r->source.now_us > us ? (r->source.now_us - us) / 1000 : 0;
}

static unsigned
level_cols(struct rt_area a)
{
	return a.cols >= WIDE_COLS ? 19 : 15;
}

static unsigned
draw_times(const struct rt_model *m, struct rt_area a, unsigned row,
    unsigned col, const struct rt_report_alert *alert)
{
	char text[RT_FMT_SIZE];

	if (a.cols >= MIDDLE_COLS)
		col = rt_area_field(a, row, col, 10, false, RT_ROLE_TEXT,
		    rt_fmt_clock(text, alert->since_us, m->utc));
	if (a.cols >= WIDE_COLS || a.cols < MIDDLE_COLS)
		col =
		    rt_area_field(a, row, col, 6, true, RT_ROLE_TEXT,
			rt_fmt_age(text, span_ms(rt_model_report(m), alert))) +
		    1;
	return col;
}

static void
draw_row(const struct rt_model *m, struct rt_area a, unsigned row,
    const struct rt_report_alert *alert)
{
	char text[256];
	enum rt_role role;
	const char *word = state_of(m, alert, &role);
	unsigned col = 1;

	if (a.cols >= MIDDLE_COLS) {
		snprintf(text, sizeof(text), "%llu",
		    (unsigned long long)alert->number);
		col = rt_area_field(a, row, col, 3, true, RT_ROLE_DIM, text);
		col++;
	}
	col = rt_area_field(a, row, col, 10, false, role, word);
	col = draw_times(m, a, row, col, alert);
	col = rt_area_field(a, row, col, KIND_COLS, false,
		  alert->is_firing ? RT_ROLE_STRONG : RT_ROLE_TEXT,
		  alert->alert ? alert->alert : "?") +
	    1;
	rt_report_alert_level(text, alert);
	col = rt_area_field(
	    a, row, col, level_cols(a), false, RT_ROLE_TEXT, text);
	if (a.cols >= WIDE_COLS) {
		snprintf(text, sizeof(text), alert->n ? "n=%llu" : "-",
		    (unsigned long long)alert->n);
		col = rt_area_field(a, row, col, 9, true, RT_ROLE_DIM, text);
	}
	if (col + 2 >= a.cols)
		return;
	rt_facts_alert(text, sizeof(text), alert, a.cols - col - 1);
	rt_area_put(a, row, col + 1, RT_ROLE_TEXT, text);
}

static void
draw_heads(struct rt_area a)
{
	unsigned col = 1;

	if (a.cols >= MIDDLE_COLS)
		col = rt_area_put(a, 0, col, RT_ROLE_COLUMN, " no ");
	col = rt_area_field(a, 0, col, 10, false, RT_ROLE_COLUMN, "state");
	if (a.cols >= MIDDLE_COLS)
		col = rt_area_field(
		    a, 0, col, 10, false, RT_ROLE_COLUMN, "since");
	if (a.cols >= WIDE_COLS || a.cols < MIDDLE_COLS)
		col = rt_area_field(a, 0, col, 6, true, RT_ROLE_COLUMN, "for") +
		    1;
	col = rt_area_field(
	    a, 0, col, KIND_COLS + 1, false, RT_ROLE_COLUMN, "alert");
	col = rt_area_field(
	    a, 0, col, level_cols(a), false, RT_ROLE_COLUMN, "value > limit");
	if (a.cols >= WIDE_COLS)
		col = rt_area_field(a, 0, col, 9, true, RT_ROLE_COLUMN, "n");
	rt_area_put(a, 0, col + 1, RT_ROLE_COLUMN, "about");
}

static const char *
why_empty(const struct rt_model *m)
{
	const struct rt_report *r = rt_model_report(m);

	if (!rt_model_has_report(m))
		return "no answer yet";
	if (rt_report_is_past(r))
		return "what fired then is not kept: alerts are of now (G)";
	return r->source.is_live
	    ? "none fires, and none cleared in the last 15 minutes"
	    : "a recording has no alerts: a running collector does";
}

static void
draw(const struct rt_model *m, struct rt_area a)
{
	const struct rt_report *r = rt_model_report(m);
	const struct rt_model_rows *rows = &m->rows[RT_PANEL_ALERTS];

	if (rows->count == 0) {
		rt_area_put(a, 0, 1, RT_ROLE_DIM, why_empty(m));
		return;
	}
	draw_heads(a);
	for (size_t i = rows->top; i < rows->count; i++) {
		unsigned row = (unsigned)(i - rows->top) + 1;

		if (row >= a.rows)
			break;
		draw_row(m, a, row, &r->alerts[rows->order[i]]);
		if (rt_view_is_selected(m, RT_PANEL_ALERTS, i)) {
			rt_area_put(a, row, 0, RT_ROLE_CURSOR, ">");
			rt_area_select(a, row);
		}
	}
}

static void
status(const struct rt_model *m, char *out, size_t size)
{
	const struct rt_report *r = rt_model_report(m);

	snprintf(out, size, "%zu firing  %zu unacked  bell %s",
	    rt_report_firing(r), rt_acks_open(&m->acks, r),
	    m->bell ? "on" : "off");
}

static const enum rt_rate_id rates[] = {RT_RATE_COUNT};

const struct rt_view rt_view_alerts = {draw, status, rates};
