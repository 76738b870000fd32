/* SPDX-License-Identifier: MIT */
#include "collector/warm.h"

#include "proto/decode.h"
#include "proto/wire.h"

struct rt_moment
rt_warm_begin(struct rt_moment now)
{
	return (struct rt_moment){
	    {now.mono.us - RT_WARM_US}, {now.wall.us - RT_WARM_US}};
}

static void
restore_sender(struct rt_warm *w, struct rt_str line, rt_mono_t heard)
{
	struct rt_wire_header h;
	struct rt_intake_verdict v;

	/* Only a HELLO says where somebody stands. */
	if (rt_wire_header_decode(line.p, line.len, &h) != RT_OK ||
	    h.count != 0)
		return;
	rt_intake_take(w->intake, &h, heard, &v);
	w->senders++;
}

static void
restore_line(struct rt_warm *w, struct rt_str line, struct rt_moment at)
{
	struct rt_mark m;

	if (!rt_mark_is_line(line)) {
		rt_aggregate_restore(w->aggregate, line, at);
		w->records++;
	} else if (rt_mark_decode(line, &m) == RT_OK) {
		rt_aggregate_mark(w->aggregate, &m, at);
	}
}

void
rt_warm_frame(struct rt_warm *w, const struct rt_journal_frame *f)
{
	int64_t age_us = w->now.wall.us - f->arrived_us;
	struct rt_str rest = f->records, line;
	struct rt_moment at;

	if (age_us < 0)
		age_us = 0;
	at.mono.us =
	    w->now.mono.us - (age_us < RT_WARM_US ? age_us : RT_WARM_US);
	at.wall.us = f->arrived_us;
	while (age_us < RT_WARM_US && rt_decode_next_line(&rest, &line))
		restore_line(w, line, at);
	rest = f->senders;
	while (rt_decode_next_line(&rest, &line))
		restore_sender(w, line, at.mono);
}
