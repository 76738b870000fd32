/* SPDX-License-Identifier: MIT */
/*
 * collect — the collector: one loop that owns all state.
 *
 * Each turn takes a bounded burst from every port and makes one piece of an answer, so that
 * neither a flood of events nor one of questions starves the rest, and nothing in it waits
 * for a viewer.
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

#include "collector/collect_state.h"
#include "collector/command.h"
#include "collector/warm.h"
#include "proto/level.h"
#include "proto/options.h"
#include "proto/signals.h"

#define TICK_MS 250
#define SENDERS 1024u
#define BURST_BYTES (1u << 20)
#define MINUTE_US INT64_C(60000000)
#define BEFORE_BOOT_US (2 * RT_WARM_US) /* whole minutes */

static void say(enum rt_level level, const char *fmt, va_list ap)
    RT_PRINTF(2, 0);

static void
say(enum rt_level level, const char *fmt, va_list ap)
{
	struct rt_diag d = {{0}, {0}};
	char text[sizeof(d.what)];

	vsnprintf(text, sizeof(text), fmt, ap);
	rt_diag_set(&d, NULL, "%s", text);
	fprintf(
	    stderr, "%sretrytop collect: %s\n", rt_level_prefix(level), d.what);
}

void
rt_collect_say(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	say(RT_LEVEL_INFO, fmt, ap);
	va_end(ap);
}

void
rt_collect_warn(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	say(RT_LEVEL_WARNING, fmt, ap);
	va_end(ap);
}

/*
 * The monotonic clock, later by so much that minutes of the windows begin with those of
 * the wall clock, as it stood when the collector was started.
 */
struct rt_moment
rt_collect_moment(void)
{
	static int64_t later_us;
	struct rt_moment at = {rt_clock_mono(), rt_clock_wall()};

	if (later_us == 0)
		later_us = BEFORE_BOOT_US +
		    ((at.wall.us - at.mono.us) % MINUTE_US + MINUTE_US) %
			MINUTE_US;
	at.mono.us += later_us;
	return at;
}

/* ---- the loop ------------------------------------------------------------------ */

/* There is always room for what comes in. */
static bool
has_room(const struct rt_collect *c)
{
	(void)c;
	return true;
}

/* How much of each port a turn takes. */
static const struct {
	enum rt_bus_port port;
	unsigned messages;
	bool (*has_room)(const struct rt_collect *);
	void (*take)(struct rt_collect *, const struct rt_bus_message *,
	    struct rt_moment);
} bursts[] = {
    {RT_BUS_EVENTS, 2048, has_room, rt_collect_take_event},
    {RT_BUS_INTAKE, 64, has_room, rt_collect_take_batch},
    {RT_BUS_QUERY, 8, rt_collect_has_room, rt_collect_take_question},
};

static void
take_burst(struct rt_collect *c, size_t which)
{
	struct rt_moment at = rt_collect_moment();
	struct rt_bus_message m;
	unsigned n = bursts[which].messages;
	size_t bytes = 0;
	enum rt_err err;

	while (n-- > 0 && bytes < BURST_BYTES && bursts[which].has_room(c) &&
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
tend_journal(struct rt_collect *c)
{
	struct rt_wire_header hello;
	struct rt_str to, body;
	uint32_t i;

	while (rt_journal_take_answer(c->journal, &to, &body))
		rt_collect_answer(c, to, body);
	if (rt_journal_wants_positions(c->journal))
		for (i = 0; rt_intake_position(c->intake, i, &hello); i++)
			rt_journal_position(c->journal, &hello);
	rt_journal_flush(c->journal, rt_clock_wall());
}

static void
take_signal(struct rt_collect *c)
{
	struct signalfd_siginfo info;

	if (read(c->signal_fd, &info, sizeof(info)) != sizeof(info))
		return;
	if (info.ssi_signo == SIGHUP) {
		rt_sdnotify_reloading(&c->manager);
		rt_collect_reload(c);
		rt_sdnotify_ready(&c->manager);
	} else {
		rt_sdnotify_stopping(&c->manager);
		c->is_ending = true;
	}
}

static void
tick(struct rt_collect *c, struct rt_moment at)
{
	struct rt_diag d = {{0}, {0}};

	rt_aggregate_tick(c->aggregate, at);
	rt_collect_tend_alerts(c, at);
	rt_collect_tend_owners(c, at, false);
	rt_collect_name_over(c, at);
	rt_sdnotify_tick(&c->manager, at.mono);
	while (rt_bus_has_lost(c->bus, &d)) {
		rt_collect_warn("%s: %s", d.where, d.what);
		c->lost_ports++;
	}
}

static void
run(struct rt_collect *c)
{
	rt_mono_t next_tick = rt_collect_moment().mono;
	size_t i;

	while (!c->is_ending) {
		struct rt_moment at = rt_collect_moment();
		int64_t left_ms = rt_mono_ms_between(at.mono, next_tick);
		int64_t due_ms;

		if (left_ms <= 0) {
			tick(c, at);
			next_tick = rt_mono_add_ms(at.mono, TICK_MS);
			left_ms = TICK_MS;
		}
		due_ms = rt_intake_due_ms(c->intake, at.mono);
		if (due_ms < left_ms)
			left_ms = due_ms;
		if (rt_collect_is_answering(c))
			left_ms = 0;
		if (rt_bus_wait(c->bus, c->wake_fd, (int)left_ms))
			take_signal(c);
		rt_collect_send_due(c, rt_collect_moment());
		if (c->journal)
			tend_journal(c);
		rt_collect_tend_http(c);
		for (i = 0; i < RT_COUNT_OF(bursts); i++)
			take_burst(c, i);
		rt_collect_tend_answers(c);
	}
}

static void
say_totals(struct rt_collect *c)
{
	const struct rt_query all = {.no_series = true};
	struct rt_report *r = &c->report;
	uint64_t rejected = 0;
	unsigned i;

	rt_collect_report(c, &all, rt_collect_moment());
	for (i = 0; i < RT_REJECT_COUNT; i++)
		rejected += r->counts.n[RT_C_REJECT + i];
	rt_collect_say(
	    "ended: accepted %llu, rejected %llu, duplicates %llu, lost %llu, "
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
	signal(SIGPIPE, SIG_IGN);
	signal(SIGXFSZ, SIG_IGN); /* a file limit is a full disk */
	return rt_signals_open(NULL);
}

static void
say_ready(struct rt_collect *c)
{
	int fd = (int)c->said.ready_fd;

	rt_collect_say(
	    "events %s, intake %s, query %s; operation timeout %lld ms; %s",
	    rt_bus_endpoint(c->bus, RT_BUS_EVENTS),
	    rt_bus_endpoint(c->bus, RT_BUS_INTAKE),
	    rt_bus_endpoint(c->bus, RT_BUS_QUERY),
	    (long long)c->config.operation_timeout_ms,
	    c->config.path[0] ? c->config.path : "no configuration file");
	rt_collect_say_access(c->access);
	if (c->http)
		rt_collect_say(
		    "http://%s/metrics and /healthz", rt_http_address(c->http));
	rt_sdnotify_ready(&c->manager);
	if (fd < 0)
		return;
	if (write(fd, "\n", 1) != 1)
		rt_collect_warn("--ready-fd %d: %s", fd, strerror(errno));
	close(fd);
}

/* Signals and the journal as one descriptor. */
static enum rt_err
open_wakers(struct rt_collect *c, struct rt_diag *d)
{
	struct rt_journal_opts o = rt_collect_journal_opts(&c->config);
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
	/* What the collector begins from stays until it has read it. */
	o.keep_bytes = o.keep_age_ms = INT64_MAX;
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
open_http(struct rt_collect *c, struct rt_diag *d)
{
	const char *endpoint = c->config.http.text;
	struct epoll_event e = {.events = EPOLLIN};
	enum rt_err err;

	if (strcmp(endpoint, "off") == 0)
		return RT_OK;
	err = rt_http_open(endpoint, c->said.insecure, &c->http, d);
	if (err == RT_E_IO && !c->said.http.text[0] &&
	    strcmp(endpoint, RT_DEFAULT_HTTP) == 0) {
		rt_collect_warn("no /metrics: %s", d->what);
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
close_http(struct rt_collect *c)
{
	struct rt_http_stats stats;

	if (!c->http)
		return;
	rt_http_stats(c->http, &stats);
	rt_http_close(c->http);
	c->http = NULL;
	rt_collect_say("http: %llu requests answered, %llu connections cut off",
	    (unsigned long long)stats.answered,
	    (unsigned long long)stats.cut_off);
}

static void
close_wakers(struct rt_collect *c)
{
	struct rt_journal_stats last;

	if (c->journal) {
		rt_journal_close(c->journal, &last);
		(last.not_journalled > 0 ? rt_collect_warn : rt_collect_say)(
		    "journal: %llu records written, %llu not journalled, %s",
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

static void
journal_mark(void *arg, const struct rt_mark *m)
{
	rt_journal_mark(arg, m);
}

/* A long journal: the manager waits, and a signal to end does not. */
static bool
goes_on(struct rt_collect *c)
{
	sigset_t pending;

	rt_sdnotify_starting(&c->manager, rt_clock_mono());
	sigemptyset(&pending);
	sigpending(&pending);
	c->is_ending = sigismember(&pending, SIGTERM) == 1 ||
	    sigismember(&pending, SIGINT) == 1;
	if (c->is_ending)
		rt_collect_say("ended while its journal was read");
	return !c->is_ending;
}

/* Give on what the last collectors wrote. */
static void
warm_up(struct rt_collect *c, struct rt_moment now)
{
	struct rt_warm w = {
	    .aggregate = c->aggregate, .intake = c->intake, .now = now};
	struct rt_journal_reader *reader;
	struct rt_journal_frame f;
	struct rt_diag d = {{0}, {0}};
	enum rt_err err =
	    rt_journal_reader_open(c->config.journal.dir, &reader, &d);

	if (err != RT_OK) {
		rt_collect_warn("no warm start: %s: %s", d.where, d.what);
		return;
	}
	rt_journal_reader_seek(reader, rt_warm_begin(now).wall.us);
	while (goes_on(c) &&
	    (err = rt_journal_reader_next(reader, &f, &d)) != RT_E_EMPTY) {
		if (err == RT_OK)
			rt_warm_frame(&w, &f);
		else
			rt_collect_warn("journal: %s: %s", d.where, d.what);
	}
	c->journal_damaged = rt_journal_reader_dropped(reader);
	rt_journal_reader_close(reader);
	rt_aggregate_restored(c->aggregate, rt_collect_moment());
	if (c->is_ending)
		return;
	rt_collect_say(
	    "journal %s: began with %llu records of the last hour and %llu "
	    "positions of senders",
	    c->config.journal.dir, (unsigned long long)w.records,
	    (unsigned long long)w.senders);
}

static void
begin_aggregate(struct rt_collect *c, const struct rt_aggregate_opts *o)
{
	const struct rt_journal_opts keep = rt_collect_journal_opts(&c->config);
	struct rt_moment now = rt_collect_moment();

	if (!c->journal) {
		c->aggregate = rt_aggregate_new(o, now);
		return;
	}
	c->aggregate = rt_aggregate_new(o, rt_warm_begin(now));
	warm_up(c, now);
	rt_journal_set_opts(c->journal, &keep);
	rt_aggregate_on_accepted(c->aggregate, journal_line, c->journal);
	rt_aggregate_on_refused(c->aggregate, journal_mark, c->journal);
}

static int
serve(struct rt_collect *c)
{
	struct rt_endpoint endpoints[RT_BUS_COUNT];
	struct rt_aggregate_opts o;
	struct rt_limit limit = rt_collect_limit(c);
	struct rt_diag d = {{0}, {0}};
	enum rt_err err;
	unsigned i;

	err = open_wakers(c, &d);
	if (err != RT_OK)
		return rt_options_fail("collect", &d, RT_EXIT_IO);
	for (i = 0; i < RT_BUS_COUNT; i++)
		endpoints[i] =
		    *rt_collect_endpoint(&c->config, (enum rt_bus_port)i);
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
	o = rt_collect_aggregate_opts(c);
	c->intake = rt_intake_new(SENDERS);
	rt_intake_set_limit(c->intake, &limit);
	c->owner = rt_owner_new();
	c->alerts = rt_alerts_new(&c->config.alerts);
	if (rt_sdnotify_open(&c->manager, &d) != RT_OK)
		rt_collect_warn("%s: %s", d.where, d.what);
	begin_aggregate(c, &o);
	rt_collect_open_owners(c);
	rt_report_init(&c->report);
	rt_collect_asks_init(&c->asks);
	rt_buf_init(&c->answer, RT_REPORT_MAX);
	if (!c->is_ending) {
		say_ready(c);
		run(c);
		say_totals(c);
	}
	close_http(c);
	rt_collect_tend_owners(c, rt_collect_moment(), true);
	rt_buf_fini(&c->answer);
	rt_report_fini(&c->report);
	rt_collect_asks_fini(&c->asks);
	rt_alerts_free(c->alerts);
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
	struct rt_collect c = {.said = {.ready_fd = -1, .emitter_rate = -1}};
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
	    RT_OPTION_COUNT_OF(0, "emitter-rate", &c.said.emitter_rate, 0,
		RT_LIMIT_RATE_MAX,
		"records a second that an emitter may send (100000); 0: any "
		"number"),
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
	    RT_OPTION_TEXT(0, "owners", &c.said.owners, "FILE",
		"keep there which key an emitter id belongs to (without: in "
		"the journal's folder)"),
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
	err = rt_collect_read_config(&c, &c.config, &d);
	if (err == RT_OK)
		err = rt_collect_read_access(&c.config, &c.access, &d);
	if (err != RT_OK)
		return rt_options_fail("collect", &d, rt_config_exit(err));
	code = serve(&c);
	rt_access_free(c.access);
	return code;
}
