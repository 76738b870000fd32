/* SPDX-License-Identifier: MIT */
/*
 * keypaths — the shape of an answer: its keys and their types, without a single value.
 *
 * Paths   "choices[].message.content string": keys joined by dots, `[]` for the elements of
 *         an array, a blank, the type (object array string number boolean null).  Sorted,
 *         each once; the list is the golden response.  A path that comes with two types
 *         has two entries.
 * Stream  The union over the events' data; [DONE] has no shape.
 * Bounds  RT_KEYPATHS_MAX paths of RT_KEYPATH_MAX bytes; more sets `overflow`.
 * Hygiene Keys are scrubbed; a key that holds what looks like a value still is one.
 * Pure    SHA-256 is digest.h's.
 */
#ifndef RT_KEYPATHS_H
#define RT_KEYPATHS_H

#include "collector/canary/digest.h"
#include "proto/buf.h"
#include "proto/text.h"

#define RT_KEYPATHS_MAX 200u
#define RT_KEYPATH_MAX 120u

struct rt_keypaths {
	char paths[RT_KEYPATHS_MAX][RT_KEYPATH_MAX + 1];
	unsigned count;
	bool overflow;
};

/* Adds the paths of one JSON document; what is none adds nothing. */
void rt_keypaths_add(struct rt_keypaths *s, struct rt_str json);
/* Adds those of every event of a stream. */
void rt_keypaths_add_stream(struct rt_keypaths *s, struct rt_str body);
/* Adds one entry as it stands in a ledger. */
void rt_keypaths_put(struct rt_keypaths *s, struct rt_str entry);

/* Of the entries, each with a newline. */
void rt_keypaths_digest(const struct rt_keypaths *s, char out[RT_DIGEST_SIZE]);

struct rt_keypaths_drift {
	unsigned gained, lost,
	    changed; /* changed: the same path, another type */
};

/*
 * From `old` to `new`; lines "+ path type", "- path type", "~ path type -> type" go to b
 * (NULL: only counted).
 */
struct rt_keypaths_drift rt_keypaths_compare(const struct rt_keypaths *old,
    const struct rt_keypaths *new, struct rt_buf *b);

#endif
