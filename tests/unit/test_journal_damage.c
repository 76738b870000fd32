/* SPDX-License-Identifier: MIT */
/* Journals that were cut, changed, or lost a segment. */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "tests/unit/journal.h"

/* One segment of 5000 records alone in the folder. */
static char *
one_segment(bool is_compressed, char *path, size_t size, size_t *len)
{
	struct rt_journal *j = journal_open(1 << 30);
	struct rt_journal_list l;

	journal_write(j, 0, 5000, 10);
	rt_journal_close(j, NULL);
	if (is_compressed)
		journal_squeeze_all();
	l = journal_list();
	assert_int_equal(l.count, 1);
	assert_int_equal(l.segments[0].is_compressed, is_compressed);
	snprintf(path, size, "%s/%s", journal_folder, l.segments[0].name);
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
		struct journal_result r;

		at = util_random_below(&random, len);
		bytes[at] = (char)(bytes[at] ^ flip);
		put_file(path, bytes, len);
		bytes[at] = (char)(bytes[at] ^ flip);
		r = journal_read_back(journal_folder);
		assert_int_equal(r.records + r.dropped, 5000);
		assert_true(r.all_in_order);
		assert_true(r.damages > 0);
		assert_true(
		    !is_compressed || strstr(r.first_what, "compressed block"));
		assert_true(r.dropped <= at_most);
		put_file(path, bytes, at);
		r = journal_read_back(journal_folder);
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
	struct rt_journal *j = journal_open(20000);
	struct rt_journal_list l;
	struct journal_result r;
	char path[160];

	(void)state;
	journal_write(j, 0, 1000, 10);
	rt_journal_close(j, NULL);
	l = journal_list();
	assert_true(l.count > 3);
	snprintf(
	    path, sizeof(path), "%s/%s", journal_folder, l.segments[1].name);
	assert_int_equal(unlink(path), 0);
	r = journal_read_back(journal_folder);
	assert_int_equal(
	    r.dropped, l.segments[2].number - l.segments[1].number);
	assert_int_equal(r.records + r.dropped, 1000);
	/* The oldest is no damage: it was its turn. */
	snprintf(
	    path, sizeof(path), "%s/%s", journal_folder, l.segments[0].name);
	assert_int_equal(unlink(path), 0);
	r = journal_read_back(journal_folder);
	assert_int_equal(
	    r.records + r.dropped + l.segments[2].number - 1, 1000 + r.dropped);
	assert_int_equal(r.damages, 0);
	rt_journal_list_free(&l);
}

static void
numbers_go_on_behind_a_tail_that_was_cut_off(void **state)
{
	struct rt_journal *j = journal_open(1 << 30);
	struct rt_journal_list l;
	struct journal_result r;
	char path[160];

	(void)state;
	journal_write(j, 0, 1000, 10);
	rt_journal_close(j, NULL);
	l = journal_list();
	snprintf(
	    path, sizeof(path), "%s/%s", journal_folder, l.segments[0].name);
	assert_int_equal(truncate(path, 10000), 0);
	rt_journal_list_free(&l);
	j = journal_open(1 << 30);
	journal_write(j, 1000, 1100, 10);
	rt_journal_close(j, NULL);
	r = journal_read_back(journal_folder);
	assert_true(r.all_in_order);
	assert_true(r.dropped > 800 && r.dropped < 1000);
	assert_int_equal(r.records + r.dropped, 1100);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    JOURNAL_TEST(damage_of_plain_segments_is_told_exactly),
	    JOURNAL_TEST(
		damage_of_compressed_segments_costs_a_block_and_is_told_exactly),
	    JOURNAL_TEST(a_segment_that_is_gone_is_missed),
	    JOURNAL_TEST(numbers_go_on_behind_a_tail_that_was_cut_off),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
