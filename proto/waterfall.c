/* SPDX-License-Identifier: MIT */
#include "proto/waterfall.h"

#include <string.h>

#include "proto/decode.h"
#include "proto/rules.h"

#define APPLIED_RATIO 0.9
#define OVERRUN_RATIO 1.1
#define COARSE_WAIT_MS 10000

static const struct {
	const char *key, *sentence, *brief;
} checks[RT_CHECK_COUNT] = {
#define X(id, key, sentence, brief) {key, sentence, brief},
    RT_CHECKS(X)
#undef X
};

const char *
rt_check_key(enum rt_check c)
{
	return c < RT_CHECK_COUNT ? checks[c].key : "?";
}

const char *
rt_check_sentence(enum rt_check c)
{
	return c < RT_CHECK_COUNT ? checks[c].sentence : "?";
}

const char *
rt_check_brief(enum rt_check c)
{
	return c < RT_CHECK_COUNT ? checks[c].brief : "?";
}

const char *
rt_check_state_name(enum rt_check_state s)
{
	switch (s) {
	case RT_CHECK_OK: return "ok";
	case RT_CHECK_BROKEN: return "broken";
	case RT_CHECK_UNKNOWN: return "unknown";
	case RT_CHECK_NOTHING: return "nothing";
	}
	return "?";
}

/* ---- from records to rows ---------------------------------------------- */

void
rt_waterfall_init(struct rt_waterfall *w)
{
	memset(w, 0, sizeof(*w));
	w->elapsed_ms = w->timeout_budget_ms = RT_MS_UNKNOWN;
	w->planned_ms = w->observed_ms = RT_MS_UNKNOWN;
	w->fate = RT_FATE_COUNT;
}

static double
known_or_nan(bool known, double ms)
{
	return known ? ms : RT_MS_UNKNOWN;
}

static enum rt_said
said(bool known, bool value)
{
	return !known ? RT_SAID_NOTHING : value ? RT_SAID_YES : RT_SAID_NO;
}

static void
copy(char out[RT_WATERFALL_TEXT], struct rt_str s)
{
	rt_text_scrub(out, RT_WATERFALL_TEXT, s);
}

/* Until all rows are there, times count from the first time stamp. */
static void
fill_times(
    struct rt_waterfall_row *r, const struct rt_event *e, int64_t base_us)
{
	bool has_end = rt_event_has(e, TS) && !e->ts_is_arrival;

	r->elapsed_ms =
	    known_or_nan(rt_event_has(e, ELAPSED_MS), e->elapsed_ms);
	r->end_ms = known_or_nan(has_end, (double)(e->ts_us - base_us) / 1000);
	r->start_ms = r->end_ms - r->elapsed_ms;
	r->ttft_ms = known_or_nan(rt_event_has(e, TTFT_MS), e->ttft_ms);
	r->retry_after_ms =
	    known_or_nan(rt_event_has(e, RETRY_AFTER_MS), e->retry_after_ms);
	r->planned_ms =
	    known_or_nan(rt_event_has(e, BACKOFF_MS), e->backoff_ms);
	r->wait_ms = RT_MS_UNKNOWN;
	r->is_coarse = !e->ts_has_fraction;
}

static void
fill_row(struct rt_waterfall_row *r, const struct rt_event *e, int64_t base_us)
{
	memset(r, 0, sizeof(*r));
	fill_times(r, e, base_us);
	r->attempt = e->attempt;
	r->status = e->http_response_status_code;
	r->error_class = e->error_class;
	r->decision =
	    rt_event_has(e, DECISION) ? e->decision : RT_DECISION_COUNT;
	r->shape = e->shape;
	r->usage = said(rt_event_has(e, USAGE_SEEN), e->usage_seen);
	r->finish =
	    said(rt_event_has(e, FINISH_REASON_SEEN), e->finish_reason_seen);
	r->streaming = said(rt_event_has(e, STREAMING), e->streaming);
	copy(r->model, e->model_requested);
	copy(r->route, e->http_route);
	copy(r->target, e->fallback_target);
	copy(r->reason, e->decision_reason);
	if (r->decision == RT_DECISION_UNKNOWN)
		copy(r->code, e->decision_code);
}

static void
note_operation(struct rt_waterfall *w, const struct rt_event *e)
{
	enum rt_ending ending = rt_ending_of(e);

	w->records++;
	if (!w->id[0] && rt_event_has(e, OPERATION_ID))
		rt_text_scrub(w->id, sizeof(w->id), e->operation_id);
	if (!w->service[0] && rt_event_has(e, SERVICE))
		copy(w->service, e->service);
	if (!w->parent[0] && rt_event_has(e, PARENT_OPERATION_ID))
		copy(w->parent, e->parent_operation_id);
	if (rt_event_has(e, TIMEOUT_BUDGET_MS))
		w->timeout_budget_ms = e->timeout_budget_ms;
	if (rt_event_has(e, MAX_ATTEMPTS))
		w->max_attempts = e->max_attempts;
	if (rt_event_has(e, REQUEUE_COUNT))
		w->has_requeue = true;
	if (rt_event_has(e, SYNTHETIC) && e->synthetic)
		w->is_synthetic = true;
	if (rt_event_has(e, DECISION) &&
	    e->decision == RT_DECISION_FALLBACK_SECONDARY)
		w->has_fallback = true;
	if (w->ending == RT_ENDING_NOT)
		w->ending = ending;
}

void
rt_waterfall_add(struct rt_waterfall *w, const struct rt_event *e)
{
	note_operation(w, e);
	if (e->kind == RT_KIND_SUMMARY) {
		w->summaries++;
		if (e->attempts > w->tries)
			w->tries = e->attempts;
		if (!rt_ms_known(w->elapsed_ms) && rt_event_has(e, ELAPSED_MS))
			w->elapsed_ms = e->elapsed_ms;
		return;
	}
	if (e->attempt > w->highest)
		w->highest = e->attempt;
	if (w->count == RT_WATERFALL_ROWS) {
		w->more++;
		return;
	}
	if (w->base_us == 0)
		w->base_us = e->ts_us;
	fill_row(&w->rows[w->count++], e, w->base_us);
}

/* ---- rows against each other --------------------------------------------- */

static bool
is_retry(const struct rt_waterfall_row *r)
{
	return r->decision == RT_DECISION_RETRY_SAME;
}

static void
link_rows(struct rt_waterfall *w)
{
	for (unsigned i = 0; i + 1 < w->count; i++) {
		struct rt_waterfall_row *r = &w->rows[i], *next = r + 1;

		r->is_followed = true;
		r->wait_ms = next->start_ms - r->end_ms;
		r->is_coarse = r->is_coarse || next->is_coarse;
	}
	if (w->more > 0 && w->count > 0)
		w->rows[w->count - 1].is_followed = true;
}

/* To time since the first start; without one, since the first end. */
static void
shift_rows(struct rt_waterfall *w)
{
	double origin = RT_MS_UNKNOWN, last = RT_MS_UNKNOWN;

	for (unsigned i = 0; i < w->count; i++) {
		const struct rt_waterfall_row *r = &w->rows[i];

		origin = fmin(origin, r->start_ms);
		origin = fmin(origin, r->end_ms);
		last = fmax(last, r->end_ms);
	}
	if (!rt_ms_known(origin))
		return;
	w->first_us = w->base_us + (int64_t)(origin * 1000);
	w->span_ms = last - origin;
	for (unsigned i = 0; i < w->count; i++) {
		w->rows[i].start_ms -= origin;
		w->rows[i].end_ms -= origin;
	}
}

static void
add_up(struct rt_waterfall *w)
{
	bool any = false;
	double planned_ms = 0, observed_ms = 0, last_ms = RT_MS_UNKNOWN;

	for (unsigned i = 0; i < w->count; i++) {
		const struct rt_waterfall_row *r = &w->rows[i];

		last_ms = fmax(last_ms, r->end_ms);
		if (!is_retry(r) || !r->is_followed)
			continue;
		any = true;
		planned_ms += r->planned_ms;
		observed_ms += r->wait_ms;
	}
	if (any) {
		w->planned_ms = planned_ms;
		w->observed_ms = observed_ms;
	}
	if (w->count > 0 && w->is_whole && w->more == 0 &&
	    rt_ms_known(w->rows[0].start_ms) && rt_ms_known(last_ms))
		w->elapsed_ms = last_ms - w->rows[0].start_ms;
	if (w->tries < w->count + w->more)
		w->tries = w->count + w->more;
	if (w->tries < w->highest)
		w->tries = w->highest;
}

static void
find_fate(struct rt_waterfall *w)
{
	uint32_t tries =
	    w->tries > UINT32_MAX ? UINT32_MAX : (uint32_t)w->tries;
	bool fell_silent = w->rules & 1u << RT_RULE_NO_TERMINAL;

	if (w->ending == RT_ENDING_NOT && fell_silent)
		w->ending = RT_ENDING_SILENCE;
	if (w->ending != RT_ENDING_NOT)
		w->fate = rt_fate_of(w->ending, tries, w->has_fallback);
}

/* ---- checks ---------------------------------------------------------------- */

/* What rows say one by one: broken beats unknown beats ok beats nothing. */
static enum rt_check_state
worse(enum rt_check_state a, enum rt_check_state b)
{
	static const unsigned weight[] = {
	    [RT_CHECK_NOTHING] = 0,
	    [RT_CHECK_OK] = 1,
	    [RT_CHECK_UNKNOWN] = 2,
	    [RT_CHECK_BROKEN] = 3,
	};

	return weight[a] > weight[b] ? a : b;
}

static enum rt_check_state
check_number(const struct rt_waterfall *w, const struct rt_waterfall_row *r,
    const struct rt_waterfall_row *last)
{
	if (r->attempt == 0 || (last && last->attempt == 0))
		return RT_CHECK_UNKNOWN;
	if (last)
		return r->attempt == last->attempt ||
			r->attempt == last->attempt + 1
		    ? RT_CHECK_OK
		    : RT_CHECK_BROKEN;
	if (r->attempt == 1)
		return RT_CHECK_OK;
	return w->has_requeue || !w->is_whole ? RT_CHECK_UNKNOWN
					      : RT_CHECK_BROKEN;
}

static enum rt_check_state
check_wait(const struct rt_waterfall *w, const struct rt_waterfall_row *r,
    const struct rt_waterfall_row *last)
{
	(void)w;
	(void)last;
	if (!is_retry(r) || !r->is_followed)
		return RT_CHECK_NOTHING;
	if (!rt_ms_known(r->planned_ms) || !rt_ms_known(r->wait_ms) ||
	    r->shape == RT_SHAPE_RUNBOOK ||
	    (r->is_coarse && r->planned_ms < COARSE_WAIT_MS))
		return RT_CHECK_UNKNOWN;
	return r->wait_ms < APPLIED_RATIO * r->planned_ms ? RT_CHECK_BROKEN
							  : RT_CHECK_OK;
}

/* In a decision log the trigger is the reason. */
static enum rt_check_state
check_reason(const struct rt_waterfall *w, const struct rt_waterfall_row *r,
    const struct rt_waterfall_row *last)
{
	(void)w;
	(void)last;
	if (r->decision != RT_DECISION_FALLBACK_SECONDARY)
		return RT_CHECK_NOTHING;
	return r->reason[0] || r->shape == RT_SHAPE_DECISIONS ? RT_CHECK_OK
							      : RT_CHECK_BROKEN;
}

static enum rt_check_state
check_finish(const struct rt_waterfall *w, const struct rt_waterfall_row *r,
    const struct rt_waterfall_row *last)
{
	(void)w;
	(void)last;
	if (r->error_class != RT_CLASS_NONE || r->streaming == RT_SAID_NO)
		return RT_CHECK_NOTHING;
	if (r->streaming == RT_SAID_NOTHING || r->finish == RT_SAID_NOTHING)
		return RT_CHECK_UNKNOWN;
	return r->finish == RT_SAID_YES ? RT_CHECK_OK : RT_CHECK_BROKEN;
}

static const struct {
	enum rt_check check;
	enum rt_check_state (*of)(const struct rt_waterfall *w,
	    const struct rt_waterfall_row *r,
	    const struct rt_waterfall_row *last);
} row_checks[] = {
    {RT_CHECK_NUMBERS, check_number},
    {RT_CHECK_BACKOFF, check_wait},
    {RT_CHECK_REASON, check_reason},
    {RT_CHECK_FINISH, check_finish},
};

static enum rt_check_state
check_within(double value, double limit)
{
	if (!rt_ms_known(value) || !rt_ms_known(limit))
		return RT_CHECK_UNKNOWN;
	return value <= limit ? RT_CHECK_OK : RT_CHECK_BROKEN;
}

static enum rt_check_state
check_final(const struct rt_waterfall *w)
{
	if (w->ending == RT_ENDING_SILENCE)
		return RT_CHECK_BROKEN;
	return w->ending == RT_ENDING_NOT ? RT_CHECK_UNKNOWN : RT_CHECK_OK;
}

/* Nobody looks at synthetic records. */
static enum rt_check_state
check_sensitive(const struct rt_waterfall *w)
{
	if (w->rules & 1u << RT_RULE_SENSITIVE)
		return RT_CHECK_BROKEN;
	return w->is_synthetic ? RT_CHECK_UNKNOWN : RT_CHECK_OK;
}

static void
check_all(struct rt_waterfall *w)
{
	double max =
	    w->max_attempts > 0 ? (double)w->max_attempts : RT_MS_UNKNOWN;
	double tries = w->tries > 0 ? (double)w->tries : RT_MS_UNKNOWN;

	for (unsigned c = 0; c < RT_CHECK_COUNT; c++)
		w->checks[c] = RT_CHECK_NOTHING;
	for (unsigned c = 0; c < RT_COUNT_OF(row_checks); c++)
		for (unsigned i = 0; i < w->count; i++) {
			enum rt_check_state *to =
			    &w->checks[row_checks[c].check];

			*to = worse(*to,
			    row_checks[c].of(w, &w->rows[i],
				i > 0 ? &w->rows[i - 1] : NULL));
		}
	w->checks[RT_CHECK_FINAL] = check_final(w);
	w->checks[RT_CHECK_ATTEMPTS] = check_within(tries, max);
	w->checks[RT_CHECK_BUDGET] =
	    check_within(w->elapsed_ms, OVERRUN_RATIO * w->timeout_budget_ms);
	w->checks[RT_CHECK_SENSITIVE] = check_sensitive(w);
}

void
rt_waterfall_finish(struct rt_waterfall *w, bool is_whole, uint32_t rules)
{
	w->is_whole = is_whole;
	w->rules = rules;
	link_rows(w);
	shift_rows(w);
	add_up(w);
	find_fate(w);
	check_all(w);
}

bool
rt_waterfall_read(
    struct rt_waterfall *w, const struct rt_report_operation *from)
{
	const struct rt_decode_opts opts = {.attempt_base = 1};
	struct rt_decoder *decoder;
	bool is_whole = from->is_whole;

	rt_waterfall_init(w);
	if (from->id)
		rt_text_scrub(w->id, sizeof(w->id), rt_str_of(from->id));
	if (from->count == 0)
		return false;
	decoder = rt_decoder_new(&opts);
	for (size_t i = 0; i < from->count; i++) {
		struct rt_event e;

		if (rt_decode(decoder, from->lines[i], strlen(from->lines[i]),
			&e, NULL) == RT_REJECT_NOT)
			rt_waterfall_add(w, &e);
		else
			is_whole = false;
	}
	rt_decoder_free(decoder);
	rt_waterfall_finish(w, is_whole, from->rules);
	return w->records > 0;
}

/* ---- how it is drawn -------------------------------------------------------- */

double
rt_waterfall_step_ms(double span_ms, unsigned ticks)
{
	static const double steps[] = {1, 2, 3, 5};
	double unit = 1;

	if (ticks == 0 || !(span_ms > 0))
		return 1;
	for (;; unit *= 10)
		for (size_t i = 0; i < RT_COUNT_OF(steps); i++)
			if (steps[i] * unit * ticks >= span_ms)
				return steps[i] * unit;
}

void
rt_waterfall_bar(double start_ms, double end_ms, double axis_ms, unsigned cols,
    unsigned *from, unsigned *to)
{
	double scale = axis_ms > 0 ? cols / axis_ms : 0;
	double a = start_ms * scale, b = end_ms * scale;

	a = !(a > 0) ? 0 : a > cols ? cols : a;
	b = !(b > 0) ? 0 : b > cols ? cols : b;
	*from = (unsigned)a;
	*to = (unsigned)(b + 0.5);
	if (*from >= cols)
		*from = cols > 0 ? cols - 1 : 0;
	if (*to <= *from)
		*to = *from + (cols > 0);
}

const char *
rt_waterfall_decision(const struct rt_waterfall_row *r)
{
	if (r->decision == RT_DECISION_COUNT)
		return "-";
	if (r->decision == RT_DECISION_UNKNOWN && r->code[0])
		return r->code;
	return r->decision == RT_DECISION_NONE ? "final"
					       : rt_decision_name(r->decision);
}

const char *
rt_waterfall_target(const struct rt_waterfall_row *r)
{
	return r->model[0] ? r->model : r->route[0] ? r->route : "?";
}

const char *
rt_waterfall_fate(const struct rt_waterfall *w)
{
	return w->fate < RT_FATE_COUNT ? rt_fate_name(w->fate) : "not ended";
}
