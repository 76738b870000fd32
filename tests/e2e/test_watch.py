#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""The dashboard in a real terminal (tmux), and the same numbers without one."""
import atexit
import json
import os
import shutil
import signal
import subprocess
import sys

from harness import PROGRAM, VECTORS, Collector, check, run, scratch, wait_for

RATES = " error 20.6%  timeout 3.5%  fallback 5.8%  no usage 3.0%  n=141"


class Pane:
    """One program in a terminal of its own."""

    def __init__(self, cols, rows, *args):
        self.socket = f"{scratch}/tmux{cols}"
        command = " ".join([PROGRAM, *args]) + f"; echo ended $?; read -r _"
        self.tmux("-f", "/dev/null", "new-session", "-d", "-x", str(cols), "-y", str(rows),
                  command)
        atexit.register(self.tmux, "kill-server")

    def tmux(self, *args):
        return subprocess.run(["tmux", "-S", self.socket, *args], stdout=subprocess.PIPE,
                              stderr=subprocess.DEVNULL, check=False).stdout.decode()

    def screen(self):
        return self.tmux("capture-pane", "-p")

    def see(self, text, seconds=10):
        try:
            wait_for(f"{text!r} on the screen", lambda: text in self.screen(), seconds)
        except SystemExit:
            print(self.screen())
            raise

    def press(self, *keys):
        self.tmux("send-keys", *keys)


c = Collector(name="watched")

# Without a terminal: one report, or the sentence that nobody is there.
check(run("-c", c.query)[0] == 0, "no terminal: as --once")
code, out, err = run("-c", c.query, "--json")
check(code == 0 and json.loads(out)["schema"] == "retrytop-report/v1", "--json", code, err)
code, out, err = run("-c", f"ipc://{scratch}/nobody", "--once")
check(code == 69 and not out and "no collector answered" in err, "nobody there", code, err)
check(run("no-such-command")[0] == 64, "an unknown command is wrong usage")

if not shutil.which("tmux"):
    print("tmux is not installed")
    sys.exit(77)
os.environ["TERM"] = "xterm-256color"
small = Pane(80, 24, "-c", c.query)
wide = Pane(120, 40, "-c", c.query, "--ascii")
small.see("no events yet: point a client at")

with open(VECTORS + "/native.jsonl", "rb") as records:
    code, _, err = run("emit", "--intake", c.intake, stdin=records)
check(code == 0, "emit", err)
for pane in small, wide:
    pane.see(RATES)
    pane.see("! violations retry-of-quota 3 > 0")
    pane.see("= 120 ended")
wide.see("search responses")

small.press("?")
small.see("Panel 4: Routes")
small.press("q", "5", "z")
small.see(">5 Error classes")
small.press("q", "Space")
small.see("FROZEN")
small.press("Space")
small.see("LIVE")

# A collector that hangs, goes on, and is another one.
c.signal(signal.SIGSTOP)
small.see("GONE no answer since")
small.see("STALE")
c.signal(signal.SIGCONT)
small.see("BACK since")
c.signal(signal.SIGKILL)
c.child.wait()
wide.see("GONE no answer since")
c.start()
wide.see("RESTARTED at")
wide.see("WAITING no events yet")

for pane in small, wide:
    pane.press("q")
    pane.see("ended 0")
c.stop()
