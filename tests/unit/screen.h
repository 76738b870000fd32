/* SPDX-License-Identifier: MIT */
/*
 * screen — a dashboard without terminal and collector: reports are put in by hand, time
 * passes as told, keys are pressed, and the screen is read as text.
 */
#ifndef RT_TEST_SCREEN_H
#define RT_TEST_SCREEN_H

#include "proto/report.h"
#include "tests/unit/util.h"
#include "tui/grid.h"
#include "tui/keys.h"
#include "tui/model.h"
#include "tui/view.h"

#define NOW_US INT64_C(1781341471000000) /* 2026-06-13T09:04:31Z */

/* ---- any model --------------------------------------------------------- */

/* Where everything is on a screen of that size. */
struct rt_layout screen_place(struct rt_model *m, unsigned rows, unsigned cols);
struct rt_layout screen_draw(
    struct rt_model *m, struct rt_grid *g, unsigned rows, unsigned cols);
enum rt_effect screen_press(
    struct rt_model *m, unsigned rows, unsigned cols, int key);
/* What was drawn, a line a row; valid until the next call. */
const char *screen_text(const struct rt_grid *g);

#define assert_shows(g, needle) \
	screen_assert((g), (needle), true, __FILE__, __LINE__)
#define assert_hides(g, needle) \
	screen_assert((g), (needle), false, __FILE__, __LINE__)
void screen_assert(const struct rt_grid *g, const char *needle, bool is_there,
    const char *file, int line);

/* What was drawn is tests/golden/NAME.screen. */
#define assert_golden(g, name) \
	screen_assert_golden((g), (name), __FILE__, __LINE__)
void screen_assert_golden(
    const struct rt_grid *g, const char *name, const char *file, int line);

/* ---- a world with one screen in it ------------------------------------- */

struct world {
	struct rt_model *m;
	struct rt_report r;
	struct rt_grid g;
	rt_mono_t mono;
};

/* At NOW_US, before the first answer. */
void world_open(struct world *w);
void world_close(struct world *w);
void world_pass_ms(struct world *w, int64_t ms);
/* A report, filled anew, arrives. */
void world_answer(struct world *w, void (*fill)(struct rt_report *r));
/* In a report: a live collector at NOW_US, nothing else. */
void world_fill_source(struct rt_report *r);
void world_draw(struct world *w, unsigned rows, unsigned cols);
enum rt_effect world_press(
    struct world *w, unsigned rows, unsigned cols, int key);

#endif
