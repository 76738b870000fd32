/* SPDX-License-Identifier: MIT */
#include "collector/ahead.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

#include "proto/mem.h"

struct rt_ahead {
	struct rt_source *source;    /* borrowed */
	struct rt_decoder *decoder;  /* owned */
	struct rt_ahead_item *items; /* owned; number n is at n % ITEMS */
	pthread_t thread;

	/* the thread's own */
	uint64_t filled;
	uint64_t room; /* what may be filled before the ring is looked at */

	/* the caller's own */
	uint64_t asked, known; /* items handed out; there to be */
	bool has_ended;

	pthread_mutex_t mutex;
	pthread_cond_t moved;
	uint64_t given, done; /* by the thread; by the caller */
};

/* ---- the thread ---------------------------------------------------------------- */

static void
give(struct rt_ahead *a)
{
	pthread_mutex_lock(&a->mutex);
	a->given = a->filled;
	pthread_cond_signal(&a->moved);
	pthread_mutex_unlock(&a->mutex);
}

static struct rt_ahead_item *
begin_item(struct rt_ahead *a, enum rt_ahead_kind kind)
{
	struct rt_ahead_item *item = &a->items[a->filled % RT_AHEAD_ITEMS];

	if (a->filled == a->room) {
		pthread_mutex_lock(&a->mutex);
		while (a->filled == a->done + RT_AHEAD_ITEMS)
			pthread_cond_wait(&a->moved, &a->mutex);
		a->room = a->done + RT_AHEAD_ITEMS;
		pthread_mutex_unlock(&a->mutex);
	}
	item->kind = kind;
	return item;
}

static void
end_item(struct rt_ahead *a)
{
	if (++a->filled % RT_AHEAD_BATCH == 0)
		give(a);
}

static void
add_diag(struct rt_ahead *a, enum rt_ahead_kind kind, const struct rt_diag *why)
{
	begin_item(a, kind)->why = *why;
	end_item(a);
}

static void
add_damage(void *arg, const struct rt_diag *why)
{
	add_diag(arg, RT_AHEAD_DAMAGE, why);
}

static void
add_mark(void *arg, const struct rt_mark *m)
{
	begin_item(arg, RT_AHEAD_MARK)->mark = *m;
	end_item(arg);
}

/* A refused record is shown: its beginning and where it stands go along. */
static void
add_record(struct rt_ahead *a, const struct rt_source_record *r)
{
	struct rt_ahead_item *item = begin_item(a, RT_AHEAD_RECORD);
	struct rt_decoded *d = &item->decoded;
	size_t used, len;

	d->reject = rt_decode(
	    a->decoder, r->text.p, r->text.len, &d->event, &item->why);
	d->identity = rt_decode_identity(a->decoder);
	if (d->reject != RT_REJECT_NOT)
		d->event = (struct rt_event){0};
	used = rt_decode_move(a->decoder, &d->event, &d->identity, item->bytes);
	if (d->reject != RT_REJECT_NOT) {
		len = r->text.len < RT_RECORD_MAX ? r->text.len : RT_RECORD_MAX;
		memcpy(item->bytes + used, r->text.p, len);
		item->text = (struct rt_str){item->bytes + used, len};
		snprintf(item->where, sizeof(item->where), "%s", r->where);
	}
	end_item(a);
}

static void *
run(void *arg)
{
	struct rt_ahead *a = arg;
	struct rt_source_record record;
	struct rt_diag why = {{0}, {0}};
	enum rt_err err;

	while ((err = rt_source_next(a->source, &record, &why)) != RT_E_EMPTY) {
		if (err == RT_OK)
			add_record(a, &record);
		else
			add_diag(a, RT_AHEAD_FAILURE, &why);
	}
	begin_item(a, RT_AHEAD_END);
	a->filled++;
	give(a);
	return NULL;
}

/* ---- the caller ---------------------------------------------------------------- */

static void
free_all(struct rt_ahead *a)
{
	pthread_cond_destroy(&a->moved);
	pthread_mutex_destroy(&a->mutex);
	rt_decoder_free(a->decoder);
	free(a->items);
	free(a);
}

enum rt_err
rt_ahead_new(struct rt_source *source, const struct rt_decode_opts *o,
    struct rt_ahead **out, struct rt_diag *d)
{
	struct rt_ahead *a = rt_xcalloc(1, sizeof(*a));

	a->source = source;
	a->decoder = rt_decoder_new(o);
	a->items = rt_xcalloc(RT_AHEAD_ITEMS, sizeof(*a->items));
	a->room = RT_AHEAD_ITEMS;
	pthread_mutex_init(&a->mutex, NULL);
	pthread_cond_init(&a->moved, NULL);
	rt_source_on_damage(source, add_damage, a);
	rt_source_on_mark(source, add_mark, a);
	if (pthread_create(&a->thread, NULL, run, a) == 0) {
		*out = a;
		return RT_OK;
	}
	rt_diag_set(d, NULL, "no thread to read the log");
	free_all(a);
	return RT_E_IO;
}

void
rt_ahead_free(struct rt_ahead *a)
{
	if (!a)
		return;
	while (rt_ahead_next(a)->kind != RT_AHEAD_END)
		;
	pthread_join(a->thread, NULL);
	free_all(a);
}

/* All that was asked for before is done with. */
static void
take_more(struct rt_ahead *a)
{
	pthread_mutex_lock(&a->mutex);
	a->done = a->asked;
	pthread_cond_signal(&a->moved);
	while (a->given == a->asked)
		pthread_cond_wait(&a->moved, &a->mutex);
	a->known = a->given;
	pthread_mutex_unlock(&a->mutex);
}

struct rt_ahead_item *
rt_ahead_next(struct rt_ahead *a)
{
	struct rt_ahead_item *item;

	if (a->has_ended)
		return &a->items[(a->asked - 1) % RT_AHEAD_ITEMS];
	if (a->asked == a->known || a->asked % RT_AHEAD_BATCH == 0)
		take_more(a);
	item = &a->items[a->asked++ % RT_AHEAD_ITEMS];
	a->has_ended = item->kind == RT_AHEAD_END;
	return item;
}
