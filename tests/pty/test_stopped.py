#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""A dashboard that was stopped for a while shows nothing as fresh that it was told before."""
import fcntl
import json
import os
import pty
import select
import signal
import struct
import subprocess
import sys
import termios
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../e2e"))
from harness import (PROGRAM, SLOW, Collector, check, children, record, run,  # noqa: E402
                     scratch, wait_for)
import zmq  # noqa: E402

STOPPED_S = 4

# An answer as a collector gives it, with a service that takes other names: without a
# letter in common, since a screen is only sent what changes.
c = Collector()
code, _, err = run("emit", "--intake", c.intake,
                   input=record(service="SERVICE").encode() + b"\n")
check(code == 0, "emit", err)
ask = zmq.Context.instance().socket(zmq.DEALER)
ask.connect(c.query)
ask.send_multipart([bytes(8), json.dumps({"version": 1, "window_s": 300}).encode()])
check(ask.poll(10000), "no answer")
answer = ask.recv_multipart()[1]
check(b"SERVICE" in answer, answer[:400])
c.stop()

server = zmq.Context.instance().socket(zmq.ROUTER)
server.bind(f"ipc://{scratch}/query")
master, slave = pty.openpty()
fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 80, 0, 0))
dashboard = subprocess.Popen(
    [PROGRAM, "watch", "-c", f"ipc://{scratch}/query"], stdin=slave, stdout=slave,
    start_new_session=True,
    env={**os.environ, "TERM": "xterm-256color", "LC_ALL": "C.UTF-8",
         "XDG_STATE_HOME": scratch})
children.append(dashboard)
os.set_blocking(master, False)
seen = b""


def read():
    global seen
    while select.select([master], [], [], 0)[0]:
        seen += os.read(master, 65536)
    return seen


def serve(service):
    """Answer what was asked, if anything was."""
    if server.poll(10):
        frames = server.recv_multipart()
        server.send_multipart(frames[:-1] + [answer.replace(b"SERVICE", service)])
        return True
    return False


wait_for("the first screen", lambda: (serve(b"aaaaaaa"), b"aaaaaaa" in read())[1], 20)
wait_for("one more question", lambda: read() is not None and server.poll(0), 10)
dashboard.send_signal(signal.SIGSTOP)
stopped = time.monotonic()
serve(b"bbbbbbb")
wait_for("time to pass", lambda: time.monotonic() - stopped > STOPPED_S, STOPPED_S * 2)
dashboard.send_signal(signal.SIGCONT)
wait_for("a fresh answer on the screen", lambda: (serve(b"ccccccc"), b"ccccccc" in read())[1], 20)
check(b"bbbbbbb" not in seen, "what it was told before is shown as fresh")
os.write(master, b"Q")
wait_for("the end", lambda: (read(), dashboard.poll() is not None)[1], 5 * SLOW)
check(dashboard.returncode == 0, "ended with", dashboard.returncode)
print(f"stopped for {STOPPED_S} s, then fresh numbers first")
