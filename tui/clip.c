/* SPDX-License-Identifier: MIT */
#include "tui/clip.h"

#include <string.h>

#include "proto/jsonw.h"

/* ---- what the cursor is on -------------------------------------------------- */

static const struct rt_trail_row *
event_of(const struct rt_model *m)
{
	const struct rt_trail *t = rt_model_trail(m);

	if (m->focus != RT_PANEL_TAIL)
		return NULL;
	return rt_trail_get(t, m->follow ? t->newest : m->tail_at);
}

static const struct rt_list_row *
listed(const struct rt_model *m)
{
	const struct rt_oplist *l = &m->drill->list;

	return l->count > 0 ? &l->rows[l->at] : NULL;
}

/* Row of the report under the cursor of the panel in focus; SIZE_MAX: none. */
static size_t
row_of(const struct rt_model *m)
{
	const struct rt_model_rows *rows = &m->rows[m->focus];

	return rows->count > 0 ? rows->order[rows->at] : SIZE_MAX;
}

/* ---- ids ------------------------------------------------------------------------ */

static void
put_labels(struct rt_buf *b, const struct rt_report_series *s)
{
	for (unsigned l = 0; l < RT_LABEL_COUNT; l++)
		if (s->labels[l]) {
			rt_buf_puts(b, b->len ? " " : "");
			rt_buf_puts(b, s->labels[l]);
		}
}

/* As one would say it in the incident's channel. */
static void
put_alert_name(struct rt_buf *b, const struct rt_report_alert *a)
{
	char about[600], level[80];

	rt_report_alert_about(about, sizeof(about), a);
	rt_report_alert_level(level, a);
	rt_buf_printf(b, "%s %s: %s", a->alert ? a->alert : "?", about, level);
}

static void
put_name(struct rt_buf *b, const struct rt_model *m, size_t row)
{
	const struct rt_report *r = rt_model_report(m);
	enum rt_class classes[RT_CLASS_COUNT];

	switch (m->focus) {
	case RT_PANEL_ROUTES: put_labels(b, &r->series[row]); break;
	case RT_PANEL_CLASSES:
		(void)rt_model_classes(r, classes);
		rt_buf_puts(b, rt_class_name(classes[row]));
		break;
	case RT_PANEL_FALLBACKS:
		rt_buf_printf(b, "%s > %s %s", r->fallbacks[row].from,
		    r->fallbacks[row].to, r->fallbacks[row].reason);
		break;
	case RT_PANEL_AUDIT: rt_buf_puts(b, r->violations[row].rule); break;
	case RT_PANEL_CANARY: rt_buf_puts(b, r->canaries[row].name); break;
	case RT_PANEL_ALERTS: put_alert_name(b, &r->alerts[row]); break;
	case RT_PANEL_EMITTERS: rt_buf_puts(b, m->roster.rows[row].id); break;
	case RT_PANEL_OVERVIEW:
	case RT_PANEL_TRIES:
	case RT_PANEL_LATENCY:
	case RT_PANEL_TAIL:
	case RT_PANEL_COUNT: break;
	}
}

bool
rt_clip_id(const struct rt_model *m, struct rt_buf *b)
{
	const struct rt_trail_row *e = event_of(m);
	const struct rt_list_row *row = listed(m);

	rt_buf_reset(b);
	if (m->drill->page == RT_PAGE_LIST)
		rt_buf_puts(b, row ? row->id : "");
	else if (m->drill->page != RT_PAGE_PANELS)
		rt_buf_puts(b, m->drill->id);
	else if (e)
		rt_buf_puts(b, e->operation_id);
	else if (row_of(m) != SIZE_MAX)
		put_name(b, m, row_of(m));
	return b->len > 0 && !b->overflow;
}

/* ---- rows ---------------------------------------------------------------------- */

static void
text(struct rt_jsonw *j, const char *key, const char *z)
{
	rt_jsonw_text(j, key, z && z[0] ? z : NULL);
}

static void
whole(struct rt_jsonw *j, const char *key, int64_t v)
{
	if (v > 0)
		rt_jsonw_int(j, key, v);
	else
		rt_jsonw_null(j, key);
}

static void
ms(struct rt_jsonw *j, const char *key, double v)
{
	if (v >= 0)
		rt_jsonw_double(j, key, v);
	else
		rt_jsonw_null(j, key);
}

static void
put_event(struct rt_jsonw *j, const struct rt_trail_row *e)
{
	char time[32] = "";

	if (e->ts_us)
		rt_text_from_time(time, e->ts_us);
	text(j, "ts", time);
	text(j, "operation_id", e->operation_id);
	whole(j, "attempt", e->attempt);
	text(j, "service", e->service);
	text(j, "http_route", e->route);
	text(j, "model_requested", e->model);
	whole(j, "http_response_status_code", e->status);
	text(j, "class", e->is_summary ? NULL : rt_class_name(e->error_class));
	text(j, "decision",
	    e->decision < RT_DECISION_COUNT ? rt_decision_name(e->decision)
					    : NULL);
	text(j, "reason", e->reason);
	text(j, "fallback_target", e->target);
	ms(j, "elapsed_ms", e->elapsed_ms);
	ms(j, "backoff_ms", e->backoff_ms);
	text(j, "final_outcome",
	    e->outcome < RT_OUTCOME_COUNT ? rt_outcome_name(e->outcome) : NULL);
}

static void
put_listed(struct rt_jsonw *j, const struct rt_list_row *row)
{
	rt_jsonw_text(j, "operation_id", row->id);
	text(j, "evidence", row->evidence);
	if (!row->is_seen)
		return;
	rt_jsonw_uint(j, "attempts_seen", row->attempts);
	rt_jsonw_object(j, "newest");
	put_event(j, &row->newest);
	rt_jsonw_end(j);
}

static void
put_series(struct rt_jsonw *j, const struct rt_report_series *s)
{
	rt_jsonw_object(j, "labels");
	for (unsigned l = 0; l < RT_LABEL_COUNT; l++)
		if (s->labels[l])
			rt_jsonw_text(
			    j, rt_label_name((enum rt_label)l), s->labels[l]);
	rt_jsonw_end(j);
	rt_jsonw_uint(j, "attempts", s->counts->n[RT_C_ATTEMPTS]);
	rt_jsonw_uint(j, "operations_ended", s->counts->n[RT_C_OPS_ENDED]);
	rt_jsonw_object(j, "rates");
	for (unsigned i = 0; i < RT_RATE_COUNT; i++) {
		struct rt_rate r = rt_rate(s->counts, (enum rt_rate_id)i);

		rt_jsonw_object(j, rt_rate_info((enum rt_rate_id)i)->key);
		rt_jsonw_double(j, "numerator", r.numerator);
		rt_jsonw_double(j, "denominator", r.denominator);
		rt_jsonw_end(j);
	}
	rt_jsonw_end(j);
}

static void
put_violation(struct rt_jsonw *j, const struct rt_report_violation *v)
{
	rt_jsonw_text(j, "rule", v->rule);
	rt_jsonw_uint(j, "count", v->count);
	rt_jsonw_array(j, "examples");
	for (unsigned i = 0; i < v->examples_count; i++) {
		rt_jsonw_object(j, NULL);
		text(j, "operation_id", v->examples[i].operation_id);
		text(j, "service", v->examples[i].service);
		text(j, "evidence", v->examples[i].evidence);
		rt_jsonw_end(j);
	}
	rt_jsonw_end(j);
}

static void
put_alert_row(struct rt_jsonw *j, const struct rt_report_alert *a)
{
	text(j, "alert", a->alert);
	rt_jsonw_bool(j, "firing", a->is_firing);
	text(j, "service", a->service);
	text(j, "http_route", a->route);
	text(j, "model_requested", a->model);
	text(j, "what", a->what);
	rt_jsonw_bool(j, "rest", a->is_rest);
	rt_jsonw_double(j, "value", a->value);
	rt_jsonw_double(j, "threshold", a->threshold);
	rt_jsonw_uint(j, "n", a->n);
}

static void
put_emitter_row(struct rt_jsonw *j, const struct rt_roster_row *e)
{
	text(j, "emitter", e->id);
	text(j, "service", e->service);
	rt_jsonw_uint(j, "accepted", e->accepted);
	rt_jsonw_uint(j, "refused", e->refused);
	if (e->is_numbered) {
		rt_jsonw_uint(j, "lost", e->lost);
		rt_jsonw_uint(j, "duplicates", e->duplicates);
	}
	if (e->is_acknowledged) {
		rt_jsonw_uint(j, "dropped", e->dropped);
		rt_jsonw_uint(j, "unexplained", e->unexplained);
	}
}

static void
put_panel_row(struct rt_jsonw *j, const struct rt_model *m, size_t row)
{
	const struct rt_report *r = rt_model_report(m);
	enum rt_class classes[RT_CLASS_COUNT];

	switch (m->focus) {
	case RT_PANEL_ROUTES: put_series(j, &r->series[row]); break;
	case RT_PANEL_CLASSES:
		(void)rt_model_classes(r, classes);
		rt_jsonw_text(j, "class", rt_class_name(classes[row]));
		rt_jsonw_uint(j, "attempts",
		    r->counts.n[RT_C_CLASS + (unsigned)classes[row]]);
		break;
	case RT_PANEL_FALLBACKS:
		text(j, "from", r->fallbacks[row].from);
		text(j, "to", r->fallbacks[row].to);
		text(j, "reason", r->fallbacks[row].reason);
		rt_jsonw_uint(j, "count", r->fallbacks[row].count);
		rt_jsonw_uint(j, "succeeded", r->fallbacks[row].succeeded);
		break;
	case RT_PANEL_AUDIT: put_violation(j, &r->violations[row]); break;
	case RT_PANEL_CANARY:
		text(j, "name", r->canaries[row].name);
		text(j, "class", r->canaries[row].error_class);
		rt_jsonw_uint(j, "attempts", r->canaries[row].attempts);
		rt_jsonw_uint(j, "ok", r->canaries[row].ok);
		break;
	case RT_PANEL_ALERTS: put_alert_row(j, &r->alerts[row]); break;
	case RT_PANEL_EMITTERS: put_emitter_row(j, &m->roster.rows[row]); break;
	case RT_PANEL_OVERVIEW:
	case RT_PANEL_TRIES:
	case RT_PANEL_LATENCY:
	case RT_PANEL_TAIL:
	case RT_PANEL_COUNT: break;
	}
}

/* The whole operation as `report --operation` prints it. */
static void
put_operation(struct rt_buf *b, const struct rt_drill *d)
{
	const struct rt_report_operation none = {.id = d->id};

	if (d->held != RT_HELD_YES)
		return;
	rt_waterfall_format_json(b, &d->fall, &none);
	if (b->len > 0 && b->p[b->len - 1] == '\n')
		b->p[--b->len] = '\0';
}

bool
rt_clip_row(const struct rt_model *m, struct rt_buf *b)
{
	const struct rt_trail_row *e = event_of(m);
	const struct rt_list_row *row = listed(m);
	bool is_list = m->drill->page == RT_PAGE_LIST;
	struct rt_jsonw j;

	rt_buf_reset(b);
	if (m->drill->page >= RT_PAGE_OPERATION) {
		put_operation(b, m->drill);
		return b->len > 0 && !b->overflow;
	}
	if (is_list ? !row : !e && row_of(m) == SIZE_MAX)
		return false;
	j = rt_jsonw_begin(b);
	rt_jsonw_object(&j, NULL);
	if (is_list && row)
		put_listed(&j, row);
	else if (e)
		put_event(&j, e);
	else
		put_panel_row(&j, m, row_of(m));
	rt_jsonw_end(&j);
	return !b->overflow;
}
