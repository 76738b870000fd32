/* SPDX-License-Identifier: MIT */
/*
 * session — a terminal in use: a process as a shell's foreground job in a pseudo terminal, a
 * shell that waits for it, and the test that types and reads.
 */
#ifndef RT_TEST_SESSION_H
#define RT_TEST_SESSION_H

#include <sys/types.h>
#include <termios.h>

#include "proto/buf.h"
#include "tests/unit/util.h"
#include "tui/term.h"

#define PATIENCE_MS 20000
/* An alarm ends after a second what has not ended; the rest is for a busy machine. */
#define EXIT_LIMIT_MS 10000
#define MOUSE_ON "\033[?1000h\033[?1006h"
#define MOUSE_OFF "\033[?1006l\033[?1000l"
#define ENTER_SCREEN "\033[?1049h"
#define LEAVE_SCREEN "\033[?1049l"

struct setting {
	const char *term, *lang, *no_color;
	unsigned short rows, cols;
	struct rt_term_opts opts;
};

extern const struct setting session_plain;

/* What the job and the shell tell the test. */
struct note {
	char what; /* P)id O)pened E)rror F)rame K)ey S)topped X)ited */
	int value;
	unsigned rows, cols;
	struct rt_term_stats stats;
};

struct session {
	int master, slave, notes;
	pid_t shell, job;
	struct termios before;
	struct rt_buf seen;
	struct note last;
};

/* Ends the program as skipped where there is no pseudo terminal: the setup of a group. */
int session_need_terminal(void **state);

/* With the job begun, as far as it has told who it is. */
void session_start(struct session *s, const struct setting *with);
/* With its first frame shown. */
void session_start_shown(struct session *s, const struct setting *with);
void session_finish(struct session *s);

void session_type(struct session *s, const char *keys);
/* Type a key until its frame is shown: what was pending before is written then. */
void session_show_frame(struct session *s, const char *key);
void session_read_screen(struct session *s);

/* Next note of one of the kinds, reading the screen meanwhile if `reading`. */
const struct note *session_await_note(
    struct session *s, const char *kinds, bool reading);
void session_await_text(struct session *s, const char *text);
/* Wait for the end, which must come within the limit; its wait status. */
int session_await_exit(struct session *s, bool reading);

/* Where in what was seen `text` stands last; -1: nowhere. */
long session_last_of(const struct session *s, const char *text);
/* The terminal is as it was before. */
void session_assert_cooked(const struct session *s);
/* The screen was left, and the cursor is there again. */
void session_assert_left(const struct session *s);

#endif
