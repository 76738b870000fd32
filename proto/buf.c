/* SPDX-License-Identifier: MIT */
#include "proto/buf.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "proto/mem.h"

void
rt_buf_init(struct rt_buf *b, size_t max)
{
	*b = (struct rt_buf){.max = max};
}

void
rt_buf_init_fixed(struct rt_buf *b, char *storage, size_t size)
{
	*b = (struct rt_buf){.p = storage, .capacity = size, .max = size - 1};
	storage[0] = '\0';
}

void
rt_buf_fini(struct rt_buf *b)
{
	free(b->p);
	*b = (struct rt_buf){.max = b->max};
}

void
rt_buf_reset(struct rt_buf *b)
{
	b->len = 0;
	b->overflow = false;
	if (b->p)
		b->p[0] = '\0';
}

/* Make room for `more` bytes and the NUL, which `max` allows. */
static void
grow(struct rt_buf *b, size_t more)
{
	size_t want;

	want = b->capacity ? b->capacity * 2 : 256;
	if (want < b->len + more + 1)
		want = b->len + more + 1;
	if (want > b->max + 1)
		want = b->max + 1;
	b->p = rt_xrealloc(b->p, want);
	b->capacity = want;
}

/* The same, where it is allowed. */
static inline bool
reserve(struct rt_buf *b, size_t more)
{
	if (b->overflow || more > b->max - b->len) {
		b->overflow = true;
		return false;
	}
	if (b->len + more >= b->capacity)
		grow(b, more);
	return true;
}

char *
rt_buf_more_room(struct rt_buf *b, size_t len)
{
	if (b->overflow || len > b->max - b->len)
		return NULL;
	if (b->len + len >= b->capacity)
		grow(b, len);
	return b->p + b->len;
}

char *
rt_buf_extend(struct rt_buf *b, size_t len)
{
	if (!reserve(b, len))
		return NULL;
	b->len += len;
	b->p[b->len] = '\0';
	return b->p + b->len - len;
}

void
rt_buf_add(struct rt_buf *b, const void *bytes, size_t len)
{
	char *to = rt_buf_extend(b, len);

	if (to && len > 0)
		memcpy(to, bytes, len);
}

void
rt_buf_puts(struct rt_buf *b, const char *z)
{
	rt_buf_add(b, z, strlen(z));
}

void
rt_buf_putc(struct rt_buf *b, char c)
{
	rt_buf_add(b, &c, 1);
}

void
rt_buf_printf(struct rt_buf *b, const char *fmt, ...)
{
	char small[512];
	char *big;
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(small, sizeof(small), fmt, ap);
	va_end(ap);
	if (n < 0)
		return;
	if ((size_t)n < sizeof(small)) {
		rt_buf_add(b, small, (size_t)n);
		return;
	}
	big = rt_xcalloc((size_t)n + 1, 1);
	va_start(ap, fmt);
	vsnprintf(big, (size_t)n + 1, fmt, ap);
	va_end(ap);
	rt_buf_add(b, big, (size_t)n);
	free(big);
}
