/* SPDX-License-Identifier: MIT */
/*
 * A sound client: retries little, late, at random, and only what may pass.
 *
 * Policy  At most 3 attempts.  Full jitter over an exponential ceiling; a server that
 *         says Retry-After is given that time, or the operation ends.  Only retryable
 *         classes, and no stream that the user has begun to read.  A token bucket holds
 *         retries to a tenth of the requests, whatever happens.  The operation has a
 *         timeout budget that no attempt and no wait may cross.
 */
#include <math.h>
#include <pthread.h>

#include "contrib/demo/demo.h"

#define MAX_ATTEMPTS 3
#define BUDGET_MS 8000.0
#define ATTEMPT_MS 3000.0
#define BACKOFF_BASE_MS 250.0
#define BACKOFF_CAP_MS 2000.0

/*
 * The retry budget, shared by the workers.  A request earns less than a tenth of a
 * token, a retry costs one, and little is saved up: so retries stay under a tenth of
 * requests in every minute, not only on average.
 */
static struct {
	pthread_mutex_t lock;
	double tokens;
} bucket = {.lock = PTHREAD_MUTEX_INITIALIZER};

static void
bucket_earn(void)
{
	pthread_mutex_lock(&bucket.lock);
	bucket.tokens = fmin(1.5, bucket.tokens + 0.08);
	pthread_mutex_unlock(&bucket.lock);
}

static bool
bucket_spend(void)
{
	bool has_token;

	pthread_mutex_lock(&bucket.lock);
	has_token = bucket.tokens >= 1;
	if (has_token)
		bucket.tokens -= 1;
	pthread_mutex_unlock(&bucket.lock);
	return has_token;
}

/* Full jitter: anything up to an exponential ceiling, but never under the server's wish. */
static double
backoff_ms(struct demo_worker *w, int attempt, const struct demo_answer *a)
{
	double ceiling =
	    fmin(BACKOFF_CAP_MS, BACKOFF_BASE_MS * exp2(attempt - 1));

	return fmax(1, demo_dice(w) * ceiling) + fmax(0, a->retry_after_ms);
}

static const char *
outcome_of_refusal(const struct demo_answer *a)
{
	if (a->was_cut_off)
		return "cancelled";
	if (a->status == 401 || a->status == 403)
		return "auth_error";
	return a->status >= 400 && a->status < 429 && !a->is_retryable
	    ? "caller_error"
	    : "transient_failure";
}

static void
operation(struct demo_worker *w)
{
	struct demo_call c = {.route = DEMO_CHAT, .model = "m-large"};
	struct demo_id id = demo_operation_id(w);
	double started_ms = demo_now_ms();

	c.is_stream = demo_dice(w) < 0.3;
	if (demo_dice(w) < 0.25)
		c.route = DEMO_RESPONSES;
	bucket_earn();
	for (int attempt = 1;; attempt++) {
		double left_ms = BUDGET_MS - (demo_now_ms() - started_ms),
		       wait_ms;
		struct demo_answer a;
		struct rt_attempt e;

		c.timeout_ms = (long)fmin(ATTEMPT_MS, left_ms);
		demo_request(w, &c, &a);
		left_ms = BUDGET_MS - (demo_now_ms() - started_ms);
		wait_ms = backoff_ms(w, attempt, &a);
		e = demo_attempt(w, id.text, attempt, &c, &a);
		e.max_attempts = MAX_ATTEMPTS;
		e.timeout_budget_ms = BUDGET_MS;
		e.retry_budget_remaining = MAX_ATTEMPTS - attempt;
		e.decision_reason = a.error_type;
		if (!a.error_type) {
			e.decision = "none";
			e.final_outcome = "success";
		} else if (!a.is_retryable || attempt == MAX_ATTEMPTS) {
			e.decision = "abort_error";
			e.final_outcome = outcome_of_refusal(&a);
		} else if (wait_ms + 500 > left_ms) {
			e.decision = "abort_timeout_budget";
			e.final_outcome = "transient_failure";
		} else if (!bucket_spend()) {
			e.decision = "abort_error";
			e.decision_reason = "retry_budget_empty";
			e.retry_budget_remaining = 0;
			e.final_outcome = "transient_failure";
		} else {
			e.decision = "retry_same";
			e.backoff_ms = wait_ms;
		}
		demo_emit(w, &e);
		if (e.final_outcome)
			return;
		if (!demo_wait(w, wait_ms))
			return;
	}
}

int
main(int argc, char **argv)
{
	return demo_main(argc, argv, "checkout", operation);
}
