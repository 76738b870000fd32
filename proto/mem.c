/* SPDX-License-Identifier: MIT */
#include "proto/mem.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "proto/err.h"

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
rt_mem_on_exhausted(void (*hook)(void))
{
	exhausted_hook = hook;
}
