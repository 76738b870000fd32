#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""The collector under the system calls and address families that its systemd unit leaves
it.  No service manager is needed: the filter is made from the unit."""
import ctypes
import errno
import json
import os
import platform
import re
import shutil
import signal
import socket as sockets
import struct
import subprocess
import sys
import urllib.request

from harness import (IS_ASAN, ROOT, SLOW, Collector, check, record, run, scratch,
                     wait_for)

UNIT = f"{ROOT}/contrib/systemd/retrytop-collector.service"
NUMBERS = "/usr/include/x86_64-linux-gnu/asm/unistd_64.h"
LOAD, JUMP_IF, RETURN = 0x20, 0x15, 0x06  # struct sock_filter
ALLOW, REFUSE = 0x7fff0000, 0x00050000
NUMBER_AT, ARCH_AT, ARGUMENT_AT = 0, 4, 16  # in struct seccomp_data
ARCH = 0xc000003e
PR_SET_NO_NEW_PRIVS, PR_SET_SECCOMP, FILTER = 38, 22, 2

if IS_ASAN or platform.machine() != "x86_64" or not os.path.exists(NUMBERS) \
        or not shutil.which("systemd-analyze"):
    print("needs x86-64, its system call numbers, systemd-analyze, and no sanitizer")
    sys.exit(77)


def settings(key):
    with open(UNIT) as f:
        return re.findall(rf"^{key}=(.*)$", f.read(), re.M)


def calls_of(word):
    """A system call, or those of a set and of the sets in it."""
    if not word.startswith("@"):
        return {word}
    out = subprocess.run(["systemd-analyze", "syscall-filter", word], check=True,
                         stdout=subprocess.PIPE, text=True).stdout
    words = [line.strip() for line in out.splitlines()[1:]]
    return set().union(*(calls_of(w) for w in words if w and w[0] != "#"))


def allowed_calls():
    allowed = set()
    for line in settings("SystemCallFilter"):
        for word in line.lstrip("~").split():
            if line.startswith("~"):
                allowed -= calls_of(word)
            else:
                allowed |= calls_of(word)
    return allowed


def the_filter():
    with open(NUMBERS) as f:
        numbers = {n: int(v) for n, v in re.findall(r"#define __NR_(\w+) (\d+)", f.read())}
    families = [getattr(sockets, f) for f in settings("RestrictAddressFamilies")[0].split()]
    allowed = allowed_calls()
    check("read" in allowed and "reboot" not in allowed, "sets are not read", allowed)
    rows = [(LOAD, 0, 0, ARCH_AT), (JUMP_IF, 1, 0, ARCH), (RETURN, 0, 0, REFUSE | errno.EPERM),
            (LOAD, 0, 0, NUMBER_AT)]
    for name in sorted(allowed - {"socket"} & numbers.keys()):
        rows += [(JUMP_IF, 0, 1, numbers[name]), (RETURN, 0, 0, ALLOW)]
    rows += [(JUMP_IF, 1, 0, numbers["socket"]), (RETURN, 0, 0, REFUSE | errno.EPERM),
             (LOAD, 0, 0, ARGUMENT_AT)]
    for family in families:
        rows += [(JUMP_IF, 0, 1, family), (RETURN, 0, 0, ALLOW)]
    rows.append((RETURN, 0, 0, REFUSE | errno.EAFNOSUPPORT))
    return rows


rows = the_filter()
filter_rows = ctypes.create_string_buffer(b"".join(struct.pack("HBBI", *r) for r in rows))
program = ctypes.create_string_buffer(struct.pack("HxxxxxxQ", len(rows), ctypes.addressof(filter_rows)))
libc = ctypes.CDLL(None, use_errno=True)


def confine():
    if libc.prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0 or \
            libc.prctl(PR_SET_SECCOMP, FILTER, program, 0, 0) != 0:
        raise OSError(ctypes.get_errno(), "seccomp")


# The filter is one: what the unit forbids does fail under it.
tries = ("import os, socket\n"
         "for f in (lambda: os.nice(1), lambda: socket.socket(socket.AF_PACKET)):\n"
         "    try:\n        f()\n        print('may')\n"
         "    except OSError as e:\n        print(e.errno)\n")
out = subprocess.run([sys.executable, "-c", tries], preexec_fn=confine, check=True,
                     stdout=subprocess.PIPE, text=True).stdout.split()
check(out == [str(errno.EPERM), str(errno.EAFNOSUPPORT)], "the filter lets through", out)

# What a restart does not mend ends the collector for good.
with open(f"{scratch}/bad.conf", "w") as f:
    f.write("[nonsense]\n")
for arguments in (["--nonsense"], ["--config", f"{scratch}/bad.conf"]):
    code, _, err = run("collect", *arguments)
    check(str(code) in settings("RestartPreventExitStatus")[0].split(), arguments, code, err)

# Ports by number, a journal, /metrics: what the unit starts.
port = "tcp://127.0.0.1:*"
c = Collector("--events", port, "--intake", port, "--query", port, "--http", port,
              "--journal", f"{scratch}/journal", preexec_fn=confine)
c.events, c.intake, c.query = re.search(
    r"events (\S+), intake (\S+), query (\S+);", c.log()).groups()
for i in range(5):
    code, _, err = run("emit", "--intake", c.intake, input=record(operation_id=f"op{i}").encode())
    check(code == 0, err)
check(c.accepted() == 5, "accepted", c.accepted())
http = re.search(r"(http://\S+)/metrics", c.log()).group(1)
with urllib.request.urlopen(f"{http}/healthz", timeout=10 * SLOW) as answer:
    health = json.load(answer)
check(health["journal"] == {"state": "ok", "not_journalled": 0}, health)
c.signal(signal.SIGHUP)
wait_for("a reload", lambda: "reloaded" in c.log())
c.stop()
print("runs under the unit's filters")
