/* SPDX-License-Identifier: MIT */
/*
 * ask — the asking side of a collector's query socket.
 *
 * DEALER to ROUTER; one request at a time, each with a number that the answer must
 * repeat, so that a late answer to an earlier question is never taken for this one.
 * Never blocks but in rt_ask_wait.  Reconnects by itself (ZeroMQ); heartbeats notice a
 * frozen peer.  Frames: request number (8 bytes, big endian), JSON text.
 */
#ifndef RT_ASK_H
#define RT_ASK_H

#include <stdint.h>

#include "proto/curve.h"
#include "proto/text.h"

struct rt_ask; /* opaque */

/* RT_E_USAGE for an endpoint ZeroMQ does not accept. */
RT_NODISCARD enum rt_err rt_ask_open(
    const char *endpoint, struct rt_ask **out, struct rt_diag *d);
/* The same to a collector with keys; also what rt_curve_keys_read refuses. */
RT_NODISCARD enum rt_err rt_ask_open_keyed(const char *endpoint,
    const struct rt_curve_paths *certs, struct rt_ask **out, struct rt_diag *d);
void rt_ask_close(struct rt_ask *a);

/*
 * Send; gives up any question still open.  RT_E_AGAIN where it cannot be queued (some
 * already wait for a collector that is away): then the last of them stays open.
 */
RT_NODISCARD enum rt_err rt_ask_send(struct rt_ask *a, struct rt_str request);

/*
 * Take the answer if it is there: RT_OK and *answer (borrowed until the next call),
 * or RT_E_AGAIN.
 */
RT_NODISCARD enum rt_err rt_ask_poll(struct rt_ask *a, struct rt_str *answer);

/* Descriptor to poll(2) for; call rt_ask_poll until RT_E_AGAIN after each wake. */
int rt_ask_fd(const struct rt_ask *a);

/* Send and wait at most timeout_ms: RT_E_TIMEOUT. */
RT_NODISCARD enum rt_err rt_ask_wait(struct rt_ask *a, struct rt_str request,
    int timeout_ms, struct rt_str *answer);

#endif
