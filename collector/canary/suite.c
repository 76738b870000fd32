/* SPDX-License-Identifier: MIT */
#include "collector/canary/suite.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/random.h>
#include <unistd.h>

#include "collector/canary/contract.h"
#include "collector/canary/document.h"
#include "collector/canary/fault.h"
#include "collector/canary/gateway.h"
#include "collector/canary/ledger.h"
#include "collector/canary/raw.h"
#include "collector/canary/spawn.h"
#include "collector/canary/tls_server.h"
#include "collector/config.h"
#include "proto/json.h"
#include "proto/jsonw.h"
#include "proto/options.h"
#include "proto/signals.h"

/* No secret: what the gateway of the simulation takes for a key. */
#define SIM_KEY "suite-key"
#define PLACEHOLDER_KEY "invalid"

#define HOLD_MAX_MS 61000 /* a minute of max_per_minute, and a bit */

enum result { PASSED, FAILED, SKIPPED, RESULT_COUNT };

struct suite {
	/* options */
	bool is_sim, is_live, as_json, only_lists, allows_plain;
	const char *gateway, *config, *target, *ledger;
	struct rt_option_list rows;
	/* what runs */
	struct rt_spawn gateway_child, raw_child;
	struct rt_tls_server tls;
	bool has_tls;
	char gateway_url[200], raw_url[64];
	int signal_fd;
	uint64_t dice;
	struct rt_http *http;
	struct rt_target live;
	/* of the row at hand: the target and its fallback */
	struct rt_targets all;
	struct rt_key keys[RT_TARGETS_MAX];
	struct rt_schedule schedules[RT_TARGETS_MAX];
	struct rt_retry_budget budgets[RT_TARGETS_MAX];
	unsigned results[RESULT_COUNT];
	bool is_ended, is_unreachable;
	struct rt_ledger_run run; /* what --ledger gets */
};

/* ---- saying ------------------------------------------------------------------------ */

static const char *const result_names[RESULT_COUNT] = {"ok", "FAIL", "skip"};
static const char *const result_words[RESULT_COUNT] = {
    "pass", "fail", "skipped"};

static void
print_text(const struct suite *s, const struct rt_contract_row *r,
    enum result result, const char *why, const char *saw)
{
	struct rt_buf b;

	rt_buf_init(&b, 4096);
	rt_contract_expected(&b, r, s->is_live);
	printf("%-5s %s%s%s\n      induced  %s\n      expected %s\n"
	       "      saw      %s\n",
	    result_names[result], r->id, *why ? ": " : "", why, r->about, b.p,
	    saw);
	rt_buf_fini(&b);
}

static void
print_json(const struct suite *s, const struct rt_contract_row *r,
    enum result result, const char *why, const char *saw)
{
	struct rt_buf b, expected;
	struct rt_jsonw w;

	rt_buf_init(&b, 65536);
	rt_buf_init(&expected, 4096);
	rt_contract_expected(&expected, r, s->is_live);
	w = rt_jsonw_begin(&b);
	rt_jsonw_object(&w, NULL);
	rt_jsonw_text(&w, "id", r->id);
	rt_jsonw_text(&w, "area", rt_area_name(r->area));
	rt_jsonw_text(&w, "result", result_words[result]);
	if (*why)
		rt_jsonw_text(&w, "reason", why);
	rt_jsonw_text(&w, "induced", r->about);
	rt_jsonw_text(&w, "expected", expected.p);
	rt_jsonw_text(&w, "saw", saw);
	rt_jsonw_end(&w);
	printf("%s\n", b.p);
	rt_buf_fini(&expected);
	rt_buf_fini(&b);
}

static void
report(struct suite *s, const struct rt_contract_row *r, enum result result,
    const char *why, const char *saw)
{
	s->results[result]++;
	if (result == SKIPPED)
		rt_ledger_add(
		    &s->run, r->area, r->id, RT_EVIDENCE_SKIPPED, NULL);
	(s->as_json ? print_json : print_text)(s, r, result, why, saw);
	fflush(stdout);
}

/* ---- the gateway's controls -------------------------------------------------------- */

/* Replaces the rules; the number of requests served until now, -1: no answer. */
static int64_t
set_rules(struct suite *s, const char *rules)
{
	struct rt_http_request q = {.body = rules,
	    .body_len = strlen(rules),
	    .limits = {2000, 5000, 5000, 5000, 5000}};
	struct json_object *o = NULL;
	struct rt_http_answer a;
	int64_t requests = -1;
	char url[256];

	snprintf(url, sizeof(url), "%s/__faults", s->gateway_url);
	q.url = url;
	rt_http_post(s->http, &q, &a, s->signal_fd);
	s->is_ended |= a.was_cancelled;
	if (a.status == 200 &&
	    rt_document_parse((struct rt_str){a.body.p, a.body.len}, &o) ==
		RT_OK)
		requests = rt_json_int(o, "requests", -1);
	json_object_put(o);
	rt_http_answer_fini(&a);
	return requests;
}

/* ---- one row ----------------------------------------------------------------------- */

static enum rt_err
set_target(struct suite *s, const struct rt_contract_row *r,
    const char *base_url, struct rt_diag *d)
{
	struct rt_target *t = &s->all.rows[0];
	enum rt_err err = RT_OK;

	if (s->is_live) {
		*t = s->live;
		t->fallback[0] = '\0';
		s->all.count = 1;
	} else {
		rt_target_init(t, "suite");
		rt_target_init(&s->all.rows[1], "suite-secondary");
		s->all.count = 2;
		err = rt_contract_apply(t, rt_contract_settings, d);
		snprintf(t->base_url, sizeof(t->base_url), "%s", base_url);
		snprintf(s->all.rows[1].base_url,
		    sizeof(s->all.rows[1].base_url), "%s", s->gateway_url);
		snprintf(s->all.rows[1].model, sizeof(s->all.rows[1].model),
		    "m-secondary");
	}
	if (err == RT_OK && r->settings)
		err = rt_contract_apply(t, r->settings, d);
	if (r->at == RT_CONTRACT_RAW)
		snprintf(t->path, sizeof(t->path), "%s", r->induce);
	if (r->at == RT_CONTRACT_TLS && strcmp(r->induce, "good") != 0)
		rt_tls_server_ca(&s->tls, t->ca_file);
	rt_targets_resolve(&s->all);
	return err;
}

static void
record(struct suite *s, const struct rt_contract_row *r,
    const struct rt_probe *p, bool holds)
{
	static struct rt_keypaths shape;
	struct rt_str body = {p->answer.body.p, p->answer.body.len};
	enum rt_evidence result = holds ? RT_EVIDENCE_PASS : RT_EVIDENCE_FAIL;

	/* Nobody answered, or not now: that says nothing of the contract. */
	if (!holds && s->is_live &&
	    (p->answer.status == 0 ||
		p->event.error_class == RT_CLASS_RATE_LIMITED ||
		p->event.error_class == RT_CLASS_QUOTA))
		result = RT_EVIDENCE_BLOCKED;
	shape = (struct rt_keypaths){.count = 0};
	if (strncmp(r->id, "golden-", 7) == 0 && holds)
		(p->at->is_stream ? rt_keypaths_add_stream : rt_keypaths_add)(
		    &shape, body);
	for (unsigned i = 0; i < shape.count; i++)
		rt_key_hide(
		    shape.paths[i], sizeof(shape.paths[i]), s->keys[0].text);
	rt_ledger_add(&s->run, r->area, r->id, result, &shape);
}

/* Of a simulation each row has its own; a target has one for all it is asked. */
static void
fresh_budgets(struct suite *s)
{
	for (unsigned i = 0; i < s->all.count; i++) {
		rt_schedule_init(&s->schedules[i], &s->all.rows[i],
		    rt_clock_mono(), &s->dice);
		rt_retry_budget_init(&s->budgets[i]);
	}
}

/* Waits for the target's budgets; why that would be too long, or NULL. */
static const char *
hold_back(struct suite *s)
{
	bool has_said = false;
	enum rt_pause why;
	int64_t wait_ms;

	for (;;) {
		why = rt_schedule_blocks(&s->schedules[0], &s->live,
		    rt_clock_mono(), rt_clock_wall(), &wait_ms);
		if (s->is_ended || why == RT_PAUSE_NONE)
			return NULL;
		if (wait_ms < 0 || wait_ms > HOLD_MAX_MS)
			return why == RT_PAUSE_RATE || why == RT_PAUSE_QUOTA
			    ? "the target asked for a pause"
			    : "a budget of the target is used up";
		if (!has_said)
			fprintf(stderr, "retrytop suite: waits %lld s (%s)\n",
			    (long long)(wait_ms + 999) / 1000,
			    rt_pause_name(why));
		has_said = true;
		s->is_ended |= rt_http_turn(s->http, wait_ms, s->signal_fd);
	}
}

static void
run_row(struct suite *s, const struct rt_contract_row *r, int64_t before)
{
	static struct rt_probe p;
	struct rt_probe_env env = {.http = s->http,
	    .all = &s->all,
	    .keys = s->keys,
	    .schedules = s->schedules,
	    .budgets = s->budgets,
	    .dice = &s->dice};
	int64_t served = -1;
	struct rt_buf saw;
	char why[160];
	bool holds;

	if (!s->is_live)
		fresh_budgets(s);
	memset(&p, 0, sizeof(p));
	p.body = r->body;
	p.has_no_key = r->key == RT_CONTRACT_KEY_NONE;
	p.key = r->key == RT_CONTRACT_KEY_PLACEHOLDER ? PLACEHOLDER_KEY : NULL;
	rt_probe_run(&p, &env, &s->all.rows[0], s->signal_fd);
	s->is_ended |= p.was_cancelled;
	if (s->is_ended) {
		rt_probe_fini(&p);
		return;
	}
	if (before >= 0 && r->at == RT_CONTRACT_GATEWAY &&
	    strcmp(r->id, "wrong-path") != 0) /* counts its surfaces only */
		served = set_rules(s, "") - before;
	rt_buf_init(&saw, 4096);
	rt_contract_saw(&saw, &p);
	holds = rt_contract_holds(r, &p, served, s->is_live, why);
	record(s, r, &p, holds);
	report(s, r, holds ? PASSED : FAILED, why, saw.p);
	rt_buf_fini(&saw);
	rt_probe_fini(&p);
}

/* Where the row's request goes, its fault in place; a reason why it cannot be. */
static const char *
induce(struct suite *s, const struct rt_contract_row *r, char url[200],
    int64_t *before, int full[RT_RAW_FULL_FDS])
{
	bool is_there = true;

	snprintf(url, 200, "%s", s->gateway_url);
	*before = -1;
	switch (r->at) {
	case RT_CONTRACT_GATEWAY:
		*before = set_rules(s, r->induce ? r->induce : "");
		s->is_unreachable = *before < 0;
		return *before < 0 ? "the gateway does not answer" : NULL;
	case RT_CONTRACT_RAW: snprintf(url, 200, "%s", s->raw_url); break;
	case RT_CONTRACT_TLS:
		is_there =
		    s->has_tls && rt_tls_server_start(&s->tls, r->induce, url);
		return is_there ? NULL
				: "openssl(1) is not there to make and serve "
				  "certificates";
	case RT_CONTRACT_FULL:
		return rt_raw_fill(full, url) ? NULL
					      : "cannot fill a queue here";
	case RT_CONTRACT_NOWHERE: snprintf(url, 200, "%s", r->induce); break;
	}
	return NULL;
}

static void
try_row(struct suite *s, const struct rt_contract_row *r)
{
	int full[RT_RAW_FULL_FDS] = {-1, -1, -1, -1, -1, -1, -1, -1};
	struct rt_diag d = {{0}, {0}};
	const char *missing = NULL;
	int64_t before = -1;
	char url[200];

	if (!s->is_live)
		missing = induce(s, r, url, &before, full);
	if (s->is_ended)
		return;
	if (!missing && set_target(s, r, url, &d) != RT_OK)
		missing = d.what;
	if (!missing && s->is_live && !s->live.has_key &&
	    r->area == RT_AREA_AUTH)
		missing = "the target asks for no key";
	if (!missing && s->is_live)
		missing = hold_back(s);
	if (s->is_ended)
		return;
	if (missing)
		report(s, r, s->is_unreachable ? FAILED : SKIPPED, missing,
		    "nothing");
	else
		run_row(s, r, before);
	rt_tls_server_stop(&s->tls);
	for (int i = 0; i < RT_RAW_FULL_FDS; i++)
		if (full[i] >= 0)
			close(full[i]);
}

/* ---- all rows ---------------------------------------------------------------------- */

static bool
is_wanted(const struct suite *s, const struct rt_contract_row *r)
{
	const char *other = s->live.surface == RT_SURFACE_CHAT
	    ? "surface=responses"
	    : "surface=chat";

	if (s->is_live &&
	    (!r->is_live || (r->settings && strstr(r->settings, other))))
		return false;
	for (unsigned i = 0; i < s->rows.count; i++)
		if (strcmp(s->rows.items[i], r->id) == 0)
			return true;
	return s->rows.count == 0;
}

/* What can be said of the run as a whole, before its areas. */
static void
describe_run(struct suite *s)
{
	const struct rt_target *t = &s->live;
	struct rt_targets one = {.count = 1};
	struct rt_ledger_run *run = &s->run;
	struct rt_buf b;

	snprintf(run->id, sizeof(run->id), "%016llx%016llx",
	    (unsigned long long)rt_dice_next(&s->dice),
	    (unsigned long long)rt_dice_next(&s->dice));
	rt_text_from_time(run->when, rt_clock_wall().us);
	snprintf(run->target, sizeof(run->target), "%s",
	    s->is_live ? t->name : "fault-gateway");
	snprintf(run->endpoint, sizeof(run->endpoint), "%s",
	    s->is_live ? t->base_url : "on loopback");
	snprintf(run->model, sizeof(run->model), "%s",
	    s->is_live ? t->model : "m-suite");
	snprintf(run->environment, sizeof(run->environment), "%s",
	    s->is_live ? "live" : "sim");
	if (gethostname(run->host, sizeof(run->host) - 1) != 0)
		snprintf(run->host, sizeof(run->host), "unknown");
	if (s->is_live)
		rt_target_key_name(t, run->credential);
	else
		snprintf(run->credential, sizeof(run->credential),
		    "the simulation's own");
	memcpy(run->source, t->source, sizeof(run->source));
	memcpy(run->accessed, t->accessed, sizeof(run->accessed));
	run->is_tls_verified = !s->is_live || t->verifies_tls;
	snprintf(run->version, sizeof(run->version), "%s", RT_VERSION_TEXT);
	snprintf(run->libraries, sizeof(run->libraries), "%s json-c/%s",
	    rt_http_version(), json_c_version());
	rt_buf_init(&b, 65536);
	rt_buf_puts(&b, rt_contract_settings);
	if (s->is_live) {
		one.rows[0] = *t;
		rt_buf_reset(&b);
		rt_targets_print(&b, &one);
	}
	rt_digest(b.p, b.len, run->config_sha256);
	rt_buf_fini(&b);
}

/* Said beside the rows, as no row can know it; true where it fails an area. */
static bool
say_drift(const struct suite *s)
{
	bool has_failed = false;

	for (unsigned i = 0; i < RT_AREA_COUNT; i++) {
		const struct rt_ledger_area *a = &s->run.areas[i];

		if (!strstr(a->evidence, "; paths "))
			continue;
		fprintf(stderr, "retrytop suite: %s: %s: %s\n",
		    rt_area_name((enum rt_area)i), rt_evidence_name(a->result),
		    a->evidence);
		has_failed |= a->result == RT_EVIDENCE_FAIL;
	}
	return has_failed;
}

static int
keep_evidence(struct suite *s)
{
	static struct rt_ledger_run before;
	struct rt_diag d = {{0}, {0}};
	bool has_before;

	describe_run(s);
	has_before = access(s->ledger, F_OK) == 0 &&
	    rt_ledger_read(s->ledger, s->run.target, 0, &before, &d) == RT_OK;
	rt_ledger_conclude(&s->run, has_before ? &before : NULL);
	if (rt_ledger_append(s->ledger, &s->run, &d) != RT_OK)
		return rt_options_fail("suite", &d, RT_EXIT_IO);
	return say_drift(s) ? RT_EXIT_VERDICT : RT_EXIT_OK;
}

static int
run(struct suite *s)
{
	int code = RT_EXIT_OK;

	for (size_t i = 0;
	     i < rt_contract_count && !s->is_ended && !s->is_unreachable; i++)
		if (is_wanted(s, &rt_contract_rows[i]))
			try_row(s, &rt_contract_rows[i]);
	if (!s->as_json)
		printf("%u passed, %u failed, %u skipped\n", s->results[PASSED],
		    s->results[FAILED], s->results[SKIPPED]);
	if (s->is_unreachable)
		return RT_EXIT_UNREACHABLE;
	if (s->ledger && !s->is_ended)
		code = keep_evidence(s);
	if (code != RT_EXIT_OK)
		return code;
	return s->results[FAILED] > 0 || s->is_ended ? RT_EXIT_VERDICT
						     : RT_EXIT_OK;
}

/* ---- starting ---------------------------------------------------------------------- */

static int
serve_gateway(void *nothing)
{
	static char words[4][16] = {
	    "gateway", "--listen", "127.0.0.1:0", "--require-key"};
	char *argv[] = {words[0], words[1], words[2], words[3], NULL};

	(void)nothing;
	return rt_cmd_gateway(4, argv);
}

static enum rt_err
start_sim(struct suite *s, struct rt_diag *d)
{
	bool is_up = true;

	if (s->gateway)
		snprintf(
		    s->gateway_url, sizeof(s->gateway_url), "%s", s->gateway);
	else
		is_up = rt_spawn_call(&s->gateway_child, serve_gateway, NULL) &&
		    rt_spawn_line(&s->gateway_child, s->gateway_url,
			sizeof(s->gateway_url), 5000);
	is_up = is_up && rt_spawn_call(&s->raw_child, rt_raw_serve, NULL) &&
	    rt_spawn_line(&s->raw_child, s->raw_url, sizeof(s->raw_url), 5000);
	if (!is_up) {
		rt_diag_set(d, NULL, "cannot start the servers that fail");
		return RT_E_IO;
	}
	s->has_tls = rt_tls_server_prepare(&s->tls);
	for (unsigned i = 0; i < 2; i++)
		snprintf(s->keys[i].text, sizeof(s->keys[i].text), SIM_KEY);
	return RT_OK;
}

static enum rt_err
start_live(struct suite *s, struct rt_diag *d)
{
	static struct rt_config config;
	const struct rt_target *t;
	enum rt_err err = rt_config_read(&config, s->config, d);
	char url[512];

	if (err != RT_OK)
		return err;
	t = s->target ? rt_targets_find(&config.targets, s->target)
	    : config.targets.count == 1 ? &config.targets.rows[0]
					: NULL;
	if (!t) {
		rt_diag_set(d, "--target",
		    "needs the NAME of a [canary NAME] section of the "
		    "configuration");
		return RT_E_USAGE;
	}
	s->live = *t;
	rt_target_url(t, url);
	err = rt_http_check_url(url, s->allows_plain, d);
	if (err != RT_OK)
		return err;
	s->all.rows[0] = *t;
	s->all.count = 1;
	fresh_budgets(s);
	return rt_key_read_all(&s->all, s->keys, d);
}

static int
parse(struct suite *s, int argc, char **argv)
{
	const struct rt_option rows[] = {
	    RT_OPTION_FLAG(
		0, "sim", &s->is_sim, "everything, against faults made here"),
	    RT_OPTION_FLAG(
		0, "live", &s->is_live, "what is safe, against --target"),
	    RT_OPTION_TEXT(0, "gateway", &s->gateway, "URL",
		"with --sim: a running `retrytop gateway --require-key`; its "
		"rules are replaced"),
	    RT_OPTION_TEXT(0, "target", &s->target, "NAME",
		"with --live: the [canary NAME] to ask"),
	    RT_OPTION_TEXT(
		0, "config", &s->config, "FILE", "configuration for --live"),
	    RT_OPTION_LIST(
		0, "row", &s->rows, "ID", "only this row; may be repeated"),
	    RT_OPTION_TEXT(0, "ledger", &s->ledger, "FILE",
		"append what was found; retrytop ledger reads it"),
	    RT_OPTION_FLAG(0, "list", &s->only_lists, "list the rows and end"),
	    RT_OPTION_FLAG(0, "json", &s->as_json, "one JSON object a row"),
	    RT_OPTION_FLAG(0, "insecure", &s->allows_plain,
		"allow http to other machines"),
	};
	const struct rt_options o = {"suite", NULL,
	    "Induces faults, or asks carefully, and says whether the client "
	    "did what it should.",
	    rows, RT_COUNT_OF(rows)};

	return rt_options_parse(&o, &argc, argv);
}

static enum rt_err
check(const struct suite *s, struct rt_diag *d)
{
	if (s->is_sim == s->is_live) {
		rt_diag_set(d, NULL, "needs one of --sim and --live");
		return RT_E_USAGE;
	}
	for (unsigned i = 0; i < s->rows.count; i++) {
		size_t k = 0;

		while (k < rt_contract_count &&
		    strcmp(rt_contract_rows[k].id, s->rows.items[i]) != 0)
			k++;
		if (k == rt_contract_count) {
			rt_diag_set(d, "--row",
			    "there is no row %s; --list lists them",
			    s->rows.items[i]);
			return RT_E_USAGE;
		}
	}
	return s->gateway ? rt_http_check_url(s->gateway, false, d) : RT_OK;
}

static int
list_rows(void)
{
	for (size_t i = 0; i < rt_contract_count; i++)
		printf("%-24s %-22s %-5s %s\n", rt_contract_rows[i].id,
		    rt_area_name(rt_contract_rows[i].area),
		    rt_contract_rows[i].is_live ? "live" : "sim",
		    rt_contract_rows[i].about);
	return fflush(stdout) == 0 ? RT_EXIT_OK : RT_EXIT_IO;
}

/* Children first: they are copies of this process, and shall hold no key. */
static int
start_and_run(struct suite *s)
{
	struct rt_diag d = {{0}, {0}};
	enum rt_err err;
	int code = RT_EXIT_INTERNAL;

	signal(SIGPIPE, SIG_IGN);
	s->signal_fd = rt_signals_open(NULL);
	if (getrandom(&s->dice, sizeof(s->dice), 0) != sizeof(s->dice))
		s->dice = (uint64_t)rt_clock_wall().us;
	err = s->is_sim ? start_sim(s, &d) : start_live(s, &d);
	if (err == RT_OK) {
		s->http = rt_http_new();
		if (s->http && s->signal_fd >= 0)
			code = run(s);
	} else {
		code = rt_options_fail("suite", &d,
		    err == RT_E_USAGE        ? RT_EXIT_USAGE
			: err == RT_E_CONFIG ? RT_EXIT_CONFIG
			: s->is_live         ? RT_EXIT_IO
					     : RT_EXIT_INTERNAL);
	}
	rt_http_free(s->http);
	rt_tls_server_fini(&s->tls);
	rt_spawn_stop(&s->raw_child);
	rt_spawn_stop(&s->gateway_child);
	rt_key_wipe(s->keys, RT_TARGETS_MAX);
	close(s->signal_fd);
	return code;
}

int
rt_cmd_suite(int argc, char **argv)
{
	static struct suite s; /* not on the stack: it holds keys */
	struct rt_diag d = {{0}, {0}};
	int code;

	code = parse(&s, argc, argv);
	if (code != RT_OPTIONS_GO)
		return code;
	if (s.only_lists)
		return list_rows();
	if (check(&s, &d) != RT_OK)
		return rt_options_fail("suite", &d, RT_EXIT_USAGE);
	rt_key_protect();
	return start_and_run(&s);
}
