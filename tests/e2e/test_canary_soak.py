#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""A canary that runs for long: 32 targets of the fault gateway, sound and failing.  Nothing
grows, every request is an event, turns keep their interval and its jitter, and a 429 is
never answered sooner than it asks.  Some 200 probes; RT_FULL=1: ten thousand."""
import collections
import datetime
import json
import os
import re
import socket
import statistics
import threading
import time

from harness import IS_ASAN, SLOW, Collector, check, scratch, start, wait_for

FULL = os.environ.get("RT_FULL") == "1"
PER_TARGET = 320 if FULL else 6
INTERVAL_S, JITTER = 1.0, 0.2
ASKED_S = 2.0

# model: (targets, what the gateway does with it, settings)
MODELS = {
    "sound": (8, None, ""),
    "streamed": (6, None, "stream = yes"),
    "answers": (4, None, "surface = responses\nstream = yes"),
    "down": (2, "status=503 rate=0.5", ""),
    "reset": (2, "fault=reset rate=0.5", ""),
    "cut": (2, "fault=stream_reset rate=0.5", "stream = yes"),
    "broken": (2, "fault=malformed rate=0.5", ""),
    "stuck": (1, "fault=stall hold=30s rate=0.3", "stream = yes\nidle_timeout = 300ms"),
    "large": (1, "fault=long_line rate=0.5", "stream = yes"),
    # Their traffic goes by a relay that notes the time; the second kind tries again itself.
    "wait": (2, f"status=429 retry_after={ASKED_S:.0f} rate=0.5", ""),
    "again": (2, f"status=429 retry_after={ASKED_S:.0f} rate=0.5",
              "retry = full\nbase = 50ms\nretry_budget = 100%"),
}
COUNT = sum(n for n, *_ in MODELS.values())


# ---- a relay that sees what is on the wire ------------------------------------------------


class Relay:
    """Hands bytes to and fro; notes when requests came and when a 429 went back."""

    def __init__(self, to):
        self.to, self.log = to, []
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.url = "http://127.0.0.1:%d" % self.listener.getsockname()[1]
        threading.Thread(target=self.serve, daemon=True).start()

    def serve(self):
        while True:
            client, _ = self.listener.accept()
            server = socket.create_connection(self.to)
            for a, b, first, what in ((client, server, b"POST ", "asked"), (server, client, b"HTTP/1.1 429", "refused")):
                threading.Thread(target=self.pump, args=(a, b, first, what), daemon=True).start()

    def pump(self, a, b, first, what):
        try:
            while data := a.recv(65536):
                if data.startswith(first):
                    # Before the bytes go on: a 429 is not known sooner than this.
                    self.log.append((time.monotonic(), what))
                b.sendall(data)
            b.shutdown(socket.SHUT_WR)
        except OSError:
            a.close()
            b.close()


# ---- the programs ------------------------------------------------------------------------

out = open(f"{scratch}/url", "w+")
rules = [w for model, (_, rule, _) in MODELS.items() if rule for w in ("--fault", f"model={model} {rule}")]
gateway = start("gateway", "--listen", "127.0.0.1:0", *rules, stdout=out)


def read_url():
    out.seek(0)
    return out.read().strip()


url = wait_for("the gateway's URL", read_url)
host, port = url[7:].split(":")
relays, sections = {}, []
for model, (count, _, settings) in MODELS.items():
    for i in range(count):
        base = url
        if model in ("wait", "again"):
            relays[f"{model}-{i}"] = Relay((host, int(port)))
            base = relays[f"{model}-{i}"].url
        sections.append(f"[canary {model}-{i}]\nbase_url = {base}\nmodel = {model}\nkey = none\nservice = {model}\n"
                        f"interval = {INTERVAL_S:.0f}s\njitter = {JITTER:.0%}\nmax_per_minute = 120\n"
                        f"max_per_run = {PER_TARGET}\nmax_tokens_per_day = 100000000\n{settings}\n")
with open(f"{scratch}/soak.conf", "w") as f:
    f.write("\n".join(sections))
collector = Collector()
log, ready = f"{scratch}/canary.json", os.pipe()
with open(log, "w") as stdout, open(f"{scratch}/canary.err", "w") as stderr:
    canary = start("canary", "--config", f"{scratch}/soak.conf", "--json", "--intake", collector.intake,
                   "--ready-fd", str(ready[1]), pass_fds=[ready[1]], stdout=stdout, stderr=stderr)
canary.log_path = f"{scratch}/canary.err"
os.close(ready[1])
check(os.read(ready[0], 1), "the canary did not start")
began = time.time()


def status(pid):
    """(resident KiB, threads, descriptors: open, or the room for them)"""
    try:
        with open(f"/proc/{pid}/status") as f:
            text = f.read()
        number = {k: int(v) for k, v in re.findall(r"^(\w+):\s+(\d+)", text, re.M)}
    except OSError:
        return None
    try:
        fds = len(os.listdir(f"/proc/{pid}/fd"))
    except OSError:  # opaque to all but root
        fds = number["FDSize"]
    return number["VmRSS"], number["Threads"], fds


watched = {"canary": canary, "gateway": gateway, "collector": collector.child}
samples = collections.defaultdict(list)
while canary.poll() is None:
    for name, child in watched.items():
        s = status(child.pid)
        if s and s[0]:
            samples[name].append(s)
    check(time.time() - began < (900 if FULL else 60) * SLOW, "the canary does not come to its end")
    try:
        canary.wait(1 if FULL else 0.2)
    except Exception:  # still running
        pass
took = time.time() - began
check(canary.returncode == 0, "the canary ended with", canary.returncode)

# ---- every request is an event ------------------------------------------------------------

with open(log) as f:
    rows = [json.loads(line) for line in f]
rows = [r for r in rows if "event" in r]
attempts = sum(r["attempts"] for r in rows)
check(attempts == COUNT * PER_TARGET, "attempts", attempts)


def served():
    import urllib.request
    with urllib.request.urlopen(url + "/__faults", timeout=10 * SLOW) as answer:
        return json.loads(answer.read())


told = served()
check(told["requests"] == attempts, "requests on the wire", told["requests"], "attempts", attempts)
report = wait_for("every event in the report", lambda: (
    lambda d: d["intake"]["synthetic"] == attempts and d)(collector.report()))
check(report["intake"]["accepted"] == attempts, report["intake"])
failed = collections.Counter()
for r in rows:
    failed[r["event"]["model_requested"]] += (r["error_class"] != "none") + (r["attempts"] - 1)
induced = {x["rule"].split()[0][6:]: x["induced"] for x in told["rules"]}
check(all(failed[m] == induced.get(m, 0) for m in MODELS), "failed", failed, "induced", induced)

# ---- nothing grows -----------------------------------------------------------------------

figures = []
for name, s in samples.items():
    # The beginning fills pools, arenas and tables to their size.
    warm = s[len(s) // (10 if FULL else 3):]
    kib = warm[-1][0] - warm[0][0]
    figures.append(f"{name} {warm[0][0]} -> {warm[-1][0]} KiB, {max(x[1] for x in warm)} threads, "
                   f"{warm[0][2]} -> {warm[-1][2]} descriptors")
    # A thread that resolves a name comes and goes.
    check(max(x[1] for x in s) <= min(x[1] for x in s) + (COUNT if name == "canary" else 1), name, "threads")
    check(warm[-1][1] <= warm[0][1] + 1, name, "threads", warm[0], warm[-1])
    check(max(x[2] for x in warm) <= COUNT + 40, name, "descriptors", max(x[2] for x in warm))
    # The collector fills the tables that its configuration gives it.
    if FULL and not IS_ASAN and name != "collector":
        check(kib < 1024, name, "grew by KiB", kib)

# ---- turns keep their time ----------------------------------------------------------------


def at(r):
    e = r["event"]
    end = datetime.datetime.fromisoformat(e["ts"].replace("Z", "+00:00")).timestamp()
    return end - e["elapsed_ms"] / 1e3, end


turns = collections.defaultdict(list)
for r in rows:
    turns[r["target"]].append(at(r))
firsts = [t[0][0] - began for name, t in turns.items() if not name.startswith("again")]
check(max(firsts) - min(firsts) > 0.3 * JITTER * INTERVAL_S, "all began in step", firsts)
gaps = [b[0] - a[1] for name, t in turns.items() if name.split("-")[0] not in ("wait", "again")
        for a, b in zip(t, t[1:])]
# Time stamps are read a little after the end of what they tell of.
check(min(gaps) > (1 - JITTER) * INTERVAL_S - 0.05, "a turn too soon, s", min(gaps))
check(statistics.median(gaps) < (1 + JITTER) * INTERVAL_S * SLOW, "turns too late, s", statistics.median(gaps))
check(min(gaps) < 0.9 * INTERVAL_S * SLOW and max(gaps) > 1.1 * INTERVAL_S, "no jitter", min(gaps), max(gaps))

# ---- a 429 is answered when it asked ------------------------------------------------------

waits = []
for name, relay in relays.items():
    events = sorted(relay.log)
    refused = None
    for when, what in events:
        if what == "refused":
            refused = when
        elif refused is not None:
            waits.append(when - refused)
            refused = None
check(len(waits) >= PER_TARGET // 3, "429s that were met", len(waits))
check(min(waits) >= ASKED_S, "asked again too soon, s", min(waits))
print(f"ok: {attempts} probes in {took:.0f} s; " + "; ".join(figures) +
      f"; turns {min(gaps):.3f} to {max(gaps):.3f} s, median {statistics.median(gaps):.3f}; first turns over "
      f"{1000 * (max(firsts) - min(firsts)):.0f} ms; {len(waits)} waits after a 429 asking {ASKED_S:.0f} s: "
      f"{min(waits):.4f} to {max(waits):.3f} s")
