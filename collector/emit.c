/* SPDX-License-Identifier: MIT */
/*
 * emit — records from standard input, delivered and acknowledged.
 */
#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "collector/command.h"
#include "proto/clock.h"
#include "proto/emitter.h"
#include "proto/event.h"
#include "proto/macro.h"
#include "proto/options.h"

/* One byte more than a record may have: the collector counts it as too_large. */
#define LINE_MAX_BYTES (RT_RECORD_MAX + 1)
/* How soon a signal is heeded while waiting. */
#define LOOK_MS 200

static volatile sig_atomic_t is_interrupted;

struct feeder {
	struct rt_emitter *emitter;
	int64_t timeout_ms; /* without progress */
	char line[LINE_MAX_BYTES];
	size_t len; /* of the line so far; what is longer is cut */
};

static void
on_signal(int number)
{
	(void)number;
	is_interrupted = 1;
}

/* One signal ends reading, and what was read is still delivered; the next one kills. */
static void
watch_signals(void)
{
	static const int signals[] = {SIGINT, SIGTERM};
	struct sigaction act = {.sa_handler = on_signal};
	size_t i;

	act.sa_flags = (int)SA_RESETHAND;
	sigemptyset(&act.sa_mask);
	for (i = 0; i < RT_COUNT_OF(signals); i++)
		sigaction(signals[i], &act, NULL);
}

static uint64_t
acknowledged(const struct feeder *f)
{
	struct rt_emitter_stats s;

	rt_emitter_stats(f->emitter, &s);
	return s.acknowledged;
}

/*
 * Call `wait` until it succeeds; RT_E_TIMEOUT once timeout_ms went by without anything
 * acknowledged.
 */
static enum rt_err
wait_for(struct feeder *f, int (*wait)(struct rt_emitter *, int))
{
	uint64_t seen = acknowledged(f);
	rt_mono_t moved = rt_clock_mono();

	while (wait(f->emitter, LOOK_MS) != 0) {
		rt_mono_t now = rt_clock_mono();

		if (acknowledged(f) != seen) {
			seen = acknowledged(f);
			moved = now;
		}
		if (rt_mono_ms_between(moved, now) >= f->timeout_ms)
			return RT_E_TIMEOUT;
	}
	return RT_OK;
}

static bool
is_blank(const char *p, size_t len)
{
	size_t i;

	for (i = 0; i < len; i++)
		if (p[i] != ' ' && p[i] != '\t' && p[i] != '\r')
			return false;
	return true;
}

static enum rt_err
end_line(struct feeder *f)
{
	size_t len = f->len;
	enum rt_err err;

	f->len = 0;
	if (is_blank(f->line, len))
		return RT_OK;
	while (rt_emitter_offer(f->emitter, f->line, len) != 0) {
		err = wait_for(f, rt_emitter_wait_room);
		if (err != RT_OK)
			return err;
	}
	return RT_OK;
}

static void
add_to_line(struct feeder *f, const char *p, size_t len)
{
	size_t room = sizeof(f->line) - f->len;

	if (len > room)
		len = room;
	memcpy(f->line + f->len, p, len);
	f->len += len;
}

static enum rt_err
feed(struct feeder *f, const char *p, size_t len)
{
	const char *end = p + len, *newline;
	enum rt_err err = RT_OK;

	while (err == RT_OK &&
	    (newline = memchr(p, '\n', (size_t)(end - p))) != NULL) {
		add_to_line(f, p, (size_t)(newline - p));
		err = end_line(f);
		p = newline + 1;
	}
	add_to_line(f, p, (size_t)(end - p));
	return err;
}

static enum rt_err
read_all(struct feeder *f)
{
	static char chunk[65536];
	enum rt_err err = RT_OK;

	while (err == RT_OK && !is_interrupted) {
		ssize_t n = read(STDIN_FILENO, chunk, sizeof(chunk));

		if (n == 0)
			break;
		if (n > 0)
			err = feed(f, chunk, (size_t)n);
		else if (errno != EINTR)
			return RT_E_IO;
	}
	/* A last line without its newline; one that a signal cut short is none. */
	if (err == RT_OK && !is_interrupted)
		err = end_line(f);
	return err;
}

static int
summary(const struct feeder *f, enum rt_err err, const char *endpoint)
{
	struct rt_emitter_stats s;
	struct rt_diag d = {0};

	rt_emitter_stats(f->emitter, &s);
	fprintf(stderr,
	    "retrytop emit: offered %" PRIu64 ", acknowledged %" PRIu64 "\n",
	    s.offered, s.acknowledged);
	if (err == RT_E_TIMEOUT) {
		rt_diag_set(&d, endpoint,
		    "nothing acknowledged for %.1f s: is a collector there?",
		    (double)f->timeout_ms / 1000);
		return rt_options_fail("emit", &d, RT_EXIT_UNREACHABLE);
	}
	if (err != RT_OK) {
		rt_diag_set(&d, "standard input", "could not be read");
		return rt_options_fail("emit", &d, RT_EXIT_IO);
	}
	return RT_EXIT_OK;
}

static int
run(struct feeder *f, const struct rt_endpoint *at)
{
	struct rt_emitter_opts o = {
	    .endpoint = *at->text ? at->text : NULL, .linger_ms = 1};
	struct rt_diag d = {0};
	enum rt_err err, flushed;
	int code;

	f->emitter = rt_emitter_open(&o);
	if (!f->emitter) {
		rt_diag_set(&d, *at->text ? at->text : "$RETRYTOP_INTAKE", "%s",
		    strerror(errno));
		return rt_options_fail("emit", &d,
		    errno == EINVAL ? RT_EXIT_USAGE : RT_EXIT_INTERNAL);
	}
	watch_signals();
	err = read_all(f);
	flushed = err == RT_E_TIMEOUT ? RT_OK : wait_for(f, rt_emitter_flush);
	if (err == RT_OK)
		err = flushed;
	code = summary(f, err, *at->text ? at->text : "the intake");
	rt_emitter_close(f->emitter);
	return code;
}

int
rt_cmd_emit(int argc, char **argv)
{
	static struct feeder f = {.timeout_ms = 30000};
	struct rt_endpoint at = {""};
	const struct rt_option rows[] = {
	    RT_OPTION_ENDPOINT(0, "intake", &at, RT_PORT_INTAKE,
		"the collector's intake (without: $RETRYTOP_INTAKE, else "
		"tcp://127.0.0.1:7781)"),
	    RT_OPTION_DURATION(0, "timeout", &f.timeout_ms, 1, 86400000,
		"give up after so long without an answer"),
	};
	const struct rt_options o = {"emit", NULL,
	    "publishes records from standard input, one a line, and waits "
	    "until all are acknowledged",
	    rows, RT_COUNT_OF(rows)};
	int code = rt_options_parse(&o, &argc, argv);

	return code != RT_OPTIONS_GO ? code : run(&f, &at);
}
