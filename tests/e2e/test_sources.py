#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""The same log gives the same numbers however it is kept: plain or compressed, in a file
or on standard input, in pieces, in any text form, replayed or emitted; and a log that
is followed gives every record once."""
import glob
import gzip
import json
import os
import re
import shutil
import signal
import subprocess
import sys

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))) + "/reference")
from harness import (SLOW, VECTORS, Collector, check, record, run, scratch,  # noqa: E402
                     start, wait_for)
import model  # noqa: E402

KEYS = ("intake", "attempts", "operations", "rates", "decisions", "fallbacks",
        "violations")
# Nothing ends by silence, so the pace of the log does not matter.
TIMEOUT = ("--operation-timeout", "86400")


def numbers(report):
    """What must be equal, without what depends on names and order."""
    n = {key: report[key] for key in KEYS}
    n["fallbacks"] = sorted(map(json.dumps, n["fallbacks"]))
    n["violations"] = {v["rule"]: v["count"] for v in n["violations"]}
    return n


def same(way, got, want):
    for key in KEYS:
        check(got[key] == want[key], way, key, "\n got ", got[key], "\n want", want[key])


def replay(*paths, **options):
    code, out, err = run("replay", "--report", "json", *TIMEOUT, *paths, **options)
    check(code == 0, "replay", paths, code, err)
    return numbers(json.loads(out))


def emit(collector, *args, **options):
    code, _, err = run("emit", "--intake", collector.intake, "--timeout", "20",
                       *args, **options)
    check(code == 0, "emit", args, code, err)


def intake_total(collector):
    n = collector.report()["intake"]
    return n["accepted"] + n["duplicates"] + sum(n["rejected"].values())


def write(name, content):
    path = f"{scratch}/{name}"
    with open(path, "wb") as f:
        f.write(content)
    return path


def zstd(content):
    """None where the tool is not there."""
    if not shutil.which("zstd"):
        return None
    return subprocess.run(["zstd", "-qc"], input=content, stdout=subprocess.PIPE,
                          check=True).stdout


def pieces(text):
    """The records in turn to two files; those of one moment stay in one, as equal times
    are read in the order of the files."""
    halves, moment = [[], []], None
    for line in text.splitlines(keepends=True):
        found = re.search(rb'\b(?:ts|timestamp)"?[:=] ?"([^"]+)', line)
        if not found or found[1] != moment:
            halves.reverse()
        moment = found and found[1]
        halves[0].append(line)
    return [b"".join(half) for half in halves]


# ---- at rest -----------------------------------------------------------------------

vectors = sorted(glob.glob(f"{VECTORS}/*.jsonl") + glob.glob(f"{VECTORS}/*.logfmt"))
check(len(vectors) >= 7, "vectors", vectors)
packers = [("gzip", gzip.compress), ("zstd", zstd)]
for path in vectors:
    name = os.path.basename(path)
    with open(path, "rb") as f:
        text = f.read()
    want = replay(path)
    check(want["intake"]["accepted"] > 0, name, "nothing was read")
    same(f"{name} on standard input", replay("-", input=text), want)
    odd, even = pieces(text)
    parts = [write("odd.log", odd), write("even.log", even)]
    same(f"{name} in two files", replay(*parts), want)
    for packer, pack in packers:
        packed = pack(text)
        if packed is None:
            continue
        # The name says nothing: the first bytes do.
        same(f"{name} {packer}", replay(write("packed.log", packed)), want)
        same(f"{name} {packer} on standard input", replay("-", input=packed), want)
        same(f"{name} {packer} members",
             replay(write("packed.log", pack(odd) + pack(even))),
             replay(write("plain.log", odd + even)))
        parts = [write("odd.log", pack(odd)), write("even.log", even)]
        same(f"{name} {packer} and plain", replay(*parts), want)
print(f"{len(vectors)} logs plain, gzip, zstd, on standard input and in pieces")
if not shutil.which("zstd"):
    print("not with zstd: the zstd command is not there")

# ---- broken ------------------------------------------------------------------------

text = b"".join(record(operation_id=os.urandom(32).hex()).encode() + b"\n"
                for _ in range(5000))
for packer, pack in packers:
    packed = pack(text)
    if packed is None:
        continue
    cut = write("cut.bin", packed[:-len(packed) // 3])
    code, out, err = run("replay", "--report", "json", cut)
    check(code == 74, packer, "cut: exit", code)
    size = os.path.getsize(cut)
    check(f"{cut}: {packer} data ends too soon, at byte {size} of the file" in err, err)
    check(json.loads(out)["intake"]["accepted"] > 0, packer, "nothing of it counted")
    broken = bytearray(packed)
    broken[len(broken) // 2:len(broken) // 2 + 64] = bytes(64)
    code, out, err = run("replay", "--report", "json", write("bad.bin", broken))
    check(code == 74, packer, "damaged: exit", code)
    check(re.search(rf"bad.bin: {packer} data is damaged at byte \d+ of the file", err), err)
    check(json.loads(out)["intake"]["accepted"] > 0, packer, "nothing of it counted")



def peak_kib(path):
    """The report and the peak memory of a replay."""
    child = start("replay", "--report", "json", path, stdout=subprocess.PIPE,
                  stderr=subprocess.DEVNULL)
    out = child.stdout.read()
    _, status, usage = os.wait4(child.pid, 0)
    child.returncode = os.waitstatus_to_exitcode(status)
    check(status == 0, path, status)
    return json.loads(out), usage.ru_maxrss


# A bomb costs time, never memory.
_, usual = peak_kib(write("usual.log", record().encode()))
for packer, pack in packers:
    # Members, as a peak of this process would be counted as its child's.
    bomb = pack(b"x" * 1_000_000)
    if bomb is None:
        continue
    bomb = bomb * 400 + pack(b"\n" + record().encode() + b"\n")
    report, peak = peak_kib(write("bomb.bin", bomb))
    n = report["intake"]
    check(n["accepted"] == 1 and n["rejected"]["too_large"] == 1, packer, n)
    check(peak < usual + 16 * 1024 * SLOW, packer, "bomb:", peak, "KiB, usual:", usual)
    print(f"{packer}: {len(bomb)} bytes of bomb, {peak - usual} KiB more than usual")

# ---- emitted -----------------------------------------------------------------------


def as_pretty(o):
    return json.dumps(o, indent=1)


def as_block(o):
    return "".join(f"{k}: {v}\n" for k, v in o.items()) + "---"


def as_quoted_block(o):
    return "".join(f'{k}="{v}"\n' for k, v in o.items())


def as_logfmt(o):
    return " ".join(f'{k}="{v}"' for k, v in o.items())


def rewritten(text, form):
    """Each record that can be said in the form, in it; the others as they are."""
    out = []
    for line in text.split(b"\n"):
        try:
            o = model.parse(line)
        except model.Rejected:
            o = None
        flat = o and all(isinstance(v, (str, int, float, bool)) for v in o.values())
        if not o or (form is not as_pretty and not flat):
            out.append(line)
            continue
        if form is not as_pretty:
            o = {k: v if isinstance(v, str) else json.dumps(v) for k, v in o.items()}
        out.append(b"\n" + form(o).encode() + b"\n")
    return b"\n".join(out)


def compare_live(way, path, *args, **options):
    replayed = replay(path, *args)
    collector = Collector(*TIMEOUT)
    emit(collector, *args, **options)
    live = numbers(collector.report())
    same(way, live, replayed)
    collector.stop()


for path in vectors:
    name = os.path.basename(path)
    with open(path, "rb") as f:
        text = f.read()
    want = replay(path)
    ways = [("file", [path], {}),
            ("gzip", [write("packed.log", gzip.compress(text))], {}),
            ("standard input", [], {"input": text}),
            ("gzip on standard input", ["-"], {"input": gzip.compress(text)}),
            ("two files", [write("odd.log", pieces(text)[0]),
                           write("even.log", pieces(text)[1])], {})]
    forms = [as_pretty]
    # A decision of `none` is no word in the text forms, so other shapes stay JSON.
    if name.split(".")[0] in ("retry", "runbook", "review"):
        forms += [as_block, as_quoted_block, as_logfmt]
    for form in forms if name.endswith(".jsonl") else []:
        formed = write(f"{form.__name__}.log", rewritten(text, form))
        same(f"{name} {form.__name__} replayed", replay(formed), want)
        ways.append((form.__name__, [formed], {}))
    for way, args, options in ways:
        collector = Collector(*TIMEOUT)
        emit(collector, *args, **options)
        same(f"{name} emitted, {way}:", numbers(collector.report()), want)
        collector.stop()
    print(f"{name}: emitted {len(ways)} ways")

# Review records that count from 0, JSON and logfmt, to a collector that counts from 1.
review = open(f"{VECTORS}/review.jsonl", "rb").read()
from_0 = re.sub(rb'("attempt_index": ?"?)(\d+)',
                lambda m: m[1] + str(int(m[2]) - 1).encode(), review)
check(from_0 != review, "no attempt_index in the log")
for form in (None, as_logfmt):
    path = write("from0.log", rewritten(from_0, form) if form else from_0)
    want = replay("--attempt-base", "0", path)
    same("attempts from 0", want, replay(f"{VECTORS}/review.jsonl"))
    collector = Collector(*TIMEOUT)
    emit(collector, "--attempt-base", "0", path)
    same("attempts from 0, emitted", numbers(collector.report()), want)
    collector.stop()

# What is refused is one refusal each, by the reason that a replay names, with file and line;
# its number is no loss; what must not be kept is counted, and stays here.
def refused_lines(text):
    """FILE:LINE: refused, REASON: SENTENCE, as both say it."""
    return re.findall(r"^(\S+:\d+): refused, (\w+): (.*)$", text, re.M)


def bad_attempt(seq, attempt):
    return {"event": "llm_call_attempt", "request_id": "r9", "attempt": str(attempt),
            "outcome": "success", "emitter": "e-1", "seq": seq}


hostile = b"\n\n".join([
    b'{"a":1}', b'{"a":\n 1}', b"x" * 20000, b"hello", b'ts: soon\nhello: 1',
    b'{"schema":"x"}', b'{\n"a":' + b"[" * 9 + b"]" * 9 + b"}",
    as_logfmt({"event": "llm_call_attempt", "request_id": "r1", "attempt": "1",
               "outcome": "success", "password": "hunter2"}).encode(),
    as_block({"event": "llm_call_attempt", "request_id": "r2", "attempt": "1",
              "outcome": "success", "error_type": "sk-0123456789abcdefghij"}).encode(),
    as_logfmt(bad_attempt(1, 1)).encode(), as_logfmt(bad_attempt(2, 0)).encode(),
    as_block(bad_attempt(3, "soon")).encode(), as_block(bad_attempt(4, -1)).encode(),
    json.dumps(bad_attempt(5, 1.5)).encode(),
    json.dumps(bad_attempt(6, 1), indent=1).replace("r9", "").encode(),
    as_logfmt(bad_attempt(6, 0)).encode(), as_logfmt(bad_attempt(7, 1)).encode()])
path = write("hostile.log", hostile)
collector = Collector("--journal", f"{scratch}/hostile.journal", *TIMEOUT)
code, replayed, told = run("replay", "--report", "json", *TIMEOUT, path)
check(code == 0, code, told)
code, _, err = run("emit", "--intake", collector.intake, "--timeout", "20", path)
check(code == 0 and refused_lines(err) == refused_lines(told), err, told)
check(len(refused_lines(told)) == 10, told)
check("and 2 more records refused" in told and "and 3 more records refused" in err, told, err)
report = collector.report()
live, want = numbers(report), numbers(json.loads(replayed))
for key in ("accepted", "duplicates", "rejected", "lost", "sensitive_dropped"):
    check(live["intake"][key] == want["intake"][key], key, live["intake"], want["intake"])
check(live["intake"]["accepted"] == 4 and live["intake"]["lost"] == 0 and
      live["intake"]["duplicates"] == 1, live["intake"])
check(live["violations"] == want["violations"], live["violations"], want["violations"])


def rows(r):
    return [(row["reason"], row["detail"], row["sample"], row["source"].split(", ")[0])
            for row in r["refused"]]


check(rows(report) == rows(json.loads(replayed)), rows(report), rows(json.loads(replayed)))
check(all(", intake " in row["source"] for row in report["refused"]), report["refused"])
for secret in ("hunter2", "sk-0123456789"):
    check(secret not in json.dumps(report), secret)
collector.stop()
code, out, err = run("replay", "--report", "json", *TIMEOUT, f"{scratch}/hostile.journal")
kept = json.loads(out)["intake"]
check({k: v for k, v in kept.items() if k != "sensitive_dropped"} ==
      {k: v for k, v in live["intake"].items() if k != "sensitive_dropped"}, kept, live["intake"])

code, _, err = run("emit", "--intake", "ipc://" + scratch + "/nobody", scratch)
check(code == 74 and "Is a directory" in err, code, err)
code, _, err = run("emit", "--intake", "ipc://" + scratch + "/nobody", "--follow",
                   write("packed.log", gzip.compress(b"x")))
check(code == 64 and "is compressed" in err, code, err)

# ---- followed ----------------------------------------------------------------------


def line(n):
    return record(operation_id=f"op-{n}").encode() + b"\n"


def append(path, content):
    with open(path, "ab") as f:
        f.write(content)


class Follower:
    def __init__(self, path, *args):
        self.collector = Collector(*TIMEOUT)
        self.child = start("emit", "--intake", self.collector.intake, "--follow", path,
                           *args, stderr=subprocess.PIPE)

    def reaches(self, n):
        wait_for(f"{n} records", lambda: self.collector.accepted() == n)

    def ends_with(self, n, rejected=0, number=signal.SIGTERM):
        self.child.send_signal(number)
        err = self.child.stderr.read().decode()
        check(self.child.wait(10 * SLOW) == 0, "emit ended with",
              self.child.returncode, err)
        check(f"acknowledged {n + rejected}\n" in err, err)
        report = self.collector.report()
        check(report["intake"]["accepted"] == n, report["intake"])
        check(sum(report["intake"]["rejected"].values()) == rejected, report["intake"])
        # Every record once: each is an operation of its own.
        check(report["operations"]["started"] == n, report["operations"])
        self.collector.stop()


# Not there yet, appended to, a line in two halves, blocks, an object in pieces.
path = f"{scratch}/app.log"
f = Follower(path)
append(path, line(1) + line(2))
f.reaches(2)
append(path, line(3)[:40])
append(path, line(3)[40:] + line(4)[:-1])
f.reaches(3)
append(path, b"\n")
f.reaches(4)
block = as_block({"event": "llm_call_attempt", "request_id": "op-5", "attempt": "1",
                  "outcome": "success"}).encode()
append(path, block[:30])
append(path, block[30:-3])      # nothing parts it from the next: quiet does
f.reaches(5)
pretty = json.dumps(json.loads(line(6)), indent=1).encode()
append(path, b"\n" + pretty[:50])
append(path, pretty[50:] + b"\n")
f.reaches(6)

# Replaced at once, with late lines to the old file; then many times in a row.
old = open(path, "ab", buffering=0)
os.rename(path, path + ".1")
append(path, line(7))
old.write(line(8))
f.reaches(8)
n = 8
for turn in range(5):
    os.rename(path, f"{path}.{turn + 2}")
    append(path, b"".join(line(n + i) for i in range(1, 4)))
    n += 3
    f.reaches(n)
# Renamed and gone for a while.
os.rename(path, path + ".9")
append(path + ".9", line(n + 1))
f.reaches(n + 1)
append(path, line(n + 2))
f.reaches(n + 2)
n += 2
# Copied and truncated; then emptied and filled past where it was, unseen.
os.truncate(path, 0)
append(path, line(n + 1))
f.reaches(n + 1)
with open(path, "r+b") as g:
    g.write(b"".join(line(n + i) for i in range(2, 6)))
f.reaches(n + 5)
n += 5
# A last line without its end is not sent.
append(path, line(n + 1)[:-1])
f.ends_with(n, number=signal.SIGINT)

# From the end: what is there is passed over, also the half line that is still written.
path = write("end.log", line(1) + line(2) + line(3)[:20])
f = Follower(path, "--from", "end")
wait_for("the file to be open", lambda: any(
    os.path.realpath(x) == path for x in glob.glob(f"/proc/{f.child.pid}/fd/*")))
append(path, line(3)[20:] + line(4))
f.reaches(2)
f.ends_with(2)

# A collector that is away for longer than the timeout: following waits.
path = write("wait.log", b"".join(line(i) for i in range(3000)))
f = Follower(path, "--timeout", "0.2")
f.reaches(3000)
f.collector.signal(signal.SIGKILL)
f.collector.child.wait()
append(path, b"".join(line(3000 + i) for i in range(3000)))
f.collector.start()
f.reaches(3000)
f.child.send_signal(signal.SIGTERM)
check(f.child.wait(10 * SLOW) == 0, "emit ended with", f.child.returncode)
f.collector.stop()

# Standard input that stays open: lines go out as they come, a signal ends it.
collector = Collector(*TIMEOUT)
child = start("emit", "--intake", collector.intake, stdin=subprocess.PIPE,
              stderr=subprocess.PIPE)
child.stdin.write(line(1) + line(2) + b'{"a"')
child.stdin.flush()
wait_for("2 records", lambda: collector.accepted() == 2)
child.send_signal(signal.SIGTERM)
check(child.wait(10 * SLOW) == 0, "emit ended with", child.returncode)
check("acknowledged 2\n" in child.stderr.read().decode(), "not 2")
collector.stop()
print("followed: appended, replaced, truncated, from the end, through an outage")
