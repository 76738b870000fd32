/* SPDX-License-Identifier: MIT */
#include "collector/intake.h"

#include <stdlib.h>
#include <string.h>

#include "proto/mem.h"

#define NONE UINT32_MAX

struct sender {
	char emitter[RT_WIRE_EMITTER_MAX + 1];
	uint64_t epoch;
	uint64_t offered, dropped; /* the largest it told */
	uint64_t before, taken;
	uint64_t acked; /* the last contiguous seq known here */
	uint64_t lost;  /* acknowledged by nobody we know */
	rt_mono_t heard;
	uint64_t refused;        /* of taken */
	char service[260];       /* 64 code points */
	struct rt_bucket bucket; /* in use where purse is this one */
	uint32_t purse; /* the sender whose bucket it is, of the same id */
	struct rt_over over;
	uint64_t answers_held;
	struct {
		bool is_there;
		rt_mono_t due;
		size_t to_len;
		char to[RT_INTAKE_TO_MAX];
	} held;
	uint32_t next; /* in its bucket; NONE ends it */
};

struct rt_intake {
	struct sender *senders; /* owned */
	uint32_t *buckets;      /* owned; first sender of each */
	uint32_t capacity, count, buckets_mask;
	struct rt_intake_stats stats;
	uint64_t forgotten_unexplained;
	struct rt_limit limit;
	struct rt_namer over;
	uint32_t held; /* answers */
	rt_mono_t due; /* of the first of these, or before */
};

struct rt_intake *
rt_intake_new(uint32_t capacity)
{
	struct rt_intake *n = rt_xcalloc(1, sizeof(*n));
	uint32_t buckets = 1;

	while (buckets < capacity)
		buckets *= 2;
	n->capacity = capacity;
	n->buckets_mask = buckets - 1;
	n->senders = rt_xcalloc(capacity, sizeof(*n->senders));
	n->buckets = rt_xcalloc(buckets, sizeof(*n->buckets));
	memset(n->buckets, 0xff, buckets * sizeof(*n->buckets));
	return n;
}

void
rt_intake_free(struct rt_intake *n)
{
	if (!n)
		return;
	free(n->senders);
	free(n->buckets);
	free(n);
}

/* FNV-1a; ids that are made to collide cost a walk over at most `capacity`. */
static uint32_t *
bucket_of(const struct rt_intake *n, const char *emitter, uint64_t epoch)
{
	uint64_t h = UINT64_C(14695981039346656037) ^ epoch;

	for (; *emitter; emitter++)
		h = (h ^ (unsigned char)*emitter) * UINT64_C(1099511628211);
	return &n->buckets[(h ^ h >> 32) & n->buckets_mask];
}

static struct sender *
find(const struct rt_intake *n, const struct rt_wire_header *h)
{
	uint32_t i = *bucket_of(n, h->emitter, h->epoch);

	for (; i != NONE; i = n->senders[i].next)
		if (n->senders[i].epoch == h->epoch &&
		    strcmp(n->senders[i].emitter, h->emitter) == 0)
			return &n->senders[i];
	return NULL;
}

/* Taken in more than was ever offered: the sender's own books are wrong. */
static uint64_t
overdrawn(const struct sender *s)
{
	uint64_t assigned = s->offered - s->dropped;

	return s->acked > assigned ? s->acked - assigned : 0;
}

static uint64_t
unexplained(const struct sender *s)
{
	return s->lost + overdrawn(s);
}

/* Whoever else has the id keeps the bucket. */
static void
pass_on_purse(struct rt_intake *n, uint32_t from)
{
	uint32_t i, to = NONE;

	for (i = 0; i < n->count; i++) {
		struct sender *s = &n->senders[i];

		if (i == from || s->purse != from)
			continue;
		if (to == NONE) {
			to = i;
			s->bucket = n->senders[from].bucket;
		}
		s->purse = to;
	}
}

/* In groups that are forgotten one after the other, and in each by when it was heard. */
static bool
goes_before(const struct sender *a, const struct sender *b, rt_mono_t now)
{
	bool keep_a = a->taken > 0 &&
	    rt_mono_ms_between(a->heard, now) < RT_INTAKE_SILENT_MS;
	bool keep_b = b->taken > 0 &&
	    rt_mono_ms_between(b->heard, now) < RT_INTAKE_SILENT_MS;

	return keep_a != keep_b ? keep_b : a->heard.us < b->heard.us;
}

static uint32_t
forget_oldest(struct rt_intake *n, rt_mono_t now)
{
	uint32_t i, oldest = 0, *link;
	struct sender *s;

	for (i = 1; i < n->count; i++)
		if (goes_before(&n->senders[i], &n->senders[oldest], now))
			oldest = i;
	s = &n->senders[oldest];
	link = bucket_of(n, s->emitter, s->epoch);
	while (*link != oldest)
		link = &n->senders[*link].next;
	*link = s->next;
	n->forgotten_unexplained += unexplained(s);
	n->held -= s->held.is_there;
	pass_on_purse(n, oldest);
	n->stats.forgotten++;
	return oldest;
}

/* Another epoch is no other bucket: that of whoever has the id already, or its own. */
static uint32_t
purse_for(const struct rt_intake *n, const char *emitter, uint32_t own)
{
	uint32_t i;

	for (i = 0; i < n->count; i++)
		if (i != own && strcmp(n->senders[i].emitter, emitter) == 0)
			return n->senders[i].purse;
	return own;
}

static struct rt_bucket *
bucket_in_use(struct rt_intake *n, const struct sender *s)
{
	return &n->senders[s->purse].bucket;
}

static struct sender *
add(struct rt_intake *n, const struct rt_wire_header *h, rt_mono_t now)
{
	uint32_t i =
	    n->count < n->capacity ? n->count++ : forget_oldest(n, now);
	uint32_t *bucket = bucket_of(n, h->emitter, h->epoch);
	struct sender *s = &n->senders[i];

	*s = (struct sender){
	    .epoch = h->epoch,
	    .before = h->first_seq - 1,
	    .acked = h->first_seq - 1,
	    .next = *bucket,
	    .purse = purse_for(n, h->emitter, i),
	};
	memcpy(s->emitter, h->emitter, sizeof(s->emitter));
	*bucket = i;
	return s;
}

static void
note(struct sender *s, const struct rt_wire_header *h, rt_mono_t now)
{
	s->heard = now;
	/* What an old connection had queued may arrive after what is newer. */
	if (h->offered > s->offered)
		s->offered = h->offered;
	if (h->dropped > s->dropped)
		s->dropped = h->dropped;
}

static enum rt_intake_action
take_hello(struct sender *s, const struct rt_wire_header *h)
{
	uint64_t start = h->first_seq - 1;

	if (start > s->acked) {
		/* Until a record came, a later HELLO just says better where we are. */
		if (s->taken == 0)
			s->before = start;
		else
			s->lost += start - s->acked;
		s->acked = start;
	}
	return RT_INTAKE_NOTHING;
}

static enum rt_intake_action
take_batch(struct rt_intake *n, struct sender *s,
    const struct rt_wire_header *h, rt_mono_t now, struct rt_intake_verdict *v)
{
	uint64_t known = s->acked + 1 - h->first_seq;

	if (h->first_seq > s->acked + 1) {
		n->stats.refused_gap++;
		return RT_INTAKE_REFUSE_GAP;
	}
	if (known >= h->count) {
		n->stats.resent += h->count;
		return RT_INTAKE_NOTHING;
	}
	if (rt_bucket_debt(bucket_in_use(n, s), &n->limit, now.us) >
	    RT_INTAKE_AHEAD) {
		n->stats.postponed++;
		return RT_INTAKE_POSTPONE;
	}
	v->skip = (uint32_t)known;
	v->count = h->count - v->skip;
	s->taken += v->count;
	s->acked += v->count;
	n->stats.taken += v->count;
	n->stats.resent += v->skip;
	rt_bucket_draw(bucket_in_use(n, s), &n->limit, now.us, v->count);
	return RT_INTAKE_TAKE;
}

void
rt_intake_take(struct rt_intake *n, const struct rt_wire_header *h,
    rt_mono_t now, struct rt_intake_verdict *v)
{
	struct sender *s;

	*v = (struct rt_intake_verdict){.answer = {.version = RT_WIRE_VERSION}};
	n->stats.messages++;
	if (h->version != RT_WIRE_VERSION) {
		n->stats.refused_version++;
		v->action = RT_INTAKE_REFUSE_VERSION;
		return;
	}
	v->answer.epoch = h->epoch;
	s = find(n, h);
	if (!s && h->count > 0) {
		n->stats.refused_unknown++;
		v->action = RT_INTAKE_REFUSE_UNKNOWN;
		return;
	}
	if (!s)
		s = add(n, h, now);
	note(s, h, now);
	v->action =
	    h->count == 0 ? take_hello(s, h) : take_batch(n, s, h, now, v);
	v->answer.acked = s->acked;
	v->is_held = rt_bucket_debt(bucket_in_use(n, s), &n->limit, now.us) > 0;
}

/* ---- rates --------------------------------------------------------------------- */

void
rt_intake_set_limit(struct rt_intake *n, const struct rt_limit *limit)
{
	uint32_t i;

	if (n->limit.rate == limit->rate && n->limit.burst == limit->burst)
		return;
	n->limit = *limit;
	for (i = 0; i < n->count; i++) {
		n->senders[i].bucket = (struct rt_bucket){0};
		n->senders[i].held.due = (rt_mono_t){0};
	}
	n->due = (rt_mono_t){0};
}

struct rt_namer *
rt_intake_over_rate(struct rt_intake *n)
{
	return &n->over;
}

void
rt_intake_hold(struct rt_intake *n, const struct rt_wire_header *h,
    struct rt_str to, rt_mono_t now)
{
	struct sender *s = find(n, h);

	if (!s || to.len > sizeof(s->held.to))
		return;
	if (rt_over_note(&s->over, now.us))
		rt_namer_add(&n->over, rt_str_of(s->emitter));
	s->held.due.us =
	    now.us + rt_bucket_wait_us(bucket_in_use(n, s), &n->limit, now.us);
	memcpy(s->held.to, to.p, to.len);
	s->held.to_len = to.len;
	if (n->held == 0 || s->held.due.us < n->due.us)
		n->due = s->held.due;
	n->held += !s->held.is_there;
	s->held.is_there = true;
	s->answers_held++;
	n->stats.held++;
}

/* The first that is due; then n->due is when it was, else when one will be. */
static struct sender *
next_due(struct rt_intake *n, rt_mono_t now)
{
	int64_t first = INT64_MAX;
	uint32_t i;

	for (i = 0; i < n->count; i++) {
		struct sender *s = &n->senders[i];

		if (!s->held.is_there)
			continue;
		if (s->held.due.us <= now.us)
			return s;
		if (s->held.due.us < first)
			first = s->held.due.us;
	}
	n->due.us = first;
	return NULL;
}

bool
rt_intake_due(struct rt_intake *n, rt_mono_t now, struct rt_str *to,
    struct rt_wire_answer *answer)
{
	struct sender *s;

	if (n->held == 0 || now.us < n->due.us)
		return false;
	s = next_due(n, now);
	if (!s)
		return false;
	s->held.is_there = false;
	n->held--;
	*to = (struct rt_str){s->held.to, s->held.to_len};
	*answer = (struct rt_wire_answer){
	    .version = RT_WIRE_VERSION, .epoch = s->epoch, .acked = s->acked};
	return true;
}

int64_t
rt_intake_due_ms(const struct rt_intake *n, rt_mono_t now)
{
	if (n->held == 0)
		return INT64_MAX;
	return n->due.us > now.us ? (n->due.us - now.us + 999) / 1000 : 0;
}

/* ---- records ------------------------------------------------------------------- */

enum rt_err
rt_intake_records(
    struct rt_str batch, uint32_t count, uint32_t skip, struct rt_str *out)
{
	const char *p = batch.p, *end = batch.p + batch.len, *begin = end;
	uint32_t i;

	if (count == 0 || batch.len == 0) {
		if (count != 0 || batch.len != 0)
			return RT_E_FIELD;
		*out = batch;
		return RT_OK;
	}
	for (i = 0; i < count; i++) {
		const char *newline = memchr(p, '\n', (size_t)(end - p));

		if ((newline == NULL) != (i + 1 == count))
			return RT_E_FIELD;
		if (i == skip)
			begin = p;
		if (newline)
			p = newline + 1;
	}
	*out = (struct rt_str){begin, (size_t)(end - begin)};
	return RT_OK;
}

static void
tell_position(const struct sender *s, struct rt_wire_header *out)
{
	*out = (struct rt_wire_header){
	    .version = RT_WIRE_VERSION,
	    .epoch = s->epoch,
	    .first_seq = s->acked + 1,
	    .offered = s->offered,
	    .dropped = s->dropped,
	};
	memcpy(out->emitter, s->emitter, sizeof(out->emitter));
}

bool
rt_intake_position(
    const struct rt_intake *n, uint32_t i, struct rt_wire_header *out)
{
	if (i >= n->count)
		return false;
	tell_position(&n->senders[i], out);
	return true;
}

bool
rt_intake_position_of(const struct rt_intake *n, const struct rt_wire_header *h,
    struct rt_wire_header *out)
{
	const struct sender *s = find(n, h);

	if (!s)
		return false;
	tell_position(s, out);
	return true;
}

void
rt_intake_told(struct rt_intake *n, const struct rt_wire_header *h,
    uint64_t refused, struct rt_str service)
{
	struct sender *s = find(n, h);

	if (!s)
		return;
	s->refused += refused;
	if (service.len == 0 || service.len >= sizeof(s->service))
		return;
	memcpy(s->service, service.p, service.len);
	s->service[service.len] = '\0';
}

static void
report_sender(const struct sender *s, rt_mono_t now, struct rt_report *r)
{
	struct rt_report_sender *row = rt_report_add_sender(r);
	uint64_t assigned = s->offered - s->dropped;

	row->id = rt_report_text(r, rt_str_of(s->emitter));
	if (s->service[0])
		row->service = rt_report_text(r, rt_str_of(s->service));
	row->refused = s->refused;
	row->last_seen_ms = rt_mono_ms_between(s->heard, now);
	row->offered = s->offered;
	row->before = s->before;
	row->taken = s->taken;
	row->dropped = s->dropped;
	row->in_flight = assigned > s->acked ? assigned - s->acked : 0;
	row->unexplained = unexplained(s);
	row->is_connected =
	    rt_mono_ms_between(s->heard, now) <= RT_INTAKE_CONNECTED_MS;
	row->held = s->answers_held;
	row->is_limited = rt_over_is_now(&s->over, now.us);
}

static uint64_t
total_unexplained(const struct rt_intake *n)
{
	uint64_t total = n->forgotten_unexplained;
	uint32_t i;

	for (i = 0; i < n->count; i++)
		total += unexplained(&n->senders[i]);
	return total;
}

void
rt_intake_report(const struct rt_intake *n, rt_mono_t now, struct rt_report *r)
{
	uint32_t i;

	for (i = 0; i < n->count; i++)
		report_sender(&n->senders[i], now, r);
	r->unexplained += total_unexplained(n);
	r->overflow[RT_OVERFLOW_SENDERS] += n->stats.forgotten;
}

void
rt_intake_stats(const struct rt_intake *n, struct rt_intake_stats *out)
{
	*out = n->stats;
	out->unexplained = total_unexplained(n);
}
