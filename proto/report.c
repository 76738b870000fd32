/* SPDX-License-Identifier: MIT */
#include "proto/report.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "proto/alert.h"
#include "proto/mem.h"

#define CHUNK_BYTES (64u << 10)

/* clang-format off */
#define NAMES(function, type, COUNT, LIST) \
	const char * \
	function(type v) \
	{ \
		static const char *const names[] = {LIST(X)}; \
		return (unsigned)v < (COUNT) ? names[v] : NULL; \
	}
#define X(id, name) name,
NAMES(rt_latency_name, enum rt_latency, RT_LATENCY_COUNT, RT_LATENCIES)
NAMES(rt_label_name, enum rt_label, RT_LABEL_COUNT, RT_LABELS)
NAMES(rt_trend_name, enum rt_trend, RT_TREND_COUNT, RT_TRENDS)
NAMES(rt_overflow_name, enum rt_overflow, RT_OVERFLOW_COUNT, RT_OVERFLOWS)
#undef X
/* clang-format on */

/*
 * A list of blocks that only grows; a reset starts again at the first.  Rows and
 * strings keep their place, so borrowed pointers stay good until then.
 */
struct chunk {
	struct chunk *next;
	size_t used, capacity;
	max_align_t bytes[];
};

struct rt_report_arena {
	struct chunk *first, *current;
};

static struct chunk *
chunk_insert(struct rt_report_arena *a, size_t bytes)
{
	size_t capacity = bytes > CHUNK_BYTES ? bytes : CHUNK_BYTES;
	struct chunk *c = rt_xcalloc(1, sizeof(*c) + capacity);

	c->capacity = capacity;
	if (a->current) {
		c->next = a->current->next;
		a->current->next = c;
	} else {
		a->first = c;
	}
	return c;
}

void *
rt_report_alloc(struct rt_report *r, size_t bytes)
{
	struct rt_report_arena *a = r->arena;
	size_t rounded;
	struct chunk *c;
	char *p;

	if (!a)
		a = r->arena = rt_xcalloc(1, sizeof(*a));
	rounded = (bytes + sizeof(max_align_t) - 1) / sizeof(max_align_t) *
	    sizeof(max_align_t);
	c = a->current;
	if (!c || c->capacity - c->used < rounded) {
		c = c ? c->next : a->first;
		if (!c || c->capacity < rounded)
			c = chunk_insert(a, rounded);
		c->used = 0;
		a->current = c;
	}
	p = (char *)c->bytes + c->used;
	c->used += rounded;
	return memset(p, 0, rounded);
}

const char *
rt_report_text(struct rt_report *r, struct rt_str s)
{
	char *p;

	if (!s.p)
		return NULL;
	p = rt_report_alloc(r, s.len + 1);
	if (s.len > 0)
		memcpy(p, s.p, s.len);
	return p;
}

void
rt_report_init(struct rt_report *r)
{
	*r = (struct rt_report){
	    .source.last_event_age_ms = -1, .source.since = -1};
}

void
rt_report_fini(struct rt_report *r)
{
	struct chunk *c = r->arena ? r->arena->first : NULL;

	while (c) {
		struct chunk *next = c->next;

		free(c);
		c = next;
	}
	free(r->arena);
	free(r->series);
	free(r->fallbacks);
	free(r->emitters);
	free(r->senders);
	free(r->canaries);
	free(r->violations);
	free(r->refused);
	free(r->alerts);
	rt_report_init(r);
}

/* The rows of `was`, emptied, with the storage they had. */
#define KEEP(rows) .rows = was.rows, .rows##_capacity = was.rows##_capacity

void
rt_report_reset(struct rt_report *r)
{
	const struct rt_report was = *r;

	*r = (struct rt_report){
	    .source.last_event_age_ms = -1,
	    .source.since = -1,
	    .arena = was.arena,
	    KEEP(series),
	    KEEP(fallbacks),
	    KEEP(emitters),
	    KEEP(senders),
	    KEEP(canaries),
	    KEEP(violations),
	    KEEP(refused),
	    KEEP(alerts),
	};
	if (r->arena) {
		r->arena->current = r->arena->first;
		if (r->arena->current)
			r->arena->current->used = 0;
	}
}

static void *
grow(void *rows, size_t count, size_t *capacity, size_t row_bytes)
{
	if (count < *capacity)
		return rows;
	*capacity = *capacity ? *capacity * 2 : 16;
	return rt_xrealloc(rows, *capacity * row_bytes);
}

/* clang-format off */
#define ADD(row, rows) \
	struct rt_report_##row * \
	rt_report_add_##row(struct rt_report *r) \
	{ \
		struct rt_report_##row *p; \
		r->rows = grow(r->rows, r->rows##_count, \
		    &r->rows##_capacity, sizeof(*p)); \
		p = &r->rows[r->rows##_count++]; \
		*p = (struct rt_report_##row){0}; \
		return p; \
	}
ADD(fallback, fallbacks)
ADD(emitter, emitters)
ADD(sender, senders)
ADD(canary, canaries)
ADD(violation, violations)
ADD(refused, refused)
ADD(alert, alerts)
/* clang-format on */

const struct rt_counts *
rt_report_counts_of(const struct rt_report_series *s)
{
	static const struct rt_counts nothing;

	return s->counts ? s->counts : &nothing;
}

uint64_t
rt_report_failed(const struct rt_report_series *s)
{
	const uint64_t *n = rt_report_counts_of(s)->n;
	uint64_t good = n[RT_C_CLASS + RT_CLASS_NONE];

	return n[RT_C_ATTEMPTS] > good ? n[RT_C_ATTEMPTS] - good : 0;
}

size_t
rt_report_worst(const struct rt_report *r, size_t *worst, size_t most)
{
	size_t count = 0;

	for (size_t i = 0; i < r->series_count; i++) {
		uint64_t failed = rt_report_failed(&r->series[i]);
		size_t at = count;

		while (at > 0 &&
		    rt_report_failed(&r->series[worst[at - 1]]) < failed)
			at--;
		if (at == most)
			continue;
		count += count < most;
		memmove(&worst[at + 1], &worst[at],
		    (count - at - 1) * sizeof(worst[0]));
		worst[at] = i;
	}
	return count;
}

size_t
rt_report_firing(const struct rt_report *r)
{
	size_t n = 0;

	for (size_t i = 0; i < r->alerts_count; i++)
		n += r->alerts[i].is_firing;
	return n;
}

static void
append(char *out, size_t size, const char *word)
{
	size_t len = strlen(out);

	if (word && word[0])
		snprintf(out + len, size - len, "%s%s", len ? " " : "", word);
}

static enum rt_alert_subject
subject_of(const char *alert)
{
	enum rt_alert kind = rt_alert_from(alert);

	return kind == RT_ALERT_COUNT ? RT_ALERT_OF_COLLECTOR
				      : rt_alert_subject(kind);
}

void
rt_report_alert_about(char *out, size_t size, const struct rt_report_alert *a)
{
	out[0] = '\0';
	if (a->is_rest) {
		append(out, size, "all other routes together");
		return;
	}
	append(out, size, a->what);
	if (out[0])
		return; /* a rule, a canary or an emitter: it says enough */
	append(out, size, a->service);
	append(out, size, a->route);
	append(out, size, a->model);
	if (out[0] == '\0')
		append(out, size,
		    subject_of(a->alert) == RT_ALERT_OF_ROUTE ? "(no name)"
							      : "collector");
}

void
rt_report_alert_level(char out[80], const struct rt_report_alert *a)
{
	enum rt_alert kind = rt_alert_from(a->alert);
	enum rt_alert_unit unit =
	    kind == RT_ALERT_COUNT ? RT_ALERT_UNIT_COUNT : rt_alert_unit(kind);
	char value[32], threshold[32];

	snprintf(out, 80, "%s > %s",
	    rt_alert_value(value, unit, a->is_firing ? a->value : a->worst),
	    rt_alert_value(threshold, unit, a->threshold));
}

struct rt_report_series *
rt_report_add_series(struct rt_report *r)
{
	struct rt_report_series *s;

	r->series =
	    grow(r->series, r->series_count, &r->series_capacity, sizeof(*s));
	s = &r->series[r->series_count++];
	*s = (struct rt_report_series){
	    .counts = rt_report_alloc(r, sizeof(*s->counts))};
	return s;
}
