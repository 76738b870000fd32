/* SPDX-License-Identifier: MIT */
/*
 * inflate — bytes of a file as they were before it was compressed.
 *
 * What    Plain, gzip (RFC 1952) and zstd (RFC 8878) are told apart by their first
 *         bytes, never by a name, so it works for standard input too.  Members and
 *         frames that follow each other are one text; zeros behind gzip data are padding.
 * Broken  A file that ends too soon or is damaged gives what can still be read, then
 *         RT_E_IO once with a sentence that names the byte of the file, then the end.
 * Bounds  64 KiB of input, 32 KiB of window for gzip; for zstd the window that its frame
 *         asks for, 8 MiB with the usual levels, refused beyond 128 MiB.  Output is
 *         never held: however much comes out of few bytes, memory stays the same.
 * Life    Heap object; the descriptor stays the caller's.
 */
#ifndef RT_INFLATE_H
#define RT_INFLATE_H

#include <stdbool.h>
#include <stddef.h>

#include "proto/diag.h"
#include "proto/err.h"

struct rt_inflate; /* opaque */

RT_NODISCARD struct rt_inflate *rt_inflate_new(int fd);
void rt_inflate_free(struct rt_inflate *z);

/*
 * Up to `size` bytes (at least 1) to out; *n says how many, 0 at the end.  wait_ms < 0
 * blocks; otherwise RT_E_AGAIN where nothing came for so long, or a signal did.
 */
RT_NODISCARD enum rt_err rt_inflate_read(struct rt_inflate *z, char *out,
    size_t size, int wait_ms, size_t *n, struct rt_diag *d);

/* Do so few bytes show that a file is compressed?  At least 4 tell for sure. */
bool rt_inflate_is_compressed(const void *bytes, size_t len);

#endif
