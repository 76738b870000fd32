/* SPDX-License-Identifier: MIT */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tui/chart.h"

#define WIDTH 10u

static char text[256];

static const char *
draw_spark(
    bool ascii, unsigned width, const uint32_t *v, unsigned count, double top)
{
	struct rt_grid g;
	struct rt_buf b;

	rt_grid_init(&g);
	rt_grid_resize(&g, 1, WIDTH, ascii);
	rt_chart_spark(
	    rt_area_all(&g), 0, 0, width, RT_ROLE_CHART, v, count, top);
	rt_buf_init_fixed(&b, text, sizeof text);
	rt_grid_dump(&b, &g);
	rt_grid_fini(&g);
	return text;
}

static const char *
draw_bar(bool ascii, unsigned width, double share)
{
	struct rt_grid g;
	struct rt_buf b;

	rt_grid_init(&g);
	rt_grid_resize(&g, 1, WIDTH, ascii);
	rt_area_put(rt_area_all(&g), 0, 0, RT_ROLE_TEXT, "xxxxxxxxxx");
	rt_chart_bar(rt_area_all(&g), 0, 0, width, RT_ROLE_CHART, share);
	rt_buf_init_fixed(&b, text, sizeof text);
	rt_grid_dump(&b, &g);
	rt_grid_fini(&g);
	return text;
}

static void
spark_uses_the_whole_ramp(void **state)
{
	const uint32_t v[] = {0, 1, 2, 3, 4, 5, 6, 7};

	(void)state;
	assert_string_equal(draw_spark(true, 8, v, 8, 7), ".:-=+*%#\n");
	assert_string_equal(draw_spark(false, 8, v, 8, 7),
	    "\u2581\u2582\u2583\u2584\u2585\u2586\u2587\u2588\n");
}

static void
spark_shows_what_happened_once(void **state)
{
	const uint32_t v[] = {0, 1, UINT32_MAX};

	(void)state;
	assert_string_equal(draw_spark(true, 3, v, 3, UINT32_MAX), ".:#\n");
}

static void
spark_is_full_beyond_its_scale(void **state)
{
	const uint32_t v[] = {0, 1, 9};

	(void)state;
	assert_string_equal(draw_spark(true, 3, v, 3, 1), ".##\n");
	assert_string_equal(draw_spark(true, 3, v, 3, 0), ".##\n");
	assert_string_equal(draw_spark(true, 3, v, 3, -1), ".##\n");
	assert_string_equal(draw_spark(true, 3, v, 3, (double)NAN), ".##\n");
}

static void
spark_keeps_the_newest_at_the_right_edge(void **state)
{
	const uint32_t v[] = {7, 7, 7, 0, 7};

	(void)state;
	assert_string_equal(draw_spark(true, 2, v, 5, 7), ".#\n");
	assert_string_equal(draw_spark(true, 7, v, 5, 7), "  ###.#\n");
	assert_string_equal(draw_spark(true, 4, NULL, 0, 7), "\n");
	assert_string_equal(draw_spark(true, 0, v, 5, 7), "\n");
}

static void
bar_is_as_long_as_its_share(void **state)
{
	(void)state;
	assert_string_equal(draw_bar(true, 8, 0), "        xx\n");
	assert_string_equal(draw_bar(true, 8, 0.5), "####    xx\n");
	assert_string_equal(draw_bar(true, 8, 1), "########xx\n");
	assert_string_equal(draw_bar(true, 8, 99), "########xx\n");
	assert_string_equal(draw_bar(true, 8, -1), "        xx\n");
	assert_string_equal(draw_bar(true, 8, (double)NAN), "        xx\n");
	assert_string_equal(
	    draw_bar(false, 4, 0.5 + 3 / 32.0), "\u2588\u2588\u258d xxxxxx\n");
}

static void
bar_shows_a_little_and_never_all_but_for_all(void **state)
{
	(void)state;
	assert_string_equal(draw_bar(false, 4, 1e-9), "\u258f   xxxxxx\n");
	assert_string_equal(draw_bar(true, 4, 1e-9), "-   xxxxxx\n");
	assert_string_equal(
	    draw_bar(false, 4, 0.9999999), "\u2588\u2588\u2588\u2589xxxxxx\n");
}

static void
bar_stays_in_its_area(void **state)
{
	(void)state;
	assert_string_equal(draw_bar(true, 99, 1), "##########\n");
	assert_string_equal(draw_bar(true, 0, 1), "xxxxxxxxxx\n");
}

static void
top_is_the_largest_and_at_least_one(void **state)
{
	const uint32_t v[] = {3, UINT32_MAX, 7};

	(void)state;
	assert_true(rt_chart_top(v, 3) == UINT32_MAX);
	assert_true(rt_chart_top(v, 1) == 3);
	assert_true(rt_chart_top(NULL, 0) == 1);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(spark_uses_the_whole_ramp),
	    cmocka_unit_test(spark_shows_what_happened_once),
	    cmocka_unit_test(spark_is_full_beyond_its_scale),
	    cmocka_unit_test(spark_keeps_the_newest_at_the_right_edge),
	    cmocka_unit_test(bar_is_as_long_as_its_share),
	    cmocka_unit_test(bar_shows_a_little_and_never_all_but_for_all),
	    cmocka_unit_test(bar_stays_in_its_area),
	    cmocka_unit_test(top_is_the_largest_and_at_least_one),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
