/* SPDX-License-Identifier: MIT */
/*
 * replay — the dashboard on recorded logs.
 *
 * What    A private child reads the logs and answers like a collector (`replay --query`);
 *         the dashboard is the usual one and steers it.  With --report or --query, and
 *         without a terminal, there is no screen: then this is the child's command.
 * Input   What cannot be read twice (standard input, a pipe) is copied to a file of this
 *         process first, in $TMPDIR or /tmp, so that one can go back in it; keys then
 *         come from /dev/tty.
 * Ends    Like the demo: the child is told and waited for, folders go; killed outright,
 *         the child ends by itself and the next replay removes the folders.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "proto/fd.h"
#include "proto/mem.h"
#include "proto/options.h"
#include "proto/query.h"
#include "proto/signals.h"
#include "tui/child.h"
#include "tui/command.h"
#include "tui/folder.h"
#include "tui/watch.h"

#define READY_MS 10000
#define DIR_SIZE 128u
#define COPY_BYTES 65536u
#define WORDS_MAX 16u /* of the child before its files */

/* In collector/: --report and --query. */
int rt_cmd_replay_log(int argc, char **argv);

struct screen {
	struct rt_watch_opts watch;
	const char *window;
	unsigned theme;
	int64_t seconds_ms;
	/* handed on to the child */
	const char *speed, *config;
	int64_t attempt_base;         /* -1: not said */
	int64_t operation_timeout_ms; /* 0: not said */
	bool is_paused;
	/* without a screen */
	unsigned report; /* REPORT_NOT: not said */
	struct rt_endpoint query;
	int64_t ready_fd;

	char dir[DIR_SIZE];   /* sockets and the child's words */
	char spool[DIR_SIZE]; /* copies; empty: none */
	char title[256];
	char **paths; /* owned, as its texts */
	int count;
	sigset_t old_mask;
	int signal_fd;
	struct rt_child child;
};

#define REPORT_NOT 3u

/* ---- what cannot be read twice ----------------------------------------------------- */

static bool
is_read_once(const char *path)
{
	struct stat st;

	if (strcmp(path, "-") == 0)
		return true;
	return stat(path, &st) == 0 && !S_ISREG(st.st_mode) &&
	    !S_ISDIR(st.st_mode);
}

static enum rt_err
fail_copy(struct rt_diag *d, const char *path)
{
	rt_diag_set(
	    d, path, "cannot be copied to be read again: %s", strerror(errno));
	return RT_E_IO;
}

/* To its end; RT_E_EMPTY where a signal came first. */
static enum rt_err
copy(const struct screen *s, int from, int to, const char *path,
    struct rt_diag *d)
{
	static char bytes[COPY_BYTES];
	struct pollfd fds[] = {{from, POLLIN, 0}, {s->signal_fd, POLLIN, 0}};
	ssize_t n;

	for (;;) {
		if (poll(fds, RT_COUNT_OF(fds), -1) < 0 && errno != EINTR)
			return fail_copy(d, path);
		if (fds[1].revents)
			return RT_E_EMPTY;
		if (!fds[0].revents)
			continue;
		n = read(from, bytes, sizeof(bytes));
		if (n == 0)
			return RT_OK;
		if (n < 0 && (errno == EINTR || errno == EAGAIN))
			continue;
		if (n < 0 ||
		    !rt_fd_write_all(to, (struct rt_str){bytes, (size_t)n}))
			return fail_copy(d, path);
	}
}

/* The path of a copy of what is read once. */
static enum rt_err
spool(struct screen *s, char **path, struct rt_diag *d)
{
	const char *base = getenv("TMPDIR");
	bool is_stdin = strcmp(*path, "-") == 0;
	char name[DIR_SIZE + 64];
	int from, to;
	enum rt_err err;

	if (!s->spool[0]) {
		err = rt_folder_make(s->spool, sizeof(s->spool), "input",
		    base && base[0] == '/' ? base : "/tmp", d);
		if (err != RT_OK)
			return err;
	}
	snprintf(name, sizeof(name), "%s/%s", s->spool, "standard-input");
	for (int n = 2; access(name, F_OK) == 0; n++)
		snprintf(name, sizeof(name), "%s/pipe-%d", s->spool, n);
	from = is_stdin ? STDIN_FILENO : open(*path, O_RDONLY | O_CLOEXEC);
	to = open(name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	err = from < 0 || to < 0 ? fail_copy(d, *path)
				 : copy(s, from, to, *path, d);
	if (to >= 0)
		close(to);
	if (from > STDIN_FILENO)
		close(from);
	if (err == RT_OK) {
		free(*path);
		*path = rt_xstrdup(name);
	}
	return err;
}

/* Keys come from the terminal, also where a log came on standard input. */
static bool
take_terminal(void)
{
	int fd;

	if (isatty(STDIN_FILENO))
		return true;
	fd = open("/dev/tty", O_RDWR | O_CLOEXEC);
	if (fd < 0)
		return false;
	if (dup2(fd, STDIN_FILENO) < 0) {
		close(fd);
		return false;
	}
	close(fd);
	return true;
}

/* ---- the child ----------------------------------------------------------------------- */

/* What the child said goes to standard error as it is: one line, and scrubbed. */
static void
repeat_words(const struct screen *s)
{
	char path[DIR_SIZE + 16], line[512];
	FILE *f;

	snprintf(path, sizeof(path), "%s/log", s->dir);
	f = fopen(path, "r");
	while (f && fgets(line, sizeof(line), f))
		fputs(line, stderr);
	if (f)
		fclose(f);
}

static enum rt_err
start_child(struct screen *s, const char *endpoint, struct rt_diag *d)
{
	const char **argv =
	    rt_xcalloc(WORDS_MAX + (size_t)s->count + 1, sizeof(*argv));
	char log[DIR_SIZE + 16], base[24], timeout[24];
	unsigned n = 0;
	enum rt_err err;

	argv[n++] = rt_child_self();
	argv[n++] = "replay";
	argv[n++] = "--query";
	argv[n++] = endpoint;
	argv[n++] = "--speed";
	argv[n++] = s->speed;
	if (s->is_paused)
		argv[n++] = "--paused";
	if (s->config) {
		argv[n++] = "--config";
		argv[n++] = s->config;
	}
	if (s->attempt_base >= 0) {
		snprintf(
		    base, sizeof(base), "%lld", (long long)s->attempt_base);
		argv[n++] = "--attempt-base";
		argv[n++] = base;
	}
	if (s->operation_timeout_ms > 0) {
		snprintf(timeout, sizeof(timeout), "%lldms",
		    (long long)s->operation_timeout_ms);
		argv[n++] = "--operation-timeout";
		argv[n++] = timeout;
	}
	for (int i = 0; i < s->count; i++)
		argv[n++] = s->paths[i];
	snprintf(log, sizeof(log), "%s/log", s->dir);
	err = rt_child_start(&s->child, "replay", argv, true, log, d);
	free(argv);
	if (err == RT_OK)
		err = rt_child_wait_ready(&s->child, READY_MS, d);
	return err;
}

/* It has said itself why it did not start, and with which code. */
static int
fail_child(struct screen *s, const struct rt_diag *d)
{
	int status;

	if (rt_child_is_alive(&s->child) || s->child.name[0] == '\0')
		return rt_options_fail("replay", d, RT_EXIT_INTERNAL);
	status = s->child.exit_status;
	repeat_words(s);
	if (WIFEXITED(status) && WEXITSTATUS(status) != 0)
		return WEXITSTATUS(status);
	return rt_options_fail("replay", d, RT_EXIT_INTERNAL);
}

/* ---- from start to end ----------------------------------------------------------------- */

/* "gw.jsonl" or "gw.jsonl +2". */
static void
write_title(struct screen *s)
{
	const char *slash = strrchr(s->paths[0], '/');
	const char *name = slash && slash[1] ? slash + 1 : s->paths[0];

	if (strcmp(name, "-") == 0)
		name = "standard input";
	if (s->count > 1)
		snprintf(s->title, sizeof(s->title), "%.240s +%d", name,
		    s->count - 1);
	else
		snprintf(s->title, sizeof(s->title), "%.250s", name);
}

/* RT_OPTIONS_GO, or the code to end with. */
static int
prepare(struct screen *s)
{
	struct rt_diag d = {{0}, {0}};
	enum rt_err err = RT_OK;

	write_title(s);
	for (int i = 0; i < s->count && err == RT_OK; i++)
		if (is_read_once(s->paths[i]))
			err = spool(s, &s->paths[i], &d);
	if (err == RT_E_EMPTY)
		return RT_EXIT_OK;
	if (err == RT_OK && !take_terminal()) {
		rt_diag_set(&d, "/dev/tty",
		    "no terminal for keys: %s; --report needs none",
		    strerror(errno));
		err = RT_E_IO;
	}
	if (err == RT_OK)
		err =
		    rt_folder_make(s->dir, sizeof(s->dir), "replay", NULL, &d);
	return err == RT_OK ? RT_OPTIONS_GO
			    : rt_options_fail("replay", &d, RT_EXIT_IO);
}

static int
show(struct screen *s)
{
	char endpoint[DIR_SIZE + 16];
	struct rt_diag d = {{0}, {0}};
	int code = prepare(s);

	if (code != RT_OPTIONS_GO)
		return code;
	snprintf(endpoint, sizeof(endpoint), "ipc://%s/query", s->dir);
	if (start_child(s, endpoint, &d) != RT_OK)
		return fail_child(s, &d);
	s->watch.endpoint = endpoint;
	s->watch.title = s->title;
	sigprocmask(SIG_SETMASK, &s->old_mask, NULL);
	code = rt_watch_run(&s->watch);
	if (rt_child_is_alive(&s->child))
		return code;
	fprintf(stderr, "retrytop replay: what read the logs ended early\n");
	repeat_words(s);
	return RT_EXIT_INTERNAL;
}

static void
clean_up(struct screen *s)
{
	rt_child_end(&s->child, 1);
	if (s->dir[0])
		rt_folder_remove(s->dir);
	if (s->spool[0])
		rt_folder_remove(s->spool);
	for (int i = 0; i < s->count; i++)
		free(s->paths[i]);
	free(s->paths);
	close(s->signal_fd);
}

/* A name that begins like an option, as the child must get it. */
static char *
as_operand(const char *path)
{
	size_t size = strlen(path) + 3;
	char *out;

	if (path[0] != '-' || path[1] == '\0')
		return rt_xstrdup(path);
	out = rt_xcalloc(size, 1);
	snprintf(out, size, "./%s", path);
	return out;
}

static int
run(struct screen *s, char *const paths[], int count)
{
	int code;

	/* What reads the logs has no keys, and nobody else may be asked for any. */
	unsetenv("RETRYTOP_CERT");
	unsetenv("RETRYTOP_SERVER_CERT");
	s->count = count;
	s->paths = rt_xcalloc((size_t)count, sizeof(*s->paths));
	for (int i = 0; i < count; i++)
		s->paths[i] = as_operand(paths[i]);
	s->signal_fd = rt_signals_open(&s->old_mask);
	code = show(s);
	clean_up(s);
	return code;
}

/* ---- the command ------------------------------------------------------------------------- */

static bool
has_screen(void)
{
	const char *term = getenv("TERM");

	return isatty(STDOUT_FILENO) && term && term[0] &&
	    strcmp(term, "dumb") != 0;
}

static int
refuse(const struct rt_diag *d)
{
	return rt_options_fail("replay", d, RT_EXIT_USAGE);
}

static int
check(struct screen *s, int argc)
{
	struct rt_diag d = {{0}, {0}};
	int64_t speed;

	if (argc < 2) {
		rt_diag_set(&d, NULL,
		    "needs a file, or - for standard input; `retrytop replay "
		    "--help` says more");
		return refuse(&d);
	}
	if (strcmp(s->speed, "max") != 0 &&
	    rt_count_from(s->speed, 1, RT_REPLAY_SPEED_MAX, &speed, &d) !=
		RT_OK) {
		rt_diag_set(&d, "speed", "--speed must be 1 to %d, or max",
		    RT_REPLAY_SPEED_MAX);
		return refuse(&d);
	}
	if (s->window &&
	    rt_window_from(rt_str_of(s->window), &s->watch.window_s, &d) !=
		RT_OK)
		return refuse(&d);
	if (s->watch.window_s == 0) {
		rt_diag_set(&d, "window", "all is for --report");
		return refuse(&d);
	}
	return RT_OPTIONS_GO;
}

int
rt_cmd_replay(int argc, char **argv)
{
	struct screen s = {.speed = "1",
	    .attempt_base = -1,
	    .report = REPORT_NOT,
	    .ready_fd = -1,
	    .child = {.ready_fd = -1},
	    .watch = {.window_s = 300}};
	const struct rt_option rows[] = {
	    RT_OPTION_CHOICE('r', "report", &s.report, "text|json|markdown",
		"no screen: print the numbers of the whole log"),
	    RT_OPTION_TEXT(0, "speed", &s.speed, "N|max",
		"seconds of the log a second, 1 to 1000 (1)"),
	    RT_OPTION_FLAG(0, "paused", &s.is_paused, "begin on hold"),
	    RT_OPTION_TEXT('w', "window", &s.window, "1m|5m|15m|1h",
		"the window of every figure (5m)"),
	    RT_OPTION_TEXT(0, "filter", &s.watch.filter, "WORDS",
		"begin with this filter, as typed after /"),
	    RT_OPTION_FLAG(0, "low-bandwidth", &s.watch.low_bandwidth,
		"draw every 10 s, and after a key"),
	    RT_OPTION_FLAG(0, "ascii", &s.watch.ascii, "draw with ASCII only"),
	    RT_OPTION_CHOICE(
		0, "theme", &s.theme, "dark|light|mono", "colours (dark)"),
	    RT_OPTION_DURATION('s', "seconds", &s.seconds_ms, 1, 86400000,
		"end after so long"),
	    RT_OPTION_COUNT_OF(0, "attempt-base", &s.attempt_base, 0, 1,
		"number of the first attempt in review records (1)"),
	    RT_OPTION_DURATION(0, "operation-timeout", &s.operation_timeout_ms,
		1000, 86400000,
		"silence that makes an operation an orphan (120)"),
	    RT_OPTION_TEXT(0, "config", &s.config, "FILE",
		"configuration: decision codes, capacities"),
	    RT_OPTION_ENDPOINT(0, "query", &s.query, RT_PORT_QUERY,
		"no screen: serve viewers there, who steer it together"),
	    RT_OPTION_COUNT_OF(0, "ready-fd", &s.ready_fd, 0, 65535,
		"with --query: write one byte there once it serves"),
	};
	const struct rt_options o = {"replay", "FILE|JOURNAL...",
	    "The dashboard on recorded logs in any form or shape (- is "
	    "standard input); several are merged by time.",
	    rows, RT_COUNT_OF(rows)};
	int count = argc, code;
	char **words = rt_xcalloc((size_t)argc + 1, sizeof(*words));

	memcpy(words, argv, (size_t)argc * sizeof(*words));
	code = rt_options_parse(&o, &argc, argv);
	if (code == RT_OPTIONS_GO &&
	    (s.report != REPORT_NOT || s.query.text[0] || !has_screen())) {
		code = rt_cmd_replay_log(count, words);
	} else if (code == RT_OPTIONS_GO) {
		code = check(&s, argc);
		s.watch.theme = (enum rt_theme)s.theme;
		s.watch.seconds = (int)((s.seconds_ms + 999) / 1000);
		if (code == RT_OPTIONS_GO)
			code = run(&s, argv + 1, argc - 1);
	}
	free(words);
	return code;
}
