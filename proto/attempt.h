/* SPDX-License-Identifier: MIT */
/*
 * attempt — the client library's struct rt_attempt as one canonical record.
 *
 * One table maps its members to the fields of event.h; ranges and lengths are those of
 * RT_EVENT_FIELDS, so that the library refuses what a collector would refuse.  No heap.
 */
#ifndef RT_ATTEMPT_H
#define RT_ATTEMPT_H

#include "proto/clock.h"
#include "proto/err.h"
#include "proto/retrytop.h"

/*
 * Write the record, ended at `ts`, into out (RT_RECORD_MAX + 1 bytes are enough).
 * RT_E_FIELD: a required field is missing, or one is out of range or too long.
 * RT_E_TOO_LARGE: it does not fit.
 */
RT_NODISCARD enum rt_err rt_attempt_encode(const struct rt_attempt *a,
    rt_wall_t ts, char *out, size_t size, size_t *len);

#endif
