/* SPDX-License-Identifier: MIT */
/*
 * alert — what a collector can raise the alarm about, as one list.
 *
 * X(ID, key, unit, subject, default, sentence).  The list is in order of importance:
 * reports and screens show the first rows first.  The default is what the configuration
 * says where it says nothing, see collector/alerts.h; on are those that mean harm in any
 * traffic:
 *
 *	unexplained, lost, over_rate, canary
 *	                             the figures or the way itself are broken
 *	final_failure, error, timeout, fallback, amplification
 *	                             users get failures, wait longer, or load multiplies
 *	violations                   of rules that cost money, content or secrets
 *
 * and off are those that only the owner of the traffic can judge: p95 (an embedding
 * takes 0.3 s, a long answer 60 s), missing_usage (some servers never tell), retry_budget
 * (the audit's rule retry-budget-exceeded watches each minute already).
 */
#ifndef RT_ALERT_H
#define RT_ALERT_H

#include <stdbool.h>

#include "proto/rules.h"
#include "proto/text.h"

/* clang-format off */
#define RT_ALERTS(X) \
	X(UNEXPLAINED,   "unexplained",   COUNT, COLLECTOR, "0", "acknowledged records that nobody accounts for; it fires until the collector is started anew") \
	X(LOST,          "lost",          COUNT, COLLECTOR, "0", "records lost since the last window without a new loss") \
	X(OVER_RATE,     "over_rate",     COUNT, COLLECTOR, "0", "records of an emitter refused since it sends more than its rate; 15 s without one end it") \
	X(CANARY,        "canary",        COUNT, CANARY,    "1", "failures of a canary in a row") \
	X(FINAL_FAILURE, "final_failure", RATIO, ROUTE,     "5% for 60s", "operations that did not end in success, of operations ended") \
	X(ERROR,         "error",         RATIO, ROUTE,     "20% for 60s", "attempts whose class is not none, of attempts") \
	X(TIMEOUT,       "timeout",       RATIO, ROUTE,     "10% for 60s", "attempts of class timeout, of attempts") \
	X(VIOLATIONS,    "violations",    COUNT, RULE,      "0", "violations in the window of a severe rule of the audit") \
	X(FALLBACK,      "fallback",      RATIO, ROUTE,     "10% for 60s", "operations with at least one fallback, of operations ended") \
	X(AMPLIFICATION, "amplification", TIMES, ROUTE,     "2x for 60s", "attempts of ended operations, over operations ended") \
	X(RETRY_BUDGET,  "retry_budget",  RATIO, ROUTE,     "off", "retries over 0.10 of first attempts: 100% is all of the budget") \
	X(P95,           "p95",           MS,    ROUTE,     "off", "95th percentile of operation time") \
	X(MISSING_USAGE, "missing_usage", RATIO, ROUTE,     "off", "attempts of class none without usage, of those that say whether there was any")
/* clang-format on */

#define X(id, key, unit, subject, dflt, sentence) RT_ALERT_##id,
enum rt_alert { RT_ALERTS(X) RT_ALERT_COUNT };
#undef X

enum rt_alert_unit {
	RT_ALERT_UNIT_RATIO, /* 0.2 is 20 % */
	RT_ALERT_UNIT_TIMES,
	RT_ALERT_UNIT_MS,
	RT_ALERT_UNIT_COUNT, /* of what must not happen: it has no n */
};

/* What it is about: where a viewer goes to see more. */
enum rt_alert_subject {
	RT_ALERT_OF_COLLECTOR,
	RT_ALERT_OF_ROUTE, /* service, route and model */
	RT_ALERT_OF_RULE,
	RT_ALERT_OF_CANARY,
};

const char *rt_alert_name(enum rt_alert a);
/* RT_ALERT_COUNT where no alert is called that; z may be NULL. */
enum rt_alert rt_alert_from(const char *z);
enum rt_alert_unit rt_alert_unit(enum rt_alert a);
enum rt_alert_subject rt_alert_subject(enum rt_alert a);
const char *rt_alert_default(enum rt_alert a);
const char *rt_alert_sentence(enum rt_alert a);

/* "9.8%", "2.3x", "4.1s", "3"; as short as says it. */
const char *rt_alert_value(char out[32], enum rt_alert_unit unit, double value);

/*
 * Severe are rules whose breach costs more than a request: accounts are locked, money
 * is burnt without hope, users get content twice or cut off, secrets leak, nothing
 * stops the retries.
 */
bool rt_alert_is_severe(enum rt_rule r);

#endif
