/* SPDX-License-Identifier: MIT */
/*
 * collect_take — what a turn of the loop takes in: an event, a batch.
 */
#include <stdio.h>

#include "collector/collect_state.h"
#include "proto/event.h"

/* Lines about senders over their rate come no closer. */
#define NAMES_MS 5000

/* ---- intake -------------------------------------------------------------------- */

/* A message that holds no record still has to be seen: as one that is no JSON. */
static void
refuse(struct rt_collect *c, struct rt_moment at, const char *source,
    const char *what)
{
	rt_aggregate_record(c->aggregate, rt_str_of(what), at, source);
}

/* ---- emitter ids and keys -------------------------------------------------------- */

/* The `emitter` of a record: on the open port it is as good as a sender's name. */
static bool
may_use(void *arg, struct rt_str emitter)
{
	struct rt_collect *c = arg;

	return c->sender.may_claim
	    ? rt_owner_claim(c->owner, c->sender.key, emitter)
	    : rt_owner_may(c->owner, c->sender.key, emitter);
}

void
rt_collect_open_owners(struct rt_collect *c)
{
	const char *path = c->config.access.owners;
	char beside[sizeof(c->config.journal.dir) + 16];
	struct rt_diag d = {{0}, {0}};

	if (!c->access)
		return;
	rt_aggregate_on_emitter(c->aggregate, may_use, c);
	if (!path[0] && c->journal) {
		snprintf(
		    beside, sizeof(beside), "%s/owners", c->config.journal.dir);
		path = beside;
	}
	if (!path[0])
		rt_collect_warn("keys: whose an emitter id is, is forgotten at "
				"the end: no --owners and no journal");
	else if (rt_owner_file_open(&c->owners, path, c->owner, &d) != RT_OK)
		rt_collect_warn("%s: %s", d.where, d.what);
}

void
rt_collect_tend_owners(struct rt_collect *c, struct rt_moment at, bool is_last)
{
	struct rt_diag d = {{0}, {0}};

	if (!rt_owner_file_tend(&c->owners, c->owner, at.mono, is_last, &d))
		rt_collect_warn("%s: %s", d.where, d.what);
}

static void
begin_sender(struct rt_collect *c, const struct rt_bus_message *m, bool claims)
{
	c->sender.key = m->key;
	c->sender.may_claim = claims;
}

static void
end_sender(struct rt_collect *c)
{
	c->sender.key = NULL;
	c->sender.may_claim = false;
}

/* ---- messages ---------------------------------------------------------------------- */

void
rt_collect_take_event(
    struct rt_collect *c, const struct rt_bus_message *m, struct rt_moment at)
{
	char what[96];

	begin_sender(c, m, true);
	rt_aggregate_set_limited(c->aggregate, true);
	if (m->frames != 1) {
		snprintf(what, sizeof(what),
		    "(a message of %u frames; events are single frames)",
		    m->frames);
		refuse(c, at, "events", what);
	} else if (m->body.len > RT_MESSAGE_MAX) {
		rt_aggregate_record(c->aggregate, m->body, at, "events");
	} else {
		rt_aggregate_message(c->aggregate, m->body, at, "events");
	}
	rt_aggregate_set_limited(c->aggregate, false);
	end_sender(c);
}

void
rt_collect_answer(struct rt_collect *c, struct rt_str to, struct rt_str body)
{
	/* An answer that is lost is covered by the next one. */
	if (rt_bus_answer_to(c->bus, RT_BUS_INTAKE, to, RT_STR_NONE, body) !=
	    RT_OK)
		c->unread_answers++;
}

static void
answer_sender(
    struct rt_collect *c, struct rt_str to, const struct rt_wire_answer *answer)
{
	char text[RT_WIRE_HEADER_MAX];
	size_t len = rt_wire_answer_encode(text, sizeof(text), answer);

	if (c->journal)
		rt_journal_answer(c->journal, to, (struct rt_str){text, len});
	else
		rt_collect_answer(c, to, (struct rt_str){text, len});
}

/* Where the sender stands goes to the journal together with its records. */
static void
note_position(struct rt_collect *c, const struct rt_wire_header *h)
{
	struct rt_wire_header hello;

	if (c->journal && rt_intake_position_of(c->intake, h, &hello))
		rt_journal_position(c->journal, &hello);
}

void
rt_collect_take_batch(
    struct rt_collect *c, const struct rt_bus_message *m, struct rt_moment at)
{
	struct rt_wire_header h = {0};
	struct rt_intake_verdict v;
	struct rt_str records;
	uint64_t refused;
	enum rt_err err = m->frames == 3
	    ? rt_wire_header_decode(m->head.p, m->head.len, &h)
	    : RT_E_SYNTAX;

	if (err != RT_OK && err != RT_E_VERSION) {
		refuse(c, at, "intake",
		    "(a message without a header of acknowledged delivery)");
		return;
	}
	snprintf(c->source, sizeof(c->source), "intake %s", h.emitter);
	if (err == RT_OK &&
	    (m->body.len > RT_MESSAGE_MAX ||
		rt_intake_records(m->body, h.count, 0, &records) != RT_OK)) {
		refuse(c, at, c->source,
		    "(a batch that is too large or not what its header says)");
		return;
	}
	/* No answer: what a forger is told is nothing. */
	if (err == RT_OK && m->key &&
	    !rt_owner_claim(c->owner, m->key, rt_str_of(h.emitter))) {
		c->forged++;
		return;
	}
	rt_intake_take(c->intake, &h, at.mono, &v);
	if (v.action == RT_INTAKE_TAKE &&
	    rt_intake_records(m->body, h.count, v.skip, &records) == RT_OK) {
		refused = rt_aggregate_refused(c->aggregate);
		/* What it forwards may be of many: their ids are not its own. */
		begin_sender(c, m, false);
		rt_aggregate_message(c->aggregate, records, at, c->source);
		end_sender(c);
		rt_intake_told(c->intake, &h,
		    rt_aggregate_refused(c->aggregate) - refused,
		    rt_aggregate_service(c->aggregate));
		note_position(c, &h);
	}
	if (v.is_held)
		rt_intake_hold(c->intake, &h, m->from, at.mono);
	else
		answer_sender(c, m->from, &v.answer);
}

/* ---- rates ---------------------------------------------------------------------- */

void
rt_collect_send_due(struct rt_collect *c, struct rt_moment at)
{
	struct rt_wire_answer answer;
	struct rt_str to;

	while (rt_intake_due(c->intake, at.mono, &to, &answer))
		answer_sender(c, to, &answer);
}

/* The names of one port, and what becomes of what is too much. */
static void
say_names(const struct rt_collect *c, struct rt_namer *n, const char *whose,
    const char *what)
{
	unsigned i;

	for (i = 0; i < n->count; i++)
		rt_collect_warn("%s%.*s sends more than %lld records a second: "
				"%s",
		    n->rows[i].len ? whose : "whoever names no emitter",
		    (int)n->rows[i].len, n->rows[i].name,
		    (long long)c->config.limits.emitter_rate, what);
	if (n->more > 0)
		rt_collect_warn("%llu more do", (unsigned long long)n->more);
	*n = (struct rt_namer){.count = 0};
}

void
rt_collect_name_over(struct rt_collect *c, struct rt_moment at)
{
	struct rt_namer *emitters = rt_aggregate_over_rate(c->aggregate);
	struct rt_namer *senders = rt_intake_over_rate(c->intake);

	if (emitters->count + senders->count == 0 ||
	    (c->named.us != 0 &&
		rt_mono_ms_between(c->named, at.mono) < NAMES_MS))
		return;
	c->named = at.mono;
	say_names(
	    c, emitters, "emitter ", "what is too much is refused (over_rate)");
	say_names(c, senders, "sender ", "its answers are held back");
}
