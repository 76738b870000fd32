/* SPDX-License-Identifier: MIT */
/*
 * role — what a cell means; the terminal decides how that looks.
 *
 * Views name roles, never colours.  term.c maps each role for 256, 8 and 0 colours
 * and for the themes.  Severity is never colour alone: a glyph and a word go with it.
 */
#ifndef RT_ROLE_H
#define RT_ROLE_H

enum rt_role {
	RT_ROLE_TEXT,
	RT_ROLE_DIM,    /* too few, absent, old */
	RT_ROLE_STRONG, /* the number one looks for */
	RT_ROLE_TITLE,  /* panel rules */
	RT_ROLE_HEADER, /* the top line */
	RT_ROLE_FOOTER, /* the key line */
	RT_ROLE_COLUMN, /* column heads */
	RT_ROLE_CURSOR, /* the selected row; combines with the rest */
	RT_ROLE_GOOD,
	RT_ROLE_WARN,
	RT_ROLE_BAD,
	RT_ROLE_CHART, /* bars and sparklines */
	RT_ROLE_CHART_BAD,
	RT_ROLE_ACCENT, /* retries, fallbacks: neither good nor bad */
	RT_ROLE_COUNT
};

#endif
