/* SPDX-License-Identifier: MIT */
/*
 * retrytop.h — publish attempt events from a C or C++ program.
 *
 * What    One call per HTTP attempt of an LLM client.  The call copies the event into
 *         a ring in memory and returns; a thread of the emitter's own sends it and keeps
 *         it until the collector has acknowledged it.
 * Never   blocks, allocates on the emit path, prints, asserts, exits or raises a signal.
 *         When the ring is full, the event is dropped and counted.
 * Link    pkg-config --cflags --libs retrytop
 * Threads Any number may emit on one emitter.  open, close and flush: one at a time.
 * Spool   With opts.spool the ring is a file in that folder: what emit returned from
 *         outlives a kill -9 of the program, and the next emitter that opens there, or
 *         `retrytop emit --drain`, delivers it under its old numbers.  Without, the ring
 *         is in memory; that is the default, for a folder on a disk can make a call wait
 *         for that disk.  Best is one in memory such as /run/user/UID/retrytop: it
 *         outlives the program, not the machine.
 * Fork    The first emit of a child begins anew in it, under an id of its own (that costs
 *         what open does); what its parent handed over stays with the parent.  close in
 *         a child touches nothing of the parent's.
 * Privacy There is no field for prompts, completions or credentials; keep them out of
 *         the ones there are.  The collector drops what looks like either.
 *
 *	struct rt_emitter *e = rt_emitter_open(NULL);
 *	struct rt_attempt a = RT_ATTEMPT_INIT;
 *	a.operation_id = id; a.attempt = 1; a.status = 200; a.elapsed_ms = 412;
 *	a.decision = "none";
 *	rt_emitter_emit(e, &a);
 *	rt_emitter_close(e);
 */
#ifndef RETRYTOP_H
#define RETRYTOP_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define RT_API __attribute__((visibility("default")))

struct rt_emitter; /* opaque */

struct rt_emitter_opts {
	const char
	    *endpoint; /* NULL: $RETRYTOP_INTAKE, else tcp://127.0.0.1:7781 */
	const char *emitter_id; /* NULL: random; 1..64 of [A-Za-z0-9._-] */
	size_t
	    ring_bytes; /* 0: 4 MiB; from 64 KiB; waits for acknowledgement */
	int linger_ms;  /* close waits this long for the last answers; 0: 500 */
	/*
	 * For a collector with keys: files of `retrytop keygen`, the own .secret and the
	 * collector's .pub.  NULL: $RETRYTOP_CERT, $RETRYTOP_SERVER_CERT; "": none.
	 */
	const char *cert, *server_cert;
	/*
	 * Folder for the ring, made where missing (mode 0700).  NULL: $RETRYTOP_SPOOL; ""
	 * or neither: in memory.
	 */
	const char *spool;
};

/*
 * Strings are borrowed for the call only.  "Not known" is NULL or "" for a string,
 * RT_UNKNOWN for a number or flag, and 0 too for `status`.
 */
#define RT_UNKNOWN (-1)

struct rt_attempt {
	const char *operation_id; /* required */
	int64_t attempt;          /* required; 1 is the first try */
	const char *service, *service_version, *environment, *tenant, *provider;
	const char *method, *route; /* "POST", "/v1/chat/completions" */
	const char *error_type, *decision, *decision_reason, *fallback_target;
	const char *model_requested, *model_returned, *final_outcome;
	const char *response_object_type, *upstream_request_id,
	    *parent_operation_id;
	int64_t max_attempts, status, retry_budget_remaining, upstream_attempts,
	    requeue_count;
	double elapsed_ms, ttft_ms, backoff_ms, retry_after_ms,
	    timeout_budget_ms;
	int streaming, stream_committed, finish_reason_seen, usage_seen,
	    synthetic;
};

/* Everything not known; `ts` is stamped by rt_emitter_emit. */
extern RT_API const struct rt_attempt rt_attempt_unknown;
#define RT_ATTEMPT_INIT rt_attempt_unknown

/*
 * NULL on failure, with errno: EINVAL for an option out of range, ENOENT for a
 * certificate that cannot be read, EACCES for one that is not fit, ENOMEM, or what ZeroMQ
 * said, or for a spool what the file system did (ENOSPC: the ring is written in full
 * at once, so that it cannot run out later).  No collector need be there.
 */
RT_API struct rt_emitter *rt_emitter_open(const struct rt_emitter_opts *opts);

/*
 * 0; -1 dropped and counted: EAGAIN ring full, EMSGSIZE, EINVAL a required field is
 * missing or one is out of its range (retrytop-protocol(7)).  Counted nowhere: -1 with
 * EINVAL for a NULL argument, and with what open would say where it could not begin in
 * a child of fork().
 */
RT_API int rt_emitter_emit(struct rt_emitter *e, const struct rt_attempt *a);

/* The same for one record that is JSON text already (at most 8 KiB, no newline). */
RT_API int rt_emitter_emit_json(
    struct rt_emitter *e, const char *json, size_t len);

/* Wait until all is acknowledged; 0, or -1 with ETIMEDOUT.  timeout_ms -1: for ever. */
RT_API int rt_emitter_flush(struct rt_emitter *e, int timeout_ms);

struct rt_emitter_stats {
	uint64_t offered;      /* emit calls with a usable record */
	uint64_t acknowledged; /* taken in by a collector */
	uint64_t in_flight;    /* in the ring */
	uint64_t dropped_full, dropped_invalid;
	uint64_t sent_batches, resent_records, connects;
	/*
	 * Of programs that died in this spool: records found; those acknowledged since;
	 * those that cannot be read, most of them calls that had not returned.
	 */
	uint64_t inherited, inherited_acknowledged, inherited_lost;
};
RT_API void rt_emitter_stats(
    const struct rt_emitter *e, struct rt_emitter_stats *out);

/* Flushes for linger_ms, then ends the thread.  NULL is fine. */
RT_API void rt_emitter_close(struct rt_emitter *e);

#ifdef __cplusplus
}
#endif

#endif
