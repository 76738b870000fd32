/* SPDX-License-Identifier: MIT */
#include "proto/clock.h"

#include <time.h>

static int64_t
read_us(clockid_t id)
{
	struct timespec ts;

	clock_gettime(id, &ts);
	return (int64_t)ts.tv_sec * 1000000 + ts.tv_nsec / 1000;
}

rt_mono_t
rt_clock_mono(void)
{
	return (rt_mono_t){read_us(CLOCK_MONOTONIC)};
}

rt_wall_t
rt_clock_wall(void)
{
	return (rt_wall_t){read_us(CLOCK_REALTIME)};
}
