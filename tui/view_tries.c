/* SPDX-License-Identifier: MIT */
/* Attempts per ended operation: 1, 2, 3, 4, 5+. */
#include <stdio.h>

#include "tui/chart.h"
#include "tui/view.h"

static uint64_t
sum_of(const struct rt_counts *c)
{
	uint64_t sum = 0;

	for (unsigned i = 0; i < RT_TRIES_COUNT; i++)
		sum += c->n[RT_C_TRIES + i];
	return sum;
}

static void
draw(const struct rt_model *m, struct rt_area a)
{
	const struct rt_counts *c = &rt_model_report(m)->counts;
	uint64_t sum = sum_of(c);
	unsigned figures = a.cols >= 24 ? 13 : 7;
	unsigned bar = a.cols > figures + 5 ? a.cols - figures - 5 : 0;
	char text[RT_FMT_SIZE];

	if (sum == 0) {
		rt_view_empty(m, a, 0, "no operation ended yet");
		return;
	}
	for (unsigned i = 0; i < RT_TRIES_COUNT && i < a.rows; i++) {
		struct rt_rate r = {(double)c->n[RT_C_TRIES + i], (double)sum};
		enum rt_role role = rt_view_role(r, RT_ROLE_TEXT);

		rt_area_printf(a, i, 1, RT_ROLE_COLUMN, "%u%s", i + 1,
		    i + 1 == RT_TRIES_COUNT ? "+" : "");
		rt_chart_bar(a, i, 4, bar,
		    i == 0 ? RT_ROLE_CHART : RT_ROLE_ACCENT,
		    r.numerator / r.denominator);
		rt_area_field(
		    a, i, 4 + bar, 7, true, role, rt_fmt_pct(text, r));
		if (figures == 13)
			rt_area_field(a, i, 11 + bar, 6, true, RT_ROLE_DIM,
			    rt_fmt_count(text, c->n[RT_C_TRIES + i]));
	}
}

static const enum rt_rate_id rates[] = {RT_RATE_AMPLIFICATION,
    RT_RATE_UPSTREAM_AMPLIFICATION, RT_RATE_RETRY_RATIO, RT_RATE_COUNT};

const struct rt_view rt_view_tries = {draw, NULL, rates};
