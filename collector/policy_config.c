/* SPDX-License-Identifier: MIT */
#include "collector/policy_config.h"

#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include "proto/options.h"

#define POLICY "policy"
#define TENANT "tenant"
#define FIRST_TENANT (1 + (int)RT_POLICY_ROWS_MAX)
#define NAME_BYTES 64u
#define BUDGET_PERCENT_MAX 1000
#define TIMEOUT_MS_MAX (24 * 3600 * 1000)

enum key_type { COUNT, CLASSES, PERCENT, DURATION };

/* Which sections take a key; what [policy] does not stands elsewhere. */
enum scope { ALL, SERVICES };

struct key {
	const char *name;
	enum key_type type;
	size_t offset; /* in struct rt_policy, or in a tenant's row */
	int64_t min, max;
	const char *about;
	enum scope scope;
	uint32_t says; /* of a tenant: bit of `says`; 0: none */
};

#define AT(member) offsetof(struct rt_policy, member)
#define TENANT_AT(member)                                  \
	(offsetof(struct rt_policies, tenants[0].member) - \
	    offsetof(struct rt_policies, tenants[0]))
#define TENANT_SAYS(member) TENANT_AT(policy.member)
#define SAYS(member) (1u << RT_TENANT_##member)

/* clang-format off */
static const struct key keys[] = {
	{"max_attempts", COUNT, AT(max_attempts), 1, 1000,
	    "of one operation, where the client names no cap", ALL, 0},
	{"max_fallbacks", COUNT, AT(max_fallbacks), 0, 1000, "of one operation", ALL, 0},
	{"fallback_classes", CLASSES, AT(fallback_classes), 0, 0,
	    "classes of failure that allow a fallback, or none", ALL, 0},
	{"retryable_classes", CLASSES, AT(retryable_classes), 0, 0,
	    "classes of failure that may be retried, or none", ALL, 0},
	{"operation_timeout", DURATION, AT(operation_timeout_ms), 1000, TIMEOUT_MS_MAX,
	    "silence that makes an operation an orphan", SERVICES, 0},
	{"retry_budget", PERCENT, AT(retry_budget_ratio), 0, BUDGET_PERCENT_MAX,
	    "retries a minute, of first attempts", ALL, 0},
	{"budget_min_first", COUNT, AT(budget_min_first), 1, 1000000,
	    "first attempts a minute; fewer prove nothing", ALL, 0},
};
static const struct key tenant_keys[] = {
	{"retries_per_minute", COUNT, TENANT_AT(retries_per_minute), 0, 1000000000,
	    "0: no cap", ALL, 0},
	{"fallbacks_per_minute", COUNT, TENANT_AT(fallbacks_per_minute), 0, 1000000000,
	    "0: no cap", ALL, 0},
	{"max_attempts", COUNT, TENANT_SAYS(max_attempts), 1, 1000,
	    "of one operation, where the client names no cap", ALL, SAYS(max_attempts)},
	{"max_fallbacks", COUNT, TENANT_SAYS(max_fallbacks), 0, 1000,
	    "of one operation", ALL, SAYS(max_fallbacks)},
	{"fallback_classes", CLASSES, TENANT_SAYS(fallback_classes), 0, 0,
	    "classes of failure that allow a fallback, or none", ALL, SAYS(fallback_classes)},
	{"retryable_classes", CLASSES, TENANT_SAYS(retryable_classes), 0, 0,
	    "classes of failure that may be retried, or none", ALL, SAYS(retryable_classes)},
	{"operation_timeout", DURATION, TENANT_SAYS(operation_timeout_ms), 1000, TIMEOUT_MS_MAX,
	    "silence that makes an operation an orphan", ALL, SAYS(operation_timeout_ms)},
};
/* clang-format on */

_Static_assert(RT_COUNT_OF(keys) == RT_POLICY_KEYS, "line[] does not fit");
_Static_assert(RT_COUNT_OF(tenant_keys) == RT_TENANT_KEYS, "nor does this");

void
rt_policy_config_init(struct rt_policy_config *c)
{
	*c = (struct rt_policy_config){.line = {{0}}};
	rt_policies_init(&c->policies);
}

/* ---- sections ------------------------------------------------------------------ */

static bool
begins_with(struct rt_str s, const char *word)
{
	size_t n = strlen(word);

	return s.len > n && memcmp(s.p, word, n) == 0 && s.p[n] == ' ';
}

bool
rt_policy_config_owns(struct rt_str section)
{
	return rt_str_is(section, POLICY) || begins_with(section, POLICY) ||
	    begins_with(section, TENANT);
}

static enum rt_err
check_name(struct rt_str name, const char *kind, struct rt_diag *d)
{
	if (name.len > 0 && name.len <= NAME_BYTES && rt_text_is_clean(name) &&
	    name.p[0] != ' ' && name.p[name.len - 1] != ' ')
		return RT_OK;
	rt_diag_set(d, NULL, "the name of a [%s NAME] has 1 to %u bytes", kind,
	    NAME_BYTES);
	return RT_E_CONFIG;
}

static enum rt_err
too_many(const char *kind, struct rt_diag *d)
{
	rt_diag_set(d, NULL, "there can be %u sections [%s NAME]",
	    RT_POLICY_ROWS_MAX, kind);
	return RT_E_CONFIG;
}

static enum rt_err
open_service(
    struct rt_policies *p, struct rt_str name, int *section, struct rt_diag *d)
{
	unsigned i;

	for (i = 0; i < p->services_count; i++)
		if (rt_str_is(name, p->services[i].service))
			break;
	if (i == RT_POLICY_ROWS_MAX)
		return too_many(POLICY, d);
	if (i == p->services_count) {
		memcpy(p->services[i].service, name.p, name.len);
		p->services_count++;
	}
	*section = 1 + (int)i;
	return RT_OK;
}

static enum rt_err
open_tenant(
    struct rt_policies *p, struct rt_str name, int *section, struct rt_diag *d)
{
	unsigned i;

	for (i = 0; i < p->tenants_count; i++)
		if (rt_str_is(name, p->tenants[i].tenant))
			break;
	if (i == RT_POLICY_ROWS_MAX)
		return too_many(TENANT, d);
	if (i == p->tenants_count) {
		memcpy(p->tenants[i].tenant, name.p, name.len);
		p->tenants_count++;
	}
	*section = FIRST_TENANT + (int)i;
	return RT_OK;
}

enum rt_err
rt_policy_config_open(struct rt_policy_config *c, struct rt_str name,
    int *section, struct rt_diag *d)
{
	bool is_tenant = begins_with(name, TENANT);
	const char *kind = is_tenant ? TENANT : POLICY;
	enum rt_err err;

	if (rt_str_is(name, POLICY)) {
		*section = 0;
		return RT_OK;
	}
	name.p += strlen(kind) + 1;
	name.len -= strlen(kind) + 1;
	err = check_name(name, kind, d);
	if (err != RT_OK)
		return err;
	return is_tenant ? open_tenant(&c->policies, name, section, d)
			 : open_service(&c->policies, name, section, d);
}

/* ---- values -------------------------------------------------------------------- */

static bool
class_from(struct rt_str name, uint32_t *bits)
{
	unsigned i;

	for (i = 0; i < RT_CLASS_COUNT; i++)
		if (i != RT_CLASS_NONE &&
		    rt_str_is(name, rt_class_name((enum rt_class)i))) {
			*bits |= 1u << i;
			return true;
		}
	return false;
}

static void
say_classes(const char *value, struct rt_diag *d)
{
	char list[200] = "";
	unsigned i;

	for (i = 0; i < RT_CLASS_COUNT; i++)
		if (i != RT_CLASS_NONE)
			snprintf(list + strlen(list),
			    sizeof(list) - strlen(list), " %s",
			    rt_class_name((enum rt_class)i));
	rt_diag_set(d, NULL, "needs some of%s, or none, not '%s'", list, value);
}

static enum rt_err
set_classes(uint32_t *out, const char *value, struct rt_diag *d)
{
	uint32_t bits = 0;
	const char *p = value;

	if (strcmp(value, "none") == 0) {
		*out = 0;
		return RT_OK;
	}
	p += strspn(p, ", ");
	while (*p) {
		size_t n = strcspn(p, ", ");

		if (!class_from((struct rt_str){p, n}, &bits)) {
			say_classes(value, d);
			return RT_E_CONFIG;
		}
		p += n;
		p += strspn(p, ", ");
	}
	if (bits == 0) {
		say_classes(value, d);
		return RT_E_CONFIG;
	}
	*out = bits;
	return RT_OK;
}

static enum rt_err
set_percent(
    const struct key *k, double *out, const char *value, struct rt_diag *d)
{
	size_t n = strlen(value);
	double v;

	if (n > 1 && value[n - 1] == '%' &&
	    rt_text_to_double((struct rt_str){value, n - 1}, &v) == RT_OK &&
	    v >= (double)k->min && v <= (double)k->max) {
		*out = v / 100;
		return RT_OK;
	}
	rt_diag_set(d, NULL,
	    "needs a percentage from %lld%% to %lld%%, not '%s'",
	    (long long)k->min, (long long)k->max, value);
	return RT_E_CONFIG;
}

static enum rt_err
set_value(const struct key *k, void *row, const char *value, struct rt_diag *d)
{
	void *into = (char *)row + k->offset;
	enum rt_err err;
	int64_t v = 0;

	if (k->type == CLASSES)
		return set_classes(into, value, d);
	if (k->type == PERCENT)
		return set_percent(k, into, value, d);
	err = k->type == DURATION
	    ? rt_duration_from(value, k->min, k->max, &v, d)
	    : rt_count_from(value, k->min, k->max, &v, d);
	if (err == RT_OK)
		*(uint32_t *)into = (uint32_t)v;
	return err;
}

static const struct key *
find_key(const struct key *table, unsigned count, const char *name,
    const char *kind, struct rt_diag *d)
{
	char list[200] = "";
	unsigned i;

	for (i = 0; i < count; i++) {
		if (strcmp(table[i].name, name) == 0)
			return &table[i];
		snprintf(list + strlen(list), sizeof(list) - strlen(list),
		    "%s%s", i ? ", " : "", table[i].name);
	}
	rt_diag_set(
	    d, NULL, "unknown key %s in [%s]; there are %s", name, kind, list);
	return NULL;
}

static struct rt_policy *
policy_at(struct rt_policies *p, int section)
{
	return section == 0 ? &p->fallback : &p->services[section - 1].policy;
}

enum rt_err
rt_policy_config_set(struct rt_policy_config *c, int section, const char *key,
    const char *value, uint32_t line, struct rt_diag *d)
{
	bool is_tenant = section >= FIRST_TENANT;
	unsigned tenant = is_tenant ? (unsigned)(section - FIRST_TENANT) : 0;
	const struct key *table = is_tenant ? tenant_keys : keys;
	const struct key *k = is_tenant
	    ? find_key(tenant_keys, RT_TENANT_KEYS, key, TENANT, d)
	    : find_key(keys, RT_POLICY_KEYS, key, POLICY, d);
	struct rt_diag why = {{0}, {0}};
	uint32_t *set_in;
	void *row;
	enum rt_err err;

	if (!k)
		return RT_E_CONFIG;
	if (section == 0 && k->scope == SERVICES) {
		rt_diag_set(d, NULL,
		    "%s of all services stands in [collector], not in [policy]",
		    key);
		return RT_E_CONFIG;
	}
	set_in = is_tenant ? &c->tenant_line[tenant][k - table]
			   : &c->line[section][k - table];
	if (*set_in) {
		rt_diag_set(
		    d, NULL, "%s is set in line %u already", key, *set_in);
		return RT_E_CONFIG;
	}
	row = is_tenant ? (void *)&c->policies.tenants[tenant]
			: (void *)policy_at(&c->policies, section);
	err = set_value(k, row, value, &why);
	if (err == RT_OK) {
		*set_in = line;
		if (is_tenant)
			c->policies.tenants[tenant].says |= k->says;
	} else {
		rt_diag_set(d, NULL, "%s %s", key, why.what);
	}
	return err == RT_OK ? RT_OK : RT_E_CONFIG;
}

void
rt_policy_config_finish(struct rt_policy_config *c)
{
	unsigned i, k;

	for (i = 0; i < c->policies.services_count; i++) {
		struct rt_policy own = c->policies.services[i].policy;
		struct rt_policy *p = &c->policies.services[i].policy;

		*p = c->policies.fallback;
		for (k = 0; k < RT_POLICY_KEYS; k++) {
			size_t size = keys[k].type == PERCENT
			    ? sizeof(double)
			    : sizeof(uint32_t);

			if (c->line[1 + i][k])
				memcpy((char *)p + keys[k].offset,
				    (const char *)&own + keys[k].offset, size);
		}
	}
	rt_policies_index(&c->policies);
}

/* ---- printing ------------------------------------------------------------------ */

static void
print_classes(struct rt_buf *b, uint32_t bits)
{
	const char *comma = "";
	unsigned i;

	if (bits == 0)
		rt_buf_puts(b, "none");
	for (i = 0; i < RT_CLASS_COUNT; i++)
		if (bits & 1u << i) {
			rt_buf_printf(
			    b, "%s%s", comma, rt_class_name((enum rt_class)i));
			comma = ", ";
		}
}

static void
print_duration(struct rt_buf *b, uint32_t ms)
{
	if (ms % 1000 == 0)
		rt_buf_printf(b, "%us", ms / 1000);
	else
		rt_buf_printf(b, "%ums", ms);
}

static void
print_value(struct rt_buf *b, const struct key *k, const void *at)
{
	switch (k->type) {
	case CLASSES: print_classes(b, *(const uint32_t *)at); break;
	case PERCENT:
		rt_buf_printf(b, "%.10g%%", *(const double *)at * 100);
		break;
	case COUNT: rt_buf_printf(b, "%u", *(const uint32_t *)at); break;
	case DURATION: print_duration(b, *(const uint32_t *)at); break;
	}
}

/* `otherwise` is where the value came from if from no line of its own. */
static void
print_key(struct rt_buf *b, const struct key *k, const void *row, uint32_t line,
    const char *otherwise)
{
	rt_buf_printf(b, "%s = ", k->name);
	print_value(b, k, (const char *)row + k->offset);
	if (line)
		rt_buf_printf(b, " ; line %u", line);
	else
		rt_buf_printf(b, " ; %s", otherwise);
	if (k->type == COUNT)
		rt_buf_printf(
		    b, "; %lld to %lld", (long long)k->min, (long long)k->max);
	rt_buf_printf(b, "; %s\n", k->about);
}

/* A value that only others know is no line that reads back. */
static void
print_unsaid(struct rt_buf *b, const struct key *k, const char *where)
{
	rt_buf_printf(b, "# %s is %s; %s\n", k->name, where, k->about);
}

static void
print_policy(struct rt_buf *b, const struct rt_policy_config *c,
    unsigned section, const struct rt_policy *p)
{
	unsigned k;

	for (k = 0; k < RT_POLICY_KEYS; k++)
		if (keys[k].scope == SERVICES && !c->line[section][k])
			print_unsaid(b, &keys[k], "that of [collector]");
		else
			print_key(b, &keys[k], p, c->line[section][k],
			    section == 0 ? "default" : "as [policy]");
}

static void
print_tenant(struct rt_buf *b, const struct rt_policy_config *c, unsigned i)
{
	const uint32_t *line = c->tenant_line[i];
	unsigned k;

	rt_buf_printf(b, "\n[" TENANT " %s]\n", c->policies.tenants[i].tenant);
	for (k = 0; k < RT_TENANT_KEYS; k++)
		if (tenant_keys[k].says && !line[k])
			print_unsaid(b, &tenant_keys[k], "that of the service");
		else
			print_key(b, &tenant_keys[k], &c->policies.tenants[i],
			    line[k], "default");
}

void
rt_policy_config_print(struct rt_buf *b, const struct rt_policy_config *c)
{
	const struct rt_policies *p = &c->policies;
	unsigned i;

	rt_buf_puts(b, "\n[" POLICY "]\n");
	print_policy(b, c, 0, &p->fallback);
	for (i = 0; i < p->services_count; i++) {
		rt_buf_printf(b, "\n[" POLICY " %s]\n", p->services[i].service);
		print_policy(b, c, 1 + i, &p->services[i].policy);
	}
	for (i = 0; i < p->tenants_count; i++)
		print_tenant(b, c, i);
}
