/* SPDX-License-Identifier: MIT */
/* Attempts by error class, and what the client did next. */
#include <stdio.h>

#include "tui/view.h"

enum column { RETRIED, FELL_BACK, ENDED, PER_S, COUNT, SHARE, COLUMNS };

/* from_cols: of the area; below it the column is left out. */
static const struct {
	const char *head;
	unsigned width, from_cols;
} columns[COLUMNS] = {
    [RETRIED] = {"rty", 5, 24},
    [FELL_BACK] = {"fbk", 5, 50},
    [ENDED] = {"end", 5, 30},
    [PER_S] = {"/s", 5, 38},
    [COUNT] = {"n", 5, 0},
    [SHARE] = {"share", 6, 20},
};

static double
decided(const struct rt_counts *c, enum rt_class k, enum rt_decision d)
{
	return (double)c->n[RT_C_CLASS_DECISION +
	    (unsigned)k * RT_DECISION_COLUMNS + (unsigned)d];
}

static double
ended(const struct rt_counts *c, enum rt_class k)
{
	return decided(c, k, RT_DECISION_NONE) +
	    decided(c, k, RT_DECISION_DEGRADE_CACHED) +
	    decided(c, k, RT_DECISION_ABORT_ERROR) +
	    decided(c, k, RT_DECISION_ABORT_TIMEOUT_BUDGET);
}

/* Whole per cent in 4 columns. */
static const char *
whole_pct(char text[RT_FMT_SIZE], double part, double all)
{
	if (all > 0)
		snprintf(text, RT_FMT_SIZE, "%.0f%%", 100 * part / all);
	else
		snprintf(text, RT_FMT_SIZE, "n/a");
	return text;
}

static const char *
cell(const struct rt_model *m, enum rt_class k, enum column i,
    char text[RT_FMT_SIZE])
{
	const struct rt_counts *c = &rt_model_report(m)->counts;
	uint64_t n = c->n[RT_C_CLASS + (unsigned)k];
	double all = (double)n;
	struct rt_rate share = {all, (double)c->n[RT_C_ATTEMPTS]};

	switch (i) {
	case RETRIED:
		return whole_pct(
		    text, decided(c, k, RT_DECISION_RETRY_SAME), all);
	case FELL_BACK:
		return whole_pct(
		    text, decided(c, k, RT_DECISION_FALLBACK_SECONDARY), all);
	case ENDED: return whole_pct(text, ended(c, k), all);
	case PER_S:
		snprintf(text, RT_FMT_SIZE, "%.2f", all / rt_model_span_s(m));
		if (all / rt_model_span_s(m) >= 10)
			rt_fmt_per_s(text, all / rt_model_span_s(m));
		return text;
	case COUNT: return rt_fmt_count(text, n);
	case SHARE: return rt_fmt_pct(text, share);
	case COLUMNS: break;
	}
	return "";
}

static void
draw_row(const struct rt_model *m, struct rt_area a, unsigned row,
    unsigned name_cols, enum rt_class k, bool is_head)
{
	const uint64_t n =
	    rt_model_report(m)->counts.n[RT_C_CLASS + (unsigned)k];
	enum rt_role role = is_head                ? RT_ROLE_COLUMN
	    : k == RT_CLASS_NONE || n < RT_FMT_FEW ? RT_ROLE_DIM
						   : RT_ROLE_TEXT;
	unsigned col = 1 + name_cols;
	char text[RT_FMT_SIZE];

	rt_area_field(a, row, 1, name_cols, false, role,
	    is_head ? "class" : rt_class_name(k));
	for (unsigned i = 0; i < COLUMNS; i++) {
		if (a.cols < columns[i].from_cols)
			continue;
		rt_area_field(a, row, col, columns[i].width, true, role,
		    is_head ? columns[i].head
			    : cell(m, k, (enum column)i, text));
		col += columns[i].width;
	}
}

static unsigned
name_width(unsigned cols)
{
	unsigned rest = cols;

	for (unsigned i = 0; i < COLUMNS; i++)
		if (cols >= columns[i].from_cols)
			rest = rest > columns[i].width ? rest - columns[i].width
						       : 0;
	return rest > 20 ? 19 : rest > 1 ? rest - 1 : 0;
}

static void
draw(const struct rt_model *m, struct rt_area a)
{
	const struct rt_model_rows *rows = &m->rows[RT_PANEL_CLASSES];
	enum rt_class classes[RT_CLASS_COUNT];
	unsigned name_cols = name_width(a.cols);

	(void)rt_model_classes(rt_model_report(m), classes);
	draw_row(m, a, 0, name_cols, RT_CLASS_NONE, true);
	if (rows->count == 0)
		rt_view_empty(m, a, 1, "no attempt in this window");
	for (size_t i = rows->top; i < rows->count; i++) {
		unsigned row = (unsigned)(i - rows->top) + 1;

		if (row >= a.rows)
			break;
		draw_row(m, a, row, name_cols, classes[rows->order[i]], false);
		if (rt_view_is_selected(m, RT_PANEL_CLASSES, i)) {
			rt_area_put(a, row, 0, RT_ROLE_CURSOR, ">");
			rt_area_select(a, row);
		}
	}
}

static void
status(const struct rt_model *m, char *out, size_t size)
{
	snprintf(out, size, "n=%llu",
	    (unsigned long long)rt_model_report(m)->counts.n[RT_C_ATTEMPTS]);
}

static const enum rt_rate_id rates[] = {
    RT_RATE_ERROR, RT_RATE_TIMEOUT, RT_RATE_ACTUAL_SUCCESS, RT_RATE_COUNT};

const struct rt_view rt_view_classes = {draw, status, rates};
