/* SPDX-License-Identifier: MIT */
#include "proto/wire.h"

#include <inttypes.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "proto/macro.h"

#define NUMBER_MAX ((uint64_t)INT64_MAX)
/* A batch is at most 256 KiB and a record at least one byte and its newline. */
#define COUNT_MAX 131072u

/* What a document may hold: both messages are rows of one reader. */
enum field {
	VERSION,
	EMITTER,
	EPOCH,
	FIRST_SEQ,
	COUNT,
	OFFERED,
	DROPPED,
	ACKED,
	FIELD_COUNT
};

static const struct {
	const char *key;
	uint64_t min, max; /* numbers only */
} FIELDS[FIELD_COUNT] = {
    [VERSION] = {"version", 0, INT_MAX},
    [EMITTER] = {"emitter", 0, 0},
    [EPOCH] = {"epoch", 0, NUMBER_MAX},
    [FIRST_SEQ] = {"first_seq", 1, NUMBER_MAX},
    [COUNT] = {"count", 0, COUNT_MAX},
    [OFFERED] = {"offered", 0, NUMBER_MAX},
    [DROPPED] = {"dropped", 0, NUMBER_MAX},
    [ACKED] = {"acked", 0, NUMBER_MAX},
};

#define BIT(f) (1u << (f))
#define HEADER_FIELDS                                                \
	(BIT(VERSION) | BIT(EMITTER) | BIT(EPOCH) | BIT(FIRST_SEQ) | \
	    BIT(COUNT) | BIT(OFFERED) | BIT(DROPPED))
#define ANSWER_FIELDS (BIT(VERSION) | BIT(EPOCH) | BIT(ACKED))

struct reader {
	const char *p, *end;
	unsigned seen;    /* BIT(field) with a usable value */
	bool field_error; /* a field of ours had an unusable value */
	uint64_t number[FIELD_COUNT];
	char emitter[RT_WIRE_EMITTER_MAX + 1];
};

struct slice {
	const char *p;
	size_t len;
};

static void
skip_space(struct reader *r)
{
	while (r->p < r->end &&
	    (*r->p == ' ' || *r->p == '\t' || *r->p == '\n' || *r->p == '\r'))
		r->p++;
}

static bool
take(struct reader *r, char c)
{
	if (r->p == r->end || *r->p != c)
		return false;
	r->p++;
	return true;
}

static bool
is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static bool
is_hex(char c)
{
	return is_digit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
}

/* After the backslash. */
static bool
take_escape(struct reader *r)
{
	int i;

	if (r->p == r->end)
		return false;
	if (*r->p != 'u')
		return *r->p != '\0' && strchr("\"\\/bfnrt", *r->p++) != NULL;
	for (r->p++, i = 0; i < 4; i++)
		if (r->p == r->end || !is_hex(*r->p++))
			return false;
	return true;
}

/* The text between the quotes, escapes as they stand: no value of ours needs one. */
static bool
take_string(struct reader *r, struct slice *out)
{
	const char *begin;

	if (!take(r, '"'))
		return false;
	for (begin = r->p; r->p < r->end;) {
		char c = *r->p++;

		if (c == '"') {
			*out =
			    (struct slice){begin, (size_t)(r->p - begin) - 1};
			return true;
		}
		if (c < 0x20 || c > 0x7e || (c == '\\' && !take_escape(r)))
			return false;
	}
	return false;
}

static bool
take_digits(struct reader *r)
{
	const char *begin = r->p;

	while (r->p < r->end && is_digit(*r->p))
		r->p++;
	return r->p > begin;
}

static bool
take_number(struct reader *r, struct slice *out)
{
	const char *begin = r->p;

	(void)take(r, '-');
	if (!take(r, '0') && !take_digits(r))
		return false;
	if (take(r, '.') && !take_digits(r))
		return false;
	if (take(r, 'e') || take(r, 'E')) {
		if (!take(r, '+'))
			(void)take(r, '-');
		if (!take_digits(r))
			return false;
	}
	*out = (struct slice){begin, (size_t)(r->p - begin)};
	return true;
}

static bool
take_word(struct reader *r)
{
	static const char *const words[] = {"true", "false", "null"};
	size_t i;

	for (i = 0; i < RT_COUNT_OF(words); i++) {
		size_t n = strlen(words[i]);

		if ((size_t)(r->end - r->p) >= n &&
		    memcmp(r->p, words[i], n) == 0) {
			r->p += n;
			return true;
		}
	}
	return false;
}

static bool
to_number(struct slice s, uint64_t min, uint64_t max, uint64_t *out)
{
	uint64_t v = 0;
	size_t i;

	for (i = 0; i < s.len; i++) {
		uint64_t digit = (uint64_t)(unsigned char)s.p[i] - '0';

		if (!is_digit(s.p[i]) || v > (max - digit) / 10)
			return false;
		v = v * 10 + digit;
	}
	if (v < min || v > max)
		return false;
	*out = v;
	return true;
}

static bool
is_emitter_id(const char *p, size_t len)
{
	size_t i;

	if (len < 1 || len > RT_WIRE_EMITTER_MAX)
		return false;
	for (i = 0; i < len; i++) {
		char c = p[i];

		if (!is_digit(c) && !(c >= 'a' && c <= 'z') &&
		    !(c >= 'A' && c <= 'Z') && c != '.' && c != '_' && c != '-')
			return false;
	}
	return true;
}

static enum field
field_from(struct slice key)
{
	enum field f;

	for (f = VERSION; f < FIELD_COUNT; f++)
		if (strlen(FIELDS[f].key) == key.len &&
		    memcmp(FIELDS[f].key, key.p, key.len) == 0)
			break;
	return f;
}

/* One value of field f; FIELD_COUNT: whatever it is, it is passed over. */
static bool
read_value(struct reader *r, enum field f)
{
	bool is_string = r->p < r->end && *r->p == '"', is_usable = false;
	struct slice s = {NULL, 0};

	if (is_string ? !take_string(r, &s)
		      : !take_number(r, &s) && !take_word(r))
		return false;
	if (f == FIELD_COUNT)
		return true;
	if (f == EMITTER && is_string && is_emitter_id(s.p, s.len)) {
		memcpy(r->emitter, s.p, s.len);
		r->emitter[s.len] = '\0';
		is_usable = true;
	} else if (f != EMITTER && !is_string && s.p) {
		is_usable =
		    to_number(s, FIELDS[f].min, FIELDS[f].max, &r->number[f]);
	}
	if (!is_usable || (r->seen & BIT(f)))
		r->field_error = true;
	else
		r->seen |= BIT(f);
	return true;
}

static bool
read_object(struct reader *r)
{
	struct slice key;

	skip_space(r);
	if (!take(r, '{'))
		return false;
	do {
		skip_space(r);
		if (!take_string(r, &key))
			return false;
		skip_space(r);
		if (!take(r, ':'))
			return false;
		skip_space(r);
		if (!read_value(r, field_from(key)))
			return false;
		skip_space(r);
	} while (take(r, ','));
	if (!take(r, '}'))
		return false;
	skip_space(r);
	return r->p == r->end;
}

/* Reads what both kinds share: the shape, the version, that all of `want` is there. */
static enum rt_err
read_document(struct reader *r, const char *p, size_t len, unsigned want)
{
	*r = (struct reader){.p = p, .end = p + len};
	if (len > RT_WIRE_HEADER_MAX)
		return RT_E_TOO_LARGE;
	if (!p || !read_object(r))
		return RT_E_SYNTAX;
	if ((r->seen & BIT(VERSION)) && r->number[VERSION] != RT_WIRE_VERSION)
		return RT_E_VERSION;
	return r->field_error || (r->seen & want) != want ? RT_E_FIELD : RT_OK;
}

enum rt_err
rt_wire_header_decode(const char *p, size_t len, struct rt_wire_header *h)
{
	struct reader r;
	enum rt_err err = read_document(&r, p, len, HEADER_FIELDS);

	if (err == RT_E_VERSION)
		h->version = (int)r.number[VERSION];
	if (err != RT_OK)
		return err;
	if (r.number[DROPPED] > r.number[OFFERED] ||
	    r.number[COUNT] > NUMBER_MAX - r.number[FIRST_SEQ])
		return RT_E_FIELD;
	*h = (struct rt_wire_header){
	    .version = (int)r.number[VERSION],
	    .epoch = r.number[EPOCH],
	    .first_seq = r.number[FIRST_SEQ],
	    .count = (uint32_t)r.number[COUNT],
	    .offered = r.number[OFFERED],
	    .dropped = r.number[DROPPED],
	};
	memcpy(h->emitter, r.emitter, sizeof(h->emitter));
	return RT_OK;
}

enum rt_err
rt_wire_answer_decode(const char *p, size_t len, struct rt_wire_answer *a)
{
	struct reader r;
	enum rt_err err = read_document(&r, p, len, ANSWER_FIELDS);

	if (err == RT_E_VERSION)
		a->version = (int)r.number[VERSION];
	if (err != RT_OK)
		return err;
	*a = (struct rt_wire_answer){
	    .version = (int)r.number[VERSION],
	    .epoch = r.number[EPOCH],
	    .acked = r.number[ACKED],
	};
	return RT_OK;
}

bool
rt_wire_emitter_is_valid(const char *id)
{
	return is_emitter_id(id, strnlen(id, RT_WIRE_EMITTER_MAX + 1));
}

static size_t
written(int n, size_t size)
{
	if (n < 0)
		return 0;
	return (size_t)n < size ? (size_t)n : size - 1;
}

size_t
rt_wire_header_encode(char *out, size_t size, const struct rt_wire_header *h)
{
	return written(
	    snprintf(out, size,
		"{\"version\":%d,\"emitter\":\"%s\",\"epoch\":%" PRIu64
		",\"first_seq\":%" PRIu64 ",\"count\":%" PRIu32
		",\"offered\":%" PRIu64 ",\"dropped\":%" PRIu64 "}",
		h->version, h->emitter, h->epoch, h->first_seq, h->count,
		h->offered, h->dropped),
	    size);
}

size_t
rt_wire_answer_encode(char *out, size_t size, const struct rt_wire_answer *a)
{
	return written(
	    snprintf(out, size,
		"{\"version\":%d,\"epoch\":%" PRIu64 ",\"acked\":%" PRIu64 "}",
		a->version, a->epoch, a->acked),
	    size);
}
