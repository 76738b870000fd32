/* SPDX-License-Identifier: MIT */
#include <stdio.h>

#include "collector/owner.h"
#include "tests/unit/util.h"

#define A "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define B "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"

static void
an_id_belongs_to_the_key_that_came_first(void **state)
{
	struct rt_owner *o = rt_owner_new();

	(void)state;
	assert_true(rt_owner_claim(o, A, "one"));
	assert_true(rt_owner_claim(o, A, "one"));
	assert_false(rt_owner_claim(o, B, "one"));
	assert_true(rt_owner_claim(o, B, "two"));
	assert_false(rt_owner_claim(o, A, "two"));
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
	assert_true(rt_owner_claim(o, B, "of-b"));
	for (i = 0; i < RT_OWNER_IDS_MAX; i++) {
		snprintf(id, sizeof(id), "a%u", i);
		assert_true(rt_owner_claim(o, A, id));
	}
	assert_int_equal(rt_owner_forgotten(o), 0);
	assert_true(rt_owner_claim(o, A, "a0")); /* now a1 is the oldest */
	assert_true(rt_owner_claim(o, A, "more"));
	assert_int_equal(rt_owner_forgotten(o), 1);
	assert_false(rt_owner_claim(o, B, "a0"));
	assert_true(rt_owner_claim(o, B, "a1"));
	assert_false(rt_owner_claim(o, A, "of-b"));
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
		assert_true(rt_owner_claim(o, key, id));
	}
	snprintf(key, sizeof(key), "%040u", 0u);
	assert_true(rt_owner_claim(o, key, "id0"));
	assert_int_equal(rt_owner_forgotten(o), 0);
	assert_true(rt_owner_claim(o, A, "new"));
	assert_int_equal(rt_owner_forgotten(o), 1);
	assert_true(rt_owner_claim(o, A, "id1"));
	assert_false(rt_owner_claim(o, A, "id0"));
	rt_owner_free(o);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(an_id_belongs_to_the_key_that_came_first),
	    cmocka_unit_test(a_key_with_too_many_ids_forgets_its_own_oldest),
	    cmocka_unit_test(one_key_too_many_takes_the_place_of_the_quietest),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
