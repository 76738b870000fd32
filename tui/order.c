/* SPDX-License-Identifier: MIT */
#include "tui/order.h"

#include <string.h>

#define ORDERS_MAX 5u

/* What rows are compared by: a figure, biggest first, or a word, by the alphabet. */
struct order {
	const char *name, *about;
	double (*figure)(const struct rt_report *r, size_t row);
	const char *(*word)(const struct rt_report *r, size_t row);
};

static enum rt_class
class_at(const struct rt_report *r, size_t row)
{
	enum rt_class classes[RT_CLASS_COUNT];

	(void)rt_model_classes(r, classes);
	return classes[row];
}

static double
decided(const struct rt_report *r, size_t row, enum rt_decision d)
{
	unsigned k = (unsigned)class_at(r, row);
	const uint64_t *n = r->counts.n;

	return (double)n[RT_C_CLASS_DECISION + k * RT_DECISION_COLUMNS +
		   (unsigned)d] /
	    (double)n[RT_C_CLASS + k];
}

static double
class_retried(const struct rt_report *r, size_t row)
{
	return decided(r, row, RT_DECISION_RETRY_SAME);
}

static double
class_fell_back(const struct rt_report *r, size_t row)
{
	return decided(r, row, RT_DECISION_FALLBACK_SECONDARY);
}

static const char *
class_name(const struct rt_report *r, size_t row)
{
	return rt_class_name(class_at(r, row));
}

static double
fallback_ok(const struct rt_report *r, size_t row)
{
	const struct rt_report_fallback *f = &r->fallbacks[row];

	return f->count ? (double)f->succeeded / (double)f->count : -1;
}

static const char *
fallback_from(const struct rt_report *r, size_t row)
{
	return r->fallbacks[row].from;
}

static const char *
fallback_to(const struct rt_report *r, size_t row)
{
	return r->fallbacks[row].to;
}

static const char *
fallback_reason(const struct rt_report *r, size_t row)
{
	return r->fallbacks[row].reason;
}

static const char *
rule_name(const struct rt_report *r, size_t row)
{
	return r->violations[row].rule;
}

static const char *
canary_name(const struct rt_report *r, size_t row)
{
	return r->canaries[row].name;
}

static double
canary_age(const struct rt_report *r, size_t row)
{
	return (double)r->canaries[row].age_ms;
}

static double
canary_failing(const struct rt_report *r, size_t row)
{
	const struct rt_report_canary *c = &r->canaries[row];

	return c->last_ok ? -(double)c->streak : (double)c->streak;
}

/* clang-format off */
static const struct order orders[RT_PANEL_COUNT][ORDERS_MAX] = {
	[RT_PANEL_CLASSES] = {
		{"n", "attempts, with none at the end", NULL, NULL},
		{"rty", "the share that was retried", class_retried, NULL},
		{"fbk", "the share that fell back", class_fell_back, NULL},
		{"class", "the name of the class", NULL, class_name},
	},
	[RT_PANEL_FALLBACKS] = {
		{"n", "fallback decisions", NULL, NULL},
		{"ok", "the share that ended in success", fallback_ok, NULL},
		{"from", "what was fallen back from", NULL, fallback_from},
		{"to", "what was fallen back to", NULL, fallback_to},
		{"reason", "the reason", NULL, fallback_reason},
	},
	[RT_PANEL_AUDIT] = {
		{"n", "operations that broke the rule", NULL, NULL},
		{"rule", "the name of the rule", NULL, rule_name},
	},
	[RT_PANEL_CANARY] = {
		{"seen", "as they were first seen", NULL, NULL},
		{"failing", "the longest row of failures, then the shortest of passes", canary_failing, NULL},
		{"age", "how long ago the last probe was", canary_age, NULL},
		{"name", "the name of the target", NULL, canary_name},
	},
};

static const char *const abouts[RT_SORT_COUNT] = {
	[RT_SORT_ATTEMPTS] = "attempts",
	[RT_SORT_OPS] = "operations ended",
	[RT_SORT_AMPLIFICATION] = "attempts an operation",
	[RT_SORT_FIRST] = "success on the first attempt; reversed, the worst come first",
	[RT_SORT_FINAL] = "success in the end; reversed, the worst come first",
	[RT_SORT_ERROR] = "attempts that failed, of all attempts",
	[RT_SORT_RETRY] = "retries over first attempts: what the budget is about",
	[RT_SORT_FALLBACK] = "operations that fell back",
	[RT_SORT_RESCUED] = "operations that retry or fallback rescued",
	[RT_SORT_FAILED] = "operations that failed, by number",
	[RT_SORT_P50] = "median time of operations",
	[RT_SORT_P95] = "time that 95 of 100 operations did not exceed",
	[RT_SORT_P99] = "time that 99 of 100 operations did not exceed",
	[RT_SORT_WAIT] = "announced backoff that 95 of 100 did not exceed",
	[RT_SORT_NAME] = "service, route and model, by the alphabet",
};
/* clang-format on */

unsigned
rt_order_count(enum rt_panel p)
{
	unsigned n = 0;

	if (p == RT_PANEL_ROUTES)
		return RT_SORT_COUNT;
	while (n < ORDERS_MAX && orders[p][n].name)
		n++;
	return n;
}

const char *
rt_order_name(enum rt_panel p, unsigned order)
{
	return p == RT_PANEL_ROUTES ? rt_sort_name((enum rt_sort)order)
				    : orders[p][order].name;
}

const char *
rt_order_about(enum rt_panel p, unsigned order)
{
	return p == RT_PANEL_ROUTES ? abouts[order] : orders[p][order].about;
}

enum rt_panel
rt_order_panel(const struct rt_model *m)
{
	if (rt_order_count(m->focus) > 0)
		return m->focus;
	return rt_order_count(m->table) > 0 ? m->table : RT_PANEL_ROUTES;
}

unsigned
rt_order_get(const struct rt_model *m, enum rt_panel p)
{
	return p == RT_PANEL_ROUTES ? (unsigned)m->sort : m->orders[p];
}

bool
rt_order_is_reversed(const struct rt_model *m, enum rt_panel p)
{
	return p == RT_PANEL_ROUTES ? m->reverse : m->reversed[p];
}

void
rt_order_set(struct rt_model *m, enum rt_panel p, unsigned order, bool reverse)
{
	m->keep_order = false;
	if (p == RT_PANEL_ROUTES) {
		m->sort = (enum rt_sort)order;
		m->reverse = reverse;
		m->ask_now = true;
		return;
	}
	m->orders[p] = order;
	m->reversed[p] = reverse;
	rt_model_settle(m);
}

/* Before, behind or beside each other as the order has it. */
static int
compare(const struct order *o, const struct rt_report *r, size_t a, size_t b)
{
	if (o->figure) {
		double x = o->figure(r, a), y = o->figure(r, b);

		return x > y ? -1 : x < y;
	}
	if (o->word) {
		const char *x = o->word(r, a), *y = o->word(r, b);

		return strcmp(x ? x : "", y ? y : "");
	}
	return a < b ? -1 : a > b;
}

void
rt_order_apply(const struct rt_model *m, enum rt_panel p,
    uint16_t rows[RT_MODEL_ROWS], size_t count)
{
	const struct rt_report *r = rt_model_report(m);
	const struct order *o = &orders[p][m->orders[p]];
	int sign = m->reversed[p] ? -1 : 1;

	if (p == RT_PANEL_ROUTES || (m->orders[p] == 0 && !m->reversed[p]))
		return;
	/* By insertion: few rows, and equal ones stay as they are. */
	for (size_t i = 1; i < count; i++) {
		uint16_t row = rows[i];
		size_t at = i;

		for (; at > 0 && sign * compare(o, r, rows[at - 1], row) > 0;
		     at--)
			rows[at] = rows[at - 1];
		rows[at] = row;
	}
}
