/* SPDX-License-Identifier: MIT */
#include "proto/alert.h"

#include <stdio.h>
#include <string.h>

static const struct {
	const char *name, *initial, *sentence;
	enum rt_alert_unit unit;
	enum rt_alert_subject subject;
} alerts[RT_ALERT_COUNT] = {
#define X(id, n, u, s, dflt, what)      \
	[RT_ALERT_##id] = {.name = (n), \
	    .initial = (dflt),          \
	    .sentence = (what),         \
	    .unit = RT_ALERT_UNIT_##u,  \
	    .subject = RT_ALERT_OF_##s},
    RT_ALERTS(X)
#undef X
};

const char *
rt_alert_name(enum rt_alert a)
{
	return alerts[a].name;
}

enum rt_alert
rt_alert_from(const char *z)
{
	unsigned i = 0;

	while (i < RT_ALERT_COUNT && (!z || strcmp(alerts[i].name, z) != 0))
		i++;
	return (enum rt_alert)i;
}

enum rt_alert_unit
rt_alert_unit(enum rt_alert a)
{
	return alerts[a].unit;
}

enum rt_alert_subject
rt_alert_subject(enum rt_alert a)
{
	return alerts[a].subject;
}

const char *
rt_alert_default(enum rt_alert a)
{
	return alerts[a].initial;
}

const char *
rt_alert_sentence(enum rt_alert a)
{
	return alerts[a].sentence;
}

const char *
rt_alert_value(char out[32], enum rt_alert_unit unit, double value)
{
	double v = value < 1e15 ? value : 1e15;

	switch (unit) {
	case RT_ALERT_UNIT_RATIO:
		snprintf(out, 32, v < 0.1 ? "%.3g%%" : "%.1f%%", v * 100);
		break;
	case RT_ALERT_UNIT_TIMES: snprintf(out, 32, "%.2fx", v); break;
	case RT_ALERT_UNIT_MS:
		snprintf(out, 32, v < 1000 ? "%.0fms" : "%.1fs",
		    v < 1000 ? v : v / 1000);
		break;
	case RT_ALERT_UNIT_COUNT: snprintf(out, 32, "%.0f", v); break;
	}
	return out;
}

bool
rt_alert_is_severe(enum rt_rule r)
{
	static const bool severe[RT_RULE_COUNT] = {
	    [RT_RULE_RETRY_AFTER_AUTH] = true,
	    [RT_RULE_RETRY_OF_QUOTA] = true,
	    [RT_RULE_RETRY_AFTER_COMMIT] = true,
	    [RT_RULE_CUT_STREAM_AS_SUCCESS] = true,
	    [RT_RULE_ATTEMPTS_OVER_CAP] = true,
	    [RT_RULE_SENSITIVE] = true,
	};

	return severe[r];
}
