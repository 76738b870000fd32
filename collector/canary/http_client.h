/* SPDX-License-Identifier: MIT */
/*
 * http_client — the door to libcurl: POSTs of JSON, hardened, timed, watched.
 *
 * Only     http and https, and http to loopback alone unless told otherwise; no user or
 *          password in the URL.
 * Never    follows a redirect, asks a proxy of the environment, writes TLS keys to a file
 *          (SSLKEYLOGFILE is unset), raises a signal, keeps cookies, reads ~/.netrc, unpacks a
 *          compressed body.  TLS is verified unless the request says otherwise.
 * Bounds   Answers of at most 1 MiB, headers of at most 64 KiB (libcurl's 300 KiB otherwise),
 *          and the watchdogs.
 * Phases   In ms since the attempt began, but for `gap`; -1: did not come to it, or (dns,
 *          connect, tls) was not needed on a reused connection.  `sent` is when libcurl
 *          fetched the body's last byte.
 * Watch    Five limits, each with its own word in error_type: connect (name and TLS
 *          included), headers (all of them), first event, idle (events, not bytes: a
 *          comment feeds nobody), total.
 * Loop     start, then turn until is_done: nothing blocks for longer than its wait.
 * Once     A request goes over the wire once.  libcurl would send it again by itself where a
 *          kept connection is closed before a byte of answer, and so hide from a canary
 *          exactly what it is there to see; it may only where nothing of the body was sent.
 */
#ifndef RT_HTTP_CLIENT_H
#define RT_HTTP_CLIENT_H

#include "collector/canary/retry.h"
#include "proto/buf.h"
#include "proto/clock.h"
#include "proto/diag.h"
#include "proto/err.h"
#include "proto/text.h"

#define RT_HTTP_BODY_MAX (1u << 20)
#define RT_HTTP_HEADERS_MAX 65536u
#define RT_HTTP_KEY_MAX 1024u
#define RT_HTTP_EXTRA_MAX 8u

/* clang-format off */
#define RT_PHASES(X) \
	X(DNS,         "dns") \
	X(CONNECT,     "connect") \
	X(TLS,         "tls") \
	X(SENT,        "sent") \
	X(FIRST_BYTE,  "first_byte") /* the first line of any response */ \
	X(HEADERS,     "headers") \
	X(FIRST_EVENT, "first_event") \
	X(FIRST_TOKEN, "first_token") \
	X(LAST_TOKEN,  "last_token") \
	X(TOTAL,       "total") \
	X(GAP,         "longest_gap")
/* clang-format on */

#define X(id, name) RT_PHASE_##id,
enum rt_phase { RT_PHASES(X) RT_PHASE_COUNT };
#undef X

/* What the bytes handed to on_bytes held; bits. */
enum rt_http_seen {
	RT_HTTP_SAW_EVENT = 1, /* feeds the watchdogs */
	RT_HTTP_SAW_TOKEN = 2, /* content */
	RT_HTTP_SAW_END = 4,   /* all there is to come; silence is fine now */
};

struct rt_http_limits {
	int64_t connect_ms, headers_ms, first_event_ms, idle_ms, total_ms;
};

/* Everything is borrowed until the transfer is done. */
struct rt_http_request {
	const char *url;  /* complete */
	const char *body; /* JSON */
	size_t body_len;
	const char *key;               /* NULL: none is sent */
	const char *key_header;        /* NULL: Authorization */
	const char *request_id_header; /* NULL: x-request-id */
	const char
	    *headers[RT_HTTP_EXTRA_MAX]; /* "Name: value"; NULL: no more */
	const char *ca_file;             /* NULL or "": the system's */
	bool is_unverified;              /* TLS */
	bool is_stream;                  /* the two watchdogs of streams */
	struct rt_http_limits limits;
	/* Bytes of a 2xx as they come; enum rt_http_seen.  NULL: body only. */
	unsigned (*on_bytes)(void *context, const char *bytes, size_t len);
	void *context;
};

struct rt_http_answer {
	int status;             /* 0: no response */
	const char *error_type; /* static word of the event; NULL: complete */
	char cause[128];        /* libcurl's sentence, scrubbed; or empty */
	bool was_cancelled;
	bool is_reused;  /* the connection was there already */
	bool is_encoded; /* Content-Encoding, not unpacked */
	bool is_html;    /* by Content-Type */
	double phases_ms[RT_PHASE_COUNT];
	double retry_after_ms; /* -1: not said */
	enum rt_retry_word should_retry;
	char request_id[129];     /* scrubbed; empty: not returned */
	int upstream_attempts;    /* 0: not said */
	const char *http_version; /* static, "1.1"; NULL: none */
	double certificate_days;  /* left; NAN: none seen */
	size_t header_bytes;
	struct rt_buf body;
};

struct rt_http;          /* a pool of connections */
struct rt_http_transfer; /* one request under way */

/* NULL where libcurl cannot start. */
struct rt_http *rt_http_new(void);
void rt_http_free(struct rt_http *h);

/* RT_E_USAGE with what would be right. */
RT_NODISCARD enum rt_err rt_http_check_url(
    const char *url, bool allows_plain, struct rt_diag *d);

/* Every failure is in the answer, which must stay until it is done. */
struct rt_http_transfer *rt_http_start(struct rt_http *h,
    const struct rt_http_request *q, struct rt_http_answer *a);
bool rt_http_is_done(const struct rt_http_transfer *t);
/* Ends it, as cancelled where it was not done.  NULL is fine. */
void rt_http_end(struct rt_http_transfer *t);

/*
 * Moves all transfers on; waits until something happened, wait_ms are over or wake_fd
 * (-1: none) is readable.  True where that is so.
 */
bool rt_http_turn(struct rt_http *h, int64_t wait_ms, int wake_fd);

/* One request from start to end; cancelled where wake_fd is readable. */
void rt_http_post(struct rt_http *h, const struct rt_http_request *q,
    struct rt_http_answer *a, int wake_fd);
void rt_http_answer_fini(struct rt_http_answer *a);

const char *rt_phase_name(enum rt_phase p);

/* libcurl's name for itself and what it is made of. */
const char *rt_http_version(void);

#endif
