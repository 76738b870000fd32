/* SPDX-License-Identifier: MIT */
/* Waterfalls from records as lines: rows, sums, fate, checks, text. */
#include "proto/waterfall.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "proto/json.h"
#include "proto/rules.h"
#include "tests/unit/util.h"

#define A "{\"schema\":\"llm-attempt/v1\",\"operation_id\":\"op-1\","
#define S "{\"schema\":\"llm-operation/v1\",\"operation_id\":\"op-1\","
#define AT(ms) "\"ts\":\"2026-06-13T09:00:0" ms "Z\","
#define LINES_MAX 6

#define RESCUED                                                                \
	{                                                                      \
		A AT("0.201") "\"attempt\":1,\"max_attempts\":3,\"service\":"  \
			      "\"checkout\",\"http_route\":\"/v1/chat\","      \
			      "\"http_response_status_code\":429,\"elapsed_"   \
			      "ms\":201,\"decision\":\"retry_same\","          \
			      "\"decision_reason\":\"http_429\",\"backoff_"    \
			      "ms\":800,\"timeout_budget_ms\":10000,\"model_"  \
			      "requested\":\"m-small\",\"streaming\":true}",   \
		    A AT("1.177") "\"attempt\":2,\"max_attempts\":3,"          \
				  "\"service\":\"checkout\",\"http_response_"  \
				  "status_code\":503,\"elapsed_ms\":170,"      \
				  "\"decision\":\"fallback_secondary\","       \
				  "\"decision_reason\":\"http_503\","          \
				  "\"fallback_target\":\"m-backup\",\"model_"  \
				  "requested\":\"m-small\",\"streaming\":"     \
				  "true}",                                     \
		    A AT("1.620") "\"attempt\":3,\"max_attempts\":3,"          \
				  "\"service\":\"checkout\",\"http_response_"  \
				  "status_code\":200,\"elapsed_ms\":437,"      \
				  "\"decision\":\"none\",\"model_requested\":" \
				  "\"m-backup\",\"streaming\":true,\"finish_"  \
				  "reason_seen\":true,\"usage_seen\":true}"    \
	}

static const char *const rescued[LINES_MAX] = RESCUED;

static struct rt_waterfall *
fall(const char *const lines[], bool is_whole, uint32_t rules)
{
	static struct rt_waterfall w;
	struct rt_report_operation from = {
	    .id = "op-1", .is_whole = is_whole, .rules = rules};
	const char *borrowed[LINES_MAX];

	while (from.count < LINES_MAX && lines[from.count]) {
		borrowed[from.count] = lines[from.count];
		from.count++;
	}
	from.lines = borrowed;
	assert_true(rt_waterfall_read(&w, &from));
	return &w;
}

static void
rows_know_when_they_began_and_what_they_waited(void **state)
{
	struct rt_waterfall *w = fall(rescued, true, 0);

	(void)state;
	assert_int_equal(w->count, 3);
	assert_within(w->rows[0].start_ms, 0, 1e-6);
	assert_within(w->rows[0].elapsed_ms, 201, 1e-6);
	assert_within(w->rows[0].planned_ms, 800, 1e-6);
	assert_within(w->rows[0].wait_ms, 806, 1e-6);
	assert_within(w->rows[1].start_ms, 1007, 1e-6);
	assert_within(w->rows[1].wait_ms, 6, 1e-6);
	assert_false(rt_ms_known(w->rows[1].planned_ms));
	assert_false(w->rows[2].is_followed);
	assert_int_equal(w->rows[2].usage, RT_SAID_YES);
	assert_int_equal(w->rows[1].usage, RT_SAID_NOTHING);
	assert_string_equal(w->rows[1].target, "m-backup");
	assert_string_equal(w->service, "checkout");
}

static void
sums_are_of_retries_and_of_all_the_time(void **state)
{
	struct rt_waterfall *w = fall(rescued, true, 0);

	(void)state;
	assert_within(w->planned_ms, 800, 1e-6);
	assert_within(w->observed_ms, 806, 1e-6);
	assert_within(w->elapsed_ms, 1620, 1e-6);
	assert_within(w->timeout_budget_ms, 10000, 1e-6);
	assert_int_equal(w->tries, 3);
	assert_int_equal(w->max_attempts, 3);
	assert_int_equal(w->fate, RT_FATE_RESCUED_BY_FALLBACK);
}

/* ---- what is not known ------------------------------------------------------ */

static void
without_elapsed_no_start_and_no_wait_is_known(void **state)
{
	const char *lines[LINES_MAX] = {
	    A AT("0.201") "\"attempt\":1,\"decision\":\"retry_same\","
			  "\"error_type\":\"timeout\",\"backoff_ms\":10}",
	    A AT("1.201") "\"attempt\":2,\"http_response_status_code\":200}",
	};
	struct rt_waterfall *w = fall(lines, true, 0);

	(void)state;
	assert_false(rt_ms_known(w->rows[0].start_ms));
	assert_false(rt_ms_known(w->rows[0].wait_ms));
	assert_within(w->rows[0].end_ms, 0, 1e-6);
	assert_within(w->rows[1].end_ms, 1000, 1e-6);
	assert_false(rt_ms_known(w->elapsed_ms));
	assert_false(rt_ms_known(w->observed_ms));
	assert_within(w->planned_ms, 10, 1e-6);
	assert_false(rt_ms_known(w->timeout_budget_ms));
	assert_int_equal(w->max_attempts, 0);
}

static void
without_times_there_is_no_axis(void **state)
{
	const char *lines[LINES_MAX] = {A "\"attempt\":1,\"error_type\":"
					  "\"timeout\"}"};
	struct rt_waterfall *w = fall(lines, true, 0);

	(void)state;
	assert_int_equal(w->first_us, 0);
	assert_int_equal(w->fate, RT_FATE_COUNT);
	assert_string_equal(rt_waterfall_fate(w), "not ended");
}

static void
an_operation_known_by_its_summary_has_no_rows(void **state)
{
	const char *lines[LINES_MAX] = {
	    S AT("4.000") "\"final_outcome\":\"success\",\"attempts\":2,"
			  "\"elapsed_ms\":700}"};
	struct rt_waterfall *w = fall(lines, true, 0);

	(void)state;
	assert_int_equal(w->count, 0);
	assert_int_equal(w->summaries, 1);
	assert_int_equal(w->tries, 2);
	assert_within(w->elapsed_ms, 700, 1e-6);
	assert_int_equal(w->fate, RT_FATE_RESCUED_BY_RETRY);
}

static void
what_is_not_held_is_no_waterfall(void **state)
{
	struct rt_report_operation from = {.id = "op-9"};
	static struct rt_waterfall w;

	(void)state;
	assert_false(rt_waterfall_read(&w, &from));
	assert_string_equal(w.id, "op-9");
}

static void
a_line_that_cannot_be_read_makes_it_not_whole(void **state)
{
	const char *lines[LINES_MAX] = {"{}",
	    A AT("0.500") "\"attempt\":1,\"http_response_status_code\":"
			  "200,\"elapsed_ms\":5}"};

	(void)state;
	assert_false(fall(lines, true, 0)->is_whole);
}

static void
attempts_beyond_the_capacity_are_counted(void **state)
{
	static struct rt_waterfall w;
	struct rt_event e = {.kind = RT_KIND_ATTEMPT};

	(void)state;
	rt_waterfall_init(&w);
	e.present = RT_FIELD_BIT(ATTEMPT);
	for (unsigned i = 0; i < RT_WATERFALL_ROWS + 3; i++) {
		e.attempt = i + 1;
		rt_waterfall_add(&w, &e);
	}
	rt_waterfall_finish(&w, true, 0);
	assert_int_equal(w.count, RT_WATERFALL_ROWS);
	assert_int_equal(w.more, 3);
	assert_int_equal(w.tries, RT_WATERFALL_ROWS + 3);
}

/* ---- checks -------------------------------------------------------------------- */

#define OK RT_CHECK_OK
#define BAD RT_CHECK_BROKEN
#define DUNNO RT_CHECK_UNKNOWN
#define NIL RT_CHECK_NOTHING
#define RETRY(number, end, more)                           \
	A AT(end) "\"attempt\":" number ",\"elapsed_ms\":" \
		  "100,\"http_response_status_code\":503," \
		  "\"decision\":\"retry_same\"" more "}"
#define FINE(number, end, more)                            \
	A AT(end) "\"attempt\":" number ",\"elapsed_ms\":" \
		  "100,\"http_response_status_code\":200" more "}"

/* clang-format off */
static const struct {
	const char *what;
	const char *lines[LINES_MAX];
	bool is_part;
	uint32_t rules;
	enum rt_check check;
	enum rt_check_state want;
} rows[] = {
	{"1, 2", {RETRY("1", "1.0", ""), FINE("2", "2.0", "")}, false, 0, RT_CHECK_NUMBERS, OK},
	{"the same again", {RETRY("1", "1.0", ""), FINE("1", "2.0", "")}, false, 0, RT_CHECK_NUMBERS, OK},
	{"1, 3", {RETRY("1", "1.0", ""), FINE("3", "2.0", "")}, false, 0, RT_CHECK_NUMBERS, BAD},
	{"2, 1", {RETRY("1", "1.0", ""), RETRY("2", "2.0", ""), FINE("1", "3.0", "")}, false, 0, RT_CHECK_NUMBERS, BAD},
	{"begins with 2", {FINE("2", "1.0", "")}, false, 0, RT_CHECK_NUMBERS, BAD},
	{"begins with 2, the first is gone", {FINE("2", "1.0", "")}, true, 0, RT_CHECK_NUMBERS, DUNNO},
	{"begins with 2, requeued", {FINE("2", "1.0", ",\"requeue_count\":1")}, false, 0, RT_CHECK_NUMBERS, DUNNO},

	{"success", {FINE("1", "1.0", "")}, false, 0, RT_CHECK_FINAL, OK},
	{"still going", {RETRY("1", "1.0", "")}, false, 0, RT_CHECK_FINAL, DUNNO},
	{"fell silent", {RETRY("1", "1.0", "")}, false, 1u << RT_RULE_NO_TERMINAL, RT_CHECK_FINAL, BAD},
	{"summary", {RETRY("1", "1.0", ""), S "\"final_outcome\":\"unknown\"}"}, false, 0, RT_CHECK_FINAL, OK},

	{"no retry", {FINE("1", "1.0", "")}, false, 0, RT_CHECK_BACKOFF, NIL},
	{"nothing followed", {RETRY("1", "1.0", ",\"backoff_ms\":900")}, false, 0, RT_CHECK_BACKOFF, NIL},
	{"90 %", {RETRY("1", "1.0", ",\"backoff_ms\":1000"), FINE("2", "2.0", "")}, false, 0, RT_CHECK_BACKOFF, OK},
	{"below 90 %", {RETRY("1", "1.0", ",\"backoff_ms\":1001"), FINE("2", "2.0", "")}, false, 0, RT_CHECK_BACKOFF, BAD},
	{"no plan", {RETRY("1", "1.0", ""), FINE("2", "2.0", "")}, false, 0, RT_CHECK_BACKOFF, DUNNO},
	{"whole seconds", {RETRY("1", "1", ",\"backoff_ms\":1001"), FINE("2", "2", "")}, false, 0, RT_CHECK_BACKOFF, DUNNO},
	{"runbook says what was applied", {RETRY("1", "1.0", ",\"backoff_ms\":1001,\"source_shape\":\"runbook\""), FINE("2", "2.0", "")}, false, 0, RT_CHECK_BACKOFF, DUNNO},
	{"one known broken, one unknown", {RETRY("1", "1.0", ",\"backoff_ms\":1001"), RETRY("2", "2.0", ""), FINE("3", "3.0", "")}, false, 0, RT_CHECK_BACKOFF, BAD},

	{"no fallback", {FINE("1", "1.0", "")}, false, 0, RT_CHECK_REASON, NIL},
	{"a reason", {A "\"attempt\":1,\"error_type\":\"timeout\",\"decision\":\"fallback_secondary\",\"decision_reason\":\"x\"}"}, false, 0, RT_CHECK_REASON, OK},
	{"no reason", {A "\"attempt\":1,\"error_type\":\"timeout\",\"decision\":\"fallback_secondary\"}"}, false, 0, RT_CHECK_REASON, BAD},

	{"not a stream", {FINE("1", "1.0", ",\"streaming\":false")}, false, 0, RT_CHECK_FINISH, NIL},
	{"nobody said", {FINE("1", "1.0", "")}, false, 0, RT_CHECK_FINISH, DUNNO},
	{"finish not recorded", {FINE("1", "1.0", ",\"streaming\":true")}, false, 0, RT_CHECK_FINISH, DUNNO},
	{"finish seen", {FINE("1", "1.0", ",\"streaming\":true,\"finish_reason_seen\":true")}, false, 0, RT_CHECK_FINISH, OK},
	{"cut", {FINE("1", "1.0", ",\"streaming\":true,\"finish_reason_seen\":false")}, false, 0, RT_CHECK_FINISH, BAD},
	{"a failed one finishes nothing", {RETRY("1", "1.0", ",\"streaming\":true")}, false, 0, RT_CHECK_FINISH, NIL},

	{"no cap", {FINE("1", "1.0", "")}, false, 0, RT_CHECK_ATTEMPTS, DUNNO},
	{"at the cap", {RETRY("1", "1.0", ""), FINE("2", "2.0", ",\"max_attempts\":2")}, false, 0, RT_CHECK_ATTEMPTS, OK},
	{"beyond the cap", {RETRY("1", "1.0", ""), FINE("2", "2.0", ",\"max_attempts\":1")}, false, 0, RT_CHECK_ATTEMPTS, BAD},

	{"no budget", {FINE("1", "1.0", "")}, false, 0, RT_CHECK_BUDGET, DUNNO},
	{"110 %", {RETRY("1", "1.0", ""), FINE("2", "2.0", ",\"timeout_budget_ms\":1000")}, false, 0, RT_CHECK_BUDGET, OK},
	{"beyond 110 %", {RETRY("1", "1.0", ""), FINE("2", "2.0", ",\"timeout_budget_ms\":999")}, false, 0, RT_CHECK_BUDGET, BAD},
	{"the first is gone", {FINE("2", "2.0", ",\"timeout_budget_ms\":10")}, true, 0, RT_CHECK_BUDGET, DUNNO},

	{"clean", {FINE("1", "1.0", "")}, false, 0, RT_CHECK_SENSITIVE, OK},
	{"dropped", {FINE("1", "1.0", "")}, false, 1u << RT_RULE_SENSITIVE, RT_CHECK_SENSITIVE, BAD},
	{"nobody looks", {FINE("1", "1.0", ",\"synthetic\":true")}, false, 0, RT_CHECK_SENSITIVE, DUNNO},
};
/* clang-format on */

static void
checks_are_ok_broken_unknown_or_nothing(void **state)
{
	(void)state;
	for (size_t i = 0; i < RT_COUNT_OF(rows); i++) {
		const struct rt_waterfall *w =
		    fall(rows[i].lines, !rows[i].is_part, rows[i].rules);
		enum rt_check_state got = w->checks[rows[i].check];

		if (got != rows[i].want)
			fail_msg("%s, %s: %s, not %s",
			    rt_check_key(rows[i].check), rows[i].what,
			    rt_check_state_name(got),
			    rt_check_state_name(rows[i].want));
	}
}

/* ---- the axis -------------------------------------------------------------------- */

static void
steps_are_round_and_hold_the_span(void **state)
{
	static const struct {
		double span_ms, want;
	} spans[] = {{0, 1}, {-3, 1}, {5, 1}, {5.1, 2}, {11, 3}, {16, 5},
	    {1500, 300}, {1620, 500}, {100000, 20000}, {2678400000.0, 1e9}};

	(void)state;
	for (size_t i = 0; i < RT_COUNT_OF(spans); i++)
		assert_within(rt_waterfall_step_ms(spans[i].span_ms, 5),
		    spans[i].want, 1e-9);
}

static void
bars_stay_on_the_axis_and_are_never_nothing(void **state)
{
	static const struct {
		double start_ms, end_ms;
		unsigned from, to;
	} bars[] = {
	    {0, 100, 0, 10},
	    {50, 51, 5, 6},
	    {99.9, 100, 9, 10},
	    {100, 100, 9, 10},
	    {50, 20, 5, 6},
	    {-50, 500, 0, 10},
	};

	(void)state;
	for (size_t i = 0; i < RT_COUNT_OF(bars); i++) {
		unsigned from, to;

		rt_waterfall_bar(
		    bars[i].start_ms, bars[i].end_ms, 100, 10, &from, &to);
		assert_int_equal(from, bars[i].from);
		assert_int_equal(to, bars[i].to);
	}
}

/* ---- as text and JSON ---------------------------------------------------------------- */

static const char *
text_of(const struct rt_waterfall *w)
{
	static char text[16384];
	struct rt_buf b;

	rt_buf_init_fixed(&b, text, sizeof(text));
	rt_waterfall_format_text(&b, w);
	assert_false(b.overflow);
	return text;
}

static void
the_text_looks_as_agreed(void **state)
{
	const char *text =
	    text_of(fall(rescued, true, 1u << RT_RULE_RETRY_AFTER_IGNORED));

	(void)state;
	assert_golden_file("tests/golden/operation.txt", text);
}

static void
no_line_of_text_passes_100_columns(void **state)
{
	const char *lines[LINES_MAX] = {
	    A AT("1.000") "\"attempt\":2147483647,\"elapsed_ms\":2678400000,"
			  "\"backoff_ms\":2678400000,\"decision\":"
			  "\"a_word_of_their_own_that_is_rather_long\","
			  "\"decision_reason\":\"a reason that goes on and "
			  "on\",\"error_type\":\"stream_interrupted\","
			  "\"model_requested\":\"a-model-with-a-long-name-"
			  "2026-05-01\"}",
	    A AT("2.000") "\"attempt\":1,\"http_response_status_code\":200}"};
	const char *z = text_of(fall(lines, false, UINT32_MAX >> 1));

	(void)state;
	for (; *z; z += strcspn(z, "\n") + 1)
		if (strcspn(z, "\n") > 100)
			fail_msg("%.*s", (int)strcspn(z, "\n"), z);
}

static void
json_tells_absent_as_null_and_repeats_the_records(void **state)
{
	static char text[16384];
	const char *lines[] = {A "\"attempt\":1,\"error_type\":\"timeout\"}"};
	struct rt_report_operation from = {
	    .id = "op-1", .lines = lines, .count = 1, .is_whole = true};
	static struct rt_waterfall w;
	struct rt_buf b;

	(void)state;
	assert_true(rt_waterfall_read(&w, &from));
	rt_buf_init_fixed(&b, text, sizeof(text));
	rt_waterfall_format_json(&b, &w, &from);
	assert_non_null(strstr(text, "\"is_held\":true"));
	assert_non_null(strstr(text, "\"start_ms\":null"));
	assert_non_null(strstr(text, "\"status\":null"));
	assert_non_null(strstr(text, "\"backoff\":\"nothing\""));
	assert_non_null(strstr(text, lines[0]));
	rt_buf_reset(&b);
	from.count = 0;
	rt_waterfall_format_json(&b, NULL, &from);
	assert_string_equal(text,
	    "{\"schema\":\"retrytop-operation/v1\",\"operation_id\":\"op-1\","
	    "\"is_held\":false}\n");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(rows_know_when_they_began_and_what_they_waited),
	    cmocka_unit_test(sums_are_of_retries_and_of_all_the_time),
	    cmocka_unit_test(without_elapsed_no_start_and_no_wait_is_known),
	    cmocka_unit_test(without_times_there_is_no_axis),
	    cmocka_unit_test(an_operation_known_by_its_summary_has_no_rows),
	    cmocka_unit_test(what_is_not_held_is_no_waterfall),
	    cmocka_unit_test(a_line_that_cannot_be_read_makes_it_not_whole),
	    cmocka_unit_test(attempts_beyond_the_capacity_are_counted),
	    cmocka_unit_test(checks_are_ok_broken_unknown_or_nothing),
	    cmocka_unit_test(steps_are_round_and_hold_the_span),
	    cmocka_unit_test(bars_stay_on_the_axis_and_are_never_nothing),
	    cmocka_unit_test(the_text_looks_as_agreed),
	    cmocka_unit_test(no_line_of_text_passes_100_columns),
	    cmocka_unit_test(json_tells_absent_as_null_and_repeats_the_records),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
