/* SPDX-License-Identifier: MIT */
#include "tests/unit/util.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "collector/journal_format.h"
#include "proto/macro.h"

#define FRAMES_MAX 256u
#define SEGMENT_BYTES 65536u
#define MAGIC_BYTES (sizeof(RT_JOURNAL_MAGIC) - 1)

/* A segment of 64 KiB and where its frames are. */
struct segment {
	struct rt_buf bytes;
	size_t at[FRAMES_MAX + 1]; /* where each begins, and the end */
	unsigned frames;
	uint64_t first[FRAMES_MAX + 1]; /* number of its first record */
};

static void
segment_init(struct segment *s)
{
	struct util_random r = util_random_begin(11);
	char records[8192], senders[256];

	memset(s, 0, sizeof(*s));
	rt_buf_init(&s->bytes, 2 * SEGMENT_BYTES);
	rt_buf_puts(&s->bytes, RT_JOURNAL_MAGIC);
	s->first[0] = 1;
	while (s->bytes.len < SEGMENT_BYTES) {
		unsigned k = s->frames;
		struct rt_journal_frame f = {.first = s->first[k],
		    .count = (uint32_t)util_random_below(&r, 6),
		    .arrived_us = 1000 + (int64_t)k};
		size_t n = 0, m = 0;
		uint32_t i;

		assert_true(k < FRAMES_MAX);
		for (i = 0; i < f.count; i++)
			n += (size_t)snprintf(records + n, sizeof(records) - n,
			    "{\"n\":%llu,\"x\":\"%0*d\"}\n",
			    (unsigned long long)(f.first + i),
			    (int)util_random_below(&r, 300) + 1, 7);
		if (k % 3 == 0)
			m = (size_t)snprintf(
			    senders, sizeof(senders), "{\"sender\":%u}\n", k);
		f.records = (struct rt_str){records, n};
		f.senders = (struct rt_str){senders, m};
		s->at[k] = s->bytes.len;
		rt_journal_frame_encode(&s->bytes, &f);
		s->first[k + 1] = f.first + f.count;
		s->frames++;
	}
	s->at[s->frames] = s->bytes.len;
}

/* What came back. */
struct result {
	unsigned frames, damages;
	uint64_t records, dropped;
	unsigned seen[FRAMES_MAX];
	struct rt_journal_damage last;
};

/* Reads with the bytes coming in pieces of `piece`. */
static void
read_all(const char *p, size_t len, size_t piece, uint64_t end,
    const struct segment *s, struct result *out)
{
	struct rt_journal_scan scan = {.next = 1};
	struct rt_journal_frame f;
	struct rt_str have = {p, 0};
	enum rt_err err;

	memset(out, 0, sizeof(*out));
	rt_journal_scan_begin(&scan, 0);
	for (;;) {
		bool is_end = have.p + have.len == p + len;

		err =
		    rt_journal_scan_next(&scan, &have, is_end, &f, &out->last);
		if (err == RT_E_EMPTY)
			break;
		if (err == RT_E_AGAIN) {
			size_t left = (size_t)(p + len - have.p) - have.len;

			assert_false(is_end);
			have.len += left < piece ? left : piece;
		} else if (err == RT_E_SYNTAX) {
			out->damages++;
			out->dropped += out->last.dropped;
		} else {
			unsigned k = (unsigned)(f.arrived_us - 1000);

			assert_int_equal(err, RT_OK);
			assert_true(k < s->frames);
			assert_int_equal(f.first, s->first[k]);
			assert_int_equal(f.first + f.count, s->first[k + 1]);
			out->seen[k]++;
			out->frames++;
			out->records += f.count;
		}
	}
	if (rt_journal_scan_end(&scan, end, &out->last)) {
		out->damages++;
		out->dropped += out->last.dropped;
	}
	assert_int_equal(scan.dropped, out->dropped);
}

static void
whole_segments_come_back_in_pieces_of_any_size(void **state)
{
	static const size_t pieces[] = {1, 7, 41, 1000, 1u << 20};
	struct segment s;
	struct result r;
	size_t i;

	(void)state;
	segment_init(&s);
	for (i = 0; i < RT_COUNT_OF(pieces); i++) {
		read_all(s.bytes.p, s.bytes.len, pieces[i], s.first[s.frames],
		    &s, &r);
		assert_int_equal(r.frames, s.frames);
		assert_int_equal(r.records, s.first[s.frames] - 1);
		assert_int_equal(r.damages, 0);
	}
	rt_buf_fini(&s.bytes);
}

static void
slices_of_a_frame_are_what_was_put_in(void **state)
{
	const struct rt_journal_frame in = {
	    7, 2, -5, rt_str_of("a\nb\n"), rt_str_of("s\n")};
	struct rt_journal_scan scan = {.next = 0};
	struct rt_journal_damage damage;
	struct rt_journal_frame f;
	struct rt_buf b;
	struct rt_str have;

	(void)state;
	rt_buf_init(&b, 4096);
	rt_buf_puts(&b, RT_JOURNAL_MAGIC);
	rt_journal_frame_encode(&b, &in);
	have = (struct rt_str){util_guarded(b.p, b.len), b.len};
	rt_journal_scan_begin(&scan, 3);
	assert_int_equal(
	    rt_journal_scan_next(&scan, &have, true, &f, &damage), RT_OK);
	assert_int_equal(f.first, 7);
	assert_int_equal(f.count, 2);
	assert_int_equal(f.arrived_us, -5);
	assert_true(rt_str_is(f.records, "a\nb\n"));
	assert_true(rt_str_is(f.senders, "s\n"));
	assert_int_equal(have.len, 0);
	rt_buf_fini(&b);
}

static void
every_truncation_costs_what_was_cut_off_and_no_more(void **state)
{
	struct segment s;
	struct result r;
	size_t len;
	unsigned k = 0, i;
	uint64_t all;

	(void)state;
	segment_init(&s);
	all = s.first[s.frames] - 1;
	for (len = 0; len < s.bytes.len; len++) {
		while (s.at[k + 1] <= len)
			k++;
		read_all(s.bytes.p, len, SIZE_MAX / 2, all + 1, &s, &r);
		assert_int_equal(r.frames, k);
		for (i = 0; i < k; i++)
			assert_int_equal(r.seen[i], 1);
		assert_int_equal(r.records, s.first[k] - 1);
		assert_int_equal(r.records + r.dropped, all);
	}
	rt_buf_fini(&s.bytes);
}

static void
every_flipped_byte_costs_one_frame_and_no_more(void **state)
{
	struct util_random random = util_random_begin(5);
	struct segment s;
	struct result r;
	size_t at;
	unsigned k = 0, i;
	uint64_t all;

	(void)state;
	segment_init(&s);
	all = s.first[s.frames] - 1;
	for (at = 0; at < s.bytes.len; at++) {
		char flip = (char)(1u << util_random_below(&random, 8));
		bool in_magic = at < MAGIC_BYTES;

		while (s.at[k + 1] <= at)
			k++;
		s.bytes.p[at] = (char)(s.bytes.p[at] ^ flip);
		read_all(s.bytes.p, s.bytes.len, SIZE_MAX / 2, all + 1, &s, &r);
		s.bytes.p[at] = (char)(s.bytes.p[at] ^ flip);
		assert_int_equal(r.damages, 1);
		assert_int_equal(r.frames, s.frames - !in_magic);
		assert_int_equal(r.records + r.dropped, all);
		assert_int_equal(
		    r.dropped, in_magic ? 0 : s.first[k + 1] - s.first[k]);
		assert_int_equal(r.last.offset, in_magic ? 0 : s.at[k]);
		for (i = 0; i < s.frames; i++)
			assert_int_equal(r.seen[i], in_magic || i != k);
	}
	rt_buf_fini(&s.bytes);
}

static void
holes_anywhere_leave_what_is_before_and_behind(void **state)
{
	struct util_random random = util_random_begin(23);
	struct segment s;
	struct result r;
	unsigned turn, k;
	uint64_t all;
	char *copy;

	(void)state;
	segment_init(&s);
	all = s.first[s.frames] - 1;
	copy = malloc(s.bytes.len);
	for (turn = 0; turn < 2000; turn++) {
		size_t from = util_random_below(&random, s.bytes.len);
		size_t to =
		    from + util_random_below(&random, s.bytes.len - from) + 1;
		bool cut = util_random_below(&random, 2) == 0;
		size_t len = cut ? s.bytes.len - (to - from) : s.bytes.len, i;

		memcpy(copy, s.bytes.p, s.bytes.len);
		for (i = from; !cut && i < to; i++)
			copy[i] = (char)util_random(&random);
		if (cut)
			memmove(copy + from, copy + to, s.bytes.len - to);
		read_all(copy, len, 1 + util_random_below(&random, 9999),
		    all + 1, &s, &r);
		for (k = 0; k < s.frames; k++)
			if (s.at[k + 1] <= from || s.at[k] >= to)
				assert_int_equal(r.seen[k], 1);
		assert_int_equal(r.records + r.dropped, all);
	}
	free(copy);
	rt_buf_fini(&s.bytes);
}

static void
without_an_end_mark_a_torn_frame_tells_by_its_header(void **state)
{
	struct segment s;
	struct result r;
	unsigned k;

	(void)state;
	segment_init(&s);
	for (k = s.frames - 1; s.first[k + 1] == s.first[k]; k--)
		;
	read_all(s.bytes.p, s.at[k + 1] - 1, SIZE_MAX / 2, 0, &s, &r);
	assert_int_equal(r.frames, k);
	assert_int_equal(r.dropped, s.first[k + 1] - s.first[k]);
	read_all(s.bytes.p, s.at[k] + RT_JOURNAL_HEADER_BYTES - 1, SIZE_MAX / 2,
	    0, &s, &r);
	assert_int_equal(r.damages, 1);
	assert_int_equal(r.dropped, 0);
	rt_buf_fini(&s.bytes);
}

static void
numbers_written_again_after_a_torn_frame_are_no_loss(void **state)
{
	struct rt_journal_frame f = {
	    1, 2, 1000, rt_str_of("a\nb\n"), RT_STR_NONE};
	struct rt_journal_scan scan = {.next = 1};
	struct rt_journal_damage damage;
	struct rt_journal_frame got;
	struct rt_buf b;
	struct rt_str have;

	(void)state;
	rt_buf_init(&b, 4096);
	rt_buf_puts(&b, RT_JOURNAL_MAGIC);
	rt_journal_frame_encode(&b, &f);
	b.len -= 2; /* the disk was full */
	rt_journal_frame_encode(&b, &f);
	have = (struct rt_str){b.p, b.len};
	rt_journal_scan_begin(&scan, 0);
	assert_int_equal(
	    rt_journal_scan_next(&scan, &have, true, &got, &damage),
	    RT_E_SYNTAX);
	assert_int_equal(damage.dropped, 0);
	assert_int_equal(
	    rt_journal_scan_next(&scan, &have, true, &got, &damage), RT_OK);
	assert_int_equal(
	    rt_journal_scan_next(&scan, &have, true, &got, &damage),
	    RT_E_EMPTY);
	assert_false(rt_journal_scan_end(&scan, 3, &damage));
	rt_buf_fini(&b);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(whole_segments_come_back_in_pieces_of_any_size),
	    cmocka_unit_test(slices_of_a_frame_are_what_was_put_in),
	    cmocka_unit_test(
		every_truncation_costs_what_was_cut_off_and_no_more),
	    cmocka_unit_test(every_flipped_byte_costs_one_frame_and_no_more),
	    cmocka_unit_test(holes_anywhere_leave_what_is_before_and_behind),
	    cmocka_unit_test(
		without_an_end_mark_a_torn_frame_tells_by_its_header),
	    cmocka_unit_test(
		numbers_written_again_after_a_torn_frame_are_no_loss),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
