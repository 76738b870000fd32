/* SPDX-License-Identifier: MIT */
#include "collector/canary/request.h"

#include "proto/jsonw.h"

#define SENTENCE "Answer with the single word: ready."

static void
write_chat(struct rt_jsonw *w, const struct rt_target *t)
{
	rt_jsonw_array(w, "messages");
	rt_jsonw_object(w, NULL);
	rt_jsonw_text(w, "role", "user");
	rt_jsonw_text(w, "content", SENTENCE);
	rt_jsonw_end(w);
	rt_jsonw_end(w);
	if (t->token_limit_field != RT_LIMIT_NONE)
		rt_jsonw_int(w,
		    t->token_limit_field == RT_LIMIT_MAX_TOKENS
			? "max_tokens"
			: "max_completion_tokens",
		    t->token_limit);
	rt_jsonw_bool(w, "stream", t->is_stream);
	if (t->is_stream && t->includes_usage) {
		rt_jsonw_object(w, "stream_options");
		rt_jsonw_bool(w, "include_usage", true);
		rt_jsonw_end(w);
	}
}

static void
write_responses(struct rt_jsonw *w, const struct rt_target *t)
{
	rt_jsonw_text(w, "input", SENTENCE);
	if (t->token_limit_field != RT_LIMIT_NONE)
		rt_jsonw_int(w, "max_output_tokens", t->token_limit);
	rt_jsonw_bool(w, "stream", t->is_stream);
	rt_jsonw_bool(w, "store", false);
}

void
rt_request_write(struct rt_buf *b, const struct rt_target *t)
{
	struct rt_jsonw w = rt_jsonw_begin(b);

	rt_jsonw_object(&w, NULL);
	rt_jsonw_text(&w, "model", t->model);
	if (t->surface == RT_SURFACE_RESPONSES)
		write_responses(&w, t);
	else
		write_chat(&w, t);
	rt_jsonw_end(&w);
}
