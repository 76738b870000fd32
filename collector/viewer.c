/* SPDX-License-Identifier: MIT */
#include "collector/viewer.h"

#include <string.h>

#include "proto/json.h"

enum rt_exit
rt_viewer_exit_to_open(enum rt_err err)
{
	if (err == RT_E_CONFIG)
		return RT_EXIT_CONFIG;
	return err == RT_E_IO ? RT_EXIT_IO : RT_EXIT_USAGE;
}

void
rt_viewer_say_unreachable(
    struct rt_diag *d, const char *endpoint, int64_t waited_ms)
{
	rt_diag_set(d, endpoint,
	    "no collector answered within %lld ms; start one with `retrytop "
	    "collect`, name another with -c, or give --cert and --server-cert "
	    "if it wants keys",
	    (long long)waited_ms);
}

/* A collector says why it refuses a question; anything else is no report. */
static bool
read_refusal(struct rt_str answer, struct rt_diag *d)
{
	struct json_object *o = NULL;
	const char *what, *where;

	if (answer.len > RT_QUERY_MAX ||
	    rt_json_parse(answer.p, answer.len, RT_QUERY_MAX, 4, &o, NULL) !=
		RT_OK)
		return false;
	what = rt_json_text(o, "error");
	where = rt_json_text(o, "where");
	if (what)
		rt_diag_set(d, where, "the collector refuses: %s", what);
	json_object_put(o);
	return what != NULL;
}

enum rt_err
rt_viewer_read(struct rt_str answer, struct rt_report *out, struct rt_diag *d)
{
	enum rt_err err = rt_report_decode(out, answer, d);

	if (err != RT_OK && read_refusal(answer, d))
		return RT_E_FIELD;
	return err;
}

enum rt_err
rt_viewer_ask(struct rt_ask *ask, const char *endpoint,
    const struct rt_query *q, int timeout_ms, struct rt_report *out,
    struct rt_diag *d)
{
	struct rt_buf question;
	struct rt_str answer = RT_STR_NONE;
	enum rt_err err;

	rt_buf_init(&question, RT_QUERY_MAX);
	rt_query_encode(&question, q);
	err = rt_ask_wait(ask, (struct rt_str){question.p, question.len},
	    timeout_ms, &answer);
	rt_buf_fini(&question);
	if (err == RT_OK)
		return rt_viewer_read(answer, out, d);
	if (err == RT_E_TIMEOUT || err == RT_E_AGAIN)
		rt_viewer_say_unreachable(d, endpoint, timeout_ms);
	else
		rt_diag_set(d, endpoint, "%s", rt_err_text(err));
	return err;
}
