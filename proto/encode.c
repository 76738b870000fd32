/* SPDX-License-Identifier: MIT */
#include "proto/encode.h"

#include "proto/jsonw.h"

static void
put_time(struct rt_jsonw *w, const struct rt_event *e)
{
	const size_t whole_seconds = 19; /* YYYY-MM-DDTHH:MM:SS */
	char text[32];
	size_t n = rt_text_from_time(text, e->ts_us);

	/* Whether there was a fraction is evidence: do not add one. */
	if (!e->ts_has_fraction && e->ts_us % 1000000 == 0) {
		text[whole_seconds] = 'Z';
		n = whole_seconds + 1;
	}
	rt_jsonw_str(w, "ts", (struct rt_str){text, n});
	if (e->ts_is_arrival)
		rt_jsonw_bool(w, "ts_is_arrival", true);
}

static void
put_decision(struct rt_jsonw *w, const struct rt_event *e)
{
	if (e->decision == RT_DECISION_UNKNOWN && e->decision_code.p)
		rt_jsonw_str(w, NULL, e->decision_code);
	else
		rt_jsonw_text(w, NULL, rt_decision_name(e->decision));
}

/* One writer a field type; the wire name is the member's, but for the one time. */
#define KEYED(w, name, put) (rt_jsonw_key(w, RT_JSONW_KEY(name)), put)
#define PUT_TIME(w, name, e, value) put_time(w, e)
#define PUT_STR(w, name, e, value) KEYED(w, name, rt_jsonw_str(w, NULL, value))
#define PUT_INT(w, name, e, value) KEYED(w, name, rt_jsonw_int(w, NULL, value))
#define PUT_MS(w, name, e, value) \
	KEYED(w, name, rt_jsonw_double(w, NULL, value))
#define PUT_BOOL(w, name, e, value) \
	KEYED(w, name, rt_jsonw_bool(w, NULL, value))
#define PUT_DECISION(w, name, e, value) KEYED(w, name, put_decision(w, e))
#define PUT_OUTCOME(w, name, e, value) \
	KEYED(w, name, rt_jsonw_text(w, NULL, rt_outcome_name(value)))

/*
 * In the place of what was dropped, something that is dropped again under any name: not
 * only under those that are never kept.  It stands first, for a later duplicate that was
 * kept wins.
 */
static void
put_sensitive(struct rt_jsonw *w, struct rt_str name)
{
	if (name.len == 0)
		return;
	rt_jsonw_name(w, name);
	rt_jsonw_text(w, NULL, "Bearer (dropped)");
}

void
rt_encode(struct rt_buf *b, const struct rt_event *e)
{
	struct rt_jsonw w = rt_jsonw_begin(b);

	rt_jsonw_object(&w, NULL);
	put_sensitive(&w, e->sensitive);
	rt_jsonw_text(&w, "schema",
	    e->kind == RT_KIND_SUMMARY ? "llm-operation/v1" : "llm-attempt/v1");
#define X(id, member, type, lo, hi) \
	if (rt_event_has(e, id))    \
		PUT_##type(&w, #member, e, e->member);
	RT_EVENT_FIELDS(X)
#undef X
	if (e->shape != RT_SHAPE_NATIVE)
		rt_jsonw_text(&w, "source_shape", rt_shape_name(e->shape));
	rt_jsonw_end(&w);
}
