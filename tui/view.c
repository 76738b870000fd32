/* SPDX-License-Identifier: MIT */
#include "tui/view.h"

#include <stdio.h>
#include <string.h>

static const struct rt_view *const views[RT_PANEL_COUNT] = {
    [RT_PANEL_OVERVIEW] = &rt_view_overview,
    [RT_PANEL_TRIES] = &rt_view_tries,
    [RT_PANEL_LATENCY] = &rt_view_latency,
    [RT_PANEL_ROUTES] = &rt_view_routes,
    [RT_PANEL_CLASSES] = &rt_view_classes,
    [RT_PANEL_FALLBACKS] = &rt_view_fallbacks,
    [RT_PANEL_AUDIT] = &rt_view_audit,
    [RT_PANEL_CANARY] = &rt_view_canary,
    [RT_PANEL_TAIL] = &rt_view_tail,
    [RT_PANEL_ALERTS] = &rt_view_alerts,
    [RT_PANEL_EMITTERS] = &rt_view_emitters,
};

const struct rt_view *
rt_view_of(enum rt_panel p)
{
	return views[p];
}

enum rt_role
rt_view_role(struct rt_rate r, enum rt_role role)
{
	return r.denominator < RT_FMT_FEW ? RT_ROLE_DIM : role;
}

const char *
rt_view_trim(const char *z)
{
	return z + strspn(z, " ");
}

unsigned
rt_view_rate(struct rt_area a, unsigned row, unsigned col, const char *label,
    enum rt_rate_id id, const struct rt_counts *c)
{
	struct rt_rate r = rt_rate(c, id);
	char text[RT_FMT_SIZE];

	rt_fmt_pct(text, r);
	col = rt_area_put(a, row, col, RT_ROLE_TEXT, " ");
	col = rt_area_put(a, row, col, rt_view_role(r, RT_ROLE_TEXT), label);
	col = rt_area_put(a, row, col, RT_ROLE_TEXT, " ");
	return rt_area_put(
	    a, row, col, rt_view_role(r, RT_ROLE_STRONG), rt_view_trim(text));
}

const char *
rt_view_bare_pct(char out[RT_FMT_SIZE], struct rt_rate r)
{
	double pct = rt_rate_known(r) ? 100 * r.numerator / r.denominator : 0;
	char *sign;

	rt_fmt_pct(out, r);
	sign = strchr(out, '%');
	if (sign)
		*sign = '\0';
	/* Only a ratio can pass 100. */
	if (pct >= 100)
		snprintf(out, RT_FMT_SIZE, pct < 9999.5 ? "%.0f" : "9999", pct);
	return rt_view_trim(out);
}

unsigned
rt_view_finished(const struct rt_report *r, const uint32_t *v, unsigned cols)
{
	if (!r->source.is_live || rt_report_is_past(r) || cols == 0)
		return cols;
	for (unsigned i = 0; i + 1 < cols; i++)
		if (v[i] > 0)
			return cols - 1;
	return cols;
}

void
rt_view_empty(const struct rt_model *m, struct rt_area a, unsigned row,
    const char *else_text)
{
	const struct rt_report *r = rt_model_report(m);
	char clock[RT_FMT_SIZE];

	if (!rt_model_has_report(m))
		rt_area_put(a, row, 1, RT_ROLE_DIM, "no answer yet");
	else if (rt_report_is_past(r) && r->counts.n[RT_C_ATTEMPTS] == 0)
		rt_area_printf(a, row, 1, RT_ROLE_DIM,
		    "no data in the %s before %s",
		    rt_window_name((uint32_t)r->source.window_s),
		    rt_fmt_clock(clock, r->source.at_us, m->utc));
	else if (rt_report_is_past(r))
		rt_area_put(a, row, 1, RT_ROLE_DIM, else_text);
	else if (m->last_event_us == 0)
		rt_area_put(a, row, 1, RT_ROLE_DIM, "no events yet");
	else if (r->counts.n[RT_C_ATTEMPTS] == 0)
		rt_area_printf(a, row, 1, RT_ROLE_DIM, "no data since %s",
		    rt_fmt_clock(clock, m->last_event_us, m->utc));
	else
		rt_area_put(a, row, 1, RT_ROLE_DIM, else_text);
}

bool
rt_view_is_selected(const struct rt_model *m, enum rt_panel p, size_t place)
{
	return m->focus == p && place == m->rows[p].at;
}
