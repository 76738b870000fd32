/* SPDX-License-Identifier: MIT */
/*
 * canary — a minimal request now and then, published as synthetic traffic.
 *
 * Sends   One fixed sentence, max_tokens 16, to BASE/v1/chat/completions.  The answer is judged
 *         (judge.h) and thrown away.
 * Says    An attempt event with `synthetic: true`, by acknowledged delivery; one line, or one
 *         JSON object with --json, on standard output.
 * Key     From the environment variable that --key-env names; wiped and unset once read,
 *         before anything else starts.  Never in argv, an event, a log or a core dump.
 * Manner  The interval is jittered by a fifth; a 429 or a used-up quota pauses the canary for as
 *         long as it asks (at most a day), and it never retries by itself.
 */
#ifndef RT_CANARY_H
#define RT_CANARY_H

int rt_cmd_canary(int argc, char **argv);

#endif
