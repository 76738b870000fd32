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
	lead(w, key);
	rt_buf_putc(w->b, first);
	w->close[w->depth++] = last;
	w->comma = false;
}

static void
put_uint(struct rt_jsonw *w, uint64_t v)
{
	char text[20];
	size_t i = sizeof(text);

	do
		text[--i] = (char)('0' + v % 10);
	while (v /= 10);
	rt_buf_add(w->b, text + i, sizeof(text) - i);
}

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
	rt_buf_putc(w->b, w->close[--w->depth]);
	w->comma = true;
}

void
rt_jsonw_str(struct rt_jsonw *w, const char *key, struct rt_str s)
{
	if (!s.p) {
		rt_jsonw_null(w, key);
		return;
	}
	lead(w, key);
	put_string(w->b, s);
}

void
rt_jsonw_text(struct rt_jsonw *w, const char *key, const char *z)
{
	rt_jsonw_str(w, key, rt_str_of(z));
}

void
rt_jsonw_int(struct rt_jsonw *w, const char *key, int64_t v)
{
	lead(w, key);
	if (v < 0)
		rt_buf_putc(w->b, '-');
	put_uint(w, v < 0 ? 0 - (uint64_t)v : (uint64_t)v);
}

void
rt_jsonw_uint(struct rt_jsonw *w, const char *key, uint64_t v)
{
	lead(w, key);
	put_uint(w, v);
}

void
rt_jsonw_double(struct rt_jsonw *w, const char *key, double v)
{
	char text[32];

	if (!isfinite(v)) {
		rt_jsonw_null(w, key);
		return;
	}
	lead(w, key);
	rt_buf_add(w->b, text, rt_text_from_double(text, v));
}

void
rt_jsonw_bool(struct rt_jsonw *w, const char *key, bool v)
{
	lead(w, key);
	rt_buf_puts(w->b, v ? "true" : "false");
}

void
rt_jsonw_null(struct rt_jsonw *w, const char *key)
{
	lead(w, key);
	rt_buf_puts(w->b, "null");
}

void
rt_jsonw_raw(struct rt_jsonw *w, const char *key, const char *p, size_t len)
{
	lead(w, key);
	rt_buf_add(w->b, p, len);
}
