/* SPDX-License-Identifier: MIT */
#include "tests/unit/util.h"

#include <math.h>
#include <stdlib.h>

#include "collector/quantile.h"

#define N 20000

static double
uniform(void)
{
	return ((double)rand() + 1) / ((double)RAND_MAX + 2);
}

static double
heavy_tailed(void)
{
	return 20 / pow(uniform(), 1.2);
}

static double
constant(void)
{
	return 417.3;
}

static double
bimodal(void)
{
	return rand() % 100 < 94 ? 80 + uniform() : 30000 + uniform() * 100;
}

static double
tiny(void)
{
	return 0.0015 + uniform() * 0.01;
}

static int
ascending(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return x < y ? -1 : x > y;
}

static double
nearest_rank(const double *sorted, size_t n, double q)
{
	return sorted[(size_t)ceil(q * (double)n) - 1];
}

static void
is_within_one_percent_of_the_exact_quantiles(void **state)
{
	static const struct {
		const char *why;
		double (*draw)(void);
		size_t n;
	} rows[] = {
	    {"heavy tail", heavy_tailed, N},
	    {"one value", constant, N},
	    {"two humps", bimodal, N},
	    {"microseconds", tiny, N},
	    {"a single sample", heavy_tailed, 1},
	    {"three samples", heavy_tailed, 3},
	};
	static double v[N];
	struct rt_sketch_pool pool;
	/* One for all rows: what an earlier row left must not count. */
	struct rt_sketch_dense *dense = calloc(1, sizeof(*dense));
	struct rt_quantiles q;
	size_t i, r;

	(void)state;
	srand(7);
	for (r = 0; r < RT_COUNT_OF(rows); r++) {
		struct rt_sketch_hot s = {{0}, {0}};

		rt_sketch_pool_init(&pool, 64);
		for (i = 0; i < rows[r].n; i++) {
			v[i] = rows[r].draw();
			rt_sketch_add(&pool, &s, v[i]);
		}
		qsort(v, rows[r].n, sizeof(*v), ascending);
		rt_sketch_empty(dense);
		rt_sketch_sum(&pool, dense, &s.sketch);
		rt_sketch_quantiles(dense, &q);
		if (q.count != rows[r].n || pool.overflow != 0)
			fail_msg("%s: lost samples", rows[r].why);
		const double want[] = {0.5, 0.9, 0.95, 0.99, 1};
		const double got[] = {q.p50, q.p90, q.p95, q.p99, q.max};
		for (i = 0; i < RT_COUNT_OF(want); i++) {
			double exact = nearest_rank(v, rows[r].n, want[i]);

			if (fabs(got[i] - exact) > 0.01 * exact)
				fail_msg("%s: q%.2f is %g, exact %g",
				    rows[r].why, want[i], got[i], exact);
		}
		rt_sketch_pool_fini(&pool);
	}
	free(dense);
}

static void
counts_zero_and_what_is_too_long_at_the_ends(void **state)
{
	struct rt_sketch_pool pool;
	struct rt_sketch_hot s = {{0}, {0}};
	struct rt_sketch_dense *dense = calloc(1, sizeof(*dense));
	struct rt_quantiles q;

	(void)state;
	rt_sketch_pool_init(&pool, 8);
	rt_sketch_add(&pool, &s, 0);
	rt_sketch_add(&pool, &s, 0.0001);
	rt_sketch_add(&pool, &s, 1e300);
	rt_sketch_sum(&pool, dense, &s.sketch);
	rt_sketch_quantiles(dense, &q);
	assert_int_equal(q.count, 3);
	assert_true(q.p50 == 0);
	assert_true(q.max > 4e9);
	free(dense);
	rt_sketch_pool_fini(&pool);
}

static void
counts_samples_that_found_no_chunk_and_reuses_freed_ones(void **state)
{
	struct rt_sketch_pool pool;
	struct rt_sketch_hot a = {{0}, {0}}, b = {{0}, {0}};
	struct rt_sketch_dense *dense = calloc(1, sizeof(*dense));

	(void)state;
	rt_sketch_pool_init(&pool, 2);
	rt_sketch_add(&pool, &a, 1);
	rt_sketch_add(&pool, &a, 100);
	rt_sketch_add(&pool, &b, 1);
	assert_int_equal(pool.overflow, 1);
	rt_sketch_merge(&pool, &b.sketch, &a.sketch);
	assert_int_equal(pool.overflow, 3);
	rt_sketch_cool(&pool, &a);
	rt_sketch_add(&pool, &b, 5000);
	rt_sketch_add(&pool, &b, 1);
	assert_int_equal(pool.overflow, 3);
	rt_sketch_add(&pool, &a, 1); /* what was its chunk is another's */
	assert_int_equal(pool.overflow, 4);
	rt_sketch_sum(&pool, dense, &b.sketch);
	assert_int_equal(dense->count, 2);
	free(dense);
	rt_sketch_pool_fini(&pool);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(is_within_one_percent_of_the_exact_quantiles),
	    cmocka_unit_test(counts_zero_and_what_is_too_long_at_the_ends),
	    cmocka_unit_test(
		counts_samples_that_found_no_chunk_and_reuses_freed_ones),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
