/* SPDX-License-Identifier: MIT */
/* The operation beside the panels of a large screen. */

#include <string.h>

#include "tests/unit/drill.h"

static const char *
docked(struct world *w, const char *keys)
{
	for (; *keys; keys++)
		(void)world_press(w, 60, 200, *keys);
	world_draw(w, 60, 200);
	return w->m->dock.id;
}

static void
the_operation_under_the_cursor_is_docked_on_a_large_screen(void **state)
{
	static const struct {
		const char *keys, *want;
	} rows[] = {
	    {"", "op-5d1e"},  /* route checkout m-small: the newest worth it */
	    {"j", "op-4444"}, /* route search m-large */
	    {"5", "op-2222"}, /* class auth */
	    {"6", "op-5d1e"}, /* fallback m-small */
	    {"7", "op-5d1e"}, /* the rule's newest example */
	    {"1", "op-4444"}, /* nothing in particular */
	    {"9", "op-4444"}, /* the tail follows */
	    {"9kk", "op-3333"}, /* an event, worth it or not */
	};

	(void)state;
	for (size_t i = 0; i < RT_COUNT_OF(rows); i++) {
		struct world w;
		const char *id;

		drill_open(&w);
		id = docked(&w, rows[i].keys);
		if (strcmp(id, rows[i].want) != 0)
			fail_msg("\"%s\": %s", rows[i].keys, id);
		assert_string_equal(
		    rt_model_query(w.m).operation, rows[i].want);
		/* No room, no question. */
		world_draw(&w, 40, 120);
		assert_string_equal(rt_model_query(w.m).operation, "");
		world_close(&w);
	}
}

static void
what_is_docked_looks_as_agreed(void **state)
{
	static const struct {
		const char *name;
		unsigned rows, cols;
		bool ascii;
	} screens[] = {
	    {"docked-200x60", 60, 200, false},
	    {"docked-200x60-ascii", 60, 200, true},
	    {"docked-180x50", 50, 180, false},
	    {"docked-300x100", 100, 300, false},
	};

	(void)state;
	for (size_t i = 0; i < RT_COUNT_OF(screens); i++) {
		struct world w;

		drill_open(&w);
		w.m->ascii = screens[i].ascii;
		(void)docked(&w, "");
		drill_answer(&w, "op-5d1e", 3);
		world_draw(&w, screens[i].rows, screens[i].cols);
		assert_shows(&w.g, "rescued_by_fallback");
		assert_shows(&w.g, "attempts 3/3");
		assert_golden(&w.g, screens[i].name);
		world_close(&w);
	}
}

static void
what_is_docked_stays_until_the_cursor_moves(void **state)
{
	struct world w;

	(void)state;
	drill_open(&w);
	assert_string_equal(docked(&w, "j"), "op-4444");
	drill_answer(&w, "op-5d1e", 3); /* another one's answer */
	assert_int_equal(w.m->dock.held, RT_HELD_ASKING);
	w.m->ask_now = false;
	(void)docked(&w, "k");
	assert_true(w.m->ask_now);
	assert_string_equal(w.m->dock.id, "op-5d1e");
	drill_answer(&w, "op-5d1e", 3);
	/* It has ended: it is not asked for again. */
	assert_string_equal(rt_model_query(w.m).operation, "");
	/* Newer ones come: it stays, for a minute without a key. */
	w.mono = w.m->now;
	rt_trail_add(w.m->trail,
	    &(struct rt_event){.kind = RT_KIND_ATTEMPT,
		.present = RT_FIELD_BIT(OPERATION_ID) | RT_FIELD_BIT(ATTEMPT),
		.operation_id = rt_str_of("op-new"),
		.service = rt_str_of("checkout"),
		.http_route = rt_str_of("/v1/chat"),
		.model_requested = rt_str_of("m-small"),
		.attempt = 2});
	rt_model_tick(
	    w.m, rt_mono_add_ms(w.mono, RT_DOCK_MS - 1), (rt_wall_t){NOW_US});
	assert_string_equal(docked(&w, ""), "op-5d1e");
	rt_model_tick(
	    w.m, rt_mono_add_ms(w.mono, RT_DOCK_MS), (rt_wall_t){NOW_US});
	assert_string_equal(docked(&w, ""), "op-new");
	world_close(&w);
}

static void
what_the_collector_has_not_is_said_and_given_up(void **state)
{
	struct world w;

	(void)state;
	drill_open(&w);
	(void)docked(&w, "9kk"); /* op-3333 */
	drill_answer(&w, "op-3333", 0);
	world_draw(&w, 60, 200);
	assert_shows(&w.g, "the collector holds no record of it");
	assert_string_equal(rt_model_query(w.m).operation, "");
	world_close(&w);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(
		the_operation_under_the_cursor_is_docked_on_a_large_screen),
	    cmocka_unit_test(what_is_docked_looks_as_agreed),
	    cmocka_unit_test(what_is_docked_stays_until_the_cursor_moves),
	    cmocka_unit_test(what_the_collector_has_not_is_said_and_given_up),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
