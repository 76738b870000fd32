/* SPDX-License-Identifier: MIT */
#include "collector/canonical.h"

#include <stdlib.h>

#include "proto/decode.h"
#include "proto/encode.h"
#include "proto/jsonw.h"
#include "proto/mem.h"

#define LINE_MAX_BYTES (RT_RECORD_MAX + 1)
/* Taken for a credential by every collector, and none. */
#define PLACEHOLDER "Bearer withheld"

struct rt_canonical {
	struct rt_decoder *decoder; /* owned */
	struct rt_buf line;
	char flat[LINE_MAX_BYTES];
	bool is_base_said;
};

struct rt_canonical *
rt_canonical_new(int attempt_base)
{
	struct rt_canonical *c = rt_xcalloc(1, sizeof(*c));
	struct rt_decode_opts o = {
	    .attempt_base = attempt_base == 0 ? 0 : 1, .text_forms = true};

	c->decoder = rt_decoder_new(&o);
	c->is_base_said = attempt_base != RT_CANONICAL_BASE_NOT_SAID;
	rt_buf_init(&c->line, RT_RECORD_MAX);
	return c;
}

void
rt_canonical_free(struct rt_canonical *c)
{
	if (!c)
		return;
	rt_decoder_free(c->decoder);
	rt_buf_fini(&c->line);
	free(c);
}

static bool
is_space(char c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

static struct rt_str
trimmed(struct rt_str s)
{
	while (s.len > 0 && is_space(s.p[s.len - 1]))
		s.len--;
	while (s.len > 0 && is_space(*s.p)) {
		s.p++;
		s.len--;
	}
	return s;
}

/* As it is, on one line; one byte too many stays one too many. */
static struct rt_str
flattened(struct rt_canonical *c, struct rt_str s)
{
	size_t i, n = s.len < LINE_MAX_BYTES ? s.len : LINE_MAX_BYTES;

	for (i = 0; i < n; i++)
		c->flat[i] = s.p[i] == '\n' ? ' ' : s.p[i];
	if (n == LINE_MAX_BYTES && is_space(c->flat[n - 1]))
		c->flat[n - 1] = '.';
	return (struct rt_str){c->flat, n};
}

/* Into the object just written: what was dropped from it, by name. */
static void
put_sensitive(struct rt_buf *b, struct rt_str name)
{
	struct rt_jsonw w;

	b->len--;
	rt_buf_putc(b, ',');
	w = rt_jsonw_begin(b);
	rt_jsonw_str(&w, NULL, name);
	rt_buf_puts(b, ":\"" PLACEHOLDER "\"}");
}

struct rt_str
rt_canonical_line(struct rt_canonical *c, struct rt_str record)
{
	struct rt_event e;
	bool is_line;

	record = trimmed(record);
	if (record.len == 0)
		return record;
	is_line = record.p[0] == '{' && !memchr(record.p, '\n', record.len);
	if (record.len > RT_RECORD_MAX || (is_line && !c->is_base_said))
		return flattened(c, record);
	if (rt_decode(c->decoder, record.p, record.len, &e, NULL) !=
		RT_REJECT_NOT ||
	    (is_line && e.shape != RT_SHAPE_REVIEW))
		return flattened(c, record);
	rt_buf_reset(&c->line);
	rt_encode(&c->line, &e);
	if (e.sensitive.p && !c->line.overflow)
		put_sensitive(&c->line, e.sensitive);
	if (c->line.overflow)
		return flattened(c, record);
	return (struct rt_str){c->line.p, c->line.len};
}
