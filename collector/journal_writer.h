/* SPDX-License-Identifier: MIT */
/*
 * journal_writer — frames appended to segments, by one thread.
 *
 * What    Numbers the records, opens and closes segments, compresses closed ones a block
 *         a step, syncs once a second, lets the oldest go.
 * Failed  A frame is in the segment whole or not at all; its numbers are given again to
 *         the next one.  `state` says why, `not_journalled` how many records it cost.
 * Life    Caller's storage; init, open, use, fini.  Knows no other thread.
 */
#ifndef RT_JOURNAL_WRITER_H
#define RT_JOURNAL_WRITER_H

#include "collector/journal.h"
#include "collector/journal_dir.h"
#include "collector/journal_format.h"

struct rt_journal_writer {
	int dir_fd, end_fd;
	int fd;           /* the open segment; -1: none */
	uint64_t segment; /* its number */
	uint64_t next;    /* number of the next record */
	uint64_t bytes;   /* of sound frames in the segment */
	int64_t opened_us, beat_us;
	int64_t
	    wall_from_us; /* wall clock - now at the first tend; 0: none yet */
	unsigned beats;
	bool is_unsynced;
	bool has_begun;    /* a segment, since the caller last cleared it */
	bool is_squeezing; /* there may be one to compress: step again */
	struct rt_journal_stats stats;
	struct rt_journal_squeeze squeeze;
	struct rt_buf frame;
};

void rt_journal_writer_init(struct rt_journal_writer *w);
/* Errors are those of rt_journal_open. */
RT_NODISCARD enum rt_err rt_journal_writer_open(
    struct rt_journal_writer *w, const char *path, struct rt_diag *d);
void rt_journal_writer_fini(struct rt_journal_writer *w);

/* Append a frame; its number is set here. */
void rt_journal_writer_put(struct rt_journal_writer *w,
    struct rt_journal_frame f, int64_t now_us, const struct rt_journal_opts *o);
/* What is due by time, at most once a second; and a step of compression. */
void rt_journal_writer_tend(struct rt_journal_writer *w, int64_t now_us,
    rt_wall_t wall, const struct rt_journal_opts *o);
/* Sync and close the open segment. */
void rt_journal_writer_end_segment(struct rt_journal_writer *w);

#endif
