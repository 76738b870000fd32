/* SPDX-License-Identifier: MIT */
#include "collector/zap.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <zmq.h>

#include "proto/curve.h"
#include "proto/mem.h"

#define ENDPOINT "inproc://zeromq.zap.01"
#define CONTROL "inproc://retrytop.zap.control"
#define KEY_BYTES 32u
#define FRAME_SIZE 256u

/* The frames of a request; credentials follow. */
enum frame {
	VERSION,
	REQUEST,
	DOMAIN_NAME,
	ADDRESS,
	ROUTING_ID,
	MECHANISM,
	CREDENTIALS,
	FRAMES,
};

struct rt_zap {
	void *control; /* owned: the caller's end */
	pthread_t thread;
	/* Owned by the caller until it is here, by the thread once it took it. */
	struct rt_access *_Atomic next;
	/* The thread's own. */
	void *requests, *orders;  /* owned */
	struct rt_access *access; /* owned */
};

struct request {
	struct {
		char bytes[FRAME_SIZE];
		size_t len;
	} frames[FRAMES];
	bool is_whole; /* all frames, none cut */
};

/* ---- one request --------------------------------------------------------------- */

static struct rt_str
frame_of(const struct request *q, enum frame f)
{
	return (struct rt_str){q->frames[f].bytes, q->frames[f].len};
}

/* One whole message; false where there is none. */
static bool
receive(void *socket, struct request *q)
{
	unsigned n = 0;
	int more = 1;
	size_t size = sizeof(more);
	char rest[1];

	q->is_whole = true;
	for (; more; n++) {
		bool is_extra = n >= FRAMES;
		char *into = is_extra ? rest : q->frames[n].bytes;
		size_t room = is_extra ? sizeof(rest) : FRAME_SIZE;
		int len = zmq_recv(socket, into, room, ZMQ_DONTWAIT);

		if (len < 0)
			return false;
		if (is_extra || (size_t)len > room)
			q->is_whole = false;
		else
			q->frames[n].len = (size_t)len;
		if (zmq_getsockopt(socket, ZMQ_RCVMORE, &more, &size) != 0)
			return false;
	}
	q->is_whole = q->is_whole && n == FRAMES;
	return true;
}

static bool
right_of(struct rt_str domain, enum rt_access_right *out)
{
	unsigned i;

	for (i = 0; i < RT_ACCESS_COUNT; i++)
		if (rt_str_is(domain,
			rt_access_right_name((enum rt_access_right)i))) {
			*out = (enum rt_access_right)i;
			return true;
		}
	return false;
}

/* Who asks, if that may come in. */
static const struct rt_access_entry *
judge(const struct rt_zap *z, const struct request *q)
{
	char key[RT_CERT_KEY_CHARS + 1];
	enum rt_access_right right;

	if (!q->is_whole || !rt_str_is(frame_of(q, VERSION), "1.0") ||
	    !rt_str_is(frame_of(q, MECHANISM), "CURVE") ||
	    q->frames[CREDENTIALS].len != KEY_BYTES ||
	    !right_of(frame_of(q, DOMAIN_NAME), &right))
		return NULL;
	rt_curve_text(key, (const unsigned char *)q->frames[CREDENTIALS].bytes);
	return rt_access_find(z->access, right, key);
}

/* Length of the name, name, length of the value in four bytes, value. */
static size_t
put_property(char *out, const char *name, const char *value)
{
	size_t name_len = strlen(name), value_len = strlen(value);

	*out++ = (char)name_len;
	memcpy(out, name, name_len);
	out += name_len;
	memset(out, 0, 3);
	out[3] = (char)value_len;
	memcpy(out + 4, value, value_len);
	return 1 + name_len + 4 + value_len;
}

static void
answer(struct rt_zap *z, const struct request *q)
{
	const struct rt_access_entry *e = judge(z, q);
	struct rt_str id = frame_of(q, REQUEST);
	char properties[128];
	const struct rt_str frames[] = {
	    rt_str_of("1.0"),
	    id,
	    rt_str_of(e ? "200" : "400"),
	    rt_str_of(e ? "OK" : "no"),
	    rt_str_of(e ? e->name : ""),
	    {properties,
		e ? put_property(properties, RT_ZAP_KEY_PROPERTY, e->key) : 0},
	};
	size_t i, last = RT_COUNT_OF(frames) - 1;

	for (i = 0; i <= last; i++)
		if (zmq_send(z->requests, frames[i].p, frames[i].len,
			ZMQ_DONTWAIT | (i < last ? ZMQ_SNDMORE : 0)) < 0)
			return;
}

/* ---- the thread ---------------------------------------------------------------- */

/* A word that says: the next list is there, or, where none is: end. */
static bool
take_order(struct rt_zap *z)
{
	struct rt_access *next;
	char word[1];

	if (zmq_recv(z->orders, word, sizeof(word), 0) < 0)
		return true;
	next = atomic_exchange_explicit(&z->next, NULL, memory_order_acquire);
	if (!next)
		return false;
	rt_access_free(z->access);
	z->access = next;
	zmq_send(z->orders, "", 0, 0);
	return true;
}

static void *
run(void *arg)
{
	struct rt_zap *z = arg;
	bool goes_on = true;

	prctl(PR_SET_NAME, "retrytop-zap");
	while (goes_on) {
		zmq_pollitem_t items[] = {
		    {.socket = z->orders, .events = ZMQ_POLLIN},
		    {.socket = z->requests, .events = ZMQ_POLLIN},
		};
		struct request q;

		memset(&q, 0, sizeof(q));
		if (zmq_poll(items, (int)RT_COUNT_OF(items), -1) < 0)
			continue;
		if (items[0].revents)
			goes_on = take_order(z);
		else if (items[1].revents && receive(z->requests, &q))
			answer(z, &q);
	}
	zmq_close(z->requests);
	zmq_close(z->orders);
	rt_access_free(z->access);
	return NULL;
}

/* ---- life ---------------------------------------------------------------------- */

static void *
open_socket(void *context, int type)
{
	void *socket = zmq_socket(context, type);
	int linger = 0;

	if (socket)
		zmq_setsockopt(socket, ZMQ_LINGER, &linger, sizeof(linger));
	return socket;
}

static void
close_sockets(struct rt_zap *z)
{
	if (z->requests)
		zmq_close(z->requests);
	if (z->orders)
		zmq_close(z->orders);
	if (z->control)
		zmq_close(z->control);
}

enum rt_err
rt_zap_open(void *context, const struct rt_access *a, struct rt_zap **out,
    struct rt_diag *d)
{
	struct rt_zap *z = rt_xcalloc(1, sizeof(*z));

	z->requests = open_socket(context, ZMQ_REP);
	z->orders = open_socket(context, ZMQ_PAIR);
	z->control = open_socket(context, ZMQ_PAIR);
	z->access = rt_access_copy_lists(a);
	if (z->requests && z->orders && z->control &&
	    zmq_bind(z->requests, ENDPOINT) == 0 &&
	    zmq_bind(z->orders, CONTROL) == 0 &&
	    zmq_connect(z->control, CONTROL) == 0 &&
	    pthread_create(&z->thread, NULL, run, z) == 0) {
		*out = z;
		return RT_OK;
	}
	rt_diag_set(d, "access", "the handler cannot be started: %s",
	    zmq_strerror(zmq_errno()));
	close_sockets(z);
	rt_access_free(z->access);
	free(z);
	return RT_E_IO;
}

void
rt_zap_set(struct rt_zap *z, const struct rt_access *a)
{
	char done[1];

	atomic_store_explicit(
	    &z->next, rt_access_copy_lists(a), memory_order_release);
	while (zmq_send(z->control, "", 0, 0) < 0)
		;
	while (zmq_recv(z->control, done, sizeof(done), 0) < 0)
		;
}

void
rt_zap_close(struct rt_zap *z)
{
	if (!z)
		return;
	while (zmq_send(z->control, "", 0, 0) < 0)
		;
	pthread_join(z->thread, NULL);
	zmq_close(z->control);
	free(z);
}
