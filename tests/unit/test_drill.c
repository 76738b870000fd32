/* SPDX-License-Identifier: MIT */
/* From a row to its operations, to one of them, to its records, and back. */

#include <stdio.h>
#include <string.h>

#include "tests/unit/drill.h"
#include "tui/term.h"

/* ---- into it --------------------------------------------------------------- */

static void
each_panel_lists_the_operations_of_its_row(void **state)
{
	static const struct {
		int panel;
		unsigned down;
		const char *want;
	} rows[] = {
	    {'1', 0, "op-4444 op-5d1e op-3333 op-2222 op-1111"},
	    {'4', 0, "op-5d1e op-1111"},
	    {'4', 1, "op-4444 op-3333 op-2222"},
	    {'5', 0, "op-2222"},
	    {'6', 0, "op-5d1e"},
	    {'7', 0, "op-5d1e op-gone"},
	};

	(void)state;
	for (size_t i = 0; i < RT_COUNT_OF(rows); i++) {
		struct world w;

		drill_open(&w);
		(void)drill_press(&w, rows[i].panel);
		for (unsigned k = 0; k < rows[i].down; k++)
			(void)drill_press(&w, 'j');
		(void)drill_press(&w, RT_KEY_ENTER);
		assert_int_equal(page_of(&w), RT_PAGE_LIST);
		assert_string_equal(listed(&w), rows[i].want);
		world_draw(&w, ROWS, COLS);
		world_close(&w);
	}
}

static void
canary_operations_are_in_no_list_but_their_own_and_all(void **state)
{
	const struct rt_trail_row probe = {.operation_id = "op-c",
	    .service = "probe",
	    .error_class = RT_CLASS_AUTH,
	    .is_synthetic = true};
	const struct rt_trail_row other = {.operation_id = "op-d",
	    .service = "probe",
	    .provider = "chat-2",
	    .is_synthetic = true};
	struct rt_list_of of = {.kind = RT_LIST_ALL};

	(void)state;
	assert_true(rt_list_has(&of, &probe));
	of.kind = RT_LIST_CLASS;
	of.error_class = RT_CLASS_AUTH;
	assert_false(rt_list_has(&of, &probe));
	of.kind = RT_LIST_CANARY;
	assert_false(rt_list_has(&of, &probe));
	snprintf(of.words[0], sizeof(of.words[0]), "probe");
	assert_true(rt_list_has(&of, &probe));
	assert_false(rt_list_has(&of, &other));
	snprintf(of.words[0], sizeof(of.words[0]), "chat-2");
	assert_false(rt_list_has(&of, &probe));
	assert_true(rt_list_has(&of, &other));
}

static void
a_panel_without_rows_opens_nothing_and_says_so(void **state)
{
	struct world w;

	(void)state;
	drill_open(&w);
	(void)drill_press(&w, '8');
	(void)drill_press(&w, RT_KEY_ENTER);
	assert_int_equal(page_of(&w), RT_PAGE_PANELS);
	world_draw(&w, ROWS, COLS);
	assert_shows(&w.g, "nothing to open here");
	world_close(&w);
}

static void
an_open_operation_is_asked_for_and_drawn_when_it_comes(void **state)
{
	struct world w;

	(void)state;
	open_operation(&w);
	assert_int_equal(page_of(&w), RT_PAGE_OPERATION);
	assert_string_equal(rt_model_query(w.m).operation, "op-5d1e");
	assert_true(w.m->ask_now);
	world_draw(&w, ROWS, COLS);
	assert_shows(&w.g, "asking the collector");
	drill_answer(&w, "op-other", 3);
	assert_int_equal(w.m->drill->held, RT_HELD_ASKING);
	drill_answer(&w, "op-5d1e", 3);
	world_draw(&w, ROWS, COLS);
	assert_shows(&w.g, "[2/5]");
	assert_golden(&w.g, "operation-80x24");
	world_draw(&w, 40, 120);
	assert_golden(&w.g, "operation-120x40");
	(void)drill_press(&w, 'o');
	world_draw(&w, ROWS, COLS);
	assert_golden(&w.g, "records-80x24");
	(void)drill_press(&w, 'o');
	assert_int_equal(page_of(&w), RT_PAGE_OPERATION);
	world_close(&w);
}

static void
what_is_not_held_is_said_and_what_was_held_stays(void **state)
{
	struct world w;

	(void)state;
	open_operation(&w);
	drill_answer(&w, "op-5d1e", 0);
	world_draw(&w, ROWS, COLS);
	assert_shows(&w.g, "the collector holds no record of this operation");
	drill_answer(&w, "op-5d1e", 3);
	drill_answer(&w, "op-5d1e", 0);
	world_draw(&w, ROWS, COLS);
	assert_shows(&w.g, "rescued_by_fallback");
	assert_shows(&w.g, "not held any more");
	world_close(&w);
}

static void
lists_look_as_agreed(void **state)
{
	struct world w;

	(void)state;
	drill_open(&w);
	(void)drill_press(&w, '1');
	(void)drill_press(&w, RT_KEY_ENTER);
	world_draw(&w, ROWS, COLS);
	assert_golden(&w.g, "list-80x24");
	world_draw(&w, 40, 120);
	assert_golden(&w.g, "list-120x40");
	(void)drill_press(&w, '7');
	(void)drill_press(&w, RT_KEY_ENTER);
	world_draw(&w, ROWS, COLS);
	assert_golden(&w.g, "list-rule-80x24");
	world_close(&w);
}

/* ---- along and back ----------------------------------------------------------- */

static void
n_and_N_walk_the_list_and_stop_at_its_ends(void **state)
{
	struct world w;

	(void)state;
	open_operation(&w);
	(void)drill_press(&w, 'N');
	assert_string_equal(w.m->drill->id, "op-4444");
	(void)drill_press(&w, 'N');
	assert_string_equal(w.m->drill->id, "op-4444");
	assert_non_null(strstr(w.m->notice, "no operation further up"));
	for (unsigned i = 0; i < 9; i++)
		(void)drill_press(&w, 'n');
	assert_string_equal(w.m->drill->id, "op-1111");
	world_close(&w);
}

static void
e_and_v_stop_at_failures_and_violations_only(void **state)
{
	struct world w;

	(void)state;
	drill_open(&w);
	(void)drill_press(&w, '1');
	(void)drill_press(&w, RT_KEY_ENTER);
	(void)drill_press(&w, 'e');
	assert_int_equal(w.m->drill->list.at, 3); /* op-2222 */
	(void)drill_press(&w, 'V');
	assert_int_equal(w.m->drill->list.at, 1); /* op-5d1e */
	(void)drill_press(&w, 'E');
	assert_int_equal(w.m->drill->list.at, 0); /* op-4444 */
	(void)drill_press(&w, 'E');
	assert_int_equal(w.m->drill->list.at, 0);
	(void)drill_press(&w, '9');
	(void)drill_press(&w, 'E');
	assert_int_equal(w.m->tail_at, 3);
	assert_false(w.m->follow);
	(void)drill_press(&w, 'v');
	assert_int_equal(w.m->tail_at, 4);
	world_close(&w);
}

static void
escape_goes_up_one_page_at_a_time_and_never_out(void **state)
{
	struct world w;

	(void)state;
	drill_open(&w);
	(void)drill_press(&w, '4');
	(void)drill_press(&w, RT_KEY_ENTER);
	(void)drill_press(&w, RT_KEY_ENTER);
	(void)drill_press(&w, RT_KEY_ENTER);
	assert_int_equal(page_of(&w), RT_PAGE_RECORDS);
	assert_int_equal(drill_press(&w, RT_KEY_ESC), RT_EFFECT_DRAW);
	assert_int_equal(page_of(&w), RT_PAGE_OPERATION);
	assert_int_equal(drill_press(&w, 'q'), RT_EFFECT_DRAW);
	assert_int_equal(page_of(&w), RT_PAGE_LIST);
	assert_int_equal(drill_press(&w, RT_KEY_ESC), RT_EFFECT_DRAW);
	assert_int_equal(page_of(&w), RT_PAGE_PANELS);
	assert_int_equal(drill_press(&w, RT_KEY_ESC), RT_EFFECT_DRAW);
	assert_int_equal(drill_press(&w, 'q'), RT_EFFECT_QUIT);
	world_close(&w);
}

static void
history_goes_back_and_forward_and_forgets_a_branch(void **state)
{
	struct world w;

	(void)state;
	drill_open(&w);
	(void)drill_press(&w, '[');
	assert_non_null(strstr(w.m->notice, "no view before"));
	(void)drill_press(&w, '4');
	(void)drill_press(&w, RT_KEY_ENTER);
	(void)drill_press(&w, RT_KEY_ENTER);
	assert_string_equal(w.m->drill->id, "op-5d1e");
	(void)drill_press(&w, '[');
	assert_int_equal(page_of(&w), RT_PAGE_LIST);
	(void)drill_press(&w, '[');
	assert_int_equal(page_of(&w), RT_PAGE_PANELS);
	(void)drill_press(&w, ']');
	(void)drill_press(&w, ']');
	assert_int_equal(page_of(&w), RT_PAGE_OPERATION);
	(void)drill_press(&w, '[');
	(void)drill_press(&w, '6');
	(void)drill_press(&w, ']');
	assert_int_equal(page_of(&w), RT_PAGE_PANELS);
	assert_non_null(strstr(w.m->notice, "no view after"));
	world_close(&w);
}

static void
history_keeps_the_last_visits_only(void **state)
{
	struct world w;
	unsigned back = 0;

	(void)state;
	drill_open(&w);
	for (unsigned i = 0; i < 3 * RT_VISITS; i++) {
		(void)drill_press(&w, RT_KEY_ENTER);
		(void)drill_press(&w, RT_KEY_ESC);
	}
	while (rt_drill_history(w.m, -1))
		back++;
	assert_int_equal(back, RT_VISITS - 1);
	world_close(&w);
}

/* ---- filtered --------------------------------------------------------------- */

static void
a_filter_is_typed_applied_shown_and_cleared(void **state)
{
	struct world w;

	(void)state;
	drill_open(&w);
	(void)drill_press(&w, '/');
	drill_type(&w, "qz:");
	world_draw(&w, ROWS, COLS);
	assert_shows(&w.g, " /qz:");
	(void)drill_press(&w, RT_KEY_ENTER);
	world_draw(&w, ROWS, COLS);
	assert_shows(&w.g, "no such key: qz");
	assert_true(w.m->prompt.is_open);
	(void)drill_press(&w, 'u' & 31);
	drill_type(&w, "service:search");
	(void)drill_press(&w, RT_KEY_ENTER);
	assert_false(w.m->prompt.is_open);
	assert_int_equal(w.m->rows[RT_PANEL_ROUTES].count, 1);
	world_draw(&w, ROWS, COLS);
	assert_shows(&w.g, "service:search");
	assert_golden(&w.g, "filtered-80x24");
	assert_int_equal(drill_press(&w, RT_KEY_ESC), RT_EFFECT_DRAW);
	assert_int_equal(w.m->filter.count, 0);
	assert_int_equal(w.m->rows[RT_PANEL_ROUTES].count, 2);
	(void)drill_press(&w, '/');
	(void)drill_press(&w, RT_KEY_UP);
	assert_string_equal(w.m->prompt.text, "service:search");
	(void)drill_press(&w, RT_KEY_ESC);
	assert_int_equal(w.m->filter.count, 0);
	world_close(&w);
}

static void
set_filter(struct world *w, const char *text)
{
	(void)drill_press(w, '/');
	(void)drill_press(w, 'u' & 31);
	drill_type(w, text);
	(void)drill_press(w, RT_KEY_ENTER);
}

static void
an_open_list_follows_the_filter(void **state)
{
	struct world w;

	(void)state;
	drill_open(&w);
	(void)drill_press(&w, '1');
	(void)drill_press(&w, RT_KEY_ENTER);
	(void)drill_press(&w, 'G');
	set_filter(&w, "st:2xx");
	assert_string_equal(listed(&w), "op-5d1e op-3333 op-1111");
	assert_int_equal(w.m->drill->list.at, 2);
	(void)drill_press(&w, '\\');
	assert_int_equal(w.m->drill->list.count, 5);
	set_filter(&w, "st:418");
	assert_int_equal(w.m->drill->list.count, 0);
	world_draw(&w, ROWS, COLS);
	assert_shows(&w.g, "none passes the filter");
	world_close(&w);
}

static void
the_cursor_of_the_tail_stops_at_what_passes(void **state)
{
	struct world w;

	(void)state;
	drill_open(&w);
	set_filter(&w, "op:5d1e");
	(void)drill_press(&w, '9');
	(void)drill_press(&w, 'k');
	assert_int_equal(w.m->tail_at, 6);
	(void)drill_press(&w, 'k');
	assert_int_equal(w.m->tail_at, 4);
	(void)drill_press(&w, 'k');
	(void)drill_press(&w, 'k');
	assert_int_equal(w.m->tail_at, 2);
	world_draw(&w, ROWS, COLS);
	assert_shows(&w.g, ">09:04:24");
	(void)drill_press(&w, 'j');
	assert_int_equal(w.m->tail_at, 4);
	(void)drill_press(&w, 'G');
	assert_true(w.m->follow);
	world_close(&w);
}

static void
every_page_can_be_drawn_at_every_size(void **state)
{
	static const unsigned sizes[] = {
	    1, 2, 3, 4, 5, 10, 12, 24, 34, 60, 200};
	struct world w;

	(void)state;
	open_operation(&w);
	drill_answer(&w, "op-5d1e", 3);
	for (unsigned page = RT_PAGE_LIST; page <= RT_PAGE_RECORDS; page++)
		for (size_t i = 0; i < RT_COUNT_OF(sizes); i++)
			for (size_t k = 0; k < RT_COUNT_OF(sizes); k++) {
				w.m->drill->page = (enum rt_page)page;
				(void)drill_press(&w, 'G');
				world_draw(&w, sizes[i], sizes[k]);
				(void)drill_press(&w, 'g');
				world_draw(&w, sizes[i], sizes[k]);
				assert_int_equal(w.m->drill->page, page);
				assert_int_equal(w.g.rows, sizes[i]);
				assert_int_equal(w.g.cols, sizes[k]);
			}
	world_close(&w);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(each_panel_lists_the_operations_of_its_row),
	    cmocka_unit_test(
		canary_operations_are_in_no_list_but_their_own_and_all),
	    cmocka_unit_test(a_panel_without_rows_opens_nothing_and_says_so),
	    cmocka_unit_test(
		an_open_operation_is_asked_for_and_drawn_when_it_comes),
	    cmocka_unit_test(what_is_not_held_is_said_and_what_was_held_stays),
	    cmocka_unit_test(lists_look_as_agreed),
	    cmocka_unit_test(n_and_N_walk_the_list_and_stop_at_its_ends),
	    cmocka_unit_test(e_and_v_stop_at_failures_and_violations_only),
	    cmocka_unit_test(escape_goes_up_one_page_at_a_time_and_never_out),
	    cmocka_unit_test(
		history_goes_back_and_forward_and_forgets_a_branch),
	    cmocka_unit_test(history_keeps_the_last_visits_only),
	    cmocka_unit_test(a_filter_is_typed_applied_shown_and_cleared),
	    cmocka_unit_test(an_open_list_follows_the_filter),
	    cmocka_unit_test(the_cursor_of_the_tail_stops_at_what_passes),
	    cmocka_unit_test(every_page_can_be_drawn_at_every_size),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
