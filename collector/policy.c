/* SPDX-License-Identifier: MIT */
#include "collector/policy.h"

const struct rt_policy rt_policy_default = {
    .max_attempts = 5,
    .max_fallbacks = 2,
    .fallback_classes = 1u << RT_CLASS_TIMEOUT | 1u << RT_CLASS_CONNECTION |
	1u << RT_CLASS_RATE_LIMITED | 1u << RT_CLASS_SERVER_ERROR |
	1u << RT_CLASS_STREAM_INTERRUPTED,
    .retry_budget_ratio = 0.10,
    .budget_min_first = 20,
};

void
rt_policies_init(struct rt_policies *p)
{
	*p = (struct rt_policies){.fallback = rt_policy_default};
}

const struct rt_policy *
rt_policy_of(const struct rt_policies *p, struct rt_str service)
{
	unsigned i;

	for (i = 0; i < p->services_count; i++)
		if (rt_str_is(service, p->services[i].service))
			return &p->services[i].policy;
	return &p->fallback;
}
