#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Peers that break the transport's protocol or have no key: they get nothing in, cost little
memory, and whoever has a key goes on.  Then more names than there is room for."""
import json
import os
import random
import socket
import struct
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../e2e"))
from harness import IS_ASAN, Collector, check, run, scratch, start, wait_for  # noqa: E402

FULL = os.environ.get("RT_FULL") == "1"
SEED = int(os.environ.get("RT_SEED", "1"))
PEERS = 200
CHEAP_KIB = 5 << 10
NAMES = int(os.environ.get("RT_COUNT", "10000000" if FULL else "20000" if IS_ASAN else "200000"))
dice = random.Random(SEED)
print(f"RT_SEED={SEED}")

# ---- without a key --------------------------------------------------------------------


def greeting(mechanism, as_server=0):
    return (b"\xff" + bytes(8) + b"\x7f" + b"\x03\x01" + mechanism.ljust(20, b"\0")
            + bytes([as_server]) + bytes(31))


def command(name, body):
    text = bytes([len(name)]) + name + body
    return b"\x04" + bytes([len(text)]) + text if len(text) < 256 else \
        b"\x06" + struct.pack(">Q", len(text)) + text


def frame(body, more=False):
    return bytes([2 | more]) + struct.pack(">Q", len(body)) + body


BOMBS = {
    "noise": lambda: dice.randbytes(dice.randint(1, 4096)),
    "half a greeting": lambda: greeting(b"CURVE")[:dice.randint(1, 63)],
    "a greeting and nothing": lambda: greeting(b"CURVE"),
    "no security": lambda: greeting(b"NULL") + command(b"READY", b"") + frame(b"x" * 60000),
    "a password": lambda: greeting(b"PLAIN") + command(b"HELLO", b"\x01a\x01b"),
    "two servers": lambda: greeting(b"CURVE", 1) + command(b"WELCOME", dice.randbytes(160)),
    "a hello of noise": lambda: greeting(b"CURVE") + command(b"HELLO", dice.randbytes(194)),
    "a hello too long": lambda: greeting(b"CURVE") + command(b"HELLO", dice.randbytes(60000)),
    "a frame without end": lambda: greeting(b"CURVE") + b"\x02" + struct.pack(">Q", 1 << 62)
    + b"x" * 60000,
    "frames at once": lambda: greeting(b"CURVE") + b"".join(
        frame(b"y" * 1000, more=True) for _ in range(60)),
    "subscriptions": lambda: greeting(b"CURVE") + b"".join(
        frame(b"\x01" + dice.randbytes(200)) for _ in range(200)),
}

for name in ("collector", "emitter"):
    check(run("keygen", f"{scratch}/{name}")[0] == 0, "keygen")
for folder in ("emitters", "viewers"):
    os.mkdir(f"{scratch}/{folder}")
    os.symlink(f"{scratch}/emitter.pub", f"{scratch}/{folder}/emitter.pub")


class Locked(Collector):
    CERTS = ["--cert", f"{scratch}/emitter.secret", "--server-cert", f"{scratch}/collector.pub"]

    def report(self, *args):
        return super().report(*self.CERTS, *args)


c = Locked("--intake", "tcp://127.0.0.1:*", "--secret", f"{scratch}/collector.secret",
           "--emitters", f"{scratch}/emitters", "--viewers", f"{scratch}/viewers")
port = int(c.log().split("intake tcp://127.0.0.1:")[1].split(",")[0])


def emits(c, records, *certs):
    code, _, err = run("emit", "--intake", f"tcp://127.0.0.1:{port}" if certs else c.intake,
                       *certs, "--timeout", "60", input=records)
    check(code == 0, "emit", code, err)


one = b'{"schema":"llm-attempt/v1","operation_id":"%d","attempt":1,"status":200}\n'
emits(c, one % 1, *Locked.CERTS)
before = c.accepted()
check(before == 1, "accepted", before)
for what, make in BOMBS.items():
    peers = []
    was = c.rss_kib()
    for _ in range(PEERS):
        s = socket.create_connection(("127.0.0.1", port))
        s.setblocking(False)
        try:
            s.send(make())
        except OSError:
            pass
        peers.append(s)
    emits(c, one % 2, *Locked.CERTS)
    grew = c.rss_kib() - was
    for s in peers:
        s.close()
    check(c.child.poll() is None, what, "ended the collector")
    check(IS_ASAN or grew < CHEAP_KIB, what, "cost", grew, "KiB")
report = c.report()
check(report["intake"]["accepted"] == 1 + len(BOMBS), report["intake"])
check(not any(report["intake"]["rejected"].values()), report["intake"])
wait_for("failed handshakes to be counted",
         lambda: c.report()["access"]["handshakes_failed"] > 0)
c.stop()
print(f"{len(BOMBS)} kinds of bombs x {PEERS} peers without a key: nothing came in")

# ---- more names than there is room for ------------------------------------------------

c = Collector("--emitter-rate", "0")
emit = start("emit", "--intake", c.intake, "--timeout", "60", stdin=subprocess.PIPE,
             stderr=subprocess.DEVNULL)
for i in range(NAMES):
    emit.stdin.write(
        b'{"schema":"llm-attempt/v1","operation_id":"o%d","attempt":1,"service":"s%d",'
        b'"http_route":"/r%d","model_requested":"m%d","error_type":"timeout","decision":'
        b'"fallback_secondary","fallback_target":"t%d"}\n' % (i, i, i, i, i))
emit.stdin.close()
check(emit.wait() == 0, "emit ended with", emit.returncode)
report = c.report()
with open(f"/proc/{c.child.pid}/status") as status:
    peak = next(int(line.split()[1]) for line in status if line.startswith("VmHWM"))
check(report["intake"]["accepted"] == NAMES, report["intake"])
check(report["attempts"]["total"] == NAMES, report["attempts"])
check(report["operations"]["started"] == NAMES, report["operations"])
over = {k: v for k, v in report["overflow"].items() if v}
check(over.get("series") and over.get("labels"), over)
check(IS_ASAN or peak < 600 << 10, "peak", peak, "KiB")
c.stop()
print(f"{NAMES} records of as many names: totals exact, peak {peak >> 10} MiB, overflow {over}")
