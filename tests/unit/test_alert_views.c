/* SPDX-License-Identifier: MIT */
/* Alerts and emitters on the screen, and what their keys do. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/unit/screen.h"
#include "tui/clip.h"
#include "tui/term.h"

#define ROWS 24
#define COLS 80

/* ---- reports by hand ------------------------------------------------------------ */

static void
add_route(struct rt_report *r, const char *service, const char *model,
    uint64_t attempts, uint64_t bad)
{
	struct rt_report_series *s = rt_report_add_series(r);
	uint64_t *n = s->counts->n;

	s->labels[RT_LABEL_SERVICE] = service;
	s->labels[RT_LABEL_HTTP_ROUTE] = "/v1/chat/completions";
	s->labels[RT_LABEL_MODEL_REQUESTED] = model;
	n[RT_C_ATTEMPTS] = n[RT_C_FIRST] = n[RT_C_OPS_ENDED] = attempts;
	n[RT_C_OPS_STARTED] = n[RT_C_OP_ATTEMPTS] = n[RT_C_TRIES] = attempts;
	n[RT_C_COMPLETE] = attempts - 1;
	n[RT_C_CLASS + RT_CLASS_TIMEOUT] = bad;
	n[RT_C_CLASS + RT_CLASS_NONE] = attempts - bad;
	n[RT_C_FATE + RT_FATE_FIRST_TRY] = attempts - bad;
	n[RT_C_FATE + RT_FATE_FAILED_FAST] = bad;
	rt_counts_add(&r->counts, s->counts);
	r->series_total++;
}

static void
add_traffic(struct rt_report *r)
{
	struct rt_report_violation *v;

	world_fill_source(r);
	add_route(r, "checkout", "m-small", 480, 120);
	add_route(r, "search", "m-large", 96, 1);
	r->counts.n[RT_C_ACCEPTED] = 576;
	v = rt_report_add_violation(r);
	v->rule = "retry-after-auth-failure";
	v->count = 3;
	v->examples_count = 1;
	v->examples[0] = (struct rt_report_violation_example){
	    "op-401", "search", "attempt 1 status 401, then attempt 2"};
	*rt_report_add_canary(r) = (struct rt_report_canary){.name = "happy",
	    .error_class = "timeout",
	    .attempts = 18,
	    .ok = 14,
	    .streak = 4,
	    .elapsed_ms = 30000,
	    .ttft_ms = -1,
	    .dns_ms = -1,
	    .connect_ms = -1,
	    .tls_ms = -1,
	    .first_byte_ms = -1,
	    .requests_left = -1,
	    .tokens_left = -1,
	    .age_ms = 12000};
}

static void
add_alert(struct rt_report *r, uint64_t number, const char *kind,
    const char *what, bool is_firing)
{
	struct rt_report_alert *a = rt_report_add_alert(r);

	a->alert = kind;
	a->number = number;
	a->what = what;
	a->is_firing = is_firing;
	a->value = a->worst = 0.25;
	a->threshold = 0.1;
	a->since_us = NOW_US - 192000000;
	a->fired_us = NOW_US - 132000000;
	a->cleared_us = is_firing ? 0 : NOW_US - 45000000;
}

static void
fill_alerts(struct rt_report *r)
{
	struct rt_report_alert *a;

	add_traffic(r);
	add_alert(r, 4, "canary", "happy", true);
	r->alerts[0].value = 4;
	r->alerts[0].threshold = 1;
	add_alert(r, 2, "timeout", NULL, true);
	a = &r->alerts[1];
	a->service = "checkout";
	a->route = "/v1/chat/completions";
	a->model = "m-small";
	a->n = 480;
	add_alert(r, 3, "violations", "retry-after-auth-failure", true);
	r->alerts[2].value = 3;
	r->alerts[2].threshold = 0;
	add_alert(r, 1, "amplification", NULL, false);
	a = &r->alerts[3];
	a->is_rest = true;
	a->n = 22;
	a->worst = 3.5;
	a->threshold = 2;
}

static void
fill_loss(struct rt_report *r)
{
	add_traffic(r);
	r->lost = 12;
	r->unexplained = 3;
	r->counts.n[RT_C_REJECT + RT_REJECT_NOT_JSON] = 2;
	r->counts.n[RT_C_REJECT + RT_REJECT_UNKNOWN_SHAPE] = 1;
	r->counts.n[RT_C_REJECT + RT_REJECT_OVER_RATE] = 700000;
	add_alert(r, 1, "unexplained", NULL, true);
	r->alerts[0].value = 3;
	r->alerts[0].threshold = 0;
	*rt_report_add_emitter(r) = (struct rt_report_emitter){.id = "gw-eu-1",
	    .service = "search",
	    .received = 96,
	    .has_skew = true,
	    .skew_ms = 18,
	    .skew_min_ms = 12,
	    .last_seen_ms = 1500};
	*rt_report_add_emitter(r) = (struct rt_report_emitter){.id = "gw-eu-2",
	    .service = "checkout",
	    .received = 483,
	    .refused = 3,
	    .lost = 12,
	    .duplicates = 5,
	    .has_skew = true,
	    .skew_ms = -7200000 + 2500,
	    .skew_min_ms = -7200000,
	    .last_seen_ms = 90000};
	*rt_report_add_emitter(r) = (struct rt_report_emitter){.id = "flood",
	    .received = 910000,
	    .refused = 700000,
	    .over_rate = 700000,
	    .over_now = 20000,
	    .is_limited = true};
	*rt_report_add_sender(r) = (struct rt_report_sender){
	    .id = "gw-eu-1", .offered = 96, .taken = 96, .is_connected = true};
	*rt_report_add_sender(r) = (struct rt_report_sender){
	    .id = "b6f1-batch-worker-with-a-long-name",
	    .service = "batch",
	    .offered = 120,
	    .taken = 80,
	    .dropped = 30,
	    .in_flight = 7,
	    .unexplained = 3,
	    .last_seen_ms = 400};
	*rt_report_add_sender(r) = (struct rt_report_sender){
	    .id = "b6f1-batch-worker-with-a-long-name",
	    .service = "older",
	    .is_limited = true,
	    .taken = 20,
	    .refused = 1,
	    .last_seen_ms = 60000};
}

/* ---- one screen -------------------------------------------------------- */

static enum rt_effect
press(struct world *w, int key)
{
	return world_press(w, ROWS, COLS, key);
}

static void
shows(struct world *w, unsigned rows, unsigned cols, const char *needle)
{
	world_draw(w, rows, cols);
	assert_shows(&w->g, needle);
}

/* ---- golden screens ------------------------------------------------------------------ */

static void
alerts_and_emitters_look_as_agreed(void **state)
{
	static const struct {
		const char *name;
		unsigned rows, cols;
		bool ascii;
		void (*fill)(struct rt_report *r);
		enum rt_panel focus;
	} rows[] = {
	    {"alerts-80x24", 24, 80, false, fill_alerts, RT_PANEL_ALERTS},
	    {"alerts-80x24-ascii", 24, 80, true, fill_alerts, RT_PANEL_ROUTES},
	    {"alerts-120x40", 40, 120, true, fill_alerts, RT_PANEL_ALERTS},
	    {"alerts-40x10", 10, 40, true, fill_alerts, RT_PANEL_ALERTS},
	    {"alerts-200x60", 60, 200, false, fill_alerts, RT_PANEL_ROUTES},
	    {"emitters-80x24", 24, 80, true, fill_loss, RT_PANEL_EMITTERS},
	    {"emitters-120x40", 40, 120, false, fill_loss, RT_PANEL_EMITTERS},
	};

	(void)state;
	for (size_t i = 0; i < RT_COUNT_OF(rows); i++) {
		struct world w;

		world_open(&w);
		w.m->ascii = rows[i].ascii;
		world_answer(&w, rows[i].fill);
		w.m->focus = w.m->table = rows[i].focus;
		world_draw(&w, rows[i].rows, rows[i].cols);
		assert_golden(&w.g, rows[i].name);
		world_close(&w);
	}
}

static void
the_alerts_are_named_at_every_size_until_acknowledged(void **state)
{
	static const unsigned sizes[][2] = {
	    {3, 40}, {10, 40}, {12, 60}, {24, 80}, {40, 120}, {60, 200}};
	struct world w;

	(void)state;
	world_open(&w);
	world_answer(&w, fill_alerts);
	for (size_t i = 0; i < RT_COUNT_OF(sizes); i++)
		shows(&w, sizes[i][0], sizes[i][1],
		    sizes[i][1] < 80 ? "!3" : "! 3 alerts");
	shows(&w, 24, 80, "! canary happy 4 > 1 for 3m");
	shows(&w, 40, 120, "! 3 alerts (3 unacked)");
	shows(&w, 10, 40, "! canary happy 4 > 1");
	/* and one thing is said once */
	world_draw(&w, 60, 200);
	assert_hides(&w.g, "CANARY happy");
	press(&w, 'a');
	shows(&w, 24, 80, "3 alerts acknowledged, on this screen only");
	shows(&w, 40, 120, "- 3 alerts (0 unacked)");
	shows(&w, 60, 200, "- canary happy");
	world_close(&w);
}

/* ---- keys --------------------------------------------------------------------------- */

static void
zero_shows_the_alerts_and_a_acknowledges_one_of_them(void **state)
{
	struct world w;

	(void)state;
	world_open(&w);
	world_answer(&w, fill_alerts);
	assert_int_equal(press(&w, '0'), RT_EFFECT_DRAW);
	assert_int_equal(w.m->focus, RT_PANEL_ALERTS);
	shows(&w, ROWS, COLS, "0 Alerts");
	press(&w, 'j');
	press(&w, 'a');
	assert_int_equal(rt_acks_open(&w.m->acks, &w.m->live), 2);
	assert_true(rt_acks_has(&w.m->acks, &w.m->live.alerts[1]));
	shows(&w, ROWS, COLS, "timeout acknowledged");
	shows(&w, ROWS, COLS, "- acked");
	press(&w, 'a');
	shows(&w, ROWS, COLS, "acknowledged already");
	press(&w, 'G');
	press(&w, 'a');
	shows(&w, ROWS, COLS, "amplification has cleared");
	/* Another collector counts anew: a number means another alert. */
	w.r.source.started_id = 0;
	rt_report_reset(&w.r);
	fill_alerts(&w.r);
	w.r.source.started_id = 8;
	rt_model_answer(w.m, &w.r);
	assert_int_equal(rt_acks_open(&w.m->acks, &w.m->live), 3);
	world_close(&w);
}

static void
fill_one_more(struct rt_report *r)
{
	fill_alerts(r);
	add_alert(r, 5, "error", NULL, true);
}

static void
fill_no_alert(struct rt_report *r)
{
	add_traffic(r);
}

static void
the_bell_rings_once_for_each_alert_that_fires_newly(void **state)
{
	struct world w;

	(void)state;
	world_open(&w);
	world_answer(&w, fill_alerts);
	world_answer(&w, fill_one_more);
	assert_false(w.m->must_ring); /* off, as it begins */
	world_close(&w);

	world_open(&w);
	press(&w, 'b');
	shows(&w, ROWS, COLS, "bell on");
	world_answer(&w, fill_alerts);
	assert_false(w.m->must_ring); /* they fired before one looked */
	world_answer(&w, fill_alerts);
	assert_false(w.m->must_ring);
	world_answer(&w, fill_one_more);
	assert_true(w.m->must_ring);
	w.m->must_ring = false;
	world_answer(&w, fill_one_more);
	assert_false(w.m->must_ring);
	world_answer(&w, fill_no_alert);
	world_answer(&w, fill_one_more); /* the same numbers: not new */
	assert_false(w.m->must_ring);
	press(&w, 'b');
	shows(&w, ROWS, COLS, "bell off");
	world_close(&w);
}

static void
enter_goes_to_what_an_alert_is_about_and_back(void **state)
{
	struct world w;

	(void)state;
	world_open(&w);
	world_answer(&w, fill_alerts);
	/* a canary */
	press(&w, '0');
	press(&w, RT_KEY_ENTER);
	assert_int_equal(w.m->focus, RT_PANEL_CANARY);
	shows(&w, ROWS, COLS, "8 Canary");
	press(&w, '[');
	assert_int_equal(w.m->focus, RT_PANEL_ALERTS);
	shows(&w, ROWS, COLS, "0 Alerts");
	press(&w, ']');
	assert_int_equal(w.m->focus, RT_PANEL_CANARY);
	/* a route: the cursor on its row */
	press(&w, '4');
	press(&w, 'j');
	press(&w, '0');
	press(&w, 'j');
	press(&w, RT_KEY_ENTER);
	assert_int_equal(w.m->focus, RT_PANEL_ROUTES);
	shows(&w, ROWS, COLS, ">checkout");
	/* a rule: its operations */
	press(&w, '0');
	press(&w, 'j');
	press(&w, RT_KEY_ENTER);
	assert_int_equal(w.m->drill->page, RT_PAGE_LIST);
	shows(&w, ROWS, COLS, "rule retry-after-auth-failure");
	shows(&w, ROWS, COLS, "op-401");
	press(&w, RT_KEY_ESC);
	assert_int_equal(w.m->focus, RT_PANEL_ALERTS);
	/* small routes together: the table */
	press(&w, 'G');
	press(&w, RT_KEY_ENTER);
	assert_int_equal(w.m->focus, RT_PANEL_ROUTES);
	world_close(&w);
}

static void
what_an_alert_is_about_may_not_be_here(void **state)
{
	struct world w;

	(void)state;
	world_open(&w);
	world_answer(&w, fill_alerts);
	press(&w, '0');
	press(&w, 'j');
	w.m->live.alerts[1].model = "m-gone";
	press(&w, RT_KEY_ENTER);
	assert_int_equal(w.m->focus, RT_PANEL_ALERTS);
	shows(&w, ROWS, COLS, "is not on this screen");
	world_answer(&w, fill_no_alert);
	shows(&w, ROWS, COLS, "none fires, and none cleared");
	press(&w, RT_KEY_ENTER);
	shows(&w, ROWS, COLS, "nothing to open here");
	press(&w, 'a');
	shows(&w, ROWS, COLS, "no alert to acknowledge");
	world_close(&w);
}

static void
losses_lead_to_the_emitters(void **state)
{
	struct world w;

	(void)state;
	world_open(&w);
	world_answer(&w, fill_loss);
	press(&w, '0');
	press(&w, RT_KEY_ENTER);
	assert_int_equal(w.m->focus, RT_PANEL_EMITTERS);
	shows(&w, 40, 120, "Emitters");
	/* Tab goes on from the tail to them and round. */
	press(&w, RT_KEY_TAB);
	assert_int_equal(w.m->focus, RT_PANEL_OVERVIEW);
	press(&w, RT_KEY_BACKTAB);
	assert_int_equal(w.m->focus, RT_PANEL_EMITTERS);
	press(&w, 'z');
	shows(&w, ROWS, COLS, "b6f1");
	press(&w, 'y');
	assert_string_equal(w.m->clip.p, "gw-eu-2");
	press(&w, 'Y');
	assert_non_null(strstr(w.m->clip.p, "\"lost\":12"));
	assert_null(strstr(w.m->clip.p, "\"dropped\""));
	world_close(&w);
}

static void
fill_flood(struct rt_report *r)
{
	fill_loss(r);
	r->alerts_count = 0;
	add_alert(r, 1, "over_rate", "flood", true);
}

static void
who_is_over_its_rate_is_marked_and_found_by_its_alert(void **state)
{
	struct world w;

	(void)state;
	world_open(&w);
	world_answer(&w, fill_flood);
	press(&w, '0');
	shows(&w, 24, 80, "over_rate");
	press(&w, RT_KEY_ENTER);
	assert_int_equal(w.m->focus, RT_PANEL_EMITTERS);
	press(&w, 'z');
	shows(&w, ROWS, COLS, "!RATE -");
	shows(&w, ROWS, COLS, "~RATE batch");
	press(&w, 'y');
	assert_string_equal(w.m->clip.p, "flood");
	press(&w, 'Y');
	assert_non_null(strstr(w.m->clip.p, "\"refused\":700000"));
	world_close(&w);
}

static void
fill_past(struct rt_report *r)
{
	add_traffic(r);
	r->source.at_us = NOW_US - 600000000;
}

static void
of_the_past_neither_alerts_nor_losses_are_said_to_be_none(void **state)
{
	struct world w;

	(void)state;
	world_open(&w);
	world_answer(&w, fill_past);
	press(&w, '0');
	shows(&w, ROWS, COLS, "what fired then is not kept");
	press(&w, RT_KEY_TAB);
	shows(&w, ROWS, COLS, "who sent then is not kept");
	shows(&w, ROWS, COLS, "unexplained ?  lost ?");
	world_close(&w);
}

/* ---- the roster ------------------------------------------------------------------------ */

static void
the_roster_joins_streams_and_senders_of_one_id(void **state)
{
	struct rt_report r;
	struct rt_roster l;

	(void)state;
	rt_report_init(&r);
	fill_loss(&r);
	rt_roster_make(&l, &r);
	assert_int_equal(l.all, 4);
	/* Trouble first. */
	assert_string_equal(l.rows[0].id, "gw-eu-2");
	assert_int_equal(l.rows[0].accepted, 480);
	assert_false(l.rows[0].is_acknowledged);
	assert_within(l.rows[0].lag_ms, 2500, 0);
	assert_string_equal(l.rows[1].id, "flood");
	assert_true(l.rows[1].is_limited && !l.rows[1].is_slowed);
	assert_string_equal(l.rows[2].service, "batch");
	assert_true(l.rows[2].is_slowed && !l.rows[2].is_limited);
	assert_int_equal(l.rows[2].accepted, 99);
	assert_int_equal(l.rows[2].refused, 1);
	assert_int_equal(l.rows[2].last_seen_ms, 400);
	assert_false(l.rows[2].is_numbered);
	assert_string_equal(l.rows[3].id, "gw-eu-1");
	assert_true(l.rows[3].is_acknowledged && l.rows[3].is_numbered);
	assert_int_equal(l.rows[3].accepted, 96);
	rt_report_fini(&r);
}

static void
a_long_roster_keeps_those_in_trouble_and_says_how_many_there_are(void **state)
{
	char ids[RT_ROSTER_MAX + 9][16];
	struct rt_report r;
	struct rt_roster l;

	(void)state;
	rt_report_init(&r);
	for (unsigned i = 0; i < RT_COUNT_OF(ids); i++) {
		snprintf(ids[i], sizeof(ids[i]), "e%u", i);
		*rt_report_add_emitter(&r) = (struct rt_report_emitter){
		    .id = ids[i], .lost = i == RT_COUNT_OF(ids) - 1};
	}
	rt_roster_make(&l, &r);
	assert_int_equal(l.count, RT_ROSTER_MAX);
	assert_int_equal(l.all, RT_ROSTER_MAX + 9);
	assert_int_equal(l.rows[0].lost, 1);
	rt_report_fini(&r);
}

static void
notes_of_more_alerts_than_are_kept_forget_the_oldest(void **state)
{
	struct rt_acks a = {.count = 0};
	struct rt_report_alert alert = {.number = 0};

	(void)state;
	for (alert.number = 1; alert.number <= RT_ACKS_MAX + 1; alert.number++)
		assert_true(rt_acks_add(&a, &alert));
	alert.number = 1;
	assert_false(rt_acks_has(&a, &alert));
	for (alert.number = 2; alert.number <= RT_ACKS_MAX + 1; alert.number++)
		assert_true(rt_acks_has(&a, &alert));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(alerts_and_emitters_look_as_agreed),
	    cmocka_unit_test(
		the_alerts_are_named_at_every_size_until_acknowledged),
	    cmocka_unit_test(
		zero_shows_the_alerts_and_a_acknowledges_one_of_them),
	    cmocka_unit_test(
		the_bell_rings_once_for_each_alert_that_fires_newly),
	    cmocka_unit_test(enter_goes_to_what_an_alert_is_about_and_back),
	    cmocka_unit_test(what_an_alert_is_about_may_not_be_here),
	    cmocka_unit_test(losses_lead_to_the_emitters),
	    cmocka_unit_test(
		who_is_over_its_rate_is_marked_and_found_by_its_alert),
	    cmocka_unit_test(
		of_the_past_neither_alerts_nor_losses_are_said_to_be_none),
	    cmocka_unit_test(the_roster_joins_streams_and_senders_of_one_id),
	    cmocka_unit_test(
		a_long_roster_keeps_those_in_trouble_and_says_how_many_there_are),
	    cmocka_unit_test(
		notes_of_more_alerts_than_are_kept_forget_the_oldest),
	};

	return cmocka_run_group_tests_name("alert_views", tests, NULL, NULL);
}
