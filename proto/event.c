/* SPDX-License-Identifier: MIT */
#include "proto/event.h"

#include "proto/macro.h"

_Static_assert(RT_FIELD_COUNT <= 64, "present is one word");

struct name {
	const char *text;
	size_t len;
};

#define NAME(literal)                          \
	{                                      \
		(literal), sizeof(literal) - 1 \
	}

static const struct name decision_names[] = {
#define X(id, name) [RT_DECISION_##id] = NAME(name),
    RT_DECISIONS(X)
#undef X
};

static const struct name outcome_names[] = {
#define X(id, name) [RT_OUTCOME_##id] = NAME(name),
    RT_OUTCOMES(X)
#undef X
};

static const struct name class_names[] = {
#define X(id, name, retryable) [RT_CLASS_##id] = NAME(name),
    RT_CLASSES(X)
#undef X
};

static const struct name shape_names[] = {
#define X(id, name) [RT_SHAPE_##id] = NAME(name),
    RT_SHAPES(X)
#undef X
};

static const struct name reject_names[] = {
#define X(id, name) [RT_REJECT_##id] = NAME(name),
    RT_REJECTS(X)
#undef X
};

/* The wire name is the member's, but for the time. */
static const struct name field_names[] = {
#define X(id, member, type, lo, hi) [RT_FIELD_##id] = NAME(#member),
    RT_EVENT_FIELDS(X)
#undef X
};

static const char *
name_at(const struct name names[], unsigned count, unsigned i)
{
	return i < count ? names[i].text : NULL;
}

static bool
is_name(struct rt_str s, const struct name *name)
{
	return s.p && s.len == name->len &&
	    memcmp(s.p, name->text, name->len) == 0;
}

/* Index of the name that is `s`, or `count`. */
static unsigned
find_name(const struct name names[], unsigned count, struct rt_str s)
{
	unsigned i;

	for (i = 0; i < count && !is_name(s, &names[i]); i++)
		;
	return i;
}

const char *
rt_decision_name(enum rt_decision d)
{
	return name_at(decision_names, RT_DECISION_COUNT, d);
}

const char *
rt_outcome_name(enum rt_outcome o)
{
	return name_at(outcome_names, RT_OUTCOME_COUNT, o);
}

const char *
rt_class_name(enum rt_class c)
{
	return name_at(class_names, RT_CLASS_COUNT, c);
}

const char *
rt_shape_name(enum rt_shape s)
{
	return name_at(shape_names, RT_SHAPE_COUNT, s);
}

const char *
rt_reject_name(enum rt_reject r)
{
	return name_at(reject_names, RT_REJECT_COUNT, r);
}

const char *
rt_field_name(enum rt_field f)
{
	return f == RT_FIELD_TS ? "ts"
				: name_at(field_names, RT_FIELD_COUNT, f);
}

enum rt_decision
rt_decision_from(struct rt_str s)
{
	/* UNKNOWN is the last, so "none found" and "unknown" are one. */
	return (enum rt_decision)find_name(
	    decision_names, RT_DECISION_UNKNOWN, s);
}

enum rt_outcome
rt_outcome_from(struct rt_str s)
{
	return (enum rt_outcome)find_name(outcome_names, RT_OUTCOME_UNKNOWN, s);
}

enum rt_shape
rt_shape_from(struct rt_str s)
{
	return (enum rt_shape)find_name(shape_names, RT_SHAPE_COUNT, s);
}

bool
rt_class_is_retryable(enum rt_class c)
{
	static const bool retryable[] = {
#define X(id, name, is) [RT_CLASS_##id] = (is),
	    RT_CLASSES(X)
#undef X
	};

	return c < RT_CLASS_COUNT && retryable[c];
}

bool
rt_decision_is_terminal(enum rt_decision d)
{
	return d == RT_DECISION_NONE || d == RT_DECISION_DEGRADE_CACHED ||
	    d == RT_DECISION_ABORT_ERROR ||
	    d == RT_DECISION_ABORT_TIMEOUT_BUDGET;
}
