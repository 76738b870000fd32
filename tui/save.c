/* SPDX-License-Identifier: MIT */
#include "tui/save.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "proto/ask.h"
#include "proto/mem.h"
#include "tui/fmt.h"
#include "tui/state.h"

#define PAGE_LINES 1024u
#define PATIENCE_MS 10000 /* without an answer */
#define ASK_WINDOW_S 60   /* the counts of these answers are not looked at */

struct rt_save {
	const char *endpoint;               /* borrowed */
	const struct rt_curve_paths *certs; /* borrowed */
	struct rt_ask *ask;                 /* owned; NULL: not yet */
	struct rt_report report;
	struct rt_buf question, page;
	bool is_on;
	struct rt_state_file file;
	/* the window */
	struct rt_report_span span;
	uint64_t started_id, accepted;
	uint32_t window_s;
	int64_t until_us; /* wall */
	/* how far it is */
	uint64_t cursor, written;
	rt_mono_t asked_at;
};

struct rt_save *
rt_save_new(const char *endpoint, const struct rt_curve_paths *certs)
{
	struct rt_save *s = rt_xcalloc(1, sizeof(*s));

	s->endpoint = endpoint;
	s->certs = certs;
	rt_report_init(&s->report);
	rt_buf_init(&s->question, RT_QUERY_MAX);
	rt_buf_init(&s->page, RT_REPORT_MAX);
	return s;
}

void
rt_save_free(struct rt_save *s)
{
	if (!s)
		return;
	if (s->is_on)
		rt_state_drop(&s->file);
	rt_ask_close(s->ask);
	rt_report_fini(&s->report);
	rt_buf_fini(&s->question);
	rt_buf_fini(&s->page);
	free(s);
}

bool
rt_save_is_on(const struct rt_save *s)
{
	return s->is_on;
}

int
rt_save_fd(const struct rt_save *s)
{
	return rt_ask_fd(s->ask);
}

static void
say_trouble(struct rt_model *m, const struct rt_diag *d)
{
	rt_model_say(
	    m, "not saved: %s%s%s", d->where, d->where[0] ? ": " : "", d->what);
}

static void
give_up(struct rt_save *s, struct rt_model *m, const char *why)
{
	rt_state_drop(&s->file);
	s->is_on = false;
	rt_model_say(m, "not saved: %s", why);
}

static void
ask_page(struct rt_save *s, rt_mono_t now)
{
	const struct rt_query q = {.window_s = ASK_WINDOW_S,
	    .no_series = true,
	    .tail = true,
	    .tail_cursor = s->cursor,
	    .tail_max = PAGE_LINES,
	    .tail_span = s->span};

	rt_buf_reset(&s->question);
	rt_query_encode(&s->question, &q);
	/* What cannot be queued is noticed as silence. */
	if (rt_ask_send(s->ask,
		(struct rt_str){s->question.p, s->question.len}) != RT_OK)
		return;
	s->asked_at = now;
}

void
rt_save_begin(struct rt_save *s, struct rt_model *m)
{
	const struct rt_report *r = rt_model_report(m);
	struct rt_diag d = {{0}, {0}};
	char stem[32];
	enum rt_err err = RT_OK;

	if (s->is_on) {
		rt_model_say(m, "one is being saved already");
		return;
	}
	if (!s->ask)
		err = rt_ask_open_keyed(s->endpoint, s->certs, &s->ask, &d);
	s->window_s = (uint32_t)r->source.window_s;
	snprintf(stem, sizeof(stem), "window-%s", rt_window_name(s->window_s));
	if (err == RT_OK)
		err = rt_state_begin(
		    &s->file, stem, m->export_to, m->now_wall, &d);
	if (err != RT_OK) {
		say_trouble(m, &d);
		return;
	}
	s->is_on = true;
	s->span = r->source.span;
	s->started_id = r->source.started_id;
	s->accepted = r->counts.n[RT_C_ACCEPTED];
	s->until_us = r->source.at_us ? r->source.at_us : r->source.now_us;
	s->cursor = s->written = 0;
	s->asked_at = m->now;
	ask_page(s, m->now);
	rt_model_say(m, "saving %llu records to %s",
	    (unsigned long long)s->accepted, s->file.path);
}

static void
finish(struct rt_save *s, struct rt_model *m)
{
	uint64_t gone = s->accepted > s->written ? s->accepted - s->written : 0;
	struct rt_diag d = {{0}, {0}};
	char until[RT_FMT_SIZE], path[RT_STATE_PATH];

	snprintf(path, sizeof(path), "%s", s->file.path);
	s->is_on = false;
	if (rt_state_end(&s->file, &d) != RT_OK) {
		say_trouble(m, &d);
		return;
	}
	rt_fmt_clock(until, s->until_us, m->utc);
	if (gone > 0)
		rt_model_say(m,
		    "%llu of the %llu records of the %s until %s in %s; %llu "
		    "are not held any more",
		    (unsigned long long)s->written,
		    (unsigned long long)s->accepted,
		    rt_window_name(s->window_s), until, path,
		    (unsigned long long)gone);
	else
		rt_model_say(m, "all %llu records of the %s until %s in %s",
		    (unsigned long long)s->written, rt_window_name(s->window_s),
		    until, path);
}

/* False where it cannot be written. */
static bool
write_page(struct rt_save *s, struct rt_diag *d)
{
	const struct rt_report_tail *tail = &s->report.tail;

	rt_buf_reset(&s->page);
	for (size_t i = 0; i < tail->count; i++) {
		rt_buf_puts(&s->page, tail->lines[i]);
		rt_buf_putc(&s->page, '\n');
	}
	s->written += tail->count;
	return rt_state_add(&s->file, (struct rt_str){s->page.p, s->page.len},
		   d) == RT_OK;
}

static void
take_page(struct rt_save *s, struct rt_model *m, struct rt_str answer)
{
	const struct rt_report_tail *tail = &s->report.tail;
	struct rt_diag d = {{0}, {0}};

	if (rt_report_decode(&s->report, answer, &d) != RT_OK) {
		give_up(s, m, d.what);
		return;
	}
	if (s->report.source.started_id != s->started_id) {
		give_up(s, m,
		    "the collector was started again, what it held is gone");
		return;
	}
	if (!write_page(s, &d)) {
		s->is_on = false;
		say_trouble(m, &d);
		return;
	}
	if (tail->count < PAGE_LINES || tail->cursor <= s->cursor) {
		finish(s, m);
		return;
	}
	s->cursor = tail->cursor;
	ask_page(s, m->now);
}

bool
rt_save_step(struct rt_save *s, struct rt_model *m)
{
	struct rt_str answer;
	bool changed = false;

	while (s->is_on && rt_ask_poll(s->ask, &answer) == RT_OK) {
		take_page(s, m, answer);
		changed = true;
	}
	if (s->is_on && rt_mono_ms_between(s->asked_at, m->now) > PATIENCE_MS) {
		give_up(s, m, "the collector does not answer");
		changed = true;
	}
	return changed;
}
