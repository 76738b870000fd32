/* SPDX-License-Identifier: MIT */
/* Marks: what stands in a journal for a record that was refused. */
#include <stdio.h>
#include <string.h>

#include "proto/macro.h"
#include "tests/unit/journal.h"

static struct rt_mark
mark(enum rt_reject reason, const char *emitter, int64_t seq)
{
	struct rt_mark m;

	rt_mark_init(
	    &m, reason, emitter ? rt_str_of(emitter) : RT_STR_NONE, seq);
	return m;
}

static void
a_mark_is_read_back_and_nothing_else_is_one(void **state)
{
	static const char *const bad[] = {"", "{}", "#", "#{}", "#[]",
	    "#{\"refused\":\"odd\",\"count\":1}", "#{\"refused\":\"not_json\"}",
	    "#{\"refused\":\"not_json\",\"count\":0}",
	    "#{\"refused\":\"not_json\",\"count\":1000001}",
	    "#{\"refused\":\"not_json\",\"count\":1,\"seq\":-1}",
	    ("#{\"refused\":\"not_json\",\"emitter\":\"a\",\"count\":2,"
	     "\"seq\":9223372036854775806}"),
	    "#{\"refused\":\"not_json\",\"count\":1"};
	char longest[RT_MARK_EMITTER_MAX + 2];
	struct rt_mark m, back;
	struct rt_buf b;
	int reason;
	size_t i;

	(void)state;
	memset(longest, '\\', sizeof(longest));
	longest[RT_MARK_EMITTER_MAX] = '\0';
	rt_buf_init(&b, RT_MARK_SIZE);
	for (reason = 0; reason <= RT_REJECT_COUNT; reason++) {
		m = mark((enum rt_reject)reason, reason % 2 ? longest : "a\"b",
		    INT64_MAX - 2);
		rt_buf_reset(&b);
		rt_mark_encode(&b, &m);
		assert_false(b.overflow);
		assert_int_equal(
		    rt_mark_decode((struct rt_str){b.p, b.len}, &back), RT_OK);
		assert_int_equal(back.reason, m.reason);
		assert_int_equal(back.seq, m.seq);
		assert_int_equal(back.count, m.count);
		assert_true(
		    rt_str_equal(rt_mark_emitter(&back), rt_mark_emitter(&m)));
	}
	rt_buf_fini(&b);
	for (i = 0; i < RT_COUNT_OF(bad); i++)
		assert_int_not_equal(
		    rt_mark_decode(rt_str_of(bad[i]), &back), RT_OK);
	/* Without an emitter a number says nothing; one that is too long is none. */
	assert_int_equal(mark(RT_REJECT_NOT_JSON, NULL, 5).seq, 0);
	longest[RT_MARK_EMITTER_MAX] = 'x';
	longest[RT_MARK_EMITTER_MAX + 1] = '\0';
	assert_int_equal(mark(RT_REJECT_NOT_JSON, longest, 5).seq, 0);
}

static void
marks_in_a_row_become_one(void **state)
{
	static const struct {
		const char *why, *emitter;
		enum rt_reject reason;
		int64_t seq;
		bool joins;
	} rows[] = {
	    {"the next number", "a", RT_REJECT_BAD_TYPE, 8, true},
	    {"the same number", "a", RT_REJECT_BAD_TYPE, 7, false},
	    {"one left out", "a", RT_REJECT_BAD_TYPE, 9, false},
	    {"no number", "a", RT_REJECT_BAD_TYPE, 0, false},
	    {"another reason", "a", RT_REJECT_NOT_JSON, 8, false},
	    {"another emitter", "b", RT_REJECT_BAD_TYPE, 8, false},
	};
	struct rt_mark first, next;
	size_t i;

	(void)state;
	for (i = 0; i < RT_COUNT_OF(rows); i++) {
		first = mark(RT_REJECT_BAD_TYPE, "a", 7);
		next = mark(rows[i].reason, rows[i].emitter, rows[i].seq);
		if (rt_mark_join(&first, &next) != rows[i].joins)
			fail_msg("%s", rows[i].why);
		assert_int_equal(first.count, rows[i].joins ? 2 : 1);
	}
	first = mark(RT_REJECT_NOT_JSON, NULL, 0);
	next = first;
	assert_true(rt_mark_join(&first, &next));
	assert_int_equal(first.seq, 0);
	first.count = RT_MARK_COUNT_MAX;
	assert_false(rt_mark_join(&first, &next));
}

static void
marks_stand_between_the_records_and_are_none(void **state)
{
	static const char want[] =
	    "#{\"refused\":\"bad_type\",\"emitter\":\"a\",\"seq\":1,"
	    "\"count\":2}\n%.*s\n"
	    "#{\"refused\":\"duplicate\",\"emitter\":\"a\",\"count\":1}\n";
	struct rt_journal *j = journal_open(1 << 20);
	struct rt_journal_stats last;
	struct rt_journal_reader *r = NULL;
	struct rt_journal_frame f;
	struct rt_diag d = {{0}, {0}};
	struct rt_mark m;
	struct rt_str line = journal_record(0);
	char text[2048];
	unsigned n;

	(void)state;
	m = mark(RT_REJECT_BAD_TYPE, "a", 1);
	rt_journal_mark(j, &m);
	m = mark(RT_REJECT_BAD_TYPE, "a", 2);
	rt_journal_mark(j, &m);
	rt_journal_add(j, line);
	m = mark(RT_REJECT_NOT, "a", 0);
	rt_journal_mark(j, &m);
	rt_journal_close(j, &last);
	assert_int_equal(last.written, 1);
	/* Twice nothing but a mark: each is a segment that stays. */
	for (n = 0; n < 2; n++) {
		j = journal_open(1);
		rt_journal_mark(j, &m);
		rt_journal_close(j, &last);
		assert_int_equal(last.written, 0);
		assert_int_equal(last.not_journalled, 0);
		journal_squeeze_all();
	}
	assert_int_equal(rt_journal_reader_open(journal_folder, &r, &d), RT_OK);
	assert_int_equal(rt_journal_reader_next(r, &f, &d), RT_OK);
	assert_int_equal(f.count, 1);
	snprintf(text, sizeof(text), want, (int)line.len, line.p);
	assert_true(rt_str_is(f.records, text));
	for (n = 0; n < 2; n++) {
		assert_int_equal(rt_journal_reader_next(r, &f, &d), RT_OK);
		assert_true(rt_mark_is_line(f.records));
	}
	assert_int_equal(rt_journal_reader_next(r, &f, &d), RT_E_EMPTY);
	assert_int_equal(rt_journal_reader_dropped(r), 0);
	rt_journal_reader_close(r);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_mark_is_read_back_and_nothing_else_is_one),
	    cmocka_unit_test(marks_in_a_row_become_one),
	    JOURNAL_TEST(marks_stand_between_the_records_and_are_none),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
