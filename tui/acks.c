/* SPDX-License-Identifier: MIT */
#include "tui/acks.h"

bool
rt_acks_hear(struct rt_acks *a, const struct rt_report *r)
{
	bool is_first = !a->has_heard, is_news = false;
	uint64_t most = 0;

	if (a->started_id != r->source.started_id)
		*a = (struct rt_acks){.started_id = r->source.started_id};
	for (size_t i = 0; i < r->alerts_count; i++) {
		const struct rt_report_alert *alert = &r->alerts[i];

		is_news =
		    is_news || (alert->is_firing && alert->number > a->heard);
		most = alert->number > most ? alert->number : most;
	}
	a->heard = most > a->heard ? most : a->heard;
	a->has_heard = true;
	return is_news && !is_first;
}

bool
rt_acks_has(const struct rt_acks *a, const struct rt_report_alert *alert)
{
	uint64_t kept = a->count < RT_ACKS_MAX ? a->count : RT_ACKS_MAX;

	for (uint64_t i = 0; i < kept; i++)
		if (a->numbers[i] == alert->number)
			return true;
	return false;
}

bool
rt_acks_add(struct rt_acks *a, const struct rt_report_alert *alert)
{
	if (rt_acks_has(a, alert))
		return false;
	a->numbers[a->count++ % RT_ACKS_MAX] = alert->number;
	return true;
}

size_t
rt_acks_open(const struct rt_acks *a, const struct rt_report *r)
{
	size_t n = 0;

	for (size_t i = 0; i < r->alerts_count; i++)
		n += r->alerts[i].is_firing && !rt_acks_has(a, &r->alerts[i]);
	return n;
}
