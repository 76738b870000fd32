/* SPDX-License-Identifier: MIT */
/*
 * term — the door to the terminal: ncurses, signals, one write a frame.
 *
 * Frames  ncurses draws into an anonymous memory file (unlike a pipe it cannot fill up
 *         and block, whatever the size of the screen); after doupdate it is drained,
 *         wrapped in DEC mode 2026 where there is something to tear (over 64 bytes), and
 *         written to the terminal in one non-blocking write.  While a write is pending,
 *         frames are skipped, never queued.  Nothing is cleared but on resize and redraw.
 * Start   No queries.  Unknown TERM falls back by stem: xterm-kitty, xterm-256color,
 *         xterm, vt100; RT_E_IO where the cursor cannot be placed (dumb).  The locale
 *         decides UTF-8 or ASCII (one that names UTF-8 but is not installed counts as
 *         UTF-8); NO_COLOR and the terminal decide 256, 8 or mono.
 * Keys    Ctrl-C, Ctrl-Z and Ctrl-\ come as the signals that they are; read by input.c.
 * Mouse   Off until asked for (modes 1000 and 1006); off again however it ends, and while
 *         suspended.
 * End     INT, TERM, HUP, PIPE and a closed terminal give RT_KEY_CLOSED; a loop that has
 *         not called rt_term_close a second after the signal is ended.  However the
 *         process ends (tty.h): cooked mode, primary screen, cursor shown.
 * Suspend Ctrl-Z and SIGCONT restore and redraw; the loop sees RT_KEY_RESIZE.
 * Life    One at a time (a terminal is a global thing).
 */
#ifndef RT_TERM_H
#define RT_TERM_H

#include "proto/diag.h"
#include "proto/err.h"
#include "tui/grid.h"
#include "tui/palette.h"

struct rt_term_opts {
	bool ascii; /* ASCII even where UTF-8 would do */
	enum rt_theme theme;
};

/* Keys beyond plain characters. */
enum rt_key {
	RT_KEY_NONE = 0,
	RT_KEY_ESC = 27,
	RT_KEY_BASE = 0x110000, /* above every code point */
	RT_KEY_UP,
	RT_KEY_DOWN,
	RT_KEY_LEFT,
	RT_KEY_RIGHT,
	RT_KEY_PAGE_UP,
	RT_KEY_PAGE_DOWN,
	RT_KEY_HOME,
	RT_KEY_END,
	RT_KEY_ENTER,
	RT_KEY_TAB,
	RT_KEY_BACKTAB,
	RT_KEY_BACKSPACE,
	RT_KEY_DELETE,
	RT_KEY_F1,
	RT_KEY_RESIZE, /* the size changed; ask rt_term_size */
	RT_KEY_CLOSED, /* the terminal is gone, or a signal asks to end */
};

/*
 * Keys of the mouse carry a cell (from 0): RT_KEY_MOUSE | what << 24 | row << 12 | col.
 * Buttons other than the first, releases and movements give none.
 */
#define RT_KEY_MOUSE 0x40000000
enum rt_mouse { RT_MOUSE_CLICK, RT_MOUSE_UP, RT_MOUSE_DOWN };

static inline int
rt_mouse_key(enum rt_mouse what, unsigned row, unsigned col)
{
	return (int)(RT_KEY_MOUSE | (unsigned)what << 24 | (row & 0xfff) << 12 |
	    (col & 0xfff));
}

static inline bool
rt_key_is_mouse(int key)
{
	return key >= RT_KEY_MOUSE;
}

static inline enum rt_mouse
rt_mouse_what(int key)
{
	return (enum rt_mouse)(key >> 24 & 3);
}

static inline unsigned
rt_mouse_row(int key)
{
	return (unsigned)key >> 12 & 0xfff;
}

static inline unsigned
rt_mouse_col(int key)
{
	return (unsigned)key & 0xfff;
}

struct rt_term; /* opaque */

RT_NODISCARD enum rt_err rt_term_open(
    const struct rt_term_opts *o, struct rt_term **out, struct rt_diag *d);
void rt_term_close(struct rt_term *t);

void rt_term_size(const struct rt_term *t, unsigned *rows, unsigned *cols);
bool rt_term_is_ascii(const struct rt_term *t);
/* Stays ASCII where the locale is. */
void rt_term_set_ascii(struct rt_term *t, bool ascii);

enum rt_theme rt_term_theme(const struct rt_term *t);
/* Where there are no colours every theme looks like mono.  Draws everything anew. */
void rt_term_set_theme(struct rt_term *t, enum rt_theme theme);

/* False: this terminal has none that we know of.  Off always succeeds. */
bool rt_term_set_mouse(struct rt_term *t, bool on);

/*
 * Show the grid.  RT_E_AGAIN: the terminal is still busy, frame skipped; show the
 * latest once more later.  RT_E_IO: it is gone.
 */
enum rt_err rt_term_show(struct rt_term *t, const struct rt_grid *g);
/* Draw everything anew next time (Ctrl-L). */
void rt_term_redraw(struct rt_term *t);
/* Put `z`, at most 64 KiB, in the clipboard of an xterm-like terminal (OSC 52). */
void rt_term_copy(struct rt_term *t, const char *z);
void rt_term_bell(struct rt_term *t);
void rt_term_suspend(struct rt_term *t);

/*
 * Wait for a key, one of the descriptors (pollfd events, revents filled) or the time.
 * Returns the next key or RT_KEY_NONE.  Pending output is written meanwhile.
 */
struct pollfd;
int rt_term_wait(
    struct rt_term *t, struct pollfd *fds, unsigned count, int timeout_ms);

struct rt_term_stats {
	uint64_t frames, skipped;
	uint64_t bytes, writes; /* that reached the terminal */
	uint64_t last_frame_bytes;
};
void rt_term_stats(const struct rt_term *t, struct rt_term_stats *out);

#endif
