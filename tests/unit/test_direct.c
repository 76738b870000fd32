/* SPDX-License-Identifier: MIT */
/*
 * The direct way of the decoder against its general one, and what is remembered between
 * records against not remembering it.
 */
#include "tests/unit/samples.h"

#include <stdio.h>
#include <stdlib.h>

#include "proto/decode_internal.h"
#include "proto/macro.h"

/* ---- what a record was read as ---- */

struct reading {
	enum rt_reject reason;
	struct rt_event e;
	struct rt_identity id;
	char text[RT_DECODE_BYTES]; /* of its strings */
};

static void
read_with(struct rt_decoder *d, struct rt_str s, struct reading *r)
{
	memset(&r->e, 0, sizeof(r->e));
	r->reason = rt_decode(d, s.p, s.len, &r->e, NULL);
	r->id = rt_decode_identity(d);
}

static bool
same_str(struct rt_str a, struct rt_str b)
{
	return !a.p == !b.p && a.len == b.len &&
	    (a.len == 0 || memcmp(a.p, b.p, a.len) == 0);
}

#define SAME_STR(a, b) same_str(a, b)
#define SAME_TIME(a, b) ((a) == (b))
#define SAME_INT(a, b) ((a) == (b))
#define SAME_MS(a, b) (memcmp(&(a), &(b), sizeof(a)) == 0)
#define SAME_BOOL(a, b) ((a) == (b))
#define SAME_DECISION(a, b) ((a) == (b))
#define SAME_OUTCOME(a, b) ((a) == (b))

/* NULL, or what differs. */
static const char *
differs(const struct reading *a, const struct reading *b)
{
	if (a->reason != b->reason)
		return "the reason";
	if (!same_str(a->id.emitter, b->id.emitter) || a->id.seq != b->id.seq)
		return "the identity";
#define X(id, member, type, lo, hi)                 \
	if (!SAME_##type(a->e.member, b->e.member)) \
		return #member;
	RT_EVENT_FIELDS(X)
#undef X
	if (!same_str(a->e.decision_code, b->e.decision_code))
		return "decision_code";
	if (!same_str(a->e.sensitive, b->e.sensitive))
		return "sensitive";
	if (a->e.present != b->e.present || a->e.kind != b->e.kind ||
	    a->e.shape != b->e.shape || a->e.error_class != b->e.error_class ||
	    a->e.ts_has_fraction != b->e.ts_has_fraction ||
	    a->e.ts_is_arrival != b->e.ts_is_arrival)
		return "what is known of it";
	return NULL;
}

/* ---- both ways ---- */

struct both {
	struct rt_decoder *direct, *general;
	size_t direct_count; /* records that the direct way has taken */
};

static void
both_init(struct both *b)
{
	b->direct = rt_decoder_new(NULL);
	b->general = rt_decoder_new(NULL);
	b->direct_count = 0;
}

static void
both_fini(struct both *b)
{
	rt_decoder_free(b->direct);
	rt_decoder_free(b->general);
}

static void
check(struct both *b, struct rt_str s, const char *why)
{
	static struct reading got, want;
	struct rt_event e = {0};
	const char *what;

	b->general->is_direct_likely = false;
	read_with(b->general, s, &want);
	b->direct->is_direct_likely = true;
	read_with(b->direct, s, &got);
	what = differs(&got, &want);
	if (what)
		fail_msg("%s: %s differs: %.*s", why, what, (int)s.len, s.p);
	/* Without a trace in what was read: would it go that way again? */
	b->direct_count += b->direct->is_plain && rt_direct_read(b->direct, &e);
}

static void
reads_every_sample_as_the_general_way_does(void **state)
{
	struct both b;
	size_t i;

	(void)state;
	assert_true(sample_count > 700);
	both_init(&b);
	for (i = 0; i < sample_count; i++)
		check(&b, samples[i], "sample");
	/* Those of native.jsonl, and none by mistake. */
	assert_int_equal(b.direct_count, 177);
	both_fini(&b);
}

static struct rt_str
with_quotes(const char *z, char *copy)
{
	size_t i, len = strlen(z);

	for (i = 0; i < len; i++)
		copy[i] = z[i] == '\'' ? '"' : z[i];
	return (struct rt_str){copy, len};
}

#define BEGIN "{'schema':'llm-attempt/v1','operation_id':'o','attempt':1,"

/* What came before is read twice, so that its hints are there; ' stands for ". */
static void
a_hint_is_compared_and_never_believed(void **state)
{
	static const struct {
		const char *why, *before, *record;
		bool is_direct;
	} rows[] = {
	    {"a longer value that begins as the one before",
		BEGIN "'service':'ab'}", BEGIN "'service':'abc'}", true},
	    {"a shorter one", BEGIN "'service':'abc'}", BEGIN "'service':'ab'}",
		true},
	    {"the next name begins as the one before", BEGIN "'service':'a'}",
		BEGIN "'service_version':'a'}", true},
	    {"and the other way round", BEGIN "'service_version':'a'}",
		BEGIN "'service':'a'}", true},
	    {"a quote behind an unknown number", BEGIN "'x':'a','service':'b'}",
		BEGIN "'x':1','service':'b'}", false},
	    {"a quote behind an unknown literal",
		BEGIN "'x':'a','service':'b'}",
		BEGIN "'x':null','service':'b'}", false},
	    {"a quote behind a null", BEGIN "'tenant':'a','service':'b'}",
		BEGIN "'tenant':null','service':'b'}", false},
	    {"no quote behind a string", BEGIN "'tenant':null,'service':'b'}",
		BEGIN "'tenant':'a,'service':'b'}", false},
	    {"a string where a null was", BEGIN "'tenant':null,'service':'b'}",
		BEGIN "'tenant':'a','service':'b'}", true},
	    {"a null where a string was", BEGIN "'tenant':'a','service':'b'}",
		BEGIN "'tenant':null,'service':'b'}", true},
	    {"no null, though it begins so", BEGIN "'tenant':null}",
		BEGIN "'tenant':nult}", false},
	    {"a null where a number was", BEGIN "'elapsed_ms':1}",
		BEGIN "'elapsed_ms':null}", true},
	    {"a number where a null was", BEGIN "'elapsed_ms':null}",
		BEGIN "'elapsed_ms':1.5}", true},
	    {"a quoted number where a number was", BEGIN "'elapsed_ms':1}",
		BEGIN "'elapsed_ms':'1'}", false},
	    {"a number where a quoted number was", BEGIN "'elapsed_ms':'1'}",
		BEGIN "'elapsed_ms':1}", true},
	    {"a null where true was", BEGIN "'streaming':true}",
		BEGIN "'streaming':null}", true},
	    {"no true, though it begins so", BEGIN "'streaming':true}",
		BEGIN "'streaming':trux}", false},
	    {"more behind true", BEGIN "'streaming':true}",
		BEGIN "'streaming':truee}", false},
	    {"an object where a string was", BEGIN "'service':'a'}",
		BEGIN "'service':{'name':'a'}}", false},
	    {"an escape where none was", BEGIN "'service':'a','tenant':'b'}",
		BEGIN "'service':'\\u0061','tenant':'b'}", false},
	    {"an escaped quote at the end of a value",
		BEGIN "'service':'a','tenant':'b'}",
		BEGIN "'service':'a\\','tenant':'b'}", false},
	    {"text beyond ASCII where none was", BEGIN "'service':'a'}",
		BEGIN "'service':'\xC3\xA4'}", false},
	    {"a control character in a value", BEGIN "'service':'a'}",
		BEGIN "'service':'a\x01'}", false},
	    {"blanks where none were", BEGIN "'service':'a','tenant':'b'}",
		BEGIN "'service' :  'a' , 'tenant' : 'b' }", true},
	    {"the same member twice", BEGIN "'service':'a'}",
		BEGIN "'service':'a','service':'b'}", false},
	    {"the same member twice, the first null", BEGIN "'service':'a'}",
		BEGIN "'service':null,'service':'b'}", false},
	    {"the same member twice, the last null", BEGIN "'service':'a'}",
		BEGIN "'service':'a','service':null}", false},
	    {"an unknown member twice", BEGIN "'x':'a'}",
		BEGIN "'x':'a','x':1,'x':true,'x':null,'x':-1.5e3}", true},
	    {"an unknown number that is none", BEGIN "'x':1,'y':2}",
		BEGIN "'x':01,'y':2}", false},
	    {"a name of content", BEGIN "'service':'a'}", BEGIN "'prompt':'a'}",
		false},
	    {"the same with names before it", BEGIN "'service':'a'}",
		BEGIN "'a.b.prompt':'a'}", false},
	    {"a name that cannot be kept in a hint",
		BEGIN "'service':'a','tenant':'b'}",
		BEGIN "'service':'a','a_name_of_many_many_characters':'x',"
		      "'tenant':'b'}",
		true},
	    {"the end where a member was", BEGIN "'service':'a','tenant':'b'}",
		BEGIN "'service':'a'}", true},
	    {"more behind the end", BEGIN "'service':'a'}",
		BEGIN "'service':'a'}}", false},
	    {"a second record behind the end", BEGIN "'service':'a'}",
		BEGIN "'service':'a'} {}", false},
	    {"no end", BEGIN "'service':'a'}", BEGIN "'service':'a'", false},
	    {"a comma before the end", BEGIN "'service':'a'}",
		BEGIN "'service':'a',}", false},
	    {"nothing behind the comma", BEGIN "'service':'a'}",
		BEGIN "'service':'a',", false},
	    {"no schema", BEGIN "'service':'a'}",
		"{'operation_id':'o','attempt':1}", false},
	    {"the schema last", BEGIN "'service':'a'}",
		"{'operation_id':'o','attempt':1,'schema':'llm-attempt/v1'}",
		true},
	    {"a schema that is none, as long", BEGIN "'service':'a'}",
		"{'schema':'llm-attempt/v2','operation_id':'o','attempt':1}",
		false},
	    {"a schema that is null", BEGIN "'service':'a'}",
		"{'schema':null,'operation_id':'o','attempt':1}", false},
	    {"nothing at all", BEGIN "'service':'a'}", "{}", false},
	    {"a field of summaries", BEGIN "'service':'a'}",
		BEGIN "'attempts':'x'}", false},
	    {"a summary", BEGIN "'service':'a'}",
		"{'schema':'llm-operation/v1','operation_id':'o',"
		"'final_outcome':'success'}",
		true},
	    {"a summary with a field of attempts, of a wrong type",
		BEGIN "'service':'a'}",
		"{'schema':'llm-operation/v1','operation_id':'o',"
		"'final_outcome':'success','attempt':'x'}",
		false},
	    {"a summary without an outcome", BEGIN "'service':'a'}",
		"{'schema':'llm-operation/v1','operation_id':'o'}", false},
	    {"an empty name", BEGIN "'service':'a'}", BEGIN "'':'a'}", true},
	    {"an empty value", BEGIN "'service':'a'}", BEGIN "'service':''}",
		true},
	    {"an empty id", BEGIN "'service':'a'}",
		"{'schema':'llm-attempt/v1','operation_id':'','attempt':1}",
		false},
	    {"an error that is none", BEGIN "'error_type':'timeout'}",
		BEGIN "'error_type':'none','http_response_status_code':200}",
		true},
	    {"a decision of the client's own", BEGIN "'decision':'none'}",
		BEGIN "'decision':'noon'}", true},
	    {"the decision that means others", BEGIN "'decision':'none'}",
		BEGIN "'decision':'unknown'}", true},
	    {"a decision that is empty", BEGIN "'decision':'none'}",
		BEGIN "'decision':'','http_response_status_code':200}", true},
	    {"an outcome that is none, as long",
		BEGIN "'final_outcome':'success'}",
		BEGIN "'final_outcome':'succezz'}", true},
	    {"another name of the time", BEGIN "'ts':'2026-06-13T09:00:00Z'}",
		BEGIN "'timestamp':'2026-06-13T09:00:00Z'}", true},
	    {"both names of the time", BEGIN "'ts':'2026-06-13T09:00:00Z'}",
		BEGIN "'timestamp':'2026-06-13T09:00:00Z','ts':''}", false},
	    {"a time of arrival", BEGIN "'service':'a'}",
		BEGIN "'ts':'2026-06-13T09:00:00Z','ts_is_arrival':true}",
		true},
	    {"no time of arrival", BEGIN "'ts_is_arrival':true}",
		BEGIN "'ts':'2026-06-13T09:00:00Z','ts_is_arrival':false}",
		true},
	    {"a time of arrival without a time", BEGIN "'ts_is_arrival':true}",
		BEGIN "'ts_is_arrival':true}", true},
	    {"a time of arrival that is null", BEGIN "'ts_is_arrival':true}",
		BEGIN "'ts':'2026-06-13T09:00:00Z','ts_is_arrival':null}",
		true},
	    {"a time of arrival in quotes", BEGIN "'ts_is_arrival':true}",
		BEGIN "'ts':'2026-06-13T09:00:00Z','ts_is_arrival':'true'}",
		false},
	    {"a time of arrival that is a number",
		BEGIN "'ts_is_arrival':true}",
		BEGIN "'ts':'2026-06-13T09:00:00Z','ts_is_arrival':1}", false},
	    {"a shape it once had", BEGIN "'service':'a'}",
		BEGIN "'source_shape':'retry'}", true},
	    {"another shape, as long as the native one",
		BEGIN "'source_shape':'native'}",
		BEGIN "'source_shape':'review'}", true},
	    {"the native shape", BEGIN "'source_shape':'review'}",
		BEGIN "'source_shape':'native'}", true},
	    {"a shape that is not known", BEGIN "'source_shape':'otel'}",
		BEGIN "'source_shape':'otem'}", true},
	    {"a shape that is empty", BEGIN "'source_shape':'otel'}",
		BEGIN "'source_shape':''}", true},
	    {"a shape that is null", BEGIN "'source_shape':'otel'}",
		BEGIN "'source_shape':null}", true},
	    {"a shape that is a number", BEGIN "'source_shape':'otel'}",
		BEGIN "'source_shape':1}", false},
	    {"two shapes", BEGIN "'source_shape':'otel'}",
		BEGIN "'source_shape':'otel','source_shape':'retry'}", false},
	    {"the shape that has a follow-up", BEGIN "'service':'a'}",
		BEGIN "'source_shape':'decisions'}", false},
	    {"the shape that needs no id", BEGIN "'service':'a'}",
		"{'schema':'llm-attempt/v1','attempt':1,"
		"'source_shape':'runbook'}",
		true},
	    {"a summary of the shape that needs no id for attempts",
		BEGIN "'service':'a'}",
		"{'schema':'llm-operation/v1','final_outcome':'success',"
		"'source_shape':'runbook'}",
		false},
	    {"a summary of the shape that has follow-ups",
		BEGIN "'service':'a'}",
		"{'schema':'llm-operation/v1','final_outcome':'success',"
		"'operation_id':'o','source_shape':'decisions'}",
		true},
	    {"what only looks like a secret", BEGIN "'service':'a'}",
		BEGIN "'service':'task-of-many-characters Beta yJ k-'}", true},
	    {"a token that has no second part", BEGIN "'service':'a'}",
		BEGIN "'service':'eyJabc'}", true},
	    {"a secret", BEGIN "'service':'a'}",
		BEGIN "'service':'sk-abcdefghijklmnop'}", false},
	};
	char before[500], record[500];
	struct both b;
	size_t i;

	(void)state;
	for (i = 0; i < RT_COUNT_OF(rows); i++) {
		both_init(&b);
		check(&b, with_quotes(rows[i].before, before), rows[i].why);
		check(&b, with_quotes(rows[i].before, before), rows[i].why);
		b.direct_count = 0;
		check(&b, with_quotes(rows[i].record, record), rows[i].why);
		if ((b.direct_count == 1) != rows[i].is_direct)
			fail_msg("%s: went the other way", rows[i].why);
		both_fini(&b);
	}
}

static const char *const times[] = {"2026-06-13T09:00:00Z",
    "2026-06-13T09:00:00.1Z", "2026-06-13T09:00:59.123456Z",
    "2026-06-13T09:00:00.1234567Z", "2026-06-13T09:00:60Z",
    "2026-06-13T09:00:60.5Z", "2026-06-13T09:00:00.Z", "2026-06-13T09:00:00",
    "2026-06-13T09:00:00z", "2026-06-13T09:00:00+00:00",
    "2026-06-13T09:00:00.5+02:00", "2026-06-13T09:00:0Z",
    "2026-06-13T09:00:000Z", "2026-06-13T09:00:0:Z", "2026-06-13T09:00:/0Z",
    "2026-06-13T09:00", "2026-06-13T09:00Z", "2026-06-13T09:00:00.5ZZ",
    "2026-06-13T09:01:00.5Z", "2026-06-13T09:01:59.999Z",
    "1969-12-31T23:59:59.9Z", "1969-12-31T23:59:58.9Z",
    "0000-01-01T00:00:00.5Z", "2026-02-29T00:00:00Z", "2024-02-29 00:00:00Z",
    "2024-02-29 00:00:01Z", "2026-06-13T09:00:", "2026-06-13T09:00:61Z",
    "2026-06-13T09:00:5", "2026-06-13T09:00:00.5-00:00"};

static void
reads_numbers_of_every_length(void **state)
{
	static const char *const members[] = {
	    "attempt", "seq", "elapsed_ms", "http_response_status_code", "x"};
	static const char *const values[] = {"0", "1", "9", "10", "00", "01",
	    "99", "100", "599", "600", "1234567", "12345678", "123456789",
	    "2147483647", "2147483648", "999999999999999", "1000000000000000",
	    "9223372036854775807", "9223372036854775808", "-0", "-1", "0.0",
	    "0.5", "1.", "1.x", ".5", "1.5", "12.25", "123.456", "1234.567",
	    "12345.67", "12345.678", "123456.789", "1234567.8", "12345678.9",
	    "0.123456", "0.1234567", "0.12345678", "1.00000000000000",
	    "1.000000000000000", "2678400000", "2678400000.1", "1e2", "1.5e1",
	    "1E2", "1e", "1:", "1/", "/", ":", "1 ", " 1", "1;2", "1_0", "''",
	    "null"};
	char text[300], record[300];
	struct both b;
	size_t i, k, m;

	(void)state;
	both_init(&b);
	/* Each value behind each other one of the same member. */
	for (m = 0; m < RT_COUNT_OF(members); m++)
		for (i = 0; i < RT_COUNT_OF(values); i++)
			for (k = 0; k < RT_COUNT_OF(values) * 2; k++) {
				snprintf(text, sizeof(text),
				    "{'schema':'llm-attempt/v1',"
				    "'operation_id':'o',%s'emitter':'e',"
				    "'%s':%s}",
				    m == 0 ? "" : "'attempt':1,", members[m],
				    values[k % 2 ? k / 2 : i]);
				check(&b, with_quotes(text, record), text);
			}
	assert_true(b.direct_count > 10000);
	both_fini(&b);
}

/* Each behind each other one. */
static void
reads_times_as_the_calendar_does(void **state)
{
	struct rt_decoder *d = rt_decoder_new(NULL);
	char copy[RT_MINUTE_READS + 64];
	struct rt_str t = {copy, 0};
	int64_t us, want_us;
	bool fraction, want_fraction;
	enum rt_err err, want;
	size_t i, k;

	(void)state;
	for (i = 0; i < RT_COUNT_OF(times); i++)
		for (k = 0; k < RT_COUNT_OF(times) * 2; k++) {
			memset(copy, '0', sizeof(copy));
			t.len = strlen(times[k % 2 ? k / 2 : i]);
			memcpy(copy, times[k % 2 ? k / 2 : i], t.len);
			us = want_us = -1;
			fraction = want_fraction = false;
			want = rt_text_to_time(t, &want_us, &want_fraction);
			err = rt_decoder_time(d, t, &us, &fraction);
			if (err != want || us != want_us ||
			    fraction != want_fraction)
				fail_msg(
				    "%s behind %s", times[k / 2], times[i]);
		}
	rt_decoder_free(d);
}

/* A record that was read before, but for one byte, or for its end. */
static void
one_byte_makes_the_same_difference_both_ways(void **state)
{
	static const unsigned which[] = {0, 1, 2, 3, 20};
	static const char bytes[] = "\"\\,:{}[] 0159.-+eEntfZTaz_\x01\x7F\x80";
	char copy[RT_RECORD_MAX];
	struct both b;
	struct rt_str s;
	size_t i, at, k;

	(void)state;
	both_init(&b);
	for (i = 0; i < RT_COUNT_OF(which); i++) {
		s = samples[which[i]];
		check(&b, s, "whole");
		for (at = 0; at < s.len; at++) {
			memcpy(copy, s.p, s.len);
			for (k = 0; k < sizeof(bytes) - 1; k++) {
				copy[at] = bytes[k];
				check(&b, (struct rt_str){copy, s.len}, "byte");
			}
			check(&b, (struct rt_str){s.p, at}, "cut off");
			memmove(copy + at, s.p + at + 1, s.len - at - 1);
			check(&b, (struct rt_str){copy, s.len - 1}, "without");
			check(&b, s, "whole again");
		}
	}
	both_fini(&b);
}

/* ---- what came before ---- */

static void
a_record_is_read_the_same_whatever_came_before_it(void **state)
{
	struct rt_decoder *d = rt_decoder_new(NULL), *fresh;
	struct reading *want = calloc(sample_count, sizeof(*want)), got;
	const char *what;
	size_t i, k;

	(void)state;
	assert_non_null(want);
	for (i = 0; i < sample_count; i++) {
		fresh = rt_decoder_new(NULL);
		read_with(fresh, samples[i], &want[i]);
		assert_int_equal(want[i].reason, RT_REJECT_NOT);
		rt_decode_move(fresh, &want[i].e, &want[i].id, want[i].text);
		rt_decoder_free(fresh);
	}
	for (i = 0; i < sample_count; i++)
		for (k = 0; k < sample_count; k++) {
			read_with(d, samples[i], &got);
			read_with(d, samples[k], &got);
			what = differs(&got, &want[k]);
			if (what)
				fail_msg("%s differs behind %.*s: %.*s", what,
				    (int)samples[i].len, samples[i].p,
				    (int)samples[k].len, samples[k].p);
		}
	free(want);
	rt_decoder_free(d);
}

static void
every_way_to_look_at_bytes_sees_the_same(void **state)
{
	static const char parts[][3] = {"k-", "yJ", "Be", "\\", "\x7F", "\x1F",
	    "\x80", "\xFF", "k", "-", "~", " "};
	static const unsigned widths[] = {16, 32};
	char in[140], want[140], got[140];
	size_t len, at, i, w, n;
	rt_look_fn look;
	unsigned found;

	(void)state;
	for (len = 0; len < sizeof(in) - 1; len++)
		for (at = 0; at <= len; at++)
			for (i = 0; i < RT_COUNT_OF(parts); i++) {
				n = strlen(parts[i]);
				memset(in, 'a', sizeof(in));
				memcpy(in + at, parts[i],
				    at + n < sizeof(in) ? n : 1);
				found = rt_look_by(1)(
				    want, util_guarded(in, len), len);
				for (w = 0; w < RT_COUNT_OF(widths); w++) {
					look = rt_look_by(widths[w]);
					if (!look)
						continue;
					assert_int_equal(
					    look(got, util_guarded(in, len),
						len),
					    found);
					assert_memory_equal(got, in, len);
				}
			}
}

/* Wherever it is, at the very end too. */
static void
a_secret_is_never_overlooked(void **state)
{
	static const struct {
		const char *text;
		bool may_be;
	} rows[] = {
	    {" sk-abcdefghijklmnop ", true},
	    {" sk-abcdefghijklmno ", false},
	    {"task-abcdefghijklmnop ", false},
	    {" Bearer abcdefgh ", true},
	    {" Bearer abcdefg ", false},
	    {" Bearer \x80\x80\x80\x80\x80\x80\x80\x80 ", true},
	    {" eyJa.b.c ", true},
	    {" eyJa.b. ", false},
	    {"\\", true},
	};
	struct rt_decoder *d = rt_decoder_new(NULL);
	char in[120];
	size_t at, i, n, len;

	(void)state;
	for (i = 0; i < RT_COUNT_OF(rows); i++) {
		n = strlen(rows[i].text);
		for (len = n; len < sizeof(in); len++)
			for (at = 0; at + n <= len; at++) {
				memset(in, 'a', sizeof(in));
				memcpy(in + at, rows[i].text, n);
				rt_decoder_take(d,
				    (struct rt_str){
					util_guarded(in, len), len});
				assert_int_equal(
				    d->maybe_secret || d->has_slash,
				    rows[i].may_be);
				assert_int_equal(d->is_plain, !rows[i].may_be);
			}
	}
	rt_decoder_free(d);
}

static void
looks_for_what_is_odd_and_for_pairs_of_secrets(void **state)
{
	static const struct {
		const char *text;
		unsigned want;
	} rows[] = {
	    {"", 0},
	    {"plain ~", 0},
	    {"k -", 0},
	    {"k-", RT_LOOK_PAIR},
	    {"ayJ", RT_LOOK_PAIR},
	    {"aBe", RT_LOOK_PAIR},
	    {"a\\", RT_LOOK_PAIR},
	    {"\x1F", RT_LOOK_ODD},
	    {"\x7F", RT_LOOK_ODD},
	    {"\x80", RT_LOOK_ODD},
	};
	char to[20];
	size_t i;

	(void)state;
	for (i = 0; i < RT_COUNT_OF(rows); i++)
		assert_int_equal(
		    rt_look_by(1)(to, rows[i].text, strlen(rows[i].text)),
		    rows[i].want);
	assert_null(rt_look_by(2));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(reads_every_sample_as_the_general_way_does),
	    cmocka_unit_test(a_hint_is_compared_and_never_believed),
	    cmocka_unit_test(reads_numbers_of_every_length),
	    cmocka_unit_test(reads_times_as_the_calendar_does),
	    cmocka_unit_test(one_byte_makes_the_same_difference_both_ways),
	    cmocka_unit_test(a_record_is_read_the_same_whatever_came_before_it),
	    cmocka_unit_test(every_way_to_look_at_bytes_sees_the_same),
	    cmocka_unit_test(a_secret_is_never_overlooked),
	    cmocka_unit_test(looks_for_what_is_odd_and_for_pairs_of_secrets),
	};

	return cmocka_run_group_tests(tests, load_samples, NULL);
}
