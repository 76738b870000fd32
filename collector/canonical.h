/* SPDX-License-Identifier: MIT */
/*
 * canonical — a record of any form as the one line that a collector takes in.
 *
 * A JSON record on one line stays as it is.  What else decodes becomes canonical JSON
 * (encode.h), so it gives the same numbers.  For what is refused a notice (notice.h) goes,
 * with file and line: the collector counts one refusal for the same reason.  Whether
 * review records count from 0 or 1 may be known to the collector only: JSON that one of
 * both lets pass is left to it.
 *
 * Hygiene: content and credentials leave with a JSON line, to be dropped and counted by
 * the collector; of a record that is rewritten only the field's name leaves, which the
 * collector counts just the same.
 */
#ifndef RT_CANONICAL_H
#define RT_CANONICAL_H

#include "collector/notice.h"

#define RT_CANONICAL_BASE_NOT_SAID (-1)

struct rt_canonical; /* opaque */

/*
 * attempt_base: number of the first attempt in review records, 0 or 1; then those are
 * rewritten too, as the collector's own setting may differ.  Not said: 1 for text forms.
 */
RT_NODISCARD struct rt_canonical *rt_canonical_new(int attempt_base);
void rt_canonical_free(struct rt_canonical *c);

/*
 * The line, without a newline; borrowed until the next call.  Empty for a blank record.
 * `where` is its file and line.  *refused is what is wrong with it, NULL: nothing.
 */
struct rt_str rt_canonical_line(struct rt_canonical *c, struct rt_str record,
    const char *where, const struct rt_notice **refused);

#endif
