/* SPDX-License-Identifier: MIT */
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "proto/column.h"
#include "proto/query.h"
#include "proto/report_fields.h"

#define LINE_COLS 100u
#define HEAD_COLS 14u
#define LABELS_COLS 54u
#define FALLBACK_COLS 26u
#define N_COLS 22u
#define RULE_COLS 32u
#define ROWS_SHOWN 5u
#define ALERTS_SHOWN 10u
#define ABOUT_COLS 30u
#define PERMILLE 1000u

/* To the right of `cols` columns; as a power of ten where it does not fit. */
static void
put_number(struct rt_buf *b, double v, int decimals, unsigned cols)
{
	char text[400];

	snprintf(text, sizeof(text), "%.*f", decimals, v);
	if (strlen(text) > cols)
		snprintf(text, sizeof(text), "%.0e", v);
	rt_buf_printf(b, " %*s", (int)cols, text);
}

static void
put_count(struct rt_buf *b, uint64_t n, unsigned cols)
{
	put_number(b, (double)n, 0, cols);
}

/* A heading, then items parted by commas, wrapped under the first. */
struct list {
	struct rt_buf *b;
	unsigned column;
	bool is_empty;
};

static struct list
list_begin(struct rt_buf *b, const char *heading)
{
	rt_column_put(b, heading, HEAD_COLS);
	return (struct list){b, HEAD_COLS, true};
}

static void list_add(struct list *l, const char *fmt, ...) RT_PRINTF(2, 3);
static void
list_add(struct list *l, const char *fmt, ...)
{
	char item[LINE_COLS - HEAD_COLS];
	unsigned cols;
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(item, sizeof(item), fmt, ap);
	va_end(ap);
	if (n <= 0)
		return;
	cols = (unsigned)strlen(item);
	if (!l->is_empty) {
		rt_buf_putc(l->b, ',');
		l->column++;
	}
	if (!l->is_empty && l->column + 1 + cols + 1 > LINE_COLS) {
		rt_buf_putc(l->b, '\n');
		rt_column_put(l->b, "", HEAD_COLS);
		l->column = HEAD_COLS;
	} else if (!l->is_empty) {
		rt_buf_putc(l->b, ' ');
		l->column++;
	}
	rt_buf_puts(l->b, item);
	l->column += cols;
	l->is_empty = false;
}

static void
list_end(struct list *l)
{
	rt_buf_puts(l->b, l->is_empty ? "none\n" : "\n");
}

/*
 * Shares of a whole in tenths of a percent that add up to 1000: the biggest remainders
 * are rounded up.
 */
static void
shares(const uint64_t *n, unsigned count, unsigned *out)
{
	double total = 0, rest[RT_FATE_COUNT] = {0};
	unsigned given = 0;

	for (unsigned i = 0; i < count; i++)
		total += (double)n[i];
	for (unsigned i = 0; i < count; i++) {
		double exact = total > 0 ? (double)n[i] * PERMILLE / total : 0;

		out[i] = (unsigned)exact;
		rest[i] = exact - out[i];
		given += out[i];
	}
	while (total > 0 && given < PERMILLE) {
		unsigned best = 0;

		for (unsigned i = 1; i < count; i++)
			if (rest[i] > rest[best])
				best = i;
		rest[best] = -1;
		out[best]++;
		given++;
	}
}

static void
put_group(struct rt_buf *b, const char *heading,
    const struct rt_report_group *g, const struct rt_counts *c)
{
	struct list l = list_begin(b, heading);

	for (unsigned i = 0; i < g->count; i++)
		if (c->n[g->first + i])
			list_add(
			    &l, "%s %" PRIu64, g->name(i), c->n[g->first + i]);
	list_end(&l);
}

static void
put_title(struct rt_buf *b, const struct rt_report *r)
{
	const uint32_t window_s = (uint32_t)r->source.window_s;
	const char *window = rt_window_name(window_s);
	char from[32] = "?", to[32] = "?";
	struct list l;

	rt_buf_printf(b, "retrytop report  %s  %s  ",
	    r->source.is_live ? "live" : "replay", window ? window : "?");
	rt_column_put(b, r->source.name ? r->source.name : "", 60);
	rt_column_end(b);
	if (r->source.from_us)
		rt_text_from_time(from, r->source.from_us);
	if (r->source.to_us)
		rt_text_from_time(to, r->source.to_us);
	l = list_begin(b, "Time");
	list_add(&l, "%s to %s", from, to);
	if (r->source.last_event_age_ms >= 0)
		list_add(&l, "last event %.1f s ago",
		    (double)r->source.last_event_age_ms / 1000.0);
	list_end(&l);
}

/* Only where there is one. */
static void
put_journal(struct rt_buf *b, const struct rt_report *r)
{
	struct list l;

	if (!r->journal.is_on && r->journal.dropped_on_read == 0)
		return;
	l = list_begin(b, "  journal");
	list_add(&l, "written %" PRIu64, r->journal.written);
	list_add(&l, "not journalled %" PRIu64, r->journal.not_journalled);
	list_add(&l, "dropped on read %" PRIu64, r->journal.dropped_on_read);
	if (r->journal.state)
		list_add(&l, "%s", r->journal.state);
	list_end(&l);
}

/* Only where there are keys. */
static void
put_access(struct rt_buf *b, const struct rt_report *r)
{
	struct list l;

	if (!r->access.is_on)
		return;
	l = list_begin(b, "  keys");
	list_add(&l, "handshakes failed %" PRIu64, r->access.handshakes_failed);
	list_add(&l, "unauthorised %" PRIu64, r->access.unauthorised);
	list_add(&l, "forged %" PRIu64, r->access.forged);
	list_end(&l);
}

/* Acknowledged delivery: what was handed to its senders, and where it is. */
static void
put_senders(struct rt_buf *b, const struct rt_report *r)
{
	struct rt_report_sender sum = {.offered = 0};
	uint64_t away = 0, left = 0;
	struct list l;

	for (size_t i = 0; i < r->senders_count; i++) {
		const struct rt_report_sender *s = &r->senders[i];

		sum.offered += s->offered;
		sum.before += s->before;
		sum.taken += s->taken;
		sum.dropped += s->dropped;
		sum.in_flight += s->in_flight;
		sum.unexplained += s->unexplained;
		away += !s->is_connected;
		left += s->is_connected ? 0 : s->in_flight;
	}
	if (r->senders_count == 0)
		return;
	l = list_begin(b, "  delivery");
	list_add(&l, "%zu senders", r->senders_count);
	list_add(&l, "%" PRIu64 " away", away);
	list_add(&l, "offered %" PRIu64, sum.offered);
	list_add(&l, "before %" PRIu64, sum.before);
	list_add(&l, "taken %" PRIu64, sum.taken);
	list_add(&l, "dropped %" PRIu64, sum.dropped);
	list_add(&l, "in flight %" PRIu64, sum.in_flight);
	if (left)
		list_add(&l, "of these left by who is away %" PRIu64, left);
	list_add(&l, "unexplained %" PRIu64, sum.unexplained);
	list_end(&l);
}

static void
put_over(struct rt_buf *b, const char *who, const char *id, uint64_t n,
    const char *what, bool is_now)
{
	rt_buf_printf(b, "  %c ", is_now ? '!' : '-');
	rt_column_put(b, who, HEAD_COLS - 4);
	rt_column_put(b, id, ABOUT_COLS);
	put_count(b, n, 10);
	rt_buf_printf(b, " %s%s\n", what, is_now ? ", now" : "");
}

/* Who sent more than its rate: refused on the open port, waited on the other. */
static void
put_limits(struct rt_buf *b, const struct rt_report *r)
{
	size_t shown = 0, all = 0, i;

	for (i = 0; i < r->emitters_count; i++) {
		const struct rt_report_emitter *e = &r->emitters[i];

		all += e->over_rate > 0;
		if (e->over_rate > 0 && shown++ < ROWS_SHOWN)
			put_over(b, "over rate",
			    e->id ? e->id : RT_REPORT_NAMELESS, e->over_rate,
			    "refused", e->is_limited);
	}
	for (i = 0; i < r->senders_count; i++) {
		const struct rt_report_sender *s = &r->senders[i];

		all += s->held > 0;
		if (s->held > 0 && shown++ < 2 * ROWS_SHOWN)
			put_over(b, "over rate", s->id ? s->id : "?", s->held,
			    "answers held back", s->is_limited);
	}
	if (all > 2 * ROWS_SHOWN)
		rt_buf_printf(b, "    %zu over their rate in all\n", all);
}

static void
put_intake(struct rt_buf *b, const struct rt_report *r)
{
	const struct rt_counts *c = &r->counts;
	struct list l = list_begin(b, "Intake");
	bool is_full = false;

	for (const struct rt_report_counter *t = rt_report_intake_counters;
	     t->key; t++)
		list_add(&l, "%s %" PRIu64, t->key, c->n[t->counter]);
	list_add(&l, "lost %" PRIu64, r->lost);
	list_add(&l, "unexplained %" PRIu64, r->unexplained);
	if (r->lost_ports)
		list_add(&l, "ports taken over %" PRIu64, r->lost_ports);
	list_end(&l);
	put_senders(b, r);
	put_group(b, "  rejected", &rt_report_by_reject, c);
	put_limits(b, r);
	l = list_begin(b, "  complete");
	if (c->n[RT_C_ATTEMPTS])
		list_add(&l,
		    "%.1f %% of attempts carry all evidence (%" PRIu64
		    " / %" PRIu64 ")",
		    100.0 * (double)c->n[RT_C_COMPLETE] /
			(double)c->n[RT_C_ATTEMPTS],
		    c->n[RT_C_COMPLETE], c->n[RT_C_ATTEMPTS]);
	else
		list_add(&l, "n/a");
	list_end(&l);
	put_journal(b, r);
	put_access(b, r);
	for (unsigned i = 0; i < RT_OVERFLOW_COUNT; i++)
		is_full = is_full || r->overflow[i];
	if (!is_full)
		return;
	l = list_begin(b, "  overflow");
	for (unsigned i = 0; i < RT_OVERFLOW_COUNT; i++)
		if (r->overflow[i])
			list_add(&l, "%s %" PRIu64,
			    rt_overflow_name((enum rt_overflow)i),
			    r->overflow[i]);
	list_end(&l);
}

/* Alerts are a collector's, and of now: a replay has none, the past keeps none. */
static void
put_alerts(struct rt_buf *b, const struct rt_report *r)
{
	size_t firing = rt_report_firing(r), shown = 0, i;
	struct list l;

	if (!r->source.is_live || rt_report_is_past(r))
		return;
	l = list_begin(b, "Alerts");
	if (firing)
		list_add(&l, "%zu firing", firing);
	if (r->alerts_count > firing)
		list_add(&l, "%zu cleared lately", r->alerts_count - firing);
	list_end(&l);
	for (i = 0; i < r->alerts_count && shown < ALERTS_SHOWN; i++) {
		const struct rt_report_alert *a = &r->alerts[i];
		char about[600], level[80], since[32], n[32] = "";

		rt_report_alert_about(about, sizeof(about), a);
		rt_report_alert_level(level, a);
		rt_text_from_time(
		    since, a->is_firing ? a->since_us : a->cleared_us);
		if (a->n)
			snprintf(n, sizeof(n), "n=%" PRIu64, a->n);
		rt_buf_printf(b, "  %c ", a->is_firing ? '!' : '-');
		rt_column_put(b, a->alert ? a->alert : "?", 13);
		rt_buf_putc(b, ' ');
		rt_column_put(b, level, 18);
		rt_buf_putc(b, ' ');
		rt_column_put(b, n, 9);
		rt_buf_printf(b, " %-7s %.8sZ  ",
		    a->is_firing ? "since" : "cleared", since + 11);
		rt_column_put(b, about, ABOUT_COLS);
		rt_column_end(b);
		shown++;
	}
	if (r->alerts_count > shown)
		rt_buf_printf(b, "  %zu more\n", r->alerts_count - shown);
}

static void
put_grains(struct rt_buf *b, const struct rt_report *r)
{
	const uint64_t *n = r->counts.n;
	struct list l = list_begin(b, "Attempts");

	list_add(&l, "%" PRIu64, n[RT_C_ATTEMPTS]);
	list_add(&l, "first tries %" PRIu64, n[RT_C_FIRST]);
	list_add(&l, "retries %" PRIu64, n[RT_C_RETRIES]);
	list_add(&l, "without status %" PRIu64, n[RT_C_NO_STATUS]);
	list_add(&l, "usage unknown %" PRIu64, n[RT_C_USAGE_UNKNOWN]);
	list_end(&l);
	l = list_begin(b, "Operations");
	list_add(&l, "started %" PRIu64, n[RT_C_OPS_STARTED]);
	list_add(&l, "ended %" PRIu64, n[RT_C_OPS_ENDED]);
	list_add(&l, "evicted %" PRIu64, n[RT_C_OPS_EVICTED]);
	list_add(&l, "running %" PRIu64, r->open.running);
	list_add(&l, "in backoff %" PRIu64, r->open.in_backoff);
	list_add(&l, "on fallback %" PRIu64, r->open.on_fallback);
	list_end(&l);
	l = list_begin(b, "  attempts");
	for (unsigned i = 0; i < RT_TRIES_COUNT; i++)
		list_add(&l, "%s: %" PRIu64, rt_report_by_tries.name(i),
		    n[RT_C_TRIES + i]);
	list_end(&l);
}

/* How a rate reads: attempts per operation is no percentage. */
static bool
is_ratio(enum rt_rate_id id)
{
	return id == RT_RATE_AMPLIFICATION ||
	    id == RT_RATE_UPSTREAM_AMPLIFICATION;
}

static void
put_rate(struct rt_buf *b, const struct rt_counts *c, enum rt_rate_id id,
    unsigned cols)
{
	struct rt_rate r = rt_rate(c, id);
	double value = r.numerator / r.denominator;

	if (!rt_rate_known(r))
		rt_buf_printf(b, " %*s", (int)cols, "n/a");
	else if (is_ratio(id))
		put_number(b, value, 2, cols);
	else {
		put_number(b, 100.0 * value, 1, cols - 2);
		rt_buf_puts(b, " %");
	}
}

static void
put_rates(struct rt_buf *b, const struct rt_counts *c)
{
	rt_buf_puts(b, "\nRates            value  n\n");
	for (unsigned i = 0; i < RT_RATE_COUNT; i++) {
		enum rt_rate_id id = (enum rt_rate_id)i;
		const struct rt_rate_info *info = rt_rate_info(id);
		struct rt_rate r = rt_rate(c, id);
		char n[400];

		snprintf(n, sizeof(n), "%.0f / %.0f%s", r.numerator,
		    r.denominator, id == RT_RATE_WASTE ? " ms" : "");
		if (strlen(n) > N_COLS)
			snprintf(n, sizeof(n), "%.2e / %.2e", r.numerator,
			    r.denominator);
		rt_buf_printf(b, "  %-12s", info->label);
		put_rate(b, c, id, 8);
		rt_buf_puts(b, "  ");
		rt_column_put(b, n, N_COLS + 1);
		rt_column_put(b, info->numerator, LINE_COLS - 26 - N_COLS);
		rt_column_end(b);
	}
}

static void
put_fates(struct rt_buf *b, const struct rt_counts *c)
{
	const uint64_t *n = &c->n[RT_C_FATE];
	unsigned share[RT_FATE_COUNT];
	struct list l = list_begin(b, "Fates");

	shares(n, RT_FATE_COUNT, share);
	for (unsigned i = 0; i < RT_FATE_COUNT; i++)
		if (n[i])
			list_add(&l, "%s %" PRIu64 " (%u.%u %%)",
			    rt_fate_name((enum rt_fate)i), n[i], share[i] / 10,
			    share[i] % 10);
	list_end(&l);
}

static void
put_fallbacks(struct rt_buf *b, const struct rt_report *r)
{
	double total =
	    (double)r->counts.n[RT_C_DECISION + RT_DECISION_FALLBACK_SECONDARY];

	if (r->fallbacks_count == 0) {
		rt_buf_puts(b, "Fallbacks     none\n");
		return;
	}
	rt_buf_printf(b, "\n%-26s %-26s %-18s %7s %9s %7s\n", "Fallbacks from",
	    "to", "reason", "count", "succeeded", "share");
	for (size_t i = 0; i < r->fallbacks_count && i < ROWS_SHOWN; i++) {
		const struct rt_report_fallback *f = &r->fallbacks[i];

		rt_column_put(b, f->from ? f->from : "?", FALLBACK_COLS);
		rt_buf_putc(b, ' ');
		rt_column_put(b, f->to ? f->to : "?", FALLBACK_COLS);
		rt_buf_putc(b, ' ');
		rt_column_put(b, f->reason ? f->reason : "?", 18);
		put_count(b, f->count, 7);
		put_count(b, f->succeeded, 9);
		if (total > 0) {
			put_number(b, 100.0 * (double)f->count / total, 1, 5);
			rt_buf_puts(b, " %\n");
		} else {
			rt_buf_printf(b, " %7s\n", "n/a");
		}
	}
	if (r->fallbacks_count > ROWS_SHOWN)
		rt_buf_printf(
		    b, "  %zu more rows\n", r->fallbacks_count - ROWS_SHOWN);
}

static void
put_latency(struct rt_buf *b, const struct rt_quantiles *q)
{
	rt_buf_printf(b, "\n%-14s %9s %10s %10s %10s %10s %10s\n", "Latency ms",
	    "count", "p50", "p90", "p95", "p99", "max");
	for (unsigned i = 0; i < RT_LATENCY_COUNT; i++, q++) {
		const double ms[] = {q->p50, q->p90, q->p95, q->p99, q->max};

		rt_buf_printf(
		    b, "  %-12s", rt_latency_name((enum rt_latency)i));
		put_count(b, q->count, 9);
		for (unsigned k = 0; k < RT_COUNT_OF(ms); k++) {
			if (q->count)
				put_number(b, ms[k], 1, 10);
			else
				rt_buf_printf(b, " %10s", "n/a");
		}
		rt_buf_puts(b, "\n");
	}
}

static void
put_one_series(struct rt_buf *b, const struct rt_report_series *s)
{
	const struct rt_counts *c = rt_report_counts_of(s);
	char labels[512] = "";
	size_t used = 0;

	for (unsigned i = 0; i < RT_LABEL_COUNT; i++) {
		int n = !s->labels[i] || used >= sizeof(labels)
		    ? 0
		    : snprintf(labels + used, sizeof(labels) - used, "%s%s",
			  used ? " " : "", s->labels[i]);

		used += n > 0 ? (size_t)n : 0;
	}
	rt_column_put(b, s->is_other ? "(other)" : labels, LABELS_COLS);
	put_count(b, c->n[RT_C_ATTEMPTS], 9);
	put_rate(b, c, RT_RATE_ERROR, 8);
	put_rate(b, c, RT_RATE_AMPLIFICATION, 7);
	put_rate(b, c, RT_RATE_EFFECTIVE_SUCCESS, 8);
	if (s->latency[RT_LATENCY_ATTEMPT].count)
		put_number(b, s->latency[RT_LATENCY_ATTEMPT].p95, 1, 9);
	else
		rt_buf_printf(b, " %9s", "n/a");
	rt_buf_puts(b, "\n");
}

static void
put_series(struct rt_buf *b, const struct rt_report *r)
{
	size_t shown[ROWS_SHOWN];
	size_t count = rt_report_worst(r, shown, ROWS_SHOWN);

	if (count == 0)
		return;
	rt_buf_printf(b, "\n%-*s %9s %8s %7s %8s %9s\n", (int)LABELS_COLS,
	    "Series with the most failed attempts", "attempts", "error", "amp",
	    "final ok", "p95 ms");
	for (size_t i = 0; i < count; i++)
		put_one_series(b, &r->series[shown[i]]);
	if (r->series_total > count)
		rt_buf_printf(
		    b, "  %" PRIu64 " series in all\n", r->series_total);
}

static void
put_violations(struct rt_buf *b, const struct rt_report *r)
{
	struct list l = list_begin(b, "Violations");

	for (size_t i = 0; i < r->violations_count; i++) {
		const char *rule = r->violations[i].rule;
		char storage[RULE_COLS * 4 + 1];
		struct rt_buf name;

		rt_buf_init_fixed(&name, storage, sizeof(storage));
		rt_column_put(&name, rule ? rule : "?", RULE_COLS);
		while (name.len > 0 && storage[name.len - 1] == ' ')
			storage[--name.len] = '\0';
		list_add(&l, "%s %" PRIu64, storage, r->violations[i].count);
	}
	list_end(&l);
}

void
rt_report_format_text(struct rt_buf *b, const struct rt_report *r)
{
	const struct rt_counts *c = &r->counts;

	put_title(b, r);
	put_alerts(b, r);
	put_intake(b, r);
	put_grains(b, r);
	put_rates(b, c);
	rt_buf_puts(b, "\n");
	put_fates(b, c);
	put_group(b, "Classes", &rt_report_by_class, c);
	put_group(b, "Decisions", &rt_report_by_decision, c);
	put_violations(b, r);
	put_fallbacks(b, r);
	put_latency(b, r->latency);
	put_series(b, r);
}
