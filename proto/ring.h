/* SPDX-License-Identifier: MIT */
/*
 * ring — records in order, put by many threads, read and released by one.
 *
 * What    rt_ring_put never waits: it claims room with a compare-and-swap, copies, and
 *         marks the record ready.  No lock, no system call, no allocation.
 * Shape   Each record is a word (its length) and its bytes, padded to 8.  Positions are
 *         byte counts since the start and never wrap; a record never straddles the end.
 * Ready   A word of 0 is "not ready yet": released bytes are zeroed before their room is
 *         given back.  A reader stops there, so one slow writer delays, never corrupts.
 * Bounds  capacity is fixed at init, its pages are touched then; a put that does not fit
 *         is refused.
 */
#ifndef RT_RING_H
#define RT_RING_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "proto/text.h"

#define RT_RING_BYTES_MIN 65536u
#define RT_RING_BYTES_MAX ((size_t)1 << 32)
#define RT_RING_RECORD_MAX 16384u

struct rt_ring {
	char *bytes;                        /* owned */
	uint64_t capacity;                  /* a multiple of 8 */
	_Alignas(64) _Atomic uint64_t head; /* claimed up to here */
	_Alignas(64) _Atomic uint64_t tail; /* released up to here */
};

/* bytes: RT_RING_BYTES_MIN .. MAX, rounded up to pages.  RT_E_FULL: no memory. */
RT_NODISCARD enum rt_err rt_ring_init(struct rt_ring *r, size_t bytes);
void rt_ring_fini(struct rt_ring *r);

/* Any thread.  len 1 .. RT_RING_RECORD_MAX; false where there is no room. */
bool rt_ring_put(struct rt_ring *r, const void *bytes, size_t len);

/* Any thread: would a put of any record of up to `len` bytes find room now? */
bool rt_ring_has_room(const struct rt_ring *r, size_t len);

/*
 * The reader: the record at *at, moving *at behind it; false: none is ready.  The slice
 * is valid until it is released.
 */
bool rt_ring_next(const struct rt_ring *r, uint64_t *at, struct rt_str *record);

/* The reader: give back all before `at`. */
void rt_ring_release(struct rt_ring *r, uint64_t at);

/* Any thread. */
static inline uint64_t
rt_ring_head(const struct rt_ring *r)
{
	return atomic_load_explicit(&r->head, memory_order_acquire);
}

static inline uint64_t
rt_ring_tail(const struct rt_ring *r)
{
	return atomic_load_explicit(&r->tail, memory_order_acquire);
}

#endif
