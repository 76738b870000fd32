/* SPDX-License-Identifier: MIT */
/*
 * viewer — a question to a running collector and the report that comes back.
 *
 * For commands that print; the dashboard keeps its own pace over proto/ask.h.
 */
#ifndef RT_VIEWER_H
#define RT_VIEWER_H

#include "proto/ask.h"
#include "proto/query.h"
#include "proto/report.h"

/*
 * Ask and wait.  RT_E_TIMEOUT: nobody answered; RT_E_USAGE: no endpoint; otherwise what
 * the collector refused or what could not be read.  The diag is fit for the user.
 */
RT_NODISCARD enum rt_err rt_viewer_ask(struct rt_ask *ask, const char *endpoint,
    const struct rt_query *q, int timeout_ms, struct rt_report *out,
    struct rt_diag *d);

/* An answer to a report; a refusal of the collector becomes the diag. */
RT_NODISCARD enum rt_err rt_viewer_read(
    struct rt_str answer, struct rt_report *out, struct rt_diag *d);

/* The exit code where rt_ask_open_keyed failed with `err`. */
enum rt_exit rt_viewer_exit_to_open(enum rt_err err);

/* The words for nobody being there. */
void rt_viewer_say_unreachable(
    struct rt_diag *d, const char *endpoint, int64_t waited_ms);

#endif
