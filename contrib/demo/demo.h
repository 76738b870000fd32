/* SPDX-License-Identifier: MIT */
/*
 * demo — what the three demo clients share: workers, one HTTP request, one event.
 *
 * What    A client is one function, called for each operation at --rate a second by a
 *         few worker threads.  What it does about failures is its own affair and
 *         the point of the file it is in.
 * Honest  Requests are real ones against --url; every time in an event was measured.
 * Life    SIGTERM, SIGINT, SIGHUP: requests and waits under way are cut off, what was
 *         emitted is flushed, exit within a second.
 */
#ifndef RT_DEMO_H
#define RT_DEMO_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "proto/retrytop.h"

#define DEMO_CHAT "/v1/chat/completions"
#define DEMO_RESPONSES "/v1/responses"

struct demo_worker; /* a thread with its own connection and dice */

/* One request.  Strings are borrowed for the call. */
struct demo_call {
	const char *route, *model;
	bool is_stream;
	bool has_bad_key;
	bool lacks_content; /* a caller's mistake: no messages */
	long timeout_ms;
};

/* What came of it: shape and times, never content. */
struct demo_answer {
	int status;             /* 0: no response */
	const char *error_type; /* static; NULL: a complete, sound answer */
	bool is_retryable;      /* by class, and before content was shown */
	bool was_cut_off;       /* we were told to end */
	double elapsed_ms;
	double ttft_ms;        /* RT_UNKNOWN: no token came */
	double retry_after_ms; /* RT_UNKNOWN: the server did not say */
	int usage_seen, finish_seen, content_seen;
	char model[65], request_id[65]; /* empty: not returned */
};

/* `operation` runs once an operation, on any worker.  Returns the exit code. */
int demo_main(int argc, char **argv, const char *service,
    void (*operation)(struct demo_worker *w));

void demo_request(
    struct demo_worker *w, const struct demo_call *c, struct demo_answer *a);

/* An event with everything filled in that a call and its answer say. */
struct rt_attempt demo_attempt(struct demo_worker *w, const char *operation_id,
    int attempt, const struct demo_call *c, const struct demo_answer *a);
void demo_emit(struct demo_worker *w, const struct rt_attempt *a);

/* Wait so long; false where we were told to end meanwhile. */
bool demo_wait(struct demo_worker *w, double ms);

/* Random, never derived from content. */
struct demo_id {
	char text[33];
};
struct demo_id demo_operation_id(struct demo_worker *w);

double demo_dice(struct demo_worker *w); /* [0, 1) */
double demo_now_ms(void);                /* monotonic */

#endif
