/* SPDX-License-Identifier: MIT */
/* How much of an opened count is held, said as it is. */
#include "tui/held.h"

#include <stdio.h>
#include <string.h>

#include "tests/unit/util.h"

#define NOW_US INT64_C(1781341471000000)
#define S_US INT64_C(1000000)

static struct rt_trail trail;
static struct rt_report report;
static struct rt_oplist list;

static int
begin(void **state)
{
	(void)state;
	rt_trail_clear(&trail);
	rt_report_init(&report);
	report.source.is_live = true;
	report.source.window_s = 300;
	report.source.now_us = NOW_US;
	return 0;
}

static int
end(void **state)
{
	(void)state;
	rt_report_fini(&report);
	return 0;
}

struct seen {
	const char *id; /* NULL: none */
	const char *service, *model, *target;
	int64_t ago_s; /* -1: without a time stamp */
	enum rt_class error_class;
	bool is_summary, is_synthetic;
};

static void
see(struct seen s)
{
	struct rt_event e = {
	    .kind = s.is_summary ? RT_KIND_SUMMARY : RT_KIND_ATTEMPT,
	    .error_class = s.error_class,
	    .operation_id = rt_str_of(s.id),
	    .service = rt_str_of(s.service),
	    .model_requested = rt_str_of(s.model),
	    .fallback_target = rt_str_of(s.target),
	    .decision_reason = rt_str_of("timeout"),
	    .ts_us = NOW_US - s.ago_s * S_US,
	    .decision =
		s.target ? RT_DECISION_FALLBACK_SECONDARY : RT_DECISION_NONE,
	    .synthetic = s.is_synthetic};

	e.present = RT_FIELD_BIT(DECISION) | RT_FIELD_BIT(DECISION_REASON);
	if (s.id)
		e.present |= RT_FIELD_BIT(OPERATION_ID);
	if (s.ago_s >= 0)
		e.present |= RT_FIELD_BIT(TS);
	if (s.is_synthetic)
		e.present |= RT_FIELD_BIT(SYNTHETIC);
	rt_trail_add(&trail, &e);
}

static const char *
held_of(enum rt_list_kind kind, const char *a, const char *b, const char *c)
{
	static char text[64];
	struct rt_list_of of;
	const char *const words[] = {a, b, c};

	memset(&of, 0, sizeof(of));
	of.kind = kind;
	of.error_class = RT_CLASS_TIMEOUT;
	for (size_t i = 0; i < 3; i++)
		if (words[i])
			snprintf(
			    of.words[i], sizeof(of.words[i]), "%s", words[i]);
	rt_oplist_make(&list, &of, &trail, &report, NULL, NULL);
	rt_held_text(text, &list);
	return text;
}

static void
add_route(const char *service, uint64_t attempts)
{
	struct rt_report_series *s = rt_report_add_series(&report);

	s->labels[RT_LABEL_SERVICE] = service;
	s->labels[RT_LABEL_MODEL_REQUESTED] = "m";
	s->counts->n[RT_C_ATTEMPTS] = attempts;
}

static void
a_route_holds_some_or_all_of_its_attempts(void **state)
{
	(void)state;
	add_route("checkout", 412);
	add_route("search", 2);
	see((struct seen){"a", "checkout", "m", .ago_s = 5});
	see((struct seen){"a", "checkout", "m", .ago_s = 4});
	see((struct seen){"b", "search", "m", .ago_s = 3});
	see((struct seen){"c", "search", "m", .ago_s = 3});
	/* neither an attempt nor of this route */
	see((struct seen){"c", "search", "m", .ago_s = 3, .is_summary = true});
	see((struct seen){"d", "search", "other", .ago_s = 3});
	assert_string_equal(held_of(RT_LIST_ROUTE, "checkout", "", "m"),
	    "2 of 412 attempts held");
	assert_string_equal(
	    held_of(RT_LIST_ROUTE, "search", "", "m"), "all 2 attempts held");
}

static void
what_is_older_than_the_window_is_not_of_the_count(void **state)
{
	(void)state;
	add_route("checkout", 2);
	see((struct seen){"old", "checkout", "m", .ago_s = 301});
	see((struct seen){"edge", "checkout", "m", .ago_s = 300});
	assert_string_equal(held_of(RT_LIST_ROUTE, "checkout", "", "m"),
	    "1 of 2 attempts held");
	see((struct seen){"undated", "checkout", "m", .ago_s = -1});
	assert_string_equal(
	    held_of(RT_LIST_ROUTE, "checkout", "", "m"), "all 2 attempts held");
	/* The window's slots may leave out what this one still has. */
	see((struct seen){"edge", "checkout", "m", .ago_s = 299});
	assert_string_equal(
	    held_of(RT_LIST_ROUTE, "checkout", "", "m"), "all 2 attempts held");
	/* Of the past the window ends then. */
	report.source.at_us = NOW_US - 10 * S_US;
	assert_string_equal(held_of(RT_LIST_ROUTE, "checkout", "", "m"), "");
}

static void
each_kind_of_list_counts_its_own(void **state)
{
	struct rt_report_violation *v = rt_report_add_violation(&report);

	(void)state;
	report.counts.n[RT_C_ATTEMPTS] = 10;
	report.counts.n[RT_C_CLASS + RT_CLASS_TIMEOUT] = 4;
	*rt_report_add_fallback(&report) =
	    (struct rt_report_fallback){"m", "m2", "timeout", 7, 7};
	*rt_report_add_canary(&report) =
	    (struct rt_report_canary){.name = "happy", .attempts = 18};
	v->rule = "retry-of-quota";
	v->count = 30;
	v->examples_count = 1;
	v->examples[0].operation_id = "a";
	see((struct seen){
	    "a", "s", "m", "m2", .error_class = RT_CLASS_TIMEOUT});
	see((struct seen){"a", "s", "m2", .ago_s = 1});
	see((struct seen){"p", "happy", "m", .is_synthetic = true});
	assert_string_equal(
	    held_of(RT_LIST_ALL, "", "", ""), "2 of 10 attempts held");
	assert_string_equal(
	    held_of(RT_LIST_CLASS, "", "", ""), "1 of 4 attempts held");
	assert_string_equal(held_of(RT_LIST_FALLBACK, "m", "m2", "timeout"),
	    "1 of 7 decisions held");
	assert_string_equal(held_of(RT_LIST_RULE, "retry-of-quota", "", ""),
	    "1 of 30 violations held");
	assert_string_equal(
	    held_of(RT_LIST_CANARY, "happy", "", ""), "1 of 18 probes held");
}

static void
where_the_row_is_gone_or_more_is_held_nothing_is_said(void **state)
{
	(void)state;
	assert_string_equal(held_of(RT_LIST_ROUTE, "gone", "", "m"), "");
	add_route("checkout", 1);
	see((struct seen){"a", "checkout", "m", .ago_s = 1});
	see((struct seen){"b", "checkout", "m", .ago_s = 1});
	assert_string_equal(held_of(RT_LIST_ROUTE, "checkout", "", "m"), "");
}

/* A list has so many rows; what is in none of them is not held in it. */
static void
operations_beyond_the_list_are_not_held(void **state)
{
	char id[16], want[64];

	(void)state;
	add_route("checkout", 1000);
	for (unsigned i = 0; i < RT_LIST_ROWS + 44; i++) {
		snprintf(id, sizeof(id), "op-%u", i);
		see((struct seen){id, "checkout", "m", .ago_s = 1});
	}
	snprintf(want, sizeof(want), "%u of 1000 attempts held", RT_LIST_ROWS);
	assert_string_equal(held_of(RT_LIST_ROUTE, "checkout", "", "m"), want);
}

static void
without_an_event_none_is_held(void **state)
{
	(void)state;
	add_route("checkout", 148);
	assert_string_equal(held_of(RT_LIST_ROUTE, "checkout", "", "m"),
	    "0 of 148 attempts held");
}

#define T(name) cmocka_unit_test_setup_teardown(name, begin, end)

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    T(a_route_holds_some_or_all_of_its_attempts),
	    T(what_is_older_than_the_window_is_not_of_the_count),
	    T(each_kind_of_list_counts_its_own),
	    T(where_the_row_is_gone_or_more_is_held_nothing_is_said),
	    T(operations_beyond_the_list_are_not_held),
	    T(without_an_event_none_is_held),
	};

	return cmocka_run_group_tests_name("held", tests, NULL, NULL);
}
