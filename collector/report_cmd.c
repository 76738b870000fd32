/* SPDX-License-Identifier: MIT */
#include <stdio.h>

#include "collector/command.h"
#include "collector/viewer.h"
#include "proto/options.h"

enum format { AS_TEXT, AS_JSON };

static int
print_report(const struct rt_report *r, unsigned format)
{
	struct rt_buf b;
	bool ok;

	rt_buf_init(&b, RT_REPORT_MAX);
	if (format == AS_JSON) {
		rt_report_encode(&b, r);
		rt_buf_putc(&b, '\n');
	} else {
		rt_report_format_text(&b, r);
	}
	ok = !b.overflow && fwrite(b.p, 1, b.len, stdout) == b.len &&
	    fflush(stdout) == 0;
	rt_buf_fini(&b);
	return ok ? RT_EXIT_OK : RT_EXIT_IO;
}

static int
fail(enum rt_err err, const struct rt_diag *d)
{
	return rt_options_fail("report", d,
	    err == RT_E_USAGE ? RT_EXIT_USAGE : RT_EXIT_UNREACHABLE);
}

int
rt_cmd_report(int argc, char **argv)
{
	struct rt_endpoint at = {RT_ENDPOINT_QUERY};
	const char *window = NULL;
	unsigned format = AS_TEXT;
	int64_t timeout_ms = 2000;
	const struct rt_option rows[] = {
	    RT_OPTION_COLLECTOR(
		'c', "collector", &at, "whom to ask (127.0.0.1:7782)"),
	    RT_OPTION_TEXT('w', "window", &window, "1m|5m|15m|1h",
		"the last so long; without: since the collector started"),
	    RT_OPTION_CHOICE('f', "format", &format, "text|json", "how (text)"),
	    RT_OPTION_DURATION('t', "timeout", &timeout_ms, 1, 3600000,
		"wait so long for the answer (2)"),
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
	err = rt_ask_open(at.text, &ask, &d);
	if (err != RT_OK)
		return fail(err, &d);
	rt_report_init(&report);
	err = rt_viewer_ask(ask, at.text, &q, (int)timeout_ms, &report, &d);
	code = err == RT_OK ? print_report(&report, format) : fail(err, &d);
	rt_report_fini(&report);
	rt_ask_close(ask);
	return code;
}
