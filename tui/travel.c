/* SPDX-License-Identifier: MIT */
#include "tui/travel.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

#include "tui/fmt.h"

#define S_US INT64_C(1000000)
#define DAY_US (24 * 60 * 60 * S_US)

/* ---- where one is ------------------------------------------------------------- */

static const struct rt_report *
newest_report(const struct rt_model *m)
{
	return m->has_live ? &m->live : &m->frozen;
}

/* The collector's present, as far as known. */
static int64_t
present_us(const struct rt_model *m)
{
	return newest_report(m)->source.now_us +
	    rt_mono_ms_between(m->answered_at, m->now) * 1000;
}

bool
rt_travel_is_away(const struct rt_model *m)
{
	return m->at_us != 0 || rt_report_is_past(rt_model_report(m));
}

/* The moment on the screen; the one that is asked for, where that is another. */
static int64_t
here_us(const struct rt_model *m)
{
	const struct rt_report *r = rt_model_report(m);

	if (m->at_us)
		return m->at_us;
	if (!m->is_frozen)
		return present_us(m);
	return r->source.at_us ? r->source.at_us : r->source.now_us;
}

static int64_t
bucket_us(const struct rt_model *m, int64_t at_us)
{
	return S_US *
	    (int64_t)rt_query_bucket_s(m->window_s, present_us(m) - at_us);
}

static int64_t
floor_to(int64_t us, int64_t step_us)
{
	return us - us % step_us;
}

/* The oldest moment with a bucket before it. */
static int64_t
oldest_us(const struct rt_model *m)
{
	int64_t held_us = newest_report(m)->source.held_from_us;
	int64_t step_us = bucket_us(m, held_us);

	return held_us ? floor_to(held_us, step_us) + step_us : 0;
}

static void
travel_to(struct rt_model *m, int64_t at_us)
{
	m->at_us = at_us;
	m->ask_now = true;
	m->thaws = m->is_frozen;
	m->follow = true;
}

void
rt_travel_live(struct rt_model *m)
{
	travel_to(m, 0);
}

/* ---- steps -------------------------------------------------------------------- */

static void
say_oldest(struct rt_model *m)
{
	char clock[RT_FMT_SIZE];

	rt_model_say(m, "nothing older is held than %s",
	    rt_fmt_clock(clock, newest_report(m)->source.held_from_us, m->utc));
}

/* One bucket; the grid may be another one there. */
static int64_t
step_once(const struct rt_model *m, int64_t at_us, bool back)
{
	int64_t step_us = bucket_us(m, at_us);

	if (!back)
		return floor_to(at_us, step_us) + step_us;
	/* The bucket that is not over yet is the present. */
	return floor_to(at_us - (at_us % step_us ? 0 : step_us), step_us);
}

void
rt_travel_step(struct rt_model *m, int buckets)
{
	bool back = buckets < 0;
	int64_t at_us = here_us(m), oldest = oldest_us(m);

	if (!rt_model_has_report(m) || oldest == 0) {
		rt_model_say(m, "this answer knows no past");
		return;
	}
	if (!back && !rt_travel_is_away(m) && !m->is_frozen) {
		rt_model_say(m, "this is the present");
		return;
	}
	if (back && at_us <= oldest) {
		say_oldest(m);
		return;
	}
	for (; buckets != 0; buckets += back ? 1 : -1)
		at_us = step_once(m, at_us, back);
	if (at_us < oldest)
		at_us = oldest;
	travel_to(m, at_us > present_us(m) ? 0 : at_us);
}

/* ---- to a moment -------------------------------------------------------------- */

/* Two digits. */
static bool
take_two(const char **z, int most, int *out)
{
	if ((*z)[0] < '0' || (*z)[0] > '9' || (*z)[1] < '0' || (*z)[1] > '9')
		return false;
	*out = ((*z)[0] - '0') * 10 + (*z)[1] - '0';
	*z += 2;
	return *out <= most;
}

/* The last time that a clock showed HH:MM[:SS], or shows it within this second. */
static bool
read_clock(const struct rt_model *m, const char *z, int64_t *out)
{
	int64_t now_us = present_us(m);
	time_t now = (time_t)(now_us / S_US);
	int hour, minute, second = 0;
	struct tm tm;

	if (!take_two(&z, 23, &hour) || *z++ != ':' ||
	    !take_two(&z, 59, &minute))
		return false;
	if (*z == ':' && (z++, !take_two(&z, 59, &second)))
		return false;
	if (*z == 'Z' && m->utc)
		z++;
	if (*z || !(m->utc ? gmtime_r(&now, &tm) : localtime_r(&now, &tm)))
		return false;
	tm.tm_hour = hour;
	tm.tm_min = minute;
	tm.tm_sec = second;
	tm.tm_isdst = -1;
	*out = (m->utc ? timegm(&tm) : mktime(&tm)) * S_US;
	if (*out > now_us)
		*out -= DAY_US;
	return true;
}

/* "-90s", "-5m", "-1h" */
static bool
read_age(const struct rt_model *m, const char *z, int64_t *out)
{
	int64_t n = 0;

	if (*z++ != '-' || *z < '0' || *z > '9')
		return false;
	for (; *z >= '0' && *z <= '9' && n < 100000; z++)
		n = n * 10 + (*z - '0');
	if (*z == '\0' || z[1] != '\0')
		return false;
	switch (*z) {
	case 's': break;
	case 'm': n *= 60; break;
	case 'h': n *= 3600; break;
	default: return false;
	}
	*out = present_us(m) - n * S_US;
	return true;
}

enum rt_err
rt_travel_goto(struct rt_model *m, const char *when, struct rt_diag *d)
{
	char a[RT_FMT_SIZE], b[RT_FMT_SIZE];
	int64_t at_us, held_us;

	if (strcmp(when, "live") == 0) {
		rt_travel_live(m);
		return RT_OK;
	}
	if (!read_clock(m, when, &at_us) && !read_age(m, when, &at_us) &&
	    rt_text_to_time(rt_str_of(when), &at_us, NULL) != RT_OK) {
		rt_diag_set(d, NULL,
		    "goto takes a time as 12:01 or 12:01:30, -90s, -5m, or "
		    "live");
		return RT_E_FIELD;
	}
	held_us = oldest_us(m);
	if (!rt_model_has_report(m) || held_us == 0) {
		rt_diag_set(d, NULL, "this answer knows no past");
		return RT_E_FIELD;
	}
	if (at_us > present_us(m)) {
		rt_diag_set(d, NULL, "that is still to come: it is %s",
		    rt_fmt_clock(a, present_us(m), m->utc));
		return RT_E_FIELD;
	}
	if (at_us < held_us) {
		rt_diag_set(d, NULL, "%s is not held: the oldest is %s",
		    rt_fmt_clock(a, at_us, m->utc),
		    rt_fmt_clock(b, held_us, m->utc));
		return RT_E_FIELD;
	}
	travel_to(m, at_us);
	return RT_OK;
}

/* ---- what comes of it --------------------------------------------------------- */

void
rt_travel_arrived(struct rt_model *m)
{
	if (m->is_frozen)
		return;
	m->has_moved = false;
	m->tail_bottom = 0;   /* another tail: to its end at once */
	m->dock.id[0] = '\0'; /* and another operation beside it */
	if (m->drill->page != RT_PAGE_PANELS)
		rt_drill_refilter(m);
}
