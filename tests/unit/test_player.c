/* SPDX-License-Identifier: MIT */
/* A log walked through: where it stands, and that the way there does not matter. */
#include "tests/unit/util.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "collector/player.h"

#define S INT64_C(1000000)
#define NOON (INT64_C(1781352000) * S) /* 2026-06-13T12:00:00Z */

#define A(t, op, n, rest)                                          \
	"{\"schema\":\"llm-attempt/v1\",\"ts\":\"2026-06-13T12:" t \
	"Z\",\"service\":\"s\",\"operation_id\":\"" op             \
	"\",\"attempt\":" n rest "}\n"
#define OK ",\"http_response_status_code\":200,\"decision\":\"none\""
#define BUSY                                                              \
	",\"http_response_status_code\":503,\"decision\":\"retry_same\"," \
	"\"decision_reason\":\"busy\",\"backoff_ms\":100"
#define DENIED                                                            \
	",\"http_response_status_code\":401,\"decision\":\"retry_same\"," \
	"\"decision_reason\":\"denied\",\"backoff_ms\":100"

/*
 * Stops: records 3 and 6 retry after an answer of 401; record 5 shows that c fell silent.
 */
static const char incident[] =
    A("00:00", "a", "1", OK) A("00:10", "b", "1", BUSY)
	A("00:11", "c", "1", DENIED) A("00:20", "b", "2", OK)
	    A("05:00", "d", "1", OK) A("05:00", "e", "1", DENIED)
		A("05:00", "f", "1", OK) A("06:00", "g", "1", OK);
#define RECORDS 8u

static char path[64];
static int64_t now_us;

static rt_mono_t
now(void)
{
	return (rt_mono_t){now_us};
}

static struct rt_player *
open_text(const char *text, uint32_t speed, bool is_held)
{
	static const char *paths[] = {path};
	const struct rt_player_opts o = {.paths = paths,
	    .count = 1,
	    .name = "x.log",
	    .aggregate = {.decode = {.attempt_base = 1, .text_forms = true}},
	    .speed = speed,
	    .is_held = is_held};
	struct rt_player *p = NULL;
	struct rt_diag d = {{0}, {0}};
	FILE *f = fopen(path, "w");

	assert_non_null(f);
	assert_int_equal(fwrite(text, 1, strlen(text), f), strlen(text));
	assert_int_equal(fclose(f), 0);
	now_us = 1000 * S;
	if (rt_player_open(&o, now(), &p, &d) != RT_OK)
		fail_msg("%s: %s", d.where, d.what);
	return p;
}

/* Read until nothing more is due. */
static void
settle(struct rt_player *p)
{
	unsigned turns = 0;

	while (rt_player_run(p, now(), 50))
		assert_true(turns++ < 1000);
}

static struct rt_report_replay
look(struct rt_player *p, struct rt_report *r)
{
	const struct rt_query q = {.replay = {.viewer = 9}};

	rt_report_reset(r);
	rt_player_report(p, &q, now(), r);
	return r->source.replay;
}

static uint64_t seq;

static void
tell(struct rt_player *p, enum rt_replay_verb verb, int64_t value)
{
	const struct rt_query q = {
	    .replay = {9, 1, {{.seq = ++seq, .verb = verb, .value = value}}}};

	settle(p);
	rt_player_obey(p, &q, now());
	settle(p);
}

static char *
numbers(struct rt_report *r)
{
	struct rt_buf b;
	char *text;

	memset(&r->source.replay, 0, sizeof(r->source.replay));
	r->source.started_id = 0;
	rt_buf_init(&b, RT_REPORT_MAX);
	rt_report_encode(&b, r);
	text = strdup(b.p);
	rt_buf_fini(&b);
	return text;
}

static void
it_begins_at_the_first_record_and_follows_the_clock(void **state)
{
	static const struct {
		int64_t ran_us;
		uint64_t want_read;
		int64_t want_at_s;
	} rows[] = {
	    {0, 1, 0}, {10 * S - 1, 1, 9}, {10 * S, 2, 10}, {20 * S, 4, 20},
	    {299 * S, 4, 299}, /* idle time passes */
	    {300 * S, 7, 300}, {360 * S, 8, 360},
	    {4000 * S, 8, 360}, /* and ends with the log */
	};
	struct rt_player *p = open_text(incident, 1, false);
	struct rt_report r;
	int64_t start = now_us;

	(void)state;
	rt_report_init(&r);
	for (size_t i = 0; i < RT_COUNT_OF(rows); i++) {
		now_us = start + rows[i].ran_us;
		settle(p);
		if (look(p, &r).record != rows[i].want_read ||
		    (r.source.now_us - NOON) / S != rows[i].want_at_s)
			fail_msg("row %zu: %llu read at %lld s", i,
			    (unsigned long long)r.source.replay.record,
			    (long long)(r.source.now_us - NOON) / S);
	}
	assert_true(r.source.replay.is_at_end);
	assert_true(rt_player_wait_ms(p, now()) == -1);
	rt_report_fini(&r);
	rt_player_close(p);
}

static void
windows_empty_while_nothing_is_logged(void **state)
{
	const struct rt_query minute = {.window_s = 60};
	struct rt_player *p = open_text(incident, 1, false);
	struct rt_report r;

	(void)state;
	rt_report_init(&r);
	now_us += 30 * S;
	settle(p);
	rt_player_report(p, &minute, now(), &r);
	assert_int_equal(r.counts.n[RT_C_ATTEMPTS], 4);
	now_us += 120 * S;
	settle(p);
	rt_report_reset(&r);
	rt_player_report(p, &minute, now(), &r);
	assert_int_equal(r.counts.n[RT_C_ATTEMPTS], 0);
	assert_int_equal(r.source.last_event_age_ms, 130000);
	rt_report_fini(&r);
	rt_player_close(p);
}

static void
held_it_reads_nothing(void **state)
{
	struct rt_player *p = open_text(incident, 1, true);
	struct rt_report r;

	(void)state;
	rt_report_init(&r);
	now_us += 1000 * S;
	settle(p);
	assert_int_equal(look(p, &r).record, 0);
	assert_true(r.source.now_us == NOON);
	assert_true(rt_player_wait_ms(p, now()) == -1);
	tell(p, RT_REPLAY_PAUSE, 0);
	now_us += 10 * S;
	settle(p);
	assert_int_equal(look(p, &r).record, 2);
	rt_report_fini(&r);
	rt_player_close(p);
}

/* One command after the other: where it then stands. */
static void
it_goes_where_it_is_sent(void **state)
{
	static const struct {
		const char *why;
		enum rt_replay_verb verb;
		int64_t value;
		uint64_t want_read;
		int64_t want_at_s;
		const char *operation, *said;
	} rows[] = {
	    {"a step", RT_REPLAY_STEP, 1, 1, 0, NULL, NULL},
	    {"to a violation", RT_REPLAY_VIOLATION, 1, 3, 11, "c", NULL},
	    {"to what fell silent", RT_REPLAY_VIOLATION, 1, 5, 300, "c", NULL},
	    {"to the next, at a time with others", RT_REPLAY_VIOLATION, 1, 6,
		300, "e", NULL},
	    {"no further: back where it was", RT_REPLAY_VIOLATION, 1, 6, 300,
		"e", "no violation further on"},
	    {"a step past it", RT_REPLAY_STEP, 1, 7, 300, NULL, NULL},
	    {"back to the one just passed", RT_REPLAY_VIOLATION, -1, 6, 300,
		"e", NULL},
	    {"and the one before", RT_REPLAY_VIOLATION, -1, 5, 300, "c", NULL},
	    {"and the first", RT_REPLAY_VIOLATION, -1, 3, 11, "c", NULL},
	    {"none before", RT_REPLAY_VIOLATION, -1, 3, 11, "c",
		"no violation before"},
	    {"a step back", RT_REPLAY_STEP, -1, 2, 10, NULL, NULL},
	    {"to a time between records", RT_REPLAY_SEEK, NOON + 100 * S, 4,
		100, NULL, NULL},
	    {"by a time", RT_REPLAY_MOVE, 60 * S, 4, 160, NULL, NULL},
	    {"back by a time", RT_REPLAY_MOVE, -155 * S, 1, 5, NULL, NULL},
	    {"to the time of records", RT_REPLAY_SEEK, NOON + 300 * S, 7, 300,
		NULL, NULL},
	    {"to where it stands", RT_REPLAY_SEEK, NOON + 300 * S, 7, 300, NULL,
		NULL},
	    {"on between records", RT_REPLAY_SEEK, NOON + 310 * S, 7, 310, NULL,
		NULL},
	    {"no further: back to the moment", RT_REPLAY_VIOLATION, 1, 7, 310,
		NULL, "no violation further on"},
	    {"before the beginning", RT_REPLAY_SEEK, 0, 0, 0, NULL, NULL},
	    {"beyond the end", RT_REPLAY_SEEK, NOON + 4000 * S, 8, 360, NULL,
		NULL},
	    {"a step beyond the end", RT_REPLAY_STEP, 1, 8, 360, NULL, NULL},
	    {"many steps back", RT_REPLAY_STEP, -100, 0, 0, NULL, NULL},
	    {"no way at all", RT_REPLAY_VIOLATION, 0, 0, 0, NULL, NULL},
	};
	struct rt_player *p = open_text(incident, 1, true);
	struct rt_report r;

	(void)state;
	rt_report_init(&r);
	for (size_t i = 0; i < RT_COUNT_OF(rows); i++) {
		struct rt_report_replay at;

		tell(p, rows[i].verb, rows[i].value);
		now_us += 100 * S; /* held: nothing moves */
		settle(p);
		at = look(p, &r);
		if (at.record != rows[i].want_read || at.is_seeking ||
		    (r.source.now_us - NOON) / S != rows[i].want_at_s)
			fail_msg("%s: %llu read, at %lld s", rows[i].why,
			    (unsigned long long)at.record,
			    (long long)(r.source.now_us - NOON) / S);
		if (strcmp(at.said ? at.said : "",
			rows[i].said ? rows[i].said : "") != 0)
			fail_msg("%s: said %s", rows[i].why, at.said);
		if (rows[i].operation &&
		    (!at.operation_id || !at.rule || !at.evidence ||
			strcmp(at.operation_id, rows[i].operation) != 0))
			fail_msg(
			    "%s: stopped at %s", rows[i].why, at.operation_id);
	}
	rt_report_fini(&r);
	rt_player_close(p);
}

static void
a_search_that_runs_is_answered_and_can_be_called_off(void **state)
{
	struct rt_query q = {.replay = {9, 1, {{1000, RT_REPLAY_SEEK, NOON}}}};
	struct rt_player *p = open_text(incident, 1, true);
	struct rt_report r;

	(void)state;
	rt_report_init(&r);
	q.replay.commands[0].value = NOON + 400 * S;
	rt_player_obey(p, &q, now());
	assert_true(rt_player_run(p, now(), 2));
	assert_true(look(p, &r).is_seeking);
	assert_int_equal(r.source.replay.record, 2);
	assert_int_equal(rt_player_wait_ms(p, now()), 0);
	q.replay.commands[0] =
	    (struct rt_replay_command){1001, RT_REPLAY_SEEK, NOON + 15 * S};
	rt_player_obey(p, &q, now());
	settle(p);
	assert_false(look(p, &r).is_seeking);
	assert_int_equal(r.source.replay.record, 3);
	rt_report_fini(&r);
	rt_player_close(p);
}

static void
what_was_done_is_not_done_again(void **state)
{
	struct rt_query q = {
	    .replay = {9, 2, {{1, RT_REPLAY_STEP, 1}, {2, RT_REPLAY_STEP, 1}}}};
	struct rt_player *p = open_text(incident, 1, true);
	struct rt_report r;

	(void)state;
	rt_report_init(&r);
	rt_player_obey(p, &q, now());
	settle(p);
	assert_int_equal(look(p, &r).record, 2);
	assert_int_equal(r.source.replay.done, 2);
	rt_player_obey(p, &q, now());
	settle(p);
	assert_int_equal(look(p, &r).record, 2);
	/* Another viewer counts for itself. */
	q.replay.viewer = 10;
	rt_player_obey(p, &q, now());
	settle(p);
	assert_int_equal(look(p, &r).record, 4);
	assert_int_equal(r.source.replay.done, 2);
	/* And many of them push out nobody who still asks. */
	for (q.replay.viewer = 100; q.replay.viewer < 200; q.replay.viewer++) {
		const struct rt_query mine = {.replay = {.viewer = 9}};

		q.replay.count = 0;
		rt_player_obey(p, &q, now());
		rt_player_obey(p, &mine, now());
	}
	assert_int_equal(look(p, &r).done, 2);
	rt_report_fini(&r);
	rt_player_close(p);
}

static void
slow_reading_holds_the_clock_instead_of_skipping(void **state)
{
	struct rt_player *p = open_text(incident, 1000, false);
	struct rt_report r;

	(void)state;
	rt_report_init(&r);
	now_us += S; /* all is due, two are read */
	assert_true(rt_player_run(p, now(), 2));
	assert_int_equal(look(p, &r).record, 2);
	assert_true(r.source.now_us == NOON + 10 * S);
	rt_report_fini(&r);
	rt_player_close(p);
}

/* Random walks over a random log: at each place the numbers are those of a first visit. */
static void
the_way_there_does_not_matter(void **state)
{
	struct util_random random = util_random_begin(2026);
	static char log[400 * 256];
	size_t len = 0;
	struct rt_report r;

	(void)state;
	for (unsigned i = 0, t = 0; i < 300; i++) {
		static const char *const ends[] = {OK, BUSY, DENIED};

		t += (unsigned)util_random_below(&random, 8) == 0 ? 150 : 3;
		len += (size_t)snprintf(log + len, sizeof(log) - len,
		    "{\"schema\":\"llm-attempt/v1\",%s\"ts\":\"2026-06-13T%02u:"
		    "%02u:%02uZ\",\"operation_id\":\"o%zu\",\"attempt\":%zu%s}"
		    "\n",
		    util_random_below(&random, 30) == 0 ? "{" : "",
		    12 + t / 3600, t / 60 % 60, t % 60,
		    util_random_below(&random, 60),
		    1 + util_random_below(&random, 3),
		    ends[util_random_below(&random, 3)]);
	}
	rt_report_init(&r);
	for (unsigned walk = 0; walk < 20; walk++) {
		static const struct rt_query windows[] = {
		    {.window_s = 0}, {.window_s = 60}, {.window_s = 3600}};
		struct rt_player *p = open_text(
		    log, (uint32_t)util_random_below(&random, 1001), false);
		struct rt_player *fresh;
		int64_t record;

		for (unsigned i = 0; i < 12; i++) {
			now_us += (int64_t)util_random_below(
			    &random, (size_t)(3 * S));
			tell(p,
			    (enum rt_replay_verb)util_random_below(
				&random, RT_REPLAY_VERB_COUNT),
			    util_random_below(&random, 2) ? 1 : -1);
			(void)rt_player_run(p, now(), 1);
		}
		tell(p, RT_REPLAY_PAUSE, 1);
		tell(p, RT_REPLAY_STEP, 1); /* to the newest record's time */
		record = (int64_t)look(p, &r).record;
		for (size_t w = 0; w < RT_COUNT_OF(windows); w++) {
			char *got, *want;

			rt_report_reset(&r);
			rt_player_report(p, &windows[w], now(), &r);
			got = numbers(&r);
			fresh = open_text(log, 1, true);
			tell(fresh, RT_REPLAY_STEP, record);
			rt_report_reset(&r);
			rt_player_report(fresh, &windows[w], now(), &r);
			want = numbers(&r);
			if (strcmp(got, want) != 0)
				fail_msg("walk %u, record %lld:\n%s\n%s", walk,
				    (long long)record, got, want);
			free(got);
			free(want);
			rt_player_close(fresh);
		}
		rt_player_close(p);
	}
	rt_report_fini(&r);
}

static void
the_whole_log_is_measured_beside_it(void **state)
{
	struct rt_player *p = open_text(incident, 1, true);
	struct rt_report r;

	(void)state;
	rt_report_init(&r);
	assert_true(rt_player_measure(p, 3));
	assert_false(look(p, &r).is_measured);
	assert_int_equal(r.source.replay.records, 3);
	while (rt_player_measure(p, 3))
		continue;
	assert_true(look(p, &r).is_measured);
	assert_int_equal(r.source.replay.records, RECORDS);
	assert_true(r.source.replay.first_us == NOON);
	assert_true(r.source.replay.last_us == NOON + 360 * S);
	assert_int_equal(r.source.replay.record, 0);
	assert_int_equal(r.source.replay.cols, RT_TIMELINE_COLS);
	rt_report_fini(&r);
	rt_player_close(p);
}

static void
logs_without_times_or_records_can_be_read(void **state)
{
	static const struct {
		const char *why, *text;
		uint64_t want_read;
	} rows[] = {
	    {"nothing", "", 0},
	    {"no times",
		"{\"operation_id\":\"a\",\"attempt\":1}\n"
		"{\"operation_id\":\"b\",\"attempt\":1}\n",
		2},
	    {"times that come late",
		"{\"operation_id\":\"a\",\"attempt\":1}\n" A(
		    "00:00", "b", "1", OK),
		2},
	    {"rubbish of the year 9000",
		A("00:00", "a", "1",
		    OK) "{\"ts\":\"9000-01-01T00:00:00Z\",\n" A("00:00", "b",
		    "1", OK),
		3},
	};
	struct rt_report r;

	(void)state;
	rt_report_init(&r);
	for (size_t i = 0; i < RT_COUNT_OF(rows); i++) {
		struct rt_player *p = open_text(rows[i].text, 1, false);

		settle(p);
		if (look(p, &r).record != rows[i].want_read ||
		    !r.source.replay.is_at_end)
			fail_msg("%s: %llu read", rows[i].why,
			    (unsigned long long)r.source.replay.record);
		tell(p, RT_REPLAY_VIOLATION, 1);
		tell(p, RT_REPLAY_STEP, -1);
		tell(p, RT_REPLAY_MOVE, -S);
		rt_player_close(p);
	}
	rt_report_fini(&r);
}

static void
a_file_that_goes_away_is_told(void **state)
{
	struct rt_player *p = open_text(incident, 0, false);
	struct rt_report r;

	(void)state;
	rt_report_init(&r);
	settle(p);
	assert_int_equal(look(p, &r).record, RECORDS);
	assert_null(r.source.replay.trouble);
	assert_int_equal(unlink(path), 0);
	tell(p, RT_REPLAY_VIOLATION, -1);
	assert_non_null(look(p, &r).trouble);
	assert_true(r.source.replay.is_at_end);
	rt_report_fini(&r);
	rt_player_close(p);
}

static int
begin(void **state)
{
	int fd;

	(void)state;
	snprintf(path, sizeof(path), "/tmp/rt_player_XXXXXX");
	fd = mkstemp(path);
	if (fd >= 0)
		close(fd);
	return fd < 0;
}

static int
end(void **state)
{
	(void)state;
	(void)unlink(path);
	return 0;
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(
		it_begins_at_the_first_record_and_follows_the_clock),
	    cmocka_unit_test(windows_empty_while_nothing_is_logged),
	    cmocka_unit_test(held_it_reads_nothing),
	    cmocka_unit_test(it_goes_where_it_is_sent),
	    cmocka_unit_test(
		a_search_that_runs_is_answered_and_can_be_called_off),
	    cmocka_unit_test(what_was_done_is_not_done_again),
	    cmocka_unit_test(slow_reading_holds_the_clock_instead_of_skipping),
	    cmocka_unit_test(the_way_there_does_not_matter),
	    cmocka_unit_test(the_whole_log_is_measured_beside_it),
	    cmocka_unit_test(logs_without_times_or_records_can_be_read),
	    cmocka_unit_test(a_file_that_goes_away_is_told),
	};

	return cmocka_run_group_tests(tests, begin, end);
}
