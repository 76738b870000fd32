/* SPDX-License-Identifier: MIT */
/*
 * recent — the newest accepted events as canonical lines, and operations worth keeping.
 *
 * Tail    A ring of lines, bounded in bytes.  Each line has a number; a viewer asks from
 *         its cursor and is told how many it missed.  Nothing is kept for a viewer, so
 *         none can slow the collector.
 * Kept    Each line points back to the one before it of the same operation.  When an
 *         operation that failed, fell back or broke a rule ends, its lines are copied to
 *         a second ring: they stay long after ordinary traffic has run over the first.
 * Stored  As whoever adds them likes: `write` makes the canonical line of the bytes when a
 *         viewer asks, since most lines are never looked at.
 * Span    Each line has the moment it arrived, so that a viewer may ask for those of a
 *         window; then also those that only the second ring still has.
 * Find    An operation's lines come from its chain, from the kept ring, or from a walk
 *         over the tail ring, whichever holds more.
 */
#ifndef RT_RECENT_H
#define RT_RECENT_H

#include "proto/buf.h"
#include "proto/event.h"
#include "proto/report.h"

struct rt_byte_ring {
	char *bytes; /* owned */
	uint32_t size;
	uint32_t head_at, tail_at; /* head and tail % size */
	uint64_t head, tail;       /* byte positions, growing */
};

struct rt_recent {
	/* Appends the line that the bytes stand for; NULL: they are the line. */
	void (*write)(struct rt_buf *b, struct rt_str bytes);
	struct rt_byte_ring lines, kept;
	uint64_t first, next;  /* numbers of the oldest line and of the next */
	uint64_t kept_dropped; /* operations too large to keep */
};

/* Half of the bytes for each ring; `write` is NULL and may be set then. */
void rt_recent_init(struct rt_recent *r, uint32_t bytes);
void rt_recent_fini(struct rt_recent *r);

/*
 * Add a line that arrived now.  `operation` is a hash of the operation's id, 0 for none; *chain is the
 * operation's last line, 0 at first, and is moved to this one.
 */
void rt_recent_add(struct rt_recent *r, int64_t now_us, struct rt_str line,
    uint64_t operation, uint64_t *chain);

/* Copy the lines of a chain to the kept ring; `rules` as in audit_state.fired. */
void rt_recent_keep(
    struct rt_recent *r, uint64_t operation, uint64_t chain, uint32_t rules);

/* What of the tail is asked for. */
struct rt_recent_ask {
	uint64_t cursor; /* UINT64_MAX: the newest `max` lines */
	uint32_t max;
	int64_t until_us; /* arrived before; INT64_MAX: all */
	int64_t from_us; /* and not before; INT64_MIN: all, of the tail alone */
};
void rt_recent_tail(const struct rt_recent *r, const struct rt_recent_ask *ask,
    struct rt_report *out);

/*
 * Lines of an operation that arrived before until_us into out->operation, oldest first;
 * chain 0: not known any more.  True where it has later ones, too.
 */
bool rt_recent_find(const struct rt_recent *r, uint64_t operation,
    uint64_t chain, int64_t until_us, struct rt_report *out);

#endif
