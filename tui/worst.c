/* SPDX-License-Identifier: MIT */
#include "tui/worst.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "tui/fmt.h"

#define FINE_RATIO 0.98 /* of operations that end in success */
#define BAD_RATIO 0.90

static bool found(struct rt_worst *w, enum rt_severity severity,
    enum rt_panel panel, size_t row, const char *fmt, ...) RT_PRINTF(5, 6);

static bool
found(struct rt_worst *w, enum rt_severity severity, enum rt_panel panel,
    size_t row, const char *fmt, ...)
{
	char text[1024];
	va_list ap;

	w->severity = severity;
	w->panel = panel;
	w->row = row;
	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	rt_text_scrub(w->text, sizeof(w->text), rt_str_of(text));
	return true;
}

#define WINDOW_SIZE 64u

/* "5m"; of what is not the present "5m until 10:05:00Z". */
static const char *
window_of(char out[WINDOW_SIZE], const struct rt_model *m)
{
	const struct rt_report *r = rt_model_report(m);
	int64_t until_us = rt_report_is_past(r) ? r->source.at_us
	    : m->is_frozen                      ? r->source.now_us
						: 0;
	const char *name = rt_window_name((uint32_t)r->source.window_s);
	char clock[RT_FMT_SIZE];

	snprintf(out, WINDOW_SIZE, "%s%s%s", name ? name : "?",
	    until_us ? " until " : "",
	    until_us ? rt_fmt_clock(clock, until_us, m->utc) : "");
	return out;
}

static bool
is_gone(const struct rt_model *m, struct rt_worst *w)
{
	char clock[RT_FMT_SIZE];

	if (m->link == RT_LINK_UP || m->is_frozen)
		return false;
	if (m->answered_wall.us == 0)
		return found(w, RT_BAD, RT_PANEL_OVERVIEW, SIZE_MAX,
		    "no answer yet from %s", m->endpoint);
	return found(w, RT_BAD, RT_PANEL_OVERVIEW, SIZE_MAX,
	    "no answer from %s since %s: all figures are old", m->endpoint,
	    rt_fmt_clock(clock, m->answered_wall.us, m->utc));
}

static bool
is_unexplained(const struct rt_model *m, struct rt_worst *w)
{
	uint64_t n = rt_model_report(m)->unexplained;

	return n > 0 &&
	    found(w, RT_BAD, RT_PANEL_OVERVIEW, SIZE_MAX,
		"%" PRIu64 " acknowledged records are unaccounted for: figures "
		"are too low",
		n);
}

static bool
canary_fails(const struct rt_model *m, struct rt_worst *w)
{
	const struct rt_report *r = rt_model_report(m);
	char age[RT_FMT_SIZE], window[WINDOW_SIZE];

	for (size_t i = 0; i < r->canaries_count; i++) {
		const struct rt_report_canary *c = &r->canaries[i];

		if (!c->last_ok && rt_report_is_past(r))
			return found(w, RT_BAD, RT_PANEL_CANARY, i,
			    "canary %s: %" PRIu64 " of %" PRIu64
			    " probes failed in %s",
			    rt_facts_canary(c), c->attempts - c->ok,
			    c->attempts, window_of(window, m));
		if (!c->last_ok)
			return found(w, RT_BAD, RT_PANEL_CANARY, i,
			    "canary %s fails: %s, status %" PRId64 ", %" PRIu64
			    " times in a row, last %s ago",
			    rt_facts_canary(c),
			    c->error_class ? c->error_class : "?", c->status,
			    c->streak, rt_fmt_age(age, c->age_ms));
	}
	return false;
}

/* Operations that did not end in success; 0 where too few to judge. */
static double
lost_of(const struct rt_counts *c, struct rt_rate *final)
{
	*final = rt_rate(c, RT_RATE_EFFECTIVE_SUCCESS);
	return final->denominator < RT_FMT_FEW ||
		final->numerator >= FINE_RATIO * final->denominator
	    ? 0
	    : final->denominator - final->numerator;
}

static enum rt_class
top_class(const struct rt_counts *c)
{
	enum rt_class top = RT_CLASS_NONE;
	uint64_t most = 0;

	for (unsigned i = 0; i < RT_CLASS_COUNT; i++)
		if (i != RT_CLASS_NONE && c->n[RT_C_CLASS + i] > most) {
			most = c->n[RT_C_CLASS + i];
			top = (enum rt_class)i;
		}
	return top;
}

/* The route that loses most operations. */
static bool
route_fails(const struct rt_model *m, struct rt_worst *w)
{
	const struct rt_report *r = rt_model_report(m);
	struct rt_rate final, first, worst = {0, 0};
	size_t row = SIZE_MAX;
	double most = 0;
	char name[256], window[WINDOW_SIZE];
	const struct rt_counts *c;

	for (size_t i = 0; i < r->series_count; i++) {
		double lost = lost_of(r->series[i].counts, &final);

		if (lost > most) {
			most = lost;
			row = i;
			worst = final;
		}
	}
	if (row == SIZE_MAX)
		return false;
	c = r->series[row].counts;
	first = rt_rate(c, RT_RATE_FIRST_TRY);
	rt_facts_route(name, sizeof(name), &r->series[row], 60);
	return found(w,
	    worst.numerator < BAD_RATIO * worst.denominator ? RT_BAD : RT_WARN,
	    RT_PANEL_ROUTES, row,
	    "%s: %.0f of %.0f operations failed in %s (final ok %.1f%%, 1st "
	    "%.1f%%), mostly %s",
	    name, most, worst.denominator, window_of(window, m),
	    100 * worst.numerator / worst.denominator,
	    first.denominator > 0 ? 100 * first.numerator / first.denominator
				  : 0,
	    rt_class_name(top_class(c)));
}

static bool
rule_broken(const struct rt_model *m, struct rt_worst *w)
{
	const struct rt_report *r = rt_model_report(m);
	const struct rt_report_violation *v = r->violations;
	char window[WINDOW_SIZE];

	if (r->violations_count == 0)
		return false;
	return found(w, RT_WARN, RT_PANEL_AUDIT, 0,
	    "%s: %" PRIu64 " in %s; newest %s: %s", v->rule ? v->rule : "?",
	    v->count, window_of(window, m),
	    v->examples_count && v->examples[0].operation_id
		? v->examples[0].operation_id
		: v->examples_count && v->examples[0].service
		? v->examples[0].service
		: "?",
	    v->examples_count && v->examples[0].evidence
		? v->examples[0].evidence
		: "no evidence kept");
}

static bool
fallback_fails(const struct rt_model *m, struct rt_worst *w)
{
	const struct rt_report *r = rt_model_report(m);
	char window[WINDOW_SIZE];

	for (size_t i = 0; i < r->fallbacks_count; i++) {
		const struct rt_report_fallback *f = &r->fallbacks[i];

		if (f->count >= RT_FMT_FEW && f->succeeded * 2 < f->count)
			return found(w, RT_WARN, RT_PANEL_FALLBACKS, i,
			    "fallback %s > %s (%s) rescued %" PRIu64
			    " of %" PRIu64 " in %s",
			    f->from ? f->from : "?", f->to ? f->to : "?",
			    f->reason ? f->reason : "?", f->succeeded, f->count,
			    window_of(window, m));
	}
	return false;
}

void
rt_worst(const struct rt_model *m, struct rt_worst *out)
{
	static bool (*const looks[])(const struct rt_model *m,
	    struct rt_worst *w) = {is_gone, is_unexplained, canary_fails,
	    route_fails, rule_broken, fallback_fails};
	char window[WINDOW_SIZE];
	struct rt_rate final;

	for (size_t i = 0; i < RT_COUNT_OF(looks); i++)
		if (looks[i](m, out))
			return;
	final = rt_rate(&rt_model_report(m)->counts, RT_RATE_EFFECTIVE_SUCCESS);
	(void)found(out, RT_GOOD, RT_PANEL_OVERVIEW, SIZE_MAX,
	    "nothing stands out: %.0f of %.0f operations ended in success in "
	    "%s",
	    final.numerator, final.denominator, window_of(window, m));
}

void
rt_worst_jump(struct rt_model *m, const struct rt_worst *w)
{
	struct rt_model_rows *rows = &m->rows[w->panel];

	if (w->severity == RT_GOOD || w->row == SIZE_MAX)
		return;
	for (size_t i = 0; i < rows->count; i++)
		if (rows->order[i] == w->row) {
			rows->at = i;
			rows->selected = rows->ids[i];
		}
}
