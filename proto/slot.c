/* SPDX-License-Identifier: MIT */
#include <assert.h>

#include "proto/decode_internal.h"
#include "proto/macro.h"

/* ---- text ---- */

static unsigned
hex4(const char *p)
{
	unsigned v = 0, i;

	for (i = 0; i < 4; i++)
		v = v << 4 |
		    (unsigned)(p[i] <= '9' ? p[i] - '0'
					   : (p[i] | 0x20) - 'a' + 10);
	return v;
}

static bool
is_hex4(const char *p)
{
	int i;

	for (i = 0; i < 4; i++)
		if (!((p[i] >= '0' && p[i] <= '9') ||
			(p[i] >= 'a' && p[i] <= 'f') ||
			(p[i] >= 'A' && p[i] <= 'F')))
			return false;
	return true;
}

/* p is at the u of a checked \uXXXX; takes the pair of a surrogate with it. */
static uint32_t
take_unicode(const char **p, const char *end)
{
	uint32_t c = hex4(*p + 1), low;

	*p += 5;
	if (c >= 0xD800 && c < 0xDC00 && end - *p >= 6 && (*p)[0] == '\\' &&
	    (*p)[1] == 'u' && is_hex4(*p + 2)) {
		low = hex4(*p + 2);
		if (low >= 0xDC00 && low < 0xE000) {
			*p += 6;
			c = 0x10000 + ((c - 0xD800) << 10) + (low - 0xDC00);
		}
	}
	return c;
}

/* p is after the backslash; what is no escape stands for itself. */
static uint32_t
take_escape(const char **p, const char *end)
{
	static const char letters[] = "bfnrt", means[] = "\b\f\n\r\t";
	char c = **p;
	const char *found = memchr(letters, c, sizeof(letters) - 1);

	if (c == 'u' && end - *p >= 5 && is_hex4(*p + 1))
		return take_unicode(p, end);
	++*p;
	return (unsigned char)(found ? means[found - letters] : c);
}

size_t
rt_slot_unescape(char *out, const char *p, size_t len)
{
	const char *end = p + len;
	struct rt_str rest;
	uint32_t c;
	size_t n = 0;

	while (p < end) {
		if (*p == '\\' && end - p >= 2 && (unsigned char)p[1] < 0x80) {
			p++;
			c = take_escape(&p, end);
			n += rt_text_put(
			    out + n, rt_text_is_safe(c) ? c : 0xFFFD);
			continue;
		}
		if (*p >= 0x20 && *p != 0x7F) {
			out[n++] = *p++;
			continue;
		}
		rest = (struct rt_str){p, (size_t)(end - p)};
		n += rt_text_put(out + n, rt_text_next(&rest));
		p = rest.p;
	}
	return n;
}

struct rt_str
rt_slot_text(struct rt_decoder *d, struct rt_slot *s)
{
	struct rt_str t = {s->p, s->len};
	char *out = d->scratch + d->scratch_used;

	if (s->is_simple ||
	    (!s->has_escape && (!s->has_high || rt_text_is_clean(t))))
		return t;
	assert(RT_SCRATCH_BYTES - d->scratch_used >= (size_t)s->len * 3);
	t.len = rt_slot_unescape(out, s->p, s->len);
	t.p = out;
	d->scratch_used += t.len;
	s->p = t.p;
	s->len = (uint32_t)t.len;
	s->has_escape = s->has_high = false;
	return t;
}

/* ---- secrets ---- */

static bool
is_word(char c)
{
	return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') ||
	    (c >= 'a' && c <= 'z') || c == '_';
}

/* Bytes of [A-Za-z0-9_-] from `at`. */
static size_t
token_run(struct rt_str s, size_t at)
{
	size_t i = at;

	while (i < s.len && (is_word(s.p[i]) || s.p[i] == '-'))
		i++;
	return i - at;
}

static bool
begins(struct rt_str s, size_t at, const char *z)
{
	size_t n = strlen(z);

	return s.len - at >= n && memcmp(s.p + at, z, n) == 0;
}

static bool
is_bearer(struct rt_str s, size_t at)
{
	size_t i = at + 7, count = 0;

	if (!begins(s, at, "Bearer "))
		return false;
	for (; i < s.len && s.p[i] != ' '; i++)
		count += ((unsigned char)s.p[i] & 0xC0) != 0x80;
	return count >= 8;
}

/* Three parts of at least one character each, parted by points. */
static bool
is_jwt(struct rt_str s, size_t at)
{
	size_t run, part;

	if (!begins(s, at, "eyJ"))
		return false;
	for (part = 0, at += 3; part < 3; part++, at += run + 1) {
		run = token_run(s, at);
		if (run == 0)
			return false;
		if (part < 2 && (at + run >= s.len || s.p[at + run] != '.'))
			return false;
	}
	return true;
}

static bool
is_secret(struct rt_str s, size_t at)
{
	if (at > 0 && is_word(s.p[at - 1]))
		return false;
	return (begins(s, at, "sk-") && token_run(s, at + 3) >= 16) ||
	    is_bearer(s, at) || is_jwt(s, at);
}

bool
rt_text_holds_secret(struct rt_str s)
{
	/* The rarest letter of each and where it is: "Bearer ", "eyJ", "sk-". */
	static const struct {
		char letter;
		size_t at;
	} begins_with[] = {{'B', 0}, {'J', 2}, {'k', 1}};
	const char *p, *end = s.p + s.len;
	size_t i, at;

	for (i = 0; i < RT_COUNT_OF(begins_with); i++)
		for (p = s.p; p < end; p++) {
			p = memchr(p, begins_with[i].letter, (size_t)(end - p));
			if (!p)
				break;
			at = (size_t)(p - s.p);
			if (at >= begins_with[i].at &&
			    is_secret(s, at - begins_with[i].at))
				return true;
		}
	return false;
}

bool
rt_slot_holds_secret(struct rt_decoder *d, struct rt_slot *s)
{
	struct rt_str t = {s->p, s->len};

	if (s->has_escape || s->has_high)
		t = (struct rt_str){
		    d->examined, rt_slot_unescape(d->examined, s->p, s->len)};
	return rt_text_holds_secret(t);
}

/* ---- numbers ---- */

static enum rt_reject
reject_of(enum rt_err err, enum rt_err out_of_range)
{
	if (err == RT_OK)
		return RT_REJECT_NOT;
	return err == out_of_range ? RT_REJECT_OUT_OF_RANGE
				   : RT_REJECT_BAD_TYPE;
}

/* The text a number is read from; absent where the slot holds no such thing. */
static struct rt_str
number_text(struct rt_decoder *d, struct rt_slot *s)
{
	if (s->type == RT_SLOT_NUMBER)
		return (struct rt_str){s->p, s->len};
	return s->type == RT_SLOT_STRING ? rt_slot_text(d, s) : RT_STR_NONE;
}

enum rt_reject
rt_slot_to_int(struct rt_decoder *d, struct rt_slot *s, int64_t *out)
{
	if (s->type == RT_SLOT_NUMBER && s->is_simple && s->fraction == 0) {
		*out = s->mantissa;
		return RT_REJECT_NOT;
	}
	return reject_of(
	    rt_text_to_int(number_text(d, s), out), RT_E_TOO_LARGE);
}

enum rt_reject
rt_slot_to_double(struct rt_decoder *d, struct rt_slot *s, double *out)
{
	if (s->type == RT_SLOT_NUMBER && s->is_simple) {
		*out = rt_slot_simple_double(s);
		return RT_REJECT_NOT;
	}
	return reject_of(rt_text_to_double(number_text(d, s), out), RT_E_FIELD);
}

enum rt_reject
rt_slot_to_bool(struct rt_decoder *d, struct rt_slot *s, bool *out)
{
	struct rt_str t;

	if (s->type == RT_SLOT_TRUE || s->type == RT_SLOT_FALSE) {
		*out = s->type == RT_SLOT_TRUE;
		return RT_REJECT_NOT;
	}
	if (s->type != RT_SLOT_STRING)
		return RT_REJECT_BAD_TYPE;
	t = rt_slot_text(d, s);
	if (!rt_str_is(t, "true") && !rt_str_is(t, "false"))
		return RT_REJECT_BAD_TYPE;
	*out = rt_str_is(t, "true");
	return RT_REJECT_NOT;
}
