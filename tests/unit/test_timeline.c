/* SPDX-License-Identifier: MIT */
/* A log in a fixed number of columns, whatever its span and order. */
#include "tests/unit/util.h"

#include <string.h>

#include "collector/timeline.h"

#define S INT64_C(1000000)
#define DAY (86400 * S)

/* Every record is in the column of its time, and nowhere else. */
static void
check(const struct rt_timeline *t, const int64_t *us, size_t count)
{
	struct rt_report_replay r = {0};
	uint32_t want[RT_TIMELINE_COLS] = {0}, failed[RT_TIMELINE_COLS] = {0};

	rt_timeline_report(t, &r);
	assert_int_equal(r.cols, RT_TIMELINE_COLS);
	for (size_t i = 0; i < count; i++) {
		int64_t col =
		    (us[i] - r.timeline_us) / (int64_t)(r.step_s * 1e6);

		if (us[i] < r.timeline_us || col >= (int64_t)RT_TIMELINE_COLS)
			fail_msg("record %zu is beyond the columns", i);
		want[col]++;
		failed[col] += i % 3 == 0;
	}
	assert_memory_equal(r.taken, want, sizeof(want));
	assert_memory_equal(r.failed, failed, sizeof(failed));
}

static void
any_span_and_order_fits(void **state)
{
	static const struct {
		const char *why;
		int64_t from, span;
	} rows[] = {
	    {"one second", 1781341200 * S, S},
	    {"as long as the columns", 1781341200 * S, 96 * S},
	    {"a minute over a day's end", 20617 * DAY - 30 * S, 60 * S},
	    {"a year", 1781341200 * S, 365 * DAY},
	    {"from 1970 on", 0, 56 * 365 * DAY},
	};
	struct util_random random = util_random_begin(1945);
	int64_t us[500];

	(void)state;
	for (size_t i = 0; i < RT_COUNT_OF(rows); i++) {
		struct rt_timeline t = {0};
		int64_t first = INT64_MAX, last = 0;

		for (size_t k = 0; k < RT_COUNT_OF(us); k++) {
			us[k] = rows[i].from +
			    (int64_t)util_random_below(
				&random, (size_t)rows[i].span);
			first = us[k] < first ? us[k] : first;
			last = us[k] > last ? us[k] : last;
			rt_timeline_add(&t, us[k], k % 3 == 0);
			check(&t, us, k + 1);
		}
		assert_true(t.first_us == first && t.last_us == last);
		/* No coarser than it must be. */
		if (t.step_us > S)
			assert_true(
			    last / (t.step_us / 2) - first / (t.step_us / 2) >=
			    (int64_t)RT_TIMELINE_COLS);
	}
}

static void
nothing_has_no_columns(void **state)
{
	const struct rt_timeline t = {0};
	struct rt_report_replay r = {0};

	(void)state;
	rt_timeline_report(&t, &r);
	assert_int_equal(r.cols, 0);
	assert_true(r.first_us == 0 && r.last_us == 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(any_span_and_order_fits),
	    cmocka_unit_test(nothing_has_no_columns),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
