/* SPDX-License-Identifier: MIT */
#include "collector/timeline.h"

#include <string.h>

#define FIRST_STEP_US 1000000

/* Each two columns become one. */
static void
halve(struct rt_timeline *t)
{
	int64_t base = t->base / 2;
	uint32_t taken[RT_TIMELINE_COLS] = {0}, failed[RT_TIMELINE_COLS] = {0};

	for (int64_t i = 0; i < (int64_t)RT_TIMELINE_COLS; i++) {
		int64_t to = (t->base + i) / 2 - base;

		if (to < (int64_t)RT_TIMELINE_COLS) {
			taken[to] += t->taken[i];
			failed[to] += t->failed[i];
		}
	}
	memcpy(t->taken, taken, sizeof(taken));
	memcpy(t->failed, failed, sizeof(failed));
	t->base = base;
	t->step_us *= 2;
}

/* Something older than the first column: move all to the right. */
static void
shift(struct rt_timeline *t, int64_t base)
{
	size_t by = (size_t)(t->base - base);
	size_t left = RT_TIMELINE_COLS - by;

	memmove(t->taken + by, t->taken, left * sizeof(t->taken[0]));
	memmove(t->failed + by, t->failed, left * sizeof(t->failed[0]));
	memset(t->taken, 0, by * sizeof(t->taken[0]));
	memset(t->failed, 0, by * sizeof(t->failed[0]));
	t->base = base;
}

void
rt_timeline_add(struct rt_timeline *t, int64_t us, bool has_failed)
{
	int64_t at;

	us = us < 0 ? 0 : us;
	if (t->count++ == 0) {
		t->first_us = t->last_us = us;
		t->step_us = FIRST_STEP_US;
		t->base = us / t->step_us;
	}
	t->first_us = us < t->first_us ? us : t->first_us;
	t->last_us = us > t->last_us ? us : t->last_us;
	while (t->last_us / t->step_us - t->first_us / t->step_us >=
	    (int64_t)RT_TIMELINE_COLS)
		halve(t);
	at = us / t->step_us;
	if (at < t->base)
		shift(t, at);
	t->taken[at - t->base]++;
	if (has_failed)
		t->failed[at - t->base]++;
}

void
rt_timeline_report(const struct rt_timeline *t, struct rt_report_replay *out)
{
	if (t->count == 0)
		return;
	out->first_us = t->first_us;
	out->last_us = t->last_us;
	out->timeline_us = t->base * t->step_us;
	out->step_s = (double)t->step_us / 1e6;
	out->cols = RT_TIMELINE_COLS;
	memcpy(out->taken, t->taken, sizeof(out->taken));
	memcpy(out->failed, t->failed, sizeof(out->failed));
}
