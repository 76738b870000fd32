/* SPDX-License-Identifier: MIT */
#include "collector/recent.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "proto/mem.h"

void
rt_recent_init(struct rt_recent *r, uint32_t bytes, uint32_t refused)
{
	*r = (struct rt_recent){
	    .ring_bytes = bytes, .refused_capacity = refused};
	r->ring = rt_xcalloc(bytes, 1);
	r->refused = rt_xcalloc(refused, sizeof(*r->refused));
}

void
rt_recent_fini(struct rt_recent *r)
{
	free(r->ring);
	free(r->refused);
	*r = (struct rt_recent){0};
}

static void
ring_write(struct rt_recent *r, uint64_t at, const void *bytes, uint32_t len)
{
	uint32_t from = (uint32_t)(at % r->ring_bytes);
	uint32_t run = r->ring_bytes - from;

	if (run > len)
		run = len;
	memcpy(r->ring + from, bytes, run);
	memcpy(r->ring, (const char *)bytes + run, len - run);
}

static void
ring_read(const struct rt_recent *r, uint64_t at, void *bytes, uint32_t len)
{
	uint32_t from = (uint32_t)(at % r->ring_bytes);
	uint32_t run = r->ring_bytes - from;

	if (run > len)
		run = len;
	memcpy(bytes, r->ring + from, run);
	memcpy((char *)bytes + run, r->ring, len - run);
}

void
rt_recent_add(struct rt_recent *r, struct rt_str line)
{
	uint32_t len = (uint32_t)line.len, oldest;

	if (line.len + sizeof(len) > r->ring_bytes)
		return;
	while (r->head - r->tail + sizeof(len) + len > r->ring_bytes) {
		ring_read(r, r->tail, &oldest, sizeof(oldest));
		r->tail += sizeof(oldest) + oldest;
		r->first++;
	}
	ring_write(r, r->head, &len, sizeof(len));
	ring_write(r, r->head + sizeof(len), line.p, len);
	r->head += sizeof(len) + len;
	r->next++;
}

void
rt_recent_tail(const struct rt_recent *r, uint64_t cursor, uint32_t max,
    struct rt_report *out)
{
	uint64_t number = r->first, at = r->tail;
	uint32_t len;
	char *line;

	if (cursor > r->next) /* the newest; or a collector before this one */
		cursor = r->next - r->first > max ? r->next - max : r->first;
	out->tail.asked = true;
	out->tail.missed = r->first > cursor ? r->first - cursor : 0;
	out->tail.lines = rt_report_alloc(out, max * sizeof(char *));
	for (; number < r->next && out->tail.count < max; number++) {
		ring_read(r, at, &len, sizeof(len));
		if (number >= cursor) {
			line = rt_report_alloc(out, (size_t)len + 1);
			ring_read(r, at + sizeof(len), line, len);
			out->tail.lines[out->tail.count++] = line;
		}
		at += sizeof(len) + len;
	}
	out->tail.cursor = number > cursor ? number : cursor;
}

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
rt_recent_outline(char *out, size_t size, struct rt_str record)
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
rt_recent_refuse(struct rt_recent *r, int64_t now_us, enum rt_reject reason,
    const struct rt_diag *why, struct rt_str record, const char *source)
{
	struct rt_refused *to =
	    &r->refused[r->refused_count++ % r->refused_capacity];

	to->reason = reason;
	to->at_us = now_us;
	snprintf(to->detail, sizeof(to->detail), "%s%s%s", why->where,
	    why->where[0] ? ": " : "", why->what);
	rt_recent_outline(to->sample, sizeof(to->sample), record);
	rt_text_scrub(to->source, sizeof(to->source), rt_str_of(source));
}

void
rt_recent_report(
    const struct rt_recent *r, int64_t now_us, struct rt_report *out)
{
	const struct rt_refused *from;
	struct rt_report_refused *to;
	uint64_t i, n = r->refused_count;

	if (n > r->refused_capacity)
		n = r->refused_capacity;
	for (i = 0; i < n; i++) {
		from = &r->refused[(r->refused_count - 1 - i) %
		    r->refused_capacity];
		to = rt_report_add_refused(out);
		to->reason = rt_reject_name(from->reason);
		to->detail = rt_report_text(out, rt_str_of(from->detail));
		to->sample = rt_report_text(out, rt_str_of(from->sample));
		to->source = rt_report_text(out, rt_str_of(from->source));
		to->age_ms = (now_us - from->at_us) / 1000;
	}
}
