/* SPDX-License-Identifier: MIT */
/*
 * recent — the newest accepted events and refused records, for viewers.
 *
 * Events  A ring of canonical lines, bounded in bytes.  Each line has a number; a viewer
 *         asks from its cursor and is told how many it missed.  Nothing is kept for a
 *         viewer, so none can slow the collector.
 * Refused The last few: reason, sentence, source, and the record's outline: keys, numbers
 *         and punctuation, every text value masked, scrubbed and cut.  A publisher's
 *         developer sees what is wrong; content is not kept.
 */
#ifndef RT_RECENT_H
#define RT_RECENT_H

#include "proto/diag.h"
#include "proto/event.h"
#include "proto/report.h"

#define RT_REFUSED_SAMPLE 120u

struct rt_refused {
	enum rt_reject reason;
	int64_t at_us;
	char detail[360], sample[RT_REFUSED_SAMPLE * 3 + 1], source[96];
};

struct rt_recent {
	char *ring; /* owned; lines, each behind its uint32_t length */
	uint32_t ring_bytes;
	uint64_t head, tail;  /* byte positions, growing; % ring_bytes */
	uint64_t first, next; /* numbers of the oldest line and of the next */
	struct rt_refused *refused; /* owned */
	uint32_t refused_capacity;
	uint64_t refused_count;
};

void rt_recent_init(struct rt_recent *r, uint32_t bytes, uint32_t refused);
void rt_recent_fini(struct rt_recent *r);

void rt_recent_add(struct rt_recent *r, struct rt_str line);
/* cursor UINT64_MAX: the newest `max` lines. */
void rt_recent_tail(const struct rt_recent *r, uint64_t cursor, uint32_t max,
    struct rt_report *out);

void rt_recent_refuse(struct rt_recent *r, int64_t now_us,
    enum rt_reject reason, const struct rt_diag *why, struct rt_str record,
    const char *source);
/* Newest first. */
void rt_recent_report(
    const struct rt_recent *r, int64_t now_us, struct rt_report *out);

/* The outline of a record as described above; out holds size bytes with the NUL. */
void rt_recent_outline(char *out, size_t size, struct rt_str record);

#endif
