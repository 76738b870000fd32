/* SPDX-License-Identifier: MIT */
/* Who sends more than its rate is held to it, and nobody else is. */
#include "tests/unit/util.h"

#include <stdio.h>
#include <string.h>

#include "collector/aggregate.h"
#include "collector/limit.h"

#define SECOND INT64_C(1000000)

static void
a_bucket_gives_its_burst_and_then_its_rate(void **state)
{
	static const struct {
		const char *what;
		int64_t rate, burst_ms;
		/* One record each step_us, `steps` of them. */
		int64_t step_us;
		uint32_t steps, passed;
	} rows[] = {
	    {"no limit", 0, 2000, 0, 1000, 1000},
	    {"all at once: the burst", 1000, 2000, 0, 5000, 2000},
	    {"a burst is a record at least", 1, 1, 0, 5, 1},
	    {"at its rate: all", 1000, 1000, 1000, 5000, 5000},
	    {"below its rate: all", 1000, 1, 1001, 5000, 5000},
	    {"one a second, asked each tenth", 1, 1000, 100000, 100, 10},
	    /* 10 s at ten times the rate: 2 s worth and 10 s worth. */
	    {"ten times its rate", 1000, 2000, 100, 100000, 11990},
	    {"a thousand times a small one", 5, 2000, 200, 50000, 59},
	    {"the largest", RT_LIMIT_RATE_MAX, RT_LIMIT_BURST_MS_MAX, 1, 9999,
		9999},
	};
	size_t i;

	(void)state;
	for (i = 0; i < RT_COUNT_OF(rows); i++) {
		struct rt_limit l = rt_limit_of(rows[i].rate, rows[i].burst_ms);
		struct rt_bucket b = {0};
		uint32_t n, passed = 0;

		for (n = 0; n < rows[i].steps; n++)
			passed +=
			    rt_bucket_take(&b, &l, 7 + n * rows[i].step_us);
		if (passed != rows[i].passed)
			fail_msg("%s: %u passed, not %u", rows[i].what, passed,
			    rows[i].passed);
	}
}

static void
what_passes_and_what_does_not_comes_in_long_runs(void **state)
{
	struct rt_limit l = rt_limit_of(10000, 1000);
	struct rt_bucket b = {0};
	uint32_t n, passed = 0, runs = 0;
	bool was = false;

	(void)state;
	/* Ten seconds at ten times the rate. */
	for (n = 0; n < 1000000; n++) {
		bool is = rt_bucket_take(&b, &l, (int64_t)n * 10);

		passed += is;
		runs += is != was;
		was = is;
	}
	assert_in_range(passed, 109000, 110000);
	/* A tenth of a second each: some 200, not 200 000. */
	assert_in_range(runs, 100, 250);
}

static void
the_rate_of_any_stretch_is_never_more_than_allowed(void **state)
{
	struct rt_limit l = rt_limit_of(333, 1500);
	static bool passed[60000]; /* each millisecond */
	struct rt_bucket b = {0};
	uint32_t from, to, n = 0;

	(void)state;
	for (to = 0; to < RT_COUNT_OF(passed); to++)
		passed[to] = rt_bucket_take(&b, &l, (int64_t)to * 1000);
	for (from = 0; from < RT_COUNT_OF(passed); from += 997) {
		for (n = 0, to = from; to < RT_COUNT_OF(passed); to++) {
			n += passed[to];
			assert_true(n <=
			    (uint32_t)l.burst + 1 + (to - from) * 333 / 1000);
		}
	}
}

static void
a_debt_is_paid_at_the_rate(void **state)
{
	static const struct {
		int64_t rate, burst_ms;
		uint64_t drawn;
		int64_t after_us;
		uint64_t debt;
		int64_t wait_us;
	} rows[] = {
	    {0, 1000, 1000000, 0, 0, 0},
	    {1000, 1000, 1000, 0, 0, 0},
	    {1000, 1000, 1001, 0, 1, 1000},
	    {1000, 1000, 1001, 999, 1, 1},
	    {1000, 1000, 1001, 1000, 0, 0},
	    {1000, 1000, 3000, 500000, 1500, 1500000},
	    {3, 1000, 4, 0, 1, 333334},
	    {100000, 2000, 200640, 0, 640, 6400},
	};
	size_t i;

	(void)state;
	for (i = 0; i < RT_COUNT_OF(rows); i++) {
		struct rt_limit l = rt_limit_of(rows[i].rate, rows[i].burst_ms);
		struct rt_bucket b = {0};
		int64_t at = 5 * SECOND;
		uint64_t debt;
		int64_t wait;

		rt_bucket_draw(&b, &l, at, rows[i].drawn);
		at += rows[i].after_us;
		debt = rt_bucket_debt(&b, &l, at);
		wait = rt_bucket_wait_us(&b, &l, at);
		if (debt != rows[i].debt || wait != rows[i].wait_us)
			fail_msg("row %zu: debt %llu, wait %lld", i,
			    (unsigned long long)debt, (long long)wait);
		assert_true(
		    wait == 0 || rt_bucket_wait_us(&b, &l, at + wait - 1) > 0);
		assert_int_equal(rt_bucket_wait_us(&b, &l, at + wait), 0);
	}
}

static void
a_name_is_said_once_a_minute_and_only_so_many_at_once(void **state)
{
	struct rt_over o = {0};
	struct rt_namer n = {.count = 0};
	char name[RT_NAMER_BYTES + 1];
	int64_t at;
	unsigned said = 0, i;

	(void)state;
	assert_false(rt_over_is_now(&o, SECOND));
	for (at = SECOND; at < 181 * SECOND; at += 10000)
		said += rt_over_note(&o, at);
	assert_int_equal(said, 3);
	assert_int_equal(o.count, 18000);
	assert_true(rt_over_is_now(&o, at + 14 * SECOND));
	assert_false(rt_over_is_now(&o, at + 15 * SECOND));
	(void)rt_over_note(&o, at + 60 * SECOND);
	assert_int_equal(o.count, 1); /* it is over anew */

	for (i = 0; i < RT_NAMER_MAX + 5; i++) {
		snprintf(name, sizeof(name), "e%u", i);
		rt_namer_add(&n, rt_str_of(name));
	}
	assert_int_equal(n.count, RT_NAMER_MAX);
	assert_int_equal(n.more, 5);
	assert_true(
	    rt_str_is((struct rt_str){n.rows[7].name, n.rows[7].len}, "e7"));
	n.count = 0;
	memset(name, 'x', sizeof(name));
	rt_namer_add(&n, (struct rt_str){name, sizeof(name)});
	assert_int_equal(n.count, 0);
	assert_int_equal(n.more, 6);
}

/* ---- emitters of a collector ---------------------------------------------------- */

static struct rt_aggregate *a;
static struct rt_report r;
static struct rt_moment at;
static struct {
	uint64_t records, numbers;
} marked;

static void
note_mark(void *arg, const struct rt_mark *m)
{
	(void)arg;
	if (m->reason != RT_REJECT_OVER_RATE)
		return;
	marked.records += m->count;
	marked.numbers += m->seq > 0;
}

static int
open_limited(void **state)
{
	const struct rt_aggregate_opts o = {.is_live = true,
	    .limit = rt_limit_of(100, 2000),
	    .capacity = {.operations = 4096, .sketch_chunks = 4096}};

	(void)state;
	at = (struct rt_moment){{100 * SECOND}, {1795361937000000}};
	a = rt_aggregate_new(&o, at);
	rt_report_init(&r);
	rt_aggregate_set_limited(a, true);
	rt_aggregate_on_refused(a, note_mark, NULL);
	marked.records = marked.numbers = 0;
	return 0;
}

static int
close_limited(void **state)
{
	(void)state;
	rt_aggregate_free(a);
	rt_report_fini(&r);
	return 0;
}

/* id NULL: it names no emitter; seq 0: no number. */
static void
send(const char *id, int64_t seq, const char *rest)
{
	static unsigned operation;
	char text[400];
	int n = snprintf(text, sizeof(text),
	    "{\"schema\":\"llm-attempt/v1\",\"operation_id\":\"o%u\","
	    "\"attempt\":1,\"http_response_status_code\":200%s",
	    operation++, rest);

	if (id)
		n += snprintf(text + n, sizeof(text) - (size_t)n,
		    ",\"emitter\":\"%s\"", id);
	if (seq > 0)
		n += snprintf(text + n, sizeof(text) - (size_t)n,
		    ",\"seq\":%lld", (long long)seq);
	snprintf(text + n, sizeof(text) - (size_t)n, "}");
	rt_aggregate_message(a, rt_str_of(text), at, "test");
}

static void
look(void)
{
	const struct rt_query q = {0};

	rt_report_reset(&r);
	rt_aggregate_report(a, &q, at, &r);
}

static uint64_t
over_rate(void)
{
	return r.counts.n[RT_C_REJECT + RT_REJECT_OVER_RATE];
}

/* Nothing but zeroes where there is no such row. */
static const struct rt_report_emitter *
emitter(const char *id)
{
	static const struct rt_report_emitter none;
	size_t i;

	for (i = 0; i < r.emitters_count; i++)
		if (id ? r.emitters[i].id && !strcmp(r.emitters[i].id, id)
		       : !r.emitters[i].id)
			return &r.emitters[i];
	return &none;
}

static void
who_floods_is_refused_and_named_and_the_others_are_not(void **state)
{
	const struct rt_report_emitter *e;
	struct rt_namer *names = rt_aggregate_over_rate(a);
	int64_t n;

	(void)state;
	/* Ten seconds: 1 000 a second beside 10. */
	for (n = 1; n <= 10000; n++) {
		send("flood", n, "");
		if (n % 100 == 0)
			send("calm", n / 100, "");
		at.mono.us += 1000;
	}
	look();
	e = emitter("flood");
	assert_in_range(e->over_rate, 10000 - 1200, 10000 - 1190);
	assert_int_equal(e->refused, e->over_rate);
	assert_int_equal(e->received, 10000);
	assert_int_equal(e->lost, 0);
	assert_true(e->is_limited);
	assert_int_equal(e->over_now, e->over_rate);
	assert_int_equal(over_rate(), e->over_rate);
	assert_int_equal(marked.records, e->over_rate);
	assert_int_equal(marked.numbers, e->over_rate);
	e = emitter("calm");
	assert_int_equal(e->received, 100);
	assert_int_equal(e->refused + e->lost + e->over_rate, 0);
	assert_false(e->is_limited);
	/* Offered is what became of it; refused is in no rate. */
	assert_int_equal(r.counts.n[RT_C_ACCEPTED] + over_rate(), 10100);
	assert_int_equal(r.counts.n[RT_C_ATTEMPTS], 10100 - over_rate());
	assert_int_equal(r.counts.n[RT_C_OPS_STARTED], 10100 - over_rate());
	assert_int_equal(names->count, 1);
	assert_true(rt_str_is(
	    (struct rt_str){names->rows[0].name, names->rows[0].len}, "flood"));

	/* It keeps to its rate again. */
	at.mono.us += RT_LIMIT_NOW_US;
	send("flood", n, "");
	look();
	assert_false(emitter("flood")->is_limited);
	assert_int_equal(emitter("flood")->over_now, 0);
}

static void
records_without_an_emitter_share_one_bucket(void **state)
{
	const struct rt_report_emitter *e;
	int n;

	(void)state;
	for (n = 0; n < 150; n++)
		send(NULL, 0, "");
	look();
	assert_int_equal(r.emitters_count, 0); /* nothing to say of them */
	for (n = 0; n < 100; n++)
		send(NULL, 0, "");
	send("calm", 1, "");
	look();
	e = emitter(NULL);
	assert_int_equal(e->received, 250);
	assert_int_equal(e->over_rate, 50);
	assert_int_equal(e->refused, 50);
	assert_true(e->is_limited);
	assert_int_equal(over_rate(), 50);
	assert_int_equal(marked.records, 50);
	assert_int_equal(marked.numbers, 0);
	assert_int_equal(emitter("calm")->refused, 0);
}

static void
only_what_would_be_accepted_counts_towards_the_rate(void **state)
{
	int n;

	(void)state;
	for (n = 0; n < 1000; n++)
		send("e", 1, ""); /* one, and its repetitions */
	for (n = 0; n < 1000; n++)
		send("e", 2 + n, ",\"attempt\":\"one\"");
	for (n = 0; n < 199; n++)
		send("e", 1002 + n, "");
	look();
	assert_int_equal(over_rate(), 0);
	assert_int_equal(r.counts.n[RT_C_ACCEPTED], 200);
	assert_int_equal(r.counts.n[RT_C_DUPLICATES], 999);
	assert_int_equal(r.counts.n[RT_C_REJECT + RT_REJECT_BAD_TYPE], 1000);
	/* Now it is empty: what is wrong anyway keeps its own reason. */
	send("e", 1201, "");
	send("e", 1202, ",\"attempt\":\"one\"");
	send("e", 1202, "");
	look();
	assert_int_equal(over_rate(), 1);
	assert_int_equal(r.counts.n[RT_C_DUPLICATES], 1000);
	assert_int_equal(emitter("e")->over_rate, 1);
	assert_int_equal(emitter("e")->refused, 1002);
	assert_int_equal(r.counts.n[RT_C_REJECT + RT_REJECT_BAD_TYPE], 1001);
	assert_int_equal(r.lost, 0);
}

static void
a_flood_leaves_other_refused_records_in_sight(void **state)
{
	size_t i, seen = 0;
	int n;

	(void)state;
	send("broken", 1, ",\"attempt\":\"one\"");
	for (n = 1; n <= 5000; n++) {
		send("flood", n, "");
		at.mono.us += 1000;
	}
	look();
	for (i = 0; i < r.refused_count; i++)
		seen += strcmp(r.refused[i].reason, "over_rate") == 0;
	assert_in_range(seen, 3, 6); /* five seconds, one a second */
	assert_string_equal(r.refused[r.refused_count - 1].reason, "bad_type");
	assert_true(over_rate() > 4000);
	assert_int_equal(rt_aggregate_refused(a), over_rate() + 1);
	/* Nor does one of broken records, which is dear to look at, cost what it could. */
	for (n = 0; n < 5000; n++)
		send(NULL, 0, ",\"http_response_status_code\":\"x\"");
	for (n = 0; n < 5000; n++)
		send(NULL, 0, ",\"http_response_status_code\":7");
	look();
	assert_int_equal(r.refused_count, 16);
	for (seen = i = 0; i < r.refused_count; i++)
		seen += strcmp(r.refused[i].reason, "over_rate") == 0;
	assert_in_range(seen, 3, 6);
	for (seen = i = 0; i < r.refused_count; i++)
		seen += strcmp(r.refused[i].reason, "bad_type") == 0;
	assert_in_range(seen, 5, 6);
	assert_string_equal(r.refused[0].reason, "out_of_range");
	assert_int_equal(r.counts.n[RT_C_REJECT + RT_REJECT_BAD_TYPE], 5001);
	for (i = 1; i < r.refused_count; i++)
		assert_true(r.refused[i].age_ms >= r.refused[i - 1].age_ms);
}

static void
nothing_is_limited_where_it_is_not_asked_for(void **state)
{
	struct rt_aggregate_opts o = {
	    .is_live = true, .limit = rt_limit_of(100, 2000)};
	int n;

	(void)state;
	rt_aggregate_set_limited(a, false);
	for (n = 1; n <= 1000; n++)
		send("flood", n, "");
	rt_aggregate_set_limited(a, true);
	for (n = 1; n <= 1000; n++) {
		char text[200];

		snprintf(text, sizeof(text),
		    "{\"schema\":\"llm-attempt/v1\",\"operation_id\":\"r%d\","
		    "\"attempt\":1,\"emitter\":\"flood\",\"seq\":%d}",
		    n, 1000 + n);
		rt_aggregate_restore(a, rt_str_of(text), at);
	}
	look();
	assert_int_equal(over_rate(), 0);
	assert_int_equal(r.counts.n[RT_C_ACCEPTED], 2000);
	/* A limit that stays the same leaves buckets as they are. */
	for (n = 0; n < 200; n++)
		send("e", 0, "");
	rt_aggregate_set_opts(a, &o);
	send("e", 0, "");
	look();
	assert_int_equal(over_rate(), 1);
	o.limit = rt_limit_of(0, 2000);
	rt_aggregate_set_opts(a, &o);
	for (n = 0; n < 500; n++)
		send("e", 0, "");
	look();
	assert_int_equal(over_rate(), 1);
	/* Another one finds them full. */
	o.limit = rt_limit_of(100, 1000);
	rt_aggregate_set_opts(a, &o);
	for (n = 0; n < 101; n++)
		send("e", 0, "");
	look();
	assert_int_equal(over_rate(), 2);
}

static void
a_journal_gives_back_what_was_refused(void **state)
{
	struct rt_mark m;

	(void)state;
	rt_mark_init(&m, RT_REJECT_OVER_RATE, rt_str_of("flood"), 1);
	m.count = 5000;
	rt_aggregate_mark(a, &m, at);
	rt_mark_init(&m, RT_REJECT_OVER_RATE, RT_STR_NONE, 0);
	m.count = 7;
	rt_aggregate_mark(a, &m, at);
	send("flood", 5001, "");
	look();
	assert_int_equal(over_rate(), 5007);
	assert_int_equal(emitter("flood")->over_rate, 5000);
	assert_int_equal(emitter("flood")->lost, 0);
	assert_false(emitter("flood")->is_limited);
	assert_int_equal(emitter(NULL)->over_rate, 7);
}

/* ---- marks of a flood ------------------------------------------------------------- */

static void
floods_by_turns_are_long_runs(void **state)
{
	static const struct {
		const char *what;
		unsigned emitters;
		int64_t step; /* from one number to the next; 0: none has any */
		unsigned hole; /* one more after so many numbers; 0: none */
		unsigned written_at_most;
	} rows[] = {
	    {"one", 1, 1, 0, 0},
	    {"sixteen by turns", RT_MARK_RUNS, 1, 0, 0},
	    {"without numbers", 3, 0, 0, 0},
	    {"with a hole each time", 2, 2, 0, 1998},
	    {"with a hole now and then", 2, 1, 10, 200},
	    {"more than have room", 2 * RT_MARK_RUNS, 1, 0, 32000},
	};
	static struct rt_mark_runs runs;
	size_t i;

	(void)state;
	for (i = 0; i < RT_COUNT_OF(rows); i++) {
		uint64_t records = 0, asked = 0;
		unsigned written = 0, k, e;
		struct rt_mark m, out;

		memset(&runs, 0, sizeof(runs));
		for (k = 1; k <= 1000; k++)
			for (e = 0; e < rows[i].emitters; e++) {
				char id[16];

				snprintf(id, sizeof(id), "e%u", e);
				rt_mark_init(&m, RT_REJECT_OVER_RATE,
				    rt_str_of(id),
				    k * rows[i].step +
					(rows[i].hole ? k / rows[i].hole : 0));
				asked++;
				if (rt_mark_runs_add(&runs, &m, &out))
					continue;
				written++;
				records += out.count;
			}
		for (k = 0; k < runs.count; k++)
			records += runs.m[k].count;
		if (records != asked || written > rows[i].written_at_most)
			fail_msg("%s: %llu of %llu records, %u written",
			    rows[i].what, (unsigned long long)records,
			    (unsigned long long)asked, written);
	}
}

#define LIMITED(test) \
	cmocka_unit_test_setup_teardown(test, open_limited, close_limited)

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_bucket_gives_its_burst_and_then_its_rate),
	    cmocka_unit_test(what_passes_and_what_does_not_comes_in_long_runs),
	    cmocka_unit_test(
		the_rate_of_any_stretch_is_never_more_than_allowed),
	    cmocka_unit_test(a_debt_is_paid_at_the_rate),
	    cmocka_unit_test(
		a_name_is_said_once_a_minute_and_only_so_many_at_once),
	    LIMITED(who_floods_is_refused_and_named_and_the_others_are_not),
	    LIMITED(records_without_an_emitter_share_one_bucket),
	    LIMITED(only_what_would_be_accepted_counts_towards_the_rate),
	    LIMITED(a_flood_leaves_other_refused_records_in_sight),
	    LIMITED(nothing_is_limited_where_it_is_not_asked_for),
	    LIMITED(a_journal_gives_back_what_was_refused),
	    cmocka_unit_test(floods_by_turns_are_long_runs),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
