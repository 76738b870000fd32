/* SPDX-License-Identifier: MIT */
/*
 * event — one attempt of an LLM call, and the words it is described in.
 *
 * What    struct rt_event is what every shape of record becomes (decode.h) and what
 *         everything else reads.  An operation is what a caller asked for; an
 *         attempt is one HTTP request made for it.
 * Shape   Flat.  Strings are slices into the decoder: valid until the next decode with
 *         it.  They are scrubbed.
 * Absent  A field is known only if its bit is in `present`; a field that is not
 *         there has the value 0, NULL or false, which means nothing.
 * Tables  Every vocabulary is one X-macro: enum, name, reader, writer and tests come
 *         from it.  Field rows: X(ID, member, TYPE, min, max): for STR the range is
 *         of code points, for INT and MS of the value.
 */
#ifndef RT_EVENT_H
#define RT_EVENT_H

#include <stdbool.h>
#include <stdint.h>

#include "proto/text.h"

#define RT_RECORD_MAX 8192u    /* bytes of one record */
#define RT_MESSAGE_MAX 262144u /* bytes of one message: a record or a batch */
#define RT_DEPTH_MAX 4u        /* the record itself is depth 1 */
#define RT_INT_MAX 2147483647  /* 2^31 - 1 */
#define RT_MS_MAX 2678400000.0 /* 31 days */
#define RT_SEQ_MAX INT64_MAX

/* clang-format off */

/* What a client did after an attempt.  Any other code is read as `unknown`. */
#define RT_DECISIONS(X) \
	X(NONE,                 "none") \
	X(RETRY_SAME,           "retry_same") \
	X(FALLBACK_SECONDARY,   "fallback_secondary") \
	X(DEGRADE_CACHED,       "degrade_cached") \
	X(ABORT_ERROR,          "abort_error") \
	X(ABORT_TIMEOUT_BUDGET, "abort_timeout_budget") \
	X(UNKNOWN,              "unknown")

/* How an operation ended, in the client's words. */
#define RT_OUTCOMES(X) \
	X(SUCCESS,           "success") \
	X(DEGRADED,          "degraded") \
	X(CALLER_ERROR,      "caller_error") \
	X(AUTH_ERROR,        "auth_error") \
	X(TRANSIENT_FAILURE, "transient_failure") \
	X(CANCELLED,         "cancelled") \
	X(UNKNOWN,           "unknown")

/* Error classes: X(ID, name, retryable by default).  Derived in classify.h. */
#define RT_CLASSES(X) \
	X(NONE,               "none",               false) \
	X(CANCELLED,          "cancelled",          false) \
	X(TIMEOUT,            "timeout",            true) \
	X(STREAM_INTERRUPTED, "stream_interrupted", true) \
	X(CONNECTION,         "connection",         true) \
	X(POLICY,             "policy",             false) \
	X(QUOTA,              "quota",              false) \
	X(SCHEMA,             "schema",             false) \
	X(AUTH,               "auth",               false) \
	X(CALLER_ERROR,       "caller_error",       false) \
	X(RATE_LIMITED,       "rate_limited",       true) \
	X(SERVER_ERROR,       "server_error",       true) \
	X(UNKNOWN,            "unknown",            false)

/* Where a record came from; canonical records carry it. */
#define RT_SHAPES(X) \
	X(NATIVE,    "native") \
	X(RETRY,     "retry") \
	X(RUNBOOK,   "runbook") \
	X(REVIEW,    "review") \
	X(DECISIONS, "decisions") \
	X(OTEL,      "otel")

/*
 * Why a record was refused; the last two not by the decoder but by a collector: one with
 * keys, and one that is sent more a second than it allows (collector/limit.h).
 */
#define RT_REJECTS(X) \
	X(NOT_JSON,       "not_json") \
	X(MISSING_FIELD,  "missing_field") \
	X(BAD_TYPE,       "bad_type") \
	X(OUT_OF_RANGE,   "out_of_range") \
	X(TOO_LARGE,      "too_large") \
	X(TOO_DEEP,       "too_deep") \
	X(UNKNOWN_SHAPE,  "unknown_shape") \
	X(UNKNOWN_SCHEMA, "unknown_schema") \
	X(FORGED_EMITTER, "forged_emitter") \
	X(OVER_RATE,      "over_rate")

#define RT_EVENT_FIELDS(X) \
	X(TS,                     ts_us,                     TIME, 0, 0) \
	X(OPERATION_ID,           operation_id,              STR,  1, 128) \
	X(ATTEMPT,                attempt,                   INT,  1, RT_INT_MAX) \
	X(MAX_ATTEMPTS,           max_attempts,              INT,  1, RT_INT_MAX) \
	X(SERVICE,                service,                   STR,  1, 64) \
	X(SERVICE_VERSION,        service_version,           STR,  1, 64) \
	X(ENVIRONMENT,            environment,               STR,  1, 64) \
	X(TENANT,                 tenant,                    STR,  1, 64) \
	X(PROVIDER,               provider,                  STR,  1, 64) \
	X(HTTP_REQUEST_METHOD,    http_request_method,       STR,  1, 64) \
	X(HTTP_ROUTE,             http_route,                STR,  1, 128) \
	X(HTTP_STATUS,            http_response_status_code, INT,  100, 599) \
	X(ERROR_TYPE,             error_type,                STR,  1, 64) \
	X(ELAPSED_MS,             elapsed_ms,                MS,   0, RT_MS_MAX) \
	X(TTFT_MS,                ttft_ms,                   MS,   0, RT_MS_MAX) \
	X(DECISION,               decision,                  DECISION, 0, 0) \
	X(DECISION_REASON,        decision_reason,           STR,  1, 64) \
	X(BACKOFF_MS,             backoff_ms,                MS,   0, RT_MS_MAX) \
	X(RETRY_AFTER_MS,         retry_after_ms,            MS,   0, RT_MS_MAX) \
	X(RETRY_BUDGET_REMAINING, retry_budget_remaining,    INT,  0, RT_INT_MAX) \
	X(TIMEOUT_BUDGET_MS,      timeout_budget_ms,         MS,   0, RT_MS_MAX) \
	X(FALLBACK_TARGET,        fallback_target,           STR,  1, 128) \
	X(MODEL_REQUESTED,        model_requested,           STR,  1, 128) \
	X(MODEL_RETURNED,         model_returned,            STR,  1, 128) \
	X(STREAMING,              streaming,                 BOOL, 0, 1) \
	X(STREAM_COMMITTED,       stream_committed,          BOOL, 0, 1) \
	X(FINISH_REASON_SEEN,     finish_reason_seen,        BOOL, 0, 1) \
	X(USAGE_SEEN,             usage_seen,                BOOL, 0, 1) \
	X(RESPONSE_OBJECT_TYPE,   response_object_type,      STR,  1, 64) \
	X(FINAL_OUTCOME,          final_outcome,             OUTCOME, 0, 0) \
	X(UPSTREAM_REQUEST_ID,    upstream_request_id,       STR,  1, 128) \
	X(UPSTREAM_ATTEMPTS,      upstream_attempts,         INT,  1, RT_INT_MAX) \
	X(PARENT_OPERATION_ID,    parent_operation_id,       STR,  1, 128) \
	X(REQUEUE_COUNT,          requeue_count,             INT,  0, RT_INT_MAX) \
	X(SYNTHETIC,              synthetic,                 BOOL, 0, 1) \
	X(PROBE_DNS_MS,           probe_dns_ms,              MS,   0, RT_MS_MAX) \
	X(PROBE_CONNECT_MS,       probe_connect_ms,          MS,   0, RT_MS_MAX) \
	X(PROBE_TLS_MS,           probe_tls_ms,              MS,   0, RT_MS_MAX) \
	X(PROBE_FIRST_BYTE_MS,    probe_first_byte_ms,       MS,   0, RT_MS_MAX) \
	X(PROBE_REQUESTS_LEFT,    probe_requests_left,       INT,  0, RT_INT_MAX) \
	X(PROBE_TOKENS_LEFT,      probe_tokens_left,         INT,  0, RT_INT_MAX) \
	X(PROBE_PAUSE,            probe_pause,               STR,  1, 64) \
	X(PROBE_PAUSE_MS,         probe_pause_ms,            MS,   0, RT_MS_MAX) \
	X(EMITTER,                emitter,                   STR,  1, 64) \
	X(SEQ,                    seq,                       INT,  1, RT_SEQ_MAX) \
	X(ATTEMPTS,               attempts,                  INT,  0, RT_INT_MAX) \
	X(FOLLOWUP_OUTCOME,       followup_outcome,          OUTCOME, 0, 0)

/* clang-format on */

#define X(id, name) RT_DECISION_##id,
enum rt_decision { RT_DECISIONS(X) RT_DECISION_COUNT };
#undef X
#define X(id, name) RT_OUTCOME_##id,
enum rt_outcome { RT_OUTCOMES(X) RT_OUTCOME_COUNT };
#undef X
#define X(id, name, retryable) RT_CLASS_##id,
enum rt_class { RT_CLASSES(X) RT_CLASS_COUNT };
#undef X
#define X(id, name) RT_SHAPE_##id,
enum rt_shape { RT_SHAPES(X) RT_SHAPE_COUNT };
#undef X
#define X(id, name) RT_REJECT_##id,
enum rt_reject {
	RT_REJECTS(X) RT_REJECT_COUNT,
	RT_REJECT_NOT = RT_REJECT_COUNT
};
#undef X
#define X(id, member, type, lo, hi) RT_FIELD_##id,
enum rt_field { RT_EVENT_FIELDS(X) RT_FIELD_COUNT };
#undef X

enum rt_kind {
	RT_KIND_ATTEMPT,
	RT_KIND_SUMMARY, /* llm-operation/v1: ends an operation, is no attempt */
};

#define RT_MEMBER_TIME int64_t /* microseconds since 1970 UTC */
#define RT_MEMBER_STR struct rt_str
#define RT_MEMBER_INT int64_t
#define RT_MEMBER_MS double
#define RT_MEMBER_BOOL bool
#define RT_MEMBER_DECISION enum rt_decision
#define RT_MEMBER_OUTCOME enum rt_outcome

struct rt_event {
	uint64_t present; /* bit RT_FIELD_x: the field is known */
	enum rt_kind kind;
	enum rt_shape shape;
	enum rt_class error_class; /* attempts only */
	bool ts_has_fraction;      /* the time stamp was finer than a second */
	bool ts_is_arrival; /* ts was not in the record, or that says so */
	struct rt_str
	    decision_code;       /* the client's own word, where not known */
	struct rt_str sensitive; /* name of the first field dropped, if any */
#define X(id, member, type, lo, hi) RT_MEMBER_##type member;
	RT_EVENT_FIELDS(X)
#undef X
};

#define RT_FIELD_BIT(id) (UINT64_C(1) << RT_FIELD_##id)
/* Is the field known?  rt_event_has(e, HTTP_STATUS) */
#define rt_event_has(e, id) (((e)->present & RT_FIELD_BIT(id)) != 0)

/* Wire names; static storage.  NULL for a value outside the enum. */
const char *rt_decision_name(enum rt_decision d);
const char *rt_outcome_name(enum rt_outcome o);
const char *rt_class_name(enum rt_class c);
const char *rt_shape_name(enum rt_shape s);
const char *rt_reject_name(enum rt_reject r);
const char *rt_field_name(enum rt_field f);

/* Readers: exact match; UNKNOWN (decision, outcome) or COUNT (shape) where none. */
enum rt_decision rt_decision_from(struct rt_str s);
enum rt_outcome rt_outcome_from(struct rt_str s);
enum rt_shape rt_shape_from(struct rt_str s);

bool rt_class_is_retryable(enum rt_class c);

/* Does this decision end the operation? */
bool rt_decision_is_terminal(enum rt_decision d);

#endif
