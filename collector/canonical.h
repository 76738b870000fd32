/* SPDX-License-Identifier: MIT */
/*
 * canonical — a record of any form as the one line that a collector takes in.
 *
 * A JSON record on one line stays as it is.  What else decodes becomes canonical JSON
 * (encode.h), so it gives the same numbers.  What is refused stays as it is, on one line
 * and cut to RT_RECORD_MAX + 1 bytes: the collector counts one refusal, and where it was
 * JSON or too large for the same reason.
 *
 * Hygiene: content and credentials leave with a JSON line, to be dropped and counted by
 * the collector; of a record that is rewritten only the field's name leaves, which the
 * collector counts just the same.
 */
#ifndef RT_CANONICAL_H
#define RT_CANONICAL_H

#include "proto/text.h"

#define RT_CANONICAL_BASE_NOT_SAID (-1)

struct rt_canonical; /* opaque */

/*
 * attempt_base: number of the first attempt in review records, 0 or 1; then those are
 * rewritten too, as the collector's own setting may differ.  Not said: 1 for text forms.
 */
RT_NODISCARD struct rt_canonical *rt_canonical_new(int attempt_base);
void rt_canonical_free(struct rt_canonical *c);

/* The line, without a newline; borrowed until the next call.  Empty for a blank record. */
struct rt_str rt_canonical_line(struct rt_canonical *c, struct rt_str record);

#endif
