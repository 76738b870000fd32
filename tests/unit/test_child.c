/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "proto/clock.h"
#include "tui/child.h"

#define PATIENCE_MS 5000
#define FOREVER "exec sleep 1000"

static char log_path[] = "/tmp/retrytop-test-child-XXXXXX";

static enum rt_err
start(struct rt_child *c, const char *script, bool wants_ready, const char *log,
    struct rt_diag *d)
{
	const char *const argv[] = {"/bin/sh", "-c", script, "sh", NULL};

	return rt_child_start(c, "worker", argv, wants_ready, log, d);
}

static void
start_ready(struct rt_child *c, const char *script)
{
	struct rt_diag d = {.what = ""};

	assert_int_equal(start(c, script, true, log_path, &d), RT_OK);
	assert_int_equal(rt_child_wait_ready(c, PATIENCE_MS, &d), RT_OK);
	assert_true(rt_child_is_alive(c));
}

static const char *
read_log(void)
{
	static char text[8192];
	int fd = open(log_path, O_RDONLY);
	ssize_t n = read(fd, text, sizeof text - 1);

	close(fd);
	assert_true(n >= 0);
	text[n] = '\0';
	return text;
}

static int
clear_log(void **state)
{
	(void)state;
	return truncate(log_path, 0);
}

/* Until it has ended by itself; its wait status. */
static int
await_end(struct rt_child *c)
{
	rt_mono_t end = rt_mono_add_ms(rt_clock_mono(), PATIENCE_MS);

	while (rt_child_is_alive(c))
		if (rt_clock_mono().us > end.us)
			fail_msg("it does not end");
	return c->exit_status;
}

static void
child_says_when_it_is_ready(void **state)
{
	struct rt_child c;
	struct rt_diag d = {.what = ""};

	(void)state;
	assert_int_equal(start(&c, "read x; " FOREVER, true, NULL, &d), RT_OK);
	assert_string_equal(c.name, "worker");
	assert_int_equal(rt_child_wait_ready(&c, 30, &d), RT_E_TIMEOUT);
	assert_non_null(strstr(d.what, "30 ms"));
	assert_true(rt_child_is_alive(&c));
	rt_child_end(&c, 1);
	assert_int_equal(c.pid, 0);
	assert_int_equal(WTERMSIG(c.exit_status), SIGTERM);

	start_ready(&c, "printf x >&$2; " FOREVER);
	assert_int_equal(rt_child_wait_ready(&c, 0, &d), RT_OK);
	rt_child_end(&c, 1);
}

static void
child_that_ends_first_was_never_ready(void **state)
{
	struct rt_child c;
	struct rt_diag d = {.what = ""};

	(void)state;
	assert_int_equal(start(&c, "exit 3", true, NULL, &d), RT_OK);
	assert_int_equal(rt_child_wait_ready(&c, PATIENCE_MS, &d), RT_E_IO);
	assert_non_null(strstr(d.what, "worker ended"));
	assert_int_equal(WEXITSTATUS(await_end(&c)), 3);
	assert_int_equal(rt_child_wait_ready(&c, PATIENCE_MS, &d), RT_E_IO);
	rt_child_end(&c, 1);
	assert_int_equal(WEXITSTATUS(c.exit_status), 3);
}

static void
program_that_is_not_there_is_refused(void **state)
{
	const char *const argv[] = {"/nowhere/retrytop", NULL};
	struct rt_child c, before;
	struct rt_diag d = {.what = ""};

	(void)state;
	memset(&c, 0x5a, sizeof c);
	before = c;
	assert_int_equal(
	    rt_child_start(&c, "worker", argv, true, NULL, &d), RT_E_IO);
	assert_non_null(strstr(d.what, strerror(ENOENT)));
	assert_memory_equal(&c, &before, sizeof c);
	assert_int_equal(
	    start(&c, "exit 0", false, "/nowhere/log", &d), RT_E_IO);
	assert_memory_equal(&c, &before, sizeof c);
	assert_int_equal(waitpid(-1, NULL, WNOHANG), -1);
}

static void
screen_is_not_the_childs(void **state)
{
	struct rt_child c;
	struct rt_diag d = {.what = ""};

	(void)state;
	assert_int_equal(
	    start(&c, "read x && echo input; echo out; echo err >&2", false,
		log_path, &d),
	    RT_OK);
	assert_int_equal(await_end(&c), 0);
	assert_string_equal(read_log(), "out\nerr\n");
}

static void
child_starts_with_default_signals_and_no_file_of_ours(void **state)
{
	struct rt_child c;
	struct rt_diag d = {.what = ""};
	sigset_t blocked, before;
	int ours = fcntl(STDERR_FILENO, F_DUPFD, 7); /* stays open on exec */

	(void)state;
	signal(SIGPIPE, SIG_IGN);
	signal(SIGHUP, SIG_IGN);
	sigemptyset(&blocked);
	sigaddset(&blocked, SIGTERM);
	sigprocmask(SIG_BLOCK, &blocked, &before);
	/* Signals 32 and 33 are the C library's own: nobody can set them. */
	assert_int_equal(start(&c,
			     "grep -E '^Sig(Blk|Ign)' /proc/self/status |"
			     " cut -f2 | sed s/^000000018/000000000/ | sort "
			     "-u; for n in 3 4 5 6 7 8 9; do"
			     " test -e /proc/$$/fd/$n && echo $n; done; exit 0",
			     true, log_path, &d),
	    RT_OK);
	sigprocmask(SIG_SETMASK, &before, NULL);
	signal(SIGPIPE, SIG_DFL);
	signal(SIGHUP, SIG_DFL);
	close(ours);
	assert_int_equal(await_end(&c), 0);
	assert_string_equal(read_log(), "0000000000000000\n3\n");
	rt_child_end(&c, 1);
}

static void
child_is_out_of_reach_of_the_terminals_signals(void **state)
{
	struct rt_child c;

	(void)state;
	start_ready(&c, "printf x >&3; " FOREVER);
	assert_int_equal(getpgid(c.pid), c.pid);
	rt_child_end(&c, 1);
}

static void
all_are_ended_within_a_second_even_the_stubborn(void **state)
{
	struct rt_child c[5] = {{0}};
	rt_mono_t from;

	(void)state;
	start_ready(&c[0], "printf x >&3; " FOREVER);
	start_ready(&c[1], "trap '' TERM; printf x >&3; " FOREVER);
	start_ready(&c[2], "trap '' TERM; printf x >&3; " FOREVER);
	start_ready(
	    &c[3], "trap 'exit 5' TERM; printf x >&3; while :; do :; done");
	kill(c[3].pid, SIGSTOP);
	from = rt_clock_mono();
	rt_child_end(c, 5);
	assert_in_range(rt_mono_ms_between(from, rt_clock_mono()), 900, 1900);
	assert_int_equal(WTERMSIG(c[0].exit_status), SIGTERM);
	assert_int_equal(WTERMSIG(c[1].exit_status), SIGKILL);
	assert_int_equal(WTERMSIG(c[2].exit_status), SIGKILL);
	assert_int_equal(WEXITSTATUS(c[3].exit_status), 5);
	assert_int_equal(waitpid(-1, NULL, WNOHANG), -1);
	rt_child_end(c, 5);
}

static void
those_that_obey_are_not_waited_for(void **state)
{
	struct rt_child c[2];
	rt_mono_t from;

	(void)state;
	start_ready(&c[0], "printf x >&3; " FOREVER);
	start_ready(&c[1], "printf x >&3; " FOREVER);
	from = rt_clock_mono();
	rt_child_end(c, 2);
	assert_in_range(rt_mono_ms_between(from, rt_clock_mono()), 0, 500);
}

static void
child_dies_with_its_parent_however_that_dies(void **state)
{
	struct rt_child c;
	struct rt_diag d;
	int told[2], status;
	pid_t parent, child;

	(void)state;
	/* The orphan becomes ours, so that we see how it ended. */
	assert_int_equal(prctl(PR_SET_CHILD_SUBREAPER, 1), 0);
	assert_int_equal(pipe(told), 0);
	parent = fork();
	if (parent == 0) {
		if (start(&c, "printf x >&3; " FOREVER, true, NULL, &d) ||
		    rt_child_wait_ready(&c, PATIENCE_MS, &d) ||
		    write(told[1], &c.pid, sizeof c.pid) < 0)
			_exit(1);
		pause();
		_exit(1);
	}
	assert_int_equal(read(told[0], &child, sizeof child), sizeof child);
	kill(parent, SIGKILL);
	assert_int_equal(waitpid(parent, &status, 0), parent);
	alarm(PATIENCE_MS / 1000); /* the failure of this test */
	assert_int_equal(waitpid(child, &status, 0), child);
	alarm(0);
	assert_int_equal(WTERMSIG(status), SIGTERM);
	close(told[0]);
	close(told[1]);
}

static void
self_is_a_program_that_can_be_started(void **state)
{
	(void)state;
	assert_int_equal(access(rt_child_self(), X_OK), 0);
	assert_non_null(strstr(rt_child_self(), "test_child"));
}

#define T(f) cmocka_unit_test_setup(f, clear_log)

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    T(child_says_when_it_is_ready),
	    T(child_that_ends_first_was_never_ready),
	    T(program_that_is_not_there_is_refused),
	    T(screen_is_not_the_childs),
	    T(child_starts_with_default_signals_and_no_file_of_ours),
	    T(child_is_out_of_reach_of_the_terminals_signals),
	    T(all_are_ended_within_a_second_even_the_stubborn),
	    T(those_that_obey_are_not_waited_for),
	    T(child_dies_with_its_parent_however_that_dies),
	    T(self_is_a_program_that_can_be_started),
	};
	int fd = mkstemp(log_path), failed;

	if (fd < 0)
		return 1;
	close(fd);
	failed = cmocka_run_group_tests(tests, NULL, NULL);
	unlink(log_path);
	return failed;
}
