/* SPDX-License-Identifier: MIT */
#include "collector/canonical.h"

#include <stdlib.h>

#include "collector/refused.h"
#include "proto/decode.h"
#include "proto/encode.h"
#include "proto/jsonw.h"
#include "proto/mem.h"

/* Taken for a credential by every collector, and none. */
#define PLACEHOLDER "Bearer withheld"

struct rt_canonical {
	struct rt_decoder *decoder, *other_base; /* owned */
	struct rt_buf line;
	struct rt_notice notice;
	bool is_base_said;
};

struct rt_canonical *
rt_canonical_new(int attempt_base)
{
	struct rt_canonical *c = rt_xcalloc(1, sizeof(*c));
	struct rt_decode_opts o = {
	    .attempt_base = attempt_base == 0 ? 0 : 1, .text_forms = true};

	c->decoder = rt_decoder_new(&o);
	o.attempt_base = !o.attempt_base;
	c->other_base = rt_decoder_new(&o);
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
	rt_decoder_free(c->other_base);
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

/* What is wrong with it, in its place. */
static struct rt_str
noticed(struct rt_canonical *c, struct rt_str record, const char *where,
    enum rt_reject reason, const struct rt_diag *why)
{
	struct rt_identity id = rt_decode_identity(c->decoder);
	struct rt_notice *n = &c->notice;

	*n = (struct rt_notice){.reason = reason, .seq = id.seq};
	rt_text_scrub(n->where, sizeof(n->where), rt_str_of(where));
	rt_diag_set(&n->why, NULL, "%s%s%s", why->where,
	    why->where[0] ? ": " : "", why->what);
	rt_refused_outline(n->sample, sizeof(n->sample), record);
	rt_text_scrub(n->emitter, sizeof(n->emitter), id.emitter);
	rt_buf_reset(&c->line);
	rt_notice_encode(&c->line, n);
	return (struct rt_str){c->line.p, c->line.len};
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
rt_canonical_line(struct rt_canonical *c, struct rt_str record,
    const char *where, const struct rt_notice **refused)
{
	struct rt_diag why = {{0}, {0}};
	struct rt_event e;
	enum rt_reject reason;
	bool is_line;

	*refused = NULL;
	record = trimmed(record);
	if (record.len == 0)
		return record;
	is_line = record.p[0] == '{' && !memchr(record.p, '\n', record.len);
	reason = rt_decode(c->decoder, record.p, record.len, &e, &why);
	if (reason != RT_REJECT_NOT && is_line && !c->is_base_said &&
	    rt_decode(c->other_base, record.p, record.len, &e, NULL) ==
		RT_REJECT_NOT)
		return record;
	if (reason != RT_REJECT_NOT) {
		*refused = &c->notice;
		return noticed(c, record, where, reason, &why);
	}
	if (is_line && (!c->is_base_said || e.shape != RT_SHAPE_REVIEW))
		return record;
	rt_buf_reset(&c->line);
	rt_encode(&c->line, &e);
	if (e.sensitive.p && !c->line.overflow)
		put_sensitive(&c->line, e.sensitive);
	if (!c->line.overflow)
		return (struct rt_str){c->line.p, c->line.len};
	*refused = &c->notice;
	rt_diag_set(
	    &why, NULL, "has more than %u bytes as JSON", RT_RECORD_MAX);
	return noticed(c, record, where, RT_REJECT_TOO_LARGE, &why);
}
