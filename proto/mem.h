/* SPDX-License-Identifier: MIT */
/*
 * mem — allocation that does not come back empty-handed, and bytes by the hundred.
 *
 * Out of memory is fatal for the program (json-c can crash on it, so no promise
 * could be kept): the hook runs (the screen restores the terminal), one line goes
 * to stderr, and the process exits with 70.  libretrytop never calls these.
 */
#ifndef RT_MEM_H
#define RT_MEM_H

#include <stddef.h>

/* Zeroed. */
void *rt_xcalloc(size_t count, size_t size);
/*
 * The same for a table that records land anywhere in: a large one is in huge pages, where
 * the system gives them when asked.  Memory is taken as it is used, some 2 MiB at a time.
 */
void *rt_xtable(size_t count, size_t size);
void *rt_xrealloc(void *p, size_t size);
char *rt_xstrdup(const char *z);

/*
 * memset to 0 and memcpy, for some hundreds of bytes on a hot path: where the compiler
 * knows the size it writes `rep stos` and `rep movs`, which take long to begin.
 */
void rt_mem_zero(void *to, size_t size);
void rt_mem_copy(void *to, const void *from, size_t size);

/* Called before the exit; NULL for none.  Not thread-safe: set at start. */
void rt_mem_on_exhausted(void (*hook)(void));

#endif
