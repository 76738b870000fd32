/* SPDX-License-Identifier: MIT */
/*
 * policy_config — the sections of the configuration that say what clients may do.
 *
 *	[policy]            defaults of all services
 *	[policy SERVICE]    of one; a key it lacks is that of [policy], wherever that stands
 *	[tenant NAME]       of one tenant's operations; a key it lacks is that of the service,
 *	                    without one of its caps there is no cap
 *
 * A section may be opened again, a key is set once.  Names have 1 to 64 bytes.
 */
#ifndef RT_POLICY_CONFIG_H
#define RT_POLICY_CONFIG_H

#include "collector/policy.h"
#include "proto/buf.h"
#include "proto/diag.h"

#define RT_POLICY_KEYS 7u
#define RT_TENANT_KEYS 7u
#define RT_POLICY_NO_SECTION (-1)

struct rt_policy_config {
	struct rt_policies policies;
	/* Where each key was set; 0: nowhere.  The first row is that of [policy]. */
	uint32_t line[1 + RT_POLICY_ROWS_MAX][RT_POLICY_KEYS];
	uint32_t tenant_line[RT_POLICY_ROWS_MAX][RT_TENANT_KEYS];
};

void rt_policy_config_init(struct rt_policy_config *c);

/* Is the text between the brackets one of the above? */
bool rt_policy_config_owns(struct rt_str section);

/* *section is what to set keys with.  RT_E_CONFIG: too many, or a name that is none. */
RT_NODISCARD enum rt_err rt_policy_config_open(struct rt_policy_config *c,
    struct rt_str name, int *section, struct rt_diag *d);
RT_NODISCARD enum rt_err rt_policy_config_set(struct rt_policy_config *c,
    int section, const char *key, const char *value, uint32_t line,
    struct rt_diag *d);

/* Once all is read: give services what they did not say themselves. */
void rt_policy_config_finish(struct rt_policy_config *c);

/* As sections that read back as the same. */
void rt_policy_config_print(struct rt_buf *b, const struct rt_policy_config *c);

#endif
