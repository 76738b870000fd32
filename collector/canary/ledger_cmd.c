/* SPDX-License-Identifier: MIT */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "collector/canary/ledger.h"
#include "proto/options.h"

struct command {
	const char *file, *target;
	bool as_markdown;
};

static void
say_bad_lines(const struct rt_ledger_run *run, const char *file)
{
	if (run->bad_lines > 0)
		fprintf(stderr,
		    "retrytop ledger: %s: %llu lines are no records\n", file,
		    (unsigned long long)run->bad_lines);
}

static void
say_head(const struct rt_ledger_run *run)
{
	printf("target       %s (%s, %s)\nrun          %s, %s on %s\n"
	       "credential   %s\nTLS          %s\nconfigured   %s\n"
	       "by           retrytop %s, %s\n",
	    run->target, run->endpoint, run->model, run->when, run->environment,
	    run->host, run->credential,
	    run->is_tls_verified ? "verified" : "NOT VERIFIED",
	    run->config_sha256, run->version, run->libraries);
	if (run->source[0])
		printf(
		    "source       %s, read %s\n", run->source, run->accessed);
}

static int
show(const struct command *c, struct rt_diag *d)
{
	static struct rt_ledger_run run;

	if (rt_ledger_read(c->file, c->target, 0, &run, d) != RT_OK)
		return rt_options_fail("ledger", d, RT_EXIT_IO);
	say_bad_lines(&run, c->file);
	say_head(&run);
	printf(
	    "\n%-22s %-12s %-10s %s\n", "area", "basis", "result", "evidence");
	for (unsigned i = 0; i < RT_AREA_COUNT; i++)
		printf("%-22s %-12s %-10s %s\n", rt_area_name((enum rt_area)i),
		    rt_basis_name(run.areas[i].basis),
		    rt_evidence_name(run.areas[i].result),
		    run.areas[i].evidence);
	return RT_EXIT_OK;
}

static int
diff(const struct command *c, struct rt_diag *d)
{
	static struct rt_ledger_run old, new;
	struct rt_buf b;
	bool differs;

	if (rt_ledger_read(c->file, c->target, 0, &new, d) != RT_OK ||
	    rt_ledger_read(c->file, new.target, 1, &old, d) != RT_OK)
		return rt_options_fail("ledger", d, RT_EXIT_IO);
	say_bad_lines(&new, c->file);
	rt_buf_init(&b, 1u << 20);
	rt_buf_puts(&b, "");
	differs = rt_ledger_compare(&old, &new, &b);
	if (differs)
		printf("%s: %s -> %s\n%s", new.target, old.when, new.when, b.p);
	rt_buf_fini(&b);
	return differs ? RT_EXIT_VERDICT : RT_EXIT_OK;
}

/* What would end or begin a cell, or be read as markup, is written as itself. */
static void
print_cell(const char *text)
{
	for (; *text; text++) {
		if (strchr("|\\`*_<>[]", *text))
			putchar('\\');
		putchar(*text);
	}
	printf(" | ");
}

static int export(const struct command *c, struct rt_diag *d)
{
	static struct rt_ledger_run run;

	if (rt_ledger_read(c->file, c->target, 0, &run, d) != RT_OK)
		return rt_options_fail("ledger", d, RT_EXIT_IO);
	say_bad_lines(&run, c->file);
	printf("| contract area | basis | result | sanitised evidence | source "
	       "| accessed |\n|---|---|---|---|---|---|\n");
	for (unsigned i = 0; i < RT_AREA_COUNT; i++) {
		printf("| ");
		print_cell(rt_area_name((enum rt_area)i));
		print_cell(rt_basis_name(run.areas[i].basis));
		print_cell(rt_evidence_name(run.areas[i].result));
		print_cell(run.areas[i].evidence);
		print_cell(run.source[0] ? run.source : "-");
		print_cell(run.accessed[0] ? run.accessed : "-");
		putchar('\n');
	}
	printf("\n");
	print_cell(run.target);
	print_cell(run.environment);
	print_cell(run.when);
	printf("retrytop %s%s\n", run.version,
	    run.is_tls_verified ? "" : " | **TLS not verified**");
	return RT_EXIT_OK;
}

static const struct {
	const char *word;
	int (*run)(const struct command *c, struct rt_diag *d);
} verbs[] = {{"show", show}, {"diff", diff}, {"export", export}};

int
rt_cmd_ledger(int argc, char **argv)
{
	struct command c = {NULL, NULL, false};
	const struct rt_option rows[] = {
	    RT_OPTION_TEXT(0, "target", &c.target, "NAME",
		"the last run of this target, not the last of all"),
	    RT_OPTION_FLAG(0, "markdown", &c.as_markdown,
		"with export: the only form there is"),
	};
	const struct rt_options o = {"ledger", "show|diff|export FILE",
	    "Prints what `suite --ledger FILE` found out: the last run, how "
	    "it differs from the one before, or a table for a ticket.",
	    rows, RT_COUNT_OF(rows)};
	struct rt_diag d = {{0}, {0}};
	int code = rt_options_parse(&o, &argc, argv);

	if (code != RT_OPTIONS_GO)
		return code;
	for (size_t i = 0; argc == 3 && i < RT_COUNT_OF(verbs); i++)
		if (strcmp(argv[1], verbs[i].word) == 0) {
			c.file = argv[2];
			code = verbs[i].run(&c, &d);
			return fflush(stdout) == 0 ? code : RT_EXIT_IO;
		}
	rt_diag_set(&d, NULL, "needs show, diff or export, and a FILE");
	return rt_options_fail("ledger", &d, RT_EXIT_USAGE);
}
