/* SPDX-License-Identifier: MIT */
#include "proto/emitter.h"

#include <sys/eventfd.h>
#include <sys/prctl.h>
#include <sys/random.h>

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#include <zmq.h>

#include "proto/attempt.h"
#include "proto/channel.h"
#include "proto/emitter_setup.h"
#include "proto/event.h"
#include "proto/heir.h"

/*
 * How long the thread looks away while it could send.  It doubles from the first to the
 * second while nothing happens: callers never pay for waking it, and an idle program
 * has 60 wakes a second.
 */
#define LOOK_MS_MIN 1
#define LOOK_MS_MAX 16

struct rt_emitter {
	struct rt_ring ring;
	_Atomic uint64_t dropped_invalid;
	/* The thread looks away and would like to hear of a burst. */
	_Atomic bool wants_wake;
	_Atomic unsigned generation; /* of the process that it works in */
	unsigned failed_in;          /* and of one where it could not begin */
	int why;                     /* the errno then */

	/* What the thread tells. */
	_Alignas(64) _Atomic uint64_t acked, batches, resent, connects;
	_Atomic bool must_stop;
	_Atomic unsigned waiters;
	pthread_mutex_t lock;
	pthread_cond_t moved; /* the ring's tail did */
	int wake_fd;
	pthread_t thread;

	struct rt_emitter_setup with;
	bool is_heir_only; /* sends nothing of its own */

	/* The thread's own. */
	void *context;
	struct rt_spool_file file; /* of the ring */
	struct rt_channel live;
	struct rt_heir heir;
	int64_t look_ms;
};

/* ---- fork ----------------------------------------------------------------- */

static _Atomic unsigned generation;
static pthread_once_t generation_once = PTHREAD_ONCE_INIT;
static pthread_mutex_t child_lock = PTHREAD_MUTEX_INITIALIZER;

static void
next_generation(void)
{
	atomic_fetch_add(&generation, 1);
	pthread_mutex_init(&child_lock, NULL);
}

static void
watch_forks(void)
{
	(void)pthread_atfork(NULL, NULL, next_generation);
}

/* The thread, its sockets and a mapped ring did not come along into a child. */
static bool
is_foreign(const struct rt_emitter *e)
{
	return atomic_load_explicit(&e->generation, memory_order_acquire) !=
	    atomic_load_explicit(&generation, memory_order_relaxed);
}

static bool begin_in_child(struct rt_emitter *e);

/* ---- callers -------------------------------------------------------------- */

static void
wake(struct rt_emitter *e)
{
	uint64_t one = 1;
	ssize_t n = write(e->wake_fd, &one, sizeof(one));

	(void)n; /* full means that it is awake already */
}

static int
refuse_call(void)
{
	errno = EINVAL;
	return -1;
}

static int
refuse(struct rt_emitter *e, int why)
{
	atomic_fetch_add_explicit(&e->dropped_invalid, 1, memory_order_relaxed);
	errno = why;
	return -1;
}

static bool
put(struct rt_emitter *e, const char *bytes, size_t len)
{
	if (!rt_ring_put(&e->ring, bytes, len))
		return false;
	if (atomic_load_explicit(&e->wants_wake, memory_order_relaxed) &&
	    rt_ring_head(&e->ring) - rt_ring_tail(&e->ring) >
		e->ring.capacity / 4 &&
	    atomic_exchange(&e->wants_wake, false))
		wake(e);
	return true;
}

/* Counts what is offered before it can be seen in the ring or among the dropped. */
static int
put_counted(struct rt_emitter *e, const char *bytes, size_t len)
{
	rt_ring_count_offered(&e->ring, 1);
	if (put(e, bytes, len))
		return 0;
	rt_ring_count_dropped(&e->ring, 1);
	errno = EAGAIN;
	return -1;
}

int
rt_emitter_emit(struct rt_emitter *e, const struct rt_attempt *a)
{
	char record[RT_RECORD_MAX + 1];
	size_t len;
	enum rt_err err;

	if (!e || !a)
		return refuse_call();
	if (is_foreign(e) && !begin_in_child(e))
		return -1;
	err =
	    rt_attempt_encode(a, rt_clock_wall(), record, sizeof(record), &len);
	if (err != RT_OK)
		return refuse(e, err == RT_E_TOO_LARGE ? EMSGSIZE : EINVAL);
	return put_counted(e, record, len);
}

static bool
is_blank(const char *p, size_t len)
{
	while (len > 0 && (*p == ' ' || *p == '\t' || *p == '\r'))
		p++, len--;
	return len == 0;
}

int
rt_emitter_emit_json(struct rt_emitter *e, const char *json, size_t len)
{
	if (!e || !json)
		return refuse_call();
	if (is_foreign(e) && !begin_in_child(e))
		return -1;
	if (len > RT_RECORD_MAX)
		return refuse(e, EMSGSIZE);
	if (is_blank(json, len) || memchr(json, '\n', len))
		return refuse(e, EINVAL);
	return put_counted(e, json, len);
}

int
rt_emitter_offer(struct rt_emitter *e, const char *bytes, size_t len)
{
	/* Looked at first, so that a refusal is never seen among the offered. */
	if (rt_ring_has_room(&e->ring, len))
		return put_counted(e, bytes, len);
	errno = EAGAIN;
	return -1;
}

/* ---- waiting -------------------------------------------------------------- */

static struct timespec
timespec_of(rt_mono_t t)
{
	return (struct timespec){
	    .tv_sec = t.us / 1000000, .tv_nsec = t.us % 1000000 * 1000};
}

struct awaited {
	bool (*is_so)(const struct rt_emitter *e, uint64_t value);
	uint64_t value;
};

static int
await(struct rt_emitter *e, struct awaited what, int timeout_ms)
{
	struct timespec end =
	    timespec_of(rt_mono_add_ms(rt_clock_mono(), timeout_ms));
	int rc = 0;

	/* The thread looks at `waiters` after it moved the tail: one of us sees the
	 * other. */
	atomic_fetch_add(&e->waiters, 1);
	wake(e);
	pthread_mutex_lock(&e->lock);
	while (!what.is_so(e, what.value) && rc != ETIMEDOUT)
		rc = timeout_ms < 0
		    ? pthread_cond_wait(&e->moved, &e->lock)
		    : pthread_cond_timedwait(&e->moved, &e->lock, &end);
	pthread_mutex_unlock(&e->lock);
	atomic_fetch_sub(&e->waiters, 1);
	if (what.is_so(e, what.value))
		return 0;
	errno = ETIMEDOUT;
	return -1;
}

static bool
is_released(const struct rt_emitter *e, uint64_t at)
{
	return rt_ring_tail(&e->ring) >= at;
}

static bool
has_room(const struct rt_emitter *e, uint64_t len)
{
	return rt_ring_has_room(&e->ring, len);
}

int
rt_emitter_flush(struct rt_emitter *e, int timeout_ms)
{
	if (!e)
		return refuse_call();
	/* What the parent handed over is the parent's. */
	if (is_foreign(e))
		return 0;
	if (is_released(e, rt_ring_head(&e->ring)))
		return 0;
	return await(e, (struct awaited){is_released, rt_ring_head(&e->ring)},
	    timeout_ms);
}

static bool
is_drained(const struct rt_emitter *e, uint64_t unused)
{
	(void)unused;
	return atomic_load(&e->heir.told.is_drained);
}

int
rt_emitter_wait_drained(struct rt_emitter *e, int timeout_ms)
{
	return await(e, (struct awaited){is_drained, 0}, timeout_ms);
}

int
rt_emitter_wait_room(struct rt_emitter *e, int timeout_ms)
{
	return await(
	    e, (struct awaited){has_room, RT_RECORD_MAX + 1}, timeout_ms);
}

void
rt_emitter_stats(const struct rt_emitter *e, struct rt_emitter_stats *out)
{
	uint64_t gone;

	*out = (struct rt_emitter_stats){0};
	if (!e || is_foreign(e))
		return;
	out->acknowledged = atomic_load(&e->acked);
	out->dropped_full = rt_ring_dropped(&e->ring);
	out->dropped_invalid = atomic_load(&e->dropped_invalid);
	out->offered = rt_ring_offered(&e->ring);
	gone = out->acknowledged + out->dropped_full;
	out->in_flight = out->offered > gone ? out->offered - gone : 0;
	out->sent_batches = atomic_load(&e->batches);
	out->resent_records = atomic_load(&e->resent);
	out->connects = atomic_load(&e->connects);
	out->inherited = atomic_load(&e->heir.told.records);
	out->inherited_acknowledged = atomic_load(&e->heir.told.acked);
	out->inherited_lost = atomic_load(&e->heir.told.lost);
}

/* ---- the thread ------------------------------------------------------------ */

static struct rt_channel_way
way_of(const struct rt_emitter *e)
{
	return (struct rt_channel_way){
	    e->context, e->with.endpoint, &e->with.keys};
}

/* One round without waiting; true where anything happened. */
static bool
work(struct rt_emitter *e, rt_mono_t now)
{
	struct rt_channel_way way = way_of(e);
	bool has_worked = rt_heir_work(&e->heir, &way, now);

	return (!e->is_heir_only && rt_channel_work(&e->live, now)) ||
	    has_worked;
}

static void
tell(struct rt_emitter *e)
{
	atomic_store(&e->acked, e->live.outbox.acked);
	atomic_store(&e->batches, e->live.outbox.batches);
	atomic_store(&e->resent, e->live.outbox.resent);
	atomic_store(&e->connects, e->live.connects);
	if (atomic_load(&e->waiters) == 0)
		return;
	pthread_mutex_lock(&e->lock);
	pthread_cond_broadcast(&e->moved);
	pthread_mutex_unlock(&e->lock);
}

/* Until there is something to do without news from a socket. */
static int64_t
wait_ms(struct rt_emitter *e, rt_mono_t now)
{
	int64_t due = LOOK_MS_MAX * 1000, others;

	if (!e->is_heir_only)
		due = rt_channel_wait_ms(&e->live, now);
	if (rt_outbox_is_open(&e->live.outbox) && due > e->look_ms)
		due = e->look_ms;
	others = rt_heir_wait_ms(&e->heir, now, due);
	return others < due ? others : due;
}

static void
rest(struct rt_emitter *e, rt_mono_t now)
{
	zmq_pollitem_t items[5] = {{.fd = e->wake_fd, .events = ZMQ_POLLIN}};
	struct rt_channel *channels[] = {
	    &e->live, e->heir.has_file ? &e->heir.channel : NULL};
	int count = 1;
	uint64_t times;
	size_t i;

	for (i = 0; i < RT_COUNT_OF(channels); i++) {
		if (!channels[i] || !channels[i]->socket)
			continue;
		items[count++] = (zmq_pollitem_t){
		    .socket = channels[i]->socket, .events = ZMQ_POLLIN};
		items[count++] = (zmq_pollitem_t){
		    .socket = channels[i]->monitor, .events = ZMQ_POLLIN};
	}
	atomic_store(&e->wants_wake, rt_outbox_is_open(&e->live.outbox));
	if (zmq_poll(items, count, (long)wait_ms(e, now)) > 0 &&
	    (items[0].revents & ZMQ_POLLIN) &&
	    read(e->wake_fd, &times, sizeof(times)) > 0)
		e->look_ms = LOOK_MS_MIN;
	atomic_store(&e->wants_wake, false);
}

static void *
run(void *arg)
{
	struct rt_emitter *e = arg;

	prctl(PR_SET_NAME, "retrytop-emit");
	while (!atomic_load(&e->must_stop)) {
		rt_mono_t now = rt_clock_mono();

		if (work(e, now))
			e->look_ms = LOOK_MS_MIN;
		else if (e->look_ms * 2 <= LOOK_MS_MAX)
			e->look_ms *= 2;
		tell(e);
		rest(e, now);
	}
	rt_channel_close(&e->live);
	rt_heir_put_down(&e->heir);
	return NULL;
}

/* ---- life: beginning ------------------------------------------------------- */

/* The id of this process's run; a child of fork() is another run. */
static bool
choose_id(const struct rt_emitter *e, bool is_child,
    char out[RT_WIRE_EMITTER_MAX + 1])
{
	size_t size = RT_WIRE_EMITTER_MAX + 1;
	uint64_t bits;
	int n;

	n = is_child ? snprintf(out, size, "%s.%ld", e->with.id, (long)getpid())
		     : snprintf(out, size, "%s", e->with.id);
	if (e->with.id[0] && n > 0 && (size_t)n < size)
		return true;
	if (getrandom(&bits, sizeof(bits), 0) != sizeof(bits))
		return false;
	snprintf(out, size, "%016llx", (unsigned long long)bits);
	return true;
}

/* 0, or the errno. */
static int
make_ring(struct rt_emitter *e, const char *id, uint64_t epoch)
{
	uint64_t crowded = 0;

	if (!e->with.spool[0] || e->is_heir_only)
		return rt_ring_init(&e->ring, e->with.ring_bytes) == RT_OK
		    ? 0
		    : ENOMEM;
	if (rt_spool_create(&e->file, e->with.spool, e->with.ring_bytes, id,
		epoch, &e->ring, &crowded) != RT_OK)
		return errno;
	/* They were offered once and are delivered never. */
	rt_ring_count_offered(&e->ring, crowded);
	rt_ring_count_dropped(&e->ring, crowded);
	return 0;
}

static bool
connect_first(struct rt_emitter *e, const char *id, uint64_t epoch)
{
	struct rt_channel_way way;

	e->wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	e->context = e->wake_fd < 0 ? NULL : zmq_ctx_new();
	if (!e->context)
		return false;
	zmq_ctx_set(e->context, ZMQ_BLOCKY, 0);
	zmq_ctx_set(e->context, ZMQ_MAX_SOCKETS, 16);
	way = way_of(e);
	rt_channel_init(&e->live, &way, &e->ring, id, epoch);
	if (!rt_channel_open(&e->live))
		return false;
	if (e->is_heir_only)
		rt_channel_close(&e->live);
	return true;
}

static void
init_waiting(struct rt_emitter *e)
{
	pthread_condattr_t attr;

	pthread_mutex_init(&e->lock, NULL);
	pthread_condattr_init(&attr);
	pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	pthread_cond_init(&e->moved, &attr);
	pthread_condattr_destroy(&attr);
}

/* Ring, sockets and thread of this process.  0, or the errno. */
static int
start(struct rt_emitter *e, bool is_child)
{
	uint64_t epoch = (uint64_t)rt_clock_wall().us;
	char id[RT_WIRE_EMITTER_MAX + 1];
	sigset_t all, before;
	int rc;

	e->file.fd = e->wake_fd = -1;
	e->context = NULL;
	e->look_ms = LOOK_MS_MIN;
	init_waiting(e);
	if (!choose_id(e, is_child, id))
		return errno;
	rc = make_ring(e, id, epoch);
	if (rc != 0)
		return rc;
	/* Signals are the application's business: its handlers never run here. */
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	rc = connect_first(e, id, epoch) ? 0 : errno;
	if (rc == 0)
		rc = pthread_create(&e->thread, NULL, run, e);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	return rc;
}

/* ---- life: ending ---------------------------------------------------------- */

static void
stop(struct rt_emitter *e)
{
	rt_channel_close(&e->live);
	if (e->context)
		zmq_ctx_term(e->context);
	if (e->wake_fd >= 0)
		close(e->wake_fd);
	pthread_cond_destroy(&e->moved);
	pthread_mutex_destroy(&e->lock);
	/* What is left is for the next one. */
	if (rt_ring_tail(&e->ring) == rt_ring_head(&e->ring))
		rt_spool_remove(&e->file);
	rt_ring_fini(&e->ring);
	rt_spool_close(&e->file);
	rt_heir_fini(&e->heir);
}

static void
discard(struct rt_emitter *e)
{
	rt_curve_keys_wipe(&e->with.keys);
	free(e);
}

static struct rt_emitter *
open_emitter(
    const struct rt_emitter_opts *opts, const struct rt_spool_scan *scan)
{
	static const struct rt_emitter_opts defaults;
	struct rt_spool_scan here = {.why = 0};
	struct rt_emitter *e = aligned_alloc(64, sizeof(*e));
	int rc;

	if (!e) {
		errno = ENOMEM;
		return NULL;
	}
	pthread_once(&generation_once, watch_forks);
	memset(e, 0, sizeof(*e));
	e->generation = atomic_load(&generation);
	rt_heir_init(&e->heir);
	e->is_heir_only = scan != NULL;
	rc = rt_emitter_setup(&e->with, opts ? opts : &defaults);
	memcpy(here.path, e->with.spool, sizeof(here.path));
	if (rc == 0 && (scan || here.path[0]))
		rt_heir_look(&e->heir, scan ? scan : &here);
	if (rc == 0) {
		rc = start(e, false);
		if (rc == 0)
			return e;
		stop(e);
	}
	discard(e);
	errno = rc;
	return NULL;
}

struct rt_emitter *
rt_emitter_open(const struct rt_emitter_opts *opts)
{
	return open_emitter(opts, NULL);
}

struct rt_emitter *
rt_emitter_open_heir(
    const struct rt_emitter_opts *opts, const struct rt_spool_scan *scan)
{
	return open_emitter(opts, scan);
}

void
rt_emitter_inheritance(
    const struct rt_emitter *e, struct rt_emitter_inheritance *out)
{
	*out = (struct rt_emitter_inheritance){
	    .files = atomic_load(&e->heir.told.files),
	    .held = atomic_load(&e->heir.told.held),
	    .refused = atomic_load(&e->heir.told.refused),
	    .why = atomic_load(&e->heir.told.why),
	};
}

/*
 * The parent's memory came along, its ring's pages did not, its sockets and its thread
 * are of no use: they are left where they are, and all begins anew.
 */
static void
forget_parent(struct rt_emitter *e)
{
	if (!e->ring.file)
		rt_ring_fini(&e->ring);
	if (e->wake_fd >= 0)
		close(e->wake_fd);
	memset(&e->ring, 0, sizeof(e->ring));
	rt_heir_init(&e->heir);
	e->live.socket = e->live.monitor = NULL;
	e->acked = e->batches = e->resent = e->connects = 0;
	e->dropped_invalid = 0;
	e->waiters = 0;
	e->must_stop = e->wants_wake = false;
}

static bool
begin_in_child(struct rt_emitter *e)
{
	unsigned here = atomic_load(&generation);
	int rc = 0;

	pthread_mutex_lock(&child_lock);
	if (e->failed_in == here) {
		rc = e->why;
	} else if (is_foreign(e)) {
		forget_parent(e);
		rc = start(e, true);
		if (rc == 0) {
			atomic_store_explicit(
			    &e->generation, here, memory_order_release);
		} else {
			stop(e);
			e->failed_in = here;
			e->why = rc;
		}
	}
	pthread_mutex_unlock(&child_lock);
	errno = rc;
	return rc == 0;
}

void
rt_emitter_close(struct rt_emitter *e)
{
	if (!e)
		return;
	if (is_foreign(e)) {
		/* The parent's thread, sockets and lock live on in the parent only. */
		if (!e->ring.file)
			rt_ring_fini(&e->ring);
		discard(e);
		return;
	}
	(void)rt_emitter_flush(e, e->with.linger_ms);
	atomic_store(&e->must_stop, true);
	wake(e);
	pthread_join(e->thread, NULL);
	stop(e);
	discard(e);
}
