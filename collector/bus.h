/* SPDX-License-Identifier: MIT */
/*
 * bus — the collector's three sockets; the only file of the collector that knows ZeroMQ.
 *
 * Ports   events: SUB, bound, takes all; anybody may publish single frames.
 *         intake: ROUTER, bound; frames sender, header, batch (proto/wire.h).
 *         query: ROUTER, bound; frames asker, request number, question (proto/ask.h).
 * Safe    Messages over RT_BUS_BYTES_MAX disconnect their peer.  Queues are bounded a
 *         peer; half-open peers go after 2 s, frozen ones 3 s after their last heartbeat,
 *         which says so (our clients send two a second; a peer that never sent one stays
 *         until it closes); nothing lingers at close.  A returning sender takes its identity over from its dead connection.
 * Paths   An ipc socket has a lock file beside it (PATH.lock), so that a second process
 *         is refused instead of silently taking the path over, and whoever does so
 *         without asking is noticed (rt_bus_has_lost); group members may connect,
 *         others may not (umask 0007).
 * Keys    With keys every socket is a CURVE server; who may publish (events, intake) and
 *         who may ask (query) are two lists (access.h).  A peer without its key never
 *         gets past the handshake.  What comes over a connection whose certificate
 *         has been removed since is passed over and counted.  Messages over
 *         RT_BUS_KEYED_BYTES_MAX disconnect: that much a stranger can make us hold.
 * Limits  libzmq says nothing when it disconnects a peer for a message that is too
 *         large, so these cannot be counted.  The parts of an unfinished multipart
 *         message pass every limit: only who may connect bounds them.
 * Owner   Everything is the caller's thread's.  The body of rt_bus_give_answer becomes
 *         libzmq's: it frees it on a thread of its own, and the bus counts those that it
 *         still has, so that close returns with none.
 * Life    Heap object; one thread; block signals before rt_bus_open, its threads
 *         inherit the mask.
 */
#ifndef RT_BUS_H
#define RT_BUS_H

#include "collector/access.h"
#include "proto/buf.h"
#include "proto/options.h"
#include "proto/text.h"

#define RT_BUS_BYTES_MAX (16 << 20)
#define RT_BUS_KEYED_BYTES_MAX (512 << 10)

enum rt_bus_port {
	RT_BUS_EVENTS,
	RT_BUS_INTAKE,
	RT_BUS_QUERY,
	RT_BUS_COUNT,
};

struct rt_bus; /* opaque */

/*
 * Bind endpoints[port]; "off" leaves one closed, `tcp://127.0.0.1:*` takes a free port.
 * RT_E_BUSY: somebody is there.  RT_E_USAGE: not an endpoint, or one that others can
 * reach, without keys and without is_insecure.  RT_E_IO: the rest.  access NULL: no
 * keys; otherwise it is copied.
 */
RT_NODISCARD enum rt_err rt_bus_open(const struct rt_endpoint endpoints[],
    const struct rt_access *access, bool is_insecure, struct rt_bus **out,
    struct rt_diag *d);
void rt_bus_close(struct rt_bus *bus);

/* Other lists, in force at once.  Only for a bus with keys; its own stays. */
void rt_bus_set_access(struct rt_bus *bus, const struct rt_access *access);

/* Since open. */
struct rt_bus_stats {
	uint64_t
	    handshakes_failed; /* no key, a wrong one, or no ZeroMQ at all */
	uint64_t unauthorised; /* messages of certificates since removed */
};
struct rt_bus_stats rt_bus_stats(const struct rt_bus *bus);

/* Where the port really is; "off". */
const char *rt_bus_endpoint(const struct rt_bus *bus, enum rt_bus_port port);

/*
 * Is there an ipc path at which another file or none is by now?  Told once a port: who is
 * connected stays, but whoever comes next does not find this process.
 */
bool rt_bus_has_lost(struct rt_bus *bus, struct rt_diag *d);

/* Wait for a message or for `fd` to be readable (true), at most timeout_ms. */
bool rt_bus_wait(struct rt_bus *bus, int fd, int timeout_ms);

/* One message: borrowed until the next take on the same port. */
struct rt_bus_message {
	unsigned frames;          /* as sent; more than these are thrown away */
	struct rt_str head, body; /* events: body only */
	struct rt_str from;       /* who sent it; events: nobody */
	const char *key;          /* the sender's; NULL without keys */
	size_t bytes;
};

/*
 * The next message, without waiting: RT_E_AGAIN where there is none, RT_E_FIELD where
 * it has not the frames of its port (m->frames says how many it had), RT_E_EMPTY where
 * its sender may not: it is counted here and only m->bytes means anything.
 */
RT_NODISCARD enum rt_err rt_bus_take(
    struct rt_bus *bus, enum rt_bus_port port, struct rt_bus_message *m);

/*
 * Answer whoever sent the last message taken on `port`: head (len 0: none) and body.
 * Never waits: RT_E_AGAIN where the peer does not read or is gone.
 */
RT_NODISCARD enum rt_err rt_bus_answer(struct rt_bus *bus,
    enum rt_bus_port port, struct rt_str head, struct rt_str body);
/* The same to the `from` of an earlier message. */
RT_NODISCARD enum rt_err rt_bus_answer_to(struct rt_bus *bus,
    enum rt_bus_port port, struct rt_str to, struct rt_str head,
    struct rt_str body);
/*
 * The same without a copy: what *body holds is the socket's from now on, and *body is empty,
 * whether it could be sent or not.
 */
RT_NODISCARD enum rt_err rt_bus_give_answer(struct rt_bus *bus,
    enum rt_bus_port port, struct rt_str to, struct rt_str head,
    struct rt_buf *body);

#endif
