/* SPDX-License-Identifier: MIT */
/*
 * Answers about the past against the difference of two counts since the start, for random
 * traffic of more than an hour.
 */
#include "tests/unit/util.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "collector/aggregate.h"

#define S INT64_C(1000000)
#define WALL_US INT64_C(1781341200000000) /* 2026-06-13T09:00:00Z */
#define MONO_US (7260 * S)                /* both clocks begin with a minute */
#define RUN_S 4550                        /* the last minute is not over */
#define SNAPS (RUN_S / 10 + 1)

struct snap {
	uint64_t n[RT_C_COUNT], sum_us[RT_SUM_COUNT];
	uint64_t fallbacks, succeeded, violations, latency[RT_LATENCY_COUNT];
};

struct world {
	struct rt_aggregate *a;
	struct rt_report r;
	struct snap snaps[SNAPS]; /* [i]: all before second 10 i */
	int64_t now_us;           /* since the start */
};

static struct rt_moment
moment(int64_t us)
{
	return (struct rt_moment){{MONO_US + us}, {WALL_US + us}};
}

static void
ask(struct world *w, const struct rt_query *q)
{
	rt_report_reset(&w->r);
	rt_aggregate_report(w->a, q, moment(w->now_us), &w->r);
}

static void
sum_up(const struct rt_report *r, struct snap *to)
{
	memset(to, 0, sizeof(*to));
	memcpy(to->n, r->counts.n, sizeof(to->n));
	memcpy(to->sum_us, r->counts.sum_us, sizeof(to->sum_us));
	for (size_t i = 0; i < r->fallbacks_count; i++) {
		to->fallbacks += r->fallbacks[i].count;
		to->succeeded += r->fallbacks[i].succeeded;
	}
	for (size_t i = 0; i < r->violations_count; i++)
		to->violations += r->violations[i].count;
	for (size_t i = 0; i < RT_LATENCY_COUNT; i++)
		to->latency[i] = r->latency[i].count;
}

static void
snap(struct world *w, int64_t second)
{
	const struct rt_query q = {.no_series = true};

	w->now_us = second * S - 1;
	if (second > 0)
		ask(w, &q);
	sum_up(&w->r, &w->snaps[second / 10]);
}

/* An operation of one to three attempts, a part of them failing in some way. */
static void
put(struct world *w, struct util_random *rng, unsigned id, unsigned attempt)
{
	static const char *const what[] = {
	    "\"http_response_status_code\":200,\"elapsed_ms\":90",
	    "\"http_response_status_code\":200,\"elapsed_ms\":900,"
	    "\"usage_seen\":false",
	    "\"http_response_status_code\":503,\"decision\":\"retry_same\","
	    "\"backoff_ms\":100,\"elapsed_ms\":20",
	    "\"http_response_status_code\":401,\"decision\":\"retry_same\"",
	    "\"http_response_status_code\":429,\"decision\":"
	    "\"fallback_secondary\",\"fallback_target\":\"spare\"",
	    "\"http_response_status_code\":500,\"decision\":\"abort_error\"",
	};
	char line[400];

	snprintf(line, sizeof(line),
	    "{\"schema\":\"llm-attempt/v1\",\"operation_id\":\"op-%u\","
	    "\"attempt\":%u,\"service\":\"s%u\",%s}",
	    id, attempt, id % 5,
	    what[util_random_below(rng, RT_COUNT_OF(what))]);
	rt_aggregate_record(w->a, rt_str_of(line), moment(w->now_us), "test");
}

static struct world *
run(void)
{
	const struct rt_aggregate_opts o = {.is_live = true,
	    .capacity = {.operations = 8192, .sketch_chunks = 65536}};
	struct util_random rng = util_random_begin(41);
	struct world *w = calloc(1, sizeof(*w));
	unsigned id = 0, n;

	rt_report_init(&w->r);
	w->a = rt_aggregate_new(&o, moment(0));
	for (int64_t second = 0; second <= RUN_S; second++) {
		if (second % 10 == 0)
			snap(w, second);
		/* Bursts and silence. */
		if (second / 300 % 4 == 3 || util_random_below(&rng, 3) == 0)
			continue;
		w->now_us =
		    second * S + (int64_t)util_random_below(&rng, 1000000);
		id += (unsigned)util_random_below(&rng, 2);
		for (n = (unsigned)util_random_below(&rng, 4); n > 0; n--)
			put(w, &rng, id, n);
	}
	/* Not on any edge. */
	w->now_us = RUN_S * S + 3456789;
	return w;
}

static void
end(struct world *w)
{
	rt_aggregate_free(w->a);
	rt_report_fini(&w->r);
	free(w);
}

#define SAME(member)                                                        \
	if (got.member != hi->member - lo->member)                          \
	fail_msg("%us until %lld: " #member " is %llu, not %llu", window_s, \
	    (long long)end_s, (unsigned long long)got.member,               \
	    (unsigned long long)(hi->member - lo->member))

/* The answer in hand against what was counted meanwhile. */
static void
assert_window(struct world *w, int64_t end_s, uint32_t window_s)
{
	int64_t from_s = end_s - (int64_t)w->r.source.held_s;
	const struct snap *hi = &w->snaps[end_s / 10];
	const struct snap *lo = &w->snaps[from_s / 10];
	uint64_t attempts = 0, ended = 0;
	struct snap got;

	sum_up(&w->r, &got);
	for (size_t i = 0; i < RT_C_COUNT; i++)
		SAME(n[i]);
	for (size_t i = 0; i < RT_SUM_COUNT; i++)
		SAME(sum_us[i]);
	for (size_t i = 0; i < RT_LATENCY_COUNT; i++)
		SAME(latency[i]);
	SAME(fallbacks);
	SAME(succeeded);
	SAME(violations);
	for (size_t i = 0; i < w->r.series_count; i++) {
		attempts += w->r.series[i].counts->n[RT_C_ATTEMPTS];
		ended += w->r.series[i].counts->n[RT_C_OPS_ENDED];
	}
	assert_int_equal(attempts, got.n[RT_C_ATTEMPTS]);
	assert_int_equal(ended, got.n[RT_C_OPS_ENDED]);
}

static void
every_window_of_the_held_hour_is_what_was_counted_then(void **state)
{
	static const uint32_t windows[] = {60, 300, 900, 3600};
	struct world *w = run();
	unsigned seen[2] = {0};

	(void)state;
	for (size_t k = 0; k < RT_COUNT_OF(windows); k++)
		for (int64_t ago_s = 0; ago_s < 3600; ago_s += 7) {
			const struct rt_query q = {.window_s = windows[k],
			    .at_us = WALL_US + (RUN_S - ago_s) * S};
			int64_t end_s;

			ask(w, &q);
			end_s = (w->r.source.at_us - WALL_US) / S;
			seen[w->r.source.bucket_s == 60]++;
			assert_int_equal(end_s % w->r.source.bucket_s, 0);
			assert_in_range(RUN_S - ago_s - end_s, 0,
			    (unsigned)w->r.source.bucket_s - 1);
			assert_window(w, end_s, windows[k]);
			assert_true(w->r.source.since ==
			    (int64_t)(w->snaps[SNAPS - 1].n[RT_C_ACCEPTED] -
				w->snaps[end_s / 10].n[RT_C_ACCEPTED]));
		}
	/* Both rings were looked into. */
	assert_true(seen[0] > 10 && seen[1] > 1000);
	end(w);
}

static void
a_window_that_reaches_too_far_says_how_much_is_held(void **state)
{
	static const struct {
		int64_t at_s;
		uint32_t window_s;
		double held_s;
	} rows[] = {
	    {4500, 3600, 3600}, /* held from 900 on */
	    {4440, 3600, 3540},
	    {1200, 300, 300},
	    {1200, 900, 300},
	    {960, 60, 60},
	    {960, 300, 60},
	    {900, 60, 0},
	    {60, 60, 0},
	};
	struct world *w = run();

	(void)state;
	for (size_t i = 0; i < RT_COUNT_OF(rows); i++) {
		const struct rt_query q = {.window_s = rows[i].window_s,
		    .at_us = WALL_US + rows[i].at_s * S};

		ask(w, &q);
		assert_true(rt_report_is_past(&w->r));
		assert_int_equal(w->r.source.held_from_us, WALL_US + 900 * S);
		if (w->r.source.held_s != rows[i].held_s)
			fail_msg(
			    "row %zu: %.0f s are held", i, w->r.source.held_s);
		if (rows[i].held_s > 0) {
			assert_window(w, rows[i].at_s, rows[i].window_s);
			continue;
		}
		for (size_t c = 0; c < RT_C_COUNT; c++)
			assert_int_equal(w->r.counts.n[c], 0);
		assert_int_equal(w->r.series_count, 0);
		assert_int_equal(w->r.trend.absent, w->r.trend.cols);
	}
	end(w);
}

static void
columns_before_the_first_record_held_are_absent(void **state)
{
	struct world *w = run();
	struct rt_query q = {
	    .window_s = 300, .at_us = WALL_US + 1020 * S, .no_series = true};
	uint64_t sum = 0;

	(void)state;
	ask(w, &q);
	assert_int_equal(w->r.trend.cols, 30);
	assert_true(w->r.trend.step_s == 10);
	assert_int_equal(w->r.trend.absent, 18);
	for (unsigned i = 18; i < 30; i++)
		sum += w->r.trend.v[RT_TREND_ATTEMPTS][i];
	assert_int_equal(sum, w->r.counts.n[RT_C_ATTEMPTS]);
	/* The present has none. */
	q.at_us = 0;
	ask(w, &q);
	assert_int_equal(w->r.trend.absent, 0);
	end(w);
}

static void
what_has_no_history_is_absent(void **state)
{
	struct world *w = run();
	struct rt_query q = {.window_s = 60, .no_series = true};
	struct rt_buf b;

	(void)state;
	rt_buf_init(&b, RT_REPORT_MAX);
	ask(w, &q);
	assert_true(w->r.source.last_event_age_ms >= 0);
	assert_true(w->r.source.since < 0);
	assert_false(rt_report_is_past(&w->r));
	q.at_us = WALL_US + 4000 * S;
	ask(w, &q);
	assert_true(w->r.source.last_event_age_ms < 0);
	assert_int_equal(w->r.emitters_count, 0);
	rt_report_encode(&b, &w->r);
	assert_non_null(strstr(b.p,
	    "\"open\":{\"running\":null,\"in_backoff\":null,"
	    "\"on_fallback\":null}"));
	assert_non_null(strstr(b.p, "\"lost\":null"));
	assert_non_null(strstr(b.p, "\"unfinished\":null"));
	assert_non_null(strstr(b.p, "\"at\":\"2026-06-13T10:06:00.000Z\""));
	rt_buf_fini(&b);
	end(w);
}

static void
the_lines_of_a_window_are_as_many_as_its_count(void **state)
{
	struct world *w = run();
	struct rt_query q = {.window_s = 300, .no_series = true};
	struct rt_report_span span;
	uint64_t accepted;

	(void)state;
	for (int64_t at_s = 0; at_s <= 4440; at_s += 4440) {
		q.at_us = at_s ? WALL_US + at_s * S : 0;
		q.tail = false;
		ask(w, &q);
		accepted = w->r.counts.n[RT_C_ACCEPTED];
		span = w->r.source.span;
		assert_true(accepted > 0);
		q.at_us = 0;
		q.tail = true;
		q.tail_max = 4096;
		q.tail_span = span;
		ask(w, &q);
		assert_int_equal(w->r.tail.count, accepted);
	}
	end(w);
}

static void
a_clock_that_drifted_a_little_stays_in_its_bucket(void **state)
{
	struct world *w = run();
	static const int off_us[] = {-400000, -3, 0, 3, 400000};

	(void)state;
	for (size_t i = 0; i < RT_COUNT_OF(off_us); i++) {
		const struct rt_query q = {.window_s = 300,
		    .at_us = WALL_US + 4020 * S + off_us[i],
		    .no_series = true};

		ask(w, &q);
		assert_int_equal(w->r.source.at_us, WALL_US + 4020 * S);
	}
	end(w);
}

static void
a_collector_just_started_holds_nothing_before(void **state)
{
	const struct rt_aggregate_opts o = {
	    .is_live = true, .capacity = {.operations = 64}};
	struct world w = {.now_us = 130 * S};
	struct rt_query q = {.window_s = 3600};

	(void)state;
	rt_report_init(&w.r);
	w.a = rt_aggregate_new(&o, moment(25 * S));
	ask(&w, &q);
	assert_int_equal(w.r.source.held_from_us, WALL_US + 25 * S);
	assert_true(w.r.source.held_s == 105);
	q.at_us = WALL_US + 120 * S;
	ask(&w, &q);
	assert_true(w.r.source.held_s == 95);
	rt_aggregate_free(w.a);
	rt_report_fini(&w.r);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(
		every_window_of_the_held_hour_is_what_was_counted_then),
	    cmocka_unit_test(
		a_window_that_reaches_too_far_says_how_much_is_held),
	    cmocka_unit_test(columns_before_the_first_record_held_are_absent),
	    cmocka_unit_test(what_has_no_history_is_absent),
	    cmocka_unit_test(the_lines_of_a_window_are_as_many_as_its_count),
	    cmocka_unit_test(a_clock_that_drifted_a_little_stays_in_its_bucket),
	    cmocka_unit_test(a_collector_just_started_holds_nothing_before),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
