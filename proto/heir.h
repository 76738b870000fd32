/* SPDX-License-Identifier: MIT */
/*
 * heir — delivers what processes that died left in a spool, one file at a time.
 *
 * What    A file is taken over, read into a ring and sent by a channel of its own, under
 *         the id and the numbers it had; once all of it is acknowledged it is removed.
 * Thread  One works; `told` may be read by any meanwhile.
 * Errors  None is fatal: what cannot be taken over is counted in `told`.
 */
#ifndef RT_HEIR_H
#define RT_HEIR_H

#include <stdatomic.h>

#include "proto/channel.h"
#include "proto/spool.h"

struct rt_heir {
	struct rt_spool_scan scan;
	bool is_scanning; /* there may be more of it */
	bool has_file;    /* the rest is in use */
	struct rt_spool_file file;
	struct rt_ring ring;
	struct rt_channel channel;
	struct {
		_Atomic uint64_t records, acked, lost;
		_Atomic unsigned files, held, refused;
		_Atomic int why; /* errno of the last refusal */
		_Atomic bool is_drained;
	} told;
};

/* With nothing to look for. */
void rt_heir_init(struct rt_heir *h);
void rt_heir_look(struct rt_heir *h, const struct rt_spool_scan *scan);

/* One round without waiting; true where anything happened. */
bool rt_heir_work(
    struct rt_heir *h, const struct rt_channel_way *way, rt_mono_t now);
/* Milliseconds until there may be something to do; `idle` where nothing is left. */
int64_t rt_heir_wait_ms(const struct rt_heir *h, rt_mono_t now, int64_t idle);

/* Close the sockets, by the thread that worked. */
void rt_heir_put_down(struct rt_heir *h);
/* And leave the file to the next one. */
void rt_heir_fini(struct rt_heir *h);

#endif
