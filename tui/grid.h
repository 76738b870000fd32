/* SPDX-License-Identifier: MIT */
/*
 * grid — a screen of cells: what views draw on and tests read.
 *
 * Shape   rows x cols cells of one character (a code point of width 1 or 2) and a role.
 *         Coordinates (row, col) from 0; everything is clipped, nothing is an error, and
 *         text that is cut at the right edge of its area ends with '~'.
 * Safety  Whatever is put is made fit for a terminal first (text.h); a character of
 *         width 2 that would cross the right edge becomes '>', combining marks are
 *         dropped; right-to-left letters, flags and skin tones, which make a terminal
 *         reorder or join what is beside them, become U+FFFD.  So no data can move a cell.
 * ASCII   With `ascii` set every character beyond 0x7e is put as a stand-in as wide as
 *         itself: that of the table in grid.c for what views draw with (lines, arrows,
 *         chart ramps), else '?'.  Views draw once, for both.
 * Tests   rt_grid_dump gives the text that golden files hold.
 */
#ifndef RT_GRID_H
#define RT_GRID_H

#include <stdbool.h>
#include <stdint.h>

#include "proto/buf.h"
#include "proto/text.h"
#include "tui/role.h"

struct rt_cell {
	uint32_t ch;  /* 0: right half of the wide character before it */
	uint8_t role; /* enum rt_role */
	bool cursor;  /* drawn as selected */
};

struct rt_grid {
	unsigned rows, cols;
	bool ascii;
	struct rt_cell *cells; /* owned; rows * cols */
	unsigned capacity;
};

void rt_grid_init(struct rt_grid *g);
void rt_grid_fini(struct rt_grid *g);
/* Set the size (each clamped to 1..1000) and clear to blanks. */
void rt_grid_resize(
    struct rt_grid *g, unsigned rows, unsigned cols, bool ascii);
void rt_grid_clear(struct rt_grid *g);

/* A window onto a grid: views get one and cannot draw outside it. */
struct rt_area {
	struct rt_grid *grid; /* borrowed */
	unsigned row, col, rows, cols;
};
struct rt_area rt_area_all(struct rt_grid *g);
/* Part of an area, clipped to it. */
struct rt_area rt_area_sub(
    struct rt_area a, unsigned row, unsigned col, unsigned rows, unsigned cols);

/* Put text at (row, col) of the area; returns the column after it. */
unsigned rt_area_put(struct rt_area a, unsigned row, unsigned col,
    enum rt_role role, const char *z);
/* Exactly `width` columns: cut with '~' or filled; right-aligned if `right`. */
unsigned rt_area_field(struct rt_area a, unsigned row, unsigned col,
    unsigned width, bool right, enum rt_role role, const char *z);
unsigned rt_area_printf(struct rt_area a, unsigned row, unsigned col,
    enum rt_role role, const char *fmt, ...) RT_PRINTF(5, 6);
void rt_area_fill(struct rt_area a, unsigned row, unsigned col, unsigned width,
    enum rt_role role, uint32_t ch);
/* Mark a row of the area as selected. */
void rt_area_select(struct rt_area a, unsigned row);

/* Columns that text takes once made fit. */
unsigned rt_text_cols(const char *z);

/* Lines of text, trailing blanks cut, '\n' after each; roles left out. */
void rt_grid_dump(struct rt_buf *b, const struct rt_grid *g);

#endif
