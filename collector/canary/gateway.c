/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE /* POLLRDHUP */
#include "collector/canary/gateway.h"

#include <errno.h>
#include <microhttpd.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "collector/canary/fault.h"
#include "collector/canary/listen.h"
#include "collector/canary/reply.h"
#include "proto/clock.h"
#include "proto/json.h"
#include "proto/jsonw.h"
#include "proto/mem.h"
#include "proto/options.h"
#include "proto/signals.h"

struct gateway {
	struct MHD_Daemon *daemon;
	struct rt_fault_set faults;
	rt_mono_t rules_since;
	uint64_t dice; /* ids and latencies; the rules have their own */
	int64_t latency_ms;
	bool requires_key;
	bool is_stopping;
	uint64_t requests, resets;
	unsigned waiting_count;
	struct exchange *waiting; /* borrowed: suspended connections */
};

/* One request and its answer; freed when the connection is done with it. */
struct exchange {
	struct gateway *g;                 /* borrowed */
	struct MHD_Connection *connection; /* borrowed */
	struct rt_buf body;
	size_t discarded_bytes;
	struct rt_reply reply;
	bool has_reply;
	unsigned step;
	bool has_waited; /* for the step at hand */
	size_t sent;
	uint64_t filler_sent;
	rt_mono_t due;
	bool is_gone; /* the client hung up while we let it wait */
	struct exchange *next_waiting;
};

/* ---- waiting ----------------------------------------------------------------------- */

static int
socket_of(const struct exchange *x)
{
	const union MHD_ConnectionInfo *info = MHD_get_connection_info(
	    x->connection, MHD_CONNECTION_INFO_CONNECTION_FD);

	return info ? info->connect_fd : -1;
}

static void
wait_until(struct exchange *x, int64_t ms)
{
	x->due = rt_mono_add_ms(rt_clock_mono(), ms);
	x->next_waiting = x->g->waiting;
	x->g->waiting = x;
	x->g->waiting_count++;
	MHD_suspend_connection(x->connection);
}

/* Resume what is due, or everything; the wait until the next, -1: none. */
static int64_t
resume_due(struct gateway *g, bool everything)
{
	rt_mono_t now = rt_clock_mono();
	struct exchange **at = &g->waiting;
	int64_t first_ms = -1;

	while (*at) {
		struct exchange *x = *at;
		int64_t left_ms = (x->due.us - now.us + 999) / 1000;

		if (everything || left_ms <= 0) {
			*at = x->next_waiting;
			g->waiting_count--;
			MHD_resume_connection(x->connection);
			continue;
		}
		if (first_ms < 0 || left_ms < first_ms)
			first_ms = left_ms;
		at = &x->next_waiting;
	}
	return first_ms;
}

/* ---- playing an answer -------------------------------------------------------------- */

/*
 * Disconnecting an established socket sends the reset at once.  Closing it with
 * SO_LINGER 0 alone would not: the daemon shuts the socket down first, and the
 * peer would see an orderly end.
 */
static void
reset_connection(struct exchange *x)
{
	int fd = socket_of(x);
	struct sockaddr none = {.sa_family = AF_UNSPEC};
	struct linger at_once = {1, 0};

	x->g->resets++;
	if (fd < 0)
		return;
	setsockopt(fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof(at_once));
	if (connect(fd, &none, sizeof(none)) != 0)
		shutdown(fd, SHUT_RDWR);
}

static ssize_t
play(void *cls, uint64_t position, char *out, size_t size)
{
	struct exchange *x = cls;
	struct rt_reply *r = &x->reply;
	size_t n;

	(void)position;
	if (x->g->is_stopping || x->is_gone)
		return MHD_CONTENT_READER_END_WITH_ERROR;
	if (x->filler_sent < r->filler_bytes) {
		n = size < r->filler_bytes - x->filler_sent
		    ? size
		    : (size_t)(r->filler_bytes - x->filler_sent);
		memset(out, 'x', n);
		x->filler_sent += n;
		return (ssize_t)n;
	}
	for (; x->step < r->step_count; x->step++, x->has_waited = false) {
		if (!x->has_waited && r->steps[x->step].wait_ms > 0) {
			x->has_waited = true;
			wait_until(x, r->steps[x->step].wait_ms);
			return 0;
		}
		n = r->steps[x->step].end - x->sent;
		if (n == 0)
			continue;
		if (r->one_byte_a_write)
			n = 1;
		if (n > size)
			n = size;
		memcpy(out, r->body.p + x->sent, n);
		x->sent += n;
		x->has_waited = true;
		return (ssize_t)n;
	}
	if (r->ending == RT_REPLY_END)
		return MHD_CONTENT_READER_END_OF_STREAM;
	reset_connection(x);
	return MHD_CONTENT_READER_END_WITH_ERROR;
}

static enum MHD_Result
send_reply(struct exchange *x)
{
	struct rt_reply *r = &x->reply;
	struct MHD_Response *response;
	enum MHD_Result result;
	uint64_t size = r->is_event_stream || r->filler_bytes ? MHD_SIZE_UNKNOWN
							      : r->body.len;

	if (r->resets_at_once) {
		reset_connection(x);
		return MHD_NO;
	}
	response =
	    MHD_create_response_from_callback(size, 16384, play, x, NULL);
	if (!response)
		return MHD_NO;
	for (unsigned i = 0; i < r->header_count; i++)
		MHD_add_response_header(
		    response, r->headers[i].name, r->headers[i].value);
	result =
	    MHD_queue_response(x->connection, (unsigned)r->status, response);
	MHD_destroy_response(response);
	return result;
}

/* ---- the two surfaces ---------------------------------------------------------------- */

static const char *
request_header(void *context, const char *name)
{
	return MHD_lookup_connection_value(context, MHD_HEADER_KIND, name);
}

static void
refuse(struct exchange *x, int status, const char *code, const char *message)
{
	rt_reply_init_error(&x->reply, status, code, message);
}

static bool
is_refused_key(struct exchange *x)
{
	const char *key = request_header(x->connection, "Authorization");

	return x->g->requires_key &&
	    (!key || strncmp(key, "Bearer ", 7) != 0 || key[7] == '\0' ||
		strcmp(key + 7, "invalid") == 0);
}

static bool
has_content(struct json_object *o, bool is_responses)
{
	struct json_object *v =
	    rt_json_get(o, is_responses ? "input" : "messages");

	if (json_object_is_type(v, json_type_array))
		return json_object_array_length(v) > 0;
	return is_responses && json_object_is_type(v, json_type_string) &&
	    json_object_get_string_len(v) > 0;
}

static void
answer_model(struct exchange *x, struct json_object *o, const char *path,
    bool is_responses)
{
	struct gateway *g = x->g;
	const char *model = rt_json_text(o, "model");
	struct rt_reply_query q = {.model = rt_str_of(model),
	    .is_responses = is_responses,
	    .is_stream = rt_json_bool(o, "stream", false),
	    .latency_ms = rt_reply_latency_ms(g->latency_ms, &g->dice),
	    .now = rt_clock_wall()};
	struct rt_fault_request r = {.path = rt_str_of(path),
	    .model = q.model,
	    .is_stream = q.is_stream,
	    .is_responses = is_responses,
	    .header = request_header,
	    .context = x->connection};
	struct json_object *options = rt_json_get(o, "stream_options");

	if (!model || q.model.len == 0 || q.model.len > 128) {
		refuse(x, 400, "missing_field", "model is required.");
		return;
	}
	if (!has_content(o, is_responses)) {
		refuse(x, 400, "missing_field",
		    is_responses ? "input is required."
				 : "messages is required.");
		return;
	}
	q.wants_usage =
	    options && rt_json_bool(options, "include_usage", false);
	rt_reply_init(&x->reply, &q,
	    rt_fault_choose(&g->faults, &r,
		rt_mono_ms_between(g->rules_since, rt_clock_mono())),
	    &g->dice);
}

static void
answer_surface(struct exchange *x, const char *path, bool is_responses)
{
	struct json_object *o = NULL;

	x->g->requests++;
	if (is_refused_key(x)) {
		refuse(x, 401, NULL, NULL);
		return;
	}
	if (!x->body.p ||
	    rt_json_parse(x->body.p, x->body.len, RT_GATEWAY_BODY_MAX, 32, &o,
		NULL) != RT_OK ||
	    !json_object_is_type(o, json_type_object))
		refuse(
		    x, 400, "invalid_json", "The body is not a JSON object.");
	else
		answer_model(x, o, path, is_responses);
	json_object_put(o);
}

static void
answer_chat(struct exchange *x, const char *path)
{
	answer_surface(x, path, false);
}

static void
answer_responses(struct exchange *x, const char *path)
{
	answer_surface(x, path, true);
}

/* ---- control ------------------------------------------------------------------------- */

static void
answer_json(
    struct exchange *x, void (*write)(struct gateway *, struct rt_jsonw *))
{
	struct rt_jsonw w;

	rt_reply_init_error(&x->reply, 200, NULL, NULL);
	rt_buf_reset(&x->reply.body);
	w = rt_jsonw_begin(&x->reply.body);
	rt_jsonw_object(&w, NULL);
	write(x->g, &w);
	rt_jsonw_end(&w);
	rt_buf_putc(&x->reply.body, '\n');
	x->reply.steps[0].end = x->reply.body.len;
}

static void
write_health(struct gateway *g, struct rt_jsonw *w)
{
	(void)g;
	rt_jsonw_text(w, "status", "ok");
}

static void
write_faults(struct gateway *g, struct rt_jsonw *w)
{
	rt_jsonw_uint(w, "requests", g->requests);
	rt_jsonw_uint(w, "resets", g->resets);
	rt_jsonw_uint(w, "waiting", g->waiting_count);
	rt_jsonw_array(w, "rules");
	for (unsigned i = 0; i < g->faults.count; i++) {
		const struct rt_fault_rule *r = &g->faults.rules[i];

		rt_jsonw_object(w, NULL);
		rt_jsonw_text(w, "rule", r->text);
		rt_jsonw_uint(w, "matched", r->matched);
		rt_jsonw_uint(w, "induced", r->induced);
		rt_jsonw_end(w);
	}
	rt_jsonw_end(w);
}

static void
answer_health(struct exchange *x, const char *path)
{
	(void)path;
	answer_json(x, write_health);
}

static void
list_faults(struct exchange *x, const char *path)
{
	(void)path;
	answer_json(x, write_faults);
}

static void
replace_faults(struct exchange *x, const char *path)
{
	struct rt_str lines = {x->body.p ? x->body.p : "", x->body.len};
	struct rt_diag d;
	char message[400];

	if (rt_fault_set_replace(&x->g->faults, lines, &d) != RT_OK) {
		snprintf(message, sizeof(message), "%s: %s", d.where, d.what);
		refuse(x, 400, "bad_rule", message);
		return;
	}
	x->g->rules_since = rt_clock_mono();
	list_faults(x, path);
}

static void
clear_faults(struct exchange *x, const char *path)
{
	x->g->faults.count = 0;
	list_faults(x, path);
}

/* ---- requests ------------------------------------------------------------------------ */

static const struct {
	const char *method, *path;
	void (*answer)(struct exchange *x, const char *path);
} routes[] = {
    {"POST", "/v1/chat/completions", answer_chat},
    {"POST", "/v1/responses", answer_responses},
    {"GET", "/healthz", answer_health},
    {"GET", "/__faults", list_faults},
    {"POST", "/__faults", replace_faults},
    {"DELETE", "/__faults", clear_faults},
};

static void
answer(struct exchange *x, const char *method, const char *path)
{
	bool is_known_path = false;

	if (x->discarded_bytes > 0) {
		refuse(x, 413, NULL, NULL);
		return;
	}
	for (size_t i = 0; i < RT_COUNT_OF(routes); i++) {
		if (strcmp(routes[i].path, path) != 0)
			continue;
		is_known_path = true;
		if (strcmp(routes[i].method, method) == 0) {
			routes[i].answer(x, path);
			return;
		}
	}
	refuse(x, is_known_path ? 405 : 404, NULL, NULL);
}

static void
take_body(struct exchange *x, const char *bytes, size_t len)
{
	if (x->discarded_bytes == 0)
		rt_buf_add(&x->body, bytes, len);
	if (x->discarded_bytes > 0 || x->body.overflow)
		x->discarded_bytes += len;
}

static enum MHD_Result
on_request(void *cls, struct MHD_Connection *connection, const char *path,
    const char *method, const char *version, const char *bytes, size_t *len,
    void **state)
{
	struct exchange *x = *state;

	(void)version;
	if (!x) {
		x = rt_xcalloc(1, sizeof(*x));
		x->g = cls;
		x->connection = connection;
		rt_buf_init(&x->body, RT_GATEWAY_BODY_MAX);
		*state = x;
		return MHD_YES;
	}
	if (x->g->is_stopping || x->is_gone)
		return MHD_NO;
	if (*len > 0) {
		take_body(x, bytes, *len);
		*len = 0;
		return x->discarded_bytes > RT_GATEWAY_DISCARD_MAX ? MHD_NO
								   : MHD_YES;
	}
	if (!x->has_reply) {
		answer(x, method, path);
		x->has_reply = true;
		if (x->reply.delay_ms > 0) {
			wait_until(x, x->reply.delay_ms);
			return MHD_YES;
		}
	}
	return send_reply(x);
}

static void
on_completed(void *cls, struct MHD_Connection *connection, void **state,
    enum MHD_RequestTerminationCode why)
{
	struct exchange *x = *state;

	(void)cls;
	(void)connection;
	(void)why;
	if (!x)
		return;
	if (x->has_reply)
		rt_reply_fini(&x->reply);
	rt_buf_fini(&x->body);
	free(x);
	*state = NULL;
}

/* ---- serving ------------------------------------------------------------------------- */

static struct MHD_Daemon *
start_daemon(struct gateway *g, int listen_fd)
{
	return MHD_start_daemon(MHD_USE_EPOLL | MHD_ALLOW_SUSPEND_RESUME, 0,
	    NULL, NULL, on_request, g, MHD_OPTION_LISTEN_SOCKET, listen_fd,
	    MHD_OPTION_CONNECTION_LIMIT, RT_GATEWAY_CONNECTIONS_MAX,
	    MHD_OPTION_CONNECTION_TIMEOUT, 60u, MHD_OPTION_NOTIFY_COMPLETED,
	    on_completed, NULL, MHD_OPTION_END);
}

/*
 * The daemon does not look at suspended connections, so we do: a client that gave up
 * must not keep one of the places until its fault is over.
 */
static nfds_t
watch_waiting(const struct gateway *g, struct pollfd *fds)
{
	nfds_t n = 0;

	for (struct exchange *x = g->waiting; x; x = x->next_waiting)
		if (n < RT_GATEWAY_CONNECTIONS_MAX)
			fds[n++] = (struct pollfd){socket_of(x), POLLRDHUP, 0};
	return n;
}

/* The list has not changed since watch_waiting. */
static void
let_go(struct gateway *g, const struct pollfd *fds, nfds_t count)
{
	nfds_t n = 0;

	for (struct exchange *x = g->waiting; x && n < count;
	     x = x->next_waiting, n++) {
		if (fds[n].revents == 0)
			continue;
		x->is_gone = true;
		x->due = (rt_mono_t){0};
	}
}

static void
serve(struct gateway *g, int signal_fd)
{
	const union MHD_DaemonInfo *info =
	    MHD_get_daemon_info(g->daemon, MHD_DAEMON_INFO_EPOLL_FD);
	struct pollfd fds[2 + RT_GATEWAY_CONNECTIONS_MAX] = {
	    {info->epoll_fd, POLLIN, 0}, {signal_fd, POLLIN, 0}};

	while (!(fds[1].revents & POLLIN)) {
		MHD_UNSIGNED_LONG_LONG idle_ms;
		int64_t wait_ms;
		nfds_t count;

		resume_due(g, false);
		MHD_run(g->daemon);
		wait_ms = resume_due(g, false);
		if (MHD_get_timeout(g->daemon, &idle_ms) == MHD_YES &&
		    (wait_ms < 0 || (int64_t)idle_ms < wait_ms))
			wait_ms = (int64_t)idle_ms;
		count = watch_waiting(g, fds + 2);
		if (poll(fds, 2 + count,
			wait_ms > 60000 ? 60000 : (int)wait_ms) > 0)
			let_go(g, fds + 2, count);
	}
}

/* The daemon must not be stopped while connections are suspended. */
static void
stop(struct gateway *g)
{
	g->is_stopping = true;
	resume_due(g, true);
	MHD_run(g->daemon);
	MHD_stop_daemon(g->daemon);
}

struct command {
	const char *listen;
	struct rt_option_list faults;
	int64_t seed, latency_ms, ready_fd;
	bool is_insecure, requires_key;
};

static int
run(struct gateway *g, const struct command *c, int listen_fd)
{
	int signal_fd = rt_signals_open(NULL);

	signal(SIGPIPE, SIG_IGN);
	g->latency_ms = c->latency_ms;
	g->requires_key = c->requires_key;
	g->rules_since = rt_clock_mono();
	g->daemon = start_daemon(g, listen_fd);
	if (!g->daemon || signal_fd < 0) {
		struct rt_diag d;

		rt_diag_set(&d, NULL, "cannot start the HTTP server: %s",
		    strerror(errno));
		return rt_options_fail("gateway", &d, RT_EXIT_INTERNAL);
	}
	rt_listen_print_url(listen_fd);
	if (c->ready_fd >= 0 && write((int)c->ready_fd, "1", 1) == 1)
		close((int)c->ready_fd);
	serve(g, signal_fd);
	stop(g);
	close(signal_fd);
	return RT_EXIT_OK;
}

static int
parse(struct command *c, int argc, char **argv)
{
	const struct rt_option rows[] = {
	    RT_OPTION_TEXT('l', "listen", &c->listen, "ADDRESS:PORT",
		"where to serve (127.0.0.1:8099; port 0: any free one)"),
	    RT_OPTION_LIST('f', "fault", &c->faults, "RULE",
		"a rule; may be repeated, the first that matches decides"),
	    RT_OPTION_COUNT_OF(
		0, "seed", &c->seed, 0, INT64_MAX, "of the dice (1)"),
	    RT_OPTION_DURATION(0, "latency", &c->latency_ms, 0, 60000,
		"mean time of a sound answer (0ms)"),
	    RT_OPTION_FLAG(0, "require-key", &c->requires_key,
		"401 without a bearer key, or where it is 'invalid'"),
	    RT_OPTION_FLAG(0, "insecure", &c->is_insecure,
		"allow an address that is not loopback"),
	    RT_OPTION_COUNT_OF(0, "ready-fd", &c->ready_fd, 3, 1023,
		"write a byte to this descriptor once serving"),
	};
	const struct rt_options o = {"gateway", NULL,
	    "A fault gateway for LLM clients: answers, or fails as told.", rows,
	    RT_COUNT_OF(rows)};
	int code = rt_options_parse(&o, &argc, argv);
	struct rt_buf b;

	if (code == RT_EXIT_OK) {
		rt_buf_init(&b, 16384);
		rt_fault_help(&b);
		printf("\n%s", b.p);
		rt_buf_fini(&b);
	}
	return code;
}

int
rt_cmd_gateway(int argc, char **argv)
{
	struct command c = {
	    .listen = "127.0.0.1:8099", .seed = 1, .ready_fd = -1};
	struct gateway g = {0};
	enum rt_err err;
	struct rt_diag d;
	int fd, code = parse(&c, argc, argv);

	if (code != RT_OPTIONS_GO)
		return code;
	rt_fault_set_init(&g.faults, (uint64_t)c.seed);
	g.dice = ~(uint64_t)c.seed;
	for (unsigned i = 0; i < c.faults.count; i++)
		if (rt_fault_set_add(
			&g.faults, rt_str_of(c.faults.items[i]), &d) != RT_OK)
			return rt_options_fail("gateway", &d, RT_EXIT_USAGE);
	err = rt_listen_on(c.listen, c.is_insecure, &fd, &d);
	if (err != RT_OK)
		return rt_options_fail(
		    "gateway", &d, err == RT_E_IO ? RT_EXIT_IO : RT_EXIT_USAGE);
	return run(&g, &c, fd);
}
