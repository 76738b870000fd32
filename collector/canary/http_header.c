/* SPDX-License-Identifier: MIT */
#include "collector/canary/http_header.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

/* The value of `line` if it is header `name` (with its colon); trimmed. */
static bool
header_value(struct rt_str line, const char *name, struct rt_str *out)
{
	size_t n = strlen(name);

	if (line.len < n || strncasecmp(line.p, name, n) != 0)
		return false;
	line.p += n;
	line.len -= n;
	while (line.len > 0 && (*line.p == ' ' || *line.p == '\t')) {
		line.p++;
		line.len--;
	}
	while (line.len > 0 && strchr(" \t\r\n", line.p[line.len - 1]))
		line.len--;
	*out = line;
	return true;
}

/* Attempts the gateway itself made, as far as it says so. */
static void
read_count(struct rt_http_answer *a, struct rt_str v, int64_t more)
{
	int64_t n;

	if (rt_text_to_int(v, &n) == RT_OK && n >= 0 && n + more >= 1 &&
	    n < 1000000)
		a->upstream_attempts = (int)(n + more);
}

void
rt_http_header_read(struct rt_http_answer *a, const char *request_id,
    struct rt_str line, rt_wall_t now)
{
	char name[72];
	struct rt_str v;
	double ms;

	snprintf(name, sizeof(name),
	    "%s:", request_id ? request_id : "x-request-id");
	/* The finer of the two waits wins, whichever comes first. */
	if (header_value(line, "retry-after-ms:", &v)) {
		if (rt_retry_after_ms_read(v, &ms) == RT_OK)
			a->retry_after_ms = ms;
	} else if (header_value(line, "retry-after:", &v)) {
		if (a->retry_after_ms < 0 &&
		    rt_retry_after_read(v, now, &ms) == RT_OK)
			a->retry_after_ms = ms;
	} else if (header_value(line, "x-should-retry:", &v)) {
		a->should_retry = rt_retry_word_read(v);
	} else if (header_value(line, "content-encoding:", &v)) {
		a->is_encoded = !rt_str_is_nocase(v, "identity");
	} else if (header_value(line, "content-type:", &v)) {
		a->is_html = rt_str_contains_nocase(v, "text/html");
	} else if (header_value(line, "x-envoy-attempt-count:", &v)) {
		read_count(a, v, 0);
	} else if (header_value(line, "x-litellm-attempted-retries:", &v)) {
		read_count(a, v, 1);
	} else if (header_value(line, "x-portkey-retry-attempt-count:", &v)) {
		read_count(a, v, 1);
	} else if (header_value(line, name, &v)) {
		rt_text_scrub(a->request_id, sizeof(a->request_id), v);
	}
}
