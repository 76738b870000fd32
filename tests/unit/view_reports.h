/* SPDX-License-Identifier: MIT */
/*
 * view_reports — reports and events by hand, for the tests of what the panels show.
 */
#ifndef RT_TEST_VIEW_REPORTS_H
#define RT_TEST_VIEW_REPORTS_H

#include "tests/unit/screen.h"

/* Three routes with failures of most classes, fallbacks, and every trend. */
void fill_busy(struct rt_report *r);
/* The same with a loss of every kind, and a canary that fails. */
void fill_troubled(struct rt_report *r);
/* Fresh and kept connections, a pause, an end, and one of whom nothing is known. */
void fill_canaries(struct rt_report *r);
/* Names that would drive a terminal, turn the line, or take any number of columns. */
void fill_hostile(struct rt_report *r);

void add_route(struct rt_report *r, const char *service, const char *route,
    const char *model, unsigned by, double ms);

/* The newest `count` attempts, two of each operation; three of four failed. */
void see_events(struct world *w, unsigned count);

#endif
