/* SPDX-License-Identifier: MIT */
#include "tests/unit/util.h"

#include <dirent.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "collector/journal.h"
#include "collector/journal_dir.h"
#include "collector/warm.h"
#include "proto/macro.h"

#define WAIT_MS 10000
#define DAY_MS INT64_C(86400000)

static char folder[64];

static int
make_folder(void **state)
{
	(void)state;
	snprintf(folder, sizeof(folder), "/tmp/rt_journal_XXXXXX");
	return mkdtemp(folder) ? 0 : 1;
}

static int
remove_folder(void **state)
{
	DIR *d = opendir(folder);
	struct dirent *e;

	(void)state;
	while (d && (e = readdir(d)) != NULL)
		unlinkat(dirfd(d), e->d_name, 0);
	if (d)
		closedir(d);
	return rmdir(folder);
}

static struct rt_journal *
open_journal(int64_t segment_bytes)
{
	const struct rt_journal_opts o = {.dir = folder,
	    .segment_bytes = segment_bytes,
	    .segment_age_ms = DAY_MS,
	    .keep_bytes = INT64_C(1) << 40,
	    .keep_age_ms = DAY_MS};
	struct rt_journal *j = NULL;
	struct rt_diag d = {{0}, {0}};

	if (rt_journal_open(&o, &j, &d) != RT_OK)
		fail_msg("%s: %s", d.where, d.what);
	return j;
}

/* The text of record n, of a length of its own and hard to compress. */
static struct rt_str
record(unsigned n)
{
	static char text[1024];
	struct util_random r = {n * UINT64_C(2654435761) + 1};
	size_t len = (size_t)snprintf(text, sizeof(text),
	    "{\"schema\":\"llm-attempt/v1\",\"operation_id\":\"op-%u-", n);
	unsigned i, words = (unsigned)util_random_below(&r, 6) + 1;

	for (i = 0; i < words; i++)
		len += (size_t)snprintf(text + len, sizeof(text) - len,
		    "%016llx", (unsigned long long)util_random(&r));
	len += (size_t)snprintf(text + len, sizeof(text) - len,
	    "\",\"attempt\":1,\"decision\":\"none\"}");
	return (struct rt_str){text, len};
}

/* Frames of `each` records, handed over one by one. */
static void
write_records(struct rt_journal *j, unsigned from, unsigned to, unsigned each)
{
	struct rt_str who, body;
	unsigned n = from;

	while (n < to) {
		struct pollfd p = {rt_journal_fd(j), POLLIN, 0};
		unsigned i;

		for (i = 0; i < each && n < to; i++)
			rt_journal_add(j, record(n++));
		rt_journal_flush(j, (rt_wall_t){(int64_t)n});
		assert_int_equal(poll(&p, 1, WAIT_MS), 1);
		assert_false(rt_journal_take_answer(j, &who, &body));
	}
}

struct result {
	uint64_t records, dropped;
	unsigned damages;
	bool all_in_order; /* every record is one that was written, ascending */
	char first_what[256];
};

static struct result
read_back(const char *path)
{
	struct rt_journal_reader *r = NULL;
	struct rt_journal_frame f;
	struct rt_diag d = {{0}, {0}};
	struct result out = {.all_in_order = true};
	enum rt_err err;

	assert_int_equal(rt_journal_reader_open(path, &r, &d), RT_OK);
	while ((err = rt_journal_reader_next(r, &f, &d)) != RT_E_EMPTY) {
		const char *p = f.records.p;
		uint32_t i;

		if (err != RT_OK) {
			if (out.damages++ == 0)
				memcpy(out.first_what, d.what,
				    sizeof(out.first_what));
			continue;
		}
		for (i = 0; i < f.count; i++) {
			struct rt_str want =
			    record((unsigned)(f.first + i - 1));

			if (memcmp(p, want.p, want.len) != 0 ||
			    p[want.len] != '\n')
				out.all_in_order = false;
			p += want.len + 1;
		}
		out.records += f.count;
	}
	out.dropped = rt_journal_reader_dropped(r);
	rt_journal_reader_close(r);
	return out;
}

static struct rt_journal_list
list_folder(void)
{
	struct rt_journal_list l;
	int fd = open(folder, O_RDONLY | O_DIRECTORY);

	assert_int_equal(rt_journal_list_read(&l, fd), RT_OK);
	close(fd);
	return l;
}

static void
squeeze_all(void)
{
	struct rt_journal_squeeze q;
	int fd = open(folder, O_RDONLY | O_DIRECTORY);

	rt_journal_squeeze_init(&q);
	while (rt_journal_squeeze_step(&q, fd, UINT64_MAX))
		;
	rt_journal_squeeze_fini(&q, fd);
	close(fd);
}

/* ---- writing and reading ------------------------------------------------------- */

static void
what_was_added_is_read_back_over_segments_and_restarts(void **state)
{
	struct rt_journal_stats last;
	struct rt_journal_list l;
	struct result r;
	unsigned n;

	(void)state;
	for (n = 0; n < 3; n++) {
		struct rt_journal *j = open_journal(20000);

		write_records(j, n * 500, (n + 1) * 500, 7);
		rt_journal_close(j, &last);
		assert_int_equal(last.written, 500);
		assert_int_equal(last.not_journalled, 0);
		assert_string_equal(last.state, "ok");
	}
	r = read_back(folder);
	assert_int_equal(r.records, 1500);
	assert_int_equal(r.damages, 0);
	assert_true(r.all_in_order);
	squeeze_all();
	l = list_folder();
	assert_true(l.count > 5);
	for (n = 0; n < l.count; n++)
		assert_true(l.segments[n].is_compressed);
	rt_journal_list_free(&l);
	r = read_back(folder);
	assert_int_equal(r.records, 1500);
	assert_int_equal(r.damages, 0);
	assert_true(r.all_in_order);
}

static void
answers_come_once_their_records_are_on_disk_and_in_order(void **state)
{
	struct rt_journal *j = open_journal(1 << 20);
	struct rt_str to, body;
	unsigned n, got = 0;
	char text[16];

	(void)state;
	for (n = 0; n < 200; n++) {
		rt_journal_add(j, record(n));
		snprintf(text, sizeof(text), "%u", n);
		rt_journal_answer(j, rt_str_of("peer"), rt_str_of(text));
		rt_journal_flush(j, (rt_wall_t){1});
		while (rt_journal_take_answer(j, &to, &body)) {
			snprintf(text, sizeof(text), "%u", got++);
			assert_true(rt_str_is(to, "peer"));
			assert_true(rt_str_is(body, text));
			assert_true(read_back(folder).records >= got);
		}
	}
	while (got < 200) {
		struct pollfd p = {rt_journal_fd(j), POLLIN, 0};

		rt_journal_flush(j, (rt_wall_t){1});
		assert_int_equal(poll(&p, 1, WAIT_MS), 1);
		while (rt_journal_take_answer(j, &to, &body)) {
			snprintf(text, sizeof(text), "%u", got++);
			assert_true(rt_str_is(body, text));
		}
	}
	assert_int_equal(read_back(folder).records, 200);
	rt_journal_close(j, NULL);
}

static void
an_answer_alone_needs_no_disk(void **state)
{
	struct rt_journal *j = open_journal(1 << 20);
	struct rt_str to, body;
	struct rt_journal_list l;

	(void)state;
	rt_journal_answer(j, rt_str_of("p"), rt_str_of("x"));
	rt_journal_flush(j, (rt_wall_t){1});
	assert_true(rt_journal_take_answer(j, &to, &body));
	assert_true(rt_str_is(to, "p") && rt_str_is(body, "x"));
	assert_false(rt_journal_take_answer(j, &to, &body));
	rt_journal_close(j, NULL);
	l = list_folder();
	assert_int_equal(l.count, 0);
	rt_journal_list_free(&l);
}

static void
what_does_not_fit_or_could_not_be_read_back_is_counted(void **state)
{
	static char big[RT_RECORD_MAX + 1];
	struct rt_journal *j = open_journal(1 << 30);
	struct rt_journal_stats last;
	unsigned n;

	(void)state;
	memset(big, 'x', sizeof(big));
	rt_journal_add(j, RT_STR_NONE);
	rt_journal_add(j, (struct rt_str){big, RT_RECORD_MAX + 1});
	for (n = 0; n < 400; n++) /* without a flush: more than a frame holds */
		rt_journal_add(j, (struct rt_str){big, RT_RECORD_MAX});
	rt_journal_close(j, &last);
	assert_int_equal(last.written, (3u << 20) / (RT_RECORD_MAX + 1));
	assert_int_equal(last.written + last.not_journalled, 402);
}

/* ---- marks --------------------------------------------------------------------- */

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
	    "#{\"refused\":\"not_json\",\"emitter\":\"a\",\"count\":2,"
	    "\"seq\":9223372036854775806}",
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
	struct rt_journal *j = open_journal(1 << 20);
	struct rt_journal_stats last;
	struct rt_journal_reader *r = NULL;
	struct rt_journal_frame f;
	struct rt_diag d = {{0}, {0}};
	struct rt_mark m;
	struct rt_str line = record(0);
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
		j = open_journal(1);
		rt_journal_mark(j, &m);
		rt_journal_close(j, &last);
		assert_int_equal(last.written, 0);
		assert_int_equal(last.not_journalled, 0);
		squeeze_all();
	}
	assert_int_equal(rt_journal_reader_open(folder, &r, &d), RT_OK);
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

/* More than any table of gaps holds, in one frame: order is what makes it right. */
static void
a_warm_start_knows_what_was_refused_between(void **state)
{
	enum { COUNT = 1000 };
	const struct rt_moment now = {{3 * RT_WARM_US}, {3 * RT_WARM_US}};
	struct rt_aggregate_opts o = {
	    .is_live = true, .capacity = {.operations = 4096}};
	struct rt_warm w = {.now = now, .intake = rt_intake_new(4)};
	struct rt_journal_frame f = {.arrived_us = now.wall.us - 1000000};
	const struct rt_query q = {0};
	struct rt_report r;
	struct rt_buf b;
	struct rt_mark m;
	int i;

	(void)state;
	rt_buf_init(&b, 1u << 20);
	for (i = 1; i <= COUNT; i++) {
		if (i % 2) {
			rt_buf_printf(&b,
			    "{\"schema\":\"llm-attempt/v1\",\"operation_id\":"
			    "\"o%d\",\"attempt\":1,\"emitter\":\"a\",\"seq\":"
			    "%d}",
			    i, i);
		} else {
			m = mark(RT_REJECT_TOO_DEEP, "a", i);
			rt_mark_encode(&b, &m);
		}
		rt_buf_putc(&b, '\n');
	}
	rt_buf_puts(&b,
	    "#{\"refused\":\"duplicate\",\"emitter\":\"a\","
	    "\"count\":7}\n#{\"refused\":\"duplicate\","
	    "\"count\":2}\n#nothing\n");
	f.records = (struct rt_str){b.p, b.len};
	w.aggregate = rt_aggregate_new(&o, rt_warm_begin(now));
	rt_warm_frame(&w, &f);
	rt_aggregate_restored(w.aggregate, now);
	rt_report_init(&r);
	rt_aggregate_report(w.aggregate, &q, now, &r);
	assert_int_equal(w.records, COUNT / 2);
	assert_int_equal(r.counts.n[RT_C_ACCEPTED], COUNT / 2);
	assert_int_equal(
	    r.counts.n[RT_C_REJECT + RT_REJECT_TOO_DEEP], COUNT / 2);
	assert_int_equal(r.counts.n[RT_C_DUPLICATES], 9);
	assert_int_equal(r.lost, 0);
	assert_int_equal(r.emitters_count, 1);
	assert_int_equal(r.emitters[0].received, COUNT);
	assert_int_equal(r.emitters[0].duplicates, 7);
	assert_int_equal(r.overflow[RT_OVERFLOW_GAPS], 0);
	rt_report_fini(&r);
	rt_aggregate_free(w.aggregate);
	rt_intake_free(w.intake);
	rt_buf_fini(&b);
}

static void
a_folder_has_one_writer(void **state)
{
	const struct rt_journal_opts o = {.dir = folder};
	struct rt_journal *j = open_journal(1 << 20), *second = NULL;
	struct rt_diag d = {{0}, {0}};

	(void)state;
	assert_int_equal(rt_journal_open(&o, &second, &d), RT_E_BUSY);
	assert_null(second);
	assert_non_null(strstr(d.what, "another collector"));
	rt_journal_close(j, NULL);
	rt_journal_close(open_journal(1 << 20), NULL);
}

static void
a_place_that_is_no_folder_is_refused(void **state)
{
	const struct rt_journal_opts o = {.dir = "/dev/null"};
	struct rt_journal *j = NULL;
	struct rt_diag d = {{0}, {0}};

	(void)state;
	assert_int_equal(rt_journal_open(&o, &j, &d), RT_E_IO);
	assert_null(j);
	assert_non_null(strstr(d.what, "cannot hold a journal"));
}

static void
a_folder_that_is_removed_is_told_and_counted(void **state)
{
	struct rt_journal *j = open_journal(1);
	struct rt_journal_stats s;

	(void)state;
	write_records(j, 0, 1, 1); /* closed: it has its one byte */
	assert_int_equal(remove_folder(NULL), 0);
	write_records(j, 1, 4, 1);
	rt_journal_stats(j, &s);
	assert_int_equal(s.written, 1);
	assert_int_equal(s.not_journalled, 3);
	assert_non_null(strstr(s.state, "cannot be written"));
	rt_journal_close(j, NULL);
	assert_int_equal(mkdir(folder, 0700), 0);
}

/* Until the one segment there is compressed: the thread is idle then. */
static void
await_compressed(void)
{
	bool is_done = false;
	int turns;

	for (turns = 0; !is_done && turns < WAIT_MS; turns++) {
		struct rt_journal_list l = list_folder();

		is_done = l.count == 1 && l.segments[0].is_compressed;
		rt_journal_list_free(&l);
		poll(NULL, 0, 1);
	}
	assert_true(is_done);
}

/* A pipe without a reader in the place of the next segment holds the thread up. */
static void
a_disk_that_hangs_never_holds_up_the_loop(void **state)
{
	static char big[RT_RECORD_MAX];
	struct rt_journal *j = open_journal(1);
	struct rt_journal_stats s;
	char path[160];
	unsigned n, added = 1;
	int fd;

	(void)state;
	memset(big, 'x', sizeof(big));
	write_records(j, 0, 1, 1);
	await_compressed();
	snprintf(path, sizeof(path), "%s/segment-%020u.rtj", folder, 2u);
	assert_int_equal(mkfifo(path, 0600), 0);
	for (n = 1; n <= 4000; n++) { /* 32 MiB */
		rt_journal_add(j, (struct rt_str){big, sizeof(big)});
		added++;
		if (n % 40 == 0)
			rt_journal_flush(j, (rt_wall_t){1});
	}
	rt_journal_stats(j, &s);
	assert_int_equal(s.written, 1);
	assert_true(s.not_journalled > 1000 && s.not_journalled < 2500);
	fd = open(path, O_RDWR | O_NONBLOCK | O_CLOEXEC);
	assert_true(fd >= 0);
	unlink(path);
	close(fd);
	rt_journal_close(j, &s);
	assert_int_equal(s.written + s.not_journalled, added);
	assert_true(s.written > 1000);
	assert_string_equal(s.state, "ok");
}

/* ---- damage -------------------------------------------------------------------- */

/* One segment of 5000 records alone in the folder. */
static char *
one_segment(bool is_compressed, char *path, size_t size, size_t *len)
{
	struct rt_journal *j = open_journal(1 << 30);
	struct rt_journal_list l;

	write_records(j, 0, 5000, 10);
	rt_journal_close(j, NULL);
	if (is_compressed)
		squeeze_all();
	l = list_folder();
	assert_int_equal(l.count, 1);
	assert_int_equal(l.segments[0].is_compressed, is_compressed);
	snprintf(path, size, "%s/%s", folder, l.segments[0].name);
	rt_journal_list_free(&l);
	return util_read_file(path, len);
}

static void
put_file(const char *path, const char *p, size_t len)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);

	assert_int_equal(write(fd, p, len), len);
	close(fd);
}

static void
damage_anywhere(bool is_compressed, uint64_t at_most)
{
	struct util_random random = util_random_begin(77);
	char path[160];
	size_t len, at;
	char *bytes = one_segment(is_compressed, path, sizeof(path), &len);
	unsigned turn;

	for (turn = 0; turn < 150; turn++) {
		char flip = (char)(1 << util_random_below(&random, 7));
		struct result r;

		at = util_random_below(&random, len);
		bytes[at] = (char)(bytes[at] ^ flip);
		put_file(path, bytes, len);
		bytes[at] = (char)(bytes[at] ^ flip);
		r = read_back(folder);
		assert_int_equal(r.records + r.dropped, 5000);
		assert_true(r.all_in_order);
		assert_true(r.damages > 0);
		assert_true(
		    !is_compressed || strstr(r.first_what, "compressed block"));
		assert_true(r.dropped <= at_most);
		put_file(path, bytes, at);
		r = read_back(folder);
		assert_int_equal(r.records + r.dropped, 5000);
		assert_true(r.all_in_order);
	}
	free(bytes);
}

static void
damage_of_plain_segments_is_told_exactly(void **state)
{
	(void)state;
	damage_anywhere(false, 10);
}

/* A block holds some 2000 of these records. */
static void
damage_of_compressed_segments_costs_a_block_and_is_told_exactly(void **state)
{
	(void)state;
	damage_anywhere(true, 2600);
}

static void
a_segment_that_is_gone_is_missed(void **state)
{
	struct rt_journal *j = open_journal(20000);
	struct rt_journal_list l;
	struct result r;
	char path[160];

	(void)state;
	write_records(j, 0, 1000, 10);
	rt_journal_close(j, NULL);
	l = list_folder();
	assert_true(l.count > 3);
	snprintf(path, sizeof(path), "%s/%s", folder, l.segments[1].name);
	assert_int_equal(unlink(path), 0);
	r = read_back(folder);
	assert_int_equal(
	    r.dropped, l.segments[2].number - l.segments[1].number);
	assert_int_equal(r.records + r.dropped, 1000);
	/* The oldest is no damage: it was its turn. */
	snprintf(path, sizeof(path), "%s/%s", folder, l.segments[0].name);
	assert_int_equal(unlink(path), 0);
	r = read_back(folder);
	assert_int_equal(
	    r.records + r.dropped + l.segments[2].number - 1, 1000 + r.dropped);
	assert_int_equal(r.damages, 0);
	rt_journal_list_free(&l);
}

static void
numbers_go_on_behind_a_tail_that_was_cut_off(void **state)
{
	struct rt_journal *j = open_journal(1 << 30);
	struct rt_journal_list l;
	struct result r;
	char path[160];

	(void)state;
	write_records(j, 0, 1000, 10);
	rt_journal_close(j, NULL);
	l = list_folder();
	snprintf(path, sizeof(path), "%s/%s", folder, l.segments[0].name);
	assert_int_equal(truncate(path, 10000), 0);
	rt_journal_list_free(&l);
	j = open_journal(1 << 30);
	write_records(j, 1000, 1100, 10);
	rt_journal_close(j, NULL);
	r = read_back(folder);
	assert_true(r.all_in_order);
	assert_true(r.dropped > 800 && r.dropped < 1000);
	assert_int_equal(r.records + r.dropped, 1100);
}

/* ---- retention ----------------------------------------------------------------- */

static int64_t
bytes_of(int fd, const struct rt_journal_list *l)
{
	struct stat st;
	int64_t sum = 0;
	size_t i;

	for (i = 0; i < l->count; i++)
		if (fstatat(fd, l->segments[i].name, &st, 0) == 0)
			sum += st.st_size;
	return sum;
}

static void
the_oldest_go_first_and_the_open_one_never(void **state)
{
	struct rt_journal *j = open_journal(20000);
	int fd = open(folder, O_RDONLY | O_DIRECTORY);
	struct rt_journal_list l;
	uint64_t last;
	size_t n;

	(void)state;
	write_records(j, 0, 1000, 10);
	rt_journal_close(j, NULL);
	squeeze_all();
	l = list_folder();
	n = l.count;
	last = l.segments[n - 1].number;
	rt_journal_list_free(&l);
	assert_true(n > 4);
	rt_journal_retain(fd, UINT64_MAX, DAY_MS, rt_clock_wall().us, last);
	l = list_folder();
	assert_int_equal(l.count, n);
	rt_journal_list_free(&l);
	rt_journal_retain(fd, 25000, DAY_MS, rt_clock_wall().us, last);
	l = list_folder();
	assert_true(l.count > 1 && l.count < n);
	assert_true(bytes_of(fd, &l) <= 25000);
	assert_true(bytes_of(fd, &l) > 25000 - 20000);
	assert_int_equal(l.segments[l.count - 1].number, last);
	rt_journal_list_free(&l);
	rt_journal_retain(fd, UINT64_MAX, DAY_MS,
	    rt_clock_wall().us + 2 * DAY_MS * 1000, last);
	l = list_folder();
	assert_int_equal(l.count, 1);
	assert_int_equal(l.segments[0].number, last);
	rt_journal_list_free(&l);
	close(fd);
}

/* ---- warm-up ------------------------------------------------------------------- */

static void
count_one(void *arg, struct rt_str line)
{
	assert_true(line.len > 0);
	++*(unsigned *)arg;
}

static void
records_and_senders_come_back_at_the_moment_they_arrived(void **state)
{
	const struct rt_aggregate_opts o = {.is_live = true,
	    .capacity = {.operations = 1024, .sketch_chunks = 64}};
	const struct rt_moment now = {
	    {2 * RT_WARM_US}, {INT64_C(1700000000000000)}};
	struct rt_wire_header h = {1, "em", 7, 501, 0, 600, 0};
	struct rt_intake_verdict v;
	struct rt_warm w = {rt_aggregate_new(&o, rt_warm_begin(now)),
	    rt_intake_new(8), now, 0, 0};
	const struct {
		int64_t age_s;
		uint32_t window_s;
		uint64_t in_window;
	} rows[] = {{3601, 3600, 0}, {3000, 3600, 1}, {600, 900, 1},
	    {200, 300, 1}, {30, 60, 1}, {-50, 60, 2}};
	struct rt_query q = {.no_series = true};
	struct rt_report r;
	struct rt_buf senders;
	char text[RT_WIRE_HEADER_MAX];
	unsigned told = 0;
	unsigned i;

	(void)state;
	rt_buf_init(&senders, 4096);
	rt_buf_puts(&senders, "not a sender\n");
	rt_buf_add(
	    &senders, text, rt_wire_header_encode(text, sizeof(text), &h));
	rt_buf_putc(&senders, '\n');
	rt_report_init(&r);
	rt_aggregate_on_accepted(w.aggregate, count_one, &told);
	for (i = 0; i < RT_COUNT_OF(rows); i++) {
		struct rt_journal_frame f = {i + 1, 1,
		    now.wall.us - rows[i].age_s * 1000000, record(i),
		    {senders.p, senders.len}};

		rt_warm_frame(&w, &f);
	}
	rt_aggregate_restored(w.aggregate, now);
	assert_int_equal(w.records, RT_COUNT_OF(rows) - 1);
	assert_int_equal(told, 0);
	assert_int_equal(w.senders, RT_COUNT_OF(rows));
	for (i = 1; i < RT_COUNT_OF(rows); i++) {
		rt_report_reset(&r);
		q.window_s = rows[i].window_s;
		rt_aggregate_report(w.aggregate, &q, now, &r);
		assert_true(r.counts.n[RT_C_ACCEPTED] >= rows[i].in_window);
	}
	q.window_s = 60;
	rt_report_reset(&r);
	rt_aggregate_report(w.aggregate, &q, now, &r);
	assert_int_equal(r.counts.n[RT_C_ACCEPTED], 2);
	assert_int_equal(r.source.uptime_ms, 0);
	/* Sent again, as the answer was lost: known already. */
	h.count = 10;
	h.first_seq = 496;
	rt_intake_take(w.intake, &h, now.mono, &v);
	assert_int_equal(v.action, RT_INTAKE_TAKE);
	assert_int_equal(v.skip, 5);
	h.first_seq = 490;
	rt_intake_take(w.intake, &h, now.mono, &v);
	assert_int_equal(v.action, RT_INTAKE_NOTHING);
	rt_aggregate_record(w.aggregate, record(99), now, "test");
	assert_int_equal(told, 1);
	rt_report_fini(&r);
	rt_buf_fini(&senders);
	rt_aggregate_free(w.aggregate);
	rt_intake_free(w.intake);
}

int
main(void)
{
#define T(name) \
	cmocka_unit_test_setup_teardown(name, make_folder, remove_folder)
	const struct CMUnitTest tests[] = {
	    T(what_was_added_is_read_back_over_segments_and_restarts),
	    T(answers_come_once_their_records_are_on_disk_and_in_order),
	    T(an_answer_alone_needs_no_disk),
	    T(what_does_not_fit_or_could_not_be_read_back_is_counted),
	    cmocka_unit_test(a_mark_is_read_back_and_nothing_else_is_one),
	    cmocka_unit_test(marks_in_a_row_become_one),
	    T(marks_stand_between_the_records_and_are_none),
	    cmocka_unit_test(a_warm_start_knows_what_was_refused_between),
	    T(a_folder_has_one_writer),
	    cmocka_unit_test(a_place_that_is_no_folder_is_refused),
	    T(a_folder_that_is_removed_is_told_and_counted),
	    T(a_disk_that_hangs_never_holds_up_the_loop),
	    T(damage_of_plain_segments_is_told_exactly),
	    T(damage_of_compressed_segments_costs_a_block_and_is_told_exactly),
	    T(a_segment_that_is_gone_is_missed),
	    T(numbers_go_on_behind_a_tail_that_was_cut_off),
	    T(the_oldest_go_first_and_the_open_one_never),
	    cmocka_unit_test(
		records_and_senders_come_back_at_the_moment_they_arrived),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
