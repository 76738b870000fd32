/* SPDX-License-Identifier: MIT */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "collector/owner_file.h"
#include "tests/unit/util.h"

#define A "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define B "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"

static void
an_id_belongs_to_the_key_that_came_first(void **state)
{
	struct rt_owner *o = rt_owner_new();

	(void)state;
	assert_true(rt_owner_claim(o, A, rt_str_of("one")));
	assert_true(rt_owner_claim(o, A, rt_str_of("one")));
	assert_false(rt_owner_claim(o, B, rt_str_of("one")));
	assert_true(rt_owner_claim(o, B, rt_str_of("two")));
	assert_false(rt_owner_claim(o, A, rt_str_of("two")));
	assert_int_equal(rt_owner_forgotten(o), 0);
	rt_owner_free(o);
}

static void
a_key_with_too_many_ids_forgets_its_own_oldest(void **state)
{
	struct rt_owner *o = rt_owner_new();
	char id[16];
	unsigned i;

	(void)state;
	assert_true(rt_owner_claim(o, B, rt_str_of("of-b")));
	for (i = 0; i < RT_OWNER_IDS_MAX; i++) {
		snprintf(id, sizeof(id), "a%u", i);
		assert_true(rt_owner_claim(o, A, rt_str_of(id)));
	}
	assert_int_equal(rt_owner_forgotten(o), 0);
	assert_true(
	    rt_owner_claim(o, A, rt_str_of("a0"))); /* now a1 is the oldest */
	assert_true(rt_owner_claim(o, A, rt_str_of("more")));
	assert_int_equal(rt_owner_forgotten(o), 1);
	assert_false(rt_owner_claim(o, B, rt_str_of("a0")));
	assert_true(rt_owner_claim(o, B, rt_str_of("a1")));
	assert_false(rt_owner_claim(o, A, rt_str_of("of-b")));
	rt_owner_free(o);
}

static void
one_key_too_many_takes_the_place_of_the_quietest(void **state)
{
	struct rt_owner *o = rt_owner_new();
	char key[41], id[16];
	unsigned i;

	(void)state;
	for (i = 0; i < RT_OWNER_KEYS_MAX; i++) {
		snprintf(key, sizeof(key), "%040u", i);
		snprintf(id, sizeof(id), "id%u", i);
		assert_true(rt_owner_claim(o, key, rt_str_of(id)));
	}
	snprintf(key, sizeof(key), "%040u", 0u);
	assert_true(rt_owner_claim(o, key, rt_str_of("id0")));
	assert_int_equal(rt_owner_forgotten(o), 0);
	assert_true(rt_owner_claim(o, A, rt_str_of("new")));
	assert_int_equal(rt_owner_forgotten(o), 1);
	assert_true(rt_owner_claim(o, A, rt_str_of("id1")));
	assert_false(rt_owner_claim(o, A, rt_str_of("id0")));
	rt_owner_free(o);
}

static void
who_has_no_key_may_use_what_belongs_to_nobody(void **state)
{
	struct rt_owner *o = rt_owner_new();

	(void)state;
	assert_true(rt_owner_claim(o, NULL, rt_str_of("one")));
	assert_true(rt_owner_claim(o, A, rt_str_of("one")));
	assert_false(rt_owner_claim(o, NULL, rt_str_of("one")));
	assert_false(rt_owner_may(o, NULL, rt_str_of("one")));
	assert_false(rt_owner_may(o, B, rt_str_of("one")));
	assert_true(rt_owner_may(o, A, rt_str_of("one")));
	assert_true(rt_owner_may(o, B, rt_str_of("two")));
	assert_true(rt_owner_claim(o, A, rt_str_of("two")));
	rt_owner_free(o);
}

static void
text_that_is_no_id_belongs_to_nobody(void **state)
{
	static const char long_one[] = A "bbbbbbbbbbbbbbbbbbbbbbbbb";
	static const char *const texts[] = {
	    "", "a b", "a\nb", "\xc3\xa9", long_one};
	struct rt_owner *o = rt_owner_new();
	size_t i;

	(void)state;
	for (i = 0; i < RT_COUNT_OF(texts); i++) {
		assert_true(rt_owner_claim(o, A, rt_str_of(texts[i])));
		assert_true(rt_owner_claim(o, B, rt_str_of(texts[i])));
	}
	assert_true(rt_owner_claim(o, A, (struct rt_str){"a\0b", 3}));
	assert_true(rt_owner_claim(o, B, (struct rt_str){"a\0b", 3}));
	assert_int_equal(rt_owner_changes(o), 0);
	rt_owner_free(o);
}

/* Against a list that is searched from end to end. */
static void
agrees_with_a_plain_list_over_many_claims(void **state)
{
	static char owner_of[600]; /* by the number of the id; 0: nobody */
	struct rt_owner *o = rt_owner_new();
	struct util_random r = util_random_begin(20261122);
	unsigned turn, count[2] = {0, 0};

	(void)state;
	memset(owner_of, 0, sizeof(owner_of));
	for (turn = 0; turn < 20000; turn++) {
		unsigned who = (unsigned)util_random_below(&r, 2);
		size_t n = util_random_below(&r, sizeof(owner_of));
		char mine = who ? 'b' : 'a', id[16];
		bool want = !owner_of[n] || owner_of[n] == mine;

		/* Within the bound nothing is ever forgotten. */
		if (!owner_of[n] && count[who] == RT_OWNER_IDS_MAX)
			continue;
		snprintf(id, sizeof(id), "id%zu", n);
		assert_int_equal(
		    rt_owner_claim(o, who ? B : A, rt_str_of(id)), want);
		if (!owner_of[n])
			count[who]++;
		if (want)
			owner_of[n] = mine;
	}
	assert_int_equal(rt_owner_forgotten(o), 0);
	assert_int_equal(rt_owner_changes(o), count[0] + count[1]);
	rt_owner_free(o);
}

static void
its_text_read_again_gives_the_same_and_the_same_order(void **state)
{
	struct rt_owner *o = rt_owner_new(), *again = rt_owner_new();
	struct rt_buf b, c;
	char id[16];
	unsigned i;

	(void)state;
	rt_buf_init(&b, RT_OWNER_TEXT_MAX);
	rt_buf_init(&c, RT_OWNER_TEXT_MAX);
	for (i = 0; i < RT_OWNER_IDS_MAX; i++) {
		snprintf(id, sizeof(id), "a%u", i);
		assert_true(rt_owner_claim(o, A, rt_str_of(id)));
	}
	assert_true(rt_owner_claim(o, B, rt_str_of("of-b")));
	assert_true(rt_owner_claim(o, A, rt_str_of("a0")));
	rt_owner_encode(o, &b);
	assert_int_equal(
	    rt_owner_decode(again, (struct rt_str){b.p, b.len}), 0);
	rt_owner_encode(again, &c);
	assert_string_equal(b.p, c.p);
	assert_false(rt_owner_claim(again, B, rt_str_of("a7")));
	assert_true(rt_owner_claim(again, A, rt_str_of("one-more")));
	assert_true(rt_owner_claim(again, B, rt_str_of("a1")));
	rt_buf_fini(&b);
	rt_buf_fini(&c);
	rt_owner_free(o);
	rt_owner_free(again);
}

static void
lines_that_are_no_pair_are_counted_and_passed_over(void **state)
{
	static const char text[] =
	    RT_OWNER_TITLE "\n" A " one\n"
			   "short one\n" A "one\n" A " \n" A " a b\n" B
			   " one\n" B " two\n" RT_OWNER_TITLE "\n\n" B " cut";
	struct rt_owner *o = rt_owner_new();

	(void)state;
	assert_int_equal(rt_owner_decode(o, rt_str_of(text)), 7);
	assert_false(rt_owner_may(o, B, rt_str_of("one")));
	assert_false(rt_owner_may(o, A, rt_str_of("two")));
	assert_false(rt_owner_may(o, A, rt_str_of("cut")));
	rt_owner_free(o);
}

static rt_mono_t
at_ms(int64_t ms)
{
	return (rt_mono_t){1000000000 + ms * 1000};
}

static void
a_file_keeps_them_and_is_written_once_a_second(void **state)
{
	struct rt_owner *o = rt_owner_new(), *again = rt_owner_new();
	struct rt_owner_file f, g;
	struct rt_diag d = {{0}, {0}};
	char dir[] = "/tmp/retrytop-test-XXXXXX", path[64];
	struct stat st;

	(void)state;
	assert_non_null(mkdtemp(dir));
	snprintf(path, sizeof(path), "%s/owners", dir);
	assert_int_equal(rt_owner_file_open(&f, path, o, &d), RT_OK);
	assert_true(rt_owner_file_tend(&f, o, at_ms(0), true, &d));
	assert_int_equal(access(path, F_OK), -1);
	assert_true(rt_owner_claim(o, A, rt_str_of("one")));
	assert_true(rt_owner_file_tend(&f, o, at_ms(5000), false, &d));
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0600);
	assert_true(rt_owner_claim(o, B, rt_str_of("two")));
	assert_true(rt_owner_file_tend(&f, o, at_ms(5500), false, &d));
	assert_int_equal(rt_owner_file_open(&g, path, again, &d), RT_OK);
	assert_true(rt_owner_may(again, A, rt_str_of("two")));
	assert_true(rt_owner_file_tend(&f, o, at_ms(5500), true, &d));
	rt_owner_free(again);
	again = rt_owner_new();
	assert_int_equal(rt_owner_file_open(&g, path, again, &d), RT_OK);
	assert_false(rt_owner_may(again, A, rt_str_of("two")));
	/* Nobody's link is followed, and a failure is told once. */
	assert_int_equal(unlink(path), 0);
	assert_int_equal(symlink("/etc/passwd", path), 0);
	assert_int_equal(rt_owner_file_open(&g, path, again, &d), RT_E_IO);
	assert_int_equal(unlink(path), 0);
	assert_int_equal(rmdir(dir), 0);
	assert_true(rt_owner_claim(o, A, rt_str_of("three")));
	assert_false(rt_owner_file_tend(&f, o, at_ms(9000), false, &d));
	assert_true(rt_owner_file_tend(&f, o, at_ms(19000), false, &d));
	rt_owner_free(o);
	rt_owner_free(again);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(an_id_belongs_to_the_key_that_came_first),
	    cmocka_unit_test(a_key_with_too_many_ids_forgets_its_own_oldest),
	    cmocka_unit_test(one_key_too_many_takes_the_place_of_the_quietest),
	    cmocka_unit_test(who_has_no_key_may_use_what_belongs_to_nobody),
	    cmocka_unit_test(text_that_is_no_id_belongs_to_nobody),
	    cmocka_unit_test(agrees_with_a_plain_list_over_many_claims),
	    cmocka_unit_test(
		its_text_read_again_gives_the_same_and_the_same_order),
	    cmocka_unit_test(
		lines_that_are_no_pair_are_counted_and_passed_over),
	    cmocka_unit_test(a_file_keeps_them_and_is_written_once_a_second),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
