/* SPDX-License-Identifier: MIT */
#include "collector/canary/canary.h"

#include <math.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/random.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "collector/canary/fault.h"
#include "collector/canary/http_client.h"
#include "collector/canary/judge.h"
#include "collector/canary/sse.h"
#include "proto/classify.h"
#include "proto/encode.h"
#include "proto/jsonw.h"
#include "proto/options.h"
#include "proto/retrytop.h"

#define ROUTE "/v1/chat/completions"
#define KEY_MAX 1024u

struct canary {
	const char *base, *model, *key_env, *service;
	struct rt_endpoint intake;
	int64_t interval_ms, timeout_ms, ready_fd;
	bool is_once, is_stream, as_json, allows_plain;
	char key[KEY_MAX];
	bool has_key;
	char url[512];
	int signal_fd;
	uint64_t dice;
	struct rt_http *http;
	struct rt_emitter *emitter; /* NULL: --intake off */
};

/* One probe: what was sent, what came, what it is worth. */
struct probe {
	struct rt_http_answer answer;
	struct rt_judgement judgement;
	struct rt_sse sse;
	rt_mono_t started;
	double first_token_ms; /* -1: none */
	char operation_id[33];
	struct rt_event event;
	const char *verdict;
};

/* ---- the request ------------------------------------------------------------------- */

static void
write_request(struct rt_buf *b, const struct canary *c)
{
	struct rt_jsonw w = rt_jsonw_begin(b);

	rt_jsonw_object(&w, NULL);
	rt_jsonw_text(&w, "model", c->model);
	rt_jsonw_array(&w, "messages");
	rt_jsonw_object(&w, NULL);
	rt_jsonw_text(&w, "role", "user");
	rt_jsonw_text(&w, "content", "Answer with the single word: ready.");
	rt_jsonw_end(&w);
	rt_jsonw_end(&w);
	rt_jsonw_int(&w, "max_tokens", 16);
	rt_jsonw_bool(&w, "stream", c->is_stream);
	if (c->is_stream) {
		rt_jsonw_object(&w, "stream_options");
		rt_jsonw_bool(&w, "include_usage", true);
		rt_jsonw_end(&w);
	}
	rt_jsonw_end(&w);
}

static void
on_event(void *context, struct rt_str data)
{
	struct probe *p = context;
	bool had_content = p->judgement.content_seen;

	rt_judge_event(&p->judgement, data);
	if (p->judgement.content_seen && !had_content)
		p->first_token_ms =
		    (double)(rt_clock_mono().us - p->started.us) / 1e3;
}

static void
on_bytes(void *context, const char *bytes, size_t len)
{
	struct probe *p = context;

	rt_sse_push(&p->sse, bytes, len);
}

static void
send_request(struct canary *c, struct probe *p)
{
	struct rt_http_request q = {.url = c->url,
	    .key = c->has_key ? c->key : NULL,
	    .connect_ms = c->timeout_ms < 5000 ? c->timeout_ms : 5000,
	    .total_ms = c->timeout_ms,
	    .cancel_fd = c->signal_fd,
	    .on_bytes = c->is_stream ? on_bytes : NULL,
	    .context = p};
	struct rt_http_answer *a = &p->answer;
	struct rt_buf body;

	rt_buf_init(&body, 8192);
	write_request(&body, c);
	q.body = body.p;
	rt_judge_init(&p->judgement);
	rt_sse_init(&p->sse, on_event, p);
	p->started = rt_clock_mono();
	p->first_token_ms = -1;
	rt_http_post(c->http, &q, a);
	/* A stream cut after its headers is another thing than no answer. */
	if (c->is_stream && a->status >= 200 && a->status < 300 &&
	    a->error_type && strcmp(a->error_type, "connection_reset") == 0)
		a->error_type = "stream_reset";
	if (c->is_stream && a->status < 300)
		rt_judge_stream(&p->judgement, a->status, a->error_type,
		    rt_sse_has_residue(&p->sse));
	else
		rt_judge_plain(&p->judgement, a->status, a->error_type,
		    (struct rt_str){a->body.p, a->body.len});
	rt_buf_fini(&body);
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
fill_shape(struct rt_event *e, const struct probe *p)
{
	const struct rt_judgement *j = &p->judgement;

	PUT_TEXT(e, MODEL_RETURNED, model_returned, j->model);
	PUT_TEXT(e, RESPONSE_OBJECT_TYPE, response_object_type, j->object);
	PUT_TEXT(
	    e, UPSTREAM_REQUEST_ID, upstream_request_id, p->answer.request_id);
	if (!j->levels[RT_LEVEL_HTTP])
		return;
	PUT(e, FINISH_REASON_SEEN, finish_reason_seen, j->finish_seen);
	PUT(e, USAGE_SEEN, usage_seen, j->usage_seen);
}

static void
fill_event(const struct canary *c, struct probe *p)
{
	struct rt_event *e = &p->event;
	const struct rt_http_answer *a = &p->answer;

	memset(e, 0, sizeof(*e));
	PUT(e, TS, ts_us, rt_clock_wall().us);
	e->ts_has_fraction = true;
	PUT_TEXT(e, OPERATION_ID, operation_id, p->operation_id);
	PUT(e, ATTEMPT, attempt, 1);
	PUT(e, MAX_ATTEMPTS, max_attempts, 1);
	PUT_TEXT(e, SERVICE, service, c->service);
	PUT_TEXT(e, HTTP_REQUEST_METHOD, http_request_method, "POST");
	PUT_TEXT(e, HTTP_ROUTE, http_route, ROUTE);
	if (a->status >= 100)
		PUT(e, HTTP_STATUS, http_response_status_code, a->status);
	PUT_TEXT(e, ERROR_TYPE, error_type, p->judgement.error_type);
	PUT(e, ELAPSED_MS, elapsed_ms, a->elapsed_ms);
	if (p->first_token_ms >= 0)
		PUT(e, TTFT_MS, ttft_ms, p->first_token_ms);
	if (a->retry_after_ms >= 0)
		PUT(e, RETRY_AFTER_MS, retry_after_ms, a->retry_after_ms);
	PUT_TEXT(e, MODEL_REQUESTED, model_requested, c->model);
	PUT(e, STREAMING, streaming, c->is_stream);
	PUT(e, SYNTHETIC, synthetic, true);
	fill_shape(e, p);
	e->error_class = rt_classify(e);
	PUT(e, DECISION, decision,
	    e->error_class == RT_CLASS_NONE ? RT_DECISION_NONE
					    : RT_DECISION_ABORT_ERROR);
	PUT(e, FINAL_OUTCOME, final_outcome, outcome_of(e->error_class));
	p->verdict = e->error_class != RT_CLASS_NONE ? "failed"
	    : p->judgement.usage_seen                ? "ok"
						     : "degraded";
}

static void
print_json(const struct probe *p, const struct rt_buf *event)
{
	const struct rt_http_answer *a = &p->answer;
	struct rt_jsonw w;
	struct rt_buf b;

	rt_buf_init(&b, 65536);
	w = rt_jsonw_begin(&b);
	rt_jsonw_object(&w, NULL);
	rt_jsonw_raw(&w, "event", event->p, event->len);
	rt_jsonw_text(&w, "error_class", rt_class_name(p->event.error_class));
	rt_jsonw_object(&w, "levels");
	for (unsigned i = 0; i < RT_LEVEL_COUNT; i++)
		rt_jsonw_bool(&w, rt_level_name((enum rt_level)i),
		    p->judgement.levels[i]);
	rt_jsonw_end(&w);
	rt_jsonw_object(&w, "phases_ms");
	if (a->connect_ms >= 0)
		rt_jsonw_double(&w, "connect", a->connect_ms);
	if (a->headers_ms >= 0)
		rt_jsonw_double(&w, "headers", a->headers_ms);
	if (p->first_token_ms >= 0)
		rt_jsonw_double(&w, "first_token", p->first_token_ms);
	rt_jsonw_double(&w, "total", a->elapsed_ms);
	rt_jsonw_end(&w);
	rt_jsonw_text(&w, "verdict", p->verdict);
	rt_jsonw_end(&w);
	printf("%s\n", b.p);
	rt_buf_fini(&b);
}

static void
print_line(const struct canary *c, const struct probe *p)
{
	char model[129], when[32];

	rt_text_from_time(when, p->event.ts_us);
	rt_text_scrub(model, sizeof(model), rt_str_of(c->model));
	printf("%s %-8s %s", when, p->verdict, model);
	if (p->answer.status)
		printf(" %d", p->answer.status);
	printf(" %.0f ms", p->answer.elapsed_ms);
	if (p->judgement.error_type)
		printf(" %s (%s)", rt_class_name(p->event.error_class),
		    p->judgement.error_type);
	else if (!p->judgement.usage_seen)
		printf(" no usage");
	putchar('\n');
}

static void
publish(const struct canary *c, const struct probe *p)
{
	struct rt_buf event;

	rt_buf_init(&event, RT_RECORD_MAX);
	rt_encode(&event, &p->event);
	if (c->emitter)
		(void)rt_emitter_emit_json(c->emitter, event.p, event.len);
	if (c->as_json)
		print_json(p, &event);
	else
		print_line(c, p);
	fflush(stdout);
	rt_buf_fini(&event);
}

/* ---- turns ------------------------------------------------------------------------- */

/* True where it passed; *pause_ms is what the server asked for. */
static bool
take_turn(struct canary *c, double *pause_ms)
{
	struct probe p;
	bool is_told_to_wait;

	memset(&p, 0, sizeof(p));
	snprintf(p.operation_id, sizeof(p.operation_id), "%016llx%016llx",
	    (unsigned long long)rt_dice_next(&c->dice),
	    (unsigned long long)rt_dice_next(&c->dice));
	send_request(c, &p);
	fill_event(c, &p);
	if (!p.answer.was_cancelled)
		publish(c, &p);
	is_told_to_wait = p.event.error_class == RT_CLASS_RATE_LIMITED ||
	    p.event.error_class == RT_CLASS_QUOTA;
	*pause_ms = is_told_to_wait ? p.answer.retry_after_ms : -1;
	rt_sse_fini(&p.sse);
	rt_http_answer_fini(&p.answer);
	return strcmp(p.verdict, "failed") != 0;
}

static bool
is_ended_within(const struct canary *c, double ms)
{
	struct pollfd fd = {c->signal_fd, POLLIN, 0};

	return poll(&fd, 1, (int)fmin(ms, 86400e3)) > 0;
}

static int
run(struct canary *c)
{
	double pause_ms = -1, wait_ms;
	bool passed;

	for (;;) {
		passed = take_turn(c, &pause_ms);
		if (c->is_once)
			break;
		wait_ms = (double)c->interval_ms *
		    (0.8 + 0.4 * rt_dice_unit(&c->dice));
		if (pause_ms > wait_ms) {
			fprintf(stderr,
			    "retrytop canary: paused for %.0f s, as asked\n",
			    pause_ms / 1e3);
			wait_ms = pause_ms;
		}
		if (is_ended_within(c, wait_ms))
			return RT_EXIT_OK;
	}
	if (c->emitter && rt_emitter_flush(c->emitter, 2000) != 0)
		fprintf(stderr,
		    "retrytop canary: no collector took the event in at %s\n",
		    c->intake.text);
	return passed ? RT_EXIT_OK : RT_EXIT_VERDICT;
}

/* ---- starting ---------------------------------------------------------------------- */

static enum rt_err
take_key(struct canary *c, struct rt_diag *d)
{
	char *value;

	prctl(PR_SET_DUMPABLE, 0);
	if (!c->key_env)
		return RT_OK;
	value = getenv(c->key_env);
	if (!value || !*value || strlen(value) >= sizeof(c->key) ||
	    strpbrk(value, "\r\n")) {
		rt_diag_set(d, "--key-env",
		    "%s must hold a key of at most %u bytes on one line",
		    c->key_env, KEY_MAX - 1);
		return RT_E_CONFIG;
	}
	memcpy(c->key, value, strlen(value) + 1);
	explicit_bzero(value, strlen(value));
	unsetenv(c->key_env);
	c->has_key = true;
	return RT_OK;
}

static enum rt_err
check(struct canary *c, struct rt_diag *d)
{
	size_t n = c->base ? strlen(c->base) : 0;

	if (!c->base || !c->model || !*c->model || strlen(c->model) > 128) {
		rt_diag_set(d, NULL,
		    "needs --url BASE and --model M, such as --url "
		    "http://127.0.0.1:8099 --model m-large");
		return RT_E_USAGE;
	}
	while (n > 0 && c->base[n - 1] == '/')
		n--;
	if (n + sizeof(ROUTE) > sizeof(c->url)) {
		rt_diag_set(d, "--url", "is too long; 480 bytes are enough");
		return RT_E_USAGE;
	}
	snprintf(c->url, sizeof(c->url), "%.*s%s", (int)n, c->base, ROUTE);
	return rt_http_check_url(c->url, c->allows_plain, d);
}

static int
parse(struct canary *c, int argc, char **argv)
{
	const struct rt_option rows[] = {
	    RT_OPTION_TEXT('u', "url", &c->base, "BASE",
		"the API, without /v1/...: https://api.example.com"),
	    RT_OPTION_TEXT('m', "model", &c->model, "M", "the model to ask"),
	    RT_OPTION_DURATION('i', "interval", &c->interval_ms, 1000, 86400000,
		"between probes, jittered by a fifth (5s)"),
	    RT_OPTION_DURATION('t', "timeout", &c->timeout_ms, 100, 600000,
		"of a whole probe (20s)"),
	    RT_OPTION_FLAG(
		0, "once", &c->is_once, "one probe; exit 0 if it passed, or 1"),
	    RT_OPTION_FLAG(0, "stream", &c->is_stream, "ask for a stream"),
	    RT_OPTION_TEXT('k', "key-env", &c->key_env, "NAME",
		"environment variable that holds the key"),
	    RT_OPTION_ENDPOINT(0, "intake", &c->intake, RT_PORT_INTAKE,
		"where to publish; off: nowhere"),
	    RT_OPTION_TEXT(0, "service", &c->service, "NAME",
		"service named in the events (canary)"),
	    RT_OPTION_FLAG(0, "json", &c->as_json, "one JSON object a probe"),
	    RT_OPTION_FLAG(0, "insecure", &c->allows_plain,
		"allow http to other machines"),
	    RT_OPTION_COUNT_OF(0, "ready-fd", &c->ready_fd, 3, 1023,
		"write a byte to this descriptor before the first probe"),
	};
	const struct rt_options o = {"canary", NULL,
	    "Sends a minimal chat request now and then and publishes what "
	    "happened.",
	    rows, RT_COUNT_OF(rows)};

	return rt_options_parse(&o, &argc, argv);
}

static int
block_signals(void)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGHUP);
	sigprocmask(SIG_BLOCK, &set, NULL);
	signal(SIGPIPE, SIG_IGN);
	return signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
}

static enum rt_err
start(struct canary *c, struct rt_diag *d)
{
	struct rt_emitter_opts opts = {.endpoint = c->intake.text};

	c->signal_fd = block_signals();
	c->http = rt_http_new();
	if (getrandom(&c->dice, sizeof(c->dice), 0) != sizeof(c->dice))
		c->dice = (uint64_t)rt_clock_wall().us;
	if (strcmp(c->intake.text, "off") != 0) {
		c->emitter = rt_emitter_open(&opts);
		if (!c->emitter) {
			rt_diag_set(d, "--intake", "cannot publish to %s",
			    c->intake.text);
			return RT_E_IO;
		}
	}
	if (c->http && c->signal_fd >= 0)
		return RT_OK;
	rt_diag_set(d, NULL, "cannot start the HTTP client");
	return RT_E_IO;
}

int
rt_cmd_canary(int argc, char **argv)
{
	static struct canary c; /* not on the stack: it holds the key */
	struct rt_diag d = {{0}, {0}};
	enum rt_err err;
	int code;

	c = (struct canary){.service = "canary",
	    .intake = {"tcp://127.0.0.1:7781"},
	    .interval_ms = 5000,
	    .timeout_ms = 20000,
	    .ready_fd = -1};
	code = parse(&c, argc, argv);
	if (code != RT_OPTIONS_GO)
		return code;
	if (check(&c, &d) != RT_OK)
		return rt_options_fail("canary", &d, RT_EXIT_USAGE);
	err = take_key(&c, &d);
	if (err != RT_OK)
		return rt_options_fail("canary", &d, RT_EXIT_CONFIG);
	err = start(&c, &d);
	if (err != RT_OK) {
		code = rt_options_fail("canary", &d, RT_EXIT_INTERNAL);
	} else {
		if (c.ready_fd >= 0 && write((int)c.ready_fd, "1", 1) == 1)
			close((int)c.ready_fd);
		code = run(&c);
	}
	rt_emitter_close(c.emitter);
	rt_http_free(c.http);
	if (c.signal_fd > 0)
		close(c.signal_fd);
	explicit_bzero(c.key, sizeof(c.key));
	return code;
}
