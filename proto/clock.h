/* SPDX-License-Identifier: MIT */
/*
 * clock — the only door to time.
 *
 * Two clocks that cannot be mixed up: rt_mono_t drives windows, timeouts and
 * intervals and never jumps; rt_wall_t is for stamps that people and other
 * machines read.  Only loops call these; everything else is handed `now`.
 * A replay builds both from the records it reads.
 */
#ifndef RT_CLOCK_H
#define RT_CLOCK_H

#include <stdint.h>

/* Microseconds on a clock that never goes backwards; the origin is arbitrary. */
typedef struct {
	int64_t us;
} rt_mono_t;

/* Microseconds since 1970-01-01T00:00:00Z. */
typedef struct {
	int64_t us;
} rt_wall_t;

rt_mono_t rt_clock_mono(void);
rt_wall_t rt_clock_wall(void);

/* Milliseconds from `from` to `to`; negative where `to` is earlier. */
static inline int64_t
rt_mono_ms_between(rt_mono_t from, rt_mono_t to)
{
	return (to.us - from.us) / 1000;
}

/* What to wait from `now` so as not to come before `then`; below 1 where that is over. */
static inline int64_t
rt_mono_ms_until(rt_mono_t now, rt_mono_t then)
{
	int64_t us = then.us - now.us;

	return us > 0 ? (us + 999) / 1000 : us / 1000;
}

static inline rt_mono_t
rt_mono_add_ms(rt_mono_t t, int64_t ms)
{
	return (rt_mono_t){t.us + ms * 1000};
}

#endif
