/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE /* memfd_create */
#include "util.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "proto/crc.h"
#include "proto/macro.h"
#include "proto/ring_file.h"

#define CAPACITY 4096u
#define SIZE (RT_RING_HEADER_BYTES + CAPACITY)
#define RECORDS_MAX 400u

/* A file of a process that died: what it held, and where. */
static struct {
	struct rt_ring ring;
	uint64_t acked, sent, put; /* numbers */
	uint64_t dropped, torn;
	struct {
		uint64_t offset; /* of its head, in the file */
		size_t len;
	} at[RECORDS_MAX]; /* by number */
} died;

/* The bytes under test: aligned like the pages of a file. */
static _Alignas(64) unsigned char bytes[SIZE];

/* ---- the process ------------------------------------------------------------ */

static size_t
record_text(char out[128], uint64_t number)
{
	int pad = (int)(number * 7 % 23);

	return (size_t)snprintf(out, 128, "{\"n\":%llu,\"pad\":\"%.*s\"}",
	    (unsigned long long)number, pad, "xxxxxxxxxxxxxxxxxxxxxxxxx");
}

static void
put(unsigned count)
{
	char text[128];

	while (count-- > 0) {
		uint64_t head = rt_ring_head(&died.ring);
		size_t len = record_text(text, died.put + 1);
		uint64_t need = rt_ring_record_bytes(len);
		uint64_t to_end = CAPACITY - head % CAPACITY;

		rt_ring_count_offered(&died.ring, 1);
		if (!rt_ring_put(&died.ring, text, len)) {
			rt_ring_count_dropped(&died.ring, 1);
			died.dropped++;
			continue;
		}
		head += need > to_end ? to_end : 0;
		died.put++;
		assert_true(died.put < RECORDS_MAX);
		died.at[died.put].offset =
		    RT_RING_HEADER_BYTES + head % CAPACITY;
		died.at[died.put].len = len;
	}
}

/* A call that claimed its room and got no further than some of its bytes. */
static void
put_half(void)
{
	static const char text[] = "{\"n\":77,\"never\":\"finished\"}";
	uint64_t head = rt_ring_head(&died.ring);

	rt_ring_count_offered(&died.ring, 1);
	atomic_fetch_add(&died.ring.head, rt_ring_record_bytes(sizeof(text)));
	memcpy(died.ring.bytes + head % CAPACITY + sizeof(struct rt_ring_head),
	    text, 11);
	died.torn++;
}

/* As the outbox does: numbers, then the word that they may be out. */
static void
send_up_to(uint64_t number)
{
	uint64_t at = rt_ring_tail(&died.ring), n = died.acked;
	struct rt_str record;

	while (n < number && rt_ring_next(&died.ring, &at, &record))
		if (++n > died.sent)
			rt_ring_stamp(&died.ring, record, n);
	assert_int_equal(n, number);
	rt_ring_sending(&died.ring, number);
	died.sent = number;
}

static void
acknowledge(uint64_t number)
{
	uint64_t at = rt_ring_tail(&died.ring);
	struct rt_str record;

	while (died.acked < number && rt_ring_next(&died.ring, &at, &record))
		died.acked++;
	assert_int_equal(died.acked, number);
	rt_ring_release(&died.ring, at, number);
}

static int
begin(void **state)
{
	static const struct rt_ring_identity who = {
	    .emitter = "e-1", .epoch = 42, .salt = 99, .boot = "b"};
	int fd = memfd_create("ring", MFD_CLOEXEC);

	(void)state;
	memset(&died, 0, sizeof(died));
	assert_true(fd >= 0);
	assert_int_equal(rt_ring_map(&died.ring, fd, CAPACITY, &who), RT_OK);
	close(fd);
	return 0;
}

static int
end(void **state)
{
	(void)state;
	rt_ring_fini(&died.ring);
	return 0;
}

static void
die(void)
{
	memcpy(bytes, died.ring.file, SIZE);
}

/* Several laps, some acknowledged, some sent, some not, and many dropped. */
static void
live_a_full_life(void)
{
	unsigned i;

	for (i = 0; i < 6; i++) {
		put(20);
		send_up_to(died.put);
		acknowledge(died.put - 2);
	}
	put(12);
	send_up_to(died.put - 5);
	put(100); /* more than fits */
	die();
}

/* ---- what is read from it --------------------------------------------------- */

static struct {
	struct rt_ring_wreck w;
	uint64_t next;    /* number of the next */
	uint64_t lost[8]; /* numbers of lines that stand for others */
	unsigned lost_count;
	uint64_t missing; /* of the texts, in order: one that is left out */
	bool is_wrong;
} got;

static void
take(void *arg, struct rt_str record)
{
	uint64_t number = got.next++;
	char text[128];
	size_t len;

	(void)arg;
	if (rt_str_is(record, RT_RING_LOST_LINE)) {
		if (got.lost_count < RT_COUNT_OF(got.lost))
			got.lost[got.lost_count] = number;
		got.lost_count++;
		return;
	}
	/* One that had no number yet and is gone leaves no gap. */
	len = record_text(
	    text, got.missing && number >= got.missing ? number + 1 : number);
	if (!rt_str_equal(record, (struct rt_str){text, len}))
		got.is_wrong = true;
}

static enum rt_err
read_it(size_t size, uint64_t missing)
{
	memset(&got, 0, sizeof(got));
	got.next = died.acked + 1;
	got.missing = missing;
	return rt_ring_recover(bytes, size, take, NULL, &got.w);
}

static void
assert_balanced(void)
{
	if (got.is_wrong)
		fail_msg("another record, or under another number");
	if (got.lost_count != got.w.damaged ||
	    got.next - 1 != got.w.acked + got.w.found + got.w.damaged ||
	    got.w.offered != got.next - 1 + got.w.dropped)
		fail_msg("acked %llu found %llu damaged %llu dropped %llu "
			 "offered %llu",
		    (unsigned long long)got.w.acked,
		    (unsigned long long)got.w.found,
		    (unsigned long long)got.w.damaged,
		    (unsigned long long)got.w.dropped,
		    (unsigned long long)got.w.offered);
}

static void
assert_all_there(void)
{
	assert_balanced();
	assert_int_equal(got.w.acked, died.acked);
	assert_int_equal(got.w.found, died.put - died.acked);
	assert_int_equal(got.w.damaged, 0);
	assert_int_equal(got.w.torn, died.torn);
	assert_int_equal(got.w.dropped, died.dropped + died.torn);
}

/* ---- tests -------------------------------------------------------------------- */

static void
has_the_check_values_of_castagnoli(void **state)
{
	char zeros[32] = {0};

	(void)state;
	rt_crc_init();
	assert_int_equal(rt_crc32c(0, "123456789", 9), 0xe3069283);
	assert_int_equal(rt_crc32c(0, zeros, sizeof(zeros)), 0x8a9136aa);
	assert_int_equal(
	    rt_crc32c(rt_crc32c(0, "1234", 4), "56789", 5), 0xe3069283);
}

static void
gives_back_what_was_not_acknowledged(void **state)
{
	(void)state;
	live_a_full_life();
	assert_true(died.dropped > 10 && died.sent > died.acked);
	assert_int_equal(read_it(SIZE, 0), RT_OK);
	assert_all_there();
	assert_string_equal(got.w.emitter, "e-1");
	assert_int_equal(got.w.epoch, 42);
}

static void
finds_what_returned_behind_a_call_that_had_not(void **state)
{
	(void)state;
	put(3);
	put_half();
	put(4);
	put_half();
	put_half();
	put(1);
	put_half();
	die();
	assert_int_equal(read_it(SIZE, 0), RT_OK);
	assert_all_there();
	assert_int_equal(got.w.torn, 4);
}

static void
reads_the_same_again_after_some_were_acknowledged(void **state)
{
	struct rt_ring_header *h = (struct rt_ring_header *)(void *)bytes;
	uint64_t n;

	(void)state;
	put(25);
	send_up_to(20);
	acknowledge(9);
	put_half();
	put(5);
	die();
	for (n = died.acked; n <= died.put; n++) {
		assert_int_equal(read_it(SIZE, 0), RT_OK);
		rt_ring_wreck_acked(h, n);
		died.acked = n;
		assert_int_equal(read_it(SIZE, 0), RT_OK);
		assert_all_there();
	}
	assert_int_equal(got.w.found, 0);
}

/* Which part of the file holds this byte? */
enum part { HEADER, CHECKPOINT, OFFERED, DROPPED, STAMP, RECORD, NOTHING };

static enum part
part_of(size_t offset, uint64_t *number)
{
	uint64_t n;

	if (offset < offsetof(struct rt_ring_header, check) + 8)
		return HEADER;
	if (offset >= offsetof(struct rt_ring_header, checkpoints) &&
	    offset < offsetof(struct rt_ring_header, checkpoints) +
		    2 * sizeof(struct rt_ring_checkpoint))
		return CHECKPOINT;
	if (offset >= offsetof(struct rt_ring_header, counts) &&
	    offset < offsetof(struct rt_ring_header, counts) + 16)
		return offset < offsetof(struct rt_ring_header, counts) + 8
		    ? OFFERED
		    : DROPPED;
	for (n = died.acked + 1; n <= died.put; n++) {
		uint64_t begin_at = died.at[n].offset;

		*number = n;
		if (offset >= begin_at && offset < begin_at + 8)
			return RECORD;
		if (offset >= begin_at + 8 && offset < begin_at + 16)
			return STAMP;
		if (offset >= begin_at + 16 &&
		    offset < begin_at + 16 + died.at[n].len)
			return RECORD;
	}
	return NOTHING;
}

static void
assert_one_is_lost(uint64_t number)
{
	assert_balanced();
	assert_int_equal(got.w.found, died.put - died.acked - 1);
	if (number <= died.sent) {
		assert_int_equal(got.w.damaged, 1);
		assert_int_equal(got.lost[0], number);
		assert_int_equal(got.w.torn, 0);
	} else {
		assert_int_equal(got.w.damaged, 0);
		assert_int_equal(got.w.torn, 1);
		assert_int_equal(got.w.dropped, died.dropped + 1);
	}
}

static void
check_flip(size_t offset)
{
	uint64_t number = 0;
	enum part part = part_of(offset, &number);
	bool is_unsent = part == RECORD && number > died.sent;
	enum rt_err err = read_it(SIZE, is_unsent ? number : 0);

	if (part == HEADER) {
		assert_int_not_equal(err, RT_OK);
		return;
	}
	assert_int_equal(err, RT_OK);
	switch (part) {
	case RECORD: assert_one_is_lost(number); break;
	case OFFERED:
		assert_balanced();
		assert_int_equal(got.w.found, died.put - died.acked);
		assert_int_equal(got.w.dropped, died.dropped);
		break;
	case DROPPED:
		assert_balanced();
		assert_int_equal(got.w.found, died.put - died.acked);
		assert_int_equal(got.w.offered, died.put + died.dropped);
		break;
	case HEADER:
	case CHECKPOINT:
	case STAMP:
	case NOTHING: assert_all_there(); break;
	}
}

static void
loses_by_any_flipped_byte_only_what_it_is_part_of(void **state)
{
	static const unsigned char masks[] = {0x01, 0x10, 0x80, 0xff, 0x5a};
	unsigned char saved;
	size_t i, k;

	(void)state;
	live_a_full_life();
	for (i = 0; i < SIZE; i++)
		for (k = 0; k < sizeof(masks); k++) {
			saved = bytes[i];
			bytes[i] ^= masks[k];
			check_flip(i);
			bytes[i] = saved;
		}
}

static void
keeps_at_any_truncation_what_is_there_in_full(void **state)
{
	uint64_t n, want;
	size_t size;

	(void)state;
	put(30);
	send_up_to(20);
	acknowledge(7);
	die();
	for (size = 0; size <= SIZE; size++) {
		enum rt_err err = read_it(size, 0);

		if (size < sizeof(struct rt_ring_header)) {
			assert_int_equal(err, RT_E_SYNTAX);
			continue;
		}
		assert_int_equal(err, RT_OK);
		for (want = 0, n = died.acked + 1; n <= died.put; n++)
			want += died.at[n].offset + 16 + died.at[n].len <= size;
		assert_balanced();
		assert_int_equal(got.w.found, want);
		assert_int_equal(got.w.found + got.w.damaged + got.w.torn,
		    died.put - died.acked);
		assert_int_equal(got.w.offered, died.put);
	}
}

/*
 * The stores of an acknowledgement in their order: the first checkpoint, the second, then
 * the room is zeroed.  After each byte of them the file tells the truth.
 */
static void
is_true_after_every_byte_of_an_acknowledgement(void **state)
{
	static _Alignas(64) unsigned char before[SIZE], after[SIZE];
	const size_t c = offsetof(struct rt_ring_header, checkpoints),
		     c_end = c + 2 * sizeof(struct rt_ring_checkpoint);
	uint64_t was, is;
	size_t i;

	(void)state;
	put(30);
	send_up_to(25);
	acknowledge(5);
	was = died.acked;
	die();
	memcpy(before, bytes, SIZE);
	acknowledge(17);
	is = died.acked;
	die();
	memcpy(after, bytes, SIZE);
	memcpy(bytes, before, SIZE);
	for (i = c; i < SIZE; i++) {
		if (i == c_end)
			i = RT_RING_HEADER_BYTES;
		bytes[i] = after[i];
		died.acked = was;
		assert_int_equal(read_it(SIZE, 0), RT_OK);
		if (got.w.acked == is) {
			died.acked = is;
			assert_int_equal(read_it(SIZE, 0), RT_OK);
		} else {
			assert_true(i < c_end);
		}
		assert_all_there();
	}
	assert_int_equal(got.w.acked, is);
}

static void
refuses_what_is_no_ring(void **state)
{
	struct rt_ring_header *h = (struct rt_ring_header *)(void *)bytes;
	struct util_random r = util_random_begin(20261122);
	struct rt_ring_wreck w = {.found = 7};
	unsigned i;

	(void)state;
	put(3);
	die();
	h->version = 2;
	h->check = rt_crc32c(0, h, offsetof(struct rt_ring_header, check));
	assert_int_equal(
	    rt_ring_recover(bytes, SIZE, NULL, NULL, &w), RT_E_VERSION);
	die();
	h->capacity = UINT64_C(1) << 62;
	h->check = rt_crc32c(0, h, offsetof(struct rt_ring_header, check));
	assert_int_equal(
	    rt_ring_recover(bytes, SIZE, NULL, NULL, &w), RT_E_FIELD);
	die();
	rt_ring_checkpoint_put(
	    h, (struct rt_ring_checkpoint){.sent = UINT64_C(1) << 60});
	assert_int_equal(
	    rt_ring_recover(bytes, SIZE, NULL, NULL, &w), RT_E_FIELD);
	for (i = 0; i < 1000; i++) {
		size_t k;

		for (k = 0; k < SIZE; k += 8) {
			uint64_t noise = util_random(&r);

			memcpy(bytes + k, &noise, 8);
		}
		assert_int_equal(
		    rt_ring_recover(bytes, SIZE, NULL, NULL, &w), RT_E_SYNTAX);
	}
	assert_int_equal(w.found, 7);
}

int
main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, begin, end)
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(has_the_check_values_of_castagnoli),
	    TEST(gives_back_what_was_not_acknowledged),
	    TEST(finds_what_returned_behind_a_call_that_had_not),
	    TEST(reads_the_same_again_after_some_were_acknowledged),
	    TEST(loses_by_any_flipped_byte_only_what_it_is_part_of),
	    TEST(keeps_at_any_truncation_what_is_there_in_full),
	    TEST(is_true_after_every_byte_of_an_acknowledgement),
	    TEST(refuses_what_is_no_ring),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
