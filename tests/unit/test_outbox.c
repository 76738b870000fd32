/* SPDX-License-Identifier: MIT */
#include "util.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "collector/intake.h"
#include "proto/macro.h"
#include "proto/outbox.h"

static struct rt_ring ring;
static struct rt_outbox box;
static char batch[RT_OUTBOX_BATCH_BYTES];

static int
open_box(void **state)
{
	(void)state;
	assert_int_equal(rt_ring_init(&ring, RT_RING_BYTES_MIN), RT_OK);
	rt_outbox_init(&box, &ring, "e", 7);
	return 0;
}

static int
close_box(void **state)
{
	(void)state;
	rt_ring_fini(&ring);
	return 0;
}

static rt_mono_t
at_ms(int64_t ms)
{
	return (rt_mono_t){1000000000 + ms * 1000};
}

static void
answer(uint64_t acked, int64_t ms)
{
	struct rt_wire_answer a = {RT_WIRE_VERSION, 7, acked};

	rt_outbox_answer(&box, &a, at_ms(ms));
}

/* The count of what it says at that time; -1: nothing.  *first_seq may be NULL. */
static int
said(int64_t ms, uint64_t *first_seq)
{
	struct rt_outbox_message m;

	if (!rt_outbox_next(&box, at_ms(ms), &m, batch))
		return -1;
	rt_outbox_sent(&box, at_ms(ms), &m);
	if (first_seq)
		*first_seq = m.header.first_seq;
	return (int)m.header.count;
}

static void
put_records(unsigned count)
{
	while (count-- > 0)
		assert_true(rt_ring_put(&ring, "{\"a\":1}", 7));
}

static void
greets_first_and_streams_after_the_answer(void **state)
{
	uint64_t first_seq = 0;

	(void)state;
	put_records(3);
	assert_int_equal(said(0, NULL), -1);
	rt_outbox_connected(&box, at_ms(0));
	assert_int_equal(said(0, &first_seq), 0);
	assert_int_equal(first_seq, 1);
	assert_int_equal(said(1, NULL), -1);
	answer(0, 2);
	assert_int_equal(said(2, &first_seq), 3);
	assert_int_equal(first_seq, 1);
	assert_memory_equal(batch, "{\"a\":1}\n{\"a\":1}\n{\"a\":1}", 23);
	answer(3, 3);
	assert_int_equal(rt_ring_tail(&ring), rt_ring_head(&ring));
}

static void
holds_a_small_batch_back_while_another_is_on_its_way(void **state)
{
	uint64_t first_seq = 0;

	(void)state;
	rt_outbox_connected(&box, at_ms(0));
	(void)said(0, NULL);
	answer(0, 0);
	put_records(1);
	assert_int_equal(said(1, NULL), 1);
	put_records(2);
	assert_int_equal(said(2, NULL), -1);
	answer(1, 3);
	assert_int_equal(said(3, &first_seq), 2);
	assert_int_equal(first_seq, 2);
}

static void
sends_from_the_acknowledged_point_after_a_reconnect(void **state)
{
	uint64_t first_seq = 0;

	(void)state;
	rt_outbox_connected(&box, at_ms(0));
	(void)said(0, NULL);
	answer(0, 0);
	put_records(5);
	assert_int_equal(said(1, NULL), 5);
	answer(2, 2);
	rt_outbox_disconnected(&box);
	assert_int_equal(said(3, NULL), -1);
	rt_outbox_connected(&box, at_ms(4));
	assert_int_equal(said(4, &first_seq), 0);
	assert_int_equal(first_seq, 3);
	answer(2, 5);
	assert_int_equal(said(5, &first_seq), 3);
	assert_int_equal(first_seq, 3);
	assert_int_equal(box.resent, 3);
}

static void
greets_again_without_progress_or_when_unknown(void **state)
{
	uint64_t first_seq = 0;

	(void)state;
	rt_outbox_connected(&box, at_ms(0));
	(void)said(0, NULL);
	answer(0, 0);
	put_records(2);
	(void)said(0, NULL);
	assert_int_equal(said(RT_OUTBOX_ANSWER_MS - 1, NULL), -1);
	assert_int_equal(said(RT_OUTBOX_ANSWER_MS, &first_seq), 0);
	assert_int_equal(first_seq, 1);
	assert_int_equal(said(RT_OUTBOX_ANSWER_MS * 2 - 1, NULL), -1);
	assert_int_equal(said(RT_OUTBOX_ANSWER_MS * 2, NULL), 0);
	answer(2, RT_OUTBOX_ANSWER_MS * 2);
	put_records(1);
	assert_int_equal(said(RT_OUTBOX_ANSWER_MS * 2, NULL), 1);
	answer(0, RT_OUTBOX_ANSWER_MS * 2 + 1);
	assert_int_equal(said(RT_OUTBOX_ANSWER_MS * 2 + 1, &first_seq), 0);
	assert_int_equal(first_seq, 3);
}

static void
believes_no_answer_to_what_was_never_sent(void **state)
{
	struct rt_wire_answer other[] = {
	    {RT_WIRE_VERSION, 7, 3}, /* never sent */
	    {RT_WIRE_VERSION, 8, 2}, /* another epoch */
	    {RT_WIRE_VERSION + 1, 7, 2},
	};
	size_t i;

	(void)state;
	rt_outbox_connected(&box, at_ms(0));
	(void)said(0, NULL);
	answer(0, 0);
	put_records(4);
	(void)said(0, NULL);
	box.sent_most = 2;
	for (i = 0; i < RT_COUNT_OF(other); i++)
		rt_outbox_answer(&box, &other[i], at_ms(1));
	assert_int_equal(box.acked, 0);
	answer(2, 1);
	assert_int_equal(box.acked, 2);
}

static void
is_heard_of_while_idle(void **state)
{
	(void)state;
	rt_outbox_connected(&box, at_ms(0));
	(void)said(0, NULL);
	answer(0, 0);
	assert_int_equal(rt_outbox_due_ms(&box, at_ms(500)), 1500);
	assert_int_equal(said(RT_OUTBOX_IDLE_MS - 1, NULL), -1);
	assert_int_equal(said(RT_OUTBOX_IDLE_MS, NULL), 0);
	assert_int_equal(said(RT_OUTBOX_IDLE_MS, NULL), -1);
}

/* ---- both sides, any schedule --------------------------------------------- */

#define SEQ_MAX 3000u
#define QUEUE_MAX 32u

struct flight {
	struct rt_wire_header header;
	char batch[RT_OUTBOX_BATCH_BYTES];
	size_t len;
};

static struct world {
	struct util_random random;
	struct rt_intake *intake;
	struct flight to[QUEUE_MAX];
	struct rt_wire_answer back[QUEUE_MAX];
	size_t to_count, back_count;
	unsigned assigned, dropped, taken[SEQ_MAX], here[SEQ_MAX];
	int64_t ms;
} w;

static void
offer(void)
{
	static char record[2000];
	int len = snprintf(record, sizeof(record), "%u", w.assigned);
	size_t size = (size_t)len + util_random_below(&w.random, 1900);

	memset(record + len, ' ', sizeof(record) - (size_t)len);
	if (w.assigned == SEQ_MAX)
		return;
	if (rt_ring_put(&ring, record, size))
		w.assigned++;
	else
		w.dropped++;
}

static void
talk(void)
{
	struct flight *f = &w.to[w.to_count];
	struct rt_outbox_message m;

	if (w.to_count == QUEUE_MAX ||
	    !rt_outbox_next(&box, at_ms(w.ms), &m, f->batch))
		return;
	rt_outbox_sent(&box, at_ms(w.ms), &m);
	f->header = m.header;
	f->header.offered = w.assigned + w.dropped;
	f->header.dropped = w.dropped;
	f->len = m.batch_len;
	w.to_count++;
}

static void
count_records(struct rt_str records, uint32_t count)
{
	const char *p = records.p;

	for (; count > 0; count--) {
		unsigned long n = strtoul(p, NULL, 10);

		assert_true(n < w.assigned);
		w.taken[n]++;
		w.here[n]++;
		p = memchr(p, '\n', (size_t)(records.p + records.len - p));
		p = p ? p + 1 : records.p;
	}
}

static void
deliver(bool is_lost)
{
	struct flight *f = &w.to[0];
	struct rt_str bytes = {f->batch, f->len}, fresh;
	struct rt_intake_verdict v;

	if (w.to_count == 0)
		return;
	if (!is_lost) {
		rt_intake_take(w.intake, &f->header, at_ms(w.ms), &v);
		assert_int_equal(
		    rt_intake_records(bytes, f->header.count, v.skip, &fresh),
		    RT_OK);
		count_records(fresh, v.count);
		if (w.back_count < QUEUE_MAX)
			w.back[w.back_count++] = v.answer;
	}
	memmove(&w.to[0], &w.to[1], --w.to_count * sizeof(w.to[0]));
}

static void
hear(bool is_lost)
{
	if (w.back_count == 0)
		return;
	if (!is_lost)
		rt_outbox_answer(&box, &w.back[0], at_ms(w.ms));
	memmove(&w.back[0], &w.back[1], --w.back_count * sizeof(w.back[0]));
}

static void
lose_connection(bool is_collector_gone)
{
	w.to_count = w.back_count = 0;
	rt_outbox_disconnected(&box);
	if (is_collector_gone) {
		rt_intake_free(w.intake);
		w.intake = rt_intake_new(2);
		memset(w.here, 0, sizeof(w.here));
	}
	w.ms += (int64_t)util_random_below(&w.random, 300);
	rt_outbox_connected(&box, at_ms(w.ms));
}

static void
step(void)
{
	size_t what = util_random_below(&w.random, 1000);
	bool is_lost = util_random_below(&w.random, 50) == 0;

	w.ms += what % 10 == 0;
	if (what < 400)
		offer();
	else if (what < 600)
		talk();
	else if (what < 800)
		deliver(is_lost);
	else if (what < 990)
		hear(is_lost);
	else if (what < 994)
		w.ms += 400;
	else
		lose_connection(what > 996);
}

static void
expect_all_is_well(unsigned round)
{
	struct rt_intake_stats s;
	unsigned i;

	rt_intake_stats(w.intake, &s);
	if (s.unexplained != 0)
		fail_msg("round %u: unexplained", round);
	for (i = 0; i < w.assigned; i++)
		if (w.taken[i] < 1 || w.here[i] > 1)
			fail_msg("round %u: record %u taken %u times", round, i,
			    w.taken[i]);
}

static void
delivers_all_to_whatever_collector_there_is(void **state)
{
	struct util_random random = util_random_begin(20260613);
	unsigned round, i;

	(void)state;
	for (round = 0; round < 60; round++) {
		rt_ring_fini(&ring);
		(void)open_box(NULL);
		memset(&w, 0, sizeof(w));
		w.random.state = util_random(&random);
		w.intake = rt_intake_new(2);
		rt_outbox_connected(&box, at_ms(0));
		for (i = 0; i < 12000; i++)
			step();
		lose_connection(false);
		for (i = 0; i < 100000 && box.acked < w.assigned; i++) {
			w.ms++;
			talk();
			deliver(false);
			hear(false);
		}
		assert_int_equal(box.acked, w.assigned);
		assert_true(w.assigned > 1000);
		expect_all_is_well(round);
		rt_intake_free(w.intake);
	}
}

/* ---- the ring ------------------------------------------------------------- */

static void
keeps_order_and_bytes_across_its_end(void **state)
{
	struct util_random random = util_random_begin(7);
	char record[RT_RING_RECORD_MAX];
	uint64_t at = 0, put = 0, got = 0, refused = 0;
	struct rt_str s;

	(void)state;
	while (got < 20000) {
		size_t len = 1 + util_random_below(&random, 9000);

		memset(record, (int)(put & 0xff), len);
		if (rt_ring_put(&ring, record, len)) {
			put++;
			continue;
		}
		refused++;
		while (util_random_below(&random, 4) != 0 &&
		    rt_ring_next(&ring, &at, &s)) {
			assert_int_equal((unsigned char)s.p[0], got & 0xff);
			assert_int_equal(
			    (unsigned char)s.p[s.len - 1], got & 0xff);
			got++;
		}
		rt_ring_release(&ring, at, 0);
	}
	assert_true(refused > 100);
	assert_true(rt_ring_head(&ring) - rt_ring_tail(&ring) <= ring.capacity);
}

static void *
put_many(void *arg)
{
	uint32_t who = *(const uint32_t *)arg, record[8] = {0}, n = 0;

	while (n < 30000) {
		record[0] = who;
		record[1] = n;
		if (rt_ring_put(&ring, record, 8 + (n % 7) * 4))
			n++;
	}
	return NULL;
}

static void
takes_records_of_several_threads_each_in_its_order(void **state)
{
	uint32_t ids[] = {0, 1, 2}, next[3] = {0}, record[2], total = 0;
	pthread_t threads[3];
	uint64_t at = 0;
	struct rt_str s;
	unsigned i;

	(void)state;
	for (i = 0; i < 3; i++)
		assert_int_equal(
		    pthread_create(&threads[i], NULL, put_many, &ids[i]), 0);
	while (total < 90000) {
		while (rt_ring_next(&ring, &at, &s)) {
			memcpy(record, s.p, sizeof(record));
			assert_true(record[0] < 3);
			assert_int_equal(record[1], next[record[0]]++);
			assert_int_equal(s.len, 8 + record[1] % 7 * 4);
			total++;
		}
		rt_ring_release(&ring, at, 0);
	}
	for (i = 0; i < 3; i++)
		pthread_join(threads[i], NULL);
	assert_int_equal(rt_ring_head(&ring), rt_ring_tail(&ring));
}

static void
resumes_behind_what_was_acknowledged_and_believes_more(void **state)
{
	uint64_t first_seq = 0;

	(void)state;
	rt_outbox_resume(&box, 40);
	put_records(5);
	rt_outbox_connected(&box, at_ms(0));
	assert_int_equal(said(0, &first_seq), 0);
	assert_int_equal(first_seq, 41);
	answer(43, 1);
	assert_int_equal(said(2, &first_seq), 2);
	assert_int_equal(first_seq, 44);
	answer(99, 3);
	assert_int_equal(rt_ring_tail(&ring), rt_ring_head(&ring));
	assert_int_equal(box.acked, 45);
}

int
main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, open_box, close_box)
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup_teardown(
		resumes_behind_what_was_acknowledged_and_believes_more,
		open_box, close_box),
	    TEST(greets_first_and_streams_after_the_answer),
	    TEST(holds_a_small_batch_back_while_another_is_on_its_way),
	    TEST(sends_from_the_acknowledged_point_after_a_reconnect),
	    TEST(greets_again_without_progress_or_when_unknown),
	    TEST(believes_no_answer_to_what_was_never_sent),
	    TEST(is_heard_of_while_idle),
	    TEST(delivers_all_to_whatever_collector_there_is),
	    TEST(keeps_order_and_bytes_across_its_end),
	    TEST(takes_records_of_several_threads_each_in_its_order),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
