/* SPDX-License-Identifier: MIT */
/*
 * sdnotify — tells a service manager how the collector is: the protocol of sd_notify(3).
 *
 * What    One datagram a change to $NOTIFY_SOCKET: ready, reloading, stopping; and a sign
 *         of life at half of $WATCHDOG_USEC.  The loop gives it, so that a loop that
 *         hangs is noticed.  Before that, a start that gets on asks for patience.
 * Without The variables not set: every call does nothing.
 * Cost    A sign of life never waits; a change of state at most a second.
 */
#ifndef RT_SDNOTIFY_H
#define RT_SDNOTIFY_H

#include "proto/clock.h"
#include "proto/diag.h"
#include "proto/err.h"

struct rt_sdnotify {
	int fd;              /* -1: nobody listens */
	int64_t interval_ms; /* of signs of life; 0: none asked for */
	rt_mono_t next;
	rt_mono_t next_plea; /* for more time to start */
};

/* On failure *n is one that does nothing. */
RT_NODISCARD enum rt_err rt_sdnotify_open(
    struct rt_sdnotify *n, struct rt_diag *d);
void rt_sdnotify_close(struct rt_sdnotify *n);

/* Call it as a long start gets on: the manager waits a minute more from now. */
void rt_sdnotify_starting(struct rt_sdnotify *n, rt_mono_t now);
void rt_sdnotify_ready(struct rt_sdnotify *n);
void rt_sdnotify_reloading(struct rt_sdnotify *n);
void rt_sdnotify_stopping(struct rt_sdnotify *n);
/* Call it each turn of the loop. */
void rt_sdnotify_tick(struct rt_sdnotify *n, rt_mono_t now);

#endif
