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

#define RT_CLASSIFIED_BITS 6

/* What was derived before: most attempts end as one of few others did. */
struct rt_classified {
	uint8_t by_status[600]; /* no error_type; class + 1, 0: not known */
	struct {
		char type[60];
		uint8_t len; /* 0: none */
		uint8_t error_class;
		uint16_t status;
	} by_type[1 << RT_CLASSIFIED_BITS]; /* by a hash; the last one stays */
};

/* Reads http_response_status_code, error_type and final_outcome of `e`. */
enum rt_class rt_classify(const struct rt_event *e);

/* The same with a memory, zeroed at first, and some 30 instructions if it is in there. */
enum rt_class rt_classify_again(
    struct rt_classified *before, const struct rt_event *e);

#endif
