/* SPDX-License-Identifier: MIT */
#include "tui/once.h"

#include <stdio.h>

#include "proto/ask.h"
#include "proto/options.h"
#include "proto/query.h"
#include "proto/report.h"

static enum rt_err
ask_once(const char *endpoint, const struct rt_curve_paths *certs,
    uint32_t window_s, int timeout_ms, struct rt_report *out, struct rt_diag *d)
{
	const struct rt_query q = {.window_s = window_s};
	struct rt_ask *ask;
	struct rt_buf b;
	struct rt_str answer;
	enum rt_err err = rt_ask_open_keyed(endpoint, certs, &ask, d);

	if (err != RT_OK)
		return err;
	rt_buf_init(&b, RT_QUERY_MAX);
	rt_query_encode(&b, &q);
	err =
	    rt_ask_wait(ask, (struct rt_str){b.p, b.len}, timeout_ms, &answer);
	if (err == RT_OK)
		err = rt_report_decode(out, answer, d);
	else
		rt_diag_set(d, endpoint,
		    "no collector answered within %d ms; start one with "
		    "`retrytop collect`, or name another with -c",
		    timeout_ms);
	rt_buf_fini(&b);
	rt_ask_close(ask);
	return err;
}

static int
print(const struct rt_report *r, bool as_json)
{
	struct rt_buf b;
	bool ok;

	rt_buf_init(&b, RT_REPORT_MAX);
	if (as_json) {
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

static enum rt_exit
exit_of(enum rt_err err)
{
	if (err == RT_E_CONFIG)
		return RT_EXIT_CONFIG;
	return err == RT_E_USAGE ? RT_EXIT_USAGE : RT_EXIT_UNREACHABLE;
}

int
rt_once_run(const char *endpoint, const struct rt_curve_paths *certs,
    uint32_t window_s, bool as_json, int timeout_ms)
{
	struct rt_report r;
	struct rt_diag d = {{0}, {0}};
	enum rt_err err;
	int code;

	rt_report_init(&r);
	err = ask_once(endpoint, certs, window_s, timeout_ms, &r, &d);
	if (err == RT_OK)
		code = print(&r, as_json);
	else
		code = rt_options_fail("watch", &d, exit_of(err));
	if (err == RT_OK && code == RT_EXIT_OK && rt_report_firing(&r) > 0)
		code = RT_EXIT_VERDICT;
	rt_report_fini(&r);
	return code;
}
