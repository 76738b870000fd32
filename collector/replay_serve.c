/* SPDX-License-Identifier: MIT */
#include "collector/replay_serve.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "collector/bus.h"
#include "proto/clock.h"
#include "proto/signals.h"

/* A turn of a millisecond or two, so that a question never waits for long. */
#define TURN_RECORDS 512u
#define TURN_QUESTIONS 8u
/* What a command asks for is often done at once: before it is answered. */
#define EAGER_MS 20
#define WAIT_MS 250

struct serving {
	struct rt_player *player; /* owned */
	struct rt_bus *bus;       /* owned */
	int signal_fd;
	struct rt_report report;
	struct rt_buf answer;
};

enum rt_exit
rt_replay_exit(enum rt_err err)
{
	return err == RT_E_FULL ? RT_EXIT_USAGE : RT_EXIT_IO;
}

/* ---- questions ----------------------------------------------------------------- */

static void
obey(struct serving *s, const struct rt_query *q)
{
	rt_mono_t now = rt_clock_mono(), until = rt_mono_add_ms(now, EAGER_MS);
	bool is_busy;

	(void)rt_player_run(s->player, now, TURN_RECORDS);
	rt_player_obey(s->player, q, now);
	is_busy = q->replay.count > 0;
	while (is_busy && now.us < until.us) {
		is_busy = rt_player_run(s->player, now, TURN_RECORDS);
		now = rt_clock_mono();
	}
}

static void
take_question(struct serving *s, const struct rt_bus_message *m)
{
	struct rt_query q;
	struct rt_diag d = {{0}, {0}};

	if (m->frames != 3)
		return;
	rt_buf_reset(&s->answer);
	if (rt_query_decode(&q, m->body, &d) == RT_OK) {
		obey(s, &q);
		rt_report_reset(&s->report);
		rt_player_report(s->player, &q, rt_clock_mono(), &s->report);
		rt_report_encode(&s->answer, &s->report);
		if (s->answer.overflow)
			rt_report_encode_error(&s->answer, "report",
			    "larger than an answer may be; ask for fewer rows");
	} else {
		rt_report_encode_error(&s->answer, d.where, d.what);
	}
	if (rt_bus_answer(s->bus, RT_BUS_QUERY, m->head,
		(struct rt_str){s->answer.p, s->answer.len}) != RT_OK)
		return; /* whoever does not read its answer asks again */
}

/* ---- the loop ------------------------------------------------------------------ */

static int
wait_ms(const struct serving *s)
{
	int64_t ms = rt_player_wait_ms(s->player, rt_clock_mono());

	return ms < 0 || ms > WAIT_MS ? WAIT_MS : (int)ms;
}

/* Reads what is due, else measures, and answers in between. */
static void
run(struct serving *s)
{
	struct rt_bus_message m;
	bool is_busy = true;
	unsigned n;

	/* Signals end it, whichever they are. */
	while (!rt_bus_wait(s->bus, s->signal_fd, is_busy ? 0 : wait_ms(s))) {
		enum rt_err err = RT_OK;

		is_busy =
		    rt_player_run(s->player, rt_clock_mono(), TURN_RECORDS);
		if (!is_busy)
			is_busy = rt_player_measure(s->player, TURN_RECORDS);
		for (n = 0; n < TURN_QUESTIONS && err != RT_E_AGAIN; n++) {
			err = rt_bus_take(s->bus, RT_BUS_QUERY, &m);
			if (err == RT_OK)
				take_question(s, &m);
		}
	}
}

static void
say_ready(const struct rt_replay_serving *o, const struct serving *s)
{
	struct rt_diag d;

	rt_diag_set(&d, NULL, "%s on %s; retrytop -c %s walks through it",
	    o->player.name, rt_bus_endpoint(s->bus, RT_BUS_QUERY),
	    rt_bus_endpoint(s->bus, RT_BUS_QUERY));
	fprintf(stderr, "retrytop replay: %s\n", d.what);
	if (o->ready_fd < 0)
		return;
	if (write((int)o->ready_fd, "\n", 1) != 1)
		fprintf(stderr, "retrytop replay: --ready-fd %d: %s\n",
		    (int)o->ready_fd, strerror(errno));
	close((int)o->ready_fd);
}

static enum rt_err
open_bus(
    const struct rt_replay_serving *o, struct serving *s, struct rt_diag *d)
{
	const struct rt_endpoint endpoints[RT_BUS_COUNT] = {
	    [RT_BUS_EVENTS] = {"off"},
	    [RT_BUS_INTAKE] = {"off"},
	    [RT_BUS_QUERY] = o->endpoint};

	return rt_bus_open(endpoints, NULL, false, &s->bus, d);
}

int
rt_replay_serve(const struct rt_replay_serving *o)
{
	struct serving s = {.signal_fd = rt_signals_open(NULL)};
	struct rt_diag d = {{0}, {0}};
	enum rt_err err;
	enum rt_exit code;

	signal(SIGPIPE, SIG_IGN);
	err = rt_player_open(&o->player, rt_clock_mono(), &s.player, &d);
	code = rt_replay_exit(err);
	if (err == RT_OK) {
		err = open_bus(o, &s, &d);
		code = err == RT_E_USAGE ? RT_EXIT_USAGE : RT_EXIT_IO;
	}
	if (err == RT_OK) {
		rt_report_init(&s.report);
		rt_buf_init(&s.answer, RT_REPORT_MAX);
		say_ready(o, &s);
		run(&s);
		rt_buf_fini(&s.answer);
		rt_report_fini(&s.report);
	}
	rt_bus_close(s.bus);
	rt_player_close(s.player);
	close(s.signal_fd);
	return err == RT_OK ? RT_EXIT_OK : rt_options_fail("replay", &d, code);
}
