/* SPDX-License-Identifier: MIT */
#include <stdio.h>
#include <string.h>

#include "proto/options.h"
#include "tests/unit/util.h"

struct values {
	bool json;
	const char *file;
	int64_t base, wait_ms;
	unsigned format;
	struct rt_endpoint at;
	struct rt_option_list rules;
};

static enum rt_err
parse(struct values *v, int *argc, char **argv, bool *help, struct rt_diag *d)
{
	const struct rt_option rows[] = {
	    RT_OPTION_FLAG('j', "json", &v->json, "as JSON"),
	    RT_OPTION_TEXT(0, "config", &v->file, "FILE", "read this"),
	    RT_OPTION_COUNT_OF('b', "base", &v->base, 0, 9, "first number"),
	    RT_OPTION_DURATION(0, "wait", &v->wait_ms, 1, 60000, "how long"),
	    RT_OPTION_CHOICE(0, "format", &v->format, "json|text", "how"),
	    RT_OPTION_COLLECTOR('c', "collector", &v->at, "whom"),
	    RT_OPTION_LIST(0, "fault", &v->rules, "RULE", "what breaks"),
	};
	const struct rt_options o = {
	    "test", "FILE...", "Tests.", rows, RT_COUNT_OF(rows)};

	return rt_options_read(&o, argc, argv, help, d);
}

#define WORDS_MAX 8

static int
count_words(const char *const words[])
{
	int n = 0;

	while (n < WORDS_MAX && words[n])
		n++;
	return n;
}

/* A copy, as operands are moved to the front. */
static enum rt_err
parse_words(struct values *v, const char *const words[], int *argc,
    char *argv[WORDS_MAX], bool *help, struct rt_diag *d)
{
	int i;

	*argc = count_words(words);
	for (i = 0; i < *argc; i++)
		memcpy(&argv[i], &words[i], sizeof(argv[i]));
	return parse(v, argc, argv, help, d);
}

static void
reads_every_type_in_every_spelling(void **state)
{
	static const char *const words[][WORDS_MAX] = {
	    {"t", "--json", "--config", "a.conf", "-b", "7", "--wait=1.5s"},
	    {"t", "-j", "--config=a.conf", "-b7", "--wait", "1500ms"},
	    {"t", "--wait=9s", "--base=1", "-b", "7", "-j", "--wait=1.5",
		"--config=a.conf"},
	};
	struct rt_diag d;
	bool help = false;
	char *argv[WORDS_MAX];
	size_t i;
	int argc;

	(void)state;
	for (i = 0; i < RT_COUNT_OF(words); i++) {
		struct values v = {.base = -1};

		assert_int_equal(
		    parse_words(&v, words[i], &argc, argv, &help, &d), RT_OK);
		assert_true(v.json);
		assert_string_equal(v.file, "a.conf");
		assert_int_equal(v.base, 7);
		assert_int_equal(v.wait_ms, 1500);
		assert_false(help);
		assert_int_equal(argc, 1);
	}
}

static void
keeps_operands_in_order_wherever_they_stand(void **state)
{
	static const char *const words[WORDS_MAX] = {
	    "t", "one", "--json", "-", "--", "--wait", "-j"};
	struct values v = {.wait_ms = 5};
	struct rt_diag d;
	bool help = false;
	char *argv[WORDS_MAX];
	int argc;

	(void)state;
	assert_int_equal(parse_words(&v, words, &argc, argv, &help, &d), RT_OK);
	assert_int_equal(argc, 5);
	assert_string_equal(argv[1], "one");
	assert_string_equal(argv[2], "-");
	assert_string_equal(argv[3], "--wait");
	assert_string_equal(argv[4], "-j");
	assert_int_equal(v.wait_ms, 5);
}

static void
says_what_is_wrong_with_a_command_line(void **state)
{
	static const struct {
		const char *words[WORDS_MAX];
		const char *want;
	} rows[] = {
	    {{"t", "--jso"},
		"unknown option --jso; `retrytop test --help` lists them"},
	    {{"t", "--jsonx"},
		"unknown option --jsonx; `retrytop test --help` lists them"},
	    {{"t", "-x"},
		"unknown option -x; `retrytop test --help` lists them"},
	    {{"t", "--json=yes"}, "--json takes no value"},
	    {{"t", "--config"}, "--config needs a value: FILE"},
	    {{"t", "-b", "10"},
		"--base needs an integer from 0 to 9, not "
		"'10'"},
	    {{"t", "-b", ""}, "--base needs an integer from 0 to 9, not ''"},
	    {{"t", "-b", "1x"},
		"--base needs an integer from 0 to 9, not '1x'"},
	    {{"t", "--format", "xml"},
		"--format needs one of json|text, not 'xml'"},
	    {{"t", "--format", "json|text"},
		"--format needs one of json|text, not 'json|text'"},
	    {{"t", "--wait", "61s"},
		"--wait needs a duration like 120s, 250ms or 2m from 1 ms to "
		"60000 ms, not '61s'"},
	    {{"t", "-c", "host:0"},
		"--collector needs HOST[:PORT], tcp://HOST:PORT or "
		"ipc://PATH, not 'host:0'"},
	};
	size_t i;

	(void)state;
	for (i = 0; i < RT_COUNT_OF(rows); i++) {
		struct values v = {.base = -1, .wait_ms = -1};
		struct rt_diag d = {{0}, {0}};
		bool help = false;
		char *argv[WORDS_MAX];
		int argc;

		assert_int_not_equal(
		    parse_words(&v, rows[i].words, &argc, argv, &help, &d),
		    RT_OK);
		assert_string_equal(d.what, rows[i].want);
		assert_int_equal(v.base, -1);
		assert_int_equal(v.wait_ms, -1);
	}
}

static void
helps_from_the_same_rows(void **state)
{
	static const char *const words[WORDS_MAX] = {"t", "--json", "--help"};
	bool flag = false, help = false;
	const struct rt_option rows[] = {
	    RT_OPTION_FLAG('j', "json", &flag, "as JSON"),
	    RT_OPTION_CHOICE(0, "format", &flag, "json|text", "how"),
	};
	const struct rt_options o = {
	    "test", "FILE...", "Tests.", rows, RT_COUNT_OF(rows)};
	struct values v = {.base = 0};
	struct rt_diag d;
	struct rt_buf b;
	char *argv[WORDS_MAX];
	int argc;

	(void)state;
	assert_int_equal(parse_words(&v, words, &argc, argv, &help, &d), RT_OK);
	assert_true(help);
	rt_buf_init(&b, 4096);
	rt_options_help(&b, &o);
	assert_string_equal(b.p,
	    "usage: retrytop test [options] FILE...\n"
	    "Tests.\n\n"
	    "  -j, --json                      as JSON\n"
	    "      --format json|text          how\n"
	    "  -h, --help                      this text\n");
	rt_buf_fini(&b);
}

static void
completes_endpoints(void **state)
{
	static const struct {
		const char *text, *want; /* NULL: refused */
		bool is_local;
	} rows[] = {
	    {"127.0.0.1", "tcp://127.0.0.1:7782", true},
	    {"localhost:9", "tcp://localhost:9", true},
	    {":9", "tcp://127.0.0.1:9", true},
	    {"[::1]", "tcp://[::1]:7782", true},
	    {"[::1]:9", "tcp://[::1]:9", true},
	    {"gw.example.org", "tcp://gw.example.org:7782", false},
	    {"127.example.org:1", "tcp://127.example.org:1", false},
	    {"127.0.0.1.example:1", "tcp://127.0.0.1.example:1", false},
	    {"localhost.example:1", "tcp://localhost.example:1", false},
	    {"tcp://127.0.0.1:*", "tcp://127.0.0.1:*", true},
	    {"tcp://*:7780", "tcp://*:7780", false},
	    {"tcp://0.0.0.0:7780", "tcp://0.0.0.0:7780", false},
	    {"ipc:///run/x", "ipc:///run/x", true},
	    {"/run/x", "ipc:///run/x", true},
	    {"./x", "ipc://./x", true},
	    {"off", "off", false},
	    {"", NULL, false},
	    {"host:port", NULL, false},
	    {"host:", NULL, false},
	    {"host:65536", NULL, false},
	    {"http://host", NULL, false},
	    {"a b", NULL, false},
	};
	size_t i;

	(void)state;
	for (i = 0; i < RT_COUNT_OF(rows); i++) {
		struct rt_endpoint e = {"before"};
		struct rt_diag d = {{0}, {0}};
		enum rt_err err = rt_endpoint_from(&e, rows[i].text, 7782, &d);

		assert_int_equal(err == RT_OK, rows[i].want != NULL);
		assert_string_equal(
		    e.text, rows[i].want ? rows[i].want : "before");
		if (rows[i].want)
			assert_int_equal(
			    rt_endpoint_is_local(e.text), rows[i].is_local);
	}
}

static void
refuses_an_endpoint_that_does_not_fit(void **state)
{
	char text[RT_ENDPOINT_SIZE + 8];
	struct rt_endpoint e = {"before"};
	struct rt_diag d;

	(void)state;
	memset(text, 'a', sizeof(text));
	memcpy(text, "ipc:///", 7);
	text[RT_ENDPOINT_SIZE - 1] = '\0';
	assert_int_equal(rt_endpoint_from(&e, text, 1, &d), RT_OK);
	text[RT_ENDPOINT_SIZE - 1] = 'a';
	text[RT_ENDPOINT_SIZE] = '\0';
	e = (struct rt_endpoint){"before"};
	assert_int_equal(rt_endpoint_from(&e, text, 1, &d), RT_E_USAGE);
	assert_string_equal(e.text, "before");
}

static void
reads_durations(void **state)
{
	static const struct {
		const char *text;
		int64_t want; /* -1: refused */
	} rows[] = {{"120", 120000}, {"120s", 120000}, {"0.25", 250},
	    {"1.5m", 90000}, {"250ms", 250}, {"1h", 3600000}, {"", -1},
	    {"s", -1}, {"-1", -1}, {"1 s", -1}, {"1d", -1}, {"1.s", -1},
	    {".5", -1}, {"1.1234567", -1}, {"99999999999999999999", -1},
	    {"0", -1}, {"2h", -1}};
	size_t i;

	(void)state;
	for (i = 0; i < RT_COUNT_OF(rows); i++) {
		int64_t ms = -1;
		enum rt_err err =
		    rt_duration_from(rows[i].text, 1, 3600000, &ms, NULL);

		assert_int_equal(err == RT_OK, rows[i].want >= 0);
		assert_int_equal(ms, rows[i].want);
	}
}

static void
bounds_a_list(void **state)
{
	static char name[] = "t", option[] = "--fault=x";
	char *argv[RT_OPTION_LIST_MAX + 2] = {name};
	struct values v = {.base = 0};
	struct rt_diag d = {{0}, {0}};
	bool help = false;
	unsigned i;
	int argc = RT_OPTION_LIST_MAX + 1;

	(void)state;
	for (i = 1; i < RT_COUNT_OF(argv); i++)
		argv[i] = option;
	assert_int_equal(parse(&v, &argc, argv, &help, &d), RT_OK);
	assert_int_equal(v.rules.count, RT_OPTION_LIST_MAX);
	v.rules.count = 0;
	argc = RT_OPTION_LIST_MAX + 2;
	assert_int_equal(parse(&v, &argc, argv, &help, &d), RT_E_FULL);
	assert_string_equal(d.what, "--fault can be given 64 times");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(reads_every_type_in_every_spelling),
	    cmocka_unit_test(keeps_operands_in_order_wherever_they_stand),
	    cmocka_unit_test(says_what_is_wrong_with_a_command_line),
	    cmocka_unit_test(helps_from_the_same_rows),
	    cmocka_unit_test(completes_endpoints),
	    cmocka_unit_test(refuses_an_endpoint_that_does_not_fit),
	    cmocka_unit_test(reads_durations),
	    cmocka_unit_test(bounds_a_list),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
