/* SPDX-License-Identifier: MIT */
/*
 * held — how much of the count that a list was opened on is in the list.
 *
 * What    A panel counts all of a window; the list is made of the newest events that this
 *         screen has seen.  Both are of one grain: attempts, fallback decisions, or
 *         violations.  An event is of the window by its own time stamp; without one it
 *         is taken for such.
 * Unknown Where the row is gone, or clocks differ so that more is held than was counted
 *         though nothing from before the window is, there is nothing to say.
 */
#ifndef RT_HELD_H
#define RT_HELD_H

#include "tui/oplist.h"

/* Sets l->held; the list is made already. */
void rt_held_count(
    struct rt_oplist *l, const struct rt_trail *t, const struct rt_report *r);

/* "37 of 412 attempts held", "all 37 attempts held" or "". */
void rt_held_text(char out[64], const struct rt_oplist *l);

#endif
