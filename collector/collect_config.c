/* SPDX-License-Identifier: MIT */
/*
 * collect_config — how a collector is set up: the file, overruled by the command line,
 * and all of it again on SIGHUP.
 */
#include <string.h>

#include "collector/collect_state.h"

struct rt_endpoint *
rt_collect_endpoint(struct rt_config *c, enum rt_bus_port port)
{
	switch (port) {
	case RT_BUS_EVENTS: return &c->events;
	case RT_BUS_INTAKE: return &c->intake;
	case RT_BUS_QUERY:
	case RT_BUS_COUNT: break;
	}
	return &c->query;
}

/* Paths that the command line names. */
static enum rt_err
say_paths(const struct rt_collect *c, struct rt_config *out, struct rt_diag *d)
{
	const struct {
		const char *flag, *said;
		char *into;
		size_t size;
	} rows[] = {
	    {"--journal", c->said.journal, out->journal.dir,
		sizeof(out->journal.dir)},
	    {"--secret", c->said.secret, out->access.secret,
		sizeof(out->access.secret)},
	    {"--emitters", c->said.emitters, out->access.emitters,
		sizeof(out->access.emitters)},
	    {"--viewers", c->said.viewers, out->access.viewers,
		sizeof(out->access.viewers)},
	    {"--owners", c->said.owners, out->access.owners,
		sizeof(out->access.owners)},
	};
	size_t i;

	for (i = 0; i < RT_COUNT_OF(rows); i++) {
		if (!rows[i].said)
			continue;
		if (strlen(rows[i].said) >= rows[i].size) {
			rt_diag_set(d, rows[i].flag, "the path is too long");
			return RT_E_CONFIG;
		}
		memcpy(rows[i].into, rows[i].said, strlen(rows[i].said) + 1);
	}
	return RT_OK;
}

enum rt_err
rt_collect_read_access(
    const struct rt_config *c, struct rt_access **out, struct rt_diag *d)
{
	const struct rt_access_paths paths = {c->access.secret,
	    {[RT_ACCESS_EMIT] = c->access.emitters,
		[RT_ACCESS_VIEW] = c->access.viewers}};

	if (c->access.secret[0])
		return rt_access_read(&paths, out, d);
	if (c->access.emitters[0] == '\0' && c->access.viewers[0] == '\0')
		return RT_OK;
	rt_diag_set(d, "access",
	    "emitters and viewers need the collector's own certificate: "
	    "secret");
	return RT_E_CONFIG;
}

void
rt_collect_say_access(const struct rt_access *a)
{
	if (a)
		rt_collect_say("keys: %u certificates may publish, %u may ask",
		    a->lists[RT_ACCESS_EMIT].count,
		    a->lists[RT_ACCESS_VIEW].count);
}

enum rt_err
rt_collect_read_config(
    const struct rt_collect *c, struct rt_config *out, struct rt_diag *d)
{
	enum rt_err err = rt_config_read(out, c->said.config, d);
	unsigned i;

	if (err != RT_OK)
		return err;
	for (i = 0; i < RT_BUS_COUNT; i++)
		if (c->said.endpoints[i].text[0])
			*rt_collect_endpoint(out, (enum rt_bus_port)i) =
			    c->said.endpoints[i];
	if (c->said.http.text[0])
		out->http = c->said.http;
	if (c->said.operation_timeout_ms)
		out->operation_timeout_ms = c->said.operation_timeout_ms;
	if (c->said.emitter_rate >= 0)
		out->limits.emitter_rate = c->said.emitter_rate;
	return say_paths(c, out, d);
}

struct rt_limit
rt_collect_limit(const struct rt_collect *c)
{
	return rt_limit_of(
	    c->config.limits.emitter_rate, c->config.limits.emitter_burst_ms);
}

struct rt_aggregate_opts
rt_collect_aggregate_opts(const struct rt_collect *c)
{
	return (struct rt_aggregate_opts){
	    .is_live = true,
	    .operation_timeout_ms = c->config.operation_timeout_ms,
	    .capacity = c->config.capacity,
	    .limit = rt_collect_limit(c),
	    .policies = &c->config.policy.policies,
	    .decode = {.decisions = &c->config.decisions,
		.bases = &c->config.bases,
		.attempt_base = (int)c->config.attempt_base},
	};
}

struct rt_journal_opts
rt_collect_journal_opts(const struct rt_config *c)
{
	return (struct rt_journal_opts){
	    .dir = c->journal.dir,
	    .segment_bytes = c->journal.segment_bytes,
	    .segment_age_ms = c->journal.segment_age_ms,
	    .keep_bytes = c->journal.keep_bytes,
	    .keep_age_ms = c->journal.keep_age_ms,
	};
}

/* Sockets keep the certificate they were bound with. */
static bool
is_other_server(const struct rt_access *old, const struct rt_access *fresh)
{
	if (!old || !fresh)
		return old != fresh;
	return strcmp(old->server.public_key, fresh->server.public_key) != 0;
}

static bool
needs_restart(struct rt_config *old, struct rt_config *fresh)
{
	unsigned i;

	for (i = 0; i < RT_BUS_COUNT; i++)
		if (strcmp(rt_collect_endpoint(old, (enum rt_bus_port)i)->text,
			rt_collect_endpoint(fresh, (enum rt_bus_port)i)
			    ->text) != 0)
			return true;
	if (strcmp(old->journal.dir, fresh->journal.dir) != 0 ||
	    strcmp(old->access.owners, fresh->access.owners) != 0 ||
	    strcmp(old->http.text, fresh->http.text) != 0)
		return true;
	return memcmp(&old->capacity, &fresh->capacity,
		   sizeof(fresh->capacity)) != 0;
}

/* Keys cannot be turned on or off while sockets are bound; lists can change. */
static void
set_access(struct rt_collect *c, struct rt_access *access)
{
	if (c->access && access) {
		rt_bus_set_access(c->bus, access);
		rt_collect_say_access(access);
		access->server = c->access->server;
		rt_access_free(c->access);
		c->access = access;
	} else {
		rt_access_free(access);
	}
}

void
rt_collect_reload(struct rt_collect *c)
{
	struct rt_config fresh;
	struct rt_aggregate_opts o;
	struct rt_journal_opts journal;
	struct rt_limit limit;
	struct rt_access *access = NULL;
	struct rt_diag d = {{0}, {0}};
	bool later;

	if (rt_collect_read_config(c, &fresh, &d) != RT_OK ||
	    rt_collect_read_access(&fresh, &access, &d) != RT_OK) {
		rt_collect_warn(
		    "reload refused, the old configuration stays: %s: %s",
		    d.where, d.what);
		return;
	}
	later = needs_restart(&c->config, &fresh) ||
	    is_other_server(c->access, access);
	set_access(c, access);
	c->config = fresh;
	o = rt_collect_aggregate_opts(c);
	rt_aggregate_set_opts(c->aggregate, &o);
	limit = rt_collect_limit(c);
	rt_intake_set_limit(c->intake, &limit);
	rt_alerts_set_rules(c->alerts, &c->config.alerts);
	c->asks.is_outdated = true;
	journal = rt_collect_journal_opts(&c->config);
	if (c->journal)
		rt_journal_set_opts(c->journal, &journal);
	rt_collect_say(
	    "reloaded %s: operation timeout %lld ms, attempt base %lld, %u "
	    "decision codes%s",
	    fresh.path[0] ? fresh.path : "the defaults",
	    (long long)fresh.operation_timeout_ms,
	    (long long)fresh.attempt_base, fresh.decisions.count,
	    later
		? "; endpoints, capacities, the journal's folder, the file of "
		  "owners and the collector's own key need a restart"
		: "");
}
