/* SPDX-License-Identifier: MIT */
/*
 * Decoding native records, against json-c only tokenising them: those of the test data
 * again and again, then (`_mixed`) so many in random order, each with an id of its own,
 * that neither the processor nor its caches know what comes.
 */
#include <json-c/json.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "proto/decode.h"
#include "tests/bench/bench.h"

#define MIXED 16384u
#define RECORD_MAX 1024u
#define RUN_US 700000

static struct bench_records given;
static struct rt_str records[MIXED];
static size_t count, bytes;

static void
decode_all(void *with)
{
	struct rt_event e;
	size_t i;

	for (i = 0; i < count; i++)
		if (rt_decode(with, records[i].p, records[i].len, &e, NULL) !=
		    RT_REJECT_NOT)
			exit(1);
}

static void
tokenise_all(void *with)
{
	struct json_object *o;
	size_t i;

	for (i = 0; i < count; i++) {
		json_tokener_reset(with);
		o = json_tokener_parse_ex(
		    with, records[i].p, (int)records[i].len);
		if (!o)
			exit(1);
		json_object_put(o);
	}
}

/* Records per second: the best of five, since others share the machine. */
static double
measure(void (*run)(void *), void *with)
{
	double best = 0, rate;
	int64_t start, now;
	size_t turns, k;

	for (k = 0; k < 5; k++) {
		start = bench_cpu_us();
		turns = 0;
		do {
			run(with);
			turns++;
			now = bench_cpu_us();
		} while (now - start < RUN_US / 5);
		rate = (double)(turns * count) * 1e6 / (double)(now - start);
		if (rate > best)
			best = rate;
	}
	return best;
}

static void
take_in_order(void)
{
	count = given.count;
	bytes = given.bytes;
	memcpy(records, given.line, sizeof(given.line));
}

static void
take_mixed(void)
{
	static char text[MIXED * RECORD_MAX];
	uint32_t random = 1;
	char *p = text;
	size_t i;

	count = MIXED;
	bytes = 0;
	for (i = 0; i < count; i++) {
		random = random * 1103515245u + 12345u;
		if (p + RECORD_MAX > text + sizeof(text))
			bench_die("records longer than was thought");
		records[i].p = p;
		records[i].len =
		    bench_copy(&given, (random >> 16) % given.count, random, p);
		p += records[i].len;
		bytes += records[i].len;
	}
}

static void
print(const char *suffix, struct rt_decoder *d, struct json_tokener *tok)
{
	double mean = (double)bytes / (double)count;
	double ours = measure(decode_all, d), theirs;

	theirs = measure(tokenise_all, tok);
	printf("decode%s\t%.0f\trecords/s\n", suffix, ours);
	printf("decode%s_bytes\t%.0f\tbytes/s\n", suffix, ours * mean);
	printf("jsonc_tokenise%s\t%.0f\trecords/s\n", suffix, theirs);
	printf("decode%s_vs_jsonc\t%.1f\ttimes\n", suffix, ours / theirs);
}

int
main(void)
{
	struct rt_decoder *d = rt_decoder_new(NULL);
	struct json_tokener *tok = json_tokener_new();

	bench_load(&given);
	take_in_order();
	printf(
	    "decode_record_mean\t%.0f\tbytes\n", (double)bytes / (double)count);
	print("", d, tok);
	take_mixed();
	print("_mixed", d, tok);
	json_tokener_free(tok);
	rt_decoder_free(d);
	return 0;
}
