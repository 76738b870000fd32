/* SPDX-License-Identifier: MIT */
/*
 * trail — the newest events, decoded for the eye.
 *
 * What    Lines of report.tail become rows of fixed size in a ring; each row has a number
 *         that never comes again, so that a held view stays on its rows.
 * Bounds  RT_TRAIL_ROWS rows; older ones are overwritten.  Text is cut to its field.
 * Life    Caller's storage of known size; may be memcpy'd (a frozen screen is a copy).
 */
#ifndef RT_TRAIL_H
#define RT_TRAIL_H

#include <stdbool.h>
#include <stdint.h>

#include "proto/event.h"

#define RT_TRAIL_ROWS 1024u
#define RT_TRAIL_ID 513u /* 128 code points */
#define RT_TRAIL_TEXT 132u

struct rt_trail_row {
	int64_t ts_us;                  /* 0: absent */
	char operation_id[RT_TRAIL_ID]; /* whole: it is asked for */
	char service[RT_TRAIL_TEXT], route[RT_TRAIL_TEXT];
	char provider[RT_TRAIL_TEXT];
	char model[RT_TRAIL_TEXT], target[RT_TRAIL_TEXT]; /* fallback_target */
	char version[RT_TRAIL_TEXT];                      /* service_version */
	char reason[68];               /* decision_reason, else error_type */
	bool has_reason;               /* it is a decision_reason */
	int64_t attempt;               /* 0: absent */
	int64_t status;                /* 0: absent */
	double elapsed_ms, backoff_ms; /* < 0: absent */
	enum rt_class error_class;
	enum rt_decision decision; /* COUNT: it said nothing */
	enum rt_outcome outcome;   /* COUNT: it said nothing */
	bool is_summary, is_synthetic;
};

struct rt_trail {
	uint64_t newest; /* number of the newest row, 0: none yet */
	struct rt_trail_row rows[RT_TRAIL_ROWS];
};

void rt_trail_clear(struct rt_trail *t);
void rt_trail_add(struct rt_trail *t, const struct rt_event *e);

/* Number of the oldest row still there; newest + 1 where there is none. */
uint64_t rt_trail_oldest(const struct rt_trail *t);
/* NULL where that number is not there (any more). */
const struct rt_trail_row *rt_trail_get(
    const struct rt_trail *t, uint64_t number);

#endif
