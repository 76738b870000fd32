/* SPDX-License-Identifier: MIT */
/*
 * choices — what the user chose and wants to find again: as text and back.
 *
 * Text    Sections of `name = value`: [screen], [routes], [orders], and [filters] and [commands] with
 *         the lines typed last.  Such a line stands between bars, parts of it on further
 *         lines that begin with a blank; %XX is a byte.  What is not there stays as it is.
 * Broken  What is unknown or has no such value is left out and counted; the first is
 *         named in the diag.  Nothing in the text can fail the dashboard.
 * Keep    rt_choices_follow takes over only what changed on the screen, so that what an
 *         option of the command line set for one run is not kept for the next.
 * Pure    The file is tui/state.c's.
 */
#ifndef RT_CHOICES_H
#define RT_CHOICES_H

#include "tui/model.h"

#define RT_CHOICES_MAX 65536u /* bytes of text */

struct rt_choices {
	uint32_t window_s;
	enum rt_theme theme;
	bool utc, ascii;
	struct rt_columns columns;
	enum rt_sort sort;
	bool reverse;
	unsigned orders[RT_PANEL_COUNT]; /* of the other panels */
	bool reversed[RT_PANEL_COUNT];
	struct rt_prompt_history history[RT_PROMPT_KINDS];
};

/* What the model has now. */
void rt_choices_get(struct rt_choices *c, const struct rt_model *m);
/* The model takes them over. */
void rt_choices_apply(const struct rt_choices *c, struct rt_model *m);

/* *kept gets what differs between *before and *now; true where that was anything. */
bool rt_choices_follow(struct rt_choices *kept, const struct rt_choices *before,
    const struct rt_choices *now);

void rt_choices_encode(struct rt_buf *b, const struct rt_choices *c);
/* How many lines were left out; the first of them in the diag. */
unsigned rt_choices_decode(
    struct rt_choices *c, const char *text, struct rt_diag *d);

#endif
