/* SPDX-License-Identifier: MIT */
/*
 * zap — answers ZeroMQ's question whether a peer may come in (RFC 27).
 *
 * What    A thread on inproc://zeromq.zap.01 of one context, with an allow-list of its
 *         own.  The domain of a socket is the name of a right (access.h); the key of the
 *         peer has to be in the list of that right.  Anything else is denied: another
 *         mechanism, an unknown domain, a request that is none.
 * Says    User-Id is the certificate's name; the property X-Key its public key, for a
 *         name may get another key while the old connection lives.
 * Owner   The list belongs to the thread, which frees it.  rt_zap_set copies the caller's
 *         and gives the copy away through one atomic pointer; the message beside it
 *         carries nothing and only wakes.  Open, set and close are one thread's.
 * Closed  Sockets enforce their domain (proto/curve.h): without this thread nobody comes
 *         in.
 */
#ifndef RT_ZAP_H
#define RT_ZAP_H

#include "collector/access.h"

#define RT_ZAP_KEY_PROPERTY "X-Key"

struct rt_zap; /* opaque */

/* Before the first bind.  RT_E_IO: the thread or its sockets cannot be had. */
RT_NODISCARD enum rt_err rt_zap_open(void *context, const struct rt_access *a,
    struct rt_zap **out, struct rt_diag *d);

/* From now on another list; in force for every handshake after the return. */
void rt_zap_set(struct rt_zap *z, const struct rt_access *a);

/* Before the context ends.  NULL is fine. */
void rt_zap_close(struct rt_zap *z);

#endif
