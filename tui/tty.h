/* SPDX-License-Identifier: MIT */
/*
 * tty — the terminal as a device: modes, signals, and the way out.
 *
 * What    Opens the terminal of standard output anew where it can, so that O_NONBLOCK is
 *         ours alone (else sets it and puts it back); raw mode; the signals; leaving.
 * Leaving rt_tty_leave is async-signal-safe and may be called twice.  It writes the bytes
 *         given by rt_tty_set_leave and restores the modes.  It runs on close, exit,
 *         exhausted memory and fatal signals; a terminal that takes nothing for 300 ms has
 *         its queue thrown away first.
 * Signals INT, TERM, HUP, PIPE set RT_TTY_END and leave a second for the loop to end,
 *         then the process is ended; WINCH, TSTP, CONT set a flag.  QUIT, ABRT, SEGV, BUS,
 *         FPE, ILL leave and re-raise.  What was set before is put back on close.
 * Life    One at a time: signals are a global thing.
 */
#ifndef RT_TTY_H
#define RT_TTY_H

#include <stdbool.h>
#include <stddef.h>

#include "proto/diag.h"
#include "proto/err.h"

#define RT_TTY_LEAVE_SIZE 256u

enum rt_tty_event {
	RT_TTY_END = 1,
	RT_TTY_RESIZE = 2,
	RT_TTY_STOP = 4,
	RT_TTY_CONT = 8,
};

/* RT_E_IO: standard output is no terminal.  RT_E_BUSY: open already. */
RT_NODISCARD enum rt_err rt_tty_open(struct rt_diag *d);
void rt_tty_close(void);

/* Raw mode, and from now on there is something to leave. */
void rt_tty_enter(void);
void rt_tty_leave(void);
/* Bytes beyond RT_TTY_LEAVE_SIZE are cut. */
void rt_tty_set_leave(const char *bytes, size_t len);

/* Handle the signals; again after a library set its own. */
void rt_tty_catch_signals(void);
/* Stop as Ctrl-Z does; returns once continued. */
void rt_tty_stop(void);

int rt_tty_fd(void);      /* non-blocking, read and write */
int rt_tty_wake_fd(void); /* readable once a signal came */
/* enum rt_tty_event or'ed; taken but for RT_TTY_END, which stays. */
unsigned rt_tty_take_events(void);

/* Each 1..1000; 24 x 80 where the terminal does not know. */
void rt_tty_size(unsigned *rows, unsigned *cols);

#endif
