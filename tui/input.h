/* SPDX-License-Identifier: MIT */
/*
 * input — bytes from a terminal as keys.
 *
 * Shape   Characters come as code points, the rest as enum rt_key (term.h).  Sequences
 *         are those that xterm, the Linux console, rxvt, screen and tmux send, with
 *         modifiers ignored; any other control sequence is swallowed whole, so that an
 *         unexpected answer of a terminal never reads as a row of commands.
 * Escape  A lone ESC byte may begin a sequence: the caller waits RT_INPUT_ESC_MS, or
 *         RT_INPUT_SEQUENCE_MS once more of a sequence is there, then says `waited`.
 * Bounds  256 bytes typed ahead; more are dropped.
 */
#ifndef RT_INPUT_H
#define RT_INPUT_H

#include <stdbool.h>
#include <stddef.h>

#define RT_INPUT_SIZE 256u
#define RT_INPUT_ESC_MS 25
#define RT_INPUT_SEQUENCE_MS 250

/* All zero is empty. */
struct rt_input {
	unsigned char bytes[RT_INPUT_SIZE];
	size_t len;
};

void rt_input_add(struct rt_input *in, const void *bytes, size_t len);

/* Take the next key; RT_KEY_NONE: none, or (len > 0) not all of it yet. */
int rt_input_next(struct rt_input *in, bool waited);

#endif
