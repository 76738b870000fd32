/* SPDX-License-Identifier: MIT */
/* A click selects, the wheel scrolls; without being asked for, neither does anything. */
#include "tui/mouse.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/unit/util.h"
#include "tui/keys.h"
#include "tui/term.h"
#include "tui/view.h"

#define NOW_US INT64_C(1781341471000000)
#define ROUTES 40u
#define EVENTS 100u

struct world {
	struct rt_model *m;
	struct rt_grid g;
	unsigned rows, cols;
};

static void
open_world(struct world *w, unsigned rows, unsigned cols)
{
	struct rt_report r;

	*w = (struct world){.rows = rows, .cols = cols};
	w->m = rt_model_new("t", "e", 300);
	rt_grid_init(&w->g);
	rt_model_tick(w->m, (rt_mono_t){1000000}, (rt_wall_t){NOW_US});
	rt_report_init(&r);
	r.source.is_live = true;
	r.source.window_s = 300;
	r.source.uptime_ms = 3600000;
	r.source.started_id = 7;
	for (unsigned i = 0; i < ROUTES; i++) {
		struct rt_report_series *s = rt_report_add_series(&r);
		char name[16];

		snprintf(name, sizeof(name), "route%02u", i);
		s->labels[RT_LABEL_SERVICE] =
		    rt_report_text(&r, rt_str_of(name));
		s->counts->n[RT_C_ATTEMPTS] = 100;
	}
	for (unsigned i = 0; i < 3; i++) {
		struct rt_report_canary *c = rt_report_add_canary(&r);
		char name[16];

		snprintf(name, sizeof(name), "canary%u", i);
		c->name = rt_report_text(&r, rt_str_of(name));
		c->last_ok = true;
		c->pause = "quota";
	}
	rt_model_answer(w->m, &r);
	rt_report_fini(&r);
	for (unsigned i = 0; i < EVENTS; i++) {
		struct rt_event e = {.kind = RT_KIND_ATTEMPT};
		char id[16];

		snprintf(id, sizeof(id), "op-%03u", i);
		e.present = RT_FIELD_BIT(OPERATION_ID);
		e.operation_id = rt_str_of(id);
		e.service = rt_str_of(i % 2 ? "odd" : "even");
		e.http_response_status_code = i % 2 ? 500 : 200;
		e.decision = RT_DECISION_NONE;
		rt_model_event(w->m, &e);
	}
}

static void
close_world(struct world *w)
{
	rt_model_free(w->m);
	rt_grid_fini(&w->g);
}

static struct rt_layout
draw(struct world *w)
{
	struct rt_layout l;

	rt_layout_make(&l, w->m, w->rows, w->cols);
	rt_layout_settle(&l, w->m);
	rt_view_screen(w->m, &l, &w->g);
	return l;
}

static enum rt_effect
press(struct world *w, int code)
{
	struct rt_layout l = draw(w);

	return rt_keys_apply(w->m, &l, code);
}

/* The first row that begins with `text` but for the cursor; all must be there. */
static unsigned
row_of(struct world *w, const char *text)
{
	(void)draw(w);
	for (unsigned row = 0; row < w->g.rows; row++) {
		const struct rt_cell *line = w->g.cells + row * w->g.cols;
		size_t i = 0;

		while (text[i] && line[i + 1].ch == (unsigned char)text[i])
			i++;
		if (!text[i])
			return row;
	}
	fail_msg("%s is not on the screen", text);
	return 0;
}

static enum rt_effect
mouse(struct world *w, enum rt_mouse what, const char *text)
{
	return press(w, rt_mouse_key(what, row_of(w, text), 5));
}

static const char *
event_at_cursor(struct world *w)
{
	return rt_trail_get(w->m->trail, w->m->tail_at)->operation_id;
}

static void
nothing_happens_until_it_is_asked_for(void **state)
{
	struct world w;

	(void)state;
	open_world(&w, 40, 120);
	assert_int_equal(mouse(&w, RT_MOUSE_CLICK, "route03"), RT_EFFECT_NONE);
	assert_int_equal(w.m->rows[RT_PANEL_ROUTES].at, 0);
	assert_int_equal(press(&w, 'm'), RT_EFFECT_MOUSE);
	assert_true(w.m->mouse);
	assert_int_equal(mouse(&w, RT_MOUSE_CLICK, "route03"), RT_EFFECT_DRAW);
	assert_int_equal(w.m->rows[RT_PANEL_ROUTES].at, 3);
	assert_int_equal(press(&w, 'm'), RT_EFFECT_MOUSE);
	assert_false(w.m->mouse);
	close_world(&w);
}

static void
a_click_points_at_the_row_that_is_drawn_there(void **state)
{
	struct world w;

	(void)state;
	open_world(&w, 40, 120);
	w.m->mouse = true;
	(void)press(&w, 'G'); /* scrolled */
	(void)mouse(&w, RT_MOUSE_CLICK, "route36");
	assert_int_equal(w.m->rows[RT_PANEL_ROUTES].at, 36);
	assert_true(w.m->rows[RT_PANEL_ROUTES].selected ==
	    w.m->rows[RT_PANEL_ROUTES].ids[36]);
	/* A title or a head focuses and moves nothing. */
	(void)mouse(&w, RT_MOUSE_CLICK, "6 Fallback");
	assert_int_equal(w.m->focus, RT_PANEL_FALLBACKS);
	(void)mouse(&w, RT_MOUSE_CLICK, "ROUTE ");
	assert_int_equal(w.m->focus, RT_PANEL_ROUTES);
	assert_int_equal(w.m->rows[RT_PANEL_ROUTES].at, 36);
	/* The header and the keys are no panel. */
	assert_int_equal(
	    press(&w, rt_mouse_key(RT_MOUSE_CLICK, 0, 5)), RT_EFFECT_NONE);
	assert_int_equal(
	    press(&w, rt_mouse_key(RT_MOUSE_CLICK, 39, 5)), RT_EFFECT_NONE);
	assert_int_equal(press(&w, rt_mouse_key(RT_MOUSE_CLICK, 4000, 4000)),
	    RT_EFFECT_NONE);
	close_world(&w);
}

static void
a_click_in_the_tail_holds_it_at_that_event(void **state)
{
	struct rt_filter f;
	struct world w;
	struct rt_layout l;
	const struct rt_box *tail;

	(void)state;
	open_world(&w, 40, 120);
	w.m->mouse = true;
	l = draw(&w);
	tail = &l.boxes[l.count - 1];
	assert_int_equal(tail->panel, RT_PANEL_TAIL);
	(void)press(
	    &w, rt_mouse_key(RT_MOUSE_CLICK, tail->row + tail->rows - 1, 9));
	assert_string_equal(event_at_cursor(&w), "op-099");
	assert_false(w.m->follow);
	(void)press(
	    &w, rt_mouse_key(RT_MOUSE_CLICK, tail->row + tail->rows - 3, 9));
	assert_string_equal(event_at_cursor(&w), "op-097");
	/* With a filter the lines between are another's. */
	assert_int_equal(
	    rt_filter_parse(&f, rt_str_of("service:even"), NULL), RT_OK);
	rt_model_filter(w.m, &f);
	(void)press(&w, 'F');
	(void)press(
	    &w, rt_mouse_key(RT_MOUSE_CLICK, tail->row + tail->rows - 3, 9));
	assert_string_equal(event_at_cursor(&w), "op-094");
	close_world(&w);
}

static void
the_wheel_moves_what_is_under_the_pointer(void **state)
{
	struct world w;

	(void)state;
	open_world(&w, 40, 120);
	w.m->mouse = true;
	(void)mouse(&w, RT_MOUSE_DOWN, "route02");
	assert_int_equal(w.m->rows[RT_PANEL_ROUTES].at, 3);
	(void)mouse(&w, RT_MOUSE_UP, "9 Tail");
	assert_int_equal(w.m->focus, RT_PANEL_TAIL);
	assert_string_equal(event_at_cursor(&w), "op-096");
	assert_int_equal(w.m->rows[RT_PANEL_ROUTES].at, 3);
	(void)press(&w, '?');
	(void)press(&w, rt_mouse_key(RT_MOUSE_DOWN, 20, 20));
	assert_int_equal(w.m->help_top, RT_MOUSE_WHEEL);
	assert_int_equal(
	    press(&w, rt_mouse_key(RT_MOUSE_CLICK, 20, 20)), RT_EFFECT_NONE);
	assert_true(w.m->help);
	close_world(&w);
}

static void
a_click_in_a_list_points_at_the_operation(void **state)
{
	struct world w;

	(void)state;
	open_world(&w, 24, 80);
	w.m->mouse = true;
	(void)press(&w, '1');
	(void)press(&w, RT_KEY_ENTER); /* all operations, newest first */
	assert_int_equal(w.m->drill->page, RT_PAGE_LIST);
	(void)press(&w, rt_mouse_key(RT_MOUSE_CLICK, 4 + 5, 20));
	assert_string_equal(
	    w.m->drill->list.rows[w.m->drill->list.at].id, "op-094");
	(void)press(&w, rt_mouse_key(RT_MOUSE_DOWN, 10, 20));
	assert_int_equal(w.m->drill->list.at, 5 + RT_MOUSE_WHEEL);
	assert_int_equal(
	    press(&w, rt_mouse_key(RT_MOUSE_CLICK, 3, 20)), RT_EFFECT_NONE);
	close_world(&w);
}

static void
a_menu_or_a_line_being_typed_is_not_clicked_away(void **state)
{
	struct world w;

	(void)state;
	open_world(&w, 40, 120);
	w.m->mouse = true;
	for (const char *key = "s/"; *key; key++) {
		(void)press(&w, *key);
		assert_int_equal(
		    mouse(&w, RT_MOUSE_CLICK, "route03"), RT_EFFECT_NONE);
		(void)press(&w, RT_KEY_ESC);
	}
	assert_int_equal(w.m->rows[RT_PANEL_ROUTES].at, 0);
	close_world(&w);
}

static void
both_lines_of_a_canary_are_that_canary(void **state)
{
	struct world w;
	unsigned row;

	(void)state;
	open_world(&w, 40, 120);
	(void)press(&w, 'm');
	(void)press(&w, '8');
	(void)press(&w, 'z');
	row = row_of(&w, "canary1");
	assert_int_equal(row_of(&w, "canary2"), row + 2);
	(void)press(&w, rt_mouse_key(RT_MOUSE_CLICK, row + 1, 5));
	assert_int_equal(w.m->rows[RT_PANEL_CANARY].at, 1);
	(void)press(&w, rt_mouse_key(RT_MOUSE_CLICK, row + 2, 5));
	assert_int_equal(w.m->rows[RT_PANEL_CANARY].at, 2);
	close_world(&w);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(nothing_happens_until_it_is_asked_for),
	    cmocka_unit_test(a_click_points_at_the_row_that_is_drawn_there),
	    cmocka_unit_test(a_click_in_the_tail_holds_it_at_that_event),
	    cmocka_unit_test(the_wheel_moves_what_is_under_the_pointer),
	    cmocka_unit_test(a_click_in_a_list_points_at_the_operation),
	    cmocka_unit_test(both_lines_of_a_canary_are_that_canary),
	    cmocka_unit_test(a_menu_or_a_line_being_typed_is_not_clicked_away),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
