/* SPDX-License-Identifier: MIT */
/* The frame around the panels: header, strip, titles, evidence, keys. */
#include <limits.h>
#include <stdio.h>
#include <string.h>

#include "tui/colon.h"
#include "tui/keys.h"
#include "tui/order.h"
#include "tui/view.h"

static struct rt_area
line_of(struct rt_grid *g, unsigned row)
{
	return rt_area_sub(rt_area_all(g), row, 0, 1, g->cols);
}

/* ---- header ----------------------------------------------------------- */

static const char *
mode_of(const struct rt_model *m, enum rt_role *role)
{
	bool is_past = rt_report_is_past(rt_model_report(m));

	*role = RT_ROLE_WARN;
	if (m->is_frozen)
		return is_past ? "FROZEN AT" : "FROZEN";
	*role = RT_ROLE_BAD;
	if (m->link == RT_LINK_GONE)
		return is_past ? "! STALE AT" : "! STALE";
	*role = RT_ROLE_WARN;
	if (is_past)
		return "AT";
	*role = RT_ROLE_WARN;
	if (m->link == RT_LINK_ASKING)
		return "~ ASKING";
	if (rt_reel_is_on(m) && rt_reel_place(m)->is_seeking)
		return "REPLAY SEEKING";
	if (rt_reel_is_on(m) && rt_reel_place(m)->is_at_end)
		return "REPLAY END";
	if (rt_reel_is_on(m) && rt_reel_place(m)->is_paused)
		return "REPLAY PAUSED";
	*role = RT_ROLE_GOOD;
	return rt_model_report(m)->source.is_live ? "LIVE" : "REPLAY";
}

/* That of the log in a replay; of the past and of what is frozen, when it was. */
static int64_t
time_of(const struct rt_model *m)
{
	const struct rt_report *r = rt_model_report(m);

	if (rt_report_is_past(r))
		return r->source.at_us;
	if (rt_model_has_report(m) && !r->source.is_live)
		return r->source.now_us;
	return m->is_frozen ? m->frozen_wall.us : m->now_wall.us;
}

/* How old the answer is, or how much came since the past that is shown. */
static void
format_lag(char *out, size_t size, const struct rt_model *m)
{
	int64_t ms = rt_model_age_ms(m);
	char age[RT_FMT_SIZE];

	if (rt_report_is_past(rt_model_report(m)))
		snprintf(out, size, "since %s",
		    rt_view_trim(rt_fmt_count(age, rt_model_held(m))));
	else if (!rt_model_has_report(m))
		snprintf(out, size, "lag ?");
	else if (ms < 10000)
		snprintf(out, size, "lag %.1fs", (double)ms / 1000);
	else
		snprintf(out, size, "lag %s", rt_fmt_age(age, ms));
}

/* " /st:5xx" in at most 18 columns; returns them. */
static unsigned
format_filter(char out[64], const struct rt_model *m)
{
	char text[64];

	out[0] = '\0';
	if (m->filter.count == 0)
		return 0;
	rt_facts_shorten(text, sizeof(text), m->filter.text, 16);
	snprintf(out, 64, " /%.60s", text);
	return rt_text_cols(out);
}

#define NAME_COLS 8u /* that the name keeps beside the alerts */

/* "! 2 alerts (1 unacked) ", shorter where there is less room; returns its columns. */
static unsigned
format_alerts(char out[48], const struct rt_model *m, unsigned room)
{
	const struct rt_report *r = rt_model_report(m);
	size_t firing = rt_report_firing(r), open = rt_acks_open(&m->acks, r);
	const char *sign = open ? "!" : "-", *s = firing == 1 ? "" : "s";

	out[0] = '\0';
	if (firing == 0)
		return 0;
	snprintf(
	    out, 48, " %s %zu alert%s (%zu unacked) ", sign, firing, s, open);
	if (strlen(out) > room)
		snprintf(out, 48, " %s %zu alert%s ", sign, firing, s);
	if (strlen(out) > room)
		snprintf(out, 48, " %s%zu ", sign, firing);
	return (unsigned)strlen(out);
}

static void
put_alerts(
    const struct rt_model *m, struct rt_area a, unsigned col, const char *text)
{
	bool is_open = rt_acks_open(&m->acks, rt_model_report(m)) > 0;

	rt_area_put(a, 0, col, is_open ? RT_ROLE_BAD : RT_ROLE_HEADER, text);
}

/* The pieces from the right that still fit beside the name. */
static void
draw_header(const struct rt_model *m, struct rt_area a)
{
	const struct rt_report *r = rt_model_report(m);
	char clock[RT_FMT_SIZE], per_s[RT_FMT_SIZE], lag[48], name[256],
	    pieces[96], filter[64], alerts[48];
	const char *named = m->title && m->title[0] ? m->title : m->endpoint;
	double rate = (double)r->counts.n[RT_C_ACCEPTED] / rt_model_span_s(m);
	enum rt_role role;
	const char *mode = mode_of(m, &role);
	unsigned width, col;

	rt_area_fill(a, 0, 0, a.cols, RT_ROLE_HEADER, ' ');
	format_lag(lag, sizeof(lag), m);
	snprintf(pieces, sizeof(pieces), "  win %s  %s  rec %s/s ",
	    rt_window_name(rt_model_has_report(m) ? (uint32_t)r->source.window_s
						  : m->window_s),
	    lag, rt_view_trim(rt_fmt_per_s(per_s, rate)));
	rt_fmt_clock(clock, time_of(m), m->utc);
	width = rt_text_cols(pieces) + rt_text_cols(clock) +
	    rt_text_cols(mode) + 14 + format_filter(filter, m);
	width += format_alerts(alerts, m,
	    a.cols > width + NAME_COLS ? a.cols - width - NAME_COLS : 0);
	if (a.cols < width + 4) {
		col = rt_area_put(a, 0, 0, RT_ROLE_HEADER, " retrytop ");
		col = rt_area_put(a, 0, col, role, mode);
		col = rt_area_put(
		    a, 0, col, RT_ROLE_WARN, m->filter.count ? " /FILTER" : "");
		col = rt_area_printf(
		    a, 0, col, RT_ROLE_HEADER, " %s %s", clock, lag);
		put_alerts(m, a, col, alerts);
		return;
	}
	col = rt_area_put(a, 0, 0, RT_ROLE_HEADER, " retrytop ");
	rt_facts_shorten(
	    name, sizeof(name), named ? named : "?", a.cols - width);
	col = rt_area_put(a, 0, col, RT_ROLE_HEADER, name) + 2;
	col = rt_area_put(a, 0, col, role, mode);
	col = rt_area_put(a, 0, col, RT_ROLE_WARN, filter);
	col = rt_area_printf(a, 0, col, RT_ROLE_HEADER, " %s", clock);
	col = rt_area_put(a, 0, col, RT_ROLE_HEADER, pieces);
	put_alerts(m, a, col, alerts);
}

/* ---- strip, evidence, footer ------------------------------------------ */

static unsigned
fact_cols(const struct rt_fact *f, const char *text)
{
	return rt_text_cols(text) + (unsigned)strlen(f->word) + 5;
}

/* The first in full; of the others what fits, in full or in brief. */
static void
draw_strip(const struct rt_model *m, struct rt_area a)
{
	struct rt_fact facts[RT_FACTS_MAX];
	size_t count = rt_facts(m, facts);
	unsigned col = 0;

	for (size_t i = 0; i < count; i++) {
		enum rt_role role = rt_severity_role(facts[i].severity);
		const char *text = facts[i].text;

		if (i > 0 && col + fact_cols(&facts[i], text) > a.cols)
			text = facts[i].brief;
		if (i > 0 &&
		    (!text[0] || col + fact_cols(&facts[i], text) > a.cols))
			continue;
		col = rt_area_printf(a, 0, col + (i > 0), role, " %c %s ",
		    rt_severity_glyph(facts[i].severity), facts[i].word);
		col = rt_area_put(a, 0, col,
		    facts[i].severity == RT_GOOD ? RT_ROLE_TEXT : role, text);
	}
}

/* Lays the items out over `rows` lines; draws where there is an area. */
static unsigned
flow_evidence(const struct rt_model *m, unsigned cols, unsigned rows,
    const struct rt_area *a)
{
	struct rt_rate whole =
	    rt_facts_completeness(&rt_model_report(m)->counts);
	struct rt_evidence lost[RT_EVIDENCE_MAX];
	size_t count = rt_facts_evidence(m, lost);
	bool is_past = rt_report_is_past(rt_model_report(m));
	unsigned row = 0, col = 10;
	char text[96];

	rt_fmt_pct(text, whole);
	if (a) {
		rt_area_put(*a, 0, 0, RT_ROLE_COLUMN, " evidence ");
		rt_area_put(*a, 0, col, rt_view_role(whole, RT_ROLE_STRONG),
		    rt_view_trim(text));
	}
	col += rt_text_cols(rt_view_trim(text));
	if (a)
		rt_area_put(*a, 0, col, RT_ROLE_TEXT, " complete");
	col += 9;
	if (is_past) { /* losses have no history */
		if (a)
			rt_area_put(*a, 0, col, RT_ROLE_DIM, "  lost -");
		col += 8;
	}
	if (a && count == 0)
		rt_area_put(*a, 0, col, RT_ROLE_DIM,
		    is_past          ? "  nothing refused or late"
			: cols >= 76 ? "  nothing lost, refused, late or "
				       "duplicated"
				     : "  nothing lost");
	for (size_t i = 0; i < count; i++) {
		unsigned width;

		rt_facts_evidence_text(text, sizeof(text), &lost[i]);
		width = rt_text_cols(text) + 2;
		if (col + width > cols) {
			row++;
			col = 0;
		}
		if (a && row + 1 == rows && i + 1 < count &&
		    col + width + 12 > cols) {
			rt_area_printf(*a, row, col, RT_ROLE_WARN,
			    "  +%zu more", count - i);
			break;
		}
		if (a)
			rt_area_put(*a, row, col + 2,
			    rt_severity_role(lost[i].severity), text);
		col += width;
	}
	return row + 1;
}

static void
draw_evidence(const struct rt_model *m, struct rt_area a)
{
	(void)flow_evidence(m, a.cols, a.rows, &a);
}

unsigned
rt_view_evidence_rows(const struct rt_model *m, unsigned cols)
{
	return flow_evidence(m, cols, UINT_MAX, NULL);
}

/* In the place of the keys; what does not fit takes the line above, too. */
static void
draw_notice(const char *z, struct rt_grid *g, unsigned footer)
{
	unsigned cols = g->cols > 2 ? g->cols - 2 : 1;
	struct rt_str first = rt_text_cut(rt_str_of(z), cols);
	char text[1024];

	rt_area_fill(line_of(g, footer), 0, 0, g->cols, RT_ROLE_FOOTER, ' ');
	if (rt_text_cols(z) > cols && footer > 2) {
		while (first.len > 0 && first.p[first.len - 1] != ' ')
			first.len--;
		rt_text_scrub(text, sizeof(text), first);
		rt_area_fill(
		    line_of(g, footer - 1), 0, 0, g->cols, RT_ROLE_FOOTER, ' ');
		rt_area_put(line_of(g, footer - 1), 0, 1, RT_ROLE_STRONG, text);
		z += first.len;
	}
	rt_area_field(line_of(g, footer), 0, 1, cols, false, RT_ROLE_STRONG, z);
}

static void
prompt_hint(char *out, size_t size, const struct rt_prompt *p)
{
	if (p->trouble[0])
		snprintf(out, size, "%s", p->trouble);
	else if (p->kind == RT_PROMPT_COMMAND)
		rt_colon_hint(out, size, p->text);
	else
		snprintf(out, size,
		    "Enter apply  Esc cancel  Tab complete  Up older  "
		    "route:a,b  st:5xx  !class:auth");
}

/* The cursor is a marked character; what is wrong or how it works stands above. */
static void
draw_prompt(const struct rt_prompt *p, struct rt_grid *g, unsigned footer)
{
	struct rt_area a = line_of(g, footer);
	char text[2 * sizeof(p->text)];
	const char *head = text;
	unsigned col;

	rt_area_fill(a, 0, 0, a.cols, RT_ROLE_FOOTER, ' ');
	col = rt_area_put(a, 0, 0, RT_ROLE_STRONG,
	    p->kind == RT_PROMPT_COMMAND ? " :" : " /");
	snprintf(text, sizeof(text), "%.*s", (int)p->at, p->text);
	/* A long line shows its part before the cursor. */
	while (rt_text_cols(head) + 4 > a.cols && *head)
		for (head++; ((unsigned char)*head & 0xc0) == 0x80;)
			head++;
	col = rt_area_put(a, 0, col, RT_ROLE_STRONG, head);
	col = rt_area_put(a, 0, col, RT_ROLE_CURSOR, g->ascii ? "|" : "\u258f");
	rt_area_put(a, 0, col, RT_ROLE_STRONG, p->text + p->at);
	if (footer < 3)
		return;
	a = line_of(g, footer - 1);
	rt_area_fill(a, 0, 0, a.cols, RT_ROLE_FOOTER, ' ');
	prompt_hint(text, sizeof(text), p);
	rt_area_put(
	    a, 0, 1, p->trouble[0] ? RT_ROLE_BAD : RT_ROLE_FOOTER, text);
}

static const char *
first_word(const char *z, char out[16])
{
	snprintf(out, 16, "%.*s", (int)strcspn(z, " "), z);
	return out;
}

#define SMALL_COLS 60u /* too few for tables: Tab is the way to them */
#define KEYS_COLS 32u  /* too few for words beside the keys */

/* A mouse that is on is told first: it takes text selection away. */
static unsigned
rank_of(const struct rt_key_row *row, const struct rt_model *m, unsigned cols)
{
	if (row->action == RT_ACTION_NEXT_PANEL && cols < SMALL_COLS)
		return 2;
	/* On panels other keys matter more. */
	if (row->action == RT_ACTION_EXPORT &&
	    m->drill->page < RT_PAGE_OPERATION)
		return 0;
	return row->action == RT_ACTION_MOUSE && m->mouse ? 1 : row->footer;
}

static const char *
freeze_label(const struct rt_model *m, const char *label)
{
	if (m->is_frozen)
		return "Resume";
	if (!rt_reel_is_on(m))
		return label;
	return rt_reel_place(m)->is_paused ? "Play" : "Pause";
}

static void
draw_footer(const struct rt_model *m, struct rt_area a)
{
	unsigned count, col = 0;
	const struct rt_key_row *rows = rt_keys(&count);

	rt_area_fill(a, 0, 0, a.cols, RT_ROLE_FOOTER, ' ');
	for (unsigned rank = 1; rank <= count; rank++)
		for (unsigned i = 0; i < count; i++) {
			char key[16];
			const char *label = rows[i].label;

			if (rank_of(&rows[i], m, a.cols) != rank ||
			    !rt_keys_work(&rows[i], m))
				continue;
			if (rows[i].action == RT_ACTION_MOUSE && m->mouse)
				label = "Mouse off";
			if (rows[i].action == RT_ACTION_FREEZE)
				label = freeze_label(m, label);
			if (rows[i].action == RT_ACTION_BACK &&
			    (m->help || m->zoomed ||
				m->drill->page != RT_PAGE_PANELS))
				label = "Back";
			if (a.cols < KEYS_COLS)
				label = "";
			first_word(rows[i].keys, key);
			if (col + strlen(key) + strlen(label) + 2 > a.cols)
				return;
			col = rt_area_put(a, 0, col, RT_ROLE_FOOTER, " ");
			col = rt_area_put(a, 0, col, RT_ROLE_STRONG, key);
			if (label[0])
				col = rt_area_printf(
				    a, 0, col, RT_ROLE_FOOTER, " %s", label);
			col = rt_area_put(a, 0, col, RT_ROLE_FOOTER,
			    a.cols >= 100 ? " " : "");
		}
}

/* ---- panels ----------------------------------------------------------- */

/* "sort: ok v", where that is not the usual order of such a panel. */
static bool
format_order(const struct rt_model *m, enum rt_panel p, char out[32])
{
	out[0] = '\0';
	if (p == RT_PANEL_ROUTES || rt_order_count(p) == 0 ||
	    (rt_order_get(m, p) == 0 && !rt_order_is_reversed(m, p)))
		return false;
	snprintf(out, 32, "sort: %s %s", rt_order_name(p, rt_order_get(m, p)),
	    rt_order_is_reversed(m, p) ? "^" : "v");
	return true;
}

static void
draw_title(const struct rt_model *m, const struct rt_box *box, struct rt_area a)
{
	const struct rt_view *v = rt_view_of(box->panel);
	bool focused = m->focus == box->panel;
	uint32_t rule = m->ascii ? '-' : 0x2500;
	const char key[2] = {rt_panel_key(box->panel)};
	char status[320] = "", text[256], order[32];
	unsigned col;

	rt_area_fill(a, 0, 0, a.cols, RT_ROLE_TITLE, rule);
	rt_area_put(a, 0, 0, focused ? RT_ROLE_STRONG : RT_ROLE_TITLE,
	    focused ? ">" : "");
	col = rt_area_printf(a, 0, 1, focused ? RT_ROLE_STRONG : RT_ROLE_TITLE,
	    "%s%s%s ", key, key[0] ? " " : "", rt_panel_title(box->panel));
	if (v->status)
		v->status(m, status, sizeof(status));
	if (format_order(m, box->panel, order)) {
		rt_facts_shorten(text, sizeof(text), status, 60);
		snprintf(status, sizeof(status), "%s%s%s", order,
		    text[0] ? "  " : "", text);
		if (col + rt_text_cols(status) + 5 >= a.cols)
			snprintf(status, sizeof(status), "%s", order);
	}
	if (status[0] && col + rt_text_cols(status) + 5 < a.cols)
		rt_area_printf(a, 0, a.cols - rt_text_cols(status) - 4,
		    RT_ROLE_TITLE, " %s ", status);
}

/* The line between a panel and what is left of it. */
static void
draw_edge(const struct rt_model *m, struct rt_grid *g, unsigned row,
    unsigned col, unsigned rows)
{
	struct rt_area edge =
	    rt_area_sub(rt_area_all(g), row, col - 1, rows, 1);

	for (unsigned i = 0; i < edge.rows; i++)
		rt_area_fill(edge, i, 0, 1, RT_ROLE_TITLE,
		    m->ascii     ? i ? '|' : '+'
			: i == 0 ? 0x252c
				 : 0x2502);
}

static void
draw_box(const struct rt_model *m, const struct rt_box *box, struct rt_grid *g)
{
	struct rt_area a = rt_area_sub(
	    rt_area_all(g), box->row, box->col, box->rows, box->cols);

	if (!box->untitled) {
		draw_title(m, box, a);
		a = rt_area_sub(a, 1, 0, a.rows ? a.rows - 1 : 0, a.cols);
	}
	if (a.rows > 0 && a.cols > 0)
		rt_view_of(box->panel)->draw(m, a);
	if (box->col > 0)
		draw_edge(m, g, box->row, box->col, box->rows);
}

static void
draw_list(
    const struct rt_model *m, const struct rt_layout *l, struct rt_grid *g)
{
	unsigned from = l->strip ? 2 : 1;
	unsigned to = l->end;

	if (from < to)
		rt_view_list(m,
		    rt_area_sub(rt_area_all(g), from, 0, to - from, l->cols));
}

/* Help, lists and operations take the place of all panels. */
static void
draw_page(
    const struct rt_model *m, const struct rt_layout *l, struct rt_grid *g)
{
	unsigned from = l->strip ? 2 : 1;
	unsigned to = l->end;
	struct rt_area a = rt_area_sub(
	    rt_area_all(g), from, 0, to > from ? to - from : 0, l->cols);

	if (a.rows == 0)
		return;
	if (m->help)
		rt_view_help(m, a);
	else if (m->drill->page == RT_PAGE_LIST)
		rt_view_oplist(m, a);
	else
		rt_view_operation(m, a);
}

static void
draw_dock(
    const struct rt_model *m, const struct rt_layout *l, struct rt_grid *g)
{
	struct rt_area a = rt_area_sub(rt_area_all(g), l->dock.row, l->dock.col,
	    l->dock.rows, l->dock.cols);

	if (l->dock.rows == 0)
		return;
	draw_edge(m, g, l->dock.row, l->dock.col, l->dock.rows);
	rt_area_fill(a, 0, 0, a.cols, RT_ROLE_TITLE, m->ascii ? '-' : 0x2500);
	rt_area_put(a, 0, 1, RT_ROLE_TITLE, "Operation ");
	rt_view_dock(m, rt_area_sub(a, 1, 0, a.rows, a.cols));
}

static void
draw_body(
    const struct rt_model *m, const struct rt_layout *l, struct rt_grid *g)
{
	if (l->rates)
		rt_view_rates_line(m, line_of(g, l->rates));
	if (l->fates)
		rt_view_fates_line(m, line_of(g, l->fates));
	for (unsigned i = 0; i < l->count; i++)
		draw_box(m, &l->boxes[i], g);
	draw_dock(m, l, g);
	if (l->canary)
		rt_view_canary_line(m, line_of(g, l->canary));
	if (l->evidence)
		draw_evidence(m,
		    rt_area_sub(rt_area_all(g), l->evidence, 0,
			l->end - l->evidence, g->cols));
}

static void
draw_menu(
    const struct rt_model *m, const struct rt_layout *l, struct rt_grid *g)
{
	unsigned rows = rt_view_menu_rows(m, l->cols);
	unsigned end = l->footer ? l->footer : l->rows;

	if (rows > end)
		rows = end;
	if (rows > 0)
		rt_view_menu(m,
		    rt_area_sub(rt_area_all(g), end - rows, 0, rows, l->cols));
}

void
rt_view_screen(
    const struct rt_model *m, const struct rt_layout *l, struct rt_grid *g)
{
	rt_grid_resize(g, l->rows, l->cols, m->ascii);
	draw_header(m, line_of(g, 0));
	if (l->strip)
		draw_strip(m, line_of(g, l->strip));
	if (m->help || m->drill->page != RT_PAGE_PANELS)
		draw_page(m, l, g);
	else if (l->tier == RT_TIER_LIST && l->count == 0)
		draw_list(m, l, g);
	else
		draw_body(m, l, g);
	if (l->position)
		rt_view_position_line(m, line_of(g, l->position));
	draw_menu(m, l, g);
	if (l->footer && m->menu.kind != RT_MENU_NONE)
		rt_view_menu_keys(m, line_of(g, l->footer));
	else if (l->footer && m->prompt.is_open)
		draw_prompt(&m->prompt, g, l->footer);
	else if (l->footer && rt_model_notice(m))
		draw_notice(rt_model_notice(m), g, l->footer);
	else if (l->footer)
		draw_footer(m, line_of(g, l->footer));
}
