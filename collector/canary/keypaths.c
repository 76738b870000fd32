/* SPDX-License-Identifier: MIT */
#include "collector/canary/keypaths.h"

#include <stdio.h>
#include <stdlib.h>

#include "collector/canary/document.h"
#include "collector/canary/sse.h"

static int
find(const struct rt_keypaths *s, const char *entry, bool *is_there)
{
	int lo = 0, hi = (int)s->count;

	*is_there = false;
	while (lo < hi) {
		int mid = (lo + hi) / 2, order = strcmp(s->paths[mid], entry);

		if (order == 0)
			*is_there = true;
		if (order < 0)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo;
}

void
rt_keypaths_put(struct rt_keypaths *s, struct rt_str entry)
{
	char text[RT_KEYPATH_MAX + 1];
	bool is_there;
	int at;

	if (entry.len > RT_KEYPATH_MAX) {
		s->overflow = true;
		return;
	}
	rt_text_scrub(text, sizeof(text), entry);
	at = find(s, text, &is_there);
	if (is_there)
		return;
	if (s->count == RT_KEYPATHS_MAX) {
		s->overflow = true;
		return;
	}
	memmove(s->paths[at + 1], s->paths[at],
	    (s->count - (unsigned)at) * sizeof(s->paths[0]));
	memcpy(s->paths[at], text, sizeof(text));
	s->count++;
}

/* ---- walking a document ------------------------------------------------------------ */

static const char *
type_of(struct json_object *o)
{
	switch (json_object_get_type(o)) {
	case json_type_null: return "null";
	case json_type_boolean: return "boolean";
	case json_type_double:
	case json_type_int: return "number";
	case json_type_object: return "object";
	case json_type_array: return "array";
	case json_type_string: return "string";
	}
	return "null";
}

/* `path` has room for RT_KEYPATH_MAX bytes, len of which are used. */
static void
walk(struct rt_keypaths *s, struct json_object *o, char *path, size_t len)
{
	const size_t size = RT_KEYPATH_MAX + 1;
	char entry[RT_KEYPATH_MAX + 16];
	int n;

	if (len > 0) {
		n = snprintf(entry, sizeof(entry), "%s %s", path, type_of(o));
		rt_keypaths_put(s, (struct rt_str){entry, (size_t)n});
	}
	if (json_object_is_type(o, json_type_array) && len + 2 < size) {
		memcpy(path + len, "[]", 3);
		for (size_t i = 0; i < json_object_array_length(o); i++)
			walk(s, json_object_array_get_idx(o, i), path, len + 2);
		path[len] = '\0';
	}
	if (!json_object_is_type(o, json_type_object))
		return;
	for (struct json_object_iterator i = json_object_iter_begin(o),
					 end = json_object_iter_end(o);
	     !json_object_iter_equal(&i, &end); json_object_iter_next(&i)) {
		const char *key = json_object_iter_peek_name(&i);
		struct json_object *value = json_object_iter_peek_value(&i);
		n = snprintf(
		    path + len, size - len, "%s%s", len ? "." : "", key);
		if (n < 0 || (size_t)n >= size - len)
			s->overflow = true;
		else
			walk(s, value, path, len + (size_t)n);
		path[len] = '\0';
	}
}

void
rt_keypaths_add(struct rt_keypaths *s, struct rt_str json)
{
	char path[RT_KEYPATH_MAX + 1] = "";
	struct json_object *o = NULL;

	if (rt_document_parse(json, &o) != RT_OK)
		return;
	walk(s, o, path, 0);
	json_object_put(o);
}

static void
on_event(void *context, struct rt_str data)
{
	rt_keypaths_add(context, data);
}

void
rt_keypaths_add_stream(struct rt_keypaths *s, struct rt_str body)
{
	struct rt_sse sse;

	rt_sse_init(&sse, on_event, s);
	rt_sse_push(&sse, body.p ? body.p : "", body.len);
	rt_sse_fini(&sse);
}

void
rt_keypaths_digest(const struct rt_keypaths *s, char out[RT_DIGEST_SIZE])
{
	struct rt_buf b;

	rt_buf_init(&b, sizeof(s->paths) + RT_KEYPATHS_MAX);
	rt_buf_puts(&b, "");
	for (unsigned i = 0; i < s->count; i++)
		rt_buf_printf(&b, "%s\n", s->paths[i]);
	rt_digest(b.p ? b.p : "", b.len, out);
	rt_buf_fini(&b);
}

/* ---- drift ------------------------------------------------------------------------- */

static size_t
path_len(const char *entry)
{
	const char *blank = strrchr(entry, ' ');

	return blank ? (size_t)(blank - entry) : strlen(entry);
}

/* The entry of the same path whose own entry is not in `not_in`; NULL: none. */
static const char *
other_type(const struct rt_keypaths *s, const char *entry,
    const struct rt_keypaths *not_in)
{
	size_t n = path_len(entry);
	bool is_there;

	for (unsigned i = 0; i < s->count; i++) {
		if (path_len(s->paths[i]) != n ||
		    memcmp(s->paths[i], entry, n) != 0)
			continue;
		(void)find(not_in, s->paths[i], &is_there);
		if (!is_there)
			return s->paths[i];
	}
	return NULL;
}

static void
say(struct rt_buf *b, char sign, const char *entry, const char *type)
{
	if (!b)
		return;
	rt_buf_printf(b, "%c %s", sign, entry);
	if (type)
		rt_buf_printf(b, " -> %s", type);
	rt_buf_putc(b, '\n');
}

struct rt_keypaths_drift
rt_keypaths_compare(const struct rt_keypaths *old,
    const struct rt_keypaths *new, struct rt_buf *b)
{
	struct rt_keypaths_drift d = {0, 0, 0};
	const char *other;
	bool is_there;

	for (unsigned i = 0; i < old->count; i++) {
		const char *entry = old->paths[i];

		(void)find(new, entry, &is_there);
		if (is_there)
			continue;
		other = other_type(new, entry, old);
		if (other) {
			d.changed++;
			say(b, '~', entry, other + path_len(other) + 1);
		} else {
			d.lost++;
			say(b, '-', entry, NULL);
		}
	}
	for (unsigned i = 0; i < new->count; i++) {
		const char *entry = new->paths[i];

		(void)find(old, entry, &is_there);
		if (is_there || other_type(old, entry, new))
			continue;
		d.gained++;
		say(b, '+', entry, NULL);
	}
	return d;
}
