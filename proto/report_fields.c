/* SPDX-License-Identifier: MIT */
#include "proto/report_fields.h"

#define F(type, row, key, member)                                        \
	{                                                                \
		(key), RT_REPORT_##type, offsetof(struct row, member), 0 \
	}
#define END                                \
	{                                  \
		NULL, RT_REPORT_UINT, 0, 0 \
	}

/* clang-format off */
const struct rt_report_field rt_report_source_fields[] = {
	F(SPAN, rt_report, "window_s", source.window_s),
	F(TIME, rt_report, "from", source.from_us),
	F(TIME, rt_report, "to", source.to_us),
	F(TEXT, rt_report, "name", source.name),
	F(TIME, rt_report, "now", source.now_us),
	F(AGE, rt_report, "last_event_age_ms", source.last_event_age_ms),
	F(INT, rt_report, "uptime_ms", source.uptime_ms),
	F(TEXT, rt_report, "version", source.version),
	F(UINT, rt_report, "started_id", source.started_id),
	F(TIME, rt_report, "at", source.at_us),
	F(AGE, rt_report, "since", source.since),
	F(TIME, rt_report, "held_from", source.held_from_us),
	F(SPAN, rt_report, "held_s", source.held_s),
	F(NONZERO, rt_report, "bucket_s", source.bucket_s),
	F(NONZERO, rt_report, "span_from", source.span.from_us),
	F(NONZERO, rt_report, "span_until", source.span.until_us),
	END,
};

const struct rt_report_field rt_report_replay_fields[] = {
	F(BOOL, rt_report_replay, "paused", is_paused),
	F(BOOL, rt_report_replay, "at_end", is_at_end),
	F(BOOL, rt_report_replay, "seeking", is_seeking),
	F(BOOL, rt_report_replay, "measured", is_measured),
	F(UINT, rt_report_replay, "speed", speed),
	F(TIME, rt_report_replay, "first", first_us),
	F(TIME, rt_report_replay, "last", last_us),
	F(UINT, rt_report_replay, "record", record),
	F(UINT, rt_report_replay, "records", records),
	F(UINT, rt_report_replay, "done", done),
	F(UINT, rt_report_replay, "stops", stops),
	F(TEXT, rt_report_replay, "rule", rule),
	F(TEXT, rt_report_replay, "operation_id", operation_id),
	F(TEXT, rt_report_replay, "service", service),
	F(TEXT, rt_report_replay, "evidence", evidence),
	F(TEXT, rt_report_replay, "said", said),
	F(TEXT, rt_report_replay, "trouble", trouble),
	F(TIME, rt_report_replay, "timeline_from", timeline_us),
	F(SPAN, rt_report_replay, "timeline_step_s", step_s),
	END,
};

const struct rt_report_field rt_report_loss_fields[] = {
	F(UINT, rt_report, "lost", lost),
	F(UINT, rt_report, "unexplained", unexplained),
	F(UINT, rt_report, "lost_ports", lost_ports),
	F(UINT, rt_report, "disconnected_too_large", disconnected_too_large),
	END,
};

const struct rt_report_field rt_report_open_fields[] = {
	F(UINT, rt_report, "running", open.running),
	F(UINT, rt_report, "in_backoff", open.in_backoff),
	F(UINT, rt_report, "on_fallback", open.on_fallback),
	END,
};

const struct rt_report_field rt_report_journal_fields[] = {
	F(BOOL, rt_report, "on", journal.is_on),
	F(UINT, rt_report, "written", journal.written),
	F(UINT, rt_report, "not_journalled", journal.not_journalled),
	F(UINT, rt_report, "dropped_on_read", journal.dropped_on_read),
	F(TEXT, rt_report, "state", journal.state),
	END,
};

const struct rt_report_field rt_report_access_fields[] = {
	F(BOOL, rt_report, "on", access.is_on),
	F(UINT, rt_report, "handshakes_failed", access.handshakes_failed),
	F(UINT, rt_report, "unauthorised", access.unauthorised),
	F(UINT, rt_report, "forged", access.forged),
	END,
};

const struct rt_report_field rt_report_quantile_fields[] = {
	F(DOUBLE, rt_quantiles, "p50", p50),
	F(DOUBLE, rt_quantiles, "p90", p90),
	F(DOUBLE, rt_quantiles, "p95", p95),
	F(DOUBLE, rt_quantiles, "p99", p99),
	F(DOUBLE, rt_quantiles, "max", max),
	END,
};

const struct rt_report_field rt_report_example_fields[] = {
	F(TEXT, rt_report_violation_example, "operation_id", operation_id),
	F(TEXT, rt_report_violation_example, "service", service),
	F(TEXT, rt_report_violation_example, "evidence", evidence),
	END,
};

static const struct rt_report_field fallback_fields[] = {
	F(TEXT, rt_report_fallback, "from", from),
	F(TEXT, rt_report_fallback, "to", to),
	F(TEXT, rt_report_fallback, "reason", reason),
	F(UINT, rt_report_fallback, "count", count),
	F(UINT, rt_report_fallback, "succeeded", succeeded),
	END,
};

static const struct rt_report_field emitter_fields[] = {
	F(TEXT, rt_report_emitter, "emitter", id),
	F(TEXT, rt_report_emitter, "service", service),
	F(UINT, rt_report_emitter, "received", received),
	F(UINT, rt_report_emitter, "lost", lost),
	F(UINT, rt_report_emitter, "duplicates", duplicates),
	{"skew_ms", RT_REPORT_OPTIONAL,
	    offsetof(struct rt_report_emitter, skew_ms),
	    offsetof(struct rt_report_emitter, has_skew)},
	{"skew_min_ms", RT_REPORT_OPTIONAL,
	    offsetof(struct rt_report_emitter, skew_min_ms),
	    offsetof(struct rt_report_emitter, has_skew)},
	F(UINT, rt_report_emitter, "refused", refused),
	F(UINT, rt_report_emitter, "over_rate", over_rate),
	F(BOOL, rt_report_emitter, "limited", is_limited),
	F(UINT, rt_report_emitter, "over_now", over_now),
	F(UINT, rt_report_emitter, "before_first", before_first),
	F(INT, rt_report_emitter, "last_seen_ms", last_seen_ms),
	END,
};

static const struct rt_report_field sender_fields[] = {
	F(TEXT, rt_report_sender, "sender", id),
	F(TEXT, rt_report_sender, "service", service),
	F(UINT, rt_report_sender, "offered", offered),
	F(UINT, rt_report_sender, "before", before),
	F(UINT, rt_report_sender, "taken", taken),
	F(UINT, rt_report_sender, "dropped", dropped),
	F(UINT, rt_report_sender, "in_flight", in_flight),
	F(UINT, rt_report_sender, "unexplained", unexplained),
	F(UINT, rt_report_sender, "refused", refused),
	F(BOOL, rt_report_sender, "connected", is_connected),
	F(UINT, rt_report_sender, "held", held),
	F(BOOL, rt_report_sender, "limited", is_limited),
	F(INT, rt_report_sender, "last_seen_ms", last_seen_ms),
	END,
};

static const struct rt_report_field canary_fields[] = {
	F(TEXT, rt_report_canary, "name", name),
	F(TEXT, rt_report_canary, "route", route),
	F(TEXT, rt_report_canary, "model", model),
	F(TEXT, rt_report_canary, "error_class", error_class),
	F(UINT, rt_report_canary, "attempts", attempts),
	F(UINT, rt_report_canary, "ok", ok),
	F(UINT, rt_report_canary, "streak", streak),
	F(BOOL, rt_report_canary, "last_ok", last_ok),
	F(NONZERO, rt_report_canary, "status", status),
	F(POSITIVE, rt_report_canary, "elapsed_ms", elapsed_ms),
	F(POSITIVE, rt_report_canary, "ttft_ms", ttft_ms),
	F(TEXT, rt_report_canary, "provider", provider),
	F(POSITIVE, rt_report_canary, "dns_ms", dns_ms),
	F(POSITIVE, rt_report_canary, "connect_ms", connect_ms),
	F(POSITIVE, rt_report_canary, "tls_ms", tls_ms),
	F(POSITIVE, rt_report_canary, "first_byte_ms", first_byte_ms),
	F(AGE, rt_report_canary, "requests_left", requests_left),
	F(AGE, rt_report_canary, "tokens_left", tokens_left),
	F(TEXT, rt_report_canary, "pause", pause),
	F(AGE, rt_report_canary, "pause_left_ms", pause_left_ms),
	F(AGE, rt_report_canary, "age_ms", age_ms),
	END,
};

static const struct rt_report_field alert_fields[] = {
	F(TEXT, rt_report_alert, "alert", alert),
	F(UINT, rt_report_alert, "number", number),
	F(BOOL, rt_report_alert, "firing", is_firing),
	F(TEXT, rt_report_alert, "service", service),
	F(TEXT, rt_report_alert, "http_route", route),
	F(TEXT, rt_report_alert, "model_requested", model),
	F(TEXT, rt_report_alert, "what", what),
	F(BOOL, rt_report_alert, "rest", is_rest),
	F(TEXT, rt_report_alert, "unit", unit),
	F(DOUBLE, rt_report_alert, "value", value),
	F(DOUBLE, rt_report_alert, "threshold", threshold),
	F(DOUBLE, rt_report_alert, "worst", worst),
	F(DOUBLE, rt_report_alert, "clear", clear),
	F(UINT, rt_report_alert, "n", n),
	F(DOUBLE, rt_report_alert, "window_s", window_s),
	F(TIME, rt_report_alert, "since", since_us),
	F(TIME, rt_report_alert, "fired", fired_us),
	F(TIME, rt_report_alert, "cleared", cleared_us),
	END,
};

static const struct rt_report_field refused_fields[] = {
	F(TEXT, rt_report_refused, "reason", reason),
	F(TEXT, rt_report_refused, "detail", detail),
	F(TEXT, rt_report_refused, "sample", sample),
	F(TEXT, rt_report_refused, "source", source),
	F(INT, rt_report_refused, "age_ms", age_ms),
	END,
};

#define ADD(row) \
	static void * \
	add_##row(struct rt_report *r) \
	{ \
		return rt_report_add_##row(r); \
	}
ADD(fallback)
ADD(emitter)
ADD(sender)
ADD(canary)
ADD(refused)
ADD(alert)

#define ROWS(row, rows) \
	{#rows, row##_fields, offsetof(struct rt_report, rows), \
	    offsetof(struct rt_report, rows##_count), \
	    sizeof(struct rt_report_##row), add_##row}
const struct rt_report_rows rt_report_flat_rows[] = {
	ROWS(fallback, fallbacks),
	ROWS(emitter, emitters),
	ROWS(canary, canaries),
	ROWS(sender, senders),
	ROWS(refused, refused),
	ROWS(alert, alerts),
	{NULL, NULL, 0, 0, 0, NULL},
};

const struct rt_report_counter rt_report_intake_counters[] = {
	{"accepted", RT_C_ACCEPTED},
	{"duplicates", RT_C_DUPLICATES},
	{"late", RT_C_LATE},
	{"synthetic", RT_C_SYNTHETIC},
	{"sensitive_dropped", RT_C_SENSITIVE},
	{NULL, RT_C_COUNT},
};

const struct rt_report_counter rt_report_attempt_counters[] = {
	{"total", RT_C_ATTEMPTS},
	{"first", RT_C_FIRST},
	{"retries", RT_C_RETRIES},
	{"usage_unknown", RT_C_USAGE_UNKNOWN},
	{"usage_known", RT_C_USAGE_KNOWN},
	{"usage_missing", RT_C_USAGE_MISSING},
	{"no_status", RT_C_NO_STATUS},
	{"complete", RT_C_COMPLETE},
	{NULL, RT_C_COUNT},
};

const struct rt_report_counter rt_report_operation_counters[] = {
	{"started", RT_C_OPS_STARTED},
	{"ended", RT_C_OPS_ENDED},
	{"evicted", RT_C_OPS_EVICTED},
	{"with_fallback", RT_C_OPS_FALLBACK},
	{"attempts", RT_C_OP_ATTEMPTS},
	{"upstream_attempts", RT_C_OP_UPSTREAM},
	{NULL, RT_C_COUNT},
};
/* clang-format on */

static const char *
reject_name(unsigned i)
{
	return rt_reject_name((enum rt_reject)i);
}

static const char *
class_name(unsigned i)
{
	return rt_class_name((enum rt_class)i);
}

static const char *
decision_name(unsigned i)
{
	return rt_decision_name((enum rt_decision)i);
}

static const char *
fate_name(unsigned i)
{
	return rt_fate_name((enum rt_fate)i);
}

static const char *
tries_name(unsigned i)
{
	static const char *const names[RT_TRIES_COUNT] = {
	    "1", "2", "3", "4", "5+"};

	return names[i];
}

const struct rt_report_group rt_report_by_reject = {
    "rejected", RT_C_REJECT, RT_REJECT_COUNT, reject_name};
const struct rt_report_group rt_report_by_class = {
    "by_class", RT_C_CLASS, RT_CLASS_COUNT, class_name};
const struct rt_report_group rt_report_by_decision = {
    "decisions", RT_C_DECISION, RT_DECISION_COUNT, decision_name};
const struct rt_report_group rt_report_by_fate = {
    "by_fate", RT_C_FATE, RT_FATE_COUNT, fate_name};
const struct rt_report_group rt_report_by_tries = {
    "attempts_per_operation", RT_C_TRIES, RT_TRIES_COUNT, tries_name};

const char *
rt_report_decision_column(unsigned column)
{
	return column < RT_DECISION_COUNT ? decision_name(column) : "absent";
}
