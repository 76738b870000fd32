/* SPDX-License-Identifier: MIT */
/*
 * filter — a few words that say which events, operations and rows to show.
 *
 * Grammar  Terms parted by blanks; all of them must hold.  A term is KEY:VALUE, or a bare
 *          word that is looked for in service, route, model and operation id; `!` before
 *          it negates.  VALUE may name several, parted by commas: one of them is enough.
 * Match    Part of the text, ASCII case ignored.  `-` means absent.  st: takes a status,
 *          a class of them (5xx) or -.
 * Subjects What has no such thing at all (a route has no status) lets the term pass.
 * Bounds   RT_FILTER_MAX bytes, RT_FILTER_TERMS terms.  Pure, no heap.
 */
#ifndef RT_FILTER_H
#define RT_FILTER_H

#include <stdbool.h>
#include <stdint.h>

#include "proto/diag.h"
#include "proto/report.h"
#include "proto/text.h"
#include "tui/trail.h"

#define RT_FILTER_MAX 200u
#define RT_FILTER_TERMS 16u

/* X(ID, key) */
#define RT_FILTER_KEYS(X)       \
	X(ROUTE, "route")       \
	X(CLASS, "class")       \
	X(STATUS, "st")         \
	X(OP, "op")             \
	X(DECISION, "decision") \
	X(SERVICE, "service")   \
	X(MODEL, "model")       \
	X(VERSION, "version")
#define X(id, key) RT_FILTER_##id,
enum rt_filter_key { RT_FILTER_KEYS(X) RT_FILTER_KEY_COUNT };
#undef X

struct rt_filter {
	char text[RT_FILTER_MAX + 1]; /* as typed, scrubbed */
	struct {
		enum rt_filter_key key; /* COUNT: a bare word */
		bool is_negated;
		uint16_t at, len; /* of the value in text */
	} terms[RT_FILTER_TERMS];
	unsigned count; /* 0: everything passes */
};

/*
 * RT_E_FIELD for a key that is none, a key without a value or a status that is none;
 * RT_E_TOO_LARGE beyond the bounds; the diag says it in a sentence.
 */
RT_NODISCARD enum rt_err rt_filter_parse(
    struct rt_filter *f, struct rt_str text, struct rt_diag *d);

bool rt_filter_event(const struct rt_filter *f, const struct rt_trail_row *e);
bool rt_filter_series(
    const struct rt_filter *f, const struct rt_report_series *s);
bool rt_filter_fallback(
    const struct rt_filter *f, const struct rt_report_fallback *b);

/*
 * What may stand where `word` does (the last word, `!` included): keys with their colon,
 * or after the colon names and labels that are there.  Calls `each` until it is false.
 */
typedef bool (*rt_filter_each)(void *ctx, const char *candidate);
void rt_filter_complete(const char *word, const struct rt_report *r,
    rt_filter_each each, void *ctx);

#endif
