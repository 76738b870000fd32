/* SPDX-License-Identifier: MIT */
/*
 * spool — a folder of mapped rings: one file a process and emitter, found when it died.
 *
 * What    rt_spool_create makes the ring of a new emitter there; rt_spool_next takes over
 *         one that nobody holds and reads what is left in it.
 * Names   EPOCH-EMITTER.ring, so that they sort by age; .EPOCH-EMITTER.new while it is
 *         made, and removed a minute after whoever made it died.
 * Lock    flock of the file for as long as its process lives: the kernel lets go of it at
 *         any death, so neither a number that another process got since nor a restart of
 *         the machine can deceive.  A child of fork() lets go at once.
 * Safe    Mode 0600, O_NOFOLLOW; only regular files of the own user, without other
 *         links, that nobody else may write.  A left-over is read into memory, never
 *         mapped: whoever cuts it short cannot kill its reader.
 * Bounds  RT_SPOOL_FILES_MAX files, those in use among them; where a new one would be one
 *         more, the oldest left-over is removed, and its records are counted by the
 *         caller.  What cannot be read is never removed.
 * Errno   Every RT_E_IO comes with errno.
 */
#ifndef RT_SPOOL_H
#define RT_SPOOL_H

#include "proto/ring_file.h"

#define RT_SPOOL_PATH_SIZE 1024u
#define RT_SPOOL_FILES_MAX 256u

struct rt_spool_file {
	struct rt_spool_file *before, *after; /* others of this process */
	int fd;                               /* owned; -1: none */
	char path[RT_SPOOL_PATH_SIZE];
};

/*
 * A ring of `bytes` in a new file of `dir`, which is made where it is missing; *crowded:
 * records of others that gave way.  RT_E_IO.
 */
RT_NODISCARD enum rt_err rt_spool_create(struct rt_spool_file *f,
    const char *dir, size_t bytes, const char *emitter, uint64_t epoch,
    struct rt_ring *ring, uint64_t *crowded);

/* One pass over a folder, the oldest first, or over one file. */
struct rt_spool_scan {
	char path[RT_SPOOL_PATH_SIZE];
	char last[256];         /* name that was tried last */
	unsigned held, refused; /* by a living process; not fit or damaged */
	int why;                /* errno of the last refusal */
};

/* RT_E_IO: no such folder or file, or too long a path. */
RT_NODISCARD enum rt_err rt_spool_scan(
    struct rt_spool_scan *s, const char *path);

/*
 * Take over the next: *ring, in memory, holds what nobody acknowledged, its first record
 * being number w->acked + 1, and its counters.  RT_E_EMPTY: there is no other.
 */
RT_NODISCARD enum rt_err rt_spool_next(struct rt_spool_scan *s,
    struct rt_spool_file *f, struct rt_ring *ring, struct rt_ring_wreck *w);

/* In a file taken over: number `acked` is acknowledged.  False: it cannot be kept. */
bool rt_spool_acked(struct rt_spool_file *f, uint64_t acked);

/* Nothing in it is needed any more. */
void rt_spool_remove(struct rt_spool_file *f);
/* Leave it to the next one. */
void rt_spool_close(struct rt_spool_file *f);

#endif
