/* SPDX-License-Identifier: MIT */
/*
 * What the slots of each shape mean.
 *
 * A dialect is a table: a field not named in it is read from the key of its own name.
 */
#include <stddef.h>
#include <stdio.h>

#include "proto/classify.h"
#include "proto/decode_internal.h"

enum field_type { TIME, STR, INT, MS, BOOL, DECISION, OUTCOME };

static const struct {
	enum field_type type;
	size_t offset;
	int64_t min, max;
} fields[] = {
#define X(id, member, type, lo, hi) \
	[RT_FIELD_##id] = {         \
	    type, offsetof(struct rt_event, member), lo, (int64_t)(hi)},
    RT_EVENT_FIELDS(X)
#undef X
};

#define BIT(f) (UINT64_C(1) << (f))

static const uint64_t
#define X(id, member, type, lo, hi) | ((type) == STR ? RT_FIELD_BIT(id) : 0)
    STR_FIELDS = 0 RT_EVENT_FIELDS(X),
#undef X
#define X(id, member, type, lo, hi) | ((type) == INT ? RT_FIELD_BIT(id) : 0)
    INT_FIELDS = 0 RT_EVENT_FIELDS(X),
#undef X
#define X(id, member, type, lo, hi) | ((type) == MS ? RT_FIELD_BIT(id) : 0)
    MS_FIELDS = 0 RT_EVENT_FIELDS(X),
#undef X
#define X(id, member, type, lo, hi) | ((type) == BOOL ? RT_FIELD_BIT(id) : 0)
    BOOL_FIELDS = 0 RT_EVENT_FIELDS(X);
#undef X

/* ---- one field from one slot ---- */

static void *
member_of(struct rt_event *e, enum rt_field f)
{
	return (char *)e + fields[f].offset;
}

static enum rt_reject
put_time(
    struct rt_decoder *d, struct rt_event *e, enum rt_field f, struct rt_str t)
{
	enum rt_err err =
	    rt_decoder_time(d, t, member_of(e, f), &e->ts_has_fraction);

	if (err == RT_OK)
		return RT_REJECT_NOT;
	return err == RT_E_FIELD ? RT_REJECT_OUT_OF_RANGE : RT_REJECT_BAD_TYPE;
}

static enum rt_reject
put_str(struct rt_event *e, enum rt_field f, struct rt_str t)
{
	size_t max = (size_t)fields[f].max;

	/* There are no more code points than bytes. */
	if (t.len > max && rt_text_length(t) > max)
		return RT_REJECT_OUT_OF_RANGE;
	*(struct rt_str *)member_of(e, f) = t;
	return RT_REJECT_NOT;
}

void
rt_dialect_decide(struct rt_decoder *d, struct rt_event *e, struct rt_str word)
{
	const struct rt_decision_map *map = d->opts.decisions;
	unsigned i;

	e->decision = rt_decision_from(word);
	for (i = 0; map && i < map->count; i++)
		if (e->decision == RT_DECISION_UNKNOWN &&
		    rt_str_is(word, map->rows[i].code))
			e->decision = map->rows[i].decision;
	if (e->decision == RT_DECISION_UNKNOWN)
		e->decision_code = rt_text_cut(word, 64);
}

/* Fields that only a string can fill. */
static enum rt_reject
put_text(struct rt_decoder *d, struct rt_event *e, enum rt_field f,
    struct rt_slot *s)
{
	struct rt_str t;

	if (s->type != RT_SLOT_STRING)
		return RT_REJECT_BAD_TYPE;
	t = rt_slot_text(d, s);
	switch (fields[f].type) {
	case TIME: return put_time(d, e, f, t);
	case STR: return put_str(e, f, t);
	case DECISION: rt_dialect_decide(d, e, t); break;
	case OUTCOME:
		*(enum rt_outcome *)member_of(e, f) = rt_outcome_from(t);
		break;
	case INT:
	case MS:
	case BOOL: break;
	}
	return RT_REJECT_NOT;
}

static enum rt_reject
put_int(struct rt_event *e, enum rt_field f, int64_t v)
{
	if (v < fields[f].min || v > fields[f].max)
		return RT_REJECT_OUT_OF_RANGE;
	*(int64_t *)member_of(e, f) = v;
	e->present |= BIT(f);
	return RT_REJECT_NOT;
}

static enum rt_reject
put_ms(struct rt_event *e, enum rt_field f, double v)
{
	if (!(v >= (double)fields[f].min && v <= (double)fields[f].max))
		return RT_REJECT_OUT_OF_RANGE;
	*(double *)member_of(e, f) = v + 0.0; /* no negative zero */
	e->present |= BIT(f);
	return RT_REJECT_NOT;
}

enum rt_reject
rt_dialect_put(struct rt_decoder *d, struct rt_event *e, enum rt_field f,
    struct rt_slot *s)
{
	enum rt_reject r;
	int64_t v = 0;
	double ms = 0;

	if (!s)
		return RT_REJECT_NOT;
	switch (fields[f].type) {
	case INT:
		r = rt_slot_to_int(d, s, &v);
		return r == RT_REJECT_NOT ? put_int(e, f, v) : r;
	case MS:
		r = rt_slot_to_double(d, s, &ms);
		return r == RT_REJECT_NOT ? put_ms(e, f, ms) : r;
	case BOOL: r = rt_slot_to_bool(d, s, member_of(e, f)); break;
	case TIME:
	case STR:
	case DECISION:
	case OUTCOME: r = put_text(d, e, f, s); break;
	default: return RT_REJECT_BAD_TYPE;
	}
	if (r != RT_REJECT_NOT)
		return r;
	e->present |= BIT(f);
	if (f == RT_FIELD_ERROR_TYPE && rt_str_is(e->error_type, "none")) {
		e->error_type = RT_STR_NONE;
		e->present &= ~BIT(f);
	}
	return RT_REJECT_NOT;
}

/* ---- fields that are as they should be ---- */

static inline bool
put_simple_str(struct rt_event *e, enum rt_field f, const struct rt_slot *s)
{
	/* There are no more code points than bytes; an empty one is absent. */
	if (s->type != RT_SLOT_STRING || !s->is_simple || s->len == 0 ||
	    s->len > (uint64_t)fields[f].max)
		return false;
	if (f == RT_FIELD_ERROR_TYPE && s->len == 4)
		return false; /* "none"? */
	*(struct rt_str *)member_of(e, f) = (struct rt_str){s->p, s->len};
	return true;
}

static inline bool
put_simple_int(struct rt_event *e, enum rt_field f, const struct rt_slot *s)
{
	if (s->type != RT_SLOT_NUMBER || !s->is_simple || s->fraction != 0 ||
	    s->mantissa < fields[f].min || s->mantissa > fields[f].max)
		return false;
	*(int64_t *)member_of(e, f) = s->mantissa;
	return true;
}

static inline bool
put_simple_ms(struct rt_event *e, enum rt_field f, const struct rt_slot *s)
{
	double v;

	if (s->type != RT_SLOT_NUMBER || !s->is_simple)
		return false;
	v = rt_slot_simple_double(s);
	if (!(v >= (double)fields[f].min && v <= (double)fields[f].max))
		return false;
	*(double *)member_of(e, f) = v;
	return true;
}

static inline bool
put_simple_bool(struct rt_event *e, enum rt_field f, const struct rt_slot *s)
{
	if ((s->type != RT_SLOT_FALSE && s->type != RT_SLOT_TRUE) ||
	    s->is_sensitive)
		return false;
	*(bool *)member_of(e, f) = s->type == RT_SLOT_TRUE;
	return true;
}

/*
 * Fill those of the fields that need no thought from the slots of their own names, a type
 * at a time: nothing to guess for the processor.  Returns the others.
 */
static uint64_t
put_simple(const struct rt_decoder *d, struct rt_event *e, uint64_t todo)
{
	uint64_t simple = todo & d->seen[0], left, done = 0;
	enum rt_field f;

#define PUT_ALL(bits, put)                                     \
	for (left = simple & (bits); left; left &= left - 1) { \
		f = (enum rt_field)__builtin_ctzll(left);      \
		done |= put(e, f, &d->slots[f]) ? BIT(f) : 0;  \
	}
	PUT_ALL(STR_FIELDS, put_simple_str)
	PUT_ALL(INT_FIELDS, put_simple_int)
	PUT_ALL(MS_FIELDS, put_simple_ms)
	PUT_ALL(BOOL_FIELDS, put_simple_bool)
#undef PUT_ALL
	e->present |= done;
	return todo & ~done;
}

/* ---- sources: where a dialect finds a field ---- */

struct source;
typedef enum rt_reject (*take_fn)(struct rt_decoder *d, struct rt_event *e,
    enum rt_field f, const struct source *s);

struct source {
	take_fn take; /* NULL: the key of the field's own name */
	enum rt_key keys[3];
	unsigned count;
};

/* The first of the source's keys that says something, else the field's own. */
static struct rt_slot *
first_kept(struct rt_decoder *d, enum rt_field f, const struct source *s)
{
	struct rt_slot *slot;
	unsigned i;

	for (i = 0; i < s->count; i++) {
		slot = rt_slot_kept(d, s->keys[i]);
		if (slot)
			return slot;
	}
	return rt_slot_kept(d, (enum rt_key)f);
}

static enum rt_reject
take_first(struct rt_decoder *d, struct rt_event *e, enum rt_field f,
    const struct source *s)
{
	return rt_dialect_put(d, e, f, first_kept(d, f, s));
}

/* Only the source's first key, not the field's own. */
static enum rt_reject
take_only(struct rt_decoder *d, struct rt_event *e, enum rt_field f,
    const struct source *s)
{
	return rt_dialect_put(d, e, f, rt_slot_kept(d, s->keys[0]));
}

static enum rt_reject
take_nothing(struct rt_decoder *d, struct rt_event *e, enum rt_field f,
    const struct source *s)
{
	(void)d, (void)e, (void)f, (void)s;
	return RT_REJECT_NOT;
}

/* An id made of a secret would be shown wherever the operation is. */
static enum rt_reject
take_id(struct rt_decoder *d, struct rt_event *e, enum rt_field f,
    const struct source *s)
{
	struct rt_slot *slot = NULL;
	unsigned i;

	for (i = 0; i < s->count && !slot; i++)
		slot = rt_slot_given(d, s->keys[i]);
	if (!slot)
		slot = rt_slot_given(d, (enum rt_key)f);
	if (slot && slot->is_sensitive)
		return RT_REJECT_BAD_TYPE;
	return rt_dialect_put(d, e, f, slot);
}

static enum rt_reject
take_attempt_from(struct rt_decoder *d, struct rt_event *e, enum rt_key key,
    int64_t base, bool *was_given)
{
	struct rt_slot *slot = rt_slot_kept(d, key);
	enum rt_reject r;
	int64_t v = 0;

	*was_given = slot != NULL;
	if (!slot)
		return RT_REJECT_NOT;
	r = rt_slot_to_int(d, slot, &v);
	if (r != RT_REJECT_NOT)
		return r;
	if (v < base || v > RT_INT_MAX)
		return RT_REJECT_OUT_OF_RANGE;
	return put_int(e, RT_FIELD_ATTEMPT, v + 1 - base);
}

static enum rt_reject
take_from_zero(struct rt_decoder *d, struct rt_event *e, enum rt_field f,
    const struct source *s)
{
	bool was_given;

	(void)f;
	return take_attempt_from(d, e, s->keys[0], 0, &was_given);
}

/* Number of the first attempt of the record's service. */
static int64_t
review_base(struct rt_decoder *d)
{
	const struct rt_base_map *m = d->opts.bases;
	struct rt_slot *slot =
	    m && m->count ? rt_slot_kept(d, RT_KEY_F_SERVICE) : NULL;
	struct rt_str service;
	unsigned i;

	if (slot && slot->type == RT_SLOT_STRING) {
		service = rt_slot_text(d, slot);
		for (i = 0; i < m->count; i++)
			if (rt_str_is(service, m->rows[i].service))
				return m->rows[i].base;
	}
	return d->opts.attempt_base == 0 ? 0 : 1;
}

static enum rt_reject
take_review_attempt(struct rt_decoder *d, struct rt_event *e, enum rt_field f,
    const struct source *s)
{
	bool was_given;

	(void)f;
	return take_attempt_from(d, e, s->keys[0], review_base(d), &was_given);
}

/* A first try says nothing of being sent again. */
static enum rt_reject
take_resend_count(struct rt_decoder *d, struct rt_event *e, enum rt_field f,
    const struct source *s)
{
	bool was_given;
	enum rt_reject r = take_attempt_from(d, e, s->keys[0], 0, &was_given);

	return was_given ? r : put_int(e, f, 1);
}

/* "POST /v1/x": the word before the space, or the rest after it. */
static enum rt_reject
take_endpoint(struct rt_decoder *d, struct rt_event *e, enum rt_field f,
    const struct source *s)
{
	struct rt_slot *slot = rt_slot_kept(d, s->keys[0]);
	struct rt_str method, route;
	const char *space;
	enum rt_reject r;

	if (!slot)
		return take_first(d, e, f, s);
	if (slot->type != RT_SLOT_STRING)
		return RT_REJECT_BAD_TYPE;
	route = rt_slot_text(d, slot);
	space = memchr(route.p, ' ', route.len);
	method =
	    (struct rt_str){route.p, space ? (size_t)(space - route.p) : 0};
	if (space) {
		route.p += method.len + 1;
		route.len -= method.len + 1;
	}
	if (f == RT_FIELD_HTTP_REQUEST_METHOD)
		route = method;
	if (route.len == 0)
		return rt_dialect_put(d, e, f, rt_slot_kept(d, (enum rt_key)f));
	r = put_str(e, f, route);
	if (r == RT_REJECT_NOT)
		e->present |= BIT(f);
	return r;
}

static enum rt_reject
take_seconds(struct rt_decoder *d, struct rt_event *e, enum rt_field f,
    const struct source *s)
{
	struct rt_slot *slot = rt_slot_kept(d, s->keys[0]);
	enum rt_reject r;
	double seconds = 0;

	if (!slot)
		return take_first(d, e, f, s);
	r = rt_slot_to_double(d, slot, &seconds);
	return r == RT_REJECT_NOT ? put_ms(e, f, seconds * 1000) : r;
}

/* That it is there is all that is kept of it. */
static enum rt_reject
take_presence(struct rt_decoder *d, struct rt_event *e, enum rt_field f,
    const struct source *s)
{
	struct rt_slot *slot;
	unsigned i;

	for (i = 0; i < s->count; i++) {
		slot = rt_slot_kept(d, s->keys[i]);
		if (slot && !slot->is_empty) {
			*(bool *)member_of(e, f) = true;
			e->present |= BIT(f);
			return RT_REJECT_NOT;
		}
	}
	return rt_dialect_put(d, e, f, rt_slot_kept(d, (enum rt_key)f));
}

/* Is the slot's text that word?  A slot of another type is *bad. */
static bool
is_word(struct rt_decoder *d, struct rt_slot *s, const char *word,
    enum rt_reject *bad)
{
	if (s && s->type != RT_SLOT_STRING) {
		*bad = RT_REJECT_BAD_TYPE;
		return false;
	}
	return s && rt_str_is(rt_slot_text(d, s), word);
}

static void
decide(struct rt_event *e, enum rt_decision decision)
{
	e->decision = decision;
	e->present |= RT_FIELD_BIT(DECISION);
}

static enum rt_reject
take_retry_decision(struct rt_decoder *d, struct rt_event *e, enum rt_field f,
    const struct source *s)
{
	struct rt_slot *outcome = rt_slot_kept(d, RT_KEY_OUTCOME);
	enum rt_reject bad = RT_REJECT_NOT;

	(void)f, (void)s;
	if (!outcome)
		return RT_REJECT_NOT;
	if (is_word(d, outcome, "success", &bad))
		decide(e, RT_DECISION_NONE);
	else if (is_word(d, outcome, "retry_scheduled", &bad))
		decide(e, RT_DECISION_RETRY_SAME);
	else
		decide(e, RT_DECISION_ABORT_ERROR);
	return bad;
}

static enum rt_reject
take_runbook_decision(struct rt_decoder *d, struct rt_event *e, enum rt_field f,
    const struct source *s)
{
	struct rt_slot *result = rt_slot_kept(d, RT_KEY_CLIENT_RESULT),
		       *end = rt_slot_kept(d, RT_KEY_TERMINAL_OUTCOME),
		       *left = rt_slot_kept(d, RT_KEY_F_RETRY_BUDGET_REMAINING);
	enum rt_reject bad = RT_REJECT_NOT;
	int64_t v = 0;

	(void)f, (void)s;
	if (is_word(d, result, "success", &bad))
		decide(e, RT_DECISION_NONE);
	else if (end || !left || rt_slot_to_int(d, left, &v) != RT_REJECT_NOT ||
	    v <= 0)
		decide(e, RT_DECISION_ABORT_ERROR);
	else
		decide(e, RT_DECISION_RETRY_SAME);
	if (end && end->type != RT_SLOT_STRING)
		bad = RT_REJECT_BAD_TYPE;
	return bad;
}

static enum rt_reject
take_review_decision(struct rt_decoder *d, struct rt_event *e, enum rt_field f,
    const struct source *s)
{
	struct rt_slot *word = rt_slot_kept(d, s->keys[0]),
		       *outcome = rt_slot_kept(d, RT_KEY_F_FINAL_OUTCOME);
	enum rt_reject bad = RT_REJECT_NOT, other = RT_REJECT_NOT;

	if (is_word(d, word, "retried", &bad))
		decide(e, RT_DECISION_RETRY_SAME);
	else if (is_word(d, word, "not_retried", &bad) ||
	    is_word(d, word, "final_attempt", &bad))
		decide(e,
		    is_word(d, outcome, "success", &other)
			? RT_DECISION_NONE
			: RT_DECISION_ABORT_ERROR);
	else
		return rt_dialect_put(d, e, f, word);
	return bad;
}

/* What is retried has not ended, whatever the log says. */
static enum rt_reject
take_review_outcome(struct rt_decoder *d, struct rt_event *e, enum rt_field f,
    const struct source *s)
{
	if (rt_event_has(e, DECISION) && e->decision == RT_DECISION_RETRY_SAME)
		return RT_REJECT_NOT;
	return take_first(d, e, f, s);
}

static enum rt_reject
take_trigger(struct rt_decoder *d, struct rt_event *e, enum rt_field f,
    const struct source *s)
{
	struct rt_slot *slot = rt_slot_kept(d, s->keys[0]);
	enum rt_reject bad = RT_REJECT_NOT;

	if (is_word(d, slot, "http_status", &bad))
		return rt_dialect_put(d, e, f, rt_slot_kept(d, (enum rt_key)f));
	return bad != RT_REJECT_NOT ? bad : take_first(d, e, f, s);
}

/* Read last: it counts only where the decision did not end the operation. */
static enum rt_reject
take_followup(struct rt_decoder *d, struct rt_event *e, enum rt_key key)
{
	struct rt_slot *slot = rt_slot_kept(d, key);
	enum rt_reject bad = RT_REJECT_NOT;

	if (rt_event_has(e, DECISION) && rt_decision_is_terminal(e->decision))
		return RT_REJECT_NOT;
	if (is_word(d, slot, "success", &bad))
		e->followup_outcome = RT_OUTCOME_SUCCESS;
	else if (is_word(d, slot, "degraded", &bad))
		e->followup_outcome = RT_OUTCOME_DEGRADED;
	else
		return bad;
	e->present |= RT_FIELD_BIT(FOLLOWUP_OUTCOME);
	return RT_REJECT_NOT;
}

/* ---- the dialects ---- */

/* clang-format off */
#define FROM_1(a)        take_first, {RT_KEY_##a}, 1
#define FROM_2(a, b)     take_first, {RT_KEY_##a, RT_KEY_##b}, 2
#define BY(fn, a)        fn, {RT_KEY_##a}, 1
#define F(id)            [RT_FIELD_##id]

static const struct source native_sources[RT_FIELD_COUNT] = {
	F(TS)                  = {FROM_2(F_TS, TIMESTAMP)},
	F(OPERATION_ID)        = {BY(take_id, F_OPERATION_ID)},
};

static const struct source retry_sources[RT_FIELD_COUNT] = {
	F(TS)                  = {FROM_2(F_TS, TIMESTAMP)},
	F(OPERATION_ID)        = {BY(take_id, REQUEST_ID)},
	F(HTTP_REQUEST_METHOD) = {BY(take_endpoint, ENDPOINT)},
	F(HTTP_ROUTE)          = {BY(take_endpoint, ENDPOINT)},
	F(HTTP_STATUS)         = {FROM_1(STATUS)},
	F(DECISION)            = {BY(take_retry_decision, OUTCOME)},
};

static const struct source runbook_sources[RT_FIELD_COUNT] = {
	F(TS)                  = {FROM_2(F_TS, TIMESTAMP)},
	F(OPERATION_ID)        = {BY(take_id, F_OPERATION_ID)},
	F(ATTEMPT)             = {BY(take_from_zero, RETRY_ATTEMPT)},
	F(PROVIDER)            = {FROM_1(PROVIDER_ROUTE)},
	F(HTTP_REQUEST_METHOD) = {FROM_1(METHOD)},
	F(HTTP_STATUS)         = {FROM_1(STATUS_CODE)},
	F(DECISION)            = {BY(take_runbook_decision, CLIENT_RESULT)},
	F(BACKOFF_MS)          = {FROM_1(BACKOFF_APPLIED)},
};

static const struct source review_sources[RT_FIELD_COUNT] = {
	F(TS)                  = {FROM_2(F_TS, TIMESTAMP)},
	F(OPERATION_ID)        = {BY(take_id, F_OPERATION_ID)},
	F(ATTEMPT)             = {BY(take_review_attempt, ATTEMPT_INDEX)},
	F(HTTP_ROUTE)          = {FROM_1(REQUEST_ROUTE)},
	F(DECISION)            = {BY(take_review_decision, RETRY_DECISION)},
	F(DECISION_REASON)     = {FROM_1(RETRY_REASON)},
	F(FINAL_OUTCOME)       = {BY(take_review_outcome, F_FINAL_OUTCOME)},
};

static const struct source decisions_sources[RT_FIELD_COUNT] = {
	F(TS)                  = {FROM_2(F_TS, TIMESTAMP)},
	F(OPERATION_ID)        = {BY(take_id, CORRELATION_ID)},
	F(ATTEMPT)             = {BY(take_only, ATTEMPT_NUMBER)},
	F(HTTP_ROUTE)          = {FROM_1(ENDPOINT_PATH)},
	F(HTTP_STATUS)         = {FROM_1(TRIGGER_STATUS)},
	F(ERROR_TYPE)          = {BY(take_trigger, TRIGGER_TYPE)},
	F(ELAPSED_MS)          = {FROM_1(TRIGGER_ELAPSED)},
	F(BACKOFF_MS)          = {FROM_1(BACKOFF_WAIT)},
	F(FALLBACK_TARGET)     = {FROM_1(EXTRA_2)},
	F(MODEL_REQUESTED)     = {FROM_1(EXTRA_1)},
	F(FINAL_OUTCOME)       = {BY(take_nothing, OUTCOME)},
	F(PARENT_OPERATION_ID) = {FROM_1(PARENT_CORRELATION)},
};

static const struct source otel_sources[RT_FIELD_COUNT] = {
	F(TS)                  = {FROM_2(F_TS, TIMESTAMP)},
	F(OPERATION_ID)        = {take_id, {RT_KEY_F_OPERATION_ID, RT_KEY_PARENT_SPAN, RT_KEY_TRACE}, 3},
	F(ATTEMPT)             = {BY(take_resend_count, OTEL_RESEND)},
	F(SERVICE)             = {BY(take_only, OTEL_SERVICE)},
	F(SERVICE_VERSION)     = {FROM_1(OTEL_VERSION)},
	F(ENVIRONMENT)         = {FROM_1(OTEL_ENVIRONMENT)},
	F(HTTP_REQUEST_METHOD) = {FROM_1(OTEL_METHOD)},
	F(HTTP_ROUTE)          = {FROM_2(OTEL_TEMPLATE, OTEL_ROUTE)},
	F(HTTP_STATUS)         = {FROM_1(OTEL_STATUS)},
	F(ERROR_TYPE)          = {FROM_1(OTEL_ERROR)},
	F(TTFT_MS)             = {BY(take_seconds, OTEL_TTFT)},
	F(DECISION)            = {BY(take_nothing, F_DECISION)},
	F(MODEL_REQUESTED)     = {FROM_1(OTEL_MODEL)},
	F(MODEL_RETURNED)      = {FROM_1(OTEL_MODEL_RETURNED)},
	F(STREAMING)           = {FROM_1(OTEL_STREAM)},
	F(FINISH_REASON_SEEN)  = {BY(take_presence, OTEL_FINISH)},
	F(USAGE_SEEN)          = {take_presence, {RT_KEY_OTEL_TOKENS_IN, RT_KEY_OTEL_TOKENS_OUT}, 2},
};
/* clang-format on */

struct rt_dialect {
	struct rt_str schema; /* absent: recognised by its keys */
	bool (*matches)(struct rt_decoder *d);
	enum rt_shape shape;
	enum rt_kind kind;
	const struct source *sources; /* [RT_FIELD_COUNT] */
	uint64_t fields, needs;
};

static bool
is_retry(struct rt_decoder *d)
{
	enum rt_reject bad;

	return is_word(
	    d, rt_slot_kept(d, RT_KEY_EVENT), "llm_call_attempt", &bad);
}

static bool
is_runbook(struct rt_decoder *d)
{
	return (rt_slot_given(d, RT_KEY_CLIENT_RESULT) ||
		   rt_slot_given(d, RT_KEY_TERMINAL_OUTCOME)) &&
	    rt_slot_given(d, RT_KEY_RETRY_ATTEMPT);
}

static bool
is_review(struct rt_decoder *d)
{
	return rt_slot_given(d, RT_KEY_RETRY_DECISION) &&
	    rt_slot_given(d, RT_KEY_F_OPERATION_ID);
}

static bool
is_review_summary(struct rt_decoder *d)
{
	return rt_slot_given(d, RT_KEY_F_OPERATION_ID) &&
	    rt_slot_given(d, RT_KEY_F_FINAL_OUTCOME) &&
	    !rt_slot_given(d, RT_KEY_ATTEMPT_INDEX) &&
	    !rt_slot_given(d, RT_KEY_F_ATTEMPT);
}

static bool
is_otel(struct rt_decoder *d)
{
	return rt_slot_is_seen(d, RT_KEY_OTEL_METHOD) ||
	    rt_slot_is_seen(d, RT_KEY_OTEL_MODEL);
}

#define SCHEMA(z)                  \
	{                          \
		(z), sizeof(z) - 1 \
	}

/* The first row that matches. */
static const struct rt_dialect dialects[] = {
    {SCHEMA(RT_SCHEMA_ATTEMPT), NULL, RT_SHAPE_NATIVE, RT_KIND_ATTEMPT,
	native_sources, RT_ATTEMPT_FIELDS, RT_ATTEMPT_NEEDS},
    {SCHEMA(RT_SCHEMA_SUMMARY), NULL, RT_SHAPE_NATIVE, RT_KIND_SUMMARY,
	native_sources, RT_SUMMARY_FIELDS, RT_SUMMARY_NEEDS},
    {SCHEMA("fallback-decision-log/v1"), NULL, RT_SHAPE_DECISIONS,
	RT_KIND_ATTEMPT, decisions_sources, RT_ATTEMPT_FIELDS,
	RT_ATTEMPT_NEEDS},
    {{NULL, 0}, is_retry, RT_SHAPE_RETRY, RT_KIND_ATTEMPT, retry_sources,
	RT_ATTEMPT_FIELDS, RT_ATTEMPT_NEEDS},
    {{NULL, 0}, is_runbook, RT_SHAPE_RUNBOOK, RT_KIND_ATTEMPT, runbook_sources,
	RT_ATTEMPT_FIELDS, RT_FIELD_BIT(ATTEMPT)},
    {{NULL, 0}, is_review, RT_SHAPE_REVIEW, RT_KIND_ATTEMPT, review_sources,
	RT_ATTEMPT_FIELDS, RT_ATTEMPT_NEEDS},
    {{NULL, 0}, is_review_summary, RT_SHAPE_REVIEW, RT_KIND_SUMMARY,
	native_sources, RT_SUMMARY_FIELDS, RT_SUMMARY_NEEDS},
    {{NULL, 0}, is_otel, RT_SHAPE_OTEL, RT_KIND_ATTEMPT, otel_sources,
	RT_ATTEMPT_FIELDS, RT_ATTEMPT_NEEDS},
};

_Static_assert(RT_COUNT_OF(dialects) == RT_DIALECT_COUNT, "named for each");

void
rt_dialect_init(struct rt_decoder *d)
{
	unsigned i, f;

	for (i = 0; i < RT_DIALECT_COUNT; i++)
		for (f = 0; f < RT_FIELD_COUNT; f++)
			if (dialects[i].sources[f].take)
				d->named[i] |= BIT(f);
}

const struct rt_dialect *
rt_dialect_of(struct rt_decoder *d, enum rt_reject *reason)
{
	struct rt_slot *schema = rt_slot_given(d, RT_KEY_SCHEMA);
	struct rt_str name = RT_STR_NONE;
	size_t i;

	if (schema && schema->type == RT_SLOT_STRING)
		name = rt_slot_text(d, schema);
	for (i = 0; i < RT_COUNT_OF(dialects); i++)
		if (schema ? dialects[i].schema.p &&
			    rt_str_equal(name, dialects[i].schema)
			   : dialects[i].matches && dialects[i].matches(d))
			return &dialects[i];
	*reason = schema ? RT_REJECT_UNKNOWN_SCHEMA : RT_REJECT_UNKNOWN_SHAPE;
	return NULL;
}

bool
rt_dialect_is_native(const struct rt_dialect *dialect)
{
	return dialect->schema.p && dialect->shape == RT_SHAPE_NATIVE;
}

/* ---- a record ---- */

/* A canonical record says which shape it once had. */
static enum rt_shape
shape_of(struct rt_decoder *d, const struct rt_dialect *dialect)
{
	struct rt_slot *s = rt_slot_kept(d, RT_KEY_SOURCE_SHAPE);
	enum rt_shape shape = RT_SHAPE_COUNT;

	if (dialect->shape != RT_SHAPE_NATIVE || !s ||
	    s->type != RT_SLOT_STRING)
		return dialect->shape;
	shape = rt_shape_from(rt_slot_text(d, s));
	return shape == RT_SHAPE_COUNT ? RT_SHAPE_NATIVE : shape;
}

/* And whether its client had said when. */
static bool
is_arrival(struct rt_decoder *d, const struct rt_dialect *dialect)
{
	struct rt_slot *s = rt_slot_kept(d, RT_KEY_TS_IS_ARRIVAL);
	bool is = false;

	return s && dialect->shape == RT_SHAPE_NATIVE &&
	    rt_slot_to_bool(d, s, &is) == RT_REJECT_NOT && is;
}

/* The names of the models of this attempt and the next have a number in them. */
static void
name_models(struct rt_decoder *d)
{
	struct rt_slot *s = rt_slot_kept(d, RT_KEY_ATTEMPT_NUMBER);
	int64_t attempt = 0;
	int i;

	if (!d->may_have_extra || !s ||
	    rt_slot_to_int(d, s, &attempt) != RT_REJECT_NOT || attempt < 1 ||
	    attempt > RT_INT_MAX)
		return;
	for (i = 0; i < 2; i++) {
		snprintf(d->extra_text[i], sizeof(d->extra_text[i]),
		    RT_EXTRA_PREFIX "%lld", (long long)attempt + i);
		d->extra[i] = rt_str_of(d->extra_text[i]);
	}
	rt_decoder_walk_again(d);
}

static enum rt_reject
read_fields(struct rt_decoder *d, const struct rt_dialect *dialect,
    struct rt_event *e, enum rt_field *bad)
{
	uint64_t named = d->named[dialect - dialects];
	uint64_t todo = dialect->fields & (d->seen[0] | named);
	const struct source *source;
	enum rt_reject r;
	enum rt_field f;

	todo = put_simple(d, e, todo & ~named) | (todo & named);
	for (; todo; todo &= todo - 1) {
		f = (enum rt_field)__builtin_ctzll(todo);
		source = &dialect->sources[f];
		r = source->take
		    ? source->take(d, e, f, source)
		    : rt_dialect_put(d, e, f, rt_slot_kept(d, (enum rt_key)f));
		if (r != RT_REJECT_NOT) {
			*bad = f;
			return r;
		}
	}
	return RT_REJECT_NOT;
}

void
rt_dialect_classify(struct rt_decoder *d, struct rt_event *e)
{
	e->error_class = rt_classify_again(&d->classified, e);
	if (e->error_class == RT_CLASS_NONE && !rt_event_has(e, DECISION))
		decide(e, RT_DECISION_NONE);
}

/* What follows from the fields of an attempt. */
static enum rt_reject
conclude(struct rt_decoder *d, const struct rt_dialect *dialect,
    struct rt_event *e, enum rt_field *bad)
{
	rt_dialect_classify(d, e);
	if (e->shape != RT_SHAPE_DECISIONS)
		return RT_REJECT_NOT;
	*bad = RT_FIELD_FOLLOWUP_OUTCOME;
	return take_followup(d, e,
	    dialect->shape == RT_SHAPE_DECISIONS ? RT_KEY_OUTCOME
						 : RT_KEY_F_FOLLOWUP_OUTCOME);
}

enum rt_reject
rt_dialect_read(struct rt_decoder *d, const struct rt_dialect *dialect,
    struct rt_event *e, enum rt_field *bad)
{
	uint64_t missing = dialect->needs;
	enum rt_reject r;

	e->kind = dialect->kind;
	e->shape = shape_of(d, dialect);
	if (dialect->shape == RT_SHAPE_DECISIONS)
		name_models(d);
	r = read_fields(d, dialect, e, bad);
	if (r == RT_REJECT_NOT && e->kind == RT_KIND_ATTEMPT)
		r = conclude(d, dialect, e, bad);
	if (r != RT_REJECT_NOT)
		return r;
	e->ts_is_arrival = rt_event_has(e, TS) && is_arrival(d, dialect);
	if (e->shape == RT_SHAPE_RUNBOOK && e->kind == RT_KIND_ATTEMPT)
		missing &= ~RT_FIELD_BIT(OPERATION_ID);
	missing &= ~e->present;
	if (!missing)
		return RT_REJECT_NOT;
	*bad = (enum rt_field)__builtin_ctzll(missing);
	return RT_REJECT_MISSING_FIELD;
}

void
rt_dialect_explain(enum rt_reject reason, enum rt_field f, struct rt_diag *why)
{
	static const char *const nouns[] = {
	    [TIME] = "an RFC 3339 time",
	    [STR] = "a string that holds no secret",
	    [INT] = "an integer",
	    [MS] = "a number of milliseconds",
	    [BOOL] = "true or false",
	    [DECISION] = "a string",
	    [OUTCOME] = "a string",
	};
	char where[64];

	snprintf(where, sizeof(where), "field %s", rt_field_name(f));
	if (reason == RT_REJECT_MISSING_FIELD)
		rt_diag_set(why, where, "%s is required", rt_field_name(f));
	else if (reason == RT_REJECT_BAD_TYPE)
		rt_diag_set(why, where, "%s must be %s", rt_field_name(f),
		    nouns[fields[f].type]);
	else if (fields[f].type == TIME)
		rt_diag_set(why, where,
		    "%s must be within the years 0000 to 9999",
		    rt_field_name(f));
	else
		rt_diag_set(why, where, "%s must be of %lld to %lld%s",
		    rt_field_name(f), (long long)fields[f].min,
		    (long long)fields[f].max,
		    fields[f].type == STR ? " characters" : "");
}
