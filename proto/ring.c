/* SPDX-License-Identifier: MIT */
#include "proto/ring.h"

#include <sys/mman.h>

#include <string.h>

#define WORD sizeof(uint64_t)
#define PAGE 4096u
/* A word with this bit is no record: the rest tells how many bytes to pass over. */
#define SKIP (UINT64_C(1) << 63)

enum rt_err
rt_ring_init(struct rt_ring *r, size_t bytes)
{
	size_t size = (bytes + PAGE - 1) / PAGE * PAGE;
	/* Touched now, so that no put pays for a page fault. */
	void *p = mmap(NULL, size, PROT_READ | PROT_WRITE,
	    MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);

	if (p == MAP_FAILED)
		return RT_E_FULL;
	r->bytes = p;
	r->capacity = size;
	atomic_init(&r->head, 0);
	atomic_init(&r->tail, 0);
	return RT_OK;
}

void
rt_ring_fini(struct rt_ring *r)
{
	if (r->bytes)
		munmap(r->bytes, r->capacity);
	r->bytes = NULL;
}

static uint64_t
record_bytes(size_t len)
{
	return WORD + (len + WORD - 1) / WORD * WORD;
}

static _Atomic uint64_t *
word_at(const struct rt_ring *r, uint64_t at)
{
	return (_Atomic uint64_t *)(void *)(r->bytes + at % r->capacity);
}

bool
rt_ring_put(struct rt_ring *r, const void *bytes, size_t len)
{
	uint64_t need = record_bytes(len), head, skip;

	head = atomic_load_explicit(&r->head, memory_order_relaxed);
	do {
		uint64_t to_end = r->capacity - head % r->capacity;

		skip = need > to_end ? to_end : 0;
		/* The head may be stale, even behind the tail: no subtraction. */
		if (head + skip + need > rt_ring_tail(r) + r->capacity)
			return false;
	} while (!atomic_compare_exchange_weak_explicit(&r->head, &head,
	    head + skip + need, memory_order_acq_rel, memory_order_relaxed));
	if (skip)
		atomic_store_explicit(
		    word_at(r, head), SKIP | skip, memory_order_release);
	head += skip;
	memcpy(r->bytes + head % r->capacity + WORD, bytes, len);
	atomic_store_explicit(word_at(r, head), len, memory_order_release);
	return true;
}

bool
rt_ring_has_room(const struct rt_ring *r, size_t len)
{
	/* Twice: what does not fit before the end leaves a hole there. */
	return rt_ring_head(r) + 2 * record_bytes(len) <=
	    rt_ring_tail(r) + r->capacity;
}

bool
rt_ring_next(const struct rt_ring *r, uint64_t *at, struct rt_str *record)
{
	while (*at != rt_ring_head(r)) {
		uint64_t value =
		    atomic_load_explicit(word_at(r, *at), memory_order_acquire);

		if (value == 0)
			return false;
		if (value & SKIP) {
			*at += value & ~SKIP;
			continue;
		}
		*record =
		    (struct rt_str){r->bytes + *at % r->capacity + WORD, value};
		*at += record_bytes(value);
		return true;
	}
	return false;
}

void
rt_ring_release(struct rt_ring *r, uint64_t at)
{
	uint64_t tail = rt_ring_tail(r), len = at - tail;
	uint64_t to_end = r->capacity - tail % r->capacity;
	uint64_t first = len < to_end ? len : to_end;

	memset(r->bytes + tail % r->capacity, 0, first);
	memset(r->bytes, 0, len - first);
	atomic_store_explicit(&r->tail, at, memory_order_release);
}
