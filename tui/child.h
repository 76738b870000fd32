/* SPDX-License-Identifier: MIT */
/*
 * child — processes that we start and that never outlive us.
 *
 * Each child gets SIGTERM when its parent dies, however it dies (PR_SET_PDEATHSIG, checked
 * against a parent that was gone before), default signal handling, /dev/null as standard
 * input, and its standard output and error in a file of ours or /dev/null: the
 * screen is not theirs.
 */
#ifndef RT_CHILD_H
#define RT_CHILD_H

#include <stdbool.h>
#include <sys/types.h>

#include "proto/diag.h"
#include "proto/err.h"

struct rt_child {
	pid_t pid; /* 0: not running */
	int ready_fd; /* readable once the child says it is ready; -1: does not say */
	int exit_status; /* as waitpid gives it, once it has ended */
	char name[32];
};

/*
 * Start argv[0] (a path).  With wants_ready the child gets `--ready-fd N` appended and
 * writes one byte there when it serves.  log_path NULL: /dev/null.
 */
RT_NODISCARD enum rt_err rt_child_start(struct rt_child *c, const char *name,
    const char *const argv[], bool wants_ready, const char *log_path,
    struct rt_diag *d);

/* Wait until it is ready: RT_E_TIMEOUT, or RT_E_IO where it ended first: reaped. */
RT_NODISCARD enum rt_err rt_child_wait_ready(
    struct rt_child *c, int timeout_ms, struct rt_diag *d);

/* Reaps without waiting. */
bool rt_child_is_alive(struct rt_child *c);

/* TERM to all, wait at most a second together, KILL the rest, reap. */
void rt_child_end(struct rt_child *children, unsigned count);

/* Path of this program's own binary, for starting it again; static storage. */
const char *rt_child_self(void);

#endif
