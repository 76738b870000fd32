/* SPDX-License-Identifier: MIT */
/*
 * What a full answer of 4096 series, five minutes of each, costs those who publish: the
 * longest time that the collector's loop is away from its sockets, and the time from an
 * event's publication to the answer that shows it, while 50 000 events a second come in.
 * Tries with a full question each second alternate with tries without: what neighbours and
 * the scheduler of this machine do is in both.
 *
 * The collector is the real one in a process of its own.  Its two calls that look at sockets
 * are taken here, so each stay away is timed, by the clock and in its processor time, which
 * a neighbour does not lengthen; stays to take in one message stand apart.  Its clock runs
 * fast while the five minutes are filled.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>
#include <zmq.h>

#include "collector/command.h"
#include "proto/ask.h"
#include "proto/query.h"
#include "proto/report.h"
#include "tests/bench/bench.h"

#define SERIES 4096u
#define FILL 600000u /* records, 2000 a second of the collector's clock */
#define A_SECOND 2000u
#define RATE 50000u
#define TRIES 7u
#define TRY_US INT64_C(3000000)
#define WAIT_MS 60000
#define MARKS_MAX 4096u
#define MARK_STATUS 299u

/* What the two processes share. */
static struct shared {
	_Atomic int64_t ahead_us; /* of the collector's clock */
	/* The longest; taking: to take in one message, away: for anything else. */
	_Atomic int64_t away_ns, away_cpu_ns, taking_cpu_ns;
} * shared;

static char folder[] = "/tmp/rt_bench_XXXXXX";
static char events[64], query[64];

static void
check(bool is_fine, const char *what)
{
	if (is_fine)
		return;
	fprintf(stderr, "bench_answers: %s: %s\n", what, strerror(errno));
	exit(1);
}

/* ---- the collector's process --------------------------------------------------- */

static _Thread_local bool is_loop;

static int64_t
read_ns(clockid_t id)
{
	struct timespec t;

	clock_gettime(id, &t);
	return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

rt_mono_t
rt_clock_mono(void)
{
	return (rt_mono_t){read_ns(CLOCK_MONOTONIC) / 1000 +
	    (shared ? atomic_load(&shared->ahead_us) : 0)};
}

rt_wall_t
rt_clock_wall(void)
{
	return (rt_wall_t){read_ns(CLOCK_REALTIME) / 1000 +
	    (shared ? atomic_load(&shared->ahead_us) : 0)};
}

static int64_t left_ns, left_cpu_ns; /* when the loop left its sockets */
static bool is_taking;               /* with a message */

static void
keep_longest(_Atomic int64_t *longest, int64_t ns)
{
	if (ns > atomic_load(longest))
		atomic_store(longest, ns);
}

static void
come_back(void)
{
	int64_t cpu_ns;

	if (!is_loop || left_ns == 0)
		return;
	cpu_ns = read_ns(CLOCK_THREAD_CPUTIME_ID) - left_cpu_ns;
	if (is_taking) {
		keep_longest(&shared->taking_cpu_ns, cpu_ns);
	} else {
		keep_longest(&shared->away_cpu_ns, cpu_ns);
		keep_longest(
		    &shared->away_ns, read_ns(CLOCK_MONOTONIC) - left_ns);
	}
}

static void
leave(bool with_message)
{
	if (!is_loop)
		return;
	is_taking = with_message;
	left_ns = read_ns(CLOCK_MONOTONIC);
	left_cpu_ns = read_ns(CLOCK_THREAD_CPUTIME_ID);
}

/* The library's own, found in main. */
static int (*real_poll)(zmq_pollitem_t *, int, long);
static int (*real_recv)(zmq_msg_t *, void *, int);

static void
find_real(const char *name, void *function, size_t size)
{
	void *found = dlsym(RTLD_NEXT, name);

	check(found != NULL, name);
	memcpy(function, &found, size);
}

int
zmq_poll(zmq_pollitem_t *items, int count, long timeout_ms)
{
	int n;

	come_back();
	n = real_poll(items, count, timeout_ms);
	leave(false);
	return n;
}

int
zmq_msg_recv(zmq_msg_t *m, void *socket, int flags)
{
	int n;

	come_back();
	n = real_recv(m, socket, flags);
	leave(n >= 0);
	return n;
}

static void
collect(int ready_fd)
{
	const char *const words[] = {"collect", "--events", events, "--intake",
	    "off", "--query", query, "--http", "off", "--emitter-rate", "0",
	    "--ready-fd"};
	char number[16], log[80], *argv[RT_COUNT_OF(words) + 2] = {NULL};

	for (size_t i = 0; i < RT_COUNT_OF(words); i++)
		argv[i] = strdup(words[i]);
	argv[RT_COUNT_OF(words)] = number;
	snprintf(number, sizeof(number), "%d", ready_fd);
	snprintf(log, sizeof(log), "%s/log", folder);
	check(freopen(log, "a", stderr) != NULL, log);
	is_loop = true;
	_exit(rt_cmd_collect((int)RT_COUNT_OF(words) + 1, argv));
}

static pid_t
start(void)
{
	struct pollfd p;
	int fds[2];
	pid_t pid;
	char c;

	check(pipe(fds) == 0, "pipe");
	pid = fork();
	check(pid >= 0, "fork");
	if (pid == 0)
		collect(fds[1]);
	close(fds[1]);
	p = (struct pollfd){.fd = fds[0], .events = POLLIN};
	check(poll(&p, 1, WAIT_MS) == 1 && read(fds[0], &c, 1) == 1,
	    "the collector did not start");
	close(fds[0]);
	return pid;
}

/* ---- publishing ---------------------------------------------------------------- */

static struct {
	void *socket;
	pthread_t thread;
	atomic_bool is_over;
	/* Marks: records with a status of their own, counted by it. */
	_Atomic uint32_t wanted, published;
	_Atomic int64_t published_us;
	_Atomic uint64_t sent;
} publisher;

static void
publish(uint32_t n, unsigned status)
{
	char text[512];
	int len = snprintf(text, sizeof(text),
	    "{\"schema\":\"llm-attempt/v1\",\"operation_id\":\"%08x-%u\","
	    "\"attempt\":1,\"service\":\"service-%u\",\"provider\":\"gateway\","
	    "\"http_request_method\":\"POST\",\"http_route\":"
	    "\"/v1/chat/completions\",\"http_response_status_code\":%u,"
	    "\"elapsed_ms\":%u.5,\"ttft_ms\":%u.25,\"decision\":\"%s\","
	    "\"model_requested\":\"m-large\"}",
	    n, status, n * 2654435761u % SERIES, status, 100 + n * 7919u % 900,
	    20 + n * 104729u % 80, status < 300 ? "none" : "abort_error");

	check(zmq_send(publisher.socket, text, (size_t)len, 0) >= 0, "send");
}

static unsigned
status_of(uint32_t n)
{
	return n % 9 ? 200 : 503;
}

static void *
publish_on(void *arg)
{
	int64_t begun_us = bench_now_us();
	uint32_t n = FILL, mark;
	uint64_t due;

	(void)arg;
	while (!atomic_load(&publisher.is_over)) {
		due = (uint64_t)(bench_now_us() - begun_us) * RATE / 1000000;
		for (; n - FILL < due; n++)
			publish(n, status_of(n));
		mark = atomic_load(&publisher.wanted);
		if (mark != atomic_load(&publisher.published)) {
			atomic_store(&publisher.published_us, bench_now_us());
			publish(mark, MARK_STATUS);
			atomic_store(&publisher.published, mark);
		}
		atomic_store(&publisher.sent, n - FILL);
		poll(NULL, 0, 1);
	}
	return NULL;
}

static void
open_publisher(void)
{
	int high = 4000, on = 1;

	publisher.socket = zmq_socket(zmq_ctx_new(), ZMQ_XPUB);
	zmq_setsockopt(publisher.socket, ZMQ_SNDHWM, &high, sizeof(high));
	zmq_setsockopt(publisher.socket, ZMQ_XPUB_NODROP, &on, sizeof(on));
	check(zmq_connect(publisher.socket, events) == 0, events);
	{
		char subscription[8];

		check(zmq_recv(publisher.socket, subscription,
			  sizeof(subscription), 0) > 0,
		    "a subscription");
	}
}

/* ---- asking -------------------------------------------------------------------- */

struct asker {
	struct rt_ask *ask;
	struct rt_buf text;
};

static void
open_asker(struct asker *a)
{
	rt_buf_init(&a->text, RT_QUERY_MAX);
	check(rt_ask_open(query, &a->ask, NULL) == RT_OK, query);
}

static void
close_asker(struct asker *a)
{
	rt_ask_close(a->ask);
	rt_buf_fini(&a->text);
}

static struct rt_str
ask(struct asker *a, const struct rt_query *q)
{
	struct rt_str answer;

	rt_buf_reset(&a->text);
	rt_query_encode(&a->text, q);
	check(rt_ask_wait(a->ask, (struct rt_str){a->text.p, a->text.len},
		  WAIT_MS, &answer) == RT_OK,
	    "ask the collector");
	return answer;
}

static uint64_t
accepted(struct asker *a)
{
	const struct rt_query q = {.no_series = true};
	struct rt_report r;
	uint64_t n;

	rt_report_init(&r);
	check(rt_report_decode(&r, ask(a, &q), NULL) == RT_OK, "an answer");
	n = r.counts.n[RT_C_ACCEPTED];
	rt_report_fini(&r);
	return n;
}

static void
fill(struct asker *a)
{
	uint32_t n;

	for (n = 0; n < FILL; n++) {
		publish(n, status_of(n));
		if (n % A_SECOND == A_SECOND - 1)
			atomic_fetch_add(&shared->ahead_us, 1000000);
	}
	while (accepted(a) < FILL)
		poll(NULL, 0, 10);
}

/* From the publication of an event to the answer that shows it. */
static double
time_mark(struct asker *a, uint32_t mark)
{
	const struct rt_query q = {.no_series = true};
	struct rt_report r;
	int64_t seen_us;

	rt_report_init(&r);
	atomic_store(&publisher.wanted, mark);
	while (atomic_load(&publisher.published) != mark)
		poll(NULL, 0, 1);
	do {
		struct rt_str answer = ask(a, &q);

		seen_us = bench_now_us();
		check(rt_report_decode(&r, answer, NULL) == RT_OK, "an answer");
	} while (r.status[MARK_STATUS - RT_STATUS_MIN] < mark);
	rt_report_fini(&r);
	return (double)(seen_us - atomic_load(&publisher.published_us)) / 1000;
}

/* The viewer of everything. */
static struct {
	pthread_t thread;
	atomic_bool is_over;
	double ms[64];
	size_t count;
} full;

static void *
ask_for_all(void *arg)
{
	const struct rt_query q = {.window_s = 300};
	int64_t begun_us;
	struct asker a;

	(void)arg;
	open_asker(&a);
	while (!atomic_load(&full.is_over)) {
		begun_us = bench_now_us();
		check(ask(&a, &q).len > 1000 * SERIES, "a full answer");
		if (full.count < RT_COUNT_OF(full.ms))
			full.ms[full.count++] =
			    (double)(bench_now_us() - begun_us) / 1000;
		while (!atomic_load(&full.is_over) &&
		    bench_now_us() < begun_us + 1000000)
			poll(NULL, 0, 10);
	}
	close_asker(&a);
	return NULL;
}

/* ---- tries --------------------------------------------------------------------- */

static struct figures {
	const char *name;
	double away[TRIES], away_cpu[TRIES], taking_cpu[TRIES], p99[TRIES];
} kinds[] = {{.name = "without"}, {.name = "with"}};

static void
try(struct asker *a, struct figures *f, size_t number, bool with_full)
{
	static double marks[MARKS_MAX];
	static uint32_t mark;
	int64_t until_us = bench_now_us() + TRY_US;
	size_t count = 0;

	atomic_store(&shared->away_ns, 0);
	atomic_store(&shared->away_cpu_ns, 0);
	atomic_store(&shared->taking_cpu_ns, 0);
	atomic_store(&full.is_over, false);
	if (with_full)
		pthread_create(&full.thread, NULL, ask_for_all, NULL);
	while (bench_now_us() < until_us && count < MARKS_MAX) {
		marks[count++] = time_mark(a, ++mark);
		poll(NULL, 0, 3);
	}
	atomic_store(&full.is_over, true);
	if (with_full)
		pthread_join(full.thread, NULL);
	f->away[number] = (double)atomic_load(&shared->away_ns) / 1e6;
	f->away_cpu[number] = (double)atomic_load(&shared->away_cpu_ns) / 1e6;
	f->taking_cpu[number] =
	    (double)atomic_load(&shared->taking_cpu_ns) / 1e6;
	(void)bench_median(marks, count);
	f->p99[number] = marks[count * 99 / 100];
}

static void
print(const char *kind, const char *what, double v[TRIES])
{
	double median = bench_median(v, TRIES);

	printf("answers_%s_%s\t%.2f\tms\n", kind, what, median);
	printf("answers_%s_%s_max\t%.2f\tms\n", kind, what, v[TRIES - 1]);
}

int
main(void)
{
	struct asker a;
	int64_t begun_us;
	uint64_t sent;
	pid_t pid;
	size_t i, k;

	find_real("zmq_poll", &real_poll, sizeof(real_poll));
	find_real("zmq_msg_recv", &real_recv, sizeof(real_recv));
	shared = mmap(NULL, sizeof(*shared), PROT_READ | PROT_WRITE,
	    MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	check(shared != MAP_FAILED, "mmap");
	check(mkdtemp(folder) != NULL, folder);
	snprintf(events, sizeof(events), "ipc://%s/events", folder);
	snprintf(query, sizeof(query), "ipc://%s/query", folder);
	pid = start();
	open_publisher();
	open_asker(&a);
	fill(&a);
	begun_us = bench_now_us();
	sent = accepted(&a);
	pthread_create(&publisher.thread, NULL, publish_on, NULL);
	for (i = 0; i < TRIES; i++)
		for (k = 0; k < RT_COUNT_OF(kinds); k++)
			try(&a, &kinds[k], i, k == 1);
	sent = accepted(&a) - sent;
	printf("answers_events\t%.0f\trecords/s\n",
	    (double)sent * 1e6 / (double)(bench_now_us() - begun_us));
	atomic_store(&publisher.is_over, true);
	pthread_join(publisher.thread, NULL);
	for (k = 0; k < RT_COUNT_OF(kinds); k++) {
		print(kinds[k].name, "full_away", kinds[k].away);
		print(kinds[k].name, "full_away_cpu", kinds[k].away_cpu);
		print(
		    kinds[k].name, "full_taking_one_cpu", kinds[k].taking_cpu);
		print(
		    kinds[k].name, "full_publish_to_answer_p99", kinds[k].p99);
	}
	printf("answers_full\t%.2f\tms\n", bench_median(full.ms, full.count));
	printf("answers_full_max\t%.2f\tms\n", full.ms[full.count - 1]);
	close_asker(&a);
	kill(pid, SIGTERM);
	waitpid(pid, NULL, 0);
	fflush(stdout);
	execlp("rm", "rm", "-rf", folder, (char *)NULL);
	return 1;
}
