/* SPDX-License-Identifier: MIT */
#include "tui/choices.h"

#include <ini.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tui/order.h"

/* libinih reads lines of 199 bytes; a byte may take three. */
#define PART 50u
#define LINE 200u

/* Line by line: what stands behind a line's end is nobody's choice. */
static void
copy_history(struct rt_prompt_history *to, const struct rt_prompt_history *from)
{
	memset(to, 0, sizeof(*to));
	to->count = from->count;
	for (unsigned i = 0; i < from->count; i++)
		snprintf(
		    to->lines[i], sizeof(to->lines[i]), "%s", from->lines[i]);
}

void
rt_choices_get(struct rt_choices *c, const struct rt_model *m)
{
	memset(c, 0, sizeof(*c));
	c->window_s = m->window_s;
	c->theme = m->theme;
	c->utc = m->utc;
	c->ascii = m->ascii;
	c->sort = m->sort;
	c->reverse = m->reverse;
	c->columns = m->columns;
	memcpy(c->orders, m->orders, sizeof(c->orders));
	memcpy(c->reversed, m->reversed, sizeof(c->reversed));
	for (unsigned k = 0; k < RT_PROMPT_KINDS; k++)
		copy_history(&c->history[k], &m->prompt.history[k]);
}

void
rt_choices_apply(const struct rt_choices *c, struct rt_model *m)
{
	m->window_s = c->window_s;
	m->theme = c->theme;
	m->utc = c->utc;
	m->ascii = c->ascii;
	m->sort = c->sort;
	m->reverse = c->reverse;
	m->columns = c->columns;
	memcpy(m->orders, c->orders, sizeof(m->orders));
	memcpy(m->reversed, c->reversed, sizeof(m->reversed));
	for (unsigned k = 0; k < RT_PROMPT_KINDS; k++)
		copy_history(&m->prompt.history[k], &c->history[k]);
}

/* ---- what is worth keeping -------------------------------------------------- */

#define FIELD(member)                                           \
	{                                                       \
		offsetof(struct rt_choices, member),            \
		    sizeof(((struct rt_choices *)NULL)->member) \
	}

static const struct {
	size_t offset, size;
} fields[] = {
    FIELD(window_s),
    FIELD(theme),
    FIELD(utc),
    FIELD(ascii),
    FIELD(sort),
    FIELD(reverse),
    FIELD(columns),
    FIELD(orders),
    FIELD(reversed),
    FIELD(history),
};

bool
rt_choices_follow(struct rt_choices *kept, const struct rt_choices *before,
    const struct rt_choices *now)
{
	bool any = false;

	for (size_t i = 0; i < RT_COUNT_OF(fields); i++) {
		size_t at = fields[i].offset, size = fields[i].size;

		if (memcmp((const char *)before + at, (const char *)now + at,
			size) == 0)
			continue;
		memcpy((char *)kept + at, (const char *)now + at, size);
		any = true;
	}
	return any;
}

/* ---- text ---------------------------------------------------------------------- */

/* A blank at an edge would be lost, a semicolon begin a comment. */
static void
put_part(struct rt_buf *b, const char *z, size_t len)
{
	rt_buf_putc(b, '|');
	for (size_t i = 0; i < len; i++) {
		unsigned char ch = (unsigned char)z[i];

		if (ch < 0x20 || ch == 0x7f || ch == '%' || ch == ';' ||
		    ch == '|')
			rt_buf_printf(b, "%%%02x", ch);
		else
			rt_buf_putc(b, (char)ch);
	}
	rt_buf_puts(b, "|\n");
}

static const char *const kinds[RT_PROMPT_KINDS] = {
    [RT_PROMPT_FILTER] = "filters",
    [RT_PROMPT_COMMAND] = "commands",
};

static void
put_history(struct rt_buf *b, const struct rt_prompt_history *h)
{
	for (unsigned i = 0; i < h->count; i++) {
		const char *z = h->lines[i];
		size_t left = strlen(z);

		rt_buf_printf(b, "%u = ", i + 1);
		do {
			size_t n = left < PART ? left : PART;

			put_part(b, z, n);
			z += n;
			left -= n;
			if (left > 0)
				rt_buf_puts(b, "\t");
		} while (left > 0);
	}
}

/* Routes say theirs by themselves. */
static bool
has_order(unsigned panel)
{
	return panel != RT_PANEL_ROUTES && panel < RT_PANEL_COUNT &&
	    rt_order_count((enum rt_panel)panel) > 0;
}

void
rt_choices_encode(struct rt_buf *b, const struct rt_choices *c)
{
	char columns[RT_COLUMNS_TEXT];

	rt_buf_puts(
	    b, "; written by retrytop: what was chosen on its screen\n");
	rt_buf_printf(b, "[screen]\nwindow = %s\ntheme = %s\n",
	    rt_window_name(c->window_s), rt_theme_name(c->theme));
	rt_buf_printf(b, "clock = %s\nascii = %s\n", c->utc ? "utc" : "local",
	    c->ascii ? "yes" : "no");
	rt_buf_printf(b, "\n[routes]\nsort = %s\nreverse = %s\n",
	    rt_sort_name(c->sort), c->reverse ? "yes" : "no");
	rt_columns_format(columns, &c->columns);
	rt_buf_printf(b, "columns = %s\n\n[orders]\n", columns);
	for (unsigned p = 0; p < RT_PANEL_COUNT; p++)
		if (has_order(p))
			rt_buf_printf(b, "%u = %s%s\n", p + 1,
			    rt_order_name((enum rt_panel)p, c->orders[p]),
			    c->reversed[p] ? " reverse" : "");
	for (unsigned k = 0; k < RT_PROMPT_KINDS; k++) {
		rt_buf_printf(b, "\n[%s]\n", kinds[k]);
		put_history(b, &c->history[k]);
	}
}

struct reader {
	struct rt_choices *c;
	unsigned bad;
	unsigned at[RT_PROMPT_KINDS]; /* number of the line read; 0: none */
	struct rt_diag *d;
};

static bool
read_word(const char *value, const char *yes, const char *no, bool *out)
{
	if (strcmp(value, yes) != 0 && strcmp(value, no) != 0)
		return false;
	*out = strcmp(value, yes) == 0;
	return true;
}

static bool
read_window(struct rt_choices *c, const char *value)
{
	uint32_t s;

	if (rt_window_from(rt_str_of(value), &s, NULL) != RT_OK || s == 0)
		return false;
	c->window_s = s;
	return true;
}

static bool
read_theme(struct rt_choices *c, const char *value)
{
	return rt_theme_from(value, &c->theme);
}

static bool
read_clock(struct rt_choices *c, const char *value)
{
	return read_word(value, "utc", "local", &c->utc);
}

static bool
read_ascii(struct rt_choices *c, const char *value)
{
	return read_word(value, "yes", "no", &c->ascii);
}

static bool
read_sort(struct rt_choices *c, const char *value)
{
	for (unsigned s = 0; s < RT_SORT_COUNT; s++)
		if (strcmp(rt_sort_name((enum rt_sort)s), value) == 0) {
			c->sort = (enum rt_sort)s;
			return true;
		}
	return false;
}

static bool
read_reverse(struct rt_choices *c, const char *value)
{
	return read_word(value, "yes", "no", &c->reverse);
}

static bool
read_columns(struct rt_choices *c, const char *value)
{
	return rt_columns_from(&c->columns, value);
}

/* "5 = ok reverse": the panel's number, what it is sorted by. */
static bool
read_order(struct rt_choices *c, const char *name, const char *value)
{
	unsigned p = (unsigned)strtoul(name, NULL, 10) - 1;
	size_t len = strcspn(value, " ");
	struct rt_str word = {value, len};
	bool reverse = strcmp(value + len, " reverse") == 0;

	if (!has_order(p) || (value[len] && !reverse))
		return false;
	for (unsigned i = 0; i < rt_order_count((enum rt_panel)p); i++)
		if (rt_str_is(word, rt_order_name((enum rt_panel)p, i))) {
			c->orders[p] = i;
			c->reversed[p] = reverse;
			return true;
		}
	return false;
}

static const struct {
	const char *section, *name;
	bool (*read)(struct rt_choices *c, const char *value);
} rows[] = {
    {"screen", "window", read_window},
    {"screen", "theme", read_theme},
    {"screen", "clock", read_clock},
    {"screen", "ascii", read_ascii},
    {"routes", "sort", read_sort},
    {"routes", "reverse", read_reverse},
    {"routes", "columns", read_columns},
};

/* What stands between the bars, %XX as a byte; false where that is not the form. */
static bool
read_part(char out[LINE], const char *value)
{
	size_t len = strlen(value), n = 0;

	if (len < 2 || value[0] != '|' || value[len - 1] != '|')
		return false;
	for (size_t i = 1; i + 1 < len; i++) {
		char digits[3] = "";

		if (n == LINE - 1)
			return false;
		if (value[i] != '%') {
			out[n++] = value[i];
			continue;
		}
		memcpy(digits, value + i + 1, 2);
		if (strspn(digits, "0123456789abcdef") != 2)
			return false;
		out[n++] = (char)strtol(digits, NULL, 16);
		i += 2;
	}
	out[n] = '\0';
	return true;
}

/* A line of a history, or what follows of it. */
static bool
read_history(
    struct reader *r, unsigned kind, const char *name, const char *value)
{
	struct rt_prompt_history *h = &r->c->history[kind];
	size_t max = kind == RT_PROMPT_FILTER ? RT_FILTER_MAX : RT_PROMPT_MAX;
	char part[LINE], text[RT_PROMPT_MAX + LINE + 1];
	unsigned number = (unsigned)strtoul(name, NULL, 10);
	bool goes_on = number == r->at[kind];
	char *line;

	if (number == 0 || !read_part(part, value))
		return false;
	if (!goes_on && h->count == RT_PROMPT_HISTORY)
		return false;
	if (!goes_on)
		h->lines[h->count++][0] = '\0';
	r->at[kind] = number;
	line = h->lines[h->count - 1];
	snprintf(text, sizeof(text), "%s%s", line, part);
	if (strlen(text) > max)
		return false;
	rt_text_scrub(line, sizeof(h->lines[0]), rt_str_of(text));
	return true;
}

static int
take(void *user, const char *section, const char *name, const char *value)
{
	struct reader *r = user;
	bool known = false, ok = false;

	for (unsigned k = 0; k < RT_PROMPT_KINDS; k++)
		if (strcmp(section, kinds[k]) == 0) {
			known = true;
			ok = read_history(r, k, name, value);
		}
	if (strcmp(section, "orders") == 0) {
		known = true;
		ok = read_order(r->c, name, value);
	}
	for (size_t i = 0; i < RT_COUNT_OF(rows); i++)
		if (strcmp(rows[i].section, section) == 0 &&
		    strcmp(rows[i].name, name) == 0) {
			known = true;
			ok = rows[i].read(r->c, value);
		}
	if (!ok && r->bad++ == 0)
		rt_diag_set(r->d, NULL, "[%.40s] %.40s: %s \"%.60s\"", section,
		    name, known ? "no such value" : "unknown, with value",
		    value);
	return 1;
}

unsigned
rt_choices_decode(struct rt_choices *c, const char *text, struct rt_diag *d)
{
	struct rt_choices read = *c;
	struct reader r = {.c = &read, .d = d};
	int line;

	memset(read.history, 0, sizeof(read.history));
	line = ini_parse_string(text, take, &r);
	if (line > 0 && r.bad++ == 0)
		rt_diag_set(d, NULL, "line %d is no \"name = value\"", line);
	*c = read;
	return r.bad;
}
