/* SPDX-License-Identifier: MIT */
#include "proto/jsonw.h"

#include <assert.h>
#include <math.h>
#include <string.h>

#define EACH_BYTE(c) (UINT64_C(0x0101010101010101) * (c))

/* A high bit for each byte that is zero, and perhaps for some above the first. */
static uint64_t
zero_bytes(uint64_t word)
{
	return (word - EACH_BYTE(1)) & ~word & EACH_BYTE(0x80);
}

/* Are eight bytes plain?  Those of a character beyond ASCII are not. */
static bool
is_plain_word(uint64_t word)
{
	uint64_t below_space = (word - EACH_BYTE(0x20)) & ~word;

	return ((word | below_space) & EACH_BYTE(0x80)) == 0 &&
	    (zero_bytes(word ^ EACH_BYTE(0x7F)) |
		zero_bytes(word ^ EACH_BYTE('"')) |
		zero_bytes(word ^ EACH_BYTE('\\'))) == 0;
}

/* The run at the start that is copied as it is. */
static size_t
plain_run(struct rt_str s)
{
	size_t i;

	for (i = 0; i < s.len; i++)
		if (s.p[i] < 0x20 || s.p[i] == 0x7F || s.p[i] == '"' ||
		    s.p[i] == '\\')
			break;
	return i;
}

/* All plain in a JSON string and on a terminal, so that it is copied as it is? */
static bool
is_plain(struct rt_str s)
{
	uint64_t word;
	size_t i;

	if (s.len < sizeof(word))
		return plain_run(s) == s.len;
	for (i = 0; i < s.len - sizeof(word); i += sizeof(word)) {
		memcpy(&word, s.p + i, sizeof(word));
		if (!is_plain_word(word))
			return false;
	}
	/* The last word overlaps the one before it. */
	memcpy(&word, s.p + s.len - sizeof(word), sizeof(word));
	return is_plain_word(word);
}

static void
put_escaped(struct rt_buf *b, struct rt_str s)
{
	char utf8[4];
	size_t run;

	rt_buf_putc(b, '"');
	while (s.len > 0) {
		run = plain_run(s);
		rt_buf_add(b, s.p, run);
		s.p += run;
		s.len -= run;
		if (s.len == 0)
			break;
		if (*s.p == '"' || *s.p == '\\')
			rt_buf_putc(b, '\\');
		run = rt_text_put(utf8, rt_text_next(&s));
		rt_buf_add(b, utf8, run);
	}
	rt_buf_putc(b, '"');
}

static void
put_string(struct rt_buf *b, struct rt_str s)
{
	char *to;

	if (!is_plain(s)) {
		put_escaped(b, s);
		return;
	}
	to = rt_buf_extend(b, s.len + 2);
	if (!to)
		return;
	*to++ = '"';
	if (s.len > 0)
		memcpy(to, s.p, s.len);
	to[s.len] = '"';
}

/* Comma and key before any value. */
static void
lead(struct rt_jsonw *w, const char *key)
{
	if (w->comma)
		rt_buf_putc(w->b, ',');
	w->comma = true;
	if (!key)
		return;
	put_string(w->b, rt_str_of(key));
	rt_buf_putc(w->b, ':');
}

/*
 * The same into the buffer's room, where there is enough for it and for `value` bytes: the
 * place for the value, which rt_buf_took is then told the end of.  NULL: go the long way.
 */
static inline char *
lead_room(struct rt_jsonw *w, const char *key, size_t value)
{
	struct rt_str k = rt_str_of(key);
	char *p = rt_buf_room(w->b, k.len + 4 + value);

	if (!p)
		return NULL;
	if (w->comma)
		*p++ = ',';
	w->comma = true;
	if (!k.p)
		return p;
	*p++ = '"';
	memcpy(p, k.p, k.len);
	p += k.len;
	*p++ = '"';
	*p++ = ':';
	return p;
}

/* A value that is short and needs no escapes. */
static inline void
put_short(struct rt_jsonw *w, const char *key, const char *text, size_t len)
{
	char *p = lead_room(w, key, len);

	if (p) {
		memcpy(p, text, len);
		rt_buf_took(w->b, p + len);
	} else {
		lead(w, key);
		rt_buf_add(w->b, text, len);
	}
}

void
rt_jsonw_name(struct rt_jsonw *w, struct rt_str name)
{
	lead(w, NULL);
	put_string(w->b, name);
	rt_buf_putc(w->b, ':');
	w->comma = false;
}

void
rt_jsonw_key(struct rt_jsonw *w, const char *key, size_t len)
{
	rt_buf_add(w->b, key + !w->comma, len - !w->comma);
	w->comma = false;
}

static void
open_level(struct rt_jsonw *w, const char *key, char first, char last)
{
	assert(w->depth < RT_JSONW_DEPTH);
	if (!key || is_plain(rt_str_of(key))) {
		put_short(w, key, &first, 1);
	} else {
		lead(w, key);
		rt_buf_putc(w->b, first);
	}
	w->close[w->depth++] = last;
	w->comma = false;
}

#define UINT_BYTES 20u

struct rt_jsonw
rt_jsonw_begin(struct rt_buf *b)
{
	return (struct rt_jsonw){.b = b};
}

void
rt_jsonw_object(struct rt_jsonw *w, const char *key)
{
	open_level(w, key, '{', '}');
}

void
rt_jsonw_array(struct rt_jsonw *w, const char *key)
{
	open_level(w, key, '[', ']');
}

void
rt_jsonw_end(struct rt_jsonw *w)
{
	assert(w->depth > 0);
	w->comma = false;
	put_short(w, NULL, &w->close[--w->depth], 1);
}

void
rt_jsonw_str(struct rt_jsonw *w, const char *key, struct rt_str s)
{
	char *p;

	if (!s.p) {
		rt_jsonw_null(w, key);
		return;
	}
	p = is_plain(s) ? lead_room(w, key, s.len + 2) : NULL;
	if (!p) {
		lead(w, key);
		put_string(w->b, s);
		return;
	}
	*p++ = '"';
	memcpy(p, s.p, s.len);
	p[s.len] = '"';
	rt_buf_took(w->b, p + s.len + 1);
}

void
rt_jsonw_text(struct rt_jsonw *w, const char *key, const char *z)
{
	rt_jsonw_str(w, key, rt_str_of(z));
}

void
rt_jsonw_int(struct rt_jsonw *w, const char *key, int64_t v)
{
	char text[UINT_BYTES + 1] = "-";
	size_t sign = v < 0;
	char *end = rt_text_put_uint(
	    text + sign, v < 0 ? 0 - (uint64_t)v : (uint64_t)v);

	put_short(w, key, text, (size_t)(end - text));
}

void
rt_jsonw_uint(struct rt_jsonw *w, const char *key, uint64_t v)
{
	char text[UINT_BYTES], *p = lead_room(w, key, UINT_BYTES);

	if (p) {
		rt_buf_took(w->b, rt_text_put_uint(p, v));
	} else {
		lead(w, key);
		rt_buf_add(
		    w->b, text, (size_t)(rt_text_put_uint(text, v) - text));
	}
}

void
rt_jsonw_double(struct rt_jsonw *w, const char *key, double v)
{
	char text[32];

	if (v >= 0 && v < 1e15 && v == (double)(uint64_t)v)
		rt_jsonw_uint(w, key, (uint64_t)v);
	else if (isfinite(v))
		put_short(w, key, text, rt_text_from_double(text, v));
	else
		rt_jsonw_null(w, key);
}

void
rt_jsonw_bool(struct rt_jsonw *w, const char *key, bool v)
{
	put_short(w, key, v ? "true" : "false", v ? 4 : 5);
}

void
rt_jsonw_null(struct rt_jsonw *w, const char *key)
{
	put_short(w, key, "null", 4);
}

void
rt_jsonw_raw(struct rt_jsonw *w, const char *key, const char *p, size_t len)
{
	put_short(w, key, p, len);
}
