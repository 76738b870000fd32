/* SPDX-License-Identifier: MIT */
/*
 * macro — the few words every file may use.
 */
#ifndef RT_MACRO_H
#define RT_MACRO_H

#define RT_NODISCARD __attribute__((warn_unused_result))
#define RT_PRINTF(fmt, args) __attribute__((format(printf, fmt, args)))
#define RT_COUNT_OF(a) (sizeof(a) / sizeof((a)[0]))

#endif
