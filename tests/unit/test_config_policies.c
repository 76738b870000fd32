/* SPDX-License-Identifier: MIT */
/* The sections of policies, services and tenants. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "collector/config.h"
#include "tests/unit/util.h"

#define X50 "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"

static enum rt_err
parse(struct rt_config *c, const char *text, struct rt_diag *d)
{
	return rt_config_parse(c, "x.conf", rt_str_of(text), d);
}

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
