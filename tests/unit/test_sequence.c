/* SPDX-License-Identifier: MIT */
#include "tests/unit/util.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "collector/sequence.h"

#define TOP 400

static bool
arrive(struct rt_sequence *s, const char *id, int64_t seq)
{
	return rt_sequence_arrived(s, 0, rt_str_of(id), seq, NULL);
}

static void
agrees_with_a_set_of_all_numbers_seen(void **state)
{
	unsigned seed;

	(void)state;
	for (seed = 1; seed <= 200; seed++) {
		struct rt_sequence s;
		bool seen[TOP + 1] = {false};
		int64_t first = 0, highest = 0, seq, lost, i;
		int n;

		srand(seed);
		rt_sequence_init(&s, 4, seed);
		/* A walk forward with jumps back: few gaps, many orders. */
		for (n = 0, seq = 1 + rand() % 20; n < 300; n++) {
			bool is_new = !seen[seq];

			if (arrive(&s, "e", seq) != is_new)
				fail_msg("seed %u: seq %lld taken as %s", seed,
				    (long long)seq, is_new ? "old" : "new");
			if (first == 0)
				first = seq;
			seen[seq] = true;
			if (seq > highest)
				highest = seq;
			seq = rand() % 4 ? seq + 1 + rand() % 2
					 : seq - rand() % 30;
			if (seq < 1)
				seq = 1;
			if (seq > TOP)
				seq = TOP;
			for (lost = 0, i = first; i <= highest; i++)
				lost += !seen[i];
			assert_true(
			    s.emitters[0].gaps_count < RT_SEQUENCE_GAPS);
			if (rt_sequence_lost(&s) != (uint64_t)lost)
				fail_msg("seed %u: lost %llu, not %lld", seed,
				    (unsigned long long)rt_sequence_lost(&s),
				    (long long)lost);
		}
		rt_sequence_fini(&s);
	}
}

static void
says_what_came_before_the_first_number_apart_from_loss(void **state)
{
	struct rt_sequence s;
	struct rt_report r;

	(void)state;
	rt_report_init(&r);
	rt_sequence_init(&s, 4, 1);
	assert_true(arrive(&s, "late-joiner", 100));
	assert_true(arrive(&s, "late-joiner", 103));
	assert_true(arrive(&s, "late-joiner", 40));
	assert_false(arrive(&s, "late-joiner", 40));
	rt_sequence_report(&s, 0, &r);
	assert_int_equal(r.emitters[0].lost, 2);
	assert_int_equal(r.emitters[0].before_first, 98);
	assert_int_equal(r.emitters[0].duplicates, 1);
	assert_int_equal(r.emitters[0].received, 3);
	rt_sequence_fini(&s);
	rt_report_fini(&r);
}

static void
knows_what_was_refused_and_whose_service_it_is(void **state)
{
	struct rt_sequence s;
	struct rt_report r;
	double skew_ms[] = {300, 40, 90};
	size_t i;

	(void)state;
	rt_report_init(&r);
	rt_sequence_init(&s, 4, 1);
	rt_sequence_refused(&s, RT_REJECT_BAD_TYPE); /* of nobody */
	rt_sequence_serves(&s, rt_str_of("nobody's"));
	for (i = 0; i < RT_COUNT_OF(skew_ms); i++) {
		(void)rt_sequence_arrived(
		    &s, 1, rt_str_of("a"), (int64_t)i + 1, &skew_ms[i]);
		rt_sequence_serves(&s, rt_str_of(i ? "checkout" : "search"));
	}
	rt_sequence_serves(&s, RT_STR_NONE); /* says nothing: it stays */
	assert_true(arrive(&s, "b", 1));
	rt_sequence_refused(&s, RT_REJECT_BAD_TYPE);
	assert_true(rt_sequence_arrived(&s, 1, RT_STR_NONE, 0, NULL));
	rt_sequence_refused(&s, RT_REJECT_BAD_TYPE); /* of nobody, again */
	rt_sequence_report(&s, 0, &r);
	assert_string_equal(r.emitters[0].service, "checkout");
	assert_int_equal(r.emitters[0].refused, 0);
	assert_within(r.emitters[0].skew_ms, 90, 0);
	assert_within(r.emitters[0].skew_min_ms, 40, 0);
	assert_null(r.emitters[1].service);
	assert_int_equal(r.emitters[1].refused, 1);
	rt_sequence_fini(&s);
	rt_report_fini(&r);
}

static void
keeps_the_loss_of_gaps_and_emitters_it_has_no_room_for(void **state)
{
	struct rt_sequence s;
	char id[16];
	int64_t i;

	(void)state;
	rt_sequence_init(&s, 2, 1);
	for (i = 0; i < RT_SEQUENCE_GAPS + 5; i++)
		assert_true(arrive(&s, "holes", 1 + i * 2));
	assert_int_equal(rt_sequence_lost(&s), RT_SEQUENCE_GAPS + 4);
	assert_int_equal(s.gaps_overflow, 4);
	assert_false(arrive(&s, "holes", 2)); /* closed: no longer healed */
	for (i = 0; i < 10; i++) {
		snprintf(id, sizeof(id), "e%d", (int)i);
		assert_true(
		    rt_sequence_arrived(&s, 10 + i, rt_str_of(id), 1, NULL));
		assert_true(
		    rt_sequence_arrived(&s, 10 + i, rt_str_of(id), 3, NULL));
	}
	assert_int_equal(s.emitters_overflow, 9);
	assert_int_equal(rt_sequence_lost(&s), RT_SEQUENCE_GAPS + 4 + 10);
	assert_false(rt_sequence_arrived(&s, 30, rt_str_of("e9"), 3, NULL));
	rt_sequence_fini(&s);
}

/* Ids that are made up for a record each push out each other. */
static void
ids_of_one_record_do_not_push_out_those_of_many(void **state)
{
	const int64_t s_us = 1000000;
	struct rt_sequence s;
	char id[16];
	int64_t i;

	(void)state;
	rt_sequence_init(&s, 4, 1);
	for (i = 1; i <= 3; i++) {
		(void)rt_sequence_arrived(&s, i, rt_str_of("a"), i, NULL);
		(void)rt_sequence_arrived(&s, i, rt_str_of("b"), i * 2, NULL);
	}
	for (i = 0; i < 100; i++) {
		snprintf(id, sizeof(id), "e%d", (int)i);
		assert_true(
		    rt_sequence_arrived(&s, s_us + i, rt_str_of(id), 1, NULL));
	}
	assert_int_equal(s.emitters_overflow, 98);
	assert_false(
	    rt_sequence_arrived(&s, 2 * s_us, rt_str_of("a"), 2, NULL));
	assert_false(
	    rt_sequence_arrived(&s, 2 * s_us, rt_str_of("b"), 6, NULL));
	assert_int_equal(rt_sequence_lost(&s), 2);
	/* What is silent for a minute goes before all others. */
	(void)rt_sequence_arrived(&s, 63 * s_us, rt_str_of("b"), 8, NULL);
	(void)rt_sequence_arrived(&s, 63 * s_us, rt_str_of("c"), 1, NULL);
	(void)rt_sequence_arrived(&s, 63 * s_us, rt_str_of("d"), 1, NULL);
	(void)rt_sequence_arrived(&s, 63 * s_us, rt_str_of("e"), 1, NULL);
	assert_false(
	    rt_sequence_arrived(&s, 64 * s_us, rt_str_of("b"), 8, NULL));
	assert_true(
	    rt_sequence_arrived(&s, 64 * s_us, rt_str_of("a"), 2, NULL));
	rt_sequence_fini(&s);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(knows_what_was_refused_and_whose_service_it_is),
	    cmocka_unit_test(agrees_with_a_set_of_all_numbers_seen),
	    cmocka_unit_test(
		says_what_came_before_the_first_number_apart_from_loss),
	    cmocka_unit_test(
		keeps_the_loss_of_gaps_and_emitters_it_has_no_room_for),
	    cmocka_unit_test(ids_of_one_record_do_not_push_out_those_of_many),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
