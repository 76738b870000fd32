/* SPDX-License-Identifier: MIT */
/*
 * role — what a cell means; the terminal decides how that looks.
 *
 * Views name roles, never colours.  term.c maps each role for 256, 8 and 0 colours
 * and for the themes.  Severity is never colour alone: a glyph and a word go with it.
 */
#ifndef RT_ROLE_H
#define RT_ROLE_H

/* X(ID, name): */
#define RT_ROLES(X)                                                        \
	X(TEXT, "text")                                                    \
	X(DIM, "dim")       /* too few, absent, old */                     \
	X(STRONG, "strong") /* the number one looks for */                 \
	X(TITLE, "title")   /* panel rules */                              \
	X(HEADER, "header") /* the top line */                             \
	X(FOOTER, "footer") /* the key line */                             \
	X(COLUMN, "column") /* column heads */                             \
	X(CURSOR, "cursor") /* the selected row; combines with the rest */ \
	X(GOOD, "good")                                                    \
	X(WARN, "warn")                                                    \
	X(BAD, "bad")                                                      \
	X(CHART, "chart") /* bars and sparklines */                        \
	X(CHART_BAD, "chart_bad")                                          \
	X(ACCENT, "accent") /* retries, fallbacks: neither good nor bad */

#define X(id, name) RT_ROLE_##id,
enum rt_role { RT_ROLES(X) RT_ROLE_COUNT };
#undef X

const char *rt_role_name(enum rt_role r);

#endif
