/* SPDX-License-Identifier: MIT */
/*
 * journal_format — the bytes of a journal segment, and how to read damaged ones.
 *
 * Segment  The line RT_JOURNAL_MAGIC, then frames.
 * Frame    A header of RT_JOURNAL_HEADER_BYTES, little-endian: F5 72 74 FA, CRC-32 of the
 *          header behind it, CRC-32 of the body, bytes of records, bytes of senders,
 *          count of records, number of the first (64 bit), arrival (64 bit, us since
 *          1970).  Then the body: canonical records, one a line, marks between them
 *          (mark.h), and a HELLO header (proto/wire.h) a line for each sender whose
 *          position moved.
 * Damage   F5 is in no UTF-8 text, so the next sound frame is found again whatever is
 *          broken.  Records are numbered through all segments: the number in the next
 *          sound frame says exactly how many are missing.
 * Pure     No file, no clock, no heap.
 */
#ifndef RT_JOURNAL_FORMAT_H
#define RT_JOURNAL_FORMAT_H

#include <stdbool.h>
#include <stdint.h>

#include "proto/buf.h"
#include "proto/err.h"
#include "proto/text.h"

#define RT_JOURNAL_MAGIC "retrytop-journal 1\n"
#define RT_JOURNAL_HEADER_BYTES 40u
#define RT_JOURNAL_BODY_MAX (4u << 20)

struct rt_journal_frame {
	uint64_t first;                 /* number of the first record, from 1 */
	uint32_t count;                 /* records; 1 if there are marks only */
	int64_t arrived_us;             /* wall clock */
	struct rt_str records, senders; /* lines, each with its '\n' */
};

/* Appends it to b; the body has at most RT_JOURNAL_BODY_MAX bytes. */
void rt_journal_frame_encode(
    struct rt_buf *b, const struct rt_journal_frame *f);

/* A stretch that could not be read. */
struct rt_journal_damage {
	unsigned file;    /* as told to rt_journal_scan_begin */
	uint64_t offset;  /* where it begins */
	uint64_t dropped; /* records missing, exactly */
	const char *what; /* static */
};

/* Follows the frames of one segment after the other. */
struct rt_journal_scan {
	uint64_t next;    /* number of the record to come; 0: any */
	uint64_t claimed; /* end of what headers of broken frames promise */
	uint64_t dropped; /* records, all damage together */
	uint64_t offset;  /* of the bytes not yet taken */
	bool is_blocks;   /* the caller moves `offset` */
	bool has_begun, is_bad;
	unsigned file;
	struct rt_journal_damage bad; /* open: not yet known how much is lost */
};

/* A segment begins; what was broken at the end of the last one stays open. */
void rt_journal_scan_begin(struct rt_journal_scan *s, unsigned file);

/*
 * Take the next frame off `bytes`; its slices point into them.  is_end: no more bytes
 * follow (or a hole does).
 *	RT_OK		a frame
 *	RT_E_SYNTAX	damage is over or records are missing: *damage says what; go on
 *	RT_E_AGAIN	needs more bytes behind these
 *	RT_E_EMPTY	is_end and all are taken
 */
RT_NODISCARD enum rt_err rt_journal_scan_next(struct rt_journal_scan *s,
    struct rt_str *bytes, bool is_end, struct rt_journal_frame *f,
    struct rt_journal_damage *damage);

/* Bytes at the offset cannot be had at all. */
void rt_journal_scan_hole(struct rt_journal_scan *s, const char *what);

/*
 * After the last segment: true where something is missing.  `end` is the number of the
 * record that would come next, 0 where nobody knows: then broken headers are believed.
 */
bool rt_journal_scan_end(
    struct rt_journal_scan *s, uint64_t end, struct rt_journal_damage *damage);

#endif
