/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE /* memmem */
/*
 * The terminal's life in a real pseudo terminal: a process as a shell's foreground job,
 * a shell that waits for it, and the test that types and reads.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pty.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>
#include <utmp.h>

#include <cmocka.h>

#include "proto/clock.h"
#include "proto/mem.h"
#include "tui/term.h"

/* The address sanitizer ends a process that asks for more than it can have. */
#ifdef __SANITIZE_ADDRESS__
#define RT_TOO_MUCH ((void)exit(RT_EXIT_INTERNAL), (size_t)1)
#else
#define RT_TOO_MUCH (SIZE_MAX / 2)
#endif

#define PATIENCE_MS 20000
/* An alarm ends after a second what has not ended; the rest is for a busy machine. */
#define EXIT_LIMIT_MS 10000
#define MOUSE_ON "\033[?1000h\033[?1006h"
#define MOUSE_OFF "\033[?1006l\033[?1000l"
#define ENTER_SCREEN "\033[?1049h"
#define LEAVE_SCREEN "\033[?1049l"

struct setting {
	const char *term, *lang, *no_color;
	unsigned short rows, cols;
	struct rt_term_opts opts;
};

static const struct setting plain = {
    .term = "xterm-256color", .lang = "C.UTF-8", .rows = 24, .cols = 80};

/* What the job and the shell tell the test. */
struct note {
	char what; /* P)id O)pened E)rror F)rame K)ey S)topped X)ited */
	int value;
	unsigned rows, cols;
	struct rt_term_stats stats;
};

struct session {
	int master, slave, notes;
	pid_t shell, job;
	struct termios before;
	struct rt_buf seen;
	struct note last;
};

/* ---- the job --------------------------------------------------------- */

static void
tell(int fd, const struct note *n)
{
	if (write(fd, n, sizeof *n) != (ssize_t)sizeof *n)
		_exit(97);
}

static void
draw(struct rt_grid *g, unsigned frame, bool all)
{
	struct rt_area a = rt_area_all(g);

	if (!all) {
		rt_area_fill(a, 2, 2, 1, RT_ROLE_TEXT, 'A' + frame % 26);
		return;
	}
	for (unsigned row = 0; row < g->rows; row++)
		for (unsigned col = 0; col < g->cols; col++)
			rt_area_fill(a, row, col, 1,
			    (enum rt_role)((row + col + frame) % RT_ROLE_COUNT),
			    '!' + (row + col + frame) % 90);
	rt_area_printf(a, 0, 0, RT_ROLE_TEXT, "frame %u\u2581", frame);
}

static void
show(struct rt_term *t, struct rt_grid *g, int notes, bool all)
{
	static unsigned frame;
	struct note n = {.what = 'F'};

	rt_term_size(t, &n.rows, &n.cols);
	if (g->rows != n.rows || g->cols != n.cols)
		rt_grid_resize(g, n.rows, n.cols, rt_term_is_ascii(t));
	draw(g, frame++, all);
	n.value = (int)rt_term_show(t, g);
	rt_term_stats(t, &n.stats);
	tell(notes, &n);
}

static void
touch_no_mans_land(void)
{
	volatile char *p =
	    mmap(NULL, 4096, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	*p = 1;
}

static int
job(const struct setting *s, int notes)
{
	struct rt_grid grid;
	struct rt_term *t;
	struct rt_diag d = {.what = ""};
	enum rt_err err = rt_term_open(&s->opts, &t, &d);
	struct note n = {.what = err == RT_OK ? 'O' : 'E', .value = (int)err};
	bool has_mouse = false;

	tell(notes, &n);
	if (err != RT_OK)
		return 3;
	rt_grid_init(&grid);
	show(t, &grid, notes, true);
	for (;;) {
		struct note key = {.what = 'K'};

		key.value = rt_term_wait(t, NULL, 0, 20000);
		switch (key.value) {
		case 'c': show(t, &grid, notes, false); break;
		case RT_KEY_RESIZE:
		case 'f': show(t, &grid, notes, true); break;
		case 'r':
			rt_term_redraw(t);
			show(t, &grid, notes, true);
			break;
		case 't':
			rt_term_set_theme(t,
			    (enum rt_theme)(
				(rt_term_theme(t) + 1) % RT_THEME_COUNT));
			show(t, &grid, notes, true);
			break;
		case 'M':
			has_mouse = !has_mouse;
			if (!rt_term_set_mouse(t, has_mouse))
				return 8;
			break;
		case 'y': rt_term_copy(t, "hello"); break;
		case 'b': rt_term_bell(t); break;
		case 'z': rt_term_suspend(t); break;
		case 'a': abort();
		case 's': touch_no_mans_land(); break;
		case 'm': (void)rt_xcalloc(RT_TOO_MUCH, 1); break;
		case 'x': exit(4);
		case 'h':
			tell(notes, &key);
			for (;;)
				pause();
		case RT_KEY_NONE: return 9;
		case RT_KEY_CLOSED:
		case 'q':
			tell(notes, &key);
			rt_grid_fini(&grid);
			rt_term_close(t);
			return 0;
		default: tell(notes, &key); break;
		}
	}
}

/* ---- the shell ------------------------------------------------------- */

static void
set_or_not(const char *name, const char *value)
{
	if (value)
		setenv(name, value, 1);
	else
		unsetenv(name);
}

static void
run_job(const struct setting *s, int notes)
{
	setpgid(0, 0);
	signal(SIGTTOU, SIG_IGN);
	tcsetpgrp(STDOUT_FILENO, getpid());
	signal(SIGTTOU, SIG_DFL);
	signal(SIGHUP, SIG_DFL);
	set_or_not("TERM", s->term);
	set_or_not("LC_ALL", s->lang);
	set_or_not("NO_COLOR", s->no_color);
	unsetenv("COLORTERM");
	/* The job says who it is, so that this comes before all else it says. */
	tell(notes, &(struct note){.what = 'P', .value = getpid()});
	exit(job(s, notes));
}

static void
shell(const struct setting *s, int notes)
{
	pid_t pid;
	int status;

	signal(SIGHUP, SIG_IGN);
	pid = fork();
	if (pid == 0)
		run_job(s, notes);
	while (waitpid(pid, &status, WUNTRACED) > 0) {
		struct note end = {.what = 'S', .value = status};

		if (!WIFSTOPPED(status)) {
			end.what = 'X';
			tell(notes, &end);
			_exit(0);
		}
		tell(notes, &end);
	}
	_exit(98);
}

/* ---- the test -------------------------------------------------------- */

static void
read_screen(struct session *s)
{
	char bytes[65536];
	ssize_t n;

	while (s->master >= 0 && (n = read(s->master, bytes, sizeof bytes)) > 0)
		rt_buf_add(&s->seen, bytes, (size_t)n);
}

/* Next note of one of the kinds, reading the screen meanwhile if `reading`. */
static const struct note *
await_note(struct session *s, const char *kinds, bool reading)
{
	rt_mono_t end = rt_mono_add_ms(rt_clock_mono(), PATIENCE_MS);

	while (rt_clock_mono().us < end.us) {
		struct pollfd p[2] = {{.fd = s->notes, .events = POLLIN},
		    {.fd = reading ? s->master : -1, .events = POLLIN}};

		if (poll(p, 2, 50) <= 0)
			continue;
		if (reading)
			read_screen(s);
		if (!(p[0].revents & POLLIN))
			continue;
		assert_int_equal(
		    read(s->notes, &s->last, sizeof s->last), sizeof s->last);
		if (strchr(kinds, s->last.what)) {
			if (reading)
				read_screen(s);
			return &s->last;
		}
	}
	fail_msg("no note of \"%s\" in time", kinds);
	return NULL;
}

static void
await_text(struct session *s, const char *text)
{
	rt_mono_t end = rt_mono_add_ms(rt_clock_mono(), PATIENCE_MS);

	while (rt_clock_mono().us < end.us) {
		struct pollfd p = {.fd = s->master, .events = POLLIN};

		read_screen(s);
		if (s->seen.len > 0 &&
		    memmem(s->seen.p, s->seen.len, text, strlen(text)))
			return;
		(void)poll(&p, 1, 50);
	}
	fail_msg("\"%s\" is not on the screen in time", text + 1);
}

static void
type(struct session *s, const char *keys)
{
	assert_int_equal(write(s->master, keys, strlen(keys)), strlen(keys));
}

/* Type a key until its frame is shown: what was pending before is written then. */
static void
show_frame(struct session *s, const char *key)
{
	do {
		type(s, key);
		await_note(s, "F", true);
	} while (s->last.value != RT_OK);
}

static void
start(struct session *s, const struct setting *with)
{
	struct winsize size = {.ws_row = with->rows, .ws_col = with->cols};
	int notes[2];

	*s = (struct session){0};
	rt_buf_init(&s->seen, 64u << 20);
	assert_int_equal(openpty(&s->master, &s->slave, NULL, NULL, &size), 0);
	assert_int_equal(tcgetattr(s->slave, &s->before), 0);
	assert_int_equal(pipe(notes), 0);
	s->notes = notes[0];
	s->shell = fork();
	if (s->shell == 0) {
		close(s->master);
		close(notes[0]);
		login_tty(s->slave);
		shell(with, notes[1]);
	}
	close(notes[1]);
	fcntl(s->master, F_SETFL, O_NONBLOCK);
	s->job = await_note(s, "P", true)->value;
}

static void
start_shown(struct session *s, const struct setting *with)
{
	start(s, with);
	await_note(s, "F", true);
	assert_int_equal(s->last.value, RT_OK);
}

static void
assert_cooked(const struct session *s)
{
	struct termios now;

	assert_int_equal(tcgetattr(s->slave, &now), 0);
	assert_int_equal(now.c_lflag, s->before.c_lflag);
	assert_int_equal(now.c_iflag, s->before.c_iflag);
	assert_int_equal(now.c_oflag, s->before.c_oflag);
	assert_memory_equal(now.c_cc, s->before.c_cc, sizeof now.c_cc);
	assert_false(fcntl(s->slave, F_GETFL) & O_NONBLOCK);
}

/* Where in what was seen `text` stands last; -1: nowhere. */
static long
last_of(const struct session *s, const char *text)
{
	long at = -1;
	size_t len = strlen(text);

	for (size_t i = 0; i + len <= s->seen.len; i++)
		if (memcmp(s->seen.p + i, text, len) == 0)
			at = (long)i;
	return at;
}

static void
assert_left(const struct session *s)
{
	assert_true(last_of(s, ENTER_SCREEN) >= 0);
	assert_true(last_of(s, LEAVE_SCREEN) > last_of(s, ENTER_SCREEN));
	assert_true(last_of(s, "\033[?25h") > last_of(s, "\033[?25l"));
	assert_true(last_of(s, "\033[?2026l") > last_of(s, "\033[?2026h"));
}

/* Wait for the end, which must come within the limit; its wait status. */
static int
await_exit(struct session *s, bool reading)
{
	rt_mono_t from = rt_clock_mono();

	await_note(s, "X", reading);
	if (rt_mono_ms_between(from, rt_clock_mono()) >= EXIT_LIMIT_MS)
		fail_msg("it took too long to end");
	read_screen(s);
	return s->last.value;
}

static void
finish(struct session *s)
{
	kill(s->job, SIGKILL);
	waitpid(s->shell, NULL, 0);
	if (s->master >= 0)
		close(s->master);
	if (s->slave >= 0)
		close(s->slave);
	close(s->notes);
	rt_buf_fini(&s->seen);
}

static const struct {
	const char *why, *keys;
	int signal; /* sent to the job; 0: keys typed instead */
	int status, ended_by;
} ends[] = {
    {"q", "q", 0, 0, 0},
    {"Ctrl-C", "\003", 0, 0, 0},
    {"INT", "", SIGINT, 0, 0},
    {"TERM", "", SIGTERM, 0, 0},
    {"HUP", "", SIGHUP, 0, 0},
    {"PIPE", "", SIGPIPE, 0, 0},
    {"QUIT", "", SIGQUIT, 0, SIGQUIT},
    {"Ctrl-\\", "\034", 0, 0, SIGQUIT},
    {"ABRT", "", SIGABRT, 0, SIGABRT},
    {"abort()", "a", 0, 0, SIGABRT},
    {"SEGV", "", SIGSEGV, 0, SIGSEGV},
    {"a wild pointer written to", "s", 0, 0, SIGSEGV},
    {"exit() by somebody", "x", 0, 4, 0},
    {"memory exhausted", "m", 0, RT_EXIT_INTERNAL, 0},
};

static void
terminal_is_restored_however_it_ends(void **state)
{
	(void)state;
	for (unsigned i = 0; i < 2 * RT_COUNT_OF(ends); i++) {
		bool has_mouse = i >= RT_COUNT_OF(ends);
		unsigned e = i % RT_COUNT_OF(ends);
		struct session s;
		int status;

		print_message(
		    "%s%s\n", ends[e].why, has_mouse ? ", the mouse on" : "");
		start_shown(&s, &plain);
		if (has_mouse) {
			type(&s, "M");
			await_text(&s, MOUSE_ON);
		}
		if (ends[e].signal)
			kill(s.job, ends[e].signal);
		else
			type(&s, ends[e].keys);
		status = await_exit(&s, true);
		if (ends[e].ended_by)
			assert_int_equal(WTERMSIG(status), ends[e].ended_by);
		else
			assert_int_equal(status, ends[e].status << 8);
		assert_left(&s);
		assert_true(
		    last_of(&s, "\033[?1000l") >= last_of(&s, "\033[?1000h"));
		assert_true(has_mouse == (last_of(&s, MOUSE_OFF) >= 0));
		assert_cooked(&s);
		finish(&s);
	}
}

static void
the_mouse_is_off_while_stopped_and_once_it_is_not_wanted(void **state)
{
	struct session s;

	(void)state;
	start_shown(&s, &plain);
	assert_true(last_of(&s, "\033[?1000") < 0);
	type(&s, "M");
	await_text(&s, MOUSE_ON);
	type(&s, "z");
	await_note(&s, "S", true);
	read_screen(&s);
	assert_true(last_of(&s, MOUSE_OFF) > last_of(&s, MOUSE_ON));
	rt_buf_reset(&s.seen);
	kill(s.job, SIGCONT);
	await_text(&s, MOUSE_ON);
	type(&s, "M");
	await_text(&s, MOUSE_OFF);
	rt_buf_reset(&s.seen);
	type(&s, "z");
	await_note(&s, "S", true);
	kill(s.job, SIGCONT);
	type(&s, "f");
	await_text(&s, ENTER_SCREEN);
	await_text(&s, "\033[?2026l");
	assert_true(last_of(&s, MOUSE_ON) < 0);
	type(&s, "q");
	assert_int_equal(await_exit(&s, true), 0);
	finish(&s);
}

static void
a_loop_that_hangs_is_ended_after_a_second(void **state)
{
	struct session s;

	(void)state;
	start_shown(&s, &plain);
	type(&s, "h");
	await_note(&s, "K", true);
	kill(s.job, SIGTERM);
	await_note(&s, "X", true);
	assert_int_equal(WTERMSIG(s.last.value), SIGALRM);
	assert_left(&s);
	assert_cooked(&s);
	finish(&s);
}

static void
a_closed_terminal_ends_it(void **state)
{
	struct session s;

	(void)state;
	start_shown(&s, &plain);
	close(s.master);
	s.master = -1;
	assert_int_equal(await_exit(&s, false), 0);
	finish(&s);
}

static void
a_stalled_terminal_skips_frames_and_loses_no_byte(void **state)
{
	struct session s;
	unsigned tries = 0;

	(void)state;
	start_shown(&s, &plain);
	do {
		type(&s, "f");
		await_note(&s, "F", false);
	} while (s.last.value == RT_OK && ++tries < 1000);
	assert_int_equal(s.last.value, RT_E_AGAIN);
	assert_true(s.last.stats.skipped > 0);
	read_screen(&s);
	show_frame(&s, "r");
	show_frame(&s, "c");
	show_frame(&s, "c");
	while (s.seen.len < s.last.stats.bytes)
		await_text(&s, ENTER_SCREEN);
	assert_int_equal(s.seen.len, s.last.stats.bytes);
	type(&s, "q");
	assert_int_equal(await_exit(&s, true), 0);
	assert_left(&s);
	finish(&s);
}

static void
a_stalled_terminal_does_not_delay_the_end(void **state)
{
	struct session s;

	(void)state;
	start_shown(&s, &plain);
	do {
		type(&s, "f");
		await_note(&s, "F", false);
	} while (s.last.value == RT_OK);
	kill(s.job, SIGTERM);
	assert_int_equal(await_exit(&s, false), 0);
	read_screen(&s);
	assert_left(&s);
	assert_cooked(&s);
	finish(&s);
}

static void
stops_and_resumes(void **state)
{
	static const char *const keys[] = {"\032", "z", NULL};

	(void)state;
	for (unsigned i = 0; i < RT_COUNT_OF(keys); i++) {
		struct session s;

		start_shown(&s, &plain);
		if (keys[i])
			type(&s, keys[i]);
		else
			kill(s.job, SIGTSTP);
		await_note(&s, "S", true);
		read_screen(&s);
		assert_left(&s);
		assert_cooked(&s);
		rt_buf_reset(&s.seen);
		kill(s.job, SIGCONT);
		if (i == 1)
			type(&s, "f");
		await_note(&s, "F", true);
		await_text(&s, ENTER_SCREEN);
		await_text(&s, "frame 1");
		type(&s, "q");
		assert_int_equal(await_exit(&s, true), 0);
		assert_left(&s);
		assert_cooked(&s);
		finish(&s);
	}
}

static void
follows_the_size_of_the_terminal(void **state)
{
	static const struct winsize sizes[] = {{.ws_row = 1, .ws_col = 1},
	    {.ws_row = 100, .ws_col = 300}, {.ws_row = 10, .ws_col = 40}};
	struct session s;

	(void)state;
	start_shown(&s, &plain);
	for (unsigned i = 0; i < RT_COUNT_OF(sizes); i++) {
		ioctl(s.master, TIOCSWINSZ, &sizes[i]);
		await_note(&s, "F", true);
		assert_int_equal(s.last.rows, sizes[i].ws_row);
		assert_int_equal(s.last.cols, sizes[i].ws_col);
	}
	type(&s, "q");
	assert_int_equal(await_exit(&s, true), 0);
	assert_left(&s);
	finish(&s);
}

static void
starts_on_every_terminal(void **state)
{
	static const struct {
		const char *why;
		struct setting with;
		const char *has, *has_not;
	} rows[] = {
	    {"256 colours", {"xterm-256color", "C.UTF-8", NULL, 24, 80, {0}},
		"\033[38;5;", "\033[48;5;"},
	    {"unknown, by stem", {"xterm-kitty", "C.UTF-8", NULL, 24, 80, {0}},
		"\033[38;5;", NULL},
	    {"unknown altogether", {"bogus", "C.UTF-8", NULL, 24, 80, {0}},
		"frame 0", "\033[38;5;"},
	    {"no TERM", {NULL, "C.UTF-8", NULL, 24, 80, {0}}, "frame 0",
		"\033[38;5;"},
	    {"8 colours", {"linux", "C.UTF-8", NULL, 24, 80, {0}}, "\033[36m",
		"\033[38;5;"},
	    {"NO_COLOR", {"xterm-256color", "C.UTF-8", "1", 24, 80, {0}},
		"frame 0", "\033[38"},
	    {"mono",
		{"xterm-256color", "C.UTF-8", NULL, 24, 80,
		    {.theme = RT_THEME_MONO}},
		"frame 0", "\033[38"},
	    {"UTF-8", {"xterm-256color", "C.UTF-8", NULL, 24, 80, {0}},
		"\u2581", NULL},
	    {"LANG=C", {"xterm-256color", "C", NULL, 24, 80, {0}}, "frame 0.",
		"\xe2"},
	    {"a UTF-8 locale that is not installed",
		{"xterm-256color", "xx_YY.UTF-8", NULL, 24, 80, {0}}, "\u2581",
		NULL},
	    {"--ascii",
		{"xterm-256color", "C.UTF-8", NULL, 24, 80, {.ascii = true}},
		"frame 0.", "\xe2"},
	    {"one cell", {"xterm-256color", "C.UTF-8", NULL, 1, 1, {0}}, "~",
		"frame"},
	    {"large", {"xterm-256color", "C.UTF-8", NULL, 100, 300, {0}},
		"frame 0", NULL},
	    {"no size", {"xterm-256color", "C.UTF-8", NULL, 0, 0, {0}},
		"frame 0", NULL},
	};

	(void)state;
	for (unsigned i = 0; i < RT_COUNT_OF(rows); i++) {
		struct session s;

		print_message("%s\n", rows[i].why);
		start_shown(&s, &rows[i].with);
		await_text(&s, rows[i].has);
		if (rows[i].has_not)
			assert_true(last_of(&s, rows[i].has_not) < 0);
		type(&s, "q");
		assert_int_equal(await_exit(&s, true), 0);
		assert_cooked(&s);
		finish(&s);
	}
}

static void
refuses_a_terminal_that_cannot_place_the_cursor(void **state)
{
	struct setting dumb = plain;
	struct session s;

	(void)state;
	dumb.term = "dumb";
	start(&s, &dumb);
	await_note(&s, "OE", true);
	assert_int_equal(s.last.what, 'E');
	assert_int_equal(s.last.value, RT_E_IO);
	assert_int_equal(await_exit(&s, true), 3 << 8);
	assert_int_equal(s.seen.len, 0);
	assert_cooked(&s);
	finish(&s);
}

static void
one_write_a_frame_and_few_bytes_for_a_cell(void **state)
{
	struct session s;
	uint64_t writes;

	(void)state;
	start_shown(&s, &plain);
	assert_int_equal(s.last.stats.frames, 1);
	show_frame(&s, "c");
	show_frame(&s, "c");
	for (unsigned i = 0; i < 5; i++) {
		writes = s.last.stats.writes;
		type(&s, "c");
		await_note(&s, "F", true);
		assert_int_equal(s.last.stats.writes, writes + 1);
		assert_in_range(s.last.stats.last_frame_bytes, 1, 40);
	}
	rt_buf_reset(&s.seen);
	for (unsigned i = 0; i < 5; i++) {
		show_frame(&s, "f");
	}
	assert_true(last_of(&s, "\033[?2026h") >= 0);
	assert_true(last_of(&s, "\033[2J") < 0);
	assert_true(last_of(&s, "\033[J") < 0);
	show_frame(&s, "r");
	await_text(&s, "\033[2J");
	type(&s, "q");
	assert_int_equal(await_exit(&s, true), 0);
	finish(&s);
}

/* All of a frame, to its last byte; what follows is another one's. */
static void
await_frame(struct session *s, unsigned number)
{
	rt_mono_t end = rt_mono_add_ms(rt_clock_mono(), PATIENCE_MS);
	char name[32];

	snprintf(name, sizeof(name), "frame %u\u2581", number);
	await_text(s, name);
	while (last_of(s, "\033[?2026l") < last_of(s, name)) {
		struct pollfd p = {.fd = s->master, .events = POLLIN};

		assert_true(rt_clock_mono().us < end.us);
		(void)poll(&p, 1, 50);
		read_screen(s);
	}
}

static void
the_theme_changes_while_it_runs(void **state)
{
	static const struct {
		const char *has, *has_not; /* colours of bad */
	} rows[] = {
	    {"\033[38;5;161m", "\033[38;5;203m"}, /* light */
	    {"frame ", "\033[38"},                /* mono */
	    {"\033[38;5;198m", "\033[38;5;161m"}, /* safe */
	    {"\033[38;5;203m", "\033[38;5;198m"}, /* dark */
	};
	struct setting poor = plain;
	struct session s;

	(void)state;
	start_shown(&s, &plain);
	await_frame(&s, 0);
	for (unsigned i = 0; i < RT_COUNT_OF(rows); i++) {
		rt_buf_reset(&s.seen);
		type(&s, "t");
		await_frame(&s, i + 1);
		assert_true(last_of(&s, rows[i].has) >= 0);
		assert_true(last_of(&s, rows[i].has_not) < 0);
	}
	type(&s, "q");
	assert_int_equal(await_exit(&s, true), 0);
	finish(&s);
	/* Begun without colours, it finds them; NO_COLOR stays without. */
	poor.opts.theme = RT_THEME_MONO;
	start_shown(&s, &poor);
	await_frame(&s, 0);
	type(&s, "t");
	await_frame(&s, 1);
	assert_true(last_of(&s, "\033[38;5;198m") >= 0);
	type(&s, "q");
	assert_int_equal(await_exit(&s, true), 0);
	finish(&s);
	poor.no_color = "1";
	start_shown(&s, &poor);
	await_frame(&s, 0);
	type(&s, "t");
	await_frame(&s, 1);
	assert_true(last_of(&s, "\033[38") < 0);
	type(&s, "q");
	assert_int_equal(await_exit(&s, true), 0);
	finish(&s);
}

static void
hands_on_keys(void **state)
{
	static const struct {
		const char *bytes;
		int key;
	} rows[] = {
	    {"j", 'j'},
	    {"\033[A", RT_KEY_UP},
	    {"\033OP", RT_KEY_F1},
	    {"\r", RT_KEY_ENTER},
	    {"\014", 014},
	    {"\033", RT_KEY_ESC},
	    {"\xc3\xa9", 0xe9},
	    {"\022", 022},
	};
	struct session s;

	(void)state;
	start_shown(&s, &plain);
	for (unsigned i = 0; i < RT_COUNT_OF(rows); i++) {
		type(&s, rows[i].bytes);
		await_note(&s, "K", true);
		assert_int_equal(s.last.value, rows[i].key);
	}
	type(&s, "yb");
	await_text(&s, "\033]52;c;aGVsbG8=\033\\");
	await_text(&s, "\a");
	type(&s, "q");
	assert_int_equal(await_exit(&s, true), 0);
	finish(&s);
}

static int
need_a_terminal(void **state)
{
	int master, slave;

	(void)state;
	signal(SIGPIPE, SIG_IGN);
	if (openpty(&master, &slave, NULL, NULL, NULL) != 0) {
		printf("no pseudo terminal: %s\n", strerror(errno));
		exit(77);
	}
	close(master);
	close(slave);
	return 0;
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(terminal_is_restored_however_it_ends),
	    cmocka_unit_test(
		the_mouse_is_off_while_stopped_and_once_it_is_not_wanted),
	    cmocka_unit_test(a_loop_that_hangs_is_ended_after_a_second),
	    cmocka_unit_test(a_closed_terminal_ends_it),
	    cmocka_unit_test(a_stalled_terminal_skips_frames_and_loses_no_byte),
	    cmocka_unit_test(a_stalled_terminal_does_not_delay_the_end),
	    cmocka_unit_test(stops_and_resumes),
	    cmocka_unit_test(follows_the_size_of_the_terminal),
	    cmocka_unit_test(starts_on_every_terminal),
	    cmocka_unit_test(refuses_a_terminal_that_cannot_place_the_cursor),
	    cmocka_unit_test(one_write_a_frame_and_few_bytes_for_a_cell),
	    cmocka_unit_test(the_theme_changes_while_it_runs),
	    cmocka_unit_test(hands_on_keys),
	};

	return cmocka_run_group_tests(tests, need_a_terminal, NULL);
}
