/* SPDX-License-Identifier: MIT */
#include "collector/canary/document.h"

static bool
is_too_much(struct rt_str text)
{
	unsigned nodes = 0, commas = 0;
	bool is_quoted = false;

	for (size_t i = 0; i < text.len; i++) {
		char c = text.p[i];

		if (c == '"')
			is_quoted = !is_quoted;
		else if (is_quoted)
			i += c == '\\';
		else if (c == '{' || c == '[')
			nodes++;
		else if (c == ',')
			commas++;
	}
	return nodes > RT_DOCUMENT_NODES_MAX || commas > RT_DOCUMENT_COMMAS_MAX;
}

enum rt_err
rt_document_parse(struct rt_str text, struct json_object **out)
{
	if (!text.p)
		return RT_E_SYNTAX;
	if (text.len > RT_DOCUMENT_BYTES_MAX || is_too_much(text))
		return RT_E_TOO_LARGE;
	return rt_json_parse(text.p, text.len, RT_DOCUMENT_BYTES_MAX,
	    RT_DOCUMENT_DEPTH_MAX, out, NULL);
}
