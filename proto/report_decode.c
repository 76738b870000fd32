/* SPDX-License-Identifier: MIT */
#include <string.h>

#include "proto/json.h"
#include "proto/report_fields.h"
#include "proto/rules.h"

#define TEXT_GROWTH 3 /* a bad byte becomes the three of U+FFFD */

static uint64_t
to_uint(struct json_object *v)
{
	if (!json_object_is_type(v, json_type_int))
		return 0;
	return json_object_get_uint64(v);
}

static int64_t
to_int(struct json_object *v, int64_t fallback)
{
	if (!json_object_is_type(v, json_type_int))
		return fallback;
	return json_object_get_int64(v);
}

static bool
to_double(struct json_object *v, double *out)
{
	if (!json_object_is_type(v, json_type_double) &&
	    !json_object_is_type(v, json_type_int))
		return false;
	*out = json_object_get_double(v);
	return true;
}

/* A document is what another program says: scrubbed like everything from outside. */
static const char *
to_text(struct rt_report *r, struct json_object *v)
{
	struct rt_str s;
	size_t size;
	char *p;

	if (!json_object_is_type(v, json_type_string))
		return NULL;
	s.p = json_object_get_string(v);
	s.len = (size_t)json_object_get_string_len(v);
	if (rt_text_is_clean(s))
		return rt_report_text(r, s);
	size = s.len * TEXT_GROWTH + 1;
	p = rt_report_alloc(r, size);
	rt_text_scrub(p, size, s);
	return p;
}

static int64_t
to_time(struct json_object *v)
{
	int64_t us = 0;

	if (json_object_is_type(v, json_type_string) &&
	    rt_text_to_time(rt_str_of(json_object_get_string(v)), &us, NULL) ==
		RT_OK)
		return us;
	return 0;
}

static uint64_t
get_uint(struct json_object *o, const char *key)
{
	return to_uint(rt_json_get(o, key));
}

static void
get_field(struct rt_report *r, struct json_object *o,
    const struct rt_report_field *f, char *base)
{
	struct json_object *v = rt_json_get(o, f->key);
	void *p = base + f->at;
	double *d = p;

	switch (f->type) {
	case RT_REPORT_UINT: *(uint64_t *)p = to_uint(v); break;
	case RT_REPORT_INT:
	case RT_REPORT_NONZERO: *(int64_t *)p = to_int(v, 0); break;
	case RT_REPORT_AGE: *(int64_t *)p = to_int(v, -1); break;
	case RT_REPORT_TIME: *(int64_t *)p = to_time(v); break;
	case RT_REPORT_DOUBLE:
	case RT_REPORT_SPAN: to_double(v, d); break;
	case RT_REPORT_POSITIVE:
		*d = -1;
		to_double(v, d);
		break;
	case RT_REPORT_OPTIONAL:
		*(bool *)(base + f->flag) = to_double(v, d);
		break;
	case RT_REPORT_BOOL:
		*(bool *)p = json_object_is_type(v, json_type_boolean) &&
		    json_object_get_boolean(v);
		break;
	case RT_REPORT_TEXT: *(const char **)p = to_text(r, v); break;
	}
}

static void
get_fields(struct rt_report *r, struct json_object *o,
    const struct rt_report_field *f, void *base)
{
	for (; f->key; f++)
		get_field(r, o, f, base);
}

/* Elements of the array under `key`; 0 where there is none. */
static size_t
get_array(struct json_object *o, const char *key, struct json_object **out)
{
	struct json_object *v = rt_json_get(o, key);

	if (!json_object_is_type(v, json_type_array))
		return 0;
	*out = v;
	return json_object_array_length(v);
}

static enum rt_err
get_rows(struct json_object *o, const char *key, struct json_object **out,
    size_t *n, struct rt_diag *d)
{
	*n = get_array(o, key, out);
	if (*n <= RT_REPORT_ROWS_MAX)
		return RT_OK;
	rt_diag_set(d, key, "a report has at most %u rows", RT_REPORT_ROWS_MAX);
	return RT_E_TOO_LARGE;
}

static void
get_counters(struct json_object *o, const struct rt_report_counter *t,
    struct rt_counts *c)
{
	for (; t->key; t++)
		c->n[t->counter] = get_uint(o, t->key);
}

static void
get_group(
    struct json_object *o, const struct rt_report_group *g, struct rt_counts *c)
{
	struct json_object *map = rt_json_get(o, g->key);

	for (unsigned i = 0; i < g->count; i++)
		c->n[g->first + i] = get_uint(map, g->name(i));
}

static void
get_status(struct json_object *o, struct rt_report *r)
{
	struct json_object *map = rt_json_get(o, "by_status");

	if (!json_object_is_type(map, json_type_object))
		return;
	json_object_object_foreach(map, key, v)
	{
		unsigned code = 0;

		if (strlen(key) != 3 || strspn(key, "0123456789") != 3)
			continue;
		for (const char *p = key; *p; p++)
			code = code * 10 + (unsigned)(*p - '0');
		if (code >= RT_STATUS_MIN &&
		    code - RT_STATUS_MIN < RT_STATUS_COUNT)
			r->status[code - RT_STATUS_MIN] = to_uint(v);
	}
}

static void
get_attempts(struct json_object *o, struct rt_counts *c)
{
	get_counters(o, rt_report_attempt_counters, c);
	get_group(o, &rt_report_by_class, c);
}

/* What totals and series have in common. */
static void
get_counts(struct json_object *o, struct rt_counts *c)
{
	struct json_object *operations = rt_json_get(o, "operations");
	struct json_object *sums = rt_json_get(o, "waste_us");

	get_counters(operations, rt_report_operation_counters, c);
	get_group(operations, &rt_report_by_fate, c);
	get_group(operations, &rt_report_by_tries, c);
	get_group(o, &rt_report_by_decision, c);
	c->sum_us[RT_SUM_WASTED] = get_uint(sums, "wasted");
	c->sum_us[RT_SUM_USEFUL] = get_uint(sums, "useful");
}

static void
get_latency(struct rt_report *r, struct json_object *o, struct rt_quantiles *q)
{
	struct json_object *all = rt_json_get(o, "latency_ms");

	for (unsigned i = 0; i < RT_LATENCY_COUNT; i++) {
		struct json_object *one =
		    rt_json_get(all, rt_latency_name((enum rt_latency)i));

		q[i].count = get_uint(one, "count");
		if (q[i].count)
			get_fields(r, one, rt_report_quantile_fields, &q[i]);
	}
}

static void
get_columns(struct json_object *o, const char *key, uint32_t *out, size_t count)
{
	struct json_object *a = NULL;
	size_t n = get_array(o, key, &a);

	for (size_t i = 0; i < n && i < count; i++) {
		uint64_t v = to_uint(json_object_array_get_idx(a, i));

		out[i] = v > UINT32_MAX ? UINT32_MAX : (uint32_t)v;
	}
}

static enum rt_err
get_series(struct rt_report *r, struct json_object *o, struct rt_diag *d)
{
	struct json_object *rows = NULL;
	size_t n;
	enum rt_err err = get_rows(o, "series", &rows, &n, d);

	for (size_t i = 0; !err && i < n; i++) {
		struct json_object *e = json_object_array_get_idx(rows, i);
		struct json_object *labels = rt_json_get(e, "labels");
		struct rt_report_series *s = rt_report_add_series(r);

		for (unsigned k = 0; k < RT_LABEL_COUNT; k++)
			s->labels[k] = to_text(r,
			    rt_json_get(
				labels, rt_label_name((enum rt_label)k)));
		s->is_other = rt_json_bool(e, "other", false);
		get_attempts(rt_json_get(e, "attempt_counts"), s->counts);
		get_counts(e, s->counts);
		get_latency(r, e, s->latency);
		get_columns(e, "trend", s->trend, RT_SERIES_TREND_COLS);
	}
	return err;
}

static enum rt_err
get_violations(struct rt_report *r, struct json_object *o, struct rt_diag *d)
{
	struct json_object *rows = NULL;
	size_t n;
	enum rt_err err = get_rows(o, "violations", &rows, &n, d);

	for (size_t i = 0; !err && i < n; i++) {
		struct json_object *e = json_object_array_get_idx(rows, i);
		struct rt_report_violation *v = rt_report_add_violation(r);
		struct json_object *examples = NULL;
		size_t count = get_array(e, "examples", &examples);

		v->rule = to_text(r, rt_json_get(e, "rule"));
		v->count = get_uint(e, "count");
		for (size_t k = 0; k < count && k < RT_REPORT_EXAMPLES; k++)
			get_fields(r, json_object_array_get_idx(examples, k),
			    rt_report_example_fields,
			    &v->examples[v->examples_count++]);
	}
	return err;
}

static enum rt_err
get_flat_rows(struct rt_report *r, struct json_object *o, struct rt_diag *d)
{
	const struct rt_report_rows *t = rt_report_flat_rows;

	for (; t->key; t++) {
		struct json_object *rows = NULL;
		size_t n;
		enum rt_err err = get_rows(o, t->key, &rows, &n, d);

		if (err)
			return err;
		for (size_t i = 0; i < n; i++)
			get_fields(r, json_object_array_get_idx(rows, i),
			    t->fields, t->add(r));
	}
	return RT_OK;
}

static void
get_matrix(struct json_object *o, struct rt_counts *c)
{
	struct json_object *matrix = rt_json_get(o, "class_decision");
	uint64_t *n = &c->n[RT_C_CLASS_DECISION];

	for (unsigned i = 0; i < RT_CLASS_COUNT; i++) {
		struct json_object *row =
		    rt_json_get(matrix, rt_class_name((enum rt_class)i));

		for (unsigned k = 0; k < RT_DECISION_COLUMNS; k++)
			*n++ = get_uint(row, rt_report_decision_column(k));
	}
}

/* Leading nulls of the first line. */
static unsigned
count_absent(struct json_object *trend, unsigned cols)
{
	struct json_object *a = NULL;
	size_t n = get_array(trend, rt_trend_name((enum rt_trend)0), &a);
	unsigned i = 0;

	while (i < cols && i < n && !json_object_array_get_idx(a, i))
		i++;
	return i;
}

static void
get_trend(struct rt_report *r, struct json_object *o)
{
	struct json_object *trend = rt_json_get(o, "trend");
	uint64_t cols = get_uint(trend, "cols");

	r->trend.cols =
	    cols > RT_TREND_COLS_MAX ? RT_TREND_COLS_MAX : (unsigned)cols;
	to_double(rt_json_get(trend, "step_s"), &r->trend.step_s);
	r->trend.absent = count_absent(trend, r->trend.cols);
	for (unsigned i = 0; i < RT_TREND_COUNT; i++)
		get_columns(trend, rt_trend_name((enum rt_trend)i),
		    r->trend.v[i], r->trend.cols);
}

static size_t
get_lines(struct rt_report *r, struct json_object *o, const char ***lines)
{
	struct json_object *from = NULL;
	size_t n = get_array(o, "events", &from), count = 0;

	if (n == 0)
		return 0;
	*lines = rt_report_alloc(r, n * sizeof(**lines));
	for (size_t i = 0; i < n; i++) {
		const char *line =
		    to_text(r, json_object_array_get_idx(from, i));

		if (line)
			(*lines)[count++] = line;
	}
	return count;
}

static void
get_operation(struct rt_report *r, struct json_object *o)
{
	struct json_object *from = rt_json_get(o, "operation");
	struct json_object *rules = NULL, *rule;
	size_t n = get_array(from, "rules", &rules);

	if (!from)
		return;
	r->operation.id =
	    rt_report_text(r, rt_str_of(rt_json_text(from, "operation_id")));
	r->operation.is_whole = rt_json_bool(from, "whole", false);
	for (size_t i = 0; i < n; i++) {
		rule = json_object_array_get_idx(rules, i);
		for (unsigned k = 0; rule && k < RT_RULE_COUNT; k++)
			if (strcmp(json_object_get_string(rule),
				rt_rule_name((enum rt_rule)k)) == 0)
				r->operation.rules |= 1u << k;
	}
	r->operation.count = get_lines(r, from, &r->operation.lines);
}

static void
get_tail(struct rt_report *r, struct json_object *o)
{
	struct json_object *tail = rt_json_get(o, "tail");

	if (!tail)
		return;
	r->tail.asked = true;
	r->tail.cursor = get_uint(tail, "cursor");
	r->tail.missed = get_uint(tail, "missed");
	r->tail.count = get_lines(r, tail, &r->tail.lines);
}

static void
get_replay(struct rt_report *r, struct json_object *o)
{
	struct rt_report_replay *p = &r->source.replay;

	if (!o)
		return;
	p->is_on = true;
	get_fields(r, o, rt_report_replay_fields, p);
	if (p->step_s > 0)
		p->cols = RT_TIMELINE_COLS;
	get_columns(o, "timeline", p->taken, p->cols);
	get_columns(o, "timeline_failed", p->failed, p->cols);
}

static void
get_head(struct rt_report *r, struct json_object *o)
{
	struct json_object *source = rt_json_get(o, "source");
	struct json_object *intake = rt_json_get(o, "intake");
	const char *kind = rt_json_text(source, "kind");
	struct rt_counts *c = &r->counts;

	r->source.is_live = kind && strcmp(kind, "live") == 0;
	get_fields(r, source, rt_report_source_fields, r);
	get_replay(r, rt_json_get(source, "replay"));
	get_counters(intake, rt_report_intake_counters, c);
	get_group(intake, &rt_report_by_reject, c);
	get_fields(r, intake, rt_report_loss_fields, r);
	get_attempts(rt_json_get(o, "attempts"), c);
	get_status(rt_json_get(o, "attempts"), r);
	get_counts(o, c);
	get_matrix(o, c);
	get_latency(r, o, r->latency);
	get_fields(r, rt_json_get(o, "open"), rt_report_open_fields, r);
	get_fields(r, rt_json_get(o, "journal"), rt_report_journal_fields, r);
	get_fields(r, rt_json_get(o, "access"), rt_report_access_fields, r);
	r->series_total = get_uint(o, "series_total");
	for (unsigned i = 0; i < RT_OVERFLOW_COUNT; i++)
		r->overflow[i] = get_uint(rt_json_get(o, "overflow"),
		    rt_overflow_name((enum rt_overflow)i));
	get_trend(r, o);
	get_tail(r, o);
	get_operation(r, o);
}

static enum rt_err
check_schema(struct json_object *o, struct rt_diag *d)
{
	const char *schema;

	if (!json_object_is_type(o, json_type_object)) {
		rt_diag_set(d, "report", "a report must be a JSON object");
		return RT_E_SYNTAX;
	}
	schema = rt_json_text(o, "schema");
	if (schema && strcmp(schema, RT_REPORT_SCHEMA) == 0)
		return RT_OK;
	rt_diag_set(d, "schema", "this is no %s", RT_REPORT_SCHEMA);
	return RT_E_VERSION;
}

enum rt_err
rt_report_decode(struct rt_report *r, struct rt_str json, struct rt_diag *d)
{
	struct json_object *o = NULL;
	enum rt_err err;

	rt_report_reset(r);
	err = rt_json_parse(
	    json.p, json.len, RT_REPORT_MAX, RT_REPORT_DEPTH, &o, d);
	if (err)
		return err;
	err = check_schema(o, d);
	if (!err) {
		get_head(r, o);
		err = get_series(r, o, d);
	}
	if (!err)
		err = get_violations(r, o, d);
	if (!err)
		err = get_flat_rows(r, o, d);
	if (err)
		rt_report_reset(r);
	json_object_put(o);
	return err;
}
