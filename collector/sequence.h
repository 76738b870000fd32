/* SPDX-License-Identifier: MIT */
/*
 * sequence — what an emitter's numbers say about loss and repetition.
 *
 * What    A publisher that stamps `emitter` and `seq` (1, 2, 3 …) has its gaps and
 *         repeats counted.  The first seq seen sets the emitter's start; what came
 *         before is `before_first`.  A seq that fills a gap, however late, heals it.
 * Shape   For each emitter the highest seq and a sorted list of open gaps: exact as long
 *         as there are at most RT_SEQUENCE_GAPS of them; beyond, the oldest is closed
 *         as lost for good and its numbers are counted in gaps_overflow.
 * Bound   `capacity` emitters.  The one unheard for longest gives way, keeps its loss in
 *         the sum, and is counted in emitters_overflow: of those silent for a minute, else
 *         of those heard once, else of all.  So whoever makes up an id for each record
 *         pushes out no books but those of its own.
 * Rate    Each emitter has a bucket (limit.h); records that name none share one.  Whoever
 *         refuses a record for it says so with rt_sequence_refused: its number has come.
 * Cost    The usual case, the next number, is a look-up and a compare.
 */
#ifndef RT_SEQUENCE_H
#define RT_SEQUENCE_H

#include <stdbool.h>
#include <stdint.h>

#include "collector/limit.h"
#include "proto/event.h"
#include "proto/report.h"
#include "proto/text.h"

#define RT_SEQUENCE_GAPS 64u
#define RT_SEQUENCE_ID_MAX 256u /* bytes: 64 code points */
#define RT_SEQUENCE_NOBODY UINT32_MAX
#define RT_SEQUENCE_SILENT_US INT64_C(60000000)

/* What a bucket is about: one emitter, or those without an id. */
struct rt_sequence_rate {
	struct rt_bucket bucket;
	struct rt_over over;
	uint64_t refused; /* over_rate, since the start */
};

struct rt_sequence_emitter {
	uint64_t hash;
	int64_t first, highest; /* 0: no seq seen yet */
	int64_t seen_us;
	uint64_t received, duplicates, lost_closed, refused;
	double skew_ms, skew_min_ms; /* of the last record, the smallest */
	struct rt_sequence_rate rate;
	bool has_skew;
	uint16_t id_len, service_len;
	uint32_t gaps_count;
	struct {
		int64_t lo, hi; /* inclusive, ascending */
	} gaps[RT_SEQUENCE_GAPS];
	char id[RT_SEQUENCE_ID_MAX];
	char service[RT_SEQUENCE_ID_MAX]; /* its last record's */
};

struct rt_sequence {
	struct rt_sequence_emitter *emitters; /* owned */
	uint32_t *slots;                      /* owned; emitter number + 1 */
	uint32_t capacity, count, slots_mask, last;
	uint32_t heard; /* whose record arrived last, or NOBODY */
	uint64_t seed;
	uint64_t lost_before; /* of emitters that gave way */
	uint64_t emitters_overflow, gaps_overflow;
	struct rt_limit limit;
	struct rt_namer over; /* names to be said; whoever does resets it */
	struct {
		struct rt_sequence_rate rate;
		uint64_t received, refused;
		int64_t seen_us;
	} nameless;
};

void rt_sequence_init(struct rt_sequence *s, uint32_t capacity, uint64_t seed);
void rt_sequence_fini(struct rt_sequence *s);
uint64_t rt_sequence_bytes(uint32_t capacity);

/*
 * A record of emitter `id` with number `seq` (0: none) arrived.  False: it is a
 * duplicate, to be counted nowhere else.  skew_ms: arrival - ts, NULL where unknown.
 */
bool rt_sequence_arrived(struct rt_sequence *s, int64_t now_us,
    struct rt_str id, int64_t seq, const double *skew_ms);

/* Records that were found to be duplicates before: they are counted, and fill no place. */
void rt_sequence_repeated(
    struct rt_sequence *s, int64_t now_us, struct rt_str id, uint32_t count);

/* May the record that arrived last be taken in, by its emitter's rate? */
bool rt_sequence_has_room(struct rt_sequence *s, int64_t now_us);
/* Another limit; buckets are full again. */
void rt_sequence_set_limit(struct rt_sequence *s, const struct rt_limit *limit);

/* The record that arrived last was refused, or names this service. */
void rt_sequence_refused(struct rt_sequence *s, enum rt_reject reason);
void rt_sequence_serves(struct rt_sequence *s, struct rt_str service);

/* Numbers never seen between each emitter's first and highest. */
uint64_t rt_sequence_lost(const struct rt_sequence *s);

/*
 * A row an emitter; one more, whose id is NULL, for records that named none, once some of
 * them were too many.
 */
void rt_sequence_report(
    const struct rt_sequence *s, int64_t now_us, struct rt_report *out);

#endif
