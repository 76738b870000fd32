/* SPDX-License-Identifier: MIT */
#include "tests/unit/oracle_node.h"

#include <stdio.h>
#include <string.h>

#include "tests/unit/oracle_text.h"

static struct json_object *root;

void
oracle_read(struct json_object *o)
{
	root = o;
}

/* All ways to cut the path into nested names; the fewest levels win. */
static void
search(struct json_object *o, const char *path, unsigned level, unsigned *best,
    struct oracle_node *found)
{
	const char *dot;

	if (!json_object_is_type(o, json_type_object))
		return;
	json_object_object_foreach(o, key, v)
	{
		size_t n = strlen(key);

		if (strcmp(key, path) == 0 && level <= *best) {
			*best = level;
			found->o = v;
			found->is_there = true;
		}
		dot = path + n;
		if (strncmp(key, path, n) == 0 && strlen(path) > n &&
		    *dot == '.')
			search(v, dot + 1, level + 1, best, found);
	}
}

struct oracle_node
oracle_find(const char *path)
{
	struct oracle_node n = {NULL, false, false, false, RT_STR_NONE};
	unsigned best = 99;
	const char *z;

	search(root, path, 1, &best, &n);
	if (!n.o)
		return n;
	n.is_given = true;
	if (json_object_is_type(n.o, json_type_string)) {
		n.text = oracle_keep(json_object_get_string(n.o),
		    (size_t)json_object_get_string_len(n.o));
		n.is_given = n.text.len > 0;
		n.is_sensitive = oracle_is_secret(n.text);
	} else if (json_object_is_type(n.o, json_type_int) ||
	    json_object_is_type(n.o, json_type_double)) {
		z = json_object_to_json_string_ext(n.o, JSON_C_TO_STRING_PLAIN);
		n.text = oracle_keep(z, strlen(z));
	}
	return n;
}

bool
oracle_is_kept(const struct oracle_node *n)
{
	return n->is_given && !n->is_sensitive;
}

struct oracle_node
oracle_first_of(const char *names)
{
	char name[80];
	struct oracle_node n = {NULL, false, false, false, RT_STR_NONE};
	size_t len;

	for (; *names && !oracle_is_kept(&n);
	     names += len + (names[len] == '|')) {
		len = strcspn(names, "|");
		snprintf(name, sizeof(name), "%.*s", (int)len, names);
		n = oracle_find(name);
	}
	if (!oracle_is_kept(&n))
		n = (struct oracle_node){
		    NULL, false, false, false, RT_STR_NONE};
	return n;
}

bool
oracle_says(const char *name, const char *word)
{
	struct oracle_node n = oracle_find(name);

	return oracle_is_kept(&n) &&
	    json_object_is_type(n.o, json_type_string) &&
	    rt_str_is(n.text, word);
}

bool
oracle_gives(const char *name)
{
	return oracle_find(name).is_given;
}

enum rt_reject
oracle_set_str(struct oracle_node n, int64_t max, struct rt_str *out)
{
	if (!json_object_is_type(n.o, json_type_string))
		return RT_REJECT_BAD_TYPE;
	if ((int64_t)rt_text_length(n.text) > max)
		return RT_REJECT_OUT_OF_RANGE;
	*out = n.text;
	return RT_REJECT_NOT;
}

enum rt_reject
oracle_set_int(struct oracle_node n, int64_t min, int64_t max, int64_t *out)
{
	int64_t v = 0;
	enum rt_err err = rt_text_to_int(n.text, &v);

	if (err == RT_E_TOO_LARGE)
		return RT_REJECT_OUT_OF_RANGE;
	if (err != RT_OK)
		return RT_REJECT_BAD_TYPE;
	if (v < min || v > max)
		return RT_REJECT_OUT_OF_RANGE;
	*out = v;
	return RT_REJECT_NOT;
}

enum rt_reject
oracle_set_ms(struct oracle_node n, double scale, double *out)
{
	double v = 0;
	enum rt_err err = rt_text_to_double(n.text, &v);

	if (err == RT_E_FIELD)
		return RT_REJECT_OUT_OF_RANGE;
	if (err != RT_OK)
		return RT_REJECT_BAD_TYPE;
	if (v * scale < 0 || v * scale > RT_MS_MAX)
		return RT_REJECT_OUT_OF_RANGE;
	*out = v * scale;
	return RT_REJECT_NOT;
}

enum rt_reject
oracle_set_bool(struct oracle_node n, bool *out)
{
	if (json_object_is_type(n.o, json_type_boolean))
		*out = json_object_get_boolean(n.o);
	else if (rt_str_is(n.text, "true") || rt_str_is(n.text, "false"))
		*out = rt_str_is(n.text, "true");
	else
		return RT_REJECT_BAD_TYPE;
	return RT_REJECT_NOT;
}

enum rt_reject
oracle_set_outcome(struct oracle_node n, enum rt_outcome *out)
{
	if (!json_object_is_type(n.o, json_type_string))
		return RT_REJECT_BAD_TYPE;
	*out = rt_outcome_from(n.text);
	return RT_REJECT_NOT;
}
