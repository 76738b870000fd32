/* SPDX-License-Identifier: MIT */
/*
 * fault — which fault a request meets: rules, read from text, asked in order.
 *
 * Text    One rule is words of the form key=value, parted by blanks:
 *             status=503 rate=0.1 retry_after=2 model=m-large times=3
 *         Several rules are lines; `#` at the start of a line is a comment.
 * Order   The first rule that matches decides.  A rule whose dice (rate), count (times) or
 *         hour (every, for, start) say no does not match; the next one is asked.
 * Match   path model header stream rate times every for start
 * Effect  status fault delay retry_after retry_after_ms should_retry code after hold
 * Fit     A fault of streams matches streamed requests only, one of the Responses
 *         surface only those: what cannot be induced is never counted as induced.
 * Dice    One generator per set, seeded: the same requests in the same order
 *         meet the same faults.
 * Pure    No clock, no socket: elapsed time is handed in.
 */
#ifndef RT_FAULT_H
#define RT_FAULT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "proto/diag.h"
#include "proto/err.h"
#include "proto/text.h"

#define RT_FAULT_RULES_MAX 32u
#define RT_FAULT_TEXT_MAX 255u

enum rt_fault_fit {
	RT_FAULT_FIT_ANY,
	RT_FAULT_FIT_STREAM,    /* streamed requests */
	RT_FAULT_FIT_RESPONSES, /* requests of the Responses surface */
};

/* clang-format off */
/* X(ID, name, fit, what the client meets) */
#define RT_FAULTS(X) \
	X(PASS,           "pass",           ANY,       "a sound answer: exempts from later rules") \
	X(RESET,          "reset",          ANY,       "the connection is reset before any answer") \
	X(HTML,           "html",           ANY,       "a page of HTML instead of JSON") \
	X(EMPTY,          "empty",          ANY,       "headers and no body") \
	X(MALFORMED,      "malformed",      ANY,       "JSON that breaks off") \
	X(ERROR_BODY,     "error_body",     ANY,       "status 200 with an error object as body") \
	X(NO_USAGE,       "no_usage",       ANY,       "an answer without a usage object") \
	X(NULL_USAGE,     "null_usage",     ANY,       "an answer whose usage is null") \
	X(NO_FINISH,      "no_finish",      ANY,       "an answer without a finish marker") \
	X(BOM,            "bom",            ANY,       "a byte order mark before the answer") \
	X(BYTES,          "bytes",          ANY,       "the answer one byte a write") \
	X(STREAM_RESET,   "stream_reset",   STREAM,    "the connection is reset in mid-stream") \
	X(STREAM_END,     "stream_end",     STREAM,    "a clean end without the terminal") \
	X(STREAM_ERROR,   "stream_error",   STREAM,    "an error object in the stream, after 200") \
	X(STREAM_RESIDUE, "stream_residue", STREAM,    "a last event without its blank line") \
	X(STALL,          "stall",          STREAM,    "silence between two tokens") \
	X(HEARTBEATS,     "heartbeats",     STREAM,    "comments instead of tokens") \
	X(USAGE_TWICE,    "usage_twice",    STREAM,    "the usage object in two chunks") \
	X(CR_ONLY,        "cr_only",        STREAM,    "lines that end with a carriage return") \
	X(LONG_LINE,      "long_line",      STREAM,    "one line of ten MiB") \
	X(FAILED,         "failed",         RESPONSES, "an answer of status failed") \
	X(INCOMPLETE,     "incomplete",     RESPONSES, "an answer of status incomplete")
/* clang-format on */

#define X(id, name, fit, about) RT_FAULT_##id,
enum rt_fault { RT_FAULTS(X) RT_FAULT_COUNT };
#undef X

enum rt_fault_answer { RT_FAULT_UNSAID, RT_FAULT_NO, RT_FAULT_YES };

enum rt_fault_wait {
	RT_FAULT_WAIT_UNSAID,
	RT_FAULT_WAIT_SECONDS, /* Retry-After: 2 */
	RT_FAULT_WAIT_DATE, /* an HTTP date so many seconds from now; may be past */
};

struct rt_fault_rule {
	char text[RT_FAULT_TEXT_MAX + 1]; /* as it was given, scrubbed */
	/* match; an empty string matches everything */
	char path[129], model[129];
	char header_name[65], header_value[129];
	enum rt_fault_answer stream;
	double rate;      /* 0 .. 1 */
	int64_t times;    /* 0: no limit */
	int64_t every_ms; /* 0: not periodic */
	int64_t for_ms;   /* 0: for ever */
	int64_t start_ms; /* since the set began */
	/* effect */
	enum rt_fault fault;
	int status; /* 0: 200 */
	int64_t delay_ms;
	enum rt_fault_wait wait;
	int64_t wait_s;
	int64_t retry_after_ms; /* -1: unsaid */
	enum rt_fault_answer should_retry;
	char code[65];   /* of the error object; empty: by status */
	int64_t after;   /* tokens sent before a stream fault strikes */
	int64_t hold_ms; /* length of a stall */
	/* counters */
	uint64_t matched; /* asked, and all but dice and count said yes */
	uint64_t induced;
};

/* What a rule may look at.  Strings are borrowed for the call. */
struct rt_fault_request {
	struct rt_str path, model;
	bool is_stream;
	bool is_responses;
	/* NULL where there is no such header; may itself be NULL. */
	const char *(*header)(void *context, const char *name);
	void *context;
};

struct rt_fault_set {
	struct rt_fault_rule rules[RT_FAULT_RULES_MAX];
	unsigned count;
	uint64_t dice;
};

void rt_fault_set_init(struct rt_fault_set *s, uint64_t seed);

/* RT_E_FIELD, RT_E_TOO_LARGE; the diag names the key and what would be right. */
RT_NODISCARD enum rt_err rt_fault_parse(
    struct rt_str text, struct rt_fault_rule *out, struct rt_diag *d);

/* Parse and append.  RT_E_FULL beyond RT_FAULT_RULES_MAX. */
RT_NODISCARD enum rt_err rt_fault_set_add(
    struct rt_fault_set *s, struct rt_str text, struct rt_diag *d);

/* All rules anew from lines; on failure the old ones stand. The dice go on. */
RT_NODISCARD enum rt_err rt_fault_set_replace(
    struct rt_fault_set *s, struct rt_str lines, struct rt_diag *d);

/*
 * The rule this request meets, counted as induced; NULL: none.  Borrowed until the set
 * changes.  elapsed_ms since the set began.
 */
const struct rt_fault_rule *rt_fault_choose(struct rt_fault_set *s,
    const struct rt_fault_request *r, int64_t elapsed_ms);

const char *rt_fault_name(enum rt_fault f);

/* The keys and faults with a sentence each, for --help; ends with a newline. */
struct rt_buf;
void rt_fault_help(struct rt_buf *b);

/* The next number of a seeded generator (splitmix64), and one in [0, 1). */
uint64_t rt_dice_next(uint64_t *state);
double rt_dice_unit(uint64_t *state);

#endif
