/* SPDX-License-Identifier: MIT */
#include "tests/unit/hub.h"

#include <sys/wait.h>

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <zmq.h>

#include "proto/clock.h"

struct hub hub;

void
hub_bind(void)
{
	int zero = 0;

	hub.socket = zmq_socket(hub.context, ZMQ_ROUTER);
	assert_non_null(hub.socket);
	zmq_setsockopt(hub.socket, ZMQ_LINGER, &zero, sizeof(zero));
	assert_int_equal(zmq_bind(hub.socket, hub.endpoint), 0);
}

int
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

unsigned
hub_count_spool(char out[512])
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

	while (hub_count_spool(path) > 0)
		assert_int_equal(unlink(path), 0);
	snprintf(path, sizeof(path), "%s/spool", hub.folder);
	rmdir(path);
}

int
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

bool
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

struct rt_emitter_stats
stats_of(const struct rt_emitter *e)
{
	struct rt_emitter_stats s;

	rt_emitter_stats(e, &s);
	return s;
}

void
hub_serve_until(struct rt_emitter *e, uint64_t acknowledged)
{
	rt_mono_t end = rt_mono_add_ms(rt_clock_mono(), DEADLINE_MS);

	while (stats_of(e).acknowledged < acknowledged) {
		hub_serve(5);
		if (rt_clock_mono().us > end.us)
			fail_msg("only %llu acknowledged",
			    (unsigned long long)stats_of(e).acknowledged);
	}
}

struct rt_emitter *
open_emitter(size_t ring_bytes, int linger_ms)
{
	struct rt_emitter_opts o = {.endpoint = hub.endpoint,
	    .ring_bytes = ring_bytes,
	    .linger_ms = linger_ms};
	struct rt_emitter *e = rt_emitter_open(&o);

	assert_non_null(e);
	return e;
}

struct rt_emitter *
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

int
emit_number(struct rt_emitter *e, unsigned n)
{
	char text[64];
	int len = snprintf(text, sizeof(text), "{\"n\":%u,\"x\":\"y\"}", n);

	return rt_emitter_emit_json(e, text, (size_t)len);
}

void
hub_assert_each_once(unsigned count)
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

void
die_if(bool is_wrong)
{
	if (is_wrong)
		_exit(3);
}

void
expect_exit(pid_t pid, int want)
{
	int status;

	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, want);
}

void
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
	hub_serve_until(e, 1);
	while (hub.records < 3)
		hub_serve(DEADLINE_MS);
	while (waitpid(pid, NULL, WNOHANG) == 0)
		hub_serve(5);
	hub_assert_each_once(3);
	rt_intake_stats(hub.intake, &s);
	assert_int_equal(s.taken, 3);
	rt_emitter_close(e);
}
