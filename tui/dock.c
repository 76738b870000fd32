/* SPDX-License-Identifier: MIT */
#include "tui/dock.h"

#include <stdio.h>
#include <string.h>

#include "tui/model.h"

bool
rt_dock_wants(const struct rt_dock *d)
{
	if (!d->is_on || !d->id[0] || d->held == RT_HELD_NO)
		return false;
	return d->held == RT_HELD_ASKING || d->fall.fate == RT_FATE_COUNT;
}

void
rt_dock_answer(struct rt_dock *d, const struct rt_report_operation *from)
{
	if (!d->id[0] || !from->id || strcmp(from->id, d->id) != 0)
		return;
	if (from->count == 0) {
		/* What was seen of it once stays. */
		if (d->held == RT_HELD_ASKING)
			d->held = RT_HELD_NO;
		return;
	}
	d->held = rt_waterfall_read(&d->fall, from) ? RT_HELD_YES : RT_HELD_NO;
}

static bool
is_worth_a_look(const struct rt_trail_row *e)
{
	return e->attempt > 1 || e->decision == RT_DECISION_RETRY_SAME ||
	    e->decision == RT_DECISION_FALLBACK_SECONDARY ||
	    rt_trail_is_failure(e);
}

/* The newest event of the list that is worth it; none: the newest of the list. */
static const struct rt_trail_row *
newest_of(const struct rt_model *m, const struct rt_list_of *of)
{
	const struct rt_trail *t = rt_model_trail(m);
	const struct rt_trail_row *first = NULL;

	for (uint64_t n = t->newest; n > 0; n--) {
		const struct rt_trail_row *e = rt_trail_get(t, n);

		if (!e)
			break;
		if (!e->operation_id[0] || !rt_list_has(of, e) ||
		    !rt_filter_event(&m->filter, e))
			continue;
		if (is_worth_a_look(e))
			return e;
		if (!first)
			first = e;
	}
	return first;
}

static const char *
example_of(const struct rt_model *m, const struct rt_list_of *of)
{
	const struct rt_report *r = rt_model_report(m);

	for (size_t i = 0; i < r->violations_count; i++)
		if (r->violations[i].rule &&
		    strcmp(r->violations[i].rule, of->words[0]) == 0 &&
		    r->violations[i].examples_count > 0)
			return r->violations[i].examples[0].operation_id;
	return NULL;
}

static const char *
pick(const struct rt_model *m)
{
	const struct rt_trail_row *e = NULL;
	struct rt_list_of of;

	if (m->focus == RT_PANEL_TAIL && !m->follow)
		e = rt_trail_get(rt_model_trail(m), m->tail_at);
	else if (rt_drill_list_of(m, &of) && of.kind == RT_LIST_RULE)
		return example_of(m, &of);
	else
		e = newest_of(m, &of);
	return e && e->operation_id[0] ? e->operation_id : NULL;
}

/* What the cursor stands on, as a number. */
static uint64_t
place_of(const struct rt_model *m)
{
	uint64_t at = m->focus == RT_PANEL_TAIL ? m->follow ? 0 : m->tail_at
	    : m->rows[m->focus].count > 0
	    ? m->rows[m->focus].ids[m->rows[m->focus].at]
	    : 0;

	return (at ^ (uint64_t)m->focus << 56) + m->is_frozen +
	    (uint64_t)m->at_us;
}

static bool
is_tired(const struct rt_model *m)
{
	const struct rt_dock *d = &m->dock;
	bool follows = m->focus != RT_PANEL_TAIL || m->follow;

	if (!d->id[0] || d->held == RT_HELD_NO)
		return true;
	return follows && !m->is_frozen &&
	    rt_mono_ms_between(d->picked_at, m->now) >= RT_DOCK_MS &&
	    rt_mono_ms_between(m->key_at, m->now) >= RT_DOCK_MS;
}

void
rt_dock_settle(struct rt_model *m, bool is_on)
{
	struct rt_dock *d = &m->dock;
	uint64_t of = place_of(m);
	const char *id;

	d->is_on = is_on;
	if (!is_on || (of == d->of && !is_tired(m)))
		return;
	id = pick(m);
	/* One that the collector has not got is not asked for again and again. */
	if (of == d->of && (!id || strcmp(id, d->id) == 0))
		return;
	d->of = of;
	d->picked_at = m->now;
	if (id && strcmp(id, d->id) == 0)
		return;
	d->id[0] = '\0';
	if (!id)
		return;
	snprintf(d->id, sizeof(d->id), "%s", id);
	d->held = RT_HELD_ASKING;
	rt_waterfall_init(&d->fall);
	m->ask_now = true;
}
