/* SPDX-License-Identifier: MIT */
/*
 * suite — runs the contract rows (contract.h) and says what came of each.
 *
 * --sim    Everything, against faults made here: the fault gateway, the raw listener and
 *          openssl(1) as children on loopback.  With --gateway URL against one that is
 *          running already (its rules are replaced).
 * --live   What is safe against a [canary NAME] target: a golden request, refused keys, a
 *          false model, broken requests, a wrong path.  Nothing that adds load.
 * Says     Each row: what was induced, what was expected, what was seen; as text or one
 *          JSON object a row.  A row that could not be induced is `skipped`, with the reason.
 *          --ledger FILE appends what was found (ledger.h).
 * Ends     0; 1 where a row failed; 69 where the gateway cannot be reached.
 *
 * A passing suite says that this program's client behaves; it is no proof that a fallback
 * is safe.
 */
#ifndef RT_SUITE_H
#define RT_SUITE_H

int rt_cmd_suite(int argc, char **argv);

#endif
