/* SPDX-License-Identifier: MIT */
/*
 * collect_answer — questions in, answers out, and intake never waits for one.
 *
 * Whatever needs series (a viewer's rows, a look of the alerts, a page of /metrics) is made
 * in pieces, one a turn of the loop: so many rows, so many bytes.  aggregate.h says how all
 * of it stays of one moment.  Pieces on the loop's own thread are the simplest that does
 * it: no other thread reads the tables, so there is still no lock, and whoever wants to
 * know what a question costs reads two constants.
 *
 * One is made at a time, in the order they came; the alerts and /metrics, at most one a
 * second each, go first.  A question without series costs less than a piece and is
 * answered at once.  RT_COLLECT_ASKS may wait here, more wait in ZeroMQ's queues.
 */
#include <stdlib.h>
#include <string.h>

#include "collector/collect_state.h"
#include "collector/metrics.h"

/* A piece: half a millisecond of either. */
#define PIECE_VISITS 128u
#define PIECE_BYTES (256u << 10)
/* A moment cannot be held for ever: twice begun anew, it is made at once. */
#define BEGIN_MAX 3u

/* ---- what a report says ---------------------------------------------------------- */

static void
report_journal(struct rt_collect *c, struct rt_report *r)
{
	struct rt_journal_stats stats;

	if (!c->journal)
		return;
	rt_journal_stats(c->journal, &stats);
	r->journal.is_on = true;
	r->journal.written = stats.written;
	r->journal.not_journalled = stats.not_journalled;
	r->journal.dropped_on_read = c->journal_damaged;
	r->journal.state = rt_report_text(r, rt_str_of(stats.state));
}

static void
report_access(struct rt_collect *c, struct rt_report *r)
{
	struct rt_bus_stats stats = rt_bus_stats(c->bus);

	r->access.is_on = c->access != NULL;
	r->access.forged = c->forged;
	r->access.unauthorised = stats.unauthorised;
	r->access.handshakes_failed = stats.handshakes_failed;
	r->overflow[RT_OVERFLOW_OWNERS] += rt_owner_forgotten(c->owner);
}

/* All but the series. */
static void
begin_report(struct rt_collect *c, const struct rt_query *q,
    struct rt_moment at, struct rt_report *r)
{
	rt_report_reset(r);
	r->source.name =
	    rt_report_text(r, rt_str_of(rt_bus_endpoint(c->bus, RT_BUS_QUERY)));
	rt_aggregate_report_begin(c->aggregate, q, at, r);
	r->source.version = RT_VERSION_TEXT;
	if (rt_report_is_past(r))
		return;
	rt_intake_report(c->intake, at.mono, r);
	r->lost_ports = c->lost_ports;
	report_journal(c, r);
	report_access(c, r);
	rt_alerts_report(c->alerts, r);
}

void
rt_collect_report(
    struct rt_collect *c, const struct rt_query *q, struct rt_moment at)
{
	begin_report(c, q, at, &c->report);
}

/* ---- questions ----------------------------------------------------------------- */

/* NULL where a collector can answer it. */
static const char *
refuse_question(const struct rt_query *q)
{
	return q->replay.viewer
	    ? "this collector is live: only a replay can be steered"
	    : NULL;
}

static void
put_off(struct rt_collect *c, const struct rt_bus_message *m,
    const struct rt_query *q)
{
	struct rt_collect_asks *asks = &c->asks;
	struct rt_collect_ask *ask =
	    &asks->waiting[(asks->first + asks->count) % RT_COLLECT_ASKS];

	asks->count++;
	ask->query = *q;
	ask->to_len = m->from.len;
	ask->head_len = m->head.len;
	memcpy(ask->to, m->from.p, m->from.len);
	if (m->head.len > 0)
		memcpy(ask->head, m->head.p, m->head.len);
}

bool
rt_collect_has_room(const struct rt_collect *c)
{
	return c->asks.count < RT_COLLECT_ASKS;
}

void
rt_collect_take_question(
    struct rt_collect *c, const struct rt_bus_message *m, struct rt_moment at)
{
	struct rt_query q;
	struct rt_diag d = {{0}, {0}};

	if (m->frames != 3 || m->from.len > sizeof(c->asks.waiting[0].to) ||
	    m->head.len > sizeof(c->asks.waiting[0].head)) {
		c->bad_queries++;
		return;
	}
	rt_buf_reset(&c->answer);
	if (rt_query_decode(&q, m->body, &d) != RT_OK) {
		c->bad_queries++;
		rt_report_encode_error(&c->answer, d.where, d.what);
	} else if (refuse_question(&q)) {
		c->bad_queries++;
		rt_report_encode_error(
		    &c->answer, "replay", refuse_question(&q));
	} else if (!q.no_series) {
		put_off(c, m, &q);
		return;
	} else {
		rt_collect_report(c, &q, at);
		rt_report_encode(&c->answer, &c->report);
	}
	if (rt_bus_answer(c->bus, RT_BUS_QUERY, m->head,
		(struct rt_str){c->answer.p, c->answer.len}) != RT_OK)
		c->unread_answers++;
}

void
rt_collect_tend_alerts(struct rt_collect *c, struct rt_moment at)
{
	if (rt_alerts_is_due(c->alerts, at.mono))
		c->asks.is_look_due = true;
}

void
rt_collect_tend_http(struct rt_collect *c)
{
	if (rt_http_take_question(c->http))
		c->asks.is_page_due = true;
}

/* ---- what is being made ---------------------------------------------------------- */

bool
rt_collect_is_answering(const struct rt_collect *c)
{
	const struct rt_collect_asks *asks = &c->asks;

	return asks->step != RT_COLLECT_IDLE || asks->is_look_due ||
	    asks->is_page_due || asks->count > 0;
}

static void
begin(struct rt_collect *c)
{
	struct rt_collect_asks *asks = &c->asks;

	asks->at = rt_collect_moment();
	if (asks->who == RT_COLLECT_LOOK) /* its rules may be others by now */
		asks->now.query = rt_alerts_query(c->alerts);
	begin_report(c, &asks->now.query, asks->at, &asks->reports[asks->who]);
	asks->step = RT_COLLECT_BUILD;
	asks->is_outdated = false;
	asks->begun++;
}

static void
begin_next(struct rt_collect *c)
{
	static const struct rt_query page = {
	    /* and the one of what did not fit */
	    .rows = RT_METRICS_SERIES_MAX + 1,
	    .sort = RT_SORT_ATTEMPTS};
	struct rt_collect_asks *asks = &c->asks;

	asks->begun = 0;
	if (asks->is_look_due) {
		asks->is_look_due = false;
		asks->who = RT_COLLECT_LOOK;
	} else if (asks->is_page_due) {
		asks->is_page_due = false;
		asks->who = RT_COLLECT_PAGE;
		asks->now.query = page;
	} else {
		asks->who = RT_COLLECT_VIEWER;
		asks->now = asks->waiting[asks->first];
		asks->first = (asks->first + 1) % RT_COLLECT_ASKS;
		asks->count--;
	}
	begin(c);
}

/* Into as much room as the last full one took: it goes away with its answer. */
static void
begin_encode(struct rt_collect *c, const struct rt_report *r)
{
	struct rt_collect_asks *asks = &c->asks;

	if (asks->now.query.rows == 0)
		(void)rt_buf_room(&asks->text, asks->text_bytes);
	asks->encoder = rt_report_encode_begin(&asks->text, r);
	asks->step = RT_COLLECT_ENCODE;
}

/* The report is whole: hand it to whom it is for. */
static void
built(struct rt_collect *c)
{
	struct rt_collect_asks *asks = &c->asks;
	struct rt_report *r = &asks->reports[asks->who];

	rt_aggregate_report_end(c->aggregate);
	asks->step = RT_COLLECT_IDLE;
	switch (asks->who) {
	case RT_COLLECT_LOOK: rt_alerts_look(c->alerts, r, asks->at); break;
	case RT_COLLECT_PAGE: rt_http_answer(c->http, r); break;
	case RT_COLLECT_VIEWER: begin_encode(c, r); break;
	case RT_COLLECT_WHO_COUNT: break;
	}
}

static void
build(struct rt_collect *c)
{
	struct rt_collect_asks *asks = &c->asks;
	uint32_t visits = PIECE_VISITS;

	if (asks->is_outdated || rt_aggregate_report_is_stale(c->aggregate)) {
		rt_aggregate_report_end(c->aggregate);
		begin(c);
		visits = asks->begun < BEGIN_MAX ? PIECE_VISITS : UINT32_MAX;
	}
	if (!rt_aggregate_report_step(c->aggregate, visits))
		built(c);
}

static void
encode(struct rt_collect *c)
{
	struct rt_collect_asks *asks = &c->asks;
	const struct rt_str to = {asks->now.to, asks->now.to_len};
	const struct rt_str head = {asks->now.head, asks->now.head_len};

	if (rt_report_encode_step(&asks->encoder, PIECE_BYTES))
		return;
	asks->step = RT_COLLECT_IDLE;
	if (asks->text.overflow)
		rt_report_encode_error(&asks->text, "report",
		    "larger than an answer may be; ask for fewer rows");
	if (asks->now.query.rows == 0)
		asks->text_bytes = asks->text.len + asks->text.len / 16;
	if (rt_bus_give_answer(c->bus, RT_BUS_QUERY, to, head, &asks->text) !=
	    RT_OK)
		c->unread_answers++;
}

void
rt_collect_tend_answers(struct rt_collect *c)
{
	switch (c->asks.step) {
	case RT_COLLECT_IDLE:
		if (rt_collect_is_answering(c))
			begin_next(c);
		break;
	case RT_COLLECT_BUILD: build(c); break;
	case RT_COLLECT_ENCODE: encode(c); break;
	}
}

void
rt_collect_asks_init(struct rt_collect_asks *asks)
{
	*asks = (struct rt_collect_asks){.step = RT_COLLECT_IDLE};
	rt_buf_init(&asks->text, RT_REPORT_MAX);
	for (int i = 0; i < RT_COLLECT_WHO_COUNT; i++)
		rt_report_init(&asks->reports[i]);
}

void
rt_collect_asks_fini(struct rt_collect_asks *asks)
{
	rt_buf_fini(&asks->text);
	for (int i = 0; i < RT_COLLECT_WHO_COUNT; i++)
		rt_report_fini(&asks->reports[i]);
}
