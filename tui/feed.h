/* SPDX-License-Identifier: MIT */
/*
 * feed — keeps a model fed: asks the collector once a second, takes what comes back.
 *
 * Pace     One question a second, at once where the model wants it (another window or
 *          order); a question without an answer is put again after two.
 * Tail     Begins with the newest events.  Where more come than an answer holds, it
 *          skips to the newest and counts what it did not see.
 * Trouble  An answer that cannot be read goes to rt_model_trouble; silence is noticed by
 *          rt_model_tick.
 */
#ifndef RT_FEED_H
#define RT_FEED_H

#include "proto/curve.h"
#include "tui/model.h"

struct rt_feed; /* opaque */

/* RT_E_USAGE for an endpoint that cannot be. */
RT_NODISCARD enum rt_err rt_feed_open(const char *endpoint,
    const struct rt_curve_paths *certs, struct rt_feed **out,
    struct rt_diag *d);
void rt_feed_close(struct rt_feed *f);

/* Readable when an answer may be there. */
int rt_feed_fd(const struct rt_feed *f);

/* Take answers, ask when due, at m->now.  True where the model has changed. */
bool rt_feed_step(struct rt_feed *f, struct rt_model *m);

/* Until the next step is due, without an answer. */
int rt_feed_wait_ms(const struct rt_feed *f, const struct rt_model *m);

#endif
