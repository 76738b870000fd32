#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""What must not change the numbers: batches that arrive two or three times, and clocks of
publishers that are a month off."""
import copy
import datetime
import json
import os
import random

import zmq

from harness import VECTORS, Collector, check, publisher, wait_for

SEED = int(os.environ.get("RT_SEED", "7"))
NAMES = ["native", "retry", "review", "decisions"]
dice = random.Random(SEED)
print(f"RT_SEED={SEED}")


def records(name):
    with open(f"{VECTORS}/{name}.jsonl") as f:
        return [line.strip() for line in f if line.strip()]


def numbers(report):
    """The report without what depends on when it was asked and who sent."""
    kept = ("intake", "attempts", "operations", "rates", "decisions", "fallbacks",
            "violations", "completeness", "series")
    out = copy.deepcopy({k: report[k] for k in kept if k in report})
    for row in out["series"]:
        row.pop("trend", None)
        row.pop("latency_ms", None)
    return json.dumps(out, sort_keys=True)


class Sender:
    """An emitter written by hand, that repeats itself."""

    def __init__(self, endpoint, name):
        self.socket = zmq.Context.instance().socket(zmq.DEALER)
        self.socket.setsockopt(zmq.LINGER, 0)
        self.socket.connect(endpoint)
        self.name = name
        self.offered = 0

    def send(self, first, batch):
        header = {"version": 1, "emitter": self.name, "epoch": 1, "first_seq": first,
                  "count": len(batch), "offered": self.offered, "dropped": 0}
        self.socket.send_multipart([json.dumps(header).encode(),
                                    "\n".join(batch).encode()])

    def answer(self):
        check(self.socket.poll(10000), "no answer to", self.name)
        return json.loads(self.socket.recv())

    def deliver(self, lines, most):
        self.offered = len(lines)
        self.send(1, [])
        self.answer()
        first = 1
        while first <= len(lines):
            batch = lines[first - 1:first - 1 + dice.randint(1, 9)]
            for _ in range(dice.randint(1, most)):
                self.send(first, batch)
                acked = self.answer()["acked"]
                check(acked == first + len(batch) - 1, "acked", acked)
            # Now and then something older again, or a piece of it.
            if most > 1 and dice.random() < 0.3:
                back = dice.randint(1, first)
                self.send(back, lines[back - 1:first + dice.randint(0, len(batch)) - 1])
                self.answer()
            first += len(batch)
        self.socket.close()


def delivered(lines, most, name):
    c = Collector("--operation-timeout", "24h", name=name)
    Sender(c.intake, "by-hand").deliver(lines, most)
    report = c.report()
    check(report["intake"].get("unexplained", 0) == 0, report["intake"])
    c.stop()
    return numbers(report)


def shifted(line, delta):
    r = json.loads(line)
    for key in ("ts", "timestamp"):
        if key in r:
            at = datetime.datetime.fromisoformat(r[key].replace("Z", "+00:00"))
            r[key] = (at + delta).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    return json.dumps(r)


def published(lines, name):
    c = Collector("--operation-timeout", "24h", name=name)
    socket = publisher(c.events)
    for line in lines:
        socket.send_string(line)
    wait_for("all records", lambda: sum_of(c.report()["intake"]) >= len(lines))
    report = c.report()
    socket.close()
    c.stop()
    return numbers(report)


def sum_of(intake):
    return intake["accepted"] + intake["duplicates"] + sum(intake["rejected"].values())


for name in NAMES:
    lines = records(name)
    once = delivered(lines, 1, f"{name}-once")
    for turn in range(2):
        again = delivered(lines, 3, f"{name}-again{turn}")
        check(once == again, name, "batches sent up to three times change the numbers:",
              once[:400], again[:400])
    for days in (-30, 30):
        moved = [shifted(line, datetime.timedelta(days=days)) for line in lines]
        check(published(moved, f"{name}{days}") == once, name, days,
              "days change the numbers")
    print(f"{name}: {len(lines)} records, the same once, repeated and a month off")
