/* SPDX-License-Identifier: MIT */
#include "proto/json.h"

#include <limits.h>

static bool
is_blank(const char *p, size_t len)
{
	size_t i;

	for (i = 0; i < len; i++)
		if (p[i] != ' ' && p[i] != '\t' && p[i] != '\n' && p[i] != '\r')
			return false;
	return true;
}

/* The document, or NULL with the sentence. */
static struct json_object *
parse(struct json_tokener *tok, const char *p, size_t len, struct rt_diag *d)
{
	struct json_object *o = json_tokener_parse_ex(tok, p, (int)len);
	enum json_tokener_error error = json_tokener_get_error(tok);
	size_t end = json_tokener_get_parse_end(tok);

	if (error == json_tokener_continue) {
		/* A number at the end waits for what ends it. */
		o = json_tokener_parse_ex(tok, "", 1);
		error = json_tokener_get_error(tok);
		end = len;
	}
	if (o && error == json_tokener_success && is_blank(p + end, len - end))
		return o;
	rt_diag_set(d, NULL, "not a JSON document: byte %zu: %s", end,
	    error != json_tokener_success ? json_tokener_error_desc(error)
		: o                       ? "something follows it"
					  : "it is empty");
	json_object_put(o);
	return NULL;
}

enum rt_err
rt_json_parse(const char *p, size_t len, size_t max_bytes, int max_depth,
    struct json_object **out, struct rt_diag *d)
{
	struct json_tokener *tok;
	struct json_object *o;

	if (len > max_bytes || len > INT_MAX) {
		rt_diag_set(d, NULL,
		    "%zu bytes of JSON where %zu are the limit", len,
		    max_bytes);
		return RT_E_TOO_LARGE;
	}
	tok = json_tokener_new_ex(max_depth);
	if (!tok)
		return RT_E_TOO_LARGE;
	json_tokener_set_flags(
	    tok, JSON_TOKENER_STRICT | JSON_TOKENER_ALLOW_TRAILING_CHARS);
	o = parse(tok, p, len, d);
	json_tokener_free(tok);
	if (!o)
		return RT_E_SYNTAX;
	*out = o;
	return RT_OK;
}

struct json_object *
rt_json_get(struct json_object *o, const char *key)
{
	struct json_object *v = NULL;

	if (!json_object_is_type(o, json_type_object) ||
	    !json_object_object_get_ex(o, key, &v))
		return NULL;
	return v;
}

int64_t
rt_json_int(struct json_object *o, const char *key, int64_t fallback)
{
	struct json_object *v = rt_json_get(o, key);

	return v && json_object_is_type(v, json_type_int)
	    ? json_object_get_int64(v)
	    : fallback;
}

bool
rt_json_bool(struct json_object *o, const char *key, bool fallback)
{
	struct json_object *v = rt_json_get(o, key);

	return v && json_object_is_type(v, json_type_boolean)
	    ? json_object_get_boolean(v)
	    : fallback;
}

const char *
rt_json_text(struct json_object *o, const char *key)
{
	struct json_object *v = rt_json_get(o, key);

	return v && json_object_is_type(v, json_type_string)
	    ? json_object_get_string(v)
	    : NULL;
}
