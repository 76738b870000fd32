/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE /* memmem */
#include "tests/unit/oracle.h"

#include <stdio.h>
#include <string.h>

#include "proto/classify.h"
#include "proto/macro.h"
#include "tests/unit/oracle_node.h"
#include "tests/unit/oracle_text.h"

static struct oracle_verdict verdict;

/* ---- fields ---- */

#define E (&verdict.event)
#define KNOW(id) (E->present |= RT_FIELD_BIT(id))

static enum rt_reject
set_time(struct oracle_node n, int64_t *out)
{
	enum rt_err err;

	if (!json_object_is_type(n.o, json_type_string))
		return RT_REJECT_BAD_TYPE;
	err = rt_text_to_time(n.text, out, &E->ts_has_fraction);
	return err == RT_OK     ? RT_REJECT_NOT
	    : err == RT_E_FIELD ? RT_REJECT_OUT_OF_RANGE
				: RT_REJECT_BAD_TYPE;
}

static enum rt_reject
set_decision(struct oracle_node n)
{
	size_t i, count = 0;

	if (!json_object_is_type(n.o, json_type_string))
		return RT_REJECT_BAD_TYPE;
	E->decision = rt_decision_from(n.text);
	if (E->decision == RT_DECISION_UNKNOWN) {
		for (i = 0; i < n.text.len; i++)
			if (((unsigned char)n.text.p[i] & 0xC0) != 0x80 &&
			    ++count > 64)
				break;
		E->decision_code = (struct rt_str){n.text.p, i};
	}
	return RT_REJECT_NOT;
}

/* Names of a field in a shape, in the order they are tried. */
static const struct {
	enum rt_shape shape;
	enum rt_field field;
	const char *names;
} renamed[] = {
    {RT_SHAPE_RETRY, RT_FIELD_OPERATION_ID, "request_id|operation_id"},
    {RT_SHAPE_RETRY, RT_FIELD_HTTP_STATUS,
	"http_status|http_response_status_code"},
    {RT_SHAPE_RUNBOOK, RT_FIELD_PROVIDER, "provider_route|provider"},
    {RT_SHAPE_RUNBOOK, RT_FIELD_HTTP_REQUEST_METHOD,
	"http_method|http_request_method"},
    {RT_SHAPE_RUNBOOK, RT_FIELD_HTTP_STATUS,
	"http_status_code|http_response_status_code"},
    {RT_SHAPE_RUNBOOK, RT_FIELD_BACKOFF_MS, "backoff_applied_ms|backoff_ms"},
    {RT_SHAPE_REVIEW, RT_FIELD_HTTP_ROUTE, "request_route|http_route"},
    {RT_SHAPE_REVIEW, RT_FIELD_DECISION_REASON, "retry_reason|decision_reason"},
    {RT_SHAPE_DECISIONS, RT_FIELD_OPERATION_ID, "correlation_id|operation_id"},
    {RT_SHAPE_DECISIONS, RT_FIELD_ATTEMPT, "attempt_number"},
    {RT_SHAPE_DECISIONS, RT_FIELD_HTTP_ROUTE, "endpoint_path|http_route"},
    {RT_SHAPE_DECISIONS, RT_FIELD_HTTP_STATUS,
	"trigger.http_status|http_response_status_code"},
    {RT_SHAPE_DECISIONS, RT_FIELD_ELAPSED_MS, "trigger.elapsed_ms|elapsed_ms"},
    {RT_SHAPE_DECISIONS, RT_FIELD_BACKOFF_MS, "backoff_wait_ms|backoff_ms"},
    {RT_SHAPE_DECISIONS, RT_FIELD_PARENT_OPERATION_ID,
	"parent_correlation_id|parent_operation_id"},
    {RT_SHAPE_DECISIONS, RT_FIELD_FINAL_OUTCOME, ""},
    {RT_SHAPE_OTEL, RT_FIELD_OPERATION_ID,
	"operation_id|parent_span_id|trace_id"},
    {RT_SHAPE_OTEL, RT_FIELD_SERVICE, "service.name"},
    {RT_SHAPE_OTEL, RT_FIELD_SERVICE_VERSION,
	"service.version|service_version"},
    {RT_SHAPE_OTEL, RT_FIELD_ENVIRONMENT,
	"deployment.environment.name|environment"},
    {RT_SHAPE_OTEL, RT_FIELD_HTTP_REQUEST_METHOD,
	"http.request.method|http_request_method"},
    {RT_SHAPE_OTEL, RT_FIELD_HTTP_ROUTE, "url.template|http.route|http_route"},
    {RT_SHAPE_OTEL, RT_FIELD_HTTP_STATUS,
	"http.response.status_code|http_response_status_code"},
    {RT_SHAPE_OTEL, RT_FIELD_ERROR_TYPE, "error.type|error_type"},
    {RT_SHAPE_OTEL, RT_FIELD_MODEL_REQUESTED,
	"gen_ai.request.model|model_requested"},
    {RT_SHAPE_OTEL, RT_FIELD_MODEL_RETURNED,
	"gen_ai.response.model|model_returned"},
    {RT_SHAPE_OTEL, RT_FIELD_STREAMING, "gen_ai.request.stream|streaming"},
    {RT_SHAPE_OTEL, RT_FIELD_DECISION, ""},
};

static const char *
names_of(enum rt_shape shape, enum rt_field f)
{
	size_t i;

	for (i = 0; i < RT_COUNT_OF(renamed); i++)
		if (renamed[i].shape == shape && renamed[i].field == f)
			return renamed[i].names;
	return f == RT_FIELD_TS ? "ts|timestamp" : rt_field_name(f);
}

static enum rt_reject
read_attempt_number(enum rt_shape shape, struct oracle_node *n, int64_t *out)
{
	bool from_zero = shape == RT_SHAPE_RUNBOOK || shape == RT_SHAPE_OTEL;
	enum rt_reject r;

	*n = oracle_first_of(shape == RT_SHAPE_RUNBOOK ? "retry_attempt"
		: shape == RT_SHAPE_OTEL ? "http.request.resend_count"
					 : "attempt_index");
	if (!oracle_is_kept(n)) {
		*out = 1;
		n->is_given = shape == RT_SHAPE_OTEL;
		return RT_REJECT_NOT;
	}
	r = oracle_set_int(
	    *n, from_zero ? 0 : 1, RT_INT_MAX - (from_zero ? 1 : 0), out);
	if (r == RT_REJECT_NOT && from_zero)
		++*out;
	return r;
}

static enum rt_reject
read_endpoint(enum rt_field f, struct oracle_node *n)
{
	struct oracle_node endpoint = oracle_first_of("endpoint");
	const char *space_at;
	struct rt_str t;

	if (!oracle_is_kept(&endpoint))
		return RT_REJECT_NOT;
	if (!json_object_is_type(endpoint.o, json_type_string))
		return RT_REJECT_BAD_TYPE;
	t = endpoint.text;
	space_at = memchr(t.p, ' ', t.len);
	if (f == RT_FIELD_HTTP_REQUEST_METHOD) {
		t.len = space_at ? (size_t)(space_at - t.p) : 0;
	} else if (space_at) {
		t.len -= (size_t)(space_at + 1 - t.p);
		t.p = space_at + 1;
	}
	if (t.len > 0) {
		*n = endpoint;
		n->text = t;
	}
	return RT_REJECT_NOT;
}

static struct oracle_node
word_node(const char *word)
{
	static struct json_object *any;
	struct oracle_node n = {NULL, true, true, false, rt_str_of(word)};

	if (!any)
		any = json_object_new_string("any");
	n.o = any;
	return n;
}

static enum rt_reject
need_string(const char *name)
{
	struct oracle_node n = oracle_find(name);

	return oracle_is_kept(&n) && !json_object_is_type(n.o, json_type_string)
	    ? RT_REJECT_BAD_TYPE
	    : RT_REJECT_NOT;
}

static enum rt_reject
read_decision_of(enum rt_shape shape, struct oracle_node *n)
{
	struct oracle_node left;
	int64_t budget = 0;

	if (shape == RT_SHAPE_RETRY) {
		*n = oracle_first_of("outcome");
		if (oracle_is_kept(n) &&
		    need_string("outcome") == RT_REJECT_NOT)
			*n =
			    word_node(oracle_says("outcome", "success") ? "none"
				    : oracle_says("outcome", "retry_scheduled")
				    ? "retry_same"
				    : "abort_error");
		return RT_REJECT_NOT;
	}
	if (shape == RT_SHAPE_REVIEW) {
		*n = oracle_first_of("retry_decision");
		if (oracle_says("retry_decision", "retried"))
			*n = word_node("retry_same");
		else if (oracle_says("retry_decision", "not_retried") ||
		    oracle_says("retry_decision", "final_attempt"))
			*n = word_node(oracle_says("final_outcome", "success")
				? "none"
				: "abort_error");
		return RT_REJECT_NOT;
	}
	left = oracle_first_of("retry_budget_remaining");
	if (need_string("client_result") || need_string("terminal_outcome"))
		if (need_string("client_result") == RT_REJECT_BAD_TYPE ||
		    need_string("terminal_outcome") == RT_REJECT_BAD_TYPE)
			return RT_REJECT_BAD_TYPE;
	if (oracle_says("client_result", "success"))
		*n = word_node("none");
	else if (!oracle_is_kept(&left) ||
	    oracle_first_of("terminal_outcome").is_given ||
	    rt_text_to_int(left.text, &budget) != RT_OK || budget <= 0)
		*n = word_node("abort_error");
	else
		*n = word_node("retry_same");
	return RT_REJECT_NOT;
}

static struct oracle_node
numbered_model(int64_t number, const char *otherwise)
{
	char names[80];

	snprintf(names, sizeof(names), "model_id_attempt_%lld|%s",
	    (long long)number, otherwise);
	return oracle_first_of(names);
}

/* The node of a field, with what is special about it; BAD_TYPE where it cannot be. */
static enum rt_reject
node_of(enum rt_shape shape, enum rt_field f, struct oracle_node *n)
{
	bool is_decision_from_words = shape == RT_SHAPE_RETRY ||
	    shape == RT_SHAPE_REVIEW || shape == RT_SHAPE_RUNBOOK;

	*n = oracle_first_of(names_of(shape, f));
	if (f == RT_FIELD_DECISION && is_decision_from_words) {
		*n = (struct oracle_node){
		    NULL, false, false, false, RT_STR_NONE};
		return read_decision_of(shape, n);
	}
	if (shape == RT_SHAPE_RETRY &&
	    (f == RT_FIELD_HTTP_REQUEST_METHOD || f == RT_FIELD_HTTP_ROUTE))
		return read_endpoint(f, n);
	if (shape == RT_SHAPE_REVIEW && f == RT_FIELD_FINAL_OUTCOME &&
	    rt_event_has(E, DECISION) && E->decision == RT_DECISION_RETRY_SAME)
		n->is_given = false;
	if (shape == RT_SHAPE_DECISIONS && f == RT_FIELD_ERROR_TYPE &&
	    !oracle_says("trigger.type", "http_status"))
		*n = oracle_first_of("trigger.type|error_type");
	if (shape == RT_SHAPE_DECISIONS && rt_event_has(E, ATTEMPT)) {
		if (f == RT_FIELD_MODEL_REQUESTED)
			*n = numbered_model(E->attempt, "model_requested");
		if (f == RT_FIELD_FALLBACK_TARGET)
			*n = numbered_model(E->attempt + 1, "fallback_target");
	}
	return RT_REJECT_NOT;
}

static bool
is_present_and_not_empty(const char *name)
{
	struct oracle_node n = oracle_first_of(name);

	if (!oracle_is_kept(&n))
		return false;
	if (json_object_is_type(n.o, json_type_array))
		return json_object_array_length(n.o) > 0;
	if (json_object_is_type(n.o, json_type_object))
		return json_object_object_length(n.o) > 0;
	return true;
}

/* Fields of OpenTelemetry that are not the value itself; true if that was it. */
static bool
read_otel(enum rt_field f, enum rt_reject *r)
{
	struct oracle_node n;

	*r = RT_REJECT_NOT;
	if (f == RT_FIELD_TTFT_MS) {
		n = oracle_first_of("gen_ai.response.time_to_first_chunk");
		if (!oracle_is_kept(&n))
			return false;
		*r = oracle_set_ms(n, 1000, &E->ttft_ms);
		KNOW(TTFT_MS);
		return true;
	}
	if (f == RT_FIELD_FINISH_REASON_SEEN &&
	    is_present_and_not_empty("gen_ai.response.finish_reasons")) {
		E->finish_reason_seen = true;
		KNOW(FINISH_REASON_SEEN);
		return true;
	}
	if (f == RT_FIELD_USAGE_SEEN &&
	    (is_present_and_not_empty("gen_ai.usage.input_tokens") ||
		is_present_and_not_empty("gen_ai.usage.output_tokens"))) {
		E->usage_seen = true;
		KNOW(USAGE_SEEN);
		return true;
	}
	return false;
}

#define SET_TIME(n, lo, hi, m) set_time(n, m)
#define SET_STR(n, lo, hi, m) oracle_set_str(n, hi, m)
#define SET_INT(n, lo, hi, m) oracle_set_int(n, lo, hi, m)
#define SET_MS(n, lo, hi, m) oracle_set_ms(n, 1, m)
#define SET_BOOL(n, lo, hi, m) oracle_set_bool(n, m)
#define SET_DECISION(n, lo, hi, m) set_decision(n)
#define SET_OUTCOME(n, lo, hi, m) oracle_set_outcome(n, m)

static enum rt_reject
set_field(enum rt_field f, struct oracle_node n)
{
	switch (f) {
#define X(id, member, type, lo, hi) \
	case RT_FIELD_##id: return SET_##type(n, lo, hi, &E->member);
		RT_EVENT_FIELDS(X)
#undef X
	case RT_FIELD_COUNT: break;
	}
	return RT_REJECT_NOT;
}

static enum rt_reject
read_field(enum rt_shape shape, enum rt_field f)
{
	enum rt_reject r;
	struct oracle_node n;

	if (shape == RT_SHAPE_OTEL && read_otel(f, &r))
		return r;
	if (f == RT_FIELD_ATTEMPT &&
	    (shape == RT_SHAPE_RUNBOOK || shape == RT_SHAPE_REVIEW ||
		shape == RT_SHAPE_OTEL)) {
		r = read_attempt_number(shape, &n, &E->attempt);
		if (r == RT_REJECT_NOT && n.is_given)
			KNOW(ATTEMPT);
		return r;
	}
	r = node_of(shape, f, &n);
	if (r != RT_REJECT_NOT || !oracle_is_kept(&n))
		return r;
	if (f == RT_FIELD_ERROR_TYPE && rt_str_is(n.text, "none") &&
	    json_object_is_type(n.o, json_type_string))
		return RT_REJECT_NOT;
	r = set_field(f, n);
	E->present |= UINT64_C(1) << f;
	return r;
}

/* The first id that is given, even one that must not be kept. */
static bool
id_is_secret(enum rt_shape shape)
{
	char name[80];
	const char *names = names_of(shape, RT_FIELD_OPERATION_ID);
	struct oracle_node n;
	size_t len;

	for (; *names; names += len + (names[len] == '|')) {
		len = strcspn(names, "|");
		snprintf(name, sizeof(name), "%.*s", (int)len, names);
		n = oracle_find(name);
		if (n.is_given)
			return n.is_sensitive;
	}
	return false;
}

static bool
is_read(enum rt_kind kind, enum rt_field f)
{
	static const enum rt_field summary[] = {RT_FIELD_TS,
	    RT_FIELD_OPERATION_ID, RT_FIELD_SERVICE, RT_FIELD_ENVIRONMENT,
	    RT_FIELD_ELAPSED_MS, RT_FIELD_FINAL_OUTCOME, RT_FIELD_SYNTHETIC,
	    RT_FIELD_EMITTER, RT_FIELD_SEQ, RT_FIELD_ATTEMPTS};
	size_t i;

	if (kind == RT_KIND_ATTEMPT)
		return f != RT_FIELD_ATTEMPTS && f != RT_FIELD_FOLLOWUP_OUTCOME;
	for (i = 0; i < RT_COUNT_OF(summary); i++)
		if (summary[i] == f)
			return true;
	return false;
}

static enum rt_reject
read_followup(bool is_canonical)
{
	const char *name = is_canonical ? "followup_outcome" : "outcome";

	if (E->shape != RT_SHAPE_DECISIONS ||
	    (rt_event_has(E, DECISION) && rt_decision_is_terminal(E->decision)))
		return RT_REJECT_NOT;
	if (oracle_says(name, "success") || oracle_says(name, "degraded")) {
		E->followup_outcome = oracle_says(name, "success")
		    ? RT_OUTCOME_SUCCESS
		    : RT_OUTCOME_DEGRADED;
		KNOW(FOLLOWUP_OUTCOME);
	}
	return need_string(name);
}

static enum rt_reject
read_event(enum rt_shape shape, bool is_canonical)
{
	enum rt_reject r;
	unsigned f;

	for (f = 0; f < RT_FIELD_COUNT; f++) {
		if (!is_read(E->kind, (enum rt_field)f))
			continue;
		if (f == RT_FIELD_OPERATION_ID && id_is_secret(shape))
			return RT_REJECT_BAD_TYPE;
		r = read_field(shape, (enum rt_field)f);
		if (r != RT_REJECT_NOT)
			return r;
	}
	if (E->kind == RT_KIND_ATTEMPT) {
		E->error_class = rt_classify(E);
		if (E->error_class == RT_CLASS_NONE &&
		    !rt_event_has(E, DECISION)) {
			E->decision = RT_DECISION_NONE;
			KNOW(DECISION);
		}
		r = read_followup(is_canonical);
		if (r != RT_REJECT_NOT)
			return r;
		if ((!rt_event_has(E, OPERATION_ID) &&
			E->shape != RT_SHAPE_RUNBOOK) ||
		    !rt_event_has(E, ATTEMPT))
			return RT_REJECT_MISSING_FIELD;
		return RT_REJECT_NOT;
	}
	return rt_event_has(E, OPERATION_ID) && rt_event_has(E, FINAL_OUTCOME)
	    ? RT_REJECT_NOT
	    : RT_REJECT_MISSING_FIELD;
}

static enum rt_reject
read_shape(void)
{
	struct oracle_node schema = oracle_find("schema"), source;
	bool is_arrival = false;

	E->kind = RT_KIND_ATTEMPT;
	if (schema.is_given) {
		if (!json_object_is_type(schema.o, json_type_string))
			return RT_REJECT_UNKNOWN_SCHEMA;
		if (rt_str_is(schema.text, "fallback-decision-log/v1")) {
			E->shape = RT_SHAPE_DECISIONS;
			return read_event(RT_SHAPE_DECISIONS, false);
		}
		if (rt_str_is(schema.text, "llm-operation/v1"))
			E->kind = RT_KIND_SUMMARY;
		else if (!rt_str_is(schema.text, "llm-attempt/v1"))
			return RT_REJECT_UNKNOWN_SCHEMA;
		source = oracle_first_of("ts_is_arrival");
		if (source.o &&
		    oracle_set_bool(source, &is_arrival) == RT_REJECT_NOT)
			E->ts_is_arrival = is_arrival;
		source = oracle_first_of("source_shape");
		E->shape = json_object_is_type(source.o, json_type_string)
		    ? rt_shape_from(source.text)
		    : RT_SHAPE_NATIVE;
		if (E->shape == RT_SHAPE_COUNT)
			E->shape = RT_SHAPE_NATIVE;
		return read_event(RT_SHAPE_NATIVE, true);
	}
	if (oracle_says("event", "llm_call_attempt")) {
		E->shape = RT_SHAPE_RETRY;
	} else if ((oracle_gives("client_result") ||
		       oracle_gives("terminal_outcome")) &&
	    oracle_gives("retry_attempt")) {
		E->shape = RT_SHAPE_RUNBOOK;
	} else if (oracle_gives("retry_decision") &&
	    oracle_gives("operation_id")) {
		E->shape = RT_SHAPE_REVIEW;
	} else if (oracle_gives("operation_id") &&
	    oracle_gives("final_outcome") && !oracle_gives("attempt_index") &&
	    !oracle_gives("attempt")) {
		E->shape = RT_SHAPE_REVIEW;
		E->kind = RT_KIND_SUMMARY;
		return read_event(RT_SHAPE_NATIVE, true);
	} else if (oracle_find("http.request.method").is_there ||
	    oracle_find("gen_ai.request.model").is_there) {
		E->shape = RT_SHAPE_OTEL;
	} else {
		return RT_REJECT_UNKNOWN_SHAPE;
	}
	return read_event(E->shape, false);
}

static void
read_identity(void)
{
	struct oracle_node emitter = oracle_first_of("emitter"),
			   seq = oracle_first_of("seq");
	struct rt_str name;
	int64_t v;

	if (oracle_is_kept(&emitter) && oracle_is_kept(&seq) &&
	    oracle_set_str(emitter, 64, &name) == RT_REJECT_NOT &&
	    oracle_set_int(seq, 1, INT64_MAX, &v) == RT_REJECT_NOT) {
		verdict.emitter = name;
		verdict.seq = v;
	}
}

static void
judge(struct oracle_text r)
{
	struct json_tokener *tok;
	struct json_object *root;
	size_t len = (size_t)(r.end - r.p);
	const char *start = r.p;

	if (len > RT_RECORD_MAX) {
		verdict.reason = RT_REJECT_TOO_LARGE;
		return;
	}
	verdict.reason = RT_REJECT_NOT_JSON;
	if (len == 0 || *r.p != '{' || !oracle_is_strict(&r))
		return;
	verdict.event.sensitive = r.sensitive;
	tok = json_tokener_new_ex(RT_RECORD_MAX);
	root = json_tokener_parse_ex(tok, start, (int)len);
	json_tokener_free(tok);
	if (!root) {
		verdict.is_judged = false;
		return;
	}
	oracle_read(root);
	read_identity();
	verdict.reason =
	    r.deepest > RT_DEPTH_MAX ? RT_REJECT_TOO_DEEP : read_shape();
	json_object_put(root);
}

const struct oracle_verdict *
oracle_decode(const char *p, size_t len)
{
	struct oracle_text r = {p, p + len, 0, 0, RT_STR_NONE};

	verdict = (struct oracle_verdict){.is_judged = true};
	oracle_begin();
	if (memmem(p, len, "\\u0000", 6))
		verdict.is_judged = false;
	oracle_trim(&r);
	if (verdict.is_judged)
		judge(r);
	return &verdict;
}

#define SAME_TIME(a, b) ((a) == (b))
#define SAME_STR(a, b) rt_str_equal(a, b)
#define SAME_INT(a, b) ((a) == (b))
#define SAME_MS(a, b) (!((a) < (b)) && !((a) > (b)))
#define SAME_BOOL(a, b) ((a) == (b))
#define SAME_DECISION(a, b) ((a) == (b))
#define SAME_OUTCOME(a, b) ((a) == (b))

const char *
oracle_differs(const struct oracle_verdict *v, enum rt_reject reason,
    const struct rt_event *e, struct rt_str emitter, int64_t seq)
{
	if (!v->is_judged)
		return NULL;
	if (v->reason != reason)
		return "reason";
	if (v->seq != seq || !rt_str_equal(v->emitter, emitter))
		return "identity";
	if (reason != RT_REJECT_NOT)
		return NULL;
	if (v->event.kind != e->kind || v->event.shape != e->shape)
		return "kind or shape";
	if (v->event.present != e->present)
		return "which fields are present";
	if (v->event.error_class != e->error_class)
		return "class";
	if (v->event.ts_has_fraction != e->ts_has_fraction)
		return "fraction of ts";
	if ((v->event.ts_is_arrival && rt_event_has(e, TS)) != e->ts_is_arrival)
		return "ts_is_arrival";
	if (!rt_str_equal(v->event.decision_code, e->decision_code))
		return "decision_code";
	if (!rt_str_equal(v->event.sensitive, e->sensitive))
		return "sensitive";
#define X(id, member, type, lo, hi)                   \
	if (!SAME_##type(v->event.member, e->member)) \
		return #member;
	RT_EVENT_FIELDS(X)
#undef X
	return NULL;
}
