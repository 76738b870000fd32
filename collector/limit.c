/* SPDX-License-Identifier: MIT */
#include "collector/limit.h"

#include <string.h>

#define RECORD INT64_C(1000000) /* in the millionths of a bucket */
#define REOPENS_AFTER 10        /* a second's part */

struct rt_limit
rt_limit_of(int64_t rate, int64_t burst_ms)
{
	int64_t burst = rate * burst_ms / 1000;

	return (struct rt_limit){rate, burst > 1 ? burst : 1};
}

/* What time has paid back. */
static void
pay(struct rt_bucket *b, const struct rt_limit *l, int64_t now_us)
{
	int64_t us = now_us - b->at_us;

	if (us <= 0)
		return;
	b->spent = us > b->spent / l->rate ? 0 : b->spent - us * l->rate;
	b->at_us = now_us;
}

bool
rt_bucket_take(struct rt_bucket *b, const struct rt_limit *l, int64_t now_us)
{
	int64_t all = l->burst * RECORD, gained = RECORD;

	if (l->rate == 0)
		return true;
	pay(b, l, now_us);
	if (b->is_shut && l->rate / REOPENS_AFTER > 1)
		gained = l->rate / REOPENS_AFTER * RECORD;
	if (gained > all)
		gained = all;
	b->is_shut = b->spent > all - gained;
	if (!b->is_shut)
		b->spent += RECORD;
	return !b->is_shut;
}

void
rt_bucket_draw(struct rt_bucket *b, const struct rt_limit *l, int64_t now_us,
    uint64_t records)
{
	if (l->rate == 0)
		return;
	pay(b, l, now_us);
	b->spent += (int64_t)records * RECORD;
}

static int64_t
owed(struct rt_bucket *b, const struct rt_limit *l, int64_t now_us)
{
	if (l->rate == 0)
		return 0;
	pay(b, l, now_us);
	return b->spent > l->burst * RECORD ? b->spent - l->burst * RECORD : 0;
}

uint64_t
rt_bucket_debt(struct rt_bucket *b, const struct rt_limit *l, int64_t now_us)
{
	return (uint64_t)((owed(b, l, now_us) + RECORD - 1) / RECORD);
}

int64_t
rt_bucket_wait_us(struct rt_bucket *b, const struct rt_limit *l, int64_t now_us)
{
	int64_t left = owed(b, l, now_us);

	return left > 0 ? (left + l->rate - 1) / l->rate : 0;
}

bool
rt_over_note(struct rt_over *o, int64_t now_us)
{
	bool is_due =
	    o->named_us == 0 || now_us - o->named_us >= RT_LIMIT_NAMED_US;

	if (!rt_over_is_now(o, now_us))
		o->count = 0;
	o->count++;
	o->last_us = now_us;
	if (is_due)
		o->named_us = now_us;
	return is_due;
}

bool
rt_over_is_now(const struct rt_over *o, int64_t now_us)
{
	return o->last_us != 0 && now_us - o->last_us < RT_LIMIT_NOW_US;
}

void
rt_namer_add(struct rt_namer *n, struct rt_str name)
{
	if (n->count == RT_NAMER_MAX || name.len > RT_NAMER_BYTES) {
		n->more++;
		return;
	}
	if (name.len > 0)
		memcpy(n->rows[n->count].name, name.p, name.len);
	n->rows[n->count++].len = name.len;
}
