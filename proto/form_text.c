/* SPDX-License-Identifier: MIT */
/*
 * logfmt lines and blocks of `key: value` or `key="value"` lines, to slots.
 *
 * One line that holds key=value is logfmt; more than one line, or a line `key: value`,
 * is a block with one field a line.  Every value is a string: numbers and booleans may
 * be quoted in every shape.  Empty, `null`, `none` and `-` are absent.
 */
#include <stdio.h>

#include "proto/decode_internal.h"

struct cursor {
	const char *p, *end;
};

static bool
is_space(char c)
{
	return c == ' ' || c == '\t' || c == '\r';
}

static void
skip_space(struct cursor *c)
{
	while (c->p < c->end && is_space(*c->p))
		c->p++;
}

static bool
is_name(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
	    (c >= '0' && c <= '9') || c == '_' || c == '.' || c == '-' ||
	    c == '/' || c == '@';
}

static struct rt_str
take_name(struct cursor *c)
{
	struct rt_str name = {c->p, 0};

	while (c->p < c->end && is_name(*c->p))
		c->p++;
	name.len = (size_t)(c->p - name.p);
	return name;
}

/* "…" with \" inside; false where it does not end. */
static bool
take_quoted(struct cursor *c, struct rt_slot *s)
{
	s->p = ++c->p;
	for (; c->p < c->end && *c->p != '"'; c->p++)
		if (*c->p == '\\' && c->end - c->p > 1) {
			s->has_escape = true;
			c->p++;
		}
	if (c->p == c->end)
		return false;
	s->len = (uint32_t)(c->p++ - s->p);
	return true;
}

/* Up to white space (logfmt) or to the end of the line, blanks trimmed. */
static void
take_bare(struct cursor *c, bool to_end, struct rt_slot *s)
{
	s->p = c->p;
	while (c->p < c->end && (to_end || !is_space(*c->p)))
		c->p++;
	s->len = (uint32_t)(c->p - s->p);
	while (s->len > 0 && is_space(s->p[s->len - 1]))
		s->len--;
}

static bool
take_value(struct cursor *c, bool to_end, struct rt_slot *s)
{
	*s = (struct rt_slot){.type = RT_SLOT_STRING};
	if (c->p < c->end && *c->p == '"') {
		if (!take_quoted(c, s))
			return false;
	} else {
		take_bare(c, to_end, s);
	}
	s->has_high = true; /* nobody has looked: have it scrubbed */
	s->is_empty = s->len == 0;
	return true;
}

static void
put(struct rt_decoder *d, struct rt_str text, struct rt_slot *s)
{
	static const char *const absent[] = {"null", "none", "-"};
	struct rt_name name = {.text = text, .depth = 1};
	size_t i;

	for (i = 0; i < RT_COUNT_OF(absent); i++)
		if (rt_str_is((struct rt_str){s->p, s->len}, absent[i]))
			s->type = RT_SLOT_NULL;
	rt_decoder_name(d, &name, text, text, text.len);
	rt_decoder_put(d, &name, s);
}

/* key=value key="value" … */
static bool
read_logfmt(struct rt_decoder *d, struct cursor c)
{
	struct rt_str name;
	struct rt_slot s;

	for (skip_space(&c); c.p < c.end; skip_space(&c)) {
		name = take_name(&c);
		if (name.len == 0 || c.p == c.end || *c.p++ != '=' ||
		    !take_value(&c, false, &s) ||
		    (c.p < c.end && !is_space(*c.p)))
			return false;
		put(d, name, &s);
	}
	return true;
}

/* key: value, or key=value */
static bool
read_block_line(struct rt_decoder *d, struct cursor c)
{
	struct rt_str name;
	struct rt_slot s;

	skip_space(&c);
	if (c.p == c.end)
		return true;
	name = take_name(&c);
	skip_space(&c);
	if (name.len == 0 || c.p == c.end || (*c.p != ':' && *c.p != '='))
		return false;
	c.p++;
	skip_space(&c);
	if (!take_value(&c, true, &s))
		return false;
	skip_space(&c);
	if (c.p < c.end)
		return false;
	put(d, name, &s);
	return true;
}

static bool
is_logfmt(struct rt_str record)
{
	struct cursor c = {record.p, record.p + record.len};

	return !memchr(record.p, '\n', record.len) && take_name(&c).len > 0 &&
	    c.p < c.end && *c.p == '=';
}

static bool
refuse(struct rt_diag *why, unsigned line)
{
	char where[32];

	snprintf(where, sizeof(where), "line %u of the record", line);
	rt_diag_set(
	    why, where, "neither a JSON object nor key=value nor key: value");
	return false;
}

bool
rt_form_text(struct rt_decoder *d, struct rt_diag *why)
{
	const char *p = d->record.p, *end = p + d->record.len, *eol;
	unsigned line = 1;

	if (is_logfmt(d->record))
		return read_logfmt(d, (struct cursor){p, end}) ||
		    refuse(why, line);
	for (; p < end; p = eol + 1, line++) {
		eol = memchr(p, '\n', (size_t)(end - p));
		if (!eol)
			eol = end;
		if (!read_block_line(d, (struct cursor){p, eol}))
			return refuse(why, line);
	}
	return true;
}
