/* SPDX-License-Identifier: MIT */
/* What a frame costs: bytes for a terminal of 256 colours, writes, and time. */
#define _GNU_SOURCE /* memmem */
#include "tests/bench/frames.h"

#include <time.h>

#define SECONDS 60u
#define LOW_S 10u /* between frames with --low-bandwidth */

static bool
measure(FILE *out, unsigned short rows, unsigned short cols)
{
	struct bench *b = calloc(1, sizeof *b);
	struct rt_term_stats first, busy, low, calm;
	clock_t from;

	if (!b || !open_bench(b, rows, cols))
		return false;
	rt_term_stats(b->term, &first);
	(void)run(b, true, SECONDS, 1); /* until the tail is full */
	from = clock();
	busy = run(b, true, SECONDS, 1);
	fprintf(out, "frame_%ux%u_cpu\t%.0f\tus\n", cols, rows,
	    (double)(clock() - from) * 1e6 / CLOCKS_PER_SEC / SECONDS);
	low = run(b, true, SECONDS, LOW_S);
	(void)run(b, false, SECONDS, 1); /* until the silence is noticed */
	calm = run(b, false, SECONDS, 1);
	fprintf(out, "frame_%ux%u_first\t%llu\tB\n", cols, rows,
	    (unsigned long long)first.bytes);
	fprintf(out, "frame_%ux%u_busy\t%.0f\tB/s\n", cols, rows,
	    (double)busy.bytes / SECONDS);
	fprintf(out, "frame_%ux%u_low\t%.0f\tB/s with --low-bandwidth\n", cols,
	    rows, (double)low.bytes / SECONDS);
	fprintf(out, "frame_%ux%u_clock\t%.0f\tB/s\n", cols, rows,
	    (double)calm.bytes / SECONDS);
	fprintf(out, "frame_%ux%u_writes\t%.2f\tper frame\n", cols, rows,
	    (double)(busy.writes + calm.writes) /
		(double)(busy.frames + calm.frames));
	close_bench(b);
	free(b);
	return true;
}

int
main(void)
{
	int fd = dup(STDOUT_FILENO);
	FILE *out = fd < 0 ? NULL : fdopen(fd, "w");
	bool ok = out && measure(out, 24, 80) && measure(out, 40, 120) &&
	    measure(out, 60, 200);

	return ok && fclose(out) == 0 ? 0 : 1;
}
