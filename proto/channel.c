/* SPDX-License-Identifier: MIT */
#include "proto/channel.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <zmq.h>

#include "proto/macro.h"

/* Between losing a connection and opening the next; doubles until an answer comes. */
#define REOPEN_MS_MIN 50
#define REOPEN_MS_MAX 1000
#define OFFLINE_LOOK_MS 1000

void
rt_channel_init(struct rt_channel *c, const struct rt_channel_way *way,
    struct rt_ring *ring, const char *emitter, uint64_t epoch)
{
	c->way = *way;
	c->ring = ring;
	rt_outbox_init(&c->outbox, ring, emitter, epoch);
	c->connects = 0;
	c->socket = c->monitor = NULL;
	c->number = 0;
	c->reopen = (rt_mono_t){0};
	c->reopen_ms = REOPEN_MS_MIN;
}

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

void
rt_channel_close(struct rt_channel *c)
{
	int saved = errno;

	if (c->socket)
		zmq_socket_monitor(c->socket, NULL, 0);
	if (c->monitor)
		zmq_close(c->monitor);
	if (c->socket)
		zmq_close(c->socket);
	c->monitor = c->socket = NULL;
	errno = saved;
}

/*
 * A socket lives for one connection: what a lost one still held is gone with it, so
 * HELLO is the first thing a collector hears and no answer of an earlier one is left.
 */
bool
rt_channel_open(struct rt_channel *c)
{
	int linger = 0;
	char name[64];

	snprintf(name, sizeof(name), "inproc://monitor-%p-%u", (void *)c,
	    c->number++);
	c->socket = zmq_socket(c->way.context, ZMQ_DEALER);
	if (!c->socket || !configure(c->socket) ||
	    !rt_curve_set_client(c->socket, c->way.keys) ||
	    zmq_socket_monitor(c->socket, name,
		ZMQ_EVENT_HANDSHAKE_SUCCEEDED | ZMQ_EVENT_DISCONNECTED) < 0)
		goto out;
	c->monitor = zmq_socket(c->way.context, ZMQ_PAIR);
	if (!c->monitor ||
	    zmq_setsockopt(c->monitor, ZMQ_LINGER, &linger, sizeof(linger)) ||
	    zmq_connect(c->monitor, name) != 0 ||
	    zmq_connect(c->socket, c->way.endpoint) != 0)
		goto out;
	return true;
out:
	rt_channel_close(c);
	return false;
}

static void
lose(struct rt_channel *c, rt_mono_t now)
{
	rt_channel_close(c);
	rt_outbox_disconnected(&c->outbox);
	c->reopen = rt_mono_add_ms(now, c->reopen_ms);
	c->reopen_ms *= 2;
	if (c->reopen_ms > REOPEN_MS_MAX)
		c->reopen_ms = REOPEN_MS_MAX;
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
take_answers(struct rt_channel *c, rt_mono_t now)
{
	char text[RT_WIRE_HEADER_MAX];
	struct rt_wire_answer a;
	uint64_t before = c->outbox.acked;
	int len;

	while ((len = receive(c->socket, text, sizeof(text))) >= 0)
		if (rt_wire_answer_decode(text, (size_t)len, &a) == RT_OK)
			rt_outbox_answer(&c->outbox, &a, now);
	if (c->outbox.acked > before)
		c->reopen_ms = REOPEN_MS_MIN;
}

/* A monitor's event: a little-endian 16-bit number and a value; the peer follows. */
static void
take_events(struct rt_channel *c, rt_mono_t now)
{
	unsigned char frame[6];

	while (c->monitor &&
	    receive(c->monitor, (char *)frame, sizeof(frame)) >= 2) {
		uint16_t event;

		memcpy(&event, frame, sizeof(event));
		/* What came before is older than what this event begins or ends. */
		take_answers(c, now);
		if (event == ZMQ_EVENT_HANDSHAKE_SUCCEEDED) {
			c->connects++;
			rt_outbox_connected(&c->outbox, now);
		} else {
			lose(c, now);
		}
	}
}

static bool
say(struct rt_channel *c, struct rt_outbox_message *m)
{
	char text[RT_WIRE_HEADER_MAX];
	size_t len;

	/* Dropped first: whoever is among them is among the offered too. */
	m->header.dropped = rt_ring_dropped(c->ring);
	m->header.offered = rt_ring_offered(c->ring);
	len = rt_wire_header_encode(text, sizeof(text), &m->header);
	if (zmq_send(c->socket, text, len, ZMQ_DONTWAIT | ZMQ_SNDMORE) < 0)
		return false;
	return zmq_send(c->socket, c->batch, m->batch_len, ZMQ_DONTWAIT) >= 0;
}

bool
rt_channel_work(struct rt_channel *c, rt_mono_t now)
{
	struct rt_outbox_message m;
	uint64_t acked = c->outbox.acked, batches = c->outbox.batches;

	if (!c->socket && now.us >= c->reopen.us && !rt_channel_open(c))
		c->reopen = rt_mono_add_ms(now, REOPEN_MS_MAX);
	take_events(c, now);
	if (c->socket)
		take_answers(c, now);
	while (rt_outbox_next(&c->outbox, now, &m, c->batch) && say(c, &m))
		rt_outbox_sent(&c->outbox, now, &m);
	return c->outbox.acked != acked || c->outbox.batches != batches;
}

int64_t
rt_channel_wait_ms(const struct rt_channel *c, rt_mono_t now)
{
	int64_t due = c->socket ? rt_outbox_due_ms(&c->outbox, now)
				: rt_mono_ms_between(now, c->reopen) + 1;

	if (due > OFFLINE_LOOK_MS)
		due = OFFLINE_LOOK_MS;
	return due < 0 ? 0 : due;
}

bool
rt_channel_is_done(const struct rt_channel *c)
{
	return c->outbox.state == RT_OUTBOX_STREAMING &&
	    rt_ring_tail(c->ring) == rt_ring_head(c->ring);
}
