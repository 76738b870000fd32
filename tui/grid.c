/* SPDX-License-Identifier: MIT */
#include "tui/grid.h"

#include <locale.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <wchar.h>

#include "proto/mem.h"

#define SIDE_MAX 1000u
#define REPLACEMENT 0xfffdu
/* Four bytes for each column of the widest grid. */
#define PRINTF_SIZE (SIDE_MAX * 4u + 1u)

/*
 * What would move cells although each character alone has a known width: letters
 * written from right to left (terminals that know bidi reorder the line around
 * them), and what terminals join with its neighbour (flags, skin tones).
 */
static const struct {
	uint32_t from, to;
} movers[] = {
    {0x0590, 0x08ff},
    {0xfb1d, 0xfdff},
    {0xfe70, 0xfeff},
    {0x10800, 0x10fff},
    {0x1e800, 0x1efff},
    {0x1f1e6, 0x1f1ff},
    {0x1f3fb, 0x1f3ff},
};

/* What views draw with, and what stands in for it in ASCII. */
static const struct {
	uint32_t ch;
	char ascii;
} stand_ins[] = {
    {0x00b5, 'u'},
    {0x00b7, '.'},
    {0x00d7, 'x'},
    {0x2013, '-'},
    {0x2014, '-'},
    {0x2022, '*'},
    {0x2026, '~'},
    {0x2190, '<'},
    {0x2191, '^'},
    {0x2192, '>'},
    {0x2193, 'v'},
    {0x2212, '-'},
    {0x2248, '~'},
    {0x2264, '<'},
    {0x2265, '>'},
    {0x2500, '-'},
    {0x2501, '='},
    {0x2502, '|'},
    {0x2503, '|'},
    {0x250c, '+'},
    {0x2510, '+'},
    {0x2514, '+'},
    {0x2518, '+'},
    {0x251c, '+'},
    {0x2524, '+'},
    {0x252c, '+'},
    {0x2534, '+'},
    {0x253c, '+'},
    {0x2581, '.'},
    {0x2582, ':'},
    {0x2583, '-'},
    {0x2584, '='},
    {0x2585, '+'},
    {0x2586, '*'},
    {0x2587, '%'},
    {0x2588, '#'},
    {0x2589, '='},
    {0x258a, '='},
    {0x258b, '='},
    {0x258c, '-'},
    {0x258d, '-'},
    {0x258e, '-'},
    {0x258f, '-'},
    {0x2591, '.'},
    {0x2592, ':'},
    {0x2593, '#'},
    {0x25b2, '^'},
    {0x25b6, '>'},
    {0x25b8, '>'},
    {0x25bc, 'v'},
    {0x25cb, 'o'},
    {0x25cf, '*'},
};

static bool
is_mover(uint32_t ch)
{
	for (unsigned i = 0; i < RT_COUNT_OF(movers); i++)
		if (ch >= movers[i].from && ch <= movers[i].to)
			return true;
	return false;
}

/*
 * ncurses lays cells out by the C library's wcwidth in a UTF-8 locale; asking the
 * same tables is the only way never to disagree with it, and C.UTF-8 has them
 * whatever LANG says.  Where that locale is missing nothing beyond ASCII and the
 * characters we draw with is known to be narrow.
 */
static int
table_width(uint32_t ch)
{
	static locale_t utf8;
	static bool asked;
	locale_t before;
	int width;

	if (!asked)
		utf8 = newlocale(LC_CTYPE_MASK, "C.UTF-8", (locale_t)0);
	asked = true;
	if (!utf8) {
		for (unsigned i = 0; i < RT_COUNT_OF(stand_ins); i++)
			if (stand_ins[i].ch == ch)
				return 1;
		return -1;
	}
	before = uselocale(utf8);
	width = wcwidth((wchar_t)ch);
	uselocale(before);
	return width;
}

/* The character fit for a terminal in *ch, its columns (0: drop it) returned. */
static unsigned
fit(uint32_t *ch)
{
	int width;

	if (*ch >= 0x20 && *ch < 0x7f)
		return 1;
	if (!rt_text_is_safe(*ch) || is_mover(*ch)) {
		*ch = REPLACEMENT;
		return 1;
	}
	width = table_width(*ch);
	if (width >= 0)
		return (unsigned)width;
	*ch = REPLACEMENT;
	return 1;
}

/* Next character fit for a terminal and its columns (1 or 2); false at the end. */
static bool
next_fit(struct rt_str *rest, uint32_t *ch, unsigned *width)
{
	while (rest->len > 0) {
		*ch = rt_text_next(rest);
		*width = fit(ch);
		if (*width > 0)
			return true;
	}
	return false;
}

static uint32_t
ascii_of(uint32_t ch)
{
	if (ch <= 0x7e)
		return ch;
	for (unsigned i = 0; i < RT_COUNT_OF(stand_ins); i++)
		if (stand_ins[i].ch == ch)
			return (unsigned char)stand_ins[i].ascii;
	return '?';
}

void
rt_grid_init(struct rt_grid *g)
{
	*g = (struct rt_grid){0};
}

void
rt_grid_fini(struct rt_grid *g)
{
	free(g->cells);
	rt_grid_init(g);
}

static unsigned
clamp_side(unsigned n)
{
	return n < 1 ? 1 : n > SIDE_MAX ? SIDE_MAX : n;
}

void
rt_grid_resize(struct rt_grid *g, unsigned rows, unsigned cols, bool ascii)
{
	unsigned need;

	g->rows = clamp_side(rows);
	g->cols = clamp_side(cols);
	g->ascii = ascii;
	need = g->rows * g->cols;
	if (need > g->capacity) {
		g->cells = rt_xrealloc(g->cells, need * sizeof *g->cells);
		g->capacity = need;
	}
	rt_grid_clear(g);
}

void
rt_grid_clear(struct rt_grid *g)
{
	for (unsigned i = 0; i < g->rows * g->cols; i++)
		g->cells[i] = (struct rt_cell){' ', RT_ROLE_TEXT, false};
}

struct rt_area
rt_area_all(struct rt_grid *g)
{
	return (struct rt_area){g, 0, 0, g->rows, g->cols};
}

static unsigned
least(unsigned a, unsigned b)
{
	return a < b ? a : b;
}

struct rt_area
rt_area_sub(
    struct rt_area a, unsigned row, unsigned col, unsigned rows, unsigned cols)
{
	row = least(row, a.rows);
	col = least(col, a.cols);
	return (struct rt_area){a.grid, a.row + row, a.col + col,
	    least(rows, a.rows - row), least(cols, a.cols - col)};
}

/* The cells of a row of the area; NULL where it has none. */
static struct rt_cell *
row_of(struct rt_area a, unsigned row)
{
	/* An area of before a resize may reach beyond the grid of now. */
	if (row >= a.rows || a.row + row >= a.grid->rows ||
	    a.col + a.cols > a.grid->cols)
		return NULL;
	return a.grid->cells + (size_t)(a.row + row) * a.grid->cols;
}

/* One cell; a wide character that loses a half here loses the other as well. */
static void
set_cell(const struct rt_grid *g, struct rt_cell *line, unsigned at,
    enum rt_role role, uint32_t ch)
{
	if (line[at].ch == 0 && at > 0 && ch != 0)
		line[at - 1].ch = ' ';
	if (at + 1 < g->cols && line[at + 1].ch == 0)
		line[at + 1].ch = ' ';
	line[at].ch = ch;
	line[at].role = (uint8_t)role;
}

static void
set_char(const struct rt_grid *g, struct rt_cell *line, unsigned at,
    enum rt_role role, uint32_t ch, unsigned width)
{
	if (g->ascii)
		ch = ascii_of(ch);
	set_cell(g, line, at, role, ch);
	if (width == 2)
		set_cell(g, line, at + 1, role, g->ascii ? ch : 0);
}

/* Put what fits before column `end`; *rest is left at what did not. */
static unsigned
put_until(struct rt_area a, unsigned row, unsigned col, unsigned end,
    enum rt_role role, struct rt_str *rest)
{
	struct rt_cell *line = row_of(a, row);
	struct rt_str left = *rest;
	unsigned width;
	uint32_t ch;

	while (col < end && next_fit(&left, &ch, &width)) {
		if (width > end - col)
			break;
		if (line)
			set_char(a.grid, line, a.col + col, role, ch, width);
		col += width;
		*rest = left;
	}
	return col;
}

static unsigned
cols_of(struct rt_str rest)
{
	unsigned cols = 0, width;
	uint32_t ch;

	while (next_fit(&rest, &ch, &width))
		cols += width;
	return cols;
}

static bool
is_blank(struct rt_str s)
{
	unsigned width;
	uint32_t ch;

	while (next_fit(&s, &ch, &width))
		if (ch != ' ')
			return false;
	return true;
}

unsigned
rt_area_put(struct rt_area a, unsigned row, unsigned col, enum rt_role role,
    const char *z)
{
	struct rt_cell *line = row_of(a, row);
	struct rt_str rest = rt_str_of(z);

	if (col >= a.cols)
		return col;
	col = put_until(a, row, col, a.cols, role, &rest);
	if (is_blank(rest))
		return col;
	if (line)
		set_cell(a.grid, line, a.col + a.cols - 1, role,
		    col < a.cols ? '>' : '~');
	return col < a.cols ? a.cols : col;
}

unsigned
rt_area_field(struct rt_area a, unsigned row, unsigned col, unsigned width,
    bool right, enum rt_role role, const char *z)
{
	struct rt_str rest = rt_str_of(z);
	unsigned need = cols_of(rest), end, after;

	if (col >= a.cols)
		return col;
	width = least(width, a.cols - col);
	end = col + width;
	if (width == 0)
		return end;
	if (need > width) {
		after = put_until(a, row, col, end - 1, role, &rest);
		after = rt_area_put(a, row, after, role, "~");
		rt_area_fill(a, row, after, end - after, role, ' ');
		return end;
	}
	if (right) {
		rt_area_fill(a, row, col, width - need, role, ' ');
		rt_area_put(a, row, end - need, role, z);
	} else {
		after = rt_area_put(a, row, col, role, z);
		rt_area_fill(a, row, after, end - after, role, ' ');
	}
	return end;
}

unsigned
rt_area_printf(struct rt_area a, unsigned row, unsigned col, enum rt_role role,
    const char *fmt, ...)
{
	char text[PRINTF_SIZE];
	va_list args;
	int n;

	va_start(args, fmt);
	n = vsnprintf(text, sizeof text, fmt, args);
	va_end(args);
	return n < 0 ? col : rt_area_put(a, row, col, role, text);
}

void
rt_area_fill(struct rt_area a, unsigned row, unsigned col, unsigned width,
    enum rt_role role, uint32_t ch)
{
	struct rt_cell *line = row_of(a, row);

	if (!line || col >= a.cols)
		return;
	if (fit(&ch) != 1)
		ch = REPLACEMENT;
	width = least(width, a.cols - col);
	for (unsigned i = 0; i < width; i++)
		set_char(a.grid, line, a.col + col + i, role, ch, 1);
}

void
rt_area_select(struct rt_area a, unsigned row)
{
	struct rt_cell *line = row_of(a, row);

	if (!line)
		return;
	for (unsigned i = 0; i < a.cols; i++)
		line[a.col + i].cursor = true;
}

unsigned
rt_text_cols(const char *z)
{
	return cols_of(rt_str_of(z));
}

void
rt_grid_dump(struct rt_buf *b, const struct rt_grid *g)
{
	char out[4];

	for (unsigned row = 0; row < g->rows; row++) {
		const struct rt_cell *line = g->cells + (size_t)row * g->cols;
		unsigned end = g->cols;

		while (end > 0 && line[end - 1].ch == ' ')
			end--;
		for (unsigned col = 0; col < end; col++)
			if (line[col].ch != 0)
				rt_buf_add(
				    b, out, rt_text_put(out, line[col].ch));
		rt_buf_putc(b, '\n');
	}
}
