/* SPDX-License-Identifier: MIT */
/*
 * layout — which panel goes where, for every size of screen.
 *
 * Tiers   LIST    below 60 x 12: names and values, down to one line; a panel that was
 *                 picked by a key takes their place, until Esc or the overview.
 *         NARROW  one table and the tail; the number keys choose the table.
 *         WIDE    from 110 x 34: two columns; alerts and emitters take the place of the
 *                 fallbacks while they are in focus.
 *         LARGE   from 180 x 50: three columns, alerts below the canaries, and one
 *                 operation docked beside the tail; emitters below it where there is
 *                 room, else as above.
 * Steady  Places depend on the size, on what is in focus and on whether there are
 *         canaries and violations; not on how many rows a table happens to have.
 */
#ifndef RT_LAYOUT_H
#define RT_LAYOUT_H

#include "tui/model.h"

enum rt_tier { RT_TIER_LIST, RT_TIER_NARROW, RT_TIER_WIDE, RT_TIER_LARGE };

/* A panel with its title in the first row. */
struct rt_box {
	enum rt_panel panel;
	unsigned row, col, rows, cols;
	bool untitled;
};

struct rt_layout {
	enum rt_tier tier;
	unsigned rows, cols;
	/* rows of single lines; 0: not there (row 0 is the header's) */
	unsigned strip, rates, fates, canary, evidence, position, footer;
	unsigned end; /* the row behind what panels, lists and help may have */
	struct rt_box boxes[RT_PANEL_COUNT];
	unsigned count;
	/* the docked operation, with its title; rows 0: not there */
	struct {
		unsigned row, col, rows, cols;
	} dock;
};

void rt_layout_make(struct rt_layout *l, const struct rt_model *m,
    unsigned rows, unsigned cols);

/* Data rows that the panel shows; at least 1. */
unsigned rt_layout_page(const struct rt_layout *l, enum rt_panel p);

/*
 * The panel at a cell and its line there: 0 is the first row of data, RT_LAYOUT_HEAD the
 * title or the heads.  False where no panel is.
 */
#define RT_LAYOUT_HEAD UINT32_MAX
bool rt_layout_find(const struct rt_layout *l, unsigned row, unsigned col,
    enum rt_panel *p, unsigned *line);

/* Scroll every panel so that its cursor is in sight. */
void rt_layout_settle(const struct rt_layout *l, struct rt_model *m);

#endif
