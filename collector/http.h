/* SPDX-License-Identifier: MIT */
/*
 * http — /metrics and /healthz on a port of their own.
 *
 * What    GET or HEAD of these two; 404, 405 for the rest.  /healthz is 200, or 503 where
 *         it says degraded.
 * Thread  One, which owns nothing of the collector.  Where somebody asks and its pages are
 *         older than RT_HTTP_FRESH_MS it raises rt_http_fd; the loop makes a report and
 *         hands it over under a lock held for a few assignments; the thread makes the
 *         pages of it.  So the loop works only when somebody asks, at most once in
 *         RT_HTTP_FRESH_MS, whoever and however many ask, and what a scrape reads is
 *         never older than that.
 * Slow    Nobody waits for a client.  RT_HTTP_CONNECTIONS_MAX at a time, one request each,
 *         each closed RT_HTTP_CONNECTION_MS after it came, whatever it did; more wait in
 *         the queue of the listening socket.  A loop that does not answer in
 *         RT_HTTP_ANSWER_MS makes it a 503.
 * Bound   Pages are shared by all who read them: RT_HTTP_CONNECTION_MS / RT_HTTP_FRESH_MS
 *         generations at most.
 * Safe    Loopback only, unless told otherwise: there is no authentication.
 * Life    Heap object.  Block signals before open, the thread inherits the mask.  NULL
 *         is an HTTP port that is off.
 */
#ifndef RT_HTTP_H
#define RT_HTTP_H

#include "proto/diag.h"
#include "proto/err.h"
#include "proto/report.h"

#define RT_HTTP_CONNECTIONS_MAX 32u
#define RT_HTTP_CONNECTION_MS 10000
#define RT_HTTP_ANSWER_MS 5000
#define RT_HTTP_FRESH_MS 1000

struct rt_http; /* opaque */

/*
 * "tcp://127.0.0.1:7783"; port 0 or * is any free one.  RT_E_USAGE: another form, or an
 * address that others can reach without is_insecure; RT_E_IO with the system's word.
 */
RT_NODISCARD enum rt_err rt_http_open(const char *endpoint, bool is_insecure,
    struct rt_http **out, struct rt_diag *d);
void rt_http_close(struct rt_http *h);

/* "127.0.0.1:7783", where it really is. */
const char *rt_http_address(const struct rt_http *h);

/* Readable: somebody asks; rt_http_take_question is then true once. */
int rt_http_fd(const struct rt_http *h);
bool rt_http_take_question(struct rt_http *h);

/*
 * The answer: a report since the start, see collector/metrics.h.  It is the thread's from
 * now on, and *r is empty.
 */
void rt_http_answer(struct rt_http *h, struct rt_report *r);

struct rt_http_stats {
	uint64_t answered; /* requests, by whatever status */
	uint64_t cut_off;  /* connections that took too long */
};
void rt_http_stats(struct rt_http *h, struct rt_http_stats *out);

#endif
