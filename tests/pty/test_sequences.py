#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Who has never seen the screen finds, with the keys that it names: the worst route, why its
operations fall back, one operation's waterfall, and which client breaks policy.

Every key was on the screen before it is typed: in the line of keys, or as the number of a
panel.  What is read is the screen as a terminal would show it."""
import datetime
import os
import re
import sys
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [HERE, HERE + "/../e2e"]
from harness import SLOW, Collector, check, record, run, scratch  # noqa: E402
from screen import Screen  # noqa: E402
from test_lifecycle import Session  # noqa: E402

MOST_KEYS = 9
PATIENCE_S = 20 * SLOW
NAMED = {"\r": "Enter", "\t": "Tab"}
START = time.time() - 40


def attempt(at_s, elapsed_ms, operation, number, **fields):
    ended = datetime.datetime.fromtimestamp(START + at_s, datetime.timezone.utc)
    return ended.isoformat(), record(ts=ended.isoformat(), operation_id=operation,
                                     attempt=number, elapsed_ms=elapsed_ms, **fields)


def fine(i):
    yield attempt(i * 0.5, 120 + i, f"fine-{i}", 1, service="checkout",
                  model_requested="m-small")


def falls_back(i):
    """Retried after a planned wait, handed to another model, lost one time in four."""
    at, backoff = i * 0.8, 300 + 13 * i
    where = {"service": "search", "http_route": "/v1/responses"}
    failed = {"http_response_status_code": 503, "model_requested": "m-large", **where}
    yield attempt(at, 250, f"back-{i}", 1, decision="retry_same", backoff_ms=backoff,
                  decision_reason="http_503", **failed)
    at += backoff / 1000 + 0.26
    yield attempt(at, 250, f"back-{i}", 2, decision="fallback_secondary",
                  decision_reason="http_503", fallback_target="m-backup", **failed)
    last = ({"http_response_status_code": 429, "decision": "abort_error"} if i % 4 == 0
            else {"decision": "none"})
    yield attempt(at + 0.4, 380, f"back-{i}", 3, model_requested="m-backup", **where, **last)


def breaks_policy(i):
    where = {"service": "batch", "http_route": "/v1/embeddings", "model_requested": "m-mini"}
    at = i * 0.9
    yield attempt(at, 40, f"rude-{i}", 1, http_response_status_code=401,
                  decision="retry_same", backoff_ms=500 + 17 * i, **where)
    yield attempt(at + 0.7 + 0.017 * i, 40, f"rude-{i}", 2, **where)


def send(collector, *stories):
    records = sorted(r for story, count in stories for i in range(count) for r in story(i))
    code, _, err = run("emit", "--intake", collector.intake,
                       input="\n".join(line for _, line in records).encode() + b"\n")
    check(code == 0, "emit", err)


class Reader:
    """Somebody in front of a terminal."""

    def __init__(self, collector, rows, cols):
        self.session = Session(["watch", "-c", collector.query], scratch, rows, cols)
        self.screen = Screen(rows, cols)
        self.fed = self.keys = 0
        self.footers = set()  # lines of keys; a sentence may take their place for a while
        self.say = f"{cols}x{rows}"

    def look(self):
        self.session.read(0.05)
        self.screen.feed(self.session.seen[self.fed:])
        self.fed = len(self.session.seen)
        check(not self.screen.unknown, "a sequence that is not ours:", self.screen.unknown)
        check(not self.screen.invisible, "without a width:", self.screen.invisible)
        self.footers.add(self.screen.line(self.screen.rows - 1) + " ")
        return self.screen.text()

    def sees(self, *patterns):
        """Until all of them are on one screen."""
        deadline = time.monotonic() + PATIENCE_S
        while True:
            text = self.look()
            missing = [p for p in patterns if not re.search(p, text)]
            if not missing:
                return
            check(time.monotonic() < deadline, f"{self.say}: not on the screen:", missing,
                  "\n" + text)

    def is_named(self, key):
        if key.isdigit():
            return re.search(rf"(?m)(^|\W){key} [A-Z][a-z]+ ", self.screen.text())
        return any(f" {NAMED.get(key, key)} " in line for line in self.footers)

    def types(self, key):
        self.look()
        check(self.is_named(key), f"{self.say}: nothing says that there is a key", repr(key),
              "\n" + self.screen.text())
        self.session.type(key.encode())
        self.keys += 1
        check(self.keys <= MOST_KEYS, "too many keys")

    def leaves(self):
        self.session.type(b"Q")
        check(self.session.await_end(5.0 * SLOW) == 0, "it did not end well")
        self.look()
        check(not self.screen.modes & {"?1049", "?1000", "?2026"} and
              "?25" in self.screen.modes, "left behind:", self.screen.modes)


def worst_route(r, _):
    r.types("!")
    r.sees(r"search \S*responses\S* m-large: 10 of 40 operations failed",
           r"(?m)^>search .*m-large")


def why_it_falls_back(r, small):
    for key in "\t\t" if small else "6":
        r.types(key)
        r.sees(r">\d [A-Z]")
    if not small:
        r.types("z")
    r.sees(r">6 Fallback", r"m-large +> m-backup +http_503 +40\b")


def one_waterfall(r, _):
    r.types("!")
    r.sees(r"(?m)^>search .*m-large")
    r.types("\r")
    r.sees(r">.*Z +back-\d+ ", r"n Next op")
    r.types("\r")
    r.sees(r"a1 m-large .*#503#.* 250ms", r"backoff .*~.* \d\d\dms", r"fallback .*>",
           r"a3 m-backup", r"backoff planned \d+ +observed \d+",
           r"2 +fallback_secondary +http_503 ", r"\[ok\] waits")


def who_breaks_policy(r, small):
    for key in "\t\t\t" if small else "7":
        r.types(key)
        r.sees(r">\d [A-Z]")
    r.sees(r">7 Policy", r">retry-after-auth-failure +25\b")
    r.types("\r")
    r.sees(r"rule retry-aft\S*failure", r">.*Z +rude-\d+ ")
    r.types("\r")
    r.sees(r"(?m)^ rude-\d+ .* batch ", r"a1 m-mini ", r"a2 m-mini ",
           r"retry_same +\(auth\) +401 ", r"broke +retry-after-auth-failure")


def ask(collector, question, rows, cols):
    r = Reader(collector, rows, cols)
    try:
        r.sees(r"LIVE", r"checkout", r">4 Routes")
        question(r, cols < 110)
        print(f"ok   {r.say} {question.__name__}: {r.keys} keys")
        r.leaves()
    finally:
        r.session.clean_up()


def main():
    collector = Collector()
    send(collector, (fine, 60), (falls_back, 40))
    for rows, cols in ((24, 80), (40, 120)):
        for question in (worst_route, why_it_falls_back, one_waterfall):
            ask(collector, question, rows, cols)
    send(collector, (breaks_policy, 25))
    for rows, cols in ((24, 80), (40, 120)):
        ask(collector, who_breaks_policy, rows, cols)
    collector.stop()


if __name__ == "__main__":
    main()
