/* SPDX-License-Identifier: MIT */
/*
 * gateway — an LLM gateway on loopback that fails on purpose.
 *
 * What    POST /v1/chat/completions and /v1/responses, plain and streamed, answered with
 *         one fixed sentence or with the fault a rule asks for (fault.h).
 *         GET /healthz; GET, POST, DELETE /__faults: list the rules with their
 *         counters, replace them from lines of text, clear them.
 * Waits   One thread, one loop, no sleep: a connection that must wait is suspended and
 *         put on a list; the loop polls until the first of them is due and resumes it.  So a
 *         hundred stalled streams cost a hundred list entries and block nobody.
 * Bounds  RT_GATEWAY_CONNECTIONS_MAX at once (more wait in the kernel's queue), bodies of at
 *         most 1 MiB (413; beyond 8 MiB the connection is closed), 60 s of silence.
 *         A client that hangs up while it is let wait frees its place at once.
 * Privacy Bodies and headers are read and forgotten: nothing of a request is ever logged.
 * Access  Loopback unless --insecure is said.  Whoever reaches the port can change the rules.
 */
#ifndef RT_GATEWAY_H
#define RT_GATEWAY_H

#define RT_GATEWAY_CONNECTIONS_MAX 256u
#define RT_GATEWAY_BODY_MAX (1u << 20)
#define RT_GATEWAY_DISCARD_MAX (8u << 20)

/* The command; prints its URL as one line on standard output once it serves. */
int rt_cmd_gateway(int argc, char **argv);

#endif
