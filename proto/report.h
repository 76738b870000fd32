/* SPDX-License-Identifier: MIT */
/*
 * report — the numbers a viewer asks for: one struct, one JSON document.
 *
 * What    `retrytop report`, `replay --report` and every refresh of the dashboard carry
 *         this.  Encoding is schema "retrytop-report/v1"; the keys that the manual names
 *         are a promise, others may come.  Decoding ignores what it does not know, takes
 *         a value of another type as absent, scrubs text, and refuses more than 65 536
 *         rows in one array (RT_E_TOO_LARGE).
 * Shape   Scalars inline; rows in arrays that grow with rt_report_add_*; strings in an
 *         arena of the report: borrowed, NUL-terminated, valid until rt_report_reset.
 * Life    Caller's storage; init, then use, then fini.  Reset keeps the storage.
 * Units   Times in the field name.  Wall times are microseconds since 1970 UTC, 0 absent.
 */
#ifndef RT_REPORT_H
#define RT_REPORT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "proto/buf.h"
#include "proto/counts.h"
#include "proto/diag.h"
#include "proto/err.h"
#include "proto/jsonw.h"

#define RT_REPORT_SCHEMA "retrytop-report/v1"
#define RT_REPORT_MAX (64u << 20) /* bytes of an encoded report */

/* Distributions, milliseconds. */
#define RT_LATENCIES(X)           \
	X(ATTEMPT, "attempt")     \
	X(TTFT, "ttft")           \
	X(OPERATION, "operation") \
	X(BACKOFF, "backoff")
#define X(id, name) RT_LATENCY_##id,
enum rt_latency { RT_LATENCIES(X) RT_LATENCY_COUNT };
#undef X
const char *rt_latency_name(enum rt_latency l);

struct rt_quantiles {
	uint64_t count;                 /* 0: the rest means nothing */
	double p50, p90, p95, p99, max; /* ms, nearest rank, within 1 % */
};

/* Labels of a series. */
#define RT_LABELS(X)                          \
	X(ENVIRONMENT, "environment")         \
	X(SERVICE, "service")                 \
	X(SERVICE_VERSION, "service_version") \
	X(PROVIDER, "provider")               \
	X(HTTP_ROUTE, "http_route")           \
	X(MODEL_REQUESTED, "model_requested") \
	X(STREAMING, "streaming")
#define X(id, name) RT_LABEL_##id,
enum rt_label { RT_LABELS(X) RT_LABEL_COUNT };
#undef X
const char *rt_label_name(enum rt_label l);

/* Counters drawn over time: X(ID, key). */
#define RT_TRENDS(X)              \
	X(OPS, "operations")      \
	X(ATTEMPTS, "attempts")   \
	X(RETRIES, "retries")     \
	X(FALLBACKS, "fallbacks") \
	X(ERRORS, "errors")       \
	X(TIMEOUTS, "timeouts")   \
	X(FAILED, "failed")
#define X(id, name) RT_TREND_##id,
enum rt_trend { RT_TRENDS(X) RT_TREND_COUNT };
#undef X
const char *rt_trend_name(enum rt_trend t);
#define RT_TREND_COLS_MAX 60u
#define RT_SERIES_TREND_COLS 12u

/* Capacities and what did not fit: X(ID, key). */
#define RT_OVERFLOWS(X)                       \
	X(SERIES, "series")                   \
	X(LABELS, "labels")                   \
	X(OPERATIONS, "operations_forgotten") \
	X(FALLBACK_ROWS, "fallback_rows")     \
	X(FALLBACK_MARKS, "fallback_marks")   \
	X(SKETCHES, "sketch_samples")         \
	X(EMITTERS, "emitters")               \
	X(GAPS, "sequence_gaps")              \
	X(SENDERS, "senders")                 \
	X(OWNERS, "emitter_owners")           \
	X(TAIL, "tail_events")                \
	X(CANARIES, "canaries")               \
	X(ALERTS, "alerts")                   \
	X(AUDIT, "audit_services")
#define X(id, name) RT_OVERFLOW_##id,
enum rt_overflow { RT_OVERFLOWS(X) RT_OVERFLOW_COUNT };
#undef X
const char *rt_overflow_name(enum rt_overflow o);

struct rt_report_series {
	const char *labels[RT_LABEL_COUNT]; /* NULL: absent, or summed over */
	bool is_other;                      /* what came beyond the capacity */
	struct rt_counts *counts;           /* owned by the report */
	struct rt_quantiles latency[RT_LATENCY_COUNT];
	uint32_t
	    trend[RT_SERIES_TREND_COLS]; /* attempts per column, newest last */
};

struct rt_report_fallback {
	const char *from, *to, *reason; /* "?" where not known */
	uint64_t count, succeeded;      /* decisions */
};

/* What screens and alerts call records that name no emitter. */
#define RT_REPORT_NAMELESS "(no emitter)"

struct rt_report_emitter {
	const char *id;      /* NULL: all records that named none */
	const char *service; /* of its last record; NULL: it never said */
	uint64_t received, lost, duplicates, before_first;
	uint64_t refused; /* of received: those that could be laid to it */
	bool has_skew;
	double skew_ms;       /* arrival - ts, of the last record */
	double skew_min_ms;   /* the smallest seen: what clocks differ by */
	int64_t last_seen_ms; /* ago */
	uint64_t over_rate;   /* of refused: it sent more than its rate */
	uint64_t over_now;    /* of these since it is over it, see is_limited */
	bool is_limited;      /* it was over its rate just now */
};

/* A sender of acknowledged delivery; see wire.h. */
struct rt_report_sender {
	const char *id;
	const char *service; /* of its last attempt; NULL: it never said */
	uint64_t offered, before, taken, dropped, in_flight, unexplained;
	uint64_t refused; /* of taken */
	bool is_connected;
	int64_t last_seen_ms; /* ago */
	uint64_t held;        /* answers held back: it was over its rate */
	bool is_limited;      /* it was just now */
};

struct rt_report_canary {
	const char *name; /* service of the probe's events */
	const char *route, *model, *error_class;
	uint64_t attempts, ok; /* in the window */
	uint64_t streak;       /* of equal results up to the last */
	bool last_ok;
	int64_t status;             /* 0: none */
	double elapsed_ms, ttft_ms; /* < 0: absent */
	const char *provider;       /* its target; NULL: not said */
	/* Of the last, since it began; < 0: absent, as on a kept connection. */
	double dns_ms, connect_ms, tls_ms, first_byte_ms;
	int64_t requests_left, tokens_left; /* < 0: not said */
	const char *pause;                  /* NULL: it goes on */
	int64_t pause_left_ms;              /* < 0: for good */
	int64_t age_ms;                     /* since the last; < 0: absent */
};

struct rt_report_violation_example {
	const char *operation_id, *service, *evidence;
};
#define RT_REPORT_EXAMPLES 3u
struct rt_report_violation {
	const char *rule;
	uint64_t count;
	struct rt_report_violation_example examples[RT_REPORT_EXAMPLES];
	unsigned examples_count;
};

/* From (inclusive) until (exclusive), microseconds of the collector's own clock. */
struct rt_report_span {
	int64_t from_us, until_us; /* until 0: none */
};

/* The newest refused records, scrubbed and cut. */
struct rt_report_refused {
	const char *reason, *detail, *sample, *source;
	int64_t age_ms;
};

/*
 * An alert that fires, or that did and cleared lately; see alert.h.  Of a route: the
 * labels say which, or is_rest: all routes that are too small to judge alone, together.
 */
struct rt_report_alert {
	const char *alert, *unit; /* "error", "ratio" */
	const char *service, *route, *model;
	const char *what; /* the rule or the canary */
	bool is_rest, is_firing;
	uint64_t number;         /* from 1, since the collector started */
	uint64_t n;              /* denominator; 0: it has none */
	double value, threshold; /* the last value; a ratio: 0.2 is 20 % */
	double worst;            /* value while it fired */
	double clear;            /* it clears at or below */
	double window_s;
	int64_t since_us;   /* beyond the threshold since */
	int64_t fired_us;   /* that, and what `for` asks */
	int64_t cleared_us; /* 0: it fires */
};

/* Accepted events since the asked cursor, canonical JSON, oldest first. */
struct rt_report_tail {
	bool asked;
	uint64_t cursor;    /* ask with this next time */
	uint64_t missed;    /* events overwritten before they could be told */
	const char **lines; /* NUL-terminated */
	size_t count;
};

/* One operation's records as canonical JSON, oldest first; see query.operation. */
struct rt_report_operation {
	const char *id;     /* asked for; NULL: not asked */
	const char **lines; /* NUL-terminated */
	size_t count;       /* 0: not held, or not any more */
	bool is_whole;      /* no record of it was overwritten */
	uint32_t rules;     /* broken: bits 1 << enum rt_rule */
};

/* A replay that a viewer steers; its time is source.now_us. */
#define RT_TIMELINE_COLS 96u
struct rt_report_replay {
	bool is_on;
	bool is_paused;
	bool is_at_end;   /* every record was read */
	bool is_seeking;  /* on its way to where it was sent */
	bool is_measured; /* first, last and records are those of the whole */
	uint64_t speed;   /* seconds of the log a second; 0: all it can */
	int64_t first_us, last_us; /* of the log, as far as it was measured */
	uint64_t record, records;  /* read so far; in the log */
	uint64_t done;  /* commands of the viewer that asks, by seq */
	uint64_t stops; /* records so far that broke a rule */
	/* the violation that it stopped at; NULL: it stands elsewhere */
	const char *rule, *operation_id, *service, *evidence;
	const char *said;    /* why the last command changed nothing */
	const char *trouble; /* a file that could not be read to its end */
	/* the log over time: columns of step_s from timeline_us on; cols 0: none */
	int64_t timeline_us;
	double step_s;
	unsigned cols; /* RT_TIMELINE_COLS where there is one */
	uint32_t taken[RT_TIMELINE_COLS], failed[RT_TIMELINE_COLS];
};

struct rt_report {
	struct {
		bool is_live;
		const char *name; /* file names or the endpoint */
		double window_s;  /* 0: all (null) */
		int64_t from_us, to_us, now_us;
		int64_t last_event_age_ms; /* < 0: none yet */
		int64_t uptime_ms;
		const char *version;
		uint64_t
		    started_id; /* random; another one: the collector restarted */
		/* where the answer is one about the past (query.at) */
		int64_t at_us; /* when its window ended; 0: it is not */
		int64_t since; /* accepted from then until now; < 0: absent */
		/* of every answer with a window */
		int64_t held_from_us;       /* the oldest moment that is held */
		double held_s;              /* how much of the window is held */
		int64_t bucket_s;           /* what the past is made of */
		struct rt_report_span span; /* of the window; for query.tail */
		struct rt_report_replay replay; /* is_on: somebody steers it */
	} source;
	struct rt_counts counts;
	uint64_t status[RT_STATUS_COUNT]; /* attempts by code - RT_STATUS_MIN */
	uint64_t lost;                    /* since start, never filled */
	uint64_t unexplained;             /* acknowledged delivery; must be 0 */
	uint64_t lost_ports; /* ipc paths that others removed or took over */
	uint64_t disconnected_too_large;
	struct {
		uint64_t running, in_backoff, on_fallback;
	} open; /* operations not ended, now */
	struct {
		bool is_on;
		uint64_t written;        /* records, since start */
		uint64_t not_journalled; /* taken in, but not written */
		uint64_t
		    dropped_on_read; /* missing or damaged in a journal read */
		const char *state;   /* "ok", or why nothing is written */
	} journal;
	struct {
		bool is_on;                 /* the collector wants keys */
		uint64_t handshakes_failed; /* no key, or a wrong one */
		uint64_t unauthorised; /* messages; certificate since removed */
		uint64_t forged; /* messages under another key's emitter id */
	} access;                /* since start */
	uint64_t overflow[RT_OVERFLOW_COUNT]; /* since start */
	struct rt_quantiles latency[RT_LATENCY_COUNT];
	struct {
		double step_s;
		unsigned cols;   /* newest last */
		unsigned absent; /* of these the first, which are not held */
		uint32_t v[RT_TREND_COUNT][RT_TREND_COLS_MAX];
	} trend;
	struct rt_report_series *series;
	size_t series_count, series_capacity;
	uint64_t series_total; /* groups there are, shown or not */
	struct rt_report_fallback *fallbacks;
	size_t fallbacks_count, fallbacks_capacity;
	struct rt_report_emitter *emitters;
	size_t emitters_count, emitters_capacity;
	struct rt_report_sender *senders;
	size_t senders_count, senders_capacity;
	struct rt_report_canary *canaries;
	size_t canaries_count, canaries_capacity;
	struct rt_report_violation *violations;
	size_t violations_count, violations_capacity;
	struct rt_report_refused *refused;
	size_t refused_count, refused_capacity;
	struct rt_report_alert *alerts; /* the most important first */
	size_t alerts_count, alerts_capacity;
	struct rt_report_tail tail;
	struct rt_report_operation operation;
	struct rt_report_arena *arena; /* owned */
};

void rt_report_init(struct rt_report *r);
void rt_report_fini(struct rt_report *r);
void rt_report_reset(struct rt_report *r);

/* Is it about the past?  Then what has no history is absent: see query.h. */
static inline bool
rt_report_is_past(const struct rt_report *r)
{
	return r->source.at_us != 0;
}

/* Copy into the arena; NULL for an absent slice. */
const char *rt_report_text(struct rt_report *r, struct rt_str s);
/* Zeroed storage in the arena, aligned for any type. */
void *rt_report_alloc(struct rt_report *r, size_t bytes);

/*
 * A new zeroed row at the end; the pointer is valid until the next add.  A series
 * comes with its (zeroed) counts.
 */
struct rt_report_series *rt_report_add_series(struct rt_report *r);
struct rt_report_fallback *rt_report_add_fallback(struct rt_report *r);
struct rt_report_emitter *rt_report_add_emitter(struct rt_report *r);
struct rt_report_sender *rt_report_add_sender(struct rt_report *r);
struct rt_report_canary *rt_report_add_canary(struct rt_report *r);
struct rt_report_violation *rt_report_add_violation(struct rt_report *r);
struct rt_report_refused *rt_report_add_refused(struct rt_report *r);
struct rt_report_alert *rt_report_add_alert(struct rt_report *r);

/* What a row counted; a row without counts has none of anything. */
const struct rt_counts *rt_report_counts_of(const struct rt_report_series *s);
/* Attempts of a row that did not end well. */
uint64_t rt_report_failed(const struct rt_report_series *s);
/*
 * The rows with the most failed attempts, at most `most` of them, the earlier first where
 * equal: how many, their places in worst[].
 */
size_t rt_report_worst(const struct rt_report *r, size_t *worst, size_t most);

/* Those that fire. */
size_t rt_report_firing(const struct rt_report *r);

/* "checkout /v1/chat m-small", "retry-of-quota": what an alert is about. */
void rt_report_alert_about(
    char *out, size_t size, const struct rt_report_alert *a);
/* "9.8% > 5%"; where it cleared: the worst. */
void rt_report_alert_level(char out[80], const struct rt_report_alert *a);

/* As one line of JSON without a newline; overflow of the buffer is the caller's. */
void rt_report_encode(struct rt_buf *b, const struct rt_report *r);

/*
 * The same in pieces: each step writes `bytes` or somewhat more and says whether there is
 * more to write.  *b is the encoder's alone meanwhile, and *r stays as it is.
 */
struct rt_report_encoder {
	struct rt_jsonw w;
	struct rt_buf *buf; /* borrowed, as the next */
	const struct rt_report *report;
	unsigned part, table; /* what comes next */
	size_t row;           /* of it */
};
struct rt_report_encoder rt_report_encode_begin(
    struct rt_buf *b, const struct rt_report *r);
bool rt_report_encode_step(struct rt_report_encoder *e, size_t bytes);

/* Instead of a report: what was wrong with a question.  Resets *b first. */
void rt_report_encode_error(
    struct rt_buf *b, const char *where, const char *what);

/* Resets *r first.  On failure *r is empty and the diag says why. */
RT_NODISCARD enum rt_err rt_report_decode(
    struct rt_report *r, struct rt_str json, struct rt_diag *d);

/* The same numbers for people: plain text, at most 100 columns (report --format text). */
void rt_report_format_text(struct rt_buf *b, const struct rt_report *r);

/*
 * For an incident review, as Markdown: completeness first, what is not asserted last.
 * Names show as they are and cannot become markup (--format markdown).
 */
void rt_report_format_markdown(struct rt_buf *b, const struct rt_report *r);

#endif
