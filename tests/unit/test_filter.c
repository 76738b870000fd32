/* SPDX-License-Identifier: MIT */
/* Filters as typed, what they let through, and the line they are typed on. */
#include "tui/filter.h"

#include <stdio.h>
#include <string.h>

#include "tests/unit/util.h"
#include "tui/prompt.h"
#include "tui/term.h"

static struct rt_filter
parsed(const char *text)
{
	struct rt_filter f;
	struct rt_diag d = {{0}, {0}};

	if (rt_filter_parse(&f, rt_str_of(text), &d) != RT_OK)
		fail_msg("%s: %s", text, d.what);
	return f;
}

static struct rt_trail_row
event(void)
{
	return (struct rt_trail_row){.operation_id = "op-5d1e",
	    .service = "checkout",
	    .route = "/v1/chat/completions",
	    .model = "m-Small",
	    .status = 503,
	    .error_class = RT_CLASS_SERVER_ERROR,
	    .decision = RT_DECISION_FALLBACK_SECONDARY,
	    .outcome = RT_OUTCOME_COUNT};
}

static void
terms_let_events_through_or_not(void **state)
{
	static const struct {
		const char *text;
		bool want;
	} rows[] = {
	    {"", true},
	    {"   ", true},
	    {"service:checkout", true},
	    {"service:CHECK", true},
	    {"service:search", false},
	    {"!service:search", true},
	    {"!service:checkout", false},
	    {"!!service:checkout", true},
	    {"ROUTE:chat", true},
	    {"route:/v1/chat/completions/x", false},
	    {"model:small", true},
	    {"op:5d1e", true},
	    {"class:server", true},
	    {"class:timeout,server_error", true},
	    {"class:timeout,auth", false},
	    {"!class:timeout,server_error", false},
	    {"decision:fallback", true},
	    {"decision:-", false},
	    {"st:503", true},
	    {"st:5xx", true},
	    {"st:5XX", true},
	    {"st:4xx,5xx", true},
	    {"st:4xx", false},
	    {"st:-", false},
	    {"version:-", true},
	    {"version:2", false},
	    {"chat", true},
	    {"5d1", true},
	    {"nowhere", false},
	    {"!nowhere", true},
	    {"service:checkout st:5xx", true},
	    {"service:checkout st:4xx", false},
	    {"service:checkout  !st:4xx small", true},
	};
	struct rt_trail_row e = event();

	(void)state;
	for (size_t i = 0; i < RT_COUNT_OF(rows); i++) {
		struct rt_filter f = parsed(rows[i].text);

		if (rt_filter_event(&f, &e) != rows[i].want)
			fail_msg("\"%s\" should%s match", rows[i].text,
			    rows[i].want ? "" : " not");
	}
}

static void
absent_is_a_value_of_its_own(void **state)
{
	struct rt_trail_row e = {.operation_id = "op-1",
	    .is_summary = true,
	    .decision = RT_DECISION_COUNT};
	static const char *const yes[] = {
	    "st:-", "decision:-", "class:-", "service:-", "!st:5xx"};

	(void)state;
	for (size_t i = 0; i < RT_COUNT_OF(yes); i++) {
		struct rt_filter f = parsed(yes[i]);

		if (!rt_filter_event(&f, &e))
			fail_msg("%s should match", yes[i]);
	}
}

static void
what_is_wrong_is_said_and_changes_nothing(void **state)
{
	static const struct {
		const char *text, *what;
		enum rt_err want;
	} rows[] = {
	    {"nokey:1", "no such key: nokey", RT_E_FIELD},
	    {"class:", "class: needs a value", RT_E_FIELD},
	    {"class:a,,b", "class: needs a value", RT_E_FIELD},
	    {"class:a,", "class: needs a value", RT_E_FIELD},
	    {"!", "a word: needs a value", RT_E_FIELD},
	    {":x", "no such key: ", RT_E_FIELD},
	    {"st:6xx", "st: takes a status", RT_E_FIELD},
	    {"st:50", "st: takes a status", RT_E_FIELD},
	    {"st:5x3", "st: takes a status", RT_E_FIELD},
	    {"st:5xxx", "st: takes a status", RT_E_FIELD},
	    {"a b c d e f g h i j k l m n o p q", "more than 16 terms",
		RT_E_TOO_LARGE},
	};
	struct rt_filter before = parsed("service:x"), f = before;

	(void)state;
	for (size_t i = 0; i < RT_COUNT_OF(rows); i++) {
		struct rt_diag d = {{0}, {0}};

		assert_int_equal(
		    rt_filter_parse(&f, rt_str_of(rows[i].text), &d),
		    rows[i].want);
		if (!strstr(d.what, rows[i].what))
			fail_msg("%s: %s", rows[i].text, d.what);
		assert_memory_equal(&f, &before, sizeof(f));
	}
	assert_int_equal(
	    parsed("a b c d e f g h i j k l m n o p").count, RT_FILTER_TERMS);
}

static void
two_hundred_bytes_are_taken_and_one_more_is_not(void **state)
{
	char text[RT_FILTER_MAX + 2];
	struct rt_filter f;

	(void)state;
	memset(text, 'a', sizeof(text));
	text[RT_FILTER_MAX] = '\0';
	assert_int_equal(rt_filter_parse(&f, rt_str_of(text), NULL), RT_OK);
	text[RT_FILTER_MAX] = 'a';
	text[RT_FILTER_MAX + 1] = '\0';
	assert_int_equal(
	    rt_filter_parse(&f, rt_str_of(text), NULL), RT_E_TOO_LARGE);
}

static void
rows_are_held_against_what_they_have(void **state)
{
	static const struct {
		const char *text;
		bool series, fallback;
	} rows[] = {
	    {"service:checkout", true, true},
	    {"service:search", false, true},
	    {"model:small", true, true},
	    {"model:backup", false, true},
	    {"model:other", false, false},
	    {"st:5xx class:auth op:x decision:none", true, true},
	    {"version:7", true, true},
	    {"nowhere", false, false},
	};
	struct rt_report_series s = {.labels = {NULL}};
	struct rt_report_fallback b = {.from = "m-small", .to = "m-backup"};

	(void)state;
	s.labels[RT_LABEL_SERVICE] = "checkout";
	s.labels[RT_LABEL_MODEL_REQUESTED] = "m-small";
	for (size_t i = 0; i < RT_COUNT_OF(rows); i++) {
		struct rt_filter f = parsed(rows[i].text);

		if (rt_filter_series(&f, &s) != rows[i].series ||
		    rt_filter_fallback(&f, &b) != rows[i].fallback)
			fail_msg("%s", rows[i].text);
	}
}

/* ---- the line --------------------------------------------------------------- */

static void
fill(struct rt_report *r)
{
	static const char *const services[] = {
	    "checkout", "search", "checkout", "chat bot"};

	rt_report_init(r);
	for (size_t i = 0; i < RT_COUNT_OF(services); i++)
		rt_report_add_series(r)->labels[RT_LABEL_SERVICE] = services[i];
}

/* Types plain text. */
static void
type(struct rt_prompt *p, const struct rt_report *r, const char *z)
{
	for (; *z; z++)
		assert_int_equal(
		    rt_prompt_key(p, (unsigned char)*z, r), RT_PROMPT_EDITS);
}

static void
press(struct rt_prompt *p, const struct rt_report *r, int code, unsigned n)
{
	while (n-- > 0)
		assert_int_equal(rt_prompt_key(p, code, r), RT_PROMPT_EDITS);
}

static void
editing_moves_by_whole_characters(void **state)
{
	struct rt_prompt p = {.is_open = false};
	struct rt_report r;

	(void)state;
	fill(&r);
	rt_prompt_open(&p, RT_PROMPT_FILTER, "");
	type(&p, &r, "abc");
	press(&p, &r, 0xe9, 1);
	press(&p, &r, RT_KEY_LEFT, 2);
	type(&p, &r, "X");
	assert_string_equal(p.text, "abXc\xc3\xa9");
	press(&p, &r, RT_KEY_END, 1);
	press(&p, &r, RT_KEY_BACKSPACE, 1);
	assert_string_equal(p.text, "abXc");
	press(&p, &r, RT_KEY_HOME, 1);
	press(&p, &r, RT_KEY_BACKSPACE, 1);
	press(&p, &r, RT_KEY_DELETE, 1);
	assert_string_equal(p.text, "bXc");
	press(&p, &r, RT_KEY_END, 1);
	type(&p, &r, " de ");
	press(&p, &r, 'w' & 31, 1);
	assert_string_equal(p.text, "bXc ");
	press(&p, &r, 'u' & 31, 1);
	assert_string_equal(p.text, "");
	press(&p, &r, 0x202e, 1); /* would turn the line around */
	press(&p, &r, RT_KEY_F1, 1);
	assert_string_equal(p.text, "");
	rt_report_fini(&r);
}

static void
a_full_line_takes_no_more(void **state)
{
	struct rt_prompt p = {.is_open = false};
	struct rt_report r;

	(void)state;
	fill(&r);
	rt_prompt_open(&p, RT_PROMPT_FILTER, "");
	press(&p, &r, 'a', RT_FILTER_MAX - 1);
	press(&p, &r, 0xe9, 1); /* two bytes */
	assert_int_equal(strlen(p.text), RT_FILTER_MAX - 1);
	press(&p, &r, 'b', 3);
	assert_int_equal(strlen(p.text), RT_FILTER_MAX);
	rt_report_fini(&r);
}

static void
history_keeps_the_draft_and_the_last_sixteen(void **state)
{
	struct rt_prompt p = {.is_open = false};
	struct rt_report r;
	char text[16];

	(void)state;
	fill(&r);
	for (unsigned i = 0; i < RT_PROMPT_HISTORY + 2; i++) {
		snprintf(text, sizeof(text), "st:%u", 400 + i);
		rt_prompt_open(&p, RT_PROMPT_FILTER, text);
		rt_prompt_remember(&p);
		rt_prompt_remember(&p);
	}
	assert_int_equal(p.history[RT_PROMPT_FILTER].count, RT_PROMPT_HISTORY);
	rt_prompt_open(&p, RT_PROMPT_FILTER, "dra");
	press(&p, &r, RT_KEY_UP, 1);
	assert_string_equal(p.text, "st:417");
	press(&p, &r, RT_KEY_UP, 99);
	assert_string_equal(p.text, "st:402");
	press(&p, &r, RT_KEY_DOWN, 99);
	assert_string_equal(p.text, "dra");
	rt_report_fini(&r);
}

static void
tab_completes_keys_and_values_in_turn(void **state)
{
	static const struct {
		const char *typed;
		unsigned tabs;
		const char *want;
	} rows[] = {
	    {"se", 1, "service:"},
	    {"!cl", 1, "!class:"},
	    {"service:", 1, "service:checkout"},
	    {"service:", 2, "service:search"},
	    {"service:", 3, "service:checkout"},
	    {"st:5xx service:s", 1, "st:5xx service:search"},
	    {"class:auth,ti", 1, "class:auth,timeout"},
	    {"decision:retry", 1, "decision:retry_same"},
	    {"st:4", 3, "st:408"},
	    {"zz", 1, "zz"},
	    {"nokey:x", 2, "nokey:x"},
	    {"op:", 1, "op:"},
	};
	struct rt_report r;

	(void)state;
	fill(&r);
	for (size_t i = 0; i < RT_COUNT_OF(rows); i++) {
		struct rt_prompt p = {.is_open = false};

		rt_prompt_open(&p, RT_PROMPT_FILTER, "");
		type(&p, &r, rows[i].typed);
		press(&p, &r, RT_KEY_TAB, rows[i].tabs);
		assert_string_equal(p.text, rows[i].want);
		assert_int_equal(p.at, strlen(p.text));
	}
	rt_report_fini(&r);
}

static void
enter_accepts_and_escape_cancels(void **state)
{
	struct rt_prompt p = {.is_open = false};
	struct rt_report r;

	(void)state;
	fill(&r);
	rt_prompt_open(&p, RT_PROMPT_FILTER, "x");
	assert_int_equal(
	    rt_prompt_key(&p, RT_KEY_ENTER, &r), RT_PROMPT_ACCEPTED);
	assert_true(p.is_open);
	assert_int_equal(
	    rt_prompt_key(&p, RT_KEY_ESC, &r), RT_PROMPT_CANCELLED);
	rt_report_fini(&r);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(terms_let_events_through_or_not),
	    cmocka_unit_test(absent_is_a_value_of_its_own),
	    cmocka_unit_test(what_is_wrong_is_said_and_changes_nothing),
	    cmocka_unit_test(two_hundred_bytes_are_taken_and_one_more_is_not),
	    cmocka_unit_test(rows_are_held_against_what_they_have),
	    cmocka_unit_test(editing_moves_by_whole_characters),
	    cmocka_unit_test(a_full_line_takes_no_more),
	    cmocka_unit_test(history_keeps_the_draft_and_the_last_sixteen),
	    cmocka_unit_test(tab_completes_keys_and_values_in_turn),
	    cmocka_unit_test(enter_accepts_and_escape_cancels),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
