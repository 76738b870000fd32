/* SPDX-License-Identifier: MIT */
/*
 * What one rt_emitter_emit costs its caller while no collector is there: first with room
 * in the ring, then with the ring full, when the event is dropped and counted; then the
 * same with the ring in a file, in memory (/dev/shm) and on the disk of /tmp.  `wall` has
 * the pauses of a busy machine in it; `cpu` is the caller's own time, the price of reading
 * that clock included.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "proto/retrytop.h"

#define CALLS 100000u

static uint32_t took_ns[CALLS];

static uint64_t
now_ns(clockid_t clock)
{
	struct timespec t;

	clock_gettime(clock, &t);
	return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

static int
by_size(const void *a, const void *b)
{
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

	return (x > y) - (x < y);
}

static void
print(const char *state, const char *clock)
{
	qsort(took_ns, CALLS, sizeof(took_ns[0]), by_size);
	printf("emit_%s_%s_p50\t%u\tns\n", state, clock, took_ns[CALLS / 2]);
	printf("emit_%s_%s_p99\t%u\tns\n", state, clock,
	    took_ns[CALLS / 100 * 99]);
	printf("emit_%s_%s_p999\t%u\tns\n", state, clock,
	    took_ns[CALLS / 1000 * 999]);
}

static void
measure(struct rt_emitter *e, const char *state, clockid_t clock)
{
	struct rt_attempt a = RT_ATTEMPT_INIT;
	unsigned i;

	a.operation_id = "6f1d2c3b4a5968778695a4b3c2d1e0f0";
	a.service = "chat";
	a.environment = "production";
	a.provider = "gateway-a";
	a.method = "POST";
	a.route = "/v1/chat/completions";
	a.model_requested = "large-2";
	a.decision = "retry_same";
	a.decision_reason = "http_503";
	a.streaming = 1;
	for (i = 0; i < CALLS; i++) {
		uint64_t begin = now_ns(clock);

		a.attempt = 1 + i % 3;
		a.status = i % 7 ? 200 : 503;
		a.elapsed_ms = 400.25 + i % 977;
		(void)rt_emitter_emit(e, &a);
		took_ns[i] = (uint32_t)(now_ns(clock) - begin);
	}
	print(state, clock == CLOCK_MONOTONIC ? "wall" : "cpu");
}

static int
run(const char *state, size_t ring_bytes, const char *spool)
{
	struct rt_emitter_opts o = {.endpoint = "ipc:///tmp/retrytop-nobody",
	    .ring_bytes = ring_bytes,
	    .linger_ms = 1,
	    .spool = spool};
	struct rt_emitter *e = rt_emitter_open(&o);

	if (!e)
		return 1;
	measure(e, state, CLOCK_MONOTONIC);
	measure(e, state, CLOCK_THREAD_CPUTIME_ID);
	rt_emitter_close(e);
	return 0;
}

/* A file that close leaves behind is taken out again. */
static int
run_spooled(const char *state, size_t ring_bytes, const char *parent)
{
	char dir[64], command[96];
	int rc;

	snprintf(dir, sizeof(dir), "%s/retrytop-bench-XXXXXX", parent);
	if (!mkdtemp(dir))
		return 0;
	rc = run(state, ring_bytes, dir);
	snprintf(command, sizeof(command), "rm -rf '%s'", dir);
	return rc || system(command) != 0;
}

int
main(void)
{
	return run("absent", (size_t)128 << 20, "") || run("full", 65536, "") ||
	    run_spooled("spool_shm", (size_t)128 << 20, "/dev/shm") ||
	    run_spooled("spool_shm_full", 65536, "/dev/shm") ||
	    run_spooled("spool_disk", (size_t)128 << 20, "/tmp");
}
