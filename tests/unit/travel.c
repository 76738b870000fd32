/* SPDX-License-Identifier: MIT */
#include "tests/unit/travel.h"

#include <stdio.h>
#include <string.h>

#include "tui/term.h"

static struct rt_moment
moment(int64_t us)
{
	return (struct rt_moment){{MONO_US + us}, {WALL_US + us}};
}

void
travel_put(struct travel *w, const char *id, unsigned attempt, const char *rest)
{
	char line[400];

	snprintf(line, sizeof(line),
	    "{\"schema\":\"llm-attempt/v1\",\"operation_id\":\"%s\","
	    "\"attempt\":%u,\"service\":\"checkout\",\"http_route\":"
	    "\"/v1/chat\",\"http_request_method\":\"POST\","
	    "\"elapsed_ms\":120,\"model_requested\":\"m-small\",%s}",
	    id, attempt, rest);
	rt_aggregate_record(w->a, rt_str_of(line), moment(w->now_us), "test");
}

void
travel_run(struct travel *w, int64_t seconds)
{
	for (int64_t end = w->now_us + seconds * S; w->now_us < end;
	     w->now_us += S) {
		char id[24];

		if (w->now_us / S % 60 >= 30)
			continue;
		snprintf(id, sizeof(id), "op-%04u", w->ids);
		if (w->ids++ % 5 == 0) {
			travel_put(w, id, 1,
			    "\"http_response_status_code\":503,"
			    "\"decision\":\"fallback_secondary\","
			    "\"decision_reason\":\"busy\","
			    "\"fallback_target\":\"m-spare\"");
			travel_put(w, id, 2,
			    "\"http_response_status_code\":500,"
			    "\"decision\":\"abort_error\"");
		} else
			travel_put(w, id, 1,
			    "\"http_response_status_code\":200,"
			    "\"decision\":\"none\"");
	}
}

static void
tick(struct travel *w)
{
	rt_model_tick(w->m, moment(w->now_us).mono, moment(w->now_us).wall);
}

struct rt_query
travel_ask(struct travel *w)
{
	struct rt_query q = rt_model_query(w->m);

	tick(w);
	w->m->asked_at_us = q.at_us;
	w->m->ask_now = false;
	return q;
}

void
travel_deliver(struct travel *w, const struct rt_query *q)
{
	rt_report_reset(&w->r);
	rt_aggregate_report(w->a, q, moment(w->now_us), &w->r);
	rt_model_answer(w->m, &w->r);
	for (size_t i = 0; i < w->m->live.tail.count; i++) {
		const char *line = w->m->live.tail.lines[i];
		struct rt_event e;

		assert_int_equal(
		    rt_decode(w->decoder, line, strlen(line), &e, NULL),
		    RT_REJECT_NOT);
		rt_model_event(w->m, &e);
	}
	if (w->m->has_moved)
		rt_travel_arrived(w->m);
}

void
travel_answer(struct travel *w)
{
	struct rt_query q = travel_ask(w);

	travel_deliver(w, &q);
}

void
travel_open(struct travel *w, int64_t seconds)
{
	const struct rt_aggregate_opts o = {.is_live = true,
	    .capacity = {.operations = 8192, .sketch_chunks = 65536}};
	const struct rt_decode_opts d = {.attempt_base = 1};

	memset(w, 0, sizeof(*w));
	rt_report_init(&w->r);
	rt_grid_init(&w->g);
	w->decoder = rt_decoder_new(&d);
	w->a = rt_aggregate_new(&o, moment(0));
	w->m = rt_model_new("test", "tcp://127.0.0.1:7782", 300);
	travel_run(w, seconds);
	travel_answer(w);
}

void
travel_close(struct travel *w)
{
	rt_aggregate_free(w->a);
	rt_decoder_free(w->decoder);
	rt_model_free(w->m);
	rt_report_fini(&w->r);
	rt_grid_fini(&w->g);
}

void
travel_press(struct travel *w, int key)
{
	tick(w);
	(void)screen_press(w->m, 24, 80, key);
}

void
travel_command(struct travel *w, const char *z)
{
	travel_press(w, ':');
	for (; *z; z++)
		travel_press(w, (unsigned char)*z);
	travel_press(w, RT_KEY_ENTER);
}

void
travel_draw(struct travel *w, unsigned rows, unsigned cols)
{
	tick(w);
	(void)screen_draw(w->m, &w->g, rows, cols);
}

void
travel_shows(struct travel *w, const char *needle)
{
	travel_draw(w, 24, 80);
	assert_shows(&w->g, needle);
}

void
travel_looks_as(
    struct travel *w, unsigned rows, unsigned cols, const char *name)
{
	travel_draw(w, rows, cols);
	assert_golden(&w->g, name);
}

int64_t
travel_at_s(const struct travel *w)
{
	return (rt_model_report(w->m)->source.at_us - WALL_US) / S;
}
