/* SPDX-License-Identifier: MIT */
/*
 * palette — how each role looks in each theme.
 *
 * Colours  Numbers of the 256 that xterm names, and of the first 8 for terminals with no
 *          more; -1 is the terminal's own.  The background is always the terminal's own.
 * Themes   dark and light suit such a background; safe has the widest distances and
 *          stands out on either; mono has attributes only.
 * Safe     In every theme good, warn and bad stay apart for protanopes, deuteranopes and
 *          tritanopes: at least RT_PALETTE_APART in CIELAB, as simulated with the
 *          matrices of Machado, Oliveira and Fernandes (2009).  That holds for 256
 *          colours; what a terminal makes of the first 8 is its own affair.  Severity is
 *          a glyph and a word as well.
 */
#ifndef RT_PALETTE_H
#define RT_PALETTE_H

#include <stdbool.h>

#include "tui/role.h"

#define RT_PALETTE_APART 30 /* least distance (CIE76) of two severities */

#define RT_THEMES(X)      \
	X(DARK, "dark")   \
	X(LIGHT, "light") \
	X(MONO, "mono")   \
	X(SAFE, "safe")
#define X(id, name) RT_THEME_##id,
enum rt_theme { RT_THEMES(X) RT_THEME_COUNT };
#undef X
const char *rt_theme_name(enum rt_theme t);
/* False for a name that is none; *out untouched. */
bool rt_theme_from(const char *name, enum rt_theme *out);

enum rt_attr {
	RT_ATTR_DIM = 1,
	RT_ATTR_BOLD = 2,
	RT_ATTR_UNDERLINE = 4,
	RT_ATTR_REVERSE = 8,
};

struct rt_look {
	short of_256, of_8; /* -1: the terminal's own colour */
	unsigned attr;      /* enum rt_attr, with these colours */
	unsigned mono;      /* without any */
};
struct rt_look rt_palette_look(enum rt_theme t, enum rt_role r);

#endif
