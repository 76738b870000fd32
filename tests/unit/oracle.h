/* SPDX-License-Identifier: MIT */
/*
 * oracle — a second decoder of JSON records: slow, and simple enough to be believed.
 *
 * It first refuses what the rules refuse and json-c does not, then lets json-c parse,
 * then looks each name up in the tree.  It shares with the real one only the
 * conversions of text.h, the classes, and the vocabularies, which have tests of
 * their own.  Not for text forms or decision maps; review records count from 1.
 */
#ifndef RT_TEST_ORACLE_H
#define RT_TEST_ORACLE_H

#include "proto/event.h"

struct oracle_verdict {
	bool is_judged; /* false: holds a \u0000, which json-c cannot name */
	enum rt_reject reason;
	struct rt_event event; /* strings live until the next call */
	struct rt_str emitter; /* identity */
	int64_t seq;
};

const struct oracle_verdict *oracle_decode(const char *p, size_t len);

/* NULL, or what differs between the verdict and what the decoder made of it. */
const char *oracle_differs(const struct oracle_verdict *v,
    enum rt_reject reason, const struct rt_event *e, struct rt_str emitter,
    int64_t seq);

#endif
