/* SPDX-License-Identifier: MIT */
/*
 * audit_rules — the operation rules of the retry policy as a table of predicates.
 *
 * Each predicate looks at one record, the attempt before it and the policy; it is pure,
 * and where it fires it has written its evidence.  Order is that of the table; each
 * is judged by itself.  Used by audit.c only.
 */
#ifndef RT_AUDIT_RULES_H
#define RT_AUDIT_RULES_H

#include <stdio.h>

#include "collector/audit_state.h"
#include "collector/policy.h"
#include "proto/event.h"
#include "proto/rules.h"

/* All that a predicate may look at. */
struct rt_judged {
	const struct rt_event *e;
	const struct rt_audit_state *last; /* attempt before; NULL: first */
	const struct rt_policy *policy;
	uint32_t model, provider; /* interned */
	char evidence[RT_AUDIT_EVIDENCE];
};

/* Writes the evidence; true, so that it can end a condition. */
#define EVIDENCE(j, ...) \
	(snprintf((j)->evidence, sizeof((j)->evidence), __VA_ARGS__), true)

/* What a record has that rules ask for. */
enum {
	RT_HAS_LAST = 1,       /* an attempt before it */
	RT_IS_NUMBERED = 2,    /* above 1 */
	RT_RETRIES = 4,        /* decided */
	RT_FALLS_BACK = 8,     /* decided */
	RT_IS_REQUEUED = 16,   /* a count above 0 */
	RT_HAS_NO_FINISH = 32, /* says that it saw no finish reason */
	RT_HAS_NO_RESULT = 64, /* neither status nor error type */
	RT_HAS_ANSWERER = 128, /* the model that answered */
	RT_JUDGED_BITS = 8
};

struct rt_predicate {
	enum rt_rule rule;
	unsigned any_of; /* it can fire only with one of these */
	bool (*fires)(struct rt_judged *j);
};

unsigned rt_judged_has(const struct rt_judged *j);

extern const struct rt_predicate rt_predicates[];
extern const size_t rt_predicates_count;

/* Did the client decide this? */
static inline bool
rt_decided(const struct rt_event *e, enum rt_decision d)
{
	return rt_event_has(e, DECISION) && e->decision == d;
}

/* The attempt failed and said nothing of what comes next. */
bool rt_is_undecided_failure(const struct rt_audit_state *s);

bool rt_is_high_cardinality(struct rt_str route);

#endif
