/* SPDX-License-Identifier: MIT */
#include "contrib/demo/demo.h"

#include <curl/curl.h>
#include <getopt.h>
#include <math.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/eventfd.h>
#include <sys/random.h>
#include <time.h>
#include <unistd.h>

#define WORKERS_MAX 16
#define BODY_MAX 65536u

struct demo {
	const char *url, *intake, *service;
	double rate; /* operations a second, of all workers together */
	uint64_t seed;
	double seconds; /* 0: until told */
	int workers;
	int end_fd; /* readable once we are told to end */
	atomic_bool is_ending;
	struct rt_emitter *emitter;
	void (*operation)(struct demo_worker *w);
};

struct demo_worker {
	struct demo *d;
	pthread_t thread;
	CURL *curl;
	CURLM *multi;
	uint64_t dice;
	double started_ms; /* of the request under way */
	double ttft_ms;
	double retry_after_ms;
	char request_id[65];
	size_t len;
	char body[BODY_MAX + 1];
};

double
demo_now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec * 1e3 + (double)t.tv_nsec / 1e6;
}

double
demo_dice(struct demo_worker *w)
{
	w->dice ^= w->dice << 13;
	w->dice ^= w->dice >> 7;
	w->dice ^= w->dice << 17;
	return (double)(w->dice >> 11) * 0x1.0p-53;
}

struct demo_id
demo_operation_id(struct demo_worker *w)
{
	struct demo_id id;
	uint64_t r[2];

	if (getrandom(r, sizeof(r), 0) != (ssize_t)sizeof(r)) {
		r[0] = (uint64_t)(demo_dice(w) * 0x1.0p53);
		r[1] = (uint64_t)(demo_dice(w) * 0x1.0p53);
	}
	snprintf(id.text, sizeof(id.text), "%016llx%016llx",
	    (unsigned long long)r[0], (unsigned long long)r[1]);
	return id;
}

bool
demo_wait(struct demo_worker *w, double ms)
{
	struct pollfd end = {w->d->end_fd, POLLIN, 0};
	double until = demo_now_ms() + ms;

	while (!atomic_load(&w->d->is_ending)) {
		double left = until - demo_now_ms();

		if (left <= 0)
			return true;
		poll(&end, 1, (int)ceil(left));
	}
	return false;
}

/* ---- one request ------------------------------------------------------------------- */

/*
 * A real client has a JSON parser.  Here only the shape is asked for, and the
 * gateway's answers are compact, so that a search does.
 */
static bool
body_has(const struct demo_worker *w, const char *what)
{
	return strstr(w->body, what) != NULL;
}

static bool
has_content(const struct demo_worker *w)
{
	static const char *const keys[] = {
	    "\"content\":\"", "\"delta\":\"", "\"text\":\""};

	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
		const char *at = w->body;

		while ((at = strstr(at, keys[i])) != NULL) {
			at += strlen(keys[i]);
			if (*at != '"' && *at != '\0')
				return true;
		}
	}
	return false;
}

static size_t
on_body(char *bytes, size_t size, size_t count, void *cls)
{
	struct demo_worker *w = cls;
	size_t n = size * count;

	if (n > BODY_MAX - w->len)
		return 0;
	memcpy(w->body + w->len, bytes, n);
	w->len += n;
	w->body[w->len] = '\0';
	if (w->ttft_ms < 0 && has_content(w))
		w->ttft_ms = demo_now_ms() - w->started_ms;
	return n;
}

static size_t
on_header(char *bytes, size_t size, size_t count, void *cls)
{
	struct demo_worker *w = cls;
	size_t n = size * count;
	char line[256];
	double seconds;

	if (n >= sizeof(line))
		return n;
	memcpy(line, bytes, n);
	line[n] = '\0';
	if (strncasecmp(line, "retry-after:", 12) == 0 &&
	    sscanf(line + 12, "%lf", &seconds) == 1 && seconds >= 0)
		w->retry_after_ms = seconds * 1e3;
	if (strncasecmp(line, "x-request-id:", 13) == 0)
		sscanf(line + 13, "%64s", w->request_id);
	return n;
}

/* Like curl_easy_perform, but cut off as soon as we are told to end. */
static CURLcode
perform(struct demo_worker *w)
{
	struct curl_waitfd end = {w->d->end_fd, CURL_WAIT_POLLIN, 0};
	CURLcode result = CURLE_ABORTED_BY_CALLBACK;
	int running = 1, left;
	CURLMsg *m;

	curl_multi_add_handle(w->multi, w->curl);
	while (running && !atomic_load(&w->d->is_ending)) {
		if (curl_multi_perform(w->multi, &running) != CURLM_OK)
			break;
		if (running)
			curl_multi_poll(w->multi, &end, 1, 500, NULL);
	}
	while ((m = curl_multi_info_read(w->multi, &left)) != NULL)
		if (m->msg == CURLMSG_DONE)
			result = m->data.result;
	curl_multi_remove_handle(w->multi, w->curl);
	return result;
}

static void
set_up(struct demo_worker *w, const struct demo_call *c, const char *body,
    struct curl_slist *headers)
{
	char url[256];

	snprintf(url, sizeof(url), "%s%s", w->d->url, c->route);
	curl_easy_reset(w->curl);
	curl_easy_setopt(w->curl, CURLOPT_URL, url);
	curl_easy_setopt(w->curl, CURLOPT_COPYPOSTFIELDS, body);
	curl_easy_setopt(w->curl, CURLOPT_HTTPHEADER, headers);
	curl_easy_setopt(w->curl, CURLOPT_TIMEOUT_MS, c->timeout_ms);
	curl_easy_setopt(w->curl, CURLOPT_NOSIGNAL, 1L);
	curl_easy_setopt(w->curl, CURLOPT_PROXY, "");
	curl_easy_setopt(w->curl, CURLOPT_PROTOCOLS_STR, "http,https");
	curl_easy_setopt(w->curl, CURLOPT_WRITEFUNCTION, on_body);
	curl_easy_setopt(w->curl, CURLOPT_WRITEDATA, w);
	curl_easy_setopt(w->curl, CURLOPT_HEADERFUNCTION, on_header);
	curl_easy_setopt(w->curl, CURLOPT_HEADERDATA, w);
	w->len = 0;
	w->body[0] = w->request_id[0] = '\0';
	w->ttft_ms = w->retry_after_ms = RT_UNKNOWN;
	w->started_ms = demo_now_ms();
}

/* clang-format off */
static const struct {
	int status;
	const char *error_type;
	bool is_retryable;
} refusals[] = {
	{400, "invalid_request", false},
	{401, "invalid_api_key", false},
	{403, "forbidden", false},
	{408, "timeout_request", true},
	{429, "rate_limit_exceeded", true},
	{500, "internal_error", true},
	{502, "bad_gateway", true},
	{503, "upstream_unavailable", true},
	{504, "timeout_upstream", true},
	{0, "http_error", false},
};
/* clang-format on */

static void
judge_refusal(struct demo_answer *a)
{
	size_t i = 0;

	while (refusals[i].status && refusals[i].status != a->status)
		i++;
	a->error_type = refusals[i].error_type;
	a->is_retryable = refusals[i].is_retryable;
}

static const char *
broken_transport(CURLcode code, const struct demo_call *c, int status)
{
	if (code == CURLE_OPERATION_TIMEDOUT)
		return "timeout";
	if (code == CURLE_COULDNT_CONNECT)
		return "connection_refused";
	return c->is_stream && status ? "stream_reset" : "connection_reset";
}

/* NULL: complete and sound. */
static const char *
judge_body(const struct demo_worker *w, const struct demo_call *c)
{
	bool is_done = body_has(w, "data: [DONE]") ||
	    body_has(w, "\"type\":\"response.completed\"");

	if (body_has(w, "\"error\":{"))
		return c->is_stream ? "stream_error" : "upstream_error";
	if (c->is_stream)
		return is_done ? NULL : "stream_ended_early";
	return w->len > 1 && w->body[0] == '{' && w->body[w->len - 1] == '}'
	    ? NULL
	    : "parse_error";
}

static void
read_shape(struct demo_worker *w, struct demo_answer *a)
{
	const char *model = strstr(w->body, "\"model\":\"");

	a->usage_seen = body_has(w, "\"usage\":{");
	a->finish_seen = body_has(w, "\"finish_reason\":\"") ||
	    body_has(w, "\"status\":\"completed\"");
	a->content_seen = w->ttft_ms >= 0;
	if (model)
		sscanf(model + 9, "%64[^\"]", a->model);
	memcpy(a->request_id, w->request_id, sizeof(a->request_id));
}

static void
write_body(char *out, size_t size, const struct demo_call *c)
{
	const char *content = strcmp(c->route, DEMO_CHAT) == 0
	    ? "\"messages\":[{\"role\":\"user\",\"content\":\"ping\"}]"
	    : "\"input\":\"ping\",\"store\":false";
	bool is_chat_stream = c->is_stream && strcmp(c->route, DEMO_CHAT) == 0;

	snprintf(out, size, "{\"model\":\"%s\"%s%s,\"stream\":%s%s}", c->model,
	    c->lacks_content ? "" : ",", c->lacks_content ? "" : content,
	    c->is_stream ? "true" : "false",
	    is_chat_stream ? ",\"stream_options\":{\"include_usage\":true}"
			   : "");
}

void
demo_request(
    struct demo_worker *w, const struct demo_call *c, struct demo_answer *a)
{
	struct curl_slist *headers = NULL;
	char body[512];
	long status = 0;
	CURLcode code;

	headers = curl_slist_append(headers, "Content-Type: application/json");
	headers = curl_slist_append(headers,
	    c->has_bad_key ? "Authorization: Bearer invalid"
			   : "Authorization: Bearer demo");
	write_body(body, sizeof(body), c);
	set_up(w, c, body, headers);
	code = perform(w);
	curl_easy_getinfo(w->curl, CURLINFO_RESPONSE_CODE, &status);
	*a = (struct demo_answer){.status = (int)status,
	    .elapsed_ms = demo_now_ms() - w->started_ms,
	    .ttft_ms = c->is_stream ? w->ttft_ms : RT_UNKNOWN,
	    .retry_after_ms = w->retry_after_ms};
	curl_slist_free_all(headers);
	read_shape(w, a);
	if (atomic_load(&w->d->is_ending) && code != CURLE_OK) {
		a->was_cut_off = true;
		a->error_type = "cancelled";
	} else if (code != CURLE_OK) {
		a->error_type = broken_transport(code, c, a->status);
		a->is_retryable = true;
	} else if (a->status >= 300) {
		judge_refusal(a);
	} else {
		a->error_type = judge_body(w, c);
		a->is_retryable =
		    a->error_type && strncmp(a->error_type, "stream_", 7) == 0;
	}
	/* Once the user has seen content, a second answer would be a second story. */
	if (c->is_stream && a->content_seen)
		a->is_retryable = false;
}

/* ---- events ------------------------------------------------------------------------ */

struct rt_attempt
demo_attempt(struct demo_worker *w, const char *operation_id, int attempt,
    const struct demo_call *c, const struct demo_answer *a)
{
	struct rt_attempt e = RT_ATTEMPT_INIT;
	bool has_answer = a->status >= 200 && a->status < 300;

	e.operation_id = operation_id;
	e.attempt = attempt;
	e.service = w->d->service;
	e.environment = "demo";
	e.provider = "demo-gateway";
	e.method = "POST";
	e.route = c->route;
	e.model_requested = c->model;
	e.status = a->status ? a->status : RT_UNKNOWN;
	e.error_type = a->error_type;
	e.elapsed_ms = a->elapsed_ms;
	e.ttft_ms = a->ttft_ms;
	e.retry_after_ms = a->retry_after_ms;
	e.streaming = c->is_stream;
	e.stream_committed = c->is_stream ? a->content_seen : RT_UNKNOWN;
	if (has_answer) {
		e.usage_seen = a->usage_seen;
		e.finish_reason_seen = a->finish_seen;
		e.model_returned = a->model[0] ? a->model : NULL;
	}
	e.upstream_request_id = a->request_id[0] ? a->request_id : NULL;
	return e;
}

void
demo_emit(struct demo_worker *w, const struct rt_attempt *a)
{
	/* A full ring is counted by the emitter; a client never waits for it. */
	(void)rt_emitter_emit(w->d->emitter, a);
}

/* ---- workers ----------------------------------------------------------------------- */

/* Operations come at random, as users do: exponential gaps. */
static void *
work(void *cls)
{
	struct demo_worker *w = cls;
	double mean_ms = 1e3 * w->d->workers / w->d->rate;
	double due_ms = demo_now_ms();

	for (;;) {
		due_ms -= mean_ms * log(1 - demo_dice(w));
		if (due_ms < demo_now_ms() - 10 * mean_ms)
			due_ms = demo_now_ms(); /* hopelessly late: let go */
		if (!demo_wait(w, due_ms - demo_now_ms()))
			return NULL;
		w->d->operation(w);
	}
}

static bool
start_worker(struct demo_worker *w, struct demo *d, int number)
{
	w->d = d;
	w->dice = (d->seed * 31 + (uint64_t)number + 1) *
	    UINT64_C(0x9E3779B97F4A7C15);
	w->curl = curl_easy_init();
	w->multi = curl_multi_init();
	for (int i = 0; i < 8; i++)
		demo_dice(w);
	return w->curl && w->multi &&
	    pthread_create(&w->thread, NULL, work, w) == 0;
}

static void
usage(const char *program)
{
	printf("usage: %s --url BASE [--intake ENDPOINT] [--rate N] "
	       "[--seed N] [--seconds N]\n",
	    program);
}

/* 0: go on; otherwise exit code + 1. */
static int
parse(struct demo *d, int argc, char **argv)
{
	static const struct option options[] = {
	    {"url", required_argument, NULL, 'u'},
	    {"intake", required_argument, NULL, 'i'},
	    {"rate", required_argument, NULL, 'r'},
	    {"seed", required_argument, NULL, 's'},
	    {"seconds", required_argument, NULL, 't'},
	    {"ready-fd", required_argument, NULL, 'f'},
	    {"help", no_argument, NULL, 'h'}, {0}};
	int c, fd = -1;

	while ((c = getopt_long(argc, argv, "h", options, NULL)) != -1) {
		switch (c) {
		case 'u': d->url = optarg; break;
		case 'i': d->intake = optarg; break;
		case 'r': d->rate = strtod(optarg, NULL); break;
		case 's': d->seed = strtoull(optarg, NULL, 10); break;
		case 't': d->seconds = strtod(optarg, NULL); break;
		case 'f': fd = (int)strtol(optarg, NULL, 10); break;
		case 'h': usage(argv[0]); return 1;
		default: usage(argv[0]); return 65;
		}
	}
	if (!d->url || !(d->rate > 0 && d->rate <= 1000) || d->seconds < 0) {
		fprintf(stderr, "%s: needs --url, and a rate of 0 to 1000\n",
		    argv[0]);
		return 65;
	}
	if (fd > 2 && write(fd, "1", 1) == 1)
		close(fd);
	return 0;
}

/* Until a signal or the time is up. */
static void
wait_for_the_end(const struct demo *d, const sigset_t *set)
{
	double until = demo_now_ms() + d->seconds * 1e3;

	for (;;) {
		double left_s = (until - demo_now_ms()) / 1e3;
		struct timespec t = {
		    (time_t)left_s, (long)(fmod(fabs(left_s), 1) * 1e9)};

		if (d->seconds <= 0) {
			if (sigwaitinfo(set, NULL) > 0)
				return;
		} else if (left_s <= 0 || sigtimedwait(set, NULL, &t) > 0) {
			return;
		}
	}
}

int
demo_main(int argc, char **argv, const char *service,
    void (*operation)(struct demo_worker *w))
{
	static struct demo_worker workers[WORKERS_MAX];
	static struct demo d;
	/* The demo's collector has no keys, whatever the environment says. */
	struct rt_emitter_opts opts = {.cert = "", .server_cert = ""};
	uint64_t one = 1;
	sigset_t set;
	int started = 0, code;

	d = (struct demo){.rate = 2,
	    .seed = 1,
	    .workers = 8,
	    .service = service,
	    .operation = operation};
	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGHUP);
	pthread_sigmask(SIG_BLOCK, &set, NULL); /* for every thread to come */
	code = parse(&d, argc, argv);
	if (code != 0)
		return code - 1;
	curl_global_init(CURL_GLOBAL_DEFAULT);
	opts.endpoint = d.intake;
	d.emitter = rt_emitter_open(&opts);
	d.end_fd = eventfd(0, EFD_CLOEXEC);
	if (!d.emitter || d.end_fd < 0) {
		perror(argv[0]);
		return 70;
	}
	while (
	    started < d.workers && start_worker(&workers[started], &d, started))
		started++;
	wait_for_the_end(&d, &set);
	atomic_store(&d.is_ending, true);
	(void)!write(d.end_fd, &one, sizeof(one));
	for (int i = 0; i < started; i++) {
		pthread_join(workers[i].thread, NULL);
		curl_easy_cleanup(workers[i].curl);
		curl_multi_cleanup(workers[i].multi);
	}
	rt_emitter_close(d.emitter);
	return started > 0 ? 0 : 70;
}
