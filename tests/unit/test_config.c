/* SPDX-License-Identifier: MIT */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "collector/config.h"
#include "tests/unit/util.h"

static enum rt_err
parse(struct rt_config *c, const char *text, struct rt_diag *d)
{
	return rt_config_parse(c, "x.conf", rt_str_of(text), d);
}

static void
reads_every_kind_of_key(void **state)
{
	struct rt_config c;
	struct rt_diag d;

	(void)state;
	assert_int_equal(parse(&c,
			     "# a comment\n"
			     "[collector]\n"
			     "events = off\n"
			     "intake = ipc:///run/retrytop ; why\n"
			     "query : 127.0.0.1:9\r\n"
			     "operation_timeout=2m\n"
			     "attempt_base = 0\n"
			     "\n"
			     "[capacity]\n"
			     "series = 7\n"
			     "[decisions]\n"
			     "again = retry_same\n"
			     "give up = abort_error",
			     &d),
	    RT_OK);
	assert_string_equal(c.path, "x.conf");
	assert_string_equal(c.events.text, "off");
	assert_string_equal(c.intake.text, "ipc:///run/retrytop");
	assert_string_equal(c.query.text, "tcp://127.0.0.1:9");
	assert_int_equal(c.operation_timeout_ms, 120000);
	assert_int_equal(c.attempt_base, 0);
	assert_int_equal(c.capacity.series, 7);
	assert_int_equal(c.capacity.operations, rt_capacity_default.operations);
	assert_int_equal(c.decisions.count, 2);
	assert_string_equal(c.decisions.rows[0].code, "again");
	assert_int_equal(c.decisions.rows[0].decision, RT_DECISION_RETRY_SAME);
	assert_string_equal(c.decisions.rows[1].code, "give up");
	assert_int_equal(c.decision_line[1], 13);
}

#define X50 "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"

static void
refuses_with_file_line_and_what_would_be_right(void **state)
{
	static const struct {
		const char *text, *where, *what;
	} rows[] = {
	    {"[colector]\n", "x.conf:1",
		"unknown section [colector]; there are [collector], "
		"[journal], [access], [limits], [capacity], [alerts], "
		"[decisions], [attempt_base], [policy], [policy SERVICE], "
		"[tenant NAME] and [canary NAME]"},
	    {"events = off\n", "x.conf:1",
		"events stands before the first [section]"},
	    {"[collector]\n\nevnts = off\n", "x.conf:3",
		"unknown key evnts in [collector]; there are events, intake, "
		"query, operation_timeout, attempt_base, http"},
	    {"[collector]\nseries = 1\n", "x.conf:2",
		"unknown key series in [collector]; there are events, "
		"intake, query, operation_timeout, attempt_base, http"},
	    {"[collector]\nevents = off\nevents = off\n", "x.conf:3",
		"events is set in line 2 already"},
	    {"[collector]\nevents =\n", "x.conf:2",
		"events needs HOST[:PORT], tcp://HOST:PORT or ipc://PATH, "
		"not ''"},
	    {"[collector]\noperation_timeout = soon\n", "x.conf:2",
		"operation_timeout needs a duration like 120s, 250ms or 2m "
		"from 1000 ms to 86400000 ms, not 'soon'"},
	    {"[collector]\noperation_timeout = 60s # one minute\n", "x.conf:2",
		"operation_timeout needs a duration like 120s, 250ms or 2m "
		"from 1000 ms to 86400000 ms, not '60s # one minute'"},
	    {"[collector]\nattempt_base = 2\n", "x.conf:2",
		"attempt_base needs an integer from 0 to 1, not '2'"},
	    {"[limits]\nrate = 1\n", "x.conf:2",
		"unknown key rate in [limits]; there are emitter_rate, "
		"emitter_burst"},
	    {"[limits]\nemitter_rate = -1\n", "x.conf:2",
		"emitter_rate needs an integer from 0 to 1000000000, not "
		"'-1'"},
	    {"[limits]\nemitter_burst = 0s\n", "x.conf:2",
		"emitter_burst needs a duration like 120s, 250ms or 2m from "
		"1 ms to 600000 ms, not '0s'"},
	    {"[capacity]\nseries = 65537\n", "x.conf:2",
		"series needs an integer from 1 to 65536, not '65537'"},
	    {"[alerts]\nerror = 20% n 19\n", "x.conf:2",
		"error needs off or a threshold like `20% for 1m n 50 clear "
		"15%`, n at least 20, clear at most the threshold, not '20% "
		"n 19'"},
	    {"[alerts]\nerror = 20%\nwindow = 2m\n", "x.conf:3",
		"window needs one of 1m 5m 15m 1h, not '2m'"},
	    {"[alerts]\nerrors = 20%\n", "x.conf:2",
		"unknown key errors in [alerts]; there are window, "
		"unexplained, lost, over_rate, canary, final_failure, "
		"error, timeout, violations, fallback, amplification, "
		"retry_budget, p95, missing_usage"},
	    {"[capacity]\nseries = 0\n", "x.conf:2",
		"series needs an integer from 1 to 65536, not '0'"},
	    {"[decisions]\nagain = retry\n", "x.conf:2",
		"again needs one of none, retry_same, fallback_secondary, "
		"degrade_cached, abort_error, abort_timeout_budget, not "
		"'retry'"},
	    {"[decisions]\nagain = unknown\n", "x.conf:2",
		"again needs one of none, retry_same, fallback_secondary, "
		"degrade_cached, abort_error, abort_timeout_budget, not "
		"'unknown'"},
	    {"[decisions]\na = none\nb = none\na = none\n", "x.conf:4",
		"a is set in line 2 already"},
	    {"[decisions]\n" X50 X50 " = none\n", "x.conf:2",
		"a decision code can have 63 bytes"},
	    {"[attempt_base]\na = 2\n", "x.conf:2",
		"a needs an integer from 0 to 1, not '2'"},
	    {"[attempt_base]\na = 0\na = 1\n", "x.conf:3",
		"a is set in line 2 already"},
	    {"[attempt_base]\n" X50 X50 " = 0\n", "x.conf:2",
		"a service can have 64 bytes"},
	    {"[collector]\n events = off\n", "x.conf:2",
		"is indented; begin it in column 1"},
	    {"[collector]\nevents = off\n\tmore\n", "x.conf:3",
		"is indented; begin it in column 1"},
	    {"[collector]\nevents = " X50 X50 X50 X50 "\n", "x.conf:2",
		"a line can have 199 bytes, this one has 209"},
	    {"[collector]\nevents off\n", "x.conf:2",
		"needs `key = value`, [section] or # comment"},
	    {"[collector\nevents = off\n", "x.conf:1",
		"needs `key = value`, [section] or # comment"},
	    {"# fine\n[collector]\nevents off\nnope = 1\n", "x.conf:3",
		"needs `key = value`, [section] or # comment"},
	    {"[collector]\nnope\x1b[31m = 1\n", "x.conf:2",
		"unknown key nope\xef\xbf\xbd[31m in [collector]; there are "
		"events, intake, query, operation_timeout, attempt_base, http"},
	};
	size_t i;

	(void)state;
	for (i = 0; i < RT_COUNT_OF(rows); i++) {
		struct rt_config c, before;
		struct rt_diag d = {{0}, {0}};

		memset(&c, 0x5a, sizeof(c));
		before = c;
		assert_int_equal(parse(&c, rows[i].text, &d), RT_E_CONFIG);
		assert_string_equal(d.what, rows[i].what);
		assert_string_equal(d.where, rows[i].where);
		assert_memory_equal(&c, &before, sizeof(c));
	}
}

static void
reads_thresholds_of_alerts(void **state)
{
	struct rt_config c;
	struct rt_diag d = {{0}, {0}};

	(void)state;
	assert_int_equal(
	    parse(&c,
		"[alerts]\nwindow = 1m\nerror = 2.5% for 2m n 50 ; why\n"
		"final_failure = off\np95 = 30s\n",
		&d),
	    RT_OK);
	assert_int_equal(c.alerts.window_s, 60);
	assert_true(c.alerts.rows[RT_ALERT_ERROR].is_on);
	assert_within(c.alerts.rows[RT_ALERT_ERROR].threshold, 0.025, 1e-12);
	assert_int_equal(c.alerts.rows[RT_ALERT_ERROR].min_n, 50);
	assert_int_equal(c.alerts.rows[RT_ALERT_ERROR].for_ms, 120000);
	assert_false(c.alerts.rows[RT_ALERT_FINAL_FAILURE].is_on);
	assert_within(c.alerts.rows[RT_ALERT_P95].threshold, 30000, 0);
	assert_true(c.alerts.rows[RT_ALERT_TIMEOUT].is_on);
}

static void
takes_a_line_of_the_largest_length(void **state)
{
	char text[256] = "[decisions]\n";
	size_t n = strlen(text);
	struct rt_config c;
	struct rt_diag d;

	(void)state;
	memset(text + n, ' ', RT_CONFIG_LINE_MAX + 1);
	memcpy(text + n, "a", 1);
	memcpy(text + n + RT_CONFIG_LINE_MAX - 6, "= none", 6);
	text[n + RT_CONFIG_LINE_MAX] = '\0';
	assert_int_equal(parse(&c, text, &d), RT_OK);
	assert_int_equal(c.decisions.rows[0].decision, RT_DECISION_NONE);
	memcpy(text + n + RT_CONFIG_LINE_MAX, " ", 2);
	assert_int_equal(parse(&c, text, &d), RT_E_CONFIG);
}

static void
takes_a_comment_of_any_length(void **state)
{
	struct rt_config c;
	struct rt_diag d;

	(void)state;
	assert_int_equal(parse(&c,
			     "#" X50 X50 X50 X50 X50 "\n  ; indented\n"
			     "[collector]\nattempt_base = 0\n",
			     &d),
	    RT_OK);
	assert_int_equal(c.attempt_base, 0);
	assert_int_equal(c.line[4], 4);
}

static void
bounds_the_decision_codes(void **state)
{
	char text[4096] = "[decisions]\n";
	struct rt_config c;
	struct rt_diag d = {{0}, {0}};
	unsigned i;

	(void)state;
	for (i = 0; i < RT_DECISION_MAP_MAX; i++)
		snprintf(text + strlen(text), 32, "code%u = none\n", i);
	assert_int_equal(parse(&c, text, &d), RT_OK);
	assert_int_equal(c.decisions.count, RT_DECISION_MAP_MAX);
	snprintf(text + strlen(text), 32, "more = none\n");
	assert_int_equal(parse(&c, text, &d), RT_E_CONFIG);
	assert_string_equal(d.what, "there can be 32 decision codes");
	assert_string_equal(d.where, "x.conf:34");
}

static void
prints_what_reads_back_as_the_same(void **state)
{
	struct rt_config c, again;
	struct rt_diag d = {{0}, {0}};
	struct rt_buf b;

	(void)state;
	assert_int_equal(
	    parse(&c,
		"[collector]\nevents = off\noperation_timeout = 1500ms\n"
		"[capacity]\nemitters = 5\n[decisions]\nx = abort_error\n",
		&d),
	    RT_OK);
	rt_buf_init(&b, 1u << 20);
	rt_config_print(&b, &c);
	assert_non_null(strstr(b.p, "# read from x.conf\n"));
	assert_non_null(strstr(b.p, "events = off ; line 2"));
	assert_non_null(strstr(b.p, "attempt_base = 1 ; default"));
	assert_non_null(strstr(b.p, "emitters = 5 ; line 5; 1 to 65536; "));
	assert_non_null(strstr(b.p, "# memory when every table is full: "));
	if (parse(&again, b.p, &d) != RT_OK)
		fail_msg("%s: %s", d.where, d.what);
	assert_string_equal(again.events.text, "off");
	assert_int_equal(again.operation_timeout_ms, 1500);
	assert_memory_equal(&again.capacity, &c.capacity, sizeof(c.capacity));
	assert_memory_equal(
	    &again.decisions, &c.decisions, sizeof(c.decisions));
	rt_buf_fini(&b);
}

static void
looks_for_the_file_in_the_usual_places(void **state)
{
	char dir[] = "/tmp/rt_config_XXXXXX", path[128];
	struct rt_config c;
	struct rt_diag d = {{0}, {0}};
	FILE *f;

	(void)state;
	assert_non_null(mkdtemp(dir));
	setenv("XDG_CONFIG_HOME", dir, 1);
	if (access("/etc/retrytop/retrytop.conf", F_OK) != 0) {
		assert_int_equal(rt_config_read(&c, NULL, &d), RT_OK);
		assert_string_equal(c.path, "");
		assert_string_equal(c.events.text, RT_DEFAULT_EVENTS);
	}
	snprintf(path, sizeof(path), "mkdir %s/retrytop", dir);
	assert_int_equal(system(path), 0);
	snprintf(path, sizeof(path), "%s/retrytop/retrytop.conf", dir);
	assert_non_null(f = fopen(path, "w"));
	fputs("[collector]\nevents = off\n", f);
	fclose(f);
	assert_int_equal(rt_config_read(&c, NULL, &d), RT_OK);
	assert_string_equal(c.path, path);
	assert_string_equal(c.events.text, "off");
	assert_int_equal(rt_config_read(&c, "/nowhere/x.conf", &d), RT_E_IO);
	assert_string_equal(d.where, "/nowhere/x.conf");
	assert_int_equal(rt_config_read(&c, dir, &d), RT_E_IO);
	snprintf(path, sizeof(path), "rm -r %s", dir);
	assert_int_equal(system(path), 0);
}

#define CANARY(name)    \
	"[canary " name \
	"]\nbase_url = https://a.example\nmodel = m\nkey = none\n"

static void
reads_canary_sections(void **state)
{
	struct rt_config c, again;
	struct rt_diag d = {{0}, {0}};
	struct rt_buf b;
	char url[512];

	(void)state;
	if (parse(&c,
		CANARY("a.b-1") "surface = responses\nstream = yes\n"
				"retry = full\nbase = 100ms\nfallback = two\n"
				"retry_classes = timeout, connection\n"
				"header = X-Team: a; b=c\nheader = X-B: 1\n"
				"jitter = 5%\n" CANARY("two"),
		&d) != RT_OK)
		fail_msg("%s: %s", d.where, d.what);
	rt_targets_resolve(&c.targets);
	assert_int_equal(c.targets.count, 2);
	assert_string_equal(c.targets.rows[0].name, "a.b-1");
	assert_ptr_equal(c.targets.rows[0].next, &c.targets.rows[1]);
	assert_null(c.targets.rows[1].next);
	assert_true(c.targets.rows[0].is_stream);
	assert_int_equal(c.targets.rows[0].retry.jitter, RT_JITTER_FULL);
	assert_int_equal(c.targets.rows[0].retry.retryable,
	    1u << RT_CLASS_TIMEOUT | 1u << RT_CLASS_CONNECTION);
	rt_target_url(&c.targets.rows[0], url);
	assert_string_equal(url, "https://a.example/v1/responses");
	assert_int_equal(c.targets.rows[1].token_limit, 16);
	rt_buf_init(&b, 1u << 20);
	rt_config_print(&b, &c);
	if (parse(&again, b.p, &d) != RT_OK)
		fail_msg("%s: %s", d.where, d.what);
	assert_int_equal(again.targets.count, 2);
	assert_int_equal(again.targets.rows[0].retry.retryable,
	    c.targets.rows[0].retry.retryable);
	assert_int_equal(again.targets.rows[0].retry_base_ms, 100);
	assert_string_equal(again.targets.rows[0].headers[0], "X-Team: a; b=c");
	assert_string_equal(again.targets.rows[0].headers[1], "X-B: 1");
	assert_string_equal(again.targets.rows[0].headers[2], "");
	rt_buf_fini(&b);
}

static void
refuses_what_a_canary_section_cannot_mean(void **state)
{
	static const struct {
		const char *text, *where, *what;
	} rows[] = {
	    {CANARY("a") "modell = x\n", "x.conf:5",
		"unknown key modell in [canary a]; retrytop(1) and "
		"check-config list them"},
	    {CANARY("a") "model = x\n", "x.conf:5",
		"model is set in line 3 already"},
	    {"[canary a]\n", "x.conf:1", "[canary a] needs base_url"},
	    {"# x\n[canary a]\nbase_url = x\nmodel = m\n", "x.conf:2",
		"[canary a] needs one of key_env, key_file, key_fd or key = "
		"none"},
	    {CANARY("a") "key_env = K\n", "x.conf:1",
		"[canary a] needs one of key_env, key_file, key_fd or key = "
		"none"},
	    {"[canary a]\nkey = sk-secret-of-mine\n", "x.conf:2",
		"key needs none; a key itself does not belong in here, not "
		"'...'"},
	    {"[canary ]\n", "x.conf:1",
		"the name of a [canary NAME] has 1 to 40 of letters, digits, "
		". _ -"},
	    {"[canary a b]\n", "x.conf:1",
		"the name of a [canary NAME] has 1 to 40 of letters, digits, "
		". _ -"},
	    {CANARY("a") "fallback = b\n", "x.conf:1",
		"[canary a] names a fallback that is no [canary] section"},
	    {CANARY("a") "fallback = a\n", "x.conf:1",
		"[canary a] has fallbacks that lead back to it"},
	    {CANARY("a") "fallback = b\n" CANARY("b") "fallback = a\n",
		"x.conf:1", "[canary a] has fallbacks that lead back to it"},
	    {CANARY("a") "retry_classes = auth\n", "x.conf:5",
		"retry_classes needs some of timeout connection rate_limited "
		"server_error stream_interrupted, or none, not 'auth'"},
	    {CANARY("a") "stream_require = sometimes\n", "x.conf:5",
		"stream_require needs finish|done|terminal|none, not "
		"'sometimes'"},
	    {CANARY("a") "interval = 1ms\n", "x.conf:5",
		"interval needs a duration like 120s, 250ms or 2m from 1000 "
		"ms to 86400000 ms, not '1ms'"},
	    {CANARY("a") "jitter = 101%\n", "x.conf:5",
		"jitter needs 0% to 100%, not '101%'"},
	    {CANARY("a") "header = X-A\n", "x.conf:5",
		"header needs Name: value, not 'X-A'"},
	    {CANARY("a") "header = X A: b\n", "x.conf:5",
		"header needs Name: value, not 'X'"},
	    {CANARY("a") "header = X-A: b\nheader = x-a: c\n", "x.conf:6",
		"header needs each name once, not 'x-a'"},
	    {CANARY("a") "header = authorization: Bearer sk\n", "x.conf:5",
		"header needs no credential; key_header and key_env are for "
		"that, not 'authorization'"},
	    {CANARY("a") "header = Host: b\n", "x.conf:5",
		"header needs a name that is not of the connection itself, "
		"not 'Host'"},
	    {CANARY("a") "header = X-Own: b\nkey_header = x-own\n", "x.conf:1",
		"[canary a] has a header with the name of key_header"},
	    {CANARY("a") "base = 9s\n", "x.conf:1",
		"[canary a] needs a base that is not above cap"},
	};
	size_t i;

	(void)state;
	for (i = 0; i < RT_COUNT_OF(rows); i++) {
		struct rt_diag d = {{0}, {0}};
		struct rt_config c;

		assert_int_equal(parse(&c, rows[i].text, &d), RT_E_CONFIG);
		assert_string_equal(d.what, rows[i].what);
		assert_string_equal(d.where, rows[i].where);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(reads_every_kind_of_key),
	    cmocka_unit_test(refuses_with_file_line_and_what_would_be_right),
	    cmocka_unit_test(reads_thresholds_of_alerts),
	    cmocka_unit_test(takes_a_line_of_the_largest_length),
	    cmocka_unit_test(takes_a_comment_of_any_length),
	    cmocka_unit_test(bounds_the_decision_codes),
	    cmocka_unit_test(prints_what_reads_back_as_the_same),
	    cmocka_unit_test(reads_canary_sections),
	    cmocka_unit_test(refuses_what_a_canary_section_cannot_mean),
	    cmocka_unit_test(looks_for_the_file_in_the_usual_places),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
