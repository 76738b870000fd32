/* SPDX-License-Identifier: MIT */
/*
 * ring — records in order, put by many threads, read and released by one.
 *
 * What    rt_ring_put never waits: it claims room with a compare-and-swap, copies, and
 *         commits the record with one release store.  No lock, no system call, no
 *         allocation.  The counters of what was offered and dropped live beside it.
 * Shape   Each record is a word (length, mark, CRC), a stamp (its number, once it is
 *         sent) and its bytes, padded to 8.  Positions are byte counts since the start
 *         and never wrap; a record never straddles the end.
 * Ready   A word of 0 is "not ready yet": released bytes are zeroed before their room is
 *         given back.  A reader stops there, so one slow writer delays, never corrupts.
 * File    Where the ring is a mapped file (rt_ring_map), all of this is in its pages and
 *         outlives the process; rt_ring_recover (ring_file.h) reads it.  In memory the
 *         CRC and the stamp stay 0.
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

/* Before the bytes of each record. */
struct rt_ring_head {
	_Atomic uint64_t word;  /* 0: not ready */
	_Atomic uint64_t stamp; /* 0: not sent; see rt_ring_code */
};

/*
 * A number times an odd constant: adding one is adding the constant, and a byte that
 * flipped leaves something that is no number below 2^40, as good as always.
 */
#define RT_RING_CODE UINT64_C(0x9e3779b97f4a7c15)
#define RT_RING_DECODE UINT64_C(0xf1de83e19937733d)
#define RT_RING_NUMBER_MAX ((UINT64_C(1) << 40) - 1)

struct rt_ring_counts {
	_Atomic uint64_t offered, dropped; /* in that code */
};

struct rt_ring_header; /* ring_file.h */

struct rt_ring {
	char *bytes;                 /* owned */
	uint64_t capacity;           /* a multiple of 8 */
	struct rt_ring_header *file; /* owned; NULL: in memory only */
	struct rt_ring_counts own;   /* those in use where there is no file */
	_Alignas(64) _Atomic uint64_t head; /* claimed up to here */
	_Alignas(64) _Atomic uint64_t tail; /* released up to here */
};

/* bytes: RT_RING_BYTES_MIN .. MAX, rounded up to pages.  RT_E_FULL: no memory. */
RT_NODISCARD enum rt_err rt_ring_init(struct rt_ring *r, size_t bytes);

/* Whose ring it is: written once, into the head of the file. */
struct rt_ring_identity {
	const char *emitter; /* valid for wire.h */
	uint64_t epoch, salt;
	const char *boot; /* of the machine; "" where not known */
};

/*
 * The same in the pages of `fd`, an empty file, which then is bytes and a page long and
 * written in full, so that no later store finds the disk full.  Children of fork() do not
 * have the mapping.  The descriptor stays the caller's.  RT_E_IO, with errno.
 */
RT_NODISCARD enum rt_err rt_ring_map(struct rt_ring *r, int fd, size_t bytes,
    const struct rt_ring_identity *who);
void rt_ring_fini(struct rt_ring *r);

/* Any thread.  len 1 .. RT_RING_RECORD_MAX; false where there is no room. */
bool rt_ring_put(struct rt_ring *r, const void *bytes, size_t len);

/* Any thread: would a put of any record of up to `len` bytes find room now? */
bool rt_ring_has_room(const struct rt_ring *r, size_t len);

/* Any thread: `n` more offered, before their put; dropped, after it was refused. */
void rt_ring_count_offered(struct rt_ring *r, uint64_t n);
void rt_ring_count_dropped(struct rt_ring *r, uint64_t n);
uint64_t rt_ring_offered(const struct rt_ring *r);
uint64_t rt_ring_dropped(const struct rt_ring *r);

/*
 * The reader: the record at *at, moving *at behind it; false: none is ready.  The slice
 * is valid until it is released.
 */
bool rt_ring_next(const struct rt_ring *r, uint64_t *at, struct rt_str *record);

/* The reader: a record that rt_ring_next gave is about to go out as number `seq`. */
void rt_ring_stamp(struct rt_ring *r, struct rt_str record, uint64_t seq);

/* The reader, before it sends: numbers up to `seq` may be known to a collector. */
void rt_ring_sending(struct rt_ring *r, uint64_t seq);

/* The reader: give back all before `at`, the records up to number `acked`. */
void rt_ring_release(struct rt_ring *r, uint64_t at, uint64_t acked);

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
