/* SPDX-License-Identifier: MIT */
#include "collector/recent.h"

#include <stdlib.h>
#include <string.h>

#include "proto/mem.h"

#define LINE_MAX_BYTES (16 * RT_RECORD_MAX) /* escapes double the text */
#define LINES_OF_ONE_MAX 256u               /* of one operation, told or kept */

/* Before each line of the tail ring. */
struct line_head {
	uint32_t len;
	uint32_t number; /* its lower half */
	uint64_t operation;
	uint64_t before; /* position + 1 of the line before; 0: none */
	int64_t at_us;   /* when it arrived */
};

/* Before each line of the kept ring. */
struct kept_line {
	uint32_t len, pad;
	uint64_t number;
	int64_t at_us;
};

/* Before each operation of the kept ring; its lines follow. */
struct kept_head {
	uint32_t bytes, lines; /* bytes after this head */
	uint64_t operation;
	uint32_t rules;
	uint32_t is_whole;
};

static void
ring_init(struct rt_byte_ring *r, uint32_t size)
{
	*r = (struct rt_byte_ring){.size = size, .bytes = rt_xtable(size, 1)};
}

/* `at` plus up to a ring's length, as a place in it. */
static inline uint32_t
ring_step(const struct rt_byte_ring *r, uint32_t at, uint32_t len)
{
	return len < r->size - at ? at + len : len - (r->size - at);
}

static inline void
ring_write(struct rt_byte_ring *r, const void *bytes, uint32_t len)
{
	uint32_t run = r->size - r->head_at;

	if (len <= run) {
		memcpy(r->bytes + r->head_at, bytes, len);
	} else {
		memcpy(r->bytes + r->head_at, bytes, run);
		memcpy(r->bytes, (const char *)bytes + run, len - run);
	}
	r->head += len;
	r->head_at = ring_step(r, r->head_at, len);
}

/* From a place in the ring. */
static inline void
ring_get(const struct rt_byte_ring *r, uint32_t from, void *bytes, uint32_t len)
{
	uint32_t run = r->size - from;

	if (len <= run) {
		memcpy(bytes, r->bytes + from, len);
	} else {
		memcpy(bytes, r->bytes + from, run);
		memcpy((char *)bytes + run, r->bytes, len - run);
	}
}

/* From a position. */
static void
ring_read(const struct rt_byte_ring *r, uint64_t at, void *bytes, uint32_t len)
{
	ring_get(r, (uint32_t)(at % r->size), bytes, len);
}

static void
ring_drop(struct rt_byte_ring *r, uint32_t len)
{
	r->tail += len;
	r->tail_at = ring_step(r, r->tail_at, len);
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
rt_recent_add(struct rt_recent *r, int64_t now_us, struct rt_str line,
    uint64_t operation, uint64_t *chain)
{
	struct line_head head = {.len = (uint32_t)line.len,
	    .operation = operation,
	    .number = (uint32_t)r->next,
	    .at_us = now_us};
	uint32_t oldest_len; /* the first of its head */

	if (line.len + sizeof(head) > r->lines.size)
		return;
	while (ring_free(&r->lines) < sizeof(head) + line.len) {
		ring_get(&r->lines, r->lines.tail_at, &oldest_len,
		    sizeof(oldest_len));
		ring_drop(&r->lines, (uint32_t)sizeof(head) + oldest_len);
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

static uint64_t
number_of(const struct rt_recent *r, const struct line_head *head)
{
	return r->next - (uint32_t)((uint32_t)r->next - head->number);
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
		kept.bytes += (uint32_t)sizeof(struct kept_line) + head.len;
	}
	if (kept.lines == 0 || kept.bytes + sizeof(kept) > r->kept.size) {
		r->kept_dropped += kept.lines > 0;
		return;
	}
	while (ring_free(&r->kept) < sizeof(kept) + kept.bytes) {
		ring_get(&r->kept, r->kept.tail_at, &oldest, sizeof(oldest));
		ring_drop(&r->kept, (uint32_t)sizeof(oldest) + oldest.bytes);
	}
	ring_write(&r->kept, &kept, sizeof(kept));
	for (i = kept.lines; i-- > 0;) {
		ring_read(&r->lines, at[i], &head, sizeof(head));
		ring_read(&r->lines, at[i] + sizeof(head), line, head.len);
		ring_write(&r->kept,
		    &(struct kept_line){.len = head.len,
			.number = number_of(r, &head),
			.at_us = head.at_us},
		    sizeof(struct kept_line));
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

/* ---- the tail ---------------------------------------------------------------- */

/* Number of the first line that arrived at or after `us`. */
static uint64_t
first_since(const struct rt_recent *r, int64_t us)
{
	uint64_t at = r->lines.tail, number = r->first;
	struct line_head head;

	if (us == INT64_MAX)
		return r->next;
	for (; number < r->next; number++) {
		ring_read(&r->lines, at, &head, sizeof(head));
		if (head.at_us >= us)
			break;
		at += sizeof(head) + head.len;
	}
	return number;
}

/* Lines that only the kept ring has, by number. */
struct kept_at {
	uint64_t number, at;
	uint32_t len;
};

static int
by_number(const void *a, const void *b)
{
	const struct kept_at *x = a, *y = b;

	return x->number < y->number ? -1 : x->number > y->number;
}

/* *found is the caller's to free. */
static size_t
find_kept_lines(const struct rt_recent *r, const struct rt_recent_ask *ask,
    struct kept_at **found)
{
	size_t most = r->kept.size / sizeof(struct kept_line), n = 0;
	uint64_t at = r->kept.tail;
	struct kept_head head;
	struct kept_line line;

	*found = rt_xcalloc(most, sizeof(**found));
	while (at < r->kept.head) {
		ring_read(&r->kept, at, &head, sizeof(head));
		at += sizeof(head);
		for (uint32_t i = 0; i < head.lines; i++) {
			ring_read(&r->kept, at, &line, sizeof(line));
			at += sizeof(line);
			if (line.number >= ask->cursor &&
			    line.number < r->first &&
			    line.at_us >= ask->from_us &&
			    line.at_us < ask->until_us)
				(*found)[n++] =
				    (struct kept_at){line.number, at, line.len};
			at += line.len;
		}
	}
	qsort(*found, n, sizeof(**found), by_number);
	return n;
}

/* The number after the last one told; the cursor itself where there was none. */
static uint64_t
tell_kept(const struct rt_recent *r, const struct rt_recent_ask *ask,
    struct rt_report *out)
{
	struct kept_at *found;
	size_t n = find_kept_lines(r, ask, &found);
	uint64_t next = ask->cursor;

	for (size_t i = 0; i < n && out->tail.count < ask->max; i++) {
		out->tail.lines[out->tail.count++] =
		    copy_line(r, &r->kept, found[i].at, found[i].len, out);
		next = found[i].number + 1;
	}
	free(found);
	return next;
}

void
rt_recent_tail(const struct rt_recent *r, const struct rt_recent_ask *ask,
    struct rt_report *out)
{
	uint64_t number = r->first, at = r->lines.tail, cursor = ask->cursor;
	uint64_t end = first_since(r, ask->until_us);
	bool has_from = ask->from_us != INT64_MIN, has_room;
	struct line_head head;

	if (cursor > r->next) /* the newest; or a collector before this one */
		cursor = end - r->first > ask->max ? end - ask->max : r->first;
	out->tail.asked = true;
	out->tail.lines = rt_report_alloc(out, ask->max * sizeof(char *));
	if (has_from)
		cursor = tell_kept(r, ask, out);
	else
		out->tail.missed = r->first > cursor ? r->first - cursor : 0;
	has_room = out->tail.count < ask->max;
	for (; number < end && out->tail.count < ask->max; number++) {
		ring_read(&r->lines, at, &head, sizeof(head));
		if (number >= cursor && head.at_us >= ask->from_us)
			out->tail.lines[out->tail.count++] = copy_line(
			    r, &r->lines, at + sizeof(head), head.len, out);
		at += sizeof(head) + head.len;
	}
	out->tail.cursor = has_room && number > cursor ? number : cursor;
}

/* ---- one operation ----------------------------------------------------------- */

/* Lines of the newest kept copy, later ones too; 0 where there is none. */
static uint32_t
find_kept(const struct rt_recent *r, uint64_t operation, int64_t until_us,
    bool *goes_on, struct rt_report *out)
{
	uint64_t at = r->kept.tail, found = UINT64_MAX;
	struct kept_head head;
	struct kept_line line;
	uint32_t i;

	for (; at < r->kept.head; at += sizeof(head) + head.bytes) {
		ring_read(&r->kept, at, &head, sizeof(head));
		if (head.operation == operation)
			found = at;
	}
	if (found == UINT64_MAX)
		return 0;
	ring_read(&r->kept, found, &head, sizeof(head));
	at = found + sizeof(head);
	out->operation.is_whole = head.is_whole;
	out->operation.rules = head.rules;
	out->operation.lines =
	    rt_report_alloc(out, head.lines * sizeof(char *));
	for (i = 0; i < head.lines; i++) {
		ring_read(&r->kept, at, &line, sizeof(line));
		at += sizeof(line);
		if (line.at_us < until_us)
			out->operation.lines[out->operation.count++] =
			    copy_line(r, &r->kept, at, line.len, out);
		else
			*goes_on = true;
		at += line.len;
	}
	return head.lines;
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

bool
rt_recent_find(const struct rt_recent *r, uint64_t operation, uint64_t chain,
    int64_t until_us, struct rt_report *out)
{
	uint64_t at[LINES_OF_ONE_MAX];
	struct line_head head;
	bool is_whole, goes_on = false;
	uint32_t n, i, kept;

	if (chain == 0)
		chain = find_chain(r, operation);
	n = walk(r, chain, at, &is_whole);
	if ((n == 0 || !is_whole) &&
	    (kept = find_kept(r, operation, until_us, &goes_on, out)) > 0 &&
	    kept >= n)
		return goes_on;
	goes_on = false;
	out->operation.is_whole = is_whole;
	out->operation.count = 0;
	out->operation.lines = rt_report_alloc(out, (n + 1) * sizeof(char *));
	for (i = n; i-- > 0;) {
		ring_read(&r->lines, at[i], &head, sizeof(head));
		if (head.at_us < until_us)
			out->operation.lines[out->operation.count++] =
			    copy_line(r, &r->lines, at[i] + sizeof(head),
				head.len, out);
		else
			goes_on = true;
	}
	return goes_on;
}
