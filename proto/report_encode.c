/* SPDX-License-Identifier: MIT */
#include <math.h>
#include <stdio.h>

#include "proto/jsonw.h"
#include "proto/report_fields.h"
#include "proto/report_row.h"
#include "proto/rules.h"

static void
put_double(struct rt_jsonw *w, const char *key, double v, bool known)
{
	if (known && isfinite(v))
		rt_jsonw_double(w, key, v);
	else
		rt_jsonw_null(w, key);
}

static void
put_text(struct rt_jsonw *w, const char *key, const char *z)
{
	if (z)
		rt_jsonw_text(w, key, z);
	else
		rt_jsonw_null(w, key);
}

static void
put_int(struct rt_jsonw *w, const char *key, int64_t v, bool known)
{
	if (known)
		rt_jsonw_int(w, key, v);
	else
		rt_jsonw_null(w, key);
}

static void
put_uint(struct rt_jsonw *w, const char *key, uint64_t v, bool known)
{
	if (known)
		rt_jsonw_uint(w, key, v);
	else
		rt_jsonw_null(w, key);
}

static void
put_time(struct rt_jsonw *w, const char *key, int64_t us)
{
	char text[32];

	if (us) {
		rt_text_from_time(text, us);
		rt_jsonw_text(w, key, text);
	} else {
		rt_jsonw_null(w, key);
	}
}

static void
put_field(struct rt_jsonw *w, const struct rt_report_field *f, const char *base)
{
	const void *p = base + f->at;
	const int64_t *i = p;
	const double *v = p;

	switch (f->type) {
	case RT_REPORT_UINT:
		rt_jsonw_uint(w, f->key, *(const uint64_t *)p);
		break;
	case RT_REPORT_INT: put_int(w, f->key, *i, true); break;
	case RT_REPORT_AGE: put_int(w, f->key, *i, *i >= 0); break;
	case RT_REPORT_NONZERO: put_int(w, f->key, *i, *i != 0); break;
	case RT_REPORT_TIME: put_time(w, f->key, *i); break;
	case RT_REPORT_DOUBLE: put_double(w, f->key, *v, true); break;
	case RT_REPORT_POSITIVE: put_double(w, f->key, *v, *v >= 0); break;
	case RT_REPORT_SPAN: put_double(w, f->key, *v, *v > 0); break;
	case RT_REPORT_OPTIONAL:
		put_double(w, f->key, *v, *(const bool *)(base + f->flag));
		break;
	case RT_REPORT_BOOL: rt_jsonw_bool(w, f->key, *(const bool *)p); break;
	case RT_REPORT_TEXT:
		put_text(w, f->key, *(const char *const *)p);
		break;
	}
}

static void
put_fields(
    struct rt_jsonw *w, const struct rt_report_field *f, const void *base)
{
	for (; f->key; f++)
		put_field(w, f, base);
}

/* Null where nothing is known of them: see rt_report_is_past. */
static void
put_known(struct rt_jsonw *w, const struct rt_report_field *f,
    const struct rt_report *r)
{
	for (; f->key; f++) {
		if (rt_report_is_past(r))
			rt_jsonw_null(w, f->key);
		else
			put_field(w, f, (const char *)r);
	}
}

static void
put_status(struct rt_jsonw *w, const struct rt_report *r)
{
	char key[8];

	rt_jsonw_object(w, "by_status");
	for (unsigned i = 0; i < RT_STATUS_COUNT; i++) {
		if (!r->status[i])
			continue;
		snprintf(key, sizeof(key), "%u", RT_STATUS_MIN + i);
		rt_jsonw_uint(w, key, r->status[i]);
	}
	rt_jsonw_end(w);
}

/* A live window cannot tell what was open before it from what it saw. */
static uint64_t
unfinished_of(const struct rt_report *r)
{
	if (!r->source.is_live)
		return rt_report_started_only(&r->counts);
	return r->open.running + r->open.in_backoff + r->open.on_fallback;
}

static void
put_violations(struct rt_jsonw *w, const struct rt_report *r)
{
	rt_jsonw_array(w, "violations");
	for (size_t i = 0; i < r->violations_count; i++) {
		const struct rt_report_violation *v = &r->violations[i];

		rt_jsonw_object(w, NULL);
		put_text(w, "rule", v->rule);
		rt_jsonw_uint(w, "count", v->count);
		rt_jsonw_array(w, "examples");
		for (unsigned k = 0; k < v->examples_count; k++) {
			rt_jsonw_object(w, NULL);
			put_fields(
			    w, rt_report_example_fields, &v->examples[k]);
			rt_jsonw_end(w);
		}
		rt_jsonw_end(w);
		rt_jsonw_end(w);
	}
	rt_jsonw_end(w);
}

static void
put_matrix(struct rt_jsonw *w, const struct rt_counts *c)
{
	const uint64_t *n = &c->n[RT_C_CLASS_DECISION];

	rt_jsonw_object(w, "class_decision");
	for (unsigned i = 0; i < RT_CLASS_COUNT; i++) {
		rt_jsonw_object(w, rt_class_name((enum rt_class)i));
		for (unsigned k = 0; k < RT_DECISION_COLUMNS; k++, n++)
			if (*n)
				rt_jsonw_uint(
				    w, rt_report_decision_column(k), *n);
		rt_jsonw_end(w);
	}
	rt_jsonw_end(w);
}

static void
put_trend(struct rt_jsonw *w, const struct rt_report *r)
{
	rt_jsonw_object(w, "trend");
	put_double(w, "step_s", r->trend.step_s, true);
	rt_jsonw_uint(w, "cols", r->trend.cols);
	for (unsigned i = 0; i < RT_TREND_COUNT; i++) {
		rt_jsonw_array(w, rt_trend_name((enum rt_trend)i));
		for (unsigned k = 0; k < r->trend.cols; k++)
			put_uint(
			    w, NULL, r->trend.v[i][k], k >= r->trend.absent);
		rt_jsonw_end(w);
	}
	rt_jsonw_end(w);
}

static void
put_lines(struct rt_jsonw *w, const char *key, const char **lines, size_t count)
{
	rt_jsonw_array(w, key);
	for (size_t i = 0; i < count; i++)
		rt_jsonw_text(w, NULL, lines[i]);
	rt_jsonw_end(w);
}

static void
put_operation(struct rt_jsonw *w, const struct rt_report_operation *o)
{
	if (!o->id)
		return;
	rt_jsonw_object(w, "operation");
	rt_jsonw_text(w, "operation_id", o->id);
	rt_jsonw_bool(w, "whole", o->is_whole);
	rt_jsonw_array(w, "rules");
	for (unsigned i = 0; i < RT_RULE_COUNT; i++)
		if (o->rules & 1u << i)
			rt_jsonw_text(w, NULL, rt_rule_name((enum rt_rule)i));
	rt_jsonw_end(w);
	put_lines(w, "events", o->lines, o->count);
	rt_jsonw_end(w);
}

static void
put_replay(struct rt_jsonw *w, const struct rt_report_replay *p)
{
	if (!p->is_on)
		return;
	rt_jsonw_object(w, "replay");
	put_fields(w, rt_report_replay_fields, p);
	rt_report_put_columns(w, "timeline", p->taken, p->cols);
	rt_report_put_columns(w, "timeline_failed", p->failed, p->cols);
	rt_jsonw_end(w);
}

static void
put_head(struct rt_jsonw *w, const struct rt_report *r)
{
	const struct rt_counts *c = &r->counts;

	rt_jsonw_text(w, "schema", RT_REPORT_SCHEMA);
	rt_jsonw_object(w, "source");
	rt_jsonw_text(w, "kind", r->source.is_live ? "live" : "replay");
	put_fields(w, rt_report_source_fields, r);
	put_replay(w, &r->source.replay);
	rt_jsonw_end(w);
	rt_jsonw_object(w, "intake");
	rt_report_put_counters(w, rt_report_intake_counters, c);
	rt_report_put_group(w, &rt_report_by_reject, c);
	put_known(w, rt_report_loss_fields, r);
	rt_jsonw_end(w);
	rt_jsonw_object(w, "attempts");
	rt_report_put_counters(w, rt_report_attempt_counters, c);
	rt_report_put_group(w, &rt_report_by_class, c);
	put_status(w, r);
	rt_jsonw_end(w);
	rt_report_put_operations(w, c, unfinished_of(r), !rt_report_is_past(r));
	rt_report_put_rates(w, c);
	rt_report_put_group(w, &rt_report_by_decision, c);
}

static void
put_more(struct rt_jsonw *w, const struct rt_report *r)
{
	const struct rt_counts *c = &r->counts;

	rt_jsonw_uint(w, "series_total", r->series_total);
	rt_jsonw_object(w, "open");
	put_known(w, rt_report_open_fields, r);
	rt_jsonw_end(w);
	rt_jsonw_object(w, "journal");
	put_known(w, rt_report_journal_fields, r);
	rt_jsonw_end(w);
	rt_jsonw_object(w, "access");
	put_known(w, rt_report_access_fields, r);
	rt_jsonw_end(w);
	rt_report_put_rate(w, "completeness",
	    (struct rt_rate){
		(double)c->n[RT_C_COMPLETE], (double)c->n[RT_C_ATTEMPTS]});
	rt_report_put_sums(w, c);
	put_matrix(w, c);
	rt_jsonw_object(w, "overflow");
	for (unsigned i = 0; i < RT_OVERFLOW_COUNT; i++)
		put_uint(w, rt_overflow_name((enum rt_overflow)i),
		    r->overflow[i], !rt_report_is_past(r));
	rt_jsonw_end(w);
	put_trend(w, r);
}

/* ---- in pieces: each writes one thing and says whether there are more of it ------ */

static bool
write_head(struct rt_report_encoder *e)
{
	rt_jsonw_object(&e->w, NULL);
	put_head(&e->w, e->report);
	put_violations(&e->w, e->report);
	rt_report_put_latency(&e->w, e->report->latency);
	return false;
}

/* An array's begin with its first row, its end with the last. */
static bool
write_row(struct rt_report_encoder *e, const char *key, size_t count,
    void (*put)(struct rt_report_encoder *))
{
	if (e->row == 0)
		rt_jsonw_array(&e->w, key);
	if (e->row < count)
		put(e);
	if (++e->row < count)
		return true;
	rt_jsonw_end(&e->w);
	return false;
}

static void
put_series_row(struct rt_report_encoder *e)
{
	rt_report_put_series(&e->w, &e->report->series[e->row]);
}

static bool
write_series(struct rt_report_encoder *e)
{
	return write_row(e, "series", e->report->series_count, put_series_row);
}

static void
put_flat_row(struct rt_report_encoder *e)
{
	const struct rt_report_rows *t = &rt_report_flat_rows[e->table];
	const char *base = (const char *)e->report;
	const char *rows = *(const char *const *)(const void *)(base + t->rows);

	rt_jsonw_object(&e->w, NULL);
	put_fields(&e->w, t->fields, rows + e->row * t->row_bytes);
	rt_jsonw_end(&e->w);
}

static bool
write_flat(struct rt_report_encoder *e)
{
	const struct rt_report_rows *t = &rt_report_flat_rows[e->table];
	const char *base = (const char *)e->report;
	size_t count = *(const size_t *)(const void *)(base + t->count);

	if (write_row(e, t->key, count, put_flat_row))
		return true;
	e->row = 0;
	return rt_report_flat_rows[++e->table].key != NULL;
}

static bool
write_more(struct rt_report_encoder *e)
{
	put_more(&e->w, e->report);
	return false;
}

static void
put_tail_line(struct rt_report_encoder *e)
{
	rt_jsonw_text(&e->w, NULL, e->report->tail.lines[e->row]);
}

static bool
write_tail(struct rt_report_encoder *e)
{
	const struct rt_report_tail *t = &e->report->tail;

	if (!t->asked)
		return false;
	if (e->row == 0) {
		rt_jsonw_object(&e->w, "tail");
		rt_jsonw_uint(&e->w, "cursor", t->cursor);
		rt_jsonw_uint(&e->w, "missed", t->missed);
	}
	if (write_row(e, "events", t->count, put_tail_line))
		return true;
	rt_jsonw_end(&e->w);
	return false;
}

static bool
write_end(struct rt_report_encoder *e)
{
	put_operation(&e->w, &e->report->operation);
	rt_jsonw_end(&e->w);
	return false;
}

struct rt_report_encoder
rt_report_encode_begin(struct rt_buf *b, const struct rt_report *r)
{
	return (struct rt_report_encoder){
	    .w = rt_jsonw_begin(b), .buf = b, .report = r};
}

bool
rt_report_encode_step(struct rt_report_encoder *e, size_t bytes)
{
	static bool (*const parts[])(struct rt_report_encoder *) = {write_head,
	    write_series, write_flat, write_more, write_tail, write_end};
	const size_t begun = e->buf->len;

	while (e->part < RT_COUNT_OF(parts) && !e->buf->overflow) {
		if (e->buf->len - begun >= bytes)
			return true;
		if (!parts[e->part](e)) {
			e->part++;
			e->row = 0;
		}
	}
	return false;
}

void
rt_report_encode(struct rt_buf *b, const struct rt_report *r)
{
	struct rt_report_encoder e = rt_report_encode_begin(b, r);

	(void)rt_report_encode_step(&e, SIZE_MAX);
}

void
rt_report_encode_error(struct rt_buf *b, const char *where, const char *what)
{
	struct rt_jsonw w;

	rt_buf_reset(b);
	w = rt_jsonw_begin(b);
	rt_jsonw_object(&w, NULL);
	rt_jsonw_text(&w, "schema", "retrytop-error/v1");
	rt_jsonw_text(&w, "where", where);
	rt_jsonw_text(&w, "error", what);
	rt_jsonw_end(&w);
}
