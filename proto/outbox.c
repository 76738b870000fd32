/* SPDX-License-Identifier: MIT */
#include "proto/outbox.h"

#include <string.h>

void
rt_outbox_init(struct rt_outbox *o, struct rt_ring *ring, const char *emitter,
    uint64_t epoch)
{
	*o = (struct rt_outbox){.ring = ring, .epoch = epoch};
	memcpy(o->emitter, emitter, strnlen(emitter, RT_WIRE_EMITTER_MAX));
}

void
rt_outbox_resume(struct rt_outbox *o, uint64_t acked)
{
	o->acked = o->sent = acked;
	o->sent_most = UINT64_MAX;
}

static void
greet(struct rt_outbox *o, rt_mono_t now)
{
	o->state = RT_OUTBOX_GREETING;
	o->hello_due = true;
	o->moved = now;
}

void
rt_outbox_connected(struct rt_outbox *o, rt_mono_t now)
{
	greet(o, now);
}

void
rt_outbox_disconnected(struct rt_outbox *o)
{
	o->state = RT_OUTBOX_OFFLINE;
	o->hello_due = false;
}

static void
release(struct rt_outbox *o, uint64_t acked)
{
	struct rt_str record;

	if (acked == o->acked)
		return;
	while (o->acked < acked && rt_ring_next(o->ring, &o->acked_at, &record))
		o->acked++;
	rt_ring_release(o->ring, o->acked_at, o->acked);
}

static void
rewind_to_acked(struct rt_outbox *o)
{
	o->resent += o->sent - o->acked;
	o->sent = o->acked;
	o->sent_at = o->acked_at;
}

void
rt_outbox_answer(
    struct rt_outbox *o, const struct rt_wire_answer *a, rt_mono_t now)
{
	uint64_t before = o->acked;

	if (o->state == RT_OUTBOX_OFFLINE || a->version != RT_WIRE_VERSION ||
	    a->epoch != o->epoch || a->acked > o->sent_most)
		return;
	if (a->acked < o->acked) {
		if (o->state == RT_OUTBOX_STREAMING)
			greet(o, now);
		return;
	}
	release(o, a->acked);
	if (o->acked > before)
		o->moved = now;
	if (o->sent < o->acked) {
		o->sent = o->acked;
		o->sent_at = o->acked_at;
	}
	if (o->state == RT_OUTBOX_GREETING && !o->hello_due) {
		rewind_to_acked(o);
		o->state = RT_OUTBOX_STREAMING;
		o->moved = now;
	}
}

bool
rt_outbox_is_open(const struct rt_outbox *o)
{
	uint64_t window = o->ring->capacity / 4;

	/* A ring can only fill with unsent records left, so that the header of a later
	 * batch always tells of what was dropped. */
	if (window > RT_OUTBOX_WINDOW_BYTES)
		window = RT_OUTBOX_WINDOW_BYTES;
	return o->state == RT_OUTBOX_STREAMING &&
	    o->sent_at - o->acked_at < window;
}

static bool
is_older(rt_mono_t then, rt_mono_t now, int64_t ms)
{
	return rt_mono_ms_between(then, now) >= ms;
}

/* Packs what is ready; true where it is worth a message now. */
static bool
pack(struct rt_outbox *o, struct rt_outbox_message *m, char *batch)
{
	uint64_t at = o->sent_at;
	struct rt_str record;
	bool is_full = false;

	while (rt_ring_next(o->ring, &at, &record)) {
		size_t newline = m->batch_len > 0;

		is_full =
		    m->batch_len + newline + record.len > RT_OUTBOX_BATCH_BYTES;
		if (is_full)
			break;
		if (newline)
			batch[m->batch_len++] = '\n';
		memcpy(batch + m->batch_len, record.p, record.len);
		m->batch_len += record.len;
		m->header.count++;
		rt_ring_stamp(o->ring, record, o->sent + m->header.count);
		o->next_at = at;
	}
	if (m->header.count == 0 || (!is_full && o->sent > o->acked))
		return false;
	rt_ring_sending(o->ring, o->sent + m->header.count);
	return true;
}

bool
rt_outbox_next(struct rt_outbox *o, rt_mono_t now, struct rt_outbox_message *m,
    char *batch)
{
	if (o->state == RT_OUTBOX_OFFLINE)
		return false;
	if (o->state == RT_OUTBOX_STREAMING && o->sent > o->acked &&
	    is_older(o->moved, now, RT_OUTBOX_ANSWER_MS))
		greet(o, now);
	if (o->state == RT_OUTBOX_GREETING &&
	    is_older(o->said, now, RT_OUTBOX_ANSWER_MS))
		o->hello_due = true;
	*m = (struct rt_outbox_message){
	    .header = {.version = RT_WIRE_VERSION,
		.epoch = o->epoch,
		.first_seq = o->sent + 1},
	};
	memcpy(m->header.emitter, o->emitter, sizeof(o->emitter));
	if (!o->hello_due && rt_outbox_is_open(o) && pack(o, m, batch))
		return true;
	m->header.count = 0;
	m->batch_len = 0;
	m->header.first_seq = o->acked + 1;
	return o->hello_due || is_older(o->said, now, RT_OUTBOX_IDLE_MS);
}

void
rt_outbox_sent(
    struct rt_outbox *o, rt_mono_t now, const struct rt_outbox_message *m)
{
	o->said = now;
	if (m->header.count == 0) {
		o->hello_due = false;
		return;
	}
	if (o->sent == o->acked)
		o->moved = now;
	o->sent += m->header.count;
	o->sent_at = o->next_at;
	if (o->sent > o->sent_most)
		o->sent_most = o->sent;
	o->batches++;
}

int64_t
rt_outbox_due_ms(const struct rt_outbox *o, rt_mono_t now)
{
	bool is_waiting = o->state == RT_OUTBOX_STREAMING && o->sent > o->acked;
	int64_t limit = o->state == RT_OUTBOX_GREETING || is_waiting
	    ? RT_OUTBOX_ANSWER_MS
	    : RT_OUTBOX_IDLE_MS;
	int64_t left =
	    limit - rt_mono_ms_between(is_waiting ? o->moved : o->said, now);

	if (o->state == RT_OUTBOX_OFFLINE)
		return RT_OUTBOX_IDLE_MS;
	return o->hello_due || left < 0 ? 0 : left;
}
