/* SPDX-License-Identifier: MIT */
#include "tests/unit/any_report.h"

static void
same_text(const char *a, const char *b)
{
	assert_int_equal(!a, !b);
	if (a && b)
		assert_string_equal(a, b);
}

static void
same_double(double a, double b)
{
	assert_memory_equal(&a, &b, sizeof(a));
}

static void
same_latency(const struct rt_quantiles *a, const struct rt_quantiles *b)
{
	for (unsigned i = 0; i < RT_LATENCY_COUNT; i++) {
		assert_int_equal(a[i].count, b[i].count);
		same_double(a[i].p50, b[i].p50);
		same_double(a[i].p90, b[i].p90);
		same_double(a[i].p95, b[i].p95);
		same_double(a[i].p99, b[i].p99);
		same_double(a[i].max, b[i].max);
	}
}

#define SAME(member) assert_int_equal(a->member, b->member)
#define SAME_TEXT(member) same_text(a->member, b->member)
#define SAME_DOUBLE(member) same_double(a->member, b->member)

static void
same_series(const struct rt_report_series *a, const struct rt_report_series *b)
{
	for (unsigned i = 0; i < RT_LABEL_COUNT; i++)
		SAME_TEXT(labels[i]);
	SAME(is_other);
	assert_memory_equal(a->counts, b->counts, sizeof(*a->counts));
	same_latency(a->latency, b->latency);
	assert_memory_equal(a->trend, b->trend, sizeof(a->trend));
}

static void
same_fallback(
    const struct rt_report_fallback *a, const struct rt_report_fallback *b)
{
	SAME_TEXT(from);
	SAME_TEXT(to);
	SAME_TEXT(reason);
	SAME(count);
	SAME(succeeded);
}

static void
same_emitter(
    const struct rt_report_emitter *a, const struct rt_report_emitter *b)
{
	SAME_TEXT(id);
	SAME_TEXT(service);
	SAME(refused);
	SAME_DOUBLE(skew_min_ms);
	SAME(received);
	SAME(lost);
	SAME(duplicates);
	SAME(before_first);
	SAME(has_skew);
	SAME_DOUBLE(skew_ms);
	SAME(last_seen_ms);
	SAME(over_rate);
	SAME(over_now);
	SAME(is_limited);
}

static void
same_sender(const struct rt_report_sender *a, const struct rt_report_sender *b)
{
	SAME_TEXT(id);
	SAME_TEXT(service);
	SAME(refused);
	SAME(last_seen_ms);
	SAME(offered);
	SAME(before);
	SAME(taken);
	SAME(dropped);
	SAME(in_flight);
	SAME(unexplained);
	SAME(is_connected);
	SAME(held);
	SAME(is_limited);
}

static void
same_canary(const struct rt_report_canary *a, const struct rt_report_canary *b)
{
	SAME_TEXT(name);
	SAME_TEXT(route);
	SAME_TEXT(model);
	SAME_TEXT(error_class);
	SAME(attempts);
	SAME(ok);
	SAME(streak);
	SAME(last_ok);
	SAME(status);
	SAME_DOUBLE(elapsed_ms);
	SAME_DOUBLE(ttft_ms);
	SAME(age_ms);
	SAME_TEXT(provider);
	SAME_DOUBLE(dns_ms);
	SAME_DOUBLE(connect_ms);
	SAME_DOUBLE(tls_ms);
	SAME_DOUBLE(first_byte_ms);
	SAME(requests_left);
	SAME(tokens_left);
	SAME_TEXT(pause);
	SAME(pause_left_ms);
}

static void
same_violation(
    const struct rt_report_violation *a, const struct rt_report_violation *b)
{
	SAME_TEXT(rule);
	SAME(count);
	SAME(examples_count);
	for (unsigned i = 0; i < a->examples_count; i++) {
		SAME_TEXT(examples[i].operation_id);
		SAME_TEXT(examples[i].service);
		SAME_TEXT(examples[i].evidence);
	}
}

static void
same_refused(
    const struct rt_report_refused *a, const struct rt_report_refused *b)
{
	SAME_TEXT(reason);
	SAME_TEXT(detail);
	SAME_TEXT(sample);
	SAME_TEXT(source);
	SAME(age_ms);
}

static void
same_alert(const struct rt_report_alert *a, const struct rt_report_alert *b)
{
	SAME_TEXT(alert);
	SAME_TEXT(unit);
	SAME_TEXT(service);
	SAME_TEXT(route);
	SAME_TEXT(model);
	SAME_TEXT(what);
	SAME(is_rest);
	SAME(is_firing);
	SAME(number);
	SAME(n);
	SAME_DOUBLE(value);
	SAME_DOUBLE(threshold);
	SAME_DOUBLE(worst);
	SAME_DOUBLE(clear);
	SAME_DOUBLE(window_s);
	SAME(since_us);
	SAME(fired_us);
	SAME(cleared_us);
}

#define SAME_ROWS(rows, same_row)                            \
	do {                                                 \
		SAME(rows##_count);                          \
		for (size_t i = 0; i < a->rows##_count; i++) \
			same_row(&a->rows[i], &b->rows[i]);  \
	} while (0)

static void
same_replay(const struct rt_report_replay *a, const struct rt_report_replay *b)
{
	SAME(is_on);
	SAME(is_paused);
	SAME(is_at_end);
	SAME(is_seeking);
	SAME(is_measured);
	SAME(speed);
	SAME(first_us);
	SAME(last_us);
	SAME(record);
	SAME(records);
	SAME(done);
	SAME(stops);
	SAME_TEXT(rule);
	SAME_TEXT(operation_id);
	SAME_TEXT(service);
	SAME_TEXT(evidence);
	SAME_TEXT(said);
	SAME_TEXT(trouble);
	SAME(timeline_us);
	SAME_DOUBLE(step_s);
	SAME(cols);
	assert_memory_equal(a->taken, b->taken, sizeof(a->taken));
	assert_memory_equal(a->failed, b->failed, sizeof(a->failed));
}

void
same_report(const struct rt_report *a, const struct rt_report *b)
{
	same_replay(&a->source.replay, &b->source.replay);
	SAME(source.is_live);
	SAME_TEXT(source.name);
	SAME_DOUBLE(source.window_s);
	SAME(source.from_us);
	SAME(source.to_us);
	SAME(source.now_us);
	SAME(source.last_event_age_ms);
	SAME(source.uptime_ms);
	SAME_TEXT(source.version);
	SAME(source.started_id);
	SAME(source.at_us);
	SAME(source.since);
	SAME(source.held_from_us);
	SAME(source.bucket_s);
	SAME_DOUBLE(source.held_s);
	SAME(source.span.from_us);
	SAME(source.span.until_us);
	assert_memory_equal(&a->counts, &b->counts, sizeof(a->counts));
	SAME(lost);
	SAME(unexplained);
	SAME(disconnected_too_large);
	SAME(lost_ports);
	SAME(open.running);
	SAME(open.in_backoff);
	SAME(open.on_fallback);
	SAME(journal.is_on);
	SAME(journal.written);
	SAME(journal.not_journalled);
	SAME(journal.dropped_on_read);
	SAME_TEXT(journal.state);
	assert_memory_equal(a->overflow, b->overflow, sizeof(a->overflow));
	same_latency(a->latency, b->latency);
	SAME_DOUBLE(trend.step_s);
	SAME(trend.cols);
	SAME(trend.absent);
	assert_memory_equal(a->trend.v, b->trend.v, sizeof(a->trend.v));
	SAME(series_total);
	SAME_ROWS(series, same_series);
	SAME_ROWS(fallbacks, same_fallback);
	SAME_ROWS(emitters, same_emitter);
	SAME_ROWS(senders, same_sender);
	SAME_ROWS(canaries, same_canary);
	SAME_ROWS(violations, same_violation);
	SAME_ROWS(refused, same_refused);
	SAME_ROWS(alerts, same_alert);
	SAME(tail.asked);
	SAME(tail.cursor);
	SAME(tail.missed);
	SAME(tail.count);
	for (size_t i = 0; i < a->tail.count; i++)
		SAME_TEXT(tail.lines[i]);
}
