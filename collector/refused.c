/* SPDX-License-Identifier: MIT */
#include "collector/refused.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "proto/mem.h"

#define SECOND_US 1000000

/* What follows a closing quote or a bare word decides whether it was a key. */
static bool
is_key_end(const char *p, const char *end)
{
	while (p < end && (*p == ' ' || *p == '\t'))
		p++;
	return p < end && (*p == ':' || *p == '=');
}

static bool
is_plain_value(const char *p, size_t len)
{
	static const char *const words[] = {"true", "false", "null"};
	size_t i;

	for (i = 0; i < RT_COUNT_OF(words); i++)
		if (rt_str_is((struct rt_str){p, len}, words[i]))
			return true;
	for (i = 0; i < len; i++)
		if (!strchr("0123456789+-.eE", p[i]))
			return false;
	return len > 0;
}

void
rt_refused_outline(char *out, size_t size, struct rt_str record)
{
	static const char punctuation[] = "{}[]:,= \t";
	const char *p = record.p, *end = record.p + record.len, *from;
	char flat[RT_REFUSED_SAMPLE + 8];
	size_t n = 0;

	while (p < end && n < RT_REFUSED_SAMPLE) {
		from = p;
		if (*p != '\0' && strchr(punctuation, *p)) {
			flat[n++] = *p++;
			continue;
		}
		if (*p == '"') {
			for (p++; p < end && *p != '"'; p++)
				if (*p == '\\' && p + 1 < end)
					p++;
			p += p < end;
		} else {
			while (p < end && *p != '"' &&
			    (*p == '\0' || !strchr(punctuation, *p)))
				p++;
		}
		if ((size_t)(p - from) <= 48 &&
		    (is_key_end(p, end) ||
			is_plain_value(from, (size_t)(p - from)))) {
			if ((size_t)(p - from) > RT_REFUSED_SAMPLE - n)
				break;
			memcpy(flat + n, from, (size_t)(p - from));
			n += (size_t)(p - from);
		} else {
			memcpy(flat + n, *from == '"' ? "\"*\"" : "*",
			    *from == '"' ? 3 : 1);
			n += *from == '"' ? 3 : 1;
		}
	}
	rt_text_scrub(out, size, (struct rt_str){flat, n});
}

void
rt_refusals_init(struct rt_refusals *r, uint32_t capacity, bool is_live)
{
	*r = (struct rt_refusals){.capacity = capacity, .is_live = is_live};
	r->rows = rt_xcalloc(capacity, sizeof(*r->rows));
}

void
rt_refusals_fini(struct rt_refusals *r)
{
	free(r->rows);
	*r = (struct rt_refusals){0};
}

/* Has this second not yet seen as many of the reason as anybody can look at? */
static bool
is_wanted(struct rt_refusals *r, int64_t now_us, enum rt_reject reason)
{
	uint32_t most = reason == RT_REJECT_OVER_RATE ? 1 : r->capacity;

	if (!r->is_live)
		return true;
	if (now_us >= r->seconds[reason].until_us) {
		r->seconds[reason].until_us = now_us + SECOND_US;
		r->seconds[reason].kept = 0;
	}
	return r->seconds[reason].kept++ < most;
}

/* The oldest row of the reason that has the most of them. */
static uint32_t
whose_turn_to_go(const struct rt_refusals *r)
{
	uint32_t of[RT_REJECT_COUNT] = {0}, i, found = 0;

	for (i = 0; i < r->kept; i++)
		of[r->rows[i].reason]++;
	for (i = 1; i < r->kept; i++)
		if (of[r->rows[i].reason] > of[r->rows[found].reason])
			found = i;
	return found;
}

static struct rt_refused *
row_for(struct rt_refusals *r)
{
	uint32_t i;

	if (r->kept < r->capacity)
		return &r->rows[r->kept++];
	i = whose_turn_to_go(r);
	memmove(
	    &r->rows[i], &r->rows[i + 1], (r->kept - i - 1) * sizeof(*r->rows));
	return &r->rows[r->kept - 1];
}

void
rt_refusals_add(struct rt_refusals *r, int64_t now_us, enum rt_reject reason,
    const struct rt_diag *why, struct rt_str record, const char *source)
{
	struct rt_refused *to;

	r->count++;
	if (!is_wanted(r, now_us, reason))
		return;
	to = row_for(r);
	to->reason = reason;
	to->at_us = now_us;
	snprintf(to->detail, sizeof(to->detail), "%s%s%s", why->where,
	    why->where[0] ? ": " : "", why->what);
	rt_refused_outline(to->sample, sizeof(to->sample), record);
	rt_text_scrub(to->source, sizeof(to->source), rt_str_of(source));
}

void
rt_refusals_report(
    const struct rt_refusals *r, int64_t now_us, struct rt_report *out)
{
	const struct rt_refused *from;
	struct rt_report_refused *to;
	uint32_t i;

	for (i = r->kept; i > 0; i--) {
		from = &r->rows[i - 1];
		to = rt_report_add_refused(out);
		to->reason = rt_reject_name(from->reason);
		to->detail = rt_report_text(out, rt_str_of(from->detail));
		to->sample = rt_report_text(out, rt_str_of(from->sample));
		to->source = rt_report_text(out, rt_str_of(from->source));
		to->age_ms = (now_us - from->at_us) / 1000;
	}
}
