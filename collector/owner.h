/* SPDX-License-Identifier: MIT */
/*
 * owner — which key an emitter id belongs to.
 *
 * What    The key that is first seen with an id of acknowledged delivery owns it; the
 *         same id from another key is forged.
 * Bounds  RT_OWNER_IDS_MAX ids a key.  One more takes the place of the key's own id that
 *         was used longest ago, and is counted: nobody can push out the ids of another.
 *         Beyond RT_OWNER_KEYS_MAX keys in the life of a collector, the ids of the key
 *         that was heard longest ago are forgotten together, counted the same way.
 * Life    Begins empty: after a restart the first key to come with an id owns it.
 * Pure    No clock; O(keys x ids) for an id not seen before, else by the key's own.
 */
#ifndef RT_OWNER_H
#define RT_OWNER_H

#include <stdbool.h>
#include <stdint.h>

#define RT_OWNER_IDS_MAX 64u
#define RT_OWNER_KEYS_MAX 512u

struct rt_owner; /* opaque */

struct rt_owner *rt_owner_new(void);
void rt_owner_free(struct rt_owner *o);

/* May `key` (40 characters) use the id (a valid one of wire.h)?  Takes it if free. */
bool rt_owner_claim(struct rt_owner *o, const char *key, const char *id);

/* Ids that lost their place, since new. */
uint64_t rt_owner_forgotten(const struct rt_owner *o);

#endif
