/* SPDX-License-Identifier: MIT */
/* Decoding native records, against json-c only tokenising them. */
#include <json-c/json.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "proto/decode.h"
#include "tests/bench/bench.h"

#define RECORDS_MAX 1000u
#define RUN_US 700000

static struct rt_str records[RECORDS_MAX];
static size_t count, bytes;
static char text[1 << 20];

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

int
main(void)
{
	struct rt_decoder *d = rt_decoder_new(NULL);
	struct json_tokener *tok = json_tokener_new();
	FILE *f = fopen("tests/data/vectors/native.jsonl", "rb");
	struct rt_str rest = {text, 0}, line;
	double ours, theirs, mean;

	if (!f) {
		perror("tests/data/vectors/native.jsonl");
		return 1;
	}
	rest.len = fread(text, 1, sizeof(text), f);
	fclose(f);
	while (count < RECORDS_MAX && rt_decode_next_line(&rest, &line)) {
		records[count++] = line;
		bytes += line.len;
	}
	mean = (double)bytes / (double)count;
	ours = measure(decode_all, d);
	theirs = measure(tokenise_all, tok);
	printf("decode_record_mean\t%.0f\tbytes\n", mean);
	printf("decode\t%.0f\trecords/s\n", ours);
	printf("decode_bytes\t%.0f\tbytes/s\n", ours * mean);
	printf("jsonc_tokenise\t%.0f\trecords/s\n", theirs);
	printf("decode_vs_jsonc\t%.1f\ttimes\n", ours / theirs);
	json_tokener_free(tok);
	rt_decoder_free(d);
	return 0;
}
