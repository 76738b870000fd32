/* SPDX-License-Identifier: MIT */
/*
 * emitter_setup — what an emitter is opened with: options, else the environment
 * (RETRYTOP_INTAKE, RETRYTOP_SPOOL, and the certificates of curve.h), else defaults.
 */
#ifndef RT_EMITTER_SETUP_H
#define RT_EMITTER_SETUP_H

#include "proto/curve.h"
#include "proto/retrytop.h"
#include "proto/spool.h"
#include "proto/wire.h"

struct rt_emitter_setup {
	char endpoint[256];
	char id[RT_WIRE_EMITTER_MAX + 1]; /* empty: random */
	char spool[RT_SPOOL_PATH_SIZE];   /* empty: the ring is in memory */
	size_t ring_bytes;
	int linger_ms;
	struct rt_curve_keys keys; /* to be wiped */
};

/* 0, or the errno; the keys may be there all the same. */
int rt_emitter_setup(
    struct rt_emitter_setup *s, const struct rt_emitter_opts *o);

#endif
