/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE /* pipe2 */
#include "collector/canary/spawn.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "proto/clock.h"

/* In the child: ends with its parent, and owns no stream of it but `out`. */
static bool
settle(pid_t parent, int out)
{
	int nothing = open("/dev/null", O_RDWR | O_CLOEXEC);
	sigset_t none;

	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	prctl(PR_SET_PDEATHSIG, SIGTERM);
	return getppid() == parent && nothing >= 0 &&
	    dup2(nothing, STDIN_FILENO) >= 0 && dup2(out, STDOUT_FILENO) >= 0;
}

static pid_t
begin(struct rt_spawn *s)
{
	pid_t parent = getpid(), pid;
	int ends[2];

	*s = (struct rt_spawn){0, -1};
	if (pipe2(ends, O_CLOEXEC) != 0)
		return -1;
	fflush(NULL);
	pid = fork();
	if (pid == 0 && !settle(parent, ends[1]))
		_exit(127);
	close(ends[1]);
	if (pid <= 0) {
		close(ends[0]);
		return pid;
	}
	*s = (struct rt_spawn){pid, ends[0]};
	return pid;
}

bool
rt_spawn_call(
    struct rt_spawn *s, int (*function)(void *argument), void *argument)
{
	pid_t pid = begin(s);
	int code;

	if (pid == 0) {
		code = function(argument);
		fflush(stdout);
		_exit(code);
	}
	return pid > 0;
}

bool
rt_spawn_program(struct rt_spawn *s, const char *const *argv)
{
	pid_t pid = begin(s);
	char *copy[32];
	int n = 0;

	if (pid != 0)
		return pid > 0;
	while (argv[n] && n < 31) {
		copy[n] = strdup(argv[n]);
		n++;
	}
	copy[n] = NULL;
	if (dup2(STDIN_FILENO, STDERR_FILENO) >= 0)
		execvp(copy[0], copy);
	_exit(127);
}

bool
rt_spawn_line(struct rt_spawn *s, char *out, size_t size, int ms)
{
	rt_mono_t until = rt_mono_add_ms(rt_clock_mono(), ms);
	size_t n = 0;

	while (n + 1 < size) {
		int64_t left = rt_mono_ms_between(rt_clock_mono(), until);
		struct pollfd fd = {s->out, POLLIN, 0};

		if (left <= 0 || poll(&fd, 1, (int)left) <= 0 ||
		    read(s->out, out + n, 1) != 1)
			return false;
		if (out[n] == '\n')
			break;
		n++;
	}
	out[n] = '\0';
	return true;
}

int
rt_spawn_wait(struct rt_spawn *s)
{
	int status = 0;

	if (s->pid <= 0)
		return -1;
	while (waitpid(s->pid, &status, 0) < 0 && errno == EINTR)
		continue;
	if (s->out >= 0)
		close(s->out);
	*s = (struct rt_spawn){0, -1};
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

void
rt_spawn_stop(struct rt_spawn *s)
{
	if (s->pid <= 0)
		return;
	kill(s->pid, SIGTERM);
	(void)rt_spawn_wait(s);
}
