/* SPDX-License-Identifier: MIT */
/*
 * journal_dir — the folder of a journal: its segments, its end mark, its lock.
 *
 * Segments  segment-NUMBER.rtj, compressed segment-NUMBER.rtj.zst; NUMBER is that of the
 *           first record, 20 digits.  Where both are there the compressed one is not
 *           finished and the plain one counts.
 * Blocks    A compressed segment is a row of independent zstd frames of at most
 *           RT_JOURNAL_BLOCK_BYTES each, so that damage costs one block, and `zstd -d`
 *           gives the plain segment.
 * End       The file `end` holds the number of the next record with its CRC: it says how
 *           many are missing where a tail was cut off.  Its flock is the lock of the folder.
 */
#ifndef RT_JOURNAL_DIR_H
#define RT_JOURNAL_DIR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "proto/diag.h"
#include "proto/err.h"

#define RT_JOURNAL_NAME_SIZE 48u
#define RT_JOURNAL_BLOCK_BYTES (256u << 10)

struct rt_journal_segment {
	uint64_t number;
	bool is_compressed;
	char name[RT_JOURNAL_NAME_SIZE];
};

struct rt_journal_list {
	struct rt_journal_segment *segments; /* owned; by number */
	size_t count;
};

void rt_journal_name(
    char out[RT_JOURNAL_NAME_SIZE], uint64_t number, bool is_compressed);
/* Is it the name of a segment?  `name` is the last part of a path. */
bool rt_journal_name_parse(const char *name, struct rt_journal_segment *out);

RT_NODISCARD enum rt_err rt_journal_list_read(
    struct rt_journal_list *l, int dir_fd);
void rt_journal_list_free(struct rt_journal_list *l);

/*
 * Open `end`, created where it is not there, and lock it.  RT_E_BUSY: another collector
 * writes here.
 */
RT_NODISCARD enum rt_err rt_journal_end_open(int dir_fd, int *out_fd);
void rt_journal_end_write(int fd, uint64_t number);
/* 0 where it says nothing sound. */
uint64_t rt_journal_end_read(int dir_fd);

/*
 * Remove the oldest segments until at most keep_bytes are left and none was last written
 * more than keep_ms before now_us.  Never one from `open_number` on.
 */
void rt_journal_retain(int dir_fd, uint64_t keep_bytes, int64_t keep_ms,
    int64_t now_us, uint64_t open_number);

/* Compresses closed segments, a block a step, so that nobody waits for it long. */
struct rt_journal_squeeze {
	int in, out;                    /* -1: at rest */
	void *context, *plain, *packed; /* owned */
	struct rt_journal_segment segment;
};

void rt_journal_squeeze_init(struct rt_journal_squeeze *q);
void rt_journal_squeeze_fini(struct rt_journal_squeeze *q, int dir_fd);
/* False: nothing left to do below `open_number`, or it failed (the plain one stays). */
bool rt_journal_squeeze_step(
    struct rt_journal_squeeze *q, int dir_fd, uint64_t open_number);

#endif
