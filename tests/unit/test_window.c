/* SPDX-License-Identifier: MIT */
#include "tests/unit/util.h"

#include <stdlib.h>
#include <string.h>

#include "collector/window.h"

#define EVENTS 4000
#define S 1000000LL

static struct rt_window_shape
shape(void)
{
	return (struct rt_window_shape){.counters = 2,
	    .sketches = 1,
	    .fine_s = 10,
	    .fine_count = 31,
	    .coarse_s = 60,
	    .coarse_count = 61};
}

/* What the window should hold, the slow way. */
static uint64_t
expected(const int64_t *at, const uint32_t *which, size_t n, int64_t now,
    uint32_t window_s, uint32_t counter)
{
	int64_t slot = window_s > 300 ? 60 * S : 10 * S;
	int64_t first = (now / slot - window_s * S / slot + 1) * slot;
	uint64_t sum = 0;
	size_t i;

	for (i = 0; i < n; i++)
		if (which[i] == counter && (window_s == 0 || at[i] >= first))
			sum += i % 3 + 1;
	return sum;
}

static void
holds_what_a_list_of_all_events_would_say(void **state)
{
	static const uint32_t windows[] = {60, 300, 900, 3600, 0};
	static int64_t at[EVENTS];
	static uint32_t which[EVENTS];
	struct rt_window_shape sh = shape();
	struct rt_sketch_pool pool;
	struct rt_window w;
	void *storage = calloc(1, rt_window_bytes(&sh));
	int64_t now = 1000 * S;
	size_t i, k;

	(void)state;
	srand(11);
	rt_sketch_pool_init(&pool, 4096);
	rt_window_init(&w, &sh, &pool, storage);
	for (i = 0; i < EVENTS; i++) {
		now +=
		    rand() % 100 == 0 ? rand() % (4000 * S) : rand() % (5 * S);
		at[i] = now;
		which[i] = (uint32_t)rand() % 2;
		rt_window_advance(&w, now);
		rt_window_count(&w, which[i], (uint32_t)(i % 3 + 1));
		rt_window_sample(&w, RT_LATENCY_ATTEMPT, 5);
		if (i % 7)
			continue;
		for (k = 0; k < RT_COUNT_OF(windows); k++) {
			uint64_t n[2] = {0}, sums[RT_SUM_COUNT] = {0};
			struct rt_sketch_dense *d = calloc(1, sizeof(*d));
			uint64_t want =
			    expected(at, which, i + 1, now, windows[k], 1);

			rt_window_sum(
			    &w, rt_span_now(now, windows[k]), n, sums);
			if (n[1] != want)
				fail_msg("event %zu, window %u: %llu, not %llu",
				    i, windows[k], (unsigned long long)n[1],
				    (unsigned long long)want);
			rt_window_sketch(&w, rt_span_now(now, windows[k]),
			    RT_LATENCY_ATTEMPT, d);
			assert_true(d->count > 0 && d->count <= n[0] + n[1]);
			free(d);
		}
	}
	assert_int_equal(pool.overflow, 0);
	rt_sketch_pool_fini(&pool);
	free(storage);
}

static void
forgets_what_left_the_window_even_when_nothing_came_since(void **state)
{
	struct rt_window_shape sh = rt_window_plain(2);
	struct rt_window w;
	void *storage = calloc(1, rt_window_bytes(&sh));
	uint64_t sums[RT_SUM_COUNT] = {0};
	static const struct {
		const char *why;
		int64_t later_s;
		uint64_t want;
	} rows[] = {
	    {"in its own slot", 0, 1},
	    {"in the last slot of the minute", 50, 1},
	    {"just past the minute", 60, 0},
	    {"an hour later", 3600, 0},
	};
	size_t i;

	(void)state;
	rt_window_init(&w, &sh, NULL, storage);
	rt_window_advance(&w, 600 * S);
	rt_window_count(&w, 0, 1);
	for (i = 0; i < RT_COUNT_OF(rows); i++) {
		uint64_t n[2] = {0};

		rt_window_sum(
		    &w, rt_span_now((600 + rows[i].later_s) * S, 60), n, sums);
		if (n[0] != rows[i].want)
			fail_msg(
			    "%s: %llu", rows[i].why, (unsigned long long)n[0]);
	}
	free(storage);
}

static void
puts_the_newest_column_last_and_moves_only_at_steps(void **state)
{
	static const uint32_t one[] = {0};
	struct rt_window_shape sh = rt_window_plain(2);
	struct rt_window w;
	void *storage = calloc(1, rt_window_bytes(&sh));
	uint32_t v[10];

	(void)state;
	rt_window_init(&w, &sh, NULL, storage);
	rt_window_advance(&w, 600 * S);
	rt_window_count(&w, 0, 2);
	rt_window_advance(&w, 655 * S);
	rt_window_count(&w, 0, 5);
	rt_window_trend(&w, rt_span_now(655 * S, 300), 30, 10, one, 1, v);
	assert_int_equal(v[9], 5);
	assert_int_equal(v[8], 2);
	rt_window_trend(&w, rt_span_now(659 * S, 300), 30, 10, one, 1, v);
	assert_int_equal(v[9], 5);
	rt_window_trend(&w, rt_span_now(660 * S, 300), 30, 10, one, 1, v);
	assert_int_equal(v[9], 0);
	assert_int_equal(v[8], 5);
	assert_int_equal(v[7], 2);
	free(storage);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(holds_what_a_list_of_all_events_would_say),
	    cmocka_unit_test(
		forgets_what_left_the_window_even_when_nothing_came_since),
	    cmocka_unit_test(
		puts_the_newest_column_last_and_moves_only_at_steps),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
