/* SPDX-License-Identifier: MIT */
/*
 * timeline — a log over time in a fixed number of columns: how much, and how much failed.
 *
 * What    Counts attempt records by their time.  Where the columns no longer reach, each
 *         two become one, so that any span fits and nothing is read twice.
 * Bound   RT_TIMELINE_COLS columns; the step is a power of two in seconds.
 */
#ifndef RT_TIMELINE_H
#define RT_TIMELINE_H

#include "proto/report.h"

struct rt_timeline {
	uint64_t count;
	int64_t first_us, last_us; /* of what was added */
	int64_t step_us;           /* 0: nothing yet */
	int64_t base;              /* first column: its time / step_us */
	uint32_t taken[RT_TIMELINE_COLS], failed[RT_TIMELINE_COLS];
};

/* Times before 1970 count as 1970. */
void rt_timeline_add(struct rt_timeline *t, int64_t us, bool has_failed);

/* Its columns, first and last time. */
void rt_timeline_report(
    const struct rt_timeline *t, struct rt_report_replay *out);

#endif
