/* SPDX-License-Identifier: MIT */
/*
 * spawn — child processes of the contract suite: a function of ours, or a program.
 *
 * A child ends when its parent does (PR_SET_PDEATHSIG), has no standard input, and writes
 * where the parent reads its first line with a deadline.  Start children before keys
 * are read and before libcurl starts: they are copies of this process.
 */
#ifndef RT_SPAWN_H
#define RT_SPAWN_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

struct rt_spawn {
	pid_t pid; /* 0: none */
	int out;   /* what it writes; -1: none */
};

/* Runs function(argument) in a child, whose exit code it returns. */
bool rt_spawn_call(
    struct rt_spawn *s, int (*function)(void *argument), void *argument);

/* Runs a program of PATH; its complaints go nowhere. */
bool rt_spawn_program(struct rt_spawn *s, const char *const *argv);

/* The next whole line without its newline; false after `ms` or at the end. */
bool rt_spawn_line(struct rt_spawn *s, char *out, size_t size, int ms);

/* Waits for its end by itself; the exit code, -1 where it was a signal. */
int rt_spawn_wait(struct rt_spawn *s);

/* TERM, and reaps it.  Harmless where there is none. */
void rt_spawn_stop(struct rt_spawn *s);

#endif
