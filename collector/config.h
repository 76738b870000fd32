/* SPDX-License-Identifier: MIT */
/*
 * config — the configuration file (INI, read with libinih) as one struct.
 *
 * What    --config, else $XDG_CONFIG_HOME/retrytop/retrytop.conf (~/.config), else
 *         /etc/retrytop/retrytop.conf; no file at all means the defaults.
 * Errors  An unknown section or key, a key set twice, a value out of range, a line over
 *         199 bytes and an indented line are refused with file and line, and what
 *         would be right.  A comment may be as long as it likes.
 * Table   One row a key: section, key, type, range, default, sentence.  The reader,
 *         check-config and the man page use the same rows.
 * Origin  line[] says where each value came from; 0 is the default.
 */
#ifndef RT_CONFIG_H
#define RT_CONFIG_H

#include "collector/aggregate.h"
#include "collector/alerts.h"
#include "collector/canary/target.h"
#include "collector/policy_config.h"
#include "proto/options.h"

#define RT_CONFIG_LINE_MAX 199u /* bytes: libinih cuts what is longer */
#define RT_CONFIG_FILE_MAX 1048576u
#define RT_CONFIG_ROWS_MAX 48u

#define RT_DEFAULT_EVENTS "tcp://127.0.0.1:7780"
#define RT_DEFAULT_INTAKE "tcp://127.0.0.1:7781"
#define RT_DEFAULT_QUERY "tcp://127.0.0.1:7782"
#define RT_DEFAULT_HTTP "tcp://127.0.0.1:7783"

struct rt_config {
	char path[256]; /* the file read; empty: defaults */
	struct rt_endpoint events, intake, query, http; /* "off" closes one */
	int64_t operation_timeout_ms;
	int64_t attempt_base;
	struct rt_config_journal {
		char dir[256]; /* empty: no journal */
		int64_t segment_bytes, segment_age_ms;
		int64_t keep_bytes, keep_age_ms;
	} journal;
	struct rt_config_access {
		char secret[256]; /* empty: no keys */
		char emitters[256], viewers[256];
		char owners[256]; /* empty: in the journal's folder */
	} access;
	struct rt_config_limits {
		int64_t emitter_rate; /* records a second; 0: none */
		int64_t emitter_burst_ms;
	} limits;
	struct rt_capacity capacity;
	struct rt_alert_rules alerts;
	struct rt_decision_map decisions;
	struct rt_base_map bases; /* [attempt_base] */
	struct rt_policy_config policy;
	struct rt_targets targets;         /* [canary NAME]; not resolved */
	uint32_t line[RT_CONFIG_ROWS_MAX]; /* of each row, from 1 */
	uint32_t decision_line[RT_DECISION_MAP_MAX];
	uint32_t base_line[RT_BASE_MAP_MAX];
};

void rt_config_init(struct rt_config *c);

/*
 * path NULL: search as above.  On failure *c is untouched: RT_E_IO for a file that
 * cannot be read, RT_E_CONFIG for what is in it.
 */
RT_NODISCARD enum rt_err rt_config_read(
    struct rt_config *c, const char *path, struct rt_diag *d);

/* The same from memory; `name` is what messages call it. */
RT_NODISCARD enum rt_err rt_config_parse(struct rt_config *c, const char *name,
    struct rt_str text, struct rt_diag *d);

/* Every key with value, origin and meaning; is itself a configuration file. */
void rt_config_print(struct rt_buf *b, const struct rt_config *c);

/* The exit code that belongs to an error of rt_config_read. */
enum rt_exit rt_config_exit(enum rt_err err);

#endif
