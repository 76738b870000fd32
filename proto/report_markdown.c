/* SPDX-License-Identifier: MIT */
/*
 * A report as the page of an incident review: what is known and how completely first,
 * what it does not assert last.
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "proto/query.h"
#include "proto/report_fields.h"
#include "proto/rules.h"

#define ROWS_SHOWN 20u
#define SERIES_SHOWN 10u

/* ---- text that cannot become markup --------------------------------------------- */

/* Names come from clients: whatever they hold is shown, and does nothing. */
static void
put_name(struct rt_buf *b, const char *z)
{
	static const char special[] = "\\`*_{}[]()<>#+!|~$:@&^=\"'";

	const char *from;

	if (!z || !*z)
		z = "?";
	for (from = z; *z; z++) {
		if (*z == '<')
			rt_buf_puts(b, "&lt;");
		else if (*z == '>')
			rt_buf_puts(b, "&gt;");
		else if (*z == '&')
			rt_buf_puts(b, "&amp;");
		else if (*z == '|')
			/* A backslash would not part every table's cells. */
			rt_buf_puts(b, "&#124;");
		else if ((unsigned char)*z < 0x20)
			rt_buf_putc(b, ' ');
		else if (strchr(special, *z) ||
		    /* www.x would be a link. */
		    (*z == '.' && z > from && (z[-1] | 0x20) == 'w'))
			rt_buf_printf(b, "\\%c", *z);
		else
			rt_buf_putc(b, *z);
	}
}

static void
put_cell(struct rt_buf *b, const char *z)
{
	rt_buf_puts(b, "| ");
	put_name(b, z);
	rt_buf_putc(b, ' ');
}

static void
put_count(struct rt_buf *b, uint64_t n)
{
	rt_buf_printf(b, "| %" PRIu64 " ", n);
}

static void
end_row(struct rt_buf *b)
{
	rt_buf_puts(b, "|\n");
}

static void
put_share(struct rt_buf *b, uint64_t n, uint64_t of)
{
	if (of)
		rt_buf_printf(b, "| %.1f %% ", 100.0 * (double)n / (double)of);
	else
		rt_buf_puts(b, "| n/a ");
}

/* ---- what is known, and how completely ------------------------------------------- */

static void
put_window(struct rt_buf *b, const struct rt_report *r)
{
	const char *window = rt_window_name((uint32_t)r->source.window_s);
	char from[32] = "?", to[32] = "?";

	if (r->source.from_us)
		rt_text_from_time(from, r->source.from_us);
	if (r->source.to_us)
		rt_text_from_time(to, r->source.to_us);
	rt_buf_puts(b, "# Retry and fallback review\n\n## Window\n\n");
	rt_buf_printf(
	    b, "- source: %s ", r->source.is_live ? "live" : "replay");
	put_name(b, r->source.name);
	rt_buf_printf(b, "\n- window: %s\n- from %s to %s\n",
	    window ? window : "?", from, to);
}

static void
put_fact(struct rt_buf *b, const char *what, uint64_t n, const char *meaning)
{
	rt_buf_printf(b, "| %s | %" PRIu64 " | %s |\n", what, n, meaning);
}

static void
put_completeness(struct rt_buf *b, const struct rt_report *r)
{
	const uint64_t *n = r->counts.n;
	unsigned i;

	rt_buf_puts(b,
	    "\n## Completeness\n\n"
	    "Every figure below rests on the records counted here.\n\n"
	    "| records | count | meaning |\n|---|---:|---|\n");
	put_fact(b, "accepted", n[RT_C_ACCEPTED],
	    "late ones and synthetic ones too");
	for (i = 0; i < RT_REJECT_COUNT; i++)
		if (n[RT_C_REJECT + i])
			rt_buf_printf(b,
			    "| rejected: %s | %" PRIu64
			    " | counted in nothing else |\n",
			    rt_report_by_reject.name(i), n[RT_C_REJECT + i]);
	put_fact(
	    b, "duplicates", n[RT_C_DUPLICATES], "counted in nothing else");
	put_fact(b, "lost", r->lost, "gaps in numbered streams, never filled");
	put_fact(b, "unexplained", r->unexplained,
	    "acknowledged delivery that does not add up; must be 0");
	put_fact(b, "late", n[RT_C_LATE], "after their operation had ended");
	put_fact(b, "synthetic", n[RT_C_SYNTHETIC], "canaries; in no rate");
	put_fact(b, "sensitive", n[RT_C_SENSITIVE],
	    "held a field that must not be kept; it was dropped");
	put_fact(b, "attempts without status", n[RT_C_NO_STATUS],
	    "no response came, or none was recorded");
	put_fact(b, "usage unknown", n[RT_C_USAGE_UNKNOWN],
	    "successes that say nothing of usage");
	if (r->journal.is_on)
		put_fact(b, "not journalled", r->journal.not_journalled,
		    "taken in, but not written to the journal");
	if (r->journal.dropped_on_read)
		put_fact(b, "dropped on read", r->journal.dropped_on_read,
		    "missing or damaged in the journal that was read");
	for (i = 0; i < RT_OVERFLOW_COUNT; i++)
		if (r->overflow[i])
			rt_buf_printf(b,
			    "| overflow: %s | %" PRIu64
			    " | did not fit its table |\n",
			    rt_overflow_name((enum rt_overflow)i),
			    r->overflow[i]);
	rt_buf_printf(b,
	    "\nAttempts that carry all evidence: %" PRIu64 " of %" PRIu64 " ",
	    n[RT_C_COMPLETE], n[RT_C_ATTEMPTS]);
	if (n[RT_C_ATTEMPTS])
		rt_buf_printf(b, "(%.1f %%).\n",
		    100.0 * (double)n[RT_C_COMPLETE] /
			(double)n[RT_C_ATTEMPTS]);
	else
		rt_buf_puts(b, "(n/a).\n");
}

/* ---- what happened --------------------------------------------------------------- */

static void
put_fates(struct rt_buf *b, const struct rt_report *r)
{
	const uint64_t *n = r->counts.n;
	unsigned i;

	rt_buf_printf(b,
	    "\n## Fates of operations\n\nStarted %" PRIu64 ", ended %" PRIu64
	    ", evicted without a fate %" PRIu64 ", open %" PRIu64 ".\n\n"
	    "| fate | operations | share | meaning |\n|---|---:|---:|---|\n",
	    n[RT_C_OPS_STARTED], n[RT_C_OPS_ENDED], n[RT_C_OPS_EVICTED],
	    r->open.running + r->open.in_backoff + r->open.on_fallback);
	for (i = 0; i < RT_FATE_COUNT; i++) {
		put_cell(b, rt_fate_name((enum rt_fate)i));
		put_count(b, n[RT_C_FATE + i]);
		put_share(b, n[RT_C_FATE + i], n[RT_C_OPS_ENDED]);
		rt_buf_printf(b, "| %s ", rt_fate_help((enum rt_fate)i));
		end_row(b);
	}
}

static void
put_value(struct rt_buf *b, const struct rt_counts *c, enum rt_rate_id id)
{
	struct rt_rate r = rt_rate(c, id);

	if (!rt_rate_known(r))
		rt_buf_puts(b, "| n/a ");
	else if (id == RT_RATE_AMPLIFICATION ||
	    id == RT_RATE_UPSTREAM_AMPLIFICATION)
		rt_buf_printf(b, "| %.2f ", r.numerator / r.denominator);
	else
		rt_buf_printf(
		    b, "| %.1f %% ", 100.0 * r.numerator / r.denominator);
}

static void
put_rates(struct rt_buf *b, const struct rt_counts *c)
{
	unsigned i;

	rt_buf_puts(b,
	    "\n## Rates\n\n| rate | grain | value | n | of | numerator | "
	    "denominator |\n|---|---|---:|---:|---:|---|---|\n");
	for (i = 0; i < RT_RATE_COUNT; i++) {
		enum rt_rate_id id = (enum rt_rate_id)i;
		const struct rt_rate_info *info = rt_rate_info(id);
		struct rt_rate r = rt_rate(c, id);

		rt_buf_printf(b, "| %s | %s ", info->label, info->grain);
		put_value(b, c, id);
		rt_buf_printf(b, "| %.0f | %.0f | %s | %s |\n", r.numerator,
		    r.denominator, info->numerator, info->denominator);
	}
}

static void
put_more(struct rt_buf *b, uint64_t total, uint64_t shown)
{
	if (total > shown)
		rt_buf_printf(
		    b, "\n%" PRIu64 " more are not shown.\n", total - shown);
}

/* Alerts are a collector's, and of now: a replay has none, the past keeps none. */
static void
put_alerts(struct rt_buf *b, const struct rt_report *r)
{
	size_t i;

	if (!r->source.is_live || rt_report_is_past(r))
		return;
	rt_buf_puts(b, "\n## Alerts\n\n");
	if (r->alerts_count == 0) {
		rt_buf_puts(b, "None fires, and none cleared lately.\n");
		return;
	}
	rt_buf_puts(b,
	    "| alert | about | value | n | since | cleared |\n"
	    "|---|---|---|---:|---|---|\n");
	for (i = 0; i < r->alerts_count && i < ROWS_SHOWN; i++) {
		const struct rt_report_alert *a = &r->alerts[i];
		char about[600], level[80], since[32], cleared[32] = "fires";

		rt_report_alert_about(about, sizeof(about), a);
		rt_report_alert_level(level, a);
		rt_text_from_time(since, a->since_us);
		if (!a->is_firing)
			rt_text_from_time(cleared, a->cleared_us);
		put_cell(b, a->alert);
		put_cell(b, about);
		put_cell(b, level);
		if (a->n)
			put_count(b, a->n);
		else
			rt_buf_puts(b, "| n/a ");
		rt_buf_printf(b, "| %s | %s ", since, cleared);
		end_row(b);
	}
	put_more(b, r->alerts_count, ROWS_SHOWN);
}

static void
put_fallbacks(struct rt_buf *b, const struct rt_report *r)
{
	uint64_t total =
	    r->counts.n[RT_C_DECISION + RT_DECISION_FALLBACK_SECONDARY];
	size_t i;

	rt_buf_puts(b, "\n## Fallback ledger\n\n");
	if (r->fallbacks_count == 0) {
		rt_buf_puts(b, "No fallback was decided.\n");
		return;
	}
	rt_buf_puts(b,
	    "| from | to | reason | decisions | succeeded | share |\n"
	    "|---|---|---|---:|---:|---:|\n");
	for (i = 0; i < r->fallbacks_count && i < ROWS_SHOWN; i++) {
		const struct rt_report_fallback *f = &r->fallbacks[i];

		put_cell(b, f->from);
		put_cell(b, f->to);
		put_cell(b, f->reason);
		put_count(b, f->count);
		put_count(b, f->succeeded);
		put_share(b, f->count, total);
		end_row(b);
	}
	put_more(b, r->fallbacks_count, ROWS_SHOWN);
}

static const char *
sentence_of(const char *rule)
{
	unsigned i;

	for (i = 0; rule && i < RT_RULE_COUNT; i++)
		if (strcmp(rule, rt_rule_name((enum rt_rule)i)) == 0)
			return rt_rule_sentence((enum rt_rule)i);
	return "";
}

static void
put_violations(struct rt_buf *b, const struct rt_report *r)
{
	size_t i;
	unsigned k;

	rt_buf_puts(b, "\n## Violations of the retry policy\n\n");
	if (r->violations_count == 0)
		rt_buf_puts(b, "No rule fired on the records above.\n");
	for (i = 0; i < r->violations_count; i++) {
		const struct rt_report_violation *v = &r->violations[i];

		rt_buf_puts(b, "- **");
		put_name(b, v->rule);
		rt_buf_printf(b, "** %" PRIu64 "%s%s\n", v->count,
		    *sentence_of(v->rule) ? ": " : "", sentence_of(v->rule));
		for (k = 0; k < v->examples_count; k++) {
			rt_buf_puts(b, "  - operation ");
			put_name(b, v->examples[k].operation_id);
			rt_buf_puts(b, ", service ");
			put_name(b, v->examples[k].service);
			rt_buf_puts(b, ": ");
			put_name(b, v->examples[k].evidence);
			rt_buf_putc(b, '\n');
		}
	}
}

/* ---- where ------------------------------------------------------------------------ */

static void
put_labels(struct rt_buf *b, const struct rt_report_series *s)
{
	const char *comma = "";
	unsigned i;

	rt_buf_puts(b, "| ");
	if (s->is_other)
		rt_buf_puts(b, "(all that did not fit)");
	for (i = 0; i < RT_LABEL_COUNT && !s->is_other; i++)
		if (s->labels[i]) {
			rt_buf_puts(b, comma);
			put_name(b, s->labels[i]);
			comma = ", ";
		}
	rt_buf_putc(b, ' ');
}

static void
put_series(struct rt_buf *b, const struct rt_report *r)
{
	size_t worst[SERIES_SHOWN];
	size_t count = rt_report_worst(r, worst, SERIES_SHOWN), i;

	rt_buf_puts(b, "\n## Series with the most failed attempts\n\n");
	if (count == 0) {
		rt_buf_puts(b, "None.\n");
		return;
	}
	rt_buf_puts(b,
	    "| series | attempts | failed | error | amp | final ok | p95 ms "
	    "|\n|---|---:|---:|---:|---:|---:|---:|\n");
	for (i = 0; i < count; i++) {
		const struct rt_report_series *s = &r->series[worst[i]];
		const struct rt_quantiles *q = &s->latency[RT_LATENCY_ATTEMPT];

		put_labels(b, s);
		put_count(b, rt_report_counts_of(s)->n[RT_C_ATTEMPTS]);
		put_count(b, rt_report_failed(s));
		put_value(b, rt_report_counts_of(s), RT_RATE_ERROR);
		put_value(b, rt_report_counts_of(s), RT_RATE_AMPLIFICATION);
		put_value(b, rt_report_counts_of(s), RT_RATE_EFFECTIVE_SUCCESS);
		if (q->count)
			rt_buf_printf(b, "| %.1f ", q->p95);
		else
			rt_buf_puts(b, "| n/a ");
		end_row(b);
	}
	put_more(b, r->series_total, count);
}

static const char not_asserted[] =
    "\n## What this does not assert\n\n"
    "It counts what clients recorded. It says nothing of:\n\n"
    "- the availability of any model or provider, or which model answered;\n"
    "- price, billing or quota;\n"
    "- rate limits in force;\n"
    "- uptime;\n"
    "- whether a latency objective is met.\n\n"
    "A record of the right shape shows that it was written so, and a window\n"
    "without violations that no rule fired in it. Neither shows that a\n"
    "fallback is safe to use.\n";

void
rt_report_format_markdown(struct rt_buf *b, const struct rt_report *r)
{
	put_window(b, r);
	put_completeness(b, r);
	put_alerts(b, r);
	put_fates(b, r);
	put_rates(b, &r->counts);
	put_fallbacks(b, r);
	put_violations(b, r);
	put_series(b, r);
	rt_buf_puts(b, not_asserted);
}
