/* SPDX-License-Identifier: MIT */
/*
 * direct — a native record as nearly all are, straight to its fields.
 *
 * What    One flat object in printable ASCII without a backslash, `schema` ours, names known
 *         or harmless, each field of its type and in its range.  Then there is nothing to
 *         refuse, to drop or to scrub, and no need for slots.  Whatever is not so is left
 *         to the walk and the dialects, which alone say no: nothing is decided here
 *         that they would decide differently.
 * Method  Programs write the same members in the same order.  What stood behind a value
 *         last time, from its closing quote over comma, name and colon to the next opening
 *         quote, is a hint: a compare of 32 bytes says which field comes now and of which
 *         type.  After each member two such hints are kept, for what comes and goes
 *         (a reason, the end of an operation).  Where neither holds the name is read and
 *         looked up, and is the hint of the next record.
 * State   Hints are guesses that are always compared, never believed: a record is
 *         decoded the same whatever came before it.
 * Cost    1 200 instructions for 16 members in 425 bytes; about twice the 70 of a member
 *         where its name has to be looked up.
 */
#ifndef RT_DIRECT_H
#define RT_DIRECT_H

#include <stdbool.h>
#include <stdint.h>

#include "proto/event.h"
#include "proto/repeat.h"

/* Members that hints are kept behind, the fields first. */
enum rt_direct_member {
	RT_DIRECT_SCHEMA = RT_FIELD_COUNT,
	RT_DIRECT_SHAPE, /* what it was, once */
	RT_DIRECT_ARRIVAL,
	RT_DIRECT_OTHER, /* not a field */
	RT_DIRECT_FIRST, /* nothing yet */
	RT_DIRECT_COUNT,
};

struct rt_hint {
	struct rt_repeat text;
	uint64_t bit;         /* of its member; 0: it may come more than once */
	uint64_t max;         /* of its value */
	struct rt_hint *ways; /* the hints behind it */
	uint16_t offset;      /* of the event's member */
	uint8_t member;
	uint8_t how; /* its value is read */
};

/* Words by their length: there are no two that are as long. */
#define RT_DIRECT_WORD_MAX 24u

struct rt_direct_words {
	struct rt_repeat
	    texts[RT_DIRECT_WORD_MAX]; /* with the quote behind it */
	uint8_t values[RT_DIRECT_WORD_MAX];
};

struct rt_direct {
	/*
	 * Behind a value that ended with a quote (odd) and one that did not (even): a hint
	 * from the one must not close the other.
	 */
	struct rt_hint hints[RT_DIRECT_COUNT * 2][2];
	struct rt_hint once; /* too long to be kept */
	struct rt_direct_words schemas, shapes, decisions, outcomes;
};

struct rt_decoder;

void rt_direct_init(struct rt_direct *direct);

/*
 * Fill *e, which is zeroed, from the decoder's plain record: false where that is not
 * for this way, and then *e is of no use.
 */
bool rt_direct_read(struct rt_decoder *d, struct rt_event *e);

#endif
