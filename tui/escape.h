/* SPDX-License-Identifier: MIT */
/*
 * escape — sequences for the terminal beside those of ncurses, and those of ncurses that
 * are for nothing.  Bytes only: term writes them.
 */
#ifndef RT_ESCAPE_H
#define RT_ESCAPE_H

#include "proto/buf.h"

/* A frame between them is shown at once. */
#define RT_ESCAPE_SYNC_BEGIN "\033[?2026h"
#define RT_ESCAPE_SYNC_END "\033[?2026l"
/* Presses and the wheel, places as decimal numbers however far right. */
#define RT_ESCAPE_MOUSE_ON "\033[?1000h\033[?1006h"
#define RT_ESCAPE_MOUSE_OFF "\033[?1006l\033[?1000l"

/* Bytes of text that can be copied; more is too much for some terminals. */
#define RT_ESCAPE_COPY_MAX 65536u

/* OSC 52: the clipboard holds this text; nothing where it is too long. */
void rt_escape_copy(struct rt_buf *b, const char *z);

/* A capability of terminfo without its padding; NULL: nothing. */
void rt_escape_capability(struct rt_buf *b, const char *cap);

/*
 * Leaves out what ncurses wrote for nothing from `from` on: it selects the ASCII character
 * set anew with each change of attributes, though nothing is ever drawn from another, and
 * ends a colour right before it ends all attributes.  Taking the screen anew it puts back a
 * palette that nobody here changed, and with it what the user did.  Cells hold no escape,
 * so all of these are its own.
 */
void rt_escape_thin(struct rt_buf *b, size_t from);

#endif
