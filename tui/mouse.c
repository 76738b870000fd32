/* SPDX-License-Identifier: MIT */
#include "tui/mouse.h"

#include "tui/term.h"
#include "tui/view.h"

/* The trail number of a line of the tail; 0: no event is drawn there. */
static uint64_t
event_at(const struct rt_model *m, unsigned page, unsigned line)
{
	const struct rt_trail *t = rt_model_trail(m);
	uint64_t shown[RT_TRAIL_ROWS];
	unsigned n = 0;

	page = page > RT_TRAIL_ROWS ? RT_TRAIL_ROWS : page;
	for (uint64_t at = m->tail_bottom; at > 0 && n < page; at--) {
		const struct rt_trail_row *e = rt_trail_get(t, at);

		if (!e)
			break;
		if (rt_filter_event(&m->filter, e))
			shown[n++] = at;
	}
	return line < n ? shown[n - 1 - line] : 0;
}

static void
point_at(struct rt_model *m, const struct rt_layout *l, unsigned line)
{
	struct rt_model_rows *rows = &m->rows[m->focus];
	uint64_t number;

	if (m->focus == RT_PANEL_TAIL) {
		number = event_at(m, rt_layout_page(l, RT_PANEL_TAIL), line);
		if (number > 0) {
			m->tail_at = number;
			m->follow = false;
		}
	} else if (rows->top + line < rows->count) {
		rows->at = rows->top + line;
		rows->selected = rows->ids[rows->at];
	}
}

/* The place of a line among the rows of a panel. */
static unsigned
place_of(const struct rt_model *m, const struct rt_layout *l, enum rt_panel p,
    unsigned line)
{
	if (p != RT_PANEL_CANARY || line == RT_LAYOUT_HEAD)
		return line;
	for (unsigned i = 0; i < l->count; i++)
		if (l->boxes[i].panel == p)
			line /= rt_view_canary_lines(
			    m, rt_layout_page(l, p), l->boxes[i].cols);
	return line;
}

static bool
click_panels(struct rt_model *m, const struct rt_layout *l, unsigned row,
    unsigned col, int by)
{
	enum rt_panel p;
	unsigned line;

	if (!rt_layout_find(l, row, col, &p, &line))
		return false;
	m->focus = p;
	if (p != RT_PANEL_TAIL && p != RT_PANEL_OVERVIEW)
		m->table = p;
	if (by != 0)
		rt_model_move(m, by);
	else if (line != RT_LAYOUT_HEAD)
		point_at(m, l, place_of(m, l, p, line));
	return true;
}

static bool
click_list(struct rt_model *m, const struct rt_layout *l, unsigned row, int by)
{
	struct rt_oplist *list = &m->drill->list;
	/* Below the header, the strip, a title and the heads. */
	unsigned from = 3u + (l->strip > 0);

	if (by != 0) {
		rt_drill_move(m, by, 0, 0);
		return true;
	}
	if (row < from || list->top + row - from >= list->count)
		return false;
	list->at = list->top + row - from;
	return true;
}

bool
rt_mouse_apply(struct rt_model *m, const struct rt_layout *l, int code)
{
	enum rt_mouse what = rt_mouse_what(code);
	int by = what == RT_MOUSE_UP ? -RT_MOUSE_WHEEL
	    : what == RT_MOUSE_DOWN  ? RT_MOUSE_WHEEL
				     : 0;
	unsigned row = rt_mouse_row(code), col = rt_mouse_col(code);

	if (!m->mouse)
		return false;
	switch (m->drill->page) {
	case RT_PAGE_PANELS: return click_panels(m, l, row, col, by);
	case RT_PAGE_LIST: return click_list(m, l, row, by);
	case RT_PAGE_OPERATION:
	case RT_PAGE_RECORDS: break;
	}
	return false;
}
