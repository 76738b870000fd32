/* SPDX-License-Identifier: MIT */
#include "proto/counts.h"

#include <stddef.h>

#include "proto/macro.h"

#define US_PER_MS 1000.0

#define X(id, key, label, grain, num, den) \
	[RT_RATE_##id] = {(key), (label), (grain), (num), (den)},
static const struct rt_rate_info infos[RT_RATE_COUNT] = {RT_RATES(X)};
#undef X

/*
 * One side of a rate: counters to add, counters to take away.  A term is an index + 1,
 * so that what is not named is 0 and ends the list; the sums follow the counters.
 */
struct side {
	unsigned plus[3], minus[1];
};

#define C(id) (RT_C_##id + 1u)
#define CLASS(id) ((unsigned)RT_C_CLASS + (unsigned)RT_CLASS_##id + 1u)
#define FATE(id) ((unsigned)RT_C_FATE + (unsigned)RT_FATE_##id + 1u)
#define SUM(id) ((unsigned)RT_C_COUNT + (unsigned)RT_SUM_##id + 1u)

/* clang-format off */
static const struct {
	struct side numerator, denominator;
} rates[] = {
	[RT_RATE_ERROR] = {{{C(ATTEMPTS)}, {CLASS(NONE)}}, {{C(ATTEMPTS)}, {0}}},
	[RT_RATE_TIMEOUT] = {{{CLASS(TIMEOUT)}, {0}}, {{C(ATTEMPTS)}, {0}}},
	[RT_RATE_ACTUAL_SUCCESS] = {{{CLASS(NONE)}, {0}}, {{C(ATTEMPTS)}, {0}}},
	[RT_RATE_MISSING_USAGE] = {{{C(USAGE_MISSING)}, {0}}, {{C(USAGE_KNOWN)}, {0}}},
	[RT_RATE_RETRY_RATIO] = {{{C(RETRIES)}, {0}}, {{C(FIRST)}, {0}}},
	[RT_RATE_EFFECTIVE_SUCCESS] = {
	    {{FATE(FIRST_TRY), FATE(RESCUED_BY_RETRY), FATE(RESCUED_BY_FALLBACK)}, {0}},
	    {{C(OPS_ENDED)}, {0}}},
	[RT_RATE_FALLBACK] = {{{C(OPS_FALLBACK)}, {0}}, {{C(OPS_ENDED)}, {0}}},
	[RT_RATE_EXHAUSTION] = {{{FATE(EXHAUSTED)}, {0}}, {{C(OPS_ENDED)}, {0}}},
	[RT_RATE_AMPLIFICATION] = {{{C(OP_ATTEMPTS)}, {0}}, {{C(OPS_ENDED)}, {0}}},
	[RT_RATE_UPSTREAM_AMPLIFICATION] = {{{C(OP_UPSTREAM)}, {0}}, {{C(OPS_ENDED)}, {0}}},
	[RT_RATE_FIRST_TRY] = {{{FATE(FIRST_TRY)}, {0}}, {{C(OPS_ENDED)}, {0}}},
	[RT_RATE_RESCUED] = {
	    {{FATE(RESCUED_BY_RETRY), FATE(RESCUED_BY_FALLBACK)}, {0}},
	    {{C(OPS_ENDED)}, {0}}},
	[RT_RATE_ORPHAN] = {{{FATE(ORPHANED)}, {0}}, {{C(OPS_ENDED)}, {0}}},
	[RT_RATE_WASTE] = {{{SUM(WASTED)}, {0}}, {{SUM(WASTED), SUM(USEFUL)}, {0}}},
};
/* clang-format on */
_Static_assert(RT_COUNT_OF(rates) == RT_RATE_COUNT, "a rate has no arithmetic");

static double
term_value(const struct rt_counts *c, unsigned term)
{
	unsigned i = term - 1;

	if (i < RT_C_COUNT)
		return (double)c->n[i];
	return (double)c->sum_us[i - RT_C_COUNT] / US_PER_MS;
}

static double
side_value(const struct rt_counts *c, const struct side *s)
{
	double v = 0;

	for (size_t i = 0; i < RT_COUNT_OF(s->plus) && s->plus[i]; i++)
		v += term_value(c, s->plus[i]);
	for (size_t i = 0; i < RT_COUNT_OF(s->minus) && s->minus[i]; i++)
		v -= term_value(c, s->minus[i]);
	return v;
}

struct rt_rate
rt_rate(const struct rt_counts *c, enum rt_rate_id id)
{
	return (struct rt_rate){
	    .numerator = side_value(c, &rates[id].numerator),
	    .denominator = side_value(c, &rates[id].denominator),
	};
}

const struct rt_rate_info *
rt_rate_info(enum rt_rate_id id)
{
	return (unsigned)id < RT_RATE_COUNT ? &infos[id] : NULL;
}

void
rt_counts_add(struct rt_counts *to, const struct rt_counts *from)
{
	for (size_t i = 0; i < RT_COUNT_OF(to->n); i++)
		to->n[i] += from->n[i];
	for (size_t i = 0; i < RT_COUNT_OF(to->sum_us); i++)
		to->sum_us[i] += from->sum_us[i];
}

const char *
rt_fate_name(enum rt_fate f)
{
	static const char *const names[] = {
#define X(id, name, help) [RT_FATE_##id] = (name),
	    RT_FATES(X)
#undef X
	};

	return (unsigned)f < RT_FATE_COUNT ? names[f] : NULL;
}

const char *
rt_fate_help(enum rt_fate f)
{
	static const char *const helps[] = {
#define X(id, name, help) [RT_FATE_##id] = (help),
	    RT_FATES(X)
#undef X
	};

	return (unsigned)f < RT_FATE_COUNT ? helps[f] : NULL;
}
