/* SPDX-License-Identifier: MIT */
#include "proto/ask.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <zmq.h>

#include "proto/clock.h"
#include "proto/macro.h"
#include "proto/mem.h"

#define NUMBER_BYTES 8u

struct rt_ask {
	void *context, *socket; /* owned */
	int fd;
	uint64_t number;  /* of the newest question that was queued */
	bool is_open;     /* its answer has not come yet */
	zmq_msg_t answer; /* what the last rt_ask_poll lent out */
};

static const struct {
	int option, value;
} OPTIONS[] = {
    {ZMQ_LINGER, 0},
    /* A peer that froze is noticed after at most 1.5 s, not never. */
    {ZMQ_HEARTBEAT_IVL, 500},
    {ZMQ_HEARTBEAT_TIMEOUT, 1000},
    {ZMQ_HEARTBEAT_TTL, 3000}, /* the collector lets us go then */
    {ZMQ_HANDSHAKE_IVL, 2000},
    {ZMQ_RECONNECT_IVL, 50},
    {ZMQ_RECONNECT_IVL_MAX, 1000},
    /* Few questions wait for a collector that is away: all but the last are
     * stale.  Not 1: the room of a question that went is given back a moment
     * later. */
    {ZMQ_SNDHWM, 2},
    {ZMQ_RCVHWM, 4},
};

static bool
configure(void *socket)
{
	int64_t max = INT64_C(64) << 20;
	size_t i;

	for (i = 0; i < RT_COUNT_OF(OPTIONS); i++)
		if (zmq_setsockopt(socket, OPTIONS[i].option, &OPTIONS[i].value,
			sizeof(OPTIONS[i].value)) != 0)
			return false;
	return zmq_setsockopt(socket, ZMQ_MAXMSGSIZE, &max, sizeof(max)) == 0;
}

static enum rt_err
open_with(const char *endpoint, const struct rt_curve_keys *keys,
    struct rt_ask **out, struct rt_diag *d)
{
	struct rt_ask *a = rt_xcalloc(1, sizeof(*a));
	size_t size = sizeof(a->fd);
	enum rt_err err = RT_E_IO;

	zmq_msg_init(&a->answer);
	a->context = zmq_ctx_new();
	if (!a->context)
		goto out;
	zmq_ctx_set(a->context, ZMQ_BLOCKY, 0);
	a->socket = zmq_socket(a->context, ZMQ_DEALER);
	if (!a->socket || !configure(a->socket) ||
	    !rt_curve_set_client(a->socket, keys) ||
	    zmq_getsockopt(a->socket, ZMQ_FD, &a->fd, &size) != 0)
		goto out;
	if (zmq_connect(a->socket, endpoint) != 0) {
		err = RT_E_USAGE;
		goto out;
	}
	*out = a;
	return RT_OK;
out:
	rt_diag_set(d, endpoint, "cannot be used as a query endpoint: %s",
	    zmq_strerror(errno));
	rt_ask_close(a);
	return err;
}

enum rt_err
rt_ask_open(const char *endpoint, struct rt_ask **out, struct rt_diag *d)
{
	const struct rt_curve_keys none = {.server_key = ""};

	return open_with(endpoint, &none, out, d);
}

enum rt_err
rt_ask_open_keyed(const char *endpoint, const struct rt_curve_paths *certs,
    struct rt_ask **out, struct rt_diag *d)
{
	struct rt_curve_keys keys;
	enum rt_err err = rt_curve_keys_read(&keys, certs, d);

	if (err != RT_OK)
		return err;
	err = open_with(endpoint, &keys, out, d);
	rt_curve_keys_wipe(&keys);
	return err;
}

void
rt_ask_close(struct rt_ask *a)
{
	if (!a)
		return;
	zmq_msg_close(&a->answer);
	if (a->socket)
		zmq_close(a->socket);
	if (a->context)
		zmq_ctx_term(a->context);
	free(a);
}

static void
put_number(unsigned char out[NUMBER_BYTES], uint64_t number)
{
	unsigned i;

	for (i = 0; i < NUMBER_BYTES; i++)
		out[i] =
		    (unsigned char)(number >> (8 * (NUMBER_BYTES - 1 - i)));
}

enum rt_err
rt_ask_send(struct rt_ask *a, struct rt_str request)
{
	unsigned char number[NUMBER_BYTES];

	put_number(number, a->number + 1);
	if (zmq_send(a->socket, number, sizeof(number),
		ZMQ_DONTWAIT | ZMQ_SNDMORE) < 0)
		return errno == EAGAIN ? RT_E_AGAIN : RT_E_IO;
	/* The high-water mark counts whole messages: the rest of one always fits. */
	if (zmq_send(a->socket, request.p, request.len, ZMQ_DONTWAIT) < 0)
		return RT_E_IO;
	a->number++;
	a->is_open = true;
	return RT_OK;
}

/* Is the frame the number of the question that is open? */
static bool
is_awaited(const struct rt_ask *a, zmq_msg_t *frame)
{
	unsigned char number[NUMBER_BYTES];

	put_number(number, a->number);
	return a->is_open && zmq_msg_size(frame) == sizeof(number) &&
	    memcmp(zmq_msg_data(frame), number, sizeof(number)) == 0;
}

/*
 * One message, whole, into a->answer.  *is_ours: two frames, the first the number of
 * the open question.
 */
static enum rt_err
receive(struct rt_ask *a, bool *is_ours)
{
	unsigned frames = 0;
	bool is_match = false;

	do {
		if (zmq_msg_recv(&a->answer, a->socket, ZMQ_DONTWAIT) < 0)
			return errno == EAGAIN ? RT_E_AGAIN : RT_E_IO;
		if (frames++ == 0)
			is_match = is_awaited(a, &a->answer);
	} while (zmq_msg_more(&a->answer));
	*is_ours = is_match && frames == 2;
	return RT_OK;
}

enum rt_err
rt_ask_poll(struct rt_ask *a, struct rt_str *answer)
{
	bool is_ours = false;
	enum rt_err err;

	do {
		err = receive(a, &is_ours);
		if (err != RT_OK)
			return err;
	} while (!is_ours);
	a->is_open = false;
	*answer =
	    (struct rt_str){zmq_msg_data(&a->answer), zmq_msg_size(&a->answer)};
	return RT_OK;
}

int
rt_ask_fd(const struct rt_ask *a)
{
	return a->fd;
}

enum rt_err
rt_ask_wait(struct rt_ask *a, struct rt_str request, int timeout_ms,
    struct rt_str *answer)
{
	rt_mono_t end = rt_mono_add_ms(rt_clock_mono(), timeout_ms);
	bool is_sent = false;
	enum rt_err err;

	a->is_open = false;
	for (;;) {
		zmq_pollitem_t item = {
		    .socket = a->socket, .events = ZMQ_POLLIN};
		int64_t left_ms;

		err = is_sent ? RT_OK : rt_ask_send(a, request);
		is_sent = err == RT_OK;
		if (!is_sent && err != RT_E_AGAIN)
			return err;
		err = rt_ask_poll(a, answer);
		if (err != RT_E_AGAIN)
			return err;
		left_ms = rt_mono_ms_between(rt_clock_mono(), end);
		if (left_ms <= 0)
			return RT_E_TIMEOUT;
		if (!is_sent)
			item.events |= ZMQ_POLLOUT;
		if (zmq_poll(&item, 1, (long)left_ms) < 0 && errno != EINTR)
			return RT_E_IO;
	}
}
