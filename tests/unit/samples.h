/* SPDX-License-Identifier: MIT */
/*
 * samples — the lines of the logs in tests/data/vectors, of every shape of record.
 */
#ifndef RT_TEST_SAMPLES_H
#define RT_TEST_SAMPLES_H

#include "tests/unit/util.h"

#define SAMPLES_MAX 1500u

extern struct rt_str samples[SAMPLES_MAX];
extern size_t sample_count;

/* The setup of a group; they stay until the end of the program. */
int load_samples(void **state);

#endif
