/* SPDX-License-Identifier: MIT */
/* One row a service, route and model. */
#include <stdio.h>
#include <string.h>

#include "tui/chart.h"
#include "tui/view.h"

static struct rt_columns_plan
make_plan(const struct rt_model *m, struct rt_area a)
{
	struct rt_columns_plan p;

	rt_columns_plan(&m->columns, a.cols,
	    a.cols < a.grid->cols || a.grid->cols >= 110, &p);
	return p;
}

/* What sorts the rows stands out. */
static void
draw_heads(
    const struct rt_model *m, const struct rt_columns_plan *p, struct rt_area a)
{
	unsigned col = 1 + p->route_cols;

	rt_area_put(a, 0, 1,
	    m->sort == RT_SORT_NAME ? RT_ROLE_STRONG : RT_ROLE_COLUMN, "ROUTE");
	for (unsigned i = 0; i < RT_COLUMN_COUNT; i++) {
		enum rt_column c = (enum rt_column)m->columns.order[i];
		const struct rt_column_info *info = rt_column_info(c);

		if (!p->show[c])
			continue;
		rt_area_field(a, 0, col, info->width, c != RT_COLUMN_TREND,
		    info->sort == m->sort ? RT_ROLE_STRONG : RT_ROLE_COLUMN,
		    info->head);
		col += info->width;
	}
}

static const enum rt_rate_id rate_of[RT_COLUMN_COUNT] = {
    [RT_COLUMN_AMP] = RT_RATE_AMPLIFICATION,
    [RT_COLUMN_FIRST] = RT_RATE_FIRST_TRY,
    [RT_COLUMN_FINAL] = RT_RATE_EFFECTIVE_SUCCESS,
    [RT_COLUMN_ERRORS] = RT_RATE_ERROR,
    [RT_COLUMN_RETRY] = RT_RATE_RETRY_RATIO,
    [RT_COLUMN_FALLBACK] = RT_RATE_FALLBACK,
    [RT_COLUMN_RESCUED] = RT_RATE_RESCUED,
};

/* Where all rates of a row are few, one of them says how few. */
static enum rt_column
says_few(const struct rt_columns_plan *p)
{
	static const enum rt_column rates[] = {RT_COLUMN_FALLBACK,
	    RT_COLUMN_RETRY, RT_COLUMN_FIRST, RT_COLUMN_FINAL,
	    RT_COLUMN_ERRORS};
	unsigned i = 0;

	while (i + 1 < RT_COUNT_OF(rates) && !p->show[rates[i]])
		i++;
	return rates[i];
}

static const char *
rate_cell(
    char text[RT_FMT_SIZE], enum rt_column i, bool says_few, struct rt_rate r)
{
	if (i == RT_COLUMN_AMP) {
		char *x;

		rt_fmt_times(text, r);
		x = strchr(text, 'x');
		if (x)
			*x = '\0';
		return text;
	}
	if (says_few && r.denominator > 0 && r.denominator < RT_FMT_FEW) {
		snprintf(text, RT_FMT_SIZE, "n=%.0f", r.denominator);
		return text;
	}
	return rt_view_bare_pct(text, r);
}

static const char *
cell(const struct rt_model *m, const struct rt_report_series *s,
    enum rt_column i, bool says_few, char text[RT_FMT_SIZE], enum rt_role *role)
{
	const struct rt_counts *c = s->counts;
	const struct rt_quantiles *q = &s->latency[RT_LATENCY_OPERATION],
				  *w = &s->latency[RT_LATENCY_BACKOFF];
	double span_s = rt_model_span_s(m);
	struct rt_rate r;

	*role = q->count < RT_FMT_FEW ? RT_ROLE_DIM : RT_ROLE_TEXT;
	switch (i) {
	case RT_COLUMN_P50: return rt_fmt_ms(text, q->count ? q->p50 : -1);
	case RT_COLUMN_P95: return rt_fmt_ms(text, q->count ? q->p95 : -1);
	case RT_COLUMN_P99: return rt_fmt_ms(text, q->count ? q->p99 : -1);
	case RT_COLUMN_WAIT:
		*role = w->count < RT_FMT_FEW ? RT_ROLE_DIM : RT_ROLE_TEXT;
		return rt_fmt_ms(text, w->count ? w->p95 : -1);
	case RT_COLUMN_BUDGET: return rt_facts_budget(c, role);
	case RT_COLUMN_OPS:
		*role = RT_ROLE_TEXT;
		return rt_fmt_per_s(
		    text, (double)c->n[RT_C_OPS_ENDED] / span_s);
	case RT_COLUMN_ATTEMPTS:
		*role = RT_ROLE_TEXT;
		return rt_fmt_per_s(text, (double)c->n[RT_C_ATTEMPTS] / span_s);
	case RT_COLUMN_N:
		*role = RT_ROLE_DIM;
		return rt_fmt_count(text, c->n[RT_C_OPS_ENDED]);
	case RT_COLUMN_AMP:
	case RT_COLUMN_FIRST:
	case RT_COLUMN_FINAL:
	case RT_COLUMN_ERRORS:
	case RT_COLUMN_RETRY:
	case RT_COLUMN_FALLBACK:
	case RT_COLUMN_RESCUED:
	case RT_COLUMN_TREND:
	case RT_COLUMN_COUNT: break;
	}
	r = rt_rate(c, rate_of[i]);
	*role = rt_view_role(r, RT_ROLE_TEXT);
	return rate_cell(text, i, says_few, r);
}

static void
draw_row(const struct rt_model *m, const struct rt_columns_plan *p,
    struct rt_area a, unsigned row, const struct rt_report_series *s)
{
	char route[256], text[RT_FMT_SIZE];
	unsigned col = 1 + p->route_cols;

	rt_facts_route(route, sizeof(route), s, p->route_cols);
	rt_area_field(a, row, 1, p->route_cols, false, RT_ROLE_TEXT, route);
	for (unsigned i = 0; i < RT_COLUMN_COUNT; i++) {
		enum rt_column c = (enum rt_column)m->columns.order[i];
		unsigned width = rt_column_info(c)->width;
		enum rt_role role;
		const char *z;

		if (!p->show[c])
			continue;
		if (c == RT_COLUMN_TREND) {
			unsigned n = rt_view_finished(
			    rt_model_report(m), s->trend, RT_SERIES_TREND_COLS);

			rt_chart_spark(a, row, col + 1, width - 1,
			    RT_ROLE_CHART, s->trend, n,
			    rt_chart_top(s->trend, n));
		} else {
			z = cell(m, s, c, c == says_few(p), text, &role);
			rt_area_field(a, row, col, width, true, role, z);
		}
		col += width;
	}
}

static void
draw(const struct rt_model *m, struct rt_area a)
{
	const struct rt_report *r = rt_model_report(m);
	const struct rt_model_rows *rows = &m->rows[RT_PANEL_ROUTES];
	struct rt_columns_plan p = make_plan(m, a);

	draw_heads(m, &p, a);
	if (rows->count == 0)
		rt_view_empty(m, a, 1,
		    m->filter.count ? "no route passes the filter"
				    : "no route in this window");
	for (size_t i = rows->top; i < rows->count; i++) {
		unsigned row = (unsigned)(i - rows->top) + 1;

		if (row >= a.rows)
			break;
		draw_row(m, &p, a, row, &r->series[rows->order[i]]);
		if (rt_view_is_selected(m, RT_PANEL_ROUTES, i)) {
			rt_area_put(a, row, 0, RT_ROLE_CURSOR, ">");
			rt_area_select(a, row);
		}
	}
}

static void
status(const struct rt_model *m, char *out, size_t size)
{
	const struct rt_report *r = rt_model_report(m);

	snprintf(out, size, "sort: %s %s  %zu/%llu", rt_sort_name(m->sort),
	    m->reverse ? "^" : "v", m->rows[RT_PANEL_ROUTES].count,
	    (unsigned long long)r->series_total);
}

static const enum rt_rate_id rates[] = {RT_RATE_AMPLIFICATION,
    RT_RATE_FIRST_TRY, RT_RATE_EFFECTIVE_SUCCESS, RT_RATE_FALLBACK,
    RT_RATE_RETRY_RATIO, RT_RATE_ERROR, RT_RATE_COUNT};

const struct rt_view rt_view_routes = {draw, status, rates};
