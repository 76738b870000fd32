/* SPDX-License-Identifier: MIT */
/*
 * oracle_text — what the oracle does before json-c: strict syntax, and the secrets in the
 * order of the text.
 */
#ifndef RT_TEST_ORACLE_TEXT_H
#define RT_TEST_ORACLE_TEXT_H

#include <stdbool.h>

#include "proto/text.h"

struct oracle_text {
	const char *p, *end;
	unsigned depth, deepest;
	struct rt_str
	    sensitive; /* the first name whose value must not be kept */
};

/* Forgets all copies. */
void oracle_begin(void);
/* A scrubbed copy. */
struct rt_str oracle_keep(const char *p, size_t len);
bool oracle_is_secret(struct rt_str s);
/* White space at both ends. */
void oracle_trim(struct oracle_text *r);
/* One value from end to end, nothing before and nothing behind it. */
bool oracle_is_strict(struct oracle_text *r);

#endif
