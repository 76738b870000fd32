/* SPDX-License-Identifier: MIT */
/*
 * fd — all of a descriptor: what read and write may do in pieces.
 *
 * Error  false with errno; a signal that interrupts is none.  The descriptors block, or
 *        their EAGAIN is an error.
 */
#ifndef RT_FD_H
#define RT_FD_H

#include <stdbool.h>

#include "proto/buf.h"
#include "proto/text.h"

RT_NODISCARD bool rt_fd_write_all(int fd, struct rt_str bytes);

/* Appends what is left of fd; EFBIG where it is more than `out` may hold. */
RT_NODISCARD bool rt_fd_read_all(int fd, struct rt_buf *out);

/*
 * A file, mode 0600, of these bytes at `path`: whoever reads it finds all of the old or all
 * of the new.  They are written to `beside` first, a path of the same folder that nobody
 * else uses; where it fails, nothing is left there.
 */
RT_NODISCARD bool rt_fd_replace(
    const char *path, const char *beside, struct rt_str bytes);

#endif
