/* SPDX-License-Identifier: MIT */
/*
 * classify — error class of an attempt, derived once, here.
 *
 * Pure function of status, error_type and final_outcome; a table of rules, the
 * first that matches wins.  ASCII case is ignored.  Cost: below 100 ns, and a
 * compare or two for a 2xx with no error_type.
 */
#ifndef RT_CLASSIFY_H
#define RT_CLASSIFY_H

#include "proto/event.h"

/* Reads http_response_status_code, error_type and final_outcome of `e`. */
enum rt_class rt_classify(const struct rt_event *e);

#endif
