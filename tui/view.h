/* SPDX-License-Identifier: MIT */
/*
 * view — from the model to cells: one const record a panel, drawn through grid.h only.
 *
 * Degrade  Each view has three steps as its area shrinks (full, fewer columns, one line)
 *          and then draws nothing; none refuses and none writes outside its area.
 * Empty    A panel without rows says since when, or what to do; it is never blank.
 * Rates    Each has its n; below RT_FMT_FEW it is dimmed.
 * Trends   Of finished columns, so that they advance once a slot and not once an answer.
 */
#ifndef RT_VIEW_H
#define RT_VIEW_H

#include "tui/facts.h"
#include "tui/fmt.h"
#include "tui/grid.h"
#include "tui/layout.h"

struct rt_view {
	/* Draw below the title; the area may have any size, 0 x 0 too. */
	void (*draw)(const struct rt_model *m, struct rt_area a);
	/* Right part of the title rule: "sort: amp v  6/6"; NULL: nothing. */
	void (*status)(const struct rt_model *m, char *out, size_t size);
	/* Rates that `?` explains on this panel; ends with RT_RATE_COUNT. */
	const enum rt_rate_id *rates;
};

extern const struct rt_view rt_view_overview, rt_view_tries, rt_view_latency,
    rt_view_routes, rt_view_classes, rt_view_fallbacks, rt_view_audit,
    rt_view_canary, rt_view_tail, rt_view_alerts, rt_view_emitters;

const struct rt_view *rt_view_of(enum rt_panel p);

/* The whole screen.  Settles scroll positions: call rt_layout_settle first. */
void rt_view_screen(
    const struct rt_model *m, const struct rt_layout *l, struct rt_grid *g);

/* Single lines. */
void rt_view_rates_line(const struct rt_model *m, struct rt_area a);
void rt_view_fates_line(const struct rt_model *m, struct rt_area a);
/* Lines that the evidence needs at that width, at least 1. */
unsigned rt_view_evidence_rows(const struct rt_model *m, unsigned cols);
/* Lines that each canary takes in a panel of so many rows below its title: 1 or 2. */
unsigned rt_view_canary_lines(
    const struct rt_model *m, unsigned rows, unsigned cols);
/* Where a replay stands. */
void rt_view_position_line(const struct rt_model *m, struct rt_area a);
void rt_view_canary_line(const struct rt_model *m, struct rt_area a);

/* Names and values, for screens too small for tables. */
void rt_view_list(const struct rt_model *m, struct rt_area a);

/* The help screen; rt_view_help_rows is its full length at that width. */
void rt_view_help(const struct rt_model *m, struct rt_area a);
unsigned rt_view_help_rows(const struct rt_model *m, unsigned cols);

/* What is open beyond the panels: a list, an operation or its records (drill.h). */
void rt_view_oplist(const struct rt_model *m, struct rt_area a);
void rt_view_operation(const struct rt_model *m, struct rt_area a);
unsigned rt_view_operation_rows(const struct rt_model *m, unsigned cols);

/* The menu that may be open, over the rows above the keys; its own keys. */
unsigned rt_view_menu_rows(const struct rt_model *m, unsigned cols);
void rt_view_menu(const struct rt_model *m, struct rt_area a);
void rt_view_menu_keys(const struct rt_model *m, struct rt_area a);

/* The operation beside the panels (dock.h), in brief, below its title. */
void rt_view_dock(const struct rt_model *m, struct rt_area a);

/* ---- what views share ---- */

/* DIM below RT_FMT_FEW, else `role`. */
enum rt_role rt_view_role(struct rt_rate r, enum rt_role role);
/* "no data since …", "no events yet: …" or `else_text`, at a row of the area. */
void rt_view_empty(const struct rt_model *m, struct rt_area a, unsigned row,
    const char *else_text);
/* " label 12.3%" at (row, col); returns the column after it. */
unsigned rt_view_rate(struct rt_area a, unsigned row, unsigned col,
    const char *label, enum rt_rate_id id, const struct rt_counts *c);
/* Percentage without its sign, 5 columns: "98.4", "100", "n/a". */
const char *rt_view_bare_pct(char out[RT_FMT_SIZE], struct rt_rate r);
/* Is `place` of the panel the selected one and the panel in focus? */
bool rt_view_is_selected(
    const struct rt_model *m, enum rt_panel p, size_t place);
/* How many columns are finished; all of them where only the last has anything. */
unsigned rt_view_finished(
    const struct rt_report *r, const uint32_t *v, unsigned cols);
/* Number text without leading blanks. */
const char *rt_view_trim(const char *z);

#endif
