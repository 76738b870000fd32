/* SPDX-License-Identifier: MIT */
/*
 * chart — sparklines and bars in cells.
 *
 * Ramps   UTF-8: blocks U+2581–2588; ASCII: ".:-=+*#@"-like steps.  A value above 0 is
 *         never drawn as nothing.  Scale is given by the caller, so that rows and time
 *         compare; 0 draws the baseline.
 */
#ifndef RT_CHART_H
#define RT_CHART_H

#include "tui/grid.h"

/* One column a value, newest at the right edge of `width`; v may be longer: the newest. */
void rt_chart_spark(struct rt_area a, unsigned row, unsigned col,
    unsigned width, enum rt_role role, const uint32_t *v, unsigned count,
    double top);

/* share (0..1, clamped) of `width` columns filled. */
void rt_chart_bar(struct rt_area a, unsigned row, unsigned col, unsigned width,
    enum rt_role role, double share);

/* Largest value, at least 1. */
double rt_chart_top(const uint32_t *v, unsigned count);

#endif
