/* SPDX-License-Identifier: MIT */
/*
 * demo — the dashboard over real traffic, all of it private.
 *
 * What    A collector on ipc:// endpoints in a folder of its own, a fault gateway on a free
 *         loopback port, three clients of different quality, a canary; then the
 *         dashboard on that collector.  Nothing is played back: every number was measured.
 * Story   The gateway's rules have hours: once a minute the large model fails for a while,
 *         then the small one too, so that there is something to see at any time.
 * Alone   No port, folder or file is shared with a running collector; no configuration file
 *         is read.
 * Ends    With q, Ctrl-C, a signal, a closed terminal or after --seconds; children are told,
 *         waited for and killed, the folder goes.  Killed outright, the children end by
 *         themselves (child.h) and the next demo removes the folder.
 * Clients Looked for next to the program, then in RT_LIBEXECDIR.
 * Without a terminal: runs for --seconds (10) and prints the report.
 */
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "proto/clock.h"
#include "proto/options.h"
#include "proto/signals.h"
#include "tui/child.h"
#include "tui/command.h"
#include "tui/folder.h"
#include "tui/watch.h"

#define READY_MS 10000
#define ARGS_MAX 48u
#define ARG_SIZE 192u

enum member { COLLECTOR, GATEWAY, SOUND, FALLBACK, WILD, CANARY, MEMBERS };

struct demo {
	char dir[ARG_SIZE - 64];
	char url[64];
	int64_t seconds_ms, window_ms;
	bool is_ascii;
	sigset_t old_mask;
	int signal_fd;
	struct rt_child children[MEMBERS];
	bool has_ended_early[MEMBERS];
};

/* ---- the cast ---------------------------------------------------------------------- */

/* The story: hours first, then what happens at any time.  First match wins. */
/* clang-format off */
static const char *const rules[] = {
	"model=m-private status=401",
	"model=m-large every=60s for=20s start=20s status=503 rate=0.2",
	"model=m-large every=60s for=20s start=20s status=429 retry_after=1 rate=0.1",
	"model=m-small every=60s for=10s start=30s status=503 rate=0.3",
	"model=m-large every=90s for=15s start=55s delay=4s rate=0.15",
	"status=429 retry_after=1 rate=0.015",
	"status=503 rate=0.02",
	"delay=4s rate=0.01",
	"fault=stream_reset rate=0.03",
	"fault=stream_end rate=0.02",
	"fault=no_usage rate=0.03",
	"fault=reset rate=0.005",
};
/* clang-format on */

/*
 * %D: folder, %U: the gateway's URL, %R: the rules.  A leading "client:" is looked for,
 * otherwise the program itself is started with these words.
 */
static const struct {
	const char *name;
	const char *words;
} cast[MEMBERS] = {
    [COLLECTOR] = {"collector",
	"collect --config /dev/null --events ipc://%D/events --intake "
	"ipc://%D/intake --query ipc://%D/query --http off "
	"--operation-timeout 15s"},
    [GATEWAY] = {"gateway", "gateway --listen 127.0.0.1:0 --latency 350ms %R"},
    [SOUND] = {"sound",
	"client:sound --url %U --intake ipc://%D/intake "
	"--rate 4 --seed 11"},
    [FALLBACK] = {"fallback",
	"client:fallback --url %U --intake "
	"ipc://%D/intake --rate 3 --seed 12"},
    [WILD] = {"wild",
	"client:wild --url %U --intake ipc://%D/intake "
	"--rate 1 --seed 13"},
    [CANARY] = {"canary",
	"canary --url %U --model m-large --interval 4s "
	"--timeout 3s --intake ipc://%D/intake"},
};

struct args {
	char text[ARGS_MAX][ARG_SIZE];
	const char *argv[ARGS_MAX + 1];
	unsigned count;
};

static bool
add_arg(struct args *a, const char *text)
{
	int n;

	if (a->count == ARGS_MAX)
		return false;
	n = snprintf(a->text[a->count], ARG_SIZE, "%s", text);
	a->argv[a->count] = a->text[a->count];
	a->argv[++a->count] = NULL;
	return n >= 0 && (size_t)n < ARG_SIZE;
}

/* One word with %D and %U put in. */
static bool
add_word(struct args *a, const struct demo *d, const char *word, size_t len)
{
	char out[ARG_SIZE];
	struct rt_buf b;

	rt_buf_init_fixed(&b, out, sizeof(out));
	for (size_t i = 0; i < len; i++) {
		if (word[i] == '%' && i + 1 < len)
			rt_buf_puts(&b, word[++i] == 'D' ? d->dir : d->url);
		else
			rt_buf_putc(&b, word[i]);
	}
	return !b.overflow && add_arg(a, out);
}

static bool
add_rules(struct args *a)
{
	bool fits = true;

	for (size_t i = 0; i < RT_COUNT_OF(rules); i++)
		fits = fits && add_arg(a, "--fault") && add_arg(a, rules[i]);
	return fits;
}

/* Next to the program in a build, in libexec once installed. */
static bool
add_client(struct args *a, const char *name, size_t len)
{
	const char *self = rt_child_self(), *slash = strrchr(self, '/');
	int here = slash ? (int)(slash - self) : 0;
	char path[512];

	snprintf(path, sizeof(path), "%.*s/retrytop-demo-%.*s", here, self,
	    (int)len, name);
	if (access(path, X_OK) != 0)
		snprintf(path, sizeof(path), "%s/retrytop-demo-%.*s",
		    RT_LIBEXECDIR, (int)len, name);
	return access(path, X_OK) == 0 && add_arg(a, path);
}

static bool
write_args(struct args *a, const struct demo *d, const char *words)
{
	static const char client[] = "client:";
	const char *p = words;
	bool fits = true;

	a->count = 0;
	if (strncmp(p, client, strlen(client)) != 0)
		fits = add_arg(a, rt_child_self());
	while (fits && *p) {
		size_t n = strcspn(p, " ");

		if (strncmp(p, client, strlen(client)) == 0)
			fits = add_client(
			    a, p + strlen(client), n - strlen(client));
		else if (n == 2 && memcmp(p, "%R", 2) == 0)
			fits = add_rules(a);
		else
			fits = add_word(a, d, p, n);
		p += n + strspn(p + n, " ");
	}
	return fits;
}

/* ---- starting and ending ------------------------------------------------------------- */

/* The first line of a child's output, without its end; empty: none. */
static void
first_line(const struct demo *d, enum member m, char *out, size_t size)
{
	char path[ARG_SIZE];
	FILE *f;

	snprintf(path, sizeof(path), "%s/%s.log", d->dir, cast[m].name);
	out[0] = '\0';
	f = fopen(path, "r");
	if (!f)
		return;
	if (fgets(out, (int)size, f))
		out[strcspn(out, "\r\n")] = '\0';
	fclose(f);
}

static enum rt_err
start_member(struct demo *d, enum member m, struct rt_diag *diag)
{
	static struct args a; /* too large for a stack */
	char log[ARG_SIZE], said[160];
	enum rt_err err;

	snprintf(log, sizeof(log), "%s/%s.log", d->dir, cast[m].name);
	if (!write_args(&a, d, cast[m].words)) {
		rt_diag_set(diag, cast[m].name,
		    "cannot be started: retrytop-demo-%s is neither next to "
		    "the program nor in " RT_LIBEXECDIR,
		    cast[m].name);
		return RT_E_IO;
	}
	err = rt_child_start(
	    &d->children[m], cast[m].name, a.argv, true, log, diag);
	if (err == RT_OK)
		err = rt_child_wait_ready(&d->children[m], READY_MS, diag);
	if (err == RT_OK)
		return RT_OK;
	first_line(d, m, said, sizeof(said));
	if (said[0])
		rt_diag_set(diag, cast[m].name, "did not start: %s", said);
	return err;
}

static enum rt_err
start_all(struct demo *d, struct rt_diag *diag)
{
	enum rt_err err;

	for (unsigned m = 0; m < MEMBERS; m++) {
		err = start_member(d, (enum member)m, diag);
		if (err != RT_OK)
			return err;
		if (m == GATEWAY)
			first_line(d, GATEWAY, d->url, sizeof(d->url));
	}
	return RT_OK;
}

static void
end_all(struct demo *d)
{
	for (unsigned m = 0; m < MEMBERS; m++)
		d->has_ended_early[m] = d->children[m].pid > 0 &&
		    !rt_child_is_alive(&d->children[m]);
	rt_child_end(d->children, MEMBERS);
	for (unsigned m = 0; m < MEMBERS; m++) {
		int status = d->children[m].exit_status;
		char said[160];

		if (!d->has_ended_early[m])
			continue;
		first_line(d, (enum member)m, said, sizeof(said));
		fprintf(stderr,
		    "retrytop demo: %s ended before the demo did (%s %d)"
		    "%s%s\n",
		    cast[m].name, WIFSIGNALED(status) ? "signal" : "status",
		    WIFSIGNALED(status) ? WTERMSIG(status)
					: WEXITSTATUS(status),
		    said[0] && m != GATEWAY ? ": " : "",
		    m != GATEWAY ? said : "");
	}
	rt_folder_remove(d->dir);
}

/* ---- showing ------------------------------------------------------------------------- */

static int
print_report(struct demo *d, const char *endpoint)
{
	char words[3][ARG_SIZE] = {"report", "--collector"};
	char *argv[] = {words[0], words[1], words[2], NULL};
	struct pollfd end = {d->signal_fd, POLLIN, 0};
	int64_t ms = d->seconds_ms ? d->seconds_ms : 10000;

	snprintf(words[2], sizeof(words[2]), "%s", endpoint);
	if (poll(&end, 1, (int)ms) > 0)
		return RT_EXIT_OK;
	return rt_cmd_report(3, argv);
}

static int
show(struct demo *d)
{
	struct rt_watch_opts opts = {.title = "demo",
	    .window_s = (uint32_t)(d->window_ms / 1000),
	    .seconds = (int)((d->seconds_ms + 999) / 1000),
	    .ascii = d->is_ascii,
	    .theme = RT_THEME_DARK,
	    .forgets = true};
	const char *term = getenv("TERM");
	char endpoint[ARG_SIZE];

	snprintf(endpoint, sizeof(endpoint), "ipc://%s/query", d->dir);
	if (!isatty(STDIN_FILENO) || !isatty(STDOUT_FILENO) || !term ||
	    strcmp(term, "dumb") == 0)
		return print_report(d, endpoint);
	opts.endpoint = endpoint;
	sigprocmask(SIG_SETMASK, &d->old_mask, NULL);
	return rt_watch_run(&opts);
}

static int
parse(struct demo *d, int argc, char **argv)
{
	const struct rt_option rows[] = {
	    RT_OPTION_DURATION('s', "seconds", &d->seconds_ms, 1000, 86400000,
		"end after so long (until told; 10 without a terminal)"),
	    RT_OPTION_DURATION('w', "window", &d->window_ms, 60000, 3600000,
		"1m, 5m, 15m or 1h (1m)"),
	    RT_OPTION_FLAG(0, "ascii", &d->is_ascii, "no other characters"),
	};
	const struct rt_options o = {"demo", NULL,
	    "The dashboard over real traffic on loopback: a fault gateway, "
	    "three clients, a canary.",
	    rows, RT_COUNT_OF(rows)};

	return rt_options_parse(&o, &argc, argv);
}

int
rt_cmd_demo(int argc, char **argv)
{
	struct demo d = {.window_ms = 60000};
	struct rt_diag diag = {{0}, {0}};
	int code = parse(&d, argc, argv);

	if (code != RT_OPTIONS_GO)
		return code;
	/* Its collector has no keys, and nobody else may be asked for any. */
	unsetenv("RETRYTOP_CERT");
	unsetenv("RETRYTOP_SERVER_CERT");
	/* Kept until then, so that the folder never stays behind. */
	d.signal_fd = rt_signals_open(&d.old_mask);
	if (rt_folder_make(d.dir, sizeof(d.dir), "demo", NULL, &diag) != RT_OK)
		return rt_options_fail("demo", &diag, RT_EXIT_IO);
	if (start_all(&d, &diag) == RT_OK)
		code = show(&d);
	else
		code = rt_options_fail("demo", &diag, RT_EXIT_INTERNAL);
	end_all(&d);
	close(d.signal_fd);
	return code;
}
