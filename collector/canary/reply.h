/* SPDX-License-Identifier: MIT */
/*
 * reply — the whole answer of the fault gateway to one request, as a script.
 *
 * What    Bytes, and the steps in which they go out: wait, then send up to `end`.  The
 *         gateway only plays it; all shapes and all faults are made here.
 * Shapes  POST /v1/chat/completions and POST /v1/responses, plain and as server-sent
 *         events.  The answer's text is one fixed sentence.
 * Waits   Relative to the step before; the first counts from the headers.  delay_ms is
 *         before the headers.
 * Pure    Numbers that look random come from the caller's dice, the date from its clock.
 */
#ifndef RT_REPLY_H
#define RT_REPLY_H

#include "collector/canary/fault.h"
#include "proto/buf.h"
#include "proto/clock.h"

#define RT_REPLY_STEPS_MAX 64u
#define RT_REPLY_HEADERS_MAX 8u
#define RT_REPLY_BODY_MAX 65536u
#define RT_REPLY_FILLER_BYTES (UINT64_C(10) << 20) /* fault=long_line */

struct rt_reply_query {
	struct rt_str model;
	bool is_stream;
	bool is_responses;
	bool
	    wants_usage; /* stream_options.include_usage; responses always do */
	int64_t latency_ms; /* of the whole sound answer */
	rt_wall_t now;
};

enum rt_reply_ending {
	RT_REPLY_END,   /* the body ends as it should */
	RT_REPLY_RESET, /* the connection is reset */
};

struct rt_reply {
	int status;
	int64_t delay_ms;      /* before the headers */
	bool resets_at_once;   /* instead of any answer, after the delay */
	bool is_event_stream;  /* length not known; otherwise body.len */
	uint64_t filler_bytes; /* 'x' sent before the body */
	bool one_byte_a_write;
	enum rt_reply_ending ending;
	struct rt_buf body;
	struct {
		size_t end;
		int64_t wait_ms;
	} steps[RT_REPLY_STEPS_MAX];
	unsigned step_count;
	struct {
		const char *name; /* static */
		char value[64];
	} headers[RT_REPLY_HEADERS_MAX];
	unsigned header_count;
};

/* rule NULL: a sound answer.  `r` is uninitialised storage; end with fini. */
void rt_reply_init(struct rt_reply *r, const struct rt_reply_query *q,
    const struct rt_fault_rule *rule, uint64_t *dice);

/* An error object of the usual form: {"error":{"message","type","code"}}. */
void rt_reply_init_error(
    struct rt_reply *r, int status, const char *code, const char *message);

void rt_reply_fini(struct rt_reply *r);

/* "Sun, 06 Nov 1994 08:49:37 GMT" into out[32], whatever the locale. */
void rt_reply_http_date(char out[32], int64_t unix_s);

/* Log-normal around a mean, so that traffic has a tail; 0 stays 0. */
int64_t rt_reply_latency_ms(int64_t mean_ms, uint64_t *dice);

#endif
