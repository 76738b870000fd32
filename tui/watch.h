/* SPDX-License-Identifier: MIT */
/*
 * watch — the dashboard loop: asks, draws, takes keys, until it is told to end.
 */
#ifndef RT_WATCH_H
#define RT_WATCH_H

#include <stdbool.h>
#include <stdint.h>

#include "proto/curve.h"
#include "tui/term.h"

struct rt_watch_opts {
	const char *endpoint;        /* query endpoint of a collector */
	struct rt_curve_paths certs; /* none where it wants no keys */
	const char *title; /* shown first in the header: "demo", the endpoint */
	uint32_t window_s; /* 0: as chosen last, else 300 */
	int seconds;       /* end by itself after so long; 0: until told */
	const char *filter; /* as typed after `/`; NULL: none */
	bool ascii;
	bool low_bandwidth;  /* draw every 10 s, and after a key */
	enum rt_theme theme; /* RT_THEME_COUNT: as chosen last, else dark */
	bool forgets;        /* neither reads nor keeps what is chosen */
};

/* Exit code.  Owns the terminal meanwhile. */
int rt_watch_run(const struct rt_watch_opts *o);

#endif
