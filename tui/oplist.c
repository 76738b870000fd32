/* SPDX-License-Identifier: MIT */
#include "tui/oplist.h"

#include <stdio.h>
#include <string.h>

#include "tui/held.h"

static const char *const names[RT_LIST_COUNT] = {
#define X(id, name) name,
    RT_LISTS(X)
#undef X
};

bool
rt_trail_is_failure(const struct rt_trail_row *e)
{
	switch (e->outcome) {
	case RT_OUTCOME_SUCCESS:
	case RT_OUTCOME_DEGRADED:
	case RT_OUTCOME_CANCELLED: return false;
	case RT_OUTCOME_CALLER_ERROR:
	case RT_OUTCOME_AUTH_ERROR:
	case RT_OUTCOME_TRANSIENT_FAILURE: return true;
	case RT_OUTCOME_UNKNOWN:
	case RT_OUTCOME_COUNT: break;
	}
	return e->decision == RT_DECISION_ABORT_ERROR ||
	    e->decision == RT_DECISION_ABORT_TIMEOUT_BUDGET ||
	    (e->decision == RT_DECISION_NONE && !e->is_summary &&
		e->error_class != RT_CLASS_NONE);
}

bool
rt_report_is_example(const struct rt_report *r, const char *id)
{
	for (size_t i = 0; i < r->violations_count; i++)
		for (unsigned k = 0; k < r->violations[i].examples_count; k++) {
			const char *z =
			    r->violations[i].examples[k].operation_id;

			if (z && strcmp(z, id) == 0)
				return true;
		}
	return false;
}

/* ---- which events -------------------------------------------------------- */

/* Both were cut to the same size; "" is absent. */
static bool
same(const char *kept, const char *label)
{
	return strcmp(kept, label) == 0;
}

static bool
is_of_route(const struct rt_list_of *of, const struct rt_trail_row *e)
{
	return same(e->service, of->words[0]) && same(e->route, of->words[1]) &&
	    same(e->model, of->words[2]);
}

static bool
is_of_class(const struct rt_list_of *of, const struct rt_trail_row *e)
{
	return !e->is_summary && e->error_class == of->error_class;
}

/* As the ledger names its rows: "?" where nothing is known. */
static bool
is_of_fallback(const struct rt_list_of *of, const struct rt_trail_row *e)
{
	const char *from = e->model[0] ? e->model : e->route;
	char status[32];
	const char *reason = e->has_reason ? e->reason : NULL;

	if (e->decision != RT_DECISION_FALLBACK_SECONDARY)
		return false;
	snprintf(status, sizeof(status), "http_%lld", (long long)e->status);
	if (!reason)
		reason = e->status > 0 ? status : rt_class_name(e->error_class);
	return same(from[0] ? from : "?", of->words[0]) &&
	    same(e->target[0] ? e->target : "?", of->words[1]) &&
	    same(reason, of->words[2]);
}

static bool
is_of_canary(const struct rt_list_of *of, const struct rt_trail_row *e)
{
	return e->is_synthetic &&
	    same(e->provider[0] ? e->provider : e->service, of->words[0]);
}

bool
rt_list_has(const struct rt_list_of *of, const struct rt_trail_row *e)
{
	if (!e->operation_id[0] || of->kind == RT_LIST_RULE)
		return false;
	if (of->kind == RT_LIST_CANARY)
		return is_of_canary(of, e);
	if (of->kind != RT_LIST_ALL && e->is_synthetic)
		return false;
	switch (of->kind) {
	case RT_LIST_ROUTE: return is_of_route(of, e);
	case RT_LIST_CLASS: return is_of_class(of, e);
	case RT_LIST_FALLBACK: return is_of_fallback(of, e);
	case RT_LIST_ALL: return true;
	case RT_LIST_RULE:
	case RT_LIST_CANARY:
	case RT_LIST_COUNT: break;
	}
	return false;
}

/* ---- the list -------------------------------------------------------------- */

size_t
rt_oplist_find(const struct rt_oplist *l, const char *id)
{
	size_t i = 0;

	while (i < l->count && strcmp(l->rows[i].id, id) != 0)
		i++;
	return i;
}

static struct rt_list_row *
add(struct rt_oplist *l, const char *id)
{
	struct rt_list_row *row;

	if (!id || !id[0] || l->count == RT_LIST_ROWS ||
	    rt_oplist_find(l, id) < l->count)
		return NULL;
	row = &l->rows[l->count++];
	memset(row, 0, sizeof(*row));
	snprintf(row->id, sizeof(row->id), "%s", id);
	return row;
}

static void
add_examples(struct rt_oplist *l, const struct rt_report *r)
{
	for (size_t i = 0; i < r->violations_count; i++) {
		const struct rt_report_violation *v = &r->violations[i];

		if (!v->rule || strcmp(v->rule, l->of.words[0]) != 0)
			continue;
		for (unsigned k = 0; k < v->examples_count; k++) {
			struct rt_list_row *row =
			    add(l, v->examples[k].operation_id);

			if (!row)
				continue;
			rt_text_scrub(row->evidence, sizeof(row->evidence),
			    rt_str_of(v->examples[k].evidence));
			rt_text_scrub(row->newest.service,
			    sizeof(row->newest.service),
			    rt_str_of(v->examples[k].service));
		}
	}
}

static void
look_up(struct rt_oplist *l, const struct rt_trail_row *e)
{
	size_t at = rt_oplist_find(l, e->operation_id);
	struct rt_list_row *row = &l->rows[at];

	if (at == l->count)
		return;
	if (!e->is_summary)
		row->attempts++;
	if (!row->is_seen || !e->is_summary)
		row->newest = *e;
	row->is_seen = true;
	if (e->outcome < RT_OUTCOME_COUNT)
		row->newest.outcome = e->outcome;
	row->has_failed = rt_trail_is_failure(&row->newest);
}

void
rt_oplist_make(struct rt_oplist *l, const struct rt_list_of *of,
    const struct rt_trail *t, const struct rt_report *r, rt_list_filter matches,
    void *ctx)
{
	uint64_t n, oldest = rt_trail_oldest(t);

	l->of = *of;
	l->count = l->at = l->top = 0;
	if (of->kind == RT_LIST_RULE)
		add_examples(l, r);
	for (n = t->newest; n >= oldest && n > 0; n--) {
		const struct rt_trail_row *e = rt_trail_get(t, n);

		if (rt_list_has(of, e) && (!matches || matches(ctx, e)))
			(void)add(l, e->operation_id);
	}
	for (n = oldest; n <= t->newest; n++)
		look_up(l, rt_trail_get(t, n));
	for (size_t i = 0; i < l->count; i++)
		l->rows[i].broke_rule = rt_report_is_example(r, l->rows[i].id);
	rt_held_count(l, t, r);
}

void
rt_list_title(char *out, size_t size, const struct rt_list_of *of)
{
	const char *sep = of->kind == RT_LIST_FALLBACK ? " > " : " ";

	if (of->kind == RT_LIST_CLASS) {
		snprintf(out, size, "%s %s", names[of->kind],
		    rt_class_name(of->error_class));
		return;
	}
	snprintf(out, size, "%s", names[of->kind]);
	for (unsigned i = 0; i < 3; i++) {
		size_t len = strlen(out);

		if (of->words[i][0])
			snprintf(out + len, size - len, "%s%s",
			    i == 1 ? sep : " ", of->words[i]);
	}
}
