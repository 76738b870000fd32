/* SPDX-License-Identifier: MIT */
#include "proto/counts.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "proto/macro.h"

/* No two sums of these are equal: a wrong counter in a rate shows. */
static struct rt_counts
sample(void)
{
	struct rt_counts c = {0};

	c.n[RT_C_ATTEMPTS] = 100;
	c.n[RT_C_FIRST] = 80;
	c.n[RT_C_RETRIES] = 20;
	c.n[RT_C_USAGE_MISSING] = 3;
	c.n[RT_C_USAGE_KNOWN] = 60;
	c.n[RT_C_CLASS + RT_CLASS_NONE] = 70;
	c.n[RT_C_CLASS + RT_CLASS_TIMEOUT] = 9;
	c.n[RT_C_CLASS + RT_CLASS_SERVER_ERROR] = 21;
	c.n[RT_C_OPS_ENDED] = 64;
	c.n[RT_C_OPS_FALLBACK] = 5;
	c.n[RT_C_OP_ATTEMPTS] = 96;
	c.n[RT_C_OP_UPSTREAM] = 128;
	c.n[RT_C_FATE + RT_FATE_ORPHANED] = 1;
	c.n[RT_C_FATE + RT_FATE_DEGRADED] = 2;
	c.n[RT_C_FATE + RT_FATE_RESCUED_BY_FALLBACK] = 4;
	c.n[RT_C_FATE + RT_FATE_RESCUED_BY_RETRY] = 8;
	c.n[RT_C_FATE + RT_FATE_FIRST_TRY] = 32;
	c.n[RT_C_FATE + RT_FATE_EXHAUSTED] = 17;
	c.sum_us[RT_SUM_WASTED] = 1500;
	c.sum_us[RT_SUM_USEFUL] = 6000;
	return c;
}

static void
a_rate_is_the_sums_its_sentence_names(void **state)
{
	static const struct {
		enum rt_rate_id id;
		double numerator, denominator;
	} rows[] = {
	    {RT_RATE_ERROR, 30, 100},
	    {RT_RATE_TIMEOUT, 9, 100},
	    {RT_RATE_ACTUAL_SUCCESS, 70, 100},
	    {RT_RATE_MISSING_USAGE, 3, 60},
	    {RT_RATE_RETRY_RATIO, 20, 80},
	    {RT_RATE_EFFECTIVE_SUCCESS, 44, 64},
	    {RT_RATE_FALLBACK, 5, 64},
	    {RT_RATE_EXHAUSTION, 17, 64},
	    {RT_RATE_AMPLIFICATION, 96, 64},
	    {RT_RATE_UPSTREAM_AMPLIFICATION, 128, 64},
	    {RT_RATE_FIRST_TRY, 32, 64},
	    {RT_RATE_RESCUED, 12, 64},
	    {RT_RATE_ORPHAN, 1, 64},
	    {RT_RATE_WASTE, 1.5, 7.5},
	};
	const struct rt_counts c = sample();

	(void)state;
	assert_int_equal(RT_COUNT_OF(rows), RT_RATE_COUNT);
	for (size_t i = 0; i < RT_COUNT_OF(rows); i++) {
		struct rt_rate r = rt_rate(&c, rows[i].id);

		assert_int_equal(rows[i].id, i);
		/* Compared exactly: the values have short binary forms. */
		if (!(r.numerator >= rows[i].numerator &&
			r.numerator <= rows[i].numerator &&
			r.denominator >= rows[i].denominator &&
			r.denominator <= rows[i].denominator))
			fail_msg("%s is %g / %g", rt_rate_info(rows[i].id)->key,
			    r.numerator, r.denominator);
		assert_true(rt_rate_known(r));
	}
}

static void
a_rate_of_nothing_is_not_known(void **state)
{
	const struct rt_counts c = {0};

	(void)state;
	for (unsigned i = 0; i < RT_RATE_COUNT; i++)
		assert_false(rt_rate_known(rt_rate(&c, (enum rt_rate_id)i)));
}

static void
adding_adds_every_counter_sum_and_status(void **state)
{
	struct rt_counts a, b;

	(void)state;
	for (unsigned i = 0; i < RT_C_COUNT; i++) {
		a.n[i] = i + 1;
		b.n[i] = 1000 * (i + 1);
	}
	for (unsigned i = 0; i < RT_SUM_COUNT; i++) {
		a.sum_us[i] = i + 1;
		b.sum_us[i] = 1000 * (i + 1);
	}
	rt_counts_add(&a, &b);
	for (unsigned i = 0; i < RT_C_COUNT; i++)
		assert_int_equal(a.n[i], 1001 * (i + 1));
	for (unsigned i = 0; i < RT_SUM_COUNT; i++)
		assert_int_equal(a.sum_us[i], 1001 * (i + 1));
}

static void
every_rate_and_fate_has_words(void **state)
{
	(void)state;
	for (unsigned i = 0; i < RT_RATE_COUNT; i++) {
		const struct rt_rate_info *info =
		    rt_rate_info((enum rt_rate_id)i);

		assert_non_null(info);
		assert_true(strlen(info->key) > 0);
		assert_in_range(strlen(info->label), 1, 12);
		assert_true(strcmp(info->grain, "attempt") == 0 ||
		    strcmp(info->grain, "operation") == 0);
		assert_true(strlen(info->numerator) > 0);
		assert_true(strlen(info->denominator) > 0);
	}
	assert_null(rt_rate_info(RT_RATE_COUNT));
	for (unsigned i = 0; i < RT_FATE_COUNT; i++) {
		assert_non_null(rt_fate_name((enum rt_fate)i));
		assert_non_null(rt_fate_help((enum rt_fate)i));
	}
	assert_string_equal(rt_fate_name(RT_FATE_ORPHANED), "orphaned");
	assert_string_equal(rt_fate_name(RT_FATE_FAILED_FAST), "failed_fast");
	assert_null(rt_fate_name(RT_FATE_COUNT));
	assert_null(rt_fate_help(RT_FATE_COUNT));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_rate_is_the_sums_its_sentence_names),
	    cmocka_unit_test(a_rate_of_nothing_is_not_known),
	    cmocka_unit_test(adding_adds_every_counter_sum_and_status),
	    cmocka_unit_test(every_rate_and_fate_has_words),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
