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

static uint64_t
load(const char *p, size_t n)
{
	uint64_t v = 0;

	memcpy(&v, p, n);
	return v;
}

/*
 * The name's first and last eight bytes, which overlap below 16: up to there two
 * compares are all of it.  Never touches a byte outside the name.
 */
static inline void
ends_of(const char *p, size_t len, uint64_t *first, uint64_t *last)
{
	if (len >= 8) {
		*first = load(p, 8);
		*last = load(p + len - 8, 8);
	} else if (len >= 4) {
		*first = load(p, 4);
		*last = load(p + len - 4, 4);
	} else {
		*first = len > 0 ? (unsigned char)p[0] : 0;
		*last = len > 0 ? load(p + len / 2, len - len / 2) : 0;
	}
}

static inline unsigned
bucket_of(uint64_t first, uint64_t last, size_t len)
{
	uint64_t h = (first ^ (last << 7 | last >> 57) ^ len) *
	    UINT64_C(0x9E3779B97F4A7C15);

	return (unsigned)(h >> 55); /* 9 bits: RT_KEY_BUCKETS */
}

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
		ends_of(row->name, row->len, &row->first, &row->last);
		at = bucket_of(row->first, row->last, row->len);
		while (k->buckets[at])
			at = (at + 1) % RT_KEY_BUCKETS;
		k->buckets[at] = (uint8_t)(i + 1);
	}
}

enum rt_key
rt_keys_find(const struct rt_keys *k, const char *p, size_t len)
{
	const struct rt_key_row *row;
	uint64_t first, last;
	unsigned at;

	ends_of(p, len, &first, &last);
	at = bucket_of(first, last, len);
	for (; k->buckets[at]; at = (at + 1) % RT_KEY_BUCKETS) {
		row = &k->rows[k->buckets[at] - 1];
		if (row->first != first || row->last != last || row->len != len)
			continue;
		if (len <= 16 || memcmp(row->name + 8, p + 8, len - 16) == 0)
			return (enum rt_key)(k->buckets[at] - 1);
	}
	return RT_KEY_ALL;
}
