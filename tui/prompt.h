/* SPDX-License-Identifier: MIT */
/*
 * prompt — a line being typed: editing, history, completion.
 *
 * Kinds  A filter (after `/`) or a command (after `:`); each has a history of its own.
 * Keys   Left, Right, Home, End, Backspace, Delete; Ctrl-U empties, Ctrl-W takes a word;
 *        Up and Down go through what was accepted before; Tab completes the last word,
 *        again takes the next candidate; Enter accepts, Esc cancels.
 * Text   Clean UTF-8 of at most RT_FILTER_MAX bytes, for a command RT_PROMPT_MAX; what
 *        does not fit is not taken.
 */
#ifndef RT_PROMPT_H
#define RT_PROMPT_H

#include "tui/filter.h"

#define RT_PROMPT_HISTORY 16u
#define RT_PROMPT_MAX 500u

enum rt_prompt_kind { RT_PROMPT_FILTER, RT_PROMPT_COMMAND, RT_PROMPT_KINDS };

struct rt_prompt_history {
	char lines[RT_PROMPT_HISTORY][RT_PROMPT_MAX + 1]; /* newest last */
	unsigned count;
};

struct rt_prompt {
	bool is_open;
	enum rt_prompt_kind kind;
	char text[RT_PROMPT_MAX + 1];
	size_t at; /* byte of the cursor */
	struct rt_prompt_history history[RT_PROMPT_KINDS];
	unsigned back; /* how far up in it; 0: the line itself */
	char draft[RT_PROMPT_MAX + 1]; /* the line while one is up there */
	char stem[RT_PROMPT_MAX + 1];  /* before the first Tab */
	size_t stem_at;
	unsigned tabs;     /* pressed in a row */
	char trouble[256]; /* why the line was not accepted; empty */
};

void rt_prompt_open(
    struct rt_prompt *p, enum rt_prompt_kind kind, const char *text);
void rt_prompt_close(struct rt_prompt *p);

enum rt_prompt_result {
	RT_PROMPT_EDITS,
	RT_PROMPT_ACCEPTED,
	RT_PROMPT_CANCELLED
};
/* Accepted does not close it: the caller may have something against the text. */
enum rt_prompt_result rt_prompt_key(
    struct rt_prompt *p, int code, const struct rt_report *r);

/* Put the text into the history; the same as the last one is not put twice. */
void rt_prompt_remember(struct rt_prompt *p);

#endif
