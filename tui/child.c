/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE /* pipe2, dup3, closefrom */
#include "tui/child.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "proto/clock.h"
#include "proto/mem.h"

#define END_PATIENCE_MS 1000
#define READY_FD 3
#define READY_FD_TEXT "3"
#define ERROR_FD 4

/* What the child needs between fork and exec, all of it made before. */
struct plan {
	char **argv;
	pid_t parent;
	int log, ready, error; /* ready: -1 where not wanted */
};

/* Copies, since execv takes what is not const. */
static char **
copy_argv(const char *const argv[], bool wants_ready)
{
	size_t n = 0, i;
	char **copy;

	while (argv[n])
		n++;
	copy = rt_xcalloc(n + 3, sizeof *copy);
	for (i = 0; i < n; i++)
		copy[i] = rt_xstrdup(argv[i]);
	if (wants_ready) {
		copy[i++] = rt_xstrdup("--ready-fd");
		copy[i] = rt_xstrdup(READY_FD_TEXT);
	}
	return copy;
}

static void
free_argv(char **argv)
{
	for (size_t i = 0; argv && argv[i]; i++)
		free(argv[i]);
	free(argv);
}

static void
reset_signals(void)
{
	sigset_t none;

	for (int i = 1; i < NSIG; i++)
		signal(i, SIG_DFL);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
}

/* Standard streams, READY_FD and ERROR_FD as planned, everything else closed. */
static bool
arrange_files(const struct plan *p)
{
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);
	int high[4] = {null, p->log, p->ready, p->error};

	/* Out of the way first: the targets may be among the sources. */
	for (unsigned i = 0; i < RT_COUNT_OF(high); i++)
		if (high[i] >= 0)
			high[i] = fcntl(high[i], F_DUPFD_CLOEXEC, 16);
	if (dup2(high[0], STDIN_FILENO) < 0 ||
	    dup2(high[1], STDOUT_FILENO) < 0 ||
	    dup2(high[1], STDERR_FILENO) < 0 ||
	    dup3(high[3], ERROR_FD, O_CLOEXEC) < 0)
		return false;
	if (p->ready < 0)
		close(READY_FD);
	else if (dup2(high[2], READY_FD) < 0)
		return false;
	closefrom(ERROR_FD + 1);
	return true;
}

_Noreturn static void
run_child(const struct plan *p)
{
	int error;

	prctl(PR_SET_PDEATHSIG, SIGTERM);
	if (getppid() != p->parent)
		_exit(0); /* gone before we asked to be told */
	/* Ctrl-C and Ctrl-Z are for the dashboard, which ends us itself. */
	setpgid(0, 0);
	reset_signals();
	error = p->error;
	if (arrange_files(p)) {
		error = ERROR_FD;
		execv(p->argv[0], p->argv);
	}
	(void)!write(error, &errno, sizeof errno);
	_exit(127);
}

static int
open_log(const char *path)
{
	if (!path)
		return open("/dev/null", O_WRONLY | O_CLOEXEC);
	return open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
}

static void
close_if_open(int fd)
{
	if (fd >= 0)
		close(fd);
}

/* Errno of an exec that failed, 0 where it went well. */
static int
read_exec_error(int fd)
{
	int error = 0;
	ssize_t n;

	do
		n = read(fd, &error, sizeof error);
	while (n < 0 && errno == EINTR);
	return n == (ssize_t)sizeof error ? error : 0;
}

static void
reap(pid_t pid, int *status)
{
	while (waitpid(pid, status, 0) < 0 && errno == EINTR)
		continue;
}

enum rt_err
rt_child_start(struct rt_child *c, const char *name, const char *const argv[],
    bool wants_ready, const char *log_path, struct rt_diag *d)
{
	int ready[2] = {-1, -1}, failure[2] = {-1, -1}, error;
	struct plan p = {.parent = getpid(), .log = open_log(log_path)};
	pid_t pid = -1;

	if (p.log >= 0 && pipe2(failure, O_CLOEXEC) == 0 &&
	    (!wants_ready || pipe2(ready, O_CLOEXEC) == 0)) {
		p.argv = copy_argv(argv, wants_ready);
		p.ready = ready[1];
		p.error = failure[1];
		pid = fork();
		if (pid == 0)
			run_child(&p);
	}
	error = errno;
	free_argv(p.argv);
	close_if_open(p.log);
	close_if_open(ready[1]);
	close_if_open(failure[1]);
	if (pid > 0)
		error = read_exec_error(failure[0]);
	close_if_open(failure[0]);
	if (pid > 0 && error == 0) {
		*c = (struct rt_child){.pid = pid, .ready_fd = ready[0]};
		snprintf(c->name, sizeof c->name, "%s", name);
		return RT_OK;
	}
	if (pid > 0)
		reap(pid, NULL);
	close_if_open(ready[0]);
	rt_diag_set(
	    d, argv[0], "%s cannot be started: %s", name, strerror(error));
	return RT_E_IO;
}

static void
close_ready(struct rt_child *c)
{
	close_if_open(c->ready_fd);
	c->ready_fd = -1;
}

/* Wait until a process ends or the time is over. */
static void
wait_for(pid_t pid, int64_t ms)
{
	int fd = (int)syscall(SYS_pidfd_open, pid, 0);
	struct pollfd p = {.fd = fd, .events = POLLIN};

	/* Without process descriptors: look again every hundredth of a second. */
	if (fd < 0 && ms > 10)
		ms = 10;
	(void)poll(&p, 1, (int)ms);
	close_if_open(fd);
}

static enum rt_err
refuse_not_ready(struct rt_child *c, struct rt_diag *d)
{
	/* Its end of the pipe is closed before it can be reaped. */
	if (rt_child_is_alive(c))
		wait_for(c->pid, END_PATIENCE_MS);
	(void)rt_child_is_alive(c);
	rt_diag_set(d, c->name, "%s ended before it was ready", c->name);
	close_ready(c);
	return RT_E_IO;
}

enum rt_err
rt_child_wait_ready(struct rt_child *c, int timeout_ms, struct rt_diag *d)
{
	rt_mono_t end = rt_mono_add_ms(rt_clock_mono(), timeout_ms);
	struct pollfd p = {.fd = c->ready_fd, .events = POLLIN};
	int64_t left = timeout_ms;
	char byte;
	ssize_t n;

	if (c->ready_fd < 0)
		return rt_child_is_alive(c) ? RT_OK : refuse_not_ready(c, d);
	while (poll(&p, 1, left > 0 ? (int)left : 0) <= 0) {
		left = rt_mono_ms_between(rt_clock_mono(), end);
		if (left <= 0) {
			rt_diag_set(d, c->name, "%s was not ready in %d ms",
			    c->name, timeout_ms);
			return RT_E_TIMEOUT;
		}
	}
	do
		n = read(c->ready_fd, &byte, 1);
	while (n < 0 && errno == EINTR);
	if (n != 1)
		return refuse_not_ready(c, d);
	close_ready(c);
	return RT_OK;
}

bool
rt_child_is_alive(struct rt_child *c)
{
	int status = 0;
	pid_t got;

	if (c->pid <= 0)
		return false;
	do
		got = waitpid(c->pid, &status, WNOHANG);
	while (got < 0 && errno == EINTR);
	if (got == 0)
		return true;
	c->exit_status = status;
	c->pid = 0;
	return false;
}

void
rt_child_end(struct rt_child *children, unsigned count)
{
	rt_mono_t end = rt_mono_add_ms(rt_clock_mono(), END_PATIENCE_MS);

	for (unsigned i = 0; i < count; i++) {
		if (!rt_child_is_alive(&children[i]))
			continue;
		kill(children[i].pid, SIGTERM);
		kill(children[i].pid, SIGCONT); /* a stopped one never ends */
	}
	for (unsigned i = 0; i < count; i++) {
		struct rt_child *c = &children[i];
		int64_t left = END_PATIENCE_MS;

		while (rt_child_is_alive(c) && left > 0) {
			left = rt_mono_ms_between(rt_clock_mono(), end);
			wait_for(c->pid, left > 0 ? left : 0);
		}
		if (c->pid > 0) {
			kill(c->pid, SIGKILL);
			reap(c->pid, &c->exit_status);
			c->pid = 0;
		}
		if (c->name[0])
			close_ready(c);
	}
}

const char *
rt_child_self(void)
{
	static const char link[] = "/proc/self/exe";
	static char path[4096];
	ssize_t n = readlink(link, path, sizeof path - 1);

	if (n <= 0)
		return link;
	path[n] = '\0';
	/* Replaced by an upgrade: the link still leads to what runs. */
	return access(path, X_OK) == 0 ? path : link;
}
