/* SPDX-License-Identifier: MIT */
/*
 * save — the window on the screen as evidence: its records in a file that `replay` opens.
 *
 * What    Asks the collector page by page for the records of the window that is shown,
 *         from both of its rings, and writes them as they come.  The dashboard goes on
 *         meanwhile; it has a connection of its own for that.
 * Whole   The answer on the screen says how many records the window had.  What the
 *         collector does not hold any more is counted and said; filters are not applied.
 * Trouble Said in one sentence; nothing is left behind then (state.h).
 * Life    Heap object; one file at a time.
 */
#ifndef RT_SAVE_H
#define RT_SAVE_H

#include "proto/curve.h"
#include "tui/model.h"

struct rt_save; /* opaque */

/* endpoint and certs are borrowed and must outlive it; connects when first needed. */
RT_NODISCARD struct rt_save *rt_save_new(
    const char *endpoint, const struct rt_curve_paths *certs);
/* What is not finished is removed. */
void rt_save_free(struct rt_save *s);

/* Begin with the window on the screen, into m->export_to ("": a name of its own). */
void rt_save_begin(struct rt_save *s, struct rt_model *m);

/* Is one under way?  Then poll its descriptor and call the step. */
bool rt_save_is_on(const struct rt_save *s);
int rt_save_fd(const struct rt_save *s);
/* Take what came; how it ended is told by rt_model_say.  True where something was. */
bool rt_save_step(struct rt_save *s, struct rt_model *m);

#endif
