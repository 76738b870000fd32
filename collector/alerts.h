/* SPDX-License-Identifier: MIT */
/*
 * alerts — thresholds held against a report, with memory of what fires since when.
 *
 * What    rt_alerts_look compares the report of a window with a table of rules, one an
 *         alert of proto/alert.h.  A route (service, route, model) is judged alone where
 *         its denominator reaches min_n; all others together, as the rest, so that many
 *         small routes hide nothing.
 * Fires   once the value has been above the threshold at every look for for_ms.
 * Clears  once it is at or below `clear` (80 % of the threshold, of what is above 1x for
 *         multiples), or has too few to say anything, or is not there any more: between
 *         `clear` and the threshold an alert stays as it is and does not flap.
 * Few     Below min_n, which is at least 20, no rate alerts.  Counts of what must not
 *         happen have no denominator.
 * Keeps   A cleared alert is told for RT_ALERTS_KEEP_MS.
 * Bounds  RT_ALERTS_MAX in all: the cleared longest ago gives way, and what finds no
 *         room is counted (overflow "alerts").
 * Life    Heap object; one thread; pure: the moment is handed in.
 */
#ifndef RT_ALERTS_H
#define RT_ALERTS_H

#include "collector/aggregate.h"
#include "proto/alert.h"

#define RT_ALERTS_MAX 256u
#define RT_ALERTS_KEEP_MS (15 * 60 * 1000)
#define RT_ALERTS_N_MIN 20u
/* Routes judged alone at most, those with the most attempts. */
#define RT_ALERTS_ROUTES 128u
/* A canary not heard of for so long has been taken away. */
#define RT_ALERTS_CANARY_MS (60 * 60 * 1000)

struct rt_alert_rule {
	bool is_on;
	double threshold, clear; /* in the alert's unit; ratio: 0.2 is 20 % */
	uint32_t min_n;          /* COUNT: not looked at */
	int64_t for_ms;
};

struct rt_alert_rules {
	int64_t window_s; /* one of RT_WINDOWS */
	struct rt_alert_rule rows[RT_ALERT_COUNT];
};

/* What stands in proto/alert.h. */
void rt_alert_rules_init(struct rt_alert_rules *r);

/*
 * "off", or a threshold in the alert's unit and, in any order, `for DURATION`, `n N`
 * (20 and more), `clear VALUE` (not above the threshold): "20% for 1m n 50 clear 15%".
 * RT_E_CONFIG leaves *r untouched.
 */
RT_NODISCARD enum rt_err rt_alert_rule_from(struct rt_alert_rule *r,
    enum rt_alert a, const char *text, struct rt_diag *d);
/* The same text, with everything said. */
void rt_alert_rule_print(
    struct rt_buf *b, enum rt_alert a, const struct rt_alert_rule *r);

struct rt_alerts; /* opaque */

RT_NODISCARD struct rt_alerts *rt_alerts_new(const struct rt_alert_rules *r);
void rt_alerts_free(struct rt_alerts *a);

/* Other rules from the next look on: what is not watched any more clears then. */
void rt_alerts_set_rules(struct rt_alerts *a, const struct rt_alert_rules *r);

/* What to ask the aggregate for. */
struct rt_query rt_alerts_query(const struct rt_alerts *a);

/*
 * Is it time for a look?  Each second; up to every three where there are many routes to
 * sum up, see collector/README.md.
 */
bool rt_alerts_is_due(const struct rt_alerts *a, rt_mono_t now);

/* r: the answer to rt_alerts_query, with senders, losses and canaries filled in. */
void rt_alerts_look(
    struct rt_alerts *a, const struct rt_report *r, struct rt_moment at);

/* Adds what fires and what cleared lately, the most important first. */
void rt_alerts_report(const struct rt_alerts *a, struct rt_report *out);

#endif
