/* SPDX-License-Identifier: MIT */
#include "proto/report_row.h"

#include <math.h>
#include <string.h>

#define ADD(p, literal) add((p), (literal), sizeof(literal) - 1)
#define NUMBER_BYTES 32u

static inline char *
add(char *p, const char *bytes, size_t len)
{
	memcpy(p, bytes, len);
	return p + len;
}

/* As rt_jsonw_double writes it. */
static char *
add_double(char *p, double v)
{
	if (v >= 0 && v < 1e15 && v == (double)(uint64_t)v)
		return rt_text_put_uint(p, (uint64_t)v);
	if (!isfinite(v))
		return ADD(p, "null");
	return p + rt_text_from_double(p, v);
}

/* After its numerator's key. */
static char *
add_rate(char *p, struct rt_rate rate)
{
	p = add_double(p, rate.numerator);
	p = ADD(p, ",\"denominator\":");
	p = add_double(p, rate.denominator);
	p = ADD(p, ",\"value\":");
	p = rt_rate_known(rate)
	    ? add_double(p, rate.numerator / rate.denominator)
	    : ADD(p, "null");
	*p++ = '}';
	return p;
}

#define RATE_BYTES (3 * NUMBER_BYTES + 64u)

void
rt_report_put_rate(struct rt_jsonw *w, const char *key, struct rt_rate rate)
{
	char text[RATE_BYTES], *p = ADD(text, "{\"numerator\":");

	p = add_rate(p, rate);
	rt_jsonw_raw(w, key, text, (size_t)(p - text));
}

/* What begins each rate, of one size, so that it is copied without a look at its length. */
#define HEAD(key) ",\"" key "\":{\"numerator\":"
#define X(id, key, label, grain, num, den) {HEAD(key), sizeof(HEAD(key)) - 1},
static const struct {
	char text[48];
	size_t len;
} rate_heads[] = {RT_RATES(X)};
#undef X
#undef HEAD

void
rt_report_put_rates(struct rt_jsonw *w, const struct rt_counts *c)
{
	char text[RT_RATE_COUNT * (sizeof(rate_heads[0].text) + RATE_BYTES)];
	char *p = text;

	for (unsigned i = 0; i < RT_RATE_COUNT; i++) {
		memcpy(p, rate_heads[i].text, sizeof(rate_heads[i].text));
		p = add_rate(
		    p + rate_heads[i].len, rt_rate(c, (enum rt_rate_id)i));
	}
	text[0] = '{'; /* where a comma was */
	*p++ = '}';
	rt_jsonw_raw(w, "rates", text, (size_t)(p - text));
}

static void
put_quantiles(struct rt_jsonw *w, const char *key, const struct rt_quantiles *q)
{
	static const char none[] = "{\"count\":0,\"p50\":null,\"p90\":null,"
				   "\"p95\":null,\"p99\":null,\"max\":null}";
	char text[6 * NUMBER_BYTES + 64], *p = text;

	if (q->count == 0) {
		rt_jsonw_raw(w, key, none, sizeof(none) - 1);
		return;
	}
	p = ADD(p, "{\"count\":");
	p = rt_text_put_uint(p, q->count);
	p = add_double(ADD(p, ",\"p50\":"), q->p50);
	p = add_double(ADD(p, ",\"p90\":"), q->p90);
	p = add_double(ADD(p, ",\"p95\":"), q->p95);
	p = add_double(ADD(p, ",\"p99\":"), q->p99);
	p = add_double(ADD(p, ",\"max\":"), q->max);
	*p++ = '}';
	rt_jsonw_raw(w, key, text, (size_t)(p - text));
}

/* Whole numbers in an array. */
void
rt_report_put_columns(
    struct rt_jsonw *w, const char *key, const uint32_t *v, unsigned count)
{
	char text[RT_TIMELINE_COLS * 12 + 4], *p = text;

	*p++ = '[';
	for (unsigned i = 0; i < count; i++) {
		if (i > 0)
			*p++ = ',';
		p = rt_text_put_uint(p, v[i]);
	}
	*p++ = ']';
	rt_jsonw_raw(w, key, text, (size_t)(p - text));
}

void
rt_report_put_counters(struct rt_jsonw *w, const struct rt_report_counter *t,
    const struct rt_counts *c)
{
	for (; t->key; t++)
		rt_jsonw_uint(w, t->key, c->n[t->counter]);
}

void
rt_report_put_group(struct rt_jsonw *w, const struct rt_report_group *g,
    const struct rt_counts *c)
{
	rt_jsonw_object(w, g->key);
	for (unsigned i = 0; i < g->count; i++)
		if (c->n[g->first + i])
			rt_jsonw_uint(w, g->name(i), c->n[g->first + i]);
	rt_jsonw_end(w);
}

/* All rows, as readers index them. */
static void
put_tries(struct rt_jsonw *w, const struct rt_counts *c)
{
	const struct rt_report_group *g = &rt_report_by_tries;

	rt_jsonw_object(w, g->key);
	for (unsigned i = 0; i < g->count; i++)
		rt_jsonw_uint(w, g->name(i), c->n[g->first + i]);
	rt_jsonw_end(w);
}

void
rt_report_put_operations(struct rt_jsonw *w, const struct rt_counts *c,
    uint64_t unfinished, bool known)
{
	rt_jsonw_object(w, "operations");
	rt_report_put_counters(w, rt_report_operation_counters, c);
	if (known)
		rt_jsonw_uint(w, "unfinished", unfinished);
	else
		rt_jsonw_null(w, "unfinished");
	rt_report_put_group(w, &rt_report_by_fate, c);
	put_tries(w, c);
	rt_jsonw_end(w);
}

void
rt_report_put_sums(struct rt_jsonw *w, const struct rt_counts *c)
{
	rt_jsonw_object(w, "waste_us");
	rt_jsonw_uint(w, "wasted", c->sum_us[RT_SUM_WASTED]);
	rt_jsonw_uint(w, "useful", c->sum_us[RT_SUM_USEFUL]);
	rt_jsonw_end(w);
}

void
rt_report_put_latency(
    struct rt_jsonw *w, const struct rt_quantiles q[RT_LATENCY_COUNT])
{
	rt_jsonw_object(w, "latency_ms");
	for (unsigned i = 0; i < RT_LATENCY_COUNT; i++)
		put_quantiles(w, rt_latency_name((enum rt_latency)i), &q[i]);
	rt_jsonw_end(w);
}

uint64_t
rt_report_started_only(const struct rt_counts *c)
{
	uint64_t over = c->n[RT_C_OPS_ENDED] + c->n[RT_C_OPS_EVICTED];
	uint64_t started = c->n[RT_C_OPS_STARTED];

	return started > over ? started - over : 0;
}

void
rt_report_put_series(struct rt_jsonw *w, const struct rt_report_series *s)
{
	static const struct rt_counts nothing;
	const struct rt_counts *c = s->counts ? s->counts : &nothing;

	rt_jsonw_object(w, NULL);
	rt_jsonw_object(w, "labels");
	for (unsigned i = 0; i < RT_LABEL_COUNT; i++)
		if (s->labels[i])
			rt_jsonw_text(
			    w, rt_label_name((enum rt_label)i), s->labels[i]);
	rt_jsonw_end(w);
	rt_jsonw_bool(w, "other", s->is_other);
	rt_jsonw_uint(w, "attempts", c->n[RT_C_ATTEMPTS]);
	rt_report_put_rates(w, c);
	rt_jsonw_object(w, "attempt_counts");
	rt_report_put_counters(w, rt_report_attempt_counters, c);
	rt_report_put_group(w, &rt_report_by_class, c);
	rt_jsonw_end(w);
	rt_report_put_operations(w, c, rt_report_started_only(c), true);
	rt_report_put_group(w, &rt_report_by_decision, c);
	rt_report_put_sums(w, c);
	rt_report_put_latency(w, s->latency);
	rt_report_put_columns(w, "trend", s->trend, RT_SERIES_TREND_COLS);
	rt_jsonw_end(w);
}
