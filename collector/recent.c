/* SPDX-License-Identifier: MIT */
#include "collector/recent.h"

#include <stdlib.h>
#include <string.h>

#include "proto/mem.h"

#define LINE_MAX_BYTES (16 * RT_RECORD_MAX) /* escapes double the text */
#define LINES_OF_ONE_MAX 256u               /* of one operation, told or kept */

/* Before each line of the tail ring. */
struct line_head {
	uint32_t len, pad;
	uint64_t operation;
	uint64_t before; /* position + 1 of the line before; 0: none */
};

/* Before each operation of the kept ring; lines follow, each behind its length. */
struct kept_head {
	uint32_t bytes, lines; /* bytes after this head */
	uint64_t operation;
	uint32_t rules;
	uint32_t is_whole;
};

static void
ring_init(struct rt_byte_ring *r, uint32_t size)
{
	*r = (struct rt_byte_ring){.size = size, .bytes = rt_xcalloc(size, 1)};
}

static void
ring_write(struct rt_byte_ring *r, const void *bytes, uint32_t len)
{
	uint32_t from = (uint32_t)(r->head % r->size);
	uint32_t run = r->size - from;

	if (run > len)
		run = len;
	memcpy(r->bytes + from, bytes, run);
	memcpy(r->bytes, (const char *)bytes + run, len - run);
	r->head += len;
}

static void
ring_read(const struct rt_byte_ring *r, uint64_t at, void *bytes, uint32_t len)
{
	uint32_t from = (uint32_t)(at % r->size);
	uint32_t run = r->size - from;

	if (run > len)
		run = len;
	memcpy(bytes, r->bytes + from, run);
	memcpy((char *)bytes + run, r->bytes, len - run);
}

static uint32_t
ring_free(const struct rt_byte_ring *r)
{
	return r->size - (uint32_t)(r->head - r->tail);
}

void
rt_recent_init(struct rt_recent *r, uint32_t bytes)
{
	*r = (struct rt_recent){0};
	ring_init(&r->lines, bytes / 2);
	ring_init(&r->kept, bytes / 2);
}

void
rt_recent_fini(struct rt_recent *r)
{
	free(r->lines.bytes);
	free(r->kept.bytes);
	*r = (struct rt_recent){0};
}

void
rt_recent_add(struct rt_recent *r, struct rt_str line, uint64_t operation,
    uint64_t *chain)
{
	struct line_head head = {
	    .len = (uint32_t)line.len, .operation = operation};
	struct line_head oldest;

	if (line.len + sizeof(head) > r->lines.size)
		return;
	while (ring_free(&r->lines) < sizeof(head) + line.len) {
		ring_read(&r->lines, r->lines.tail, &oldest, sizeof(oldest));
		r->lines.tail += sizeof(oldest) + oldest.len;
		r->first++;
	}
	if (chain) {
		head.before = *chain;
		*chain = r->lines.head + 1;
	}
	ring_write(&r->lines, &head, sizeof(head));
	ring_write(&r->lines, line.p, (uint32_t)line.len);
	r->next++;
}

/* Positions of a chain's lines, newest first; *is_whole: none was overwritten. */
static uint32_t
walk(const struct rt_recent *r, uint64_t chain, uint64_t at[LINES_OF_ONE_MAX],
    bool *is_whole)
{
	struct line_head head;
	uint32_t n = 0;

	*is_whole = true;
	for (; chain != 0; chain = head.before) {
		if (chain - 1 < r->lines.tail || n == LINES_OF_ONE_MAX) {
			*is_whole = false;
			break;
		}
		at[n++] = chain - 1;
		ring_read(&r->lines, chain - 1, &head, sizeof(head));
	}
	return n;
}

void
rt_recent_keep(
    struct rt_recent *r, uint64_t operation, uint64_t chain, uint32_t rules)
{
	uint64_t at[LINES_OF_ONE_MAX];
	struct kept_head kept = {.operation = operation, .rules = rules},
			 oldest;
	struct line_head head;
	char line[4 * RT_RECORD_MAX];
	bool is_whole;
	uint32_t i;

	kept.lines = walk(r, chain, at, &is_whole);
	kept.is_whole = is_whole;
	for (i = 0; i < kept.lines; i++) {
		ring_read(&r->lines, at[i], &head, sizeof(head));
		kept.bytes += (uint32_t)sizeof(head.len) + head.len;
	}
	if (kept.lines == 0 || kept.bytes + sizeof(kept) > r->kept.size) {
		r->kept_dropped += kept.lines > 0;
		return;
	}
	while (ring_free(&r->kept) < sizeof(kept) + kept.bytes) {
		ring_read(&r->kept, r->kept.tail, &oldest, sizeof(oldest));
		r->kept.tail += sizeof(oldest) + oldest.bytes;
	}
	ring_write(&r->kept, &kept, sizeof(kept));
	for (i = kept.lines; i-- > 0;) {
		ring_read(&r->lines, at[i], &head, sizeof(head));
		ring_read(&r->lines, at[i] + sizeof(head), line, head.len);
		ring_write(&r->kept, &head.len, sizeof(head.len));
		ring_write(&r->kept, line, head.len);
	}
}

static const char *
copy_line(const struct rt_recent *r, const struct rt_byte_ring *ring,
    uint64_t at, uint32_t len, struct rt_report *out)
{
	char *bytes = rt_report_alloc(out, (size_t)len + 1);
	const char *line = bytes;
	struct rt_buf b;

	ring_read(ring, at, bytes, len);
	if (r->write) {
		rt_buf_init(&b, LINE_MAX_BYTES);
		r->write(&b, (struct rt_str){bytes, len});
		line = rt_report_text(out, (struct rt_str){b.p, b.len});
		rt_buf_fini(&b);
	}
	return line;
}

void
rt_recent_tail(const struct rt_recent *r, uint64_t cursor, uint32_t max,
    struct rt_report *out)
{
	uint64_t number = r->first, at = r->lines.tail;
	struct line_head head;

	if (cursor > r->next) /* the newest; or a collector before this one */
		cursor = r->next - r->first > max ? r->next - max : r->first;
	out->tail.asked = true;
	out->tail.missed = r->first > cursor ? r->first - cursor : 0;
	out->tail.lines = rt_report_alloc(out, max * sizeof(char *));
	for (; number < r->next && out->tail.count < max; number++) {
		ring_read(&r->lines, at, &head, sizeof(head));
		if (number >= cursor)
			out->tail.lines[out->tail.count++] = copy_line(
			    r, &r->lines, at + sizeof(head), head.len, out);
		at += sizeof(head) + head.len;
	}
	out->tail.cursor = number > cursor ? number : cursor;
}

/* The newest kept copy; false where there is none. */
static bool
find_kept(const struct rt_recent *r, uint64_t operation, struct rt_report *out)
{
	uint64_t at = r->kept.tail, found = UINT64_MAX;
	struct kept_head head;
	uint32_t i, len;

	for (; at < r->kept.head; at += sizeof(head) + head.bytes) {
		ring_read(&r->kept, at, &head, sizeof(head));
		if (head.operation == operation)
			found = at;
	}
	if (found == UINT64_MAX)
		return false;
	ring_read(&r->kept, found, &head, sizeof(head));
	at = found + sizeof(head);
	out->operation.is_whole = head.is_whole;
	out->operation.rules = head.rules;
	out->operation.lines =
	    rt_report_alloc(out, head.lines * sizeof(char *));
	for (i = 0; i < head.lines; i++) {
		ring_read(&r->kept, at, &len, sizeof(len));
		out->operation.lines[i] =
		    copy_line(r, &r->kept, at + sizeof(len), len, out);
		at += sizeof(len) + len;
	}
	out->operation.count = head.lines;
	return true;
}

/* No chain and no copy: the newest line of it in the ring leads to the others. */
static uint64_t
find_chain(const struct rt_recent *r, uint64_t operation)
{
	uint64_t at = r->lines.tail, chain = 0;
	struct line_head head;

	for (; at < r->lines.head; at += sizeof(head) + head.len) {
		ring_read(&r->lines, at, &head, sizeof(head));
		if (head.operation == operation)
			chain = at + 1;
	}
	return chain;
}

void
rt_recent_find(const struct rt_recent *r, uint64_t operation, uint64_t chain,
    struct rt_report *out)
{
	uint64_t at[LINES_OF_ONE_MAX];
	struct line_head head;
	bool is_whole;
	uint32_t n, i;

	if (chain == 0)
		chain = find_chain(r, operation);
	n = walk(r, chain, at, &is_whole);
	if ((n == 0 || !is_whole) && find_kept(r, operation, out) &&
	    out->operation.count >= n)
		return;
	out->operation.is_whole = is_whole;
	out->operation.lines = rt_report_alloc(out, (n + 1) * sizeof(char *));
	out->operation.count = n;
	for (i = 0; i < n; i++) {
		ring_read(&r->lines, at[n - 1 - i], &head, sizeof(head));
		out->operation.lines[i] = copy_line(
		    r, &r->lines, at[n - 1 - i] + sizeof(head), head.len, out);
	}
}
