/* SPDX-License-Identifier: MIT */
/*
 * collect_state — what a running collector holds, for its four files: collect.c starts it
 * and turns the loop, collect_config.c says how it is set up and set up anew,
 * collect_take.c takes events and batches, collect_answer.c questions.  Nobody else
 * includes it.
 */
#ifndef RT_COLLECT_STATE_H
#define RT_COLLECT_STATE_H

#include "collector/access.h"
#include "collector/aggregate.h"
#include "collector/alerts.h"
#include "collector/bus.h"
#include "collector/config.h"
#include "collector/http.h"
#include "collector/intake.h"
#include "collector/journal.h"
#include "collector/owner_file.h"
#include "collector/sdnotify.h"

/* Questions that wait, and the one whose answer is being made. */
#define RT_COLLECT_ASKS 16u

struct rt_collect_ask {
	struct rt_query query;
	char to[256], head[256]; /* frames of the question */
	size_t to_len, head_len;
};

struct rt_collect_asks {
	struct rt_collect_ask waiting[RT_COLLECT_ASKS]; /* a ring */
	unsigned first, count;
	bool is_look_due, is_page_due; /* of the alerts; for http */
	enum {
		RT_COLLECT_IDLE,
		RT_COLLECT_BUILD,
		RT_COLLECT_ENCODE,
	} step;
	enum {
		RT_COLLECT_VIEWER,
		RT_COLLECT_LOOK,
		RT_COLLECT_PAGE,
		RT_COLLECT_WHO_COUNT,
	} who; /* it is for */
	struct rt_collect_ask now;
	struct rt_moment at; /* what it is about */
	unsigned begun;      /* times */
	bool is_outdated;    /* by a reload: begin again */
	struct rt_report reports[RT_COLLECT_WHO_COUNT];
	struct rt_report_encoder encoder;
	struct rt_buf text;
	size_t text_bytes; /* of the last full one, and somewhat more */
};

struct rt_collect {
	/* What the command line said; it wins over the file. */
	struct {
		const char *config;  /* NULL: the usual places */
		const char *journal; /* NULL: not said */
		const char *secret, *emitters, *viewers,
		    *owners; /* NULL: not said */
		struct rt_endpoint
		    endpoints[RT_BUS_COUNT];  /* empty: not said */
		struct rt_endpoint http;      /* the same */
		int64_t operation_timeout_ms; /* 0: not said */
		int64_t emitter_rate;         /* -1: not said */
		bool insecure;
		int64_t ready_fd; /* -1: nobody waits */
	} said;
	struct rt_config config;
	struct rt_aggregate *aggregate; /* owned */
	struct rt_intake *intake;       /* owned */
	struct rt_access *access;       /* owned; NULL: no keys */
	struct rt_owner *owner;         /* owned */
	struct rt_owner_file owners;    /* of that on disk */
	struct {
		const char *key; /* of the message at hand; NULL: nobody's */
		bool may_claim;  /* ids of its records */
	} sender;
	uint64_t forged;    /* messages under the emitter id of another key */
	struct rt_bus *bus; /* owned */
	struct rt_journal *journal; /* owned; NULL: none is kept */
	struct rt_http *http;       /* owned; NULL: off */
	struct rt_sdnotify manager;
	uint64_t journal_damaged; /* records that warming up missed */
	int signal_fd;
	int wake_fd; /* signals; where they are there: journal, http */
	bool is_ending;
	struct rt_alerts *alerts; /* owned */
	struct rt_collect_asks asks;
	struct rt_report report; /* what is answered at once */
	struct rt_buf answer;    /* its text */
	uint64_t bad_queries, unread_answers;
	rt_mono_t named;     /* when who is over its rate was said last */
	uint64_t lost_ports; /* ipc paths that are not ours any more */
	char source[RT_WIRE_EMITTER_MAX + 16];
};

/*
 * One line to standard error, free of what a terminal would obey: how things are, and what
 * an operator should know is not as asked.
 */
void rt_collect_say(const char *fmt, ...) RT_PRINTF(1, 2);
void rt_collect_warn(const char *fmt, ...) RT_PRINTF(1, 2);
void rt_collect_say_access(const struct rt_access *a);

/*
 * The collector's clock begins before the machine did, so that what a journal tells of
 * the hour before has a place on it.
 */
struct rt_moment rt_collect_moment(void);

/* ---- collect_config.c ---------------------------------------------------------- */

struct rt_endpoint *rt_collect_endpoint(
    struct rt_config *c, enum rt_bus_port port);

/* The file, overruled by the command line. */
enum rt_err rt_collect_read_config(
    const struct rt_collect *c, struct rt_config *out, struct rt_diag *d);

/* Who may come in, by a configuration; *out stays NULL where it names no keys. */
enum rt_err rt_collect_read_access(
    const struct rt_config *c, struct rt_access **out, struct rt_diag *d);

/* Of each emitter on the open port, and of each sender on the acknowledged one. */
struct rt_limit rt_collect_limit(const struct rt_collect *c);
/* The decision map stays borrowed from c->config. */
struct rt_aggregate_opts rt_collect_aggregate_opts(const struct rt_collect *c);
struct rt_journal_opts rt_collect_journal_opts(const struct rt_config *c);

/* Read everything again; where that fails, the old configuration stays. */
void rt_collect_reload(struct rt_collect *c);

/* ---- collect_take.c ------------------------------------------------------------ */

void rt_collect_take_event(
    struct rt_collect *c, const struct rt_bus_message *m, struct rt_moment at);
void rt_collect_take_batch(
    struct rt_collect *c, const struct rt_bus_message *m, struct rt_moment at);
/* Who may use which emitter id, where there are keys: told from the file, and to it. */
void rt_collect_open_owners(struct rt_collect *c);
void rt_collect_tend_owners(
    struct rt_collect *c, struct rt_moment at, bool is_last);

/* Answers that were held back until now; who went over its rate, to the log. */
void rt_collect_send_due(struct rt_collect *c, struct rt_moment at);
void rt_collect_name_over(struct rt_collect *c, struct rt_moment at);

/* To a sender, by the acknowledged port. */
void rt_collect_answer(
    struct rt_collect *c, struct rt_str to, struct rt_str body);

/* ---- collect_answer.c ------------------------------------------------------------ */

void rt_collect_asks_init(struct rt_collect_asks *asks);
void rt_collect_asks_fini(struct rt_collect_asks *asks);

/* Answers at once or puts off; to be called where there is room. */
void rt_collect_take_question(
    struct rt_collect *c, const struct rt_bus_message *m, struct rt_moment at);
bool rt_collect_has_room(const struct rt_collect *c);
/* Whoever asks by HTTP reads the counters since the start. */
void rt_collect_tend_http(struct rt_collect *c);
/* Alerts, where it is time for a look. */
void rt_collect_tend_alerts(struct rt_collect *c, struct rt_moment at);

/* One piece of what is to be answered; is there any? */
void rt_collect_tend_answers(struct rt_collect *c);
bool rt_collect_is_answering(const struct rt_collect *c);

/* Fill c->report; of a query without series. */
void rt_collect_report(
    struct rt_collect *c, const struct rt_query *q, struct rt_moment at);

#endif
