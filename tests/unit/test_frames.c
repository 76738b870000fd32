/* SPDX-License-Identifier: MIT */
/* What a frame may cost the line: writes and bytes of fixed traffic, counted. */
#define _GNU_SOURCE /* memmem */
#include "tests/bench/frames.h"
#include "tests/unit/session.h"

#define SECONDS 60u
#define LOW_S 10u /* between frames with --low-bandwidth */
#define FLOOD_PER_S 10000u
#define FLOOD_S 5u

struct counted {
	struct rt_term_stats first, filling, busy, low, calm, flood;
	unsigned clears;
};

/* Standard output is the terminal meanwhile: nothing is asserted here. */
static bool
take_counts(struct counted *c, unsigned short rows, unsigned short cols)
{
	struct bench *b = calloc(1, sizeof *b);

	if (!b || !open_bench(b, rows, cols)) {
		free(b);
		return false;
	}
	rt_term_stats(b->term, &c->first);
	c->filling = run(b, true, SECONDS, 1);
	c->busy = run(b, true, SECONDS, 1);
	c->low = run(b, true, SECONDS, LOW_S);
	(void)run(b, false, SECONDS, 1); /* until the silence is noticed */
	c->calm = run(b, false, SECONDS, 1);
	b->per_s = FLOOD_PER_S;
	c->flood = run(b, true, FLOOD_S, 1);
	c->clears = b->clears;
	close_bench(b);
	free(b);
	return true;
}

static const struct {
	unsigned short rows, cols;
	uint64_t first, busy, low,
	    calm; /* bytes, those of the last three a second */
} budgets[] = {
    {10, 40, 1500, 300, 60, 40},
    {24, 80, 5000, 700, 150, 40},
    {40, 120, 9000, 1500, 300, 40},
    {60, 200, 16000, 3000, 600, 40},
};

static void
a_frame_is_one_write_and_its_bytes_are_bounded(void **state)
{
	(void)state;
	for (size_t i = 0; i < RT_COUNT_OF(budgets); i++) {
		struct counted c;

		assert_true(take_counts(&c, budgets[i].rows, budgets[i].cols));
		print_message("%ux%u: first %llu B, busy %llu B/s, low %llu "
			      "B/s, clock %llu B/s\n",
		    budgets[i].cols, budgets[i].rows,
		    (unsigned long long)c.first.bytes,
		    (unsigned long long)(c.busy.bytes / SECONDS),
		    (unsigned long long)(c.low.bytes / SECONDS),
		    (unsigned long long)(c.calm.bytes / SECONDS));
		assert_int_equal(c.first.writes, 1);
		assert_int_equal(c.filling.frames, SECONDS);
		assert_int_equal(c.filling.writes, SECONDS);
		assert_int_equal(c.busy.writes, SECONDS);
		assert_int_equal(c.low.frames, SECONDS / LOW_S);
		assert_int_equal(c.low.writes, SECONDS / LOW_S);
		assert_int_equal(c.calm.frames, SECONDS);
		assert_int_equal(c.calm.writes, SECONDS);
		assert_int_equal(c.flood.frames, FLOOD_S);
		assert_int_equal(c.flood.writes, FLOOD_S);
		assert_int_equal(c.clears, 0);
		assert_in_range(c.first.bytes, 1, budgets[i].first);
		assert_in_range(c.busy.bytes, 1, budgets[i].busy * SECONDS);
		/* However much comes, a frame is never more than all of it. */
		assert_in_range(c.flood.bytes, 1, budgets[i].first * FLOOD_S);
		assert_in_range(c.low.bytes, 1, budgets[i].low * SECONDS);
		assert_in_range(c.calm.bytes, 1, budgets[i].calm * SECONDS);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_frame_is_one_write_and_its_bytes_are_bounded),
	};

	return cmocka_run_group_tests(tests, session_need_terminal, NULL);
}
