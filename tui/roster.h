/* SPDX-License-Identifier: MIT */
/*
 * roster — who sends: emitters by their numbers and senders of acknowledged delivery, as
 * one row an id.
 *
 * What    The report tells of streams of numbered records (emitters) and of connections
 *         that deliver with acknowledgement (senders, one for each time a process began);
 *         a program may be both.  What one of them does not know is absent, not 0.
 * Order   Those that lost, dropped or cannot account for something first, then as in the
 *         report.
 * Bounds  RT_ROSTER_MAX rows; how many there are in all is told.
 */
#ifndef RT_ROSTER_H
#define RT_ROSTER_H

#include "proto/report.h"

#define RT_ROSTER_MAX 256u

struct rt_roster_row {
	const char *id, *service; /* NULL: it never said */
	bool is_numbered;         /* lost, duplicates, before_first, skew */
	bool is_acknowledged;     /* dropped, in_flight, unexplained */
	bool is_connected;
	bool is_limited; /* over its rate now: records are refused */
	bool is_slowed;  /* the same: its answers are held back */
	uint64_t accepted, refused;
	uint64_t lost, duplicates, before_first;
	uint64_t dropped, in_flight, unexplained;
	bool has_skew;
	double skew_ms; /* the smallest seen: what clocks differ by at most */
	double lag_ms;  /* of the last record, beyond that */
	int64_t last_seen_ms;
};

struct rt_roster {
	struct rt_roster_row rows[RT_ROSTER_MAX];
	size_t count, all;
};

void rt_roster_make(struct rt_roster *out, const struct rt_report *r);

#endif
