/* SPDX-License-Identifier: MIT */
#include "proto/options.h"

#include <stdio.h>
#include <string.h>

#include "proto/level.h"

/* ---- values -------------------------------------------------------------------- */

/* Digits at *p to *out, capped far above every range; false where there is none. */
static bool
read_digits(const char **p, int64_t *out)
{
	const char *start = *p;
	int64_t v = 0;

	for (; **p >= '0' && **p <= '9'; (*p)++)
		if (v < INT64_C(100000000000000))
			v = v * 10 + (**p - '0');
	*out = v;
	return *p > start;
}

enum rt_err
rt_count_from(
    const char *text, int64_t min, int64_t max, int64_t *out, struct rt_diag *d)
{
	const char *p = text;
	bool negative = *p == '-';
	int64_t v;

	p += negative;
	if (!read_digits(&p, &v) || *p != '\0')
		goto bad;
	v = negative ? -v : v;
	if (v < min || v > max)
		goto bad;
	*out = v;
	return RT_OK;
bad:
	rt_diag_set(d, NULL, "needs an integer from %lld to %lld, not '%s'",
	    (long long)min, (long long)max, text);
	return RT_E_FIELD;
}

static const struct {
	const char *suffix;
	int64_t ms;
} units[] = {{"", 1000}, {"s", 1000}, {"ms", 1}, {"m", 60000}, {"h", 3600000}};

enum rt_err
rt_duration_from(const char *text, int64_t min_ms, int64_t max_ms,
    int64_t *out_ms, struct rt_diag *d)
{
	const char *p = text, *start;
	int64_t whole, fraction = 0, scale = 1, ms;
	size_t i;

	if (!read_digits(&p, &whole))
		goto bad;
	if (*p == '.') {
		start = ++p;
		if (!read_digits(&p, &fraction) || p - start > 6)
			goto bad;
		for (i = 0; i < (size_t)(p - start); i++)
			scale *= 10;
	}
	for (i = 0; i < RT_COUNT_OF(units); i++)
		if (strcmp(p, units[i].suffix) == 0)
			break;
	if (i == RT_COUNT_OF(units) || whole > INT64_C(10000000000))
		goto bad;
	ms = whole * units[i].ms + fraction * units[i].ms / scale;
	if (ms < min_ms || ms > max_ms)
		goto bad;
	*out_ms = ms;
	return RT_OK;
bad:
	rt_diag_set(d, NULL,
	    "needs a duration like 120s, 250ms or 2m from %lld ms to %lld ms, "
	    "not '%s'",
	    (long long)min_ms, (long long)max_ms, text);
	return RT_E_FIELD;
}

/* ---- endpoints ----------------------------------------------------------------- */

static bool
starts_with(const char *s, const char *prefix)
{
	return strncmp(s, prefix, strlen(prefix)) == 0;
}

/* Where the port's colon is; NULL where there is no port. */
static const char *
port_colon(const char *host)
{
	const char *bracket = strchr(host, ']');

	return strrchr(bracket ? bracket : host, ':');
}

enum rt_err
rt_endpoint_from(struct rt_endpoint *out, const char *text, int default_port,
    struct rt_diag *d)
{
	struct rt_endpoint e;
	const char *colon = port_colon(text);
	int64_t port = default_port;
	int n;

	if (strcmp(text, "off") == 0 || starts_with(text, "tcp://") ||
	    starts_with(text, "ipc://") || starts_with(text, "inproc://")) {
		n = snprintf(e.text, sizeof(e.text), "%s", text);
	} else if (text[0] == '/' || text[0] == '.') {
		n = snprintf(e.text, sizeof(e.text), "ipc://%s", text);
	} else if (text[0] == '\0' || strstr(text, "://") ||
	    strpbrk(text, "/ \t") ||
	    (colon &&
		rt_count_from(colon + 1, 1, 65535, &port, NULL) != RT_OK)) {
		goto bad;
	} else {
		int host = colon ? (int)(colon - text) : (int)strlen(text);

		n = snprintf(e.text, sizeof(e.text), "tcp://%.*s:%lld",
		    host > 0 ? host : 9, host > 0 ? text : "127.0.0.1",
		    (long long)port);
	}
	if (n < 0 || (size_t)n >= sizeof(e.text))
		goto bad;
	*out = e;
	return RT_OK;
bad:
	rt_diag_set(d, NULL,
	    "needs HOST[:PORT], tcp://HOST:PORT or ipc://PATH, not '%s'", text);
	return RT_E_USAGE;
}

bool
rt_endpoint_is_local(const char *endpoint)
{
	static const char *const hosts[] = {"localhost:", "[::1]:"};
	const char *host = endpoint + strlen("tcp://");
	size_t i, digits;

	if (starts_with(endpoint, "ipc://") ||
	    starts_with(endpoint, "inproc://"))
		return true;
	if (!starts_with(endpoint, "tcp://"))
		return false;
	for (i = 0; i < RT_COUNT_OF(hosts); i++)
		if (starts_with(host, hosts[i]))
			return true;
	/* A name such as 127.example.org is somewhere else. */
	digits = strspn(host, "0123456789.");
	return starts_with(host, "127.") && host[digits] == ':';
}

/* ---- the table ----------------------------------------------------------------- */

/* Place of `text` in "json|text". */
static bool
choice_from(const char *choices, const char *text, unsigned *out)
{
	size_t len = strlen(text);
	unsigned i = 0;
	const char *p = choices;

	for (;; i++) {
		size_t n = strcspn(p, "|");

		if (n == len && memcmp(p, text, n) == 0) {
			*out = i;
			return true;
		}
		if (p[n] == '\0')
			return false;
		p += n + 1;
	}
}

static enum rt_err
set_value(const struct rt_option *r, const char *text, struct rt_diag *d)
{
	struct rt_option_list *list;

	switch (r->type) {
	case RT_OPTION_TYPE_FLAG: *(bool *)r->into = true; return RT_OK;
	case RT_OPTION_TYPE_TEXT: *(const char **)r->into = text; return RT_OK;
	case RT_OPTION_TYPE_COUNT:
		return rt_count_from(text, r->min, r->max, r->into, d);
	case RT_OPTION_TYPE_DURATION:
		return rt_duration_from(text, r->min, r->max, r->into, d);
	case RT_OPTION_TYPE_ENDPOINT:
		return rt_endpoint_from(r->into, text, (int)r->min, d);
	case RT_OPTION_TYPE_CHOICE:
		if (choice_from(r->value, text, r->into))
			return RT_OK;
		rt_diag_set(
		    d, NULL, "needs one of %s, not '%s'", r->value, text);
		return RT_E_FIELD;
	case RT_OPTION_TYPE_LIST:
		list = r->into;
		if (list->count < RT_OPTION_LIST_MAX) {
			list->items[list->count++] = text;
			return RT_OK;
		}
		rt_diag_set(
		    d, NULL, "can be given %u times", RT_OPTION_LIST_MAX);
		return RT_E_FULL;
	}
	return RT_E_USAGE;
}

/* The row that `arg` names, and the value that is part of it (or NULL). */
static const struct rt_option *
find_row(const struct rt_options *o, const char *arg, const char **value)
{
	size_t i, len;

	*value = NULL;
	for (i = 0; i < o->count; i++) {
		const struct rt_option *r = &o->rows[i];

		if (arg[1] != '-') {
			if (r->letter == 0 || r->letter != arg[1])
				continue;
			*value = arg[2] ? arg + 2 : NULL;
			return r;
		}
		len = strlen(r->name);
		if (strncmp(arg + 2, r->name, len) != 0)
			continue;
		if (arg[2 + len] == '=')
			*value = arg + 3 + len;
		if (arg[2 + len] == '=' || arg[2 + len] == '\0')
			return r;
	}
	return NULL;
}

/* Take the option at argv[*at]; *at moves past what it used. */
static enum rt_err
take_option(const struct rt_options *o, int argc, char **argv, int *at,
    struct rt_diag *d)
{
	const char *arg = argv[*at], *value;
	const struct rt_option *r = find_row(o, arg, &value);
	struct rt_diag why = {{0}, {0}};
	enum rt_err err;

	++*at;
	if (!r) {
		rt_diag_set(d, NULL,
		    "unknown option %s; `retrytop %s --help` lists them", arg,
		    o->command);
		return RT_E_USAGE;
	}
	if (r->type == RT_OPTION_TYPE_FLAG && value) {
		rt_diag_set(d, NULL, "--%s takes no value", r->name);
		return RT_E_USAGE;
	}
	if (r->type != RT_OPTION_TYPE_FLAG && !value) {
		if (*at == argc) {
			rt_diag_set(d, NULL, "--%s needs a value: %s", r->name,
			    r->value);
			return RT_E_USAGE;
		}
		value = argv[(*at)++];
	}
	err = set_value(r, value, &why);
	if (err != RT_OK)
		rt_diag_set(d, NULL, "--%s %s", r->name, why.what);
	return err;
}

enum rt_err
rt_options_read(const struct rt_options *o, int *argc, char **argv,
    bool *wants_help, struct rt_diag *d)
{
	int i = 1, operands = 1;
	bool only_operands = false;
	enum rt_err err;

	while (i < *argc) {
		char *arg = argv[i];

		if (only_operands || arg[0] != '-' || arg[1] == '\0') {
			argv[operands++] = arg;
			i++;
		} else if (strcmp(arg, "--") == 0) {
			only_operands = true;
			i++;
		} else if (strcmp(arg, "--help") == 0 ||
		    strcmp(arg, "-h") == 0) {
			*wants_help = true;
			return RT_OK;
		} else {
			err = take_option(o, *argc, argv, &i, d);
			if (err != RT_OK)
				return err;
		}
	}
	if (operands > 1 && !o->operands) {
		rt_diag_set(d, NULL,
		    "'%s' is one too many; `retrytop %s --help` says what it "
		    "takes",
		    argv[1], o->command);
		return RT_E_USAGE;
	}
	*argc = operands;
	return RT_OK;
}

/* ---- words --------------------------------------------------------------------- */

void
rt_options_help(struct rt_buf *b, const struct rt_options *o)
{
	size_t i;

	rt_buf_printf(b, "usage: retrytop %s%s%s%s\n", o->command,
	    o->count > 0 ? " [options]" : "", o->operands ? " " : "",
	    o->operands ? o->operands : "");
	if (o->about)
		rt_buf_printf(b, "%s\n", o->about);
	rt_buf_putc(b, '\n');
	for (i = 0; i < o->count; i++) {
		const struct rt_option *r = &o->rows[i];
		char left[80], letter[8] = "    ";

		if (r->letter)
			snprintf(letter, sizeof(letter), "-%c, ", r->letter);
		snprintf(left, sizeof(left), "  %s--%s%s%s", letter, r->name,
		    r->value ? " " : "", r->value ? r->value : "");
		if (strlen(left) < 34)
			rt_buf_printf(b, "%-34s%s\n", left, r->help);
		else
			rt_buf_printf(b, "%s\n%34s%s\n", left, "", r->help);
	}
	rt_buf_printf(b, "%-34s%s\n", "  -h, --help", "this text");
}

int
rt_options_fail(const char *command, const struct rt_diag *d, enum rt_exit code)
{
	fprintf(stderr, "%sretrytop %s: %s%s%s\n",
	    rt_level_prefix(RT_LEVEL_ERROR), command, d->where,
	    d->where[0] ? ": " : "", d->what);
	return (int)code;
}

int
rt_options_parse(const struct rt_options *o, int *argc, char **argv)
{
	struct rt_diag d = {{0}, {0}};
	bool wants_help = false;
	struct rt_buf b;

	if (rt_options_read(o, argc, argv, &wants_help, &d) != RT_OK)
		return rt_options_fail(o->command, &d, RT_EXIT_USAGE);
	if (!wants_help)
		return RT_OPTIONS_GO;
	rt_buf_init(&b, 65536);
	rt_options_help(&b, o);
	fwrite(b.p, 1, b.len, stdout);
	rt_buf_fini(&b);
	return RT_EXIT_OK;
}
