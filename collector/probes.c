/* SPDX-License-Identifier: MIT */
#include "collector/probes.h"

#include <stdlib.h>

#include "proto/mem.h"

void
rt_probes_init(struct rt_probes *p, struct rt_intern *labels, uint32_t capacity)
{
	*p = (struct rt_probes){
	    .labels = labels,
	    .shape = rt_window_plain(RT_PROBE_COUNTERS),
	    .capacity = capacity,
	};
	p->rows = rt_xcalloc(capacity, sizeof(*p->rows));
	p->storage = rt_xcalloc(capacity, rt_window_bytes(&p->shape));
}

void
rt_probes_fini(struct rt_probes *p)
{
	free(p->rows);
	free(p->storage);
	*p = (struct rt_probes){0};
}

uint64_t
rt_probes_bytes(uint32_t capacity)
{
	struct rt_window_shape shape = rt_window_plain(RT_PROBE_COUNTERS);

	return (uint64_t)capacity *
	    (sizeof(struct rt_probe) + rt_window_bytes(&shape));
}

static struct rt_probe *
row_for(struct rt_probes *p, const struct rt_event *e)
{
	uint32_t service = rt_intern_put(p->labels, e->service);
	uint32_t provider = rt_intern_put(p->labels, e->provider);
	uint32_t route = rt_intern_put(p->labels, e->http_route);
	uint32_t model = rt_intern_put(p->labels, e->model_requested);
	struct rt_probe *row;
	uint32_t i;

	for (i = 0; i < p->count; i++) {
		row = &p->rows[i];
		if (row->service == service && row->provider == provider &&
		    row->route == route && row->model == model)
			return row;
	}
	if (p->count == p->capacity) {
		p->overflow++;
		return NULL;
	}
	row = &p->rows[p->count];
	row->service = service;
	row->provider = provider;
	row->route = route;
	row->model = model;
	rt_window_init(&row->window, &p->shape, NULL,
	    p->storage + rt_window_bytes(&p->shape) * p->count);
	p->count++;
	return row;
}

#define KNOWN(e, ID, member) (rt_event_has(e, ID) ? (e)->member : -1)

void
rt_probes_add(struct rt_probes *p, int64_t now_us, const struct rt_event *e)
{
	struct rt_probe *row = row_for(p, e);
	bool is_ok = e->error_class == RT_CLASS_NONE;

	if (!row)
		return;
	if (row->streak > 0 && (row->last_class == RT_CLASS_NONE) != is_ok)
		row->streak = 0;
	row->streak++;
	row->last_class = e->error_class;
	row->last_us = now_us;
	row->status = e->http_response_status_code;
	row->elapsed_ms = KNOWN(e, ELAPSED_MS, elapsed_ms);
	row->ttft_ms = KNOWN(e, TTFT_MS, ttft_ms);
	row->dns_ms = KNOWN(e, PROBE_DNS_MS, probe_dns_ms);
	row->connect_ms = KNOWN(e, PROBE_CONNECT_MS, probe_connect_ms);
	row->tls_ms = KNOWN(e, PROBE_TLS_MS, probe_tls_ms);
	row->first_byte_ms = KNOWN(e, PROBE_FIRST_BYTE_MS, probe_first_byte_ms);
	row->requests_left = KNOWN(e, PROBE_REQUESTS_LEFT, probe_requests_left);
	row->tokens_left = KNOWN(e, PROBE_TOKENS_LEFT, probe_tokens_left);
	row->pause = rt_intern_put(p->labels, e->probe_pause);
	row->pause_ms = KNOWN(e, PROBE_PAUSE_MS, probe_pause_ms);
	rt_window_advance(&row->window, now_us);
	rt_window_count(&row->window, RT_PROBE_ATTEMPTS, 1);
	rt_window_count(&row->window, RT_PROBE_OK, is_ok);
}

static const char *
text_of(const struct rt_probes *p, struct rt_report *out, uint32_t label)
{
	return label == RT_INTERN_NONE
	    ? NULL
	    : rt_report_text(out, rt_intern_get(p->labels, label));
}

/* A pause that is over is none, whether or not the canary came back. */
static void
report_pause(const struct rt_probes *p, const struct rt_probe *row,
    struct rt_report *out, struct rt_report_canary *to)
{
	int64_t left_ms = (int64_t)row->pause_ms - to->age_ms;

	to->pause_left_ms = -1;
	if (row->pause_ms >= 0 && left_ms <= 0)
		return;
	to->pause = text_of(p, out, row->pause);
	if (to->pause && row->pause_ms >= 0)
		to->pause_left_ms = left_ms;
}

static void
report_last(const struct rt_probes *p, const struct rt_probe *row,
    int64_t now_us, struct rt_report *out, struct rt_report_canary *to)
{
	to->error_class = rt_class_name(row->last_class);
	to->streak = row->streak;
	to->last_ok = row->last_class == RT_CLASS_NONE;
	to->status = row->status;
	to->elapsed_ms = row->elapsed_ms;
	to->ttft_ms = row->ttft_ms;
	to->age_ms = (now_us - row->last_us) / 1000;
	to->dns_ms = row->dns_ms;
	to->connect_ms = row->connect_ms;
	to->tls_ms = row->tls_ms;
	to->first_byte_ms = row->first_byte_ms;
	to->requests_left = row->requests_left;
	to->tokens_left = row->tokens_left;
	report_pause(p, row, out, to);
}

void
rt_probes_report(struct rt_probes *p, struct rt_span span, bool is_past,
    struct rt_report *out)
{
	struct rt_report_canary *to;
	struct rt_probe *row;
	uint64_t sums[RT_SUM_COUNT] = {0};
	uint32_t i;

	for (i = 0; i < p->count; i++) {
		uint64_t n[RT_PROBE_COUNTERS] = {0};

		row = &p->rows[i];
		rt_window_sum(&row->window, span, n, sums);
		if (is_past && n[RT_PROBE_ATTEMPTS] == 0)
			continue;
		to = rt_report_add_canary(out);
		to->name =
		    rt_report_text(out, rt_intern_get(p->labels, row->service));
		to->route =
		    rt_report_text(out, rt_intern_get(p->labels, row->route));
		to->model =
		    rt_report_text(out, rt_intern_get(p->labels, row->model));
		to->attempts = n[RT_PROBE_ATTEMPTS];
		to->ok = n[RT_PROBE_OK];
		to->provider = text_of(p, out, row->provider);
		to->elapsed_ms = to->ttft_ms = -1;
		to->dns_ms = to->connect_ms = to->tls_ms = -1;
		to->first_byte_ms = -1;
		to->requests_left = to->tokens_left = to->pause_left_ms = -1;
		to->age_ms = -1;
		/* Of the past only the counts are kept: all well, or not. */
		to->last_ok = to->ok == to->attempts;
		if (!is_past)
			report_last(p, row, span.now_us, out, to);
	}
}
