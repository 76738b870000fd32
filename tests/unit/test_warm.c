/* SPDX-License-Identifier: MIT */
/* What a collector knows again from its journal. */
#include <string.h>

#include "collector/warm.h"
#include "proto/macro.h"
#include "tests/unit/journal.h"

/* More than any table of gaps holds, in one frame: order is what makes it right. */
static void
a_warm_start_knows_what_was_refused_between(void **state)
{
	enum { COUNT = 1000 };
	const struct rt_moment now = {{3 * RT_WARM_US}, {3 * RT_WARM_US}};
	struct rt_aggregate_opts o = {
	    .is_live = true, .capacity = {.operations = 4096}};
	struct rt_warm w = {.now = now, .intake = rt_intake_new(4)};
	struct rt_journal_frame f = {.arrived_us = now.wall.us - 1000000};
	const struct rt_query q = {0};
	struct rt_report r;
	struct rt_buf b;
	struct rt_mark m;
	int i;

	(void)state;
	rt_buf_init(&b, 1u << 20);
	for (i = 1; i <= COUNT; i++) {
		if (i % 2) {
			rt_buf_printf(&b,
			    "{\"schema\":\"llm-attempt/v1\",\"operation_id\":"
			    "\"o%d\",\"attempt\":1,\"emitter\":\"a\",\"seq\":"
			    "%d}",
			    i, i);
		} else {
			rt_mark_init(&m, RT_REJECT_TOO_DEEP, rt_str_of("a"), i);
			rt_mark_encode(&b, &m);
		}
		rt_buf_putc(&b, '\n');
	}
	rt_buf_puts(&b,
	    "#{\"refused\":\"duplicate\",\"emitter\":\"a\","
	    "\"count\":7}\n#{\"refused\":\"duplicate\","
	    "\"count\":2}\n#nothing\n");
	f.records = (struct rt_str){b.p, b.len};
	w.aggregate = rt_aggregate_new(&o, rt_warm_begin(now));
	rt_warm_frame(&w, &f);
	rt_aggregate_restored(w.aggregate, now);
	rt_report_init(&r);
	rt_aggregate_report(w.aggregate, &q, now, &r);
	assert_int_equal(w.records, COUNT / 2);
	assert_int_equal(r.counts.n[RT_C_ACCEPTED], COUNT / 2);
	assert_int_equal(
	    r.counts.n[RT_C_REJECT + RT_REJECT_TOO_DEEP], COUNT / 2);
	assert_int_equal(r.counts.n[RT_C_DUPLICATES], 9);
	assert_int_equal(r.lost, 0);
	assert_int_equal(r.emitters_count, 1);
	assert_int_equal(r.emitters[0].received, COUNT);
	assert_int_equal(r.emitters[0].duplicates, 7);
	assert_int_equal(r.overflow[RT_OVERFLOW_GAPS], 0);
	rt_report_fini(&r);
	rt_aggregate_free(w.aggregate);
	rt_intake_free(w.intake);
	rt_buf_fini(&b);
}

static void
count_one(void *arg, struct rt_str line)
{
	assert_true(line.len > 0);
	++*(unsigned *)arg;
}

static void
records_and_senders_come_back_at_the_moment_they_arrived(void **state)
{
	const struct rt_aggregate_opts o = {.is_live = true,
	    .capacity = {.operations = 1024, .sketch_chunks = 64}};
	const struct rt_moment now = {
	    {2 * RT_WARM_US}, {INT64_C(1700000000000000)}};
	struct rt_wire_header h = {1, "em", 7, 501, 0, 600, 0};
	struct rt_intake_verdict v;
	struct rt_warm w = {rt_aggregate_new(&o, rt_warm_begin(now)),
	    rt_intake_new(8), now, 0, 0};
	const struct {
		int64_t age_s;
		uint32_t window_s;
		uint64_t in_window;
	} rows[] = {{3601, 3600, 0}, {3000, 3600, 1}, {600, 900, 1},
	    {200, 300, 1}, {30, 60, 1}, {-50, 60, 2}};
	struct rt_query q = {.no_series = true};
	struct rt_report r;
	struct rt_buf senders;
	char text[RT_WIRE_HEADER_MAX];
	unsigned told = 0;
	unsigned i;

	(void)state;
	rt_buf_init(&senders, 4096);
	rt_buf_puts(&senders, "not a sender\n");
	rt_buf_add(
	    &senders, text, rt_wire_header_encode(text, sizeof(text), &h));
	rt_buf_putc(&senders, '\n');
	rt_report_init(&r);
	rt_aggregate_on_accepted(w.aggregate, count_one, &told);
	for (i = 0; i < RT_COUNT_OF(rows); i++) {
		struct rt_journal_frame f = {i + 1, 1,
		    now.wall.us - rows[i].age_s * 1000000, journal_record(i),
		    {senders.p, senders.len}};

		rt_warm_frame(&w, &f);
	}
	rt_aggregate_restored(w.aggregate, now);
	assert_int_equal(w.records, RT_COUNT_OF(rows) - 1);
	assert_int_equal(told, 0);
	assert_int_equal(w.senders, RT_COUNT_OF(rows));
	for (i = 1; i < RT_COUNT_OF(rows); i++) {
		rt_report_reset(&r);
		q.window_s = rows[i].window_s;
		rt_aggregate_report(w.aggregate, &q, now, &r);
		assert_true(r.counts.n[RT_C_ACCEPTED] >= rows[i].in_window);
	}
	q.window_s = 60;
	rt_report_reset(&r);
	rt_aggregate_report(w.aggregate, &q, now, &r);
	assert_int_equal(r.counts.n[RT_C_ACCEPTED], 2);
	assert_int_equal(r.source.uptime_ms, 0);
	/* Sent again, as the answer was lost: known already. */
	h.count = 10;
	h.first_seq = 496;
	rt_intake_take(w.intake, &h, now.mono, &v);
	assert_int_equal(v.action, RT_INTAKE_TAKE);
	assert_int_equal(v.skip, 5);
	h.first_seq = 490;
	rt_intake_take(w.intake, &h, now.mono, &v);
	assert_int_equal(v.action, RT_INTAKE_NOTHING);
	rt_aggregate_record(w.aggregate, journal_record(99), now, "test");
	assert_int_equal(told, 1);
	rt_report_fini(&r);
	rt_buf_fini(&senders);
	rt_aggregate_free(w.aggregate);
	rt_intake_free(w.intake);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_warm_start_knows_what_was_refused_between),
	    cmocka_unit_test(
		records_and_senders_come_back_at_the_moment_they_arrived),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
