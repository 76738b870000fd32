/* SPDX-License-Identifier: MIT */
/*
 * travel — a model that asks a real aggregate, as feed does, through more than an hour.
 */
#ifndef RT_TEST_TRAVEL_H
#define RT_TEST_TRAVEL_H

#include "collector/aggregate.h"
#include "proto/decode.h"
#include "tests/unit/screen.h"
#include "tui/travel.h"

#define S INT64_C(1000000)
#define WALL_US INT64_C(1781341200000000) /* 2026-06-13T09:00:00Z */
#define MONO_US (7260 * S)

struct travel {
	struct rt_aggregate *a;
	struct rt_decoder *decoder;
	struct rt_model *m;
	struct rt_report r;
	struct rt_grid g;
	int64_t now_us; /* since the start */
	unsigned ids;
};

/* A collector that has run for so long. */
void travel_open(struct travel *w, int64_t seconds);
void travel_close(struct travel *w);
/* Every second of the half minute that begins now one operation; each fifth fails. */
void travel_run(struct travel *w, int64_t seconds);
/* One attempt more, now. */
void travel_put(
    struct travel *w, const char *id, unsigned attempt, const char *rest);

struct rt_query travel_ask(struct travel *w);
void travel_deliver(struct travel *w, const struct rt_query *q);
/* One question and its answer. */
void travel_answer(struct travel *w);

void travel_press(struct travel *w, int key);
void travel_command(struct travel *w, const char *z);
void travel_draw(struct travel *w, unsigned rows, unsigned cols);
/* On 80x24, now. */
void travel_shows(struct travel *w, const char *needle);
void travel_looks_as(
    struct travel *w, unsigned rows, unsigned cols, const char *name);
/* Seconds since the start of the moment on the screen. */
int64_t travel_at_s(const struct travel *w);

#endif
