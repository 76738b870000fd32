/* SPDX-License-Identifier: MIT */
/*
 * A wild client, to see what the audit makes of it.  Do not write one like it.
 *
 * Policy  Whatever went wrong is tried again, at once, six times: a wrong key, a broken
 *         request, a quota.  Retry-After is read and ignored.  After the third failure it
 *         takes another model and does not say why.  Now and then it forgets an
 *         operation: no record says how it ended.
 */
#include "contrib/demo/demo.h"

#define MAX_ATTEMPTS 6

static struct demo_call
pick_call(struct demo_worker *w)
{
	struct demo_call c = {
	    .route = DEMO_CHAT, .model = "m-large", .timeout_ms = 2000};
	double dice = demo_dice(w);

	if (dice < 0.08)
		c.model = "m-private"; /* our key may not use it */
	else if (dice < 0.14)
		c.lacks_content = true;
	else if (dice < 0.5)
		c.route = DEMO_RESPONSES;
	return c;
}

static void
operation(struct demo_worker *w)
{
	struct demo_id id = demo_operation_id(w);
	struct demo_call c = pick_call(w);

	for (int attempt = 1; attempt <= MAX_ATTEMPTS; attempt++) {
		const char *model = c.model;
		struct demo_answer a;
		struct rt_attempt e;

		demo_request(w, &c, &a);
		e = demo_attempt(w, id.text, attempt, &c, &a);
		e.max_attempts = MAX_ATTEMPTS;
		if (!a.error_type) {
			e.decision = "none";
			e.final_outcome = "success";
		} else if (attempt == MAX_ATTEMPTS || a.was_cut_off) {
			e.decision = "abort_error";
			e.final_outcome = "transient_failure";
		} else if (attempt == 3 && a.status != 401 && a.status != 400) {
			e.decision = "fallback_secondary";
			e.fallback_target = c.model = "m-small";
		} else {
			e.decision = "retry_same";
			e.decision_reason = a.error_type;
			e.backoff_ms = 0;
		}
		e.model_requested = model;
		demo_emit(w, &e);
		if (e.final_outcome || (attempt > 1 && demo_dice(w) < 0.05))
			return;
	}
}

int
main(int argc, char **argv)
{
	return demo_main(argc, argv, "batch-etl", operation);
}
