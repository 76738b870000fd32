/* SPDX-License-Identifier: MIT */
#include "tui/roster.h"

#include <string.h>

static bool
same(const char *a, const char *b)
{
	return a && b ? strcmp(a, b) == 0 : a == b;
}

static void
add_sender(struct rt_roster_row *row, const struct rt_report_sender *s)
{
	bool is_newer =
	    !row->is_acknowledged || s->last_seen_ms <= row->last_seen_ms;

	if (!row->is_numbered) {
		row->accepted += s->taken - s->refused;
		row->refused += s->refused;
	}
	if (is_newer && s->service)
		row->service = s->service;
	if (!row->is_acknowledged && !row->is_numbered)
		row->last_seen_ms = s->last_seen_ms;
	if (s->last_seen_ms < row->last_seen_ms)
		row->last_seen_ms = s->last_seen_ms;
	row->id = s->id;
	row->is_acknowledged = true;
	row->is_connected = row->is_connected || s->is_connected;
	row->is_slowed = row->is_slowed || s->is_limited;
	row->dropped += s->dropped;
	row->in_flight += s->in_flight;
	row->unexplained += s->unexplained;
}

static void
add_senders(struct rt_roster_row *row, const struct rt_report *r)
{
	for (size_t i = 0; i < r->senders_count; i++)
		if (same(r->senders[i].id, row->id))
			add_sender(row, &r->senders[i]);
}

static struct rt_roster_row
row_of_emitter(const struct rt_report *r, size_t i)
{
	const struct rt_report_emitter *e = &r->emitters[i];
	struct rt_roster_row row = {
	    .id = e->id ? e->id : RT_REPORT_NAMELESS,
	    .service = e->service,
	    .is_numbered = true,
	    .is_limited = e->is_limited,
	    .accepted = e->received - e->refused,
	    .refused = e->refused,
	    .lost = e->lost,
	    .duplicates = e->duplicates,
	    .before_first = e->before_first,
	    .has_skew = e->has_skew,
	    .skew_ms = e->skew_min_ms,
	    .lag_ms = e->skew_ms - e->skew_min_ms,
	    .last_seen_ms = e->last_seen_ms,
	};

	add_senders(&row, r);
	return row;
}

/* Of a sender whose id no emitter and no sender before it has. */
static bool
is_first_of_its_id(const struct rt_report *r, size_t i)
{
	const char *id = r->senders[i].id;

	for (size_t k = 0; k < i; k++)
		if (same(r->senders[k].id, id))
			return false;
	for (size_t k = 0; k < r->emitters_count; k++)
		if (same(r->emitters[k].id, id))
			return false;
	return true;
}

static bool
is_in_trouble(const struct rt_roster_row *row)
{
	return row->lost > 0 || row->dropped > 0 || row->unexplained > 0 ||
	    row->refused > 0 || row->is_slowed;
}

static void
add(struct rt_roster *out, const struct rt_roster_row *row, bool wants_trouble)
{
	if (is_in_trouble(row) != wants_trouble)
		return;
	if (out->count < RT_ROSTER_MAX)
		out->rows[out->count++] = *row;
	out->all++;
}

void
rt_roster_make(struct rt_roster *out, const struct rt_report *r)
{
	out->count = out->all = 0;
	for (int quiet = 0; quiet < 2; quiet++) {
		for (size_t i = 0; i < r->emitters_count; i++) {
			struct rt_roster_row row = row_of_emitter(r, i);

			add(out, &row, !quiet);
		}
		for (size_t i = 0; i < r->senders_count; i++) {
			struct rt_roster_row row = {.id = r->senders[i].id};

			if (!is_first_of_its_id(r, i))
				continue;
			add_senders(&row, r);
			add(out, &row, !quiet);
		}
	}
}
