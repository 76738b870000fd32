/* SPDX-License-Identifier: MIT */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zmq.h>

#include "collector/access.h"
#include "collector/zap.h"
#include "proto/curve.h"
#include "tests/unit/util.h"

static char folder[] = "/tmp/rt_access_XXXXXX";
static char secret[64], emitters[64];

static const char *
in_emitters(const char *file)
{
	static char path[128];

	snprintf(path, sizeof(path), "%s/%s", emitters, file);
	return path;
}

/* A new pair, the public half among the emitters. */
static struct rt_cert
put(const char *file, const char *name)
{
	struct rt_cert c = {.name = ""};

	snprintf(c.name, sizeof(c.name), "%s", name);
	assert_int_equal(rt_curve_generate(&c), RT_OK);
	assert_int_equal(
	    rt_cert_write(in_emitters(file), &c, RT_CERT_PUBLIC, NULL), RT_OK);
	return c;
}

static int
begin(void **state)
{
	struct rt_cert c = {.name = "server"};

	(void)state;
	if (!mkdtemp(folder))
		return -1;
	snprintf(secret, sizeof(secret), "%s/s.secret", folder);
	snprintf(emitters, sizeof(emitters), "%s/e", folder);
	return mkdir(emitters, 0700) != 0 || rt_curve_generate(&c) != RT_OK ||
	    rt_cert_write(secret, &c, RT_CERT_SECRET, NULL) != RT_OK;
}

static int
end(void **state)
{
	(void)state;
	unlink(secret);
	return rmdir(emitters) != 0 || rmdir(folder) != 0;
}

static enum rt_err
read_it(struct rt_access **out, struct rt_diag *d)
{
	const struct rt_access_paths p = {secret, {emitters, ""}};

	return rt_access_read(&p, out, d);
}

static void
rights_are_apart_and_names_come_from_the_file_where_there_are_none(void **state)
{
	struct rt_cert a = put("a.pub", "alice"), b = put("b.pub", "");
	struct rt_access *access = NULL, *copy;
	struct rt_diag d = {{0}, {0}};

	(void)state;
	put("passed-over.txt", "other");
	put(".hidden.pub", "hidden");
	assert_int_equal(read_it(&access, &d), RT_OK);
	assert_int_equal(access->lists[RT_ACCESS_EMIT].count, 2);
	assert_int_equal(access->lists[RT_ACCESS_VIEW].count, 0);
	assert_string_equal(
	    rt_access_find(access, RT_ACCESS_EMIT, a.public_key)->name,
	    "alice");
	assert_string_equal(
	    rt_access_find(access, RT_ACCESS_EMIT, b.public_key)->name, "b");
	assert_null(rt_access_find(access, RT_ACCESS_VIEW, a.public_key));
	assert_null(rt_access_find(access, RT_ACCESS_EMIT, NULL));
	assert_null(rt_access_find(access, RT_ACCESS_EMIT, "nobody"));
	copy = rt_access_copy_lists(access);
	assert_string_equal(copy->server.secret_key, "");
	assert_non_null(rt_access_find(copy, RT_ACCESS_EMIT, a.public_key));
	rt_access_free(copy);
	rt_access_free(access);
	unlink(in_emitters("a.pub"));
	unlink(in_emitters("b.pub"));
	unlink(in_emitters("passed-over.txt"));
	unlink(in_emitters(".hidden.pub"));
}

static void
one_name_or_key_twice_refuses_all(void **state)
{
	struct rt_access *access = NULL;
	struct rt_diag d = {{0}, {0}};
	struct rt_cert a = put("a.pub", "alice");

	(void)state;
	put("b.pub", "alice");
	assert_int_equal(read_it(&access, &d), RT_E_CONFIG);
	assert_non_null(strstr(d.what, "its name"));
	unlink(in_emitters("b.pub"));
	assert_int_equal(
	    rt_cert_write(in_emitters("b.pub"), &a, RT_CERT_PUBLIC, &d), RT_OK);
	assert_int_equal(read_it(&access, &d), RT_E_CONFIG);
	assert_non_null(strstr(d.what, "its key"));
	assert_null(access);
	unlink(in_emitters("a.pub"));
	unlink(in_emitters("b.pub"));
}

static void
one_certificate_too_many_refuses_all(void **state)
{
	struct rt_access *access = NULL;
	struct rt_diag d = {{0}, {0}};
	char file[32];
	unsigned i;

	(void)state;
	for (i = 0; i <= RT_ACCESS_KEYS_MAX; i++) {
		if (i == RT_ACCESS_KEYS_MAX) {
			assert_int_equal(read_it(&access, &d), RT_OK);
			rt_access_free(access);
			access = NULL;
		}
		snprintf(file, sizeof(file), "k%u.pub", i);
		put(file, "");
	}
	assert_int_equal(read_it(&access, &d), RT_E_CONFIG);
	assert_non_null(strstr(d.what, "256"));
	assert_null(access);
	for (i = 0; i <= RT_ACCESS_KEYS_MAX; i++) {
		snprintf(file, sizeof(file), "k%u.pub", i);
		unlink(in_emitters(file));
	}
}

/* What the first handshake of a client with these keys ends with. */
static int
first_event(void *context, const char *endpoint, const struct rt_curve_keys *k)
{
	void *client = zmq_socket(context, ZMQ_DEALER);
	void *monitor = zmq_socket(context, ZMQ_PAIR);
	int linger = 0, wait_ms = 10000;
	unsigned char frame[6] = {0};
	uint16_t event;

	zmq_setsockopt(client, ZMQ_LINGER, &linger, sizeof(linger));
	zmq_setsockopt(monitor, ZMQ_RCVTIMEO, &wait_ms, sizeof(wait_ms));
	assert_true(rt_curve_set_client(client, k));
	assert_true(zmq_socket_monitor(client, "inproc://m",
			ZMQ_EVENT_HANDSHAKE_SUCCEEDED |
			    ZMQ_EVENT_HANDSHAKE_FAILED_NO_DETAIL |
			    ZMQ_EVENT_HANDSHAKE_FAILED_PROTOCOL |
			    ZMQ_EVENT_HANDSHAKE_FAILED_AUTH |
			    ZMQ_EVENT_DISCONNECTED) >= 0);
	assert_int_equal(zmq_connect(monitor, "inproc://m"), 0);
	assert_int_equal(zmq_connect(client, endpoint), 0);
	assert_true(zmq_recv(monitor, frame, sizeof(frame), 0) >= 2);
	memcpy(&event, frame, sizeof(event));
	zmq_close(client);
	zmq_close(monitor);
	return event;
}

static void
without_a_handler_nobody_comes_in(void **state)
{
	struct rt_access *access = NULL;
	struct rt_cert a = put("a.pub", "alice");
	struct rt_curve_keys k = {.server_key = ""};
	struct rt_zap *zap = NULL;
	struct rt_diag d = {{0}, {0}};
	char endpoint[64];
	size_t size = sizeof(endpoint);
	int linger = 0, with;

	(void)state;
	assert_int_equal(read_it(&access, &d), RT_OK);
	memcpy(k.server_key, access->server.public_key, sizeof(k.server_key));
	memcpy(k.public_key, a.public_key, sizeof(k.public_key));
	memcpy(k.secret_key, a.secret_key, sizeof(k.secret_key));
	for (with = 1; with >= 0; with--) {
		void *context = zmq_ctx_new();
		void *server = zmq_socket(context, ZMQ_ROUTER);

		zmq_setsockopt(server, ZMQ_LINGER, &linger, sizeof(linger));
		assert_true(
		    rt_curve_set_server(server, &access->server, "emitters"));
		if (with)
			assert_int_equal(
			    rt_zap_open(context, access, &zap, &d), RT_OK);
		assert_int_equal(zmq_bind(server, "tcp://127.0.0.1:*"), 0);
		size = sizeof(endpoint);
		assert_int_equal(
		    zmq_getsockopt(server, ZMQ_LAST_ENDPOINT, endpoint, &size),
		    0);
		assert_true((first_event(context, endpoint, &k) ==
				ZMQ_EVENT_HANDSHAKE_SUCCEEDED) == (with == 1));
		zmq_close(server);
		rt_zap_close(zap);
		zap = NULL;
		zmq_ctx_term(context);
	}
	rt_access_free(access);
	unlink(in_emitters("a.pub"));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(
		rights_are_apart_and_names_come_from_the_file_where_there_are_none),
	    cmocka_unit_test(one_name_or_key_twice_refuses_all),
	    cmocka_unit_test(one_certificate_too_many_refuses_all),
	    cmocka_unit_test(without_a_handler_nobody_comes_in),
	};

	return cmocka_run_group_tests(tests, begin, end);
}
