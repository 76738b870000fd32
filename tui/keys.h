/* SPDX-License-Identifier: MIT */
/*
 * keys — one table of keys: the dispatcher, the help screen, the footer and the test of
 * the man page all read it.  No key is listed that does nothing.
 */
#ifndef RT_TUI_KEYS_H
#define RT_TUI_KEYS_H

#include "tui/layout.h"

enum rt_action {
	RT_ACTION_HELP,
	RT_ACTION_BACK,
	RT_ACTION_QUIT,
	RT_ACTION_ESCAPE,
	RT_ACTION_NEXT_PANEL,
	RT_ACTION_PREVIOUS_PANEL,
	RT_ACTION_PANEL,
	RT_ACTION_DOWN,
	RT_ACTION_UP,
	RT_ACTION_PAGE_DOWN,
	RT_ACTION_PAGE_UP,
	RT_ACTION_FIRST,
	RT_ACTION_LAST,
	RT_ACTION_ENTER,
	RT_ACTION_NEXT,
	RT_ACTION_PREVIOUS,
	RT_ACTION_NEXT_FAILED,
	RT_ACTION_PREVIOUS_FAILED,
	RT_ACTION_NEXT_BROKE,
	RT_ACTION_PREVIOUS_BROKE,
	RT_ACTION_RECORDS,
	RT_ACTION_HISTORY_BACK,
	RT_ACTION_HISTORY_FORWARD,
	RT_ACTION_WORST,
	RT_ACTION_ACKNOWLEDGE,
	RT_ACTION_BELL,
	RT_ACTION_FILTER,
	RT_ACTION_COMMAND,
	RT_ACTION_CLEAR,
	RT_ACTION_EXPORT,
	RT_ACTION_COPY,
	RT_ACTION_COPY_ROW,
	RT_ACTION_WINDOW,
	RT_ACTION_LONGER,
	RT_ACTION_SHORTER,
	RT_ACTION_SORT,
	RT_ACTION_SORT_BEFORE,
	RT_ACTION_SORT_NEXT,
	RT_ACTION_REVERSE,
	RT_ACTION_COLUMNS,
	RT_ACTION_EARLIER,
	RT_ACTION_LATER,
	RT_ACTION_MUCH_EARLIER,
	RT_ACTION_MUCH_LATER,
	RT_ACTION_ZOOM,
	RT_ACTION_FREEZE,
	RT_ACTION_STEP,
	RT_ACTION_STEP_BACK,
	RT_ACTION_FOLLOW,
	RT_ACTION_CLOCK,
	RT_ACTION_ASCII,
	RT_ACTION_MOUSE,
	RT_ACTION_REDRAW,
	RT_ACTION_SUSPEND,
	RT_ACTION_COUNT,
};

#define RT_KEY_CODES 10u
#define RT_KEYS_OF_REPLAY 0x100u /* in rt_key_row.pages: only there */

struct rt_key_row {
	int codes[RT_KEY_CODES]; /* characters and enum rt_key; 0 ends */
	const char *keys;        /* as people call them */
	enum rt_action action;
	const char *label; /* in the footer */
	const char *help;  /* one sentence */
	unsigned footer;   /* 1: shown first when there is room; 0: never */
	unsigned pages;    /* bits 1 << enum rt_page: where it does something */
};

const struct rt_key_row *rt_keys(unsigned *count);
/* NULL where the key does nothing on any page. */
const struct rt_key_row *rt_keys_at(int code);
/* Does it do something on the page that is open? */
bool rt_keys_work(const struct rt_key_row *row, const struct rt_model *m);

/* What the loop has to do beyond drawing anew. */
enum rt_effect {
	RT_EFFECT_NONE, /* the key does nothing */
	RT_EFFECT_DRAW,
	RT_EFFECT_QUIT,
	RT_EFFECT_REDRAW,
	RT_EFFECT_SUSPEND,
	RT_EFFECT_ASCII,
	RT_EFFECT_MOUSE,  /* m->mouse says on or off */
	RT_EFFECT_COPY,   /* m->clip to the clipboard */
	RT_EFFECT_EXPORT, /* the open operation to the file m->export_to */
	RT_EFFECT_SAVE,   /* the window on the screen to that file */
};
/* What `x` does on the page that is open, into `file` ("": one of its own). */
enum rt_effect rt_keys_export(struct rt_model *m, const char *file);
enum rt_effect rt_keys_apply(
    struct rt_model *m, const struct rt_layout *l, int code);

#endif
