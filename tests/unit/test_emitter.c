/* SPDX-License-Identifier: MIT */
#include <linux/seccomp.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include <dirent.h>
#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>
#include <zmq.h>

#include "collector/intake.h"
#include "proto/clock.h"
#include "proto/emitter.h"
#include "proto/event.h"
#include "proto/macro.h"

#define DEADLINE_MS 20000
#define RECORDS_MAX 200000u

/* A collector as small as can be: a ROUTER, the intake rules, a ledger by number. */
struct collector {
	void *context, *socket;
	struct rt_intake *intake;
	char endpoint[128], folder[64];
	bool is_mute; /* takes in, but withholds its answers */
	unsigned seen[RECORDS_MAX];
	uint64_t records, other;
	struct rt_wire_header last;
};

static struct collector hub;

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define IS_SANITIZED true
#else
#define IS_SANITIZED false
#endif

/* That sanitizer ends a child of a threaded process that starts a thread. */
#if defined(__SANITIZE_THREAD__)
#define NEEDS_THREADS_IN_A_CHILD() skip()
#else
#define NEEDS_THREADS_IN_A_CHILD() (void)0
#endif

static void
hub_bind(void)
{
	int zero = 0;

	hub.socket = zmq_socket(hub.context, ZMQ_ROUTER);
	assert_non_null(hub.socket);
	zmq_setsockopt(hub.socket, ZMQ_LINGER, &zero, sizeof(zero));
	assert_int_equal(zmq_bind(hub.socket, hub.endpoint), 0);
}

static int
hub_open(void **state)
{
	(void)state;
	memset(&hub, 0, sizeof(hub));
	snprintf(hub.folder, sizeof(hub.folder), "/tmp/retrytop-test-XXXXXX");
	assert_non_null(mkdtemp(hub.folder));
	snprintf(hub.endpoint, sizeof(hub.endpoint), "ipc://%s/s", hub.folder);
	hub.context = zmq_ctx_new();
	/* Room for every emitter of a test: one that is forgotten counts anew. */
	hub.intake = rt_intake_new(64);
	return 0;
}

/* How many files are in the spool; `out`: the path of one. */
static unsigned
count_spool(char out[512])
{
	char spool[128];
	struct dirent *entry;
	unsigned count = 0;
	DIR *d;

	snprintf(spool, sizeof(spool), "%s/spool", hub.folder);
	d = opendir(spool);
	while (d && (entry = readdir(d)) != NULL) {
		if (strcmp(entry->d_name, ".") == 0 ||
		    strcmp(entry->d_name, "..") == 0)
			continue;
		snprintf(out, 512, "%s/%s", spool, entry->d_name);
		count++;
	}
	if (d)
		closedir(d);
	return count;
}

static void
empty_spool(void)
{
	char path[512];

	while (count_spool(path) > 0)
		assert_int_equal(unlink(path), 0);
	snprintf(path, sizeof(path), "%s/spool", hub.folder);
	rmdir(path);
}

static int
hub_close(void **state)
{
	(void)state;
	if (hub.socket)
		zmq_close(hub.socket);
	zmq_ctx_term(hub.context);
	rt_intake_free(hub.intake);
	unlink(hub.endpoint + strlen("ipc://"));
	empty_spool();
	rmdir(hub.folder);
	return 0;
}

/* {"n":7,... : the number; others are counted as such. */
static void
ledger(struct rt_str records)
{
	while (records.len > 0) {
		const char *newline = memchr(records.p, '\n', records.len);
		size_t len =
		    newline ? (size_t)(newline - records.p) : records.len;
		unsigned n = RECORDS_MAX;

		if (len < 64 && sscanf(records.p, "{\"n\":%u", &n) == 1 &&
		    n < RECORDS_MAX)
			hub.seen[n]++;
		else
			hub.other++;
		hub.records++;
		if (!newline)
			break;
		records.p += len + 1;
		records.len -= len + 1;
	}
}

static void
hub_take(zmq_msg_t frames[3])
{
	struct rt_str batch = {
	    zmq_msg_data(&frames[2]), zmq_msg_size(&frames[2])};
	struct rt_intake_verdict v;
	struct rt_wire_header h;
	struct rt_str fresh;
	char text[RT_WIRE_HEADER_MAX];
	size_t len;

	assert_int_equal(rt_wire_header_decode(zmq_msg_data(&frames[1]),
			     zmq_msg_size(&frames[1]), &h),
	    RT_OK);
	assert_int_equal(rt_intake_records(batch, h.count, 0, &fresh), RT_OK);
	rt_intake_take(hub.intake, &h, rt_clock_mono(), &v);
	hub.last = h;
	if (v.action == RT_INTAKE_TAKE) {
		assert_int_equal(
		    rt_intake_records(batch, h.count, v.skip, &fresh), RT_OK);
		ledger(fresh);
	}
	if (hub.is_mute)
		return;
	len = rt_wire_answer_encode(text, sizeof(text), &v.answer);
	zmq_msg_send(&frames[0], hub.socket, ZMQ_SNDMORE);
	zmq_send(hub.socket, text, len, 0);
}

/* Serve what there is, waiting at most wait_ms for the first. */
static bool
hub_serve(int wait_ms)
{
	zmq_pollitem_t item = {.socket = hub.socket, .events = ZMQ_POLLIN};
	zmq_msg_t frames[3];
	unsigned i;

	if (zmq_poll(&item, 1, wait_ms) <= 0)
		return false;
	for (i = 0; i < 3; i++) {
		zmq_msg_init(&frames[i]);
		assert_true(
		    zmq_msg_recv(&frames[i], hub.socket, ZMQ_DONTWAIT) >= 0);
		assert_int_equal(zmq_msg_more(&frames[i]), i < 2);
	}
	hub_take(frames);
	for (i = 0; i < 3; i++)
		zmq_msg_close(&frames[i]);
	return true;
}

static struct rt_emitter_stats
stats_of(const struct rt_emitter *e)
{
	struct rt_emitter_stats s;

	rt_emitter_stats(e, &s);
	return s;
}

/* Serve until `acknowledged` is reached. */
static void
serve_until(struct rt_emitter *e, uint64_t acknowledged)
{
	rt_mono_t end = rt_mono_add_ms(rt_clock_mono(), DEADLINE_MS);

	while (stats_of(e).acknowledged < acknowledged) {
		hub_serve(5);
		if (rt_clock_mono().us > end.us)
			fail_msg("only %llu acknowledged",
			    (unsigned long long)stats_of(e).acknowledged);
	}
}

static struct rt_emitter *
open_emitter(size_t ring_bytes, int linger_ms)
{
	struct rt_emitter_opts o = {.endpoint = hub.endpoint,
	    .ring_bytes = ring_bytes,
	    .linger_ms = linger_ms};
	struct rt_emitter *e = rt_emitter_open(&o);

	assert_non_null(e);
	return e;
}

static int
emit_number(struct rt_emitter *e, unsigned n)
{
	char text[64];
	int len = snprintf(text, sizeof(text), "{\"n\":%u,\"x\":\"y\"}", n);

	return rt_emitter_emit_json(e, text, (size_t)len);
}

static void
assert_each_once(unsigned count)
{
	struct rt_intake_stats s;
	unsigned i;

	for (i = 0; i < count; i++)
		if (hub.seen[i] != 1)
			fail_msg("record %u taken %u times", i, hub.seen[i]);
	assert_int_equal(hub.other, 0);
	rt_intake_stats(hub.intake, &s);
	assert_int_equal(s.unexplained, 0);
}

static void
delivers_every_record_once_and_in_order(void **state)
{
	struct rt_emitter *e = open_emitter(0, 0);
	unsigned i;

	(void)state;
	hub_bind();
	for (i = 0; i < 20000; i++)
		assert_int_equal(emit_number(e, i), 0);
	serve_until(e, 20000);
	assert_each_once(20000);
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
	serve_until(e, kept);
	assert_each_once(kept);
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
	serve_until(e, 100);
	hub.is_mute = true;
	for (; i < 200; i++)
		assert_int_equal(emit_number(e, i), 0);
	while (hub.records < 200 && rt_clock_mono().us < end.us)
		hub_serve(5);
	assert_int_equal(stats_of(e).acknowledged, 100);
	hub.is_mute = false;
	serve_until(e, 200);
	assert_each_once(200);
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
	serve_until(e, count);
	assert_each_once(count);
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
	serve_until(e, 50);
	zmq_close(hub.socket);
	rt_intake_free(hub.intake);
	/* Room for every emitter of a test: one that is forgotten counts anew. */
	hub.intake = rt_intake_new(64);
	for (; i < 80; i++)
		assert_int_equal(emit_number(e, i), 0);
	hub_bind();
	serve_until(e, 80);
	assert_each_once(80);
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
	serve_until(e, 50);
	rt_intake_free(hub.intake);
	/* Room for every emitter of a test: one that is forgotten counts anew. */
	hub.intake = rt_intake_new(64);
	for (; i < 80; i++)
		assert_int_equal(emit_number(e, i), 0);
	serve_until(e, 80);
	assert_each_once(80);
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
	serve_until(e, 40000);
	for (i = 0; i < 4; i++) {
		pthread_join(threads[i], &failed);
		assert_null(failed);
	}
	assert_each_once(40000);
	rt_emitter_close(e);
}

static void
expect_exit(pid_t pid, int want)
{
	int status;

	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, want);
}

/* In a child: never back into the test's own ending. */
static void
die_if(bool is_wrong)
{
	if (is_wrong)
		_exit(3);
}

static void
expect_a_beginning_in_a_child(struct rt_emitter *e)
{
	struct rt_intake_stats s;
	pid_t pid;

	assert_int_equal(emit_number(e, 0), 0);
	pid = fork();
	if (pid == 0) {
		die_if(stats_of(e).offered != 0 || rt_emitter_flush(e, 0) != 0);
		die_if(emit_number(e, 1) != 0 || emit_number(e, 2) != 0);
		die_if(stats_of(e).offered != 2);
		die_if(rt_emitter_flush(e, DEADLINE_MS) != 0);
		rt_emitter_close(e);
		_exit(0);
	}
	hub_bind();
	serve_until(e, 1);
	while (hub.records < 3)
		hub_serve(DEADLINE_MS);
	while (waitpid(pid, NULL, WNOHANG) == 0)
		hub_serve(5);
	assert_each_once(3);
	rt_intake_stats(hub.intake, &s);
	assert_int_equal(s.taken, 3);
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
	serve_until(e, 1);
	assert_each_once(1);
	rt_emitter_close(e);
}

/* ---- rings that are files ----------------------------------------------------- */

static struct rt_emitter *
open_spooled(size_t ring_bytes)
{
	static char spool[128];
	struct rt_emitter_opts o = {.endpoint = hub.endpoint,
	    .ring_bytes = ring_bytes,
	    .linger_ms = 1,
	    .spool = spool};

	snprintf(spool, sizeof(spool), "%s/spool", hub.folder);
	return rt_emitter_open(&o);
}

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
	assert_int_equal(count_spool(path), 2);
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0600);
	e = open_spooled(0);
	assert_non_null(e);
	for (i = 1010; i < 1500; i++)
		assert_int_equal(emit_number(e, i), 0);
	hub_bind();
	serve_until(e, 490);
	serve_inheritance(e, 1010);
	assert_each_once(1500);
	assert_int_equal(stats_of(e).inherited, 1010);
	assert_int_equal(stats_of(e).inherited_lost, 0);
	assert_int_equal(stats_of(e).offered, 490);
	assert_int_equal(count_spool(path), 1);
	rt_emitter_close(e);
	assert_int_equal(count_spool(path), 0);
}

static void
begins_anew_in_a_child_with_a_file_of_its_own(void **state)
{
	char path[512];

	(void)state;
	NEEDS_THREADS_IN_A_CHILD();
	expect_a_beginning_in_a_child(open_spooled(0));
	assert_int_equal(count_spool(path), 0);
}

static void
leaves_what_close_could_not_deliver_to_the_next(void **state)
{
	struct rt_emitter *e = open_spooled(0);
	char path[512];

	(void)state;
	assert_int_equal(emit_number(e, 0), 0);
	rt_emitter_close(e);
	assert_int_equal(count_spool(path), 1);
	e = open_spooled(0);
	hub_bind();
	serve_inheritance(e, 1);
	assert_each_once(1);
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
	assert_int_equal(count_spool(path), 1);
	hub_bind();
	serve_until(e, 1);
	assert_each_once(1);
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
	assert_each_once(1);
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
	count_spool(target);
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
	assert_each_once(5);
	rt_emitter_close(e);
	assert_int_equal(count_spool(path), 3);
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
	assert_int_equal(count_spool(path), RT_SPOOL_FILES_MAX);
	e = open_spooled(65536);
	assert_int_equal(count_spool(path), RT_SPOOL_FILES_MAX);
	assert_int_equal(stats_of(e).offered, 2);
	assert_int_equal(stats_of(e).dropped_full, 2);
	rt_emitter_close(e);
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
	    TEST(delivers_what_a_killed_process_left),
	    TEST(begins_anew_in_a_child_with_a_file_of_its_own),
	    TEST(leaves_what_close_could_not_deliver_to_the_next),
	    TEST(counts_each_once_over_many_kills),
	    TEST(does_not_touch_the_file_of_who_lives),
	    TEST(emits_without_a_system_call),
	    TEST(inherits_while_a_child_of_the_dead_lives),
	    TEST(passes_over_files_that_are_not_fit),
	    TEST(gives_up_the_oldest_of_too_many_files_and_counts_it),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
