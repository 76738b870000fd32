/* SPDX-License-Identifier: MIT */
/*
 * journal — what a collector accepted, on disk, in order.
 *
 * What    Canonical records and the positions of acknowledged senders, appended in
 *         frames (journal_format.h) to segments (journal_dir.h), by a thread of its own.
 *         A segment is closed at segment_bytes or segment_age and compressed; the oldest
 *         go beyond keep_bytes or keep_age, by the wall clock of the start and the
 *         monotonic one from there on, so that a jump of the clock removes nothing.
 *         Of refused records and duplicates a mark is kept (mark.h), which is no record
 *         and counted in none of the numbers below; those of over_rate wait, where there
 *         is nothing else to write, 200 ms to become long runs.
 * Flow    The loop adds records and answers, and flushes once a turn; what is flushed
 *         together is one frame.  rt_journal_fd is readable once frames are written;
 *         then their answers may be sent.  So nothing is acknowledged before write(2).
 * Disk    write(2) a frame, fsync each second and at the close of a segment: a kill of
 *         the process loses nothing that was acknowledged, a power cut the last second.
 * Full    Nothing here waits for the disk.  Where a write fails, or the thread is more than
 *         RT_JOURNAL_QUEUE_BYTES behind, records are counted in not_journalled, their
 *         senders are acknowledged all the same, and every further frame is tried anew.
 * Life    One loop; the thread ends with rt_journal_close.  Block signals before open, and
 *         ignore SIGXFSZ.
 */
#ifndef RT_JOURNAL_H
#define RT_JOURNAL_H

#include "collector/mark.h"
#include "proto/clock.h"
#include "proto/diag.h"
#include "proto/err.h"
#include "proto/text.h"
#include "proto/wire.h"

#define RT_JOURNAL_QUEUE_BYTES (16u << 20)

struct rt_journal_opts {
	const char *dir; /* made where it is not there */
	int64_t segment_bytes, segment_age_ms, keep_bytes, keep_age_ms;
};

struct rt_journal; /* opaque */

/*
 * RT_E_BUSY: another collector writes there.  RT_E_IO: cannot be made or locked.  A disk
 * that is full is no error: it is tried again.
 */
RT_NODISCARD enum rt_err rt_journal_open(const struct rt_journal_opts *o,
    struct rt_journal **out, struct rt_diag *d);
/* One canonical record without its newline; len 0: one that could not be encoded. */
void rt_journal_add(struct rt_journal *j, struct rt_str record);
/* Between the records added before and after; joined with the one before it if it can. */
void rt_journal_mark(struct rt_journal *j, const struct rt_mark *m);
/* Where a sender stands, as the HELLO it would send; goes with the next frame. */
void rt_journal_position(
    struct rt_journal *j, const struct rt_wire_header *hello);
/* To be sent to `to` once all that was added before is written. */
void rt_journal_answer(
    struct rt_journal *j, struct rt_str to, struct rt_str body);

/* Hand over what was added.  `now` stamps the records. */
void rt_journal_flush(struct rt_journal *j, rt_wall_t now);

/* Readable: call take_answer until it is false. */
int rt_journal_fd(const struct rt_journal *j);
bool rt_journal_take_answer(
    struct rt_journal *j, struct rt_str *to, struct rt_str *body);

/*
 * True once after a new segment began: give the positions of all senders, so that older
 * segments may go.
 */
bool rt_journal_wants_positions(struct rt_journal *j);

/* A change while running; dir is not looked at. */
void rt_journal_set_opts(struct rt_journal *j, const struct rt_journal_opts *o);

struct rt_journal_stats {
	uint64_t written, not_journalled; /* records, since open */
	char state[96];                   /* "ok", or why not */
};
void rt_journal_stats(struct rt_journal *j, struct rt_journal_stats *out);

/* Writes what was added, then ends; unsent answers are lost.  *last may be NULL. */
void rt_journal_close(struct rt_journal *j, struct rt_journal_stats *last);

#endif
