/* SPDX-License-Identifier: MIT */
/* A sender of acknowledged delivery that is over its rate is slowed, and loses nothing. */
#include "tests/unit/util.h"

#include <stdio.h>
#include <string.h>

#include "collector/intake.h"
#include "proto/outbox.h"

#define SECOND INT64_C(1000000)

static struct rt_wire_header
header(const char *id, uint64_t epoch, uint64_t first_seq, uint32_t count)
{
	struct rt_wire_header h = {.version = RT_WIRE_VERSION,
	    .epoch = epoch,
	    .first_seq = first_seq,
	    .count = count,
	    .offered = first_seq - 1 + count};

	snprintf(h.emitter, sizeof(h.emitter), "%s", id);
	return h;
}

static void
a_batch_over_the_rate_is_taken_and_its_answer_held_until_it_is_paid(
    void **state)
{
	static const struct {
		const char *what;
		int64_t at_ms;
		const char *id;
		uint64_t epoch, first_seq;
		uint32_t count;
		enum rt_intake_action action;
		bool is_held;
		int64_t due_ms; /* of the first answer, at most; -1: none */
	} rows[] = {
	    {"HELLO", 0, "e", 1, 1, 0, RT_INTAKE_NOTHING, false, -1},
	    {"its burst", 0, "e", 1, 1, 100, RT_INTAKE_TAKE, false, -1},
	    {"a record more", 0, "e", 1, 101, 1, RT_INTAKE_TAKE, true, 10},
	    {"many more", 1, "e", 1, 102, 100, RT_INTAKE_TAKE, true, 1009},
	    {"HELLO waits with it", 2, "e", 1, 202, 0, RT_INTAKE_NOTHING, true,
		1008},
	    {"so does a repetition", 2, "e", 1, 1, 100, RT_INTAKE_NOTHING, true,
		1008},
	    {"and a gap", 2, "e", 1, 300, 1, RT_INTAKE_REFUSE_GAP, true, 1008},
	    {"another sender does not", 2, "f", 1, 1, 0, RT_INTAKE_NOTHING,
		false, 1008},
	    {"nor what it sends", 2, "f", 1, 1, 100, RT_INTAKE_TAKE, false,
		1008},
	    {"another epoch waits, too", 10, "e", 2, 1, 0, RT_INTAKE_NOTHING,
		true, 1000},
	    {"for what both of them owe", 10, "e", 2, 1, 1, RT_INTAKE_TAKE,
		true, 1000},
	};
	const struct rt_limit limit = rt_limit_of(100, 1000);
	struct rt_intake *n = rt_intake_new(4);
	struct rt_wire_answer answer;
	struct rt_str to;
	rt_mono_t now;
	size_t i;

	(void)state;
	rt_intake_set_limit(n, &limit);
	for (i = 0; i < RT_COUNT_OF(rows); i++) {
		struct rt_wire_header h = header(rows[i].id, rows[i].epoch,
		    rows[i].first_seq, rows[i].count);
		struct rt_intake_verdict v;
		int64_t due;

		now.us = SECOND + rows[i].at_ms * 1000;
		rt_intake_take(n, &h, now, &v);
		if (v.is_held)
			rt_intake_hold(n, &h, rt_str_of("peer"), now);
		assert_false(rt_intake_due(n, now, &to, &answer));
		due = rt_intake_due_ms(n, now);
		if (v.action != rows[i].action ||
		    v.is_held != rows[i].is_held || due < 0 ||
		    (due == INT64_MAX) != (rows[i].due_ms < 0) ||
		    (rows[i].due_ms >= 0 && due > rows[i].due_ms))
			fail_msg("%s: action %d, held %d, due in %lld",
			    rows[i].what, (int)v.action, v.is_held,
			    (long long)due);
	}
	/* One answer each, however many were held; what was taken is all there. */
	now.us = SECOND + 1010000 - 1;
	assert_false(rt_intake_due(n, now, &to, &answer));
	now.us++;
	assert_true(rt_intake_due(n, now, &to, &answer));
	assert_true(rt_str_is(to, "peer"));
	assert_int_equal(answer.epoch, 1);
	assert_int_equal(answer.acked, 201);
	assert_false(rt_intake_due(n, now, &to, &answer));
	now.us += 10000;
	assert_true(rt_intake_due(n, now, &to, &answer));
	assert_int_equal(answer.epoch, 2);
	assert_int_equal(answer.acked, 1);
	assert_false(rt_intake_due(n, (rt_mono_t){9 * SECOND}, &to, &answer));
	assert_int_equal(
	    rt_intake_due_ms(n, (rt_mono_t){9 * SECOND}), INT64_MAX);
	rt_intake_free(n);
}

static void
who_keeps_to_no_window_is_taken_in_up_to_a_bound(void **state)
{
	const struct rt_limit limit = rt_limit_of(100, 1000);
	const struct rt_limit none = rt_limit_of(0, 1000);
	struct rt_intake *n = rt_intake_new(4);
	struct rt_wire_header h = header("e", 1, 1, 0);
	struct rt_intake_verdict v;
	struct rt_intake_stats s;
	struct rt_wire_answer answer;
	struct rt_str to;
	rt_mono_t now = {SECOND};
	int i;

	(void)state;
	rt_intake_set_limit(n, &limit);
	rt_intake_take(n, &h, now, &v);
	for (i = 0; i < 1000; i++) {
		h = header("e", 1, (uint64_t)i * 100 + 1, 100);
		rt_intake_take(n, &h, now, &v);
		if (v.is_held)
			rt_intake_hold(n, &h, rt_str_of("peer"), now);
	}
	rt_intake_stats(n, &s);
	assert_in_range(
	    s.taken, 100 + RT_INTAKE_AHEAD, 100 + RT_INTAKE_AHEAD + 100);
	assert_int_equal(s.postponed, 1); /* behind it there is a gap */
	assert_int_equal(s.unexplained, 0);
	now.us += (int64_t)(s.taken - 100) * 10000 - 1;
	assert_false(rt_intake_due(n, now, &to, &answer));
	now.us += 1;
	assert_true(rt_intake_due(n, now, &to, &answer));
	assert_int_equal(answer.acked, s.taken);
	h = header("e", 1, s.taken + 1, 100);
	rt_intake_take(n, &h, now, &v);
	assert_int_equal(v.action, RT_INTAKE_TAKE);
	assert_true(v.is_held);
	rt_intake_hold(n, &h, rt_str_of("peer"), now);
	/* Another limit pays all debts. */
	rt_intake_set_limit(n, &none);
	assert_true(rt_intake_due(n, now, &to, &answer));
	assert_int_equal(answer.acked, s.taken + 100);
	rt_intake_free(n);
}

static void
a_held_answer_and_a_debt_go_with_the_sender_that_is_forgotten(void **state)
{
	const struct rt_limit limit = rt_limit_of(100, 1000);
	struct rt_intake *n = rt_intake_new(2);
	struct rt_report out;
	struct rt_wire_answer answer;
	struct rt_str to;
	unsigned epoch;

	(void)state;
	rt_intake_set_limit(n, &limit);
	for (epoch = 1; epoch <= 9; epoch++) {
		rt_mono_t now = {SECOND + epoch};
		struct rt_wire_header h = header("e", epoch, 1, 0);
		struct rt_intake_verdict v;

		rt_intake_take(n, &h, now, &v);
		h = header("e", epoch, 1, 100);
		rt_intake_take(n, &h, now, &v);
		/* One bucket, whatever epochs come and go. */
		assert_int_equal(v.is_held, epoch > 1);
		if (v.is_held)
			rt_intake_hold(n, &h, rt_str_of("peer"), now);
	}
	rt_report_init(&out);
	rt_intake_report(n, (rt_mono_t){SECOND + 9}, &out);
	assert_int_equal(out.overflow[RT_OVERFLOW_SENDERS], 7);
	assert_int_equal(out.senders_count, 2);
	assert_true(out.senders[0].is_limited && out.senders[0].held == 1);
	assert_true(rt_intake_due(n, (rt_mono_t){99 * SECOND}, &to, &answer));
	assert_true(rt_intake_due(n, (rt_mono_t){99 * SECOND}, &to, &answer));
	assert_false(rt_intake_due(n, (rt_mono_t){99 * SECOND}, &to, &answer));
	assert_int_equal(
	    rt_intake_due_ms(n, (rt_mono_t){99 * SECOND}), INT64_MAX);
	rt_report_fini(&out);
	rt_intake_free(n);
}

/* What our own client does, a millisecond a step: its ring is never empty. */
static void
an_emitter_of_ours_is_slowed_to_its_rate_and_sends_nothing_twice(void **state)
{
	enum { SECONDS = 30, BURST_MS = 500 };
	static const int64_t rates[] = {20, 1000, 50000};
	static char batch[RT_OUTBOX_BATCH_BYTES];
	size_t i;

	(void)state;
	for (i = 0; i < RT_COUNT_OF(rates); i++) {
		struct rt_limit limit = rt_limit_of(rates[i], BURST_MS);
		struct rt_intake *n = rt_intake_new(4);
		struct rt_intake_stats s;
		struct rt_outbox o;
		struct rt_ring ring;
		rt_mono_t now = {SECOND};
		unsigned hellos = 0;
		uint64_t most;

		assert_int_equal(rt_ring_init(&ring, 1 << 20), RT_OK);
		rt_outbox_init(&o, &ring, "e", 7);
		rt_intake_set_limit(n, &limit);
		rt_outbox_connected(&o, now);
		for (; now.us < (SECONDS + 1) * SECOND; now.us += 1000) {
			struct rt_outbox_message m;
			struct rt_intake_verdict v;
			struct rt_wire_answer answer;
			struct rt_str to;

			while (rt_ring_put(&ring, "{\"a record\":1}", 14))
				continue;
			while (rt_outbox_next(&o, now, &m, batch)) {
				m.header.offered =
				    m.header.first_seq + m.header.count;
				hellos += m.header.count == 0;
				rt_outbox_sent(&o, now, &m);
				rt_intake_take(n, &m.header, now, &v);
				if (v.is_held)
					rt_intake_hold(n, &m.header,
					    rt_str_of("peer"), now);
				else
					rt_outbox_answer(&o, &v.answer, now);
			}
			while (rt_intake_due(n, now, &to, &answer))
				rt_outbox_answer(&o, &answer, now);
		}
		rt_intake_stats(n, &s);
		/* Beyond its rate only what it may send unanswered. */
		most = (uint64_t)(rates[i] * SECONDS + limit.burst) + 11000;
		print_message("%lld/s: %llu taken in %d s, %u HELLO\n",
		    (long long)rates[i], (unsigned long long)s.taken, SECONDS,
		    hellos);
		assert_int_equal(o.resent + s.resent + s.refused_gap, 0);
		assert_int_equal(s.postponed + s.unexplained, 0);
		assert_true(hellos <= SECONDS + 2);
		assert_true(s.taken <= most);
		assert_true(
		    s.taken >= (uint64_t)(rates[i] * SECONDS * 95 / 100));
		assert_true(s.held > 0);
		rt_ring_fini(&ring);
		rt_intake_free(n);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(
		a_batch_over_the_rate_is_taken_and_its_answer_held_until_it_is_paid),
	    cmocka_unit_test(who_keeps_to_no_window_is_taken_in_up_to_a_bound),
	    cmocka_unit_test(
		a_held_answer_and_a_debt_go_with_the_sender_that_is_forgotten),
	    cmocka_unit_test(
		an_emitter_of_ours_is_slowed_to_its_rate_and_sends_nothing_twice),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
