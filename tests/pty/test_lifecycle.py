#!/usr/bin/python3
"""The dashboard's life in a real terminal, ended in every way.

Whatever ends it: it is gone within its limit, the terminal is cooked, its screen is the
primary one, the cursor is shown, and no process that it started is left.
"""
import errno
import fcntl
import os
import pty
import select
import shutil
import signal
import struct
import sys
import tempfile
import termios
import time
import uuid

PROGRAM = os.environ.get("RT_PROGRAM", "build/release/retrytop")
PATIENCE_S = 20
# An alarm ends the program a second after it was told to; a busy machine, or a sanitizer's
# runtime, adds its own.
SLOW = 6 if "asan" in PROGRAM or "tsan" in PROGRAM else 2
ENTER, LEAVE = b"\x1b[?1049h", b"\x1b[?1049l"
MOUSE_ON, MOUSE_OFF = b"\x1b[?1000h", b"\x1b[?1000l"
HIDE, SHOW = b"\x1b[?25l", b"\x1b[?25h"


class Session:
    """One run of the program as the foreground job of a terminal of its own."""

    def __init__(self, args, folder, rows=24, cols=80, environ=None, has_shell=False):
        """With a shell it is that one's job, so that it can be stopped."""
        self.folder = folder
        self.environ = environ or {}
        self.has_shell = has_shell
        self.marker = "RT_LIFECYCLE=" + uuid.uuid4().hex
        self.master, self.slave = pty.openpty()
        fcntl.ioctl(self.slave, termios.TIOCSWINSZ, struct.pack("HHHH", rows, cols, 0, 0))
        self.cooked = termios.tcgetattr(self.slave)
        self.seen = b""
        self.pid = os.fork()
        if self.pid == 0:
            self.become(args)
        os.set_blocking(self.master, False)

    def become(self, args):
        try:
            os.setsid()
            fcntl.ioctl(self.slave, termios.TIOCSCTTY, 0)
            for fd in range(3):
                os.dup2(self.slave, fd)
            os.closerange(3, 64)
            # What Python ignores is not what a shell's job starts with.
            for s in (signal.SIGPIPE, signal.SIGXFSZ):
                signal.signal(s, signal.SIG_DFL)
            name, value = self.marker.split("=")
            environ = dict(os.environ, TERM="xterm-256color", LC_ALL="C.UTF-8",
                           XDG_RUNTIME_DIR=self.folder, XDG_STATE_HOME=self.folder + "/state")
            environ[name] = value
            environ.update(self.environ)
            if self.has_shell:
                self.be_a_shell()
            os.execve(PROGRAM, [PROGRAM] + args, environ)
        finally:
            os._exit(126)

    def be_a_shell(self):
        """Returns in the job alone; the shell ends as the job does."""
        pid = os.fork()
        if pid == 0:
            signal.signal(signal.SIGTTOU, signal.SIG_IGN)
            os.setpgid(0, 0)
            os.tcsetpgrp(0, os.getpid())
            signal.signal(signal.SIGTTOU, signal.SIG_DFL)
            return
        status = os.waitpid(pid, 0)[1]
        os._exit(status >> 8 if status & 0x7F == 0 else 128 + (status & 0x7F))

    def resize(self, rows, cols):
        fcntl.ioctl(self.master, termios.TIOCSWINSZ, struct.pack("HHHH", rows, cols, 0, 0))

    def read(self, wait_s=0.0):
        try:
            if self.master >= 0 and select.select([self.master], [], [], wait_s)[0]:
                self.seen += os.read(self.master, 65536)
                return True
        except OSError as e:
            if e.errno not in (errno.EIO, errno.EAGAIN):
                raise
        return False

    def await_text(self, text):
        end = time.monotonic() + PATIENCE_S
        while text not in self.seen:
            assert time.monotonic() < end, f"{text} is not shown: {self.seen[-400:]}"
            self.read(0.1)

    def type(self, keys):
        os.write(self.master, keys)

    def close_terminal(self):
        os.close(self.master)
        os.close(self.slave)
        self.master = self.slave = -1

    def await_end(self, limit_s):
        """Wait status, which must be there in time."""
        start = time.monotonic()
        while time.monotonic() < start + PATIENCE_S:
            pid, status = os.waitpid(self.pid, os.WNOHANG)
            if pid:
                took = time.monotonic() - start
                assert took < limit_s * SLOW, f"it took {took:.2f} s to end"
                while self.read():
                    pass
                return status
            if not self.read(0.01) and self.master < 0:
                select.select([], [], [], 0.01)
        raise AssertionError("it does not end")

    def left_over(self):
        found = []
        for pid in filter(str.isdigit, os.listdir("/proc")):
            try:
                with open(f"/proc/{pid}/environ", "rb") as f:
                    if self.marker.encode() in f.read():
                        with open(f"/proc/{pid}/cmdline", "rb") as c:
                            found.append((int(pid), c.read().replace(b"\0", b" ")))
            except OSError:
                pass  # ended meanwhile
        return found

    def assert_nothing_left(self, limit_s):
        end = time.monotonic() + limit_s
        while self.left_over():
            assert time.monotonic() < end, f"left over: {self.left_over()}"
            select.select([], [], [], 0.02)

    def assert_restored(self):
        if self.slave < 0:
            return
        assert ENTER in self.seen, "it never took the screen"
        assert self.seen.rfind(LEAVE) > self.seen.rfind(ENTER), "not on the primary screen"
        assert self.seen.rfind(SHOW) > self.seen.rfind(HIDE), "the cursor stays hidden"
        assert self.seen.rfind(MOUSE_OFF) >= self.seen.rfind(MOUSE_ON), "the mouse stays on"
        assert termios.tcgetattr(self.slave) == self.cooked, "the terminal is not cooked"

    def clean_up(self):
        for pid, _ in self.left_over():
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                pass
        for fd in (self.master, self.slave):
            if fd >= 0:
                os.close(fd)


# Sizes as a window that is dragged has, the last one as it was.
STORM = [(1 + 7 * i % 61, 1 + 37 * i % 203) for i in range(60)] + [(24, 80)]
# What ends it, what it ends with: exit 0 or the signal.
KEYS = {"q": (b"q", 0), "Q": (b"Q", 0), "Ctrl-C": (b"\x03", 0)}
SIGNALS = {
    "INT": (signal.SIGINT, 0),
    "TERM": (signal.SIGTERM, 0),
    "HUP": (signal.SIGHUP, 0),
    "PIPE": (signal.SIGPIPE, 0),
    "QUIT": (signal.SIGQUIT, signal.SIGQUIT),
    "ABRT": (signal.SIGABRT, signal.SIGABRT),
    "SEGV": (signal.SIGSEGV, signal.SIGSEGV),
}


def end_it(s, way, state):
    """What its wait status must be."""
    if way in KEYS:
        keys, status = KEYS[way]
        # q goes back first, from the help to the screen.
        s.type(keys + keys if way == "q" and state == "help" else keys)
        return status
    if way == "closed terminal":
        s.close_terminal()
        return None  # HUP, or the end of input, whichever is noticed first
    if way == "KILL":
        os.kill(s.pid, signal.SIGKILL)
        return signal.SIGKILL
    number, status = SIGNALS[way]
    os.kill(s.pid, number)
    return status


def run(args, folder, way, state, limit_s):
    s = Session(args, folder)
    try:
        s.await_text(b"Quit")
        if state == "help":
            s.type(b"?")
            s.await_text(b"Panel 4")
        if state == "mouse":
            s.type(b"m")
            s.await_text(MOUSE_ON)
        if state == "prompt":
            s.type(b"/")
            s.await_text(b"Enter apply")
        if state == "storm":
            for rows, cols in STORM:
                s.resize(rows, cols)
        if state == "live":
            s.await_text(b"LIVE")
        want = end_it(s, way, state)
        status = s.await_end(limit_s)
        assert want is None or status & 0x7F == (want & 0x7F) and status >> 8 == 0, \
            f"wait status {status:#x}"
        if way != "KILL":
            s.assert_restored()
        s.assert_nothing_left(2.0)
    finally:
        s.clean_up()


def main():
    try:
        os.close(pty.openpty()[0])
    except OSError as e:
        print(f"no pseudo terminal: {e}")
        return 77
    failed = 0
    folder = tempfile.mkdtemp(prefix="retrytop-lifecycle-")
    alone = ["watch", "-c", f"ipc://{folder}/nobody"]
    demo = ["demo"]
    replay = ["replay", folder + "/x.jsonl"]
    with open(replay[1], "w") as f:
        f.write('{"ts":"2026-06-13T12:00:00Z","operation_id":"a","attempt":1}\n')
    ways = list(KEYS) + list(SIGNALS) + ["closed terminal", "KILL"]
    rows = [(alone, w, state, 1.0) for w in ways for state in ("normal", "help", "mouse")]
    rows += [(replay, w, "normal", 1.0) for w in ways]
    # q is text in a prompt.
    rows += [(alone, w, state, 1.0) for w in ways for state in ("prompt", "storm")
             if state == "storm" or w not in ("q", "Q")]
    rows += [(demo, w, "live", 1.0) for w in ("q", "Ctrl-C", "TERM", "HUP", "QUIT", "SEGV",
                                               "closed terminal", "KILL")]
    try:
        for args, way, state, limit_s in rows:
            name = f"{args[0]} ({state}): {way}"
            try:
                run(args, folder, way, state, limit_s)
                print(f"ok   {name}")
            except AssertionError as e:
                failed += 1
                print(f"FAIL {name}: {e}")
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    print(f"{len(rows) - failed} of {len(rows)} ends as promised")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
