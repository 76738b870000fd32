/* SPDX-License-Identifier: MIT */
/*
 * limit — how many records a second one sender may have, as a token bucket.
 *
 * What    A bucket holds `burst` records and gains `rate` a second.  Whoever can be refused
 *         takes a record at a time (rt_bucket_take) and is told no; whoever cannot be
 *         draws what it brings, into debt if need be, and waits until that is paid
 *         (rt_bucket_draw, rt_bucket_wait_us).
 * Runs    A bucket that was found empty stays shut until it has gained a tenth of a second
 *         again: the long-run rate is the same, but what gets through and what does not
 *         come in long runs of numbers instead of by turns.
 * Names   Who went over is to be said, but not for each record: rt_namer collects a few
 *         names between two lines of a log and counts the rest.
 * Pure    The moment is handed in: microseconds of a clock that never goes back.  A zeroed
 *         bucket is a full one.  All whole numbers: nothing is rounded, ever.
 */
#ifndef RT_LIMIT_H
#define RT_LIMIT_H

#include <stdbool.h>
#include <stdint.h>

#include "proto/text.h"

#define RT_LIMIT_RATE_MAX INT64_C(1000000000)
#define RT_LIMIT_BURST_MS_MAX 600000
/* Over its rate now: it was found so within. */
#define RT_LIMIT_NOW_US INT64_C(15000000)
/* The same name is given again after. */
#define RT_LIMIT_NAMED_US INT64_C(60000000)

struct rt_limit {
	int64_t rate; /* records a second; 0: no limit, nothing below says no */
	int64_t burst; /* records at once, at least 1 */
};

/* burst_ms: what a rest of that long allows at once. */
struct rt_limit rt_limit_of(int64_t rate, int64_t burst_ms);

struct rt_bucket {
	int64_t spent; /* records, in millionths; over the burst: debt */
	int64_t at_us; /* of `spent` */
	bool is_shut;
};

/* May one more record pass?  False: nothing is taken. */
bool rt_bucket_take(
    struct rt_bucket *b, const struct rt_limit *l, int64_t now_us);

void rt_bucket_draw(struct rt_bucket *b, const struct rt_limit *l,
    int64_t now_us, uint64_t records);
/* Records beyond the burst, rounded up; 0: none. */
uint64_t rt_bucket_debt(
    struct rt_bucket *b, const struct rt_limit *l, int64_t now_us);
/* Until there is none, rounded up. */
int64_t rt_bucket_wait_us(
    struct rt_bucket *b, const struct rt_limit *l, int64_t now_us);

/* When a sender was over its rate, and how often since it was not. */
struct rt_over {
	int64_t last_us, named_us; /* 0: never */
	uint64_t count;            /* records or messages, since it began */
};

/* It is over again; true where it is time to say its name. */
bool rt_over_note(struct rt_over *o, int64_t now_us);
bool rt_over_is_now(const struct rt_over *o, int64_t now_us);

#define RT_NAMER_MAX 8u
#define RT_NAMER_BYTES 256u

struct rt_namer {
	struct {
		char name[RT_NAMER_BYTES];
		size_t len;
	} rows[RT_NAMER_MAX];
	unsigned count;
	uint64_t more; /* for which there was no room */
};

void rt_namer_add(struct rt_namer *n, struct rt_str name);

#endif
