/* SPDX-License-Identifier: MIT */
/*
 * policy — what an operation is allowed to do, by default, per service and per tenant.
 *
 * The defaults are those of rules.h.  A service's row replaces them as a whole; it is
 * found by name.  Values come from the configuration and are checked there.
 */
#ifndef RT_POLICY_H
#define RT_POLICY_H

#include <stdint.h>

#include "proto/event.h"

struct rt_policy {
	uint32_t max_attempts;     /* where the client names no cap */
	uint32_t max_fallbacks;    /* of one operation */
	uint32_t fallback_classes; /* allow-list: bits 1 << RT_CLASS_x */
	double retry_budget_ratio; /* of first attempts, per minute */
	uint32_t budget_min_first; /* fewer prove nothing */
};

extern const struct rt_policy rt_policy_default;

#define RT_POLICY_ROWS_MAX 64u

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
	} tenants[RT_POLICY_ROWS_MAX];
	unsigned tenants_count;
};

void rt_policies_init(struct rt_policies *p);
const struct rt_policy *rt_policy_of(
    const struct rt_policies *p, struct rt_str service);

#endif
