/* SPDX-License-Identifier: MIT */
/*
 * dock — one operation beside the panels of a large screen.
 *
 * Which   In the tail the one under the cursor; of a row the newest that is worth a look
 *         (retried, fallen back or failed), else the newest; else the same of all.
 * Steady  It stays until the cursor stands on something else; where nothing was pressed
 *         for RT_DOCK_MS it gives way to a newer one.
 * Asked   With each question until it has ended; not while an operation is open on a page
 *         of its own.
 */
#ifndef RT_DOCK_H
#define RT_DOCK_H

#include "proto/clock.h"
#include "tui/drill.h"

#define RT_DOCK_MS 60000

struct rt_dock {
	bool is_on;                          /* there is room for it */
	char id[RT_QUERY_OPERATION_MAX + 1]; /* empty: none picked yet */
	enum rt_held held;
	struct rt_waterfall fall;
	uint64_t of; /* what the cursor stood on when it was picked */
	rt_mono_t picked_at;
};

struct rt_model;

/* Pick what the cursor stands on; at every change of the screen. */
void rt_dock_settle(struct rt_model *m, bool is_on);

/* Is its operation wanted from the collector? */
bool rt_dock_wants(const struct rt_dock *d);
/* The answer to a question that named an operation; another one's is ignored. */
void rt_dock_answer(struct rt_dock *d, const struct rt_report_operation *from);

#endif
