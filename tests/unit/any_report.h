/* SPDX-License-Identifier: MIT */
/*
 * any_report — reports with something random everywhere, the same for the same seed, and
 * their equality member by member.
 */
#ifndef RT_TEST_ANY_REPORT_H
#define RT_TEST_ANY_REPORT_H

#include "proto/report.h"
#include "tests/unit/util.h"

/* `seed` is not 0. */
void any_seed(uint64_t seed);
uint64_t any(void);
/* 0 .. limit - 1. */
unsigned any_below(unsigned limit);
void any_report(struct rt_report *r);

void same_report(const struct rt_report *a, const struct rt_report *b);

#endif
