#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""What a service manager hears from the collector."""
import os
import signal
import socket as sockets
import time

from harness import SLOW, Collector, check, record, run, scratch, start, wait_for

WATCHDOG_S = 2


def manager(address):
    s = sockets.socket(sockets.AF_UNIX, sockets.SOCK_DGRAM)
    s.bind(address)
    s.settimeout(10 * SLOW)
    return s


def hear(s):
    return s.recv(4096).decode().split("\n")


def hear_next_but(s, what):
    while True:
        words = hear(s)
        if words != [what]:
            return words


for address in (f"{scratch}/notify", f"\0{scratch}/notify"):
    s = manager(address)
    os.environ["NOTIFY_SOCKET"] = address.replace("\0", "@")
    os.environ["WATCHDOG_USEC"] = str(WATCHDOG_S * 1000000)
    c = Collector()
    check(hear(s) == ["READY=1"], "not ready first")
    check(hear(s) == ["WATCHDOG=1"], "no sign of life")
    began = time.monotonic()
    for _ in range(2):
        check(hear(s) == ["WATCHDOG=1"], "no sign of life")
    each = (time.monotonic() - began) / 2
    check(WATCHDOG_S / 4 < each < WATCHDOG_S * 0.9 * SLOW, "a sign of life each", each, "s")

    c.signal(signal.SIGHUP)
    words = hear_next_but(s, "WATCHDOG=1")
    check(words[0] == "RELOADING=1" and words[1].startswith("MONOTONIC_USEC="), words)
    now = time.clock_gettime(time.CLOCK_MONOTONIC) * 1e6
    check(0 <= now - int(words[1].split("=")[1]) < 60e6, words, now)
    check(hear_next_but(s, "WATCHDOG=1") == ["READY=1"], "not ready again")

    # A loop that hangs gives no sign of life.
    c.signal(signal.SIGSTOP)
    wait_for("the collector to stop", lambda: open(
        f"/proc/{c.child.pid}/stat").read().rsplit(")", 1)[1].split()[0] == "T")
    s.setblocking(False)
    try:
        while True:
            s.recv(4096)
    except BlockingIOError:
        pass
    s.settimeout(WATCHDOG_S)
    try:
        check(False, "heard while stopped:", hear(s))
    except sockets.timeout:
        pass
    s.settimeout(10 * SLOW)
    c.signal(signal.SIGCONT)
    check(hear(s) == ["WATCHDOG=1"], "no sign of life after it went on")
    c.signal(signal.SIGTERM)
    check(hear_next_but(s, "WATCHDOG=1") == ["STOPPING=1"], "not stopping")
    check(c.child.wait(10 * SLOW) == 0, "ended with", c.child.returncode)
    s.close()

# A journal that is read asks for patience, and does not outlast a signal to end.


def told_to_end():
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM})
    os.kill(os.getpid(), signal.SIGTERM)


s = manager(f"{scratch}/notify2")
os.environ["NOTIFY_SOCKET"] = f"{scratch}/notify2"
os.environ["WATCHDOG_USEC"] = ""
journal = f"{scratch}/journal"
for is_first in (True, False):
    c = Collector("--journal", journal)
    check(hear(s) == ["EXTEND_TIMEOUT_USEC=60000000"], "asks for no patience")
    check(hear(s) == ["READY=1"], "not ready")
    if is_first:
        code, _, err = run("emit", "--intake", c.intake, input=record().encode())
        check(code == 0, err)
    check(c.accepted() == 1, "accepted", c.accepted())
    c.stop()
    check(hear(s) == ["STOPPING=1"], "not stopping")
with open(f"{scratch}/told.log", "w") as f:
    child = start(*c.args, stderr=f, preexec_fn=told_to_end)
check(child.wait(10 * SLOW) == 0, "ended with", child.returncode)
check(hear(s) == ["EXTEND_TIMEOUT_USEC=60000000"], "asks for no patience")
s.setblocking(False)
try:
    check(False, "after a signal to end:", hear(s))
except BlockingIOError:
    pass
with open(f"{scratch}/told.log") as f:
    check("ended while its journal was read" in f.read(), "nothing said")
s.close()

# A manager that is gone, or asks somebody else, is no trouble.
for address, pid, words in ((f"{scratch}/nobody", None, "NOTIFY_SOCKET"),
                            ("relative", None, "NOTIFY_SOCKET"), ("", "1", "")):
    os.environ["NOTIFY_SOCKET"] = address
    if pid:
        os.environ["WATCHDOG_PID"] = pid
    c = Collector()
    c.stop()
    check(words in c.log(), address, c.log())
os.environ["NOTIFY_SOCKET"] = ""
del os.environ["WATCHDOG_PID"]

# To the journal each line says what it weighs; to any other place none does.
config = f"{scratch}/levels.conf"
for name, stranger in (("journal", 0), ("other", 1)):
    with open(config, "w") as f:
        f.write("[collector]\n")
    with open(f"{scratch}/{name}.log", "w") as f:
        st = os.fstat(f.fileno())
        env = {"JOURNAL_STREAM": f"{st.st_dev}:{st.st_ino + stranger}"}
        code = start("collect", "--nonsense", stderr=f, env={**os.environ, **env}).wait(10 * SLOW)
        check(code == 64, "nonsense ended with", code)
    c = Collector("--config", config, name=name, env=env)
    with open(config, "w") as f:
        f.write("[nonsense]\n")
    c.signal(signal.SIGHUP)
    wait_for("a refusal", lambda: "reload refused" in c.log())
    c.stop()
    lines = [line.split("retrytop ", 1) for line in c.log().splitlines()]
    check(all(len(line) == 2 for line in lines), lines)
    for begins, level in (("collect: unknown option", "<3>"), ("collect: events ", "<6>"),
                          ("collect: reload refused", "<4>"), ("collect: ended: ", "<6>")):
        levels = [line[0] for line in lines if line[1].startswith(begins)]
        check(levels == ["" if stranger else level], name, begins, levels)
    check(all((line[0] == "") == bool(stranger) for line in lines), lines)
print("ready, reloading, alive, stopping")
