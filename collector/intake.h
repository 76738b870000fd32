/* SPDX-License-Identifier: MIT */
/*
 * intake — the collector's side of acknowledged delivery (proto/wire.h).
 *
 * What    Decides for each message of an emitter which of its records are new, what to
 *         answer, and keeps the books that show whether anything got lost.
 * Rules   A sender is (emitter, epoch).  It is known after its HELLO, never after a mere
 *         batch: only HELLO says what earlier collectors have already taken in.  Records
 *         up to `acked` are passed over, a batch that begins beyond acked + 1 is refused.
 *         HELLO beyond acked + 1, after records came, means that somebody acknowledged
 *         what never came here: those are `unexplained`, and intake goes on behind them.
 * Books   offered = before + taken + dropped + in_flight + unexplained.
 * Rate    Each id has a bucket (limit.h).  A batch is taken in at once, into debt if need be,
 *         and its answer is held back until the debt is paid: nothing is refused, the
 *         sender's own window and ring slow it down, and it stays at the limit without
 *         gaps.  (To let batches lie would hold up its connection's others, and what the
 *         sender asks meanwhile; to pass them over would cost it a second, its time-out.)
 *         A HELLO while an answer is held, and whatever is sent again, waits with it: one
 *         answer a sender, which says all.  An emitter of ours that hears nothing asks with
 *         HELLO, once a second, and sends nothing again.
 * Ahead   Who does not keep to a window (outbox.h) and is more than RT_INTAKE_AHEAD records
 *         in debt is not taken in any further: POSTPONE; it begins behind the answer.
 * Bounds  The number of senders is fixed at new; beyond it the one unheard for longest is
 *         forgotten and counted (overflow `senders`), of those silent for a minute or that
 *         sent no record, else of all.  Should it come back, it is asked for a HELLO:
 *         nothing is lost or counted twice.  Its unexplained stay counted.
 * Pure    No socket, no clock, no bytes of records.  O(1) a message, but O(senders) for a
 *         new sender and for an answer that was held.
 */
#ifndef RT_INTAKE_H
#define RT_INTAKE_H

#include "collector/limit.h"
#include "proto/clock.h"
#include "proto/report.h"
#include "proto/text.h"
#include "proto/wire.h"

/* A sender is shown as connected when heard within; emitters speak every 2 s. */
#define RT_INTAKE_CONNECTED_MS 5000
/* Silent for so long it gives way before others. */
#define RT_INTAKE_SILENT_MS 60000
/* More than fit into an outbox's window and one batch: 24 bytes each at least. */
#define RT_INTAKE_AHEAD 16384u
#define RT_INTAKE_TO_MAX 255u /* bytes of a ZeroMQ address */

struct rt_intake; /* opaque */

enum rt_intake_action {
	RT_INTAKE_TAKE, /* take in `count` records from record `skip` (0-based) */
	RT_INTAKE_NOTHING, /* HELLO, or a batch of which every record is known */
	RT_INTAKE_REFUSE_GAP,     /* begins beyond acked + 1 */
	RT_INTAKE_REFUSE_UNKNOWN, /* no HELLO yet: acked 0 asks for it */
	RT_INTAKE_POSTPONE,       /* too far ahead of its rate: not taken in */
	RT_INTAKE_REFUSE_VERSION, /* answered with our version, epoch and acked 0 */
};

struct rt_intake_verdict {
	enum rt_intake_action action;
	uint32_t skip, count;         /* records; 0 unless action is TAKE */
	struct rt_wire_answer answer; /* send it, whatever the action */
	bool is_held; /* but not now: call rt_intake_hold instead */
};

/* Since new. */
struct rt_intake_stats {
	uint64_t messages, taken, resent; /* resent: records passed over */
	uint64_t refused_gap, refused_unknown, refused_version; /* messages */
	uint64_t forgotten, unexplained;
	uint64_t held, postponed; /* messages: answered later, not taken */
};

/* capacity: senders, at least 1. */
RT_NODISCARD struct rt_intake *rt_intake_new(uint32_t capacity);
void rt_intake_free(struct rt_intake *n);

/*
 * Judge one message.  TAKE counts the records as taken: the caller takes them in before
 * it sends the answer.  `h` is what rt_wire_header_decode gave, also after RT_E_VERSION.
 * Call rt_intake_records first: a batch whose count is wrong must not come here.
 */
void rt_intake_take(struct rt_intake *n, const struct rt_wire_header *h,
    rt_mono_t now, struct rt_intake_verdict *v);

/* Of each id; buckets are full again where it is another one.  None at first. */
void rt_intake_set_limit(struct rt_intake *n, const struct rt_limit *limit);
/* Senders that went over it, at most once a minute each; to be said and reset. */
struct rt_namer *rt_intake_over_rate(struct rt_intake *n);

/* After is_held: the answer goes to `to`, the last that was given, when the debt is paid. */
void rt_intake_hold(struct rt_intake *n, const struct rt_wire_header *h,
    struct rt_str to, rt_mono_t now);
/* The next answer that may go; false: none.  `to` is borrowed until the next call. */
bool rt_intake_due(struct rt_intake *n, rt_mono_t now, struct rt_str *to,
    struct rt_wire_answer *answer);
/* Milliseconds until one may, rounded up; INT64_MAX: none is held. */
int64_t rt_intake_due_ms(const struct rt_intake *n, rt_mono_t now);

/*
 * What became of records that were taken: how many were refused, and the service of the
 * last (RT_STR_NONE: nothing new).
 */
void rt_intake_told(struct rt_intake *n, const struct rt_wire_header *h,
    uint64_t refused, struct rt_str service);

/*
 * The records of `batch` from number `skip` (0-based) on, as one slice.
 * RT_E_FIELD: the batch has not exactly `count` records (parted by one '\n' each, none
 * after the last, none for count 0).
 */
RT_NODISCARD enum rt_err rt_intake_records(
    struct rt_str batch, uint32_t count, uint32_t skip, struct rt_str *out);

/*
 * Where a sender stands, as the HELLO it would send now: giving that to rt_intake_take of
 * a new table restores it.  `i` counts from 0; false beyond the last.
 */
bool rt_intake_position(
    const struct rt_intake *n, uint32_t i, struct rt_wire_header *out);
/* The same for the sender of `h`; false where it is not known. */
bool rt_intake_position_of(const struct rt_intake *n,
    const struct rt_wire_header *h, struct rt_wire_header *out);

/* Adds a row a sender, unexplained and overflow `senders` to the report. */
void rt_intake_report(
    const struct rt_intake *n, rt_mono_t now, struct rt_report *r);

void rt_intake_stats(const struct rt_intake *n, struct rt_intake_stats *out);

#endif
