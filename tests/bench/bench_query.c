/* SPDX-License-Identifier: MIT */
/*
 * What a question costs the collector that holds 4096 series with five minutes of traffic:
 * all of them, the 64 rows that a dashboard shows, and none (a tail, a status line); and
 * the 64 rows of a minute that ended four minutes ago beside those of the minute now; what
 * the alerts ask each second, and what a page of /metrics does.  All at once; a collector
 * makes them in pieces (bench_answers).
 */
#include "collector/aggregate.h"
#include "tests/bench/bench.h"

#define SERIES 4096u
#define RECORDS 600000u
#define STEP_US 500 /* five minutes for all of them */
#define TIMES 21u

static struct rt_moment at = {{1000000}, {INT64_C(1781341200000000)}};

static struct rt_aggregate *
fill(void)
{
	struct rt_aggregate_opts o = {.is_live = true,
	    .operation_timeout_ms = 10000,
	    .decode = {.attempt_base = 1}};
	struct rt_aggregate *a = rt_aggregate_new(&o, at);
	char text[512];
	unsigned i;
	int n;

	for (i = 0; i < RECORDS; i++) {
		n = snprintf(text, sizeof(text),
		    "{\"schema\":\"llm-attempt/v1\",\"operation_id\":\"%08x-"
		    "0d51\",\"attempt\":1,\"service\":\"service-%u\","
		    "\"provider\":\"gateway\",\"http_request_method\":\"POST\","
		    "\"http_route\":\"/v1/chat/completions\","
		    "\"http_response_status_code\":%u,\"elapsed_ms\":%u.5,"
		    "\"ttft_ms\":%u.25,\"decision\":\"%s\",\"model_requested\":"
		    "\"m-large\"}",
		    i, i * 2654435761u % SERIES, i % 9 ? 200u : 503u,
		    100 + i * 7919u % 900, 20 + i * 104729u % 80,
		    i % 9 ? "none" : "abort_error");
		at.mono.us += STEP_US;
		at.wall.us += STEP_US;
		rt_aggregate_record(
		    a, (struct rt_str){text, (size_t)n}, at, "bench");
	}
	return a;
}

static void
ask(struct rt_aggregate *a, const char *name, const struct rt_query *q)
{
	double build[TIMES], encode[TIMES], both[TIMES];
	struct rt_report r;
	struct rt_buf b;
	int64_t start, built;
	size_t i;

	rt_report_init(&r);
	rt_buf_init(&b, RT_REPORT_MAX);
	for (i = 0; i < TIMES; i++) {
		rt_report_reset(&r);
		rt_buf_reset(&b);
		start = bench_cpu_us();
		rt_aggregate_report(a, q, at, &r);
		built = bench_cpu_us();
		rt_report_encode(&b, &r);
		encode[i] = (double)(bench_cpu_us() - built) / 1000;
		build[i] = (double)(built - start) / 1000;
		both[i] = build[i] + encode[i];
	}
	printf("query_%s_build\t%.2f\tms\n", name, bench_median(build, TIMES));
	printf(
	    "query_%s_encode\t%.2f\tms\n", name, bench_median(encode, TIMES));
	printf("query_%s_both\t%.2f\tms\n", name, bench_median(both, TIMES));
	printf("query_%s_size\t%zu\tbytes\n", name, b.len);
	if (b.overflow)
		exit(1);
	rt_buf_fini(&b);
	rt_report_fini(&r);
}

int
main(void)
{
	const struct rt_query all = {.window_s = 300};
	const struct rt_query rows = {.window_s = 300, .rows = 64};
	const struct rt_query none = {.window_s = 300, .no_series = true};
	const struct rt_query look = {.window_s = 300,
	    .group = 1u << RT_LABEL_SERVICE | 1u << RT_LABEL_HTTP_ROUTE |
		1u << RT_LABEL_MODEL_REQUESTED,
	    .rows = 128,
	    .counts_only = true};
	const struct rt_query page = {.rows = 201};
	struct rt_query minute = {.window_s = 60, .rows = 64};
	struct rt_aggregate *a = fill();

	ask(a, "4096_series", &all);
	ask(a, "64_of_4096_series", &rows);
	ask(a, "no_series", &none);
	ask(a, "alerts_look", &look);
	ask(a, "metrics_page", &page);
	ask(a, "minute_now", &minute);
	minute.at_us = at.wall.us - INT64_C(240000000);
	ask(a, "minute_then", &minute);
	rt_aggregate_free(a);
	return 0;
}
