/* SPDX-License-Identifier: MIT */
/* The smallest emitter in C: one attempt, acknowledged.  See README.md. */
#include <retrytop.h>

int
main(void)
{
	struct rt_emitter *emitter = rt_emitter_open(NULL);
	struct rt_attempt a = RT_ATTEMPT_INIT;
	int is_lost;

	if (!emitter)
		return 1;
	a.operation_id =
	    "6f1d2c3b4a596877"; /* opaque and random in real life */
	a.attempt = 1;
	a.service = "minimal";
	a.status = 503;
	a.elapsed_ms = 412;
	a.decision = "retry_same";
	rt_emitter_emit(emitter, &a);

	a.attempt = 2;
	a.status = 200;
	a.elapsed_ms = 388;
	a.decision = "none";
	rt_emitter_emit(emitter, &a);

	is_lost = rt_emitter_flush(emitter, 2000);
	rt_emitter_close(emitter);
	return is_lost ? 1 : 0;
}
