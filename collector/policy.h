/* SPDX-License-Identifier: MIT */
/*
 * policy — what an operation is allowed to do, by default, per service and per tenant.
 *
 * The defaults are those of rules.h.  A service's row replaces them as a whole, a tenant's
 * row what it says itself; both are found by name, in a table that rt_policies_index
 * makes once all rows are there.  Values come from the configuration and are checked
 * there.
 */
#ifndef RT_POLICY_H
#define RT_POLICY_H

#include <stdint.h>

#include "proto/event.h"

struct rt_policy {
	uint32_t max_attempts;         /* where the client names no cap */
	uint32_t max_fallbacks;        /* of one operation */
	uint32_t fallback_classes;     /* allow-list: bits 1 << RT_CLASS_x */
	uint32_t retryable_classes;    /* the same; see rt_policy_default */
	uint32_t operation_timeout_ms; /* 0: not said */
	uint32_t budget_min_first;     /* fewer prove nothing */
	double retry_budget_ratio;     /* of first attempts, per minute */
};

/*
 * Retryable is all but auth, caller_error, schema, policy and quota, those that have a
 * rule of their own: nothing is known against `unknown`, or of who cancelled.
 */
extern const struct rt_policy rt_policy_default;

/* What a tenant may say. */
/* clang-format off */
#define RT_TENANT_MEMBERS(X) \
	X(max_attempts) X(max_fallbacks) X(fallback_classes) \
	X(retryable_classes) X(operation_timeout_ms)
/* clang-format on */
#define X(member) RT_TENANT_##member,
enum rt_tenant_member { RT_TENANT_MEMBERS(X) RT_TENANT_MEMBER_COUNT };
#undef X

#define RT_POLICY_ROWS_MAX 64u
#define RT_POLICY_SLOTS 256u

struct rt_policies {
	struct rt_policy fallback; /* for services without a row */
	struct {
		char service[65];
		struct rt_policy policy;
	} services[RT_POLICY_ROWS_MAX];
	unsigned services_count;
	struct {
		char tenant[65];
		uint32_t retries_per_minute,
		    fallbacks_per_minute; /* 0: no cap */
		struct rt_policy policy;
		uint32_t says; /* bits 1 << RT_TENANT_x of `policy` */
	} tenants[RT_POLICY_ROWS_MAX];
	unsigned tenants_count;
	/* Row + 1; open addressing. */
	uint8_t service_slots[RT_POLICY_SLOTS], tenant_slots[RT_POLICY_SLOTS];
};

void rt_policies_init(struct rt_policies *p);
/* The rows are complete: make them findable. */
void rt_policies_index(struct rt_policies *p);

/* The row's number, or RT_POLICY_ROWS_MAX; no service is the service "(none)". */
unsigned rt_policy_row(const struct rt_policies *p, struct rt_str service);
unsigned rt_tenant_row(const struct rt_policies *p, struct rt_str tenant);

/* Of a service, whoever its tenants are. */
const struct rt_policy *rt_policy_of(
    const struct rt_policies *p, struct rt_str service);
/* Of a tenant's operation; may be written to *room, and is valid as long as both. */
const struct rt_policy *rt_policy_for(const struct rt_policies *p,
    struct rt_str service, struct rt_str tenant, struct rt_policy *room);

/* ---- operation timeouts --------------------------------------------------------- */

#define RT_TIMEOUTS_MAX (1 + 2 * RT_POLICY_ROWS_MAX)

/* The distinct ones; the first is that of whoever names none. */
struct rt_timeouts {
	int64_t us[RT_TIMEOUTS_MAX];
	unsigned count;
	uint8_t of_service[RT_POLICY_ROWS_MAX], of_tenant[RT_POLICY_ROWS_MAX];
};

void rt_timeouts_init(
    struct rt_timeouts *t, const struct rt_policies *p, int64_t otherwise_us);
/* Index into us: what the tenant says, else the service. */
unsigned rt_timeout_of(const struct rt_timeouts *t, const struct rt_policies *p,
    struct rt_str service, struct rt_str tenant);

#endif
