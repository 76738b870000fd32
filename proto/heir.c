/* SPDX-License-Identifier: MIT */
#include "proto/heir.h"

#include <string.h>

void
rt_heir_init(struct rt_heir *h)
{
	memset(h, 0, sizeof(*h));
	h->file.fd = -1;
	h->told.is_drained = true;
}

void
rt_heir_look(struct rt_heir *h, const struct rt_spool_scan *scan)
{
	h->scan = *scan;
	h->is_scanning = true;
	atomic_store(&h->told.is_drained, false);
}

static void
tell_scan(struct rt_heir *h)
{
	atomic_store(&h->told.held, h->scan.held);
	atomic_store(&h->told.refused, h->scan.refused);
	atomic_store(&h->told.why, h->scan.why);
}

/* The next file, if there is one. */
static void
take_over(struct rt_heir *h, const struct rt_channel_way *way)
{
	struct rt_ring_wreck w;

	h->has_file = rt_spool_next(&h->scan, &h->file, &h->ring, &w) == RT_OK;
	h->is_scanning = h->has_file;
	tell_scan(h);
	atomic_store(&h->told.is_drained, !h->has_file);
	if (!h->has_file)
		return;
	atomic_fetch_add(&h->told.files, 1);
	atomic_fetch_add(&h->told.records, w.found);
	atomic_fetch_add(&h->told.lost, w.torn + w.damaged);
	rt_channel_init(&h->channel, way, &h->ring, w.emitter, w.epoch);
	rt_outbox_resume(&h->channel.outbox, w.acked);
	(void)rt_channel_open(&h->channel);
}

bool
rt_heir_work(struct rt_heir *h, const struct rt_channel_way *way, rt_mono_t now)
{
	uint64_t acked;
	bool has_worked;

	if (!h->has_file && h->is_scanning)
		take_over(h, way);
	if (!h->has_file)
		return false;
	acked = h->channel.outbox.acked;
	has_worked = rt_channel_work(&h->channel, now);
	if (h->channel.outbox.acked > acked) {
		atomic_fetch_add(
		    &h->told.acked, h->channel.outbox.acked - acked);
		(void)rt_spool_acked(&h->file, h->channel.outbox.acked);
	}
	if (!rt_channel_is_done(&h->channel))
		return has_worked;
	rt_heir_put_down(h);
	rt_spool_remove(&h->file);
	return true;
}

int64_t
rt_heir_wait_ms(const struct rt_heir *h, rt_mono_t now, int64_t idle)
{
	if (h->has_file)
		return rt_channel_wait_ms(&h->channel, now);
	return h->is_scanning ? 0 : idle;
}

void
rt_heir_put_down(struct rt_heir *h)
{
	if (!h->has_file)
		return;
	rt_channel_close(&h->channel);
	rt_ring_fini(&h->ring);
	h->has_file = false;
}

void
rt_heir_fini(struct rt_heir *h)
{
	rt_spool_close(&h->file);
}
