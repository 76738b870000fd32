/* SPDX-License-Identifier: MIT */
#include "tui/palette.h"

#include <string.h>

enum { BLACK, RED, GREEN, YELLOW, BLUE, MAGENTA, CYAN, WHITE };
enum {
	N = 0,
	D = RT_ATTR_DIM,
	B = RT_ATTR_BOLD,
	U = RT_ATTR_UNDERLINE,
	R = RT_ATTR_REVERSE,
};

/*
 * Blue against orange, never red against green; warn and bad differ in lightness or in
 * blue as well, which those who see red and green alike still tell apart.
 */
/* clang-format off */
static const struct {
	struct { short of_256, of_8; } dark, light, safe;
	unsigned attr, mono;
} looks[RT_ROLE_COUNT] = {
	[RT_ROLE_TEXT]      = {{-1, -1}, {-1, -1}, {-1, -1}, N, N},
	[RT_ROLE_DIM]       = {{-1, -1}, {-1, -1}, {-1, -1}, D, D},
	[RT_ROLE_STRONG]    = {{-1, -1}, {-1, -1}, {-1, -1}, B, B},
	[RT_ROLE_TITLE]     = {{110, CYAN}, {24, BLUE}, {-1, -1}, N, B},
	[RT_ROLE_HEADER]    = {{-1, -1}, {-1, -1}, {-1, -1}, B, B},
	[RT_ROLE_FOOTER]    = {{250, -1}, {240, -1}, {-1, -1}, N, N},
	[RT_ROLE_COLUMN]    = {{250, -1}, {240, -1}, {-1, -1}, U, U},
	[RT_ROLE_CURSOR]    = {{-1, -1}, {-1, -1}, {-1, -1}, R, R},
	[RT_ROLE_GOOD]      = {{75, CYAN}, {25, BLUE}, {27, CYAN}, N, N},
	[RT_ROLE_WARN]      = {{221, YELLOW}, {130, RED}, {136, YELLOW}, N, B},
	[RT_ROLE_BAD]       = {{203, RED}, {161, RED}, {198, MAGENTA}, B, B | U},
	[RT_ROLE_CHART]     = {{74, CYAN}, {31, BLUE}, {27, CYAN}, N, N},
	[RT_ROLE_CHART_BAD] = {{203, RED}, {161, RED}, {198, MAGENTA}, N, B},
	[RT_ROLE_ACCENT]    = {{177, MAGENTA}, {90, MAGENTA}, {-1, -1}, N, U},
};
/* clang-format on */

static const char *const names[RT_THEME_COUNT] = {
#define X(id, name) name,
    RT_THEMES(X)
#undef X
};

const char *
rt_theme_name(enum rt_theme t)
{
	return (unsigned)t < RT_THEME_COUNT ? names[t] : "?";
}

bool
rt_theme_from(const char *name, enum rt_theme *out)
{
	for (unsigned t = 0; t < RT_THEME_COUNT; t++)
		if (strcmp(names[t], name) == 0) {
			*out = (enum rt_theme)t;
			return true;
		}
	return false;
}

struct rt_look
rt_palette_look(enum rt_theme t, enum rt_role r)
{
	struct rt_look l = {-1, -1, looks[r].mono, looks[r].mono};

	if (t == RT_THEME_MONO)
		return l;
	l.attr = looks[r].attr;
	switch (t) {
	case RT_THEME_LIGHT:
		l.of_256 = looks[r].light.of_256;
		l.of_8 = looks[r].light.of_8;
		break;
	case RT_THEME_SAFE:
		l.of_256 = looks[r].safe.of_256;
		l.of_8 = looks[r].safe.of_8;
		break;
	case RT_THEME_DARK:
	case RT_THEME_MONO:
	case RT_THEME_COUNT:
		l.of_256 = looks[r].dark.of_256;
		l.of_8 = looks[r].dark.of_8;
		break;
	}
	return l;
}
