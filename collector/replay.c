/* SPDX-License-Identifier: MIT */
/*
 * replay — recorded logs as a report, on the clock of the records.
 */
#include <stdio.h>
#include <string.h>

#include "collector/aggregate.h"
#include "collector/command.h"
#include "collector/config.h"
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
	struct rt_source *source;       /* owned */
	struct rt_aggregate *aggregate; /* owned */
	struct rt_decoder *decoder;     /* owned; says why one was refused */
	uint64_t refused;
	bool has_failed; /* a file broke off */
};

static void
say_refused(struct replay *r, const struct rt_source_record *record)
{
	struct rt_event e;
	struct rt_diag why = {{0}, {0}};
	enum rt_reject reason;

	if (r->refused > REFUSED_SHOWN)
		return;
	reason =
	    rt_decode(r->decoder, record->text.p, record->text.len, &e, &why);
	fprintf(stderr, "%s: refused, %s: %s%s%s\n", record->where,
	    rt_reject_name(reason), why.where, why.where[0] ? ": " : "",
	    why.what);
}

static void
say_damage(void *arg, const struct rt_diag *d)
{
	(void)arg;
	fprintf(stderr, "retrytop replay: %s: %s\n", d->where, d->what);
}

static void
take_mark(void *arg, const struct rt_mark *m)
{
	const struct rt_moment none = {{0}, {0}};
	struct replay *r = arg;

	rt_aggregate_mark(r->aggregate, m, none);
}

/* Everything that the files hold. */
static void
read_all(struct replay *r)
{
	const struct rt_moment none = {{0}, {0}}; /* a replay has its own */
	struct rt_source_record record;
	struct rt_diag d = {{0}, {0}};
	enum rt_err err;

	while ((err = rt_source_next(r->source, &record, &d)) != RT_E_EMPTY) {
		if (err != RT_OK) {
			rt_options_fail("replay", &d, RT_EXIT_IO);
			r->has_failed = true;
			continue;
		}
		rt_aggregate_record(
		    r->aggregate, record.text, none, record.where);
		if (rt_aggregate_refused(r->aggregate) == r->refused)
			continue;
		r->refused = rt_aggregate_refused(r->aggregate);
		say_refused(r, &record);
	}
	if (r->refused > REFUSED_SHOWN)
		fprintf(stderr, "and %llu more records refused\n",
		    (unsigned long long)(r->refused - REFUSED_SHOWN));
}

/* "gw.jsonl" or "gw.jsonl +2". */
static const char *
name_of(struct rt_report *report, char *const paths[], int count)
{
	const char *slash = strrchr(paths[0], '/');
	char text[256];
	int n = snprintf(text, sizeof(text), "%.240s",
	    slash && slash[1] ? slash + 1 : paths[0]);

	if (count > 1)
		snprintf(text + n, sizeof(text) - (size_t)n, " +%d", count - 1);
	return rt_report_text(report, rt_str_of(text));
}

static int
print_report(struct replay *r, char *const paths[], int count)
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

static int
replay(struct replay *r, char *const paths[], int count)
{
	struct rt_aggregate_opts o = {
	    .operation_timeout_ms = r->config.operation_timeout_ms,
	    .capacity = r->config.capacity,
	    .policies = &r->config.policy.policies,
	    .decode = {.decisions = &r->config.decisions,
		.attempt_base = (int)r->config.attempt_base,
		.text_forms = true},
	};
	const char *names[RT_SOURCE_FILES_MAX];
	struct rt_diag d = {{0}, {0}};
	enum rt_err err;
	int code, i;

	for (i = 0; i < count && i < (int)RT_SOURCE_FILES_MAX; i++)
		names[i] = paths[i];
	err = rt_source_open(names, (unsigned)count, &r->source, &d);
	if (err != RT_OK)
		return rt_options_fail("replay", &d,
		    err == RT_E_FULL ? RT_EXIT_USAGE : RT_EXIT_IO);
	r->aggregate = rt_aggregate_new(&o, (struct rt_moment){{0}, {0}});
	r->decoder = rt_decoder_new(&o.decode);
	rt_source_on_damage(r->source, say_damage, NULL);
	rt_source_on_mark(r->source, take_mark, r);
	read_all(r);
	code = print_report(r, paths, count);
	rt_decoder_free(r->decoder);
	rt_aggregate_free(r->aggregate);
	rt_source_close(r->source);
	return r->has_failed ? RT_EXIT_IO : code;
}

static int
usage(const char *what)
{
	struct rt_diag d = {{0}, {0}};

	rt_diag_set(&d, NULL, "%s; `retrytop replay --help` says more", what);
	return rt_options_fail("replay", &d, RT_EXIT_USAGE);
}

int
rt_cmd_replay(int argc, char **argv)
{
	struct replay r = {.format = NOT_SAID, .attempt_base = -1};
	const struct rt_option rows[] = {
	    RT_OPTION_CHOICE('r', "report", &r.format, "text|json|markdown",
		"print the numbers of the whole log"),
	    RT_OPTION_COUNT_OF(0, "attempt-base", &r.attempt_base, 0, 1,
		"number of the first attempt in review records (1)"),
	    RT_OPTION_DURATION(0, "operation-timeout", &r.operation_timeout_ms,
		1000, 86400000,
		"silence that makes an operation an orphan (120)"),
	    RT_OPTION_TEXT(0, "config", &r.config_path, "FILE",
		"configuration: decision codes, capacities"),
	};
	const struct rt_options o = {"replay", "FILE|JOURNAL...",
	    "Reads recorded logs in any form or shape (- is standard input); "
	    "several are merged by time.",
	    rows, RT_COUNT_OF(rows)};
	struct rt_diag d = {{0}, {0}};
	enum rt_err err;
	int code = rt_options_parse(&o, &argc, argv);

	if (code != RT_OPTIONS_GO)
		return code;
	if (r.format == NOT_SAID)
		return usage("needs --report text, json or markdown");
	if (argc < 2)
		return usage("needs a file, or - for standard input");
	err = rt_config_read(&r.config, r.config_path, &d);
	if (err != RT_OK)
		return rt_options_fail("replay", &d, rt_config_exit(err));
	if (r.attempt_base >= 0)
		r.config.attempt_base = r.attempt_base;
	if (r.operation_timeout_ms)
		r.config.operation_timeout_ms = r.operation_timeout_ms;
	return replay(&r, argv + 1, argc - 1);
}
