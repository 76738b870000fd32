/* SPDX-License-Identifier: MIT */
/* One operation: budget, waterfall, decisions, checks; and its records as they are. */
#include <stdio.h>
#include <string.h>

#include "proto/rules.h"
#include "tui/view.h"

#define LABEL_COLS 18u
#define MS_COLS 9u
#define NARROW_COLS 78u
#define TICKS 6u

/* Counts lines always, draws those in sight. */
struct sheet {
	struct rt_area a;
	unsigned top, row;
	bool draws, ascii;
	double axis_ms;
	unsigned bar_cols;
};

/* Row of the area for the line at hand; false where it is out of sight. */
static bool
in_sight(const struct sheet *s, unsigned *row)
{
	*row = s->row - s->top;
	return s->draws && s->row >= s->top && *row < s->a.rows;
}

static void
put_rule(struct sheet *s)
{
	unsigned row;

	if (in_sight(s, &row))
		rt_area_fill(s->a, row, 0, s->a.cols, RT_ROLE_TITLE,
		    s->ascii ? '-' : 0x2500);
	s->row++;
}

static const char *
ms_text(char out[RT_FMT_SIZE], double ms)
{
	if (!rt_ms_known(ms))
		return "?";
	snprintf(out, RT_FMT_SIZE, fabs(ms) < 1e6 ? "%.0f" : "%.3g", ms);
	return out;
}

/* ---- head ---------------------------------------------------------------- */

static enum rt_role
fate_role(const struct rt_waterfall *w)
{
	switch (w->fate) {
	case RT_FATE_FIRST_TRY: return RT_ROLE_GOOD;
	case RT_FATE_RESCUED_BY_RETRY:
	case RT_FATE_RESCUED_BY_FALLBACK:
	case RT_FATE_DEGRADED:
	case RT_FATE_CANCELLED:
	case RT_FATE_COUNT: return RT_ROLE_WARN;
	case RT_FATE_ORPHANED:
	case RT_FATE_BUDGET_ABORTED:
	case RT_FATE_EXHAUSTED:
	case RT_FATE_FAILED_FAST: break;
	}
	return RT_ROLE_BAD;
}

static void
put_head(struct sheet *s, const struct rt_model *m)
{
	const struct rt_drill *d = m->drill;
	const struct rt_waterfall *w = &d->fall;
	char id[600], place[48] = "", clock[RT_FMT_SIZE];
	unsigned row, col, rest;

	if (in_sight(s, &row)) {
		if (d->list.count > 0 &&
		    strcmp(d->list.rows[d->list.at].id, d->id) == 0)
			snprintf(place, sizeof(place), "[%zu/%zu]",
			    d->list.at + 1, d->list.count);
		rest = s->a.cols > 56 ? s->a.cols - 56 : 8;
		rt_facts_shorten(id, sizeof(id), d->id, rest);
		col = rt_area_put(s->a, row, 1, RT_ROLE_STRONG, id) + 2;
		if (d->held == RT_HELD_YES) {
			col = rt_area_put(s->a, row, col, fate_role(w),
				  rt_waterfall_fate(w)) +
			    2;
			if (w->first_us)
				col = rt_area_put(s->a, row, col, RT_ROLE_TEXT,
					  rt_fmt_clock(
					      clock, w->first_us, m->utc)) +
				    2;
			rest = s->a.cols > col + 10 ? s->a.cols - col - 10 : 0;
			rt_facts_shorten(id, sizeof(id), w->service, rest);
			rt_area_put(s->a, row, col, RT_ROLE_DIM, id);
		}
		if (s->a.cols > 40)
			rt_area_field(s->a, row, s->a.cols - 10, 9, true,
			    RT_ROLE_DIM, place);
	}
	s->row++;
}

static enum rt_role
check_role(enum rt_check_state c)
{
	switch (c) {
	case RT_CHECK_OK: return RT_ROLE_GOOD;
	case RT_CHECK_BROKEN: return RT_ROLE_BAD;
	case RT_CHECK_UNKNOWN: return RT_ROLE_WARN;
	case RT_CHECK_NOTHING: break;
	}
	return RT_ROLE_DIM;
}

/* On two lines where one is too narrow. */
static void
put_budget(struct sheet *s, const struct rt_waterfall *w)
{
	char one[RT_FMT_SIZE], two[RT_FMT_SIZE], max[RT_FMT_SIZE] = "?";
	unsigned row, col = 0;

	if (w->max_attempts > 0)
		snprintf(max, sizeof(max), "%lld", (long long)w->max_attempts);
	if (in_sight(s, &row)) {
		col = rt_area_put(s->a, row, 1, RT_ROLE_COLUMN, "budget:");
		col = rt_area_printf(s->a, row, col + 1,
		    check_role(w->checks[RT_CHECK_ATTEMPTS]),
		    "attempts %lld/%s", (long long)w->tries, max);
		col = rt_area_printf(s->a, row, col + 3,
		    check_role(w->checks[RT_CHECK_BUDGET]), "elapsed %s/%sms",
		    ms_text(one, w->elapsed_ms),
		    ms_text(two, w->timeout_budget_ms));
	}
	if (s->a.cols < NARROW_COLS) {
		s->row++;
		col = 6;
	}
	if (in_sight(s, &row))
		rt_area_printf(s->a, row, col + 3,
		    check_role(w->checks[RT_CHECK_BACKOFF]),
		    "backoff planned %s  observed %s",
		    rt_ms_known(w->planned_ms) ? ms_text(one, w->planned_ms)
					       : "-",
		    rt_ms_known(w->observed_ms) ? ms_text(two, w->observed_ms)
						: "-");
	s->row++;
}

/* ---- waterfall ------------------------------------------------------------- */

static void
put_axis(struct sheet *s)
{
	unsigned row;

	if (in_sight(s, &row)) {
		rt_area_put(s->a, row, 1, RT_ROLE_COLUMN, "t(ms)");
		for (unsigned i = 0; i < TICKS; i++)
			rt_area_printf(s->a, row,
			    LABEL_COLS + i * s->bar_cols / TICKS,
			    RT_ROLE_COLUMN, "%.0f", i * s->axis_ms / TICKS);
	}
	s->row++;
}

static void
put_bar(struct sheet *s, unsigned row, double from_ms, double to_ms, char fill,
    enum rt_role role, const char *mark)
{
	unsigned from, to, len = (unsigned)strlen(mark);

	for (unsigned i = 0; i < TICKS; i++)
		rt_area_put(s->a, row, LABEL_COLS + i * s->bar_cols / TICKS,
		    RT_ROLE_DIM, ".");
	if (!rt_ms_known(from_ms) || !rt_ms_known(to_ms) || s->bar_cols == 0)
		return;
	rt_waterfall_bar(from_ms, to_ms, s->axis_ms, s->bar_cols, &from, &to);
	rt_area_fill(s->a, row, LABEL_COLS + from, to - from, role,
	    (uint32_t)(unsigned char)fill);
	if (len + 2 <= to - from)
		rt_area_put(s->a, row,
		    LABEL_COLS + from + (to - from - len) / 2, RT_ROLE_STRONG,
		    mark);
}

static enum rt_role
attempt_role(const struct rt_waterfall_row *r)
{
	if (r->error_class == RT_CLASS_NONE)
		return RT_ROLE_GOOD;
	return rt_class_is_retryable(r->error_class) ? RT_ROLE_WARN
						     : RT_ROLE_BAD;
}

static void
put_ms(struct sheet *s, unsigned row, double ms)
{
	char text[RT_FMT_SIZE], unit[RT_FMT_SIZE + 2];

	snprintf(unit, sizeof(unit), "%s%s", ms_text(text, ms),
	    rt_ms_known(ms) ? "ms" : "");
	rt_area_field(s->a, row, LABEL_COLS + s->bar_cols, MS_COLS, true,
	    RT_ROLE_TEXT, unit);
}

static void
put_attempt(struct sheet *s, const struct rt_waterfall_row *r)
{
	char name[256], mark[8] = "", number[16] = "a?";
	unsigned row;

	if (in_sight(s, &row)) {
		if (r->attempt > 0)
			snprintf(
			    number, sizeof(number), "a%d", (int)r->attempt);
		rt_area_field(s->a, row, 1, 3, false, RT_ROLE_STRONG, number);
		rt_facts_shorten(
		    name, sizeof(name), rt_waterfall_target(r), LABEL_COLS - 5);
		rt_area_put(s->a, row, 4, RT_ROLE_TEXT, name);
		if (r->status > 0)
			snprintf(mark, sizeof(mark), "%d", (int)r->status);
		put_bar(
		    s, row, r->start_ms, r->end_ms, '#', attempt_role(r), mark);
		put_ms(s, row, r->elapsed_ms);
	}
	s->row++;
}

static void
put_wait(struct sheet *s, const struct rt_waterfall_row *r)
{
	bool falls = r->decision == RT_DECISION_FALLBACK_SECONDARY;
	unsigned row;

	if (in_sight(s, &row)) {
		rt_area_put(s->a, row, 4, RT_ROLE_DIM,
		    falls                                       ? "fallback"
			: r->decision == RT_DECISION_RETRY_SAME ? "backoff"
								: "wait");
		put_bar(s, row, r->end_ms, r->end_ms + r->wait_ms,
		    falls ? '>' : '~', RT_ROLE_ACCENT, "");
		put_ms(s, row, r->wait_ms);
	}
	s->row++;
}

/* ---- decisions --------------------------------------------------------------- */

static const char *
said_text(enum rt_said s)
{
	return s == RT_SAID_NOTHING ? "-" : s == RT_SAID_YES ? "yes" : "no";
}

struct cells {
	const char *number, *decision, *reason, *status, *plan, *wait, *usage,
	    *finish;
};

/* Where it is narrow usage and finish are left out, then the reason gives way. */
static void
put_cells(struct sheet *s, enum rt_role role, const struct cells *c)
{
	unsigned need = s->a.cols >= 78 ? 66 : 51, row, col;
	unsigned reason = s->a.cols > need + 8 ? s->a.cols - need : 8;

	if (reason > 44)
		reason = 44;
	if (in_sight(s, &row)) {
		rt_area_field(s->a, row, 0, 3, true, role, c->number);
		col = rt_area_field(s->a, row, 5, 20, false, role, c->decision);
		col = rt_area_field(
		    s->a, row, col + 1, reason, false, role, c->reason);
		col = rt_area_field(s->a, row, col, 7, true, role, c->status);
		col = rt_area_field(s->a, row, col, 8, true, role, c->plan);
		col = rt_area_field(s->a, row, col, 8, true, role, c->wait);
		if (need == 66) {
			col = rt_area_field(
			    s->a, row, col, 7, true, role, c->usage);
			rt_area_field(s->a, row, col, 8, true, role, c->finish);
		}
	}
	s->row++;
}

static void
put_decision(struct sheet *s, const struct rt_waterfall_row *r)
{
	char number[16] = "?", status[16] = "-", plan[RT_FMT_SIZE],
	     wait[RT_FMT_SIZE], reason[300];
	const char *class = r->error_class == RT_CLASS_NONE
	    ? "-"
	    : rt_class_name(r->error_class);
	struct cells c = {number, rt_waterfall_decision(r), reason, status, "-",
	    "-", said_text(r->usage), said_text(r->finish)};

	/* Where nobody gave a reason, the class stands for it, in brackets. */
	if (r->reason[0] || r->error_class == RT_CLASS_NONE)
		snprintf(reason, sizeof(reason), "%s",
		    r->reason[0] ? r->reason : class);
	else
		snprintf(reason, sizeof(reason), "(%s)", class);
	if (r->attempt > 0)
		snprintf(number, sizeof(number), "%d", (int)r->attempt);
	if (r->status > 0)
		snprintf(status, sizeof(status), "%d", (int)r->status);
	if (rt_ms_known(r->planned_ms))
		c.plan = ms_text(plan, r->planned_ms);
	if (r->is_followed)
		c.wait = ms_text(wait, r->wait_ms);
	put_cells(s, RT_ROLE_TEXT, &c);
}

static void
put_decisions(struct sheet *s, const struct rt_waterfall *w)
{
	static const struct cells heads = {"#", "decision", "reason", "status",
	    "bo_plan", "bo_obs", "usage", "finish"};

	put_cells(s, RT_ROLE_COLUMN, &heads);
	for (unsigned i = 0; i < w->count; i++)
		put_decision(s, &w->rows[i]);
}

/* ---- checks -------------------------------------------------------------------- */

static void
put_check(struct sheet *s, unsigned col, const struct rt_waterfall *w,
    enum rt_check c)
{
	static const char *const marks[] = {
	    [RT_CHECK_OK] = "[ok]",
	    [RT_CHECK_BROKEN] = "[!!]",
	    [RT_CHECK_UNKNOWN] = "[??]",
	    [RT_CHECK_NOTHING] = "[ -]",
	};
	unsigned row;

	if (!in_sight(s, &row))
		return;
	rt_area_put(
	    s->a, row, col, check_role(w->checks[c]), marks[w->checks[c]]);
	rt_area_put(s->a, row, col + 5,
	    w->checks[c] == RT_CHECK_NOTHING ? RT_ROLE_DIM : RT_ROLE_TEXT,
	    rt_check_brief(c));
}

static void
put_checks(struct sheet *s, const struct rt_waterfall *w)
{
	unsigned row, half = (s->a.cols > 100 ? 100 : s->a.cols) / 3 + 4;

	for (unsigned c = 0; c < RT_CHECK_COUNT; c += 2) {
		if (c == 0 && in_sight(s, &row))
			rt_area_put(s->a, row, 1, RT_ROLE_COLUMN, "checks");
		put_check(s, 9, w, (enum rt_check)c);
		put_check(s, 9 + half, w, (enum rt_check)(c + 1));
		s->row++;
	}
}

/* Names of the rules, as many on a line as fit. */
static void
put_rules(struct sheet *s, const struct rt_waterfall *w)
{
	unsigned row, col = 9;

	if (w->rules == 0)
		return;
	if (in_sight(s, &row))
		rt_area_put(s->a, row, 1, RT_ROLE_COLUMN, "broke");
	for (unsigned r = 0; r < RT_RULE_COUNT; r++) {
		const char *name = rt_rule_name((enum rt_rule)r);
		unsigned cols = (unsigned)strlen(name);

		if (!(w->rules & 1u << r))
			continue;
		if (col > 9 && col + cols > s->a.cols) {
			s->row++;
			col = 9;
		}
		if (in_sight(s, &row))
			rt_area_put(s->a, row, col, RT_ROLE_BAD, name);
		col += cols + 2;
	}
	s->row++;
}

static void
put_evidence(struct sheet *s, const struct rt_drill *d)
{
	const struct rt_waterfall *w = &d->fall;
	unsigned row;

	if (in_sight(s, &row))
		rt_area_printf(s->a, row, 1,
		    w->is_whole && !d->is_gone ? RT_ROLE_DIM : RT_ROLE_WARN,
		    "evidence: %u records (%u attempts, %u summaries)%s%s",
		    w->records, w->count + w->more, w->summaries,
		    w->is_whole ? "" : ", older ones are gone",
		    d->is_gone ? ", not held any more" : "");
	s->row++;
}

/* ---- all of it -------------------------------------------------------------------- */

static void
put_bars(struct sheet *s, const struct rt_waterfall *w)
{
	double step_ms = rt_waterfall_step_ms(w->span_ms, TICKS);

	s->axis_ms = step_ms * TICKS;
	s->bar_cols = s->a.cols > LABEL_COLS + MS_COLS + 12
	    ? s->a.cols - LABEL_COLS - MS_COLS
	    : 0;
	if (w->count > 0 && s->bar_cols > 0)
		put_axis(s);
	for (unsigned i = 0; i < w->count && s->bar_cols > 0; i++) {
		put_attempt(s, &w->rows[i]);
		if (w->rows[i].is_followed)
			put_wait(s, &w->rows[i]);
	}
}

static void
put_operation(struct sheet *s, const struct rt_model *m)
{
	const struct rt_waterfall *w = &m->drill->fall;

	put_head(s, m);
	put_budget(s, w);
	put_rule(s);
	put_bars(s, w);
	put_rule(s);
	put_decisions(s, w);
	put_rule(s);
	put_checks(s, w);
	put_rules(s, w);
	put_evidence(s, m->drill);
}

/* One record over as many lines as it takes. */
static void
put_record(struct sheet *s, const char *z, size_t len)
{
	unsigned cols = s->a.cols > 4 ? s->a.cols - 3 : 1, row;
	struct rt_str rest = {z, len};
	bool first = true;

	while (rest.len > 0) {
		struct rt_str cut = rt_text_cut(rest, cols);
		char line[4096];

		rt_text_scrub(line, sizeof(line), cut);
		if (in_sight(s, &row)) {
			if (first)
				rt_area_put(s->a, row, 0, RT_ROLE_ACCENT, "-");
			rt_area_put(s->a, row, 2, RT_ROLE_TEXT, line);
		}
		rest.p += cut.len;
		rest.len -= cut.len;
		first = false;
		s->row++;
	}
}

static void
put_records(struct sheet *s, const struct rt_model *m)
{
	const struct rt_buf *b = &m->drill->lines;
	const char *z = b->len ? b->p : "";

	put_head(s, m);
	put_rule(s);
	while (*z) {
		size_t n = strcspn(z, "\n");

		put_record(s, z, n);
		z += n + (z[n] == '\n');
	}
	put_rule(s);
	put_evidence(s, m->drill);
}

static void
put_missing(struct sheet *s, const struct rt_model *m)
{
	const char *why = m->drill->held == RT_HELD_ASKING
	    ? m->link == RT_LINK_GONE
		? "the collector does not answer; asking on"
		: "asking the collector"
	    : "the collector holds no record of this operation (any more)";
	unsigned row;

	put_head(s, m);
	put_rule(s);
	if (in_sight(s, &row))
		rt_area_put(s->a, row, 1, RT_ROLE_DIM, why);
	s->row++;
}

static void
put_page(struct sheet *s, const struct rt_model *m)
{
	if (m->drill->held != RT_HELD_YES)
		put_missing(s, m);
	else if (m->drill->page == RT_PAGE_RECORDS)
		put_records(s, m);
	else
		put_operation(s, m);
}

/* ---- beside the panels -------------------------------------------------------------- */

static void
put_dock_head(struct sheet *s, const struct rt_model *m)
{
	const struct rt_dock *d = &m->dock;
	char id[600], clock[RT_FMT_SIZE];
	unsigned row, col;

	if (in_sight(s, &row)) {
		rt_facts_shorten(id, sizeof(id), d->id, s->a.cols / 3);
		col = rt_area_put(s->a, row, 1, RT_ROLE_STRONG, id) + 2;
		if (d->held == RT_HELD_YES)
			col = rt_area_put(s->a, row, col, fate_role(&d->fall),
				  rt_waterfall_fate(&d->fall)) +
			    2;
		if (d->held == RT_HELD_YES && d->fall.first_us)
			rt_area_put(s->a, row, col, RT_ROLE_DIM,
			    rt_fmt_clock(clock, d->fall.first_us, m->utc));
	}
	s->row++;
}

/* What did not hold by name, the rest by number. */
static void
put_checks_in_brief(struct sheet *s, const struct rt_waterfall *w)
{
	unsigned held = 0, unknown = 0, row;

	for (unsigned c = 0; c < RT_CHECK_COUNT; c++) {
		held += w->checks[c] == RT_CHECK_OK;
		unknown += w->checks[c] == RT_CHECK_UNKNOWN;
		if (w->checks[c] != RT_CHECK_BROKEN)
			continue;
		put_check(s, 1, w, (enum rt_check)c);
		s->row++;
	}
	if (in_sight(s, &row))
		rt_area_printf(s->a, row, 1, RT_ROLE_DIM,
		    "checks: %u held, %u not recorded", held, unknown);
	s->row++;
}

static void
put_dock(struct sheet *s, const struct rt_model *m)
{
	const struct rt_waterfall *w = &m->dock.fall;
	unsigned row;

	put_dock_head(s, m);
	if (m->dock.held != RT_HELD_YES) {
		if (in_sight(s, &row))
			rt_area_put(s->a, row, 1, RT_ROLE_DIM,
			    m->dock.held == RT_HELD_NO
				? "the collector holds no record of it"
				: "asking the collector");
		return;
	}
	put_budget(s, w);
	put_bars(s, w);
	put_decisions(s, w);
	put_checks_in_brief(s, w);
	put_rules(s, w);
}

void
rt_view_dock(const struct rt_model *m, struct rt_area a)
{
	struct sheet s = {.a = a, .draws = true, .ascii = m->ascii};

	if (!m->dock.id[0]) {
		rt_view_empty(
		    m, a, 0, "no operation seen of what the cursor is on");
		return;
	}
	put_dock(&s, m);
	if (s.row <= a.rows || a.rows == 0)
		return;
	rt_area_fill(a, a.rows - 1, 0, a.cols, RT_ROLE_TEXT, ' ');
	rt_area_printf(a, a.rows - 1, 1, RT_ROLE_DIM, "+%u lines more",
	    s.row - a.rows + 1);
}

void
rt_view_operation(const struct rt_model *m, struct rt_area a)
{
	struct sheet s = {
	    .a = a, .top = m->drill->top, .draws = true, .ascii = m->ascii};

	put_page(&s, m);
}

unsigned
rt_view_operation_rows(const struct rt_model *m, unsigned cols)
{
	struct sheet s = {.a = {.cols = cols}};

	put_page(&s, m);
	return s.row;
}
