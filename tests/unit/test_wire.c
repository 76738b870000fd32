/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "proto/macro.h"
#include "proto/wire.h"

#define HEADER                                                \
	"{\"version\":1,\"emitter\":\"a.B_9-z\",\"epoch\":7," \
	"\"first_seq\":3,\"count\":2,\"offered\":9,\"dropped\":4}"

static const struct {
	const char *why, *text;
	enum rt_err want;
} HEADERS[] = {
    {"as encoded", HEADER, RT_OK},
    {"space and another order",
	" {\"dropped\": 4 ,\n\"offered\":9,\"count\":2,\"first_seq\":3,\t"
	"\"epoch\":7,\"emitter\":\"a.B_9-z\",\"version\":1} ",
	RT_OK},
    {"a field of a later revision",
	"{\"x\":\"\\u00e9\\\\\",\"y\":-1.5e+3,\"z\":null,\"version\":1,"
	"\"emitter\":\"a.B_9-z\",\"epoch\":7,\"first_seq\":3,\"count\":2,"
	"\"offered\":9,\"dropped\":4}",
	RT_OK},
    {"another version, other fields", "{\"version\":2,\"who\":\"x\"}",
	RT_E_VERSION},
    {"version 0", "{\"version\":0}", RT_E_VERSION},
    {"empty", "", RT_E_SYNTAX},
    {"empty object", "{}", RT_E_SYNTAX},
    {"an array", "[1]", RT_E_SYNTAX},
    {"cut", "{\"version\":1,\"emitter\":\"a", RT_E_SYNTAX},
    {"trailing bytes", HEADER "x", RT_E_SYNTAX},
    {"two objects", HEADER HEADER, RT_E_SYNTAX},
    {"trailing comma", "{\"version\":1,}", RT_E_SYNTAX},
    {"nested value", "{\"version\":1,\"x\":{}}", RT_E_SYNTAX},
    {"leading zero", "{\"version\":01}", RT_E_SYNTAX},
    {"plus sign", "{\"version\":+1}", RT_E_SYNTAX},
    {"no digits after the point", "{\"version\":1.}", RT_E_SYNTAX},
    {"a raw newline in a string", "{\"x\":\"\n\"}", RT_E_SYNTAX},
    {"a byte beyond ASCII", "{\"x\":\"\xc3\xa9\"}", RT_E_SYNTAX},
    {"unknown escape", "{\"x\":\"\\q\"}", RT_E_SYNTAX},
    {"short escape", "{\"x\":\"\\u12g4\"}", RT_E_SYNTAX},
    {"all missing but the version", "{\"version\":1}", RT_E_FIELD},
};

/* Rows over the good header: replace `from` by `to`. */
static const struct {
	const char *why, *from, *to;
	enum rt_err want;
} CHANGES[] = {
    {"no emitter", "\"emitter\"", "\"emitteR\"", RT_E_FIELD},
    {"empty emitter", "a.B_9-z", "", RT_E_FIELD},
    {"emitter with a space", "a.B_9-z", "a b", RT_E_FIELD},
    {"emitter with an escape", "a.B_9-z", "\\u0061", RT_E_FIELD},
    {"emitter of 64", "a.B_9-z",
	"0123456789012345678901234567890123456789012345678901234567890123",
	RT_OK},
    {"emitter of 65", "a.B_9-z",
	"01234567890123456789012345678901234567890123456789012345678901234",
	RT_E_FIELD},
    {"emitter a number", "\"a.B_9-z\"", "7", RT_E_FIELD},
    {"epoch a string", ":7,", ":\"7\",", RT_E_FIELD},
    {"epoch negative", ":7,", ":-7,", RT_E_FIELD},
    {"epoch with a fraction", ":7,", ":7.0,", RT_E_FIELD},
    {"epoch null", ":7,", ":null,", RT_E_FIELD},
    {"epoch 0", ":7,", ":0,", RT_OK},
    {"epoch 2^63-1", ":7,", ":9223372036854775807,", RT_OK},
    {"epoch 2^63", ":7,", ":9223372036854775808,", RT_E_FIELD},
    {"epoch 2^64", ":7,", ":18446744073709551616,", RT_E_FIELD},
    {"first_seq 0", ":3,", ":0,", RT_E_FIELD},
    {"last seq is 2^63-1", ":3,", ":9223372036854775805,", RT_OK},
    {"last seq beyond", ":3,", ":9223372036854775806,", RT_E_FIELD},
    {"count 0 is HELLO", ":2,", ":0,", RT_OK},
    {"count 131072", ":2,", ":131072,", RT_OK},
    {"count 131073", ":2,", ":131073,", RT_E_FIELD},
    {"dropped equals offered", ":9,", ":4,", RT_OK},
    {"more dropped than offered", ":9,", ":3,", RT_E_FIELD},
    {"a field twice", "\"dropped\":4", "\"dropped\":4,\"dropped\":4",
	RT_E_FIELD},
};

static size_t
changed(char *out, size_t size, const char *from, const char *to)
{
	const char *at = strstr(HEADER, from);
	int n;

	assert_non_null(at);
	n = snprintf(out, size, "%.*s%s%s", (int)(at - HEADER), HEADER, to,
	    at + strlen(from));
	assert_true(n > 0 && (size_t)n < size);
	return (size_t)n;
}

/* Decodes from an exactly sized block and checks "untouched on failure". */
static enum rt_err
decode(const char *p, size_t len, struct rt_wire_header *h)
{
	struct rt_wire_header before;
	char *exact = malloc(len ? len : 1);
	enum rt_err err;

	assert_non_null(exact);
	memcpy(exact, p, len);
	memset(h, 0x5a, sizeof(*h));
	before = *h;
	err = rt_wire_header_decode(exact, len, h);
	if (err == RT_E_VERSION)
		before.version = h->version;
	if (err != RT_OK)
		assert_memory_equal(h, &before, sizeof(before));
	free(exact);
	return err;
}

static void
expect(const char *why, enum rt_err got, enum rt_err want)
{
	if (got != want)
		fail_msg(
		    "%s: %s, not %s", why, rt_err_text(got), rt_err_text(want));
}

static void
reads_headers_and_refuses_what_is_not_one(void **state)
{
	struct rt_wire_header h;
	char text[RT_WIRE_HEADER_MAX];
	size_t i;

	(void)state;
	for (i = 0; i < RT_COUNT_OF(HEADERS); i++)
		expect(HEADERS[i].why,
		    decode(HEADERS[i].text, strlen(HEADERS[i].text), &h),
		    HEADERS[i].want);
	for (i = 0; i < RT_COUNT_OF(CHANGES); i++) {
		size_t n =
		    changed(text, sizeof(text), CHANGES[i].from, CHANGES[i].to);

		expect(CHANGES[i].why, decode(text, n, &h), CHANGES[i].want);
	}
}

static void
reads_every_field(void **state)
{
	struct rt_wire_header h;

	(void)state;
	assert_int_equal(decode(HEADER, strlen(HEADER), &h), RT_OK);
	assert_int_equal(h.version, 1);
	assert_string_equal(h.emitter, "a.B_9-z");
	assert_int_equal(h.epoch, 7);
	assert_int_equal(h.first_seq, 3);
	assert_int_equal(h.count, 2);
	assert_int_equal(h.offered, 9);
	assert_int_equal(h.dropped, 4);
	assert_int_equal(decode("{\"version\":9}", 13, &h), RT_E_VERSION);
	assert_int_equal(h.version, 9);
}

static void
refuses_a_header_larger_than_the_limit(void **state)
{
	char text[RT_WIRE_HEADER_MAX + 1];
	struct rt_wire_header h;

	(void)state;
	memset(text, ' ', sizeof(text));
	memcpy(text, HEADER, strlen(HEADER));
	assert_int_equal(decode(text, RT_WIRE_HEADER_MAX, &h), RT_OK);
	assert_int_equal(
	    decode(text, RT_WIRE_HEADER_MAX + 1, &h), RT_E_TOO_LARGE);
}

static void
writes_what_it_reads_even_at_the_limits(void **state)
{
	struct rt_wire_header h = {.version = RT_WIRE_VERSION,
	    .epoch = INT64_MAX,
	    .first_seq = INT64_MAX,
	    .count = 0,
	    .offered = INT64_MAX,
	    .dropped = INT64_MAX};
	struct rt_wire_header back;
	char text[RT_WIRE_HEADER_MAX];
	size_t n;

	(void)state;
	memset(h.emitter, 'e', RT_WIRE_EMITTER_MAX);
	n = rt_wire_header_encode(text, sizeof(text), &h);
	assert_int_equal(n, strlen(text));
	assert_int_equal(decode(text, n, &back), RT_OK);
	assert_memory_equal(back.emitter, h.emitter, sizeof(h.emitter));
	assert_true(back.first_seq == h.first_seq && back.epoch == h.epoch &&
	    back.offered == h.offered && back.dropped == h.dropped);
}

static void
reads_and_writes_answers(void **state)
{
	static const struct {
		const char *text;
		enum rt_err want;
	} rows[] = {
	    {"{\"version\":1,\"epoch\":7,\"acked\":12}", RT_OK},
	    {"{\"version\":2,\"why\":\"no\"}", RT_E_VERSION},
	    {"{\"version\":1,\"epoch\":7}", RT_E_FIELD},
	    {"{\"version\":1,\"epoch\":7,\"acked\":-1}", RT_E_FIELD},
	    {"{\"version\":1,\"epoch\":7,\"acked\":12", RT_E_SYNTAX},
	};
	struct rt_wire_answer a, was = {9, 9, 9};
	char text[RT_WIRE_HEADER_MAX];
	size_t i, n;

	(void)state;
	for (i = 0; i < RT_COUNT_OF(rows); i++) {
		a = was;
		expect(rows[i].text,
		    rt_wire_answer_decode(
			rows[i].text, strlen(rows[i].text), &a),
		    rows[i].want);
		if (rows[i].want == RT_OK) {
			assert_int_equal(a.epoch, 7);
			assert_int_equal(a.acked, 12);
		} else {
			assert_true(
			    a.epoch == was.epoch && a.acked == was.acked);
		}
	}
	a = (struct rt_wire_answer){RT_WIRE_VERSION, 7, 12};
	n = rt_wire_answer_encode(text, sizeof(text), &a);
	assert_int_equal(n, strlen(rows[0].text));
	assert_string_equal(text, rows[0].text);
}

static uint64_t
next_random(uint64_t *s)
{
	*s ^= *s << 13;
	*s ^= *s >> 7;
	*s ^= *s << 17;
	return *s;
}

static size_t
mutate(char *text, size_t len, uint64_t *s)
{
	static const char likely[] = "{}[]\",:\\0123456789eE+-. \n\x80tfnu";
	size_t times = 1 + next_random(s) % 4;

	while (times-- > 0) {
		size_t at = next_random(s) % (len + 1);
		char c = likely[next_random(s) % (sizeof(likely) - 1)];

		switch (next_random(s) % 3) {
		case 0:
			if (at < len)
				text[at] = c;
			break;
		case 1:
			if (at < len)
				memmove(text + at, text + at + 1, --len - at);
			break;
		default:
			memmove(text + at + 1, text + at, len++ - at);
			text[at] = c;
			break;
		}
	}
	return len;
}

static void
survives_mutated_headers_and_accepts_only_lawful_ones(void **state)
{
	uint64_t seed = UINT64_C(0x2545f4914f6cdd1d), s = seed;
	unsigned i, accepted = 0;

	(void)state;
	for (i = 0; i < 200000; i++) {
		char text[RT_WIRE_HEADER_MAX];
		struct rt_wire_header h;
		size_t len = strlen(HEADER);
		enum rt_err err;

		memcpy(text, HEADER, len);
		len = mutate(text, len, &s);
		err = decode(text, len, &h);
		if (err != RT_OK)
			continue;
		accepted++;
		if (h.version != RT_WIRE_VERSION || h.first_seq < 1 ||
		    h.dropped > h.offered || h.count > 131072 ||
		    !rt_wire_emitter_is_valid(h.emitter))
			fail_msg("seed %#llx turn %u: %.*s",
			    (unsigned long long)seed, i, (int)len, text);
	}
	assert_true(accepted > 1000 && accepted < 190000);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(reads_headers_and_refuses_what_is_not_one),
	    cmocka_unit_test(reads_every_field),
	    cmocka_unit_test(refuses_a_header_larger_than_the_limit),
	    cmocka_unit_test(writes_what_it_reads_even_at_the_limits),
	    cmocka_unit_test(reads_and_writes_answers),
	    cmocka_unit_test(
		survives_mutated_headers_and_accepts_only_lawful_ones),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
