/* SPDX-License-Identifier: MIT */
/*
 * emitter — what the program's own `emit` command needs beyond retrytop.h.
 *
 * Not exported by libretrytop.  The shape of the whole:
 *
 *	callers ── attempt ──► ring ──► outbox ──► channel ──► collector
 *	           (encode)    (MPSC)   (batches,   (DEALER, in emitter.c's thread)
 *	                                 acknowledgements)
 *	spool ── files of processes that died ──► ring ──► outbox ──► channel
 */
#ifndef RT_EMITTER_H
#define RT_EMITTER_H

#include "proto/retrytop.h"
#include "proto/spool.h"

/*
 * Like rt_emitter_emit_json for any bytes of 1 .. RT_RECORD_MAX + 1 without a newline:
 * one byte too many lets a collector count a record as too_large.  -1 with EAGAIN
 * where the ring is full; that is counted nowhere, for the caller will try again.  For
 * the only thread that emits.
 */
int rt_emitter_offer(struct rt_emitter *e, const char *bytes, size_t len);

/* Wait until there is room for any record: 0, or -1 with ETIMEDOUT. */
int rt_emitter_wait_room(struct rt_emitter *e, int timeout_ms);

/*
 * One that has nothing of its own to send and only empties what `scan` finds; of opts,
 * endpoint and keys count.  NULL with errno.
 */
struct rt_emitter *rt_emitter_open_heir(
    const struct rt_emitter_opts *opts, const struct rt_spool_scan *scan);

/* Wait until nothing is left to take over: 0 (without a spool at once), or ETIMEDOUT. */
int rt_emitter_wait_drained(struct rt_emitter *e, int timeout_ms);

/* So far: files taken over, held by living processes, not fit (why: the last errno). */
struct rt_emitter_inheritance {
	unsigned files, held, refused;
	int why;
};
void rt_emitter_inheritance(
    const struct rt_emitter *e, struct rt_emitter_inheritance *out);

#endif
