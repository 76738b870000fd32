/* SPDX-License-Identifier: MIT */
#include "proto/rules.h"

static const struct {
	const char *name, *sentence;
	enum rt_rule_grain grain;
} rules[RT_RULE_COUNT] = {
#define X(id, n, g, s) \
	[RT_RULE_##id] = {.name = (n), .sentence = (s), .grain = RT_GRAIN_##g},
    RT_RULES(X)
#undef X
};

const char *
rt_rule_name(enum rt_rule r)
{
	return rules[r].name;
}

const char *
rt_rule_sentence(enum rt_rule r)
{
	return rules[r].sentence;
}

enum rt_rule_grain
rt_rule_grain(enum rt_rule r)
{
	return rules[r].grain;
}
