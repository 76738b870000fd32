/* SPDX-License-Identifier: MIT */
#include "collector/metrics.h"

#include <string.h>

#include "proto/event.h"
#include "proto/jsonw.h"
#include "proto/report_fields.h"
#include "proto/text.h"

#define PREFIX "retrytop_"
#define SERIES "series_"
#define LABELS_BYTES_MAX (4u << 20)

/* ---- words --------------------------------------------------------------------- */

static void
put_escaped(struct rt_buf *b, const char *z)
{
	struct rt_str rest = rt_str_of(z);
	char utf8[4];

	while (rest.len > 0) {
		uint32_t c = rt_text_next(&rest);

		if (c == '"' || c == '\\')
			rt_buf_putc(b, '\\');
		rt_buf_add(b, utf8, rt_text_put(utf8, c));
	}
}

static void
put_label(struct rt_buf *b, bool *is_first, const char *name, const char *value)
{
	if (!value || value[0] == '\0')
		return;
	rt_buf_putc(b, *is_first ? '{' : ',');
	*is_first = false;
	rt_buf_printf(b, "%s=\"", name);
	put_escaped(b, value);
	rt_buf_putc(b, '"');
}

static void
end_labels(struct rt_buf *b, bool is_first)
{
	if (!is_first)
		rt_buf_putc(b, '}');
}

static void
put_value(struct rt_buf *b, double v)
{
	char text[32];

	rt_text_from_double(text, v);
	rt_buf_printf(b, " %s\n", text);
}

/* What a family of samples is called and how its lines end. */
struct family {
	const char *part, *name, *suffix;
};

static struct family
begin_part(struct rt_buf *b, const char *type, const char *part,
    const char *name, const char *help, const char *more)
{
	bool is_counter = strcmp(type, "counter") == 0;

	rt_buf_printf(b, "# TYPE " PREFIX "%s%s %s\n# HELP " PREFIX "%s%s ",
	    part, name, type, part, name);
	put_escaped(b, help);
	rt_buf_printf(b, "%s\n", more);
	return (struct family){part, name, is_counter ? "_total" : ""};
}

static struct family
begin(struct rt_buf *b, const char *type, const char *name, const char *help)
{
	return begin_part(b, type, "", name, help, "");
}

static void
put_name(struct rt_buf *b, const struct family *f)
{
	rt_buf_printf(b, PREFIX "%s%s%s", f->part, f->name, f->suffix);
}

static void
put_sample(struct rt_buf *b, const struct family *f, const char *label,
    const char *value, double v)
{
	bool is_first = true;

	put_name(b, f);
	put_label(b, &is_first, label, value);
	end_labels(b, is_first);
	put_value(b, v);
}

static void
put_single(struct rt_buf *b, const char *type, const char *name,
    const char *help, double v)
{
	struct family f = begin(b, type, name, help);

	put_sample(b, &f, NULL, NULL, v);
}

/* ---- both sides of every rate -------------------------------------------------- */

static const struct side {
	const char *name;
	enum rt_rate_id rate;
	bool is_denominator, in_series;
} sides[] = {
    {"attempts", RT_RATE_ERROR, true, true},
    {"errors", RT_RATE_ERROR, false, true},
    {"timeouts", RT_RATE_TIMEOUT, false, true},
    {"attempts_ok", RT_RATE_ACTUAL_SUCCESS, false, false},
    {"usage_missing", RT_RATE_MISSING_USAGE, false, false},
    {"usage_told", RT_RATE_MISSING_USAGE, true, false},
    {"first_attempts", RT_RATE_RETRY_RATIO, true, true},
    {"retries", RT_RATE_RETRY_RATIO, false, true},
    {"operations_ended", RT_RATE_EFFECTIVE_SUCCESS, true, true},
    {"operations_succeeded", RT_RATE_EFFECTIVE_SUCCESS, false, true},
    {"operations_with_fallback", RT_RATE_FALLBACK, false, true},
    {"operations_exhausted", RT_RATE_EXHAUSTION, false, true},
    {"operations_attempts", RT_RATE_AMPLIFICATION, false, true},
    {"operations_upstream_attempts", RT_RATE_UPSTREAM_AMPLIFICATION, false,
	false},
    {"operations_first_try", RT_RATE_FIRST_TRY, false, true},
    {"operations_rescued", RT_RATE_RESCUED, false, false},
    {"operations_orphaned", RT_RATE_ORPHAN, false, false},
    {"wasted_milliseconds", RT_RATE_WASTE, false, false},
    {"spent_milliseconds", RT_RATE_WASTE, true, false},
};

static double
side_value(const struct side *s, const struct rt_counts *c)
{
	struct rt_rate r = rt_rate(c, s->rate);

	return s->is_denominator ? r.denominator : r.numerator;
}

static struct family
begin_side(struct rt_buf *b, const struct side *s, const char *part)
{
	const struct rt_rate_info *i = rt_rate_info(s->rate);

	return begin_part(b, "counter", part, s->name,
	    s->is_denominator ? i->denominator : i->numerator,
	    i->grain[0] == 'a' ? " (attempt grain)" : " (operation grain)");
}

static void
put_sides(struct rt_buf *b, const struct rt_report *r)
{
	for (size_t i = 0; i < RT_COUNT_OF(sides); i++) {
		struct family f = begin_side(b, &sides[i], "");

		put_sample(
		    b, &f, NULL, NULL, side_value(&sides[i], &r->counts));
	}
}

/* ---- series -------------------------------------------------------------------- */

struct rows {
	struct rt_buf labels; /* owned; of all rows, NUL after each */
	size_t at[RT_METRICS_SERIES_MAX + 1];
	const struct rt_counts *counts[RT_METRICS_SERIES_MAX + 1];
	size_t count;
	struct rt_counts other;
};

static void
take_away(struct rt_counts *from, const struct rt_counts *c)
{
	for (size_t i = 0; i < RT_C_SERIES_END; i++)
		from->n[i] -= c->n[i] < from->n[i] ? c->n[i] : from->n[i];
}

static void
add_row(struct rows *s, const struct rt_counts *c)
{
	s->at[s->count] = s->labels.len;
	s->counts[s->count++] = c;
}

static void
collect_rows(struct rows *s, const struct rt_report *r)
{
	s->other = r->counts;
	for (size_t i = 0; i < r->series_count; i++) {
		const struct rt_report_series *row = &r->series[i];
		bool is_first = true;

		if (row->is_other || s->count == RT_METRICS_SERIES_MAX)
			continue;
		add_row(s, row->counts);
		for (unsigned l = 0; l < RT_LABEL_COUNT; l++)
			put_label(&s->labels, &is_first,
			    rt_label_name((enum rt_label)l), row->labels[l]);
		end_labels(&s->labels, is_first);
		rt_buf_putc(&s->labels, '\0');
		take_away(&s->other, row->counts);
	}
	add_row(s, &s->other);
	rt_buf_puts(&s->labels, "{other=\"true\"}");
	rt_buf_putc(&s->labels, '\0');
}

static void
put_series(struct rt_buf *b, const struct rt_report *r)
{
	struct rows s = {.count = 0};

	rt_buf_init(&s.labels, LABELS_BYTES_MAX);
	collect_rows(&s, r);
	/* Without its labels a row must not pass for another. */
	b->overflow = b->overflow || s.labels.overflow;
	for (size_t i = 0; i < RT_COUNT_OF(sides) && !b->overflow; i++) {
		struct family f;

		if (!sides[i].in_series)
			continue;
		f = begin_side(b, &sides[i], SERIES);
		for (size_t k = 0; k < s.count; k++) {
			put_name(b, &f);
			rt_buf_puts(b, s.labels.p + s.at[k]);
			put_value(b, side_value(&sides[i], s.counts[k]));
		}
	}
	rt_buf_fini(&s.labels);
}

/* ---- counters by one label ----------------------------------------------------- */

static const struct {
	const char *name, *label, *help;
	const struct rt_report_group *group;
} vectors[] = {
    {"attempts_by_class", "class", "attempts by error class",
	&rt_report_by_class},
    {"decisions", "decision", "what clients decided after an attempt",
	&rt_report_by_decision},
    {"operations_by_fate", "fate", "how operations ended, exactly one each",
	&rt_report_by_fate},
    {"operations_by_attempts", "attempts", "operations by attempts they took",
	&rt_report_by_tries},
    {"records_rejected", "reason", "records refused", &rt_report_by_reject},
};

static const struct {
	const char *name, *help;
	unsigned counter;
} scalars[] = {
    {"attempts_no_status", "attempts without an HTTP status", RT_C_NO_STATUS},
    {"attempts_complete", "attempts with all the evidence asked for",
	RT_C_COMPLETE},
    {"usage_unknown", "attempts of class none that say nothing of usage",
	RT_C_USAGE_UNKNOWN},
    {"operations_started", "operations seen", RT_C_OPS_STARTED},
    {"operations_evicted", "operations pushed out of a full table, no fate",
	RT_C_OPS_EVICTED},
    {"records_accepted", "records taken in", RT_C_ACCEPTED},
    {"records_duplicate", "records seen before and counted nowhere else",
	RT_C_DUPLICATES},
    {"records_late", "records of operations that had ended", RT_C_LATE},
    {"records_synthetic", "canary records, in no rate", RT_C_SYNTHETIC},
    {"records_sensitive", "records that held content or a credential",
	RT_C_SENSITIVE},
};

static void
put_counts(struct rt_buf *b, const struct rt_report *r)
{
	const struct rt_counts *c = &r->counts;
	struct family f;
	size_t i;

	for (i = 0; i < RT_COUNT_OF(scalars); i++)
		put_single(b, "counter", scalars[i].name, scalars[i].help,
		    (double)c->n[scalars[i].counter]);
	for (i = 0; i < RT_COUNT_OF(vectors); i++) {
		const struct rt_report_group *g = vectors[i].group;

		f = begin(b, "counter", vectors[i].name, vectors[i].help);
		for (unsigned k = 0; k < g->count; k++)
			put_sample(b, &f, vectors[i].label, g->name(k),
			    (double)c->n[g->first + k]);
	}
	f = begin(
	    b, "counter", "attempts_by_status", "attempts by HTTP status");
	for (i = 0; i < RT_STATUS_COUNT; i++) {
		char code[4] = {(char)('0' + (i + RT_STATUS_MIN) / 100),
		    (char)('0' + i / 10 % 10), (char)('0' + i % 10), '\0'};

		if (r->status[i] > 0)
			put_sample(b, &f, "status", code, (double)r->status[i]);
	}
}

/* ---- rows that name more than one thing ---------------------------------------- */

static void
put_fallback_family(struct rt_buf *b, const struct rt_report *r,
    const char *name, const char *help, bool only_succeeded)
{
	struct family f = begin(b, "counter", name, help);
	double rest = 0;

	for (size_t i = 0; i < r->fallbacks_count; i++) {
		const struct rt_report_fallback *row = &r->fallbacks[i];
		double v =
		    (double)(only_succeeded ? row->succeeded : row->count);
		bool is_first = true;

		if (i >= RT_METRICS_FALLBACKS_MAX) {
			rest += v;
			continue;
		}
		put_name(b, &f);
		put_label(b, &is_first, "from", row->from);
		put_label(b, &is_first, "to", row->to);
		put_label(b, &is_first, "reason", row->reason);
		end_labels(b, is_first);
		put_value(b, v);
	}
	put_sample(b, &f, "other", "true", rest);
}

static void
put_canary_family(struct rt_buf *b, const struct rt_report *r, const char *name,
    const char *help, bool is_age)
{
	struct family f = begin(b, "gauge", name, help);

	for (size_t i = 0; i < r->canaries_count; i++) {
		const struct rt_report_canary *row = &r->canaries[i];
		bool is_first = true;

		put_name(b, &f);
		put_label(b, &is_first, "canary", row->name);
		put_label(b, &is_first, "provider", row->provider);
		put_label(b, &is_first, "http_route", row->route);
		put_label(b, &is_first, "model_requested", row->model);
		end_labels(b, is_first);
		put_value(b, is_age ? (double)row->age_ms / 1e3 : row->last_ok);
	}
}

static void
put_alerts(struct rt_buf *b, const struct rt_report *r)
{
	struct family f = begin(b, "gauge", "alert_firing",
	    "1 while an alert of the collector fires, by what it is about");

	for (size_t i = 0; i < r->alerts_count; i++) {
		const struct rt_report_alert *a = &r->alerts[i];
		bool is_first = true;

		if (!a->is_firing)
			continue;
		put_name(b, &f);
		put_label(b, &is_first, "alert", a->alert);
		put_label(b, &is_first, "what", a->what);
		put_label(b, &is_first, "service", a->service);
		put_label(b, &is_first, "http_route", a->route);
		put_label(b, &is_first, "model_requested", a->model);
		put_label(b, &is_first, "rest", a->is_rest ? "true" : NULL);
		end_labels(b, is_first);
		put_value(b, 1);
	}
	put_single(b, "gauge", "alerts_firing", "alerts that fire",
	    (double)rt_report_firing(r));
}

static void
put_rows(struct rt_buf *b, const struct rt_report *r)
{
	struct family f;
	size_t i;

	put_fallback_family(b, r, "fallbacks", "fallback decisions", false);
	put_fallback_family(b, r, "fallbacks_succeeded",
	    "fallback decisions of operations that ended in success", true);
	put_canary_family(
	    b, r, "canary_up", "did the canary's last probe succeed", false);
	put_canary_family(
	    b, r, "canary_age_seconds", "since the canary's last probe", true);
	f = begin(b, "counter", "violations", "retry policy broken, by rule");
	for (i = 0; i < r->violations_count; i++)
		put_sample(b, &f, "rule", r->violations[i].rule,
		    (double)r->violations[i].count);
	f = begin(b, "counter", "overflow", "what did not fit, by table");
	for (i = 0; i < RT_OVERFLOW_COUNT; i++)
		put_sample(b, &f, "table",
		    rt_overflow_name((enum rt_overflow)i),
		    (double)r->overflow[i]);
}

/* ---- the collector itself ------------------------------------------------------ */

static bool
journal_is_written(const struct rt_report *r)
{
	return r->journal.state && strcmp(r->journal.state, "ok") == 0;
}

bool
rt_metrics_is_degraded(const struct rt_report *r)
{
	return r->unexplained > 0 || r->lost_ports > 0 ||
	    (r->journal.is_on && !journal_is_written(r));
}

static size_t
senders_connected(const struct rt_report *r)
{
	size_t n = 0;

	for (size_t i = 0; i < r->senders_count; i++)
		n += r->senders[i].is_connected;
	return n;
}

/* Just now: refused on the open port, or waiting on the acknowledged one. */
static void
put_limits(struct rt_buf *b, const struct rt_report *r)
{
	size_t emitters = 0, senders = 0, i;

	for (i = 0; i < r->emitters_count; i++)
		emitters += r->emitters[i].is_limited;
	for (i = 0; i < r->senders_count; i++)
		senders += r->senders[i].is_limited;
	put_single(b, "gauge", "emitters_limited",
	    "emitters just refused records for their rate", (double)emitters);
	put_single(b, "gauge", "senders_limited",
	    "senders whose answers were just held back for their rate",
	    (double)senders);
}

static void
put_journal(struct rt_buf *b, const struct rt_report *r)
{
	if (!r->journal.is_on)
		return;
	put_single(b, "gauge", "journal_up", "is the journal written",
	    journal_is_written(r));
	put_single(b, "counter", "journal_written", "records written",
	    (double)r->journal.written);
	put_single(b, "counter", "journal_not_journalled",
	    "records taken in but not written",
	    (double)r->journal.not_journalled);
}

static void
put_self(struct rt_buf *b, const struct rt_report *r)
{
	struct family f = begin(b, "info", "build", "the collector's version");

	f.suffix = "_info";
	put_sample(b, &f, "version", r->source.version, 1);
	put_single(b, "gauge", "degraded", "1 where /healthz answers 503",
	    rt_metrics_is_degraded(r));
	put_single(b, "gauge", "uptime_seconds", "since the collector started",
	    (double)r->source.uptime_ms / 1e3);
	if (r->source.last_event_age_ms >= 0)
		put_single(b, "gauge", "last_event_age_seconds",
		    "since the last record; absent where none came yet",
		    (double)r->source.last_event_age_ms / 1e3);
	put_single(b, "gauge", "lost_records",
	    "gaps in the numbers of emitters not filled yet", (double)r->lost);
	put_single(b, "counter", "unexplained",
	    "acknowledged records that nobody accounts for; must be 0",
	    (double)r->unexplained);
	put_single(b, "gauge", "lost_ports",
	    "ipc paths that others removed or took over; start again",
	    (double)r->lost_ports);
	put_single(b, "gauge", "series", "series that have traffic",
	    (double)r->series_total);
	put_single(b, "gauge", "senders_connected",
	    "emitters of acknowledged delivery heard lately",
	    (double)senders_connected(r));
	put_limits(b, r);
	f = begin(b, "gauge", "operations_open", "operations not ended");
	put_sample(b, &f, "phase", "running", (double)r->open.running);
	put_sample(b, &f, "phase", "in_backoff", (double)r->open.in_backoff);
	put_sample(b, &f, "phase", "on_fallback", (double)r->open.on_fallback);
	put_journal(b, r);
}

void
rt_metrics_encode(struct rt_buf *b, const struct rt_report *r)
{
	put_self(b, r);
	put_sides(b, r);
	put_counts(b, r);
	put_rows(b, r);
	put_alerts(b, r);
	put_series(b, r);
	rt_buf_puts(b, "# EOF\n");
}

void
rt_metrics_health(struct rt_buf *b, const struct rt_report *r)
{
	struct rt_jsonw w = rt_jsonw_begin(b);

	rt_jsonw_object(&w, NULL);
	rt_jsonw_text(
	    &w, "status", rt_metrics_is_degraded(r) ? "degraded" : "ok");
	rt_jsonw_uint(&w, "unexplained", r->unexplained);
	rt_jsonw_uint(&w, "lost", r->lost);
	rt_jsonw_uint(&w, "lost_ports", r->lost_ports);
	if (r->source.last_event_age_ms >= 0)
		rt_jsonw_int(
		    &w, "last_event_age_ms", r->source.last_event_age_ms);
	else
		rt_jsonw_null(&w, "last_event_age_ms");
	rt_jsonw_int(&w, "uptime_ms", r->source.uptime_ms);
	rt_jsonw_text(&w, "version", r->source.version);
	if (r->journal.is_on) {
		rt_jsonw_object(&w, "journal");
		rt_jsonw_text(&w, "state", r->journal.state);
		rt_jsonw_uint(&w, "not_journalled", r->journal.not_journalled);
		rt_jsonw_end(&w);
	}
	rt_jsonw_end(&w);
	rt_buf_putc(b, '\n');
}
