/* SPDX-License-Identifier: MIT */
#include "tui/chart.h"

#define BASELINE 0x2581u /* one eighth: nothing happened */
#define FULL 0x2588u
#define STEPS (FULL - BASELINE) /* seven levels above the baseline */

static uint32_t
spark_of(uint32_t v, double top)
{
	double level;

	if (v == 0)
		return BASELINE;
	level = top > 0 ? v / top * STEPS : STEPS;
	if (level >= STEPS)
		return FULL;
	/* Rounded up, so that what happened once is seen. */
	return BASELINE + (uint32_t)level + ((uint32_t)level < level);
}

void
rt_chart_spark(struct rt_area a, unsigned row, unsigned col, unsigned width,
    enum rt_role role, const uint32_t *v, unsigned count, double top)
{
	unsigned shown = count < width ? count : width;
	unsigned blank = width - shown;

	rt_area_fill(a, row, col, blank, role, ' ');
	for (unsigned i = 0; i < shown; i++)
		rt_area_fill(a, row, col + blank + i, 1, role,
		    spark_of(v[count - shown + i], top));
}

/* Eighths of `width` columns: none only for 0, all only for 1. */
static unsigned
eighths_of(double share, unsigned width)
{
	unsigned all = width * 8, n;

	if (!(share > 0) || width == 0)
		return 0;
	if (share >= 1)
		return all;
	n = (unsigned)(share * all + 0.5);
	return n < 1 ? 1 : n > all - 1 ? all - 1 : n;
}

void
rt_chart_bar(struct rt_area a, unsigned row, unsigned col, unsigned width,
    enum rt_role role, double share)
{
	unsigned n, full;

	if (col >= a.cols)
		return;
	n = eighths_of(share, width);
	full = n / 8;
	rt_area_fill(a, row, col, full, role, FULL);
	if (n % 8)
		rt_area_fill(a, row, col + full, 1, role, FULL + 8 - n % 8);
	full += n % 8 != 0;
	rt_area_fill(a, row, col + full, width - full, role, ' ');
}

double
rt_chart_top(const uint32_t *v, unsigned count)
{
	uint32_t top = 1;

	for (unsigned i = 0; i < count; i++)
		if (v[i] > top)
			top = v[i];
	return top;
}
