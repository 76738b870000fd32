/* SPDX-License-Identifier: MIT */
#include "tests/unit/util.h"

#include <string.h>

#include "collector/probes.h"

#define S INT64_C(1000000)

struct world {
	struct rt_intern labels;
	struct rt_probes p;
	struct rt_report r;
};

static void
open_world(struct world *w)
{
	rt_intern_init(&w->labels, 64, 1);
	rt_probes_init(&w->p, &w->labels, 3);
	rt_report_init(&w->r);
}

static void
close_world(struct world *w)
{
	rt_report_fini(&w->r);
	rt_probes_fini(&w->p);
	rt_intern_fini(&w->labels);
}

/* A probe of `target`, with nothing known but the bits that are set afterwards. */
static struct rt_event
probe_of(const char *target)
{
	return (struct rt_event){
	    .present = RT_FIELD_BIT(SERVICE) | RT_FIELD_BIT(PROVIDER),
	    .service = rt_str_of("canary"),
	    .provider = rt_str_of(target)};
}

static const struct rt_report_canary *
ask(struct world *w, int64_t now_us, size_t row)
{
	rt_report_reset(&w->r);
	rt_probes_report(&w->p,
	    (struct rt_span){.now_us = now_us, .window_s = 300}, false, &w->r);
	assert_true(row < w->r.canaries_count);
	return &w->r.canaries[row];
}

static void
what_a_probe_does_not_say_is_absent(void **state)
{
	const struct rt_report_canary *c;
	struct rt_event e = probe_of("a");
	struct world w;

	(void)state;
	open_world(&w);
	e.present |=
	    RT_FIELD_BIT(PROBE_TLS_MS) | RT_FIELD_BIT(PROBE_REQUESTS_LEFT);
	e.probe_tls_ms = 31.5;
	rt_probes_add(&w.p, 100 * S, &e);
	c = ask(&w, 101 * S, 0);
	assert_string_equal(c->provider, "a");
	assert_true(c->tls_ms > 31 && c->dns_ms < 0 && c->connect_ms < 0 &&
	    c->first_byte_ms < 0 && c->ttft_ms < 0);
	assert_int_equal(c->requests_left, 0);
	assert_int_equal(c->tokens_left, -1);
	assert_null(c->pause);
	/* On the connection that was kept there is no TLS. */
	e.present &= ~RT_FIELD_BIT(PROBE_TLS_MS);
	rt_probes_add(&w.p, 102 * S, &e);
	assert_true(ask(&w, 103 * S, 0)->tls_ms < 0);
	close_world(&w);
}

static void
a_pause_counts_down_and_ends_by_itself(void **state)
{
	const struct rt_report_canary *c;
	struct rt_event e = probe_of("a");
	struct world w;

	(void)state;
	open_world(&w);
	e.present |= RT_FIELD_BIT(PROBE_PAUSE) | RT_FIELD_BIT(PROBE_PAUSE_MS);
	e.probe_pause = rt_str_of("rate_limited");
	e.probe_pause_ms = 30000;
	rt_probes_add(&w.p, 100 * S, &e);
	c = ask(&w, 112 * S, 0);
	assert_string_equal(c->pause, "rate_limited");
	assert_int_equal(c->pause_left_ms, 18000);
	assert_null(ask(&w, 130 * S, 0)->pause);
	assert_int_equal(ask(&w, 130 * S, 0)->pause_left_ms, -1);
	/* Without an end it stays. */
	e.present &= ~RT_FIELD_BIT(PROBE_PAUSE_MS);
	e.probe_pause = rt_str_of("max_per_run");
	rt_probes_add(&w.p, 140 * S, &e);
	c = ask(&w, 9999 * S, 0);
	assert_string_equal(c->pause, "max_per_run");
	assert_int_equal(c->pause_left_ms, -1);
	close_world(&w);
}

static void
targets_of_one_service_have_rows_of_their_own_up_to_the_capacity(void **state)
{
	static const char *const names[] = {"a", "b", "a", "c", "d", "d"};
	struct world w;

	(void)state;
	open_world(&w);
	for (size_t i = 0; i < RT_COUNT_OF(names); i++) {
		struct rt_event e = probe_of(names[i]);

		rt_probes_add(&w.p, 100 * S, &e);
	}
	assert_int_equal(ask(&w, 101 * S, 0)->attempts, 2);
	assert_string_equal(ask(&w, 101 * S, 2)->provider, "c");
	assert_int_equal(w.r.canaries_count, 3);
	assert_int_equal(w.p.overflow, 2);
	close_world(&w);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(what_a_probe_does_not_say_is_absent),
	    cmocka_unit_test(a_pause_counts_down_and_ends_by_itself),
	    cmocka_unit_test(
		targets_of_one_service_have_rows_of_their_own_up_to_the_capacity),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
