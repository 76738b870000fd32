/* SPDX-License-Identifier: MIT */
/* What the screen says is the worst, and what of it can be copied and exported. */

#include <string.h>

#include "tests/unit/drill.h"
#include "tui/clip.h"
#include "tui/term.h"
#include "tui/worst.h"

static void
the_worst_thing_is_said_in_a_sentence_and_jumped_to(void **state)
{
	struct world w;

	(void)state;
	drill_open(&w);
	(void)drill_press(&w, '7');
	(void)drill_press(&w, '!');
	assert_string_equal(w.m->notice,
	    "! search /v1/chat m-large: 10 of 30 operations failed in 5m "
	    "(final ok 66.7%, 1st 66.7%), mostly auth");
	assert_int_equal(w.m->focus, RT_PANEL_ROUTES);
	assert_int_equal(w.m->rows[RT_PANEL_ROUTES].at, 1);
	world_draw(&w, ROWS, COLS);
	assert_shows(&w.g, "mostly auth");
	w.mono.us += 60000000;
	rt_model_tick(w.m, w.mono, (rt_wall_t){NOW_US + 60000000});
	(void)drill_press(&w, '!');
	assert_non_null(strstr(w.m->notice, "all figures are old"));
	world_close(&w);
}

static void
rates_of_few_are_never_the_worst(void **state)
{
	struct world w;
	struct rt_worst worst;

	(void)state;
	drill_open(&w);
	w.m->live.series[1].counts->n[RT_C_OPS_ENDED] = RT_FMT_FEW - 1;
	rt_worst(w.m, &worst);
	assert_int_equal(worst.panel, RT_PANEL_AUDIT);
	w.m->live.violations_count = 0;
	rt_worst(w.m, &worst);
	assert_int_equal(worst.severity, RT_GOOD);
	world_close(&w);
}

static void
y_copies_ids_and_Y_rows_as_json(void **state)
{
	struct world w;

	(void)state;
	drill_open(&w);
	assert_int_equal(drill_press(&w, 'y'), RT_EFFECT_COPY);
	assert_string_equal(w.m->clip.p, "checkout /v1/chat m-small");
	(void)drill_press(&w, '7');
	(void)drill_press(&w, 'Y');
	assert_string_equal(w.m->clip.p,
	    "{\"rule\":\"fallback-without-reason\",\"count\":11,\"examples\":["
	    "{\"operation_id\":\"op-5d1e\",\"service\":\"checkout\","
	    "\"evidence\":\"attempt 2: no reason\"},{\"operation_id\":"
	    "\"op-gone\",\"service\":\"checkout\",\"evidence\":\"attempt 1: "
	    "no reason\"}]}");
	(void)drill_press(&w, '8');
	assert_int_equal(drill_press(&w, 'Y'), RT_EFFECT_DRAW);
	(void)drill_press(&w, '9');
	(void)drill_press(&w, 'y');
	assert_string_equal(w.m->clip.p, "op-4444");
	(void)drill_press(&w, RT_KEY_ENTER);
	(void)drill_press(&w, 'y');
	assert_string_equal(w.m->clip.p, "op-4444");
	assert_int_equal(drill_press(&w, 'Y'), RT_EFFECT_DRAW);
	drill_answer(&w, "op-4444", 3);
	assert_int_equal(drill_press(&w, 'Y'), RT_EFFECT_COPY);
	assert_non_null(
	    strstr(w.m->clip.p, "\"fate\":\"rescued_by_fallback\""));
	world_close(&w);
}

static void
x_exports_what_is_held_and_says_where_nothing_is(void **state)
{
	struct world w;

	(void)state;
	open_operation(&w);
	assert_int_equal(drill_press(&w, 'x'), RT_EFFECT_DRAW);
	assert_non_null(strstr(w.m->notice, "nothing to export"));
	drill_answer(&w, "op-5d1e", 3);
	assert_int_equal(drill_press(&w, 'x'), RT_EFFECT_EXPORT);
	assert_int_equal(w.m->drill->lines.len,
	    strlen(drill_lines[0]) + strlen(drill_lines[1]) +
		strlen(drill_lines[2]) + 3);
	assert_memory_equal(
	    w.m->drill->lines.p, drill_lines[0], strlen(drill_lines[0]));
	world_close(&w);
}

static void
x_on_panels_saves_the_window_that_is_there(void **state)
{
	struct world w;

	(void)state;
	drill_open(&w);
	assert_int_equal(drill_press(&w, 'x'), RT_EFFECT_DRAW);
	assert_non_null(strstr(w.m->notice, "no window is on the screen"));
	w.m->live.source.span.until_us = 5;
	assert_int_equal(drill_press(&w, 'x'), RT_EFFECT_SAVE);
	assert_string_equal(w.m->export_to, "");
	/* The list of a panel has no records of its own. */
	(void)drill_press(&w, RT_KEY_ENTER);
	assert_int_equal(drill_press(&w, 'x'), RT_EFFECT_SAVE);
	assert_int_equal(rt_keys_export(w.m, "there.jsonl"), RT_EFFECT_SAVE);
	assert_string_equal(w.m->export_to, "there.jsonl");
	world_close(&w);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(
		the_worst_thing_is_said_in_a_sentence_and_jumped_to),
	    cmocka_unit_test(rates_of_few_are_never_the_worst),
	    cmocka_unit_test(y_copies_ids_and_Y_rows_as_json),
	    cmocka_unit_test(x_exports_what_is_held_and_says_where_nothing_is),
	    cmocka_unit_test(x_on_panels_saves_the_window_that_is_there),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
