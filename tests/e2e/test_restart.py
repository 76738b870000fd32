#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""The collector is killed and started again under load; the books still balance."""
import os
import signal
import subprocess
import threading

from harness import IS_ASAN, Collector, check, record, start, wait_for

COUNT = int(os.environ.get("RT_COUNT", "10000" if IS_ASAN else "200000"))
KILLS = 5


def feed(pipe, gate):
    """Each gate lets a share of the records through."""
    share = COUNT // (KILLS + 1)
    for first in range(0, COUNT, share):
        gate.acquire()
        for i in range(first, min(first + share, COUNT)):
            pipe.write(record(operation_id=f"op-{i}").encode() + b"\n")
    pipe.close()


def sender_of(report):
    return report["senders"][0] if report["senders"] else None


c = Collector(name="killed")
emit = start("emit", "--intake", c.intake, "--timeout", "60", stdin=subprocess.PIPE)
gate = threading.Semaphore(1)
threading.Thread(target=feed, args=(emit.stdin, gate), daemon=True).start()
killed_at = []
for _ in range(KILLS):
    taken = wait_for("records to be taken in", lambda: c.accepted(), 30)
    gate.release()
    c.signal(signal.SIGKILL)
    c.child.wait()
    killed_at.append(taken)
    c.start()
gate.release()
check(emit.wait(120) == 0, "emit ended with", emit.returncode)
report = c.report()
sender = sender_of(report)
check(sender["offered"] == COUNT, "offered", sender)
check(sender["dropped"] == 0 and sender["in_flight"] == 0, sender)
check(sender["before"] + sender["taken"] == COUNT, sender)
check(sender["before"] > 0, "no collector but the last took anything", sender)
check(sender["unexplained"] == 0 and report["intake"].get("unexplained", 0) == 0, sender)
check(report["intake"]["accepted"] == sender["taken"], report["intake"], sender)
c.stop()
check("unexplained 0" in c.log().splitlines()[-1], c.log())
print(f"{COUNT} offered over {KILLS} kills (after {killed_at}), "
      f"{sender['before']} before, {sender['taken']} by the last, 0 unexplained")
