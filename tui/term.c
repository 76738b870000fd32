/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE /* memfd_create */
#include "tui/term.h"

#include <errno.h>
#include <fcntl.h>
#include <langinfo.h>
#include <locale.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/mman.h>
#include <unistd.h>

#include <ncursesw/curses.h>
#include <ncursesw/term.h>

#include "proto/clock.h"
#include "proto/mem.h"
#include "tui/escape.h"
#include "tui/input.h"
#include "tui/tty.h"

#define OUT_MAX (64u << 20) /* a 1000 x 1000 frame in full colour fits */
#define CLOSE_PATIENCE_MS 300
/* A frame this small is one run of text: nothing to tear, so not worth the wrap. */
#define SYNC_WORTH_BYTES 64u

struct rt_term {
	SCREEN *screen;
	FILE *drain; /* ncurses draws into this memory file */
	FILE *no_input;
	bool is_utf8, ascii; /* locale; what is drawn */
	bool can_sync, mouse;
	bool is_closed;
	unsigned rows, cols;
	enum rt_theme theme;
	bool has_colours;
	attr_t attrs[RT_ROLE_COUNT];
	short pairs[RT_ROLE_COUNT];
	struct rt_buf out; /* bytes for the terminal, */
	size_t sent;       /* of which so many are written */
	struct rt_input input;
	rt_mono_t input_since; /* when its first byte came */
	struct pollfd *polls;  /* owned; ours and the caller's */
	unsigned polls_capacity;
	struct rt_term_stats stats;
};

/* ---- starting -------------------------------------------------------- */

static bool
names_utf8(const char *z)
{
	return z && (strcasestr(z, "utf-8") || strcasestr(z, "utf8"));
}

/*
 * A locale that is asked for but not installed is common over SSH; where it names
 * UTF-8 the terminal has it all the same.
 */
static bool
set_locale(void)
{
	const char *asked = getenv("LC_ALL");

	if (!asked || !*asked)
		asked = getenv("LC_CTYPE");
	if (!asked || !*asked)
		asked = getenv("LANG");
	if (!setlocale(LC_CTYPE, "") && names_utf8(asked))
		setlocale(LC_CTYPE, "C.UTF-8");
	return strcmp(nl_langinfo(CODESET), "UTF-8") == 0;
}

static FILE *
open_memory(void)
{
	int fd = memfd_create("frame", MFD_CLOEXEC);
	FILE *f;

	if (fd < 0)
		return tmpfile();
	f = fdopen(fd, "w+");
	if (!f)
		close(fd);
	return f;
}

static SCREEN *
try_type(struct rt_term *t, const char *type)
{
	int known;
	bool can_move;

	/* newterm would leak its screen over an unknown type. */
	if (setupterm(type, fileno(t->drain), &known) != OK)
		return NULL;
	can_move = cursor_address != NULL;
	del_curterm(cur_term);
	return can_move ? newterm(type, t->drain, t->no_input) : NULL;
}

/* "xterm-kitty": itself, xterm-256color, xterm, and at last vt100. */
static SCREEN *
find_type(struct rt_term *t)
{
	const char *type = getenv("TERM"), *many = getenv("COLORTERM");
	char stem[64];
	SCREEN *s;
	size_t n;

	if (!type || !*type)
		type = "vt100";
	s = try_type(t, type);
	/* "dumb" is known, and says that it cannot. */
	if (s || strcmp(type, "dumb") == 0)
		return s;
	n = strcspn(type, "-");
	if (n < 32) {
		snprintf(stem, sizeof stem, "%.*s-256color", (int)n, type);
		s = try_type(t, stem);
		stem[n] = '\0';
		if (!s)
			s = try_type(t, stem);
	}
	if (!s && many && *many)
		s = try_type(t, "xterm-256color");
	return s ? s : try_type(t, "vt100");
}

static attr_t
attr_of(unsigned attr)
{
	return (attr & RT_ATTR_DIM ? A_DIM : 0) |
	    (attr & RT_ATTR_BOLD ? A_BOLD : 0) |
	    (attr & RT_ATTR_UNDERLINE ? A_UNDERLINE : 0) |
	    (attr & RT_ATTR_REVERSE ? A_REVERSE : 0);
}

static void
set_looks(struct rt_term *t, enum rt_theme theme)
{
	bool colours = t->has_colours && theme != RT_THEME_MONO;

	t->theme = theme;
	for (unsigned i = 0; i < RT_ROLE_COUNT; i++) {
		struct rt_look l = rt_palette_look(theme, (enum rt_role)i);

		t->attrs[i] = attr_of(colours ? l.attr : l.mono);
		t->pairs[i] = 0;
		if (!colours)
			continue;
		/*
		 * A pair even for the terminal's own colour: back from another,
		 * ncurses then ends the colour alone and not all attributes.
		 */
		init_pair(
		    (short)(i + 1), COLORS >= 256 ? l.of_256 : l.of_8, -1);
		t->pairs[i] = (short)(i + 1);
	}
}

static bool
start_colours(void)
{
	const char *no_color = getenv("NO_COLOR");

	if ((no_color && *no_color) || start_color() != OK || COLORS < 8 ||
	    COLOR_PAIRS <= RT_ROLE_COUNT)
		return false;
	use_default_colors();
	return true;
}

/* What brings the shell's screen back, ready for a signal handler. */
static void
prepare_leave(struct rt_term *t)
{
	char bytes[RT_TTY_LEAVE_SIZE];
	struct rt_buf b;

	rt_buf_init_fixed(&b, bytes, sizeof bytes);
	if (t->can_sync)
		rt_buf_puts(&b, RT_ESCAPE_SYNC_END);
	if (t->mouse)
		rt_buf_puts(&b, RT_ESCAPE_MOUSE_OFF);
	rt_escape_capability(&b, exit_attribute_mode);
	rt_escape_capability(&b, orig_pair);
	rt_escape_capability(&b, cursor_normal);
	if (exit_ca_mode) {
		rt_escape_capability(&b, exit_ca_mode);
	} else {
		rt_escape_capability(
		    &b, tparm(cursor_address, (long)t->rows - 1, 0L));
		rt_escape_capability(&b, clr_eol);
		rt_buf_puts(&b, "\r\n");
	}
	rt_tty_set_leave(b.p, b.len);
}

static void
follow_size(struct rt_term *t)
{
	rt_tty_size(&t->rows, &t->cols);
	resize_term((int)t->rows, (int)t->cols);
	clearok(curscr, TRUE);
	prepare_leave(t);
}

/* Blanks look like text, or each gap between words would cost a change. */
static void
colour_blanks(const struct rt_term *t)
{
	cchar_t blank;

	if (setcchar(&blank, L" ", A_NORMAL, t->pairs[RT_ROLE_TEXT], NULL) ==
	    OK)
		bkgrndset(&blank);
}

static enum rt_err
start_ncurses(
    struct rt_term *t, const struct rt_term_opts *o, struct rt_diag *d)
{
	t->drain = open_memory();
	t->no_input = fopen("/dev/null", "re");
	if (!t->drain || !t->no_input) {
		rt_diag_set(
		    d, NULL, "no memory file for frames: %s", strerror(errno));
		return RT_E_IO;
	}
	/* A memory file has no speed that padding could wait for. */
	setenv("NCURSES_NO_PADDING", "1", 1);
	t->screen = find_type(t);
	unsetenv("NCURSES_NO_PADDING");
	if (!t->screen) {
		rt_diag_set(d, "TERM",
		    "this terminal cannot place the cursor; use --once");
		return RT_E_IO;
	}
	t->has_colours = o->theme != RT_THEME_MONO && start_colours();
	set_looks(t, o->theme);
	colour_blanks(t);
	typeahead(-1);
	leaveok(stdscr, TRUE);
	idcok(stdscr, FALSE);
	curs_set(0);
	t->can_sync = exit_ca_mode && strncmp(exit_ca_mode, "\033[?", 3) == 0;
	return RT_OK;
}

static void
release(struct rt_term *t)
{
	if (t->screen) {
		endwin();
		delscreen(t->screen);
	}
	if (t->drain)
		fclose(t->drain);
	if (t->no_input)
		fclose(t->no_input);
	rt_buf_fini(&t->out);
	free(t->polls);
	free(t);
}

enum rt_err
rt_term_open(
    const struct rt_term_opts *o, struct rt_term **out, struct rt_diag *d)
{
	enum rt_err err = rt_tty_open(d);
	struct rt_term *t;

	if (err != RT_OK)
		return err;
	t = rt_xcalloc(1, sizeof *t);
	rt_buf_init(&t->out, OUT_MAX);
	t->is_utf8 = set_locale();
	t->ascii = o->ascii || !t->is_utf8;
	err = start_ncurses(t, o, d);
	if (err != RT_OK) {
		release(t);
		rt_tty_close();
		return err;
	}
	follow_size(t);
	rt_tty_catch_signals();
	rt_tty_enter();
	*out = t;
	return RT_OK;
}

/* ---- output ---------------------------------------------------------- */

/* Write what is pending; true once nothing is. */
static bool
flush_out(struct rt_term *t)
{
	while (!t->is_closed && t->sent < t->out.len) {
		ssize_t n = write(
		    rt_tty_fd(), t->out.p + t->sent, t->out.len - t->sent);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0 && errno == EAGAIN)
			return false;
		if (n <= 0) {
			t->is_closed = true;
			break;
		}
		t->stats.writes++;
		t->stats.bytes += (uint64_t)n;
		t->sent += (size_t)n;
	}
	rt_buf_reset(&t->out);
	t->sent = 0;
	return true;
}

/* Take what ncurses drew since the last time, or throw it away. */
static void
drain_frame(struct rt_term *t, bool keep)
{
	int fd = fileno(t->drain);
	off_t end = lseek(fd, 0, SEEK_CUR);
	bool wrap = t->can_sync && end > (off_t)SYNC_WORTH_BYTES;
	char chunk[16384];

	if (keep && wrap)
		rt_buf_puts(&t->out, RT_ESCAPE_SYNC_BEGIN);
	for (off_t at = 0; keep && at < end;) {
		size_t want = sizeof chunk;
		ssize_t n;

		if ((off_t)want > end - at)
			want = (size_t)(end - at);
		n = pread(fd, chunk, want, at);
		if (n <= 0)
			break;
		rt_buf_add(&t->out, chunk, (size_t)n);
		at += n;
	}
	if (keep && wrap)
		rt_buf_puts(&t->out, RT_ESCAPE_SYNC_END);
	lseek(fd, 0, SEEK_SET);
}

static void
put_cell(const struct rt_term *t, unsigned row, unsigned col,
    const struct rt_cell *c)
{
	enum rt_role role = c->role < RT_ROLE_COUNT ? c->role : RT_ROLE_TEXT;
	attr_t attr = t->attrs[role];
	wchar_t text[2] = {(wchar_t)c->ch, L'\0'};
	cchar_t cell;

	if (c->cursor)
		attr |= t->attrs[RT_ROLE_CURSOR];
	if (c->ch < 0x20 || c->ch == 0x7f || (t->ascii && c->ch > 0x7e))
		text[0] = L'?';
	if (setcchar(&cell, text, attr, t->pairs[role], NULL) == OK)
		mvadd_wch((int)row, (int)col, &cell);
}

static void
put_grid(const struct rt_term *t, const struct rt_grid *g)
{
	unsigned rows = g->rows < t->rows ? g->rows : t->rows;
	unsigned cols = g->cols < t->cols ? g->cols : t->cols;

	erase();
	for (unsigned row = 0; row < rows; row++) {
		const struct rt_cell *line = g->cells + (size_t)row * g->cols;

		for (unsigned col = 0; col < cols; col++)
			if (line[col].ch != 0)
				put_cell(t, row, col, &line[col]);
	}
}

enum rt_err
rt_term_show(struct rt_term *t, const struct rt_grid *g)
{
	size_t before;

	if (!flush_out(t)) {
		t->stats.skipped++;
		return RT_E_AGAIN;
	}
	if (t->is_closed)
		return RT_E_IO;
	put_grid(t, g);
	wnoutrefresh(stdscr);
	doupdate();
	before = t->out.len;
	drain_frame(t, true);
	if (t->stats.frames > 0 && t->out.len > before)
		rt_escape_thin(&t->out, before);
	t->stats.frames++;
	t->stats.last_frame_bytes = t->out.len - before;
	(void)flush_out(t);
	return RT_OK;
}

void
rt_term_redraw(struct rt_term *t)
{
	(void)t;
	clearok(curscr, TRUE);
}

void
rt_term_bell(struct rt_term *t)
{
	/* Behind a stalled line one bell is as good as many. */
	if (t->out.len == 0)
		rt_buf_putc(&t->out, '\a');
	(void)flush_out(t);
}

void
rt_term_copy(struct rt_term *t, const char *z)
{
	if (!t->can_sync || !flush_out(t))
		return;
	rt_escape_copy(&t->out, z);
	(void)flush_out(t);
}

bool
rt_term_set_mouse(struct rt_term *t, bool on)
{
	if (on && !t->can_sync)
		return false;
	if (on == t->mouse)
		return true;
	/* Whatever happens in between, what is on is in what leaves. */
	if (on) {
		t->mouse = true;
		prepare_leave(t);
	}
	rt_buf_puts(&t->out, on ? RT_ESCAPE_MOUSE_ON : RT_ESCAPE_MOUSE_OFF);
	(void)flush_out(t);
	t->mouse = on;
	return true;
}

/* ---- waiting --------------------------------------------------------- */

/* ncurses takes the screen anew, all of it, with the next frame. */
static void
take_over(struct rt_term *t)
{
	endwin();
	drain_frame(t, false);
	rt_tty_catch_signals(); /* endwin had SIGTSTP ignored */
	rt_tty_enter();
	follow_size(t);
	if (t->mouse)
		rt_buf_puts(&t->out, RT_ESCAPE_MOUSE_ON);
}

void
rt_term_suspend(struct rt_term *t)
{
	(void)flush_out(t);
	rt_buf_reset(&t->out);
	t->sent = 0;
	rt_tty_leave();
	rt_tty_stop();
	take_over(t);
}

/* The key that the signals so far amount to. */
static int
take_events(struct rt_term *t)
{
	unsigned events = rt_tty_take_events();

	if (events & RT_TTY_END || t->is_closed)
		return RT_KEY_CLOSED;
	if (events & RT_TTY_STOP)
		rt_term_suspend(t);
	else if (events & RT_TTY_CONT)
		take_over(t);
	else if (events & RT_TTY_RESIZE)
		follow_size(t);
	else
		return RT_KEY_NONE;
	return RT_KEY_RESIZE;
}

static void
read_input(struct rt_term *t, short revents)
{
	char bytes[RT_INPUT_SIZE];
	ssize_t n;

	if (!(revents & (POLLIN | POLLHUP | POLLERR | POLLNVAL)))
		return;
	n = read(rt_tty_fd(), bytes, sizeof bytes);
	if (n > 0) {
		t->input_since = rt_clock_mono();
		rt_input_add(&t->input, bytes, (size_t)n);
	} else if (n == 0 || (errno != EAGAIN && errno != EINTR)) {
		t->is_closed = true;
	} else if (revents & (POLLHUP | POLLERR | POLLNVAL)) {
		t->is_closed = true;
	}
}

/* Milliseconds until what is typed so far is all that comes; -1: nothing typed. */
static int
input_patience_ms(const struct rt_term *t, rt_mono_t now)
{
	int64_t left =
	    t->input.len == 1 ? RT_INPUT_ESC_MS : RT_INPUT_SEQUENCE_MS;

	if (t->input.len == 0)
		return -1;
	left -= rt_mono_ms_between(t->input_since, now);
	return left < 0 ? 0 : (int)left;
}

static int
next_key(struct rt_term *t)
{
	int key = rt_input_next(&t->input, false);

	if (key != RT_KEY_NONE || t->input.len == 0)
		return key;
	if (input_patience_ms(t, rt_clock_mono()) > 0)
		return RT_KEY_NONE;
	return rt_input_next(&t->input, true);
}

/* Poll once, at most `timeout_ms`; true if a descriptor of the caller is ready. */
static bool
poll_once(struct rt_term *t, struct pollfd *fds, unsigned count, int timeout_ms)
{
	bool busy = t->sent < t->out.len;
	int ready;

	if (count + 2 > t->polls_capacity) {
		t->polls_capacity = count + 2;
		t->polls =
		    rt_xrealloc(t->polls, t->polls_capacity * sizeof *t->polls);
	}
	t->polls[0] = (struct pollfd){.fd = rt_tty_fd(),
	    .events = (short)(busy ? POLLIN | POLLOUT : POLLIN)};
	t->polls[1] = (struct pollfd){.fd = rt_tty_wake_fd(), .events = POLLIN};
	if (count > 0)
		memcpy(t->polls + 2, fds, count * sizeof *fds);
	ready = poll(t->polls, count + 2, timeout_ms);
	for (unsigned i = 0; i < count; i++)
		fds[i].revents = 0;
	if (ready <= 0)
		return false;
	ready = 0;
	for (unsigned i = 0; i < count; i++) {
		fds[i].revents = t->polls[i + 2].revents;
		ready += fds[i].revents != 0;
	}
	if (t->polls[0].revents & POLLOUT)
		(void)flush_out(t);
	read_input(t, t->polls[0].revents);
	return ready > 0;
}

int
rt_term_wait(
    struct rt_term *t, struct pollfd *fds, unsigned count, int timeout_ms)
{
	rt_mono_t end = rt_mono_add_ms(rt_clock_mono(), timeout_ms);
	bool first = true;

	for (;;) {
		int key = take_events(t), wait_ms = 0, patience;
		rt_mono_t now;

		if (key == RT_KEY_NONE)
			key = next_key(t);
		now = rt_clock_mono();
		if (key == RT_KEY_NONE) {
			wait_ms = timeout_ms < 0
			    ? -1
			    : (int)rt_mono_ms_between(now, end);
			if (timeout_ms >= 0 && wait_ms < 0)
				wait_ms = 0;
			patience = input_patience_ms(t, now);
			if (patience >= 0 &&
			    (wait_ms < 0 || patience < wait_ms))
				wait_ms = patience;
		}
		if (!first &&
		    (key != RT_KEY_NONE ||
			(timeout_ms >= 0 && now.us >= end.us)))
			return key;
		first = false;
		if (poll_once(t, fds, count, wait_ms) || key != RT_KEY_NONE)
			return key != RT_KEY_NONE ? key : next_key(t);
	}
}

/* ---- the rest -------------------------------------------------------- */

void
rt_term_close(struct rt_term *t)
{
	rt_mono_t end;

	if (!t)
		return;
	end = rt_mono_add_ms(rt_clock_mono(), CLOSE_PATIENCE_MS);
	while (!flush_out(t) && rt_clock_mono().us < end.us) {
		struct pollfd p = {.fd = rt_tty_fd(), .events = POLLOUT};

		(void)poll(&p, 1, CLOSE_PATIENCE_MS / 10);
	}
	release(t);
	rt_tty_close();
}

void
rt_term_size(const struct rt_term *t, unsigned *rows, unsigned *cols)
{
	*rows = t->rows;
	*cols = t->cols;
}

bool
rt_term_is_ascii(const struct rt_term *t)
{
	return t->ascii;
}

void
rt_term_set_ascii(struct rt_term *t, bool ascii)
{
	t->ascii = ascii || !t->is_utf8;
}

enum rt_theme
rt_term_theme(const struct rt_term *t)
{
	return t->theme;
}

void
rt_term_set_theme(struct rt_term *t, enum rt_theme theme)
{
	if (theme == t->theme)
		return;
	if (!t->has_colours && theme != RT_THEME_MONO)
		t->has_colours = start_colours();
	set_looks(t, theme);
	colour_blanks(t);
	clearok(curscr, TRUE);
}

void
rt_term_stats(const struct rt_term *t, struct rt_term_stats *out)
{
	*out = t->stats;
}
