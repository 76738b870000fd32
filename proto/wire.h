/* SPDX-License-Identifier: MIT */
/*
 * wire — header and answer of acknowledged delivery.
 *
 * Transport  DEALER (emitter) to ROUTER (collector).  Two frames from the emitter:
 *            this header as JSON text, and the batch: records parted by '\n'.
 *            One frame back: the answer as JSON text.
 * HELLO      A header with count 0 and an empty batch, whose first_seq is the first
 *            sequence number not yet acknowledged.  Sent first, and after every
 *            handshake.  It tells a new collector where this emitter stands.
 * Answer     `acked`: the last contiguous seq taken in.  A batch that begins beyond
 *            acked + 1 is not taken in: the answer says where to begin again.
 * Identity   Per emitter and epoch: offered = acknowledged to earlier collectors +
 *            taken in + dropped + in flight.  Anything else is `unexplained`.
 * Rule       A peer answers a version it does not know with its own version and
 *            acked 0, so that the other side can say so.
 * Strict     One flat JSON object in ASCII of at most RT_WIRE_HEADER_MAX bytes; every
 *            field exactly once, numbers as plain digits, other fields passed over.
 */
#ifndef RT_WIRE_H
#define RT_WIRE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "proto/diag.h"
#include "proto/err.h"

#define RT_WIRE_VERSION 1
#define RT_WIRE_HEADER_MAX 512u
#define RT_WIRE_EMITTER_MAX 64u

struct rt_wire_header {
	int version;
	char
	    emitter[RT_WIRE_EMITTER_MAX + 1]; /* opaque id of one process run */
	uint64_t epoch;     /* grows when an emitter starts its numbers anew */
	uint64_t first_seq; /* of the batch; HELLO: first unacknowledged */
	uint32_t count;     /* records in the batch; 0 is HELLO */
	uint64_t offered;   /* records the application handed over so far */
	uint64_t dropped;   /* of these, refused because the ring was full */
};

struct rt_wire_answer {
	int version;
	uint64_t epoch;
	uint64_t acked;
};

/* 1..64 of [A-Za-z0-9._-]? */
bool rt_wire_emitter_is_valid(const char *id);

/* Bytes written, without the NUL; size at least RT_WIRE_HEADER_MAX. No heap. */
size_t rt_wire_header_encode(
    char *out, size_t size, const struct rt_wire_header *h);
size_t rt_wire_answer_encode(
    char *out, size_t size, const struct rt_wire_answer *a);

/*
 * No heap, no json-c (libretrytop uses them).  RT_E_TOO_LARGE, RT_E_SYNTAX, RT_E_FIELD
 * (one is missing, twice there or out of range; dropped > offered; the batch would pass
 * 2^63 - 1), or RT_E_VERSION: then version, and nothing else, is set.
 */
RT_NODISCARD enum rt_err rt_wire_header_decode(
    const char *p, size_t len, struct rt_wire_header *h);
RT_NODISCARD enum rt_err rt_wire_answer_decode(
    const char *p, size_t len, struct rt_wire_answer *a);

#endif
