#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""A journal survives kills, damage and a full disk, and says exactly what is missing."""
import json
import os
import random
import re
import resource
import shutil
import signal
import subprocess
import sys
import threading

from harness import (IS_ASAN, PROGRAM, SLOW, Collector, check, children, publisher, record, run,
                     scratch, start, wait_for)

FULL = os.environ.get("RT_FULL") == "1"
KILLS = 100 if FULL else 20
COUNT = int(os.environ.get("RT_COUNT", "8000" if IS_ASAN else "1000000" if FULL else "200000"))
SEED = int(os.environ.get("RT_SEED", "1"))


def config(name, text):
    path = f"{scratch}/{name}.conf"
    with open(path, "w") as f:
        f.write(text)
    return path


def replay(*paths):
    code, out, err = run("replay", *paths, "--report", "json")
    check(code == 0, "replay", code, err)
    return out, err


def segments(folder):
    return sorted(n for n in os.listdir(folder) if n.startswith("segment-"))


def emitting(c, first, count, salt=lambda: ""):
    """An `emit` that is fed records of operations first … first + count - 1."""
    child = start("emit", "--intake", c.intake, "--timeout", "60", stdin=subprocess.PIPE,
                  stderr=subprocess.DEVNULL)

    def feed():
        for i in range(first, first + count):
            child.stdin.write(record(operation_id=f"op-{i}{salt()}").encode() + b"\n")
        child.stdin.close()

    threading.Thread(target=feed, daemon=True).start()
    return child


def holds_once(report, count):
    """Every operation has one record: a second one would be late, a lost one missing."""
    check(report["intake"]["accepted"] == count, "accepted", report["intake"], count)
    check(report["operations"]["started"] == count, "started", report["operations"])
    check(report["intake"]["late"] == 0, "late", report["intake"])
    check(report["intake"]["duplicates"] == 0, "duplicates", report["intake"])


def kills():
    dice = random.Random(SEED)
    folder = f"{scratch}/killed.journal"
    c = Collector("--journal", folder, "--config",
                  config("small", "[journal]\nsegment_bytes = 1000000\n"), name="journalled")
    share = COUNT // (KILLS + 1)
    for n in range(KILLS):
        emit = emitting(c, n * share, share)
        want = dice.randrange(share * 9 // 10)
        wait_for("records to be written",
                 lambda: c.report()["journal"]["written"] >= want or emit.poll() is not None, 60)
        c.signal(signal.SIGKILL)
        c.child.wait()
        c.start()
        check(emit.wait(60 * SLOW) == 0, "emit ended with", emit.returncode)
    count = share * KILLS
    r = c.report()
    check(r["journal"]["not_journalled"] == 0 and r["journal"]["state"] == "ok", r["journal"])
    check(r["intake"]["unexplained"] == 0, r["intake"])
    holds_once(r, count)
    holds_once(c.report("--window", "1h"), count)
    c.stop()
    out, _ = replay(folder)
    holds_once(json.loads(out), count)
    check(json.loads(out)["journal"]["dropped_on_read"] == 0, "dropped", out[:600])
    check(replay(folder)[0] == out, "two reports of one journal differ")
    print(f"{KILLS} kills (seed {SEED}), {count} records acknowledged, each there once in "
          f"{len(segments(folder))} segments")
    return folder, count


def damage(folder, count):
    names = segments(folder)
    check(any(n.endswith(".zst") for n in names), "none is compressed", names)
    dice = random.Random(SEED)
    dropped = 0
    for name in [names[0], names[len(names) // 2], names[-1]]:
        path = f"{folder}/{name}"
        with open(path, "r+b") as f:
            at = dice.randrange(200, os.path.getsize(path))
            f.seek(at)
            was = f.read(1)[0]
            f.seek(at)
            f.write(bytes([was ^ 1 << dice.randrange(8)]))
        out, err = replay(folder)
        r = json.loads(out)
        said = [int(n) for n in re.findall(r"at byte \d+: .*: (\d+) records? dropped", err)]
        check(name in err, "the damage of", name, "is not told", err)
        check(sum(said) == r["journal"]["dropped_on_read"], said, r["journal"])
        check(r["journal"]["dropped_on_read"] >= dropped, "nothing more is missing", err)
        dropped = r["journal"]["dropped_on_read"]
        holds_once(r, count - dropped)
    check(0 < dropped < count, "dropped", dropped)
    os.truncate(f"{folder}/{names[1]}", os.path.getsize(f"{folder}/{names[1]}") // 2)
    os.unlink(f"{folder}/{names[2]}")
    out, err = replay(folder)
    r = json.loads(out)
    check(r["journal"]["dropped_on_read"] > dropped, r["journal"])
    holds_once(r, count - r["journal"]["dropped_on_read"])
    print(f"damaged: {r['journal']['dropped_on_read']} of {count} records dropped, all told")


def what_was_dropped():
    """That a record held content or a credential is kept with it, and in no case the value."""
    folder = f"{scratch}/dropped.journal"
    c = Collector("--journal", folder, name="dropped")
    p = publisher(c.events)
    for i, more in enumerate(({"prompt": "my words"}, {"tenant": "sk-abcdefghijklmnop"},
                              {"a": {"b\n.secret": "hunter2"}}, {})):
        p.send_string(record(operation_id=f"d{i}", **more))
    wait_for("the records", lambda: c.accepted() == 4)

    def known(r):
        rules = {v["rule"]: v for v in r["violations"]}["sensitive-content"]
        return r["intake"]["sensitive_dropped"], rules["count"], \
            sorted(e["evidence"] for e in rules["examples"])

    before = known(c.report())
    check(before[:2] == (3, 3), before)
    wait_for("the journal", lambda: c.report()["journal"]["written"] == 4)
    c.signal(signal.SIGKILL)
    c.child.wait()
    kept = b"".join(open(f"{folder}/{n}", "rb").read() for n in segments(folder))
    for secret in (b"my words", b"sk-abc", b"hunter2"):
        check(secret not in kept, secret, "is in the journal")
    c.start()
    check(known(c.report()) == before, known(c.report()), before)
    c.stop()
    check(known(json.loads(replay(folder)[0])) == before, "a replay counts other", before)


def who_told_no_time():
    """When a record arrived is no time of its own, after a restart neither."""
    folder = f"{scratch}/timeless.journal"
    c = Collector("--journal", folder, name="timeless")
    p = publisher(c.events)
    for attempt in (1, 2):
        p.send_string(record(operation_id="t", attempt=attempt, http_response_status_code=503,
                             decision="retry_same", backoff_ms=60000, elapsed_ms=1))
    wait_for("the records", lambda: c.accepted() == 2)

    def rules(r):
        return {v["rule"]: v["count"] for v in r["violations"]}

    before = rules(c.report())
    check("backoff-not-applied" not in before, "two records in no time are judged", before)
    wait_for("the journal", lambda: c.report()["journal"]["written"] == 2)
    c.signal(signal.SIGKILL)
    c.child.wait()
    c.start()
    check(rules(c.report()) == before, rules(c.report()), before)
    c.stop()
    after = rules(json.loads(replay(folder)[0]))
    check("backoff-not-applied" not in after, "a replay judges", after)


def one_at_a_time():
    folder = f"{scratch}/one.journal"
    c = Collector("--journal", folder, name="one")
    code, _, err = run("collect", "--http", "off", "--events", f"ipc://{scratch}/two.events",
                       "--intake", "off", "--query", "off", "--journal", folder)
    check(code == 74 and "another collector" in err, code, err)
    c.stop()


def intake_goes_on(c, first, count, salt=lambda: ""):
    emit = emitting(c, first, count, salt)
    check(emit.wait(60 * SLOW) == 0, "emit ended with", emit.returncode)


def full(c, folder, fill, free, what):
    """Records are taken in and acknowledged while nothing can be written."""
    intake_goes_on(c, 0, 1000)
    check(c.report()["journal"]["not_journalled"] == 0, "not journalled too early")
    fill()
    intake_goes_on(c, 1000, 1000)
    r = c.report()["journal"]
    lost = r["not_journalled"]
    check(lost > 0 and r["written"] == 2000 - lost, r)
    check("cannot be written" in r["state"], r)
    code, out, _ = run("report", "-c", c.query)
    check(code == 0 and f"not journalled {lost}" in out, out)
    free()
    intake_goes_on(c, 2000, 1000)
    r = c.report()
    check(r["intake"]["accepted"] == 3000, r["intake"])
    check(r["journal"] == {"on": True, "written": 3000 - lost, "not_journalled": lost,
                           "dropped_on_read": 0, "state": "ok"}, r["journal"])
    out, err = replay(folder)
    holds_once(json.loads(out), 3000 - lost)
    check(json.loads(out)["journal"]["dropped_on_read"] == 0, err)
    print(f"{what}: {lost} of 3000 not journalled, all taken in")


def limited():
    folder = f"{scratch}/limited.journal"
    c = Collector("--journal", folder, name="limited")
    _, hard = resource.prlimit(c.child.pid, resource.RLIMIT_FSIZE)

    def limit(n):
        resource.prlimit(c.child.pid, resource.RLIMIT_FSIZE, (n, hard))

    full(c, folder, lambda: limit(0), lambda: limit(hard), "file size limit")
    c.stop()


def out_of_space():
    """On a disk of 1 MiB, in a mount namespace that goes with the collector."""
    wrapper = f"{scratch}/on_small_disk"
    disk = f"{scratch}/disk"
    os.mkdir(disk)
    with open(wrapper, "w") as f:
        f.write(f"#!/bin/sh\nmount -t tmpfs -o size=1m none {disk} || exit 77\n"
                f"exec {PROGRAM} \"$@\"\n")
    os.chmod(wrapper, 0o755)
    probe = subprocess.run(["unshare", "-m", wrapper, "version"], stdout=subprocess.DEVNULL,
                           stderr=subprocess.DEVNULL) if shutil.which("unshare") else None
    if not probe or probe.returncode:
        print("small disk: not tried, mounting is not allowed here")
        return
    c = Collector.__new__(Collector)
    folder = f"{disk}/journal"
    c.events, c.intake, c.query = (f"ipc://{scratch}/small.{n}" for n in ("e", "i", "q"))
    c.log_path = f"{scratch}/small.log"
    ready, theirs = os.pipe()
    with open(c.log_path, "a") as log:
        c.child = subprocess.Popen(
            ["unshare", "-m", wrapper, "collect", "--http", "off", "--events", c.events,
             "--intake", c.intake,
             "--query", c.query, "--journal", folder, "--ready-fd", str(theirs)],
            pass_fds=[theirs], stdin=subprocess.DEVNULL, stderr=log)
    children.append(c.child)
    c.child.log_path = c.log_path
    os.close(theirs)
    with os.fdopen(ready, "rb") as f:
        check(f.read(1), "the collector on the small disk did not start")
    inside = f"/proc/{c.child.pid}/root{disk}"

    def fill():
        with open(f"{inside}/filler", "wb", buffering=0) as f:
            try:
                while f.write(b"\0" * 4096):
                    pass
            except OSError:
                pass

    full(c, f"{inside}/journal", fill, lambda: os.unlink(f"{inside}/filler"), "small disk")
    c.stop()


def retention():
    folder = f"{scratch}/kept.journal"
    c = Collector("--journal", folder, "--config",
                  config("kept", "[journal]\nsegment_bytes = 65536\nkeep_bytes = 65536\n"),
                  name="kept")
    dice = random.Random(SEED)  # so that compression makes it no smaller than it may be
    intake_goes_on(c, 0, 5000, lambda: f"-{dice.getrandbits(400):x}")
    wait_for("old segments to go", lambda: not os.path.exists(
        f"{folder}/segment-{1:020}.rtj") and not os.path.exists(
        f"{folder}/segment-{1:020}.rtj.zst"), 30)
    c.stop()
    out, err = replay(folder)
    r = json.loads(out)
    check(0 < r["intake"]["accepted"] < 5000, r["intake"])
    print(f"retention: {r['intake']['accepted']} of 5000 kept")
    check(r["journal"]["dropped_on_read"] == 0, "what went by age or size is no damage", err)


def shrunk():
    """A collector that may keep less than the last one reads it all before that goes."""
    folder = f"{scratch}/shrunk.journal"
    c = Collector("--journal", folder, "--config",
                  config("much", "[journal]\nsegment_bytes = 65536\n"), name="much")
    count = 5000 if IS_ASAN else 30000
    dice = random.Random(SEED)  # as in retention
    intake_goes_on(c, 0, count, lambda: f"-{dice.getrandbits(400):x}")
    c.stop()
    c = Collector("--journal", folder, "--config",
                  config("less", "[journal]\nsegment_bytes = 65536\nkeep_bytes = 65536\n"),
                  name="less")
    r = c.report()
    check(r["journal"]["dropped_on_read"] == 0, "went while it was read", c.log())
    check(r["intake"]["accepted"] == count, r["intake"])
    intake_goes_on(c, count, 1000)
    before = len(segments(folder))
    wait_for("old segments to go", lambda: not any(
        n.startswith(f"segment-{1:020}.") for n in segments(folder)), 30)
    c.stop()
    print(f"shrunk: {count} read, then {len(segments(folder))} of {before} segments kept")


def what_is_not_kept():
    """Refused records and duplicates are counted, and their numbers no loss, whoever asks:
    the collector, the next one after a kill, a replay of the journal."""
    folder = f"{scratch}/marked.journal"
    c = Collector("--journal", folder, "--config",
                  config("marked", "[journal]\nsegment_bytes = 65536\n"), name="marked")

    def counted(r):
        return {**{k: r["intake"][k] for k in ("accepted", "duplicates", "rejected", "lost",
                                               "unexplained")},
                "emitters": [{k: e[k] for k in ("emitter", "received", "lost", "duplicates")}
                             for e in r["emitters"]],
                "violations": {v["rule"]: v["count"] for v in r["violations"]}}

    def sent(emitter, first, count):
        """Every third is refused, the fourth of each ten is missing, the fifth comes twice."""
        for seq in range(first, first + count):
            r = {"emitter": emitter, "seq": seq, "operation_id": f"{emitter}-{seq}"}
            if seq % 10 == 4:
                continue
            yield record(**r, attempt=0 if seq % 3 == 0 else 1)
            if seq % 10 == 5:
                yield record(**r)

    def both(what):
        want = counted(c.report())
        c.signal(signal.SIGKILL)
        c.child.wait()
        c.start()
        check(counted(c.report()) == want, what, counted(c.report()), want)
        out, err = replay(folder)
        check(counted(json.loads(out)) == want, what, "replayed", out, want, err)
        return want

    def emit(*lines):
        code, _, err = run("emit", "--intake", c.intake,
                           input=("\n".join(lines) + "\n").encode())
        check(code == 0, code, err)

    # A segment of nothing but marks is there after the next one began.
    emit("no json", '{"schema":"x"}')
    check(both("marks only")["rejected"] == {"not_json": 1, "unknown_schema": 1}, c.report())
    emit(*sent("a", 1, 3000), *sent("b", 5, 1000))
    ends = {"schema": "llm-operation/v1", "operation_id": "a-1", "final_outcome": "success"}
    emit(*(json.dumps({**ends, "emitter": "a", "seq": 3000 + n}) for n in (1, 2, 3)))
    got = both("many")
    check(got["lost"] == 300 + 99, got)
    check(got["duplicates"] == 300 + 100 + 2, got)
    check(got["violations"]["duplicate-summary"] == 1, got)
    check(got["accepted"] + got["duplicates"] + sum(got["rejected"].values()) ==
          2 + 3000 + 1000 + 3, got)
    # Only refused ones, over several restarts, and then the next.
    for n in range(3):
        emit(record(emitter="a", seq=3004 + n, attempt=0))
        check(both("one more")["lost"] == 399, n)
    emit(record(emitter="a", seq=3007, operation_id="the-next"))
    check(both("the next")["lost"] == 399, "the next")
    r = c.report()
    check(r["journal"]["not_journalled"] == 0 and r["journal"]["dropped_on_read"] == 0, r)
    c.stop()
    print(f"not kept, yet counted: {sum(got['rejected'].values())} refused, "
          f"{got['duplicates']} duplicates")


damage(*kills())
what_is_not_kept()
what_was_dropped()
who_told_no_time()
one_at_a_time()
limited()
out_of_space()
retention()
shrunk()
sys.exit(0)
