/* SPDX-License-Identifier: MIT */
/*
 * acks — which alerts whoever sits here has seen: state of this screen and of no other.
 *
 * What    The collector says what fires; acknowledging is a note of this viewer, known to
 *         nobody else and gone when it ends.  Alerts are known by their number; another
 *         collector (started_id) numbers anew and the notes are dropped.
 * News    rt_acks_hear says whether an alert fires that no answer before had.
 * Bounds  RT_ACKS_MAX notes; the oldest gives way.
 * Pure, caller's storage, all zero to begin.
 */
#ifndef RT_ACKS_H
#define RT_ACKS_H

#include "proto/report.h"

#define RT_ACKS_MAX 256u

struct rt_acks {
	uint64_t started_id;
	uint64_t numbers[RT_ACKS_MAX];
	uint64_t count; /* ever; the last RT_ACKS_MAX are kept */
	uint64_t heard; /* largest number that ever fired */
	bool has_heard;
};

/*
 * A fresh answer.  True where an alert fires that is newer than all before; never for
 * the first answer, which tells of what was there already.
 */
bool rt_acks_hear(struct rt_acks *a, const struct rt_report *r);

bool rt_acks_has(const struct rt_acks *a, const struct rt_report_alert *alert);
/* False where it was acknowledged before. */
bool rt_acks_add(struct rt_acks *a, const struct rt_report_alert *alert);
/* Alerts that fire and are not acknowledged. */
size_t rt_acks_open(const struct rt_acks *a, const struct rt_report *r);

#endif
