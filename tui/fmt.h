/* SPDX-License-Identifier: MIT */
/*
 * fmt — numbers as text of a known width.
 *
 * Each writes a NUL-terminated string into the caller's char[RT_FMT_SIZE] and returns it.
 * Absent is "-", unknown "?", a rate without denominator "n/a".  Never wider than said.
 */
#ifndef RT_FMT_H
#define RT_FMT_H

#include <stdbool.h>
#include <stdint.h>

#include "proto/counts.h"

#define RT_FMT_SIZE 32u
#define RT_FMT_FEW \
	20u /* below this many, a rate is dimmed and never alerted on */

/* 5 columns: 0 .. 99999, then 123k, 12.3M. */
const char *rt_fmt_count(char out[RT_FMT_SIZE], uint64_t v);
/* 6 columns: "12.4", "1234", "12.3k" (per second, unit left to the head). */
const char *rt_fmt_per_s(char out[RT_FMT_SIZE], double v);
/* 6 columns: "98.4%", "100%", "n/a". */
const char *rt_fmt_pct(char out[RT_FMT_SIZE], struct rt_rate r);
/* 5 columns: "1.61x", "n/a". */
const char *rt_fmt_times(char out[RT_FMT_SIZE], struct rt_rate r);
/* 6 columns: "4.6s", "120ms", "2m03s"; negative is "-". */
const char *rt_fmt_ms(char out[RT_FMT_SIZE], double ms);
/* "3s", "2m12s", "4h03m", "6d04h"; negative is "-". */
const char *rt_fmt_age(char out[RT_FMT_SIZE], int64_t ms);
/* From ten seconds on in steps of ten: a line that always stands there and changes
 * each second costs the line as much as the clock. */
const char *rt_fmt_steady_age(char out[RT_FMT_SIZE], int64_t ms);
/* "12:04:31Z", or local "13:04:31". */
const char *rt_fmt_clock(char out[RT_FMT_SIZE], int64_t us, bool utc);

#endif
