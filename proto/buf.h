/* SPDX-License-Identifier: MIT */
/*
 * buf — a growing byte buffer that cannot run away.
 *
 * The maximum is given at birth and checked on every append.  An append that
 * would pass it changes nothing and sets `overflow`, which stays set until
 * rt_buf_reset: check once, at the end.  Storage is kept across resets, so a
 * buffer used in a loop stops allocating.  Out of memory is fatal (mem.h).
 */
#ifndef RT_BUF_H
#define RT_BUF_H

#include <stdbool.h>
#include <stddef.h>

#include "proto/macro.h"

struct rt_buf {
	char *p;         /* owned; always NUL-terminated once used */
	size_t len;      /* bytes, without the NUL */
	size_t capacity; /* allocated */
	size_t max;      /* len never passes this */
	bool overflow;   /* an append was refused */
};

void rt_buf_init(struct rt_buf *b, size_t max);
/* On the caller's storage: never allocates, needs no fini; max is size - 1. */
void rt_buf_init_fixed(struct rt_buf *b, char *storage, size_t size);
void rt_buf_fini(struct rt_buf *b);
void rt_buf_reset(struct rt_buf *b);
void rt_buf_add(struct rt_buf *b, const void *bytes, size_t len);
/* Append len bytes for the caller to write now; NULL where it was refused. */
char *rt_buf_extend(struct rt_buf *b, size_t len);
char *rt_buf_more_room(struct rt_buf *b, size_t len);
/*
 * Where up to `len` bytes may be written, of which rt_buf_took appends those before `end`.
 * NULL where that many might pass `max`: not an overflow yet, try what is needed.
 */
static inline char *
rt_buf_room(struct rt_buf *b, size_t len)
{
	/* What is allocated is within `max`. */
	return b->len + len < b->capacity && !b->overflow
	    ? b->p + b->len
	    : rt_buf_more_room(b, len);
}

static inline void
rt_buf_took(struct rt_buf *b, char *end)
{
	*end = '\0';
	b->len = (size_t)(end - b->p);
}

void rt_buf_puts(struct rt_buf *b, const char *z);
void rt_buf_putc(struct rt_buf *b, char c);
void rt_buf_printf(struct rt_buf *b, const char *fmt, ...) RT_PRINTF(2, 3);

#endif
