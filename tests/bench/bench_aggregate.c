/* SPDX-License-Identifier: MIT */
/*
 * What one record costs the collector between the socket and the tables, in this process:
 * decoding, sequence, operation, series, windows, audit and the copy kept for viewers.
 * Then the same with ever more series and ever more open operations, and what memory a
 * million open operations take.  The clock of the records is ours: 10 us a record.
 */
#include <unistd.h>

#include "collector/aggregate.h"
#include "tests/bench/bench.h"

#define STEP_US 10
#define TURN 512u     /* records made ready, then timed together */
#define RUN_US 600000 /* of timed work a figure */
#define RECORD_BYTES 1024u

static struct bench_records records;
static char ready[TURN][RECORD_BYTES];
static size_t ready_len[TURN];
static struct rt_moment at;

static struct rt_aggregate *
aggregate(int64_t operation_timeout_ms)
{
	struct rt_aggregate_opts o = {.is_live = true,
	    .operation_timeout_ms = operation_timeout_ms,
	    .decode = {.attempt_base = 1}};

	at = (struct rt_moment){{1000000}, {INT64_C(1781341200000000)}};
	return rt_aggregate_new(&o, at);
}

/* Microseconds of the processor that the aggregate takes for the first n that are ready. */
static int64_t
feed(struct rt_aggregate *a, size_t n)
{
	int64_t start = bench_cpu_us();
	size_t i;

	for (i = 0; i < n; i++) {
		at.mono.us += STEP_US;
		at.wall.us += STEP_US;
		rt_aggregate_record(
		    a, (struct rt_str){ready[i], ready_len[i]}, at, "bench");
	}
	return bench_cpu_us() - start;
}

/* Nanoseconds a record: the best of five, since others share the machine. */
static double
measure(struct rt_aggregate *a, void (*prepare)(size_t), size_t n)
{
	double best = 0, ns;
	int64_t took;
	size_t turns, k;

	for (k = 0; k < 5; k++) {
		took = 0;
		for (turns = 0; took < RUN_US / 5; turns++) {
			prepare(n);
			took += feed(a, n);
		}
		ns = (double)took * 1000 / (double)(turns * n);
		if (k == 0 || ns < best)
			best = ns;
	}
	if (rt_aggregate_refused(a) > 0) {
		fputs("a record was refused\n", stderr);
		exit(1);
	}
	return best;
}

/* ---- everyday traffic ---------------------------------------------------------- */

static void
prepare_vectors(size_t n)
{
	static uint32_t round;
	size_t i;

	for (i = 0; i < n; i++)
		ready_len[i] = bench_copy(&records, i, round, ready[i]);
	round++;
}

static void
everyday(void)
{
	struct rt_aggregate *a = aggregate(1000);
	double mean = (double)records.bytes / (double)records.count;
	double ns = measure(a, prepare_vectors, records.count);

	printf("aggregate\t%.0f\tns/record\n", ns);
	printf("aggregate_rate\t%.0f\trecords/s\n", 1e9 / ns);
	printf("aggregate_bytes\t%.0f\tMB/s\n", mean * 1e3 / ns);
	rt_aggregate_free(a);
}

/* ---- many series, many open operations ------------------------------------------ */

static unsigned series, operations;
static uint32_t serial;

static uint32_t
roll(uint32_t sides)
{
	static uint64_t state = 88172645463325252u;

	state ^= state << 13;
	state ^= state >> 7;
	state ^= state << 17;
	return (uint32_t)(state >> 33) % sides;
}

static void
write_record(size_t i, uint32_t id, unsigned attempt, const char *decision,
    unsigned in_series)
{
	int n = snprintf(ready[i], sizeof(ready[i]),
	    "{\"schema\":\"llm-attempt/v1\",\"operation_id\":\"%08x-0d51-4e0c-"
	    "9c5b-0123456789ab\",\"attempt\":%u,\"service\":\"service-%u\","
	    "\"environment\":\"production\",\"provider\":\"gateway\","
	    "\"http_request_method\":\"POST\",\"http_route\":\"/v1/chat/"
	    "completions\",\"http_response_status_code\":%u,\"elapsed_ms\":%u."
	    "5,\"decision\":\"%s\",\"decision_reason\":\"http_503\","
	    "\"backoff_ms\":250,\"model_requested\":\"m-large\"}",
	    id, attempt, in_series, decision[0] == 'n' ? 200u : 503u,
	    100 + roll(900), decision);

	ready_len[i] = (size_t)n;
}

/* One attempt, one operation, in any of the series. */
static void
prepare_series(size_t n)
{
	size_t i;

	for (i = 0; i < n; i++)
		write_record(i, serial++, 1, "none", roll(series));
}

/* One more attempt of an operation that is open and stays so. */
static void
prepare_open(size_t n)
{
	size_t i;

	for (i = 0; i < n; i++)
		write_record(i, roll(operations), 2, "retry_same", 0);
}

static void
series_curve(void)
{
	static const unsigned counts[] = {10, 100, 1000, 4096};
	struct rt_aggregate *a;
	size_t i;

	for (i = 0; i < RT_COUNT_OF(counts); i++) {
		a = aggregate(10);
		series = counts[i];
		printf("aggregate_series_%u\t%.0f\tns/record\n", series,
		    measure(a, prepare_series, TURN));
		rt_aggregate_free(a);
	}
}

static double
resident_bytes(void)
{
	FILE *f = fopen("/proc/self/statm", "r");
	long pages = 0;

	if (!f || fscanf(f, "%*d %ld", &pages) != 1)
		bench_die("/proc/self/statm");
	fclose(f);
	return (double)pages * (double)sysconf(_SC_PAGESIZE);
}

static void
open_operations(struct rt_aggregate *a)
{
	uint32_t id = 0;
	size_t n;

	while (id < operations) {
		for (n = 0; n < TURN && id < operations; n++)
			write_record(n, id++, 1, "retry_same", 0);
		feed(a, n);
	}
}

static void
operations_curve(void)
{
	static const unsigned counts[] = {1000, 10000, 100000, 1000000};
	struct rt_aggregate *a;
	double before;
	size_t i;

	series = 1;
	for (i = 0; i < RT_COUNT_OF(counts); i++) {
		a = aggregate(3600000);
		operations = 1;
		open_operations(a); /* what is touched whatever the number */
		before = resident_bytes();
		operations = counts[i];
		open_operations(a);
		if (operations == 1000000)
			printf("aggregate_million_open_operations\t%.0f\tMB\n",
			    (resident_bytes() - before) / 1e6);
		printf("aggregate_open_%u\t%.0f\tns/record\n", operations,
		    measure(a, prepare_open, TURN));
		rt_aggregate_free(a);
	}
}

int
main(void)
{
	bench_load(&records);
	everyday();
	series_curve();
	operations_curve();
	return 0;
}
