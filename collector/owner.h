/* SPDX-License-Identifier: MIT */
/*
 * owner — which key an emitter id belongs to.
 *
 * What    The key that is first seen with an id owns it, be it as the sender of
 *         acknowledged delivery or as the `emitter` of a record on the open port; the
 *         same id from another key, or without one, is forged.
 * Ids     Of wire.h: 1..64 of [A-Za-z0-9._-].  Any other text belongs to nobody.
 * Bounds  RT_OWNER_IDS_MAX ids a key.  One more takes the place of the key's own id that
 *         was used longest ago, and is counted: nobody can push out the ids of another.
 *         Beyond RT_OWNER_KEYS_MAX keys, the ids of the key that was heard longest ago
 *         are forgotten together, counted the same way.
 * Life    Encoded as text and read again, it outlives a collector (owner_file.h): one
 *         line a pair, `KEY ID`, the one used longest ago first.
 * Pure    No clock, no file.  The usual case, the key and id of before, is two compares;
 *         else O(keys) for the key and a look-up for the id.
 */
#ifndef RT_OWNER_H
#define RT_OWNER_H

#include <stdbool.h>
#include <stdint.h>

#include "proto/buf.h"
#include "proto/text.h"

#define RT_OWNER_IDS_MAX 64u
#define RT_OWNER_KEYS_MAX 512u
#define RT_OWNER_TITLE "retrytop-owners 1"
/* Enough for the text of all. */
#define RT_OWNER_TEXT_MAX \
	(RT_OWNER_IDS_MAX * RT_OWNER_KEYS_MAX * (40u + 1 + 64 + 1) + 64u)

struct rt_owner; /* opaque */

struct rt_owner *rt_owner_new(void);
void rt_owner_free(struct rt_owner *o);

/*
 * May `key` (40 characters; NULL: nobody's) use the id?  claim takes it where it is free
 * and there is a key; may only asks.
 */
bool rt_owner_claim(struct rt_owner *o, const char *key, struct rt_str id);
bool rt_owner_may(const struct rt_owner *o, const char *key, struct rt_str id);

/* Ids that lost their place, since new. */
uint64_t rt_owner_forgotten(const struct rt_owner *o);
/* Grows whenever an id got, or lost, its owner. */
uint64_t rt_owner_changes(const struct rt_owner *o);

/* b->max at least RT_OWNER_TEXT_MAX. */
void rt_owner_encode(const struct rt_owner *o, struct rt_buf *b);

/*
 * Into an empty one; returns how many lines were no pair and passed over, the title
 * among them where it is not the first.
 */
unsigned rt_owner_decode(struct rt_owner *o, struct rt_str text);

#endif
