/* SPDX-License-Identifier: MIT */
/*
 * aggregate — messages in, numbers out: the pure heart of the collector.
 *
 * What    Takes bytes that arrived and the moment they arrived, decodes each record,
 *         accounts for it (accepted, duplicate, or refused with a reason: always exactly
 *         one), and keeps counters, operations, series, windows, sketches, the fallback
 *         ledger and the newest events.  Answers queries with a report.
 * Parts   decode (proto) · sequence · operation · series · window · quantile ·
 *         fallback · recent.  Each has a header of its own; this one ties them.
 * Time    Live: windows and silence follow `at.mono`; clock jumps move nothing.
 *         Replay: the clock is the largest ts read so far, whatever `at` a record comes
 *         with, and only operations silent past the timeout on that clock are orphans.
 * Bounds  Every table has its capacity from rt_capacity, fixed at new; what does not
 *         fit is counted in report.overflow.  Memory is what rt_aggregate_bytes says.
 * Life    Heap object; one thread.
 */
#ifndef RT_AGGREGATE_H
#define RT_AGGREGATE_H

#include "collector/limit.h"
#include "collector/mark.h"
#include "collector/policy.h"
#include "proto/clock.h"
#include "proto/decode.h"
#include "proto/query.h"
#include "proto/report.h"

struct rt_moment {
	rt_mono_t mono;
	rt_wall_t wall;
};

/* Capacities: X(member, default, smallest, largest, what). */
#define RT_CAPACITIES(X)                                                      \
	X(series, 4096, 1, 65536,                                             \
	    "series kept apart; more are summed as (other)")                  \
	X(operations, 1048576, 16, 16777216, "operations open or remembered") \
	X(fallback_rows, 1024, 1, 65535,                                      \
	    "rows (from, to, reason) of the fallback ledger")                 \
	X(labels, 32768, 64, 1048576, "distinct label values")                \
	X(sketch_chunks, 262144, 64, 4194304,                                 \
	    "octaves of latency histograms, 264 bytes each")                  \
	X(emitters, 1024, 1, 65536, "emitters whose sequence is followed")    \
	X(tail_bytes, 4194304, 65536, 1073741824,                             \
	    "newest events kept for viewers")                                 \
	X(refused, 16, 1, 256, "newest refused records kept for viewers")     \
	X(canaries, 64, 1, 1024, "canaries shown apart")

struct rt_capacity {
#define X(member, dflt, lo, hi, what) uint32_t member;
	RT_CAPACITIES(X)
#undef X
};
extern const struct rt_capacity rt_capacity_default;

struct rt_aggregate_opts {
	bool is_live;
	bool keeps_events;            /* in a replay, too: for viewers of it */
	int64_t operation_timeout_ms; /* 0: 120 000 */
	struct rt_capacity capacity;  /* zero members: the default */
	struct rt_decode_opts decode;
	const struct rt_policies *policies; /* copied; NULL: the defaults */
	struct rt_limit limit;              /* of each emitter; zero: none */
};

struct rt_aggregate; /* opaque */

RT_NODISCARD struct rt_aggregate *rt_aggregate_new(
    const struct rt_aggregate_opts *o, struct rt_moment at);
void rt_aggregate_free(struct rt_aggregate *a);

/* Bytes that the capacities can grow to. */
uint64_t rt_aggregate_bytes(const struct rt_capacity *c);

/*
 * Take in one message: a record or records parted by '\n'.  `source` names where it came
 * from ("tcp", "gw.jsonl:12") for the list of refused records; borrowed for the call.
 * Returns the number of records that were not blank.
 */
unsigned rt_aggregate_message(struct rt_aggregate *a, struct rt_str message,
    struct rt_moment at, const char *source);

/* One record; len may be anything.  Blank: counted nowhere. */
void rt_aggregate_record(struct rt_aggregate *a, struct rt_str record,
    struct rt_moment at, const char *source);

/*
 * The same for a record decoded already, as with rt_decode; `record` and `why` are looked at
 * where it was refused.  The event is completed: a time where it had none.
 */
struct rt_decoded {
	struct rt_event event; /* zeroed where it was refused */
	struct rt_identity identity;
	enum rt_reject reject;
};
void rt_aggregate_decoded(struct rt_aggregate *a, struct rt_decoded *d,
    const struct rt_diag *why, struct rt_str record, struct rt_moment at,
    const char *source);

/* Live: end what fell silent, forget what may be forgotten.  Call at least each second. */
void rt_aggregate_tick(struct rt_aggregate *a, struct rt_moment at);

/*
 * Fill everything in *out that an aggregate knows (senders and source.name are the
 * caller's).  Cost is in collector/README.md.  Replay: windows end at at.wall where that
 * is later than the newest record, so that time passes between records, too; nothing
 * ends by that, so the numbers of what follows stay the same.
 */
void rt_aggregate_report(struct rt_aggregate *a, const struct rt_query *q,
    struct rt_moment at, struct rt_report *out);

/*
 * The same in pieces, for whoever takes records in meanwhile.  `begin` fills in everything
 * but series and holds the moment: every number is of it, whatever is counted until `end`,
 * which may come early.  `step` visits at most `visits` series, up to four times each, and
 * says whether there are more.  The moment cannot be held when ten seconds of the clock
 * are full: then the answer is stale, to be ended and begun again with *out reset.
 *
 * One at a time; meanwhile rt_aggregate_report is for queries without series.
 */
void rt_aggregate_report_begin(struct rt_aggregate *a, const struct rt_query *q,
    struct rt_moment at, struct rt_report *out);
bool rt_aggregate_report_is_stale(const struct rt_aggregate *a);
bool rt_aggregate_report_step(struct rt_aggregate *a, uint32_t visits);
void rt_aggregate_report_end(struct rt_aggregate *a);

/*
 * Warm-up.  rt_aggregate_new is given the moment where the record begins; then each
 * record comes with the moment it first arrived, ascending, mapped onto the monotonic
 * clock; then rt_aggregate_restored tells the present.  What was restored counts in
 * windows, since the start and in emitters' sequences, so that a repetition is a
 * duplicate; source.from says since when.  It is not given to `accepted`.
 */
void rt_aggregate_restore(
    struct rt_aggregate *a, struct rt_str record, struct rt_moment at);
void rt_aggregate_restored(struct rt_aggregate *a, struct rt_moment now);

/*
 * Live: call `accepted` with the canonical line of each record that is accepted, and of
 * each second summary, so that a replay judges it as well; len 0 where it could not be
 * encoded; borrowed for the call.
 */
void rt_aggregate_on_accepted(struct rt_aggregate *a,
    void (*accepted)(void *arg, struct rt_str line), void *arg);

/* Live: call `refused` for each record that is refused, or repeats its number. */
void rt_aggregate_on_refused(struct rt_aggregate *a,
    void (*refused)(void *arg, const struct rt_mark *m), void *arg);
/*
 * What a journal says of such records, between the others: they count as they did then,
 * and their numbers are no loss.  Live only with the warm-up, `at` as there.
 */
void rt_aggregate_mark(
    struct rt_aggregate *a, const struct rt_mark *m, struct rt_moment at);

/*
 * Violations since the start, and the newest; of those after `since` one of an operation
 * where there is any.  The texts are valid until the next record.
 */
struct rt_aggregate_violations {
	uint64_t count; /* 0: the rest means nothing */
	const char *rule;
	const char *operation_id; /* empty where the service broke it */
	const char *service, *evidence;
};
struct rt_aggregate_violations rt_aggregate_violations(
    const struct rt_aggregate *a, uint64_t since);

/*
 * Live: ask `may_use` of each record that names an emitter.  Where it says no, the record
 * is refused (forged_emitter) and its number counts nowhere.
 */
void rt_aggregate_on_emitter(struct rt_aggregate *a,
    bool (*may_use)(void *arg, struct rt_str emitter), void *arg);

/*
 * Live: from now on hold records to the limit of their emitter, or do not, as at first.
 * What is too many is refused (over_rate); what is refused for another reason, and what
 * repeats its number, does not count towards it.  Restoring is never limited.
 */
void rt_aggregate_set_limited(struct rt_aggregate *a, bool is_limited);
/* Emitters that went over it, at most once a minute each; to be said and reset. */
struct rt_namer *rt_aggregate_over_rate(struct rt_aggregate *a);

/* Records refused so far, by whatever reason; O(1): replay lists the first ones. */
uint64_t rt_aggregate_refused(const struct rt_aggregate *a);

/*
 * What the last accepted record of the last message that names one says is its service;
 * absent where none does, borrowed until the next message.
 */
struct rt_str rt_aggregate_service(const struct rt_aggregate *a);

/*
 * Change while running what can be: the operation timeout and the decode options (the
 * decision map stays borrowed).  is_live and capacity are not looked at.
 */
void rt_aggregate_set_opts(
    struct rt_aggregate *a, const struct rt_aggregate_opts *o);

/* Time of the newest event read (replay clock); 0 before the first. */
int64_t rt_aggregate_clock_us(const struct rt_aggregate *a);

#endif
