/* SPDX-License-Identifier: MIT */
/*
 * util — what several unit tests need; includes cmocka in the right order.
 */
#ifndef RT_TEST_UTIL_H
#define RT_TEST_UTIL_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "proto/text.h"

/* Fails unless |got - want| <= tolerance. */
#define assert_within(got, want, tolerance) \
	util_assert_within((got), (want), (tolerance), #got, __FILE__, __LINE__)
void util_assert_within(double got, double want, double tolerance,
    const char *what, const char *file, int line);

/*
 * A copy of the bytes that ends where an unreadable page begins: reading one byte too
 * many faults.  One copy at a time: valid until the next call.
 */
const char *util_guarded(const void *bytes, size_t len);

/* As printable ASCII, for failure messages; valid for the next three calls. */
const char *util_show(struct rt_str s);

/* A small seeded generator, the same everywhere. */
struct util_random {
	uint64_t state;
};
/* Seed from RT_SEED if set, else `fallback`; prints it. */
struct util_random util_random_begin(uint64_t fallback);
uint64_t util_random(struct util_random *r);
/* 0 .. below - 1. */
size_t util_random_below(struct util_random *r, size_t below);

/* A whole file, heap, NUL-terminated; the test fails where it cannot be read. */
char *util_read_file(const char *path, size_t *len);

/* The text is what the file holds; with RT_GOLDEN_WRITE set it is written there first. */
#define assert_golden_file(path, text) \
	util_assert_golden((path), (text), __FILE__, __LINE__)
void util_assert_golden(
    const char *path, const char *text, const char *file, int line);

#endif
