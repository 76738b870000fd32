/* SPDX-License-Identifier: MIT */
#include "proto/classify.h"

#include "proto/macro.h"

/* How a rule's words are held against error_type. */
enum how { CONTAINS, IS, STARTS };

/* On which statuses a rule's words count. */
enum with { ANY, NO_STATUS, NO_STATUS_OR_2XX, ONLY_2XX };

struct rule {
	enum rt_class class;
	/* Ranges of statuses that suffice by themselves. */
	struct {
		int first, last;
	} statuses[3];
	/* Words that suffice, lower-case, on these statuses. */
	enum with with;
	enum how how;
	const char *words[9];
};

/* clang-format off */
static const struct rule rules[] = {
	{RT_CLASS_CANCELLED, {{0, 0}}, ANY, IS,
	    {"cancelled", "canceled", "client_cancelled"}},
	{RT_CLASS_TIMEOUT, {{408, 408}, {504, 504}, {524, 524}}, ANY, CONTAINS,
	    {"timeout", "timed_out", "deadline"}},
	{RT_CLASS_STREAM_INTERRUPTED, {{0, 0}}, ANY, STARTS, {"stream_"}},
	{RT_CLASS_CONNECTION, {{0, 0}}, NO_STATUS_OR_2XX, CONTAINS,
	    {"connect", "dns", "tls", "reset", "refused", "network", "unreachable"}},
	{RT_CLASS_POLICY, {{0, 0}}, ANY, CONTAINS,
	    {"content_filter", "content_policy", "safety", "moderation"}},
	{RT_CLASS_QUOTA, {{402, 402}}, ANY, CONTAINS, {"quota", "billing"}},
	{RT_CLASS_SCHEMA, {{0, 0}}, ONLY_2XX, CONTAINS,
	    {"schema", "parse", "validation"}},
	{RT_CLASS_AUTH, {{401, 401}, {403, 403}}, NO_STATUS, CONTAINS,
	    {"auth", "api_key"}},
	{RT_CLASS_CALLER_ERROR, {{0, 0}}, ANY, CONTAINS,
	    {"invalid_request", "bad_request"}},
	{RT_CLASS_RATE_LIMITED, {{429, 429}}, NO_STATUS, CONTAINS, {"rate_limit"}},
	{RT_CLASS_SERVER_ERROR, {{500, 599}}, ANY, CONTAINS, {NULL}},
	{RT_CLASS_CALLER_ERROR, {{400, 499}}, ANY, CONTAINS, {NULL}},
};
/* clang-format on */

static bool
is_2xx(int64_t status)
{
	return status >= 200 && status <= 299;
}

static bool
status_suffices(const struct rule *r, int64_t status)
{
	size_t i;

	for (i = 0; i < RT_COUNT_OF(r->statuses); i++)
		if (status > 0 && status >= r->statuses[i].first &&
		    status <= r->statuses[i].last)
			return true;
	return false;
}

static bool
words_count(enum with with, int64_t status)
{
	switch (with) {
	case NO_STATUS: return status == 0;
	case NO_STATUS_OR_2XX: return status == 0 || is_2xx(status);
	case ONLY_2XX: return is_2xx(status);
	case ANY: break;
	}
	return true;
}

static bool
word_matches(enum how how, struct rt_str type, const char *word)
{
	size_t n = strlen(word);

	switch (how) {
	case IS: return rt_str_is_nocase(type, word);
	case STARTS:
		return type.len >= n &&
		    rt_str_is_nocase((struct rt_str){type.p, n}, word);
	case CONTAINS: break;
	}
	return rt_str_contains_nocase(type, word);
}

static bool
matches(const struct rule *r, int64_t status, struct rt_str type)
{
	size_t i;

	if (status_suffices(r, status))
		return true;
	if (!type.p || !words_count(r->with, status))
		return false;
	for (i = 0; i < RT_COUNT_OF(r->words) && r->words[i]; i++)
		if (word_matches(r->how, type, r->words[i]))
			return true;
	return false;
}

enum rt_class
rt_classify(const struct rt_event *e)
{
	int64_t status =
	    rt_event_has(e, HTTP_STATUS) ? e->http_response_status_code : 0;
	struct rt_str type =
	    rt_event_has(e, ERROR_TYPE) ? e->error_type : RT_STR_NONE;
	size_t i;

	if (rt_event_has(e, FINAL_OUTCOME) &&
	    e->final_outcome == RT_OUTCOME_CANCELLED)
		return RT_CLASS_CANCELLED;
	if (!type.p && is_2xx(status))
		return RT_CLASS_NONE;
	for (i = 0; i < RT_COUNT_OF(rules); i++)
		if (matches(&rules[i], status, type))
			return rules[i].class;
	return RT_CLASS_UNKNOWN;
}

/* Of an attempt with an error_type. */
static enum rt_class
class_of_type(
    struct rt_classified *before, const struct rt_event *e, unsigned status)
{
	struct rt_str type = e->error_type;
	enum rt_class class;
	unsigned at;

	if (type.len == 0 || type.len > sizeof(before->by_type[0].type))
		return rt_classify(e);
	at = (status << 16 | (unsigned)(unsigned char)type.p[0] << 8 |
		 (unsigned)type.len) *
		2654435769u >>
	    (32 - RT_CLASSIFIED_BITS);
	if (before->by_type[at].len == type.len &&
	    before->by_type[at].status == status &&
	    memcmp(before->by_type[at].type, type.p, type.len) == 0)
		return (enum rt_class)before->by_type[at].error_class;
	class = rt_classify(e);
	memcpy(before->by_type[at].type, type.p, type.len);
	before->by_type[at].len = (uint8_t)type.len;
	before->by_type[at].status = (uint16_t)status;
	before->by_type[at].error_class = (uint8_t) class;
	return class;
}

enum rt_class
rt_classify_again(struct rt_classified *before, const struct rt_event *e)
{
	int64_t status =
	    rt_event_has(e, HTTP_STATUS) ? e->http_response_status_code : 0;
	uint8_t *known;

	if (status < 0 || status >= (int64_t)RT_COUNT_OF(before->by_status) ||
	    (rt_event_has(e, FINAL_OUTCOME) &&
		e->final_outcome == RT_OUTCOME_CANCELLED))
		return rt_classify(e);
	if (rt_event_has(e, ERROR_TYPE))
		return class_of_type(before, e, (unsigned)status);
	known = &before->by_status[status];
	if (*known == 0)
		*known = (uint8_t)(rt_classify(e) + 1);
	return (enum rt_class)(*known - 1);
}
