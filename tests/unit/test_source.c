/* SPDX-License-Identifier: MIT */
/* A small buffer, so that records meet its end often. */
#define BLOCK_BYTES 20000u
#define QUIET_LOOKS 3u
#include "collector/source.c"

#include "tests/unit/util.h"

#define FILES_MAX 3
#define RECORDS_MAX 8

static char dir[64];
static char paths[FILES_MAX][96];

static const char *
write_file(unsigned i, const char *text, size_t len)
{
	FILE *f;

	snprintf(paths[i], sizeof(paths[i]), "%s/%c.log", dir, (char)('a' + i));
	f = fopen(paths[i], "wb");
	assert_non_null(f);
	assert_int_equal(fwrite(text, 1, len, f), len);
	assert_int_equal(fclose(f), 0);
	return paths[i];
}

static struct rt_source *
open_texts(const char *const texts[], unsigned count)
{
	const char *names[FILES_MAX];
	struct rt_source *s = NULL;
	struct rt_diag d = {{0}, {0}};
	unsigned i;

	for (i = 0; i < count; i++)
		names[i] = write_file(i, texts[i], strlen(texts[i]));
	assert_int_equal(rt_source_open(names, count, &s, &d), RT_OK);
	return s;
}

static const char *
base_name(const char *where)
{
	return strrchr(where, '/') + 1;
}

static const struct {
	const char *why, *text, *want[RECORDS_MAX], *where[RECORDS_MAX];
} FORMS[] = {
    {"nothing", "", {NULL}, {NULL}},
    {"blank lines", "\n \r\n\t\n---\n", {NULL}, {NULL}},
    {"an object a line", "{\"a\":1}\n{\"a\":2}\n", {"{\"a\":1}", "{\"a\":2}"},
	{"a.log:1", "a.log:2"}},
    {"no newline at the end", "{\"a\":1}\n{\"a\":2}",
	{"{\"a\":1}", "{\"a\":2}"}, {"a.log:1", "a.log:2"}},
    {"carriage returns", "{\"a\":1}\r\n\r\n{\"a\":2}\r\n",
	{"{\"a\":1}\r", "{\"a\":2}\r"}, {"a.log:1", "a.log:3"}},
    {"an object over several lines",
	"{\n \"a\": 1,\n \"b\": {\n }\n}\n{\"c\":1}\n",
	{"{\n \"a\": 1,\n \"b\": {\n }\n}", "{\"c\":1}"},
	{"a.log:1", "a.log:6"}},
    {"braces in strings", "{\"a\":\"}{\",\n\"b\":\"\\\"}\"}\nx y\n",
	{"{\"a\":\"}{\",\n\"b\":\"\\\"}\"}", "x y"}, {"a.log:1", "a.log:3"}},
    {"a first line that closes an inner object",
	"{\"a\": {\"b\":1},\n\"c\":2}\n", {"{\"a\": {\"b\":1},\n\"c\":2}"},
	{"a.log:1"}},
    {"half an object costs only itself", "{\"a\":1,\n{\"a\":2}\n",
	{"{\"a\":1,", "{\"a\":2}"}, {"a.log:1", "a.log:2"}},
    {"whatever the form of the next", "{\"a\":1,\nb=1 c=2\n{\"a\":1,\nb: 1\n",
	{"{\"a\":1,", "b=1 c=2", "{\"a\":1,", "b: 1"},
	{"a.log:1", "a.log:2", "a.log:3", "a.log:4"}},
    {"values on lines of their own", "{\"a\":\ntrue,\"b\"\n:\n-1.5e3}\nb: 1\n",
	{"{\"a\":\ntrue,\"b\"\n:\n-1.5e3}", "b: 1"}, {"a.log:1", "a.log:5"}},
    {"a string cut by the line's end", "{\"a\":\"x\nb: 1\n\n{\"a\":2}\n",
	{"{\"a\":\"x", "b: 1", "{\"a\":2}"}, {"a.log:1", "a.log:2", "a.log:4"}},
    {"half an object at the end",
	"{\"a\":1}\n{\"a\":", {"{\"a\":1}", "{\"a\":"}, {"a.log:1", "a.log:2"}},
    {"bytes behind an object stay with it", "{\"a\":1} x\n{\"a\":2}\n",
	{"{\"a\":1} x", "{\"a\":2}"}, {"a.log:1", "a.log:2"}},
    {"logfmt lines", "a=1 b=\"x y\"\na=2 b=3\n", {"a=1 b=\"x y\"", "a=2 b=3"},
	{"a.log:1", "a.log:2"}},
    {"blocks", "a: 1\nb: x y=z\n\na=\"1 2\"\nb=3\n---\nc:\n",
	{"a: 1\nb: x y=z", "a=\"1 2\"\nb=3", "c:"},
	{"a.log:1", "a.log:4", "a.log:7"}},
    {"a block ended by another form", "a: 1\n{\"b\":1}\nc: 1\nd=1 e=2\n",
	{"a: 1", "{\"b\":1}", "c: 1", "d=1 e=2"},
	{"a.log:1", "a.log:2", "a.log:3", "a.log:4"}},
    {"lines of no form", "hello world\n=\n\x01\x02\n",
	{"hello world", "=", "\x01\x02"}, {"a.log:1", "a.log:2", "a.log:3"}},
};

static void
finds_the_end_of_each_form(void **state)
{
	size_t i, k;

	(void)state;
	for (i = 0; i < RT_COUNT_OF(FORMS); i++) {
		struct rt_source *s = open_texts(&FORMS[i].text, 1);
		struct rt_source_record r;
		struct rt_diag d;

		for (k = 0; FORMS[i].want[k]; k++) {
			if (rt_source_next(s, &r, &d) != RT_OK ||
			    !rt_str_is(r.text, FORMS[i].want[k]))
				fail_msg("%s: record %zu is not %s",
				    FORMS[i].why, k, FORMS[i].want[k]);
			assert_string_equal(
			    base_name(r.where), FORMS[i].where[k]);
		}
		if (rt_source_next(s, &r, &d) != RT_E_EMPTY)
			fail_msg("%s: more than asked for", FORMS[i].why);
		rt_source_close(s);
	}
}

/* Each row repeated past the end of the buffer gives the same records again. */
static void
finds_them_wherever_the_buffer_ends(void **state)
{
	size_t i, k, n, pad;

	(void)state;
	for (i = 2; i < RT_COUNT_OF(FORMS); i++) {
		size_t len = strlen(FORMS[i].text), all = 0;
		size_t times = 3 * BLOCK_BYTES / (len + 1);
		char *text = rt_xcalloc(times * (len + 2) + 64, 1);
		const char *name;
		struct rt_source *s = NULL;
		struct rt_source_record r;
		struct rt_diag d;

		pad = i; /* shifts where the buffer cuts */
		memset(text, '\n', pad);
		all = pad;
		for (n = 0; n < times; n++) {
			memcpy(text + all, FORMS[i].text, len);
			all += len;
			if (text[all - 1] != '\n')
				text[all++] = '\n';
			text[all++] = '\n';
		}
		/* Ends a half object at the end of the text. */
		memcpy(text + all, "{}\n", 3);
		all += 3;

		name = write_file(0, text, all);
		assert_int_equal(rt_source_open(&name, 1, &s, &d), RT_OK);
		for (n = 0; n < times; n++)
			for (k = 0; FORMS[i].want[k]; k++) {
				assert_int_equal(
				    rt_source_next(s, &r, &d), RT_OK);
				if (strncmp(r.text.p, FORMS[i].want[k],
					strlen(FORMS[i].want[k])) != 0)
					fail_msg("%s: turn %zu, record %zu: "
						 "%s",
					    FORMS[i].why, n, k,
					    util_show(r.text));
			}
		assert_int_equal(rt_source_next(s, &r, &d), RT_OK);
		assert_int_equal(rt_source_next(s, &r, &d), RT_E_EMPTY);
		rt_source_close(s);
		free(text);
	}
}

static void
hands_an_endless_line_on_as_one_record_too_large(void **state)
{
	static const size_t lengths[] = {RT_RECORD_MAX, RT_RECORD_MAX + 1,
	    BLOCK_BYTES - 1, BLOCK_BYTES, BLOCK_BYTES + 1, 5 * BLOCK_BYTES,
	    5 * BLOCK_BYTES + RT_RECORD_MAX};
	size_t i;

	(void)state;
	for (i = 0; i < RT_COUNT_OF(lengths); i++) {
		char *text = rt_xcalloc(lengths[i] + 32, 1);
		const char *name;
		struct rt_source *s = NULL;
		struct rt_source_record r;
		struct rt_diag d;

		memset(text, 'x', lengths[i]);
		strcpy(text + lengths[i], "\n{\"a\":1}\n");
		name = write_file(0, text, strlen(text));
		assert_int_equal(rt_source_open(&name, 1, &s, &d), RT_OK);
		assert_int_equal(rt_source_next(s, &r, &d), RT_OK);
		assert_int_equal(
		    r.text.len > RT_RECORD_MAX, lengths[i] > RT_RECORD_MAX);
		assert_int_equal(rt_source_next(s, &r, &d), RT_OK);
		assert_true(rt_str_is(r.text, "{\"a\":1}"));
		assert_string_equal(base_name(r.where), "a.log:2");
		assert_int_equal(rt_source_next(s, &r, &d), RT_E_EMPTY);
		rt_source_close(s);
		free(text);
	}
}

static void
passes_over_a_byte_order_mark_at_the_start(void **state)
{
	static const struct {
		const char *text, *want;
	} rows[] = {
	    {"\xef\xbb\xbf{\"a\":1}\n", "{\"a\":1}"},
	    {"\xef\xbb\xbf\r\na: 1\n", "a: 1"},
	    {"\xef\xbb\xbf", NULL},
	    {"\xef\xbb\n", "\xef\xbb"},
	    {"\n\xef\xbb\xbf{}\n", "\xef\xbb\xbf{}"},
	};
	size_t i;

	(void)state;
	for (i = 0; i < RT_COUNT_OF(rows); i++) {
		struct rt_source *s = open_texts(&rows[i].text, 1);
		struct rt_source_record r;
		struct rt_diag d;

		if (rows[i].want) {
			assert_int_equal(rt_source_next(s, &r, &d), RT_OK);
			if (!rt_str_is(r.text, rows[i].want))
				fail_msg("row %zu: %s", i, util_show(r.text));
		}
		assert_int_equal(rt_source_next(s, &r, &d), RT_E_EMPTY);
		rt_source_close(s);
	}
}

/* However long a record is, and in which of its lines: it is refused once. */
static void
hands_an_endless_record_on_as_one_too_large(void **state)
{
	static const struct {
		const char *first, *again, *last; /* again: over and over */
		unsigned lines;
	} rows[] = {
	    {"{\n\"a\":\"", "x", "\"}\n", 2},
	    {"a: 1\nb: ", "x", "\n\n", 3},
	    {"{\n", "\"a\":1,\n", "\"b\":1}\n", 0},
	    {"a: 1\n", "b: 1\n", "---\n", 0},
	};
	size_t i, n, times;

	(void)state;
	for (i = 0; i < RT_COUNT_OF(rows); i++) {
		size_t step = strlen(rows[i].again), len;
		char *text = rt_xcalloc(5 * BLOCK_BYTES + 64, 1), want[32];
		const char *name;
		struct rt_source *s = NULL;
		struct rt_source_record r;
		struct rt_diag d;

		times = 5 * BLOCK_BYTES / step;
		strcpy(text, rows[i].first);
		len = strlen(text);
		for (n = 0; n < times; n++, len += step)
			memcpy(text + len, rows[i].again, step);
		strcpy(text + len, rows[i].last);
		strcat(text, "{\"c\":1}\n");
		snprintf(want, sizeof(want), "a.log:%zu",
		    rows[i].lines ? rows[i].lines + 1 : times + 3);

		name = write_file(0, text, strlen(text));
		assert_int_equal(rt_source_open(&name, 1, &s, &d), RT_OK);
		assert_int_equal(rt_source_next(s, &r, &d), RT_OK);
		assert_true(r.text.len > RT_RECORD_MAX);
		assert_string_equal(base_name(r.where), "a.log:1");
		assert_int_equal(rt_source_next(s, &r, &d), RT_OK);
		if (!rt_str_is(r.text, "{\"c\":1}"))
			fail_msg("row %zu: %.40s", i, util_show(r.text));
		assert_string_equal(base_name(r.where), want);
		assert_int_equal(rt_source_next(s, &r, &d), RT_E_EMPTY);
		rt_source_close(s);
		free(text);
	}
}

/* A long line behind a record is the next record, not cut to one that could pass. */
static void
cuts_a_line_that_was_looked_at_before_its_turn(void **state)
{
	size_t len = 3 * BLOCK_BYTES;
	char *text = rt_xcalloc(len + 32, 1);
	struct rt_source *s;
	struct rt_source_record r;
	struct rt_diag d;

	(void)state;
	memset(text, 'x', len);
	memcpy(text, "a: 1\n{", 6);
	strcpy(text + len, "\n{\"c\":1}\n");
	s = open_texts((const char *const[]){text}, 1);
	assert_int_equal(rt_source_next(s, &r, &d), RT_OK);
	assert_true(rt_str_is(r.text, "a: 1"));
	assert_int_equal(rt_source_next(s, &r, &d), RT_OK);
	assert_true(r.text.len > RT_RECORD_MAX);
	assert_string_equal(base_name(r.where), "a.log:2");
	assert_int_equal(rt_source_next(s, &r, &d), RT_OK);
	assert_true(rt_str_is(r.text, "{\"c\":1}"));
	rt_source_close(s);
	free(text);
}

static void
merges_several_files_by_time(void **state)
{
	static const char *const texts[] = {
	    "{\"ts\":\"2026-01-01T00:00:01Z\",\"n\":1}\n"
	    "{\"n\":2}\n"
	    "{\"ts\":\"2026-01-01T00:00:09Z\",\"n\":3}\n",
	    "timestamp=2026-01-01T00:00:02Z n=4\n"
	    "timestamp=\"2026-01-01T01:00:05+01:00\" n=5\n",
	    "ts: 2026-01-01 00:00:01Z\nn: 6\n\n"
	    "n: 7\n",
	};
	static const char *const want[] = {"a.log:1", "a.log:2", "c.log:1",
	    "c.log:4", "b.log:1", "b.log:2", "a.log:3"};
	struct rt_source *s = open_texts(texts, 3);
	struct rt_source_record r;
	struct rt_diag d;
	size_t i;

	(void)state;
	for (i = 0; i < RT_COUNT_OF(want); i++) {
		assert_int_equal(rt_source_next(s, &r, &d), RT_OK);
		assert_string_equal(base_name(r.where), want[i]);
	}
	assert_int_equal(rt_source_next(s, &r, &d), RT_E_EMPTY);
	rt_source_close(s);
}

static void
finds_the_time_of_a_record_in_any_form(void **state)
{
	static const struct {
		const char *text;
		int64_t want_s; /* -1: none */
	} rows[] = {
	    {"{\"ts\":\"1970-01-01T00:00:07Z\"}", 7},
	    {"{\"x\":\"ts\",\"ts\" : \"1970-01-01T00:00:07Z\"}", 7},
	    {"{\"x\":\"\\\"ts\\\":\\\"1970-01-01T00:00:09Z\\\"\","
	     "\"ts\":\"1970-01-01T00:00:07Z\"}",
		7},
	    {"{\"timestamp\":\"1970-01-01T00:00:07Z\"}", 7},
	    {"{\"xts\":\"1970-01-01T00:00:07Z\"}", -1},
	    {"{\"ts\":null}", -1},
	    {"{\"ts\":", -1},
	    {"{\"ts\"", -1},
	    {"ts", -1},
	    {"ts=1970-01-01T00:00:07Z a=1", 7},
	    {"a=1 ts=\"1970-01-01 00:00:07Z\"", 7},
	    {"a: 1\nts: 1970-01-01T00:00:07Z", 7},
	    {"a: 1\nts: 1970-01-01 00:00:07Z\r\nb: 2", 7},
	    {"", -1},
	};
	size_t i;

	(void)state;
	for (i = 0; i < RT_COUNT_OF(rows); i++) {
		int64_t us = -1000000;
		size_t len = strlen(rows[i].text);
		bool found = rt_source_time(
		    (struct rt_str){util_guarded(rows[i].text, len), len}, &us);

		if (found != (rows[i].want_s >= 0) ||
		    us != rows[i].want_s * 1000000)
			fail_msg("%s: %lld", rows[i].text, (long long)us);
	}
}

static void
names_the_file_that_cannot_be_read(void **state)
{
	const char *names[] = {"/dev/null", "/nowhere/x.log"};
	struct rt_source *s = NULL;
	struct rt_diag d = {{0}, {0}};

	(void)state;
	assert_int_equal(rt_source_open(names, 2, &s, &d), RT_E_IO);
	assert_string_equal(d.where, "/nowhere/x.log");
	assert_string_equal(
	    d.what, "cannot be read: No such file or directory");
	names[1] = dir;
	assert_int_equal(rt_source_open(names, 2, &s, &d), RT_E_IO);
	assert_string_equal(d.where, dir);
	assert_null(s);
}

static void
waits_for_the_end_of_what_still_grows(void **state)
{
	static const struct {
		const char *bytes, *want; /* NULL: nothing yet */
	} steps[] = {{"{\"a\"", NULL}, {":1}", NULL}, {"\n", "{\"a\":1}"},
	    {"{\n\"a\":\n", NULL}, {"", NULL}, {"", NULL}, {"", NULL},
	    {"2}\nx=1 y=2\n", "{\n\"a\":\n2}"}, {"", "x=1 y=2"},
	    {"a: 1\n", NULL}, {"b: 2\n---\nc: 3\n", "a: 1\nb: 2"}, {"", NULL},
	    {"", NULL}, {"", "c: 3"}, {"", NULL}};
	struct rt_source *s = NULL;
	struct rt_diag d = {{0}, {0}};
	struct rt_source_record r;
	const char *path = write_file(0, "", 0);
	size_t i;

	(void)state;
	assert_int_equal(rt_source_follow(path, false, &s, &d), RT_OK);
	s->files[0].wait_ms = 0;
	for (i = 0; i < RT_COUNT_OF(steps); i++) {
		FILE *f = fopen(path, "ab");
		enum rt_err err;

		assert_non_null(f);
		fputs(steps[i].bytes, f);
		fclose(f);
		err = rt_source_next(s, &r, &d);
		if (err != (steps[i].want ? RT_OK : RT_E_AGAIN) ||
		    (steps[i].want && !rt_str_is(r.text, steps[i].want)))
			fail_msg("step %zu: %d, %s", i, (int)err,
			    err == RT_OK ? util_show(r.text) : "");
	}
	rt_source_close(s);
}

static void
names_the_byte_of_a_damaged_file_and_goes_on_with_the_others(void **state)
{
	static const char broken[] = "\x1f\x8b\x08\xff\xff\xff\xff\xff\xff\xff";
	const char *names[2];
	struct rt_source *s = NULL;
	struct rt_source_record r;
	struct rt_diag d = {{0}, {0}};

	(void)state;
	names[0] = write_file(0, broken, sizeof(broken) - 1);
	names[1] = write_file(1, "x y\n", 4);
	assert_int_equal(rt_source_open(names, 2, &s, &d), RT_OK);
	assert_int_equal(rt_source_next(s, &r, &d), RT_E_IO);
	assert_string_equal(d.where, names[0]);
	assert_non_null(strstr(d.what, "gzip data is damaged at byte "));
	assert_int_equal(rt_source_next(s, &r, &d), RT_OK);
	assert_true(rt_str_is(r.text, "x y"));
	assert_int_equal(rt_source_next(s, &r, &d), RT_E_EMPTY);
	rt_source_close(s);
}

static int
make_dir(void **state)
{
	(void)state;
	snprintf(dir, sizeof(dir), "/tmp/rt_source_XXXXXX");
	return mkdtemp(dir) ? 0 : 1;
}

static int
remove_dir(void **state)
{
	unsigned i;

	(void)state;
	for (i = 0; i < FILES_MAX; i++)
		unlink(paths[i]);
	return rmdir(dir);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(finds_the_end_of_each_form),
	    cmocka_unit_test(finds_them_wherever_the_buffer_ends),
	    cmocka_unit_test(hands_an_endless_line_on_as_one_record_too_large),
	    cmocka_unit_test(passes_over_a_byte_order_mark_at_the_start),
	    cmocka_unit_test(hands_an_endless_record_on_as_one_too_large),
	    cmocka_unit_test(cuts_a_line_that_was_looked_at_before_its_turn),
	    cmocka_unit_test(merges_several_files_by_time),
	    cmocka_unit_test(finds_the_time_of_a_record_in_any_form),
	    cmocka_unit_test(names_the_file_that_cannot_be_read),
	    cmocka_unit_test(waits_for_the_end_of_what_still_grows),
	    cmocka_unit_test(
		names_the_byte_of_a_damaged_file_and_goes_on_with_the_others),
	};

	return cmocka_run_group_tests(tests, make_dir, remove_dir);
}
