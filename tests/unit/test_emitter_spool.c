/* SPDX-License-Identifier: MIT */
/* Emitters whose rings are files: what the dead left, and who delivers it. */
#include <sys/stat.h>

#include <signal.h>
#include <stdio.h>
#include <unistd.h>

#include "proto/clock.h"
#include "proto/spool.h"
#include "tests/unit/hub.h"

/* A process that hands over `count` records from `first` on, and is killed. */
static void
be_killed(unsigned first, unsigned count)
{
	pid_t pid = fork();
	unsigned i;

	if (pid == 0) {
		struct rt_emitter *e = open_spooled(0);

		die_if(!e);
		for (i = first; i < first + count; i++)
			die_if(emit_number(e, i) != 0);
		kill(getpid(), SIGKILL);
	}
	expect_exit(pid, SIGKILL);
}

static void
serve_inheritance(struct rt_emitter *e, uint64_t records)
{
	rt_mono_t end = rt_mono_add_ms(rt_clock_mono(), DEADLINE_MS);

	while (stats_of(e).inherited_acknowledged < records ||
	    rt_emitter_wait_drained(e, 0) != 0) {
		hub_serve(5);
		if (rt_clock_mono().us > end.us)
			fail_msg("only %llu of the dead acknowledged",
			    (unsigned long long)stats_of(e)
				.inherited_acknowledged);
	}
}

static void
delivers_what_a_killed_process_left(void **state)
{
	struct rt_emitter *e;
	struct stat st;
	char path[512];
	unsigned i;

	(void)state;
	NEEDS_THREADS_IN_A_CHILD();
	be_killed(0, 1000);
	be_killed(1000, 10);
	assert_int_equal(hub_count_spool(path), 2);
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0600);
	e = open_spooled(0);
	assert_non_null(e);
	for (i = 1010; i < 1500; i++)
		assert_int_equal(emit_number(e, i), 0);
	hub_bind();
	hub_serve_until(e, 490);
	serve_inheritance(e, 1010);
	hub_assert_each_once(1500);
	assert_int_equal(stats_of(e).inherited, 1010);
	assert_int_equal(stats_of(e).inherited_lost, 0);
	assert_int_equal(stats_of(e).offered, 490);
	assert_int_equal(hub_count_spool(path), 1);
	rt_emitter_close(e);
	assert_int_equal(hub_count_spool(path), 0);
}

static void
begins_anew_in_a_child_with_a_file_of_its_own(void **state)
{
	char path[512];

	(void)state;
	NEEDS_THREADS_IN_A_CHILD();
	expect_a_beginning_in_a_child(open_spooled(0));
	assert_int_equal(hub_count_spool(path), 0);
}

static void
leaves_what_close_could_not_deliver_to_the_next(void **state)
{
	struct rt_emitter *e = open_spooled(0);
	char path[512];

	(void)state;
	assert_int_equal(emit_number(e, 0), 0);
	rt_emitter_close(e);
	assert_int_equal(hub_count_spool(path), 1);
	e = open_spooled(0);
	hub_bind();
	serve_inheritance(e, 1);
	hub_assert_each_once(1);
	rt_emitter_close(e);
}

/* Tells on `fd` of every record that emit returned from. */
static void
emit_until_killed(int fd, unsigned first)
{
	struct rt_emitter *e = open_spooled(1 << 20);
	unsigned i = first;

	die_if(!e);
	for (;;) {
		if (emit_number(e, i) == 0) {
			die_if(write(fd, "x", 1) != 1);
			i++;
		}
	}
}

/* Killed while it emits, sends, and empties what the one before it left. */
static void
counts_each_once_over_many_kills(void **state)
{
	struct rt_emitter *e;
	unsigned round, first = 0, returned = 0;

	(void)state;
	NEEDS_THREADS_IN_A_CHILD();
	hub_bind();
	for (round = 0; round < 10; round++) {
		unsigned want = 200 + 137 * round, got = 0;
		int pipes[2];
		ssize_t n;
		char some[512];
		pid_t pid;

		assert_int_equal(pipe(pipes), 0);
		pid = fork();
		if (pid == 0) {
			close(pipes[0]);
			emit_until_killed(pipes[1], first);
		}
		close(pipes[1]);
		while (got < want &&
		    (n = read(pipes[0], some, sizeof(some))) > 0) {
			got += (unsigned)n;
			hub_serve(0);
		}
		kill(pid, SIGKILL);
		expect_exit(pid, SIGKILL);
		while ((n = read(pipes[0], some, sizeof(some))) > 0)
			got += (unsigned)n;
		close(pipes[0]);
		/* One more may be there whose emit had not told yet. */
		first += got + 1;
		returned += got;
	}
	e = open_spooled(0);
	serve_inheritance(e, 0);
	assert_true(hub.records >= returned && hub.records <= returned + 10);
	for (first = 0; first < RECORDS_MAX; first++)
		assert_true(hub.seen[first] <= 1);
	assert_int_equal(hub.other, 0);
	rt_emitter_close(e);
}

static void
does_not_touch_the_file_of_who_lives(void **state)
{
	struct rt_emitter *e = open_spooled(0), *heir;
	struct rt_emitter_opts o = {.endpoint = hub.endpoint, .linger_ms = 1};
	struct rt_emitter_inheritance got;
	struct rt_spool_scan scan;
	char path[512], spool[128];

	(void)state;
	assert_int_equal(emit_number(e, 0), 0);
	snprintf(spool, sizeof(spool), "%s/spool", hub.folder);
	assert_int_equal(rt_spool_scan(&scan, spool), RT_OK);
	heir = rt_emitter_open_heir(&o, &scan);
	assert_non_null(heir);
	assert_int_equal(rt_emitter_wait_drained(heir, DEADLINE_MS), 0);
	rt_emitter_inheritance(heir, &got);
	assert_int_equal(got.held, 1);
	assert_int_equal(got.files + got.refused, 0);
	rt_emitter_close(heir);
	assert_int_equal(hub_count_spool(path), 1);
	hub_bind();
	hub_serve_until(e, 1);
	hub_assert_each_once(1);
	rt_emitter_close(e);
}

/* The lock is of the open file, which a child has too: it lets go of it. */
static void
inherits_while_a_child_of_the_dead_lives(void **state)
{
	struct rt_emitter *e;
	int pipes[2];
	char c;
	pid_t pid;

	(void)state;
	NEEDS_THREADS_IN_A_CHILD();
	assert_int_equal(pipe(pipes), 0);
	pid = fork();
	if (pid == 0) {
		e = open_spooled(0);
		die_if(!e || emit_number(e, 0) != 0);
		if (fork() == 0) {
			close(pipes[1]);
			_exit(read(pipes[0], &c, 1) == 0 ? 0 : 3);
		}
		kill(getpid(), SIGKILL);
	}
	expect_exit(pid, SIGKILL);
	e = open_spooled(0);
	hub_bind();
	serve_inheritance(e, 1);
	hub_assert_each_once(1);
	rt_emitter_close(e);
	close(pipes[0]);
	close(pipes[1]);
}

static void
passes_over_files_that_are_not_fit(void **state)
{
	struct rt_emitter *e;
	struct rt_emitter_inheritance got;
	char path[512], target[512];
	FILE *f;

	(void)state;
	NEEDS_THREADS_IN_A_CHILD();
	be_killed(0, 5);
	hub_count_spool(target);
	snprintf(path, sizeof(path), "%s/spool/1.ring", hub.folder);
	assert_int_equal(symlink(target, path), 0);
	snprintf(path, sizeof(path), "%s/spool/2.ring", hub.folder);
	assert_int_equal(mkfifo(path, 0600), 0);
	snprintf(path, sizeof(path), "%s/spool/3.ring", hub.folder);
	f = fopen(path, "w");
	assert_non_null(f);
	fputs("not a ring", f);
	fclose(f);
	e = open_spooled(0);
	hub_bind();
	serve_inheritance(e, 5);
	rt_emitter_inheritance(e, &got);
	assert_int_equal(got.files, 1);
	assert_int_equal(got.refused, 3);
	hub_assert_each_once(5);
	rt_emitter_close(e);
	assert_int_equal(hub_count_spool(path), 3);
}

static void
gives_up_the_oldest_of_too_many_files_and_counts_it(void **state)
{
	char path[512];
	unsigned i;
	struct rt_emitter *e;

	(void)state;
	for (i = 0; i < RT_SPOOL_FILES_MAX; i++) {
		e = open_spooled(65536);
		assert_non_null(e);
		assert_int_equal(emit_number(e, i), 0);
		assert_int_equal(emit_number(e, i), 0);
		rt_emitter_close(e);
	}
	assert_int_equal(hub_count_spool(path), RT_SPOOL_FILES_MAX);
	e = open_spooled(65536);
	assert_int_equal(hub_count_spool(path), RT_SPOOL_FILES_MAX);
	assert_int_equal(stats_of(e).offered, 2);
	assert_int_equal(stats_of(e).dropped_full, 2);
	rt_emitter_close(e);
}

int
main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, hub_open, hub_close)
	const struct CMUnitTest tests[] = {
	    TEST(delivers_what_a_killed_process_left),
	    TEST(begins_anew_in_a_child_with_a_file_of_its_own),
	    TEST(leaves_what_close_could_not_deliver_to_the_next),
	    TEST(counts_each_once_over_many_kills),
	    TEST(does_not_touch_the_file_of_who_lives),
	    TEST(inherits_while_a_child_of_the_dead_lives),
	    TEST(passes_over_files_that_are_not_fit),
	    TEST(gives_up_the_oldest_of_too_many_files_and_counts_it),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
