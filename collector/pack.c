/* SPDX-License-Identifier: MIT */
#include "collector/pack.h"

#include <stddef.h>
#include <string.h>

/* What is not a field, but changes the canonical form. */
struct head {
	uint64_t present;
	uint8_t kind, shape, error_class, ts_has_fraction;
	uint8_t ts_is_arrival, has_code, has_sensitive;
};

/* Where each field is. */
static const uint16_t places[RT_FIELD_COUNT] = {
#define X(id, member, type, lo, hi) \
	[RT_FIELD_##id] = offsetof(struct rt_event, member),
    RT_EVENT_FIELDS(X)
#undef X
};

/* The known fields come as words, then enums, then flags, then strings. */
enum kind { WORDS, ENUMS, FLAGS, STRINGS, KINDS };
#define KIND_TIME WORDS
#define KIND_INT WORDS
#define KIND_MS WORDS
#define KIND_DECISION ENUMS
#define KIND_OUTCOME ENUMS
#define KIND_BOOL FLAGS
#define KIND_STR STRINGS

static const uint64_t masks[KINDS] = {
#define X(id, member, type, lo, hi) \
	+(KIND_##type == kind ? RT_FIELD_BIT(id) : 0)
#define kind WORDS
    [WORDS] = 0 RT_EVENT_FIELDS(X),
#undef kind
#define kind ENUMS
    [ENUMS] = 0 RT_EVENT_FIELDS(X),
#undef kind
#define kind FLAGS
    [FLAGS] = 0 RT_EVENT_FIELDS(X),
#undef kind
#define kind STRINGS
    [STRINGS] = 0 RT_EVENT_FIELDS(X),
#undef kind
#undef X
};

_Static_assert(sizeof(int64_t) == sizeof(double), "words are of one size");
_Static_assert(sizeof(enum rt_decision) == sizeof(enum rt_outcome),
    "enums are of one size");

/* Strings are slices of one record, scrubbed: three bytes for each at most; "(withheld)". */
#define PACKED_MAX \
	(sizeof(struct head) + sizeof(struct rt_event) + 3 * RT_RECORD_MAX + 16)

static unsigned
take_first(uint64_t *bits)
{
	unsigned first = (unsigned)__builtin_ctzll(*bits);

	*bits &= *bits - 1;
	return first;
}

/* Most are short: no call for those. */
static inline char *
put_bytes(char *to, const char *p, size_t len)
{
	uint64_t first, last;
	size_t i;

	if (len >= 8 && len <= 64) {
		last = rt_str_word(p + len - 8);
		for (i = 8; i < len; i += 8) {
			first = rt_str_word(p + i - 8);
			memcpy(to + i - 8, &first, sizeof(first));
		}
		memcpy(to + len - 8, &last, sizeof(last));
	} else if (len > 0) {
		memcpy(to, p, len);
	}
	return to + len;
}

static inline char *
put_str(char *to, struct rt_str s)
{
	uint32_t len = (uint32_t)s.len;

	memcpy(to, &len, sizeof(len));
	return put_bytes(to + sizeof(len), s.p, len);
}

static inline const char *
get_str(const char *from, struct rt_str *s)
{
	uint32_t len;

	memcpy(&len, from, sizeof(len));
	*s = (struct rt_str){from + sizeof(len), len};
	return from + sizeof(len) + len;
}

/* The fields of one size, one behind the other. */
#define PUT_ALL(to, e, which, size)                                  \
	for (left = (e)->present & masks[which]; left; to += (size)) \
	memcpy(to, (const char *)(e) + places[take_first(&left)], size)
#define GET_ALL(from, e, which, size)                                  \
	for (left = (e)->present & masks[which]; left; from += (size)) \
	memcpy((char *)(e) + places[take_first(&left)], from, size)

void
rt_pack(struct rt_buf *b, const struct rt_event *e)
{
	struct head h = {
	    .present = e->present,
	    .kind = (uint8_t)e->kind,
	    .shape = (uint8_t)e->shape,
	    .error_class = (uint8_t)e->error_class,
	    .ts_has_fraction = e->ts_has_fraction,
	    .ts_is_arrival = e->ts_is_arrival,
	    .has_code = e->decision_code.p != NULL,
	    .has_sensitive = e->sensitive.p != NULL,
	};
	char *to = rt_buf_room(b, PACKED_MAX);
	uint64_t left;

	if (!to) {
		b->overflow = true;
		return;
	}
	memcpy(to, &h, sizeof(h));
	to += sizeof(h);
	PUT_ALL(to, e, WORDS, sizeof(int64_t));
	PUT_ALL(to, e, ENUMS, sizeof(enum rt_decision));
	PUT_ALL(to, e, FLAGS, sizeof(bool));
	for (left = e->present & masks[STRINGS]; left;)
		to = put_str(to,
		    *(const struct rt_str *)(const void *)((const char *)e +
			places[take_first(&left)]));
	if (h.has_code)
		to = put_str(to, e->decision_code);
	if (h.has_sensitive)
		to = put_str(to, e->sensitive);
	rt_buf_took(b, to);
}

void
rt_unpack(struct rt_str bytes, struct rt_event *e)
{
	const char *from = bytes.p;
	struct head h;
	uint64_t left;

	memcpy(&h, from, sizeof(h));
	from += sizeof(h);
	*e = (struct rt_event){
	    .present = h.present,
	    .kind = (enum rt_kind)h.kind,
	    .shape = (enum rt_shape)h.shape,
	    .error_class = (enum rt_class)h.error_class,
	    .ts_has_fraction = h.ts_has_fraction != 0,
	    .ts_is_arrival = h.ts_is_arrival != 0,
	};
	GET_ALL(from, e, WORDS, sizeof(int64_t));
	GET_ALL(from, e, ENUMS, sizeof(enum rt_decision));
	GET_ALL(from, e, FLAGS, sizeof(bool));
	for (left = e->present & masks[STRINGS]; left;)
		from = get_str(from,
		    (struct rt_str *)(void *)((char *)e +
			places[take_first(&left)]));
	if (h.has_code)
		from = get_str(from, &e->decision_code);
	if (h.has_sensitive)
		(void)get_str(from, &e->sensitive);
}
