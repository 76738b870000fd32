/* SPDX-License-Identifier: MIT */
/* Synthetic probes: result, age, streak; one line where there is no room for more. */
#include <stdio.h>

#include "tui/view.h"

static const char *
result(const struct rt_report_canary *c, enum rt_role *role)
{
	*role = c->last_ok ? RT_ROLE_GOOD : RT_ROLE_BAD;
	return c->last_ok ? ". pass" : "! FAIL";
}

static void
describe(char *out, size_t size, const struct rt_report_canary *c)
{
	char age[RT_FMT_SIZE];

	if (c->age_ms < 0) { /* the past has counts only */
		snprintf(out, size, "(%llu/%llu)", (unsigned long long)c->ok,
		    (unsigned long long)c->attempts);
		return;
	}
	snprintf(out, size, "%s ago (%llu/%llu) x%llu",
	    rt_fmt_age(age, c->age_ms), (unsigned long long)c->ok,
	    (unsigned long long)c->attempts, (unsigned long long)c->streak);
}

static void
draw_row(struct rt_area a, unsigned row, const struct rt_report_canary *c)
{
	char text[128], ms[RT_FMT_SIZE], ttft[RT_FMT_SIZE];
	unsigned name = a.cols >= 60 ? 18 : a.cols / 3, col;
	enum rt_role role;
	const char *word = result(c, &role);

	rt_facts_shorten(text, sizeof(text), c->name ? c->name : "?", name);
	rt_area_field(a, row, 1, name, false, RT_ROLE_TEXT, text);
	col = rt_area_put(a, row, 2 + name, role, word);
	describe(text, sizeof(text), c);
	col = rt_area_put(a, row, col + 1, RT_ROLE_TEXT, text);
	if (a.cols < 60)
		return;
	if (c->status > 0)
		snprintf(text, sizeof(text), "%lld", (long long)c->status);
	else
		snprintf(text, sizeof(text), "-");
	col = col < name + 30 ? name + 30 : col;
	col = rt_area_printf(a, row, col + 1,
	    c->last_ok ? RT_ROLE_TEXT : RT_ROLE_BAD, "%s %s  %s", text,
	    c->error_class ? c->error_class : "-",
	    rt_view_trim(rt_fmt_ms(ms, c->elapsed_ms)));
	if (c->ttft_ms >= 0 && col + 13 <= a.cols)
		rt_area_printf(a, row, col, RT_ROLE_DIM, "  ttft %s",
		    rt_view_trim(rt_fmt_ms(ttft, c->ttft_ms)));
}

static void
draw(const struct rt_model *m, struct rt_area a)
{
	const struct rt_report *r = rt_model_report(m);
	const struct rt_model_rows *rows = &m->rows[RT_PANEL_CANARY];

	if (rows->count == 0 && rt_report_is_past(r))
		rt_area_put(a, 0, 1, RT_ROLE_DIM, "no probe in this window");
	else if (rows->count == 0)
		rt_area_put(a, 0, 1, RT_ROLE_DIM,
		    "no canary has reported: retrytop canary --url URL --model "
		    "M");
	for (size_t i = rows->top; i < rows->count; i++) {
		unsigned row = (unsigned)(i - rows->top);

		if (row >= a.rows)
			break;
		draw_row(a, row, &r->canaries[rows->order[i]]);
		if (rt_view_is_selected(m, RT_PANEL_CANARY, i)) {
			rt_area_put(a, row, 0, RT_ROLE_CURSOR, ">");
			rt_area_select(a, row);
		}
	}
}

/* Failing ones first; what does not fit is counted. */
void
rt_view_canary_line(const struct rt_model *m, struct rt_area a)
{
	const struct rt_report *r = rt_model_report(m);
	unsigned col = rt_area_put(a, 0, 0, RT_ROLE_COLUMN, " canary");
	size_t left = r->canaries_count;

	for (int want_ok = 0; want_ok < 2; want_ok++)
		for (size_t i = 0; i < r->canaries_count; i++) {
			const struct rt_report_canary *c = &r->canaries[i];
			char name[128], text[64];
			enum rt_role role;
			const char *word = result(c, &role);
			unsigned width;

			if (c->last_ok != (want_ok == 1))
				continue;
			rt_facts_shorten(
			    name, sizeof(name), c->name ? c->name : "?", 20);
			describe(text, sizeof(text), c);
			width = rt_text_cols(name) + rt_text_cols(text) + 10;
			if (left < r->canaries_count && col + width > a.cols)
				continue;
			col = rt_area_put(a, 0, col + 2, RT_ROLE_TEXT, name);
			col = rt_area_put(a, 0, col + 1, role, word);
			col = rt_area_put(a, 0, col + 1, RT_ROLE_DIM, text);
			left--;
		}
	if (left)
		rt_area_printf(
		    a, 0, col + 1, RT_ROLE_DIM, "+%zu more (8)", left);
}

static const enum rt_rate_id rates[] = {RT_RATE_COUNT};

const struct rt_view rt_view_canary = {draw, NULL, rates};
