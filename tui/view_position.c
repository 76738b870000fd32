/* SPDX-License-Identifier: MIT */
/*
 * The position bar of a replay: the whole log over time, where it failed, where it stands.
 *
 * A column is as high as what failed in it; a dot where records are and none failed; blank
 * where there are none.  Shrinks from the right: share and speed, then the ends, then the
 * bar.
 */
#include <stdio.h>
#include <string.h>

#include "tui/chart.h"
#include "tui/fmt.h"
#include "tui/view.h"

#define BAR_MIN 10u

/* Columns of the report that lie behind one on the screen; at least one. */
static void
behind(const struct rt_report_replay *r, double from_us, double to_us,
    uint32_t *taken, uint32_t *failed)
{
	double step_us = r->step_s * 1e6;
	int64_t i = (int64_t)((from_us - (double)r->timeline_us) / step_us);
	int64_t end = (int64_t)((to_us - (double)r->timeline_us) / step_us);

	*taken = *failed = 0;
	if (i < 0)
		i = 0;
	do {
		if (i >= (int64_t)r->cols)
			return;
		*taken += r->taken[i];
		*failed = r->failed[i] > *failed ? r->failed[i] : *failed;
	} while (++i < end);
}

/* Place of a time in a bar of `width` columns. */
static unsigned
column_of(const struct rt_report_replay *r, int64_t us, unsigned width)
{
	double span = (double)(r->last_us - r->first_us);
	double at = (double)(us - r->first_us);

	if (!(span > 0) || at <= 0)
		return 0;
	at = at / span * width;
	return at >= width ? width - 1 : (unsigned)at;
}

static void
draw_bar(const struct rt_model *m, struct rt_area a, unsigned col,
    unsigned width, int64_t here_us)
{
	const struct rt_report_replay *r = rt_reel_place(m);
	double span = (double)(r->last_us - r->first_us);
	double top = rt_chart_top(r->failed, RT_TIMELINE_COLS);
	unsigned at = column_of(r, here_us, width);

	for (unsigned i = 0; i < width; i++) {
		double from = (double)r->first_us + span * i / width;
		uint32_t taken = 0, failed = 0;
		enum rt_role role = i < at ? RT_ROLE_CHART : RT_ROLE_DIM;

		if (r->cols > 0)
			behind(r, from, from + span / width, &taken, &failed);
		if (i == at)
			rt_area_fill(a, 0, col + i, 1, RT_ROLE_CURSOR,
			    m->ascii ? '|' : 0x2503);
		else if (failed > 0)
			rt_chart_spark(a, 0, col + i, 1,
			    i < at ? RT_ROLE_CHART_BAD : RT_ROLE_BAD, &failed,
			    1, top);
		else
			rt_area_fill(a, 0, col + i, 1, role,
			    taken == 0     ? ' '
				: m->ascii ? '.'
					   : 0xb7);
	}
}

/* " 33% x100 ", always as wide; "~" while the end is not known. */
static void
write_state(char *out, size_t size, const struct rt_model *m)
{
	const struct rt_report_replay *r = rt_reel_place(m);
	char speed[16] = "max";
	double share = 0;

	if (r->speed > 0)
		snprintf(speed, sizeof(speed), "x%u", (unsigned)r->speed);
	if (r->records > 0)
		share = r->record >= r->records
		    ? 100
		    : 99.0 * (double)r->record / (double)r->records;
	snprintf(out, size, "%c%3.0f%% %-5s", r->is_measured ? ' ' : '~', share,
	    speed);
}

void
rt_view_position_line(const struct rt_model *m, struct rt_area a)
{
	const struct rt_report_replay *r = rt_reel_place(m);
	char first[RT_FMT_SIZE], last[RT_FMT_SIZE], state[48];
	unsigned col, sides, end;

	if (r->first_us == 0) {
		rt_area_put(a, 0, 1, RT_ROLE_DIM,
		    "no record of the log says "
		    "when it was");
		return;
	}
	rt_fmt_clock(first, r->first_us, m->utc);
	rt_fmt_clock(last, r->last_us, m->utc);
	write_state(state, sizeof(state), m);
	end = rt_text_cols(state) + 2;
	sides = rt_text_cols(first) + rt_text_cols(last) + 4;
	if (a.cols < BAR_MIN + sides + end) {
		draw_bar(
		    m, a, 1, a.cols - 2, rt_model_report(m)->source.now_us);
		return;
	}
	col = rt_area_printf(a, 0, 1, RT_ROLE_COLUMN, "%s ", first);
	draw_bar(m, a, col, a.cols - sides - end + 1,
	    rt_model_report(m)->source.now_us);
	col += a.cols - sides - end + 1;
	col = rt_area_printf(a, 0, col, RT_ROLE_COLUMN, " %s", last);
	rt_area_put(a, 0, a.cols - end + 1, RT_ROLE_TEXT, state);
}
