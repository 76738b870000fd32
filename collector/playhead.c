/* SPDX-License-Identifier: MIT */
#include "collector/playhead.h"

void
rt_playhead_stand(struct rt_playhead *h, rt_mono_t now, int64_t us)
{
	h->from = now;
	h->from_us = us;
}

/* At full speed the clock says nothing: what was read last counts. */
static int64_t
place(const struct rt_playhead *h, rt_mono_t now)
{
	int64_t ran_us = now.us - h->from.us;

	if (h->is_held || h->speed == 0 || ran_us <= 0)
		return h->from_us;
	if (ran_us > (RT_PLAYHEAD_END - h->from_us) / h->speed)
		return RT_PLAYHEAD_END;
	return h->from_us + ran_us * h->speed;
}

bool
rt_playhead_set_speed(struct rt_playhead *h, rt_mono_t now, uint32_t speed)
{
	if (h->speed == speed)
		return false;
	rt_playhead_stand(h, now, place(h, now));
	h->speed = speed;
	return true;
}

bool
rt_playhead_hold(struct rt_playhead *h, rt_mono_t now, bool is_held)
{
	if (h->is_held == is_held)
		return false;
	rt_playhead_stand(h, now, place(h, now));
	h->is_held = is_held;
	return true;
}

int64_t
rt_playhead_reach(const struct rt_playhead *h, rt_mono_t now)
{
	if (!h->is_held && h->speed == 0)
		return RT_PLAYHEAD_END;
	return place(h, now);
}

int64_t
rt_playhead_wait_ms(const struct rt_playhead *h, rt_mono_t now, int64_t us)
{
	int64_t left_us, us_a_ms;

	if (h->is_held)
		return -1;
	if (h->speed == 0)
		return 0;
	left_us = us - place(h, now);
	us_a_ms = (int64_t)h->speed * 1000;
	return left_us <= 0 ? 0 : (left_us - 1) / us_a_ms + 1;
}
