/* SPDX-License-Identifier: MIT */
#include <stdio.h>
#include <stdlib.h>

#include "proto/decode_internal.h"
#include "proto/mem.h"

#define SENSITIVE_NAME_MAX 64u /* code points shown */

struct rt_decoder *
rt_decoder_new(const struct rt_decode_opts *o)
{
	struct rt_decoder *d = rt_xcalloc(1, sizeof(*d));

	rt_keys_init(&d->keys);
	rt_dialect_init(d);
	rt_direct_init(&d->direct);
	d->is_direct_likely = true;
	d->look = rt_look_by(32);
	if (!d->look)
		d->look = rt_look_by(16);
	if (!d->look)
		d->look = rt_look_by(1);
	d->opts = o ? *o : (struct rt_decode_opts){.attempt_base = 1};
	return d;
}

void
rt_decoder_free(struct rt_decoder *d)
{
	free(d);
}

/* ---- what forms call ---- */

void
rt_decoder_name_other(struct rt_decoder *d, struct rt_name *name,
    struct rt_str path, struct rt_str own)
{
	const size_t prefix = sizeof(RT_EXTRA_PREFIX) - 1;
	size_t i;

	d->may_have_extra |= path.p && path.len > prefix &&
	    memcmp(path.p, RT_EXTRA_PREFIX, prefix) == 0;
	for (i = 0; i < RT_COUNT_OF(d->extra); i++)
		if (path.p && d->extra[i].p && rt_str_equal(d->extra[i], path))
			name->key = (enum rt_key)(RT_KEY_EXTRA_1 + i);
	for (i = own.len; i > 0 && own.p[i - 1] != '.'; i--)
		;
	own = (struct rt_str){own.p + i, own.len - i};
	name->is_never =
	    rt_key_is_never(rt_keys_find(&d->keys, own.p, own.len, own.len));
}

/* An object given twice: only the last counts, with all that is nested in it. */
static void
forget_children(struct rt_decoder *d, enum rt_key parent, unsigned depth)
{
	const struct rt_key_row *row, *above = &d->keys.rows[parent];
	unsigned i;

	for (i = 0; i < RT_KEY_COUNT; i++) {
		row = &d->keys.rows[i];
		if (row->name && row->len > above->len &&
		    row->name[above->len] == '.' &&
		    memcmp(row->name, above->name, above->len) == 0 &&
		    d->slots[i].depth > depth)
			d->seen[i / 64] &= ~(UINT64_C(1) << (i % 64));
	}
}

void
rt_decoder_put(
    struct rt_decoder *d, const struct rt_name *name, struct rt_slot *value)
{
	struct rt_slot *slot;

	value->is_sensitive = (name->is_never && value->type != RT_SLOT_NULL &&
				  !value->is_empty) ||
	    ((d->maybe_secret || value->has_escape) &&
		value->type == RT_SLOT_STRING &&
		rt_slot_holds_secret(d, value));
	value->is_simple = value->is_simple && !value->is_sensitive;
	if (value->is_sensitive && !d->sensitive.text.p)
		d->sensitive = *name;
	if (name->key >= RT_KEY_COUNT)
		return;
	slot = &d->slots[name->key];
	if (rt_slot_is_seen(d, name->key)) {
		if (slot->depth < name->depth)
			return;
		if (rt_key_is_parent(name->key))
			forget_children(d, name->key, name->depth);
	}
	value->depth = name->depth;
	*slot = *value;
	d->seen[name->key / 64] |= UINT64_C(1) << (name->key % 64);
}

static bool
walk(struct rt_decoder *d, struct rt_diag *why)
{
	d->seen[0] = d->seen[1] = 0;
	d->may_have_extra = false;
	d->scratch_used = 0;
	if (d->opts.text_forms && d->record.len > 0 && d->record.p[0] != '{')
		return rt_form_text(d, why);
	return rt_form_json(d, why);
}

void
rt_decoder_walk_again(struct rt_decoder *d)
{
	/* It went well before: the same bytes go well again. */
	if (!walk(d, NULL))
		abort();
}

enum rt_err
rt_decoder_time(
    struct rt_decoder *d, struct rt_str t, int64_t *us, bool *has_fraction)
{
	int64_t in_minute = 0;
	bool has = false;
	enum rt_err err;

	if (rt_minute_read(&d->minute, t.p, &in_minute, &has) == t.p + t.len) {
		*us = in_minute;
		*has_fraction = has;
		return RT_OK;
	}
	err = rt_text_to_time(t, us, has_fraction);
	if (err == RT_OK)
		rt_minute_keep(&d->minute, t.p, t.len, *us);
	return err;
}

/* ---- one record ---- */

static inline bool
is_space(char c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

static struct rt_str
trim(const char *p, size_t len)
{
	while (len > 0 && is_space(p[len - 1]))
		len--;
	while (len > 0 && is_space(*p)) {
		p++;
		len--;
	}
	return (struct rt_str){p, len};
}

/* The field's own name, fit to be shown: never a value, whatever it is called. */
static struct rt_str
sensitive_name(struct rt_decoder *d)
{
	struct rt_slot s = {.p = d->sensitive.text.p,
	    .len = (uint32_t)d->sensitive.text.len,
	    .has_escape = d->sensitive.has_escape,
	    .has_high = true};
	struct rt_str name;

	if (!s.p)
		return RT_STR_NONE;
	if (s.len == 0 || rt_slot_holds_secret(d, &s))
		return rt_str_of("(withheld)");
	name = rt_slot_text(d, &s);
	return rt_text_cut(name, SENSITIVE_NAME_MAX);
}

static void
note_identity(struct rt_decoder *d)
{
	struct rt_event e = {0};

	if (rt_dialect_put(d, &e, RT_FIELD_EMITTER,
		rt_slot_kept(d, RT_KEY_F_EMITTER)) == RT_REJECT_NOT &&
	    rt_dialect_put(d, &e, RT_FIELD_SEQ,
		rt_slot_kept(d, RT_KEY_F_SEQ)) == RT_REJECT_NOT &&
	    rt_event_has(&e, EMITTER) && rt_event_has(&e, SEQ))
		d->identity = (struct rt_identity){e.emitter, e.seq};
}

static enum rt_reject
refuse(enum rt_reject reason, struct rt_diag *why, const char *sentence)
{
	rt_diag_set(why, "record", "%s", sentence);
	return reason;
}

static enum rt_reject
interpret(struct rt_decoder *d, struct rt_event *e, struct rt_diag *why)
{
	const struct rt_dialect *dialect;
	enum rt_reject reason;
	enum rt_field bad;

	if (d->is_too_deep)
		return refuse(RT_REJECT_TOO_DEEP, why, "nested too deeply");
	dialect = rt_dialect_of(d, &reason);
	d->is_direct_likely = dialect && rt_dialect_is_native(dialect);
	if (!dialect)
		return refuse(reason, why,
		    reason == RT_REJECT_UNKNOWN_SCHEMA
			? "its schema is none that is known"
			: "its keys are those of no known shape");
	reason = rt_dialect_read(d, dialect, e, &bad);
	if (reason != RT_REJECT_NOT)
		rt_dialect_explain(reason, bad, why);
	return reason;
}

/* In the general way, whatever it is. */
static enum rt_reject
read_any(struct rt_decoder *d, struct rt_event *e, struct rt_diag *why)
{
	enum rt_reject reason;

	if (!walk(d, why))
		return RT_REJECT_NOT_JSON;
	rt_mem_zero(e, sizeof(*e));
	reason = interpret(d, e, why);
	if (reason != RT_REJECT_NOT)
		note_identity(d);
	else
		e->sensitive = sensitive_name(d);
	return reason;
}

enum rt_reject
rt_decode(struct rt_decoder *d, const char *p, size_t len, struct rt_event *out,
    struct rt_diag *why)
{
	struct rt_str record;
	struct rt_event e;
	enum rt_reject reason;

	d->identity = (struct rt_identity){RT_STR_NONE, 0};
	record = trim(p, len);
	d->record = RT_STR_NONE;
	d->scratch_used = 0;
	if (record.len > RT_RECORD_MAX)
		return refuse(
		    RT_REJECT_TOO_LARGE, why, "larger than 8192 bytes");
	d->is_too_deep = false;
	d->sensitive.text = RT_STR_NONE;
	d->extra[0] = RT_STR_NONE;
	d->extra[1] = RT_STR_NONE;
	rt_decoder_take(d, record);
	rt_mem_zero(&e, sizeof(e));
	if (!d->is_plain || !d->is_direct_likely || !rt_direct_read(d, &e)) {
		reason = read_any(d, &e, why);
		if (reason != RT_REJECT_NOT)
			return reason;
	}
	if (rt_event_has(&e, EMITTER) && rt_event_has(&e, SEQ))
		d->identity = (struct rt_identity){e.emitter, e.seq};
	rt_mem_copy(out, &e, sizeof(e));
	return RT_REJECT_NOT;
}

struct rt_identity
rt_decode_identity(const struct rt_decoder *d)
{
	return d->identity;
}

/* A string that is in the copy or the scratch is in `to`, one behind the other. */
static void
move_str(const struct rt_decoder *d, struct rt_str *s, char *to)
{
	uintptr_t p = (uintptr_t)s->p, copy = (uintptr_t)d->copy,
		  scratch = (uintptr_t)d->scratch;

	if (p >= copy && p < copy + d->record.len)
		s->p = to + (p - copy);
	else if (p >= scratch && p < scratch + d->scratch_used)
		s->p = to + d->record.len + (p - scratch);
}

#define MOVE_STR(d, s, to) move_str(d, &(s), to)
#define MOVE_TIME(d, v, to)
#define MOVE_INT(d, v, to)
#define MOVE_MS(d, v, to)
#define MOVE_BOOL(d, v, to)
#define MOVE_DECISION(d, v, to)
#define MOVE_OUTCOME(d, v, to)

size_t
rt_decode_move(const struct rt_decoder *d, struct rt_event *e,
    struct rt_identity *id, char *to)
{
	memcpy(to, d->copy, d->record.len);
	memcpy(to + d->record.len, d->scratch, d->scratch_used);
#define X(id, member, type, lo, hi) MOVE_##type(d, e->member, to);
	RT_EVENT_FIELDS(X)
#undef X
	move_str(d, &e->decision_code, to);
	move_str(d, &e->sensitive, to);
	move_str(d, &id->emitter, to);
	return d->record.len + d->scratch_used;
}

bool
rt_decode_next_line(struct rt_str *rest, struct rt_str *line)
{
	const char *end;
	struct rt_str l;

	while (rest->len > 0) {
		end = memchr(rest->p, '\n', rest->len);
		l = (struct rt_str){
		    rest->p, end ? (size_t)(end - rest->p) : rest->len};
		rest->p += l.len + (end != NULL);
		rest->len -= l.len + (end != NULL);
		l = trim(l.p, l.len);
		if (l.len > 0) {
			*line = l;
			return true;
		}
	}
	return false;
}
