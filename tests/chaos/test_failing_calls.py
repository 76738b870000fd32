#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Each call by which a journal reaches the disk fails once, and for a while: the collector
takes records in and acknowledges them, says what was not journalled, and goes on writing
as soon as it can."""
import errno
import json
import os
import shutil
import struct
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../e2e"))
from harness import (IS_ASAN, PROGRAM, Collector, check, record, run,  # noqa: E402
                     scratch, start, wait_for)

if IS_ASAN:
    print("calls cannot be made to fail below a sanitizer")
    sys.exit(77)
FULL = os.environ.get("RT_FULL") == "1"
PRELOAD = os.path.join(os.path.dirname(PROGRAM), "chaos/preload.so")
BATCHES, SIZE = 8, 100

# Small segments: all that happens to one happens often.
with open(f"{scratch}/small.conf", "w") as conf:
    conf.write("[journal]\nsegment_bytes = 65536\n")


def number(path):
    with open(path, "rb") as f:
        return struct.unpack("=q", f.read(8))[0]


def life(call, first, count, error):
    """A collector whose call fails; how often the call was made."""
    name = f"{call}-{first}-{count}-{error}"
    folder, calls = f"{scratch}/{name}.journal", f"{scratch}/{name}.calls"
    with open(calls, "wb") as f:
        f.write(bytes(8))
    c = Collector("--journal", folder, "--config", f"{scratch}/small.conf", name=name,
                  env={"LD_PRELOAD": PRELOAD, "RT_CHAOS_CALLS": calls,
                       "RT_CHAOS_FAIL": f"{call}:{first}:{count}:{error}"})
    emit = start("emit", "--intake", c.intake, stdin=subprocess.PIPE,
                 stderr=subprocess.DEVNULL)
    for batch in range(BATCHES):
        for i in range(SIZE):
            op = f"{batch}-{i}"
            emit.stdin.write(record(operation_id=op).encode() + b"\n")
        emit.stdin.flush()
        wait_for("a batch to be taken in", lambda: c.accepted() >= (batch + 1) * SIZE)
    emit.stdin.close()
    check(emit.wait() == 0, name, "emit ended with", emit.returncode)
    sent = BATCHES * SIZE
    r = c.report()
    check(r["intake"]["accepted"] == sent and r["intake"]["unexplained"] == 0, name, r)
    check(r["journal"]["written"] + r["journal"]["not_journalled"] == sent, name, r["journal"])
    c.stop()
    code, out, err = run("replay", folder, "--report", "json")
    if code == 74 and r["journal"]["written"] == 0 and not any(
            n.startswith("segment-") for n in os.listdir(folder)):
        return number(calls), sent
    check(code == 0, name, code, err)
    read = json.loads(out)
    # What is said to be written is there; more may be, where only the last word failed.
    check(r["journal"]["written"] <= read["intake"]["accepted"] <= sent, name,
          r["journal"], read["intake"], err)
    check(read["intake"]["late"] == 0, name, read["intake"])
    shutil.rmtree(folder)
    return number(calls), r["journal"]["not_journalled"]


tried = 0
missed = 0
for call, errors in {"pwrite": [errno.EIO, errno.ENOSPC], "fsync": [errno.EIO],
                     "openat": [errno.EMFILE, errno.ENOSPC], "write": [errno.EIO], "renameat": [errno.EACCES]}.items():
    made, _ = life(call, 10**9, 1, errno.EIO)
    # The first two of a life open the journal: there a failure is a reason not to start.
    begin = {"openat": 3, "pwrite": 1, "fsync": 1}.get(call, 1)
    steps = range(begin, made + 1) if FULL else [begin, (begin + made) // 2, made]
    for first in sorted(set(steps)):
        if not begin <= first <= made:
            continue
        for error in errors if FULL else errors[:1]:
            for count in (1, 20) if FULL else (20,):
                missed += life(call, first, count, error)[1]
                tried += 1
    print(f"{call}: made {made} times in a life")
check(missed > 0, "no failure ever kept a record from the journal")
print(f"{tried} lives with failing calls; {missed} records not journalled, all told")
