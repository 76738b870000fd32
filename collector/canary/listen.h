/* SPDX-License-Identifier: MIT */
/*
 * listen — a listening TCP socket, on loopback unless told otherwise.
 */
#ifndef RT_LISTEN_H
#define RT_LISTEN_H

#include <stdbool.h>

#include "proto/diag.h"
#include "proto/err.h"

/*
 * "127.0.0.1:8099", "[::1]:0", "localhost:80"; port 0 is any free one.  *out_fd is the
 * caller's, non-blocking.  RT_E_USAGE for another form, or an address that is not
 * loopback without allows_others; RT_E_IO with the system's word.
 */
RT_NODISCARD enum rt_err rt_listen_on(
    const char *text, bool allows_others, int *out_fd, struct rt_diag *d);

/* "http://127.0.0.1:38211" and a newline to standard output, flushed. */
void rt_listen_print_url(int fd);

#endif
