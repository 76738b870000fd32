/* SPDX-License-Identifier: MIT */
/*
 * ring_file — the pages of a ring that outlives its process, and how they are read.
 *
 * Layout  One page of header, then the ring's bytes (ring.h).  All in the byte order of
 *         the machine: a file is read where it was written.
 * Commit  A record is there once its word is stored.  What was acknowledged is a
 *         checkpoint with a CRC, kept twice and written one after the other, before the
 *         room of the records is given back: a kill at any instruction leaves one whole
 *         and true.
 * Reading From the checkpoint's tail on, at every eighth byte: a record is what has the
 *         mark, a length that fits and a CRC over salt, position and bytes.  So what a
 *         caller had not finished, or a byte that flipped, costs that record alone, and
 *         remains of an earlier lap are none.
 * Numbers A record that was sent carries its number; the others follow in order.  A
 *         number that may have been sent and whose record cannot be read is filled with
 *         a line that says so and that no collector accepts, so that the numbers of all
 *         others stay: it is counted there as refused (not_json), here as `damaged`.
 * Books   torn = offered - dropped - the highest number: calls that had not returned.
 *         They join the dropped.  Counters that cannot be (a byte flipped) are derived.
 */
#ifndef RT_RING_FILE_H
#define RT_RING_FILE_H

#include "proto/ring.h"
#include "proto/wire.h"

#define RT_RING_FILE_MAGIC "RTRING\r\n"
#define RT_RING_FILE_VERSION 1u
#define RT_RING_HEADER_BYTES 4096u
#define RT_RING_LOST_LINE "(a record that a crash or the disk left unreadable)"

struct rt_ring_checkpoint {
	uint64_t acked; /* the highest number acknowledged */
	uint64_t tail,
	    tail_before; /* a position; the number before its record */
	uint64_t sent;   /* the highest number that may have gone out */
	uint64_t check;  /* CRC of the above */
};

struct rt_ring_header {
	char magic[8];
	uint32_t version, header_bytes;
	uint64_t capacity, salt, epoch;
	char emitter[RT_WIRE_EMITTER_MAX + 8];
	char boot[40];
	uint64_t check; /* CRC of the above */
	_Alignas(64) struct rt_ring_checkpoint checkpoints[2];
	_Alignas(64) struct rt_ring_counts counts;
};

/* The word of a record: length, mark, CRC from the lowest bits up. */
#define RT_RING_LENGTH(word) ((size_t)((word)&0xffff))
#define RT_RING_MARK UINT64_C(0x5245) /* of a record */
#define RT_RING_SKIP UINT64_C(0x534b) /* pass over the rest of the lap */
#define RT_RING_MARK_OF(word) ((word) >> 16 & 0xffff)

/* Bytes that a record takes in the ring. */
static inline uint64_t
rt_ring_record_bytes(size_t len)
{
	return sizeof(struct rt_ring_head) + (len + 7) / 8 * 8;
}

/* The word of a record at a position; without a salt, in memory, there is no CRC. */
uint64_t rt_ring_word(
    uint64_t salt, uint64_t at, const void *bytes, size_t len);

void rt_ring_header_init(struct rt_ring_header *h, uint64_t capacity,
    const struct rt_ring_identity *who);

/* Write a checkpoint, but for its check, to both places. */
void rt_ring_checkpoint_put(
    struct rt_ring_header *h, struct rt_ring_checkpoint c);

/* What a file held. */
struct rt_ring_wreck {
	char emitter[RT_WIRE_EMITTER_MAX + 1];
	char boot[40];
	uint64_t epoch, acked;
	uint64_t offered, dropped; /* the torn are among the dropped */
	uint64_t found, damaged, torn;
	uint64_t ring_bytes; /* that found and damaged take in a ring */
};

/* Called for the numbers acked + 1, acked + 2 and so on, none left out. */
typedef void rt_ring_found_fn(void *arg, struct rt_str record);

/*
 * Read a file of `size` bytes, 64-aligned.  `found` may be NULL.  RT_E_VERSION: another
 * layout.  RT_E_SYNTAX: it is none.  RT_E_FIELD: its header or both checkpoints are
 * damaged, nothing in it can be trusted.
 */
RT_NODISCARD enum rt_err rt_ring_recover(const void *file, size_t size,
    rt_ring_found_fn *found, void *arg, struct rt_ring_wreck *out);

/* In the same bytes: number `acked` is acknowledged.  Only after rt_ring_recover. */
void rt_ring_wreck_acked(struct rt_ring_header *h, uint64_t acked);

#endif
