/* SPDX-License-Identifier: MIT */
#include "collector/journal.h"

#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "collector/journal_format.h"
#include "collector/journal_writer.h"
#include "proto/event.h"
#include "proto/mem.h"

#define RECORDS_MAX (3u << 20)
#define RUNS_US 200000
#define SENDERS_MAX (RT_JOURNAL_BODY_MAX - RECORDS_MAX)
#define ANSWERS_MAX (1u << 20)
#define HAND_OVER_BYTES \
	(256u << 10) /* while the thread is busy, wait for these */
#define QUEUE_MAX 64u
#define BEAT_MS 1000

/* What is written, and answered, together. */
struct batch {
	struct batch *next;
	struct rt_buf records, senders, answers;
	uint32_t count;
	int64_t arrived_us;
	size_t mark_at, mark_end; /* of the last mark; 0: none */
	struct rt_mark mark;
	struct rt_mark_runs runs; /* of over_rate, not written yet */
	int64_t runs_us;          /* seen first; 0: not yet */
	size_t last_sender;       /* where the line of the last one begins */
	char last_emitter[RT_WIRE_EMITTER_MAX + 1];
	uint64_t last_epoch;
};

struct list {
	struct batch *first, *last;
	unsigned count;
	size_t bytes;
};

struct rt_journal {
	pthread_t thread;
	pthread_mutex_t mutex;
	pthread_cond_t wake;
	/* Under the mutex. */
	struct list queue, done, spare;
	bool is_busy, is_closing, wants_positions;
	struct rt_journal_opts opts;
	struct rt_journal_stats stats;
	/* Of the loop. */
	uint64_t refused;       /* records that found no place in a batch */
	struct batch *pending;  /* owned */
	struct batch *answered; /* owned; its answers are being taken */
	size_t answer_at;
	int event_fd;
	/* Of the thread. */
	struct rt_journal_writer w;
};

/* ---- batches ------------------------------------------------------------------- */

static struct batch *
batch_new(void)
{
	struct batch *b = rt_xcalloc(1, sizeof(*b));

	rt_buf_init(&b->records, RECORDS_MAX);
	rt_buf_init(&b->senders, SENDERS_MAX);
	rt_buf_init(&b->answers, ANSWERS_MAX);
	return b;
}

static void
batch_reset(struct batch *b)
{
	rt_buf_reset(&b->records);
	rt_buf_reset(&b->senders);
	rt_buf_reset(&b->answers);
	b->count = 0;
	b->mark_end = 0;
	b->runs.count = 0;
	b->runs_us = 0;
	b->last_emitter[0] = '\0';
}

static void
batch_free(struct batch *b)
{
	if (!b)
		return;
	rt_buf_fini(&b->records);
	rt_buf_fini(&b->senders);
	rt_buf_fini(&b->answers);
	free(b);
}

static size_t
batch_bytes(const struct batch *b)
{
	return b->records.len + b->senders.len + b->answers.len +
	    b->runs.count * RT_MARK_SIZE;
}

static void
list_put(struct list *l, struct batch *b)
{
	b->next = NULL;
	if (l->last)
		l->last->next = b;
	else
		l->first = b;
	l->last = b;
	l->count++;
	l->bytes += batch_bytes(b);
}

static struct batch *
list_take(struct list *l)
{
	struct batch *b = l->first;

	if (!b)
		return NULL;
	l->first = b->next;
	if (!l->first)
		l->last = NULL;
	l->count--;
	l->bytes -= batch_bytes(b);
	return b;
}

static void
list_free(struct list *l)
{
	struct batch *b;

	while ((b = list_take(l)) != NULL)
		batch_free(b);
}

/* ---- the thread: its loop ------------------------------------------------------ */

/* A batch, or NULL after a second at the latest; the mutex is held. */
static struct batch *
await_batch(struct rt_journal *j)
{
	rt_mono_t until = rt_mono_add_ms(rt_clock_mono(), BEAT_MS);
	struct timespec at = {until.us / 1000000, until.us % 1000000 * 1000};
	int err = 0;

	while (
	    !j->queue.first && !j->is_closing && !j->w.is_squeezing && err == 0)
		err = pthread_cond_timedwait(&j->wake, &j->mutex, &at);
	return list_take(&j->queue);
}

static struct rt_journal_frame
frame_of(const struct batch *b)
{
	return (struct rt_journal_frame){
	    .count = b->count,
	    .arrived_us = b->arrived_us,
	    .records = {b->records.p, b->records.len},
	    .senders = {b->senders.p, b->senders.len},
	};
}

/* What the loop may ask for; the mutex is held. */
static void
tell(struct rt_journal *j)
{
	j->stats = j->w.stats;
	j->wants_positions = j->wants_positions || j->w.has_begun;
	j->w.has_begun = false;
}

static void *
run_writer(void *arg)
{
	static const uint64_t one = 1;
	struct rt_journal *j = arg;
	struct rt_journal_opts o;
	struct batch *b;

	pthread_mutex_lock(&j->mutex);
	for (;;) {
		b = await_batch(j);
		if (!b && j->is_closing)
			break;
		j->is_busy = b != NULL;
		o = j->opts;
		pthread_mutex_unlock(&j->mutex);
		if (b && (b->records.len > 0 || b->senders.len > 0))
			rt_journal_writer_put(
			    &j->w, frame_of(b), rt_clock_mono().us, &o);
		rt_journal_writer_tend(
		    &j->w, rt_clock_mono().us, rt_clock_wall(), &o);
		pthread_mutex_lock(&j->mutex);
		tell(j);
		j->is_busy = false;
		if (!b)
			continue;
		list_put(&j->done, b);
		(void)!write(j->event_fd, &one, sizeof(one));
	}
	pthread_mutex_unlock(&j->mutex);
	rt_journal_writer_end_segment(&j->w);
	return NULL;
}

/* ---- open and close ------------------------------------------------------------ */

static void
free_all(struct rt_journal *j)
{
	rt_journal_writer_fini(&j->w);
	if (j->event_fd >= 0)
		close(j->event_fd);
	list_free(&j->queue);
	list_free(&j->done);
	list_free(&j->spare);
	batch_free(j->pending);
	batch_free(j->answered);
	pthread_cond_destroy(&j->wake);
	pthread_mutex_destroy(&j->mutex);
	free(j);
}

enum rt_err
rt_journal_open(
    const struct rt_journal_opts *o, struct rt_journal **out, struct rt_diag *d)
{
	struct rt_journal *j = rt_xcalloc(1, sizeof(*j));
	pthread_condattr_t attr;
	enum rt_err err;

	j->opts = *o;
	j->opts.dir = NULL;
	rt_journal_writer_init(&j->w);
	j->stats = j->w.stats;
	pthread_mutex_init(&j->mutex, NULL);
	pthread_condattr_init(&attr);
	pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	pthread_cond_init(&j->wake, &attr);
	pthread_condattr_destroy(&attr);
	j->pending = batch_new();
	j->event_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	err = rt_journal_writer_open(&j->w, o->dir, d);
	if (err == RT_OK &&
	    (j->event_fd < 0 ||
		pthread_create(&j->thread, NULL, run_writer, j) != 0)) {
		rt_diag_set(d, o->dir, "no thread to write it");
		err = RT_E_IO;
	}
	if (err != RT_OK) {
		free_all(j);
		return err;
	}
	*out = j;
	return RT_OK;
}

static void
write_mark(struct batch *b, const struct rt_mark *m)
{
	if (b->mark_end > 0 && b->mark_end == b->records.len &&
	    rt_mark_join(&b->mark, m))
		b->records.len = b->mark_at;
	else if (b->records.len + RT_MARK_SIZE > RECORDS_MAX)
		return; /* shares the fate of the records around it */
	else
		b->mark = *m;
	b->mark_at = b->records.len;
	rt_mark_encode(&b->records, &b->mark);
	rt_buf_putc(&b->records, '\n');
	b->mark_end = b->records.len;
}

static void
write_runs(struct batch *b)
{
	unsigned i;

	for (i = 0; i < b->runs.count; i++)
		write_mark(b, &b->runs.m[i]);
	b->runs.count = 0;
	b->runs_us = 0;
}

void
rt_journal_close(struct rt_journal *j, struct rt_journal_stats *last)
{
	if (!j)
		return;
	write_runs(j->pending);
	pthread_mutex_lock(&j->mutex);
	if (batch_bytes(j->pending) > 0) {
		list_put(&j->queue, j->pending);
		j->pending = NULL;
	}
	j->is_closing = true;
	pthread_cond_signal(&j->wake);
	pthread_mutex_unlock(&j->mutex);
	pthread_join(j->thread, NULL);
	tell(j);
	if (last)
		rt_journal_stats(j, last);
	free_all(j);
}

/* ---- the loop's side ----------------------------------------------------------- */

void
rt_journal_add(struct rt_journal *j, struct rt_str record)
{
	struct batch *b = j->pending;

	/* A longer one could not be read back. */
	if (record.len == 0 || record.len > RT_RECORD_MAX ||
	    b->records.len + record.len + 1 > RECORDS_MAX) {
		j->refused++;
		return;
	}
	rt_buf_add(&b->records, record.p, record.len);
	rt_buf_putc(&b->records, '\n');
	b->count++;
}

void
rt_journal_mark(struct rt_journal *j, const struct rt_mark *m)
{
	struct batch *b = j->pending;
	struct rt_mark first;

	if (m->reason != RT_REJECT_OVER_RATE)
		write_mark(b, m);
	else if (!rt_mark_runs_add(&b->runs, m, &first))
		write_mark(b, &first);
}

void
rt_journal_position(struct rt_journal *j, const struct rt_wire_header *hello)
{
	struct batch *b = j->pending;
	char text[RT_WIRE_HEADER_MAX];
	size_t n = rt_wire_header_encode(text, sizeof(text), hello);

	if (b->last_epoch == hello->epoch && b->last_emitter[0] &&
	    strcmp(b->last_emitter, hello->emitter) == 0)
		b->senders.len = b->last_sender;
	if (b->senders.len + n + 1 > SENDERS_MAX)
		return; /* the next position of this sender says it all */
	b->last_sender = b->senders.len;
	b->last_epoch = hello->epoch;
	memcpy(b->last_emitter, hello->emitter, sizeof(b->last_emitter));
	rt_buf_add(&b->senders, text, n);
	rt_buf_putc(&b->senders, '\n');
}

void
rt_journal_answer(struct rt_journal *j, struct rt_str to, struct rt_str body)
{
	struct rt_buf *b = &j->pending->answers;
	const uint32_t lengths[2] = {(uint32_t)to.len, (uint32_t)body.len};

	/* One that is lost is covered by the next. */
	if (b->len + sizeof(lengths) + to.len + body.len > ANSWERS_MAX)
		return;
	rt_buf_add(b, lengths, sizeof(lengths));
	rt_buf_add(b, to.p, to.len);
	rt_buf_add(b, body.p, body.len);
}

/* Nothing but runs of refused numbers, which get longer by the while. */
static bool
may_wait(struct batch *b, rt_wall_t now)
{
	if (b->records.len + b->senders.len + b->answers.len > 0)
		return false;
	if (b->runs_us == 0)
		b->runs_us = now.us;
	return now.us >= b->runs_us && now.us - b->runs_us < RUNS_US;
}

void
rt_journal_flush(struct rt_journal *j, rt_wall_t now)
{
	static const uint64_t one = 1;
	struct batch *b = j->pending;
	size_t bytes = batch_bytes(b);
	bool is_idle;

	if (bytes == 0 || may_wait(b, now))
		return;
	pthread_mutex_lock(&j->mutex);
	is_idle = !j->queue.first && !j->is_busy;
	if (!is_idle &&
	    (bytes < HAND_OVER_BYTES || j->queue.count >= QUEUE_MAX ||
		j->queue.bytes + bytes > RT_JOURNAL_QUEUE_BYTES)) {
		pthread_mutex_unlock(&j->mutex);
		return;
	}
	b->arrived_us = now.us;
	write_runs(b);
	if (is_idle && b->records.len == 0 && b->senders.len == 0) {
		list_put(&j->done, b);
		(void)!write(j->event_fd, &one, sizeof(one));
	} else {
		list_put(&j->queue, b);
		pthread_cond_signal(&j->wake);
	}
	j->pending = list_take(&j->spare);
	pthread_mutex_unlock(&j->mutex);
	if (!j->pending)
		j->pending = batch_new();
}

int
rt_journal_fd(const struct rt_journal *j)
{
	return j->event_fd;
}

/* The next batch whose answers may go; false: none. */
static bool
next_answered(struct rt_journal *j)
{
	uint64_t count;

	pthread_mutex_lock(&j->mutex);
	if (j->answered) {
		batch_reset(j->answered);
		list_put(&j->spare, j->answered);
	}
	j->answered = list_take(&j->done);
	/* Under the mutex: the thread writes there with it held. */
	if (!j->answered)
		(void)!read(j->event_fd, &count, sizeof(count));
	pthread_mutex_unlock(&j->mutex);
	j->answer_at = 0;
	return j->answered != NULL;
}

bool
rt_journal_take_answer(
    struct rt_journal *j, struct rt_str *to, struct rt_str *body)
{
	uint32_t lengths[2];
	const char *p;

	while (!j->answered || j->answer_at == j->answered->answers.len)
		if (!next_answered(j))
			return false;
	p = j->answered->answers.p + j->answer_at;
	memcpy(lengths, p, sizeof(lengths));
	p += sizeof(lengths);
	*to = (struct rt_str){p, lengths[0]};
	*body = (struct rt_str){p + lengths[0], lengths[1]};
	j->answer_at += sizeof(lengths) + lengths[0] + lengths[1];
	return true;
}

bool
rt_journal_wants_positions(struct rt_journal *j)
{
	bool wants;

	pthread_mutex_lock(&j->mutex);
	wants = j->wants_positions;
	j->wants_positions = false;
	pthread_mutex_unlock(&j->mutex);
	return wants;
}

void
rt_journal_set_opts(struct rt_journal *j, const struct rt_journal_opts *o)
{
	pthread_mutex_lock(&j->mutex);
	j->opts = *o;
	j->opts.dir = NULL;
	pthread_mutex_unlock(&j->mutex);
}

void
rt_journal_stats(struct rt_journal *j, struct rt_journal_stats *out)
{
	pthread_mutex_lock(&j->mutex);
	*out = j->stats;
	pthread_mutex_unlock(&j->mutex);
	out->not_journalled += j->refused;
}
