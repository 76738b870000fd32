/* SPDX-License-Identifier: MIT */
#include "tui/held.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

/* Words of a list were scrubbed and cut to their field. */
static bool
is_word(const char *word, const char *label)
{
	char text[RT_TRAIL_TEXT];

	rt_text_scrub(
	    text, sizeof(text), label ? rt_str_of(label) : RT_STR_NONE);
	return strcmp(word, text) == 0;
}

/* ---- what the panel counted ------------------------------------------------------ */

static bool
count_route(const struct rt_list_of *of, const struct rt_report *r, uint64_t *n)
{
	for (size_t i = 0; i < r->series_count; i++) {
		const char *const *l = r->series[i].labels;

		if (r->series[i].is_other ||
		    !is_word(of->words[0], l[RT_LABEL_SERVICE]) ||
		    !is_word(of->words[1], l[RT_LABEL_HTTP_ROUTE]) ||
		    !is_word(of->words[2], l[RT_LABEL_MODEL_REQUESTED]))
			continue;
		*n = r->series[i].counts->n[RT_C_ATTEMPTS];
		return true;
	}
	return false;
}

static bool
count_fallback(
    const struct rt_list_of *of, const struct rt_report *r, uint64_t *n)
{
	for (size_t i = 0; i < r->fallbacks_count; i++)
		if (is_word(of->words[0], r->fallbacks[i].from) &&
		    is_word(of->words[1], r->fallbacks[i].to) &&
		    is_word(of->words[2], r->fallbacks[i].reason)) {
			*n = r->fallbacks[i].count;
			return true;
		}
	return false;
}

static bool
count_rule(const struct rt_list_of *of, const struct rt_report *r, uint64_t *n)
{
	for (size_t i = 0; i < r->violations_count; i++)
		if (is_word(of->words[0], r->violations[i].rule)) {
			*n = r->violations[i].count;
			return true;
		}
	return false;
}

static bool
count_canary(
    const struct rt_list_of *of, const struct rt_report *r, uint64_t *n)
{
	for (size_t i = 0; i < r->canaries_count; i++) {
		const struct rt_report_canary *c = &r->canaries[i];

		if (is_word(
			of->words[0], c->provider ? c->provider : c->name)) {
			*n = c->attempts;
			return true;
		}
	}
	return false;
}

static bool
count_class(const struct rt_list_of *of, const struct rt_report *r, uint64_t *n)
{
	*n = r->counts.n[RT_C_CLASS + (unsigned)of->error_class];
	return true;
}

static bool
count_all(const struct rt_list_of *of, const struct rt_report *r, uint64_t *n)
{
	(void)of;
	*n = r->counts.n[RT_C_ATTEMPTS];
	return true;
}

static const struct {
	bool (*count)(const struct rt_list_of *of, const struct rt_report *r,
	    uint64_t *n);
	const char *what;
} kinds[RT_LIST_COUNT] = {
    [RT_LIST_ALL] = {count_all, "attempts"},
    [RT_LIST_ROUTE] = {count_route, "attempts"},
    [RT_LIST_CLASS] = {count_class, "attempts"},
    [RT_LIST_FALLBACK] = {count_fallback, "decisions"},
    [RT_LIST_RULE] = {count_rule, "violations"},
    [RT_LIST_CANARY] = {count_canary, "probes"},
};

/* ---- what the list holds of it --------------------------------------------------- */

static int64_t
window_start(const struct rt_report *r)
{
	int64_t end = rt_report_is_past(r) ? r->source.at_us : r->source.now_us;

	if (end == 0 || !(r->source.window_s > 0))
		return INT64_MIN;
	return end - (int64_t)(r->source.window_s * 1e6);
}

static bool
is_counted(const struct rt_list_of *of, const struct rt_trail_row *e)
{
	if (!rt_list_has(of, e) || e->is_summary)
		return false;
	/* Of all, probes are in no count of attempts. */
	return of->kind != RT_LIST_ALL || !e->is_synthetic;
}

static uint64_t
count_held(const struct rt_oplist *l, const struct rt_trail *t, int64_t from_us)
{
	uint64_t sum = 0;

	for (uint64_t n = rt_trail_oldest(t); n <= t->newest; n++) {
		const struct rt_trail_row *e = rt_trail_get(t, n);

		sum += e && is_counted(&l->of, e) &&
		    (e->ts_us == 0 || e->ts_us >= from_us) &&
		    rt_oplist_find(l, e->operation_id) < l->count;
	}
	return sum;
}

/*
 * Windows end at slots of up to a minute, so that what was counted can be less than what
 * came since; where events from before it are here, too, all of it is.
 */
static bool
reaches_back(const struct rt_trail *t, int64_t from_us)
{
	const struct rt_trail_row *e = rt_trail_get(t, rt_trail_oldest(t));

	return e && e->ts_us != 0 && e->ts_us < from_us;
}

void
rt_held_count(
    struct rt_oplist *l, const struct rt_trail *t, const struct rt_report *r)
{
	uint64_t counted = 0, held;

	l->held.is_known = false;
	if (!kinds[l->of.kind].count(&l->of, r, &counted))
		return;
	held = l->of.kind == RT_LIST_RULE ? l->count
					  : count_held(l, t, window_start(r));
	if (held > counted && !reaches_back(t, window_start(r)))
		return;
	held = held > counted ? counted : held;
	l->held.is_known = true;
	l->held.held = held;
	l->held.counted = counted;
}

void
rt_held_text(char out[64], const struct rt_oplist *l)
{
	const char *what = kinds[l->of.kind].what;

	out[0] = '\0';
	if (!l->held.is_known)
		return;
	if (l->held.held == l->held.counted)
		snprintf(
		    out, 64, "all %" PRIu64 " %s held", l->held.counted, what);
	else
		snprintf(out, 64, "%" PRIu64 " of %" PRIu64 " %s held",
		    l->held.held, l->held.counted, what);
}
