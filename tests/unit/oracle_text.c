/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE /* memmem */
#include "tests/unit/oracle_text.h"

#include <json-c/json.h>
#include <string.h>

#include "proto/macro.h"

static char arena[1 << 20];
static size_t arena_used;

void
oracle_begin(void)
{
	arena_used = 0;
}

struct rt_str
oracle_keep(const char *p, size_t len)
{
	char *out = arena + arena_used;
	size_t n = rt_text_scrub(
	    out, sizeof(arena) - arena_used, (struct rt_str){p, len});

	arena_used += n + 1;
	return (struct rt_str){out, n};
}

static bool
is_one_of(char c, const char *set)
{
	return c != '\0' && strchr(set, c) != NULL;
}

static void
space(struct oracle_text *r)
{
	while (r->p < r->end && is_one_of(*r->p, " \t\r\n"))
		r->p++;
}

static bool
word_char(char c)
{
	return is_one_of(c,
	    "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_");
}

static size_t
run(const char *p, const char *end)
{
	size_t n = 0;

	while (p + n < end && (word_char(p[n]) || p[n] == '-'))
		n++;
	return n;
}

static bool
secret_at(const char *p, const char *end)
{
	size_t n = 0;

	if (strncmp(p, "sk-", 3) == 0)
		return run(p + 3, end) >= 16;
	if (strncmp(p, "Bearer ", 7) == 0) {
		for (p += 7; p < end && *p != ' '; p++)
			n += ((unsigned char)*p & 0xC0) != 0x80;
		return n >= 8;
	}
	if (strncmp(p, "eyJ", 3) != 0)
		return false;
	p += 3;
	for (n = 0; n < 3; n++) {
		size_t part = run(p, end);

		if (part == 0 || (n < 2 && (p + part >= end || p[part] != '.')))
			return false;
		p += part + 1;
	}
	return true;
}

bool
oracle_is_secret(struct rt_str s)
{
	size_t i;

	for (i = 0; i < s.len; i++)
		if ((i == 0 || !word_char(s.p[i - 1])) &&
		    secret_at(s.p + i, s.p + s.len))
			return true;
	return false;
}

static bool
is_never_name(struct rt_str name)
{
	static const char *const never[] = {"prompt", "messages", "input",
	    "completion", "content", "output", "text", "body", "request_body",
	    "response_body", "headers", "cookie", "api_key", "authorization",
	    "password", "secret", "user", "email", "customer_id", "account_id",
	    "price"};
	size_t i, k;

	for (k = name.len; k > 0 && name.p[k - 1] != '.'; k--)
		;
	for (i = 0; i < RT_COUNT_OF(never); i++)
		if (rt_str_is(
			(struct rt_str){name.p + k, name.len - k}, never[i]))
			return true;
	return false;
}

static void
note_sensitive(struct oracle_text *r, struct rt_str name)
{
	size_t i, n = 0;

	if (r->sensitive.p)
		return;
	if (name.len == 0 || oracle_is_secret(name))
		name = rt_str_of("(withheld)");
	for (i = 0; i < name.len; i++)
		if (((unsigned char)name.p[i] & 0xC0) != 0x80 && ++n > 64)
			break;
	r->sensitive = (struct rt_str){name.p, i};
}

/* A checked string token, quotes and all, by way of json-c. */
static struct rt_str
unescape(const char *p, const char *end)
{
	struct json_tokener *tok = json_tokener_new();
	struct json_object *o;
	struct rt_str s = {"", 0};

	o = json_tokener_parse_ex(tok, p, (int)(end - p));
	if (o)
		s = oracle_keep(json_object_get_string(o),
		    (size_t)json_object_get_string_len(o));
	json_object_put(o);
	json_tokener_free(tok);
	return s;
}

static bool
string(struct oracle_text *r, struct rt_str *out)
{
	const char *start = r->p;
	int i;

	if (r->p == r->end || *r->p != '"')
		return false;
	for (r->p++; r->p < r->end && *r->p != '"'; r->p++) {
		if ((unsigned char)*r->p < 0x20)
			return false;
		if (*r->p != '\\')
			continue;
		if (++r->p == r->end || !is_one_of(*r->p, "\"\\/bfnrtu"))
			return false;
		for (i = 0; *r->p == 'u' && i < 4; i++)
			if (r->p + 1 + i >= r->end ||
			    !is_one_of(r->p[1 + i], "0123456789abcdefABCDEF"))
				return false;
	}
	if (r->p == r->end)
		return false;
	r->p++;
	*out = unescape(start, r->p);
	return true;
}

static bool
digits(struct oracle_text *r)
{
	const char *start = r->p;

	while (r->p < r->end && *r->p >= '0' && *r->p <= '9')
		r->p++;
	return r->p > start;
}

static bool
number(struct oracle_text *r)
{
	const char *start;

	if (*r->p == '-')
		r->p++;
	start = r->p;
	if (!digits(r) || (*start == '0' && r->p - start > 1))
		return false;
	if (r->p < r->end && *r->p == '.') {
		r->p++;
		if (!digits(r))
			return false;
	}
	if (r->p < r->end && is_one_of(*r->p, "eE")) {
		r->p++;
		if (r->p < r->end && is_one_of(*r->p, "+-"))
			r->p++;
		return digits(r);
	}
	return true;
}

static bool value(struct oracle_text *r, struct rt_str name, bool never);

static bool
members(
    struct oracle_text *r, struct rt_str outer, bool is_object, bool *is_empty)
{
	char close = is_object ? '}' : ']';
	struct rt_str name = outer;

	r->p++;
	space(r);
	*is_empty = r->p < r->end && *r->p == close;
	if (*is_empty) {
		r->p++;
		return true;
	}
	for (;;) {
		space(r);
		if (is_object) {
			if (!string(r, &name))
				return false;
			space(r);
			if (r->p == r->end || *r->p++ != ':')
				return false;
		}
		if (!value(r, name, is_object && is_never_name(name)))
			return false;
		space(r);
		if (r->p == r->end)
			return false;
		if (*r->p == close) {
			r->p++;
			return true;
		}
		if (*r->p++ != ',')
			return false;
	}
}

static bool
container(struct oracle_text *r, struct rt_str name, bool never)
{
	struct rt_str inside = r->sensitive;
	bool ok, is_empty = true;

	if (++r->depth > r->deepest)
		r->deepest = r->depth;
	ok = members(r, name, *r->p == '{', &is_empty);
	r->depth--;
	if (ok && never && !is_empty) {
		/* The outer name comes first in the text. */
		r->sensitive = inside;
		note_sensitive(r, name);
	}
	return ok;
}

static bool
value(struct oracle_text *r, struct rt_str name, bool never)
{
	static const char *const words[] = {"null", "true", "false"};
	struct rt_str s;
	size_t i, n;

	space(r);
	if (r->p == r->end)
		return false;
	if (*r->p == '{' || *r->p == '[')
		return container(r, name, never);
	if (*r->p == '"') {
		if (!string(r, &s))
			return false;
		if ((never && s.len > 0) || oracle_is_secret(s))
			note_sensitive(r, name);
		return true;
	}
	for (i = 0; i < RT_COUNT_OF(words); i++) {
		n = strlen(words[i]);
		if ((size_t)(r->end - r->p) >= n &&
		    memcmp(r->p, words[i], n) == 0) {
			if (never && i > 0)
				note_sensitive(r, name);
			r->p += n;
			return true;
		}
	}
	if (never)
		note_sensitive(r, name);
	return number(r);
}

void
oracle_trim(struct oracle_text *r)
{
	space(r);
	while (r->end > r->p && is_one_of(r->end[-1], " \t\r\n"))
		r->end--;
}

bool
oracle_is_strict(struct oracle_text *r)
{
	return value(r, RT_STR_NONE, false) && r->p == r->end;
}
