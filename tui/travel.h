/* SPDX-License-Identifier: MIT */
/*
 * travel — through the hour that the collector holds: bucket by bucket, to a moment, back
 * to the present.
 *
 * What    Sets the moment that the next questions name (m->at_us); answers about it come
 *         as any other and the whole screen shows them: figures, tail, lists, operations.
 *         Intake goes on meanwhile; how much came since is in each answer.
 * Grid    The collector takes a moment back to the end of a bucket of 10 or 60 seconds
 *         (rt_query_bucket_s) and says to which; the model follows it.
 * Frozen  A step from a frozen screen starts at its moment; it goes on with the answer.
 * Pure    The model is handed in; see model.h.
 */
#ifndef RT_TRAVEL_H
#define RT_TRAVEL_H

#include "tui/model.h"

/* By so many buckets, back where negative; beyond the newest is the present. */
void rt_travel_step(struct rt_model *m, int buckets);

/*
 * "HH:MM[:SS]" of the clock on the screen (the last time it was), "-5m" for so long ago, a
 * full RFC 3339 time, or "live".  RT_E_FIELD for what is none of them, lies ahead or is not held.
 */
RT_NODISCARD enum rt_err rt_travel_goto(
    struct rt_model *m, const char *when, struct rt_diag *d);

void rt_travel_live(struct rt_model *m);

/* Is another moment than the present on the screen or asked for? */
bool rt_travel_is_away(const struct rt_model *m);

/* For feed: an answer about another moment is there, with its tail. */
void rt_travel_arrived(struct rt_model *m);

#endif
