/* SPDX-License-Identifier: MIT */
#include "proto/direct.h"

#include <assert.h>
#include <stddef.h>

#include "proto/scan.h"

_Static_assert(RT_DIRECT_OTHER <= 64, "each member has a bit");

#define SCHEMA_BIT (UINT64_C(1) << RT_DIRECT_SCHEMA)
#define FIELD_BITS (SCHEMA_BIT - 1)

/* Every reader returns the place after the value, a string's at its closing quote. */
enum how {
	/* what stands between quotes */
	TIME,
	STR,
	ERROR_TYPE,
	DECISION,
	OUTCOME,
	SCHEMA,
	SHAPE,
	OTHER_STR,
	/* what does not */
	INT,
	MS,
	BOOL,
	ABSENT, /* null, for one of the above */
	OTHER,
};

static const struct {
	enum how how;
	size_t offset;
	int64_t min, max;
} fields[] = {
#define X(id, member, type, lo, hi) \
	[RT_FIELD_##id] = {         \
	    type, offsetof(struct rt_event, member), lo, (int64_t)(hi)},
    RT_EVENT_FIELDS(X)
#undef X
};

static inline void *
member_of(struct rt_event *e, const struct rt_hint *h)
{
	return (char *)e + h->offset;
}

/* ---- values ---- */

static inline const char *
read_absent(const char *p, uint64_t bit, uint64_t *absent)
{
	if (memcmp(p, "null", 4) != 0)
		return NULL;
	*absent |= bit;
	return p + 4;
}

/* An empty one is absent; there are as many characters as bytes. */
static inline const char *
read_str(const char *p, struct rt_event *e, const struct rt_hint *h,
    uint64_t *absent)
{
	const char *end = rt_scan_to_quote(p);
	size_t len = (size_t)(end - p);

	if (len - 1 < h->max) {
		*(struct rt_str *)member_of(e, h) = (struct rt_str){p, len};
		return end;
	}
	*absent |= h->bit;
	return len == 0 ? end : NULL;
}

static inline const char *
read_error_type(const char *p, struct rt_event *e, const struct rt_hint *h,
    uint64_t *absent)
{
	if (memcmp(p, "none\"", 5) != 0)
		return read_str(p, e, h, absent);
	*absent |= h->bit;
	return p + 4;
}

static inline const char *
read_time(struct rt_decoder *d, const char *p, struct rt_event *e, uint64_t bit,
    uint64_t *absent)
{
	const char *end =
	    rt_minute_read(&d->minute, p, &e->ts_us, &e->ts_has_fraction);

	if (end && *end == '"')
		return end;
	end = rt_scan_to_quote(p);
	if (end == p)
		*absent |= bit;
	else if (rt_decoder_time(d, (struct rt_str){p, (size_t)(end - p)},
		     &e->ts_us, &e->ts_has_fraction) != RT_OK)
		return NULL;
	return end;
}

/* Its closing quote is at end; what is none of the words is `otherwise`. */
static inline unsigned
find_word(const struct rt_direct_words *words, const char *p, const char *end,
    unsigned otherwise)
{
	size_t len = (size_t)(end - p);

	if (len >= RT_DIRECT_WORD_MAX || words->texts[len].len == 0 ||
	    !rt_repeat_is_at(&words->texts[len], p))
		return otherwise;
	return words->values[len];
}

static inline const char *
read_decision(
    struct rt_decoder *d, const char *p, struct rt_event *e, uint64_t *absent)
{
	const char *end = rt_scan_to_quote(p);

	if (end == p) {
		*absent |= RT_FIELD_BIT(DECISION);
		return end;
	}
	e->decision = (enum rt_decision)find_word(
	    &d->direct.decisions, p, end, RT_DECISION_UNKNOWN);
	if (e->decision == RT_DECISION_UNKNOWN)
		rt_dialect_decide(d, e, (struct rt_str){p, (size_t)(end - p)});
	return end;
}

static inline const char *
read_outcome(struct rt_decoder *d, const char *p, struct rt_event *e,
    const struct rt_hint *h, uint64_t *absent)
{
	const char *end = rt_scan_to_quote(p);

	if (end == p)
		*absent |= h->bit;
	else
		*(enum rt_outcome *)member_of(e, h) =
		    (enum rt_outcome)find_word(
			&d->direct.outcomes, p, end, RT_OUTCOME_UNKNOWN);
	return end;
}

static inline const char *
read_schema(struct rt_decoder *d, const char *p, struct rt_event *e)
{
	const char *end = rt_scan_to_quote(p);
	unsigned kind = find_word(&d->direct.schemas, p, end, UINT8_MAX);

	e->kind = (enum rt_kind)kind;
	return kind == UINT8_MAX ? NULL : end;
}

/* One that is not known is none. */
static inline const char *
read_shape(struct rt_decoder *d, const char *p, struct rt_event *e)
{
	const char *end = rt_scan_to_quote(p);

	e->shape = (enum rt_shape)find_word(
	    &d->direct.shapes, p, end, RT_SHAPE_NATIVE);
	return end;
}

static inline const char *
read_int(const char *p, struct rt_event *e, const struct rt_hint *h,
    uint64_t *absent)
{
	unsigned fraction;
	uint64_t v = 0;
	const char *end = rt_scan_short(p, false, &v, &fraction);

	if (!end)
		return read_absent(p, h->bit, absent);
	if (v > h->max || (int64_t)v < fields[h->member].min)
		return NULL;
	*(int64_t *)member_of(e, h) = (int64_t)v;
	return end;
}

static inline const char *
read_ms(const char *p, struct rt_event *e, const struct rt_hint *h,
    uint64_t *absent)
{
	struct rt_slot s = {.type = RT_SLOT_NUMBER};
	unsigned fraction;
	uint64_t digits = 0;
	const char *end = rt_scan_short(p, true, &digits, &fraction);
	double v;

	if (!end)
		return read_absent(p, h->bit, absent);
	s.mantissa = (int64_t)digits;
	s.fraction = (uint8_t)fraction;
	v = rt_slot_simple_double(&s);
	if (!(v <= (double)(int64_t)h->max)) /* and it is at least 0 */
		return NULL;
	*(double *)member_of(e, h) = v;
	return end;
}

static inline const char *
read_bool(const char *p, struct rt_event *e, const struct rt_hint *h,
    uint64_t *absent)
{
	bool is_true = memcmp(p, "true", 4) == 0;

	if (!is_true && memcmp(p, "false", 5) != 0)
		return read_absent(p, h->bit, absent);
	*(bool *)member_of(e, h) = is_true;
	return p + (is_true ? 4 : 5);
}

static const char *
read_other(const char *p)
{
	struct rt_slot s;

	return *p == '-' || rt_scan_is_digit(*p) ? rt_scan_number(p, &s)
						 : rt_scan_literal(p, &s);
}

/* ---- names ---- */

struct step {
	const struct rt_hint *hint; /* NULL: no member comes */
	const char *p;              /* its value, or what follows the record */
};

static const struct step STOP = {NULL, NULL};

/* Where the value at p is for us, *h says how, and the place where it is read. */
static const char *
choose(struct rt_direct *direct, struct rt_hint *h, const char *p)
{
	bool is_quoted = *p == '"';

	h->bit = h->member == RT_DIRECT_OTHER ? 0 : UINT64_C(1) << h->member;
	h->how = h->member == RT_DIRECT_SCHEMA ? SCHEMA
	    : h->member == RT_DIRECT_SHAPE     ? SHAPE
					       : OTHER_STR;
	if (h->member < RT_FIELD_COUNT) {
		h->how = (uint8_t)fields[h->member].how;
		h->offset = (uint16_t)fields[h->member].offset;
		h->max = (uint64_t)fields[h->member].max;
	}
	if (h->member == RT_DIRECT_ARRIVAL) {
		h->how = BOOL;
		h->offset = offsetof(struct rt_event, ts_is_arrival);
	}
	if (h->member == RT_FIELD_ERROR_TYPE)
		h->how = ERROR_TYPE;
	if (h->how < INT && !is_quoted) {
		if (h->member == RT_DIRECT_OTHER)
			h->how = OTHER;
		else if (*p == 'n')
			h->how = ABSENT;
		else
			return NULL;
	} else if (h->how >= INT && is_quoted) {
		return NULL;
	}
	h->ways = direct->hints[h->member * 2 + is_quoted];
	/* A null belongs to the hint, or a string would be taken for one. */
	return p + (is_quoted || h->how == ABSENT);
}

/* The member of that name; RT_DIRECT_FIRST: one that is not for us. */
static unsigned
look_up(struct rt_decoder *d, struct rt_str text)
{
	struct rt_name name = {.text = text, .depth = 1};

	rt_decoder_name(d, &name, text, text, 16);
	if (name.is_never)
		return RT_DIRECT_FIRST;
	if (name.key == RT_KEY_TIMESTAMP)
		return RT_FIELD_TS; /* both are one too many */
	if (name.key == RT_KEY_SOURCE_SHAPE)
		return RT_DIRECT_SHAPE;
	if (name.key == RT_KEY_TS_IS_ARRIVAL)
		return RT_DIRECT_ARRIVAL;
	if (name.key == RT_KEY_SCHEMA)
		return RT_DIRECT_SCHEMA;
	return (unsigned)name.key < RT_FIELD_COUNT ? (unsigned)name.key
						   : RT_DIRECT_OTHER;
}

static bool
is_behind_quote(const struct rt_direct *direct, const struct rt_hint *ways)
{
	return (ways - direct->hints[0]) / 2 % 2;
}

/* No hint holds at p: read what comes, and keep it as the first. */
static struct step
read_name(struct rt_decoder *d, struct rt_hint *ways, const char *p)
{
	bool is_first = ways == d->direct.hints[RT_DIRECT_FIRST * 2];
	struct rt_hint h = {0};
	const char *begin = p, *name, *end;
	size_t len;

	p = rt_scan_space(p + is_behind_quote(&d->direct, ways));
	if (*p == '}' && !is_first)
		return (struct step){NULL, p + 1};
	if (*p != (is_first ? '{' : ','))
		return STOP;
	p = rt_scan_space(p + 1);
	if (*p != '"')
		return STOP;
	name = p + 1;
	end = rt_scan_to_quote(name);
	p = rt_scan_space(end + 1);
	if (*p != ':')
		return STOP;
	p = rt_scan_space(p + 1);
	h.member =
	    (uint8_t)look_up(d, (struct rt_str){name, (size_t)(end - name)});
	if (h.member == RT_DIRECT_FIRST)
		return STOP;
	p = choose(&d->direct, &h, p);
	if (!p)
		return STOP;
	len = (size_t)(p - begin);
	if (len > RT_REPEAT_BYTES) {
		h.text.len = 1;
		d->direct.once = h;
		return (struct step){&d->direct.once, p};
	}
	rt_repeat_set(&h.text, begin, len);
	ways[1] = ways[0];
	ways[0] = h;
	return (struct step){&ways[0], p};
}

static inline struct step
find_member(struct rt_decoder *d, struct rt_hint *ways, const char *p)
{
	if (rt_repeat_is_at(&ways[0].text, p))
		return (struct step){&ways[0], p + ways[0].text.len};
	if (rt_repeat_is_at(&ways[1].text, p))
		return (struct step){&ways[1], p + ways[1].text.len};
	return read_name(d, ways, p);
}

/* ---- a record ---- */

/* Are the fields those of its kind, and none that it needs missing? */
static bool
conclude(
    struct rt_decoder *d, struct rt_event *e, uint64_t seen, uint64_t absent)
{
	bool is_summary = e->kind == RT_KIND_SUMMARY;
	uint64_t may = is_summary ? RT_SUMMARY_FIELDS : RT_ATTEMPT_FIELDS,
		 needs = is_summary ? RT_SUMMARY_NEEDS : RT_ATTEMPT_NEEDS;

	if (!is_summary && e->shape == RT_SHAPE_DECISIONS)
		return false; /* it has a follow-up */
	if (!is_summary && e->shape == RT_SHAPE_RUNBOOK)
		needs &= ~RT_FIELD_BIT(OPERATION_ID);
	e->present = seen & ~absent & FIELD_BITS;
	e->ts_is_arrival = e->ts_is_arrival && rt_event_has(e, TS);
	/* What its kind does not have is not even looked at by the dialects. */
	if (!(seen & ~absent & SCHEMA_BIT) || (seen & FIELD_BITS & ~may) ||
	    (needs & ~e->present))
		return false;
	if (!is_summary)
		rt_dialect_classify(d, e);
	return true;
}

bool
rt_direct_read(struct rt_decoder *d, struct rt_event *e)
{
	const char *p = d->record.p;
	struct rt_hint *ways = d->direct.hints[RT_DIRECT_FIRST * 2];
	uint64_t seen = 0, absent = 0;
	const struct rt_hint *h;
	struct step step;

	for (;;) {
		step = find_member(d, ways, p);
		p = step.p;
		h = step.hint;
		if (!h)
			break;
		if (seen & h->bit)
			return false; /* the last one would win */
		seen |= h->bit;
		ways = h->ways;
		switch ((enum how)h->how) {
		case TIME: p = read_time(d, p, e, h->bit, &absent); break;
		case STR: p = read_str(p, e, h, &absent); break;
		case ERROR_TYPE: p = read_error_type(p, e, h, &absent); break;
		case DECISION: p = read_decision(d, p, e, &absent); break;
		case OUTCOME: p = read_outcome(d, p, e, h, &absent); break;
		case SCHEMA: p = read_schema(d, p, e); break;
		case SHAPE: p = read_shape(d, p, e); break;
		case OTHER_STR: p = rt_scan_to_quote(p); break;
		case INT: p = read_int(p, e, h, &absent); break;
		case MS: p = read_ms(p, e, h, &absent); break;
		case BOOL: p = read_bool(p, e, h, &absent); break;
		case ABSENT: p = read_absent(p - 1, h->bit, &absent); break;
		case OTHER: p = read_other(p); break;
		default: __builtin_unreachable();
		}
		if (!p)
			return false;
	}
	return p == d->record.p + d->record.len && conclude(d, e, seen, absent);
}

/* ---- at first ---- */

static void
add_word(struct rt_direct_words *words, const char *word, unsigned value)
{
	char padded[RT_REPEAT_BYTES] = {0};
	size_t len = strlen(word);

	assert(len < RT_DIRECT_WORD_MAX && words->texts[len].len == 0);
	memcpy(padded, word, len);
	rt_repeat_set(&words->texts[len], padded, len);
	words->values[len] = (uint8_t)value;
}

void
rt_direct_init(struct rt_direct *direct)
{
	static const char none[RT_REPEAT_BYTES] = {1};
	unsigned i;

	/* A hint of a byte that no plain record has is never there. */
	for (i = 0; i < RT_DIRECT_COUNT * 2 * 2; i++)
		rt_repeat_set(&direct->hints[i / 2][i % 2].text, none, 1);
	add_word(&direct->schemas, RT_SCHEMA_ATTEMPT, RT_KIND_ATTEMPT);
	add_word(&direct->schemas, RT_SCHEMA_SUMMARY, RT_KIND_SUMMARY);
	/* What stands for none of them need not be found. */
	for (i = 0; i < RT_SHAPE_COUNT; i++)
		if (i != RT_SHAPE_NATIVE)
			add_word(&direct->shapes,
			    rt_shape_name((enum rt_shape)i), i);
	for (i = 0; i < RT_DECISION_UNKNOWN; i++)
		add_word(&direct->decisions,
		    rt_decision_name((enum rt_decision)i), i);
	for (i = 0; i < RT_OUTCOME_UNKNOWN; i++)
		add_word(
		    &direct->outcomes, rt_outcome_name((enum rt_outcome)i), i);
}
