/* SPDX-License-Identifier: MIT */
/* Writing a journal and reading it back, who may, and what goes first. */
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "proto/clock.h"
#include "tests/unit/journal.h"

static void
what_was_added_is_read_back_over_segments_and_restarts(void **state)
{
	struct rt_journal_stats last;
	struct rt_journal_list l;
	struct journal_result r;
	unsigned n;

	(void)state;
	for (n = 0; n < 3; n++) {
		struct rt_journal *j = journal_open(20000);

		journal_write(j, n * 500, (n + 1) * 500, 7);
		rt_journal_close(j, &last);
		assert_int_equal(last.written, 500);
		assert_int_equal(last.not_journalled, 0);
		assert_string_equal(last.state, "ok");
	}
	r = journal_read_back(journal_folder);
	assert_int_equal(r.records, 1500);
	assert_int_equal(r.damages, 0);
	assert_true(r.all_in_order);
	journal_squeeze_all();
	l = journal_list();
	assert_true(l.count > 5);
	for (n = 0; n < l.count; n++)
		assert_true(l.segments[n].is_compressed);
	rt_journal_list_free(&l);
	r = journal_read_back(journal_folder);
	assert_int_equal(r.records, 1500);
	assert_int_equal(r.damages, 0);
	assert_true(r.all_in_order);
}

static void
answers_come_once_their_records_are_on_disk_and_in_order(void **state)
{
	struct rt_journal *j = journal_open(1 << 20);
	struct rt_str to, body;
	unsigned n, got = 0;
	char text[16];

	(void)state;
	for (n = 0; n < 200; n++) {
		rt_journal_add(j, journal_record(n));
		snprintf(text, sizeof(text), "%u", n);
		rt_journal_answer(j, rt_str_of("peer"), rt_str_of(text));
		rt_journal_flush(j, (rt_wall_t){1});
		while (rt_journal_take_answer(j, &to, &body)) {
			snprintf(text, sizeof(text), "%u", got++);
			assert_true(rt_str_is(to, "peer"));
			assert_true(rt_str_is(body, text));
			assert_true(
			    journal_read_back(journal_folder).records >= got);
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
	assert_int_equal(journal_read_back(journal_folder).records, 200);
	rt_journal_close(j, NULL);
}

static void
an_answer_alone_needs_no_disk(void **state)
{
	struct rt_journal *j = journal_open(1 << 20);
	struct rt_str to, body;
	struct rt_journal_list l;

	(void)state;
	rt_journal_answer(j, rt_str_of("p"), rt_str_of("x"));
	rt_journal_flush(j, (rt_wall_t){1});
	assert_true(rt_journal_take_answer(j, &to, &body));
	assert_true(rt_str_is(to, "p") && rt_str_is(body, "x"));
	assert_false(rt_journal_take_answer(j, &to, &body));
	rt_journal_close(j, NULL);
	l = journal_list();
	assert_int_equal(l.count, 0);
	rt_journal_list_free(&l);
}

static void
what_does_not_fit_or_could_not_be_read_back_is_counted(void **state)
{
	static char big[RT_RECORD_MAX + 1];
	struct rt_journal *j = journal_open(1 << 30);
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

static void
a_folder_has_one_writer(void **state)
{
	const struct rt_journal_opts o = {.dir = journal_folder};
	struct rt_journal *j = journal_open(1 << 20), *second = NULL;
	struct rt_diag d = {{0}, {0}};

	(void)state;
	assert_int_equal(rt_journal_open(&o, &second, &d), RT_E_BUSY);
	assert_null(second);
	assert_non_null(strstr(d.what, "another collector"));
	rt_journal_close(j, NULL);
	rt_journal_close(journal_open(1 << 20), NULL);
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
	struct rt_journal *j = journal_open(1);
	struct rt_journal_stats s;

	(void)state;
	journal_write(j, 0, 1, 1); /* closed: it has its one byte */
	assert_int_equal(journal_remove_folder(NULL), 0);
	journal_write(j, 1, 4, 1);
	rt_journal_stats(j, &s);
	assert_int_equal(s.written, 1);
	assert_int_equal(s.not_journalled, 3);
	assert_non_null(strstr(s.state, "cannot be written"));
	rt_journal_close(j, NULL);
	assert_int_equal(mkdir(journal_folder, 0700), 0);
}

/* Until the one segment there is compressed: the thread is idle then. */
static void
await_compressed(void)
{
	bool is_done = false;
	int turns;

	for (turns = 0; !is_done && turns < WAIT_MS; turns++) {
		struct rt_journal_list l = journal_list();

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
	struct rt_journal *j = journal_open(1);
	struct rt_journal_stats s;
	char path[160];
	unsigned n, added = 1;
	int fd;

	(void)state;
	memset(big, 'x', sizeof(big));
	journal_write(j, 0, 1, 1);
	await_compressed();
	snprintf(
	    path, sizeof(path), "%s/segment-%020u.rtj", journal_folder, 2u);
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
	struct rt_journal *j = journal_open(20000);
	int fd = open(journal_folder, O_RDONLY | O_DIRECTORY);
	struct rt_journal_list l;
	uint64_t last;
	size_t n;

	(void)state;
	journal_write(j, 0, 1000, 10);
	rt_journal_close(j, NULL);
	journal_squeeze_all();
	l = journal_list();
	n = l.count;
	last = l.segments[n - 1].number;
	rt_journal_list_free(&l);
	assert_true(n > 4);
	rt_journal_retain(fd, UINT64_MAX, DAY_MS, rt_clock_wall().us, last);
	l = journal_list();
	assert_int_equal(l.count, n);
	rt_journal_list_free(&l);
	rt_journal_retain(fd, 25000, DAY_MS, rt_clock_wall().us, last);
	l = journal_list();
	assert_true(l.count > 1 && l.count < n);
	assert_true(bytes_of(fd, &l) <= 25000);
	assert_true(bytes_of(fd, &l) > 25000 - 20000);
	assert_int_equal(l.segments[l.count - 1].number, last);
	rt_journal_list_free(&l);
	rt_journal_retain(fd, UINT64_MAX, DAY_MS,
	    rt_clock_wall().us + 2 * DAY_MS * 1000, last);
	l = journal_list();
	assert_int_equal(l.count, 1);
	assert_int_equal(l.segments[0].number, last);
	rt_journal_list_free(&l);
	close(fd);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    JOURNAL_TEST(
		what_was_added_is_read_back_over_segments_and_restarts),
	    JOURNAL_TEST(
		answers_come_once_their_records_are_on_disk_and_in_order),
	    JOURNAL_TEST(an_answer_alone_needs_no_disk),
	    JOURNAL_TEST(
		what_does_not_fit_or_could_not_be_read_back_is_counted),
	    JOURNAL_TEST(a_folder_has_one_writer),
	    cmocka_unit_test(a_place_that_is_no_folder_is_refused),
	    JOURNAL_TEST(a_folder_that_is_removed_is_told_and_counted),
	    JOURNAL_TEST(a_disk_that_hangs_never_holds_up_the_loop),
	    JOURNAL_TEST(the_oldest_go_first_and_the_open_one_never),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
