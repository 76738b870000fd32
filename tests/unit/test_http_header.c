/* SPDX-License-Identifier: MIT */
#include "collector/canary/http_header.h"

#include <string.h>

#include "tests/unit/util.h"

#define NOW_US INT64_C(1781341471000000) /* Sat, 13 Jun 2026 09:04:31 GMT */

static struct rt_http_answer
read_all(const char *const *lines, const char *request_id)
{
	struct rt_http_answer a = {.retry_after_ms = -1};

	for (; *lines; lines++)
		rt_http_header_read(
		    &a, request_id, rt_str_of(*lines), (rt_wall_t){NOW_US});
	return a;
}

static void
the_finer_of_two_waits_wins_whichever_comes_first(void **state)
{
	static const struct {
		const char *lines[3];
		double want_ms;
	} rows[] = {
	    {{"Retry-After: 2\r\n"}, 2000},
	    {{"retry-after-ms:1500"}, 1500},
	    {{"Retry-After: 2\r\n", "Retry-After-Ms: 1500\r\n"}, 1500},
	    {{"Retry-After-Ms: 1500\r\n", "Retry-After: 2\r\n"}, 1500},
	    {{"Retry-After: Sat, 13 Jun 2026 09:05:01 GMT\r\n"}, 30000},
	    {{"Retry-After: soon\r\n"}, -1},
	    {{"Retry-After-Ms: \r\n", "Retry-After: 2\r\n"}, 2000},
	    {{"X-Retry-After: 2\r\n"}, -1},
	};

	(void)state;
	for (size_t i = 0; i < RT_COUNT_OF(rows); i++) {
		struct rt_http_answer a = read_all(rows[i].lines, NULL);

		if (a.retry_after_ms < rows[i].want_ms ||
		    a.retry_after_ms > rows[i].want_ms)
			fail_msg("%s: %g", rows[i].lines[0], a.retry_after_ms);
	}
}

static void
attempts_of_a_gateway_are_counted_as_it_counts_them(void **state)
{
	static const struct {
		const char *lines[2];
		int want;
	} rows[] = {
	    {{"x-envoy-attempt-count: 3\r\n"}, 3},
	    {{"x-envoy-attempt-count: 0\r\n"}, 0},
	    {{"x-litellm-attempted-retries: 0\r\n"}, 1},
	    {{"X-LiteLLM-Attempted-Retries: 2\r\n"}, 3},
	    {{"x-portkey-retry-attempt-count: 1\r\n"}, 2},
	    {{"x-portkey-retry-attempt-count: -1\r\n"}, 0},
	    {{"x-envoy-attempt-count: 1000000\r\n"}, 0},
	    {{"x-envoy-attempt-count: many\r\n"}, 0},
	};

	(void)state;
	for (size_t i = 0; i < RT_COUNT_OF(rows); i++) {
		struct rt_http_answer a = read_all(rows[i].lines, NULL);

		if (a.upstream_attempts != rows[i].want)
			fail_msg(
			    "%s: %d", rows[i].lines[0], a.upstream_attempts);
	}
}

static void
what_the_body_is_and_whether_to_try_again_is_said(void **state)
{
	static const char *const lines[] = {"Content-Encoding: gzip\r\n",
	    "Content-Type: Text/HTML; charset=utf-8\r\n",
	    "x-should-retry: false\r\n", NULL};
	static const char *const plain[] = {"Content-Encoding: Identity\r\n",
	    "Content-Type: application/json\r\n", NULL};
	struct rt_http_answer a = read_all(lines, NULL);

	(void)state;
	assert_true(a.is_encoded && a.is_html);
	assert_int_equal(
	    a.should_retry, rt_retry_word_read(rt_str_of("false")));
	assert_int_not_equal(
	    a.should_retry, rt_retry_word_read(rt_str_of("true")));
	a = read_all(plain, NULL);
	assert_false(a.is_encoded || a.is_html);
}

static void
the_id_is_read_from_the_header_that_was_asked_for_and_scrubbed(void **state)
{
	static const char *const lines[] = {"X-Request-Id:  one\t\r\n",
	    "apim-request-id: t\x1b[2Jwo\r\n", "request-id: three\r\n", NULL};

	(void)state;
	assert_string_equal(read_all(lines, NULL).request_id, "one");
	assert_string_equal(read_all(lines, "request-id").request_id, "three");
	assert_null(
	    strchr(read_all(lines, "apim-request-id").request_id, '\x1b'));
	assert_non_null(
	    strstr(read_all(lines, "apim-request-id").request_id, "wo"));
	assert_string_equal(read_all(lines, "x-other").request_id, "");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(the_finer_of_two_waits_wins_whichever_comes_first),
	    cmocka_unit_test(
		attempts_of_a_gateway_are_counted_as_it_counts_them),
	    cmocka_unit_test(what_the_body_is_and_whether_to_try_again_is_said),
	    cmocka_unit_test(
		the_id_is_read_from_the_header_that_was_asked_for_and_scrubbed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
