/* SPDX-License-Identifier: MIT */
#include "collector/canary/reply.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <time.h>

#include "proto/jsonw.h"

static const char *const words[] = {"This", " is", " a", " synthetic",
    " answer", " of", " the", " fault", " gateway", "."};
#define WORDS RT_COUNT_OF(words)

/* What the answer in the making needs all the time. */
struct maker {
	struct rt_reply *r;
	const struct rt_reply_query *q;
	enum rt_fault fault;
	char id[32];
	int64_t created_s;
	int64_t gap_ms; /* between tokens */
	unsigned sequence;
};

/* clang-format off */
static const struct {
	int status;
	const char *type, *code, *message;
} errors[] = {
	{400, "invalid_request_error", "invalid_request", "The request was not understood."},
	{401, "authentication_error", "invalid_api_key", "No valid key was given."},
	{402, "insufficient_quota", "insufficient_quota", "The quota is used up."},
	{403, "permission_error", "forbidden", "This key may not do that."},
	{404, "invalid_request_error", "not_found", "There is nothing here."},
	{405, "invalid_request_error", "method_not_allowed", "Use POST."},
	{408, "timeout_error", "request_timeout", "The request took too long."},
	{413, "invalid_request_error", "too_large", "The request is larger than 1 MiB."},
	{429, "rate_limit_error", "rate_limit_exceeded", "Too many requests."},
	{500, "server_error", "internal_error", "Something went wrong."},
	{502, "server_error", "bad_gateway", "The upstream answered nonsense."},
	{503, "server_error", "upstream_unavailable", "The upstream is not available."},
	{504, "timeout_error", "upstream_timeout", "The upstream took too long."},
	{529, "overloaded_error", "overloaded", "The upstream is overloaded."},
	{0, "server_error", "error", "The request failed."},
};
/* clang-format on */

static void
step(struct rt_reply *r, int64_t wait_ms)
{
	/* Beyond the table, what is left goes out with the last step. */
	if (r->step_count < RT_REPLY_STEPS_MAX)
		r->step_count++;
	else
		wait_ms += r->steps[r->step_count - 1].wait_ms;
	r->steps[r->step_count - 1].end = r->body.len;
	r->steps[r->step_count - 1].wait_ms = wait_ms;
}

static void RT_PRINTF(3, 4)
    header(struct rt_reply *r, const char *name, const char *fmt, ...)
{
	va_list ap;

	if (r->header_count == RT_REPLY_HEADERS_MAX)
		return;
	r->headers[r->header_count].name = name;
	va_start(ap, fmt);
	vsnprintf(r->headers[r->header_count].value,
	    sizeof(r->headers[0].value), fmt, ap);
	va_end(ap);
	r->header_count++;
}

static void
start(struct rt_reply *r, int status)
{
	memset(r, 0, sizeof(*r));
	r->status = status;
	rt_buf_init(&r->body, RT_REPLY_BODY_MAX);
}

void
rt_reply_fini(struct rt_reply *r)
{
	rt_buf_fini(&r->body);
}

void
rt_reply_http_date(char out[32], int64_t unix_s)
{
	static const char days[] = "SunMonTueWedThuFriSat";
	static const char months[] = "JanFebMarAprMayJunJulAugSepOctNovDec";
	time_t t = (time_t)unix_s;
	struct tm tm = {0};

	gmtime_r(&t, &tm);
	snprintf(out, 32, "%.3s, %02u %.3s %04u %02u:%02u:%02u GMT",
	    days + tm.tm_wday * 3, (unsigned)tm.tm_mday % 100,
	    months + tm.tm_mon * 3, (unsigned)(tm.tm_year + 1900) % 10000,
	    (unsigned)tm.tm_hour % 100, (unsigned)tm.tm_min % 100,
	    (unsigned)tm.tm_sec % 100);
}

int64_t
rt_reply_latency_ms(int64_t mean_ms, uint64_t *dice)
{
	const double sigma = 0.5, tau = 6.283185307179586;
	double u, z;

	if (mean_ms <= 0)
		return 0;
	u = 1 - rt_dice_unit(dice);
	z = sqrt(-2 * log(u)) * cos(tau * rt_dice_unit(dice));
	return (int64_t)((double)mean_ms * exp(sigma * z - sigma * sigma / 2));
}

/* ---- error objects ----------------------------------------------------------------- */

static void
error_object(
    struct rt_buf *b, int status, const char *code, const char *message)
{
	struct rt_jsonw w = rt_jsonw_begin(b);
	size_t i = 0;

	while (errors[i].status && errors[i].status != status)
		i++;
	rt_jsonw_object(&w, NULL);
	rt_jsonw_object(&w, "error");
	rt_jsonw_text(&w, "message", message ? message : errors[i].message);
	rt_jsonw_text(&w, "type", errors[i].type);
	rt_jsonw_text(&w, "code", code && *code ? code : errors[i].code);
	rt_jsonw_end(&w);
	rt_jsonw_end(&w);
}

void
rt_reply_init_error(
    struct rt_reply *r, int status, const char *code, const char *message)
{
	start(r, status);
	header(r, "Content-Type", "application/json");
	error_object(&r->body, status, code, message);
	step(r, 0);
}

/* ---- sound answers ----------------------------------------------------------------- */

static void
usage(const struct maker *m, struct rt_jsonw *w)
{
	if (m->fault == RT_FAULT_NO_USAGE)
		return;
	if (m->fault == RT_FAULT_NULL_USAGE) {
		rt_jsonw_null(w, "usage");
		return;
	}
	rt_jsonw_object(w, "usage");
	rt_jsonw_int(
	    w, m->q->is_responses ? "input_tokens" : "prompt_tokens", 12);
	rt_jsonw_int(w,
	    m->q->is_responses ? "output_tokens" : "completion_tokens",
	    (int64_t)WORDS);
	rt_jsonw_int(w, "total_tokens", 12 + (int64_t)WORDS);
	rt_jsonw_end(w);
}

static void
all_words(char *out, size_t size)
{
	struct rt_buf b;

	rt_buf_init_fixed(&b, out, size);
	for (size_t i = 0; i < WORDS; i++)
		rt_buf_puts(&b, words[i]);
}

static void
chat_head(const struct maker *m, struct rt_jsonw *w, const char *object)
{
	rt_jsonw_object(w, NULL);
	rt_jsonw_text(w, "id", m->id);
	rt_jsonw_text(w, "object", object);
	rt_jsonw_int(w, "created", m->created_s);
	rt_jsonw_str(w, "model", m->q->model);
}

static void
finish_reason(const struct maker *m, struct rt_jsonw *w)
{
	if (m->fault == RT_FAULT_NO_FINISH)
		rt_jsonw_null(w, "finish_reason");
	else
		rt_jsonw_text(w, "finish_reason", "stop");
}

static void
plain_chat(struct maker *m)
{
	struct rt_jsonw w = rt_jsonw_begin(&m->r->body);
	char text[128];

	all_words(text, sizeof(text));
	chat_head(m, &w, "chat.completion");
	rt_jsonw_array(&w, "choices");
	rt_jsonw_object(&w, NULL);
	rt_jsonw_int(&w, "index", 0);
	rt_jsonw_object(&w, "message");
	rt_jsonw_text(&w, "role", "assistant");
	rt_jsonw_text(&w, "content", text);
	rt_jsonw_end(&w);
	finish_reason(m, &w);
	rt_jsonw_end(&w);
	rt_jsonw_end(&w);
	usage(m, &w);
	rt_jsonw_end(&w);
}

static const char *
responses_status(const struct maker *m)
{
	if (m->fault == RT_FAULT_FAILED)
		return "failed";
	if (m->fault == RT_FAULT_INCOMPLETE)
		return "incomplete";
	return m->fault == RT_FAULT_NO_FINISH ? "in_progress" : "completed";
}

/* The response object; without text while it is in the making. */
static void
responses_object(const struct maker *m, struct rt_jsonw *w, const char *key,
    const char *status, const char *text)
{
	rt_jsonw_object(w, key);
	rt_jsonw_text(w, "id", m->id);
	rt_jsonw_text(w, "object", "response");
	rt_jsonw_int(w, "created_at", m->created_s);
	rt_jsonw_str(w, "model", m->q->model);
	rt_jsonw_text(w, "status", status);
	if (strcmp(status, "failed") == 0) {
		rt_jsonw_object(w, "error");
		rt_jsonw_text(w, "code", "server_error");
		rt_jsonw_text(w, "message", "The model failed.");
		rt_jsonw_end(w);
	}
	if (strcmp(status, "incomplete") == 0) {
		rt_jsonw_object(w, "incomplete_details");
		rt_jsonw_text(w, "reason", "max_output_tokens");
		rt_jsonw_end(w);
	}
	rt_jsonw_array(w, "output");
	if (text) {
		rt_jsonw_object(w, NULL);
		rt_jsonw_text(w, "type", "message");
		rt_jsonw_text(w, "role", "assistant");
		rt_jsonw_array(w, "content");
		rt_jsonw_object(w, NULL);
		rt_jsonw_text(w, "type", "output_text");
		rt_jsonw_text(w, "text", text);
		rt_jsonw_end(w);
		rt_jsonw_end(w);
		rt_jsonw_end(w);
	}
	rt_jsonw_end(w);
	if (text)
		usage(m, w);
	rt_jsonw_end(w);
}

static void
plain_responses(struct maker *m)
{
	struct rt_jsonw w = rt_jsonw_begin(&m->r->body);
	char text[128];

	all_words(text, sizeof(text));
	responses_object(m, &w, NULL, responses_status(m), text);
}

/* ---- streams ----------------------------------------------------------------------- */

static void
event_begin(struct maker *m, const char *name)
{
	if (m->q->is_responses)
		rt_buf_printf(&m->r->body, "event: %s\n", name);
	rt_buf_puts(&m->r->body, "data: ");
}

static void
event_end(struct maker *m, int64_t wait_ms)
{
	rt_buf_puts(&m->r->body, "\n\n");
	step(m->r, wait_ms);
}

static void
chat_chunk(struct maker *m, const char *role, const char *content, bool is_last,
    int64_t wait_ms)
{
	struct rt_jsonw w;

	event_begin(m, "");
	w = rt_jsonw_begin(&m->r->body);
	chat_head(m, &w, "chat.completion.chunk");
	rt_jsonw_array(&w, "choices");
	rt_jsonw_object(&w, NULL);
	rt_jsonw_int(&w, "index", 0);
	rt_jsonw_object(&w, "delta");
	if (role)
		rt_jsonw_text(&w, "role", role);
	if (content)
		rt_jsonw_text(&w, "content", content);
	rt_jsonw_end(&w);
	if (is_last)
		finish_reason(m, &w);
	else
		rt_jsonw_null(&w, "finish_reason");
	rt_jsonw_end(&w);
	rt_jsonw_end(&w);
	rt_jsonw_end(&w);
	event_end(m, wait_ms);
}

static void
chat_usage_chunk(struct maker *m)
{
	struct rt_jsonw w;

	event_begin(m, "");
	w = rt_jsonw_begin(&m->r->body);
	chat_head(m, &w, "chat.completion.chunk");
	rt_jsonw_array(&w, "choices");
	rt_jsonw_end(&w);
	usage(m, &w);
	rt_jsonw_end(&w);
	event_end(m, 0);
}

static void
responses_event(struct maker *m, const char *type, const char *status,
    const char *text, const char *delta, int64_t wait_ms)
{
	struct rt_jsonw w;

	event_begin(m, type);
	w = rt_jsonw_begin(&m->r->body);
	rt_jsonw_object(&w, NULL);
	rt_jsonw_text(&w, "type", type);
	rt_jsonw_uint(&w, "sequence_number", m->sequence++);
	if (delta)
		rt_jsonw_text(&w, "delta", delta);
	if (status)
		responses_object(m, &w, "response", status, text);
	rt_jsonw_end(&w);
	event_end(m, wait_ms);
}

static void
token(struct maker *m, size_t i)
{
	int64_t wait_ms = i == 0 ? 0 : m->gap_ms;

	if (m->q->is_responses)
		responses_event(m, "response.output_text.delta", NULL, NULL,
		    words[i], wait_ms);
	else
		chat_chunk(m, NULL, words[i], false, wait_ms);
}

static void
stream_open(struct maker *m)
{
	if (m->q->is_responses)
		responses_event(
		    m, "response.created", "in_progress", NULL, NULL, 0);
	else
		chat_chunk(m, "assistant", "", false, 0);
}

static void
responses_terminal(struct maker *m)
{
	const char *status = responses_status(m);
	char text[128], type[48];

	if (m->fault == RT_FAULT_NO_FINISH)
		return;
	all_words(text, sizeof(text));
	snprintf(type, sizeof(type), "response.%s", status);
	responses_event(m, type, status, text, NULL, m->gap_ms);
}

static void
chat_terminal(struct maker *m)
{
	chat_chunk(m, NULL, NULL, true, m->gap_ms);
	if (m->q->wants_usage && m->fault != RT_FAULT_NO_USAGE) {
		chat_usage_chunk(m);
		if (m->fault == RT_FAULT_USAGE_TWICE)
			chat_usage_chunk(m);
	}
	rt_buf_puts(&m->r->body, "data: [DONE]\n\n");
	step(m->r, 0);
}

static void
terminal(struct maker *m)
{
	if (m->q->is_responses)
		responses_terminal(m);
	else
		chat_terminal(m);
}

/* ---- what takes the place of the rest of a stream ---------------------------------- */

static void
break_reset(struct maker *m, const struct rt_fault_rule *rule)
{
	(void)rule;
	m->r->ending = RT_REPLY_RESET;
	step(m->r, m->gap_ms);
}

static void
break_end(struct maker *m, const struct rt_fault_rule *rule)
{
	(void)m;
	(void)rule;
}

static void
break_error(struct maker *m, const struct rt_fault_rule *rule)
{
	event_begin(m, "error");
	error_object(&m->r->body, 503, rule->code, NULL);
	event_end(m, m->gap_ms);
}

static void
break_residue(struct maker *m, const struct rt_fault_rule *rule)
{
	struct rt_reply *r = m->r;

	(void)rule;
	token(m, WORDS - 1);
	r->body.len -= 2; /* the blank line that ends an event */
	r->steps[r->step_count - 1].end = r->body.len;
}

static void
break_malformed(struct maker *m, const struct rt_fault_rule *rule)
{
	(void)rule;
	event_begin(m, "response.output_text.delta");
	rt_buf_puts(&m->r->body, "{\"choices\":[{");
	event_end(m, m->gap_ms);
}

static void
break_heartbeats(struct maker *m, const struct rt_fault_rule *rule)
{
	const int64_t beats = 40;

	for (int64_t i = 0; i < beats; i++) {
		rt_buf_puts(&m->r->body, ": still here\n\n");
		step(m->r, rule->hold_ms / beats);
	}
}

static void (*const breaks[RT_FAULT_COUNT])(
    struct maker *m, const struct rt_fault_rule *rule) = {
    [RT_FAULT_STREAM_RESET] = break_reset,
    [RT_FAULT_STREAM_END] = break_end,
    [RT_FAULT_STREAM_ERROR] = break_error,
    [RT_FAULT_STREAM_RESIDUE] = break_residue,
    [RT_FAULT_MALFORMED] = break_malformed,
    [RT_FAULT_HEARTBEATS] = break_heartbeats,
};

static void
stream(struct maker *m, const struct rt_fault_rule *rule)
{
	size_t after = rule ? (size_t)rule->after : WORDS;

	if (after >= WORDS)
		after = WORDS - 1;
	if (m->fault == RT_FAULT_HEARTBEATS)
		after = 0;
	stream_open(m);
	for (size_t i = 0; i < WORDS; i++) {
		if (i == after && breaks[m->fault]) {
			breaks[m->fault](m, rule);
			return;
		}
		token(m, i);
		if (i + 1 == after && m->fault == RT_FAULT_STALL)
			step(m->r, rule->hold_ms);
	}
	terminal(m);
}

/* Line ends become single carriage returns; no line of ours holds one. */
static void
to_cr_only(struct rt_buf *b)
{
	for (size_t i = 0; i < b->len; i++)
		if (b->p[i] == '\n')
			b->p[i] = '\r';
}

/* ---- putting it together ------------------------------------------------------------ */

static void
wait_headers(
    struct rt_reply *r, const struct rt_fault_rule *rule, rt_wall_t now)
{
	char date[32];

	if (rule->wait == RT_FAULT_WAIT_SECONDS)
		header(r, "Retry-After", "%lld", (long long)rule->wait_s);
	if (rule->wait == RT_FAULT_WAIT_DATE) {
		rt_reply_http_date(date, now.us / 1000000 + rule->wait_s);
		header(r, "Retry-After", "%s", date);
	}
	if (rule->retry_after_ms >= 0)
		header(r, "retry-after-ms", "%lld",
		    (long long)rule->retry_after_ms);
	if (rule->should_retry != RT_FAULT_UNSAID)
		header(r, "x-should-retry", "%s",
		    rule->should_retry == RT_FAULT_YES ? "true" : "false");
}

static void
html(struct rt_reply *r)
{
	header(r, "Content-Type", "text/html; charset=utf-8");
	rt_buf_printf(&r->body,
	    "<!doctype html>\n<html><head><title>%d</title></head>"
	    "<body><h1>%d</h1></body></html>\n",
	    r->status, r->status);
	step(r, 0);
}

/* Answers that are no answer of a model at all; false: go on with one. */
static bool
stands_alone(struct rt_reply *r, const struct rt_fault_rule *rule)
{
	if (rule->fault == RT_FAULT_HTML) {
		html(r);
		return true;
	}
	if (rule->fault == RT_FAULT_EMPTY) {
		header(r, "Content-Type", "application/json");
		return true;
	}
	if (rule->fault != RT_FAULT_ERROR_BODY && r->status < 300)
		return false;
	header(r, "Content-Type", "application/json");
	error_object(
	    &r->body, r->status < 300 ? 500 : r->status, rule->code, NULL);
	if (rule->fault == RT_FAULT_MALFORMED)
		r->body.len -= 4;
	step(r, 0);
	return true;
}

static void
answer(struct maker *m, const struct rt_fault_rule *rule)
{
	struct rt_reply *r = m->r;

	if (m->fault == RT_FAULT_BOM)
		rt_buf_puts(&r->body, "\xEF\xBB\xBF");
	r->is_event_stream = m->q->is_stream;
	header(r, "Content-Type", "%s",
	    m->q->is_stream ? "text/event-stream" : "application/json");
	if (m->q->is_stream) {
		header(r, "Cache-Control", "no-store");
		stream(m, rule);
	} else {
		(m->q->is_responses ? plain_responses : plain_chat)(m);
		if (m->fault == RT_FAULT_MALFORMED)
			r->body.len /= 2;
		step(r, 0);
	}
	if (m->fault == RT_FAULT_CR_ONLY)
		to_cr_only(&r->body);
	if (m->fault == RT_FAULT_LONG_LINE)
		r->filler_bytes = RT_REPLY_FILLER_BYTES;
	r->one_byte_a_write = m->fault == RT_FAULT_BYTES;
}

void
rt_reply_init(struct rt_reply *r, const struct rt_reply_query *q,
    const struct rt_fault_rule *rule, uint64_t *dice)
{
	struct maker m = {.r = r,
	    .q = q,
	    .fault = rule ? rule->fault : RT_FAULT_PASS,
	    .created_s = q->now.us / 1000000};

	start(r, rule && rule->status ? rule->status : 200);
	snprintf(m.id, sizeof(m.id), "%s%016llx",
	    q->is_responses ? "resp_" : "chatcmpl-",
	    (unsigned long long)rt_dice_next(dice));
	header(r, "x-request-id", "req_%016llx",
	    (unsigned long long)rt_dice_next(dice));
	/* A refusal is quick; a streamed answer spends most of its time on tokens. */
	r->delay_ms = r->status >= 300 ? q->latency_ms / 5 : q->latency_ms;
	if (q->is_stream && r->status < 300) {
		r->delay_ms = q->latency_ms / 3;
		m.gap_ms = (q->latency_ms - r->delay_ms) / (int64_t)WORDS;
	}
	if (rule) {
		r->delay_ms += rule->delay_ms;
		r->resets_at_once = rule->fault == RT_FAULT_RESET;
		wait_headers(r, rule, q->now);
		if (stands_alone(r, rule))
			return;
	}
	answer(&m, rule);
}
