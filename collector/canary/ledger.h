/* SPDX-License-Identifier: MIT */
/*
 * ledger — what was found out about an API, when, how and by what: evidence, line by line.
 *
 * File     JSON lines, only ever appended to, in one write a run; mode 0600.  A line cut
 *          off by a full disk stays what it is: the next run begins a line of its own.
 * Line     One contract area of one run: basis, result, evidence, the rows that led to it
 *          and the shape of the golden answers; with it target, credential *name*,
 *          host, versions and a hash of the configuration, so that "it ran elsewhere"
 *          can be seen.  Areas that were not tested are lines like any other.
 * Basis    documented (has a source and the day it was read), observed, undocumented,
 *          assumed.
 * Result   pass, fail, drift, not_tested, blocked, skipped.  An answer that passes but
 *          whose shape is not that of the run before is `drift`; where its basis is
 *          documented and a path was lost, `fail`.
 * Privacy  Key paths, names, counts; never a value of an answer, never a key.
 * Reading  Bounded: lines over RT_LEDGER_LINE_MAX and lines that are no record are counted
 *          and said.  Everything read is scrubbed before it is printed.
 */
#ifndef RT_LEDGER_H
#define RT_LEDGER_H

#include "collector/canary/contract.h"
#include "collector/canary/keypaths.h"
#include "proto/diag.h"

#define RT_LEDGER_LINE_MAX 131072u
#define RT_LEDGER_SHAPES_MAX 2u
#define RT_LEDGER_ROWS_MAX 40u

/* clang-format off */
#define RT_BASES(X) \
	X(DOCUMENTED,   "documented") \
	X(OBSERVED,     "observed") \
	X(UNDOCUMENTED, "undocumented") \
	X(ASSUMED,      "assumed")

#define RT_EVIDENCES(X) \
	X(PASS,       "pass") \
	X(FAIL,       "fail") \
	X(DRIFT,      "drift") \
	X(NOT_TESTED, "not_tested") \
	X(BLOCKED,    "blocked") \
	X(SKIPPED,    "skipped")
/* clang-format on */

#define X(id, name) RT_BASIS_##id,
enum rt_basis { RT_BASES(X) RT_BASIS_COUNT };
#undef X
#define X(id, name) RT_EVIDENCE_##id,
enum rt_evidence { RT_EVIDENCES(X) RT_EVIDENCE_COUNT };
#undef X

/* What a run found out about one area. */
struct rt_ledger_area {
	enum rt_basis basis;
	enum rt_evidence result;
	char evidence[256];
	struct {
		char id[40];
		enum rt_evidence result;
	} rows[RT_LEDGER_ROWS_MAX];
	unsigned row_count;
	struct {
		char id[40]; /* of the golden row */
		struct rt_keypaths shape;
	} shapes[RT_LEDGER_SHAPES_MAX];
	unsigned shape_count;
};

struct rt_ledger_run {
	char id[33], when[32];
	char target[65], endpoint[200], model[129], environment[16], host[65];
	char credential[224], config_sha256[RT_DIGEST_SIZE];
	char source[200], accessed[33];
	char version[33], libraries[200];
	bool is_tls_verified;
	struct rt_ledger_area areas[RT_AREA_COUNT];
	uint64_t bad_lines; /* of the file, where it was read */
};

/* Adds a row's result to its area. */
void rt_ledger_add(struct rt_ledger_run *run, enum rt_area area,
    const char *row, enum rt_evidence result, const struct rt_keypaths *shape);

/*
 * Basis, result and evidence of every area from its rows, and drift against `before`
 * (NULL: the first run).  A run of a documented API has source and accessed.
 */
void rt_ledger_conclude(
    struct rt_ledger_run *run, const struct rt_ledger_run *before);

RT_NODISCARD enum rt_err rt_ledger_append(
    const char *path, const struct rt_ledger_run *run, struct rt_diag *d);

/*
 * The run `back` runs before the last one of `target` (NULL or "": of whatever the last
 * line is about).  RT_E_EMPTY where there is none, RT_E_IO.
 */
RT_NODISCARD enum rt_err rt_ledger_read(const char *path, const char *target,
    unsigned back, struct rt_ledger_run *run, struct rt_diag *d);

/* True where anything differs; the differences go to b, a line each. */
bool rt_ledger_compare(const struct rt_ledger_run *old,
    const struct rt_ledger_run *new, struct rt_buf *b);

const char *rt_basis_name(enum rt_basis b);
const char *rt_evidence_name(enum rt_evidence e);

/* `retrytop ledger show|diff|export FILE`. */
int rt_cmd_ledger(int argc, char **argv);

#endif
