/* SPDX-License-Identifier: MIT */
/*
 * mark — what a journal keeps of records that it does not keep.
 *
 * A record that is refused, and one that repeats its number, leaves no line of its own;
 * but its number in the emitter's sequence is no loss, and it was counted.  A mark says so
 * for one record, or for several of one emitter in a row:
 *
 *	#{"refused":"bad_type","emitter":"a1","seq":7,"count":3}
 *
 * refused: a reason, or `duplicate`.  emitter: absent where not known.  seq: the first of
 * `count` numbers that are filled; absent where none is.  No record begins with `#`.
 */
#ifndef RT_MARK_H
#define RT_MARK_H

#include "proto/buf.h"
#include "proto/err.h"
#include "proto/event.h"

#define RT_MARK_SIZE 2048u       /* of a line, whatever the emitter */
#define RT_MARK_EMITTER_MAX 256u /* bytes */
#define RT_MARK_COUNT_MAX 1000000u

struct rt_mark {
	enum rt_reject reason; /* RT_REJECT_NOT: a duplicate */
	int64_t seq;           /* 0: none */
	uint32_t count;        /* records, at least 1 */
	size_t emitter_len;    /* 0: not known */
	char emitter[RT_MARK_EMITTER_MAX];
};

/* One record; an id that is too long is none. */
void rt_mark_init(struct rt_mark *m, enum rt_reject reason,
    struct rt_str emitter, int64_t seq);
/* Make one of both where the second goes on behind the first. */
bool rt_mark_join(struct rt_mark *m, const struct rt_mark *next);

/*
 * Marks that wait to be joined, one an emitter: a flood of two emitters by turns is two
 * long runs.  Whoever writes them out does so before the frame ends; within it a mark may
 * stand behind records of its emitter with higher numbers, whose gap it fills.
 */
#define RT_MARK_RUNS 16u
struct rt_mark_runs {
	struct rt_mark m[RT_MARK_RUNS];
	unsigned count, last; /* last: the one that was joined or put last */
	unsigned oldest;      /* gives way */
};

/* False: *out is one that has to be written now, for it has to make room. */
bool rt_mark_runs_add(
    struct rt_mark_runs *r, const struct rt_mark *m, struct rt_mark *out);

static inline struct rt_str
rt_mark_emitter(const struct rt_mark *m)
{
	return (struct rt_str){m->emitter, m->emitter_len};
}

static inline bool
rt_mark_is_line(struct rt_str line)
{
	return line.len > 0 && line.p[0] == '#';
}

/* The line without its newline. */
void rt_mark_encode(struct rt_buf *b, const struct rt_mark *m);
/* RT_E_SYNTAX or RT_E_FIELD: it is none. */
RT_NODISCARD enum rt_err rt_mark_decode(struct rt_str line, struct rt_mark *m);

#endif
