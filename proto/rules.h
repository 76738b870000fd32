/* SPDX-License-Identifier: MIT */
/*
 * rules — the retry policy that every operation is held against, as one list.
 *
 * X(ID, name, grain, sentence).  Grain: operation rules fire at most once for an
 * operation, record rules for each record, service rules once for each crossing of their
 * limit.  The numbers in the sentences are defaults.  collector/audit.h judges; help,
 * man page and reports print from here.
 */
#ifndef RT_RULES_H
#define RT_RULES_H

/* clang-format off */
#define RT_RULES(X) \
	X(RETRY_AFTER_AUTH,       "retry-after-auth-failure",    OPERATION, "an attempt of class auth was retried") \
	X(RETRY_OF_CALLER_ERROR,  "retry-of-caller-error",       OPERATION, "an attempt of class caller_error or schema was retried") \
	X(RETRY_OF_POLICY,        "retry-of-policy-rejection",   OPERATION, "an attempt of class policy was retried") \
	X(RETRY_OF_QUOTA,         "retry-of-quota",              OPERATION, "an attempt of class quota was retried") \
	X(RETRY_NOT_ALLOWED,      "retry-not-allowed",           OPERATION, "an attempt of another class that the configuration does not call retryable was retried") \
	X(FALLBACK_NOT_ALLOWED,   "fallback-not-allowed",        OPERATION, "a fallback on a class outside the allow-list") \
	X(FALLBACK_NO_REASON,     "fallback-without-reason",     OPERATION, "a fallback that names no reason") \
	X(FALLBACK_OVER_CAP,      "fallback-over-cap",           OPERATION, "more than 2 fallbacks in one operation") \
	X(ATTEMPTS_OVER_CAP,      "attempts-over-cap",           OPERATION, "an attempt beyond max_attempts, or beyond 5 where no cap is named") \
	X(NO_BACKOFF,             "retry-without-backoff",       OPERATION, "a retry with a backoff of 0 or none") \
	X(BACKOFF_NOT_APPLIED,    "backoff-not-applied",         OPERATION, "the next attempt began before 90 % of the announced backoff had passed") \
	X(BACKOFF_NOT_GROWING,    "backoff-not-growing",         SERVICE,   "over 5 minutes the median wait of second retries is below 1.2 times that of first ones") \
	X(RETRY_AFTER_IGNORED,    "retry-after-ignored",         OPERATION, "a retry sooner than 90 % of what the server asked for") \
	X(ZERO_BUDGET,            "retry-at-zero-budget",        OPERATION, "a retry with no retry budget remaining") \
	X(BUDGET_OVERRUN,         "timeout-budget-overrun",      OPERATION, "the operation ran past its time budget by more than 10 %") \
	X(NUMBER_GAP,             "attempt-number-gap",          OPERATION, "an attempt number that neither follows nor repeats the last") \
	X(NUMBER_RESET,           "attempt-number-reset",        OPERATION, "attempt numbers began again in an operation already seen") \
	X(RETRY_AFTER_COMMIT,     "retry-after-commit",          OPERATION, "a retry or fallback after content had reached the user") \
	X(CUT_STREAM_AS_SUCCESS,  "interrupted-stream-as-success", OPERATION, "a stream without a finish marker taken as success") \
	X(NO_STATUS_AS_SUCCESS,   "status-missing-as-success",   OPERATION, "returned as final with neither status nor error type") \
	X(FAILURE_NO_DECISION,    "failure-without-decision",    OPERATION, "a failed attempt without a decision, and nothing after it") \
	X(RETRY_NO_DECISION,      "retry-without-decision",      OPERATION, "an attempt after a failed one that carried no decision") \
	X(UNDECLARED_FALLBACK,    "undeclared-fallback",         OPERATION, "model or provider changed with no fallback between") \
	X(MODEL_SWAPPED,          "model-swapped",               OPERATION, "another model answered than was asked, and no fallback was declared") \
	X(UNKNOWN_DECISION,       "unknown-decision-code",       RECORD,    "a decision outside the vocabulary") \
	X(HIGH_CARDINALITY,       "high-cardinality-route",      RECORD,    "a route with a query string, a UUID or a long number in it") \
	X(SENSITIVE,              "sensitive-content",           RECORD,    "content or a credential was found and dropped") \
	X(NO_TERMINAL,            "missing-terminal-record",     OPERATION, "the operation ended by silence") \
	X(DUPLICATE_SUMMARY,      "duplicate-summary",           OPERATION, "a second summary for one operation") \
	X(BUDGET_EXCEEDED,        "retry-budget-exceeded",       SERVICE,   "more than 10 % retries over the last minute, with at least 20 first attempts") \
	X(SYNCHRONISED,           "synchronised-backoff",        SERVICE,   "at least 10 retries in one second announced the same backoff") \
	X(TENANT_OVER_CAP,        "tenant-over-cap",             SERVICE,   "a tenant's retries or fallbacks in the last minute exceed its cap")
/* clang-format on */

enum rt_rule_grain {
	RT_GRAIN_OPERATION,
	RT_GRAIN_RECORD,
	RT_GRAIN_SERVICE,
};

#define X(id, name, grain, sentence) RT_RULE_##id,
enum rt_rule { RT_RULES(X) RT_RULE_COUNT };
#undef X

const char *rt_rule_name(enum rt_rule r);
const char *rt_rule_sentence(enum rt_rule r);
enum rt_rule_grain rt_rule_grain(enum rt_rule r);

#endif
