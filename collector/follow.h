/* SPDX-License-Identifier: MIT */
/*
 * follow — the bytes of a log file as it grows, by its name.
 *
 * Grows     Read on where the last read ended.
 * Truncated Smaller than what was read, or other bytes where it ended (a file emptied and
 *           filled again between two looks): read from its beginning.
 * Replaced  Another file has the name: the old one is read until the new one holds
 *           something and the old one was quiet for a look; up to FOLLOW_FILES_MAX that
 *           had the name are held open meanwhile, so quick rotations lose nothing.
 * Missing   Waited for; what appears is read from its beginning.
 * Limit     What is written and removed again between two looks (copy-and-truncate has
 *           that gap itself) cannot be seen.
 * Life      Heap object.  Sleeps only in poll(2).
 */
#ifndef RT_FOLLOW_H
#define RT_FOLLOW_H

#include <stdbool.h>
#include <stddef.h>

#include "proto/diag.h"
#include "proto/err.h"

#define RT_FOLLOW_FILES_MAX 8u

struct rt_follow; /* opaque */

/*
 * from_end: begin behind the last whole line of what is there.  RT_E_IO: it cannot be
 * read; RT_E_USAGE: it is compressed or no regular file.
 */
RT_NODISCARD enum rt_err rt_follow_open(
    const char *path, bool from_end, struct rt_follow **out, struct rt_diag *d);
void rt_follow_close(struct rt_follow *f);

/*
 * Up to `size` bytes; *n is 0 where what comes next is another file or the same one from
 * its beginning.  RT_E_AGAIN after wait_ms (>= 0) without a byte, or a signal.  RT_E_IO, once,
 * where it cannot be read at the moment; it is tried again.
 */
RT_NODISCARD enum rt_err rt_follow_read(struct rt_follow *f, char *out,
    size_t size, int wait_ms, size_t *n, struct rt_diag *d);

#endif
