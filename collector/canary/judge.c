/* SPDX-License-Identifier: MIT */
#include "collector/canary/judge.h"

#include "collector/canary/document.h"

static const char *const level_names[RT_LEVEL_COUNT] = {
#define X(id, name) name,
    RT_LEVELS(X)
#undef X
};

static const char *const finish_names[RT_FINISH_COUNT] = {
#define X(id, name) name,
    RT_FINISHES(X)
#undef X
};

const char *
rt_level_name(enum rt_level l)
{
	return (unsigned)l < RT_LEVEL_COUNT ? level_names[l] : NULL;
}

const char *
rt_finish_name(enum rt_finish f)
{
	return (unsigned)f < RT_FINISH_COUNT ? finish_names[f] : NULL;
}

struct rt_judge_rules
rt_judge_rules_of(const struct rt_target *t)
{
	return (struct rt_judge_rules){.surface = (enum rt_surface)t->surface,
	    .stream_require = (enum rt_stream_rule)t->stream_require,
	    .requires_usage = t->usage == RT_USAGE_REQUIRED};
}

void
rt_judge_init(struct rt_judgement *j, const struct rt_judge_rules *rules)
{
	memset(j, 0, sizeof(*j));
	j->rules = *rules;
	j->tokens = -1;
}

/* ---- looking at one object --------------------------------------------------------- */

static bool
has_text(struct json_object *o, const char *key)
{
	const char *z = o ? rt_json_text(o, key) : NULL;

	return z && *z;
}

static void
keep(char *out, size_t size, struct json_object *o, const char *key)
{
	if (!*out && has_text(o, key))
		rt_text_scrub(out, size, rt_str_of(rt_json_text(o, key)));
}

static bool
is_object(struct json_object *o)
{
	return json_object_is_type(o, json_type_object);
}

static void
take_usage(struct rt_judgement *j, struct json_object *o)
{
	struct json_object *usage = rt_json_get(o, "usage");

	if (!is_object(usage))
		return;
	j->usage_seen = true;
	j->usages++;
	j->tokens = rt_json_int(usage, "total_tokens", j->tokens);
}

/* An error object, or its text; its code, or else its type, is kept. */
static void
take_error(struct rt_judgement *j, struct json_object *error)
{
	j->error_seen = true;
	if (!is_object(error))
		return;
	keep(j->error_code, sizeof(j->error_code), error, "code");
	keep(j->error_code, sizeof(j->error_code), error, "type");
}

static void
take_finish(struct rt_judgement *j, const char *word)
{
	static const struct {
		const char *word;
		enum rt_finish finish;
	} words[] = {
	    {"stop", RT_FINISH_COMPLETE},
	    {"completed", RT_FINISH_COMPLETE},
	    {"length", RT_FINISH_INCOMPLETE},
	    {"incomplete", RT_FINISH_INCOMPLETE},
	    {"content_filter", RT_FINISH_FILTERED},
	    {"failed", RT_FINISH_FAILED},
	};

	if (!word || !*word)
		return;
	j->finish_seen = true;
	j->finish = RT_FINISH_OTHER;
	for (size_t i = 0; i < RT_COUNT_OF(words); i++)
		if (strcmp(words[i].word, word) == 0)
			j->finish = words[i].finish;
}

static void
take_content(struct rt_judgement *j, bool is_there)
{
	j->content_seen |= is_there;
	j->tokens_seen += is_there;
}

/* One completion or chunk; true where it has the shape of one. */
static bool
look_at_chat(struct rt_judgement *j, struct json_object *o)
{
	struct json_object *choices = rt_json_get(o, "choices"), *first;

	if (!json_object_is_type(choices, json_type_array))
		return false;
	first = json_object_array_length(choices) > 0
	    ? json_object_array_get_idx(choices, 0)
	    : NULL;
	if (!is_object(first))
		return j->usage_seen; /* the chunk that only brings usage */
	take_finish(j, rt_json_text(first, "finish_reason"));
	take_content(j,
	    has_text(rt_json_get(first, "message"), "content") ||
		has_text(rt_json_get(first, "delta"), "content"));
	return true;
}

static bool
has_output_text(struct json_object *output)
{
	size_t n = json_object_array_length(output);

	for (size_t i = 0; i < n; i++) {
		struct json_object *parts = rt_json_get(
		    json_object_array_get_idx(output, i), "content");

		if (!json_object_is_type(parts, json_type_array))
			continue;
		for (size_t k = 0; k < json_object_array_length(parts); k++)
			if (has_text(
				json_object_array_get_idx(parts, k), "text"))
				return true;
	}
	return false;
}

static void
look_at_status(struct rt_judgement *j, struct json_object *o)
{
	const char *status = rt_json_text(o, "status");

	if (status && strcmp(status, "in_progress") != 0 &&
	    strcmp(status, "queued") != 0)
		take_finish(j, status);
}

/* A response object, alone or within an event. */
static bool
look_at_response(struct rt_judgement *j, struct json_object *o)
{
	struct json_object *output = rt_json_get(o, "output");
	struct json_object *error = rt_json_get(o, "error");

	keep(j->model, sizeof(j->model), o, "model");
	keep(j->object, sizeof(j->object), o, "object");
	take_usage(j, o);
	look_at_status(j, o);
	if (error)
		take_error(j, error);
	if (!json_object_is_type(output, json_type_array))
		return false;
	j->content_seen |= has_output_text(output);
	return rt_json_text(o, "status") != NULL;
}

static bool
look_at_event(struct rt_judgement *j, struct json_object *o)
{
	const char *type = rt_json_text(o, "type");
	struct json_object *response = rt_json_get(o, "response");

	if (!type)
		return false;
	if (strcmp(type, "error") == 0) {
		take_error(j, o);
		return false;
	}
	if (strcmp(type, "response.output_text.delta") == 0)
		take_content(j, has_text(o, "delta"));
	if (is_object(response))
		return look_at_response(j, response);
	return strncmp(type, "response.", 9) == 0;
}

static bool
look_at(struct rt_judgement *j, struct json_object *o, bool is_event)
{
	struct json_object *error = rt_json_get(o, "error");
	const char *object = rt_json_text(o, "object");

	keep(j->model, sizeof(j->model), o, "model");
	keep(j->object, sizeof(j->object), o, "object");
	if (error && !rt_json_text(o, "status")) {
		take_error(j, error);
		return false;
	}
	/* The error itself, as some servers send it. */
	if (object && strcmp(object, "error") == 0) {
		take_error(j, o);
		return false;
	}
	if (j->rules.surface == RT_SURFACE_CHAT) {
		take_usage(j, o);
		return look_at_chat(j, o);
	}
	return is_event ? look_at_event(j, o) : look_at_response(j, o);
}

static struct json_object *
parse(struct rt_judgement *j, struct rt_str s)
{
	struct json_object *o = NULL;
	enum rt_err err = rt_document_parse(s, &o);

	j->is_too_large |= err == RT_E_TOO_LARGE;
	if (err != RT_OK)
		return NULL;
	if (is_object(o))
		return o;
	json_object_put(o);
	return NULL;
}

/* ---- verdicts ---------------------------------------------------------------------- */

/* What an error object's own code says, whatever the status. */
static const char *
word_of_code(const struct rt_judgement *j, const char *otherwise)
{
	static const struct {
		const char *part, *word;
	} words[] = {
	    {"quota", "quota"},
	    {"billing", "quota"},
	    {"invalid_request", "invalid_request"},
	    {"content_filter", "content_filter"},
	    {"content_policy", "content_filter"},
	};

	for (size_t i = 0; i < RT_COUNT_OF(words); i++)
		if (rt_str_contains_nocase(
			rt_str_of(j->error_code), words[i].part))
			return words[i].word;
	return otherwise;
}

static const char *
word_of_status(const struct rt_judgement *j, int status)
{
	const char *word = word_of_code(j, NULL);

	if (status < 400)
		return "redirect"; /* not followed */
	if (status == 402)
		return "quota";
	/* A refused key is that, whatever its code is called. */
	if (word && status != 401 && status != 403)
		return word;
	if (status == 404)
		return j->is_html ? "not_found_html" : "not_found";
	return "http_error";
}

/* What the status and the transport alone decide; true: look no further. */
static bool
is_decided(struct rt_judgement *j, int status, const char *transport_error)
{
	j->levels[RT_LEVEL_TRANSPORT] = !transport_error;
	j->levels[RT_LEVEL_HTTP] = status >= 200 && status < 300;
	if (!transport_error && j->levels[RT_LEVEL_HTTP])
		return false;
	j->error_type =
	    transport_error ? transport_error : word_of_status(j, status);
	return true;
}

static bool
looks_like_html(struct rt_str body)
{
	size_t i = 0;

	while (i < body.len && strchr(" \t\r\n", body.p[i]))
		i++;
	return i < body.len && body.p[i] == '<';
}

/* Skips a byte order mark, which some servers send. */
static struct rt_str
without_bom(struct rt_str body)
{
	if (body.len >= 3 && memcmp(body.p, "\xEF\xBB\xBF", 3) == 0) {
		body.p += 3;
		body.len -= 3;
	}
	return body;
}

static void
weigh_usage(struct rt_judgement *j, const char *word)
{
	if (j->error_type || j->usage_seen)
		return;
	if (j->rules.requires_usage)
		j->error_type = word;
	else
		j->is_lacking = true;
}

void
rt_judge_plain(struct rt_judgement *j, const struct rt_judge_rules *rules,
    int status, const char *transport_error, struct rt_str body)
{
	struct rt_str text = without_bom(body);
	struct json_object *o;
	bool has_shape = false;

	rt_judge_init(j, rules);
	o = parse(j, text);
	j->is_html = looks_like_html(text);
	if (o)
		has_shape = look_at(j, o, false);
	json_object_put(o);
	j->levels[RT_LEVEL_BODY] = o && !transport_error;
	if (is_decided(j, status, transport_error))
		return;
	j->levels[RT_LEVEL_CONTRACT] = has_shape && !j->error_seen;
	j->levels[RT_LEVEL_USABLE] = j->levels[RT_LEVEL_CONTRACT] &&
	    j->finish_seen && j->content_seen &&
	    j->finish != RT_FINISH_FILTERED && j->finish != RT_FINISH_FAILED;
	if (!j->levels[RT_LEVEL_BODY])
		j->error_type = j->is_too_large ? "parse_too_large"
		    : j->is_html                ? "parse_html"
		    : text.len == 0             ? "parse_empty"
						: "parse_error";
	else if (j->error_seen || j->finish == RT_FINISH_FAILED)
		j->error_type = word_of_code(j,
		    j->finish == RT_FINISH_FAILED ? "upstream_failed"
						  : "upstream_error");
	else if (!has_shape)
		j->error_type = "schema_mismatch";
	else if (j->finish == RT_FINISH_FILTERED)
		j->error_type = "content_filter";
	else if (!j->finish_seen)
		j->error_type = "schema_no_finish";
	else if (!j->content_seen)
		j->error_type = "schema_no_content";
	weigh_usage(j, "schema_no_usage");
}

void
rt_judge_event(struct rt_judgement *j, struct rt_str data)
{
	struct json_object *o;

	j->events++;
	if (rt_str_is(data, "[DONE]")) {
		j->done_seen = true;
		return;
	}
	o = parse(j, data);
	if (!o)
		j->has_bad_json = true;
	else if (look_at(j, o, true))
		j->levels[RT_LEVEL_CONTRACT] = true;
	json_object_put(o);
}

static bool
has_wished_end(const struct rt_judgement *j)
{
	switch (j->rules.stream_require) {
	case RT_STREAM_FINISH: return j->finish_seen;
	case RT_STREAM_DONE:
		return j->done_seen ||
		    (j->rules.surface == RT_SURFACE_RESPONSES &&
			j->finish_seen);
	case RT_STREAM_TERMINAL: return j->done_seen || j->finish_seen;
	case RT_STREAM_NONE: break;
	}
	return true;
}

static const char *
what_ails_stream(const struct rt_judgement *j, bool has_residue)
{
	/* Where [DONE] is wished for, a finish marker is usable without it. */
	bool has_end = has_wished_end(j) ||
	    (j->rules.stream_require == RT_STREAM_DONE && j->finish_seen);

	if (j->finish == RT_FINISH_FAILED)
		return "stream_failed";
	if (j->error_seen)
		return "stream_error";
	if (j->has_bad_json)
		return j->is_too_large ? "parse_too_large"
				       : "stream_parse_error";
	if (has_residue)
		return "stream_truncated";
	if (j->finish == RT_FINISH_FILTERED)
		return "content_filter";
	if (!has_end)
		return "stream_no_terminal";
	return j->content_seen ? NULL : "stream_no_content";
}

void
rt_judge_stream(struct rt_judgement *j, int status, const char *transport_error,
    bool has_residue)
{
	bool has_shape = j->levels[RT_LEVEL_CONTRACT];

	j->levels[RT_LEVEL_BODY] = j->events > 0 && !j->has_bad_json;
	j->levels[RT_LEVEL_CONTRACT] = has_shape && !j->error_seen;
	if (is_decided(j, status, transport_error))
		return;
	j->error_type = what_ails_stream(j, has_residue);
	j->levels[RT_LEVEL_USABLE] = !j->error_type;
	j->is_lacking = !j->error_type && !has_wished_end(j);
	weigh_usage(j, "schema_no_usage");
}

/* No field of an event stream begins like that. */
static bool
is_document(struct rt_str body)
{
	struct rt_str text = without_bom(body);
	size_t i = 0;

	while (i < text.len && strchr(" \t\r\n", text.p[i]))
		i++;
	return i < text.len && strchr("{[<", text.p[i]);
}

bool
rt_judge_document(struct rt_judgement *j, int status, struct rt_str body)
{
	struct rt_judge_rules rules = j->rules;

	if (j->events > 0 || !is_document(body))
		return false;
	rt_judge_plain(j, &rules, status, NULL, body);
	if (j->levels[RT_LEVEL_CONTRACT])
		j->error_type = "schema_not_a_stream";
	j->levels[RT_LEVEL_CONTRACT] = j->levels[RT_LEVEL_USABLE] = false;
	j->content_seen = false; /* nobody who reads a stream got it */
	return true;
}
