/* SPDX-License-Identifier: MIT */
#include "collector/canary/fault.h"

#include <stddef.h>
#include <stdio.h>

#include "proto/buf.h"
#include "proto/options.h"

enum key_type { TEXT, HEADER, YESNO, RATE, COUNT, STATUS, FAULT, TIME, WAIT };

struct key {
	const char *name;
	enum key_type type;
	size_t offset;
	size_t size; /* of a TEXT member; longest TIME in ms */
	bool is_effect;
	const char *right; /* what a right value looks like */
};

#define AT(member) offsetof(struct rt_fault_rule, member)
#define DAY_MS 86400000u
/* A held connection takes one of the gateway's places. */
#define HELD_MS 600000u
#define SIZE(member) sizeof(((struct rt_fault_rule *)0)->member)

/* clang-format off */
static const struct key keys[] = {
	{"path", TEXT, AT(path), SIZE(path), false, "a path of at most 128 bytes, such as /v1/responses"},
	{"model", TEXT, AT(model), SIZE(model), false, "a model id of at most 128 bytes"},
	{"header", HEADER, AT(header_name), 0, false, "a header name, or name:value, such as x-team:search"},
	{"stream", YESNO, AT(stream), 0, false, "yes or no"},
	{"rate", RATE, AT(rate), 0, false, "a number from 0 to 1, such as 0.1"},
	{"times", COUNT, AT(times), 0, false, "a whole number from 1, such as 3"},
	{"every", TIME, AT(every_ms), DAY_MS, false, "a duration such as 60s"},
	{"for", TIME, AT(for_ms), DAY_MS, false, "a duration such as 20s"},
	{"start", TIME, AT(start_ms), DAY_MS, false, "a duration such as 30s"},
	{"status", STATUS, AT(status), 0, true, "a status from 200 to 599, such as 503"},
	{"fault", FAULT, AT(fault), 0, true, "a fault's name, such as reset; --help lists them"},
	{"delay", TIME, AT(delay_ms), HELD_MS, true, "a duration such as 200ms"},
	{"retry_after", WAIT, AT(wait), 0, false, "seconds such as 2, or date+30, date-30 for an HTTP date"},
	{"retry_after_ms", COUNT, AT(retry_after_ms), 0, false, "a whole number of milliseconds from 1"},
	{"should_retry", YESNO, AT(should_retry), 0, false, "yes or no"},
	{"code", TEXT, AT(code), SIZE(code), false, "an error code of at most 64 bytes, such as insufficient_quota"},
	{"after", COUNT, AT(after), 0, false, "a whole number of tokens from 1"},
	{"hold", TIME, AT(hold_ms), HELD_MS, false, "a duration such as 30s"},
};
/* clang-format on */

static const struct {
	const char *name;
	enum rt_fault_fit fit;
	const char *about;
} faults[RT_FAULT_COUNT] = {
#define X(id, name, fit, about) {name, RT_FAULT_FIT_##fit, about},
    RT_FAULTS(X)
#undef X
};

const char *
rt_fault_name(enum rt_fault f)
{
	return (unsigned)f < RT_FAULT_COUNT ? faults[f].name : NULL;
}

void
rt_fault_help(struct rt_buf *b)
{
	rt_buf_puts(b, "Keys of a rule:\n");
	for (size_t i = 0; i < RT_COUNT_OF(keys); i++)
		rt_buf_printf(b, "  %-16s%s\n", keys[i].name, keys[i].right);
	rt_buf_puts(b, "Faults (fault=NAME):\n");
	for (size_t i = 0; i < RT_FAULT_COUNT; i++)
		rt_buf_printf(
		    b, "  %-16s%s\n", faults[i].name, faults[i].about);
}

uint64_t
rt_dice_next(uint64_t *state)
{
	uint64_t z = *state += UINT64_C(0x9E3779B97F4A7C15);

	z = (z ^ (z >> 30)) * UINT64_C(0xBF58476D1CE4E5B9);
	z = (z ^ (z >> 27)) * UINT64_C(0x94D049BB133111EB);
	return z ^ (z >> 31);
}

double
rt_dice_unit(uint64_t *state)
{
	return (double)(rt_dice_next(state) >> 11) * 0x1.0p-53;
}

/* ---- reading ----------------------------------------------------------------------- */

static bool
read_text(char *out, size_t size, struct rt_str v)
{
	if (v.len == 0 || v.len >= size || !rt_text_is_clean(v))
		return false;
	memcpy(out, v.p, v.len);
	out[v.len] = '\0';
	return true;
}

static bool
read_header(struct rt_fault_rule *r, struct rt_str v)
{
	const char *colon = v.len ? memchr(v.p, ':', v.len) : NULL;
	struct rt_str name = v, value = RT_STR_NONE;

	if (colon) {
		name.len = (size_t)(colon - v.p);
		value = (struct rt_str){colon + 1, v.len - name.len - 1};
	}
	return read_text(r->header_name, sizeof(r->header_name), name) &&
	    (!colon ||
		read_text(r->header_value, sizeof(r->header_value), value));
}

static bool
read_int(struct rt_str v, int64_t min, int64_t max, int64_t *out)
{
	char text[32];

	return read_text(text, sizeof(text), v) &&
	    rt_count_from(text, min, max, out, NULL) == RT_OK;
}

/* The unit may not be left out: a bare 200 would leave open of what. */
static bool
read_time(struct rt_str v, int64_t min_ms, int64_t max_ms, int64_t *out)
{
	char text[32];

	return read_text(text, sizeof(text), v) &&
	    strchr("smh", text[v.len - 1]) &&
	    rt_duration_from(text, min_ms, max_ms, out, NULL) == RT_OK;
}

/* 2, date+30, date-30 */
static bool
read_wait(struct rt_fault_rule *r, struct rt_str v)
{
	const int64_t most = 10LL * 365 * 86400;
	bool is_past;
	int64_t s;

	if (v.len < 6 || memcmp(v.p, "date", 4) != 0) {
		if (!read_int(v, 0, most, &r->wait_s))
			return false;
		r->wait = RT_FAULT_WAIT_SECONDS;
		return true;
	}
	is_past = v.p[4] == '-';
	if (!is_past && v.p[4] != '+')
		return false;
	if (!read_int((struct rt_str){v.p + 5, v.len - 5}, 0, most, &s))
		return false;
	r->wait = RT_FAULT_WAIT_DATE;
	r->wait_s = is_past ? -s : s;
	return true;
}

static bool
read_fault(enum rt_fault *out, struct rt_str v)
{
	for (unsigned i = 0; i < RT_FAULT_COUNT; i++) {
		if (rt_str_is(v, faults[i].name)) {
			*out = (enum rt_fault)i;
			return true;
		}
	}
	return false;
}

static bool
read_value(struct rt_fault_rule *r, const struct key *k, struct rt_str v)
{
	void *member = (char *)r + k->offset;
	int64_t n = 0;

	switch (k->type) {
	case TEXT: return read_text(member, k->size, v);
	case HEADER: return read_header(r, v);
	case YESNO:
		*(enum rt_fault_answer *)member =
		    rt_str_is(v, "yes") ? RT_FAULT_YES : RT_FAULT_NO;
		return rt_str_is(v, "yes") || rt_str_is(v, "no");
	case RATE:
		return rt_text_to_double(v, member) == RT_OK &&
		    *(double *)member >= 0 && *(double *)member <= 1;
	case COUNT: return read_int(v, 1, DAY_MS, member);
	case STATUS:
		if (!read_int(v, 200, 599, &n))
			return false;
		*(int *)member = (int)n;
		return true;
	case FAULT: return read_fault(member, v);
	case TIME:
		return read_time(v, k->offset == AT(start_ms) ? 0 : 1,
		    (int64_t)k->size, member);
	case WAIT: return read_wait(r, v);
	}
	return false;
}

static enum rt_err
read_word(struct rt_fault_rule *r, struct rt_str word, uint32_t *seen,
    struct rt_diag *d)
{
	const char *equals = memchr(word.p, '=', word.len);
	size_t n = equals ? (size_t)(equals - word.p) : word.len;
	struct rt_str name = {word.p, n}, value;
	char where[48];

	for (size_t i = 0; i < RT_COUNT_OF(keys); i++) {
		const struct key *k = &keys[i];

		if (!rt_str_is(name, k->name))
			continue;
		snprintf(where, sizeof(where), "key %s", k->name);
		if (*seen & (UINT32_C(1) << i)) {
			rt_diag_set(d, where,
			    "%s is given twice; once is enough", k->name);
			return RT_E_FIELD;
		}
		*seen |= UINT32_C(1) << i;
		value = equals ? (struct rt_str){equals + 1, word.len - n - 1}
			       : (struct rt_str){word.p + word.len, 0};
		if (read_value(r, k, value))
			return RT_OK;
		rt_diag_set(d, where, "%s must be %s", k->name, k->right);
		return RT_E_FIELD;
	}
	snprintf(
	    where, sizeof(where), "key %.*s", (int)(n > 32 ? 32 : n), word.p);
	rt_diag_set(d, where,
	    "there is no such key; a rule is made of key=value words, such as "
	    "status=503 rate=0.1");
	return RT_E_FIELD;
}

/* What single keys cannot see. */
static enum rt_err
check_together(
    const struct rt_fault_rule *r, bool has_effect, struct rt_diag *d)
{
	enum rt_fault_fit fit = faults[r->fault].fit;

	if (!has_effect) {
		rt_diag_set(d, "rule",
		    "a rule needs an effect: status=, fault= or delay=");
		return RT_E_FIELD;
	}
	if (r->every_ms && (!r->for_ms || r->for_ms > r->every_ms)) {
		rt_diag_set(d, "key every",
		    "every needs a for of at most its own length, such as "
		    "every=60s for=20s");
		return RT_E_FIELD;
	}
	if (r->status >= 300 && fit != RT_FAULT_FIT_ANY) {
		rt_diag_set(d, "key status",
		    "status must be 2xx or absent with fault=%s, which begins "
		    "as a sound answer",
		    faults[r->fault].name);
		return RT_E_FIELD;
	}
	if (r->stream == RT_FAULT_NO && fit == RT_FAULT_FIT_STREAM) {
		rt_diag_set(d, "key stream",
		    "stream must be yes or absent with fault=%s",
		    faults[r->fault].name);
		return RT_E_FIELD;
	}
	return RT_OK;
}

static bool
is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

/* The next word from *at; len 0 at the end. */
static struct rt_str
next_word(struct rt_str text, size_t *at)
{
	size_t from;

	while (*at < text.len && is_blank(text.p[*at]))
		++*at;
	from = *at;
	while (*at < text.len && !is_blank(text.p[*at]))
		++*at;
	return (struct rt_str){text.p + from, *at - from};
}

enum rt_err
rt_fault_parse(struct rt_str text, struct rt_fault_rule *out, struct rt_diag *d)
{
	struct rt_fault_rule r = {
	    .rate = 1, .retry_after_ms = -1, .after = 3, .hold_ms = 30000};
	bool has_effect = false;
	uint32_t seen = 0;
	size_t at = 0;
	enum rt_err err;

	if (text.len > RT_FAULT_TEXT_MAX) {
		rt_diag_set(d, "rule", "a rule has at most %u bytes",
		    RT_FAULT_TEXT_MAX);
		return RT_E_TOO_LARGE;
	}
	for (;;) {
		struct rt_str word = next_word(text, &at);

		if (word.len == 0)
			break;
		err = read_word(&r, word, &seen, d);
		if (err != RT_OK)
			return err;
	}
	for (size_t i = 0; i < RT_COUNT_OF(keys); i++)
		if (keys[i].is_effect && (seen & (UINT32_C(1) << i)))
			has_effect = true;
	err = check_together(&r, has_effect, d);
	if (err != RT_OK)
		return err;
	rt_text_scrub(r.text, sizeof(r.text), text);
	*out = r;
	return RT_OK;
}

/* ---- sets -------------------------------------------------------------------------- */

void
rt_fault_set_init(struct rt_fault_set *s, uint64_t seed)
{
	memset(s, 0, sizeof(*s));
	s->dice = seed;
}

enum rt_err
rt_fault_set_add(struct rt_fault_set *s, struct rt_str text, struct rt_diag *d)
{
	enum rt_err err;

	if (s->count == RT_FAULT_RULES_MAX) {
		rt_diag_set(d, "rules", "there is room for %u rules",
		    RT_FAULT_RULES_MAX);
		return RT_E_FULL;
	}
	err = rt_fault_parse(text, &s->rules[s->count], d);
	if (err == RT_OK)
		s->count++;
	return err;
}

enum rt_err
rt_fault_set_replace(
    struct rt_fault_set *s, struct rt_str lines, struct rt_diag *d)
{
	struct rt_fault_set fresh;
	struct rt_diag inner;
	unsigned line = 0;
	size_t at = 0;

	rt_fault_set_init(&fresh, s->dice);
	while (at < lines.len) {
		const char *from = lines.p + at;
		const char *end = memchr(from, '\n', lines.len - at);
		struct rt_str text = {
		    from, end ? (size_t)(end - from) : lines.len - at};
		size_t skip = 0;
		struct rt_str first = next_word(text, &skip);
		enum rt_err err;
		char where[96];

		line++;
		at += text.len + 1;
		if (first.len == 0 || first.p[0] == '#')
			continue;
		err = rt_fault_set_add(&fresh, text, &inner);
		if (err != RT_OK) {
			snprintf(where, sizeof(where), "line %u, %.60s", line,
			    inner.where);
			rt_diag_set(d, where, "%s", inner.what);
			return err;
		}
	}
	*s = fresh;
	return RT_OK;
}

static bool
is_its_hour(const struct rt_fault_rule *r, int64_t elapsed_ms)
{
	int64_t since = elapsed_ms - r->start_ms;

	if (since < 0)
		return false;
	if (r->every_ms)
		since %= r->every_ms;
	return r->for_ms == 0 || since < r->for_ms;
}

static bool
header_matches(const struct rt_fault_rule *r, const struct rt_fault_request *q)
{
	const char *value;

	if (r->header_name[0] == '\0')
		return true;
	value = q->header ? q->header(q->context, r->header_name) : NULL;
	return value &&
	    (r->header_value[0] == '\0' || strcmp(value, r->header_value) == 0);
}

static bool
matches(const struct rt_fault_rule *r, const struct rt_fault_request *q,
    int64_t elapsed_ms)
{
	enum rt_fault_fit fit = faults[r->fault].fit;

	if (fit == RT_FAULT_FIT_STREAM && !q->is_stream)
		return false;
	if (fit == RT_FAULT_FIT_RESPONSES && !q->is_responses)
		return false;
	if (r->stream != RT_FAULT_UNSAID &&
	    q->is_stream != (r->stream == RT_FAULT_YES))
		return false;
	return (r->path[0] == '\0' || rt_str_is(q->path, r->path)) &&
	    (r->model[0] == '\0' || rt_str_is(q->model, r->model)) &&
	    header_matches(r, q) && is_its_hour(r, elapsed_ms);
}

const struct rt_fault_rule *
rt_fault_choose(struct rt_fault_set *s, const struct rt_fault_request *q,
    int64_t elapsed_ms)
{
	for (unsigned i = 0; i < s->count; i++) {
		struct rt_fault_rule *r = &s->rules[i];

		if (!matches(r, q, elapsed_ms))
			continue;
		r->matched++;
		if (r->times && r->induced >= (uint64_t)r->times)
			continue;
		if (r->rate < 1 && rt_dice_unit(&s->dice) >= r->rate)
			continue;
		r->induced++;
		return r;
	}
	return NULL;
}
