#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""The same log gives the same numbers: replayed, emitted, and published by anybody."""
import json

from harness import VECTORS, Collector, check, publisher, run, wait_for

KEYS = ("intake", "attempts", "operations", "rates", "decisions", "fallbacks",
        "violations")
# Nothing ends by silence, so the pace of the log does not matter.
TIMEOUT = ("--operation-timeout", "86400")


def fallback_rows(report):
    return sorted(map(json.dumps, report["fallbacks"]))


def compare(way, live, replayed):
    for key in KEYS:
        if key == "violations":
            got, want = ({v["rule"]: v["count"] for v in r[key]}
                         for r in (live, replayed))
        elif key == "fallbacks":
            got, want = fallback_rows(live), fallback_rows(replayed)
        else:
            got, want = live[key], replayed[key]
        check(got == want, way, key, "\n live  ", got, "\n replay", want)


for shape in ("native", "decisions", "otel", "retry", "review", "runbook"):
    path = f"{VECTORS}/{shape}.jsonl"
    with open(path, "rb") as f:
        text = f.read()
    lines = [line for line in text.split(b"\n") if line.strip()]
    code, out, err = run("replay", "--report", "json", *TIMEOUT, path)
    check(code == 0, "replay", code, err)
    replayed = json.loads(out)
    wanted = replayed["intake"]["accepted"]
    check(wanted > 0, shape, "nothing was read")

    emitted = Collector(*TIMEOUT)
    code, out, err = run("emit", "--intake", emitted.intake, "--timeout", "20",
                         input=text)
    check(code == 0, "emit", code, err)
    wait_for(f"{wanted} emitted", lambda: emitted.accepted() == wanted)
    compare(f"{shape} emitted:", emitted.report(), replayed)
    emitted.stop()

    published = Collector(*TIMEOUT)
    socket = publisher(published.events)
    half = len(lines) // 2
    for line in lines[:half]:
        socket.send(line)
    socket.send(b"\n".join(lines[half:]) + b"\n")
    wait_for(f"{wanted} published", lambda: published.accepted() == wanted)
    compare(f"{shape} published:", published.report(), replayed)
    socket.close()
    published.stop()
    print(f"{shape}: {wanted} records three ways")
