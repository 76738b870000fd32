/* SPDX-License-Identifier: MIT */
/* The terminal's life in a real pseudo terminal: however it ends, it is restored. */
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "proto/mem.h"
#include "tests/unit/session.h"

static const struct {
	const char *why, *keys;
	int signal; /* sent to the job; 0: keys typed instead */
	int status, ended_by;
} ends[] = {
    {"q", "q", 0, 0, 0},
    {"Ctrl-C", "\003", 0, 0, 0},
    {"INT", "", SIGINT, 0, 0},
    {"TERM", "", SIGTERM, 0, 0},
    {"HUP", "", SIGHUP, 0, 0},
    {"PIPE", "", SIGPIPE, 0, 0},
    {"QUIT", "", SIGQUIT, 0, SIGQUIT},
    {"Ctrl-\\", "\034", 0, 0, SIGQUIT},
    {"ABRT", "", SIGABRT, 0, SIGABRT},
    {"abort()", "a", 0, 0, SIGABRT},
    {"SEGV", "", SIGSEGV, 0, SIGSEGV},
    {"a wild pointer written to", "s", 0, 0, SIGSEGV},
    {"exit() by somebody", "x", 0, 4, 0},
    {"memory exhausted", "m", 0, RT_EXIT_INTERNAL, 0},
};

static void
terminal_is_restored_however_it_ends(void **state)
{
	(void)state;
	for (unsigned i = 0; i < 2 * RT_COUNT_OF(ends); i++) {
		bool has_mouse = i >= RT_COUNT_OF(ends);
		unsigned e = i % RT_COUNT_OF(ends);
		struct session s;
		int status;

		print_message(
		    "%s%s\n", ends[e].why, has_mouse ? ", the mouse on" : "");
		session_start_shown(&s, &session_plain);
		if (has_mouse) {
			session_type(&s, "M");
			session_await_text(&s, MOUSE_ON);
		}
		if (ends[e].signal)
			kill(s.job, ends[e].signal);
		else
			session_type(&s, ends[e].keys);
		status = session_await_exit(&s, true);
		if (ends[e].ended_by)
			assert_int_equal(WTERMSIG(status), ends[e].ended_by);
		else
			assert_int_equal(status, ends[e].status << 8);
		session_assert_left(&s);
		assert_true(session_last_of(&s, "\033[?1000l") >=
		    session_last_of(&s, "\033[?1000h"));
		assert_true(has_mouse == (session_last_of(&s, MOUSE_OFF) >= 0));
		session_assert_cooked(&s);
		session_finish(&s);
	}
}

static void
the_mouse_is_off_while_stopped_and_once_it_is_not_wanted(void **state)
{
	struct session s;

	(void)state;
	session_start_shown(&s, &session_plain);
	assert_true(session_last_of(&s, "\033[?1000") < 0);
	session_type(&s, "M");
	session_await_text(&s, MOUSE_ON);
	session_type(&s, "z");
	session_await_note(&s, "S", true);
	session_read_screen(&s);
	assert_true(
	    session_last_of(&s, MOUSE_OFF) > session_last_of(&s, MOUSE_ON));
	rt_buf_reset(&s.seen);
	kill(s.job, SIGCONT);
	session_await_text(&s, MOUSE_ON);
	session_type(&s, "M");
	session_await_text(&s, MOUSE_OFF);
	rt_buf_reset(&s.seen);
	session_type(&s, "z");
	session_await_note(&s, "S", true);
	kill(s.job, SIGCONT);
	session_type(&s, "f");
	session_await_text(&s, ENTER_SCREEN);
	session_await_text(&s, "\033[?2026l");
	assert_true(session_last_of(&s, MOUSE_ON) < 0);
	session_type(&s, "q");
	assert_int_equal(session_await_exit(&s, true), 0);
	session_finish(&s);
}

static void
a_loop_that_hangs_is_ended_after_a_second(void **state)
{
	struct session s;

	(void)state;
	session_start_shown(&s, &session_plain);
	session_type(&s, "h");
	session_await_note(&s, "K", true);
	kill(s.job, SIGTERM);
	session_await_note(&s, "X", true);
	assert_int_equal(WTERMSIG(s.last.value), SIGALRM);
	session_assert_left(&s);
	session_assert_cooked(&s);
	session_finish(&s);
}

static void
a_closed_terminal_ends_it(void **state)
{
	struct session s;

	(void)state;
	session_start_shown(&s, &session_plain);
	close(s.master);
	s.master = -1;
	assert_int_equal(session_await_exit(&s, false), 0);
	session_finish(&s);
}

static void
a_stalled_terminal_skips_frames_and_loses_no_byte(void **state)
{
	struct session s;
	unsigned tries = 0;

	(void)state;
	session_start_shown(&s, &session_plain);
	do {
		session_type(&s, "f");
		session_await_note(&s, "F", false);
	} while (s.last.value == RT_OK && ++tries < 1000);
	assert_int_equal(s.last.value, RT_E_AGAIN);
	assert_true(s.last.stats.skipped > 0);
	session_read_screen(&s);
	session_show_frame(&s, "r");
	session_show_frame(&s, "c");
	session_show_frame(&s, "c");
	while (s.seen.len < s.last.stats.bytes)
		session_await_text(&s, ENTER_SCREEN);
	assert_int_equal(s.seen.len, s.last.stats.bytes);
	session_type(&s, "q");
	assert_int_equal(session_await_exit(&s, true), 0);
	session_assert_left(&s);
	session_finish(&s);
}

static void
a_stalled_terminal_does_not_delay_the_end(void **state)
{
	struct session s;

	(void)state;
	session_start_shown(&s, &session_plain);
	do {
		session_type(&s, "f");
		session_await_note(&s, "F", false);
	} while (s.last.value == RT_OK);
	kill(s.job, SIGTERM);
	assert_int_equal(session_await_exit(&s, false), 0);
	session_read_screen(&s);
	session_assert_left(&s);
	session_assert_cooked(&s);
	session_finish(&s);
}

static void
stops_and_resumes(void **state)
{
	static const char *const keys[] = {"\032", "z", NULL};

	(void)state;
	for (unsigned i = 0; i < RT_COUNT_OF(keys); i++) {
		struct session s;

		session_start_shown(&s, &session_plain);
		if (keys[i])
			session_type(&s, keys[i]);
		else
			kill(s.job, SIGTSTP);
		session_await_note(&s, "S", true);
		session_read_screen(&s);
		session_assert_left(&s);
		session_assert_cooked(&s);
		rt_buf_reset(&s.seen);
		kill(s.job, SIGCONT);
		if (i == 1)
			session_type(&s, "f");
		session_await_note(&s, "F", true);
		session_await_text(&s, ENTER_SCREEN);
		session_await_text(&s, "frame 1");
		session_type(&s, "q");
		assert_int_equal(session_await_exit(&s, true), 0);
		session_assert_left(&s);
		session_assert_cooked(&s);
		session_finish(&s);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(terminal_is_restored_however_it_ends),
	    cmocka_unit_test(
		the_mouse_is_off_while_stopped_and_once_it_is_not_wanted),
	    cmocka_unit_test(a_loop_that_hangs_is_ended_after_a_second),
	    cmocka_unit_test(a_closed_terminal_ends_it),
	    cmocka_unit_test(a_stalled_terminal_skips_frames_and_loses_no_byte),
	    cmocka_unit_test(a_stalled_terminal_does_not_delay_the_end),
	    cmocka_unit_test(stops_and_resumes),
	};

	return cmocka_run_group_tests(tests, session_need_terminal, NULL);
}
