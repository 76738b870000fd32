/* SPDX-License-Identifier: MIT */
/* The menu above the keys: what can be chosen, and what the one pointed at means. */
#include <stdio.h>

#include "tui/menu.h"
#include "tui/order.h"
#include "tui/view.h"

#define ITEM_COLS 13u

static unsigned
items_per_row(unsigned cols)
{
	return cols > ITEM_COLS ? (cols - 1) / ITEM_COLS : 1;
}

/* A title, the items, one sentence. */
unsigned
rt_view_menu_rows(const struct rt_model *m, unsigned cols)
{
	unsigned per = items_per_row(cols);

	if (m->menu.kind == RT_MENU_NONE)
		return 0;
	return 2 + (rt_menu_count(m) + per - 1) / per;
}

static void
draw_title(const struct rt_model *m, struct rt_area a)
{
	rt_area_fill(a, 0, 0, a.cols, RT_ROLE_TITLE, m->ascii ? '-' : 0x2500);
	if (m->menu.kind == RT_MENU_COLUMNS)
		rt_area_put(a, 0, 1, RT_ROLE_STRONG, "Columns of Routes ");
	else
		rt_area_printf(a, 0, 1, RT_ROLE_STRONG, "Order of %s ",
		    rt_panel_title((enum rt_panel)m->menu.panel));
}

/* [x] is shown, [ ] not wanted, [~] left out for want of room. */
static char
mark_of(const struct rt_model *m, unsigned item)
{
	unsigned c = m->columns.order[item];

	if (m->menu.kind == RT_MENU_SORT)
		return item == m->menu.at ? '*' : ' ';
	if (m->columns_shown & 1u << c)
		return 'x';
	return m->columns.wishes[c] == RT_WISH_HIDDEN ? ' ' : '~';
}

static const char *
name_of(const struct rt_model *m, unsigned item)
{
	if (m->menu.kind == RT_MENU_SORT)
		return rt_order_name((enum rt_panel)m->menu.panel, item);
	return rt_column_info((enum rt_column)m->columns.order[item])->name;
}

static const char *
about_of(const struct rt_model *m, unsigned item)
{
	if (m->menu.kind == RT_MENU_SORT)
		return rt_order_about((enum rt_panel)m->menu.panel, item);
	return rt_column_info((enum rt_column)m->columns.order[item])->about;
}

static void
draw_items(const struct rt_model *m, struct rt_area a)
{
	unsigned per = items_per_row(a.cols), count = rt_menu_count(m);

	for (unsigned i = 0; i < count; i++) {
		struct rt_area item = rt_area_sub(
		    a, 1 + i / per, 1 + i % per * ITEM_COLS, 1, ITEM_COLS - 1);
		bool pointed = i == m->menu.at;
		char mark = mark_of(m, i);

		rt_area_printf(item, 0, 0,
		    pointed           ? RT_ROLE_STRONG
			: mark == 'x' ? RT_ROLE_TEXT
				      : RT_ROLE_DIM,
		    "[%c] %s", mark, name_of(m, i));
		if (pointed)
			rt_area_select(item, 0);
	}
}

void
rt_view_menu(const struct rt_model *m, struct rt_area a)
{
	char text[256];
	bool hidden =
	    m->menu.kind == RT_MENU_COLUMNS && mark_of(m, m->menu.at) == '~';

	for (unsigned row = 0; row < a.rows; row++)
		rt_area_fill(a, row, 0, a.cols, RT_ROLE_TEXT, ' ');
	draw_title(m, a);
	draw_items(m, a);
	if (a.rows < 2)
		return;
	snprintf(text, sizeof(text), "%s%s: %s", name_of(m, m->menu.at),
	    hidden ? " (no room)" : "", about_of(m, m->menu.at));
	rt_area_field(a, a.rows - 1, 1, a.cols > 2 ? a.cols - 2 : 1, false,
	    RT_ROLE_ACCENT, text);
}

void
rt_view_menu_keys(const struct rt_model *m, struct rt_area a)
{
	rt_area_fill(a, 0, 0, a.cols, RT_ROLE_FOOTER, ' ');
	rt_area_put(a, 0, 1, RT_ROLE_FOOTER,
	    m->menu.kind == RT_MENU_SORT
		? "Enter keep  Esc as before  h l choose  r reverse  s next"
		: "Enter keep  Esc as before  Space on/off  h l choose  "
		  "< > move  0 as at first");
}
