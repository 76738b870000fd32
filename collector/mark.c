/* SPDX-License-Identifier: MIT */
#include "collector/mark.h"

#include <string.h>

#include "proto/json.h"
#include "proto/jsonw.h"

#define DUPLICATE "duplicate"

void
rt_mark_init(struct rt_mark *m, enum rt_reject reason, struct rt_str emitter,
    int64_t seq)
{
	bool is_known = emitter.len > 0 && emitter.len <= RT_MARK_EMITTER_MAX;

	m->reason = reason;
	m->seq = is_known && seq > 0 ? seq : 0;
	m->count = 1;
	m->emitter_len = is_known ? emitter.len : 0;
	memset(m->emitter, 0, sizeof(m->emitter));
	if (is_known)
		memcpy(m->emitter, emitter.p, emitter.len);
}

bool
rt_mark_join(struct rt_mark *m, const struct rt_mark *next)
{
	if (m->reason != next->reason ||
	    !rt_str_equal(rt_mark_emitter(m), rt_mark_emitter(next)) ||
	    next->seq != (m->seq > 0 ? m->seq + m->count : 0) ||
	    m->count > RT_MARK_COUNT_MAX - next->count)
		return false;
	m->count += next->count;
	return true;
}

/* The run of the same emitter; r->count where there is none. */
static unsigned
run_of(const struct rt_mark_runs *r, const struct rt_mark *m)
{
	unsigned i = r->last;

	if (i < r->count &&
	    rt_str_equal(rt_mark_emitter(&r->m[i]), rt_mark_emitter(m)))
		return i;
	for (i = 0; i < r->count; i++)
		if (rt_str_equal(rt_mark_emitter(&r->m[i]), rt_mark_emitter(m)))
			break;
	return i;
}

bool
rt_mark_runs_add(
    struct rt_mark_runs *r, const struct rt_mark *m, struct rt_mark *out)
{
	unsigned i = run_of(r, m);

	if (i < r->count && rt_mark_join(&r->m[i], m)) {
		r->last = i;
		return true;
	}
	if (i == RT_MARK_RUNS)
		i = r->oldest++ % RT_MARK_RUNS;
	r->last = i;
	if (i == r->count) {
		r->m[r->count++] = *m;
		return true;
	}
	*out = r->m[i];
	r->m[i] = *m;
	return false;
}

void
rt_mark_encode(struct rt_buf *b, const struct rt_mark *m)
{
	struct rt_jsonw w;

	rt_buf_putc(b, '#');
	w = rt_jsonw_begin(b);
	rt_jsonw_object(&w, NULL);
	rt_jsonw_text(&w, "refused",
	    m->reason == RT_REJECT_NOT ? DUPLICATE : rt_reject_name(m->reason));
	if (m->emitter_len > 0)
		rt_jsonw_str(&w, "emitter", rt_mark_emitter(m));
	if (m->seq > 0)
		rt_jsonw_int(&w, "seq", m->seq);
	rt_jsonw_uint(&w, "count", m->count);
	rt_jsonw_end(&w);
}

static bool
reason_from(const char *name, enum rt_reject *out)
{
	int i;

	if (name && strcmp(name, DUPLICATE) == 0) {
		*out = RT_REJECT_NOT;
		return true;
	}
	for (i = 0; name && i < RT_REJECT_COUNT; i++)
		if (strcmp(name, rt_reject_name((enum rt_reject)i)) == 0) {
			*out = (enum rt_reject)i;
			return true;
		}
	return false;
}

static bool
fields_from(struct json_object *o, struct rt_mark *m)
{
	const char *emitter = rt_json_text(o, "emitter");
	int64_t count = rt_json_int(o, "count", 0);
	int64_t seq = rt_json_int(o, "seq", 0);
	enum rt_reject reason;

	if (!reason_from(rt_json_text(o, "refused"), &reason) || count < 1 ||
	    count > RT_MARK_COUNT_MAX || seq < 0 || seq > INT64_MAX - count ||
	    (emitter && strlen(emitter) > RT_MARK_EMITTER_MAX))
		return false;
	rt_mark_init(
	    m, reason, emitter ? rt_str_of(emitter) : RT_STR_NONE, seq);
	m->count = (uint32_t)count;
	return true;
}

enum rt_err
rt_mark_decode(struct rt_str line, struct rt_mark *m)
{
	struct json_object *o = NULL;
	enum rt_err err = RT_E_SYNTAX;

	if (!rt_mark_is_line(line))
		return err;
	err =
	    rt_json_parse(line.p + 1, line.len - 1, RT_MARK_SIZE, 2, &o, NULL);
	if (err == RT_OK && !fields_from(o, m))
		err = RT_E_FIELD;
	json_object_put(o);
	return err;
}
