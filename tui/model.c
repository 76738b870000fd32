/* SPDX-License-Identifier: MIT */
#include "tui/model.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "proto/mem.h"

static const struct {
	const char *title, *about;
} panels[RT_PANEL_COUNT] = {
#define X(id, title, about) {title, about},
    RT_PANELS(X)
#undef X
};

const char *
rt_panel_title(enum rt_panel p)
{
	return p < RT_PANEL_COUNT ? panels[p].title : "?";
}

const char *
rt_panel_about(enum rt_panel p)
{
	return p < RT_PANEL_COUNT ? panels[p].about : "";
}

char
rt_panel_key(enum rt_panel p)
{
	if (p < RT_PANEL_ALERTS)
		return (char)('1' + p);
	return p == RT_PANEL_ALERTS ? '0' : '\0';
}

struct rt_model *
rt_model_new(const char *title, const char *endpoint, uint32_t window_s)
{
	struct rt_model *m = rt_xcalloc(1, sizeof(*m));

	rt_report_init(&m->live);
	rt_report_init(&m->frozen);
	m->trail = rt_xcalloc(1, sizeof(*m->trail));
	m->frozen_trail = rt_xcalloc(1, sizeof(*m->frozen_trail));
	m->past_trail = rt_xcalloc(1, sizeof(*m->past_trail));
	m->drill = rt_xcalloc(1, sizeof(*m->drill));
	rt_drill_init(m->drill);
	rt_buf_init(&m->clip, RT_MODEL_CLIP_MAX);
	m->title = title;
	m->endpoint = endpoint;
	m->window_s = window_s;
	m->sort = RT_SORT_ATTEMPTS;
	rt_columns_init(&m->columns);
	m->utc = true;
	m->focus = RT_PANEL_ROUTES;
	m->table = RT_PANEL_ROUTES;
	m->follow = true;
	m->tail_cursor = UINT64_MAX;
	m->tail_next = UINT64_MAX;
	m->keep_order = true;
	m->ask_now = true;
	return m;
}

void
rt_model_free(struct rt_model *m)
{
	if (!m)
		return;
	rt_report_fini(&m->live);
	rt_report_fini(&m->frozen);
	free(m->trail);
	free(m->frozen_trail);
	free(m->past_trail);
	rt_drill_fini(m->drill);
	free(m->drill);
	rt_buf_fini(&m->clip);
	free(m);
}

void
rt_model_tick(struct rt_model *m, rt_mono_t now, rt_wall_t wall)
{
	if (m->started_at.us == 0)
		m->started_at = now;
	m->now = now;
	m->now_wall = wall;
	if (m->link == RT_LINK_UP &&
	    rt_mono_ms_between(m->answered_at, now) > RT_MODEL_GONE_MS)
		m->link = RT_LINK_GONE;
}

const struct rt_report *
rt_model_report(const struct rt_model *m)
{
	return m->is_frozen ? &m->frozen : &m->live;
}

/* That of the newest answer. */
static struct rt_trail *
newest_trail(const struct rt_model *m)
{
	return rt_report_is_past(&m->live) ? m->past_trail : m->trail;
}

const struct rt_trail *
rt_model_trail(const struct rt_model *m)
{
	return m->is_frozen ? m->frozen_trail : newest_trail(m);
}

bool
rt_model_has_report(const struct rt_model *m)
{
	return m->is_frozen || m->has_live;
}

int64_t
rt_model_age_ms(const struct rt_model *m)
{
	if (m->is_frozen)
		return (m->now_wall.us - m->frozen_wall.us) / 1000;
	return rt_mono_ms_between(m->answered_at, m->now);
}

/* Of the past the collector says how much came since. */
static uint64_t
since(const struct rt_model *m)
{
	const struct rt_report *r = rt_model_report(m);

	if (m->has_live && m->live.source.at_us == r->source.at_us)
		r = &m->live;
	return r->source.since > 0 ? (uint64_t)r->source.since : 0;
}

uint64_t
rt_model_held(const struct rt_model *m)
{
	if (rt_report_is_past(rt_model_report(m)))
		return since(m);
	if (m->is_frozen)
		return m->trail->newest - m->frozen_newest + m->tail_missed -
		    m->held_missed;
	if (!m->follow && m->trail->newest > m->tail_bottom)
		return m->trail->newest - m->tail_bottom;
	return 0;
}

double
rt_model_span_s(const struct rt_model *m)
{
	const struct rt_report *r = rt_model_report(m);
	double up_s = (double)r->source.uptime_ms / 1000;
	double span_s = r->source.window_s;

	if (rt_report_is_past(r))
		return r->source.held_s < 1 ? 1 : r->source.held_s;
	if (!r->source.is_live)
		up_s = r->source.from_us
		    ? (double)(r->source.now_us - r->source.from_us) / 1e6
		    : 0;
	if (!(span_s > 0) || span_s > up_s)
		span_s = up_s;
	return span_s < 1 ? 1 : span_s;
}

struct rt_query
rt_model_query(const struct rt_model *m)
{
	struct rt_query q = {
	    .window_s = m->window_s,
	    .group = 1u << RT_LABEL_SERVICE | 1u << RT_LABEL_HTTP_ROUTE |
		1u << RT_LABEL_MODEL_REQUESTED,
	    .sort = m->sort,
	    .reverse = m->reverse,
	    .rows = RT_MODEL_ROWS,
	    .tail = true,
	    .tail_cursor = m->tail_cursor,
	    .tail_max = RT_MODEL_ROWS,
	};

	if (m->at_us) {
		q.at_us = m->at_us;
		q.tail = m->past_trail_us != m->at_us;
		q.tail_cursor = UINT64_MAX;
		q.tail_max = RT_MODEL_PAST_ROWS;
	}
	if (m->is_frozen && !m->thaws)
		q.operation_until_us = m->frozen.source.span.until_us;
	rt_reel_ask(m, &q);
	if (rt_drill_wants(m->drill))
		memcpy(q.operation, m->drill->id, sizeof(q.operation));
	else if (rt_dock_wants(&m->dock))
		memcpy(q.operation, m->dock.id, sizeof(q.operation));
	return q;
}

void
rt_model_window(struct rt_model *m, uint32_t window_s)
{
	m->ask_now = m->ask_now || m->window_s != window_s;
	m->window_s = window_s;
	if (m->is_frozen)
		rt_model_say(m, "frozen: window %s is shown once it goes on",
		    rt_window_name(window_s));
}

void
rt_model_filter(struct rt_model *m, const struct rt_filter *f)
{
	m->filter = *f;
	m->keep_order = false;
	rt_model_settle(m);
	if (m->drill->page != RT_PAGE_PANELS)
		rt_drill_refilter(m);
}

/* ---- the answer ------------------------------------------------------- */

/* A replay reads anew: what was seen of its events may still be to come. */
static void
rewind_trail(struct rt_model *m)
{
	rt_trail_clear(m->trail);
	m->tail_cursor = UINT64_MAX;
	m->tail_next = UINT64_MAX;
	m->tail_missed = 0;
	m->tail_at = 0;
	m->tail_bottom = 0;
	m->rewound = 2;
	m->ask_now = true;
}

static void
note_collector(struct rt_model *m, const struct rt_report *fresh)
{
	if (m->link == RT_LINK_GONE) {
		m->back_wall = m->now_wall;
		m->back_at = m->now;
		m->gap_ms = rt_mono_ms_between(m->answered_at, m->now);
	}
	if (m->started_id != 0 && m->started_id != fresh->source.started_id &&
	    fresh->source.replay.is_on) {
		rewind_trail(m);
	} else if (m->started_id != 0 &&
	    m->started_id != fresh->source.started_id) {
		m->restarts++;
		m->restarted_wall = m->now_wall;
		m->restarted_at = m->now;
		m->tail_next = UINT64_MAX;
	}
	m->started_id = fresh->source.started_id;
	m->link = RT_LINK_UP;
	m->answered_at = m->now;
	m->answered_wall = m->now_wall;
	m->trouble[0] = '\0';
	if (rt_report_is_past(fresh))
		return;
	m->last_event_us = fresh->source.last_event_age_ms < 0
	    ? 0
	    : (fresh->source.is_live ? m->now_wall.us : fresh->source.now_us) -
		fresh->source.last_event_age_ms * 1000;
}

/* In a replay the time of the log says so, and it may jump. */
static bool
trend_is_due(const struct rt_model *m, const struct rt_report *fresh)
{
	int64_t us = fresh->source.now_us - m->live.source.now_us;

	if (!fresh->source.is_live && (us < 0 || us > RT_MODEL_TREND_MS * 1000))
		return true;
	return rt_mono_ms_between(m->trend_at, m->now) >= RT_MODEL_TREND_MS;
}

/* A line of one-second columns would be drawn anew every second. */
static void
steady_trend(struct rt_model *m, struct rt_report *fresh)
{
	const struct rt_report *old = &m->live;

	if (rt_report_is_past(fresh) || rt_report_is_past(old))
		m->trend_at.us = 0;
	if (m->has_live && m->trend_at.us != 0 && !trend_is_due(m, fresh) &&
	    old->source.started_id == fresh->source.started_id &&
	    (uint32_t)old->source.window_s ==
		(uint32_t)fresh->source.window_s &&
	    old->counts.n[RT_C_ATTEMPTS] > 0)
		fresh->trend = old->trend;
	else
		m->trend_at = m->now;
}

/* The collector has taken the wanted moment back to the end of a bucket. */
static void
follow_moment(struct rt_model *m, const struct rt_report *fresh)
{
	if (m->at_us != m->asked_at_us)
		return; /* another one is wanted by now */
	if (rt_report_is_past(fresh))
		m->at_us = fresh->source.at_us;
	m->asked_at_us = m->at_us;
	if (m->thaws)
		m->is_frozen = m->thaws = false;
}

static void
take_operation(struct rt_model *m, const struct rt_report_operation *from)
{
	rt_drill_answer(m->drill, from);
	rt_dock_answer(&m->dock, from);
}

void
rt_model_answer(struct rt_model *m, struct rt_report *fresh)
{
	struct rt_report old;
	int64_t was_us = rt_model_report(m)->source.at_us;

	follow_moment(m, fresh);
	steady_trend(m, fresh);
	old = m->live;
	note_collector(m, fresh);
	m->live = *fresh;
	*fresh = old;
	m->has_live = true;
	if (rt_report_is_past(&m->live) && m->live.tail.asked) {
		rt_trail_clear(m->past_trail);
		m->past_trail_us = m->live.source.at_us;
	}
	if (!m->is_frozen && was_us != m->live.source.at_us) {
		m->has_moved = true;
		rt_drill_forget(m->drill);
	}
	if (!rt_report_is_past(&m->live) && rt_acks_hear(&m->acks, &m->live) &&
	    m->bell)
		m->must_ring = true;
	if (m->live.operation.id)
		take_operation(m, &m->live.operation);
	rt_reel_answer(m);
	if (!m->is_frozen)
		rt_model_settle(m);
}

void
rt_model_say(struct rt_model *m, const char *fmt, ...)
{
	char text[sizeof(m->notice)];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	rt_text_scrub(m->notice, sizeof(m->notice), rt_str_of(text));
	m->notice_at = m->now;
}

const char *
rt_model_notice(const struct rt_model *m)
{
	return m->notice[0] &&
		rt_mono_ms_between(m->notice_at, m->now) < RT_MODEL_NOTICE_MS
	    ? m->notice
	    : NULL;
}

void
rt_model_trouble(struct rt_model *m, const char *what)
{
	rt_text_scrub(m->trouble, sizeof(m->trouble), rt_str_of(what));
}

void
rt_model_event(struct rt_model *m, const struct rt_event *e)
{
	rt_trail_add(newest_trail(m), e);
}

static void
swap_reports(struct rt_model *m)
{
	struct rt_report old = m->live;

	m->live = m->frozen;
	m->frozen = old;
}

void
rt_model_freeze(struct rt_model *m, bool frozen)
{
	if (frozen == m->is_frozen || (frozen && !m->has_live))
		return;
	if (frozen) {
		memcpy(m->frozen_trail, newest_trail(m), sizeof(*m->trail));
		swap_reports(m);
		m->has_live = false;
		m->thaws = false;
		m->frozen_newest = m->trail->newest;
		m->held_missed = m->tail_missed;
		m->frozen_wall = m->answered_wall;
		m->is_frozen = true;
		return;
	}
	m->is_frozen = m->thaws = false;
	if (!m->has_live)
		swap_reports(m);
	m->has_live = true;
	rt_model_settle(m);
}
