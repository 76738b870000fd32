/* SPDX-License-Identifier: MIT */
#include "collector/pack.h"

#include <string.h>

/* What is not a field, but changes the canonical form. */
struct head {
	uint64_t present;
	uint8_t kind, shape, error_class, ts_has_fraction;
	uint8_t ts_is_arrival, has_code;
};

static void
put(char **to, const void *bytes, size_t len)
{
	memcpy(*to, bytes, len);
	*to += len;
}

static void
get(const char **from, void *bytes, size_t len)
{
	memcpy(bytes, *from, len);
	*from += len;
}

static void
put_str(char **to, struct rt_str s)
{
	uint32_t len = (uint32_t)s.len;

	put(to, &len, sizeof(len));
	if (len > 0)
		put(to, s.p, len);
}

static void
get_str(const char **from, struct rt_str *s)
{
	uint32_t len;

	get(from, &len, sizeof(len));
	*s = (struct rt_str){*from, len};
	*from += len;
}

/* Strings behind their length, anything else as it is. */
#define SIZE_STR(value) (sizeof(uint32_t) + (value).len)
#define SIZE_ANY(value) sizeof(value)
#define SIZE_TIME SIZE_ANY
#define SIZE_INT SIZE_ANY
#define SIZE_MS SIZE_ANY
#define SIZE_BOOL SIZE_ANY
#define SIZE_DECISION SIZE_ANY
#define SIZE_OUTCOME SIZE_ANY
#define PUT_STR(to, value) put_str(to, value)
#define PUT_ANY(to, value) put(to, &(value), sizeof(value))
#define PUT_TIME PUT_ANY
#define PUT_INT PUT_ANY
#define PUT_MS PUT_ANY
#define PUT_BOOL PUT_ANY
#define PUT_DECISION PUT_ANY
#define PUT_OUTCOME PUT_ANY
#define GET_STR(from, value) get_str(from, &(value))
#define GET_ANY(from, value) get(from, &(value), sizeof(value))
#define GET_TIME GET_ANY
#define GET_INT GET_ANY
#define GET_MS GET_ANY
#define GET_BOOL GET_ANY
#define GET_DECISION GET_ANY
#define GET_OUTCOME GET_ANY

static size_t
size_of(const struct rt_event *e)
{
	size_t n = sizeof(struct head) + SIZE_STR(e->decision_code);

#define X(id, member, type, lo, hi) \
	if (rt_event_has(e, id))    \
		n += SIZE_##type(e->member);
	RT_EVENT_FIELDS(X)
#undef X
	return n;
}

void
rt_pack(struct rt_buf *b, const struct rt_event *e)
{
	struct head h = {
	    .present = e->present,
	    .kind = (uint8_t)e->kind,
	    .shape = (uint8_t)e->shape,
	    .error_class = (uint8_t)e->error_class,
	    .ts_has_fraction = e->ts_has_fraction,
	    .ts_is_arrival = e->ts_is_arrival,
	    .has_code = e->decision_code.p != NULL,
	};
	char *to = rt_buf_extend(b, size_of(e));

	if (!to)
		return;
	put(&to, &h, sizeof(h));
#define X(id, member, type, lo, hi) \
	if (rt_event_has(e, id))    \
		PUT_##type(&to, e->member);
	RT_EVENT_FIELDS(X)
#undef X
	put_str(&to, e->decision_code);
}

void
rt_unpack(struct rt_str bytes, struct rt_event *e)
{
	const char *from = bytes.p;
	struct head h;

	get(&from, &h, sizeof(h));
	*e = (struct rt_event){
	    .present = h.present,
	    .kind = (enum rt_kind)h.kind,
	    .shape = (enum rt_shape)h.shape,
	    .error_class = (enum rt_class)h.error_class,
	    .ts_has_fraction = h.ts_has_fraction != 0,
	    .ts_is_arrival = h.ts_is_arrival != 0,
	};
#define X(id, member, type, lo, hi) \
	if (rt_event_has(e, id))    \
		GET_##type(&from, e->member);
	RT_EVENT_FIELDS(X)
#undef X
	get_str(&from, &e->decision_code);
	if (!h.has_code)
		e->decision_code = RT_STR_NONE;
}
