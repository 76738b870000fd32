/* SPDX-License-Identifier: MIT */
#include "collector/canary/retry.h"

#include <math.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "collector/canary/fault.h"

#define BIT(id) (1u << RT_CLASS_##id)

const struct rt_retry_policy rt_retry_policy_default = {
    .jitter = RT_JITTER_NONE,
    .base_ms = 500,
    .cap_ms = 8000,
    .max_attempts = 3,
    .ceiling_ms = 60000,
    .retryable = BIT(TIMEOUT) | BIT(CONNECTION) | BIT(RATE_LIMITED) |
	BIT(SERVER_ERROR) | BIT(STREAM_INTERRUPTED),
    .fallback_reasons = BIT(TIMEOUT) | BIT(CONNECTION) | BIT(RATE_LIMITED) |
	BIT(SERVER_ERROR) | BIT(STREAM_INTERRUPTED),
    .budget_ratio = 0.10,
};

static const char *const jitter_names[RT_JITTER_COUNT] = {
#define X(id, name) name,
    RT_JITTERS(X)
#undef X
};

static const char *const stop_names[RT_RETRY_STOP_COUNT] = {
#define X(id, name) name,
    RT_RETRY_STOPS(X)
#undef X
};

const char *
rt_jitter_name(enum rt_jitter j)
{
	return (unsigned)j < RT_JITTER_COUNT ? jitter_names[j] : NULL;
}

const char *
rt_retry_stop_name(enum rt_retry_stop s)
{
	return (unsigned)s < RT_RETRY_STOP_COUNT ? stop_names[s] : NULL;
}

/* ---- budget ------------------------------------------------------------------------ */

void
rt_retry_budget_init(struct rt_retry_budget *b)
{
	b->saved = RT_RETRY_BUDGET_START;
}

void
rt_retry_budget_earn(struct rt_retry_budget *b, double ratio)
{
	b->saved = fmin(b->saved + ratio, RT_RETRY_BUDGET_MAX);
}

/* ---- waits ------------------------------------------------------------------------- */

static double
between(double lo, double hi, uint64_t *dice)
{
	return lo + (hi - lo) * rt_dice_unit(dice);
}

double
rt_retry_wait_ms(
    const struct rt_retry_policy *p, unsigned n, double last_ms, uint64_t *dice)
{
	double t = fmin(p->cap_ms, ldexp(p->base_ms, (int)fmin(n, 60.0)));
	double ms = 0;

	switch (p->jitter) {
	case RT_JITTER_FULL: ms = between(0, t, dice); break;
	case RT_JITTER_EQUAL: ms = between(t / 2, t, dice); break;
	case RT_JITTER_DECORRELATED:
		ms = between(p->base_ms, 3 * fmax(last_ms, p->base_ms), dice);
		ms = fmin(ms, p->cap_ms);
		break;
	case RT_JITTER_ADDITIVE: ms = between(t, t + p->base_ms, dice); break;
	case RT_JITTER_NONE:
	case RT_JITTER_COUNT: break;
	}
	return fmax(ms, RT_RETRY_WAIT_MIN_MS);
}

static double
wait_for(const struct rt_retry *r, const struct rt_retry_policy *p,
    double asked_ms, uint64_t *dice)
{
	unsigned n = r->attempts_here > 0 ? r->attempts_here - 1 : 0;
	double ms = rt_retry_wait_ms(p, n, r->last_wait_ms, dice);

	if (ms >= asked_ms)
		return ms;
	return asked_ms + between(0, fmin(asked_ms / 10, p->base_ms), dice);
}

/* ---- decisions --------------------------------------------------------------------- */

void
rt_retry_count(struct rt_retry *r)
{
	r->attempts++;
	r->attempts_here++;
}

static unsigned
attempts_left(const struct rt_retry *r, const struct rt_retry_policy *p)
{
	unsigned cap = p->jitter == RT_JITTER_NONE ? 1 : p->max_attempts;

	return r->attempts_here < cap ? cap - r->attempts_here : 0;
}

static enum rt_retry_stop
what_stops(const struct rt_retry *r, const struct rt_retry_policy *p,
    const struct rt_retry_budget *b, const struct rt_retry_seen *seen,
    double wait_ms)
{
	if (!(p->retryable >> seen->error_class & 1u))
		return RT_RETRY_STOP_CLASS;
	if (seen->should_retry == RT_RETRY_SAYS_NO)
		return RT_RETRY_STOP_SERVER;
	if (seen->is_committed)
		return RT_RETRY_STOP_COMMITTED;
	if (attempts_left(r, p) == 0)
		return RT_RETRY_STOP_ATTEMPTS;
	if (seen->elapsed_ms + wait_ms >= p->ceiling_ms)
		return RT_RETRY_STOP_CEILING;
	return b->saved < 1 || seen->has_no_requests ? RT_RETRY_STOP_BUDGET
						     : RT_RETRY_STOP_NOT;
}

static bool
may_fall_back(const struct rt_retry *r, const struct rt_retry_policy *p,
    const struct rt_retry_seen *seen)
{
	return seen->has_fallback && !seen->is_committed &&
	    !seen->has_no_requests && r->fallbacks < RT_RETRY_FALLBACKS_MAX &&
	    (p->fallback_reasons >> seen->error_class & 1u) != 0 &&
	    seen->elapsed_ms < p->ceiling_ms;
}

struct rt_retry_step
rt_retry_next(struct rt_retry *r, const struct rt_retry_policy *p,
    struct rt_retry_budget *b, const struct rt_retry_seen *seen, uint64_t *dice)
{
	struct rt_retry_step s = {.left = attempts_left(r, p)};
	double wait_ms;

	if (seen->error_class == RT_CLASS_NONE) {
		s.decision = RT_DECISION_NONE;
		s.stop = RT_RETRY_STOP_DONE;
		return s;
	}
	wait_ms = wait_for(r, p, seen->retry_after_ms, dice);
	s.stop = what_stops(r, p, b, seen, wait_ms);
	if (s.stop == RT_RETRY_STOP_NOT) {
		s.decision = RT_DECISION_RETRY_SAME;
		s.wait_ms = r->last_wait_ms = wait_ms;
		b->saved -= 1;
	} else if (may_fall_back(r, p, seen)) {
		s.decision = RT_DECISION_FALLBACK_SECONDARY;
		r->fallbacks++;
		r->attempts_here = 0;
		r->last_wait_ms = 0;
	} else {
		s.decision = s.stop == RT_RETRY_STOP_CEILING
		    ? RT_DECISION_ABORT_TIMEOUT_BUDGET
		    : RT_DECISION_ABORT_ERROR;
	}
	return s;
}

/* ---- headers ----------------------------------------------------------------------- */

static int
month_of(const char *name)
{
	static const char names[] = "JanFebMarAprMayJunJulAugSepOctNovDec";
	const char *at = strlen(name) == 3 ? strstr(names, name) : NULL;

	return at && (at - names) % 3 == 0 ? (int)(at - names) / 3 : -1;
}

/* RFC 9110 5.6.7: the form of today, of RFC 850, and of asctime. */
static const struct {
	const char *form;
	bool has_month_first;
} forms[] = {
    {"%*[A-Za-z], %2d %3[A-Za-z] %4d %2d:%2d:%2d GMT%n", false},
    {"%*[A-Za-z], %2d-%3[A-Za-z]-%2d %2d:%2d:%2d GMT%n", false},
    {"%*3[A-Za-z] %3[A-Za-z] %2d %2d:%2d:%2d %4d%n", true},
};

static bool
read_form(const char *text, size_t form, struct tm *tm, char month[4])
{
	int end = 0, got;

#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
	if (forms[form].has_month_first)
		got = sscanf(text, forms[form].form, month, &tm->tm_mday,
		    &tm->tm_hour, &tm->tm_min, &tm->tm_sec, &tm->tm_year, &end);
	else
		got = sscanf(text, forms[form].form, &tm->tm_mday, month,
		    &tm->tm_year, &tm->tm_hour, &tm->tm_min, &tm->tm_sec, &end);
#pragma GCC diagnostic pop
	return got == 6 && end > 0 && text[end] == '\0';
}

/* A year of two digits is the one that is not over 50 years ahead. */
static int
whole_year(int year, int this_year)
{
	if (year >= 100)
		return year;
	year += this_year / 100 * 100;
	return year > this_year + 50 ? year - 100 : year;
}

static bool
read_date(const char *text, rt_wall_t now, double *out_s)
{
	time_t now_s = (time_t)(now.us / 1000000);
	struct tm today, tm;
	char month[4];

	gmtime_r(&now_s, &today);
	for (size_t i = 0; i < RT_COUNT_OF(forms); i++) {
		memset(&tm, 0, sizeof(tm));
		if (!read_form(text, i, &tm, month))
			continue;
		tm.tm_mon = month_of(month);
		tm.tm_year = whole_year(tm.tm_year, today.tm_year + 1900);
		if (tm.tm_mon < 0 || tm.tm_mday < 1 || tm.tm_mday > 31 ||
		    tm.tm_hour < 0 || tm.tm_hour > 23 || tm.tm_min < 0 ||
		    tm.tm_min > 59 || tm.tm_sec < 0 || tm.tm_sec > 60 ||
		    tm.tm_year < 1601)
			return false;
		tm.tm_year -= 1900;
		*out_s = (double)timegm(&tm);
		return true;
	}
	return false;
}

enum rt_err
rt_retry_after_read(struct rt_str value, rt_wall_t now, double *out_ms)
{
	char text[48];
	double s;

	if (value.len == 0 || value.len >= sizeof(text))
		return RT_E_SYNTAX;
	memcpy(text, value.p, value.len);
	text[value.len] = '\0';
	if (rt_text_to_double(value, &s) == RT_OK) {
		if (s < 0)
			return RT_E_SYNTAX;
	} else if (read_date(text, now, &s)) {
		s -= (double)now.us / 1e6;
	} else {
		return RT_E_SYNTAX;
	}
	*out_ms = fmin(fmax(s * 1e3, 0), RT_MS_MAX);
	return RT_OK;
}

enum rt_err
rt_retry_after_ms_read(struct rt_str value, double *out_ms)
{
	double ms;

	if (!value.p || rt_text_to_double(value, &ms) != RT_OK || ms < 0)
		return RT_E_SYNTAX;
	*out_ms = fmin(ms, RT_MS_MAX);
	return RT_OK;
}

enum rt_retry_word
rt_retry_word_read(struct rt_str value)
{
	if (rt_str_is_nocase(value, "false"))
		return RT_RETRY_SAYS_NO;
	return rt_str_is_nocase(value, "true") ? RT_RETRY_SAYS_YES
					       : RT_RETRY_UNSAID;
}
