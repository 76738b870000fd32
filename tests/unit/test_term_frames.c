/* SPDX-License-Identifier: MIT */
/* What is written to terminals of every kind and size, and read from them. */
#include <poll.h>
#include <stdio.h>
#include <sys/ioctl.h>

#include "proto/clock.h"
#include "tests/unit/session.h"

static void
follows_the_size_of_the_terminal(void **state)
{
	static const struct winsize sizes[] = {{.ws_row = 1, .ws_col = 1},
	    {.ws_row = 100, .ws_col = 300}, {.ws_row = 10, .ws_col = 40}};
	struct session s;

	(void)state;
	session_start_shown(&s, &session_plain);
	for (unsigned i = 0; i < RT_COUNT_OF(sizes); i++) {
		ioctl(s.master, TIOCSWINSZ, &sizes[i]);
		session_await_note(&s, "F", true);
		assert_int_equal(s.last.rows, sizes[i].ws_row);
		assert_int_equal(s.last.cols, sizes[i].ws_col);
	}
	session_type(&s, "q");
	assert_int_equal(session_await_exit(&s, true), 0);
	session_assert_left(&s);
	session_finish(&s);
}

static void
starts_on_every_terminal(void **state)
{
	static const struct {
		const char *why;
		struct setting with;
		const char *has, *has_not;
	} rows[] = {
	    {"256 colours", {"xterm-256color", "C.UTF-8", NULL, 24, 80, {0}},
		"\033[38;5;", "\033[48;5;"},
	    {"unknown, by stem", {"xterm-kitty", "C.UTF-8", NULL, 24, 80, {0}},
		"\033[38;5;", NULL},
	    {"unknown altogether", {"bogus", "C.UTF-8", NULL, 24, 80, {0}},
		"frame 0", "\033[38;5;"},
	    {"no TERM", {NULL, "C.UTF-8", NULL, 24, 80, {0}}, "frame 0",
		"\033[38;5;"},
	    {"8 colours", {"linux", "C.UTF-8", NULL, 24, 80, {0}}, "\033[36m",
		"\033[38;5;"},
	    {"NO_COLOR", {"xterm-256color", "C.UTF-8", "1", 24, 80, {0}},
		"frame 0", "\033[38"},
	    {"mono",
		{"xterm-256color", "C.UTF-8", NULL, 24, 80,
		    {.theme = RT_THEME_MONO}},
		"frame 0", "\033[38"},
	    {"UTF-8", {"xterm-256color", "C.UTF-8", NULL, 24, 80, {0}},
		"\u2581", NULL},
	    {"LANG=C", {"xterm-256color", "C", NULL, 24, 80, {0}}, "frame 0.",
		"\xe2"},
	    {"a UTF-8 locale that is not installed",
		{"xterm-256color", "xx_YY.UTF-8", NULL, 24, 80, {0}}, "\u2581",
		NULL},
	    {"--ascii",
		{"xterm-256color", "C.UTF-8", NULL, 24, 80, {.ascii = true}},
		"frame 0.", "\xe2"},
	    {"one cell", {"xterm-256color", "C.UTF-8", NULL, 1, 1, {0}}, "~",
		"frame"},
	    {"large", {"xterm-256color", "C.UTF-8", NULL, 100, 300, {0}},
		"frame 0", NULL},
	    {"no size", {"xterm-256color", "C.UTF-8", NULL, 0, 0, {0}},
		"frame 0", NULL},
	};

	(void)state;
	for (unsigned i = 0; i < RT_COUNT_OF(rows); i++) {
		struct session s;

		print_message("%s\n", rows[i].why);
		session_start_shown(&s, &rows[i].with);
		session_await_text(&s, rows[i].has);
		if (rows[i].has_not)
			assert_true(session_last_of(&s, rows[i].has_not) < 0);
		session_type(&s, "q");
		assert_int_equal(session_await_exit(&s, true), 0);
		session_assert_cooked(&s);
		session_finish(&s);
	}
}

static void
refuses_a_terminal_that_cannot_place_the_cursor(void **state)
{
	struct setting dumb = session_plain;
	struct session s;

	(void)state;
	dumb.term = "dumb";
	session_start(&s, &dumb);
	session_await_note(&s, "OE", true);
	assert_int_equal(s.last.what, 'E');
	assert_int_equal(s.last.value, RT_E_IO);
	assert_int_equal(session_await_exit(&s, true), 3 << 8);
	assert_int_equal(s.seen.len, 0);
	session_assert_cooked(&s);
	session_finish(&s);
}

static void
one_write_a_frame_and_few_bytes_for_a_cell(void **state)
{
	struct session s;
	uint64_t writes;

	(void)state;
	session_start_shown(&s, &session_plain);
	assert_int_equal(s.last.stats.frames, 1);
	session_show_frame(&s, "c");
	session_show_frame(&s, "c");
	for (unsigned i = 0; i < 5; i++) {
		writes = s.last.stats.writes;
		session_type(&s, "c");
		session_await_note(&s, "F", true);
		assert_int_equal(s.last.stats.writes, writes + 1);
		assert_in_range(s.last.stats.last_frame_bytes, 1, 40);
	}
	rt_buf_reset(&s.seen);
	for (unsigned i = 0; i < 5; i++) {
		session_show_frame(&s, "f");
	}
	assert_true(session_last_of(&s, "\033[?2026h") >= 0);
	assert_true(session_last_of(&s, "\033[2J") < 0);
	assert_true(session_last_of(&s, "\033[J") < 0);
	session_show_frame(&s, "r");
	session_await_text(&s, "\033[2J");
	session_type(&s, "q");
	assert_int_equal(session_await_exit(&s, true), 0);
	session_finish(&s);
}

/* All of a frame, to its last byte; what follows is another one's. */
static void
await_frame(struct session *s, unsigned number)
{
	rt_mono_t end = rt_mono_add_ms(rt_clock_mono(), PATIENCE_MS);
	char name[32];

	snprintf(name, sizeof(name), "frame %u\u2581", number);
	session_await_text(s, name);
	while (session_last_of(s, "\033[?2026l") < session_last_of(s, name)) {
		struct pollfd p = {.fd = s->master, .events = POLLIN};

		assert_true(rt_clock_mono().us < end.us);
		(void)poll(&p, 1, 50);
		session_read_screen(s);
	}
}

static void
the_theme_changes_while_it_runs(void **state)
{
	static const struct {
		const char *has, *has_not; /* colours of bad */
	} rows[] = {
	    {"\033[38;5;161m", "\033[38;5;203m"}, /* light */
	    {"frame ", "\033[38"},                /* mono */
	    {"\033[38;5;198m", "\033[38;5;161m"}, /* safe */
	    {"\033[38;5;203m", "\033[38;5;198m"}, /* dark */
	};
	struct setting poor = session_plain;
	struct session s;

	(void)state;
	session_start_shown(&s, &session_plain);
	await_frame(&s, 0);
	for (unsigned i = 0; i < RT_COUNT_OF(rows); i++) {
		rt_buf_reset(&s.seen);
		session_type(&s, "t");
		await_frame(&s, i + 1);
		assert_true(session_last_of(&s, rows[i].has) >= 0);
		assert_true(session_last_of(&s, rows[i].has_not) < 0);
	}
	session_type(&s, "q");
	assert_int_equal(session_await_exit(&s, true), 0);
	session_finish(&s);
	/* Begun without colours, it finds them; NO_COLOR stays without. */
	poor.opts.theme = RT_THEME_MONO;
	session_start_shown(&s, &poor);
	await_frame(&s, 0);
	session_type(&s, "t");
	await_frame(&s, 1);
	assert_true(session_last_of(&s, "\033[38;5;198m") >= 0);
	session_type(&s, "q");
	assert_int_equal(session_await_exit(&s, true), 0);
	session_finish(&s);
	poor.no_color = "1";
	session_start_shown(&s, &poor);
	await_frame(&s, 0);
	session_type(&s, "t");
	await_frame(&s, 1);
	assert_true(session_last_of(&s, "\033[38") < 0);
	session_type(&s, "q");
	assert_int_equal(session_await_exit(&s, true), 0);
	session_finish(&s);
}

static void
hands_on_keys(void **state)
{
	static const struct {
		const char *bytes;
		int key;
	} rows[] = {
	    {"j", 'j'},
	    {"\033[A", RT_KEY_UP},
	    {"\033OP", RT_KEY_F1},
	    {"\r", RT_KEY_ENTER},
	    {"\014", 014},
	    {"\033", RT_KEY_ESC},
	    {"\xc3\xa9", 0xe9},
	    {"\022", 022},
	};
	struct session s;

	(void)state;
	session_start_shown(&s, &session_plain);
	for (unsigned i = 0; i < RT_COUNT_OF(rows); i++) {
		session_type(&s, rows[i].bytes);
		session_await_note(&s, "K", true);
		assert_int_equal(s.last.value, rows[i].key);
	}
	session_type(&s, "yb");
	session_await_text(&s, "\033]52;c;aGVsbG8=\033\\");
	session_await_text(&s, "\a");
	session_type(&s, "q");
	assert_int_equal(session_await_exit(&s, true), 0);
	session_finish(&s);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(follows_the_size_of_the_terminal),
	    cmocka_unit_test(starts_on_every_terminal),
	    cmocka_unit_test(refuses_a_terminal_that_cannot_place_the_cursor),
	    cmocka_unit_test(one_write_a_frame_and_few_bytes_for_a_cell),
	    cmocka_unit_test(the_theme_changes_while_it_runs),
	    cmocka_unit_test(hands_on_keys),
	};

	return cmocka_run_group_tests(tests, session_need_terminal, NULL);
}
