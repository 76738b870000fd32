/* SPDX-License-Identifier: MIT */
/*
 * keys — every name a record may carry, in one table.
 *
 * What    The keys of all dialects, nested ones as their joined path
 *         (`trigger.type` is {"trigger":{"type":…}} and the flat key alike), the names
 *         of the objects they are nested in, and the names whose value is never kept.
 * Order   The fields of RT_EVENT_FIELDS come first: key RT_FIELD_x is that field's
 *         own name.
 * Cost    A lookup is a multiplication, a probe or two and two compares.
 */
#ifndef RT_KEYS_H
#define RT_KEYS_H

#include <stdbool.h>
#include <stdint.h>

#include "proto/event.h"

/* clang-format off */
#define RT_KEYS_OTHER(X) \
	X(SCHEMA,               "schema") \
	X(SOURCE_SHAPE,         "source_shape") \
	X(TS_IS_ARRIVAL,        "ts_is_arrival") \
	X(TIMESTAMP,            "timestamp") \
	/* retry log */ \
	X(EVENT,                "event") \
	X(REQUEST_ID,           "request_id") \
	X(ENDPOINT,             "endpoint") \
	X(STATUS,               "http_status") \
	X(OUTCOME,              "outcome") \
	/* runbook record */ \
	X(PROVIDER_ROUTE,       "provider_route") \
	X(METHOD,               "http_method") \
	X(STATUS_CODE,          "http_status_code") \
	X(RETRY_ATTEMPT,        "retry_attempt") \
	X(BACKOFF_APPLIED,      "backoff_applied_ms") \
	X(CLIENT_RESULT,        "client_result") \
	X(TERMINAL_OUTCOME,     "terminal_outcome") \
	/* review record */ \
	X(ATTEMPT_INDEX,        "attempt_index") \
	X(REQUEST_ROUTE,        "request_route") \
	X(RETRY_DECISION,       "retry_decision") \
	X(RETRY_REASON,         "retry_reason") \
	/* fallback decision log */ \
	X(CORRELATION_ID,       "correlation_id") \
	X(ENDPOINT_PATH,        "endpoint_path") \
	X(ATTEMPT_NUMBER,       "attempt_number") \
	X(TRIGGER_TYPE,         "trigger.type") \
	X(TRIGGER_STATUS,       "trigger.http_status") \
	X(TRIGGER_ELAPSED,      "trigger.elapsed_ms") \
	X(BACKOFF_WAIT,         "backoff_wait_ms") \
	X(PARENT_CORRELATION,   "parent_correlation_id") \
	/* OpenTelemetry */ \
	X(OTEL_METHOD,          "http.request.method") \
	X(OTEL_STATUS,          "http.response.status_code") \
	X(OTEL_TEMPLATE,        "url.template") \
	X(OTEL_ROUTE,           "http.route") \
	X(OTEL_ERROR,           "error.type") \
	X(OTEL_RESEND,          "http.request.resend_count") \
	X(OTEL_MODEL,           "gen_ai.request.model") \
	X(OTEL_MODEL_RETURNED,  "gen_ai.response.model") \
	X(OTEL_STREAM,          "gen_ai.request.stream") \
	X(OTEL_TTFT,            "gen_ai.response.time_to_first_chunk") \
	X(OTEL_FINISH,          "gen_ai.response.finish_reasons") \
	X(OTEL_TOKENS_IN,       "gen_ai.usage.input_tokens") \
	X(OTEL_TOKENS_OUT,      "gen_ai.usage.output_tokens") \
	X(OTEL_SERVICE,         "service.name") \
	X(OTEL_VERSION,         "service.version") \
	X(OTEL_ENVIRONMENT,     "deployment.environment.name") \
	X(PARENT_SPAN,          "parent_span_id") \
	X(TRACE,                "trace_id")

/* Objects that known keys may be nested in. */
#define RT_KEYS_PARENT(X) \
	X(P_TRIGGER,         "trigger") \
	X(P_HTTP,            "http") \
	X(P_HTTP_REQUEST,    "http.request") \
	X(P_HTTP_RESPONSE,   "http.response") \
	X(P_URL,             "url") \
	X(P_ERROR,           "error") \
	X(P_GEN_AI,          "gen_ai") \
	X(P_GEN_AI_REQUEST,  "gen_ai.request") \
	X(P_GEN_AI_RESPONSE, "gen_ai.response") \
	X(P_GEN_AI_USAGE,    "gen_ai.usage") \
	X(P_DEPLOYMENT,      "deployment") \
	X(P_DEPLOYMENT_ENV,  "deployment.environment")

/* Names of content and credentials. */
#define RT_KEYS_NEVER(X) \
	X(N_PROMPT, "prompt") X(N_MESSAGES, "messages") X(N_INPUT, "input") \
	X(N_COMPLETION, "completion") X(N_CONTENT, "content") \
	X(N_OUTPUT, "output") X(N_TEXT, "text") X(N_BODY, "body") \
	X(N_REQUEST_BODY, "request_body") X(N_RESPONSE_BODY, "response_body") \
	X(N_HEADERS, "headers") X(N_COOKIE, "cookie") X(N_API_KEY, "api_key") \
	X(N_AUTHORIZATION, "authorization") X(N_PASSWORD, "password") \
	X(N_SECRET, "secret") X(N_USER, "user") X(N_EMAIL, "email") \
	X(N_CUSTOMER_ID, "customer_id") X(N_ACCOUNT_ID, "account_id") \
	X(N_PRICE, "price")
/* clang-format on */

enum rt_key {
#define X(id, member, type, lo, hi) RT_KEY_F_##id = RT_FIELD_##id,
	RT_EVENT_FIELDS(X)
#undef X
#define X(id, name) RT_KEY_##id,
	    RT_KEYS_OTHER(X)
	/* Two names made up for one record: see rt_decoder. */
	RT_KEY_EXTRA_1,
	RT_KEY_EXTRA_2,
	RT_KEYS_PARENT(X) RT_KEY_COUNT,
	RT_KEY_NEVER_FIRST_ = RT_KEY_COUNT - 1,
	RT_KEYS_NEVER(X)
#undef X
	    RT_KEY_ALL, /* RT_KEY_COUNT .. RT_KEY_ALL - 1 are never kept */
};

#define RT_KEY_BUCKETS 512u

struct rt_keys {
	struct rt_key_row {
		uint64_t first, second; /* see rt_key_head */
		const char *name;       /* static */
		uint32_t len;
	} rows[RT_KEY_ALL];
	uint8_t buckets[RT_KEY_BUCKETS]; /* key + 1, 0 free; linear probing */
};

void rt_keys_init(struct rt_keys *k);

/*
 * The name's first 16 bytes, zeros behind its end: up to there two compares are all
 * of it.  `readable` bytes from p may be read, so that a short name needs no copy.
 */
static inline void
rt_key_head(const char *p, size_t len, size_t readable, uint64_t *first,
    uint64_t *second)
{
	static const unsigned char ones[32] = {255, 255, 255, 255, 255, 255,
	    255, 255, 255, 255, 255, 255, 255, 255, 255, 255};
	size_t n = len < 16 ? len : 16;
	char padded[16] = {0};
	uint64_t mask[2];

	if (readable < 16) {
		memcpy(padded, p, n);
		p = padded;
	}
	memcpy(mask, ones + 16 - n, sizeof(mask));
	memcpy(first, p, sizeof(*first));
	memcpy(second, p + 8, sizeof(*second));
	*first &= mask[0];
	*second &= mask[1];
}

static inline unsigned
rt_key_bucket(uint64_t first, uint64_t second, size_t len)
{
	uint64_t h = (first ^ (second << 7 | second >> 57) ^ len) *
	    UINT64_C(0x9E3779B97F4A7C15);

	return (unsigned)(h >> 55); /* 9 bits: RT_KEY_BUCKETS */
}

/* The key of that name, or RT_KEY_ALL.  Inline: it runs for every name. */
static inline enum rt_key
rt_keys_find(
    const struct rt_keys *k, const char *p, size_t len, size_t readable)
{
	const struct rt_key_row *row;
	uint64_t first, second;
	unsigned at;

	rt_key_head(p, len, readable, &first, &second);
	at = rt_key_bucket(first, second, len);
	for (; k->buckets[at]; at = (at + 1) % RT_KEY_BUCKETS) {
		row = &k->rows[k->buckets[at] - 1];
		if (row->first != first || row->second != second ||
		    row->len != len)
			continue;
		if (len <= 16 || memcmp(row->name + 16, p + 16, len - 16) == 0)
			return (enum rt_key)(k->buckets[at] - 1);
	}
	return RT_KEY_ALL;
}

/* May known keys be nested in an object of that name? */
static inline bool
rt_key_is_parent(enum rt_key key)
{
	return (key >= RT_KEY_P_TRIGGER && key < RT_KEY_COUNT) ||
	    key == RT_KEY_F_SERVICE;
}

static inline bool
rt_key_is_never(enum rt_key key)
{
	return key >= RT_KEY_COUNT && key < RT_KEY_ALL;
}

#endif
