/* SPDX-License-Identifier: MIT */
#include "collector/canary/http_client.h"

#include <curl/curl.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <strings.h>

#include "proto/mem.h"

#define RETRY_AFTER_MAX_MS 86400e3

struct rt_http {
	CURL *easy;
	CURLM *multi;
};

struct transfer {
	const struct rt_http_request *q;
	struct rt_http_answer *a;
	CURL *easy;
};

struct rt_http *
rt_http_new(void)
{
	struct rt_http *h;

	unsetenv("SSLKEYLOGFILE");
	if (curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK)
		return NULL;
	h = rt_xcalloc(1, sizeof(*h));
	h->easy = curl_easy_init();
	h->multi = curl_multi_init();
	if (h->easy && h->multi)
		return h;
	rt_http_free(h);
	return NULL;
}

void
rt_http_free(struct rt_http *h)
{
	if (!h)
		return;
	curl_easy_cleanup(h->easy);
	curl_multi_cleanup(h->multi);
	free(h);
	curl_global_cleanup();
}

void
rt_http_answer_fini(struct rt_http_answer *a)
{
	rt_buf_fini(&a->body);
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

static size_t
on_body(char *bytes, size_t size, size_t count, void *cls)
{
	struct transfer *t = cls;
	size_t n = size * count;
	long status = 0;

	rt_buf_add(&t->a->body, bytes, n);
	if (t->a->body.overflow)
		return 0;
	curl_easy_getinfo(t->easy, CURLINFO_RESPONSE_CODE, &status);
	if (t->q->on_bytes && status >= 200 && status < 300)
		t->q->on_bytes(t->q->context, bytes, n);
	return n;
}

/* The value of `line` if it is header `name` (with its colon); trimmed. */
static bool
header_value(struct rt_str line, const char *name, struct rt_str *out)
{
	size_t n = strlen(name);

	if (line.len < n || strncasecmp(line.p, name, n) != 0)
		return false;
	line.p += n;
	line.len -= n;
	while (line.len > 0 && (*line.p == ' ' || *line.p == '\t')) {
		line.p++;
		line.len--;
	}
	while (line.len > 0 && strchr(" \t\r\n", line.p[line.len - 1]))
		line.len--;
	*out = line;
	return true;
}

/* Seconds or an HTTP date; a past date is no wait; a day is the most that is believed. */
static void
read_retry_after(struct rt_http_answer *a, struct rt_str v, double unit_ms)
{
	double ms, now_s = (double)rt_clock_wall().us / 1e6;
	char text[64];
	time_t at;

	if (v.len >= sizeof(text))
		return;
	memcpy(text, v.p, v.len);
	text[v.len] = '\0';
	if (rt_text_to_double(v, &ms) == RT_OK) {
		ms *= unit_ms;
	} else {
		at = curl_getdate(text, NULL);
		if (at == (time_t)-1)
			return;
		ms = ((double)at - now_s) * 1e3;
	}
	a->retry_after_ms = fmin(fmax(ms, 0), RETRY_AFTER_MAX_MS);
}

static size_t
on_header(char *bytes, size_t size, size_t count, void *cls)
{
	struct transfer *t = cls;
	struct rt_str line = {bytes, size * count}, v;

	t->a->header_bytes += line.len;
	if (t->a->header_bytes > RT_HTTP_HEADERS_MAX)
		return 0;
	/* The finer of the two wins, whichever comes first. */
	if (header_value(line, "retry-after-ms:", &v))
		read_retry_after(t->a, v, 1);
	else if (header_value(line, "retry-after:", &v) &&
	    t->a->retry_after_ms < 0)
		read_retry_after(t->a, v, 1e3);
	else if (header_value(line, "x-request-id:", &v))
		rt_text_scrub(t->a->request_id, sizeof(t->a->request_id), v);
	return line.len;
}

/* ---- the request ---------------------------------------------------------------------- */

static struct curl_slist *
headers_of(const struct rt_http_request *q)
{
	struct curl_slist *list =
	    curl_slist_append(NULL, "Content-Type: application/json");
	char line[1100];

	list = curl_slist_append(list, "Expect:");
	if (q->key) {
		snprintf(
		    line, sizeof(line), "Authorization: Bearer %s", q->key);
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
set_up(struct transfer *t, struct curl_slist *headers)
{
	CURL *e = t->easy;

	curl_easy_reset(e);
	curl_easy_setopt(e, CURLOPT_URL, t->q->url);
	curl_easy_setopt(e, CURLOPT_POSTFIELDS, t->q->body);
	curl_easy_setopt(e, CURLOPT_HTTPHEADER, headers);
	curl_easy_setopt(e, CURLOPT_USERAGENT, "retrytop/" RT_VERSION_TEXT);
	curl_easy_setopt(e, CURLOPT_PROTOCOLS_STR, "http,https");
	curl_easy_setopt(e, CURLOPT_FOLLOWLOCATION, 0L);
	curl_easy_setopt(e, CURLOPT_PROXY, "");
	curl_easy_setopt(e, CURLOPT_NETRC, (long)CURL_NETRC_IGNORED);
	curl_easy_setopt(e, CURLOPT_NOSIGNAL, 1L);
	curl_easy_setopt(e, CURLOPT_CONNECTTIMEOUT_MS, (long)t->q->connect_ms);
	curl_easy_setopt(e, CURLOPT_TIMEOUT_MS, (long)t->q->total_ms);
	curl_easy_setopt(e, CURLOPT_WRITEFUNCTION, on_body);
	curl_easy_setopt(e, CURLOPT_WRITEDATA, t);
	curl_easy_setopt(e, CURLOPT_HEADERFUNCTION, on_header);
	curl_easy_setopt(e, CURLOPT_HEADERDATA, t);
}

/* CURLE_ABORTED_BY_CALLBACK where cancel_fd became readable. */
static CURLcode
perform(struct rt_http *h, int cancel_fd)
{
	struct curl_waitfd cancel = {cancel_fd, CURL_WAIT_POLLIN, 0};
	CURLcode result = CURLE_ABORTED_BY_CALLBACK;
	int running = 1, left;
	CURLMsg *m;

	curl_multi_add_handle(h->multi, h->easy);
	while (running && !cancel.revents) {
		if (curl_multi_perform(h->multi, &running) != CURLM_OK)
			break;
		if (running)
			curl_multi_poll(h->multi, &cancel,
			    cancel_fd >= 0 ? 1 : 0, 1000, NULL);
	}
	while ((m = curl_multi_info_read(h->multi, &left)) != NULL)
		if (m->msg == CURLMSG_DONE)
			result = m->data.result;
	curl_multi_remove_handle(h->multi, h->easy);
	return result;
}

static double
phase_ms(CURL *e, CURLINFO which)
{
	curl_off_t us = 0;

	curl_easy_getinfo(e, which, &us);
	return us > 0 ? (double)us / 1e3 : -1;
}

static const char *
word_for(CURLcode code, const struct rt_http_answer *a)
{
	if (a->body.overflow || a->header_bytes > RT_HTTP_HEADERS_MAX)
		return "parse_too_large";
	switch ((int)code) {
	case CURLE_OK: return NULL;
	case CURLE_OPERATION_TIMEDOUT:
		return a->connect_ms < 0 ? "timeout_connect"
		    : a->status == 0     ? "timeout_headers"
					 : "timeout_total";
	case CURLE_ABORTED_BY_CALLBACK: return "cancelled";
	case CURLE_COULDNT_RESOLVE_HOST: return "dns";
	case CURLE_COULDNT_CONNECT: return "connection_refused";
	case CURLE_SSL_CONNECT_ERROR:
	case CURLE_PEER_FAILED_VERIFICATION: return "tls";
	case CURLE_WEIRD_SERVER_REPLY: return "parse_http";
	default: return "connection_reset";
	}
}

void
rt_http_post(struct rt_http *h, const struct rt_http_request *q,
    struct rt_http_answer *a)
{
	struct transfer t = {.q = q, .a = a, .easy = h->easy};
	struct curl_slist *headers = headers_of(q);
	rt_mono_t started = rt_clock_mono();
	long status = 0;
	CURLcode code;

	memset(a, 0, sizeof(*a));
	a->retry_after_ms = -1;
	rt_buf_init(&a->body, RT_HTTP_BODY_MAX);
	set_up(&t, headers);
	code = perform(h, q->cancel_fd);
	a->elapsed_ms = (double)(rt_clock_mono().us - started.us) / 1e3;
	curl_easy_getinfo(h->easy, CURLINFO_RESPONSE_CODE, &status);
	a->status = (int)status;
	a->connect_ms = phase_ms(h->easy, CURLINFO_CONNECT_TIME_T);
	a->headers_ms = phase_ms(h->easy, CURLINFO_STARTTRANSFER_TIME_T);
	a->was_cancelled = code == CURLE_ABORTED_BY_CALLBACK;
	a->error_type = word_for(code, a);
	curl_easy_reset(h->easy); /* forgets the borrowed header list */
	free_headers(headers);
}
