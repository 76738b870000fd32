/* SPDX-License-Identifier: MIT */
#include "tui/menu.h"

#include "tui/model.h"
#include "tui/order.h"
#include "tui/term.h"

unsigned
rt_menu_count(const struct rt_model *m)
{
	switch (m->menu.kind) {
	case RT_MENU_COLUMNS: return RT_COLUMN_COUNT;
	case RT_MENU_SORT: return rt_order_count((enum rt_panel)m->menu.panel);
	case RT_MENU_NONE: break;
	}
	return 0;
}

void
rt_menu_open(struct rt_model *m, enum rt_menu_kind kind)
{
	struct rt_menu *menu = &m->menu;
	enum rt_panel p =
	    kind == RT_MENU_COLUMNS ? RT_PANEL_ROUTES : rt_order_panel(m);

	*menu = (struct rt_menu){.kind = kind, .panel = (unsigned)p};
	menu->columns = m->columns;
	menu->order = rt_order_get(m, p);
	menu->reverse = rt_order_is_reversed(m, p);
	if (kind == RT_MENU_SORT)
		menu->at = menu->order;
	/* What changes is to be seen. */
	if (kind == RT_MENU_COLUMNS)
		m->focus = m->table = RT_PANEL_ROUTES;
}

static void
put_back(struct rt_model *m)
{
	const struct rt_menu *menu = &m->menu;
	enum rt_panel p = (enum rt_panel)menu->panel;

	m->columns = menu->columns;
	if (menu->kind == RT_MENU_SORT &&
	    (menu->order != rt_order_get(m, p) ||
		menu->reverse != rt_order_is_reversed(m, p)))
		rt_order_set(m, p, menu->order, menu->reverse);
}

static void
point_at(struct rt_model *m, int by)
{
	struct rt_menu *menu = &m->menu;
	enum rt_panel p = (enum rt_panel)menu->panel;
	int count = (int)rt_menu_count(m);

	menu->at = (unsigned)(((int)menu->at + by + count) % count);
	if (menu->kind == RT_MENU_SORT)
		rt_order_set(m, p, menu->at, rt_order_is_reversed(m, p));
}

/* Shown ones go, others come, whatever the room says. */
static void
toggle(struct rt_model *m)
{
	struct rt_columns *c = &m->columns;
	unsigned column = c->order[m->menu.at];
	bool shown = m->columns_shown & 1u << column ||
	    c->wishes[column] == RT_WISH_SHOWN;

	c->wishes[column] = shown ? RT_WISH_HIDDEN : RT_WISH_SHOWN;
}

static void
key_of_columns(struct rt_model *m, int code)
{
	struct rt_menu *menu = &m->menu;

	switch (code) {
	case ' ': toggle(m); break;
	case '<': menu->at = rt_columns_move(&m->columns, menu->at, -1); break;
	case '>': menu->at = rt_columns_move(&m->columns, menu->at, 1); break;
	case '0': rt_columns_init(&m->columns); break;
	case 'c': menu->kind = RT_MENU_NONE; break;
	default: break;
	}
}

static void
key_of_sort(struct rt_model *m, int code)
{
	enum rt_panel p = (enum rt_panel)m->menu.panel;

	switch (code) {
	case 's':
		point_at(m, 1);
		m->menu.kind = RT_MENU_NONE;
		break;
	case 'r':
		rt_order_set(
		    m, p, rt_order_get(m, p), !rt_order_is_reversed(m, p));
		break;
	case '<': point_at(m, -1); break;
	case '>': point_at(m, 1); break;
	default: break;
	}
}

void
rt_menu_key(struct rt_model *m, int code)
{
	switch (code) {
	case 'q':
	case RT_KEY_ESC:
		put_back(m);
		m->menu.kind = RT_MENU_NONE;
		return;
	case RT_KEY_ENTER: m->menu.kind = RT_MENU_NONE; return;
	case 'h':
	case 'k':
	case RT_KEY_LEFT:
	case RT_KEY_UP:
	case RT_KEY_BACKTAB: point_at(m, -1); return;
	case 'l':
	case 'j':
	case RT_KEY_RIGHT:
	case RT_KEY_DOWN:
	case RT_KEY_TAB: point_at(m, 1); return;
	default: break;
	}
	if (m->menu.kind == RT_MENU_COLUMNS)
		key_of_columns(m, code);
	else
		key_of_sort(m, code);
}
