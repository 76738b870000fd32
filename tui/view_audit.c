/* SPDX-License-Identifier: MIT */
/* Broken rules of the retry policy, with the newest example of each. */
#include <stdio.h>

#include "tui/view.h"

static void
draw_row(struct rt_area a, unsigned row, const struct rt_report_violation *v)
{
	unsigned name = a.cols > 36 ? 28 : a.cols > 8 ? a.cols - 8 : 0;
	char text[256], count[RT_FMT_SIZE];

	rt_facts_shorten(text, sizeof(text), v->rule ? v->rule : "?", name);
	rt_area_field(a, row, 1, name, false, RT_ROLE_TEXT, text);
	rt_area_field(a, row, 1 + name, 7, true, RT_ROLE_WARN,
	    rt_view_trim(rt_fmt_count(count, v->count)));
	if (v->examples_count > 0 && a.cols > name + 18)
		rt_area_printf(a, row, 10 + name, RT_ROLE_DIM, "%.12s %s",
		    v->examples[0].operation_id ? v->examples[0].operation_id
						: "?",
		    v->examples[0].evidence ? v->examples[0].evidence : "");
}

static void
draw(const struct rt_model *m, struct rt_area a)
{
	const struct rt_report *r = rt_model_report(m);
	const struct rt_model_rows *rows = &m->rows[RT_PANEL_AUDIT];

	if (rows->count == 0) {
		rt_view_empty(m, a, 0, "no rule broken that was looked at");
		return;
	}
	rt_area_put(a, 0, 1, RT_ROLE_COLUMN, "rule");
	for (size_t i = rows->top; i < rows->count; i++) {
		unsigned row = (unsigned)(i - rows->top) + 1;

		if (row >= a.rows)
			break;
		draw_row(a, row, &r->violations[rows->order[i]]);
		if (rt_view_is_selected(m, RT_PANEL_AUDIT, i)) {
			rt_area_put(a, row, 0, RT_ROLE_CURSOR, ">");
			rt_area_select(a, row);
		}
	}
}

static const enum rt_rate_id rates[] = {RT_RATE_COUNT};

const struct rt_view rt_view_audit = {draw, NULL, rates};
