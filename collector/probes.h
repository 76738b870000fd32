/* SPDX-License-Identifier: MIT */
/*
 * probes — what the canaries last said, beside the traffic and out of its rates.
 *
 * One row for each (service, provider, route, model) of synthetic attempts: last result, streak of
 * equal results, counts for the windows.  Bound: `capacity` rows, more are counted.
 */
#ifndef RT_PROBES_H
#define RT_PROBES_H

#include "collector/intern.h"
#include "collector/window.h"
#include "proto/event.h"

enum { RT_PROBE_ATTEMPTS, RT_PROBE_OK, RT_PROBE_COUNTERS };

struct rt_probe {
	uint32_t service, provider, route, model; /* interned */
	enum rt_class last_class;
	int64_t last_us, status;    /* status 0: none */
	double elapsed_ms, ttft_ms; /* < 0: absent, as all below */
	double dns_ms, connect_ms, tls_ms, first_byte_ms;
	int64_t requests_left, tokens_left;
	uint32_t pause;  /* interned; NONE: it goes on */
	double pause_ms; /* < 0: for good */
	uint64_t streak;
	struct rt_window window;
};

struct rt_probes {
	struct rt_intern *labels; /* borrowed */
	struct rt_window_shape shape;
	struct rt_probe *rows; /* owned */
	char *storage;         /* owned */
	uint32_t capacity, count;
	uint64_t overflow;
};

void rt_probes_init(
    struct rt_probes *p, struct rt_intern *labels, uint32_t capacity);
void rt_probes_fini(struct rt_probes *p);
uint64_t rt_probes_bytes(uint32_t capacity);

void rt_probes_add(
    struct rt_probes *p, int64_t now_us, const struct rt_event *e);
/* In a past answer the last result, its streak and its age are absent. */
void rt_probes_report(struct rt_probes *p, struct rt_span span, bool is_past,
    struct rt_report *out);

#endif
