/* SPDX-License-Identifier: MIT */
/*
 * replay — recorded logs on the clock of the records: as a report, or served to viewers
 * who walk through them.  The screen is tui/replay_screen.c, a viewer of the latter.
 */
#include <stdio.h>
#include <string.h>

#include "collector/ahead.h"
#include "collector/command.h"
#include "collector/config.h"
#include "collector/replay_serve.h"
#include "collector/source.h"
#include "proto/options.h"

#define REFUSED_SHOWN 10u

enum format { AS_TEXT, AS_JSON, AS_MARKDOWN, NOT_SAID };

struct replay {
	unsigned format;
	int64_t attempt_base;         /* -1: not said */
	int64_t operation_timeout_ms; /* 0: not said */
	const char *config_path;
	struct rt_config config;
	struct rt_replay_serving serving;
	struct rt_source *source;       /* owned */
	struct rt_aggregate *aggregate; /* owned */
	uint64_t refused;
	bool has_failed; /* a file broke off */
};

static void
say_refused(const struct replay *r, struct rt_ahead_item *i)
{
	if (r->refused > REFUSED_SHOWN)
		return;
	fprintf(stderr, "%s: refused, %s: %s%s%s\n", i->where,
	    rt_reject_name(i->decoded.reject), i->why.where,
	    i->why.where[0] ? ": " : "", i->why.what);
}

static void
take_record(struct replay *r, struct rt_ahead_item *i)
{
	const struct rt_moment none = {{0}, {0}}; /* a replay has its own */

	rt_aggregate_decoded(
	    r->aggregate, &i->decoded, &i->why, i->text, none, i->where);
	if (rt_aggregate_refused(r->aggregate) == r->refused)
		return;
	r->refused = rt_aggregate_refused(r->aggregate);
	say_refused(r, i);
}

static void
say_damage(const struct rt_diag *d)
{
	fprintf(stderr, "retrytop replay: %s: %s\n", d->where, d->what);
}

static void
take_item(struct replay *r, struct rt_ahead_item *i)
{
	const struct rt_moment none = {{0}, {0}};
	struct rt_diag d = i->why;

	switch (i->kind) {
	case RT_AHEAD_RECORD: take_record(r, i); break;
	case RT_AHEAD_MARK:
		rt_aggregate_mark(r->aggregate, &i->mark, none);
		break;
	case RT_AHEAD_DAMAGE: say_damage(&d); break;
	case RT_AHEAD_FAILURE:
		rt_options_fail("replay", &d, RT_EXIT_IO);
		r->has_failed = true;
		break;
	case RT_AHEAD_END: break;
	}
}

/* Everything that the files hold. */
static void
read_all(struct replay *r, struct rt_ahead *ahead)
{
	struct rt_ahead_item *i;

	while ((i = rt_ahead_next(ahead))->kind != RT_AHEAD_END)
		take_item(r, i);
	if (r->refused > REFUSED_SHOWN)
		fprintf(stderr, "and %llu more records refused\n",
		    (unsigned long long)(r->refused - REFUSED_SHOWN));
}

/* "gw.jsonl" or "gw.jsonl +2". */
static const char *
name_of(struct rt_report *report, const char *const paths[], unsigned count)
{
	const char *slash = strrchr(paths[0], '/');
	char text[256];
	int n = snprintf(text, sizeof(text), "%.240s",
	    slash && slash[1] ? slash + 1 : paths[0]);

	if (count > 1)
		snprintf(text + n, sizeof(text) - (size_t)n, " +%u", count - 1);
	return rt_report_text(report, rt_str_of(text));
}

static int
print_report(struct replay *r, const char *const paths[], unsigned count)
{
	const struct rt_moment none = {{0}, {0}};
	const struct rt_query all = {.window_s = 0};
	struct rt_report report;
	struct rt_buf b;
	bool ok;

	rt_report_init(&report);
	rt_buf_init(&b, RT_REPORT_MAX);
	report.source.name = name_of(&report, paths, count);
	rt_aggregate_report(r->aggregate, &all, none, &report);
	report.source.version = RT_VERSION_TEXT;
	report.journal.dropped_on_read = rt_source_dropped(r->source);
	if (r->format == AS_JSON) {
		rt_report_encode(&b, &report);
		rt_buf_putc(&b, '\n');
	} else if (r->format == AS_MARKDOWN) {
		rt_report_format_markdown(&b, &report);
	} else {
		rt_report_format_text(&b, &report);
	}
	ok = !b.overflow && fwrite(b.p, 1, b.len, stdout) == b.len &&
	    fflush(stdout) == 0;
	rt_buf_fini(&b);
	rt_report_fini(&report);
	return ok ? RT_EXIT_OK : RT_EXIT_IO;
}

static struct rt_aggregate_opts
aggregate_opts(const struct replay *r)
{
	return (struct rt_aggregate_opts){
	    .operation_timeout_ms = r->config.operation_timeout_ms,
	    .capacity = r->config.capacity,
	    .policies = &r->config.policy.policies,
	    .decode = {.decisions = &r->config.decisions,
		.bases = &r->config.bases,
		.attempt_base = (int)r->config.attempt_base,
		.text_forms = true},
	};
}

static int
report(struct replay *r, const char *const names[], unsigned count)
{
	struct rt_aggregate_opts o = aggregate_opts(r);
	struct rt_diag d = {{0}, {0}};
	enum rt_err err = rt_source_open(names, count, &r->source, &d);
	struct rt_ahead *ahead = NULL;
	int code;

	if (err == RT_OK)
		err = rt_ahead_new(r->source, &o.decode, &ahead, &d);
	if (err != RT_OK) {
		rt_source_close(r->source);
		return rt_options_fail("replay", &d, rt_replay_exit(err));
	}
	r->aggregate = rt_aggregate_new(&o, (struct rt_moment){{0}, {0}});
	read_all(r, ahead);
	rt_ahead_free(ahead);
	code = print_report(r, names, count);
	rt_aggregate_free(r->aggregate);
	rt_source_close(r->source);
	return r->has_failed ? RT_EXIT_IO : code;
}

static int
serve(struct replay *r, const char *const names[], unsigned count)
{
	struct rt_report named;
	int code;

	rt_report_init(&named);
	r->serving.player.paths = names;
	r->serving.player.count = count;
	r->serving.player.name = name_of(&named, names, count);
	r->serving.player.aggregate = aggregate_opts(r);
	code = rt_replay_serve(&r->serving);
	rt_report_fini(&named);
	return code;
}

static int
usage(const char *what)
{
	struct rt_diag d = {{0}, {0}};

	rt_diag_set(&d, NULL, "%s; `retrytop replay --help` says more", what);
	return rt_options_fail("replay", &d, RT_EXIT_USAGE);
}

/* "1" to "1000" or "max". */
static enum rt_err
read_speed(const char *text, uint32_t *out, struct rt_diag *d)
{
	int64_t speed = 0;
	enum rt_err err = RT_OK;

	if (strcmp(text, "max") != 0)
		err = rt_count_from(text, 1, RT_REPLAY_SPEED_MAX, &speed, d);
	if (err != RT_OK)
		rt_diag_set(d, "speed", "--speed must be 1 to %d, or max",
		    RT_REPLAY_SPEED_MAX);
	else
		*out = (uint32_t)speed;
	return err;
}

static enum rt_err
read_config(struct replay *r, const char *speed, struct rt_diag *d)
{
	enum rt_err err = read_speed(speed, &r->serving.player.speed, d);

	if (err != RT_OK)
		return RT_E_USAGE;
	err = rt_config_read(&r->config, r->config_path, d);
	if (err != RT_OK)
		return err;
	if (r->attempt_base >= 0)
		r->config.attempt_base = r->attempt_base;
	if (r->operation_timeout_ms)
		r->config.operation_timeout_ms = r->operation_timeout_ms;
	return RT_OK;
}

int
rt_cmd_replay_log(int argc, char **argv)
{
	struct replay r = {.format = NOT_SAID,
	    .attempt_base = -1,
	    .serving = {.ready_fd = -1}};
	const char *speed = "1", *names[RT_SOURCE_FILES_MAX + 1];
	const struct rt_option rows[] = {
	    RT_OPTION_CHOICE('r', "report", &r.format, "text|json|markdown",
		"print the numbers of the whole log"),
	    RT_OPTION_ENDPOINT(0, "query", &r.serving.endpoint, RT_PORT_QUERY,
		"serve viewers there, without a screen"),
	    RT_OPTION_TEXT(0, "speed", &speed, "N|max",
		"seconds of the log a second, 1 to 1000 (1)"),
	    RT_OPTION_FLAG(
		0, "paused", &r.serving.player.is_held, "begin on hold"),
	    RT_OPTION_COUNT_OF(0, "attempt-base", &r.attempt_base, 0, 1,
		"number of the first attempt in review records (1)"),
	    RT_OPTION_DURATION(0, "operation-timeout", &r.operation_timeout_ms,
		1000, 86400000,
		"silence that makes an operation an orphan (120)"),
	    RT_OPTION_TEXT(0, "config", &r.config_path, "FILE",
		"configuration: decision codes, capacities"),
	    RT_OPTION_COUNT_OF(0, "ready-fd", &r.serving.ready_fd, 0, 65535,
		"write one byte there once viewers are served"),
	};
	const struct rt_options o = {"replay", "FILE|JOURNAL...",
	    "Reads recorded logs in any form or shape; several are merged by "
	    "time.",
	    rows, RT_COUNT_OF(rows)};
	struct rt_diag d = {{0}, {0}};
	enum rt_err err;
	int code = rt_options_parse(&o, &argc, argv);
	unsigned i, count;

	if (code != RT_OPTIONS_GO)
		return code;
	if (argc < 2)
		return usage("needs a file, or - for standard input");
	if (r.format != NOT_SAID && r.serving.endpoint.text[0])
		return usage("--report prints, --query serves: one of them");
	err = read_config(&r, speed, &d);
	if (err != RT_OK)
		return rt_options_fail("replay", &d,
		    err == RT_E_USAGE ? RT_EXIT_USAGE : rt_config_exit(err));
	count = (unsigned)argc - 1;
	for (i = 0; i < count && i < RT_COUNT_OF(names); i++)
		names[i] = argv[i + 1];
	if (r.serving.endpoint.text[0])
		return serve(&r, names, count);
	if (r.format == NOT_SAID)
		r.format = AS_TEXT;
	return report(&r, names, count);
}
