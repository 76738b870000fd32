/* SPDX-License-Identifier: MIT */
/*
 * key — where a credential is while the program runs.
 *
 * Sources  An environment variable (wiped in place and unset once all are read), a file, or
 *          a descriptor (closed once read).  Never argv.  Trailing newlines are cut.
 * Kept     In one array of this program's memory, which no other process may read
 *          (PR_SET_DUMPABLE 0: no core dump, no ptrace, no /proc/PID/environ or mem), and in
 *          libcurl's buffers.  Of root, who may read it, a debugger's core at least
 *          holds none of this memory (coredump_filter 0).
 * Back     A server knows the key that it is sent and may send it back as a name; what is
 *          kept of an answer goes through rt_key_hide first.
 * Order    Read all before a child or a thread is started.
 */
#ifndef RT_KEY_H
#define RT_KEY_H

#include "collector/canary/http_client.h"
#include "collector/canary/target.h"

#define RT_KEY_RUN 12u
#define RT_KEY_SHORT 8u
#define RT_KEY_HIDDEN "[key]"

struct rt_key {
	char text[RT_HTTP_KEY_MAX]; /* empty: none */
};

/* Makes the process opaque to others. */
void rt_key_protect(void);

/* The keys of all targets, keys[i] for rows[i].  RT_E_CONFIG: where and why not. */
RT_NODISCARD enum rt_err rt_key_read_all(
    const struct rt_targets *all, struct rt_key *keys, struct rt_diag *d);

/*
 * Makes `text` RT_KEY_HIDDEN where it holds RT_KEY_RUN bytes of the key in a row, or all of
 * a shorter one; shorter than RT_KEY_SHORT is no secret.  NULL: no key.
 */
void rt_key_hide(char *text, size_t size, const char *key);

void rt_key_wipe(struct rt_key *keys, unsigned count);

#endif
