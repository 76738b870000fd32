/* SPDX-License-Identifier: MIT */
/*
 * alerts — alerts that look at a report made by hand, at a time that passes as told.
 */
#ifndef RT_TEST_ALERTS_H
#define RT_TEST_ALERTS_H

#include "collector/alerts.h"
#include "tests/unit/util.h"

/* What is looked at, and what was told of it last. */
extern struct rt_report seen, told;
extern struct rt_alerts *alerts;
/* All off, but those that are watched. */
extern struct rt_alert_rules rules;
extern struct rt_moment now;

/* Set up and tear down a test. */
int alerts_begin(void **state);
int alerts_end(void **state);
#define ALERTS_TEST(name) \
	cmocka_unit_test_setup_teardown(name, alerts_begin, alerts_end)

void alerts_watch(enum rt_alert a, const char *rule);
void alerts_pass_ms(int64_t ms);
void alerts_look(void);
/* Attempts of one route: `bad` of class timeout, the rest good. */
void alerts_route(const char *service, uint64_t attempts, uint64_t bad);
/* That route and no other. */
void alerts_one_route(uint64_t attempts, uint64_t bad);
/* The one alert that was told. */
const struct rt_report_alert *alerts_only(void);

#endif
