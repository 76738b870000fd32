/* SPDX-License-Identifier: MIT */
/*
 * judge — was that an answer?  Five levels, kept apart.
 *
 * Levels  transport  a complete HTTP response came
 *         http       its status is 2xx
 *         body       the body is JSON, or a stream of it
 *         contract   it has the shape of its surface, and no error object
 *         usable     content and a finish marker were seen; in a stream a terminal
 * Rules   How strict the end of a stream is, and whether usage must be there, is a matter of
 *         the target (target.h): what is missing but not required makes an answer
 *         `is_lacking`, not failed.
 * Kept    Presence flags, counts, the model's name and the object type.  The text of an
 *         answer is looked at for being there and forgotten.
 * Streams An error object after 200, an end without terminal, a last event without its
 *         blank line, what is no JSON: different words in error_type, none of them
 *         success.  An answer cut short by its token limit (`length`, `incomplete`) is one.
 */
#ifndef RT_JUDGE_H
#define RT_JUDGE_H

#include "collector/canary/target.h"
#include "proto/text.h"

/* clang-format off */
#define RT_LEVELS(X) \
	X(TRANSPORT, "transport") \
	X(HTTP,      "http") \
	X(BODY,      "body") \
	X(CONTRACT,  "contract") \
	X(USABLE,    "usable")

/* How the answer said it ended. */
#define RT_FINISHES(X) \
	X(NONE,       "none") \
	X(COMPLETE,   "complete") \
	X(INCOMPLETE, "incomplete") /* a token limit */ \
	X(FILTERED,   "filtered") \
	X(FAILED,     "failed") \
	X(OTHER,      "other")
/* clang-format on */

#define X(id, name) RT_LEVEL_##id,
enum rt_level { RT_LEVELS(X) RT_LEVEL_COUNT };
#undef X
#define X(id, name) RT_FINISH_##id,
enum rt_finish { RT_FINISHES(X) RT_FINISH_COUNT };
#undef X

struct rt_judge_rules {
	enum rt_surface surface;
	enum rt_stream_rule stream_require;
	bool requires_usage;
};

struct rt_judgement {
	struct rt_judge_rules rules;
	bool levels[RT_LEVEL_COUNT];
	bool usage_seen, finish_seen, content_seen, done_seen, error_seen;
	bool has_bad_json, is_html;
	bool is_too_large; /* more than document.h takes */
	bool
	    is_lacking; /* usable, but usage or the wished-for terminal is not there */
	enum rt_finish finish;
	unsigned events, usages;
	unsigned tokens_seen; /* events of a stream that brought content */
	int64_t tokens;       /* of the usage object; -1: not said */
	char model[129], object[65]; /* scrubbed; empty: not seen */
	char error_code[65];         /* of an error object, scrubbed */
	const char *error_type;      /* static; NULL: usable */
};

const char *rt_level_name(enum rt_level l);
const char *rt_finish_name(enum rt_finish f);

struct rt_judge_rules rt_judge_rules_of(const struct rt_target *t);

/* transport_error: NULL, or its word (static), which decides. */
void rt_judge_plain(struct rt_judgement *j, const struct rt_judge_rules *rules,
    int status, const char *transport_error, struct rt_str body);

/* A stream: init, each event's data, and at the end what the transport said. */
void rt_judge_init(struct rt_judgement *j, const struct rt_judge_rules *rules);
void rt_judge_event(struct rt_judgement *j, struct rt_str data);
void rt_judge_stream(struct rt_judgement *j, int status,
    const char *transport_error, bool has_residue);

/*
 * Where a stream was asked for and something else came, whole: a JSON document or a page.
 * False, j untouched: events came, or what came may be the beginning of a stream.
 */
bool rt_judge_document(struct rt_judgement *j, int status, struct rt_str body);

#endif
