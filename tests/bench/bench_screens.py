#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""What a dashboard costs line and machine, measured in a pseudo terminal of 120x40 for
ourselves and for other monitors that are installed, all at once; then how soon keys answer
while 4096 series get 10 000 records a second.

first: from exec to the end of the first burst of output.  writes: write(2) to whatever, the
wake-ups of threads among them; those of a frame alone are in bench_frame.  RSS and CPU are
those of the process in the terminal."""
import fcntl
import multiprocessing
import os
import pty
import re
import select
import shutil
import signal
import statistics
import struct
import subprocess
import sys
import termios
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [HERE + "/../e2e", HERE + "/../pty"]
from harness import PROGRAM, Collector, children, record, scratch, wait_for  # noqa: E402
from screen import Screen  # noqa: E402

ROWS, COLS = 40, 120
WARM_S, MEASURED_S = 10, 30
BURST_S = 0.05
PER_S = 17
SERIES, FAST_PER_S, BATCH = 4096, 10000, 100
PRESSES = 60
TICKS = os.sysconf("SC_CLK_TCK")


class Watched:
    """A program in a terminal that is always read."""

    def __init__(self, name, argv, unit=""):
        self.name, self.unit = name, unit
        self.master, slave = pty.openpty()
        fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", ROWS, COLS, 0, 0))
        self.started = time.monotonic()
        self.bytes = 0
        self.first_s = self.last = None
        self.screen = None
        self.child = subprocess.Popen(
            argv, stdin=slave, stdout=slave, stderr=subprocess.DEVNULL,
            start_new_session=True,
            preexec_fn=lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0),
            env={**os.environ, "TERM": "xterm-256color", "LC_ALL": "C.UTF-8",
                 "HOME": scratch, "XDG_CONFIG_HOME": scratch})
        children.append(self.child)
        os.close(slave)

    def read(self):
        try:
            data = os.read(self.master, 65536)
        except OSError:
            data = b""
        now = time.monotonic()
        if self.first_s is None and self.last and now - self.last > BURST_S:
            self.first_s = self.last - self.started
        self.last = now
        self.bytes += len(data)
        if self.screen and data:
            self.screen.feed(data)
        return data

    def usage(self):
        """(seconds of CPU, writes, KiB)"""
        at = f"/proc/{self.child.pid}/"
        with open(at + "stat", encoding="latin-1") as f:
            words = f.read().rsplit(")", 1)[1].split()
        with open(at + "io", encoding="ascii") as f:
            writes = int(re.search(r"syscw: (\d+)", f.read())[1])
        with open(at + "status", encoding="ascii", errors="replace") as f:
            kib = int(re.search(r"VmRSS:\s+(\d+)", f.read())[1])
        return (int(words[11]) + int(words[12])) / TICKS, writes, kib

    def end(self):
        self.child.send_signal(signal.SIGTERM)
        deadline = time.monotonic() + 5
        while self.child.poll() is None and time.monotonic() < deadline:
            read_all([self], 0.05)
        self.child.kill()
        self.child.wait()
        os.close(self.master)


def read_all(watched, seconds):
    end = time.monotonic() + seconds
    running = {w.master: w for w in watched}
    while running and (left := end - time.monotonic()) > 0:
        for fd in select.select(list(running), [], [], left)[0]:
            if not running[fd].read():
                del running[fd]


def busy_records(intake, log):
    """17 records a second over six routes, and as many lines of an access log."""
    emit = subprocess.Popen([PROGRAM, "emit", "--intake", intake], stdin=subprocess.PIPE,
                            stderr=subprocess.DEVNULL)
    ways = [(200, "none")] * 8 + [(429, "retry_same"), (503, "abort_error")]
    with open(log, "a", encoding="ascii") as f:
        for n in range(1 << 30):
            status, decision = ways[n * 7 % 10]
            emit.stdin.write(record(
                operation_id=f"op-{n:08x}", service=f"service-{n * 5 % 6}",
                model_requested=f"m-{n % 3}", http_response_status_code=status,
                decision=decision, elapsed_ms=100 + n * 7919 % 3000).encode() + b"\n")
            emit.stdin.flush()
            f.write(f'10.0.0.{n % 6} - - [{time.strftime("%d/%b/%Y:%H:%M:%S +0000")}] '
                    f'"POST /v1/r{n % 6} HTTP/1.1" {status} 1000\n')
            f.flush()
            time.sleep(1 / PER_S)


def fast_records(intake):
    emit = subprocess.Popen([PROGRAM, "emit", "--intake", intake], stdin=subprocess.PIPE,
                            stderr=subprocess.DEVNULL)
    text = record(operation_id="op-%08x", service="service-%d").replace("}", "}\n")
    start, sent = time.monotonic(), 0
    while True:
        emit.stdin.write("".join(text % (n, n * 2654435761 % SERIES)
                                 for n in range(sent, sent + BATCH)).encode())
        emit.stdin.flush()
        sent += BATCH
        time.sleep(max(0, start + sent / FAST_PER_S - time.monotonic()))


def alone(target, args):
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, signal.SIG_DFL)
    target(*args)


def beside(target, *args):
    """Its emitter ends as nobody feeds it any more."""
    process = multiprocessing.Process(target=alone, args=(target, args), daemon=True)
    process.start()
    return process


def say(name, value, unit):
    print(f"{name}\t{value}\t{unit}", flush=True)


def others(log):
    rows = {"top": ["top", "-d", "1"], "htop": ["htop", "-d", "10"], "btop": ["btop"],
            "goaccess": ["goaccess", "--no-global-config", "--log-format=COMMON", log]}
    return [Watched(name, argv) for name, argv in rows.items() if shutil.which(name)]


def costs():
    busy, calm = Collector("--emitter-rate", "0"), Collector()
    log = scratch + "/access.log"
    with open(log, "w", encoding="ascii") as f:
        f.write('10.0.0.1 - - [13/Jun/2026:09:00:00 +0000] "POST /v1/r HTTP/1.1" 200 9\n')
    traffic = beside(busy_records, busy.intake, log)
    wait_for("traffic", lambda: busy.accepted() > 2 * PER_S)
    us = [PROGRAM, "watch", "-c"]
    watched = [Watched("retrytop_busy", us + [busy.query]),
               Watched("retrytop_low_bandwidth", us + [busy.query, "--low-bandwidth"]),
               Watched("retrytop_clock_only", us + [calm.query]), *others(log)]
    read_all(watched, WARM_S)
    before = [(w, w.bytes, w.usage()) for w in watched if w.child.poll() is None]
    read_all(watched, MEASURED_S)
    for w, sent, (cpu_s, writes, _) in before:
        if w.child.poll() is not None:
            continue
        now_s, now_writes, kib = w.usage()
        name = f"screen_120x40_{w.name}"
        say(name, f"{(w.bytes - sent) / MEASURED_S:.0f}", "B/s")
        say(name + "_writes", f"{(now_writes - writes) / MEASURED_S:.1f}", "per second")
        say(name + "_first", f"{1000 * (w.first_s or 0):.0f}", "ms")
        say(name + "_rss", f"{kib / 1024:.1f}", "MiB")
        say(name + "_cpu", f"{(now_s - cpu_s) * 60 / MEASURED_S:.2f}", "s per minute")
    for w in watched:
        w.end()
    traffic.terminate()
    busy.stop()
    calm.stop()


def focus(screen):
    found = re.search(r">(\d) [A-Z]", screen.text())
    return found and found[1]


def helps(screen):
    return " q Back " in screen.line(screen.rows - 1)


def answered(w, key, is_there):
    """Milliseconds until the screen shows what a key asked for."""
    start = time.monotonic()
    os.write(w.master, key)
    while not is_there() and time.monotonic() < start + 10:
        read_all([w], 0.001)
    return 1000 * (time.monotonic() - start)


def keys():
    c = Collector("--emitter-rate", "0")
    traffic = beside(fast_records, c.intake)
    wait_for("every series", lambda: c.accepted() > 2 * SERIES + 5 * FAST_PER_S, 60)
    w = Watched("fast", [PROGRAM, "watch", "-c", c.query])
    w.screen = Screen(ROWS, COLS)
    read_all([w], 3)
    began, from_n, frames = time.monotonic(), c.accepted(), w.screen.frames
    from_s = w.usage()[0]
    read_all([w], 10)
    seconds = time.monotonic() - began
    say("keys_4096_series_rate", f"{(c.accepted() - from_n) / seconds:.0f}", "records/s")
    say("keys_4096_series_frames", f"{(w.screen.frames - frames) / seconds:.1f}",
        "per second without a key")
    say("keys_4096_series_cpu", f"{(w.usage()[0] - from_s) * 60 / seconds:.2f}",
        "s per minute without a key")
    took = []
    for n in range(PRESSES):
        # Not in step with the frames that come by themselves.
        read_all([w], 0.05 + 0.037 * (n % 11))
        at = focus(w.screen)
        has_help = helps(w.screen)
        panel = "6" if at == "4" else "4"
        key, is_there = ((panel.encode(), lambda: focus(w.screen) == panel) if n % 3 == 2 else
                         (b"?", lambda: helps(w.screen) != has_help))
        took.append(answered(w, key, is_there))
    say("keys_4096_series_median", f"{statistics.median(took):.1f}", "ms until it shows")
    say("keys_4096_series_p95", f"{sorted(took)[PRESSES * 95 // 100]:.1f}", "ms")
    say("keys_4096_series_max", f"{max(took):.1f}", "ms")
    w.end()
    traffic.terminate()
    c.stop()


if __name__ == "__main__":
    costs()
    keys()
