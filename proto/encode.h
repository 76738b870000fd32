/* SPDX-License-Identifier: MIT */
/*
 * encode — an event as one canonical JSON line (no newline at its end).
 *
 * Field order is that of RT_EVENT_FIELDS after `schema`; absent fields are left out;
 * `source_shape` follows where it is not native.  Reading it back gives the same
 * event, so the same numbers.  An unknown decision keeps its own word.  `ts_is_arrival` is
 * true where `ts` is no more than the time of arrival.  The name of what
 * was dropped stands first of all, with "Bearer (dropped)" for its value, which any
 * reader drops and counts again.  Cost: no heap once the buffer has grown.
 */
#ifndef RT_ENCODE_H
#define RT_ENCODE_H

#include "proto/buf.h"
#include "proto/event.h"

void rt_encode(struct rt_buf *b, const struct rt_event *e);

#endif
