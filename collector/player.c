/* SPDX-License-Identifier: MIT */
#include "collector/player.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "collector/playhead.h"
#include "collector/source.h"
#include "collector/timeline.h"
#include "proto/mem.h"

/* Where it was sent and has not come to yet. */
enum goal {
	GOAL_NONE,
	GOAL_TIME,   /* up to a time */
	GOAL_RECORD, /* up to so many records read */
	GOAL_STOP,   /* up to so many stops */
};

struct viewer {
	uint64_t id; /* 0: free */
	uint64_t done;
};

/* One pass over the log. */
struct pass {
	struct rt_source *source; /* owned */
	struct rt_source_record record;
	bool has_record, is_at_end;
	int64_t us; /* of the record at hand, else of the one before */
	uint64_t records;
};

struct rt_player {
	struct rt_player_opts o;
	struct rt_decoder *decoder;     /* owned; for times */
	struct rt_aggregate *aggregate; /* owned */
	struct pass play, measure;
	struct rt_timeline timeline;
	struct rt_playhead head;
	int64_t at_us;   /* where it stands; 0: no time is known yet */
	uint64_t broken; /* violations before the last record */
	uint64_t stops;  /* of this pass, up to here */
	bool is_at_stop; /* the last record was one */
	uint64_t passes; /* begun */
	uint64_t started_id;
	enum goal goal;
	int64_t goal_value;
	struct {
		uint64_t records;
		int64_t us;
	} origin; /* of a search, to go back to */
	int64_t
	    land_us; /* with GOAL_RECORD: the time to stand at; 0: its own */
	struct viewer viewers[RT_PLAYER_VIEWERS]; /* newest first */
	char said[160], trouble[sizeof(((struct rt_diag *)0)->what) + 160];
};

/* ---- reading --------------------------------------------------------------------- */

static enum rt_err
begin_pass(struct rt_player *p, struct pass *pass, struct rt_diag *d)
{
	rt_source_close(pass->source);
	*pass = (struct pass){.us = 0};
	return rt_source_open(p->o.paths, p->o.count, &pass->source, d);
}

static void
note_trouble(struct rt_player *p, const struct rt_diag *d)
{
	snprintf(p->trouble, sizeof(p->trouble), "%s%s%s", d->where,
	    d->where[0] ? ": " : "", d->what);
}

/* Make sure of a record at hand; false at the end. */
static bool
fetch(struct rt_player *p, struct pass *pass)
{
	struct rt_diag d = {{0}, {0}};
	enum rt_err err;

	if (pass->has_record || pass->is_at_end)
		return pass->has_record;
	do {
		err = rt_source_next(pass->source, &pass->record, &d);
		if (err == RT_E_IO)
			note_trouble(p, &d);
	} while (err == RT_E_IO || err == RT_E_AGAIN);
	pass->has_record = err == RT_OK;
	pass->is_at_end = !pass->has_record;
	return pass->has_record;
}

/* The time of the record at hand as it will be counted; false: it has none. */
static bool
exact_time(struct rt_player *p, struct rt_str record, int64_t *us)
{
	struct rt_event e;

	if (rt_decode(p->decoder, record.p, record.len, &e, NULL) !=
		RT_REJECT_NOT ||
	    !rt_event_has(&e, TS))
		return false;
	*us = e.ts_us;
	return true;
}

/*
 * When the record at hand is due: at its time, or with the one before it.  The cheap look
 * is made sure of only where it says "later": what is refused makes nobody wait.
 */
static int64_t
due_us(struct rt_player *p, int64_t reach_us)
{
	int64_t us;

	if (rt_source_time(p->play.record.text, &us) && us <= reach_us)
		return us;
	return exact_time(p, p->play.record.text, &us) ? us : p->at_us;
}

static void
take_record(struct rt_player *p)
{
	const struct rt_moment none = {{0}, {0}};

	p->broken = rt_aggregate_violations(p->aggregate, 0).count;
	rt_aggregate_record(
	    p->aggregate, p->play.record.text, none, p->play.record.where);
	p->play.has_record = false;
	p->play.records++;
	p->is_at_stop =
	    rt_aggregate_violations(p->aggregate, 0).count != p->broken;
	p->stops += p->is_at_stop;
}

/* ---- going somewhere --------------------------------------------------------------- */

static void
say(struct rt_player *p, const char *what)
{
	snprintf(p->said, sizeof(p->said), "%s", what);
}

/* It stands here now, and the clock runs on from here. */
static void
stand(struct rt_player *p, rt_mono_t now, int64_t us)
{
	p->at_us = us;
	rt_playhead_stand(&p->head, now, us);
}

/* The time of the newest record, where that is later. */
static int64_t
read_us(const struct rt_player *p)
{
	int64_t us = rt_aggregate_clock_us(p->aggregate);

	return us > p->at_us ? us : p->at_us;
}

/* To the time of the first record that has one: the clock begins there. */
static bool
find_start(struct rt_player *p, rt_mono_t now)
{
	int64_t us;

	if (p->at_us != 0 || !fetch(p, &p->play) ||
	    !exact_time(p, p->play.record.text, &us))
		return false;
	stand(p, now, us);
	return true;
}

static void
take_mark(void *arg, const struct rt_mark *m)
{
	const struct rt_moment none = {{0}, {0}};
	struct rt_player *p = arg;

	rt_aggregate_mark(p->aggregate, m, none);
}

/* Read again from the start. */
static void
rewind_log(struct rt_player *p, rt_mono_t now)
{
	struct rt_diag d = {{0}, {0}};

	rt_aggregate_free(p->aggregate);
	p->aggregate =
	    rt_aggregate_new(&p->o.aggregate, (struct rt_moment){now, {0}});
	p->passes++;
	p->stops = 0;
	p->is_at_stop = false;
	p->trouble[0] = '\0';
	if (begin_pass(p, &p->play, &d) == RT_OK) {
		rt_source_on_mark(p->play.source, take_mark, p);
	} else {
		note_trouble(p, &d);
		p->play.is_at_end = true;
	}
	stand(p, now, 0);
	(void)find_start(p, now);
}

/* Neither a record nor time has come since the last stop. */
static bool
stands_at_stop(const struct rt_player *p)
{
	return p->goal == GOAL_NONE && p->is_at_stop &&
	    p->at_us <= rt_aggregate_clock_us(p->aggregate);
}

static void
send_to(struct rt_player *p, rt_mono_t now, enum goal goal, int64_t value)
{
	bool is_behind = (goal == GOAL_TIME && value < p->at_us) ||
	    (goal == GOAL_RECORD && value < (int64_t)p->play.records) ||
	    (goal == GOAL_STOP &&
		(value < (int64_t)p->stops ||
		    (value == (int64_t)p->stops && !p->is_at_stop)));

	p->goal = goal;
	p->goal_value = value;
	p->land_us = 0;
	if (is_behind)
		rewind_log(p, now);
}

static void
arrive(struct rt_player *p, rt_mono_t now, int64_t us)
{
	p->goal = GOAL_NONE;
	stand(p, now, us);
}

/* No stop further on: back to where the search began. */
static void
give_up(struct rt_player *p, rt_mono_t now)
{
	say(p, "no violation further on");
	send_to(p, now, GOAL_RECORD, (int64_t)p->origin.records);
	p->land_us = p->origin.us;
}

/* Has it come where it was sent?  Asked before each record. */
static bool
is_there(const struct rt_player *p)
{
	if (p->goal == GOAL_RECORD)
		return p->play.records >= (uint64_t)p->goal_value;
	return p->goal == GOAL_STOP && p->is_at_stop &&
	    p->stops >= (uint64_t)p->goal_value;
}

static int64_t
landing_us(const struct rt_player *p)
{
	if (p->goal == GOAL_STOP)
		return rt_aggregate_clock_us(p->aggregate);
	return p->land_us ? p->land_us : read_us(p);
}

/* How far it may read now. */
static int64_t
reach_us(const struct rt_player *p, rt_mono_t now)
{
	switch (p->goal) {
	case GOAL_TIME: return p->goal_value;
	case GOAL_RECORD:
	case GOAL_STOP: return RT_PLAYHEAD_END;
	case GOAL_NONE: break;
	}
	return rt_playhead_reach(&p->head, now);
}

/* ---- the turn ---------------------------------------------------------------------- */

/* All that is due was read. */
static bool
come_to(struct rt_player *p, rt_mono_t now, int64_t us)
{
	us = us > p->at_us ? us : p->at_us;
	if (p->goal == GOAL_TIME)
		arrive(p, now, us);
	p->at_us = us;
	return false;
}

/* The end of the log: its clock is that of the newest record. */
static bool
come_to_end(struct rt_player *p, rt_mono_t now)
{
	int64_t us = rt_aggregate_clock_us(p->aggregate);

	if (p->goal == GOAL_STOP) {
		give_up(p, now);
		return true;
	}
	arrive(p, now, us);
	return false;
}

bool
rt_player_run(struct rt_player *p, rt_mono_t now, unsigned records)
{
	int64_t reach = reach_us(p, now);

	/* Held between two records of one time, it reads neither. */
	if (p->goal == GOAL_NONE && p->head.is_held) {
		(void)fetch(p, &p->play);
		return false;
	}
	for (; records > 0; records--) {
		if (is_there(p)) {
			arrive(p, now, landing_us(p));
			return false;
		}
		if (!fetch(p, &p->play))
			return come_to_end(p, now);
		if (find_start(p, now))
			reach = reach_us(p, now);
		if (reach != RT_PLAYHEAD_END) {
			p->play.us = due_us(p, reach);
			if (p->play.us > reach)
				return come_to(p, now, reach);
		}
		take_record(p);
	}
	/* Slower than it should be: the clock waits for what is read. */
	if (p->goal == GOAL_NONE)
		stand(p, now, read_us(p));
	else
		p->at_us = read_us(p);
	return true;
}

int64_t
rt_player_wait_ms(const struct rt_player *p, rt_mono_t now)
{
	if (p->play.is_at_end && p->goal == GOAL_NONE)
		return -1;
	if (p->goal != GOAL_NONE || !p->play.has_record)
		return 0;
	return rt_playhead_wait_ms(&p->head, now, p->play.us);
}

bool
rt_player_measure(struct rt_player *p, unsigned records)
{
	struct pass *m = &p->measure;
	struct rt_event e;

	for (; records > 0 && fetch(p, m); records--) {
		m->has_record = false;
		m->records++;
		if (rt_decode(p->decoder, m->record.text.p, m->record.text.len,
			&e, NULL) != RT_REJECT_NOT)
			continue;
		if (rt_event_has(&e, TS))
			m->us = e.ts_us;
		if (m->us != 0)
			rt_timeline_add(&p->timeline, m->us,
			    e.kind == RT_KIND_ATTEMPT &&
				e.error_class != RT_CLASS_NONE);
	}
	return !m->is_at_end;
}

/* ---- commands ---------------------------------------------------------------------- */

static void
do_pause(struct rt_player *p, rt_mono_t now, int64_t value)
{
	if (value == 0 && p->play.is_at_end && p->goal == GOAL_NONE)
		say(p, "the log ends here");
	(void)rt_playhead_hold(&p->head, now, value != 0);
}

static void
do_speed(struct rt_player *p, rt_mono_t now, int64_t value)
{
	(void)rt_playhead_set_speed(&p->head, now, (uint32_t)value);
}

static void
do_seek(struct rt_player *p, rt_mono_t now, int64_t value)
{
	send_to(p, now, GOAL_TIME, value);
}

static void
do_move(struct rt_player *p, rt_mono_t now, int64_t value)
{
	int64_t from = p->goal == GOAL_TIME ? p->goal_value : p->at_us;

	send_to(p, now, GOAL_TIME, from + value < 0 ? 0 : from + value);
}

static void
do_step(struct rt_player *p, rt_mono_t now, int64_t value)
{
	int64_t from =
	    p->goal == GOAL_RECORD ? p->goal_value : (int64_t)p->play.records;

	(void)rt_playhead_hold(&p->head, now, true);
	send_to(p, now, GOAL_RECORD, from + value < 0 ? 0 : from + value);
}

static void
do_violation(struct rt_player *p, rt_mono_t now, int64_t value)
{
	int64_t from = (int64_t)p->stops;

	if (p->goal == GOAL_STOP)
		from = p->goal_value;
	else if (value < 0 && !stands_at_stop(p))
		from++;
	if (value == 0)
		return;
	if (from + value < 1) {
		say(p, "no violation before");
		return;
	}
	(void)rt_playhead_hold(&p->head, now, true);
	if (p->goal == GOAL_NONE) {
		p->origin.records = p->play.records;
		p->origin.us = p->at_us;
	}
	send_to(p, now, GOAL_STOP, from + value);
}

static void (*const verbs[RT_REPLAY_VERB_COUNT])(
    struct rt_player *p, rt_mono_t now, int64_t value) = {
    [RT_REPLAY_PAUSE] = do_pause,
    [RT_REPLAY_SPEED] = do_speed,
    [RT_REPLAY_SEEK] = do_seek,
    [RT_REPLAY_MOVE] = do_move,
    [RT_REPLAY_STEP] = do_step,
    [RT_REPLAY_VIOLATION] = do_violation,
};

/* Moved to the front; the one that was silent longest makes room. */
static struct viewer *
viewer_of(struct rt_player *p, uint64_t id)
{
	struct viewer found = {.id = id};
	unsigned i = 0;

	while (i < RT_PLAYER_VIEWERS - 1 && p->viewers[i].id != id &&
	    p->viewers[i].id != 0)
		i++;
	if (p->viewers[i].id == id)
		found = p->viewers[i];
	memmove(p->viewers + 1, p->viewers, i * sizeof(p->viewers[0]));
	p->viewers[0] = found;
	return &p->viewers[0];
}

void
rt_player_obey(struct rt_player *p, const struct rt_query *q, rt_mono_t now)
{
	const struct rt_replay_command *c = q->replay.commands;
	struct viewer *v;

	if (q->replay.viewer == 0)
		return;
	v = viewer_of(p, q->replay.viewer);
	for (unsigned i = 0; i < q->replay.count; i++) {
		if (c[i].seq <= v->done)
			continue;
		v->done = c[i].seq;
		p->said[0] = '\0';
		verbs[c[i].verb](p, now, c[i].value);
	}
}

/* ---- answers ----------------------------------------------------------------------- */

static const char *
text_or_none(struct rt_report *out, const char *z)
{
	return z && z[0] ? rt_report_text(out, rt_str_of(z)) : NULL;
}

static void
report_stop(const struct rt_player *p, struct rt_report *out)
{
	struct rt_report_replay *r = &out->source.replay;
	struct rt_aggregate_violations v =
	    rt_aggregate_violations(p->aggregate, p->broken);

	if (!stands_at_stop(p))
		return;
	r->rule = text_or_none(out, v.rule);
	r->operation_id = text_or_none(out, v.operation_id);
	r->service = text_or_none(out, v.service);
	r->evidence = text_or_none(out, v.evidence);
}

static void
report_place(
    const struct rt_player *p, const struct rt_query *q, struct rt_report *out)
{
	struct rt_report_replay *r = &out->source.replay;

	r->is_on = true;
	r->is_paused = p->head.is_held;
	r->is_seeking = p->goal != GOAL_NONE;
	r->is_at_end = p->play.is_at_end && !r->is_seeking;
	r->is_measured = p->measure.is_at_end;
	r->speed = p->head.speed;
	r->record = p->play.records;
	r->records = p->measure.records;
	r->stops = p->stops;
	for (unsigned i = 0; i < RT_PLAYER_VIEWERS && q->replay.viewer; i++)
		if (p->viewers[i].id == q->replay.viewer)
			r->done = p->viewers[i].done;
	r->said = text_or_none(out, p->said);
	r->trouble = text_or_none(out, p->trouble);
	rt_timeline_report(&p->timeline, r);
}

void
rt_player_report(struct rt_player *p, const struct rt_query *q, rt_mono_t now,
    struct rt_report *out)
{
	struct rt_moment at = {now, {p->at_us}};

	out->source.name = rt_report_text(out, rt_str_of(p->o.name));
	rt_aggregate_report(p->aggregate, q, at, out);
	out->source.started_id = p->started_id + p->passes;
	if (p->play.source)
		out->journal.dropped_on_read =
		    rt_source_dropped(p->play.source);
	report_place(p, q, out);
	report_stop(p, out);
}

/* ---- life -------------------------------------------------------------------------- */

enum rt_err
rt_player_open(const struct rt_player_opts *o, rt_mono_t now,
    struct rt_player **out, struct rt_diag *d)
{
	struct rt_player *p = rt_xcalloc(1, sizeof(*p));
	enum rt_err err;

	p->o = *o;
	p->o.aggregate.is_live = false;
	p->o.aggregate.keeps_events = true;
	p->head.speed = o->speed;
	p->head.is_held = o->is_held;
	if (getrandom(&p->started_id, sizeof(p->started_id), 0) < 0)
		p->started_id = (uint64_t)now.us;
	p->started_id >>= 2; /* passes are added; not beyond what JSON holds */
	p->decoder = rt_decoder_new(&p->o.aggregate.decode);
	err = begin_pass(p, &p->measure, d);
	if (err == RT_OK)
		rewind_log(p, now);
	if (err == RT_OK && !p->play.source) {
		rt_diag_set(d, NULL, "%s", p->trouble);
		err = RT_E_IO;
	}
	if (err != RT_OK) {
		rt_player_close(p);
		return err;
	}
	*out = p;
	return RT_OK;
}

void
rt_player_close(struct rt_player *p)
{
	if (!p)
		return;
	rt_source_close(p->play.source);
	rt_source_close(p->measure.source);
	rt_aggregate_free(p->aggregate);
	rt_decoder_free(p->decoder);
	free(p);
}
