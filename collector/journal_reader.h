/* SPDX-License-Identifier: MIT */
/*
 * journal_reader — the frames of a journal, plain or compressed, sound or not.
 *
 * What    Reads a folder, or one segment, in the order of the record numbers, and tells
 *         of each damage where it is and how many records it cost.
 * Exact   In a folder, always: the next frame, the next segment's name or the `end` mark
 *         says which number comes next.  One segment alone whose tail is cut off says
 *         what the headers that are left promise.
 * Memory  One frame and one compressed block, whatever the journal holds.
 */
#ifndef RT_JOURNAL_READER_H
#define RT_JOURNAL_READER_H

#include "collector/journal_format.h"
#include "proto/diag.h"

struct rt_journal_reader; /* opaque */

/* Does a folder hold segments, or is the file one (by its magic or its name)? */
bool rt_journal_is_at(const char *path);

/* RT_E_IO: cannot be read.  A folder without segments is an empty journal. */
RT_NODISCARD enum rt_err rt_journal_reader_open(
    const char *path, struct rt_journal_reader **out, struct rt_diag *d);
void rt_journal_reader_close(struct rt_journal_reader *r);

/*
 * Before the first frame: begin with the newest segment whose first frame arrived before
 * since_us, so that all that arrived since is read, and little else.
 */
void rt_journal_reader_seek(struct rt_journal_reader *r, int64_t since_us);
/* Before the first frame: begin with the last segment. */
void rt_journal_reader_seek_last(struct rt_journal_reader *r);

/*
 * RT_OK: a frame, borrowed until the next call.  RT_E_SYNTAX: records are missing or
 * bytes are damaged; the diag says where and how many.  RT_E_IO: a segment cannot be
 * read.  After both, go on.  RT_E_EMPTY: the end.
 */
RT_NODISCARD enum rt_err rt_journal_reader_next(
    struct rt_journal_reader *r, struct rt_journal_frame *f, struct rt_diag *d);

/* Records missing so far. */
uint64_t rt_journal_reader_dropped(const struct rt_journal_reader *r);
/* At the end: the number that a next record would have. */
uint64_t rt_journal_reader_next_number(const struct rt_journal_reader *r);

#endif
