/* SPDX-License-Identifier: MIT */
#include "collector/canary/target.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "proto/options.h"

/* ---- the rows ---------------------------------------------------------------------- */

enum row_type {
	TEXT,
	CHOICE,
	YESNO,
	DURATION,
	COUNT,
	PERCENT,
	CLASSES,
	KEY,
	HEADER, /* may be repeated */
};

struct row {
	const char *key;
	enum row_type type;
	size_t offset;
	int64_t min, max;    /* TEXT: max is the member's size */
	const char *initial; /* NULL: none, as for what may be left out */
	const char *about;
	const char *words; /* CHOICE */
};

#define AT(member) offsetof(struct rt_target, member)
#define SIZE(member) AT(member), 0, sizeof(((struct rt_target *)0)->member)
#define DAY_MS 86400000
#define RETRYABLE \
	"timeout connection rate_limited server_error stream_interrupted"

/* clang-format off */
static const struct row rows[] = {
	{"base_url", TEXT, SIZE(base_url), NULL, "the API without its path; http for loopback only", NULL},
	{"model", TEXT, SIZE(model), NULL, "the model to ask", NULL},
	{"key_env", TEXT, SIZE(key_env), NULL, "environment variable that holds the key", NULL},
	{"key_file", TEXT, SIZE(key_file), NULL, "file that holds the key", NULL},
	{"key_fd", COUNT, AT(key_fd), 3, 1023, NULL, "descriptor to read the key from", NULL},
	{"key", KEY, AT(has_key), 0, 0, NULL, "none: this target asks for no key", NULL},
	{"key_header", TEXT, SIZE(key_header), "Authorization", "header of the key; with another name than this it goes without `Bearer`", NULL},
	{"request_id_header", TEXT, SIZE(request_id_header), "x-request-id", "header that names the request", NULL},
	{"header", HEADER, AT(headers), 0, 0, NULL, "Name: value, sent with every request; may be repeated", NULL},
	{"ca_file", TEXT, SIZE(ca_file), NULL, "certificates to trust instead of the system's", NULL},
	{"verify_tls", YESNO, AT(verifies_tls), 0, 0, "yes", "no is shown in red and recorded", NULL},
	{"service", TEXT, SIZE(service), "canary", "service named in the events", NULL},
	{"surface", CHOICE, AT(surface), 0, 0, "chat", "which API", "chat|responses"},
	{"path", TEXT, SIZE(path), NULL, "path of the request; by surface unless given", NULL},
	{"stream", YESNO, AT(is_stream), 0, 0, "no", "ask for a stream", NULL},
	{"interval", DURATION, AT(interval_ms), 1000, DAY_MS, "30s", "between probes", NULL},
	{"jitter", PERCENT, AT(jitter), 0, 100, "20%", "of the interval, to either side, and before the first", NULL},
	{"token_limit", COUNT, AT(token_limit), 1, 4096, "16", "tokens an answer may have", NULL},
	{"token_limit_field", CHOICE, AT(token_limit_field), 0, 0, "max_completion_tokens", "how the request says so", "max_completion_tokens|max_tokens|none"},
	{"include_usage", YESNO, AT(includes_usage), 0, 0, "yes", "stream_options.include_usage", NULL},
	{"usage", CHOICE, AT(usage), 0, 0, "optional", "required: a missing usage object fails the probe", "optional|required"},
	{"stream_require", CHOICE, AT(stream_require), 0, 0, "finish", "what must end a stream", "finish|done|terminal|none"},
	{"connect_timeout", DURATION, AT(connect_ms), 10, 600000, "5s", "until connected, name and TLS included", NULL},
	{"headers_timeout", DURATION, AT(headers_ms), 10, 600000, "20s", "from the request until all headers", NULL},
	{"first_event_timeout", DURATION, AT(first_event_ms), 10, 600000, "30s", "from the headers until the first event of a stream", NULL},
	{"idle_timeout", DURATION, AT(idle_ms), 10, 600000, "15s", "between events of a stream; comments do not count", NULL},
	{"total_timeout", DURATION, AT(total_ms), 10, 600000, "60s", "of one attempt", NULL},
	{"max_per_minute", COUNT, AT(max_per_minute), 1, RT_TARGET_REQUESTS_A_MINUTE_MAX, "6", "requests in any minute", NULL},
	{"max_per_run", COUNT, AT(max_per_run), 1, 1000000, "200", "requests until the program is started anew", NULL},
	{"max_tokens_per_day", COUNT, AT(max_tokens_per_day), 1, 100000000, "20000", "tokens of a day (UTC); the limit counts where usage is not said", NULL},
	{"retry", CHOICE, AT(retry_jitter), 0, 0, "none", "jitter of the waits before another attempt", "none|full|equal|decorrelated|additive"},
	{"base", DURATION, AT(retry_base_ms), 1, 600000, "500ms", "first wait of the retry policy", NULL},
	{"cap", DURATION, AT(retry_cap_ms), 1, DAY_MS, "8s", "longest wait of the retry policy", NULL},
	{"max_attempts", COUNT, AT(retry_attempts), 1, 10, "3", "attempts at this target, the first included", NULL},
	{"total_budget", DURATION, AT(retry_total_ms), 100, DAY_MS, "60s", "ceiling on the whole operation; no wait crosses it", NULL},
	{"retry_classes", CLASSES, AT(retry.retryable), 0, 0, RETRYABLE, "error classes that may be tried again", NULL},
	{"retry_budget", PERCENT, AT(retry.budget_ratio), 0, 100, "10%", "of the requests that may be retries", NULL},
	{"fallback", TEXT, SIZE(fallback), NULL, "another section, for reasons on the list below", NULL},
	{"fallback_classes", CLASSES, AT(retry.fallback_reasons), 0, 0, RETRYABLE, "error classes that may fall back", NULL},
	{"source", TEXT, SIZE(source), NULL, "documentation of this API, for the ledger", NULL},
	{"accessed", TEXT, SIZE(accessed), NULL, "when it was read: 2026-01-31", NULL},
};
/* clang-format on */

_Static_assert(RT_COUNT_OF(rows) <= RT_TARGET_ROWS_MAX, "line[] is too short");

/* ---- reading one value ------------------------------------------------------------- */

static enum rt_err
refuse(struct rt_diag *d, const char *key, const char *needs, const char *got)
{
	rt_diag_set(d, NULL, "%s needs %s, not '%s'", key, needs, got);
	return RT_E_CONFIG;
}

static enum rt_err
set_text(const struct row *r, char *into, const char *value, struct rt_diag *d)
{
	char needs[64];
	size_t n = strlen(value);

	if (n == 0 || n >= (size_t)r->max ||
	    !rt_text_is_clean(rt_str_of(value))) {
		snprintf(needs, sizeof(needs), "1 to %lld plain bytes",
		    (long long)r->max - 1);
		return refuse(d, r->key, needs, value);
	}
	memcpy(into, value, n + 1);
	return RT_OK;
}

static enum rt_err
set_choice(
    const struct row *r, unsigned *into, const char *value, struct rt_diag *d)
{
	const char *word = r->words;
	unsigned place = 0;
	size_t n;

	for (;; word += n + 1, place++) {
		n = strcspn(word, "|");
		if (strlen(value) == n && memcmp(word, value, n) == 0) {
			*into = place;
			return RT_OK;
		}
		if (word[n] == '\0')
			return refuse(d, r->key, r->words, value);
	}
}

static enum rt_err
set_bool(const struct row *r, bool *into, const char *value, struct rt_diag *d)
{
	bool is_yes = strcmp(value, "yes") == 0;

	if (!is_yes && strcmp(value, "no") != 0)
		return refuse(d, r->key, "yes or no", value);
	*into = is_yes;
	return RT_OK;
}

static enum rt_err
set_percent(
    const struct row *r, double *into, const char *value, struct rt_diag *d)
{
	size_t n = strlen(value);
	double v;

	if (n < 2 || value[n - 1] != '%' ||
	    rt_text_to_double((struct rt_str){value, n - 1}, &v) != RT_OK ||
	    v < (double)r->min || v > (double)r->max)
		return refuse(d, r->key, "0% to 100%", value);
	*into = v / 100;
	return RT_OK;
}

static enum rt_err
set_classes(
    const struct row *r, uint32_t *into, const char *value, struct rt_diag *d)
{
	uint32_t bits = 0;
	const char *word = value + strspn(value, " ,");

	while (*word && strcmp(value, "none") != 0) {
		struct rt_str s = {word, strcspn(word, " ,")};
		unsigned c = 1;

		while (c < RT_CLASS_COUNT &&
		    !rt_str_is(s, rt_class_name((enum rt_class)c)))
			c++;
		/* What no wait heals is on no list. */
		if (c == RT_CLASS_COUNT ||
		    !rt_class_is_retryable((enum rt_class)c))
			return refuse(
			    d, r->key, "some of " RETRYABLE ", or none", value);
		bits |= 1u << c;
		word += s.len;
		word += strspn(word, " ,");
	}
	*into = bits;
	return RT_OK;
}

/* Credentials have keys of their own; the rest is the HTTP client's. */
static const char *
fault_of_header(struct rt_str name)
{
	static const char *const secret[] = {"Authorization",
	    "Proxy-Authorization", "Cookie", "X-API-Key", "API-Key"};
	static const char *const ours[] = {"Host", "Content-Length",
	    "Content-Type", "Transfer-Encoding", "Connection", "Expect",
	    "Upgrade", "TE", "Accept-Encoding"};

	for (size_t i = 0; i < RT_COUNT_OF(secret); i++)
		if (rt_str_is_nocase(name, secret[i]))
			return "no credential; key_header and key_env are for "
			       "that";
	for (size_t i = 0; i < RT_COUNT_OF(ours); i++)
		if (rt_str_is_nocase(name, ours[i]))
			return "a name that is not of the connection itself";
	return NULL;
}

static struct rt_str
header_name(const char *line)
{
	static const char token[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
				    "abcdefghijklmnopqrstuvwxyz0123456789"
				    "!#$%&'*+-.^_`|~";

	return (struct rt_str){line, strspn(line, token)};
}

static bool
has_header(const struct rt_target *t, struct rt_str name)
{
	for (size_t i = 0; i < RT_TARGET_HEADERS_MAX; i++) {
		struct rt_str other = header_name(t->headers[i]);

		if (other.len == name.len && name.len > 0 &&
		    strncasecmp(other.p, name.p, name.len) == 0)
			return true;
	}
	return false;
}

/* What is refused may be a secret, so only its name is told. */
static enum rt_err
add_header(struct rt_target *t, const char *value, struct rt_diag *d)
{
	struct rt_str name = header_name(value);
	const char *text = value + name.len, *fault;
	char shown[65];
	size_t i = 0;

	snprintf(shown, sizeof(shown), "%.*s", (int)name.len, name.p);
	text += *text == ':' ? 1 + strspn(text + 1, " ") : 0;
	if (name.len == 0 || value[name.len] != ':' || *text == '\0' ||
	    strlen(value) >= sizeof(t->headers[0]) ||
	    !rt_text_is_clean(rt_str_of(value)))
		return refuse(d, "header", "Name: value", shown);
	fault = fault_of_header(name);
	if (fault)
		return refuse(d, "header", fault, shown);
	if (has_header(t, name))
		return refuse(d, "header", "each name once", shown);
	while (i < RT_TARGET_HEADERS_MAX && t->headers[i][0])
		i++;
	if (i == RT_TARGET_HEADERS_MAX)
		return refuse(
		    d, "header", "to be there 8 times at most", shown);
	memcpy(t->headers[i], value, strlen(value) + 1);
	return RT_OK;
}

static enum rt_err
set_row(struct rt_target *t, const struct row *r, const char *value,
    struct rt_diag *d)
{
	void *into = (char *)t + r->offset;
	struct rt_diag why = {{0}, {0}};
	enum rt_err err = RT_E_CONFIG;

	switch (r->type) {
	case TEXT: return set_text(r, into, value, d);
	case CHOICE: return set_choice(r, into, value, d);
	case YESNO: return set_bool(r, into, value, d);
	case PERCENT: return set_percent(r, into, value, d);
	case CLASSES: return set_classes(r, into, value, d);
	case HEADER: return add_header(t, value, d);
	case KEY:
		if (strcmp(value, "none") != 0)
			return refuse(d, r->key,
			    "none; a key itself does not belong in here",
			    "...");
		*(bool *)into = false;
		return RT_OK;
	case DURATION:
		err = rt_duration_from(value, r->min, r->max, into, &why);
		break;
	case COUNT:
		err = rt_count_from(value, r->min, r->max, into, &why);
		break;
	}
	if (err == RT_OK)
		return RT_OK;
	rt_diag_set(d, NULL, "%s %s", r->key, why.what);
	return RT_E_CONFIG;
}

/* ---- sections ---------------------------------------------------------------------- */

/* What follows from several values. */
static void
derive(struct rt_target *t)
{
	t->retry.jitter = (enum rt_jitter)t->retry_jitter;
	t->retry.base_ms = (double)t->retry_base_ms;
	t->retry.cap_ms = (double)t->retry_cap_ms;
	t->retry.max_attempts = (unsigned)t->retry_attempts;
	t->retry.ceiling_ms = (double)t->retry_total_ms;
}

void
rt_target_init(struct rt_target *t, const char *name)
{
	memset(t, 0, sizeof(*t));
	snprintf(t->name, sizeof(t->name), "%s", name);
	t->key_fd = -1;
	t->has_key = true;
	for (size_t i = 0; i < RT_COUNT_OF(rows); i++)
		if (rows[i].initial &&
		    set_row(t, &rows[i], rows[i].initial, NULL) != RT_OK)
			abort(); /* a default that is out of its range */
	derive(t);
}

static const struct row *
find_row(const char *key)
{
	for (size_t i = 0; i < RT_COUNT_OF(rows); i++)
		if (strcmp(rows[i].key, key) == 0)
			return &rows[i];
	return NULL;
}

enum rt_err
rt_target_set(struct rt_target *t, const char *key, const char *value,
    uint32_t line, struct rt_diag *d)
{
	const struct row *r = find_row(key);
	enum rt_err err;

	if (!r) {
		rt_diag_set(d, NULL,
		    "unknown key %s in [canary %s]; retrytop(1) and "
		    "check-config list them",
		    key, t->name);
		return RT_E_CONFIG;
	}
	if (line && t->line[r - rows] && r->type != HEADER) {
		rt_diag_set(d, NULL, "%s is set in line %u already", key,
		    t->line[r - rows]);
		return RT_E_CONFIG;
	}
	err = set_row(t, r, value, d);
	if (err != RT_OK)
		return err;
	t->line[r - rows] = line;
	derive(t);
	return RT_OK;
}

bool
rt_target_name_is_fit(struct rt_str name)
{
	static const char fit[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
				  "abcdefghijklmnopqrstuvwxyz0123456789._-";

	for (size_t i = 0; i < name.len; i++)
		if (name.p[i] == '\0' || !strchr(fit, name.p[i]))
			return false;
	return name.len > 0 && name.len <= RT_TARGET_NAME_MAX;
}

const struct rt_target *
rt_targets_find(const struct rt_targets *all, const char *name)
{
	for (unsigned i = 0; i < all->count; i++)
		if (strcmp(all->rows[i].name, name) == 0)
			return &all->rows[i];
	return NULL;
}

static struct rt_target *
find(struct rt_targets *all, struct rt_str name)
{
	for (unsigned i = 0; i < all->count; i++)
		if (rt_str_is(name, all->rows[i].name))
			return &all->rows[i];
	return NULL;
}

enum rt_err
rt_targets_open(struct rt_targets *all, struct rt_str name, uint32_t line,
    struct rt_diag *d)
{
	char text[RT_TARGET_NAME_MAX + 1];

	if (!rt_target_name_is_fit(name)) {
		rt_diag_set(d, NULL,
		    "the name of a [canary NAME] has 1 to %u of letters, "
		    "digits, . _ -",
		    RT_TARGET_NAME_MAX);
		return RT_E_CONFIG;
	}
	if (find(all, name))
		return RT_OK;
	if (all->count == RT_TARGETS_MAX) {
		rt_diag_set(d, NULL, "there can be %u [canary] sections",
		    RT_TARGETS_MAX);
		return RT_E_FULL;
	}
	memcpy(text, name.p, name.len);
	text[name.len] = '\0';
	rt_target_init(&all->rows[all->count], text);
	all->rows[all->count++].section_line = line;
	return RT_OK;
}

enum rt_err
rt_targets_set(struct rt_targets *all, const char *name, const char *key,
    const char *value, uint32_t line, struct rt_diag *d)
{
	struct rt_target *t = find(all, rt_str_of(name));

	if (t)
		return rt_target_set(t, key, value, line, d);
	rt_diag_set(d, NULL, "unknown section [canary %s]", name);
	return RT_E_CONFIG;
}

/* ---- what one value cannot show ---------------------------------------------------- */

static bool
leads_back(const struct rt_targets *all, const struct rt_target *t)
{
	const struct rt_target *at = t;

	for (unsigned hops = 0; at && at->fallback[0]; hops++) {
		at = rt_targets_find(all, at->fallback);
		if (at == t || hops > all->count)
			return true;
	}
	return false;
}

static const char *
what_is_wrong(const struct rt_targets *all, const struct rt_target *t)
{
	int keys = (t->key_env[0] != 0) + (t->key_file[0] != 0) +
	    (t->key_fd >= 0) + !t->has_key;

	if (!t->base_url[0])
		return "needs base_url";
	if (!t->model[0])
		return "needs model";
	if (keys != 1)
		return "needs one of key_env, key_file, key_fd or key = none";
	if (t->path[0] && t->path[0] != '/')
		return "needs a path that begins with /";
	if (strpbrk(t->key_header, ": \t") ||
	    strpbrk(t->request_id_header, ": \t"))
		return "needs header names without colon or blank";
	if (has_header(t, rt_str_of(t->key_header)))
		return "has a header with the name of key_header";
	if (t->retry_base_ms > t->retry_cap_ms)
		return "needs a base that is not above cap";
	if (t->source[0] && !t->accessed[0])
		return "needs accessed, the day source was read";
	if (t->fallback[0] && !rt_targets_find(all, t->fallback))
		return "names a fallback that is no [canary] section";
	return leads_back(all, t) ? "has fallbacks that lead back to it" : NULL;
}

enum rt_err
rt_targets_check(
    const struct rt_targets *all, uint32_t *bad_line, struct rt_diag *d)
{
	for (unsigned i = 0; i < all->count; i++) {
		const char *wrong = what_is_wrong(all, &all->rows[i]);

		if (!wrong)
			continue;
		rt_diag_set(
		    d, NULL, "[canary %s] %s", all->rows[i].name, wrong);
		*bad_line = all->rows[i].section_line;
		return RT_E_CONFIG;
	}
	return RT_OK;
}

void
rt_targets_resolve(struct rt_targets *all)
{
	for (unsigned i = 0; i < all->count; i++)
		all->rows[i].next = all->rows[i].fallback[0]
		    ? rt_targets_find(all, all->rows[i].fallback)
		    : NULL;
}

/* ---- words ------------------------------------------------------------------------- */

void
rt_target_url(const struct rt_target *t, char out[512])
{
	static const char *const paths[] = {
	    "/v1/chat/completions", "/v1/responses"};
	size_t n = strlen(t->base_url);

	while (n > 0 && t->base_url[n - 1] == '/')
		n--;
	snprintf(out, 512, "%.*s%s", (int)n, t->base_url,
	    t->path[0] ? t->path : paths[t->surface]);
}

void
rt_target_key_name(const struct rt_target *t, char out[224])
{
	if (t->key_env[0])
		snprintf(out, 224, "env %s", t->key_env);
	else if (t->key_file[0])
		snprintf(out, 224, "file %s", t->key_file);
	else if (t->key_fd >= 0)
		snprintf(out, 224, "fd %lld", (long long)t->key_fd);
	else
		snprintf(out, 224, "none");
}

static void
print_ms(struct rt_buf *b, int64_t ms)
{
	if (ms % 1000 == 0)
		rt_buf_printf(b, "%llds", (long long)(ms / 1000));
	else
		rt_buf_printf(b, "%lldms", (long long)ms);
}

static void
print_classes(struct rt_buf *b, uint32_t bits)
{
	const char *gap = "";

	for (unsigned c = 0; c < RT_CLASS_COUNT; c++) {
		if (!(bits >> c & 1u))
			continue;
		rt_buf_printf(b, "%s%s", gap, rt_class_name((enum rt_class)c));
		gap = " ";
	}
	if (!bits)
		rt_buf_puts(b, "none");
}

static void
print_choice(struct rt_buf *b, const char *words, unsigned place)
{
	while (place-- > 0)
		words += strcspn(words, "|") + 1;
	rt_buf_add(b, words, strcspn(words, "|"));
}

/* Each after the first as a line of its own. */
static void
print_headers(struct rt_buf *b, const struct rt_target *t)
{
	for (size_t i = 0; i < RT_TARGET_HEADERS_MAX && t->headers[i][0]; i++)
		rt_buf_printf(b, "%s%s", i ? "\nheader = " : "", t->headers[i]);
}

static void
print_value(struct rt_buf *b, const struct rt_target *t, const struct row *r)
{
	const void *at = (const char *)t + r->offset;

	switch (r->type) {
	case TEXT: rt_buf_puts(b, at); break;
	case CHOICE: print_choice(b, r->words, *(const unsigned *)at); break;
	case YESNO: rt_buf_puts(b, *(const bool *)at ? "yes" : "no"); break;
	case PERCENT:
		rt_buf_printf(b, "%g%%", *(const double *)at * 100);
		break;
	case CLASSES: print_classes(b, *(const uint32_t *)at); break;
	case KEY: rt_buf_puts(b, "none"); break;
	case HEADER: print_headers(b, t); break;
	case DURATION: print_ms(b, *(const int64_t *)at); break;
	case COUNT:
		rt_buf_printf(b, "%lld", (long long)*(const int64_t *)at);
		break;
	}
}

void
rt_targets_print(struct rt_buf *b, const struct rt_targets *all)
{
	for (unsigned i = 0; i < all->count; i++) {
		const struct rt_target *t = &all->rows[i];

		rt_buf_printf(b, "\n[canary %s]\n", t->name);
		for (size_t k = 0; k < RT_COUNT_OF(rows); k++) {
			const struct row *r = &rows[k];

			if (t->line[k])
				rt_buf_printf(b, "# %s (line %u)\n", r->about,
				    t->line[k]);
			else
				rt_buf_printf(b, "# %s (default)\n", r->about);
			/* What may be left out and was. */
			rt_buf_printf(b,
			    "%s%s = ", r->initial || t->line[k] ? "" : "# ",
			    r->key);
			if (r->initial || t->line[k])
				print_value(b, t, r);
			rt_buf_putc(b, '\n');
		}
	}
}
