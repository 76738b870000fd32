#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Dashboards that are stopped, as by Ctrl-Z, while traffic goes on cost the collector no
memory: it grows as one does that gets the same records and that nobody looks at.  Once they
go on they are served again."""
import ctypes
import fcntl
import os
import pty
import select
import signal
import struct
import subprocess
import sys
import termios
import threading
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../e2e"))
from harness import (IS_ASAN, PROGRAM, SLOW, Collector, check, children, record,  # noqa: E402
                     scratch, start, wait_for)

FULL = os.environ.get("RT_FULL") == "1"
VIEWERS, STOPPED_S = (50, 600) if FULL else (8, 3)
MOST_KIB = 1024
SERVICES = 100

PR_SET_THP_DISABLE = 41  # of Linux: a huge page would hide what is looked for

ctypes.CDLL(None).prctl(PR_SET_THP_DISABLE, 1, 0, 0, 0)
# A table of operations that is full at once, so that little else can make it grow.
with open(f"{scratch}/small.conf", "w") as conf:
    conf.write("[capacity]\noperations = 1024\n")
c = Collector("--config", f"{scratch}/small.conf")
alone = Collector("--config", f"{scratch}/small.conf")
emits = [start("emit", "--intake", to.intake, stdin=subprocess.PIPE, stderr=subprocess.DEVNULL)
         for to in (c, alone)]
sent = 0
is_over = threading.Event()


def feed():
    """A hundred records every 50 ms."""
    global sent
    while not is_over.wait(0.05):
        lines = b"".join(record(operation_id=f"o{n}", service=f"s{n % SERVICES}").encode() + b"\n"
                         for n in range(sent, sent + 100))
        sent += 100
        for emit in emits:
            emit.stdin.write(lines)
            emit.stdin.flush()
    for emit in emits:
        emit.stdin.close()


feeder = threading.Thread(target=feed)
feeder.start()


class Dashboard:
    def __init__(self):
        self.master, slave = pty.openpty()
        fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 80, 0, 0))
        self.child = subprocess.Popen(
            [PROGRAM, "watch", "-c", c.query], stdin=slave, stdout=slave,
            start_new_session=True,
            env={**os.environ, "TERM": "xterm-256color", "XDG_STATE_HOME": scratch})
        children.append(self.child)
        os.close(slave)
        os.set_blocking(self.master, False)
        self.bytes = 0

    def read(self):
        while select.select([self.master], [], [], 0)[0]:
            try:
                self.bytes += len(os.read(self.master, 65536))
            except OSError:
                break
        return self.bytes


try:
    dashboards = [Dashboard() for _ in range(VIEWERS)]
    wait_for("every dashboard to show something",
             lambda: all([d.read() > 2000 for d in dashboards]), 60)
    for to in (c, alone):
        wait_for("the table to be full", lambda to=to: to.accepted() > 20000, 120)
    for d in dashboards:
        d.child.send_signal(signal.SIGSTOP)
    counted = c.accepted()
    before = [to.rss_kib() for to in (c, alone)]
    begun = time.monotonic()
    wait_for("the time they are stopped",
             lambda: time.monotonic() - begun > STOPPED_S, STOPPED_S + 60)
    grown, anyway = [to.rss_kib() - b for to, b in zip((c, alone), before)]
    counted = c.accepted() - counted
    for d in dashboards:
        d.read()
        d.bytes = 0
        d.child.send_signal(signal.SIGCONT)
    wait_for("every dashboard to go on", lambda: all([d.read() > 0 for d in dashboards]), 30)
    for d in dashboards:
        os.write(d.master, b"Q")
    wait_for("every dashboard to end", lambda: all(
        [(d.read(), d.child.poll() is not None)[1] for d in dashboards]), 10 * SLOW)
finally:
    is_over.set()
    feeder.join()
check(IS_ASAN or grown - anyway < MOST_KIB, "the collector grew by", grown, "KiB, the other by",
      anyway)
check(counted > 0, "no traffic meanwhile")
for emit in emits:
    check(emit.wait(60) == 0, "emit ended with", emit.returncode)
c.stop()
alone.stop()
print(f"{VIEWERS} dashboards stopped for {STOPPED_S} s, {counted} records meanwhile: "
      f"the collector grew by {grown} KiB, one without any by {anyway}")
