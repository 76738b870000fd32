/* SPDX-License-Identifier: MIT */
#include "collector/bus.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zmq.h>

#include "collector/zap.h"
#include "proto/curve.h"
#include "proto/mem.h"

#define FRAMES_MAX 3u /* sender, head, body */

struct port {
	void *socket;  /* owned; NULL: off */
	void *monitor; /* owned; NULL: no keys, or off */
	struct rt_endpoint endpoint;
	bool is_bound;
	char lock_path[RT_ENDPOINT_SIZE + 8]; /* empty: none */
	int lock_fd;
	struct stat bound;            /* the socket file, where there is one */
	bool is_lost;                 /* it is no longer there; told */
	zmq_msg_t frames[FRAMES_MAX]; /* of the last message */
};

struct rt_bus {
	void *context;
	struct port ports[RT_BUS_COUNT];
	struct rt_access *access; /* owned; NULL: no keys */
	struct rt_zap *zap;       /* owned; NULL: no keys */
	struct rt_bus_stats stats;
	/* Bodies given away and not freed yet: each passes from thread to thread here. */
	_Atomic uint64_t lent;
};

/* ---- what each port is --------------------------------------------------------- */

static const struct {
	const char *name;
	int type;
	unsigned frames; /* of a message, with the sender's */
	int receive_high, send_high;
	int64_t bytes_max, keyed_bytes_max;
	enum rt_access_right right;
} kinds[RT_BUS_COUNT] = {
    [RT_BUS_EVENTS] = {"events", ZMQ_SUB, 1, 20000, 1, RT_BUS_BYTES_MAX,
	RT_BUS_KEYED_BYTES_MAX, RT_ACCESS_EMIT},
    [RT_BUS_INTAKE] = {"intake", ZMQ_ROUTER, 3, 64, 256, RT_BUS_BYTES_MAX,
	RT_BUS_KEYED_BYTES_MAX, RT_ACCESS_EMIT},
    [RT_BUS_QUERY] = {"query", ZMQ_ROUTER, 3, 16, 4, 65536, 65536,
	RT_ACCESS_VIEW},
};

/*
 * Of every socket: unlimited or unnoticed by default.  Heartbeats are the peers' business:
 * theirs carry a time to live, after which a frozen one is let go.  With heartbeats of our
 * own, libzmq 4.3.4 aborts when a peer whose messages wait at the high-water mark hangs
 * up before the next beat.
 */
static const struct {
	int name, value;
} safe[] = {
    {ZMQ_LINGER, 0},
    {ZMQ_HANDSHAKE_IVL, 2000},
    {ZMQ_TCP_KEEPALIVE, 1},
    {ZMQ_TCP_KEEPALIVE_IDLE, 10},
    {ZMQ_TCP_KEEPALIVE_INTVL, 5},
    {ZMQ_TCP_KEEPALIVE_CNT, 3},
    {ZMQ_BACKLOG, 512},
};

static bool
set_int(void *socket, int name, int value)
{
	return zmq_setsockopt(socket, name, &value, sizeof(value)) == 0;
}

static bool
set_options(void *socket, enum rt_bus_port port, bool has_keys)
{
	int64_t bytes_max =
	    has_keys ? kinds[port].keyed_bytes_max : kinds[port].bytes_max;
	bool ok = true;
	size_t i;

	for (i = 0; i < RT_COUNT_OF(safe); i++)
		ok = ok && set_int(socket, safe[i].name, safe[i].value);
	ok = ok && set_int(socket, ZMQ_RCVHWM, kinds[port].receive_high);
	ok = ok && set_int(socket, ZMQ_SNDHWM, kinds[port].send_high);
	ok = ok &&
	    zmq_setsockopt(
		socket, ZMQ_MAXMSGSIZE, &bytes_max, sizeof(bytes_max)) == 0;
	if (kinds[port].type == ZMQ_SUB)
		return ok && zmq_setsockopt(socket, ZMQ_SUBSCRIBE, "", 0) == 0;
	ok = ok && set_int(socket, ZMQ_ROUTER_MANDATORY, 0);
	if (port == RT_BUS_INTAKE)
		ok = ok && set_int(socket, ZMQ_ROUTER_HANDOVER, 1);
	return ok;
}

/* ---- keys ---------------------------------------------------------------------- */

/*
 * Handshakes that failed, as events on a socket of ours.  The queue has no bound: libzmq
 * would wait for room in it while it holds a lock that closing needs.  Whoever waits on
 * the bus empties it.
 */
static bool
watch_handshakes(void *context, struct port *p, enum rt_bus_port port)
{
	char name[48];

	snprintf(name, sizeof(name), "inproc://retrytop.monitor.%s",
	    kinds[port].name);
	p->monitor = zmq_socket(context, ZMQ_PAIR);
	return p->monitor && set_int(p->monitor, ZMQ_LINGER, 0) &&
	    set_int(p->monitor, ZMQ_RCVHWM, 0) &&
	    zmq_socket_monitor(p->socket, name,
		ZMQ_EVENT_HANDSHAKE_FAILED_NO_DETAIL |
		    ZMQ_EVENT_HANDSHAKE_FAILED_PROTOCOL |
		    ZMQ_EVENT_HANDSHAKE_FAILED_AUTH) >= 0 &&
	    zmq_connect(p->monitor, name) == 0;
}

static bool
set_keys(struct rt_bus *bus, struct port *p, enum rt_bus_port port,
    const struct rt_access *access)
{
	return !access ||
	    (rt_curve_set_server(p->socket, &access->server,
		 rt_access_right_name(kinds[port].right)) &&
		watch_handshakes(bus->context, p, port));
}

/* An event is two frames: what happened, and to whom. */
static void
count_handshakes(struct rt_bus *bus, struct port *p)
{
	char frame[8];
	int more;
	size_t size = sizeof(more);

	while (p->monitor &&
	    zmq_recv(p->monitor, frame, sizeof(frame), ZMQ_DONTWAIT) >= 0)
		if (zmq_getsockopt(p->monitor, ZMQ_RCVMORE, &more, &size) ==
			0 &&
		    !more)
			bus->stats.handshakes_failed++;
}

void
rt_bus_set_access(struct rt_bus *bus, const struct rt_access *access)
{
	rt_zap_set(bus->zap, access);
	rt_access_free(bus->access);
	bus->access = rt_access_copy_lists(access);
}

struct rt_bus_stats
rt_bus_stats(const struct rt_bus *bus)
{
	return bus->stats;
}

/* ---- ipc paths ----------------------------------------------------------------- */

/* The socket file of an ipc endpoint; NULL where there is none to protect. */
static const char *
ipc_path(const char *endpoint)
{
	if (strncmp(endpoint, "ipc://", 6) != 0 || endpoint[6] == '@' ||
	    endpoint[6] == '*' || endpoint[6] == '\0')
		return NULL;
	return endpoint + 6;
}

static bool
is_same_file(int fd, const char *path)
{
	struct stat held, there;

	return fstat(fd, &held) == 0 && stat(path, &there) == 0 &&
	    held.st_dev == there.st_dev && held.st_ino == there.st_ino;
}

/*
 * The holder unlinks its lock file at close, so a lock on a file that is no longer at
 * the path is worth nothing: try again.
 */
static enum rt_err
lock_path(struct port *p, const char *path, struct rt_diag *d)
{
	int fd, why;

	snprintf(p->lock_path, sizeof(p->lock_path), "%s.lock", path);
	for (;;) {
		fd = open(p->lock_path,
		    O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
		if (fd >= 0 && flock(fd, LOCK_EX | LOCK_NB) == 0 &&
		    is_same_file(fd, p->lock_path))
			break;
		why = errno;
		if (fd >= 0)
			close(fd);
		if (fd >= 0 && why != EWOULDBLOCK)
			continue;
		rt_diag_set(d, p->lock_path, "%s",
		    fd >= 0 ? "another collector holds it" : strerror(why));
		p->lock_path[0] = '\0';
		return fd >= 0 ? RT_E_BUSY : RT_E_IO;
	}
	p->lock_fd = fd;
	return RT_OK;
}

static bool
is_ours(const struct port *p, const char *path)
{
	struct stat there;

	return lstat(path, &there) == 0 && there.st_dev == p->bound.st_dev &&
	    there.st_ino == p->bound.st_ino;
}

/* libzmq leaves the socket file; the lock says that it is ours. */
static void
unlock_path(struct port *p)
{
	const char *path = ipc_path(p->endpoint.text);

	if (p->lock_path[0] == '\0')
		return;
	if (path && p->is_bound && is_ours(p, path))
		unlink(path);
	unlink(p->lock_path);
	close(p->lock_fd);
	p->lock_path[0] = '\0';
}

/* ---- opening ------------------------------------------------------------------- */

static enum rt_err
refuse_bind(
    enum rt_bus_port port, const char *endpoint, int why, struct rt_diag *d)
{
	const char *name = kinds[port].name;

	if (why == EADDRINUSE) {
		rt_diag_set(d, endpoint,
		    "somebody listens there already, perhaps another "
		    "collector; stop it or choose another with --%s",
		    name);
		return RT_E_BUSY;
	}
	rt_diag_set(d, endpoint, "cannot be opened for --%s: %s", name,
	    zmq_strerror(why));
	return why == EINVAL || why == EPROTONOSUPPORT || why == ENODEV ||
		why == ENAMETOOLONG
	    ? RT_E_USAGE
	    : RT_E_IO;
}

/* libzmq would delete whatever is at the path. */
static enum rt_err
refuse_other_files(const char *path, struct rt_diag *d)
{
	struct stat st;

	if (lstat(path, &st) != 0 || S_ISSOCK(st.st_mode))
		return RT_OK;
	rt_diag_set(d, path, "is there and no socket; choose another path");
	return RT_E_USAGE;
}

static enum rt_err
bind_port(struct port *p, enum rt_bus_port port, struct rt_diag *d)
{
	const char *endpoint = p->endpoint.text, *path = ipc_path(endpoint);
	size_t size = sizeof(p->endpoint.text);
	struct rt_diag why = {{0}, {0}};
	enum rt_err err;
	mode_t before;
	int failed = 0;

	if (path && (err = refuse_other_files(path, d)) != RT_OK)
		return err;
	if (path && (err = lock_path(p, path, &why)) != RT_OK) {
		if (err == RT_E_BUSY)
			return refuse_bind(port, endpoint, EADDRINUSE, d);
		rt_diag_set(d, why.where, "cannot be locked: %s", why.what);
		return err;
	}
	before = umask(0007);
	if (zmq_bind(p->socket, endpoint) != 0)
		failed = zmq_errno();
	umask(before);
	if (failed)
		return refuse_bind(port, endpoint, failed, d);
	p->is_bound = true;
	if (path && lstat(path, &p->bound) != 0)
		return refuse_bind(port, endpoint, errno, d);
	if (zmq_getsockopt(
		p->socket, ZMQ_LAST_ENDPOINT, p->endpoint.text, &size) != 0)
		return refuse_bind(port, endpoint, zmq_errno(), d);
	return RT_OK;
}

static enum rt_err
open_port(struct rt_bus *bus, enum rt_bus_port port,
    const struct rt_endpoint *endpoint, const struct rt_access *access,
    bool is_insecure, struct rt_diag *d)
{
	struct port *p = &bus->ports[port];

	p->endpoint = *endpoint;
	if (strcmp(endpoint->text, "off") == 0)
		return RT_OK;
	if (!access && !is_insecure && !rt_endpoint_is_local(endpoint->text)) {
		rt_diag_set(d, endpoint->text,
		    "others could reach --%s there and there are no keys to "
		    "tell them apart: choose 127.0.0.1 or ipc://, give keys "
		    "with --secret, or say --insecure",
		    kinds[port].name);
		return RT_E_USAGE;
	}
	p->socket = zmq_socket(bus->context, kinds[port].type);
	if (!p->socket || !set_options(p->socket, port, access != NULL) ||
	    !set_keys(bus, p, port, access)) {
		rt_diag_set(d, endpoint->text, "no socket for --%s: %s",
		    kinds[port].name, zmq_strerror(zmq_errno()));
		return RT_E_IO;
	}
	return bind_port(p, port, d);
}

enum rt_err
rt_bus_open(const struct rt_endpoint endpoints[],
    const struct rt_access *access, bool is_insecure, struct rt_bus **out,
    struct rt_diag *d)
{
	struct rt_bus *bus = rt_xcalloc(1, sizeof(*bus));
	enum rt_err err = RT_OK;
	unsigned i, k;

	bus->context = zmq_ctx_new();
	if (!bus->context) {
		rt_diag_set(d, NULL, "ZeroMQ: %s", zmq_strerror(zmq_errno()));
		free(bus);
		return RT_E_IO;
	}
	for (i = 0; i < RT_BUS_COUNT; i++)
		for (k = 0; k < FRAMES_MAX; k++)
			zmq_msg_init(&bus->ports[i].frames[k]);
	if (access) {
		bus->access = rt_access_copy_lists(access);
		err = rt_zap_open(bus->context, access, &bus->zap, d);
	}
	for (i = 0; i < RT_BUS_COUNT && err == RT_OK; i++)
		err = open_port(bus, (enum rt_bus_port)i, &endpoints[i], access,
		    is_insecure, d);
	if (err != RT_OK) {
		rt_bus_close(bus);
		return err;
	}
	*out = bus;
	return RT_OK;
}

bool
rt_bus_has_lost(struct rt_bus *bus, struct rt_diag *d)
{
	unsigned i;

	for (i = 0; i < RT_BUS_COUNT; i++) {
		struct port *p = &bus->ports[i];
		const char *path = ipc_path(p->endpoint.text);

		if (!path || p->bound.st_ino == 0 || p->is_lost ||
		    is_ours(p, path))
			continue;
		p->is_lost = true;
		rt_diag_set(d, path,
		    "was removed or taken over: nobody new reaches --%s; "
		    "start again",
		    kinds[i].name);
		return true;
	}
	return false;
}

void
rt_bus_close(struct rt_bus *bus)
{
	unsigned i, k;

	if (!bus)
		return;
	for (i = 0; i < RT_BUS_COUNT; i++) {
		struct port *p = &bus->ports[i];

		for (k = 0; k < FRAMES_MAX; k++)
			zmq_msg_close(&p->frames[k]);
		if (p->socket)
			zmq_close(p->socket);
		if (p->monitor)
			zmq_close(p->monitor);
	}
	rt_zap_close(bus->zap);
	rt_access_free(bus->access);
	while (zmq_ctx_term(bus->context) != 0 && zmq_errno() == EINTR)
		;
	assert(atomic_load_explicit(&bus->lent, memory_order_acquire) == 0);
	/* Only now does nobody listen at the paths. */
	for (i = 0; i < RT_BUS_COUNT; i++)
		unlock_path(&bus->ports[i]);
	free(bus);
}

const char *
rt_bus_endpoint(const struct rt_bus *bus, enum rt_bus_port port)
{
	return bus->ports[port].endpoint.text;
}

/* ---- messages ------------------------------------------------------------------ */

bool
rt_bus_wait(struct rt_bus *bus, int fd, int timeout_ms)
{
	zmq_pollitem_t items[2 * RT_BUS_COUNT + 1];
	int n = 0;
	unsigned i;
	bool is_readable;

	items[n++] = (zmq_pollitem_t){.fd = fd, .events = ZMQ_POLLIN};
	for (i = 0; i < RT_BUS_COUNT; i++) {
		const struct port *p = &bus->ports[i];

		if (p->socket)
			items[n++] = (zmq_pollitem_t){
			    .socket = p->socket, .events = ZMQ_POLLIN};
		if (p->monitor)
			items[n++] = (zmq_pollitem_t){
			    .socket = p->monitor, .events = ZMQ_POLLIN};
	}
	is_readable =
	    zmq_poll(items, n, timeout_ms) > 0 && items[0].revents != 0;
	for (i = 0; i < RT_BUS_COUNT; i++)
		count_handshakes(bus, &bus->ports[i]);
	return is_readable;
}

static struct rt_str
text_of(zmq_msg_t *m)
{
	return (struct rt_str){zmq_msg_data(m), zmq_msg_size(m)};
}

/* Read and forget the frames that nobody asked for. */
static unsigned
skip_frames(void *socket)
{
	zmq_msg_t m;
	unsigned n = 0;
	bool more = true;

	zmq_msg_init(&m);
	while (more && zmq_msg_recv(&m, socket, ZMQ_DONTWAIT) >= 0) {
		n++;
		more = zmq_msg_more(&m) != 0;
	}
	zmq_msg_close(&m);
	return n;
}

/*
 * The key of whoever sent the message, where its certificate is still in force: a
 * connection outlives the reload that removed it.
 */
static const char *
key_of(const struct rt_bus *bus, enum rt_bus_port port, const zmq_msg_t *m)
{
	const struct rt_access_entry *e = rt_access_find(bus->access,
	    kinds[port].right, zmq_msg_gets(m, RT_ZAP_KEY_PROPERTY));

	return e ? e->key : NULL;
}

enum rt_err
rt_bus_take(struct rt_bus *bus, enum rt_bus_port port, struct rt_bus_message *m)
{
	struct port *p = &bus->ports[port];
	unsigned want = kinds[port].frames, n = 0;
	bool more = true;

	if (!p->socket)
		return RT_E_AGAIN;
	*m = (struct rt_bus_message){.frames = 0};
	while (more && n < want) {
		if (zmq_msg_recv(&p->frames[n], p->socket, ZMQ_DONTWAIT) < 0)
			break;
		m->bytes += zmq_msg_size(&p->frames[n]);
		more = zmq_msg_more(&p->frames[n]) != 0;
		n++;
	}
	if (n == 0)
		return RT_E_AGAIN;
	m->frames = n + (more && n == want ? skip_frames(p->socket) : 0);
	if (bus->access && !(m->key = key_of(bus, port, &p->frames[n - 1]))) {
		bus->stats.unauthorised++;
		return RT_E_EMPTY;
	}
	if (m->frames != want)
		return RT_E_FIELD;
	m->body = text_of(&p->frames[want - 1]);
	if (want == FRAMES_MAX) {
		m->head = text_of(&p->frames[1]);
		m->from = text_of(&p->frames[0]);
	}
	return RT_OK;
}

static bool
send_frame(void *socket, struct rt_str s, int flags)
{
	return zmq_send(socket, s.p, s.len, flags | ZMQ_DONTWAIT) >= 0;
}

enum rt_err
rt_bus_answer(struct rt_bus *bus, enum rt_bus_port port, struct rt_str head,
    struct rt_str body)
{
	return rt_bus_answer_to(
	    bus, port, text_of(&bus->ports[port].frames[0]), head, body);
}

/* Whom the answer is for and what comes before it. */
static bool
send_heads(struct port *p, struct rt_str to, struct rt_str head)
{
	int events;
	size_t size = sizeof(events);

	/*
	 * libzmq learns only now and then what a peer has read; with a short queue
	 * it would drop the answers of a viewer that keeps up.  This makes it look.
	 */
	if (zmq_getsockopt(p->socket, ZMQ_EVENTS, &events, &size) != 0)
		return false;
	if (!send_frame(p->socket, to, ZMQ_SNDMORE))
		return false;
	/* Once a ROUTER took the address it takes the rest, or drops it all. */
	return head.len == 0 || send_frame(p->socket, head, ZMQ_SNDMORE);
}

enum rt_err
rt_bus_answer_to(struct rt_bus *bus, enum rt_bus_port port, struct rt_str to,
    struct rt_str head, struct rt_str body)
{
	struct port *p = &bus->ports[port];

	return send_heads(p, to, head) && send_frame(p->socket, body, 0)
	    ? RT_OK
	    : RT_E_AGAIN;
}

/* On whichever of libzmq's threads was the last to need it. */
static void
free_body(void *bytes, void *arg)
{
	struct rt_bus *bus = arg;

	/* Acquire: what the loop wrote there; release: close sees it gone. */
	(void)atomic_load_explicit(&bus->lent, memory_order_acquire);
	free(bytes);
	atomic_fetch_sub_explicit(&bus->lent, 1, memory_order_release);
}

enum rt_err
rt_bus_give_answer(struct rt_bus *bus, enum rt_bus_port port, struct rt_str to,
    struct rt_str head, struct rt_buf *body)
{
	struct port *p = &bus->ports[port];
	zmq_msg_t m;
	bool is_sent;

	if (zmq_msg_init_data(&m, body->p, body->len, free_body, bus) != 0) {
		rt_buf_fini(body);
		return RT_E_AGAIN;
	}
	atomic_fetch_add_explicit(&bus->lent, 1, memory_order_release);
	rt_buf_init(body, body->max);
	is_sent = send_heads(p, to, head) &&
	    zmq_msg_send(&m, p->socket, ZMQ_DONTWAIT) >= 0;
	if (!is_sent)
		zmq_msg_close(&m);
	return is_sent ? RT_OK : RT_E_AGAIN;
}
