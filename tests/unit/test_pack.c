/* SPDX-License-Identifier: MIT */
#include "tests/unit/util.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "collector/pack.h"
#include "proto/decode.h"
#include "proto/encode.h"

struct forms {
	struct rt_decoder *decoder;
	struct rt_buf packed, before, after;
};

static void
begin(struct forms *b)
{
	const struct rt_decode_opts o = {.attempt_base = 1};

	b->decoder = rt_decoder_new(&o);
	rt_buf_init(&b->packed, 4 * RT_RECORD_MAX);
	rt_buf_init(&b->before, 4 * RT_RECORD_MAX);
	rt_buf_init(&b->after, 4 * RT_RECORD_MAX);
}

static void
end(struct forms *b)
{
	rt_decoder_free(b->decoder);
	rt_buf_fini(&b->packed);
	rt_buf_fini(&b->before);
	rt_buf_fini(&b->after);
}

/* Unpacks from a copy that ends where reading on faults. */
static void
expect_same(struct forms *b, const struct rt_event *e, const char *why)
{
	struct rt_event again;

	rt_buf_reset(&b->packed);
	rt_buf_reset(&b->before);
	rt_buf_reset(&b->after);
	rt_pack(&b->packed, e);
	rt_unpack((struct rt_str){util_guarded(b->packed.p, b->packed.len),
		      b->packed.len},
	    &again);
	rt_encode(&b->before, e);
	rt_encode(&b->after, &again);
	if (strcmp(b->before.p, b->after.p) != 0)
		fail_msg("%s:\n%s\n%s", why, b->before.p, b->after.p);
	assert_int_equal(again.error_class, e->error_class);
	assert_int_equal(again.ts_is_arrival, e->ts_is_arrival);
}

static void
a_packed_event_encodes_as_it_did(void **state)
{
	static const char *const files[] = {
	    "native", "retry", "runbook", "review", "decisions", "otel"};
	char path[64], *text;
	struct rt_str rest, line;
	struct rt_event e;
	struct forms b;
	size_t i, seen = 0;

	(void)state;
	begin(&b);
	for (i = 0; i < RT_COUNT_OF(files); i++) {
		snprintf(path, sizeof(path), "tests/data/vectors/%s.jsonl",
		    files[i]);
		text = util_read_file(path, &rest.len);
		rest.p = text;
		while (rt_decode_next_line(&rest, &line)) {
			if (rt_decode(b.decoder, line.p, line.len, &e, NULL) !=
			    RT_REJECT_NOT)
				continue;
			expect_same(&b, &e, line.p);
			seen++;
		}
		free(text);
	}
	assert_true(seen > 700);
	end(&b);
}

static void
every_field_survives(void **state)
{
	struct rt_event e = {.present = (UINT64_C(1) << RT_FIELD_COUNT) - 1,
	    .kind = RT_KIND_ATTEMPT,
	    .shape = RT_SHAPE_OTEL,
	    .error_class = RT_CLASS_QUOTA,
	    .ts_is_arrival = true};
	struct forms b;

	(void)state;
#define SET_STR(member) rt_str_of(#member " \"x\"")
#define SET_TIME(member) INT64_C(1781341200123456)
#define SET_INT(member) (int64_t)(100 + sizeof(#member))
#define SET_MS(member) (0.25 + sizeof(#member))
#define SET_BOOL(member) true
#define SET_DECISION(member) RT_DECISION_UNKNOWN
#define SET_OUTCOME(member) RT_OUTCOME_CANCELLED
#define X(id, member, type, lo, hi) e.member = SET_##type(member);
	RT_EVENT_FIELDS(X)
#undef X
	begin(&b);
	e.decision_code = rt_str_of("give_up");
	expect_same(&b, &e, "a decision of the client's own");
	assert_non_null(strstr(b.after.p, "\"decision\":\"give_up\""));
	assert_non_null(strstr(b.after.p, "\"seq\":"));
	e.decision_code = RT_STR_NONE;
	expect_same(&b, &e, "a decision without a code");
	assert_non_null(strstr(b.after.p, "\"decision\":\"unknown\""));
	e.sensitive = rt_str_of("x\"prompt");
	expect_same(&b, &e, "the name of what was dropped");
	assert_non_null(strstr(b.after.p, "{\"x\\\"prompt\":\""));
	e.sensitive = RT_STR_NONE;
	e.ts_us = INT64_C(1781341200000000);
	e.ts_has_fraction = true;
	expect_same(&b, &e, "a fraction of nothing");
	e.ts_has_fraction = false;
	expect_same(&b, &e, "whole seconds");
	end(&b);
}

static void
what_does_not_fit_changes_nothing(void **state)
{
	struct rt_event e = {.present = RT_FIELD_BIT(OPERATION_ID),
	    .operation_id = rt_str_of("0123456789")};
	struct rt_buf b;

	(void)state;
	rt_buf_init(&b, 20);
	rt_pack(&b, &e);
	assert_true(b.overflow);
	assert_int_equal(b.len, 0);
	rt_buf_fini(&b);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_packed_event_encodes_as_it_did),
	    cmocka_unit_test(every_field_survives),
	    cmocka_unit_test(what_does_not_fit_changes_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
