/* SPDX-License-Identifier: MIT */
#include "proto/ring.h"

#include <sys/mman.h>

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "proto/crc.h"
#include "proto/ring_file.h"

#define PAGE 4096u

static size_t
whole_pages(size_t bytes)
{
	return (bytes + PAGE - 1) / PAGE * PAGE;
}

static void
begin(struct rt_ring *r, void *bytes, size_t capacity)
{
	r->bytes = bytes;
	r->capacity = capacity;
	r->file = NULL;
	atomic_init(&r->own.offered, 0);
	atomic_init(&r->own.dropped, 0);
	atomic_init(&r->head, 0);
	atomic_init(&r->tail, 0);
}

enum rt_err
rt_ring_init(struct rt_ring *r, size_t bytes)
{
	size_t size = whole_pages(bytes);
	/* Touched now, so that no put pays for a page fault. */
	void *p = mmap(NULL, size, PROT_READ | PROT_WRITE,
	    MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);

	if (p == MAP_FAILED)
		return RT_E_FULL;
	begin(r, p, size);
	return RT_OK;
}

enum rt_err
rt_ring_map(
    struct rt_ring *r, int fd, size_t bytes, const struct rt_ring_identity *who)
{
	size_t capacity = whole_pages(bytes), i;
	size_t size = RT_RING_HEADER_BYTES + capacity;
	char *p;

	errno = posix_fallocate(fd, 0, (off_t)size);
	if (errno)
		return RT_E_IO;
	p = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (p == MAP_FAILED)
		return RT_E_IO;
	(void)madvise(p, size, MADV_DONTFORK);
	for (i = 0; i < size; i += PAGE)
		*(volatile char *)(p + i) = 0;
	begin(r, p + RT_RING_HEADER_BYTES, capacity);
	r->file = (struct rt_ring_header *)(void *)p;
	rt_crc_init();
	rt_ring_header_init(r->file, capacity, who);
	return RT_OK;
}

void
rt_ring_fini(struct rt_ring *r)
{
	if (r->file)
		munmap(r->file, RT_RING_HEADER_BYTES + r->capacity);
	else if (r->bytes)
		munmap(r->bytes, r->capacity);
	r->bytes = NULL;
	r->file = NULL;
}

static struct rt_ring_head *
head_at(const struct rt_ring *r, uint64_t at)
{
	return (struct rt_ring_head *)(void *)(r->bytes + at % r->capacity);
}

static void
commit(struct rt_ring *r, uint64_t at, const void *bytes, size_t len)
{
	uint64_t salt = r->file ? r->file->salt : 0;

	atomic_store_explicit(&head_at(r, at)->word,
	    rt_ring_word(salt, at, bytes, len), memory_order_release);
}

bool
rt_ring_put(struct rt_ring *r, const void *bytes, size_t len)
{
	uint64_t need = rt_ring_record_bytes(len), head, skip;

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
		atomic_store_explicit(&head_at(r, head)->word,
		    RT_RING_SKIP << 16, memory_order_release);
	head += skip;
	memcpy(r->bytes + head % r->capacity + sizeof(struct rt_ring_head),
	    bytes, len);
	commit(r, head, bytes, len);
	return true;
}

bool
rt_ring_has_room(const struct rt_ring *r, size_t len)
{
	/* Twice: what does not fit before the end leaves a hole there. */
	return rt_ring_head(r) + 2 * rt_ring_record_bytes(len) <=
	    rt_ring_tail(r) + r->capacity;
}

/* ---- counters ------------------------------------------------------------- */

static struct rt_ring_counts *
counts_of(struct rt_ring *r)
{
	return r->file ? &r->file->counts : &r->own;
}

void
rt_ring_count_offered(struct rt_ring *r, uint64_t n)
{
	atomic_fetch_add_explicit(
	    &counts_of(r)->offered, n * RT_RING_CODE, memory_order_relaxed);
}

void
rt_ring_count_dropped(struct rt_ring *r, uint64_t n)
{
	atomic_fetch_add_explicit(
	    &counts_of(r)->dropped, n * RT_RING_CODE, memory_order_release);
}

uint64_t
rt_ring_offered(const struct rt_ring *r)
{
	const struct rt_ring_counts *c = r->file ? &r->file->counts : &r->own;

	return atomic_load(&c->offered) * RT_RING_DECODE;
}

uint64_t
rt_ring_dropped(const struct rt_ring *r)
{
	const struct rt_ring_counts *c = r->file ? &r->file->counts : &r->own;

	return atomic_load_explicit(&c->dropped, memory_order_acquire) *
	    RT_RING_DECODE;
}

/* ---- the reader ----------------------------------------------------------- */

bool
rt_ring_next(const struct rt_ring *r, uint64_t *at, struct rt_str *record)
{
	while (*at != rt_ring_head(r)) {
		const struct rt_ring_head *head = head_at(r, *at);
		uint64_t word =
		    atomic_load_explicit(&head->word, memory_order_acquire);

		if (word == 0)
			return false;
		if (RT_RING_MARK_OF(word) == RT_RING_SKIP) {
			*at += r->capacity - *at % r->capacity;
			continue;
		}
		*record = (struct rt_str){
		    (const char *)(head + 1), RT_RING_LENGTH(word)};
		*at += rt_ring_record_bytes(record->len);
		return true;
	}
	return false;
}

void
rt_ring_stamp(struct rt_ring *r, struct rt_str record, uint64_t seq)
{
	size_t offset = (size_t)(record.p - r->bytes) - sizeof(uint64_t);

	if (r->file)
		atomic_store_explicit(
		    (_Atomic uint64_t *)(void *)(r->bytes + offset),
		    seq * RT_RING_CODE, memory_order_relaxed);
}

void
rt_ring_sending(struct rt_ring *r, uint64_t seq)
{
	struct rt_ring_checkpoint c;

	if (!r->file || r->file->checkpoints[0].sent >= seq)
		return;
	c = r->file->checkpoints[0];
	c.sent = seq;
	rt_ring_checkpoint_put(r->file, c);
}

void
rt_ring_release(struct rt_ring *r, uint64_t at, uint64_t acked)
{
	uint64_t tail = rt_ring_tail(r), len = at - tail;
	uint64_t to_end = r->capacity - tail % r->capacity;
	uint64_t first = len < to_end ? len : to_end;

	if (r->file)
		rt_ring_checkpoint_put(r->file,
		    (struct rt_ring_checkpoint){
			.acked = acked,
			.tail = at,
			.tail_before = acked,
			.sent = r->file->checkpoints[0].sent,
		    });
	memset(r->bytes + tail % r->capacity, 0, first);
	memset(r->bytes, 0, len - first);
	atomic_store_explicit(&r->tail, at, memory_order_release);
}
