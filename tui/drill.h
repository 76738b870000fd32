/* SPDX-License-Identifier: MIT */
/*
 * drill — from a panel to its operations, to one operation, to its records, and back.
 *
 * Pages    PANELS is the dashboard; LIST the operations of the row it was opened on;
 *          OPERATION one waterfall; RECORDS its canonical lines.  Escape goes one up.
 * Answer   While an operation is open each question names it; what comes back is kept
 *          here, also when the collector later holds it no more (is_gone).
 * History  The last RT_VISITS pages, as in a browser: going elsewhere from the middle
 *          forgets what came after.  Stepping through a list replaces the visit.
 * Pure     The model is handed in; see model.h.
 */
#ifndef RT_DRILL_H
#define RT_DRILL_H

#include "proto/buf.h"
#include "proto/query.h"
#include "proto/waterfall.h"
#include "tui/oplist.h"

#define RT_VISITS 32u

enum rt_page {
	RT_PAGE_PANELS,
	RT_PAGE_LIST,
	RT_PAGE_OPERATION,
	RT_PAGE_RECORDS
};
enum rt_held { RT_HELD_ASKING, RT_HELD_YES, RT_HELD_NO };

struct rt_visit {
	enum rt_page page;
	unsigned focus; /* enum rt_panel */
	struct rt_list_of of;
	char id[RT_QUERY_OPERATION_MAX + 1];
};

struct rt_drill {
	enum rt_page page;
	struct rt_oplist list;
	/* the operation */
	char id[RT_QUERY_OPERATION_MAX + 1]; /* empty: none is open */
	enum rt_held held;
	bool is_gone; /* it was held and is no more */
	struct rt_waterfall fall;
	struct rt_buf lines; /* canonical records, '\n' after each */
	unsigned top;        /* first line shown */
	/* history */
	struct rt_visit visits[RT_VISITS];
	unsigned visit, visits_count;
};

void rt_drill_init(struct rt_drill *d);
void rt_drill_fini(struct rt_drill *d);

/* Is an operation wanted from the collector? */
bool rt_drill_wants(const struct rt_drill *d);
/* The answer to a question that named an operation; another one's is ignored. */
void rt_drill_answer(
    struct rt_drill *d, const struct rt_report_operation *from);

/* What is known of the open operation is of another moment: ask anew. */
void rt_drill_forget(struct rt_drill *d);

struct rt_model;

/* What the list of the row in focus is of; false where the panel has no row: of all. */
bool rt_drill_list_of(const struct rt_model *m, struct rt_list_of *of);
/* Enter: the list of the row in focus, or the operation under the cursor. */
bool rt_drill_enter(struct rt_model *m);
/* The operation of that id, in the list of all, wherever one is. */
void rt_drill_open(struct rt_model *m, const char *id);
/* One page up; false on the dashboard itself. */
bool rt_drill_up(struct rt_model *m);
/* To the dashboard, wherever one was. */
void rt_drill_leave(struct rt_model *m);
/* The operation's records, and back. */
bool rt_drill_records(struct rt_model *m);
/* -1 back, 1 forward. */
bool rt_drill_history(struct rt_model *m, int by);

/* Which operations a step stops at. */
enum rt_step { RT_STEP_ANY, RT_STEP_FAILED, RT_STEP_BROKE };
/* To the next (1) or previous (-1) such operation: of the list, else of the tail. */
bool rt_drill_step(struct rt_model *m, enum rt_step which, int by);
/* Make the open list anew, the cursor on the same operation. */
void rt_drill_refilter(struct rt_model *m);

/* Move the cursor of a list or scroll a page of `rows` lines. */
void rt_drill_move(struct rt_model *m, int by, unsigned rows, unsigned all);

#endif
