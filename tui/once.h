/* SPDX-License-Identifier: MIT */
/*
 * once — the numbers of the dashboard without a terminal: one answer, printed.
 */
#ifndef RT_ONCE_H
#define RT_ONCE_H

#include <stdbool.h>
#include <stdint.h>

#include "proto/curve.h"

/* Exit code: 0, 69 where nobody answers in time, 74 where stdout fails. */
int rt_once_run(const char *endpoint, const struct rt_curve_paths *certs,
    uint32_t window_s, bool as_json, int timeout_ms);

#endif
