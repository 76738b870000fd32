/* SPDX-License-Identifier: MIT */
#include "collector/config.h"

#include <errno.h>
#include <ini.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "proto/mem.h"

#define TIMEOUT_MS_MAX (24 * 3600 * 1000)

/* ---- the rows ------------------------------------------------------------------ */

enum row_type { ENDPOINT, DURATION, INT, CAPACITY, FOLDER, WINDOW, ALERT };

struct row {
	const char *section, *key;
	enum row_type type;
	size_t offset;
	int64_t min, max; /* ENDPOINT: min is the default port; ALERT: which */
	const char *initial;
	const char *about;
};

#define TEXT_OF_(v) #v
#define TEXT_OF(v) TEXT_OF_(v)
#define AT(member) offsetof(struct rt_config, member)

/* clang-format off */
static const struct row rows[] = {
	{"collector", "events", ENDPOINT, AT(events), RT_PORT_EVENTS, 0,
	    RT_DEFAULT_EVENTS, "open intake; off closes it"},
	{"collector", "intake", ENDPOINT, AT(intake), RT_PORT_INTAKE, 0,
	    RT_DEFAULT_INTAKE, "acknowledged intake; off closes it"},
	{"collector", "query", ENDPOINT, AT(query), RT_PORT_QUERY, 0,
	    RT_DEFAULT_QUERY, "where viewers ask; off closes it"},
	{"collector", "operation_timeout", DURATION, AT(operation_timeout_ms),
	    1000, TIMEOUT_MS_MAX, "120s", "silence that makes an operation an orphan"},
	{"collector", "attempt_base", INT, AT(attempt_base), 0, 1, "1",
	    "number of the first attempt in review records"},
	{"collector", "http", ENDPOINT, AT(http), RT_PORT_HTTP, 0,
	    RT_DEFAULT_HTTP, "/metrics and /healthz; off closes it"},
	{"journal", "dir", FOLDER, AT(journal.dir), 0, 0, "",
	    "folder of the journal; empty: none is kept"},
	{"journal", "segment_bytes", INT, AT(journal.segment_bytes),
	    65536, INT64_C(1) << 40, "67108864", "size that closes a segment"},
	{"journal", "segment_age", DURATION, AT(journal.segment_age_ms),
	    1000, INT64_C(366) * TIMEOUT_MS_MAX, "1h", "age that closes a segment"},
	{"journal", "keep_bytes", INT, AT(journal.keep_bytes),
	    65536, INT64_C(1) << 50, "1073741824", "bytes kept; the oldest segments go first"},
	{"journal", "keep_age", DURATION, AT(journal.keep_age_ms),
	    1000, INT64_C(3660) * TIMEOUT_MS_MAX, "168h", "age at which a segment goes"},
	{"access", "secret", FOLDER, AT(access.secret), 0, 0, "",
	    "the collector's secret certificate; empty: no keys"},
	{"access", "emitters", FOLDER, AT(access.emitters), 0, 0, "",
	    "folder of the public certificates that may publish"},
	{"access", "viewers", FOLDER, AT(access.viewers), 0, 0, "",
	    "folder of the public certificates that may ask"},
	{"access", "owners", FOLDER, AT(access.owners), 0, 0, "",
	    "file that keeps whose an emitter id is; empty: in the journal's folder"},
	{"limits", "emitter_rate", INT, AT(limits.emitter_rate), 0, RT_LIMIT_RATE_MAX,
	    "100000", "records a second that an emitter may send; 0: any number"},
	{"limits", "emitter_burst", DURATION, AT(limits.emitter_burst_ms),
	    1, RT_LIMIT_BURST_MS_MAX, "2s", "of that rate, at once after a rest"},
#define X(member, dflt, lo, hi, what) \
	{"capacity", #member, CAPACITY, AT(capacity.member), lo, hi, TEXT_OF(dflt), what},
	RT_CAPACITIES(X)
#undef X
	{"alerts", "window", WINDOW, AT(alerts.window_s), 0, 0, "5m",
	    "of every value that alerts look at"},
#define X(id, key, unit, subject, dflt, what) \
	{"alerts", key, ALERT, AT(alerts.rows[RT_ALERT_##id]), RT_ALERT_##id, 0, dflt, what},
	RT_ALERTS(X)
#undef X
};
/* clang-format on */

static const char *const sections[] = {"collector", "journal", "access",
    "limits", "capacity", "alerts", "decisions", "attempt_base"};

_Static_assert(RT_COUNT_OF(rows) <= RT_CONFIG_ROWS_MAX, "line[] is too short");

static enum rt_err
set_folder(char *into, const char *value, struct rt_diag *d)
{
	const size_t size = sizeof(((struct rt_config *)NULL)->journal.dir);

	if (strlen(value) >= size) {
		rt_diag_set(d, NULL, "can have %zu bytes", size - 1);
		return RT_E_CONFIG;
	}
	memcpy(into, value, strlen(value) + 1);
	return RT_OK;
}

static enum rt_err
set_window(int64_t *into, const char *value, struct rt_diag *d)
{
	uint32_t window_s = 0;

	if (rt_window_from(rt_str_of(value), &window_s, NULL) != RT_OK ||
	    window_s == 0) {
		rt_diag_set(
		    d, NULL, "needs one of 1m 5m 15m 1h, not '%s'", value);
		return RT_E_CONFIG;
	}
	*into = window_s;
	return RT_OK;
}

static enum rt_err
set_row(struct rt_config *c, const struct row *r, const char *value,
    struct rt_diag *d)
{
	void *into = (char *)c + r->offset;
	int64_t v;
	enum rt_err err = RT_E_CONFIG;

	switch (r->type) {
	case ENDPOINT: return rt_endpoint_from(into, value, (int)r->min, d);
	case DURATION: return rt_duration_from(value, r->min, r->max, into, d);
	case INT: return rt_count_from(value, r->min, r->max, into, d);
	case FOLDER: return set_folder(into, value, d);
	case WINDOW: return set_window(into, value, d);
	case ALERT:
		return rt_alert_rule_from(
		    into, (enum rt_alert)r->min, value, d);
	case CAPACITY:
		err = rt_count_from(value, r->min, r->max, &v, d);
		if (err == RT_OK)
			*(uint32_t *)into = (uint32_t)v;
		return err;
	}
	return err;
}

void
rt_config_init(struct rt_config *c)
{
	size_t i;

	*c = (struct rt_config){.path = ""};
	rt_policy_config_init(&c->policy);
	for (i = 0; i < RT_COUNT_OF(rows); i++) {
		enum rt_err err = set_row(c, &rows[i], rows[i].initial, NULL);

		if (err != RT_OK)
			abort(); /* a row whose default is out of its range */
	}
}

/* ---- reading ------------------------------------------------------------------- */

struct reader {
	struct rt_config *c; /* borrowed */
	const char *name;    /* borrowed */
	struct rt_str rest;
	uint32_t line;     /* of the line last handed over */
	int policy;        /* the [policy ...] or [tenant ...] it is in */
	uint32_t bad_line; /* 0: none yet */
	struct rt_diag what;
};

static void
refuse(struct reader *r, uint32_t line, const struct rt_diag *why)
{
	if (r->bad_line)
		return;
	r->bad_line = line;
	r->what = *why;
}

static bool
is_known_section(const char *name, size_t len)
{
	size_t i;

	for (i = 0; i < RT_COUNT_OF(sections); i++)
		if (strlen(sections[i]) == len &&
		    memcmp(sections[i], name, len) == 0)
			return true;
	return false;
}

#define CANARY "canary "

static bool
is_canary_section(struct rt_str line)
{
	return line.len > strlen(CANARY) &&
	    memcmp(line.p + 1, CANARY, strlen(CANARY)) == 0;
}

/* Here, as libinih says nothing of a section without keys. */
static bool
open_canary(struct reader *r, struct rt_str line, const char *end)
{
	const char *name = line.p + 1 + strlen(CANARY);
	struct rt_diag why = {{0}, {0}};

	if (rt_targets_open(&r->c->targets,
		(struct rt_str){name, (size_t)(end - name)}, r->line,
		&why) == RT_OK)
		return true;
	refuse(r, r->line, &why);
	return false;
}

/* By the whole name: libinih cuts long ones. */
static bool
open_policy(struct reader *r, struct rt_str line, const char *end)
{
	struct rt_str name = {line.p + 1, (size_t)(end - line.p) - 1};
	struct rt_diag why = {{0}, {0}};

	if (rt_policy_config_open(&r->c->policy, name, &r->policy, &why) ==
	    RT_OK)
		return true;
	refuse(r, r->line, &why);
	return false;
}

static bool
is_policy_section(struct rt_str line, const char *end)
{
	return rt_policy_config_owns(
	    (struct rt_str){line.p + 1, (size_t)(end - line.p) - 1});
}

/*
 * What libinih would not report: it cuts long lines, joins indented ones to the key
 * above and says nothing of a section without keys.
 */
static bool
line_is_fit(struct reader *r, struct rt_str line)
{
	struct rt_diag why = {{0}, {0}};
	const char *end = NULL;

	if (line.p[0] == '[')
		r->policy = RT_POLICY_NO_SECTION;
	if (line.len > RT_CONFIG_LINE_MAX)
		rt_diag_set(&why, NULL,
		    "a line can have %u bytes, this one has %zu",
		    RT_CONFIG_LINE_MAX, line.len);
	else if (memchr(line.p, '\0', line.len))
		rt_diag_set(&why, NULL, "holds a NUL byte");
	else if (line.p[0] == ' ' || line.p[0] == '\t')
		rt_diag_set(&why, NULL, "is indented; begin it in column 1");
	else if (line.p[0] == '[' &&
	    (end = memchr(line.p, ']', line.len)) != NULL &&
	    is_canary_section(line))
		return open_canary(r, line, end);
	else if (line.p[0] == '[' && end && is_policy_section(line, end))
		return open_policy(r, line, end);
	else if (line.p[0] == '[' && end &&
	    !is_known_section(line.p + 1, (size_t)(end - line.p) - 1))
		rt_diag_set(&why, NULL,
		    "unknown section %.*s; there are [collector], [journal], "
		    "[access], [limits], [capacity], [alerts], [decisions], "
		    "[attempt_base], [policy], [policy SERVICE], [tenant NAME] "
		    "and [canary NAME]",
		    (int)(end - line.p) + 1, line.p);
	else
		return true;
	refuse(r, r->line, &why);
	return false;
}

static struct rt_str
next_line(struct rt_str *rest)
{
	const char *newline = memchr(rest->p, '\n', rest->len);
	size_t len = newline ? (size_t)(newline - rest->p) : rest->len;
	size_t used = newline ? len + 1 : len;
	struct rt_str line = {rest->p, len};

	rest->p += used;
	rest->len -= used;
	if (line.len > 0 && line.p[line.len - 1] == '\r')
		line.len--;
	return line;
}

static bool
is_blank_or_comment(struct rt_str line)
{
	size_t i = 0;

	while (i < line.len && (line.p[i] == ' ' || line.p[i] == '\t'))
		i++;
	return i == line.len || line.p[i] == '#' || line.p[i] == ';';
}

/* Hands libinih one line, as fgets would, or ends it at the first unfit one. */
static char *
give_line(char *out, int size, void *arg)
{
	struct reader *r = arg;
	struct rt_str line;

	if (r->rest.len == 0 || r->bad_line)
		return NULL;
	line = next_line(&r->rest);
	r->line++;
	if (r->line == 1 && line.len >= 3 &&
	    memcmp(line.p, "\xEF\xBB\xBF", 3) == 0) {
		line.p += 3;
		line.len -= 3;
	}
	if (is_blank_or_comment(line))
		line.len = 0;
	else if (!line_is_fit(r, line))
		return NULL;
	if (line.len >= (size_t)size)
		line.len = (size_t)size - 1;
	memcpy(out, line.p, line.len);
	out[line.len] = '\0';
	return out;
}

static const struct row *
find_row(const char *section, const char *key)
{
	size_t i;

	for (i = 0; i < RT_COUNT_OF(rows); i++)
		if (strcmp(rows[i].section, section) == 0 &&
		    strcmp(rows[i].key, key) == 0)
			return &rows[i];
	return NULL;
}

static enum rt_err
set_decision(
    struct reader *r, const char *code, const char *value, struct rt_diag *d)
{
	struct rt_decision_map *m = &r->c->decisions;
	enum rt_decision decision = rt_decision_from(rt_str_of(value));
	unsigned i;

	for (i = 0; i < m->count; i++) {
		if (strcmp(m->rows[i].code, code) != 0)
			continue;
		rt_diag_set(d, NULL, "%s is set in line %u already", code,
		    r->c->decision_line[i]);
		return RT_E_CONFIG;
	}
	if (decision == RT_DECISION_UNKNOWN)
		rt_diag_set(d, NULL,
		    "%s needs one of none, retry_same, fallback_secondary, "
		    "degrade_cached, abort_error, abort_timeout_budget, not "
		    "'%s'",
		    code, value);
	else if (strlen(code) >= sizeof(m->rows[0].code))
		rt_diag_set(d, NULL, "a decision code can have %zu bytes",
		    sizeof(m->rows[0].code) - 1);
	else if (m->count == RT_DECISION_MAP_MAX)
		rt_diag_set(d, NULL, "there can be %u decision codes",
		    RT_DECISION_MAP_MAX);
	else {
		snprintf(m->rows[m->count].code, sizeof(m->rows[0].code), "%s",
		    code);
		m->rows[m->count].decision = decision;
		r->c->decision_line[m->count++] = r->line;
		return RT_OK;
	}
	return RT_E_CONFIG;
}

static enum rt_err
set_base(
    struct reader *r, const char *service, const char *value, struct rt_diag *d)
{
	struct rt_base_map *m = &r->c->bases;
	struct rt_diag why = {{0}, {0}};
	int64_t base = 0;
	unsigned i;

	for (i = 0; i < m->count; i++) {
		if (strcmp(m->rows[i].service, service) != 0)
			continue;
		rt_diag_set(d, NULL, "%s is set in line %u already", service,
		    r->c->base_line[i]);
		return RT_E_CONFIG;
	}
	if (rt_count_from(value, 0, 1, &base, &why) != RT_OK)
		rt_diag_set(d, NULL, "%s %s", service, why.what);
	else if (strlen(service) >= sizeof(m->rows[0].service))
		rt_diag_set(d, NULL, "a service can have %zu bytes",
		    sizeof(m->rows[0].service) - 1);
	else if (m->count == RT_BASE_MAP_MAX)
		rt_diag_set(
		    d, NULL, "there can be %u services", RT_BASE_MAP_MAX);
	else {
		snprintf(m->rows[m->count].service, sizeof(m->rows[0].service),
		    "%s", service);
		m->rows[m->count].base = (int)base;
		r->c->base_line[m->count++] = r->line;
		return RT_OK;
	}
	return RT_E_CONFIG;
}

static void
say_unknown(struct rt_diag *d, const char *section, const char *key)
{
	char list[200] = "";
	size_t i;

	for (i = 0; i < RT_COUNT_OF(rows); i++)
		if (strcmp(rows[i].section, section) == 0)
			snprintf(list + strlen(list),
			    sizeof(list) - strlen(list), "%s%s",
			    list[0] ? ", " : "", rows[i].key);
	if (list[0])
		rt_diag_set(d, NULL, "unknown key %s in [%s]; there are %s",
		    key, section, list);
	else
		rt_diag_set(
		    d, NULL, "%s stands before the first [section]", key);
}

static int
take_pair(void *arg, const char *section, const char *key, const char *value)
{
	struct reader *r = arg;
	const struct row *row = find_row(section, key);
	struct rt_diag d = {{0}, {0}}, why = {{0}, {0}};
	enum rt_err err = RT_E_CONFIG;

	if (r->policy != RT_POLICY_NO_SECTION)
		err = rt_policy_config_set(
		    &r->c->policy, r->policy, key, value, r->line, &d);
	else if (strncmp(section, CANARY, strlen(CANARY)) == 0)
		err = rt_targets_set(&r->c->targets, section + strlen(CANARY),
		    key, value, r->line, &d);
	else if (strcmp(section, "decisions") == 0)
		err = set_decision(r, key, value, &d);
	else if (strcmp(section, "attempt_base") == 0)
		err = set_base(r, key, value, &d);
	else if (!row)
		say_unknown(&d, section, key);
	else if (r->c->line[row - rows])
		rt_diag_set(&d, NULL, "%s is set in line %u already", key,
		    r->c->line[row - rows]);
	else if ((err = set_row(r->c, row, value, &why)) == RT_OK)
		r->c->line[row - rows] = r->line;
	else
		rt_diag_set(&d, NULL, "%s %s", key, why.what);
	if (err == RT_OK)
		return 1;
	refuse(r, r->line, &d);
	return 0;
}

enum rt_err
rt_config_parse(struct rt_config *c, const char *name, struct rt_str text,
    struct rt_diag *d)
{
	struct rt_config fresh;
	struct reader r = {.c = &fresh,
	    .name = name,
	    .rest = text,
	    .policy = RT_POLICY_NO_SECTION};
	struct rt_diag why = {{0}, {0}};
	char where[sizeof(d->where)];
	uint32_t bad_line = 0;
	int bad;

	rt_config_init(&fresh);
	if (snprintf(fresh.path, sizeof(fresh.path), "%s", name) >=
	    (int)sizeof(fresh.path)) {
		rt_diag_set(d, name, "the path is too long");
		return RT_E_CONFIG;
	}
	bad = ini_parse_stream(give_line, &r, take_pair, &r);
	if (bad > 0 && (r.bad_line == 0 || (uint32_t)bad < r.bad_line)) {
		rt_diag_set(
		    &why, NULL, "needs `key = value`, [section] or # comment");
		r.bad_line = 0;
		refuse(&r, (uint32_t)bad, &why);
	}
	if (!r.bad_line && bad == 0 &&
	    rt_targets_check(&fresh.targets, &bad_line, &why) != RT_OK)
		refuse(&r, bad_line, &why);
	if (bad < 0) {
		rt_diag_set(d, name, "cannot be read");
		return RT_E_IO;
	}
	if (r.bad_line) {
		snprintf(where, sizeof(where), "%.*s:%u",
		    (int)sizeof(where) - 16, name, r.bad_line);
		rt_diag_set(d, where, "%s", r.what.what);
		return RT_E_CONFIG;
	}
	rt_policy_config_finish(&fresh.policy);
	*c = fresh;
	return RT_OK;
}

/* ---- files --------------------------------------------------------------------- */

static enum rt_err
read_file(struct rt_config *c, const char *path, struct rt_diag *d)
{
	FILE *f = fopen(path, "rb");
	char *text = NULL;
	size_t len = 0;
	enum rt_err err = RT_E_IO;

	if (!f) {
		int why = errno;

		rt_diag_set(d, path, "cannot be read: %s", strerror(why));
		return why == ENOENT ? RT_E_EMPTY : RT_E_IO;
	}
	text = rt_xcalloc(RT_CONFIG_FILE_MAX + 1, 1);
	len = fread(text, 1, RT_CONFIG_FILE_MAX + 1, f);
	if (ferror(f))
		rt_diag_set(d, path, "cannot be read: %s", strerror(errno));
	else if (len > RT_CONFIG_FILE_MAX)
		rt_diag_set(d, path, "a configuration file can have %u bytes",
		    RT_CONFIG_FILE_MAX);
	else
		err = rt_config_parse(c, path, (struct rt_str){text, len}, d);
	free(text);
	fclose(f);
	return err;
}

enum rt_err
rt_config_read(struct rt_config *c, const char *path, struct rt_diag *d)
{
	static const char name[] = "retrytop/retrytop.conf";
	const char *xdg = getenv("XDG_CONFIG_HOME"), *home = getenv("HOME");
	char candidates[2][512] = {"", "/etc/retrytop/retrytop.conf"};
	enum rt_err err;
	size_t i;

	if (path) {
		err = read_file(c, path, d);
		return err == RT_E_EMPTY ? RT_E_IO : err;
	}
	if (xdg && xdg[0] == '/')
		snprintf(
		    candidates[0], sizeof(candidates[0]), "%s/%s", xdg, name);
	else if (home && home[0])
		snprintf(candidates[0], sizeof(candidates[0]), "%s/.config/%s",
		    home, name);
	for (i = 0; i < RT_COUNT_OF(candidates); i++) {
		if (candidates[i][0] == '\0')
			continue;
		err = read_file(c, candidates[i], d);
		if (err != RT_E_EMPTY)
			return err;
	}
	rt_config_init(c);
	return RT_OK;
}

enum rt_exit
rt_config_exit(enum rt_err err)
{
	return err == RT_E_IO ? RT_EXIT_IO : RT_EXIT_CONFIG;
}

/* ---- printing ------------------------------------------------------------------ */

static void
print_value(struct rt_buf *b, const struct rt_config *c, const struct row *r)
{
	const void *at = (const char *)c + r->offset;
	int64_t ms;

	switch (r->type) {
	case ENDPOINT:
		rt_buf_puts(b, ((const struct rt_endpoint *)at)->text);
		break;
	case DURATION:
		ms = *(const int64_t *)at;
		if (ms % 1000 == 0)
			rt_buf_printf(b, "%llds", (long long)(ms / 1000));
		else
			rt_buf_printf(b, "%lldms", (long long)ms);
		break;
	case INT:
		rt_buf_printf(b, "%lld", (long long)*(const int64_t *)at);
		break;
	case FOLDER: rt_buf_puts(b, at); break;
	case CAPACITY: rt_buf_printf(b, "%u", *(const uint32_t *)at); break;
	case WINDOW:
		rt_buf_puts(
		    b, rt_window_name((uint32_t) * (const int64_t *)at));
		break;
	case ALERT: rt_alert_rule_print(b, (enum rt_alert)r->min, at); break;
	}
}

static void
print_origin(struct rt_buf *b, uint32_t line)
{
	if (line)
		rt_buf_printf(b, " ; line %u", line);
	else
		rt_buf_puts(b, " ; default");
}

/* One line, which has to fit as one that is read. */
static void
print_row(struct rt_buf *b, const struct rt_config *c, size_t i)
{
	const struct row *r = &rows[i];
	size_t from = b->len;

	rt_buf_printf(b, "%s = ", r->key);
	print_value(b, c, r);
	print_origin(b, c->line[i]);
	if (r->type == INT || r->type == CAPACITY)
		rt_buf_printf(
		    b, "; %lld to %lld", (long long)r->min, (long long)r->max);
	rt_buf_printf(b, "; %s", r->about);
	if (b->len - from > RT_CONFIG_LINE_MAX) {
		b->len = from;
		rt_buf_printf(b, "%s=", r->key);
		print_value(b, c, r);
	}
	rt_buf_putc(b, '\n');
}

void
rt_config_print(struct rt_buf *b, const struct rt_config *c)
{
	const char *section = "";
	size_t i;

	rt_buf_printf(b, "# %s%.180s\n",
	    c->path[0] ? "read from " : "no file: ",
	    c->path[0] ? c->path : "all defaults");
	for (i = 0; i < RT_COUNT_OF(rows); i++) {
		if (strcmp(section, rows[i].section) != 0)
			rt_buf_printf(b, "\n[%s]\n", rows[i].section);
		section = rows[i].section;
		print_row(b, c, i);
	}
	rt_buf_puts(b, "\n[decisions]\n");
	for (i = 0; i < c->decisions.count; i++) {
		rt_buf_printf(b, "%s = %s", c->decisions.rows[i].code,
		    rt_decision_name(c->decisions.rows[i].decision));
		print_origin(b, c->decision_line[i]);
		rt_buf_putc(b, '\n');
	}
	if (c->bases.count > 0)
		rt_buf_puts(b, "\n[attempt_base]\n");
	for (i = 0; i < c->bases.count; i++) {
		rt_buf_printf(b, "%s = %d", c->bases.rows[i].service,
		    c->bases.rows[i].base);
		print_origin(b, c->base_line[i]);
		rt_buf_putc(b, '\n');
	}
	rt_targets_print(b, &c->targets);
	rt_policy_config_print(b, &c->policy);
	rt_buf_printf(b, "\n# memory when every table is full: %.1f MiB\n",
	    (double)rt_aggregate_bytes(&c->capacity) / 1048576.0);
}
