/* SPDX-License-Identifier: MIT */
/*
 * refused — the newest refused records, so that a client's developer sees what is wrong.
 *
 * What    Each with reason, sentence, source, and the record's outline: keys, numbers and
 *         punctuation, every text value masked, scrubbed and cut.  Content is not kept.
 * Fair    Where the list is full, the oldest of the reason that has most of it goes: a
 *         flood for one reason leaves the others in sight.
 * Cheap   Live, a second needs no more of a reason than the list holds, and of over_rate,
 *         which says nothing of the record, one.  What goes beyond is counted only.
 */
#ifndef RT_REFUSED_H
#define RT_REFUSED_H

#include "proto/diag.h"
#include "proto/event.h"
#include "proto/report.h"

#define RT_REFUSED_SAMPLE 120u

struct rt_refused {
	enum rt_reject reason;
	int64_t at_us;
	char detail[360], sample[RT_REFUSED_SAMPLE * 3 + 1], source[96];
};

struct rt_refusals {
	struct rt_refused *rows; /* owned; oldest first */
	uint32_t capacity, kept;
	uint64_t count; /* since start, kept or not */
	bool is_live;   /* false: now_us is a record's, and all are kept */
	struct {
		int64_t until_us; /* ends the second */
		uint32_t kept;    /* in it */
	} seconds[RT_REJECT_COUNT];
};

void rt_refusals_init(struct rt_refusals *r, uint32_t capacity, bool is_live);
void rt_refusals_fini(struct rt_refusals *r);

void rt_refusals_add(struct rt_refusals *r, int64_t now_us,
    enum rt_reject reason, const struct rt_diag *why, struct rt_str record,
    const char *source);
/* Newest first. */
void rt_refusals_report(
    const struct rt_refusals *r, int64_t now_us, struct rt_report *out);

/* The outline of a record as described above; out holds size bytes with the NUL. */
void rt_refused_outline(char *out, size_t size, struct rt_str record);

#endif
