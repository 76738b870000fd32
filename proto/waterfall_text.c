/* SPDX-License-Identifier: MIT */
/* A waterfall as text within 100 columns, and as JSON. */
#include <stdio.h>
#include <string.h>

#include "proto/column.h"
#include "proto/jsonw.h"
#include "proto/rules.h"
#include "proto/waterfall.h"

#define LABEL_COLS 24u
#define AXIS_COLS 60u
#define TICKS 5u

/* ---- text ------------------------------------------------------------------ */

#define LONG_MS 1e6 /* from here in seconds */

/* "806", "1620s"; "?" where it is not known. */
static const char *
ms_text(char out[32], double ms)
{
	if (!rt_ms_known(ms))
		return "?";
	if (fabs(ms) < LONG_MS)
		snprintf(out, 32, "%.0f", ms);
	else
		snprintf(out, 32, "%.0fs", ms / 1000);
	return out;
}

/* "800 ms", "1620s", "?" */
static const char *
ms_unit(char out[40], double ms)
{
	ms_text(out, ms);
	if (!rt_ms_known(ms))
		return "?";
	if (fabs(ms) < LONG_MS)
		strcat(out, " ms");
	return out;
}

static void
put_right(struct rt_buf *b, const char *z, unsigned cols)
{
	rt_buf_printf(b, " %*s", (int)cols, z);
}

static void
put_head(struct rt_buf *b, const struct rt_waterfall *w)
{
	char one[40], two[40], time[32];

	rt_buf_printf(b, "operation %s\n", w->id);
	rt_buf_printf(b, "  %s  %s%s\n", w->service[0] ? w->service : "(none)",
	    rt_waterfall_fate(w), w->is_synthetic ? "  synthetic" : "");
	if (w->first_us != 0) {
		rt_text_from_time(time, w->first_us);
		rt_buf_printf(b, "  from %s\n", time);
	}
	rt_buf_printf(b, "  attempts %lld of ", (long long)w->tries);
	if (w->max_attempts > 0)
		rt_buf_printf(b, "%lld", (long long)w->max_attempts);
	else
		rt_buf_puts(b, "?");
	rt_buf_printf(b, "   elapsed %s of %s", ms_unit(one, w->elapsed_ms),
	    ms_unit(two, w->timeout_budget_ms));
	rt_buf_printf(b, "\n  backoff planned %s", ms_unit(one, w->planned_ms));
	rt_buf_printf(b, ", observed %s\n", ms_unit(two, w->observed_ms));
	if (w->parent[0])
		rt_buf_printf(b, "  requeued from %s\n", w->parent);
}

static void
put_axis(struct rt_buf *b, double step_ms)
{
	char text[32];

	rt_buf_puts(b, "\n  ");
	rt_column_put(b, "ms", LABEL_COLS);
	for (unsigned i = 0; i < TICKS; i++) {
		snprintf(text, sizeof(text), "%.0f", i * step_ms);
		rt_column_put(b, text, AXIS_COLS / TICKS);
	}
	rt_column_end(b);
}

/* One line of the axis: from, to, filled with `fill`, `mark` in its middle. */
static void
put_bar(struct rt_buf *b, double from_ms, double to_ms, double axis_ms,
    char fill, const char *mark)
{
	char line[AXIS_COLS + 1];
	size_t len = strlen(mark);
	unsigned from, to;

	memset(line, ' ', AXIS_COLS);
	for (unsigned i = 0; i < AXIS_COLS; i += AXIS_COLS / TICKS)
		line[i] = '.';
	line[AXIS_COLS] = '\0';
	if (rt_ms_known(from_ms) && rt_ms_known(to_ms)) {
		rt_waterfall_bar(
		    from_ms, to_ms, axis_ms, AXIS_COLS, &from, &to);
		memset(line + from, fill, to - from);
		if (len + 2 <= to - from)
			memcpy(line + from + (to - from - len) / 2, mark, len);
	}
	rt_column_put(b, line, AXIS_COLS);
}

static void
put_attempt(struct rt_buf *b, const struct rt_waterfall_row *r, double axis_ms)
{
	char text[32], mark[8] = "", label[16];

	if (r->status > 0)
		snprintf(mark, sizeof(mark), "%d", (int)r->status);
	snprintf(label, sizeof(label), "a%lld", (long long)r->attempt);
	rt_buf_puts(b, "  ");
	rt_column_put(b, r->attempt > 0 ? label : "a?", 4);
	rt_column_put(b, rt_waterfall_target(r), LABEL_COLS - 5);
	rt_buf_putc(b, ' ');
	put_bar(b, r->start_ms, r->end_ms, axis_ms, '#', mark);
	put_right(b, ms_text(text, r->elapsed_ms), 9);
	rt_buf_putc(b, '\n');
}

static void
put_wait(struct rt_buf *b, const struct rt_waterfall_row *r, double axis_ms)
{
	bool falls = r->decision == RT_DECISION_FALLBACK_SECONDARY;
	char text[32];

	rt_buf_puts(b, "      ");
	rt_column_put(b, falls ? "fallback" : "backoff", LABEL_COLS - 4);
	put_bar(b, r->end_ms, r->end_ms + r->wait_ms, axis_ms,
	    falls ? '>' : '~', "");
	put_right(b, ms_text(text, r->wait_ms), 9);
	rt_buf_putc(b, '\n');
}

static const char *
said_text(enum rt_said s)
{
	return s == RT_SAID_NOTHING ? "-" : s == RT_SAID_YES ? "yes" : "no";
}

static void
put_decision(struct rt_buf *b, const struct rt_waterfall_row *r)
{
	char number[32], ms[32];

	snprintf(number, sizeof(number), "%d", (int)r->attempt);
	put_right(b,
	    r->attempt > 9999    ? "9999+"
		: r->attempt > 0 ? number
				 : "?",
	    4);
	rt_buf_puts(b, "  ");
	rt_column_put(b, rt_waterfall_decision(r), 20);
	rt_buf_putc(b, ' ');
	rt_column_put(b, r->reason[0] ? r->reason : "-", 13);
	snprintf(number, sizeof(number), "%lld", (long long)r->status);
	put_right(b, r->status > 0 ? number : "-", 6);
	rt_buf_puts(b, "  ");
	rt_column_put(b, rt_class_name(r->error_class), 18);
	put_right(b,
	    rt_ms_known(r->planned_ms) ? ms_text(ms, r->planned_ms) : "-", 8);
	put_right(b, r->is_followed ? ms_text(ms, r->wait_ms) : "-", 8);
	put_right(b, said_text(r->usage), 5);
	put_right(b, said_text(r->finish), 6);
	rt_buf_putc(b, '\n');
}

static void
put_table(struct rt_buf *b, const struct rt_waterfall *w)
{
	rt_buf_printf(b, "\n    #  %-20s %-13s %6s  %-18s %8s %8s %5s %6s\n",
	    "decision", "reason", "status", "class", "planned", "waited",
	    "usage", "finish");
	for (unsigned i = 0; i < w->count; i++)
		put_decision(b, &w->rows[i]);
	if (w->more > 0)
		rt_buf_printf(b, "  and %u attempts more\n", w->more);
}

static void
put_checks(struct rt_buf *b, const struct rt_waterfall *w)
{
	static const char *const marks[] = {
	    [RT_CHECK_OK] = "ok",
	    [RT_CHECK_BROKEN] = "!!",
	    [RT_CHECK_UNKNOWN] = "??",
	    [RT_CHECK_NOTHING] = " -",
	};

	rt_buf_puts(b,
	    "\n  checks  (!! broken, ?? not recorded, - nothing to "
	    "check)\n");
	for (unsigned c = 0; c < RT_CHECK_COUNT; c++)
		rt_buf_printf(b, "    [%s] %s\n", marks[w->checks[c]],
		    rt_check_sentence((enum rt_check)c));
	for (unsigned r = 0; r < RT_RULE_COUNT; r++)
		if (w->rules & 1u << r)
			rt_buf_printf(b, "  broke %s\n       %s\n",
			    rt_rule_name((enum rt_rule)r),
			    rt_rule_sentence((enum rt_rule)r));
	rt_buf_printf(b,
	    "  evidence: %u records (%u attempts, %u summaries)%s\n",
	    w->records, w->count + w->more, w->summaries,
	    w->is_whole ? "" : ", older ones are not held any more");
}

void
rt_waterfall_format_text(struct rt_buf *b, const struct rt_waterfall *w)
{
	double step_ms = rt_waterfall_step_ms(w->span_ms, TICKS);
	double axis_ms = step_ms * TICKS;

	put_head(b, w);
	if (w->count > 0)
		put_axis(b, step_ms);
	for (unsigned i = 0; i < w->count; i++) {
		put_attempt(b, &w->rows[i], axis_ms);
		if (w->rows[i].is_followed)
			put_wait(b, &w->rows[i], axis_ms);
	}
	if (w->count > 0)
		put_table(b, w);
	put_checks(b, w);
}

/* ---- JSON ------------------------------------------------------------------ */

static void
json_int(struct rt_jsonw *j, const char *key, int64_t v)
{
	if (v > 0)
		rt_jsonw_int(j, key, v);
	else
		rt_jsonw_null(j, key);
}

static void
json_text(struct rt_jsonw *j, const char *key, const char *z)
{
	rt_jsonw_text(j, key, z[0] ? z : NULL);
}

static void
json_said(struct rt_jsonw *j, const char *key, enum rt_said s)
{
	if (s == RT_SAID_NOTHING)
		rt_jsonw_null(j, key);
	else
		rt_jsonw_bool(j, key, s == RT_SAID_YES);
}

/* One attempt. */
static void
json_row(struct rt_jsonw *j, const struct rt_waterfall_row *r)
{
	rt_jsonw_object(j, NULL);
	json_int(j, "attempt", r->attempt);
	json_text(j, "model", r->model);
	json_text(j, "route", r->route);
	rt_jsonw_double(j, "start_ms", r->start_ms);
	rt_jsonw_double(j, "elapsed_ms", r->elapsed_ms);
	rt_jsonw_double(j, "ttft_ms", r->ttft_ms);
	json_int(j, "status", r->status);
	rt_jsonw_text(j, "class", rt_class_name(r->error_class));
	rt_jsonw_text(j, "decision",
	    r->decision < RT_DECISION_COUNT ? rt_decision_name(r->decision)
					    : NULL);
	json_text(j, "reason", r->reason);
	json_text(j, "fallback_target", r->target);
	rt_jsonw_double(j, "backoff_planned_ms", r->planned_ms);
	rt_jsonw_double(j, "backoff_observed_ms", r->wait_ms);
	json_said(j, "usage_seen", r->usage);
	json_said(j, "finish_reason_seen", r->finish);
	rt_jsonw_end(j);
}

static void
json_totals(struct rt_jsonw *j, const struct rt_waterfall *w)
{
	char time[32];

	rt_jsonw_bool(j, "is_whole", w->is_whole);
	json_text(j, "service", w->service);
	rt_jsonw_text(
	    j, "fate", w->fate < RT_FATE_COUNT ? rt_fate_name(w->fate) : NULL);
	rt_jsonw_text(j, "from",
	    w->first_us ? (rt_text_from_time(time, w->first_us), time) : NULL);
	rt_jsonw_int(j, "attempts", w->tries);
	json_int(j, "max_attempts", w->max_attempts);
	rt_jsonw_double(j, "elapsed_ms", w->elapsed_ms);
	rt_jsonw_double(j, "timeout_budget_ms", w->timeout_budget_ms);
	rt_jsonw_double(j, "backoff_planned_ms", w->planned_ms);
	rt_jsonw_double(j, "backoff_observed_ms", w->observed_ms);
	rt_jsonw_array(j, "rows");
	for (unsigned i = 0; i < w->count; i++)
		json_row(j, &w->rows[i]);
	rt_jsonw_end(j);
	rt_jsonw_object(j, "checks");
	for (unsigned c = 0; c < RT_CHECK_COUNT; c++)
		rt_jsonw_text(j, rt_check_key((enum rt_check)c),
		    rt_check_state_name(w->checks[c]));
	rt_jsonw_end(j);
	rt_jsonw_array(j, "rules_broken");
	for (unsigned r = 0; r < RT_RULE_COUNT; r++)
		if (w->rules & 1u << r)
			rt_jsonw_text(j, NULL, rt_rule_name((enum rt_rule)r));
	rt_jsonw_end(j);
}

void
rt_waterfall_format_json(struct rt_buf *b, const struct rt_waterfall *w,
    const struct rt_report_operation *from)
{
	struct rt_jsonw j = rt_jsonw_begin(b);

	rt_jsonw_object(&j, NULL);
	rt_jsonw_text(&j, "schema", "retrytop-operation/v1");
	rt_jsonw_text(&j, "operation_id", from->id);
	rt_jsonw_bool(&j, "is_held", w != NULL);
	if (w)
		json_totals(&j, w);
	if (from->count > 0)
		rt_jsonw_array(&j, "records");
	for (size_t i = 0; i < from->count; i++)
		rt_jsonw_raw(&j, NULL, from->lines[i], strlen(from->lines[i]));
	if (from->count > 0)
		rt_jsonw_end(&j);
	rt_jsonw_end(&j);
	rt_buf_putc(b, '\n');
}
