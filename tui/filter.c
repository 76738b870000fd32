/* SPDX-License-Identifier: MIT */
#include "tui/filter.h"

#include <stdio.h>
#include <string.h>

static const char *const keys[RT_FILTER_KEY_COUNT] = {
#define X(id, key) key,
    RT_FILTER_KEYS(X)
#undef X
};

/* ---- parse --------------------------------------------------------------- */

static char
lower(char c)
{
	return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

static bool
is_status(struct rt_str v)
{
	if (rt_str_is(v, "-"))
		return true;
	if (v.len != 3 || v.p[0] < '1' || v.p[0] > '5')
		return false;
	if (lower(v.p[1]) == 'x')
		return lower(v.p[2]) == 'x';
	return v.p[1] >= '0' && v.p[1] <= '9' && v.p[2] >= '0' && v.p[2] <= '9';
}

/* Next of the values parted by commas; false at the end. */
static bool
next_value(struct rt_str *rest, struct rt_str *value)
{
	size_t n = 0;

	if (!rest->p)
		return false;
	while (n < rest->len && rest->p[n] != ',')
		n++;
	*value = (struct rt_str){rest->p, n};
	if (n == rest->len)
		*rest = RT_STR_NONE;
	else
		*rest = (struct rt_str){rest->p + n + 1, rest->len - n - 1};
	return true;
}

static enum rt_err
check_values(enum rt_filter_key key, struct rt_str all, struct rt_diag *d)
{
	struct rt_str v;

	while (next_value(&all, &v)) {
		if (v.len == 0) {
			rt_diag_set(d, NULL, "%s: needs a value",
			    key < RT_FILTER_KEY_COUNT ? keys[key] : "a word");
			return RT_E_FIELD;
		}
		if (key == RT_FILTER_STATUS && !is_status(v)) {
			rt_diag_set(
			    d, NULL, "st: takes a status, 1xx to 5xx, or -");
			return RT_E_FIELD;
		}
	}
	return RT_OK;
}

static enum rt_err
parse_key(struct rt_str word, enum rt_filter_key *out, struct rt_diag *d)
{
	for (unsigned k = 0; k < RT_FILTER_KEY_COUNT; k++)
		if (rt_str_is_nocase(word, keys[k])) {
			*out = (enum rt_filter_key)k;
			return RT_OK;
		}
	rt_diag_set(d, NULL,
	    "no such key: %.*s; there are route class st op decision service "
	    "model version",
	    (int)word.len, word.p);
	return RT_E_FIELD;
}

static enum rt_err
parse_term(struct rt_filter *f, size_t at, size_t len, struct rt_diag *d)
{
	enum rt_filter_key key = RT_FILTER_KEY_COUNT;
	struct rt_str word;
	bool is_negated = false;
	const char *colon;
	enum rt_err err;

	if (f->count == RT_FILTER_TERMS) {
		rt_diag_set(d, NULL, "more than %u terms", RT_FILTER_TERMS);
		return RT_E_TOO_LARGE;
	}
	for (; len > 0 && f->text[at] == '!'; at++, len--)
		is_negated = !is_negated;
	word = (struct rt_str){f->text + at, len};
	colon = len > 0 ? memchr(word.p, ':', len) : NULL;
	if (colon) {
		size_t n = (size_t)(colon - word.p);

		err = parse_key((struct rt_str){word.p, n}, &key, d);
		if (err != RT_OK)
			return err;
		at += n + 1;
		len -= n + 1;
	}
	err = check_values(key, (struct rt_str){f->text + at, len}, d);
	if (err != RT_OK)
		return err;
	f->terms[f->count].key = key;
	f->terms[f->count].is_negated = is_negated;
	f->terms[f->count].at = (uint16_t)at;
	f->terms[f->count].len = (uint16_t)len;
	f->count++;
	return RT_OK;
}

enum rt_err
rt_filter_parse(struct rt_filter *out, struct rt_str text, struct rt_diag *d)
{
	struct rt_filter f = {.count = 0};
	size_t at = 0;

	if (text.len > RT_FILTER_MAX) {
		rt_diag_set(
		    d, NULL, "a filter has at most %u bytes", RT_FILTER_MAX);
		return RT_E_TOO_LARGE;
	}
	rt_text_scrub(f.text, sizeof(f.text), text);
	while (f.text[at]) {
		size_t n = strcspn(f.text + at, " ");
		enum rt_err err;

		if (n > 0) {
			err = parse_term(&f, at, n, d);
			if (err != RT_OK)
				return err;
		}
		at += n + (f.text[at + n] == ' ');
	}
	*out = f;
	return RT_OK;
}

/* ---- match ------------------------------------------------------------------- */

static bool
contains(const char *z, struct rt_str v)
{
	size_t i;

	if (rt_str_is(v, "-"))
		return z[0] == '\0';
	for (; *z; z++) {
		for (i = 0; i < v.len && z[i] && lower(z[i]) == lower(v.p[i]);
		     i++)
			;
		if (i == v.len)
			return true;
	}
	return false;
}

/* What is held against the terms. */
struct subject {
	/* two names each; NULL: there is no such thing; "": absent */
	const char *text[RT_FILTER_KEY_COUNT][2];
	bool has_status;
	int64_t status; /* 0: absent */
};

static bool
status_matches(const struct subject *s, struct rt_str v)
{
	if (v.p[0] == '-')
		return s->status == 0;
	if (lower(v.p[1]) == 'x')
		return s->status / 100 == v.p[0] - '0';
	return s->status ==
	    (v.p[0] - '0') * 100 + (v.p[1] - '0') * 10 + (v.p[2] - '0');
}

static bool
key_matches(const struct subject *s, unsigned key, struct rt_str v)
{
	if (key == RT_FILTER_STATUS)
		return status_matches(s, v);
	for (unsigned i = 0; i < 2; i++)
		if (s->text[key][i] && contains(s->text[key][i], v))
			return true;
	return false;
}

static bool
word_matches(const struct subject *s, struct rt_str v)
{
	static const enum rt_filter_key looked_in[] = {
	    RT_FILTER_SERVICE, RT_FILTER_ROUTE, RT_FILTER_MODEL, RT_FILTER_OP};

	for (size_t i = 0; i < RT_COUNT_OF(looked_in); i++)
		if (key_matches(s, looked_in[i], v))
			return true;
	return false;
}

static bool
applies(const struct subject *s, enum rt_filter_key key)
{
	if (key == RT_FILTER_KEY_COUNT)
		return true;
	return key == RT_FILTER_STATUS ? s->has_status
				       : s->text[key][0] != NULL;
}

static bool
matches(const struct rt_filter *f, const struct subject *s)
{
	for (unsigned i = 0; i < f->count; i++) {
		struct rt_str all = {f->text + f->terms[i].at, f->terms[i].len};
		enum rt_filter_key key = f->terms[i].key;
		struct rt_str v;
		bool hit = false;

		if (!applies(s, key))
			continue;
		while (!hit && next_value(&all, &v))
			hit = key == RT_FILTER_KEY_COUNT
			    ? word_matches(s, v)
			    : key_matches(s, key, v);
		if (hit == f->terms[i].is_negated)
			return false;
	}
	return true;
}

/* ---- subjects ------------------------------------------------------------------ */

bool
rt_filter_event(const struct rt_filter *f, const struct rt_trail_row *e)
{
	struct subject s = {.has_status = true, .status = e->status};

	if (f->count == 0)
		return true;
	s.text[RT_FILTER_ROUTE][0] = e->route;
	s.text[RT_FILTER_CLASS][0] =
	    e->is_summary ? "" : rt_class_name(e->error_class);
	s.text[RT_FILTER_OP][0] = e->operation_id;
	s.text[RT_FILTER_DECISION][0] = e->decision < RT_DECISION_COUNT
	    ? rt_decision_name(e->decision)
	    : "";
	s.text[RT_FILTER_SERVICE][0] = e->service;
	s.text[RT_FILTER_MODEL][0] = e->model;
	s.text[RT_FILTER_VERSION][0] = e->version;
	return matches(f, &s);
}

static const char *
label(const struct rt_report_series *s, enum rt_label l)
{
	return s->labels[l] ? s->labels[l] : "";
}

bool
rt_filter_series(const struct rt_filter *f, const struct rt_report_series *s)
{
	struct subject t = {.has_status = false};

	t.text[RT_FILTER_ROUTE][0] = label(s, RT_LABEL_HTTP_ROUTE);
	t.text[RT_FILTER_SERVICE][0] = label(s, RT_LABEL_SERVICE);
	t.text[RT_FILTER_MODEL][0] = label(s, RT_LABEL_MODEL_REQUESTED);
	/* Rows are summed over versions where nobody asked for them apart. */
	t.text[RT_FILTER_VERSION][0] = s->labels[RT_LABEL_SERVICE_VERSION];
	return matches(f, &t);
}

/* From and to are models, or routes where no model is known. */
bool
rt_filter_fallback(
    const struct rt_filter *f, const struct rt_report_fallback *b)
{
	struct subject s = {.has_status = false};

	s.text[RT_FILTER_MODEL][0] = b->from ? b->from : "";
	s.text[RT_FILTER_MODEL][1] = b->to ? b->to : "";
	return matches(f, &s);
}

/* ---- completion ------------------------------------------------------------------ */

struct completion {
	const char *head; /* "!class:" */
	size_t head_len;
	const char *stem; /* "ti" */
	rt_filter_each each;
	void *ctx;
	bool goes_on;
};

static void
offer(struct completion *c, const char *z, const char *after)
{
	char text[RT_FILTER_MAX + 1];
	size_t n = strlen(c->stem);

	if (!c->goes_on || !z || !z[0] || strchr(z, ' ') ||
	    strncmp(z, c->stem, n) != 0 ||
	    c->head_len + strlen(z) + strlen(after) >= sizeof(text))
		return;
	snprintf(text, sizeof(text), "%.*s%s%s", (int)c->head_len, c->head, z,
	    after);
	c->goes_on = c->each(c->ctx, text);
}

static void
offer_labels(struct completion *c, const struct rt_report *r, enum rt_label l)
{
	for (size_t i = 0; i < r->series_count; i++) {
		const char *z = r->series[i].labels[l];
		bool seen = false;

		for (size_t k = 0; k < i && z && !seen; k++)
			seen = r->series[k].labels[l] &&
			    strcmp(r->series[k].labels[l], z) == 0;
		if (!seen)
			offer(c, z, "");
	}
}

static void
offer_values(
    struct completion *c, enum rt_filter_key key, const struct rt_report *r)
{
	static const char *const statuses[] = {
	    "2xx", "4xx", "5xx", "401", "408", "429", "500", "503", "-"};

	switch (key) {
	case RT_FILTER_ROUTE: offer_labels(c, r, RT_LABEL_HTTP_ROUTE); break;
	case RT_FILTER_SERVICE: offer_labels(c, r, RT_LABEL_SERVICE); break;
	case RT_FILTER_MODEL:
		offer_labels(c, r, RT_LABEL_MODEL_REQUESTED);
		break;
	case RT_FILTER_VERSION:
		offer_labels(c, r, RT_LABEL_SERVICE_VERSION);
		break;
	case RT_FILTER_CLASS:
		for (unsigned i = 0; i < RT_CLASS_COUNT; i++)
			offer(c, rt_class_name((enum rt_class)i), "");
		break;
	case RT_FILTER_DECISION:
		for (unsigned i = 0; i < RT_DECISION_COUNT; i++)
			offer(c, rt_decision_name((enum rt_decision)i), "");
		break;
	case RT_FILTER_STATUS:
		for (size_t i = 0; i < RT_COUNT_OF(statuses); i++)
			offer(c, statuses[i], "");
		break;
	case RT_FILTER_OP:
	case RT_FILTER_KEY_COUNT: break;
	}
}

void
rt_filter_complete(
    const char *word, const struct rt_report *r, rt_filter_each each, void *ctx)
{
	struct completion c = {
	    .head = word, .each = each, .ctx = ctx, .goes_on = true};
	const char *bare = word + strspn(word, "!"), *colon, *comma;
	enum rt_filter_key key;

	colon = strchr(bare, ':');
	if (!colon) {
		c.head_len = (size_t)(bare - word);
		c.stem = bare;
		for (unsigned k = 0; k < RT_FILTER_KEY_COUNT; k++)
			offer(&c, keys[k], ":");
		return;
	}
	if (parse_key((struct rt_str){bare, (size_t)(colon - bare)}, &key,
		NULL) != RT_OK)
		return;
	comma = strrchr(colon, ',');
	c.stem = (comma ? comma : colon) + 1;
	c.head_len = (size_t)(c.stem - word);
	offer_values(&c, key, r);
}
