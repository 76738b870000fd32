/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE /* pipe2 */
#include "tui/tty.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

#include "proto/mem.h"

#define SIDE_MAX 1000u
#define LEAVE_PATIENCE_MS 300
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define END_PATIENCE_S 5 /* everything takes several times as long there */
#else
#define END_PATIENCE_S 1u
#endif

/* Signal handlers have no argument of ours: one terminal, one state. */
static struct {
	int fd;
	int wake[2];
	int shared_flags; /* to put back; -1: the description is ours alone */
	struct termios cooked, raw;
	char leave[RT_TTY_LEAVE_SIZE];
	size_t leave_len;
	bool is_open;
} tty = {.fd = -1, .wake = {-1, -1}};

static volatile sig_atomic_t entered;
static volatile sig_atomic_t ending, resized, stopping, continued;
static char alternate_stack[65536];

static void on_event(int sig);
static void on_fatal(int sig);

static struct {
	int signal;
	void (*handler)(int);
	struct sigaction before;
} signals[] = {
    {.signal = SIGINT, .handler = on_event},
    {.signal = SIGTERM, .handler = on_event},
    {.signal = SIGHUP, .handler = on_event},
    {.signal = SIGPIPE, .handler = on_event},
    {.signal = SIGWINCH, .handler = on_event},
    {.signal = SIGTSTP, .handler = on_event},
    {.signal = SIGCONT, .handler = on_event},
    {.signal = SIGALRM, .handler = on_fatal},
    {.signal = SIGQUIT, .handler = on_fatal},
    {.signal = SIGABRT, .handler = on_fatal},
    {.signal = SIGSEGV, .handler = on_fatal},
    {.signal = SIGBUS, .handler = on_fatal},
    {.signal = SIGFPE, .handler = on_fatal},
    {.signal = SIGILL, .handler = on_fatal},
};

static void
on_event(int sig)
{
	int saved = errno;

	switch (sig) {
	case SIGWINCH: resized = 1; break;
	case SIGTSTP: stopping = 1; break;
	case SIGCONT: continued = 1; break;
	default:
		if (!ending)
			alarm(END_PATIENCE_S);
		ending = 1;
		break;
	}
	(void)!write(tty.wake[1], "", 1);
	errno = saved;
}

static void
on_fatal(int sig)
{
	sigset_t set;

	rt_tty_leave();
	signal(sig, SIG_DFL);
	sigemptyset(&set);
	sigaddset(&set, sig);
	raise(sig);
	sigprocmask(SIG_UNBLOCK, &set, NULL);
}

static void
leave_at_exit(void)
{
	rt_tty_leave();
}

/*
 * A description of our own, since O_NONBLOCK on the one we were given would also
 * hit the shell and whoever else writes there.
 */
static int
open_anew(int given)
{
	char name[128];
	int fd;

	if (ttyname_r(given, name, sizeof name) != 0)
		return -1;
	fd = open(name, O_RDWR | O_NOCTTY | O_NONBLOCK | O_CLOEXEC);
	if (fd >= 0 && !isatty(fd)) {
		close(fd);
		return -1;
	}
	return fd;
}

static int
open_shared(int given)
{
	int fd = fcntl(given, F_DUPFD_CLOEXEC, 3);

	if (fd < 0)
		return -1;
	tty.shared_flags = fcntl(fd, F_GETFL);
	return fd;
}

static void
set_modes(void)
{
	tty.raw = tty.cooked;
	tty.raw.c_lflag &= ~(tcflag_t)(ICANON | ECHO | ECHONL | IEXTEN);
	tty.raw.c_iflag &= ~(tcflag_t)(ICRNL | INLCR | IGNCR | ISTRIP);
	/* Frames are exact: no line feed may become two characters. */
	tty.raw.c_oflag &= ~(tcflag_t)OPOST;
	tty.raw.c_cc[VMIN] = 1;
	tty.raw.c_cc[VTIME] = 0;
}

enum rt_err
rt_tty_open(struct rt_diag *d)
{
	static bool registered;

	if (tty.is_open) {
		rt_diag_set(d, NULL, "the terminal is in use already");
		return RT_E_BUSY;
	}
	if (!isatty(STDOUT_FILENO) ||
	    tcgetattr(STDOUT_FILENO, &tty.cooked) != 0) {
		rt_diag_set(d, NULL, "standard output is not a terminal");
		return RT_E_IO;
	}
	tty.shared_flags = -1;
	tty.fd = open_anew(STDOUT_FILENO);
	if (tty.fd < 0)
		tty.fd = open_shared(STDOUT_FILENO);
	if (tty.fd < 0 || pipe2(tty.wake, O_CLOEXEC | O_NONBLOCK) != 0) {
		rt_diag_set(d, NULL, "the terminal cannot be opened: %s",
		    strerror(errno));
		if (tty.fd >= 0)
			close(tty.fd);
		return RT_E_IO;
	}
	set_modes();
	tty.leave_len = 0;
	ending = resized = stopping = continued = 0;
	for (size_t i = 0; i < RT_COUNT_OF(signals); i++)
		sigaction(signals[i].signal, NULL, &signals[i].before);
	tty.is_open = true;
	if (!registered)
		registered = atexit(leave_at_exit) == 0;
	rt_mem_on_exhausted(rt_tty_leave);
	return RT_OK;
}

void
rt_tty_close(void)
{
	if (!tty.is_open)
		return;
	rt_tty_leave();
	alarm(0);
	for (size_t i = 0; i < RT_COUNT_OF(signals); i++)
		sigaction(signals[i].signal, &signals[i].before, NULL);
	rt_mem_on_exhausted(NULL);
	close(tty.fd);
	close(tty.wake[0]);
	close(tty.wake[1]);
	tty.fd = tty.wake[0] = tty.wake[1] = -1;
	tty.is_open = false;
}

void
rt_tty_catch_signals(void)
{
	struct sigaction act = {.sa_flags = SA_RESTART | SA_ONSTACK};
	stack_t stack = {
	    .ss_sp = alternate_stack, .ss_size = sizeof alternate_stack};

	sigaltstack(&stack, NULL);
	sigfillset(&act.sa_mask);
	for (size_t i = 0; i < RT_COUNT_OF(signals); i++) {
		act.sa_handler = signals[i].handler;
		sigaction(signals[i].signal, &act, NULL);
	}
}

void
rt_tty_set_leave(const char *bytes, size_t len)
{
	if (len > sizeof tty.leave)
		len = sizeof tty.leave;
	tty.leave_len = 0; /* a signal in between finds nothing, not half */
	memcpy(tty.leave, bytes, len);
	tty.leave_len = len;
}

void
rt_tty_enter(void)
{
	entered = 1;
	tcsetattr(tty.fd, TCSANOW, &tty.raw);
	if (tty.shared_flags >= 0)
		fcntl(tty.fd, F_SETFL, tty.shared_flags | O_NONBLOCK);
}

static void
write_leave(void)
{
	struct pollfd p = {.fd = tty.fd, .events = POLLOUT};
	size_t done = 0;
	int patience = LEAVE_PATIENCE_MS / 50;

	while (done < tty.leave_len) {
		ssize_t n =
		    write(tty.fd, tty.leave + done, tty.leave_len - done);

		if (n > 0)
			done += (size_t)n;
		else if (n < 0 && errno == EAGAIN && patience > -2) {
			if (patience-- == 0)
				tcflush(tty.fd, TCOFLUSH);
			(void)poll(&p, 1, 50);
		} else if (n == 0 || errno != EINTR)
			return;
	}
}

void
rt_tty_leave(void)
{
	int saved = errno;
	sigset_t all, before;

	if (!entered)
		return;
	/* In the background, changing modes would stop us with SIGTTOU. */
	sigfillset(&all);
	sigprocmask(SIG_BLOCK, &all, &before);
	entered = 0;
	write_leave();
	tcsetattr(tty.fd, TCSANOW, &tty.cooked);
	if (tty.shared_flags >= 0)
		fcntl(tty.fd, F_SETFL, tty.shared_flags);
	sigprocmask(SIG_SETMASK, &before, NULL);
	errno = saved;
}

void
rt_tty_stop(void)
{
	stopping = 0;
	signal(SIGTSTP, SIG_DFL);
	raise(SIGTSTP);
	rt_tty_catch_signals();
	continued = 0;
}

int
rt_tty_fd(void)
{
	return tty.fd;
}

int
rt_tty_wake_fd(void)
{
	return tty.wake[0];
}

unsigned
rt_tty_take_events(void)
{
	char drained[64];
	unsigned events = 0;

	while (read(tty.wake[0], drained, sizeof drained) > 0)
		continue;
	events |= ending ? RT_TTY_END : 0u;
	events |= resized ? RT_TTY_RESIZE : 0u;
	events |= stopping ? RT_TTY_STOP : 0u;
	events |= continued ? RT_TTY_CONT : 0u;
	resized = stopping = continued = 0;
	return events;
}

static unsigned
clamp_side(unsigned n, unsigned otherwise)
{
	return n == 0 ? otherwise : n > SIDE_MAX ? SIDE_MAX : n;
}

void
rt_tty_size(unsigned *rows, unsigned *cols)
{
	struct winsize w = {0};

	(void)ioctl(tty.fd, TIOCGWINSZ, &w);
	*rows = clamp_side(w.ws_row, 24);
	*cols = clamp_side(w.ws_col, 80);
}
