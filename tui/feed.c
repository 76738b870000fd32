/* SPDX-License-Identifier: MIT */
#include "tui/feed.h"

#include <stdlib.h>
#include <string.h>

#include "proto/ask.h"
#include "proto/decode.h"
#include "proto/mem.h"
#include "tui/travel.h"

#define ASK_MS 1000
#define HURRY_MS 100  /* while a replay is on its way */
#define AGAIN_MS 2000 /* after a question that nobody answered */

struct rt_feed {
	struct rt_ask *ask;         /* owned */
	struct rt_decoder *decoder; /* owned */
	struct rt_report report;    /* the next answer */
	struct rt_buf question;
	rt_mono_t asked_at;
	bool waits; /* for an answer */
	bool has_asked;
};

enum rt_err
rt_feed_open(const char *endpoint, const struct rt_curve_paths *certs,
    struct rt_feed **out, struct rt_diag *d)
{
	struct rt_feed *f = rt_xcalloc(1, sizeof(*f));
	const struct rt_decode_opts o = {.attempt_base = 1};
	enum rt_err err = rt_ask_open_keyed(endpoint, certs, &f->ask, d);

	if (err != RT_OK) {
		free(f);
		return err;
	}
	f->decoder = rt_decoder_new(&o);
	rt_report_init(&f->report);
	rt_buf_init(&f->question, RT_QUERY_MAX);
	*out = f;
	return RT_OK;
}

void
rt_feed_close(struct rt_feed *f)
{
	if (!f)
		return;
	rt_ask_close(f->ask);
	rt_decoder_free(f->decoder);
	rt_report_fini(&f->report);
	rt_buf_fini(&f->question);
	free(f);
}

int
rt_feed_fd(const struct rt_feed *f)
{
	return rt_ask_fd(f->ask);
}

/* ---- the tail --------------------------------------------------------- */

/* The newest ones were asked for, and some of them are here already. */
static size_t
seen_before(const struct rt_model *m, uint64_t first)
{
	if (rt_report_is_past(&m->live) || m->tail_next == UINT64_MAX ||
	    first >= m->tail_next)
		return 0;
	return (size_t)(m->tail_next - first);
}

static void
take_tail(
    struct rt_feed *f, struct rt_model *m, const struct rt_report_tail *tail)
{
	uint64_t first = tail->cursor - tail->count;
	bool was_known = m->tail_next != UINT64_MAX;
	bool was_rewound = m->rewound > 0;

	/* Asked from a place in an earlier pass: ask again. */
	if (m->rewound > 0 && --m->rewound > 0)
		return;
	m->has_moved = m->has_moved || was_rewound;
	for (size_t i = seen_before(m, first); i < tail->count; i++) {
		struct rt_event e;

		if (rt_decode(f->decoder, tail->lines[i],
			strlen(tail->lines[i]), &e, NULL) == RT_REJECT_NOT)
			rt_model_event(m, &e);
	}
	if (rt_report_is_past(&m->live))
		return;
	/* Who sends a replay on does not want what lies between. */
	if (was_known && first > m->tail_next && !m->live.source.replay.is_on)
		m->tail_missed += first - m->tail_next;
	m->tail_next = tail->cursor;
	/* A full answer: there may be many more; see the newest of them. */
	m->tail_cursor =
	    tail->count >= RT_MODEL_ROWS ? UINT64_MAX : tail->cursor;
}

/* ---- asking and taking ------------------------------------------------ */

static bool
take_answer(struct rt_feed *f, struct rt_model *m)
{
	struct rt_str answer;
	struct rt_diag d = {{0}, {0}};

	if (rt_ask_poll(f->ask, &answer) != RT_OK)
		return false;
	f->waits = false;
	/* We were stopped, and it lay here: it says nothing about now. */
	if (rt_mono_ms_between(f->asked_at, m->now) > RT_MODEL_GONE_MS) {
		m->ask_now = true;
		return true;
	}
	if (rt_report_decode(&f->report, answer, &d) != RT_OK) {
		rt_model_trouble(m, d.what);
		return true;
	}
	rt_model_answer(m, &f->report);
	if (m->live.tail.asked)
		take_tail(f, m, &m->live.tail);
	if (m->has_moved)
		rt_travel_arrived(m);
	return true;
}

static int64_t
due_ms(const struct rt_feed *f, const struct rt_model *m)
{
	int64_t pace = f->waits  ? AGAIN_MS
	    : rt_reel_hurries(m) ? HURRY_MS
				 : ASK_MS;

	if (!f->has_asked || m->ask_now)
		return 0;
	pace -= rt_mono_ms_between(f->asked_at, m->now);
	return pace < 0 ? 0 : pace;
}

static void
note_asked(struct rt_model *m, const struct rt_query *q)
{
	m->asked_at = m->now;
	m->asked_at_us = q->at_us;
}

static void
ask(struct rt_feed *f, struct rt_model *m)
{
	struct rt_query q = rt_model_query(m);

	rt_buf_reset(&f->question);
	rt_query_encode(&f->question, &q);
	/* Where it cannot be queued, an earlier question still waits. */
	f->waits = true;
	if (rt_ask_send(f->ask,
		(struct rt_str){f->question.p, f->question.len}) == RT_OK)
		note_asked(m, &q);
	f->asked_at = m->now;
	f->has_asked = true;
	m->ask_now = false;
}

bool
rt_feed_step(struct rt_feed *f, struct rt_model *m)
{
	bool changed = false;

	while (take_answer(f, m))
		changed = true;
	if (due_ms(f, m) == 0)
		ask(f, m);
	return changed;
}

int
rt_feed_wait_ms(const struct rt_feed *f, const struct rt_model *m)
{
	return (int)due_ms(f, m);
}
