/* SPDX-License-Identifier: MIT */
#include "proto/query.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "proto/json.h"
#include "proto/jsonw.h"

#define DEPTH_MAX 5

static const struct {
	uint32_t window_s;
	const char *name;
} windows[] = {
#define X(s, name) {(s), (name)},
    RT_WINDOWS(X)
#undef X
};

static const char *const sorts[] = {
#define X(id, name) [RT_SORT_##id] = (name),
    RT_SORTS(X)
#undef X
};

const char *
rt_sort_name(enum rt_sort s)
{
	return (unsigned)s < RT_SORT_COUNT ? sorts[s] : NULL;
}

static const struct {
	const char *name;
	int64_t min, max;
} verbs[] = {
#define X(id, name, lo, hi) [RT_REPLAY_##id] = {(name), (lo), (hi)},
    RT_REPLAY_VERBS(X)
#undef X
};

static const char *
verb_name(enum rt_replay_verb v)
{
	return (unsigned)v < RT_REPLAY_VERB_COUNT ? verbs[v].name : NULL;
}

const char *
rt_window_name(uint32_t window_s)
{
	if (window_s == 0)
		return "all";
	for (size_t i = 0; i < RT_COUNT_OF(windows); i++)
		if (windows[i].window_s == window_s)
			return windows[i].name;
	return NULL;
}

#define X(s, name) " " name
#define CHOICES "one of:" RT_WINDOWS(X) " all"

enum rt_err
rt_window_from(struct rt_str s, uint32_t *out_s, struct rt_diag *d)
{
	if (rt_str_is(s, "all")) {
		*out_s = 0;
		return RT_OK;
	}
	for (size_t i = 0; i < RT_COUNT_OF(windows); i++) {
		if (!rt_str_is(s, windows[i].name))
			continue;
		*out_s = windows[i].window_s;
		return RT_OK;
	}
	rt_diag_set(d, "window", "the window must be %s", CHOICES);
	return RT_E_FIELD;
}

#define FINE_S 300

uint32_t
rt_query_bucket_s(uint32_t window_s, int64_t age_us)
{
	return age_us + (int64_t)window_s * 1000000 <= INT64_C(1000000) * FINE_S
	    ? 10
	    : 60;
}

static void
put_replay(struct rt_jsonw *w, const struct rt_query *q)
{
	const struct rt_replay_command *c = q->replay.commands;

	if (q->replay.viewer == 0)
		return;
	rt_jsonw_object(w, "replay");
	rt_jsonw_uint(w, "viewer", q->replay.viewer);
	rt_jsonw_array(w, "commands");
	for (unsigned i = 0; i < q->replay.count; i++) {
		rt_jsonw_object(w, NULL);
		rt_jsonw_uint(w, "seq", c[i].seq);
		rt_jsonw_text(w, "do", verb_name(c[i].verb));
		rt_jsonw_int(w, "value", c[i].value);
		rt_jsonw_end(w);
	}
	rt_jsonw_end(w);
	rt_jsonw_end(w);
}

void
rt_query_encode(struct rt_buf *b, const struct rt_query *q)
{
	struct rt_jsonw w = rt_jsonw_begin(b);

	rt_jsonw_object(&w, NULL);
	rt_jsonw_int(&w, "version", RT_QUERY_VERSION);
	rt_jsonw_uint(&w, "window_s", q->window_s);
	if (q->at_us)
		rt_jsonw_int(&w, "at", q->at_us);
	if (q->group) {
		rt_jsonw_array(&w, "group");
		for (unsigned i = 0; i < RT_LABEL_COUNT; i++)
			if (q->group & (1u << i))
				rt_jsonw_text(
				    &w, NULL, rt_label_name((enum rt_label)i));
		rt_jsonw_end(&w);
	}
	rt_jsonw_text(&w, "sort", rt_sort_name(q->sort));
	rt_jsonw_bool(&w, "reverse", q->reverse);
	rt_jsonw_uint(&w, "rows", q->rows);
	rt_jsonw_bool(&w, "no_series", q->no_series);
	if (q->tail) {
		rt_jsonw_object(&w, "tail");
		if (q->tail_cursor != UINT64_MAX)
			rt_jsonw_uint(&w, "cursor", q->tail_cursor);
		rt_jsonw_uint(&w, "max", q->tail_max);
		if (q->tail_span.until_us) {
			rt_jsonw_int(&w, "from", q->tail_span.from_us);
			rt_jsonw_int(&w, "until", q->tail_span.until_us);
		}
		rt_jsonw_end(&w);
	}
	if (q->operation[0])
		rt_jsonw_text(&w, "operation", q->operation);
	if (q->operation_until_us)
		rt_jsonw_int(&w, "operation_until", q->operation_until_us);
	put_replay(&w, q);
	rt_jsonw_end(&w);
}

static enum rt_err
refuse(struct rt_diag *d, const char *key, const char *want)
{
	rt_diag_set(d, key, "%s must be %s", key, want);
	return RT_E_FIELD;
}

static enum rt_err
read_uint(struct json_object *o, const char *key, uint64_t max, uint64_t *out,
    struct rt_diag *d)
{
	struct json_object *v = rt_json_get(o, key);
	uint64_t n;

	if (!v)
		return RT_OK;
	if (!json_object_is_type(v, json_type_int) ||
	    json_object_get_int64(v) < 0)
		return refuse(d, key, "an integer of at least 0");
	n = json_object_get_uint64(v);
	if (n > max)
		return refuse(d, key, "smaller");
	*out = n;
	return RT_OK;
}

static enum rt_err
read_us(struct json_object *o, const char *key, int64_t *out, struct rt_diag *d)
{
	uint64_t n = (uint64_t)*out;
	enum rt_err err = read_uint(o, key, INT64_MAX, &n, d);

	*out = (int64_t)n;
	return err;
}

static enum rt_err
read_u32(
    struct json_object *o, const char *key, uint32_t *out, struct rt_diag *d)
{
	uint64_t n = *out;
	enum rt_err err = read_uint(o, key, UINT32_MAX, &n, d);

	*out = (uint32_t)n;
	return err;
}

static enum rt_err
read_bool(struct json_object *o, const char *key, bool *out, struct rt_diag *d)
{
	struct json_object *v = rt_json_get(o, key);

	if (v && !json_object_is_type(v, json_type_boolean))
		return refuse(d, key, "true or false");
	if (v)
		*out = json_object_get_boolean(v);
	return RT_OK;
}

static enum rt_err
read_group(struct json_object *o, uint32_t *out, struct rt_diag *d)
{
	struct json_object *v = rt_json_get(o, "group");
	size_t n = 0;

	if (v && !json_object_is_type(v, json_type_array))
		return refuse(d, "group", "an array of label names");
	if (v)
		n = json_object_array_length(v);
	for (size_t i = 0; i < n; i++) {
		struct json_object *e = json_object_array_get_idx(v, i);
		const char *name = e ? json_object_get_string(e) : "";
		unsigned l = 0;

		while (l < RT_LABEL_COUNT &&
		    strcmp(name, rt_label_name((enum rt_label)l)) != 0)
			l++;
		if (l == RT_LABEL_COUNT)
			return refuse(d, "group", "names of labels");
		*out |= 1u << l;
	}
	return RT_OK;
}

static enum rt_err
read_sort(struct json_object *o, enum rt_sort *out, struct rt_diag *d)
{
	struct json_object *v = rt_json_get(o, "sort");
	const char *name = v ? json_object_get_string(v) : NULL;

	if (!v)
		return RT_OK;
	for (unsigned i = 0; name && i < RT_SORT_COUNT; i++) {
		if (strcmp(name, sorts[i]) == 0) {
			*out = (enum rt_sort)i;
			return RT_OK;
		}
	}
#undef X
#define X(id, name) " " name
	return refuse(d, "sort", "one of:" RT_SORTS(X));
#undef X
}

static enum rt_err
read_tail(struct json_object *o, struct rt_query *q, struct rt_diag *d)
{
	struct json_object *v = rt_json_get(o, "tail");
	enum rt_err err;

	if (!v)
		return RT_OK;
	if (!json_object_is_type(v, json_type_object))
		return refuse(d, "tail", "an object");
	q->tail = true;
	q->tail_cursor = UINT64_MAX;
	if ((err = read_uint(v, "cursor", UINT64_MAX, &q->tail_cursor, d)) ||
	    (err = read_u32(v, "max", &q->tail_max, d)) ||
	    (err = read_us(v, "from", &q->tail_span.from_us, d)))
		return err;
	return read_us(v, "until", &q->tail_span.until_us, d);
}

static enum rt_err
read_at(struct json_object *o, struct rt_query *q, struct rt_diag *d)
{
	enum rt_err err = read_us(o, "at", &q->at_us, d);

	if (err || q->at_us == 0 || q->window_s != 0)
		return err;
	rt_diag_set(d, "at", "at needs a window");
	return RT_E_FIELD;
}

static enum rt_err
read_operation(struct json_object *o, struct rt_query *q, struct rt_diag *d)
{
	struct json_object *v = rt_json_get(o, "operation");
	size_t len;

	if (!v)
		return read_us(o, "operation_until", &q->operation_until_us, d);
	if (!json_object_is_type(v, json_type_string))
		return refuse(d, "operation", "an operation id");
	len = (size_t)json_object_get_string_len(v);
	if (len > RT_QUERY_OPERATION_MAX)
		return refuse(d, "operation", "at most 128 characters");
	/* The ids of events are clean: no other can be found. */
	if (!rt_text_is_clean((struct rt_str){json_object_get_string(v), len}))
		return refuse(d, "operation", "text fit for a screen");
	memcpy(q->operation, json_object_get_string(v), len);
	q->operation[len] = '\0';
	return read_us(o, "operation_until", &q->operation_until_us, d);
}

static enum rt_err
read_command(
    struct json_object *o, struct rt_replay_command *out, struct rt_diag *d)
{
	const char *name = rt_json_text(o, "do");
	struct json_object *v = rt_json_get(o, "value");
	enum rt_err err = read_uint(o, "seq", INT64_MAX, &out->seq, d);
	unsigned i = 0;

	if (err)
		return err;
	while (i < RT_REPLAY_VERB_COUNT && name &&
	    strcmp(name, verbs[i].name) != 0)
		i++;
#undef X
#define X(id, name, lo, hi) " " name
	if (!name || i == RT_REPLAY_VERB_COUNT)
		return refuse(d, "do", "one of:" RT_REPLAY_VERBS(X));
#undef X
	if (out->seq == 0)
		return refuse(d, "seq", "an integer of at least 1");
	out->verb = (enum rt_replay_verb)i;
	if (!json_object_is_type(v, json_type_int))
		return refuse(d, "value", "an integer");
	out->value = json_object_get_int64(v);
	if (out->value < verbs[i].min || out->value > verbs[i].max) {
		rt_diag_set(d, name,
		    "the value of %s must be %" PRId64 " to %" PRId64,
		    verbs[i].name, verbs[i].min, verbs[i].max);
		return RT_E_FIELD;
	}
	return RT_OK;
}

static enum rt_err
read_replay(struct json_object *o, struct rt_query *q, struct rt_diag *d)
{
	struct json_object *v = rt_json_get(o, "replay"), *list;
	enum rt_err err = RT_OK;
	size_t n = 0;

	if (!v)
		return RT_OK;
	if (!json_object_is_type(v, json_type_object))
		return refuse(d, "replay", "an object");
	err = read_uint(v, "viewer", INT64_MAX, &q->replay.viewer, d);
	if (err)
		return err;
	if (q->replay.viewer == 0)
		return refuse(d, "viewer", "an integer of at least 1");
	list = rt_json_get(v, "commands");
	if (list && !json_object_is_type(list, json_type_array))
		return refuse(d, "commands", "an array");
	if (list)
		n = json_object_array_length(list);
	if (n > RT_REPLAY_COMMANDS)
		return refuse(d, "commands", "at most 8");
	for (; q->replay.count < n && !err; q->replay.count++)
		err = read_command(
		    json_object_array_get_idx(list, q->replay.count),
		    &q->replay.commands[q->replay.count], d);
	return err;
}

static enum rt_err
read_all(struct json_object *o, struct rt_query *q, struct rt_diag *d)
{
	uint64_t version = RT_QUERY_VERSION;
	enum rt_err err = read_uint(o, "version", UINT64_MAX, &version, d);

	if (err)
		return err;
	if (version != RT_QUERY_VERSION) {
		rt_diag_set(d, "version", "this collector speaks version %d",
		    RT_QUERY_VERSION);
		return RT_E_VERSION;
	}
	if ((err = read_u32(o, "window_s", &q->window_s, d)) ||
	    (err = read_group(o, &q->group, d)) ||
	    (err = read_sort(o, &q->sort, d)) ||
	    (err = read_bool(o, "reverse", &q->reverse, d)) ||
	    (err = read_u32(o, "rows", &q->rows, d)) ||
	    (err = read_bool(o, "no_series", &q->no_series, d)) ||
	    (err = read_tail(o, q, d)) || (err = read_operation(o, q, d)) ||
	    (err = read_at(o, q, d)) || (err = read_replay(o, q, d)))
		return err;
	if (!rt_window_name(q->window_s))
		return refuse(d, "window_s", "the seconds of a window kept");
	return RT_OK;
}

enum rt_err
rt_query_decode(struct rt_query *q, struct rt_str json, struct rt_diag *d)
{
	struct rt_query out = {0};
	struct json_object *o = NULL;
	enum rt_err err;

	err = rt_json_parse(json.p, json.len, RT_QUERY_MAX, DEPTH_MAX, &o, d);
	if (err)
		return err == RT_E_TOO_LARGE ? RT_E_SYNTAX : err;
	if (json_object_is_type(o, json_type_object)) {
		err = read_all(o, &out, d);
	} else {
		rt_diag_set(d, "query", "a query must be a JSON object");
		err = RT_E_SYNTAX;
	}
	json_object_put(o);
	if (!err)
		*q = out;
	return err;
}
