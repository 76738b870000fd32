/* SPDX-License-Identifier: MIT */
/* Who sends, what arrived, and what is missing: the evidence behind every other number. */
#include <stdio.h>
#include <string.h>

#include "tui/view.h"

#define NAMES_COLS 20u /* the id and the service have room */
#define RATE_COLS 6u   /* behind an id: it is over its rate */

/* Of one row of the roster as a fixed text; "-" where it cannot know. */
struct cell {
	char text[RT_FMT_SIZE];
	enum rt_role role;
};

static void
put_count(struct cell *c, uint64_t v, bool is_known, enum rt_role role)
{
	c->role = v > 0 ? role : RT_ROLE_TEXT;
	if (is_known)
		rt_fmt_count(c->text, v);
	else
		snprintf(c->text, sizeof(c->text), "-");
}

static void
accepted(struct cell *c, const struct rt_roster_row *r)
{
	put_count(c, r->accepted, true, RT_ROLE_TEXT);
}

static void
lost(struct cell *c, const struct rt_roster_row *r)
{
	put_count(c, r->lost, r->is_numbered, RT_ROLE_BAD);
}

static void
duplicates(struct cell *c, const struct rt_roster_row *r)
{
	put_count(c, r->duplicates, r->is_numbered, RT_ROLE_TEXT);
}

static void
refused(struct cell *c, const struct rt_roster_row *r)
{
	put_count(c, r->refused, true, RT_ROLE_WARN);
}

static void
dropped(struct cell *c, const struct rt_roster_row *r)
{
	put_count(c, r->dropped, r->is_acknowledged, RT_ROLE_BAD);
}

static void
unexplained(struct cell *c, const struct rt_roster_row *r)
{
	put_count(c, r->unexplained, r->is_acknowledged, RT_ROLE_BAD);
}

static void
in_flight(struct cell *c, const struct rt_roster_row *r)
{
	put_count(c, r->in_flight, r->is_acknowledged, RT_ROLE_TEXT);
}

static void
put_ms(struct cell *c, double ms, bool is_known)
{
	double size = ms < 0 ? -ms : ms;

	c->role = RT_ROLE_TEXT;
	if (!is_known)
		snprintf(c->text, sizeof(c->text), "-");
	else if (size < 1000)
		snprintf(c->text, sizeof(c->text), "%.0fms", ms);
	else if (size < 100000)
		snprintf(c->text, sizeof(c->text), "%.1fs", ms / 1000);
	else
		snprintf(c->text, sizeof(c->text), "%s%.0fh", ms < 0 ? "-" : "",
		    size / 3600000 < 9999 ? size / 3600000 : 9999);
}

static void
skew(struct cell *c, const struct rt_roster_row *r)
{
	put_ms(c, r->skew_ms, r->has_skew);
}

static void
lag(struct cell *c, const struct rt_roster_row *r)
{
	put_ms(c, r->lag_ms, r->has_skew);
}

static void
heard(struct cell *c, const struct rt_roster_row *r)
{
	c->role = RT_ROLE_TEXT;
	rt_fmt_age(c->text, r->last_seen_ms);
}

/* The narrowest panel that shows it; the id takes what is left. */
static const struct {
	const char *head;
	unsigned width, from_cols;
	void (*fill)(struct cell *c, const struct rt_roster_row *r);
} columns[] = {
    {"accept", 7, 30, accepted},
    {"lost", 6, 30, lost},
    {"dup", 6, 70, duplicates},
    {"refus", 6, 60, refused},
    {"drop", 6, 40, dropped},
    {"unexpl", 7, 50, unexplained},
    {"flight", 7, 100, in_flight},
    {"skew", 8, 78, skew},
    {"lag", 8, 90, lag},
    {"heard", 7, 40, heard},
};

static unsigned
names_cols(unsigned cols)
{
	unsigned taken = 2;

	for (size_t i = 0; i < RT_COUNT_OF(columns); i++)
		if (cols >= columns[i].from_cols)
			taken += columns[i].width;
	return cols > taken ? cols - taken : 0;
}

/* Its records are refused, or its answers held back; "": neither. */
static const char *
rate_word(const struct rt_roster_row *r)
{
	return r->is_limited ? "!RATE " : r->is_slowed ? "~RATE " : "";
}

/* The id, and the service where there is room for both. */
static void
draw_names(struct rt_area a, unsigned row, unsigned cols,
    const struct rt_roster_row *r)
{
	unsigned id = cols > NAMES_COLS ? cols / 2 : cols, at = 1;
	enum rt_role role = r->is_limited ? RT_ROLE_BAD
	    : r->is_slowed                ? RT_ROLE_WARN
					  : RT_ROLE_TEXT;
	char text[600];

	if (id == cols && role != RT_ROLE_TEXT)
		rt_area_put(a, row, at++, role, r->is_limited ? "!" : "~");
	rt_facts_shorten(
	    text, sizeof(text), r->id ? r->id : "?", id > at ? id - at : id);
	rt_area_put(a, row, at,
	    !r->is_acknowledged || r->is_connected ? RT_ROLE_STRONG
						   : RT_ROLE_DIM,
	    text);
	if (id == cols)
		return;
	at = rt_area_put(a, row, 1 + id, role, rate_word(r));
	rt_facts_shorten(text, sizeof(text), r->service ? r->service : "-",
	    cols > at ? cols - at : 1);
	rt_area_put(a, row, at, RT_ROLE_TEXT, text);
}

static void
draw_row(struct rt_area a, unsigned row, const struct rt_roster_row *r)
{
	unsigned col = 1 + names_cols(a.cols);

	draw_names(a, row, names_cols(a.cols), r);
	for (size_t i = 0; i < RT_COUNT_OF(columns); i++) {
		struct cell c;

		if (a.cols < columns[i].from_cols)
			continue;
		columns[i].fill(&c, r);
		col = rt_area_field(a, row, col, columns[i].width, true, c.role,
		    rt_view_trim(c.text));
	}
}

static void
draw_heads(struct rt_area a, unsigned row)
{
	unsigned names = names_cols(a.cols), col = 1 + names;

	rt_area_put(a, row, 1, RT_ROLE_COLUMN, "emitter");
	if (names > NAMES_COLS)
		rt_area_put(a, row, 1 + names / 2, RT_ROLE_COLUMN, "service");
	for (size_t i = 0; i < RT_COUNT_OF(columns); i++)
		if (a.cols >= columns[i].from_cols)
			col = rt_area_field(a, row, col, columns[i].width, true,
			    RT_ROLE_COLUMN, columns[i].head);
}

/* "refused 3: not_json 2, unknown_shape 1" */
static void
list_refused(char *out, size_t size, const uint64_t *n)
{
	uint64_t sum = 0;
	const char *sep = ": ";

	for (unsigned i = 0; i < RT_REJECT_COUNT; i++)
		sum += n[RT_C_REJECT + i];
	snprintf(out, size, "refused %llu", (unsigned long long)sum);
	for (unsigned i = 0; i < RT_REJECT_COUNT; i++) {
		size_t len = strlen(out);

		if (n[RT_C_REJECT + i] == 0)
			continue;
		snprintf(out + len, size - len, "%s%s %llu", sep,
		    rt_reject_name((enum rt_reject)i),
		    (unsigned long long)n[RT_C_REJECT + i]);
		sep = ", ";
	}
}

/* Since the start: of the past it is not known. */
static unsigned
put_sum(const struct rt_model *m, struct rt_area a, unsigned col,
    const char *what, uint64_t n)
{
	if (rt_report_is_past(rt_model_report(m)))
		return rt_area_printf(a, 0, col, RT_ROLE_DIM, "%s ?", what);
	return rt_area_printf(a, 0, col, n ? RT_ROLE_BAD : RT_ROLE_TEXT,
	    "%s %llu", what, (unsigned long long)n);
}

/* Of everybody: completeness, what nobody accounts for, and why records were refused. */
static void
draw_sums(const struct rt_model *m, struct rt_area a)
{
	const struct rt_report *r = rt_model_report(m);
	struct rt_rate whole = rt_facts_completeness(&r->counts);
	char text[512];
	unsigned col;

	rt_fmt_pct(text, whole);
	col = rt_area_printf(a, 0, 1, rt_view_role(whole, RT_ROLE_STRONG),
	    "%s complete n=%.0f", rt_view_trim(text), whole.denominator);
	col = put_sum(m, a, col + 2, "unexplained", r->unexplained);
	col = put_sum(m, a, col + 2, "lost", r->lost);
	if (col + 2 >= a.cols)
		return;
	list_refused(text, sizeof(text), r->counts.n);
	rt_area_field(a, 0, col + 2, a.cols - col - 2, false,
	    strchr(text, ':') ? RT_ROLE_WARN : RT_ROLE_TEXT, text);
}

static void
draw(const struct rt_model *m, struct rt_area a)
{
	const struct rt_model_rows *rows = &m->rows[RT_PANEL_EMITTERS];

	draw_sums(m, a);
	if (rows->count == 0) {
		rt_area_put(a, 1, 1, RT_ROLE_DIM,
		    !rt_model_has_report(m) ? "no answer yet"
			: rt_report_is_past(rt_model_report(m))
			? "who sent then is not kept: emitters are of now (G)"
			: "nobody named itself: records without `emitter` and "
			  "`seq` cannot be followed");
		return;
	}
	draw_heads(a, 1);
	for (size_t i = rows->top; i < rows->count; i++) {
		unsigned row = (unsigned)(i - rows->top) + 2;

		if (row >= a.rows || rows->order[i] >= m->roster.count)
			break;
		draw_row(a, row, &m->roster.rows[rows->order[i]]);
		if (rt_view_is_selected(m, RT_PANEL_EMITTERS, i)) {
			rt_area_put(a, row, 0, RT_ROLE_CURSOR, ">");
			rt_area_select(a, row);
		}
	}
}

static void
status(const struct rt_model *m, char *out, size_t size)
{
	const struct rt_roster *l = &m->roster;

	if (l->count < l->all)
		snprintf(out, size, "%zu of %zu", l->count, l->all);
	else
		snprintf(out, size, "%zu", l->all);
}

static const enum rt_rate_id rates[] = {RT_RATE_COUNT};

const struct rt_view rt_view_emitters = {draw, status, rates};
