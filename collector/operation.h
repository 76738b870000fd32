/* SPDX-License-Identifier: MIT */
/*
 * operation — which attempts belong together, and how it ended.
 *
 * What    One entry for each operation open or ended less than an operation timeout ago.
 *         An operation ends with its first terminal record or by silence; it gets exactly
 *         one fate; later records of it are late.
 * Shape   A bounded table: open addressing over a dense array, at most 256 bytes an
 *         entry; for each distinct timeout two lists in time order, of open and of ended
 *         ones, so that silence and forgetting are found at their heads, and over the
 *         heads a tree of minima, so that many timeouts cost hardly more than one.
 * Bound   A full table forgets the ended operation that would be forgotten next
 *         (`forgotten`); if all are open, the one that would fall silent next is pushed
 *         out without a fate (`evicted`).
 * Time    The aggregate's clock in microseconds.
 * Life    A pointer is valid until the next put or expire.
 */
#ifndef RT_OPERATION_H
#define RT_OPERATION_H

#include "collector/audit_state.h"
#include "collector/policy.h"
#include "proto/ending.h"

/* What is kept of an id in bytes; beyond, it is compared by hash and length. */
#define RT_OPERATION_ID_BYTES 100u

enum rt_operation_state {
	RT_OPERATION_OPEN,
	RT_OPERATION_ENDED_BY_ATTEMPT,
	RT_OPERATION_ENDED_BY_SUMMARY,
	RT_OPERATION_ENDED_BY_SILENCE,
};

/* Where an open operation stands, by its last record. */
enum rt_operation_phase {
	RT_PHASE_RUNNING,
	RT_PHASE_BACKOFF,  /* a retry was announced */
	RT_PHASE_FALLBACK, /* a fallback was announced */
	RT_PHASE_COUNT,
};

/* What every record looks at is in the first line of the cache, the id in the third. */
struct rt_operation {
	uint64_t hash;
	int64_t touched_us;  /* clock at its last record, then at its ending */
	uint64_t last_line;  /* of its records in the tail ring; see recent.h */
	uint32_t prev, next; /* list neighbours: number + 1 */
	uint8_t state;       /* enum rt_operation_state */
	uint8_t phase;       /* enum rt_operation_phase */
	bool is_synthetic, has_start, had_fallback, has_summary;
	bool is_failure_on_silence; /* OpenTelemetry: silence is an answer */
	uint8_t timeout;            /* which of the table's */
	uint32_t series;            /* of the first attempt record */
	uint32_t fallbacks;         /* chain of the ledger; 0: none open */
	uint32_t records;           /* attempt records and follow-ups */
	uint32_t followups;
	uint32_t highest; /* `attempt` seen */
	uint32_t upstream;
	struct rt_audit_state audit;
	int64_t start_us; /* ts - elapsed of the first attempt */
	uint64_t wasted_us, useful_us;
	uint64_t pending_us; /* announced wait: wasted if an attempt follows */
	uint16_t id_len;     /* bytes of the whole id */
	char id[RT_OPERATION_ID_BYTES];
};

_Static_assert(sizeof(struct rt_operation) <= 256,
    "an open operation costs at most 256 bytes");

struct rt_operation_list {
	uint32_t head, tail; /* number + 1; head is the oldest */
};

/* When the head of each list is due, as leaves; above them the earlier of two. */
#define RT_OPERATION_LEAVES 256u
struct rt_operation_due {
	int64_t us[2 * RT_OPERATION_LEAVES]; /* [1] is the root */
	uint32_t leaves;                     /* a power of two */
};

_Static_assert(RT_TIMEOUTS_MAX <= RT_OPERATION_LEAVES, "a list a leaf");

/* Operations in one state. */
struct rt_operation_lists {
	struct rt_operation_list of[RT_TIMEOUTS_MAX]; /* by timeout */
	struct rt_operation_due due;
	uint32_t count; /* in all of them */
};

struct rt_operations {
	void *memory;                 /* owned: where the entries are */
	struct rt_operation *entries; /* at lines of the cache */
	uint32_t *slots;              /* owned; number + 1 */
	uint32_t capacity, used, free, slots_mask;
	struct rt_operation_lists open, ended;
	int64_t timeouts_us[RT_TIMEOUTS_MAX];
	unsigned timeouts_count;
	uint32_t phases[RT_PHASE_COUNT]; /* open ones, synthetic left out */
	uint64_t seed;
};

void rt_operations_init(
    struct rt_operations *t, uint32_t capacity, uint64_t seed);
void rt_operations_fini(struct rt_operations *t);
uint64_t rt_operations_bytes(uint32_t capacity);

/*
 * Before that there is one, without end.  What is in the table keeps its timeout where
 * there still is one as long; otherwise it takes the first.
 */
void rt_operations_set_timeouts(
    struct rt_operations *t, const int64_t *timeouts_us, unsigned count);

/* As in rt_operation.hash. */
uint64_t rt_operation_hash(const struct rt_operations *t, struct rt_str id);
/* NULL where not known. */
struct rt_operation *rt_operation_find(
    struct rt_operations *t, struct rt_str id);

/*
 * The table is far larger than any cache.  Who has an id and something else to do first
 * says so here, then again: the slot and then the entry are on their way meanwhile.
 */
static inline void
rt_operation_fetch_slot(const struct rt_operations *t, uint64_t hash)
{
	__builtin_prefetch(&t->slots[(uint32_t)hash & t->slots_mask]);
}

void rt_operation_fetch_entry(const struct rt_operations *t, uint64_t hash);

/* Room for one more?  Otherwise remove rt_operation_victim first. */
bool rt_operations_full(const struct rt_operations *t);
struct rt_operation *rt_operation_victim(struct rt_operations *t);

/*
 * A new open operation with one of the timeouts, zeroed but for its id; the id must not be
 * there yet.
 */
struct rt_operation *rt_operation_put(struct rt_operations *t, struct rt_str id,
    int64_t now_us, unsigned timeout, bool is_synthetic);
void rt_operation_remove(struct rt_operations *t, struct rt_operation *o);

/* A record of an open operation was read. */
void rt_operation_touch(struct rt_operations *t, struct rt_operation *o,
    int64_t now_us, enum rt_operation_phase phase);
void rt_operation_end(struct rt_operations *t, struct rt_operation *o,
    int64_t now_us, enum rt_operation_state state);

/* Open and silent, or ended, for more than its timeout: the one longest due, or NULL. */
struct rt_operation *rt_operation_silent(
    struct rt_operations *t, int64_t now_us);
struct rt_operation *rt_operation_forgettable(
    struct rt_operations *t, int64_t now_us);

/* What is kept of its id. */
struct rt_str rt_operation_id(const struct rt_operation *o);

/* Attempts it took: records, the highest number seen or what the summary says. */
uint32_t rt_operation_tries(
    const struct rt_operation *o, int64_t summary_attempts);

#endif
