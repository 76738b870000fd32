/* SPDX-License-Identifier: MIT */
#include "proto/keys.h"

#include "proto/macro.h"

_Static_assert(RT_KEY_ALL < 255, "a bucket is one byte");
_Static_assert(RT_KEY_COUNT <= 128, "seen is two words");

static const char *const names[RT_KEY_ALL] = {
#define X(id, member, type, lo, hi) [RT_FIELD_##id] = #member,
    RT_EVENT_FIELDS(X)
#undef X
#define X(id, name) [RT_KEY_##id] = (name),
	RT_KEYS_OTHER(X) RT_KEYS_PARENT(X) RT_KEYS_NEVER(X)
#undef X
};

void
rt_keys_init(struct rt_keys *k)
{
	struct rt_key_row *row;
	unsigned i, at;

	*k = (struct rt_keys){0};
	for (i = 0; i < RT_KEY_ALL; i++) {
		if (!names[i])
			continue;
		row = &k->rows[i];
		row->name = i == RT_FIELD_TS ? "ts" : names[i];
		row->len = (uint32_t)strlen(row->name);
		rt_key_head(
		    row->name, row->len, row->len, &row->first, &row->second);
		at = rt_key_bucket(row->first, row->second, row->len);
		while (k->buckets[at])
			at = (at + 1) % RT_KEY_BUCKETS;
		k->buckets[at] = (uint8_t)(i + 1);
	}
}
