/* SPDX-License-Identifier: MIT */
/*
 * report_row — counts and what is made of them, as a report's document spells them.
 *
 * The totals have them once, each series again: nearly all of a large document.  So rates,
 * quantiles and columns are written in one go, their words copied by known lengths.
 * Private to report_encode.c.
 */
#ifndef RT_REPORT_ROW_H
#define RT_REPORT_ROW_H

#include "proto/jsonw.h"
#include "proto/report_fields.h"

void rt_report_put_rate(
    struct rt_jsonw *w, const char *key, struct rt_rate rate);
void rt_report_put_rates(struct rt_jsonw *w, const struct rt_counts *c);
void rt_report_put_counters(struct rt_jsonw *w,
    const struct rt_report_counter *t, const struct rt_counts *c);
/* Those that are not 0. */
void rt_report_put_group(struct rt_jsonw *w, const struct rt_report_group *g,
    const struct rt_counts *c);
void rt_report_put_operations(struct rt_jsonw *w, const struct rt_counts *c,
    uint64_t unfinished, bool known);
void rt_report_put_sums(struct rt_jsonw *w, const struct rt_counts *c);
void rt_report_put_latency(
    struct rt_jsonw *w, const struct rt_quantiles q[RT_LATENCY_COUNT]);
/* At most RT_TIMELINE_COLS of them. */
void rt_report_put_columns(
    struct rt_jsonw *w, const char *key, const uint32_t *v, unsigned count);
void rt_report_put_series(struct rt_jsonw *w, const struct rt_report_series *s);

/* Operations that began and did not end, as far as these counts know. */
uint64_t rt_report_started_only(const struct rt_counts *c);

#endif
