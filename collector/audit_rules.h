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
	char evidence[160];
};

/* Writes the evidence; true, so that it can end a condition. */
#define EVIDENCE(j, ...) \
	(snprintf((j)->evidence, sizeof((j)->evidence), __VA_ARGS__), true)

struct rt_predicate {
	enum rt_rule rule;
	bool (*fires)(struct rt_judged *j);
};

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
