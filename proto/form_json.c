/* SPDX-License-Identifier: MIT */
/*
 * JSON text (RFC 8259, strictly) to slots.
 *
 * One loop instead of recursion: a record may open 8192 brackets, and what is too deep
 * still has to be well-formed to be refused as too deep.  Every reader takes the place
 * where it starts and returns the place after it, or NULL.
 */
#include <stdio.h>

#include "proto/decode_internal.h"

#ifdef __SSE2__
#include <emmintrin.h>
#endif

#define NO_PREFIX UINT32_MAX
#define PATH_BYTES 64u  /* no known key is as long */
#define SHORT_DIGITS 15 /* a double and an int64_t hold them exactly */

struct level {
	struct rt_name name; /* of the member being read; an array's own */
	uint32_t prefix_len; /* of walk.path; NO_PREFIX: names are unknown */
};

struct walk {
	struct rt_decoder *d;
	const char *end;
	const char *at; /* the last token, for the diagnosis */
	unsigned depth;
	struct level levels[RT_DEPTH_MAX + 1];
	char path[PATH_BYTES];
	uint64_t is_object[RT_RECORD_MAX / 64 + 1]; /* a bit for each depth */
};

static inline const char *
skip_space(const char *p, const char *end)
{
	/* Nearly always one blank or none. */
	if (p < end && *p == ' ')
		p++;
	if (p<end && * p> ' ')
		return p;
	while (p < end && (*p == ' ' || *p == '\t' || *p == '\n' || *p == '\r'))
		p++;
	return p;
}

/* First byte that is '"', '\\', a control character, DEL or above. */
static inline const char *
skip_plain(const char *p, const char *end)
{
#ifdef __SSE2__
	const __m128i quote = _mm_set1_epi8('"'), slash = _mm_set1_epi8('\\'),
		      space = _mm_set1_epi8(' '), del = _mm_set1_epi8(0x7F);

	for (; end - p >= 16; p += 16) {
		__m128i v = _mm_loadu_si128((const __m128i *)(const void *)p);
		/* Bytes of 0x80 and more are negative. */
		__m128i low = _mm_cmplt_epi8(v, space);
		__m128i hit =
		    _mm_or_si128(_mm_or_si128(low, _mm_cmpeq_epi8(v, quote)),
			_mm_or_si128(
			    _mm_cmpeq_epi8(v, slash), _mm_cmpeq_epi8(v, del)));
		unsigned mask = (unsigned)_mm_movemask_epi8(hit);

		if (mask)
			return p + __builtin_ctz(mask);
	}
#endif
	while (p < end && *p >= ' ' && *p != '"' && *p != '\\' && *p != 0x7F)
		p++;
	return p;
}

static const char *
read_escape(const char *p, const char *end)
{
	int i;

	if (end - p < 2)
		return NULL;
	if (p[1] != 'u')
		return memchr("\"\\/bfnrt", p[1], 8) ? p + 2 : NULL;
	if (end - p < 6)
		return NULL;
	for (i = 2; i < 6; i++)
		if (!((p[i] >= '0' && p[i] <= '9') ||
			(p[i] >= 'a' && p[i] <= 'f') ||
			(p[i] >= 'A' && p[i] <= 'F')))
			return NULL;
	return p + 6;
}

/* p is after the opening quote; returns the place after the closing one. */
static inline __attribute__((always_inline)) const char *
read_string(const char *p, const char *end, struct rt_slot *s)
{
	s->type = RT_SLOT_STRING;
	s->p = p;
	s->has_escape = s->has_high = false;
	for (;;) {
		p = skip_plain(p, end);
		if (p == end)
			return NULL;
		if (*p == '"')
			break;
		if (*p == '\\') {
			s->has_escape = true;
			p = read_escape(p, end);
			if (!p)
				return NULL;
		} else if ((unsigned char)*p < 0x20) {
			return NULL;
		} else {
			s->has_high = true;
			while (p < end && (unsigned char)*p >= 0x7F)
				p++;
		}
	}
	s->len = (uint32_t)(p - s->p);
	s->is_empty = s->len == 0;
	return p + 1;
}

static inline bool
at_digit(const char *p, const char *end)
{
	return p < end && *p >= '0' && *p <= '9';
}

static const char *
read_exponent(const char *p, const char *end)
{
	p++;
	if (p < end && (*p == '+' || *p == '-'))
		p++;
	if (!at_digit(p, end))
		return NULL;
	while (at_digit(p, end))
		p++;
	return p;
}

/* Also reads off the value where it is short: that is nearly always. */
static inline const char *
read_number(const char *p, const char *end, struct rt_slot *s)
{
	const char *digits, *point;
	uint64_t v = 0; /* wraps where there are too many digits: not used */
	bool negative = *p == '-';

	s->type = RT_SLOT_NUMBER;
	s->p = p;
	p += negative;
	digits = p;
	if (!at_digit(p, end))
		return NULL;
	for (; at_digit(p, end); p++)
		v = v * 10 + (uint64_t)(*p - '0');
	if (*digits == '0' && p - digits > 1)
		return NULL;
	s->is_short = p - digits <= SHORT_DIGITS;
	s->fraction = 0;
	if (p < end && *p == '.') {
		point = ++p;
		if (!at_digit(p, end))
			return NULL;
		for (; at_digit(p, end); p++)
			v = v * 10 + (uint64_t)(*p - '0');
		s->is_short = p - digits <= SHORT_DIGITS + 1;
		s->fraction = (uint8_t)(p - point);
	}
	if (p < end && (*p == 'e' || *p == 'E')) {
		s->is_short = false;
		p = read_exponent(p, end);
		if (!p)
			return NULL;
	}
	s->mantissa = s->is_short ? (int64_t)v : 0;
	if (negative)
		s->mantissa = -s->mantissa;
	s->len = (uint32_t)(p - s->p);
	return p;
}

static const char *
read_literal(const char *p, const char *end, struct rt_slot *s)
{
	static const struct {
		const char *text;
		size_t len;
		enum rt_slot_type type;
	} literals[] = {{"true", 4, RT_SLOT_TRUE}, {"false", 5, RT_SLOT_FALSE},
	    {"null", 4, RT_SLOT_NULL}};
	size_t i;

	for (i = 0; i < RT_COUNT_OF(literals); i++)
		if ((size_t)(end - p) >= literals[i].len &&
		    memcmp(p, literals[i].text, literals[i].len) == 0) {
			s->type = literals[i].type;
			s->p = p;
			s->len = (uint32_t)literals[i].len;
			return p + literals[i].len;
		}
	return NULL;
}

/* Hands a value to the decoder under the name it was read for. */
static inline void
put(struct walk *w, struct rt_slot *s)
{
	if (w->depth <= RT_DEPTH_MAX)
		rt_decoder_put(w->d, &w->levels[w->depth].name, s);
}

/*
 * The slot that the next value can be read into as it is, or NULL: where it has to be
 * judged first.  Most values of most records take this way.
 */
static inline struct rt_slot *
own_slot(struct walk *w)
{
	struct rt_decoder *d = w->d;
	const struct rt_name *name;
	enum rt_key key;

	if (w->depth > RT_DEPTH_MAX || d->maybe_secret)
		return NULL;
	name = &w->levels[w->depth].name;
	key = name->key;
	if (key >= RT_KEY_COUNT || rt_slot_is_seen(d, key))
		return NULL;
	d->seen[key / 64] |= UINT64_C(1) << (key % 64);
	d->slots[key].depth = name->depth;
	return &d->slots[key];
}

static inline const char *
read_scalar(struct walk *w, const char *p)
{
	struct rt_slot other, *own = own_slot(w), *s = own ? own : &other;

	w->at = p;
	s->is_empty = s->is_sensitive = false;
	if (*p == '"')
		p = read_string(p + 1, w->end, s);
	else if (*p == '-' || (*p >= '0' && *p <= '9'))
		p = read_number(p, w->end, s);
	else
		p = read_literal(p, w->end, s);
	if (p && !own)
		put(w, s);
	return p;
}

/* The joined path of a member, if it can be one of ours. */
static struct rt_str
join(struct walk *w, uint32_t prefix_len, struct rt_str own)
{
	if (prefix_len == 0)
		return own;
	if (prefix_len == NO_PREFIX || prefix_len + own.len > PATH_BYTES)
		return RT_STR_NONE;
	memcpy(w->path + prefix_len, own.p, own.len);
	return (struct rt_str){w->path, prefix_len + own.len};
}

static void
look_up(struct walk *w, const struct rt_slot *key)
{
	struct level *l = &w->levels[w->depth];
	struct rt_str own = {key->p, key->len}, path;

	l->name.text = own;
	l->name.depth = (uint8_t)w->depth;
	l->name.has_escape = key->has_escape;
	if (key->has_escape) {
		own.len = rt_slot_unescape(w->d->examined, own.p, own.len);
		own.p = w->d->examined;
	}
	path = join(w, l->prefix_len, own);
	rt_decoder_name(w->d, &l->name, path, own,
	    path.p == key->p ? (size_t)(w->end - key->p) : path.len);
}

/* "name" : — returns where the value begins. */
static inline const char *
read_name(struct walk *w, const char *p)
{
	struct rt_slot key;

	w->at = p;
	if (p == w->end || *p != '"')
		return NULL;
	p = read_string(p + 1, w->end, &key);
	if (!p)
		return NULL;
	p = skip_space(p, w->end);
	if (p == w->end || *p != ':')
		return NULL;
	if (w->depth <= RT_DEPTH_MAX)
		look_up(w, &key);
	return skip_space(p + 1, w->end);
}

/* Where the members of an object of that name are looked up. */
static uint32_t
prefix_of(struct walk *w, const struct rt_name *name)
{
	const struct rt_key_row *row;

	if (!rt_key_is_parent(name->key))
		return NO_PREFIX;
	row = &w->d->keys.rows[name->key];
	memcpy(w->path, row->name, row->len);
	w->path[row->len] = '.';
	return row->len + 1;
}

static inline bool
top_is_object(const struct walk *w)
{
	return w->is_object[w->depth / 64] >> (w->depth % 64) & 1;
}

/* How values one level below the current are called. */
static void
begin_names(struct walk *w, bool is_object)
{
	const struct level *outer = &w->levels[w->depth];
	struct level *inner = &w->levels[w->depth + 1];

	inner->name = outer->name;
	inner->name.key = RT_KEY_ALL;
	inner->name.is_never = false;
	if (w->depth == 0)
		inner->prefix_len = 0;
	else
		inner->prefix_len =
		    is_object ? prefix_of(w, &outer->name) : NO_PREFIX;
}

/* p is at the bracket; returns the place after it and the space that follows. */
static const char *
open_level(struct walk *w, const char *p)
{
	bool is_object = *p == '{';
	struct rt_slot s = {
	    .p = p, .type = is_object ? RT_SLOT_OBJECT : RT_SLOT_ARRAY};
	uint64_t bit;

	w->at = p;
	p = skip_space(p + 1, w->end);
	s.is_empty = p < w->end && *p == (is_object ? '}' : ']');
	if (w->depth > 0)
		put(w, &s);
	if (w->depth < RT_DEPTH_MAX)
		begin_names(w, is_object);
	else
		w->d->is_too_deep = true;
	w->depth++;
	bit = UINT64_C(1) << (w->depth % 64);
	if (is_object)
		w->is_object[w->depth / 64] |= bit;
	else
		w->is_object[w->depth / 64] &= ~bit;
	return p;
}

/* A whole value from its opening bracket; returns the place after it. */
static const char *
walk(struct walk *w, const char *p)
{
open:
	p = open_level(w, p);
	if (p == w->end)
		return NULL;
	if (*p == (top_is_object(w) ? '}' : ']'))
		goto close;
member:
	if (top_is_object(w)) {
		p = read_name(w, p);
		if (!p)
			return NULL;
	}
	if (p == w->end)
		return NULL;
	if (*p == '{' || *p == '[')
		goto open;
	p = read_scalar(w, p);
	if (!p)
		return NULL;
next:
	p = skip_space(p, w->end);
	if (p == w->end)
		return NULL;
	if (*p == ',') {
		p = skip_space(p + 1, w->end);
		goto member;
	}
close:
	w->at = p;
	if (*p != (top_is_object(w) ? '}' : ']'))
		return NULL;
	p++;
	if (--w->depth > 0)
		goto next;
	return p;
}

bool
rt_form_json(struct rt_decoder *d, struct rt_diag *why)
{
	const char *p = d->record.p, *end = p + d->record.len;
	struct walk w;
	char where[32];

	w.d = d;
	w.end = end;
	w.at = p;
	w.depth = 0;
	w.levels[0].name = (struct rt_name){.key = RT_KEY_ALL};
	if (p < end && *p == '{' && walk(&w, p) == end)
		return true;
	snprintf(where, sizeof(where), "byte %zu", (size_t)(w.at - p) + 1);
	rt_diag_set(why, where, "not one well-formed JSON object");
	return false;
}
