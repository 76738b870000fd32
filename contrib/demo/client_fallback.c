/* SPDX-License-Identifier: MIT */
/*
 * A client with a second choice: one retry, then another model, then the cache.
 *
 * Policy  Two attempts on the first model.  Then, for the classes on the allow-list only,
 *         a declared fallback with its reason to a smaller model, tried once.  When
 *         that fails too, an old answer is shown now and then: degraded, and said so.
 */
#include <math.h>
#include <string.h>

#include "contrib/demo/demo.h"

#define ATTEMPTS_A_MODEL 2
#define MAX_ATTEMPTS 3
#define BUDGET_MS 10000.0
#define ATTEMPT_MS 2500L

static const char *const models[] = {"m-large", "m-small"};

/* For these another model may do better; for a caller's mistake it cannot. */
static bool
may_fall_back(const struct demo_answer *a)
{
	static const char *const allowed[] = {"timeout", "connection_",
	    "rate_limit", "upstream_", "internal_", "bad_gateway", "stream_"};

	for (size_t i = 0; i < sizeof(allowed) / sizeof(allowed[0]); i++)
		if (strncmp(a->error_type, allowed[i], strlen(allowed[i])) == 0)
			return a->is_retryable;
	return false;
}

static void
end_without_success(
    struct demo_worker *w, struct rt_attempt *e, const struct demo_answer *a)
{
	bool has_old_answer = demo_dice(w) < 0.5 && !a->was_cut_off;

	e->decision = has_old_answer ? "degrade_cached" : "abort_error";
	e->final_outcome = has_old_answer ? "degraded"
	    : a->was_cut_off              ? "cancelled"
					  : "transient_failure";
}

static void
operation(struct demo_worker *w)
{
	struct demo_call c = {.route = DEMO_CHAT, .timeout_ms = ATTEMPT_MS};
	struct demo_id id = demo_operation_id(w);
	unsigned model = 0;
	int tries = 0;

	c.is_stream = demo_dice(w) < 0.2;
	for (int attempt = 1;; attempt++) {
		double wait_ms = 300 + 300 * demo_dice(w);
		struct demo_answer a;
		struct rt_attempt e;

		c.model = models[model];
		demo_request(w, &c, &a);
		wait_ms += fmax(0, a.retry_after_ms);
		e = demo_attempt(w, id.text, attempt, &c, &a);
		e.max_attempts = MAX_ATTEMPTS;
		e.timeout_budget_ms = BUDGET_MS;
		e.retry_budget_remaining = MAX_ATTEMPTS - attempt;
		e.decision_reason = a.error_type;
		tries++;
		if (!a.error_type) {
			e.decision = "none";
			e.final_outcome = "success";
		} else if (!a.is_retryable) {
			e.decision = "abort_error";
			e.final_outcome =
			    a.was_cut_off ? "cancelled" : "transient_failure";
		} else if (model == 0 && tries < ATTEMPTS_A_MODEL) {
			e.decision = "retry_same";
			e.backoff_ms = wait_ms;
		} else if (model == 0 && may_fall_back(&a)) {
			e.decision = "fallback_secondary";
			e.fallback_target = models[1];
			e.backoff_ms = wait_ms = 0;
			model = 1;
		} else {
			end_without_success(w, &e, &a);
		}
		demo_emit(w, &e);
		if (e.final_outcome || !demo_wait(w, wait_ms))
			return;
	}
}

int
main(int argc, char **argv)
{
	return demo_main(argc, argv, "search", operation);
}
