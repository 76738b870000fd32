/* SPDX-License-Identifier: MIT */
/*
 * emit — records of log files or standard input, delivered and acknowledged; or those that
 * programs left in a spool when they died.
 */
#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "collector/canonical.h"
#include "collector/command.h"
#include "collector/source.h"
#include "proto/clock.h"
#include "proto/curve.h"
#include "proto/emitter.h"
#include "proto/macro.h"
#include "proto/options.h"

/* How soon a signal is heeded while waiting. */
#define LOOK_MS 200
#define REFUSED_SHOWN 10u

static volatile sig_atomic_t is_interrupted;

struct feeder {
	struct rt_emitter *emitter;
	struct rt_canonical *canonical;
	struct rt_endpoint at;
	struct rt_curve_paths certs;
	int64_t timeout_ms;   /* without progress */
	int64_t attempt_base; /* -1: not said */
	const char *spool;    /* NULL: $RETRYTOP_SPOOL */
	const char *follow;   /* NULL: nothing */
	unsigned from;        /* enum: where following begins */
	bool is_following;    /* there is no end but by a signal */
	bool has_failed;      /* a file broke off */
	uint64_t refused;     /* records */
	bool is_draining;     /* sends what is left, nothing of its own */
};

enum { FROM_START, FROM_END };

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
	return s.acknowledged + s.inherited_acknowledged;
}

/*
 * Call `wait` until it succeeds; RT_E_TIMEOUT once timeout_ms went by without anything
 * acknowledged.  What follows a file outlasts any absence of the collector.
 */
static enum rt_err
wait_for(struct feeder *f, int (*wait)(struct rt_emitter *, int))
{
	uint64_t seen = acknowledged(f);
	rt_mono_t moved = rt_clock_mono();

	while (wait(f->emitter, LOOK_MS) != 0) {
		rt_mono_t now = rt_clock_mono();

		if (acknowledged(f) != seen ||
		    (f->is_following && !is_interrupted)) {
			seen = acknowledged(f);
			moved = now;
		}
		if (rt_mono_ms_between(moved, now) >= f->timeout_ms)
			return RT_E_TIMEOUT;
		/* What is in a file stays there. */
		if (f->is_draining && is_interrupted)
			return RT_E_AGAIN;
	}
	return RT_OK;
}

static void
say_refused(struct feeder *f, const struct rt_notice *n)
{
	if (f->refused++ < REFUSED_SHOWN)
		fprintf(stderr, "%s: refused, %s: %s\n", n->where,
		    rt_reject_name(n->reason), n->why.what);
}

static enum rt_err
offer(struct feeder *f, const struct rt_source_record *record)
{
	const struct rt_notice *refused;
	struct rt_str line = rt_canonical_line(
	    f->canonical, record->text, record->where, &refused);
	enum rt_err err;

	if (line.len == 0)
		return RT_OK;
	if (refused)
		say_refused(f, refused);
	while (rt_emitter_offer(f->emitter, line.p, line.len) != 0) {
		err = wait_for(f, rt_emitter_wait_room);
		if (err != RT_OK)
			return err;
	}
	return RT_OK;
}

/* All that the source holds, or until a signal; what was cut short is left out. */
static enum rt_err
feed(struct feeder *f, struct rt_source *source)
{
	struct rt_source_record record;
	struct rt_diag d = {{0}, {0}};
	enum rt_err err = RT_OK;

	while (err == RT_OK && !is_interrupted) {
		err = rt_source_next(source, &record, &d);
		if (err == RT_E_EMPTY)
			return RT_OK;
		if (err == RT_OK) {
			err = offer(f, &record);
			continue;
		}
		if (err == RT_E_IO) {
			rt_options_fail("emit", &d, RT_EXIT_IO);
			f->has_failed = true;
		}
		err = RT_OK;
	}
	return err;
}

static int
unreachable(const struct feeder *f)
{
	struct rt_diag d = {{0}, {0}};

	rt_diag_set(&d, *f->at.text ? f->at.text : "the intake",
	    "nothing acknowledged for %.1f s: is a collector there?",
	    (double)f->timeout_ms / 1000);
	return rt_options_fail("emit", &d, RT_EXIT_UNREACHABLE);
}

static int
summary(const struct feeder *f, enum rt_err err)
{
	struct rt_emitter_stats s;

	rt_emitter_stats(f->emitter, &s);
	if (f->refused > REFUSED_SHOWN)
		fprintf(stderr, "and %" PRIu64 " more records refused\n",
		    f->refused - REFUSED_SHOWN);
	fprintf(stderr,
	    "retrytop emit: offered %" PRIu64 ", acknowledged %" PRIu64 "\n",
	    s.offered, s.acknowledged);
	if (err != RT_OK)
		return unreachable(f);
	return f->has_failed ? RT_EXIT_IO : RT_EXIT_OK;
}

/* The files one after the other in time, then the one that is followed. */
static int
deliver(struct feeder *f, struct rt_source *files, struct rt_source *followed)
{
	enum rt_err err = RT_OK, flushed;

	watch_signals();
	if (files)
		err = feed(f, files);
	f->is_following = followed != NULL;
	if (followed && err == RT_OK)
		err = feed(f, followed);
	flushed = err == RT_E_TIMEOUT ? RT_OK : wait_for(f, rt_emitter_flush);
	/* And what the ones before it left in the same spool. */
	if (err == RT_OK && flushed == RT_OK)
		flushed = wait_for(f, rt_emitter_wait_drained);
	return summary(f, err == RT_OK ? flushed : err);
}

/* ---- what died left -------------------------------------------------------- */

static int
drained(const struct feeder *f, const char *path, enum rt_err err)
{
	struct rt_emitter_inheritance in;
	struct rt_emitter_stats s;
	struct rt_diag d = {{0}, {0}};
	struct stat st;
	bool is_held;

	rt_emitter_stats(f->emitter, &s);
	rt_emitter_inheritance(f->emitter, &in);
	fprintf(stderr,
	    "retrytop emit: %s: %u files, %" PRIu64 " records left, %" PRIu64
	    " acknowledged, %" PRIu64 " never finished or unreadable; %u in "
	    "use, %u refused\n",
	    path, in.files, s.inherited, s.inherited_acknowledged,
	    s.inherited_lost, in.held, in.refused);
	if (err == RT_E_AGAIN)
		return RT_EXIT_UNREACHABLE;
	if (err != RT_OK)
		return unreachable(f);
	/* In a folder it is nothing to wonder at. */
	is_held = in.held > 0 && stat(path, &st) == 0 && !S_ISDIR(st.st_mode);
	if (in.refused == 0 && !is_held)
		return RT_EXIT_OK;
	rt_diag_set(&d, path, "%s",
	    is_held                 ? "in use by a running program"
		: in.why == EBADMSG ? "damaged, or no ring of an emitter"
				    : strerror(in.why));
	return rt_options_fail("emit", &d, RT_EXIT_IO);
}

static int
drain(struct feeder *f, const struct rt_emitter_opts *o, const char *path)
{
	struct rt_spool_scan scan;
	struct rt_diag d = {{0}, {0}};
	enum rt_err err = rt_spool_scan(&scan, path);
	int code;

	f->emitter = err == RT_OK ? rt_emitter_open_heir(o, &scan) : NULL;
	if (!f->emitter) {
		rt_diag_set(&d, path, "%s", strerror(errno));
		return rt_options_fail("emit", &d, RT_EXIT_IO);
	}
	code = drained(f, path, wait_for(f, rt_emitter_wait_drained));
	rt_emitter_close(f->emitter);
	return code;
}

/* ---- the command ------------------------------------------------------------ */

/* The emitter could only say that something is wrong with them. */
static int
read_certs(struct feeder *f)
{
	struct rt_diag d = {{0}, {0}};
	struct rt_curve_keys keys;
	enum rt_err err;

	rt_curve_paths_from_env(&f->certs);
	err = rt_curve_keys_read(&keys, &f->certs, &d);
	rt_curve_keys_wipe(&keys);
	if (err == RT_OK)
		return RT_EXIT_OK;
	return rt_options_fail(
	    "emit", &d, err == RT_E_IO ? RT_EXIT_IO : RT_EXIT_CONFIG);
}

static struct rt_emitter_opts
opts_of(const struct feeder *f)
{
	return (struct rt_emitter_opts){
	    .endpoint = *f->at.text ? f->at.text : NULL,
	    .linger_ms = 1,
	    .cert = f->certs.cert,
	    .server_cert = f->certs.server_cert,
	    .spool = f->spool,
	};
}

/* Each of the paths; the worst that happened. */
static int
drain_all(struct feeder *f, const char *const paths[], unsigned count)
{
	struct rt_emitter_opts o;
	int worst = read_certs(f), code;
	unsigned i;

	if (worst != RT_EXIT_OK)
		return worst;
	o = opts_of(f);
	watch_signals();
	for (i = 0; i < count && !is_interrupted; i++) {
		code = drain(f, &o, paths[i]);
		worst = code > worst ? code : worst;
	}
	return worst;
}

/* Which paths, where none is named. */
static int
drain_these(struct feeder *f, const char *const paths[], unsigned count)
{
	const char *spool = f->spool ? f->spool : getenv("RETRYTOP_SPOOL");
	struct rt_diag d = {{0}, {0}};

	if (f->follow) {
		rt_diag_set(&d, "--follow", "does not go with --drain");
		return rt_options_fail("emit", &d, RT_EXIT_USAGE);
	}
	if (count > RT_SOURCE_FILES_MAX) {
		rt_diag_set(
		    &d, "--drain", "at most %u paths", RT_SOURCE_FILES_MAX);
		return rt_options_fail("emit", &d, RT_EXIT_USAGE);
	}
	if (count > 0)
		return drain_all(f, paths, count);
	if (spool && *spool)
		return drain_all(f, &spool, 1);
	rt_diag_set(
	    &d, "--drain", "name a folder or a file, or set $RETRYTOP_SPOOL");
	return rt_options_fail("emit", &d, RT_EXIT_USAGE);
}

/* For whoever named nothing, where the blame lies. */
static int
no_emitter(const struct feeder *f)
{
	const char *spool = f->spool ? f->spool : getenv("RETRYTOP_SPOOL");
	struct rt_diag d = {{0}, {0}};
	int why = errno;

	if (why != EINVAL && spool && *spool) {
		rt_diag_set(&d, spool, "%s", strerror(why));
		return rt_options_fail("emit", &d, RT_EXIT_IO);
	}
	rt_diag_set(&d, *f->at.text ? f->at.text : "$RETRYTOP_INTAKE", "%s",
	    strerror(why));
	return rt_options_fail(
	    "emit", &d, why == EINVAL ? RT_EXIT_USAGE : RT_EXIT_INTERNAL);
}

static int
run(struct feeder *f, struct rt_source *files, struct rt_source *followed)
{
	struct rt_emitter_opts o;
	int code = read_certs(f);

	if (code != RT_EXIT_OK)
		return code;
	o = opts_of(f);
	f->emitter = rt_emitter_open(&o);
	if (!f->emitter)
		return no_emitter(f);
	f->canonical = rt_canonical_new((int)f->attempt_base);
	code = deliver(f, files, followed);
	rt_canonical_free(f->canonical);
	rt_emitter_close(f->emitter);
	return code;
}

static int
open_failed(enum rt_err err, const struct rt_diag *d)
{
	return rt_options_fail(
	    "emit", d, err == RT_E_IO ? RT_EXIT_IO : RT_EXIT_USAGE);
}

static int
open_and_run(struct feeder *f, const char *const paths[], unsigned count)
{
	struct rt_source *files = NULL, *followed = NULL;
	struct rt_diag d = {{0}, {0}};
	enum rt_err err = RT_OK;
	int code;

	if (count > 0)
		err = rt_source_open(paths, count, &files, &d);
	if (err == RT_OK && f->follow)
		err = rt_source_follow(
		    f->follow, f->from == FROM_END, &followed, &d);
	if (files)
		rt_source_set_live(files);
	code = err == RT_OK ? run(f, files, followed) : open_failed(err, &d);
	rt_source_close(files);
	rt_source_close(followed);
	return code;
}

int
rt_cmd_emit(int argc, char **argv)
{
	struct feeder f = {.timeout_ms = 30000, .attempt_base = -1};
	const char *paths[RT_SOURCE_FILES_MAX + 1] = {"-"};
	const struct rt_option rows[] = {
	    RT_OPTION_ENDPOINT(0, "intake", &f.at, RT_PORT_INTAKE,
		"the collector's intake (without: $RETRYTOP_INTAKE, else "
		"tcp://127.0.0.1:7781)"),
	    RT_OPTION_DURATION(0, "timeout", &f.timeout_ms, 1, 86400000,
		"give up after so long without an answer (30)"),
	    RT_OPTIONS_CERTS(&f.certs),
	    RT_OPTION_TEXT('F', "follow", &f.follow, "FILE",
		"after the others, this one as it grows, is truncated or "
		"replaced, until a signal"),
	    RT_OPTION_CHOICE(0, "from", &f.from, "start|end",
		"where following begins in what is there (start)"),
	    RT_OPTION_COUNT_OF(0, "attempt-base", &f.attempt_base, 0, 1,
		"number of the first attempt in review records (the "
		"collector's)"),
	    RT_OPTION_TEXT(0, "spool", &f.spool, "DIR",
		"keep what is not acknowledged in a file there, for the next "
		"one or --drain ($RETRYTOP_SPOOL)"),
	    RT_OPTION_FLAG(0, "drain", &f.is_draining,
		"send what programs that died left: each FILE is a spool's "
		"folder or a file of one (without: the spool)"),
	};
	const struct rt_options o = {"emit", "[FILE...]",
	    "Publishes records of any form or shape and waits until all are "
	    "acknowledged; several files are merged by time; without any, or "
	    "for -, reads standard input.",
	    rows, RT_COUNT_OF(rows)};
	int code = rt_options_parse(&o, &argc, argv);
	unsigned count = f.follow ? 0 : 1;
	int i;

	if (code != RT_OPTIONS_GO)
		return code;
	for (i = 1; i < argc && i <= (int)RT_SOURCE_FILES_MAX + 1; i++)
		paths[i - 1] = argv[i];
	if (argc > 1)
		count = (unsigned)argc - 1;
	if (f.is_draining)
		return drain_these(&f, paths, argc > 1 ? count : 0);
	return open_and_run(&f, paths, count);
}
