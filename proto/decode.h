/* SPDX-License-Identifier: MIT */
/*
 * decode — bytes of one record to an event, in one pass and without a heap.
 *
 * What    Two steps.  A *form* (JSON object, logfmt line, block of key: value lines)
 *         is walked once and leaves the value of each known key in a slot; a
 *         *dialect* (native, retry log, runbook, review, decision log,
 *         OpenTelemetry, summaries) is a table that says which slot feeds which
 *         field.  Every key of every dialect is one row of a table; so is every
 *         name that must never be kept.
 * Shape   Recognised record by record: a known `schema` decides, otherwise the first
 *         row of the dialect table that matches.
 * Result  An event with class and shape set, or the reason for refusal.  Where more
 *         than one holds, the first of: too_large, not_json, too_deep,
 *         unknown_schema / unknown_shape, then the first bad field in the order of
 *         RT_EVENT_FIELDS (bad_type before out_of_range for the same field),
 *         missing_field last.  `*out` is untouched on refusal.
 * Types   A quoted number or boolean is read as one.  An integer may be written 1.0 or
 *         1e2; 1.5 is bad_type, a whole number outside the field's range (or int64) is
 *         out_of_range.  A string that is no RFC 3339 time is bad_type.
 * Names   Nested objects are joined (`trigger.type`); a flat dotted name beats a nested
 *         one.  The last of duplicate keys wins, but what must not be kept is counted
 *         even where a later duplicate overrides it.
 * Syntax  JSON is RFC 8259 to the letter; a record that is not one object is not_json.
 * Life    The decoder is the caller's storage and copies the record; an event's strings
 *         are in it and valid until the next decode.  Never reads past `len`.
 * Cost    See `make bench`.  Cheapest for flat native records whose members come in the same
 *         order as last time, in printable ASCII without backslashes: 1 870 instructions
 *         for 425 bytes.  Beyond ASCII 4 500, with backslashes 6 200, other shapes
 *         3 500 to 6 300.
 */
#ifndef RT_DECODE_H
#define RT_DECODE_H

#include "proto/diag.h"
#include "proto/event.h"

#define RT_DECISION_MAP_MAX 32u
#define RT_BASE_MAP_MAX 64u

/* A client's own decision words, from the configuration. */
struct rt_decision_map {
	struct {
		char code[64]; /* NUL-terminated */
		enum rt_decision decision;
	} rows[RT_DECISION_MAP_MAX];
	unsigned count;
};

/* Services whose review records number attempts in their own way. */
struct rt_base_map {
	struct {
		char service[65]; /* NUL-terminated */
		int base;
	} rows[RT_BASE_MAP_MAX];
	unsigned count;
};

struct rt_decode_opts {
	const struct rt_decision_map *decisions; /* borrowed; NULL: none */
	int attempt_base; /* of review records: 1 (default) or 0 */
	const struct rt_base_map *bases; /* before it; borrowed; NULL: none */
	bool text_forms; /* also read logfmt lines and key: value blocks */
};

struct rt_decoder; /* complete type in decode_internal.h; heap object */

RT_NODISCARD struct rt_decoder *rt_decoder_new(const struct rt_decode_opts *o);
void rt_decoder_free(struct rt_decoder *d);

/*
 * Decode one record of `len` bytes; surrounding white space is fine.  Returns
 * RT_REJECT_NOT and fills *out, or the reason and fills *why (may be NULL).
 */
RT_NODISCARD enum rt_reject rt_decode(struct rt_decoder *d, const char *p,
    size_t len, struct rt_event *out, struct rt_diag *why);

/*
 * Emitter and seq of the last record, also of a refused one as long as it was a
 * well-formed object in which both were readable; otherwise seq is 0.
 */
struct rt_identity {
	struct rt_str emitter;
	int64_t seq; /* 0: not known */
};
struct rt_identity rt_decode_identity(const struct rt_decoder *d);

/*
 * Move the strings of the last record's event and identity out of the decoder, so that
 * they live as long as `to`, which has RT_DECODE_BYTES.  Returns the bytes used; there are
 * RT_RECORD_MAX more.
 */
#define RT_DECODE_BYTES (RT_RECORD_MAX * 5u)
size_t rt_decode_move(const struct rt_decoder *d, struct rt_event *e,
    struct rt_identity *id, char *to);

/*
 * Next record of a message: splits at '\n', skips blank lines.  `*rest` shrinks.
 * False at the end.  A form that spans lines is the file reader's business.
 */
bool rt_decode_next_line(struct rt_str *rest, struct rt_str *line);

#endif
