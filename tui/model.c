/* SPDX-License-Identifier: MIT */
#include "tui/model.h"

#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "proto/mem.h"
#include "tui/order.h"

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

/* ---- rows and their identities ---------------------------------------- */

#define HASH_START UINT64_C(0xcbf29ce484222325)

static uint64_t
hash_text(uint64_t h, const char *z)
{
	for (; z && *z; z++)
		h = (h ^ (unsigned char)*z) * UINT64_C(0x100000001b3);
	return (h ^ 0xff) * UINT64_C(0x100000001b3);
}

static size_t
series_count(const struct rt_report *r)
{
	return r->series_count;
}

static uint64_t
series_id(const struct rt_report *r, size_t row)
{
	const struct rt_report_series *s = &r->series[row];
	uint64_t h = HASH_START + s->is_other;

	for (unsigned l = 0; l < RT_LABEL_COUNT; l++)
		h = hash_text(h, s->labels[l]);
	return h;
}

size_t
rt_model_classes(const struct rt_report *r, enum rt_class out[RT_CLASS_COUNT])
{
	const uint64_t *n = &r->counts.n[RT_C_CLASS];
	size_t count = 0;

	for (unsigned c = 0; c < RT_CLASS_COUNT; c++) {
		size_t at = count;

		if (c == RT_CLASS_NONE || n[c] == 0)
			continue;
		for (; at > 0 && n[out[at - 1]] < n[c]; at--)
			out[at] = out[at - 1];
		out[at] = (enum rt_class)c;
		count++;
	}
	if (n[RT_CLASS_NONE] > 0)
		out[count++] = RT_CLASS_NONE;
	return count;
}

static size_t
class_count(const struct rt_report *r)
{
	enum rt_class classes[RT_CLASS_COUNT];

	return rt_model_classes(r, classes);
}

static uint64_t
class_id(const struct rt_report *r, size_t row)
{
	enum rt_class classes[RT_CLASS_COUNT];

	(void)rt_model_classes(r, classes);
	return (uint64_t)classes[row] + 1;
}

static size_t
fallback_count(const struct rt_report *r)
{
	return r->fallbacks_count;
}

static uint64_t
fallback_id(const struct rt_report *r, size_t row)
{
	const struct rt_report_fallback *f = &r->fallbacks[row];

	return hash_text(
	    hash_text(hash_text(HASH_START, f->from), f->to), f->reason);
}

static size_t
violation_count(const struct rt_report *r)
{
	return r->violations_count;
}

static uint64_t
violation_id(const struct rt_report *r, size_t row)
{
	return hash_text(HASH_START, r->violations[row].rule);
}

static size_t
canary_count(const struct rt_report *r)
{
	return r->canaries_count;
}

static uint64_t
canary_id(const struct rt_report *r, size_t row)
{
	const struct rt_report_canary *c = &r->canaries[row];

	return hash_text(
	    hash_text(hash_text(hash_text(HASH_START, c->name), c->provider),
		c->route),
	    c->model);
}

static size_t
alert_count(const struct rt_report *r)
{
	return r->alerts_count;
}

static uint64_t
alert_id(const struct rt_report *r, size_t row)
{
	return r->alerts[row].number + 1;
}

static bool
series_passes(const struct rt_filter *f, const struct rt_report *r, size_t row)
{
	return rt_filter_series(f, &r->series[row]);
}

static bool
fallback_passes(
    const struct rt_filter *f, const struct rt_report *r, size_t row)
{
	return rt_filter_fallback(f, &r->fallbacks[row]);
}

/* Panels without rows have none; the tail has numbers instead. */
static const struct {
	size_t (*count)(const struct rt_report *r);
	uint64_t (*id)(const struct rt_report *r, size_t row);
	/* NULL: the filter has nothing to say here */
	bool (*passes)(
	    const struct rt_filter *f, const struct rt_report *r, size_t row);
} row_sources[RT_PANEL_COUNT] = {
    [RT_PANEL_ROUTES] = {series_count, series_id, series_passes},
    [RT_PANEL_CLASSES] = {class_count, class_id, NULL},
    [RT_PANEL_FALLBACKS] = {fallback_count, fallback_id, fallback_passes},
    [RT_PANEL_AUDIT] = {violation_count, violation_id, NULL},
    [RT_PANEL_CANARY] = {canary_count, canary_id, NULL},
    [RT_PANEL_ALERTS] = {alert_count, alert_id, NULL},
};

/* The roster is made of the report, and made once. */
static bool
has_rows(enum rt_panel p)
{
	return row_sources[p].count || p == RT_PANEL_EMITTERS;
}

static size_t
row_count(const struct rt_model *m, enum rt_panel p)
{
	return p == RT_PANEL_EMITTERS
	    ? m->roster.count
	    : row_sources[p].count(rt_model_report(m));
}

static uint64_t
row_id(const struct rt_model *m, enum rt_panel p, size_t row)
{
	return p == RT_PANEL_EMITTERS
	    ? hash_text(HASH_START, m->roster.rows[row].id)
	    : row_sources[p].id(rt_model_report(m), row);
}

/* Rows of the report that the filter lets through, at most RT_MODEL_ROWS. */
static size_t
keep_rows(
    const struct rt_model *m, enum rt_panel p, uint16_t keep[RT_MODEL_ROWS])
{
	const struct rt_report *r = rt_model_report(m);
	size_t all = row_count(m, p), n = 0;

	for (size_t i = 0; i < all && n < RT_MODEL_ROWS; i++)
		if (!row_sources[p].passes || m->filter.count == 0 ||
		    row_sources[p].passes(&m->filter, r, i))
			keep[n++] = (uint16_t)i;
	return n;
}

/* Rows known from before keep their places, new ones follow. */
static void
order_as_before(struct rt_model_rows *rows, const uint64_t *ids, size_t count)
{
	bool placed[RT_MODEL_ROWS] = {false};
	uint16_t order[RT_MODEL_ROWS];
	size_t n = 0;

	for (size_t p = 0; p < rows->count; p++)
		for (size_t i = 0; i < count; i++)
			if (!placed[i] && ids[i] == rows->ids[p]) {
				placed[i] = true;
				order[n++] = (uint16_t)i;
				break;
			}
	for (size_t i = 0; i < count; i++)
		if (!placed[i])
			order[n++] = (uint16_t)i;
	memcpy(rows->order, order, count * sizeof(order[0]));
}

static void
settle_rows(struct rt_model *m, enum rt_panel p, bool hold)
{
	struct rt_model_rows *rows = &m->rows[p];
	uint64_t ids[RT_MODEL_ROWS];
	uint16_t keep[RT_MODEL_ROWS];
	size_t count = keep_rows(m, p, keep);

	rt_order_apply(m, p, keep, count);
	for (size_t i = 0; i < count; i++)
		ids[i] = row_id(m, p, keep[i]);
	if (hold)
		order_as_before(rows, ids, count);
	else
		for (size_t i = 0; i < count; i++)
			rows->order[i] = (uint16_t)i;
	rows->count = count;
	rows->high = count > rows->high ? count : rows->high;
	if (rows->at >= count)
		rows->at = count ? count - 1 : 0;
	for (size_t i = 0; i < count; i++) {
		rows->ids[i] = ids[rows->order[i]];
		rows->order[i] = keep[rows->order[i]];
		if (rows->ids[i] == rows->selected)
			rows->at = i;
	}
	if (count > 0 && rows->selected != 0)
		rows->selected = rows->ids[rows->at];
	if (rows->selected == 0)
		rows->at = 0;
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

void
rt_model_settle(struct rt_model *m)
{
	bool hold = m->keep_order && m->key_at.us != 0 &&
	    rt_mono_ms_between(m->key_at, m->now) < RT_MODEL_HOLD_MS;

	rt_roster_make(&m->roster, rt_model_report(m));
	for (unsigned p = 0; p < RT_PANEL_COUNT; p++)
		if (has_rows((enum rt_panel)p))
			settle_rows(m, (enum rt_panel)p, hold);
	m->keep_order = true;
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

/* ---- the cursor ------------------------------------------------------- */

/* The next event from `at` that the filter lets through; `at` where there is none. */
static int64_t
step_tail(const struct rt_model *m, int64_t at, int by)
{
	const struct rt_trail *t = rt_model_trail(m);
	const struct rt_trail_row *e;

	for (int64_t n = at + by; n > 0; n += by) {
		e = rt_trail_get(t, (uint64_t)n);
		if (!e)
			break;
		if (rt_filter_event(&m->filter, e))
			return n;
	}
	return at;
}

static void
move_filtered(struct rt_model *m, int by)
{
	const struct rt_trail *t = rt_model_trail(m);
	int64_t at = (int64_t)(m->follow ? t->newest + 1 : m->tail_at), to;

	for (int i = 0; i != by; i += by < 0 ? -1 : 1) {
		to = step_tail(m, at, by < 0 ? -1 : 1);
		if (to == at)
			break;
		at = to;
	}
	m->tail_at = (uint64_t)at;
	m->follow = by == INT_MAX || at > (int64_t)t->newest;
}

static void
move_tail(struct rt_model *m, int by)
{
	const struct rt_trail *t = rt_model_trail(m);
	int64_t lo = (int64_t)rt_trail_oldest(t), hi = (int64_t)t->newest;
	int64_t at = (int64_t)(m->follow ? t->newest : m->tail_at) + by;

	if (t->newest == 0)
		return;
	if (m->filter.count > 0) {
		move_filtered(m, by);
		return;
	}
	m->tail_at = (uint64_t)(at < lo ? lo : at > hi ? hi : at);
	m->follow = by == INT_MAX;
}

void
rt_model_move(struct rt_model *m, int by)
{
	struct rt_model_rows *rows = &m->rows[m->focus];
	int64_t at = (int64_t)rows->at + by, last = (int64_t)rows->count - 1;

	if (m->focus == RT_PANEL_TAIL) {
		move_tail(m, by);
		return;
	}
	if (rows->count == 0)
		return;
	rows->at = (size_t)(at < 0 ? 0 : at > last ? last : at);
	rows->selected = rows->ids[rows->at];
}
