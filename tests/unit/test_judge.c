/* SPDX-License-Identifier: MIT */
#include "tests/unit/util.h"

#include <stdio.h>

#include "collector/canary/document.h"
#include "collector/canary/judge.h"
#include "collector/canary/reply.h"
#include "collector/canary/sse.h"

static const struct rt_judge_rules chat = {0};

/* The five levels as "thbcu", a dot for each that is not reached. */
static const char *
levels_of(const struct rt_judgement *j)
{
	static char out[RT_LEVEL_COUNT + 1];

	for (unsigned i = 0; i < RT_LEVEL_COUNT; i++)
		out[i] = j->levels[i] ? *rt_level_name((enum rt_level)i) : '.';
	return out;
}

static void
check(const char *why, const struct rt_judgement *j, const char *levels,
    const char *error_type)
{
	if (strcmp(levels_of(j), levels) != 0)
		fail_msg("%s: levels %s, not %s", why, levels_of(j), levels);
	if (!error_type != !j->error_type ||
	    (error_type && strcmp(error_type, j->error_type) != 0))
		fail_msg("%s: %s, not %s", why,
		    j->error_type ? j->error_type : "sound",
		    error_type ? error_type : "sound");
}

static void
judges_plain_answers(void **state)
{
	static const struct {
		const char *why;
		int status;
		const char *transport, *body, *levels, *error_type;
	} rows[] = {
	    {"sound", 200, NULL,
		"{\"object\":\"chat.completion\",\"choices\":[{\"message\":"
		"{\"content\":\"x\"},\"finish_reason\":\"stop\"}]}",
		"thbcu", NULL},
	    {"no finish reason", 200, NULL,
		"{\"choices\":[{\"message\":{\"content\":\"x\"},"
		"\"finish_reason\":null}]}",
		"thbc.", "schema_no_finish"},
	    {"no content", 200, NULL,
		"{\"choices\":[{\"message\":{\"content\":\"\"},"
		"\"finish_reason\":\"stop\"}]}",
		"thbc.", "schema_no_content"},
	    {"no choices", 200, NULL, "{\"choices\":[]}", "thb..",
		"schema_mismatch"},
	    {"choices of another type", 200, NULL, "{\"choices\":[7]}", "thb..",
		"schema_mismatch"},
	    {"another shape", 200, NULL, "{\"a\":1}", "thb..",
		"schema_mismatch"},
	    {"error after 200", 200, NULL, "{\"error\":{\"code\":\"x\"}}",
		"thb..", "upstream_error"},
	    {"error as text", 200, NULL, "{\"error\":\"x\"}", "thb..",
		"upstream_error"},
	    {"an array", 200, NULL, "[]", "th...", "parse_error"},
	    {"HTML", 200, NULL, " <html>", "th...", "parse_html"},
	    {"not there, in HTML", 404, NULL, "<html>", "t....",
		"not_found_html"},
	    {"not there", 404, NULL, "{}", "t.b..", "not_found"},
	    {"nothing", 200, NULL, "", "th...", "parse_empty"},
	    {"redirect", 302, NULL, "", "t....", "redirect"},
	    {"refusal", 503, NULL, "{\"error\":{}}", "t.b..", "http_error"},
	    {"refusal in HTML", 503, NULL, "<html>", "t....", "http_error"},
	    {"quota by status", 402, NULL, "{}", "t.b..", "quota"},
	    {"quota by code", 429, NULL,
		"{\"error\":{\"code\":\"insufficient_quota\"}}", "t.b..",
		"quota"},
	    {"the caller's mistake, sent as 500", 500, NULL,
		"{\"error\":{\"code\":\"invalid_request_error\"}}", "t.b..",
		"invalid_request"},
	    {"no answer", 0, "timeout_connect", "", ".....", "timeout_connect"},
	    {"broken off", 200, "connection_reset", "{\"choi", ".h...",
		"connection_reset"},
	};

	(void)state;
	for (size_t i = 0; i < RT_COUNT_OF(rows); i++) {
		struct rt_judgement j;

		rt_judge_plain(&j, &chat, rows[i].status, rows[i].transport,
		    rt_str_of(rows[i].body));
		check(rows[i].why, &j, rows[i].levels, rows[i].error_type);
	}
}

static void
on_event(void *context, struct rt_str data)
{
	rt_judge_event(context, data);
}

/* What the gateway makes of `rule`, as the canary would see it. */
static struct rt_judgement
judged(const char *rule_text, bool is_stream)
{
	struct rt_reply_query q = {.model = rt_str_of("m"),
	    .is_stream = is_stream,
	    .wants_usage = true};
	uint64_t dice = 1;
	struct rt_fault_rule rule;
	struct rt_judgement j;
	struct rt_reply r;
	struct rt_sse s;

	assert_int_equal(
	    rt_fault_parse(rt_str_of(rule_text), &rule, NULL), RT_OK);
	rt_reply_init(&r, &q, &rule, &dice);
	if (is_stream) {
		rt_judge_init(&j, &chat);
		rt_sse_init(&s, on_event, &j);
		rt_sse_push(&s, r.body.p ? r.body.p : "", r.body.len);
		rt_judge_stream(&j, r.status,
		    r.ending == RT_REPLY_RESET ? "stream_reset" : NULL,
		    rt_sse_has_residue(&s));
		rt_sse_fini(&s);
	} else {
		rt_judge_plain(&j, &chat, r.status, NULL,
		    (struct rt_str){r.body.p, r.body.len});
	}
	rt_reply_fini(&r);
	return j;
}

static void
tells_the_faults_of_streams_apart(void **state)
{
	static const struct {
		const char *rule, *levels, *error_type;
	} rows[] = {
	    {"fault=pass", "thbcu", NULL},
	    {"fault=bom", "thbcu", NULL},
	    {"fault=cr_only", "thbcu", NULL},
	    {"fault=no_usage", "thbcu", NULL},
	    {"fault=null_usage", "thbcu", NULL},
	    {"fault=usage_twice", "thbcu", NULL},
	    {"fault=stall", "thbcu", NULL},
	    {"fault=stream_reset", ".hbc.", "stream_reset"},
	    {"fault=stream_end", "thbc.", "stream_no_terminal"},
	    {"fault=no_finish", "thbc.", "stream_no_terminal"},
	    {"fault=stream_error", "thb..", "stream_error"},
	    {"fault=stream_residue", "thbc.", "stream_truncated"},
	    {"fault=malformed", "th.c.", "stream_parse_error"},
	    {"fault=heartbeats", "thbc.", "stream_no_terminal"},
	    {"fault=html", "th...", "stream_no_terminal"},
	    {"fault=empty", "th...", "stream_no_terminal"},
	};

	(void)state;
	for (size_t i = 0; i < RT_COUNT_OF(rows); i++) {
		struct rt_judgement j = judged(rows[i].rule, true);

		check(rows[i].rule, &j, rows[i].levels, rows[i].error_type);
	}
}

/* Where a stream was asked for. */
static void
knows_a_document_from_a_stream(void **state)
{
#define ANSWER                                            \
	"{\"choices\":[{\"message\":{\"content\":\"x\"}," \
	"\"finish_reason\":\"stop\"}],\"usage\":{}}"
	static const struct {
		const char *why, *body, *levels, *error_type;
	} rows[] = {
	    {"a whole answer", ANSWER, "thb..", "schema_not_a_stream"},
	    {"after a byte order mark", "\xEF\xBB\xBF\n" ANSWER, "thb..",
		"schema_not_a_stream"},
	    {"broken JSON", "{malformed", "th...", "parse_error"},
	    {"a page", "<html>", "th...", "parse_html"},
	    {"an error", "{\"error\":{\"code\":\"x\"}}", "thb..",
		"upstream_error"},
	    {"nothing", "", NULL, NULL},
	    {"half an event", "data: {\"cho", NULL, NULL},
	    {"a comment", ": ping", NULL, NULL},
	};

	(void)state;
	for (size_t i = 0; i < RT_COUNT_OF(rows); i++) {
		struct rt_judgement j;

		rt_judge_init(&j, &chat);
		assert_int_equal(
		    rt_judge_document(&j, 200, rt_str_of(rows[i].body)),
		    rows[i].levels != NULL);
		if (rows[i].levels)
			check(rows[i].why, &j, rows[i].levels,
			    rows[i].error_type);
	}
	{
		struct rt_judgement j;

		rt_judge_init(&j, &chat);
		rt_judge_event(&j, rt_str_of("[DONE]"));
		assert_false(rt_judge_document(&j, 200, rt_str_of("{")));
	}
}

static void
sees_usage_where_there_is_a_usage_object(void **state)
{
	(void)state;
	for (int is_stream = 0; is_stream < 2; is_stream++) {
		assert_true(judged("fault=pass", is_stream).usage_seen);
		assert_false(judged("fault=no_usage", is_stream).usage_seen);
		assert_false(judged("fault=null_usage", is_stream).usage_seen);
	}
	assert_true(judged("fault=usage_twice", true).usage_seen);
}

/* Events of the Responses surface, one a row of data, and what they come to. */
static void
tells_the_ends_of_responses_apart(void **state)
{
	static const struct {
		const char *why, *data[3];
		enum rt_finish finish;
		const char *levels, *error_type;
	} rows[] = {
#define DELTA "{\"type\":\"response.output_text.delta\",\"delta\":\"x\"}"
#define LAST(word)                                  \
	"{\"type\":\"response." word                \
	"\",\"response\":{\"object\":\"response\"," \
	"\"status\":\"" word                        \
	"\",\"output\":[],\"usage\":{\"total_tokens\":9}}}"
	    {"completed", {DELTA, LAST("completed")}, RT_FINISH_COMPLETE,
		"thbcu", NULL},
	    {"incomplete", {DELTA, LAST("incomplete")}, RT_FINISH_INCOMPLETE,
		"thbcu", NULL},
	    {"failed", {DELTA, LAST("failed")}, RT_FINISH_FAILED, "thbc.",
		"stream_failed"},
	    {"error", {DELTA, "{\"type\":\"error\",\"code\":\"server_error\"}"},
		RT_FINISH_NONE, "thb..", "stream_error"},
	    {"nothing", {DELTA}, RT_FINISH_NONE, "thbc.", "stream_no_terminal"},
	    {"no content", {LAST("completed")}, RT_FINISH_COMPLETE, "thbc.",
		"stream_no_content"},
	};
	const struct rt_judge_rules rules = {.surface = RT_SURFACE_RESPONSES};

	(void)state;
	for (size_t i = 0; i < RT_COUNT_OF(rows); i++) {
		struct rt_judgement j;

		rt_judge_init(&j, &rules);
		for (unsigned k = 0; k < 3 && rows[i].data[k]; k++)
			rt_judge_event(&j, rt_str_of(rows[i].data[k]));
		rt_judge_stream(&j, 200, NULL, false);
		check(rows[i].why, &j, rows[i].levels, rows[i].error_type);
		assert_int_equal(j.finish, rows[i].finish);
	}
}

static void
judges_a_plain_response(void **state)
{
	static const struct {
		const char *why, *body, *levels, *error_type;
	} rows[] = {
#define RESPONSE(status, text, more)                                   \
	"{\"object\":\"response\",\"status\":\"" status                \
	"\",\"output\":[{\"type\":\"message\",\"content\":[{\"type\":" \
	"\"output_text\",\"text\":\"" text "\"}]}]" more "}"
	    {"sound", RESPONSE("completed", "x", ",\"error\":null"), "thbcu",
		NULL},
	    {"cut by its limit", RESPONSE("incomplete", "x", ""), "thbcu",
		NULL},
	    {"nothing before the limit", RESPONSE("incomplete", "", ""),
		"thbc.", "schema_no_content"},
	    {"failed",
		RESPONSE("failed", "", ",\"error\":{\"code\":\"server\"}"),
		"thb..", "upstream_failed"},
	    {"still running", RESPONSE("in_progress", "x", ""), "thbc.",
		"schema_no_finish"},
	    {"a chat completion", "{\"choices\":[]}", "thb..",
		"schema_mismatch"},
	};
	const struct rt_judge_rules rules = {.surface = RT_SURFACE_RESPONSES};

	(void)state;
	for (size_t i = 0; i < RT_COUNT_OF(rows); i++) {
		struct rt_judgement j;

		rt_judge_plain(&j, &rules, 200, NULL, rt_str_of(rows[i].body));
		check(rows[i].why, &j, rows[i].levels, rows[i].error_type);
	}
}

/* What a stream needs is the target's; f: finish, d: [DONE]. */
static void
is_as_strict_as_the_target_says(void **state)
{
#define CHUNK(finish)                                            \
	"{\"choices\":[{\"delta\":{\"content\":\"x\"},\"finish_" \
	"reason\":" finish "}],\"usage\":{\"total_tokens\":5}}"
	static const struct {
		const char *ends;
		enum rt_stream_rule require;
		const char *error_type;
		bool is_lacking;
	} rows[] = {
	    {"f", RT_STREAM_FINISH, NULL, false},
	    {"d", RT_STREAM_FINISH, "stream_no_terminal", false},
	    {"f", RT_STREAM_DONE, NULL, true},
	    {"fd", RT_STREAM_DONE, NULL, false},
	    {"d", RT_STREAM_DONE, NULL, false},
	    {"", RT_STREAM_DONE, "stream_no_terminal", false},
	    {"d", RT_STREAM_TERMINAL, NULL, false},
	    {"f", RT_STREAM_TERMINAL, NULL, false},
	    {"", RT_STREAM_TERMINAL, "stream_no_terminal", false},
	    {"", RT_STREAM_NONE, NULL, false},
	};

	(void)state;
	for (size_t i = 0; i < RT_COUNT_OF(rows); i++) {
		struct rt_judge_rules rules = {
		    .stream_require = rows[i].require};
		struct rt_judgement j;

		rt_judge_init(&j, &rules);
		rt_judge_event(&j,
		    rt_str_of(strchr(rows[i].ends, 'f') ? CHUNK("\"stop\"")
							: CHUNK("null")));
		if (strchr(rows[i].ends, 'd'))
			rt_judge_event(&j, rt_str_of("[DONE]"));
		rt_judge_stream(&j, 200, NULL, false);
		check(rows[i].ends, &j, rows[i].error_type ? "thbc." : "thbcu",
		    rows[i].error_type);
		assert_int_equal(j.is_lacking, rows[i].is_lacking);
		assert_int_equal(j.tokens, 5);
	}
}

static void
fails_without_usage_only_where_it_is_required(void **state)
{
	static const char body[] =
	    "{\"choices\":[{\"message\":{\"content\":\"x\"},"
	    "\"finish_reason\":\"length\"}]}";
	struct rt_judge_rules rules = {0};
	struct rt_judgement j;

	(void)state;
	rt_judge_plain(&j, &rules, 200, NULL, rt_str_of(body));
	check("optional", &j, "thbcu", NULL);
	assert_true(j.is_lacking);
	assert_int_equal(j.tokens, -1);
	rules.requires_usage = true;
	rt_judge_plain(&j, &rules, 200, NULL, rt_str_of(body));
	check("required", &j, "thbcu", "schema_no_usage");
}

/* Commas and brackets in a text are no values. */
static void
refuses_what_would_take_too_much_memory(void **state)
{
	static char body[RT_DOCUMENT_NODES_MAX * 3 + 100];
	struct rt_judgement j;
	size_t n = 0;

	(void)state;
	body[n++] = '[';
	for (unsigned i = 0; i < RT_DOCUMENT_NODES_MAX; i++, n += 3)
		memcpy(body + n, "{},", 3);
	memcpy(body + n, "0]", 3);
	rt_judge_plain(&j, &chat, 200, NULL, rt_str_of(body));
	check("too many", &j, "th...", "parse_too_large");
	n = (size_t)sprintf(body, "{\"x\":\"\\\"");
	memset(body + n, '[', RT_DOCUMENT_NODES_MAX * 2);
	sprintf(body + n + RT_DOCUMENT_NODES_MAX * 2, "\"}");
	rt_judge_plain(&j, &chat, 200, NULL, rt_str_of(body));
	check("in a string", &j, "thb..", "schema_mismatch");
}

static void
keeps_names_scrubbed_and_no_text(void **state)
{
	static const char body[] =
	    "{\"model\":\"m\\u001b[31m\",\"object\":\"chat.completion\","
	    "\"choices\":[{\"message\":{\"content\":\"planted\"},"
	    "\"finish_reason\":\"stop\"}]}";
	struct rt_judgement j;

	(void)state;
	rt_judge_plain(&j, &chat, 200, NULL, rt_str_of(body));
	assert_string_equal(j.model, "m\xEF\xBF\xBD[31m");
	assert_string_equal(j.object, "chat.completion");
	for (size_t i = 0; i + 7 <= sizeof(j); i++)
		assert_memory_not_equal((const char *)&j + i, "planted", 7);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(judges_plain_answers),
	    cmocka_unit_test(tells_the_faults_of_streams_apart),
	    cmocka_unit_test(knows_a_document_from_a_stream),
	    cmocka_unit_test(sees_usage_where_there_is_a_usage_object),
	    cmocka_unit_test(tells_the_ends_of_responses_apart),
	    cmocka_unit_test(judges_a_plain_response),
	    cmocka_unit_test(is_as_strict_as_the_target_says),
	    cmocka_unit_test(fails_without_usage_only_where_it_is_required),
	    cmocka_unit_test(refuses_what_would_take_too_much_memory),
	    cmocka_unit_test(keeps_names_scrubbed_and_no_text),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
