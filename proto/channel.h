/* SPDX-License-Identifier: MIT */
/*
 * channel — one sender's way to a collector: an outbox and the socket it speaks through.
 *
 * What    Opens a connection, opens another when it is lost, says what the outbox has to
 *         say and hands it the answers.  An emitter has one for its own records and, for
 *         a while, one for those of a process that died.
 * Waits   Never: who calls polls its `socket` and `monitor` and works on it.
 * Thread  All calls from one, but for rt_channel_init and the first rt_channel_open.
 */
#ifndef RT_CHANNEL_H
#define RT_CHANNEL_H

#include "proto/curve.h"
#include "proto/outbox.h"

struct rt_channel_way {
	void *context;        /* of ZeroMQ; borrowed, must outlive */
	const char *endpoint; /* borrowed, must outlive */
	const struct rt_curve_keys *keys; /* borrowed, must outlive */
};

struct rt_channel {
	struct rt_channel_way way;
	struct rt_ring *ring; /* borrowed, must outlive */
	struct rt_outbox outbox;
	uint64_t connects;
	/* The connection. */
	void *socket, *monitor; /* owned; NULL: closed */
	unsigned number;        /* of the monitor's name */
	rt_mono_t reopen;       /* not before */
	int64_t reopen_ms;
	char batch[RT_OUTBOX_BATCH_BYTES];
};

/* `emitter` is a valid id.  Connects nowhere yet. */
void rt_channel_init(struct rt_channel *c, const struct rt_channel_way *way,
    struct rt_ring *ring, const char *emitter, uint64_t epoch);

/* False, with errno, where the endpoint or the keys are no good. */
bool rt_channel_open(struct rt_channel *c);
void rt_channel_close(struct rt_channel *c);

/* One round without waiting; true where anything happened. */
bool rt_channel_work(struct rt_channel *c, rt_mono_t now);

/* Milliseconds until rt_channel_work may have something to do without news. */
int64_t rt_channel_wait_ms(const struct rt_channel *c, rt_mono_t now);

/* Is all of its ring acknowledged by a collector that answered this connection? */
bool rt_channel_is_done(const struct rt_channel *c);

#endif
