/* SPDX-License-Identifier: MIT */
#include "tui/columns.h"

#include <stdio.h>
#include <string.h>

#define MIN_ROUTE_COLS 24u
#define LEAST_ROUTE_COLS 12u /* where a column is always there, or wanted */
#define MAX_ROUTE_COLS 44u
#define TIGHT_COLS 60u  /* below, few columns share so many cells, */
#define TIGHT_SHARE 23u /* or half of them */

static const struct rt_column_info infos[RT_COLUMN_COUNT] = {
#define X(id, name, head, width, narrow, wide, sort, about) \
	{name, head, width, narrow, wide, sort, about},
    RT_COLUMNS(X)
#undef X
};

/* What the tightest table gives up last. */
static const enum rt_column few[] = {
    RT_COLUMN_OPS, RT_COLUMN_FIRST, RT_COLUMN_FINAL, RT_COLUMN_BUDGET};

const struct rt_column_info *
rt_column_info(enum rt_column c)
{
	return &infos[c];
}

void
rt_columns_init(struct rt_columns *c)
{
	memset(c, 0, sizeof(*c));
	for (unsigned i = 0; i < RT_COLUMN_COUNT; i++)
		c->order[i] = (uint8_t)i;
}

/* ---- which fit ---------------------------------------------------------------- */

/* Show it where `least` columns are left for the name. */
static void
show(struct rt_columns_plan *p, enum rt_column c, unsigned least)
{
	if (p->show[c] || p->route_cols < least + infos[c].width)
		return;
	p->show[c] = true;
	p->route_cols -= infos[c].width;
}

static void
plan_tight(const struct rt_columns *c, unsigned cols, struct rt_columns_plan *p)
{
	unsigned rest = cols > 1 ? cols - 1 : 0;
	unsigned share = rest > 2 * TIGHT_SHARE - 8 ? TIGHT_SHARE : rest / 2;
	unsigned name = rest - share;

	p->route_cols = share;
	for (unsigned i = 0; i < RT_COLUMN_COUNT; i++)
		if (c->wishes[c->order[i]] == RT_WISH_SHOWN)
			show(p, (enum rt_column)c->order[i], 0);
	for (unsigned i = 0; i < sizeof(few) / sizeof(few[0]); i++)
		if (c->wishes[few[i]] == RT_WISH_NONE)
			show(p, few[i], 0);
	p->route_cols = name;
}

void
rt_columns_plan(const struct rt_columns *c, unsigned cols, bool is_wide,
    struct rt_columns_plan *out)
{
	struct rt_columns_plan p = {.route_cols = cols > 1 ? cols - 1 : 0};

	if (cols < TIGHT_COLS) {
		plan_tight(c, cols, &p);
		*out = p;
		return;
	}
	for (unsigned i = 0; i < RT_COLUMN_COUNT; i++)
		if (c->wishes[c->order[i]] == RT_WISH_SHOWN)
			show(&p, (enum rt_column)c->order[i], LEAST_ROUTE_COLS);
	for (unsigned rank = 0; rank < RT_COLUMNS_RANKS; rank++)
		for (unsigned i = 0; i < RT_COLUMN_COUNT; i++)
			if (c->wishes[i] == RT_WISH_NONE &&
			    rank ==
				(is_wide ? infos[i].rank_wide
					 : infos[i].rank_narrow))
				show(&p, (enum rt_column)i,
				    rank ? MIN_ROUTE_COLS : LEAST_ROUTE_COLS);
	if (p.route_cols > MAX_ROUTE_COLS)
		p.route_cols = MAX_ROUTE_COLS;
	*out = p;
}

unsigned
rt_columns_move(struct rt_columns *c, unsigned place, int by)
{
	int to = (int)place + by;
	uint8_t moved = c->order[place];

	if (to < 0 || to >= (int)RT_COLUMN_COUNT)
		return place;
	c->order[place] = c->order[to];
	c->order[to] = moved;
	return (unsigned)to;
}

/* ---- as text ------------------------------------------------------------------- */

void
rt_columns_format(char out[RT_COLUMNS_TEXT], const struct rt_columns *c)
{
	static const char *const signs[] = {
	    [RT_WISH_NONE] = "", [RT_WISH_SHOWN] = "+", [RT_WISH_HIDDEN] = "-"};
	size_t n = 0;

	out[0] = '\0';
	for (unsigned i = 0; i < RT_COLUMN_COUNT; i++)
		n += (size_t)snprintf(out + n, RT_COLUMNS_TEXT - n, "%s%s%s",
		    i ? " " : "", signs[c->wishes[c->order[i]]],
		    infos[c->order[i]].name);
}

static unsigned
column_of(const char *word, size_t len)
{
	unsigned c = 0;

	while (c < RT_COLUMN_COUNT &&
	    (strlen(infos[c].name) != len ||
		memcmp(infos[c].name, word, len) != 0))
		c++;
	return c;
}

bool
rt_columns_from(struct rt_columns *out, const char *text)
{
	struct rt_columns c = {{0}, {0}};
	bool named[RT_COLUMN_COUNT] = {false};
	unsigned count = 0, at;

	for (text += strspn(text, " "); *text; text += strspn(text, " ")) {
		enum rt_wish wish = *text == '+' ? RT_WISH_SHOWN
		    : *text == '-'               ? RT_WISH_HIDDEN
						 : RT_WISH_NONE;
		size_t len;

		text += wish != RT_WISH_NONE;
		len = strcspn(text, " ");
		at = column_of(text, len);
		if (at == RT_COLUMN_COUNT || named[at])
			return false;
		named[at] = true;
		c.order[count++] = (uint8_t)at;
		c.wishes[at] = (uint8_t)wish;
		text += len;
	}
	for (unsigned i = 0; i < RT_COLUMN_COUNT; i++)
		if (!named[i])
			c.order[count++] = (uint8_t)i;
	*out = c;
	return true;
}
