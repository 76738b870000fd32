/* SPDX-License-Identifier: MIT */
/*
 * menu — a small menu above the keys: columns of the routes, or the order of a panel.
 *
 * Preview  What is pointed at shows in the table at once; Enter keeps it, Esc puts back
 *          what was.
 * Keys     While it is open keys belong to it, but for those that end the program.
 */
#ifndef RT_MENU_H
#define RT_MENU_H

#include "tui/columns.h"

enum rt_menu_kind { RT_MENU_NONE, RT_MENU_COLUMNS, RT_MENU_SORT };

struct rt_menu {
	enum rt_menu_kind kind;
	unsigned panel; /* enum rt_panel whose rows are sorted */
	unsigned at;    /* item pointed at */
	/* what Esc puts back */
	struct rt_columns columns;
	unsigned order;
	bool reverse;
};

struct rt_model;

void rt_menu_open(struct rt_model *m, enum rt_menu_kind kind);
/* A key of the open menu; unknown ones do nothing. */
void rt_menu_key(struct rt_model *m, int code);

unsigned rt_menu_count(const struct rt_model *m);

#endif
