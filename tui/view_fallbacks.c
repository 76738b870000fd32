/* SPDX-License-Identifier: MIT */
/* Fallback decisions: from, to, by reason, and how they ended. */
#include <stdio.h>

#include "tui/chart.h"
#include "tui/view.h"

struct plan {
	unsigned from, reason, bar; /* columns; 0: left out */
};

#define FIGURES 19u /* n 6, share 7, ok 6 */

static struct plan
make_plan(unsigned cols)
{
	struct plan p = {0, 0, 0};
	unsigned rest = cols > FIGURES + 1 ? cols - FIGURES - 1 : 0;

	if (rest >= 46)
		p.bar = rest >= 60 ? 12 : 8;
	rest -= p.bar ? p.bar + 1 : 0;
	p.reason = rest >= 30 ? rest / 3 : 0;
	rest -= p.reason;
	p.from = rest > 4 ? (rest - 3) / 2 : 0;
	return p;
}

static uint64_t
sum_of(const struct rt_report *r)
{
	uint64_t sum = 0;

	for (size_t i = 0; i < r->fallbacks_count; i++)
		sum += r->fallbacks[i].count;
	return sum;
}

static void
draw_name(
    struct rt_area a, unsigned row, unsigned col, unsigned cols, const char *z)
{
	char text[256];

	if (cols == 0)
		return;
	rt_facts_shorten(text, sizeof(text), z ? z : "?", cols);
	rt_area_field(a, row, col, cols, false, RT_ROLE_TEXT, text);
}

static void
draw_row(const struct plan *p, struct rt_area a, unsigned row,
    const struct rt_report_fallback *f, uint64_t sum)
{
	struct rt_rate share = {(double)f->count, (double)sum};
	struct rt_rate ok = {(double)f->succeeded, (double)f->count};
	unsigned col = 1 + 2 * p->from + 3;
	char text[RT_FMT_SIZE];

	draw_name(a, row, 1, p->from, f->from);
	rt_area_put(a, row, 1 + p->from, RT_ROLE_ACCENT, " > ");
	draw_name(a, row, 4 + p->from, p->from, f->to);
	if (p->reason) {
		draw_name(a, row, col + 1, p->reason - 1, f->reason);
		col += p->reason;
	}
	rt_area_field(
	    a, row, col, 6, true, RT_ROLE_TEXT, rt_fmt_count(text, f->count));
	rt_area_field(a, row, col + 6, 7, true,
	    rt_view_role(share, RT_ROLE_TEXT), rt_fmt_pct(text, share));
	rt_area_field(a, row, col + 13, 6, true, rt_view_role(ok, RT_ROLE_TEXT),
	    rt_view_bare_pct(text, ok));
	if (p->bar)
		rt_chart_bar(a, row, col + 20, p->bar, RT_ROLE_ACCENT,
		    share.denominator > 0 ? share.numerator / share.denominator
					  : 0);
}

static void
draw_heads(const struct plan *p, struct rt_area a)
{
	unsigned col = 1 + 2 * p->from + 3;

	rt_area_put(a, 0, 1, RT_ROLE_COLUMN, p->from >= 4 ? "from" : "");
	rt_area_put(a, 0, 1 + p->from, RT_ROLE_COLUMN, " > to");
	if (p->reason)
		rt_area_put(a, 0, col + 1, RT_ROLE_COLUMN, "reason");
	col += p->reason;
	rt_area_field(a, 0, col, 6, true, RT_ROLE_COLUMN, "n");
	rt_area_field(a, 0, col + 6, 7, true, RT_ROLE_COLUMN, "share");
	rt_area_field(a, 0, col + 13, 6, true, RT_ROLE_COLUMN, "ok%");
}

static void
draw(const struct rt_model *m, struct rt_area a)
{
	const struct rt_report *r = rt_model_report(m);
	const struct rt_model_rows *rows = &m->rows[RT_PANEL_FALLBACKS];
	struct plan p = make_plan(a.cols);
	uint64_t sum = sum_of(r);

	if (rows->count == 0) {
		rt_view_empty(m, a, 0,
		    m->filter.count && r->fallbacks_count
			? "no fallback passes the filter"
			: "no fallback in this window");
		return;
	}
	draw_heads(&p, a);
	for (size_t i = rows->top; i < rows->count; i++) {
		unsigned row = (unsigned)(i - rows->top) + 1;

		if (row >= a.rows)
			break;
		draw_row(&p, a, row, &r->fallbacks[rows->order[i]], sum);
		if (rt_view_is_selected(m, RT_PANEL_FALLBACKS, i)) {
			rt_area_put(a, row, 0, RT_ROLE_CURSOR, ">");
			rt_area_select(a, row);
		}
	}
}

static void
status(const struct rt_model *m, char *out, size_t size)
{
	const struct rt_report *r = rt_model_report(m);

	snprintf(out, size, "n=%llu  %zu/%zu rows",
	    (unsigned long long)sum_of(r), m->rows[RT_PANEL_FALLBACKS].count,
	    r->fallbacks_count);
}

static const enum rt_rate_id rates[] = {
    RT_RATE_FALLBACK, RT_RATE_RESCUED, RT_RATE_COUNT};

const struct rt_view rt_view_fallbacks = {draw, status, rates};
