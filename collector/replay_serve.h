/* SPDX-License-Identifier: MIT */
/*
 * replay_serve — a player on a query endpoint: viewers ask it like a collector, and steer
 * it (query.h).  Several may, of one incident: all see the same place.
 */
#ifndef RT_REPLAY_SERVE_H
#define RT_REPLAY_SERVE_H

#include "collector/player.h"
#include "proto/options.h"

struct rt_replay_serving {
	struct rt_player_opts player;
	struct rt_endpoint endpoint; /* loopback or ipc: there are no keys */
	int64_t ready_fd; /* gets one byte once it serves; -1: nobody waits */
};

/* Until INT, TERM or HUP; the exit code, after one line where it could not begin. */
int rt_replay_serve(const struct rt_replay_serving *o);

/* The exit code where logs could not be opened. */
enum rt_exit rt_replay_exit(enum rt_err err);

#endif
