/* SPDX-License-Identifier: MIT */
/*
 * reel — what the keys tell a replay: hold, speed, back and forth, to a violation.
 *
 * What    Each is a numbered command that goes with the questions until an answer says it
 *         is done (query.h); the replay does none twice.  Where it stands is in each
 *         answer: report.source.replay, its time is source.now_us.
 * Back    Going back makes the replay read anew; its started_id changes, and events known
 *         from before are forgotten.
 * Bound   RT_REPLAY_COMMANDS not yet done; more are refused in words.
 * Pure    The model is handed in; see model.h.
 */
#ifndef RT_REEL_H
#define RT_REEL_H

#include <stdbool.h>
#include <stdint.h>

#include "proto/query.h"
#include "proto/report.h"

struct rt_model;

struct rt_reel {
	uint64_t viewer; /* 0: told nothing yet */
	uint64_t seq;    /* of the last command */
	unsigned count;  /* not yet done */
	struct rt_replay_command commands[RT_REPLAY_COMMANDS];
	bool awaits; /* what the last command came to is not told yet */
	bool sought; /* it was one for a violation */
	/* the operation that Enter opens while the notice says so; empty: none */
	char offer[RT_QUERY_OPERATION_MAX + 1];
};

/* Is what the screen shows a replay that can be told something? */
bool rt_reel_is_on(const struct rt_model *m);

/* Of what the screen shows; not to be looked at where there is none. */
const struct rt_report_replay *rt_reel_place(const struct rt_model *m);

/* Hold the clock, or let it run. */
void rt_reel_pause(struct rt_model *m, bool is_paused);
/* The other of both. */
void rt_reel_turn(struct rt_model *m);
/* Seconds of the log a second; 0: as fast as it can be read.  Runs from then on. */
void rt_reel_speed(struct rt_model *m, uint32_t speed);
/* By so many columns of the time lines, as long as the window makes them. */
void rt_reel_move(struct rt_model *m, int columns);
/* By so many records; then it holds. */
void rt_reel_step(struct rt_model *m, int records);
/* To the next (1) or previous (-1) record that broke a rule; then it holds. */
void rt_reel_violation(struct rt_model *m, int by);

/*
 * "HH:MM[:SS]" of the clock on the screen, on the day of the log that is nearest; "+5m",
 * "-90s" from here; a full RFC 3339 time; "start", "end".  RT_E_FIELD for another, and for
 * a time that the log does not hold.
 */
RT_NODISCARD enum rt_err rt_reel_goto(
    struct rt_model *m, const char *when, struct rt_diag *d);
/* "1" to "1000", "max"; RT_E_FIELD. */
RT_NODISCARD enum rt_err rt_reel_speed_from(
    const char *text, uint32_t *out, struct rt_diag *d);

/* Enter: open what a notice offers; false where there is nothing. */
bool rt_reel_enter(struct rt_model *m);

/* For the model: what a question tells, what an answer says was done. */
void rt_reel_ask(const struct rt_model *m, struct rt_query *q);
void rt_reel_answer(struct rt_model *m);
/* Is an answer wanted sooner than usual? */
bool rt_reel_hurries(const struct rt_model *m);

#endif
