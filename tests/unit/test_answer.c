/* SPDX-License-Identifier: MIT */
/*
 * Answers made in pieces while records come in: each is what a collector that stood still
 * would have said at the moment of the question.
 */
#include "tests/unit/util.h"

#include <stdio.h>

#include "collector/aggregate.h"

#define S INT64_C(1000000)
#define NAMES 40u
#define QUESTIONS 60

/* Two that take in the same records; only one answers in pieces. */
struct pair {
	struct rt_aggregate *still, *moving;
	struct rt_moment at;
	struct util_random random;
	unsigned operations;
};

static void
begin(struct pair *p, uint64_t seed)
{
	/* Fewer series than names: there is an (other), too. */
	const struct rt_aggregate_opts o = {.is_live = true,
	    .decode = {.attempt_base = 1},
	    .capacity = {.series = NAMES - 4}};

	*p = (struct pair){.random = util_random_begin(seed),
	    .at = {{5003 * S}, {INT64_C(1781341200000000)}}};
	p->still = rt_aggregate_new(&o, p->at);
	p->moving = rt_aggregate_new(&o, p->at);
}

static void
end(struct pair *p)
{
	rt_aggregate_free(p->still);
	rt_aggregate_free(p->moving);
}

static void
pass(struct pair *p, int64_t us)
{
	p->at.mono.us += us;
	p->at.wall.us += us;
}

static void
take(struct pair *p)
{
	static const char *const endings[] = {
	    "\"http_response_status_code\":200",
	    "\"http_response_status_code\":503,\"decision\":\"abort_error\"",
	    ("\"http_response_status_code\":429,\"decision\":\"retry_same\","
	     "\"backoff_ms\":250"),
	};
	char text[512];
	int n = snprintf(text, sizeof(text),
	    "{\"schema\":\"llm-attempt/v1\",\"operation_id\":\"op-%u\","
	    "\"attempt\":1,\"service\":\"s-%zu\",\"http_route\":\"/r%zu\","
	    "\"elapsed_ms\":%zu,\"ttft_ms\":%zu,%s}",
	    p->operations++, util_random_below(&p->random, NAMES),
	    util_random_below(&p->random, 2),
	    1 + util_random_below(&p->random, 3000),
	    1 + util_random_below(&p->random, 90),
	    endings[util_random_below(&p->random, RT_COUNT_OF(endings))]);
	const struct rt_str record = {text, (size_t)n};

	rt_aggregate_record(p->still, record, p->at, "test");
	rt_aggregate_record(p->moving, record, p->at, "test");
}

static struct rt_query
some_query(struct pair *p)
{
	static const uint32_t windows[] = {0, 60, 300, 300, 900, 3600};
	static const uint32_t groups[] = {
	    0, 1u << RT_LABEL_SERVICE, 1u << RT_LABEL_HTTP_ROUTE};
	struct rt_query q = {
	    .window_s =
		windows[util_random_below(&p->random, RT_COUNT_OF(windows))],
	    .group = groups[util_random_below(&p->random, RT_COUNT_OF(groups))],
	    .sort = (enum rt_sort)util_random_below(&p->random, RT_SORT_COUNT),
	    .reverse = util_random_below(&p->random, 2) != 0,
	    .rows = (uint32_t)util_random_below(&p->random, 3) * 7,
	    .counts_only = util_random_below(&p->random, 4) == 0,
	};

	if (q.window_s && util_random_below(&p->random, 4) == 0)
		q.at_us = p->at.wall.us - 90 * S;
	return q;
}

/* As text, without what tells two collectors apart. */
static void
encode(struct rt_buf *b, struct rt_report *r)
{
	r->source.started_id = 0;
	rt_buf_reset(b);
	rt_report_encode(b, r);
}

static void
parts_add_up(const struct rt_report *r, const struct rt_query *q)
{
	uint64_t sum = 0, samples = 0;

	if (q->rows > 0)
		return;
	for (size_t i = 0; i < r->series_count; i++) {
		sum += r->series[i].counts->n[RT_C_ATTEMPTS];
		samples += r->series[i].latency[RT_LATENCY_ATTEMPT].count;
	}
	assert_int_equal(sum, r->counts.n[RT_C_ATTEMPTS]);
	if (!q->counts_only)
		assert_int_equal(samples, r->latency[RT_LATENCY_ATTEMPT].count);
}

/* The answer of `moving`, with records between its pieces. */
static unsigned
answer_moving(struct pair *p, const struct rt_query *q, struct rt_report *r)
{
	unsigned turns = 0;

	rt_aggregate_report_begin(p->moving, q, p->at, r);
	do {
		for (size_t n = util_random_below(&p->random, 6); n > 0; n--)
			take(p);
		pass(p, 1);
		turns++;
		assert_false(rt_aggregate_report_is_stale(p->moving));
	} while (rt_aggregate_report_step(
	    p->moving, 1 + (uint32_t)util_random_below(&p->random, 9)));
	rt_aggregate_report_end(p->moving);
	return turns;
}

static void
an_answer_in_pieces_is_of_the_moment_it_was_asked(void **state)
{
	struct rt_report want, got;
	struct rt_buf wanted, gotten;
	struct rt_query q;
	struct pair p;
	unsigned turns = 0;

	(void)state;
	begin(&p, 6);
	rt_report_init(&want);
	rt_report_init(&got);
	rt_buf_init(&wanted, RT_REPORT_MAX);
	rt_buf_init(&gotten, RT_REPORT_MAX);
	for (int i = 0; i < QUESTIONS; i++) {
		for (size_t n = util_random_below(&p.random, 200); n > 0; n--)
			take(&p);
		q = some_query(&p);
		rt_report_reset(&want);
		rt_report_reset(&got);
		rt_aggregate_report(p.still, &q, p.at, &want);
		turns += answer_moving(&p, &q, &got);
		encode(&wanted, &want);
		encode(&gotten, &got);
		assert_string_equal(gotten.p, wanted.p);
		parts_add_up(&got, &q);
		/* Not over the end of a fine slot with the next answer. */
		pass(&p, 10 * S - p.at.mono.us % (10 * S) + 3 * S);
	}
	assert_true(turns > 4 * QUESTIONS);
	rt_buf_fini(&wanted);
	rt_buf_fini(&gotten);
	rt_report_fini(&want);
	rt_report_fini(&got);
	end(&p);
}

static void
a_full_slot_makes_it_stale_and_anew_it_is_right(void **state)
{
	const struct rt_query q = {.window_s = 300};
	struct rt_report r;
	struct pair p;

	(void)state;
	begin(&p, 7);
	rt_report_init(&r);
	for (int i = 0; i < 300; i++)
		take(&p);
	rt_aggregate_report_begin(p.moving, &q, p.at, &r);
	assert_true(rt_aggregate_report_step(p.moving, 3));
	assert_false(rt_aggregate_report_is_stale(p.moving));
	pass(&p, 10 * S);
	for (int i = 0; i < 100; i++)
		take(&p);
	assert_true(rt_aggregate_report_is_stale(p.moving));
	rt_aggregate_report_end(p.moving);
	rt_report_reset(&r);
	(void)answer_moving(&p, &q, &r);
	assert_int_equal(r.counts.n[RT_C_ATTEMPTS], 400);
	parts_add_up(&r, &q);
	rt_report_fini(&r);
	end(&p);
}

static void
a_step_visits_no_more_rows_than_it_is_told(void **state)
{
	const struct rt_query q = {.window_s = 300};
	struct rt_report r;
	struct pair p;
	unsigned steps = 1;

	(void)state;
	begin(&p, 8);
	rt_report_init(&r);
	for (int i = 0; i < 2000; i++)
		take(&p);
	rt_aggregate_report_begin(p.moving, &q, p.at, &r);
	while (rt_aggregate_report_step(p.moving, 1))
		steps++;
	rt_aggregate_report_end(p.moving);
	/* Each row four times: summed, ranked, placed, filled in. */
	assert_int_equal(r.series_count, NAMES - 4 + 1);
	assert_int_equal(steps, 4 * r.series_count);
	rt_report_fini(&r);
	end(&p);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(an_answer_in_pieces_is_of_the_moment_it_was_asked),
	    cmocka_unit_test(a_full_slot_makes_it_stale_and_anew_it_is_right),
	    cmocka_unit_test(a_step_visits_no_more_rows_than_it_is_told),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
