/* SPDX-License-Identifier: MIT */
/*
 * An emitter to be ill-treated: emitter ENDPOINT ID COUNT PER_SECOND RING_BYTES.  It emits
 * COUNT records, one operation each, waits until all is acknowledged, and says how it
 * went as one line of JSON.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "proto/retrytop.h"

#define FLUSH_MS 60000
#define PACE_EVERY 16 /* records between looks at the clock */

static int64_t
now_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (int64_t)ts.tv_sec * 1000000000 + ts.tv_nsec;
}

/* The rate is what is asked for: time has to pass, and nothing else can be awaited. */
static void
keep_pace(int64_t begun_ns, int64_t done, int64_t per_second)
{
	int64_t due = begun_ns + done * 1000000000 / per_second;
	int64_t early = due - now_ns();
	struct timespec ts = {early / 1000000000, early % 1000000000};

	if (early > 0)
		nanosleep(&ts, NULL);
}

/* How long the slowest call took; a call that is refused counts as well. */
static int64_t
emit_all(struct rt_emitter *e, const char *id, int64_t count, int64_t rate)
{
	struct rt_attempt a = RT_ATTEMPT_INIT;
	int64_t begun = now_ns(), slowest = 0;
	char operation[128];

	a.attempt = 1;
	a.service = "chaos";
	a.route = "/v1/chat/completions";
	a.status = 200;
	a.elapsed_ms = 5;
	a.decision = "none";
	a.operation_id = operation;
	for (int64_t i = 0; i < count; i++) {
		int64_t from;

		if (i % PACE_EVERY == 0)
			keep_pace(begun, i, rate);
		snprintf(operation, sizeof(operation), "%s-%" PRId64, id, i);
		from = now_ns();
		(void)rt_emitter_emit(e, &a);
		if (now_ns() - from > slowest)
			slowest = now_ns() - from;
	}
	return slowest;
}

int
main(int argc, char **argv)
{
	struct rt_emitter_opts o = {0};
	struct rt_emitter_stats s;
	struct rt_emitter *e;
	int64_t slowest;
	int flushed;

	if (argc != 6)
		return 64;
	o.endpoint = argv[1];
	o.emitter_id = argv[2];
	o.ring_bytes = strtoul(argv[5], NULL, 10);
	e = rt_emitter_open(&o);
	if (!e) {
		perror("emitter");
		return 1;
	}
	slowest = emit_all(
	    e, argv[2], strtoll(argv[3], NULL, 10), strtoll(argv[4], NULL, 10));
	flushed = rt_emitter_flush(e, FLUSH_MS);
	rt_emitter_stats(e, &s);
	printf("{\"flushed\": %s, \"offered\": %" PRIu64
	       ", \"acknowledged\": %" PRIu64 ", \"in_flight\": %" PRIu64
	       ", \"dropped\": %" PRIu64 ", \"connects\": %" PRIu64
	       ", \"resent\": %" PRIu64 ", \"slowest_us\": %" PRId64 "}\n",
	    flushed == 0 ? "true" : "false", s.offered, s.acknowledged,
	    s.in_flight, s.dropped_full + s.dropped_invalid, s.connects,
	    s.resent_records, slowest / 1000);
	rt_emitter_close(e);
	return 0;
}
