/* SPDX-License-Identifier: MIT */
/* Which rows a panel has, in which order they stand, and where the cursor is among them. */
#include <limits.h>
#include <string.h>

#include "tui/model.h"
#include "tui/order.h"

/* ---- what tells a row from others ------------------------------------- */

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

/* ---- their order ------------------------------------------------------- */

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
