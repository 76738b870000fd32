/* SPDX-License-Identifier: MIT */
#include "collector/fallback.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "collector/hash.h"
#include "proto/mem.h"

static void
open_row(struct rt_fallback *f, uint32_t from, uint32_t to, uint32_t reason)
{
	struct rt_fallback_row *row = &f->rows[f->count];

	row->from = from;
	row->to = to;
	row->reason = reason;
	rt_window_init(&row->window, &f->shape, NULL,
	    f->storage + rt_window_bytes(&f->shape) * f->count);
	f->count++;
}

void
rt_fallback_init(struct rt_fallback *f, struct rt_intern *labels, uint32_t rows,
    uint32_t marks)
{
	uint32_t slots = rt_hash_slots(rows);

	*f = (struct rt_fallback){
	    .labels = labels,
	    .shape = rt_window_plain(RT_FALLBACK_COUNTERS),
	    .capacity = rows + 1,
	    .slots_mask = slots - 1,
	    .marks_capacity = marks,
	};
	f->rows = rt_xcalloc(f->capacity, sizeof(*f->rows));
	f->storage = rt_xcalloc(f->capacity, rt_window_bytes(&f->shape));
	f->slots = rt_xcalloc(slots, sizeof(*f->slots));
	f->marks = rt_xcalloc(marks, sizeof(*f->marks));
	open_row(f, RT_INTERN_OTHER, RT_INTERN_OTHER, RT_INTERN_OTHER);
}

void
rt_fallback_fini(struct rt_fallback *f)
{
	free(f->rows);
	free(f->storage);
	free(f->slots);
	free(f->marks);
	*f = (struct rt_fallback){0};
}

uint64_t
rt_fallback_bytes(uint32_t rows, uint32_t marks)
{
	struct rt_window_shape shape = rt_window_plain(RT_FALLBACK_COUNTERS);

	return (uint64_t)(rows + 1) *
	    (sizeof(struct rt_fallback_row) + rt_window_bytes(&shape)) +
	    (uint64_t)rt_hash_slots(rows) * sizeof(uint32_t) +
	    (uint64_t)marks * sizeof(struct rt_fallback_mark);
}

static uint32_t
row_for(struct rt_fallback *f, uint32_t from, uint32_t to, uint32_t reason)
{
	uint64_t hash = rt_hash_fold(rt_hash_fold(from, to), reason);
	uint32_t i, row;

	for (i = (uint32_t)hash & f->slots_mask; f->slots[i] != 0;
	     i = (i + 1) & f->slots_mask) {
		row = f->slots[i] - 1;
		if (f->rows[row].from == from && f->rows[row].to == to &&
		    f->rows[row].reason == reason)
			return row;
	}
	if (f->count == f->capacity) {
		f->rows_overflow++;
		return 0;
	}
	open_row(f, from, to, reason);
	f->slots[i] = f->count;
	return f->count - 1;
}

static uint32_t
reason_of(struct rt_fallback *f, const struct rt_event *e)
{
	char status[16];

	if (rt_event_has(e, DECISION_REASON))
		return rt_intern_put(f->labels, e->decision_reason);
	if (rt_event_has(e, HTTP_STATUS)) {
		snprintf(status, sizeof(status), "http_%d",
		    (int)e->http_response_status_code);
		return rt_intern_put(f->labels, rt_str_of(status));
	}
	return rt_intern_put(
	    f->labels, rt_str_of(rt_class_name(e->error_class)));
}

void
rt_fallback_decided(struct rt_fallback *f, int64_t now_us,
    const struct rt_event *e, uint32_t *chain)
{
	struct rt_str from = rt_event_has(e, MODEL_REQUESTED)
	    ? e->model_requested
	    : e->http_route;
	struct rt_fallback_mark *mark;
	uint32_t row, number;

	row = row_for(f, rt_intern_put(f->labels, from),
	    rt_intern_put(f->labels, e->fallback_target), reason_of(f, e));
	rt_window_advance(&f->rows[row].window, now_us);
	rt_window_count(&f->rows[row].window, RT_FALLBACK_DECISIONS, 1);

	if (f->marks_free != 0) {
		number = f->marks_free;
		f->marks_free = f->marks[number - 1].next;
	} else if (f->marks_used < f->marks_capacity) {
		number = ++f->marks_used;
	} else {
		f->marks_overflow++;
		return;
	}
	mark = &f->marks[number - 1];
	mark->row = row;
	mark->next = *chain;
	*chain = number;
}

void
rt_fallback_ended(
    struct rt_fallback *f, int64_t now_us, bool is_success, uint32_t *chain)
{
	struct rt_fallback_mark *mark;
	uint32_t number = *chain, next;

	for (; number != 0; number = next) {
		mark = &f->marks[number - 1];
		next = mark->next;
		if (is_success) {
			rt_window_advance(&f->rows[mark->row].window, now_us);
			rt_window_count(&f->rows[mark->row].window,
			    RT_FALLBACK_SUCCEEDED, 1);
		}
		mark->next = f->marks_free;
		f->marks_free = number;
	}
	*chain = 0;
}

static int
most_first(const void *a, const void *b)
{
	const struct rt_report_fallback *x = a, *y = b;

	if (x->count != y->count)
		return x->count < y->count ? 1 : -1;
	if (strcmp(x->from, y->from) != 0)
		return strcmp(x->from, y->from);
	if (strcmp(x->to, y->to) != 0)
		return strcmp(x->to, y->to);
	return strcmp(x->reason, y->reason);
}

static const char *
label(struct rt_fallback *f, struct rt_report *out, uint32_t number)
{
	struct rt_str s = rt_intern_get(f->labels, number);

	return s.p ? rt_report_text(out, s) : "?";
}

void
rt_fallback_report(
    struct rt_fallback *f, struct rt_span span, struct rt_report *out)
{
	struct rt_report_fallback *to;
	uint64_t sums[RT_SUM_COUNT] = {0};
	uint32_t i;

	for (i = 0; i < f->count; i++) {
		uint64_t n[RT_FALLBACK_COUNTERS] = {0};

		rt_window_sum(&f->rows[i].window, span, n, sums);
		if (n[RT_FALLBACK_DECISIONS] == 0 &&
		    n[RT_FALLBACK_SUCCEEDED] == 0)
			continue;
		to = rt_report_add_fallback(out);
		to->from = label(f, out, f->rows[i].from);
		to->to = label(f, out, f->rows[i].to);
		to->reason = label(f, out, f->rows[i].reason);
		to->count = n[RT_FALLBACK_DECISIONS];
		to->succeeded = n[RT_FALLBACK_SUCCEEDED];
	}
	if (out->fallbacks_count > 0)
		qsort(out->fallbacks, out->fallbacks_count,
		    sizeof(*out->fallbacks), most_first);
}
