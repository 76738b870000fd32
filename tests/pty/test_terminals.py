#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""The dashboard on terminals of every kind and in every trouble: unknown, small, huge, in
ASCII, inside tmux, stalled, stopped; with a collector that goes and comes back."""
import os
import pty
import re
import select
import shutil
import signal
import subprocess
import sys
import tempfile
import termios
import time
import uuid

from screen import Screen
from test_lifecycle import ENTER, LEAVE, PATIENCE_S, PROGRAM, SLOW, Session

FULL = os.environ.get("RT_FULL") == "1"
STALLED_S = 10 if FULL else 1
# What a pseudo terminal holds, and what may wait on our side: one frame.
HELD_BYTES = 128 * 1024


class Reader(Session):
    """A session whose screen is read as a terminal would show it."""

    def __init__(self, args, folder, rows=24, cols=80, **options):
        super().__init__(args, folder, rows, cols, **options)
        self.screen = Screen(rows, cols)
        self.fed = 0

    def look(self):
        self.read(0.05)
        self.screen.feed(self.seen[self.fed:])
        self.fed = len(self.seen)
        return self.screen.text()

    def sees(self, *patterns):
        end = time.monotonic() + PATIENCE_S
        while True:
            text = self.look()
            missing = [p for p in patterns if not re.search(p, text)]
            if not missing:
                return
            assert time.monotonic() < end, f"{missing} not on the screen:\n{text}"

    def leaves(self, keys=b"q"):
        self.type(keys)
        assert self.await_end(1.0) == 0
        self.look()
        assert not self.screen.unknown, self.screen.unknown
        assert not self.screen.invisible, self.screen.invisible
        self.assert_cooked()
        self.assert_nothing_left(2.0)

    def assert_cooked(self):
        assert termios.tcgetattr(self.slave) == self.cooked, "the terminal is not cooked"
        assert not self.screen.modes & {"?1049", "?1000", "?1006", "?2026"}, self.screen.modes
        assert "?25" in self.screen.modes or "?25" not in self.ever(), "no cursor"

    def ever(self):
        return re.findall(r"\?25(?=[lh])", self.seen.decode("latin-1"))


def alone(folder):
    return ["watch", "-c", f"ipc://{folder}/nobody"]


def on(folder, rows, cols, *patterns, has_not=None, **environ):
    s = Reader(alone(folder), folder, rows, cols, environ=environ)
    try:
        s.sees(r"q Quit", *patterns)
        if has_not:
            assert not re.search(has_not, s.seen), f"{has_not} was written"
        s.leaves()
    finally:
        s.clean_up()


def of_a_kind_that_nobody_knows(folder):
    on(folder, 24, 80, r"4 Routes", TERM="bogus", has_not=rb"\x1b\[38;")
    on(folder, 24, 80, r"4 Routes", TERM="xterm-bogus")


def with_ascii_only(folder):
    on(folder, 24, 80, r"4 Routes", LC_ALL="C", LANG="C", has_not=rb"[\x80-\xff]")


def of_forty_by_ten(folder):
    on(folder, 10, 40, r"retrytop")


def of_three_hundred_by_a_hundred(folder):
    on(folder, 100, 300, r"4 Routes", r"9 Tail")


def stop_reading(s):
    """Until the terminal takes nothing more, and on for a while."""
    end = time.monotonic() + STALLED_S
    while time.monotonic() < end:
        if select.select([], [s.master], [], 0)[1]:
            s.type(b"\x0c")
        select.select([], [], [], 0.002)


def stalled_it_ends_all_the_same(folder):
    s = Reader(alone(folder), folder, 100, 300)
    try:
        s.sees(r"q Quit")
        stop_reading(s)
        os.kill(s.pid, signal.SIGTERM)
        start = time.monotonic()
        while not os.waitid(os.P_PID, s.pid, os.WEXITED | os.WNOHANG | os.WNOWAIT):
            assert time.monotonic() < start + PATIENCE_S, "it does not end"
            select.select([], [], [], 0.005)
        took = time.monotonic() - start
        assert took < 1.5 * SLOW, f"it took {took:.2f} s to end"
        assert s.await_end(1.0) == 0
        assert s.seen.rfind(LEAVE) > s.seen.rfind(ENTER), "not on the primary screen"
        assert termios.tcgetattr(s.slave) == s.cooked
        s.assert_nothing_left(2.0)
    finally:
        s.clean_up()


def stalled_it_goes_on_with_the_latest(folder):
    s = Reader(alone(folder), folder, 100, 300)
    try:
        s.sees(r"q Quit")
        before = len(s.seen)
        stop_reading(s)
        s.type(b"?")
        s.sees(r"Panel 4")
        held = len(s.seen) - before
        assert held < HELD_BYTES, f"{held} bytes were waiting: a backlog"
        s.leaves(b"Q")
    finally:
        s.clean_up()


def job_of(s):
    """The process whose parent is the shell."""
    for pid, words in s.left_over():
        if pid != s.pid and PROGRAM.encode() in words:
            return pid
    raise AssertionError("no job")


def await_state(pid, state):
    end = time.monotonic() + PATIENCE_S
    while True:
        with open(f"/proc/{pid}/stat", encoding="latin-1") as f:
            now = f.read().rsplit(")", 1)[1].split()[0]
        if (now == "T") == (state == "T"):
            return
        assert time.monotonic() < end, f"state {now}, not {state}"
        select.select([], [], [], 0.01)


def stopped_and_continued(folder):
    s = Reader(alone(folder), folder, has_shell=True)
    try:
        s.sees(r"q Quit")
        job = job_of(s)
        for _ in range(2):
            s.type(b"\x1a")
            await_state(job, "T")
            while s.read():
                pass
            s.look()
            s.assert_cooked()
            seen = len(s.seen)
            os.kill(job, signal.SIGCONT)
            s.sees(r"q Quit")
            assert ENTER in s.seen[seen:], "it did not take the screen again"
        s.leaves()
    finally:
        s.clean_up()


def start_collector(folder):
    theirs = os.pipe()
    names = ("events", "intake", "query")
    args = [w for n in names for w in ("--" + n, f"ipc://{folder}/{n}")]
    child = subprocess.Popen([PROGRAM, "collect", "--config", "/dev/null", "--http", "off",
                              "--ready-fd", str(theirs[1]), *args], pass_fds=[theirs[1]],
                             stdin=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    os.close(theirs[1])
    with os.fdopen(theirs[0], "rb") as ready:
        if not ready.read(1):
            child.wait()
            raise AssertionError("the collector did not start")
    return child


def whose_collector_goes_and_comes_back(folder):
    collector = start_collector(folder)
    s = None
    try:
        s = Reader(["watch", "-c", f"ipc://{folder}/query"], folder)
        s.sees(r"LIVE")
        collector.kill()
        collector.wait()
        s.sees(r"STALE", r"no answer since \d\d:\d\d:\d\dZ")
        collector = start_collector(folder)
        s.sees(r"LIVE")
        s.leaves()
    finally:
        collector.kill()
        collector.wait()
        if s:
            s.clean_up()


class Tmux:
    """A server of our own, with one window."""

    def __init__(self, folder):
        self.socket = f"{folder}/tmux"
        self.name = uuid.uuid4().hex
        self.run("-f", "/dev/null", "new-session", "-d", "-x", "120", "-y", "40",
                 "env", "PS1=$ ", "sh")

    def run(self, *words):
        environ = dict(os.environ, LC_ALL="C.UTF-8", TERM="xterm-256color")
        environ.pop("TMUX", None)
        return subprocess.run(["tmux", "-S", self.socket, *words], env=environ, check=True,
                              stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                              timeout=PATIENCE_S).stdout.decode(errors="replace")

    def sees(self, pattern):
        end = time.monotonic() + PATIENCE_S
        while True:
            text = self.run("capture-pane", "-p")
            if re.search(pattern, text):
                return text
            assert time.monotonic() < end, f"{pattern} not on the screen:\n{text}"
            select.select([], [], [], 0.05)

    def types(self, *keys):
        self.run("send-keys", *keys)

    def asked(self, what):
        return self.run("display-message", "-p", what).strip()

    def close(self):
        subprocess.run(["tmux", "-S", self.socket, "kill-server"], check=False,
                       stderr=subprocess.DEVNULL)


def inside_tmux(folder):
    if not shutil.which("tmux"):
        return "tmux is not installed"
    t = Tmux(folder)
    try:
        t.types(f"{os.path.abspath(PROGRAM)} {' '.join(alone(folder))}; echo over $?; "
                "stty -a | tr ' ;' '\\n\\n' | grep -x -e -icanon -e -echo || echo cooked",
                "Enter")
        t.sees(r"q Quit")
        assert t.asked("#{alternate_on}") == "1"
        t.types("m")
        t.sees(r"mouse on")
        assert t.asked("#{mouse_any_flag}") == "1"
        t.types("?")
        t.sees(r"Panel 4")
        t.types("Q")
        t.sees(r"over 0\n(.*\n)*cooked")
        assert t.asked("#{alternate_on} #{mouse_any_flag} #{cursor_flag}") == "0 0 1"
    finally:
        t.close()
    return None


TESTS = (of_a_kind_that_nobody_knows, with_ascii_only, of_forty_by_ten,
         of_three_hundred_by_a_hundred, stalled_it_ends_all_the_same,
         stalled_it_goes_on_with_the_latest, stopped_and_continued,
         whose_collector_goes_and_comes_back, inside_tmux)


def main():
    try:
        os.close(pty.openpty()[0])
    except OSError as e:
        print(f"no pseudo terminal: {e}")
        return 77
    failed = 0
    for test in TESTS:
        folder = tempfile.mkdtemp(prefix="retrytop-terminals-")
        try:
            skipped = test(folder)
            print(f"skip {test.__name__}: {skipped}" if skipped else f"ok   {test.__name__}")
        except AssertionError as e:
            failed += 1
            print(f"FAIL {test.__name__}: {e}")
        finally:
            shutil.rmtree(folder, ignore_errors=True)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
