/* SPDX-License-Identifier: MIT */
/*
 * signals — who asks a program to end, as a descriptor to wait on.
 *
 * Order  Before any thread is there: those of ZeroMQ inherit the mask.
 */
#ifndef RT_SIGNALS_H
#define RT_SIGNALS_H

#include <signal.h>

/*
 * A signalfd of TERM, INT and HUP, which reach the program no other way from now on; it does
 * not block, and closes on exec.  `before`, unless NULL: the mask for children.  -1: errno.
 */
int rt_signals_open(sigset_t *before);

#endif
