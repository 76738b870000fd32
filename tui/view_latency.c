/* SPDX-License-Identifier: MIT */
/* Quantiles of the four distributions, each with its n. */
#include <stdio.h>

#include "tui/view.h"

static const enum rt_latency order[RT_LATENCY_COUNT] = {RT_LATENCY_OPERATION,
    RT_LATENCY_ATTEMPT, RT_LATENCY_TTFT, RT_LATENCY_BACKOFF};

/* The narrowest keeps p95 and n; then p50, p99, p90, max come in. */
static const struct {
	const char *head;
	unsigned width, from_cols;
} columns[] = {{"p50", 6, 30}, {"p90", 6, 48}, {"p95", 6, 0}, {"p99", 6, 24},
    {"max", 6, 42}, {"n", 6, 0}};

static const char *
cell(char out[RT_FMT_SIZE], const struct rt_quantiles *q, unsigned column)
{
	const double ms[] = {q->p50, q->p90, q->p95, q->p99, q->max};

	if (column == RT_COUNT_OF(ms))
		return rt_fmt_count(out, q->count);
	return rt_fmt_ms(out, q->count ? ms[column] : -1);
}

static void
draw_row(struct rt_area a, unsigned row, const char *name,
    const struct rt_quantiles *q)
{
	enum rt_role role =
	    q && q->count < RT_FMT_FEW ? RT_ROLE_DIM : RT_ROLE_TEXT;
	unsigned col = 10;
	char text[RT_FMT_SIZE];

	rt_area_put(a, row, 1, RT_ROLE_COLUMN, name);
	for (unsigned i = 0; i < RT_COUNT_OF(columns); i++) {
		if (a.cols < columns[i].from_cols)
			continue;
		rt_area_field(a, row, col, columns[i].width, true,
		    q ? role : RT_ROLE_COLUMN,
		    q ? cell(text, q, i) : columns[i].head);
		col += columns[i].width;
	}
}

static void
draw(const struct rt_model *m, struct rt_area a)
{
	const struct rt_report *r = rt_model_report(m);

	draw_row(a, 0, "", NULL);
	for (unsigned i = 0; i < RT_LATENCY_COUNT; i++)
		draw_row(
		    a, i + 1, rt_latency_name(order[i]), &r->latency[order[i]]);
}

static const enum rt_rate_id rates[] = {RT_RATE_WASTE, RT_RATE_COUNT};

const struct rt_view rt_view_latency = {draw, NULL, rates};
