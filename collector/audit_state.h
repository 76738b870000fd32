/* SPDX-License-Identifier: MIT */
/*
 * audit_state — what the audit remembers of an operation's last attempt: 40 bytes inside
 * struct rt_operation.
 */
#ifndef RT_AUDIT_STATE_H
#define RT_AUDIT_STATE_H

#include <stdbool.h>
#include <stdint.h>

#include "proto/rules.h"

#define RT_AUDIT_EVIDENCE 160u /* bytes of a violation's sentence */

_Static_assert(RT_RULE_COUNT <= 32, "a bit of `fired` for each rule");

struct rt_audit_state {
	uint32_t fired;   /* bits 1 << enum rt_rule: once an operation */
	uint32_t attempt; /* number of the last attempt; 0: none yet */
	int64_t ts_us;    /* when it ended */
	float backoff_ms; /* announced; < 0: none */
	float budget_ms;  /* the operation's time budget; < 0: none */
	uint32_t model, provider; /* interned */
	uint8_t error_class;
	uint8_t decision; /* RT_DECISION_COUNT: none carried */
	uint8_t fallbacks;
	bool has_ts : 1; /* the record named it itself */
	bool has_fraction : 1;
	bool is_otel : 1, is_runbook : 1;
	bool declared_fallback : 1;
};

#endif
