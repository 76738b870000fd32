/* SPDX-License-Identifier: MIT */
/*
 * refused — the newest refused records, so that a client's developer sees what is wrong.
 *
 * Each with reason, sentence, source, and the record's outline: keys, numbers and
 * punctuation, every text value masked, scrubbed and cut.  Content is not kept.  Of
 * over_rate, which says nothing of the record, one a second is kept at most, so that a
 * flood leaves the others in sight.
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
	struct rt_refused *rows; /* owned */
	uint32_t capacity;
	uint64_t count;            /* since start */
	uint64_t kept;             /* of these */
	int64_t next_over_rate_us; /* is kept from then on */
};

void rt_refusals_init(struct rt_refusals *r, uint32_t capacity);
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
