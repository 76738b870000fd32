/* SPDX-License-Identifier: MIT */
/*
 * player — recorded logs that viewers walk through: read on, held, sent elsewhere.
 *
 * What    Reads logs (source.h) into an aggregate on the clock of the records, as far as a
 *         playhead says, obeys what viewers tell it (query.h), and answers like a
 *         collector.  Beside that it measures the whole log once, for the position bar.
 * Same    What stands at a place in the log does not depend on how it came there: at the
 *         end all numbers are those of `replay --report`, whatever speed and way.
 * Back    Is reading again from the start, as fast as it can; forward is reading on.
 * Stops   A record that broke a rule is a stop.  Where the search for one finds none, the
 *         player goes back to where it was and says so.
 * Turns   Nothing waits: run reads at most so many records and comes back, so whoever
 *         asks is answered meanwhile (is_seeking).
 * Failing A file that cannot be read to its end is told in each report (trouble); the
 *         others are read on.
 * Life    Heap object; one thread.  The clock is handed in.
 */
#ifndef RT_PLAYER_H
#define RT_PLAYER_H

#include "collector/aggregate.h"

#define RT_PLAYER_VIEWERS 16u /* whose commands are told apart */

struct rt_player; /* opaque */

struct rt_player_opts {
	const char *const *paths; /* borrowed, as what is in `aggregate` */
	unsigned count;
	const char *name; /* source.name of reports */
	struct rt_aggregate_opts aggregate;
	uint32_t speed; /* 0: as fast as can be */
	bool is_held;
};

/* Stands at the time of the first record.  What rt_source_open refuses. */
RT_NODISCARD enum rt_err rt_player_open(const struct rt_player_opts *o,
    rt_mono_t now, struct rt_player **out, struct rt_diag *d);
void rt_player_close(struct rt_player *p);

/* Obey what is new in a viewer's question; first run, so that it stands at `now`. */
void rt_player_obey(
    struct rt_player *p, const struct rt_query *q, rt_mono_t now);

/* Read what is due, at most `records`; true where more is due at once. */
bool rt_player_run(struct rt_player *p, rt_mono_t now, unsigned records);
/* Until something is due: 0 now, -1 not before somebody tells it something. */
int64_t rt_player_wait_ms(const struct rt_player *p, rt_mono_t now);

/* Measure at most so many records more; false once the whole log is known. */
bool rt_player_measure(struct rt_player *p, unsigned records);

void rt_player_report(struct rt_player *p, const struct rt_query *q,
    rt_mono_t now, struct rt_report *out);

#endif
