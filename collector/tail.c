/* SPDX-License-Identifier: MIT */
/*
 * tail — accepted events as they come, pulled from the collector by cursor.
 *
 * Who is too slow is told how many events went by; the collector waits for nobody.
 */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "collector/command.h"
#include "collector/viewer.h"
#include "proto/clock.h"
#include "proto/decode.h"
#include "proto/options.h"
#include "proto/signals.h"

#define ASK_EACH_MS 200
#define LINES_MAX 2048u

struct tail {
	struct rt_endpoint at;
	struct rt_curve_paths certs;
	bool as_json, from_oldest;
	int64_t timeout_ms;
	struct rt_ask *ask;         /* owned */
	struct rt_decoder *decoder; /* owned */
	struct rt_report report;
	struct rt_buf question;
	uint64_t cursor, started_id;
	bool is_waiting;   /* for an answer */
	bool was_answered; /* ever */
	bool said_away;    /* nobody answers now */
	rt_mono_t asked, next_ask;
	struct rt_diag why;
	int code; /* RT_OPTIONS_GO: go on */
};

/* ---- columns ------------------------------------------------------------------- */

/* Clean UTF-8, cut or filled to `cols` characters. */
static void
put_column(struct rt_str s, size_t cols)
{
	size_t n = 0, i = 0;

	if (s.len == 0)
		s = rt_str_of("-");
	while (i < s.len && n < cols) {
		i++;
		while (i < s.len && ((unsigned char)s.p[i] & 0xC0) == 0x80)
			i++;
		n++;
	}
	fwrite(s.p, 1, i, stdout);
	for (; n <= cols; n++)
		putchar(' ');
}

static struct rt_str
status_text(const struct rt_event *e, char out[16])
{
	if (!rt_event_has(e, HTTP_STATUS))
		return RT_STR_NONE;
	snprintf(out, 16, "%lld", (long long)e->http_response_status_code);
	return rt_str_of(out);
}

/* What came of it: the decision, else how the operation ended. */
static struct rt_str
decision_text(const struct rt_event *e)
{
	if (rt_event_has(e, DECISION))
		return e->decision == RT_DECISION_UNKNOWN &&
			e->decision_code.len > 0
		    ? e->decision_code
		    : rt_str_of(rt_decision_name(e->decision));
	if (rt_event_has(e, FINAL_OUTCOME))
		return rt_str_of(rt_outcome_name(e->final_outcome));
	return RT_STR_NONE;
}

static void
put_event(const struct rt_event *e)
{
	char time[32] = "", status[16], attempt[24] = "end";

	if (rt_event_has(e, TS))
		rt_text_from_time(time, e->ts_us);
	if (e->kind == RT_KIND_ATTEMPT)
		snprintf(
		    attempt, sizeof(attempt), "a%lld", (long long)e->attempt);
	/* "2026-06-13T09:00:00.242Z": the day is on the screen of whoever looks. */
	put_column(rt_str_of(strlen(time) > 22 ? time + 11 : time), 12);
	put_column(e->operation_id, 16);
	put_column(rt_str_of(attempt), 4);
	put_column(
	    rt_event_has(e, HTTP_ROUTE) ? e->http_route : e->model_requested,
	    24);
	put_column(status_text(e, status), 6);
	put_column(e->kind == RT_KIND_ATTEMPT
		? rt_str_of(rt_class_name(e->error_class))
		: RT_STR_NONE,
	    18);
	put_column(decision_text(e), 20);
	putchar('\n');
}

static void
put_header(void)
{
	static const struct {
		const char *name;
		size_t cols;
	} columns[] = {{"TIME (UTC)", 12}, {"OPERATION", 16}, {"TRY", 4},
	    {"ROUTE", 24}, {"STATUS", 6}, {"CLASS", 18}, {"DECISION", 20}};
	size_t i;

	for (i = 0; i < RT_COUNT_OF(columns); i++)
		put_column(rt_str_of(columns[i].name), columns[i].cols);
	putchar('\n');
}

/* ---- asking -------------------------------------------------------------------- */

static void
put_line(struct tail *t, const char *line)
{
	struct rt_event e;

	if (t->as_json)
		puts(line);
	else if (rt_decode(t->decoder, line, strlen(line), &e, NULL) ==
	    RT_REJECT_NOT)
		put_event(&e);
}

/* JSON output stays JSON. */
static FILE *
notes(const struct tail *t)
{
	return t->as_json ? stderr : stdout;
}

static void
take_answer(struct tail *t, struct rt_str answer, rt_mono_t now)
{
	struct rt_report *r = &t->report;
	size_t i;

	t->is_waiting = false;
	t->said_away = false;
	t->next_ask = rt_mono_add_ms(t->asked, ASK_EACH_MS);
	if (rt_viewer_read(answer, r, &t->why) != RT_OK) {
		t->code = rt_options_fail("tail", &t->why, RT_EXIT_UNREACHABLE);
		return;
	}
	if (t->was_answered && r->source.started_id != t->started_id) {
		fputs("(the collector was started again)\n", notes(t));
		t->cursor = 0;
		t->next_ask = now;
		t->started_id = r->source.started_id;
		return;
	}
	t->was_answered = true;
	t->started_id = r->source.started_id;
	if (r->tail.missed > 0)
		fprintf(notes(t), "(%llu events missed)\n",
		    (unsigned long long)r->tail.missed);
	for (i = 0; i < r->tail.count; i++)
		put_line(t, r->tail.lines[i]);
	t->cursor = r->tail.cursor;
	if (r->tail.count == LINES_MAX)
		t->next_ask = now;
	if (fflush(stdout) != 0)
		t->code = RT_EXIT_OK; /* whoever read has gone */
}

static void
ask(struct tail *t, rt_mono_t now)
{
	const struct rt_query q = {.no_series = true,
	    .tail = true,
	    .tail_cursor = t->cursor,
	    .tail_max = LINES_MAX};

	rt_buf_reset(&t->question);
	rt_query_encode(&t->question, &q);
	if (rt_ask_send(t->ask,
		(struct rt_str){t->question.p, t->question.len}) == RT_OK ||
	    !t->is_waiting)
		t->asked = now;
	t->is_waiting = true;
}

/* Nobody answers: fatal at the start, a note later on. */
static void
give_up_waiting(struct tail *t, rt_mono_t now)
{
	struct rt_diag d = {{0}, {0}};

	rt_viewer_say_unreachable(&d, t->at.text, t->timeout_ms);
	if (!t->was_answered)
		t->code = rt_options_fail("tail", &d, RT_EXIT_UNREACHABLE);
	else if (!t->said_away)
		rt_options_fail("tail", &d, RT_EXIT_UNREACHABLE);
	t->said_away = true;
	t->asked = now;
	ask(t, now);
}

static void
turn(struct tail *t, int signal_fd)
{
	rt_mono_t now = rt_clock_mono();
	struct pollfd fds[] = {{.fd = signal_fd, .events = POLLIN},
	    {.fd = rt_ask_fd(t->ask), .events = POLLIN},
	    {.fd = STDOUT_FILENO, .events = 0}};
	struct rt_str answer;
	int64_t left_ms;

	if (!t->is_waiting && now.us >= t->next_ask.us)
		ask(t, now);
	left_ms = t->is_waiting
	    ? t->timeout_ms - rt_mono_ms_between(t->asked, now)
	    : rt_mono_ms_between(now, t->next_ask) + 1;
	if (left_ms <= 0) {
		give_up_waiting(t, now);
		return;
	}
	/* ZeroMQ's descriptor tells of changes only: look before waiting. */
	if (rt_ask_poll(t->ask, &answer) == RT_OK) {
		take_answer(t, answer, now);
		return;
	}
	if (poll(fds, RT_COUNT_OF(fds), (int)left_ms) < 0 && errno != EINTR)
		t->code = RT_EXIT_INTERNAL;
	if (fds[0].revents || (fds[2].revents & (POLLERR | POLLHUP)))
		t->code = RT_EXIT_OK;
}

static int
run(struct tail *t)
{
	const struct rt_decode_opts o = {.attempt_base = 1};
	int signal_fd = rt_signals_open(NULL);
	enum rt_err err;

	signal(SIGPIPE, SIG_IGN);
	err = rt_ask_open_keyed(t->at.text, &t->certs, &t->ask, &t->why);
	if (err != RT_OK) {
		close(signal_fd);
		return rt_options_fail(
		    "tail", &t->why, rt_viewer_exit_to_open(err));
	}
	t->decoder = rt_decoder_new(&o);
	rt_report_init(&t->report);
	rt_buf_init(&t->question, RT_QUERY_MAX);
	t->cursor = t->from_oldest ? 0 : UINT64_MAX;
	if (!t->as_json)
		put_header();
	while (t->code == RT_OPTIONS_GO)
		turn(t, signal_fd);
	rt_buf_fini(&t->question);
	rt_report_fini(&t->report);
	rt_decoder_free(t->decoder);
	rt_ask_close(t->ask);
	close(signal_fd);
	return t->code;
}

int
rt_cmd_tail(int argc, char **argv)
{
	struct tail t = {.at = {RT_ENDPOINT_QUERY},
	    .timeout_ms = 2000,
	    .code = RT_OPTIONS_GO};
	const struct rt_option rows[] = {
	    RT_OPTION_COLLECTOR(
		'c', "collector", &t.at, "whom to ask (127.0.0.1:7782)"),
	    RT_OPTION_FLAG('j', "json", &t.as_json,
		"canonical records, one a line, instead of columns"),
	    RT_OPTION_FLAG('a', "all", &t.from_oldest,
		"begin with the oldest event that is kept, not with the next"),
	    RT_OPTION_DURATION('t', "timeout", &t.timeout_ms, 100, 3600000,
		"say so when nobody answers for so long (2)"),
	    RT_OPTIONS_CERTS(&t.certs),
	};
	const struct rt_options o = {"tail", NULL,
	    "Prints accepted events as they come.", rows, RT_COUNT_OF(rows)};
	int code = rt_options_parse(&o, &argc, argv);

	return code == RT_OPTIONS_GO ? run(&t) : code;
}
