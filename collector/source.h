/* SPDX-License-Identifier: MIT */
/*
 * source — records out of log files, one after the other.
 *
 * What    Reads files ("-" is standard input), plain or compressed (inflate.h), or
 *         follows one that grows (follow.h), and finds where each record ends: a line
 *         of JSON, an object spread over several, a logfmt line, or a block of
 *         `key: value` or `key="value"` lines parted by a blank line or `---`.
 *         Decodes nothing, and passes over a byte order mark at the start of a file.
 * Broken  An object that is not closed ends where a string is cut by the line's end,
 *         where a line begins with `{` or a bare key, or with the file, so half a
 *         record costs the one that was cut and no other.
 * Journal A segment or a folder of them (journal_reader.h) is read as one file.
 * Live    Followed, or set live: next gives RT_E_AGAIN where no whole record came within
 *         RT_SOURCE_LOOK_MS.  A line waits for its end, an object for its last brace, a
 *         block for what parts it from the next or for 2 s without a byte.
 * Order   One file: as it stands.  Several: merged by the time of the record; one without
 *         time stays behind its predecessor.  Equal times: in the order of the files.
 * Bounds  A buffer a file, fixed at open.  A record over RT_RECORD_MAX is handed on cut to
 *         RT_RECORD_MAX + 1 bytes or more, which the decoder refuses as too_large: one
 *         record, however long.
 * Cost    No allocation after open, no copy of a record.
 */
#ifndef RT_SOURCE_H
#define RT_SOURCE_H

#include <stdbool.h>
#include <stdint.h>

#include "collector/mark.h"
#include "proto/diag.h"
#include "proto/err.h"
#include "proto/text.h"

#define RT_SOURCE_FILES_MAX 256u
#define RT_SOURCE_LOOK_MS 200

struct rt_source; /* opaque */

/* Opens all: RT_E_IO names the file that cannot be read; RT_E_FULL: too many. */
RT_NODISCARD enum rt_err rt_source_open(const char *const paths[],
    unsigned count, struct rt_source **out, struct rt_diag *d);
void rt_source_close(struct rt_source *s);

/*
 * One file as it grows, is truncated or replaced; it need not be there yet.  from_end:
 * what it holds already is passed over.  RT_E_USAGE: it is compressed or no plain file.
 */
RT_NODISCARD enum rt_err rt_source_follow(
    const char *path, bool from_end, struct rt_source **out, struct rt_diag *d);

/* Come back from next while standard input or a pipe has nothing to give. */
void rt_source_set_live(struct rt_source *s);

/* Before the first record: have each damage of a journal told; borrowed for the call. */
void rt_source_on_damage(struct rt_source *s,
    void (*damaged)(void *arg, const struct rt_diag *d), void *arg);
/*
 * Before the first record: have each mark of a journal (mark.h) told, between the records
 * that it stood between where one journal is read; borrowed for the call.  Nobody asks:
 * they are passed over.
 */
void rt_source_on_mark(struct rt_source *s,
    void (*marked)(void *arg, const struct rt_mark *m), void *arg);
/* Records that were missing in journals so far. */
uint64_t rt_source_dropped(const struct rt_source *s);

struct rt_source_record {
	struct rt_str text;
	const char *where; /* "gw.jsonl:12", "-:3": its first line */
};

/*
 * The next record, borrowed until the next call.  RT_E_EMPTY at the end; RT_E_IO where
 * a file failed while it was read, ended too soon or is damaged (the others can still be
 * read on); RT_E_AGAIN where it is live: ask again.
 */
RT_NODISCARD enum rt_err rt_source_next(
    struct rt_source *s, struct rt_source_record *r, struct rt_diag *d);

/*
 * The value of `ts` or `timestamp` in a record of any form, without decoding it; false
 * where there is none that can be read.
 */
bool rt_source_time(struct rt_str record, int64_t *out_us);

#endif
