/* SPDX-License-Identifier: MIT */
/*
 * shape — which keys an answer has and of what type, without a single value.
 *
 * Paths   "choices[].message.content string": keys joined by dots, `[]` for the elements of
 *         an array, a blank, the type (object array string number boolean null).  Sorted,
 *         each once; the list is the golden response.  A path that comes with two types
 *         has two entries.
 * Stream  The union over the events' data; [DONE] has no shape.
 * Bounds  RT_SHAPE_PATHS_MAX paths of RT_SHAPE_PATH_MAX bytes; more sets `overflow`.
 * Hygiene Keys are scrubbed; a key that holds what looks like a value still is one.
 * Pure    SHA-256 is digest.h's.
 */
#ifndef RT_SHAPE_H
#define RT_SHAPE_H

#include "collector/canary/digest.h"
#include "proto/buf.h"
#include "proto/text.h"

#define RT_SHAPE_PATHS_MAX 200u
#define RT_SHAPE_PATH_MAX 120u

struct rt_shape {
	char paths[RT_SHAPE_PATHS_MAX][RT_SHAPE_PATH_MAX + 1];
	unsigned count;
	bool overflow;
};

/* Adds the paths of one JSON document; what is none adds nothing. */
void rt_shape_add(struct rt_shape *s, struct rt_str json);
/* Adds those of every event of a stream. */
void rt_shape_add_stream(struct rt_shape *s, struct rt_str body);
/* Adds one entry as it stands in a ledger. */
void rt_shape_put(struct rt_shape *s, struct rt_str entry);

/* Of the entries, each with a newline. */
void rt_shape_digest(const struct rt_shape *s, char out[RT_DIGEST_SIZE]);

struct rt_shape_drift {
	unsigned gained, lost,
	    changed; /* changed: the same path, another type */
};

/*
 * From `old` to `new`; lines "+ path type", "- path type", "~ path type -> type" go to b
 * (NULL: only counted).
 */
struct rt_shape_drift rt_shape_compare(
    const struct rt_shape *old, const struct rt_shape *new, struct rt_buf *b);

#endif
