/* SPDX-License-Identifier: MIT */
/*
 * notice — a record that its sender found wrong, told to the collector.
 *
 * Who reads logs knows more of a bad record than who gets it: its form, its file and its
 * line.  So `emit` sends, in its place, what is wrong with it and an outline (refused.h):
 *
 *	{"schema":"retrytop-refused/v1","reason":"bad_type","where":"gw.log:12",
 *	 "detail":"attempt: ...","sample":"attempt=* ...","emitter":"a1","seq":7}
 *
 * A collector counts it as the record that it stands for: one refusal, for that reason,
 * whose number is no loss.  One that is not whole is a record of an unknown schema.
 */
#ifndef RT_NOTICE_H
#define RT_NOTICE_H

#include "proto/buf.h"
#include "proto/decode.h"

#define RT_NOTICE_WHERE 96u

struct rt_notice {
	enum rt_reject reason;
	char where[RT_NOTICE_WHERE];
	struct rt_diag why; /* `where` of it is empty */
	char sample[361];
	char emitter[257]; /* empty: not known */
	int64_t seq;       /* 0: not known */
};

void rt_notice_encode(struct rt_buf *b, const struct rt_notice *n);
/* Cheap; true is only a hint. */
bool rt_notice_is_hinted(struct rt_str record);
RT_NODISCARD enum rt_err rt_notice_decode(
    struct rt_str record, struct rt_notice *n);

#endif
