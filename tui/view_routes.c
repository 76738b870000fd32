/* SPDX-License-Identifier: MIT */
/* One row a service, route and model. */
#include <stdio.h>
#include <string.h>

#include "tui/chart.h"
#include "tui/view.h"

#define MIN_ROUTE_COLS 24u
#define MAX_ROUTE_COLS 44u

enum column {
	OPS,
	ATTEMPTS,
	AMP,
	FIRST,
	FINAL,
	ERRORS,
	RETRY,
	FALLBACK,
	P50,
	P95,
	P99,
	BUDGET,
	COUNT,
	TREND,
	COLUMNS
};

/*
 * In the order they are drawn.  rank: 0 is always there, except on the narrowest;
 * others come in rising order as long as the route stays readable.
 */
/* clang-format off */
static const struct {
	const char *head;
	unsigned width, rank_narrow, rank_wide;
} columns[COLUMNS] = {
    [OPS]      = {"op/s",   6, 0, 0},
    [ATTEMPTS] = {"att/s",  6, 2, 1},
    [AMP]      = {"amp",    5, 0, 0},
    [FIRST]    = {"1st%",   5, 0, 0},
    [FINAL]    = {"fin%",   5, 0, 0},
    [ERRORS]   = {"err%",   5, 4, 4},
    [RETRY]    = {"rty%",   5, 3, 2},
    [FALLBACK] = {"fbk%",   5, 0, 0},
    [P50]      = {"p50",    6, 6, 5},
    [P95]      = {"p95",    6, 0, 0},
    [P99]      = {"p99",    6, 0, 0},
    [BUDGET]   = {"bud",    5, 0, 0},
    [COUNT]    = {"n",      6, 5, 3},
    [TREND]    = {"trend",  9, 1, 6},
};
/* clang-format on */
#define RANKS 7u

struct plan {
	bool show[COLUMNS];
	unsigned route_cols;
};

/* What the tightest area gives up last. */
static const enum column few[] = {OPS, FIRST, FINAL, BUDGET};

static struct plan
make_plan(struct rt_area a)
{
	struct plan p = {.route_cols = a.cols > 1 ? a.cols - 1 : 0};
	bool wide = a.cols < a.grid->cols || a.grid->cols >= 110;

	for (unsigned rank = 0; rank < RANKS; rank++)
		for (unsigned i = 0; i < COLUMNS; i++) {
			unsigned need = rank ? MIN_ROUTE_COLS : 12;

			if ((wide ? columns[i].rank_wide
				  : columns[i].rank_narrow) != rank ||
			    p.route_cols < need + columns[i].width)
				continue;
			p.show[i] = true;
			p.route_cols -= columns[i].width;
		}
	if (a.cols < 60) {
		memset(p.show, 0, sizeof(p.show));
		p.route_cols = a.cols > 24 ? a.cols - 24 : 0;
		for (unsigned i = 0; i < RT_COUNT_OF(few); i++)
			p.show[few[i]] = true;
	}
	if (p.route_cols > MAX_ROUTE_COLS)
		p.route_cols = MAX_ROUTE_COLS;
	return p;
}

static void
draw_heads(const struct plan *p, struct rt_area a)
{
	unsigned col = 1 + p->route_cols;

	rt_area_put(a, 0, 1, RT_ROLE_COLUMN, "ROUTE");
	for (unsigned i = 0; i < COLUMNS; i++) {
		if (!p->show[i])
			continue;
		rt_area_field(a, 0, col, columns[i].width, i != TREND,
		    RT_ROLE_COLUMN, i == TREND ? " trend" : columns[i].head);
		col += columns[i].width;
	}
}

static const enum rt_rate_id rate_of[COLUMNS] = {
    [AMP] = RT_RATE_AMPLIFICATION,
    [FIRST] = RT_RATE_FIRST_TRY,
    [FINAL] = RT_RATE_EFFECTIVE_SUCCESS,
    [ERRORS] = RT_RATE_ERROR,
    [RETRY] = RT_RATE_RETRY_RATIO,
    [FALLBACK] = RT_RATE_FALLBACK,
};

static const char *
rate_cell(char text[RT_FMT_SIZE], enum column i, struct rt_rate r)
{
	if (i == AMP) {
		char *x;

		rt_fmt_times(text, r);
		x = strchr(text, 'x');
		if (x)
			*x = '\0';
		return text;
	}
	/* Where all rates of a row are few, one of them says how few. */
	if (i == FALLBACK && r.denominator > 0 && r.denominator < RT_FMT_FEW) {
		snprintf(text, RT_FMT_SIZE, "n=%.0f", r.denominator);
		return text;
	}
	return rt_view_bare_pct(text, r);
}

static const char *
cell(const struct rt_model *m, const struct rt_report_series *s, enum column i,
    char text[RT_FMT_SIZE], enum rt_role *role)
{
	const struct rt_counts *c = s->counts;
	const struct rt_quantiles *q = &s->latency[RT_LATENCY_OPERATION];
	double span_s = rt_model_span_s(m);
	struct rt_rate r;

	*role = q->count < RT_FMT_FEW ? RT_ROLE_DIM : RT_ROLE_TEXT;
	switch (i) {
	case P50: return rt_fmt_ms(text, q->count ? q->p50 : -1);
	case P95: return rt_fmt_ms(text, q->count ? q->p95 : -1);
	case P99: return rt_fmt_ms(text, q->count ? q->p99 : -1);
	case BUDGET: return rt_facts_budget(c, role);
	case OPS:
		*role = RT_ROLE_TEXT;
		return rt_fmt_per_s(
		    text, (double)c->n[RT_C_OPS_ENDED] / span_s);
	case ATTEMPTS:
		*role = RT_ROLE_TEXT;
		return rt_fmt_per_s(text, (double)c->n[RT_C_ATTEMPTS] / span_s);
	case COUNT:
		*role = RT_ROLE_DIM;
		return rt_fmt_count(text, c->n[RT_C_OPS_ENDED]);
	case AMP:
	case FIRST:
	case FINAL:
	case ERRORS:
	case RETRY:
	case FALLBACK:
	case TREND:
	case COLUMNS: break;
	}
	r = rt_rate(c, rate_of[i]);
	*role = rt_view_role(r, RT_ROLE_TEXT);
	return rate_cell(text, i, r);
}

static void
draw_row(const struct rt_model *m, const struct plan *p, struct rt_area a,
    unsigned row, const struct rt_report_series *s)
{
	char route[256], text[RT_FMT_SIZE];
	unsigned col = 1 + p->route_cols;

	rt_facts_route(route, sizeof(route), s, p->route_cols);
	rt_area_field(a, row, 1, p->route_cols, false, RT_ROLE_TEXT, route);
	for (unsigned i = 0; i < COLUMNS; i++) {
		enum rt_role role;
		const char *z;

		if (!p->show[i])
			continue;
		if (i == TREND) {
			unsigned n = rt_view_finished(
			    rt_model_report(m), s->trend, RT_SERIES_TREND_COLS);

			rt_chart_spark(a, row, col + 1, columns[i].width - 1,
			    RT_ROLE_CHART, s->trend, n,
			    rt_chart_top(s->trend, n));
		} else {
			z = cell(m, s, (enum column)i, text, &role);
			rt_area_field(
			    a, row, col, columns[i].width, true, role, z);
		}
		col += columns[i].width;
	}
}

static void
draw(const struct rt_model *m, struct rt_area a)
{
	const struct rt_report *r = rt_model_report(m);
	const struct rt_model_rows *rows = &m->rows[RT_PANEL_ROUTES];
	struct plan p = make_plan(a);

	draw_heads(&p, a);
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
