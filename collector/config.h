/* SPDX-License-Identifier: MIT */
/*
 * config — the configuration file (INI, read with libinih) as one struct.
 *
 * What    --config, else $XDG_CONFIG_HOME/retrytop/retrytop.conf (~/.config), else
 *         /etc/retrytop/retrytop.conf; no file at all means the defaults.
 * Errors  An unknown section or key, a value out of range, a line over 199 bytes and an
 *         indented line are refused with file and line, and what would be right.
 * Table   One row a key: section, key, type, range, default, sentence.  The reader,
 *         check-config and the man page use the same rows.
 */
#ifndef RT_CONFIG_H
#define RT_CONFIG_H

#include "collector/aggregate.h"

struct rt_config {
	char path[256]; /* the file read; empty: defaults */
	char events[128], intake[128],
	    query[128]; /* endpoints; "off" closes one */
	int64_t operation_timeout_ms;
	int64_t attempt_base;
	struct rt_capacity capacity;
	struct rt_decision_map decisions;
};

void rt_config_init(struct rt_config *c);

/* path NULL: search as above.  On failure *c is untouched. */
RT_NODISCARD enum rt_err rt_config_read(
    struct rt_config *c, const char *path, struct rt_diag *d);

#define RT_DEFAULT_EVENTS "tcp://127.0.0.1:7780"
#define RT_DEFAULT_INTAKE "tcp://127.0.0.1:7781"
#define RT_DEFAULT_QUERY "tcp://127.0.0.1:7782"

#endif
