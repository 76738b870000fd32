/* SPDX-License-Identifier: MIT */
#include "collector/canary/contract.h"

#include <stdio.h>
#include <string.h>

#include "proto/macro.h"

/* Short limits and no budget in the way: the suite is not a canary. */
const char rt_contract_settings[] =
    "model=m-suite;max_per_minute=120;headers_timeout=5s;idle_timeout=5s;"
    "first_event_timeout=5s;total_timeout=10s;fallback=suite-secondary;"
    "total_budget=20s";

/* clang-format off */
const struct rt_contract_row rt_contract_rows[] = {
	{.id = "golden-chat", .area = RT_AREA_RESPONSE, .about = "one minimal request",
	    .settings = "surface=chat;stream=no", .is_live = true,
	    .verdict = RT_VERDICT_OK, .finish = "complete", .attempts = 1},
	{.id = "golden-chat-stream", .area = RT_AREA_STREAMING, .about = "one minimal streamed request",
	    .settings = "surface=chat;stream=yes", .is_live = true,
	    .verdict = RT_VERDICT_OK, .finish = "complete", .attempts = 1},
	{.id = "golden-responses", .area = RT_AREA_RESPONSE, .about = "one minimal request",
	    .settings = "surface=responses;stream=no", .is_live = true,
	    .verdict = RT_VERDICT_OK, .finish = "complete", .attempts = 1},
	{.id = "golden-responses-stream", .area = RT_AREA_STREAMING, .about = "one minimal streamed request",
	    .settings = "surface=responses;stream=yes", .is_live = true,
	    .verdict = RT_VERDICT_OK, .finish = "complete", .attempts = 1},
	{.id = "missing-auth", .area = RT_AREA_AUTH, .about = "no key is sent",
	    .settings = "retry=full", .key = RT_CONTRACT_KEY_NONE, .is_live = true,
	    .verdict = RT_VERDICT_FAILED, .error_class = RT_CLASS_AUTH, .attempts = 1},
	{.id = "bad-auth", .area = RT_AREA_AUTH, .about = "a placeholder key",
	    .settings = "retry=full", .key = RT_CONTRACT_KEY_PLACEHOLDER, .is_live = true,
	    .verdict = RT_VERDICT_FAILED, .error_class = RT_CLASS_AUTH, .attempts = 1},
	{.id = "invalid-model", .area = RT_AREA_REQUEST, .about = "a clearly false model id",
	    .induce = "model=retrytop-no-such-model status=404 code=model_not_found",
	    .settings = "model=retrytop-no-such-model;retry=full", .is_live = true,
	    .verdict = RT_VERDICT_FAILED, .error_class = RT_CLASS_CALLER_ERROR, .attempts = 1},
	{.id = "malformed-json", .area = RT_AREA_ERRORS, .about = "a body that breaks off",
	    .settings = "retry=full", .body = "{\"model\":", .is_live = true,
	    .verdict = RT_VERDICT_FAILED, .error_class = RT_CLASS_CALLER_ERROR, .attempts = 1},
	{.id = "missing-field", .area = RT_AREA_ERRORS, .about = "a request without messages",
	    .settings = "retry=full", .body = "{\"model\":\"m-suite\"}", .is_live = true,
	    .verdict = RT_VERDICT_FAILED, .error_class = RT_CLASS_CALLER_ERROR, .attempts = 1},
	{.id = "caller-error-500", .area = RT_AREA_ERRORS, .about = "the caller's mistake, answered with 500",
	    .induce = "model=m-suite status=500 code=invalid_request_error",
	    .settings = "retry=full",
	    .verdict = RT_VERDICT_FAILED, .error_class = RT_CLASS_CALLER_ERROR, .error_type = "invalid_request", .attempts = 1},
	{.id = "wrong-path", .area = RT_AREA_PATHS, .about = "POST /v1/nope",
	    .settings = "path=/v1/nope;retry=full", .is_live = true,
	    .verdict = RT_VERDICT_FAILED, .error_class = RT_CLASS_CALLER_ERROR, .attempts = 1},
	{.id = "wrong-path-html", .area = RT_AREA_PATHS, .about = "404 with a page of HTML",
	    .at = RT_CONTRACT_RAW, .induce = "/html-404",
	    .settings = "retry=full",
	    .verdict = RT_VERDICT_FAILED, .error_class = RT_CLASS_CALLER_ERROR, .error_type = "not_found_html", .attempts = 1},
	{.id = "wrong-path-redirect", .area = RT_AREA_PATHS, .about = "302 to another port; it must not be followed",
	    .at = RT_CONTRACT_RAW, .induce = "/redirect",
	    .settings = "retry=full",
	    .verdict = RT_VERDICT_FAILED, .error_class = RT_CLASS_UNKNOWN, .error_type = "redirect", .attempts = 1},
	{.id = "timeout-connect", .area = RT_AREA_ERRORS, .about = "a port where nobody accepts",
	    .at = RT_CONTRACT_FULL,
	    .settings = "connect_timeout=200ms;fallback_classes=none",
	    .verdict = RT_VERDICT_FAILED, .error_class = RT_CLASS_TIMEOUT, .error_type = "timeout_connect", .attempts = 1, .total_max_ms = 1500},
	{.id = "timeout-headers", .area = RT_AREA_ERRORS, .about = "silence before the headers",
	    .induce = "model=m-suite delay=5s",
	    .settings = "headers_timeout=200ms;fallback_classes=none",
	    .verdict = RT_VERDICT_FAILED, .error_class = RT_CLASS_TIMEOUT, .error_type = "timeout_headers", .attempts = 1, .total_max_ms = 1500},
	{.id = "timeout-first-event", .area = RT_AREA_STREAMING, .about = "headers, then silence",
	    .at = RT_CONTRACT_RAW, .induce = "/no-event",
	    .settings = "stream=yes;first_event_timeout=200ms;fallback_classes=none",
	    .verdict = RT_VERDICT_FAILED, .error_class = RT_CLASS_TIMEOUT, .error_type = "timeout_first_event", .attempts = 1, .total_max_ms = 1500},
	{.id = "timeout-idle", .area = RT_AREA_STREAMING, .about = "silence between two tokens",
	    .induce = "model=m-suite fault=stall after=2 hold=5s",
	    .settings = "stream=yes;idle_timeout=200ms;fallback_classes=none",
	    .verdict = RT_VERDICT_FAILED, .error_class = RT_CLASS_TIMEOUT, .error_type = "timeout_idle", .attempts = 1, .total_max_ms = 1500},
	{.id = "timeout-heartbeats", .area = RT_AREA_STREAMING, .about = "comments instead of tokens",
	    .induce = "model=m-suite fault=heartbeats hold=5s",
	    .settings = "stream=yes;idle_timeout=300ms;fallback_classes=none",
	    .verdict = RT_VERDICT_FAILED, .error_class = RT_CLASS_TIMEOUT, .error_type = "timeout_idle", .attempts = 1, .total_max_ms = 1500},
	{.id = "timeout-total", .area = RT_AREA_STREAMING, .about = "tokens without end",
	    .at = RT_CONTRACT_RAW, .induce = "/drip",
	    .settings = "stream=yes;idle_timeout=300ms;total_timeout=400ms;fallback_classes=none",
	    .verdict = RT_VERDICT_FAILED, .error_class = RT_CLASS_TIMEOUT, .error_type = "timeout_total", .attempts = 1, .total_max_ms = 1500},
	{.id = "rate-limit-seconds", .area = RT_AREA_RATE, .about = "429, Retry-After: 1",
	    .induce = "model=m-suite status=429 retry_after=1 times=1",
	    .settings = "retry=full;base=10ms;cap=40ms;",
	    .verdict = RT_VERDICT_OK, .attempts = 2, .wait_min_ms = 1000, .wait_max_ms = 1100},
	{.id = "rate-limit-date", .area = RT_AREA_RATE, .about = "429, an HTTP date two seconds ahead",
	    .induce = "model=m-suite status=429 retry_after=date+2 times=1",
	    .settings = "retry=full;base=10ms;cap=40ms;",
	    .verdict = RT_VERDICT_OK, .attempts = 2, .wait_min_ms = 900, .wait_max_ms = 2200},
	{.id = "rate-limit-past", .area = RT_AREA_RATE, .about = "429, an HTTP date that is past",
	    .induce = "model=m-suite status=429 retry_after=date-30 times=1",
	    .settings = "retry=full;base=10ms;cap=40ms;",
	    .verdict = RT_VERDICT_OK, .attempts = 2, .wait_min_ms = 1, .wait_max_ms = 40},
	{.id = "rate-limit-far", .area = RT_AREA_RATE, .about = "429, an HTTP date a day ahead",
	    .induce = "model=m-suite status=429 retry_after=date+86000",
	    .settings = "retry=full;base=10ms;cap=40ms;fallback_classes=none",
	    .verdict = RT_VERDICT_FAILED, .error_class = RT_CLASS_RATE_LIMITED, .attempts = 1},
	{.id = "rate-limit-none", .area = RT_AREA_RATE, .about = "429 without a time",
	    .induce = "model=m-suite status=429 times=1",
	    .settings = "retry=full;base=10ms;cap=40ms;",
	    .verdict = RT_VERDICT_OK, .attempts = 2, .wait_min_ms = 1, .wait_max_ms = 40},
	{.id = "rate-limit-ms", .area = RT_AREA_RATE, .about = "429, Retry-After: 5 and retry-after-ms: 300",
	    .induce = "model=m-suite status=429 retry_after=5 retry_after_ms=300 times=1",
	    .settings = "retry=full;base=10ms;cap=40ms;",
	    .verdict = RT_VERDICT_OK, .attempts = 2, .wait_min_ms = 300, .wait_max_ms = 340},
	{.id = "rate-limit-no-retry", .area = RT_AREA_RATE, .about = "429, x-should-retry: false",
	    .induce = "model=m-suite status=429 should_retry=no",
	    .settings = "retry=full;base=10ms;cap=40ms;fallback_classes=none",
	    .verdict = RT_VERDICT_FAILED, .error_class = RT_CLASS_RATE_LIMITED, .attempts = 1},
	{.id = "quota", .area = RT_AREA_RATE, .about = "429 with a quota code",
	    .induce = "model=m-suite status=429 code=insufficient_quota",
	    .settings = "retry=full;base=10ms;cap=40ms;",
	    .verdict = RT_VERDICT_FAILED, .error_class = RT_CLASS_QUOTA, .error_type = "quota", .attempts = 1},
	{.id = "unavailable-once", .area = RT_AREA_RETRYABLE, .about = "503 once",
	    .induce = "model=m-suite status=503 times=1",
	    .settings = "retry=full;base=40ms;cap=80ms",
	    .verdict = RT_VERDICT_OK, .attempts = 2, .wait_min_ms = 1, .wait_max_ms = 40},
	{.id = "unavailable-twice", .area = RT_AREA_BACKOFF, .about = "503 twice; equal jitter",
	    .induce = "model=m-suite status=503 times=2",
	    .settings = "retry=equal;base=40ms;cap=80ms",
	    .verdict = RT_VERDICT_OK, .attempts = 3, .wait_min_ms = 20, .wait_max_ms = 80},
	{.id = "unavailable-thrice", .area = RT_AREA_BACKOFF, .about = "503 three times; decorrelated jitter, three attempts",
	    .induce = "model=m-suite status=503 times=3",
	    .settings = "retry=decorrelated;base=40ms;cap=80ms;fallback_classes=none",
	    .verdict = RT_VERDICT_FAILED, .error_class = RT_CLASS_SERVER_ERROR, .attempts = 3, .wait_min_ms = 40, .wait_max_ms = 80},
	{.id = "unavailable-additive", .area = RT_AREA_BACKOFF, .about = "503 twice; additive jitter",
	    .induce = "model=m-suite status=503 times=2",
	    .settings = "retry=additive;base=40ms;cap=80ms",
	    .verdict = RT_VERDICT_OK, .attempts = 3, .wait_min_ms = 40, .wait_max_ms = 120},
	{.id = "unavailable-fallback", .area = RT_AREA_RETRYABLE, .about = "503 until the fallback is asked",
	    .induce = "model=m-suite status=503",
	    .settings = "retry=full;base=10ms;cap=20ms",
	    .verdict = RT_VERDICT_OK, .attempts = 4, .fallbacks = 1, .wait_min_ms = 1, .wait_max_ms = 20},
	{.id = "stream-reset", .area = RT_AREA_STREAMING, .about = "a reset in mid-stream",
	    .induce = "model=m-suite fault=stream_reset after=2",
	    .settings = "stream=yes;retry=full;base=10ms;cap=20ms",
	    .verdict = RT_VERDICT_FAILED, .error_class = RT_CLASS_STREAM_INTERRUPTED, .error_type = "stream_reset", .attempts = 1},
	{.id = "stream-eof", .area = RT_AREA_STREAMING, .about = "a clean end without terminal",
	    .induce = "model=m-suite fault=stream_end after=2",
	    .settings = "stream=yes;retry=full;base=10ms;cap=20ms",
	    .verdict = RT_VERDICT_FAILED, .error_class = RT_CLASS_STREAM_INTERRUPTED, .error_type = "stream_no_terminal", .attempts = 1},
	{.id = "stream-error", .area = RT_AREA_STREAMING, .about = "an error object after 200",
	    .induce = "model=m-suite fault=stream_error after=2",
	    .settings = "stream=yes;retry=full;base=10ms;cap=20ms",
	    .verdict = RT_VERDICT_FAILED, .error_class = RT_CLASS_STREAM_INTERRUPTED, .error_type = "stream_error", .attempts = 1},
	{.id = "stream-error-event", .area = RT_AREA_STREAMING, .about = "an error event before any token",
	    .at = RT_CONTRACT_RAW, .induce = "/error-event",
	    .settings = "stream=yes;fallback_classes=none",
	    .verdict = RT_VERDICT_FAILED, .error_class = RT_CLASS_STREAM_INTERRUPTED, .error_type = "stream_error", .attempts = 1},
	{.id = "stream-error-text", .area = RT_AREA_STREAMING, .about = "an error that is only a text",
	    .at = RT_CONTRACT_RAW, .induce = "/error-text",
	    .settings = "stream=yes;retry=full;base=10ms;cap=20ms",
	    .verdict = RT_VERDICT_FAILED, .error_class = RT_CLASS_STREAM_INTERRUPTED, .error_type = "stream_error", .attempts = 1},
	{.id = "stream-error-object", .area = RT_AREA_STREAMING, .about = "an error that is the whole chunk",
	    .at = RT_CONTRACT_RAW, .induce = "/error-object",
	    .settings = "stream=yes;retry=full;base=10ms;cap=20ms",
	    .verdict = RT_VERDICT_FAILED, .error_class = RT_CLASS_STREAM_INTERRUPTED, .error_type = "stream_error", .attempts = 1},
	{.id = "stream-residue", .area = RT_AREA_STREAMING, .about = "a last event without its blank line",
	    .induce = "model=m-suite fault=stream_residue after=2",
	    .settings = "stream=yes;retry=full;base=10ms;cap=20ms",
	    .verdict = RT_VERDICT_FAILED, .error_class = RT_CLASS_STREAM_INTERRUPTED, .error_type = "stream_truncated", .attempts = 1},
	{.id = "responses-failed", .area = RT_AREA_STREAMING, .about = "response.failed",
	    .induce = "model=m-suite fault=failed",
	    .settings = "surface=responses;stream=yes;retry=full;base=10ms;cap=20ms",
	    .verdict = RT_VERDICT_FAILED, .error_class = RT_CLASS_STREAM_INTERRUPTED, .error_type = "stream_failed", .finish = "failed", .attempts = 1},
	{.id = "responses-incomplete", .area = RT_AREA_STREAMING, .about = "response.incomplete",
	    .induce = "model=m-suite fault=incomplete",
	    .settings = "surface=responses;stream=yes;retry=full;base=10ms;cap=20ms",
	    .verdict = RT_VERDICT_OK, .finish = "incomplete", .attempts = 1},
	{.id = "responses-error", .area = RT_AREA_STREAMING, .about = "an error event",
	    .induce = "model=m-suite fault=stream_error after=2",
	    .settings = "surface=responses;stream=yes;retry=full;base=10ms;cap=20ms",
	    .verdict = RT_VERDICT_FAILED, .error_class = RT_CLASS_STREAM_INTERRUPTED, .error_type = "stream_error", .attempts = 1},
	{.id = "responses-nothing", .area = RT_AREA_STREAMING, .about = "an end without a terminal event",
	    .induce = "model=m-suite fault=stream_end after=2",
	    .settings = "surface=responses;stream=yes;retry=full;base=10ms;cap=20ms",
	    .verdict = RT_VERDICT_FAILED, .error_class = RT_CLASS_STREAM_INTERRUPTED, .error_type = "stream_no_terminal", .attempts = 1},
	{.id = "usage-absent", .area = RT_AREA_USAGE, .about = "an answer without usage",
	    .induce = "model=m-suite fault=no_usage",
	    .verdict = RT_VERDICT_DEGRADED, .attempts = 1},
	{.id = "usage-required", .area = RT_AREA_USAGE, .about = "the same, where usage is required",
	    .induce = "model=m-suite fault=no_usage",
	    .settings = "usage=required;fallback_classes=none",
	    .verdict = RT_VERDICT_FAILED, .error_class = RT_CLASS_SCHEMA, .error_type = "schema_no_usage", .attempts = 1},
	{.id = "usage-null", .area = RT_AREA_USAGE, .about = "usage that is null",
	    .induce = "model=m-suite fault=null_usage",
	    .verdict = RT_VERDICT_DEGRADED, .attempts = 1},
	{.id = "usage-twice", .area = RT_AREA_USAGE, .about = "usage in two chunks",
	    .induce = "model=m-suite fault=usage_twice",
	    .settings = "stream=yes;usage=required",
	    .verdict = RT_VERDICT_OK, .attempts = 1},
	{.id = "usage-empty-choices", .area = RT_AREA_USAGE, .about = "usage on a chunk without choices",
	    .settings = "stream=yes;usage=required",
	    .verdict = RT_VERDICT_OK, .attempts = 1},
	{.id = "body-error", .area = RT_AREA_ERRORS, .about = "200 with an error object",
	    .induce = "model=m-suite fault=error_body",
	    .settings = "retry=full",
	    .verdict = RT_VERDICT_FAILED, .error_class = RT_CLASS_UNKNOWN, .error_type = "upstream_error", .attempts = 1},
	{.id = "body-html", .area = RT_AREA_ERRORS, .about = "200 with a page of HTML",
	    .induce = "model=m-suite fault=html",
	    .settings = "retry=full",
	    .verdict = RT_VERDICT_FAILED, .error_class = RT_CLASS_SCHEMA, .error_type = "parse_html", .attempts = 1},
	{.id = "body-empty", .area = RT_AREA_ERRORS, .about = "200 with nothing",
	    .induce = "model=m-suite fault=empty",
	    .settings = "retry=full",
	    .verdict = RT_VERDICT_FAILED, .error_class = RT_CLASS_SCHEMA, .error_type = "parse_empty", .attempts = 1},
	{.id = "body-malformed", .area = RT_AREA_ERRORS, .about = "200 with JSON that breaks off",
	    .induce = "model=m-suite fault=malformed",
	    .settings = "retry=full",
	    .verdict = RT_VERDICT_FAILED, .error_class = RT_CLASS_SCHEMA, .error_type = "parse_error", .attempts = 1},
	{.id = "body-compressed", .area = RT_AREA_ERRORS, .about = "a packed body that was not asked for",
	    .at = RT_CONTRACT_RAW, .induce = "/packed",
	    .settings = "retry=full",
	    .verdict = RT_VERDICT_FAILED, .error_class = RT_CLASS_SCHEMA, .error_type = "parse_encoded", .attempts = 1},
	{.id = "body-bom", .area = RT_AREA_RESPONSE, .about = "a byte order mark before the answer",
	    .induce = "model=m-suite fault=bom",
	    .verdict = RT_VERDICT_OK, .attempts = 1},
	{.id = "body-cr-only", .area = RT_AREA_STREAMING, .about = "lines that end with a carriage return",
	    .induce = "model=m-suite fault=cr_only",
	    .settings = "stream=yes",
	    .verdict = RT_VERDICT_OK, .attempts = 1},
	{.id = "body-byte-by-byte", .area = RT_AREA_STREAMING, .about = "one byte a write",
	    .induce = "model=m-suite fault=bytes",
	    .settings = "stream=yes",
	    .verdict = RT_VERDICT_OK, .attempts = 1},
	{.id = "body-long-line", .area = RT_AREA_STREAMING, .about = "a line of ten MiB",
	    .induce = "model=m-suite fault=long_line",
	    .settings = "stream=yes;retry=full",
	    .verdict = RT_VERDICT_FAILED, .error_class = RT_CLASS_SCHEMA, .error_type = "parse_too_large", .attempts = 1},
	{.id = "framing-short", .area = RT_AREA_ERRORS, .about = "fewer bytes than Content-Length",
	    .at = RT_CONTRACT_RAW, .induce = "/short-body",
	    .settings = "fallback_classes=none",
	    .verdict = RT_VERDICT_FAILED, .error_class = RT_CLASS_CONNECTION, .error_type = "connection_broken_body", .attempts = 1},
	{.id = "framing-chunk", .area = RT_AREA_ERRORS, .about = "a broken chunk",
	    .at = RT_CONTRACT_RAW, .induce = "/bad-chunk",
	    .settings = "fallback_classes=none",
	    .verdict = RT_VERDICT_FAILED, .error_class = RT_CLASS_CONNECTION, .attempts = 1},
	{.id = "framing-not-http", .area = RT_AREA_ERRORS, .about = "a server that does not speak HTTP",
	    .at = RT_CONTRACT_RAW, .induce = "/not-http",
	    .settings = "fallback_classes=none",
	    .verdict = RT_VERDICT_FAILED, .error_class = RT_CLASS_CONNECTION, .error_type = "connection_not_http", .attempts = 1},
	{.id = "tls-expired", .area = RT_AREA_ERRORS, .about = "a certificate that has expired",
	    .at = RT_CONTRACT_TLS, .induce = "expired",
	    .settings = "fallback_classes=none",
	    .verdict = RT_VERDICT_FAILED, .error_class = RT_CLASS_CONNECTION, .error_type = "tls_expired", .attempts = 1},
	{.id = "tls-wrong-host", .area = RT_AREA_ERRORS, .about = "a certificate for another host",
	    .at = RT_CONTRACT_TLS, .induce = "wrong_host",
	    .settings = "fallback_classes=none",
	    .verdict = RT_VERDICT_FAILED, .error_class = RT_CLASS_CONNECTION, .error_type = "tls_wrong_host", .attempts = 1},
	{.id = "tls-unknown-ca", .area = RT_AREA_ERRORS, .about = "a certificate of an unknown authority",
	    .at = RT_CONTRACT_TLS, .induce = "good",
	    .settings = "fallback_classes=none",
	    .verdict = RT_VERDICT_FAILED, .error_class = RT_CLASS_CONNECTION, .error_type = "tls_unknown_ca", .attempts = 1},
	{.id = "dns", .area = RT_AREA_ERRORS, .about = "a name that no server can have",
	    .at = RT_CONTRACT_NOWHERE, .induce = "http://xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx.invalid",
	    .settings = "fallback_classes=none",
	    .verdict = RT_VERDICT_FAILED, .error_class = RT_CLASS_CONNECTION, .error_type = "dns", .attempts = 1},
	{.id = "refused", .area = RT_AREA_ERRORS, .about = "a port where nobody listens",
	    .at = RT_CONTRACT_NOWHERE, .induce = "http://127.0.0.1:1",
	    .settings = "fallback_classes=none",
	    .verdict = RT_VERDICT_FAILED, .error_class = RT_CLASS_CONNECTION, .error_type = "connection_refused", .attempts = 1},
};
/* clang-format on */

const size_t rt_contract_count = RT_COUNT_OF(rt_contract_rows);

static const char *const area_names[RT_AREA_COUNT] = {
#define X(id, name) name,
    RT_AREAS(X)
#undef X
};

const char *
rt_area_name(enum rt_area a)
{
	return (unsigned)a < RT_AREA_COUNT ? area_names[a] : NULL;
}

enum rt_err
rt_contract_apply(struct rt_target *t, const char *settings, struct rt_diag *d)
{
	char pair[256], *value;
	size_t n;

	for (; *settings; settings += n + (settings[n] == ';')) {
		n = strcspn(settings, ";");
		if (n == 0)
			continue;
		if (n >= sizeof(pair))
			return RT_E_CONFIG;
		memcpy(pair, settings, n);
		pair[n] = '\0';
		value = strchr(pair, '=');
		if (!value)
			return RT_E_CONFIG;
		*value++ = '\0';
		if (rt_target_set(t, pair, value, 0, d) != RT_OK)
			return RT_E_CONFIG;
	}
	return RT_OK;
}

/* ---- judging ----------------------------------------------------------------------- */

static bool
is_any_or(const char *want, const char *got)
{
	return !want || (got && strcmp(want, got) == 0);
}

static bool
waits_fit(const struct rt_contract_row *r, const struct rt_probe *p)
{
	unsigned n = p->retry.attempts;

	for (unsigned i = 0; i < n && i < RT_PROBE_ATTEMPTS_MAX; i++)
		if (p->waits_ms[i] > 0 &&
		    (p->waits_ms[i] < r->wait_min_ms ||
			p->waits_ms[i] > r->wait_max_ms))
			return false;
	return true;
}

static bool
finish_fits(
    const struct rt_contract_row *r, const struct rt_probe *p, bool is_live)
{
	/* A real model may use up its token limit. */
	if (is_live)
		return true;
	return is_any_or(r->finish, rt_finish_name(p->judgement.finish));
}

bool
rt_contract_holds(const struct rt_contract_row *r, const struct rt_probe *p,
    int64_t served, bool is_live, char why[160])
{
	const struct rt_judgement *j = &p->judgement;
	bool is_fallback = p->retry.fallbacks != r->fallbacks;
	const struct {
		bool is_wrong;
		const char *why;
	} checks[] = {
	    {p->event.error_class != r->error_class, "another class"},
	    {!is_live && p->verdict != r->verdict, "another verdict"},
	    {!is_live && !is_any_or(r->error_type, j->error_type),
		"another error type"},
	    {!finish_fits(r, p, is_live), "another finish"},
	    {is_fallback, r->fallbacks ? "no fallback" : "a fallback"},
	    {p->retry.attempts != r->attempts, "another number of attempts"},
	    {!waits_fit(r, p), "a wait outside its envelope"},
	    {r->total_max_ms > 0 &&
		    p->answer.phases_ms[RT_PHASE_TOTAL] > r->total_max_ms,
		"it took too long"},
	    {served >= 0 && served != (int64_t)p->retry.attempts,
		"the server saw another number of requests"},
	};

	why[0] = '\0';
	for (size_t i = 0; i < RT_COUNT_OF(checks); i++)
		if (checks[i].is_wrong) {
			snprintf(why, 160, "%s", checks[i].why);
			return false;
		}
	return true;
}

/* ---- in words ---------------------------------------------------------------------- */

static void
say_count(struct rt_buf *b, unsigned n, const char *one)
{
	rt_buf_printf(b, ", %u %s%s", n, one, n == 1 ? "" : "s");
}

void
rt_contract_expected(
    struct rt_buf *b, const struct rt_contract_row *r, bool is_live)
{
	rt_buf_puts(b,
	    is_live && r->verdict == RT_VERDICT_OK
		? "ok or degraded"
		: rt_verdict_name(r->verdict));
	if (r->error_class != RT_CLASS_NONE)
		rt_buf_printf(b, ", %s", rt_class_name(r->error_class));
	if (r->error_type && !is_live)
		rt_buf_printf(b, " (%s)", r->error_type);
	if (r->finish && !is_live)
		rt_buf_printf(b, ", finish %s", r->finish);
	say_count(b, r->attempts, "attempt");
	say_count(b, r->fallbacks, "fallback");
	if (r->wait_max_ms > 0)
		rt_buf_printf(b, ", waits of %.0f to %.0f ms", r->wait_min_ms,
		    r->wait_max_ms);
	if (r->total_max_ms > 0)
		rt_buf_printf(b, ", within %.0f ms", r->total_max_ms);
}

void
rt_contract_saw(struct rt_buf *b, const struct rt_probe *p)
{
	const struct rt_judgement *j = &p->judgement;
	const char *gap = ", waits of";

	rt_buf_puts(b, rt_verdict_name(p->verdict));
	if (p->event.error_class != RT_CLASS_NONE)
		rt_buf_printf(b, ", %s", rt_class_name(p->event.error_class));
	if (j->error_type)
		rt_buf_printf(b, " (%s)", j->error_type);
	if (p->answer.status)
		rt_buf_printf(b, ", status %d", p->answer.status);
	if (j->finish != RT_FINISH_NONE)
		rt_buf_printf(b, ", finish %s", rt_finish_name(j->finish));
	say_count(b, p->retry.attempts, "attempt");
	say_count(b, p->retry.fallbacks, "fallback");
	for (unsigned i = 0; i < p->retry.attempts; i++)
		if (i < RT_PROBE_ATTEMPTS_MAX && p->waits_ms[i] > 0) {
			rt_buf_printf(b, "%s %.0f", gap, p->waits_ms[i]);
			gap = ",";
		}
	if (strcmp(gap, ",") == 0)
		rt_buf_puts(b, " ms");
	rt_buf_printf(b, ", %.0f ms", p->answer.phases_ms[RT_PHASE_TOTAL]);
	if (p->answer.cause[0])
		rt_buf_printf(b, ": %s", p->answer.cause);
}
