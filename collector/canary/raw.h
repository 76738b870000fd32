/* SPDX-License-Identifier: MIT */
/*
 * raw — a listener that answers with bytes an HTTP server would not send.
 *
 * What    Broken framing, answers in shapes of other servers, redirects, packed bodies,
 *         streams that stop or drip.  The path of the request names the script:
 *         POST /redirect.  What it does not know it closes.
 * Also    A port where nobody ever accepts: connecting to it hangs.
 * Where   Loopback, any free port; a child of the contract suite (spawn.h), one
 *         connection at a time, each for RT_RAW_HOLD_MS at most.
 */
#ifndef RT_RAW_H
#define RT_RAW_H

#include <stdbool.h>

#define RT_RAW_HOLD_MS 5000
#define RT_RAW_FULL_FDS 8

/* Serves for ever; the child's function.  Prints its URL as one line. */
int rt_raw_serve(void *nothing);

/* A port whose queue is full.  Close all fds that are not -1. */
bool rt_raw_fill(int fds[RT_RAW_FULL_FDS], char url[64]);

#endif
