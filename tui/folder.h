/* SPDX-License-Identifier: MIT */
/*
 * folder — a folder of this process alone, for sockets and what children write.
 *
 * Name    BASE/retrytop-WHAT-PID-XXXXXX, mode 0700.
 * Gone    Whoever makes one removes it; those of processes that were killed are removed by
 *         the next that makes one of the same WHAT, where they are ours.
 */
#ifndef RT_FOLDER_H
#define RT_FOLDER_H

#include <stddef.h>

#include "proto/diag.h"
#include "proto/err.h"

/*
 * base NULL: $XDG_RUNTIME_DIR where it is short enough for the path of a socket, else
 * /tmp.  RT_E_IO with the reason.
 */
RT_NODISCARD enum rt_err rt_folder_make(char *out, size_t size,
    const char *what, const char *base, struct rt_diag *d);

/* With the files in it; it has no folders. */
void rt_folder_remove(const char *dir);

#endif
