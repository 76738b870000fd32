/* SPDX-License-Identifier: MIT */
#include "collector/canary/judge.h"

#include "proto/json.h"

#define BODY_MAX (1u << 20)
#define DEPTH_MAX 32

static const char *const level_names[RT_LEVEL_COUNT] = {
#define X(id, name) name,
    RT_LEVELS(X)
#undef X
};

const char *
rt_level_name(enum rt_level l)
{
	return (unsigned)l < RT_LEVEL_COUNT ? level_names[l] : NULL;
}

void
rt_judge_init(struct rt_judgement *j)
{
	memset(j, 0, sizeof(*j));
}

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

/* One completion or chunk; true where it has the shape of one. */
static bool
look_at(struct rt_judgement *j, struct json_object *o)
{
	struct json_object *error = rt_json_get(o, "error");
	struct json_object *usage = rt_json_get(o, "usage");
	struct json_object *choices = rt_json_get(o, "choices"), *first;

	keep(j->model, sizeof(j->model), o, "model");
	keep(j->object, sizeof(j->object), o, "object");
	j->usage_seen |= json_object_is_type(usage, json_type_object);
	if (error) {
		j->error_seen = true;
		if (json_object_is_type(error, json_type_object))
			keep(j->error_code, sizeof(j->error_code), error,
			    "code");
		return false;
	}
	if (!json_object_is_type(choices, json_type_array))
		return false;
	first = json_object_array_length(choices) > 0
	    ? json_object_array_get_idx(choices, 0)
	    : NULL;
	if (!json_object_is_type(first, json_type_object))
		return j->usage_seen; /* the chunk that only brings usage */
	j->finish_seen |= has_text(first, "finish_reason");
	j->content_seen |= has_text(rt_json_get(first, "message"), "content") ||
	    has_text(rt_json_get(first, "delta"), "content");
	return true;
}

static struct json_object *
parse(struct rt_str s)
{
	struct json_object *o = NULL;

	if (!s.p ||
	    rt_json_parse(s.p, s.len, BODY_MAX, DEPTH_MAX, &o, NULL) != RT_OK)
		return NULL;
	if (json_object_is_type(o, json_type_object))
		return o;
	json_object_put(o);
	return NULL;
}

/* What the status and the transport alone decide; true: look no further. */
static bool
is_decided(struct rt_judgement *j, int status, const char *transport_error)
{
	j->levels[RT_LEVEL_TRANSPORT] = !transport_error;
	j->levels[RT_LEVEL_HTTP] = status >= 200 && status < 300;
	if (!transport_error && j->levels[RT_LEVEL_HTTP])
		return false;
	/* Redirects are not followed; refusals speak by their status. */
	j->error_type = transport_error ? transport_error
	    : status < 400              ? "redirect"
	    : status == 402 || strcmp(j->error_code, "insufficient_quota") == 0
	    ? "quota"
	    : strncmp(j->error_code, "invalid_request", 15) == 0
	    ? "invalid_request"
	    : "http_error";
	return true;
}

void
rt_judge_plain(struct rt_judgement *j, int status, const char *transport_error,
    struct rt_str body)
{
	struct json_object *o = parse(body);
	bool has_shape = false;

	rt_judge_init(j);
	if (o)
		has_shape = look_at(j, o);
	json_object_put(o);
	j->levels[RT_LEVEL_BODY] = o && !transport_error;
	if (is_decided(j, status, transport_error))
		return;
	j->levels[RT_LEVEL_CONTRACT] = has_shape;
	j->levels[RT_LEVEL_USABLE] =
	    has_shape && j->finish_seen && j->content_seen;
	if (!j->levels[RT_LEVEL_BODY])
		j->error_type = "parse_error";
	else if (j->error_seen)
		j->error_type = "upstream_error";
	else if (!has_shape)
		j->error_type = "schema_mismatch";
	else if (!j->levels[RT_LEVEL_USABLE])
		j->error_type = "schema_no_finish";
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
	o = parse(data);
	if (!o)
		j->has_bad_json = true;
	else if (look_at(j, o))
		j->levels[RT_LEVEL_CONTRACT] = true;
	json_object_put(o);
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
	if (j->error_seen)
		j->error_type = "stream_error";
	else if (j->has_bad_json)
		j->error_type = "stream_parse_error";
	else if (has_residue)
		j->error_type = "stream_truncated";
	else if (!j->finish_seen)
		j->error_type = "stream_no_terminal";
	else if (!j->content_seen)
		j->error_type = "stream_no_content";
	j->levels[RT_LEVEL_USABLE] = !j->error_type;
}
