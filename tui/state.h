/* SPDX-License-Identifier: MIT */
/*
 * state — the dashboard's door to the file system: what it writes for its user.
 *
 * Where   $XDG_STATE_HOME/retrytop (where that is an absolute path), else
 *         $HOME/.local/state/retrytop; made with mode 0700 where it is missing.
 * Files   Evidence: operation-ID-YYYYMMDDTHHMMSSZ.jsonl, window-5m-….jsonl, or the file
 *         that the user names; mode 0600, never over a file that is there.  Of the id
 *         only letters, digits, `.`, `_` and `-` are used.
 *         Choices: screen.ini, mode 0600, written beside it and renamed: whoever reads
 *         finds the old one or the new one, whole.
 */
#ifndef RT_STATE_H
#define RT_STATE_H

#include "proto/buf.h"
#include "proto/clock.h"
#include "proto/diag.h"
#include "proto/text.h"

#define RT_STATE_PATH 1024u

/* Evidence being written. */
struct rt_state_file {
	int fd;
	char path[RT_STATE_PATH];
};

/*
 * Create the file `name` (`~/` before it is HOME), or where that is empty
 * STEM-YYYYMMDDTHHMMSSZ.jsonl.  RT_E_IO with the reason in the diag.
 */
RT_NODISCARD enum rt_err rt_state_begin(struct rt_state_file *f,
    const char *stem, const char *name, rt_wall_t now, struct rt_diag *d);
/* RT_E_IO: the file is closed and removed. */
RT_NODISCARD enum rt_err rt_state_add(
    struct rt_state_file *f, struct rt_str s, struct rt_diag *d);
/* Close it; RT_E_IO: it is removed. */
RT_NODISCARD enum rt_err rt_state_end(
    struct rt_state_file *f, struct rt_diag *d);
/* Close and remove it. */
void rt_state_drop(struct rt_state_file *f);

/*
 * Write the records of an operation into the file `name`, or one of its own; where they
 * are into `path`.  RT_E_IO with the reason; nothing is left behind then.
 */
RT_NODISCARD enum rt_err rt_state_export(const char *id, const char *name,
    struct rt_str records, rt_wall_t now, char path[RT_STATE_PATH],
    struct rt_diag *d);

#define RT_STATE_CHOICES "screen.ini"

/*
 * Read a file of the folder, at most the capacity of `out`; nothing where there is none.
 * RT_E_IO with the reason where it is there and cannot be read, or is no plain file.
 */
RT_NODISCARD enum rt_err rt_state_load(
    const char *name, struct rt_buf *out, struct rt_diag *d);
/* Replace it.  RT_E_IO with the reason; the old one is left then. */
RT_NODISCARD enum rt_err rt_state_save(
    const char *name, struct rt_str text, struct rt_diag *d);

#endif
