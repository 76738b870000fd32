/* SPDX-License-Identifier: MIT */
/*
 * columns — those of the routes table: what each is, which are shown, in which order.
 *
 * Table   One row a column: head, width, what it means and which order it sorts by; the
 *         table, the menu and the help read it.  Widths are fixed, so that nothing moves.
 * Wishes  A column left alone comes and goes with the room there is, by rank; one that is
 *         wanted comes before all of those, one that is not wanted never.
 * Text    "op/s +p50 -err" in order: + wanted, - not wanted.  Columns that are not named
 *         follow, left alone.
 */
#ifndef RT_COLUMNS_H
#define RT_COLUMNS_H

#include <stdbool.h>
#include <stdint.h>

#include "proto/query.h"

/* clang-format off */
/*
 * X(ID, name, head, width, rank of a narrow screen, of a wide one, order, what it means).
 * rank: 0 is always there but where it is tightest; the others come in rising order as
 * long as the route stays readable.
 */
#define RT_COLUMNS(X) \
	X(OPS,      "op/s",  "op/s",   6, 0, 0, RT_SORT_OPS,           "operations ended per second") \
	X(ATTEMPTS, "att/s", "att/s",  6, 2, 1, RT_SORT_ATTEMPTS,      "attempts per second") \
	X(AMP,      "amp",   "amp",    5, 0, 0, RT_SORT_AMPLIFICATION, "attempts of ended operations / operations ended") \
	X(FIRST,    "1st",   "1st%",   5, 0, 0, RT_SORT_FIRST,         "operations that succeeded on the first attempt / ended") \
	X(FINAL,    "fin",   "fin%",   5, 0, 0, RT_SORT_FINAL,         "operations that ended in success / ended") \
	X(ERRORS,   "err",   "err%",   5, 4, 4, RT_SORT_ERROR,         "attempts whose class is not none / attempts") \
	X(RETRY,    "rty",   "rty%",   5, 3, 2, RT_SORT_RETRY,         "attempts with a number above 1 / attempts with number 1") \
	X(FALLBACK, "fbk",   "fbk%",   5, 0, 0, RT_SORT_FALLBACK,      "operations with at least one fallback / ended") \
	X(RESCUED,  "resc",  "resc%",  6, 7, 7, RT_SORT_RESCUED,       "operations that succeeded by retry or fallback / ended") \
	X(P50,      "p50",   "p50",    6, 6, 5, RT_SORT_P50,           "median time of operations, first attempt to last record") \
	X(P95,      "p95",   "p95",    6, 0, 0, RT_SORT_P95,           "95 of 100 operations took no longer") \
	X(P99,      "p99",   "p99",    6, 0, 0, RT_SORT_P99,           "99 of 100 operations took no longer") \
	X(WAIT,     "wait",  "wait",   6, 8, 8, RT_SORT_WAIT,          "95 of 100 announced backoffs were no longer") \
	X(BUDGET,   "bud",   "bud",    5, 0, 0, RT_SORT_RETRY,         "retry ratio over 0.10: ok, LOW above 0.8, OUT from 1, ? below 20 first attempts") \
	X(N,        "n",     "n",      6, 5, 3, RT_SORT_OPS,           "operations ended, what the rates are out of") \
	X(TREND,    "trend", " trend", 9, 1, 6, RT_SORT_COUNT,         "attempts over the last columns of time, newest right; each row has its own height")
/* clang-format on */
#define RT_COLUMNS_RANKS 9u

#define X(id, ...) RT_COLUMN_##id,
enum rt_column { RT_COLUMNS(X) RT_COLUMN_COUNT };
#undef X

struct rt_column_info {
	const char *name, *head;
	unsigned width, rank_narrow, rank_wide;
	enum rt_sort sort; /* RT_SORT_COUNT: none */
	const char *about;
};
const struct rt_column_info *rt_column_info(enum rt_column c);

enum rt_wish { RT_WISH_NONE, RT_WISH_SHOWN, RT_WISH_HIDDEN };

struct rt_columns {
	uint8_t order[RT_COLUMN_COUNT];  /* place to enum rt_column */
	uint8_t wishes[RT_COLUMN_COUNT]; /* by column: enum rt_wish */
};
void rt_columns_init(struct rt_columns *c);

/* What a table of that many columns of cells shows. */
struct rt_columns_plan {
	bool show[RT_COLUMN_COUNT]; /* by column */
	unsigned route_cols;        /* left for the name */
};
/* is_wide: the screen is, whatever the table; its ranks count then. */
void rt_columns_plan(const struct rt_columns *c, unsigned cols, bool is_wide,
    struct rt_columns_plan *out);

/* Move the column at a place by so many; returns its new place. */
unsigned rt_columns_move(struct rt_columns *c, unsigned place, int by);

#define RT_COLUMNS_TEXT 160u
void rt_columns_format(char out[RT_COLUMNS_TEXT], const struct rt_columns *c);
/* False for a word that is no column, or one twice; *out untouched. */
bool rt_columns_from(struct rt_columns *out, const char *text);

#endif
