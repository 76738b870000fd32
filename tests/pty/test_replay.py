#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""A recorded incident walked through on the screen, and nothing left behind.

The log: ten minutes of calm, a minute in which a client retries what was refused, calm
again.  It is read from a file, from standard input and from a pipe.
"""
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time

PROGRAM = os.environ.get("RT_PROGRAM", "build/release/retrytop")
PATIENCE_S = 30


def record(second, bad):
    r = {"schema": "llm-attempt/v1", "operation_id": f"op{second}", "attempt": 1,
         "ts": f"2026-06-13T12:{second // 60:02}:{second % 60:02}.000Z",
         "service": "checkout", "http_request_method": "POST",
         "http_route": "/v1/chat/completions", "elapsed_ms": 120.5,
         "http_response_status_code": 401 if bad else 200,
         "decision": "retry_same" if bad else "none"}
    if bad:
        r.update(decision_reason="denied", backoff_ms=10)
    return json.dumps(r)


class Pane:
    """A shell line in a terminal of its own (tmux)."""
    made = 0

    def __init__(self, folder, line, cols=100, rows=30):
        Pane.made += 1
        self.socket = f"{folder}/tmux{Pane.made}"
        self.tmux("-f", "/dev/null", "new-session", "-d", "-x", str(cols), "-y", str(rows),
                  line + "; echo ended $?; read -r _")

    def tmux(self, *args):
        return subprocess.run(["tmux", "-S", self.socket, *args], stdout=subprocess.PIPE,
                              stderr=subprocess.DEVNULL, check=False).stdout.decode()

    def screen(self):
        return self.tmux("capture-pane", "-p")

    def see(self, *texts):
        end = time.monotonic() + PATIENCE_S
        while not all(text in self.screen() for text in texts):
            assert time.monotonic() < end, f"no {texts} on\n{self.screen()}"
            time.sleep(0.02)

    def press(self, *keys):
        self.tmux("send-keys", *keys)

    def type(self, text):
        self.tmux("send-keys", "-l", text)
        self.tmux("send-keys", "Enter")

    def close(self):
        self.tmux("kill-server")


def walk(folder, log):
    """Each step in the words of the screen."""
    p = Pane(folder, f"{PROGRAM} replay --speed 1 {log}")
    try:
        p.see("incident.jsonl", "REPLAY 12:00:0", "x1", "12:19:58Z")
        # Hold it, let it run faster, hold it again.
        p.press("Space")
        p.see("REPLAY PAUSED", "Space Play")
        p.type(":speed 100")
        p.see("x100", "Space Pause")
        p.press("Space")
        p.see("REPLAY PAUSED")
        # To the first violation, and into its operation.
        p.press("v")
        p.see("REPLAY PAUSED 12:10:00Z", "retry-after-auth-failure", "op600", "Enter opens it")
        p.press("Enter")
        p.see("op600", "broke   retry-after-auth-failure", "evidence: 1 record")
        # The next one takes its place; then back to the one before, and out.
        p.press("v")
        p.see("REPLAY PAUSED 12:10:02Z", " op602 ")
        p.press("V")
        p.see("REPLAY PAUSED 12:10:00Z", " op600 ")
        p.press("Escape", "Escape")
        p.see("Routes", "error 0.7%")
        # One record on, one back.
        p.press("i")
        p.see("REPLAY PAUSED 12:10:02Z", "error 1.3%")
        p.press("I")
        p.see("REPLAY PAUSED 12:10:00Z", "error 0.7%")
        # To a time, and by columns of the time lines.
        p.type(":goto 12:05")
        p.see("REPLAY PAUSED 12:05:00Z", "error 0.0%")
        p.press(".")
        p.see("REPLAY PAUSED 12:05:05Z")
        p.press("{")
        p.see("REPLAY PAUSED 12:04:15Z")
        # Far on, more than an answer's worth of events: each is there once.
        p.type(":goto 12:19")
        p.see("REPLAY PAUSED 12:19:00Z", "op1140")
        p.press("9", "z", "i")
        p.see("REPLAY PAUSED 12:19:02Z", "op1142")
        p.type("/op:op1138")
        p.see("/op:op1138", " op1138 ")
        assert p.screen().count(" op1138 ") == 1, p.screen()
        p.press("\\\\", "z")
        p.type(":goto 13:00")
        p.see("the log goes from 2026-06-13 12:00:00Z to 2026-06-13 12:19:58Z")
        p.press("Escape")
        # On to the end, at full speed.
        p.type(":speed max")
        p.see("REPLAY END 12:19:58Z", "100% max")
        p.press("q")
        p.see("ended 0")
    finally:
        p.close()


def from_elsewhere(folder, log):
    """What can be read but once is copied, so that one can go back in it."""
    for line in (f"cat {log} | {PROGRAM} replay --paused -",
                 f"bash -c '{PROGRAM} replay --paused <(cat {log})'"):
        p = Pane(folder, line)
        try:
            p.see("REPLAY PAUSED 12:00:00Z", "12:19:58Z")
            p.press("v")
            p.see("REPLAY PAUSED 12:10:00Z")
            p.press("I")
            p.see("REPLAY PAUSED 12:09:58Z")
            p.press("q")
            p.see("ended 0")
        finally:
            p.close()


def said_when_it_cannot(folder):
    for args, words in ((f"{folder}/none.jsonl", "none.jsonl: cannot be read"),
                        (f"--speed 0 {folder}/incident.jsonl", "speed"),
                        ("", "needs a file")):
        p = Pane(folder, f"{PROGRAM} replay {args}")
        try:
            p.see(words, "ended 74" if "none" in args else "ended 64")
        finally:
            p.close()


def killed(folder, log):
    """Killed outright, the reader of the log ends; the next replay clears up."""
    p = Pane(folder, f"{PROGRAM} replay --paused {log}")
    try:
        p.see("REPLAY PAUSED")
        made = [f for f in os.listdir(folder) if f.startswith("retrytop-replay-")]
        assert len(made) == 1, made
        os.kill(int(made[0].split("-")[2]), 9)
        p.see("ended 137")
    finally:
        p.close()
    await_none(folder)
    walk_again = Pane(folder, f"{PROGRAM} replay --paused --seconds 1 {log}")
    try:
        walk_again.see("ended 0")
    finally:
        walk_again.close()


def processes(folder):
    found = []
    for pid in filter(str.isdigit, os.listdir("/proc")):
        try:
            with open(f"/proc/{pid}/cmdline", "rb") as f:
                words = f.read().split(b"\0")
            if b"replay" in words and any(w.startswith(folder.encode()) or
                                          folder.encode() in w for w in words):
                found.append((pid, words))
        except OSError:
            pass  # ended meanwhile
    return found


def await_none(folder):
    end = time.monotonic() + PATIENCE_S
    while processes(folder):
        assert time.monotonic() < end, f"left over: {processes(folder)}"
        time.sleep(0.02)


def main():
    if not shutil.which("tmux"):
        print("tmux is not installed")
        return 77
    folder = tempfile.mkdtemp(prefix="rt_replay_")
    log = folder + "/incident.jsonl"
    with open(log, "w") as f:
        for second in range(0, 1200, 2):
            print(record(second, 600 <= second < 660), file=f)
    os.environ.update(TERM="xterm-256color", LC_ALL="C.UTF-8", XDG_RUNTIME_DIR=folder,
                      TMPDIR=folder, XDG_STATE_HOME=folder, XDG_CONFIG_HOME=folder)
    try:
        walk(folder, log)
        from_elsewhere(folder, log)
        said_when_it_cannot(folder)
        killed(folder, log)
        await_none(folder)
        left = [f for f in os.listdir(folder) if f.startswith("retrytop-")]
        assert not left, f"left behind: {left}"
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    print("one incident walked through on the screen, from a file and two pipes")
    return 0


if __name__ == "__main__":
    sys.exit(main())
