/* SPDX-License-Identifier: MIT */
/*
 * oplist — the newest operations of a route, a class, a fallback, a rule or of all.
 *
 * What    A list made when it is opened, from the events the dashboard has seen (trail)
 *         and, for a rule, from the examples of the report; it does not change while one
 *         reads it.  An operation is in it where one of its events matches.
 * Order   Newest first, by the newest matching event.
 * Bounds  RT_LIST_ROWS rows; what the trail does not hold any more cannot be listed.
 */
#ifndef RT_OPLIST_H
#define RT_OPLIST_H

#include "proto/report.h"
#include "tui/trail.h"

#define RT_LIST_ROWS 256u

/* X(ID, what its title begins with) */
#define RT_LISTS(X)              \
	X(ALL, "all operations") \
	X(ROUTE, "route")        \
	X(CLASS, "class")        \
	X(FALLBACK, "fallback")  \
	X(RULE, "rule")          \
	X(CANARY, "canary")
#define X(id, name) RT_LIST_##id,
enum rt_list_kind { RT_LISTS(X) RT_LIST_COUNT };
#undef X

/* What a list is of; all zero: everything. */
struct rt_list_of {
	enum rt_list_kind kind;
	/* route: service, route, model; fallback: from, to, reason; rule; canary */
	char words[3][RT_TRAIL_TEXT];
	enum rt_class error_class;
};

struct rt_list_row {
	char id[RT_TRAIL_ID];
	char evidence[160];         /* of a rule; empty otherwise */
	bool is_seen;               /* the rest is known: it is in the trail */
	unsigned attempts;          /* events of attempts seen */
	struct rt_trail_row newest; /* its newest event */
	bool has_failed;            /* it ended in failure */
	bool broke_rule;            /* it is an example of a broken rule */
};

struct rt_oplist {
	struct rt_list_of of;
	struct rt_list_row rows[RT_LIST_ROWS];
	size_t count, at, top;
	struct {
		bool is_known;
		uint64_t held, counted; /* see held.h */
	} held;
};

/* Does an event belong to the list?  Not for rules: those name operations. */
bool rt_list_has(const struct rt_list_of *of, const struct rt_trail_row *e);

/* `matches` (may be NULL) leaves out events that a filter does not let through. */
typedef bool (*rt_list_filter)(void *ctx, const struct rt_trail_row *e);
void rt_oplist_make(struct rt_oplist *l, const struct rt_list_of *of,
    const struct rt_trail *t, const struct rt_report *r, rt_list_filter matches,
    void *ctx);

/* Place of an operation, or count where it is not in the list. */
size_t rt_oplist_find(const struct rt_oplist *l, const char *id);

/* "route checkout /v1/chat m-small" */
void rt_list_title(char *out, size_t size, const struct rt_list_of *of);

/* Did the event end its operation in failure? */
bool rt_trail_is_failure(const struct rt_trail_row *e);
/* Is the operation an example of a broken rule in this report? */
bool rt_report_is_example(const struct rt_report *r, const char *id);

#endif
