#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""A log that is walked through: a server of it, asked and steered as a dashboard does."""
import gzip
import itertools
import json
import os
import random
import signal
import subprocess

import zmq
from harness import SLOW, VECTORS, Collector, check, record, run, scratch, start, wait_for

LOGS = ("native", "retry", "runbook", "review", "decisions", "otel")
made = itertools.count(1)


class Viewer:
    """Asks an endpoint; commands are numbered and told until they are done."""

    def __init__(self, endpoint, number=1):
        self.socket = zmq.Context.instance().socket(zmq.DEALER)
        self.socket.setsockopt(zmq.LINGER, 0)
        self.socket.connect(endpoint)
        self.number, self.asked, self.seq = number, 0, 0

    def ask(self, *commands, **query):
        told = [{"seq": self.seq + i + 1, "do": verb, "value": value}
                for i, (verb, value) in enumerate(commands)]
        self.seq += len(told)
        query.setdefault("replay", {"viewer": self.number, "commands": told})
        self.asked += 1
        number = self.asked.to_bytes(8, "big")
        self.socket.send_multipart([number, json.dumps(query).encode()])
        check(self.socket.poll(20000 * SLOW), "no answer to", query)
        got, answer = self.socket.recv_multipart()
        check(got == number, "the answer to another question")
        return json.loads(answer)

    def go(self, *commands, **query):
        """Tell, and wait until it has come where it was sent."""
        answer = self.ask(*commands, **query)
        return wait_for(f"{commands} to be done", lambda: self.there(answer, query), 30)

    def there(self, answer, query):
        if answer["source"]["replay"]["seeking"]:
            answer.update(self.ask(**query))
            return None
        check(answer["source"]["replay"]["done"] == self.seq, "not all was done", answer)
        return answer


class Player(Viewer):
    """A server of logs and its first viewer."""

    def __init__(self, *args, **options):
        self.endpoint = f"ipc://{scratch}/player{next(made)}"
        ready, theirs = os.pipe()
        self.child = start("replay", "--query", self.endpoint, "--ready-fd", str(theirs),
                           *args, pass_fds=[theirs], stderr=subprocess.DEVNULL, **options)
        os.close(theirs)
        with os.fdopen(ready, "rb") as f:
            check(f.read(1), "the player did not start", args)
        super().__init__(self.endpoint)

    def at_end(self):
        return wait_for("the end", lambda: next(
            (r for r in [self.ask()] if r["source"]["replay"]["at_end"]), None), 30)

    def stop(self):
        self.child.send_signal(signal.SIGTERM)
        check(self.child.wait(10 * SLOW) == 0, "it ended with", self.child.returncode)


def place(report):
    return report["source"]["replay"]["record"], report["source"]["now"]


def same(what, got, want):
    """All but where the report comes from."""
    for key in want:
        if key != "source":
            check(got[key] == want[key], what, key, "\n got ", got[key], "\n want", want[key])
    for key in ("kind", "window_s", "from", "to", "name", "now", "last_event_age_ms"):
        check(got["source"][key] == want["source"][key], what, key, got["source"], want["source"])


def whole(*paths):
    code, out, err = run("replay", "--report", "json", *paths)
    check(code == 0, "replay", paths, code, err)
    return json.loads(out)


def the_end_is_the_report():
    """At any speed, by any way, and again."""
    for name in LOGS:
        path = f"{VECTORS}/{name}.jsonl"
        want = whole(path)
        p = Player("--speed", "max", path)
        p.at_end()
        same(f"{name} at full speed", p.ask(), want)
        p.go(("seek", 0))
        p.ask(("speed", 1000), ("pause", 0))
        p.at_end()
        same(f"{name} at 1000, again", p.ask(), want)
        for _ in range(3):
            p.go(("violation", -1))
        for _ in range(5):
            p.go(("step", random.randint(1, 20)))
        p.go(("move", 10 ** 13))
        same(f"{name} in steps", p.ask(), want)
        p.stop()


def several_files_and_packed_ones():
    with open(f"{VECTORS}/native.jsonl", "rb") as f:
        lines = f.readlines()
    paths = [f"{scratch}/{name}" for name in ("odd.log.gz", "even.log")]
    for path, part in zip(paths, (lines[::2], lines[1::2])):
        with (gzip.open if path.endswith("gz") else open)(path, "wb") as f:
            f.writelines(part)
    p = Player("--speed", "max", *paths)
    p.at_end()
    same("two files, one packed", p.ask(), whole(*paths))
    p.stop()


def a_journal():
    folder = f"{scratch}/journal"
    c = Collector("--journal", folder)
    with open(f"{VECTORS}/native.jsonl", "rb") as f:
        code, _, err = run("emit", "--intake", c.intake, stdin=f)
    check(code == 0, "emit", err)
    code, _, err = run("emit", "--intake", c.intake, input=b'{"refused": 1}\n')
    check(code == 0, "emit", err)
    c.stop()
    p = Player("--speed", "max", folder)
    p.at_end()
    check(sum(whole(folder)["intake"]["rejected"].values()) == 1, "the one refused")
    same("a journal", p.ask(), whole(folder))
    p.stop()


def an_incident():
    """Ten minutes of calm, then one that retries what was refused; calm again."""
    path = f"{scratch}/incident.jsonl"
    with open(path, "w") as f:
        for second in range(0, 1200, 2):
            bad = 600 <= second < 630
            ts = f"2026-06-13T12:{second // 60:02}:{second % 60:02}.000Z"
            rest = {"http_response_status_code": 401, "decision": "retry_same",
                    "decision_reason": "x", "backoff_ms": 10} if bad else {}
            print(record(ts=ts, operation_id=f"op{second}", **rest), file=f)
    return path


def walked_through():
    path = an_incident()
    p = Player("--paused", path)
    r = wait_for("the log to be measured", lambda: next(
        (r for r in [p.ask()] if r["source"]["replay"]["measured"]), None))
    replay = r["source"]["replay"]
    check(replay["first"] == "2026-06-13T12:00:00.000Z" and replay["records"] == 600 and
          replay["last"] == "2026-06-13T12:19:58.000Z", "measured", replay)
    check(sum(replay["timeline"]) == 600 and sum(replay["timeline_failed"]) == 15,
          "the line of time", replay)
    check(place(r) == (0, "2026-06-13T12:00:00.000Z"), "held at the first record", place(r))

    # To the first violation; its operation can be opened there.
    r = p.go(("violation", 1), tail={"max": 5})
    replay = r["source"]["replay"]
    check(place(r) == (301, "2026-06-13T12:10:00.000Z") and replay["paused"], place(r))
    check(replay["operation_id"] == "op600" and replay["rule"] == "retry-after-auth-failure",
          "what it stopped at", replay)
    check(json.loads(r["tail"]["events"][-1])["operation_id"] == "op600", "the newest event")
    r = p.ask(operation="op600")
    check(len(r["operation"]["events"]) == 1, r["operation"])
    check(sum(v["count"] for v in r["violations"]) == 1, "one so far", r["violations"])

    # A window follows the clock of the log; back and forth gives the same.
    r = p.go(("seek", 1781352615000000), window_s=60)
    check(place(r)[1] == "2026-06-13T12:10:15.000Z" and r["attempts"]["total"] == 30,
          r["attempts"])
    at = {k: r[k] for k in r if k != "source"}
    p.go(("seek", 1781352000000000))
    r = p.go(("seek", 1781352615000000), window_s=60)
    check({k: r[k] for k in r if k != "source"} == at, "another way, other numbers")

    # Back to the one before, past the last one, and to the end.
    r = p.go(("violation", -1))
    check(place(r) == (308, "2026-06-13T12:10:14.000Z"), "the violation before", place(r))
    r = p.go(*[("violation", 1)] * 8)
    check(place(r) == (362, "2026-06-13T12:12:02.000Z") and
          r["source"]["replay"]["rule"] == "missing-terminal-record" and
          r["source"]["replay"]["operation_id"] == "op600", "silence", place(r))
    here = place(p.go(("seek", 1781353190000000)))
    r = p.go(("violation", 1))
    check(place(r) == here and r["source"]["replay"]["said"] == "no violation further on",
          "none further on", place(r), r["source"]["replay"])
    p.ask(("speed", 0), ("pause", 0))
    same("walked to the end", p.at_end(), whole(path))
    p.stop()


def time_passes_at_its_speed():
    p = Player("--speed", "100", "--paused", an_incident())
    first = p.ask(("pause", 0))["source"]["now"]
    wait_for("the clock to move", lambda: p.ask()["source"]["now"] > first)
    p.ask(("pause", 1))
    held = place(p.ask())
    check(held[0] < 600, "1200 s at 100 a second were over at once", held)
    check(all(place(p.ask()) == held for _ in range(20)), "it does not hold")
    p.ask(("speed", 1000), ("pause", 0))
    p.at_end()
    p.stop()


def seen_by_several():
    p = Player("--paused", an_incident())
    other = Viewer(p.endpoint, number=2)
    p.go(("step", 5))
    check(place(other.ask())[0] == 5, "two viewers, two places")
    # The same number from another viewer is another command; repeated, it is not.
    other.go(("step", 1))
    check(place(p.ask())[0] == 6, "the other viewer's step")
    again = {"viewer": 2, "commands": [{"seq": 1, "do": "step", "value": 1}]}
    other.ask(replay=again)
    check(place(p.ask())[0] == 6, "a repeated question steps twice")
    code, out, err = run("report", "-c", p.endpoint, "--format", "json")
    check(code == 0 and json.loads(out)["intake"]["accepted"] == 6, "report -c", code, err)
    p.stop()


def refused_by_name():
    c = Collector()
    live = Viewer(c.query)
    r = live.ask(("pause", 1))
    check(r["schema"] == "retrytop-error/v1" and r["where"] == "replay" and
          "live" in r["error"], "a live collector", r)
    c.stop()
    p = Player(an_incident())
    r = p.ask(("speed", 5000))
    check(r["schema"] == "retrytop-error/v1" and "0 to 1000" in r["error"], "too fast", r)
    r = p.ask(replay={"viewer": 1, "commands": [{"seq": 1, "do": "dance", "value": 0}]})
    check("pause" in r["error"] and "violation" in r["error"], "no such command", r)
    p.stop()
    for args, want in ((["--speed", "0"], 64), (["--speed", "1001"], 64), (["--speed", "fast"], 64),
                       (["--report", "json"], 64)):
        code, _, err = run("replay", "--query", f"ipc://{scratch}/none", *args, an_incident())
        check(code == want and err, args, code, err)
    code, _, err = run("replay", "--query", f"ipc://{scratch}/none", f"{scratch}/none.log")
    check(code == 74 and "cannot be read" in err, "no such file", code, err)
    code, out, err = run("replay", an_incident())
    check(code == 0 and "replay" in out, "without a terminal: as text", code, err)


def broken_logs_are_told():
    path = f"{scratch}/cut.gz"
    with open(an_incident(), "rb") as f:
        packed = gzip.compress(f.read())
    with open(path, "wb") as f:
        f.write(packed[:-20])
    p = Player("--speed", "max", path)
    r = p.at_end()
    check("cut.gz" in (r["source"]["replay"]["trouble"] or ""), "trouble", r["source"]["replay"])
    p.stop()


the_end_is_the_report()
several_files_and_packed_ones()
a_journal()
walked_through()
time_passes_at_its_speed()
seen_by_several()
refused_by_name()
broken_logs_are_told()
left = [f for f in os.listdir(scratch) if f.startswith("player")]
check(not [f for f in left if not f.endswith(".lock")], "left behind", left)
print(f"{len(LOGS)} logs played, one incident walked through")
