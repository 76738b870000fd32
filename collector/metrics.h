/* SPDX-License-Identifier: MIT */
/*
 * metrics — a report as the pages that machines read: OpenMetrics 1.0 and health.
 *
 * What    /metrics holds counters since the collector started, with the sentences of the
 *         rates' own table as HELP: a rate over any window is the increase of its
 *         numerator by that of its denominator.  Gauges are what is true now.
 * Names   retrytop_NAME for totals, which are exact; retrytop_series_NAME with the labels
 *         of a series.  An absent label is left out.
 * Bounds  RT_METRICS_SERIES_MAX series, the first of the report; ask for it sorted by
 *         attempts.  What is beyond is one row other="true", the totals minus the rows
 *         shown: it falls when a series moves up into the rows shown, which readers take
 *         for a restart.  So it is with fallbacks, RT_METRICS_FALLBACKS_MAX of them.
 * Lost    `lost` is a gauge: a number that comes late fills its gap.
 * Health  Degraded is: something acknowledged is unexplained, or a journal is on and not
 *         written.  The first stays until a restart: it is for people to look into.
 * Pure    Labels are escaped and scrubbed; nothing but labels comes from a publisher.
 */
#ifndef RT_METRICS_H
#define RT_METRICS_H

#include "proto/buf.h"
#include "proto/report.h"

#define RT_METRICS_SERIES_MAX 200u
#define RT_METRICS_FALLBACKS_MAX 100u
/* With every label of every row as long as can be and all of it escaped. */
#define RT_METRICS_BYTES_MAX (32u << 20)
#define RT_METRICS_TYPE \
	"application/openmetrics-text; version=1.0.0; charset=utf-8"

/* The whole exposition, "# EOF" included; `r` since start, with its series. */
void rt_metrics_encode(struct rt_buf *b, const struct rt_report *r);

/* One JSON object and a newline. */
void rt_metrics_health(struct rt_buf *b, const struct rt_report *r);
bool rt_metrics_is_degraded(const struct rt_report *r);

#endif
