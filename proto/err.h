/* SPDX-License-Identifier: MIT */
/*
 * err — why a call failed, as one list of names.
 *
 * Every function that can fail returns an enum rt_err, is RT_NODISCARD, and
 * leaves its outputs untouched unless it returns RT_OK.  Detail for people goes
 * into a struct rt_diag (diag.h).  Records refused by the decoder have a list
 * of their own: enum rt_reject in event.h.
 */
#ifndef RT_ERR_H
#define RT_ERR_H

#include "proto/macro.h"

/* clang-format off */
#define RT_ERRORS(X) \
	X(OK,          "ok") \
	X(E_SYNTAX,    "not well-formed") \
	X(E_FIELD,     "a field is missing, unknown or out of range") \
	X(E_VERSION,   "unknown version") \
	X(E_TOO_LARGE, "larger than the limit") \
	X(E_FULL,      "no room left") \
	X(E_EMPTY,     "nothing there") \
	X(E_AGAIN,     "would have to wait") \
	X(E_TIMEOUT,   "no answer in time") \
	X(E_BUSY,      "already in use") \
	X(E_IO,        "input or output failed") \
	X(E_USAGE,     "wrong usage") \
	X(E_CONFIG,    "wrong configuration")
/* clang-format on */

enum rt_err {
#define X(name, text) RT_##name,
	RT_ERRORS(X)
#undef X
};

/* The name's text, e.g. "no answer in time"; static storage. */
const char *rt_err_text(enum rt_err err);

/* Exit codes of the program (sysexits.h); the man page lists them. */
enum rt_exit {
	RT_EXIT_OK = 0,
	RT_EXIT_VERDICT = 1, /* an alert fires, a probe or a suite row failed */
	RT_EXIT_USAGE = 64,
	RT_EXIT_UNREACHABLE = 69,
	RT_EXIT_INTERNAL = 70,
	RT_EXIT_IO = 74,
	RT_EXIT_CONFIG = 78,
};

#endif
