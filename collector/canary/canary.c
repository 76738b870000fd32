/* SPDX-License-Identifier: MIT */
#include "collector/canary/canary.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/random.h>
#include <unistd.h>

#include "collector/canary/fault.h"
#include "collector/canary/probe.h"
#include "collector/config.h"
#include "proto/curve.h"
#include "proto/encode.h"
#include "proto/jsonw.h"
#include "proto/options.h"
#include "proto/retrytop.h"
#include "proto/signals.h"

#define QUICK_CONNECT_MS 5000

/* Of one target, by place in `all`. */
struct runner {
	struct rt_probe probe;
	bool is_chosen, is_running, is_over;
	enum rt_pause said; /* the pause that was told of last */
};

struct canary {
	/* options */
	const char *url, *model, *key_env, *key_file, *service, *config;
	int64_t key_fd;
	unsigned surface;
	struct rt_option_list names, headers;
	struct rt_endpoint intake;
	struct rt_curve_paths certs;
	int64_t interval_ms, timeout_ms, ready_fd;
	bool is_once, is_stream, as_json, allows_plain;
	/* what runs */
	struct rt_targets all;
	struct rt_key keys[RT_TARGETS_MAX];
	struct rt_schedule schedules[RT_TARGETS_MAX];
	struct rt_retry_budget budgets[RT_TARGETS_MAX];
	struct runner runners[RT_TARGETS_MAX];
	struct rt_probe_env env;
	int signal_fd;
	uint64_t dice;
	struct rt_emitter *emitter; /* NULL: --intake off */
	bool has_failed;
};

/* ---- saying ------------------------------------------------------------------------ */

static void
publish(void *context, const struct rt_probe *p)
{
	struct canary *c = context;
	struct rt_buf event;

	if (!c->emitter)
		return;
	rt_buf_init(&event, RT_RECORD_MAX);
	rt_encode(&event, &p->event);
	(void)rt_emitter_emit_json(c->emitter, event.p, event.len);
	rt_buf_fini(&event);
}

/* How a line calls a target: by its section, or by the model of the command line. */
static const char *
label_of(const struct rt_target *t)
{
	return t->name[0] ? t->name : t->model;
}

static void
print_line(const struct rt_probe *p)
{
	const struct rt_event *e = &p->event;
	char when[32];

	rt_text_from_time(when, e->ts_us);
	printf("%s %-8s %s", when, rt_verdict_name(p->verdict),
	    label_of(p->first));
	if (p->answer.status)
		printf(" %d", p->answer.status);
	printf(" %.0f ms", p->answer.phases_ms[RT_PHASE_TOTAL]);
	if (p->retry.attempts > 1)
		printf(" attempts=%u", p->retry.attempts);
	if (p->at != p->first)
		printf(" by=%s", label_of(p->at));
	if (p->judgement.error_type)
		printf(" %s (%s)", rt_class_name(e->error_class),
		    p->judgement.error_type);
	else if (!p->judgement.usage_seen)
		printf(" no usage");
	else if (p->judgement.is_lacking)
		printf(" not the required end");
	putchar('\n');
}

static void
say_result(const struct canary *c, const struct rt_probe *p)
{
	struct rt_buf b;

	if (c->as_json) {
		rt_buf_init(&b, 65536);
		rt_probe_write(&b, p);
		printf("%s\n", b.p);
		rt_buf_fini(&b);
	} else {
		print_line(p);
	}
	fflush(stdout);
}

static void
print_pause_json(const struct rt_target *t, enum rt_pause why, int64_t wait_ms)
{
	struct rt_jsonw w;
	struct rt_buf b;

	rt_buf_init(&b, 4096);
	w = rt_jsonw_begin(&b);
	rt_jsonw_object(&w, NULL);
	rt_jsonw_text(&w, "target", t->name);
	rt_jsonw_text(&w, "reason", rt_pause_name(why));
	if (wait_ms >= 0)
		rt_jsonw_int(&w, "wait_ms", wait_ms);
	rt_jsonw_text(&w, "verdict", rt_verdict_name(RT_VERDICT_PAUSED));
	rt_jsonw_end(&w);
	printf("%s\n", b.p);
	fflush(stdout);
	rt_buf_fini(&b);
}

/* Once per pause, when it begins to hold a turn back. */
static void
say_pause(const struct canary *c, struct runner *r, const struct rt_target *t,
    enum rt_pause why, int64_t wait_ms)
{
	if (r->said == why)
		return;
	r->said = why;
	if (c->as_json)
		print_pause_json(t, why, wait_ms);
	if (why == RT_PAUSE_PER_RUN)
		fprintf(stderr,
		    "retrytop canary: %s: max_per_run is used up; no more\n",
		    label_of(t));
	else if (why == RT_PAUSE_RATE || why == RT_PAUSE_QUOTA)
		fprintf(stderr,
		    "retrytop canary: %s: paused for %lld s, as asked (%s)\n",
		    label_of(t), (long long)(wait_ms + 500) / 1000,
		    rt_pause_name(why));
	else
		fprintf(stderr, "retrytop canary: %s: paused for %lld s (%s)\n",
		    label_of(t), (long long)(wait_ms + 500) / 1000,
		    rt_pause_name(why));
}

/* ---- turns ------------------------------------------------------------------------- */

static void
end_turn(struct canary *c, unsigned i, rt_mono_t now)
{
	struct runner *r = &c->runners[i];
	struct rt_schedule *s = &c->schedules[i];
	const struct rt_target *t = &c->all.rows[i];
	int64_t wait_ms;
	enum rt_pause why;

	say_result(c, &r->probe);
	c->has_failed |= r->probe.verdict == RT_VERDICT_FAILED;
	rt_probe_fini(&r->probe);
	r->is_running = false;
	r->is_over = c->is_once;
	rt_schedule_advance(s, t, now, &c->dice);
	why = rt_schedule_blocks(s, t, now, rt_clock_wall(), &wait_ms);
	if (!c->is_once && why != RT_PAUSE_NONE &&
	    (wait_ms < 0 || wait_ms > rt_mono_ms_between(now, s->due)))
		say_pause(c, r, t, why, wait_ms);
}

/* The ms until this target wants to be looked at again; -1: never. */
static int64_t
begin_turn(struct canary *c, unsigned i, rt_mono_t now)
{
	struct runner *r = &c->runners[i];
	struct rt_schedule *s = &c->schedules[i];
	const struct rt_target *t = &c->all.rows[i];
	int64_t wait_ms = rt_mono_ms_until(now, s->due);
	enum rt_pause why;

	if (!c->is_once && wait_ms > 0)
		return wait_ms;
	why = rt_schedule_blocks(s, t, now, rt_clock_wall(), &wait_ms);
	if (why != RT_PAUSE_NONE) {
		say_pause(c, r, t, why, wait_ms);
		r->is_over = wait_ms < 0;
		return wait_ms;
	}
	r->said = RT_PAUSE_NONE;
	memset(&r->probe, 0, sizeof(r->probe));
	rt_probe_start(&r->probe, &c->env, t, now);
	r->is_running = true;
	return 0;
}

/* True while there is something left to do; *wait_ms until then. */
static bool
move_on(struct canary *c, rt_mono_t now, int64_t *wait_ms)
{
	bool is_alive = false;

	*wait_ms = 60000;
	for (unsigned i = 0; i < c->all.count; i++) {
		struct runner *r = &c->runners[i];
		int64_t ms;

		if (!r->is_chosen || r->is_over)
			continue;
		if (r->is_running) {
			rt_probe_step(&r->probe, now, rt_clock_wall());
			if (r->probe.is_done)
				end_turn(c, i, now);
		}
		if (r->is_over)
			continue;
		ms = r->is_running ? rt_probe_wait_ms(&r->probe, now)
				   : begin_turn(c, i, now);
		is_alive = is_alive || !r->is_over;
		if (ms >= 0 && ms < *wait_ms)
			*wait_ms = ms;
	}
	return is_alive;
}

static int
run(struct canary *c)
{
	int64_t wait_ms;
	bool is_ended = false;

	while (!is_ended && move_on(c, rt_clock_mono(), &wait_ms))
		is_ended = rt_http_turn(c->env.http, wait_ms, c->signal_fd);
	for (unsigned i = 0; i < c->all.count; i++)
		if (c->runners[i].is_running)
			rt_probe_fini(&c->runners[i].probe);
	if (!is_ended && c->emitter && rt_emitter_flush(c->emitter, 2000) != 0)
		fprintf(stderr,
		    "retrytop canary: no collector took the event in at %s\n",
		    c->intake.text);
	return c->is_once && c->has_failed ? RT_EXIT_VERDICT : RT_EXIT_OK;
}

/* ---- what is asked ----------------------------------------------------------------- */

/* One target from the flags; without a name, as nothing else refers to it. */
static enum rt_err
take_quick_target(struct canary *c, struct rt_diag *d)
{
	struct rt_target *t = &c->all.rows[0];
	struct {
		const char *key, *value;
	} texts[] = {{"base_url", c->url}, {"model", c->model},
	    {"service", c->service}, {"key_env", c->key_env},
	    {"key_file", c->key_file}};

	rt_target_init(t, "");
	c->all.count = 1;
	for (size_t i = 0; i < RT_COUNT_OF(texts); i++)
		if (texts[i].value &&
		    rt_target_set(t, texts[i].key, texts[i].value, 0, d) !=
			RT_OK)
			return RT_E_USAGE;
	for (unsigned i = 0; i < c->headers.count; i++)
		if (rt_target_set(t, "header", c->headers.items[i], 0, d) !=
		    RT_OK)
			return RT_E_USAGE;
	t->has_key = c->key_env || c->key_file || c->key_fd >= 0;
	t->key_fd = c->key_fd;
	t->surface = c->surface;
	t->is_stream = c->is_stream;
	t->interval_ms = c->interval_ms;
	t->connect_ms =
	    c->timeout_ms < QUICK_CONNECT_MS ? c->timeout_ms : QUICK_CONNECT_MS;
	t->headers_ms = t->first_event_ms = t->idle_ms = t->total_ms =
	    c->timeout_ms;
	t->max_per_minute = RT_TARGET_REQUESTS_A_MINUTE_MAX;
	t->max_per_run = t->max_tokens_per_day = INT64_MAX / 2;
	return RT_OK;
}

static enum rt_err
take_configured(struct canary *c, struct rt_diag *d)
{
	static struct rt_config config;
	enum rt_err err = rt_config_read(&config, c->config, d);

	if (err != RT_OK)
		return err;
	c->all = config.targets;
	rt_targets_resolve(&c->all);
	if (c->all.count > 0)
		return RT_OK;
	rt_diag_set(d, NULL,
	    "needs --url BASE and --model M, such as --url "
	    "http://127.0.0.1:8099 --model m-large, or [canary NAME] "
	    "sections in the configuration");
	return RT_E_USAGE;
}

static enum rt_err
check_urls(struct canary *c, struct rt_diag *d)
{
	char url[512];
	enum rt_err err;

	for (unsigned i = 0; i < c->all.count; i++) {
		rt_target_url(&c->all.rows[i], url);
		err = rt_http_check_url(url, c->allows_plain, d);
		if (err == RT_OK)
			continue;
		if (c->all.rows[i].name[0])
			snprintf(d->where, sizeof(d->where), "[canary %s]",
			    c->all.rows[i].name);
		return err;
	}
	return RT_OK;
}

static enum rt_err
choose(struct canary *c, struct rt_diag *d)
{
	for (unsigned i = 0; i < c->all.count; i++)
		c->runners[i].is_chosen = c->names.count == 0;
	for (unsigned k = 0; k < c->names.count; k++) {
		const struct rt_target *t =
		    rt_targets_find(&c->all, c->names.items[k]);

		if (!t) {
			rt_diag_set(d, "--target", "there is no [canary %s]",
			    c->names.items[k]);
			return RT_E_USAGE;
		}
		c->runners[t - c->all.rows].is_chosen = true;
	}
	return RT_OK;
}

static enum rt_err
take_targets(struct canary *c, struct rt_diag *d)
{
	enum rt_err err;

	if ((c->url && !c->model) || (c->model && !*c->model)) {
		rt_diag_set(d, NULL,
		    "needs --url BASE and --model M, such as --url "
		    "http://127.0.0.1:8099 --model m-large");
		return RT_E_USAGE;
	}
	err = c->url ? take_quick_target(c, d) : take_configured(c, d);
	if (err == RT_OK)
		err = check_urls(c, d);
	return err == RT_OK ? choose(c, d) : err;
}

/* ---- starting ---------------------------------------------------------------------- */

static int
parse(struct canary *c, int argc, char **argv)
{
	const struct rt_option rows[] = {
	    RT_OPTION_TEXT('u', "url", &c->url, "BASE",
		"the API, without /v1/...: https://api.example.com"),
	    RT_OPTION_TEXT('m', "model", &c->model, "M", "the model to ask"),
	    RT_OPTION_TEXT(0, "config", &c->config, "FILE",
		"configuration with [canary NAME] sections, without --url"),
	    RT_OPTION_LIST(0, "target", &c->names, "NAME",
		"only this section; may be repeated"),
	    RT_OPTION_DURATION('i', "interval", &c->interval_ms, 1000, 86400000,
		"between probes, jittered by a fifth (5s)"),
	    RT_OPTION_DURATION('t', "timeout", &c->timeout_ms, 100, 600000,
		"of a whole probe (20s)"),
	    RT_OPTION_FLAG(0, "once", &c->is_once,
		"one probe each; exit 1 where one failed"),
	    RT_OPTION_FLAG(0, "stream", &c->is_stream, "ask for a stream"),
	    RT_OPTION_CHOICE(
		0, "surface", &c->surface, "chat|responses", "which API"),
	    RT_OPTION_TEXT('k', "key-env", &c->key_env, "NAME",
		"environment variable that holds the key"),
	    RT_OPTION_TEXT(
		0, "key-file", &c->key_file, "FILE", "file that holds it"),
	    RT_OPTION_COUNT_OF(
		0, "key-fd", &c->key_fd, 3, 1023, "descriptor to read it from"),
	    RT_OPTION_LIST(0, "header", &c->headers, "NAME: VALUE",
		"sent as well, no credential; may be repeated"),
	    RT_OPTION_ENDPOINT(0, "intake", &c->intake, RT_PORT_INTAKE,
		"where to publish; off: nowhere"),
	    RT_OPTIONS_CERTS(&c->certs),
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

static enum rt_err
start(struct canary *c, struct rt_diag *d)
{
	struct rt_emitter_opts opts = {.endpoint = c->intake.text,
	    .cert = c->certs.cert,
	    .server_cert = c->certs.server_cert};

	signal(SIGPIPE, SIG_IGN);
	c->signal_fd = rt_signals_open(NULL);
	if (getrandom(&c->dice, sizeof(c->dice), 0) != sizeof(c->dice))
		c->dice = (uint64_t)rt_clock_wall().us;
	if (strcmp(c->intake.text, "off") != 0) {
		c->emitter = rt_emitter_open(&opts);
		if (!c->emitter) {
			rt_diag_set(d, "--intake", "cannot publish to %s: %s",
			    c->intake.text, strerror(errno));
			return RT_E_IO;
		}
	}
	c->env = (struct rt_probe_env){.http = rt_http_new(),
	    .all = &c->all,
	    .keys = c->keys,
	    .schedules = c->schedules,
	    .budgets = c->budgets,
	    .dice = &c->dice,
	    .on_attempt = publish,
	    .context = c};
	for (unsigned i = 0; i < c->all.count; i++) {
		rt_schedule_init(&c->schedules[i], &c->all.rows[i],
		    rt_clock_mono(), &c->dice);
		rt_retry_budget_init(&c->budgets[i]);
	}
	if (c->env.http && c->signal_fd >= 0)
		return RT_OK;
	rt_diag_set(d, NULL, "cannot start the HTTP client");
	return RT_E_IO;
}

/* Budgets and what is unsafe, said before the first request. */
static void
say_targets(const struct canary *c)
{
	bool is_terminal = isatty(STDERR_FILENO) && !getenv("NO_COLOR");

	for (unsigned i = 0; i < c->all.count; i++) {
		const struct rt_target *t = &c->all.rows[i];

		if (!c->runners[i].is_chosen || !t->name[0])
			continue;
		if (!c->is_once)
			fprintf(stderr,
			    "retrytop canary: %s every %lld s, at most %lld "
			    "requests a minute, %lld a run, %lld tokens a "
			    "day\n",
			    t->name, (long long)t->interval_ms / 1000,
			    (long long)t->max_per_minute,
			    (long long)t->max_per_run,
			    (long long)t->max_tokens_per_day);
		if (!t->verifies_tls)
			fprintf(stderr,
			    "%sretrytop canary: %s: TLS is not verified%s\n",
			    is_terminal ? "\033[31m" : "", t->name,
			    is_terminal ? "\033[0m" : "");
	}
}

static int
probe(struct canary *c)
{
	struct rt_diag d = {{0}, {0}};
	int code;

	if (start(c, &d) != RT_OK)
		return rt_options_fail("canary", &d, RT_EXIT_INTERNAL);
	say_targets(c);
	if (c->ready_fd >= 0 && write((int)c->ready_fd, "1", 1) == 1)
		close((int)c->ready_fd);
	code = run(c);
	rt_emitter_close(c->emitter);
	rt_http_free(c->env.http);
	close(c->signal_fd);
	return code;
}

int
rt_cmd_canary(int argc, char **argv)
{
	static struct canary c; /* not on the stack: it holds the keys */
	struct rt_diag d = {{0}, {0}};
	enum rt_err err;
	int code;

	c = (struct canary){.intake = {"tcp://127.0.0.1:7781"},
	    .interval_ms = 5000,
	    .timeout_ms = 20000,
	    .key_fd = -1,
	    .ready_fd = -1};
	code = parse(&c, argc, argv);
	if (code != RT_OPTIONS_GO)
		return code;
	rt_key_protect();
	err = take_targets(&c, &d);
	if (err != RT_OK)
		return rt_options_fail("canary", &d,
		    err == RT_E_USAGE ? RT_EXIT_USAGE : rt_config_exit(err));
	if (rt_key_read_all(&c.all, c.keys, &d) != RT_OK)
		return rt_options_fail("canary", &d, RT_EXIT_CONFIG);
	code = probe(&c);
	rt_key_wipe(c.keys, RT_TARGETS_MAX);
	return code;
}
