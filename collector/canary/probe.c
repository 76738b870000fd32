/* SPDX-License-Identifier: MIT */
#include "collector/canary/probe.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "collector/canary/fault.h"
#include "collector/canary/request.h"
#include "proto/classify.h"
#include "proto/encode.h"
#include "proto/jsonw.h"

static const char *const verdict_names[RT_VERDICT_COUNT] = {
#define X(id, name) name,
    RT_VERDICTS(X)
#undef X
};

const char *
rt_verdict_name(enum rt_verdict v)
{
	return (unsigned)v < RT_VERDICT_COUNT ? verdict_names[v] : NULL;
}

_Static_assert(RT_TARGET_HEADERS_MAX <= RT_HTTP_EXTRA_MAX, "no room for all");

static size_t
place_of(const struct rt_probe *p)
{
	return (size_t)(p->at - p->env->all->rows);
}

/* ---- sending ----------------------------------------------------------------------- */

static void
on_event(void *context, struct rt_str data)
{
	struct rt_probe *p = context;

	rt_judge_event(&p->judgement, data);
}

static unsigned
on_bytes(void *context, const char *bytes, size_t len)
{
	struct rt_probe *p = context;
	const struct rt_judgement *j = &p->judgement;
	unsigned events = j->events, tokens = j->tokens_seen, seen = 0;

	rt_sse_push(&p->sse, bytes, len);
	if (j->events > events)
		seen |= RT_HTTP_SAW_EVENT;
	if (j->tokens_seen > tokens)
		seen |= RT_HTTP_SAW_TOKEN;
	if (j->done_seen ||
	    (j->finish_seen && j->rules.surface == RT_SURFACE_RESPONSES))
		seen |= RT_HTTP_SAW_END;
	return seen;
}

static const char *
key_for(const struct rt_probe *p)
{
	const char *own = p->env->keys ? p->env->keys[place_of(p)].text : "";

	if (p->has_no_key)
		return NULL;
	if (p->key)
		return p->key;
	return *own ? own : NULL;
}

static void
forget_answer(struct rt_probe *p)
{
	if (p->has_answer) {
		rt_http_answer_fini(&p->answer);
		rt_sse_fini(&p->sse);
		rt_buf_fini(&p->request_body);
	}
	p->has_answer = false;
}

static void
send_attempt(struct rt_probe *p, rt_mono_t now)
{
	const struct rt_target *t = p->at;
	struct rt_judge_rules rules = rt_judge_rules_of(t);

	forget_answer(p);
	rt_buf_init(&p->request_body, 8192);
	if (p->body)
		rt_buf_puts(&p->request_body, p->body);
	else
		rt_request_write(&p->request_body, t);
	rt_target_url(t, p->url);
	rt_judge_init(&p->judgement, &rules);
	rt_sse_init(&p->sse, on_event, p);
	p->request = (struct rt_http_request){.url = p->url,
	    .body = p->request_body.p,
	    .body_len = p->request_body.len,
	    .key = key_for(p),
	    .key_header = t->key_header,
	    .request_id_header = t->request_id_header,
	    .ca_file = t->ca_file,
	    .is_unverified = !t->verifies_tls,
	    .is_stream = t->is_stream,
	    .limits = {t->connect_ms, t->headers_ms, t->first_event_ms,
		t->idle_ms, t->total_ms},
	    .on_bytes = t->is_stream ? on_bytes : NULL,
	    .context = p};
	for (size_t i = 0; i < RT_TARGET_HEADERS_MAX && t->headers[i][0]; i++)
		p->request.headers[i] = t->headers[i];
	rt_retry_count(&p->retry);
	rt_schedule_count(&p->env->schedules[place_of(p)], now);
	p->has_answer = true;
	p->transfer = rt_http_start(p->env->http, &p->request, &p->answer);
}

void
rt_probe_start(struct rt_probe *p, const struct rt_probe_env *env,
    const struct rt_target *t, rt_mono_t now)
{
	p->env = env;
	p->first = p->at = t;
	p->started = now;
	snprintf(p->operation_id, sizeof(p->operation_id), "%016llx%016llx",
	    (unsigned long long)rt_dice_next(env->dice),
	    (unsigned long long)rt_dice_next(env->dice));
	rt_retry_budget_earn(&env->budgets[place_of(p)], t->retry.budget_ratio);
	send_attempt(p, now);
}

/* ---- judging ----------------------------------------------------------------------- */

static void
judge(struct rt_probe *p)
{
	const struct rt_http_answer *a = &p->answer;
	struct rt_judge_rules rules = p->judgement.rules;
	struct rt_str body = {a->body.p, a->body.len};

	if (!p->at->is_stream || a->status < 200 || a->status >= 300)
		rt_judge_plain(
		    &p->judgement, &rules, a->status, a->error_type, body);
	else if (a->error_type ||
	    !rt_judge_document(&p->judgement, a->status, body))
		rt_judge_stream(&p->judgement, a->status, a->error_type,
		    rt_sse_has_residue(&p->sse));
	/* What cannot be read because it is packed has that as its cause. */
	if (a->is_encoded && !a->error_type && a->status >= 200 &&
	    a->status < 300 && !p->judgement.levels[RT_LEVEL_BODY])
		p->judgement.error_type = "parse_encoded";
	if (p->sse.overflow && !a->error_type) {
		p->judgement.error_type = "parse_too_large";
		p->judgement.levels[RT_LEVEL_USABLE] = false;
	}
}

/* A server may call anything by the key it was sent. */
static void
hide_key(struct rt_probe *p)
{
	const char *key = key_for(p);
	struct rt_judgement *j = &p->judgement;

	rt_key_hide(p->answer.request_id, sizeof(p->answer.request_id), key);
	rt_key_hide(p->answer.cause, sizeof(p->answer.cause), key);
	rt_key_hide(j->model, sizeof(j->model), key);
	rt_key_hide(j->object, sizeof(j->object), key);
	rt_key_hide(j->error_code, sizeof(j->error_code), key);
}

/* ---- the event --------------------------------------------------------------------- */

/* Only what is known goes in. */
#define PUT(e, ID, member, v) \
	((e)->member = (v), (e)->present |= RT_FIELD_BIT(ID))
#define PUT_TEXT(e, ID, member, z)                        \
	do {                                              \
		if ((z) && *(z))                          \
			PUT(e, ID, member, rt_str_of(z)); \
	} while (0)

static enum rt_outcome outcome_of(enum rt_class class)
{
	if (class == RT_CLASS_NONE)
		return RT_OUTCOME_SUCCESS;
	if (class == RT_CLASS_AUTH)
		return RT_OUTCOME_AUTH_ERROR;
	if (class == RT_CLASS_CALLER_ERROR)
		return RT_OUTCOME_CALLER_ERROR;
	return class == RT_CLASS_CANCELLED ? RT_OUTCOME_CANCELLED
					   : RT_OUTCOME_TRANSIENT_FAILURE;
}

static void
fill_shape(struct rt_event *e, const struct rt_probe *p)
{
	const struct rt_judgement *j = &p->judgement;

	PUT_TEXT(e, MODEL_RETURNED, model_returned, j->model);
	PUT_TEXT(e, RESPONSE_OBJECT_TYPE, response_object_type, j->object);
	PUT_TEXT(
	    e, UPSTREAM_REQUEST_ID, upstream_request_id, p->answer.request_id);
	if (p->answer.upstream_attempts > 0)
		PUT(e, UPSTREAM_ATTEMPTS, upstream_attempts,
		    p->answer.upstream_attempts);
	if (!j->levels[RT_LEVEL_HTTP])
		return;
	PUT(e, FINISH_REASON_SEEN, finish_reason_seen, j->finish_seen);
	PUT(e, USAGE_SEEN, usage_seen, j->usage_seen);
	if (p->at->is_stream)
		PUT(e, STREAM_COMMITTED, stream_committed, j->content_seen);
}

/* Attempts that the policies allow along the whole chain. */
static int64_t
attempts_allowed(const struct rt_target *t)
{
	int64_t sum = 0;

	for (unsigned i = 0; t && i <= RT_RETRY_FALLBACKS_MAX; i++) {
		sum += t->retry.jitter == RT_JITTER_NONE
		    ? 1
		    : (int64_t)t->retry.max_attempts;
		t = t->next;
	}
	return sum;
}

static void
fill_event(struct rt_probe *p, rt_wall_t wall)
{
	struct rt_event *e = &p->event;
	const struct rt_http_answer *a = &p->answer;
	const struct rt_target *t = p->at;
	const char *path = strstr(p->url, "://");

	memset(e, 0, sizeof(*e));
	PUT(e, TS, ts_us, wall.us);
	e->ts_has_fraction = true;
	PUT_TEXT(e, OPERATION_ID, operation_id, p->operation_id);
	PUT(e, ATTEMPT, attempt, p->retry.attempts);
	PUT(e, MAX_ATTEMPTS, max_attempts, attempts_allowed(p->first));
	PUT_TEXT(e, SERVICE, service, t->service);
	PUT_TEXT(e, PROVIDER, provider, t->name);
	PUT_TEXT(e, HTTP_REQUEST_METHOD, http_request_method, "POST");
	path = path ? strchr(path + 3, '/') : NULL;
	PUT_TEXT(e, HTTP_ROUTE, http_route, path);
	if (a->status >= 100)
		PUT(e, HTTP_STATUS, http_response_status_code, a->status);
	PUT_TEXT(e, ERROR_TYPE, error_type, p->judgement.error_type);
	PUT(e, ELAPSED_MS, elapsed_ms, a->phases_ms[RT_PHASE_TOTAL]);
	if (a->phases_ms[RT_PHASE_FIRST_TOKEN] >= 0)
		PUT(e, TTFT_MS, ttft_ms, a->phases_ms[RT_PHASE_FIRST_TOKEN]);
	if (a->retry_after_ms >= 0)
		PUT(e, RETRY_AFTER_MS, retry_after_ms, a->retry_after_ms);
	PUT_TEXT(e, MODEL_REQUESTED, model_requested, t->model);
	PUT(e, STREAMING, streaming, t->is_stream);
	PUT(e, SYNTHETIC, synthetic, true);
	fill_shape(e, p);
	e->error_class = rt_classify(e);
}

static void
fill_phases(struct rt_event *e, const double *ms)
{
	if (ms[RT_PHASE_DNS] >= 0)
		PUT(e, PROBE_DNS_MS, probe_dns_ms, ms[RT_PHASE_DNS]);
	if (ms[RT_PHASE_CONNECT] >= 0)
		PUT(e, PROBE_CONNECT_MS, probe_connect_ms,
		    ms[RT_PHASE_CONNECT]);
	if (ms[RT_PHASE_TLS] >= 0)
		PUT(e, PROBE_TLS_MS, probe_tls_ms, ms[RT_PHASE_TLS]);
	if (ms[RT_PHASE_FIRST_BYTE] >= 0)
		PUT(e, PROBE_FIRST_BYTE_MS, probe_first_byte_ms,
		    ms[RT_PHASE_FIRST_BYTE]);
}

/*
 * What is left of the budgets, and what holds the next turn back; a wait within the
 * interval is no pause.  Called after settle_schedule.
 */
static void
fill_budget(struct rt_probe *p, rt_mono_t now, rt_wall_t wall)
{
	struct rt_event *e = &p->event;
	const struct rt_target *t = p->at;
	struct rt_schedule *s = &p->env->schedules[place_of(p)];
	int64_t requests = t->max_per_run - s->sent_run, wait_ms,
		tokens = t->max_tokens_per_day - s->tokens_day;
	enum rt_pause why = rt_schedule_blocks(s, t, now, wall, &wait_ms);

	/* Of a target from the command line there is none. */
	if (requests <= RT_INT_MAX)
		PUT(e, PROBE_REQUESTS_LEFT, probe_requests_left,
		    requests > 0 ? requests : 0);
	if (tokens <= RT_INT_MAX)
		PUT(e, PROBE_TOKENS_LEFT, probe_tokens_left,
		    tokens > 0 ? tokens : 0);
	if (why == RT_PAUSE_NONE || (wait_ms >= 0 && wait_ms <= t->interval_ms))
		return;
	PUT_TEXT(e, PROBE_PAUSE, probe_pause, rt_pause_name(why));
	if (wait_ms >= 0)
		PUT(e, PROBE_PAUSE_MS, probe_pause_ms, (double)wait_ms);
}

/* Why the client does what it does next. */
static void
fill_reason(struct rt_probe *p)
{
	struct rt_event *e = &p->event;
	const char *why = p->judgement.error_type;

	if (p->step.decision == RT_DECISION_NONE)
		return;
	if (p->step.decision == RT_DECISION_ABORT_ERROR ||
	    p->step.decision == RT_DECISION_ABORT_TIMEOUT_BUDGET)
		why = rt_retry_stop_name(p->step.stop);
	else if (p->answer.status >= 300)
		why = rt_class_name(e->error_class);
	PUT_TEXT(e, DECISION_REASON, decision_reason, why);
}

static void
fill_decision(struct rt_probe *p)
{
	const struct rt_retry_policy *policy = &p->at->retry;
	struct rt_event *e = &p->event;

	PUT(e, DECISION, decision, p->step.decision);
	fill_reason(p);
	if (policy->jitter != RT_JITTER_NONE) {
		PUT(e, RETRY_BUDGET_REMAINING, retry_budget_remaining,
		    p->step.left);
		PUT(e, TIMEOUT_BUDGET_MS, timeout_budget_ms,
		    policy->ceiling_ms);
	}
	if (p->step.decision == RT_DECISION_RETRY_SAME)
		PUT(e, BACKOFF_MS, backoff_ms, p->step.wait_ms);
	else if (p->step.decision == RT_DECISION_FALLBACK_SECONDARY)
		PUT_TEXT(
		    e, FALLBACK_TARGET, fallback_target, p->at->next->model);
	if (rt_decision_is_terminal(p->step.decision))
		PUT(e, FINAL_OUTCOME, final_outcome,
		    outcome_of(e->error_class));
}

/* ---- after an attempt -------------------------------------------------------------- */

static void
settle_schedule(struct rt_probe *p, rt_mono_t now, rt_wall_t wall)
{
	struct rt_schedule *s = &p->env->schedules[place_of(p)];
	enum rt_class class = p->event.error_class;

	if (p->judgement.levels[RT_LEVEL_HTTP])
		rt_schedule_spend(s, p->at, p->judgement.tokens, wall);
	if (class == RT_CLASS_QUOTA)
		rt_schedule_pause(
		    s, RT_PAUSE_QUOTA, p->answer.retry_after_ms, now);
	else if (class == RT_CLASS_RATE_LIMITED)
		rt_schedule_pause(
		    s, RT_PAUSE_RATE, p->answer.retry_after_ms, now);
}

/* Budgets alone: the pause a 429 asked for is what the retry waits for anyway. */
static bool
is_out_of_requests(const struct rt_probe *p, rt_mono_t now, rt_wall_t wall)
{
	struct rt_schedule s = p->env->schedules[place_of(p)];
	int64_t wait_ms;

	s.asked = RT_PAUSE_NONE;
	return rt_schedule_blocks(&s, p->at, now, wall, &wait_ms) !=
	    RT_PAUSE_NONE;
}

static bool
can_fall_back(const struct rt_probe *p, rt_mono_t now, rt_wall_t wall)
{
	const struct rt_target *next = p->at->next;
	int64_t wait_ms;

	return next &&
	    rt_schedule_blocks(&p->env->schedules[next - p->env->all->rows],
		next, now, wall, &wait_ms) == RT_PAUSE_NONE;
}

static void
decide(struct rt_probe *p, rt_mono_t now, rt_wall_t wall)
{
	const struct rt_http_answer *a = &p->answer;
	struct rt_retry_seen seen = {.error_class = p->event.error_class,
	    .retry_after_ms = a->retry_after_ms,
	    .should_retry = a->should_retry,
	    .is_committed = p->at->is_stream && p->judgement.content_seen,
	    .has_fallback = can_fall_back(p, now, wall),
	    .has_no_requests = is_out_of_requests(p, now, wall),
	    .elapsed_ms = (double)(now.us - p->started.us) / 1e3};
	struct rt_retry_policy policy = p->at->retry;
	unsigned n = p->retry.attempts - 1;

	/* The ceiling is the first target's: it is on the whole operation. */
	policy.ceiling_ms = p->first->retry.ceiling_ms;
	p->step = rt_retry_next(&p->retry, &policy,
	    &p->env->budgets[place_of(p)], &seen, p->env->dice);
	if (n < RT_PROBE_ATTEMPTS_MAX)
		p->waits_ms[n] = p->step.wait_ms;
}

static void
take_answer(struct rt_probe *p, rt_mono_t now, rt_wall_t wall)
{
	rt_http_end(p->transfer);
	p->transfer = NULL;
	judge(p);
	hide_key(p);
	fill_event(p, wall);
	settle_schedule(p, now, wall);
	fill_phases(&p->event, p->answer.phases_ms);
	fill_budget(p, now, wall);
	decide(p, now, wall);
	fill_decision(p);
	p->verdict = p->event.error_class != RT_CLASS_NONE ? RT_VERDICT_FAILED
	    : p->judgement.is_lacking                      ? RT_VERDICT_DEGRADED
							   : RT_VERDICT_OK;
	if (p->env->on_attempt)
		p->env->on_attempt(p->env->context, p);
	p->due = now;
	if (p->step.decision == RT_DECISION_RETRY_SAME)
		p->due.us += (int64_t)ceil(p->step.wait_ms * 1e3);
	else if (p->step.decision == RT_DECISION_FALLBACK_SECONDARY)
		p->at = p->at->next;
	else
		p->is_done = true;
}

void
rt_probe_step(struct rt_probe *p, rt_mono_t now, rt_wall_t wall)
{
	if (p->is_done)
		return;
	if (p->transfer) {
		if (rt_http_is_done(p->transfer))
			take_answer(p, now, wall);
	} else if (now.us >= p->due.us) {
		send_attempt(p, now);
	}
}

int64_t
rt_probe_wait_ms(const struct rt_probe *p, rt_mono_t now)
{
	if (p->is_done)
		return 0;
	if (p->transfer)
		return rt_http_is_done(p->transfer) ? 0 : -1;
	return now.us >= p->due.us ? 0 : (p->due.us - now.us + 999) / 1000;
}

void
rt_probe_cancel(struct rt_probe *p)
{
	rt_http_end(p->transfer);
	p->transfer = NULL;
	p->was_cancelled = p->is_done = true;
}

void
rt_probe_fini(struct rt_probe *p)
{
	rt_http_end(p->transfer);
	p->transfer = NULL;
	forget_answer(p);
}

void
rt_probe_run(struct rt_probe *p, const struct rt_probe_env *env,
    const struct rt_target *t, int wake_fd)
{
	rt_probe_start(p, env, t, rt_clock_mono());
	while (!p->is_done) {
		if (rt_http_turn(env->http,
			rt_probe_wait_ms(p, rt_clock_mono()), wake_fd))
			rt_probe_cancel(p);
		else
			rt_probe_step(p, rt_clock_mono(), rt_clock_wall());
	}
}

/* ---- in words ---------------------------------------------------------------------- */

static void
write_phases(struct rt_jsonw *w, const struct rt_http_answer *a)
{
	rt_jsonw_object(w, "phases_ms");
	for (unsigned i = 0; i < RT_PHASE_COUNT; i++)
		if (a->phases_ms[i] >= 0)
			rt_jsonw_double(w, rt_phase_name((enum rt_phase)i),
			    round(a->phases_ms[i] * 1e3) / 1e3);
	rt_jsonw_end(w);
}

static void
write_connection(struct rt_jsonw *w, const struct rt_http_answer *a)
{
	rt_jsonw_object(w, "connection");
	rt_jsonw_bool(w, "reused", a->is_reused);
	if (a->http_version)
		rt_jsonw_text(w, "http_version", a->http_version);
	if (!isnan(a->certificate_days))
		rt_jsonw_double(
		    w, "certificate_days", floor(a->certificate_days));
	if (a->cause[0])
		rt_jsonw_text(w, "cause", a->cause);
	rt_jsonw_end(w);
}

static void
write_budget(struct rt_jsonw *w, const struct rt_probe *p)
{
	const struct rt_schedule *s =
	    &p->env->schedules[p->first - p->env->all->rows];

	rt_jsonw_object(w, "budget");
	rt_jsonw_int(w, "requests", s->sent_run);
	rt_jsonw_int(w, "max_per_run", p->first->max_per_run);
	rt_jsonw_int(w, "max_per_minute", p->first->max_per_minute);
	rt_jsonw_int(w, "tokens_today", s->tokens_day);
	rt_jsonw_int(w, "max_tokens_per_day", p->first->max_tokens_per_day);
	rt_jsonw_end(w);
}

void
rt_probe_write(struct rt_buf *b, const struct rt_probe *p)
{
	struct rt_jsonw w = rt_jsonw_begin(b);
	struct rt_buf event;

	rt_buf_init(&event, RT_RECORD_MAX);
	rt_encode(&event, &p->event);
	rt_jsonw_object(&w, NULL);
	rt_jsonw_text(&w, "target", p->first->name);
	rt_jsonw_raw(&w, "event", event.p, event.len);
	rt_jsonw_text(&w, "error_class", rt_class_name(p->event.error_class));
	rt_jsonw_object(&w, "levels");
	for (unsigned i = 0; i < RT_LEVEL_COUNT; i++)
		rt_jsonw_bool(&w, rt_level_name((enum rt_level)i),
		    p->judgement.levels[i]);
	rt_jsonw_end(&w);
	rt_jsonw_text(&w, "finish", rt_finish_name(p->judgement.finish));
	write_phases(&w, &p->answer);
	write_connection(&w, &p->answer);
	rt_jsonw_uint(&w, "attempts", p->retry.attempts);
	if (!p->at->verifies_tls)
		rt_jsonw_bool(&w, "tls_verified", false);
	write_budget(&w, p);
	rt_jsonw_text(&w, "verdict", rt_verdict_name(p->verdict));
	rt_jsonw_end(&w);
	rt_buf_fini(&event);
}
