/* SPDX-License-Identifier: MIT */
#include <linux/seccomp.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <zmq.h>

#include "proto/clock.h"
#include "proto/event.h"
#include "proto/macro.h"
#include "tests/unit/hub.h"

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define IS_SANITIZED true
#else
#define IS_SANITIZED false
#endif

static void
delivers_every_record_once_and_in_order(void **state)
{
	struct rt_emitter *e = open_emitter(0, 0);
	unsigned i;

	(void)state;
	hub_bind();
	for (i = 0; i < 20000; i++)
		assert_int_equal(emit_number(e, i), 0);
	hub_serve_until(e, 20000);
	hub_assert_each_once(20000);
	assert_int_equal(stats_of(e).in_flight, 0);
	assert_int_equal(stats_of(e).resent_records, 0);
	assert_true(stats_of(e).sent_batches < 200);
	rt_emitter_close(e);
}

static void
drops_and_counts_when_full_without_waiting(void **state)
{
	struct rt_emitter *e = open_emitter(65536, 1);
	struct rt_emitter_stats s;
	rt_mono_t begin = rt_clock_mono();
	unsigned i, kept = 0;

	(void)state;
	for (i = 0; i < 10000; i++) {
		if (emit_number(e, kept) == 0)
			kept++;
		else
			assert_int_equal(errno, EAGAIN);
	}
	assert_true(rt_mono_ms_between(begin, rt_clock_mono()) < 1000);
	s = stats_of(e);
	assert_true(kept > 1000 && kept < 10000);
	assert_int_equal(s.offered, 10000);
	assert_int_equal(s.dropped_full, 10000 - kept);
	assert_int_equal(s.in_flight, kept);
	hub_bind();
	hub_serve_until(e, kept);
	hub_assert_each_once(kept);
	assert_int_equal(hub.last.offered, 10000);
	assert_int_equal(hub.last.dropped, 10000 - kept);
	rt_emitter_close(e);
}

static void
sends_again_when_answers_were_withheld(void **state)
{
	struct rt_emitter *e = open_emitter(0, 0);
	rt_mono_t end = rt_mono_add_ms(rt_clock_mono(), DEADLINE_MS);
	unsigned i;

	(void)state;
	hub_bind();
	for (i = 0; i < 100; i++)
		assert_int_equal(emit_number(e, i), 0);
	hub_serve_until(e, 100);
	hub.is_mute = true;
	for (; i < 200; i++)
		assert_int_equal(emit_number(e, i), 0);
	while (hub.records < 200 && rt_clock_mono().us < end.us)
		hub_serve(5);
	assert_int_equal(stats_of(e).acknowledged, 100);
	hub.is_mute = false;
	hub_serve_until(e, 200);
	hub_assert_each_once(200);
	rt_emitter_close(e);
}

static void
survives_a_collector_that_comes_and_goes(void **state)
{
	const unsigned count = 100000;
	struct rt_emitter *e = open_emitter(1 << 20, 0);
	rt_mono_t end = rt_mono_add_ms(rt_clock_mono(), DEADLINE_MS);
	unsigned i = 0, turns = 0;

	(void)state;
	hub_bind();
	while (i < count && rt_clock_mono().us < end.us) {
		if (rt_emitter_wait_room(e, 1) == 0 && emit_number(e, i) == 0)
			i++;
		hub_serve(0);
		/* The socket goes with all that it had received; the books stay. */
		if (++turns % 15000 == 0) {
			zmq_close(hub.socket);
			hub_bind();
		}
	}
	assert_int_equal(i, count);
	hub_serve_until(e, count);
	hub_assert_each_once(count);
	assert_true(stats_of(e).connects >= 3);
	rt_emitter_close(e);
}

static void
starts_where_an_earlier_collector_ended(void **state)
{
	struct rt_emitter *e = open_emitter(0, 0);
	unsigned i;

	(void)state;
	hub_bind();
	for (i = 0; i < 50; i++)
		assert_int_equal(emit_number(e, i), 0);
	hub_serve_until(e, 50);
	zmq_close(hub.socket);
	rt_intake_free(hub.intake);
	/* Room for every emitter of a test: one that is forgotten counts anew. */
	hub.intake = rt_intake_new(64);
	for (; i < 80; i++)
		assert_int_equal(emit_number(e, i), 0);
	hub_bind();
	hub_serve_until(e, 80);
	hub_assert_each_once(80);
	rt_emitter_close(e);
}

static void
greets_again_when_forgotten_without_a_disconnect(void **state)
{
	struct rt_emitter *e = open_emitter(0, 0);
	unsigned i;

	(void)state;
	hub_bind();
	for (i = 0; i < 50; i++)
		assert_int_equal(emit_number(e, i), 0);
	hub_serve_until(e, 50);
	rt_intake_free(hub.intake);
	/* Room for every emitter of a test: one that is forgotten counts anew. */
	hub.intake = rt_intake_new(64);
	for (; i < 80; i++)
		assert_int_equal(emit_number(e, i), 0);
	hub_serve_until(e, 80);
	hub_assert_each_once(80);
	assert_int_equal(stats_of(e).connects, 1);
	rt_emitter_close(e);
}

static void
closes_within_its_linger_when_nobody_is_there(void **state)
{
	struct rt_emitter *e = open_emitter(0, 50);
	rt_mono_t begin;
	int64_t ms;

	(void)state;
	assert_int_equal(emit_number(e, 1), 0);
	begin = rt_clock_mono();
	assert_int_equal(rt_emitter_flush(e, 20), -1);
	assert_int_equal(errno, ETIMEDOUT);
	rt_emitter_close(e);
	ms = rt_mono_ms_between(begin, rt_clock_mono());
	assert_true(ms >= 70 && ms < 1000);
	begin = rt_clock_mono();
	rt_emitter_close(open_emitter(0, 5000));
	assert_true(rt_mono_ms_between(begin, rt_clock_mono()) < 1000);
	rt_emitter_close(NULL);
}

static void
refuses_options_out_of_range(void **state)
{
	static const struct {
		const char *why;
		struct rt_emitter_opts o;
	} rows[] = {
	    {"id with a space", {.emitter_id = "a b"}},
	    {"empty id", {.emitter_id = ""}},
	    {"small ring", {.ring_bytes = 1000}},
	    {"negative linger", {.linger_ms = -1}},
	    {"no such transport", {.endpoint = "carrier-pigeon://x"}},
	    {"no endpoint", {.endpoint = "nonsense"}},
	    {"no such folder", {.spool = "/nowhere/at/all"}},
	    {"a spool that is a file", {.spool = "/dev/null"}},
	};
	size_t i;

	(void)state;
	for (i = 0; i < RT_COUNT_OF(rows); i++) {
		errno = 0;
		if (rt_emitter_open(&rows[i].o) || errno == 0)
			fail_msg("%s", rows[i].why);
	}
}

static void
refuses_what_is_no_record_and_counts_it(void **state)
{
	static char large[RT_RECORD_MAX + 1];
	struct rt_emitter *e = open_emitter(0, 1);
	static const struct {
		const char *text;
		size_t len;
		int want;
	} rows[] = {
	    {"", 0, EINVAL},
	    {" \t\r", 3, EINVAL},
	    {"{}\n{}", 5, EINVAL},
	    {large, RT_RECORD_MAX + 1, EMSGSIZE},
	};
	size_t i;

	(void)state;
	memset(large, 'x', sizeof(large));
	for (i = 0; i < RT_COUNT_OF(rows); i++) {
		assert_int_equal(
		    rt_emitter_emit_json(e, rows[i].text, rows[i].len), -1);
		assert_int_equal(errno, rows[i].want);
	}
	assert_int_equal(rt_emitter_emit_json(NULL, "{}", 2), -1);
	assert_int_equal(stats_of(e).dropped_invalid, RT_COUNT_OF(rows));
	assert_int_equal(stats_of(e).offered, 0);
	assert_int_equal(rt_emitter_emit_json(e, large, RT_RECORD_MAX), 0);
	rt_emitter_close(e);
}

static void *
emit_many(void *arg)
{
	struct rt_emitter *e = arg;
	static _Atomic unsigned next;
	unsigned i;

	for (i = 0; i < 10000; i++)
		if (emit_number(e, atomic_fetch_add(&next, 1)) != 0)
			return e;
	return NULL;
}

static void
takes_records_of_many_threads(void **state)
{
	struct rt_emitter *e = open_emitter(8 << 20, 0);
	pthread_t threads[4];
	void *failed;
	unsigned i;

	(void)state;
	hub_bind();
	for (i = 0; i < 4; i++)
		assert_int_equal(
		    pthread_create(&threads[i], NULL, emit_many, e), 0);
	hub_serve_until(e, 40000);
	for (i = 0; i < 4; i++) {
		pthread_join(threads[i], &failed);
		assert_null(failed);
	}
	hub_assert_each_once(40000);
	rt_emitter_close(e);
}

static void
begins_anew_in_a_child_of_fork(void **state)
{
	(void)state;
	NEEDS_THREADS_IN_A_CHILD();
	expect_a_beginning_in_a_child(open_emitter(0, 5000));
}

static void
leaves_the_parent_alone_when_a_child_closes(void **state)
{
	struct rt_emitter *e = open_emitter(0, 0);
	pid_t pid;

	(void)state;
	hub_bind();
	pid = fork();
	if (pid == 0) {
		rt_emitter_close(e);
		_exit(0);
	}
	expect_exit(pid, 0);
	assert_int_equal(emit_number(e, 0), 0);
	hub_serve_until(e, 1);
	hub_assert_each_once(1);
	rt_emitter_close(e);
}

/* From here on the kernel kills whoever calls it but to read, write or exit. */
static void
emit_sealed(struct rt_emitter *e, int fd)
{
	unsigned i;

	die_if(prctl(PR_SET_SECCOMP, SECCOMP_MODE_STRICT) != 0);
	for (i = 0; i < 5000; i++)
		if (emit_number(e, i) != 0)
			syscall(SYS_exit, 3);
	(void)!write(fd, "x", 1);
	syscall(SYS_exit, 0);
}

struct sealed {
	struct rt_emitter *e;
	int fd;
};

static void *
run_sealed(void *arg)
{
	struct sealed *s = arg;

	emit_sealed(s->e, s->fd);
	return NULL;
}

/* With nobody there no call has anybody to wake. */
static void
emits_without_a_system_call(void **state)
{
	unsigned spooled;

	(void)state;
	if (IS_SANITIZED)
		skip();
	for (spooled = 0; spooled < 2; spooled++) {
		int pipes[2];
		struct pollfd ready = {.events = POLLIN};
		char c = 0;
		pid_t pid;

		assert_int_equal(pipe(pipes), 0);
		pid = fork();
		if (pid == 0) {
			struct sealed s = {
			    spooled ? open_spooled(0) : open_emitter(0, 1),
			    pipes[1]};
			pthread_t thread;

			die_if(!s.e ||
			    pthread_create(&thread, NULL, run_sealed, &s) != 0);
			ready.fd = pipes[0];
			die_if(poll(&ready, 1, DEADLINE_MS) != 1);
			die_if(read(pipes[0], &c, 1) != 1);
			die_if(stats_of(s.e).offered != 5000);
			_exit(0);
		}
		expect_exit(pid, 0);
		close(pipes[0]);
		close(pipes[1]);
	}
}

int
main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, hub_open, hub_close)
	const struct CMUnitTest tests[] = {
	    TEST(delivers_every_record_once_and_in_order),
	    TEST(drops_and_counts_when_full_without_waiting),
	    TEST(sends_again_when_answers_were_withheld),
	    TEST(survives_a_collector_that_comes_and_goes),
	    TEST(starts_where_an_earlier_collector_ended),
	    TEST(greets_again_when_forgotten_without_a_disconnect),
	    TEST(closes_within_its_linger_when_nobody_is_there),
	    TEST(refuses_options_out_of_range),
	    TEST(refuses_what_is_no_record_and_counts_it),
	    TEST(takes_records_of_many_threads),
	    TEST(begins_anew_in_a_child_of_fork),
	    TEST(leaves_the_parent_alone_when_a_child_closes),
	    TEST(emits_without_a_system_call),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
