/* SPDX-License-Identifier: MIT */
#include "tui/reel.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "proto/options.h"
#include "tui/fmt.h"
#include "tui/model.h"

#define S_US INT64_C(1000000)
#define DAY_US (24 * 60 * 60 * S_US)

const struct rt_report_replay *
rt_reel_place(const struct rt_model *m)
{
	return &rt_model_report(m)->source.replay;
}

bool
rt_reel_is_on(const struct rt_model *m)
{
	return rt_model_has_report(m) && rt_reel_place(m)->is_on;
}

/* ---- telling ----------------------------------------------------------------------- */

static void
tell(struct rt_model *m, enum rt_replay_verb verb, int64_t value)
{
	struct rt_reel *r = &m->reel;

	if (r->count == RT_REPLAY_COMMANDS) {
		rt_model_say(m, "the replay has not answered yet");
		return;
	}
	if (r->viewer == 0)
		r->viewer =
		    (uint64_t)((m->now_wall.us ^ m->now.us << 20) & INT64_MAX) |
		    1;
	r->commands[r->count++] =
	    (struct rt_replay_command){++r->seq, verb, value};
	r->awaits = true;
	r->sought = verb == RT_REPLAY_VIOLATION;
	m->ask_now = true;
}

void
rt_reel_pause(struct rt_model *m, bool is_paused)
{
	tell(m, RT_REPLAY_PAUSE, is_paused);
}

/* By what was told last, where that is not done yet. */
void
rt_reel_turn(struct rt_model *m)
{
	bool is_paused = rt_reel_place(m)->is_paused;

	for (unsigned i = 0; i < m->reel.count; i++) {
		const struct rt_replay_command *c = &m->reel.commands[i];

		if (c->verb == RT_REPLAY_PAUSE)
			is_paused = c->value;
		else if (c->verb == RT_REPLAY_STEP ||
		    c->verb == RT_REPLAY_VIOLATION)
			is_paused = true;
	}
	rt_reel_pause(m, !is_paused);
}

void
rt_reel_speed(struct rt_model *m, uint32_t speed)
{
	tell(m, RT_REPLAY_SPEED, speed);
	if (rt_reel_place(m)->is_paused)
		rt_reel_pause(m, false);
}

void
rt_reel_move(struct rt_model *m, int columns)
{
	double step_s = rt_model_report(m)->trend.step_s;
	int64_t step_us = step_s >= 1 ? (int64_t)(step_s * 1e6) : S_US;

	tell(m, RT_REPLAY_MOVE, columns * step_us);
}

void
rt_reel_step(struct rt_model *m, int records)
{
	tell(m, RT_REPLAY_STEP, records);
}

void
rt_reel_violation(struct rt_model *m, int by)
{
	tell(m, RT_REPLAY_VIOLATION, by);
}

/* ---- to a time ----------------------------------------------------------------------- */

/* Two digits of at most `most`. */
static bool
take_two(const char **z, int most, int *out)
{
	if ((*z)[0] < '0' || (*z)[0] > '9' || (*z)[1] < '0' || (*z)[1] > '9')
		return false;
	*out = ((*z)[0] - '0') * 10 + (*z)[1] - '0';
	*z += 2;
	return *out <= most;
}

struct clock {
	int hour, minute, second;
};

/* "HH:MM", "HH:MM:SS", with a Z where the screen has one. */
static bool
read_clock(const struct rt_model *m, const char *z, struct clock *c)
{
	c->second = 0;
	if (!take_two(&z, 23, &c->hour) || *z++ != ':' ||
	    !take_two(&z, 59, &c->minute))
		return false;
	if (*z == ':' && (z++, !take_two(&z, 59, &c->second)))
		return false;
	return *z == '\0' || (m->utc && strcmp(z, "Z") == 0);
}

/* That time of the clock on the day of `us`, as the screen counts days. */
static int64_t
on_day(const struct rt_model *m, int64_t us, const struct clock *c)
{
	time_t t = (time_t)(us / S_US);
	struct tm tm;

	if (!(m->utc ? gmtime_r(&t, &tm) : localtime_r(&t, &tm)))
		return us;
	tm.tm_hour = c->hour;
	tm.tm_min = c->minute;
	tm.tm_sec = c->second;
	tm.tm_isdst = -1;
	return (m->utc ? timegm(&tm) : mktime(&tm)) * S_US;
}

/* Its start counts as a whole second, as people read it off the screen. */
static bool
holds(const struct rt_report_replay *r, int64_t us)
{
	return r->first_us != 0 && us >= r->first_us - r->first_us % S_US &&
	    us <= r->last_us;
}

/* On the day nearest to where it stands. */
static int64_t
nearest_day(const struct rt_model *m, const struct clock *c)
{
	const struct rt_report_replay *r = rt_reel_place(m);
	int64_t here_us = rt_model_report(m)->source.now_us, best = 0;
	const int64_t days[] = {here_us, here_us - DAY_US, here_us + DAY_US,
	    r->first_us, r->last_us};

	for (size_t i = 0; i < RT_COUNT_OF(days); i++) {
		int64_t us = on_day(m, days[i], c);

		if (holds(r, us) &&
		    (best == 0 || llabs(us - here_us) < llabs(best - here_us)))
			best = us;
	}
	return best ? best : on_day(m, here_us, c);
}

static bool
read_time(const struct rt_model *m, const char *z, int64_t *out)
{
	const struct rt_report_replay *r = rt_reel_place(m);
	struct clock c;

	if (strcmp(z, "start") == 0)
		*out = r->first_us;
	else if (strcmp(z, "end") == 0)
		*out = RT_REPLAY_US_MAX;
	else if (read_clock(m, z, &c))
		*out = nearest_day(m, &c);
	else
		return rt_text_to_time(rt_str_of(z), out, NULL) == RT_OK;
	return true;
}

/* Date and time, as the screen shows it. */
static void
write_moment(char out[48], const struct rt_model *m, int64_t us)
{
	char day[32], clock[RT_FMT_SIZE];
	time_t t = (time_t)(us / S_US);
	struct tm tm;

	if (!(m->utc ? gmtime_r(&t, &tm) : localtime_r(&t, &tm)) ||
	    strftime(day, sizeof(day), "%Y-%m-%d", &tm) == 0)
		day[0] = '\0';
	snprintf(out, 48, "%.10s %s", day, rt_fmt_clock(clock, us, m->utc));
}

static enum rt_err
refuse_time(const struct rt_model *m, struct rt_diag *d)
{
	const struct rt_report_replay *r = rt_reel_place(m);
	char first[48], last[48];

	write_moment(first, m, r->first_us);
	write_moment(last, m, r->last_us);
	rt_diag_set(d, NULL, "the log goes from %s to %s", first, last);
	return RT_E_FIELD;
}

enum rt_err
rt_reel_goto(struct rt_model *m, const char *when, struct rt_diag *d)
{
	const struct rt_report_replay *r = rt_reel_place(m);
	int64_t ms, us;

	if ((when[0] == '+' || when[0] == '-') &&
	    rt_duration_from(when + 1, 0, DAY_US / 1000, &ms, NULL) == RT_OK) {
		tell(
		    m, RT_REPLAY_MOVE, when[0] == '-' ? -ms * 1000 : ms * 1000);
		return RT_OK;
	}
	if (!read_time(m, when, &us)) {
		rt_diag_set(d, NULL,
		    "goto takes a time as 12:01 or 12:01:30, +5m, -90s, start, "
		    "end");
		return RT_E_FIELD;
	}
	/* What is not measured yet may hold it. */
	if (us != RT_REPLAY_US_MAX && r->is_measured && !holds(r, us))
		return refuse_time(m, d);
	tell(m, RT_REPLAY_SEEK, us);
	return RT_OK;
}

enum rt_err
rt_reel_speed_from(const char *text, uint32_t *out, struct rt_diag *d)
{
	int64_t speed = 0;

	if (strcmp(text, "max") != 0 &&
	    rt_count_from(text, 1, RT_REPLAY_SPEED_MAX, &speed, NULL) !=
		RT_OK) {
		rt_diag_set(d, NULL, "speed takes 1 to %d, or max",
		    RT_REPLAY_SPEED_MAX);
		return RT_E_FIELD;
	}
	*out = (uint32_t)speed;
	return RT_OK;
}

/* ---- questions and answers ------------------------------------------------------------ */

void
rt_reel_ask(const struct rt_model *m, struct rt_query *q)
{
	const struct rt_reel *r = &m->reel;

	/* A collector that took its place would refuse it. */
	if (r->viewer == 0 || !rt_reel_is_on(m))
		return;
	q->replay.viewer = r->viewer;
	q->replay.count = r->count;
	memcpy(
	    q->replay.commands, r->commands, r->count * sizeof(r->commands[0]));
}

bool
rt_reel_hurries(const struct rt_model *m)
{
	return rt_reel_is_on(m) &&
	    (m->reel.count > 0 || rt_reel_place(m)->is_seeking);
}

static void
drop_done(struct rt_reel *r, uint64_t done)
{
	unsigned n = 0;

	while (n < r->count && r->commands[n].seq <= done)
		n++;
	r->count -= n;
	memmove(
	    r->commands, r->commands + n, r->count * sizeof(r->commands[0]));
}

/* An operation that is open gives way to that of the violation. */
static void
show_violation(struct rt_model *m, const struct rt_report_replay *p)
{
	const char *what = p->operation_id ? p->operation_id : p->service;
	bool is_open = m->drill->page == RT_PAGE_OPERATION ||
	    m->drill->page == RT_PAGE_RECORDS;

	m->reel.offer[0] = '\0';
	if (p->operation_id && is_open)
		rt_drill_open(m, p->operation_id);
	else if (p->operation_id)
		snprintf(m->reel.offer, sizeof(m->reel.offer), "%s",
		    p->operation_id);
	rt_model_say(m, "%s: %s%s%s%s", p->rule, what ? what : "?",
	    p->evidence ? ", " : "", p->evidence ? p->evidence : "",
	    m->reel.offer[0] ? "; Enter opens it" : "");
}

void
rt_reel_answer(struct rt_model *m)
{
	const struct rt_report_replay *p = &m->live.source.replay;
	struct rt_reel *r = &m->reel;

	if (!p->is_on)
		return;
	drop_done(r, p->done);
	if (r->count > 0 || !r->awaits || p->is_seeking)
		return;
	r->awaits = false;
	if (p->said)
		rt_model_say(m, "%s", p->said);
	else if (r->sought && p->rule)
		show_violation(m, p);
}

bool
rt_reel_enter(struct rt_model *m)
{
	char id[sizeof(m->reel.offer)];

	if (!m->reel.offer[0])
		return false;
	memcpy(id, m->reel.offer, sizeof(id));
	m->reel.offer[0] = '\0';
	rt_drill_open(m, id);
	return true;
}
