/* SPDX-License-Identifier: MIT */
/*
 * report_fields — how the members of a report are spelled in its document.
 *
 * One row a member: the encoder and the decoder walk the same tables, so that they
 * cannot disagree; text, Markdown and metrics take their names from here too.
 */
#ifndef RT_REPORT_FIELDS_H
#define RT_REPORT_FIELDS_H

#include "proto/report.h"

/* Rows that a decoded document may have in one array. */
#define RT_REPORT_ROWS_MAX 65536u
#define RT_REPORT_DEPTH 12

enum rt_report_type {
	RT_REPORT_UINT,    /* uint64_t */
	RT_REPORT_INT,     /* int64_t */
	RT_REPORT_AGE,     /* int64_t; null where negative */
	RT_REPORT_NONZERO, /* int64_t; null where 0 */
	RT_REPORT_TIME,    /* int64_t of microseconds, RFC 3339; null where 0 */
	RT_REPORT_DOUBLE,  /* double */
	RT_REPORT_POSITIVE, /* double; null where negative */
	RT_REPORT_SPAN,     /* double; null where 0 */
	RT_REPORT_OPTIONAL, /* double; null unless the bool at `flag` is set */
	RT_REPORT_BOOL,     /* bool */
	RT_REPORT_TEXT,     /* const char *; null where NULL */
};

struct rt_report_field {
	const char *key; /* NULL ends a table */
	enum rt_report_type type;
	size_t at, flag; /* offsets in the struct */
};

/* A scalar counter of struct rt_counts. */
struct rt_report_counter {
	const char *key; /* NULL ends a table */
	enum rt_counter counter;
};

/* Counters of a group under the names of an enum. */
struct rt_report_group {
	const char *key;
	enum rt_counter first;
	unsigned count;
	const char *(*name)(unsigned i);
};

/* An array of rows whose members are all scalars. */
struct rt_report_rows {
	const char *key; /* NULL ends the table */
	const struct rt_report_field *fields;
	size_t rows, count, row_bytes; /* offsets in struct rt_report */
	void *(*add)(struct rt_report *r);
};

extern const struct rt_report_field rt_report_source_fields[];
extern const struct rt_report_field rt_report_replay_fields[];
extern const struct rt_report_field rt_report_loss_fields[];
extern const struct rt_report_field rt_report_open_fields[];
extern const struct rt_report_field rt_report_journal_fields[];
extern const struct rt_report_field rt_report_access_fields[];
extern const struct rt_report_field rt_report_quantile_fields[];
extern const struct rt_report_field rt_report_example_fields[];
extern const struct rt_report_rows rt_report_flat_rows[];

extern const struct rt_report_counter rt_report_intake_counters[];
extern const struct rt_report_counter rt_report_attempt_counters[];
extern const struct rt_report_counter rt_report_operation_counters[];

extern const struct rt_report_group rt_report_by_reject;
extern const struct rt_report_group rt_report_by_class;
extern const struct rt_report_group rt_report_by_decision;
extern const struct rt_report_group rt_report_by_fate;
extern const struct rt_report_group rt_report_by_tries;

/* Name of a column of the class matrix; "absent" where nothing was decided. */
const char *rt_report_decision_column(unsigned column);

#endif
