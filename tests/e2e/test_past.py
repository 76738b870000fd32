#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""The past on the screen while intake goes on; a window saved, and opened by replay."""
import atexit
import glob
import json
import os
import shutil
import stat
import struct
import subprocess
import sys

import zmq

from harness import PROGRAM, SLOW, VECTORS, Collector, check, record, run, scratch, wait_for

SAME = ("attempts", "operations", "decisions", "fallbacks", "rates", "latency_ms", "violations")


class Pane:
    """The dashboard in a terminal of its own."""

    def __init__(self, name, *args):
        self.socket = f"{scratch}/tmux-{name}"
        command = " ".join([PROGRAM, *args]) + "; read -r _"
        self.tmux("-f", "/dev/null", "new-session", "-d", "-x", "120", "-y", "40", command)
        atexit.register(self.tmux, "kill-server")

    def tmux(self, *args):
        return subprocess.run(["tmux", "-S", self.socket, *args], stdout=subprocess.PIPE,
                              stderr=subprocess.DEVNULL, check=False).stdout.decode()

    def screen(self):
        return self.tmux("capture-pane", "-p")

    def see(self, *texts, seconds=10):
        try:
            wait_for(f"{texts} on the screen",
                     lambda: all(text in self.screen() for text in texts), seconds)
        except SystemExit:
            print(self.screen())
            raise

    def press(self, *keys):
        self.tmux("send-keys", *keys)

    def command(self, line):
        self.press(":")
        self.tmux("send-keys", "-l", line)
        self.press("Enter")


def ask(collector, **query):
    socket = zmq.Context.instance().socket(zmq.DEALER)
    socket.setsockopt(zmq.LINGER, 0)
    socket.connect(collector.query)
    socket.send_multipart([struct.pack(">Q", 7), json.dumps(query).encode()])
    check(socket.poll(10000 * SLOW), "no answer to", query)
    answer = json.loads(socket.recv_multipart()[1])
    socket.close()
    return answer


def emit(collector, lines):
    code, _, err = run("emit", "--intake", collector.intake, input=lines.encode())
    check(code == 0, "emit", err)


def replay(path):
    code, out, err = run("replay", "--report", "json", path)
    check(code == 0, "replay", path, err)
    return json.loads(out)


def count(path):
    with open(path, encoding="utf-8") as f:
        return sum(1 for _ in f)


if not shutil.which("tmux"):
    print("tmux is not installed")
    sys.exit(77)
os.environ["TERM"] = "xterm-256color"
c = Collector(name="past")
with open(VECTORS + "/native.jsonl", encoding="utf-8") as f:
    first = f.read()
emit(c, first)
now = ask(c, window_s=60)
check(now["source"]["at"] is None and now["source"]["since"] is None, "the present", now["source"])


def bucket_over():
    """The records are in a bucket that is over."""
    answer = ask(c, window_s=60, at=1 << 60)
    check(answer["source"]["at"] and answer["source"]["bucket_s"] == 10, answer["source"])
    return answer if answer["attempts"]["total"] == now["attempts"]["total"] else None


then = wait_for("a bucket to end", bucket_over, 30)
for key in SAME:
    if key != "operations":
        check(then[key] == now[key], "differs from what was counted:", key, then[key], now[key])
check(then["operations"]["by_fate"] == now["operations"]["by_fate"], "fates")
check(then["open"]["running"] is None and then["intake"]["lost"] is None,
      "present-day figures in the past")
check(then["emitters"] == [], "emitters in the past")

# On the screen it stays so, whatever comes.
pane = Pane("past", "-c", c.query, "--window", "1m", "--ascii")
at = then["source"]["at"][11:19] + "Z"
pane.see("LIVE")
pane.press(",")
pane.see("  AT ", "PAST", "lost -")
pane.command(f"goto {at}")
pane.see(f"  AT {at} ", " n=141 ")
more = "\n".join(record(operation_id=f"more-{i}", service="later") for i in range(50)) + "\n"
emit(c, more)
pane.see("since 50", f"  AT {at} ", " n=141 ")
check("later" not in pane.screen(), "what came later is on the screen")
pane.command("goto 99:99")
pane.see("goto takes a time as 12:01")
pane.press("Escape")

# Saved, it gives the same numbers again.
saved = f"{scratch}/window.jsonl"
pane.command(f"save {saved}")
accepted = then["intake"]["accepted"]
pane.see(f"all {accepted} records of the 1m until {at} in")
check(stat.S_IMODE(os.stat(saved).st_mode) == 0o600, "mode of", saved)
check(count(saved) == accepted, "lines", count(saved), accepted)
again = replay(saved)
original = replay(VECTORS + "/native.jsonl")
for key in SAME:
    check(again[key] == original[key], "differs after saving:", key, again[key], original[key])
check(again["attempts"] == then["attempts"], "attempts", again["attempts"], then["attempts"])
pane.command(f"save {saved}")
pane.see("not saved: ", "File exists")
check(count(saved) == accepted, "an earlier file was written over")

# A frozen screen is saved as it was frozen.
pane.command("window 5m")
pane.press("G")
pane.see("LIVE", "n=191")
pane.press("Space")
pane.see("FROZEN")
emit(c, more.replace("more-", "yet-"))
wait_for("them to count", lambda: c.accepted() == accepted + 100)
pane.press("x")
pane.see(f"all {accepted + 50} records of the 5m until")
path, = glob.glob(f"{scratch}/retrytop/window-5m-*.jsonl")
check(replay(path)["attempts"]["total"] == 191, "attempts of what was frozen")
with open(path, encoding="utf-8") as f:
    check("yet-" not in f.read(), "what came after the freeze was saved")
pane.press("Q")

# What the rings have lost is counted.
conf = f"{scratch}/small.conf"
with open(conf, "w", encoding="utf-8") as f:
    f.write("[capacity]\ntail_bytes = 65536\n")
small = Collector("--config", conf, name="small")
emit(small, "\n".join(record(operation_id=f"op-{i}") for i in range(2000)) + "\n")
pane = Pane("small", "-c", small.query, "--window", "5m")
pane.see("n=2000")
pane.press("Space")
pane.see("FROZEN")
pane.command(f"save {scratch}/part.jsonl")
pane.see(" of the 2000 records of the 5m until ", " are not held any more")
kept = count(f"{scratch}/part.jsonl")
check(0 < kept < 2000, "kept", kept)
pane.see(f"{2000 - kept} are not held any more")
pane.press("Q")
