/* SPDX-License-Identifier: MIT */
/*
 * collect — the collector: one loop that owns all state.
 *
 * Each turn takes a bounded burst from every port, so that neither a flood of events nor
 * one of questions starves the rest, and nothing in it waits for a viewer.
 */
#include <errno.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "collector/aggregate.h"
#include "collector/bus.h"
#include "collector/command.h"
#include "collector/config.h"
#include "collector/http.h"
#include "collector/intake.h"
#include "collector/journal.h"
#include "collector/metrics.h"
#include "collector/owner.h"
#include "collector/sdnotify.h"
#include "collector/warm.h"
#include "proto/event.h"
#include "proto/jsonw.h"
#include "proto/options.h"

#define TICK_MS 250
#define SENDERS 1024u
#define BURST_BYTES (1u << 20)
#define BEFORE_BOOT_US (2 * RT_WARM_US)

struct collect {
	/* What the command line said; it wins over the file. */
	struct {
		const char *config;  /* NULL: the usual places */
		const char *journal; /* NULL: not said */
		const char *secret, *emitters, *viewers; /* NULL: not said */
		struct rt_endpoint
		    endpoints[RT_BUS_COUNT];  /* empty: not said */
		struct rt_endpoint http;      /* the same */
		int64_t operation_timeout_ms; /* 0: not said */
		bool insecure;
		int64_t ready_fd; /* -1: nobody waits */
	} said;
	struct rt_config config;
	struct rt_aggregate *aggregate; /* owned */
	struct rt_intake *intake;       /* owned */
	struct rt_access *access;       /* owned; NULL: no keys */
	struct rt_owner *owner;         /* owned */
	uint64_t forged;    /* messages under the emitter id of another key */
	struct rt_bus *bus; /* owned */
	struct rt_journal *journal; /* owned; NULL: none is kept */
	struct rt_http *http;       /* owned; NULL: off */
	struct rt_sdnotify manager;
	uint64_t journal_damaged; /* records that warming up missed */
	int signal_fd;
	int wake_fd; /* signals; where they are there: journal, http */
	bool is_ending;
	struct rt_report report;
	struct rt_buf answer;
	uint64_t bad_queries, unread_answers;
	char source[RT_WIRE_EMITTER_MAX + 16];
};

static void __attribute__((format(printf, 1, 2))) say(const char *fmt, ...)
{
	struct rt_diag d = {{0}, {0}};
	char text[sizeof(d.what)];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	rt_diag_set(&d, NULL, "%s", text);
	fprintf(stderr, "retrytop collect: %s\n", d.what);
}

/*
 * The collector's clock begins before the machine did, so that what a journal tells of
 * the hour before has a place on it.
 */
static struct rt_moment
moment(void)
{
	return (struct rt_moment){
	    {rt_clock_mono().us + BEFORE_BOOT_US}, rt_clock_wall()};
}

/* ---- configuration ------------------------------------------------------------- */

static struct rt_endpoint *
endpoint_of(struct rt_config *c, enum rt_bus_port port)
{
	switch (port) {
	case RT_BUS_EVENTS: return &c->events;
	case RT_BUS_INTAKE: return &c->intake;
	case RT_BUS_QUERY:
	case RT_BUS_COUNT: break;
	}
	return &c->query;
}

/* Paths that the command line names. */
static enum rt_err
say_paths(const struct collect *c, struct rt_config *out, struct rt_diag *d)
{
	const struct {
		const char *flag, *said;
		char *into;
		size_t size;
	} rows[] = {
	    {"--journal", c->said.journal, out->journal.dir,
		sizeof(out->journal.dir)},
	    {"--secret", c->said.secret, out->access.secret,
		sizeof(out->access.secret)},
	    {"--emitters", c->said.emitters, out->access.emitters,
		sizeof(out->access.emitters)},
	    {"--viewers", c->said.viewers, out->access.viewers,
		sizeof(out->access.viewers)},
	};
	size_t i;

	for (i = 0; i < RT_COUNT_OF(rows); i++) {
		if (!rows[i].said)
			continue;
		if (strlen(rows[i].said) >= rows[i].size) {
			rt_diag_set(d, rows[i].flag, "the path is too long");
			return RT_E_CONFIG;
		}
		memcpy(rows[i].into, rows[i].said, strlen(rows[i].said) + 1);
	}
	return RT_OK;
}

/* Who may come in, by a configuration; *out stays NULL where it names no keys. */
static enum rt_err
read_access(
    const struct rt_config *c, struct rt_access **out, struct rt_diag *d)
{
	const struct rt_access_paths paths = {c->access.secret,
	    {[RT_ACCESS_EMIT] = c->access.emitters,
		[RT_ACCESS_VIEW] = c->access.viewers}};

	if (c->access.secret[0])
		return rt_access_read(&paths, out, d);
	if (c->access.emitters[0] == '\0' && c->access.viewers[0] == '\0')
		return RT_OK;
	rt_diag_set(d, "access",
	    "emitters and viewers need the collector's own certificate: "
	    "secret");
	return RT_E_CONFIG;
}

static void
say_access(const struct rt_access *a)
{
	if (a)
		say("keys: %u certificates may publish, %u may ask",
		    a->lists[RT_ACCESS_EMIT].count,
		    a->lists[RT_ACCESS_VIEW].count);
}

/* The file, overruled by the command line. */
static enum rt_err
read_config(const struct collect *c, struct rt_config *out, struct rt_diag *d)
{
	enum rt_err err = rt_config_read(out, c->said.config, d);
	unsigned i;

	if (err != RT_OK)
		return err;
	for (i = 0; i < RT_BUS_COUNT; i++)
		if (c->said.endpoints[i].text[0])
			*endpoint_of(out, (enum rt_bus_port)i) =
			    c->said.endpoints[i];
	if (c->said.http.text[0])
		out->http = c->said.http;
	if (c->said.operation_timeout_ms)
		out->operation_timeout_ms = c->said.operation_timeout_ms;
	return say_paths(c, out, d);
}

/* The decision map stays borrowed from c->config. */
static struct rt_aggregate_opts
aggregate_opts(const struct collect *c)
{
	return (struct rt_aggregate_opts){
	    .is_live = true,
	    .operation_timeout_ms = c->config.operation_timeout_ms,
	    .capacity = c->config.capacity,
	    .policies = &c->config.policy.policies,
	    .decode = {.decisions = &c->config.decisions,
		.attempt_base = (int)c->config.attempt_base},
	};
}

static struct rt_journal_opts
journal_opts(const struct rt_config *c)
{
	return (struct rt_journal_opts){
	    .dir = c->journal.dir,
	    .segment_bytes = c->journal.segment_bytes,
	    .segment_age_ms = c->journal.segment_age_ms,
	    .keep_bytes = c->journal.keep_bytes,
	    .keep_age_ms = c->journal.keep_age_ms,
	};
}

/* Sockets keep the certificate they were bound with. */
static bool
is_other_server(const struct rt_access *old, const struct rt_access *fresh)
{
	if (!old || !fresh)
		return old != fresh;
	return strcmp(old->server.public_key, fresh->server.public_key) != 0;
}

static bool
needs_restart(struct rt_config *old, struct rt_config *fresh)
{
	unsigned i;

	for (i = 0; i < RT_BUS_COUNT; i++)
		if (strcmp(endpoint_of(old, (enum rt_bus_port)i)->text,
			endpoint_of(fresh, (enum rt_bus_port)i)->text) != 0)
			return true;
	if (strcmp(old->journal.dir, fresh->journal.dir) != 0 ||
	    strcmp(old->http.text, fresh->http.text) != 0)
		return true;
	return memcmp(&old->capacity, &fresh->capacity,
		   sizeof(fresh->capacity)) != 0;
}

/* Keys cannot be turned on or off while sockets are bound; lists can change. */
static void
set_access(struct collect *c, struct rt_access *access)
{
	if (c->access && access) {
		rt_bus_set_access(c->bus, access);
		say_access(access);
		access->server = c->access->server;
		rt_access_free(c->access);
		c->access = access;
	} else {
		rt_access_free(access);
	}
}

static void
reload(struct collect *c)
{
	struct rt_config fresh;
	struct rt_aggregate_opts o;
	struct rt_journal_opts journal;
	struct rt_access *access = NULL;
	struct rt_diag d = {{0}, {0}};
	bool later;

	if (read_config(c, &fresh, &d) != RT_OK ||
	    read_access(&fresh, &access, &d) != RT_OK) {
		say("reload refused, the old configuration stays: %s: %s",
		    d.where, d.what);
		return;
	}
	later = needs_restart(&c->config, &fresh) ||
	    is_other_server(c->access, access);
	set_access(c, access);
	c->config = fresh;
	o = aggregate_opts(c);
	rt_aggregate_set_opts(c->aggregate, &o);
	journal = journal_opts(&c->config);
	if (c->journal)
		rt_journal_set_opts(c->journal, &journal);
	say("reloaded %s: operation timeout %lld ms, attempt base %lld, %u "
	    "decision codes%s",
	    fresh.path[0] ? fresh.path : "the defaults",
	    (long long)fresh.operation_timeout_ms,
	    (long long)fresh.attempt_base, fresh.decisions.count,
	    later ? "; endpoints, capacities, the journal's folder and the "
		    "collector's own key need a restart"
		  : "");
}

/* ---- intake -------------------------------------------------------------------- */

/* A message that holds no record still has to be seen: as one that is no JSON. */
static void
refuse(struct collect *c, struct rt_moment at, const char *source,
    const char *what)
{
	rt_aggregate_record(c->aggregate, rt_str_of(what), at, source);
}

static void
take_event(
    struct collect *c, const struct rt_bus_message *m, struct rt_moment at)
{
	char what[96];

	if (m->frames != 1) {
		snprintf(what, sizeof(what),
		    "(a message of %u frames; events are single frames)",
		    m->frames);
		refuse(c, at, "events", what);
	} else if (m->body.len > RT_MESSAGE_MAX) {
		rt_aggregate_record(c->aggregate, m->body, at, "events");
	} else {
		rt_aggregate_message(c->aggregate, m->body, at, "events");
	}
}

static void
send_answer(struct collect *c, struct rt_str to, struct rt_str body)
{
	/* An answer that is lost is covered by the next one. */
	if (rt_bus_answer_to(c->bus, RT_BUS_INTAKE, to, RT_STR_NONE, body) !=
	    RT_OK)
		c->unread_answers++;
}

static void
answer_sender(
    struct collect *c, struct rt_str to, const struct rt_wire_answer *answer)
{
	char text[RT_WIRE_HEADER_MAX];
	size_t len = rt_wire_answer_encode(text, sizeof(text), answer);

	if (c->journal)
		rt_journal_answer(c->journal, to, (struct rt_str){text, len});
	else
		send_answer(c, to, (struct rt_str){text, len});
}

/* Where the sender stands goes to the journal together with its records. */
static void
note_position(struct collect *c, const struct rt_wire_header *h)
{
	struct rt_wire_header hello;

	if (c->journal && rt_intake_position_of(c->intake, h, &hello))
		rt_journal_position(c->journal, &hello);
}

static void
take_batch(
    struct collect *c, const struct rt_bus_message *m, struct rt_moment at)
{
	struct rt_wire_header h = {0};
	struct rt_intake_verdict v;
	struct rt_str records;
	enum rt_err err = m->frames == 3
	    ? rt_wire_header_decode(m->head.p, m->head.len, &h)
	    : RT_E_SYNTAX;

	if (err != RT_OK && err != RT_E_VERSION) {
		refuse(c, at, "intake",
		    "(a message without a header of acknowledged delivery)");
		return;
	}
	snprintf(c->source, sizeof(c->source), "intake %s", h.emitter);
	if (err == RT_OK &&
	    (m->body.len > RT_MESSAGE_MAX ||
		rt_intake_records(m->body, h.count, 0, &records) != RT_OK)) {
		refuse(c, at, c->source,
		    "(a batch that is too large or not what its header says)");
		return;
	}
	/* No answer: what a forger is told is nothing. */
	if (err == RT_OK && m->key &&
	    !rt_owner_claim(c->owner, m->key, h.emitter)) {
		c->forged++;
		return;
	}
	rt_intake_take(c->intake, &h, at.mono, &v);
	if (v.action == RT_INTAKE_TAKE &&
	    rt_intake_records(m->body, h.count, v.skip, &records) == RT_OK) {
		rt_aggregate_message(c->aggregate, records, at, c->source);
		note_position(c, &h);
	}
	answer_sender(c, m->from, &v.answer);
}

/* ---- questions ----------------------------------------------------------------- */

static void
report_journal(struct collect *c)
{
	struct rt_report *r = &c->report;
	struct rt_journal_stats stats;

	if (!c->journal)
		return;
	rt_journal_stats(c->journal, &stats);
	r->journal.is_on = true;
	r->journal.written = stats.written;
	r->journal.not_journalled = stats.not_journalled;
	r->journal.dropped_on_read = c->journal_damaged;
	r->journal.state = rt_report_text(r, rt_str_of(stats.state));
}

static void
report_access(struct collect *c)
{
	struct rt_report *r = &c->report;
	struct rt_bus_stats stats = rt_bus_stats(c->bus);

	r->access.is_on = c->access != NULL;
	r->access.forged = c->forged;
	r->access.unauthorised = stats.unauthorised;
	r->access.handshakes_failed = stats.handshakes_failed;
	r->overflow[RT_OVERFLOW_OWNERS] += rt_owner_forgotten(c->owner);
}

static void
fill_report(struct collect *c, const struct rt_query *q, struct rt_moment at)
{
	rt_report_reset(&c->report);
	c->report.source.name = rt_report_text(
	    &c->report, rt_str_of(rt_bus_endpoint(c->bus, RT_BUS_QUERY)));
	rt_aggregate_report(c->aggregate, q, at, &c->report);
	c->report.source.version = RT_VERSION_TEXT;
	rt_intake_report(c->intake, at.mono, &c->report);
	report_journal(c);
	report_access(c);
}

static void
write_error(struct rt_buf *b, const char *where, const char *what)
{
	struct rt_jsonw w;

	rt_buf_reset(b);
	w = rt_jsonw_begin(b);
	rt_jsonw_object(&w, NULL);
	rt_jsonw_text(&w, "schema", "retrytop-error/v1");
	rt_jsonw_text(&w, "where", where);
	rt_jsonw_text(&w, "error", what);
	rt_jsonw_end(&w);
}

static void
take_question(
    struct collect *c, const struct rt_bus_message *m, struct rt_moment at)
{
	struct rt_query q;
	struct rt_diag d = {{0}, {0}};

	if (m->frames != 3) {
		c->bad_queries++;
		return;
	}
	rt_buf_reset(&c->answer);
	if (rt_query_decode(&q, m->body, &d) == RT_OK) {
		fill_report(c, &q, at);
		rt_report_encode(&c->answer, &c->report);
		if (c->answer.overflow)
			write_error(&c->answer, "report",
			    "larger than an answer may be; ask for fewer rows");
	} else {
		c->bad_queries++;
		write_error(&c->answer, d.where, d.what);
	}
	if (rt_bus_answer(c->bus, RT_BUS_QUERY, m->head,
		(struct rt_str){c->answer.p, c->answer.len}) != RT_OK)
		c->unread_answers++;
}

/* Whoever asks by HTTP reads the counters since the start. */
static void
tend_http(struct collect *c)
{
	static const struct rt_query all = {
	    /* and the one of what did not fit */
	    .rows = RT_METRICS_SERIES_MAX + 1,
	    .sort = RT_SORT_ATTEMPTS};

	if (!rt_http_take_question(c->http))
		return;
	fill_report(c, &all, moment());
	rt_http_answer(c->http, &c->report);
}

/* ---- the loop ------------------------------------------------------------------ */

/* How much of each port a turn takes. */
static const struct {
	enum rt_bus_port port;
	unsigned messages;
	void (*take)(
	    struct collect *, const struct rt_bus_message *, struct rt_moment);
} bursts[] = {
    {RT_BUS_EVENTS, 2048, take_event},
    {RT_BUS_INTAKE, 64, take_batch},
    {RT_BUS_QUERY, 8, take_question},
};

static void
take_burst(struct collect *c, size_t which)
{
	struct rt_moment at = moment();
	struct rt_bus_message m;
	unsigned n = bursts[which].messages;
	size_t bytes = 0;
	enum rt_err err;

	while (n-- > 0 && bytes < BURST_BYTES &&
	    (err = rt_bus_take(c->bus, bursts[which].port, &m)) != RT_E_AGAIN) {
		if (err != RT_E_EMPTY)
			bursts[which].take(c, &m, at);
		bytes += m.bytes;
	}
	if (c->journal)
		rt_journal_flush(c->journal, at.wall);
}

/* Answers whose records are written; what each new segment has to begin with. */
static void
tend_journal(struct collect *c)
{
	struct rt_wire_header hello;
	struct rt_str to, body;
	uint32_t i;

	while (rt_journal_take_answer(c->journal, &to, &body))
		send_answer(c, to, body);
	if (rt_journal_wants_positions(c->journal))
		for (i = 0; rt_intake_position(c->intake, i, &hello); i++)
			rt_journal_position(c->journal, &hello);
	rt_journal_flush(c->journal, rt_clock_wall());
}

static void
take_signal(struct collect *c)
{
	struct signalfd_siginfo info;

	if (read(c->signal_fd, &info, sizeof(info)) != sizeof(info))
		return;
	if (info.ssi_signo == SIGHUP) {
		rt_sdnotify_reloading(&c->manager);
		reload(c);
		rt_sdnotify_ready(&c->manager);
	} else {
		rt_sdnotify_stopping(&c->manager);
		c->is_ending = true;
	}
}

static void
tick(struct collect *c, struct rt_moment at)
{
	struct rt_diag d = {{0}, {0}};

	rt_aggregate_tick(c->aggregate, at);
	rt_sdnotify_tick(&c->manager, at.mono);
	while (rt_bus_has_lost(c->bus, &d))
		say("%s: %s", d.where, d.what);
}

static void
run(struct collect *c)
{
	rt_mono_t next_tick = moment().mono;
	size_t i;

	while (!c->is_ending) {
		struct rt_moment at = moment();
		int64_t left_ms = rt_mono_ms_between(at.mono, next_tick);

		if (left_ms <= 0) {
			tick(c, at);
			next_tick = rt_mono_add_ms(at.mono, TICK_MS);
			left_ms = TICK_MS;
		}
		if (rt_bus_wait(c->bus, c->wake_fd, (int)left_ms))
			take_signal(c);
		if (c->journal)
			tend_journal(c);
		tend_http(c);
		for (i = 0; i < RT_COUNT_OF(bursts); i++)
			take_burst(c, i);
	}
}

static void
say_totals(struct collect *c)
{
	const struct rt_query all = {.no_series = true};
	struct rt_report *r = &c->report;
	uint64_t rejected = 0;
	unsigned i;

	fill_report(c, &all, moment());
	for (i = 0; i < RT_REJECT_COUNT; i++)
		rejected += r->counts.n[RT_C_REJECT + i];
	say("ended: accepted %llu, rejected %llu, duplicates %llu, lost %llu, "
	    "unexplained %llu, questions refused %llu, answers unread %llu",
	    (unsigned long long)r->counts.n[RT_C_ACCEPTED],
	    (unsigned long long)rejected,
	    (unsigned long long)r->counts.n[RT_C_DUPLICATES],
	    (unsigned long long)r->lost, (unsigned long long)r->unexplained,
	    (unsigned long long)c->bad_queries,
	    (unsigned long long)c->unread_answers);
}

/* ---- start --------------------------------------------------------------------- */

/* Before any thread is there: ZeroMQ's inherit the mask. */
static int
open_signals(void)
{
	sigset_t set;

	signal(SIGPIPE, SIG_IGN);
	signal(SIGXFSZ, SIG_IGN); /* a file limit is a full disk */
	sigemptyset(&set);
	sigaddset(&set, SIGHUP);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGTERM);
	sigprocmask(SIG_BLOCK, &set, NULL);
	return signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
}

static void
say_ready(struct collect *c)
{
	int fd = (int)c->said.ready_fd;

	say("events %s, intake %s, query %s; operation timeout %lld ms; %s",
	    rt_bus_endpoint(c->bus, RT_BUS_EVENTS),
	    rt_bus_endpoint(c->bus, RT_BUS_INTAKE),
	    rt_bus_endpoint(c->bus, RT_BUS_QUERY),
	    (long long)c->config.operation_timeout_ms,
	    c->config.path[0] ? c->config.path : "no configuration file");
	say_access(c->access);
	if (c->http)
		say("http://%s/metrics and /healthz", rt_http_address(c->http));
	rt_sdnotify_ready(&c->manager);
	if (fd < 0)
		return;
	if (write(fd, "\n", 1) != 1)
		say("--ready-fd %d: %s", fd, strerror(errno));
	close(fd);
}

/* Signals and the journal as one descriptor. */
static enum rt_err
open_wakers(struct collect *c, struct rt_diag *d)
{
	struct rt_journal_opts o = journal_opts(&c->config);
	struct epoll_event e = {.events = EPOLLIN};
	enum rt_err err;

	c->signal_fd = open_signals();
	c->wake_fd = epoll_create1(EPOLL_CLOEXEC);
	if (c->signal_fd < 0 || c->wake_fd < 0 ||
	    epoll_ctl(c->wake_fd, EPOLL_CTL_ADD, c->signal_fd, &e) != 0) {
		rt_diag_set(d, "signals", "%s", strerror(errno));
		return RT_E_IO;
	}
	if (o.dir[0] == '\0')
		return RT_OK;
	err = rt_journal_open(&o, &c->journal, d);
	if (err == RT_OK &&
	    epoll_ctl(c->wake_fd, EPOLL_CTL_ADD, rt_journal_fd(c->journal),
		&e) != 0) {
		rt_diag_set(d, o.dir, "%s", strerror(errno));
		err = RT_E_IO;
	}
	return err;
}

/*
 * An address that nobody named and somebody has is no reason not to start: a second
 * collector needs endpoints of its own, not a page of its own.
 */
static enum rt_err
open_http(struct collect *c, struct rt_diag *d)
{
	const char *endpoint = c->config.http.text;
	struct epoll_event e = {.events = EPOLLIN};
	enum rt_err err;

	if (strcmp(endpoint, "off") == 0)
		return RT_OK;
	err = rt_http_open(endpoint, c->said.insecure, &c->http, d);
	if (err == RT_E_IO && !c->said.http.text[0] &&
	    strcmp(endpoint, RT_DEFAULT_HTTP) == 0) {
		say("no /metrics: %s", d->what);
		return RT_OK;
	}
	if (err == RT_OK &&
	    epoll_ctl(c->wake_fd, EPOLL_CTL_ADD, rt_http_fd(c->http), &e) !=
		0) {
		rt_diag_set(d, "--http", "%s", strerror(errno));
		err = RT_E_IO;
	}
	return err;
}

static void
close_http(struct collect *c)
{
	struct rt_http_stats stats;

	if (!c->http)
		return;
	rt_http_stats(c->http, &stats);
	rt_http_close(c->http);
	c->http = NULL;
	say("http: %llu requests answered, %llu connections cut off",
	    (unsigned long long)stats.answered,
	    (unsigned long long)stats.cut_off);
}

static void
close_wakers(struct collect *c)
{
	struct rt_journal_stats last;

	if (c->journal) {
		rt_journal_close(c->journal, &last);
		say("journal: %llu records written, %llu not journalled, %s",
		    (unsigned long long)last.written,
		    (unsigned long long)last.not_journalled, last.state);
	}
	close(c->wake_fd);
	close(c->signal_fd);
}

static void
journal_line(void *arg, struct rt_str line)
{
	rt_journal_add(arg, line);
}

/* Give on what the last collectors wrote. */
static void
warm_up(struct collect *c, struct rt_moment now)
{
	struct rt_warm w = {
	    .aggregate = c->aggregate, .intake = c->intake, .now = now};
	struct rt_journal_reader *reader;
	struct rt_journal_frame f;
	struct rt_diag d = {{0}, {0}};
	enum rt_err err =
	    rt_journal_reader_open(c->config.journal.dir, &reader, &d);

	if (err != RT_OK) {
		say("no warm start: %s: %s", d.where, d.what);
		return;
	}
	rt_journal_reader_seek(reader, rt_warm_begin(now).wall.us);
	while ((err = rt_journal_reader_next(reader, &f, &d)) != RT_E_EMPTY) {
		if (err == RT_OK)
			rt_warm_frame(&w, &f);
		else
			say("journal: %s: %s", d.where, d.what);
	}
	c->journal_damaged = rt_journal_reader_dropped(reader);
	rt_journal_reader_close(reader);
	rt_aggregate_restored(c->aggregate, moment());
	say("journal %s: began with %llu records of the last hour and %llu "
	    "positions of senders",
	    c->config.journal.dir, (unsigned long long)w.records,
	    (unsigned long long)w.senders);
}

static void
begin_aggregate(struct collect *c, const struct rt_aggregate_opts *o)
{
	struct rt_moment now = moment();

	if (!c->journal) {
		c->aggregate = rt_aggregate_new(o, now);
		return;
	}
	c->aggregate = rt_aggregate_new(o, rt_warm_begin(now));
	warm_up(c, now);
	rt_aggregate_on_accepted(c->aggregate, journal_line, c->journal);
}

static int
serve(struct collect *c)
{
	struct rt_endpoint endpoints[RT_BUS_COUNT];
	struct rt_aggregate_opts o;
	struct rt_diag d = {{0}, {0}};
	enum rt_err err;
	unsigned i;

	err = open_wakers(c, &d);
	if (err != RT_OK)
		return rt_options_fail("collect", &d, RT_EXIT_IO);
	for (i = 0; i < RT_BUS_COUNT; i++)
		endpoints[i] = *endpoint_of(&c->config, (enum rt_bus_port)i);
	err = rt_bus_open(endpoints, c->access, c->said.insecure, &c->bus, &d);
	if (err == RT_OK)
		err = open_http(c, &d);
	if (err != RT_OK) {
		close_http(c);
		rt_bus_close(c->bus);
		close_wakers(c);
		return rt_options_fail("collect", &d,
		    err == RT_E_USAGE ? RT_EXIT_USAGE : RT_EXIT_IO);
	}
	o = aggregate_opts(c);
	c->intake = rt_intake_new(SENDERS);
	c->owner = rt_owner_new();
	begin_aggregate(c, &o);
	rt_report_init(&c->report);
	rt_buf_init(&c->answer, RT_REPORT_MAX);
	if (rt_sdnotify_open(&c->manager, &d) != RT_OK)
		say("%s: %s", d.where, d.what);
	say_ready(c);
	run(c);
	close_http(c);
	say_totals(c);
	rt_buf_fini(&c->answer);
	rt_report_fini(&c->report);
	rt_intake_free(c->intake);
	rt_owner_free(c->owner);
	rt_aggregate_free(c->aggregate);
	rt_bus_close(c->bus);
	close_wakers(c);
	rt_sdnotify_close(&c->manager);
	return RT_EXIT_OK;
}

int
rt_cmd_collect(int argc, char **argv)
{
	struct collect c = {.said = {.ready_fd = -1}};
	const struct rt_option rows[] = {
	    RT_OPTION_ENDPOINT(0, "events", &c.said.endpoints[RT_BUS_EVENTS],
		RT_PORT_EVENTS,
		"open intake, for any PUB socket (" RT_DEFAULT_EVENTS ")"),
	    RT_OPTION_ENDPOINT(0, "intake", &c.said.endpoints[RT_BUS_INTAKE],
		RT_PORT_INTAKE, "acknowledged intake (" RT_DEFAULT_INTAKE ")"),
	    RT_OPTION_ENDPOINT(0, "query", &c.said.endpoints[RT_BUS_QUERY],
		RT_PORT_QUERY, "where viewers ask (" RT_DEFAULT_QUERY ")"),
	    RT_OPTION_ENDPOINT(0, "http", &c.said.http, RT_PORT_HTTP,
		"/metrics and /healthz (" RT_DEFAULT_HTTP ")"),
	    RT_OPTION_TEXT(0, "config", &c.said.config, "FILE",
		"configuration, read again on SIGHUP"),
	    RT_OPTION_DURATION(0, "operation-timeout",
		&c.said.operation_timeout_ms, 1000, 86400000,
		"silence that makes an operation an orphan (120)"),
	    RT_OPTION_TEXT(0, "journal", &c.said.journal, "DIR",
		"keep accepted records there; begin with those of the last "
		"hour"),
	    RT_OPTION_TEXT(0, "secret", &c.said.secret, "FILE",
		"the collector's secret certificate: nobody comes in without "
		"a key"),
	    RT_OPTION_TEXT(0, "emitters", &c.said.emitters, "DIR",
		"public certificates (*.pub) that may publish"),
	    RT_OPTION_TEXT(0, "viewers", &c.said.viewers, "DIR",
		"public certificates (*.pub) that may ask"),
	    RT_OPTION_FLAG(0, "insecure", &c.said.insecure,
		"allow endpoints that other machines can reach, without keys"),
	    RT_OPTION_COUNT_OF(0, "ready-fd", &c.said.ready_fd, 0, 65535,
		"write one byte there once all is bound"),
	};
	const struct rt_options o = {"collect", NULL,
	    "Takes events in and answers viewers; `off` closes an endpoint, "
	    "`tcp://127.0.0.1:*` takes a free port.",
	    rows, RT_COUNT_OF(rows)};
	struct rt_diag d = {{0}, {0}};
	enum rt_err err;
	int code = rt_options_parse(&o, &argc, argv);

	if (code != RT_OPTIONS_GO)
		return code;
	err = read_config(&c, &c.config, &d);
	if (err == RT_OK)
		err = read_access(&c.config, &c.access, &d);
	if (err != RT_OK)
		return rt_options_fail("collect", &d, rt_config_exit(err));
	code = serve(&c);
	rt_access_free(c.access);
	return code;
}
