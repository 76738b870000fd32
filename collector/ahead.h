/* SPDX-License-Identifier: MIT */
/*
 * ahead — the records of a source, read and decoded on a thread of their own.
 *
 * What    Behind the file door: while the caller counts one record, the next ones are being
 *         read and decoded.  Everything the source tells, failures, damage and marks too,
 *         comes as an item, in the order in which it was told; so a report is the same as
 *         without the thread.
 * Shape   A ring of RT_AHEAD_ITEMS items, handed over RT_AHEAD_BATCH at a time.
 * Bound   The thread waits where the ring is full.  32 KiB an item, of which an ordinary
 *         record touches one or two.
 * Threads The source is the thread's from new to free; items are the caller's until it asks
 *         for the next.
 */
#ifndef RT_AHEAD_H
#define RT_AHEAD_H

#include "collector/aggregate.h"
#include "collector/mark.h"
#include "collector/source.h"

#define RT_AHEAD_ITEMS 512u
#define RT_AHEAD_BATCH 128u

enum rt_ahead_kind {
	RT_AHEAD_RECORD,  /* decoded; where it was refused also text, where */
	RT_AHEAD_MARK,    /* mark */
	RT_AHEAD_DAMAGE,  /* why: of a journal */
	RT_AHEAD_FAILURE, /* why: a file broke off; others go on */
	RT_AHEAD_END,
};

struct rt_ahead_item {
	enum rt_ahead_kind kind;
	struct rt_decoded decoded; /* its strings are in `bytes` */
	char bytes[RT_DECODE_BYTES];
	struct rt_str text; /* in `bytes`: what was refused, may be cut */
	char where[96];
	struct rt_diag why;
	struct rt_mark mark;
};

struct rt_ahead; /* opaque */

/* `source` is borrowed; nobody else may touch it before free.  RT_E_IO: no thread. */
RT_NODISCARD enum rt_err rt_ahead_new(struct rt_source *source,
    const struct rt_decode_opts *o, struct rt_ahead **out, struct rt_diag *d);
/* Reads what is left to its end. */
void rt_ahead_free(struct rt_ahead *a);

/* The next item, yours until the next call; RT_AHEAD_END is the last, again and again. */
struct rt_ahead_item *rt_ahead_next(struct rt_ahead *a);

#endif
