/* SPDX-License-Identifier: MIT */
/*
 * playhead — where a replay stands in time, and how far it may read.
 *
 * What    A clock that runs over the time of a log: held, `speed` seconds a second, or as
 *         fast as the records can be read.  Pure: `now` is handed in.
 * Use     rt_playhead_reach says up to which time records are due.  Whoever reads tells
 *         rt_playhead_stand where the log stands after it was sent somewhere, and where
 *         it could not keep up: the clock runs on from there and never jumps to catch up.
 * Range   Times are microseconds since 1970, below RT_PLAYHEAD_END.
 */
#ifndef RT_PLAYHEAD_H
#define RT_PLAYHEAD_H

#include <stdbool.h>
#include <stdint.h>

#include "proto/clock.h"

#define RT_PLAYHEAD_END INT64_MAX /* no time is too late */

struct rt_playhead {
	uint32_t speed; /* 0: as fast as can be */
	bool is_held;
	rt_mono_t from;  /* when the log stood at from_us */
	int64_t from_us; /* of the log */
};

/* The log stands at `us`; the clock runs on from there. */
void rt_playhead_stand(struct rt_playhead *h, rt_mono_t now, int64_t us);

/* Another speed or hold, from where it has come to; false where nothing changes. */
bool rt_playhead_set_speed(
    struct rt_playhead *h, rt_mono_t now, uint32_t speed);
bool rt_playhead_hold(struct rt_playhead *h, rt_mono_t now, bool is_held);

/* Records up to this time are due; RT_PLAYHEAD_END: all. */
int64_t rt_playhead_reach(const struct rt_playhead *h, rt_mono_t now);

/* Until a record of time `us` is due: 0 now, -1 never as it stands. */
int64_t rt_playhead_wait_ms(
    const struct rt_playhead *h, rt_mono_t now, int64_t us);

#endif
