/* SPDX-License-Identifier: MIT */
/*
 * emitter — what the program's own `emit` command needs beyond retrytop.h.
 *
 * Not exported by libretrytop.  The shape of the whole:
 *
 *	callers ── attempt ──► ring ──► outbox ──► emitter.c's thread ──► DEALER
 *	           (encode)    (MPSC)   (batches, acknowledgements)       (ZeroMQ)
 */
#ifndef RT_EMITTER_H
#define RT_EMITTER_H

#include "proto/retrytop.h"

/*
 * Like rt_emitter_emit_json for any bytes of 1 .. RT_RECORD_MAX + 1 without a newline:
 * one byte too many lets a collector count a record as too_large.  -1 with EAGAIN
 * where the ring is full; that is counted nowhere, for the caller will try again.  For
 * the only thread that emits.
 */
int rt_emitter_offer(struct rt_emitter *e, const char *bytes, size_t len);

/* Wait until there is room for any record: 0, or -1 with ETIMEDOUT. */
int rt_emitter_wait_room(struct rt_emitter *e, int timeout_ms);

#endif
