/* SPDX-License-Identifier: MIT */
#include "collector/refused.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "proto/mem.h"

#define OVER_RATE_US 1000000

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
rt_refusals_init(struct rt_refusals *r, uint32_t capacity)
{
	*r = (struct rt_refusals){.capacity = capacity};
	r->rows = rt_xcalloc(capacity, sizeof(*r->rows));
}

void
rt_refusals_fini(struct rt_refusals *r)
{
	free(r->rows);
	*r = (struct rt_refusals){0};
}

void
rt_refusals_add(struct rt_refusals *r, int64_t now_us, enum rt_reject reason,
    const struct rt_diag *why, struct rt_str record, const char *source)
{
	struct rt_refused *to;

	r->count++;
	if (reason == RT_REJECT_OVER_RATE) {
		if (now_us < r->next_over_rate_us)
			return;
		r->next_over_rate_us = now_us + OVER_RATE_US;
	}
	to = &r->rows[r->kept++ % r->capacity];
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
	uint64_t i, n = r->kept;

	if (n > r->capacity)
		n = r->capacity;
	for (i = 0; i < n; i++) {
		from = &r->rows[(r->kept - 1 - i) % r->capacity];
		to = rt_report_add_refused(out);
		to->reason = rt_reject_name(from->reason);
		to->detail = rt_report_text(out, rt_str_of(from->detail));
		to->sample = rt_report_text(out, rt_str_of(from->sample));
		to->source = rt_report_text(out, rt_str_of(from->source));
		to->age_ms = (now_us - from->at_us) / 1000;
	}
}
