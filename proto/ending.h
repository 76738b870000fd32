/* SPDX-License-Identifier: MIT */
/*
 * ending — how a record says that its operation ended, and which fate that is.
 */
#ifndef RT_ENDING_H
#define RT_ENDING_H

#include "proto/counts.h"
#include "proto/event.h"

/* How a record says that an operation ended. */
enum rt_ending {
	RT_ENDING_NOT, /* it goes on */
	RT_ENDING_SUCCESS,
	RT_ENDING_DEGRADED,
	RT_ENDING_CANCELLED,
	RT_ENDING_BUDGET, /* failure: the time budget ran out */
	RT_ENDING_FAILURE,
	RT_ENDING_SILENCE,
};
enum rt_ending rt_ending_of(const struct rt_event *e);

enum rt_fate rt_fate_of(
    enum rt_ending ending, uint32_t tries, bool had_fallback);

#endif
