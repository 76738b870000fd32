/* SPDX-License-Identifier: MIT */
/*
 * order — by what the rows of a panel are sorted.
 *
 * Routes   The collector sorts (query.h): it has rows that are not sent.  Orders are
 *          RT_SORTS.
 * Others   Whole on the screen, so sorted here; the first order is that of the report.
 *          Rows that are equal keep that order.
 * Settled  A panel without rows has no orders; keys then mean the table on the screen.
 */
#ifndef RT_ORDER_H
#define RT_ORDER_H

#include "tui/model.h"

/* How many orders the panel has; 0: it has no rows to sort. */
unsigned rt_order_count(enum rt_panel p);
const char *rt_order_name(enum rt_panel p, unsigned order);
/* One sentence for the menu. */
const char *rt_order_about(enum rt_panel p, unsigned order);

/* The panel that a key for sorting means. */
enum rt_panel rt_order_panel(const struct rt_model *m);

unsigned rt_order_get(const struct rt_model *m, enum rt_panel p);
bool rt_order_is_reversed(const struct rt_model *m, enum rt_panel p);
/* Shown at once: the order on the screen is not held for it. */
void rt_order_set(
    struct rt_model *m, enum rt_panel p, unsigned order, bool reverse);

/* Sort rows of the report; routes come sorted. */
void rt_order_apply(const struct rt_model *m, enum rt_panel p,
    uint16_t rows[RT_MODEL_ROWS], size_t count);

#endif
