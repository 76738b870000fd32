/* SPDX-License-Identifier: MIT */
#include "collector/journal.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/stat.h>
#include <unistd.h>

#include "collector/journal_dir.h"
#include "collector/journal_reader.h"
#include "proto/event.h"
#include "proto/mem.h"

#define MAGIC_BYTES (sizeof(RT_JOURNAL_MAGIC) - 1)
#define RECORDS_MAX (3u << 20)
#define SENDERS_MAX (RT_JOURNAL_BODY_MAX - RECORDS_MAX)
#define ANSWERS_MAX (1u << 20)
#define HAND_OVER_BYTES \
	(256u << 10) /* while the thread is busy, wait for these */
#define QUEUE_MAX 64u
#define BEAT_US 1000000 /* fsync, age */
#define RETAIN_BEATS 10u

/* What is written, and answered, together. */
struct batch {
	struct batch *next;
	struct rt_buf records, senders, answers;
	uint32_t count;
	int64_t arrived_us;
	size_t last_sender; /* where the line of the last one begins */
	char last_emitter[RT_WIRE_EMITTER_MAX + 1];
	uint64_t last_epoch;
};

struct list {
	struct batch *first, *last;
	unsigned count;
	size_t bytes;
};

/* Only the thread touches it. */
struct writer {
	int dir_fd, end_fd;
	int fd;           /* the open segment; -1: none */
	uint64_t segment; /* its number */
	uint64_t next;    /* number of the next record */
	uint64_t bytes;   /* of sound frames in the segment */
	int64_t opened_us, beat_us;
	unsigned beats;
	bool is_unsynced, is_squeezing;
	struct rt_journal_squeeze squeeze;
	struct rt_buf frame;
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
	struct batch *pending;  /* owned */
	struct batch *answered; /* owned; its answers are being taken */
	size_t answer_at;
	int event_fd;
	/* Of the thread. */
	struct writer w;
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
	return b->records.len + b->senders.len + b->answers.len;
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

/* ---- the thread: files --------------------------------------------------------- */

static void
set_state(struct rt_journal *j, const char *what, int why)
{
	struct rt_diag d = {{0}, {0}};

	if (why == 0)
		rt_diag_set(&d, NULL, "%s", what);
	else
		rt_diag_set(&d, NULL, "%s: %s", what, strerror(why));
	pthread_mutex_lock(&j->mutex);
	snprintf(j->stats.state, sizeof(j->stats.state), "%.*s",
	    (int)sizeof(j->stats.state) - 1, d.what);
	pthread_mutex_unlock(&j->mutex);
}

static bool
write_at(int fd, const char *p, size_t len, uint64_t at)
{
	while (len > 0) {
		ssize_t n = pwrite(fd, p, len, (off_t)at);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0) {
			errno = n == 0 ? ENOSPC : errno;
			return false;
		}
		p += n;
		at += (uint64_t)n;
		len -= (size_t)n;
	}
	return true;
}

static void
close_segment(struct rt_journal *j)
{
	struct writer *w = &j->w;
	char name[RT_JOURNAL_NAME_SIZE];

	if (w->fd < 0)
		return;
	if (w->is_unsynced && fsync(w->fd) != 0)
		set_state(j, "fsync failed", errno);
	w->is_unsynced = false;
	close(w->fd);
	w->fd = -1;
	if (w->bytes <= MAGIC_BYTES) {
		rt_journal_name(name, w->segment, false);
		unlinkat(w->dir_fd, name, 0);
	}
	w->is_squeezing = true;
	w->beats = RETAIN_BEATS;
}

/* A name that is taken already is that of a segment in which no record is sound. */
static bool
open_segment(struct rt_journal *j, int64_t now_us)
{
	struct writer *w = &j->w;
	char name[RT_JOURNAL_NAME_SIZE];

	rt_journal_name(name, w->next, false);
	w->fd = openat(
	    w->dir_fd, name, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0640);
	if (w->fd < 0)
		return false;
	w->segment = w->next;
	w->bytes = 0;
	w->opened_us = now_us;
	if (!write_at(w->fd, RT_JOURNAL_MAGIC, MAGIC_BYTES, 0)) {
		int why = errno;

		close_segment(j);
		errno = why;
		return false;
	}
	w->bytes = MAGIC_BYTES;
	(void)fsync(w->dir_fd);
	pthread_mutex_lock(&j->mutex);
	j->wants_positions = true;
	pthread_mutex_unlock(&j->mutex);
	return true;
}

/* Append it whole or not at all. */
static bool
append(struct rt_journal *j, const struct batch *b, int64_t now_us)
{
	struct writer *w = &j->w;
	const struct rt_journal_frame f = {
	    .first = w->next,
	    .count = b->count,
	    .arrived_us = b->arrived_us,
	    .records = {b->records.p, b->records.len},
	    .senders = {b->senders.p, b->senders.len},
	};
	int why;

	if (w->fd < 0 && !open_segment(j, now_us))
		return false;
	rt_buf_reset(&w->frame);
	rt_journal_frame_encode(&w->frame, &f);
	w->is_unsynced = true;
	if (write_at(w->fd, w->frame.p, w->frame.len, w->bytes)) {
		w->bytes += w->frame.len;
		w->next += b->count;
		rt_journal_end_write(w->end_fd, w->next);
		return true;
	}
	why = errno;
	/* Readers pass over what stays of it, should this fail as well. */
	if (ftruncate(w->fd, (off_t)w->bytes) != 0 || w->bytes > MAGIC_BYTES)
		close_segment(j);
	errno = why;
	return false;
}

static void
write_batch(struct rt_journal *j, const struct batch *b, int64_t now_us,
    const struct rt_journal_opts *o)
{
	bool ok;

	if (b->count == 0 && b->senders.len == 0)
		return;
	ok = append(j, b, now_us);
	if (ok)
		set_state(j, "ok", 0);
	else
		set_state(j, "cannot be written", errno);
	pthread_mutex_lock(&j->mutex);
	if (ok)
		j->stats.written += b->count;
	else
		j->stats.not_journalled += b->count;
	pthread_mutex_unlock(&j->mutex);
	if (j->w.fd >= 0 && j->w.bytes >= (uint64_t)o->segment_bytes)
		close_segment(j);
}

/* Somebody removed the segment under our feet. */
static bool
is_gone(const struct writer *w)
{
	struct stat st;

	return fstat(w->fd, &st) == 0 && st.st_nlink == 0;
}

/* What is due once a second. */
static void
beat(struct rt_journal *j, int64_t now_us, const struct rt_journal_opts *o)
{
	struct writer *w = &j->w;

	if (now_us - w->beat_us < BEAT_US)
		return;
	w->beat_us = now_us;
	if (w->fd >= 0 && w->is_unsynced) {
		if (fsync(w->fd) != 0)
			set_state(j, "fsync failed", errno);
		w->is_unsynced = false;
	}
	if (w->fd >= 0 &&
	    (now_us - w->opened_us >= o->segment_age_ms * 1000 || is_gone(w)))
		close_segment(j);
	if (++w->beats < RETAIN_BEATS)
		return;
	w->beats = 0;
	rt_journal_retain(w->dir_fd, (uint64_t)o->keep_bytes, o->keep_age_ms,
	    rt_clock_wall().us, w->fd >= 0 ? w->segment : UINT64_MAX);
}

static void
squeeze(struct writer *w)
{
	if (w->is_squeezing)
		w->is_squeezing = rt_journal_squeeze_step(&w->squeeze,
		    w->dir_fd, w->fd >= 0 ? w->segment : UINT64_MAX);
}

/* ---- the thread: its loop ------------------------------------------------------ */

/* A batch, or NULL after a second at the latest; the mutex is held. */
static struct batch *
await_batch(struct rt_journal *j)
{
	rt_mono_t until = rt_mono_add_ms(rt_clock_mono(), BEAT_US / 1000);
	struct timespec at = {until.us / 1000000, until.us % 1000000 * 1000};
	int err = 0;

	while (
	    !j->queue.first && !j->is_closing && !j->w.is_squeezing && err == 0)
		err = pthread_cond_timedwait(&j->wake, &j->mutex, &at);
	return list_take(&j->queue);
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
		if (b)
			write_batch(j, b, rt_clock_mono().us, &o);
		beat(j, rt_clock_mono().us, &o);
		squeeze(&j->w);
		pthread_mutex_lock(&j->mutex);
		j->is_busy = false;
		if (!b)
			continue;
		list_put(&j->done, b);
		(void)!write(j->event_fd, &one, sizeof(one));
	}
	pthread_mutex_unlock(&j->mutex);
	close_segment(j);
	return NULL;
}

/* ---- open and close ------------------------------------------------------------ */

static enum rt_err
open_dir(const char *path, int *out_fd)
{
	int fd;

	if (mkdir(path, 0750) != 0 && errno != EEXIST)
		return RT_E_IO;
	fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return RT_E_IO;
	*out_fd = fd;
	return RT_OK;
}

/* Numbers go on where the last collector left them, so that gaps stay gaps. */
static enum rt_err
find_next(const char *path, uint64_t *out, struct rt_diag *d)
{
	struct rt_journal_reader *r;
	struct rt_journal_frame f;
	enum rt_err err = rt_journal_reader_open(path, &r, d);

	if (err != RT_OK)
		return err;
	rt_journal_reader_seek_last(r);
	while (rt_journal_reader_next(r, &f, NULL) != RT_E_EMPTY)
		;
	*out = rt_journal_reader_next_number(r);
	if (*out == 0)
		*out = 1;
	rt_journal_reader_close(r);
	return RT_OK;
}

static enum rt_err
open_files(struct writer *w, const char *path, struct rt_diag *d)
{
	enum rt_err err = open_dir(path, &w->dir_fd);

	if (err == RT_OK)
		err = rt_journal_end_open(w->dir_fd, &w->end_fd);
	if (err == RT_E_BUSY)
		rt_diag_set(
		    d, path, "another collector keeps its journal here");
	else if (err != RT_OK)
		rt_diag_set(
		    d, path, "cannot hold a journal: %s", strerror(errno));
	else
		err = find_next(path, &w->next, d);
	return err;
}

static void
free_all(struct rt_journal *j)
{
	rt_journal_squeeze_fini(&j->w.squeeze, j->w.dir_fd);
	if (j->w.end_fd >= 0)
		close(j->w.end_fd);
	if (j->w.dir_fd >= 0)
		close(j->w.dir_fd);
	if (j->event_fd >= 0)
		close(j->event_fd);
	rt_buf_fini(&j->w.frame);
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
	snprintf(j->stats.state, sizeof(j->stats.state), "ok");
	j->w = (struct writer){.dir_fd = -1,
	    .end_fd = -1,
	    .fd = -1,
	    .is_squeezing = true,
	    .beats = RETAIN_BEATS};
	rt_journal_squeeze_init(&j->w.squeeze);
	rt_buf_init(&j->w.frame, 2 * RT_JOURNAL_BODY_MAX);
	pthread_mutex_init(&j->mutex, NULL);
	pthread_condattr_init(&attr);
	pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	pthread_cond_init(&j->wake, &attr);
	pthread_condattr_destroy(&attr);
	j->pending = batch_new();
	j->event_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	err = open_files(&j->w, o->dir, d);
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

void
rt_journal_close(struct rt_journal *j, struct rt_journal_stats *last)
{
	if (!j)
		return;
	pthread_mutex_lock(&j->mutex);
	if (batch_bytes(j->pending) > 0) {
		list_put(&j->queue, j->pending);
		j->pending = NULL;
	}
	j->is_closing = true;
	pthread_cond_signal(&j->wake);
	pthread_mutex_unlock(&j->mutex);
	pthread_join(j->thread, NULL);
	if (last)
		*last = j->stats;
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
		pthread_mutex_lock(&j->mutex);
		j->stats.not_journalled++;
		pthread_mutex_unlock(&j->mutex);
		return;
	}
	rt_buf_add(&b->records, record.p, record.len);
	rt_buf_putc(&b->records, '\n');
	b->count++;
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

void
rt_journal_flush(struct rt_journal *j, rt_wall_t now)
{
	static const uint64_t one = 1;
	struct batch *b = j->pending;
	size_t bytes = batch_bytes(b);
	bool is_idle;

	if (bytes == 0)
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
	if (is_idle && b->count == 0 && b->senders.len == 0) {
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
}
