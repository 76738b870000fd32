/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "collector/intake.h"
#include "proto/macro.h"

static const rt_mono_t NOW = {1000000};

static struct rt_wire_header
header(const char *emitter, uint64_t first_seq, uint32_t count)
{
	struct rt_wire_header h = {.version = RT_WIRE_VERSION,
	    .epoch = 5,
	    .first_seq = first_seq,
	    .count = count,
	    .offered = first_seq - 1 + count};

	snprintf(h.emitter, sizeof(h.emitter), "%s", emitter);
	return h;
}

static struct rt_intake_verdict
say(struct rt_intake *n, const char *emitter, uint64_t first_seq,
    uint32_t count)
{
	struct rt_wire_header h = header(emitter, first_seq, count);
	struct rt_intake_verdict v;

	rt_intake_take(n, &h, NOW, &v);
	return v;
}

static void
takes_what_is_new_and_passes_over_what_is_known(void **state)
{
	static const struct {
		const char *why;
		uint64_t first_seq;
		uint32_t count;
		enum rt_intake_action action;
		uint32_t skip, taken;
		uint64_t acked;
	} rows[] = {
	    {"batch before HELLO", 1, 5, RT_INTAKE_REFUSE_UNKNOWN, 0, 0, 0},
	    {"HELLO", 11, 0, RT_INTAKE_NOTHING, 0, 0, 10},
	    {"first batch", 11, 5, RT_INTAKE_TAKE, 0, 5, 15},
	    {"the same again", 11, 5, RT_INTAKE_NOTHING, 0, 0, 15},
	    {"half known", 14, 4, RT_INTAKE_TAKE, 2, 2, 17},
	    {"ends where we are", 17, 1, RT_INTAKE_NOTHING, 0, 0, 17},
	    {"from long ago", 1, 3, RT_INTAKE_NOTHING, 0, 0, 17},
	    {"a hole of one", 19, 2, RT_INTAKE_REFUSE_GAP, 0, 0, 17},
	    {"the next", 18, 1, RT_INTAKE_TAKE, 0, 1, 18},
	    {"HELLO again", 18, 0, RT_INTAKE_NOTHING, 0, 0, 18},
	    {"HELLO at the end", 19, 0, RT_INTAKE_NOTHING, 0, 0, 18},
	};
	struct rt_intake *n = rt_intake_new(4);
	struct rt_intake_stats s;
	size_t i;

	(void)state;
	for (i = 0; i < RT_COUNT_OF(rows); i++) {
		struct rt_intake_verdict v =
		    say(n, "e", rows[i].first_seq, rows[i].count);

		if (v.action != rows[i].action || v.skip != rows[i].skip ||
		    v.count != rows[i].taken ||
		    v.answer.acked != rows[i].acked || v.answer.epoch != 5 ||
		    v.answer.version != RT_WIRE_VERSION)
			fail_msg("%s: action %d skip %u count %u acked %llu",
			    rows[i].why, (int)v.action, v.skip, v.count,
			    (unsigned long long)v.answer.acked);
	}
	rt_intake_stats(n, &s);
	assert_int_equal(s.taken, 8);
	assert_int_equal(s.resent, 5 + 2 + 1 + 3);
	assert_int_equal(s.refused_gap, 1);
	assert_int_equal(s.refused_unknown, 1);
	assert_int_equal(s.unexplained, 0);
	rt_intake_free(n);
}

static void
answers_another_version_with_its_own(void **state)
{
	struct rt_intake *n = rt_intake_new(1);
	struct rt_wire_header h = {.version = 2};
	struct rt_intake_verdict v;

	(void)state;
	rt_intake_take(n, &h, NOW, &v);
	assert_int_equal(v.action, RT_INTAKE_REFUSE_VERSION);
	assert_int_equal(v.answer.version, RT_WIRE_VERSION);
	assert_int_equal(v.answer.acked, 0);
	rt_intake_free(n);
}

static void
keeps_epochs_of_one_emitter_apart(void **state)
{
	struct rt_intake *n = rt_intake_new(4);
	struct rt_wire_header h = header("e", 1, 3);
	struct rt_intake_verdict v;

	(void)state;
	(void)say(n, "e", 1, 0);
	(void)say(n, "e", 1, 3);
	h.epoch = 6;
	rt_intake_take(n, &h, NOW, &v);
	assert_int_equal(v.action, RT_INTAKE_REFUSE_UNKNOWN);
	h.count = 0;
	rt_intake_take(n, &h, NOW, &v);
	assert_int_equal(v.answer.acked, 0);
	assert_int_equal(say(n, "e", 4, 1).skip, 0);
	rt_intake_free(n);
}

/* The books of the report, checked row by row; returns unexplained. */
static uint64_t
audit(const struct rt_intake *n, size_t *rows)
{
	struct rt_report r;
	uint64_t unexplained;
	size_t i;

	rt_report_init(&r);
	rt_intake_report(n, NOW, &r);
	for (i = 0; i < r.senders_count; i++) {
		const struct rt_report_sender *s = &r.senders[i];

		assert_true(s->offered ==
		    s->before + s->taken + s->dropped + s->in_flight +
			s->unexplained);
	}
	unexplained = r.unexplained;
	*rows = r.senders_count;
	rt_report_fini(&r);
	return unexplained;
}

static void
shows_records_that_nobody_took_as_unexplained(void **state)
{
	struct rt_intake *n = rt_intake_new(1);
	size_t rows;

	(void)state;
	(void)say(n, "e", 1, 0);
	(void)say(n, "e", 1, 5);
	assert_int_equal(audit(n, &rows), 0);
	assert_int_equal(say(n, "e", 9, 0).answer.acked, 8);
	assert_int_equal(audit(n, &rows), 3);
	assert_int_equal(say(n, "e", 9, 2).count, 2);
	assert_int_equal(audit(n, &rows), 3);
	(void)say(n, "other", 1, 0);
	assert_int_equal(audit(n, &rows), 3);
	assert_int_equal(rows, 1);
	rt_intake_free(n);
}

static void
shows_more_taken_than_offered_as_unexplained(void **state)
{
	struct rt_intake *n = rt_intake_new(1);
	struct rt_wire_header h = header("e", 1, 5);
	struct rt_intake_verdict v;
	struct rt_intake_stats s;

	(void)state;
	h.offered = 4;
	(void)say(n, "e", 1, 0);
	rt_intake_take(n, &h, NOW, &v);
	rt_intake_stats(n, &s);
	assert_int_equal(s.unexplained, 1);
	rt_intake_free(n);
}

/* Where one stands whose answer waits, is known here only: without it all comes twice. */
static void
who_says_no_more_than_hello_pushes_out_nobody_else(void **state)
{
	const struct rt_limit limit = {100, 10};
	struct rt_intake *n = rt_intake_new(4);
	struct rt_wire_header h;
	struct rt_intake_verdict v;
	char id[16];
	int i;

	(void)state;
	rt_intake_set_limit(n, &limit);
	(void)say(n, "e", 1, 0);
	v = say(n, "e", 1, 50);
	assert_true(v.is_held);
	h = header("e", 1, 50);
	rt_intake_hold(n, &h, rt_str_of("to"), NOW);
	for (i = 0; i < 100; i++) {
		snprintf(id, sizeof(id), "new%d", i);
		h = header(id, 1, 0);
		rt_intake_take(n, &h, (rt_mono_t){NOW.us + 1 + i}, &v);
	}
	v = say(n, "e", 1, 0);
	assert_int_equal(v.answer.acked, 50);
	rt_intake_free(n);
}

static void
forgets_the_sender_unheard_for_longest(void **state)
{
	static const struct {
		const char *id;
		int64_t at;
		enum rt_intake_action then;
	} rows[] = {
	    {"a", 1, RT_INTAKE_TAKE},
	    {"b", 2, RT_INTAKE_REFUSE_UNKNOWN},
	    {"c", 3, RT_INTAKE_TAKE},
	    {"a", 4, RT_INTAKE_TAKE},
	    {"d", 5, RT_INTAKE_TAKE},
	};
	struct rt_intake *n = rt_intake_new(3);
	struct rt_intake_stats s;
	struct rt_intake_verdict v;
	size_t i;

	(void)state;
	for (i = 0; i < RT_COUNT_OF(rows); i++) {
		struct rt_wire_header h = header(rows[i].id, 1, 0);

		rt_intake_take(n, &h, (rt_mono_t){rows[i].at}, &v);
	}
	rt_intake_stats(n, &s);
	assert_int_equal(s.forgotten, 1);
	for (i = 1; i < RT_COUNT_OF(rows); i++)
		if (say(n, rows[i].id, 1, 1).action != rows[i].then)
			fail_msg("%s", rows[i].id);
	rt_intake_free(n);
}

static void
remembers_what_became_of_a_senders_records(void **state)
{
	struct rt_intake *n = rt_intake_new(2);
	struct rt_wire_header h = header("e", 1, 3), other = header("x", 1, 1);
	struct rt_report r;

	(void)state;
	(void)say(n, "e", 1, 0);
	rt_intake_told(n, &h, 2, rt_str_of("checkout"));
	rt_intake_told(n, &h, 1, RT_STR_NONE);
	rt_intake_told(n, &other, 9, rt_str_of("nobody's"));
	rt_report_init(&r);
	rt_intake_report(n, rt_mono_add_ms(NOW, 1500), &r);
	assert_int_equal(r.senders_count, 1);
	assert_string_equal(r.senders[0].service, "checkout");
	assert_int_equal(r.senders[0].refused, 3);
	assert_int_equal(r.senders[0].last_seen_ms, 1500);
	rt_report_fini(&r);
	rt_intake_free(n);
}

static void
says_whether_a_sender_is_still_heard(void **state)
{
	struct rt_intake *n = rt_intake_new(1);
	struct rt_report r;
	rt_mono_t later = rt_mono_add_ms(NOW, RT_INTAKE_CONNECTED_MS);

	(void)state;
	(void)say(n, "e", 1, 0);
	rt_report_init(&r);
	rt_intake_report(n, later, &r);
	rt_intake_report(n, rt_mono_add_ms(later, 1), &r);
	assert_string_equal(r.senders[0].id, "e");
	assert_true(r.senders[0].is_connected);
	assert_false(r.senders[1].is_connected);
	rt_report_fini(&r);
	rt_intake_free(n);
}

static void
finds_the_records_from_one_on_and_checks_their_count(void **state)
{
	static const struct {
		const char *batch;
		uint32_t count, skip;
		const char *want; /* NULL: refused */
	} rows[] = {
	    {"a\nbb\nc", 3, 0, "a\nbb\nc"},
	    {"a\nbb\nc", 3, 1, "bb\nc"},
	    {"a\nbb\nc", 3, 2, "c"},
	    {"a\nbb\nc", 3, 3, ""},
	    {"a\nbb\nc", 2, 0, NULL},
	    {"a\nbb\nc", 4, 0, NULL},
	    {"a\nbb\nc\n", 3, 0, NULL},
	    {"a", 1, 0, "a"},
	    {"", 0, 0, ""},
	    {"a", 0, 0, NULL},
	    {"", 1, 0, NULL},
	};
	size_t i;

	(void)state;
	for (i = 0; i < RT_COUNT_OF(rows); i++) {
		struct rt_str out = {"untouched", 9};
		enum rt_err err = rt_intake_records(rt_str_of(rows[i].batch),
		    rows[i].count, rows[i].skip, &out);

		if (rows[i].want
			? err != RT_OK || !rt_str_is(out, rows[i].want)
			: err != RT_E_FIELD || !rt_str_is(out, "untouched"))
			fail_msg("row %zu: %.*s", i, (int)out.len, out.p);
	}
}

/* ---- random schedules ----------------------------------------------------- */

#define SEQ_MAX 400u
#define QUEUE_MAX 64u

struct world {
	uint64_t random;
	struct rt_intake *intake;
	bool can_reorder; /* messages overtake each other and come twice */
	bool can_forget;  /* other senders push ours out of the table */
	bool is_lossy;    /* false: draining at the end */
	/* the emitter */
	uint64_t assigned, dropped, acked, cursor;
	bool is_synced;
	/* what is on its way */
	struct rt_wire_header to[QUEUE_MAX];
	struct rt_wire_answer back[QUEUE_MAX];
	size_t to_count, back_count;
	/* what came of it */
	unsigned taken[SEQ_MAX + 1];      /* by any collector */
	unsigned taken_here[SEQ_MAX + 1]; /* by the present one */
};

static uint64_t
below(struct world *w, uint64_t n)
{
	w->random ^= w->random << 13;
	w->random ^= w->random >> 7;
	w->random ^= w->random << 17;
	return w->random % n;
}

static void
send_message(struct world *w, uint64_t first_seq, uint32_t count)
{
	struct rt_wire_header h = header("e", first_seq, count);

	h.offered = w->assigned + w->dropped;
	h.dropped = w->dropped;
	if (w->to_count < QUEUE_MAX)
		w->to[w->to_count++] = h;
}

static void
say_hello(struct world *w)
{
	w->is_synced = false;
	send_message(w, w->acked + 1, 0);
}

static void
reconnect(struct world *w)
{
	w->to_count = w->back_count = 0;
	say_hello(w);
}

static void
restart_collector(struct world *w)
{
	size_t rows;

	assert_int_equal(audit(w->intake, &rows), 0);
	rt_intake_free(w->intake);
	w->intake = rt_intake_new(2);
	memset(w->taken_here, 0, sizeof(w->taken_here));
	reconnect(w);
}

static void
send_batch(struct world *w)
{
	uint64_t left = w->assigned - w->cursor;
	uint32_t count;

	if (!w->is_synced || left == 0 || w->to_count == QUEUE_MAX)
		return;
	count = 1 + (uint32_t)below(w, left < 9 ? left : 9);
	send_message(w, w->cursor + 1, count);
	w->cursor += count;
}

static size_t
pick(struct world *w, size_t count)
{
	return w->can_reorder && below(w, 4) == 0 ? below(w, count) : 0;
}

static void
deliver(struct world *w)
{
	struct rt_intake_verdict v;
	size_t i;
	uint64_t k;

	if (w->to_count == 0)
		return;
	i = pick(w, w->to_count);
	if (!w->is_lossy || below(w, 8) != 0) {
		const struct rt_wire_header *h = &w->to[i];

		rt_intake_take(w->intake, h, NOW, &v);
		for (k = h->first_seq + v.skip; v.count > 0; v.count--, k++) {
			w->taken[k]++;
			w->taken_here[k]++;
		}
		if (w->back_count < QUEUE_MAX)
			w->back[w->back_count++] = v.answer;
	}
	if (w->can_reorder && w->is_lossy && below(w, 5) == 0)
		return;
	memmove(
	    &w->to[i], &w->to[i + 1], (--w->to_count - i) * sizeof(w->to[0]));
}

static void
hear(struct world *w)
{
	struct rt_wire_answer a;
	size_t i;

	if (w->back_count == 0)
		return;
	i = pick(w, w->back_count);
	a = w->back[i];
	memmove(&w->back[i], &w->back[i + 1],
	    (--w->back_count - i) * sizeof(w->back[0]));
	if (w->is_lossy && below(w, 8) == 0)
		return;
	if (a.acked < w->acked) {
		if (w->is_synced)
			say_hello(w);
		return;
	}
	w->acked = a.acked;
	if (!w->is_synced || w->cursor < w->acked)
		w->cursor = w->acked;
	w->is_synced = true;
}

static void
push_out(struct world *w)
{
	static const char *const ids[] = {"x", "y", "z"};
	const rt_mono_t later = {NOW.us + RT_INTAKE_SILENT_MS * 1000};
	struct rt_wire_header h;
	struct rt_intake_verdict v;
	int i;

	for (i = 0; i < 2; i++) {
		h = header(ids[below(w, 3)], 1, 0);
		rt_intake_take(w->intake, &h, later, &v);
	}
	memset(w->taken_here, 0, sizeof(w->taken_here));
}

static void
step(struct world *w)
{
	uint64_t what = below(w, 1000);

	if (what < 300 && w->assigned < SEQ_MAX)
		w->assigned++;
	else if (what < 320)
		w->dropped++;
	else if (what < 500)
		send_batch(w);
	else if (what < 750)
		deliver(w);
	else if (what < 970)
		hear(w);
	else if (what < 985)
		say_hello(w);
	else if (what < 992)
		reconnect(w);
	else if (what < 995)
		restart_collector(w);
	else if (w->can_forget && w->to_count + w->back_count == 0)
		push_out(w);
}

static void
drain(struct world *w)
{
	unsigned turns;

	w->is_lossy = false;
	reconnect(w);
	for (turns = 0; turns < 10000; turns++) {
		send_batch(w);
		deliver(w);
		hear(w);
		if (w->acked == w->assigned && w->to_count + w->back_count == 0)
			return;
		if (turns % 100 == 99)
			say_hello(w);
	}
	fail_msg("never all acknowledged");
}

static void
run_schedule(uint64_t seed, bool can_reorder, bool can_forget)
{
	struct world w = {.random = seed,
	    .can_reorder = can_reorder,
	    .can_forget = can_forget,
	    .is_lossy = true};
	size_t i, rows;

	w.intake = rt_intake_new(2);
	say_hello(&w);
	for (i = 0; i < 3000; i++) {
		step(&w);
		if (i % 64 == 0 && audit(w.intake, &rows) != 0)
			fail_msg("seed %#llx step %zu: unexplained",
			    (unsigned long long)seed, i);
	}
	drain(&w);
	for (i = 1; i <= w.assigned; i++)
		if (w.taken[i] < 1 || w.taken_here[i] > 1)
			fail_msg("seed %#llx: record %zu taken %u times, %u "
				 "here",
			    (unsigned long long)seed, i, w.taken[i],
			    w.taken_here[i]);
	if (audit(w.intake, &rows) != 0)
		fail_msg("seed %#llx: unexplained", (unsigned long long)seed);
	rt_intake_free(w.intake);
}

static void
loses_nothing_and_takes_nothing_twice(void **state)
{
	uint64_t base = UINT64_C(0x9e3779b97f4a7c15), i;

	(void)state;
	print_message("seeds: i * %#llx\n", (unsigned long long)base);
	for (i = 1; i <= 600; i++)
		run_schedule(i * base, true, false);
}

static void
loses_nothing_when_the_table_is_too_small(void **state)
{
	uint64_t base = UINT64_C(0xd1342543de82ef95), i;

	(void)state;
	print_message("seeds: i * %#llx\n", (unsigned long long)base);
	for (i = 1; i <= 600; i++)
		run_schedule(i * base, false, true);
}

static void
finds_a_planted_loss_in_any_schedule(void **state)
{
	uint64_t i;

	(void)state;
	for (i = 1; i <= 200; i++) {
		struct world w = {.random = i * UINT64_C(0x9e3779b97f4a7c15)};
		size_t rows, turn;
		uint64_t planted;

		w.intake = rt_intake_new(1);
		w.assigned = 100;
		say_hello(&w);
		for (turn = 3 + below(&w, 40); turn > 0; turn--) {
			send_batch(&w);
			deliver(&w);
			hear(&w);
		}
		while (w.to_count > 0)
			deliver(&w);
		while (w.back_count > 0)
			hear(&w);
		planted = below(&w, w.assigned - w.acked + 1);
		w.acked += planted;
		w.cursor = w.acked;
		drain(&w);
		if (audit(w.intake, &rows) != planted)
			fail_msg("turn %llu", (unsigned long long)i);
		rt_intake_free(w.intake);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(takes_what_is_new_and_passes_over_what_is_known),
	    cmocka_unit_test(answers_another_version_with_its_own),
	    cmocka_unit_test(keeps_epochs_of_one_emitter_apart),
	    cmocka_unit_test(shows_records_that_nobody_took_as_unexplained),
	    cmocka_unit_test(shows_more_taken_than_offered_as_unexplained),
	    cmocka_unit_test(
		who_says_no_more_than_hello_pushes_out_nobody_else),
	    cmocka_unit_test(forgets_the_sender_unheard_for_longest),
	    cmocka_unit_test(remembers_what_became_of_a_senders_records),
	    cmocka_unit_test(says_whether_a_sender_is_still_heard),
	    cmocka_unit_test(
		finds_the_records_from_one_on_and_checks_their_count),
	    cmocka_unit_test(loses_nothing_and_takes_nothing_twice),
	    cmocka_unit_test(loses_nothing_when_the_table_is_too_small),
	    cmocka_unit_test(finds_a_planted_loss_in_any_schedule),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
