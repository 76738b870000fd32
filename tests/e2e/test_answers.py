#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""A large answer is made in pieces while events come in: all its numbers are of one moment,
whoever asks small things does not wait for it, and nothing that happens in its midst harms."""
import json
import os
import signal
import threading

import zmq

from harness import SLOW, Collector, check, publisher, record, scratch, wait_for

SERIES, ANSWERS, VIEWERS = 1500, 25, 24
CONTEXT = zmq.Context.instance()


class Viewer:
    def __init__(self, collector):
        self.socket = CONTEXT.socket(zmq.DEALER)
        self.socket.setsockopt(zmq.LINGER, 0)
        self.socket.connect(collector.query)

    def ask(self, number, **query):
        self.socket.send_multipart([number.to_bytes(8, "big"), json.dumps(query).encode()])

    def answer(self):
        check(self.socket.poll(20000 * SLOW), "no answer")
        number, body = self.socket.recv_multipart()
        return int.from_bytes(number, "big"), json.loads(body)

    def close(self):
        self.socket.close(linger=0)


def adds_up(report, name):
    """What the series say together is what the totals say."""
    rows = report["series"]
    check(len(rows) == report["series_total"], name, "has not all rows")
    for group, key in (("attempt_counts", "total"), ("attempt_counts", "no_status"),
                       ("operations", "started"), ("operations", "ended")):
        total = report["attempts" if group == "attempt_counts" else group][key]
        parts = sum(r[group][key] for r in rows)
        check(parts == total, name, key, parts, "in series,", total, "in all")
    for which, total in report["latency_ms"].items():
        parts = sum(r["latency_ms"][which]["count"] for r in rows)
        check(parts == total["count"], name, which, parts, total["count"])
    for r in rows[:50]:
        check(sum(r["attempt_counts"]["by_class"].values()) == r["attempt_counts"]["total"],
              name, r["labels"])
    return report["attempts"]["total"]


class Flood(threading.Thread):
    """Events of all series, without end, from a thread of its own."""

    def __init__(self, collector):
        super().__init__(daemon=True)
        self.socket = publisher(collector.events)
        self.is_over = threading.Event()

    def run(self):
        n = 0
        while not self.is_over.wait(0.001):
            for _ in range(max(1, 20 // SLOW)):  # less than it can take in
                self.socket.send_string(record(
                    operation_id=f"op-{n}", service=f"s-{n * 7919 % SERIES}",
                    elapsed_ms=n % 900 + 1.5, ttft_ms=n % 70 + 1))
                n += 1

    def end(self):
        self.is_over.set()
        self.join()
        self.socket.close()


def under_intake_every_answer_adds_up(c, viewer):
    seen = []
    for n in range(ANSWERS):
        viewer.ask(n, **({"window": "5m"}, {"window": "1m", "sort": "p95"}, {})[n % 3])
        number, report = viewer.answer()
        check(number == n, "the answer to", number, "not", n)
        seen.append(adds_up(report, f"answer {n}"))
    check(seen[-1] > seen[2] > 0, "nothing came in meanwhile", seen)
    viewer.ask(1, window="5m", group=["http_route"])
    report = viewer.answer()[1]
    check(len(report["series"]) == 1, "one route, but", len(report["series"]))
    adds_up(report, "one group")


def small_questions_pass_large_ones(c, viewer):
    def a_small_one_is_not_last():
        for n in range(8):
            viewer.ask(n, window="5m")
        viewer.ask(99, no_series=True)
        numbers = [viewer.answer()[0] for _ in range(9)]
        passed = numbers.index(99) < 8
        numbers.remove(99)
        check(numbers == sorted(numbers), "large ones out of order", numbers)
        return passed

    # Where the small one is sent late, the large ones are answered by then.
    wait_for("a small one before a large one", a_small_one_is_not_last, 30)


def more_than_may_wait_are_answered_all(c, viewer):
    viewers = [Viewer(c) for _ in range(VIEWERS)]
    for n, v in enumerate(viewers):
        v.ask(n, window="5m", rows=30)
    viewers[3].close()
    for n, v in enumerate(viewers):
        if n != 3:
            number, report = v.answer()
            check(number == n and len(report["series"]) == 30, n, number)
            v.close()


def a_reload_in_the_midst_changes_no_answer(c, viewer):
    for n in range(6):
        viewer.ask(n, window="5m")
        c.signal(signal.SIGHUP)
    for n in range(6):
        adds_up(viewer.answer()[1], f"answer {n} of a reload")
    wait_for("the reloads", lambda: c.log().count("reloaded") >= 1)


def an_end_in_the_midst_is_an_end(c, viewer):
    for n in range(6):
        viewer.ask(n, window="5m")
    c.stop()
    check("ended: accepted" in c.log(), "no totals")


def main():
    path = f"{scratch}/retrytop.conf"
    with open(path, "w") as f:
        f.write("[capacity]\nsketch_chunks = 1000000\n")
    c = Collector("--config", path)
    flood = Flood(c)
    flood.start()
    wait_for("the series",
             lambda: c.report("--window", "all")["series_total"] == SERIES, 60)
    viewer = Viewer(c)
    for test in (under_intake_every_answer_adds_up, small_questions_pass_large_ones,
                 more_than_may_wait_are_answered_all,
                 a_reload_in_the_midst_changes_no_answer,
                 an_end_in_the_midst_is_an_end):
        test(c, viewer)
        print("ok", test.__name__)
    flood.end()
    os.remove(path)


main()
