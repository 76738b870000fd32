/* SPDX-License-Identifier: MIT */
#include "tests/unit/samples.h"

#include <stdio.h>

#include "proto/decode.h"
#include "proto/macro.h"

struct rt_str samples[SAMPLES_MAX];
size_t sample_count;

int
load_samples(void **state)
{
	static const char *const files[] = {
	    "native", "retry", "runbook", "review", "decisions", "otel"};
	struct rt_str rest, line;
	char path[100];
	size_t i;

	(void)state;
	for (i = 0; i < RT_COUNT_OF(files); i++) {
		snprintf(path, sizeof(path), "tests/data/vectors/%s.jsonl",
		    files[i]);
		rest.p = util_read_file(path, &rest.len);
		while (sample_count < SAMPLES_MAX &&
		    rt_decode_next_line(&rest, &line))
			samples[sample_count++] = line;
	}
	return 0;
}
