/* SPDX-License-Identifier: MIT */
#include "proto/mem.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "proto/err.h"

#define HUGE_PAGE ((size_t)2 << 20)

static void (*exhausted_hook)(void);

static void *
check(void *p)
{
	if (p)
		return p;
	if (exhausted_hook)
		exhausted_hook();
	fputs("retrytop: out of memory\n", stderr);
	exit(RT_EXIT_INTERNAL);
}

void *
rt_xcalloc(size_t count, size_t size)
{
	return check(calloc(count ? count : 1, size ? size : 1));
}

void *
rt_xtable(size_t count, size_t size)
{
	char *p = rt_xcalloc(count, size);
#ifdef MADV_HUGEPAGE
	size_t before = (HUGE_PAGE - (uintptr_t)p % HUGE_PAGE) % HUGE_PAGE;
	size_t whole = count * size;

	whole = whole > before ? (whole - before) / HUGE_PAGE * HUGE_PAGE : 0;
	if (whole > 0) /* refused: then they are small */
		(void)madvise(p + before, whole, MADV_HUGEPAGE);
#endif
	return p;
}

void *
rt_xrealloc(void *p, size_t size)
{
	return check(realloc(p, size ? size : 1));
}

char *
rt_xstrdup(const char *z)
{
	return check(strdup(z));
}

void
rt_mem_zero(void *to, size_t size)
{
	memset(to, 0, size);
}

void
rt_mem_copy(void *to, const void *from, size_t size)
{
	memcpy(to, from, size);
}

void
rt_mem_on_exhausted(void (*hook)(void))
{
	exhausted_hook = hook;
}
