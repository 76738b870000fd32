/* SPDX-License-Identifier: MIT */
#include "tui/keys.h"

#include <limits.h>

#include "tui/term.h"
#include "tui/view.h"

#define CTRL(c) ((c)&0x1f)

/* clang-format off */
static const struct rt_key_row table[] = {
	{{'?', RT_KEY_F1}, "? F1", RT_ACTION_HELP, "Help",
	    "Help: keys, signs, and what each number means.", 1},
	{{'q'}, "q", RT_ACTION_BACK, "Quit",
	    "Leave help, then zoom, then the program.", 2},
	{{'Q', CTRL('c')}, "Q Ctrl-C", RT_ACTION_QUIT, "Quit now",
	    "Leave the program at once.", 0},
	{{RT_KEY_ESC}, "Esc", RT_ACTION_ESCAPE, "Back",
	    "Leave help or zoom; never the program.", 0},
	{{RT_KEY_TAB}, "Tab", RT_ACTION_NEXT_PANEL, "Next",
	    "Focus the next panel.", 4},
	{{RT_KEY_BACKTAB}, "Shift-Tab", RT_ACTION_PREVIOUS_PANEL, "Panel back",
	    "Focus the panel before.", 0},
	{{'1', '2', '3', '4', '5', '6', '7', '8', '9'}, "1-9", RT_ACTION_PANEL, "Panel",
	    "Focus a panel by its number; a small screen shows it as its table.", 5},
	{{'j', RT_KEY_DOWN}, "j Down", RT_ACTION_DOWN, "Down",
	    "Move the cursor down.", 0},
	{{'k', RT_KEY_UP}, "k Up", RT_ACTION_UP, "Up",
	    "Move the cursor up; in the tail this holds it.", 0},
	{{RT_KEY_PAGE_DOWN, CTRL('d')}, "PgDn Ctrl-D", RT_ACTION_PAGE_DOWN, "Page down",
	    "Move a page down.", 0},
	{{RT_KEY_PAGE_UP, CTRL('u')}, "PgUp Ctrl-U", RT_ACTION_PAGE_UP, "Page up",
	    "Move a page up.", 0},
	{{'g', RT_KEY_HOME}, "g Home", RT_ACTION_FIRST, "First",
	    "Move to the first row.", 0},
	{{'G', RT_KEY_END}, "G End", RT_ACTION_LAST, "Last",
	    "Move to the last row; in the tail follow it again.", 0},
	{{'w'}, "w", RT_ACTION_WINDOW, "Window",
	    "Next window: 1m, 5m, 15m, 1h.", 6},
	{{'+', '='}, "+", RT_ACTION_LONGER, "Longer",
	    "Longer window.", 0},
	{{'-'}, "-", RT_ACTION_SHORTER, "Shorter",
	    "Shorter window.", 0},
	{{'s'}, "s", RT_ACTION_SORT, "Sort",
	    "Next order of the routes: attempts, amp, error, fallback, failed, p95, name.", 7},
	{{'r'}, "r", RT_ACTION_REVERSE, "Reverse",
	    "Reverse the order of the routes.", 9},
	{{'z'}, "z", RT_ACTION_ZOOM, "Zoom",
	    "The panel in focus on the whole screen, and back.", 8},
	{{' '}, "Space", RT_ACTION_FREEZE, "Freeze",
	    "Freeze the screen and go on; intake goes on and what is held is counted.", 3},
	{{'F'}, "F", RT_ACTION_FOLLOW, "Follow",
	    "Follow the tail again.", 10},
	{{'T'}, "T", RT_ACTION_CLOCK, "UTC/local",
	    "Times in UTC or local.", 11},
	{{'A'}, "A", RT_ACTION_ASCII, "ASCII",
	    "Draw with ASCII only, or with what the terminal can do.", 12},
	{{CTRL('l')}, "Ctrl-L", RT_ACTION_REDRAW, "Redraw",
	    "Draw the whole screen anew.", 0},
	{{CTRL('z')}, "Ctrl-Z", RT_ACTION_SUSPEND, "Suspend",
	    "Suspend; fg comes back.", 0},
};
/* clang-format on */

const struct rt_key_row *
rt_keys(unsigned *count)
{
	*count = (unsigned)RT_COUNT_OF(table);
	return table;
}

const struct rt_key_row *
rt_keys_at(int code)
{
	for (unsigned i = 0; code != 0 && i < RT_COUNT_OF(table); i++)
		for (unsigned k = 0; k < RT_KEY_CODES; k++)
			if (table[i].codes[k] == code)
				return &table[i];
	return NULL;
}

/* ---- what they do ----------------------------------------------------- */

static void
focus(struct rt_model *m, enum rt_panel p)
{
	m->focus = p;
	if (p != RT_PANEL_TAIL && p != RT_PANEL_OVERVIEW)
		m->table = p;
}

static void
step_window(struct rt_model *m, int by, bool wrap)
{
	static const uint32_t windows[] = {
#define X(seconds, name) seconds,
	    RT_WINDOWS(X)
#undef X
	};
	const int count = (int)RT_COUNT_OF(windows);
	int at = 0;

	while (at < count - 1 && windows[at] != m->window_s)
		at++;
	at += by;
	if (wrap)
		at = (at + count) % count;
	at = at < 0 ? 0 : at >= count ? count - 1 : at;
	m->ask_now = m->window_s != windows[at];
	m->window_s = windows[at];
}

static void
ask_anew(struct rt_model *m)
{
	m->ask_now = true;
	m->keep_order = false;
}

static void
scroll(struct rt_model *m, const struct rt_layout *l, int by)
{
	int64_t last, top = (int64_t)m->help_top + by;

	if (!m->help) {
		rt_model_move(m, by);
		return;
	}
	last = (int64_t)rt_view_help_rows(m, l->cols) - (int64_t)l->rows + 3;
	top = top > last ? last : top;
	m->help_top = (unsigned)(top < 0 ? 0 : top);
}

static int
page_of(const struct rt_model *m, const struct rt_layout *l)
{
	if (m->help)
		return l->rows > 5 ? (int)l->rows - 4 : 1;
	return (int)rt_layout_page(l, m->focus);
}

static enum rt_effect
leave(struct rt_model *m)
{
	if (m->help)
		m->help = false;
	else if (m->zoomed)
		m->zoomed = false;
	else
		return RT_EFFECT_QUIT;
	return RT_EFFECT_DRAW;
}

static void
toggle_help(struct rt_model *m)
{
	m->help = !m->help;
	m->help_top = 0;
}

static void
turn_panel(struct rt_model *m, unsigned by)
{
	focus(m, (enum rt_panel)(((unsigned)m->focus + by) % RT_PANEL_COUNT));
}

static void
follow(struct rt_model *m)
{
	m->follow = true;
}

static enum rt_effect
act(struct rt_model *m, const struct rt_layout *l, enum rt_action a, int code)
{
	switch (a) {
	case RT_ACTION_HELP: toggle_help(m); break;
	case RT_ACTION_BACK: return leave(m);
	case RT_ACTION_QUIT: return RT_EFFECT_QUIT;
	case RT_ACTION_ESCAPE: (void)leave(m); break;
	case RT_ACTION_NEXT_PANEL: turn_panel(m, 1); break;
	case RT_ACTION_PREVIOUS_PANEL: turn_panel(m, RT_PANEL_COUNT - 1); break;
	case RT_ACTION_PANEL: focus(m, (enum rt_panel)(code - '1')); break;
	case RT_ACTION_DOWN: scroll(m, l, 1); break;
	case RT_ACTION_UP: scroll(m, l, -1); break;
	case RT_ACTION_PAGE_DOWN: scroll(m, l, page_of(m, l)); break;
	case RT_ACTION_PAGE_UP: scroll(m, l, -page_of(m, l)); break;
	case RT_ACTION_FIRST: scroll(m, l, INT_MIN); break;
	case RT_ACTION_LAST: scroll(m, l, INT_MAX); break;
	case RT_ACTION_WINDOW: step_window(m, 1, true); break;
	case RT_ACTION_LONGER: step_window(m, 1, false); break;
	case RT_ACTION_SHORTER: step_window(m, -1, false); break;
	case RT_ACTION_SORT:
		m->sort = (enum rt_sort)((m->sort + 1) % RT_SORT_COUNT);
		ask_anew(m);
		break;
	case RT_ACTION_REVERSE:
		m->reverse = !m->reverse;
		ask_anew(m);
		break;
	case RT_ACTION_ZOOM: m->zoomed = !m->zoomed; break;
	case RT_ACTION_FREEZE: rt_model_freeze(m, !m->is_frozen); break;
	case RT_ACTION_FOLLOW: follow(m); break;
	case RT_ACTION_CLOCK: m->utc = !m->utc; break;
	case RT_ACTION_ASCII: m->ascii = !m->ascii; return RT_EFFECT_ASCII;
	case RT_ACTION_REDRAW: return RT_EFFECT_REDRAW;
	case RT_ACTION_SUSPEND: return RT_EFFECT_SUSPEND;
	case RT_ACTION_COUNT: break;
	}
	return RT_EFFECT_DRAW;
}

enum rt_effect
rt_keys_apply(struct rt_model *m, const struct rt_layout *l, int code)
{
	const struct rt_key_row *row = rt_keys_at(code);

	if (!row)
		return RT_EFFECT_NONE;
	m->key_at = m->now;
	return act(m, l, row->action, code);
}
