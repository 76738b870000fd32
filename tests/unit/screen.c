/* SPDX-License-Identifier: MIT */
#include "tests/unit/screen.h"

#include <stdio.h>
#include <string.h>

struct rt_layout
screen_place(struct rt_model *m, unsigned rows, unsigned cols)
{
	struct rt_layout l;

	rt_layout_make(&l, m, rows, cols);
	rt_layout_settle(&l, m);
	return l;
}

struct rt_layout
screen_draw(struct rt_model *m, struct rt_grid *g, unsigned rows, unsigned cols)
{
	struct rt_layout l = screen_place(m, rows, cols);

	rt_view_screen(m, &l, g);
	return l;
}

enum rt_effect
screen_press(struct rt_model *m, unsigned rows, unsigned cols, int key)
{
	struct rt_layout l = screen_place(m, rows, cols);

	return rt_keys_apply(m, &l, key);
}

const char *
screen_text(const struct rt_grid *g)
{
	static char text[1 << 20];
	struct rt_buf b;

	rt_buf_init_fixed(&b, text, sizeof(text));
	text[0] = '\0';
	rt_grid_dump(&b, g);
	assert_false(b.overflow);
	return text;
}

void
screen_assert(const struct rt_grid *g, const char *needle, bool is_there,
    const char *file, int line)
{
	const char *text = screen_text(g);

	if ((strstr(text, needle) != NULL) == is_there)
		return;
	print_error("\"%s\" is %s the screen:\n%s\n", needle,
	    is_there ? "not on" : "on", text);
	_fail(file, line);
}

void
screen_assert_golden(
    const struct rt_grid *g, const char *name, const char *file, int line)
{
	char path[256];

	snprintf(path, sizeof(path), "tests/golden/%s.screen", name);
	util_assert_golden(path, screen_text(g), file, line);
}

void
world_open(struct world *w)
{
	memset(w, 0, sizeof(*w));
	w->m = rt_model_new("gw.example", "tcp://127.0.0.1:7782", 300);
	rt_report_init(&w->r);
	rt_grid_init(&w->g);
	w->mono.us = 1000000;
	rt_model_tick(w->m, w->mono, (rt_wall_t){NOW_US});
}

void
world_close(struct world *w)
{
	rt_model_free(w->m);
	rt_report_fini(&w->r);
	rt_grid_fini(&w->g);
}

void
world_pass_ms(struct world *w, int64_t ms)
{
	w->mono.us += ms * 1000;
	rt_model_tick(
	    w->m, w->mono, (rt_wall_t){NOW_US - 1000000 + w->mono.us});
}

void
world_answer(struct world *w, void (*fill)(struct rt_report *r))
{
	rt_report_reset(&w->r);
	fill(&w->r);
	rt_model_answer(w->m, &w->r);
}

void
world_fill_source(struct rt_report *r)
{
	r->source.is_live = true;
	r->source.window_s = 300;
	r->source.now_us = NOW_US;
	r->source.uptime_ms = 3600000;
	r->source.last_event_age_ms = 400;
	r->source.started_id = 7;
}

void
world_draw(struct world *w, unsigned rows, unsigned cols)
{
	(void)screen_draw(w->m, &w->g, rows, cols);
}

enum rt_effect
world_press(struct world *w, unsigned rows, unsigned cols, int key)
{
	return screen_press(w->m, rows, cols, key);
}
