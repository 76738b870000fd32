/* SPDX-License-Identifier: MIT */
#include "collector/policy.h"

#include <string.h>

#include "collector/hash.h"

#define BIT(class_) (1u << RT_CLASS_##class_)

const struct rt_policy rt_policy_default = {
    .max_attempts = 5,
    .max_fallbacks = 2,
    .fallback_classes = BIT(TIMEOUT) | BIT(CONNECTION) | BIT(RATE_LIMITED) |
	BIT(SERVER_ERROR) | BIT(STREAM_INTERRUPTED),
    .retryable_classes = BIT(TIMEOUT) | BIT(CONNECTION) | BIT(RATE_LIMITED) |
	BIT(SERVER_ERROR) | BIT(STREAM_INTERRUPTED) | BIT(CANCELLED) |
	BIT(UNKNOWN),
    .retry_budget_ratio = 0.10,
    .budget_min_first = 20,
};

_Static_assert(RT_POLICY_ROWS_MAX < UINT8_MAX, "a slot holds row + 1");
_Static_assert(RT_TIMEOUTS_MAX < UINT8_MAX, "an index takes a byte");

void
rt_policies_init(struct rt_policies *p)
{
	*p = (struct rt_policies){.fallback = rt_policy_default};
}

/* ---- rows by name ---------------------------------------------------------------- */

/* The names come from the configuration: nobody aims at a slot. */
static unsigned
first_slot(struct rt_str name)
{
	return (unsigned)rt_hash_str(0, name) % RT_POLICY_SLOTS;
}

static void
put(uint8_t *slots, const char *name, unsigned row)
{
	unsigned i = first_slot(rt_str_of(name));

	while (slots[i] != 0)
		i = (i + 1) % RT_POLICY_SLOTS;
	slots[i] = (uint8_t)(row + 1);
}

void
rt_policies_index(struct rt_policies *p)
{
	unsigned i;

	memset(p->service_slots, 0, sizeof(p->service_slots));
	memset(p->tenant_slots, 0, sizeof(p->tenant_slots));
	for (i = 0; i < p->services_count; i++)
		put(p->service_slots, p->services[i].service, i);
	for (i = 0; i < p->tenants_count; i++)
		put(p->tenant_slots, p->tenants[i].tenant, i);
}

unsigned
rt_policy_row(const struct rt_policies *p, struct rt_str service)
{
	unsigned i;

	if (p->services_count == 0)
		return RT_POLICY_ROWS_MAX;
	if (service.len == 0)
		service = rt_str_of("(none)");
	for (i = first_slot(service); p->service_slots[i] != 0;
	     i = (i + 1) % RT_POLICY_SLOTS)
		if (rt_str_is(
			service, p->services[p->service_slots[i] - 1].service))
			return p->service_slots[i] - 1u;
	return RT_POLICY_ROWS_MAX;
}

unsigned
rt_tenant_row(const struct rt_policies *p, struct rt_str tenant)
{
	unsigned i;

	if (p->tenants_count == 0)
		return RT_POLICY_ROWS_MAX;
	for (i = first_slot(tenant); p->tenant_slots[i] != 0;
	     i = (i + 1) % RT_POLICY_SLOTS)
		if (rt_str_is(
			tenant, p->tenants[p->tenant_slots[i] - 1].tenant))
			return p->tenant_slots[i] - 1u;
	return RT_POLICY_ROWS_MAX;
}

const struct rt_policy *
rt_policy_of(const struct rt_policies *p, struct rt_str service)
{
	unsigned row = rt_policy_row(p, service);

	return row < RT_POLICY_ROWS_MAX ? &p->services[row].policy
					: &p->fallback;
}

const struct rt_policy *
rt_policy_for(const struct rt_policies *p, struct rt_str service,
    struct rt_str tenant, struct rt_policy *room)
{
	const struct rt_policy *of_service = rt_policy_of(p, service);
	unsigned row = rt_tenant_row(p, tenant);

	if (row == RT_POLICY_ROWS_MAX || p->tenants[row].says == 0)
		return of_service;
	*room = *of_service;
#define X(member)                                            \
	if (p->tenants[row].says & 1u << RT_TENANT_##member) \
		room->member = p->tenants[row].policy.member;
	RT_TENANT_MEMBERS(X)
#undef X
	return room;
}

/* ---- operation timeouts ---------------------------------------------------------- */

static uint8_t
timeout_index(struct rt_timeouts *t, uint32_t ms)
{
	int64_t us = (int64_t)ms * 1000;
	unsigned i;

	if (ms == 0)
		return 0;
	for (i = 0; i < t->count; i++)
		if (t->us[i] == us)
			return (uint8_t)i;
	t->us[t->count] = us;
	return (uint8_t)t->count++;
}

void
rt_timeouts_init(
    struct rt_timeouts *t, const struct rt_policies *p, int64_t otherwise_us)
{
	unsigned i;

	*t = (struct rt_timeouts){.us = {otherwise_us}, .count = 1};
	for (i = 0; i < p->services_count; i++)
		t->of_service[i] = timeout_index(
		    t, p->services[i].policy.operation_timeout_ms);
	for (i = 0; i < p->tenants_count; i++)
		t->of_tenant[i] =
		    timeout_index(t, p->tenants[i].policy.operation_timeout_ms);
}

unsigned
rt_timeout_of(const struct rt_timeouts *t, const struct rt_policies *p,
    struct rt_str service, struct rt_str tenant)
{
	unsigned row;

	if (t->count == 1)
		return 0;
	row = rt_tenant_row(p, tenant);
	if (row < RT_POLICY_ROWS_MAX &&
	    p->tenants[row].policy.operation_timeout_ms > 0)
		return t->of_tenant[row];
	row = rt_policy_row(p, service);
	return row < RT_POLICY_ROWS_MAX ? t->of_service[row] : 0;
}
