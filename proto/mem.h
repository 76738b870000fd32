/* SPDX-License-Identifier: MIT */
/*
 * mem — allocation that does not come back empty-handed.
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

/* Called before the exit; NULL for none.  Not thread-safe: set at start. */
void rt_mem_on_exhausted(void (*hook)(void));

#endif
