/* SPDX-License-Identifier: MIT */
/*
 * decode_internal — what the parts of the decoder share.
 *
 *	take.c                     the decoder's copy, and a look at every byte
 *	direct.c                   bytes to fields, where a record is as most are
 *	form_json.c, form_text.c   bytes to slots
 *	slot.c                     a slot to a number, a string, …; secrets
 *	dialect.c                  slots to fields, as tables
 *	decode.c                   the order of things
 */
#ifndef RT_DECODE_INTERNAL_H
#define RT_DECODE_INTERNAL_H

#include "proto/classify.h"
#include "proto/decode.h"
#include "proto/direct.h"
#include "proto/keys.h"
#include "proto/minute.h"
#include "proto/repeat.h"

enum rt_slot_type {
	RT_SLOT_NULL,
	RT_SLOT_FALSE,
	RT_SLOT_TRUE,
	RT_SLOT_NUMBER,
	RT_SLOT_STRING,
	RT_SLOT_OBJECT,
	RT_SLOT_ARRAY,
};

struct rt_slot {
	const char *p;    /* borrowed; a string's inside, a number's text */
	int64_t mantissa; /* number: its digits, where simple */
	uint32_t len;
	enum rt_slot_type type;
	uint8_t depth;     /* of the key: a flat name beats a nested one */
	uint8_t fraction;  /* number: digits after the point, where simple */
	bool is_simple;    /* string: the text is the value; number: 15 digits
			    * or fewer, no exponent; neither is sensitive */
	bool has_escape;   /* string: holds a backslash */
	bool has_high;     /* string: holds DEL or a byte of 0x80 or more */
	bool is_empty;     /* "", {} or [] */
	bool is_sensitive; /* must not be kept */
};

/* What a value is called. */
struct rt_name {
	struct rt_str text; /* raw, borrowed; without the names around it */
	enum rt_key key;    /* RT_KEY_ALL: none of ours */
	uint8_t depth;      /* of the object it is in; 1 is the record */
	bool has_escape;
	bool is_never; /* itself or its last dotted part must not be kept */
};

/* `, "name": ` as it was read last.  See form_json.c. */
struct rt_gap {
	struct rt_repeat text; /* len 0: none */
	uint8_t name_at, name_len;
	uint8_t key;
};

#define RT_GAP_FIRST (RT_KEY_ALL + 1u) /* before the first name */

/* A byte becomes at most the three of U+FFFD, and each slot is copied once. */
#define RT_SCRATCH_BYTES (RT_RECORD_MAX * 3u)
#define RT_EXTRA_PREFIX "model_id_attempt_"
#define RT_EXTRA_BYTES 40u
#define RT_READ_AHEAD 64u /* bytes that may be read behind the record */

/*
 * Of a record's bytes: ODD, some are no printable ASCII; PAIR, some may belong to a secret,
 * or are a backslash, which could hide one.
 */
enum { RT_LOOK_ODD = 1, RT_LOOK_PAIR = 2 };

/* Copies len bytes and says what they hold: never a wrong "nothing". */
typedef unsigned (*rt_look_fn)(char *to, const char *p, size_t len);

/* The one that takes 1, 16 or 32 bytes a step; NULL: not on this machine. */
rt_look_fn rt_look_by(unsigned width);

#define RT_DIALECT_COUNT 8

struct rt_decoder {
	struct rt_keys keys;
	struct rt_decode_opts opts;

	uint64_t
	    named[RT_DIALECT_COUNT]; /* bit RT_FIELD_x: not only by its key */
	rt_look_fn look;             /* the widest that there is */

	/* what is remembered of records before: never more than a guess */
	struct rt_minute minute;
	struct rt_classified classified;
	struct rt_direct direct;
	bool is_direct_likely; /* the record before was native */

	/* the walk */
	struct rt_str record; /* in `copy` */
	bool is_plain;        /* ASCII without controls and backslashes */
	bool maybe_secret;    /* a look says: examine the strings */
	bool has_slash;       /* it says: examine those with a backslash */
	bool is_too_deep;
	bool may_have_extra;    /* a name begins like one of those */
	struct rt_str extra[2]; /* names of RT_KEY_EXTRA_1 and _2 */
	char extra_text[2][RT_EXTRA_BYTES];
	struct rt_name sensitive; /* first field dropped; text.p NULL: none */

	/* what it left */
	uint64_t seen[2]; /* bit enum rt_key: the slot is of this record */

	/* by the name before: what stood between its value and the next one */
	struct rt_gap gaps[RT_GAP_FIRST + 1];
	struct rt_slot slots[RT_KEY_COUNT];

	struct rt_identity identity;
	size_t scratch_used;
	char copy[RT_RECORD_MAX + RT_READ_AHEAD];
	char scratch[RT_SCRATCH_BYTES];
	char examined[RT_RECORD_MAX * 3u]; /* for rt_slot_holds_secret */
};

/* ---- forms: false, with a diag, where the bytes are not of that form ---- */

RT_NODISCARD bool rt_form_json(struct rt_decoder *d, struct rt_diag *why);
RT_NODISCARD bool rt_form_text(struct rt_decoder *d, struct rt_diag *why);

/* Leave the value in its name's slot, once judged whether it may be kept. */
void rt_decoder_put(
    struct rt_decoder *d, const struct rt_name *name, struct rt_slot *value);

/* For names that are none of the known keys; see rt_decoder_name. */
void rt_decoder_name_other(struct rt_decoder *d, struct rt_name *name,
    struct rt_str path, struct rt_str own);

/*
 * Look a name up: `path` is the same with the names around it joined, absent where it
 * cannot be one of ours.  The caller has set text, depth and has_escape; `own` is text
 * without escapes.  `readable` bytes from path.p may be read.
 */
static inline void
rt_decoder_name(struct rt_decoder *d, struct rt_name *name, struct rt_str path,
    struct rt_str own, size_t readable)
{
	name->is_never = false;
	name->key = path.p ? rt_keys_find(&d->keys, path.p, path.len, readable)
			   : RT_KEY_ALL;
	if (name->key >= RT_KEY_COUNT)
		rt_decoder_name_other(d, name, path, own);
}

/* ---- slots ---- */

static inline bool
rt_slot_is_seen(const struct rt_decoder *d, enum rt_key key)
{
	return d->seen[key / 64] >> (key % 64) & 1;
}

/* The slot, or NULL where the record has no such key, or null or "" there. */
static inline struct rt_slot *
rt_slot_given(struct rt_decoder *d, enum rt_key key)
{
	struct rt_slot *s = &d->slots[key];

	if (!rt_slot_is_seen(d, key) || s->type == RT_SLOT_NULL ||
	    (s->type == RT_SLOT_STRING && s->is_empty))
		return NULL;
	return s;
}

/* The same, and NULL where the value had to be dropped. */
static inline struct rt_slot *
rt_slot_kept(struct rt_decoder *d, enum rt_key key)
{
	struct rt_slot *s = rt_slot_given(d, key);

	return s && !s->is_sensitive ? s : NULL;
}

/* Text of a string slot, unescaped and scrubbed: from then on the slot is too. */
struct rt_str rt_slot_text(struct rt_decoder *d, struct rt_slot *s);
/* Unescape and scrub into out, which has three bytes for each of the slot's. */
size_t rt_slot_unescape(char *out, const char *p, size_t len);
bool rt_slot_holds_secret(struct rt_decoder *d, struct rt_slot *s);
bool rt_text_holds_secret(struct rt_str s);

/*
 * Make the bytes the decoder's record, with a NUL, a quote and more NULs behind it, and
 * look at each: sets is_plain (never a wrong yes), maybe_secret and has_slash (never a wrong no).
 */
void rt_decoder_take(struct rt_decoder *d, struct rt_str record);

/* Value of a simple number. */
static inline double
rt_slot_simple_double(const struct rt_slot *s)
{
	static const double powers[] = {1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7,
	    1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15};

	/* Both are exact, so this rounds once. */
	return (double)s->mantissa / powers[s->fraction];
}

/* RT_REJECT_NOT, RT_REJECT_BAD_TYPE or RT_REJECT_OUT_OF_RANGE. */
RT_NODISCARD enum rt_reject rt_slot_to_int(
    struct rt_decoder *d, struct rt_slot *s, int64_t *out);
RT_NODISCARD enum rt_reject rt_slot_to_double(
    struct rt_decoder *d, struct rt_slot *s, double *out);
RT_NODISCARD enum rt_reject rt_slot_to_bool(
    struct rt_decoder *d, struct rt_slot *s, bool *out);

/* ---- dialects ---- */

#define RT_SCHEMA_ATTEMPT "llm-attempt/v1"
#define RT_SCHEMA_SUMMARY "llm-operation/v1"

/* The fields that are read of an attempt and of a summary, and may not be missing. */
#define RT_ATTEMPT_FIELDS                                               \
	((UINT64_C(1) << RT_FIELD_COUNT) - 1 - RT_FIELD_BIT(ATTEMPTS) - \
	    RT_FIELD_BIT(FOLLOWUP_OUTCOME))
#define RT_SUMMARY_FIELDS                                            \
	(RT_FIELD_BIT(TS) | RT_FIELD_BIT(OPERATION_ID) |             \
	    RT_FIELD_BIT(SERVICE) | RT_FIELD_BIT(ENVIRONMENT) |      \
	    RT_FIELD_BIT(ELAPSED_MS) | RT_FIELD_BIT(FINAL_OUTCOME) | \
	    RT_FIELD_BIT(SYNTHETIC) | RT_FIELD_BIT(EMITTER) |        \
	    RT_FIELD_BIT(SEQ) | RT_FIELD_BIT(ATTEMPTS))
#define RT_ATTEMPT_NEEDS (RT_FIELD_BIT(OPERATION_ID) | RT_FIELD_BIT(ATTEMPT))
#define RT_SUMMARY_NEEDS \
	(RT_FIELD_BIT(OPERATION_ID) | RT_FIELD_BIT(FINAL_OUTCOME))

struct rt_dialect;

void rt_dialect_init(struct rt_decoder *d);

/* The dialect of the slots, or NULL and the reason. */
const struct rt_dialect *rt_dialect_of(
    struct rt_decoder *d, enum rt_reject *reason);

/* What a client called its decision, its own words included. */
void rt_dialect_decide(
    struct rt_decoder *d, struct rt_event *e, struct rt_str word);

/* Class of an attempt, and the decision that silence means. */
void rt_dialect_classify(struct rt_decoder *d, struct rt_event *e);

/* Is that what records of our own schemas are read by? */
bool rt_dialect_is_native(const struct rt_dialect *dialect);

/* As rt_text_to_time, quick where the minute is that of the time before. */
RT_NODISCARD enum rt_err rt_decoder_time(
    struct rt_decoder *d, struct rt_str t, int64_t *us, bool *has_fraction);

/* Read the fields; *e is zeroed.  On refusal *bad is the field. */
RT_NODISCARD enum rt_reject rt_dialect_read(struct rt_decoder *d,
    const struct rt_dialect *dialect, struct rt_event *e, enum rt_field *bad);

/* The sentence about a refused field. */
void rt_dialect_explain(
    enum rt_reject reason, enum rt_field bad, struct rt_diag *why);

/* One field from a slot, range and all; an absent slot (NULL) is fine. */
RT_NODISCARD enum rt_reject rt_dialect_put(struct rt_decoder *d,
    struct rt_event *e, enum rt_field f, struct rt_slot *s);

/* Walk the record again with names in d->extra. */
void rt_decoder_walk_again(struct rt_decoder *d);

#endif
