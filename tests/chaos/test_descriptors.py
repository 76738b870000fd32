#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""More connections than a collector has descriptors: it stays up, what is connected goes on,
and once they are gone it takes new ones."""
import os
import resource
import socket
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../e2e"))
from harness import Collector, check, record, run, start, wait_for  # noqa: E402

LIMIT, STRANGERS = 96, 300


def port_of(collector, name):
    return int(collector.log().split(f"{name} tcp://127.0.0.1:")[1].split(",")[0].split(";")[0])


soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
resource.setrlimit(resource.RLIMIT_NOFILE, (LIMIT, hard))
c = Collector("--intake", "tcp://127.0.0.1:*")
resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
port = port_of(c, "intake")
endpoint = f"tcp://127.0.0.1:{port}"

# One that is there before, and stays.
early = start("emit", "--intake", endpoint, stdin=subprocess.PIPE)
early.stdin.write(record(operation_id="before").encode() + b"\n")
early.stdin.flush()
wait_for("the first record", lambda: c.accepted() == 1)


def descriptors():
    return len(os.listdir(f"/proc/{c.child.pid}/fd"))


quiet = descriptors()
strangers = [socket.create_connection(("127.0.0.1", port)) for _ in range(STRANGERS)]
wait_for("no descriptor to be left", lambda: descriptors() >= LIMIT - 2)
early.stdin.write(record(operation_id="meanwhile").encode() + b"\n")
early.stdin.flush()

check(c.child.poll() is None, "the collector ended with", c.child.returncode)
for s in strangers:
    s.close()
wait_for("the descriptors to come back", lambda: descriptors() <= quiet + 4, 30)
wait_for("the record sent meanwhile", lambda: c.accepted() == 2, 30)
code, _, err = run("emit", "--intake", endpoint, "--timeout", "20",
                   input=record(operation_id="after").encode() + b"\n")
check(code == 0, "emit", code, err)
early.stdin.close()
check(early.wait(30) == 0, "the early emitter ended with", early.returncode)
report = c.report()
check(report["intake"]["accepted"] == 3 and report["intake"]["unexplained"] == 0,
      report["intake"])
c.stop()
print(f"{STRANGERS} connections on {LIMIT} descriptors; 3 of 3 records taken in")
