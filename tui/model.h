/* SPDX-License-Identifier: MIT */
/*
 * model — the last answer and what the user chose: all that a screen is drawn from.
 *
 * What    Views read it, keys change it, feed fills it.  Pure: no clock, no socket, no
 *         terminal; `now` is handed in.
 * Answer  A fresh report replaces the live one.  While frozen, the screen keeps a copy of
 *         report and events; intake goes on and is counted as held.
 * Past    Where at_us is set, questions and answers are about that moment (travel.h): the
 *         live report is one about the past, and its tail is in past_trail.
 * Rows    A panel with rows shows them in `order`; the cursor sticks to a row's identity
 *         (a hash of its labels), not to its place.  For RT_MODEL_HOLD_MS after a key the
 *         order on the screen stays, new rows are added at its end.
 * Life    Heap object; one thread.
 */
#ifndef RT_MODEL_H
#define RT_MODEL_H

#include "proto/clock.h"
#include "proto/query.h"
#include "proto/report.h"
#include "tui/acks.h"
#include "tui/columns.h"
#include "tui/dock.h"
#include "tui/drill.h"
#include "tui/menu.h"
#include "tui/palette.h"
#include "tui/prompt.h"
#include "tui/reel.h"
#include "tui/roster.h"
#include "tui/trail.h"

#define RT_MODEL_ROWS 256u       /* series asked for and shown at most */
#define RT_MODEL_PAST_ROWS 512u  /* events asked for of the past */
#define RT_MODEL_HOLD_MS 5000    /* order stays after a key */
#define RT_MODEL_GONE_MS 3000    /* silence after which a collector is gone */
#define RT_MODEL_TREND_MS 5000   /* the time line moves at most so often */
#define RT_MODEL_CROWD_MS 2000   /* a tail too fast to read moves so often */
#define RT_MODEL_NEWS_MS 10000   /* how long "restarted" and "back" are told */
#define RT_MODEL_CLIP_MAX 65000u /* bytes copied at most */
#define RT_MODEL_NOTICE_MS 10000 /* how long a notice is told */

/* clang-format off */
/* X(ID, title, what it shows): the number keys 1..9, then 0, in this order. */
#define RT_PANELS(X) \
	X(OVERVIEW,  "Overview",       "Rates per second over time, first-try and final success side by side, and the fate of every operation that ended: the fates add up to the operations ended.") \
	X(TRIES,     "Attempts/op",    "How many attempts ended operations took: 1, 2, 3, 4, 5 or more.") \
	X(LATENCY,   "Latency",        "Nearest-rank quantiles, within 1 %, and the number of values they come from. operation: from the start of the first attempt to the last record; attempt: one request; ttft: to the first streamed chunk; backoff: waits announced before a retry of the same target.") \
	X(ROUTES,    "Routes",         "One row a service, route and model, of the first attempt of each operation. op/s: operations ended; p95, p99: operation time; bud: retry ratio over 0.10, ok, LOW above 0.8, OUT from 1, ? below 20 first attempts.") \
	X(CLASSES,   "Error classes",  "Attempts by error class and what the client did next: retried, fell back, ended there; what is missing to 100 % said nothing or something unknown. share is of all attempts.") \
	X(FALLBACKS, "Fallback flow",  "Fallback decisions from one model (or route) to the next, by reason. share: of all fallback decisions; ok: decisions of operations that ended in success.") \
	X(AUDIT,     "Policy audit",   "Operations that broke a rule of the retry policy, by rule.") \
	X(CANARY,    "Canary",         "Synthetic probes, shown apart and left out of every rate.") \
	X(TAIL,      "Tail",           "Accepted events as they come, newest last.") \
	X(ALERTS,    "Alerts",         "What is beyond a threshold of the collector's configuration, since when, and what cleared in the last 15 minutes; Enter goes to what it is about. value > limit: the last value, or the worst where it cleared; n: what it is out of, never below 20; since: beyond the limit since. acked: seen on this screen, which nobody else is told.") \
	X(EMITTERS,  "Emitters",       "Who sends, those that lost something first. accept: records accepted; lost: numbers that never came; dup: numbers seen before; refus: records refused, where it is known whose; drop: given up by the sender, whose ring was full; unexpl: acknowledged and unaccounted for; flight: offered, not acknowledged yet; skew: the smallest arrival - ts, what clocks differ by at most; lag: of the last record, beyond that; heard: how long ago. -: cannot be known of this kind. The figures are since the collector started; complete is of the window.")
/* clang-format on */

#define X(id, title, about) RT_PANEL_##id,
enum rt_panel { RT_PANELS(X) RT_PANEL_COUNT };
#undef X
const char *rt_panel_title(enum rt_panel p);
const char *rt_panel_about(enum rt_panel p);
/* The key that focuses it, '1' to '9' and '0'; '\0': Tab goes there. */
char rt_panel_key(enum rt_panel p);

enum rt_link {
	RT_LINK_ASKING, /* no answer yet */
	RT_LINK_UP,
	RT_LINK_GONE, /* there was one, and it fell silent */
};

/* Rows of one panel, as shown. */
struct rt_model_rows {
	size_t count;
	uint16_t order[RT_MODEL_ROWS]; /* place on the screen to row */
	uint64_t ids[RT_MODEL_ROWS];   /* by place */
	uint64_t selected;             /* identity; 0: the first row */
	size_t at, top; /* place of the cursor, first place shown */
	size_t high;    /* most rows so far: what a table grew to it keeps */
};

struct rt_model {
	/* the answer */
	struct rt_report live, frozen;
	struct rt_trail *trail, *frozen_trail, *past_trail; /* owned */
	bool has_live; /* live holds an answer */
	/* the past; wall microseconds, 0: the present */
	int64_t at_us;         /* wanted */
	int64_t asked_at_us;   /* in the last question */
	int64_t past_trail_us; /* of what moment past_trail is */
	bool has_moved;        /* the answer is of another moment than before */
	bool thaws;            /* the next answer of the wanted moment thaws */
	/* of the tail: to ask with, UINT64_MAX: the newest; next one, UINT64_MAX: unknown */
	uint64_t tail_cursor, tail_next;
	uint64_t tail_missed; /* events that this viewer never saw */
	/* the collector */
	enum rt_link link;
	rt_mono_t now, asked_at, answered_at, started_at;
	rt_wall_t now_wall, answered_wall;
	int64_t last_event_us; /* wall; 0: none yet */
	uint64_t started_id, restarts;
	rt_wall_t restarted_wall, back_wall; /* 0: did not happen */
	rt_mono_t restarted_at, back_at;
	int64_t gap_ms;    /* how long it was gone before it was back */
	char trouble[160]; /* why the last answer was no use; empty: fine */
	/* what the user chose */
	const char *title;    /* borrowed */
	const char *endpoint; /* borrowed */
	uint32_t window_s;
	enum rt_sort sort; /* of the routes */
	bool reverse;
	/* of the other panels (order.h) */
	unsigned orders[RT_PANEL_COUNT];
	bool reversed[RT_PANEL_COUNT];
	struct rt_columns columns; /* of the routes table */
	uint32_t
	    columns_shown; /* bits 1 << enum rt_column; set by the layout */
	struct rt_menu menu;
	bool is_frozen;
	uint64_t frozen_newest; /* live trail number when frozen */
	uint64_t held_missed;   /* tail_missed then */
	rt_wall_t frozen_wall;
	bool utc, ascii;
	bool mouse;          /* asked for */
	enum rt_theme theme; /* the loop shows it */
	enum rt_panel focus;
	bool picked; /* by a key: the smallest screen shows it, not its list */
	enum rt_panel table; /* the one table of a small screen */
	bool zoomed;
	bool help;
	unsigned help_top;
	rt_mono_t key_at; /* of the last key; us 0: none yet */
	bool ask_now;     /* a choice needs a fresh answer */
	bool keep_order;  /* cleared by a choice that asks for another order */
	struct rt_model_rows rows[RT_PANEL_COUNT];
	/* the tail's view */
	bool follow;
	uint64_t tail_at, tail_bottom; /* trail numbers: cursor, last line */
	rt_mono_t tail_moved_at, trend_at;
	struct rt_filter filter; /* of tail, lists, routes and fallbacks */
	struct rt_prompt prompt;
	struct rt_drill *drill;  /* owned: what is open beyond the panels */
	struct rt_dock dock;     /* beside the panels of a large screen */
	struct rt_buf clip;      /* what was copied last */
	struct rt_roster roster; /* of the report on the screen */
	struct rt_acks acks;
	bool bell;      /* rings once for each alert that fires newly */
	bool must_ring; /* the loop rings, and clears it */
	char export_to[RT_PROMPT_MAX + 1]; /* file; "": one of its own */
	struct rt_reel reel;               /* what is told to a replay */
	unsigned rewound; /* answers until the events of this pass are here */
	/* one sentence in the place of the keys, until the next key */
	char notice[256];
	rt_mono_t notice_at;
	/* what the last frame cost; shown where there is room */
	uint64_t frame_bytes;
};

RT_NODISCARD struct rt_model *rt_model_new(
    const char *title, const char *endpoint, uint32_t window_s);
void rt_model_free(struct rt_model *m);

/* Time passes: notices that the collector is gone. */
void rt_model_tick(struct rt_model *m, rt_mono_t now, rt_wall_t wall);

/*
 * A fresh answer: takes the contents of *fresh and leaves old storage there.  Events of
 * its tail are not looked at: rt_model_event.
 */
void rt_model_answer(struct rt_model *m, struct rt_report *fresh);
/* An answer that could not be read, or a collector that could not be asked. */
void rt_model_trouble(struct rt_model *m, const char *what);
void rt_model_event(struct rt_model *m, const struct rt_event *e);

/* Say something for a while; the next key takes it away. */
void rt_model_say(struct rt_model *m, const char *fmt, ...) RT_PRINTF(2, 3);
/* NULL: nothing to say. */
const char *rt_model_notice(const struct rt_model *m);

/* What the screen shows: the live answer or the frozen one. */
const struct rt_report *rt_model_report(const struct rt_model *m);
const struct rt_trail *rt_model_trail(const struct rt_model *m);
/* Is there an answer to show at all? */
bool rt_model_has_report(const struct rt_model *m);
/* Events that came and are not shown: frozen or scrolled up. */
uint64_t rt_model_held(const struct rt_model *m);
/* Age of the answer on the screen, ms. */
int64_t rt_model_age_ms(const struct rt_model *m);

/* The question that suits the choices; series rows are grouped for the routes table. */
struct rt_query rt_model_query(const struct rt_model *m);

/* Seconds that per-second figures divide by: min(window, uptime), at least 1. */
double rt_model_span_s(const struct rt_model *m);

void rt_model_freeze(struct rt_model *m, bool frozen);

/* Another window; a frozen screen keeps the one of its answer, and says so. */
void rt_model_window(struct rt_model *m, uint32_t window_s);

/* Another filter; the open list is made anew. */
void rt_model_filter(struct rt_model *m, const struct rt_filter *f);

/* Bring order and cursor of every panel in line with the report on the screen. */
void rt_model_settle(struct rt_model *m);
/* Move the cursor of the panel in focus; first and last for INT_MIN and INT_MAX. */
void rt_model_move(struct rt_model *m, int by);

/* Classes with attempts, biggest first, `none` last; returns how many. */
size_t rt_model_classes(
    const struct rt_report *r, enum rt_class out[RT_CLASS_COUNT]);

#endif
