/* SPDX-License-Identifier: MIT */
/*
 * bench — what the benchmarks share: records to send, a clock, a median.
 *
 * Records  The native ones of tests/data/vectors, with the first eight digits of the
 *          operation id replaced by a number: repeated, they are other operations.
 */
#ifndef RT_BENCH_H
#define RT_BENCH_H

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "proto/clock.h"
#include "proto/text.h"

#define BENCH_RECORDS "tests/data/vectors/native.jsonl"
#define BENCH_RECORDS_MAX 1000u

struct bench_records {
	char text[1 << 20];
	struct rt_str line[BENCH_RECORDS_MAX];
	size_t id_at[BENCH_RECORDS_MAX]; /* of the operation id's digits */
	size_t count, bytes;
};

static inline void
bench_die(const char *what)
{
	perror(what);
	exit(1);
}

static inline void
bench_load(struct bench_records *r)
{
	static const char key[] = "\"operation_id\": \"";
	FILE *f = fopen(BENCH_RECORDS, "rb");
	char *p, *end, *id;

	if (!f)
		bench_die(BENCH_RECORDS);
	r->text[fread(r->text, 1, sizeof(r->text) - 1, f)] = '\0';
	fclose(f);
	r->count = r->bytes = 0;
	for (p = r->text; *p && r->count < BENCH_RECORDS_MAX; p = end + 1) {
		end = strchr(p, '\n');
		id = strstr(p, key);
		if (!end || !id || id > end)
			bench_die("a record without operation id");
		r->line[r->count] = (struct rt_str){p, (size_t)(end - p)};
		r->id_at[r->count] = (size_t)(id - p) + sizeof(key) - 1;
		r->bytes += (size_t)(end - p);
		r->count++;
	}
}

/* Eight hexadecimal digits at `to`. */
static inline void
bench_digits(char *to, uint32_t n)
{
	int i;

	for (i = 7; i >= 0; i--, n >>= 4)
		to[i] = "0123456789abcdef"[n & 15];
}

/* Record i of round `round` to `to`; its length. */
static inline size_t
bench_copy(const struct bench_records *r, size_t i, uint32_t round, char *to)
{
	memcpy(to, r->line[i].p, r->line[i].len);
	bench_digits(to + r->id_at[i], round);
	return r->line[i].len;
}

static inline int64_t
bench_now_us(void)
{
	return rt_clock_mono().us;
}

/*
 * Processor time of this process: for what one thread does by itself, so that others who
 * share the machine slow it down only by the caches.
 */
static inline int64_t
bench_cpu_us(void)
{
	struct timespec t;

	if (clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t) != 0)
		bench_die("clock_gettime");
	return (int64_t)t.tv_sec * 1000000 + t.tv_nsec / 1000;
}

static inline int
bench_by_size(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

/* Sorts v. */
static inline double
bench_median(double *v, size_t n)
{
	qsort(v, n, sizeof(*v), bench_by_size);
	return n % 2 ? v[n / 2] : (v[n / 2 - 1] + v[n / 2]) / 2;
}

#endif
