/* SPDX-License-Identifier: MIT */
/*
 * fallback — the ledger of fallbacks: one row per (from, to, reason).
 *
 * What    Counts each fallback decision, and of these the ones whose operation ended in
 *         success.  An operation remembers its rows in a chain of marks until it ends.
 * Bound   `capacity` rows, what comes beyond is summed in row 0, "(other)"; marks from a
 *         pool as large as the table of operations, its exhaustion counted: such a
 *         decision is counted, its success is not.
 */
#ifndef RT_FALLBACK_H
#define RT_FALLBACK_H

#include "collector/intern.h"
#include "collector/window.h"
#include "proto/event.h"

struct rt_fallback_row {
	uint32_t from, to, reason; /* interned; RT_INTERN_NONE: not known */
	struct rt_window window;   /* RT_FALLBACK_x */
};

enum { RT_FALLBACK_DECISIONS, RT_FALLBACK_SUCCEEDED, RT_FALLBACK_COUNTERS };

struct rt_fallback_mark {
	uint32_t row, next; /* next: number + 1; 0: end */
};

struct rt_fallback {
	struct rt_intern *labels; /* borrowed */
	struct rt_window_shape shape;
	struct rt_fallback_row *rows; /* owned */
	char *storage;                /* owned: the rows' windows */
	uint32_t capacity, count, slots_mask;
	uint32_t *slots;                /* owned; row number + 1 */
	struct rt_fallback_mark *marks; /* owned */
	uint32_t marks_capacity, marks_used, marks_free;
	uint64_t rows_overflow, marks_overflow;
};

void rt_fallback_init(struct rt_fallback *f, struct rt_intern *labels,
    uint32_t rows, uint32_t marks);
void rt_fallback_fini(struct rt_fallback *f);
uint64_t rt_fallback_bytes(uint32_t rows, uint32_t marks);

/* Count the fallback that `e` decided; *chain is the operation's, 0 at first. */
void rt_fallback_decided(struct rt_fallback *f, int64_t now_us,
    const struct rt_event *e, uint32_t *chain);

/* The operation ended: settle its rows and free the chain. */
void rt_fallback_ended(
    struct rt_fallback *f, int64_t now_us, bool is_success, uint32_t *chain);

/* Rows of the window, most decisions first. */
void rt_fallback_report(
    struct rt_fallback *f, struct rt_span span, struct rt_report *out);

#endif
