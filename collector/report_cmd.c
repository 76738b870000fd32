/* SPDX-License-Identifier: MIT */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "collector/command.h"
#include "collector/viewer.h"
#include "proto/mem.h"
#include "proto/options.h"
#include "proto/waterfall.h"

enum format { AS_TEXT, AS_JSON, AS_MARKDOWN };

static int
print_out(struct rt_buf *b)
{
	bool ok = !b->overflow && fwrite(b->p, 1, b->len, stdout) == b->len &&
	    fflush(stdout) == 0;

	rt_buf_fini(b);
	return ok ? RT_EXIT_OK : RT_EXIT_IO;
}

static int
print_report(const struct rt_report *r, unsigned format)
{
	struct rt_buf b;

	rt_buf_init(&b, RT_REPORT_MAX);
	if (format == AS_JSON) {
		rt_report_encode(&b, r);
		rt_buf_putc(&b, '\n');
	} else if (format == AS_MARKDOWN) {
		rt_report_format_markdown(&b, r);
	} else {
		rt_report_format_text(&b, r);
	}
	return print_out(&b);
}

/* What is not held is an answer too, and not the one a script asked for. */
static int
print_operation(const struct rt_report_operation *o, unsigned format)
{
	struct rt_waterfall *w = rt_xcalloc(1, sizeof(*w));
	struct rt_diag d = {{0}, {0}};
	bool is_held = rt_waterfall_read(w, o);
	struct rt_buf b;
	int code = RT_EXIT_OK;

	rt_buf_init(&b, RT_REPORT_MAX);
	if (format == AS_JSON)
		rt_waterfall_format_json(&b, is_held ? w : NULL, o);
	else if (is_held)
		rt_waterfall_format_text(&b, w);
	if (b.len > 0)
		code = print_out(&b);
	else
		rt_buf_fini(&b);
	free(w);
	if (is_held || code != RT_EXIT_OK)
		return code;
	rt_diag_set(&d, o->id,
	    "the collector holds no record of this operation (any more)");
	return rt_options_fail("report", &d, RT_EXIT_VERDICT);
}

static int
fail(enum rt_err err, const struct rt_diag *d)
{
	return rt_options_fail("report", d,
	    err == RT_E_USAGE ? RT_EXIT_USAGE : RT_EXIT_UNREACHABLE);
}

static bool
take_id(struct rt_query *q, const char *id, struct rt_diag *d)
{
	size_t len = strlen(id);

	if (len == 0 || len > RT_QUERY_OPERATION_MAX) {
		rt_diag_set(d, "operation", "an id has 1 to %u bytes",
		    RT_QUERY_OPERATION_MAX);
		return false;
	}
	memcpy(q->operation, id, len + 1);
	q->no_series = true;
	return true;
}

int
rt_cmd_report(int argc, char **argv)
{
	struct rt_endpoint at = {RT_ENDPOINT_QUERY};
	struct rt_curve_paths certs = {NULL, NULL};
	const char *window = NULL, *operation = NULL;
	unsigned format = AS_TEXT;
	int64_t timeout_ms = 2000;
	const struct rt_option rows[] = {
	    RT_OPTION_COLLECTOR(
		'c', "collector", &at, "whom to ask (127.0.0.1:7782)"),
	    RT_OPTION_TEXT('w', "window", &window, "1m|5m|15m|1h",
		"the last so long; without: since the collector started"),
	    RT_OPTION_TEXT('o', "operation", &operation, "ID",
		"one operation, attempt by attempt, instead"),
	    RT_OPTION_CHOICE(
		'f', "format", &format, "text|json|markdown", "how (text)"),
	    RT_OPTION_DURATION('t', "timeout", &timeout_ms, 1, 3600000,
		"wait so long for the answer (2)"),
	    RT_OPTIONS_CERTS(&certs),
	};
	const struct rt_options o = {"report", NULL,
	    "Prints one report from a running collector.", rows,
	    RT_COUNT_OF(rows)};
	struct rt_query q = {.window_s = 0};
	struct rt_diag d = {{0}, {0}};
	struct rt_report report;
	struct rt_ask *ask = NULL;
	enum rt_err err;
	int code = rt_options_parse(&o, &argc, argv);

	if (code != RT_OPTIONS_GO)
		return code;
	if (window &&
	    rt_window_from(rt_str_of(window), &q.window_s, &d) != RT_OK)
		return rt_options_fail("report", &d, RT_EXIT_USAGE);
	if (operation && !take_id(&q, operation, &d))
		return rt_options_fail("report", &d, RT_EXIT_USAGE);
	if (operation && format == AS_MARKDOWN) {
		rt_diag_set(&d, "--operation", "prints text or json");
		return rt_options_fail("report", &d, RT_EXIT_USAGE);
	}
	err = rt_ask_open_keyed(at.text, &certs, &ask, &d);
	if (err != RT_OK)
		return rt_options_fail(
		    "report", &d, rt_viewer_exit_to_open(err));
	rt_report_init(&report);
	err = rt_viewer_ask(ask, at.text, &q, (int)timeout_ms, &report, &d);
	if (err != RT_OK)
		code = fail(err, &d);
	else if (operation)
		code = print_operation(&report.operation, format);
	else
		code = print_report(&report, format);
	rt_report_fini(&report);
	rt_ask_close(ask);
	return code;
}
