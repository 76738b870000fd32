/* SPDX-License-Identifier: MIT */
#include "tui/watch.h"

#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "proto/ask.h"
#include "proto/clock.h"
#include "proto/options.h"
#include "tui/child.h"
#include "tui/command.h"
#include "tui/feed.h"
#include "tui/keep.h"
#include "tui/keys.h"
#include "tui/once.h"
#include "tui/save.h"
#include "tui/state.h"
#include "tui/view.h"

#define PROBE_MS 300  /* how long a collector may take to be noticed */
#define READY_MS 5000 /* how long a private one may take to serve */
#define ONCE_MS 2000
#define WINDOW_S 300
#define LOW_MS 10000      /* between frames on a bad line */
#define LOW_EAGER_MS 1500 /* after a key what it asked for is drawn */
#define DRAW_MS 1300      /* without an answer: the clock and the age go on */

/* ---- the loop --------------------------------------------------------- */

struct watch {
	struct rt_term *term; /* owned */
	struct rt_feed *feed; /* owned */
	struct rt_save *save; /* owned */
	struct rt_model *m;   /* owned */
	struct rt_keep keep;
	struct rt_grid grid;
	struct rt_layout layout;
	rt_mono_t drawn_at, end_at; /* end_at.us 0: never */
	bool must_draw;
	bool is_low;        /* spares the line */
	enum rt_link drawn; /* what was last told of the collector */
};

static void
tick(struct watch *w)
{
	rt_model_tick(w->m, rt_clock_mono(), rt_clock_wall());
}

static void
place(struct watch *w)
{
	unsigned rows, cols;

	rt_term_size(w->term, &rows, &cols);
	rt_layout_make(&w->layout, w->m, rows, cols);
	rt_layout_settle(&w->layout, w->m);
}

/* False where the terminal is gone. */
static bool
draw(struct watch *w)
{
	enum rt_err err;

	rt_term_set_theme(w->term, w->m->theme);
	w->m->ascii = rt_term_is_ascii(w->term);
	place(w);
	rt_view_screen(w->m, &w->layout, &w->grid);
	err = rt_term_show(w->term, &w->grid);
	w->must_draw = err == RT_E_AGAIN;
	w->drawn_at = w->m->now;
	w->drawn = w->m->link;
	return err != RT_E_IO;
}

static void export(struct rt_model *m)
{
	const struct rt_drill *o = m->drill;
	char path[RT_STATE_PATH];
	struct rt_diag d = {{0}, {0}};

	if (rt_state_export(o->id, m->export_to,
		(struct rt_str){o->lines.p, o->lines.len}, m->now_wall, path,
		&d) == RT_OK)
		rt_model_say(m, "%u records in %s", o->fall.records, path);
	else
		rt_model_say(m, "not exported: %s%s%s", d.where,
		    d.where[0] ? ": " : "", d.what);
}

static void
set_mouse(struct watch *w)
{
	if (!rt_term_set_mouse(w->term, w->m->mouse)) {
		w->m->mouse = false;
		rt_model_say(w->m, "this terminal has no mouse");
	} else if (w->m->mouse) {
		rt_model_say(w->m,
		    "mouse on: a click selects, the wheel scrolls; with Shift "
		    "the terminal selects text as ever; m: off");
	} else {
		rt_model_say(w->m, "mouse off");
	}
}

/* False where it is time to go. */
static bool
take_key(struct watch *w, int key)
{
	if (key == RT_KEY_CLOSED)
		return false;
	if (key == RT_KEY_RESIZE)
		w->must_draw = true;
	place(w);
	switch (rt_keys_apply(w->m, &w->layout, key)) {
	case RT_EFFECT_NONE: return true;
	case RT_EFFECT_QUIT: return false;
	case RT_EFFECT_REDRAW: rt_term_redraw(w->term); break;
	case RT_EFFECT_SUSPEND: rt_term_suspend(w->term); break;
	case RT_EFFECT_MOUSE: set_mouse(w); break;
	case RT_EFFECT_ASCII: rt_term_set_ascii(w->term, w->m->ascii); break;
	case RT_EFFECT_EXPORT: export(w->m); break;
	case RT_EFFECT_SAVE: rt_save_begin(w->save, w->m); break;
	case RT_EFFECT_COPY: rt_term_copy(w->term, w->m->clip.p); break;
	case RT_EFFECT_DRAW: break;
	}
	w->must_draw = true;
	return true;
}

static int64_t
pace_ms(const struct watch *w)
{
	return w->is_low ? LOW_MS : DRAW_MS;
}

/* Is a fresh answer worth a frame now? */
static bool
is_worth_it(const struct watch *w)
{
	return !w->is_low ||
	    rt_mono_ms_between(w->drawn_at, w->m->now) >= LOW_MS ||
	    (w->m->key_at.us != 0 &&
		rt_mono_ms_between(w->m->key_at, w->m->now) < LOW_EAGER_MS);
}

static int
wait_ms(const struct watch *w)
{
	int64_t ms = pace_ms(w) - rt_mono_ms_between(w->drawn_at, w->m->now);
	int feed_ms = rt_feed_wait_ms(w->feed, w->m);

	/* A busy terminal is tried again soon, not at once. */
	if (w->must_draw)
		ms = 50;
	if (w->end_at.us != 0 && rt_mono_ms_between(w->m->now, w->end_at) < ms)
		ms = rt_mono_ms_between(w->m->now, w->end_at);
	if (feed_ms < ms)
		ms = feed_ms;
	return ms < 0 ? 0 : (int)ms;
}

/* Until a key, a signal or the time ends it. */
static void
run(struct watch *w)
{
	bool goes_on = draw(w);

	rt_keep_follow(&w->keep, w->m);
	while (goes_on) {
		bool saves = rt_save_is_on(w->save);
		struct pollfd fds[] = {{rt_feed_fd(w->feed), POLLIN, 0},
		    {saves ? rt_save_fd(w->save) : -1, POLLIN, 0}};
		int key = rt_term_wait(w->term, fds, 1u + saves, wait_ms(w));

		tick(w);
		if (key != RT_KEY_NONE)
			goes_on = take_key(w, key);
		if (rt_feed_step(w->feed, w->m) && is_worth_it(w))
			w->must_draw = true;
		if (w->m->must_ring) {
			rt_term_bell(w->term);
			w->m->must_ring = false;
		}
		if (rt_save_step(w->save, w->m))
			w->must_draw = true;
		if (w->m->link != w->drawn)
			w->must_draw = true;
		if (w->end_at.us != 0 && w->m->now.us >= w->end_at.us)
			goes_on = false;
		if (goes_on &&
		    (w->must_draw ||
			rt_mono_ms_between(w->drawn_at, w->m->now) >=
			    pace_ms(w)))
			goes_on = draw(w);
		rt_keep_follow(&w->keep, w->m);
	}
}

static int
fail(const struct rt_diag *d, enum rt_err err)
{
	enum rt_exit code = RT_EXIT_IO;

	if (err == RT_E_USAGE)
		code = RT_EXIT_USAGE;
	if (err == RT_E_CONFIG)
		code = RT_EXIT_CONFIG;
	return rt_options_fail("watch", d, code);
}

/* What was chosen last time, then what this time's options say. */
static void
choose(struct watch *w, const struct rt_watch_opts *o)
{
	w->keep.is_off = o->forgets;
	rt_keep_open(&w->keep, w->m);
	if (o->window_s)
		w->m->window_s = o->window_s;
	if (o->theme < RT_THEME_COUNT)
		w->m->theme = o->theme;
	w->m->ascii = w->m->ascii || o->ascii;
}

static void
close_watch(struct watch *w)
{
	rt_term_close(w->term);
	rt_feed_close(w->feed);
	rt_save_free(w->save);
	rt_grid_fini(&w->grid);
	rt_model_free(w->m);
}

int
rt_watch_run(const struct rt_watch_opts *o)
{
	struct rt_term_opts term_opts;
	struct watch w = {.must_draw = true, .is_low = o->low_bandwidth};
	struct rt_filter filter = {.count = 0};
	struct rt_diag d = {{0}, {0}};
	enum rt_err err = o->filter
	    ? rt_filter_parse(&filter, rt_str_of(o->filter), &d)
	    : RT_OK;

	if (err != RT_OK)
		return rt_options_fail("watch", &d, RT_EXIT_USAGE);
	w.m = rt_model_new(o->title && o->title[0] ? o->title : o->endpoint,
	    o->endpoint, WINDOW_S);
	w.save = rt_save_new(o->endpoint, &o->certs);
	tick(&w);
	choose(&w, o);
	term_opts = (struct rt_term_opts){w.m->ascii, w.m->theme};
	err = rt_feed_open(o->endpoint, &o->certs, &w.feed, &d);
	if (err == RT_OK)
		err = rt_term_open(&term_opts, &w.term, &d);
	if (err != RT_OK) {
		close_watch(&w);
		return fail(&d, err);
	}
	rt_model_filter(w.m, &filter);
	rt_grid_init(&w.grid);
	tick(&w);
	if (o->seconds > 0)
		w.end_at = rt_mono_add_ms(w.m->now, (int64_t)o->seconds * 1000);
	(void)rt_feed_step(w.feed, w.m);
	run(&w);
	rt_keep_close(&w.keep, w.m);
	close_watch(&w);
	return RT_EXIT_OK;
}

/* ---- whom to watch ---------------------------------------------------- */

static bool
answers(const char *endpoint, int timeout_ms)
{
	const struct rt_query q = {.no_series = true};
	struct rt_ask *ask;
	struct rt_buf b;
	struct rt_str answer;
	bool ok;

	if (rt_ask_open(endpoint, &ask, NULL) != RT_OK)
		return false;
	rt_buf_init(&b, RT_QUERY_MAX);
	rt_query_encode(&b, &q);
	ok = rt_ask_wait(ask, (struct rt_str){b.p, b.len}, timeout_ms,
		 &answer) == RT_OK;
	rt_buf_fini(&b);
	rt_ask_close(ask);
	return ok;
}

/* The last line of what the child said, for the sentence that it failed. */
static void
read_last_line(int fd, char *out, size_t size)
{
	char text[2048];
	ssize_t n = pread(fd, text, sizeof(text) - 1, 0);
	char *line;

	text[n > 0 ? n : 0] = '\0';
	for (n--; n >= 0 && text[n] == '\n'; n--)
		text[n] = '\0';
	line = strrchr(text, '\n');
	rt_text_scrub(out, size, rt_str_of(line ? line + 1 : text));
}

/* A private collector on the default endpoints, so that clients are heard. */
static enum rt_err
start_collector(struct rt_child *child, struct rt_diag *d)
{
	const char *const argv[] = {
	    rt_child_self(), "collect", "--http", "off", NULL};
	char path[] = "/tmp/retrytop-collect-XXXXXX", said[200];
	int fd = mkstemp(path);
	enum rt_err err = rt_child_start(
	    child, "collector", argv, true, fd >= 0 ? path : NULL, d);

	if (fd >= 0)
		unlink(path);
	if (err == RT_OK)
		err = rt_child_wait_ready(child, READY_MS, d);
	if (err != RT_OK && fd >= 0) {
		read_last_line(fd, said, sizeof(said));
		if (said[0])
			rt_diag_set(d, NULL,
			    "cannot start a collector of its own: %s", said);
	}
	if (fd >= 0)
		close(fd);
	if (err != RT_OK)
		rt_child_end(child, 1);
	return err;
}

static int
watch_private(struct rt_watch_opts *o)
{
	struct rt_child child = {.ready_fd = -1};
	struct rt_diag d = {{0}, {0}};
	int code;

	if (start_collector(&child, &d) != RT_OK)
		return rt_options_fail("watch", &d, RT_EXIT_UNREACHABLE);
	o->title = "private collector";
	code = rt_watch_run(o);
	rt_child_end(&child, 1);
	return code;
}

static bool
has_terminal(void)
{
	const char *term = getenv("TERM");

	return isatty(STDIN_FILENO) && isatty(STDOUT_FILENO) && term &&
	    term[0] && strcmp(term, "dumb") != 0;
}

int
rt_cmd_watch(int argc, char **argv)
{
	struct rt_endpoint at = {""};
	const char *window = NULL;
	unsigned theme = RT_THEME_COUNT;
	int64_t ms = 0;
	bool once = false, as_json = false, no_screen;
	struct rt_watch_opts run = {.window_s = WINDOW_S};
	const struct rt_option rows[] = {
	    RT_OPTION_COLLECTOR('c', "collector", &at,
		"whom to ask; without: 127.0.0.1:7782 if it answers, else a "
		"private one"),
	    RT_OPTION_TEXT('w', "window", &window, "1m|5m|15m|1h",
		"the window of every figure (as chosen last, else 5m)"),
	    RT_OPTION_FLAG(0, "once", &once, "print one report as text"),
	    RT_OPTION_FLAG(0, "json", &as_json, "print one report as JSON"),
	    RT_OPTION_TEXT(0, "filter", &run.filter, "WORDS",
		"begin with this filter, as typed after /"),
	    RT_OPTION_FLAG(0, "low-bandwidth", &run.low_bandwidth,
		"draw every 10 s, and after a key"),
	    RT_OPTION_FLAG(0, "ascii", &run.ascii, "draw with ASCII only"),
	    RT_OPTION_CHOICE(0, "theme", &theme, "dark|light|mono|safe",
		"colours (as chosen last, else dark)"),
	    RT_OPTION_DURATION(
		's', "seconds", &ms, 1, 86400000, "end after so long"),
	    RT_OPTIONS_CERTS(&run.certs),
	};
	const struct rt_options o = {"watch", NULL,
	    "The dashboard, on a running collector or a private one.", rows,
	    RT_COUNT_OF(rows)};
	struct rt_diag d = {{0}, {0}};
	int code = rt_options_parse(&o, &argc, argv);

	if (code != RT_OPTIONS_GO)
		return code;
	if (window &&
	    rt_window_from(rt_str_of(window), &run.window_s, &d) != RT_OK)
		return rt_options_fail("watch", &d, RT_EXIT_USAGE);
	run.endpoint = at.text[0] ? at.text : RT_ENDPOINT_QUERY;
	run.theme = (enum rt_theme)theme;
	run.seconds = (int)((ms + 999) / 1000);
	no_screen = once || as_json || !has_terminal();
	if (run.filter && no_screen) {
		rt_diag_set(&d, "filter", "is for the screen only");
		return rt_options_fail("watch", &d, RT_EXIT_USAGE);
	}
	if (no_screen)
		return rt_once_run(
		    run.endpoint, &run.certs, run.window_s, as_json, ONCE_MS);
	if (run.window_s == 0) {
		rt_diag_set(&d, "window", "all is for --once and --json");
		return rt_options_fail("watch", &d, RT_EXIT_USAGE);
	}
	if (!window)
		run.window_s = 0;
	/* A private collector has no keys: who has some wants another. */
	if (at.text[0] || run.certs.cert || run.certs.server_cert ||
	    answers(run.endpoint, PROBE_MS))
		return rt_watch_run(&run);
	return watch_private(&run);
}
