/* SPDX-License-Identifier: MIT */
/*
 * pack — an event as compact bytes, for keeping many that few will ever look at.
 *
 * What    The known fields of an event behind one another, for this process only.  What
 *         comes back encodes to the same canonical record as what went in.
 * Cost    A copy; the canonical form is written when somebody asks for it.
 */
#ifndef RT_PACK_H
#define RT_PACK_H

#include "proto/buf.h"
#include "proto/event.h"

/* Appends to b. */
void rt_pack(struct rt_buf *b, const struct rt_event *e);
/* `bytes` as rt_pack wrote them; strings of *e point into them. */
void rt_unpack(struct rt_str bytes, struct rt_event *e);

#endif
