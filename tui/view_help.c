/* SPDX-License-Identifier: MIT */
/* Keys, signs and the meaning of every number; the panel in focus comes first. */
#include <stdio.h>
#include <string.h>

#include "tui/colon.h"
#include "tui/keys.h"
#include "tui/view.h"

/* Counts lines always, draws those in sight. */
struct page {
	struct rt_area a;
	unsigned top, row, cols;
	bool draws;
};

static void
put_at(struct page *p, unsigned col, enum rt_role role, const char *z)
{
	if (p->draws && p->row >= p->top && p->row - p->top < p->a.rows)
		rt_area_put(p->a, p->row - p->top, col, role, z);
}

/* Wrapped at words between `col` and the right edge; ends on a new line. */
static void
put_wrapped(struct page *p, unsigned col, enum rt_role role, const char *z)
{
	unsigned width = p->cols > col + 12 ? p->cols - col - 1 : 12;
	char line[256];

	do {
		size_t n = strlen(z), cut;

		if (n > width) {
			for (cut = width; cut > 0 && z[cut] != ' '; cut--)
				;
			n = cut > 0 ? cut : width;
		}
		if (n >= sizeof(line))
			n = sizeof(line) - 1;
		memcpy(line, z, n);
		line[n] = '\0';
		put_at(p, col, role, line);
		p->row++;
		z += n;
		z += strspn(z, " ");
	} while (*z);
}

static void
put_title(struct page *p, const char *z)
{
	if (p->row > 0)
		p->row++;
	put_at(p, 1, RT_ROLE_TITLE, z);
	p->row++;
}

static void
put_rate(struct page *p, const struct rt_model *m, enum rt_rate_id id)
{
	const struct rt_rate_info *info = rt_rate_info(id);
	struct rt_rate r = rt_rate(&rt_model_report(m)->counts, id);
	char text[512], value[RT_FMT_SIZE];
	bool is_factor =
	    id == RT_RATE_AMPLIFICATION || id == RT_RATE_UPSTREAM_AMPLIFICATION;

	snprintf(text, sizeof(text),
	    "%s = %s / %s (%s grain); now %.0f / %.0f = %s", info->label,
	    info->numerator, info->denominator, info->grain, r.numerator,
	    r.denominator,
	    rt_view_trim(
		is_factor ? rt_fmt_times(value, r) : rt_fmt_pct(value, r)));
	put_wrapped(p, 1, RT_ROLE_TEXT, text);
}

static void
put_keys(struct page *p)
{
	unsigned count;
	const struct rt_key_row *rows = rt_keys(&count);

	put_title(p, "Keys");
	for (unsigned i = 0; i < count; i++) {
		put_at(p, 1, RT_ROLE_STRONG, rows[i].keys);
		put_wrapped(p, 14, RT_ROLE_TEXT, rows[i].help);
	}
}

/* How it is used in the first column; the sentence beside it, or below where it is long. */
static void
put_commands(struct page *p)
{
	unsigned count;
	const struct rt_colon_row *rows = rt_colon_rows(&count);

	put_title(p, "Commands, after :");
	for (unsigned i = 0; i < count; i++) {
		char usage[96];

		snprintf(usage, sizeof(usage), "%s%s%s %s", rows[i].name,
		    rows[i].alias ? ", " : "",
		    rows[i].alias ? rows[i].alias : "", rows[i].arguments);
		put_at(p, 1, RT_ROLE_STRONG, usage);
		if (rt_text_cols(usage) > 22)
			p->row++;
		put_wrapped(p, 25, RT_ROLE_TEXT, rows[i].help);
	}
}

static const char *const legend[][2] = {
    {"! ~ - .",
	"severity: bad, warning, worth a word, good; never by colour "
	"alone"},
    {"?", "unknown"},
    {"-", "absent: nobody said"},
    {"n/a", "a rate without a denominator; never 0"},
    {"n=", "what a rate is out of; below 20 it is dimmed and not judged"},
    {"(other)", "series beyond the capacity, summed; totals stay exact"},
    {"lag", "age of the answer on the screen; beyond 3 s it says STALE"},
    {"lost", "gaps in sequence numbers that were never filled"},
    {"unexplained",
	"acknowledged records that no count accounts for; must "
	"be 0"},
    {"evidence",
	"attempts with method, route, decision, elapsed_ms, and a "
	"status or error_type, and on retries reason and backoff, "
	"of all attempts"},
    {"[ok] [!!]", "a check of an operation that held, or did not"},
    {"[??] [ -]",
	"a check whose evidence was not recorded, or with nothing to "
	"check"},
    {"fates", "every ended operation has exactly one; they add up"},
};

static void
put_legend(struct page *p)
{
	put_title(p, "Signs");
	for (unsigned i = 0; i < RT_COUNT_OF(legend); i++) {
		put_at(p, 1, RT_ROLE_STRONG, legend[i][0]);
		put_wrapped(p, 14, RT_ROLE_TEXT, legend[i][1]);
	}
}

static void
put_fates(struct page *p)
{
	put_title(p, "Fates of an operation");
	for (unsigned f = 0; f < RT_FATE_COUNT; f++) {
		put_at(p, 1, RT_ROLE_STRONG, rt_fate_name((enum rt_fate)f));
		put_wrapped(p, 22, RT_ROLE_TEXT, rt_fate_help((enum rt_fate)f));
	}
}

static void
put_columns(struct page *p)
{
	put_title(p, "Columns");
	for (unsigned i = 0; i < RT_COLUMN_COUNT; i++) {
		const struct rt_column_info *c =
		    rt_column_info((enum rt_column)i);

		put_at(p, 1, RT_ROLE_STRONG, c->head + strspn(c->head, " "));
		put_wrapped(p, 14, RT_ROLE_TEXT, c->about);
	}
}

static void
put_page(struct page *p, const struct rt_model *m)
{
	const struct rt_view *v = rt_view_of(m->focus);
	char title[64];

	snprintf(title, sizeof(title), "Panel %.1s: %s",
	    (char[2]){rt_panel_key(m->focus)}, rt_panel_title(m->focus));
	put_title(p, title);
	put_wrapped(p, 1, RT_ROLE_TEXT, rt_panel_about(m->focus));
	for (const enum rt_rate_id *id = v->rates; *id != RT_RATE_COUNT; id++)
		put_rate(p, m, *id);
	if (m->focus == RT_PANEL_ROUTES)
		put_columns(p);
	put_keys(p);
	put_commands(p);
	put_legend(p);
	put_title(p, "Every rate");
	for (unsigned i = 0; i < RT_RATE_COUNT; i++)
		put_rate(p, m, (enum rt_rate_id)i);
	put_fates(p);
}

unsigned
rt_view_help_rows(const struct rt_model *m, unsigned cols)
{
	struct page p = {.cols = cols};

	put_page(&p, m);
	return p.row;
}

void
rt_view_help(const struct rt_model *m, struct rt_area a)
{
	struct page p = {
	    .a = a, .top = m->help_top, .cols = a.cols, .draws = true};

	put_page(&p, m);
}
