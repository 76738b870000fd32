/* SPDX-License-Identifier: MIT */
/*
 * hub — a collector as small as can be, for the tests of emitters: a ROUTER, the rules of
 * intake, a ledger by number.  There is one of them a process.
 */
#ifndef RT_TEST_HUB_H
#define RT_TEST_HUB_H

#include <sys/types.h>

#include "collector/intake.h"
#include "proto/emitter.h"
#include "tests/unit/util.h"

#define DEADLINE_MS 20000
#define RECORDS_MAX 200000u

/* That sanitizer ends a child of a threaded process that starts a thread. */
#if defined(__SANITIZE_THREAD__)
#define NEEDS_THREADS_IN_A_CHILD() skip()
#else
#define NEEDS_THREADS_IN_A_CHILD() (void)0
#endif

struct hub {
	void *context, *socket;
	struct rt_intake *intake;
	char endpoint[128], folder[64];
	bool is_mute; /* takes in, but withholds its answers */
	unsigned seen[RECORDS_MAX];
	uint64_t records, other;
	struct rt_wire_header last;
};

extern struct hub hub;

/* Set up and tear down a test: a folder, no socket yet. */
int hub_open(void **state);
int hub_close(void **state);
void hub_bind(void);
/* Serve what there is, waiting at most wait_ms for the first. */
bool hub_serve(int wait_ms);
/* Serve until `acknowledged` is reached. */
void hub_serve_until(struct rt_emitter *e, uint64_t acknowledged);
/* Records 0 .. count - 1 came, each once, and nothing else did. */
void hub_assert_each_once(unsigned count);
/* How many files are in the spool; `out`: the path of one. */
unsigned hub_count_spool(char out[512]);

/* With a ring in memory; never NULL. */
struct rt_emitter *open_emitter(size_t ring_bytes, int linger_ms);
/* With a ring that is a file of the hub's spool. */
struct rt_emitter *open_spooled(size_t ring_bytes);
int emit_number(struct rt_emitter *e, unsigned n);
struct rt_emitter_stats stats_of(const struct rt_emitter *e);

/* In a child: never back into the test's own ending. */
void die_if(bool is_wrong);
void expect_exit(pid_t pid, int want);
/* A child of fork emits with its parent's emitter: both are served whole. */
void expect_a_beginning_in_a_child(struct rt_emitter *e);

#endif
