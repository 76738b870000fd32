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
#include "proto/curve.h"
#include "proto/event.h"
#include "proto/outbox.h"
#include "proto/ring.h"

#define DEFAULT_ENDPOINT "tcp://127.0.0.1:7781"
#define DEFAULT_RING_BYTES ((size_t)4 << 20)
#define DEFAULT_LINGER_MS 500
#define LINGER_MS_MAX 3600000
#define ENDPOINT_SIZE 256u

/*
 * How long the thread looks away while it could send.  It doubles from the first to the
 * second while nothing happens: callers never pay for waking it, and an idle program
 * has 60 wakes a second.
 */
#define LOOK_MS_MIN 1
#define LOOK_MS_MAX 16
/* Between losing a connection and opening the next; doubles until an answer comes. */
#define REOPEN_MS_MIN 50
#define REOPEN_MS_MAX 1000
#define OFFLINE_LOOK_MS 1000

struct link {
	void *socket, *monitor; /* owned; NULL: closed */
	unsigned number;        /* of the monitor's name */
	rt_mono_t reopen;       /* not before */
	int64_t reopen_ms;
};

struct rt_emitter {
	struct rt_ring ring;
	_Atomic uint64_t offered, dropped_full, dropped_invalid;
	/* The thread looks away and would like to hear of a burst. */
	_Atomic bool wants_wake;
	unsigned generation; /* of the process that opened it */

	/* What the thread tells. */
	_Alignas(64) _Atomic uint64_t acked, batches, resent, connects;
	_Atomic bool must_stop;
	_Atomic unsigned waiters;
	pthread_mutex_t lock;
	pthread_cond_t moved; /* the ring's tail did */
	int wake_fd;
	int linger_ms;
	pthread_t thread;

	/* The thread's own. */
	char endpoint[ENDPOINT_SIZE];
	struct rt_curve_keys keys;
	void *context;
	struct link link;
	struct rt_outbox outbox;
	int64_t look_ms;
	char batch[RT_OUTBOX_BATCH_BYTES];
};

/* ---- fork ----------------------------------------------------------------- */

static _Atomic unsigned generation;
static pthread_once_t generation_once = PTHREAD_ONCE_INIT;

static void
next_generation(void)
{
	atomic_fetch_add(&generation, 1);
}

static void
watch_forks(void)
{
	(void)pthread_atfork(NULL, NULL, next_generation);
}

/* The thread and its sockets did not come along into a child. */
static bool
is_foreign(const struct rt_emitter *e)
{
	return e->generation !=
	    atomic_load_explicit(&generation, memory_order_relaxed);
}

/* ---- callers -------------------------------------------------------------- */

static void
wake(struct rt_emitter *e)
{
	uint64_t one = 1;
	ssize_t n = write(e->wake_fd, &one, sizeof(one));

	(void)n; /* full means that it is awake already */
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
	atomic_fetch_add_explicit(&e->offered, 1, memory_order_relaxed);
	if (put(e, bytes, len))
		return 0;
	atomic_fetch_add_explicit(&e->dropped_full, 1, memory_order_release);
	errno = EAGAIN;
	return -1;
}

int
rt_emitter_emit(struct rt_emitter *e, const struct rt_attempt *a)
{
	char record[RT_RECORD_MAX + 1];
	size_t len;
	enum rt_err err;

	if (!e || !a || is_foreign(e)) {
		errno = EINVAL;
		return -1;
	}
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
	if (!e || !json || is_foreign(e)) {
		errno = EINVAL;
		return -1;
	}
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
	if (!e || is_foreign(e)) {
		errno = EINVAL;
		return -1;
	}
	if (is_released(e, rt_ring_head(&e->ring)))
		return 0;
	return await(e, (struct awaited){is_released, rt_ring_head(&e->ring)},
	    timeout_ms);
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
	if (!e)
		return;
	out->acknowledged = atomic_load(&e->acked);
	out->dropped_full = atomic_load(&e->dropped_full);
	out->dropped_invalid = atomic_load(&e->dropped_invalid);
	out->offered = atomic_load(&e->offered);
	gone = out->acknowledged + out->dropped_full;
	out->in_flight = out->offered > gone ? out->offered - gone : 0;
	out->sent_batches = atomic_load(&e->batches);
	out->resent_records = atomic_load(&e->resent);
	out->connects = atomic_load(&e->connects);
}

/* ---- the thread: one connection ------------------------------------------- */

static bool
configure(void *socket)
{
	static const struct {
		int option, value;
	} options[] = {
	    {ZMQ_LINGER, 0},
	    {ZMQ_SNDTIMEO, 0},
	    {ZMQ_HEARTBEAT_IVL, 500},
	    {ZMQ_HEARTBEAT_TIMEOUT, 1000},
	    {ZMQ_HEARTBEAT_TTL, 3000}, /* the collector lets us go then */
	    {ZMQ_HANDSHAKE_IVL, 2000},
	    {ZMQ_RECONNECT_IVL, REOPEN_MS_MIN},
	    {ZMQ_RECONNECT_IVL_MAX, REOPEN_MS_MAX},
	    /* The outbox's window bounds what waits; this bounds the frames. */
	    {ZMQ_SNDHWM, 64},
	    {ZMQ_RCVHWM, 1024},
	};
	int64_t max = RT_WIRE_HEADER_MAX;
	size_t i;

	for (i = 0; i < RT_COUNT_OF(options); i++)
		if (zmq_setsockopt(socket, options[i].option, &options[i].value,
			sizeof(options[i].value)) != 0)
			return false;
	return zmq_setsockopt(socket, ZMQ_MAXMSGSIZE, &max, sizeof(max)) == 0;
}

static void
link_close(struct link *l)
{
	int saved = errno;

	if (l->socket)
		zmq_socket_monitor(l->socket, NULL, 0);
	if (l->monitor)
		zmq_close(l->monitor);
	if (l->socket)
		zmq_close(l->socket);
	l->monitor = l->socket = NULL;
	errno = saved;
}

/*
 * A socket lives for one connection: what a lost one still held is gone with it, so
 * HELLO is the first thing a collector hears and no answer of an earlier one is left.
 */
static bool
link_open(struct rt_emitter *e)
{
	struct link *l = &e->link;
	int linger = 0;
	char name[48];

	snprintf(name, sizeof(name), "inproc://monitor-%u", l->number++);
	l->socket = zmq_socket(e->context, ZMQ_DEALER);
	if (!l->socket || !configure(l->socket) ||
	    !rt_curve_set_client(l->socket, &e->keys) ||
	    zmq_socket_monitor(l->socket, name,
		ZMQ_EVENT_HANDSHAKE_SUCCEEDED | ZMQ_EVENT_DISCONNECTED) < 0)
		goto out;
	l->monitor = zmq_socket(e->context, ZMQ_PAIR);
	if (!l->monitor ||
	    zmq_setsockopt(l->monitor, ZMQ_LINGER, &linger, sizeof(linger)) ||
	    zmq_connect(l->monitor, name) != 0 ||
	    zmq_connect(l->socket, e->endpoint) != 0)
		goto out;
	return true;
out:
	link_close(l);
	return false;
}

static void
link_lost(struct rt_emitter *e, rt_mono_t now)
{
	struct link *l = &e->link;

	link_close(l);
	rt_outbox_disconnected(&e->outbox);
	l->reopen = rt_mono_add_ms(now, l->reopen_ms);
	l->reopen_ms *= 2;
	if (l->reopen_ms > REOPEN_MS_MAX)
		l->reopen_ms = REOPEN_MS_MAX;
}

/* The first frame, cut to size; the rest of the message is passed over.  < 0: none. */
static int
receive(void *socket, char *out, size_t size)
{
	int len = zmq_recv(socket, out, size, ZMQ_DONTWAIT), more = 1;
	size_t more_size = sizeof(more);
	char rest[1];

	while (len >= 0 &&
	    zmq_getsockopt(socket, ZMQ_RCVMORE, &more, &more_size) == 0 && more)
		if (zmq_recv(socket, rest, sizeof(rest), ZMQ_DONTWAIT) < 0)
			break;
	return len > (int)size ? (int)size : len;
}

static void
take_answers(struct rt_emitter *e, rt_mono_t now)
{
	char text[RT_WIRE_HEADER_MAX];
	struct rt_wire_answer a;
	uint64_t before = e->outbox.acked;
	int len;

	while ((len = receive(e->link.socket, text, sizeof(text))) >= 0)
		if (rt_wire_answer_decode(text, (size_t)len, &a) == RT_OK)
			rt_outbox_answer(&e->outbox, &a, now);
	if (e->outbox.acked > before)
		e->link.reopen_ms = REOPEN_MS_MIN;
}

/* A monitor's event: a little-endian 16-bit number and a value; the peer follows. */
static void
take_events(struct rt_emitter *e, rt_mono_t now)
{
	unsigned char frame[6];

	while (e->link.monitor &&
	    receive(e->link.monitor, (char *)frame, sizeof(frame)) >= 2) {
		uint16_t event;

		memcpy(&event, frame, sizeof(event));
		/* What came before is older than what this event begins or ends. */
		take_answers(e, now);
		if (event == ZMQ_EVENT_HANDSHAKE_SUCCEEDED) {
			atomic_fetch_add(&e->connects, 1);
			rt_outbox_connected(&e->outbox, now);
		} else {
			link_lost(e, now);
		}
	}
}

static bool
say(struct rt_emitter *e, struct rt_outbox_message *m)
{
	char text[RT_WIRE_HEADER_MAX];
	size_t len;

	/* Dropped first: whoever is among them is among the offered too. */
	m->header.dropped =
	    atomic_load_explicit(&e->dropped_full, memory_order_acquire);
	m->header.offered = atomic_load(&e->offered);
	len = rt_wire_header_encode(text, sizeof(text), &m->header);
	if (zmq_send(e->link.socket, text, len, ZMQ_DONTWAIT | ZMQ_SNDMORE) < 0)
		return false;
	return zmq_send(e->link.socket, e->batch, m->batch_len, ZMQ_DONTWAIT) >=
	    0;
}

/* ---- the thread: its loop ------------------------------------------------- */

/* One round without waiting; true where anything happened. */
static bool
work(struct rt_emitter *e, rt_mono_t now)
{
	struct rt_outbox_message m;
	uint64_t acked = e->outbox.acked, batches = e->outbox.batches;

	if (!e->link.socket && now.us >= e->link.reopen.us && !link_open(e))
		e->link.reopen = rt_mono_add_ms(now, REOPEN_MS_MAX);
	take_events(e, now);
	if (e->link.socket)
		take_answers(e, now);
	while (rt_outbox_next(&e->outbox, now, &m, e->batch) && say(e, &m))
		rt_outbox_sent(&e->outbox, now, &m);
	return e->outbox.acked != acked || e->outbox.batches != batches;
}

static void
tell(struct rt_emitter *e)
{
	atomic_store(&e->acked, e->outbox.acked);
	atomic_store(&e->batches, e->outbox.batches);
	atomic_store(&e->resent, e->outbox.resent);
	if (atomic_load(&e->waiters) == 0)
		return;
	pthread_mutex_lock(&e->lock);
	pthread_cond_broadcast(&e->moved);
	pthread_mutex_unlock(&e->lock);
}

static int64_t
wait_ms(struct rt_emitter *e, rt_mono_t now)
{
	int64_t due = e->link.socket
	    ? rt_outbox_due_ms(&e->outbox, now)
	    : rt_mono_ms_between(now, e->link.reopen) + 1;

	if (due > OFFLINE_LOOK_MS)
		due = OFFLINE_LOOK_MS;
	if (due < 0)
		due = 0;
	if (rt_outbox_is_open(&e->outbox) && due > e->look_ms)
		due = e->look_ms;
	return due;
}

static void
rest(struct rt_emitter *e, rt_mono_t now)
{
	zmq_pollitem_t items[] = {
	    {.fd = e->wake_fd, .events = ZMQ_POLLIN},
	    {.socket = e->link.socket, .events = ZMQ_POLLIN},
	    {.socket = e->link.monitor, .events = ZMQ_POLLIN},
	};
	int count = e->link.socket ? 3 : 1;
	uint64_t times;

	atomic_store(&e->wants_wake, rt_outbox_is_open(&e->outbox));
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
	link_close(&e->link);
	return NULL;
}

/* ---- life ----------------------------------------------------------------- */

static bool
random_id(char out[RT_WIRE_EMITTER_MAX + 1])
{
	uint64_t bits;

	if (getrandom(&bits, sizeof(bits), 0) != sizeof(bits))
		return false;
	snprintf(
	    out, RT_WIRE_EMITTER_MAX + 1, "%016llx", (unsigned long long)bits);
	return true;
}

static bool
choose_endpoint(struct rt_emitter *e, const char *endpoint)
{
	int n;

	if (!endpoint)
		endpoint = getenv("RETRYTOP_INTAKE");
	if (!endpoint || !*endpoint)
		endpoint = DEFAULT_ENDPOINT;
	n = snprintf(e->endpoint, sizeof(e->endpoint), "%s", endpoint);
	return n > 0 && (size_t)n < sizeof(e->endpoint);
}

/* 0, or the errno. */
static int
choose_keys(struct rt_emitter *e, const struct rt_emitter_opts *o)
{
	struct rt_curve_paths certs = {o->cert, o->server_cert};

	rt_curve_paths_from_env(&certs);
	switch ((int)rt_curve_keys_read(&e->keys, &certs, NULL)) {
	case RT_OK: return 0;
	case RT_E_IO: return ENOENT;
	default: return EACCES;
	}
}

/* 0, or the errno. */
static int
apply(struct rt_emitter *e, const struct rt_emitter_opts *o)
{
	size_t bytes = o->ring_bytes ? o->ring_bytes : DEFAULT_RING_BYTES;
	char id[RT_WIRE_EMITTER_MAX + 1];
	int rc = choose_keys(e, o);

	if (rc != 0)
		return rc;
	if ((o->emitter_id && !rt_wire_emitter_is_valid(o->emitter_id)) ||
	    bytes < RT_RING_BYTES_MIN || bytes > RT_RING_BYTES_MAX ||
	    o->linger_ms < 0 || o->linger_ms > LINGER_MS_MAX ||
	    !choose_endpoint(e, o->endpoint))
		return EINVAL;
	if (!o->emitter_id && !random_id(id))
		return errno;
	e->linger_ms = o->linger_ms ? o->linger_ms : DEFAULT_LINGER_MS;
	if (rt_ring_init(&e->ring, bytes) != RT_OK)
		return ENOMEM;
	rt_outbox_init(&e->outbox, &e->ring, o->emitter_id ? o->emitter_id : id,
	    (uint64_t)rt_clock_wall().us);
	return 0;
}

static bool
connect_first(struct rt_emitter *e)
{
	e->wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	e->context = e->wake_fd < 0 ? NULL : zmq_ctx_new();
	if (!e->context)
		return false;
	zmq_ctx_set(e->context, ZMQ_BLOCKY, 0);
	zmq_ctx_set(e->context, ZMQ_MAX_SOCKETS, 16);
	return link_open(e);
}

/* Signals are the application's business: its handlers never run here. */
static int
start(struct rt_emitter *e)
{
	sigset_t all, before;
	int rc;

	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	rc = connect_first(e) ? 0 : errno;
	if (rc == 0)
		rc = pthread_create(&e->thread, NULL, run, e);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	return rc;
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

static void
discard(struct rt_emitter *e)
{
	link_close(&e->link);
	if (e->context)
		zmq_ctx_term(e->context);
	if (e->wake_fd >= 0)
		close(e->wake_fd);
	pthread_cond_destroy(&e->moved);
	pthread_mutex_destroy(&e->lock);
	rt_ring_fini(&e->ring);
	rt_curve_keys_wipe(&e->keys);
	free(e);
}

struct rt_emitter *
rt_emitter_open(const struct rt_emitter_opts *opts)
{
	static const struct rt_emitter_opts defaults;
	struct rt_emitter *e = aligned_alloc(64, sizeof(*e));
	int rc;

	if (!e) {
		errno = ENOMEM;
		return NULL;
	}
	pthread_once(&generation_once, watch_forks);
	memset(e, 0, sizeof(*e));
	e->wake_fd = -1;
	e->generation = atomic_load(&generation);
	e->look_ms = LOOK_MS_MIN;
	e->link.reopen_ms = REOPEN_MS_MIN;
	init_waiting(e);
	rc = apply(e, opts ? opts : &defaults);
	if (rc == 0)
		rc = start(e);
	if (rc == 0)
		return e;
	discard(e);
	errno = rc;
	return NULL;
}

void
rt_emitter_close(struct rt_emitter *e)
{
	if (!e)
		return;
	if (is_foreign(e)) {
		/* The parent's thread, sockets and lock live on in the parent only. */
		rt_ring_fini(&e->ring);
		free(e);
		return;
	}
	(void)rt_emitter_flush(e, e->linger_ms);
	atomic_store(&e->must_stop, true);
	wake(e);
	pthread_join(e->thread, NULL);
	discard(e);
}
