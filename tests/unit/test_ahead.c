/* SPDX-License-Identifier: MIT */
/* Records read and decoded on a thread: the same ones in the same order. */
#include "tests/unit/util.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "collector/ahead.h"

#define RECORDS (RT_AHEAD_ITEMS * 3 + 5)

static char path[] = "/tmp/retrytop-test-ahead-XXXXXX";

/* Record i: every seventh is refused, every fifth has an escape. */
static void
write_log(const char *last)
{
	FILE *f;
	unsigned i;
	int fd;

	snprintf(path, sizeof(path), "/tmp/retrytop-test-ahead-XXXXXX");
	fd = mkstemp(path);
	assert_true(fd >= 0);
	f = fdopen(fd, "w");
	assert_non_null(f);
	for (i = 0; i < RECORDS; i++)
		if (i % 7 == 6)
			fprintf(f, "{\"schema\":\"other/v%u\"}\n", i);
		else
			fprintf(f,
			    "{\"schema\":\"llm-attempt/v1\",\"operation_id\":"
			    "\"o%s%u\",\"attempt\":%u,\"emitter\":\"e%u\","
			    "\"seq\":%u}\n",
			    i % 5 == 4 ? "\\n" : "-", i, 1 + i % 3, i, i + 1);
	fputs(last, f);
	assert_int_equal(fclose(f), 0);
}

static struct rt_ahead *
begin(struct rt_source **source)
{
	const struct rt_decode_opts o = {.attempt_base = 1};
	const char *const paths[] = {path};
	struct rt_diag d = {{0}, {0}};
	struct rt_ahead *a = NULL;

	assert_int_equal(rt_source_open(paths, 1, source, &d), RT_OK);
	assert_int_equal(rt_ahead_new(*source, &o, &a, &d), RT_OK);
	return a;
}

static void
end(struct rt_ahead *a, struct rt_source *source)
{
	rt_ahead_free(a);
	rt_source_close(source);
	unlink(path);
}

static void
check_record(unsigned i, const struct rt_ahead_item *item)
{
	const struct rt_decoded *d = &item->decoded;
	char want[64];

	assert_int_equal(item->kind, RT_AHEAD_RECORD);
	if (i % 7 == 6) {
		assert_int_equal(d->reject, RT_REJECT_UNKNOWN_SCHEMA);
		snprintf(want, sizeof(want), "{\"schema\":\"other/v%u\"}", i);
		assert_true(rt_str_is(item->text, want));
		snprintf(want, sizeof(want), ":%u", i + 1);
		assert_non_null(strstr(item->where, want));
		assert_true(item->why.what[0]);
		return;
	}
	assert_int_equal(d->reject, RT_REJECT_NOT);
	snprintf(
	    want, sizeof(want), "o%s%u", i % 5 == 4 ? "\xEF\xBF\xBD" : "-", i);
	assert_true(rt_str_is(d->event.operation_id, want));
	assert_int_equal(d->event.attempt, 1 + i % 3);
	snprintf(want, sizeof(want), "e%u", i);
	assert_true(rt_str_is(d->identity.emitter, want));
	assert_true(rt_str_is(d->event.emitter, want));
	assert_int_equal(d->identity.seq, i + 1);
}

static void
hands_on_every_record_in_its_order(void **state)
{
	struct rt_source *source = NULL;
	struct rt_ahead *a;
	unsigned i;

	(void)state;
	write_log("");
	a = begin(&source);
	for (i = 0; i < RECORDS; i++)
		check_record(i, rt_ahead_next(a));
	assert_int_equal(rt_ahead_next(a)->kind, RT_AHEAD_END);
	assert_int_equal(rt_ahead_next(a)->kind, RT_AHEAD_END);
	end(a, source);
}

/* An object that is not closed is the last record. */
static void
an_item_keeps_its_strings_while_the_thread_goes_on(void **state)
{
	struct rt_source *source = NULL;
	struct rt_ahead_item *first;
	struct rt_ahead *a;

	(void)state;
	write_log("{\"schema\":");
	a = begin(&source);
	first = rt_ahead_next(a);
	assert_true(first->decoded.event.operation_id.p >= first->bytes &&
	    first->decoded.event.operation_id.p <
		first->bytes + sizeof(first->bytes));
	check_record(0, first);
	end(a, source); /* with nearly all of it unread */
}

static void
an_empty_log_ends_at_once(void **state)
{
	const char *const paths[] = {"/dev/null"};
	const struct rt_decode_opts o = {.attempt_base = 1};
	struct rt_source *source = NULL;
	struct rt_diag d = {{0}, {0}};
	struct rt_ahead *a = NULL;

	(void)state;
	assert_int_equal(rt_source_open(paths, 1, &source, &d), RT_OK);
	assert_int_equal(rt_ahead_new(source, &o, &a, &d), RT_OK);
	assert_int_equal(rt_ahead_next(a)->kind, RT_AHEAD_END);
	rt_ahead_free(a);
	rt_source_close(source);
	rt_ahead_free(NULL);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(hands_on_every_record_in_its_order),
	    cmocka_unit_test(
		an_item_keeps_its_strings_while_the_thread_goes_on),
	    cmocka_unit_test(an_empty_log_ends_at_once),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
