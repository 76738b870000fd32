/* SPDX-License-Identifier: MIT */
/*
 * aggregate_state — what an aggregate holds: for aggregate.c, which takes records in,
 * aggregate_event.c, which counts what was accepted, and answer.c, which reads the numbers
 * out.  Nobody else includes it.
 */
#ifndef RT_AGGREGATE_STATE_H
#define RT_AGGREGATE_STATE_H

#include "collector/aggregate.h"
#include "collector/audit.h"
#include "collector/fallback.h"
#include "collector/intern.h"
#include "collector/operation.h"
#include "collector/probes.h"
#include "collector/recent.h"
#include "collector/refused.h"
#include "collector/sequence.h"
#include "collector/series.h"
#include "collector/window.h"
#include "proto/buf.h"

struct rt_aggregate {
	bool is_live;
	bool keeps_events;
	struct rt_timeouts timeouts; /* of policies */
	struct rt_capacity capacity;
	struct rt_decoder *decoder;
	int64_t clock_us;   /* live: monotonic; replay: the largest ts */
	int64_t started_us; /* of clock_us */
	int64_t held_us;    /* of clock_us: nothing before it is known */
	int64_t first_ts_us, last_ts_us; /* 0: none yet */
	int64_t last_event_us;           /* of clock_us; -1: none yet */
	uint64_t started_id;

	struct rt_intern labels;
	struct rt_sketch_pool sketches;
	struct rt_window totals;
	void *totals_storage;
	struct rt_series series;
	struct rt_operations operations;
	struct rt_fallback fallback;
	struct rt_sequence sequence;
	struct rt_recent recent;
	struct rt_refusals refused;
	struct rt_probes probes;
	struct rt_policies policies;
	struct rt_audit audit;
	struct rt_buf line; /* the event at hand, packed or canonical */
	void (*accepted)(void *arg, struct rt_str line);
	void (*left_out)(void *arg, const struct rt_mark *m);
	void *accepted_arg, *left_out_arg;
	bool (*may_use)(void *arg, struct rt_str emitter);
	void *may_use_arg;
	char service[RT_SEQUENCE_ID_MAX]; /* of the message at hand */
	size_t service_len;
	int64_t answer_slot; /* the series' fine slot as an answer began */
	bool is_restoring;
	bool is_limited; /* of the message at hand: emitters have a rate */
	uint64_t
	    forgotten; /* ended operations that a full table forgot early */
};

static inline void
rt_aggregate_total(struct rt_aggregate *a, uint32_t counter)
{
	rt_window_count(&a->totals, counter, 1);
}

/* ---- aggregate_event.c --------------------------------------------------------- */

/* Everything about an event that is no duplicate by its sequence number. */
void rt_aggregate_take_event(struct rt_aggregate *a, const struct rt_event *e);
/* End what fell silent, forget what ended long ago. */
void rt_aggregate_expire(struct rt_aggregate *a);

#endif
