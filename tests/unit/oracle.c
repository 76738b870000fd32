/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE /* memmem */
#include "tests/unit/oracle.h"

#include <json-c/json.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "proto/classify.h"
#include "proto/macro.h"

static struct oracle_verdict verdict;
static char arena[1 << 20];
static size_t arena_used;
static struct json_object *root;

/* A scrubbed copy. */
static struct rt_str
keep(const char *p, size_t len)
{
	char *out = arena + arena_used;
	size_t n = rt_text_scrub(
	    out, sizeof(arena) - arena_used, (struct rt_str){p, len});

	arena_used += n + 1;
	return (struct rt_str){out, n};
}

/* ---- strict syntax, and secrets in the order of the text ---- */

struct reader {
	const char *p, *end;
	unsigned depth, deepest;
};

static bool
is_one_of(char c, const char *set)
{
	return c != '\0' && strchr(set, c) != NULL;
}

static void
space(struct reader *r)
{
	while (r->p < r->end && is_one_of(*r->p, " \t\r\n"))
		r->p++;
}

static bool
word_char(char c)
{
	return is_one_of(c,
	    "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_");
}

static size_t
run(const char *p, const char *end)
{
	size_t n = 0;

	while (p + n < end && (word_char(p[n]) || p[n] == '-'))
		n++;
	return n;
}

static bool
secret_at(const char *p, const char *end)
{
	size_t n = 0;

	if (strncmp(p, "sk-", 3) == 0)
		return run(p + 3, end) >= 16;
	if (strncmp(p, "Bearer ", 7) == 0) {
		for (p += 7; p < end && *p != ' '; p++)
			n += ((unsigned char)*p & 0xC0) != 0x80;
		return n >= 8;
	}
	if (strncmp(p, "eyJ", 3) != 0)
		return false;
	p += 3;
	for (n = 0; n < 3; n++) {
		size_t part = run(p, end);

		if (part == 0 || (n < 2 && (p + part >= end || p[part] != '.')))
			return false;
		p += part + 1;
	}
	return true;
}

static bool
is_secret(struct rt_str s)
{
	size_t i;

	for (i = 0; i < s.len; i++)
		if ((i == 0 || !word_char(s.p[i - 1])) &&
		    secret_at(s.p + i, s.p + s.len))
			return true;
	return false;
}

static bool
is_never_name(struct rt_str name)
{
	static const char *const never[] = {"prompt", "messages", "input",
	    "completion", "content", "output", "text", "body", "request_body",
	    "response_body", "headers", "cookie", "api_key", "authorization",
	    "password", "secret", "user", "email", "customer_id", "account_id",
	    "price"};
	size_t i, k;

	for (k = name.len; k > 0 && name.p[k - 1] != '.'; k--)
		;
	for (i = 0; i < RT_COUNT_OF(never); i++)
		if (rt_str_is(
			(struct rt_str){name.p + k, name.len - k}, never[i]))
			return true;
	return false;
}

static void
note_sensitive(struct rt_str name)
{
	size_t i, n = 0;

	if (verdict.event.sensitive.p)
		return;
	if (name.len == 0 || is_secret(name))
		name = rt_str_of("(withheld)");
	for (i = 0; i < name.len; i++)
		if (((unsigned char)name.p[i] & 0xC0) != 0x80 && ++n > 64)
			break;
	verdict.event.sensitive = (struct rt_str){name.p, i};
}

/* A checked string token, quotes and all, by way of json-c. */
static struct rt_str
unescape(const char *p, const char *end)
{
	struct json_tokener *tok = json_tokener_new();
	struct json_object *o;
	struct rt_str s = {"", 0};

	o = json_tokener_parse_ex(tok, p, (int)(end - p));
	if (o)
		s = keep(json_object_get_string(o),
		    (size_t)json_object_get_string_len(o));
	json_object_put(o);
	json_tokener_free(tok);
	return s;
}

static bool
string(struct reader *r, struct rt_str *out)
{
	const char *start = r->p;
	int i;

	if (r->p == r->end || *r->p != '"')
		return false;
	for (r->p++; r->p < r->end && *r->p != '"'; r->p++) {
		if ((unsigned char)*r->p < 0x20)
			return false;
		if (*r->p != '\\')
			continue;
		if (++r->p == r->end || !is_one_of(*r->p, "\"\\/bfnrtu"))
			return false;
		for (i = 0; *r->p == 'u' && i < 4; i++)
			if (r->p + 1 + i >= r->end ||
			    !is_one_of(r->p[1 + i], "0123456789abcdefABCDEF"))
				return false;
	}
	if (r->p == r->end)
		return false;
	r->p++;
	*out = unescape(start, r->p);
	return true;
}

static bool
digits(struct reader *r)
{
	const char *start = r->p;

	while (r->p < r->end && *r->p >= '0' && *r->p <= '9')
		r->p++;
	return r->p > start;
}

static bool
number(struct reader *r)
{
	const char *start;

	if (*r->p == '-')
		r->p++;
	start = r->p;
	if (!digits(r) || (*start == '0' && r->p - start > 1))
		return false;
	if (r->p < r->end && *r->p == '.') {
		r->p++;
		if (!digits(r))
			return false;
	}
	if (r->p < r->end && is_one_of(*r->p, "eE")) {
		r->p++;
		if (r->p < r->end && is_one_of(*r->p, "+-"))
			r->p++;
		return digits(r);
	}
	return true;
}

static bool value(struct reader *r, struct rt_str name, bool never);

static bool
members(struct reader *r, struct rt_str outer, bool is_object, bool *is_empty)
{
	char close = is_object ? '}' : ']';
	struct rt_str name = outer;

	r->p++;
	space(r);
	*is_empty = r->p < r->end && *r->p == close;
	if (*is_empty) {
		r->p++;
		return true;
	}
	for (;;) {
		space(r);
		if (is_object) {
			if (!string(r, &name))
				return false;
			space(r);
			if (r->p == r->end || *r->p++ != ':')
				return false;
		}
		if (!value(r, name, is_object && is_never_name(name)))
			return false;
		space(r);
		if (r->p == r->end)
			return false;
		if (*r->p == close) {
			r->p++;
			return true;
		}
		if (*r->p++ != ',')
			return false;
	}
}

static bool
container(struct reader *r, struct rt_str name, bool never)
{
	struct rt_str inside = verdict.event.sensitive;
	bool ok, is_empty = true;

	if (++r->depth > r->deepest)
		r->deepest = r->depth;
	ok = members(r, name, *r->p == '{', &is_empty);
	r->depth--;
	if (ok && never && !is_empty) {
		/* The outer name comes first in the text. */
		verdict.event.sensitive = inside;
		note_sensitive(name);
	}
	return ok;
}

static bool
value(struct reader *r, struct rt_str name, bool never)
{
	static const char *const words[] = {"null", "true", "false"};
	struct rt_str s;
	size_t i, n;

	space(r);
	if (r->p == r->end)
		return false;
	if (*r->p == '{' || *r->p == '[')
		return container(r, name, never);
	if (*r->p == '"') {
		if (!string(r, &s))
			return false;
		if ((never && s.len > 0) || is_secret(s))
			note_sensitive(name);
		return true;
	}
	for (i = 0; i < RT_COUNT_OF(words); i++) {
		n = strlen(words[i]);
		if ((size_t)(r->end - r->p) >= n &&
		    memcmp(r->p, words[i], n) == 0) {
			if (never && i > 0)
				note_sensitive(name);
			r->p += n;
			return true;
		}
	}
	if (never)
		note_sensitive(name);
	return number(r);
}

/* ---- the tree ---- */

struct node {
	struct json_object *o; /* NULL: null */
	bool is_there, is_given, is_sensitive;
	struct rt_str text; /* of a string or number */
};

/* All ways to cut the path into nested names; the fewest levels win. */
static void
search(struct json_object *o, const char *path, unsigned level, unsigned *best,
    struct node *found)
{
	const char *dot;

	if (!json_object_is_type(o, json_type_object))
		return;
	json_object_object_foreach(o, key, v)
	{
		size_t n = strlen(key);

		if (strcmp(key, path) == 0 && level <= *best) {
			*best = level;
			found->o = v;
			found->is_there = true;
		}
		dot = path + n;
		if (strncmp(key, path, n) == 0 && strlen(path) > n &&
		    *dot == '.')
			search(v, dot + 1, level + 1, best, found);
	}
}

static struct node
find(const char *path)
{
	struct node n = {NULL, false, false, false, RT_STR_NONE};
	unsigned best = 99;
	const char *z;

	search(root, path, 1, &best, &n);
	if (!n.o)
		return n;
	n.is_given = true;
	if (json_object_is_type(n.o, json_type_string)) {
		n.text = keep(json_object_get_string(n.o),
		    (size_t)json_object_get_string_len(n.o));
		n.is_given = n.text.len > 0;
		n.is_sensitive = is_secret(n.text);
	} else if (json_object_is_type(n.o, json_type_int) ||
	    json_object_is_type(n.o, json_type_double)) {
		z = json_object_to_json_string_ext(n.o, JSON_C_TO_STRING_PLAIN);
		n.text = keep(z, strlen(z));
	}
	return n;
}

static bool
is_kept(const struct node *n)
{
	return n->is_given && !n->is_sensitive;
}

/* The first of the names, parted by '|', that says something. */
static struct node
first_of(const char *names)
{
	char name[80];
	struct node n = {NULL, false, false, false, RT_STR_NONE};
	size_t len;

	for (; *names && !is_kept(&n); names += len + (names[len] == '|')) {
		len = strcspn(names, "|");
		snprintf(name, sizeof(name), "%.*s", (int)len, names);
		n = find(name);
	}
	if (!is_kept(&n))
		n = (struct node){NULL, false, false, false, RT_STR_NONE};
	return n;
}

static bool
says(const char *name, const char *word)
{
	struct node n = find(name);

	return is_kept(&n) && json_object_is_type(n.o, json_type_string) &&
	    rt_str_is(n.text, word);
}

static bool
gives(const char *name)
{
	return find(name).is_given;
}

/* ---- fields ---- */

#define E (&verdict.event)
#define KNOW(id) (E->present |= RT_FIELD_BIT(id))

static enum rt_reject
set_str(struct node n, int64_t max, struct rt_str *out)
{
	if (!json_object_is_type(n.o, json_type_string))
		return RT_REJECT_BAD_TYPE;
	if ((int64_t)rt_text_length(n.text) > max)
		return RT_REJECT_OUT_OF_RANGE;
	*out = n.text;
	return RT_REJECT_NOT;
}

static enum rt_reject
set_int(struct node n, int64_t min, int64_t max, int64_t *out)
{
	int64_t v = 0;
	enum rt_err err = rt_text_to_int(n.text, &v);

	if (err == RT_E_TOO_LARGE)
		return RT_REJECT_OUT_OF_RANGE;
	if (err != RT_OK)
		return RT_REJECT_BAD_TYPE;
	if (v < min || v > max)
		return RT_REJECT_OUT_OF_RANGE;
	*out = v;
	return RT_REJECT_NOT;
}

static enum rt_reject
set_ms(struct node n, double scale, double *out)
{
	double v = 0;
	enum rt_err err = rt_text_to_double(n.text, &v);

	if (err == RT_E_FIELD)
		return RT_REJECT_OUT_OF_RANGE;
	if (err != RT_OK)
		return RT_REJECT_BAD_TYPE;
	if (v * scale < 0 || v * scale > RT_MS_MAX)
		return RT_REJECT_OUT_OF_RANGE;
	*out = v * scale;
	return RT_REJECT_NOT;
}

static enum rt_reject
set_bool(struct node n, bool *out)
{
	if (json_object_is_type(n.o, json_type_boolean))
		*out = json_object_get_boolean(n.o);
	else if (rt_str_is(n.text, "true") || rt_str_is(n.text, "false"))
		*out = rt_str_is(n.text, "true");
	else
		return RT_REJECT_BAD_TYPE;
	return RT_REJECT_NOT;
}

static enum rt_reject
set_time(struct node n, int64_t *out)
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
set_decision(struct node n)
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

static enum rt_reject
set_outcome(struct node n, enum rt_outcome *out)
{
	if (!json_object_is_type(n.o, json_type_string))
		return RT_REJECT_BAD_TYPE;
	*out = rt_outcome_from(n.text);
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
read_attempt_number(enum rt_shape shape, struct node *n, int64_t *out)
{
	bool from_zero = shape == RT_SHAPE_RUNBOOK || shape == RT_SHAPE_OTEL;
	enum rt_reject r;

	*n = first_of(shape == RT_SHAPE_RUNBOOK ? "retry_attempt"
		: shape == RT_SHAPE_OTEL        ? "http.request.resend_count"
						: "attempt_index");
	if (!is_kept(n)) {
		*out = 1;
		n->is_given = shape == RT_SHAPE_OTEL;
		return RT_REJECT_NOT;
	}
	r = set_int(
	    *n, from_zero ? 0 : 1, RT_INT_MAX - (from_zero ? 1 : 0), out);
	if (r == RT_REJECT_NOT && from_zero)
		++*out;
	return r;
}

static enum rt_reject
read_endpoint(enum rt_field f, struct node *n)
{
	struct node endpoint = first_of("endpoint");
	const char *space_at;
	struct rt_str t;

	if (!is_kept(&endpoint))
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

static struct node
word_node(const char *word)
{
	static struct json_object *any;
	struct node n = {NULL, true, true, false, rt_str_of(word)};

	if (!any)
		any = json_object_new_string("any");
	n.o = any;
	return n;
}

static enum rt_reject
need_string(const char *name)
{
	struct node n = find(name);

	return is_kept(&n) && !json_object_is_type(n.o, json_type_string)
	    ? RT_REJECT_BAD_TYPE
	    : RT_REJECT_NOT;
}

static enum rt_reject
read_decision_of(enum rt_shape shape, struct node *n)
{
	struct node left;
	int64_t budget = 0;

	if (shape == RT_SHAPE_RETRY) {
		*n = first_of("outcome");
		if (is_kept(n) && need_string("outcome") == RT_REJECT_NOT)
			*n = word_node(says("outcome", "success") ? "none"
				: says("outcome", "retry_scheduled")
				? "retry_same"
				: "abort_error");
		return RT_REJECT_NOT;
	}
	if (shape == RT_SHAPE_REVIEW) {
		*n = first_of("retry_decision");
		if (says("retry_decision", "retried"))
			*n = word_node("retry_same");
		else if (says("retry_decision", "not_retried") ||
		    says("retry_decision", "final_attempt"))
			*n = word_node(says("final_outcome", "success")
				? "none"
				: "abort_error");
		return RT_REJECT_NOT;
	}
	left = first_of("retry_budget_remaining");
	if (need_string("client_result") || need_string("terminal_outcome"))
		if (need_string("client_result") == RT_REJECT_BAD_TYPE ||
		    need_string("terminal_outcome") == RT_REJECT_BAD_TYPE)
			return RT_REJECT_BAD_TYPE;
	if (says("client_result", "success"))
		*n = word_node("none");
	else if (!is_kept(&left) || first_of("terminal_outcome").is_given ||
	    rt_text_to_int(left.text, &budget) != RT_OK || budget <= 0)
		*n = word_node("abort_error");
	else
		*n = word_node("retry_same");
	return RT_REJECT_NOT;
}

static struct node
numbered_model(int64_t number, const char *otherwise)
{
	char names[80];

	snprintf(names, sizeof(names), "model_id_attempt_%lld|%s",
	    (long long)number, otherwise);
	return first_of(names);
}

/* The node of a field, with what is special about it; BAD_TYPE where it cannot be. */
static enum rt_reject
node_of(enum rt_shape shape, enum rt_field f, struct node *n)
{
	bool is_decision_from_words = shape == RT_SHAPE_RETRY ||
	    shape == RT_SHAPE_REVIEW || shape == RT_SHAPE_RUNBOOK;

	*n = first_of(names_of(shape, f));
	if (f == RT_FIELD_DECISION && is_decision_from_words) {
		*n = (struct node){NULL, false, false, false, RT_STR_NONE};
		return read_decision_of(shape, n);
	}
	if (shape == RT_SHAPE_RETRY &&
	    (f == RT_FIELD_HTTP_REQUEST_METHOD || f == RT_FIELD_HTTP_ROUTE))
		return read_endpoint(f, n);
	if (shape == RT_SHAPE_REVIEW && f == RT_FIELD_FINAL_OUTCOME &&
	    rt_event_has(E, DECISION) && E->decision == RT_DECISION_RETRY_SAME)
		n->is_given = false;
	if (shape == RT_SHAPE_DECISIONS && f == RT_FIELD_ERROR_TYPE &&
	    !says("trigger.type", "http_status"))
		*n = first_of("trigger.type|error_type");
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
	struct node n = first_of(name);

	if (!is_kept(&n))
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
	struct node n;

	*r = RT_REJECT_NOT;
	if (f == RT_FIELD_TTFT_MS) {
		n = first_of("gen_ai.response.time_to_first_chunk");
		if (!is_kept(&n))
			return false;
		*r = set_ms(n, 1000, &E->ttft_ms);
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
#define SET_STR(n, lo, hi, m) set_str(n, hi, m)
#define SET_INT(n, lo, hi, m) set_int(n, lo, hi, m)
#define SET_MS(n, lo, hi, m) set_ms(n, 1, m)
#define SET_BOOL(n, lo, hi, m) set_bool(n, m)
#define SET_DECISION(n, lo, hi, m) set_decision(n)
#define SET_OUTCOME(n, lo, hi, m) set_outcome(n, m)

static enum rt_reject
set_field(enum rt_field f, struct node n)
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
	struct node n;

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
	if (r != RT_REJECT_NOT || !is_kept(&n))
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
	struct node n;
	size_t len;

	for (; *names; names += len + (names[len] == '|')) {
		len = strcspn(names, "|");
		snprintf(name, sizeof(name), "%.*s", (int)len, names);
		n = find(name);
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
	if (says(name, "success") || says(name, "degraded")) {
		E->followup_outcome = says(name, "success")
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
	struct node schema = find("schema"), source;

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
		source = first_of("source_shape");
		E->shape = json_object_is_type(source.o, json_type_string)
		    ? rt_shape_from(source.text)
		    : RT_SHAPE_NATIVE;
		if (E->shape == RT_SHAPE_COUNT)
			E->shape = RT_SHAPE_NATIVE;
		return read_event(RT_SHAPE_NATIVE, true);
	}
	if (says("event", "llm_call_attempt")) {
		E->shape = RT_SHAPE_RETRY;
	} else if ((gives("client_result") || gives("terminal_outcome")) &&
	    gives("retry_attempt")) {
		E->shape = RT_SHAPE_RUNBOOK;
	} else if (gives("retry_decision") && gives("operation_id")) {
		E->shape = RT_SHAPE_REVIEW;
	} else if (gives("operation_id") && gives("final_outcome") &&
	    !gives("attempt_index") && !gives("attempt")) {
		E->shape = RT_SHAPE_REVIEW;
		E->kind = RT_KIND_SUMMARY;
		return read_event(RT_SHAPE_NATIVE, true);
	} else if (find("http.request.method").is_there ||
	    find("gen_ai.request.model").is_there) {
		E->shape = RT_SHAPE_OTEL;
	} else {
		return RT_REJECT_UNKNOWN_SHAPE;
	}
	return read_event(E->shape, false);
}

static void
read_identity(void)
{
	struct node emitter = first_of("emitter"), seq = first_of("seq");
	struct rt_str name;
	int64_t v;

	if (is_kept(&emitter) && is_kept(&seq) &&
	    set_str(emitter, 64, &name) == RT_REJECT_NOT &&
	    set_int(seq, 1, INT64_MAX, &v) == RT_REJECT_NOT) {
		verdict.emitter = name;
		verdict.seq = v;
	}
}

static void
judge(struct reader r)
{
	struct json_tokener *tok;
	size_t len = (size_t)(r.end - r.p);
	const char *start = r.p;

	if (len > RT_RECORD_MAX) {
		verdict.reason = RT_REJECT_TOO_LARGE;
		return;
	}
	verdict.reason = RT_REJECT_NOT_JSON;
	if (len == 0 || *r.p != '{' || !value(&r, RT_STR_NONE, false) ||
	    r.p != r.end)
		return;
	tok = json_tokener_new_ex(RT_RECORD_MAX);
	root = json_tokener_parse_ex(tok, start, (int)len);
	json_tokener_free(tok);
	if (!root) {
		verdict.is_judged = false;
		return;
	}
	read_identity();
	verdict.reason =
	    r.deepest > RT_DEPTH_MAX ? RT_REJECT_TOO_DEEP : read_shape();
	json_object_put(root);
	root = NULL;
}

const struct oracle_verdict *
oracle_decode(const char *p, size_t len)
{
	struct reader r = {p, p + len, 0, 0};

	verdict = (struct oracle_verdict){.is_judged = true};
	arena_used = 0;
	if (memmem(p, len, "\\u0000", 6))
		verdict.is_judged = false;
	space(&r);
	while (r.end > r.p && is_one_of(r.end[-1], " \t\r\n"))
		r.end--;
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
