/* SPDX-License-Identifier: MIT */
/*
 * drill — a screen of operations to go into: their events, their rows in the panels, and
 * the records of op-5d1e.
 */
#ifndef RT_TEST_DRILL_H
#define RT_TEST_DRILL_H

#include "tests/unit/screen.h"
#include "tui/drill.h"

#define ROWS 24
#define COLS 80

/* The three records of op-5d1e. */
#define DRILL_LINES 3
extern const char *const drill_lines[DRILL_LINES];

/* The panels, answered once, with seven events in the tail; world_close ends it. */
void drill_open(struct world *w);
/* The same with op-5d1e opened from the tail, not answered yet. */
void open_operation(struct world *w);
/* An answer with `count` records for operation `id`; NULL: none is asked for. */
void drill_answer(struct world *w, const char *id, size_t count);
enum rt_effect drill_press(struct world *w, int key);
void drill_type(struct world *w, const char *z);
enum rt_page page_of(const struct world *w);
/* Ids of the open list, joined. */
const char *listed(const struct world *w);

#endif
