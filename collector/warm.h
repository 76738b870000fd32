/* SPDX-License-Identifier: MIT */
/*
 * warm — what a journal knows, given to a collector that begins.
 *
 * What    The records that arrived within the last hour go to the aggregate at the moment
 *         they arrived, by the wall clock of then and now: a clock set back meanwhile
 *         makes them new, one set forward makes them old.  Positions of acknowledged
 *         senders go to the intake, so that what is sent again is not taken in again.
 * Memory  One frame at a time.
 */
#ifndef RT_WARM_H
#define RT_WARM_H

#include "collector/aggregate.h"
#include "collector/intake.h"
#include "collector/journal_reader.h"

#define RT_WARM_US INT64_C(3600000000)

struct rt_warm {
	struct rt_aggregate *aggregate; /* made with rt_warm_begin */
	struct rt_intake *intake;
	struct rt_moment now;
	uint64_t records, senders; /* given on; marks are not counted */
};

/* The moment from which on records are taken; now.mono must be later than RT_WARM_US. */
struct rt_moment rt_warm_begin(struct rt_moment now);

void rt_warm_frame(struct rt_warm *w, const struct rt_journal_frame *f);

#endif
