/* SPDX-License-Identifier: MIT */
/* Rates over time, first-try and final success, fates; zoomed: every rate there is. */
#include <stdio.h>
#include <string.h>

#include "tui/chart.h"
#include "tui/view.h"

static const struct {
	const char *label;
	enum rt_counter counter;
	enum rt_trend trend;
} lines[] = {
    {"ops", RT_C_OPS_ENDED, RT_TREND_OPS},
    {"attempts", RT_C_ATTEMPTS, RT_TREND_ATTEMPTS},
    {"retries", RT_C_RETRIES, RT_TREND_RETRIES},
    {"fallback", RT_C_DECISION + RT_DECISION_FALLBACK_SECONDARY,
	RT_TREND_FALLBACKS},
    /* from here on where there is room */
    {"timeouts", RT_C_CLASS + RT_CLASS_TIMEOUT, RT_TREND_TIMEOUTS},
};
#define LINES 4u
#define LINES_MAX RT_COUNT_OF(lines)
#define SIDE_COLS 37u /* of the figures beside the trends */
#define MIN_TREND_COLS 8u

/* One scale for all lines, so that retries compare with attempts. */
static void
draw_trend(const struct rt_report *r, struct rt_area a, unsigned row,
    unsigned col, unsigned width)
{
	unsigned absent = r->trend.absent;
	const uint32_t *attempts = r->trend.v[RT_TREND_ATTEMPTS] + absent;
	unsigned count = rt_view_finished(r, attempts, r->trend.cols - absent);

	rt_chart_spark(a, row, col, width,
	    row < 2 ? RT_ROLE_CHART : RT_ROLE_ACCENT,
	    r->trend.v[lines[row].trend] + absent, count,
	    rt_chart_top(attempts, count));
}

static void
draw_line(const struct rt_model *m, struct rt_area a, unsigned row,
    unsigned trend_cols)
{
	const struct rt_report *r = rt_model_report(m);
	char text[RT_FMT_SIZE];
	double per_s =
	    (double)r->counts.n[lines[row].counter] / rt_model_span_s(m);

	rt_area_put(a, row, 1, RT_ROLE_COLUMN, lines[row].label);
	rt_area_field(
	    a, row, 10, 6, true, RT_ROLE_STRONG, rt_fmt_per_s(text, per_s));
	rt_area_put(a, row, 16, RT_ROLE_TEXT, "/s");
	if (trend_cols >= MIN_TREND_COLS)
		draw_trend(r, a, row, 19, trend_cols);
}

static unsigned
put_ms(struct rt_area a, unsigned row, unsigned col, const char *label,
    double ms, uint64_t n)
{
	char text[RT_FMT_SIZE];
	enum rt_role role = n < RT_FMT_FEW ? RT_ROLE_DIM : RT_ROLE_STRONG;

	col = rt_area_put(a, row, col, RT_ROLE_TEXT, label);
	return rt_area_put(
	    a, row, col, role, rt_view_trim(rt_fmt_ms(text, n ? ms : -1)));
}

static unsigned
put_fate(struct rt_area a, unsigned row, unsigned col, const char *label,
    const struct rt_counts *c, uint64_t count)
{
	struct rt_rate r = {(double)count, (double)c->n[RT_C_OPS_ENDED]};
	char text[RT_FMT_SIZE];

	col = rt_area_put(a, row, col, RT_ROLE_TEXT, label);
	return rt_area_put(a, row, col, rt_view_role(r, RT_ROLE_TEXT),
	    rt_view_trim(rt_fmt_pct(text, r)));
}

static unsigned
put_times(
    struct rt_area a, unsigned row, unsigned col, const struct rt_counts *c)
{
	struct rt_rate amp = rt_rate(c, RT_RATE_AMPLIFICATION);
	char text[RT_FMT_SIZE];

	col = rt_area_put(a, row, col, RT_ROLE_TEXT, " amp ");
	return rt_area_put(a, row, col, rt_view_role(amp, RT_ROLE_STRONG),
	    rt_view_trim(rt_fmt_times(text, amp)));
}

static uint64_t
failures(const struct rt_counts *c)
{
	const uint64_t *fate = &c->n[RT_C_FATE];

	return fate[RT_FATE_EXHAUSTED] + fate[RT_FATE_FAILED_FAST] +
	    fate[RT_FATE_BUDGET_ABORTED];
}

static void
draw_side(const struct rt_model *m, struct rt_area a)
{
	const struct rt_report *r = rt_model_report(m);
	const struct rt_counts *c = &r->counts;
	const struct rt_quantiles *q = &r->latency[RT_LATENCY_OPERATION];
	const uint64_t *fate = &c->n[RT_C_FATE];
	unsigned col;

	rt_view_rate(a, 0, 0, "1st ok", RT_RATE_FIRST_TRY, c);
	rt_view_rate(a, 0, 18, "final ok", RT_RATE_EFFECTIVE_SUCCESS, c);
	put_times(a, 1, 0, c);
	rt_view_rate(a, 1, 18, "rescued ", RT_RATE_RESCUED, c);
	put_fate(a, 2, 1, "by retry ", c, fate[RT_FATE_RESCUED_BY_RETRY]);
	put_fate(a, 2, 19, "by fbk   ", c, fate[RT_FATE_RESCUED_BY_FALLBACK]);
	col = put_ms(a, 3, 1, "p95 ", q->p95, q->count);
	col = put_ms(a, 3, col, " p99 ", q->p99, q->count);
	if (col < 19)
		put_fate(a, 3, 19, "failed   ", c, failures(c));
	else
		put_fate(a, 3, col + 1, "failed ", c, failures(c));
}

/* Wide screens: the figures in one line below the trends. */
static void
draw_summary(const struct rt_model *m, struct rt_area a, unsigned row)
{
	const struct rt_counts *c = &rt_model_report(m)->counts;
	unsigned col = put_times(a, row, 0, c);

	col = rt_view_rate(a, row, col, "1st ok", RT_RATE_FIRST_TRY, c);
	col =
	    rt_view_rate(a, row, col, "final ok", RT_RATE_EFFECTIVE_SUCCESS, c);
	col = rt_view_rate(a, row, col, "rescued", RT_RATE_RESCUED, c);
	if (col + 8 <= a.cols)
		rt_area_printf(a, row, col, RT_ROLE_DIM, " n=%llu",
		    (unsigned long long)c->n[RT_C_OPS_ENDED]);
}

static void
draw_value(struct rt_area a, unsigned row, enum rt_rate_id id,
    const struct rt_counts *c)
{
	const struct rt_rate_info *info = rt_rate_info(id);
	struct rt_rate r = rt_rate(c, id);
	char text[RT_FMT_SIZE];
	bool is_factor =
	    id == RT_RATE_AMPLIFICATION || id == RT_RATE_UPSTREAM_AMPLIFICATION;

	rt_area_put(a, row, 1, RT_ROLE_COLUMN, info->label);
	rt_area_field(a, row, 14, 7, true, rt_view_role(r, RT_ROLE_STRONG),
	    is_factor ? rt_fmt_times(text, r) : rt_fmt_pct(text, r));
	rt_area_printf(a, row, 23, RT_ROLE_DIM, "%.0f / %.0f  %s", r.numerator,
	    r.denominator, info->grain);
}

static void
draw_fate(
    struct rt_area a, unsigned row, enum rt_fate f, const struct rt_counts *c)
{
	struct rt_rate r = {
	    (double)c->n[RT_C_FATE + f], (double)c->n[RT_C_OPS_ENDED]};
	char text[RT_FMT_SIZE];

	rt_area_put(a, row, 1, RT_ROLE_COLUMN, rt_fate_name(f));
	rt_area_field(a, row, 22, 7, true, rt_view_role(r, RT_ROLE_STRONG),
	    rt_fmt_pct(text, r));
	rt_area_printf(a, row, 31, RT_ROLE_DIM, "%.0f", r.numerator);
}

static void
put_evidence(struct rt_area a, unsigned row, const struct rt_evidence *e)
{
	char text[96];

	rt_facts_evidence_text(text, sizeof(text), e);
	rt_area_put(a, row, 1, rt_severity_role(e->severity), text);
}

/* Every rate, every fate, everything lost: what zoom is for. */
static void
draw_all(const struct rt_model *m, struct rt_area a)
{
	const struct rt_report *r = rt_model_report(m);
	const struct rt_counts *c = &r->counts;
	struct rt_evidence lost[RT_EVIDENCE_MAX];
	size_t count = rt_facts_evidence(m, lost);
	bool two = a.cols >= 76;
	struct rt_area left = a, right = a;
	unsigned row = 0;

	if (two) {
		left = rt_area_sub(a, 0, 0, a.rows, a.cols * 11 / 20);
		right = rt_area_sub(a, 0, a.cols * 11 / 20, a.rows, a.cols);
	}
	for (unsigned i = 0; i < RT_RATE_COUNT; i++)
		draw_value(left, row++, (enum rt_rate_id)i, c);
	row = two ? 0 : row;
	for (unsigned i = 0; i < RT_FATE_COUNT; i++)
		draw_fate(right, row++, (enum rt_fate)i, c);
	rt_area_printf(right, row++, 1, RT_ROLE_DIM,
	    "= %llu ended of %llu started",
	    (unsigned long long)c->n[RT_C_OPS_ENDED],
	    (unsigned long long)c->n[RT_C_OPS_STARTED]);
	if (rt_report_is_past(r))
		rt_area_put(
		    right, row++, 1, RT_ROLE_DIM, "open: - run, - wait, - fbk");
	else
		rt_area_printf(right, row++, 1, RT_ROLE_DIM,
		    "open: %llu run, %llu wait, %llu fbk",
		    (unsigned long long)r->open.running,
		    (unsigned long long)r->open.in_backoff,
		    (unsigned long long)r->open.on_fallback);
	for (size_t i = 0; i < count; i++)
		put_evidence(right, row++, &lost[i]);
}

static void
draw(const struct rt_model *m, struct rt_area a)
{
	bool side =
	    a.cols >= 19 + MIN_TREND_COLS + 1 + SIDE_COLS && a.rows <= LINES;
	unsigned room = a.cols > 20 ? a.cols - 20 : 0, count = LINES;

	if (m->zoomed && a.rows > LINES + 4) {
		draw_all(m, a);
		return;
	}
	if (side)
		room -= SIDE_COLS;
	if (a.rows > LINES_MAX)
		count = LINES_MAX;
	for (unsigned row = 0; row < count && row < a.rows; row++)
		draw_line(m, a, row, room);
	if (side)
		draw_side(m,
		    rt_area_sub(a, 0, a.cols - SIDE_COLS, a.rows, SIDE_COLS));
	else if (a.rows > count)
		draw_summary(m, a, count);
}

static void
status(const struct rt_model *m, char *out, size_t size)
{
	const struct rt_report *r = rt_model_report(m);

	if (r->trend.cols > 0)
		snprintf(out, size, "1 col = %.0fs", r->trend.step_s);
}

static const enum rt_rate_id rates[] = {RT_RATE_ERROR, RT_RATE_TIMEOUT,
    RT_RATE_FALLBACK, RT_RATE_MISSING_USAGE, RT_RATE_FIRST_TRY,
    RT_RATE_EFFECTIVE_SUCCESS, RT_RATE_RESCUED, RT_RATE_AMPLIFICATION,
    RT_RATE_COUNT};

const struct rt_view rt_view_overview = {draw, status, rates};

/* ---- single lines ----------------------------------------------------- */

void
rt_view_rates_line(const struct rt_model *m, struct rt_area a)
{
	const struct rt_counts *c = &rt_model_report(m)->counts;
	const struct rt_rate ops = rt_rate(c, RT_RATE_FALLBACK);
	const struct rt_rate usage = rt_rate(c, RT_RATE_MISSING_USAGE);
	char text[48];
	unsigned col = rt_view_rate(a, 0, 0, "error", RT_RATE_ERROR, c);

	col = rt_view_rate(a, 0, col + 1, "timeout", RT_RATE_TIMEOUT, c);
	col = rt_view_rate(a, 0, col + 1, "fallback", RT_RATE_FALLBACK, c);
	col = rt_view_rate(a, 0, col + 1, "no usage", RT_RATE_MISSING_USAGE, c);
	col = rt_area_printf(a, 0, col, RT_ROLE_TEXT, "  n=%llu",
	    (unsigned long long)c->n[RT_C_ATTEMPTS]);
	snprintf(text, sizeof(text), " ops=%.0f", ops.denominator);
	if (col + strlen(text) <= a.cols)
		col = rt_area_put(a, 0, col, RT_ROLE_DIM, text);
	snprintf(text, sizeof(text), " use=%.0f", usage.denominator);
	if (col + strlen(text) <= a.cols)
		rt_area_put(a, 0, col, RT_ROLE_DIM, text);
}

static const char *const short_fates[RT_FATE_COUNT] = {
    [RT_FATE_ORPHANED] = "orph",
    [RT_FATE_CANCELLED] = "canc",
    [RT_FATE_DEGRADED] = "degr",
    [RT_FATE_RESCUED_BY_FALLBACK] = "fbk",
    [RT_FATE_RESCUED_BY_RETRY] = "retry",
    [RT_FATE_FIRST_TRY] = "1st",
    [RT_FATE_BUDGET_ABORTED] = "budget",
    [RT_FATE_EXHAUSTED] = "exh",
    [RT_FATE_FAILED_FAST] = "fast",
};

/* Success first, as it adds up to final ok; then the rest. */
static const enum rt_fate fate_order[RT_FATE_COUNT] = {RT_FATE_FIRST_TRY,
    RT_FATE_RESCUED_BY_RETRY, RT_FATE_RESCUED_BY_FALLBACK, RT_FATE_DEGRADED,
    RT_FATE_EXHAUSTED, RT_FATE_FAILED_FAST, RT_FATE_BUDGET_ABORTED,
    RT_FATE_CANCELLED, RT_FATE_ORPHANED};

static void
list_fates(struct rt_buf *b, const struct rt_counts *c, bool is_short)
{
	const char *plus = "";

	for (unsigned i = 0; i < RT_FATE_COUNT; i++) {
		enum rt_fate f = fate_order[i];
		uint64_t n = c->n[RT_C_FATE + f];

		if (n == 0)
			continue;
		rt_buf_printf(b, "%s%llu %s", plus, (unsigned long long)n,
		    is_short ? short_fates[f] : rt_fate_name(f));
		plus = " + ";
	}
	rt_buf_printf(b, "%s= %llu ended", *plus ? " " : "none ",
	    (unsigned long long)c->n[RT_C_OPS_ENDED]);
}

/* Three groups that always fit. */
static void
group_fates(struct rt_buf *b, const struct rt_counts *c)
{
	const uint64_t *f = &c->n[RT_C_FATE];
	uint64_t ok = f[RT_FATE_FIRST_TRY] + f[RT_FATE_RESCUED_BY_RETRY] +
	    f[RT_FATE_RESCUED_BY_FALLBACK];
	uint64_t bad = failures(c), all = c->n[RT_C_OPS_ENDED];

	rt_buf_printf(b, "ok %llu + failed %llu + other %llu = %llu ended",
	    (unsigned long long)ok, (unsigned long long)bad,
	    (unsigned long long)(all - ok - bad), (unsigned long long)all);
}

void
rt_view_fates_line(const struct rt_model *m, struct rt_area a)
{
	const struct rt_report *r = rt_model_report(m);
	const struct rt_counts *c = &r->counts;
	uint64_t open =
	    r->open.running + r->open.in_backoff + r->open.on_fallback;
	char text[400];
	unsigned col;
	struct rt_buf b;

	for (int step = 0; step < 3; step++) {
		rt_buf_init_fixed(&b, text, sizeof(text));
		rt_buf_puts(
		    &b, step == 0 && c->n[RT_C_OPS_ENDED] ? " " : " fates ");
		if (c->n[RT_C_OPS_ENDED] == 0)
			rt_buf_puts(&b, "none yet: 0 operations ended");
		else if (step == 2)
			group_fates(&b, c);
		else
			list_fates(&b, c, step == 1);
		if (b.len <= a.cols)
			break;
	}
	col = rt_area_put(a, 0, 0,
	    c->n[RT_C_OPS_ENDED] < RT_FMT_FEW ? RT_ROLE_DIM : RT_ROLE_TEXT,
	    text);
	if (rt_report_is_past(r))
		snprintf(text, sizeof(text), ", - open");
	else
		snprintf(text, sizeof(text), ", %llu open",
		    (unsigned long long)open);
	if (col + strlen(text) <= a.cols)
		rt_area_put(a, 0, col, RT_ROLE_DIM, text);
}
