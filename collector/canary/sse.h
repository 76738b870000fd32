/* SPDX-License-Identifier: MIT */
/*
 * sse — server-sent events from bytes, as they arrive.
 *
 * What    Lines end with LF, CR or CRLF; a byte order mark at the start is skipped; comments
 *         and fields other than `data` are passed over; several data lines are joined by a
 *         newline; an empty line ends an event.
 * Bounds  A line or an event over RT_SSE_MAX is dropped and sets `overflow`.
 * Residue What stands without its empty line at the end is no event (rt_sse_has_residue).
 */
#ifndef RT_SSE_H
#define RT_SSE_H

#include "proto/buf.h"
#include "proto/text.h"

#define RT_SSE_MAX 65536u

struct rt_sse {
	struct rt_buf line, data;
	bool has_data; /* a data line since the last empty line */
	bool after_cr; /* a LF now belongs to the line before */
	bool overflow; /* sticky */
	unsigned lines;
	void (*on_event)(void *context, struct rt_str data);
	void *context; /* borrowed */
};

void rt_sse_init(struct rt_sse *s,
    void (*on_event)(void *context, struct rt_str data), void *context);
void rt_sse_fini(struct rt_sse *s);
void rt_sse_push(struct rt_sse *s, const char *bytes, size_t len);
bool rt_sse_has_residue(const struct rt_sse *s);

#endif
