#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Who sends more than its rate is held to it and named, on both ports; nobody else is."""
import glob
import json
import os
import signal
import subprocess
import time

import zmq

from harness import SLOW, Collector, check, publisher, record, run, scratch, start, wait_for


def emitter(report, name):
    rows = [e for e in report["emitters"] if e["emitter"] == name]
    check(len(rows) == 1, "one row of", name, report["emitters"])
    return rows[0]


def sender(report, name):
    rows = [s for s in report["senders"] if s["sender"] == name]
    check(len(rows) == 1, "one row of", name, report["senders"])
    return rows[0]


def counted(report):
    i = report["intake"]
    return i["accepted"] + i["duplicates"] + sum(i["rejected"].values()) + i["lost"]


# ---- the open port: what is too much is refused ---------------------------------------

FLOOD, CALM, NAMELESS = 30000, 150, 2000
folder = f"{scratch}/journal"
c = Collector("--emitter-rate", "100", "--journal", folder)
flood, other, calm = (publisher(c.events) for _ in range(3))
for i in range(1, FLOOD + 1):
    flood.send_string(record(emitter="flood", seq=i, operation_id=f"f{i}"))
    other.send_string(record(emitter="other", seq=i, operation_id=f"o{i}"))
    if i % (FLOOD // CALM) == 0:
        calm.send_string(record(emitter="calm", seq=i * CALM // FLOOD, operation_id=f"c{i}"))
for i in range(NAMELESS):
    flood.send_string(record(operation_id=f"n{i}"))
offered = 2 * FLOOD + CALM + NAMELESS
wait_for("all to be counted", lambda: counted(c.report()) >= offered, 60)
report = c.report()
intake = report["intake"]
refused = intake["rejected"]["over_rate"]
check(counted(report) == offered, "offered", offered, intake)
check(intake["accepted"] + refused == offered and intake["lost"] == 0, intake)
check(report["attempts"]["total"] == intake["accepted"], "refused are in no rate", report["attempts"])
check(report["operations"]["started"] == intake["accepted"], report["operations"])
for name in ("flood", "other"):
    row = emitter(report, name)
    check(row["received"] == FLOOD and row["lost"] == 0 and row["duplicates"] == 0, row)
    # Two seconds' worth, and that of the time it took.
    check(FLOOD / 2 < row["over_rate"] <= FLOOD - 200, row)
    check(row["refused"] == row["over_rate"] and row["limited"], row)
row = emitter(report, "calm")
check(row["received"] == CALM and row["refused"] == row["lost"] == 0 and not row["limited"], row)
row = emitter(report, None)
check(row["received"] == NAMELESS and row["over_rate"] > 0, row)
check(sum(e["over_rate"] for e in report["emitters"]) == refused, report["emitters"])
samples = [r["reason"] for r in report["refused"]]
check("over_rate" in samples, samples)
for said in ("emitter flood sends more than 100 records a second", "emitter other sends"):
    wait_for("the log to say " + said, lambda s=said: s in c.log(), 15)
code, text, _ = run("report", "-c", c.query)
check(code == 0 and "over_rate" in text and "flood" in text, text)

# Another flood leaves what is wrong with others in sight.
calm.send_string(record(emitter="calm", seq=CALM + 1, attempt="one"))
wait_for("the broken one", lambda: "bad_type" in [r["reason"] for r in c.report()["refused"]])
for i in range(FLOOD + 1, FLOOD + 3001):
    flood.send_string(record(emitter="flood", seq=i))
offered += 3001
wait_for("the second flood", lambda: counted(c.report()) == offered, 60)
check("bad_type" in [r["reason"] for r in c.report()["refused"]], "the sample was washed away")

# All of it outlives a restart, and so does a number that was refused.
before = c.report()
wait_for("the journal", lambda: c.report()["journal"]["state"] == "ok")
check(c.log().count("emitter flood") == 1, "said more than once", c.log())
c.stop()
marks = 0
for path in glob.glob(folder + "/*"):
    data = subprocess.run(["zstd", "-dcq", path], stdout=subprocess.PIPE).stdout \
        if path.endswith(".zst") else open(path, "rb").read()
    marks += data.count(b'#{"refused":"over_rate"')
refused = before["intake"]["rejected"]["over_rate"]
check(0 < marks < refused / 3, marks, "marks for", refused)
c.start()
after = c.report()
for key in ("accepted", "rejected", "duplicates", "lost"):
    check(after["intake"][key] == before["intake"][key], key, after["intake"])
for name in ("flood", "other", "calm", None):
    check(emitter(after, name)["over_rate"] == emitter(before, name)["over_rate"], name)
    check(emitter(after, name)["received"] == emitter(before, name)["received"], name)
c.stop()
print(f"open port: {refused} of {offered} refused, {marks} marks in the journal")
code, text, err = run("replay", folder, "--report", "json")
check(code == 0, err)
check(json.loads(text)["intake"]["rejected"] == before["intake"]["rejected"], "a replay counts the same")

# ---- acknowledged: nothing is refused, answers are held back; a flood beside it -------

RATE = 5000
config = f"{scratch}/limits.conf"
with open(config, "w") as f:
    f.write(f"[limits]\nemitter_rate = {RATE}\nemitter_burst = 200ms\n")
c = Collector("--config", config)
HELLO = {"version": 1, "emitter": "calm", "epoch": 1, "first_seq": 1, "count": 0,
         "offered": 0, "dropped": 0}


def dealer(name):
    s = zmq.Context.instance().socket(zmq.DEALER)
    s.setsockopt(zmq.LINGER, 0)
    s.setsockopt(zmq.SNDHWM, 0)
    s.connect(c.intake)
    say(s, emitter=name)
    check(s.poll(10000 * SLOW), "HELLO is not answered")
    s.recv()
    return s


def say(s, body=b"", **fields):
    s.send_multipart([json.dumps(dict(HELLO, **fields)).encode(), body])


sent, waits, shouted = 0, [], 0
calm, open_calm, loud = dealer("calm"), publisher(c.events), publisher(c.events)


def send_calm():
    """One record, acknowledged; how long that took.  One more on the open port, in a flood."""
    global sent, shouted
    sent += 1
    for _ in range(1500 if sent % 5 == 0 else 0):  # more than its burst
        shouted += 1
        loud.send_string(record(emitter="loud", seq=shouted, operation_id=f"loud{shouted}"))
    open_calm.send_string(record(emitter="open", seq=sent, operation_id=f"open{sent}"))
    began = time.monotonic()
    say(calm, record(operation_id=f"calm{sent}").encode(), first_seq=sent, count=1, offered=sent)
    check(calm.poll(10000 * SLOW), "the calm one is not answered")
    check(json.loads(calm.recv())["acked"] == sent, "the calm one is answered with less")
    waits.append(time.monotonic() - began)
    time.sleep(0.005)


# Our own client, with all it has: 20 000 records, of which 1 000 are free.
COUNT = 20000
lines = "\n".join(record(operation_id=f"e{i}") for i in range(COUNT)).encode()
path = f"{scratch}/lines.jsonl"
with open(path, "wb") as f:
    f.write(lines + b"\n")
began = time.monotonic()
emit = start("emit", "--intake", c.intake, "--timeout", "120", path, stdout=subprocess.PIPE,
             stderr=subprocess.STDOUT)
was_limited = False
while emit.poll() is None:
    send_calm()
    if len(waits) % 20 == 0:
        was_limited = was_limited or any(s["limited"] for s in c.report()["senders"])
took = time.monotonic() - began
check(emit.returncode == 0, emit.stdout.read())
report = c.report()
theirs = [s for s in report["senders"] if s["sender"] != "calm"]
check(len(theirs) == 1, "a sender of its own came back", report["senders"])
check(theirs[0]["taken"] == COUNT and theirs[0]["unexplained"] == 0, theirs)
check(theirs[0]["held"] > 0 and was_limited, "it was not limited", theirs)
check(took > (COUNT - 1000) / RATE * 0.9, "it was faster than its rate", took)
wait_for("all of the open port", lambda: counted(c.report()) == COUNT + 2 * sent + shouted, 60)
report = c.report()
row = emitter(report, "loud")
check(row["over_rate"] > 0 and row["lost"] == 0 and row["received"] == shouted, row)
check(report["intake"]["accepted"] == COUNT + 2 * sent + shouted - row["over_rate"], report["intake"])
check(sum(report["intake"]["rejected"].values()) == row["over_rate"], report["intake"])
row = emitter(report, "open")
check(row["received"] == sent and row["refused"] == row["lost"] == 0, row)
check(report["intake"]["duplicates"] == 0 and report["overflow"]["senders"] == 0, report["intake"])
alerts = {a["what"] for a in report["alerts"] if a["alert"] == "over_rate"}
check(alerts == {"loud"}, "who is named by an alert", report["alerts"])
wait_for("its name in the log", lambda: f"sender {theirs[0]['sender']} sends more" in c.log(), 15)
print(f"own client: {COUNT / took:.0f}/s at {RATE}/s allowed, {theirs[0]['held']} answers held; "
      f"beside it and {shouted / took:.0f}/s on the open port {len(waits)} answers, median {sorted(waits)[len(waits) // 2] * 1000:.1f} ms, "
      f"worst {max(waits) * 1000:.0f} ms")

# One that listens to nobody: it is not taken in beyond a bound, and may go on behind it.
waits.clear()
hostile = dealer("hostile")
body = b"\n".join(record(operation_id="h").encode() for _ in range(100))
began = time.monotonic()
for i in range(1000):
    say(hostile, body, emitter="hostile", first_seq=1 + 100 * i, count=100, offered=100 * (i + 1))
    if i % 50 == 0:
        send_calm()
while time.monotonic() - began < 2:
    send_calm()
report = c.report()
took = time.monotonic() - began
row = sender(report, "hostile")
check(row["taken"] <= 1000 + 16384 + 100 + RATE * took, row, took)
check(row["limited"] and row["unexplained"] == 0, row)
check(row["offered"] == row["taken"] + row["in_flight"], row)
check(sender(report, "calm")["held"] == 0, sender(report, "calm"))
# Its burst is answered at once, all else by one answer; then it is heard again.
acked = 0
while acked < 1000 + 16384:
    check(hostile.poll(20000 * SLOW), "the held answer", acked)
    acked = json.loads(hostile.recv())["acked"]
check(acked == sender(c.report(), "hostile")["taken"], "not all that was taken", acked)
say(hostile, body, emitter="hostile", first_seq=acked + 1, count=100, offered=100000)
check(hostile.poll(20000 * SLOW), "an answer to what is sent again")
check(json.loads(hostile.recv())["acked"] == acked + 100, "what is sent again")
print(f"hostile: {acked} taken of 100000; beside it {len(waits)} answers, "
      f"worst {max(waits) * 1000:.0f} ms")

# Another limit, while it runs.
with open(config, "w") as f:
    f.write("[limits]\nemitter_rate = 0\n")
c.signal(signal.SIGHUP)
wait_for("the reload", lambda: "reloaded" in c.log())
for i in range(50):
    say(hostile, body, emitter="hostile", first_seq=acked + 101 + 100 * i, count=100, offered=100000)
wait_for("all at once", lambda: sender(c.report(), "hostile")["taken"] == acked + 5100)
wait_for("the rest", lambda: counted(c.report()) == COUNT + 2 * sent + shouted + acked + 5100, 60)
report = c.report()
row = emitter(report, "open")
check(row["received"] == sent and row["refused"] == row["lost"] == 0, row)
check(report["intake"]["accepted"] == COUNT + 2 * sent + acked + 5100 +
      shouted - emitter(report, "loud")["over_rate"], report["intake"])
c.stop()
