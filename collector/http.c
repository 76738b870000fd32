/* SPDX-License-Identifier: MIT */
#include "collector/http.h"

#include <errno.h>
#include <microhttpd.h>
#include <netdb.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include "collector/canary/listen.h"
#include "collector/metrics.h"
#include "proto/clock.h"
#include "proto/mem.h"
#include "proto/text.h"

#define CLIENT_BYTES_MAX 16384u /* of each connection, headers and all */
#define LOOK_MS 250             /* how often deadlines are looked at */

enum page { METRICS, HEALTH, PAGES };

static const struct {
	const char *path, *type;
	size_t bytes_max;
	void (*write)(struct rt_buf *b, const struct rt_report *r);
} routes[PAGES] = {
    [METRICS] = {"/metrics", RT_METRICS_TYPE, RT_METRICS_BYTES_MAX,
	rt_metrics_encode},
    [HEALTH] = {"/healthz", "application/json", 4096, rt_metrics_health},
};

/* From the loop to the thread. */
struct hand_over {
	struct rt_report report; /* owned */
	bool is_there;
	rt_mono_t at;
};

/* A connection, as long as it stands. */
struct visit {
	struct MHD_Connection *connection;
	int fd;
	rt_mono_t since, asked_at;
	bool is_waiting, is_told, is_cut_off;
	struct visit *next;
};

struct rt_http {
	struct MHD_Daemon *daemon;
	pthread_t thread;
	int listen_fd;
	int ask_fd;  /* eventfd: the thread asks the loop */
	int tell_fd; /* eventfd: the loop tells the thread */
	char address[80];
	pthread_mutex_t lock; /* of what follows, up to the thread's own */
	struct hand_over given;
	struct rt_http_stats stats;
	bool is_ending;
	/* The thread's own. */
	struct MHD_Response *pages[PAGES]; /* NULL: none yet */
	bool is_degraded, has_asked;
	rt_mono_t pages_at;
	struct visit *visits;
};

/* ---- the loop's side ----------------------------------------------------------- */

const char *
rt_http_address(const struct rt_http *h)
{
	return h ? h->address : "off";
}

int
rt_http_fd(const struct rt_http *h)
{
	return h->ask_fd;
}

bool
rt_http_take_question(struct rt_http *h)
{
	uint64_t n;

	return h && read(h->ask_fd, &n, sizeof(n)) == sizeof(n);
}

static void
raise_fd(int fd)
{
	const uint64_t one = 1;

	/* It can only fail where it is raised 2^64 - 2 times already. */
	if (write(fd, &one, sizeof(one)) != sizeof(one))
		abort();
}

void
rt_http_answer(struct rt_http *h, struct rt_report *r)
{
	struct hand_over fresh = {
	    .report = *r, .is_there = true, .at = rt_clock_mono()};
	struct hand_over old;

	rt_report_init(r);
	pthread_mutex_lock(&h->lock);
	old = h->given;
	h->given = fresh;
	pthread_mutex_unlock(&h->lock);
	rt_report_fini(&old.report);
	raise_fd(h->tell_fd);
}

void
rt_http_stats(struct rt_http *h, struct rt_http_stats *out)
{
	pthread_mutex_lock(&h->lock);
	*out = h->stats;
	pthread_mutex_unlock(&h->lock);
}

/* ---- answers ------------------------------------------------------------------- */

static void
dress(struct MHD_Response *response, const char *type)
{
	MHD_add_response_header(response, MHD_HTTP_HEADER_CONTENT_TYPE, type);
	MHD_add_response_header(
	    response, MHD_HTTP_HEADER_CACHE_CONTROL, "no-store");
	MHD_add_response_header(response, "X-Content-Type-Options", "nosniff");
	/* A connection is one request: so its whole life can have a limit. */
	MHD_add_response_header(response, MHD_HTTP_HEADER_CONNECTION, "close");
}

static enum MHD_Result
send_page(struct rt_http *h, struct MHD_Connection *c, unsigned status,
    struct MHD_Response *response)
{
	pthread_mutex_lock(&h->lock);
	h->stats.answered++;
	pthread_mutex_unlock(&h->lock);
	return MHD_queue_response(c, status, response);
}

static enum MHD_Result
send_words(struct rt_http *h, struct MHD_Connection *c, unsigned status,
    const char *words)
{
	struct MHD_Response *r = MHD_create_response_from_buffer(
	    strlen(words), (void *)(uintptr_t)words, MHD_RESPMEM_PERSISTENT);
	enum MHD_Result result;

	if (!r)
		return MHD_NO;
	dress(r, "text/plain; charset=utf-8");
	if (status == MHD_HTTP_METHOD_NOT_ALLOWED)
		MHD_add_response_header(r, MHD_HTTP_HEADER_ALLOW, "GET, HEAD");
	result = send_page(h, c, status, r);
	MHD_destroy_response(r);
	return result;
}

static struct MHD_Response *
page_of(const struct rt_report *r, enum page page)
{
	struct MHD_Response *response = NULL;
	struct rt_buf text;

	rt_buf_init(&text, routes[page].bytes_max);
	routes[page].write(&text, r);
	if (!text.overflow)
		response = MHD_create_response_from_buffer(
		    text.len, text.p, MHD_RESPMEM_MUST_COPY);
	rt_buf_fini(&text);
	if (response)
		dress(response, routes[page].type);
	return response;
}

/* The pages as responses, which count their readers: old ones go with the last. */
static void
take_pages(struct rt_http *h)
{
	struct hand_over g;

	pthread_mutex_lock(&h->lock);
	g = h->given;
	h->given = (struct hand_over){.is_there = false};
	pthread_mutex_unlock(&h->lock);
	if (!g.is_there)
		return;
	for (unsigned i = 0; i < PAGES; i++) {
		if (h->pages[i])
			MHD_destroy_response(h->pages[i]);
		h->pages[i] = page_of(&g.report, (enum page)i);
	}
	h->is_degraded = rt_metrics_is_degraded(&g.report);
	h->pages_at = g.at;
	h->has_asked = false;
	for (struct visit *v = h->visits; v; v = v->next)
		v->is_told = v->is_told || v->is_waiting;
	rt_report_fini(&g.report);
}

/* ---- requests ------------------------------------------------------------------ */

static struct visit *
visit_of(struct MHD_Connection *c)
{
	const union MHD_ConnectionInfo *i =
	    MHD_get_connection_info(c, MHD_CONNECTION_INFO_SOCKET_CONTEXT);

	return i ? i->socket_context : NULL;
}

static void
wait_for_pages(struct rt_http *h, struct visit *v, rt_mono_t now)
{
	v->is_waiting = true;
	v->asked_at = now;
	MHD_suspend_connection(v->connection);
	if (!h->has_asked)
		raise_fd(h->ask_fd);
	h->has_asked = true;
}

static enum MHD_Result
answer(struct rt_http *h, struct visit *v, enum page page)
{
	rt_mono_t now = rt_clock_mono();
	bool is_fresh = h->pages[page] &&
	    rt_mono_ms_between(h->pages_at, now) < RT_HTTP_FRESH_MS;

	if (!is_fresh && !v->is_told) {
		if (v->asked_at.us == 0) {
			wait_for_pages(h, v, now);
			return MHD_YES;
		}
		return send_words(h, v->connection,
		    MHD_HTTP_SERVICE_UNAVAILABLE,
		    "the collector does not answer in time\n");
	}
	if (!h->pages[page])
		return send_words(h, v->connection,
		    MHD_HTTP_INTERNAL_SERVER_ERROR,
		    "larger than a page may be\n");
	return send_page(h, v->connection,
	    page == HEALTH && h->is_degraded ? MHD_HTTP_SERVICE_UNAVAILABLE
					     : MHD_HTTP_OK,
	    h->pages[page]);
}

static enum MHD_Result
on_request(void *cls, struct MHD_Connection *connection, const char *path,
    const char *method, const char *version, const char *bytes, size_t *len,
    void **state)
{
	static char begun;
	struct visit *v = visit_of(connection);
	unsigned page;

	(void)version;
	(void)bytes;
	if (!v)
		return MHD_NO;
	if (!*state) {
		*state = &begun;
		return MHD_YES;
	}
	if (*len > 0) {
		*len = 0; /* a body means nothing here */
		return MHD_YES;
	}
	for (page = 0; page < PAGES; page++)
		if (strcmp(routes[page].path, path) == 0)
			break;
	if (page == PAGES)
		return send_words(cls, connection, MHD_HTTP_NOT_FOUND,
		    "there are /metrics and /healthz\n");
	if (strcmp(method, MHD_HTTP_METHOD_GET) != 0 &&
	    strcmp(method, MHD_HTTP_METHOD_HEAD) != 0)
		return send_words(cls, connection, MHD_HTTP_METHOD_NOT_ALLOWED,
		    "only GET and HEAD\n");
	return answer(cls, v, (enum page)page);
}

static void
on_connection(void *cls, struct MHD_Connection *connection, void **context,
    enum MHD_ConnectionNotificationCode what)
{
	struct rt_http *h = cls;
	struct visit *v = *context, **at;

	if (what == MHD_CONNECTION_NOTIFY_STARTED) {
		const union MHD_ConnectionInfo *i = MHD_get_connection_info(
		    connection, MHD_CONNECTION_INFO_CONNECTION_FD);

		v = rt_xcalloc(1, sizeof(*v));
		*v = (struct visit){.connection = connection,
		    .fd = i ? i->connect_fd : -1,
		    .since = rt_clock_mono(),
		    .next = h->visits};
		h->visits = v;
		*context = v;
		return;
	}
	for (at = &h->visits; *at; at = &(*at)->next) {
		if (*at != v)
			continue;
		*at = v->next;
		free(v);
		break;
	}
	*context = NULL;
}

/* ---- the thread ---------------------------------------------------------------- */

/* Suspended connections with something to hear; all of them at the end. */
static void
resume(struct rt_http *h, bool all)
{
	rt_mono_t now = rt_clock_mono();

	for (struct visit *v = h->visits; v; v = v->next) {
		if (!v->is_waiting)
			continue;
		if (!all && !v->is_told &&
		    rt_mono_ms_between(v->asked_at, now) < RT_HTTP_ANSWER_MS)
			continue;
		v->is_waiting = false;
		MHD_resume_connection(v->connection);
	}
}

/* Whoever came too long ago, whatever it is doing: reading slowly, saying nothing. */
static void
cut_off(struct rt_http *h)
{
	rt_mono_t now = rt_clock_mono();
	uint64_t count = 0;

	for (struct visit *v = h->visits; v; v = v->next) {
		if (v->is_cut_off || v->is_waiting ||
		    rt_mono_ms_between(v->since, now) < RT_HTTP_CONNECTION_MS)
			continue;
		v->is_cut_off = true;
		shutdown(v->fd, SHUT_RDWR);
		count++;
	}
	if (count == 0)
		return;
	pthread_mutex_lock(&h->lock);
	h->stats.cut_off += count;
	pthread_mutex_unlock(&h->lock);
}

static bool
has_to_end(struct rt_http *h)
{
	bool is_ending;

	pthread_mutex_lock(&h->lock);
	is_ending = h->is_ending;
	pthread_mutex_unlock(&h->lock);
	return is_ending;
}

static void *
serve(void *arg)
{
	struct rt_http *h = arg;
	const union MHD_DaemonInfo *info =
	    MHD_get_daemon_info(h->daemon, MHD_DAEMON_INFO_EPOLL_FD);
	struct pollfd fds[] = {
	    {info->epoll_fd, POLLIN, 0}, {h->tell_fd, POLLIN, 0}};
	MHD_UNSIGNED_LONG_LONG idle_ms;
	uint64_t n;

	while (!has_to_end(h)) {
		/*
		 * One more turn after the last has gone: a daemon that was full
		 * looks at what it listens on again when it is next run.
		 */
		bool is_busy = h->visits != NULL;
		int wait_ms;

		take_pages(h);
		resume(h, false);
		MHD_run(h->daemon);
		cut_off(h);
		wait_ms = is_busy || h->visits ? LOOK_MS : -1;
		if (MHD_get_timeout(h->daemon, &idle_ms) == MHD_YES &&
		    (wait_ms < 0 || idle_ms < (unsigned)wait_ms))
			wait_ms = (int)(idle_ms < LOOK_MS ? idle_ms : LOOK_MS);
		if (poll(fds, RT_COUNT_OF(fds), wait_ms) > 0 &&
		    fds[1].revents != 0 &&
		    read(h->tell_fd, &n, sizeof(n)) != sizeof(n))
			break;
	}
	/* The daemon must not be stopped while connections are suspended. */
	resume(h, true);
	MHD_run(h->daemon);
	return NULL;
}

/* ---- life ---------------------------------------------------------------------- */

/* "tcp://127.0.0.1:*" to "127.0.0.1:0". */
static enum rt_err
listen_there(struct rt_http *h, const char *endpoint, bool is_insecure,
    struct rt_diag *d)
{
	static const char scheme[] = "tcp://";
	const size_t skip = sizeof(scheme) - 1;
	struct rt_diag why = {{0}, {0}};
	size_t len = strlen(endpoint);
	char text[sizeof(h->address)];
	enum rt_err err;

	if (strncmp(endpoint, scheme, skip) != 0 ||
	    len - skip >= sizeof(text)) {
		rt_diag_set(d, "--http",
		    "needs ADDRESS:PORT such as 127.0.0.1:7783, or off; not "
		    "'%s'",
		    endpoint);
		return RT_E_USAGE;
	}
	memcpy(text, endpoint + skip, len - skip + 1);
	len -= skip;
	if (len > 1 && strcmp(text + len - 2, ":*") == 0)
		text[len - 1] = '0';
	err = rt_listen_on(text, is_insecure, &h->listen_fd, &why);
	if (err != RT_OK)
		rt_diag_set(d, "--http", "%s: %s", text, why.what);
	return err;
}

static void
name_address(struct rt_http *h)
{
	struct sockaddr_storage sa;
	socklen_t len = sizeof(sa);
	char host[48], port[8];

	if (getsockname(h->listen_fd, (struct sockaddr *)&sa, &len) == 0 &&
	    getnameinfo((struct sockaddr *)&sa, len, host, sizeof(host), port,
		sizeof(port), NI_NUMERICHOST | NI_NUMERICSERV) == 0)
		snprintf(h->address, sizeof(h->address),
		    strchr(host, ':') ? "[%s]:%s" : "%s:%s", host, port);
}

static void
release(struct rt_http *h)
{
	if (h->daemon)
		MHD_stop_daemon(h->daemon); /* and closes what it listens on */
	else if (h->listen_fd >= 0)
		close(h->listen_fd);
	for (unsigned i = 0; i < PAGES; i++)
		if (h->pages[i])
			MHD_destroy_response(h->pages[i]);
	rt_report_fini(&h->given.report);
	if (h->ask_fd >= 0)
		close(h->ask_fd);
	if (h->tell_fd >= 0)
		close(h->tell_fd);
	pthread_mutex_destroy(&h->lock);
	free(h);
}

static enum rt_err
start(struct rt_http *h, struct rt_diag *d)
{
	int why;

	h->ask_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	h->tell_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	h->daemon = MHD_start_daemon(MHD_USE_EPOLL | MHD_ALLOW_SUSPEND_RESUME,
	    0, NULL, NULL, on_request, h, MHD_OPTION_LISTEN_SOCKET,
	    h->listen_fd, MHD_OPTION_CONNECTION_LIMIT, RT_HTTP_CONNECTIONS_MAX,
	    MHD_OPTION_CONNECTION_TIMEOUT,
	    (unsigned)(RT_HTTP_CONNECTION_MS / 1000),
	    MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)CLIENT_BYTES_MAX,
	    MHD_OPTION_NOTIFY_CONNECTION, on_connection, h, MHD_OPTION_END);
	if (!h->daemon || h->ask_fd < 0 || h->tell_fd < 0) {
		rt_diag_set(d, "--http", "cannot start the HTTP server: %s",
		    strerror(errno));
		return RT_E_IO;
	}
	why = pthread_create(&h->thread, NULL, serve, h);
	if (why != 0) {
		rt_diag_set(d, "--http", "no thread: %s", strerror(why));
		return RT_E_IO;
	}
	return RT_OK;
}

enum rt_err
rt_http_open(const char *endpoint, bool is_insecure, struct rt_http **out,
    struct rt_diag *d)
{
	struct rt_http *h = rt_xcalloc(1, sizeof(*h));
	enum rt_err err;

	*h = (struct rt_http){.listen_fd = -1, .ask_fd = -1, .tell_fd = -1};
	pthread_mutex_init(&h->lock, NULL);
	err = listen_there(h, endpoint, is_insecure, d);
	if (err == RT_OK) {
		name_address(h);
		err = start(h, d);
	}
	if (err == RT_OK)
		*out = h;
	else
		release(h);
	return err;
}

void
rt_http_close(struct rt_http *h)
{
	if (!h)
		return;
	pthread_mutex_lock(&h->lock);
	h->is_ending = true;
	pthread_mutex_unlock(&h->lock);
	raise_fd(h->tell_fd);
	pthread_join(h->thread, NULL);
	release(h);
}
