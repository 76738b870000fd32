/* SPDX-License-Identifier: MIT */
#include "collector/sequence.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "collector/hash.h"
#include "proto/mem.h"

void
rt_sequence_init(struct rt_sequence *s, uint32_t capacity, uint64_t seed)
{
	uint32_t slots = rt_hash_slots(capacity);

	*s = (struct rt_sequence){.capacity = capacity,
	    .slots_mask = slots - 1,
	    .heard = RT_SEQUENCE_NOBODY,
	    .seed = seed};
	s->emitters = rt_xcalloc(capacity, sizeof(*s->emitters));
	s->slots = rt_xcalloc(slots, sizeof(*s->slots));
}

void
rt_sequence_fini(struct rt_sequence *s)
{
	free(s->emitters);
	free(s->slots);
	*s = (struct rt_sequence){0};
}

uint64_t
rt_sequence_bytes(uint32_t capacity)
{
	return (uint64_t)capacity * sizeof(struct rt_sequence_emitter) +
	    (uint64_t)rt_hash_slots(capacity) * sizeof(uint32_t);
}

static bool
is_named(const struct rt_sequence_emitter *e, uint64_t hash, struct rt_str id)
{
	return e->hash == hash && e->id_len == id.len &&
	    memcmp(e->id, id.p, id.len) == 0;
}

static uint64_t
open_loss(const struct rt_sequence_emitter *e)
{
	uint64_t lost = e->lost_closed;
	uint32_t i;

	for (i = 0; i < e->gaps_count; i++)
		if (e->gaps[i].lo >= e->first)
			lost += (uint64_t)(e->gaps[i].hi - e->gaps[i].lo) + 1;
	return lost;
}

/* Put the emitter in its slot again after the table was rebuilt or changed. */
static void
link_slot(struct rt_sequence *s, uint32_t number)
{
	uint32_t i = (uint32_t)s->emitters[number].hash & s->slots_mask;

	while (s->slots[i] != 0)
		i = (i + 1) & s->slots_mask;
	s->slots[i] = number + 1;
}

/* In groups that give way one after the other, and in each by when it was heard. */
static unsigned
hold_on_place(const struct rt_sequence_emitter *e, int64_t now_us)
{
	if (now_us - e->seen_us >= RT_SEQUENCE_SILENT_US)
		return 0;
	return e->received + e->duplicates <= 1 ? 1 : 2;
}

/* Rare, so plain: find who gives way and rebuild the slots. */
static uint32_t
give_way(struct rt_sequence *s, int64_t now_us)
{
	unsigned hold, least = UINT_MAX;
	uint32_t i, oldest = 0;

	for (i = 0; i < s->count; i++) {
		hold = hold_on_place(&s->emitters[i], now_us);
		if (hold > least ||
		    (hold == least &&
			s->emitters[i].seen_us >= s->emitters[oldest].seen_us))
			continue;
		least = hold;
		oldest = i;
	}
	s->lost_before += open_loss(&s->emitters[oldest]);
	s->emitters_overflow++;
	memset(s->slots, 0, (s->slots_mask + 1) * sizeof(*s->slots));
	for (i = 0; i < s->count; i++)
		if (i != oldest)
			link_slot(s, i);
	return oldest;
}

static struct rt_sequence_emitter *
emitter_for(struct rt_sequence *s, struct rt_str id, int64_t now_us)
{
	uint64_t hash = rt_hash_str(s->seed, id);
	struct rt_sequence_emitter *e;
	uint32_t i, number;

	if (s->count > 0 && is_named(&s->emitters[s->last], hash, id))
		return &s->emitters[s->last];
	for (i = (uint32_t)hash & s->slots_mask; s->slots[i] != 0;
	     i = (i + 1) & s->slots_mask) {
		number = s->slots[i] - 1;
		if (is_named(&s->emitters[number], hash, id)) {
			s->last = number;
			return &s->emitters[number];
		}
	}
	number = s->count < s->capacity ? s->count++ : give_way(s, now_us);
	e = &s->emitters[number];
	memset(e, 0, sizeof(*e));
	e->hash = hash;
	e->id_len = (uint16_t)id.len;
	memcpy(e->id, id.p, id.len);
	link_slot(s, number);
	s->last = number;
	return e;
}

static void
add_gap(struct rt_sequence *s, struct rt_sequence_emitter *e, uint32_t at,
    int64_t lo, int64_t hi)
{
	uint64_t size;

	if (e->gaps_count == RT_SEQUENCE_GAPS) {
		size = (uint64_t)(e->gaps[0].hi - e->gaps[0].lo) + 1;
		if (e->gaps[0].lo >= e->first) {
			e->lost_closed += size;
			s->gaps_overflow += size;
		}
		memmove(&e->gaps[0], &e->gaps[1],
		    (RT_SEQUENCE_GAPS - 1) * sizeof(e->gaps[0]));
		e->gaps_count--;
		if (at > 0)
			at--;
	}
	memmove(&e->gaps[at + 1], &e->gaps[at],
	    (e->gaps_count - at) * sizeof(e->gaps[0]));
	e->gaps[at].lo = lo;
	e->gaps[at].hi = hi;
	e->gaps_count++;
}

/* Take `seq` out of the open gaps; false: it is in none, so it was seen before. */
static bool
heal(struct rt_sequence *s, struct rt_sequence_emitter *e, int64_t seq)
{
	int64_t hi;
	uint32_t i;

	for (i = 0; i < e->gaps_count; i++)
		if (seq <= e->gaps[i].hi)
			break;
	if (i == e->gaps_count || seq < e->gaps[i].lo)
		return false;
	hi = e->gaps[i].hi;
	if (seq == e->gaps[i].lo && seq == hi) {
		memmove(&e->gaps[i], &e->gaps[i + 1],
		    (e->gaps_count - i - 1) * sizeof(e->gaps[0]));
		e->gaps_count--;
	} else if (seq == e->gaps[i].lo) {
		e->gaps[i].lo++;
	} else {
		e->gaps[i].hi = seq - 1;
		if (seq < hi)
			add_gap(s, e, i + 1, seq + 1, hi);
	}
	return true;
}

bool
rt_sequence_arrived(struct rt_sequence *s, int64_t now_us, struct rt_str id,
    int64_t seq, const double *skew_ms)
{
	struct rt_sequence_emitter *e;

	s->heard = RT_SEQUENCE_NOBODY;
	if (id.len == 0 || id.len > RT_SEQUENCE_ID_MAX) {
		s->nameless.received++;
		s->nameless.seen_us = now_us;
		return true;
	}
	e = emitter_for(s, id, now_us);
	s->heard = s->last;
	e->seen_us = now_us;
	if (skew_ms) {
		if (!e->has_skew || *skew_ms < e->skew_min_ms)
			e->skew_min_ms = *skew_ms;
		e->has_skew = true;
		e->skew_ms = *skew_ms;
	}
	if (seq <= 0) {
		e->received++;
		return true;
	}
	if (e->highest == 0) {
		e->first = seq;
		if (seq > 1) /* numbers below the start may still come */
			add_gap(s, e, 0, 1, seq - 1);
	} else if (seq > e->highest) {
		if (seq > e->highest + 1)
			add_gap(s, e, e->gaps_count, e->highest + 1, seq - 1);
	} else if (!heal(s, e, seq)) {
		e->duplicates++;
		return false;
	}
	if (seq > e->highest)
		e->highest = seq;
	e->received++;
	return true;
}

void
rt_sequence_repeated(
    struct rt_sequence *s, int64_t now_us, struct rt_str id, uint32_t count)
{
	struct rt_sequence_emitter *e;

	if (id.len == 0 || id.len > RT_SEQUENCE_ID_MAX)
		return;
	e = emitter_for(s, id, now_us);
	e->seen_us = now_us;
	e->duplicates += count;
}

static struct rt_sequence_rate *
rate_heard(struct rt_sequence *s)
{
	return s->heard == RT_SEQUENCE_NOBODY ? &s->nameless.rate
					      : &s->emitters[s->heard].rate;
}

static struct rt_str
name_heard(const struct rt_sequence *s)
{
	const struct rt_sequence_emitter *e = &s->emitters[s->heard];

	return s->heard == RT_SEQUENCE_NOBODY
	    ? RT_STR_NONE
	    : (struct rt_str){e->id, e->id_len};
}

bool
rt_sequence_has_room(struct rt_sequence *s, int64_t now_us)
{
	struct rt_sequence_rate *r = rate_heard(s);

	if (rt_bucket_take(&r->bucket, &s->limit, now_us))
		return true;
	if (rt_over_note(&r->over, now_us))
		rt_namer_add(&s->over, name_heard(s));
	return false;
}

void
rt_sequence_set_limit(struct rt_sequence *s, const struct rt_limit *limit)
{
	uint32_t i;

	if (s->limit.rate == limit->rate && s->limit.burst == limit->burst)
		return;
	s->limit = *limit;
	s->nameless.rate.bucket = (struct rt_bucket){0};
	for (i = 0; i < s->count; i++)
		s->emitters[i].rate.bucket = (struct rt_bucket){0};
}

void
rt_sequence_refused(struct rt_sequence *s, enum rt_reject reason)
{
	rate_heard(s)->refused += reason == RT_REJECT_OVER_RATE;
	if (s->heard == RT_SEQUENCE_NOBODY)
		s->nameless.refused++;
	else
		s->emitters[s->heard].refused++;
}

void
rt_sequence_serves(struct rt_sequence *s, struct rt_str service)
{
	struct rt_sequence_emitter *e;

	if (s->heard == RT_SEQUENCE_NOBODY || service.len == 0 ||
	    service.len > sizeof(e->service))
		return;
	e = &s->emitters[s->heard];
	if (e->service_len == service.len &&
	    memcmp(e->service, service.p, service.len) == 0)
		return;
	memcpy(e->service, service.p, service.len);
	e->service_len = (uint16_t)service.len;
}

uint64_t
rt_sequence_lost(const struct rt_sequence *s)
{
	uint64_t lost = s->lost_before;
	uint32_t i;

	for (i = 0; i < s->count; i++)
		lost += open_loss(&s->emitters[i]);
	return lost;
}

static void
tell_rate(struct rt_report_emitter *to, const struct rt_sequence_rate *r,
    int64_t now_us)
{
	to->over_rate = r->refused;
	to->is_limited = rt_over_is_now(&r->over, now_us);
	to->over_now = to->is_limited ? r->over.count : 0;
}

static void
report_nameless(
    const struct rt_sequence *s, int64_t now_us, struct rt_report *out)
{
	struct rt_report_emitter *to;

	if (s->nameless.rate.refused == 0)
		return;
	to = rt_report_add_emitter(out);
	to->received = s->nameless.received;
	to->refused = s->nameless.refused;
	to->last_seen_ms = (now_us - s->nameless.seen_us) / 1000;
	tell_rate(to, &s->nameless.rate, now_us);
}

void
rt_sequence_report(
    const struct rt_sequence *s, int64_t now_us, struct rt_report *out)
{
	const struct rt_sequence_emitter *e;
	struct rt_report_emitter *to;
	uint32_t i, j;

	report_nameless(s, now_us, out);
	for (i = 0; i < s->count; i++) {
		e = &s->emitters[i];
		to = rt_report_add_emitter(out);
		to->id = rt_report_text(out, (struct rt_str){e->id, e->id_len});
		if (e->service_len > 0)
			to->service = rt_report_text(
			    out, (struct rt_str){e->service, e->service_len});
		to->received = e->received;
		to->refused = e->refused;
		to->lost = open_loss(e);
		to->duplicates = e->duplicates;
		to->has_skew = e->has_skew;
		to->skew_ms = e->skew_ms;
		to->skew_min_ms = e->skew_min_ms;
		to->last_seen_ms = (now_us - e->seen_us) / 1000;
		tell_rate(to, &e->rate, now_us);
		for (j = 0; j < e->gaps_count; j++)
			if (e->gaps[j].hi < e->first)
				to->before_first +=
				    (uint64_t)(e->gaps[j].hi - e->gaps[j].lo) +
				    1;
	}
}
