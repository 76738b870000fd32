/* SPDX-License-Identifier: MIT */
#include "proto/ring_file.h"

#include <stddef.h>
#include <string.h>

#include "proto/crc.h"

/* A checkpoint before the release of what it covers, for whoever reads the corpse. */
#define IN_ORDER() atomic_thread_fence(memory_order_release)

uint64_t
rt_ring_word(uint64_t salt, uint64_t at, const void *bytes, size_t len)
{
	uint64_t place[3] = {salt, at, len};
	uint64_t crc = 0;

	if (salt)
		crc = rt_crc32c(rt_crc32c(0, place, sizeof(place)), bytes, len);
	return (uint64_t)len | RT_RING_MARK << 16 | crc << 32;
}

void
rt_ring_checkpoint_put(struct rt_ring_header *h, struct rt_ring_checkpoint c)
{
	unsigned i;

	c.check = rt_crc32c(0, &c, offsetof(struct rt_ring_checkpoint, check));
	for (i = 0; i < 2; i++) {
		IN_ORDER();
		memcpy(&h->checkpoints[i], &c, sizeof(c));
	}
	IN_ORDER();
}

void
rt_ring_header_init(struct rt_ring_header *h, uint64_t capacity,
    const struct rt_ring_identity *who)
{
	struct rt_ring_header fresh = {
	    .version = RT_RING_FILE_VERSION,
	    .header_bytes = RT_RING_HEADER_BYTES,
	    .capacity = capacity,
	    .salt = who->salt ? who->salt : 1,
	    .epoch = who->epoch,
	};

	memcpy(fresh.magic, RT_RING_FILE_MAGIC, sizeof(fresh.magic));
	memcpy(fresh.emitter, who->emitter,
	    strnlen(who->emitter, RT_WIRE_EMITTER_MAX));
	memcpy(
	    fresh.boot, who->boot, strnlen(who->boot, sizeof(fresh.boot) - 1));
	fresh.check =
	    rt_crc32c(0, &fresh, offsetof(struct rt_ring_header, check));
	memcpy(h, &fresh, sizeof(fresh));
	rt_ring_checkpoint_put(h, (struct rt_ring_checkpoint){.acked = 0});
}

/* ---- reading -------------------------------------------------------------- */

struct reading {
	const struct rt_ring_header *h;
	const char *bytes;
	uint64_t there; /* of the ring's bytes: a file may be cut short */
	struct rt_ring_checkpoint c;
	uint64_t next; /* number of the next record */
	rt_ring_found_fn *found;
	void *arg;
	struct rt_ring_wreck *out;
};

static bool
is_whole(const struct rt_ring_checkpoint *c)
{
	return c->check ==
	    rt_crc32c(0, c, offsetof(struct rt_ring_checkpoint, check));
}

/* As many numbers as a ring can hold records of one byte, and no more, can be open. */
static bool
is_possible(const struct reading *r, uint64_t numbers)
{
	return numbers <= r->h->capacity / rt_ring_record_bytes(1);
}

static enum rt_err
read_header(struct reading *r, size_t size)
{
	const struct rt_ring_header *h = r->h;
	const struct rt_ring_checkpoint *c = h->checkpoints;

	if (size < sizeof(*h) ||
	    memcmp(h->magic, RT_RING_FILE_MAGIC, sizeof(h->magic)) != 0)
		return RT_E_SYNTAX;
	if (h->check != rt_crc32c(0, h, offsetof(struct rt_ring_header, check)))
		return RT_E_FIELD;
	if (h->version != RT_RING_FILE_VERSION ||
	    h->header_bytes != RT_RING_HEADER_BYTES)
		return RT_E_VERSION;
	if (h->capacity < PTRDIFF_MAX / 8 && h->capacity % 8 == 0 &&
	    h->capacity >= RT_RING_HEADER_BYTES &&
	    h->emitter[RT_WIRE_EMITTER_MAX] == '\0' &&
	    rt_wire_emitter_is_valid(h->emitter) &&
	    (is_whole(&c[0]) || is_whole(&c[1]))) {
		/* The first is the newer one wherever they differ. */
		r->c = is_whole(&c[0]) ? c[0] : c[1];
		return r->c.acked >= r->c.tail_before && r->c.tail % 8 == 0 &&
			(r->c.sent <= r->c.tail_before ||
			    is_possible(r, r->c.sent - r->c.tail_before))
		    ? RT_OK
		    : RT_E_FIELD;
	}
	return RT_E_FIELD;
}

static void
give(struct reading *r, struct rt_str record, uint64_t *counter)
{
	if (r->next++ <= r->c.acked)
		return;
	(*counter)++;
	r->out->ring_bytes += rt_ring_record_bytes(record.len);
	if (r->found)
		r->found(r->arg, record);
}

static void
fill_up_to(struct reading *r, uint64_t number)
{
	while (r->next < number)
		give(r, rt_str_of(RT_RING_LOST_LINE), &r->out->damaged);
}

/* The number of a record, by its stamp or, where it was never sent, by its place. */
static uint64_t
number_of(const struct reading *r, uint64_t stamp)
{
	uint64_t n = stamp * RT_RING_DECODE;

	if (stamp == 0)
		return r->next > r->c.sent ? r->next : r->c.sent + 1;
	return n >= r->next && is_possible(r, n - r->next) ? n : r->next;
}

/* The record that begins there; len 0: none does. */
static struct rt_str
record_at(const struct reading *r, uint64_t at)
{
	uint64_t offset = at % r->h->capacity, word;
	const char *p = r->bytes + offset;
	size_t len;

	if (offset + sizeof(struct rt_ring_head) > r->there)
		return RT_STR_NONE;
	memcpy(&word, p, sizeof(word));
	len = RT_RING_LENGTH(word);
	p += sizeof(struct rt_ring_head);
	if (RT_RING_MARK_OF(word) != RT_RING_MARK || len == 0 ||
	    len > RT_RING_RECORD_MAX ||
	    offset + rt_ring_record_bytes(len) > r->h->capacity ||
	    offset + sizeof(struct rt_ring_head) + len > r->there ||
	    word != rt_ring_word(r->h->salt, at, p, len))
		return RT_STR_NONE;
	return (struct rt_str){p, len};
}

static void
read_records(struct reading *r)
{
	uint64_t at = r->c.tail, end = at + r->h->capacity, stamp;

	while (at < end) {
		struct rt_str record = record_at(r, at);

		if (record.len == 0) {
			at += 8;
			continue;
		}
		memcpy(&stamp, record.p - sizeof(stamp), sizeof(stamp));
		fill_up_to(r, number_of(r, stamp));
		give(r, record, &r->out->found);
		at += rt_ring_record_bytes(record.len);
	}
	fill_up_to(r, r->c.sent + 1);
}

/* Dropped first: whoever is among them is among the offered too. */
static void
balance(struct reading *r)
{
	uint64_t dropped = atomic_load(&r->h->counts.dropped) * RT_RING_DECODE;
	uint64_t offered = atomic_load(&r->h->counts.offered) * RT_RING_DECODE;
	uint64_t numbered = r->next - 1;
	bool has_dropped = dropped <= RT_RING_NUMBER_MAX;

	if (offered > RT_RING_NUMBER_MAX || offered < numbered ||
	    (has_dropped && offered - numbered < dropped)) {
		/* A byte of it flipped: what is known is the least it can be. */
		offered = numbered + (has_dropped ? dropped : 0);
	}
	r->out->offered = offered;
	r->out->dropped = offered - numbered;
	if (has_dropped)
		r->out->torn = r->out->dropped - dropped;
}

enum rt_err
rt_ring_recover(const void *file, size_t size, rt_ring_found_fn *found,
    void *arg, struct rt_ring_wreck *out)
{
	struct rt_ring_wreck wreck = {.acked = 0};
	struct reading r = {
	    .h = file,
	    .bytes = (const char *)file + RT_RING_HEADER_BYTES,
	    .found = found,
	    .arg = arg,
	    .out = &wreck,
	};
	enum rt_err err;

	rt_crc_init();
	err = read_header(&r, size);
	if (err != RT_OK)
		return err;
	r.there = size > RT_RING_HEADER_BYTES ? size - RT_RING_HEADER_BYTES : 0;
	if (r.there > r.h->capacity)
		r.there = r.h->capacity;
	r.next = r.c.tail_before + 1;
	memcpy(wreck.emitter, r.h->emitter, sizeof(wreck.emitter));
	memcpy(wreck.boot, r.h->boot, sizeof(wreck.boot) - 1);
	wreck.epoch = r.h->epoch;
	wreck.acked = r.c.acked;
	read_records(&r);
	balance(&r);
	*out = wreck;
	return RT_OK;
}

void
rt_ring_wreck_acked(struct rt_ring_header *h, uint64_t acked)
{
	struct rt_ring_checkpoint c =
	    h->checkpoints[is_whole(&h->checkpoints[0]) ? 0 : 1];

	c.acked = acked;
	rt_ring_checkpoint_put(h, c);
}
