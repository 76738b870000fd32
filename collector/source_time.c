/* SPDX-License-Identifier: MIT */
/*
 * The time of a record, found without decoding it.
 */
#define _GNU_SOURCE /* memmem */
#include <string.h>

#include "collector/source.h"

static bool
is_key_char(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
	    (c >= '0' && c <= '9') || c == '_' || c == '-' || c == '.';
}

static bool
is_space(char c)
{
	return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

/* The value behind a key that ends at `i`; false where no value follows. */
static bool
value_behind(struct rt_str s, size_t i, bool is_quoted, struct rt_str *out)
{
	size_t from;

	i += is_quoted;
	while (i < s.len && is_space(s.p[i]))
		i++;
	if (i == s.len || (s.p[i] != ':' && s.p[i] != '='))
		return false;
	i++;
	while (i < s.len && is_space(s.p[i]))
		i++;
	if (i < s.len && s.p[i] == '"')
		i++;
	/* RFC 3339 allows a space between date and time. */
	for (from = i; i < s.len && s.p[i] != '"' && s.p[i] != ',' &&
	     s.p[i] != '\n' && s.p[i] != '\r';
	     i++)
		if (s.p[i] == ' ' && i - from != 10)
			break;
	*out = (struct rt_str){s.p + from, i - from};
	return i > from;
}

static bool
time_of_key(struct rt_str s, const char *key, int64_t *out_us)
{
	size_t n = strlen(key), i;
	const char *hit;
	struct rt_str value;

	for (i = 0; i < s.len; i = (size_t)(hit - s.p) + n) {
		bool is_quoted;

		hit = memmem(s.p + i, s.len - i, key, n);
		if (!hit)
			return false;
		if (hit > s.p && is_key_char(hit[-1]))
			continue;
		is_quoted = hit > s.p && hit[-1] == '"';
		if (is_quoted && hit > s.p + 1 && hit[-2] == '\\')
			continue;
		if (is_quoted && (hit + n == s.p + s.len || hit[n] != '"'))
			continue;
		if (value_behind(
			s, (size_t)(hit - s.p) + n, is_quoted, &value) &&
		    rt_text_to_time(value, out_us, NULL) == RT_OK)
			return true;
	}
	return false;
}

bool
rt_source_time(struct rt_str record, int64_t *out_us)
{
	return time_of_key(record, "ts", out_us) ||
	    time_of_key(record, "timestamp", out_us);
}
