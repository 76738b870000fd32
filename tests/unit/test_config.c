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
		"[journal], [access], [capacity], [alerts], [decisions], "
		"[attempt_base], [policy], [policy SERVICE], [tenant NAME] and "
		"[canary NAME]"},
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
		"unexplained, lost, canary, final_failure, error, timeout, "
		"violations, fallback, amplification, retry_budget, p95, "
		"missing_usage"},
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

/* ---- policies ------------------------------------------------------------------ */

#define CLASSES_NAMED                                                   \
	"cancelled timeout stream_interrupted connection policy quota " \
	"schema auth caller_error rate_limited server_error unknown"

static void
reads_policies_of_services_and_tenants(void **state)
{
	struct rt_config c;
	struct rt_diag d = {{0}, {0}};
	const struct rt_policies *p = &c.policy.policies;
	const struct rt_policy *checkout, *of_acme;
	struct rt_policy room;

	(void)state;
	if (parse(&c,
		"[policy check out]\nmax_attempts = 2\n"
		"fallback_classes = timeout,  server_error\n"
		"[policy]\nmax_fallbacks = 7\nretry_budget = 2.5%\n"
		"[tenant acme]\nfallbacks_per_minute = 3\n"
		"[policy " X50 "]\nfallback_classes = none\n"
		"operation_timeout = 2m\n"
		"[tenant acme]\nretryable_classes = none\nmax_attempts = 9\n"
		"[policy check out]\nbudget_min_first = 9\n"
		"[collector]\nattempt_base = 0\n",
		&d) != RT_OK)
		fail_msg("%s: %s", d.where, d.what);
	assert_int_equal(p->fallback.max_attempts, 5);
	assert_int_equal(p->fallback.max_fallbacks, 7);
	assert_within(p->fallback.retry_budget_ratio, 0.025, 1e-12);
	assert_int_equal(p->services_count, 2);
	checkout = rt_policy_of(p, rt_str_of("check out"));
	assert_int_equal(checkout->max_attempts, 2);
	assert_int_equal(checkout->max_fallbacks, 7); /* as [policy] */
	assert_within(checkout->retry_budget_ratio, 0.025, 1e-12);
	assert_int_equal(checkout->budget_min_first, 9);
	assert_int_equal(checkout->fallback_classes,
	    1u << RT_CLASS_TIMEOUT | 1u << RT_CLASS_SERVER_ERROR);
	/* Longer than libinih lets a section be. */
	assert_int_equal(rt_policy_of(p, rt_str_of(X50))->fallback_classes, 0);
	assert_ptr_equal(rt_policy_of(p, rt_str_of("other")), &p->fallback);
	assert_int_equal(p->tenants_count, 1);
	assert_string_equal(p->tenants[0].tenant, "acme");
	assert_int_equal(p->tenants[0].retries_per_minute, 0);
	assert_int_equal(p->tenants[0].fallbacks_per_minute, 3);
	assert_int_equal(
	    rt_policy_of(p, rt_str_of(X50))->operation_timeout_ms, 120000);
	assert_int_equal(checkout->operation_timeout_ms, 0);
	/* What the tenant says goes before what its service says, the rest stays. */
	of_acme =
	    rt_policy_for(p, rt_str_of("check out"), rt_str_of("acme"), &room);
	assert_int_equal(of_acme->retryable_classes, 0);
	assert_int_equal(of_acme->max_attempts, 9);
	assert_int_equal(of_acme->max_fallbacks, 7);
	assert_int_equal(of_acme->fallback_classes, checkout->fallback_classes);
	assert_int_equal(
	    checkout->retryable_classes, rt_policy_default.retryable_classes);
	assert_ptr_equal(
	    rt_policy_for(p, rt_str_of("check out"), rt_str_of("other"), &room),
	    checkout);
	assert_int_equal(c.attempt_base, 0);
}

static void
refuses_what_a_policy_cannot_mean(void **state)
{
	static const struct {
		const char *text, *where, *what;
	} rows[] = {
	    {"[policy]\nfallback_classes = timeout, often\n", "x.conf:2",
		"fallback_classes needs some of " CLASSES_NAMED
		", or none, not 'timeout, often'"},
	    {"[policy a]\nfallback_classes =\n", "x.conf:2",
		"fallback_classes needs some of " CLASSES_NAMED
		", or none, not ''"},
	    {"[policy]\nmax_attempts = 0\n", "x.conf:2",
		"max_attempts needs an integer from 1 to 1000, not '0'"},
	    {"[policy]\nmax_attempts = 1001\n", "x.conf:2",
		"max_attempts needs an integer from 1 to 1000, not '1001'"},
	    {"[policy]\nretry_budget = 10\n", "x.conf:2",
		"retry_budget needs a percentage from 0% to 1000%, not '10'"},
	    {"[policy]\nretry_budget = -1%\n", "x.conf:2",
		"retry_budget needs a percentage from 0% to 1000%, not "
		"'-1%'"},
	    {"[policy]\nretry_budget = 1000.1%\n", "x.conf:2",
		"retry_budget needs a percentage from 0% to 1000%, not "
		"'1000.1%'"},
	    {"[policy]\nretries = 1\n", "x.conf:2",
		"unknown key retries in [policy]; there are max_attempts, "
		"max_fallbacks, fallback_classes, retryable_classes, "
		"operation_timeout, retry_budget, budget_min_first"},
	    {"[tenant a]\nretry_budget = 1%\n", "x.conf:2",
		"unknown key retry_budget in [tenant]; there are "
		"retries_per_minute, fallbacks_per_minute, max_attempts, "
		"max_fallbacks, fallback_classes, retryable_classes, "
		"operation_timeout"},
	    {"[policy a]\nretryable_classes = 503\n", "x.conf:2",
		"retryable_classes needs some of " CLASSES_NAMED
		", or none, not '503'"},
	    {"[tenant a]\nretryable_classes = none, timeout\n", "x.conf:2",
		"retryable_classes needs some of " CLASSES_NAMED
		", or none, not 'none, timeout'"},
	    {"[policy a]\noperation_timeout = 999ms\n", "x.conf:2",
		"operation_timeout needs a duration like 120s, 250ms or 2m "
		"from 1000 ms to 86400000 ms, not '999ms'"},
	    {"[tenant a]\noperation_timeout = 1h 1m\n", "x.conf:2",
		"operation_timeout needs a duration like 120s, 250ms or 2m "
		"from 1000 ms to 86400000 ms, not '1h 1m'"},
	    {"[policy]\noperation_timeout = 60s\n", "x.conf:2",
		"operation_timeout of all services stands in [collector], not "
		"in [policy]"},
	    {"[policy a]\nmax_attempts = 1\n[policy]\n[policy a]\n"
	     "max_attempts = 2\n",
		"x.conf:5", "max_attempts is set in line 2 already"},
	    {"[policy ]\n", "x.conf:1",
		"the name of a [policy NAME] has 1 to 64 bytes"},
	    {"[policy " X50 X50 "]\n", "x.conf:1",
		"the name of a [policy NAME] has 1 to 64 bytes"},
	    {"[tenant  a]\n", "x.conf:1",
		"the name of a [tenant NAME] has 1 to 64 bytes"},
	};
	size_t i;

	(void)state;
	for (i = 0; i < RT_COUNT_OF(rows); i++) {
		struct rt_config c;
		struct rt_diag d = {{0}, {0}};

		assert_int_equal(parse(&c, rows[i].text, &d), RT_E_CONFIG);
		assert_string_equal(d.what, rows[i].what);
		assert_string_equal(d.where, rows[i].where);
	}
}

static void
bounds_the_policy_sections(void **state)
{
	static const char *const kinds[] = {"policy", "tenant"};
	size_t i;

	(void)state;
	for (i = 0; i < RT_COUNT_OF(kinds); i++) {
		char text[4096] = "", want[64];
		struct rt_config c;
		struct rt_diag d = {{0}, {0}};
		unsigned n;

		for (n = 0; n < RT_POLICY_ROWS_MAX; n++)
			snprintf(
			    text + strlen(text), 32, "[%s s%u]\n", kinds[i], n);
		assert_int_equal(parse(&c, text, &d), RT_OK);
		snprintf(text + strlen(text), 32, "[%s s0]\n", kinds[i]);
		assert_int_equal(parse(&c, text, &d), RT_OK);
		snprintf(text + strlen(text), 32, "[%s more]\n", kinds[i]);
		assert_int_equal(parse(&c, text, &d), RT_E_CONFIG);
		snprintf(want, sizeof(want),
		    "there can be 64 sections [%s NAME]", kinds[i]);
		assert_string_equal(d.what, want);
		assert_string_equal(d.where, "x.conf:66");
	}
}

/* Names from one list, so that rows meet in the table; some are no row's. */
static void
finds_each_policy_by_its_name(void **state)
{
	struct rt_policies p;
	char name[32];
	unsigned i;

	(void)state;
	rt_policies_init(&p);
	for (i = 0; i < RT_POLICY_ROWS_MAX; i++) {
		snprintf(p.services[i].service, sizeof(name), "s%u", i * 7);
		snprintf(p.tenants[i].tenant, sizeof(name), "t%u", i);
	}
	p.services_count = p.tenants_count = RT_POLICY_ROWS_MAX;
	rt_policies_index(&p);
	for (i = 0; i < 1000; i++) {
		snprintf(name, sizeof(name), "s%u", i);
		assert_int_equal(rt_policy_row(&p, rt_str_of(name)),
		    i % 7 == 0 && i < 7 * RT_POLICY_ROWS_MAX
			? i / 7
			: RT_POLICY_ROWS_MAX);
		snprintf(name, sizeof(name), "t%u", i);
		assert_int_equal(rt_tenant_row(&p, rt_str_of(name)),
		    i < RT_POLICY_ROWS_MAX ? i : RT_POLICY_ROWS_MAX);
	}
	assert_int_equal(rt_policy_row(&p, RT_STR_NONE), RT_POLICY_ROWS_MAX);
	snprintf(p.services[3].service, sizeof(name), "(none)");
	rt_policies_index(&p);
	assert_int_equal(rt_policy_row(&p, RT_STR_NONE), 3);
	assert_int_equal(
	    rt_policy_row(&p, rt_str_of("s21")), RT_POLICY_ROWS_MAX);
}

static void
gives_every_distinct_timeout_one_number(void **state)
{
	const struct rt_str none = RT_STR_NONE, a = rt_str_of("a"),
			    b = rt_str_of("b"), t = rt_str_of("t"),
			    u = rt_str_of("u");
	struct rt_config c;
	struct rt_diag d = {{0}, {0}};
	const struct rt_policies *p = &c.policy.policies;
	struct rt_timeouts times;

	(void)state;
	assert_int_equal(
	    parse(&c,
		"[policy a]\noperation_timeout = 30s\n"
		"[policy b]\noperation_timeout = 60s\n[policy c]\n"
		"[tenant t]\noperation_timeout = 30s\n[tenant u]\n",
		&d),
	    RT_OK);
	rt_timeouts_init(&times, p, 60000000);
	assert_int_equal(times.count, 2);
	assert_int_equal(times.us[0], 60000000);
	assert_int_equal(times.us[1], 30000000);
	assert_int_equal(rt_timeout_of(&times, p, none, none), 0);
	assert_int_equal(rt_timeout_of(&times, p, a, none), 1);
	assert_int_equal(rt_timeout_of(&times, p, b, none), 0);
	assert_int_equal(rt_timeout_of(&times, p, b, t), 1);
	assert_int_equal(rt_timeout_of(&times, p, a, u), 1);
	assert_int_equal(rt_timeout_of(&times, p, rt_str_of("c"), u), 0);
	assert_int_equal(rt_timeout_of(&times, p, none, t), 1);
}

/* Every row of every table full: what is printed is all there. */
static void
prints_as_many_policies_as_there_can_be(void **state)
{
	static char text[65536];
	struct rt_config c, again;
	struct rt_diag d = {{0}, {0}};
	struct rt_buf b;
	size_t n = 0;
	unsigned i;

	(void)state;
	for (i = 0; i < RT_POLICY_ROWS_MAX; i++)
		n += (size_t)snprintf(text + n, sizeof(text) - n,
		    "[policy %032u]\noperation_timeout = %us\n"
		    "[tenant %032u]\noperation_timeout = %us\n",
		    i, i + 1, i, i + 1000);
	if (parse(&c, text, &d) != RT_OK)
		fail_msg("%s: %s", d.where, d.what);
	rt_buf_init(&b, 1u << 20);
	rt_config_print(&b, &c);
	assert_false(b.overflow);
	if (parse(&again, b.p, &d) != RT_OK)
		fail_msg("%s: %s", d.where, d.what);
	assert_memory_equal(&again.policy.policies, &c.policy.policies,
	    sizeof(c.policy.policies));
	rt_buf_fini(&b);
}

static void
prints_policies_that_read_back_as_the_same(void **state)
{
	struct rt_config c, again;
	struct rt_diag d = {{0}, {0}};
	struct rt_buf b;

	(void)state;
	assert_int_equal(
	    parse(&c,
		"[policy]\nretry_budget = 7%\n[policy a]\nmax_attempts = 2\n"
		"fallback_classes = none\noperation_timeout = 1500ms\n"
		"[policy b]\nretryable_classes = unknown auth\n[tenant t]\n"
		"retries_per_minute = 4\noperation_timeout = 1h\n"
		"[tenant u]\nmax_fallbacks = 0\nfallback_classes = none\n",
		&d),
	    RT_OK);
	rt_buf_init(&b, 1u << 20);
	rt_config_print(&b, &c);
	assert_non_null(strstr(b.p, "retry_budget = 7% ; line 2; "));
	assert_non_null(strstr(b.p, "retry_budget = 7% ; as [policy]; "));
	assert_non_null(strstr(b.p, "max_attempts = 5 ; default; 1 to 1000; "));
	assert_non_null(strstr(b.p, "\n[policy a]\nmax_attempts = 2 ; line 4"));
	assert_non_null(strstr(b.p, "fallbacks_per_minute = 0 ; default; "));
	assert_non_null(strstr(b.p, "\noperation_timeout = 1500ms ; line 6; "));
	assert_non_null(strstr(b.p, "\noperation_timeout = 3600s ; line 11; "));
	assert_non_null(
	    strstr(b.p, "\n# operation_timeout is that of [collector]; "));
	assert_non_null(
	    strstr(b.p, "\n# max_attempts is that of the service; "));
	assert_non_null(
	    strstr(b.p, "retryable_classes = auth, unknown ; line"));
	if (parse(&again, b.p, &d) != RT_OK)
		fail_msg("%s: %s", d.where, d.what);
	assert_memory_equal(&again.policy.policies, &c.policy.policies,
	    sizeof(c.policy.policies));
	rt_buf_fini(&b);
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
	    cmocka_unit_test(reads_policies_of_services_and_tenants),
	    cmocka_unit_test(refuses_what_a_policy_cannot_mean),
	    cmocka_unit_test(bounds_the_policy_sections),
	    cmocka_unit_test(finds_each_policy_by_its_name),
	    cmocka_unit_test(gives_every_distinct_timeout_one_number),
	    cmocka_unit_test(prints_as_many_policies_as_there_can_be),
	    cmocka_unit_test(prints_policies_that_read_back_as_the_same),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
