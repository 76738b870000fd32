/* SPDX-License-Identifier: MIT */
/*
 * jsonw — writes JSON text into a buffer, commas and escapes included.
 *
 * The writer of everything this program sends or prints: events, queries, reports.
 * Documents are read with json.h.  Depth is at most RT_JSONW_DEPTH (asserted: the
 * nesting is ours, never input).  Strings are scrubbed; numbers are shortest round-trip.
 * An absent string or a number that is not finite is written as null.
 *
 *	struct rt_jsonw w = rt_jsonw_begin(&buf);
 *	rt_jsonw_object(&w, NULL);
 *	rt_jsonw_int(&w, "n", 3);
 *	rt_jsonw_end(&w);                        {"n":3}
 *
 * `key` is NULL inside an array and at the top.  Keys of objects and arrays are escaped
 * like strings; those of plain values are ours and must need no escapes.
 */
#ifndef RT_JSONW_H
#define RT_JSONW_H

#include <stdbool.h>
#include <stdint.h>

#include "proto/buf.h"
#include "proto/text.h"

#define RT_JSONW_DEPTH 16u

struct rt_jsonw {
	struct rt_buf *b; /* borrowed */
	unsigned depth;
	bool comma;
	char close[RT_JSONW_DEPTH];
};

/* A key of ours as rt_jsonw_key wants it, from a literal. */
#define RT_JSONW_KEY(name) ",\"" name "\":", sizeof(",\"" name "\":") - 1

struct rt_jsonw rt_jsonw_begin(struct rt_buf *b);
void rt_jsonw_object(struct rt_jsonw *w, const char *key);
void rt_jsonw_array(struct rt_jsonw *w, const char *key);
void rt_jsonw_end(struct rt_jsonw *w); /* closes the innermost */
/* The key of the value that comes next, which is written with the key NULL. */
void rt_jsonw_key(struct rt_jsonw *w, const char *key, size_t len);
/* The same with one that may need escapes. */
void rt_jsonw_name(struct rt_jsonw *w, struct rt_str name);
void rt_jsonw_str(struct rt_jsonw *w, const char *key, struct rt_str s);
void rt_jsonw_text(struct rt_jsonw *w, const char *key, const char *z);
void rt_jsonw_int(struct rt_jsonw *w, const char *key, int64_t v);
void rt_jsonw_uint(struct rt_jsonw *w, const char *key, uint64_t v);
void rt_jsonw_double(struct rt_jsonw *w, const char *key, double v);
void rt_jsonw_bool(struct rt_jsonw *w, const char *key, bool v);
void rt_jsonw_null(struct rt_jsonw *w, const char *key);
/* Bytes that are JSON already. */
void rt_jsonw_raw(
    struct rt_jsonw *w, const char *key, const char *p, size_t len);

#endif
