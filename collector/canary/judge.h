/* SPDX-License-Identifier: MIT */
/*
 * judge — was that an answer?  Five levels, kept apart.
 *
 * Levels  transport  a complete HTTP response came
 *         http       its status is 2xx
 *         body       the body is JSON, or a stream of it
 *         contract   it has the shape of a chat completion: choices, no error object
 *         usable     a finish marker and content were seen; a stream's terminal too
 * Kept    Presence flags, the model's name and the object type.  The text of an answer is
 *         looked at for being there and forgotten.
 * Streams An error object after 200, an end without terminal, a last event without its
 *         blank line: different words in error_type, none of them success.
 */
#ifndef RT_JUDGE_H
#define RT_JUDGE_H

#include "proto/text.h"

/* clang-format off */
#define RT_LEVELS(X) \
	X(TRANSPORT, "transport") \
	X(HTTP,      "http") \
	X(BODY,      "body") \
	X(CONTRACT,  "contract") \
	X(USABLE,    "usable")
/* clang-format on */

#define X(id, name) RT_LEVEL_##id,
enum rt_level { RT_LEVELS(X) RT_LEVEL_COUNT };
#undef X

struct rt_judgement {
	bool levels[RT_LEVEL_COUNT];
	bool usage_seen, finish_seen, content_seen, done_seen, error_seen;
	bool has_bad_json;
	unsigned events;
	char model[129], object[65]; /* scrubbed; empty: not seen */
	char error_code[65];         /* of an error object, scrubbed */
	const char *error_type;      /* static; NULL: usable */
};

const char *rt_level_name(enum rt_level l);

/* transport_error: NULL, or its word (static), which decides. */
void rt_judge_plain(struct rt_judgement *j, int status,
    const char *transport_error, struct rt_str body);

/* A stream: init, each event's data, and at the end what the transport said. */
void rt_judge_init(struct rt_judgement *j);
void rt_judge_event(struct rt_judgement *j, struct rt_str data);
void rt_judge_stream(struct rt_judgement *j, int status,
    const char *transport_error, bool has_residue);

#endif
