/* SPDX-License-Identifier: MIT */
#include "tui/layout.h"

#include <string.h>

#include "tui/view.h"

#define LIST_COLS 60u
#define LIST_ROWS 12u
#define WIDE_COLS 110u
#define WIDE_ROWS 34u
#define LARGE_COLS 180u
#define LARGE_ROWS 50u
#define EMITTERS_ROWS 30u /* of the tail, beside which there is room for both */

/* Rows of column heads under the title. */
static const unsigned head_rows[RT_PANEL_COUNT] = {
    [RT_PANEL_ROUTES] = 1,
    [RT_PANEL_CLASSES] = 1,
    [RT_PANEL_FALLBACKS] = 1,
    [RT_PANEL_AUDIT] = 1,
    [RT_PANEL_ALERTS] = 1,
    [RT_PANEL_EMITTERS] = 2,
};

static void
add(struct rt_layout *l, enum rt_panel p, unsigned row, unsigned col,
    unsigned rows, unsigned cols)
{
	l->boxes[l->count++] = (struct rt_box){
	    .panel = p, .row = row, .col = col, .rows = rows, .cols = cols};
}

static void
make_list(struct rt_layout *l, const struct rt_model *m)
{
	unsigned row, rows;

	l->strip = l->rows > 2 ? 1 : 0;
	l->footer = l->rows > 4 ? l->rows - 1 : 0;
	l->end = l->footer ? l->footer : l->rows;
	row = 1 + l->strip;
	rows = l->end - row;
	if (!m->picked || m->focus == RT_PANEL_OVERVIEW || l->rows <= row)
		return;
	add(l, m->focus, row, 0, rows, l->cols);
	/* Of two rows one is for data. */
	l->boxes[0].untitled = rows < 3;
}

/* Lines of the overview that a narrow screen can spare. */
static unsigned
spare_overview(unsigned rows)
{
	return rows >= 22 ? 4 : rows >= 18 ? 2 : rows >= 15 ? 1 : 0;
}

static void
make_zoomed(struct rt_layout *l, enum rt_panel p)
{
	add(l, p, 2, 0, l->evidence - 2, l->cols);
}

/* As many as the table ever needed, so that it never shrinks while one looks. */
static unsigned
table_rows(const struct rt_model *m, unsigned most)
{
	unsigned heads = head_rows[m->table] > 1 ? head_rows[m->table] : 1;
	size_t need = m->rows[m->table].high + heads + 1;

	if (m->table == RT_PANEL_TRIES || m->table == RT_PANEL_LATENCY)
		need = 6;
	need = need < 5 ? 5 : need;
	return need < most ? (unsigned)need : most;
}

static void
make_narrow(struct rt_layout *l, const struct rt_model *m)
{
	unsigned overview = spare_overview(l->rows), row = 3, body, table;

	l->rates = 2;
	if (overview > 0) {
		add(l, RT_PANEL_OVERVIEW, row, 0, overview, l->cols);
		l->boxes[0].untitled = true;
		row += overview;
	}
	if (l->rows >= 20)
		l->fates = row++;
	if (rt_model_report(m)->canaries_count > 0)
		l->canary = l->evidence - 1;
	body = (l->canary ? l->canary : l->evidence) - row;
	table = table_rows(m, body * 8 / 14);
	add(l, m->table, row, 0, table, l->cols);
	add(l, RT_PANEL_TAIL, row + table, 0, body - table, l->cols);
}

/* What is in focus and has no place of its own takes that of the fallbacks. */
static enum rt_panel
lower_left(const struct rt_model *m, bool has_alerts, bool has_emitters)
{
	if ((m->focus == RT_PANEL_ALERTS && !has_alerts) ||
	    (m->focus == RT_PANEL_EMITTERS && !has_emitters))
		return m->focus;
	return RT_PANEL_FALLBACKS;
}

/* With its title; one line where there is none yet. */
static unsigned
canary_rows(const struct rt_report *r)
{
	return 1 +
	    (r->canaries_count > 3      ? 3
		    : r->canaries_count ? (unsigned)r->canaries_count
					: 1);
}

static void
make_wide(struct rt_layout *l, const struct rt_model *m)
{
	const struct rt_report *r = rt_model_report(m);
	unsigned extra = (l->cols - WIDE_COLS) / 3;
	unsigned right = 40 + (extra > 20 ? 20 : extra > 3 ? extra - 3 : 0);
	unsigned left = l->cols - right - 1;
	unsigned tries = 24, latency = 35;
	unsigned overview = l->cols - tries - latency - 2;
	unsigned body = l->evidence - 10, row = 10;
	unsigned routes = body * 8 / 28, flow = body * 6 / 28, canary = 0;
	bool audit = r->violations_count > 0 || m->focus == RT_PANEL_AUDIT;

	l->rates = 2;
	l->fates = 9;
	add(l, RT_PANEL_OVERVIEW, 3, 0, 6, overview);
	add(l, RT_PANEL_TRIES, 3, overview + 1, 6, tries);
	add(l, RT_PANEL_LATENCY, 3, overview + tries + 2, 6, latency);
	if (r->canaries_count > 0 || m->focus == RT_PANEL_CANARY)
		canary = canary_rows(r);
	add(l, RT_PANEL_ROUTES, row, 0, routes, left);
	add(l, RT_PANEL_CLASSES, row, left + 1,
	    audit ? routes : routes + flow + canary, right);
	row += routes;
	add(l, lower_left(m, false, false), row, 0, flow, left);
	if (audit)
		add(l, RT_PANEL_AUDIT, row, left + 1, flow + canary, right);
	row += flow;
	if (canary)
		add(l, RT_PANEL_CANARY, row, 0, canary, left);
	row += canary;
	add(l, RT_PANEL_TAIL, row, 0, l->evidence - row, l->cols);
}

/* Three columns; every panel has its place, whether it has rows or not. */
static void
make_large(struct rt_layout *l, const struct rt_model *m)
{
	unsigned right = l->cols / 3 - 1, left = l->cols - right - 1;
	unsigned latency = right > 64 ? 64 : right, tries = left * 2 / 7;
	unsigned overview = l->cols - tries - latency - 2;
	unsigned flow = l->cols * 40 / 100, audit = l->cols * 25 / 100;
	unsigned third = flow + audit + 2, row = 11, body = l->evidence - row;
	unsigned routes = body * 16 / 47, middle = body * 10 / 47;
	unsigned tail = body - routes - middle;
	unsigned emitters = tail >= EMITTERS_ROWS ? tail / 3 : 0;
	unsigned canary = canary_rows(rt_model_report(m));

	l->rates = 2;
	l->fates = 10;
	add(l, RT_PANEL_OVERVIEW, 3, 0, 7, overview);
	add(l, RT_PANEL_TRIES, 3, overview + 1, 7, tries);
	add(l, RT_PANEL_LATENCY, 3, overview + tries + 2, 7, latency);
	add(l, RT_PANEL_ROUTES, row, 0, routes, left);
	add(l, RT_PANEL_CLASSES, row, left + 1, routes, right);
	row += routes;
	add(l, lower_left(m, true, emitters > 0), row, 0, middle, flow);
	add(l, RT_PANEL_AUDIT, row, flow + 1, middle, audit);
	add(l, RT_PANEL_CANARY, row, third, canary, l->cols - third);
	add(l, RT_PANEL_ALERTS, row + canary, third, middle - canary,
	    l->cols - third);
	row += middle;
	add(l, RT_PANEL_TAIL, row, 0, tail, left);
	if (emitters > 0)
		add(l, RT_PANEL_EMITTERS, row + tail - emitters, left + 1,
		    emitters, right);
	l->dock.row = row;
	l->dock.col = left + 1;
	l->dock.rows = tail - emitters;
	l->dock.cols = right;
}

/* More lines where one does not hold all, on screens that can spare them. */
static unsigned
evidence_rows(const struct rt_model *m, unsigned rows, unsigned cols)
{
	unsigned need = rt_view_evidence_rows(m, cols),
		 most = rows >= 20 ? 3 : 1;

	return need < most ? need : most;
}

void
rt_layout_make(
    struct rt_layout *l, const struct rt_model *m, unsigned rows, unsigned cols)
{
	memset(l, 0, sizeof(*l));
	l->rows = rows;
	l->cols = cols;
	if (rows < LIST_ROWS || cols < LIST_COLS) {
		l->tier = RT_TIER_LIST;
		make_list(l, m);
		return;
	}
	l->strip = 1;
	l->footer = rows - 1;
	l->position = rt_reel_is_on(m) ? l->footer - 1 : 0;
	l->end = l->position ? l->position : l->footer;
	l->evidence = l->end - evidence_rows(m, rows, cols);
	l->tier = cols >= WIDE_COLS && rows >= WIDE_ROWS ? RT_TIER_WIDE
							 : RT_TIER_NARROW;
	if (cols >= LARGE_COLS && rows >= LARGE_ROWS)
		l->tier = RT_TIER_LARGE;
	if (m->zoomed)
		make_zoomed(l, m->focus);
	else if (l->tier == RT_TIER_LARGE)
		make_large(l, m);
	else if (l->tier == RT_TIER_WIDE)
		make_wide(l, m);
	else
		make_narrow(l, m);
}

unsigned
rt_layout_page(const struct rt_layout *l, enum rt_panel p)
{
	for (unsigned i = 0; i < l->count; i++) {
		unsigned head = head_rows[p] + !l->boxes[i].untitled;

		if (l->boxes[i].panel == p)
			return l->boxes[i].rows > head ? l->boxes[i].rows - head
						       : 1;
	}
	return 1;
}

bool
rt_layout_find(const struct rt_layout *l, unsigned row, unsigned col,
    enum rt_panel *p, unsigned *line)
{
	for (unsigned i = 0; i < l->count; i++) {
		const struct rt_box *b = &l->boxes[i];
		unsigned head = head_rows[b->panel] + !b->untitled;

		if (row < b->row || row >= b->row + b->rows || col < b->col ||
		    col >= b->col + b->cols)
			continue;
		*p = b->panel;
		*line =
		    row < b->row + head ? RT_LAYOUT_HEAD : row - b->row - head;
		return true;
	}
	return false;
}

static void
settle_tail(const struct rt_layout *l, struct rt_model *m)
{
	const struct rt_trail *t = rt_model_trail(m);
	uint64_t page = rt_layout_page(l, RT_PANEL_TAIL);
	uint64_t oldest = rt_trail_oldest(t), bottom = m->tail_bottom;

	if (m->follow) {
		bool crowd = t->newest > bottom + page / 2 && bottom > 0 &&
		    !(rt_reel_is_on(m) && rt_reel_place(m)->is_paused);

		m->tail_at = t->newest;
		if (crowd &&
		    rt_mono_ms_between(m->tail_moved_at, m->now) <
			RT_MODEL_CROWD_MS)
			return;
		if (m->tail_bottom != t->newest)
			m->tail_moved_at = m->now;
		m->tail_bottom = t->newest;
		return;
	}
	if (m->tail_at < oldest)
		m->tail_at = oldest;
	if (m->tail_at > t->newest)
		m->tail_at = t->newest;
	if (bottom < m->tail_at)
		bottom = m->tail_at;
	/* Between cursor and bottom there may be rows that are left out. */
	if (m->filter.count > 0 && bottom >= m->tail_at + page)
		bottom = m->tail_at;
	if (bottom >= m->tail_at + page)
		bottom = m->tail_at + page - 1;
	if (bottom < oldest + page - 1)
		bottom = oldest + page - 1;
	m->tail_bottom = bottom > t->newest ? t->newest : bottom;
}

/* The list of operations that may be open: below the strip, a title and its heads. */
static void
settle_list(const struct rt_layout *l, struct rt_oplist *list)
{
	unsigned frame = 3u + (l->strip > 0) + (l->rows - l->end);
	size_t page = l->rows > frame + 1 ? l->rows - frame : 1;

	if (list->at < list->top)
		list->top = list->at;
	if (list->at >= list->top + page)
		list->top = list->at - page + 1;
}

/* Which columns the routes table has room for: the menu tells. */
static void
settle_columns(const struct rt_layout *l, struct rt_model *m)
{
	struct rt_columns_plan p;

	m->columns_shown = 0;
	for (unsigned i = 0; i < l->count; i++) {
		if (l->boxes[i].panel != RT_PANEL_ROUTES)
			continue;
		rt_columns_plan(&m->columns, l->boxes[i].cols,
		    l->boxes[i].cols < l->cols || l->cols >= WIDE_COLS, &p);
		for (unsigned c = 0; c < RT_COLUMN_COUNT; c++)
			m->columns_shown |= (uint32_t)p.show[c] << c;
	}
}

void
rt_layout_settle(const struct rt_layout *l, struct rt_model *m)
{
	for (unsigned p = 0; p < RT_PANEL_COUNT; p++) {
		struct rt_model_rows *rows = &m->rows[p];
		size_t page = rt_layout_page(l, (enum rt_panel)p);

		if (rows->at < rows->top)
			rows->top = rows->at;
		if (rows->at >= rows->top + page)
			rows->top = rows->at - page + 1;
		if (rows->top + page > rows->count)
			rows->top = rows->count > page ? rows->count - page : 0;
	}
	settle_columns(l, m);
	rt_dock_settle(m, l->dock.rows > 0);
	settle_tail(l, m);
	settle_list(l, &m->drill->list);
}
