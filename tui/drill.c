/* SPDX-License-Identifier: MIT */
#include "tui/drill.h"

#include <limits.h>
#include <stdio.h>
#include <string.h>

#include "proto/alert.h"
#include "tui/facts.h"
#include "tui/model.h"

#define LINES_MAX (4u << 20) /* bytes of an operation's records kept */

void
rt_drill_init(struct rt_drill *d)
{
	memset(d, 0, sizeof(*d));
	rt_buf_init(&d->lines, LINES_MAX);
	rt_waterfall_init(&d->fall);
	d->visits_count = 1;
}

void
rt_drill_fini(struct rt_drill *d)
{
	rt_buf_fini(&d->lines);
}

/* ---- the operation -------------------------------------------------------- */

bool
rt_drill_wants(const struct rt_drill *d)
{
	return d->id[0] &&
	    (d->page == RT_PAGE_OPERATION || d->page == RT_PAGE_RECORDS);
}

void
rt_drill_answer(struct rt_drill *d, const struct rt_report_operation *from)
{
	if (!d->id[0] || !from->id || strcmp(from->id, d->id) != 0)
		return;
	if (from->count == 0) {
		d->is_gone = d->held == RT_HELD_YES;
		if (d->held == RT_HELD_ASKING)
			d->held = RT_HELD_NO;
		return;
	}
	rt_buf_reset(&d->lines);
	for (size_t i = 0; i < from->count; i++) {
		rt_buf_puts(&d->lines, from->lines[i]);
		rt_buf_putc(&d->lines, '\n');
	}
	d->is_gone = false;
	d->held = rt_waterfall_read(&d->fall, from) ? RT_HELD_YES : RT_HELD_NO;
}

void
rt_drill_forget(struct rt_drill *d)
{
	d->held = RT_HELD_ASKING;
	d->is_gone = false;
	rt_buf_reset(&d->lines);
	rt_waterfall_init(&d->fall);
}

static void
open_operation(struct rt_model *m, const char *id)
{
	struct rt_drill *d = m->drill;

	snprintf(d->id, sizeof(d->id), "%s", id);
	d->top = 0;
	rt_drill_forget(d);
	m->ask_now = true;
}

/* ---- history ------------------------------------------------------------------ */

static struct rt_visit *
visit_at(struct rt_drill *d)
{
	return &d->visits[d->visit];
}

static void
note(struct rt_model *m)
{
	struct rt_drill *d = m->drill;
	struct rt_visit *v = visit_at(d);

	memset(v, 0, sizeof(*v));
	v->page = d->page;
	v->focus = m->focus;
	v->of = d->list.of;
	snprintf(v->id, sizeof(v->id), "%s",
	    d->page == RT_PAGE_LIST && d->list.count > 0
		? d->list.rows[d->list.at].id
		: d->id);
}

static void
go(struct rt_model *m, enum rt_page page)
{
	struct rt_drill *d = m->drill;

	note(m);
	if (d->visit + 1 == RT_VISITS)
		memmove(d->visits, d->visits + 1,
		    (RT_VISITS - 1) * sizeof(d->visits[0]));
	else
		d->visit++;
	d->visits_count = d->visit + 1;
	d->page = page;
	d->top = 0;
	note(m);
}

static bool
passes(void *ctx, const struct rt_trail_row *e)
{
	return rt_filter_event(ctx, e);
}

static void
make_list(struct rt_model *m, const struct rt_list_of *of)
{
	rt_oplist_make(&m->drill->list, of, rt_model_trail(m),
	    rt_model_report(m), passes, &m->filter);
}

void
rt_drill_refilter(struct rt_model *m)
{
	struct rt_oplist *l = &m->drill->list;
	struct rt_list_of of = l->of;
	char id[RT_TRAIL_ID] = "";
	size_t at;

	if (l->count > 0)
		snprintf(id, sizeof(id), "%s", l->rows[l->at].id);
	make_list(m, &of);
	at = rt_oplist_find(l, id);
	l->at = at < l->count ? at : 0;
}

/* A small screen shows the panel as its table, too. */
static void
look_at(struct rt_model *m, enum rt_panel p)
{
	m->focus = p;
	if (p != RT_PANEL_TAIL && p != RT_PANEL_OVERVIEW)
		m->table = p;
}

static bool
same_list(const struct rt_list_of *a, const struct rt_list_of *b)
{
	return a->kind == b->kind && a->error_class == b->error_class &&
	    memcmp(a->words, b->words, sizeof(a->words)) == 0;
}

bool
rt_drill_history(struct rt_model *m, int by)
{
	struct rt_drill *d = m->drill;
	int64_t to = (int64_t)d->visit + by;
	const struct rt_visit *v;
	size_t at;

	if (to < 0 || to >= (int64_t)d->visits_count)
		return false;
	note(m);
	d->visit = (unsigned)to;
	v = visit_at(d);
	d->page = v->page;
	d->top = 0;
	look_at(m, (enum rt_panel)v->focus);
	if (v->page == RT_PAGE_PANELS)
		return true;
	if (!same_list(&v->of, &d->list.of))
		make_list(m, &v->of);
	at = rt_oplist_find(&d->list, v->id);
	d->list.at = at < d->list.count ? at : d->list.at;
	if (v->page != RT_PAGE_LIST && strcmp(v->id, d->id) != 0)
		open_operation(m, v->id);
	return true;
}

/* ---- into it -------------------------------------------------------------------- */

static void
set_word(struct rt_list_of *of, unsigned i, const char *z)
{
	rt_text_scrub(
	    of->words[i], sizeof(of->words[i]), z ? rt_str_of(z) : RT_STR_NONE);
}

static void
list_of_route(struct rt_list_of *of, const struct rt_report *r, size_t row)
{
	const struct rt_report_series *s = &r->series[row];

	/* What is summed up has no labels of its own. */
	of->kind = s->is_other ? RT_LIST_ALL : RT_LIST_ROUTE;
	set_word(of, 0, s->labels[RT_LABEL_SERVICE]);
	set_word(of, 1, s->labels[RT_LABEL_HTTP_ROUTE]);
	set_word(of, 2, s->labels[RT_LABEL_MODEL_REQUESTED]);
}

static void
list_of_class(struct rt_list_of *of, const struct rt_report *r, size_t row)
{
	enum rt_class classes[RT_CLASS_COUNT];

	(void)rt_model_classes(r, classes);
	of->kind = RT_LIST_CLASS;
	of->error_class = classes[row];
}

static void
list_of_fallback(struct rt_list_of *of, const struct rt_report *r, size_t row)
{
	of->kind = RT_LIST_FALLBACK;
	set_word(of, 0, r->fallbacks[row].from);
	set_word(of, 1, r->fallbacks[row].to);
	set_word(of, 2, r->fallbacks[row].reason);
}

static void
list_of_rule(struct rt_list_of *of, const struct rt_report *r, size_t row)
{
	of->kind = RT_LIST_RULE;
	set_word(of, 0, r->violations[row].rule);
}

static void
list_of_canary(struct rt_list_of *of, const struct rt_report *r, size_t row)
{
	of->kind = RT_LIST_CANARY;
	set_word(of, 0, rt_facts_canary(&r->canaries[row]));
}

static void (*const list_of[RT_PANEL_COUNT])(
    struct rt_list_of *of, const struct rt_report *r, size_t row) = {
    [RT_PANEL_ROUTES] = list_of_route,
    [RT_PANEL_CLASSES] = list_of_class,
    [RT_PANEL_FALLBACKS] = list_of_fallback,
    [RT_PANEL_AUDIT] = list_of_rule,
    [RT_PANEL_CANARY] = list_of_canary,
};

bool
rt_drill_list_of(const struct rt_model *m, struct rt_list_of *of)
{
	const struct rt_model_rows *rows = &m->rows[m->focus];

	memset(of, 0, sizeof(*of));
	if (!list_of[m->focus] || rows->count == 0)
		return false;
	list_of[m->focus](of, rt_model_report(m), rows->order[rows->at]);
	return true;
}

static bool
enter_panel(struct rt_model *m)
{
	struct rt_list_of of;

	if (!rt_drill_list_of(m, &of) && list_of[m->focus])
		return false;
	note(m);
	make_list(m, &of);
	go(m, RT_PAGE_LIST);
	return true;
}

/* ---- what an alert is about --------------------------------------------------------- */

/* To a row of another panel, as a view of its own: `[` comes back. */
static bool
jump(struct rt_model *m, enum rt_panel p, size_t row)
{
	struct rt_model_rows *rows = &m->rows[p];
	size_t at = 0;

	while (at < rows->count && rows->order[at] != row)
		at++;
	if (row != SIZE_MAX && at == rows->count)
		return false;
	go(m, RT_PAGE_PANELS);
	look_at(m, p);
	m->zoomed = false;
	note(m);
	if (row != SIZE_MAX) {
		rows->at = at;
		rows->selected = rows->ids[at];
	}
	return true;
}

static bool
is_label(const char *a, const char *b)
{
	return strcmp(a ? a : "", b ? b : "") == 0;
}

/* The others together have no row: the panel as it is. */
static bool
to_route(struct rt_model *m, const struct rt_report_alert *a)
{
	const struct rt_report *r = rt_model_report(m);

	for (size_t i = 0; i < r->series_count && !a->is_rest; i++) {
		const char *const *l = r->series[i].labels;

		if (is_label(l[RT_LABEL_SERVICE], a->service) &&
		    is_label(l[RT_LABEL_HTTP_ROUTE], a->route) &&
		    is_label(l[RT_LABEL_MODEL_REQUESTED], a->model))
			return jump(m, RT_PANEL_ROUTES, i);
	}
	return a->is_rest && jump(m, RT_PANEL_ROUTES, SIZE_MAX);
}

/* The operations that broke it. */
static bool
to_rule(struct rt_model *m, const struct rt_report_alert *a)
{
	const struct rt_report *r = rt_model_report(m);
	struct rt_list_of of;

	for (size_t i = 0; i < r->violations_count; i++)
		if (is_label(r->violations[i].rule, a->what)) {
			memset(&of, 0, sizeof(of));
			list_of_rule(&of, r, i);
			note(m);
			make_list(m, &of);
			go(m, RT_PAGE_LIST);
			return true;
		}
	return false;
}

static bool
to_canary(struct rt_model *m, const struct rt_report_alert *a)
{
	const struct rt_report *r = rt_model_report(m);

	for (size_t i = 0; i < r->canaries_count; i++)
		if (is_label(rt_facts_canary(&r->canaries[i]), a->what) &&
		    is_label(r->canaries[i].route, a->route) &&
		    is_label(r->canaries[i].model, a->model))
			return jump(m, RT_PANEL_CANARY, i);
	return false;
}

static bool
to_collector(struct rt_model *m, const struct rt_report_alert *a)
{
	for (size_t i = 0; i < m->roster.count; i++)
		if (a->what && is_label(m->roster.rows[i].id, a->what))
			return jump(m, RT_PANEL_EMITTERS, i);
	return jump(m, RT_PANEL_EMITTERS, SIZE_MAX);
}

static bool
enter_alert(struct rt_model *m)
{
	static bool (*const ways[])(
	    struct rt_model * m, const struct rt_report_alert *a) = {
	    [RT_ALERT_OF_COLLECTOR] = to_collector,
	    [RT_ALERT_OF_ROUTE] = to_route,
	    [RT_ALERT_OF_RULE] = to_rule,
	    [RT_ALERT_OF_CANARY] = to_canary,
	};
	const struct rt_model_rows *rows = &m->rows[RT_PANEL_ALERTS];
	const struct rt_report_alert *a;
	enum rt_alert kind;

	if (rows->count == 0)
		return false;
	a = &rt_model_report(m)->alerts[rows->order[rows->at]];
	kind = rt_alert_from(a->alert);
	if (kind == RT_ALERT_COUNT || !ways[rt_alert_subject(kind)](m, a))
		rt_model_say(m,
		    "what it is about is not on this screen: not in the "
		    "window, or the filter leaves it out");
	return true;
}

/* In the list of all; where another operation is open, in its place. */
void
rt_drill_open(struct rt_model *m, const char *id)
{
	struct rt_drill *d = m->drill;
	struct rt_list_of all;
	size_t at;

	memset(&all, 0, sizeof(all));
	note(m);
	make_list(m, &all);
	at = rt_oplist_find(&d->list, id);
	d->list.at = at < d->list.count ? at : 0;
	open_operation(m, id);
	if (d->page == RT_PAGE_OPERATION)
		note(m);
	else
		go(m, RT_PAGE_OPERATION);
}

/* The operation of the event under the cursor. */
static bool
enter_tail(struct rt_model *m)
{
	const struct rt_trail *t = rt_model_trail(m);
	const struct rt_trail_row *e =
	    rt_trail_get(t, m->follow ? t->newest : m->tail_at);

	if (!e || !e->operation_id[0])
		return false;
	rt_drill_open(m, e->operation_id);
	return true;
}

bool
rt_drill_enter(struct rt_model *m)
{
	struct rt_drill *d = m->drill;

	switch (d->page) {
	case RT_PAGE_PANELS:
		if (m->focus == RT_PANEL_ALERTS)
			return enter_alert(m);
		if (m->focus == RT_PANEL_EMITTERS)
			return false;
		return m->focus == RT_PANEL_TAIL ? enter_tail(m)
						 : enter_panel(m);
	case RT_PAGE_LIST:
		if (d->list.count == 0)
			return false;
		note(m);
		open_operation(m, d->list.rows[d->list.at].id);
		go(m, RT_PAGE_OPERATION);
		return true;
	case RT_PAGE_OPERATION: return rt_drill_records(m);
	case RT_PAGE_RECORDS: break;
	}
	return false;
}

bool
rt_drill_records(struct rt_model *m)
{
	switch (m->drill->page) {
	case RT_PAGE_OPERATION: go(m, RT_PAGE_RECORDS); return true;
	case RT_PAGE_RECORDS: go(m, RT_PAGE_OPERATION); return true;
	case RT_PAGE_PANELS:
	case RT_PAGE_LIST: break;
	}
	return false;
}

bool
rt_drill_up(struct rt_model *m)
{
	struct rt_drill *d = m->drill;

	switch (d->page) {
	case RT_PAGE_RECORDS: go(m, RT_PAGE_OPERATION); return true;
	case RT_PAGE_OPERATION:
		/* From the tail one comes straight here. */
		go(m,
		    m->focus == RT_PANEL_TAIL && d->list.of.kind == RT_LIST_ALL
			? RT_PAGE_PANELS
			: RT_PAGE_LIST);
		return true;
	case RT_PAGE_LIST: go(m, RT_PAGE_PANELS); return true;
	case RT_PAGE_PANELS: break;
	}
	return false;
}

void
rt_drill_leave(struct rt_model *m)
{
	if (m->drill->page != RT_PAGE_PANELS)
		go(m, RT_PAGE_PANELS);
}

/* ---- along a list ------------------------------------------------------------------ */

static bool
stops_at(const struct rt_list_row *row, enum rt_step which)
{
	return which == RT_STEP_ANY ||
	    (which == RT_STEP_FAILED ? row->has_failed : row->broke_rule);
}

static bool
step_list(struct rt_model *m, enum rt_step which, int by)
{
	struct rt_drill *d = m->drill;
	int64_t at = (int64_t)d->list.at + by;

	while (at >= 0 && at < (int64_t)d->list.count &&
	    !stops_at(&d->list.rows[at], which))
		at += by;
	if (at < 0 || at >= (int64_t)d->list.count)
		return false;
	d->list.at = (size_t)at;
	if (d->page != RT_PAGE_LIST)
		open_operation(m, d->list.rows[at].id);
	note(m);
	return true;
}

/* In the tail the next one is further down: newer. */
static bool
step_tail(struct rt_model *m, enum rt_step which, int by)
{
	const struct rt_trail *t = rt_model_trail(m);
	const struct rt_report *r = rt_model_report(m);
	int64_t at = (int64_t)(m->follow ? t->newest : m->tail_at);

	if (which == RT_STEP_ANY)
		return false;
	for (at += by; at > 0; at += by) {
		const struct rt_trail_row *e = rt_trail_get(t, (uint64_t)at);

		if (!e)
			return false;
		if (!rt_filter_event(&m->filter, e))
			continue;
		if (which == RT_STEP_FAILED
			? rt_trail_is_failure(e)
			: rt_report_is_example(r, e->operation_id)) {
			m->focus = RT_PANEL_TAIL;
			m->picked = true;
			m->follow = false;
			m->tail_at = (uint64_t)at;
			return true;
		}
	}
	return false;
}

bool
rt_drill_step(struct rt_model *m, enum rt_step which, int by)
{
	return m->drill->page == RT_PAGE_PANELS ? step_tail(m, which, by)
						: step_list(m, which, by);
}

void
rt_drill_move(struct rt_model *m, int by, unsigned rows, unsigned all)
{
	struct rt_drill *d = m->drill;
	int64_t last = d->page == RT_PAGE_LIST ? (int64_t)d->list.count - 1
	    : all > rows                       ? (int64_t)(all - rows)
					       : 0;
	int64_t at =
	    d->page == RT_PAGE_LIST ? (int64_t)d->list.at : (int64_t)d->top;

	at += by;
	at = at > last ? last : at;
	at = at < 0 ? 0 : at;
	if (d->page == RT_PAGE_LIST)
		d->list.at = (size_t)at;
	else
		d->top = (unsigned)at;
}
