#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Twenty thousand records a second for RT_SOAK_S seconds, with a journal that rotates and a
viewer: memory and descriptors stay flat once the tables are full, and the books balance.
The windows of the last hour fill for an hour: a little for each minute of them is allowed."""
import json
import os
import subprocess
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../e2e"))
from harness import IS_ASAN, PROGRAM, Collector, check, children, scratch, wait_for  # noqa: E402

FULL = os.environ.get("RT_FULL") == "1"
SECONDS = int(os.environ.get("RT_SOAK_S", "3600" if FULL else "6"))
RATE = 2000 if IS_ASAN else 20000
# Where a run is too short to fill the default tables, smaller ones are filled.
OPERATIONS = 1048576 if SECONDS >= 600 else 16384
WARM = 0.3   # of the time, until the tables are full and the journal rotates
GROWTH = 0.02
MINUTE_KIB = 64  # of windows: 24 were seen

with open(f"{scratch}/soak.conf", "w") as conf:
    conf.write(f"[capacity]\noperations = {OPERATIONS}\n[journal]\nkeep_bytes = 16777216\n"
               f"segment_bytes = {1 << 20 if SECONDS < 600 else 1 << 22}\n")
c = Collector("--journal", f"{scratch}/journal", "--config", f"{scratch}/soak.conf",
              "--operation-timeout", "10s")
emitter = subprocess.Popen(
    [os.path.join(os.path.dirname(PROGRAM), "chaos/emitter"), c.intake, "soak",
     str(RATE * SECONDS), str(RATE), str(4 << 20)], stdout=subprocess.PIPE)
children.append(emitter)

begun = time.monotonic()
samples = []
while emitter.poll() is None:
    wait_for("the next second", lambda: time.monotonic() - begun > len(samples)
             or emitter.poll() is not None)
    c.report("--window", "5m")
    samples.append((c.rss_kib(), len(os.listdir(f"/proc/{c.child.pid}/fd"))))
print("KiB each minute:", *[rss for rss, _ in samples[::60]])
said = json.loads(emitter.communicate()[0])
report = c.report()
check(said["flushed"] and said["in_flight"] == 0, said)
check(said["acknowledged"] + said["dropped"] == RATE * SECONDS, said)
check(report["intake"]["accepted"] == said["acknowledged"], report["intake"], said)
check(report["intake"]["unexplained"] == 0, report["intake"])
check(report["journal"]["not_journalled"] == 0, report["journal"])
flat = samples[int(len(samples) * WARM):]
rss = [s[0] for s in flat]
fds = [s[1] for s in flat]
allowed_kib = rss[0] * (1 + GROWTH) + MINUTE_KIB * min(SECONDS / 60, 60)
check(IS_ASAN or max(rss) <= allowed_kib, "memory grew:", rss[0], max(rss))
check(max(fds) - min(fds) <= 3, "descriptors:", min(fds), max(fds))
c.stop()
print(f"{SECONDS} s at {RATE}/s: {said['acknowledged']} acknowledged, {said['dropped']} dropped "
      f"by the emitter, slowest emit {said['slowest_us']} us; collector {rss[0] >> 10} to "
      f"{max(rss) >> 10} MiB, {min(fds)} to {max(fds)} descriptors")
