/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE /* memmem */
#include "tests/unit/session.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pty.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>
#include <utmp.h>

#include "proto/clock.h"
#include "proto/mem.h"

/* The address sanitizer ends a process that asks for more than it can have. */
#ifdef __SANITIZE_ADDRESS__
#define RT_TOO_MUCH ((void)exit(RT_EXIT_INTERNAL), (size_t)1)
#else
#define RT_TOO_MUCH (SIZE_MAX / 2)
#endif

const struct setting session_plain = {
    .term = "xterm-256color", .lang = "C.UTF-8", .rows = 24, .cols = 80};

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

void
session_read_screen(struct session *s)
{
	char bytes[65536];
	ssize_t n;

	while (s->master >= 0 && (n = read(s->master, bytes, sizeof bytes)) > 0)
		rt_buf_add(&s->seen, bytes, (size_t)n);
}

const struct note *
session_await_note(struct session *s, const char *kinds, bool reading)
{
	rt_mono_t end = rt_mono_add_ms(rt_clock_mono(), PATIENCE_MS);

	while (rt_clock_mono().us < end.us) {
		struct pollfd p[2] = {{.fd = s->notes, .events = POLLIN},
		    {.fd = reading ? s->master : -1, .events = POLLIN}};

		if (poll(p, 2, 50) <= 0)
			continue;
		if (reading)
			session_read_screen(s);
		if (!(p[0].revents & POLLIN))
			continue;
		assert_int_equal(
		    read(s->notes, &s->last, sizeof s->last), sizeof s->last);
		if (strchr(kinds, s->last.what)) {
			if (reading)
				session_read_screen(s);
			return &s->last;
		}
	}
	fail_msg("no note of \"%s\" in time", kinds);
	return NULL;
}

void
session_await_text(struct session *s, const char *text)
{
	rt_mono_t end = rt_mono_add_ms(rt_clock_mono(), PATIENCE_MS);

	while (rt_clock_mono().us < end.us) {
		struct pollfd p = {.fd = s->master, .events = POLLIN};

		session_read_screen(s);
		if (s->seen.len > 0 &&
		    memmem(s->seen.p, s->seen.len, text, strlen(text)))
			return;
		(void)poll(&p, 1, 50);
	}
	fail_msg("\"%s\" is not on the screen in time", text + 1);
}

void
session_type(struct session *s, const char *keys)
{
	assert_int_equal(write(s->master, keys, strlen(keys)), strlen(keys));
}

void
session_show_frame(struct session *s, const char *key)
{
	do {
		session_type(s, key);
		session_await_note(s, "F", true);
	} while (s->last.value != RT_OK);
}

void
session_start(struct session *s, const struct setting *with)
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
	s->job = session_await_note(s, "P", true)->value;
}

void
session_start_shown(struct session *s, const struct setting *with)
{
	session_start(s, with);
	session_await_note(s, "F", true);
	assert_int_equal(s->last.value, RT_OK);
}

void
session_assert_cooked(const struct session *s)
{
	struct termios now;

	assert_int_equal(tcgetattr(s->slave, &now), 0);
	assert_int_equal(now.c_lflag, s->before.c_lflag);
	assert_int_equal(now.c_iflag, s->before.c_iflag);
	assert_int_equal(now.c_oflag, s->before.c_oflag);
	assert_memory_equal(now.c_cc, s->before.c_cc, sizeof now.c_cc);
	assert_false(fcntl(s->slave, F_GETFL) & O_NONBLOCK);
}

long
session_last_of(const struct session *s, const char *text)
{
	long at = -1;
	size_t len = strlen(text);

	for (size_t i = 0; i + len <= s->seen.len; i++)
		if (memcmp(s->seen.p + i, text, len) == 0)
			at = (long)i;
	return at;
}

void
session_assert_left(const struct session *s)
{
	assert_true(session_last_of(s, ENTER_SCREEN) >= 0);
	assert_true(session_last_of(s, LEAVE_SCREEN) >
	    session_last_of(s, ENTER_SCREEN));
	assert_true(
	    session_last_of(s, "\033[?25h") > session_last_of(s, "\033[?25l"));
	assert_true(session_last_of(s, "\033[?2026l") >
	    session_last_of(s, "\033[?2026h"));
}

int
session_await_exit(struct session *s, bool reading)
{
	rt_mono_t from = rt_clock_mono();

	session_await_note(s, "X", reading);
	if (rt_mono_ms_between(from, rt_clock_mono()) >= EXIT_LIMIT_MS)
		fail_msg("it took too long to end");
	session_read_screen(s);
	return s->last.value;
}

void
session_finish(struct session *s)
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

int
session_need_terminal(void **state)
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
