/* SPDX-License-Identifier: MIT */
/*
 * JSON text (RFC 8259, strictly) to slots.
 *
 * One loop instead of recursion: a record may open 8192 brackets, and what is too deep
 * still has to be well-formed to be refused as too deep.  Every reader takes the place
 * where it starts and returns the place after it, or NULL.
 *
 * Records that direct.c has taken do not come here.
 */
#include <stdio.h>

#include "proto/scan.h"

#define NO_PREFIX UINT32_MAX
#define PATH_BYTES 64u /* no known key is as long */

struct level {
	struct rt_name name; /* of the member being read; an array's own */
	uint32_t prefix_len; /* of walk.path; NO_PREFIX: names are unknown */
};

struct walk {
	struct rt_decoder *d;
	const char *end;
	const char *at;    /* the last token, for the diagnosis */
	const char *gap;   /* where the last value of the record ended */
	unsigned previous; /* its name; RT_GAP_FIRST: there was none yet */
	unsigned depth;
	struct level levels[RT_DEPTH_MAX + 1];
	char path[PATH_BYTES];
	uint64_t is_object[RT_RECORD_MAX / 64 + 1]; /* a bit for each depth */
};

/* First byte that is '"', '\\', a control character, DEL or above. */
static inline const char *
skip_plain(const char *p)
{
#ifdef __SSE2__
	const __m128i quote = _mm_set1_epi8('"'), slash = _mm_set1_epi8('\\'),
		      space = _mm_set1_epi8(' '), del = _mm_set1_epi8(0x7F);

	for (;; p += 16) {
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
#else
	while (*p >= ' ' && *p != '"' && *p != '\\' && *p != 0x7F)
		p++;
	return p;
#endif
}

static const char *
read_escape(const char *p)
{
	int i;

	if (p[1] != 'u')
		return memchr("\"\\/bfnrt", p[1], 8) ? p + 2 : NULL;
	for (i = 2; i < 6; i++)
		if (!((p[i] >= '0' && p[i] <= '9') ||
			(p[i] >= 'a' && p[i] <= 'f') ||
			(p[i] >= 'A' && p[i] <= 'F')))
			return NULL;
	return p + 6;
}

/* Finds the closing quote of a string with whatever JSON allows in it. */
static const char *
read_any_string(const char *p, struct rt_slot *s)
{
	for (;;) {
		p = skip_plain(p);
		if (*p == '"') {
			s->is_simple = !s->has_escape && !s->has_high;
			return p;
		}
		if (*p == '\\') {
			s->has_escape = true;
			p = read_escape(p);
			if (!p)
				return NULL;
		} else if ((unsigned char)*p < 0x20) {
			return NULL;
		} else {
			s->has_high = true;
			while ((unsigned char)*p >= 0x7F)
				p++;
		}
	}
}

/* p is after the opening quote; returns the place after the closing one. */
static inline const char *
read_string(const struct walk *w, const char *p, struct rt_slot *s)
{
	const char *end;

	*s =
	    (struct rt_slot){.p = p, .type = RT_SLOT_STRING, .is_simple = true};
	end = w->d->is_plain ? rt_scan_to_quote(p) : read_any_string(p, s);
	if (!end || end >= w->end)
		return NULL;
	s->len = (uint32_t)(end - p);
	s->is_empty = s->len == 0;
	return end + 1;
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
	enum rt_key key;

	if (w->depth > RT_DEPTH_MAX || d->maybe_secret || d->has_slash)
		return NULL;
	key = w->levels[w->depth].name.key;
	if (key >= RT_KEY_COUNT || rt_slot_is_seen(d, key))
		return NULL;
	d->seen[key / 64] |= UINT64_C(1) << (key % 64);
	return &d->slots[key];
}

static inline const char *
read_scalar(struct walk *w, const char *p)
{
	struct rt_slot other, *own = own_slot(w), *s = own ? own : &other;

	w->at = p;
	if (*p == '"')
		p = read_string(w, p + 1, s);
	else if (rt_scan_is_digit(*p) || *p == '-')
		p = rt_scan_number(p, s);
	else
		p = rt_scan_literal(p, s);
	if (!p)
		return NULL;
	if (own)
		own->depth = (uint8_t)w->depth;
	else
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
	/* The copy may be read past its end, what is joined or unescaped not. */
	rt_decoder_name(
	    w->d, &l->name, path, own, path.p == key->p ? 16 : path.len);
}

/*
 * Programs write their members in the same order each time.  What stood between two values
 * last time, comma, name and colon, is nearly always there again: then a compare is all it
 * takes.  Keeps the way from w->gap to the value at p.
 */
static inline void
learn(struct walk *w, const char *p)
{
	const struct rt_name *name = &w->levels[1].name;
	struct rt_gap *gap = &w->d->gaps[w->previous];
	size_t len = (size_t)(p - w->gap);

	w->previous = name->key;
	if (len > RT_REPEAT_BYTES || name->key >= RT_KEY_COUNT ||
	    name->has_escape || !w->d->keys.rows[name->key].name)
		return; /* the last: a name of this record only */
	rt_repeat_set(&gap->text, w->gap, len);
	gap->name_at = (uint8_t)(name->text.p - w->gap);
	gap->name_len = (uint8_t)name->text.len;
	gap->key = (uint8_t)name->key;
}

/* Is the same at p?  Returns where the value begins, or NULL. */
static inline const char *
read_same(struct walk *w, const char *p)
{
	const struct rt_gap *gap = &w->d->gaps[w->previous];

	w->gap = p;
	if (gap->text.len == 0 || !rt_repeat_is_at(&gap->text, p))
		return NULL;
	w->previous = gap->key;
	w->levels[1].name =
	    (struct rt_name){.text = {p + gap->name_at, gap->name_len},
		.key = (enum rt_key)gap->key,
		.depth = 1};
	p += gap->text.len;
	return *p > ' ' ? p : rt_scan_space(p);
}

/* "name" : — returns where the value begins. */
static inline const char *
read_name(struct walk *w, const char *p)
{
	struct rt_slot key;

	w->at = p;
	if (*p != '"')
		return NULL;
	p = read_string(w, p + 1, &key);
	if (!p)
		return NULL;
	p = rt_scan_space(p);
	if (*p != ':')
		return NULL;
	if (w->depth <= RT_DEPTH_MAX)
		look_up(w, &key);
	p = rt_scan_space(p + 1);
	if (w->depth == 1)
		learn(w, p);
	return p;
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
	p = rt_scan_space(p + 1);
	s.is_empty = *p == (is_object ? '}' : ']');
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
	const char *value;
	bool in_object;

	w->gap = p + 1;
open:
	p = open_level(w, p);
	in_object = top_is_object(w);
	if (*p == (in_object ? '}' : ']'))
		goto close;
	value = w->depth == 1 ? read_same(w, w->gap) : NULL;
	if (value)
		goto value;
member:
	if (in_object) {
		p = read_name(w, p);
		if (!p)
			return NULL;
	}
	value = p;
value:
	p = value;
	if (*p != '"' && (*p == '{' || *p == '['))
		goto open;
	p = read_scalar(w, p);
	if (!p)
		return NULL;
next:
	value = w->depth == 1 ? read_same(w, p) : NULL;
	if (value)
		goto value;
	p = rt_scan_space(p);
	if (*p == ',') {
		p = rt_scan_space(p + 1);
		goto member;
	}
close:
	w->at = p;
	if (*p != (in_object ? '}' : ']'))
		return NULL;
	p++;
	if (--w->depth > 0) {
		in_object = top_is_object(w);
		goto next;
	}
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
	w.previous = RT_GAP_FIRST;
	w.depth = 0;
	w.levels[0].name = (struct rt_name){.key = RT_KEY_ALL};
	if (*p == '{' && walk(&w, p) == end)
		return true;
	snprintf(where, sizeof(where), "byte %zu", (size_t)(w.at - p) + 1);
	rt_diag_set(why, where, "not one well-formed JSON object");
	return false;
}
