/* SPDX-License-Identifier: MIT */
#include "collector/canary/http_client.h"

#include <curl/curl.h>
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <strings.h>
#include <sys/socket.h>

#include "collector/canary/http_header.h"
#include "proto/mem.h"

/* How long a server may keep a connection open after its last word. */
#define AFTER_END_MS 1000

struct rt_http {
	CURLM *multi;
	struct rt_http_transfer *first; /* owned by who started them */
};

struct rt_http_transfer {
	struct rt_http *h; /* borrowed, as the next two */
	const struct rt_http_request *q;
	struct rt_http_answer *a;
	CURL *easy;
	struct curl_slist *headers;
	rt_mono_t started;
	size_t sent;                        /* bytes of the body */
	double connected_ms, last_event_ms; /* -1: not yet */
	bool is_done, has_end;
	bool has_opened, is_again; /* sockets: one, and one too many */
	char error[CURL_ERROR_SIZE];
	struct rt_http_transfer *next;
};

static const char *const phase_names[RT_PHASE_COUNT] = {
#define X(id, name) name,
    RT_PHASES(X)
#undef X
};

const char *
rt_phase_name(enum rt_phase p)
{
	return (unsigned)p < RT_PHASE_COUNT ? phase_names[p] : NULL;
}

const char *
rt_http_version(void)
{
	return curl_version();
}

struct rt_http *
rt_http_new(void)
{
	struct rt_http *h;

	unsetenv("SSLKEYLOGFILE");
	if (curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK)
		return NULL;
	h = rt_xcalloc(1, sizeof(*h));
	h->multi = curl_multi_init();
	if (h->multi)
		return h;
	rt_http_free(h);
	return NULL;
}

void
rt_http_free(struct rt_http *h)
{
	if (!h)
		return;
	curl_multi_cleanup(h->multi);
	free(h);
	curl_global_cleanup();
}

void
rt_http_answer_fini(struct rt_http_answer *a)
{
	rt_buf_fini(&a->body);
}

static double
elapsed_ms(const struct rt_http_transfer *t)
{
	return (double)(rt_clock_mono().us - t->started.us) / 1e3;
}

static void
stamp(struct rt_http_transfer *t, enum rt_phase p)
{
	t->a->phases_ms[p] = elapsed_ms(t);
}

/* ---- the URL ----------------------------------------------------------------------- */

static bool
is_loopback(const char *host)
{
	return strcmp(host, "localhost") == 0 || strcmp(host, "[::1]") == 0 ||
	    (strncmp(host, "127.", 4) == 0 &&
		strspn(host, "0123456789.") == strlen(host));
}

static const char *
fault_of_url(CURLU *u, bool allows_plain)
{
	const char *fault = NULL;
	char *scheme = NULL, *host = NULL, *user = NULL;

	if (curl_url_get(u, CURLUPART_SCHEME, &scheme, 0) != CURLUE_OK ||
	    curl_url_get(u, CURLUPART_HOST, &host, 0) != CURLUE_OK)
		fault = "needs a URL such as https://api.example.com";
	else if (strcmp(scheme, "http") != 0 && strcmp(scheme, "https") != 0)
		fault = "needs a URL that begins with https:// or http://";
	else if (curl_url_get(u, CURLUPART_USER, &user, 0) == CURLUE_OK)
		fault = "must not hold a user or password; use --key-env";
	else if (strcmp(scheme, "http") == 0 && !is_loopback(host) &&
	    !allows_plain)
		fault = "sends the key readable for everyone on the way; use "
			"https, or say --insecure";
	curl_free(scheme);
	curl_free(host);
	curl_free(user);
	return fault;
}

enum rt_err
rt_http_check_url(const char *url, bool allows_plain, struct rt_diag *d)
{
	CURLU *u = curl_url();
	const char *fault = "needs a URL such as https://api.example.com";

	if (u && curl_url_set(u, CURLUPART_URL, url, 0) == CURLUE_OK)
		fault = fault_of_url(u, allows_plain);
	curl_url_cleanup(u);
	if (!fault)
		return RT_OK;
	rt_diag_set(d, "--url", "%s", fault);
	return RT_E_USAGE;
}

/* ---- what comes back ------------------------------------------------------------------ */

static void
note_events(struct rt_http_transfer *t, unsigned seen)
{
	double *ms = t->a->phases_ms, now_ms = elapsed_ms(t);

	if (seen & RT_HTTP_SAW_EVENT) {
		t->last_event_ms = now_ms;
		if (ms[RT_PHASE_FIRST_EVENT] < 0)
			ms[RT_PHASE_FIRST_EVENT] = now_ms;
	}
	if (seen & RT_HTTP_SAW_TOKEN) {
		if (ms[RT_PHASE_FIRST_TOKEN] < 0)
			ms[RT_PHASE_FIRST_TOKEN] = now_ms;
		else
			ms[RT_PHASE_GAP] = fmax(
			    ms[RT_PHASE_GAP], now_ms - ms[RT_PHASE_LAST_TOKEN]);
		ms[RT_PHASE_LAST_TOKEN] = now_ms;
	}
	t->has_end |= (seen & RT_HTTP_SAW_END) != 0;
}

static size_t
on_body(char *bytes, size_t size, size_t count, void *cls)
{
	struct rt_http_transfer *t = cls;
	size_t n = size * count;
	long status = 0;

	rt_buf_add(&t->a->body, bytes, n);
	if (t->a->body.overflow)
		return 0;
	curl_easy_getinfo(t->easy, CURLINFO_RESPONSE_CODE, &status);
	if (t->q->on_bytes && status >= 200 && status < 300)
		note_events(t, t->q->on_bytes(t->q->context, bytes, n));
	return n;
}

static size_t
on_header(char *bytes, size_t size, size_t count, void *cls)
{
	struct rt_http_transfer *t = cls;
	struct rt_str line = {bytes, size * count};
	long status = 0;

	if (t->a->phases_ms[RT_PHASE_FIRST_BYTE] < 0)
		stamp(t, RT_PHASE_FIRST_BYTE);
	t->a->header_bytes += line.len;
	if (t->a->header_bytes > RT_HTTP_HEADERS_MAX)
		return 0;
	if (line.len > 2) {
		rt_http_header_read(
		    t->a, t->q->request_id_header, line, rt_clock_wall());
		return line.len;
	}
	curl_easy_getinfo(t->easy, CURLINFO_RESPONSE_CODE, &status);
	if (status >= 200) /* the end of the headers, and not of a 1xx */
		stamp(t, RT_PHASE_HEADERS);
	return line.len;
}

/* ---- the request ---------------------------------------------------------------------- */

static size_t
on_read(char *out, size_t size, size_t count, void *cls)
{
	struct rt_http_transfer *t = cls;
	size_t n = size * count, left = t->q->body_len - t->sent;

	if (t->connected_ms < 0)
		t->connected_ms = elapsed_ms(t);
	if (n > left)
		n = left;
	memcpy(out, t->q->body + t->sent, n);
	t->sent += n;
	if (t->sent == t->q->body_len)
		stamp(t, RT_PHASE_SENT);
	return n;
}

/* libcurl opens another socket to send again what a kept one may have lost. */
static curl_socket_t
on_open(void *cls, curlsocktype purpose, struct curl_sockaddr *to)
{
	struct rt_http_transfer *t = cls;

	(void)purpose;
	t->is_again = t->sent > 0;
	if (t->is_again)
		return CURL_SOCKET_BAD;
	t->has_opened = true;
	return socket(to->family, to->socktype | SOCK_CLOEXEC, to->protocol);
}

static struct curl_slist *
headers_of(const struct rt_http_request *q)
{
	struct curl_slist *list =
	    curl_slist_append(NULL, "Content-Type: application/json");
	const char *name = q->key_header ? q->key_header : "Authorization";
	bool is_bearer = strcasecmp(name, "Authorization") == 0;
	char line[RT_HTTP_KEY_MAX + 128];

	list = curl_slist_append(list, "Expect:");
	for (size_t i = 0; i < RT_HTTP_EXTRA_MAX && q->headers[i]; i++)
		list = curl_slist_append(list, q->headers[i]);
	if (q->key) {
		snprintf(line, sizeof(line), "%s: %s%s", name,
		    is_bearer ? "Bearer " : "", q->key);
		list = curl_slist_append(list, line);
		explicit_bzero(line, sizeof(line));
	}
	return list;
}

static void
free_headers(struct curl_slist *list)
{
	for (struct curl_slist *l = list; l; l = l->next)
		explicit_bzero(l->data, strlen(l->data));
	curl_slist_free_all(list);
}

static void
set_up(struct rt_http_transfer *t)
{
	const struct rt_http_request *q = t->q;
	CURL *e = t->easy;

	curl_easy_setopt(e, CURLOPT_PRIVATE, t);
	curl_easy_setopt(e, CURLOPT_URL, q->url);
	curl_easy_setopt(e, CURLOPT_POST, 1L);
	curl_easy_setopt(
	    e, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)q->body_len);
	curl_easy_setopt(e, CURLOPT_READFUNCTION, on_read);
	curl_easy_setopt(e, CURLOPT_READDATA, t);
	/* On another kept connection neither: without SEEKFUNCTION there is no rewinding. */
	curl_easy_setopt(e, CURLOPT_OPENSOCKETFUNCTION, on_open);
	curl_easy_setopt(e, CURLOPT_OPENSOCKETDATA, t);
	curl_easy_setopt(e, CURLOPT_HTTPHEADER, t->headers);
	curl_easy_setopt(e, CURLOPT_USERAGENT, "retrytop/" RT_VERSION_TEXT);
	curl_easy_setopt(e, CURLOPT_PROTOCOLS_STR, "http,https");
	curl_easy_setopt(e, CURLOPT_FOLLOWLOCATION, 0L);
	curl_easy_setopt(e, CURLOPT_PROXY, "");
	curl_easy_setopt(e, CURLOPT_NETRC, (long)CURL_NETRC_IGNORED);
	curl_easy_setopt(e, CURLOPT_NOSIGNAL, 1L);
	/* A name server that is silent must not hold up the watchdogs. */
	curl_easy_setopt(e, CURLOPT_QUICK_EXIT, 1L);
	curl_easy_setopt(e, CURLOPT_CERTINFO, 1L);
	curl_easy_setopt(e, CURLOPT_ERRORBUFFER, t->error);
	if (q->ca_file && *q->ca_file)
		curl_easy_setopt(e, CURLOPT_CAINFO, q->ca_file);
	if (q->is_unverified) {
		curl_easy_setopt(e, CURLOPT_SSL_VERIFYPEER, 0L);
		curl_easy_setopt(e, CURLOPT_SSL_VERIFYHOST, 0L);
	}
	curl_easy_setopt(e, CURLOPT_WRITEFUNCTION, on_body);
	curl_easy_setopt(e, CURLOPT_WRITEDATA, t);
	curl_easy_setopt(e, CURLOPT_HEADERFUNCTION, on_header);
	curl_easy_setopt(e, CURLOPT_HEADERDATA, t);
}

/* ---- the end of a transfer --------------------------------------------------------- */

static const char *
word_of_tls(CURL *e)
{
	/* OpenSSL's X509_V_ERR_ numbers: the names are in its headers only. */
	static const struct {
		long verify;
		const char *word;
	} words[] = {
	    {9, "tls_not_yet_valid"},
	    {10, "tls_expired"},
	    {18, "tls_self_signed"},
	    {19, "tls_unknown_ca"},
	    {20, "tls_unknown_ca"},
	    {21, "tls_unknown_ca"},
	    {62, "tls_wrong_host"},
	};
	long verify = 0;

	curl_easy_getinfo(e, CURLINFO_SSL_VERIFYRESULT, &verify);
	for (size_t i = 0; i < RT_COUNT_OF(words); i++)
		if (words[i].verify == verify)
			return words[i].word;
	return "tls";
}

static const char *
word_of_connect(CURL *e)
{
	long number = 0;

	curl_easy_getinfo(e, CURLINFO_OS_ERRNO, &number);
	if (number == ENETUNREACH || number == EHOSTUNREACH)
		return "network_unreachable";
	return number == ECONNREFUSED ? "connection_refused"
				      : "connection_failed";
}

static const char *
word_for(const struct rt_http_transfer *t, CURLcode code)
{
	bool is_cut =
	    t->q->is_stream && t->a->status >= 200 && t->a->status < 300;
	const char *word;

	if (t->a->body.overflow || t->a->header_bytes > RT_HTTP_HEADERS_MAX)
		return "parse_too_large";
	if (t->is_again)
		return "connection_closed";
	switch ((int)code) {
	case CURLE_OK: return NULL;
	case CURLE_OPERATION_TIMEDOUT: return "timeout_total";
	case CURLE_ABORTED_BY_CALLBACK: return "cancelled";
	case CURLE_COULDNT_RESOLVE_HOST: return "dns";
	case CURLE_COULDNT_CONNECT: return word_of_connect(t->easy);
	case CURLE_SSL_CONNECT_ERROR: return "tls_handshake";
	case CURLE_PEER_FAILED_VERIFICATION:
		word = word_of_tls(t->easy);
		/* The name is compared by libcurl, after the chain is found good. */
		return strcmp(word, "tls") == 0 ? "tls_wrong_host" : word;
	case CURLE_SSL_CACERT_BADFILE: return "tls_ca_file";
	case CURLE_WEIRD_SERVER_REPLY:
	case CURLE_UNSUPPORTED_PROTOCOL: return "connection_not_http";
	/* A stream cut after its headers is another thing than no answer. */
	case CURLE_PARTIAL_FILE:
		return is_cut ? "stream_broken" : "connection_broken_body";
	case CURLE_SEND_FAIL_REWIND:
	case CURLE_GOT_NOTHING: return "connection_closed";
	default: return is_cut ? "stream_reset" : "connection_reset";
	}
}

static double
info_ms(CURL *e, CURLINFO which)
{
	curl_off_t us = 0;

	curl_easy_getinfo(e, which, &us);
	return us > 0 ? (double)us / 1e3 : -1;
}

static const char *
version_of(CURL *e)
{
	long v = 0;

	curl_easy_getinfo(e, CURLINFO_HTTP_VERSION, &v);
	switch (v) {
	case CURL_HTTP_VERSION_1_0: return "1.0";
	case CURL_HTTP_VERSION_1_1: return "1.1";
	case CURL_HTTP_VERSION_2_0: return "2";
	case CURL_HTTP_VERSION_3: return "3";
	default: return NULL;
	}
}

static double
certificate_days(CURL *e)
{
	static const char key[] = "Expire date:";
	struct curl_certinfo *info = NULL;
	time_t at = -1;

	if (curl_easy_getinfo(e, CURLINFO_CERTINFO, &info) != CURLE_OK ||
	    !info || info->num_of_certs < 1)
		return (double)NAN;
	for (struct curl_slist *l = info->certinfo[0]; l; l = l->next)
		if (strncmp(l->data, key, sizeof(key) - 1) == 0)
			at = curl_getdate(l->data + sizeof(key) - 1, NULL);
	if (at == (time_t)-1)
		return (double)NAN;
	return ((double)at - (double)rt_clock_wall().us / 1e6) / 86400;
}

static void
finish(struct rt_http_transfer *t, CURLcode code, const char *word)
{
	struct rt_http_answer *a = t->a;
	long status = 0;
	const char *cause;

	stamp(t, RT_PHASE_TOTAL);
	curl_easy_getinfo(t->easy, CURLINFO_RESPONSE_CODE, &status);
	/* 999 is no status, and 1xx is none of an answer. */
	a->status = status >= 200 && status <= 599 ? (int)status : 0;
	if (code == CURLE_OK && !word && a->status == 0)
		word = "connection_not_http";
	a->is_reused = !t->has_opened && t->connected_ms >= 0;
	if (!a->is_reused) {
		a->phases_ms[RT_PHASE_DNS] =
		    info_ms(t->easy, CURLINFO_NAMELOOKUP_TIME_T);
		a->phases_ms[RT_PHASE_CONNECT] =
		    info_ms(t->easy, CURLINFO_CONNECT_TIME_T);
		a->phases_ms[RT_PHASE_TLS] =
		    info_ms(t->easy, CURLINFO_APPCONNECT_TIME_T);
	}
	a->was_cancelled = code == CURLE_ABORTED_BY_CALLBACK && !word;
	a->error_type = word ? word : word_for(t, code);
	a->http_version = a->status ? version_of(t->easy) : NULL;
	a->certificate_days = certificate_days(t->easy);
	cause = t->is_again || code == CURLE_SEND_FAIL_REWIND
	    ? "the kept connection was closed under the request"
	    : t->error[0] ? t->error
			  : curl_easy_strerror(code);
	if (a->error_type && code != CURLE_OK && !word)
		rt_text_scrub(a->cause, sizeof(a->cause), rt_str_of(cause));
	curl_multi_remove_handle(t->h->multi, t->easy);
	t->is_done = true;
}

/* ---- watchdogs --------------------------------------------------------------------- */

/* The word of the limit that is over, or NULL and what is left of the nearest. */
static const char *
watch(const struct rt_http_transfer *t, double *left_ms)
{
	const struct rt_http_limits *l = &t->q->limits;
	const double *ms = t->a->phases_ms, now_ms = elapsed_ms(t);
	bool is_streaming = t->q->is_stream && ms[RT_PHASE_HEADERS] >= 0;
	int64_t idle_ms =
	    t->has_end && l->idle_ms > AFTER_END_MS ? AFTER_END_MS : l->idle_ms;
	const struct {
		bool is_on;
		double since_ms;
		int64_t limit_ms;
		const char *word;
	} dogs[] = {
	    {t->connected_ms < 0, 0, l->connect_ms, "timeout_connect"},
	    {t->connected_ms >= 0 && ms[RT_PHASE_HEADERS] < 0,
		fmax(t->connected_ms, ms[RT_PHASE_SENT]), l->headers_ms,
		"timeout_headers"},
	    {is_streaming && t->last_event_ms < 0, ms[RT_PHASE_HEADERS],
		l->first_event_ms, "timeout_first_event"},
	    {is_streaming && t->last_event_ms >= 0, t->last_event_ms, idle_ms,
		"timeout_idle"},
	    {true, 0, l->total_ms, "timeout_total"},
	};

	*left_ms = 1e9;
	for (size_t i = 0; i < RT_COUNT_OF(dogs); i++) {
		double left =
		    dogs[i].since_ms + (double)dogs[i].limit_ms - now_ms;

		if (!dogs[i].is_on)
			continue;
		if (left <= 0)
			return dogs[i].word;
		*left_ms = fmin(*left_ms, left);
	}
	return NULL;
}

/* Ends what is overdue; the ms until the next may be. */
static double
watch_all(struct rt_http *h)
{
	double next_ms = 1e9, left_ms;

	for (struct rt_http_transfer *t = h->first; t; t = t->next) {
		const char *word;

		if (t->is_done)
			continue;
		word = watch(t, &left_ms);
		if (word && t->has_end)
			finish(t, CURLE_OK, NULL);
		else if (word)
			finish(t, CURLE_OPERATION_TIMEDOUT, word);
		else
			next_ms = fmin(next_ms, left_ms);
	}
	return next_ms;
}

/* ---- the loop ---------------------------------------------------------------------- */

struct rt_http_transfer *
rt_http_start(struct rt_http *h, const struct rt_http_request *q,
    struct rt_http_answer *a)
{
	struct rt_http_transfer *t = rt_xcalloc(1, sizeof(*t));

	memset(a, 0, sizeof(*a));
	a->retry_after_ms = -1;
	a->certificate_days = (double)NAN;
	for (unsigned i = 0; i < RT_PHASE_COUNT; i++)
		a->phases_ms[i] = -1;
	rt_buf_init(&a->body, RT_HTTP_BODY_MAX);
	*t = (struct rt_http_transfer){.h = h,
	    .q = q,
	    .a = a,
	    .started = rt_clock_mono(),
	    .connected_ms = -1,
	    .last_event_ms = -1,
	    .easy = curl_easy_init(),
	    .headers = headers_of(q),
	    .next = h->first};
	h->first = t;
	if (!t->easy) {
		a->error_type = "connection_failed";
		t->is_done = true;
		return t;
	}
	set_up(t);
	curl_multi_add_handle(h->multi, t->easy);
	return t;
}

bool
rt_http_is_done(const struct rt_http_transfer *t)
{
	return t->is_done;
}

void
rt_http_end(struct rt_http_transfer *t)
{
	struct rt_http_transfer **at;

	if (!t)
		return;
	if (!t->is_done)
		finish(t, CURLE_ABORTED_BY_CALLBACK, NULL);
	for (at = &t->h->first; *at != t; at = &(*at)->next)
		continue;
	*at = t->next;
	curl_easy_cleanup(t->easy);
	free_headers(t->headers);
	free(t);
}

static void
take_results(struct rt_http *h)
{
	struct rt_http_transfer *t;
	CURLMsg *m;
	int left;

	while ((m = curl_multi_info_read(h->multi, &left)) != NULL) {
		CURLcode code = m->data.result;

		if (m->msg != CURLMSG_DONE)
			continue;
		curl_easy_getinfo(m->easy_handle, CURLINFO_PRIVATE, &t);
		finish(t, code, NULL);
	}
}

static bool
has_done(const struct rt_http *h)
{
	for (const struct rt_http_transfer *t = h->first; t; t = t->next)
		if (t->is_done)
			return true;
	return false;
}

bool
rt_http_turn(struct rt_http *h, int64_t wait_ms, int wake_fd)
{
	struct curl_waitfd wake = {wake_fd, CURL_WAIT_POLLIN, 0};
	double ms = (double)(wait_ms < 0 ? 60000 : wait_ms);
	int running;

	curl_multi_perform(h->multi, &running);
	take_results(h);
	ms = fmin(ms, ceil(watch_all(h)));
	if (has_done(h))
		ms = 0;
	curl_multi_poll(h->multi, &wake, wake_fd >= 0 ? 1 : 0,
	    (int)fmin(fmax(ms, 0), 60000), NULL);
	curl_multi_perform(h->multi, &running);
	take_results(h);
	watch_all(h);
	return wake.revents != 0;
}

void
rt_http_post(struct rt_http *h, const struct rt_http_request *q,
    struct rt_http_answer *a, int wake_fd)
{
	struct rt_http_transfer *t = rt_http_start(h, q, a);

	while (!t->is_done)
		if (rt_http_turn(h, -1, wake_fd))
			break;
	rt_http_end(t);
}
