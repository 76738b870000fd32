/* SPDX-License-Identifier: MIT */
/*
 * keep — between what is chosen on the screen and the file that remembers it.
 *
 * When    A change is written RT_KEEP_MS after it and at the end; nothing is written where
 *         nothing was chosen.  Of several dashboards the last to write wins.
 * Trouble Never stops anything: it is said once on the screen, and no more is tried.
 */
#ifndef RT_KEEP_H
#define RT_KEEP_H

#include "tui/choices.h"

#define RT_KEEP_MS 2000

struct rt_keep {
	bool is_off;
	bool has_begun, must_save;
	rt_mono_t changed_at;
	struct rt_choices kept, before;
};

/* Read what was kept into the model; what of it is no use is said there. */
void rt_keep_open(struct rt_keep *k, struct rt_model *m);
/* Notice changes; the first call only looks.  Writes what is due. */
void rt_keep_follow(struct rt_keep *k, struct rt_model *m);
/* Write what is not written yet. */
void rt_keep_close(struct rt_keep *k, struct rt_model *m);

#endif
