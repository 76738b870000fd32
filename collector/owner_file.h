/* SPDX-License-Identifier: MIT */
/*
 * owner_file — the owners of emitter ids on disk, so that a restart forgets none.
 *
 * What    Read at the start; written anew, beside and then over, when something changed:
 *         at most once a second, and at the end.  A kill can cost the last second, in
 *         which an id is again the first one's to come.
 * Safe    Mode 0600, O_NOFOLLOW.  Only public keys and ids are in it.
 */
#ifndef RT_OWNER_FILE_H
#define RT_OWNER_FILE_H

#include "collector/owner.h"
#include "proto/clock.h"
#include "proto/diag.h"

#define RT_OWNER_FILE_MS 1000

struct rt_owner_file {
	char path[300];   /* empty: none is kept */
	uint64_t written; /* rt_owner_changes of what is there */
	rt_mono_t tried;
	bool has_failed; /* and was told */
};

/*
 * RT_OK also where there is none yet.  RT_E_IO: it cannot be read.  RT_E_SYNTAX: lines
 * were passed over, the others count.
 */
RT_NODISCARD enum rt_err rt_owner_file_open(struct rt_owner_file *f,
    const char *path, struct rt_owner *o, struct rt_diag *d);

/*
 * Write what changed, where it is time; `is_last`: in any case.  False, once, where that
 * fails: it is tried again each second.
 */
bool rt_owner_file_tend(struct rt_owner_file *f, const struct rt_owner *o,
    rt_mono_t now, bool is_last, struct rt_diag *d);

#endif
