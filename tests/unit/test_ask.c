/* SPDX-License-Identifier: MIT */
#include "util.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <zmq.h>

#include "proto/ask.h"
#include "proto/clock.h"

static char folder[64], endpoint[128];
static void *context, *router;

static int
begin(void **state)
{
	int zero = 0;

	(void)state;
	snprintf(folder, sizeof(folder), "/tmp/retrytop-test-XXXXXX");
	assert_non_null(mkdtemp(folder));
	snprintf(endpoint, sizeof(endpoint), "ipc://%s/q", folder);
	context = zmq_ctx_new();
	router = zmq_socket(context, ZMQ_ROUTER);
	zmq_setsockopt(router, ZMQ_LINGER, &zero, sizeof(zero));
	return zmq_bind(router, endpoint);
}

static int
end(void **state)
{
	(void)state;
	zmq_close(router);
	zmq_ctx_term(context);
	unlink(endpoint + strlen("ipc://"));
	return rmdir(folder);
}

struct question {
	zmq_msg_t asker, number;
	char text[64];
};

static void
hear(struct question *q)
{
	zmq_pollitem_t item = {.socket = router, .events = ZMQ_POLLIN};
	int n;

	assert_int_equal(zmq_poll(&item, 1, 5000), 1);
	zmq_msg_init(&q->asker);
	zmq_msg_init(&q->number);
	assert_true(zmq_msg_recv(&q->asker, router, 0) >= 0);
	assert_int_equal(zmq_msg_recv(&q->number, router, 0), 8);
	n = zmq_recv(router, q->text, sizeof(q->text) - 1, 0);
	assert_true(n >= 0);
	q->text[n] = '\0';
}

static void
say(struct question *q, const char *text)
{
	zmq_msg_send(&q->asker, router, ZMQ_SNDMORE);
	zmq_msg_send(&q->number, router, ZMQ_SNDMORE);
	assert_true(zmq_send(router, text, strlen(text), 0) >= 0);
}

static struct rt_str
await(struct rt_ask *a)
{
	zmq_pollitem_t item = {.fd = rt_ask_fd(a), .events = ZMQ_POLLIN};
	rt_mono_t limit = rt_mono_add_ms(rt_clock_mono(), 5000);
	struct rt_str answer = RT_STR_NONE;
	enum rt_err err;

	while ((err = rt_ask_poll(a, &answer)) == RT_E_AGAIN) {
		assert_true(rt_clock_mono().us < limit.us);
		zmq_poll(&item, 1, 100);
	}
	assert_int_equal(err, RT_OK);
	return answer;
}

static void
gives_the_answer_to_the_newest_question_only(void **state)
{
	struct question first, second;
	struct rt_str answer;
	struct rt_ask *a;

	(void)state;
	assert_int_equal(rt_ask_open(endpoint, &a, NULL), RT_OK);
	assert_int_equal(rt_ask_send(a, rt_str_of("one")), RT_OK);
	hear(&first);
	assert_string_equal(first.text, "one");
	assert_int_equal(rt_ask_send(a, rt_str_of("two")), RT_OK);
	hear(&second);
	say(&first, "late");
	zmq_send(router, "x", 1, 0); /* to nobody */
	say(&second, "in time");
	answer = await(a);
	assert_true(rt_str_is(answer, "in time"));
	assert_int_equal(rt_ask_poll(a, &answer), RT_E_AGAIN);
	rt_ask_close(a);
}

static void
waits_no_longer_than_told_and_forgets_the_question(void **state)
{
	struct question q;
	struct rt_str answer;
	struct rt_ask *a;
	rt_mono_t begin_at = rt_clock_mono();

	(void)state;
	assert_int_equal(rt_ask_open(endpoint, &a, NULL), RT_OK);
	assert_int_equal(
	    rt_ask_wait(a, rt_str_of("one"), 50, &answer), RT_E_TIMEOUT);
	assert_true(rt_mono_ms_between(begin_at, rt_clock_mono()) < 2000);
	hear(&q);
	say(&q, "late");
	assert_int_equal(
	    rt_ask_wait(a, rt_str_of("two"), 50, &answer), RT_E_TIMEOUT);
	rt_ask_close(a);
}

static void
keeps_the_first_question_where_no_second_finds_room(void **state)
{
	struct question q;
	struct rt_ask *a;
	unsigned sent = 0;
	char text[16];

	(void)state;
	zmq_unbind(router, endpoint);
	assert_int_equal(rt_ask_open(endpoint, &a, NULL), RT_OK);
	do {
		assert_true(sent < 100);
		snprintf(text, sizeof(text), "%u", ++sent);
	} while (rt_ask_send(a, rt_str_of(text)) == RT_OK);
	assert_int_equal(zmq_bind(router, endpoint), 0);
	for (; sent > 1; sent--) {
		hear(&q);
		say(&q, q.text);
	}
	assert_true(rt_str_equal(await(a), rt_str_of(q.text)));
	rt_ask_close(a);
}

static void
refuses_what_is_no_endpoint(void **state)
{
	struct rt_ask *a = (void *)folder;
	struct rt_diag d = {0};

	(void)state;
	assert_int_equal(rt_ask_open("nonsense", &a, &d), RT_E_USAGE);
	assert_ptr_equal(a, folder);
	assert_string_equal(d.where, "nonsense");
	assert_true(strlen(d.what) > 10);
	rt_ask_close(NULL);
}

int
main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, begin, end)
	const struct CMUnitTest tests[] = {
	    TEST(gives_the_answer_to_the_newest_question_only),
	    TEST(waits_no_longer_than_told_and_forgets_the_question),
	    TEST(keeps_the_first_question_where_no_second_finds_room),
	    TEST(refuses_what_is_no_endpoint),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
