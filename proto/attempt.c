/* SPDX-License-Identifier: MIT */
#include "proto/attempt.h"

#include <string.h>

#include "proto/encode.h"

/* X(member of rt_attempt, ID in event.h, member of rt_event, TYPE) */
/* clang-format off */
#define MEMBERS(X) \
	X(operation_id,           OPERATION_ID,           operation_id,              STR) \
	X(attempt,                ATTEMPT,                attempt,                   INT) \
	X(max_attempts,           MAX_ATTEMPTS,           max_attempts,              INT) \
	X(service,                SERVICE,                service,                   STR) \
	X(service_version,        SERVICE_VERSION,        service_version,           STR) \
	X(environment,            ENVIRONMENT,            environment,               STR) \
	X(tenant,                 TENANT,                 tenant,                    STR) \
	X(provider,               PROVIDER,               provider,                  STR) \
	X(method,                 HTTP_REQUEST_METHOD,    http_request_method,       STR) \
	X(route,                  HTTP_ROUTE,             http_route,                STR) \
	X(status,                 HTTP_STATUS,            http_response_status_code, INT) \
	X(error_type,             ERROR_TYPE,             error_type,                STR) \
	X(elapsed_ms,             ELAPSED_MS,             elapsed_ms,                MS) \
	X(ttft_ms,                TTFT_MS,                ttft_ms,                   MS) \
	X(decision_reason,        DECISION_REASON,        decision_reason,           STR) \
	X(backoff_ms,             BACKOFF_MS,             backoff_ms,                MS) \
	X(retry_after_ms,         RETRY_AFTER_MS,         retry_after_ms,            MS) \
	X(retry_budget_remaining, RETRY_BUDGET_REMAINING, retry_budget_remaining,    INT) \
	X(timeout_budget_ms,      TIMEOUT_BUDGET_MS,      timeout_budget_ms,         MS) \
	X(fallback_target,        FALLBACK_TARGET,        fallback_target,           STR) \
	X(model_requested,        MODEL_REQUESTED,        model_requested,           STR) \
	X(model_returned,         MODEL_RETURNED,         model_returned,            STR) \
	X(streaming,              STREAMING,              streaming,                 BOOL) \
	X(stream_committed,       STREAM_COMMITTED,       stream_committed,          BOOL) \
	X(finish_reason_seen,     FINISH_REASON_SEEN,     finish_reason_seen,        BOOL) \
	X(usage_seen,             USAGE_SEEN,             usage_seen,                BOOL) \
	X(response_object_type,   RESPONSE_OBJECT_TYPE,   response_object_type,      STR) \
	X(upstream_request_id,    UPSTREAM_REQUEST_ID,    upstream_request_id,       STR) \
	X(upstream_attempts,      UPSTREAM_ATTEMPTS,      upstream_attempts,         INT) \
	X(parent_operation_id,    PARENT_OPERATION_ID,    parent_operation_id,       STR) \
	X(requeue_count,          REQUEUE_COUNT,          requeue_count,             INT) \
	X(synthetic,              SYNTHETIC,              synthetic,                 BOOL)
/* clang-format on */

/* The longest code a client may use for what it did. */
#define CODE_MAX 64.0

static const struct {
	double min, max;
} RANGES[RT_FIELD_COUNT] = {
#define X(id, member, type, lo, hi) [RT_FIELD_##id] = {lo, (double)(hi)},
    RT_EVENT_FIELDS(X)
#undef X
};

const struct rt_attempt rt_attempt_unknown = {
    .attempt = RT_UNKNOWN,
    .max_attempts = RT_UNKNOWN,
    .status = RT_UNKNOWN,
    .retry_budget_remaining = RT_UNKNOWN,
    .upstream_attempts = RT_UNKNOWN,
    .requeue_count = RT_UNKNOWN,
    .elapsed_ms = RT_UNKNOWN,
    .ttft_ms = RT_UNKNOWN,
    .backoff_ms = RT_UNKNOWN,
    .retry_after_ms = RT_UNKNOWN,
    .timeout_budget_ms = RT_UNKNOWN,
    .streaming = RT_UNKNOWN,
    .stream_committed = RT_UNKNOWN,
    .finish_reason_seen = RT_UNKNOWN,
    .usage_seen = RT_UNKNOWN,
    .synthetic = RT_UNKNOWN,
};

/* Code points, counted as bytes that begin one. */
static bool
fits(struct rt_str s, double max)
{
	size_t i, points = 0;

	if ((double)s.len <= max)
		return true;
	for (i = 0; i < s.len; i++)
		points += ((unsigned char)s.p[i] & 0xC0) != 0x80;
	return (double)points <= max;
}

/* Never reads further than the longest string that could still fit. */
static bool
read_str(const char *z, double max, struct rt_str *out)
{
	size_t most = (size_t)max * 4;
	struct rt_str s = {z, z ? strnlen(z, most + 1) : 0};

	if (s.len == 0)
		return true;
	if (s.len > most || !fits(s, max))
		return false;
	*out = s;
	return true;
}

static bool
take_str(struct rt_event *e, enum rt_field f, const char *z, struct rt_str *out)
{
	if (!read_str(z, RANGES[f].max, out))
		return false;
	if (out->p)
		e->present |= UINT64_C(1) << f;
	return true;
}

static bool
take_int(struct rt_event *e, enum rt_field f, int64_t v, int64_t *out)
{
	/* 0 is what HTTP libraries call the status of a response that never came. */
	if (v == RT_UNKNOWN || (f == RT_FIELD_HTTP_STATUS && v == 0))
		return true;
	if ((double)v < RANGES[f].min || (double)v > RANGES[f].max)
		return false;
	e->present |= UINT64_C(1) << f;
	*out = v;
	return true;
}

static bool
take_ms(struct rt_event *e, enum rt_field f, double v, double *out)
{
	if (v >= RT_UNKNOWN && v <= RT_UNKNOWN)
		return true;
	if (!(v >= RANGES[f].min && v <= RANGES[f].max))
		return false;
	e->present |= UINT64_C(1) << f;
	*out = v;
	return true;
}

static bool
take_bool(struct rt_event *e, enum rt_field f, int v, bool *out)
{
	if (v == RT_UNKNOWN)
		return true;
	e->present |= UINT64_C(1) << f;
	*out = v != 0;
	return true;
}

#define TAKE_STR take_str
#define TAKE_INT take_int
#define TAKE_MS take_ms
#define TAKE_BOOL take_bool

static bool
take_words(struct rt_event *e, const struct rt_attempt *a)
{
	struct rt_str outcome = RT_STR_NONE;

	if (!read_str(a->decision, CODE_MAX, &e->decision_code) ||
	    !read_str(a->final_outcome, CODE_MAX, &outcome))
		return false;
	if (e->decision_code.p) {
		e->present |= RT_FIELD_BIT(DECISION);
		e->decision = rt_decision_from(e->decision_code);
	}
	if (outcome.p) {
		e->present |= RT_FIELD_BIT(FINAL_OUTCOME);
		e->final_outcome = rt_outcome_from(outcome);
	}
	return true;
}

static bool
is_complete(const struct rt_event *e)
{
	return rt_event_has(e, OPERATION_ID) && rt_event_has(e, ATTEMPT);
}

enum rt_err
rt_attempt_encode(const struct rt_attempt *a, rt_wall_t ts, char *out,
    size_t size, size_t *len)
{
	struct rt_event e = {.kind = RT_KIND_ATTEMPT,
	    .shape = RT_SHAPE_NATIVE,
	    .present = RT_FIELD_BIT(TS),
	    .ts_us = ts.us,
	    .ts_has_fraction = true};
	struct rt_buf b;

#define X(from, id, to, type)                                \
	if (!TAKE_##type(&e, RT_FIELD_##id, a->from, &e.to)) \
		return RT_E_FIELD;
	MEMBERS(X)
#undef X
	if (!take_words(&e, a) || !is_complete(&e))
		return RT_E_FIELD;
	rt_buf_init_fixed(&b, out, size);
	rt_encode(&b, &e);
	if (b.overflow)
		return RT_E_TOO_LARGE;
	*len = b.len;
	return RT_OK;
}
