/* SPDX-License-Identifier: MIT */
#include "tests/unit/util.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "collector/canary/key.h"

#define KEY "sk-0123456789abcdef"
#define VARIABLE "RT_TEST_KEY"

/* A descriptor with these bytes and no more. */
static int
fd_of(const char *bytes, size_t len)
{
	int fds[2];

	assert_int_equal(pipe(fds), 0);
	assert_int_equal(write(fds[1], bytes, len), len);
	close(fds[1]);
	return fds[0];
}

static struct rt_targets
one_target(void)
{
	return (struct rt_targets){
	    .rows = {{.name = "t", .key_fd = -1}}, .count = 1};
}

static void
a_descriptor_is_read_to_its_last_newline_and_closed(void **state)
{
	static const struct {
		const char *why, *bytes, *want; /* NULL: refused */
	} rows[] = {
	    {"plain", KEY, KEY},
	    {"a newline", KEY "\n", KEY},
	    {"newlines", KEY "\r\n\n", KEY},
	    {"nothing", "", NULL},
	    {"newlines only", "\n\n", NULL},
	    {"two lines", KEY "\n" KEY "\n", NULL},
	    {"a blank", "sk- 0123456789", NULL},
	    {"a control byte", "sk-\x7f", NULL},
	};

	(void)state;
	for (size_t i = 0; i < RT_COUNT_OF(rows); i++) {
		struct rt_targets all = one_target();
		struct rt_diag d = {{0}, {0}};
		struct rt_key key;
		enum rt_err err;
		int fd = fd_of(rows[i].bytes, strlen(rows[i].bytes));

		all.rows[0].key_fd = fd;
		err = rt_key_read_all(&all, &key, &d);
		if ((err == RT_OK) != (rows[i].want != NULL))
			fail_msg("%s: %s", rows[i].why, rt_err_text(err));
		assert_string_equal(key.text, rows[i].want ? rows[i].want : "");
		assert_int_equal(close(fd), -1);
		if (err == RT_OK)
			continue;
		assert_int_equal(err, RT_E_CONFIG);
		assert_string_equal(d.where, "t");
		assert_null(strstr(d.what, "0123456789"));
	}
}

static void
a_key_has_its_bytes_at_most_and_none_within(void **state)
{
	char bytes[RT_HTTP_KEY_MAX + 1];
	struct rt_targets all = one_target();
	struct rt_diag d = {{0}, {0}};
	struct rt_key key;

	(void)state;
	memset(bytes, 'k', sizeof(bytes));
	all.rows[0].key_fd = fd_of(bytes, RT_HTTP_KEY_MAX - 1);
	assert_int_equal(rt_key_read_all(&all, &key, &d), RT_OK);
	assert_int_equal(strlen(key.text), RT_HTTP_KEY_MAX - 1);
	all.rows[0].key_fd = fd_of(bytes, RT_HTTP_KEY_MAX);
	assert_int_equal(rt_key_read_all(&all, &key, &d), RT_E_CONFIG);
	assert_string_equal(key.text, "");
	bytes[20] = '\0';
	all.rows[0].key_fd = fd_of(bytes, 40);
	assert_int_equal(rt_key_read_all(&all, &key, &d), RT_E_CONFIG);
	assert_string_equal(key.text, "");
}

static void
a_variable_serves_all_that_name_it_and_is_gone_then(void **state)
{
	struct rt_targets all = one_target();
	struct rt_diag d = {{0}, {0}};
	struct rt_key keys[2];
	const char *value;

	(void)state;
	all.rows[1] = all.rows[0];
	all.count = 2;
	snprintf(all.rows[0].key_env, sizeof(all.rows[0].key_env), VARIABLE);
	snprintf(all.rows[1].key_env, sizeof(all.rows[1].key_env), VARIABLE);
	assert_int_equal(setenv(VARIABLE, KEY, 1), 0);
	value = getenv(VARIABLE);
	assert_int_equal(rt_key_read_all(&all, keys, &d), RT_OK);
	assert_string_equal(keys[0].text, KEY);
	assert_string_equal(keys[1].text, KEY);
	assert_null(getenv(VARIABLE));
	for (size_t i = 0; i < strlen(KEY); i++)
		assert_int_equal(value[i], 0);
	assert_int_equal(rt_key_read_all(&all, keys, &d), RT_E_CONFIG);
	assert_non_null(strstr(d.what, VARIABLE));
}

static void
a_file_is_read_and_one_bad_key_leaves_none(void **state)
{
	char path[] = "/tmp/rt_key_XXXXXX";
	struct rt_targets all = one_target();
	struct rt_diag d = {{0}, {0}};
	struct rt_key keys[2];
	int fd = mkstemp(path);

	(void)state;
	assert_true(fd >= 0);
	assert_int_equal(write(fd, KEY "\n", strlen(KEY) + 1), strlen(KEY) + 1);
	close(fd);
	snprintf(
	    all.rows[0].key_file, sizeof(all.rows[0].key_file), "%s", path);
	assert_int_equal(rt_key_read_all(&all, keys, &d), RT_OK);
	assert_string_equal(keys[0].text, KEY);
	all.rows[1] = all.rows[0];
	all.count = 2;
	assert_int_equal(snprintf(all.rows[1].key_file,
			     sizeof(all.rows[1].key_file), "%s.none", path) > 0,
	    1);
	assert_int_equal(rt_key_read_all(&all, keys, &d), RT_E_CONFIG);
	assert_string_equal(keys[0].text, "");
	assert_string_equal(keys[1].text, "");
	unlink(path);
}

static void
a_target_without_a_key_has_none(void **state)
{
	struct rt_targets all = one_target();
	struct rt_diag d = {{0}, {0}};
	struct rt_key key = {"left over"};

	(void)state;
	assert_int_equal(rt_key_read_all(&all, &key, &d), RT_OK);
	assert_string_equal(key.text, "");
}

static void
hides_what_holds_a_part_of_the_key(void **state)
{
	static const char key[] = KEY;
	static const struct {
		const char *why, *key, *text, *want;
	} rows[] = {
	    {"all of it", key, "sk-0123456789abcdef", "[key]"},
	    {"within", key, "no sk-0123456789abcdef here", "[key]"},
	    {"cut at its end", key, "refused: sk-012345678", "[key]"},
	    {"cut at its beginning", key, "456789abcdef", "[key]"},
	    {"too little of it", key, "56789abcdef", "56789abcdef"},
	    {"another", key, "gpt-4.1-mini-2025", "gpt-4.1-mini-2025"},
	    {"nothing", key, "", ""},
	    {"no key", NULL, "sk-0123456789abcdef", "sk-0123456789abcdef"},
	    {"a short one", "abcdefgh", "xabcdefghx", "[key]"},
	    {"a word", "invalid", "invalid_request", "invalid_request"},
	};

	(void)state;
	for (size_t i = 0; i < RT_COUNT_OF(rows); i++) {
		char text[64];

		snprintf(text, sizeof(text), "%s", rows[i].text);
		rt_key_hide(text, sizeof(text), rows[i].key);
		if (strcmp(text, rows[i].want) != 0)
			fail_msg("%s: %s", rows[i].why, text);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(
		a_descriptor_is_read_to_its_last_newline_and_closed),
	    cmocka_unit_test(a_key_has_its_bytes_at_most_and_none_within),
	    cmocka_unit_test(
		a_variable_serves_all_that_name_it_and_is_gone_then),
	    cmocka_unit_test(a_file_is_read_and_one_bad_key_leaves_none),
	    cmocka_unit_test(a_target_without_a_key_has_none),
	    cmocka_unit_test(hides_what_holds_a_part_of_the_key),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
