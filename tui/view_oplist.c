/* SPDX-License-Identifier: MIT */
/* The newest operations of a row: one line each, newest first. */
#include <stdio.h>

#include "tui/held.h"
#include "tui/view.h"

static void
draw_title(const struct rt_model *m, struct rt_area a)
{
	const struct rt_oplist *l = &m->drill->list;
	char title[512], text[512], status[160], held[64];
	unsigned width;

	rt_list_title(title, sizeof(title), &l->of);
	rt_held_text(held, l);
	snprintf(status, sizeof(status), " %s%snewest first  %zu/%zu ", held,
	    held[0] ? "  " : "", l->count ? l->at + 1 : 0, l->count);
	/* What it is and how much is here matter more than how it is sorted. */
	if (held[0] && rt_text_cols(status) + rt_text_cols(title) + 8 > a.cols)
		snprintf(status, sizeof(status), " %s  %zu/%zu ", held,
		    l->count ? l->at + 1 : 0, l->count);
	rt_area_fill(a, 0, 0, a.cols, RT_ROLE_TITLE, m->ascii ? '-' : 0x2500);
	width = rt_text_cols(status) + 4;
	rt_facts_shorten(text, sizeof(text), title,
	    a.cols > width + 4 ? a.cols - width - 4 : a.cols);
	rt_area_printf(a, 0, 0, RT_ROLE_STRONG, "> %s ", text);
	if (a.cols > width + 4)
		rt_area_put(a, 0, a.cols - width + 2, RT_ROLE_TITLE, status);
}

static const char *
end_of(const struct rt_list_row *row)
{
	const struct rt_trail_row *e = &row->newest;

	if (!row->is_seen)
		return "?";
	if (e->outcome < RT_OUTCOME_COUNT)
		return rt_outcome_name(e->outcome);
	if (e->decision == RT_DECISION_COUNT)
		return "-";
	return e->decision == RT_DECISION_NONE
	    ? e->error_class == RT_CLASS_NONE ? "final ok" : "final"
	    : rt_decision_name(e->decision);
}

static const char *
mark_of(const struct rt_list_row *row)
{
	return row->broke_rule ? "!" : row->has_failed ? "~" : " ";
}

static enum rt_role
role_of(const struct rt_list_row *row)
{
	return row->broke_rule ? RT_ROLE_BAD
	    : row->has_failed  ? RT_ROLE_WARN
			       : RT_ROLE_TEXT;
}

static unsigned
put_seen(
    struct rt_area a, unsigned row, unsigned col, const struct rt_list_row *r)
{
	const struct rt_trail_row *e = &r->newest;
	char text[RT_FMT_SIZE] = "-";

	if (r->evidence[0])
		return rt_area_field(a, row, col + 1,
		    a.cols > col + 2 ? a.cols - col - 2 : 0, false,
		    RT_ROLE_TEXT, r->evidence);
	if (e->status > 0)
		snprintf(text, sizeof(text), "%d", (int)e->status);
	col = rt_area_field(
	    a, row, col, 4, true, RT_ROLE_TEXT, r->is_seen ? text : "?");
	col = rt_area_field(a, row, col + 1, 13, false, role_of(r),
	    !r->is_seen || e->is_summary ? "-"
		: e->error_class == RT_CLASS_NONE
		? "-"
		: rt_class_name(e->error_class));
	return rt_area_field(a, row, col + 1,
	    a.cols > col + 2 ? a.cols - col - 2 : 0, false, role_of(r),
	    end_of(r));
}

static void
describe(char *out, size_t size, const struct rt_trail_row *e, unsigned cols)
{
	struct rt_report_series s = {.labels = {NULL}};

	s.labels[RT_LABEL_SERVICE] = e->service;
	s.labels[RT_LABEL_HTTP_ROUTE] = e->route;
	s.labels[RT_LABEL_MODEL_REQUESTED] = e->model;
	rt_facts_route(out, size, &s, cols);
}

static void
draw_row(const struct rt_model *m, struct rt_area a, unsigned row,
    const struct rt_list_row *r)
{
	unsigned names = a.cols >= 100 ? 40 : a.cols >= 72 ? 10 : 0, col = 1;
	unsigned id = a.cols >= 100 ? 20 : 14;
	char text[512], clock[RT_FMT_SIZE];

	col = rt_area_put(a, row, col, role_of(r), mark_of(r)) + 1;
	col = rt_area_field(a, row, col, 9, false, RT_ROLE_TEXT,
	    r->newest.ts_us ? rt_fmt_clock(clock, r->newest.ts_us, m->utc)
			    : "-");
	rt_facts_shorten(text, sizeof(text), r->id, id);
	col = rt_area_field(a, row, col + 1, id, false, RT_ROLE_STRONG, text);
	if (a.cols < 100)
		rt_facts_shorten(text, sizeof(text),
		    r->newest.model[0] ? r->newest.model : r->newest.service,
		    names);
	else
		describe(text, sizeof(text), &r->newest, names);
	if (names)
		col = rt_area_field(
		    a, row, col + 1, names, false, RT_ROLE_TEXT, text);
	snprintf(text, sizeof(text), r->is_seen ? "%u" : "?", r->attempts);
	col = rt_area_field(a, row, col + 1, 4, true, RT_ROLE_TEXT, text);
	(void)put_seen(a, row, col + 1, r);
}

static void
draw_heads(const struct rt_oplist *l, struct rt_area a)
{
	unsigned names = a.cols >= 100 ? 40 : a.cols >= 72 ? 10 : 0;
	unsigned id = a.cols >= 100 ? 20 : 14, col = 13;

	rt_area_put(a, 1, 3, RT_ROLE_COLUMN, "newest");
	rt_area_put(a, 1, col, RT_ROLE_COLUMN, "operation");
	col += id + 1;
	if (names) {
		rt_area_put(a, 1, col, RT_ROLE_COLUMN, "where");
		col += names + 1;
	}
	col = rt_area_field(a, 1, col, 4, true, RT_ROLE_COLUMN, "att");
	if (l->of.kind == RT_LIST_RULE) {
		rt_area_put(a, 1, col + 2, RT_ROLE_COLUMN, "evidence");
		return;
	}
	col = rt_area_field(a, 1, col + 1, 4, true, RT_ROLE_COLUMN, "st");
	rt_area_put(a, 1, col + 1, RT_ROLE_COLUMN, "class");
	rt_area_put(a, 1, col + 15, RT_ROLE_COLUMN, "end");
}

void
rt_view_oplist(const struct rt_model *m, struct rt_area a)
{
	const struct rt_oplist *l = &m->drill->list;
	unsigned page = a.rows > 3 ? a.rows - 2 : 1;
	size_t top = l->top;

	draw_title(m, a);
	if (l->count == 0) {
		rt_area_put(a, 1, 1, RT_ROLE_DIM,
		    m->filter.count ? "none passes the filter"
				    : "none among the events seen since this "
				      "screen opened");
		return;
	}
	draw_heads(l, a);
	for (unsigned i = 0; i < page && top + i < l->count; i++) {
		draw_row(m, a, i + 2, &l->rows[top + i]);
		if (top + i == l->at) {
			rt_area_put(a, i + 2, 0, RT_ROLE_CURSOR, ">");
			rt_area_select(a, i + 2);
		}
	}
}
