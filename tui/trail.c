/* SPDX-License-Identifier: MIT */
#include "tui/trail.h"

#include <string.h>

void
rt_trail_clear(struct rt_trail *t)
{
	t->newest = 0;
}

static double
ms_or_absent(bool known, double ms)
{
	return known ? ms : -1;
}

void
rt_trail_add(struct rt_trail *t, const struct rt_event *e)
{
	struct rt_trail_row *r = &t->rows[t->newest % RT_TRAIL_ROWS];
	struct rt_str reason = rt_event_has(e, DECISION_REASON)
	    ? e->decision_reason
	    : e->error_type;

	memset(r, 0, sizeof(*r));
	r->ts_us = e->ts_us;
	rt_text_scrub(
	    r->operation_id, sizeof(r->operation_id), e->operation_id);
	rt_text_scrub(r->service, sizeof(r->service), e->service);
	rt_text_scrub(r->provider, sizeof(r->provider), e->provider);
	rt_text_scrub(r->route, sizeof(r->route), e->http_route);
	rt_text_scrub(r->model, sizeof(r->model), e->model_requested);
	rt_text_scrub(r->target, sizeof(r->target), e->fallback_target);
	rt_text_scrub(r->version, sizeof(r->version), e->service_version);
	r->has_reason = rt_event_has(e, DECISION_REASON);
	rt_text_scrub(r->reason, sizeof(r->reason), reason);
	r->attempt = e->attempt;
	r->status = e->http_response_status_code;
	r->elapsed_ms =
	    ms_or_absent(rt_event_has(e, ELAPSED_MS), e->elapsed_ms);
	r->backoff_ms =
	    ms_or_absent(rt_event_has(e, BACKOFF_MS), e->backoff_ms);
	r->error_class = e->error_class;
	r->decision =
	    rt_event_has(e, DECISION) ? e->decision : RT_DECISION_COUNT;
	r->outcome = rt_event_has(e, FINAL_OUTCOME) ? e->final_outcome
						    : RT_OUTCOME_COUNT;
	r->is_summary = e->kind == RT_KIND_SUMMARY;
	r->is_synthetic = e->synthetic;
	t->newest++;
}

uint64_t
rt_trail_oldest(const struct rt_trail *t)
{
	return t->newest > RT_TRAIL_ROWS ? t->newest - RT_TRAIL_ROWS + 1 : 1;
}

const struct rt_trail_row *
rt_trail_get(const struct rt_trail *t, uint64_t number)
{
	if (number < rt_trail_oldest(t) || number > t->newest)
		return NULL;
	return &t->rows[(number - 1) % RT_TRAIL_ROWS];
}
