/* SPDX-License-Identifier: MIT */
/*
 * colon — what can be typed after `:`.
 *
 * Table   One row a command: dispatcher, completion, help and the test of the man page
 *         read it.  To add one: a row in colon.c and the same sentence in retrytop.1.
 * Names   May be cut short as long as one command alone begins so.
 * Trouble Said in a sentence, with the commands that come nearest; the line stays.
 */
#ifndef RT_COLON_H
#define RT_COLON_H

#include "tui/keys.h"

/* A command at hand. */
struct rt_colon_call {
	struct rt_model *m;
	const char *argument;  /* behind the name, without blanks around; "" */
	enum rt_effect effect; /* RT_EFFECT_DRAW unless it says otherwise */
};

struct rt_colon_row {
	const char *name;
	const char *alias;     /* another name; NULL: none */
	const char *arguments; /* as people write them; "": it takes none */
	const char *help;      /* one sentence */
	/* RT_E_FIELD for an argument that is none, with the reason. */
	enum rt_err (*run)(struct rt_colon_call *c, struct rt_diag *d);
	/* Words that may stand at `word`; NULL: nothing to complete. */
	void (*complete)(const char *word, const struct rt_report *r,
	    rt_filter_each each, void *ctx);
};

const struct rt_colon_row *rt_colon_rows(unsigned *count);

/*
 * Run a line.  RT_E_FIELD where it is no command or not like that, the reason in the
 * diag; nothing has happened then.  An empty line does nothing.
 */
RT_NODISCARD enum rt_err rt_colon_run(struct rt_model *m, const char *line,
    enum rt_effect *effect, struct rt_diag *d);

/* What the line above the prompt says: how the command at hand is used. */
void rt_colon_hint(char *out, size_t size, const char *line);

/* What may stand where the last word of `line` does; calls `each` until it is false. */
void rt_colon_complete(const char *line, const struct rt_report *r,
    rt_filter_each each, void *ctx);

#endif
