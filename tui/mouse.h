/* SPDX-License-Identifier: MIT */
/*
 * mouse — what a click and the wheel do, where the user asked for the mouse.
 *
 * Click  Focuses the panel and points at the row that was clicked; in a list of
 *        operations, at that operation.  Enter opens it, as ever.
 * Wheel  Moves the cursor of the panel under the pointer, or scrolls what is open.
 * Off    As it starts: a terminal whose mouse is taken no longer selects text by itself.
 */
#ifndef RT_MOUSE_H
#define RT_MOUSE_H

#include "tui/layout.h"

#define RT_MOUSE_WHEEL 3 /* rows a notch */

/* A key with a place in it (term.h).  False where it meant nothing. */
bool rt_mouse_apply(struct rt_model *m, const struct rt_layout *l, int code);

#endif
