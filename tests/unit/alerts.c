/* SPDX-License-Identifier: MIT */
#include "tests/unit/alerts.h"

struct rt_report seen, told;
struct rt_alerts *alerts;
struct rt_alert_rules rules;
struct rt_moment now;

int
alerts_begin(void **state)
{
	unsigned i;

	(void)state;
	rt_report_init(&seen);
	rt_report_init(&told);
	rt_alert_rules_init(&rules);
	for (i = 0; i < RT_ALERT_COUNT; i++)
		rules.rows[i].is_on = false;
	alerts = rt_alerts_new(&rules);
	now = (struct rt_moment){
	    {INT64_C(1000000000)}, {INT64_C(1700000000000000)}};
	return 0;
}

int
alerts_end(void **state)
{
	(void)state;
	rt_alerts_free(alerts);
	rt_report_fini(&seen);
	rt_report_fini(&told);
	return 0;
}

void
alerts_watch(enum rt_alert a, const char *rule)
{
	struct rt_diag d = {{0}, {0}};

	if (rt_alert_rule_from(&rules.rows[a], a, rule, &d) != RT_OK)
		fail_msg("%s: %s", rule, d.what);
	rt_alerts_set_rules(alerts, &rules);
}

void
alerts_pass_ms(int64_t ms)
{
	now.mono.us += ms * 1000;
	now.wall.us += ms * 1000;
}

void
alerts_look(void)
{
	rt_alerts_look(alerts, &seen, now);
	rt_report_reset(&told);
	rt_alerts_report(alerts, &told);
}

void
alerts_route(const char *service, uint64_t attempts, uint64_t bad)
{
	struct rt_report_series *s = rt_report_add_series(&seen);
	struct rt_counts *all = &seen.counts;

	s->labels[RT_LABEL_SERVICE] = service;
	s->counts->n[RT_C_ATTEMPTS] = attempts;
	s->counts->n[RT_C_CLASS + RT_CLASS_TIMEOUT] = bad;
	s->counts->n[RT_C_CLASS + RT_CLASS_NONE] = attempts - bad;
	rt_counts_add(all, s->counts);
	seen.series_total++;
}

void
alerts_one_route(uint64_t attempts, uint64_t bad)
{
	rt_report_reset(&seen);
	alerts_route("checkout", attempts, bad);
}

const struct rt_report_alert *
alerts_only(void)
{
	assert_int_equal(told.alerts_count, 1);
	return &told.alerts[0];
}
