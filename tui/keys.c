/* SPDX-License-Identifier: MIT */
#include "tui/keys.h"

#include <limits.h>
#include <stdio.h>

#include "tui/clip.h"
#include "tui/colon.h"
#include "tui/mouse.h"
#include "tui/order.h"
#include "tui/term.h"
#include "tui/travel.h"
#include "tui/view.h"
#include "tui/worst.h"

#define CTRL(c) ((c)&0x1f)

/* clang-format off */
enum {
	P = 1 << RT_PAGE_PANELS,
	L = 1 << RT_PAGE_LIST,
	O = 1 << RT_PAGE_OPERATION,
	R = 1 << RT_PAGE_RECORDS,
	ALL = P | L | O | R,
};

static const struct rt_key_row table[] = {
	{{'?', RT_KEY_F1}, "? F1", RT_ACTION_HELP, "Help",
	    "Help: keys, signs, and what each number means.", 1, ALL},
	{{'q'}, "q", RT_ACTION_BACK, "Quit",
	    "Leave help, then what is open, then zoom, then the program.", 2, ALL},
	{{'Q', CTRL('c')}, "Q Ctrl-C", RT_ACTION_QUIT, "Quit now",
	    "Leave the program at once.", 0, ALL},
	{{RT_KEY_ESC}, "Esc", RT_ACTION_ESCAPE, "Back",
	    "Leave help, what is open, the filter, or zoom; never the program.", 0, ALL},
	{{RT_KEY_ENTER}, "Enter", RT_ACTION_ENTER, "Open",
	    "Open the newest operations of a row, or an operation: waterfall, then records; of an alert what it is about.", 4, P | L | O},
	{{'n'}, "n", RT_ACTION_NEXT, "Next op",
	    "Next operation of the list.", 5, L | O | R},
	{{'N'}, "N", RT_ACTION_PREVIOUS, "Previous op",
	    "Previous operation of the list.", 0, L | O | R},
	{{'e'}, "e", RT_ACTION_NEXT_FAILED, "Failed",
	    "Next operation that failed, of the list or down the tail.", 16, ALL},
	{{'E'}, "E", RT_ACTION_PREVIOUS_FAILED, "Failed before",
	    "Previous operation that failed.", 0, ALL},
	{{'v'}, "v", RT_ACTION_NEXT_BROKE, "Violation",
	    "Next operation that is an example of a broken rule; in a replay on to the next record that broke one.", 17, ALL},
	{{'V'}, "V", RT_ACTION_PREVIOUS_BROKE, "Violation before",
	    "Previous operation that is an example of a broken rule; in a replay back to the record before that broke one.", 0, ALL},
	{{'o'}, "o", RT_ACTION_RECORDS, "Records",
	    "The operation's records as they are kept, and back.", 6, O | R},
	{{'x'}, "x", RT_ACTION_EXPORT, "Export",
	    "Write the operation's records, or those of the window on the screen, to a file; its name is shown.", 7, ALL},
	{{'['}, "[", RT_ACTION_HISTORY_BACK, "View back",
	    "The view before, as in a browser.", 13, ALL},
	{{']'}, "]", RT_ACTION_HISTORY_FORWARD, "View forward",
	    "The view after, where one went back.", 0, ALL},
	{{'/'}, "/", RT_ACTION_FILTER, "Filter",
	    "Filter tail, operations, routes and fallbacks: route: class: st: op: decision: service: model: version:, ! negates, commas part alternatives; Tab completes.", 3, ALL},
	{{':'}, ":", RT_ACTION_COMMAND, "Command",
	    "Type a command; Tab completes, the line above says how it is used.", 21, ALL},
	{{'\\'}, "\\", RT_ACTION_CLEAR, "Clear filter",
	    "Show everything again.", 0, ALL},
	{{'!'}, "!", RT_ACTION_WORST, "Worst",
	    "Jump to the worst thing and say it in one sentence; Enter opens it.", 8, ALL},
	{{'a'}, "a", RT_ACTION_ACKNOWLEDGE, "Ack",
	    "Acknowledge the alert under the cursor, or all that fire, on this screen only: the collector and other viewers are not told.", 22, ALL},
	{{'b'}, "b", RT_ACTION_BELL, "Bell",
	    "Ring the bell once for each alert that fires newly, or no more.", 0, ALL},
	{{'y'}, "y", RT_ACTION_COPY, "Copy id",
	    "Copy the id or the name of what the cursor is on (OSC 52).", 15, ALL},
	{{'Y'}, "Y", RT_ACTION_COPY_ROW, "Copy JSON",
	    "Copy the row or the operation as JSON (OSC 52).", 0, ALL},
	{{RT_KEY_TAB}, "Tab", RT_ACTION_NEXT_PANEL, "Next",
	    "Focus the next panel.", 7, ALL},
	{{RT_KEY_BACKTAB}, "Shift-Tab", RT_ACTION_PREVIOUS_PANEL, "Panel back",
	    "Focus the panel before.", 0, ALL},
	{{'1', '2', '3', '4', '5', '6', '7', '8', '9', '0'}, "1-9 0", RT_ACTION_PANEL, "Panel",
	    "Focus a panel by its number, the alerts by 0; a small screen shows it as its table.", 11, ALL},
	{{'j', RT_KEY_DOWN}, "j Down", RT_ACTION_DOWN, "Down",
	    "Move the cursor down.", 0, ALL},
	{{'k', RT_KEY_UP}, "k Up", RT_ACTION_UP, "Up",
	    "Move the cursor up; in the tail this holds it.", 0, ALL},
	{{RT_KEY_PAGE_DOWN, CTRL('d')}, "PgDn Ctrl-D", RT_ACTION_PAGE_DOWN, "Page down",
	    "Move a page down.", 0, ALL},
	{{RT_KEY_PAGE_UP, CTRL('u')}, "PgUp Ctrl-U", RT_ACTION_PAGE_UP, "Page up",
	    "Move a page up.", 0, ALL},
	{{'g', RT_KEY_HOME}, "g Home", RT_ACTION_FIRST, "First",
	    "Move to the first row.", 0, ALL},
	{{'G', RT_KEY_END}, "G End", RT_ACTION_LAST, "Last",
	    "Move to the last row; in the tail follow it again; from the past back to the present.", 0, ALL},
	{{','}, ",", RT_ACTION_EARLIER, "Earlier",
	    "The whole screen as it was one bucket (10 s, further back 1m) earlier; a replay goes by columns of its time lines.", 22, ALL},
	{{'.'}, ".", RT_ACTION_LATER, "Later",
	    "One bucket later, up to the present.", 0, ALL},
	{{'{'}, "{", RT_ACTION_MUCH_EARLIER, "Earlier",
	    "Ten buckets earlier.", 0, ALL},
	{{'}'}, "}", RT_ACTION_MUCH_LATER, "Later",
	    "Ten buckets later.", 0, ALL},
	{{'w'}, "w", RT_ACTION_WINDOW, "Window",
	    "Next window: 1m, 5m, 15m, 1h.", 9, P},
	{{'+', '='}, "+", RT_ACTION_LONGER, "Longer",
	    "Longer window.", 0, P},
	{{'-'}, "-", RT_ACTION_SHORTER, "Shorter",
	    "Shorter window.", 0, P},
	{{'s'}, "s", RT_ACTION_SORT, "Sort",
	    "Menu of the orders of a table; ss takes the next one.", 10, P},
	{{'<'}, "<", RT_ACTION_SORT_BEFORE, "Order before",
	    "Sort by what comes before in the menu of orders.", 0, P},
	{{'>'}, ">", RT_ACTION_SORT_NEXT, "Next order",
	    "Sort by what comes next in the menu of orders.", 0, P},
	{{'r'}, "r", RT_ACTION_REVERSE, "Reverse",
	    "Reverse the order of a table.", 14, P},
	{{'c'}, "c", RT_ACTION_COLUMNS, "Columns",
	    "Menu of the columns of the routes: which, and in which order.", 15, P},
	{{'z'}, "z", RT_ACTION_ZOOM, "Zoom",
	    "The panel in focus on the whole screen, and back.", 12, P},
	{{' '}, "Space", RT_ACTION_FREEZE, "Freeze",
	    "Freeze the screen and go on; intake goes on and what is held is counted; a replay is paused and goes on.", 5, P},
	{{'i'}, "i", RT_ACTION_STEP, "Step",
	    "Read one more record of the replay, and pause.", 4, ALL | RT_KEYS_OF_REPLAY},
	{{'I'}, "I", RT_ACTION_STEP_BACK, "Step back",
	    "Back by one record of the replay, and pause.", 0, ALL | RT_KEYS_OF_REPLAY},
	{{'F'}, "F", RT_ACTION_FOLLOW, "Follow",
	    "Follow the tail again.", 18, P},
	{{'T'}, "T", RT_ACTION_CLOCK, "UTC/local",
	    "Times in UTC or local.", 19, ALL},
	{{'A'}, "A", RT_ACTION_ASCII, "ASCII",
	    "Draw with ASCII only, or with what the terminal can do.", 20, ALL},
	{{'m'}, "m", RT_ACTION_MOUSE, "Mouse",
	    "Mouse on or off: a click selects, the wheel scrolls; off as it starts.", 21, ALL},
	{{CTRL('l')}, "Ctrl-L", RT_ACTION_REDRAW, "Redraw",
	    "Draw the whole screen anew.", 0, ALL},
	{{CTRL('z')}, "Ctrl-Z", RT_ACTION_SUSPEND, "Suspend",
	    "Suspend; fg comes back.", 0, ALL},
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

bool
rt_keys_work(const struct rt_key_row *row, const struct rt_model *m)
{
	/* A clock is paused wherever one is. */
	if (row->action == RT_ACTION_FREEZE && rt_reel_is_on(m))
		return true;
	return row->pages & 1u << m->drill->page &&
	    (!(row->pages & RT_KEYS_OF_REPLAY) || rt_reel_is_on(m));
}

/* ---- what they do ----------------------------------------------------- */

static void
focus(struct rt_model *m, enum rt_panel p)
{
	rt_drill_leave(m);
	m->focus = p;
	m->picked = true;
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
	rt_model_window(m, windows[at]);
}

static void
turn_order(struct rt_model *m, int by, bool reverse)
{
	enum rt_panel p = rt_order_panel(m);
	unsigned count = rt_order_count(p);
	unsigned at = (unsigned)((int)(rt_order_get(m, p) + count) + by);

	rt_order_set(m, p, at % count, rt_order_is_reversed(m, p) != reverse);
}

/* Lines between the strip and the keys. */
static unsigned
body_of(const struct rt_layout *l)
{
	unsigned frame = 1u + (l->strip > 0) + (l->rows - l->end);

	return l->rows > frame ? l->rows - frame : 1;
}

static void
scroll(struct rt_model *m, const struct rt_layout *l, int by)
{
	int64_t last, top = (int64_t)m->help_top + by;

	if (!m->help && m->drill->page != RT_PAGE_PANELS) {
		rt_drill_move(m, by, body_of(l),
		    m->drill->page == RT_PAGE_LIST
			? 0
			: rt_view_operation_rows(m, l->cols));
		return;
	}
	if (!m->help) {
		rt_model_move(m, by);
		return;
	}
	last = (int64_t)rt_view_help_rows(m, l->cols) - (int64_t)body_of(l);
	top = top > last ? last : top;
	m->help_top = (unsigned)(top < 0 ? 0 : top);
}

static void
go_by(struct rt_model *m, int by)
{
	if (rt_reel_is_on(m))
		rt_reel_move(m, by);
	else
		rt_travel_step(m, by);
}

static void
go_last(struct rt_model *m, const struct rt_layout *l)
{
	if (!m->help && rt_travel_is_away(m))
		rt_travel_live(m);
	else
		scroll(m, l, INT_MAX);
}

static int
page_of(const struct rt_model *m, const struct rt_layout *l)
{
	if (m->help || m->drill->page != RT_PAGE_PANELS)
		return l->rows > 5 ? (int)l->rows - 4 : 1;
	return (int)rt_layout_page(l, m->focus);
}

static enum rt_effect
leave(struct rt_model *m)
{
	if (m->help)
		m->help = false;
	else if (rt_drill_up(m))
		return RT_EFFECT_DRAW;
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

static void
enter(struct rt_model *m)
{
	if (!rt_reel_enter(m) && !rt_drill_enter(m))
		rt_model_say(m, "nothing to open here");
}

static void
step(struct rt_model *m, enum rt_step which, int by)
{
	static const char *const what[] = {
	    [RT_STEP_ANY] = "operation",
	    [RT_STEP_FAILED] = "failed operation",
	    [RT_STEP_BROKE] = "operation known to have broken a rule",
	};

	if (!rt_drill_step(m, which, by))
		rt_model_say(
		    m, "no %s further %s", what[which], by > 0 ? "down" : "up");
}

static void
step_broke(struct rt_model *m, int by)
{
	if (rt_reel_is_on(m))
		rt_reel_violation(m, by);
	else
		step(m, RT_STEP_BROKE, by);
}

static void
freeze(struct rt_model *m)
{
	if (rt_reel_is_on(m))
		rt_reel_turn(m);
	else
		rt_model_freeze(m, !m->is_frozen);
}

static void
turn_history(struct rt_model *m, int by)
{
	if (!rt_drill_history(m, by))
		rt_model_say(m,
		    by < 0 ? "no view before this one"
			   : "no view after this one");
}

static void
show_worst(struct rt_model *m)
{
	struct rt_worst w;

	rt_worst(m, &w);
	if (w.severity != RT_GOOD) {
		focus(m, w.panel);
		rt_worst_jump(m, &w);
	}
	rt_model_say(m, "%c %s", rt_severity_glyph(w.severity), w.text);
}

static void
acknowledge_all(struct rt_model *m)
{
	const struct rt_report *r = rt_model_report(m);
	size_t n = 0;

	for (size_t i = 0; i < r->alerts_count; i++)
		n += r->alerts[i].is_firing &&
		    rt_acks_add(&m->acks, &r->alerts[i]);
	if (n == 0)
		rt_model_say(m, "no alert to acknowledge");
	else
		rt_model_say(m,
		    "%zu alert%s acknowledged, on this screen only: others "
		    "still see %s",
		    n, n == 1 ? "" : "s", n == 1 ? "it" : "them");
}

/* The one under the cursor, or all. */
static void
acknowledge(struct rt_model *m)
{
	const struct rt_model_rows *rows = &m->rows[RT_PANEL_ALERTS];
	const struct rt_report_alert *a;

	if (m->focus != RT_PANEL_ALERTS || rows->count == 0 ||
	    m->drill->page != RT_PAGE_PANELS) {
		acknowledge_all(m);
		return;
	}
	a = &rt_model_report(m)->alerts[rows->order[rows->at]];
	if (!a->is_firing)
		rt_model_say(m, "%s has cleared: nothing to acknowledge",
		    a->alert ? a->alert : "?");
	else if (rt_acks_add(&m->acks, a))
		rt_model_say(m,
		    "%s acknowledged, on this screen only: others still see it",
		    a->alert ? a->alert : "?");
	else
		rt_model_say(m, "acknowledged already");
}

static void
toggle_bell(struct rt_model *m)
{
	m->bell = !m->bell;
	rt_model_say(m,
	    m->bell ? "bell on: rings once for each alert that fires newly"
		    : "bell off");
}

static enum rt_panel
panel_of(int key)
{
	return key == '0' ? RT_PANEL_ALERTS : (enum rt_panel)(key - '1');
}

enum rt_effect
rt_keys_export(struct rt_model *m, const char *file)
{
	bool is_operation = m->drill->page == RT_PAGE_OPERATION ||
	    m->drill->page == RT_PAGE_RECORDS;

	snprintf(m->export_to, sizeof(m->export_to), "%s", file);
	if (is_operation && m->drill->held == RT_HELD_YES)
		return RT_EFFECT_EXPORT;
	if (is_operation)
		rt_model_say(m, "nothing to export: no record of it is here");
	else if (rt_model_report(m)->source.span.until_us)
		return RT_EFFECT_SAVE;
	else
		rt_model_say(m, "nothing to save: no window is on the screen");
	return RT_EFFECT_DRAW;
}

static enum rt_effect
copy(struct rt_model *m, bool as_json)
{
	bool ok = as_json ? rt_clip_row(m, &m->clip) : rt_clip_id(m, &m->clip);

	if (!ok) {
		rt_model_say(m, "nothing to copy here");
		return RT_EFFECT_DRAW;
	}
	rt_model_say(m, "sent to the clipboard: %.160s", m->clip.p);
	return RT_EFFECT_COPY;
}

static bool
clear_filter(struct rt_model *m)
{
	const struct rt_filter none = {.count = 0};
	bool was_on = m->filter.count > 0;

	rt_model_filter(m, &none);
	return was_on;
}

static void
escape(struct rt_model *m)
{
	if (!m->help && m->drill->page == RT_PAGE_PANELS && clear_filter(m))
		return;
	if (!m->help && !m->zoomed && m->drill->page == RT_PAGE_PANELS)
		m->picked = false;
	(void)leave(m);
}

static enum rt_err
accept(struct rt_model *m, enum rt_effect *effect, struct rt_diag *d)
{
	const char *text = m->prompt.text;
	struct rt_filter f;
	enum rt_err err;

	*effect = RT_EFFECT_DRAW;
	if (m->prompt.kind == RT_PROMPT_COMMAND)
		return rt_colon_run(m, text, effect, d);
	err = rt_filter_parse(&f, rt_str_of(text), d);
	if (err == RT_OK)
		rt_model_filter(m, &f);
	return err;
}

/* While a line is typed every key belongs to it. */
static enum rt_effect
type(struct rt_model *m, int code)
{
	struct rt_prompt *p = &m->prompt;
	struct rt_diag d = {{0}, {0}};
	enum rt_effect effect;

	switch (rt_prompt_key(p, code, rt_model_report(m))) {
	case RT_PROMPT_EDITS: return RT_EFFECT_DRAW;
	case RT_PROMPT_CANCELLED: rt_prompt_close(p); return RT_EFFECT_DRAW;
	case RT_PROMPT_ACCEPTED: break;
	}
	m->notice[0] = '\0';
	if (accept(m, &effect, &d) != RT_OK) {
		rt_text_scrub(
		    p->trouble, sizeof(p->trouble), rt_str_of(d.what));
		return RT_EFFECT_DRAW;
	}
	rt_prompt_remember(p);
	rt_prompt_close(p);
	return effect;
}

static enum rt_effect
act(struct rt_model *m, const struct rt_layout *l, enum rt_action a, int code)
{
	switch (a) {
	case RT_ACTION_HELP: toggle_help(m); break;
	case RT_ACTION_BACK: return leave(m);
	case RT_ACTION_QUIT: return RT_EFFECT_QUIT;
	case RT_ACTION_ESCAPE: escape(m); break;
	case RT_ACTION_NEXT_PANEL: turn_panel(m, 1); break;
	case RT_ACTION_PREVIOUS_PANEL: turn_panel(m, RT_PANEL_COUNT - 1); break;
	case RT_ACTION_PANEL: focus(m, panel_of(code)); break;
	case RT_ACTION_DOWN: scroll(m, l, 1); break;
	case RT_ACTION_UP: scroll(m, l, -1); break;
	case RT_ACTION_PAGE_DOWN: scroll(m, l, page_of(m, l)); break;
	case RT_ACTION_PAGE_UP: scroll(m, l, -page_of(m, l)); break;
	case RT_ACTION_FIRST: scroll(m, l, INT_MIN); break;
	case RT_ACTION_LAST: go_last(m, l); break;
	case RT_ACTION_EARLIER: go_by(m, -1); break;
	case RT_ACTION_LATER: go_by(m, 1); break;
	case RT_ACTION_MUCH_EARLIER: go_by(m, -10); break;
	case RT_ACTION_MUCH_LATER: go_by(m, 10); break;
	case RT_ACTION_ENTER: enter(m); break;
	case RT_ACTION_NEXT: step(m, RT_STEP_ANY, 1); break;
	case RT_ACTION_PREVIOUS: step(m, RT_STEP_ANY, -1); break;
	case RT_ACTION_NEXT_FAILED: step(m, RT_STEP_FAILED, 1); break;
	case RT_ACTION_PREVIOUS_FAILED: step(m, RT_STEP_FAILED, -1); break;
	case RT_ACTION_NEXT_BROKE: step_broke(m, 1); break;
	case RT_ACTION_PREVIOUS_BROKE: step_broke(m, -1); break;
	case RT_ACTION_RECORDS: (void)rt_drill_records(m); break;
	case RT_ACTION_HISTORY_BACK: turn_history(m, -1); break;
	case RT_ACTION_HISTORY_FORWARD: turn_history(m, 1); break;
	case RT_ACTION_FILTER:
		rt_prompt_open(&m->prompt, RT_PROMPT_FILTER, m->filter.text);
		break;
	case RT_ACTION_COMMAND:
		rt_prompt_open(&m->prompt, RT_PROMPT_COMMAND, "");
		break;
	case RT_ACTION_CLEAR: (void)clear_filter(m); break;
	case RT_ACTION_WORST: show_worst(m); break;
	case RT_ACTION_ACKNOWLEDGE: acknowledge(m); break;
	case RT_ACTION_BELL: toggle_bell(m); break;
	case RT_ACTION_EXPORT: return rt_keys_export(m, "");
	case RT_ACTION_COPY: return copy(m, false);
	case RT_ACTION_COPY_ROW: return copy(m, true);
	case RT_ACTION_WINDOW: step_window(m, 1, true); break;
	case RT_ACTION_LONGER: step_window(m, 1, false); break;
	case RT_ACTION_SHORTER: step_window(m, -1, false); break;
	case RT_ACTION_SORT: rt_menu_open(m, RT_MENU_SORT); break;
	case RT_ACTION_SORT_BEFORE: turn_order(m, -1, false); break;
	case RT_ACTION_SORT_NEXT: turn_order(m, 1, false); break;
	case RT_ACTION_REVERSE: turn_order(m, 0, true); break;
	case RT_ACTION_COLUMNS: rt_menu_open(m, RT_MENU_COLUMNS); break;
	case RT_ACTION_ZOOM: m->zoomed = !m->zoomed; break;
	case RT_ACTION_FREEZE: freeze(m); break;
	case RT_ACTION_STEP: rt_reel_step(m, 1); break;
	case RT_ACTION_STEP_BACK: rt_reel_step(m, -1); break;
	case RT_ACTION_FOLLOW: follow(m); break;
	case RT_ACTION_CLOCK: m->utc = !m->utc; break;
	case RT_ACTION_ASCII: m->ascii = !m->ascii; return RT_EFFECT_ASCII;
	case RT_ACTION_MOUSE: m->mouse = !m->mouse; return RT_EFFECT_MOUSE;
	case RT_ACTION_REDRAW: return RT_EFFECT_REDRAW;
	case RT_ACTION_SUSPEND: return RT_EFFECT_SUSPEND;
	case RT_ACTION_COUNT: break;
	}
	return RT_EFFECT_DRAW;
}

/* The wheel scrolls what is open; a click there means nothing. */
static enum rt_effect
take_mouse(struct rt_model *m, const struct rt_layout *l, int code)
{
	enum rt_mouse what = rt_mouse_what(code);
	bool reads = m->help || m->drill->page == RT_PAGE_OPERATION ||
	    m->drill->page == RT_PAGE_RECORDS;

	if (!m->mouse || m->menu.kind != RT_MENU_NONE || m->prompt.is_open)
		return RT_EFFECT_NONE;
	m->key_at = m->now;
	if (reads && what != RT_MOUSE_CLICK)
		scroll(m, l,
		    what == RT_MOUSE_UP ? -RT_MOUSE_WHEEL : RT_MOUSE_WHEEL);
	else if (reads || !rt_mouse_apply(m, l, code))
		return RT_EFFECT_NONE;
	m->notice[0] = '\0';
	return RT_EFFECT_DRAW;
}

enum rt_effect
rt_keys_apply(struct rt_model *m, const struct rt_layout *l, int code)
{
	const struct rt_key_row *row = rt_keys_at(code);

	if (rt_key_is_mouse(code))
		return take_mouse(m, l, code);
	if (m->prompt.is_open && code != RT_KEY_NONE && code != RT_KEY_RESIZE &&
	    code != RT_KEY_CLOSED && code != CTRL('c')) {
		m->key_at = m->now;
		return type(m, code);
	}
	if (m->menu.kind != RT_MENU_NONE && code < RT_KEY_RESIZE &&
	    code != RT_KEY_NONE && code != CTRL('c') && code != CTRL('l') &&
	    code != CTRL('z')) {
		m->key_at = m->now;
		rt_menu_key(m, code);
		return RT_EFFECT_DRAW;
	}
	if (!row || !rt_keys_work(row, m))
		return RT_EFFECT_NONE;
	m->notice[0] = '\0';
	m->key_at = m->now;
	if (row->action != RT_ACTION_ENTER)
		m->reel.offer[0] = '\0';
	return act(m, l, row->action, code);
}
