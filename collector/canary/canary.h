/* SPDX-License-Identifier: MIT */
/*
 * canary — a minimal request now and then, published as synthetic traffic.
 *
 * Asks    Every [canary NAME] section of the configuration at its own pace, side by side; or
 *         with --url and --model one target of the command line.
 * Says    An attempt event per request with `synthetic: true`, by acknowledged delivery;
 *         on standard output one line a probe, or one JSON object with --json.  A
 *         budget or a pause that keeps it from asking is said once, as `paused`.
 * Key     By environment variable, file or descriptor (key.h); never in argv, an event, a
 *         log or a core dump.
 * Manner  No retry unless the target has a policy; never more than the budgets allow.
 */
#ifndef RT_CANARY_H
#define RT_CANARY_H

int rt_cmd_canary(int argc, char **argv);

#endif
