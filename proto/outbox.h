/* SPDX-License-Identifier: MIT */
/*
 * outbox — the emitter's side of acknowledged delivery, without its socket.
 *
 * What    Numbers the records of a ring, packs them into batches, keeps them until they
 *         are acknowledged, and decides what to say next and when (proto/wire.h).
 * Rules   Each connection begins with HELLO; batches follow its answer.  An answer below
 *         what is acknowledged means the collector does not know us: HELLO again.  No
 *         progress for a second: HELLO again, then from the acknowledged point.  A batch
 *         that is not full waits while others are on their way, so the busier, the
 *         larger they get.  An answer to what was never sent is not believed.
 * Idle    A HELLO every 2 s tells the counters and that we are here.
 * Pure    No socket, no clock, no heap.  The ring's reader: it tells a ring that is a
 *         file what it sends and what is acknowledged, each before it happens.
 */
#ifndef RT_OUTBOX_H
#define RT_OUTBOX_H

#include "proto/clock.h"
#include "proto/ring.h"
#include "proto/wire.h"

#define RT_OUTBOX_BATCH_BYTES 16384u
/* Ring bytes sent and not acknowledged: at most this and a quarter of the ring. */
#define RT_OUTBOX_WINDOW_BYTES 262144u
#define RT_OUTBOX_ANSWER_MS 1000
#define RT_OUTBOX_IDLE_MS 2000

enum rt_outbox_state {
	RT_OUTBOX_OFFLINE,
	RT_OUTBOX_GREETING, /* HELLO said or due, no answer yet */
	RT_OUTBOX_STREAMING,
};

struct rt_outbox {
	struct rt_ring *ring; /* borrowed, must outlive */
	enum rt_outbox_state state;
	char emitter[RT_WIRE_EMITTER_MAX + 1];
	uint64_t epoch;
	uint64_t acked, acked_at; /* last seq; ring position behind it */
	uint64_t sent, sent_at;   /* the same of what was sent */
	uint64_t sent_most;       /* highest seq ever sent */
	rt_mono_t said;           /* when the last message went */
	rt_mono_t moved;          /* when the last progress was made */
	bool hello_due;
	uint64_t batches, resent; /* since init */
	uint64_t next_at;         /* of the message handed out last */
};

struct rt_outbox_message {
	struct rt_wire_header header; /* offered and dropped are the caller's */
	size_t batch_len;
};

/* Unused members of *o are zeroed; emitter is a valid id. */
void rt_outbox_init(struct rt_outbox *o, struct rt_ring *ring,
    const char *emitter, uint64_t epoch);

/*
 * Begin behind number `acked`, which is what the ring begins behind.  Others have sent
 * from it before: a collector may know more of it than we do.  Only right after init.
 */
void rt_outbox_resume(struct rt_outbox *o, uint64_t acked);

void rt_outbox_connected(struct rt_outbox *o, rt_mono_t now);
void rt_outbox_disconnected(struct rt_outbox *o);

/* Releases what is acknowledged. */
void rt_outbox_answer(
    struct rt_outbox *o, const struct rt_wire_answer *a, rt_mono_t now);

/*
 * What to send now: true, *m and its batch in `batch` (RT_OUTBOX_BATCH_BYTES large).
 * Nothing changes until rt_outbox_sent says that it went out.
 */
bool rt_outbox_next(struct rt_outbox *o, rt_mono_t now,
    struct rt_outbox_message *m, char *batch);
void rt_outbox_sent(
    struct rt_outbox *o, rt_mono_t now, const struct rt_outbox_message *m);

/* Is there room in the window for more?  Else only an answer moves us. */
bool rt_outbox_is_open(const struct rt_outbox *o);

/* Milliseconds until rt_outbox_next may say something without news; at least 0. */
int64_t rt_outbox_due_ms(const struct rt_outbox *o, rt_mono_t now);

#endif
