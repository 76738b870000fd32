/* SPDX-License-Identifier: MIT */
/*
 * Records a second that `retrytop collect` takes in, beside a bare ZeroMQ sink that only
 * receives and counts the same messages; both are processes of their own, this one sends.
 *
 * single   a record a message from a PUB socket.  ZMQ_XPUB_NODROP makes its send wait at
 *          the high-water mark instead of dropping, so both get everything (checked).
 * batch    16 KiB a message, acknowledged (proto/wire.h), WINDOW messages not yet answered.
 * emitter  the client library, one call a record; it waits for room where its ring is full.
 *
 * Records are sent in blocks, each of which the receiver has counted before the next one.
 * Blocks of the first WARM_US are not timed: until then the collector's tables grow, in
 * memory that the system has to clear first; it forgets an operation a second after its
 * end, so afterwards they keep their size.  Then one block is.  Runs of the two alternate;
 * the ratio is the median of the pairs' ratios.  All is on one machine: whoever sends has
 * its share of the processors too.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>
#include <zmq.h>

#include "proto/ask.h"
#include "proto/query.h"
#include "proto/report.h"
#include "proto/retrytop.h"
#include "proto/wire.h"
#include "tests/bench/bench.h"

#define PAIRS 5u
#define BATCH_BYTES 16384u
#define WINDOW 16u
#define SEND_HIGH 4000
#define WAIT_MS 60000
#define WARM_US 2500000
#define FORGET_AFTER "1s"

enum way { SINGLE, BATCH, EMITTER, WAYS };

static const struct {
	const char *name;
	uint32_t records; /* a block */
} ways[WAYS] = {{"single", 400000}, {"batch", 400000}, {"emitter", 400000}};

static const char *const transports[] = {"ipc", "tcp"};

static struct bench_records records;
static char folder[] = "/tmp/rt_bench_XXXXXX";

struct receiver {
	pid_t pid;
	int told; /* a byte: ready; from a sink one more for each block */
	char data[64], query[64]; /* endpoints */
};

/* Whoever sends, and how many records it has sent. */
struct sender {
	void *context, *socket;
	struct rt_emitter *emitter;
	struct rt_wire_header header;
	uint32_t sent;
};

static void
check(bool is_fine, const char *what)
{
	if (is_fine)
		return;
	fprintf(stderr, "bench_ingest: %s: %s\n", what, strerror(errno));
	exit(1);
}

/* ---- the bare sink ----------------------------------------------------------- */

static void
sink_records(void *socket, uint32_t expected)
{
	zmq_msg_t m;
	uint32_t n;

	zmq_msg_init(&m);
	for (n = 0; n < expected; n++)
		check(zmq_msg_recv(&m, socket, 0) >= 0, "receive");
	zmq_msg_close(&m);
}

/* Answered as the protocol wants it, or the sender would wait; up to a record's number. */
static void
sink_batches(void *socket, uint64_t last)
{
	struct rt_wire_answer answer = {.version = RT_WIRE_VERSION};
	struct rt_wire_header h;
	char text[RT_WIRE_HEADER_MAX];
	zmq_msg_t m[3];
	int i;

	for (i = 0; i < 3; i++)
		zmq_msg_init(&m[i]);
	while (answer.acked < last) {
		for (i = 0; i < 3; i++)
			check(zmq_msg_recv(&m[i], socket, 0) >= 0, "receive");
		check(rt_wire_header_decode(zmq_msg_data(&m[1]),
			  zmq_msg_size(&m[1]), &h) == RT_OK,
		    "header");
		answer.epoch = h.epoch;
		answer.acked = h.first_seq + h.count - 1;
		zmq_msg_send(&m[0], socket, ZMQ_SNDMORE);
		zmq_send(socket, text,
		    rt_wire_answer_encode(text, sizeof(text), &answer), 0);
	}
	for (i = 0; i < 3; i++)
		zmq_msg_close(&m[i]);
}

/* argv: sink ENDPOINT WAY FD */
static int
sink(char **argv)
{
	enum way way = (enum way)atoi(argv[2]);
	int fd = atoi(argv[3]), high = way == SINGLE ? 20000 : 64;
	void *context = zmq_ctx_new();
	void *socket =
	    zmq_socket(context, way == SINGLE ? ZMQ_SUB : ZMQ_ROUTER);
	uint64_t blocks;

	zmq_setsockopt(socket, ZMQ_RCVHWM, &high, sizeof(high));
	if (way == SINGLE)
		zmq_setsockopt(socket, ZMQ_SUBSCRIBE, "", 0);
	check(zmq_bind(socket, argv[1]) == 0, argv[1]);
	check(write(fd, "r", 1) == 1, "say ready");
	for (blocks = 1;; blocks++) { /* until the sender ends us */
		if (way == SINGLE)
			sink_records(socket, ways[way].records);
		else
			sink_batches(socket, blocks * ways[way].records);
		check(write(fd, "d", 1) == 1, "say done");
	}
	return 0;
}

/* ---- receivers ----------------------------------------------------------------- */

static unsigned
free_port(void)
{
	struct sockaddr_in a = {
	    .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t size = sizeof(a);
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	check(fd >= 0 && bind(fd, (struct sockaddr *)&a, size) == 0 &&
		getsockname(fd, (struct sockaddr *)&a, &size) == 0,
	    "a free port");
	close(fd);
	return ntohs(a.sin_port);
}

static void
wait_for_byte(const struct receiver *r, const char *what)
{
	struct pollfd p = {.fd = r->told, .events = POLLIN};
	char c;

	check(poll(&p, 1, WAIT_MS) == 1 && read(r->told, &c, 1) == 1, what);
}

static void
exec_receiver(const struct receiver *r, bool is_sink, enum way way, int fd)
{
	const char *program = getenv("RT_PROGRAM");
	char number[16], which[16], log[96];

	snprintf(number, sizeof(number), "%d", fd);
	snprintf(which, sizeof(which), "%d", (int)way);
	if (is_sink)
		execl("/proc/self/exe", "bench_ingest", "sink", r->data, which,
		    number, (char *)NULL);
	snprintf(log, sizeof(log), "%s/log", folder);
	check(freopen(log, "a", stderr) != NULL, log);
	execl(program ? program : "build/release/retrytop", "retrytop",
	    "collect", "--events", way == SINGLE ? r->data : "off", "--intake",
	    way == SINGLE ? "off" : r->data, "--query", r->query, "--http",
	    "off", "--emitter-rate", "0", "--operation-timeout", FORGET_AFTER,
	    "--ready-fd", number, (char *)NULL);
	_exit(127);
}

static void
start(struct receiver *r, bool is_sink, enum way way, size_t transport)
{
	int fds[2];

	if (transport == 0)
		snprintf(r->data, sizeof(r->data), "ipc://%s/data", folder);
	else
		snprintf(r->data, sizeof(r->data), "tcp://127.0.0.1:%u",
		    free_port());
	snprintf(r->query, sizeof(r->query), "ipc://%s/query", folder);
	check(pipe(fds) == 0, "pipe");
	r->pid = fork();
	check(r->pid >= 0, "fork");
	if (r->pid == 0) {
		close(fds[0]);
		exec_receiver(r, is_sink, way, fds[1]);
	}
	close(fds[1]);
	r->told = fds[0];
	wait_for_byte(r, "the receiver did not start");
}

static void
stop(struct receiver *r)
{
	kill(r->pid, SIGTERM);
	waitpid(r->pid, NULL, 0);
	close(r->told);
}

static uint64_t
counted(const struct rt_report *r)
{
	uint64_t n = r->counts.n[RT_C_ACCEPTED] + r->counts.n[RT_C_DUPLICATES];
	unsigned i;

	for (i = 0; i < RT_REJECT_COUNT; i++)
		n += r->counts.n[RT_C_REJECT + i];
	return n;
}

/* Ask until the collector has counted all that was sent. */
static void
wait_for_count(const struct receiver *r, uint32_t expected)
{
	const struct rt_query q = {.no_series = true};
	int64_t deadline = bench_now_us() + WAIT_MS * INT64_C(1000);
	struct rt_ask *ask;
	struct rt_report report;
	struct rt_str answer;
	struct rt_buf b;
	bool is_all = false;

	rt_report_init(&report);
	rt_buf_init(&b, RT_QUERY_MAX);
	rt_query_encode(&b, &q);
	check(rt_ask_open(r->query, &ask, NULL) == RT_OK, r->query);
	while (!is_all) {
		check(rt_ask_wait(ask, (struct rt_str){b.p, b.len}, WAIT_MS,
			  &answer) == RT_OK &&
			rt_report_decode(&report, answer, NULL) == RT_OK,
		    "ask the collector");
		is_all = counted(&report) >= expected;
		check(counted(&report) <= expected && bench_now_us() < deadline,
		    "the collector counted something else");
		if (!is_all)
			poll(NULL, 0, 2);
	}
	rt_ask_close(ask);
	rt_buf_fini(&b);
	rt_report_fini(&report);
}

/* ---- sending ------------------------------------------------------------------- */

static size_t
next_record(uint32_t n, char *to)
{
	return bench_copy(
	    &records, n % records.count, n / (uint32_t)records.count, to);
}

static void
send_singles(struct sender *s, uint32_t last)
{
	zmq_msg_t m;

	for (; s->sent < last; s->sent++) {
		zmq_msg_init_size(
		    &m, records.line[s->sent % records.count].len);
		next_record(s->sent, zmq_msg_data(&m));
		check(zmq_msg_send(&m, s->socket, 0) >= 0, "send");
	}
}

static void
send_batch(void *socket, const struct rt_wire_header *h, zmq_msg_t *body)
{
	char text[RT_WIRE_HEADER_MAX];
	size_t len = rt_wire_header_encode(text, sizeof(text), h);

	check(zmq_send(socket, text, len, ZMQ_SNDMORE) >= 0, "send");
	check(zmq_msg_send(body, socket, 0) >= 0, "send");
}

static uint64_t
take_answer(void *socket)
{
	struct rt_wire_answer a = {0};
	char text[RT_WIRE_HEADER_MAX];
	int len = zmq_recv(socket, text, sizeof(text), 0);

	check(len > 0 && rt_wire_answer_decode(text, (size_t)len, &a) == RT_OK,
	    "an answer");
	return a.acked;
}

/* Fill a message up to BATCH_BYTES; how many records. */
static uint32_t
fill_batch(zmq_msg_t *body, uint32_t from, uint32_t last)
{
	char text[BATCH_BYTES];
	size_t len = 0;
	uint32_t n;

	for (n = 0; from + n < last; n++) {
		size_t more = records.line[(from + n) % records.count].len;

		if (len + 1 + more > sizeof(text))
			break;
		if (n > 0)
			text[len++] = '\n';
		len += next_record(from + n, text + len);
	}
	zmq_msg_init_size(body, len);
	memcpy(zmq_msg_data(body), text, len);
	return n;
}

static void
send_batches(struct sender *s, uint32_t last)
{
	struct rt_wire_header *h = &s->header;
	uint32_t answers = 0, batches = 0;
	uint64_t acked = 0;
	zmq_msg_t body;

	while (s->sent < last) {
		h->count = fill_batch(&body, s->sent, last);
		h->first_seq = s->sent + 1;
		s->sent += h->count;
		h->offered = s->sent;
		send_batch(s->socket, h, &body);
		for (batches++; batches - answers > WINDOW; answers++)
			acked = take_answer(s->socket);
	}
	while (acked < last)
		acked = take_answer(s->socket);
}

static void
send_with_library(struct sender *s, uint32_t last)
{
	char text[1024];

	for (; s->sent < last; s->sent++) {
		size_t len = next_record(s->sent, text);

		while (rt_emitter_emit_json(s->emitter, text, len) != 0) {
			check(errno == EAGAIN, "emit");
			poll(NULL, 0, 1);
		}
	}
	check(rt_emitter_flush(s->emitter, WAIT_MS) == 0, "flush");
}

static void
connect_sender(struct sender *s, enum way way, const char *endpoint)
{
	const struct rt_emitter_opts o = {.endpoint = endpoint};
	int high = SEND_HIGH, on = 1, linger = 0;
	char subscription[2];
	zmq_msg_t hello;

	*s = (struct sender){.header = {.version = RT_WIRE_VERSION,
				 .emitter = "bench",
				 .epoch = 1,
				 .first_seq = 1}};
	if (way == EMITTER) {
		s->emitter = rt_emitter_open(&o);
		check(s->emitter != NULL, "rt_emitter_open");
		return;
	}
	s->context = zmq_ctx_new();
	s->socket =
	    zmq_socket(s->context, way == SINGLE ? ZMQ_XPUB : ZMQ_DEALER);
	zmq_setsockopt(s->socket, ZMQ_SNDHWM, &high, sizeof(high));
	zmq_setsockopt(s->socket, ZMQ_LINGER, &linger, sizeof(linger));
	if (way == SINGLE)
		zmq_setsockopt(s->socket, ZMQ_XPUB_NODROP, &on, sizeof(on));
	check(zmq_connect(s->socket, endpoint) == 0, endpoint);
	if (way == SINGLE) {
		check(
		    zmq_recv(s->socket, subscription, 2, 0) == 1, "subscribed");
	} else {
		zmq_msg_init(&hello);
		send_batch(s->socket, &s->header, &hello);
		(void)take_answer(s->socket);
	}
}

static void
disconnect_sender(struct sender *s)
{
	if (s->emitter) {
		rt_emitter_close(s->emitter);
		return;
	}
	zmq_close(s->socket);
	zmq_ctx_term(s->context);
}

/* Microseconds from the first record's sending until all are counted. */
static int64_t
run_block(
    const struct receiver *r, bool is_sink, enum way way, struct sender *s)
{
	static void (*const send[WAYS])(struct sender *, uint32_t) = {
	    send_singles, send_batches, send_with_library};
	uint32_t last = s->sent + ways[way].records;
	int64_t began = bench_now_us();

	send[way](s, last);
	if (is_sink)
		wait_for_byte(r, "the sink did not get all");
	else
		wait_for_count(r, last);
	return bench_now_us() - began;
}

/* Records a second. */
static double
run(bool is_sink, enum way way, size_t transport)
{
	int64_t began = bench_now_us(), took;
	struct receiver r;
	struct sender s;

	start(&r, is_sink, way, transport);
	connect_sender(&s, way, r.data);
	do {
		took = run_block(&r, is_sink, way, &s);
	} while (bench_now_us() - began < WARM_US);
	took = run_block(&r, is_sink, way, &s);
	disconnect_sender(&s);
	stop(&r);
	return (double)ways[way].records * 1e6 / (double)took;
}

static void
compare(enum way way, size_t transport)
{
	double sinks[PAIRS], ours[PAIRS], ratios[PAIRS];
	char name[64];
	size_t i;

	for (i = 0; i < PAIRS; i++) {
		bool is_sink_first = i % 2 == 0;

		if (is_sink_first)
			sinks[i] = run(true, way, transport);
		ours[i] = run(false, way, transport);
		if (!is_sink_first)
			sinks[i] = run(true, way, transport);
		ratios[i] = ours[i] / sinks[i];
	}
	snprintf(name, sizeof(name), "ingest_%s_%s", ways[way].name,
	    transports[transport]);
	printf("%s\t%.0f\trecords/s\n", name, bench_median(ours, PAIRS));
	printf("%s_sink\t%.0f\trecords/s\n", name, bench_median(sinks, PAIRS));
	printf("%s_of_sink\t%.2f\ttimes\n", name, bench_median(ratios, PAIRS));
	fflush(stdout);
}

static void
remove_folder(void)
{
	static const char *const names[] = {"log", "data", "query"};
	char path[128];
	size_t i;

	for (i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		snprintf(path, sizeof(path), "%s/%s", folder, names[i]);
		unlink(path);
	}
	rmdir(folder);
}

int
main(int argc, char **argv)
{
	size_t way, transport;

	if (argc == 4 + 1 && strcmp(argv[1], "sink") == 0)
		return sink(argv + 1);
	check(mkdtemp(folder) != NULL, folder);
	atexit(remove_folder);
	setenv("XDG_CONFIG_HOME", folder, 1);
	bench_load(&records);
	for (way = 0; way < WAYS; way++)
		for (transport = 0; transport < 2; transport++)
			compare((enum way)way, transport);
	return 0;
}
